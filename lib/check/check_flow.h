/* The allocation checker's model of the machine: places, what they hold, and over the flow graph whether a place
 * holds a value on every path. lib/check/check.c feeds it one block after the other. It reads the IR only. Invariant:
 * within a block a place holds a list of facts, and, as long as nothing was written to it, whatever some place held
 * when the block began. */
#ifndef KN_LIB_CHECK_CHECK_FLOW_H
#define KN_LIB_CHECK_CHECK_FLOW_H

#include "lib/codegen/log.h"

/* Besides values and constants a place may hold the content of variable `slot`, or the upper half of
 * an i128. */
#define KN_FLOW_CONTENT(slot) kn_log_value(KN_LOG_CONTENT, slot)
#define KN_FLOW_HIGH(value) kn_log_value(KN_LOG_UPPER, value)

enum { KN_FLOW_REGS = 64, KN_FLOW_NONE = 0xffffffff };
#define KN_FLOW_CLAIM (1u << 31)

/* "The place holds the handle", one in a list. */
struct kn_flow_fact {
  uint32_t handle;
  uint32_t version; /* contents: number of stores in this block before it became true */
  uint32_t next;    /* index + 1, or 0 */
};

/* What a place holds. */
struct kn_flow_cell {
  uint32_t epoch; /* current if something was written to it in this block */
  uint32_t entry; /* place + 1: what that held when the block began; or 0 */
  uint32_t first; /* and these facts: index + 1, or 0 */
};

/* A key of two words and what belongs to it. */
struct kn_flow_slot {
  uint32_t epoch, a, b;
  uint32_t entry, first;
};
struct kn_flow_map {
  KN_ARRAY(struct kn_flow_slot) list;
  struct kn_hash hash; /* index + 1 */
};

/* When the block begins, place must hold handle. */
struct kn_flow_demand {
  uint32_t block, place, handle;
  uint32_t inst; /* the use that demands it; with KN_FLOW_CLAIM: a location there */
  uint32_t next; /* index + 1 of the next of the same hash, or 0 */
};

enum { KN_FLOW_MAPS = 6 };

struct kn_flow {
  kiln_func *f;
  bool full;       /* out of memory: no answer means anything from now on */
  uint32_t epoch;  /* grows with each function and block */
  uint32_t family; /* the function's epoch */
  uint32_t block;
  uint32_t edge;                       /* or KN_FLOW_NONE */
  KN_ARRAY(uint32_t) home;             /* per value: its block + 1, 0 if that has no code */
  KN_ARRAY(uint32_t) seen;             /* per value: epoch of the block in which it was made */
  KN_ARRAY(struct kn_flow_cell) alias; /* per value: epoch; entry: slot + 1; first: version */
  KN_ARRAY(struct kn_flow_cell) slots; /* per slot: epoch of the block; first: stores in it */
  KN_ARRAY(struct kn_flow_cell) cells; /* per place: what it holds now */
  KN_ARRAY(int32_t) frame;             /* per place from KN_FLOW_REGS: frame offset, or */
  KN_ARRAY(uint32_t) variable;         /* slot + 1 whose memory it is */
  KN_ARRAY(struct kn_flow_fact) facts;
  KN_ARRAY(uint32_t) touched;         /* places written in this block */
  KN_ARRAY(struct kn_flow_slot) undo; /* on this edge: a: place; what it held before */
  union {
    struct {
      struct kn_flow_map places;   /* (frame offset, 0) or (slot, 1) -> place */
      struct kn_flow_map ends;     /* (block, or blocks + edge; place) -> what it holds there */
      struct kn_flow_map arrived;  /* (edge, place) -> parameter */
      struct kn_flow_map stored;   /* (block, slot) -> number of stores */
      struct kn_flow_map given;    /* (edge, parameter of its target) -> argument */
      struct kn_flow_map demanded; /* hashes of demands */
    };
    struct kn_flow_map maps[KN_FLOW_MAPS]; /* the same */
  };
  KN_ARRAY(struct kn_flow_demand) demands, suspects;
  KN_ARRAY(uint32_t) in_first, in_edges; /* per block + 1: end of its edges in; those edges */
  KN_ARRAY(uint32_t) edge_source;
  KN_ARRAY(uint32_t) queue;
  KN_ARRAY(uint8_t) marks;
};

/* Begins a function. kn_flow_made and kn_flow_give are called for all of it before anything
 * else. */
bool kn_flow_begin(struct kn_flow *w, kiln_func *f);
/* Edge e gives its target's parameter `param` the argument h. */
void kn_flow_give(struct kn_flow *w, uint32_t e, uint32_t param, uint32_t h);
/* What it gives, or 0. */
uint32_t kn_flow_given(const struct kn_flow *w, uint32_t e, uint32_t param);
/* Value v is made in block. */
void kn_flow_made(struct kn_flow *w, uint32_t v, uint32_t block);
void kn_flow_free(struct kn_flow *w, kiln_module *m);

/* The place of frame offset `offset`; of the memory of variable `slot`. Registers are theirs. */
uint32_t kn_flow_frame(struct kn_flow *w, int32_t offset);
uint32_t kn_flow_memory(struct kn_flow *w, uint32_t slot);

void kn_flow_block(struct kn_flow *w, uint32_t block);
void kn_flow_block_end(struct kn_flow *w);
/* What follows happens on edge e only: until the next, or the block's end. */
void kn_flow_edge(struct kn_flow *w, uint32_t e);
/* The edge has left the block here: what that writes to places from now on does not happen before it. */
void kn_flow_leave(struct kn_flow *w);
/* Instruction v of this block is reached: what earlier iterations of a loop left of it is no longer
 * its value. */
void kn_flow_new(struct kn_flow *w, uint32_t v);

/* Place holds only `handle` (0: nothing); holds it too; holds what place `src` holds. */
void kn_flow_write(struct kn_flow *w, uint32_t place, uint32_t handle);
void kn_flow_add(struct kn_flow *w, uint32_t place, uint32_t handle);
void kn_flow_copy(struct kn_flow *w, uint32_t dst, uint32_t src);
/* Variable `slot` was stored to: what held its content no longer does. */
void kn_flow_stored(struct kn_flow *w, uint32_t slot);
/* Value v is what variable `slot` holds now. */
void kn_flow_alias(struct kn_flow *w, uint32_t v, uint32_t slot);
/* After edge e place holds parameter `param` of its target. */
void kn_flow_arrive(struct kn_flow *w, uint32_t e, uint32_t place, uint32_t param);

/* A value that place is known to hold, or 0. */
uint32_t kn_flow_value(const struct kn_flow *w, uint32_t place);
/* True if place holds handle as far as this block tells; what has to be true when it begins is
 * noted as a demand of `inst`. */
bool kn_flow_holds(struct kn_flow *w, uint32_t place, uint32_t handle, uint32_t inst);
/* The same of a location that debuggers get, for which a value that may not be defined is none. */
bool kn_flow_claims(struct kn_flow *w, uint32_t place, uint32_t handle, uint32_t inst);
/* What place holds now: the same as before as long as nothing was written to it. */
struct kn_flow_cell kn_flow_cell(const struct kn_flow *w, uint32_t place);
/* No code has written to place since it was `before`: it still holds what it did. */
void kn_flow_unwritten(struct kn_flow *w, uint32_t place, struct kn_flow_cell before);
/* The same as kn_flow_holds by this block's facts alone, without a demand. */
bool kn_flow_knows(const struct kn_flow *w, uint32_t place, uint32_t handle);

/* True if all demands are met on all paths; else one that is not is in `failed`. `taken` says of
 * each edge whether code goes there. */
bool kn_flow_solve(struct kn_flow *w, const uint8_t *taken, struct kn_flow_demand *failed);

#endif
