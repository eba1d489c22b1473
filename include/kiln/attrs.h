/* Attributes of modules and functions. The attributes select the personality, the processor features, the properties of
 * frames, and the hardening. Hardening consists of guards, stack probes, and the protection of branches and returns. */
#ifndef KILN_ATTRS_H
#define KILN_ATTRS_H

#include <kiln/build.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- guards ---- */

/** Selects the functions that have a guard value. In the frame of such a function, the guard value is between the local
 * memory and the return address. */
typedef enum kiln_guard {
  KILN_GUARD_NONE, /**< never */
  /** The function has a guard value if it uses SALLOC. The function also has a guard value if one of its slots is or
   * contains an array (kiln_slot_set_array). */
  KILN_GUARD_ARRAYS,
  /** The function has a guard value in all cases in which KILN_GUARD_ARRAYS requires one. The function also has a guard
   * value if an instruction uses the address of a slot for anything but loads and stores within the slot. */
  KILN_GUARD_ADDRESSES,
  KILN_GUARD_ALWAYS, /**< always */
  KILN_GUARD_COUNT
} kiln_guard;

/** Selects where code finds the guard value. A guarded function (kiln_func_attrs.guard) stores a copy of the guard
 * value in its frame. */
typedef enum kiln_guard_source {
  /** The location that C libraries for Linux use. On x86-64, this is the thread-local memory at fs + 0x28. On AArch64,
   * this is the same as KILN_GUARD_SOURCE_GLOBAL. */
  KILN_GUARD_SOURCE_DEFAULT,
  /** x86-64 only: the guard value is in the segment `reg`. The offset of the guard value in the segment is the address
   * of `symbol`, or `offset_bytes` if `symbol` is NULL. */
  KILN_GUARD_SOURCE_TLS,
  KILN_GUARD_SOURCE_GLOBAL, /**< the 8 bytes of the symbol `__stack_chk_guard` */
  /** AArch64 only: the guard value is at the address in the system register `reg`, plus `offset_bytes`. */
  KILN_GUARD_SOURCE_SYSREG,
  KILN_GUARD_SOURCE_COUNT
} kiln_guard_source;

/** The location of the guard value. C compilers select the location with the option -mstack-protector-guard=. */
typedef struct kiln_guard_location {
  kiln_guard_source source; /**< fields that do not apply to this source are ignored */
  /** The name of a register. For KILN_GUARD_SOURCE_TLS, this is "fs" or "gs"; NULL means "fs". For
   * KILN_GUARD_SOURCE_SYSREG, this is "sp_el0", "tpidr_el0", "tpidrro_el0" or "tpidr_el1"; NULL means "sp_el0". */
  const char *reg;
  /** For KILN_GUARD_SOURCE_TLS, this is the offset of the guard value from the start of the segment. If `symbol` is not
   * NULL, this offset is ignored. For KILN_GUARD_SOURCE_SYSREG, this is the offset of the guard value from the address
   * in the register. That offset must be from -256 to 255, or a nonnegative multiple of 8 below 32768. */
  int32_t offset_bytes;
  /** For KILN_GUARD_SOURCE_TLS, the address of this symbol is the offset of the guard value. If `symbol` is NULL,
   * `offset_bytes` is the offset. */
  const char *symbol;
  uint64_t reserved[2]; /**< 0 */
} kiln_guard_location;

/* ---- protected branches and returns ---- */

/** Protects branches and returns against an attacker who can write to the memory of the program. */
enum {
  /** Marks each location that an indirect branch may jump to. The mark is an instruction. On x86-64, it is `endbr64`
   * (CET's indirect branch tracking). On AArch64, it is `bti`. */
  KILN_PROTECT_BRANCH = 1,
  /** Protects returns. On x86-64, each return matches a call, so that a shadow stack can check the return. On AArch64,
   * a function that stores its return address signs the address (with the instruction `paciasp`). The function
   * authenticates the address before it returns. */
  KILN_PROTECT_RETURN = 2,
  /** On AArch64, together with KILN_PROTECT_RETURN: functions sign and authenticate their return address, whether they
   * store it or not. */
  KILN_PROTECT_RETURN_ALL = 4,
  /** Not supported: functions would sign return addresses with key B instead of key A, as with clang's option
   * -mbranch-protection=pac-ret+b-key. Attributes with this flag fail with KILN_ERR_UNSUPPORTED. */
  KILN_PROTECT_KEY_B = 8,
  /** On AArch64: each return matches a call, so that a guarded control stack can check the return. This flag does not
   * change the code. */
  KILN_PROTECT_CONTROL_STACK = 16,
  /** For a function, together with KILN_PROTECT_BRANCH: the beginning of the function has no mark. Use this flag if
   * only direct calls enter the function. */
  KILN_PROTECT_DIRECT = 32,
  /** For a function: the function has no protection, whatever protection the module has. Do not combine this flag with
   * other flags. */
  KILN_PROTECT_NONE = 64
};

/* ---- variables: <kiln/debug.h> ---- */

/** Selects how well debuggers can show statements, and variables that kiln_func_declare_variable describes. */
typedef enum kiln_variables {
  /** Every variable stays available until its function ends. Every statement has at least one instruction. The code is
   * slower. Foreign functions (kiln_func_attrs.foreign) are compiled as with KILN_VARIABLES_AS_IS. */
  KILN_VARIABLES_KEPT,
  /** Debugging information does not change the code. Debuggers can show a variable only while its value is in a
   * register or in memory. */
  KILN_VARIABLES_AS_IS,
  /** As KILN_VARIABLES_KEPT, in foreign functions, too. */
  KILN_VARIABLES_ALL,
  KILN_VARIABLES_COUNT
} kiln_variables;

/* ---- inlining: <kiln/inline.h> ---- */

/** Selects which calls of inline candidates (<kiln/inline.h>) are inlined. */
typedef enum kiln_inlining {
  KILN_INLINING_OFF,  /**< none */
  KILN_INLINING_MUST, /**< calls to functions with KILN_INLINE_ALWAYS */
  /** Kiln inlines calls to functions with KILN_INLINE_ALWAYS. Kiln also inlines calls to small functions
   * (kiln_inline_attrs). */
  KILN_INLINING_SMALL,
  /** Kiln inlines calls to functions with KILN_INLINE_ALWAYS. Kiln also inlines calls to small functions that are
   * foreign (kiln_func_attrs.foreign). Other functions stay functions, and KILN_VARIABLES_KEPT holds for them, but not
   * for the foreign functions that are inlined into them. */
  KILN_INLINING_FOREIGN,
  KILN_INLINING_COUNT
} kiln_inlining;

/** Selects when calls to a function are inlined. */
typedef enum kiln_inline {
  KILN_INLINE_BY_SIZE, /**< if the function is small */
  /** Kiln inlines calls to the function if the function is small. The limit on the size is higher than for
   * KILN_INLINE_BY_SIZE. */
  KILN_INLINE_HINT,
  KILN_INLINE_ALWAYS, /**< wherever possible */
  KILN_INLINE_NEVER,  /**< never */
  KILN_INLINE_COUNT
} kiln_inline;

/* ---- functions ---- */

/** Attributes of a function. Zero-initialise the struct for the defaults. */
typedef struct kiln_func_attrs {
  /** The personality is the function that the unwinder calls for the frames of this function, such as
   * `__gxx_personality_v0`. 0 means no personality. A function with a TRY needs a personality. If a function has a
   * personality but no TRY, Kiln still writes an exception table for the function. In this table, no call has a landing
   * pad. */
  kiln_symbol personality;
  /** Selects whether the function has a guarded frame. At its beginning, a guarded function copies the guard value
   * (kiln_module_attrs.guard_location) to its frame. Before each return, it compares the copy with the guard value, and
   * calls `__stack_chk_fail`, which must not return, if the two differ. Slots that are arrays lie next to the copy, so
   * that code that writes past the end of an array overwrites the copy and not other variables. */
  kiln_guard guard;
  /** Flags KILN_FEATURE_...: the processor features that this function may use. The function may also use the features
   * in the options of the module. */
  uint64_t features;
  /** Flags KILN_PROTECT_... for this function. They replace the flags of the module. 0 means that the flags of the
   * module apply. */
  uint32_t protection;
  /** The maximum distance between two stack probes, for stack-clash protection; 0 means no probes. The function
   * accesses its stack in order, at least once in every `probe_bytes` bytes, so that a stack overflow faults on the
   * guard page, and never reaches the memory beyond it. Stack probes cover the frame and each SALLOC of any size.
   * - `probe_bytes` is usually 4096, the size of the guard page, and at least 16. Kiln rounds it down to a value that
   *   the target's instructions can encode. */
  uint32_t probe_bytes;
  /** If true, the function maintains the frame pointer (rbp on x86-64, x29 on AArch64) as the head of a list of frames.
   * Profilers and sanitizers that walk the stack without unwind tables need this list.
   * - If false, an x86-64 function addresses its frame relative to the stack pointer, unless its stack pointer moves.
   * - On AArch64, every function that has a frame maintains the frame pointer. A function that needs no frame never
   *   does. */
  bool frame_pointer;
  /** If true, the function itself aligns the stack pointer to 16 bytes, for callers on x86-64 that follow an older
   * convention and align it to only 8 bytes. AArch64 does not need this attribute, since the stack pointer is always
   * aligned there.
   * - Set `realign_stack` before you make the function's first slot. Slots that require an alignment of 16 bytes are
   *   then aligned to 32 bytes, and code computes their addresses from the frame. */
  bool realign_stack;
  /** If true, the code of the function does not use floating-point or vector registers, so that these registers keep
   * their content: for kernels, and for registers that must keep their content between two ASMs. Functions that this
   * function calls may use the registers.
   * - The function copies and fills small blocks of memory through general registers. A variadic function does not
   *   store the floating-point registers that its caller passes.
   * - It is an error if the function has a floating-point or vector value. On AArch64, `general_only` is always an
   *   error. */
  bool general_only;
  /** If true, the function consists only of the machine code of its ASMs: Kiln generates no prologue and no frame.
   * - The function may contain ASMs without operands and results, DEBUG_TRAP, TRAP, UNREACHABLE, and BR without
   *   arguments. UNREACHABLE generates no code.
   * - The code of a block follows the code of the block that goes to it. BR is a jump only if it goes back to a block
   *   whose code is complete.
   * - The only unwind rows are the row for the first instruction and the rows from kiln_asm.rows. */
  bool naked;
  /** If true, the object keeps the function even if the linker collects garbage, as KILN_DATA_USED does for data. The
   * linker retains the section that contains the function: the section that its symbol names, or a section of its
   * own. */
  bool used;
  /** If `final` is true, Kiln may inline the function, whatever linkage and visibility the function has. Set `final` if
   * no other definition can replace this definition when the program is linked or loaded. Set `final` also if all
   * definitions of the function are equivalent, as the definitions of a C++ template are. */
  bool final;
  /** Selects an order of the function's blocks for line tables: that in which the front end filled the blocks (false)
   * or made them (true). In this order, the first row of a block begins a statement if the row's line differs from the
   * last line of the previous block. Set `blocks_as_made` in front ends that make blocks in source order but fill them
   * in another order, as rustc does.
   * - If true, the machine code of the blocks is in reverse post-order.
   * - The text form does not have this attribute, because it has only one order of blocks. */
  bool blocks_as_made;
  /** If true, Kiln inlines only functions with KILN_INLINE_ALWAYS into this function. */
  bool not_into;
  kiln_inline inlining; /**< when calls to this function are inlined */
  /** Bits that the front end defines, such as one bit for each sanitizer. Kiln inlines this function only into
   * functions whose `inline_same` has the same bits. */
  uint32_t inline_same;
  /** Bits that the front end defines, such as one bit for each processor feature. Kiln inlines this function only into
   * functions whose `inline_needs` has at least these bits. */
  uint32_t inline_needs;
  /** If true, Kiln writes no unwind rows for the function to .eh_frame (on Windows: to .pdata), so that neither
   * exceptions nor walks of the stack pass it: for code that starts a system, and for functions that never unwind.
   * - If the module has debug information, debuggers find the rows in .debug_frame; see also
   *   kiln_module_options.debug_frame.
   * - A naked function with `no_rows` has no rows in .debug_frame either, and kiln_asm.rows must be NULL. The front end
   *   may supply the rows itself, as data in the section of unwind tables.
   * - It is an error if the function has a personality. If Kiln inlines a function with a personality into the
   *   function, the function has rows. */
  bool no_rows;
  /** For functions that code outside of the module calls, if the module pins a register (kiln_module_attrs.pinned): the
   * function saves the register at its beginning, and restores it when it returns, ends by a tail call, or is unwound.
   * Until the function sets the register (SET_PINNED), the register has the caller's value.
   * - It is an error if the module pins no register, or if the function is naked. */
  bool keeps_pinned;
  /** If true, a SWITCH of the function is a tree of comparisons, whatever number of cases it has: the code contains no
   * jump table and no indirect jump that the front end did not request, as `-fno-jump-tables` demands.
   * - If Kiln inlines a function with `no_jump_tables` into another function, the other function has no jump tables
   *   either. */
  bool no_jump_tables;
  /** If true, the source of the function is not the user's, but that of a standard library or of a package, so nobody
   * inspects its variables. Kiln compiles the function as with KILN_VARIABLES_AS_IS, unless kiln_module_attrs.variables
   * is KILN_VARIABLES_ALL. */
  bool foreign;
  uint64_t reserved[8]; /**< 0 */
} kiln_func_attrs;

/** Sets all attributes of the function `f`. Call kiln_func_set_attrs before you finish the function. */
KILN_API void kiln_func_set_attrs(kiln_func *f, const kiln_func_attrs *attrs);

/** Returns the attributes of a function. To change one attribute, get all attributes, change that attribute, and set
 * all attributes. */
KILN_API kiln_func_attrs kiln_func_get_attrs(const kiln_func *f);

/* ---- modules ---- */

/** Attributes of a module. They apply to all functions of the module and to the module's object. Zero-initialise the
 * struct for the defaults. */
typedef struct kiln_module_attrs {
  /** The location of the guard value. It applies to functions that are compiled after the attributes are set. If the
   * target does not support this location, the module fails with KILN_ERR_UNSUPPORTED. */
  kiln_guard_location guard_location;
  /** Flags KILN_PROTECT_..., except KILN_PROTECT_DIRECT and KILN_PROTECT_NONE. They apply to functions that begin after
   * the attributes are set and do not set kiln_func_attrs.protection. Kiln marks the object: all of its code is
   * protected as the flags say. Flags that are not for the module's target have no effect. */
  uint32_t protection;
  /** The DWARF version to write, 4 or 5. 0 means 5. Set `dwarf_version` before you call kiln_func_set_debug. */
  uint32_t dwarf_version;
  /** Kiln itself generates some calls to library functions, for example to memcpy and __stack_chk_fail. If true, these
   * calls go through the GOT instead of the PLT, as with the compiler option -fno-plt. For calls to functions that the
   * front end declares, use kiln_symbol_desc.no_plt. */
  bool no_plt;
  bool no_red_zone; /**< no function uses memory below the stack pointer */
  /** If true, the program executes code that its functions write to the stack, such as trampolines of nested functions.
   * The object then requests an executable stack. The JIT rejects the module, since the JIT cannot provide an
   * executable stack. */
  bool exec_stack;
  kiln_inlining inlining;   /**< selects which calls of inline candidates are inlined */
  kiln_variables variables; /**< set this before anything is read or built */
  /** Says what the calls are that some operations become: FREM calls `fmod`, for example, and MEMCPY `memcpy`. Set it
   * before functions are compiled; the bitcode reader does.
   * - If true, each symbol of the module that has the name of such a function is that function, even an internal
   *   symbol. The module's operations then call it, in objects and in memory, as in LLVM.
   * - If false, symbols of the module do not change what operations mean. In memory, operations call the function that
   *   the callback `resolve` returns, the function of the process, or that of libgcc or libm; no unit's symbol takes
   *   its place. In objects, the linker selects the function: a global or hidden function of the module, if there is
   *   one.
   * - Fails with KILN_ERR_SYMBOL, in the module, if it is false and a definition with this linkage is data or has
   *   another signature. */
  bool own_library;
  /** The name of the register that the module pins, for a pointer that all of its functions share, such as that of a
   * thread or a heap; NULL for none. No function of the module changes the register but by SET_PINNED (GET_PINNED reads
   * it), so it has the same value before and after calls, whatever other code they reach. x86-64: rbx, r12, r13, r14 or
   * r15; AArch64: x19 to x28. Other code preserves these registers, as C does.
   * - Set it before any function of the module is begun; otherwise, the module fails with KILN_ERR_STRUCTURE.
   * - Fails with KILN_ERR_UNSUPPORTED, in the module, if the target cannot pin the register.
   * - Functions that C calls need kiln_func_attrs.keeps_pinned, because C relies on the register, too. */
  const char *pinned;
  /** The name of the .dwo file, as debuggers look for it: absolute, or relative to the unit's folder.
   * kiln_emit_elf_split writes this name into the object, and moves most of the debug information into that file. Other
   * calls ignore it, and NULL means that nothing is split. The bitcode reader and the parser of the text form set the
   * name that they read, if there is none. */
  const char *dwo_name;
  uint64_t reserved[12]; /**< 0 */
} kiln_module_attrs;

/** Sets all attributes of the module `m`. Call kiln_module_set_attrs before kiln_module_freeze. kiln_module_set_attrs
 * copies everything. */
KILN_API kiln_status kiln_module_set_attrs(kiln_module *m, const kiln_module_attrs *attrs);

/** Returns the attributes of the module `m`. The strings live as long as the module. To change one attribute, get all
 * attributes, change that attribute, and set all attributes. */
KILN_API kiln_module_attrs kiln_module_get_attrs(const kiln_module *m);

#ifdef __cplusplus
}
#endif
#endif
