/* The body that is being read: all of it is zeroed at once when the next one begins, and its arrays' memory is used
 * again (memory.h). What a body leaves for the next ones is in struct kn_bc. */
#ifndef KN_LLVM_FUNCTION_H
#define KN_LLVM_FUNCTION_H

#include "module.h"

/* The memory of a variable, where assignment `id` (metadata) stores; slot 0: none. */
struct kn_bc_variable_memory {
  uint32_t id;
  kiln_value slot;
  const uint8_t *expr; /* `n` bytes applied to its address */
  uint32_t n;
};

/* What a variable is from a place on, in one of two ways: debug_assign.c. */
struct kn_bc_assign {
  kiln_debug_value is;
  struct kn_bc_variable_memory memory;
  uint32_t expr, memory_expr; /* in kn_bc_function.assign_bytes */
  bool label;                 /* is.variable is a label, at is.at */
};

/* What the reader remembers of values of vectors to do better with later ones. An id of 0 is nobody's. */
#define KN_BC_EXTENDED 8
struct kn_bc_extended { /* `id` is vector `source` of `type`, with its lanes extended */
  uint32_t id, source, type;
  bool is_signed;
};
struct kn_bc_inserted { /* `id` is a vector whose register `before` got `value` as lane `lane` */
  uint32_t id, lane;
  kiln_value before, value;
};

/* The newest location. */
struct kn_bc_at {
  uint8_t any; /* not 0: there is one; 3: the function was scanned for key instructions */
  bool set;    /* it is current, and not none */
  kiln_location is;
  uint32_t scope, inlined; /* metadata + 1 that is.scope and is.inlined are of */
  /* the bits of its record after the column, so many, if they can be compared (ahead.h); else tail_bits is 0 */
  uint64_t tail, tail_mask;
  uint32_t tail_bits;
};

struct kn_bc_function {
  const struct kn_bc_global *global;
  struct kn_bc_sig sig;
  unsigned wide_sigs; /* kn_bc_wide_sigs: the function's calls are so, too */
  kiln_value demoted; /* address of the result's memory */
  struct {
    uint8_t guard;         /* kiln_guard, */
    uint32_t guard_buffer; /* and the least length of an array of chars that calls for one */
    uint8_t enters;        /* a profiler is called at the beginning: which; */
    bool leaves;           /* and at the end */
    bool no_tail_calls;    /* none is made of a call that LLVM marks as one */
    bool naked;            /* the body is machine code */
  } harden;

  /* blocks */
  uint32_t bb, n_bbs;           /* current block, number of blocks */
  uint32_t n_params;            /* number of parameters of the current block */
  KN_BC_ARRAY(uint32_t) ends;   /* by LLVM block: Kiln block where it ends; empty: same number */
  KN_BC_ARRAY(uint32_t) stamps; /* by block: stamp of the last phi that had it as predecessor */
  uint32_t stamp;
  KN_BC_ARRAY(struct kn_bc_late) late; /* phi arguments to be added at the end */
  KN_BC_ARRAY(struct kn_bc_pad)
  pads; /* by LLVM block; empty: no invoke and no landing pad was read */
  KN_BC_ARRAY(struct kn_bc_waiting) invokes;
  bool has_personality; /* the function was told its own */
  uint32_t n_unread;    /* landing pads that invokes name, but that were not read yet */
  bool splits; /* its slots are taken apart where they are copied: docs/internals/forwarding.md */

  /* values: those themselves are in kn_bc.vals */
  uint32_t zeroed;               /* entries of vals below it are set (VS_NONE from vals.n on) */
  uint32_t n_forwards;           /* forward values not yet bound */
  KN_BC_ARRAY(uint32_t) touched; /* ids of the module's values that got a handle in this function */
  KN_BC_ARRAY(struct kn_bc_never) never; /* calls that nothing may lead to */
  KN_BC_ARRAY(kiln_value) parts;         /* of values that are no scalars: value.h */
  KN_BC_ARRAY(struct kn_bc_addr) addrs;
  KN_BC_ARRAY(struct kn_bc_half) halves;
  uint32_t n_again; /* of these, what was emitted in more than one block */
  KN_BC_ARRAY(struct kn_bc_extended)
  extended; /* empty, or KN_BC_EXTENDED: at the value's id modulo that */
  struct kn_bc_inserted inserted;
  kiln_value lane_slot; /* where vectors are put together from lanes, or id 0 */

  /* constants */
  struct kn_bc_pool pool;
  bool no_code;                    /* constants must not be computed by instructions here */
  bool expressions;                /* there are expressions that may need instructions */
  bool hoisting;                   /* they are being computed in the entry, for all blocks */
  uint32_t expr_depth, expr_count; /* constant expressions turned into code: nesting, number */

  /* calls */
  uint32_t call_mask; /* which bits of a call's flags must be those of a plain call (body.c) */
  uint32_t fast_call, fast_flags; /* id of the latest call with flags about floats, and these */
  bool tail;       /* a call that is made a tail call was read, but not yet its return */
  bool bundles;    /* the next call has operand bundles, */
  uint32_t bundle; /* the latest one with a tag of this number */
  bool asm_waits;  /* there is assembly whose code is not known */
  uint32_t asm_count;

  /* debugging */
  uint64_t others; /* records that are not instructions, and calls that only describe variables */
  uint32_t subprogram; /* number + 1 of the metadata that describes the function; 0: none */
  struct kn_bc_metadata md;

  /* From here on, what only readers with kn_bc.has_debug write to, and only they forget. */
#define KN_BC_FUNCTION_PLAIN offsetof(struct kn_bc_function, at)
  struct kn_bc_at at;
  /* Of records about variables before the newest instruction that wait for it; 0: none. */
  uint64_t records_pos;
  uint32_t records_at; /* kiln_func_position of that */
  KN_BC_ARRAY(struct kn_bc_assign)
  assigns;                           /* debug_assign.c: records that wait for the function's end, */
  KN_BC_ARRAY(uint8_t) assign_bytes; /* their expressions, */
  KN_BC_ARRAY(uint32_t) assigned;    /* assignments that have a store: metadata */

  /* key instructions: keys.c */
  bool keyed;                 /* the body was scanned for them: */
  KN_BC_ARRAY(uint64_t) keys; /* positions of its locations, * 2, + 1: a statement begins there */
  KN_BC_ARRAY(struct kn_bc_atom) atoms;
  struct kn_hash atom_hash; /* by group and `inlined`: index + 1 */
  KN_BC_ARRAY(struct kn_bc_begin) begins;
  uint32_t key;       /* index of the newest location that was read */
  uint32_t key_scope; /* its scope: number + 1 of the metadata, or 0; */
  bool key_is;        /* the subprogram of that has key instructions */
  /* where the newest statement begins: kiln_func_position, line */
  uint32_t key_at, key_line;
};

#endif
