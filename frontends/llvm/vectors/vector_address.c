/* getelementptr of vectors: an address for each lane, from what is the same in all lanes and what is not. Called by
 * inst.c. An operand is a vector, or a scalar for all lanes. */
#include "bc.h"

/* The number that index `id` is in each lane; false if it is none, or not the same. */
static bool known_index(struct kn_bc *r, uint32_t id, int64_t *k) {
  uint64_t bits;
  if (!kn_bc_is_vector(r, id)) return kn_bc_is_int(r, id, k);
  const struct kn_bc_type *t = &r->types.at[kn_bc_type_of(r, id)];
  if (!kn_bc_vec_is_splat(r, id, &bits) ||
      r->types.at[r->m->elems.at[t->first].type].kind != TK_INT)
    return false;
  unsigned unused = 64 - 8 * kiln_type_size((kiln_type)t->lane);
  *k = (int64_t)(bits << unused) >> unused;
  return true;
}

/* Adds index `id`, which counts `step` bytes, to the addresses of `n` lanes. */
static bool add_index(struct kn_bc *r, uint32_t id, uint64_t step, kiln_value *lanes, uint32_t n) {
  struct kn_bc_vec x;
  bool vector = kn_bc_is_vector(r, id);
  kiln_value all = {0};
  if (!vector) all = kn_bc_index64(r, id);
  else if (!kn_bc_vec_get(r, id, kn_bc_type_of(r, id), &x)) return false;
  if (vector && (x.n != n || x.mask || x.apart || !kiln_type_is_int(x.lane)))
    return kn_bc_unsupported(r, "indices of this type");
  for (uint32_t k = 0; k < n && r->status == KILN_OK; k++) {
    kiln_value v = vector ? kn_bc_vec_lane(r, &x, k) : all;
    if (vector && x.lane != KILN_TYPE_I64)
      v = kiln_build_convert(r->f, KILN_OP_SEXT, KILN_TYPE_I64, x.lane, v);
    bool far = step > 65535; /* what kiln_build_addr can scale by */
    if (far)
      v =
        kiln_build_binary(r->f, KILN_OP_MUL, KILN_TYPE_I64, v, kiln_const_int(r->f, (int64_t)step));
    if (step) lanes[k] = kiln_build_addr(r->f, lanes[k], v, far ? 1 : (unsigned)step, 0);
  }
  return r->status == KILN_OK;
}

bool kn_bc_vec_gep(struct kn_bc *r, uint32_t source, uint32_t base, const uint32_t *idx,
                   unsigned n) {
  uint32_t vector = kn_bc_is_vector(r, base) ? base : UINT32_MAX, type = source;
  for (unsigned i = 0; i < n && vector == UINT32_MAX; i++)
    if (idx[i] < r->vals.n && kn_bc_is_vector(r, idx[i])) vector = idx[i];
  if (vector == UINT32_MAX) return false;
  struct kn_bc_vec x, to;
  kiln_value lanes[KN_BC_MAX_LANES];
  uint32_t count = (uint32_t)r->types.at[kn_bc_type_of(r, vector)].count;
  uint32_t result = kn_bc_vec_type(r, r->m->ptr_type, count);
  if (result == UINT32_MAX || !kn_bc_vec_shape(r, result, &to))
    return kn_bc_unsupported(r, "getelementptr of a vector of this type"), true;
  bool many = kn_bc_is_vector(r, base);
  if (many ? !kn_bc_vec_get(r, base, kn_bc_type_of(r, base), &x)
           : kn_bc_type_of(r, base) != r->m->ptr_type)
    return kn_bc_unsupported(r, "getelementptr of a vector of this type"), true;
  if (many && x.type != result)
    return kn_bc_malformed(r, "getelementptr of something that is not a pointer"), true;
  for (uint32_t k = 0; k < count; k++)
    lanes[k] = many ? kn_bc_vec_lane(r, &x, k) : kn_bc_use(r, base, r->m->ptr_type);
  uint64_t disp = 0;
  for (unsigned i = 0; i < n && r->status == KILN_OK; i++) {
    const struct kn_bc_type *t = &r->types.at[type];
    int64_t k = 0;
    bool known = known_index(r, idx[i], &k);
    if (i > 0 && t->kind == TK_STRUCT) {
      if (!known || (uint64_t)k >= t->n)
        return kn_bc_malformed(r, "struct index out of range"), true;
      disp += r->m->elems.at[t->first + (uint32_t)k].offset;
      type = r->m->elems.at[t->first + (uint32_t)k].type;
      continue;
    }
    if (i > 0 && t->kind != TK_ARRAY)
      return kn_bc_unsupported(r, "getelementptr into a vector"), true;
    if (i > 0) type = r->m->elems.at[t->first].type;
    else if (t->size == 0 && !kn_bc_sized(r, type)) return true;
    if (known) disp += (uint64_t)k * r->types.at[type].size;
    else if (!add_index(r, idx[i], r->types.at[type].size, lanes, count)) return true;
  }
  for (uint32_t k = 0; k < count && disp != 0 && r->status == KILN_OK; k++)
    lanes[k] = kiln_build_binary(r->f, KILN_OP_ADD, KILN_TYPE_I64, lanes[k],
                                 kiln_const_int(r->f, (int64_t)disp));
  kn_bc_vec_from_lanes(r, &to, lanes);
  kn_bc_vec_def(r, &to);
  return true;
}
