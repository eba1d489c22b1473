/* Values: a value is a run of parts, one for each scalar of its type (kn_bc_split); a scalar is a run of one. What is
 * done with a value whatever its type is (phi, select, freeze, call, ret, ...) is done with each part. What depends on
 * the type is in a row of kn_bc_kinds, but for plain scalars, which frequent.h does itself.
 * Invariant: no run in kn_bc_function.parts is written again once it is a value. Part of bc.h. */
#ifndef KN_LLVM_VALUE_H
#define KN_LLVM_VALUE_H

/* The parts of a value: of a scalar only `one`, else n from `first` on in kn_bc_function.parts. */
struct kn_bc_run {
  uint32_t first, n; /* first UINT32_MAX: `one` */
  kiln_value one;
};

/* Finds the parts of value `id`, which is used as one of `type`; false (reported) if it has none. */
bool kn_bc_run_parts(struct kn_bc *r, uint32_t id, uint32_t type, struct kn_bc_run *x);
static inline bool kn_bc_run(struct kn_bc *r, uint32_t id, uint32_t type, struct kn_bc_run *x) {
  if (KN_UNLIKELY(kn_bc_in_parts(&r->types.at[type]))) return kn_bc_run_parts(r, id, type, x);
  x->n = 1;
  x->first = UINT32_MAX;
  x->one = kn_bc_use(r, id, type);
  return r->status == KILN_OK;
}
static inline kiln_value kn_bc_part(const struct kn_bc *r, const struct kn_bc_run *x, uint32_t k) {
  return x->first == UINT32_MAX ? x->one : r->fn.parts.at[x->first + k];
}
/* The same for a value that must not be a scalar: index of its first part; UINT32_MAX if that fails. */
uint32_t kn_bc_parts(struct kn_bc *r, uint32_t id, uint32_t type);
/* Number of the parts of `type`, which is split; Kiln's type of part k. */
static inline uint32_t kn_bc_n_parts(const struct kn_bc_type *t) {
  return kn_bc_in_parts(t) ? t->n_pieces : 1;
}
static inline kiln_type kn_bc_part_type(const struct kn_bc *r, const struct kn_bc_type *t,
                                        uint32_t k) {
  if (kn_bc_in_parts(t)) t = &r->types.at[r->type_pieces.at[t->piece_first + k].type];
  return (kiln_type)t->ktype;
}
/* Defines the next value by its parts: as many as `type`, which is split, has. */
void kn_bc_define_parts(struct kn_bc *r, uint32_t type, const kiln_value *parts);
static inline void kn_bc_define(struct kn_bc *r, uint32_t type, const kiln_value *parts) {
  if (KN_UNLIKELY(kn_bc_in_parts(&r->types.at[type]))) kn_bc_define_parts(r, type, parts);
  else kn_bc_def(r, type, parts[0]);
}
/* Defines the next value as `n` of the parts of another one. */
void kn_bc_define_within(struct kn_bc *r, uint32_t type, const struct kn_bc_run *x, uint32_t from);

/* Defines the next value, of any type that can be one, as loaded; stores value `id`. */
void kn_bc_load_value(struct kn_bc *r, kiln_value a, uint32_t type, unsigned mem);
void kn_bc_store_value(struct kn_bc *r, kiln_value a, uint32_t id, uint32_t type, unsigned mem);

/* What depends on the kind of a type, unless it is a scalar that fills its Kiln type. Each defines the next value but
 * `store` and `cast`, and reports what there is not. */
struct kn_bc_kind_ops {
  void (*load)(struct kn_bc *r, kiln_value a, uint32_t type, unsigned mem);
  void (*store)(struct kn_bc *r, kiln_value a, uint32_t id, uint32_t type, unsigned mem);
  void (*binop)(struct kn_bc *r, unsigned op, uint32_t a, uint32_t b, uint32_t type);
  void (*compare)(struct kn_bc *r, uint32_t a, uint32_t b, uint32_t type, uint64_t pred);
  void (*negate)(struct kn_bc *r, uint32_t id, uint32_t type);
  /* Of the kind that comes last, of the two. Gives the value, unless that is no scalar: then it defines it. */
  kiln_value (*cast)(struct kn_bc *r, unsigned op, uint32_t a, uint32_t from, uint32_t to);
};
extern const struct kn_bc_kind_ops kn_bc_kinds[]; /* by enum kn_bc_kind */

#endif
