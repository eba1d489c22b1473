/* Operations on lanes that are made of several of the builder's. */
#include "native.h"

static inline kiln_value pop(struct kn_wasm_body *c) {
  return kn_wasm_value(kn_wasm_pop(c, KILN_WASM_TYPE_V128));
}
static inline void push(struct kn_wasm_body *c, kiln_value v) {
  kn_wasm_push(c, KILN_WASM_TYPE_V128, v);
}

/* ---- short names ---- */

static kiln_value lanes(struct kn_wasm_body *c, kiln_op op, kiln_type lane, unsigned number,
                        kiln_value a, kiln_value b) {
  return kiln_build_vector(c->f, op, KILN_TYPE_V128, lane, number, a, b);
}
static kiln_value shift(struct kn_wasm_body *c, kiln_op op, kiln_type lane, unsigned count,
                        kiln_value a) {
  return lanes(c, op, lane, count, a, (kiln_value){0});
}
static kiln_value bits(struct kn_wasm_body *c, kiln_op op, kiln_value a, kiln_value b) {
  return kiln_build_binary(c->f, op, KILN_TYPE_V128, a, b);
}
static kiln_value select(struct kn_wasm_body *c, kiln_value mask, kiln_value a, kiln_value b) {
  return kiln_build_ternary(c->f, KILN_OP_VSELECT, KILN_TYPE_V128, mask, a, b);
}

kiln_value kn_wasm_vconst(struct kn_wasm_body *c, uint64_t low, uint64_t high) {
  return kiln_const_bits(c->func, KILN_TYPE_V128, low, high);
}

static unsigned lane_bits(kiln_type lane) { return 8 * kiln_type_size(lane); }

kiln_value kn_wasm_vsplat_const(struct kn_wasm_body *c, kiln_type lane, uint64_t value) {
  unsigned width = lane_bits(lane);
  if (width < 64) value &= (UINT64_C(1) << width) - 1;
  for (; width < 64; width *= 2) value |= value << width;
  return kn_wasm_vconst(c, value, value);
}

kiln_value kn_wasm_lane(struct kn_wasm_body *c, kiln_type lane, unsigned number, kiln_value v) {
  return kiln_build_vector(c->f, KILN_OP_VEXTRACT, lane, KILN_TYPE_V128, number, v,
                           (kiln_value){0});
}

kiln_value kn_wasm_insert(struct kn_wasm_body *c, kiln_type lane, unsigned number, kiln_value v,
                          kiln_value scalar) {
  return lanes(c, KILN_OP_VINSERT, lane, number, v, scalar);
}

kiln_value kn_wasm_shuffle(struct kn_wasm_body *c, kiln_value a, kiln_value b, kiln_value control) {
  return kiln_build_ternary(c->f, KILN_OP_VSHUFFLE, KILN_TYPE_V128, a, b, control);
}

/* Sixteen bytes of a control, as a constant. */
static kiln_value control_const(struct kn_wasm_body *c, const uint8_t control[16]) {
  uint64_t words[2];
  memcpy(words, control, 16);
  return kn_wasm_vconst(c, words[0], words[1]);
}

/* True if bytes move in lanes of four, or next to each other, which each target has an instruction or two for. */
static bool is_plain(const uint8_t k[16]) {
  bool four = true, next = true, low = true, high = true;
  for (unsigned i = 0; i < 16; i++) {
    four &= k[i] % 4 == i % 4 && k[i] / 4 == k[i & ~3u] / 4;
    next &= k[i] == k[0] + i;
    unsigned mix = i / 2 + (i % 2) * 16; /* bytes of both in turn */
    low &= k[i] == mix;
    high &= k[i] == mix + 8;
  }
  bool words_low = true, words_high = true;
  for (unsigned i = 0; i < 16; i++) {
    unsigned mix = i / 4 * 2 + i % 2 + (i / 2 % 2) * 16;
    words_low &= k[i] == mix;
    words_high &= k[i] == mix + 8;
  }
  return four || next || low || high || words_low || words_high;
}

/* The bytes of operand `which` that the control names, where they go, and zeros. */
static bool pick(struct kn_wasm_body *c, kiln_value v, const uint8_t k[16], unsigned which,
                 kiln_value *out) {
  uint8_t own[16];
  for (unsigned i = 0; i < 16; i++) own[i] = k[i] / 16 == which ? k[i] % 16 : 0x80;
  return kn_wasm_native(c, KN_WASM_NATIVE_PICK, KILN_TYPE_I8,
                        (kiln_value[]){v, control_const(c, own)}, 2, out);
}

kiln_value kn_wasm_shuffle_const(struct kn_wasm_body *c, kiln_value a, kiln_value b,
                                 const uint8_t control[16]) {
  uint8_t k[16];
  bool first = false, second = false;
  kiln_value v, w;
  for (unsigned i = 0; i < 16; i++) {
    k[i] = a.id == b.id ? control[i] & 15 : control[i];
    if (k[i] < 16) first = true;
    else second = true;
  }
  if (is_plain(k) || !pick(c, first ? a : b, k, first ? 0 : 1, &v))
    return kn_wasm_shuffle(c, a, b, control_const(c, control));
  if (!first || !second) return v;
  pick(c, b, k, 1, &w);
  return bits(c, KILN_OP_VOR, v, w);
}

/* ---- signs, extremes ---- */

void kn_wasm_do_vabs(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  kiln_type lane = (kiln_type)o->type;
  kiln_value a = pop(c), v;
  if (kn_wasm_native(c, KN_WASM_NATIVE_ABS, lane, &a, 1, &v)) {
    push(c, v);
    return;
  }
  kiln_value sign = lanes(c, KILN_OP_VICMP, lane, KILN_ICOND_SLT, a, kn_wasm_vconst(c, 0, 0));
  push(c, lanes(c, KILN_OP_VSUB, lane, 0, bits(c, KILN_OP_VXOR, a, sign), sign));
}

void kn_wasm_do_vneg(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  kiln_value a = pop(c);
  push(c, lanes(c, KILN_OP_VSUB, (kiln_type)o->type, 0, kn_wasm_vconst(c, 0, 0), a));
}

/* The target's instruction for the operation on both operands, if it has one: then it is done. */
static bool native_pair(struct kn_wasm_body *c, enum kn_wasm_native op, kiln_type lane,
                        kiln_value a, kiln_value b) {
  kiln_value v;
  if (!kn_wasm_native(c, op, lane, (kiln_value[]){a, b}, 2, &v)) return false;
  push(c, v);
  return true;
}

void kn_wasm_do_vextreme(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  kiln_value b = pop(c), a = pop(c);
  enum kn_wasm_native op = o->x == KILN_ICOND_SLT   ? KN_WASM_NATIVE_MIN_S
                           : o->x == KILN_ICOND_ULT ? KN_WASM_NATIVE_MIN_U
                           : o->x == KILN_ICOND_SGT ? KN_WASM_NATIVE_MAX_S
                                                    : KN_WASM_NATIVE_MAX_U;
  if (native_pair(c, op, (kiln_type)o->type, a, b)) return;
  push(c, select(c, lanes(c, KILN_OP_VICMP, (kiln_type)o->type, o->x, a, b), a, b));
}

void kn_wasm_do_vfabs(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  kiln_type lane = (kiln_type)o->type;
  push(c, bits(c, KILN_OP_VAND, pop(c),
               kn_wasm_vsplat_const(c, lane, ~(UINT64_C(1) << (lane_bits(lane) - 1)))));
}

void kn_wasm_do_vfneg(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  kiln_type lane = (kiln_type)o->type;
  push(c, bits(c, KILN_OP_VXOR, pop(c),
               kn_wasm_vsplat_const(c, lane, UINT64_C(1) << (lane_bits(lane) - 1))));
}

/* As kn_wasm_build_extreme, by lanes; `op` joins the bits of equal operands. */
void kn_wasm_do_vfextreme(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  kiln_type lane = (kiln_type)o->type;
  kiln_value b = pop(c), a = pop(c);
  kiln_value v = select(c, lanes(c, KILN_OP_VFCMP, lane, o->x, a, b), a, b);
  v = select(c, lanes(c, KILN_OP_VFCMP, lane, KILN_FCOND_OEQ, a, b), bits(c, (kiln_op)o->op, a, b),
             v);
  kiln_value sum = lanes(c, KILN_OP_VFADD, lane, 0, a, b);
  push(c, select(c, lanes(c, KILN_OP_VFCMP, lane, KILN_FCOND_UNO, a, b), sum, v));
}

/* b if it is less (greater), else a. */
void kn_wasm_do_vpextreme(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  kiln_value b = pop(c), a = pop(c);
  push(c, select(c, lanes(c, KILN_OP_VFCMP, (kiln_type)o->type, o->x, b, a), b, a));
}

/* ---- shifts ---- */

/* By a number that is not constant: for each of its bits, shifted or not. */
static kiln_value shift_by(struct kn_wasm_body *c, const struct kn_wasm_op *o, kiln_value a,
                           kiln_value count) {
  kiln_func *f = c->f;
  if (f == NULL) return a;
  for (unsigned bit = 1; bit <= o->x; bit *= 2) {
    kiln_value is = kiln_build_binary(f, KILN_OP_AND, KILN_TYPE_I32, count, kn_wasm_int(c, bit));
    is = kiln_build_icmp(f, KILN_ICOND_NE, KILN_TYPE_I32, is, kn_wasm_int(c, 0));
    a = kiln_build_select(f, KILN_TYPE_V128, is,
                          shift(c, (kiln_op)o->op, (kiln_type)o->type, bit, a), a);
  }
  return a;
}

void kn_wasm_do_vshift(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  const struct kn_wasm_operand *e = kn_wasm_pop(c, KILN_WASM_TYPE_I32);
  bool constant = (e->tag & KN_WASM_CONST) != 0;
  unsigned by = constant ? (unsigned)e->constant & o->x : 0;
  kiln_value count = kn_wasm_value(e), a = pop(c);
  if (!constant && c->f != NULL) {
    enum kn_wasm_native op = o->op == KILN_OP_VSHL    ? KN_WASM_NATIVE_SHL
                             : o->op == KILN_OP_VASHR ? KN_WASM_NATIVE_SHR_S
                                                      : KN_WASM_NATIVE_SHR_U;
    kiln_value low =
      kiln_build_binary(c->f, KILN_OP_AND, KILN_TYPE_I32, count, kn_wasm_int(c, o->x));
    if (!kn_wasm_native(c, op, (kiln_type)o->type, (kiln_value[]){a, low}, 2, &a))
      a = shift_by(c, o, a, count);
  }
  if (by != 0) a = shift(c, (kiln_op)o->op, (kiln_type)o->type, by, a);
  push(c, a);
}

/* ---- saturation ---- */

/* What is beyond the range of signed lanes in the direction of `a`. */
static kiln_value limit(struct kn_wasm_body *c, kiln_type lane, kiln_value a) {
  kiln_value sign = lanes(c, KILN_OP_VICMP, lane, KILN_ICOND_SLT, a, kn_wasm_vconst(c, 0, 0));
  return bits(c, KILN_OP_VXOR, sign,
              kn_wasm_vsplat_const(c, lane, (UINT64_C(1) << (lane_bits(lane) - 1)) - 1));
}

/* `v` where `overflows` has no sign, else the limit. */
static kiln_value saturate(struct kn_wasm_body *c, kiln_type lane, kiln_value overflows,
                           kiln_value a, kiln_value v) {
  overflows = lanes(c, KILN_OP_VICMP, lane, KILN_ICOND_SLT, overflows, kn_wasm_vconst(c, 0, 0));
  return select(c, overflows, limit(c, lane, a), v);
}

void kn_wasm_do_vadd_sat_s(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  kiln_type lane = (kiln_type)o->type;
  kiln_value b = pop(c), a = pop(c);
  if (native_pair(c, KN_WASM_NATIVE_ADD_SAT_S, lane, a, b)) return;
  kiln_value v = lanes(c, KILN_OP_VADD, lane, 0, a, b);
  kiln_value overflows =
    bits(c, KILN_OP_VAND, bits(c, KILN_OP_VXOR, a, v), bits(c, KILN_OP_VXOR, b, v));
  push(c, saturate(c, lane, overflows, a, v));
}

void kn_wasm_do_vsub_sat_s(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  kiln_type lane = (kiln_type)o->type;
  kiln_value b = pop(c), a = pop(c);
  if (native_pair(c, KN_WASM_NATIVE_SUB_SAT_S, lane, a, b)) return;
  kiln_value v = lanes(c, KILN_OP_VSUB, lane, 0, a, b);
  kiln_value overflows =
    bits(c, KILN_OP_VAND, bits(c, KILN_OP_VXOR, a, v), bits(c, KILN_OP_VXOR, a, b));
  push(c, saturate(c, lane, overflows, a, v));
}

void kn_wasm_do_vadd_sat_u(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  kiln_type lane = (kiln_type)o->type;
  kiln_value b = pop(c), a = pop(c);
  if (native_pair(c, KN_WASM_NATIVE_ADD_SAT_U, lane, a, b)) return;
  kiln_value v = lanes(c, KILN_OP_VADD, lane, 0, a, b);
  push(c, bits(c, KILN_OP_VOR, v, lanes(c, KILN_OP_VICMP, lane, KILN_ICOND_ULT, v, a)));
}

void kn_wasm_do_vsub_sat_u(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  kiln_type lane = (kiln_type)o->type;
  kiln_value b = pop(c), a = pop(c);
  if (native_pair(c, KN_WASM_NATIVE_SUB_SAT_U, lane, a, b)) return;
  kiln_value v = lanes(c, KILN_OP_VSUB, lane, 0, a, b);
  push(c, bits(c, KILN_OP_VAND, v, lanes(c, KILN_OP_VICMP, lane, KILN_ICOND_UGT, a, b)));
}

/* (a + b + 1) / 2, unsigned. */
void kn_wasm_do_vavgr(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  kiln_type lane = (kiln_type)o->type;
  kiln_value b = pop(c), a = pop(c);
  if (native_pair(c, KN_WASM_NATIVE_AVGR, lane, a, b)) return;
  kiln_value half = shift(c, KILN_OP_VLSHR, lane, 1, bits(c, KILN_OP_VXOR, a, b));
  push(c, lanes(c, KILN_OP_VSUB, lane, 0, bits(c, KILN_OP_VOR, a, b), half));
}

/* Clamps signed lanes. */
static kiln_value clamp(struct kn_wasm_body *c, kiln_type lane, int64_t least, int64_t most,
                        kiln_value v) {
  kiln_value low = kn_wasm_vsplat_const(c, lane, (uint64_t)least),
             high = kn_wasm_vsplat_const(c, lane, (uint64_t)most);
  v = select(c, lanes(c, KILN_OP_VICMP, lane, KILN_ICOND_SLT, v, low), low, v);
  return select(c, lanes(c, KILN_OP_VICMP, lane, KILN_ICOND_SGT, v, high), high, v);
}

void kn_wasm_do_vnarrow(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  kiln_type wide = (kiln_type)o->type, narrow = (kiln_type)o->from;
  unsigned size = kiln_type_size(narrow), width = 8 * size;
  int64_t least = o->x ? -(INT64_C(1) << (width - 1)) : 0,
          most = (INT64_C(1) << (width - (o->x ? 1 : 0))) - 1;
  kiln_value b = pop(c), a = pop(c);
  if (native_pair(c, o->x ? KN_WASM_NATIVE_NARROW_S : KN_WASM_NATIVE_NARROW_U, wide, a, b)) return;
  b = clamp(c, wide, least, most, b);
  a = clamp(c, wide, least, most, a);
  uint8_t control[16];
  for (unsigned i = 0; i < 16; i++) control[i] = (uint8_t)(i / size * 2 * size + i % size);
  push(c, kn_wasm_shuffle(c, a, b, control_const(c, control)));
}

/* ---- extension ---- */

kiln_value kn_wasm_extend_lanes(struct kn_wasm_body *c, kiln_type lane, bool is_signed, bool high,
                                kiln_value v) {
  unsigned size = kiln_type_size(lane);
  kiln_value above = kn_wasm_vconst(c, 0, 0);
  /* signs come by a shift of the doubled lane; processors may have none for 64 bits */
  bool shifted = is_signed && size < 4;
  if (shifted) above = v;
  else if (is_signed) above = lanes(c, KILN_OP_VICMP, lane, KILN_ICOND_SLT, v, above);
  uint8_t control[16];
  for (unsigned i = 0; i < 16; i++)
    control[i] =
      (uint8_t)(i / (2 * size) * size + i % size + (high ? 8 : 0) + (i / size % 2 ? 16 : 0));
  v = kn_wasm_shuffle(c, v, above, control_const(c, control));
  return shifted ? shift(c, KILN_OP_VASHR, size == 1 ? KILN_TYPE_I16 : KILN_TYPE_I32, 8 * size, v)
                 : v;
}

/* x of rows: 2 signed, 1 high. */
static kiln_value extend(struct kn_wasm_body *c, const struct kn_wasm_op *o, kiln_value v) {
  return kn_wasm_extend_lanes(c, (kiln_type)o->type, (o->x & 2) != 0, (o->x & 1) != 0, v);
}

void kn_wasm_do_vextend(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  push(c, extend(c, o, pop(c)));
}

void kn_wasm_do_vextmul(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  kiln_value b = extend(c, o, pop(c)), a = extend(c, o, pop(c));
  push(c, lanes(c, KILN_OP_VMUL, (kiln_type)o->from, 0, a, b));
}

/* The lower or upper half of each lane, extended in its place. */
static kiln_value half(struct kn_wasm_body *c, kiln_type lane, bool is_signed, bool upper,
                       kiln_value v) {
  unsigned by = lane_bits(lane) / 2;
  if (!upper) v = shift(c, KILN_OP_VSHL, lane, by, v);
  return shift(c, is_signed ? KILN_OP_VASHR : KILN_OP_VLSHR, lane, by, v);
}

static kiln_value add_pairs(struct kn_wasm_body *c, kiln_type lane, bool is_signed, kiln_value v) {
  return lanes(c, KILN_OP_VADD, lane, 0, half(c, lane, is_signed, false, v),
               half(c, lane, is_signed, true, v));
}

void kn_wasm_do_vextadd(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  push(c, add_pairs(c, (kiln_type)o->type, o->op != 0, pop(c)));
}

/* The products of halves of lanes, lower or upper ones. */
static kiln_value multiply_halves(struct kn_wasm_body *c, kiln_type lane, bool upper, kiln_value a,
                                  kiln_value b) {
  return lanes(c, KILN_OP_VMUL, lane, 0, half(c, lane, true, upper, a),
               half(c, lane, true, upper, b));
}

static kiln_value dot(struct kn_wasm_body *c, kiln_type lane, kiln_value a, kiln_value b) {
  return lanes(c, KILN_OP_VADD, lane, 0, multiply_halves(c, lane, false, a, b),
               multiply_halves(c, lane, true, a, b));
}

void kn_wasm_do_vdot(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  (void)o;
  kiln_value b = pop(c), a = pop(c);
  if (native_pair(c, KN_WASM_NATIVE_DOT, KILN_TYPE_I16, a, b)) return;
  push(c, dot(c, KILN_TYPE_I32, a, b));
}

void kn_wasm_do_vdot_bytes(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  (void)o;
  kiln_value b = pop(c), a = pop(c);
  push(c, dot(c, KILN_TYPE_I16, a, b));
}

void kn_wasm_do_vdot_add(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  (void)o;
  kiln_value add = pop(c), b = pop(c), a = pop(c);
  push(c, lanes(c, KILN_OP_VADD, KILN_TYPE_I32, 0,
                add_pairs(c, KILN_TYPE_I32, true, dot(c, KILN_TYPE_I16, a, b)), add));
}

/* (a * b + 0x4000) >> 15 of signed lanes; only -1 by -1 leaves the range. */
void kn_wasm_do_vq15mulr(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  (void)o;
  kiln_value b = pop(c), a = pop(c), part[2], most = kn_wasm_vsplat_const(c, KILN_TYPE_I32, 0x7fff);
  for (unsigned i = 0; i < 2; i++) {
    kiln_value v = multiply_halves(c, KILN_TYPE_I32, i != 0, a, b);
    v = lanes(c, KILN_OP_VADD, KILN_TYPE_I32, 0, v, kn_wasm_vsplat_const(c, KILN_TYPE_I32, 0x4000));
    v = shift(c, KILN_OP_VASHR, KILN_TYPE_I32, 15, v);
    part[i] = select(c, lanes(c, KILN_OP_VICMP, KILN_TYPE_I32, KILN_ICOND_SGT, v, most), most, v);
  }
  kiln_value low = bits(c, KILN_OP_VAND, part[0], kn_wasm_vsplat_const(c, KILN_TYPE_I32, 0xffff));
  push(c, bits(c, KILN_OP_VOR, low, shift(c, KILN_OP_VSHL, KILN_TYPE_I32, 16, part[1])));
}

/* Sums of neighbouring bits, of pairs, of fours. */
void kn_wasm_do_vpopcnt(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  (void)o;
  kiln_type lane = KILN_TYPE_I8;
  kiln_value v = pop(c), m = kn_wasm_vsplat_const(c, lane, 0x55);
  v = lanes(c, KILN_OP_VSUB, lane, 0, v,
            bits(c, KILN_OP_VAND, shift(c, KILN_OP_VLSHR, lane, 1, v), m));
  m = kn_wasm_vsplat_const(c, lane, 0x33);
  v = lanes(c, KILN_OP_VADD, lane, 0, bits(c, KILN_OP_VAND, v, m),
            bits(c, KILN_OP_VAND, shift(c, KILN_OP_VLSHR, lane, 2, v), m));
  v = lanes(c, KILN_OP_VADD, lane, 0, v, shift(c, KILN_OP_VLSHR, lane, 4, v));
  push(c, bits(c, KILN_OP_VAND, v, kn_wasm_vsplat_const(c, lane, 0x0f)));
}

/* ---- lane by lane ---- */

/* F32 to I32, saturating: NaN is made 0 first; what is 2^31 or more gets the least I32, whose bits are then turned. */
static kiln_value truncate(struct kn_wasm_body *c, kiln_value a) {
  kiln_value v;
  kiln_value number = lanes(c, KILN_OP_VFCMP, KILN_TYPE_F32, KILN_FCOND_OEQ, a, a);
  a = bits(c, KILN_OP_VAND, a, number);
  if (!kn_wasm_native(c, KN_WASM_NATIVE_TRUNC_32, KILN_TYPE_I32, &a, 1, &v)) return a;
  kiln_value above = lanes(c, KILN_OP_VFCMP, KILN_TYPE_F32, KILN_FCOND_OGE, a,
                           kn_wasm_vsplat_const(c, KILN_TYPE_F32, 0x4f000000));
  return bits(c, KILN_OP_VXOR, v, above);
}

/* By an instruction for all lanes, if there is one. */
static bool convert_natively(struct kn_wasm_body *c, const struct kn_wasm_op *o, kiln_value a,
                             kiln_value *out) {
  static const struct {
    uint8_t op, to, from;
    enum kn_wasm_native native;
  } rows[] = {{KILN_OP_FTOSIS, KILN_TYPE_I32, KILN_TYPE_F32, KN_WASM_NATIVE_TRUNC_32},
              {KILN_OP_SITOF, KILN_TYPE_F64, KILN_TYPE_I32, KN_WASM_NATIVE_CONVERT},
              {KILN_OP_FPROMOTE, KILN_TYPE_F64, KILN_TYPE_F32, KN_WASM_NATIVE_PROMOTE},
              {KILN_OP_FDEMOTE, KILN_TYPE_F32, KILN_TYPE_F64, KN_WASM_NATIVE_DEMOTE}};
  for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
    if (o->op != rows[i].op || o->type != rows[i].to || o->from != rows[i].from) continue;
    if (rows[i].native == KN_WASM_NATIVE_TRUNC_32) {
      if (!kn_wasm_has_native(c, rows[i].native, KILN_TYPE_I32)) return false;
      *out = truncate(c, a);
      return true;
    }
    return kn_wasm_native(c, rows[i].native, KILN_TYPE_I32, &a, 1, out);
  }
  return false;
}

/* Converts the lowest lanes; what the result has beyond is 0. */
void kn_wasm_do_vconvert(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  kiln_value a = pop(c), v;
  kiln_type to = (kiln_type)o->type, from = (kiln_type)o->from;
  if (convert_natively(c, o, a, &v)) {
    push(c, v);
    return;
  }
  v = kn_wasm_vconst(c, 0, 0);
  for (unsigned i = 0; i < o->x; i++)
    v = kn_wasm_insert(
      c, to, i, v, kiln_build_convert(c->f, (kiln_op)o->op, to, from, kn_wasm_lane(c, from, i, a)));
  push(c, v);
}

/* a * b + c, or c - a * b, rounded once. */
void kn_wasm_do_vmadd(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  kiln_type lane = (kiln_type)o->type;
  kiln_value add = pop(c), b = pop(c), a = pop(c), v = add;
  for (unsigned i = 0; i < o->x; i++) {
    kiln_value x = kn_wasm_lane(c, lane, i, a);
    if (o->op) x = kiln_build_unary(c->f, KILN_OP_FNEG, lane, x);
    x = kiln_build_ternary(c->f, KILN_OP_FMA, lane, x, kn_wasm_lane(c, lane, i, b),
                           kn_wasm_lane(c, lane, i, add));
    v = kn_wasm_insert(c, lane, i, v, x);
  }
  push(c, v);
}
