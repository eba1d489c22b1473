/* <2 x float>, the one vector type that C without vectors needs: x86-64 passes and returns pairs of
 * floats in it (struct {float, float}, float _Complex). Called by inst.c and int.c.
 * Invariant: a value is an f64 whose bits are the two floats, the first in the lower half. */
#include "bc.h"

static kiln_value as_bits(struct kn_bc *r, kiln_value v) {
  return kiln_build_convert(r->f, KILN_OP_BITCAST, KILN_TYPE_I64, KILN_TYPE_F64, v);
}
static kiln_value as_vector(struct kn_bc *r, kiln_value v) {
  return kiln_build_convert(r->f, KILN_OP_BITCAST, KILN_TYPE_F64, KILN_TYPE_I64, v);
}
static kiln_value binary(struct kn_bc *r, kiln_op op, kiln_value a, kiln_value b) {
  return kiln_build_binary(r->f, op, KILN_TYPE_I64, a, b);
}

/* Lane 0 or 1 of the bits of a vector, as a float. */
static kiln_value lane(struct kn_bc *r, kiln_value bits, unsigned i) {
  if (i) bits = binary(r, KILN_OP_LSHR, bits, kiln_const_int(r->f, 32));
  kiln_value v = kiln_build_convert(r->f, KILN_OP_TRUNC, KILN_TYPE_I32, KILN_TYPE_I64, bits);
  return kiln_build_convert(r->f, KILN_OP_BITCAST, KILN_TYPE_F32, KILN_TYPE_I32, v);
}

/* A float in the lower half of an i64. */
static kiln_value widen(struct kn_bc *r, kiln_value v) {
  v = kiln_build_convert(r->f, KILN_OP_BITCAST, KILN_TYPE_I32, KILN_TYPE_F32, v);
  return kiln_build_convert(r->f, KILN_OP_ZEXT, KILN_TYPE_I64, KILN_TYPE_I32, v);
}

/* The vector of lanes `low` and `high`, each an i64 with the lane in its lower half. */
static kiln_value join(struct kn_bc *r, kiln_value low, kiln_value high) {
  high = binary(r, KILN_OP_SHL, high, kiln_const_int(r->f, 32));
  return as_vector(r, binary(r, KILN_OP_OR, low, high));
}

static bool is_pair(struct kn_bc *r, uint32_t type) {
  return r->types[type].fit == FIT_PAIR || kn_bc_unsupported(r, "vector types");
}

/* The type float. */
static uint32_t element(const struct kn_bc *r, uint32_t type) {
  return r->elems.at[r->types[type].first].type;
}

/* [vector, index] */
static void extract(struct kn_bc *r, const uint64_t *ops, unsigned n) {
  unsigned i = 0;
  uint32_t id, type, index, itype;
  int64_t k;
  if (!kn_bc_operand(r, ops, n, &i, &id, &type) || !is_pair(r, type) ||
      !kn_bc_operand(r, ops, n, &i, &index, &itype))
    return;
  if (!kn_bc_is_int(r, index, &k)) {
    kn_bc_unsupported(r, "variable vector lanes");
    return;
  }
  kn_bc_def(r, element(r, type), lane(r, as_bits(r, kn_bc_use(r, id, type)), k & 1));
}

/* [vector, element, index] */
static void insert(struct kn_bc *r, const uint64_t *ops, unsigned n) {
  unsigned i = 0;
  uint32_t id, type, index, itype;
  int64_t k;
  if (!kn_bc_operand(r, ops, n, &i, &id, &type) || !is_pair(r, type)) return;
  if (i >= n) {
    kn_bc_malformed(r, "a record of the wrong length");
    return;
  }
  uint32_t value = r->n_vals - (uint32_t)ops[i++];
  if (!kn_bc_operand(r, ops, n, &i, &index, &itype)) return;
  if (!kn_bc_is_int(r, index, &k)) {
    kn_bc_unsupported(r, "variable vector lanes");
    return;
  }
  kiln_value v = widen(r, kn_bc_use(r, value, element(r, type)));
  kiln_value bits = as_bits(r, kn_bc_use(r, id, type));
  if (k & 1) {
    bits = binary(r, KILN_OP_AND, bits, kiln_const_int(r->f, UINT32_MAX));
    v = binary(r, KILN_OP_SHL, v, kiln_const_int(r->f, 32));
  } else {
    bits = binary(r, KILN_OP_AND, bits, kiln_const_int(r->f, (int64_t)0xffffffff00000000));
  }
  kn_bc_def(r, type, as_vector(r, binary(r, KILN_OP_OR, bits, v)));
}

/* Lane `i` of a shuffle's mask: 0 to 3, or -1 for any. False if it is no constant. */
static bool mask_lane(const struct kn_bc *r, uint32_t id, uint32_t i, int64_t *out) {
  if (id >= r->inst_base) return false;
  const struct kn_bc_cst *c = &r->csts[id];
  *out = c->kind == CK_UNDEF ? -1 : 0; /* if the whole mask is undefined or zero */
  if (c->kind == CK_NULL || c->kind == CK_UNDEF) return true;
  if (c->kind == CK_DATA && c->n == 2) {
    *out = (int32_t)kn_bc_words(r, c->index)[i];
    return true;
  }
  if (c->kind != CK_AGGREGATE || c->n != 2) return false;
  uint32_t lane_id = kn_bc_list(r, c->index)[i];
  if (lane_id < r->inst_base && r->csts[lane_id].kind == CK_INT_UNDEF) return *out = -1, true;
  return kn_bc_is_int(r, lane_id, out);
}

/* [a, b, mask] */
static void shuffle(struct kn_bc *r, const uint64_t *ops, unsigned n) {
  unsigned i = 0;
  uint32_t id, type, mask, mtype;
  if (!kn_bc_operand(r, ops, n, &i, &id, &type) || !is_pair(r, type)) return;
  if (i >= n) {
    kn_bc_malformed(r, "a record of the wrong length");
    return;
  }
  uint32_t other = r->n_vals - (uint32_t)ops[i++];
  if (!kn_bc_operand(r, ops, n, &i, &mask, &mtype)) return;
  if (r->types[mtype].kind != TK_VECTOR || r->types[mtype].count != 2) {
    kn_bc_unsupported(r, "vector types");
    return;
  }
  kiln_value bits[2] = {as_bits(r, kn_bc_use(r, id, type)), as_bits(r, kn_bc_use(r, other, type))};
  kiln_value out[2];
  for (uint32_t k = 0; k < 2; k++) {
    int64_t m;
    if (!mask_lane(r, mask, k, &m) || m < -1 || m > 3) {
      kn_bc_malformed(r, "bad shuffle mask");
      return;
    }
    kiln_value v = bits[m < 0 ? 0 : m / 2];
    out[k] = m >= 0 && m & 1 ? binary(r, KILN_OP_LSHR, v, kiln_const_int(r->f, 32))
                             : binary(r, KILN_OP_AND, v, kiln_const_int(r->f, UINT32_MAX));
  }
  kn_bc_def(r, type, join(r, out[0], out[1]));
}

void kn_bc_vector(struct kn_bc *r, unsigned code, const uint64_t *ops, unsigned n) {
  if (code == FUNC_EXTRACTELT) extract(r, ops, n);
  else if (code == FUNC_INSERTELT) insert(r, ops, n);
  else shuffle(r, ops, n);
}

kiln_value kn_bc_vector_negate(struct kn_bc *r, kiln_value v) {
  return as_vector(
    r, binary(r, KILN_OP_XOR, as_bits(r, v), kiln_const_int(r->f, (int64_t)0x8000000080000000)));
}

kiln_value kn_bc_vector_binop(struct kn_bc *r, kiln_op op, kiln_value a, kiln_value b) {
  kiln_value x = as_bits(r, a), y = as_bits(r, b), out[2];
  for (unsigned i = 0; i < 2; i++) {
    kiln_value of_x = lane(r, x, i), of_y = lane(r, y, i); /* C does not order arguments */
    out[i] = widen(r, kiln_build_binary(r->f, op, KILN_TYPE_F32, of_x, of_y));
  }
  return join(r, out[0], out[1]);
}
