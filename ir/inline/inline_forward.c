/* Loads, stores and copies of slots that are split (inline_split.c), while they are built: a copy is made piece by
 * piece, and a load of a piece that the block has stored or loaded before is that value. Called by inline_replay.c.
 *
 * Invariant: `known` says what a piece has at the end of the current block as far as it is built. Nothing but what
 * comes here changes a split slot: its address is nowhere. */
#include "ir/builder/builder.h"
#include "ir/inline/inline_replay.h"

/* ---- what is known ---- */

/* The number that says "in the block that is being built". */
static uint32_t stamp(struct kn_replay *r) {
  if (r->known_block != r->g->current + 1) {
    r->known_block = r->g->current + 1;
    r->room->stamp++;
  }
  return r->room->stamp;
}

bool kn_forward_begin(struct kn_replay *r) {
  struct kn_inline_room *room = r->room;
  uint32_t before = room->known.n, n = room->piece_types.n;
  if (n > before) {
    if (!KN_ROOM(r->g, room->known, n - before)) return false;
    memset(room->known.at + before, 0, (n - before) * sizeof *room->known.at);
    room->known.n = n;
  }
  if (room->stamp > UINT32_MAX / 2) { /* before it wraps: a function has fewer blocks */
    memset(room->known.at, 0, room->known.n * sizeof *room->known.at);
    room->stamp = 0;
  }
  return true;
}

static struct kn_known *known_at(struct kn_replay *r, const struct kn_split *s, uint32_t at) {
  return &r->room->known.at[s->types + at];
}

static unsigned type_at(const struct kn_replay *r, const struct kn_split *s, uint32_t at) {
  return r->room->piece_types.at[s->types + at];
}

static void know(struct kn_replay *r, const struct kn_split *s, uint32_t at, uint32_t h) {
  *known_at(r, s, at) = (struct kn_known){h, stamp(r)};
}

/* ---- pieces ---- */

/* Value `h` of type `from` as one of another type of the same size. */
static uint32_t as_type(struct kn_replay *r, uint32_t h, unsigned from, unsigned to) {
  kiln_func *g = r->g;
  uint64_t bits[2];
  if (from == to) return h;
  if (kn_build_number(g, h, from, bits))
    return kiln_const_bits(g, (kiln_type)to, bits[0], bits[1]).id;
  const struct kn_inst *made = kn_is_value(h) ? &g->inst[h] : NULL;
  if (made != NULL && made->op == KILN_OP_BITCAST && made->x == to && kn_is_value(made->a))
    return made->a;
  return kiln_build_convert(g, KILN_OP_BITCAST, (kiln_type)to, (kiln_type)from, (kiln_value){h}).id;
}

/* What the piece of slot `h` at `at` has. */
static uint32_t get(struct kn_replay *r, const struct kn_split *s, uint32_t h, uint32_t at) {
  const struct kn_known *k = known_at(r, s, at);
  if (k->stamp == stamp(r)) return k->value;
  const kiln_type type = (kiln_type)type_at(r, s, at);
  uint32_t v = kiln_build_load(r->g, type, (kiln_value){h}, (int32_t)at, 0).id;
  know(r, s, at, v);
  return v;
}

static void set(struct kn_replay *r, const struct kn_split *s, uint32_t h, uint32_t at,
                uint32_t v) {
  kiln_build_store(r->g, (kiln_type)type_at(r, s, at), (kiln_value){h}, (int32_t)at,
                   (kiln_value){v}, 0);
  know(r, s, at, v);
}

/* Does the piece at `at` belong to the set? It does wholly, or not at all. */
static bool has(kn_bytes set, uint32_t at) { return set >> at & 1; }

/* The piece of slot `h` at `at`, which nothing reads, would become `v`, or what is not known (0): nothing is built. */
static void pass_store(struct kn_replay *r, const struct kn_split *s, uint32_t h, uint32_t at,
                       uint32_t v) {
  if (v != 0) know(r, s, at, v);
  else known_at(r, s, at)->stamp = 0;
  if (KN_UNLIKELY(r->g->debug.subprogram != 0))
    kn_replay_passed(r, h, at, 1u << kn_type_log2[type_at(r, s, at)], v);
}

struct kn_ref kn_forward_load(struct kn_replay *r, struct kn_ref at, const struct kn_inst *in) {
  const struct kn_split *s = kn_forward_slot(r, at);
  unsigned mem = KN_MEM_TYPE(in->x);
  uint32_t o = (uint32_t)at.disp, v = as_type(r, get(r, s, at.h, o), type_at(r, s, o), mem);
  if (mem == in->type) return (struct kn_ref){v, 0};
  kiln_op op = in->x & KILN_MEM_SEXT ? KILN_OP_SEXT : KILN_OP_ZEXT;
  kiln_value wide =
    kiln_build_convert(r->g, op, (kiln_type)in->type, (kiln_type)mem, (kiln_value){v});
  return (struct kn_ref){wide.id, 0};
}

void kn_forward_store(struct kn_replay *r, struct kn_ref at, unsigned type, uint32_t value) {
  const struct kn_split *s = kn_forward_slot(r, at);
  uint32_t o = (uint32_t)at.disp;
  if (has(s->read, o)) set(r, s, at.h, o, as_type(r, value, type, type_at(r, s, o)));
  else pass_store(r, s, at.h, o, value);
}

/* ---- copies ---- */

/* Where pieces of a slot begin among `size` bytes at `at`. If `size` is 0, `at` may be outside the slot: the scan does
 * not check it. */
static kn_bytes pieces_in(const struct kn_split *s, uint32_t at, uint32_t size) {
  return size != 0 ? s->starts & kn_first_bytes(size) << at : 0;
}

/* `size` bytes of a slot, which nothing reads, would become those at `from`: nothing is built. */
static void pass_copy(struct kn_replay *r, struct kn_ref to, struct kn_ref from, uint32_t size) {
  if (KN_UNLIKELY(r->g->debug.subprogram != 0)) kn_replay_passed_copy(r, to, from, size);
}

/* From anywhere to split slot `d`. */
static void copy_to(struct kn_replay *r, const struct kn_split *d, struct kn_ref to,
                    struct kn_ref from, uint32_t size) {
  const struct kn_split *s = kn_forward_slot(r, from);
  if (d->starts == 0 && size != 0) pass_copy(r, to, from, size);
  for (kn_bytes left = pieces_in(d, (uint32_t)to.disp, size); left != 0; left &= left - 1) {
    uint32_t at = kn_lowest_byte(left), o = at - (uint32_t)to.disp, v;
    unsigned type = type_at(r, d, at);
    if (!has(d->read, at) && s == NULL) {
      const int32_t disp = (int32_t)((uint32_t)from.disp + o); /* wraps outside a slot */
      known_at(r, d, at)->stamp = 0;
      pass_copy(r, (struct kn_ref){to.h, (int32_t)at}, (struct kn_ref){from.h, disp},
                1u << kn_type_log2[type]);
    } else if (!has(d->read, at)) {
      const struct kn_known *k = known_at(r, s, (uint32_t)from.disp + o);
      pass_store(r, d, to.h, at, k->stamp == stamp(r) ? k->value : 0);
    } else {
      if (s != NULL) {
        uint32_t f = (uint32_t)from.disp + o;
        if (!has(s->written, f)) continue; /* any bits: also what was there */
        v = as_type(r, get(r, s, from.h, f), type_at(r, s, f), type);
      } else {
        const uint32_t disp = (uint32_t)from.disp + o; /* wraps outside a slot */
        v = kiln_build_load(r->g, (kiln_type)type, (kiln_value){from.h}, (int32_t)disp, 0).id;
      }
      set(r, d, to.h, at, v);
    }
  }
}

/* From split slot `s` to memory. What was never written is not copied: it is any bits. */
static void copy_from(struct kn_replay *r, const struct kn_split *s, struct kn_ref to,
                      struct kn_ref from, uint32_t size) {
  for (kn_bytes left = pieces_in(s, (uint32_t)from.disp, size); left != 0; left &= left - 1) {
    const uint32_t at = kn_lowest_byte(left);
    if (!has(s->written, at)) continue;
    const uint32_t disp = (uint32_t)to.disp + at - (uint32_t)from.disp; /* wraps outside a slot */
    kiln_build_store(r->g, (kiln_type)type_at(r, s, at), (kiln_value){to.h}, (int32_t)disp,
                     (kiln_value){get(r, s, from.h, at)}, 0);
  }
}

void kn_forward_copy(struct kn_replay *r, struct kn_ref to, struct kn_ref from, uint32_t size) {
  const struct kn_split *d = kn_forward_slot(r, to);
  if (to.h == from.h) return; /* to itself: inline_split.c has seen to that */
  if (d != NULL) copy_to(r, d, to, from, size);
  else copy_from(r, kn_forward_slot(r, from), to, from, size);
}

void kn_forward_fill(struct kn_replay *r, struct kn_ref to, unsigned byte, uint32_t size) {
  const struct kn_split *d = kn_forward_slot(r, to);
  const uint64_t bits = (byte & 255) * UINT64_C(0x0101010101010101);
  if (d->starts == 0 && size != 0 && r->g->debug.subprogram != 0)
    kn_replay_passed(r, to.h, (uint32_t)to.disp, size, 0);
  for (kn_bytes left = pieces_in(d, (uint32_t)to.disp, size); left != 0; left &= left - 1) {
    const uint32_t at = kn_lowest_byte(left);
    const uint32_t v = kiln_const_bits(r->g, (kiln_type)type_at(r, d, at), bits, bits).id;
    if (has(d->read, at)) set(r, d, to.h, at, v);
    else pass_store(r, d, to.h, at, v);
  }
}
