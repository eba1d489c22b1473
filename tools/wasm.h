/* WebAssembly in verbs of its own kind: wasm_header.c writes what `kiln compile --header` requests, run_wasm.c runs
 * modules. */
#ifndef KN_TOOLS_WASM_H
#define KN_TOOLS_WASM_H

#include <kiln/wasm.h>

/* A C header: the image, functions that the module exports, and what it imports in a comment. Into an empty buffer;
 * false if memory runs out. */
bool tool_wasm_header(kiln_buffer *out, const kiln_wasm_image *image, const char *symbol,
                      const char *prefix);

/* Runs a module: kiln-run's part. `argv` ends with NULL and begins with the module's name. The status of the process.
 * */
struct tool_wasm_run {
  const void *bytes;
  size_t size;
  const char *const *dirs; /* "HOST" or "HOST::GUEST" */
  uint32_t n_dirs;
  const char *const *env; /* "NAME=VALUE" */
  uint32_t n_env;
  char **argv;
  bool lines; /* KILN_WASM_DEBUG */
  bool gdb, perf;
  int64_t fuel;       /* 0: without end */
  double timeout;     /* seconds; 0: none */
  uint64_t max_pages; /* of all memories; 0: the default */
};
int tool_wasm_run(const struct tool_wasm_run *r);

#endif
