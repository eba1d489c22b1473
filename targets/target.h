/* The contract between lib/ and a target: facts that the plan, the pipeline, the object writer and the JIT
 * read, and one entry that compiles a planned function. What the walk shares is in lib/walk.h, as inline
 * functions that a target instantiates with its own `struct kn_hooks`. Only lib/targets.c names the targets. */
#ifndef KN_TARGETS_TARGET_H
#define KN_TARGETS_TARGET_H

#include "ir/func.h"

/* Registers are numbered 0 to 63 over both banks: general ones from 0, float ones from KN_FP_BASE.
 * Sets of registers are 64-bit masks. */
#define KN_FP_BASE 32u
#define KN_BIT(r) (UINT64_C(1) << (r))
#define KN_GP_MASK UINT64_C(0xffffffff)

struct kn_walk;
struct kn_plan;

/* The field that a relocation of a call fills with the distance to a function of the same section, when that
 * is done here: lib/elf_write.c. */
enum kn_call_field {
  KN_CALL_REL32, /* 32 bits: the distance in bytes */
  KN_CALL_IMM26  /* bits 0 to 25 of a word: the distance in words */
};

enum { KN_CIE_RULES = 7 };

/* What differs between machines in objects, and in code in memory. */
struct kn_elf_machine {
  uint16_t number;       /* e_machine */
  uint32_t flags;        /* e_flags */
  uint8_t fill;          /* byte between functions: stops execution */
  uint8_t align_log2;    /* of functions, at least */
  bool mapping_symbols;  /* $x at the start of code */
  uint8_t call_field;    /* enum kn_call_field */
  uint16_t abs64, abs32; /* relocations in data */
  uint16_t rel64, rel32;
  const uint16_t *sectional; /* relocations that may name a section symbol + offset; 0 ends */
  const uint16_t *calls;     /* resolved here if the target cannot move; 0 ends */
  /* of .eh_frame: what advances count in, the return address's column, and the rules of a function's first
   * instruction, 0 (DW_CFA_nop) behind them. Offsets count in -8. */
  uint8_t cie_code_align;
  uint8_t cie_return;
  uint8_t cie_rules[KN_CIE_RULES];
};

enum { KN_MAX_FEATURES = 4 };

/* What processors may have beyond the baseline. */
struct kn_target_feature {
  const char *name; /* LLVM's; NULL ends */
  uint32_t bit;     /* KILN_FEATURE_... */
};

struct kn_target {
  const char *name;
  uint64_t temps;        /* registers only ever used for values of one block */
  uint64_t caller_homes; /* may be homes of intervals without calls, else temporary */
  uint64_t around_calls; /* of these: may also be saved before each call, reloaded after it */
  uint64_t callee_homes; /* preserved by calls: homes; temporary where the function saves them */
  uint8_t arg_regs[8];   /* general argument registers in order; KN_NO_REG ends */
  uint8_t fp_arg_regs[8];
  /* Per opcode, the types (a bit each) for which it clobbers like a call. */
  const uint16_t *clobbers;
  /* Frame offsets of locals grow upward from the frame register and are positive, those of the
   * caller's arguments are negative; else the other way round. */
  bool frame_up;
  /* Compiles f, planned by `plan`, into the session's output. */
  kiln_status (*compile)(kiln_session *s, kiln_func *f, struct kn_plan *plan);

  /* Registers that a call preserves, as the ABI's document lists them. Read by the allocation checker alone, and
   * not made of the sets above, which it is to check. */
  uint64_t preserved;
  uint16_t foreign;  /* types that there are no values of: KN_T(...) */
  bool reaches_zero; /* see kn_target_reaches_zero */
  struct kn_target_feature features[KN_MAX_FEATURES];
  struct kn_elf_machine elf;
};

/* The table of a target (lib/targets.c). */
const struct kn_target *kn_target_at(kiln_target t);

extern const struct kn_target kn_target_x86_64;
extern const struct kn_target kn_target_aarch64;

#endif
