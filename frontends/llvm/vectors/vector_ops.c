/* Operations on vectors: by instructions for whole registers where Kiln has them, else lane by
 * lane, as scalars. Called by the decoders of instructions for everything that has a vector
 * among its operands or results. */
#include "frequent.h"

/* ---- arithmetic ---- */

/* The instruction for LLVM's operation on lanes of a kind, or NONE. */
static kiln_op native(unsigned op, const struct kn_bc_vec *x) {
  bool ints = kiln_type_is_int(x->lane);
  if (x->soft || x->apart) return KILN_OP_NONE;
  switch (op) {
  case BINOP_ADD: return x->mask ? KILN_OP_VXOR : ints ? KILN_OP_VADD : KILN_OP_VFADD;
  case BINOP_SUB: return x->mask ? KILN_OP_VXOR : ints ? KILN_OP_VSUB : KILN_OP_VFSUB;
  case BINOP_MUL: return x->mask ? KILN_OP_VAND : ints ? KILN_OP_VMUL : KILN_OP_VFMUL;
  case BINOP_SDIV: return ints ? KILN_OP_NONE : KILN_OP_VFDIV;
  case BINOP_AND: return KILN_OP_VAND;
  case BINOP_OR: return KILN_OP_VOR;
  case BINOP_XOR: return KILN_OP_VXOR;
  default: return KILN_OP_NONE;
  }
}

static kiln_value whole(struct kn_bc *r, kiln_op op, const struct kn_bc_vec *x, kiln_value a,
                        kiln_value b) {
  if (op == KILN_OP_VAND || op == KILN_OP_VOR || op == KILN_OP_VXOR)
    return kiln_build_binary(r->f, op, x->chunk, a, b);
  return kiln_build_vector(r->f, op, x->chunk, x->lane, 0, a, b);
}

void kn_bc_vec_binop(struct kn_bc *r, unsigned op, uint32_t a, uint32_t b, uint32_t type) {
  struct kn_bc_vec x, y, out;
  uint64_t n;
  if (!kn_bc_vec_get(r, a, type, &x) || !kn_bc_vec_shape(r, type, &out)) return;
  if (op >= BINOP_SHL && op <= BINOP_ASHR && !x.mask && !x.apart && kiln_type_is_int(x.lane) &&
      kn_bc_vec_is_splat(r, b, &n) && n < 8 * kiln_type_size(x.lane)) {
    kiln_op shift = op == BINOP_SHL    ? KILN_OP_VSHL
                    : op == BINOP_LSHR ? KILN_OP_VLSHR
                                       : KILN_OP_VASHR;
    for (uint32_t i = 0; i < x.parts; i++)
      out.v[i] = kn_bc_vec_one(r, shift, x.chunk, x.lane, (unsigned)n, x.v[i]);
    kn_bc_vec_def(r, &out);
    return;
  }
  if (!kn_bc_vec_get(r, b, type, &y)) return;
  if (op == BINOP_MUL && !x.apart && kn_bc_vec_multiply(r, a, b, type, &out)) {
    kn_bc_vec_def(r, &out);
    return;
  }
  static const uint8_t scalars[] = {[BINOP_MUL] = KILN_OP_MUL,
                                    [BINOP_SHL] = KILN_OP_SHL,
                                    [BINOP_LSHR] = KILN_OP_LSHR,
                                    [BINOP_ASHR] = KILN_OP_ASHR};
  static const uint8_t halves[] = {[BINOP_ADD] = KILN_OP_FADD,
                                   [BINOP_SUB] = KILN_OP_FSUB,
                                   [BINOP_MUL] = KILN_OP_FMUL,
                                   [BINOP_SDIV] = KILN_OP_FDIV};
  if (x.soft && op < sizeof halves && halves[op] != KILN_OP_NONE &&
      kn_bc_vec_native(r, (kiln_op)halves[op], (const struct kn_bc_vec *[]){&x, &y}, 2, &out)) {
    kn_bc_vec_def(r, &out);
    return;
  }
  if (op < sizeof scalars && scalars[op] != KILN_OP_NONE && !x.mask && kiln_type_is_int(x.lane) &&
      !x.soft &&
      kn_bc_vec_native(r, (kiln_op)scalars[op], (const struct kn_bc_vec *[]){&x, &y}, 2, &out)) {
    kn_bc_vec_def(r, &out);
    return;
  }
  kiln_op kop = native(op, &x);
  if (kop != KILN_OP_NONE) {
    for (uint32_t i = 0; i < x.parts; i++) out.v[i] = whole(r, kop, &x, x.v[i], y.v[i]);
    kn_bc_vec_def(r, &out);
    return;
  }
  kiln_value lanes[KN_BC_MAX_LANES];
  uint32_t entered = kn_bc_vec_enter(r);
  for (uint32_t k = 0; k < x.n && r->status == KILN_OK; k++) {
    uint32_t i = kn_bc_vec_value(r, x.elem, kn_bc_vec_lane(r, &x, k));
    uint32_t j = kn_bc_vec_value(r, x.elem, kn_bc_vec_lane(r, &y, k));
    kn_bc_on_binop(r, op, i, j, x.elem);
    lanes[k] = kn_bc_vec_result(r);
  }
  kn_bc_vec_leave_with(r, entered, &out, lanes);
}

void kn_bc_vec_negate(struct kn_bc *r, uint32_t a, uint32_t type) {
  struct kn_bc_vec x;
  if (!kn_bc_vec_get(r, a, type, &x)) return;
  if (!kiln_type_is_float(x.lane) && !x.soft)
    return (void)kn_bc_malformed(r, "unknown unary operation");
  unsigned top = 8 * kiln_type_size(x.lane) - 1;
  kiln_value sign = top < 64 ? kn_bc_vec_splat(r, &x, UINT64_C(1) << top)
                             : kiln_const_bits(r->f, x.chunk, 0, UINT64_C(1) << (top - 64));
  for (uint32_t i = 0; i < x.parts; i++)
    x.v[i] = kiln_build_binary(r->f, KILN_OP_VXOR, x.chunk, x.v[i], sign);
  kn_bc_vec_def(r, &x);
}

/* ---- comparisons and selections ---- */

void kn_bc_vec_compare(struct kn_bc *r, uint32_t a, uint32_t b, uint32_t type, uint64_t pred) {
  struct kn_bc_vec x, y, out;
  uint32_t mask = r->types.at[type].mask;
  if (!kn_bc_vec_get(r, a, type, &x) || !kn_bc_vec_get(r, b, type, &y)) return;
  if (mask == UINT32_MAX || !kn_bc_vec_shape(r, mask, &out))
    return (void)kn_bc_malformed(r, "a comparison of vectors, but no type for its result");
  bool is_float = kiln_type_is_float(x.lane) || x.soft;
  if (is_float ? pred > 15 : pred - 32 > 9) return (void)kn_bc_malformed(r, "unknown comparison");
  if (x.soft || x.apart || (x.mask && pred != 32 && pred != 33)) { /* an order of truth values */
    kiln_value lanes[KN_BC_MAX_LANES];
    uint32_t entered = kn_bc_vec_enter(r);
    for (uint32_t k = 0; k < x.n && r->status == KILN_OK; k++) {
      uint32_t i = kn_bc_vec_value(r, x.elem, kn_bc_vec_lane(r, &x, k));
      uint32_t j = kn_bc_vec_value(r, x.elem, kn_bc_vec_lane(r, &y, k));
      kn_bc_on_compare(r, i, j, x.elem, pred);
      lanes[k] = kn_bc_vec_result(r);
    }
    kn_bc_vec_leave_with(r, entered, &out, lanes);
    return;
  }
  for (uint32_t i = 0; i < x.parts; i++) {
    if (is_float && (pred == 0 || pred == 15)) {
      uint64_t bits = pred ? UINT64_MAX : 0;
      x.v[i] = kiln_const_bits(r->f, x.chunk, bits, bits);
    } else {
      x.v[i] =
        kiln_build_vector(r->f, is_float ? KILN_OP_VFCMP : KILN_OP_VICMP, x.chunk, x.lane,
                          is_float ? kn_bc_fconds[pred] : kn_bc_iconds[pred - 32], x.v[i], y.v[i]);
    }
  }
  kn_bc_vec_mask(r, &x, &out);
  kn_bc_vec_def(r, &out);
}

void kn_bc_vec_select(struct kn_bc *r, uint32_t a, uint32_t b, uint32_t c, uint32_t type,
                      uint32_t ctype) {
  struct kn_bc_vec x, y, mask, m;
  if (!kn_bc_vec_get(r, a, type, &x) || !kn_bc_vec_get(r, b, type, &y) ||
      !kn_bc_vec_get(r, c, ctype, &mask))
    return;
  if (!mask.mask || mask.n != x.n)
    return (void)kn_bc_malformed(r, "a vector select whose condition has a different length");
  m = x;
  kn_bc_vec_mask(r, &mask, &m);
  for (uint32_t i = 0; i < x.parts; i++)
    x.v[i] = kiln_build_ternary(r->f, KILN_OP_VSELECT, x.chunk, m.v[i], x.v[i], y.v[i]);
  kn_bc_vec_def(r, &x);
}

/* ---- casts ---- */

/* Between masks and integers. */
static void resize_mask(struct kn_bc *r, unsigned op, struct kn_bc_vec *x, struct kn_bc_vec *to) {
  if (!x->mask) { /* the lowest bit */
    unsigned width = 8 * kiln_type_size(x->lane);
    for (uint32_t i = 0; i < x->parts; i++) {
      x->v[i] = kn_bc_vec_one(r, KILN_OP_VSHL, x->chunk, x->lane, width - 1, x->v[i]);
      x->v[i] = kn_bc_vec_one(r, KILN_OP_VASHR, x->chunk, x->lane, width - 1, x->v[i]);
    }
  }
  kn_bc_vec_mask(r, x, to);
  if (op != CAST_ZEXT) return;
  kiln_value ones = kn_bc_vec_splat(r, to, 1);
  for (uint32_t i = 0; i < to->parts; i++)
    to->v[i] = kiln_build_binary(r->f, KILN_OP_VAND, to->chunk, to->v[i], ones);
}

/* The bits of a vector, and zeros, as words of 64. */
static void to_words(struct kn_bc *r, const struct kn_bc_vec *x, kiln_value *w) {
  if (x->odd) {
    kn_bc_vec_pack(r, x, w);
    return;
  }
  uint32_t per = kiln_type_size(x->chunk) / 8, n = (r->types.at[x->type].bits + 63) / 64;
  for (uint32_t k = 0; k < n; k++)
    w[k] = x->mask
             ? kn_bc_vec_bits(r, x, 64 * k)
             : kn_bc_vec_one(r, KILN_OP_VEXTRACT, KILN_TYPE_I64, x->chunk, k % per, x->v[k / per]);
}

/* A vector to a scalar of the same bits. */
static void to_scalar(struct kn_bc *r, const struct kn_bc_vec *x, uint32_t to) {
  const struct kn_bc_type *t = &r->types.at[to];
  kiln_func *f = r->f;
  kiln_value w[KN_BC_MAX_LANES];
  if (t->kind == TK_WIDE && kn_bc_split(r, to)) {
    to_words(r, x, w);
    kn_bc_define(r, to, w);
    return;
  }
  kiln_type kt = (kiln_type)t->ktype;
  if (!kn_bc_scalar(r, to)) return;
  if (kiln_type_size(kt) == 16 && !x->mask && !x->odd) {
    if (kt == KILN_TYPE_F80) kn_bc_unsupported(r, "this cast of vectors");
    else if (kt == x->chunk) kn_bc_def(r, to, kiln_build_unary(f, KILN_OP_COPY, kt, x->v[0]));
    else kn_bc_def(r, to, kiln_build_convert(f, KILN_OP_BITCAST, kt, x->chunk, x->v[0]));
    return;
  }
  to_words(r, x, w);
  kiln_value v = w[0];
  unsigned size = kiln_type_size(kt);
  if (size == 16) {
    const kiln_type it = KILN_TYPE_I128;
    if (kt == KILN_TYPE_F80) return (void)kn_bc_unsupported(r, "this cast of vectors");
    kiln_value high = kiln_build_convert(f, KILN_OP_ZEXT, it, KILN_TYPE_I64, w[1]);
    v = kiln_build_convert(f, KILN_OP_ZEXT, it, KILN_TYPE_I64, v);
    high = kiln_build_binary(f, KILN_OP_SHL, it, high, kiln_const_int(f, 64));
    v = kiln_build_binary(f, KILN_OP_OR, it, v, high);
    if (kt != it) v = kiln_build_convert(f, KILN_OP_BITCAST, kt, it, v); /* fp128 */
  } else if (kiln_type_is_float(kt)) {
    kiln_type bits = size == 4 ? KILN_TYPE_I32 : KILN_TYPE_I64;
    if (size == 4) v = kiln_build_convert(f, KILN_OP_TRUNC, bits, KILN_TYPE_I64, v);
    v = kiln_build_convert(f, KILN_OP_BITCAST, kt, bits, v);
  } else if (size < 8) {
    v = kiln_build_convert(f, KILN_OP_TRUNC, kt, KILN_TYPE_I64, v);
    if (t->fit == FIT_BOOL)
      v = kiln_build_binary(f, KILN_OP_AND, KILN_TYPE_I8, v, kiln_const_int(f, 1));
  }
  kn_bc_def(r, to, v);
}

/* The 64-bit words of scalar `id`; false if reported. */
static bool words_of(struct kn_bc *r, uint32_t id, uint32_t type, kiln_value *out, uint32_t n) {
  const struct kn_bc_type *t = &r->types.at[type];
  kiln_func *f = r->f;
  if (t->kind == TK_WIDE) {
    uint32_t first = kn_bc_parts(r, id, type);
    if (first == UINT32_MAX) return false;
    for (uint32_t k = 0; k < n; k++) out[k] = r->fn.parts.at[first + k];
    return true;
  }
  if (!kn_bc_scalar(r, type)) return false;
  kiln_type kt = (kiln_type)t->ktype;
  unsigned size = kiln_type_size(kt);
  kiln_value v = kn_bc_use(r, id, type);
  if (r->status != KILN_OK) return false;
  if (kt == KILN_TYPE_F80) return kn_bc_unsupported(r, "this cast to a vector");
  if (size == 16) {
    if (kt != KILN_TYPE_I128) v = kiln_build_convert(f, KILN_OP_BITCAST, KILN_TYPE_I128, kt, v);
    kn_bc_split_i128(f, v, out); /* it has more than 64 bits: n is 2 */
    return true;
  }
  if (kiln_type_is_float(kt)) {
    kiln_type bits = size == 4 ? KILN_TYPE_I32 : KILN_TYPE_I64;
    v = kiln_build_convert(f, KILN_OP_BITCAST, bits, kt, v);
    kt = bits;
  }
  out[0] = kt == KILN_TYPE_I64 ? v : kiln_build_convert(f, KILN_OP_ZEXT, KILN_TYPE_I64, kt, v);
  return true;
}

/* The registers of *x from 64-bit words. */
static void from_words(struct kn_bc *r, struct kn_bc_vec *x, const kiln_value *w, uint32_t n) {
  if (x->mask || x->odd) {
    (x->mask ? kn_bc_vec_from_bits : kn_bc_vec_unpack)(r, x, w);
    return;
  }
  uint32_t per = kiln_type_size(x->chunk) / 8;
  for (uint32_t i = 0; i < x->parts; i++) {
    x->v[i] = kn_bc_vec_one(r, KILN_OP_VSPLAT, x->chunk, KILN_TYPE_I64, 0, w[i * per]);
    if (per == 2 && i * per + 1 < n)
      x->v[i] = kiln_build_vector(r->f, KILN_OP_VINSERT, x->chunk, KILN_TYPE_I64, 1, x->v[i],
                                  w[i * per + 1]);
  }
}

static void bits(struct kn_bc *r, uint32_t a, uint32_t from, uint32_t to) {
  struct kn_bc_vec x, y;
  kiln_value w[KN_BC_MAX_LANES];
  const struct kn_bc_type *f = &r->types.at[from], *t = &r->types.at[to];
  if (f->kind == TK_OTHER || t->kind == TK_OTHER)
    return (void)kn_bc_bad_type(r, f->kind == TK_OTHER ? from : to);
  if (f->bits != t->bits)
    return (void)kn_bc_malformed(r, "a cast that cannot convert between its types");
  uint32_t n = (f->bits + 63) / 64;
  if (f->kind != TK_VECTOR) {
    if (!kn_bc_vec_shape(r, to, &y) || !words_of(r, a, from, w, n)) return;
    from_words(r, &y, w, n);
    kn_bc_vec_def(r, &y);
    return;
  }
  if (!kn_bc_vec_get(r, a, from, &x)) return;
  if (t->kind != TK_VECTOR) {
    to_scalar(r, &x, to);
    return;
  }
  if (!kn_bc_vec_shape(r, to, &y)) return;
  if (x.mask == y.mask && !x.odd && !y.odd && x.chunk == y.chunk && x.parts == y.parts) {
    for (uint32_t i = 0; i < x.parts; i++)
      y.v[i] = a < r->vals.n ? x.v[i] : kiln_build_unary(r->f, KILN_OP_COPY, x.chunk, x.v[i]);
  } else {
    to_words(r, &x, w);
    from_words(r, &y, w, n);
  }
  kn_bc_vec_def(r, &y);
}

void kn_bc_vec_cast(struct kn_bc *r, unsigned op, uint32_t a, uint32_t from, uint32_t to) {
  if (op == CAST_BITCAST) {
    bits(r, a, from, to);
    return;
  }
  struct kn_bc_vec x, out;
  if (!kn_bc_vec_get(r, a, from, &x) || !kn_bc_vec_shape(r, to, &out)) return;
  if (x.n != out.n) return (void)kn_bc_malformed(r, "a cast that cannot convert between its types");
  bool ints = kiln_type_is_int(x.lane) && kiln_type_is_int(out.lane) && !x.soft && !out.soft &&
              !x.apart && !out.apart;
  bool changes = op == CAST_TRUNC || op == CAST_ZEXT || op == CAST_SEXT;
  if (ints && changes && (x.mask != out.mask)) {
    resize_mask(r, op, &x, &out);
    kn_bc_vec_def(r, &out);
    return;
  }
  if (ints && changes && (op == CAST_TRUNC ? x.lane > out.lane : x.lane < out.lane)) {
    if (op != CAST_TRUNC) kn_bc_vec_extended(r, a, from, op == CAST_SEXT);
    kn_bc_vec_resize(r, op, &x, &out);
    kn_bc_vec_def(r, &out);
    return;
  }
  if (kn_bc_vec_convert(r, op, &x, &out)) {
    kn_bc_vec_def(r, &out);
    return;
  }
  kiln_value lanes[KN_BC_MAX_LANES];
  uint32_t entered = kn_bc_vec_enter(r);
  for (uint32_t k = 0; k < x.n && r->status == KILN_OK; k++) {
    uint32_t i = kn_bc_vec_value(r, x.elem, kn_bc_vec_lane(r, &x, k));
    kn_bc_on_cast(r, op, i, x.elem, out.elem, 0);
    lanes[k] = kn_bc_vec_result(r);
  }
  kn_bc_vec_leave_with(r, entered, &out, lanes);
}

/* ---- elements ---- */

/* The registers of x in memory, and the address of the lane that value `index` numbers (modulo a
 * power of two that covers the lanes). */
static kiln_value lane_address(struct kn_bc *r, const struct kn_bc_vec *x, uint32_t index,
                               uint32_t itype, kiln_value *slot) {
  kiln_func *f = r->f;
  uint32_t size = kiln_type_size(x->lane), step = kiln_type_size(x->chunk), all = 1;
  const struct kn_bc_type *t = &r->types.at[itype];
  if (t->kind != TK_INT || !t->ktype)
    return kn_bc_none(kn_bc_unsupported(r, "a lane number of this type"));
  kiln_value k = kn_bc_use_z(r, index, itype);
  if (t->ktype != KILN_TYPE_I64)
    k = kiln_build_convert(f, t->ktype == KILN_TYPE_I128 ? KILN_OP_TRUNC : KILN_OP_ZEXT,
                           KILN_TYPE_I64, (kiln_type)t->ktype, k);
  while (all < x->n) all *= 2;
  uint32_t bytes = all * size > x->parts * step ? all * size : x->parts * step;
  *slot = kiln_slot_new(f, bytes, 4);
  for (uint32_t i = 0; i < x->parts; i++)
    kiln_build_store(f, x->chunk, *slot, (int32_t)(i * step), x->v[i], 0);
  k = kiln_build_binary(f, KILN_OP_AND, KILN_TYPE_I64, k, kiln_const_int(f, all - 1));
  return kiln_build_addr(f, *slot, k, size, 0);
}

/* [vector, index] */
static void extract(struct kn_bc *r, const uint64_t *ops, unsigned n) {
  unsigned i = 0;
  uint32_t id, type, index, itype;
  int64_t k;
  struct kn_bc_vec x;
  if (!kn_bc_operand(r, ops, n, &i, &id, &type) || !kn_bc_operand(r, ops, n, &i, &index, &itype) ||
      !kn_bc_ends(r, "extractelement", i, n) || !kn_bc_vec_get(r, id, type, &x))
    return;
  if (kn_bc_is_int(r, index, &k)) {
    kn_bc_def(r, x.elem, kn_bc_vec_lane(r, &x, (uint64_t)k < x.n ? (uint32_t)k : 0));
    return;
  }
  kiln_value slot, at = lane_address(r, &x, index, itype, &slot);
  if (r->status != KILN_OK) return;
  kiln_value v = kiln_build_load(r->f, x.lane, at, 0, 0);
  if (x.mask) {
    if (x.lane != KILN_TYPE_I8)
      v = kiln_build_convert(r->f, KILN_OP_TRUNC, KILN_TYPE_I8, x.lane, v);
    v = kiln_build_binary(r->f, KILN_OP_AND, KILN_TYPE_I8, v, kiln_const_int(r->f, 1));
  }
  kn_bc_def(r, x.elem, v);
}

/* [vector, element, index] */
static void insert(struct kn_bc *r, const uint64_t *ops, unsigned n) {
  unsigned i = 0;
  uint32_t id, type, index, itype;
  int64_t k;
  struct kn_bc_vec x;
  if (!kn_bc_operand(r, ops, n, &i, &id, &type)) return;
  if (i >= n) return (void)kn_bc_malformed(r, "a record of the wrong length");
  uint32_t value = r->vals.n - (uint32_t)ops[i++];
  if (!kn_bc_operand(r, ops, n, &i, &index, &itype) || !kn_bc_ends(r, "insertelement", i, n) ||
      !kn_bc_vec_get(r, id, type, &x))
    return;
  kiln_value v = kn_bc_use(r, value, x.elem);
  if (r->status != KILN_OK) return;
  if (x.mask) {
    v = kiln_build_unary(r->f, KILN_OP_NEG, KILN_TYPE_I8, v);
    if (x.lane != KILN_TYPE_I8) v = kiln_build_convert(r->f, KILN_OP_SEXT, x.lane, KILN_TYPE_I8, v);
  }
  if (kn_bc_is_int(r, index, &k)) {
    uint32_t lane = (uint64_t)k < x.n ? (uint32_t)k : 0;
    struct kn_bc_inserted done = {r->vals.n, lane, x.v[lane / x.per], v}, *last = &r->fn.inserted;
    kiln_type as = x.lane;
    if (as == KILN_TYPE_I8 && id == last->id && id && lane == (last->lane ^ 1)) {
      /* both bytes at once; what inserts the first is not emitted if nobody reads it */
      kiln_value low =
        kiln_build_convert(r->f, KILN_OP_ZEXT, KILN_TYPE_I32, as, lane & 1 ? last->value : v);
      kiln_value high =
        kiln_build_convert(r->f, KILN_OP_ZEXT, KILN_TYPE_I32, as, lane & 1 ? v : last->value);
      high = kiln_build_binary(r->f, KILN_OP_SHL, KILN_TYPE_I32, high, kiln_const_int(r->f, 8));
      v = kiln_build_binary(r->f, KILN_OP_OR, KILN_TYPE_I32, low, high);
      as = KILN_TYPE_I16;
      v = kiln_build_convert(r->f, KILN_OP_TRUNC, as, KILN_TYPE_I32, v);
      x.v[lane / x.per] = last->before;
    }
    *last = done;
    if (as == x.chunk) {
      /* fp128, where it is a v128: the lane is all of the register */
    } else if (kiln_type_size(as) == 16)
      v = kiln_build_convert(r->f, KILN_OP_BITCAST, x.chunk, as, v);
    else
      v = kiln_build_vector(r->f, KILN_OP_VINSERT, x.chunk, as,
                            lane % x.per / (as == x.lane ? 1 : 2), x.v[lane / x.per], v);
    x.v[lane / x.per] = v;
  } else {
    kiln_value slot, at = lane_address(r, &x, index, itype, &slot);
    if (r->status != KILN_OK) return;
    kiln_build_store(r->f, x.lane, at, 0, v, 0);
    for (uint32_t p = 0; p < x.parts; p++)
      x.v[p] = kiln_build_load(r->f, x.chunk, slot, (int32_t)(p * kiln_type_size(x.chunk)), 0);
  }
  kn_bc_vec_def(r, &x);
}

/* Lane k of a shuffle's mask of n lanes; -1: any. False if it is no constant. */
static bool mask_lane(const struct kn_bc *r, uint32_t id, uint32_t k, uint32_t n, int64_t *out) {
  if (id >= r->inst_base) return false;
  const struct kn_bc_cst *c = &r->csts.at[id];
  *out = c->kind == CK_UNDEF ? -1 : 0;
  switch (c->kind) {
  case CK_NULL:
  case CK_UNDEF: return true;
  case CK_INT: *out = (int32_t)c->v; return true;
  case CK_DATA:
    if (c->n != n) return false;
    *out = (int32_t)kn_bc_words(r, c->index)[k];
    return true;
  case CK_AGGREGATE: {
    if (c->n != n) return false;
    uint32_t lane = kn_bc_list(r, c->index)[k];
    if (lane < r->inst_base && r->csts.at[lane].kind == CK_INT_UNDEF) return *out = -1, true;
    return kn_bc_is_int(r, lane, out);
  }
  default: return false;
  }
}

/* Does a shuffle that takes lanes at a distance of 2, 4 or 8, of the registers `in`: x's, and
 * those of a second vector. */
static bool at_distance(struct kn_bc *r, const kiln_value *in, const struct kn_bc_vec *x,
                        uint32_t mask, struct kn_bc_vec *out) {
  uint32_t size = kiln_type_size(x->lane);
  if (out->lane != x->lane) return false;   /* a mask's, of another length */
  bool full = x->n * size == 16 * x->parts; /* the second vector's lanes follow the first's */
  for (uint32_t step = 2; step <= 8 / size && size <= 2; step *= 2) {
    int64_t base = -1, m;
    bool fits = true;
    for (uint32_t k = 0; k < out->n && fits; k++) {
      if (!mask_lane(r, mask, k, out->n, &m) || m < 0) continue;
      if (base < 0) base = m - (int64_t)k * step;
      fits = base >= 0 && m == base + (int64_t)k * step && (m < x->n || full);
    }
    if (!fits || base < 0) continue;
    uint32_t first = (uint32_t)base % step, before = ((uint32_t)base - first) * size;
    if (before % 16 == 0)
      return kn_bc_vec_stride(r, in + before / 16, 2 * x->parts - before / 16, first, step, out);
  }
  return false;
}

uint32_t kn_bc_vec_type(const struct kn_bc *r, uint32_t elem, uint64_t n) {
  for (uint32_t i = 0; i < r->types.n; i++) {
    const struct kn_bc_type *t = &r->types.at[i];
    if (t->kind == TK_VECTOR && t->lane && t->count == n && r->m->elems.at[t->first].type == elem)
      return i;
  }
  return UINT32_MAX;
}

/* Is the shuffle of vector `id` that lane everywhere which was inserted just before? What inserts it is not emitted if
 * nobody reads it. */
static bool repeats_inserted(const struct kn_bc *r, uint32_t id, const struct kn_bc_vec *x,
                             uint32_t mask, const struct kn_bc_vec *out) {
  int64_t m;
  if (id != r->fn.inserted.id || !id || x->apart || out->lane != x->lane) return false;
  for (uint32_t k = 0; k < out->n; k++)
    if (!mask_lane(r, mask, k, out->n, &m) || (m != -1 && m != r->fn.inserted.lane)) return false;
  return true;
}

/* [a, b, mask] */
static void shuffle(struct kn_bc *r, const uint64_t *ops, unsigned n) {
  unsigned i = 0;
  uint32_t id, type, mask, mtype;
  struct kn_bc_vec x, y, out;
  if (!kn_bc_operand(r, ops, n, &i, &id, &type)) return;
  if (i >= n) return (void)kn_bc_malformed(r, "a record of the wrong length");
  uint32_t other = r->vals.n - (uint32_t)ops[i++];
  if (!kn_bc_operand(r, ops, n, &i, &mask, &mtype) || !kn_bc_ends(r, "shufflevector", i, n) ||
      !kn_bc_vec_get(r, id, type, &x) || !kn_bc_vec_get(r, other, type, &y))
    return;
  if (r->types.at[mtype].kind != TK_VECTOR) return (void)kn_bc_malformed(r, "bad shuffle mask");
  uint32_t count = (uint32_t)r->types.at[mtype].count;
  uint32_t result = kn_bc_vec_type(r, x.elem, r->types.at[mtype].count);
  if (result == UINT32_MAX || !kn_bc_vec_shape(r, result, &out))
    return (void)kn_bc_unsupported(r, "a shuffle to a vector of this type");
  if (repeats_inserted(r, id, &x, mask, &out)) {
    out.v[0] = kn_bc_vec_one(r, KILN_OP_VSPLAT, out.chunk, out.lane, 0, r->fn.inserted.value);
    for (uint32_t p = 1; p < out.parts; p++) out.v[p] = out.v[0];
    kn_bc_vec_def(r, &out);
    return;
  }
  kiln_value in[2 * KN_BC_MAX_CHUNKS];
  uint16_t bytes[KN_BC_MAX_CHUNKS * 16];
  kn_bc_vec_to_v128(r, &x, in);
  kn_bc_vec_to_v128(r, &y, in + x.parts);
  unsigned a = kiln_type_size(x.lane), b = kiln_type_size(out.lane);
  uint32_t total = out.parts * kiln_type_size(out.chunk);
  for (uint32_t k = 0; k < total; k++) {
    int64_t m = -1;
    if (k / b < count && (!mask_lane(r, mask, k / b, count, &m) || m < -1 || m >= 2 * (int64_t)x.n))
      return (void)kn_bc_malformed(r, "bad shuffle mask");
    unsigned at = k % b < a ? k % b : a - 1;
    if (m < 0) bytes[k] = KN_BC_ANY_BYTE;
    else if (m < x.n) bytes[k] = (uint16_t)((uint32_t)m * a + at);
    else bytes[k] = (uint16_t)(16 * x.parts + ((uint32_t)m - x.n) * a + at);
  }
  if (!at_distance(r, in, &x, mask, &out))
    kn_bc_vec_bytes(r, in, 2 * x.parts, bytes, out.chunk, out.parts, out.v);
  for (uint32_t p = 0; p < out.parts;
       p++) /* may be a register of an operand that is not defined yet */
    if (id >= r->vals.n || other >= r->vals.n)
      out.v[p] = kiln_build_unary(r->f, KILN_OP_COPY, out.chunk, out.v[p]);
  kn_bc_vec_def(r, &out);
}

void kn_bc_vector(struct kn_bc *r, unsigned code, const uint64_t *ops, unsigned n) {
  if (code == FUNC_EXTRACTELT) extract(r, ops, n);
  else if (code == FUNC_INSERTELT) insert(r, ops, n);
  else shuffle(r, ops, n);
}
