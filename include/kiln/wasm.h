/* The WebAssembly reader (libkiln-wasm). It validates and compiles modules in the binary format, using only the public
 * API. <kiln/wasm_abi.h> and docs/wasm.md describe the compiled code, and what a runtime provides.
 *
 *     kiln_wasm *w = kiln_wasm_new(m, bytes, size_bytes, NULL);         // all but the bodies of functions
 *     kiln_wasm_read_bodies(w, s, 0, kiln_wasm_body_count(w), NULL, NULL);
 *     kiln_emit_elf(m, &s, 1, &object);                                 // or kiln_jit_add
 *     kiln_wasm_free(w);
 *
 * To use several threads, call kiln_module_freeze after kiln_wasm_new; each thread then reads ranges of bodies with a
 * session of its own. The reader itself does not change meanwhile. */
#ifndef KILN_WASM_H
#define KILN_WASM_H

#include <kiln/build.h>
#include <kiln/wasm_abi.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A module that was read except for the bodies of its functions. */
typedef struct kiln_wasm kiln_wasm;

/** Flags of kiln_wasm_options. */
enum {
  /** Code counts down from kiln_wasm_header.fuel at function entries and loop iterations, and calls
   * kiln_wasmrt_out_of_fuel when none is left. */
  KILN_WASM_FUEL = 1,
  /** Code reads the byte that kiln_wasm_header.interrupt points to at function entries and in loops, so that a runtime
   * can stop the code by making the byte inaccessible. */
  KILN_WASM_INTERRUPT = 2,
  /** Code compares every address with the memory's size, and traps only by kiln_wasmrt_trap, except at the end of the
   * stack. This is for hosts where faults cannot be handled, or where address space is scarce. */
  KILN_WASM_CHECKED = 4,
  /** For code in memory: the image points into `bytes`, which must stay in place as long as the code exists. Without
   * this flag, names and segments are copied. */
  KILN_WASM_BORROW = 8,
  /** Exported functions of the module get symbols that other objects can see: `prefix` followed by the export's name.
   * Bytes that C names cannot contain are written as `_xx`, with two hexadecimal digits, and `_` as `__`. */
  KILN_WASM_EXPORT_SYMBOLS = 16,
  /** The module's DWARF sections are read for the lines of its source. Its code then has debugging information, with
   * lines and with a function for each function of the module. This needs .debug_line; .debug_info and .debug_str add
   * more. Errors in these sections are ignored (kiln_wasm_note). */
  KILN_WASM_DEBUG = 32,
  /** Functions of code in memory also get symbols, for debuggers and profilers. DEBUG implies this. */
  KILN_WASM_NAMES = 64
};

/** Proposals that kiln_wasm_options.refuse can exclude. Core 2.0 is always accepted. */
enum {
  KILN_WASM_TAIL_CALLS = 1,      /**< return_call, return_call_indirect */
  KILN_WASM_EXCEPTIONS = 2,      /**< tags, throw, throw_ref, try_table, exnref */
  KILN_WASM_MEMORY64 = 4,        /**< memories and tables with 64-bit indices */
  KILN_WASM_MULTI_MEMORY = 8,    /**< several memories */
  KILN_WASM_EXTENDED_CONST = 16, /**< sums and products in constant expressions */
  /** Vector operations whose results may differ between processors; here they do not. */
  KILN_WASM_RELAXED_SIMD = 32,
  KILN_WASM_THREADS = 64 /**< shared memories, atomic operations */
};

/** Options of kiln_wasm_new. Zero-initialise the struct for the defaults. */
typedef struct kiln_wasm_options {
  const char *image;    /**< symbol of the kiln_wasm_image; NULL for "kiln_wasm_module" */
  const char *prefix;   /**< for EXPORT_SYMBOLS; NULL for "wasm_" */
  uint32_t flags;       /**< KILN_WASM_FUEL to NAMES */
  uint32_t refuse;      /**< proposals to refuse when validating a module */
  uint64_t reserved[8]; /**< 0 */
} kiln_wasm_options;

/** Returns true if `bytes` begin like a module in the binary format. */
KILN_API bool kiln_wasm_is_module(const void *bytes, size_t size_bytes);

/** Reads and validates a module except for the bodies of its functions, and declares and defines all its contents,
 * including the image, in `m`, which must be an empty module. Returns NULL after an error, which sticks to `m`. The
 * diagnostic's `bit_offset` is eight times the error's offset in `bytes`; the message begins with the words of the
 * official test suite where it has some; KILN_ERR_UNSUPPORTED means that something is not implemented. `bytes` must
 * stay unchanged until kiln_wasm_free. All calls accept a NULL reader. */
KILN_API kiln_wasm *kiln_wasm_new(kiln_module *m, const void *bytes, size_t size_bytes,
                                  const kiln_wasm_options *options);

/** Returns what was ignored in a module, in English: wrong debugging information (KILN_WASM_DEBUG). Returns NULL if
 * nothing was ignored. */
KILN_API const char *kiln_wasm_note(const kiln_wasm *w);

/** Frees a reader. NULL is allowed. */
KILN_API void kiln_wasm_free(kiln_wasm *w);

/** Returns the number of bodies to read: those of the module's functions, in order, followed by those of functions that
 * the image needs (kiln_wasm_functype.entry, .host). */
KILN_API uint32_t kiln_wasm_body_count(const kiln_wasm *w);

/** Returns the size in bytes of the WebAssembly in bodies `first` to `first` + `count` - 1, for dividing them up. */
KILN_API uint64_t kiln_wasm_body_bytes(const kiln_wasm *w, uint32_t first, uint32_t count);

/** Validates bodies `first` to `first` + `count` - 1, each at most once, builds each in `s`, a session of the module,
 * and passes it to `sink` (NULL for kiln_func_compile). After kiln_module_freeze, several threads may do this at once,
 * each with a session of its own. An error in a body becomes the module's, with the offset in its message, and that
 * function is not passed to the sink. Returns the status of the first error; the other bodies are still read. */
KILN_API kiln_status kiln_wasm_read_bodies(const kiln_wasm *w, kiln_session *s, uint32_t first,
                                           uint32_t count, kiln_func_sink_fn sink, void *user);

/** Returns the image as it is known before there is code, that is, without addresses of code. It lives as long as the
 * reader, and so do its strings, which point into `bytes`. */
KILN_API const kiln_wasm_image *kiln_wasm_describe(const kiln_wasm *w);

#ifdef __cplusplus
}
#endif
#endif
