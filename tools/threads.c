/* `kiln compile --threads`: one bitcode module's functions compiled by several threads. The main thread
 * reads all but the bodies and freezes the module; each thread takes bodies in small portions, with a
 * session and a fork of the reader of its own. verb_compile.c calls it.
 * Invariant: output and messages do not depend on the number of threads: of several errors the first in the order of
 * the bodies is reported. */
#include "threads.h"
#include "diag.h"
#include "system.h"
#include "options.h"
#include "unknown.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* What the threads share. */
struct job {
  uint32_t *list, bodies, portion; /* numbers of bodies */
  bool last;                       /* what waits for assembly is read, too */
  bool once;                       /* there is no round after this one */
  _Atomic uint64_t next;           /* next body to be taken */
  _Atomic uint32_t failed;         /* least body that failed; UINT32_MAX: none */
};

struct worker {
  struct job *job;
  kiln_llvm *reader;
  bool fork; /* the reader is a fork, to be closed at the end */
  struct tool_aside thread;
  uint64_t instructions, ns;
  uint32_t failed; /* UINT32_MAX: none */
  kiln_diag diag;  /* of that body */
};

uint64_t tool_now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

int tool_parse_threads(const char *word, unsigned *out) {
  char *end;
  unsigned long n = strtoul(word, &end, 10);
  if (word[0] < '0' || word[0] > '9' || *end != 0 || n > 1024)
    return tool_bad_value(OPTION_THREADS, word, "a number from 0 (one per processor) to 1024");
  *out = n > 0 ? (unsigned)n : tool_system_processors();
  return TOOL_OK;
}

/* ---- beside the main thread ---- */

void tool_aside_start(struct tool_aside *a, void *(*run)(void *), void *arg) {
  a->started = tool_system_start(&a->thread, run, arg);
}

void tool_aside_join(struct tool_aside *a) {
  if (a->started) pthread_join(a->thread, NULL);
  a->started = false;
}

/* Touches the pages of the object's memory ahead of time: a page's first use costs more than writing it. */
static void *touch(void *arg) {
  kiln_buffer *b = arg;
  for (size_t i = 0; i < b->capacity; i += 4096) b->data[i] = 0;
  return NULL;
}

/* Least input for which that is worth a thread. */
#define LARGE_INPUT (UINT64_C(1) << 20)

/* ---- a thread ---- */

/* Compiles body `i`; false if that fails. */
static bool compile_body(struct worker *w, uint32_t i) {
  uint64_t instructions;
  kiln_status s = kiln_llvm_read_bodies(w->reader, i, 1, NULL, NULL, &instructions);
  w->instructions += instructions;
  if (s == KILN_OK) return true;
  w->failed = i;
  tool_diag_of_reader(&w->diag, w->reader);
  uint32_t least = atomic_load(&w->job->failed);
  while (i < least && !atomic_compare_exchange_weak(&w->job->failed, &least, i)) {
  }
  return false;
}

/* Takes portions in ascending order until there is none left, or one is after an error. All bodies before an error
 * are compiled, since one of them may fail too. */
static void *work(void *arg) {
  struct worker *w = arg;
  struct job *job = w->job;
  uint64_t start = tool_now_ns();
  kiln_diag *before = tool_thread_diag; /* of the verb, which also gets what is said at the end */
  tool_thread_diag = &w->diag;
  for (bool more = true; more;) {
    uint64_t first = atomic_fetch_add(&job->next, job->portion);
    uint64_t end = first + job->portion;
    if (end > job->bodies) end = job->bodies;
    more = first < end;
    for (uint64_t i = first; i < end && more; i++)
      more = job->list[i] < atomic_load(&job->failed) && compile_body(w, job->list[i]);
  }
  uint64_t waited = 0;
  if (job->last && w->failed == UINT32_MAX && atomic_load(&job->failed) == UINT32_MAX &&
      kiln_llvm_read_deferred(w->reader, NULL, NULL, &waited) != KILN_OK) {
    w->failed = UINT32_MAX - 1; /* after those that did not wait */
    tool_diag_of_reader(&w->diag, w->reader);
  }
  w->instructions += waited;
  tool_thread_diag = before;
  if (w->fork && job->once) kiln_llvm_free(w->reader), w->fork = false;
  w->ns += tool_now_ns() - start;
  return NULL;
}

/* ---- all of them ---- */

/* Reports the first error in the order of bodies, if there was one. The module knows those of functions too,
 * but not where they are in the bitcode. */
static kiln_status first_error(struct tool_module *t, const struct worker *workers, unsigned n) {
  const struct worker *least = NULL;
  for (unsigned i = 0; i < n; i++)
    if (workers[i].failed != UINT32_MAX && (least == NULL || workers[i].failed < least->failed))
      least = &workers[i];
  return least == NULL ? kiln_module_status(t->module)
                       : kiln_module_fail_diag(t->module, &least->diag);
}

/* Gives each thread a session and a reader; the number of threads that have both. */
static unsigned equip(struct tool_compiled *c, struct tool_module *t, kiln_llvm *reader,
                      struct worker *workers, unsigned n, bool timing) {
  for (unsigned i = 0; i < n; i++) {
    if (i == 0) c->sessions[i] = t->session;
    else c->sessions[i] = kiln_session_new(t->module);
    if (c->sessions[i] == NULL) return i;
    c->n = i + 1;
    kiln_session_set_timing(c->sessions[i], timing);
    workers[i].fork = n > 1;
    workers[i].reader = n > 1 ? kiln_llvm_fork(reader, c->sessions[i]) : reader;
    if (workers[i].reader == NULL) return i;
  }
  return n;
}

/* Has `n` threads compile the bodies in the job's list. A thread that cannot be started leaves its work to the
 * others. */
static void run_round(struct job *job, struct worker *workers, unsigned n) {
  /* Small enough that threads end at about the same time; not smaller, since each portion is copied separately. */
  job->portion = job->bodies / (16 * n);
  if (job->portion > 256) job->portion = 256;
  if (job->portion < 1) job->portion = 1;
  atomic_store(&job->next, 0);
  for (unsigned i = 1; i < n; i++) tool_aside_start(&workers[i].thread, work, &workers[i]);
  work(&workers[0]);
  for (unsigned i = 1; i < n; i++) {
    bool worked = workers[i].thread.started;
    tool_aside_join(&workers[i].thread);
    if (!worked && job->last) work(&workers[i]); /* what waits in its reader */
  }
}

/* Rounds: what must be there, then what that refers to, and so on. What waits for assembly refers to more. */
static void run_rounds(struct job *job, kiln_llvm *reader, struct worker *workers, unsigned n,
                       bool inlining) {
  for (bool more = true; more && atomic_load(&job->failed) == UINT32_MAX;) {
    job->bodies = kiln_llvm_next_bodies(reader, job->list, kiln_llvm_body_count(reader));
    more = job->bodies != 0 && inlining;
    job->last = !more;
    job->once = !inlining;
    run_round(job, workers, n);
    if (job->last && inlining) { /* perhaps that was not all */
      job->bodies = kiln_llvm_next_bodies(reader, job->list, kiln_llvm_body_count(reader));
      more = job->bodies != 0;
      if (more) run_round(job, workers, n);
    }
  }
}

/* Compiles the bodies that `reader` has found with up to `n` threads. */
static kiln_status compile_bodies(struct tool_compiled *c, struct tool_module *t, kiln_llvm *reader,
                                  unsigned n, bool timing) {
  struct job job = {.failed = UINT32_MAX};
  uint32_t bodies = kiln_llvm_body_count(reader);
  bool inlining = kiln_module_get_attrs(t->module).inlining != KILN_INLINING_OFF;
  if (n > bodies) n = bodies > 0 ? bodies : 1;
  struct worker *workers = calloc(n, sizeof *workers);
  c->sessions = calloc(n, sizeof *c->sessions);
  job.list = malloc((bodies + 1) * sizeof *job.list);
  if (workers == NULL || c->sessions == NULL || job.list == NULL) {
    free(workers);
    free(job.list);
    return KILN_ERR_MEMORY;
  }
  unsigned equipped = equip(c, t, reader, workers, n, timing);
  kiln_status s = equipped < n ? KILN_ERR_MEMORY : KILN_OK;
  for (unsigned i = 0; i < n; i++) {
    workers[i].job = &job;
    workers[i].failed = UINT32_MAX;
  }
  if (s == KILN_OK) run_rounds(&job, reader, workers, n, inlining);
  for (unsigned i = 0; i < n; i++) {
    if (workers[i].fork) kiln_llvm_free(workers[i].reader);
    c->instructions += workers[i].instructions;
    c->work_ns += workers[i].ns;
  }
  if (s == KILN_OK) s = first_error(t, workers, n);
  free(workers);
  free(job.list);
  return s;
}

static kiln_status compile_bitcode(struct tool_compiled *c, struct tool_module *t,
                                   const struct tool_input *in, unsigned threads, bool timing) {
  uint64_t start = tool_now_ns();
  struct tool_aside touching = {.started = false};
  c->threaded = threads > 1 && in->size >= LARGE_INPUT;
  if (c->threaded && kiln_buffer_reserve(&c->object, in->size) != NULL)
    tool_aside_start(&touching, touch, &c->object);
  if (!tool_unknown_set(t->module, &t->llvm_options)) {
    tool_aside_join(&touching);
    return kiln_module_status(t->module);
  }
  c->reader = kiln_llvm_new(t->session, in->bytes, in->size, &t->llvm_options);
  kiln_llvm_defer_assembly(c->reader);
  if (c->reader != NULL) kiln_llvm_keep_bodies(c->reader, &c->instructions);
  kiln_status s = c->reader != NULL ? kiln_module_freeze(t->module) : kiln_module_status(t->module);
  c->serial_ns = tool_now_ns() - start;
  if (s == KILN_OK) s = compile_bodies(c, t, c->reader, threads, timing);
  tool_aside_join(&touching);
  tool_unknown_log(c->reader, in->path);
  if (s == KILN_OK && !c->threaded) {
    kiln_llvm_free(c->reader);
    c->reader = NULL;
  }
  return s;
}

static kiln_status compile_text(struct tool_compiled *c, struct tool_module *t,
                                const struct tool_input *in, bool timing) {
  uint64_t start = tool_now_ns();
  c->sessions = calloc(1, sizeof *c->sessions);
  if (c->sessions == NULL) return KILN_ERR_MEMORY;
  c->sessions[0] = t->session;
  c->n = 1;
  kiln_session_set_timing(t->session, timing);
  kiln_status s = tool_module_read(t, in, NULL, NULL, &c->instructions);
  c->work_ns = tool_now_ns() - start;
  return s;
}

kiln_status tool_module_compile(struct tool_compiled *c, struct tool_module *t,
                                const struct tool_input *in, unsigned threads, bool timing) {
  kiln_status s;
  memset(c, 0, sizeof *c);
  switch (in->language) {
  case TOOL_BITCODE: s = compile_bitcode(c, t, in, threads, timing); break;
  case TOOL_WASM: s = tool_wasm_compile(c, t, in, threads, timing); break;
  default: s = compile_text(c, t, in, timing);
  }
  return s != KILN_OK ? s : kiln_module_status(t->module);
}

kiln_session_stats tool_compiled_stats(const struct tool_compiled *c) {
  kiln_session_stats sum = {0};
  for (unsigned i = 0; i < c->n; i++) {
    kiln_session_stats s = kiln_session_get_stats(c->sessions[i]);
    sum.functions += s.functions;
    sum.instructions += s.instructions;
    sum.blocks += s.blocks;
    sum.code_bytes += s.code_bytes;
    sum.spills += s.spills;
    sum.plan_ns += s.plan_ns;
    sum.walk_ns += s.walk_ns;
    sum.object_ns += s.object_ns;
    sum.memory_bytes += s.memory_bytes;
    sum.data_bytes = s.data_bytes; /* of the module: every session gives the same figure */
  }
  return sum;
}

static void *free_module(void *arg) {
  struct tool_compiled *c = arg;
  kiln_llvm_free(c->reader);
  c->reader = NULL;
  for (unsigned i = 1; i < c->n; i++) kiln_session_free(c->sessions[i]);
  c->n = 0;
  tool_module_close(&c->module);
  return NULL;
}

void tool_compiled_done(struct tool_compiled *c, struct tool_module *t) {
  c->module = *t;
  memset(t, 0, sizeof *t);
  if (c->threaded) tool_aside_start(&c->freeing, free_module, c);
  if (!c->freeing.started) free_module(c);
}

static void *free_object(void *arg) {
  struct tool_compiled *c = arg;
  kiln_buffer_free(&c->object);
  return NULL;
}

void tool_compiled_written(void *compiled) {
  struct tool_compiled *c = compiled;
  tool_aside_join(&c->freeing);
  if (c->threaded) tool_aside_start(&c->dropping, free_object, c);
}

void tool_compiled_free(struct tool_compiled *c) {
  tool_aside_join(&c->freeing);
  tool_aside_join(&c->dropping);
  free_module(c);
  free(c->sessions);
  kiln_buffer_free(&c->object);
  memset(c, 0, sizeof *c);
}
