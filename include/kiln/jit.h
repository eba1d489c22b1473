/* Just-in-time compilation: puts the code of modules into the memory of this process, which can then call it. A front
 * end builds and compiles functions as for an object, and calls kiln_jit_add instead of kiln_emit_elf. Each call adds a
 * *unit*, which is linked with the JIT's existing code and data and with the program's own symbols, and can be removed
 * again. If Kiln cannot make a JIT or a stream, the result is NULL; calls on a NULL JIT or stream return "none" or
 * KILN_ERR_ARGUMENT. docs/jit.md shows how it is used.
 * - Memory: no mapping is ever writable and executable at the same time.
 * - Threads: any thread may call any function of this header at any time, except that no other thread may use a JIT
 *   while a thread is in its kiln_jit_free, and only one thread at a time may use a stream. Modules and sessions follow
 *   the same rules as without a JIT. The JIT holds its lock only while it links units, not while code is generated.
 * - Signals: a signal handler may call kiln_jit_find_pc, and no other function of this header. It may run JIT-compiled
 *   code, which may use thread-local data, even if the thread has not used the data before. This code must not call a
 *   lazy function that is not compiled yet (kiln_jit_declare_lazy).
 * - Running code: the JIT does not know which functions are running. Before you remove a unit or free the JIT, make
 *   sure that no thread is executing the code or will return to it, and that nothing keeps addresses of it. After a
 *   function is redefined, calls that are in progress finish in the old code, and new calls reach the new code.
 * - Forks: a child process made by fork() may run the existing code, look up symbols, free the JIT, and make a JIT of
 *   its own. It cannot add or remove units (KILN_ERR_STRUCTURE). docs/jit.md has the rules for children made in other
 *   ways, and for other threads that ran callbacks at the fork. */
#ifndef KILN_JIT_H
#define KILN_JIT_H

#include <kiln/build.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Where the JIT's memory is placed. */
typedef enum kiln_jit_reach {
  /** The memory consists of several pieces at any addresses. The JIT allocates more pieces as it needs them, until the
   * system has no more memory. */
  KILN_JIT_REACH_FAR,
  /** The memory is one piece of `memory_bytes` bytes. All units can therefore refer to each other directly. */
  KILN_JIT_REACH_NEAR,
  KILN_JIT_REACH_COUNT
} kiln_jit_reach;

/** Selects how the JIT writes code to memory. With each of these values, no mapping is ever writable and executable at
 * the same time. */
typedef enum kiln_jit_protection {
  /** The JIT uses DUAL where the system allows it, and SWITCH elsewhere. If kiln_jit_options.gdb is set, the JIT
   * prefers SWITCH to DUAL. */
  KILN_JIT_PROTECTION_AUTO,
  /** The JIT maps the same memory (of a memfd) twice, once executable and once writable. Adding a function needs no
   * system call. Debuggers can set only hardware breakpoints in this memory.
   * - A child process shares the memory with its parent. When the parent first removes a unit from a chunk of 64 KiB
   *   after a fork, the parent moves the chunk to new pages, which takes 4 system calls.
   * - The library learns of forks through pthread_atfork, and therefore not of children that clone or _Fork makes. In
   *   these children, the code changes whenever the parent's code changes. */
  KILN_JIT_PROTECTION_DUAL, /* on Windows an error, KILN_ERR_UNSUPPORTED */
  /** Pages are writable while the JIT writes a unit, and executable afterwards. Each unit has pages of its own and
   * needs two or more system calls. The memory is private. A child process made by fork, clone or _Fork keeps the code
   * that existed when the child was made. */
  KILN_JIT_PROTECTION_SWITCH,
  KILN_JIT_PROTECTION_COUNT
} kiln_jit_protection;

/** Options of a JIT. Zero-initialise the struct for the defaults. */
typedef struct kiln_jit_options {
  /** With NEAR: the size of the address space for all code and all data, including read-only data. This size is at most
   * 1 GiB; 0 means 128 MiB. The JIT allocates memory only when it needs the memory. With FAR: the minimum size of a
   * piece; 0 means 16 MiB. */
  uint64_t memory_bytes;
  kiln_jit_reach reach;           /**< where memory is placed */
  kiln_jit_protection protection; /**< how the JIT writes code to memory */
  /** Returns the address of a symbol that no unit defines. If there is no callback or the callback returns NULL, the
   * JIT looks up the symbol with `dlsym`, and among the symbols that it provides itself. kiln_jit_add and
   * kiln_jit_stream_add call the callback for all unknown names first, and link afterwards.
   * - May call any function but those that free the JIT, the stream, the modules and the sessions of the call. These
   *   have no effect during the call, and the call fails with KILN_ERR_STRUCTURE. No lock is held.
   * - May add units, also to the same stream, with the same session or another one, and so on to any depth that the
   *   stack allows. The JIT then does not call the callback for names that these units define. A function whose
   *   addition called the callback has no address yet. If it can be needed meanwhile, as in recursion, return NULL for
   *   its name, and add the units with KILN_JIT_FORWARD.
   * - Must return. If it leaves in another way, by longjmp, by an exception or by the end of its thread, the JIT, the
   *   stream, the modules and the sessions of the call stay in use, and functions that free them have no effect any
   *   more. Constructors and destructors of units (kiln_jit_run_constructors, kiln_jit_run_destructors,
   *   kiln_jit_remove) must return too, or the JIT and the unit stay in use.
   * - Threads: several threads may call the callback at once. */
  kiln_resolve_fn resolve;
  void *resolve_user; /**< passed to `resolve` */
  /** Do not look up symbols of the process by `dlsym`. */
  bool no_process_symbols;
  kiln_allocator allocator; /**< for the JIT's tables; all zero for C's realloc */
  /** Do not register frames with the unwinder. Adding a unit is then faster, but unwinding does not work through frames
   * of the JIT. Exceptions, backtrace() and pthread_cancel stop at these frames or end the process. */
  bool no_unwind;
  /** Register each unit with gdb, through gdb's JIT interface. The debugger then knows the names and frames of
   * functions. The debugger also knows the lines, variables and types that the front end described with
   * <kiln/debug.h>. */
  bool gdb;
  /** Append the names and addresses of functions to /tmp/perf-PID.map, where `perf report` looks for names. If an
   * earlier process with the same PID left this file, the JIT replaces it. In this file and in the file in
   * jitdump_folder, a backslash and two hexadecimal digits replace each control character and backslash of a name. */
  bool perf_map;
  /** Write the file jit-PID.dump to this folder, for `perf inject --jit`: the names and code of functions, and the
   * lines of those that have debugging information. All JITs of the process share one file. NULL means no file. An
   * empty string is an error: use "." for the working folder.
   * - If the disk is full, functions are missing in both files. */
  const char *jitdump_folder;
  uint64_t reserved[8]; /**< 0 */
} kiln_jit_options;

/** The error of a call. Zero-initialise the struct before the first call. Each call first clears the error. After the
 * last call, call kiln_jit_error_free. */
typedef struct kiln_jit_error {
  /** The first error. If symbols are undefined, the message has as many of their names as fit. */
  kiln_diag diag;
  /** The names of all undefined symbols, each followed by a NUL. The names are in the order in which they were first
   * referred to. */
  kiln_buffer missing;
  uint32_t n_missing;   /**< number of names in `missing` */
  uint64_t reserved[4]; /**< 0 */
} kiln_jit_error;

/** Frees the memory of an error and zeroes it, but for `missing.allocator`. */
KILN_API void kiln_jit_error_free(kiln_jit_error *e);

typedef struct kiln_stack_walk kiln_stack_walk; /* <kiln/stack.h> */

/** A JIT, which owns memory, symbols and units. */
typedef struct kiln_jit kiln_jit;

/** A unit consists of the code and data that one call added. Id 0 means none. When a unit is removed, no later unit
 * gets the same handle. */
typedef struct kiln_jit_unit {
  uint64_t id; /**< 0 for none */
} kiln_jit_unit;

/** Makes a JIT for the machine on which the process runs. Copies `options`; NULL means the default options.
 * - Returns NULL after an error, which is written to `error` (may be NULL).
 * - Fails with KILN_ERR_UNSUPPORTED if Kiln has no code generation for that machine, with KILN_ERR_SYSTEM if the system
 *   provides no memory or refuses executable memory (the message names the system call), and with KILN_ERR_ARGUMENT if
 *   an option is out of range.
 * - Owns: the caller owns the JIT (kiln_jit_free). */
KILN_API kiln_jit *kiln_jit_new(const kiln_jit_options *options, kiln_jit_error *error);

/** Frees a JIT with all its code and data, including the thread-local data of all threads. NULL is allowed. Free the
 * JIT's streams first.
 * - Functions that the JIT's code registered with the process are handled as described for kiln_jit_remove. The
 *   destructors of units are not run (kiln_jit_run_destructors).
 * - While a callback of the JIT, or a constructor or destructor of a unit runs, kiln_jit_free has no effect, and the
 *   call that runs it fails with KILN_ERR_STRUCTURE. */
KILN_API void kiln_jit_free(kiln_jit *jit);

/** A module to add, and the sessions that compiled its functions. */
typedef struct kiln_jit_input {
  /** The module. Its target must be the machine on which the JIT runs. If the module has thread-local data, make the
   * module with kiln_module_options.jit. */
  kiln_module *module;
  kiln_session *const *sessions; /**< sessions of the module */
  uint32_t n_sessions;           /**< number of `sessions` */
  uint64_t reserved[4];          /**< 0 */
} kiln_jit_input;

/** Flags of kiln_jit_add and kiln_jit_stream_add. */
enum {
  /** With this flag, a later unit may define again the functions that the unit defines with external linkage. Calls and
   * references to such a function go through a stub, which is one indirect jump. If a later unit with this flag defines
   * the function again, all calls reach the new code. If the later unit does not have this flag, or if the name has no
   * stub, a second strong definition of the name is an error. */
  KILN_JIT_REDEFINABLE = 1,
  /** With this flag, the unit may refer to an undefined function if the unit's code only calls the function or takes
   * its address. Calls to such a function go through a stub. Until a unit defines the function, the stub writes the
   * function's name to standard error, and traps. Lazy functions need no flag (kiln_jit_declare_lazy). */
  KILN_JIT_FORWARD = 2
};

/** Links modules with each other and with the units that were added before, and adds the result as one unit. The unit's
 * functions can then be called, but its constructors have not run yet. After an error, nothing has changed. You may add
 * a module only once, and may also write it as an object (kiln_emit_elf), before or afterwards.
 * - Owns: the JIT only reads the modules and sessions, which you can free afterwards.
 * - Names: the JIT looks up a name first in the unit itself, then in the units added before, then by the callback
 *   `resolve`, and last by `dlsym`. The external names of all units are in one namespace; hidden names are private to
 *   their unit. If the inputs of a unit give a name different visibilities, the strictest one applies. A name that is
 *   declared hidden or protected is looked up only in the unit itself and with `resolve`.
 * - Several definitions in a unit: at most one may be strong, that is, not common, weak or link-once. (A definition in
 *   a section group, kiln_symbol_desc.comdat without comdat_stays, counts as link-once.) The strong definition takes
 *   precedence over common ones, and a common one over weak and link-once ones; among equals, the first one takes
 *   effect. Common data gets the largest size and alignment of all its definitions.
 * - Several definitions in units: that of the unit that was added first takes effect. Later units may have only weak,
 *   link-once or common definitions of the name (but see KILN_JIT_REDEFINABLE).
 * - A weak reference to an undefined name is 0. For a name of the form `name@version` (kiln_symbol_set_object_name),
 *   the JIT calls `dlvsym`. A unit that defines `name@@version` defines both `name` and `name@version`.
 *
 * Errors:
 * - the error of a module, as for kiln_emit_elf; this includes the error of a function that has failed or is still
 *   open;
 * - KILN_ERR_SYMBOL for a name that has two strong definitions in the unit;
 * - KILN_ERR_SYMBOL for a name that has a strong definition in the unit and a definition in an earlier unit, unless
 *   KILN_JIT_REDEFINABLE allows the new definition;
 * - KILN_ERR_SYMBOL for a name that is thread-local in one input or unit and not in another;
 * - KILN_ERR_SYMBOL for common data that is larger than the definition in an earlier unit, or has a larger alignment;
 * - KILN_ERR_SYMBOL for names that are not defined anywhere; error->missing lists all of these names;
 * - KILN_ERR_MEMORY if all of `memory_bytes` is in use, or if the allocator returned NULL;
 * - KILN_ERR_SYSTEM if a system call fails;
 * - KILN_ERR_LIMIT if code refers to data directly (the module is not KILN_PIC_FULL, or kiln_symbol_desc.dso_local) and
 *   the data is too far away;
 * - KILN_ERR_STRUCTURE in a child process after a fork, because a child cannot add units. */
KILN_API kiln_status kiln_jit_add(kiln_jit *jit, uint32_t flags, const kiln_jit_input *inputs,
                                  uint32_t n_inputs, kiln_jit_unit *unit, kiln_jit_error *error);

/** Adds the object of `size_bytes` bytes at `bytes` as one unit, as kiln_jit_add adds a module: a relocatable
 * object for this machine, as kiln_emit_object writes it: ELF, or on Windows COFF. The unit has the object's functions,
 * data, thread-local data (not on Windows), constructors, unwind rows, tables of exceptions and of roots. With
 * kiln_jit_options.gdb, it has the object's debug sections, too.
 * - Make the module of the object with kiln_module_options.jit and KILN_PIC_FULL. If the object accesses thread-local
 *   data by a TLS model for programs, or refers directly to what is too far away, the call fails.
 * - Objects of other compilers work if they only have what Kiln's objects have. Anything else is refused with an error
 *   that names it, such as a relocation of another kind, an ifunc, or unwind rows of another form.
 * - Every offset, size and index of the object is checked, and a damaged object is an error. Nobody can check its code,
 *   which must be trusted.
 * - `flags`, names and errors are those of kiln_jit_add. Names that no unit and no library of the process defines are
 *   also looked up in libgcc and in the maths library, since linkers would add these. kiln_jit_find_pc finds the
 *   functions, without files and lines.
 * - Owns: the bytes are only read, and can be freed afterwards.
 *
 * Further errors:
 * - KILN_ERR_SYNTAX if the bytes are no object for this machine, or are damaged;
 * - KILN_ERR_UNSUPPORTED if the object has what the JIT does not load;
 * - KILN_ERR_SYMBOL if the object has two global symbols of one name. */
KILN_API kiln_status kiln_jit_add_object(kiln_jit *jit, uint32_t flags, const void *bytes,
                                         size_t size_bytes, kiln_jit_unit *unit,
                                         kiln_jit_error *error);

/** Removes a unit, so that the JIT can reuse its memory. The names that it defined become undefined again. Calls
 * through stubs of its functions name the function and trap, as with KILN_JIT_FORWARD. The beginning of this header has
 * the rules about code that is running.
 * - Functions that the unit's code registered with the process, under its `__dso_handle`, are handled as the system
 *   does when it unloads a shared object, unless kiln_jit_run_destructors was called. First, the destructors of the
 *   calling thread's `thread_local` objects are called (`__cxa_thread_atexit`), without a lock held; those of other
 *   threads' objects are dropped, because these objects disappear with the unit. Then the functions registered with
 *   `atexit` and `__cxa_atexit` are called. Those registered with `at_quick_exit` and `pthread_atfork` are dropped.
 * - Must not outlive the unit, since kiln_jit_remove cannot find them: functions registered with `on_exit`, with
 *   another handle, with a NULL handle, with the C++ runtime (`std::set_terminate`) or with other libraries; signal
 *   handlers; destructors passed to `pthread_key_create`; routines passed to `pthread_cleanup_push`; threads that the
 *   unit's code started.
 * - Fails with KILN_ERR_ARGUMENT for an invalid handle. Fails with KILN_ERR_STRUCTURE if other units refer to the
 *   unit's definitions by means other than stubs (remove these first), and while the unit's constructors, its
 *   destructors or functions that it registered run. */
KILN_API kiln_status kiln_jit_remove(kiln_jit *jit, kiln_jit_unit unit, kiln_jit_error *error);

/** Returns the address of an external symbol of any unit, or NULL if no unit defines it. For thread-local data, it is
 * the address of the calling thread's copy. For a redefinable or lazy function, it is the address of its stub, which
 * does not change as long as any unit refers to the name or defines it, or the name is declared lazy.
 * - Threads: you may call this function while other threads remove units. */
KILN_API void *kiln_jit_lookup(kiln_jit *jit, const char *name);

/** Returns the address of a function or data item of a unit, internal symbols included. If several symbols have the
 * name, the first one counts. If `name` is NULL, the result is the address of the first function of the unit. For a
 * function, it is the address of the code, not of a stub.
 * - Returns NULL if the unit has no such function or data item. */
KILN_API void *kiln_jit_address(kiln_jit *jit, kiln_jit_unit unit, const char *name);

/** Returns the address of function number `index` of a unit. Functions count from 0, in the order of the unit's inputs,
 * then of their sessions, then in that in which they were compiled. This is faster than kiln_jit_address, which
 * compares names.
 * - Returns NULL if `index` is out of range. */
KILN_API void *kiln_jit_function(kiln_jit *jit, kiln_jit_unit unit, uint32_t index);

/** Returns the ELF image of a unit that was registered with gdb (kiln_jit_options.gdb), and writes its size to
 * `image_bytes`. The image contains the names and frames of the unit's functions, and debug sections, whose addresses
 * are addresses in memory.
 * - Returns NULL, and writes 0, if the unit has no image.
 * - Owns: the image lives as long as the unit. */
KILN_API const void *kiln_jit_debug_image(kiln_jit *jit, kiln_jit_unit unit, uint64_t *image_bytes);

/** Calls the constructors of a unit in the order of their priorities, with the arguments `argc`, `argv` and `envp`, as
 * C's startup code does.
 * - Fails with KILN_ERR_ARGUMENT for an invalid handle, and with KILN_ERR_STRUCTURE if the unit's constructors have
 *   been run already.
 * - Constructors and destructors may call any function of this header, but cannot remove the unit or free the JIT. */
KILN_API kiln_status kiln_jit_run_constructors(kiln_jit *jit, kiln_jit_unit unit, int argc,
                                               char **argv, char **envp);

/** Calls the functions that the unit's code registered with `atexit` and `__cxa_atexit`, handles its other
 * registrations as described for kiln_jit_remove, and then calls the unit's destructors.
 * - Fails with KILN_ERR_ARGUMENT for an invalid handle, and with KILN_ERR_STRUCTURE if the unit's destructors have been
 *   run already. */
KILN_API kiln_status kiln_jit_run_destructors(kiln_jit *jit, kiln_jit_unit unit);

/* ---- what an address is ---- */

/** A function that code at an address belongs to: the function itself, or one that was inlined into it. */
typedef struct kiln_jit_frame {
  const char *function; /**< its name; "" if it has none or the name is not known. Never NULL. */
  const char *file;     /**< the source file; "" if it is not known. Never NULL. */
  uint32_t line;        /**< from 1; 0 if it is not known */
  uint32_t column;      /**< from 1; 0 if it is not known */
  uint64_t reserved[2]; /**< 0 */
} kiln_jit_frame;

/** What kiln_jit_find_pc finds. Zero-initialise the struct. The caller may set the first four fields, and
 * kiln_jit_find_pc writes the others. */
typedef struct kiln_jit_pc_info {
  /** Array of `max_frames` elements for the frames, or NULL. The innermost frame is first. If code of g was inlined
   * into f, the frame of g comes before the frame of f, and the frame of f has the location of the call. */
  kiln_jit_frame *frames;
  uint32_t
    max_frames; /**< number of elements of `frames`; if there are more frames, the outer ones are left out */
  /** Memory of `text_bytes` bytes for the strings of `frames`, or NULL. Strings that do not fit are cut off, or are
   * empty. */
  char *text;
  size_t text_bytes; /**< size of `text` */

  kiln_jit_unit unit;  /**< the unit */
  const void *address; /**< the first byte of the function's code; NULL if nothing was found */
  size_t size_bytes;   /**< size of the function's code */
  size_t needed_bytes; /**< what the strings of the elements of `frames` take in `text` */
  uint32_t
    n_frames; /**< number of frames: 1, plus the number of calls that were inlined; may exceed `max_frames` */
  uint64_t reserved[4]; /**< 0 */
} kiln_jit_pc_info;

/** Finds the function whose code has the byte at address `pc`, in a unit of the JIT. To look up a frame of a backtrace,
 * pass the return address minus 1, because a return address may be the first byte of the next statement, or of the next
 * function. For an address that was interrupted (the program counter of a signal, the innermost frame), pass the
 * address itself.
 * - Returns false if there is none: the address is not in the JIT's code, or is in a stub. Returns false too if `info`
 *   is NULL or has `reserved` set.
 * - Owns: the results refer to the memory of the caller alone, and stay valid after the unit was removed.
 * - Threads: any thread may call this function at any time, while other threads add and remove units. So may a signal
 *   handler, whatever the interrupted thread was doing, even if it was in a function of this header. The function takes
 *   no lock, allocates no memory, and makes no system call. While it runs, the JIT must not be freed. A signal handler
 *   that interrupts it must return to it: if the handler leaves by longjmp or by an exception, the JIT does not free
 *   the descriptions of removed units from then on.
 * - Functions have file, line and column if the front end described the function (kiln_func_set_debug) and set source
 *   locations. Inlined functions have frames if the locations of their code name the call (kiln_location.inlined);
 *   Kiln's own inlining sets that. The name of the outermost frame is that of the symbol. The name of an inlined
 *   function is the linkage name of its entry (kiln_location.scope), or its name if it has no linkage name. */
KILN_API bool kiln_jit_find_pc(kiln_jit *jit, const void *pc, kiln_jit_pc_info *info);

/** Goes on with a walk of a stack (<kiln/stack.h>) until a frame is in the code of a unit. So a host finds out at its
 * safe points, for each thread that has stopped, whether the thread is in a unit or will return to it, before it
 * removes the unit. The JIT must be one of kiln_stack_walk.jits.
 * - Returns true if a frame is in the unit, or if the walk cannot go on from a frame of the unit.
 * - Returns false at the end of the walk. If kiln_stack_walk.status is KILN_OK, no frame is in the unit; after an
 *   error, that is not known.
 * - Does not find addresses of the unit's functions that are kept in variables.
 * - Threads: as kiln_jit_find_pc. */
KILN_API bool kiln_jit_is_on_stack(kiln_jit *jit, kiln_jit_unit unit, kiln_stack_walk *walk);

/* ---- streams ---- */

/** A stream. A stream adds functions of a module to the JIT one by one, while the front end is still building other
 * functions. */
typedef struct kiln_jit_stream kiln_jit_stream;

/** Options of a stream. Zero-initialise the struct. */
typedef struct kiln_jit_stream_options {
  uint32_t flags;       /**< KILN_JIT_...: added to those of each call */
  uint64_t reserved[4]; /**< 0 */
} kiln_jit_stream_options;

/** Makes a stream for the module `module`. `options` may be NULL. Free the stream before the module. Only one thread at
 * a time may use the stream.
 * - Returns NULL after an error, which is written to `error` (may be NULL).
 * - Fails with KILN_ERR_ARGUMENT if the module is missing or is not for the machine on which the JIT runs, or if an
 *   option is out of range; with KILN_ERR_STRUCTURE if the module is frozen: threads that compile at once need a module
 *   and a stream each; and with KILN_ERR_MEMORY. */
KILN_API kiln_jit_stream *kiln_jit_stream_new(kiln_jit *jit, kiln_module *module,
                                              const kiln_jit_stream_options *options,
                                              kiln_jit_error *error);

/** Frees a stream. The units that the stream added stay in the JIT. NULL is allowed. */
KILN_API void kiln_jit_stream_free(kiln_jit_stream *s);

/** Adds one unit: the functions that `session` has compiled since the last call, which is usually one, and the data
 * that has been defined in the module since then. The session no longer contains the code afterwards. Functions that
 * are added with KILN_JIT_REDEFINABLE can be redefined, even internal functions: build a function for the same symbol
 * again and add it. The stream ignores the module's constructors and destructors.
 * - Fails with the errors of kiln_jit_add. After an error, the functions are lost, and can be built again; the data
 *   becomes part of the next unit. */
KILN_API kiln_status kiln_jit_stream_add(kiln_jit_stream *s, kiln_session *session, uint32_t flags,
                                         kiln_jit_unit *unit, kiln_jit_error *error);

/** Compiles the function `f` of the stream's module, then adds a unit as kiln_jit_stream_add does, with `f` and the
 * other functions that the session of `f` has compiled. `unit` and `error` may be NULL.
 * - Returns the address of the function's code, or, if `f` is an external function and `flags` contains
 *   KILN_JIT_REDEFINABLE, of its stub, which stays valid when the function is redefined. Returns NULL after an error,
 *   which is written to `error`.
 * - Fails with an error of kiln_func_try_compile, which leaves the module unchanged, so that you may call
 *   kiln_func_begin for the symbol again, or with an error of kiln_jit_stream_add.
 * - Owns: `f` is freed in any case. */
KILN_API void *kiln_jit_stream_define(kiln_jit_stream *s, kiln_func *f, uint32_t flags,
                                      kiln_jit_unit *unit, kiln_jit_error *error);

/* ---- functions that are compiled when they are called ---- */

/** Compiles the lazy function `name` and adds it to the JIT, usually by kiln_jit_stream_define. kiln_jit_declare_lazy
 * sets the callback, which a call of the function runs, in the thread of the call, if no unit defines the function.
 * - Returns: after the callback, the call goes on in the function that a unit defines by now. If none does, it goes on
 *   at the address that the callback returned, with the same arguments, and the next call runs the callback again. If
 *   the callback returned NULL, or the stub's address, a message with the name is written to standard error, and the
 *   program traps. To report an error in the language's own way, return the address of a host function that throws, or
 *   longjmps.
 * - May throw an exception, which reaches the caller of the function, and may end its thread (pthread_exit). The next
 *   call runs the callback again. Must not leave by longjmp: other calls of the function would wait for ever.
 * - May call any function of this header but those that free the JIT, which have no effect. No lock is held. May call
 *   code of the JIT, lazy functions included, but not the function that it compiles: that is reported like NULL.
 * - Runs on the stack of the call.
 * - Must not collect garbage, or wait for another thread that does, unless the declaration has `roots` (or the
 *   function has no argument that is a reference): the arguments of the call are in registers.
 * - Threads: one thread at a time runs the callback for a function, and other threads that call the function wait for
 *   it (kiln_jit_lazy_desc.blocked). Callbacks for different functions may run at once: if they use the same stream,
 *   the host needs a lock. If
 *   threads would wait for each other, because callbacks call each other's functions, the last of these calls is
 *   reported like NULL.
 * - Owns: `name` is valid during the call. */
typedef void *(*kiln_jit_compile_fn)(void *user, const char *name);

/** Receives `release_user` of a lazy function whose callback no thread runs or will run. It must
 * neither throw nor free the JIT. */
typedef void (*kiln_jit_release_fn)(void *user);

/** Is called in place of waiting, when another thread is in the callback of the function that this thread has called.
 * It must call `wait(argument)` once, which waits, and then return. A host whose threads stop for collections saves a
 * point before (kiln_stack_point_save) and counts this thread among those that have stopped; afterwards, it waits until
 * no collection is in progress. It must neither throw nor free the JIT. */
typedef void (*kiln_jit_blocked_fn)(void *user, void (*wait)(void *argument), void *argument);

/** Says which arguments of a lazy function are references. While the host compiles the function, or another thread's
 * call of it waits, a walk of the stack (<kiln/stack.h>) has a frame with these arguments as roots, in their order,
 * after the frames of the host. The host may change them: the function gets what the roots hold then. Zero-initialise
 * the struct. */
typedef struct kiln_jit_lazy_roots {
  const kiln_module *module; /**< has `sig`; needed during the declaration only */
  kiln_sig sig;              /**< the signature by which the function is called */
  /** Bit k: parameter k, of type i64 or i32, is a root. Only the first 64 can be. */
  uint64_t references;
  uint64_t reserved[4]; /**< 0 */
} kiln_jit_lazy_roots;

/** Describes a lazy function. Zero-initialise the struct. */
typedef struct kiln_jit_lazy_desc {
  const char *name;            /**< its name; copied */
  kiln_jit_compile_fn compile; /**< compiles it */
  void *compile_user;          /**< passed to `compile` */
  /** Called once if the declaration succeeded, when no thread is or will be in `compile` with this `compile_user`:
   * after the name was declared again or removed (kiln_jit_remove_lazy), or in kiln_jit_free; may be NULL. No lock is
   * held. In kiln_jit_free, it must not use the JIT. */
  kiln_jit_release_fn release;
  void *release_user; /**< passed to `release` */
  /** If a unit defines the function, the declaration redefines it: the next call runs `compile`, and units with
   * KILN_JIT_REDEFINABLE need not be added before. Calls in progress finish in the old code, which stays until its unit
   * is removed. If false, the unit's definition stays the function until the unit is removed. */
  bool redefine;
  /** The arguments that are roots while the function is compiled; copied. NULL: none. */
  const kiln_jit_lazy_roots *roots;
  kiln_jit_blocked_fn blocked; /**< called in place of waiting; NULL: the thread just waits */
  void *blocked_user;          /**< passed to `blocked`; valid as long as the JIT */
  uint64_t reserved[4];        /**< 0 */
} kiln_jit_lazy_desc;

/** Declares a function lazy: it is compiled by `desc->compile` when it is first called. Units can refer
 * to the name, without a flag, as to a function that a unit defines. Calls go through a stub; one atomic store makes
 * them reach the code, with all arguments, by each calling convention, as tail calls too.
 * - Returns the address of the stub, by which C functions can call the function, too. The address is that of the
 *   function for all units and for kiln_jit_lookup, before and after the function is compiled. It is valid until the
 *   name is not declared lazy any more (kiln_jit_remove_lazy) and no unit refers to it or defines it. Returns NULL
 *   after an error.
 * - Any unit may define the function before its first call. Afterwards, a unit with KILN_JIT_REDEFINABLE may define it
 *   again. If the unit that defines the function is removed, the next call runs `compile` again.
 * - If the name is declared again, the new callback takes the place of the old one. If a unit defines the function, it
 *   must have a stub (KILN_JIT_REDEFINABLE, KILN_JIT_FORWARD); `compile` runs after this unit was removed, or from the
 *   next call on (kiln_jit_lazy_desc.redefine).
 * - In a child process after a fork, the callback cannot add a unit, but can return an address.
 *
 * Errors:
 * - KILN_ERR_ARGUMENT if `desc`, its name or `compile` is NULL, the name is empty, `reserved` is not 0, or `roots` has
 *   no signature of a module for this machine, or a bit of no parameter;
 * - KILN_ERR_TYPE if such a parameter is no i64 or i32, and KILN_ERR_UNSUPPORTED if it is in a register that the
 *   convention preserves;
 * - KILN_ERR_SYMBOL if a unit defines the name as data, or as a function without a stub;
 * - KILN_ERR_MEMORY and KILN_ERR_SYSTEM if there is no memory for a stub;
 * - KILN_ERR_STRUCTURE in a child process after a fork. */
KILN_API void *kiln_jit_declare_lazy(kiln_jit *jit, const kiln_jit_lazy_desc *desc,
                                     kiln_jit_error *error);

/** Ends what kiln_jit_declare_lazy began. Code of the function stays. If there is none, calls by units that refer to
 * the name are reported as with KILN_JIT_FORWARD. A callback that is running goes on.
 * - Fails with KILN_ERR_ARGUMENT if the name is not declared lazy, and with KILN_ERR_STRUCTURE in a child process after
 *   a fork. */
KILN_API kiln_status kiln_jit_remove_lazy(kiln_jit *jit, const char *name, kiln_jit_error *error);

/* ---- what a JIT holds ---- */

/** Statistics of a JIT. */
typedef struct kiln_jit_stats {
  uint64_t units; /**< units added and not removed */
  /** The number of names that are defined or referred to, plus the number of unnamed stubs. */
  uint64_t symbols;
  uint64_t reserved_bytes; /**< address space of code and data */
  /** The part of `reserved_bytes` that belongs to chunks. Each chunk is for code, for read-only data, or for other
   * data. */
  uint64_t memory_bytes;
  uint64_t code_bytes; /**< part of `memory_bytes` that is executable and in use */
  /** The part of `memory_bytes` that is in use for read-only data, other data, address tables and unwind tables. */
  uint64_t data_bytes;
  kiln_jit_protection protection; /**< DUAL or SWITCH */
  uint64_t reserved[8];           /**< 0 */
} kiln_jit_stats;

/** Returns the statistics. */
KILN_API kiln_jit_stats kiln_jit_get_stats(kiln_jit *jit);

/** Receives a name, which is valid only during the call. The function must not use the JIT, which is locked: calls
 * return "none" or KILN_ERR_STRUCTURE, and kiln_jit_free has no effect. */
typedef void (*kiln_jit_name_fn)(void *user, const char *name);

/** Calls `fn` (may be NULL) with the name of each function that units refer to and none defines yet, which
 * KILN_JIT_FORWARD allows. Lazy functions are not among them. The names are in no particular order.
 * - Returns the number of these names. */
KILN_API uint32_t kiln_jit_each_undefined(kiln_jit *jit, kiln_jit_name_fn fn, void *user);

#ifdef __cplusplus
}
#endif
#endif
