/* The state of SSA construction, shared by its files: blocks and edges (ssa_edges.c), and variables, phis and what
 * becomes of them (ssa.c). One kiln_ssa serves one function after the other, with the same memory. */
#ifndef KN_LIB_FRONTEND_SSA_STATE_H
#define KN_LIB_FRONTEND_SSA_STATE_H

#include <kiln/ssa.h>

#include <kiln/inspect.h>

#include "base/hash.h"

#include <string.h>

/* What a variable is at the end of a block: a value (phi is 0), or a phi. Both 0: not known. */
struct kn_ssa_def {
  uint32_t value; /* kiln_value */
  uint32_t phi;   /* index of a phi, from 1 */
};

/* The same of a variable that is in no row. */
struct kn_ssa_far {
  uint32_t var, block;
  struct kn_ssa_def def;
};

struct kn_ssa_var {
  struct kn_ssa_def def; /* at the end of `block`; not in its row or the map yet if `dirty` */
  uint32_t block;        /* or UINT32_MAX */
  uint32_t zero;         /* the constant 0, once it was needed */
  uint8_t type;
  bool dirty;
  uint32_t root; /* its slot: kiln_value.id; 0: it is no root */
};

struct kn_ssa_block {
  uint32_t pred_first, pred_last; /* index + 1 into preds */
  uint32_t n_preds;
  uint32_t open_first, open_last; /* phis while not sealed */
  uint32_t stamp;                 /* of the last traversal that visited the block */
  uint32_t row;                   /* index + 1 into defs: of the first `width` variables */
  uint16_t width;
  bool sealed;
};

struct kn_ssa_pred {
  uint32_t block, next; /* next: index + 1 */
};

enum kn_ssa_phi_state {
  OPEN,     /* its block is not sealed */
  PENDING,  /* sealed: operands are being collected */
  COMPLETE, /* operands known, at least two of them differ */
  MERGED,   /* the same as `is` */
  DONE      /* a parameter of its block: `is` is its value */
};

struct kn_ssa_phi {
  struct kn_ssa_def is; /* MERGED, DONE */
  uint32_t var, block;
  uint32_t ops;     /* index of the first operand; one per predecessor */
  uint32_t n_ops;   /* operands known so far */
  uint32_t pred;    /* the predecessor whose operand is next: index + 1 */
  uint32_t same;    /* number of the first operand that is not the phi itself, or UINT32_MAX */
  uint32_t witness; /* all operands before this one are the phi itself or equal to operand `same` */
  uint32_t watch_first, watch_last; /* phis that watch this one: see "merging" in ssa.c */
  uint32_t n_watch;
  bool watches;     /* it is in the lists of operands `same` and `witness` */
  uint32_t forward; /* kiln_value that was handed out while it was OPEN, or 0 */
  uint32_t param;   /* DONE in the current batch: parameter's number + 1 */
  uint32_t next_open;
  uint8_t state;
};

struct kn_ssa_watch {
  uint32_t phi, next; /* next: index + 1 */
};

/* A forward value that was returned to the front end. */
struct kn_ssa_forward {
  uint32_t value, phi;
};

struct kiln_ssa {
  kiln_func *f; /* NULL: none */
  kiln_allocator allocator;
  unsigned flags;
  uint32_t stamp;
  uint64_t n_built; /* edges built by kiln_ssa_br and its like */
  bool told_apart;  /* kiln_ssa_edge was called */
  KN_ARRAY(struct kn_ssa_far) fars;
  struct kn_hash far_hash; /* by variable and block: index + 1 */
  KN_ARRAY(struct kn_ssa_var) vars;
  KN_ARRAY(struct kn_ssa_block) blocks;
  KN_ARRAY(struct kn_ssa_pred) preds;
  KN_ARRAY(struct kn_ssa_def) defs;
  KN_ARRAY(struct kn_ssa_forward) forwards; /* ids ascend: the builder counts them */
  KN_ARRAY(struct kn_ssa_phi) phis;         /* index 0 is reserved */
  KN_ARRAY(struct kn_ssa_def) ops;
  KN_ARRAY(struct kn_ssa_watch) watches;
  KN_ARRAY(uint32_t) stack;   /* phis whose operands are being collected */
  KN_ARRAY(uint32_t) work;    /* phis that may be trivial now */
  KN_ARRAY(uint32_t) batch;   /* phis to be decided by this call */
  KN_ARRAY(kiln_block) built; /* targets of a block's terminator */
};

/* Makes the function fail; returns false. */
bool kn_ssa_fail(kiln_ssa *s, kiln_status status, const char *message);
/* The same, for functions that return `failed` when they fail. */
#define KN_SSA_FAIL(failed, ...) ((void)kn_ssa_fail(__VA_ARGS__), (failed))
bool kn_ssa_no_memory(kiln_ssa *s);

/* True if there is a function without an error. */
static inline bool kn_ssa_usable(const kiln_ssa *s) {
  return s != NULL && s->f != NULL && kiln_func_status(s->f) == KILN_OK;
}

#define KN_SSA_ROOM(s, array, more)                                                                \
  (KN_ROOM(&(s)->allocator, (s)->array, more) || kn_ssa_no_memory(s))

/* The block's record; NULL, and the function fails, if there is no such block. */
struct kn_ssa_block *kn_ssa_block_of(kiln_ssa *s, kiln_block b);
/* Returns a stamp that no block has yet. */
uint32_t kn_ssa_new_stamp(kiln_ssa *s);
/* Removes predecessors that were recorded twice. */
void kn_ssa_unite_preds(kiln_ssa *s, struct kn_ssa_block *b);
/* Records the edges that were built. */
bool kn_ssa_take_edges(kiln_ssa *s);
/* Makes the function fail if an edge was recorded but not built, or the reverse. Destroys the lists of predecessors,
 * so it comes last. */
void kn_ssa_check_edges(kiln_ssa *s);

#endif
