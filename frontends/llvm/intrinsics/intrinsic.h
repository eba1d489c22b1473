/* LLVM's intrinsics: a row of the table for each, and a call that is being built. The table (intrinsic.c) is made of
 * generic.def, x86_64.def and aarch64.def; the function that builds a row's calls is kn_in_NAME, in another file of
 * this folder. What is not in the table may still be an instruction of the target's own table by that name:
 * `processor`. */
#ifndef KN_LLVM_INTRINSIC_H
#define KN_LLVM_INTRINSIC_H

#include "bc.h"

/* How a row's calls are built. */
enum {
  SCALARS = 0, /* of scalars alone */
  LANES = 1,   /* of vectors, too: lane by lane, */
  WHOLE = 3,   /* or by an instruction of the target that does operation `op` for all lanes */
  ITSELF = 4,  /* the function checks all types */
  EARLY = 8,   /* and it is told before anything is checked, operand bundles neither */
  STRICT =
    16, /* it has metadata among its operands; constrained ones end with how exceptions are observed */
  ON_STACK = 32, /* it makes code on the stack */
  ASIDE = 64,    /* it describes variables, so that it is no instruction of the program */
  VECTORS = 128  /* of vectors, too, whose types the function checks */
};

struct call;
typedef void kn_bc_builder(const struct call *c);

/* ROW(name, operands, how, function, ...). `name` stands after "llvm."; it may go on with a '.' and a type. `operands`
 * has a letter for the result, then one for each argument that there is at least:
 *   v nothing, p pointer, i integer of up to 128 bits, I of any number, t of more than one bit, n integer or pointer,
 *   b i1, h i16, w i32, l i64, f any float, F one that the IR computes with, a aggregate, = as the first argument,
 *   m metadata, * anything. */
struct kn_bc_row {
  const char *name, *operands;
  uint8_t how;
  uint8_t n; /* arguments that there are letters for */
  kn_bc_builder *build;
  uint8_t op;       /* an opcode, or what else the function wants */
  uint8_t shift;    /* processor.c */
  uint8_t size;     /* code.c: of the code in `text` */
  const char *text; /* a C function; an instruction; code */
  uint32_t need;    /* FA_... that the caller must have */
};

#define CODE(name, regs, bytes)                                                                    \
  ROW(name, regs, ITSELF, code, .text = bytes, .size = sizeof bytes - 1)
#define ROW(name, operands, how, function, ...) kn_bc_builder kn_in_##function;
#include "generic.def"
kn_bc_builder kn_in_processor, kn_in_neither, kn_in_code;
kn_bc_builder kn_in_atomic_flag, kn_in_atomic_bit;
kn_bc_builder kn_in_carry, kn_in_by_memory, kn_in_with_lengths, kn_in_permute, kn_in_gather,
  kn_in_ternary_logic, kn_in_field;
kn_bc_builder kn_in_lookup, kn_in_by_lane, kn_in_structures, kn_in_add_across, kn_in_of_lane,
  kn_in_of_group, kn_in_exclusive, kn_in_prefetch_aarch64;
#undef ROW

/* `op` of product_of_fixed. */
enum { SIGNED_FIXED = 1, SATURATED_FIXED = 2 };

/* `op` of structures: how many vectors, and how they are in memory. */
enum { PLAIN = 8, LANE = 16, ALL = 32, LOAD = 64 };

/* How an intrinsic of 256 or 512 bits becomes instructions of 128: `op` of processor. */
enum {
  EACH,   /* one for each register */
  MEMORY, /* the same; the address is 16 bytes further for each */
  AGAIN,  /* the same, with the same operands */
  NARROW, /* the same; of each result the lower half */
  BITS,   /* of i32, the first one's below: `shift` bits each */
  BOTH,   /* of i32, 0 or 1: and */
  HALVES  /* EACH; the immediate has 3 bits for each */
};

/* ---- a call being built ---- */

struct call {
  struct kn_bc *r;
  const struct kn_bc_row *row;
  const struct kn_bc_global *g;
  const uint64_t *ops;
  unsigned n;
  uint32_t ret;                /* type */
  const struct kn_bc_type *rt; /* the same */
  const struct kn_bc_elem *params;
  uint32_t attrs;
  bool strict;       /* constrained: exceptions are observed */
  uint8_t predicate; /* of a constrained comparison */
};

/* The row of a name; NULL: there is none. */
const struct kn_bc_row *kn_in_find(const char *name, size_t length);

static inline uint32_t arg_id(const struct call *c, unsigned i) {
  return c->r->vals.n - (uint32_t)c->ops[i];
}
static inline uint32_t arg_type(const struct call *c, unsigned i) { return c->params[i].type; }
static inline const struct kn_bc_type *arg_info(const struct call *c, unsigned i) {
  return &c->r->types.at[arg_type(c, i)];
}
static inline kiln_value arg(const struct call *c, unsigned i) {
  return kn_bc_use(c->r, arg_id(c, i), arg_type(c, i));
}
static inline kiln_value imm(const struct call *c, int64_t v) { return kiln_const_int(c->r->f, v); }
static inline kiln_value binary(const struct call *c, kiln_op op, unsigned type, kiln_value a,
                                kiln_value b) {
  return kiln_build_binary(c->r->f, op, (kiln_type)type, a, b);
}
static inline void def(const struct call *c, kiln_value v) { kn_bc_def(c->r, c->ret, v); }

/* Builds an operation on the first two arguments. Reading each may build instructions, so that is done in separate
 * statements: C does not specify in which order it evaluates arguments. */
static inline kiln_value binary_args(const struct call *c, kiln_op op, unsigned type) {
  kiln_value x = arg(c, 0), y = arg(c, 1);
  return binary(c, op, type, x, y);
}
static inline kiln_value ternary_args(const struct call *c, kiln_op op, unsigned type) {
  kiln_value x = arg(c, 0), y = arg(c, 1), z = arg(c, 2);
  return kiln_build_ternary(c->r->f, op, (kiln_type)type, x, y, z);
}

static inline bool bad(const struct call *c) {
  return kn_bc_unsupported(c->r, "an intrinsic with these types");
}

/* True if argument `i` is a constant, whose value goes to *out; else that is reported, and *out is 0. */
static inline bool const_arg(const struct call *c, unsigned i, int64_t *out) {
  *out = 0;
  return kn_bc_is_int(c->r, arg_id(c, i), out) ||
         kn_bc_malformed(c->r, "an intrinsic's argument that is not constant");
}

/* Reports a result that does not fill its Kiln type. */
static inline bool odd(const struct call *c) {
  return c->rt->fit != FIT_EXACT &&
         !kn_bc_unsupported(c->r, "this intrinsic on an odd integer width");
}

/* Width of the Kiln type. */
static inline unsigned held(const struct kn_bc_type *t) {
  return 8 * kiln_type_size((kiln_type)t->ktype);
}

/* ---- float.c ---- */

/* Sets strict and predicate of a call of a constrained intrinsic by its metadata; false if that fails. */
bool kn_in_read_constraints(struct call *c);
/* Makes sure that the result, the value defined last, is computed if exceptions are observed. */
void kn_in_keep_result(const struct call *c);

/* ---- processor.c: what the files about processors share ---- */

/* The target's instruction of a name; of the call's own, found when the intrinsic was declared. False: reported. */
bool kn_in_machine(const struct call *c, const char *row, kiln_machine_info *m);
bool kn_in_own_machine(const struct call *c, kiln_machine_info *m);
/* Argument `i`, a scalar, as an operand of `type`: narrower integers, and halves, with zeros above. */
bool kn_in_scalar(const struct call *c, unsigned i, kiln_type type, kiln_value *out);
/* The constant argument `i`, for an instruction with that immediate. */
bool kn_in_immediate(const struct call *c, unsigned i, const kiln_machine_info *m, kiln_value *out);
/* Defines the result, a struct, of `n` pieces. */
void kn_in_define(const struct call *c, const kiln_value *v, unsigned n);
static inline kiln_value kn_in_build(const struct call *c, const kiln_machine_info *m,
                                     const kiln_value *v) {
  return kiln_build_machine(c->r->f, m->row, v, m->n_operands);
}
static inline kiln_value lanes_op(const struct call *c, kiln_op op, kiln_type type, kiln_type lane,
                                  unsigned number, kiln_value a) {
  return kiln_build_vector(c->r->f, op, type, lane, number, a, (kiln_value){0});
}
/* The call's name after "llvm.TARGET.", without a NUL. */
const char *kn_in_name(const struct call *c, size_t *length);

#endif
