/* Which slots are taken apart, and where: each access is to be one of a whole piece, and a copy is to copy whole
 * pieces, so that both slots of a copy have the same pieces in it. What one slot says of its bytes goes through
 * copies to the others until nothing changes. A slot for which that cannot be is memory, and stays as it is.
 * docs/internals/forwarding.md says what for. Called by the scan.
 *
 * Invariant: what is noted of a slot only grows, so that the search ends. */
#include "ir/inline/inline_replay.h"

/* Most pieces of a slot that is copied: with more, one copy costs less. */
enum { MOST_PIECES = 16 };
/* Most rounds over all copies. */
enum { MOST_ROUNDS = 64 };

/* ---- sets of bytes ---- */

/* `n` bytes from `at` on, which is in the slot. */
static kn_bytes bytes_at(uint32_t at, uint32_t n) { return kn_first_bytes(n) << at; }
/* Byte `at`, or nothing if that is after the largest slot. */
static kn_bytes byte_at(uint32_t at) { return at < KN_SPLIT_MOST ? (kn_bytes)1 << at : 0; }

static bool add(kn_bytes *to, kn_bytes what) {
  kn_bytes was = *to;
  *to |= what;
  return *to != was;
}

static uint32_t count(kn_bytes set) {
  return (uint32_t)(__builtin_popcountll((uint64_t)set) +
                    __builtin_popcountll((uint64_t)(set >> 64)));
}

/* ---- what is noted ---- */

/* What is noted of slot `h`; NULL: it is none. */
static struct kn_split *noted_at(const struct kn_replay *r, uint32_t h) {
  uint32_t i = kn_is_slot(h) ? kn_index(h) : UINT32_MAX;
  return i < r->room->splits.n ? &r->room->splits.at[i] : NULL;
}

/* The same; NULL, too, if the slot is memory. */
static struct kn_split *split_at(const struct kn_replay *r, uint32_t h) {
  struct kn_split *s = noted_at(r, h);
  return s != NULL && !s->memory ? s : NULL;
}

bool kn_split_new(struct kn_replay *r, const struct kn_inline_level *l, uint32_t slot) {
  struct kn_inline_room *room = r->room;
  const struct kn_slot *is = &r->g->slots.at[slot];
  struct kn_split s = {.size_bytes = is->size_bytes, .types = room->piece_types.n};
  /* where debuggers are to show variables all the time, and to change them, the code does what the source says */
  s.memory =
    r->whole || !kn_debug_as_is(l->f) || is->size_bytes > KN_SPLIT_MOST || is->align_log2 > 4;
  if (!s.memory) {
    if (!KN_ROOM(r->g, room->piece_types, is->size_bytes)) return false;
    if (is->size_bytes != 0)
      memset(room->piece_types.at + room->piece_types.n, KILN_TYPE_VOID, is->size_bytes);
    room->piece_types.n += is->size_bytes;
  }
  return KN_PUSH(r->g, room->splits, s);
}

void kn_split_escape(struct kn_replay *r, struct kn_ref at) {
  struct kn_split *s = split_at(r, at.h);
  if (s != NULL) s->memory = true;
}

/* True if `size` bytes at `at` are in the slot, and some; else it is memory. */
static bool inside(struct kn_split *s, int32_t at, uint64_t size) {
  if (at >= 0 && size <= s->size_bytes && (uint32_t)at <= s->size_bytes - size) return true;
  s->memory = true;
  return false;
}

/* Which of two types a piece has: floats and vectors are computed with in other registers than integers, which may be
 * what somebody copied them as. */
static unsigned better(unsigned a, unsigned b) {
  if (a == KILN_TYPE_VOID) return b;
  return kn_type_is_int(a) && b != KILN_TYPE_VOID ? b : a;
}

void kn_split_access(struct kn_replay *r, struct kn_ref at, unsigned type, unsigned flags,
                     bool store) {
  struct kn_split *s = split_at(r, at.h);
  uint32_t size = 1u << kn_type_log2[type], o = (uint32_t)at.disp;
  if (s == NULL || !inside(s, at.disp, size)) return;
  uint8_t *is = &r->room->piece_types.at[s->types + o];
  kn_bytes *used = store ? &s->written : &s->read;
  const kn_bytes first = byte_at(o);
  if (*is == type && (*used & s->starts & first) && !(flags & KILN_MEM_VOLATILE))
    return;                                                   /* as before */
  if ((flags & KILN_MEM_VOLATILE) || type == KILN_TYPE_F80) { /* of which 6 bytes are no part */
    s->memory = true;
    return;
  }
  const kn_bytes end = byte_at(o + size), all = end - first;
  s->starts |= first;
  s->cuts |= first | end;
  s->inner |= all & ~first;
  *used |= all;
  *is = (uint8_t)better(*is, type);
}

void kn_split_fill(struct kn_replay *r, struct kn_ref to, uint64_t size) {
  struct kn_split *s = split_at(r, to.h);
  if (s == NULL || size == 0 || !inside(s, to.disp, size)) return;
  s->cuts |= byte_at((uint32_t)to.disp) | byte_at((uint32_t)(to.disp + (int32_t)size));
  s->written |= bytes_at((uint32_t)to.disp, (uint32_t)size);
}

/* Notes that `size` bytes of a slot, which are in it, are copied. */
static void copied(struct kn_split *s, int32_t at, uint64_t size) {
  s->cuts |= byte_at((uint32_t)at) | byte_at((uint32_t)at + (uint32_t)size);
  s->copied = true;
}

/* Does a 32-bit displacement reach each of the `size` bytes at `at`? */
static bool is_near(struct kn_ref at, uint64_t size) {
  return size <= INT32_MAX && at.disp + (int64_t)size <= INT32_MAX;
}

void kn_split_copy(struct kn_replay *r, struct kn_ref to, struct kn_ref from, uint64_t size) {
  if (!is_near(to, size) || !is_near(from, size)) {
    kn_split_escape(r, to);
    kn_split_escape(r, from);
  }
  struct kn_split *d = split_at(r, to.h), *s = split_at(r, from.h);
  if (size == 0 || (d == NULL && s == NULL)) return;
  if (d == s) {
    if (to.disp != from.disp) d->memory = true; /* a part of the slot to another one */
    return;
  }
  if (d != NULL && !inside(d, to.disp, size)) d = NULL;
  if (s != NULL && !inside(s, from.disp, size)) s = NULL;
  if (d != NULL) copied(d, to.disp, size);
  if (s != NULL) copied(s, from.disp, size);
  r->copies = true;
  if (d != NULL && s != NULL)
    (void)KN_PUSH(r->g, r->room->copies, (struct kn_slot_copy){to, from, (uint32_t)size});
  else if (d != NULL) d->written |= bytes_at((uint32_t)to.disp, (uint32_t)size);
  else if (s != NULL) s->read |= bytes_at((uint32_t)from.disp, (uint32_t)size);
}

/* ---- from slot to slot ---- */

/* The two sides of a copy; NULL: memory. */
struct sides {
  struct kn_split *to, *from;
  uint32_t to_at, from_at, size;
};

static struct sides sides_of(const struct kn_replay *r, const struct kn_slot_copy *c) {
  return (struct sides){split_at(r, c->to.h), split_at(r, c->from.h), (uint32_t)c->to.disp,
                        (uint32_t)c->from.disp, c->size};
}

/* Makes two sets the same within a copy. */
static bool agree(const struct sides *c, kn_bytes *to, kn_bytes *from) {
  kn_bytes both = (*to >> c->to_at | *from >> c->from_at) & kn_first_bytes(c->size);
  bool changed = add(to, both << c->to_at);
  return add(from, both << c->from_at) || changed;
}

static bool agree_types(struct kn_replay *r, const struct sides *c) {
  uint8_t *types = r->room->piece_types.at, *to = types + c->to->types + c->to_at,
          *from = types + c->from->types + c->from_at;
  bool changed = false;
  for (kn_bytes left = c->to->starts >> c->to_at & kn_first_bytes(c->size); left != 0;
       left &= left - 1) {
    uint32_t o = kn_lowest_byte(left);
    unsigned type = better(to[o], from[o]);
    changed |= to[o] != type || from[o] != type;
    to[o] = from[o] = (uint8_t)type;
  }
  return changed;
}

/* A slot in which something begins within a piece is memory. */
static bool falls_to_memory(struct kn_split *s) {
  if (s == NULL || (s->cuts & s->inner) == 0) return false;
  return s->memory = true;
}

/* What a copy says of its sides; false: nothing new. */
static bool flow(struct kn_replay *r, const struct kn_slot_copy *copy) {
  const struct sides c = sides_of(r, copy);
  const kn_bytes all = kn_first_bytes(c.size);
  struct kn_split *to = c.to, *from = c.from;
  bool changed = false;
  if (to == NULL && from == NULL) return false;
  if (from == NULL) {
    changed |= add(&to->written, all << c.to_at);
  } else if (to == NULL) {
    changed |= add(&from->read, all << c.from_at);
  } else {
    changed |= agree(&c, &to->cuts, &from->cuts);
    changed |= agree(&c, &to->starts, &from->starts);
    changed |= agree(&c, &to->inner, &from->inner);
    changed |= add(&to->written, (from->written >> c.from_at & all) << c.to_at);
    changed |= add(&from->read, (to->read >> c.to_at & all) << c.from_at);
    changed |= agree_types(r, &c);
  }
  changed |= falls_to_memory(to);
  return falls_to_memory(from) || changed;
}

/* Bytes that are only copied are pieces, too; both sides agree on which they are. */
static bool carry(struct kn_replay *r, const struct kn_slot_copy *copy) {
  const struct sides c = sides_of(r, copy);
  return c.to != NULL && c.from != NULL && agree(&c, &c.to->carry, &c.from->carry);
}

/* Has anything new been noted of a side of a copy in this round or the one before it? */
static bool is_new(const struct kn_split *s, uint32_t round) { return round - s->round <= 1; }

/* Goes over all copies, forwards and backwards in turn, until nothing changes; false: too often. After the first round
 * only those say anything new of whose sides something new was noted. */
static bool until_stable(struct kn_replay *r,
                         bool (*step)(struct kn_replay *, const struct kn_slot_copy *)) {
  const struct kn_inline_room *room = r->room;
  const uint32_t n = room->copies.n;
  bool changed = true;
  for (uint32_t i = 0; i < room->splits.n; i++) room->splits.at[i].round = UINT32_MAX / 2;
  for (uint32_t round = 0; changed; round++) {
    if (round == MOST_ROUNDS) return false;
    changed = false;
    for (uint32_t k = 0; k < n; k++) {
      const struct kn_slot_copy *copy = &room->copies.at[round & 1 ? n - 1 - k : k];
      struct kn_split *to = noted_at(r, copy->to.h), *from = noted_at(r, copy->from.h);
      if (round != 0 && !is_new(to, round) && !is_new(from, round)) continue;
      if (!step(r, copy)) continue;
      to->round = from->round = round;
      changed = true;
    }
  }
  return true;
}

/* ---- pieces for what is only copied ---- */

/* Makes pieces of the bytes that a slot carries: words, from the beginning of each run of them. */
static void fill_with_words(struct kn_replay *r, struct kn_split *s) {
  static const uint8_t words[] = {KILN_TYPE_I64, KILN_TYPE_I32, KILN_TYPE_I16, KILN_TYPE_I8};
  for (kn_bytes left = s->carry; left != 0;) {
    uint32_t at = kn_lowest_byte(left), n = 1;
    while (n < 8 && (left & byte_at(at + n)) && !(s->cuts & byte_at(at + n))) n++;
    unsigned k = n >= 8 ? 0 : n >= 4 ? 1 : n >= 2 ? 2 : 3;
    n = 8u >> k;
    s->starts |= byte_at(at);
    s->inner |= bytes_at(at, n) & ~byte_at(at);
    r->room->piece_types.at[s->types + at] = words[k];
    left &= ~bytes_at(at, n);
  }
}

/* True if a slot that is copied has too many pieces, and is memory. */
static bool too_many(struct kn_split *s) {
  if (s->memory || !s->copied || count(s->starts) <= MOST_PIECES) return false;
  return s->memory = true;
}

/* The search was given up. */
static void all_memory(struct kn_replay *r) {
  for (uint32_t i = 0; i < r->room->splits.n; i++) r->room->splits.at[i].memory = true;
}

void kn_split_solve(struct kn_replay *r) {
  struct kn_inline_room *room = r->room;
  for (uint32_t i = 0; i < room->splits.n; i++) falls_to_memory(&room->splits.at[i]);
  for (bool again = r->copies; again;) {
    if (!until_stable(r, flow)) {
      all_memory(r);
      return;
    }
    bool any = false;
    for (uint32_t i = 0; i < room->splits.n; i++) {
      struct kn_split *s = &room->splits.at[i];
      s->carry = s->written & s->read & ~(s->starts | s->inner);
      any |= s->carry != 0 && !s->memory;
    }
    if (any && !until_stable(r, carry)) {
      all_memory(r);
      return;
    }
    for (uint32_t i = 0; any && i < room->splits.n; i++)
      if (!room->splits.at[i].memory) fill_with_words(r, &room->splits.at[i]);
    again = false;
    for (uint32_t i = 0; i < room->splits.n; i++) again |= too_many(&room->splits.at[i]);
  }
}
