/* What follows an instruction's record: its location, and records about variables, which are read before the
 * instruction is built. Most are decoded here, from windows; loc.c has the general way. A header, because the loop over
 * a body (body.c) is compiled in several ways.
 * Invariant: r->fn.at is the newest location of the function. */
#ifndef KN_LLVM_AHEAD_H
#define KN_LLVM_AHEAD_H

#include "debug/debug.h"

/* The first bits, after the abbreviation id, of an unabbreviated location: the code in two chunks. A record that
 * repeats the previous location (AGAIN) has no operands. */
#define LOC_HEAD ((FUNC_DEBUG_LOC & 31) | 32 | FUNC_DEBUG_LOC >> 5 << 6)
#define AGAIN_HEAD ((FUNC_DEBUG_LOC_AGAIN & 31) | 32 | FUNC_DEBUG_LOC_AGAIN >> 5 << 6)
#define LOC_HEAD_BITS 12

/* The fields of a location in LLVM's abbreviation: vbr 6, vbr 8, vbr 6, vbr 6, and then such as are skipped: one bit,
 * vbr 6, vbr 3, which are LOC_TAIL_BITS unless one of LOC_TAIL_LONG is set. */
enum { LOC_TAIL_BITS = 1 + 6 + 3, LOC_TAIL_LONG = 1 << 6 | 1 << 9 };

/* True if `w`, the first bits of an entry, are those of a record about variables. */
static inline bool kn_bc_is_record(const struct kn_bc *r, uint64_t w) {
  const unsigned width = r->in.width, form = r->in.known[w & ((1u << width) - 1)].form;
  w >>= width;
  uint32_t code = ((uint32_t)w & 31) | ((uint32_t)w >> 1 & 0x7e0); /* in two chunks */
  return form == FORM_UNABBREV ? (w & 0x820) == 0x20 && kn_bc_is_debug_record(code)
                               : form == FORM_SKIP;
}

/* Is this the scope of the newest location? */
static inline bool kn_bc_loc_goes_on(const struct kn_bc *r, uint32_t scope, uint32_t inlined) {
  const struct kn_bc_at *at = &r->fn.at;
  return scope == at->scope && inlined == at->inlined && at->any;
}

/* The newest location is current from now on, or none is. */
static inline void kn_bc_loc_set(struct kn_bc *r, bool set) {
  if (set == r->fn.at.set) return;
  r->fn.at.set = set;
  if (set) kiln_func_set_location(r->f, &r->fn.at.is);
  else kiln_func_set_loc(r->f, 0);
}

/* A location in the scope of the newest one is current from now on. */
static inline void kn_bc_loc_line(struct kn_bc *r, uint32_t line, uint32_t column) {
  struct kn_bc_at *at = &r->fn.at;
  if (at->set && line == at->is.line && column == at->is.column) return;
  at->set = true;
  at->is.line = line;
  at->is.column = column;
  kiln_func_set_line(r->f, line, column);
}

/* A location in LLVM's abbreviation. */
struct kn_bc_loc {
  uint32_t line, column, scope, inlined; /* scope, inlined: metadata + 1 */
  uint32_t rank;                         /* of the atom `group`; 0: none */
  uint64_t group;
};

/* Reads one from its fields on, with numbers of any size. */
static inline struct kn_bc_loc kn_bc_loc_read(struct kn_bits *b) {
  struct kn_bc_loc loc = {.line = (uint32_t)kn_bits_vbr6(b)};
  loc.column = (uint32_t)kn_bits_vbr(b, 8);
  loc.scope = (uint32_t)kn_bits_vbr6(b);
  loc.inlined = (uint32_t)kn_bits_vbr6(b);
  b->pos++;
  loc.group = kn_bits_vbr6(b);
  loc.rank = (uint32_t)kn_bits_vbr(b, 3);
  return loc;
}

/* Reads the rest of a location in LLVM's abbreviation, from its scope at `pos` on, and keeps its bits. */
static __attribute__((noinline, unused)) void kn_bc_loc_tail(struct kn_bc *r, uint64_t pos,
                                                             uint32_t line, uint32_t column) {
  const uint64_t bits = kn_bits_window(&r->in.bits, pos);
  uint64_t w = bits;
  unsigned used = 0;
  uint32_t scope = kn_bits_take(&w, &used), inlined = kn_bits_take_small(&w, &used);
  if (!kn_bits_within(used) || KN_UNLIKELY((w & LOC_TAIL_LONG) != 0)) return kn_bc_loc_slow(r);
  used += LOC_TAIL_BITS;
  r->in.bits.pos = pos + used;
  if (KN_UNLIKELY(kn_bc_is_record(r, kn_bits_peek(&r->in.bits, pos + used))))
    kn_bc_loc_records(r, line, column, scope, inlined);
  else if (kn_bc_loc_goes_on(r, scope, inlined)) kn_bc_loc_line(r, line, column);
  else kn_bc_loc_new(r, line, column, scope, inlined);
  if (!kn_bits_within(used + r->in.width + LOC_HEAD_BITS)) return;
  r->fn.at.tail_bits = used;
  r->fn.at.tail_mask = (UINT64_C(1) << used) - 1;
  r->fn.at.tail = bits & r->fn.at.tail_mask;
}

/* Reads what follows the record of the current instruction, and makes the location current: that of the instruction
 * before if there is none. What comes after most instructions is decided here: a location in LLVM's abbreviation that
 * has the same bits as the newest one but for line and column, or that of before, with no record about variables after
 * it. */
static __attribute__((noinline, unused)) void kn_bc_loc_ahead(struct kn_bc *r) {
  const unsigned width = r->in.width;
  uint64_t pos = r->in.bits.pos;
  if (KN_UNLIKELY(r->fn.records_pos != 0 || pos + 64 > r->in.bits.fast)) return kn_bc_loc_slow(r);
  uint64_t w = kn_bits_window(&r->in.bits, pos);
  unsigned form = r->in.known[w & ((1u << width) - 1)].form, used = width;
  w >>= width;
  if (form == FORM_LOC) {
    const struct kn_bc_at *at = &r->fn.at;
    uint32_t line = kn_bits_take(&w, &used), column = kn_bits_take_fixed(&w, &used, 8);
    if (!kn_bits_within(used) || KN_UNLIKELY((column & 0x80) != 0)) return kn_bc_loc_slow(r);
    pos += used;
    w = kn_bits_window(&r->in.bits, pos);
    if (at->tail_bits == 0 || (w & at->tail_mask) != at->tail ||
        KN_UNLIKELY(kn_bc_is_record(r, w >> at->tail_bits)))
      return kn_bc_loc_tail(r, pos, line, column);
    r->in.bits.pos = pos + at->tail_bits;
    kn_bc_loc_line(r, line, column);
  } else if (form == FORM_UNABBREV && (w & ((1u << (LOC_HEAD_BITS + 6)) - 1)) == AGAIN_HEAD &&
             !kn_bc_is_record(r, w >> (LOC_HEAD_BITS + 6))) {
    r->in.bits.pos = pos + width + LOC_HEAD_BITS + 6;
    if (r->fn.at.any != r->fn.at.set) kn_bc_loc_again(r);
  } else {
    kn_bc_loc_slow(r);
  }
}

#endif
