/* Just-in-time compilation. The JIT puts a module's code into the memory of this process. The process can then call the
 * code.
 *
 * A front end builds and compiles functions in the same way as for an object. Instead of kiln_emit_elf, the front end
 * calls kiln_jit_add. kiln_jit_add links the functions with the JIT's existing code and data, and with the program's
 * own symbols. Each call to kiln_jit_add adds a *unit*. The front end can remove a unit again. No mapping of memory is
 * ever writable and executable at the same time.
 *
 * Any thread may call any function of this header at any time, with two exceptions. While a thread is in kiln_jit_free,
 * no other thread may use the same JIT. Only one thread at a time may use a stream. Modules and sessions follow the
 * same rules as without a JIT. The JIT holds its lock only while it links units. The JIT does not hold its lock while
 * code is generated. A signal handler may call kiln_jit_find_pc, and must not call any other function of this header. A
 * signal handler may run JIT-compiled code. This code may use thread-local data, even if the thread has not used the
 * data before.
 *
 * If Kiln cannot make a JIT or a stream, the result is a NULL pointer. Calls on a NULL JIT or stream return "none" or
 * KILN_ERR_ARGUMENT.
 *
 * The JIT does not know which functions are running. Before you remove a unit or free the JIT, make sure that no thread
 * is executing the code to be removed. Make sure too that no thread will return to this code, and that nothing keeps
 * addresses of the code. After a function is redefined, calls that are in progress finish in the old code, and new
 * calls reach the new code. See docs/jit.md.
 *
 * A child process made by fork() inherits the JIT in the state that the JIT had at the fork. The child may run the
 * existing code, look up symbols, and free the JIT. The child cannot add or remove units (KILN_ERR_STRUCTURE). The
 * child may make a JIT of its own. After the fork, the parent's changes to the JIT do not affect the child. If another
 * thread ran a callback of the JIT, or a unit's constructors or destructors, at the fork, that call never ends in the
 * child. There, kiln_jit_free has no effect, and the JIT's memory stays until the child exits. The same is true of
 * kiln_module_free, kiln_session_free and kiln_jit_stream_free for what that call was linking. A child
 * process made by clone or _Fork may use units of the parent. If the parent removes such units while the child uses
 * them, the parent's JIT must have KILN_JIT_PROTECTION_SWITCH. */
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
  /** The JIT maps the same memory (of a memfd) twice. One mapping is executable, and the other mapping is writable.
   * Adding a function needs no system call. Debuggers can set only hardware breakpoints in this memory. A child process
   * shares the memory with its parent. The memory consists of chunks of 64 KiB. When the parent first removes a unit
   * from a chunk after a fork, the parent moves the chunk to new pages. Such a move takes 4 system calls. The library
   * learns of forks through pthread_atfork. It therefore does not learn of children that clone or _Fork makes. In these
   * children, the code changes whenever the parent's code changes. */
  KILN_JIT_PROTECTION_DUAL,
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
  /** Callback that returns the address of a symbol that no unit defines. `resolve` may be NULL. If there is no callback
   * or the callback returns NULL, the JIT looks up the symbol with `dlsym`. The JIT also looks among the symbols that
   * it provides itself. kiln_jit_add and kiln_jit_stream_add call the callback. They hold no lock during the call, and
   * nothing is in progress: they call it for all unknown names first, and link afterwards. The callback may therefore
   * call any function but those that free the JIT, the stream, the modules and the sessions of the call. These have no
   * effect during the call, and the call fails with KILN_ERR_STRUCTURE. In particular, the callback may add units, also
   * to the same stream, with the same session or another one, and so on to any depth that the stack allows. The JIT
   * then does not call the callback for names that these units define. A function whose addition called the callback
   * has no address yet. If it can be needed meanwhile, as in recursion, return NULL for its name, and add the units
   * with KILN_JIT_FORWARD. Several threads may call the callback at once. The callback must return. If it leaves in
   * another way, by longjmp, by an exception or by the end of its thread, the JIT, the stream, the modules and the
   * sessions of the call stay in use, and functions that free them have no effect any more. Constructors and
   * destructors of units (kiln_jit_run_constructors, kiln_jit_run_destructors, kiln_jit_remove) must return too, or the
   * JIT and the unit stay in use. */
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
  /** Append the names and addresses of functions to /tmp/perf-PID.map. `perf report` looks for names in this file. If
   * an earlier process with the same PID left this file, the JIT replaces the file. A name may contain control
   * characters and backslashes. In this file and in the file in jitdump_folder, a backslash and two hexadecimal digits
   * replace each of these characters. */
  bool perf_map;
  /** Write the file jit-PID.dump to this folder, for `perf inject --jit`. The file contains the names and code of
   * functions. The file also contains the lines of functions that have debugging information. All JITs of the process
   * share one file. NULL means no file. An empty string is an error: use "." for the working folder. If the disk is
   * full, functions are missing in both files. */
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
  uint32_t n_missing; /**< number of names in `missing` */
} kiln_jit_error;

/** Frees the memory of an error and zeroes it. */
KILN_API void kiln_jit_error_free(kiln_jit_error *e);

/** A JIT, which owns memory, symbols and units. */
typedef struct kiln_jit kiln_jit;

/** A unit consists of the code and data that one call added. Id 0 means none. When a unit is removed, no later unit
 * gets the same handle. */
typedef struct kiln_jit_unit {
  uint64_t id; /**< 0 for none */
} kiln_jit_unit;

/** Makes a JIT for the machine on which the process runs. The function copies `options`. If `options` is NULL, the JIT
 * has the default options. After an error, kiln_jit_new returns NULL and writes the error to `error` (may be NULL). The
 * error is KILN_ERR_UNSUPPORTED if Kiln has no code generation for that machine. The error is KILN_ERR_SYSTEM if the
 * system provides no memory or refuses executable memory. The message then names the system call. The error is
 * KILN_ERR_ARGUMENT if an option is out of range. */
KILN_API kiln_jit *kiln_jit_new(const kiln_jit_options *options, kiln_jit_error *error);

/** Frees a JIT with all its code and data. This includes the thread-local data of all threads. Free the JIT's streams
 * first. Functions that the JIT's code registered with the process are handled as described for kiln_jit_remove.
 * kiln_jit_free does not run the destructors of units (kiln_jit_run_destructors). While a callback of the JIT, or a
 * constructor or destructor of a unit runs, kiln_jit_free has no effect, and the call that runs it fails with
 * KILN_ERR_STRUCTURE. NULL is allowed. */
KILN_API void kiln_jit_free(kiln_jit *jit);

/** A module to add, and the sessions that compiled its functions. */
typedef struct kiln_jit_input {
  /** The module. Its target must be the machine on which the JIT runs. If the module has thread-local data, make the
   * module with kiln_module_options.jit. */
  kiln_module *module;
  kiln_session *const *sessions; /**< sessions of the module */
  uint32_t n_sessions;           /**< number of `sessions` */
  uint64_t reserved[2];          /**< 0 */
} kiln_jit_input;

/** Flags of kiln_jit_add and kiln_jit_stream_add. */
enum {
  /** With this flag, a later unit may define functions of the unit again. This applies to functions that the unit
   * defines with external linkage. Each call to such a function goes through a stub, which is one indirect jump.
   * References to the address of such a function go through the stub too. If a later unit with this flag defines such a
   * function again, all calls reach the new code. If the later unit does not have this flag, or if the name has no
   * stub, a second strong definition of the name is an error. */
  KILN_JIT_REDEFINABLE = 1,
  /** With this flag, the unit may refer to an undefined function if the unit's code only calls the function or takes
   * its address. Calls to such a function go through a stub. Until a unit that is added with REDEFINABLE or FORWARD
   * defines the function, the stub writes the function's name to standard error, and traps. */
  KILN_JIT_FORWARD = 2
};

/** Links modules with each other and with the units that were added before. Adds the result as one unit. After an
 * error, nothing has changed. On success, the unit's functions can be called, but the unit's constructors have not run
 * yet. The JIT only reads the modules and sessions. You can free the modules and sessions afterwards. You may add a
 * module only once. You may also write the module as an object (kiln_emit_elf), before or afterwards.
 *
 * The JIT looks up a name first in the unit itself, and then in the units added before. After that, it calls the
 * callback `resolve`. Last, it calls `dlsym`. The external names of all units are in one namespace. Hidden names are
 * private to their unit. If the inputs of a unit give a name different visibilities, the strictest one applies. If a
 * name is declared hidden or protected, the JIT looks it up only in the unit itself and with `resolve`.
 *
 * A definition in a section group (kiln_symbol_desc.comdat without comdat_stays) counts as link-once. A definition that
 * is not common, weak or link-once is strong. Several inputs of a unit may define the same name, but at most one of
 * these definitions may be strong. The strong definition takes precedence over common definitions. A common definition
 * takes precedence over weak and link-once definitions. Among several common definitions, or among several weak and
 * link-once definitions, the first one takes effect. Common data gets the largest size and alignment of all its
 * definitions.
 *
 * Several units may define the same name too. The definition in the unit that was added first takes effect. Later units
 * may have only weak, link-once or common definitions of the name (but see KILN_JIT_REDEFINABLE).
 *
 * A weak reference to an undefined name is 0. For a name of the form `name@version` (kiln_symbol_set_object_name), the
 * JIT calls `dlvsym`. A unit that defines `name@@version` defines both `name` and `name@version`.
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
 * - KILN_ERR_LIMIT if code refers to data directly and the data is too far away;
 * - KILN_ERR_STRUCTURE in a child process after a fork, because a child cannot add units.
 *
 * Code refers to data directly if the module is not KILN_PIC_FULL, or because of kiln_symbol_desc.dso_local. */
KILN_API kiln_status kiln_jit_add(kiln_jit *jit, uint32_t flags, const kiln_jit_input *inputs,
                                  uint32_t n_inputs, kiln_jit_unit *unit, kiln_jit_error *error);

/** Removes a unit, so that the JIT can reuse the unit's memory. The names that the unit defined become undefined again.
 * Calls through stubs of the unit's functions name the function and trap, as with KILN_JIT_FORWARD. See the beginning
 * of this header for the rules about code that is running.
 *
 * The unit's code may have registered functions with the process, under the unit's `__dso_handle`. If
 * kiln_jit_run_destructors was not called, kiln_jit_remove handles these functions as the system does when it unloads a
 * shared object. First, kiln_jit_remove calls the destructors of the calling thread's `thread_local` objects
 * (`__cxa_thread_atexit`), without a lock held. It drops the destructors of other threads' objects, because these
 * objects disappear with the unit. Then kiln_jit_remove calls the functions registered with `atexit` and
 * `__cxa_atexit`. It drops the functions registered with `at_quick_exit` and `pthread_atfork`.
 *
 * kiln_jit_remove cannot find the following, none of which may outlive the unit:
 * - functions registered with `on_exit`, with another handle, or with a NULL handle;
 * - signal handlers;
 * - destructors passed to `pthread_key_create`;
 * - routines passed to `pthread_cleanup_push`;
 * - functions registered with the C++ runtime (`std::set_terminate`);
 * - callbacks registered with other libraries;
 * - threads that the unit's code started.
 *
 * The error is KILN_ERR_ARGUMENT for an invalid handle. The error is KILN_ERR_STRUCTURE if other units refer to the
 * unit's definitions by means other than stubs. Remove these other units first. The error is KILN_ERR_STRUCTURE too
 * while the unit's constructors, its destructors or functions that it registered run. */
KILN_API kiln_status kiln_jit_remove(kiln_jit *jit, kiln_jit_unit unit, kiln_jit_error *error);

/** Returns the address of an external symbol of any unit. Returns NULL if no unit defines the symbol. You may call this
 * function while other threads remove units. For a redefinable function, the result is the address of the function's
 * stub. The address of the stub does not change as long as any unit refers to the name or defines the name. For
 * thread-local data, the result is the address of the calling thread's copy. */
KILN_API void *kiln_jit_lookup(kiln_jit *jit, const char *name);

/** Returns the address of a function or data item of a unit. The function finds internal symbols too. If several
 * symbols have the name, the first one counts. If `name` is NULL, the result is the address of the first function of
 * the unit. For a function, the result is the address of the code, not of a stub. Returns NULL if the unit has no such
 * function or data item. */
KILN_API void *kiln_jit_address(kiln_jit *jit, kiln_jit_unit unit, const char *name);

/** Returns the address of function number `index` of a unit. Functions count from 0, in the order of the unit's inputs.
 * Within an input, the functions are in the order of the sessions. Within a session, the functions are in the order in
 * which they were compiled. kiln_jit_function is faster than kiln_jit_address, because kiln_jit_address compares names.
 * Returns NULL if `index` is out of range. */
KILN_API void *kiln_jit_function(kiln_jit *jit, kiln_jit_unit unit, uint32_t index);

/** Returns the ELF image of a unit that was registered with gdb (kiln_jit_options.gdb). Writes the size of the image to
 * `image_bytes`. The image contains the names and frames of the unit's functions, and debug sections. The addresses in
 * the debug sections are addresses in memory. The image lives as long as the unit. If the unit has no image,
 * kiln_jit_debug_image returns NULL and writes 0. */
KILN_API const void *kiln_jit_debug_image(kiln_jit *jit, kiln_jit_unit unit, uint64_t *image_bytes);

/** Calls the constructors of a unit in the order of their priorities. The constructors get `argc`, `argv` and `envp` as
 * arguments, as they do from C's startup code. The error is KILN_ERR_ARGUMENT for an invalid handle. The error is
 * KILN_ERR_STRUCTURE if the unit's constructors have been run already. Constructors and destructors may call any
 * function of this header, but cannot remove the unit or free the JIT. */
KILN_API kiln_status kiln_jit_run_constructors(kiln_jit *jit, kiln_jit_unit unit, int argc,
                                               char **argv, char **envp);

/** Calls the functions that the unit's code registered with `atexit` and `__cxa_atexit`. Handles the unit's other
 * registrations as described for kiln_jit_remove. Then calls the unit's destructors. The error is KILN_ERR_ARGUMENT for
 * an invalid handle. The error is KILN_ERR_STRUCTURE if the unit's destructors have been run already. */
KILN_API kiln_status kiln_jit_run_destructors(kiln_jit *jit, kiln_jit_unit unit);

/* ---- what an address is ---- */

/** A function that code at an address belongs to: the function itself, or one that was inlined into it. */
typedef struct kiln_jit_frame {
  const char *function; /**< its name; "" if it has none or the name is not known. Never NULL. */
  const char *file;     /**< the source file; "" if it is not known. Never NULL. */
  uint32_t line;        /**< from 1; 0 if it is not known */
  uint32_t column;      /**< from 1; 0 if it is not known */
  uint64_t reserved[1]; /**< 0 */
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

/** Finds the function whose code has the byte at address `pc`, in a unit of the JIT. Returns false if there is none:
 * the address is not in the JIT's code, or is in a stub. Returns false too if `info` is NULL or has `reserved` set.
 *
 * To look up a frame of a backtrace, pass the return address minus 1. A return address may be the first byte of the
 * next statement, or of the next function. For an address that was interrupted (the program counter of a signal, the
 * innermost frame), pass the address itself.
 *
 * Any thread may call this function at any time, while other threads add and remove units. So may a signal handler,
 * whatever the interrupted thread was doing, even if it was in a function of this header. The function takes no lock,
 * allocates no memory, and makes no system call. The results refer to the memory of the caller alone, and stay valid
 * after the unit was removed. While the function runs, the JIT must not be freed. A signal handler that interrupts this
 * function must return to it: if the handler leaves by longjmp or by an exception, the JIT does not free the
 * descriptions of removed units from then on.
 *
 * Functions have file, line and column if the front end described the function (kiln_func_set_debug) and set source
 * locations. Inlined functions have frames if the locations of their code name the call (kiln_location.inlined); Kiln's
 * own inlining sets that. The name of the outermost frame is that of the symbol. The name of an inlined function is the
 * linkage name of its entry (kiln_location.scope), or its name if it has no linkage name. */
KILN_API bool kiln_jit_find_pc(kiln_jit *jit, const void *pc, kiln_jit_pc_info *info);

/* ---- streams ---- */

/** A stream. A stream adds functions of a module to the JIT one by one, while the front end is still building other
 * functions. */
typedef struct kiln_jit_stream kiln_jit_stream;

/** Makes a stream for the module `module`. Free the stream before the module. Returns NULL if memory runs out, or if
 * the target of the module is not the machine on which the JIT runs. Only one thread at a time may use the stream. */
KILN_API kiln_jit_stream *kiln_jit_stream_new(kiln_jit *jit, kiln_module *module);

/** Frees a stream. The units that the stream added stay in the JIT. NULL is allowed. */
KILN_API void kiln_jit_stream_free(kiln_jit_stream *s);

/** Adds one unit. The unit contains the functions that `session` has compiled since the last call. This is usually one
 * function. The unit also contains the data that has been defined in the module since the last call. The session no
 * longer contains the code afterwards. In a stream, functions that are added with KILN_JIT_REDEFINABLE can be
 * redefined, even internal functions. To redefine a function, build a function for the same symbol again and add it.
 * The errors are the errors of kiln_jit_add. After an error, the functions are lost, and can be built again. After an
 * error, the data becomes part of the next unit. The stream ignores the module's constructors and destructors. */
KILN_API kiln_status kiln_jit_stream_add(kiln_jit_stream *s, kiln_session *session, uint32_t flags,
                                         kiln_jit_unit *unit, kiln_jit_error *error);

/** Compiles the function `f` of the stream's module. Then adds a unit as kiln_jit_stream_add does. The unit contains
 * `f` and the other functions that the session of `f` has compiled. kiln_jit_stream_define always frees `f`, even
 * after an error. If `f` is an external function and `flags` contains KILN_JIT_REDEFINABLE, returns the address of the
 * function's stub. The address of the stub stays valid when the function is redefined. Otherwise, returns the address
 * of the function's code. After an error, returns NULL and writes the error to `error`. If the error is an error of
 * kiln_func_try_compile, the module is unchanged. You may then call kiln_func_begin for the symbol again. Otherwise,
 * the error is an error of kiln_jit_stream_add. `unit` and `error` may be NULL. */
KILN_API void *kiln_jit_stream_define(kiln_jit_stream *s, kiln_func *f, uint32_t flags,
                                      kiln_jit_unit *unit, kiln_jit_error *error);

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
typedef void (*kiln_name_fn)(void *user, const char *name);

/** With KILN_JIT_FORWARD, units may refer to functions that are not defined yet. Calls `fn` with the name of each
 * function that is still undefined. The names are in no particular order. Returns the number of these names. `fn` may
 * be NULL. */
KILN_API uint32_t kiln_jit_each_undefined(kiln_jit *jit, kiln_name_fn fn, void *user);

#ifdef __cplusplus
}
#endif
#endif
