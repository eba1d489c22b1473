/* Entries whose attributes are given all at once. Which of its kind's attributes a node has is a set of bits, and the
 * shape of each set that was met is known. Called by the other files that make entries of nodes. */
#include "debug/debug_node.h"

/* How many are known, and in how many places one is looked for. */
enum { SHAPES = 256 /* 2 to the power of 8 */, TRIES = 16 };

static __attribute__((noinline)) kiln_die_shape make(const struct kn_node *x, unsigned tag,
                                                     const struct kn_bc_field *fields,
                                                     uint64_t has) {
  kiln_die_shape_attr attrs[64];
  uint32_t n = 0;
  for (; has != 0; has &= has - 1) {
    const struct kn_bc_field *f = &fields[__builtin_ctzll(has)];
    attrs[n++] = (kiln_die_shape_attr){f->name, f->is};
  }
  return kiln_die_shape_new(x->d, tag, attrs, n);
}

void kn_bc_shaped(const struct kn_node *x, kiln_die e, unsigned tag, kiln_die parent,
                  const struct kn_bc_fields *all) {
  struct kn_bc *r = x->r;
  if (KN_UNLIKELY(r->md.shapes.cap == 0)) {
    if (!KN_BC_ROOM(r, r->md.shapes, SHAPES)) return;
    memset(r->md.shapes.at, 0, SHAPES * sizeof *r->md.shapes.at);
  }
  /* without the addresses of `fields` and `d`: how many shapes meet would depend on where the program lies */
  uint64_t h = kn_mix64(0, tag + (uint64_t)(x->d == r->m->md.debug));
  uint32_t at = (uint32_t)(kn_mix64(h, all->has) >> 56);
  struct kn_bc_shape *s = &r->md.shapes.at[at % SHAPES];
  for (unsigned tries = 1;
       KN_UNLIKELY(s->has != all->has || s->fields != all->fields || s->tag != tag || s->d != x->d);
       tries++) {
    if (!s->d || tries == TRIES)
      *s =
        (struct kn_bc_shape){all->has, all->fields, x->d, tag, make(x, tag, all->fields, all->has)};
    else s = &r->md.shapes.at[++at % SHAPES];
  }
  kiln_die_begin_shaped(x->d, e, s->shape, parent, all->values);
}
