/* The tables of operations and shapes (<kiln/ops.def>, <kiln/shapes.def>) as the library reads them. Included
 * by ir/func.h, and by the parser, which sees no more of functions. */
#ifndef KN_IR_OPS_H
#define KN_IR_OPS_H

#include "base/hints.h"
#include "ir/type_info.h"
#include <kiln/build.h>
#include <kiln/exceptions.h>
#include <kiln/machine_ops.h>

enum kn_shape {
#define KILN_SHAPE(E, state, a, b, c, x, result, edges, copy, syntax) KN_SH_##E,
#include <kiln/shapes.def>
  KN_SH_COUNT
};

/* Whether instructions of a shape exist. */
enum kn_shape_state { KN_SHAPE_BUILT, KN_SHAPE_INTERNAL };

/* What an operand has to be. Those from T to ROW are handles in a field. */
enum kn_operand_kind {
  KN_OPERAND_NO,
  KN_OPERAND_T,
  KN_OPERAND_PTR,
  KN_OPERAND_I8,
  KN_OPERAND_FROM,
  KN_OPERAND_LANE,
  KN_OPERAND_SLOT,
  KN_OPERAND_OPT,
  KN_OPERAND_ROW,
  KN_OPERAND_INST,
  KN_OPERAND_CALL,
  KN_OPERAND_CODE,
  KN_OPERAND_RET
};

/* What x is. Those from LANE to LANE_NUMBER have a type of lanes. */
enum kn_x_kind {
  KN_X_NO,
  KN_X_TYPE,
  KN_X_ICOND,
  KN_X_FCOND,
  KN_X_LANE,
  KN_X_LANE_ICOND,
  KN_X_LANE_FCOND,
  KN_X_LANE_NUMBER,
  KN_X_MEM,
  KN_X_VOLATILE,
  KN_X_SCALE,
  KN_X_ALIGN,
  KN_X_ORDER,
  KN_X_NUMBER,
  KN_X_ROW,
  KN_X_COUNT
};

/* Which type the value has. */
enum kn_result_rule { KN_RESULT_NO, KN_RESULT_T, KN_RESULT_I8, KN_RESULT_SIG, KN_RESULT_OF };

/* How many edges leave a terminator's block. */
enum kn_edge_rule { KN_EDGES_0, KN_EDGES_1, KN_EDGES_2, KN_EDGES_SOME, KN_EDGES_ANY };

/* How inlining copies an instruction. */
enum kn_copy_rule { KN_COPY_FIELDS, KN_COPY_VALUES, KN_COPY_OWN };

struct kn_shape_info {
  uint8_t operand[3]; /* in the fields a, b, c: enum kn_operand_kind */
  uint8_t n_fields;   /* handles in fields, from a on */
  uint8_t state;      /* enum kn_shape_state */
  uint8_t x;          /* enum kn_x_kind */
  uint8_t result;     /* enum kn_result_rule */
  uint8_t edges;      /* enum kn_edge_rule */
  uint8_t copy;       /* enum kn_copy_rule */
  char syntax[7];     /* letters of items: <kiln/shapes.def> */
};
KN_PRIVATE extern const struct kn_shape_info kn_shape_info[KN_SH_COUNT];

enum { /* effects */
       KN_FX_PURE = 0,
       KN_FX_WRITE = 1,
       KN_FX_TRAP = 2,
       KN_FX_TERM = 4,
       KN_FX_ONE = 8,
       KN_FX_FLAG = 16,
       KN_FX_KEPT = KN_FX_WRITE | KN_FX_TERM | KN_FX_ONE /* also if nobody reads the result */
};

/* What a function with an operation is: <kiln/ops.def>. */
enum kn_op_fact {
  KN_FACT_NO,
  KN_FACT_STACK,
  KN_FACT_SAVE,
  KN_FACT_FRAME,
  KN_FACT_TWICE,
  KN_FACT_JUMP,
  KN_FACT_EH_RETURN,
  KN_FACT_CODE,
  KN_FACT_TAIL,
  KN_FACT_CALL
};

struct kn_op_info {
  const char *name;
  const char *doc;
  uint16_t types;  /* KN_TS_... */
  uint8_t shape;   /* enum kn_shape */
  uint8_t fact;    /* enum kn_op_fact */
  uint8_t effects; /* KN_FX_... */
  uint8_t cost;    /* instructions that it counts for: see inline_settle.c */
};
KN_PRIVATE extern const struct kn_op_info kn_op_info[KILN_OP_COUNT];

static inline enum kn_shape kn_op_shape(unsigned op) { return (enum kn_shape)kn_op_info[op].shape; }

static inline bool kn_op_ends_block(unsigned op) {
  return (kn_op_info[op].effects & KN_FX_TERM) != 0;
}

/* False for those of which LLVM has no code, so that debuggers do not stop there: the ends of a block of the source. */
static inline bool kn_op_is_of_statement(unsigned op) {
  return op != KILN_OP_VA_END && op != KILN_OP_LIFE_START && op != KILN_OP_LIFE_END;
}

/* The type of an operation that has one only; VOID if it has several. */
static inline unsigned kn_op_only_type(unsigned op) {
  unsigned types = kn_op_info[op].types;
  return types & (types - 1) ? KILN_TYPE_VOID : (unsigned)__builtin_ctz(types);
}

/* The text form says the type: `add.i32`. It does not where there is one only, or where it is known from
 * something else. */
static inline bool kn_op_spells_type(unsigned op) {
  const struct kn_op_info *info = &kn_op_info[op];
  unsigned rule = kn_shape_info[info->shape].result;
  return (info->types & (info->types - 1)) != 0 && rule != KN_RESULT_SIG && rule != KN_RESULT_OF;
}

/* True if conversion `op` goes from `from` (any number) to `to`, which is of its types. Types are in the order
 * of their sizes within integers and within floats. */
static inline bool kn_op_converts(unsigned op, unsigned to, unsigned from) {
  switch ((unsigned)kn_op_shape(op)) {
  case KN_SH_CONV_II: return kn_type_is_int(from) && (op == KILN_OP_TRUNC ? from > to : from < to);
  case KN_SH_CONV_FF:
    return kn_type_is_float(from) && (op == KILN_OP_FDEMOTE ? from > to : from < to);
  case KN_SH_CONV_FI: return kn_type_is_float(from);
  case KN_SH_CONV_IF: return kn_type_is_int(from);
  case KN_SH_CONV_BITS:
    return from - 1 < KILN_TYPE_COUNT - 1 && kn_type_log2[from] == kn_type_log2[to] &&
           (from == KILN_TYPE_F80) == (to == KILN_TYPE_F80);
  default: return false;
  }
}

/* x of atomic operations: orderings, that of a failed exchange, and the operation of a read-modify-write. */
#define KN_ORDER(x) ((unsigned)(x) & 7u)
#define KN_ORDER_FAILURE(x) ((unsigned)(x) >> 3 & 7u)
#define KN_ORDER_RMW(x) ((unsigned)(x) >> 8)

/* The condition of a comparison whose operands are exchanged. */
extern const uint8_t kn_icond_swapped[KILN_ICOND_COUNT];

/* x of operations on lanes: a type in the low byte, a number above it. */
#define KN_LANE(x) ((unsigned)(x) & 255u)
#define KN_LANE_NUMBER(x) ((unsigned)(x) >> 8)

/* True for the shapes that kiln_build_vector builds. */
static inline bool kn_shape_has_lanes(unsigned shape) {
  return kn_shape_info[shape].x - KN_X_LANE + 0u <= KN_X_LANE_NUMBER - KN_X_LANE;
}
/* NULL, or what is wrong with operation `op`, of such a shape, if its type is `type` (any number) and its x is `x`. */
const char *kn_op_lanes_wrong(unsigned op, unsigned type, unsigned x);

#endif
