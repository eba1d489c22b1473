/* The target's own instructions, by LLVM's names: operations that the IR does not have. */
#ifndef KILN_MACHINE_OPS_H
#define KILN_MACHINE_OPS_H

#include <kiln/build.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Limits of the target's own instructions. */
enum {
  KILN_MAX_MACHINE_OPERANDS = 3, /**< the most operands of a row */
  KILN_MAX_MACHINE_NAME = 48     /**< bytes of the longest name, with its NUL */
};

/** A row of the target's own instructions: MACHINE, MACHINE_ACT, MACHINE_DO. */
typedef struct kiln_machine_info {
  uint32_t row;                                  /**< for kiln_build_machine */
  kiln_op op;                                    /**< what it builds */
  kiln_type result;                              /**< VOID: it makes no value */
  uint32_t n_operands;                           /**< including the immediate */
  kiln_type operands[KILN_MAX_MACHINE_OPERANDS]; /**< their types */
  bool immediate; /**< the last operand is a constant from `least` to `most` */
  int32_t least;  /**< of the immediate */
  int32_t most;   /**< of the immediate */
} kiln_machine_info;

/** Finds an instruction by LLVM's name for it, without "llvm.x86." or "llvm.aarch64."; false if there is none. */
KILN_API bool kiln_machine_find(kiln_processor target, const char *name, size_t name_length,
                                kiln_machine_info *out);

/** [MACHINE] [MACHINEV] The instruction `row` on `n_operands` operands. */
KILN_API kiln_value kiln_build_machine(kiln_func *f, uint32_t row, const kiln_value *operands,
                                       uint32_t n_operands);

#ifdef __cplusplus
}
#endif
#endif
