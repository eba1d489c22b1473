/* The generator of fuzz_func: from bytes it makes functions that are valid, terminate, and give the same results
 * wherever they run. gen.c makes programs and flow, gen_ops.c instructions, gen_calls.c signatures and calls.
 *
 * What keeps programs defined:
 * - A flow graph of any shape is drawn first; operands come from the block and its dominators.
 * - Every function and every block where a loop may close takes fuel; without it, it returns.
 * - Addresses are of a type of their own, GEN_PTR, and never become numbers. GEN_BYTES bytes from
 *   each may be read and written.
 * - Before a float's bits can be observed (memory, bitcast, results), NaNs are replaced by one NaN. */
#ifndef FUZZ_GEN_H
#define FUZZ_GEN_H

#include <kiln/kiln.h>

enum {
  GEN_PTR = KILN_TYPE_COUNT, /* i64 in the IR */
  GEN_BYTES = 64,
  GEN_OBJECT = 128, /* bytes of what is addressed as a whole */
  GEN_FUNCS = 5,
  GEN_BLOCKS = 40,
  GEN_VALUES = 64, /* of a block */
  GEN_PARAMS = 24,
  GEN_SLOTS = 12,
  GEN_LATE = 256
};

struct gen_value {
  kiln_value v;
  uint8_t type;
  bool aligned; /* GEN_PTR: to 16 bytes */
};

/* A forward value that this block's end binds. */
struct gen_promise {
  kiln_value v;
  uint8_t block, type;
};

struct gen_block {
  kiln_block first, end; /* where it starts, where it is now */
  uint8_t param_types[6], n_params;
  uint8_t kind; /* a terminator's opcode */
  uint8_t succs[10], n_succs;
  uint8_t idom, depth;
  bool reached, fuel, started, done;
  struct gen_value values[GEN_VALUES];
  uint8_t n_values;
};

/* An edge's argument that is given at the end. */
struct gen_late {
  uint8_t pred, succ, index, type;
};

struct gen_sig {
  kiln_symbol symbol, alias; /* `alias`: or none */
  kiln_sig sig;
  kiln_param params[GEN_PARAMS];
  uint8_t types[GEN_PARAMS]; /* the generator's types, GEN_PTR among them */
  uint8_t n_params, n_results, n_extra;
  kiln_type results[KILN_MAX_RESULTS];
  uint8_t extra[6]; /* variadic arguments that every call passes */
  bool variadic, callback;
  bool pops; /* KILN_CC_TAIL: functions of the same results end by tail calls of each other */
};

struct gen {
  const uint8_t *at, *end;
  kiln_module *m;
  kiln_session *s;
  kiln_processor target;
  uint32_t used[KILN_OP_COUNT]; /* operations made so far, for all programs */
  /* the program */
  struct gen_sig sigs[GEN_FUNCS + 1];
  bool
    acyclic; /* set by who calls gen_program: functions call only later ones, so that all can be inlined */
  unsigned n_funcs;
  kiln_symbol a, b, zero, fuel, out, data, constant, tls, part, pointers, functions;
  kiln_symbol host[32];
  kiln_symbol host_catch, personality;
  kiln_sig host_sigs[32];
  uint8_t weights[KILN_TYPE_COUNT + 1];
  unsigned weight;
  /* the function */
  kiln_func *f;
  const struct gen_sig *sig;
  struct gen_block blocks[GEN_BLOCKS];
  unsigned n_blocks, cur, shift;
  kiln_block exit;
  kiln_value slots[GEN_SLOTS];
  uint8_t slot_types[GEN_SLOTS]; /* VOID: memory of GEN_OBJECT bytes */
  unsigned n_slots;
  struct gen_promise promises[GEN_LATE];
  unsigned n_promises;
  struct gen_late late[GEN_LATE];
  unsigned n_late;
  kiln_symbol label_tables[GEN_BLOCKS];
  unsigned n_insts;
};

/* ---- choices ---- */

static inline uint32_t gen_byte(struct gen *g) { return g->at < g->end ? *g->at++ : 0; }
/* Below n; 0 when the bytes have run out. */
static inline uint32_t gen_pick(struct gen *g, uint32_t n) {
  uint32_t v = gen_byte(g);
  if (n > 256) v |= gen_byte(g) << 8;
  return n == 0 ? 0 : v % n;
}
/* True in n of 256; false when the bytes have run out. */
static inline bool gen_chance(struct gen *g, uint32_t n) { return gen_byte(g) >= 256 - n; }
uint64_t gen_bits(struct gen *g, unsigned bytes);

/* ---- gen_vector.c ---- */

/* An operation on vectors; nothing for some whose results are not specified. */
void gen_vector(struct gen *g, kiln_op op);

/* ---- gen_ops.c ---- */

/* A type by the program's weights; GEN_PTR never. */
kiln_type gen_type(struct gen *g);
kiln_type gen_int_type(struct gen *g);
static inline kiln_type gen_ir_type(unsigned type) {
  return type == GEN_PTR ? KILN_TYPE_I64 : (kiln_type)type;
}
/* An operand of a type that the current block may use. Makes no instruction. */
kiln_value gen_operand(struct gen *g, unsigned type);
/* A constant of a type that is no GEN_PTR. */
kiln_value gen_const(struct gen *g, unsigned type);
/* The same as a value with a type of its own. */
kiln_value gen_typed(struct gen *g, unsigned type);
/* `v`, or a certain NaN if it is one. */
kiln_value gen_quiet(struct gen *g, kiln_type type, kiln_value v);
/* Address of an object of GEN_OBJECT bytes, aligned to 16; `which` (may be NULL) tells them apart. */
kiln_value gen_object(struct gen *g, unsigned *which);
kiln_value gen_symbol(struct gen *g, kiln_symbol s, int64_t addend);
/* Adds a value to those of the current block. */
void gen_add(struct gen *g, unsigned type, kiln_value v, bool aligned);
/* An i8 that is mostly a comparison. */
kiln_value gen_condition(struct gen *g);
/* Appends one or a few instructions. */
void gen_instruction(struct gen *g);
/* Notes that an operation was made. */
static inline void gen_used(struct gen *g, kiln_op op) { g->used[op]++; }
/* True if the generator is to make the operation. */
bool gen_makes(kiln_op op);

/* ---- gen_calls.c ---- */

void gen_signature(struct gen *g, unsigned index);
void gen_call(struct gen *g);
/* Ends the function by a tail call; false: it calls none. */
bool gen_tailcall(struct gen *g);
/* An operation on the frame; only that its result is not 0 is looked at. */
void gen_level(struct gen *g, kiln_op op);
/* Calls function `index` and adds its results. `catch_all`: no exception leaves the call. */
void gen_call_func(struct gen *g, unsigned index, kiln_value *results, bool catch_all);
/* Reads the variadic arguments of the function being built, at its start. */
void gen_read_extra(struct gen *g);
void gen_declare_host(struct gen *g);

/* ---- gen.c ---- */

/* Goes on in kiln_block `b`, as the current block's continuation. */
void gen_go_to(struct gen *g, kiln_block b);
/* Builds the program that the bytes say in the session's module, and gives each function to `sink`;
 * stops at the first status that is not KILN_OK. Entry: void fz_main(void). */
kiln_status gen_program(struct gen *g, kiln_session *s, const uint8_t *data, size_t size,
                        kiln_func_sink_fn sink, void *user);

#endif
