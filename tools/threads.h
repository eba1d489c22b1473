/* Compiling an input's functions, with one thread or several: see threads.c. */
#ifndef KN_TOOLS_THREADS_H
#define KN_TOOLS_THREADS_H

#include "tool.h"

#include <pthread.h>

#include <kiln/llvm.h>

/* A thread for work that is only waited for at the join. */
struct tool_aside {
  pthread_t thread;
  bool started;
};

/* Starts the thread with signals blocked: the main thread handles them, since it makes temporary files. Waits for its
 * end, if it could be started. */
void tool_aside_start(struct tool_aside *a, void *(*run)(void *), void *arg);
void tool_aside_join(struct tool_aside *a);

/* The sessions that an input was compiled in, and what that took. */
struct tool_compiled {
  kiln_session **sessions; /* sessions[0] is the module's; all are for kiln_emit_elf */
  unsigned n;
  uint64_t instructions; /* of LLVM or QBE; else 0 */
  uint64_t serial_ns;    /* before the bodies */
  uint64_t work_ns;      /* of all threads together */
  kiln_buffer object;    /* for kiln_emit_elf: empty, perhaps with memory */
  kiln_llvm *reader;
  struct tool_module module; /* the module, taken over by tool_compiled_done */
  struct tool_aside freeing, dropping;
  bool threaded;
};

/* Nanoseconds of a clock that only goes forward. */
uint64_t tool_now_ns(void);

/* Parses the value of --threads: a number, 0 for that of processors. TOOL_OK, or TOOL_USAGE after a message. */
int tool_parse_threads(const char *word, unsigned *out);

/* Reads and compiles `in` into the module with up to `threads` threads; texts always with one. `c` is to
 * be freed in any case, before the module. */
kiln_status tool_module_compile(struct tool_compiled *c, struct tool_module *t,
                                const struct tool_input *in, unsigned threads, bool timing);
/* Its part for WebAssembly: compile_wasm.c. */
kiln_status tool_wasm_compile(struct tool_compiled *c, struct tool_module *t,
                              const struct tool_input *in, unsigned threads, bool timing);
/* Statistics of all sessions together. */
kiln_session_stats tool_compiled_stats(const struct tool_compiled *c);
/* Frees the sessions and the module, in a thread of its own if there were several; the object stays. */
void tool_compiled_done(struct tool_compiled *c, struct tool_module *t);
/* Ends that, and frees the object, a struct tool_compiled's, in the same way: for tool_output_write_then. */
void tool_compiled_written(void *compiled);
void tool_compiled_free(struct tool_compiled *c);

#endif
