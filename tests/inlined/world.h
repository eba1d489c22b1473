/* What a function is run in: memory that is drawn, functions outside that answer with drawn values, and a record of all
 * that can be observed. The same input is the same world each time, but for what is undefined: the first content of
 * slots and of allocated memory, and where slots are. */
#ifndef KN_TESTS_INLINED_WORLD_H
#define KN_TESTS_INLINED_WORLD_H

#include "inlined.h"
#include "interp/interp.h"

#include <stdio.h>

enum {
  OBJECTS = 32,
  OBJECT_BYTES = 512,
  HEAP_BYTES = 1 << 14,
  OUTSIDE = 64, /* data of other units, each as large as an object */
  OUTSIDE_BYTES = OUTSIDE * OBJECT_BYTES,
  ARENA_BYTES = OBJECTS * OBJECT_BYTES + HEAP_BYTES + OUTSIDE_BYTES,
  SLOTS_BYTES = 1 << 25,
  GAP_BYTES = 64, /* on each side of a slot */
  MOST_ITEMS = 1 << 14,
  MOST_SLOTS = 1 << 16
};

/* What was observed: a word that is the same in each run (which function was called), a value, or an address on the
 * stack, of which the offset within its slot is known, or nothing (UNKNOWN). */
enum { ITEM_FACT, ITEM_VALUE, ITEM_STACK };
#define UNKNOWN UINT64_C(0xffff)
struct item {
  uint64_t word;
  uint8_t kind;
};

struct outcome {
  kiln_status status;
  char message[96];
  struct item *items; /* calls of functions outside with what they got, then results */
  uint32_t n_items;
  struct item *memory; /* words of the arena and of the unit's data, at the end */
  uint32_t n_memory;
  bool overrun; /* something was written beside a slot */
};

/* What is undefined, chosen one way. */
struct chance {
  uint8_t fill;
  unsigned shift; /* between slots, in units of 16 bytes */
};

struct slot {
  uint8_t *at;
  uint64_t size;
  bool shared; /* the memory of several */
};

struct world {
  kiln_module *m;
  kiln_interp *in;
  struct kn_interp_observer observer;
  /* called for each frame: its function was called by the call `site` of `caller` */
  void (*on_call)(void *user, const struct kn_ifunc *caller, uint32_t site);
  void *on_call_user;
  uint8_t *arena, *drawn, *slots_from; /* `drawn`: what the arena has at the beginning */
  uint8_t *data;                       /* what the unit's data has at the beginning */
  uint64_t heap_used, events;
  const char *outside[OUTSIDE]; /* names */
  uint32_t n_outside;
  uint64_t seed; /* of the input */
  bool
    throws[MOST_ITEMS]; /* by call of a function outside: what the first run with the input chose */
  uint8_t
    visits[MOST_ITEMS]; /* bytes that functions outside looked at on the stack, in the first run */
  uint32_t n_visits, n_seen;
  bool first;                        /* this is that run */
  const struct placement *placement; /* of the function that is called, or NULL */
  struct chance chance;
  struct slot *slots; /* of the run, in the order of their addresses */
  uint32_t n_slots;
  uint8_t *slots_to;
  struct outcome *out;
  const void **types; /* that exceptions may have */
  uint32_t n_types;
};

/* Numbers from a seed. */
struct dice {
  uint64_t state;
};
uint64_t world_roll(struct dice *d);
/* One of `n`. */
uint32_t world_pick(struct dice *d, uint32_t n);
uint64_t world_mix(uint64_t a, uint64_t b);

/* The interpreter of a module, in the world of this process. False: it is not to be had. */
bool world_begin(struct world *w, kiln_module *m);
/* Gives each function that the module only declares a body that records its call. */
void world_stand_in(struct world *w, kiln_session *s);
/* After linking: what data has at the beginning, and the types of exceptions. */
bool world_linked(struct world *w);
void world_end(struct world *w);

/* The arguments of a call by signature `sig`; bit k of `pointers`: parameter k is an address. Draws the memory, too. */
void world_draw(struct world *w, kiln_sig sig, uint64_t pointers, uint64_t seed,
                kiln_interp_value *args);
/* Calls a function. `placement`: of its slots, or NULL. */
void world_run(struct world *w, kiln_symbol function, const struct placement *placement,
               const kiln_interp_value *args, uint32_t n, struct chance chance, uint64_t steps,
               struct outcome *out);
bool outcome_make(const struct world *w, struct outcome *out);

#endif
