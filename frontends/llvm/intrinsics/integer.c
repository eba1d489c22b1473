/* Intrinsics about integers, of any width: those of more than 128 bits are in numbers/wide_math.c. Called by
 * intrinsic.c, which checked the types. */
#include "intrinsic.h"

/* Bit counts and reversals; the results for odd widths are moved to the lower bits of the type. */
void kn_in_bits(const struct call *c) {
  struct kn_bc *r = c->r;
  if (c->rt->kind == TK_WIDE) {
    kn_bc_wide_bits(r, c->row->op, arg_id(c, 0), c->ret);
    return;
  }
  const struct kn_bc_type *t = c->rt;
  kiln_type kt = (kiln_type)t->ktype;
  kiln_op op = (kiln_op)c->row->op;
  if (t->fit == FIT_BOOL) {
    kiln_value v = kn_bc_same(r, arg_id(c, 0), arg_type(c, 0));
    def(c, op == KILN_OP_CLZ || op == KILN_OP_CTZ ? binary(c, KILN_OP_XOR, kt, v, imm(c, 1)) : v);
    return;
  }
  kiln_value v = kn_bc_use_z(r, arg_id(c, 0), arg_type(c, 0));
  unsigned gap = held(t) - t->bits;
  if (gap && op == KILN_OP_CTZ) { /* sets the bit above the value, which ends the count */
    kiln_value stop = t->bits < 63    ? imm(c, INT64_C(1) << t->bits)
                      : t->bits == 63 ? imm(c, INT64_MIN)
                                      : kiln_const_i128(r->f, 0, UINT64_C(1) << (t->bits - 64));
    v = binary(c, KILN_OP_OR, kt, v, stop);
  }
  v = kiln_build_unary(r->f, op, kt, v);
  if (gap && op == KILN_OP_CLZ) v = binary(c, KILN_OP_SUB, kt, v, imm(c, gap));
  if (gap && (op == KILN_OP_BSWAP || op == KILN_OP_BITREV))
    v = binary(c, KILN_OP_LSHR, kt, v, imm(c, gap));
  def(c, v);
}

void kn_in_min_max(const struct call *c) {
  struct kn_bc *r = c->r;
  kiln_op op = (kiln_op)c->row->op;
  if (c->rt->kind == TK_WIDE) {
    kn_bc_wide_end(r, op, arg_id(c, 0), arg_id(c, 1), c->ret);
    return;
  }
  bool is_signed = op == KILN_OP_SMIN || op == KILN_OP_SMAX;
  kiln_value a, b;
  if (is_signed) {
    a = kn_bc_use_s(r, arg_id(c, 0), c->ret);
    b = kn_bc_use_s(r, arg_id(c, 1), c->ret);
  } else {
    a = kn_bc_use_z(r, arg_id(c, 0), c->ret);
    b = kn_bc_use_z(r, arg_id(c, 1), c->ret);
  }
  kiln_value v = binary(c, op, c->rt->ktype, a, b);
  if (c->rt->fit == FIT_BOOL) v = binary(c, KILN_OP_AND, c->rt->ktype, v, imm(c, 1));
  def(c, v);
}

/* Saturating i128 operations: the overflow flag selects the limit, which depends on the sign of a, or for unsigned
 * ones on the operation. */
static void saturate_wide(const struct call *c) {
  kiln_func *f = c->r->f;
  kiln_op op = (kiln_op)c->row->op;
  kiln_op by = op == KILN_OP_SADDS   ? KILN_OP_SADDO
               : op == KILN_OP_UADDS ? KILN_OP_UADDO
               : op == KILN_OP_SSUBS ? KILN_OP_SSUBO
                                     : KILN_OP_USUBO;
  kiln_value a = arg(c, 0), b = arg(c, 1);
  kiln_value v = binary(c, by, KILN_TYPE_I128, a, b);
  kiln_value over = kiln_build_result(f, v, 1);
  kiln_value end = kiln_const_int(f, op == KILN_OP_UADDS ? -1 : 0);
  if (op == KILN_OP_SADDS || op == KILN_OP_SSUBS) {
    end = binary(c, KILN_OP_ASHR, KILN_TYPE_I128, a, kiln_const_int(f, 127));
    end =
      binary(c, KILN_OP_XOR, KILN_TYPE_I128, end, kiln_const_i128(f, UINT64_MAX, UINT64_MAX >> 1));
  }
  def(c, kiln_build_select(f, KILN_TYPE_I128, over, end, v));
}

/* Saturating operations on widths that do not fill their Kiln type are done in its upper bits,
 * where the ends are the same: argument `i` moved there, and the result `v` moved back. */
static kiln_value at_top(const struct call *c, unsigned i) {
  unsigned gap = held(c->rt) - c->rt->bits;
  kiln_value v = arg(c, i);
  return gap ? binary(c, KILN_OP_SHL, (kiln_type)c->rt->ktype, v, imm(c, gap)) : v;
}
static kiln_value from_top(const struct call *c, kiln_value v) {
  unsigned gap = held(c->rt) - c->rt->bits;
  return gap ? binary(c, KILN_OP_LSHR, (kiln_type)c->rt->ktype, v, imm(c, gap)) : v;
}

void kn_in_saturate(const struct call *c) {
  kiln_type kt = (kiln_type)c->rt->ktype;
  if (kt == KILN_TYPE_I128 && odd(c)) return;
  if (kt == KILN_TYPE_I128) {
    saturate_wide(c);
    return;
  }
  kiln_value a = at_top(c, 0), b = at_top(c, 1);
  def(c, from_top(c, binary(c, (kiln_op)c->row->op, kt, a, b)));
}

/* A shift to the left that gives the nearest end if bits are lost. */
void kn_in_shift_saturating(const struct call *c) {
  kiln_func *f = c->r->f;
  kiln_type kt = (kiln_type)c->rt->ktype;
  bool is_signed = c->row->op;
  if (kt == KILN_TYPE_I128 && odd(c)) return;
  kiln_value a = at_top(c, 0), n = kn_bc_use_z(c->r, arg_id(c, 1), c->ret);
  kiln_value v = binary(c, KILN_OP_SHL, kt, a, n);
  kiln_value back = binary(c, is_signed ? KILN_OP_ASHR : KILN_OP_LSHR, kt, v, n);
  kiln_value end = imm(c, -1);
  if (is_signed) { /* the greatest value, or the least of a negative one */
    end = binary(c, KILN_OP_ASHR, kt, a, imm(c, held(c->rt) - 1));
    end = binary(
      c, KILN_OP_XOR, kt, end,
      binary(c, KILN_OP_LSHR, kt, kiln_build_unary(f, KILN_OP_COPY, kt, imm(c, -1)), imm(c, 1)));
  }
  v = kiln_build_select(f, kt, kiln_build_icmp(f, KILN_ICOND_EQ, kt, back, a), v, end);
  def(c, from_top(c, v));
}

/* A funnel shift of a width that does not fill its Kiln type: a shift by that width is possible there. */
static void funnel_odd(const struct call *c) {
  struct kn_bc *r = c->r;
  kiln_type kt = (kiln_type)c->rt->ktype;
  bool left = c->row->op == KILN_OP_FSHL;
  if (c->rt->fit == FIT_BOOL) { /* by 0 always */
    def(c, kn_bc_same(r, arg_id(c, left ? 0 : 1), c->ret));
    return;
  }
  kiln_value width = imm(c, c->rt->bits);
  kiln_value n = binary(c, KILN_OP_UREM, kt, kn_bc_use_z(r, arg_id(c, 2), c->ret), width);
  kiln_value rest = binary(c, KILN_OP_SUB, kt, width, n);
  kiln_value high = binary(c, KILN_OP_SHL, kt, arg(c, 0), left ? n : rest);
  kiln_value low =
    binary(c, KILN_OP_LSHR, kt, kn_bc_use_z(r, arg_id(c, 1), c->ret), left ? rest : n);
  def(c, binary(c, KILN_OP_OR, kt, high, low));
}

void kn_in_funnel(const struct call *c) {
  const kiln_op op = (kiln_op)c->row->op;
  const kiln_type kt = (kiln_type)c->rt->ktype;
  if (c->rt->kind == TK_WIDE) {
    kn_bc_wide_funnel(c->r, op == KILN_OP_FSHL, arg_id(c, 0), arg_id(c, 1), arg_id(c, 2), c->ret);
  } else if (c->rt->fit != FIT_EXACT) {
    funnel_odd(c);
  } else if (arg_id(c, 0) == arg_id(c, 1)) {
    kiln_value x = arg(c, 0), y = arg(c, 2);
    def(c, binary(c, op == KILN_OP_FSHL ? KILN_OP_ROTL : KILN_OP_ROTR, kt, x, y));
  } else {
    def(c, ternary_args(c, op, kt));
  }
}

void kn_in_magnitude(const struct call *c) {
  if (c->rt->kind == TK_WIDE) kn_bc_wide_bits(c->r, c->row->op, arg_id(c, 0), c->ret);
  else if (c->rt->fit == FIT_BOOL) def(c, kn_bc_same(c->r, arg_id(c, 0), c->ret));
  else
    def(c, kiln_build_unary(c->r->f, (kiln_op)c->row->op, (kiln_type)c->rt->ktype,
                            kn_bc_use_s(c->r, arg_id(c, 0), c->ret)));
}

static void wide_overflow(const struct call *c) {
  struct kn_bc *r = c->r;
  const struct kn_bc_elem *e = r->m->elems.at + c->rt->first;
  if (c->rt->kind != TK_STRUCT || c->rt->n != 2 || e[0].type != arg_type(c, 0) ||
      r->types.at[e[1].type].fit != FIT_BOOL || arg_type(c, 1) != arg_type(c, 0))
    kn_bc_malformed(r, "bad overflow intrinsic");
  else kn_bc_wide_overflow(r, c->row->op, arg_id(c, 0), arg_id(c, 1), arg_type(c, 0), c->ret);
}

/* Of ids `ia` and `ib`, which are no vectors: the value, and whether it is another than the exact one (`out`). For
 * widths that do not fill their Kiln type, computes in that type and compares the result with its truncation. */
static void overflow(const struct call *c, uint32_t type, uint32_t ia, uint32_t ib,
                     kiln_value out[2]) {
  struct kn_bc *r = c->r;
  const struct kn_bc_type *t = &r->types.at[type];
  kiln_op op = (kiln_op)c->row->op;
  kiln_type kt = (kiln_type)t->ktype;
  bool is_signed = op == KILN_OP_SADDO || op == KILN_OP_SSUBO || op == KILN_OP_SMULO;
  kiln_value a = is_signed ? kn_bc_use_s(r, ia, type) : kn_bc_use_z(r, ia, type);
  kiln_value b = is_signed ? kn_bc_use_s(r, ib, type) : kn_bc_use_z(r, ib, type);
  kiln_value v = binary(c, op, kt, a, b), o = kiln_build_result(r->f, v, 1);
  if (t->fit != FIT_EXACT) {
    kiln_value bit = t->fit == FIT_BOOL ? binary(c, KILN_OP_AND, kt, v, imm(c, 1)) : v;
    kiln_value in = is_signed ? kn_bc_sext_in(r, bit, t) : kn_bc_zext_in(r, bit, t);
    o = binary(c, KILN_OP_OR, KILN_TYPE_I8, o, kiln_build_icmp(r->f, KILN_ICOND_NE, kt, in, v));
    v = bit;
  }
  out[0] = v, out[1] = o;
}

/* Lane by lane: {vector, mask}. */
static void overflow_of_lanes(const struct call *c) {
  struct kn_bc *r = c->r;
  struct kn_bc_vec x[2], mask;
  kiln_value lanes[KN_BC_MAX_LANES], over[KN_BC_MAX_LANES], parts[2 * KN_BC_MAX_CHUNKS], of_lane[2];
  const struct kn_bc_elem *e = r->m->elems.at + c->rt->first;
  if (c->n != 2 || c->rt->kind != TK_STRUCT || c->rt->n != 2 || e[0].type != arg_type(c, 0) ||
      arg_type(c, 1) != arg_type(c, 0))
    return (void)kn_bc_malformed(r, "bad overflow intrinsic");
  if (!kn_bc_vec_get(r, arg_id(c, 0), e[0].type, &x[0]) ||
      !kn_bc_vec_get(r, arg_id(c, 1), e[0].type, &x[1]) || !kn_bc_vec_shape(r, e[1].type, &mask))
    return;
  if (!mask.mask || mask.n != x[0].n) return (void)kn_bc_malformed(r, "bad overflow intrinsic");
  if (r->types.at[x[0].elem].kind != TK_INT) return (void)bad(c);
  uint32_t entered = kn_bc_vec_enter(r);
  for (uint32_t k = 0; k < mask.n && r->status == KILN_OK; k++) {
    uint32_t ids[2];
    for (unsigned i = 0; i < 2; i++)
      ids[i] = kn_bc_vec_value(r, x[0].elem, kn_bc_vec_lane(r, &x[i], k));
    overflow(c, x[0].elem, ids[0], ids[1], of_lane);
    lanes[k] = of_lane[0], over[k] = of_lane[1];
  }
  kn_bc_vec_leave(r, entered);
  if (r->status != KILN_OK) return;
  kn_bc_vec_from_lanes(r, &x[0], lanes);
  kn_bc_vec_from_lanes(r, &mask, over);
  for (uint32_t p = 0; p < x[0].parts; p++) parts[p] = x[0].v[p];
  for (uint32_t p = 0; p < mask.parts; p++) parts[x[0].parts + p] = mask.v[p];
  kn_in_define(c, parts, x[0].parts + mask.parts);
}

/* {value, i1}. */
void kn_in_overflow(const struct call *c) {
  struct kn_bc *r = c->r;
  kiln_value out[2];
  if (arg_info(c, 0)->kind == TK_VECTOR) return overflow_of_lanes(c);
  if (arg_info(c, 0)->kind == TK_WIDE) return wide_overflow(c);
  if (!kn_bc_split(r, c->ret) || r->types.at[c->ret].n_pieces != 2)
    return (void)kn_bc_malformed(r, "bad overflow intrinsic");
  overflow(c, arg_type(c, 0), arg_id(c, 0), arg_id(c, 1), out);
  kn_bc_define(r, c->ret, out);
}

/* Argument `i`, extended to `wide`. */
static kiln_value widened(const struct call *c, unsigned i, kiln_type wide, bool is_signed) {
  const uint32_t id = arg_id(c, i);
  kiln_value v = is_signed ? kn_bc_use_s(c->r, id, c->ret) : kn_bc_use_z(c->r, id, c->ret);
  return kiln_build_convert(c->r->f, is_signed ? KILN_OP_SEXT : KILN_OP_ZEXT, wide,
                            (kiln_type)c->rt->ktype,
                            kiln_build_unary(c->r->f, KILN_OP_COPY, (kiln_type)c->rt->ktype, v));
}

/* A product of 128 bits that is the nearest end where it has more: integers alone. */
static void product_of_wide(const struct call *c, bool is_signed, bool saturated, int64_t scale) {
  kiln_func *f = c->r->f;
  if (odd(c)) return;
  if (scale != 0) return (void)kn_bc_unsupported(c->r, "fixed-point numbers of 128 bits");
  kiln_value a = arg(c, 0), b = arg(c, 1);
  kiln_value v = binary(c, is_signed ? KILN_OP_SMULO : KILN_OP_UMULO, KILN_TYPE_I128, a, b);
  kiln_value over = kiln_build_result(f, v, 1), end = kiln_const_i128(f, UINT64_MAX, UINT64_MAX);
  if (is_signed) {
    end = binary(c, KILN_OP_XOR, KILN_TYPE_I128, a, b);
    end = binary(c, KILN_OP_ASHR, KILN_TYPE_I128, end, imm(c, 127));
    end =
      binary(c, KILN_OP_XOR, KILN_TYPE_I128, end, kiln_const_i128(f, UINT64_MAX, UINT64_MAX >> 1));
  }
  def(c, saturated ? kiln_build_select(f, KILN_TYPE_I128, over, end, v) : v);
}

/* A product of fixed-point numbers whose last bits, as many as argument 2 says, are after the point. */
void kn_in_product_of_fixed(const struct call *c) {
  kiln_func *f = c->r->f;
  const bool is_signed = c->row->op & SIGNED_FIXED, saturated = c->row->op & SATURATED_FIXED;
  const kiln_type kt = (kiln_type)c->rt->ktype;
  const unsigned bits = c->rt->bits;
  int64_t scale;
  if (!const_arg(c, 2, &scale)) return;
  if (scale < 0 || scale > bits || c->rt->fit == FIT_BOOL) return (void)bad(c);
  if (kt == KILN_TYPE_I128) {
    product_of_wide(c, is_signed, saturated, scale);
    return;
  }
  const kiln_type wide = bits > 32 ? KILN_TYPE_I128 : KILN_TYPE_I64;
  kiln_value a = widened(c, 0, wide, is_signed), b = widened(c, 1, wide, is_signed);
  kiln_value v = binary(c, KILN_OP_MUL, wide, a, b);
  v = binary(c, is_signed ? KILN_OP_ASHR : KILN_OP_LSHR, wide, v, imm(c, scale));
  if (saturated) {
    const uint64_t most = UINT64_MAX >> (64 - bits + is_signed);
    const bool long_most = wide == KILN_TYPE_I128 && most > INT64_MAX;
    kiln_value end = long_most ? kiln_const_i128(f, most, 0) : imm(c, (int64_t)most);
    v = binary(c, is_signed ? KILN_OP_SMIN : KILN_OP_UMIN, wide, v, end);
    if (is_signed) v = binary(c, KILN_OP_SMAX, wide, v, imm(c, (int64_t)~most));
  }
  def(c, kt == wide ? v : kiln_build_convert(f, KILN_OP_TRUNC, kt, wide, v));
}

/* A product without carries: a shifted to each place where b has a bit, by exclusive or. */
void kn_in_carryless(const struct call *c) {
  const kiln_type kt = (kiln_type)c->rt->ktype;
  const unsigned top = held(c->rt) - 1;
  kiln_value a = arg(c, 0), b = arg(c, 1), product = imm(c, 0);
  for (unsigned k = 0; k < c->rt->bits; k++) {
    kiln_value has = binary(c, KILN_OP_SHL, kt, b, imm(c, top - k)); /* all bits are that one */
    has = binary(c, KILN_OP_ASHR, kt, has, imm(c, top));
    has = binary(c, KILN_OP_AND, kt, binary(c, KILN_OP_SHL, kt, a, imm(c, k)), has);
    product = k ? binary(c, KILN_OP_XOR, kt, product, has) : has;
  }
  def(c, product);
}

/* By an instruction of BMI2; false if that is not to be used. */
static bool move_bits_at_once(const struct call *c) {
  static const char *const names[][2] = {{"bmi.pdep.32", "bmi.pdep.64"},
                                         {"bmi.pext.32", "bmi.pext.64"}};
  const bool wide = c->rt->bits > 32;
  const kiln_type type = wide ? KILN_TYPE_I64 : KILN_TYPE_I32;
  kiln_machine_info m;
  kiln_value v[2];
  if (!(c->r->fn.global->fn_flags & FA_BMI2) || c->rt->bits > 64) return false;
  if (!kn_in_machine(c, names[c->row->op][wide], &m) || !kn_in_scalar(c, 0, type, &v[0]) ||
      !kn_in_scalar(c, 1, type, &v[1]))
    return true; /* reported */
  kiln_value out = kiln_build_machine(c->r->f, m.row, v, 2);
  if (c->rt->ktype != type)
    out = kiln_build_convert(c->r->f, KILN_OP_TRUNC, (kiln_type)c->rt->ktype, type, out);
  def(c, out);
  return true;
}

/* The lowest bits of a moved to the places where b has ones (`op` 0: pdep), or the reverse (1: pext). */
void kn_in_move_bits(const struct call *c) {
  const kiln_type kt = (kiln_type)c->rt->ktype;
  if (move_bits_at_once(c)) return;
  kiln_value a = arg(c, 0), b = arg(c, 1), all = imm(c, 0), count = imm(c, 0);
  for (unsigned k = 0; k < c->rt->bits; k++) { /* `count` ones of b are below bit k */
    kiln_value here = imm(c, k), one = binary(c, KILN_OP_LSHR, kt, b, here);
    one = binary(c, KILN_OP_AND, kt, one, imm(c, 1));
    kiln_value bit = binary(c, KILN_OP_LSHR, kt, a, c->row->op ? here : count);
    bit =
      binary(c, KILN_OP_SHL, kt, binary(c, KILN_OP_AND, kt, bit, one), c->row->op ? count : here);
    all = k ? binary(c, KILN_OP_OR, kt, all, bit) : bit;
    count = k ? binary(c, KILN_OP_ADD, kt, count, one) : one;
  }
  def(c, all);
}

/* -1, 0 or 1 as a is less than, equal to or greater than b. */
void kn_in_compare(const struct call *c) {
  struct kn_bc *r = c->r;
  const uint32_t type = arg_type(c, 0), x = arg_id(c, 0), y = arg_id(c, 1);
  const kiln_type kt = (kiln_type)arg_info(c, 0)->ktype;
  const bool is_signed = c->row->op;
  kiln_value v;
  if (arg_info(c, 0)->kind == TK_WIDE) {
    v = kn_bc_wide_order(r, is_signed, x, y, type);
  } else {
    kiln_value a = is_signed ? kn_bc_use_s(r, x, type) : kn_bc_use_z(r, x, type);
    kiln_value b = is_signed ? kn_bc_use_s(r, y, type) : kn_bc_use_z(r, y, type);
    kiln_value more = kiln_build_icmp(r->f, is_signed ? KILN_ICOND_SGT : KILN_ICOND_UGT, kt, a, b);
    kiln_value less = kiln_build_icmp(r->f, is_signed ? KILN_ICOND_SLT : KILN_ICOND_ULT, kt, a, b);
    v = binary(c, KILN_OP_SUB, KILN_TYPE_I8, more, less);
  }
  if (c->rt->ktype != KILN_TYPE_I8)
    v = kiln_build_convert(r->f, KILN_OP_SEXT, (kiln_type)c->rt->ktype, KILN_TYPE_I8, v);
  def(c, v);
}
