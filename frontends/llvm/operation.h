/* What operation.c, which builds LLVM's operations by name, operation_asm.c, which builds assembly, and
 * operation_type.c, which reads types, share: the builder of <kiln/llvm_operation.h>. It is a reader without a file,
 * whose module has nothing but types; each operation is a record of a body of its own. */
#ifndef KN_LLVM_OPERATION_H
#define KN_LLVM_OPERATION_H

#include <kiln/llvm_operation.h>

#include "bc.h"

enum { KN_OPERATION_NESTING = 100 };

/* A type that was made: its record, by which it is found again. */
struct kn_operation_type {
  uint32_t first, n; /* operands of the record in `words` */
  uint32_t code;
  uint32_t id; /* in kn_bc.types */
};

/* An intrinsic that was met. */
struct kn_operation_intrinsic {
  struct kn_bc_global global;
  bool has_metadata; /* so that no operands can be given */
  char name[];
};

/* Where operations are tried. */
struct kn_operation_trial {
  kiln_module *module;
  kiln_session *session;
  kiln_symbol symbol;
  kiln_llvm_builder *builder; /* of that module */
};

struct kiln_llvm_builder {
  struct kn_bc bc;
  struct kn_bc_module module;
  struct kn_bc_global function; /* stands for those that are built: their features */
  KN_BC_ARRAY(struct kn_operation_type) types;
  KN_BC_ARRAY(uint64_t) words;
  KN_BC_ARRAY(struct kn_operation_intrinsic *) intrinsics;
  struct kn_hash type_hash, intrinsic_hash; /* index + 1 */
  KN_BC_ARRAY(uint64_t) elements;           /* of the types that are being read */
  KN_BC_ARRAY(uint32_t) ids;                /* of the operands: values, */
  KN_BC_ARRAY(uint32_t) id_types;           /* and their types */
  KN_BC_ARRAY(uint64_t) record;
  struct kn_operation_trial trial; /* module NULL: none yet */
  uint32_t n_asms;                 /* statements of inline assembly so far: each has a number */
  char message[sizeof((kiln_diag *)0)->message];
};

/* ---- operation.c ---- */

/* Begins a call, which builds in `f` (NULL: nothing) the operation of that name ("": none). */
void kn_operation_begin(struct kiln_llvm_builder *b, kiln_func *f, const char *name);
/* Ends it: keeps the message of an error. */
kiln_status kn_operation_end(struct kiln_llvm_builder *b);
/* Can operations be built in `f`? Reports otherwise. */
bool kn_operation_check_function(struct kiln_llvm_builder *b, const kiln_func *f);
/* The type of a result, and of how many parts it is; UINT32_MAX: reported. */
uint32_t kn_operation_result(struct kiln_llvm_builder *b, const char *text, uint32_t *n_parts);
/* Makes the operands values. */
bool kn_operation_operands(struct kiln_llvm_builder *b, const kiln_llvm_operand *operands,
                           uint32_t n);
/* The type of a function that takes the operands, which become the arguments of a call's record; UINT32_MAX:
 * reported. */
uint32_t kn_operation_call(struct kiln_llvm_builder *b, uint32_t result);
/* Gives the parts of the value that the operation defined; `before` values were there. */
void kn_operation_take_results(struct kiln_llvm_builder *b, uint32_t result, uint32_t before,
                               kiln_value *results);

/* ---- operation_type.c ---- */

/* Makes the types that every builder begins with. */
bool kn_operation_first_types(struct kiln_llvm_builder *b);
/* The type of a record: made once. UINT32_MAX: reported. */
uint32_t kn_operation_type(struct kiln_llvm_builder *b, uint32_t code, const uint64_t *ops,
                           uint32_t n);
/* The type of LLVM's text; UINT32_MAX: reported. */
uint32_t kn_operation_read_type(struct kiln_llvm_builder *b, const char *text);
/* Can values have the type? Then it is split into parts. Reports otherwise. */
bool kn_operation_is_value(struct kiln_llvm_builder *b, uint32_t type);

/* ---- operation_check.c ---- */

/* The shapes of instructions: what their operands are, and how the record is made of them. */
enum kn_operation_shape {
  SHAPE_BINARY,
  SHAPE_NEGATE,
  SHAPE_CAST,
  SHAPE_COMPARE,
  SHAPE_SELECT,
  SHAPE_FREEZE,
  SHAPE_EXTRACT,
  SHAPE_INSERT,
  SHAPE_SHUFFLE,
  SHAPE_EXTRACT_VALUE,
  SHAPE_INSERT_VALUE,
  SHAPE_LOAD,
  SHAPE_STORE,
  SHAPE_COUNT
};

/* An instruction: the code of its record, and LLVM's number of the operation. */
struct kn_operation_row {
  const char *name;
  uint8_t code;   /* FUNC_... */
  uint8_t number; /* BINOP_..., CAST_..., a predicate */
  uint8_t shape;
  bool is_float; /* its operands are floats; of shapes that tell */
};

/* The row of an instruction; NULL: there is none. */
const struct kn_operation_row *kn_operation_find(const char *name);
/* Are the types of the operands (ids and types of the builder) and of the result what the instruction takes? Reports
 * otherwise. */
bool kn_operation_check(struct kiln_llvm_builder *b, const struct kn_operation_row *row,
                        uint32_t result);

#endif
