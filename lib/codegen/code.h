/* The code buffer of a walk: where the next byte goes, and everything that points into code that may still move
 * before the function is complete. Used by the targets; the functions are in lib/codegen/code.c.
 *
 * Invariant: whatever names a position in the code of the function being walked (a label, a relocation, a piece of the
 * map) is the number of a mark, so that one function moves all of them: kn_code_cut_marks. When the function ends,
 * relocations and pieces get the offsets of their marks (lib/codegen/walk.c, lib/codegen/map.c). */
#ifndef KN_LIB_CODEGEN_CODE_H
#define KN_LIB_CODEGEN_CODE_H

#include "base/bytes.h"
#include "targets/target.h"

/* Bytes of code that one instruction may emit without asking for space: checked in checking
 * builds. */
enum { KN_INST_ROOM = 1024 };

/* A position in the code. Bytes are cut or inserted at fixups only, so the number of fixups before a mark tells how far
 * it moves. */
struct kn_mark {
  uint32_t at;     /* offset in the session's code, or UINT32_MAX: a label not yet placed */
  uint32_t fixups; /* made before it */
};

/* A branch to be patched when its label is placed. */
struct kn_fixup {
  uint32_t at;    /* offset in the session's code of the field */
  uint32_t label; /* block, or a label beyond the blocks */
  uint32_t kind;  /* the target's */
};

/* A constant after the function. */
struct kn_literal {
  uint64_t low, high;
  uint32_t size; /* 4, 8 or 16 */
  uint32_t label;
};

struct kn_code {
  uint8_t *p;     /* next byte of code */
  uint8_t *limit; /* beyond it the buffer must grow first; NULL: the function failed */
  uint8_t *base;  /* of the session's code */
  uint32_t start; /* function's offset in it */
  uint32_t cfi_first, reloc_first; /* of the function, in the session's output */
  /* First the labels of the blocks, by block; then further labels, relocations and pieces as they come. */
  KN_ARRAY(struct kn_mark) marks;
  KN_ARRAY(struct kn_fixup) fixups; /* in ascending order */
  KN_ARRAY(struct kn_literal) literals;
  /* For a target that changes the length of its code at the function's end: the bytes cut before each fixup (modulo
   * 2^32: code may also grow), and in all. */
  KN_ARRAY(uint32_t) cut;
  bool is_cut;    /* they were cut */
  uint32_t moved; /* bytes that all code was moved up by (modulo 2^32) */
};

/* Grows the buffer so that `bytes` more of code fit; `p`, `base` and `limit` move with it. False without memory, or
 * if the function failed before. */
bool kn_code_room(struct kn_walk *w, size_t bytes);
/* A new label, not placed. */
uint32_t kn_code_label(struct kn_walk *w);
/* A mark at code offset `at`; 0 if the function failed. */
uint32_t kn_code_mark(struct kn_walk *w, uint32_t at);
/* The label of a constant of `size` bytes after the function. */
uint32_t kn_code_literal(struct kn_walk *w, uint64_t low, uint64_t high, uint32_t size);
/* A relocation at code offset `at`. */
void kn_code_relocate(struct kn_walk *w, uint32_t at, uint32_t symbol, kiln_reloc_kind kind,
                      int64_t addend);
/* Notes that the code from offset `at` to `end` is data. These come in ascending order. */
void kn_code_data(struct kn_walk *w, uint32_t at, uint32_t end);
/* Appends instructions that do nothing: `bytes`, a multiple of their size. There is room for them. */
void kn_code_nops(struct kn_walk *w, uint32_t bytes);
/* Makes `cut` long enough for an entry per fixup and the total. False if the function failed. */
bool kn_code_make_cuts(struct kn_walk *w);
/* Where code is in the end that was emitted at offset `at`, after so many fixups. */
static inline uint32_t kn_code_final(const struct kn_code *c, uint32_t at, uint32_t fixups) {
  return at + c->moved - (c->is_cut ? c->cut.at[fixups] : 0);
}
/* Moves the marks after code was cut: down by cut[k] bytes for one that has k fixups before it. Whoever moves the
 * code moves the fixups. */
void kn_code_cut_marks(struct kn_code *c);
/* Moves the marks after all code was moved up by `delta` bytes, which may be negative (modulo 2^32). */
void kn_code_move_marks(struct kn_code *c, uint32_t delta);
/* Appends bytes (DW_CFA_...) to the frame rows: DWARF 5, 6.4.2. */
void kn_code_cfi(struct kn_walk *w, const void *bytes, size_t n);
/* Writes DW_CFA_advance_loc by `delta` units of code (at most 5 bytes) and returns the byte after it:
 * DWARF 5, 6.4.2.1. */
uint8_t *kn_code_put_advance(uint8_t *p, uint32_t delta);

#endif
