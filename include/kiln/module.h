/* Modules: symbols, signatures, data; and sessions, which compile functions of a module.
 * A module and its sessions are used by one thread at a time, until kiln_module_freeze: then each
 * session may have a thread of its own. Strings are copied. The first error of these calls sticks to the
 * module: later ones give "none" handles and change nothing. A module or session that is NULL, because
 * it could not be made, is like one with an error: every call gives "none" or KILN_ERR_ARGUMENT. */
#ifndef KILN_MODULE_H
#define KILN_MODULE_H

#include <kiln/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Machines that Kiln generates code for. */
typedef enum kiln_target {
  KILN_TARGET_X86_64,  /**< x86-64 with SSE2, System V ABI, ELF */
  KILN_TARGET_AARCH64, /**< ARMv8.0-A, AAPCS64, ELF */
  KILN_TARGET_COUNT
} kiln_target;

/** "x86_64", "aarch64". Static storage; NULL out of range, so that names can be counted through. */
KILN_API const char *kiln_target_name(kiln_target t);
/** Finds a target by name; false if there is none. */
KILN_API bool kiln_target_find(const char *name, kiln_target *out);
/** The machine this library runs on, if it is a target. */
KILN_API bool kiln_target_host(kiln_target *out);

/** Number of a register by its name, which is that of its full width ("rax", "xmm3"; "x0", "v8"):
 * 0 to 31 are general ones, 32 to 63 those of floats and vectors. False if there is none such.
 * For kiln_build_asm. */
KILN_API bool kiln_register_find(kiln_target t, const char *name, unsigned *out);
/** Name of a register; NULL if there is none of that number. Static storage. */
KILN_API const char *kiln_register_name(kiln_target t, unsigned number);

/** What a processor can do beyond its target's baseline: bits for kiln_module_options and
 * kiln_func_features. Those of other targets are ignored. */
enum {
  KILN_FEATURE_LSE = 1, /**< AArch64: atomic operations as one instruction (ARMv8.1-A, FEAT_LSE) */
  KILN_FEATURE_CX16 =
    2 /**< x86-64: cmpxchg16b, without which there are no atomic operations on i128 */
};
/** LLVM's name for the i-th feature that makes a difference to Kiln on `target` ("lse"); NULL beyond the last.
 * Static storage. */
KILN_API const char *kiln_feature_name(kiln_target target, unsigned i);
/** Finds a feature by LLVM's name for it; false if it makes no difference to Kiln. */
KILN_API bool kiln_feature_find(kiln_target target, const char *name, uint32_t *out);

/** How position-independent the code is. */
typedef enum kiln_pic {
  KILN_PIC_FULL,   /**< for shared objects and everything else (-fPIC); the default */
  KILN_PIC_PIE,    /**< for executables: symbols defined here are not preempted */
  KILN_PIC_STATIC, /**< as PIE, and undefined symbols bind in the executable too */
  KILN_PIC_COUNT
} kiln_pic;

/** A place in assembled code that the linker fills. */
typedef struct kiln_assembled_reloc {
  uint32_t offset_bytes; /**< from the first byte */
  uint32_t type;         /**< the ELF number: R_X86_64_..., R_AARCH64_... */
  const char *symbol;    /**< name of what is referred to; NULL: */
  uint32_t section;      /**< the beginning of this section of the text, or KILN_ASSEMBLED_CODE */
  int64_t addend;        /**< added to its address */
} kiln_assembled_reloc;

/** In place of a section's index: the code of a text that is not whole. */
#define KILN_ASSEMBLED_CODE UINT32_MAX

/** A section that a text has content for, besides its own code. */
typedef struct kiln_assembled_section {
  const char *name;                   /**< as the object has it */
  uint32_t type;                      /**< ELF's sh_type */
  unsigned flags;                     /**< KILN_SECTION_... */
  uint32_t entry_bytes;               /**< size of its entries; 0: none */
  uint8_t align_log2;                 /**< of its beginning */
  const uint8_t *bytes;               /**< NULL: zeros */
  uint64_t size_bytes;                /**< of it */
  const kiln_assembled_reloc *relocs; /**< ascending by offset */
  uint32_t n_relocs;                  /**< number of them */
  const uint8_t *frame;               /**< of a whole text's code: kiln_asm.rows, or NULL */
  uint32_t frame_bytes;               /**< of `frame` */
  const char
    *group; /**< the section group that it is in; NULL: none; "": that of the text's code, if any */
} kiln_assembled_section;

/** A symbol that a text defines. */
typedef struct kiln_assembled_symbol {
  const char *name;      /**< not empty */
  uint32_t section;      /**< index of its section, or KILN_ASSEMBLED_CODE */
  uint64_t offset_bytes; /**< in that */
  bool global;           /**< others see it */
  bool weak;             /**< and may define it better */
  uint8_t visibility;    /**< ELF's STV_... */
} kiln_assembled_symbol;

/** A text of assembly, and the machine code that an assembler makes of it. */
typedef struct kiln_assembly {
  const char
    *text; /**< whole lines, in GNU as's language and on x86-64 in AT&T's syntax at first */
  size_t text_bytes; /**< its length */
  bool
    whole; /**< a module's own: what it puts into any section counts, and the symbols that it defines;
                   else it is one piece of code */
  bool rows; /**< the code is in a function whose frame it describes itself (.cfi_ directives) */
  const char *error;                      /**< to be set: why there is no code, or NULL */
  const uint8_t *bytes;                   /**< to be set: the code */
  uint32_t size_bytes;                    /**< to be set: of it */
  uint32_t n_relocs;                      /**< to be set: of `relocs` */
  const kiln_assembled_reloc *relocs;     /**< to be set; ascending by offset */
  const kiln_assembled_section *sections; /**< to be set; of whole texts all is in these */
  uint32_t n_sections;                    /**< to be set: of `sections` */
  uint32_t n_symbols;                     /**< to be set: of `symbols` */
  const kiln_assembled_symbol *symbols;   /**< to be set */
  const uint8_t *frame;                   /**< to be set if `rows`: kiln_asm.rows, or NULL */
  uint32_t frame_bytes;                   /**< to be set: of `frame` */
} kiln_assembly;

/** Assembles `n` texts, each for itself: labels of one are not seen by the others. Fills in the
 * code or the error of each, which stay as they are until the next call by the same thread or
 * the end of the module. False if there is no memory. For a frozen module several threads may
 * call at once. */
typedef bool kiln_assembler(void *user, kiln_target target, kiln_assembly *texts, uint32_t n);

/** Options of a module. Zero-initialise for defaults. */
typedef struct kiln_module_options {
  kiln_target target;       /**< all zero: x86-64; kiln_target_host gives this machine's */
  kiln_pic pic;             /**< how position-independent the code is */
  const char *name;         /**< for diagnostics and the object's file symbol; NULL: none */
  kiln_allocator allocator; /**< all zero: C's realloc */
  /** Called for each diagnostic, from within the failing call; may be NULL. Of a frozen module: from
   * any thread that uses one of its sessions, perhaps from several at once. */
  void (*on_diag)(void *user, const kiln_diag *diag);
  void *diag_user; /**< for on_diag */
  /** Where front ends that read inline assembly get its machine code from (kiln_module_assemble); NULL: what is not
   * known without is an error. */
  kiln_assembler *assembler;
  void *assembler_user;   /**< for assembler */
  bool function_sections; /**< each function in a section of its own */
  /** Each data item in a section of its own, for linkers to leave out what nothing refers to; not
   * strings that they may merge, and common data. */
  bool data_sections;
  bool verify;      /**< verify each function before it is compiled */
  bool no_red_zone; /**< never use memory below the stack pointer */
  bool aranges;     /**< debugging information has .debug_aranges: which unit has which code */
  bool
    texts_stay; /**< strings given to kiln_debug_text, and bitcode, stay as they are, and where, until the module is
                        freed: strings of debugging information are not copied */
  bool jit;          /**< for kiln_jit_add: all thread-local data is KILN_TLS_GENERAL_DYNAMIC */
  uint32_t features; /**< KILN_FEATURE_... that all processors have which will run the code */
  /** Test aid: not 0 makes the allocator choose at random, from few registers, from this seed. */
  uint64_t stress_seed;
} kiln_module_options;

/** A module: everything that ends in one object. */
typedef struct kiln_module kiln_module;

/** Makes a module. NULL only if out of memory or with options out of range. `options` is copied. */
KILN_API kiln_module *kiln_module_new(const kiln_module_options *options);
/** Frees a module. Its sessions must be freed before. NULL is allowed. */
KILN_API void kiln_module_free(kiln_module *m);
/** Ends the module's declarations, so that several threads can compile its functions at once, each
 * with a session of its own. From now on:
 * - sessions may be made, used and freed by any thread, each by one thread at a time, with the
 *   functions begun in them; so may kiln_sig_new and all that only reads the module;
 * - kiln_func_declare and kiln_data_declare find symbols, and make references to external ones with
 *   default properties, as to library functions;
 * - private data comes from kiln_func_data, addresses of blocks from kiln_block_address;
 * - all else that adds to the module, and the body of a function declared later, is
 *   KILN_ERR_STRUCTURE.
 * The object has functions in the order of their symbols' ids: the same bytes, however they were
 * shared out among sessions. kiln_emit_elf wants all other threads to be done. There is no way back.
 * Returns the module's status. */
KILN_API kiln_status kiln_module_freeze(kiln_module *m);
/** Calls the module's assembler (kiln_module_options), if `n` is not 0. False if it has none, or that fails. */
KILN_API bool kiln_module_assemble(const kiln_module *m, kiln_assembly *texts, uint32_t n);
/** True after kiln_module_freeze. */
KILN_API bool kiln_module_frozen(const kiln_module *m);
/** Status of the first error, of the module or of a function that failed in kiln_func_compile; or
 * KILN_OK. */
KILN_API kiln_status kiln_module_status(const kiln_module *m);
/** That error's diagnostic; status KILN_OK if there was none. Lives as long as the module. Of several errors
 * after kiln_module_freeze it is the module's own, or else that of the function whose symbol has the least
 * id, whichever thread came first: to be read when all other threads are done. */
KILN_API const kiln_diag *kiln_module_diag(const kiln_module *m);
/** The target the module was made for. */
KILN_API kiln_target kiln_module_target(const kiln_module *m);
/** kiln_module_options.jit. */
KILN_API bool kiln_module_jit(const kiln_module *m);
/** The allocator the module was made with (all zero: C's realloc), for a front end's own tables. */
KILN_API kiln_allocator kiln_module_allocator(const kiln_module *m);
/** Reports an error of the front end through the module (sticks like any other).
 * `d->module` is filled in if empty. Returns `d->status`. */
KILN_API kiln_status kiln_module_error(kiln_module *m, const kiln_diag *d);

/* ---- stack guards, calls without a PLT ---- */

/** Where the guard value is that guarded functions (kiln_func_guard) keep a copy of. */
typedef enum kiln_guard_source {
  KILN_GUARD_SOURCE_DEFAULT, /**< as C's library on Linux: x86-64 TLS, fs + 0x28; AArch64 GLOBAL */
  KILN_GUARD_SOURCE_TLS, /**< x86-64: at segment `reg` + `offset`, or + the address of `symbol` */
  KILN_GUARD_SOURCE_GLOBAL, /**< the 8 bytes of the symbol `__stack_chk_guard` */
  KILN_GUARD_SOURCE_SYSREG, /**< AArch64: at the address in system register `reg`, + `offset` */
  KILN_GUARD_SOURCE_COUNT
} kiln_guard_source;

/** The place of the guard value, as compilers' -mstack-protector-guard= options say it. */
typedef struct kiln_guard_place {
  kiln_guard_source source; /**< those of the other fields that it does not name are ignored */
  /** TLS: "fs" (NULL too) or "gs". SYSREG: "sp_el0" (NULL too), "tpidr_el0", "tpidrro_el0" or "tpidr_el1". */
  const char *reg;
  /** TLS: from the segment's start, if there is no `symbol`. SYSREG: from the register's value, -256 to 255, or a
   * multiple of 8 below 32768. */
  int32_t offset_bytes;
  const char *symbol; /**< TLS: the address of this is the offset; NULL: `offset_bytes` is */
} kiln_guard_place;

/** Says where the guard value is for all functions of the module compiled from now on (before
 * kiln_module_freeze). A place that the target does not have is KILN_ERR_UNSUPPORTED. */
KILN_API kiln_status kiln_module_guard(kiln_module *m, const kiln_guard_place *place);
/** What kiln_module_guard said; DEFAULT if nothing. Strings live as long as the module. */
KILN_API kiln_guard_place kiln_module_guard_get(const kiln_module *m);

/** What protects a program's branches and returns from an attacker who can write to its memory; to be or'd. */
enum {
  /** Whatever code may be entered at by an indirect branch begins with an instruction that says so: `endbr64` (CET's
   * indirect branch tracking), `bti`. */
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
  /** Of a function, with BRANCH: but not at its beginning, to which only direct calls go. */
  KILN_PROTECT_DIRECT = 32,
  KILN_PROTECT_ALL = 63 /**< all of these bits */
};

/** Protects the functions of the module that are begun from now on by `what` (KILN_PROTECT_...,
 * without DIRECT), unless kiln_func_protect says otherwise; and objects say in
 * `.note.gnu.property` that all of their code is protected so. What only other targets have has
 * no effect. Before kiln_module_freeze. */
KILN_API kiln_status kiln_module_protect(kiln_module *m, uint32_t what);
/** What kiln_module_protect said; 0 if nothing. */
KILN_API uint32_t kiln_module_protection(const kiln_module *m);

/** Calls of library functions that the compiler makes itself (memcpy, __stack_chk_fail) go through the GOT from now
 * on, not through the PLT (-fno-plt). Before kiln_module_freeze. For calls of declared functions see
 * kiln_symbol_desc.no_plt. */
KILN_API kiln_status kiln_module_no_plt(kiln_module *m);

/** No function of the module that is compiled from now on uses memory below the stack pointer, as with the option
 * no_red_zone. Before kiln_module_freeze. */
KILN_API kiln_status kiln_module_no_red_zone(kiln_module *m);

/** The module's functions execute code that they write to the stack, as trampolines of nested
 * functions are: objects ask for an executable stack (`.note.GNU-stack`), and the JIT, which has
 * none, refuses the module. Before kiln_module_freeze. */
KILN_API kiln_status kiln_module_exec_stack(kiln_module *m);

/* ---- signatures ---- */

/** Flags of one parameter. */
enum {
  KILN_PARAM_SEXT = 1,  /**< the caller sign-extends to 32 bits */
  KILN_PARAM_ZEXT = 2,  /**< the caller zero-extends to 32 bits */
  KILN_PARAM_BYVAL = 4, /**< an address; `size` bytes behind it are copied to the argument area */
  KILN_PARAM_SRET = 8,  /**< address of the result's memory; the function returns it as well */
  KILN_PARAM_JOIN = 16, /**< part of one argument with the parameter behind it: in registers or in
                         * memory together, where the ABI asks for that (AArch64, not x86-64) */
  /** The static chain: an i64 in a register of its own (x86-64: r10, AArch64: x15, as LLVM's `nest`), so that
   * the other parameters are where they would be without it. At most one; no other flag. A caller whose
   * signature lacks it leaves its value unspecified, a callee whose signature lacks it ignores it. */
  KILN_PARAM_CHAIN = 32,
  /** A v128: the upper half of the 256-bit register whose lower half is the v128 before it, as
   * the ABI passes such vectors where the processor has AVX. x86-64 only; no other
   * flag. */
  KILN_PARAM_UPPER = 64
};

/** One parameter of a signature. */
typedef struct kiln_param {
  uint8_t type;  /**< kiln_type; BYVAL, SRET and CHAIN: KILN_TYPE_I64 */
  uint8_t flags; /**< KILN_PARAM_... */
  /** BYVAL: alignment of the copy, as a power of two; 0 to 3 mean 8 bytes. Without BYVAL: if the argument is in
   * memory, it begins at such an address, where the ABI asks for that (AArch64, not x86-64): 0, or 4 for 16 bytes.
   * Of several parameters that are joined, the first one says it. */
  uint8_t align_log2;
  uint32_t size_bytes; /**< BYVAL: size */
} kiln_param;

/** Calling conventions. */
typedef enum kiln_callconv {
  KILN_CC_C, /**< the C ABI of the target */
  /** As C, but the callee keeps all general registers that carry no result: x86-64 all but r11; AArch64 x9 to
   * x15 too. LLVM's preserve_most. */
  KILN_CC_PRESERVE_MOST,
  /** As PRESERVE_MOST, and all SSE registers (x86-64), v8 to v31 (AArch64) whole. LLVM's preserve_all. */
  KILN_CC_PRESERVE_ALL,
  /** As C, but the callee keeps no register but the stack and frame pointer, and integers are
   * passed in registers that C's callees keep: r12 to r15, rdi, rsi, rdx, rcx, r8, r9; x20 to
   * x28, x0 to x7. So functions that tail-call each other save nothing, and call others without
   * moving their arguments away: for threaded interpreters. LLVM's preserve_none. More integers
   * than that in registers, and i128, are KILN_ERR_UNSUPPORTED. */
  KILN_CC_PRESERVE_NONE,
  /** Windows' convention, on x86-64 alone: arguments in rcx, rdx, r8 and r9, or xmm0 to xmm3 by
   * the same positions, above 32 bytes of the stack that are the callee's; rdi, rsi and xmm6 to
   * xmm15 are kept too. At most one result; parameters and result are integers of up to 64 bits
   * or F32 to F80, a result also V128. `va_list` is an address. LLVM's win64cc. */
  KILN_CC_WIN64,
  /** As C, on AArch64 alone, but the callee keeps v8 to v23 whole: what vector math libraries are called by. Objects
   * mark symbols of such functions, so that they are not bound at their first call, which keeps less. LLVM's
   * aarch64_vector_pcs. Source: Arm, Vector Function ABI Specification for AArch64, "AAVPCS"; ELF for the Arm 64-bit
   * Architecture, "st_other Values". */
  KILN_CC_VECTOR,
  KILN_CC_COUNT
} kiln_callconv;

/** Flags of a signature. */
enum {
  KILN_SIG_VARIADIC = 1,      /**< takes more arguments than it has parameters */
  KILN_SIG_NORETURN = 2,      /**< never returns */
  KILN_SIG_RETURNS_TWICE = 4, /**< setjmp and its kin */
  /** No exception leaves it. A call by this signature has no entry in the table of exceptions, so that an exception
   * that does leave it ends the program in functions with a personality. */
  KILN_SIG_NOUNWIND = 8,
  /** The results are two, four or eight v128s; each two are the halves of a 256-bit register. x86-64 with AVX only. */
  KILN_SIG_WIDE_RESULTS = 16
};

/** Most results of a function. */
#define KILN_MAX_RESULTS 8

/** Interns a signature. Results go to registers as LLVM assigns the parts of a returned struct
 * (x86-64: rax, rdx, rcx; xmm0 to xmm3. AArch64: x0 to x7; v0 to v7). At most 65535 parameters.
 * `params` and `results` are copied. */
KILN_API kiln_sig kiln_sig_new(kiln_module *m, kiln_callconv cc, unsigned flags,
                               const kiln_param *params, size_t n_params, const kiln_type *results,
                               size_t n_results);

/** Read access to a signature. Pointers are valid until the next `kiln_sig_new`. */
typedef struct kiln_sig_info {
  kiln_callconv cc;         /**< how it is called */
  unsigned flags;           /**< KILN_SIG_... */
  const kiln_param *params; /**< in order */
  uint32_t n_params;        /**< number of them */
  const uint8_t *results;   /**< kiln_type each */
  uint32_t n_results;       /**< number of them */
} kiln_sig_info;
/** Describes `sig`; all zero for none. */
KILN_API kiln_sig_info kiln_sig_get(const kiln_module *m, kiln_sig sig);

/* ---- symbols ---- */

/** Linkage, as in ELF. */
typedef enum kiln_linkage {
  KILN_LINKAGE_EXTERNAL, /**< global symbol */
  KILN_LINKAGE_INTERNAL, /**< local symbol */
  KILN_LINKAGE_PRIVATE,  /**< local, and left out of the symbol table where possible */
  KILN_LINKAGE_WEAK,     /**< weak definition; or weak reference, 0 if undefined */
  KILN_LINKAGE_LINKONCE, /**< weak, in a section group named after it */
  KILN_LINKAGE_COMMON,   /**< data only: merged by the linker, zero-initialised */
  KILN_LINKAGE_COUNT
} kiln_linkage;

/** Visibility, as in ELF. */
typedef enum kiln_visibility {
  KILN_VIS_DEFAULT,   /**< seen by others, who may define their own instead */
  KILN_VIS_HIDDEN,    /**< only within what is linked together */
  KILN_VIS_PROTECTED, /**< seen by others, bound here */
  KILN_VIS_COUNT
} kiln_visibility;

/** How a thread-local symbol is reached. The front end must choose one that is valid for the symbol; general
 * dynamic always is, and is what code for a JIT uses instead of the others. */
typedef enum kiln_tls {
  KILN_TLS_NONE,            /**< not thread-local */
  KILN_TLS_GENERAL_DYNAMIC, /**< defined anywhere, loaded at any time */
  KILN_TLS_LOCAL_DYNAMIC,   /**< defined in what is linked together */
  KILN_TLS_INITIAL_EXEC,    /**< loaded at the program's start */
  KILN_TLS_LOCAL_EXEC,      /**< defined in the executable */
  KILN_TLS_COUNT
} kiln_tls;

/** What a symbol is. */
typedef enum kiln_symbol_kind {
  KILN_SYMBOL_UNKNOWN, /**< referenced only */
  KILN_SYMBOL_FUNC,    /**< a function */
  KILN_SYMBOL_DATA,    /**< data */
  KILN_SYMBOL_ALIAS,   /**< another name of one of these */
  KILN_SYMBOL_BLOCK,   /**< address of a block of a function */
  KILN_SYMBOL_KIND_COUNT
} kiln_symbol_kind;

/** Properties of a symbol. Zero-initialise for an external one. */
typedef struct kiln_symbol_desc {
  const char *name;           /**< NULL or "" is allowed for INTERNAL and PRIVATE ones only */
  size_t name_length;         /**< bytes; 0: `name` is NUL-terminated */
  kiln_linkage linkage;       /**< who sees the name, and who wins */
  kiln_visibility visibility; /**< of an external name, to other components */
  kiln_tls tls;               /**< data only */
  bool dso_local;             /**< bound in the module being linked: no GOT, no PLT */
  const char *section;        /**< NULL: by content; see kiln_section_declare */
  const char *comdat;         /**< NULL: none (LINKONCE: its own name) */
  size_t comdat_length;       /**< bytes; 0: `comdat` is NUL-terminated */
  uint8_t align_log2;         /**< functions: 0 for the target's default */
  /** A definition follows in this module. Code that is built before it may then rely on that (and
   * uses the GOT less often), as code built after it does anyway; in a frozen module all code does. */
  bool body;
  /** Functions: calls of it, where it may be defined elsewhere, go through the GOT and not through the PLT
   * (LLVM's nonlazybind, -fno-plt). */
  bool no_plt;
  /** Aliases without an offset, of functions: the target is called when the program starts, and
   * gives the address of the function that the alias is (ELF's STT_GNU_IFUNC). Code in memory
   * and the interpreter have no such symbols. */
  bool resolver;
  /** The section group that `comdat` names only keeps its sections together: that of each object
   * stays, where the linker otherwise takes one of a name (ELF's groups without GRP_COMDAT). One
   * symbol of the group that says so is enough. */
  bool comdat_stays;
} kiln_symbol_desc;

/** Makes room for `symbols` more symbols, so that declaring that many copies no table; only a
 * hint, which costs the memory of some 16 bytes a symbol at once. Does nothing in a frozen or
 * failed module; without memory the module fails. */
KILN_API void kiln_module_reserve(kiln_module *m, uint32_t symbols);
/** Declares a function; a body may follow (`kiln_func_begin`). A name stands for one
 * symbol of the module, whatever its linkage: declaring it twice gives the same symbol, and the first
 * declaration's properties stay. */
KILN_API kiln_symbol kiln_func_declare(kiln_module *m, const kiln_symbol_desc *desc, kiln_sig sig);
/** Declares data; `kiln_data_define` may follow. */
KILN_API kiln_symbol kiln_data_declare(kiln_module *m, const kiln_symbol_desc *desc);
/** Defines a symbol as another name of `target` + `offset_bytes`. */
KILN_API kiln_symbol kiln_alias_define(kiln_module *m, const kiln_symbol_desc *desc,
                                       kiln_symbol target, int64_t offset_bytes);
/** Symbol of the address of block `block_id` of `func`, whose body may come later. */
KILN_API kiln_symbol kiln_block_symbol(kiln_module *m, kiln_symbol func, uint32_t block_id);
/** The symbol of a name that code or data refers to before it is known what it is: finds it, or makes one
 * of kind KILN_SYMBOL_UNKNOWN, which is an external reference. kiln_func_declare, kiln_data_declare and
 * kiln_alias_define may later say what it is, but not that it is thread-local. */
KILN_API kiln_symbol kiln_symbol_refer(kiln_module *m, const char *name);
/** From now on objects call the symbol `name` where they only refer to it, as `pow@GLIBC_2.2.5`
 * for `pow` of that version; everything else still knows it by its own name. Code in memory and
 * the interpreter have no such symbols. The module must not be frozen, nor the symbol be renamed
 * already. `name` is copied. */
KILN_API kiln_status kiln_symbol_rename(kiln_module *m, kiln_symbol symbol, const char *name);
/** The name that kiln_symbol_rename gave; NULL: none. */
KILN_API const char *kiln_symbol_object_name(const kiln_module *m, kiln_symbol symbol);
/** Finds a symbol by its name; id 0 if there is none. */
KILN_API kiln_symbol kiln_symbol_find(const kiln_module *m, const char *name);

/** Flags of a section. */
enum {
  KILN_SECTION_ALLOC = 1, /**< in memory while the program runs */
  KILN_SECTION_WRITE = 2, /**< writable */
  KILN_SECTION_EXEC = 4,  /**< executable */
  KILN_SECTION_MERGE =
    8, /**< the linker may merge equal entries: data without relocations. What refers to an
                                entry names the symbol of the item that it begins */
  KILN_SECTION_STRINGS = 16, /**< strings of entries that end in a zero one; seen to with MERGE */
  KILN_SECTION_RETAIN = 32,  /**< kept even if the linker collects garbage */
  KILN_SECTION_EXCLUDE = 64  /**< left out of what is linked from the object */
};

/** What a section is. */
typedef struct kiln_section_desc {
  unsigned flags; /**< KILN_SECTION_...: all that it has */
  /** ELF's sh_type: 1 PROGBITS, 7 NOTE, 8 NOBITS (zero data only), 14 to 16 INIT_ARRAY, FINI_ARRAY and
   * PREINIT_ARRAY, or one from 0x60000000 on; 0: by the section's name. */
  uint32_t type;
  uint32_t entry_bytes; /**< size of its entries (MERGE: not 0); 0: none */
} kiln_section_desc;

/** Sets the properties of section `name` (kiln_symbol_desc.section). For a section without this call, its name
 * and its content decide: alloc, exec for functions, write for data that is not read-only. Setting equal
 * properties again is allowed. Whether the content fits is checked when the object is written. */
KILN_API kiln_status kiln_section_declare(kiln_module *m, const char *name,
                                          const kiln_section_desc *desc);
/** The properties that kiln_section_declare set; false if it was not called for `name`. */
KILN_API bool kiln_section_get(const kiln_module *m, const char *name, kiln_section_desc *out);

/** An address within initialised data: at `offset_bytes`, the address of `symbol` + `addend`. */
typedef struct kiln_reloc {
  uint64_t offset_bytes; /**< in the data */
  kiln_symbol symbol;    /**< whose address */
  int64_t addend;        /**< added to it */
  uint8_t size_bytes;    /**< 8; or 4, for differences and code below 2 GiB */
  /** Not 0: the value is symbol + addend - address of `relative_to`. That must be defined in the
   * section of this item (as the item itself is), or together with a local `symbol` in one section,
   * as two blocks of a function are. */
  kiln_symbol relative_to;
} kiln_reloc;

/** Flags of a data definition. */
enum {
  KILN_DATA_READ_ONLY = 1, /**< never written after relocation */
  KILN_DATA_MERGE_STRINGS =
    2, /**< READ_ONLY, bytes whose address does not matter: the linker may merge them with equal
                                    ones if they end with their only NUL */
  KILN_DATA_USED = 4 /**< keep even if the linker collects garbage */
};

/** A data definition. */
typedef struct kiln_data_desc {
  const void *bytes;        /**< NULL: all zero */
  uint64_t size_bytes;      /**< of the whole item */
  uint8_t align_log2;       /**< 0 to 16 */
  unsigned flags;           /**< KILN_DATA_... */
  const kiln_reloc *relocs; /**< ascending by offset; bytes under them are ignored */
  size_t n_relocs;          /**< number of them */
  /** Not 0: the item belongs to the machine code at this place (kiln_asm_place): without that there is no item, and of
   * the items of one section group that do, only those of the first place are there. */
  kiln_symbol place;
} kiln_data_desc;

/** Defines `symbol`; all of `desc` is copied. Errors: defined twice, relocation out of range. */
KILN_API kiln_status kiln_data_define(kiln_module *m, kiln_symbol symbol,
                                      const kiln_data_desc *desc);

/** Calls `func` (void (*)(void)) at program start, or at exit if `at_exit`; lower priorities run
 * first (65535: no priority, last); at exit the order is reversed. */
KILN_API kiln_status kiln_ctor_add(kiln_module *m, kiln_symbol func, unsigned priority,
                                   bool at_exit);
/** As kiln_ctor_add, for a call that belongs to the definition of `with`, as the initialiser of a C++ inline
 * variable does: of several modules that define `with`, only the one whose definition counts makes the call.
 * In an object the entry joins the group of `with`: its comdat, or else a group of its name, if it has one that
 * others see. Without effect if the module does not define `with`. */
KILN_API kiln_status kiln_ctor_add_with(kiln_module *m, kiln_symbol func, unsigned priority,
                                        bool at_exit, kiln_symbol with);

/** Properties of a symbol as declared; strings live as long as the module. */
typedef struct kiln_symbol_info {
  kiln_symbol_kind kind; /**< what it is */
  kiln_symbol_desc desc; /**< as declared */
  kiln_sig sig;          /**< functions */
  bool defined;          /**< a body or data was given */
  kiln_symbol target;    /**< aliases; BLOCK: the function */
  int64_t
    offset_bytes; /**< aliases; BLOCK: the block id, or 2^31 + the number of a place (kiln_asm_place) */
} kiln_symbol_info;
/** Describes `s`; all zero for none. */
KILN_API kiln_symbol_info kiln_symbol_get(const kiln_module *m, kiln_symbol s);
/** Number of symbols; their ids are 1 to this. */
KILN_API uint32_t kiln_symbol_count(const kiln_module *m);
/** The definition of a data symbol; false if it has none. Pointers live as long as the module and
 * until the next definition. `bytes` is NULL for zero data. */
KILN_API bool kiln_data_get(const kiln_module *m, kiln_symbol s, kiln_data_desc *out);
/** Number of constructors and destructors. */
KILN_API uint32_t kiln_ctor_count(const kiln_module *m);
/** The i-th in order of addition. */
KILN_API void kiln_ctor_get(const kiln_module *m, uint32_t i, kiln_symbol *func, unsigned *priority,
                            bool *at_exit);
/** The symbol that the i-th belongs to (kiln_ctor_add_with); 0: none. */
KILN_API kiln_symbol kiln_ctor_with(const kiln_module *m, uint32_t i);

/* ---- sessions ---- */

/** A session compiles functions of one module, one after the other or several open at once. Its
 * memory is reused from function to function. */
typedef struct kiln_session kiln_session;
/** Makes a session; NULL if out of memory, or if `m` is NULL, so that checking the session is enough. */
KILN_API kiln_session *kiln_session_new(kiln_module *m);
/** Frees a session and its open functions. Its code is lost if no object was written before. */
KILN_API void kiln_session_free(kiln_session *s);
/** The module of a session. */
KILN_API kiln_module *kiln_session_module(const kiln_session *s);

/** Adds a source location for functions of this session and returns its id (from 1; 0 is "no
 * location"). `file` is copied and interned. Equal locations may get different ids. */
KILN_API uint32_t kiln_loc_add(kiln_session *s, const char *file, uint32_t line, uint32_t column);
/** Adds a source file for locations of this session and returns its number (from 1; 0 if the module failed).
 * `name` is copied; equal names have equal numbers. */
KILN_API uint32_t kiln_file_add(kiln_session *s, const char *name);
/** As kiln_loc_add, in a file that has a number (kiln_file_add): quicker for many locations of one file. */
KILN_API uint32_t kiln_loc_in(kiln_session *s, uint32_t file, uint32_t line, uint32_t column);

/** What a session has done so far. Times are in nanoseconds and only kept after
 * `kiln_session_time(s, true)`. */
typedef struct kiln_stats {
  uint64_t functions;    /**< functions compiled */
  uint64_t instructions; /**< IR instructions compiled, block parameters included */
  uint64_t blocks;       /**< blocks made */
  uint64_t code_bytes;   /**< machine code, without padding between functions */
  uint64_t data_bytes;   /**< of the module's data definitions */
  uint64_t spills;       /**< local values that were stored because no register was free */
  uint64_t plan_ns;      /**< order, loops, homes */
  uint64_t walk_ns;      /**< selecting, allocating, encoding */
  uint64_t object_ns;    /**< writing the object */
  uint64_t memory_bytes; /**< held by the session's arrays */
} kiln_stats;
/** Reads the statistics. */
KILN_API kiln_stats kiln_session_stats(const kiln_session *s);
/** Switches measuring the times on or off (off at first). */
KILN_API void kiln_session_time(kiln_session *s, bool on);

#ifdef __cplusplus
}
#endif
#endif
