/* Compiles the bodies of a WebAssembly module, with one thread or several: threads.c calls it. The module's bytes stay
 * as they are until the object is written.
 * Invariant: each portion has a session of its own, so that the object does not depend on which thread was faster. */
#include "threads.h"

#include <stdatomic.h>
#include <stdlib.h>

enum { PORTIONS = 4 }; /* for each thread: the last to end has less to do alone */

struct work {
  const kiln_wasm *wasm;
  kiln_session **sessions;
  uint32_t *first; /* first[i] to first[i + 1] - 1 are the bodies of portion i */
  uint32_t n;
  atomic_uint next;
  _Atomic uint64_t ns; /* of all threads together */
};

static void *take_portions(void *user) {
  struct work *w = user;
  uint64_t start = tool_now_ns();
  for (uint32_t i; (i = atomic_fetch_add(&w->next, 1)) < w->n;)
    kiln_wasm_read_bodies(w->wasm, w->sessions[i], w->first[i], w->first[i + 1] - w->first[i], NULL,
                          NULL);
  atomic_fetch_add(&w->ns, tool_now_ns() - start);
  return NULL;
}

/* Divides the bodies by their bytes. */
static void divide(struct work *w) {
  uint32_t bodies = kiln_wasm_body_count(w->wasm), at = 0;
  uint64_t all = kiln_wasm_body_bytes(w->wasm, 0, bodies), done = 0;
  for (uint32_t i = 0; i < w->n; i++) {
    w->first[i] = at;
    while (at < bodies && done < all / w->n * (i + 1))
      done += kiln_wasm_body_bytes(w->wasm, at++, 1);
  }
  w->first[w->n] = bodies;
}

static void run_threads(struct work *w, unsigned threads) {
  enum { MOST = 64 };
  struct tool_aside others[MOST];
  unsigned n = threads - 1 < MOST ? threads - 1 : MOST;
  for (unsigned i = 0; i < n; i++) tool_aside_start(&others[i], take_portions, w);
  take_portions(w);
  for (unsigned i = 0; i < n; i++) tool_aside_join(&others[i]);
}

kiln_status tool_wasm_compile(struct tool_compiled *c, struct tool_module *t,
                              const struct tool_input *in, unsigned threads, bool timing) {
  uint64_t start = tool_now_ns();
  struct work w = {.n = 1};
  kiln_status s = tool_module_begin_wasm(t, in);
  uint32_t bodies = kiln_wasm_body_count(t->wasm);
  if (threads > bodies) threads = bodies > 0 ? bodies : 1;
  if (threads > 1) w.n = threads * PORTIONS;
  w.wasm = t->wasm;
  w.first = calloc(w.n + 1, sizeof *w.first);
  w.sessions = c->sessions = calloc(w.n, sizeof *c->sessions);
  if (s == KILN_OK && (w.first == NULL || c->sessions == NULL)) s = KILN_ERR_MEMORY;
  for (; s == KILN_OK && c->n < w.n; c->n++) {
    c->sessions[c->n] = c->n == 0 ? t->session : kiln_session_new(t->module);
    if (c->sessions[c->n] == NULL) break;
    kiln_session_set_timing(c->sessions[c->n], timing);
  }
  if (s == KILN_OK && c->n < w.n) s = KILN_ERR_MEMORY;
  if (s == KILN_OK && w.n > 1) s = kiln_module_freeze(t->module);
  c->serial_ns = tool_now_ns() - start;
  if (s == KILN_OK) {
    divide(&w);
    run_threads(&w, threads);
    s = kiln_module_status(t->module);
  }
  c->work_ns = atomic_load(&w.ns);
  free(w.first);
  return s;
}
