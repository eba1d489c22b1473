/* `kiln wasm`: modules of WebAssembly to ELF objects, and headers for C. The module's bytes stay as they are until the
 * object is written. */
#include "options.h"
#include "threads.h"
#include "wasm.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PORTIONS = 4 }; /* for each thread: the last to end has less to do alone */

struct flags {
  kiln_module_options options;
  kiln_wasm_options wasm;
  bool target_given, time;
  unsigned threads;
  const char *out, *header;
};

/* Names of proposals between commas, to bits. */
static int parse_refuse(const char *words, uint32_t *bits) {
  static const struct {
    const char *name;
    uint32_t bit;
  } rows[] = {{"tail-call", KILN_WASM_TAIL_CALLS},
              {"exceptions", KILN_WASM_EXCEPTIONS},
              {"memory64", KILN_WASM_MEMORY64},
              {"multi-memory", KILN_WASM_MULTI_MEMORY},
              {"extended-const", KILN_WASM_EXTENDED_CONST},
              {"relaxed-simd", KILN_WASM_RELAXED_SIMD},
              {"threads", KILN_WASM_THREADS}};
  for (const char *p = words; *p != 0;) {
    size_t n = strcspn(p, ","), i = 0;
    while (i < sizeof rows / sizeof *rows &&
           (strlen(rows[i].name) != n || memcmp(rows[i].name, p, n) != 0))
      i++;
    if (i == sizeof rows / sizeof *rows) return tool_usage("unknown proposal '%.*s'", (int)n, p);
    *bits |= rows[i].bit;
    p += n + (p[n] != 0);
  }
  return TOOL_OK;
}

static int parse_flags(struct tool_words *w, struct flags *f) {
  int bad = TOOL_OK;
  for (int o; bad == TOOL_OK && (o = tool_words_next(w)) != WORDS_END;) {
    switch (o) {
    case OPTION_TARGET:
      bad = tool_parse_target(w->value, &f->options.target);
      f->target_given = true;
      break;
    case OPTION_OUT: f->out = w->value; break;
    case OPTION_HEADER: f->header = w->value; break;
    case OPTION_IMAGE: f->wasm.image = w->value; break;
    case OPTION_PREFIX: f->wasm.prefix = w->value; break;
    case OPTION_DEBUG: f->wasm.flags |= KILN_WASM_DEBUG; break;
    case OPTION_FUEL: f->wasm.flags |= KILN_WASM_FUEL; break;
    case OPTION_INTERRUPT: f->wasm.flags |= KILN_WASM_INTERRUPT; break;
    case OPTION_CHECKED: f->wasm.flags |= KILN_WASM_CHECKED; break;
    case OPTION_REFUSE: bad = parse_refuse(w->value, &f->wasm.refuse); break;
    case OPTION_THREADS: bad = tool_parse_threads(w->value, &f->threads); break;
    case OPTION_TIME: f->time = true; break;
    default: return WORDS_STOP;
    }
  }
  if (bad != TOOL_OK) return bad;
  if (w->n_inputs == 0) return tool_usage("no input");
  if (w->n_inputs > 1 && (f->out != NULL || f->header != NULL))
    return tool_usage("-o with more than one input");
  return TOOL_OK;
}

/* ---- compiling ---- */

/* Bodies of a module, shared out among threads. Each portion has a session of its own, so that the object does not
 * depend on which thread was faster. */
struct work {
  const kiln_wasm *wasm;
  kiln_session **sessions;
  uint32_t *first; /* first[i] to first[i + 1] - 1 are the bodies of portion i */
  uint32_t n;
  atomic_uint next;
};

static void *take_portions(void *user) {
  struct work *w = user;
  for (uint32_t i; (i = atomic_fetch_add(&w->next, 1)) < w->n;)
    kiln_wasm_read_bodies(w->wasm, w->sessions[i], w->first[i], w->first[i + 1] - w->first[i], NULL,
                          NULL);
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

static kiln_status compile_bodies(struct work *w, kiln_module *m, kiln_session *own,
                                  unsigned threads) {
  pthread_t others[64];
  unsigned started = 0;
  w->sessions[0] = own;
  for (uint32_t i = 1; i < w->n; i++) {
    w->sessions[i] = kiln_session_new(m);
    if (w->sessions[i] == NULL) return KILN_ERR_MEMORY;
  }
  if (w->n > 1 && kiln_module_freeze(m) != KILN_OK) return kiln_module_status(m);
  divide(w);
  while (started + 1 < threads && started < 64 &&
         pthread_create(others + started, NULL, take_portions, w) == 0)
    started++;
  take_portions(w);
  while (started > 0) pthread_join(others[--started], NULL);
  return kiln_module_status(m);
}

static double seconds(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Writes what the flags want of a module that was compiled. */
static bool write_outputs(const struct flags *f, const struct work *w, kiln_module *m,
                          const char *out) {
  kiln_buffer object = {0}, header = {0};
  bool ok = kiln_emit_elf(m, w->sessions, w->n, &object) == KILN_OK &&
            tool_output_write(out, object.data, object.size);
  if (ok && f->header != NULL) {
    ok = tool_wasm_header(&header, kiln_wasm_describe(w->wasm),
                          f->wasm.image != NULL ? f->wasm.image : "kiln_wasm_module",
                          f->wasm.prefix != NULL ? f->wasm.prefix : "wasm_");
    if (!ok) tool_error("%s", kiln_status_name(KILN_ERR_MEMORY));
    ok = ok && tool_output_write(f->header, header.data, header.size);
  }
  kiln_buffer_free(&object);
  kiln_buffer_free(&header);
  return ok;
}

/* --time: CPU time at the beginning, when all but bodies was read, when these were compiled. What comes before and
 * after the bodies is done by one thread. */
struct times {
  double wall, cpu[3];
};

static void print_times(const struct tool_input *in, const struct times *t) {
  double now = seconds(CLOCK_PROCESS_CPUTIME_ID);
  fprintf(stderr,
          "%s: %zu bytes, %.2f ms, %.2f ms of CPU time: sections %.2f, bodies %.2f, object %.2f\n",
          in->path, in->size, (seconds(CLOCK_MONOTONIC) - t->wall) * 1e3, (now - t->cpu[0]) * 1e3,
          (t->cpu[1] - t->cpu[0]) * 1e3, (t->cpu[2] - t->cpu[1]) * 1e3, (now - t->cpu[2]) * 1e3);
}

static bool compile(const struct flags *f, const struct tool_input *in, const char *out) {
  struct tool_module t;
  struct work w = {.n = f->threads > 1 ? f->threads * PORTIONS : 1};
  kiln_module_options options = f->options;
  options.borrow_strings = true;
  struct times times = {seconds(CLOCK_MONOTONIC), {seconds(CLOCK_PROCESS_CPUTIME_ID)}};
  if (!tool_module_open(&t, in, options, true)) return false;
  w.wasm = kiln_wasm_new(t.module, in->bytes, in->size, &f->wasm);
  w.sessions = calloc(w.n, sizeof *w.sessions);
  w.first = calloc(w.n + 1, sizeof *w.first);
  kiln_status s = w.wasm == NULL ? kiln_module_status(t.module) : KILN_OK;
  if (kiln_wasm_note(w.wasm) != NULL) tool_warning("%s: %s", in->path, kiln_wasm_note(w.wasm));
  if (s == KILN_OK && (w.sessions == NULL || w.first == NULL)) s = KILN_ERR_MEMORY;
  times.cpu[1] = seconds(CLOCK_PROCESS_CPUTIME_ID);
  if (s == KILN_OK) s = compile_bodies(&w, t.module, t.session, f->threads);
  times.cpu[2] = seconds(CLOCK_PROCESS_CPUTIME_ID);
  bool ok = s == KILN_OK && write_outputs(f, &w, t.module, out);
  if (!ok) tool_module_report(&t, in, s);
  if (ok && f->time) print_times(in, &times);
  for (uint32_t i = 1; i < w.n && w.sessions != NULL; i++) kiln_session_free(w.sessions[i]);
  free(w.sessions);
  free(w.first);
  kiln_wasm_free((kiln_wasm *)(uintptr_t)w.wasm);
  tool_module_close(&t);
  return ok;
}

static bool compile_path(const struct flags *f, const char *path) {
  struct tool_input in;
  if (!tool_input_open(&in, path)) return false;
  in.qbe = false;
  char *derived = f->out == NULL ? tool_derived_name(path) : NULL;
  const char *out = f->out != NULL ? f->out : derived;
  bool ok = kiln_wasm_is_module(in.bytes, in.size);
  if (!ok) tool_error("%s: not a WebAssembly module", path);
  ok = ok && out != NULL && compile(f, &in, out);
  free(derived);
  tool_input_close(&in);
  return ok;
}

int verb_wasm(int argc, char **argv) {
  struct flags f = {.threads = 1, .wasm = {.flags = KILN_WASM_EXPORT_SYMBOLS}};
  struct tool_words w;
  tool_words_begin(&w, VERB_WASM, argc, argv);
  int bad = parse_flags(&w, &f);
  if (bad == WORDS_STOP) return w.status;
  if (bad != TOOL_OK) return bad;
  if (!f.target_given && !kiln_target_find_host(&f.options.target))
    return tool_usage("the input names no target; give --target");
  bool ok = true;
  for (int i = 0; i < w.n_inputs; i++) ok &= compile_path(&f, w.inputs[i]);
  return ok ? TOOL_OK : TOOL_FAILED;
}
