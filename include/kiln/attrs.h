/* Attributes of modules and functions: personality, processor features, properties of frames, and hardening (guards,
 * stack probes, protection of branches and returns). */
#ifndef KILN_ATTRS_H
#define KILN_ATTRS_H

#include <kiln/build.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- guards ---- */

/** Selects the functions that have a guard value between their local memory and their return address. */
typedef enum kiln_guard {
  KILN_GUARD_NONE, /**< never */
  /** If the function has a slot that is or contains an array (kiln_slot_set_array), or uses SALLOC. */
  KILN_GUARD_ARRAYS,
  /** Like ARRAYS, and also if the address of a slot is used by anything except loads and stores within the slot. */
  KILN_GUARD_ADDRESSES,
  KILN_GUARD_ALWAYS, /**< always */
  KILN_GUARD_COUNT
} kiln_guard;

/** Where the guard value is found. Guarded functions (kiln_func_attrs.guard) store a copy of this value in their
 * frames. */
typedef enum kiln_guard_source {
  /** As in Linux C libraries: TLS at fs + 0x28 on x86-64, GLOBAL on AArch64. */
  KILN_GUARD_SOURCE_DEFAULT,
  /** x86-64: in the segment `reg`, at the offset `offset_bytes`, or at the offset that is the address of `symbol`. */
  KILN_GUARD_SOURCE_TLS,
  KILN_GUARD_SOURCE_GLOBAL, /**< the 8 bytes of the symbol `__stack_chk_guard` */
  /** AArch64: at the address in the system register `reg`, plus `offset_bytes`. */
  KILN_GUARD_SOURCE_SYSREG,
  KILN_GUARD_SOURCE_COUNT
} kiln_guard_source;

/** The location of the guard value. C compilers select it with the option -mstack-protector-guard=. */
typedef struct kiln_guard_location {
  kiln_guard_source source; /**< fields that do not apply to this source are ignored */
  /** TLS: "fs" (also NULL) or "gs". SYSREG: "sp_el0" (also NULL), "tpidr_el0", "tpidrro_el0" or "tpidr_el1". */
  const char *reg;
  /** TLS, if `symbol` is NULL: the offset from the segment's start. SYSREG: the offset from the register's value, which
   * is from -256 to 255, or a nonnegative multiple of 8 below 32768. */
  int32_t offset_bytes;
  /** TLS: the symbol whose address is the offset; NULL to use `offset_bytes`. */
  const char *symbol;
} kiln_guard_location;

/* ---- protected branches and returns ---- */

/** Protection of a program's branches and returns against an attacker who can write to its memory. */
enum {
  /** Each place that an indirect branch may jump to begins with an instruction that marks it as such: `endbr64` on
   * x86-64 (CET's indirect branch tracking), `bti` on AArch64. */
  KILN_PROTECT_BRANCH = 1,
  /** x86-64: returns match calls, so that a shadow stack can check them. AArch64: functions that store their return
   * address sign the address (`paciasp`) and authenticate it before they return. */
  KILN_PROTECT_RETURN = 2,
  /** AArch64, with RETURN: functions that do not store their return address sign and authenticate it too. */
  KILN_PROTECT_RETURN_ALL = 4,
  /** AArch64, with RETURN: return addresses are signed with key B instead of key A, as with clang's option
   * -mbranch-protection=pac-ret+b-key. */
  KILN_PROTECT_KEY_B = 8,
  /** AArch64: returns match calls, so that a guarded control stack can check them. This does not change the code. */
  KILN_PROTECT_CONTROL_STACK = 16,
  /** For a function, with BRANCH: the beginning of the function is not marked, since only direct calls enter the
   * function. */
  KILN_PROTECT_DIRECT = 32,
  /** For a function: no protection, whatever the module's protection is. Not combined with other flags. */
  KILN_PROTECT_NONE = 64
};

/* ---- variables: <kiln/debug.h> ---- */

/** Selects how well debuggers can show statements and the variables that kiln_func_declare_variable describes. */
typedef enum kiln_variables {
  /** Each variable is kept throughout its function, and each statement has at least one instruction. The code is
   * slower. */
  KILN_VARIABLES_KEPT,
  /** Debugging information does not change the code. Debuggers show a variable only where its value happens to be in a
   * register or in memory. */
  KILN_VARIABLES_AS_IS,
  KILN_VARIABLES_COUNT
} kiln_variables;

/* ---- inlining: <kiln/inline.h> ---- */

/** Selects which calls of inline candidates (<kiln/inline.h>) are inlined. */
typedef enum kiln_inlining {
  KILN_INLINING_OFF,  /**< none */
  KILN_INLINING_MUST, /**< calls to functions with KILN_INLINE_ALWAYS */
  /** Calls to functions with KILN_INLINE_ALWAYS and calls to small functions (kiln_inline_attrs). */
  KILN_INLINING_SMALL,
  KILN_INLINING_COUNT
} kiln_inlining;

/** Selects when calls to a function are inlined. */
typedef enum kiln_inline {
  KILN_INLINE_BY_SIZE, /**< if the function is small */
  KILN_INLINE_HINT,    /**< if the function is small, by a higher limit than for BY_SIZE */
  KILN_INLINE_ALWAYS,  /**< wherever possible */
  KILN_INLINE_NEVER,   /**< never */
  KILN_INLINE_COUNT
} kiln_inline;

/* ---- functions ---- */

/** Attributes of a function. Zero-initialise the struct for the defaults. */
typedef struct kiln_func_attrs {
  /** The personality: the function that the unwinder calls for this function's frames, such as `__gxx_personality_v0`;
   * 0 for none. A function with TRY needs a personality. A function with a personality but without TRY has an exception
   * table too, in which no call has a landing pad. */
  kiln_symbol personality;
  /** KILN_FEATURE_... that the function may use in addition to those in the module's options */
  uint32_t features;
  /** Selects whether the frame is guarded. In a guarded function, the guard value (kiln_module_attrs.guard_location) is
   * copied to the frame when the function is entered. Before each return, the copy is compared with the guard value. If
   * the two differ, `__stack_chk_fail` is called, which must not return. Slots that are arrays are placed next to the
   * copy, so that writing past the end of an array overwrites the copy and not other variables. */
  kiln_guard guard;
  /** KILN_PROTECT_... that replace the module's protection; 0 to use the module's protection */
  uint32_t protection;
  /** If nonzero, stack-clash protection: the function touches its stack in order, at least once every `probe_bytes`
   * bytes. A stack overflow then faults on the guard page, and never reaches the memory beyond the guard page. This
   * applies to the frame and to each SALLOC, of any size. The value is usually 4096, the size of the guard page. It
   * must be at least 16, and is rounded down to a value that the target's instructions can encode. */
  uint32_t probe_bytes;
  /** The function maintains the frame pointer (rbp on x86-64, x29 on AArch64) as the head of a list of frames, for
   * profilers and sanitizers that walk the stack without unwind tables. If this is false, an x86-64 function addresses
   * its frame relative to the stack pointer, unless the stack pointer moves within the function. On AArch64, every
   * function that has a frame maintains the frame pointer anyway. A function that needs no frame does not maintain the
   * frame pointer, even if this is true. */
  bool frame_pointer;
  /** The function aligns the stack pointer to 16 bytes itself, because its callers may have aligned the stack pointer
   * to only 8 bytes. This is for x86-64, where callers may follow an older convention. It is not needed on AArch64,
   * where the stack pointer is always aligned to 16 bytes. Slots that require an alignment of 16 bytes are then aligned
   * to 32 bytes, and code computes their addresses from the frame. Set this field before the function has a slot. */
  bool realign_stack;
  /** The function's code uses no floating-point or vector registers, so that these registers keep their content. This
   * is for kernels, and for registers that must keep their content between two ASMs. Small blocks of memory are copied
   * and filled through general registers. A variadic function does not store the floating-point registers that its
   * caller passes. If the function has a floating-point or vector value, this is an error. On AArch64, it is always an
   * error. Functions that are called by this function may use the registers. */
  bool general_only;
  /** The function consists only of the machine code of its ASMs. It has one block, which contains ASMs without operands
   * and results and ends in UNREACHABLE. No prologue and no frame are generated. The only unwind rows are the row for
   * the first instruction and the rows from kiln_asm.rows. */
  bool naked;
  /** The function is kept even if the linker collects garbage (as for data with KILN_DATA_USED). It is placed in a
   * retained section: in the section that its symbol names, or in a section of its own if the symbol names none. */
  bool used;
  /** When the program is linked or loaded, either no other definition of the function replaces this one, or all
   * definitions are equivalent, as those of a C++ template are. The function may then be inlined whatever its linkage
   * and visibility are. */
  bool final;
  /** Line tables follow the order in which blocks were made, not the order in which blocks were filled. The first row
   * of a block begins a statement if its line differs from the line of the block that was made before it. This is for
   * front ends that make blocks in source order but fill them in another order, as rustc does. The code is then in
   * reverse post-order, and blocks that end in a call that does not return come last. The text form has only one order
   * of blocks, and does not have this attribute. */
  bool blocks_as_made;
  /** Only functions with KILN_INLINE_ALWAYS are inlined into this function. */
  bool not_into;
  kiln_inline inlining; /**< when calls to this function are inlined */
  /** Bits whose meaning the front end defines, such as one bit for each sanitizer. The function is inlined only into
   * functions whose `inline_same` has the same bits. */
  uint32_t inline_same;
  /** Bits whose meaning the front end defines, such as one bit for each processor feature. The function is inlined only
   * into functions whose `inline_needs` has at least these bits. */
  uint32_t inline_needs;
  uint64_t reserved[4]; /**< 0 */
} kiln_func_attrs;

/** Sets all attributes of a function. Call kiln_func_set_attrs before the function is finished. */
KILN_API void kiln_func_set_attrs(kiln_func *f, const kiln_func_attrs *attrs);

/** Returns the attributes of a function. To change one attribute, get all attributes, change the one, and set all of
 * them. */
KILN_API kiln_func_attrs kiln_func_get_attrs(const kiln_func *f);

/* ---- modules ---- */

/** Attributes that apply to all functions of a module and to its object. Zero-initialise the struct for the
 * defaults. */
typedef struct kiln_module_attrs {
  /** Location of the guard value, for functions compiled from now on. If the target does not have such a location, the
   * error is KILN_ERR_UNSUPPORTED. */
  kiln_guard_location guard_location;
  /** KILN_PROTECT_... other than DIRECT and NONE, for functions that are begun from now on and do not set a protection
   * of their own. Objects are marked to say that all of their code is protected in this way. Flags that are not for the
   * module's target have no effect. */
  uint32_t protection;
  /** The DWARF version to write: 4 or 5; 0 for 5. Set it before kiln_func_set_debug is called. */
  uint32_t dwarf_version;
  /** Kiln itself generates some calls to library functions, such as memcpy and __stack_chk_fail. These calls go through
   * the GOT instead of the PLT (as with -fno-plt). For calls to functions that the front end declares, see
   * kiln_symbol_desc.no_plt. */
  bool no_plt;
  bool no_red_zone; /**< no function uses memory below the stack pointer */
  /** The program executes code that its functions write to the stack, such as trampolines of nested functions. Objects
   * request an executable stack. The JIT refuses the module, since it cannot provide an executable stack. */
  bool exec_stack;
  /** Bitcode metadata that Kiln does not know is an error. If this is false, such metadata is dropped
   * (kiln_llvm_list_unknown). Set this field before the bitcode is read. */
  bool refuse_unknown;
  kiln_inlining inlining;   /**< selects which calls of inline candidates are inlined */
  kiln_variables variables; /**< set this before anything is read or built */
  uint64_t reserved[5];     /**< 0 */
} kiln_module_attrs;

/** Sets all attributes of a module. Call it before kiln_module_freeze. Everything is copied. */
KILN_API kiln_status kiln_module_set_attrs(kiln_module *m, const kiln_module_attrs *attrs);

/** Returns the attributes of a module. The strings live as long as the module. To change one attribute, get all
 * attributes, change the one, and set all of them. */
KILN_API kiln_module_attrs kiln_module_get_attrs(const kiln_module *m);

#ifdef __cplusplus
}
#endif
#endif
