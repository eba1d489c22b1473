/* The one place where an instruction becomes part of a function, but for the builder's fast paths, which do the same
 * for what is frequent, and for calls and edges (build_call.c, build_flow.c): operands are used, what the operation
 * does is noted, constants are folded if the function folds. The builder's calls come here once they know that
 * operation and type are right, and so does inlining when it copies a body. */
#include "ir/builder/builder.h"
#include "ir/fold/fold_eval.h"

/* ---- constants ---- */

/* True if `h` is a number for an operand of type `type`: its bits. */
static bool constant(const kiln_func *f, uint32_t h, unsigned type, kn_fold_bits *out) {
  if (kn_is_imm(h) && kn_type_is_int(type)) {
    *out = (kn_fold_bits)(kn_fold_signed)kn_imm(h);
  } else {
    const struct kn_const *k = kn_is_pool(h) ? &f->pool.at[kn_index(h)] : NULL;
    if (k == NULL || k->symbol != 0 || k->is_typeid || !kn_build_fits(f, h, type)) return false;
    *out = (kn_fold_bits)k->high << 64 | k->low;
  }
  *out &= kn_fold_mask(8u << kn_type_log2[type]);
  return true;
}

bool kn_build_number(const kiln_func *f, uint32_t h, unsigned type, uint64_t bits[2]) {
  kn_fold_bits v;
  if (!constant(f, h, type, &v)) return false;
  bits[0] = (uint64_t)v;
  bits[1] = (uint64_t)(v >> 64);
  return true;
}

/* The value whose set bits `h` counts, and its type; 0: it is no such count. There are at most 64, so that a narrower
 * or wider number is the same. */
static uint32_t counted(const kiln_func *f, uint32_t h, unsigned *type) {
  const struct kn_inst *in = kn_is_value(h) && h < f->n ? &f->inst[h] : &f->inst[0];
  if ((in->op == KILN_OP_TRUNC || in->op == KILN_OP_ZEXT) && kn_is_value(in->a))
    in = &f->inst[in->a];
  *type = in->type;
  return in->op == KILN_OP_POPCNT && in->type <= KILN_TYPE_I64 ? kn_value_or_none(in->a) : 0;
}

/* What a truncation undoes the extension of. */
static uint32_t undone(const kiln_func *f, const struct kn_inst *in) {
  const struct kn_inst *made = &f->inst[in->a < f->n ? in->a : 0];
  bool extends = made->op == KILN_OP_ZEXT || made->op == KILN_OP_SEXT;
  return extends && made->x == in->type ? kn_value_or_none(made->a) : 0;
}

/* "Is one bit set in x?" without counting: x ^ (x - 1) has the lowest set bit and all below it, and is greater than
 * x - 1 exactly if that was the only one. 0: the comparison is another one. */
static uint32_t one_bit(kiln_func *f, const struct kn_inst *in) {
  unsigned type;
  if (in->x > KILN_ICOND_NE || in->b != kn_handle(KN_TAG_IMM, 1)) return 0;
  uint32_t x = counted(f, in->a, &type);
  if (x == 0) return 0;
  uint32_t less = kn_build_append(f, KILN_OP_SUB, type, 0, x, in->b, 0);
  uint32_t up_to = kn_build_append(f, KILN_OP_XOR, type, 0, x, less, 0);
  unsigned cond = in->x == KILN_ICOND_EQ ? KILN_ICOND_UGT : KILN_ICOND_ULE;
  return kn_build_append(f, KILN_OP_ICMP, type, cond, up_to, less, 0);
}

/* What an operation on integer constants computes, and its type; false: it is no such operation, or traps. */
static bool evaluate(const kiln_func *f, const struct kn_inst *in, kn_fold_bits *out,
                     kiln_type *type) {
  const kiln_op op = (kiln_op)in->op;
  const unsigned shape = kn_op_shape(op);
  const kiln_type from = (kiln_type)(shape == KN_SH_CONV_II ? in->x : in->type);
  kn_fold_bits v[3] = {0};
  *type = (kiln_type)in->type;
  if (!kn_type_is_int(in->type) || (kn_op_info[op].effects & KN_FX_FLAG)) return false;
  for (unsigned k = 0; k < kn_shape_info[shape].n_fields; k++)
    if (!constant(f, in->field[k], from, &v[k])) return false;
  switch (shape) {
  case KN_SH_UN: return kn_fold_eval_unary(op, *type, v[0], out);
  case KN_SH_BIN: return kn_fold_eval_binary(op, *type, v[0], v[1], out);
  case KN_SH_TERN: return kn_fold_eval_ternary(op, *type, v[0], v[1], v[2], out);
  case KN_SH_CONV_II: return kn_fold_eval_convert(op, *type, from, v[0], out);
  case KN_SH_ICMP:
    *out = kn_fold_eval_icmp((kiln_icond)in->x, *type, v[0], v[1]);
    *type = KILN_TYPE_I8;
    return true;
  default: return false;
  }
}

uint32_t kn_build_evaluate(const kiln_func *f, const struct kn_inst *in) {
  kn_fold_bits out;
  kiln_type type;
  if (!evaluate(f, in, &out, &type) || type == KILN_TYPE_I128) return 0;
  unsigned above = 64 - (8u << kn_type_log2[type]);
  int64_t v = (int64_t)((uint64_t)out << above) >> above; /* as kiln_const_bits has it */
  return kn_fits_imm(v) ? kn_handle(KN_TAG_IMM, (uint32_t)v & KN_INDEX_MASK) : 0;
}

/* The operand or constant that an operation equals, or an operation that costs less; 0: it stays. */
static uint32_t fold(kiln_func *f, const struct kn_inst *in) {
  kn_fold_bits out;
  kiln_type type;
  if (KN_LIKELY(kn_is_value(in->a))) {
    if (in->op == KILN_OP_TRUNC) return undone(f, in);
    return in->op == KILN_OP_ICMP ? one_bit(f, in) : 0;
  }
  if (in->op == KILN_OP_SELECT)
    return constant(f, in->a, KILN_TYPE_I8, &out) ? in->field[out & 1 ? 1 : 2] : 0;
  if (!evaluate(f, in, &out, &type)) return 0;
  return kiln_const_bits(f, type, (uint64_t)out, (uint64_t)(out >> 64)).id;
}

/* ---- operands and facts ---- */

/* Uses the k-th operand, which is in a field; false: the function failed. */
static bool use(kiln_func *f, const struct kn_inst *in, unsigned k) {
  uint32_t h = in->field[k], i = kn_index(h);
  if (KN_UNLIKELY(in->op == KILN_OP_TLS_ADDR))
    return (kn_is_pool(h) && i < f->pool.n && f->pool.at[i].tls) ||
           kn_build_fail(f, KILN_ERR_ARGUMENT,
                         "the operand of tls_addr must be the address of a thread-local symbol");
  if (KN_UNLIKELY(kn_op_shape(in->op) == KN_SH_SLOTV))
    return (kn_is_slot(h) && i < f->slots.n) ||
           kn_build_fail(f, KILN_ERR_ARGUMENT, "the operand must be a stack slot");
  return kn_build_operand_imm(f, h, kn_operand_type(f, in, k), k + 1);
}

/* Notes that the instruction is a call of the library, if one of its types needs that. */
static KN_COLD void note_call(kiln_func *f, const struct kn_inst *in) {
  const bool converts = kn_shape_info[kn_op_shape(in->op)].x == KN_X_TYPE;
  const unsigned operand = converts ? in->x : in->type;
  if (((f->clobbers[in->op] >> in->type | f->clobbers[in->op] >> operand) & 1) == 0) return;
  kn_build_count_call(f);
  f->facts.stack_args |= f->module->ir.library->x87 >> operand & 1;
}

/* Notes what the instruction does to the function and the current block. */
static void note(kiln_func *f, const struct kn_inst *in) {
  struct kn_func_facts *facts = &f->facts;
  if (KN_UNLIKELY(f->clobbers[in->op] != 0)) note_call(f, in);
  switch ((enum kn_op_fact)kn_op_info[in->op].fact) {
  case KN_FACT_STACK: facts->dynamic_stack = true; break;
  case KN_FACT_FRAME: facts->uses_frame = true; break;
  case KN_FACT_TWICE: facts->returns_twice = facts->sets_jump = true; break;
  case KN_FACT_EH_RETURN: facts->eh_returns = true; break;
  case KN_FACT_NO:
    if (KN_UNLIKELY(kn_op_shape(in->op) == KN_SH_MEM3))
      facts->copies_slots |= kn_is_slot(in->a) || kn_is_slot(in->b);
    break;
  case KN_FACT_SAVE:
  case KN_FACT_JUMP:
  case KN_FACT_CODE: /* CODE, TAIL, CALL: where they are built */
  case KN_FACT_TAIL:
  case KN_FACT_CALL: break;
  }
}

uint32_t kn_build_append(kiln_func *f, unsigned op, unsigned type, unsigned x, uint32_t a,
                         uint32_t b, uint32_t c) {
  if (!kn_build_ready(f)) return 0;
  const struct kn_inst in = {
    .op = (uint8_t)op, .type = (uint8_t)type, .x = (uint16_t)x, .field = {a, b, c}};
  uint32_t known = KN_UNLIKELY(f->facts.folds) ? fold(f, &in) : 0;
  if (known != 0) return known;
  const unsigned n = kn_operands(f, &in).n_fields, vtype = kn_inst_result(f, &in);
  for (unsigned k = 0; k < n; k++)
    if (!use(f, &in, k)) return 0;
  note(f, &in);
  if (kn_op_ends_block(op)) {
    kn_build_end(f, op, type, x, a, b, c, f->edges.n, 0);
    return 0;
  }
  uint32_t v = kn_build_emit(f, op, type, vtype, x, a, b, c);
  return vtype != KILN_TYPE_VOID ? kn_build_made(f, vtype, v) : 0;
}
