/* How vectors are passed to functions and returned: as LLVM's legalization of types splits them into
 * registers, which C's ABI knows nothing of for most types of vectors. Called by sigs.c, which makes
 * signatures of that, and by call.c, which moves values in and out.
 *
 * A vector whose lanes fill a register of the processor, or several, is in these. Fewer lanes than
 * fill one are in its first ones; AArch64, which has registers of 64 bits too, widens integers of
 * shorter vectors instead, until they fill 64 bits. A number of lanes that is no power of two is
 * passed as the next one if that fits into one register, else each lane is a scalar. Lanes of i1 and
 * other odd integers are in the narrowest ones above their width that fill a register, else scalars.
 * tests/run/vectors/calls.py compares all of that with LLVM. */
#include "bc.h"

/* Bits of the widest register that functions of these flags use. */
static uint64_t widest(unsigned flags) {
  return flags & KN_BC_SIG_AVX512 ? 512 : flags & KN_BC_SIG_AVX ? 256 : 128;
}
/* Is there a register of exactly so many bits? */
static bool is_register(const struct kn_bc *r, uint64_t bits, unsigned flags) {
  if (bits == 64) return kn_bc_targets[r->target].short_vectors;
  return bits == 128 || ((bits == 256 || bits == 512) && bits <= widest(flags));
}

/* So many registers of `bits` bits, with lanes of `lane`. */
static void in_registers(const struct kn_bc_vec *x, struct kn_bc_passed *p, uint64_t bits,
                         uint64_t n, kiln_type lane) {
  p->how = kiln_type_size(lane) == kiln_type_size(x->lane) ? PASSED_WHOLE : PASSED_RESIZED;
  p->wide = bits > 128 ? (uint8_t)(bits / 128) : 0;
  p->type = p->how == PASSED_WHOLE ? x->chunk : bits == 64 ? KILN_TYPE_V64 : KILN_TYPE_V128;
  p->lane = lane;
  p->n = (uint32_t)(bits <= 128 ? n : n * bits / 128);
}
/* One scalar for each lane. */
static void in_lanes(const struct kn_bc *r, const struct kn_bc_vec *x, struct kn_bc_passed *p) {
  bool short_vectors = kn_bc_targets[r->target].short_vectors;
  p->how = PASSED_LANES;
  p->n = x->n;
  p->type = p->lane = x->mask ? KILN_TYPE_I8 : x->lane;
  if (x->soft) p->type = KILN_TYPE_F32;
  if (x->mask) p->lane = x->lane;
  if (x->lane == KILN_TYPE_I64 && short_vectors && !x->odd && !x->mask)
    p->type = p->lane = KILN_TYPE_F64;
  if (x->lane == KILN_TYPE_I128 && !short_vectors) { /* halves, without the alignment of an i128 */
    p->type = p->lane = KILN_TYPE_I64;
    p->n *= 2;
  }
}
static kiln_type int_of(unsigned bits) {
  return bits == 8    ? KILN_TYPE_I8
         : bits == 16 ? KILN_TYPE_I16
         : bits == 32 ? KILN_TYPE_I32
                      : KILN_TYPE_I64;
}

/* Lanes of i1 or another odd integer of up to 64 bits. */
static void odd_lanes(const struct kn_bc *r, const struct kn_bc_vec *x, unsigned flags,
                      struct kn_bc_passed *p) {
  unsigned own = x->mask ? 1 : r->types.at[x->elem].bits;
  for (unsigned bits = 8; bits <= 64 && x->n > 1 && (x->n & (x->n - 1)) == 0; bits *= 2) {
    if (bits <= own || !is_register(r, (uint64_t)x->n * bits, flags)) continue;
    in_registers(x, p, (uint64_t)x->n * bits, 1, int_of(bits));
    return;
  }
  in_lanes(r, x, p);
}

/* Lanes that fill their types. */
static void full_lanes(const struct kn_bc *r, const struct kn_bc_vec *x, unsigned flags,
                       struct kn_bc_passed *p) {
  bool short_vectors = kn_bc_targets[r->target].short_vectors, power = (x->n & (x->n - 1)) == 0;
  unsigned lane = 8 * kiln_type_size(x->lane);
  uint64_t up = 1, least = short_vectors ? 64 : 128;
  while (up < x->n) up *= 2;
  uint64_t bits = up * lane;
  if (x->n == 1 && !short_vectors && !x->soft) {
    in_lanes(r, x, p);
  } else if (bits < least) {
    bool integer = kiln_type_is_int(x->lane) && !x->soft;
    if (integer && !power) in_lanes(r, x, p);
    else if (integer && short_vectors && x->n > 1)
      in_registers(x, p, 64, 1, int_of((unsigned)(64 / up)));
    else in_registers(x, p, least, 1, x->lane);
  } else if (is_register(r, bits, flags)) {
    in_registers(x, p, bits, 1, x->lane);
  } else if (power) {
    in_registers(x, p, widest(flags), bits / widest(flags), x->lane);
  } else {
    in_lanes(r, x, p);
  }
}

bool kn_bc_vec_passed(struct kn_bc *r, uint32_t type, unsigned flags, struct kn_bc_passed *p) {
  struct kn_bc_vec x;
  if (!kn_bc_vec_shape(r, type, &x)) return false;
  *p = (struct kn_bc_passed){0};
  if (x.lane == KILN_TYPE_F128 || x.lane == KILN_TYPE_V128) in_registers(&x, p, 128, x.n, x.lane);
  else if (x.lane == KILN_TYPE_I128) in_lanes(r, &x, p);
  else if (x.mask || x.odd) odd_lanes(r, &x, flags, p);
  else full_lanes(r, &x, flags, p);
  if (x.odd && x.lane == KILN_TYPE_I64 && p->how == PASSED_LANES && x.n > 1 &&
      kn_bc_targets[r->target].short_vectors) /* the first one would be in an even register */
    return kn_bc_unsupported(r, "parameters and results of vectors of such integers");
  p->quad = x.lane == KILN_TYPE_F128 || x.lane == KILN_TYPE_V128;
  if (p->wide != 4) return true;
  if (flags & KN_BC_SIG_NARROW)
    return kn_bc_unsupported(r, "512-bit vectors where min-legal-vector-width is less");
  /* Without AVX512BW they are scalars, and a processor's name may stand for it. */
  if (x.mask && !(flags & KN_BC_SIG_AVX512BW))
    return kn_bc_unsupported(r, "masks of 64 lanes where registers have 512 bits");
  return true;
}

/* The registers of *x as *p has them: other lanes, or two for one. */
static struct kn_bc_vec view(const struct kn_bc_vec *x, const struct kn_bc_passed *p) {
  struct kn_bc_vec v = *x;
  if (p->how == PASSED_LANES && p->lane != x->lane) {
    v.n = p->n;
    v.lane = p->lane;
    v.per = kiln_type_size(x->chunk) / kiln_type_size(p->lane);
  }
  return v;
}
/* A vector of the lanes of *x in one register, as wide as *p has them. */
static struct kn_bc_vec resized(const struct kn_bc_vec *x, const struct kn_bc_passed *p) {
  struct kn_bc_vec v = {.elem = x->elem, .n = x->n, .parts = 1, .lane = p->lane, .chunk = p->type};
  v.per = kiln_type_size(v.chunk) / kiln_type_size(v.lane);
  return v;
}
static kiln_value convert_int(struct kn_bc *r, kiln_type to, kiln_type from, kiln_value v) {
  unsigned a = kiln_type_size(to), b = kiln_type_size(from);
  return a == b ? v : kiln_build_convert(r->f, a < b ? KILN_OP_TRUNC : KILN_OP_ZEXT, to, from, v);
}
/* What is 0 or 1 in bit 0, as that. */
static kiln_value truth(struct kn_bc *r, kiln_type from, kiln_value v) {
  v = convert_int(r, KILN_TYPE_I8, from, v);
  return kiln_build_binary(r->f, KILN_OP_AND, KILN_TYPE_I8, v, kiln_const_int(r->f, 1));
}

void kn_bc_vec_give(struct kn_bc *r, uint32_t type, const struct kn_bc_passed *p,
                    const kiln_value *parts, kiln_value *out) {
  struct kn_bc_vec x;
  if (!kn_bc_vec_shape(r, type, &x)) return;
  for (uint32_t i = 0; i < x.parts; i++) x.v[i] = parts[i];
  if (p->how == PASSED_WHOLE) {
    for (uint32_t i = 0; i < p->n; i++) /* beyond the last lane is anything */
      out[i] = x.v[i < x.parts ? i : x.parts - 1];
    return;
  }
  if (p->how == PASSED_LANES) {
    const struct kn_bc_vec v = view(&x, p);
    for (uint32_t k = 0; k < v.n; k++) {
      out[k] = kn_bc_vec_lane(r, &v, k);
      if (x.soft) out[k] = kn_bc_soft_pass(r, &r->types.at[x.elem], out[k]);
    }
    return;
  }
  kiln_value lanes[KN_BC_MAX_LANES];
  struct kn_bc_vec to = resized(&x, p);
  for (uint32_t k = 0; k < x.n; k++)
    lanes[k] = convert_int(r, p->lane, x.mask ? KILN_TYPE_I8 : x.lane, kn_bc_vec_lane(r, &x, k));
  kn_bc_vec_from_lanes(r, &to, lanes);
  out[0] = to.v[0];
}

void kn_bc_vec_take(struct kn_bc *r, uint32_t type, const struct kn_bc_passed *p,
                    const kiln_value *in, kiln_value *parts) {
  struct kn_bc_vec x;
  if (!kn_bc_vec_shape(r, type, &x)) return;
  if (p->how == PASSED_WHOLE && !x.mask) {
    for (uint32_t i = 0; i < x.parts; i++) parts[i] = in[i];
    return;
  }
  kiln_value lanes[KN_BC_MAX_LANES];
  if (p->how == PASSED_LANES) {
    struct kn_bc_vec v = view(&x, p);
    for (uint32_t k = 0; k < v.n; k++)
      lanes[k] = x.soft   ? kn_bc_soft_take(r, &r->types.at[x.elem], in[k])
                 : x.mask ? truth(r, KILN_TYPE_I8, in[k])
                          : in[k];
    kn_bc_vec_from_lanes(r, &v, lanes);
    for (uint32_t i = 0; i < x.parts; i++) parts[i] = v.v[i];
    return;
  }
  /* what is above the bits of a lane is anything: a mask's lanes have to be ones or zeros */
  struct kn_bc_vec from = p->how == PASSED_WHOLE ? x : resized(&x, p);
  from.mask = false;
  for (uint32_t i = 0; i < p->n; i++) from.v[i] = in[i];
  for (uint32_t k = 0; k < x.n; k++) {
    kiln_value v = kn_bc_vec_lane(r, &from, k);
    lanes[k] = x.mask ? truth(r, from.lane, v) : convert_int(r, x.lane, from.lane, v);
  }
  kn_bc_vec_from_lanes(r, &x, lanes);
  for (uint32_t i = 0; i < x.parts; i++) parts[i] = x.v[i];
}
