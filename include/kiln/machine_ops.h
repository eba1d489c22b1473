/* Instructions of the target processor, under LLVM's names. Use these instructions for operations that the IR does not
 * have. */
#ifndef KILN_MACHINE_OPS_H
#define KILN_MACHINE_OPS_H

#include <kiln/build.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Limits of machine instructions. */
enum {
  KILN_MAX_MACHINE_OPERANDS = 3, /**< the maximum number of operands of a row */
  KILN_MAX_MACHINE_NAME = 48     /**< maximum size of a name in bytes, including its NUL */
};

/** Describes a machine instruction. A machine instruction is a row of the target's table of instructions. */
typedef struct kiln_machine_info {
  uint32_t row; /**< for kiln_build_machine */
  /** The operation that kiln_build_machine builds: MACHINE, MACHINE_ACT or MACHINE_DO. */
  kiln_op op;
  /** Type of the result; VOID if there is no result. */
  kiln_type result;
  uint32_t n_operands;                           /**< including the immediate */
  kiln_type operands[KILN_MAX_MACHINE_OPERANDS]; /**< their types */
  bool immediate;       /**< the last operand is a constant from `least` to `most` */
  int32_t least;        /**< lower limit of the immediate */
  int32_t most;         /**< upper limit of the immediate */
  uint64_t reserved[2]; /**< 0 */
} kiln_machine_info;

/** Finds an instruction by the name of LLVM's intrinsic. Omit the prefix "llvm.x86." or "llvm.aarch64." from `name`.
 * Returns false if there is no instruction of that name. */
KILN_API bool kiln_machine_find(kiln_processor target, const char *name, size_t name_length,
                                kiln_machine_info *out);

/** Builds a [MACHINE] or [MACHINEV] from the instruction in row `row`. The instruction has `n_operands` operands. */
KILN_API kiln_value kiln_build_machine(kiln_func *f, uint32_t row, const kiln_value *operands,
                                       uint32_t n_operands);

#ifdef __cplusplus
}
#endif
#endif
