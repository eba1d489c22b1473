/* Large inputs of every shape (bench/shapes.h) through the library: they succeed on a small stack, whose use does not
 * grow with the input, and with memory linear in the input. No time is measured: `./dev bench --growth` measures
 * time. Two sizes are compared, one eight times the other, so that arrays that grow by doubling are equally full. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#ifdef KN_TEST_INTERP
#include <kiln/interp.h>
#endif

#include "large.h"
#include "shapes.h"

#ifdef KN_CHECKS
enum { CHECKS = 1 };
#else
enum { CHECKS = 0 };
#endif

enum {
  MOST = SANITIZED  ? 2048
         : EMULATED ? 4096
                    : 32768, /* or what the shape allows */
  STEP = 8,
  STACK_BYTES = SANITIZED ? 1 << 20 : 128 << 10, /* glibc asks for this on AArch64 */
  DEEPER_BYTES = SANITIZED ? 4096 : 1024,        /* that the large one may use more of the stack */
  PAINT = 0xa5
};
/* Bytes per item of the large size, at most, in those of the small one. The checker's tables double. */
#ifdef KN_CHECKS
#define MORE_MEMORY 2.1
#else
#define MORE_MEMORY 1.1
#endif

/* ---- one run ---- */

enum way { OBJECT, TEXT, INTERP, WAY_COUNT };
static const char *const way_names[WAY_COUNT] = {"object", "text", "interp"};

struct job {
  enum way way;
  kiln_processor target;
  const struct shape *shape;
  uint32_t n;
  kiln_status status;
  uint64_t items, held, most, depth;
  char diag[300];
};

enum { HEAD = 16 };

/* The module's allocator: counts bytes in use. Each block is preceded by its size. */
static void *count_realloc(void *user, void *old, size_t size) {
  struct job *j = user;
  size_t was = 0;
  uint8_t *block = NULL;
  if (old != NULL) {
    block = (uint8_t *)old - HEAD;
    memcpy(&was, block, sizeof was);
  }
  j->held -= was;
  if (size == 0) {
    free(block);
    return NULL;
  }
  block = realloc(block, size + HEAD);
  if (block == NULL) return NULL;
  memcpy(block, &size, sizeof size);
  j->held += size;
  if (j->held > j->most) j->most = j->held;
  return block + HEAD;
}

static void on_diag(void *user, const kiln_diag *d) {
  struct job *j = user;
  kiln_diag_format(d, j->diag, sizeof j->diag);
}

static kiln_status compile(void *user, kiln_func *f) {
  (void)user;
  return kiln_func_compile(f);
}
static kiln_status print(void *user, kiln_func *f) {
  kiln_status status = kiln_func_print(f, user);
  kiln_func_discard(f);
  return status;
}
static kiln_status discard(void *user, kiln_func *f) {
  (void)user;
  kiln_func_discard(f);
  return KILN_OK;
}

/* Runs a shape with the sinks of a way, and does what follows when all functions are built. */
static void run_way(struct job *j, struct shape_run *r, const kiln_module_options *options) {
  kiln_buffer out = {.allocator = options->allocator};
  if (j->way == OBJECT) {
    r->sink = compile;
    j->shape->make(r);
    if (r->status == KILN_OK) r->status = kiln_emit_elf(r->m, &r->s, 1, &out);
  } else if (j->way == TEXT) {
    r->sink = print;
    r->user = &out;
    j->shape->make(r);
    if (r->status == KILN_OK) r->status = kiln_module_print(r->m, &out);
    kiln_module *m = kiln_module_new(options);
    kiln_session *s = kiln_session_new(m);
    if (r->status == KILN_OK)
      r->status = kiln_text_read(s, (const char *)out.data, out.size, discard, NULL);
    kiln_session_free(s);
    kiln_module_free(m);
  } else {
#ifdef KN_TEST_INTERP
    kiln_interp *in = kiln_interp_new(r->m, &(kiln_interp_options){.stack_bytes = 1 << 20});
    r->sink = kiln_interp_sink;
    r->user = in;
    j->shape->make(r);
    kiln_interp_free(in);
#endif
  }
  kiln_buffer_free(&out);
}

static void *run(void *arg) {
  struct job *j = arg;
  struct shape_run r;
  kiln_module_options options = {.target.processor = j->target,
                                 .on_diag = on_diag,
                                 .on_diag_user = j,
                                 .verify = true,
                                 .allocator = {count_realloc, j}};
  if (!shape_open(&r, &options, j->n)) {
    j->status = KILN_ERR_MEMORY;
    return NULL;
  }
  run_way(j, &r, &options);
  j->status = r.status;
  j->items = r.items;
  shape_close(&r);
  return NULL;
}

/* The lowest byte of the stack that was written to, as a distance from its top. */
__attribute__((no_sanitize("address"))) static uint64_t depth_of(const uint8_t *stack) {
  uint32_t at = 0;
  while (at < STACK_BYTES && stack[at] == PAINT) at++;
  return STACK_BYTES - at;
}

/* Runs on a small painted stack: recursion as deep as the input would run into the page below. */
static void run_small_stack(struct job *j) {
  enum { PAGE = 4096 };
  uint8_t *memory = mmap(NULL, STACK_BYTES + PAGE, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  assert_true(memory != MAP_FAILED);
  assert_int_equal(mprotect(memory, PAGE, PROT_NONE), 0);
  memset(memory + PAGE, PAINT, STACK_BYTES);
  pthread_attr_t attr;
  pthread_t thread;
  pthread_attr_init(&attr);
  assert_int_equal(pthread_attr_setstack(&attr, memory + PAGE, STACK_BYTES), 0);
  assert_int_equal(pthread_create(&thread, &attr, run, j), 0);
  pthread_join(thread, NULL);
  pthread_attr_destroy(&attr);
  j->depth = depth_of(memory + PAGE);
  munmap(memory, STACK_BYTES + PAGE);
  if (j->status != KILN_OK) fail_msg("%s, %u: %s", way_names[j->way], j->n, j->diag);
  assert_int_equal(j->held, 0);
}

/* ---- tests ---- */

static void check(const struct shape *shape, enum way way, kiln_processor target) {
  uint32_t large = MOST;
  while (large > shape->most) large /= 2;
  struct job many = {.way = way, .target = target, .shape = shape, .n = large};
  struct job few = {.way = way, .target = target, .shape = shape, .n = large / STEP};
  run_small_stack(&few);
  run_small_stack(&many);
  double each = (double)many.most / (double)many.items;
  double each_few = (double)few.most / (double)few.items;
  print_message("# %-7s %-6s %-20s %6u: %6.1f bytes each, %6.1f of %u; stack %llu, %llu\n",
                kiln_processor_name(target), way_names[way], shape->name, large, each, each_few,
                large / STEP, (unsigned long long)many.depth, (unsigned long long)few.depth);
  /* in checking builds the checker of the allocation holds blocks times values, up to a limit */
  if (each > each_few * MORE_MEMORY && (way != OBJECT || !CHECKS))
    fail_msg("%s, %s: %.2f times the memory each for %u", way_names[way], shape->name,
             each / each_few, large);
  if (many.depth > few.depth + DEEPER_BYTES)
    fail_msg("%s, %s: %llu bytes more of the stack for %u", way_names[way], shape->name,
             (unsigned long long)(many.depth - few.depth), large);
}

static void test_shape(void **state) {
  const struct shape *shape = *state;
  for (unsigned t = 1; t < KILN_PROCESSOR_COUNT; t++) check(shape, OBJECT, (kiln_processor)t);
  if (!shape->no_text) check(shape, TEXT, KILN_PROCESSOR_X86_64);
#ifdef KN_TEST_INTERP
  check(shape, INTERP, KILN_PROCESSOR_X86_64);
#endif
}

enum { MOST_TESTS = 200 };
static struct CMUnitTest tests[MOST_TESTS];
static size_t n_tests;

static void add_test(void *user, const struct shape *s) {
  (void)user;
  if (n_tests < MOST_TESTS)
    tests[n_tests++] = (struct CMUnitTest){
      .name = s->name, .test_func = test_shape, .initial_state = (void *)(uintptr_t)s};
}

int main(void) {
  shape_each(add_test, NULL);
  return _cmocka_run_group_tests("growth", tests, n_tests, NULL, NULL);
}
