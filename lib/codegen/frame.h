/* The frame of a walk: which offsets are given out. Offsets count from the frame register, in the direction that `up`
 * says. The functions are in lib/codegen/frame_alloc.c and
 * lib/codegen/walk.h.
 *
 * Invariant: an offset belongs to one value for as long as the value may be read from it; offset 0 is never given out
 * and means "none". */
#ifndef KN_LIB_CODEGEN_FRAME_H
#define KN_LIB_CODEGEN_FRAME_H

#include "targets/target.h"

/* Of a variadic definition: what va_start writes. */
struct kn_va_area {
  uint32_t gp, fp; /* registers used by named arguments */
  int32_t stack;   /* frame offset, or the target's own, of the first stack argument after them */
  int32_t save;    /* frame offset of the register save area */
};

struct kn_frame {
  /* Offsets of locals grow upward from the frame register and are positive, and those of the caller's arguments, if
   * there are any, are negative; else the other way round. As kn_frame_facts.up, and where the stack pointer
   * says otherwise. */
  bool up;
  int32_t low;             /* lowest frame offset given out; with `up`: after the highest */
  KN_ARRAY(int32_t) spare; /* frame offsets of free 8-byte spill slots */
  uint32_t spare_inst;     /* instruction that gave the latest of them back: */
  uint32_t spare_ready;    /* it may use only so many, since it may still read those */
  int32_t shared;          /* frame offset of the memory that inlined bodies share; 0: none yet */
  struct kn_va_area va;
  /* the frame offset of the CFA (DWARF 5, 6.4); the target sets it when it finishes the function */
  int32_t cfa;
};

#endif
