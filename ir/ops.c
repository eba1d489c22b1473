/* The opcode table as data: name, types, shape and effects of each opcode, and the sizes of types.
 * Read by builder, verifier, parser, printer and walk. The order tricks of the table and of the
 * conditions are pinned here. */
#include "ir/func.h"

#define INT KN_TS_INT
#define INT64 KN_TS_INT64
#define FLT KN_TS_FLT
#define SCALAR KN_TS_SCALAR
#define VEC KN_TS_VEC
#define ANY KN_TS_ANY
#define PTR KN_TS_PTR
#define VOID KN_TS_VOID
#define PURE KN_FX_PURE
#define READ KN_FX_READ
#define WRITE KN_FX_WRITE
#define TRAP KN_FX_TRAP
#define CALL KN_FX_CALL
#define TERM KN_FX_TERM
#define ONE KN_FX_ONE

const struct kn_op_info kn_op_info[KILN_OP_COUNT] = {
#define OP(E, name, shape, types, fx, doc)                                                         \
  [KILN_OP_##E] = {#name, doc, (uint16_t)(types), KN_SH_##shape, (uint8_t)(fx)},
#include <kiln/ops.def>
};

const uint8_t kn_type_log2[KILN_TYPE_COUNT] = {
  [KILN_TYPE_I8] = 0,   [KILN_TYPE_I16] = 1,  [KILN_TYPE_I32] = 2, [KILN_TYPE_I64] = 3,
  [KILN_TYPE_I128] = 4, [KILN_TYPE_F16] = 1,  [KILN_TYPE_F32] = 2, [KILN_TYPE_F64] = 3,
  [KILN_TYPE_F80] = 4,  [KILN_TYPE_F128] = 4, [KILN_TYPE_V64] = 3, [KILN_TYPE_V128] = 4,
};

#define NEGATES(a, b) _Static_assert(((a) ^ 1) == (b), "flipping bit 0 negates a condition")
NEGATES(KILN_EQ, KILN_NE);
NEGATES(KILN_SLT, KILN_SGE);
NEGATES(KILN_SLE, KILN_SGT);
NEGATES(KILN_ULT, KILN_UGE);
NEGATES(KILN_ULE, KILN_UGT);
NEGATES(KILN_FOEQ, KILN_FUNE);
NEGATES(KILN_FOLT, KILN_FUGE);
NEGATES(KILN_FOLE, KILN_FUGT);
NEGATES(KILN_FOGT, KILN_FULE);
NEGATES(KILN_FOGE, KILN_FULT);
NEGATES(KILN_FONE, KILN_FUEQ);
NEGATES(KILN_FORD, KILN_FUNO);

_Static_assert(KILN_OP_NONE == 0, "a zeroed instruction is 'none'");
_Static_assert(KILN_OP_COUNT <= 256, "an opcode is a byte");
_Static_assert(KILN_TYPE_COUNT <= 16, "a set of types is 16 bits");
