/* Functions and modules of extreme sizes through the public API: they compile, in time that grows
 * linearly, on a small stack. A case is built at a hundredth of its size too, and the time per item
 * compared: quadratic behaviour would show as a factor near 100. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include <kiln/kiln.h>

#define I32 KILN_TYPE_I32
#define I64 KILN_TYPE_I64
#define F64 KILN_TYPE_F64

#ifdef __has_feature
#define SANITIZED (__has_feature(address_sanitizer))
#elif defined __SANITIZE_ADDRESS__
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

enum {
  STEPS = 100,     /* between the sizes that are compared */
  BOUND = 20,      /* of the ratio of times per item: far from both 1 and STEPS */
  STACK_KIB = 256, /* of the thread that compiles */
  MIN_NS = 2000000 /* shorter times are not compared: 2 ms */
};

struct context {
  kiln_module *m;
  kiln_session *s;
  kiln_sig sig; /* i64 f(i64) */
  kiln_symbol callee;
  uint32_t n;
  kiln_status status;
};

typedef void generator(struct context *c);

static kiln_value number(kiln_func *f, int64_t v) { return kiln_const_int(f, v); }

static kiln_func *begin(struct context *c, const char *name) {
  kiln_symbol_desc d = {.name = name};
  return kiln_func_begin(c->s, kiln_func_declare(c->m, &d, c->sig));
}

static void finish(struct context *c, kiln_func *f, kiln_value result) {
  kiln_build_ret(f, &result, 1);
  kiln_status status = kiln_func_compile(f);
  if (c->status == KILN_OK) c->status = status;
}

/* ---- what is built ---- */

/* One block of n operations on a few values. */
static void instructions(struct context *c) {
  kiln_func *f = begin(c, "f");
  kiln_value v[8];
  v[0] = kiln_func_param(f, 0);
  for (uint32_t i = 1; i < 8; i++)
    v[i] = kiln_build_binary(f, KILN_OP_ADD, I64, v[i - 1], number(f, i));
  static const kiln_op ops[5] = {KILN_OP_ADD, KILN_OP_XOR, KILN_OP_MUL, KILN_OP_SUB, KILN_OP_SHL};
  for (uint32_t i = 0; i < c->n; i++)
    v[i & 7] = kiln_build_binary(f, ops[i % 5], I64, v[i & 7], v[(i * 5 + 3) & 7]);
  for (uint32_t i = 1; i < 8; i++) v[0] = kiln_build_binary(f, KILN_OP_ADD, I64, v[0], v[i]);
  finish(c, f, v[0]);
}

/* n blocks, each of which may leave out the next. */
static void blocks(struct context *c) {
  kiln_func *f = begin(c, "f");
  kiln_value x = kiln_func_param(f, 0), slot = kiln_slot_new(f, 8, 3);
  kiln_build_store(f, I64, slot, 0, x, 0);
  kiln_block first = kiln_block_new_many(f, c->n + 2);
  kiln_build_br(f, first, NULL, 0);
  for (uint32_t i = 0; i < c->n; i++) {
    kiln_block_switch(f, (kiln_block){first.id + i});
    kiln_value v = kiln_build_load(f, I64, slot, 0, 0);
    kiln_build_store(f, I64, slot, 0, kiln_build_binary(f, KILN_OP_ADD, I64, v, x), 0);
    kiln_value cond = kiln_build_icmp(f, KILN_SLT, I64, v, number(f, i));
    kiln_build_brif(f, cond, (kiln_block){first.id + i + 1}, NULL, 0,
                    (kiln_block){first.id + i + 2}, NULL, 0);
  }
  kiln_block_switch(f, (kiln_block){first.id + c->n});
  kiln_build_br(f, (kiln_block){first.id + c->n + 1}, NULL, 0);
  kiln_block_switch(f, (kiln_block){first.id + c->n + 1});
  finish(c, f, kiln_build_load(f, I64, slot, 0, 0));
}

/* The same number of blocks, filled from the last to the first: they are put in order. */
static void blocks_backward(struct context *c) {
  kiln_func *f = begin(c, "f");
  kiln_value x = kiln_func_param(f, 0);
  kiln_block first = kiln_block_new_many(f, c->n + 1);
  kiln_build_br(f, first, NULL, 0);
  for (uint32_t i = c->n; i-- > 0;) {
    kiln_block_switch(f, (kiln_block){first.id + i});
    kiln_value cond = kiln_build_icmp(f, KILN_SLT, I64, x, number(f, i));
    kiln_build_brif(f, cond, (kiln_block){first.id + i + 1}, NULL, 0, (kiln_block){first.id + c->n},
                    NULL, 0);
  }
  kiln_block_switch(f, (kiln_block){first.id + c->n});
  finish(c, f, x);
}

/* n loops, each inside the one before; counters are parameters of the headers. */
static void loops(struct context *c) {
  kiln_func *f = begin(c, "f");
  uint32_t n = c->n;
  kiln_value x = kiln_func_param(f, 0);
  kiln_value *k = malloc(n * sizeof *k);
  if (k == NULL) abort();
  kiln_block head = kiln_block_new_many(f, n), tail = kiln_block_new_many(f, n),
             end = kiln_block_new(f);
  kiln_value zero = number(f, 0);
  for (uint32_t i = 0; i < n; i++) k[i] = kiln_block_param(f, (kiln_block){head.id + i}, I64);
  for (uint32_t i = 0; i < n; i++) {
    kiln_build_br(f, (kiln_block){head.id + i}, &zero, 1);
    kiln_block_switch(f, (kiln_block){head.id + i});
  }
  for (uint32_t i = n; i-- > 0;) {
    kiln_build_br(f, (kiln_block){tail.id + i}, NULL, 0);
    kiln_block_switch(f, (kiln_block){tail.id + i});
    kiln_value next = kiln_build_binary(f, KILN_OP_ADD, I64, k[i], number(f, 1));
    kiln_value cond = kiln_build_icmp(f, KILN_SLT, I64, next, x);
    kiln_block out = i ? kiln_block_new(f) : end;
    kiln_build_brif(f, cond, (kiln_block){head.id + i}, &next, 1, out, NULL, 0);
    kiln_block_switch(f, out);
  }
  free(k);
  finish(c, f, x);
}

/* A switch of n cases, `step` apart, each to a block of its own with an argument. */
static void switch_of(struct context *c, int64_t step) {
  kiln_func *f = begin(c, "f");
  kiln_value x = kiln_func_param(f, 0);
  kiln_case *cases = malloc(c->n * sizeof *cases);
  if (cases == NULL) abort();
  kiln_block from = kiln_block_current(f), end = kiln_block_new(f);
  kiln_value result = kiln_block_param(f, end, I64);
  kiln_block first = kiln_block_new_many(f, c->n);
  for (uint32_t i = 0; i < c->n; i++) /* not sorted: 7 and the sizes have no common factor */
    cases[i] = (kiln_case){(int64_t)((uint64_t)i * 7 % c->n) * step, {first.id + i}};
  kiln_build_switch(f, I64, x, end, cases, c->n);
  kiln_edge_arg(f, from, end, 0, x);
  for (uint32_t i = 0; i < c->n; i++) {
    kiln_block_switch(f, (kiln_block){first.id + i});
    kiln_value v = kiln_build_binary(f, KILN_OP_ADD, I64, x, number(f, i));
    kiln_build_br(f, end, &v, 1);
  }
  free(cases);
  kiln_block_switch(f, end);
  finish(c, f, result);
}
static void switch_dense(struct context *c) { switch_of(c, 1); }
static void switch_sparse(struct context *c) { switch_of(c, 1000003); }

/* A switch of n cases to one block, each with an argument of its own: n stubs. */
static void switch_edges(struct context *c) {
  kiln_func *f = begin(c, "f");
  kiln_value x = kiln_func_param(f, 0);
  kiln_case *cases = malloc(c->n * sizeof *cases);
  if (cases == NULL) abort();
  kiln_block end = kiln_block_new(f);
  kiln_value result = kiln_block_param(f, end, I64);
  kiln_block from = kiln_block_current(f);
  for (uint32_t i = 0; i < c->n; i++) cases[i] = (kiln_case){i, end};
  kiln_build_switch(f, I64, x, end, cases, c->n);
  kiln_edge_arg(f, from, end, 0, x);
  free(cases);
  kiln_block_switch(f, end);
  finish(c, f, result);
}

/* A call with n arguments, on the stack but for six. */
static void arguments(struct context *c) {
  kiln_func *f = begin(c, "f");
  kiln_param *params = calloc(c->n, sizeof *params);
  kiln_value *args = malloc(c->n * sizeof *args);
  if (params == NULL || args == NULL) abort();
  for (uint32_t i = 0; i < c->n; i++) params[i].type = I64;
  kiln_type result = I64;
  kiln_sig sig = kiln_sig_new(c->m, KILN_CC_C, 0, params, c->n, &result, 1);
  kiln_symbol g = kiln_func_declare(c->m, &(kiln_symbol_desc){.name = "many"}, sig);
  for (uint32_t i = 0; i < c->n; i++)
    args[i] = kiln_build_binary(f, KILN_OP_ADD, I64, kiln_func_param(f, 0), number(f, i));
  finish(c, f, kiln_build_call(f, sig, kiln_const_symbol(f, g, 0), args, c->n));
  kiln_func *h = kiln_func_begin(c->s, g); /* and the function that gets them */
  kiln_value sum = kiln_func_param(h, 0);
  for (uint32_t i = 1; i < c->n; i++)
    sum = kiln_build_binary(h, KILN_OP_ADD, I64, sum, kiln_func_param(h, i));
  finish(c, h, sum);
  free(params);
  free(args);
}

/* n functions that call the one before. */
static void functions(struct context *c) {
  kiln_symbol last = c->callee;
  for (uint32_t i = 0; i < c->n; i++) {
    char name[16];
    snprintf(name, sizeof name, "f%u", i);
    kiln_func *f = begin(c, name);
    kiln_symbol self = kiln_func_symbol(f);
    kiln_value arg = kiln_build_binary(f, KILN_OP_MUL, I64, kiln_func_param(f, 0), number(f, i));
    finish(c, f, kiln_build_call(f, c->sig, kiln_const_symbol(f, last, 0), &arg, 1));
    last = self;
  }
}

/* n functions with a label each whose address is taken. */
static void labels(struct context *c) {
  for (uint32_t i = 0; i < c->n; i++) {
    char name[16];
    snprintf(name, sizeof name, "f%u", i);
    kiln_func *f = begin(c, name);
    kiln_value x = kiln_func_param(f, 0);
    kiln_block b = kiln_block_new(f);
    kiln_symbol s = kiln_block_symbol(c->m, kiln_func_symbol(f), b.id);
    kiln_build_brind(f, kiln_const_symbol(f, s, 0), &b, 1);
    kiln_block_switch(f, b);
    finish(c, f, x);
  }
}

/* n labels in one function. */
static void labels_of_one(struct context *c) {
  kiln_func *f = begin(c, "f");
  kiln_value x = kiln_func_param(f, 0);
  kiln_block *targets = malloc(c->n * sizeof *targets);
  if (targets == NULL) abort();
  kiln_block first = kiln_block_new_many(f, c->n);
  for (uint32_t i = 0; i < c->n; i++) {
    targets[i] = (kiln_block){first.id + i};
    kiln_block_symbol(c->m, kiln_func_symbol(f), first.id + i);
  }
  kiln_build_brind(f, x, targets, c->n);
  for (uint32_t i = 0; i < c->n; i++) {
    kiln_block_switch(f, targets[i]);
    if (i + 1 < c->n) kiln_build_br(f, targets[i + 1], NULL, 0);
  }
  free(targets);
  finish(c, f, x);
}

/* n values that live at once, in one block. */
static void live_values(struct context *c) {
  kiln_func *f = begin(c, "f");
  kiln_value *v = malloc(c->n * sizeof *v), x = kiln_func_param(f, 0);
  if (v == NULL) abort();
  for (uint32_t i = 0; i < c->n; i++)
    v[i] = kiln_build_binary(f, KILN_OP_MUL, I64, x, number(f, i));
  for (uint32_t i = 0; i < c->n; i++) x = kiln_build_binary(f, KILN_OP_SUB, I64, x, v[i]);
  free(v);
  finish(c, f, x);
}

/* The same across blocks: all have homes for life. */
static void live_globals(struct context *c) {
  kiln_func *f = begin(c, "f");
  kiln_value *v = malloc(c->n * sizeof *v), x = kiln_func_param(f, 0);
  if (v == NULL) abort();
  for (uint32_t i = 0; i < c->n; i++) {
    v[i] = kiln_build_binary(f, KILN_OP_MUL, I64, x, number(f, i));
    if (i % 16) continue;
    kiln_block next = kiln_block_new(f);
    kiln_build_br(f, next, NULL, 0);
    kiln_block_switch(f, next);
  }
  for (uint32_t i = 0; i < c->n; i++) {
    x = kiln_build_binary(f, KILN_OP_SUB, I64, x, v[i]);
    if (i % 16) continue;
    kiln_block next = kiln_block_new(f);
    kiln_build_br(f, next, NULL, 0);
    kiln_block_switch(f, next);
  }
  free(v);
  finish(c, f, x);
}

/* n parameters of a block, made between other values, and a loop that turns them. */
static void parameters(struct context *c) {
  kiln_func *f = begin(c, "f");
  kiln_value *p = malloc(c->n * sizeof *p), *a = malloc(c->n * sizeof *a);
  if (p == NULL || a == NULL) abort();
  kiln_value x = kiln_func_param(f, 0);
  kiln_block head = kiln_block_new(f), end = kiln_block_new(f);
  for (uint32_t i = 0; i < c->n; i++) {
    a[i] = kiln_build_binary(f, KILN_OP_ADD, I64, x, number(f, i));
    p[i] = kiln_block_param(f, head, I64);
  }
  kiln_build_br(f, head, a, c->n);
  kiln_block_switch(f, head);
  for (uint32_t i = 0; i < c->n; i++) a[i] = p[(i + 1) % c->n];
  kiln_build_brif(f, kiln_build_icmp(f, KILN_NE, I64, p[0], x), head, a, c->n, end, NULL, 0);
  kiln_block_switch(f, end);
  kiln_value last = p[c->n - 1];
  free(p);
  free(a);
  finish(c, f, last);
}

/* n slots: half of them variables, half of them not. */
static void slots(struct context *c) {
  kiln_func *f = begin(c, "f");
  kiln_value *s = malloc(c->n * sizeof *s), x = kiln_func_param(f, 0);
  if (s == NULL) abort();
  for (uint32_t i = 0; i < c->n; i++) {
    s[i] = kiln_slot_new(f, 8, 3);
    kiln_build_store(f, I64, s[i], 0, x, 0);
    if (i & 1) x = kiln_build_binary(f, KILN_OP_ADD, I64, x, s[i]);
  }
  kiln_block next = kiln_block_new(f);
  kiln_build_br(f, next, NULL, 0);
  kiln_block_switch(f, next);
  for (uint32_t i = 0; i < c->n; i++)
    x = kiln_build_binary(f, KILN_OP_XOR, I64, x, kiln_build_load(f, I64, s[i], 0, 0));
  free(s);
  finish(c, f, x);
}

/* n loads of a variable whose values are still wanted when it is stored to. */
static void aliases(struct context *c) {
  kiln_func *f = begin(c, "f");
  kiln_value *v = malloc(c->n * sizeof *v), x = kiln_func_param(f, 0);
  if (v == NULL) abort();
  kiln_value s = kiln_slot_new(f, 8, 3);
  kiln_build_store(f, I64, s, 0, x, 0);
  kiln_block next = kiln_block_new(f);
  kiln_build_br(f, next, NULL, 0);
  kiln_block_switch(f, next);
  for (uint32_t i = 0; i < c->n; i++) {
    v[i] = kiln_build_load(f, I64, s, 0, 0);
    if (i % 8 == 7) kiln_build_store(f, I64, s, 0, number(f, i), 0);
  }
  for (uint32_t i = 0; i < c->n; i++) x = kiln_build_binary(f, KILN_OP_SUB, I64, x, v[i]);
  free(v);
  finish(c, f, x);
}

/* n different float constants. */
static void constants(struct context *c) {
  kiln_func *f = begin(c, "f");
  kiln_value x = kiln_const_f64(f, 1);
  for (uint32_t i = 0; i < c->n; i++)
    x = kiln_build_binary(f, KILN_OP_FADD, F64, x, kiln_const_f64(f, i * 0.1));
  finish(c, f, kiln_build_convert(f, KILN_OP_FTOSI, I64, F64, x));
}

/* A chain of n addresses, each of which waits for its user. */
static void addresses(struct context *c) {
  kiln_func *f = begin(c, "f");
  kiln_value x = kiln_func_param(f, 0), p = x;
  for (uint32_t i = 0; i < c->n; i++) {
    p = kiln_build_addr(f, p, x, 8, 8);
    if (i % 3 == 0) kiln_build_store(f, I64, p, 0, x, 0);
  }
  finish(c, f, p);
}

/* n forward values, bound at the end. */
static void forwards(struct context *c) {
  kiln_func *f = begin(c, "f");
  kiln_value *v = malloc(c->n * sizeof *v), x = kiln_func_param(f, 0);
  if (v == NULL) abort();
  kiln_block use = kiln_block_new(f), def = kiln_block_new(f);
  kiln_build_br(f, def, NULL, 0);
  kiln_block_switch(f, use);
  kiln_value sum = x;
  for (uint32_t i = 0; i < c->n; i++) {
    v[i] = kiln_forward_new(f, I64);
    sum = kiln_build_binary(f, KILN_OP_XOR, I64, sum, v[i]);
  }
  kiln_build_ret(f, &sum, 1);
  kiln_block_switch(f, def);
  for (uint32_t i = 0; i < c->n; i++)
    kiln_forward_bind(f, v[i], kiln_build_binary(f, KILN_OP_ADD, I64, x, number(f, i)));
  free(v);
  kiln_build_br(f, use, NULL, 0);
  kiln_status status = kiln_func_compile(f);
  if (c->status == KILN_OK) c->status = status;
}

/* ---- running ---- */

struct job {
  kiln_target target;
  generator *generate;
  uint32_t n;
  uint64_t ns;
  kiln_status status;
  char diag[300];
};

static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void on_diag(void *user, const kiln_diag *d) {
  struct job *j = user;
  kiln_diag_format(d, j->diag, sizeof j->diag);
}

static void *run(void *arg) {
  struct job *j = arg;
  struct context c = {.n = j->n};
  kiln_param p = {.type = I64};
  kiln_type result = I64;
  c.m = kiln_module_new(
    &(kiln_module_options){.target = j->target, .on_diag = on_diag, .diag_user = j});
  c.s = kiln_session_new(c.m);
  c.sig = kiln_sig_new(c.m, KILN_CC_C, 0, &p, 1, &result, 1);
  c.callee = kiln_func_declare(c.m, &(kiln_symbol_desc){.name = "callee"}, c.sig);
  uint64_t from = now();
  j->generate(&c);
  kiln_buffer object = {0};
  if (c.status == KILN_OK) c.status = kiln_emit_elf(c.m, &c.s, 1, &object);
  j->ns = now() - from;
  j->status = c.status;
  kiln_buffer_free(&object);
  kiln_session_free(c.s);
  kiln_module_free(c.m);
  return NULL;
}

/* Runs on a stack of STACK_KIB: recursion as deep as the input would end the process. */
static uint64_t run_small_stack(kiln_target target, generator *generate, uint32_t n) {
  struct job j = {.target = target, .generate = generate, .n = n};
  pthread_attr_t attr;
  pthread_t thread;
  pthread_attr_init(&attr);
  assert_int_equal(pthread_attr_setstacksize(&attr, STACK_KIB << (SANITIZED ? 12 : 10)), 0);
  assert_int_equal(pthread_create(&thread, &attr, run, &j), 0);
  pthread_join(thread, NULL);
  pthread_attr_destroy(&attr);
  if (j.status != KILN_OK) fail_msg("%u: %s", n, j.diag);
  return j.ns;
}

struct row {
  const char *name;
  generator *generate;
  uint32_t n;
};

static void check_row(kiln_target target, const struct row *row) {
  uint32_t n = SANITIZED ? row->n / 10 : row->n, few = n / STEPS ? n / STEPS : 1;
  uint64_t ns = run_small_stack(target, row->generate, n), least = UINT64_MAX;
  for (int i = 0; i < 3; i++) {
    uint64_t t = run_small_stack(target, row->generate, few);
    if (t < least) least = t;
  }
  double each = (double)ns / n, each_few = (double)least / few;
  print_message("# %-8s %8u %-16s %7.1f ns each, %7.1f ns of %u\n", kiln_target_name(target), n,
                row->name, each, each_few, few);
  /* the time for few is rounded up, so that what a module costs at least does not hide growth */
  if (ns > MIN_NS && each > (double)BOUND * each_few)
    fail_msg("%u %s take %.0f times as long each as %u", n, row->name, each / each_few, few);
}

static void test_row(void **state) {
  for (unsigned t = 0; t < KILN_TARGET_COUNT; t++) check_row((kiln_target)t, *state);
}

static const struct row rows[] = {
  {"instructions", instructions, 1000000},
  {"blocks", blocks, 100000},
  {"blocks backward", blocks_backward, 100000},
  {"nested loops", loops, 10000},
  {"cases", switch_dense, 100000},
  {"sparse cases", switch_sparse, 100000},
  {"edges", switch_edges, 100000},
  {"arguments", arguments, 1000},
  {"functions", functions, 100000},
  {"labels", labels, 10000},
  {"labels of one", labels_of_one, 20000},
  {"live values", live_values, 100000},
  {"live globals", live_globals, 100000},
  {"parameters", parameters, 10000},
  {"slots", slots, 100000},
  {"aliases", aliases, 100000},
  {"constants", constants, 100000},
  {"addresses", addresses, 100000},
  {"forwards", forwards, 100000},
};
enum { ROWS = sizeof rows / sizeof *rows };

int main(void) {
  struct CMUnitTest tests[ROWS];
  for (size_t i = 0; i < ROWS; i++)
    tests[i] = (struct CMUnitTest){
      .name = rows[i].name, .test_func = test_row, .initial_state = (void *)(uintptr_t)&rows[i]};
  return _cmocka_run_group_tests("growth", tests, ROWS, NULL, NULL);
}
