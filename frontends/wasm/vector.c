/* Vectors: loads, lanes, shuffles. What no operation of the builder does is made of several in lanes.c. */
#include "native.h"

#include <kiln/inspect.h>

static inline kiln_value pop(struct kn_wasm_body *c) {
  return kn_wasm_value(kn_wasm_pop(c, KILN_WASM_TYPE_V128));
}
static inline void push(struct kn_wasm_body *c, kiln_value v) {
  kn_wasm_push(c, KILN_WASM_TYPE_V128, v);
}

/* ---- memory ---- */

void kn_wasm_do_vload_extend(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  kiln_value v = kn_wasm_read_load(c, KILN_TYPE_V64, KILN_TYPE_V64, 3);
  v =
    kiln_build_vector(c->f, KILN_OP_VRESIZE, KILN_TYPE_V128, KILN_TYPE_V64, 0, v, (kiln_value){0});
  push(c, kn_wasm_extend_lanes(c, (kiln_type)o->type, o->x != 0, false, v));
}

/* Lanes of 32 and 64 bits are loaded and stored as floats, which are in vector registers. */
void kn_wasm_do_vload_splat(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  kiln_value v = kn_wasm_read_load(c, (kiln_type)o->type, (kiln_type)o->type, o->x);
  push(c, kiln_build_vector(c->f, KILN_OP_VSPLAT, KILN_TYPE_V128, (kiln_type)o->type, 0, v,
                            (kiln_value){0}));
}

void kn_wasm_do_vload_zero(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  kiln_value v = kn_wasm_read_load(c, (kiln_type)o->type, (kiln_type)o->type, o->x);
  push(c, kn_wasm_insert(c, (kiln_type)o->type, 0, kn_wasm_vconst(c, 0, 0), v));
}

/* Reads the number of a lane. */
static unsigned read_lane(struct kn_wasm_body *c, unsigned n) {
  uint8_t lane = kn_wasm_byte(&c->in);
  if (lane >= n) KN_WASM_INVALID(&c->in, c->op_at, "invalid lane index %u", lane);
  return lane;
}

void kn_wasm_do_vload_lane(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  kiln_value vector = pop(c),
             v = kn_wasm_read_load(c, (kiln_type)o->type, (kiln_type)o->type, o->x);
  unsigned lane = read_lane(c, 16u >> o->x);
  push(c, kn_wasm_insert(c, (kiln_type)o->type, lane, vector, v));
}

void kn_wasm_do_vstore_lane(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  int32_t disp;
  kiln_value vector = pop(c), at = kn_wasm_read_address(c, o->x, &disp);
  unsigned lane = read_lane(c, 16u >> o->x);
  kn_wasm_touch_end(c, 1u << o->x, at, disp);
  kiln_build_store(c->f, (kiln_type)o->type, at, disp,
                   kn_wasm_lane(c, (kiln_type)o->type, lane, vector), 0);
}

/* ---- constants, lanes ---- */

void kn_wasm_do_vconst(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  (void)o;
  uint64_t bits[2];
  memcpy(bits, kn_wasm_bytes(&c->in, 16), 16);
  kn_wasm_push_tag(c, KILN_WASM_TYPE_V128 | KN_WASM_LOCAL, kn_wasm_vconst(c, bits[0], bits[1]));
}

/* The operand as a lane: the low bits of an I32. */
static kiln_value narrow(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  kiln_value v = kn_wasm_value(kn_wasm_pop(c, o->in));
  if (o->type == o->from) return v;
  return kiln_build_convert(c->f, KILN_OP_TRUNC, (kiln_type)o->type, (kiln_type)o->from, v);
}

void kn_wasm_do_vsplat(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  kiln_value v = narrow(c, o);
  push(c, kiln_build_vector(c->f, KILN_OP_VSPLAT, KILN_TYPE_V128, (kiln_type)o->type, 0, v,
                            (kiln_value){0}));
}

void kn_wasm_do_vextract(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  unsigned lane = read_lane(c, o->x);
  kiln_value v = kn_wasm_lane(c, (kiln_type)o->type, lane, pop(c));
  if (o->type != o->from)
    v = kiln_build_convert(c->f, o->op ? KILN_OP_SEXT : KILN_OP_ZEXT, (kiln_type)o->from,
                           (kiln_type)o->type, v);
  kn_wasm_push(c, o->out, v);
}

void kn_wasm_do_vreplace(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  unsigned lane = read_lane(c, o->x);
  kiln_value v = narrow(c, o);
  push(c, kn_wasm_insert(c, (kiln_type)o->type, lane, pop(c), v));
}

void kn_wasm_do_vshuffle(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  (void)o;
  const uint8_t *bytes = kn_wasm_bytes(&c->in, 16);
  for (unsigned i = 0; i < 16; i++)
    if (bytes[i] >= 32) KN_WASM_INVALID(&c->in, c->op_at, "invalid lane index %u", bytes[i]);
  kiln_value b = pop(c), a = pop(c);
  push(c, kn_wasm_shuffle_const(c, a, b, bytes));
}

/* Bytes that the control does not name are 0. */
void kn_wasm_do_vswizzle(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  (void)o;
  kiln_value control = pop(c), a = pop(c), v;
  /* 16 becomes 128, and what is greater, too, or more */
  kiln_value with[2] = {control, kn_wasm_vsplat_const(c, KILN_TYPE_I8, 0x70)};
  if (kn_wasm_native(c, KN_WASM_NATIVE_ADD_SAT_U, KILN_TYPE_I8, with, 2, &v) &&
      kn_wasm_native(c, KN_WASM_NATIVE_PICK, KILN_TYPE_I8, (kiln_value[]){a, v}, 2, &v)) {
    push(c, v);
    return;
  }
  v = kn_wasm_shuffle(c, a, a, control);
  kiln_value most = kn_wasm_vsplat_const(c, KILN_TYPE_I8, 16);
  kiln_value named = kiln_build_vector(c->f, KILN_OP_VICMP, KILN_TYPE_V128, KILN_TYPE_I8,
                                       KILN_ICOND_ULT, control, most);
  push(c, kiln_build_binary(c->f, KILN_OP_VAND, KILN_TYPE_V128, v, named));
}

/* ---- one operation of the builder ---- */

void kn_wasm_do_vbinary(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  kiln_value b = pop(c), a = pop(c);
  push(c, kiln_build_vector(c->f, (kiln_op)o->op, KILN_TYPE_V128, (kiln_type)o->type, o->x, a, b));
}

void kn_wasm_do_vunary(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  push(c, kiln_build_vector(c->f, (kiln_op)o->op, KILN_TYPE_V128, (kiln_type)o->type, 0, pop(c),
                            (kiln_value){0}));
}

void kn_wasm_do_vbitselect(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  (void)o;
  kiln_value mask = pop(c), b = pop(c), a = pop(c);
  push(c, kiln_build_ternary(c->f, KILN_OP_VSELECT, KILN_TYPE_V128, mask, a, b));
}

void kn_wasm_do_vnot(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  (void)o;
  push(c, kiln_build_binary(c->f, KILN_OP_VXOR, KILN_TYPE_V128, pop(c),
                            kn_wasm_vconst(c, UINT64_MAX, UINT64_MAX)));
}

/* The lanes of `bytes` bytes that are 0, as bits. */
static kiln_value zeros(struct kn_wasm_body *c, kiln_type lane, unsigned bytes, kiln_value v) {
  v = kiln_build_vector(c->f, KILN_OP_VICMP, KILN_TYPE_V128, lane, KILN_ICOND_EQ, v,
                        kn_wasm_vconst(c, 0, 0));
  return kiln_build_vector(c->f, KILN_OP_VSIGNS, KILN_TYPE_I32, KILN_TYPE_V128, bytes, v,
                           (kiln_value){0});
}

static void push_icmp(struct kn_wasm_body *c, kiln_icond cond, kiln_value v, int64_t with) {
  v = kiln_build_icmp(c->f, cond, KILN_TYPE_I32, v, kn_wasm_int(c, with));
  kn_wasm_push_tag(c, KILN_WASM_TYPE_I32 | KN_WASM_BOOL, v);
}

void kn_wasm_do_vany_true(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  (void)o;
  push_icmp(c, KILN_ICOND_NE, zeros(c, KILN_TYPE_I8, 1, pop(c)), 0xffff);
}

void kn_wasm_do_vall_true(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  push_icmp(c, KILN_ICOND_EQ, zeros(c, (kiln_type)o->type, 1, pop(c)), 0);
}

void kn_wasm_do_vbitmask(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  kn_wasm_push(c, KILN_WASM_TYPE_I32,
               kiln_build_vector(c->f, KILN_OP_VSIGNS, KILN_TYPE_I32, KILN_TYPE_V128, o->x, pop(c),
                                 (kiln_value){0}));
}
