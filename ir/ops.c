/* The tables of operations and shapes as data, and what follows from them for an instruction: the types of its
 * operands and results. Read by builder, verifier, parser, printer and walk. Static assertions here pin the orders
 * that other code relies on. */
#include "ir/func.h"

const uint8_t kn_icond_swapped[KILN_ICOND_COUNT] = {
  [KILN_ICOND_EQ] = KILN_ICOND_EQ,   [KILN_ICOND_NE] = KILN_ICOND_NE,
  [KILN_ICOND_SLT] = KILN_ICOND_SGT, [KILN_ICOND_SGE] = KILN_ICOND_SLE,
  [KILN_ICOND_SLE] = KILN_ICOND_SGE, [KILN_ICOND_SGT] = KILN_ICOND_SLT,
  [KILN_ICOND_ULT] = KILN_ICOND_UGT, [KILN_ICOND_UGE] = KILN_ICOND_ULE,
  [KILN_ICOND_ULE] = KILN_ICOND_UGE, [KILN_ICOND_UGT] = KILN_ICOND_ULT};

const struct kn_shape_info kn_shape_info[KN_SH_COUNT] = {
#define FIELD(kind) (KN_OPERAND_##kind >= KN_OPERAND_T && KN_OPERAND_##kind <= KN_OPERAND_ROW)
#define KILN_SHAPE(E, state, a, b, c, x, result, edges, copy, syntax)                              \
  [KN_SH_##E] = {{KN_OPERAND_##a, KN_OPERAND_##b, KN_OPERAND_##c},                                 \
                 FIELD(a) + FIELD(b) + FIELD(c),                                                   \
                 KN_SHAPE_##state,                                                                 \
                 KN_X_##x,                                                                         \
                 KN_RESULT_##result,                                                               \
                 KN_EDGES_##edges,                                                                 \
                 KN_COPY_##copy,                                                                   \
                 syntax},
#include <kiln/shapes.def>
};

/* kn_operands takes the first n_fields fields: b is an operand only if a is one, c only if b is; and what may be
 * left out is b, as the last one. */
#define KILN_SHAPE(E, state, a, b, c, x, result, edges, copy, syntax)                              \
  _Static_assert(FIELD(a) >= FIELD(b) && FIELD(b) >= FIELD(c), "operands are in a, b, c");         \
  _Static_assert(KN_OPERAND_##a != KN_OPERAND_OPT && KN_OPERAND_##c != KN_OPERAND_OPT &&           \
                   (KN_OPERAND_##b != KN_OPERAND_OPT || KN_OPERAND_##c == KN_OPERAND_NO),          \
                 "what may be left out is b, as the last one");
#include <kiln/shapes.def>

#define INT KN_TS_INT
#define INT64 KN_TS_INT64
#define FLT KN_TS_FLT
#define SCALAR KN_TS_SCALAR
#define VEC KN_TS_VEC
#define ANY KN_TS_ANY
#define PTR KN_TS_PTR
#define I32 KN_TS_I32
#define VOID KN_TS_VOID
#define VINT KN_TS_VINT
#define VFLT KN_TS_VFLT
#define VF32 KN_TS_VF32
#define VI32 KN_TS_VI32
#define VANY KN_TS_VANY
#define MACHINE KN_TS_MACHINE
#define PURE KN_FX_PURE
#define WRITE KN_FX_WRITE
#define TRAP KN_FX_TRAP
#define TERM KN_FX_TERM
#define ONE KN_FX_ONE
#define FLAG KN_FX_FLAG

/* clang-format off */
const struct kn_op_info kn_op_info[KILN_OP_COUNT] = {
#define KILN_OP(E, name, shape, types, fx, fact, cost, doc)                                        \
  [KILN_OP_##E] = {#name, doc, (uint16_t)(types), KN_SH_##shape, KN_FACT_##fact, (uint8_t)(fx), cost},
#include <kiln/ops.def>
};
/* clang-format on */

/* kiln_build_nullary is not told a type. */
#define KILN_OP(E, name, shape, types, fx, fact, cost, doc)                                        \
  _Static_assert(KN_SH_##shape != KN_SH_NULLARY || ((types) & ((types) - 1)) == 0, "one type");
#include <kiln/ops.def>

unsigned kn_sig_result(const kiln_func *f, const struct kn_inst *in) {
  const struct kn_sig *sig = kn_sig(f->module, in->c);
  return sig->n_results ? sig->results[0] : KILN_TYPE_VOID;
}

unsigned kn_inst_further_result(const kiln_func *f, const struct kn_inst *in, unsigned index) {
  if (index == 0) return KILN_TYPE_VOID;
  if (kn_op_info[in->op].effects & KN_FX_FLAG) return index == 1 ? KILN_TYPE_I8 : KILN_TYPE_VOID;
  if (kn_shape_info[kn_op_shape(in->op)].result != KN_RESULT_SIG || !kn_sig_valid(f->module, in->c))
    return KILN_TYPE_VOID;
  const struct kn_sig *sig = kn_sig(f->module, in->c);
  return index < sig->n_results ? sig->results[index] : KILN_TYPE_VOID;
}

/* True if the parameters of both are the same, locations included. */
static bool same_params(const struct kn_sig *a, const struct kn_sig *b) {
  bool same = a->n_params == b->n_params;
  for (unsigned k = 0; same && k < a->n_params; k++) {
    const kiln_param *p = &a->params[k], *q = &b->params[k];
    same = p->type == q->type && p->flags == q->flags && p->align_log2 == q->align_log2 &&
           p->size_bytes == q->size_bytes;
  }
  return same;
}

uint32_t kn_half(const kiln_func *f, uint32_t h, unsigned k) {
  const struct kn_const *c = kn_is_pool(h) ? &f->pool.at[kn_index(h)] : NULL;
  if (c != NULL && c->type == KILN_TYPE_I128) return h + 2 - k; /* kiln_const_i128 */
  if (k == 0) return h;
  if (kn_is_value(h))
    return h < f->halved.n && f->halved.at[h] & KN_KNOWN ? f->inst[h + 1].a : h + 1;
  if (kn_is_tried(h)) return kn_tried_upper(h);
  const bool negative = c != NULL ? (int64_t)c->low < 0 && c->symbol == 0 : kn_imm(h) < 0;
  return kn_handle(KN_TAG_IMM, negative ? KN_INDEX_MASK : 0);
}

const char *kn_tail_wrong(const kiln_func *f, const struct kn_sig *sig) {
  const struct kn_sig *own = kn_sig(f->module, f->sig);
  unsigned sret[2] = {0, 0};
  if (((own->flags ^ sig->flags) & KILN_SIG_VARIADIC) ||
      ((own->flags & KILN_SIG_VARIADIC) && !same_params(own, sig)))
    return "a tail call whose variadic arguments differ from the function's";
  if (own->conv->keeps != 0) return "a tail call to a function that preserves more registers";
  if (own->conv->lost != sig->conv->lost || own->conv->shadow_bytes != sig->conv->shadow_bytes ||
      own->conv->pops != sig->conv->pops)
    return "a tail call by another convention";
  const unsigned wide = KILN_SIG_WIDE_RESULTS | KILN_SIG_WIDER_RESULTS;
  if (own->n_results != sig->n_results || ((own->flags ^ sig->flags) & wide) ||
      memcmp(own->results, sig->results, own->n_results * sizeof *own->results) != 0)
    return "a tail call whose results differ from the function's";
  for (unsigned k = 0; k < own->n_params; k++) sret[0] |= own->params[k].flags & KILN_PARAM_SRET;
  for (unsigned k = 0; k < sig->n_params; k++) sret[1] |= sig->params[k].flags & KILN_PARAM_SRET;
  return sret[0] == sret[1] ? NULL : "a tail call where only one has its result in memory (sret)";
}

unsigned kn_sig_operand_type(const kiln_func *f, const struct kn_inst *in, uint32_t k) {
  if (in->op == KILN_OP_RET) {
    const struct kn_sig *sig = kn_sig(f->module, f->sig);
    return k < sig->n_results ? sig->results[k] : KILN_TYPE_VOID;
  }
  const struct kn_sig *sig = kn_sig(f->module, in->c);
  if (in->op == KILN_OP_ASM) return k < sig->n_params ? sig->params[k].type : KILN_TYPE_VOID;
  if (k == 0) return KILN_TYPE_PTR;
  return k <= sig->n_params ? sig->params[k - 1].type : KILN_TYPE_COUNT;
}

const char *kn_op_lanes_wrong(unsigned op, unsigned type, unsigned x) {
  const struct kn_op_info *info = &kn_op_info[op];
  unsigned lane = KN_LANE(x), number = KN_LANE_NUMBER(x), vector = type, limit = 1;
  if (lane >= KILN_TYPE_COUNT) return "no type of lanes";
  bool extracts = info->shape == KN_SH_VEXTRACT;
  if (extracts) {
    vector = lane;
    lane = type;
  }
  if (vector >= KILN_TYPE_COUNT || !kn_type_is_vector(vector)) return "no vector type";
  if (op == KILN_OP_VRESIZE)
    return kn_type_is_vector(lane) && lane != vector && !number ? NULL : "no other vector type";
  if (!(info->types & ~KN_TS_VEC & 1u << lane)) return "no lanes of this operation";
  if (op == KILN_OP_VSIGNS)
    return number && number <= 8 && !(number & (number - 1)) ? NULL : "lanes of 1, 2, 4 or 8 bytes";
  switch ((unsigned)info->shape) {
  case KN_SH_VICMP: limit = KILN_ICOND_COUNT; break;
  case KN_SH_VFCMP: limit = KILN_FCOND_COUNT; break;
  case KN_SH_VSHIFT: limit = 8u << kn_type_log2[lane]; break;
  case KN_SH_VEXTRACT:
  case KN_SH_VINSERT: limit = 1u << (kn_type_log2[vector] - kn_type_log2[lane]); break;
  default: break;
  }
  return number < limit ? NULL : "a condition, count or lane out of range";
}

#define NEGATES(a, b) _Static_assert(((a) ^ 1) == (b), "flipping bit 0 negates a condition")
NEGATES(KILN_ICOND_EQ, KILN_ICOND_NE);
NEGATES(KILN_ICOND_SLT, KILN_ICOND_SGE);
NEGATES(KILN_ICOND_SLE, KILN_ICOND_SGT);
NEGATES(KILN_ICOND_ULT, KILN_ICOND_UGE);
NEGATES(KILN_ICOND_ULE, KILN_ICOND_UGT);
NEGATES(KILN_FCOND_OEQ, KILN_FCOND_UNE);
NEGATES(KILN_FCOND_OLT, KILN_FCOND_UGE);
NEGATES(KILN_FCOND_OLE, KILN_FCOND_UGT);
NEGATES(KILN_FCOND_OGT, KILN_FCOND_ULE);
NEGATES(KILN_FCOND_OGE, KILN_FCOND_ULT);
NEGATES(KILN_FCOND_ONE, KILN_FCOND_UEQ);
NEGATES(KILN_FCOND_ORD, KILN_FCOND_UNO);

_Static_assert(KILN_OP_NONE == 0, "a zeroed instruction is 'none'");
_Static_assert(KILN_OP_COUNT <= 256, "an opcode is a byte");
