/* What debuggers are to know of a function, collected while it is walked: an observer (lib/codegen/observe.h), made by
 * lib/compile.c for functions that a unit describes. debugger.c hears the walk and hands on to
 * - wishes.c: what debuggers need of the plan, before the walk;
 * - observe_lines.c: rows (code offset, source location). What they owe to LLVM's habits is there and nowhere else;
 * - observe_share.c: rows of statements that share an address;
 * - observe_vars.c: where declared variables live;
 * - where.c: where values are while code runs; rows.c: what variables are, from that;
 * - observe_calls.c: where calls return to, what they call and pass.
 * Invariant: while a function is walked its rows have places as marks do, and offsets once it is complete. */
#ifndef KN_LIB_DEBUG_DEBUGGER_H
#define KN_LIB_DEBUG_DEBUGGER_H

#include "base/hash.h"
#include "lib/codegen/observe.h"

#include <kiln/dwarf.h>

/* ---- lines ---- */

enum { KN_DEBUG_LATER = 16 };
struct kn_debug_lines {
  uint32_t first;        /* the function's, in the session's output */
  uint32_t note;         /* index of the note that probably comes next */
  struct kn_quiet quiet; /* instructions in which nothing is new */
  struct kn_loc loc;     /* of the newest row, or `column` */
  uint32_t from;         /* index + 1 of the note that says it; 0: none does */
  uint32_t inst, block;  /* its first instruction, and the block of that */
  struct kn_loc column;  /* location that has no row so far, or none */
  uint32_t column_flags; /* of the row that it gets */
  uint32_t entry;        /* where the code after the prologue begins */
  /* no rule but those of kn_debug_lines_inst applies to what follows; that may be so in the function */
  bool plain, may_plain;
  bool block_begins;                             /* no line of the block has been seen so far */
  enum { KN_NOT_ASKED, KN_NO, KN_YES } crossing; /* does a value live in several blocks? */
  uint32_t kept_in;     /* block + 1 in which a row was kept that has no code; 0: there is none */
  uint32_t block_first; /* index of the block's first row */
  uint64_t spills;      /* kiln_session_stats.spills when the block began */
  /* statements that share addresses, with the code after them: their first row, index + 1, or 0; how many values were
   * seen where they begin, and the instruction that was looked at last; places after instructions that only compute, at
   * which rows may begin instead */
  uint32_t shared, begun, looked, n_later;
  struct kn_mark later[KN_DEBUG_LATER];
  KN_ARRAY(uint32_t) entered_from; /* by block: from which line it is entered */
};

/* ---- places ---- */

/* Where something is that a variable is, or that a call passes. */
struct kn_debug_place {
  enum kn_debug_where {
    KN_DP_NUMBER, /* nowhere: it is `number`, */
    KN_DP_WIDE,   /* or the constant `handle`, of more than 64 bits, */
    KN_DP_SLOT,   /* the address of a slot in memory, */
    KN_DP_SYMBOL, /* the address of a symbol, */
    KN_DP_POINTER, /* the address of a slot that is in no memory: of a variable, index + 1 is `range`, */
    KN_DP_CONTENT, /* the content of a slot, whose home is register `reg`, */
    KN_DP_REG,     /* in register `reg`, */
    KN_DP_FRAME,   /* at `frame`, */
    KN_DP_ENTRY    /* or was in register `reg` when the function began */
  } where;
  uint8_t reg; /* or KN_NO_REG */
  int32_t frame;
  uint32_t handle; /* of what is there; 0: of a number that is a sum */
  uint32_t range;  /* of the home that it has: in the plan, index + 1, or 0 */
  int64_t number;  /* is added to that */
};

/* The code of an instruction, or from where that calls or branches. */
struct kn_debug_step {
  uint32_t inst; /* 0: the block's, before its first instruction */
  struct kn_mark at;
  uint64_t wrote; /* registers */
};

/* A stretch of code in which what a variable is of stays where it is: up to where the register is written, or the
 * block ends. */
struct kn_debug_held {
  uint32_t of;    /* index in seen */
  uint32_t next;  /* the one after it of the same value: index + 1, or 0 */
  uint32_t place; /* index in `places`; those of the further values follow */
  struct kn_mark from;
  uint32_t begin, end; /* steps; end 0: it goes on where the block ends */
  uint64_t regs;       /* registers of the places */
  bool spilled;        /* one of the places is in the frame, and this block's */
  bool stays;          /* it is there when the block is left */
};

/* What the function says of a variable, or a label, and what became of it; or a variable that is declared. */
struct kn_debug_seen {
  struct kn_debug_value is; /* its instruction: the one at which the walk was */
  uint32_t block, step;     /* where that is; step 0: nowhere, a variable is declared */
  struct kn_mark from;      /* where the variable becomes it */
  bool after_inst;          /* only after the instruction there */
  uint32_t first, held;     /* the oldest and newest stretch of it, index + 1 */
  uint32_t entry;    /* what it is as long as the function runs: index + 1 in `places`, or 0 */
  struct kn_loc loc; /* of the statement that stores it, or none */
  uint32_t declared; /* the declared variable that it is of: index + 1, or 0 */
  int32_t disp;      /* of a store of constant data: the data's address is the value plus this */
  /* others, index + 1, or 0: the one before it of the same variable; the next one of the same block (rows.c), or
   * of the declarations of a slot; of the first of a variable, its newest one */
  uint32_t earlier, next, newest;
};

/* Of a slot, where debuggers change no code. */
struct kn_debug_slot {
  uint32_t newest; /* of the variables that are declared to be in it: index + 1, or 0 */
  bool stores;     /* inlining has left out stores to it */
  bool hidden;     /* nothing may be shown of these variables */
};

/* The block at a position. */
struct kn_debug_block {
  uint32_t first, term,
    end; /* steps: its first, its terminator's, the one after its last; 0: it was not walked */
  uint64_t wrote; /* registers, on all paths through it */
  /* in rows.c */
  uint32_t preds;  /* edges that lead here */
  uint32_t in;     /* what is known of a part where it begins; 0 of blocks that are not listed; */
  uint32_t passed; /* that of which its successors know */
  uint32_t head;   /* the first value of the part in it */
  /* by number: positions with values of the part, then those that these may reach */
  uint32_t listed;
};

/* Of a function that says what variables are, while it is walked, but for one that has labels alone. */
enum { KN_DEBUG_LATE = 64 };
struct kn_debug_values {
  bool on;
  KN_ARRAY(struct kn_debug_step) steps;
  KN_ARRAY(struct kn_debug_block) blocks; /* by position */
  KN_ARRAY(struct kn_debug_place) places;
  KN_ARRAY(struct kn_debug_held) all;   /* stretches */
  KN_ARRAY(uint32_t) open;              /* those that may end with the next step */
  uint64_t watched;                     /* registers of these */
  bool spilled;                         /* one of them is */
  uint32_t block;                       /* being walked: block + 1, or 0 */
  uint32_t n_late, late[KN_DEBUG_LATE]; /* values that it says before they are computed: indices */
  uint32_t next, next_store;            /* indices of the value and store that probably come next */
  struct kn_quiet quiet;                /* instructions in which nothing is to be done */
  KN_ARRAY(uint64_t) moved;             /* by edge: homes of parameters that it writes */
  const struct kn_debug_place *newest;  /* of the newest row, if the next one may say the same */
  struct kn_hash firsts;                /* the first of each variable in `seen`: index + 1 */
};

/* The body that is inlined at a location has code in the blocks at these positions, and in none before or after. */
struct kn_debug_body {
  uint32_t func; /* kn_debug_observer.func: of this function; else it has none */
  uint32_t first, last;
};

/* ---- calls ---- */

/* What is in a register when a call begins, and where the caller has it while the call runs. */
struct kn_debug_passed {
  struct kn_debug_place is;
  /* DWARF's number of that; KN_CALL_TARGET: the address that is called; KN_CALL_LOST: it was in is.reg */
  uint8_t as;
};

/* A parameter that is in a register when the function begins, and that. */
enum { KN_DEBUG_ENTERED = 16 };
struct kn_debug_entered {
  uint32_t value;
  uint8_t reg; /* KN_NO_REG: the end */
};

struct kn_debug_calls {
  uint32_t first;    /* the function's, in the session's output */
  uint32_t returned; /* where the newest call returns to, */
  uint32_t inst;     /* and its instruction; 0: its line ends there */
  bool begun;        /* the newest row's call has begun, and not returned so far */
  KN_ARRAY(struct kn_debug_passed) passed;
  struct kn_debug_entered entered[KN_DEBUG_ENTERED];
};

/* Of a session; begins as zeros. */
struct kn_debug_observer {
  struct kn_observer observer;
  const struct kn_walk *w;
  bool as_is;         /* what kn_debug_as_is says of it */
  bool mixed;         /* the function has locations with KN_LOC_AS_IS, and is not as_is */
  bool adds;          /* neither: code is added for all of its statements */
  uint32_t var_first; /* of the function, in the session's output */
  uint32_t func;      /* counts functions with inlined bodies */
  KN_ARRAY(struct kn_debug_seen)
  seen; /* what variables are, in the order of the code; before that, the declared ones */
  KN_ARRAY(struct kn_debug_slot) by_slot; /* empty if debuggers may change code */
  KN_ARRAY(struct kn_debug_body) bodies;  /* by location */
  struct kn_debug_lines lines;
  struct kn_debug_values values;
  struct kn_debug_calls calls;
};

static inline struct kn_debug_observer *kn_debug_of(struct kn_observer *o) {
  return (struct kn_debug_observer *)o;
}

/* ---- debugger.c ---- */

/* Before the function is planned: lists what its variables are, and asks the plan for what they need. It is to be
 * observed if a unit describes it. Without memory the session's module fails. */
void kn_debug_prepare(const kiln_func *f);
/* The same function is walked next. */
void kn_debug_observe(struct kn_walk *w, const kiln_func *f);
/* Frees the session's observer. */
void kn_debug_observer_free(kiln_session *s);

/* ---- wishes.c ---- */

/* Fills plan->wishes. */
void kn_debug_ask(struct kn_plan *plan, const kiln_func *f);

/* ---- observe_lines.c ---- */

/* The function's first row. */
void kn_debug_lines_begin(struct kn_debug_observer *d);
/* The function's frame is made, its arguments are to be received. */
void kn_debug_lines_frame(struct kn_observer *o, const struct kn_walk *w);
/* A block is complete: what it ends with may need an instruction that does nothing. Before the next one's label. */
void kn_debug_lines_leave(struct kn_observer *o, const struct kn_walk *w);
void kn_debug_lines_leave_mixed(struct kn_observer *o, const struct kn_walk *w); /* if d->mixed */
/* Instruction w->i may have another location than the newest row; sets the window in which no other one has. */
void kn_debug_lines_inst(struct kn_observer *o, const struct kn_walk *w);
/* The location that has no row, if there is one, gets one here, unless a call returns here. */
void kn_debug_lines_column(struct kn_debug_observer *d);
/* Code is repeated here, `bytes` bytes from `start` on: its rows, too. */
void kn_debug_lines_repeat(struct kn_observer *o, const struct kn_walk *w, uint32_t start,
                           uint32_t bytes);
/* Is code from offset `start` up to `end` not to be repeated? Asked if d->mixed. */
bool kn_debug_lines_alone(const struct kn_observer *o, const struct kn_walk *w, uint32_t start,
                          uint32_t end);
/* The results of the return w->i, with which the newest row begins, are in their registers: the row may begin here. */
void kn_debug_lines_return(struct kn_debug_observer *d);
/* Does the row of a statement begin here? Then code has to follow, for debuggers to stop at. */
bool kn_debug_lines_stop(const struct kn_observer *o, const struct kn_walk *w);
/* The function is complete: marks become offsets. */
void kn_debug_lines_end(struct kn_debug_observer *d);

/* Are the two in one line? */
static inline bool kn_debug_in_line(const struct kn_walk *w, struct kn_loc a, struct kn_loc b) {
  const struct kn_sources *p = &w->s->sources;
  return a.line == b.line &&
         (a.scope == b.scope || kn_loc_full(p, a)->file == kn_loc_full(p, b)->file);
}

/* ---- observe_share.c ---- */

/* Begins to look for addresses if the newest row, of a statement with code that begins at w->i, is at that of one
 * without code. `loc`: the location of w->i. */
void kn_debug_share_begin(struct kn_debug_observer *d, struct kn_loc loc);
/* Code has been made: of the last instruction, or, with `in_call`, what leads up to the call or branch of w->i. */
void kn_debug_share_code(struct kn_debug_observer *d, bool in_call);
/* The last of these instructions, or the block, ends: rows move. `more`: an instruction follows for the last one. */
void kn_debug_share_end(struct kn_debug_observer *d, bool more);

/* ---- observe_vars.c ---- */

/* Is a piece of slot `slot`, or its own variable while it has pieces, in a register? Else it is memory as a whole. */
bool kn_debug_in_pieces(const struct kn_walk *w, uint32_t slot);
/* Requests frame offsets for declared variables that have none; before the target finishes the function. */
void kn_debug_vars_allocate(const struct kn_debug_observer *d);
/* Adds rows for what variable `v` is while the content of its slot is it. */
void kn_debug_add_places(struct kn_debug_observer *d, const struct kn_debug_var *v);
/* Where debuggers change no code: variables are declared; `seen` is empty. False without memory. */
bool kn_debug_declare(struct kn_debug_observer *d);
/* The same: stores to slots that no code reads, as the instruction `before` w->i, or left out by inlining there, become
 * values of the variables. */
void kn_debug_stores_here(struct kn_debug_observer *d, uint32_t before);
/* The variable that pointers to the slot may be shown as pointers to: index + 1, or 0. */
uint32_t kn_debug_variable_at(const struct kn_debug_observer *d, uint32_t slot);

/* ---- where.c ---- */

/* A function begins. */
void kn_debug_values_begin(struct kn_debug_observer *d);
/* Index of the first of `n` records, in ascending order of the instructions with which they begin, at `inst` or later;
 * `next`: probably. */
uint32_t kn_debug_from(const void *at, size_t size, uint32_t n, uint32_t inst, uint32_t next);
/* From here on a variable is, or here is a label: all of `of` but where. */
void kn_debug_say(struct kn_debug_observer *d, const struct kn_debug_seen *of);
/* Instruction w->i is reached, which is not in values.quiet. */
void kn_debug_values_here(struct kn_debug_observer *d);
/* The call or conditional branch of w->i is emitted next. */
void kn_debug_step(struct kn_debug_observer *d);
/* The block is complete; the function is: places in the code become offsets. */
void kn_debug_values_leave(struct kn_debug_observer *d);
/* All blocks are complete: copies the moves of edges, since struct kn_val is invalid after this event. */
void kn_debug_values_moved(struct kn_debug_observer *d);
void kn_debug_values_settle(struct kn_debug_observer *d);
/* Where `h` is before the next instruction: false if it is nowhere, or that is not known. Of registers those in `regs`
 * count; with none of them, the frame does not either. `computed`: an expression is computed from it. */
bool kn_debug_where(const struct kn_debug_observer *d, uint32_t h, bool computed, uint64_t regs,
                    struct kn_debug_place *is);
/* The symbol whose address constant `h` is, if expressions can say it, or 0. */
uint32_t kn_debug_symbol(const kiln_func *f, uint32_t h);
/* Puts the expression of a place: a location, if it is one; the value; a value that is computed with. NULL: it has
 * none. At most KN_DEBUG_PLACE_BYTES. */
enum kn_debug_put { KN_PUT_LOCATION, KN_PUT_VALUE, KN_PUT_OPERAND };
uint8_t *kn_debug_put_place(const struct kn_walk *w, uint8_t *p, const struct kn_debug_place *is,
                            enum kn_debug_put as);
#define KN_DEBUG_PLACE_BYTES 64

/* ---- rows.c ---- */

/* Where the block at `pos` has a slot in its home `reg`: up to *to. Returns from where. */
uint32_t kn_debug_slot_home(const struct kn_debug_observer *d, unsigned reg, uint32_t pos,
                            uint32_t *to);
/* Adds a row: what `v` says is at `is` (and further values follow) from `from` to `to`; from 0 to KN_DEBUG_END it is so
 * everywhere. False if there is none. */
#define KN_DEBUG_END UINT32_MAX
bool kn_debug_add_row(struct kn_debug_observer *d, const struct kn_debug_value *v,
                      const struct kn_debug_place *is, uint32_t from, uint32_t to);
/* Adds rows for what variables are, once the function is complete. */
void kn_debug_values_end(struct kn_debug_observer *d);

/* ---- observe_calls.c ---- */

/* A function begins; the call of w->i is emitted next; it was, and returns to here; its jump is, as a tail call: a
 * label to be bound after that, or 0; the function is complete. `own`: it calls what the instruction says, and no
 * library function; `reg`: what is called is in it, if that is no symbol. */
void kn_debug_calls_begin(struct kn_debug_observer *d);
void kn_debug_call_begins(struct kn_debug_observer *d, bool own, unsigned reg);
void kn_debug_call_returns(struct kn_observer *o, const struct kn_walk *w);
uint32_t kn_debug_tail(struct kn_observer *o, const struct kn_walk *w, unsigned reg);
void kn_debug_calls_end(struct kn_debug_observer *d);
/* The register that parameter `value` is in when the function begins; KN_NO_REG: it is none, or that is not known. */
unsigned kn_debug_entered(const struct kn_debug_observer *d, uint32_t value);

#endif
