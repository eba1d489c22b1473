/* Runs generated programs with the moving collector:
 *
 *     moving [--collections=N] [--seed=S] [--interpreted=N] [--threads=N] [--floor=N]
 *     moving --refused=N | --print | --emit=FILE | --linked=FILE [--seed=S]
 *
 * A program of each seed, from S on, is compiled into a JIT and run several times, until N collections were made. A run
 * in which nothing moves has to give the same result, and to visit roots with the same content in the same order; so
 * has the interpreter, for programs with N collections in all. With --threads, that many threads run programs, one at a
 * time as they take turns at calls that collect; each collection visits the stacks of all of them, while another thread
 * adds and removes code. --refused has N programs verified that use a stale value. --print prints the program of a
 * seed. --emit writes its object, --linked runs a shared object that was linked of it. At the end it prints what was
 * counted, and fails if something was not there FLOOR times. */
#define _GNU_SOURCE
#include "moving.h"

#ifdef KN_TEST_INTERP
#include <kiln/interp.h>
#endif
#include <kiln/kiln.h>
#include <kiln/text.h>

#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* tests/kir/kir_throw.c */
void kir_throw(const void *type, int64_t value);
int64_t kir_catch(void *exception);
void kir_interp_throw(void *exception, const void *type);

enum { CALLS = 30, RUNS = 6, MAX_THREADS = 8 };

/* ---- what is counted ---- */

static struct counts {
  uint64_t collections, moved, records, roots, live_roots, programs;
  uint64_t c, pad, tail, pops, salloc,
    table_frames; /* frames, by kind; a frame may be of several */
  uint64_t steps; /* frames of any kind */
} counts;

/* ---- a run ---- */

struct run {
  struct heap *heap;
  kiln_jit *jit;                   /* compiled: of the code, or NULL */
  const kiln_root_map *map;        /* or of the code that was linked */
  struct interpreted *interpreted; /* or NULL */
  uint32_t calls_left;
  uint64_t result;
  const void *end; /* of the stack that is walked */
  bool stopped;    /* in a call that collects, at: */
  kiln_stack_point point;
};

static _Thread_local struct run *run;

/* All that run now: those of one heap. One at a time holds `turn`. */
static struct {
  pthread_mutex_t turn;
  struct run *runs[MAX_THREADS];
  unsigned n;
  struct random random;
} group = {.turn = PTHREAD_MUTEX_INITIALIZER};

static uint64_t seed; /* of the program, for messages */

void moving_wrong(const char *format, ...) {
  va_list args;
  va_start(args, format);
  fprintf(stderr, "seed %llu: ", (unsigned long long)seed);
  vfprintf(stderr, format, args);
  fputc('\n', stderr);
  va_end(args);
  _Exit(1);
}

/* ---- collections ---- */

static void count_frame(const struct run *r, const kiln_stack_frame *f, bool newest, uint32_t id,
                        uint64_t *c_frames) {
  counts.steps++;
  if (!f->has_table) {
    ++*c_frames;
    return;
  }
  counts.c += newest ? 0 : *c_frames; /* between frames of the program */
  *c_frames = 0;
  counts.records++;
  counts.table_frames++;
  counts.pad += (f->call_id & ID_PAD) != 0;
  counts.tail += (f->call_id & ID_TAIL) != 0;
  counts.pops += (f->call_id & ID_POPS) != 0;
  counts.salloc += (f->call_id & ID_SALLOC) != 0;
  if (newest && id != 0 && f->call_id != id)
    moving_wrong("the newest call has the id %#x, not %#x", f->call_id, id);
  if (r->jit == NULL || counts.records % 64 != 0) return;
  kiln_jit_frame of;
  char text[64], name[16];
  kiln_jit_pc_info info = {.frames = &of, .max_frames = 1, .text = text, .text_bytes = sizeof text};
  unsigned func = (f->call_id & ~(unsigned)(ID_POPS | ID_PAD | ID_TAIL | ID_SALLOC)) / ID_FUNC;
  snprintf(name, sizeof name, f->call_id & ID_TAIL ? "t%u" : "f%u",
           f->call_id & ID_TAIL ? func - 7 : func);
  if (!kiln_jit_find_pc(r->jit, (const char *)f->pc - 1, &info) || strcmp(of.function, name) != 0)
    moving_wrong("a call of %s has an id of %s", of.function, name);
}

/* ---- interpreted runs ---- */

struct program {
  kiln_module *m;
  kiln_session *s;
  kiln_symbol main;
};

#ifdef KN_TEST_INTERP
struct interpreted {
  kiln_interp *in;
  kiln_interp_point point;
};

static void visit_interpreted(void *user, void *root, uint32_t size) {
  struct run *r = user;
  heap_visit(r->heap, root, size);
}

/* It has stopped here. */
static void stop_interpreted(struct interpreted *i) { i->point = kiln_interp_get_point(i->in); }

static void visit_all_interpreted(struct run *r) {
  kiln_interp_each_root(r->interpreted->in, r->interpreted->point, visit_interpreted, r);
}

static void call_interpreted(const struct run *r, kiln_symbol function, int64_t n) {
  kiln_interp_value value, arg = {.low = (uint64_t)n};
  kiln_diag diag;
  if (kiln_interp_call(r->interpreted->in, function, &arg, 1, &value, &diag) != KILN_OK)
    moving_wrong("interpreted: %s", diag.message);
}

static void throw_interpreted(struct interpreted *i, void *exception, const void *what) {
  kiln_interp_throw(i->in, exception, what);
}
#else
static void stop_interpreted(struct interpreted *i) { (void)i; }
static void visit_all_interpreted(struct run *r) { (void)r; }
static void call_interpreted(const struct run *r, kiln_symbol function, int64_t n) {
  (void)r, (void)function, (void)n;
}
static void throw_interpreted(struct interpreted *i, void *exception, const void *what) {
  (void)i, (void)exception, (void)what;
}
#endif

/* Visits the roots of a run that has stopped; `id`: of its newest call, or 0. */
static void visit(struct run *r, uint32_t id) {
  if (r->interpreted != NULL) {
    visit_all_interpreted(r);
    return;
  }
  kiln_stack_walk walk = {.jits = &r->jit,
                          .n_jits = r->jit != NULL,
                          .maps = &r->map,
                          .n_maps = r->map != NULL,
                          .end = r->end};
  kiln_stack_frame frame;
  bool newest = true;
  uint64_t c_frames = 0;
  kiln_stack_walk_begin(&walk, &r->point);
  while (kiln_stack_walk_find_next(&walk, &frame)) {
    count_frame(r, &frame, newest, id, &c_frames);
    newest &= !frame.has_table;
    for (uint32_t i = 0; i < frame.n_roots; i++) {
      uint32_t size;
      void *root = kiln_stack_frame_root(&frame, i, &size);
      heap_visit(r->heap, root, size);
    }
  }
  if (walk.status != KILN_OK)
    moving_wrong("the walk ended at %p: %s", frame.pc, kiln_status_name(walk.status));
}

/* Collects in a call from the program, which is at `point`. */
static void collect(const kiln_stack_point *point, uint32_t id) {
  struct run *r = run;
  if (r->interpreted != NULL) stop_interpreted(r->interpreted);
  r->point = *point;
  r->stopped = true;
  if (group.n > 1 && random_below(&group.random, 4) == 0) {
    pthread_mutex_unlock(&group.turn);
    sched_yield();
    pthread_mutex_lock(&group.turn);
  }
  heap_begin(r->heap);
  for (unsigned i = 0; i < group.n; i++)
    if (group.runs[i] != NULL && group.runs[i]->stopped)
      visit(group.runs[i], group.runs[i] == r ? id : 0);
  heap_end(r->heap);
  r->stopped = false;
}

#define COLLECT(id)                                                                                \
  do {                                                                                             \
    kiln_stack_point here_;                                                                        \
    if (kiln_stack_point_save(&here_) != KILN_OK) moving_wrong("no point was saved");              \
    collect(&here_, id);                                                                           \
  } while (0)

/* ---- what programs call ---- */

int64_t rt_new(int64_t payload);
void rt_poll(int64_t id);
int64_t rt_maybe(int64_t n);
_Noreturn void rt_throw(int64_t n);
int64_t rt_through(int64_t fn, int64_t a, int64_t b, int64_t n);
int64_t rt_aligned(int64_t fn, int64_t a, int64_t b, int64_t n);
bool rt_enter(void);
bool rt_is_object(int64_t reference);
int64_t rt_mix(int64_t reference, int64_t n);
int64_t rt_catch(int64_t exception);
uint32_t rt_pack(int64_t reference);
int64_t rt_unpack(uint32_t packed);
void rt_result(int64_t n);

static const char type;

int64_t rt_new(int64_t payload) {
  COLLECT(0);
  return (int64_t)(intptr_t)heap_allocate(run->heap, (uint64_t)payload);
}

void rt_poll(int64_t id) { COLLECT((uint32_t)id); }

int64_t rt_maybe(int64_t n) {
  COLLECT(0);
  if ((uint64_t)n % 3 == 0) kir_throw(&type, n);
  return n % 3 == 1 ? 0 : (int64_t)(intptr_t)heap_allocate(run->heap, (uint64_t)n & 0xffff);
}

static void collect_and_throw(int64_t n) {
  COLLECT(0);
  kir_throw(&type, n);
}

void rt_throw(int64_t n) { moving_last(collect_and_throw, n); }

int64_t rt_through(int64_t fn, int64_t a, int64_t b, int64_t n) {
  return moving_through((moving_fn *)(intptr_t)fn, a, b, n);
}
int64_t rt_aligned(int64_t fn, int64_t a, int64_t b, int64_t n) {
  return moving_aligned((moving_fn *)(intptr_t)fn, a, b, n);
}

bool rt_enter(void) { return run->calls_left != 0 && run->calls_left-- != 0; }

bool rt_is_object(int64_t reference) { return heap_object(run->heap, (uint64_t)reference) != NULL; }

int64_t rt_mix(int64_t reference, int64_t n) {
  const struct object *o = heap_object(run->heap, (uint64_t)reference);
  return (int64_t)((uint64_t)n * 31 + (o != NULL ? o->payload : (uint64_t)reference + 5));
}

int64_t rt_catch(int64_t exception) { return kir_catch((void *)(intptr_t)exception); }
uint32_t rt_pack(int64_t reference) { return heap_pack(run->heap, (uint64_t)reference); }
int64_t rt_unpack(uint32_t packed) { return (int64_t)heap_unpack(run->heap, packed); }
void rt_result(int64_t n) { run->result = run->result * 33 + (uint64_t)n; }

void kir_interp_throw(void *exception, const void *what) {
  if (run->interpreted != NULL) throw_interpreted(run->interpreted, exception, what);
}

/* ---- programs ---- */

typedef int64_t main_fn(int64_t n);

static kiln_status compile(void *user, kiln_func *f) {
  (void)user;
  return kiln_func_compile(f);
}

/* Reads program `of` into a new module; each function goes to `sink`. */
static void program_new(struct program *p, uint64_t of, bool stress, kiln_func_sink_fn sink,
                        void *user) {
  size_t length;
  char *text = moving_program(of, false, &length);
  kiln_module_options options = {.verify = true, .stress_seed = stress ? of + 1 : 0};
  if (p->m == NULL) p->m = kiln_module_new(&options);
  p->s = kiln_session_new(p->m);
  if (kiln_text_read(p->s, text, length, sink, user) != KILN_OK)
    moving_wrong("%s", kiln_module_diag(p->m)->message);
  p->main = kiln_symbol_lookup(p->m, "main");
  free(text);
}

static void program_free(struct program *p) {
  kiln_session_free(p->s);
  kiln_module_free(p->m);
}

/* Runs a program, compiled or interpreted: of its results, and with a heap of its own. */
static struct run run_once(struct program *p, struct run how, main_fn *fn, int64_t n,
                           struct heap *heap) {
  struct run r = how;
  r.heap = heap;
  r.calls_left = CALLS;
  r.end = __builtin_frame_address(0);
  run = &r;
  group.runs[0] = &r;
  group.n = 1;
  if (r.interpreted != NULL) call_interpreted(&r, p->main, n);
  else fn(n);
  run = NULL;
  group.n = 0;
  return r;
}

static void add_up(const struct heap *h) {
  counts.collections += h->collections;
  counts.moved += h->moved;
  counts.roots += h->roots;
  counts.live_roots += h->live_roots;
}

/* Runs it with an argument where nothing moves, then where everything does. */
static void compare(struct program *p, struct run how, main_fn *fn, int64_t n, uint64_t *result,
                    uint64_t *hash) {
  struct heap stays, moves;
  struct counts was = counts;
  heap_new(&stays, false);
  struct run a = run_once(p, how, fn, n, &stays);
  counts = was;
  heap_new(&moves, true);
  struct run b = run_once(p, how, fn, n, &moves);
  if (a.result != b.result) moving_wrong("the result differs where objects move");
  if (stays.root_hash != moves.root_hash || stays.roots != moves.roots)
    moving_wrong("other roots were visited where objects move");
  *result = b.result;
  *hash = moves.root_hash;
  add_up(&moves);
  heap_free(&stays);
  heap_free(&moves);
}

#ifdef KN_TEST_INTERP
static void interpret(uint64_t of, const uint64_t *results, const uint64_t *hashes, unsigned n) {
  struct program p = {0};
  kiln_module_options module = {.verify = true};
  p.m = kiln_module_new(&module);
  struct interpreted interpreted = {.in = kiln_interp_new(p.m, NULL)};
  const struct run how = {.interpreted = &interpreted};
  kiln_diag diag;
  program_new(&p, of, false, kiln_interp_sink, interpreted.in);
  if (kiln_interp_link(interpreted.in, &diag) != KILN_OK) moving_wrong("%s", diag.message);
  for (unsigned i = 0; i < n; i++) {
    uint64_t result, hash;
    compare(&p, how, NULL, i, &result, &hash);
    if (result != results[i]) moving_wrong("the interpreter has another result");
    if (hash != hashes[i]) moving_wrong("the interpreter has other roots");
  }
  kiln_interp_free(interpreted.in);
  program_free(&p);
}
#else
static void interpret(uint64_t of, const uint64_t *results, const uint64_t *hashes, unsigned n) {
  (void)of, (void)results, (void)hashes, (void)n;
}
#endif

/* ---- threads ---- */

struct thread {
  pthread_t id;
  unsigned index;
  main_fn *fn;
  struct heap *heap;
  kiln_jit *jit;
  uint64_t result;
};

static void *thread_main(void *user) {
  struct thread *t = user;
  struct run r = {.heap = t->heap, .jit = t->jit, .calls_left = CALLS};
  r.end = __builtin_frame_address(0);
  pthread_mutex_lock(&group.turn);
  group.runs[t->index] = &r;
  run = &r;
  t->fn(t->index);
  group.runs[t->index] = NULL;
  pthread_mutex_unlock(&group.turn);
  t->result = r.result;
  return NULL;
}

static _Atomic bool adding;

/* Adds and removes code while others walk. */
static void *add_and_remove(void *user) {
  kiln_jit *jit = user;
  static const char text[] = "func @other(i64) -> i64 {\nb0(%n: i64):\n  ret %n\n}\n";
  while (adding) {
    struct program p = {.m = kiln_module_new(NULL)};
    p.s = kiln_session_new(p.m);
    kiln_jit_unit unit;
    kiln_jit_input in = {.module = p.m, .sessions = &p.s, .n_sessions = 1};
    if (kiln_text_read(p.s, text, sizeof text - 1, compile, NULL) != KILN_OK ||
        kiln_jit_add(jit, 0, &in, 1, &unit, NULL) != KILN_OK ||
        kiln_jit_remove(jit, unit, NULL) != KILN_OK)
      moving_wrong("code was not added and removed: %s", kiln_module_diag(p.m)->message);
    program_free(&p);
    sched_yield();
  }
  return NULL;
}

static void run_threads(kiln_jit *jit, main_fn *fn, unsigned n, const uint64_t *results) {
  struct thread threads[MAX_THREADS];
  struct heap heap;
  pthread_t adder;
  heap_new(&heap, true);
  group.n = n;
  group.random.state = seed + 1;
  memset(group.runs, 0, sizeof group.runs);
  adding = true;
  pthread_create(&adder, NULL, add_and_remove, jit);
  for (unsigned i = 0; i < n; i++) {
    threads[i] = (struct thread){.index = i, .fn = fn, .heap = &heap, .jit = jit};
    pthread_create(&threads[i].id, NULL, thread_main, &threads[i]);
  }
  for (unsigned i = 0; i < n; i++) {
    pthread_join(threads[i].id, NULL);
    if (threads[i].result != results[i]) moving_wrong("a thread has another result");
  }
  adding = false;
  pthread_join(adder, NULL);
  group.n = 0;
  add_up(&heap);
  heap_free(&heap);
}

/* ---- the command ---- */

static struct {
  uint64_t collections, seed, interpreted, floor, refused;
  unsigned threads;
  bool print;
  const char *emit, *linked;
} options = {.collections = 1000, .seed = 1, .floor = 1};

static bool option(const char *argument, const char *name, const char **value) {
  size_t n = strlen(name);
  if (strncmp(argument, name, n) != 0) return false;
  *value = argument + n;
  return true;
}

static void parse(int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    const char *v;
    if (option(argv[i], "--collections=", &v)) options.collections = strtoull(v, NULL, 10);
    else if (option(argv[i], "--seed=", &v)) options.seed = strtoull(v, NULL, 10);
    else if (option(argv[i], "--interpreted=", &v)) options.interpreted = strtoull(v, NULL, 10);
    else if (option(argv[i], "--threads=", &v)) options.threads = (unsigned)strtoul(v, NULL, 10);
    else if (option(argv[i], "--floor=", &v)) options.floor = strtoull(v, NULL, 10);
    else if (option(argv[i], "--refused=", &v)) options.refused = strtoull(v, NULL, 10);
    else if (option(argv[i], "--emit=", &v)) options.emit = v;
    else if (option(argv[i], "--linked=", &v)) options.linked = v;
    else if (strcmp(argv[i], "--print") == 0) options.print = true;
    else moving_wrong("unknown argument: %s", argv[i]);
  }
  if (options.threads > MAX_THREADS) moving_wrong("at most %u threads", MAX_THREADS);
}

static void report(void) {
  const struct {
    const char *what;
    uint64_t n;
  } rows[] = {{"collections", counts.collections},
              {"objects moved", counts.moved},
              {"records matched", counts.records},
              {"roots visited", counts.roots},
              {"frames of C between frames of programs", counts.c},
              {"frames in landing pads", counts.pad},
              {"frames of functions entered by tail calls", counts.tail},
              {"frames of functions that free their arguments", counts.pops},
              {"frames of variable size", counts.salloc}};
  printf("programs: %llu\n", (unsigned long long)counts.programs);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    printf("%s: %llu\n", rows[i].what, (unsigned long long)rows[i].n);
    if (rows[i].n < options.floor) moving_wrong("too few: %s", rows[i].what);
  }
  if (options.floor == 0) return;
  double n = (double)counts.collections;
  double live = (double)counts.live_roots / n, frames = (double)counts.table_frames / n;
  printf("for each collection: %.1f live roots, %.1f frames with roots, %.1f frames\n", live,
         frames, (double)counts.steps / n);
  if (live < 8 || frames < 3) moving_wrong("too few live roots or frames");
}

static void run_program(uint64_t *interpreted) {
  struct program p = {0};
  bool stress = seed % 2 == 0;
  uint64_t results[RUNS + MAX_THREADS], hashes[RUNS + MAX_THREADS];
  unsigned n = options.threads > RUNS ? options.threads : RUNS;
  program_new(&p, seed, stress, compile, NULL);
  kiln_jit_error error = {0};
  kiln_jit *jit = kiln_jit_new(NULL, &error);
  kiln_jit_input in = {.module = p.m, .sessions = &p.s, .n_sessions = 1};
  if (jit == NULL || kiln_jit_add(jit, 0, &in, 1, NULL, &error) != KILN_OK)
    moving_wrong("%s", error.diag.message);
  void *address = kiln_jit_lookup(jit, "main");
  main_fn *fn;
  memcpy(&fn, &address, sizeof fn);
  for (unsigned i = 0; i < n; i++)
    compare(&p, (struct run){.jit = jit}, fn, i, &results[i], &hashes[i]);
  if (options.threads > 1) run_threads(jit, fn, options.threads, results);
  uint64_t before = counts.collections;
  if (*interpreted < options.interpreted) interpret(seed, results, hashes, 2);
  *interpreted += counts.collections - before;
  kiln_jit_free(jit);
  program_free(&p);
  counts.programs++;
}

/* The verifier has to refuse programs with a stale value. */
static void refuse(uint64_t n) {
  const kiln_module_options verified = {.verify = true};
  for (; n-- > 0; seed++) {
    size_t length;
    char *text = moving_program(seed, true, &length);
    struct program p = {.m = kiln_module_new(&verified)};
    p.s = kiln_session_new(p.m);
    if (kiln_text_read(p.s, text, length, compile, NULL) == KILN_OK ||
        strstr(kiln_module_diag(p.m)->message, "is derived from a root") == NULL)
      moving_wrong("a stale value was not refused");
    free(text);
    program_free(&p);
  }
}

static int emit(void) {
  struct program p = {0};
  kiln_buffer out = {0};
  program_new(&p, seed, seed % 2 == 0, compile, NULL);
  FILE *f = fopen(options.emit, "wb");
  if (f == NULL || kiln_emit_elf(p.m, &p.s, 1, &out) != KILN_OK ||
      fwrite(out.data, 1, out.size, f) != out.size || fclose(f) != 0)
    moving_wrong("the object was not written: %s", kiln_module_diag(p.m)->message);
  kiln_buffer_free(&out);
  program_free(&p);
  return 0;
}

/* The shared object has, besides the program, a function that gives the bounds of its tables. */
static int run_linked(void) {
  void *object = dlopen(options.linked, RTLD_NOW);
  if (object == NULL) moving_wrong("%s", dlerror());
  void *address = dlsym(object, "main"), *bounds = dlsym(object, "moving_bounds");
  main_fn *fn;
  void (*get)(const void **);
  memcpy(&fn, &address, sizeof fn);
  memcpy(&get, &bounds, sizeof get);
  const void *of[2];
  get(of);
  kiln_root_map *map = kiln_root_map_new(&(kiln_root_map_options){.start = of[0], .end = of[1]});
  if (map == NULL) moving_wrong("the tables are damaged");
  while (counts.collections < options.collections)
    for (unsigned i = 0; i < RUNS; i++) {
      uint64_t result, hash;
      compare(NULL, (struct run){.map = map}, fn, i, &result, &hash);
    }
  kiln_root_map_free(map);
  counts.programs++;
  report();
  return 0;
}

int main(int argc, char **argv) {
  uint64_t interpreted = 0;
  parse(argc, argv);
  seed = options.seed;
  if (options.print) {
    size_t length;
    char *text = moving_program(seed, false, &length);
    fputs(text, stdout);
    free(text);
    return 0;
  }
  if (options.refused != 0) {
    refuse(options.refused);
    return 0;
  }
  if (options.emit != NULL) return emit();
  if (options.linked != NULL) return run_linked();
  for (; counts.collections < options.collections; seed++) run_program(&interpreted);
  seed--;
  report();
  return 0;
}
