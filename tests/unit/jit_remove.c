/* jit_remove [REMOVALS [SEED]]: four threads run functions that replace each other, while two threads add and remove
 * them: no function is removed that a thread runs or will return to. Each running thread answers for every unit that is
 * to go: at its safe points, which are calls from the functions, it walks its own stack (kiln_jit_is_on_stack). Units
 * are compiled, and every fourth is an object that was loaded. Ends when REMOVALS units were removed (default 4,000).
 * Speaks TAP. */
#define _GNU_SOURCE
#include <kiln/jit.h>
#include <kiln/kiln.h>
#include <kiln/stack.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RUNNERS = 4, REMOVERS = 2, SLOTS = 8, LEAVING = 128, DEPTH = 4 };

static kiln_jit *jit;
static long wanted = 4000;
static uint64_t seed;
static atomic_long removed, loaded, calls, walks, inside;
static atomic_bool stop;
static atomic_int failures;

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

/* ---- what runs and what is to go ---- */

/* A function: f(depth) is safe_point(depth) + number. */
struct code {
  kiln_jit_unit unit;
  long number;
  long (*f)(long depth);
};

/* Who may call what: a slot of each remover. */
static struct code *_Atomic current[REMOVERS][SLOTS];

/* A unit that nobody finds any more. `asked` has its id, and below that a bit for each runner that was at a safe point
 * since, outside of the unit; 0: there is none. With all bits it can be removed. */
enum { ALL = (1 << RUNNERS) - 1 };
struct leaving {
  _Atomic uint64_t asked;
  struct code *code;
};
static struct leaving leaving[REMOVERS][LEAVING];

/* ---- running threads ---- */

static _Thread_local unsigned me;
static _Thread_local const void *bottom;
static _Thread_local uint64_t random_state;

long safe_point(long depth);

static void call_some(long depth) {
  const uint32_t r = next(&random_state);
  struct code *c = atomic_load(&current[r % REMOVERS][r / REMOVERS % SLOTS]);
  if (c == NULL) return;
  const long number = c->number;
  CHECK(c->f(depth) == depth * 1000 + number);
  atomic_fetch_add_explicit(&calls, 1, memory_order_relaxed);
}

/* Whether a frame of this thread is in the unit. */
static bool is_inside(uint64_t unit) {
  kiln_stack_point point;
  kiln_stack_walk walk = {.jits = &jit, .n_jits = 1, .end = bottom};
  CHECK(kiln_stack_point_save(&point) == KILN_OK);
  kiln_stack_walk_begin(&walk, &point);
  const bool yes = kiln_jit_is_on_stack(jit, (kiln_jit_unit){unit}, &walk);
  CHECK(yes || walk.status == KILN_OK);
  atomic_fetch_add_explicit(&walks, 1, memory_order_relaxed);
  if (yes) atomic_fetch_add_explicit(&inside, 1, memory_order_relaxed);
  return yes;
}

/* A safe point: this thread holds no function's address but those of its frames. */
static void answer(void) {
  for (unsigned i = 0; i < REMOVERS; i++)
    for (unsigned k = 0; k < LEAVING; k++) {
      uint64_t asked = atomic_load(&leaving[i][k].asked);
      if (asked == 0 || asked >> me & 1 || is_inside(asked >> RUNNERS)) continue;
      const uint64_t unit = asked >> RUNNERS; /* stays the same: it waits for this thread */
      while (!atomic_compare_exchange_weak(&leaving[i][k].asked, &asked, asked | 1u << me))
        CHECK(asked >> RUNNERS == unit);
    }
}

long safe_point(long depth) {
  answer();
  if (next(&random_state) % 16 == 0)
    sched_yield(); /* others go on while this thread is in functions */
  if (depth > 0) call_some(depth - 1);
  answer();
  return depth * 1000;
}

static void *run(void *argument) {
  me = (unsigned)(uintptr_t)argument;
  bottom = __builtin_frame_address(0);
  random_state = (me + RUNNERS * seed) * UINT64_C(0x9e3779b97f4a7c15) + 1;
  while (!atomic_load(&stop)) {
    call_some(next(&random_state) % DEPTH);
    answer();
  }
  return NULL;
}

/* ---- threads that add and remove ---- */

struct remover {
  unsigned index;
  kiln_module *m;
  kiln_session *s;
  kiln_jit_stream *stream;
  kiln_sig sig;
  kiln_symbol symbols[SLOTS], safe_point;
  long number;
  kiln_buffer object; /* of a function @loaded0 or @loaded1, whose number is its remover's */
};

static kiln_func *build(kiln_session *s, kiln_symbol symbol, kiln_symbol callee, kiln_sig sig,
                        long number) {
  kiln_func *f = kiln_func_begin(s, symbol);
  kiln_value x = kiln_func_param(f, 0);
  kiln_value v = kiln_build_call(f, sig, kiln_const_symbol(f, callee, 0), &x, 1);
  v = kiln_build_binary(f, KILN_OP_ADD, KILN_TYPE_I64, v, kiln_const_int(f, number));
  kiln_build_ret(f, &v, 1);
  return f;
}

static kiln_sig sig_of(kiln_module *m) {
  const kiln_type i64 = KILN_TYPE_I64;
  return kiln_sig_new(m, KILN_CC_C, 0, &(kiln_param){.type = KILN_TYPE_I64}, 1, &i64, 1);
}

static const char *const object_names[REMOVERS] = {"loaded0", "loaded1"};

static void emit_object(struct remover *r) {
  kiln_module *m = kiln_module_new(&(kiln_module_options){.pic = KILN_PIC_FULL});
  kiln_session *s = kiln_session_new(m);
  const kiln_sig sig = sig_of(m);
  const kiln_symbol to = kiln_func_declare(m, &(kiln_symbol_desc){.name = "safe_point"}, sig);
  const kiln_symbol own =
    kiln_func_declare(m, &(kiln_symbol_desc){.name = object_names[r->index]}, sig);
  CHECK(kiln_func_compile(build(s, own, to, sig, r->index)) == KILN_OK);
  CHECK(kiln_emit_object(m, &s, 1, &r->object) == KILN_OK);
  kiln_session_free(s);
  kiln_module_free(m);
}

static void open_remover(struct remover *r, unsigned index) {
  *r = (struct remover){.index = index, .m = kiln_module_new(&(kiln_module_options){.jit = true})};
  r->s = kiln_session_new(r->m);
  r->stream = kiln_jit_stream_new(jit, r->m, NULL, NULL);
  r->sig = sig_of(r->m);
  for (unsigned k = 0; k < SLOTS; k++) {
    char name[32];
    snprintf(name, sizeof name, "f%u_%u", index, k);
    r->symbols[k] = kiln_func_declare(r->m, &(kiln_symbol_desc){.name = name}, r->sig);
  }
  r->safe_point = kiln_func_declare(r->m, &(kiln_symbol_desc){.name = "safe_point"}, r->sig);
  emit_object(r);
}

static void close_remover(struct remover *r) {
  kiln_buffer_free(&r->object);
  kiln_jit_stream_free(r->stream);
  kiln_session_free(r->s);
  kiln_module_free(r->m);
}

/* A new function for slot `k`; objects are for slot 0, and define a name again. */
static struct code *add(struct remover *r, unsigned k) {
  struct code *c = malloc(sizeof *c);
  kiln_jit_error e = {0};
  kiln_status status;
  if (k == 0) {
    c->number = r->index;
    status =
      kiln_jit_add_object(jit, KILN_JIT_REDEFINABLE, r->object.data, r->object.size, &c->unit, &e);
    atomic_fetch_add(&loaded, 1);
  } else {
    c->number = ++r->number;
    CHECK(kiln_func_compile(build(r->s, r->symbols[k], r->safe_point, r->sig, c->number)) ==
          KILN_OK);
    status = kiln_jit_stream_add(r->stream, r->s, KILN_JIT_REDEFINABLE, &c->unit, &e);
  }
  if (status != KILN_OK) failed(e.diag.message);
  kiln_jit_error_free(&e);
  void *address = kiln_jit_address(jit, c->unit, k == 0 ? object_names[r->index] : NULL);
  CHECK(address != NULL);
  memcpy(&c->f, &address, sizeof c->f);
  return c;
}

static void drop(struct code *c) {
  kiln_jit_error e = {0};
  if (kiln_jit_remove(jit, c->unit, &e) != KILN_OK) failed(e.diag.message);
  kiln_jit_error_free(&e);
  free(c);
  atomic_fetch_add(&removed, 1);
}

/* Removes what all threads have answered for; whether there is room for one more. */
static bool remove_clear(struct remover *r) {
  bool room = false;
  for (unsigned k = 0; k < LEAVING; k++) {
    struct leaving *l = &leaving[r->index][k];
    if ((atomic_load(&l->asked) & ALL) == ALL) {
      atomic_store(&l->asked, 0);
      drop(l->code);
    }
    room |= atomic_load(&l->asked) == 0;
  }
  return room;
}

static void leave(struct remover *r, struct code *c) {
  while (!remove_clear(r)) sched_yield();
  for (unsigned k = 0; k < LEAVING; k++) {
    struct leaving *l = &leaving[r->index][k];
    if (atomic_load(&l->asked) != 0) continue;
    l->code = c;
    atomic_store(&l->asked, (uint64_t)c->unit.id << RUNNERS);
    return;
  }
}

static void *work(void *argument) {
  struct remover r;
  uint64_t state = 99 + (uintptr_t)argument + seed * UINT64_C(0x9e3779b97f4a7c15);
  open_remover(&r, (unsigned)(uintptr_t)argument);
  while (atomic_load(&removed) < wanted && atomic_load(&failures) < 10) {
    const uint32_t n = next(&state);
    const unsigned k = n % 4 == 0 ? 0 : 1 + n / 4 % (SLOTS - 1);
    struct code *old = atomic_exchange(&current[r.index][k], add(&r, k));
    if (old != NULL) leave(&r, old);
  }
  for (unsigned k = 0; k < SLOTS; k++) {
    struct code *old = atomic_exchange(&current[r.index][k], NULL);
    if (old != NULL) leave(&r, old);
  }
  for (bool all = false; !all; sched_yield()) {
    remove_clear(&r);
    all = true;
    for (unsigned k = 0; k < LEAVING; k++) all &= atomic_load(&leaving[r.index][k].asked) == 0;
  }
  close_remover(&r);
  return NULL;
}

static void *resolve(void *user, const char *name) {
  (void)user;
  return strcmp(name, "safe_point") == 0 ? (void *)(uintptr_t)safe_point : NULL;
}

int main(int argc, char **argv) {
  pthread_t runners[RUNNERS], removers[REMOVERS];
  if (argc > 1) wanted = atol(argv[1]);
  if (argc > 2) seed = strtoull(argv[2], NULL, 10);
  jit = kiln_jit_new(&(kiln_jit_options){.resolve = resolve}, NULL);
  for (uintptr_t i = 0; i < RUNNERS; i++) pthread_create(runners + i, NULL, run, (void *)i);
  for (uintptr_t i = 0; i < REMOVERS; i++) pthread_create(removers + i, NULL, work, (void *)i);
  for (unsigned i = 0; i < REMOVERS; i++) pthread_join(removers[i], NULL);
  atomic_store(&stop, true);
  for (unsigned i = 0; i < RUNNERS; i++) pthread_join(runners[i], NULL);
  const kiln_jit_stats s = kiln_jit_get_stats(jit);
  CHECK(s.units == 0);
  CHECK(removed >= wanted);
  CHECK(loaded > removed / 8);
  CHECK(inside > 0); /* some units had to wait */
  kiln_jit_free(jit);
  printf("# %ld units removed, %ld of them loaded; %ld calls, %ld walks, %ld found the unit\n",
         (long)removed, (long)loaded, (long)calls, (long)walks, (long)inside);
  printf("%sok 1 - removals beside threads that run\n1..1\n", failures > 0 ? "not " : "");
  return failures > 0;
}
