/* A function's body while it is read: one pass that validates, and builds. Each operation is a row of opcodes.def,
 * whose handler reads immediates, pops and pushes the operand stack (which checks types), and calls the builder.
 *
 * In code that cannot be reached `f` is NULL: the builder's calls then do nothing, the same handlers only validate,
 * and operands that are missing are of any type. Invariant: outside of it each operand is a value, or an integer
 * constant, of its type; what no path needs is not popped without a use (kn_wasm_keep), since its computation may
 * trap. */
#ifndef KN_WASM_BODY_H
#define KN_WASM_BODY_H

#include "module.h"

#include <kiln/debug.h>
#include <kiln/exceptions.h>

/* What an operand is besides its type, in kn_wasm_operand.tag. */
enum {
  KN_WASM_TYPE_MASK = 0xff, /* kiln_wasm_type; NONE: any, in code that is not reached */
  KN_WASM_CONST = 0x100,    /* `constant` is its value */
  KN_WASM_LOCAL = 0x200,    /* nothing is lost if it is not computed */
  KN_WASM_BOOL = 0x400,     /* an I32 that is a condition, the value being an i8 */
  KN_WASM_NEGATED = 0x800,  /* with BOOL: 1 if the condition does not hold */
  KN_WASM_KEPT = 0x1000,    /* it is needed (kn_wasm_keep), and all operands below it are */
  KN_WASM_PLAIN =
    KN_WASM_CONST | KN_WASM_LOCAL | KN_WASM_KEPT /* flags that most readers need not look at */
};

/* Functions touch their stack page by page: docs/wasm.md. */
enum { KN_WASM_PROBE_BYTES = 4096 };

enum { KN_WASM_NATIVE_ROWS = 21 }; /* KN_WASM_NATIVE_COUNT */

struct kn_wasm_operand {
  uint32_t id; /* of its kiln_value */
  uint32_t tag;
  int64_t constant;
};

/* What encloses code: its label, and where its operands begin. */
enum kn_wasm_control_kind {
  KN_WASM_FUNCTION,
  KN_WASM_BLOCK,
  KN_WASM_LOOP,
  KN_WASM_IF,
  KN_WASM_ELSE,
  KN_WASM_TRY
};
struct kn_wasm_control {
  const uint8_t *params, *results; /* types */
  uint32_t n_params, n_results;
  uint32_t height;  /* operands below its own */
  uint32_t saved;   /* IF with parameters: where they are in `saved` */
  kiln_block label; /* where branches go; id UINT32_MAX: nobody branched yet */
  kiln_block other; /* IF: where it goes if the condition does not hold */
  uint32_t trail;   /* length of the trail of assignments when it began */
  uint32_t low;     /* the least length of it since something branched to the label */
  uint8_t kind;     /* enum kn_wasm_control_kind */
  bool dead;        /* it began where nothing gets */
  bool any; /* what is read of it is not reached: operands that are missing are of any type */
  uint32_t first_catch, n_catches; /* TRY */
  uint32_t outer_try;              /* TRY: index + 1 of the one around it in this function, or 0 */
  kiln_block pad,
    dispatch; /* TRY: its landing pad, and where exceptions go from there; or UINT32_MAX */
  kiln_value unwound, exn; /* TRY: what these get: the unwinder\'s object, the exception */
  uint32_t stamp;          /* br_table: the number of the last one that names it */
};

/* A local variable. */
struct kn_wasm_local {
  kiln_value slot; /* id 0: not needed yet */
  uint8_t type;    /* kiln_wasm_type */
  uint8_t state;   /* flags: */
};
enum {
  KN_WASM_ASSIGNED = 1,  /* by whatever leads here */
  KN_WASM_FROM_START = 2 /* read where it may have its first value: set at the entry */
};

struct kn_wasm_catch {
  uint32_t tag; /* UINT32_MAX: all */
  uint32_t depth;
  bool ref;
};

/* With lines: a block that traps, for one place of the source. */
struct kn_wasm_trap_site {
  kiln_block block;
  uint32_t trap, loc;
};

struct kn_wasm_line;

struct kn_wasm_body {
  struct kn_wasm_in in;
  kiln_func *f;        /* NULL: code that is not reached */
  kiln_value instance; /* its address, in the current block; id 0: to be loaded */
  kiln_value base;     /* of memory 0, in the current block; id 0: to be loaded */
  struct kn_wasm_operand *sp,
    *floor;                        /* the next free operand; the first of the innermost control */
  struct kn_wasm_control *control; /* the innermost */
  struct kn_wasm_local *locals;
  uint32_t n_locals;
  uint32_t n_trail,
    *trail; /* locals that were assigned, in order, some of them perhaps not any more */

  const kiln_wasm *w;
  kiln_session *session;
  kiln_func *func; /* as f, in code that is not reached, too */
  const struct kn_wasm_type *type;
  uint32_t index; /* of the function */
  kiln_block entry, body;
  kiln_value instance_slot, base_slot, results_slot;
  kiln_value values_slot; /* room for results or arguments in memory; id 0: none yet */
  uint32_t values_room;   /* of it: number of values */
  kiln_value unread[KILN_WASM_TYPE_COUNT]; /* variables that nobody reads: kn_wasm_keep */
  kiln_block traps[KILN_WASM_TRAP_COUNT];  /* blocks that trap; UINT32_MAX: none yet */
  uint32_t innermost_try;      /* index + 1 of the innermost control that is a TRY, or 0 */
  struct kn_wasm_operand none; /* what an operand that is missing is */
  const struct kn_wasm_op *op; /* the operation that is read, for messages */
  const uint8_t *op_at;
  kiln_value *args; /* for calls and edges */
  uint32_t n_catches;
  struct kn_wasm_catch *catches;
  uint32_t n_saved;
  struct kn_wasm_operand *saved;
  struct kn_wasm_operand *stack, *stack_end;
  struct kn_wasm_control *controls, *controls_end;
  kiln_switch_case *cases; /* br_table */
  uint32_t stamp;          /* of br_tables */
  uint64_t passed,
    may_pass; /* operands of branches, calls and blocks so far; and at most: kn_wasm_pass */
  uint32_t args_cap, catches_cap, saved_cap, trail_cap, locals_cap, cases_cap;

  uint32_t native_rows[KN_WASM_NATIVE_ROWS]
                      [3]; /* native.c: rows + 1 of its instructions; 0: not looked for yet */

  /* body_lines.c; w->lines NULL: nothing of it */
  const uint8_t *next_line; /* where the next row begins; NULL: the function has no lines */
  const struct kn_wasm_line *line, *lines_end;
  kiln_die subprogram;
  uint32_t loc, begin_loc;  /* that is set; that of the function's beginning */
  uint32_t *session_files;  /* numbers in the session, by file; 0: none yet */
  uint32_t n_session_files; /* 0: not zeroed yet */
  struct kn_wasm_trap_site *trap_sites;
  uint32_t n_trap_sites, session_files_cap, trap_sites_cap;
};

struct kn_wasm_op {
  void (*build)(struct kn_wasm_body *c, const struct kn_wasm_op *o);
  uint8_t in, out, op, type, from, x;
  const char *name;
};

#define OP(table, code, name, handler, ...)                                                        \
  void kn_wasm_do_##handler(struct kn_wasm_body *c, const struct kn_wasm_op *o);
#include "opcodes.def"
#undef OP

extern const struct kn_wasm_op kn_wasm_main[256];

/* ---- reader.c ---- */

void *kn_wasm_resize(const kiln_allocator *a, void *old, size_t size);
struct kn_wasm_body *kn_wasm_body_new(const kiln_wasm *w, kiln_session *s);
void kn_wasm_body_free(struct kn_wasm_body *c);

/* Builds the body of function `index`, or the `i`-th of those that the image needs. NULL: no memory to begin. */
kiln_func *kn_wasm_build_body(struct kn_wasm_body *c, uint32_t index);
kiln_func *kn_wasm_build_extra(struct kn_wasm_body *c, uint32_t i);

/* ---- body.c ---- */

/* Makes an array of `n` items, `*cap` being its room. Leaves without memory. */
void kn_wasm_room(struct kn_wasm_body *c, void *at, uint32_t *cap, uint64_t n, size_t item_bytes);
#define KN_WASM_ROOM(c, name, n)                                                                   \
  do {                                                                                             \
    if (KN_UNLIKELY((n) > (c)->name##_cap))                                                        \
      kn_wasm_room(c, &(c)->name, &(c)->name##_cap, n, sizeof *(c)->name);                         \
  } while (0)

/* The operation's operand is of another type; leaves. */
__attribute__((cold, noreturn)) void kn_wasm_mismatch(struct kn_wasm_body *c, unsigned expected,
                                                      unsigned found);
struct kn_wasm_operand *kn_wasm_pop_other(struct kn_wasm_body *c, unsigned type);

/* Room for `n` more operands than the bytes that are left may push. */
void kn_wasm_stack_room(struct kn_wasm_body *c, uint32_t n);

/* Loads the instance's address, or memory 0's, into the current block. */
kiln_value kn_wasm_load_instance(struct kn_wasm_body *c);
kiln_value kn_wasm_load_base(struct kn_wasm_body *c);

/* Makes an operand needed that nothing reads. */
void kn_wasm_keep(struct kn_wasm_body *c, const struct kn_wasm_operand *e);

/* The operands will not be read, since the code leaves for elsewhere: keeps them. Then what follows is not reached. */
void kn_wasm_discard(struct kn_wasm_body *c);
void kn_wasm_dead(struct kn_wasm_body *c);

/* Makes block `b` current, in which nothing is loaded yet. */
void kn_wasm_enter(struct kn_wasm_body *c, kiln_block b);

/* Assigns the local variables' state back to that of `length` assignments. */
void kn_wasm_forget(struct kn_wasm_body *c, uint32_t length);

/* ---- body_lines.c ---- */

/* The function that begins has these lines. */
void kn_wasm_begin_lines(struct kn_wasm_body *c);
/* What is built from here on is that of the operation at `at`, where c->next_line says that a row begins. */
void kn_wasm_set_line(struct kn_wasm_body *c, const uint8_t *at);

/* ---- trap.c ---- */

/* Traps if the condition, an i8, holds: here. */
void kn_wasm_trap_if(struct kn_wasm_body *c, kiln_value condition, kiln_wasm_trap trap);
/* Builds the blocks that trap. */
void kn_wasm_build_traps(struct kn_wasm_body *c);
/* An entry of a function, or an iteration of a loop: fuel, interruption. */
void kn_wasm_count(struct kn_wasm_body *c);

/* ---- control.c ---- */

/* The label that `depth` says, from the innermost control. */
struct kn_wasm_control *kn_wasm_label(struct kn_wasm_body *c, uint32_t depth, const uint8_t *at);
/* Types of the operands that a branch to it takes. */
const uint8_t *kn_wasm_label_types(const struct kn_wasm_control *to, uint32_t *n);
/* Reads a block's type and begins a try_table. */
struct kn_wasm_control *kn_wasm_begin_try(struct kn_wasm_body *c);
/* Gets its block, which is made if it is the first branch there. */
kiln_block kn_wasm_target(struct kn_wasm_body *c, struct kn_wasm_control *to);
/* A branch, call or block passes n operands. With types of many values a small module asks for much work: beyond a
 * limit, in proportion to the function's size, it is refused. */
void kn_wasm_pass(struct kn_wasm_body *c, uint64_t n);
/* Builds the return of `args`. */
void kn_wasm_build_return(struct kn_wasm_body *c, const kiln_value *args, uint32_t n);
/* Puts the parameters of block `b` into c->args. */
void kn_wasm_block_params(struct kn_wasm_body *c, kiln_block b, uint32_t n);
void kn_wasm_begin_function(struct kn_wasm_body *c);
/* Pops operands of these types, and gives their values in c->args. */
void kn_wasm_pop_args(struct kn_wasm_body *c, const uint8_t *types, uint32_t n);

/* ---- memory.c ---- */

/* Pops an index into table `table`; the address of that element. Traps if there is none. */
kiln_value kn_wasm_element(struct kn_wasm_body *c, uint32_t table, kiln_wasm_trap trap);

/* Before a store of `size` bytes at at + disp: a fault comes before anything is written. */
void kn_wasm_touch_end(struct kn_wasm_body *c, unsigned size, kiln_value at, int32_t disp);

/* ---- call.c ---- */

/* Calls helper `helper` with the instance and `args`; its result, if it has one. */
kiln_value kn_wasm_call_helper(struct kn_wasm_body *c, enum kn_wasm_helper helper,
                               const kiln_value *args, uint32_t n);
/* try.c: a call in a try_table, which may throw. */
kiln_value kn_wasm_build_try(struct kn_wasm_body *c, kiln_sig sig, kiln_value callee,
                             const kiln_value *args, uint32_t n);
void kn_wasm_end_try(struct kn_wasm_body *c, struct kn_wasm_control *t);
/* Parameters of type `t` that are in memory: out[k] for those, out of n_params, is their index there + 1, else 0. */
void kn_wasm_place_params(const struct kn_wasm_type *t, uint32_t *out);

/* ---- inline ---- */

#define KN_WASM_NO_BLOCK ((kiln_block){UINT32_MAX})

static inline kiln_value kn_wasm_value(const struct kn_wasm_operand *e) {
  return (kiln_value){e->id};
}

/* Takes the uppermost operand, which must be of the type. It stays where it is until the next push. */
static inline struct kn_wasm_operand *kn_wasm_pop(struct kn_wasm_body *c, unsigned type) {
  struct kn_wasm_operand *e = c->sp - 1;
  if (KN_LIKELY(c->sp > c->floor && (e->tag & ~(uint32_t)KN_WASM_PLAIN) == type)) {
    c->sp = e;
    return e;
  }
  return kn_wasm_pop_other(c, type);
}

static inline void kn_wasm_push_tag(struct kn_wasm_body *c, uint32_t tag, kiln_value v) {
  struct kn_wasm_operand *e = c->sp++;
  e->id = v.id;
  e->tag = tag;
}
static inline void kn_wasm_push(struct kn_wasm_body *c, unsigned type, kiln_value v) {
  kn_wasm_push_tag(c, type, v);
}

static inline kiln_value kn_wasm_instance(struct kn_wasm_body *c) {
  return KN_LIKELY(c->instance.id != 0) ? c->instance : kn_wasm_load_instance(c);
}

/* Something was called: what was loaded stays in no register. */
static inline void kn_wasm_called(struct kn_wasm_body *c) { c->instance.id = c->base.id = 0; }

static inline kiln_value kn_wasm_int(struct kn_wasm_body *c, int64_t value) {
  return kiln_const_int(c->func, value);
}

#endif
