/* x86-64's intrinsics that are more than an instruction for each register. Called by intrinsic.c. */
#include "intrinsic.h"

#define SETB "\x0f\x92\xc0" /* setb al */

/* {carry, a + b + carry}, or the difference. */
void kn_in_carry(const struct call *c) {
  kiln_func *f = c->r->f;
  if (c->n != 3 || arg_info(c, 0)->ktype != KILN_TYPE_I8) return (void)bad(c);
  kiln_type t = (kiln_type)arg_info(c, 1)->ktype;
  kiln_value in, a, b, v[2];
  if ((t != KILN_TYPE_I32 && t != KILN_TYPE_I64) || !kn_in_scalar(c, 0, KILN_TYPE_I8, &in) ||
      !kn_in_scalar(c, 1, t, &a) || !kn_in_scalar(c, 2, t, &b))
    return (void)bad(c);
  const kiln_op op = (kiln_op)c->row->op;
  in = kiln_build_icmp(f, KILN_ICOND_NE, KILN_TYPE_I8,
                       kiln_build_unary(f, KILN_OP_COPY, KILN_TYPE_I8, in), imm(c, 0));
  in = kiln_build_convert(f, KILN_OP_ZEXT, t, KILN_TYPE_I8, in);
  a = kiln_build_unary(f, KILN_OP_COPY, t, a);
  kiln_value s = kiln_build_binary(f, op, t, a, b), over = kiln_build_result(f, s, 1);
  v[1] = kiln_build_binary(f, op, t, s, in);
  v[0] = kiln_build_binary(f, KILN_OP_OR, KILN_TYPE_I8, over, kiln_build_result(f, v[1], 1));
  kn_in_define(c, v, 2);
}

/* Machine code with the address in rdi and, if there are two operands, a value in rsi; the result is in rax. */
static kiln_value atomic_code(const struct call *c, const uint8_t *code, uint32_t size,
                              kiln_type result, unsigned n) {
  static const uint8_t in[] = {7, 6}, out[] = {0};
  kiln_param params[2] = {{.type = KILN_TYPE_PTR}, {.type = arg_info(c, 1)->ktype}};
  kiln_value args[2] = {arg(c, 0)};
  if (n == 2) args[1] = arg(c, 1);
  kiln_sig sig = kiln_sig_new(c->r->module, KILN_CC_C, 0, params, n, &result, 1);
  const kiln_asm text = {.bytes = code, .size_bytes = size, .params = in, .results = out};
  return kiln_build_asm(c->r->f, sig, &text, args, n);
}

/* Changes memory by argument 1, and gives the condition that argument 2 says of the new value: LLVM's number, which is
 * the instruction's. `op` is the operation, of more than a byte: `lock OP [rdi], rsi; setCC al`. */
void kn_in_atomic_flag(const struct call *c) {
  const struct kn_bc_type *t = c->n == 3 ? arg_info(c, 1) : NULL;
  int64_t condition;
  if (!t || t->kind != TK_INT || t->fit != FIT_EXACT || t->bits > 64 || c->rt->bits != 8)
    return (void)bad(c);
  if (!const_arg(c, 2, &condition)) return;
  if (condition < 0 || condition > 15) return (void)bad(c);
  uint8_t code[10] = {0xf0};
  uint32_t n = 1;
  if (t->bits == 16) code[n++] = 0x66;
  code[n++] = t->bits == 64 ? 0x48 : 0x40; /* of a byte: rsi is sil, and not dh */
  code[n++] = (uint8_t)(c->row->op - (t->bits == 8));
  code[n++] = 0x37;
  code[n++] = 0x0f;
  code[n++] = (uint8_t)(0x90 | condition);
  code[n++] = 0xc0;
  def(c, atomic_code(c, code, n, KILN_TYPE_I8, 2));
}

/* Sets, clears or inverts a bit and gives what it was: if its number is a constant, in its place (`lock OP [rdi], imm;
 * setb al`; `op` is the byte of the instruction's operands), else as 0 or 1 (`lock OP [rdi], rsi`; `op` is its opcode,
 * and `shift` 1). */
void kn_in_atomic_bit(const struct call *c) {
  const bool in_register = c->row->shift;
  const struct kn_bc_type *t = c->n != 2 ? NULL : in_register ? arg_info(c, 1) : c->rt;
  int64_t bit = 0;
  if (!t || t->kind != TK_INT || t->fit != FIT_EXACT || t->bits < 16 || t->bits > 64 ||
      (in_register && c->rt->bits != 8))
    return (void)bad(c);
  if (!in_register && !const_arg(c, 1, &bit)) return;
  uint8_t code[10] = {0xf0};
  uint32_t n = 1;
  if (t->bits == 16) code[n++] = 0x66;
  if (t->bits == 64) code[n++] = 0x48;
  code[n++] = 0x0f;
  code[n++] = in_register ? c->row->op : 0xba;
  code[n++] = in_register ? 0x37 : c->row->op;
  if (!in_register) code[n++] = (uint8_t)bit;
  memcpy(code + n, SETB, sizeof SETB - 1);
  n += sizeof SETB - 1;
  kiln_value v = atomic_code(c, code, n, KILN_TYPE_I8, in_register ? 2 : 1);
  if (!in_register) {
    v = kiln_build_convert(c->r->f, KILN_OP_ZEXT, (kiln_type)t->ktype, KILN_TYPE_I8, v);
    v = binary(c, KILN_OP_SHL, t->ktype, v, imm(c, bit & (t->bits - 1)));
  }
  def(c, v);
}

/* {value, i32}: one result is in memory: of rdtscp the second one, else the first one. */
void kn_in_by_memory(const struct call *c) {
  struct kn_bc *r = c->r;
  const kiln_type t = (kiln_type)c->row->op;
  const bool second = c->row->shift;
  kiln_machine_info m;
  if (!kn_in_own_machine(c, &m)) return;
  if (c->n) return (void)bad(c);
  kiln_value slot = kiln_slot_new(r->f, 16, 4), v[2];
  v[!second] = kn_in_build(c, &m, &slot);
  v[second] = kiln_build_load(r->f, t, slot, 0, 0);
  kn_in_define(c, v, 2);
}

/* Comparisons of strings with lengths: the operands are in memory, as the row wants them. */
void kn_in_with_lengths(const struct call *c) {
  struct kn_bc *r = c->r;
  struct kn_bc_vec x;
  kiln_machine_info m;
  kiln_value slot = kiln_slot_new(r->f, 48, 4), v, operand[2] = {slot};
  if (!kn_in_own_machine(c, &m)) return;
  if (c->n != 5) return (void)bad(c);
  for (unsigned k = 0; k < 2; k++) {
    if (!kn_bc_vec_get(r, arg_id(c, 2 * k), c->params[2 * k].type, &x) || x.parts != 1) return;
    kiln_build_store(r->f, x.chunk, slot, (int32_t)(16 * k), x.v[0], 0);
    if (!kn_in_scalar(c, 2 * k + 1, KILN_TYPE_I32, &v)) return;
    kiln_build_store(r->f, KILN_TYPE_I32, slot, (int32_t)(32 + 4 * k), v, 0);
  }
  if (!kn_in_immediate(c, 4, &m, &operand[1])) return;
  v = kn_in_build(c, &m, operand);
  if (r->types.at[c->ret].kind != TK_VECTOR) {
    kn_bc_def(r, c->ret, v);
  } else if (kn_bc_vec_shape(r, c->ret, &x)) {
    x.v[0] = v;
    kn_bc_vec_def(r, &x);
  }
}

/* Lanes of 32 bits of a vector of 256 by number. */
void kn_in_permute(const struct call *c) {
  struct kn_bc *r = c->r;
  struct kn_bc_vec x, by;
  kiln_func *f = r->f;
  if (c->n != 2 || !kn_bc_vec_get(r, arg_id(c, 0), c->params[0].type, &x) ||
      !kn_bc_vec_get(r, arg_id(c, 1), c->params[1].type, &by))
    return;
  if (x.parts != 2 || by.parts != 2 || by.lane != KILN_TYPE_I32 || c->ret != x.type)
    return (void)bad(c);
  kiln_value low = kn_bc_vec_splat(r, &by, 7), each = kn_bc_vec_splat(r, &by, 0x04040404),
             base = kn_bc_vec_splat(r, &by, 0x03020100), out[2];
  for (unsigned p = 0; p < 2; p++) {
    kiln_value k = kiln_build_binary(f, KILN_OP_VAND, KILN_TYPE_V128, by.v[p], low);
    k = kiln_build_vector(f, KILN_OP_VMUL, KILN_TYPE_V128, KILN_TYPE_I32, 0, k, each);
    k = kiln_build_binary(f, KILN_OP_VOR, KILN_TYPE_V128, k, base);
    out[p] = kiln_build_ternary(f, KILN_OP_VSHUFFLE, KILN_TYPE_V128, x.v[0], x.v[1], k);
  }
  memcpy(x.v, out, sizeof out);
  kn_bc_vec_def(r, &x);
}

/* Loads the lanes whose mask has its highest bit set; of those that are not, nothing is read. */
void kn_in_gather(const struct call *c) {
  struct kn_bc *r = c->r;
  kiln_func *f = r->f;
  struct kn_bc_vec x, by, mask;
  kiln_value base, lanes[KN_BC_MAX_LANES];
  int64_t scale;
  if (c->n != 5 || !kn_bc_vec_get(r, arg_id(c, 0), c->params[0].type, &x) ||
      !kn_in_scalar(c, 1, KILN_TYPE_I64, &base) ||
      !kn_bc_vec_get(r, arg_id(c, 2), c->params[2].type, &by) ||
      !kn_bc_vec_get(r, arg_id(c, 3), c->params[3].type, &mask) ||
      !kn_bc_is_int(r, arg_id(c, 4), &scale))
    return;
  if (c->ret != x.type || mask.n != x.n || !kiln_type_is_int(by.lane) || (scale & ~15) ||
      kiln_type_size(mask.lane) != kiln_type_size(x.lane))
    return (void)bad(c);
  kiln_value nowhere = kiln_slot_new(f, 16, 4);
  kiln_type it = kiln_type_size(mask.lane) == 8 ? KILN_TYPE_I64 : KILN_TYPE_I32;
  for (uint32_t k = 0; k < x.n; k++) {
    kiln_value old = kn_bc_vec_lane(r, &x, k), on = {0}, i = {0};
    if (k < by.n) {
      i = kn_bc_vec_lane(r, &by, k);
      if (by.lane == KILN_TYPE_I32)
        i = kiln_build_convert(f, KILN_OP_SEXT, KILN_TYPE_I64, KILN_TYPE_I32, i);
      on = kn_bc_vec_lane(r, &mask, k);
      if (mask.lane != it) on = kiln_build_convert(f, KILN_OP_BITCAST, it, mask.lane, on);
      on = kiln_build_icmp(f, KILN_ICOND_SLT, it, on, imm(c, 0));
      kiln_value at = kiln_build_addr(f, base, i, (unsigned)scale, 0);
      at = kiln_build_select(f, KILN_TYPE_I64, on, at, nowhere);
      lanes[k] = kiln_build_select(f, x.lane, on, kiln_build_load(f, x.lane, at, 0, 0), old);
    } else { /* beyond the last index */
      lanes[k] = kiln_const_bits(f, x.lane, 0, 0);
    }
  }
  if (r->status != KILN_OK) return;
  kn_bc_vec_from_lanes(r, &x, lanes);
  kn_bc_vec_def(r, &x);
}

/* Bit 4a + 2b + c of the immediate for bits a, b and c of the vectors: the exclusive or of products (its algebraic
 * normal form), of which `terms` has a bit each. */
void kn_in_ternary_logic(const struct call *c) {
  struct kn_bc *r = c->r;
  struct kn_bc_vec x[3], out;
  int64_t table;
  if (c->n != 4 || !kn_bc_is_int(r, arg_id(c, 3), &table)) return (void)bad(c);
  for (unsigned k = 0; k < 3; k++) {
    if (!kn_bc_vec_get(r, arg_id(c, k), c->params[k].type, &x[k])) return;
    if (x[k].type != c->ret || x[k].chunk != KILN_TYPE_V128 || x[k].mask) return (void)bad(c);
  }
  unsigned terms = (unsigned)table & UINT8_MAX;
  terms ^= terms << 1 & 0xaa;
  terms ^= terms << 2 & 0xcc;
  terms ^= terms << 4 & 0xf0;
  out = x[0];
  for (uint32_t p = 0; p < out.parts; p++) {
    kiln_value sum = kn_bc_vec_splat(r, &out, terms & 1 ? UINT64_MAX : 0);
    for (unsigned i = 1; i < 8; i++) {
      kiln_value product = {0};
      if ((terms >> i & 1) == 0) continue;
      for (unsigned k = 0; k < 3; k++) {
        if ((i >> (2 - k) & 1) == 0) continue;
        product = product.id
                    ? kiln_build_binary(r->f, KILN_OP_VAND, KILN_TYPE_V128, product, x[k].v[p])
                    : x[k].v[p];
      }
      sum = kiln_build_binary(r->f, KILN_OP_VXOR, KILN_TYPE_V128, sum, product);
    }
    out.v[p] = sum;
  }
  kn_bc_vec_def(r, &out);
}

/* SSE4A: a field of the lower 64 bits, whose length and place are bytes of the last vector: of
 * extrq of its own, of insertq after what is put in. Immediates are put there. */
void kn_in_field(const struct call *c) {
  struct kn_bc *r = c->r;
  struct kn_bc_vec x[2];
  kiln_machine_info m;
  int64_t length, first;
  const bool inserts = strcmp(c->row->text, "sse4a.insertq") == 0, given = c->row->op;
  unsigned vectors = inserts || !given ? 2 : 1;
  if (c->n != vectors + 2 * given || !kn_in_own_machine(c, &m)) return (void)bad(c);
  for (unsigned k = 0; k < vectors; k++) {
    if (!kn_bc_vec_get(r, arg_id(c, k), c->params[k].type, &x[k])) return;
    if (x[k].chunk != KILN_TYPE_V128 || x[k].parts != 1) return (void)bad(c);
  }
  if (c->ret != x[0].type) return (void)bad(c);
  kiln_value by = vectors == 2 ? x[1].v[0] : x[0].v[0];
  if (given) {
    if (!kn_bc_is_int(r, arg_id(c, vectors), &length) ||
        !kn_bc_is_int(r, arg_id(c, vectors + 1), &first))
      return (void)bad(c);
    by = kiln_build_vector(r->f, KILN_OP_VINSERT, KILN_TYPE_V128, KILN_TYPE_I64, inserts ? 1 : 0,
                           by, imm(c, (length & 63) | (first & 63) << 8));
  }
  x[0].v[0] = kn_in_build(c, &m, (kiln_value[]){x[0].v[0], by});
  kn_bc_vec_def(r, &x[0]);
}
