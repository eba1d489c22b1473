/* The code generator: a checked program to functions of a Kiln module. gen.c: the module, functions,
 * statements; gen_expr.c: expressions; gen_call.c: calls, those of the runtime among them; gen_root.c: references that
 * the collector must find; gen_try.c: exceptions; gen_debug.c: what debuggers show. */
#ifndef CLAY_GEN_H
#define CLAY_GEN_H

#include "clay.h"

#include <kiln/kiln.h>

/* Builds all of `p` in the session's module: its functions, and its statements as a function called
 * `entry`. Each finished function goes to `sink`, or is compiled at once if that is NULL. Functions
 * and globals of earlier programs are found by their symbols' names, so that programs of one `struct
 * clay` can be modules of their own. Kiln keeps the first error: the status says whether there was one,
 * kiln_module_diag which. */
kiln_status gen_program(struct clay *c, const struct program *p, kiln_session *s, const char *entry,
                        kiln_func_sink_fn sink, void *user);
/* The same in parts, each in a module of its own: one function of a program, or all but the functions. */
kiln_status gen_function(struct clay *c, struct fn *fn, kiln_session *s);
kiln_status gen_statements(struct clay *c, const struct program *p, kiln_session *s,
                           const char *entry);
/* Writes the name of a function's symbol. */
void gen_function_name(const struct fn *fn, char name[256]);

/* ---- between the files ---- */

/* Functions of the runtime: RUNTIME(name, arguments, what else). All take and give cells of 64 bits. */
enum {
  RT_VALUE = 1,
  RT_PLACE = 2,
  RT_NO_RETURN = 4,
  RT_UNWINDS = 8,
  RT_COLLECTS = 16
}; /* returns a value; takes file and place; ... */
#define RUNTIME_FUNCTIONS                                                                          \
  RUNTIME(args, 0, RT_VALUE | RT_COLLECTS)                                                         \
  RUNTIME(array_new, 3, RT_VALUE | RT_PLACE | RT_COLLECTS)                                         \
  RUNTIME(caught, 1, RT_VALUE)                                                                     \
  RUNTIME(chr, 1, RT_VALUE | RT_PLACE | RT_COLLECTS)                                               \
  RUNTIME(compare, 2, RT_VALUE)                                                                    \
  RUNTIME(concat, 2, RT_VALUE | RT_COLLECTS)                                                       \
  RUNTIME(equal, 2, RT_VALUE)                                                                      \
  RUNTIME(exit, 1, RT_NO_RETURN)                                                                   \
  RUNTIME(fail, 1, RT_PLACE | RT_NO_RETURN)                                                        \
  RUNTIME(fail_index, 2, RT_PLACE | RT_NO_RETURN)                                                  \
  RUNTIME(fail_unset, 0, RT_PLACE | RT_NO_RETURN)                                                  \
  RUNTIME(fail_zero, 0, RT_PLACE | RT_NO_RETURN)                                                   \
  RUNTIME(find_field, 3, RT_VALUE)                                                                 \
  RUNTIME(from_c, 1, RT_VALUE | RT_COLLECTS)                                                       \
  RUNTIME(parse_float, 1, RT_VALUE | RT_PLACE)                                                     \
  RUNTIME(parse_int, 1, RT_VALUE | RT_PLACE)                                                       \
  RUNTIME(pop, 1, RT_VALUE | RT_PLACE)                                                             \
  RUNTIME(push, 2, RT_COLLECTS)                                                                    \
  RUNTIME(read_line, 0, RT_VALUE | RT_COLLECTS)                                                    \
  RUNTIME(record_new, 1, RT_VALUE | RT_COLLECTS)                                                   \
  RUNTIME(root, 1, 0)                                                                              \
  RUNTIME(slice_array, 3, RT_VALUE | RT_PLACE | RT_COLLECTS)                                       \
  RUNTIME(slice_str, 3, RT_VALUE | RT_PLACE | RT_COLLECTS)                                         \
  RUNTIME(throw, 3, RT_PLACE | RT_NO_RETURN | RT_UNWINDS)                                          \
  RUNTIME(to_str, 2, RT_VALUE | RT_COLLECTS)                                                       \
  RUNTIME(write, 2, 0)                                                                             \
  RUNTIME(write_byte, 1, 0)

enum runtime {
#define RUNTIME(name, n, flags) RT_##name,
  RUNTIME_FUNCTIONS
#undef RUNTIME
    RT_COUNT
};

struct gen {
  struct clay *c;
  kiln_module *m;
  kiln_session *s;
  kiln_func *f;           /* the current function */
  struct loop *loop;      /* around the current statement */
  struct region *regions; /* of try around it, innermost first */
  kiln_value result;      /* slot of the current function's result, while a finally runs; or none */
  struct check *checks;   /* of the current function: their failures are still to be built */
  bool collects;          /* the current function has calls that may collect garbage */
  struct root *free_roots; /* of the current function: not in use now */
  kiln_symbol file;        /* the source's name, for errors at run time */
  struct text *empty;
  kiln_symbol *literals; /* by id of the text */
  struct {               /* with -g */
    kiln_debug *d;       /* the module's entries; NULL: nothing is told */
    kiln_die file, unit, scope;
    struct debug_type *types;
  } debug;
  struct {
    kiln_symbol symbol; /* none: not called yet */
    kiln_sig sig;
  } runtime[RT_COUNT];
};

/* gen.c */
kiln_type gen_type(const struct type *t);
bool gen_is_reference(const struct type *t);
kiln_symbol gen_string(struct gen *g, const struct text *text);
kiln_symbol gen_global(struct gen *g, const struct var *v);
/* Loads a value of type `t`, which may be a reference. */
kiln_value gen_load(struct gen *g, const struct type *t, kiln_value address);
/* A value of type `t` as a cell, and back. */
kiln_value gen_to_cell(struct gen *g, const struct type *t, kiln_value v);
kiln_value gen_from_cell(struct gen *g, const struct type *t, kiln_value cell);
void gen_store_cell(struct gen *g, const struct type *t, kiln_value address, kiln_value v);
/* Continues if `ok` is true; otherwise the program ends with the error that `failure` reports. The block for that
 * comes at the function's end, out of the way. Values that it needs stay alive up to there, and may cost a register;
 * so local variables are read again. */
struct check {
  kiln_block block;
  enum runtime failure;
  struct place at;
  kiln_value args[2];         /* for the caller to fill in: arguments of the failure */
  const struct expr *from[2]; /* where they come from */
  struct check *next;
};
struct check *gen_check(struct gen *g, kiln_value ok, enum runtime failure, struct place at);

/* A local variable, or a parameter, with its first value. */
void gen_bind(struct gen *g, struct var *v, kiln_value value, bool is_param);
void gen_list(struct gen *g, struct stmt *s);

/* gen_root.c */
/* A slot for a variable of type `t`. A reference is in a root if the function has calls that may collect garbage. */
kiln_value gen_slot(struct gen *g, const struct type *t);
/* A reference, or another value, that is needed after something that may collect garbage (`collects`). */
struct held {
  kiln_value value;
  struct root *root; /* or NULL: it stays where it is */
};
struct held gen_hold(struct gen *g, const struct type *t, kiln_value value, bool collects);
/* The value, to be used before the next call that may collect garbage. */
kiln_value gen_held(struct gen *g, const struct held *h);
void gen_release(struct gen *g, const struct held *h);
/* Evaluates `n` expressions, in order. All values can be used afterwards, whatever the later expressions did. */
void gen_operands(struct gen *g, const struct expr *const *e, uint32_t n, kiln_value *values);
/* The same for the list of a call; the memory is the compiler's arena. */
kiln_value *gen_arguments(struct gen *g, const struct expr *call);

/* gen_debug.c */
void gen_debug_begin(struct gen *g);
/* The function that was begun: `fn`, or the one of the statements outside of functions (NULL). */
void gen_debug_function(struct gen *g, const struct fn *fn, const char *name);
/* The location of a place. */
uint32_t gen_debug_place(struct gen *g, struct place at);
/* A block begins; the result is the scope to go back to after it. */
kiln_die gen_debug_scope(struct gen *g);
void gen_debug_variable(struct gen *g, const struct var *v, kiln_value slot, bool is_param);
void gen_debug_global(struct gen *g, const struct var *v, kiln_symbol symbol);

/* gen_try.c */
void gen_try(struct gen *g, struct stmt *s);
void gen_throw(struct gen *g, struct stmt *s);
/* A call that an exception may leave: in a try it ends the block. */
kiln_value gen_unwinding_call(struct gen *g, kiln_sig sig, kiln_symbol callee,
                              const kiln_value *args, uint32_t n);
/* Leaves the regions up to `until`, through the finally of each: goes on where they are left. */
void gen_leave(struct gen *g, const struct region *until);
/* True if one of them has a finally. */
bool gen_leaves_finally(struct gen *g, const struct region *until);
/* The symbol that stands for a type: exceptions are compared with its address. For a record, it is the record's
 * shape. */
kiln_symbol gen_type_symbol(struct gen *g, const struct type *t);

/* gen_expr.c */
kiln_value gen_expr(struct gen *g, const struct expr *e);
void gen_condition(struct gen *g, const struct expr *e, kiln_block yes, kiln_block no);
/* a op b for values of type `t`; `right` is the expression that b comes from. */
kiln_value gen_op(struct gen *g, enum token_kind op, const struct type *t, struct place at,
                  kiln_value a, kiln_value b, const struct expr *right);
/* The address of the element that `e`, an index of an array, names; checked. */
kiln_value gen_element(struct gen *g, const struct expr *e, kiln_value array, kiln_value index);
/* The address of the field that `e` names, in a record. */
kiln_value gen_field(struct gen *g, const struct expr *e, kiln_value record);
/* The value of a variable before the first assignment. */
kiln_value gen_zero(struct gen *g, const struct type *t, struct place at);

/* gen_call.c */
kiln_value gen_call(struct gen *g, const struct expr *e);
kiln_value gen_runtime(struct gen *g, enum runtime r, struct place at, const kiln_value *args);
/* Makes `fn` known to the module and gives its signature. */
kiln_symbol gen_declare(struct gen *g, const struct fn *fn, kiln_sig *sig);

/* Where the parts of strings and arrays are: see runtime/runtime.h. */
enum {
  STR_SIZE = 0,
  STR_BYTES = 8,
  ARRAY_SIZE = 0,
  ARRAY_CELLS = 16,
  CELL_BYTES = 8,
  RECORD_SHAPE = -8,
  CACHE_SHAPE = 0,
  CACHE_OFFSET = 8
};

#endif
