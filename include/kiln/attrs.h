/* Attributes of modules and functions: personality, processor features, frames; and what hardens code: guards, probes,
 * protected branches and returns. */
#ifndef KILN_ATTRS_H
#define KILN_ATTRS_H

#include <kiln/build.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- guards ---- */

/** Which functions have a guard value between their local memory and the return address. */
typedef enum kiln_guard {
  KILN_GUARD_NONE, /**< never */
  /** If the function has a slot that is an array (kiln_slot_set_array), or uses salloc. */
  KILN_GUARD_ARRAYS,
  /** As ARRAYS; or if the address of a slot is used otherwise than by loads and stores inside the slot. */
  KILN_GUARD_ADDRESSES,
  KILN_GUARD_ALWAYS, /**< always */
  KILN_GUARD_COUNT
} kiln_guard;

/** Where the guard value is that guarded functions (kiln_func_attrs.guard) keep a copy of. */
typedef enum kiln_guard_source {
  KILN_GUARD_SOURCE_DEFAULT, /**< as C's library on Linux: x86-64 TLS, fs + 0x28; AArch64 GLOBAL */
  KILN_GUARD_SOURCE_TLS, /**< x86-64: at segment `reg` + `offset`, or + the address of `symbol` */
  KILN_GUARD_SOURCE_GLOBAL, /**< the 8 bytes of the symbol `__stack_chk_guard` */
  KILN_GUARD_SOURCE_SYSREG, /**< AArch64: at the address in system register `reg`, + `offset` */
  KILN_GUARD_SOURCE_COUNT
} kiln_guard_source;

/** The location of the guard value, as in compilers' options -mstack-protector-guard=. */
typedef struct kiln_guard_location {
  kiln_guard_source source; /**< fields that do not belong to it are ignored */
  /** TLS: "fs" (NULL too) or "gs". SYSREG: "sp_el0" (NULL too), "tpidr_el0", "tpidrro_el0" or "tpidr_el1". */
  const char *reg;
  /** TLS: from the segment's start, if there is no `symbol`. SYSREG: from the register's value, -256 to 255, or a
   * multiple of 8 below 32768. */
  int32_t offset_bytes;
  const char *symbol; /**< TLS: the address of this is the offset; NULL: `offset_bytes` is */
} kiln_guard_location;

/* ---- protected branches and returns ---- */

/** What protects a program's branches and returns from an attacker who can write to its memory. */
enum {
  /** Code that an indirect branch may enter begins with an instruction that marks it: `endbr64` (CET's indirect branch
   * tracking), `bti`. */
  KILN_PROTECT_BRANCH = 1,
  /** x86-64: returns match calls, so that a shadow stack can check them. AArch64: functions that store their return
   * address sign it (`paciasp`), and authenticate it before they return. */
  KILN_PROTECT_RETURN = 2,
  /** AArch64, with RETURN: functions that do not store it, too. */
  KILN_PROTECT_RETURN_ALL = 4,
  /** AArch64, with RETURN: with key B, not A. */
  KILN_PROTECT_KEY_B = 8,
  /** AArch64: returns match calls, so that a guarded control stack can check them. It changes no code. */
  KILN_PROTECT_CONTROL_STACK = 16,
  /** For a function, with BRANCH: not at its beginning, which only direct calls enter. */
  KILN_PROTECT_DIRECT = 32,
  /** For a function, alone: none of these, whatever the module's protection is. */
  KILN_PROTECT_NONE = 64
};

/* ---- variables: <kiln/debug.h> ---- */

/** What debuggers see of the variables that kiln_func_declare_variable describes, and of statements. */
typedef enum kiln_variables {
  /** Each variable is kept for all of its function, and each statement has an instruction: the code is slower. */
  KILN_VARIABLES_KEPT,
  /** Debug information changes no code: a variable is shown where something has its value anyway. */
  KILN_VARIABLES_AS_IS,
  KILN_VARIABLES_COUNT
} kiln_variables;

/* ---- inlining: <kiln/inline.h> ---- */

/** Which calls of kept functions are inlined. */
typedef enum kiln_inlining {
  KILN_INLINING_OFF,   /**< none */
  KILN_INLINING_MUST,  /**< those of functions with KILN_INLINE_ALWAYS */
  KILN_INLINING_SMALL, /**< and those of small functions: kiln_inline_attrs */
  KILN_INLINING_COUNT
} kiln_inlining;

/** When calls of a function are inlined. */
typedef enum kiln_inline {
  KILN_INLINE_BY_SIZE, /**< if it is small */
  KILN_INLINE_HINT,    /**< if it is small; it may be larger than others */
  KILN_INLINE_ALWAYS,  /**< wherever that is possible */
  KILN_INLINE_NEVER,   /**< nowhere */
  KILN_INLINE_COUNT
} kiln_inline;

/* ---- functions ---- */

/** Attributes of a function. Zero-initialise for defaults. */
typedef struct kiln_func_attrs {
  /** What the unwinder calls for this function's frames, such as `__gxx_personality_v0`; 0: none. A function with TRY
   * needs one. A function with a personality and without TRY has a table, too, by which no call has a landing pad. */
  kiln_symbol personality;
  /** KILN_FEATURE_... that it may use, in addition to those of the module's options */
  uint32_t features;
  /** Whether the frame is guarded: the guard (kiln_module_attrs.guard_location) is copied to the frame when the
   * function is entered, and compared before each return. If they differ, `__stack_chk_fail` is called, which must
   * not return. Array slots lie next to the guard, so that writes beyond an array reach the guard, and not other
   * variables. */
  kiln_guard guard;
  /** KILN_PROTECT_..., in place of the module's protection; 0: the module's */
  uint32_t protection;
  /** Not 0: the function touches its stack in order, at least once in this many bytes, so that running over the end of
   * the stack faults on the guard page there, and never reaches what lies beyond (stack-clash protection). That holds
   * for the frame and for each salloc, of any size. Usually 4096, the size of the guard page; at least 16, and rounded
   * down to what the target's instructions can encode. */
  uint32_t probe_bytes;
  /** The function keeps the frame pointer (x86-64: rbp; AArch64: x29) as the head of a list of frames, for profilers
   * and sanitizers that walk the stack without frame rows. On x86-64 other functions address their frames by the
   * stack pointer, unless that moves; on AArch64 every function with a frame keeps the frame pointer. A function
   * that needs no frame has none in any case. */
  bool frame_pointer;
  /** The function aligns the stack pointer to 16 bytes itself, since its callers may have aligned it to 8 only. On
   * x86-64 this is for callers that follow an older convention; on AArch64, whose stack pointer is always aligned, it
   * is not needed. Slots aligned to 16 bytes are then aligned to 32, and code has their addresses from the frame. Set
   * it before the function has a slot. */
  bool realign_stack;
  /** The code uses no registers of floats and vectors, so that their content stays as it is: in a kernel, or between
   * two ASMs. Small blocks are copied and filled by general registers; a variadic function does not store its
   * caller's float registers. It is an error if the function has a value that is a float or a vector, or for
   * AArch64. Functions that it calls may use these registers. */
  bool general_only;
  /** The code is the function's machine code alone: it has one block, of ASMs without operands and results and a last
   * UNREACHABLE. There is no prologue and no frame, and no frame rows but those of its first instruction and of
   * kiln_asm.rows. */
  bool naked;
  /** Kept even if the linker collects garbage, as data with KILN_DATA_USED is: in a section that is retained, its
   * own unless the symbol names one. */
  bool used;
  /** No other definition replaces this one when the program is linked or loaded, or all definitions do the same, as
   * those of a C++ template: the function may be inlined whatever its linkage and visibility are. */
  bool final;
  /** In line tables, blocks are in the order in which they were made, not filled: the first row of a block begins a
   * statement if its line differs from that of the block made before. For front ends that make blocks in the order of
   * their source, but fill them in another, as rustc does. The code is then in reverse post-order, in which calls that
   * do not return come last. Text has one order only, and not this attribute. */
  bool blocks_as_made;
  bool not_into;        /**< only KILN_INLINE_ALWAYS functions are inlined into it */
  kiln_inline inlining; /**< whether it is inlined */
  /** Bits of any meaning, such as sanitizers: a function is only inlined into functions with the same bits here. */
  uint32_t inline_same;
  /** Bits of any meaning: a function is only inlined into functions that have at least these, such as features of
   * processors. */
  uint32_t inline_needs;
  uint64_t reserved[4]; /**< 0 */
} kiln_func_attrs;

/** Sets all attributes of a function, before it is finished. */
KILN_API void kiln_func_set_attrs(kiln_func *f, const kiln_func_attrs *attrs);

/** The attributes of a function. To change one: get, change, set. */
KILN_API kiln_func_attrs kiln_func_get_attrs(const kiln_func *f);

/* ---- modules ---- */

/** What holds for all functions of a module, and for its object. Zero-initialise for defaults. */
typedef struct kiln_module_attrs {
  /** Where the guard value is for functions that are compiled from now on. KILN_ERR_UNSUPPORTED: one that the
   * target does not have. */
  kiln_guard_location guard_location;
  /** KILN_PROTECT_..., without DIRECT and NONE: for functions that begin from now on, unless they have their own;
   * objects say that all of their code is protected so. Flags of other targets have no effect.
   */
  uint32_t protection;
  /** The version of DWARF that is written: 4, or 5 (also 0). Set it before kiln_func_set_debug is called. */
  uint32_t dwarf_version;
  /** Calls of library functions that the compiler makes itself (memcpy, __stack_chk_fail) go through the GOT, not
   * through the PLT (-fno-plt). For calls of declared functions see kiln_symbol_desc.no_plt. */
  bool no_plt;
  bool no_red_zone; /**< no function uses memory below the stack pointer */
  /** Functions execute code that they write to the stack, such as trampolines of nested functions: objects request an
   * executable stack, and the JIT, which has none, refuses the module. */
  bool exec_stack;
  /** Metadata of bitcode that Kiln does not know are an error; else they are dropped (kiln_llvm_list_unknown). Set it
   * before the bitcode is read. */
  bool refuse_unknown;
  kiln_inlining inlining;   /**< which calls of kept functions are inlined */
  kiln_variables variables; /**< set it before anything is read or built */
  uint64_t reserved[5];     /**< 0 */
} kiln_module_attrs;

/** Sets all attributes of a module, before kiln_module_freeze. Everything is copied. */
KILN_API kiln_status kiln_module_set_attrs(kiln_module *m, const kiln_module_attrs *attrs);

/** The attributes of a module. Strings live as long as the module. To change one: get, change, set. */
KILN_API kiln_module_attrs kiln_module_get_attrs(const kiln_module *m);

#ifdef __cplusplus
}
#endif
#endif
