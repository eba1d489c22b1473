/* jit_soak [FUNCTIONS] [SECONDS]: four threads add functions to one JIT, call, redefine and remove them, until
 * FUNCTIONS were added (default 40,000) or SECONDS are over, for each way of protection; two more only call what is
 * being redefined, and lazy functions, which whoever calls first compiles; one reads /proc/self/maps at random moments;
 * one makes children, which find and call what there was, use thread-local data for the first time, and free the JIT.
 * Speaks TAP. Memory must not grow, results must be right, and nothing may ever be writable and executable. */
#define _GNU_SOURCE
#include <kiln/jit.h>
#include <kiln/kiln.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef KN_TEST_EMULATED
#define KN_TEST_EMULATED 0
#endif

enum { THREADS = 4, CALLERS = 2, SLOTS = 64, RETIRED = 256 };

static kiln_jit *jit;
static long wanted = 40000;
static long seconds; /* of a run; 0: as long as it takes */
static time_t end;
static atomic_long added, redefined, removed, called, looked, forked, compiled;
static atomic_bool stop;
static atomic_int failures;
static atomic_ulong ticks[CALLERS]; /* counts of the threads that call while others redefine */
static atomic_long rss_early, rss_peak;

static void failed(const char *what) {
  if (atomic_fetch_add(&failures, 1) < 10) printf("# %s\n", what);
  fflush(stdout);
}
#define CHECK(x) ((x) ? (void)0 : failed(#x))

static uint32_t next(uint64_t *state) { /* xorshift */
  *state ^= *state << 13;
  *state ^= *state >> 7;
  *state ^= *state << 17;
  return (uint32_t)(*state >> 32);
}

/* ---- building ---- */

struct builder {
  kiln_module *m;
  kiln_session *s;
  kiln_jit_stream *stream;
  kiln_sig sig;
  kiln_symbol symbols[SLOTS], shared, helper, lazy[THREADS];
};

static void open_builder(struct builder *b, unsigned thread) {
  kiln_module_options options = {.jit = true};
  kiln_target_find_host(&options.target);
  b->m = kiln_module_new(&options);
  b->s = kiln_session_new(b->m);
  b->stream = kiln_jit_stream_new(jit, b->m, NULL, NULL);
  kiln_type i64 = KILN_TYPE_I64;
  b->sig = kiln_sig_new(b->m, KILN_CC_C, 0, &(kiln_param){.type = KILN_TYPE_I64}, 1, &i64, 1);
  char name[32];
  for (unsigned i = 0; i < SLOTS; i++) {
    snprintf(name, sizeof name, "t%u_f%u", thread, i);
    b->symbols[i] = kiln_func_declare(b->m, &(kiln_symbol_desc){.name = name}, b->sig);
  }
  for (unsigned i = 0; i < THREADS; i++) {
    snprintf(name, sizeof name, "lazy%u", i);
    b->lazy[i] = kiln_func_declare(b->m, &(kiln_symbol_desc){.name = name}, b->sig);
  }
  b->shared = kiln_func_declare(b->m, &(kiln_symbol_desc){.name = "shared"}, b->sig);
  b->helper = kiln_func_declare(b->m, &(kiln_symbol_desc){.name = "helper"}, b->sig);
}

static void close_builder(struct builder *b) {
  kiln_jit_stream_free(b->stream);
  kiln_session_free(b->s);
  kiln_module_free(b->m);
}

/* Adds a function that returns helper(x) + `number`, with `rounds` pairs of instructions that cancel out, so that
 * sizes differ. */
static kiln_jit_unit add(struct builder *b, kiln_symbol symbol, int64_t number, unsigned rounds) {
  kiln_func *f = kiln_func_begin(b->s, symbol);
  kiln_value x = kiln_func_param(f, 0);
  if (symbol.id != b->helper.id)
    x = kiln_build_call(f, b->sig, kiln_const_symbol(f, b->helper, 0), &x, 1);
  kiln_value v = kiln_build_binary(f, KILN_OP_ADD, KILN_TYPE_I64, x, kiln_const_int(f, number));
  for (unsigned i = 0; i < 2 * rounds; i++)
    v = kiln_build_binary(f, KILN_OP_XOR, KILN_TYPE_I64, v, kiln_const_int(f, 1 + i / 2));
  kiln_build_ret(f, &v, 1);
  CHECK(kiln_func_compile(f) == KILN_OK);
  kiln_jit_unit u = {0};
  kiln_jit_error e = {0};
  if (kiln_jit_stream_add(b->stream, b->s, KILN_JIT_REDEFINABLE, &u, &e) != KILN_OK) {
    failed(e.diag.message);
    kiln_jit_error_free(&e);
  }
  atomic_fetch_add(&added, 1);
  return u;
}

static void drop(kiln_jit_unit u) {
  kiln_jit_error e = {0};
  if (kiln_jit_remove(jit, u, &e) != KILN_OK) failed(e.diag.message);
  kiln_jit_error_free(&e);
  atomic_fetch_add(&removed, 1);
}

/* ---- threads ---- */

typedef long fn(long);

/* A unit that callers may still execute: it is removed when each of them has made two more rounds. */
struct retired {
  kiln_jit_unit unit;
  unsigned long seen[CALLERS];
};

static bool callers_went_on(const struct retired *r) {
  bool all = true;
  for (unsigned i = 0; i < CALLERS; i++) all &= atomic_load(&ticks[i]) >= r->seen[i] + 2;
  return all;
}

static void retire(struct retired *r, unsigned *n, kiln_jit_unit u) {
  r[*n].unit = u;
  for (unsigned i = 0; i < CALLERS; i++) r[*n].seen[i] = atomic_load(&ticks[i]);
  ++*n;
  for (unsigned k = 0; k < *n;) {
    if (!callers_went_on(&r[k])) {
      k++;
      continue;
    }
    drop(r[k].unit);
    r[k] = r[--*n];
  }
}

/* ---- lazy functions ---- */

/* The lazy function of a worker. While it is offered, the callers call it, too; it goes when each of them has made two
 * more rounds. Whoever calls it first compiles it, or its worker defines it before. */
struct lazy {
  unsigned thread;
  enum { AWAY, OFFERED, GOING } phase;
  unsigned rounds;
  long number;
  fn *stub;
  struct retired going;
};
/* What the callers see, and what those that compile change. */
static struct lazy lazies[THREADS];
static _Atomic(struct lazy *) offered[THREADS];
static struct {
  pthread_mutex_t lock;
  struct builder builder;
  kiln_jit_unit units[THREADS];
  void *_Atomic code[THREADS];
} late = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Defines the function, again if `again`; the unit of the definition before. */
static kiln_jit_unit define_lazy(const struct lazy *l, bool again) {
  kiln_jit_unit old = {0};
  pthread_mutex_lock(&late.lock);
  kiln_jit_unit *unit = &late.units[l->thread];
  if (unit->id == 0 || again) {
    old = *unit;
    *unit = add(&late.builder, late.builder.lazy[l->thread], l->number, (unsigned)l->number & 15);
    atomic_store(&late.code[l->thread], kiln_jit_function(jit, *unit, 0));
  }
  pthread_mutex_unlock(&late.lock);
  return old;
}

static void *compile(void *user, const char *name) {
  const struct lazy *l = user;
  CHECK(strtoul(name + 4, NULL, 10) == l->thread);
  define_lazy(l, false);
  atomic_fetch_add(&compiled, 1);
  return NULL;
}

static void call_lazy(unsigned thread) {
  struct lazy *l = atomic_load(&offered[thread]);
  if (l == NULL) return;
  CHECK(l->stub(3) == 3 + l->number);
  kiln_jit_pc_info info = {0};
  void *code = atomic_load(&late.code[thread]);
  CHECK(code == NULL || (kiln_jit_find_pc(jit, code, &info) && info.address == code));
}

static void take_away(struct lazy *l) {
  kiln_jit_unit *unit = &late.units[l->thread];
  atomic_store(&late.code[l->thread], NULL);
  if (unit->id != 0) drop(*unit);
  unit->id = 0;
  char name[16];
  snprintf(name, sizeof name, "lazy%u", l->thread);
  CHECK(kiln_jit_lookup(jit, name) == (void *)l->stub);
  CHECK(kiln_jit_remove_lazy(jit, name, NULL) == KILN_OK);
  CHECK(kiln_jit_lookup(jit, name) == NULL);
  l->phase = AWAY;
}

/* The next step in the life of a worker's lazy function. */
static void step_lazy(struct lazy *l, uint32_t random, struct retired *retired,
                      unsigned *n_retired) {
  char name[16];
  if (l->phase == AWAY) {
    snprintf(name, sizeof name, "lazy%u", l->thread);
    l->number = (long)(random & 0xffff);
    l->rounds = 0;
    l->phase = OFFERED;
    l->stub = (fn *)(uintptr_t)kiln_jit_declare_lazy(
      jit, &(kiln_jit_lazy_desc){.name = name, .compile = compile, .compile_user = l}, NULL);
    CHECK(l->stub != NULL);
    if (l->stub != NULL) atomic_store(&offered[l->thread], l);
  } else if (l->phase == OFFERED && ++l->rounds < 8) {
    if (l->rounds == 1 + (random & 3)) call_lazy(l->thread);
    if (l->rounds == 6 && (random & 4) && *n_retired < RETIRED - 1) {
      kiln_jit_unit old = define_lazy(l, true);
      if (old.id != 0) retire(retired, n_retired, old);
    }
  } else if (l->phase == OFFERED) {
    atomic_store(&offered[l->thread], NULL);
    for (unsigned i = 0; i < CALLERS; i++) l->going.seen[i] = atomic_load(&ticks[i]);
    l->phase = GOING;
  } else if (callers_went_on(&l->going)) {
    take_away(l);
  }
}

static long resident_pages(void) {
  long size = 0, pages = 0;
  FILE *f = fopen("/proc/self/statm", "r");
  if (f == NULL || fscanf(f, "%ld %ld", &size, &pages) != 2) failed("statm");
  if (f != NULL) fclose(f);
  return pages;
}

static bool go_on(void) {
  if (atomic_load(&added) >= wanted) return false;
  if (end != 0 && time(NULL) >= end) return false;
  return atomic_load(&failures) == 0;
}

/* The current unit of `shared`; a thread that redefines it takes the previous one from here. */
static uint64_t shared_unit;
static pthread_mutex_t shared_lock = PTHREAD_MUTEX_INITIALIZER;

static void *work(void *p) {
  unsigned thread = (unsigned)(uintptr_t)p;
  struct builder b;
  open_builder(&b, thread);
  kiln_jit_unit units[SLOTS] = {0};
  long numbers[SLOTS] = {0};
  struct retired retired[RETIRED];
  unsigned n_retired = 0;
  uint64_t state = 0x9e3779b97f4a7c15u * (thread + 1);
  char name[32];
  while (go_on()) {
    uint32_t random = next(&state), i = random % SLOTS, what = random >> 8 & 15;
    step_lazy(lazies + thread, random >> 12, retired, &n_retired);
    kiln_jit_unit old = units[i];
    snprintf(name, sizeof name, "t%u_f%u", thread, i);
    if (old.id != 0 && what < 4) {
      drop(old);
      units[i].id = 0;
      CHECK(kiln_jit_lookup(jit, name) == NULL);
      continue;
    }
    fn *before = old.id != 0 ? (fn *)(uintptr_t)kiln_jit_lookup(jit, name) : NULL;
    long was = numbers[i];
    if (before != NULL) CHECK(before(1) == 1 + was);
    numbers[i] = (long)(next(&state) & 0xffffff);
    units[i] = add(&b, b.symbols[i], numbers[i], random >> 16 & 63);
    fn *f = (fn *)(uintptr_t)kiln_jit_lookup(jit, name);
    if (f == NULL || atomic_load(&failures) > 0) break;
    CHECK(f(5) == 5 + numbers[i]);
    CHECK(before == NULL || before == f); /* a stub stays */
    atomic_fetch_add(&called, 1);
    if (old.id != 0) {
      atomic_fetch_add(&redefined, 1);
      drop(old);
    }
    if (what == 15 && n_retired < RETIRED - 1) {
      pthread_mutex_lock(&shared_lock);
      kiln_jit_unit u = {shared_unit};
      shared_unit = add(&b, b.shared, 1000, random >> 16 & 15).id;
      pthread_mutex_unlock(&shared_lock);
      atomic_fetch_add(&redefined, 1);
      retire(retired, &n_retired, u);
    }
    if (thread == 0 && what == 1) {
      long pages = resident_pages(), so_far = atomic_load(&added);
      if (so_far < wanted / 4) atomic_store(&rss_early, pages);
      else if (pages > atomic_load(&rss_peak)) atomic_store(&rss_peak, pages);
    }
  }
  for (unsigned i = 0; i < SLOTS; i++)
    if (units[i].id != 0) drop(units[i]);
  while (lazies[thread].phase != AWAY) {
    step_lazy(lazies + thread, 0, retired, &n_retired);
    usleep(100);
  }
  while (n_retired > 0) {
    struct retired r = retired[--n_retired];
    for (unsigned k = 0; k < CALLERS; k++)
      while (atomic_load(&ticks[k]) < r.seen[k] + 2 && !atomic_load(&stop)) usleep(100);
    drop(r.unit);
  }
  close_builder(&b);
  return NULL;
}

/* Calls what others redefine. */
static void *call(void *p) {
  unsigned caller = (unsigned)(uintptr_t)p;
  fn *f = (fn *)(uintptr_t)kiln_jit_lookup(jit, "shared");
  while (!atomic_load(&stop)) {
    for (int i = 0; i < 100; i++)
      if (f(i) != i + 1000) failed("shared");
    for (unsigned i = 0; i < THREADS; i++) call_lazy(i);
    atomic_fetch_add(&ticks[caller], 1);
    usleep(200);
  }
  return NULL;
}

/* No mapping may have w and x; a first look must find some that are executable. */
static void *watch(void *p) {
  uint64_t state = 12345;
  (void)p;
  do {
    FILE *f = fopen("/proc/self/maps", "r");
    char line[512];
    unsigned executable = 0;
    while (f != NULL && fgets(line, sizeof line, f) != NULL) {
      char flags[8] = "";
      if (sscanf(line, "%*s %7s", flags) != 1) continue;
      executable += strchr(flags, 'x') != NULL;
      if (strchr(flags, 'x') != NULL && strchr(flags, 'w') != NULL) failed(line);
    }
    if (f != NULL) fclose(f);
    if (executable == 0) failed("no executable mapping in /proc/self/maps");
    atomic_fetch_add(&looked, 1);
    usleep(next(&state) % 2000);
  } while (!atomic_load(&stop));
  return NULL;
}

/* What a child does: 0 if all is as it was when it was made. */
static int as_a_child(void) {
  alarm(100); /* one that hangs ends */
  fn *f = (fn *)(uintptr_t)kiln_jit_lookup(jit, "shared"),
     *get = (fn *)(uintptr_t)kiln_jit_lookup(jit, "get_local");
  if (f == NULL || get == NULL || kiln_jit_get_stats(jit).units < 2) return 1;
  for (int i = 0; i < 300; i++) {
    if (f(i) != i + 1000) return 2;
    if (get(i) != i + 77) return 3;
    if (i % 50 == 0) sched_yield();
  }
  if (kiln_jit_remove(jit, (kiln_jit_unit){1}, NULL) != KILN_ERR_STRUCTURE) return 4;
  kiln_jit_free(jit);
  return 0;
}

/* QEMU forks with locks of its own that other threads hold (seen in glib's, by QEMU 7.2): no children in emulators. */
static void *make_children(void *p) {
  (void)p;
  while (!KN_TEST_EMULATED && !atomic_load(&stop)) {
    int status = 0;
    pid_t child = fork();
    if (child == 0) _exit(as_a_child());
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0) {
      char line[64];
      snprintf(line, sizeof line, "child: status %x", (unsigned)status);
      failed(line);
    }
    atomic_fetch_add(&forked, 1);
    usleep(500);
  }
  return NULL;
}

/* ---- the whole ---- */

static const char local_text[] =
  "data internal tls(gd) @local align 8 { i64 77 }\nfunc @get_local(i64) -> i64 {\nb0(%x: i64):\n"
  "  %p = tls_addr @local\n  %v = load.i64 %p\n  %w = add.i64 %v, %x\n  ret %w\n}\n";

static kiln_jit_unit add_local(void) {
  kiln_module_options options = {.jit = true};
  kiln_target_find_host(&options.target);
  kiln_module *m = kiln_module_new(&options);
  kiln_session *s = kiln_session_new(m);
  kiln_jit_input in = {.module = m, .sessions = &s, .n_sessions = 1};
  kiln_jit_unit u = {0};
  CHECK(kiln_text_read(s, local_text, sizeof local_text - 1, NULL, NULL) == KILN_OK);
  CHECK(kiln_jit_add(jit, 0, &in, 1, &u, NULL) == KILN_OK);
  kiln_session_free(s);
  kiln_module_free(m);
  return u;
}

static int run(unsigned number, kiln_jit_protection protection, const char *name) {
  kiln_jit_options options = {.protection = protection};
  atomic_store(&added, 0);
  atomic_store(&redefined, 0);
  atomic_store(&removed, 0);
  atomic_store(&called, 0);
  atomic_store(&looked, 0);
  atomic_store(&forked, 0);
  atomic_store(&compiled, 0);
  atomic_store(&failures, 0);
  atomic_store(&stop, false);
  atomic_store(&rss_early, 0);
  atomic_store(&rss_peak, 0);
  end = seconds > 0 ? time(NULL) + seconds : 0;
  jit = kiln_jit_new(&options, NULL);
  if (jit == NULL) {
    printf("not ok %u - %s: no JIT\n", number, name);
    return 1;
  }
  struct builder b;
  open_builder(&b, THREADS);
  open_builder(&late.builder, THREADS + 1);
  for (unsigned i = 0; i < THREADS; i++) lazies[i] = (struct lazy){.thread = i};
  kiln_jit_unit helper = add(&b, b.helper, 0, 0);
  shared_unit = add(&b, b.shared, 1000, 0).id;
  kiln_jit_unit local = add_local();
  pthread_t threads[THREADS], callers[CALLERS], watcher, forker;
  pthread_create(&forker, NULL, make_children, NULL);
  pthread_create(&watcher, NULL, watch, NULL);
  for (uintptr_t i = 0; i < CALLERS; i++) pthread_create(callers + i, NULL, call, (void *)i);
  for (uintptr_t i = 0; i < THREADS; i++) pthread_create(threads + i, NULL, work, (void *)i);
  for (unsigned i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  atomic_store(&stop, true);
  for (unsigned i = 0; i < CALLERS; i++) pthread_join(callers[i], NULL);
  pthread_join(watcher, NULL);
  pthread_join(forker, NULL);
  drop(local);
  drop((kiln_jit_unit){shared_unit});
  drop(helper);
  close_builder(&b);
  close_builder(&late.builder);
  kiln_jit_stats s = kiln_jit_get_stats(jit);
  CHECK(s.units == 0);
  CHECK(s.symbols == 0);
  CHECK(s.memory_bytes <= 2 << 20);
  CHECK(s.reserved_bytes <= 16 << 20);
  CHECK(atomic_load(&looked) > 0);
  CHECK(atomic_load(&compiled) > 0);
  CHECK(KN_TEST_EMULATED || atomic_load(&forked) > 0);
  kiln_jit_free(jit);
  long early = atomic_load(&rss_early), peak = atomic_load(&rss_peak);
  long page = sysconf(_SC_PAGESIZE);
#ifndef KN_SOAK_OTHERS /* sanitizers keep freed memory, emulators translated code */
  if (early > 0) CHECK((peak - early) * page < 4 << 20);
#endif
  int bad = atomic_load(&failures);
  printf("# %ld functions added, %ld redefined, %ld removed, %ld calls checked, %ld compiled by a "
         "call, %ld looks at the mappings, %ld children; resident "
         "memory in KiB: %ld in the first quarter, %ld at most later\n",
         atomic_load(&added), atomic_load(&redefined), atomic_load(&removed), atomic_load(&called),
         atomic_load(&compiled), atomic_load(&looked), atomic_load(&forked), early * page / 1024,
         peak * page / 1024);
  printf("%sok %u - soak, %s\n", bad > 0 ? "not " : "", number, name);
  return bad > 0;
}

int main(int argc, char **argv) {
  if (argc > 1) wanted = atol(argv[1]);
  if (argc > 2) seconds = atol(argv[2]);
  int bad = run(1, KILN_JIT_PROTECTION_AUTO, "two mappings where there are");
  bad |= run(2, KILN_JIT_PROTECTION_SWITCH, "protections switched");
  if (KN_TEST_EMULATED)
    printf("ok 3 - children beside threads # SKIP the emulator forks with locks held\n");
  printf("1..%d\n", 2 + KN_TEST_EMULATED);
  return bad;
}
