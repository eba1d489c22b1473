/* Modules and sessions. A module holds symbols, signatures and data. A session compiles functions of a module.
 *
 * Until you call kiln_module_freeze, only one thread at a time may use a module and its sessions. Afterwards, each
 * session may be used by a thread of its own. The functions of this header copy the strings that they receive. The
 * first error of any call sticks to the module. After an error, calls return "none" handles and change nothing. If a
 * module or session cannot be made, the result is NULL. A NULL module or session behaves like one that has an error.
 * Every call with a NULL module or session returns "none" or KILN_ERR_ARGUMENT. */
#ifndef KILN_MODULE_H
#define KILN_MODULE_H

#include <kiln/target.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- modules ---- */

/** Selects how position-independent the code is. */
typedef enum kiln_pic {
  /** Code for shared objects (-fPIC). This is the default. The code is valid in executables too. */
  KILN_PIC_FULL,
  KILN_PIC_PIE,    /**< for executables: symbols defined here are not preempted */
  KILN_PIC_STATIC, /**< Like PIE. In addition, all undefined symbols are bound in the executable. */
  KILN_PIC_COUNT
} kiln_pic;

/* What callbacks may call. The comment of each callback says it. A call that a callback must not make changes nothing
 * and frees nothing. It returns "none" or an error, and the error also sticks to what the callback tried to change. */

/** Receives a diagnostic, which is valid only during the call. The callback may read the module. It must not change or
 * free the module or a session of the module, or compile or discard a function of the session: if it tries, the module
 * fails with KILN_ERR_STRUCTURE. The callback of kiln_interp_options may call anything but kiln_interp_free. */
typedef void (*kiln_diag_fn)(void *user, const kiln_diag *diag);

/** Returns the address of the symbol `name`, or NULL if the callback does not know the symbol.
 * - May call: the callback may declare, build and compile, in the same module too. A JIT's callback may add units to
 *   the JIT and to its streams (kiln_jit_options.resolve).
 * - Must not free what the call that called it uses: the module, its sessions, the JIT, the stream. */
typedef void *(*kiln_resolve_fn)(void *user, const char *name);

/** A piece of assembly text and its machine code. <kiln/asm.h> defines this struct. */
typedef struct kiln_assembly kiln_assembly;

/** Assembles each of the `n_texts` texts separately, so that the labels of one text are unknown to the others. For each
 * text, the callback fills in either the machine code or the error.
 * - Returns KILN_OK if each text got either code or an error.
 * - Owns: the code and the errors stay valid until the same thread calls the callback again or the module is freed.
 * - May read the module. If it tries to change or free the module, the module fails with KILN_ERR_STRUCTURE.
 * - Threads: if the module is frozen, several threads may call the callback at once. */
typedef kiln_status (*kiln_assemble_fn)(void *user, const kiln_target *target, kiln_assembly *texts,
                                        uint32_t n_texts);

/** Options of a module. Zero-initialise the struct for the defaults. */
typedef struct kiln_module_options {
  kiln_target target;       /**< all zero for the host */
  kiln_pic pic;             /**< how position-independent the code is */
  const char *name;         /**< for diagnostics and the object's file symbol; NULL for none */
  kiln_allocator allocator; /**< all zero for C's realloc */
  /** Receives each diagnostic, also those of kiln_func_try_compile and kiln_jit_stream_define; may be NULL. When a
   * function of the API fails, it calls the callback before it returns. What fails within the callback does not call it
   * again.
   * - Threads: if the module is frozen, several threads that use sessions of the module may call the callback at
   *   once. */
  kiln_diag_fn on_diag;
  void *on_diag_user; /**< passed to `on_diag` */
  /** The assembler for inline assembly. It translates inline assembly to machine code (kiln_module_assemble). If
   * `assemble` is NULL, inline assembly is an error unless Kiln itself recognizes it. */
  kiln_assemble_fn assemble;
  void *assemble_user;    /**< passed to `assemble` */
  bool function_sections; /**< put each function in a section of its own */
  /** If true, each data item has a section of its own, so that linkers can drop data that nothing refers to. This
   * option does not apply to mergeable strings and common data. */
  bool data_sections;
  bool verify;  /**< verify each function before it is compiled */
  bool aranges; /**< emit .debug_aranges, which maps code to its compilation unit */
  /** If true, Kiln borrows bitcode and the strings passed to kiln_debug_string_new. If false, Kiln copies the bitcode
   * and the strings. Borrowed bitcode and strings must stay unchanged, at the same address, until the module is
   * freed. */
  bool borrow_strings;
  /** Set this field for kiln_jit_add. All thread-local data of the module then uses the model
   * KILN_TLS_GENERAL_DYNAMIC. */
  bool jit;
  uint64_t features; /**< the KILN_FEATURE_... that every processor which runs the code has */
  /** For tests. A nonzero value is a seed for the register allocator. The register allocator then has only a few
   * registers, and chooses among them at random. */
  uint64_t stress_seed;
  /** If true, the unwind rows of all functions are also in the section .debug_frame, which programs do not load. If
   * false, .debug_frame has only the rows of functions that have none in .eh_frame (kiln_func_attrs.no_rows), and only
   * if the module has debug information. There is no .debug_frame for Windows. */
  bool debug_frame;
  uint64_t reserved[8]; /**< 0 */
} kiln_module_options;

/** A module: everything that goes into one object. */
typedef struct kiln_module kiln_module;

/** Makes a module, and copies `options`. NULL means that all options are zero.
 * - Returns NULL if memory runs out, if an option is out of range, or if the options request the machine on which Kiln
 *   runs and Kiln has no target for it. In all other cases, the result is a module.
 * - Fails with KILN_ERR_UNSUPPORTED, in the module, if Kiln has no code generation for the requested target. The
 *   diagnostic of the module then names the target.
 * - Owns: the caller owns the module (kiln_module_free). */
KILN_API kiln_module *kiln_module_new(const kiln_module_options *options);

/** Frees a module. Free the module's sessions first. NULL is allowed. */
KILN_API void kiln_module_free(kiln_module *m);

/** Returns the status of the module's first error. The error is an error of the module itself, or the error of a
 * function that failed in kiln_func_compile. Returns KILN_OK if there was no error. */
KILN_API kiln_status kiln_module_status(const kiln_module *m);

/** Returns the diagnostic of the error that kiln_module_status reports. If there was no error, its status is KILN_OK.
 * - Owns: the diagnostic lives as long as the module.
 * - Threads: call this function after all other threads are done. If several errors occurred after kiln_module_freeze,
 *   the result does not depend on which thread failed first: it is an error of the module itself, or else the error of
 *   the function whose symbol has the lowest id. */
KILN_API const kiln_diag *kiln_module_diag(const kiln_module *m);

/** Reports an error that the front end found. The error sticks to the module like any other error. Returns `status`. */
KILN_API kiln_status kiln_module_fail(kiln_module *m, kiln_status status, const char *message);

/** Reports an error as kiln_module_fail does, with its position.
 * - Returns `d->status`.
 * - Copies `d`. If `d->module` is empty, the copy gets the module's name. */
KILN_API kiln_status kiln_module_fail_diag(kiln_module *m, const kiln_diag *d);

/** Ends the declarations of the module `m`. Afterwards, several threads can compile functions of the module at once,
 * each with a session of its own. The following rules then apply:
 * - Any thread may make, use and free sessions. Only one thread at a time may use a session and the functions begun in
 *   the session. Any thread may call kiln_sig_new and all functions that only read the module.
 * - kiln_func_declare and kiln_data_declare can look up existing symbols. The only new symbols that they can make are
 *   references to external symbols with default properties, such as library functions.
 * - Use kiln_func_add_data to make private data, and kiln_block_address to take addresses of blocks.
 * - Any other call that would add something to the module fails with KILN_ERR_STRUCTURE. If you begin a function that
 *   was not declared before, the error is the same.
 *
 * The object contains the functions in the order of their symbols' ids. The object's bytes therefore do not depend on
 * which session compiled which function. Call kiln_emit_elf after all other threads are done. A frozen module stays
 * frozen. Returns the status of the module. */
KILN_API kiln_status kiln_module_freeze(kiln_module *m);

/** Returns true after kiln_module_freeze. */
KILN_API bool kiln_module_is_frozen(const kiln_module *m);

/** Returns the name that was given to the module `m` when it was made. Returns "" if the module has no name. The string
 * lives as long as the module. */
KILN_API const char *kiln_module_name(const kiln_module *m);

/** Sets the name of the source file, which the object's file symbol then has. Without this call, or if `name` is "" or
 * NULL, the file symbol has the module's name.
 * - Returns the status of the module.
 * - Fails with KILN_ERR_MEMORY if memory runs out.
 * - Copies `name`. */
KILN_API kiln_status kiln_module_set_source_file(kiln_module *m, const char *name);

/** Returns the target of the module `m`. All fields of the result are nonzero. If `m` is NULL, all fields of the result
 * are zero. */
KILN_API kiln_target kiln_module_get_target(const kiln_module *m);

/** Returns the processor of the module's target. Returns KILN_PROCESSOR_HOST if `m` is NULL. */
KILN_API kiln_processor kiln_module_processor(const kiln_module *m);

/** Returns the processor features that all functions of the module may use (kiln_module_options.features). Returns 0 if
 * `m` is NULL. */
KILN_API uint64_t kiln_module_features(const kiln_module *m);

/** Returns kiln_module_options.jit. */
KILN_API bool kiln_module_is_jit(const kiln_module *m);

/** Returns the allocator of the module `m`. All zero stands for C's realloc. A front end can use this allocator for its
 * own tables. */
KILN_API kiln_allocator kiln_module_get_allocator(const kiln_module *m);

/* ---- symbols ---- */

/** Linkage of a symbol. The linkage says where the symbol's name is visible, and which of several definitions takes
 * effect. */
typedef enum kiln_linkage {
  KILN_LINKAGE_EXTERNAL, /**< global symbol */
  KILN_LINKAGE_INTERNAL, /**< local symbol */
  KILN_LINKAGE_PRIVATE,  /**< local, and omitted from the symbol table where possible */
  /** A weak definition or a weak reference. The address of a weak reference is 0 if no object defines the symbol. */
  KILN_LINKAGE_WEAK,
  KILN_LINKAGE_LINKONCE, /**< A weak definition, in a section group that has the symbol's name. */
  KILN_LINKAGE_COMMON,   /**< data only: merged by the linker, zero-initialised */
  KILN_LINKAGE_COUNT
} kiln_linkage;

/** Visibility of an external name. A component is a shared object or an executable. One component defines the name. The
 * visibility says what other components may do with the name. */
typedef enum kiln_visibility {
  KILN_VISIBILITY_DEFAULT, /**< Other components can refer to the name, and can preempt the definition. */
  /** Only the component that contains the definition can refer to the name. */
  KILN_VISIBILITY_HIDDEN,
  /** Other components can refer to the name. References from the component that defines the name use this component's
   * own definition. */
  KILN_VISIBILITY_PROTECTED,
  KILN_VISIBILITY_COUNT
} kiln_visibility;

/** Access models of thread-local symbols. The front end must choose a model that is valid for the symbol. The general
 * dynamic model is always valid. In code for a JIT, the general dynamic model replaces every other model. */
typedef enum kiln_tls {
  KILN_TLS_NONE,            /**< not thread-local */
  KILN_TLS_GENERAL_DYNAMIC, /**< defined anywhere, loaded at any time */
  KILN_TLS_LOCAL_DYNAMIC,   /**< defined in the component being linked */
  KILN_TLS_INITIAL_EXEC,    /**< loaded at the program's start */
  KILN_TLS_LOCAL_EXEC,      /**< defined in the executable */
  KILN_TLS_COUNT
} kiln_tls;

/** What a symbol has to do with a DLL. Only for targets with COFF. */
typedef enum kiln_dll {
  KILN_DLL_NONE, /**< nothing, or the linker finds out */
  /** Another component defines the symbol. Code reaches the symbol by the address that the loader writes to the symbol
   * `__imp_` + name. If this module defines the symbol, the import has no effect. */
  KILN_DLL_IMPORT,
  KILN_DLL_EXPORT, /**< This module defines the symbol, and the component exports it. */
  KILN_DLL_COUNT
} kiln_dll;

/** Which one of the groups of a name linkers keep, if several objects have one. Choices other than KILN_COMDAT_ANY are
 * only for targets with COFF. */
typedef enum kiln_comdat {
  KILN_COMDAT_ANY,       /**< any of them */
  KILN_COMDAT_SAME_SIZE, /**< any of them; if the sizes differ, linking fails */
  KILN_COMDAT_EXACT,     /**< any of them; if the contents differ, linking fails */
  KILN_COMDAT_LARGEST,   /**< the largest one */
  KILN_COMDAT_COUNT
} kiln_comdat;

/** Properties of a symbol. Zero-initialise the struct for an external symbol with default properties. */
typedef struct kiln_symbol_desc {
  const char *name;           /**< NULL or "" only for INTERNAL and PRIVATE */
  size_t name_length;         /**< in bytes; 0 if `name` is NUL-terminated */
  kiln_linkage linkage;       /**< where the name is visible, and which definition takes effect */
  kiln_visibility visibility; /**< visibility of an external name to other components */
  kiln_tls tls;               /**< data only */
  /** If true, the symbol is bound within the shared object or executable into which the module is linked. References to
   * the symbol therefore need no GOT and no PLT. */
  bool dso_local;
  const char *section;  /**< NULL to choose by content; see kiln_section_declare */
  const char *comdat;   /**< NULL for none (LINKONCE: its own name) */
  size_t comdat_length; /**< in bytes; 0 if `comdat` is NUL-terminated */
  uint8_t align_log2;   /**< functions: 0 for the target's default */
  /** If true, this module will define the symbol later. Code that is built before the definition can then rely on the
   * definition, and uses the GOT less often. Code that is built after the definition always relies on the definition.
   * Code that is built after the module is frozen always relies on the definition too. */
  bool body;
  /** If true, calls to the function go through the GOT instead of the PLT (as with LLVM's nonlazybind and -fno-plt).
   * This field is for functions that may be defined in another component. */
  bool no_plt;
  /** If true, the symbol is an ifunc: the alias's target is called when the program starts, and returns the address of
   * the function that the alias stands for. Set this field only for an alias of a function, with an offset of 0. The
   * JIT and the interpreter do not support ifuncs. */
  bool resolver;
  /** If true, the only purpose of the section group named by `comdat` is to keep its sections together. If several
   * objects have a group of this name, linkers then keep all of these groups instead of only one. It is enough to set
   * this field for one symbol of the group. */
  bool comdat_stays;
  kiln_dll dll; /**< import or export */
  /** Which group linkers keep. It is enough to set this field for one symbol of the group. */
  kiln_comdat comdat_choice;
  uint64_t reserved[4]; /**< 0 */
} kiln_symbol_desc;

/** Looks up a symbol by its name. Returns id 0 if the module has no symbol of that name. */
KILN_API kiln_symbol kiln_symbol_lookup(const kiln_module *m, const char *name);

/** Returns the symbol with a given name, so that code or data can refer to the name before the front end knows what the
 * name stands for. If the module has no symbol of that name, kiln_symbol_refer makes a new symbol of kind
 * KILN_SYMBOL_UNKNOWN, which is an external reference. You may declare the symbol later with kiln_func_declare,
 * kiln_data_declare or kiln_alias_define, but not as thread-local. */
KILN_API kiln_symbol kiln_symbol_refer(kiln_module *m, const char *name);

/** Changes the linkage and the visibility of a symbol that the module has not defined. Code that was built before may
 * rely on the old ones. Front ends need this function if a text, such as assembly, gives a symbol other properties than
 * its declaration.
 * - Returns the status of the module.
 * - Fails with KILN_ERR_SYMBOL if the symbol is defined already, and with KILN_ERR_ARGUMENT if the symbol does not
 *   exist or cannot have that linkage. */
KILN_API kiln_status kiln_symbol_set_linkage(kiln_module *m, kiln_symbol symbol,
                                             kiln_linkage linkage, kiln_visibility visibility);

/** Reserves room for `symbols` more symbols, about 16 bytes each, so that the module's tables are not copied as they
 * grow. The call is only a hint, and has no effect on a module that is frozen or has failed.
 * - Fails with KILN_ERR_MEMORY, in the module, if memory runs out. */
KILN_API kiln_status kiln_module_reserve(kiln_module *m, uint32_t symbols);

/* ---- signatures ---- */

/** Flags of one parameter. */
enum {
  KILN_PARAM_SEXT = 1, /**< I8, I16: the caller sign-extends to 32 bits */
  KILN_PARAM_ZEXT = 2, /**< I8, I16: the caller zero-extends to 32 bits */
  /** The parameter is the address of `size_bytes` bytes. The caller copies these bytes to the argument area on the
   * stack. */
  KILN_PARAM_BYVAL = 4,
  /** The parameter is the address of the memory for the result. The function also returns this address. */
  KILN_PARAM_SRET = 8,
  /** This parameter and the next parameter are parts of the same argument. The ABI of AArch64 may require that both
   * parameters are passed in the same way, in registers or in memory. The ABI of x86-64 does not require this. */
  KILN_PARAM_JOIN = 16,
  /** The static chain, an i64, in a register of its own: r10 on x86-64 and x15 on AArch64, as for LLVM's `nest`. The
   * chain does not affect where the other parameters are passed.
   * - At most one parameter of a signature has this flag, and no other flag with it.
   * - If only the callee's signature has a chain, the callee receives an unspecified value. If only the caller's
   *   signature has a chain, the callee ignores the chain. */
  KILN_PARAM_CHAIN = 32,
  /** A v128 that is the upper half of a 256-bit register; the preceding parameter, a v128 too, is the lower half. This
   * is how the ABI passes 256-bit vectors on processors with AVX.
   * - Three such parameters in a row are the second, third and fourth quarter of a 512-bit register, for processors
   *   with AVX-512F.
   * - Only for x86-64, and not together with other flags.
   * - These vectors have no type of their own. Only calls and returns use registers of more than 128 bits; a front end
   *   builds all other operations from operations on 128 bits. */
  KILN_PARAM_UPPER = 64,
  /** The caller sign-extends an I8, I16 or I32 to 64 bits, as the ABIs of RISC-V and s390x require. The code of the
   * callee may rely on this extension, even if a compiler other than Kiln generated that code. A parameter has at most
   * one of the flags SEXT64, ZEXT64, SEXT and ZEXT. */
  KILN_PARAM_SEXT64 = 128,
  KILN_PARAM_ZEXT64 = 256 /**< like SEXT64, but the caller zero-extends */
};

/** One parameter of a signature. */
typedef struct kiln_param {
  kiln_type type; /**< KILN_TYPE_I64 for BYVAL, SRET and CHAIN */
  uint32_t flags; /**< KILN_PARAM_... */
  /** An alignment, as the base-2 logarithm of a number of bytes.
   * - With BYVAL: the alignment of the copy. Values from 0 to 3 all mean 8 bytes.
   * - Without BYVAL: the alignment that the ABI requires for an argument in memory. 0 means none, and 4 means 16 bytes.
   *   Only the ABI of AArch64 requires an alignment.
   * - If several parameters without BYVAL are joined (KILN_PARAM_JOIN), the value is 0 for all but the first one. */
  uint8_t align_log2;
  uint32_t size_bytes;  /**< BYVAL: the size of the copy */
  uint64_t reserved[2]; /**< 0 */
} kiln_param;

/** Calling conventions. */
typedef enum kiln_cc {
  KILN_CC_C, /**< the target's C ABI */
  /** LLVM's preserve_most. Like C, but the callee preserves more registers. On x86-64, the callee preserves all general
   * registers except r11 and the registers that carry results. On AArch64, the callee also preserves x9 to x15. */
  KILN_CC_PRESERVE_MOST,
  /** LLVM's preserve_all. Like PRESERVE_MOST, but the callee preserves vector registers too. On x86-64, these are the
   * SSE registers. On AArch64, these are all 128 bits of v8 to v31. */
  KILN_CC_PRESERVE_ALL,
  /** LLVM's preserve_none, for threaded interpreters. Like C, but the callee preserves only the stack pointer and the
   * frame pointer. Functions that tail-call each other with this convention therefore save no registers.
   * - Integers are passed first in registers that C callees preserve, and then in C's argument registers: on x86-64 in
   *   r12 to r15, rdi, rsi, rdx, rcx, r8, r9; on AArch64 in x20 to x28, x0 to x7. A function with this convention can
   *   therefore call C functions without first moving its own arguments.
   * - I8 and I16 are passed only in C's argument registers.
   * - Fails with KILN_ERR_UNSUPPORTED: a call that passes an i128, or more integers than the registers listed above. */
  KILN_CC_PRESERVE_NONE,
  /** LLVM's win64cc, which is the Windows convention. x86-64 only.
   * - The position of each of the first four arguments determines its register: integers are in rcx, rdx, r8 and r9,
   *   F32 and F64 in xmm0 to xmm3. Below the stack arguments, the caller provides 32 bytes of stack that the callee may
   *   use.
   * - The callee preserves the registers that C callees preserve, and rdi, rsi and xmm6 to xmm15.
   * - There is at most one result. Parameters and the result may be integers of up to 64 bits, F32, F64 or F80. The
   *   result may also be a V128.
   * - A `va_list` is an address. */
  KILN_CC_WIN64,
  /** LLVM's aarch64_vector_pcs, the convention of vector math libraries. AArch64 only. Like C, but the callee preserves
   * all 128 bits of v8 to v23.
   * - The lazy binder would clobber these registers. Objects therefore mark the symbols of such functions, so that the
   *   symbols are not bound lazily.
   * - Sources: Arm, Vector Function ABI Specification for AArch64, "AAVPCS"; ELF for the Arm 64-bit Architecture,
   *   "st_other Values". */
  KILN_CC_VECTOR,
  /** LLVM's x86_64_sysvcc, C's convention on x86-64 Linux. x86-64 only.
   * - On Windows, the callee need not preserve rdi, rsi and xmm6 to xmm15, so a function with such a call keeps nothing
   *   in registers.
   * - Fails on Windows with KILN_ERR_UNSUPPORTED: a variadic function, or a sixth parameter that is a float or vector.
   * - Source: System V psABI for x86-64, 3.2. */
  KILN_CC_SYSV,
  /** For languages with tail calls of any kind. Like C, but the callee frees its stack arguments. A tail call with this
   * convention may therefore have more stack arguments than the function that makes it.
   * - On x86-64, the callee frees a multiple of 16 bytes less 8, so at least 8; on AArch64, a multiple of 16 bytes.
   * - Fails with KILN_ERR_UNSUPPORTED: on Windows; a variadic signature; a parameter with KILN_PARAM_BYVAL; a result
   *   for which no register is left.
   * - Fails with KILN_ERR_LIMIT: more than 65,528 bytes of arguments on the stack. */
  KILN_CC_TAIL,
  KILN_CC_COUNT
} kiln_cc;

/** Flags of a signature. */
enum {
  KILN_SIG_VARIADIC = 1,      /**< accepts more arguments than it has parameters */
  KILN_SIG_NORETURN = 2,      /**< never returns */
  KILN_SIG_RETURNS_TWICE = 4, /**< returns more than once, as setjmp does */
  /** You promise that no exception leaves the function. Calls with this signature have no entries in the caller's
   * exception table. If an exception leaves the function nevertheless, and the caller has a personality, the program
   * ends. */
  KILN_SIG_NOUNWIND = 8,
  /** The results are two, four or eight v128s. Each pair of v128s forms a 256-bit register. Only for x86-64 with
   * AVX. */
  KILN_SIG_WIDE_RESULTS = 16,
  /** A call with this signature is not inlined (<kiln/inline.h>). */
  KILN_SIG_NOINLINE = 32,
  /** A call with this signature is for a profiler. The call tells the profiler that the function containing the call
   * was entered. If Kiln inlines the function containing the call, Kiln omits the call. The signature has no
   * results. */
  KILN_SIG_ENTRY = 64,
  /** You promise that the function does not collect garbage: while it runs, no object moves, and nothing reads or
   * changes the roots of its callers (kiln_slot_set_root). A call has this promise if its signature or the signature of
   * the symbol that it calls has the flag. */
  KILN_SIG_NOCOLLECT = 128,
  /** Together with KILN_SIG_WIDE_RESULTS: the results are four or eight v128s. Each four v128s form a 512-bit register.
   * Only for x86-64 with AVX-512F. */
  KILN_SIG_WIDER_RESULTS = 256
};

/** The maximum number of results of a function. */
#define KILN_MAX_RESULTS 8

/** Interns a signature with at most 65535 parameters; copies `params` and `results`. Kiln assigns results to registers
 * in the way in which LLVM assigns the parts of a returned struct. A result that finds no register is in the caller's
 * stack area, below the arguments on the stack (docs/ir.md); C has no such functions.
 * - x86-64: integers in rax, rdx and rcx; F32, F64 and vectors in xmm0 to xmm3; F80 in st(0) and st(1).
 * - AArch64: integers in x0 to x7; floating-point values and vectors in v0 to v7. */
KILN_API kiln_sig kiln_sig_new(kiln_module *m, kiln_cc cc, uint32_t flags, const kiln_param *params,
                               uint32_t n_params, const kiln_type *results, uint32_t n_results);

/** Parses a signature in the text form (docs/ir.md), and interns it as kiln_sig_new does. The text begins with the
 * parameters and their flags, in parentheses. An arrow and the results may follow. The signature's flags and convention
 * come last:
 *
 *     "(i32, i64 zext, ...) -> i32"    "(f64) -> i64, i64 nounwind"    "()"    "(i64 byval(24, 8)) preserve_most"
 *
 * - `text` is NUL-terminated, and is read to its end. Blanks and comments may stand before, between and after the
 *   tokens.
 * - Returns id 0 after an error, which sticks to the module: KILN_ERR_SYNTAX, whose diagnostic has line and column, an
 *   error of kiln_sig_new, or KILN_ERR_ARGUMENT if `text` is NULL.
 * - Threads: after kiln_module_freeze, several threads may call this function at once. */
KILN_API kiln_sig kiln_sig_parse(kiln_module *m, const char *text);

/** Describes a signature. The pointers are valid as long as the module. */
typedef struct kiln_sig_info {
  kiln_cc cc;               /**< its calling convention */
  uint32_t flags;           /**< KILN_SIG_... */
  const kiln_param *params; /**< in order */
  uint32_t n_params;        /**< number of `params` */
  const kiln_type *results; /**< in order */
  uint32_t n_results;       /**< number of `results` */
  uint64_t reserved[2];     /**< 0 */
} kiln_sig_info;

/** Returns the description of `sig`; all zero for none. */
KILN_API kiln_sig_info kiln_sig_get(const kiln_module *m, kiln_sig sig);

/** Returns whether a call with the signature `call` can call a function that is declared with the signature
 * `function`: the function finds the arguments where the call passes them, and the call finds the results where the
 * function returns them. The verifier requires this of each call of a function's symbol. A call that the program
 * never executes may contradict the declaration; such a call calls the function's address, for example the result of
 * a KILN_OP_COPY.
 * - Both signatures have the same convention, and both are variadic or neither is. A variadic call may have more
 *   parameters.
 * - An argument has the type of its parameter, or is a wider integer of at most 64 bits. A result of the call has the
 *   function's type, or is a narrower integer. The call may ignore the last results, if all are in registers other than
 *   those of the x87.
 * - Flags and alignments that determine where a parameter is passed are the same. The call has each SEXT, ZEXT, SEXT64
 *   or ZEXT64 of a parameter of the same type. A static chain (KILN_PARAM_CHAIN) may be in only one of the signatures.
 * - The flags KILN_SIG_NORETURN, RETURNS_TWICE, NOUNWIND, NOINLINE, ENTRY and NOCOLLECT may differ.
 * - Returns false for ids that are not those of signatures. */
KILN_API bool kiln_sig_is_compatible(const kiln_module *m, kiln_sig call, kiln_sig function);

/* ---- functions: their bodies are built by <kiln/build.h> ---- */

/** Declares a function, whose body may follow (`kiln_func_begin`). Within a module, a name stands for only one symbol,
 * whatever linkage the symbol has. If the name has been declared already, the result is the same symbol, with the
 * properties of its first declaration.
 * - Fails with KILN_ERR_SYMBOL if a field of `desc` is neither zero nor what the first declaration said: a declaration
 *   cannot add or change a property of a symbol. `body` may be true in any of them.
 * - In a module with kiln_module_options.verify, fails with KILN_ERR_SYMBOL if the first declaration has another
 *   signature: one of the two cannot call a function with the other (kiln_sig_is_compatible). */
KILN_API kiln_symbol kiln_func_declare(kiln_module *m, const kiln_symbol_desc *desc, kiln_sig sig);

/* ---- data ---- */

/** Declares data, which `kiln_data_define` may define later. If the name has been declared already, the rules are those
 * of kiln_func_declare. */
KILN_API kiln_symbol kiln_data_declare(kiln_module *m, const kiln_symbol_desc *desc);

/** An address within initialised data. The address of `symbol`, plus `addend`, is stored at `offset_bytes`. */
typedef struct kiln_reloc {
  uint64_t offset_bytes; /**< from the start of the data */
  kiln_symbol symbol;    /**< the symbol whose address is stored */
  int64_t addend;        /**< added to the address of `symbol` */
  /** Size of the field in bytes, 8 or 4; with `kind`, also 2. Without `kind`, size 4 is for differences, and for
   * programs that are loaded below 2 GiB. */
  uint8_t size_bytes;
  /** If nonzero, the stored value is the address of `symbol`, plus `addend`, minus the address of `relative_to`. This
   * is allowed in two cases:
   * - `relative_to` is defined in the section of this data item. `relative_to` may be this data item itself.
   * - `symbol` is local, and `relative_to` is defined in the same section as `symbol`. Two blocks of one function are
   *   an example. */
  kiln_symbol relative_to;
  /** 0 (KILN_RELOC_NONE), or KILN_RELOC_FORMAT + n: the relocation with the number n of the object format, without
   * `relative_to`. Only objects can have such relocations; the JIT and the interpreter refuse them. */
  uint32_t kind;
  uint64_t reserved[1]; /**< 0 */
} kiln_reloc;

/** Flags of a data definition. */
enum {
  KILN_DATA_READ_ONLY = 1, /**< never written after relocation */
  /** READ_ONLY data whose address is not significant. The linker may merge the data with equal data if the last byte of
   * the data is its only NUL. */
  KILN_DATA_MERGE_STRINGS = 2,
  KILN_DATA_USED = 4, /**< kept even if the linker collects garbage */
  /** The symbol is a number: `size_bytes` is its address.
   * - There is no data, and all other fields of the definition are zero. The symbol has no section and no section
   *   group, and is not thread-local.
   * - The JIT and the interpreter do not support such symbols. */
  KILN_DATA_ABSOLUTE = 8,
  /** The object omits the data if kiln_module_track_reachability has been called and nothing refers to the symbol. What
   * the data refers to is then not reachable either. */
  KILN_DATA_IF_REACHABLE = 16
};

/** Defines the content of a data symbol. */
typedef struct kiln_data_desc {
  const void *bytes;   /**< NULL for all zero */
  uint64_t size_bytes; /**< size of the whole item; ABSOLUTE: the address */
  uint8_t align_log2;  /**< 0 to 16 */
  uint32_t flags;      /**< KILN_DATA_... */
  /** The relocations, in ascending order of offset. The bytes that a relocation covers are ignored. */
  const kiln_reloc *relocs;
  uint32_t n_relocs; /**< number of `relocs` */
  /** If nonzero, the item belongs to the machine code at this label (kiln_asm_label). If the object omits that code,
   * the object omits the item too. If items in the same section group belong to several labels, the object keeps only
   * the items of the first label. */
  kiln_symbol label;
  /** If nonzero, the item is in a section of its own. If the linker drops the section of the symbol `with`, the linker
   * drops the item's section too. The module must define the symbol `with`. */
  kiln_symbol with;
  uint64_t reserved[4]; /**< 0 */
} kiln_data_desc;

/** Defines the data symbol `symbol`. The function copies everything in `desc`. It is an error to define a symbol twice.
 * It is an error to pass a relocation that is out of range. */
KILN_API kiln_status kiln_data_define(kiln_module *m, kiln_symbol symbol,
                                      const kiln_data_desc *desc);

/** Defines private data. The data consists of a copy of the `text_length` bytes at `text`, followed by a NUL. Use this
 * function for a program's string literals, because the linker may merge equal strings. `text` may contain NULs. */
KILN_API kiln_symbol kiln_data_define_string(kiln_module *m, const char *text, size_t text_length);

/** Defines a symbol as another name for `target` + `offset_bytes`. It is an error if `target` is, by other aliases, the
 * symbol itself. */
KILN_API kiln_symbol kiln_alias_define(kiln_module *m, const kiln_symbol_desc *desc,
                                       kiln_symbol target, int64_t offset_bytes);

/** Returns a symbol that stands for the address of the block `block` of the function `func`. You may build the body of
 * `func` later. */
KILN_API kiln_symbol kiln_block_symbol(kiln_module *m, kiln_symbol func, kiln_block block);

/* ---- sessions ---- */

/** A session compiles functions of one module. Several functions of a session may be open at once. The session reuses
 * its memory from function to function. */
typedef struct kiln_session kiln_session;

/** Makes a session. Returns NULL if memory runs out or if `m` is NULL. You therefore need not check the result of
 * kiln_module_new before you pass it to this function. */
KILN_API kiln_session *kiln_session_new(kiln_module *m);

/** Frees a session together with its open functions and its code. */
KILN_API void kiln_session_free(kiln_session *s);

/** Returns the module of a session. */
KILN_API kiln_module *kiln_session_module(const kiln_session *s);

/** Statistics of a session so far. Times are in nanoseconds. The session measures times only after
 * `kiln_session_set_timing(s, true)`. */
typedef struct kiln_session_stats {
  uint64_t functions;    /**< functions compiled */
  uint64_t instructions; /**< IR instructions compiled, block parameters included */
  uint64_t blocks;       /**< blocks made */
  uint64_t code_bytes;   /**< machine code, excluding padding between functions */
  uint64_t data_bytes;   /**< size of the module's data definitions */
  uint64_t spills;       /**< local values stored because no register was free */
  uint64_t plan_ns;      /**< planning: block order, loops, homes of values */
  uint64_t walk_ns;      /**< selecting instructions, allocating registers, encoding */
  uint64_t object_ns;    /**< writing the object */
  uint64_t memory_bytes; /**< allocated by the session's arrays */
  uint64_t reserved[8];  /**< 0 */
} kiln_session_stats;

/** Returns the statistics. */
KILN_API kiln_session_stats kiln_session_get_stats(const kiln_session *s);

/** Switches the measurement of times on or off. The measurement is off initially. */
KILN_API kiln_status kiln_session_set_timing(kiln_session *s, bool on);

/* ---- constructors and destructors ---- */

/** A function (void (*)(void)) to call when the program starts or ends. */
typedef struct kiln_ctor_desc {
  kiln_symbol func; /**< the function */
  /** The priority, at most 65535; 0 if `has_priority` is false. Constructors with lower numbers run first. Destructors
   * with lower numbers run later. The C library and the C++ library use 0 to 100. */
  uint32_t priority;
  bool has_priority; /**< the source gives a priority; without one, it is that of 65535 */
  bool at_exit;      /**< a destructor, called when the program ends */
  /** If nonzero, the call belongs to the definition of the symbol `with`, as the initialiser of a C++ inline variable
   * does. If several modules define the symbol, only the module whose definition takes effect makes the call.
   * - In an object, the entry for the call is in the comdat of `with`. If `with` has no comdat and its name is
   *   external, the entry is in a section group named after `with`.
   * - This field has no effect if the module does not define the symbol `with`. */
  kiln_symbol with;
  uint64_t reserved[2]; /**< 0 */
} kiln_ctor_desc;

/** Adds a constructor or destructor. */
KILN_API kiln_status kiln_ctor_add(kiln_module *m, const kiln_ctor_desc *desc);

/** Returns the number of constructors and destructors. */
KILN_API uint32_t kiln_ctor_count(const kiln_module *m);

/** Returns constructor or destructor number `i`, in the order of kiln_ctor_add. Returns all zero if there is none. */
KILN_API kiln_ctor_desc kiln_ctor_get(const kiln_module *m, uint32_t i);

/* ---- reading what was declared and defined ---- */

/** Kinds of symbols. */
typedef enum kiln_symbol_kind {
  KILN_SYMBOL_UNKNOWN, /**< referred to, but not declared */
  KILN_SYMBOL_FUNC,    /**< a function */
  KILN_SYMBOL_DATA,    /**< data */
  KILN_SYMBOL_ALIAS,   /**< another name for one of these */
  KILN_SYMBOL_BLOCK,   /**< address of a block in a function */
  KILN_SYMBOL_KIND_COUNT
} kiln_symbol_kind;

/** Describes a symbol. Strings live as long as the module. */
typedef struct kiln_symbol_info {
  kiln_symbol_kind kind; /**< what it is */
  kiln_symbol_desc desc; /**< as declared */
  kiln_sig sig;          /**< signature of a function */
  bool defined;          /**< has a body or data */
  kiln_symbol target;    /**< ALIAS: the alias's target; BLOCK: the function */
  /** For ALIAS: the offset from the target. For BLOCK: the block's id, or 2^31 + the number of a label
   * (kiln_asm_label). */
  int64_t offset_bytes;
  uint64_t reserved[2]; /**< 0 */
} kiln_symbol_info;

/** Returns the description of `s`; all zero for none. */
KILN_API kiln_symbol_info kiln_symbol_get(const kiln_module *m, kiln_symbol s);

/** Returns the number of symbols. The ids of symbols run from 1 to this number. */
KILN_API uint32_t kiln_symbol_count(const kiln_module *m);

/** Finds the definition of a data symbol and writes it to `out`. Returns false if the symbol has no definition. The
 * pointers in `out` are valid until the next data definition, or until the module is freed. `bytes` is NULL if the data
 * is all zero. */
KILN_API bool kiln_data_find(const kiln_module *m, kiln_symbol s, kiln_data_desc *out);

/* ---- names in objects ---- */

/** Sets the name that an object uses for a symbol that the object refers to but does not define. For example, with the
 * name `pow@GLIBC_2.2.5`, the symbol is bound to version `GLIBC_2.2.5` of `pow`. Everywhere else, even in this API, the
 * symbol keeps its own name.
 * - Call this function at most once for each symbol, and before the module is frozen.
 * - Copies `name`.
 * - The JIT supports names with a version too. The interpreter does not support such symbols. */
KILN_API kiln_status kiln_symbol_set_object_name(kiln_module *m, kiln_symbol symbol,
                                                 const char *name);

/** Returns the name that kiln_symbol_set_object_name set. Returns NULL if the symbol has no such name. */
KILN_API const char *kiln_symbol_object_name(const kiln_module *m, kiln_symbol symbol);

#ifdef __cplusplus
}
#endif
#endif
