/* The allocation checker, in checking builds only: records the log of a walk (lib/codegen/log.h) and proves from it
 * and the IR that each operand of each instruction is read where its value is, on every path. lib/compile.c
 * attaches it to a session's walk and runs it after each function. It knows nothing of the allocator but the log;
 * docs/internals/architecture.md says what is proved and what is not. */
#ifndef KN_LIB_CHECK_CHECK_H
#define KN_LIB_CHECK_CHECK_H

#include "lib/check/check_flow.h"
#include "lib/codegen/walk.h"

struct kn_check_event {
  uint32_t event, value; /* enum kn_event */
  int32_t place;
  uint32_t mark; /* where the code was then, of functions that debuggers are to know of */
};

/* A row of a variable's locations, which is proved: lib/check/check_locations.c. */
struct kn_check_claim {
  uint32_t from, to; /* in the session's code */
  uint32_t handle, place;
  bool everywhere;          /* not a row of a list */
  bool held;                /* place held it where this window begins */
  struct kn_flow_cell cell; /* what place held there */
  /* place was written in this window: the last address that comes before that for certain, and the first one after
   * it, or UINT32_MAX */
  bool lost;
  bool gained; /* it holds since, at `sure` for certain */
  uint32_t limit, sure;
};

/* Bytes of rows, by what is known of them. */
enum kn_location_proof {
  KN_LOC_PROVED,   /* the value is there */
  KN_LOC_WITHIN,   /* not proved: in the code of an instruction that writes the location */
  KN_LOC_PROLOGUE, /* before the first instruction, */
  KN_LOC_SEVERAL,  /* of several values, */
  KN_LOC_OTHER,    /* an expression that is not read */
  KN_LOC_COUNT
};

/* A call that was emitted in a function with a try. */
struct kn_check_call {
  uint32_t inst;
  uint32_t end; /* mark: where it returns to */
  uint32_t pad; /* label of its landing pad, or 0 */
};

/* What the replay knows of a value. */
struct kn_check_value {
  uint32_t uses;     /* in blocks that have code */
  uint32_t expected; /* window in which it may be read */
  uint32_t window;   /* window of `reads` and `needs` */
  uint32_t reads, needs;
  uint32_t made; /* window of its instruction; 0: not reached yet */
  bool defined;  /* its DEF or ALIAS was seen */
  bool flags;    /* a comparison or test whose code is where it stands */
};

struct kn_check {
  struct kn_walk *logged; /* the walk that is recorded */
  kn_log_fn *log;         /* the user's, called with each event too */
  void *log_user;
  KN_ARRAY(struct kn_check_event) events;
  KN_ARRAY(struct kn_check_call) calls;
  kiln_module *module;
  uint64_t ir; /* kn_check_ir when the walk began */
  bool full;   /* without memory for all events: nothing is checked */
  uint32_t unsaid,
    unsaid_reg; /* an instruction with an event that writes a register which kn_regs.written lacks, or 0 */

  /* replay */
  kiln_func *f;
  const struct kn_walk *walk;
  const struct kn_plan *plan; /* the walk's */
  const struct kn_target *target;
  uint64_t kept;      /* callee-saved registers that the function's convention has it preserve */
  uint64_t saved;     /* callee-saved registers that the prologue saves */
  uint64_t lost;      /* registers lost in this window */
  uint32_t block;     /* being replayed, or KN_FLOW_NONE */
  uint32_t inst;      /* its instruction now, 0: none yet */
  uint32_t next;      /* the one that must come next */
  uint32_t edge;      /* or KN_FLOW_NONE */
  uint32_t window;    /* grows with each instruction and edge */
  uint32_t unread_at; /* window of the newest instruction that need not read its operands */
  uint32_t busy;      /* grows when all reads are done */
  uint32_t now;       /* index of the event being replayed */
  uint32_t called;    /* and of the newest LOST */
  bool left;          /* this TRY: its call was made, and its unwind edge proved */
  uint32_t stubs;     /* index of the first STUB event */
  uint32_t made_for;  /* in a stub: the edge that it was made for, else KN_FLOW_NONE */
  bool in_memory;     /* this LOAD or STORE: its variable is in memory */
  bool vectors;       /* the function has values of type v128 */
  KN_ARRAY(struct kn_check_value) values;
  KN_ARRAY(uint32_t) busy_at;               /* per place: `busy` when it was read or taken last */
  uint32_t temp_at[KN_FLOW_REGS];           /* per register: the window that it was taken for */
  KN_ARRAY(uint8_t) slots;                  /* per slot: what it is, see check.c */
  KN_ARRAY(uint8_t) taken;                  /* per edge: code goes there */
  KN_ARRAY(uint8_t) placed;                 /* per block: it has code */
  KN_ARRAY(struct kn_check_event) arrivals; /* at an indirect branch: edge, param, place */
  KN_ARRAY(uint32_t) areas;                 /* slots in the frame, sorted */
  KN_ARRAY(uint32_t) around;                /* by inlined body: the one around it + 1, or 0 */
  KN_ARRAY(uint32_t)
  reach; /* by inlined body: the slot that ends last, of those of it and around */
  KN_ARRAY(uint32_t) tenants; /* where setjmp returns twice, per place of the frame: its value */
  KN_ARRAY(uint32_t) params, param_first; /* parameters of blocks where they are not contiguous */
  struct kn_flow flow;

  /* locations */
  KN_ARRAY(struct kn_check_claim) claims; /* in the order of `from` */
  KN_ARRAY(struct kn_check_claim)
  open;                /* copies of those that begin before the window ends, and are not over */
  uint32_t next_claim; /* the first that begins later: index */
  uint32_t window_from, window_to; /* code of the window */
  uint64_t located[KN_LOC_COUNT];  /* bytes, of all functions */
};

/* Makes `w` log to a checker of its own, made if it has none. False without memory. */
bool kn_check_attach(struct kn_walk *w, kiln_module *m);
/* A hash of all that is constant in a finished function. (check_ir.c) */
uint64_t kn_check_ir(const kiln_func *f);
/* Forgets the events so far: a function begins. */
void kn_check_begin(struct kn_check *c);
/* Proves the function whose walk was recorded. False if that cannot be done: the function has
 * failed with KILN_ERR_INTERNAL. Tests may fill in `events` themselves. */
bool kn_check_run(struct kn_check *c, kiln_func *f, const struct kn_walk *w);
/* False if two parts of the frame overlap: then *slot overlaps with *place, or with the slot whose
 * memory that is. */
bool kn_check_frame(struct kn_check *c, uint32_t *slot, uint32_t *place);
/* lib/check/check_vector.c. A place of the frame was written: what it and a vector before it cover is not there any
 * more. */
void kn_check_covers(struct kn_check *c, uint32_t place);
/* What is wrong with place as that of the handle, which may be of a vector; NULL: nothing. */
const char *kn_check_halves(const struct kn_check *c, uint32_t handle, uint32_t place);
/* lib/check/check_reads.c. Need instruction i not read its operands? */
bool kn_check_needs_nothing(const struct kn_check *c, const struct kn_inst *in, uint32_t i);
/* Does the operation read one half of an operand alone, as those that shift do of the count? */
bool kn_check_reads_half(const struct kn_inst *in);
/* The registers that machine code says it loses, or has results in. */
uint64_t kn_check_lost_in_asm(const kiln_func *f, const struct kn_inst *in);
/* lib/check/check_eh.c. Records a call: see KN_LOG_CALL. */
void kn_check_call(struct kn_walk *w, uint32_t pad);
/* Fails the function: `what` is wrong with handle at place, at instruction inst. Returns false. */
bool kn_check_wrong(struct kn_check *c, uint32_t inst, uint32_t handle, uint32_t place,
                    const char *what);
/* What is wrong with the function's table of exceptions, for the call of `*inst`; NULL: nothing. */
const char *kn_check_table(struct kn_check *c, const struct kn_walk *w, uint32_t *inst);
/* lib/check/check_locations.c. Collects the locations that the rows of the function claim; false: one is wrong, or no
 * memory. */
bool kn_check_claims(struct kn_check *c);
/* Event `i` follows; it was replayed. False if a location is wrong. */
bool kn_check_claims_before(struct kn_check *c, uint32_t i);
bool kn_check_claims_after(struct kn_check *c, uint32_t i);
void kn_check_free(struct kn_check *c, kiln_module *m);

#endif
