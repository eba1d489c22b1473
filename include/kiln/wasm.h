/* The WebAssembly reader (libkiln-wasm) validates and compiles modules in the binary format. <kiln/wasm_abi.h> and
 * docs/wasm.md describe the compiled code, and the functions that a runtime must provide.
 *     kiln_wasm *w = kiln_wasm_new(m, bytes, size_bytes, NULL);         // all but the bodies of functions
 *     kiln_wasm_read_bodies(w, s, 0, kiln_wasm_body_count(w), NULL, NULL);
 *     kiln_emit_elf(m, &s, 1, &object);                                 // or kiln_jit_add
 *     kiln_wasm_free(w);
 *
 * - Threads: to use several, call kiln_module_freeze after kiln_wasm_new. Each thread then reads ranges of bodies with
 *   a session of its own. All threads share the reader, which does not change while they read bodies. */
#ifndef KILN_WASM_H
#define KILN_WASM_H

#include <kiln/build.h>
#include <kiln/wasm_abi.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A reader. A reader has read everything in a WebAssembly module except the function bodies. */
typedef struct kiln_wasm kiln_wasm;

/** Flags of kiln_wasm_options. */
enum {
  /** With this flag, code decrements kiln_wasm_header.fuel at function entries and in each loop iteration. If the
   * result is below 0, code calls kiln_wasmrt_out_of_fuel. */
  KILN_WASM_FUEL = 1,
  /** With this flag, code reads the byte that kiln_wasm_header.interrupt points to, at function entries and in loops. A
   * runtime can make this byte inaccessible to stop the code. */
  KILN_WASM_INTERRUPT = 2,
  /** With this flag, code compares every address with the memory's size. All traps except stack overflow are calls to
   * kiln_wasmrt_trap, not faults. Use this flag for hosts that cannot handle faults or that have little address
   * space. */
  KILN_WASM_CHECKED = 4,
  /** With this flag, the image points into the argument `bytes` of kiln_wasm_new, and the reader does not copy names
   * and segments. `bytes` must stay unchanged, at the same address, as long as the code exists. Without this flag, the
   * reader copies names and segments to the module's data. This flag is for code in memory. */
  KILN_WASM_BORROW = 8,
  /** With this flag, each exported function of the module has a symbol that other objects can see. The symbol's name is
   * `prefix`, followed by the export's name. In the export's name, `_` becomes `__`. A byte that a C identifier cannot
   * contain becomes `_xx`, where `xx` stands for two hexadecimal digits. */
  KILN_WASM_EXPORT_SYMBOLS = 16,
  /** With this flag, the compiled code has debugging information from the module's DWARF sections: an entry for each
   * function of the module, and the lines of the module's source. The module must have a section .debug_line;
   * .debug_info and .debug_str are used too, if there are any. The reader ignores errors in these sections
   * (kiln_wasm_note). */
  KILN_WASM_DEBUG = 32,
  /** With this flag, functions have symbols, for debuggers and profilers. This flag is for code in memory.
   * KILN_WASM_DEBUG implies this flag. */
  KILN_WASM_NAMES = 64
};

/** Proposals that kiln_wasm_options.refuse can exclude. The reader always accepts WebAssembly Core 2.0. */
enum {
  KILN_WASM_TAIL_CALLS = 1,      /**< return_call, return_call_indirect */
  KILN_WASM_EXCEPTIONS = 2,      /**< tags, throw, throw_ref, try_table, exnref */
  KILN_WASM_MEMORY64 = 4,        /**< memories and tables with 64-bit indices */
  KILN_WASM_MULTI_MEMORY = 8,    /**< several memories */
  KILN_WASM_EXTENDED_CONST = 16, /**< sums and products in constant expressions */
  /** Vector operations whose results may differ between processors. In Kiln, the results are the same on all
   * processors. */
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

/** Returns true if `bytes` begins like a module in the binary format. */
KILN_API bool kiln_wasm_is_module(const void *bytes, size_t size_bytes);

/** Makes a reader: reads and validates a module except for the function bodies, and declares and defines its contents,
 * which include the image, in the empty module `m`. All functions of this header accept a NULL reader.
 * - Borrows `bytes`, which must stay unchanged until kiln_wasm_free.
 * - Returns NULL after an error, which sticks to `m`. KILN_ERR_UNSUPPORTED means that the module uses a feature that is
 *   not implemented. The diagnostic's `bit_offset` is eight times the offset of the error in `bytes`. If the official
 *   test suite has a message for the error, the diagnostic's message begins with that message. */
KILN_API kiln_wasm *kiln_wasm_new(kiln_module *m, const void *bytes, size_t size_bytes,
                                  const kiln_wasm_options *options);

/** Returns a note, in English, about wrong debugging information in a module (KILN_WASM_DEBUG). The reader has ignored
 * this debugging information. Returns NULL if the reader ignored nothing. */
KILN_API const char *kiln_wasm_note(const kiln_wasm *w);

/** Frees a reader. NULL is allowed. */
KILN_API void kiln_wasm_free(kiln_wasm *w);

/** Returns the number of bodies to read. First come the bodies of the module's functions, in order. Then come the
 * bodies of functions that the image needs (kiln_wasm_functype.entry and kiln_wasm_functype.host). */
KILN_API uint32_t kiln_wasm_body_count(const kiln_wasm *w);

/** Returns the total size in bytes of the bodies `first` to `first` + `count` - 1 in the WebAssembly module. For
 * example, use this function to divide the bodies evenly among threads. */
KILN_API uint64_t kiln_wasm_body_bytes(const kiln_wasm *w, uint32_t first, uint32_t count);

/** Reads the bodies `first` to `first` + `count` - 1, each of which may be read at most once: validates them, builds
 * their functions in the session `s` of the reader's module, and passes each function to `sink` (NULL for
 * kiln_func_compile).
 * - Returns the status of the first error. An error in a body sticks to the module, and its message contains its
 *   offset. The reader does not pass a function with an error to `sink`, but reads the remaining bodies.
 * - Threads: after kiln_module_freeze, several threads may call this function at once, each with a session of its
 *   own. */
KILN_API kiln_status kiln_wasm_read_bodies(const kiln_wasm *w, kiln_session *s, uint32_t first,
                                           uint32_t count, kiln_func_sink_fn sink, void *user);

/** Returns the image of the module. The image does not have the addresses of code, because these are not known yet. The
 * image lives as long as the reader. The strings of the image point into `bytes`. */
KILN_API const kiln_wasm_image *kiln_wasm_describe(const kiln_wasm *w);

#ifdef __cplusplus
}
#endif
#endif
