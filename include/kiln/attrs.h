/* Attributes of modules and functions: personality, processor features, frames, and hardening by guards, probes, and
 * protected branches and returns. */
#ifndef KILN_ATTRS_H
#define KILN_ATTRS_H

#include <kiln/build.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- guards ---- */

/** Selects the functions that have a guard value between their local memory and the return address. */
typedef enum kiln_guard {
  KILN_GUARD_NONE, /**< never */
  /** If the function has a slot that is an array (kiln_slot_set_array), or uses salloc. */
  KILN_GUARD_ARRAYS,
  /** Like ARRAYS, and also if the address of a slot is used other than by loads and stores within the slot. */
  KILN_GUARD_ADDRESSES,
  KILN_GUARD_ALWAYS, /**< always */
  KILN_GUARD_COUNT
} kiln_guard;

/** Where to find the guard value that guarded functions (kiln_func_attrs.guard) keep a copy of. */
typedef enum kiln_guard_source {
  KILN_GUARD_SOURCE_DEFAULT, /**< as in Linux C libraries: x86-64 TLS, fs + 0x28; AArch64 GLOBAL */
  /** x86-64: at segment `reg` + `offset_bytes`, or + the address of `symbol`. */
  KILN_GUARD_SOURCE_TLS,
  KILN_GUARD_SOURCE_GLOBAL, /**< the 8 bytes of the symbol `__stack_chk_guard` */
  /** AArch64: at the address in system register `reg`, + `offset_bytes`. */
  KILN_GUARD_SOURCE_SYSREG,
  KILN_GUARD_SOURCE_COUNT
} kiln_guard_source;

/** The location of the guard value, as selected by compilers' option -mstack-protector-guard=. */
typedef struct kiln_guard_location {
  kiln_guard_source source; /**< fields that do not apply to it are ignored */
  /** TLS: "fs" (also NULL) or "gs". SYSREG: "sp_el0" (also NULL), "tpidr_el0", "tpidrro_el0" or "tpidr_el1". */
  const char *reg;
  /** TLS: relative to the segment's start, if there is no `symbol`. SYSREG: relative to the register's value, from -256
   * to 255, or a multiple of 8 below 32768. */
  int32_t offset_bytes;
  const char *symbol; /**< TLS: its address is the offset; NULL to use `offset_bytes` */
} kiln_guard_location;

/* ---- protected branches and returns ---- */

/** Protection of a program's branches and returns against an attacker who can write to its memory. */
enum {
  /** Code that an indirect branch may enter begins with an instruction that marks it: `endbr64` (CET's indirect branch
   * tracking) or `bti`. */
  KILN_PROTECT_BRANCH = 1,
  /** x86-64: returns match calls, so that a shadow stack can check them. AArch64: functions that store their return
   * address sign it (`paciasp`) and authenticate it before they return. */
  KILN_PROTECT_RETURN = 2,
  /** AArch64, with RETURN: applies to functions that do not store their return address, too. */
  KILN_PROTECT_RETURN_ALL = 4,
  /** AArch64, with RETURN: signs with key B instead of key A, as clang's -mbranch-protection=pac-ret+b-key requires. */
  KILN_PROTECT_KEY_B = 8,
  /** AArch64: returns match calls, so that a guarded control stack can check them. This does not change the code. */
  KILN_PROTECT_CONTROL_STACK = 16,
  /** For a function, with BRANCH: its beginning is not marked, since only direct calls enter it. */
  KILN_PROTECT_DIRECT = 32,
  /** For a function, and not combined with other flags: no protection, whatever the module's protection is. */
  KILN_PROTECT_NONE = 64
};

/* ---- variables: <kiln/debug.h> ---- */

/** What debuggers show of statements, and of the variables that kiln_func_declare_variable describes. */
typedef enum kiln_variables {
  /** Each variable is kept throughout its function, and each statement has an instruction. The code is slower. */
  KILN_VARIABLES_KEPT,
  /** Debugging information does not change the code: a variable is shown only where something has its value anyway. */
  KILN_VARIABLES_AS_IS,
  KILN_VARIABLES_COUNT
} kiln_variables;

/* ---- inlining: <kiln/inline.h> ---- */

/** Selects which calls of inline candidates (<kiln/inline.h>) are inlined. */
typedef enum kiln_inlining {
  KILN_INLINING_OFF,   /**< none */
  KILN_INLINING_MUST,  /**< calls of functions with KILN_INLINE_ALWAYS */
  KILN_INLINING_SMALL, /**< also calls of small functions: kiln_inline_attrs */
  KILN_INLINING_COUNT
} kiln_inlining;

/** Selects when calls of a function are inlined. */
typedef enum kiln_inline {
  KILN_INLINE_BY_SIZE, /**< if the function is small */
  KILN_INLINE_HINT,    /**< if the function is small, with a higher limit */
  KILN_INLINE_ALWAYS,  /**< wherever possible */
  KILN_INLINE_NEVER,   /**< never */
  KILN_INLINE_COUNT
} kiln_inline;

/* ---- functions ---- */

/** Attributes of a function. Zero-initialise the struct for the defaults. */
typedef struct kiln_func_attrs {
  /** The function that the unwinder calls for this function's frames, such as `__gxx_personality_v0`; 0 for none. A
   * function with TRY needs one. A function with a personality but without TRY also gets an exception table, in which
   * no call has a landing pad. */
  kiln_symbol personality;
  /** KILN_FEATURE_... that it may use, beyond those in the module's options */
  uint32_t features;
  /** Selects whether the frame is guarded. If so, the guard (kiln_module_attrs.guard_location) is copied to the frame
   * when the function is entered, and compared before each return. If the two differ, `__stack_chk_fail` is called,
   * which must not return. Array slots are placed next to the guard, so that writing past the end of an array hits the
   * guard and not other variables. */
  kiln_guard guard;
  /** KILN_PROTECT_... instead of the module's; 0 for the module's */
  uint32_t protection;
  /** If nonzero, the function touches its stack in order, at least once in this many bytes, so that a stack overflow
   * faults on the guard page and never reaches what lies beyond it (stack-clash protection). This applies to the frame
   * and to each salloc, of any size. Usually 4096, the size of the guard page; at least 16, and rounded down to what
   * the target's instructions can encode. */
  uint32_t probe_bytes;
  /** The function maintains the frame pointer (x86-64: rbp; AArch64: x29) as the head of a list of frames, for
   * profilers and sanitizers that walk the stack without unwind tables. Without this, x86-64 functions address their
   * frames relative to the stack pointer, unless it moves; on AArch64, every function with a frame maintains the frame
   * pointer anyway. A function that needs no frame never has one. */
  bool frame_pointer;
  /** The function aligns the stack pointer to 16 bytes itself, because its callers may have aligned it to only 8. On
   * x86-64, this is for callers that follow an older convention; AArch64, where the stack pointer is always aligned,
   * does not need it. Slots aligned to 16 bytes are then aligned to 32, and code computes their addresses from the
   * frame. Set this before the function has a slot. */
  bool realign_stack;
  /** The code uses no floating-point or vector registers, so that they keep their content: in a kernel, or between two
   * ASMs. Small blocks are copied and filled through general registers; a variadic function does not store its caller's
   * floating-point registers. It is an error if the function has a floating-point or vector value, and always on
   * AArch64. Functions that it calls may use these registers. */
  bool general_only;
  /** The function consists of its ASMs only. It has one block of ASMs without operands and results, which ends in
   * UNREACHABLE. It has no prologue and no frame, and no unwind rows other than those of its first instruction and of
   * kiln_asm.rows. */
  bool naked;
  /** The function is kept even if the linker collects garbage, as data with KILN_DATA_USED is. It is placed in a
   * retained section, which is its own unless the symbol names one. */
  bool used;
  /** No other definition replaces this one when the program is linked or loaded, or all definitions do the same, as
   * those of a C++ template do. The function may then be inlined whatever its linkage and visibility are. */
  bool final;
  /** Line tables use the order in which blocks were made instead of the order in which they were filled: the first row
   * of a block begins a statement if its line differs from that of the block made before it. This is for front ends
   * that make blocks in source order but fill them in another order, as rustc does. The code is then in
   * reverse post-order, and blocks that end in a call that does not return come last. The text form has a single order,
   * and does not have this attribute. */
  bool blocks_as_made;
  bool not_into;        /**< inline only KILN_INLINE_ALWAYS functions into it */
  kiln_inline inlining; /**< when calls of it are inlined */
  /** Bits of any meaning, such as sanitizers. The function is inlined only into functions that have the same bits
   * here. */
  uint32_t inline_same;
  /** Bits of any meaning, such as processor features. The function is inlined only into functions that have at least
   * these bits. */
  uint32_t inline_needs;
  uint64_t reserved[4]; /**< 0 */
} kiln_func_attrs;

/** Sets all attributes of a function. Call it before the function is finished. */
KILN_API void kiln_func_set_attrs(kiln_func *f, const kiln_func_attrs *attrs);

/** Returns the attributes of a function. To change one, get them all, change it, and set them all. */
KILN_API kiln_func_attrs kiln_func_get_attrs(const kiln_func *f);

/* ---- modules ---- */

/** Attributes that apply to all functions of a module and to its object. Zero-initialise the struct for the
 * defaults. */
typedef struct kiln_module_attrs {
  /** Location of the guard value, for functions compiled from now on. KILN_ERR_UNSUPPORTED if the target does not have
   * such a location. */
  kiln_guard_location guard_location;
  /** KILN_PROTECT_... other than DIRECT and NONE, for functions that begin from now on and do not set their own.
   * Objects state that all of their code is protected in this way. Flags of other targets have no effect. */
  uint32_t protection;
  /** The DWARF version to write: 4, or 5 (also 0). Set it before kiln_func_set_debug is called. */
  uint32_t dwarf_version;
  /** Calls of library functions that the compiler itself generates (memcpy, __stack_chk_fail) go through the GOT
   * instead of the PLT (-fno-plt). For calls of declared functions, see kiln_symbol_desc.no_plt. */
  bool no_plt;
  bool no_red_zone; /**< no function uses memory below the stack pointer */
  /** Functions execute code that they write to the stack, such as trampolines of nested functions. Objects request an
   * executable stack; the JIT, which has none, refuses the module. */
  bool exec_stack;
  /** Bitcode metadata that Kiln does not know is an error. Otherwise it is dropped (kiln_llvm_list_unknown). Set this
   * before the bitcode is read. */
  bool refuse_unknown;
  kiln_inlining inlining;   /**< selects which calls of inline candidates are inlined */
  kiln_variables variables; /**< set this before anything is read or built */
  uint64_t reserved[5];     /**< 0 */
} kiln_module_attrs;

/** Sets all attributes of a module. Call it before kiln_module_freeze. Everything is copied. */
KILN_API kiln_status kiln_module_set_attrs(kiln_module *m, const kiln_module_attrs *attrs);

/** Returns the attributes of a module. Strings live as long as the module. To change one, get them all, change it, and
 * set them all. */
KILN_API kiln_module_attrs kiln_module_get_attrs(const kiln_module *m);

#ifdef __cplusplus
}
#endif
#endif
