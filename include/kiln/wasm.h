/* The WebAssembly reader (libkiln-wasm): validates and compiles modules in the binary format, by the public API
 * alone. What compiled code looks like, and what a runtime provides, is in <kiln/wasm_abi.h> and docs/wasm.md.
 *
 *     kiln_wasm *w = kiln_wasm_new(m, bytes, size_bytes, NULL);         // all but the bodies of functions
 *     kiln_wasm_read_bodies(w, s, 0, kiln_wasm_body_count(w), NULL, NULL);
 *     kiln_emit_elf(m, &s, 1, &object);                                 // or kiln_jit_add
 *     kiln_wasm_free(w);
 *
 * From several threads: kiln_module_freeze after kiln_wasm_new, then each thread reads ranges of bodies with a
 * session of its own; the reader is only read meanwhile. */
#ifndef KILN_WASM_H
#define KILN_WASM_H

#include <kiln/build.h>
#include <kiln/wasm_abi.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A module that was read, but for its functions' bodies. */
typedef struct kiln_wasm kiln_wasm;

/** Flags of kiln_wasm_options. */
enum {
  /** Code counts entries of functions and iterations of loops down from kiln_wasm_header.fuel, and calls
   * kiln_wasmrt_out_of_fuel when there is none. */
  KILN_WASM_FUEL = 1,
  /** Code reads the byte that kiln_wasm_header.interrupt points to at entries of functions and at loops, so that a
   * runtime that makes it inaccessible stops it. */
  KILN_WASM_INTERRUPT = 2,
  /** Code compares all addresses with the memory's size, and traps by kiln_wasmrt_trap alone, but when the stack
   * ends: for hosts where faults can't be handled, or address space is scarce. */
  KILN_WASM_CHECKED = 4,
  /** For code in memory: the image points into `bytes`, which must stay where they are as long as the code. Without it,
   * names and segments are copied. */
  KILN_WASM_BORROW = 8,
  /** Functions of the module that are exported get symbols that other objects see: `prefix` and the export's name, in
   * which bytes that are not of C's names are written as `_xx`, two hexadecimal digits; `_` as `__`. */
  KILN_WASM_EXPORT_SYMBOLS = 16,
  /** The module's DWARF sections are read for the lines of its sources: its code gets debugging information, with a
   * function for each of the module's and with lines. Needs .debug_line; .debug_info and .debug_str say more. What is
   * wrong in them is ignored (kiln_wasm_note). */
  KILN_WASM_DEBUG = 32,
  /** Functions of code in memory have symbols, too, for debuggers and profilers. DEBUG does that by itself. */
  KILN_WASM_NAMES = 64
};

/** Proposals that kiln_wasm_options.refuse leaves out. Core 2.0 is always there. */
enum {
  KILN_WASM_TAIL_CALLS = 1,      /**< return_call, return_call_indirect */
  KILN_WASM_EXCEPTIONS = 2,      /**< tags, throw, throw_ref, try_table, exnref */
  KILN_WASM_MEMORY64 = 4,        /**< memories and tables with 64-bit indices */
  KILN_WASM_MULTI_MEMORY = 8,    /**< several memories */
  KILN_WASM_EXTENDED_CONST = 16, /**< sums and products in constant expressions */
  KILN_WASM_RELAXED_SIMD =
    32, /**< vector operations whose results processors may differ in: here they don't */
  KILN_WASM_THREADS = 64 /**< shared memories, atomic operations */
};

/** Options. Zero-initialise for defaults. */
typedef struct kiln_wasm_options {
  const char *image;    /**< symbol of the kiln_wasm_image; NULL: "kiln_wasm_module" */
  const char *prefix;   /**< of EXPORT_SYMBOLS; NULL: "wasm_" */
  uint32_t flags;       /**< KILN_WASM_FUEL to NAMES */
  uint32_t refuse;      /**< proposals without which a module is validated */
  uint64_t reserved[8]; /**< 0 */
} kiln_wasm_options;

/** True if `bytes` start as a module in the binary format. */
KILN_API bool kiln_wasm_is_module(const void *bytes, size_t size_bytes);

/** Reads and validates a module but for its functions' bodies, and declares and defines in `m`, an empty module, all
 * that it has: functions, the image. NULL after an error, which `m` has: `bit_offset` is eight times its offset in
 * `bytes`, the message begins with the official test suite's words where it has some, and KILN_ERR_UNSUPPORTED is
 * what is not implemented. `bytes` stay as they are until kiln_wasm_free. All calls take NULL.
 * */
KILN_API kiln_wasm *kiln_wasm_new(kiln_module *m, const void *bytes, size_t size_bytes,
                                  const kiln_wasm_options *options);

/** What of a module was ignored, in English: wrong debugging information (KILN_WASM_DEBUG). NULL: nothing. */
KILN_API const char *kiln_wasm_note(const kiln_wasm *w);

/** Frees a reader. NULL is allowed. */
KILN_API void kiln_wasm_free(kiln_wasm *w);

/** Number of bodies that are to be read: those of the module's functions, in their order, then those of functions
 * that the image needs (kiln_wasm_functype.entry, .host). */
KILN_API uint32_t kiln_wasm_body_count(const kiln_wasm *w);

/** Bytes of WebAssembly in bodies `first` to `first` + `count` - 1: for sharing them out. */
KILN_API uint64_t kiln_wasm_body_bytes(const kiln_wasm *w, uint32_t first, uint32_t count);

/** Validates bodies `first` to `first` + `count` - 1, each at most once, builds each in `s`, a session of the module,
 * and gives it to `sink` (NULL: kiln_func_compile). After kiln_module_freeze several threads may do that at once,
 * each with a session of its own. What is wrong with a body becomes the module's error, with the offset in the message,
 * and the sink does not get that function; the status is that of the first error, other bodies are read. */
KILN_API kiln_status kiln_wasm_read_bodies(const kiln_wasm *w, kiln_session *s, uint32_t first,
                                           uint32_t count, kiln_func_sink_fn sink, void *user);

/** The image as it is known before there is code: without addresses of code. Lives as long as the reader, as do its
 * strings, which are `bytes` themselves. */
KILN_API const kiln_wasm_image *kiln_wasm_describe(const kiln_wasm *w);

#ifdef __cplusplus
}
#endif
#endif
