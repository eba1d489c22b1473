/* Operations on vectors, lane by lane on their bytes. Called by run.c. Lanes of floats are computed as scalars are,
 * by number.c. */
#include "interp.h"

static uint64_t get(const uint8_t *bytes, unsigned size, unsigned k) {
  uint64_t v = 0;
  memcpy(&v, bytes + (size_t)size * k, size);
  return v;
}
static void put(uint8_t *bytes, unsigned size, unsigned k, uint64_t v) {
  memcpy(bytes + (size_t)size * k, &v, size);
}

static uint64_t sign_extend(uint64_t v, unsigned bits) {
  return (uint64_t)((int64_t)(v << (64 - bits)) >> (64 - bits));
}

/* One lane of type `type` of an operation on two. */
static uint64_t lane(unsigned op, unsigned type, unsigned number, uint64_t a, uint64_t b) {
  unsigned bits = kn_interp_bits(type);
  switch (op) {
  case KILN_OP_VADD: return a + b;
  case KILN_OP_VSUB: return a - b;
  case KILN_OP_VMUL: return a * b;
  case KILN_OP_VSHL: return a << number;
  case KILN_OP_VLSHR: return a >> number;
  case KILN_OP_VASHR: return (uint64_t)((int64_t)sign_extend(a, bits) >> number);
  case KILN_OP_VICMP: return kn_interp_icmp(number, bits, a, b) ? UINT64_MAX : 0;
  case KILN_OP_VFCMP: return kn_interp_fcmp(number, type, &a, &b) ? UINT64_MAX : 0;
  case KILN_OP_VFADD: return kn_interp_float(KILN_OP_FADD, type, false, a, b, 0);
  case KILN_OP_VFSUB: return kn_interp_float(KILN_OP_FSUB, type, false, a, b, 0);
  case KILN_OP_VFMUL: return kn_interp_float(KILN_OP_FMUL, type, false, a, b, 0);
  case KILN_OP_VFDIV: return kn_interp_float(KILN_OP_FDIV, type, false, a, b, 0);
  case KILN_OP_VFSQRT: return kn_interp_float(KILN_OP_FSQRT, type, false, a, 0, 0);
  case KILN_OP_VSITOF: return (uint64_t)kn_interp_convert(KILN_OP_SITOF, type, KILN_TYPE_I32, a);
  case KILN_OP_VFTOSI: return (uint64_t)kn_interp_convert(KILN_OP_FTOSI, KILN_TYPE_I32, type, a);
  default: return 0;
  }
}

kn_u128 kn_interp_vector(const struct kn_ins *i, const uint64_t *a, const uint64_t *b,
                         const uint64_t *c) {
  unsigned op = i->x, type = i->y & 255, number = i->y >> 8;
  bool extracts = op == KILN_OP_VEXTRACT || op == KILN_OP_VSIGNS;
  unsigned vector = extracts ? type : i->type, total = kiln_type_size((kiln_type)vector);
  unsigned size = kiln_type_size((kiln_type)type);
  uint8_t x[16] = {0}, y[16] = {0}, z[16] = {0}, out[16] = {0};
  uint64_t v = 0;
  memcpy(x, a, op == KILN_OP_VSPLAT || op == KILN_OP_VRESIZE ? 8 : total);
  if (op != KILN_OP_VSPLAT && op != KILN_OP_VRESIZE && !extracts)
    memcpy(y, b, op == KILN_OP_VINSERT ? 8 : total);
  switch (op) {
  case KILN_OP_VSPLAT:
    for (unsigned k = 0; k < total / size; k++) put(out, size, k, *a);
    break;
  case KILN_OP_VRESIZE: put(out, 8, 0, *a); break;
  case KILN_OP_VEXTRACT: return get(x, kiln_type_size((kiln_type)i->type), number);
  case KILN_OP_VSIGNS:
    for (unsigned k = 0; k < total / number; k++)
      v |= (uint64_t)(x[(k + 1) * number - 1] >> 7) << k;
    return v;
  case KILN_OP_VINSERT:
    memcpy(out, x, total);
    put(out, size, number, *b);
    break;
  case KILN_OP_VAND:
  case KILN_OP_VOR:
  case KILN_OP_VXOR:
  case KILN_OP_VANDN:
    for (unsigned k = 0; k < total; k++)
      out[k] = op == KILN_OP_VAND  ? x[k] & y[k]
               : op == KILN_OP_VOR ? x[k] | y[k]
                                   : (op == KILN_OP_VXOR ? x[k] ^ y[k] : x[k] & (uint8_t)~y[k]);
    break;
  case KILN_OP_VSELECT:
    memcpy(z, c, total);
    for (unsigned k = 0; k < total; k++) out[k] = (x[k] & y[k]) | ((uint8_t)~x[k] & z[k]);
    break;
  case KILN_OP_VSHUFFLE:
    memcpy(z, c, total);
    for (unsigned k = 0; k < total; k++)
      out[k] = z[k] < total ? x[z[k]] : z[k] < 2 * total ? y[z[k] - total] : 0xa5;
    break;
  default:
    for (unsigned k = 0; k < total / size; k++)
      put(out, size, k, lane(op, type, number, get(x, size, k), get(y, size, k)));
    break;
  }
  kn_u128 result;
  memcpy(&result, out, sizeof result);
  return result;
}
