/* Modules, which hold symbols, signatures and data; and sessions, which compile the functions of a module.
 *
 * A module and its sessions belong to one thread at a time until kiln_module_freeze; after that, each session may be
 * used by a thread of its own. Strings are copied. The first error of these calls sticks to the module: later calls
 * return "none" handles and change nothing. A NULL module or session, which means that it could not be made, behaves
 * like one with an error: every call returns "none" or KILN_ERR_ARGUMENT. */
#ifndef KILN_MODULE_H
#define KILN_MODULE_H

#include <kiln/target.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- modules ---- */

/** Selects how position-independent the code is. */
typedef enum kiln_pic {
  KILN_PIC_FULL,   /**< for shared objects and everything else (-fPIC); the default */
  KILN_PIC_PIE,    /**< for executables: symbols defined here are not preempted */
  KILN_PIC_STATIC, /**< like PIE, and undefined symbols are bound in the executable too */
  KILN_PIC_COUNT
} kiln_pic;

/** Receives a diagnostic, which is valid only during the call. */
typedef void (*kiln_diag_fn)(void *user, const kiln_diag *diag);

/** Returns the address of the symbol `name`, or NULL if the callback does not know it. */
typedef void *(*kiln_resolve_fn)(void *user, const char *name);

/** A piece of assembly text and its machine code; <kiln/asm.h> defines it. */
typedef struct kiln_assembly kiln_assembly;

/** Assembles each text separately, so that labels of one text are unknown to the others. The callback fills in either
 * the code or the error of each text; both stay valid until the same thread calls it again or the module is freed. It
 * returns KILN_OK if each text got one of the two. For a frozen module, several threads may call it at once. */
typedef kiln_status (*kiln_assemble_fn)(void *user, kiln_target target, kiln_assembly *texts,
                                        uint32_t n_texts);

/** Options of a module. Zero-initialise the struct for the defaults. */
typedef struct kiln_module_options {
  kiln_target target;       /**< all zero for this machine */
  kiln_pic pic;             /**< how position-independent the code is */
  const char *name;         /**< for diagnostics and the object's file symbol; NULL for none */
  kiln_allocator allocator; /**< all zero for C's realloc */
  /** Called for each diagnostic, from within the call that fails; may be NULL. For a frozen module, any thread that
   * uses one of its sessions may call it, and several may do so at once. */
  kiln_diag_fn on_diag;
  void *on_diag_user; /**< passed to `on_diag` */
  /** The assembler that translates inline assembly to machine code (kiln_module_assemble). If NULL, assembly that Kiln
   * itself does not know is an error. */
  kiln_assemble_fn assemble;
  void *assemble_user;    /**< passed to `assemble` */
  bool function_sections; /**< put each function in a section of its own */
  /** Put each data item in a section of its own, so that linkers can drop data that nothing refers to. This does not
   * apply to mergeable strings and common data. */
  bool data_sections;
  bool verify;  /**< verify each function before it is compiled */
  bool aranges; /**< emit .debug_aranges, which maps code to its compilation unit */
  /** Borrow bitcode and the strings given to kiln_debug_string_new instead of copying them: they must stay unchanged,
   * at the same address, until the module is freed. */
  bool borrow_strings;
  /** The module is for kiln_jit_add: all thread-local data is KILN_TLS_GENERAL_DYNAMIC. */
  bool jit;
  uint32_t features; /**< the KILN_FEATURE_... that every processor which runs the code has */
  /** For tests: if nonzero, seeds the register allocator, which then has few registers and chooses at random among
   * them. */
  uint64_t stress_seed;
  uint64_t reserved[8]; /**< 0 */
} kiln_module_options;

/** A module: everything that goes into one object. */
typedef struct kiln_module kiln_module;

/** Makes a module. Returns NULL only if memory runs out, if an option is out of range, or if the options name this
 * machine and Kiln has no target for it. `options` is copied; NULL means all zero. A module for a target without code
 * generation is returned in the failed state KILN_ERR_UNSUPPORTED, with a diagnostic that names the target. */
KILN_API kiln_module *kiln_module_new(const kiln_module_options *options);

/** Frees a module, whose sessions must have been freed before. NULL is allowed. */
KILN_API void kiln_module_free(kiln_module *m);

/** Returns the status of the first error of the module, or of a function that failed in kiln_func_compile; KILN_OK if
 * there was none. */
KILN_API kiln_status kiln_module_status(const kiln_module *m);

/** Returns the diagnostic of that error; its status is KILN_OK if there was none. It lives as long as the module. If
 * several errors occur after kiln_module_freeze, the module's own error takes precedence, then that of the function
 * whose symbol has the lowest id, regardless of which thread came first. Call this when all other threads are done. */
KILN_API const kiln_diag *kiln_module_diag(const kiln_module *m);

/** Reports an error of the front end through the module; it sticks like any other error. Fills in `d->module` if it is
 * empty. Returns `d->status`. */
KILN_API kiln_status kiln_module_fail(kiln_module *m, const kiln_diag *d);

/** Ends the module's declarations, so that several threads can compile its functions at once, each with a session of
 * its own. From now on:
 * - Any thread may make, use and free sessions, but only one thread at a time may use a session and the functions begun
 *   in it. kiln_sig_new, and every call that only reads the module, may also be used by any thread.
 * - kiln_func_declare and kiln_data_declare look symbols up, and create references to external ones with default
 *   properties, such as references to library functions.
 * - Private data comes from kiln_func_add_data, addresses of blocks from kiln_block_address.
 * - Anything else that adds to the module fails with KILN_ERR_STRUCTURE, and so does the body of a function that is
 *   declared later.
 * The object contains functions in the order of their symbols' ids, so its bytes do not depend on how the functions
 * were divided among sessions. Call kiln_emit_elf when all other threads are done. A module stays frozen. Returns the
 * module's status. */
KILN_API kiln_status kiln_module_freeze(kiln_module *m);

/** Returns true after kiln_module_freeze. */
KILN_API bool kiln_module_is_frozen(const kiln_module *m);

/** Returns the name that the module was made with, "" if it has none. The string lives as long as the module. */
KILN_API const char *kiln_module_name(const kiln_module *m);

/** Names the source file, which gives the object's file symbol its name in place of the module's. `name` is copied; ""
 * or NULL restores the module's name. Returns the module's status; running out of memory (KILN_ERR_MEMORY) sticks to
 * the module. */
KILN_API kiln_status kiln_module_set_source_file(kiln_module *m, const char *name);

/** Returns the target that the module was made for, in which no field is zero; all zero for NULL. */
KILN_API kiln_target kiln_module_get_target(const kiln_module *m);

/** Returns the processor of that target; KILN_PROCESSOR_HOST for NULL. */
KILN_API kiln_processor kiln_module_processor(const kiln_module *m);

/** Returns the features that all functions of the module have, kiln_module_options.features; 0 for NULL. */
KILN_API uint32_t kiln_module_features(const kiln_module *m);

/** Returns kiln_module_options.jit. */
KILN_API bool kiln_module_is_jit(const kiln_module *m);

/** Returns the allocator that the module was made with (all zero for C's realloc), for a front end's own tables. */
KILN_API kiln_allocator kiln_module_get_allocator(const kiln_module *m);

/* ---- symbols ---- */

/** Linkage: where a name is visible, and which of several definitions takes effect. */
typedef enum kiln_linkage {
  KILN_LINKAGE_EXTERNAL, /**< global symbol */
  KILN_LINKAGE_INTERNAL, /**< local symbol */
  KILN_LINKAGE_PRIVATE,  /**< local, and omitted from the symbol table where possible */
  KILN_LINKAGE_WEAK,     /**< weak definition; or weak reference, which is 0 if undefined */
  KILN_LINKAGE_LINKONCE, /**< weak, in a section group named after it */
  KILN_LINKAGE_COMMON,   /**< data only: merged by the linker, zero-initialised */
  KILN_LINKAGE_COUNT
} kiln_linkage;

/** Visibility of an external name to components other than the shared object or executable that defines it. */
typedef enum kiln_visibility {
  KILN_VISIBILITY_DEFAULT,   /**< other components see it, and may preempt it */
  KILN_VISIBILITY_HIDDEN,    /**< only the component that it is linked into sees it */
  KILN_VISIBILITY_PROTECTED, /**< other components see it; references from here are bound here */
  KILN_VISIBILITY_COUNT
} kiln_visibility;

/** Access models of thread-local symbols. The front end must choose a model that is valid for the symbol; general
 * dynamic always is. Code for a JIT uses general dynamic in place of every other model. */
typedef enum kiln_tls {
  KILN_TLS_NONE,            /**< not thread-local */
  KILN_TLS_GENERAL_DYNAMIC, /**< defined anywhere, loaded at any time */
  KILN_TLS_LOCAL_DYNAMIC,   /**< defined in the component being linked */
  KILN_TLS_INITIAL_EXEC,    /**< loaded at the program's start */
  KILN_TLS_LOCAL_EXEC,      /**< defined in the executable */
  KILN_TLS_COUNT
} kiln_tls;

/** Properties of a symbol. Zero-initialise the struct for an external one. */
typedef struct kiln_symbol_desc {
  const char *name;           /**< NULL or "" only for INTERNAL and PRIVATE */
  size_t name_length;         /**< in bytes; 0 if `name` is NUL-terminated */
  kiln_linkage linkage;       /**< where the name is visible, and which definition takes effect */
  kiln_visibility visibility; /**< visibility of an external name to other components */
  kiln_tls tls;               /**< data only */
  bool dso_local;             /**< bound in the component being linked: needs no GOT and no PLT */
  const char *section;        /**< NULL to choose by content; see kiln_section_declare */
  const char *comdat;         /**< NULL for none (LINKONCE: its own name) */
  size_t comdat_length;       /**< in bytes; 0 if `comdat` is NUL-terminated */
  uint8_t align_log2;         /**< functions: 0 for the target's default */
  /** A definition follows in this module. Code that is built before the definition then relies on it and uses the GOT
   * less often. Code that is built after the definition, and all code of a frozen module, does so anyway. */
  bool body;
  /** For functions that may be defined elsewhere: calls go through the GOT instead of the PLT (LLVM's nonlazybind,
   * -fno-plt). */
  bool no_plt;
  /** For aliases of functions, without an offset: the symbol is an ifunc. The alias target is called when the program
   * starts, and returns the address of the function that the alias stands for. Code in memory and the interpreter do
   * not support such symbols. */
  bool resolver;
  /** The section group that `comdat` names only keeps its sections together: linkers keep the group of every object
   * instead of one per name. Setting this for one symbol of the group is enough. */
  bool comdat_stays;
  uint64_t reserved[2]; /**< 0 */
} kiln_symbol_desc;

/** Looks up a symbol by its name. Returns id 0 if there is none. */
KILN_API kiln_symbol kiln_symbol_lookup(const kiln_module *m, const char *name);

/** Returns the symbol for a name that code or data refers to before it is known what the name stands for: an existing
 * symbol, or a new one of kind KILN_SYMBOL_UNKNOWN, which is an external reference. kiln_func_declare,
 * kiln_data_declare and kiln_alias_define may declare it later, but not as thread-local. */
KILN_API kiln_symbol kiln_symbol_refer(kiln_module *m, const char *name);

/** Reserves room for `symbols` more symbols, about 16 bytes each, so that declaring that many does not copy tables.
 * This is only a hint: it has no effect on a frozen or failed module. If memory runs out, the module fails. */
KILN_API kiln_status kiln_module_reserve(kiln_module *m, uint32_t symbols);

/* ---- signatures ---- */

/** Flags of one parameter. */
enum {
  KILN_PARAM_SEXT = 1,  /**< I8, I16: the caller sign-extends to 32 bits */
  KILN_PARAM_ZEXT = 2,  /**< I8, I16: the caller zero-extends to 32 bits */
  KILN_PARAM_BYVAL = 4, /**< address of `size_bytes` bytes, which are copied to the argument area */
  KILN_PARAM_SRET = 8,  /**< address of the result's memory; the function returns it as well */
  /** Part of one argument together with the next parameter: they are in registers together, or in memory together,
   * where the ABI requires that (AArch64, not x86-64). */
  KILN_PARAM_JOIN = 16,
  /** The static chain: an i64 in a register of its own (r10 on x86-64, x15 on AArch64, as for LLVM's `nest`), which
   * does not affect where the other parameters are. At most one parameter has this flag, and it has no other flag. If
   * the caller's signature lacks the parameter, its value is unspecified; if the callee's lacks it, the callee ignores
   * it. */
  KILN_PARAM_CHAIN = 32,
  /** A v128 that is the upper half of a 256-bit register, whose lower half is the v128 before it: the way the ABI
   * passes such vectors on processors with AVX. For x86-64 only, and with no other flag. It is a
   * flag, not a type, because only calls and returns have such registers: operations on 256 bits are made of those on
   * 128. */
  KILN_PARAM_UPPER = 64,
  /** I8, I16, I32: the caller sign-extends to 64 bits, as the ABIs of RISC-V and s390x require. The callee may rely on
   * that, whichever compiler built it. At most one of this flag, ZEXT64, SEXT and ZEXT is allowed. */
  KILN_PARAM_SEXT64 = 128,
  KILN_PARAM_ZEXT64 = 256 /**< likewise, zero-extends */
};

/** One parameter of a signature. */
typedef struct kiln_param {
  uint8_t type;   /**< kiln_type; KILN_TYPE_I64 for BYVAL, SRET and CHAIN */
  uint32_t flags; /**< KILN_PARAM_... */
  /** With BYVAL: the alignment of the copy, as a power of two; 0 to 3 mean 8 bytes. Without BYVAL: the alignment of the
   * argument if it is passed in memory, where the ABI requires that (AArch64, not x86-64): 0, or 4 for 16 bytes. Of
   * several joined parameters, the first one carries it. */
  uint8_t align_log2;
  uint32_t size_bytes;  /**< BYVAL: the size of the copy */
  uint64_t reserved[1]; /**< 0 */
} kiln_param;

/** Calling conventions. */
typedef enum kiln_cc {
  KILN_CC_C, /**< the target's C ABI */
  /** Like C, but the callee preserves all general registers that carry no result: all but r11 on x86-64, and x9 to x15
   * too on AArch64. LLVM's preserve_most. */
  KILN_CC_PRESERVE_MOST,
  /** Like PRESERVE_MOST, and the callee also preserves all SSE registers (x86-64), or v8 to v31 in full (AArch64).
   * LLVM's preserve_all. */
  KILN_CC_PRESERVE_ALL,
  /** Like C, but the callee preserves only the stack pointer and the frame pointer, and integers are passed in
   * registers that C's callees preserve: r12 to r15, rdi, rsi, rdx, rcx, r8, r9; x20 to x28, x0 to x7. Functions that
   * tail-call each other therefore save nothing, and call other functions without moving their arguments away. This is
   * for threaded interpreters. Passing more integers than these registers hold, or an i128, fails with
   * KILN_ERR_UNSUPPORTED. LLVM's preserve_none. */
  KILN_CC_PRESERVE_NONE,
  /** The Windows convention, on x86-64 only. Arguments are passed in rcx, rdx, r8 and r9, or in xmm0 to xmm3, by
   * position, with 32 bytes of stack below the stack arguments for the callee to use. The callee also preserves rdi,
   * rsi and xmm6 to xmm15. There is at most one result; parameters and result are integers of up to 64 bits or F32 to
   * F80, and the result may also be a V128. `va_list` is an address. LLVM's win64cc. */
  KILN_CC_WIN64,
  /** Like C, on AArch64 only, but the callee preserves v8 to v23 in full: the convention of vector math libraries.
   * Objects mark symbols of such functions so that they are not bound lazily, since the lazy binder would clobber these
   * registers. LLVM's aarch64_vector_pcs. Source: Arm, Vector Function ABI Specification for AArch64, "AAVPCS"; ELF for
   * the Arm 64-bit Architecture, "st_other Values". */
  KILN_CC_VECTOR,
  KILN_CC_COUNT
} kiln_cc;

/** Flags of a signature. */
enum {
  KILN_SIG_VARIADIC = 1,      /**< accepts more arguments than it has parameters */
  KILN_SIG_NORETURN = 2,      /**< never returns */
  KILN_SIG_RETURNS_TWICE = 4, /**< returns more than once, as setjmp does */
  /** No exception leaves the function. A call by this signature has no entry in the exception table, so an exception
   * that does leave it ends the program if the caller has a personality. */
  KILN_SIG_NOUNWIND = 8,
  /** The results are two, four or eight v128s, each pair of which forms a 256-bit register. For x86-64 with AVX
   * only. */
  KILN_SIG_WIDE_RESULTS = 16,
  /** A call by this signature is not inlined (<kiln/inline.h>). */
  KILN_SIG_NOINLINE = 32,
  /** A call by this signature tells a profiler that the function containing the call was entered. The call is omitted
   * where that function is inlined. It has no results. */
  KILN_SIG_ENTRY = 64
};

/** The maximum number of results of a function. */
#define KILN_MAX_RESULTS 8

/** Interns a signature of at most 65535 parameters. Results are assigned to registers the way LLVM assigns the parts of
 * a returned struct (x86-64: rax, rdx, rcx; xmm0 to xmm3. AArch64: x0 to x7; v0 to v7). `params` and `results` are
 * copied. */
KILN_API kiln_sig kiln_sig_new(kiln_module *m, kiln_cc cc, uint32_t flags, const kiln_param *params,
                               uint32_t n_params, const kiln_type *results, uint32_t n_results);

/** Describes a signature. The pointers are valid until the next `kiln_sig_new`. */
typedef struct kiln_sig_info {
  kiln_cc cc;               /**< its calling convention */
  uint32_t flags;           /**< KILN_SIG_... */
  const kiln_param *params; /**< in order */
  uint32_t n_params;        /**< number of them */
  const uint8_t *results;   /**< a kiln_type each */
  uint32_t n_results;       /**< number of them */
} kiln_sig_info;

/** Returns the description of `sig`; all zero for none. */
KILN_API kiln_sig_info kiln_sig_get(const kiln_module *m, kiln_sig sig);

/* ---- functions: their bodies are built by <kiln/build.h> ---- */

/** Declares a function, whose body may follow (`kiln_func_begin`). A name stands for one symbol of the module, whatever
 * its linkage: declaring it again returns the same symbol, with the properties of the first declaration. */
KILN_API kiln_symbol kiln_func_declare(kiln_module *m, const kiln_symbol_desc *desc, kiln_sig sig);

/* ---- data ---- */

/** Declares data, which `kiln_data_define` may define later. */
KILN_API kiln_symbol kiln_data_declare(kiln_module *m, const kiln_symbol_desc *desc);

/** An address within initialised data: the address of `symbol`, plus `addend`, stored at `offset_bytes`. */
typedef struct kiln_reloc {
  uint64_t offset_bytes; /**< from the start of the data */
  kiln_symbol symbol;    /**< the symbol whose address is stored */
  int64_t addend;        /**< added to that address */
  uint8_t size_bytes;    /**< 8; or 4, for differences and for code below 2 GiB */
  /** If nonzero, the stored value is symbol + addend - address of `relative_to`. `relative_to` must be defined in the
   * same section as this item (the item itself qualifies), or in the same section as a local `symbol` (as two blocks of
   * a function are). */
  kiln_symbol relative_to;
  uint64_t reserved[1]; /**< 0 */
} kiln_reloc;

/** Flags of a data definition. */
enum {
  KILN_DATA_READ_ONLY = 1, /**< never written after relocation */
  /** READ_ONLY bytes whose address is not significant. If they end with their only NUL, the linker may merge them with
   * equal bytes. */
  KILN_DATA_MERGE_STRINGS = 2,
  KILN_DATA_USED = 4 /**< kept even if the linker collects garbage */
};

/** Defines the content of a data symbol. */
typedef struct kiln_data_desc {
  const void *bytes;        /**< NULL for all zero */
  uint64_t size_bytes;      /**< size of the whole item */
  uint8_t align_log2;       /**< 0 to 16 */
  uint32_t flags;           /**< KILN_DATA_... */
  const kiln_reloc *relocs; /**< in ascending order of offset; the bytes they cover are ignored */
  uint32_t n_relocs;        /**< number of them */
  /** If nonzero, the item belongs to the machine code at this label (kiln_asm_label), and is omitted if that code is.
   * Among the items of one section group that belong to labels, only those of the first label are kept. */
  kiln_symbol label;
  /** If nonzero, the item is in a section of its own, which the linker drops if it drops the section of this symbol.
   * The module must define the symbol. */
  kiln_symbol with;
  uint64_t reserved[2]; /**< 0 */
} kiln_data_desc;

/** Defines `symbol`. Everything in `desc` is copied. It is an error to define a symbol twice, or to give a relocation
 * that is out of range. */
KILN_API kiln_status kiln_data_define(kiln_module *m, kiln_symbol symbol,
                                      const kiln_data_desc *desc);

/** Defines private data that consists of the `text_length` bytes at `text`, which are copied, and a terminating NUL.
 * This is for a program's strings: the linker may merge equal ones. `text` may contain NULs. */
KILN_API kiln_symbol kiln_data_define_string(kiln_module *m, const char *text, size_t text_length);

/** Defines a symbol as another name for `target` + `offset_bytes`. */
KILN_API kiln_symbol kiln_alias_define(kiln_module *m, const kiln_symbol_desc *desc,
                                       kiln_symbol target, int64_t offset_bytes);

/** Returns the symbol whose address is that of `block` in `func`. The body of `func` may follow later. */
KILN_API kiln_symbol kiln_block_symbol(kiln_module *m, kiln_symbol func, kiln_block block);

/* ---- sessions ---- */

/** Compiles functions of one module, one after the other or with several open at once. Its memory is reused from
 * function to function. */
typedef struct kiln_session kiln_session;

/** Makes a session. Returns NULL if memory runs out or if `m` is NULL, so that a caller only has to check the
 * session. */
KILN_API kiln_session *kiln_session_new(kiln_module *m);

/** Frees a session together with its open functions and its code. */
KILN_API void kiln_session_free(kiln_session *s);

/** Returns the module of a session. */
KILN_API kiln_module *kiln_session_module(const kiln_session *s);

/** Statistics of a session so far. Times are in nanoseconds, and are measured only after `kiln_session_set_timing(s,
 * true)`. */
typedef struct kiln_compile_stats {
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
} kiln_compile_stats;

/** Returns the statistics. */
KILN_API kiln_compile_stats kiln_session_get_stats(const kiln_session *s);

/** Switches the measurement of times on or off; it is off initially. */
KILN_API kiln_status kiln_session_set_timing(kiln_session *s, bool on);

/* ---- constructors and destructors ---- */

/** A function (void (*)(void)) to call when the program starts or ends. */
typedef struct kiln_ctor_desc {
  kiln_symbol func;  /**< the function */
  uint32_t priority; /**< lower ones run first (65535 for none, last); reversed at exit */
  bool at_exit;      /**< a destructor, called when the program ends */
  /** If nonzero, the call belongs to the definition of this symbol, as the initialiser of a C++ inline variable does:
   * if several modules define the symbol, only the one whose definition takes effect makes the call. In an object, the
   * entry joins the comdat of `with`, or, failing that, a group named after `with` if its name is external. Has no
   * effect if the module does not define the symbol. */
  kiln_symbol with;
  uint64_t reserved[1]; /**< 0 */
} kiln_ctor_desc;

/** Adds a constructor or destructor. */
KILN_API kiln_status kiln_ctor_add(kiln_module *m, const kiln_ctor_desc *desc);

/** Returns the number of constructors and destructors. */
KILN_API uint32_t kiln_ctor_count(const kiln_module *m);

/** Returns the i-th constructor or destructor, in the order of kiln_ctor_add; all zero if there is none. */
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

/** Properties of a symbol as declared. Strings live as long as the module. */
typedef struct kiln_symbol_info {
  kiln_symbol_kind kind; /**< what it is */
  kiln_symbol_desc desc; /**< as declared */
  kiln_sig sig;          /**< signature of a function */
  bool defined;          /**< has a body or data */
  kiln_symbol target;    /**< target of an alias; BLOCK: the function */
  /** Offset of an alias; BLOCK: the block's id, or 2^31 + the number of a label (kiln_asm_label). */
  int64_t offset_bytes;
} kiln_symbol_info;

/** Returns the description of `s`; all zero for none. */
KILN_API kiln_symbol_info kiln_symbol_get(const kiln_module *m, kiln_symbol s);

/** Returns the number of symbols, whose ids run from 1 to this number. */
KILN_API uint32_t kiln_symbol_count(const kiln_module *m);

/** Finds the definition of a data symbol; returns false if it has none. The pointers written to `out` live as long as
 * the module, and at most until the next definition. `bytes` is NULL for zero data. */
KILN_API bool kiln_data_find(const kiln_module *m, kiln_symbol s, kiln_data_desc *out);

/* ---- names in objects ---- */

/** Makes objects that only refer to the symbol call it `name`, such as `pow@GLIBC_2.2.5` for that version of `pow`.
 * Everything else keeps calling the symbol by its own name. Code in memory is bound to that version too; the
 * interpreter does not support such symbols. The module must not be frozen, and the symbol must not have been renamed
 * before. `name` is copied. */
KILN_API kiln_status kiln_symbol_set_object_name(kiln_module *m, kiln_symbol symbol,
                                                 const char *name);

/** Returns the name that kiln_symbol_set_object_name set; NULL for none. */
KILN_API const char *kiln_symbol_object_name(const kiln_module *m, kiln_symbol symbol);

#ifdef __cplusplus
}
#endif
#endif
