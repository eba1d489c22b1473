/* Lanes of another width or kind, for whole registers: extensions and truncations, the lanes of
 * masks, lanes at a distance, conversions between integers and floats. x86-64 widens by doubling
 * and narrows by halving, with what SSE2 has for that; AArch64 picks any bytes by one
 * instruction. Called by vector.c and vector_ops.c. */
#include "bc.h"

#include <string.h>

static kiln_type lane_type(unsigned bytes) {
  return bytes == 1   ? KILN_TYPE_I8
         : bytes == 2 ? KILN_TYPE_I16
         : bytes == 4 ? KILN_TYPE_I32
                      : KILN_TYPE_I64;
}
static kiln_value as(struct kn_bc *r, kiln_type to, kiln_type from, kiln_value v) {
  return to == from ? v : kn_bc_vec_one(r, KILN_OP_VRESIZE, to, from, 0, v);
}
/* The target's instruction of that name on v128s; none if it does not exist. */
static kiln_value row(struct kn_bc *r, const char *name, kiln_value a, kiln_value b) {
  kiln_machine_info m;
  if (!kiln_machine_find(r->target, name, strlen(name), &m)) return (kiln_value){0};
  a = as(r, m.operands[0], KILN_TYPE_V128, a);
  return as(r, KILN_TYPE_V128, m.result,
            kiln_build_machine(r->f, m.row, (kiln_value[]){a, b}, m.n_operands));
}
static kiln_value splat(struct kn_bc *r, unsigned bytes, uint64_t bits) {
  struct kn_bc_vec x = {.chunk = KILN_TYPE_V128, .lane = lane_type(bytes)};
  return kn_bc_vec_splat(r, &x, bits);
}

/* True where lanes change their width in steps. */
static const bool in_steps[] = {[KILN_PROCESSOR_X86_64] = true, [KILN_PROCESSOR_AARCH64] = false};
_Static_assert(sizeof in_steps / sizeof *in_steps == KILN_PROCESSOR_COUNT,
               "every target has a row");

/* `n` lanes of `bytes` each, in v128s. */
struct lanes {
  uint32_t n, bytes, parts;
  kiln_value v[KN_BC_MAX_CHUNKS + 1]; /* and room for one more to pick bytes from */
};

static uint32_t registers(uint32_t n, uint32_t bytes) { return (n * bytes + 15) / 16; }

static void begin(struct kn_bc *r, const struct kn_bc_vec *x, struct lanes *l) {
  l->n = x->n;
  l->bytes = kiln_type_size(x->lane);
  l->parts = x->parts;
  kn_bc_vec_to_v128(r, x, l->v);
}

/* What is in the upper half of a lane that was doubled. */
enum upper { ZEROS, SIGN, SAME };

/* Doubles the width of lanes. SIGN: the lane is in the upper half, and anything below. */
static void twice(struct kn_bc *r, struct lanes *l, enum upper how) {
  uint16_t bytes[KN_BC_MAX_CHUNKS * 16];
  kiln_value out[KN_BC_MAX_CHUNKS];
  uint32_t a = l->bytes, parts = registers(l->n, 2 * a);
  if (how == ZEROS) l->v[l->parts] = kiln_const_bits(r->f, KILN_TYPE_V128, 0, 0);
  for (uint32_t i = 0; i < 16 * parts; i++) {
    uint32_t k = i / (2 * a), at = i % (2 * a), from = k * a + at % a;
    bytes[i] = (uint16_t)from;
    if (at >= a && how == ZEROS) bytes[i] = (uint16_t)(16 * l->parts + from % 16);
    if (k >= l->n || (at < a && how == SIGN)) bytes[i] = KN_BC_ANY_BYTE;
  }
  kn_bc_vec_bytes(r, l->v, l->parts + (how == ZEROS), bytes, KILN_TYPE_V128, parts, out);
  memcpy(l->v, out, parts * sizeof *out);
  l->parts = parts;
  l->bytes = 2 * a;
}

/* Doubles lanes of 32 bits with their signs, which x86-64 has no shift for. */
static void twice_signed_32(struct kn_bc *r, struct lanes *l) {
  kiln_value out[KN_BC_MAX_CHUNKS];
  uint32_t parts = registers(l->n, 8);
  for (uint32_t i = 0; i < l->parts; i++) {
    uint16_t bytes[32];
    kiln_value in[2] = {
      l->v[i], kn_bc_vec_one(r, KILN_OP_VASHR, KILN_TYPE_V128, KILN_TYPE_I32, 31, l->v[i])};
    for (unsigned k = 0; k < 32; k++) bytes[k] = (uint16_t)((k & 4 ? 16 : 0) + k / 8 * 4 + k % 4);
    kn_bc_vec_bytes(r, in, 2, bytes, KILN_TYPE_V128, parts - 2 * i < 2 ? 1 : 2, out + 2 * i);
  }
  memcpy(l->v, out, parts * sizeof *out);
  l->parts = parts;
  l->bytes = 8;
}

/* Halves lanes. `fits`: each lane, a signed number, is also one of half the width: an unsigned
 * one if that is a byte and not `is_signed`. */
static void half(struct kn_bc *r, struct lanes *l, bool fits, bool is_signed) {
  static const char *const packs[] = {"sse2.packuswb.128", "sse2.packsswb.128",
                                      "sse2.packssdw.128"};
  uint32_t a = l->bytes, parts = registers(l->n, a / 2);
  kiln_value out[KN_BC_MAX_CHUNKS];
  if (a == 8) {
    uint16_t bytes[KN_BC_MAX_CHUNKS * 16];
    for (uint32_t i = 0; i < 16 * parts; i++)
      bytes[i] = (uint16_t)(i / 4 < l->n ? i / 4 * 8 + i % 4 : KN_BC_ANY_BYTE);
    kn_bc_vec_bytes(r, l->v, l->parts, bytes, KILN_TYPE_V128, parts, out);
  } else {
    for (uint32_t i = 0; i < l->parts && !fits; i++) {
      if (a == 4) {
        l->v[i] = kn_bc_vec_one(r, KILN_OP_VSHL, KILN_TYPE_V128, KILN_TYPE_I32, 16, l->v[i]);
        l->v[i] = kn_bc_vec_one(r, KILN_OP_VASHR, KILN_TYPE_V128, KILN_TYPE_I32, 16, l->v[i]);
      } else {
        l->v[i] = kiln_build_binary(r->f, KILN_OP_VAND, KILN_TYPE_V128, l->v[i], splat(r, 2, 0xff));
      }
    }
    for (uint32_t p = 0; p < parts; p++)
      out[p] = row(r, packs[a == 4 ? 2 : fits && is_signed], l->v[2 * p],
                   l->v[2 * p + 1 < l->parts ? 2 * p + 1 : 2 * p]);
  }
  memcpy(l->v, out, parts * sizeof *out);
  l->parts = parts;
  l->bytes = a / 2;
}

/* Lanes of `b` bytes, less than they have. `fits` as in half. */
static void narrow(struct kn_bc *r, struct lanes *l, uint32_t b, bool fits) {
  if (l->bytes == 8) half(r, l, false, false);
  for (uint32_t i = 0; i < l->parts && b == 1 && l->bytes == 4 && !fits; i++)
    l->v[i] = kiln_build_binary(r->f, KILN_OP_VAND, KILN_TYPE_V128, l->v[i], splat(r, 4, 0xff));
  fits |= b == 1 && l->bytes == 4;
  while (l->bytes > b) half(r, l, fits, false);
}

/* The same in one step. */
static void at_once(struct kn_bc *r, unsigned op, struct lanes *l, uint32_t b) {
  uint16_t bytes[KN_BC_MAX_CHUNKS * 16];
  kiln_value out[KN_BC_MAX_CHUNKS];
  uint32_t a = l->bytes, parts = registers(l->n, b);
  l->v[l->parts] = kiln_const_bits(r->f, KILN_TYPE_V128, 0, 0);
  for (uint32_t i = 0; i < 16 * parts; i++) {
    uint32_t k = i / b, at = i % b;
    bytes[i] = (uint16_t)(16 * l->parts + i % 16);
    if (op == CAST_SEXT && at < b - a) bytes[i] = KN_BC_ANY_BYTE;
    else if (op == CAST_SEXT) bytes[i] = (uint16_t)(k * a + at - (b - a));
    else if (at < a) bytes[i] = (uint16_t)(k * a + at);
    if (k >= l->n) bytes[i] = KN_BC_ANY_BYTE;
  }
  kn_bc_vec_bytes(r, l->v, l->parts + 1, bytes, KILN_TYPE_V128, parts, out);
  memcpy(l->v, out, parts * sizeof *out);
  l->parts = parts;
  l->bytes = b;
}

/* Lanes of `b` bytes of integers, by the cast `op`. */
static void resize(struct kn_bc *r, unsigned op, struct lanes *l, uint32_t b) {
  uint32_t a = l->bytes;
  if (a == b) return;
  if (!in_steps[r->target]) {
    at_once(r, op, l, b);
  } else if (op == CAST_TRUNC) {
    narrow(r, l, b, false);
  } else if (op == CAST_SEXT && b == 8) {
    resize(r, op, l, 4);
    twice_signed_32(r, l);
    return;
  } else {
    while (l->bytes < b) twice(r, l, op == CAST_ZEXT ? ZEROS : SIGN);
  }
  for (uint32_t i = 0; i < l->parts && op == CAST_SEXT; i++)
    l->v[i] = kn_bc_vec_one(r, KILN_OP_VASHR, KILN_TYPE_V128, lane_type(b), 8 * (b - a), l->v[i]);
}

void kn_bc_vec_resize(struct kn_bc *r, unsigned op, const struct kn_bc_vec *x,
                      struct kn_bc_vec *to) {
  struct lanes l;
  begin(r, x, &l);
  resize(r, op, &l, kiln_type_size(to->lane));
  kn_bc_vec_from_v128(r, l.v, to);
}

bool kn_bc_vec_resize_mask(struct kn_bc *r, const struct kn_bc_vec *x, struct kn_bc_vec *to) {
  struct lanes l;
  if (!in_steps[r->target]) return false;
  begin(r, x, &l);
  while (l.bytes < kiln_type_size(to->lane)) twice(r, &l, SAME);
  while (l.bytes > kiln_type_size(to->lane)) half(r, &l, true, true);
  kn_bc_vec_from_v128(r, l.v, to);
  return true;
}

bool kn_bc_vec_stride(struct kn_bc *r, const kiln_value *in, uint32_t parts, uint32_t first,
                      uint32_t step, struct kn_bc_vec *to) {
  uint32_t bytes = kiln_type_size(to->lane), all = bytes * step;
  struct lanes l = {.n = to->n, .bytes = all};
  if (!in_steps[r->target] || bytes > 2 || (all != 2 && all != 4 && all != 8) || all == bytes)
    return false;
  l.parts = registers(l.n, all);
  if (l.parts > parts) return false;
  bool top = first == step - 1 && all < 8;
  kiln_op shift = top && bytes == 2 ? KILN_OP_VASHR : KILN_OP_VLSHR;
  for (uint32_t i = 0; i < l.parts; i++)
    l.v[i] = first
               ? kn_bc_vec_one(r, shift, KILN_TYPE_V128, lane_type(all), 8 * bytes * first, in[i])
               : in[i];
  narrow(r, &l, bytes, top);
  kn_bc_vec_from_v128(r, l.v, to);
  return true;
}

/* ---- products ---- */

void kn_bc_vec_extended(struct kn_bc *r, uint32_t source, uint32_t type, bool is_signed) {
  const uint32_t n = KN_BC_EXTENDED;
  if (r->fn.extended.n == 0) {
    if (!KN_BC_ROOM(r, r->fn.extended, n)) return;
    memset(r->fn.extended.at, 0, n * sizeof *r->fn.extended.at);
    r->fn.extended.n = n;
  }
  r->fn.extended.at[r->vals.n % n] = (struct kn_bc_extended){r->vals.n, source, type, is_signed};
}

/* A factor as lanes of half the width: what it was extended from, or a constant that fits; false if it is neither. */
struct factor {
  uint32_t source, type;
  bool is_signed, is_constant; /* of what it was extended from, whose lanes may be narrower still */
  uint64_t constant;
};
static bool factor(struct kn_bc *r, uint32_t id, struct factor *f) {
  const struct kn_bc_extended *e =
    r->fn.extended.n != 0 ? r->fn.extended.at + id % KN_BC_EXTENDED : NULL;
  *f = (struct factor){.is_constant = true};
  if (e != NULL && e->id == id && id != 0) {
    *f = (struct factor){e->source, e->type, e->is_signed, false, 0};
    return true;
  }
  return kn_bc_vec_is_splat(r, id, &f->constant);
}
/* True if the factor is a number of `bits` bits, signed or not. */
static bool factor_fits(struct kn_bc *r, const struct factor *f, bool is_signed, unsigned bits) {
  if (f->is_constant) {
    int64_t k = (int64_t)(f->constant << (64 - 2 * bits)) >> (64 - 2 * bits);
    return is_signed ? k >= -(INT64_C(1) << (bits - 1)) && k < INT64_C(1) << (bits - 1)
                     : k >= 0 && k < INT64_C(1) << bits;
  }
  struct kn_bc_vec x;
  if (!kn_bc_vec_shape(r, f->type, &x)) return false;
  unsigned width = 8 * kiln_type_size(x.lane);
  return width < bits ? is_signed || !f->is_signed : width == bits && is_signed == f->is_signed;
}
static bool factor_lanes(struct kn_bc *r, const struct factor *f, unsigned bytes,
                         const struct lanes *like, struct lanes *out) {
  struct kn_bc_vec x;
  if (f->is_constant) {
    *out = *like;
    for (uint32_t i = 0; i < out->parts; i++) out->v[i] = splat(r, bytes, f->constant);
    return true;
  }
  if (!kn_bc_vec_get(r, f->source, f->type, &x)) return false;
  begin(r, &x, out);
  resize(r, f->is_signed ? CAST_SEXT : CAST_ZEXT, out, bytes);
  return true;
}

bool kn_bc_vec_multiply(struct kn_bc *r, uint32_t a, uint32_t b, uint32_t type,
                        struct kn_bc_vec *out) {
  struct factor f, g;
  struct lanes x, y;
  unsigned bits = 4 * kiln_type_size(out->lane);
  if (!in_steps[r->target] || out->mask || out->chunk != KILN_TYPE_V128 || out->type != type ||
      (bits != 16 && bits != 32) || !factor(r, a, &f) || !factor(r, b, &g) ||
      (f.is_constant && g.is_constant))
    return false;
  bool is_signed = factor_fits(r, &f, true, bits) && factor_fits(r, &g, true, bits);
  bool is_unsigned = factor_fits(r, &f, false, bits) && factor_fits(r, &g, false, bits);
  if (bits == 32) { /* the lower halves of lanes */
    struct kn_bc_vec v, w;
    if (!is_unsigned || !kn_bc_vec_get(r, a, type, &v) || !kn_bc_vec_get(r, b, type, &w))
      return false;
    for (uint32_t i = 0; i < out->parts; i++) out->v[i] = row(r, "sse2.pmulu.dq", v.v[i], w.v[i]);
    return true;
  }
  if (!is_signed && !is_unsigned) return false;
  if (!factor_lanes(r, f.is_constant ? &g : &f, 2, NULL, &x) ||
      !factor_lanes(r, f.is_constant ? &f : &g, 2, &x, &y))
    return false;
  for (uint32_t i = 0; i < x.parts; i++) {
    uint16_t bytes[32];
    kiln_value half[2];
    half[0] =
      kiln_build_vector(r->f, KILN_OP_VMUL, KILN_TYPE_V128, KILN_TYPE_I16, 0, x.v[i], y.v[i]);
    half[1] = row(r, is_signed ? "sse2.pmulh.w" : "sse2.pmulhu.w", x.v[i], y.v[i]);
    for (unsigned k = 0; k < 32; k++) bytes[k] = (uint16_t)((k & 2 ? 16 : 0) + k / 4 * 2 + k % 2);
    kn_bc_vec_bytes(r, half, 2, bytes, KILN_TYPE_V128, out->parts - 2 * i < 2 ? 1 : 2,
                    out->v + 2 * i);
  }
  return true;
}

/* ---- between integers and floats ---- */

static kiln_value two(struct kn_bc *r, kiln_op op, kiln_type lane, kiln_value a, kiln_value b) {
  return kiln_build_vector(r->f, op, KILN_TYPE_V128, lane, 0, a, b);
}
static kiln_value with(struct kn_bc *r, kiln_op op, kiln_value a, kiln_value b) {
  return kiln_build_binary(r->f, op, KILN_TYPE_V128, a, b);
}
static kiln_value down(struct kn_bc *r, unsigned bytes, unsigned n, kiln_value a) {
  return kn_bc_vec_one(r, KILN_OP_VLSHR, KILN_TYPE_V128, lane_type(bytes), n, a);
}

/* The low or high 8 bytes of each register through an instruction of x86-64 that makes 16 of them. */
static void unfold(struct kn_bc *r, const char *name, struct lanes *l) {
  kiln_value out[KN_BC_MAX_CHUNKS];
  uint32_t bytes = l->bytes == 2 ? 4 : 8, parts = registers(l->n, bytes);
  uint16_t high[16];
  for (unsigned k = 0; k < 16; k++) high[k] = (uint16_t)(k < 8 ? k + 8 : KN_BC_ANY_BYTE);
  for (uint32_t p = 0; p < parts; p++) {
    kiln_value v = l->v[p / 2];
    if (p & 1) kn_bc_vec_bytes(r, &l->v[p / 2], 1, high, KILN_TYPE_V128, 1, &v);
    out[p] = row(r, name, v, (kiln_value){0});
  }
  memcpy(l->v, out, parts * sizeof *out);
  l->parts = parts;
  l->bytes = bytes;
}
/* The opposite: an instruction makes 8 bytes of 16; `how`: its second operand, if it has one. */
static void fold(struct kn_bc *r, const char *name, struct lanes *l, kiln_value how) {
  uint32_t bytes = l->bytes / 2, parts = registers(l->n, bytes);
  uint16_t both[16];
  for (unsigned k = 0; k < 16; k++) both[k] = (uint16_t)(k < 8 ? k : k + 8);
  for (uint32_t p = 0; p < parts; p++) {
    kiln_value in[2] = {row(r, name, l->v[2 * p], how)};
    if (2 * p + 1 < l->parts) {
      in[1] = row(r, name, l->v[2 * p + 1], how);
      kn_bc_vec_bytes(r, in, 2, both, KILN_TYPE_V128, 1, &l->v[p]);
    } else {
      l->v[p] = in[0];
    }
  }
  l->parts = parts;
  l->bytes = bytes;
}

/* Unsigned lanes of 32 bits to f32: halves with the exponents of 2^23 and 2^39, whose sum less these rounds once. */
static kiln_value u32_to_f32(struct kn_bc *r, kiln_value v) {
  kiln_value low = with(r, KILN_OP_VAND, v, splat(r, 4, 0xffff));
  low = with(r, KILN_OP_VOR, low, splat(r, 4, 0x4b000000));
  kiln_value high = with(r, KILN_OP_VOR, down(r, 4, 16, v), splat(r, 4, 0x53000000));
  high = two(r, KILN_OP_VFSUB, KILN_TYPE_F32, high, splat(r, 4, 0x53000080));
  return two(r, KILN_OP_VFADD, KILN_TYPE_F32, high, low);
}
/* The same of 64 bits to f64, with 2^52 and 2^84; `small`: they are less than 2^32. */
static kiln_value u64_to_f64(struct kn_bc *r, kiln_value v, bool small) {
  kiln_value base = splat(r, 8, UINT64_C(0x4330000000000000));
  if (small) return two(r, KILN_OP_VFSUB, KILN_TYPE_F64, with(r, KILN_OP_VOR, v, base), base);
  kiln_value low = with(r, KILN_OP_VAND, v, splat(r, 8, 0xffffffff));
  low = with(r, KILN_OP_VOR, low, base);
  kiln_value high =
    with(r, KILN_OP_VOR, down(r, 8, 32, v), splat(r, 8, UINT64_C(0x4530000000000000)));
  high = two(r, KILN_OP_VFSUB, KILN_TYPE_F64, high, splat(r, 8, UINT64_C(0x4530000000100000)));
  return two(r, KILN_OP_VFADD, KILN_TYPE_F64, high, low);
}

static bool ints_to_floats_x86(struct kn_bc *r, bool is_signed, struct lanes *l, unsigned to) {
  bool small = l->bytes < 4 || is_signed;
  if (l->bytes < 4) resize(r, is_signed ? CAST_SEXT : CAST_ZEXT, l, 4);
  if (l->bytes == 8) {
    if (is_signed || to != 8) return false;
    for (uint32_t i = 0; i < l->parts; i++) l->v[i] = u64_to_f64(r, l->v[i], false);
  } else if (to == 4) {
    for (uint32_t i = 0; i < l->parts; i++)
      l->v[i] = small ? kn_bc_vec_one(r, KILN_OP_VSITOF, KILN_TYPE_V128, KILN_TYPE_F32, 0, l->v[i])
                      : u32_to_f32(r, l->v[i]);
  } else if (small) {
    unfold(r, "sse2.cvtdq2pd", l);
  } else {
    resize(r, CAST_ZEXT, l, 8);
    for (uint32_t i = 0; i < l->parts; i++) l->v[i] = u64_to_f64(r, l->v[i], true);
  }
  return true;
}

static bool floats_to_ints_x86(struct kn_bc *r, bool is_signed, struct lanes *l, unsigned to) {
  if (to == 8 || (to == 4 && !is_signed)) return false;
  if (l->bytes == 8) fold(r, "sse2.cvttpd2dq", l, (kiln_value){0});
  else
    for (uint32_t i = 0; i < l->parts; i++)
      l->v[i] = kn_bc_vec_one(r, KILN_OP_VFTOSI, KILN_TYPE_V128, KILN_TYPE_F32, 0, l->v[i]);
  resize(r, CAST_TRUNC, l, to);
  return true;
}

static bool convert_x86(struct kn_bc *r, unsigned op, struct lanes *l, unsigned to) {
  switch (op) {
  case CAST_SITOFP:
  case CAST_UITOFP: return ints_to_floats_x86(r, op == CAST_SITOFP, l, to);
  case CAST_FPTOSI:
  case CAST_FPTOUI: return floats_to_ints_x86(r, op == CAST_FPTOSI, l, to);
  case CAST_FPEXT: return unfold(r, "sse2.cvtps2pd", l), true;
  default: return fold(r, "sse2.cvtpd2ps", l, (kiln_value){0}), true;
  }
}

/* AArch64 converts between lanes of one width. Integers to floats of less width would be rounded twice, other ways. */
static bool convert_arm(struct kn_bc *r, unsigned op, struct lanes *l, unsigned to) {
  bool from_int = op == CAST_SITOFP || op == CAST_UITOFP;
  bool is_signed = op == CAST_SITOFP || op == CAST_FPTOSI;
  if (op == CAST_FPEXT || op == CAST_FPTRUNC) return false;
  if (from_int ? l->bytes > to : l->bytes < to) return false;
  char name[KILN_MAX_MACHINE_NAME];
  if (from_int) {
    resize(r, is_signed ? CAST_SEXT : CAST_ZEXT, l, to);
    memcpy(name, is_signed ? "neon.scvtf" : "neon.ucvtf", 11);
    kn_bc_row_type(name, 16 / to, to == 4 ? KILN_TYPE_F32 : KILN_TYPE_F64);
  } else {
    memcpy(name, is_signed ? "neon.fcvtzs" : "neon.fcvtzu", 12);
    kn_bc_row_type(name, 16 / l->bytes, lane_type(l->bytes));
    kn_bc_row_type(name, 16 / l->bytes, l->bytes == 4 ? KILN_TYPE_F32 : KILN_TYPE_F64);
  }
  for (uint32_t i = 0; i < l->parts; i++) l->v[i] = row(r, name, l->v[i], (kiln_value){0});
  if (!from_int) resize(r, CAST_TRUNC, l, to);
  return true;
}

/* Between halves and f32: false if the processor has no instruction for that. */
static bool convert_halves(struct kn_bc *r, unsigned op, const struct kn_bc_vec *x,
                           struct kn_bc_vec *to) {
  const struct kn_bc_vec *half = op == CAST_FPEXT ? x : to, *other = op == CAST_FPEXT ? to : x;
  struct lanes l;
  bool calls = kn_bc_targets[r->target].half_calls;
  if ((op != CAST_FPEXT && op != CAST_FPTRUNC) || r->types.at[half->elem].soft != SOFT_HALF ||
      other->lane != KILN_TYPE_F32 || (calls && !(r->fn.global->fn_flags & FA_F16C)))
    return false;
  begin(r, x, &l);
  if (op == CAST_FPEXT) unfold(r, calls ? "vcvtph2ps.128" : "neon.vcvthf2fp", &l);
  else /* rounded by the mode */
    fold(r, calls ? "vcvtps2ph.128" : "neon.vcvtfp2hf", &l, kiln_const_int(r->f, 4));
  kn_bc_vec_from_v128(r, l.v, to);
  return true;
}

bool kn_bc_vec_convert(struct kn_bc *r, unsigned op, const struct kn_bc_vec *x,
                       struct kn_bc_vec *to) {
  static bool (*const convert[])(struct kn_bc *, unsigned, struct lanes *, unsigned) = {
    [KILN_PROCESSOR_X86_64] = convert_x86, [KILN_PROCESSOR_AARCH64] = convert_arm};
  _Static_assert(sizeof convert / sizeof *convert == KILN_PROCESSOR_COUNT,
                 "every target has a row");
  struct lanes l;
  bool from_int = op == CAST_SITOFP || op == CAST_UITOFP;
  bool to_int = op == CAST_FPTOSI || op == CAST_FPTOUI;
  if (x->soft || to->soft) return convert_halves(r, op, x, to);
  if (x->mask || to->mask || x->apart || to->apart || op < CAST_FPTOUI || op > CAST_FPEXT ||
      kiln_type_is_int(x->lane) != from_int || kiln_type_is_int(to->lane) != to_int ||
      (!from_int && !to_int && x->lane != (op == CAST_FPEXT ? KILN_TYPE_F32 : KILN_TYPE_F64)) ||
      (!from_int && !to_int && x->lane == to->lane))
    return false;
  begin(r, x, &l);
  if (!convert[r->target] || !convert[r->target](r, op, &l, kiln_type_size(to->lane))) return false;
  kn_bc_vec_from_v128(r, l.v, to);
  return true;
}
