/* Operations on vectors in generated programs: vectors are made of integers, and read as integers, where they are
 * used. Of floats, whose NaN have any payload, only comparisons are made. Called by gen_ops.c. */
#include "gen.h"

static kiln_value build(struct gen *g, kiln_op op, kiln_type type, kiln_type lane, unsigned number,
                        kiln_value a, kiln_value b) {
  return kiln_build_vector(g->f, op, type, lane, number, a, b);
}

/* A vector of `type` from integers. */
static kiln_value some_vector(struct gen *g, kiln_type type) {
  kiln_value low = gen_operand(g, KILN_TYPE_I64);
  kiln_value v = build(g, KILN_OP_VSPLAT, type, KILN_TYPE_I64, 0, low, (kiln_value){0});
  if (type == KILN_TYPE_V64) return v;
  kiln_value high = gen_operand(g, KILN_TYPE_I64);
  return build(g, KILN_OP_VINSERT, type, KILN_TYPE_I64, 1, v, high);
}

void gen_vector(struct gen *g, kiln_op op) {
  kiln_type type = gen_pick(g, 2) ? KILN_TYPE_V128 : KILN_TYPE_V64;
  kiln_type lane = (kiln_type)(KILN_TYPE_I8 + gen_pick(g, 4));
  unsigned size = kiln_type_size(type), lanes = size / kiln_type_size(lane);
  unsigned number = gen_pick(g, lanes);
  kiln_value a = some_vector(g, type), b = some_vector(g, type), v = a, none = {0};
  switch ((unsigned)op) {
  case KILN_OP_VSIGNS:
    v = build(g, op, KILN_TYPE_I32, type, kiln_type_size(lane), a, none);
    gen_add(g, KILN_TYPE_I32, v, false);
    return;
  case KILN_OP_VAND:
  case KILN_OP_VOR:
  case KILN_OP_VXOR:
  case KILN_OP_VANDN: v = kiln_build_binary(g->f, op, type, a, b); break;
  case KILN_OP_VSELECT: v = kiln_build_ternary(g->f, op, type, a, b, some_vector(g, type)); break;
  case KILN_OP_VSHUFFLE: { /* numbers of bytes that exist */
    uint64_t mask = (2 * size - 1) * UINT64_C(0x0101010101010101);
    uint64_t low = gen_bits(g, 8) & mask, high = gen_bits(g, 8) & mask;
    v = kiln_build_ternary(g->f, op, type, a, b, kiln_const_bits(g->f, type, low, high));
    break;
  }
  case KILN_OP_VADD:
  case KILN_OP_VSUB:
  case KILN_OP_VMUL: v = build(g, op, type, lane, 0, a, b); break;
  case KILN_OP_VICMP: v = build(g, op, type, lane, gen_pick(g, KILN_ICOND_COUNT), a, b); break;
  case KILN_OP_VFCMP:
    v = build(g, op, type, gen_pick(g, 2) ? KILN_TYPE_F64 : KILN_TYPE_F32,
              gen_pick(g, KILN_FCOND_COUNT), a, b);
    break;
  case KILN_OP_VSHL:
  case KILN_OP_VLSHR:
  case KILN_OP_VASHR:
    v = build(g, op, type, lane, gen_pick(g, 8 * kiln_type_size(lane)), a, none);
    break;
  case KILN_OP_VSPLAT: v = build(g, op, type, lane, 0, gen_operand(g, lane), none); break;
  case KILN_OP_VINSERT: v = build(g, op, type, lane, number, a, gen_operand(g, lane)); break;
  case KILN_OP_VEXTRACT: break;
  default: return;
  }
  gen_add(g, lane, build(g, KILN_OP_VEXTRACT, lane, type, number, v, none), false);
}
