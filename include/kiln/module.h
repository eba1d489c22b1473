/* Modules: symbols, signatures, data; and sessions, which compile functions of a module.
 * A module and its sessions are used by one thread at a time, until kiln_module_freeze: then each
 * session may have a thread of its own. Strings are copied. The first error of these calls sticks to the
 * module: later ones give "none" handles and change nothing. A module or session that is NULL, because
 * it could not be made, is like one with an error: every call gives "none" or KILN_ERR_ARGUMENT. */
#ifndef KILN_MODULE_H
#define KILN_MODULE_H

#include <kiln/target.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- modules ---- */

/** How position-independent the code is. */
typedef enum kiln_pic {
  KILN_PIC_FULL,   /**< for shared objects and everything else (-fPIC); the default */
  KILN_PIC_PIE,    /**< for executables: symbols defined here are not preempted */
  KILN_PIC_STATIC, /**< as PIE, and undefined symbols bind in the executable too */
  KILN_PIC_COUNT
} kiln_pic;

/** Receives a diagnostic, which is valid during the call. */
typedef void (*kiln_diag_fn)(void *user, const kiln_diag *diag);

/** Returns the address of a symbol, or NULL if it does not know the symbol. */
typedef void *(*kiln_resolve_fn)(void *user, const char *name);

/** A text of assembly, and its machine code: <kiln/asm.h>. */
typedef struct kiln_assembly kiln_assembly;

/** Assembles texts separately: the labels of one are unknown to the others. Fills in the code or the error of each,
 * which stay valid until the next call by the same thread or the end of the module. KILN_OK if each text has one of
 * the two. For a frozen module several threads may call it at once. */
typedef kiln_status (*kiln_assemble_fn)(void *user, kiln_target target, kiln_assembly *texts,
                                        uint32_t n_texts);

/** Options of a module. Zero-initialise for defaults. */
typedef struct kiln_module_options {
  kiln_target target;       /**< all zero: this machine */
  kiln_pic pic;             /**< how position-independent the code is */
  const char *name;         /**< for diagnostics and the object's file symbol; NULL: none */
  kiln_allocator allocator; /**< all zero: C's realloc */
  /** Called for each diagnostic, from within the failing call; may be NULL. For a frozen module any thread that uses
   * one of its sessions may call it, and several at once. */
  kiln_diag_fn on_diag;
  void *on_diag_user; /**< for `on_diag` */
  /** The assembler that makes machine code of inline assembly (kiln_module_assemble). NULL: assembly that Kiln does not
   * know by itself is an error. */
  kiln_assemble_fn assemble;
  void *assemble_user;    /**< for `assemble` */
  bool function_sections; /**< each function in a section of its own */
  /** Each data item in a section of its own, so that linkers can leave out data that nothing refers to; except strings
   * that they may merge, and common data. */
  bool data_sections;
  bool verify;  /**< verify each function before it is compiled */
  bool aranges; /**< debugging information has .debug_aranges: which unit has which code */
  /** Strings given to kiln_debug_string_new, and bitcode, are borrowed: they must stay unchanged, and at their address,
   * until the module is freed. Strings of debugging information are then not copied. */
  bool borrow_strings;
  bool jit;          /**< for kiln_jit_add: all thread-local data is KILN_TLS_GENERAL_DYNAMIC */
  uint32_t features; /**< KILN_FEATURE_... of every processor that is to run the code */
  /** For tests: if not 0, the seed by which the allocator chooses at random, among few registers. */
  uint64_t stress_seed;
  uint64_t reserved[8]; /**< 0 */
} kiln_module_options;

/** A module: everything that becomes one object. */
typedef struct kiln_module kiln_module;

/** Makes a module. NULL only if out of memory, with options out of range, or for this machine if it is no target.
 * `options` is copied; NULL: as all zero. A module for a target that there is no code generation for has failed with
 * KILN_ERR_UNSUPPORTED; the diagnostic names the target. */
KILN_API kiln_module *kiln_module_new(const kiln_module_options *options);

/** Frees a module. Its sessions must be freed before. NULL is allowed. */
KILN_API void kiln_module_free(kiln_module *m);

/** Status of the first error, of the module or of a function that failed in kiln_func_compile; or
 * KILN_OK. */
KILN_API kiln_status kiln_module_status(const kiln_module *m);

/** That error's diagnostic; its status is KILN_OK if there was none. Lives as long as the module. Of several errors
 * after kiln_module_freeze it is the module's own, or else that of the function whose symbol has the least id,
 * whichever thread came first. Read it when all other threads are done. */
KILN_API const kiln_diag *kiln_module_diag(const kiln_module *m);

/** Reports an error of the front end through the module (sticks like any other).
 * `d->module` is filled in if empty. Returns `d->status`. */
KILN_API kiln_status kiln_module_fail(kiln_module *m, const kiln_diag *d);

/** Ends the module's declarations, so that several threads can compile its functions at once, each
 * with a session of its own. From now on:
 * - sessions may be made, used and freed by any thread, each by one thread at a time, with the
 *   functions begun in them; so may kiln_sig_new and all that only reads the module;
 * - kiln_func_declare and kiln_data_declare find symbols, and make references to external ones with
 *   default properties, as to library functions;
 * - private data comes from kiln_func_add_data, addresses of blocks from kiln_block_address;
 * - anything else that adds to the module, and the body of a function declared later, is
 *   KILN_ERR_STRUCTURE.
 * The object has functions in the order of their symbols' ids: the same bytes, however the functions
 * were divided among sessions. Call kiln_emit_elf when all other threads are done. A module stays
 * frozen. Returns the module's status. */
KILN_API kiln_status kiln_module_freeze(kiln_module *m);

/** True after kiln_module_freeze. */
KILN_API bool kiln_module_is_frozen(const kiln_module *m);

/** The name that the module was made with; "": none. Lives as long as the module. */
KILN_API const char *kiln_module_name(const kiln_module *m);

/** Names the source file: the object's file symbol has this name, and not the module's. The name is copied;
 * "" or NULL: the module's again. Returns the module's status; a lack of memory (KILN_ERR_MEMORY) sticks to it. */
KILN_API kiln_status kiln_module_set_source_file(kiln_module *m, const char *name);

/** The target the module was made for, no field of which is zero; all zero for NULL. */
KILN_API kiln_target kiln_module_get_target(const kiln_module *m);

/** The processor of that target; KILN_PROCESSOR_HOST for NULL. */
KILN_API kiln_processor kiln_module_processor(const kiln_module *m);

/** The features that all of its functions have: kiln_module_options.features. 0 for NULL. */
KILN_API uint32_t kiln_module_features(const kiln_module *m);

/** kiln_module_options.jit. */
KILN_API bool kiln_module_is_jit(const kiln_module *m);

/** The allocator the module was made with (all zero: C's realloc), for a front end's own tables. */
KILN_API kiln_allocator kiln_module_get_allocator(const kiln_module *m);

/* ---- symbols ---- */

/** Where a name is known, and which of several definitions counts. */
typedef enum kiln_linkage {
  KILN_LINKAGE_EXTERNAL, /**< global symbol */
  KILN_LINKAGE_INTERNAL, /**< local symbol */
  KILN_LINKAGE_PRIVATE,  /**< local, and left out of the symbol table where possible */
  KILN_LINKAGE_WEAK,     /**< weak definition; or weak reference, 0 if undefined */
  KILN_LINKAGE_LINKONCE, /**< weak, in a section group named after it */
  KILN_LINKAGE_COMMON,   /**< data only: merged by the linker, zero-initialised */
  KILN_LINKAGE_COUNT
} kiln_linkage;

/** Who sees an external name of a shared object or executable besides itself. */
typedef enum kiln_visibility {
  KILN_VISIBILITY_DEFAULT,   /**< other components see it, and may define their own instead */
  KILN_VISIBILITY_HIDDEN,    /**< only the component that is linked together sees it */
  KILN_VISIBILITY_PROTECTED, /**< other components see it; references here are bound here */
  KILN_VISIBILITY_COUNT
} kiln_visibility;

/** How a thread-local symbol is reached. The front end must choose a model that is valid for the symbol; general
 * dynamic always is. Code for a JIT uses general dynamic in place of all others. */
typedef enum kiln_tls {
  KILN_TLS_NONE,            /**< not thread-local */
  KILN_TLS_GENERAL_DYNAMIC, /**< defined anywhere, loaded at any time */
  KILN_TLS_LOCAL_DYNAMIC,   /**< defined in what is linked together */
  KILN_TLS_INITIAL_EXEC,    /**< loaded at the program's start */
  KILN_TLS_LOCAL_EXEC,      /**< defined in the executable */
  KILN_TLS_COUNT
} kiln_tls;

/** Properties of a symbol. Zero-initialise for an external one. */
typedef struct kiln_symbol_desc {
  const char *name;           /**< NULL or "" is allowed for INTERNAL and PRIVATE ones only */
  size_t name_length;         /**< bytes; 0: `name` is NUL-terminated */
  kiln_linkage linkage;       /**< where the name is known, and which definition counts */
  kiln_visibility visibility; /**< of an external name, for other components */
  kiln_tls tls;               /**< data only */
  bool dso_local;             /**< bound in the module being linked: no GOT, no PLT */
  const char *section;        /**< NULL: by content; see kiln_section_declare */
  const char *comdat;         /**< NULL: none (LINKONCE: its own name) */
  size_t comdat_length;       /**< bytes; 0: `comdat` is NUL-terminated */
  uint8_t align_log2;         /**< functions: 0 for the target's default */
  /** A definition follows in this module. Code that is built before the definition then relies on it, and uses the GOT
   * less often; code built after it, and all code of a frozen module, does so anyway. */
  bool body;
  /** Functions that may be defined elsewhere: calls go through the GOT and not through the PLT (LLVM's nonlazybind,
   * -fno-plt). */
  bool no_plt;
  /** Aliases of functions, without an offset: the target is called when the program starts, and returns the address of
   * the function that the alias stands for (an ifunc). Code in memory and the interpreter have no such
   * symbols. */
  bool resolver;
  /** The section group that `comdat` names only keeps its sections together: linkers
   * keep that of each object, not one group of each name. It is enough to set this for one symbol of the group. */
  bool comdat_stays;
  uint64_t reserved[2]; /**< 0 */
} kiln_symbol_desc;

/** Finds a symbol by its name; id 0 if there is none. */
KILN_API kiln_symbol kiln_symbol_lookup(const kiln_module *m, const char *name);

/** The symbol of a name that code or data refers to before it is known what the name stands for: finds it, or makes
 * one of kind KILN_SYMBOL_UNKNOWN, which is an external reference. kiln_func_declare, kiln_data_declare and
 * kiln_alias_define may later declare it, but not as thread-local. */
KILN_API kiln_symbol kiln_symbol_refer(kiln_module *m, const char *name);

/** Makes room for `symbols` more symbols, some 16 bytes each, so that declaring that many copies no table. Only a hint:
 * it does nothing in a frozen or failed module. If out of memory the module fails. */
KILN_API kiln_status kiln_module_reserve(kiln_module *m, uint32_t symbols);

/* ---- signatures ---- */

/** Flags of one parameter. */
enum {
  KILN_PARAM_SEXT = 1,  /**< I8, I16: the caller sign-extends to 32 bits */
  KILN_PARAM_ZEXT = 2,  /**< I8, I16: the caller zero-extends to 32 bits */
  KILN_PARAM_BYVAL = 4, /**< an address; `size` bytes at it are copied to the argument area */
  KILN_PARAM_SRET = 8,  /**< address of the result's memory; the function returns it as well */
  KILN_PARAM_JOIN = 16, /**< part of one argument with the parameter after it: in registers or in
                         * memory together, where the ABI requires that (AArch64, not x86-64) */
  /** The static chain: an i64 in a register of its own (x86-64: r10, AArch64: x15, as LLVM's `nest`), so that
   * the other parameters are where they would be without it. At most one; no other flag. A caller whose
   * signature lacks it leaves its value unspecified, a callee whose signature lacks it ignores it. */
  KILN_PARAM_CHAIN = 32,
  /** A v128: the upper half of the 256-bit register whose lower half is the v128 before it, as
   * the ABI passes such vectors where the processor has AVX. x86-64 only; no other
   * flag. A flag and no type, since only calls and returns have such registers: operations on 256 bits are made of
   * those on 128. */
  KILN_PARAM_UPPER = 64,
  /** I8, I16, I32: the caller sign-extends to 64 bits, as the ABIs of RISC-V and s390x require. The callee, whoever
   * compiled it, may rely on it. At most one of this, ZEXT64, SEXT and ZEXT. */
  KILN_PARAM_SEXT64 = 128,
  KILN_PARAM_ZEXT64 = 256 /**< the same with zeros */
};

/** One parameter of a signature. */
typedef struct kiln_param {
  uint8_t type;   /**< kiln_type; BYVAL, SRET and CHAIN: KILN_TYPE_I64 */
  uint32_t flags; /**< KILN_PARAM_... */
  /** BYVAL: alignment of the copy, as a power of two; 0 to 3 mean 8 bytes. Without BYVAL: if the argument is in
   * memory, it begins at such an address, where the ABI requires that (AArch64, not x86-64): 0, or 4 for 16 bytes.
   * Of several parameters that are joined, the first one has it. */
  uint8_t align_log2;
  uint32_t size_bytes;  /**< BYVAL: size */
  uint64_t reserved[1]; /**< 0 */
} kiln_param;

/** Calling conventions. */
typedef enum kiln_cc {
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
  /** As C, on AArch64 alone, but the callee keeps v8 to v23 whole: the convention of vector math libraries. Objects
   * mark symbols of such functions, so that they are not bound at their first call, which would change more. LLVM's
   * aarch64_vector_pcs. Source: Arm, Vector Function ABI Specification for AArch64, "AAVPCS"; ELF for the Arm 64-bit
   * Architecture, "st_other Values". */
  KILN_CC_VECTOR,
  KILN_CC_COUNT
} kiln_cc;

/** Flags of a signature. */
enum {
  KILN_SIG_VARIADIC = 1,      /**< takes more arguments than it has parameters */
  KILN_SIG_NORETURN = 2,      /**< never returns */
  KILN_SIG_RETURNS_TWICE = 4, /**< setjmp and the like */
  /** No exception leaves it. A call by this signature has no entry in the table of exceptions, so that an exception
   * that does leave it ends the program in functions with a personality. */
  KILN_SIG_NOUNWIND = 8,
  /** The results are two, four or eight v128s; each two are the halves of a 256-bit register. x86-64 with AVX only. */
  KILN_SIG_WIDE_RESULTS = 16,
  /** A call by this signature is not inlined (<kiln/inline.h>). */
  KILN_SIG_NOINLINE = 32,
  /** A call by this signature tells a profiler that the function which has it was entered: it is left out where that
   * function is inlined. It has no results. */
  KILN_SIG_ENTRY = 64
};

/** The most results that a function may have. */
#define KILN_MAX_RESULTS 8

/** Interns a signature. Results go to registers as LLVM assigns the parts of a returned struct
 * (x86-64: rax, rdx, rcx; xmm0 to xmm3. AArch64: x0 to x7; v0 to v7). At most 65535 parameters.
 * `params` and `results` are copied. */
KILN_API kiln_sig kiln_sig_new(kiln_module *m, kiln_cc cc, uint32_t flags, const kiln_param *params,
                               uint32_t n_params, const kiln_type *results, uint32_t n_results);

/** Describes a signature. Pointers are valid until the next `kiln_sig_new`. */
typedef struct kiln_sig_info {
  kiln_cc cc;               /**< how it is called */
  uint32_t flags;           /**< KILN_SIG_... */
  const kiln_param *params; /**< in order */
  uint32_t n_params;        /**< number of them */
  const uint8_t *results;   /**< kiln_type each */
  uint32_t n_results;       /**< number of them */
} kiln_sig_info;

/** Describes `sig`; all zero for none. */
KILN_API kiln_sig_info kiln_sig_get(const kiln_module *m, kiln_sig sig);

/* ---- functions: their bodies are built by <kiln/build.h> ---- */

/** Declares a function; a body may follow (`kiln_func_begin`). A name stands for one symbol of the module, whatever its
 * linkage: declaring it again gives the same symbol, with the properties of the first declaration. */
KILN_API kiln_symbol kiln_func_declare(kiln_module *m, const kiln_symbol_desc *desc, kiln_sig sig);

/* ---- data ---- */

/** Declares data; `kiln_data_define` may follow. */
KILN_API kiln_symbol kiln_data_declare(kiln_module *m, const kiln_symbol_desc *desc);

/** An address within initialised data: at `offset_bytes`, the address of `symbol` + `addend`. */
typedef struct kiln_reloc {
  uint64_t offset_bytes; /**< in the data */
  kiln_symbol symbol;    /**< whose address */
  int64_t addend;        /**< added to it */
  uint8_t size_bytes;    /**< 8; or 4, for differences and code below 2 GiB */
  /** Not 0: the value is symbol + addend - address of `relative_to`. `relative_to` must be defined in the section of
   * this item, as the item itself is, or in one section with a local `symbol`, as two blocks of a function are. */
  kiln_symbol relative_to;
  uint64_t reserved[1]; /**< 0 */
} kiln_reloc;

/** Flags of a data definition. */
enum {
  KILN_DATA_READ_ONLY = 1, /**< never written after relocation */
  /** READ_ONLY, bytes whose address does not matter: the linker may merge them with equal bytes if they end with
   * their only NUL */
  KILN_DATA_MERGE_STRINGS = 2,
  KILN_DATA_USED = 4 /**< keep even if the linker collects garbage */
};

/** A data definition. */
typedef struct kiln_data_desc {
  const void *bytes;        /**< NULL: all zero */
  uint64_t size_bytes;      /**< of the whole item */
  uint8_t align_log2;       /**< 0 to 16 */
  uint32_t flags;           /**< KILN_DATA_... */
  const kiln_reloc *relocs; /**< ascending by offset; bytes under them are ignored */
  uint32_t n_relocs;        /**< number of them */
  /** Not 0: the item belongs to the machine code at this label (kiln_asm_label), and is left out without that code. Of
   * the items of one section group that belong to labels, only those of the first label are kept. */
  kiln_symbol label;
  /** Not 0: the item is in a section of its own, which the linker leaves out if it leaves out the
   * section of this symbol, which the module must define. */
  kiln_symbol with;
  uint64_t reserved[2]; /**< 0 */
} kiln_data_desc;

/** Defines `symbol`; all of `desc` is copied. Errors: defined twice, relocation out of range. */
KILN_API kiln_status kiln_data_define(kiln_module *m, kiln_symbol symbol,
                                      const kiln_data_desc *desc);

/** Defines private data: a copy of the `text_length` bytes at `text`, and a NUL. For the strings of a program: the
 * linker may merge equal ones. `text` may contain NULs. */
KILN_API kiln_symbol kiln_data_define_string(kiln_module *m, const char *text, size_t text_length);

/** Defines a symbol as another name of `target` + `offset_bytes`. */
KILN_API kiln_symbol kiln_alias_define(kiln_module *m, const kiln_symbol_desc *desc,
                                       kiln_symbol target, int64_t offset_bytes);

/** The symbol whose address is that of `block` of `func`, whose body may come later. */
KILN_API kiln_symbol kiln_block_symbol(kiln_module *m, kiln_symbol func, kiln_block block);

/* ---- sessions ---- */

/** A session compiles functions of one module, one after the other or several open at once. Its
 * memory is reused from function to function. */
typedef struct kiln_session kiln_session;

/** Makes a session; NULL if out of memory, or if `m` is NULL, so that checking the session is enough. */
KILN_API kiln_session *kiln_session_new(kiln_module *m);

/** Frees a session, its open functions and its code. */
KILN_API void kiln_session_free(kiln_session *s);

/** The module of a session. */
KILN_API kiln_module *kiln_session_module(const kiln_session *s);

/** What a session has done so far. Times are in nanoseconds and only kept after
 * `kiln_session_set_timing(s, true)`. */
typedef struct kiln_compile_stats {
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
  uint64_t reserved[8];  /**< 0 */
} kiln_compile_stats;

/** Reads the statistics. */
KILN_API kiln_compile_stats kiln_session_get_stats(const kiln_session *s);

/** Switches measuring the times on or off (off at first). */
KILN_API kiln_status kiln_session_set_timing(kiln_session *s, bool on);

/* ---- constructors and destructors ---- */

/** A call of a function (void (*)(void)) when the program starts, or ends. */
typedef struct kiln_ctor_desc {
  kiln_symbol func;  /**< the function */
  uint32_t priority; /**< lower ones run first (65535: none, last); at exit the order is reversed */
  bool at_exit;      /**< a destructor */
  /** Not 0: the call belongs to the definition of this symbol, as the initialiser of a C++ inline variable does: of
   * several modules that define the symbol, only the one whose definition counts makes the call. In an object the entry
   * joins the comdat of `with`, or else a group named after `with`, if its name is external. No effect if the module
   * does not define it. */
  kiln_symbol with;
  uint64_t reserved[1]; /**< 0 */
} kiln_ctor_desc;

/** Adds a constructor or destructor. */
KILN_API kiln_status kiln_ctor_add(kiln_module *m, const kiln_ctor_desc *desc);

/** Number of constructors and destructors. */
KILN_API uint32_t kiln_ctor_count(const kiln_module *m);

/** The i-th of them, in the order of kiln_ctor_add; all zero if there is none. */
KILN_API kiln_ctor_desc kiln_ctor_get(const kiln_module *m, uint32_t i);

/* ---- reading what was declared and defined ---- */

/** What a symbol is. */
typedef enum kiln_symbol_kind {
  KILN_SYMBOL_UNKNOWN, /**< referenced only */
  KILN_SYMBOL_FUNC,    /**< a function */
  KILN_SYMBOL_DATA,    /**< data */
  KILN_SYMBOL_ALIAS,   /**< another name of one of these */
  KILN_SYMBOL_BLOCK,   /**< address of a block of a function */
  KILN_SYMBOL_KIND_COUNT
} kiln_symbol_kind;

/** Properties of a symbol as declared; strings live as long as the module. */
typedef struct kiln_symbol_info {
  kiln_symbol_kind kind; /**< what it is */
  kiln_symbol_desc desc; /**< as declared */
  kiln_sig sig;          /**< functions */
  bool defined;          /**< a body or data was given */
  kiln_symbol target;    /**< aliases; BLOCK: the function */
  /** aliases; BLOCK: the block id, or 2^31 + the number of a label (kiln_asm_label) */
  int64_t offset_bytes;
} kiln_symbol_info;

/** Describes `s`; all zero for none. */
KILN_API kiln_symbol_info kiln_symbol_get(const kiln_module *m, kiln_symbol s);

/** Number of symbols; their ids are 1 to this. */
KILN_API uint32_t kiln_symbol_count(const kiln_module *m);

/** The definition of a data symbol; false if it has none. Pointers live as long as the module and
 * until the next definition. `bytes` is NULL for zero data. */
KILN_API bool kiln_data_find(const kiln_module *m, kiln_symbol s, kiln_data_desc *out);

/* ---- names in objects ---- */

/** Makes objects that only refer to the symbol call it `name`, such as `pow@GLIBC_2.2.5` for `pow` of that version;
 * everything else still knows it by its own name. Code in memory is bound to that version, too; the interpreter has no
 * such symbols. The module must not be frozen, and the symbol not be renamed before. `name` is copied. */
KILN_API kiln_status kiln_symbol_set_object_name(kiln_module *m, kiln_symbol symbol,
                                                 const char *name);

/** The name that kiln_symbol_set_object_name gave; NULL: none. */
KILN_API const char *kiln_symbol_object_name(const kiln_module *m, kiln_symbol symbol);

#ifdef __cplusplus
}
#endif
#endif
