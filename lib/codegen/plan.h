/* The plan of a function, made from the builder's lists alone: its frame (frame_plan.h), block order, loops, and a home
 * for life (register or slot) for every value and variable that crosses a block. Called by lib/compile.c
 * before the walk. Invariant: two globals with the same home have disjoint intervals. */
#ifndef KN_LIB_CODEGEN_PLAN_H
#define KN_LIB_CODEGEN_PLAN_H

#include "lib/codegen/frame_plan.h"

/* Flags of kn_val. ZX is a fact about the register; the others say where the value is. */
enum {
  KN_VF_HOME = 1,      /* in its home register for life */
  KN_VF_SLOT_HOME = 2, /* in its frame slot for life; `copy` may name a register that has a copy */
  KN_VF_FRAME = 4,     /* its spill slot `frame` holds it */
  KN_VF_ALIAS = 8,     /* `reg` is the home of a variable that still has this value */
  KN_VF_ADDR = 16,     /* an ADDR that is not computed: its readers fold it */
  KN_VF_WAITS = 32,    /* not emitted: its only reader, close after it, does both */
  KN_VF_ZX = 64        /* register bits above the type's width, to 64, are 0 */
};

/* kn_range.bank of what never has a register; of a float register that no call is to clobber (kn_type_facts.cut). */
enum { KN_NO_BANK = 2, KN_CUT_BANK = 3 };

/* Live interval of a global, in positions of the layout, both ends included. */
struct kn_range {
  uint32_t first, last;
  uint32_t weight;
  uint32_t next; /* index + 1 of the next that begins at the same position */
  uint8_t reg;   /* home, or KN_NO_REG */
  uint8_t bank;  /* 0 general, 1 float, KN_NO_BANK, KN_CUT_BANK */
  bool loaded;   /* something reads it; of values: always */
  bool shown;    /* debuggers read it anywhere in its interval: no register that calls clobber */
};

/* Loops are in descending order of their headers: inner loops come before those around them. */
struct kn_loop {
  uint32_t header, end; /* positions, both included */
  uint32_t parent;      /* index + 1, or 0 */
  uint32_t jump;        /* index + 1 of an ancestor further up: see outermost() */
  uint32_t depth;       /* this loop and those around it */
  uint32_t turns;       /* of these, those that may iterate */
};

/* Of a position of the layout. */
struct kn_position {
  uint64_t expire; /* registers whose home ends there */
  uint64_t calls;  /* calls before it, each counted 8 times for every loop that may iterate */
  uint32_t head;   /* ranges that begin there: index + 1 */
};

/* Where a slot, or a piece of one, is. Its frame offset is the walk's: struct kn_slot_state. */
struct kn_slot_place {
  uint32_t offset;    /* if it is shared: where it is in that memory */
  uint8_t reg;        /* the variable's home, if that is a register; KN_UNREAD; or KN_NO_REG */
  uint8_t memory;     /* why it is no variable: the slot's, or what debuggers request */
  uint8_t align_log2; /* the slot's */
  bool shared;        /* in the memory that inlined bodies share */
};

/* In the memory that bodies share: where the slots of one begin, and their bytes. */
struct kn_scope_place {
  uint32_t offset, size_bytes;
};

/* What debuggers ask of a slot, or of a piece of one. */
enum {
  KN_WISH_READ = 1,       /* they read it */
  KN_WISH_THROUGHOUT = 2, /* they read it anywhere: it is in one place in all of the function */
  KN_WISH_MEMORY = 4,     /* that is memory */
  KN_WISH_WHOLE = 8       /* they find it by its slot's address: it is no variable of its own */
};

struct kn_plan {
  const struct kn_target *target;
  struct kn_frame_plan frame;
  uint8_t banks[16]; /* kn_range.bank, by type */
  uint32_t *layout;  /* blocks in code order, all reachable */
  uint32_t n_layout;
  uint64_t saved; /* callee-saved registers used as homes */
  bool in_order;  /* layout is the order of filling, as far as a front end's says something */
  bool scattered; /* it is not, and the function's arrays are larger than a core's own cache */

  KN_ARRAY(uint32_t) order; /* layout's memory if not in order */
  KN_ARRAY(uint32_t) pos;   /* by block: its position in the layout + 1; 0: it is not reachable */
  KN_ARRAY(struct kn_back_edge)
  back_edges;                       /* of the layout if not in order: see kiln_func.back_edges */
  KN_ARRAY(struct kn_range) ranges; /* parallel to the function's globals, */
  KN_ARRAY(struct kn_slot_place) slots;   /* its slots */
  KN_ARRAY(struct kn_scope_place) scopes; /* and its scopes */
  KN_ARRAY(uint8_t) wishes; /* by slot: KN_WISH_...; made before the plan; empty: there are none */
  KN_ARRAY(struct kn_loop) loops;
  /* per position */
  uint64_t *occupied;     /* registers that are homes of something live there */
  struct kn_position *at; /* `expire` and `head` are 0 between functions */
  uint32_t *loop_end; /* of a position that back edges go to: 1 + the last one's source; else 0 */
  uint32_t *loop_at;  /* innermost loop: index + 1, or 0 */
  uint8_t *depth;     /* three times the loops around it that may iterate, at most 18 */
  uint32_t cap_positions;
  KN_ARRAY(uint32_t) stack; /* of the depth-first search */
};

/* Makes the plan of a finished function; false if the function failed. */
bool kn_plan_make(struct kn_plan *plan, kiln_func *f, const struct kn_target *target);
/* Frees the plan's arrays. */
void kn_plan_free(struct kn_plan *plan, kiln_module *m);

/* Position of a block in the layout. Only for reachable blocks. */
static inline uint32_t kn_plan_pos(const struct kn_plan *plan, uint32_t block) {
  return plan->pos.at[block] - 1;
}

#endif
