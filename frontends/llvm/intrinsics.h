/* What the files about intrinsics share: a row of their table, and a call being built. */
#ifndef KN_LLVM_INTRINSICS_H
#define KN_LLVM_INTRINSICS_H

#include "bc.h"

enum kn_bc_intrinsic_kind {
  IN_NONE,
  IN_IGNORE,
  IN_DECLARE, /* of a variable: before LLVM 19 */
  IN_BECOMES, /* what a variable is from here on */
  IN_FIRST,
  IN_ZERO,
  IN_ONE,
  IN_LIFETIME,
  IN_MEMCPY,
  IN_MEMMOVE,
  IN_MEMSET,
  IN_UNV,
  IN_PREFETCH,
  IN_VA_COPY,
  IN_STACK_SAVE,
  IN_TRAP,
  IN_DEBUG_TRAP,
  IN_BITS,
  IN_FUNNEL,
  IN_MINMAX,
  IN_ABS,
  IN_SATURATE,
  IN_SHIFT_SATURATE,
  IN_OVERFLOW,
  IN_FLOAT1,
  IN_FLOAT2,
  IN_FLOAT3,
  IN_CANONICALIZE,
  IN_MINIMUM_NUM,
  IN_LIBM1,
  IN_LIBM2,
  IN_LDEXP,
  IN_POWI,
  IN_MODF,
  IN_ROUND_INT,
  IN_FREXP,
  IN_SINCOS,
  IN_FROM_HALF,
  IN_TO_HALF,
  IN_OBJECT_SIZE,
  IN_LEVEL,
  IN_FPCLASS,
  IN_PTRMASK,
  IN_TO_INT_SAT,
  IN_COMPARE,
  IN_CLEAR_CACHE,
  IN_TRAMPOLINE,
  IN_FIXED,
  IN_SAVE_ALL,
  IN_LOAD_RELATIVE,
  IN_GET_ROUNDING,
  IN_SETJMP,
  IN_EH_RETURN,
  IN_LONGJMP,
  IN_SET_ROUNDING,
  IN_TYPEID,
  IN_STRICT_COMPARE, /* constrained: from here on kinds that no other intrinsic has */
  IN_STRICT_CAST,
  IN_VECTOR /* vector_call.c */
};

/* `op` is an opcode, or a flag of the kind; `text` the C function called for it. */
struct kn_bc_row {
  const char *name;
  uint8_t kind, op;
  const char *text;
};

/* ---- a call being built ---- */

struct call {
  struct kn_bc *r;
  const struct kn_bc_row *row;
  const uint64_t *ops;
  unsigned n;
  uint32_t ret;                /* type */
  const struct kn_bc_type *rt; /* the same */
  const struct kn_bc_elem *params;
  bool strict;       /* constrained: exceptions are observed */
  uint8_t predicate; /* of STRICT_COMPARE */
};

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

/* True if argument `i` is the constant whose value goes to *out. */
static inline bool const_arg(const struct call *c, unsigned i, int64_t *out) {
  return kn_bc_is_int(c->r, arg_id(c, i), out) ||
         kn_bc_malformed(c->r, "an intrinsic's argument that is not constant");
}

/* Reports a result that does not fill its Kiln type. */
static inline bool odd(const struct call *c) {
  return c->rt->fit != FIT_EXACT &&
         !kn_bc_unsupported(c->r, "this intrinsic on an odd integer width");
}

/* Builds a call of a kind that is about floats; false if it is none. Its types were checked. */
bool kn_bc_math(const struct call *c);
/* Sets strict and predicate of a call of a constrained intrinsic by its metadata; false if that fails. */
bool kn_bc_read_constraints(struct call *c);
/* Makes sure that the result, the value defined last, is computed if exceptions are observed. */
void kn_bc_keep_result(const struct call *c);

#endif
