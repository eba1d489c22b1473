/* Callbacks that call back. For each function pointer of the public headers (tests/source/callbacks.py compares the
 * rows), what the header allows works, and what it does not allow gives an error and leaves everything as it was. */
#include "jit_fixture.h"

#include <kiln/asm.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <kiln/inline.h>
#ifdef KN_TEST_INTERP
#include <kiln/interp.h>
#endif

/* What the callback of a test works on. */
static struct {
  kiln_module *m;
  kiln_session *s;
  kiln_jit *jit;
  kiln_jit_stream *stream;
  kiln_sig sig;
  unsigned calls, most;
  kiln_status status;
  char message[256];
  bool inside, own_session;
} t;

static void begin(void) { memset(&t, 0, sizeof t); }

static kiln_module *module_of(kiln_module_options o) {
  o.jit = true;
  o.verify = true;
  kiln_module *m = kiln_module_new(&o);
  assert_non_null(m);
  t.m = m;
  t.s = kiln_session_new(m);
  t.sig = kiln_sig_parse(m, "(i64) -> i64");
  return m;
}

static kiln_func *begin_function(const char *name) {
  kiln_symbol symbol = kiln_func_declare(t.m, &(kiln_symbol_desc){.name = name}, t.sig);
  return kiln_func_begin(t.s, symbol);
}

static kiln_func *identity(const char *name) {
  kiln_func *f = begin_function(name);
  kiln_value v = kiln_func_param(f, 0);
  kiln_build_ret(f, &v, 1);
  return f;
}

/* Frees the module, which no callback could. */
static void end(void) {
  kiln_jit_stream_free(t.stream);
  kiln_session_free(t.s);
  kiln_module_free(t.m);
  kiln_jit_free(t.jit);
}

/* ---- kiln_jit_options.resolve ---- */

static void *compile_chain(kiln_session *s, unsigned n);

static void *resolve_chain(void *user, const char *name) {
  (void)user;
  unsigned n;
  if (sscanf(name, "f%u", &n) != 1) return NULL;
  kiln_session *s = t.own_session ? t.s : kiln_session_new(t.m);
  void *p = compile_chain(s, n);
  if (s != t.s) kiln_session_free(s);
  return p;
}

/* fN(x) = f(N + 1)(x) + 1, with data of its own, and shared data; the last is the identity. */
static void *compile_chain(kiln_session *s, unsigned n) {
  char name[16], next[16], data[16];
  snprintf(name, sizeof name, "f%u", n);
  snprintf(next, sizeof next, "f%u", n + 1);
  snprintf(data, sizeof data, "d%u", n);
  int64_t one = 1;
  kiln_symbol d = kiln_data_declare(t.m, &(kiln_symbol_desc){.name = data});
  kiln_data_define(t.m, d, &(kiln_data_desc){.bytes = &one, .size_bytes = 8});
  kiln_symbol symbol = kiln_func_declare(t.m, &(kiln_symbol_desc){.name = name}, t.sig);
  kiln_func *f = kiln_func_begin(s, symbol);
  kiln_value v = kiln_func_param(f, 0);
  if (n < t.most) {
    kiln_symbol to = kiln_func_declare(t.m, &(kiln_symbol_desc){.name = next}, t.sig);
    v = kiln_build_call(f, t.sig, kiln_const_symbol(f, to, 0), &v, 1);
    kiln_value p = kiln_const_symbol(f, d, 0);
    v = kiln_build_add(f, KILN_TYPE_I64, v, kiln_build_load(f, KILN_TYPE_I64, p, 0, 0));
  }
  kiln_build_ret(f, &v, 1);
  kiln_jit_error e = {0};
  void *p = kiln_jit_stream_define(t.stream, f, 0, NULL, &e);
  if (p == NULL) fail_msg("f%u: %s", n, e.diag.message);
  return p;
}

static void chain(bool own_session) {
  begin();
  t.jit = jit_new(&(kiln_jit_options){.resolve = resolve_chain});
  module_of((kiln_module_options){0});
  t.stream = kiln_jit_stream_new(t.jit, t.m, NULL, NULL);
  t.most = 200;
  t.own_session = own_session;
  long (*f)(long) = (long (*)(long))compile_chain(t.s, 0);
  assert_int_equal(f(5), 205);
  assert_int_equal(kiln_jit_get_stats(t.jit).units, 201);
  t.most = 301;
  f = (long (*)(long))compile_chain(t.s, 300);
  assert_int_equal(f(5), 6);
  assert_int_equal(kiln_module_status(t.m), KILN_OK);
  end();
}

/* The other half of a unit that is being added may be compiled meanwhile, and is added later. */
static void *resolve_half(void *user, const char *name) {
  (void)user;
  t.calls++;
  assert_string_equal(name, "missing");
  assert_int_equal(kiln_func_compile(identity("later")), KILN_OK);
  for (unsigned i = 0; i < 3000; i++) {
    char text[16];
    snprintf(text, sizeof text, "grow%u", i);
    kiln_func_declare(t.m, &(kiln_symbol_desc){.name = text}, t.sig);
  }
  return NULL;
}

/* In a new module with a stream: the function "outer", which calls "missing". */
static kiln_func *outer_of_stream(void) {
  module_of((kiln_module_options){0});
  t.stream = kiln_jit_stream_new(t.jit, t.m, NULL, NULL);
  kiln_func *f = begin_function("outer");
  kiln_symbol to = kiln_func_declare(t.m, &(kiln_symbol_desc){.name = "missing"}, t.sig);
  kiln_value v = kiln_func_param(f, 0);
  v = kiln_build_call(f, t.sig, kiln_const_symbol(f, to, 0), &v, 1);
  kiln_build_ret(f, &v, 1);
  return f;
}

static void resolve_half_fails(void) {
  begin();
  t.jit = jit_new(&(kiln_jit_options){.resolve = resolve_half});
  kiln_func *f = outer_of_stream();
  kiln_jit_error e = {0};
  assert_null(kiln_jit_stream_define(t.stream, f, 0, NULL, &e));
  assert_string_equal(e.diag.message, "undefined: missing");
  assert_int_equal(kiln_jit_stream_add(t.stream, t.s, 0, NULL, &e), KILN_OK);
  long (*later)(long) = (long (*)(long))kiln_jit_lookup(t.jit, "later");
  assert_non_null(later);
  assert_int_equal(later(7), 7);
  assert_int_equal(t.calls, 1);
  kiln_jit_error_free(&e);
  end();
}

static void *resolve_frees(void *user, const char *name) {
  (void)user;
  (void)name;
  kiln_jit_free(t.jit);
  kiln_jit_stream_free(t.stream);
  kiln_session_free(t.s);
  kiln_module_free(t.m);
  return NULL;
}

/* Nothing that the call needs is freed; the call fails. Afterwards it can be freed. */
static void resolve_cannot_free(void) {
  begin();
  t.jit = jit_new(&(kiln_jit_options){.resolve = resolve_frees});
  kiln_func *f = outer_of_stream();
  kiln_jit_error e = {0};
  assert_null(kiln_jit_stream_define(t.stream, f, 0, NULL, &e));
  assert_int_equal(e.diag.status, KILN_ERR_STRUCTURE);
  assert_non_null(strstr(e.diag.message, "kiln_jit_free"));
  assert_int_equal(kiln_module_status(t.m), KILN_ERR_STRUCTURE);
  assert_non_null(strstr(kiln_module_diag(t.m)->message, "cannot free"));
  kiln_jit_error_free(&e);
  end();
}

/* kiln_jit_add: the resolver adds units, removes them, and adds the same name. */
static void *resolve_adds(void *user, const char *name) {
  (void)user;
  t.calls++;
  assert_string_equal(name, "a");
  kiln_jit_unit u = jit_add(t.jit, "func @x() -> i64 {\nb0:\n  ret 1\n}\n", 0);
  jit_add(t.jit, "func @b() -> i64 {\nb0:\n  ret 2\n}\nfunc @a() -> i64 {\nb0:\n  ret 40\n}\n", 0);
  assert_int_equal(kiln_jit_remove(t.jit, u, NULL), KILN_OK);
  return NULL;
}

CASE(resolve) {
  chain(false);
  chain(true);
  resolve_half_fails();
  resolve_cannot_free();
  begin();
  t.jit = jit_new(&(kiln_jit_options){.resolve = resolve_adds});
  jit_add(t.jit,
          "declare @a() -> i64\ndeclare @b() -> i64\nfunc @f() -> i64 {\nb0:\n  v0 = call @a()\n"
          "  v1 = call @b()\n  v2 = add.i64 v0, v1\n  ret v2\n}\n",
          0);
  assert_int_equal(t.calls, 1); /* b is known by then */
  assert_int_equal(jit_call(t.jit, "f", 0, 0), 42);
  kiln_jit_free(t.jit);
}

/* ---- kiln_jit_each_undefined ---- */

static void on_name(void *user, const char *name) {
  kiln_jit_error e = {0};
  (void)user;
  assert_string_equal(name, "missing");
  t.calls++;
  assert_int_equal(kiln_jit_add(t.jit, 0, NULL, 0, NULL, &e), KILN_ERR_STRUCTURE);
  assert_non_null(strstr(e.diag.message, "callback"));
  assert_int_equal(kiln_jit_remove(t.jit, (kiln_jit_unit){1}, &e), KILN_ERR_STRUCTURE);
  assert_int_equal(kiln_jit_run_constructors(t.jit, (kiln_jit_unit){1}, 0, NULL, NULL),
                   KILN_ERR_STRUCTURE);
  assert_null(kiln_jit_lookup(t.jit, "f"));
  assert_null(kiln_jit_address(t.jit, (kiln_jit_unit){1}, NULL));
  assert_null(kiln_jit_function(t.jit, (kiln_jit_unit){1}, 0));
  assert_int_equal(kiln_jit_each_undefined(t.jit, on_name, NULL), 0);
  assert_int_equal(kiln_jit_get_stats(t.jit).units, 0);
  kiln_jit_free(t.jit);
}

CASE(each_undefined) {
  begin();
  t.jit = jit_new(NULL);
  jit_add(t.jit, "declare @missing()\nfunc @f() -> i64 {\nb0:\n  call @missing()\n  ret 1\n}\n",
          KILN_JIT_FORWARD);
  assert_int_equal(kiln_jit_each_undefined(t.jit, on_name, NULL), 1);
  assert_int_equal(t.calls, 1);
  assert_non_null(kiln_jit_lookup(t.jit, "f"));
  kiln_jit_free(t.jit);
}

/* ---- kiln_jit_declare_lazy ---- */

static void *compile_lazy(void *user, const char *name) {
  kiln_jit_error e = {0};
  t.calls++;
  kiln_jit_free(t.jit); /* has no effect */
  assert_string_equal(name, "lazy");
  assert_ptr_equal(
    kiln_jit_declare_lazy(
      t.jit, &(kiln_jit_lazy_desc){.name = "lazy", .compile = compile_lazy, .compile_user = user},
      &e),
    kiln_jit_lookup(t.jit, "lazy"));
  jit_add(t.jit, "func @helper() -> i64 {\nb0:\n  ret 4\n}\n", 0);
  assert_int_equal(jit_call(t.jit, "helper", 0, 0), 4);
  assert_int_equal(kiln_jit_remove_lazy(t.jit, "lazy", &e), KILN_OK);
  jit_add(t.jit,
          "declare @helper() -> i64\nfunc @lazy() -> i64 {\nb0:\n  %a = call @helper()\n"
          "  ret %a\n}\n",
          0);
  kiln_jit_error_free(&e);
  return NULL;
}

/* No lock is held, and the JIT knows the new declaration, if there is one. */
static void release_lazy(void *user) {
  t.inside = true;
  assert_ptr_equal(user, &t);
  jit_add(t.jit, "func @late() -> i64 {\nb0:\n  ret 5\n}\n", 0);
  assert_int_equal(jit_call(t.jit, "late", 0, 0), 5);
}

CASE(lazy) {
  begin();
  t.jit = jit_new(NULL);
  assert_non_null(kiln_jit_declare_lazy(
    t.jit,
    &(kiln_jit_lazy_desc){
      .name = "lazy", .compile = compile_lazy, .release = release_lazy, .release_user = &t},
    NULL));
  assert_int_equal(jit_call(t.jit, "lazy", 0, 0), 4);
  assert_int_equal(jit_call(t.jit, "lazy", 0, 0), 4);
  assert_int_equal(t.calls, 1);
  assert_true(t.inside);
  kiln_jit_free(t.jit);
}

static atomic_bool is_blocked;
static long lazy_result(long a, long b) { return 6 + 0 * (a + b); }

static void *compile_slowly(void *user, const char *name) {
  (void)user, (void)name;
  while (!is_blocked) sched_yield();
  return (void *)(uintptr_t)lazy_result;
}

/* The thread that waits holds no lock. */
static void block_lazy(void *user, void (*wait)(void *argument), void *argument) {
  assert_ptr_equal(user, &t);
  t.calls++;
  kiln_jit_free(t.jit); /* has no effect */
  if (kiln_jit_lookup(t.jit, "lazy") != NULL) t.inside = true;
  is_blocked = true;
  wait(argument);
}

static void *call_lazy(void *function) { return (void *)((jit_fn *)(uintptr_t)function)(0, 0); }

CASE(blocked) {
  pthread_t thread;
  void *result;
  begin();
  t.jit = jit_new(NULL);
  void *stub = kiln_jit_declare_lazy(
    t.jit,
    &(kiln_jit_lazy_desc){
      .name = "lazy", .compile = compile_slowly, .blocked = block_lazy, .blocked_user = &t},
    NULL);
  assert_int_equal(pthread_create(&thread, NULL, call_lazy, stub), 0);
  assert_int_equal((intptr_t)call_lazy(stub), 6);
  assert_int_equal(pthread_join(thread, &result), 0);
  assert_int_equal((intptr_t)result, 6);
  assert_true(t.inside);
  assert_true(t.calls >= 1); /* each waits for the other one's `compile` at most once */
  kiln_jit_free(t.jit);
}

/* ---- kiln_allocator.realloc ---- */

/* Uses everything while the module allocates. */
static void *greedy_realloc(void *user, void *old, size_t size) {
  kiln_jit_error e = {0};
  (void)user;
  if (!t.inside && t.calls > 0) {
    t.inside = true;
    t.calls++;
    if (t.m != NULL) {
      assert_int_equal(kiln_func_declare(t.m, &(kiln_symbol_desc){.name = "wrong"}, t.sig).id, 0);
      assert_int_equal(kiln_module_status(t.m), KILN_ERR_STRUCTURE);
      kiln_module_free(t.m);
    }
    if (t.jit != NULL)
      t.status = kiln_jit_add(t.jit, 0, NULL, 0, NULL, &e); /* allowed without the lock */
    kiln_jit_error_free(&e);
    t.inside = false;
  }
  if (size == 0) {
    free(old);
    return NULL;
  }
  return realloc(old, size);
}

CASE(allocator) {
  begin();
  module_of((kiln_module_options){.allocator = {.realloc = greedy_realloc}});
  assert_int_equal(kiln_func_compile(identity("f")), KILN_OK);
  t.calls = 1;
  for (unsigned i = 0; i < 100 && kiln_module_status(t.m) == KILN_OK; i++) {
    char name[16];
    snprintf(name, sizeof name, "g%u", i);
    kiln_func_declare(t.m, &(kiln_symbol_desc){.name = name}, t.sig);
  }
  assert_true(t.calls > 1);
  assert_int_equal(kiln_module_status(t.m), KILN_ERR_STRUCTURE);
  assert_non_null(strstr(kiln_module_diag(t.m)->message, "callback cannot change"));
  kiln_module *m = t.m;
  t.m = NULL;
  kiln_session_free(t.s);
  kiln_module_free(m);

  begin();
  t.jit = jit_new(&(kiln_jit_options){.allocator = {.realloc = greedy_realloc}});
  t.calls = 1;
  jit_add(t.jit, "func @f() -> i64 {\nb0:\n  ret 42\n}\n", KILN_JIT_REDEFINABLE);
  assert_true(t.calls > 1);
  assert_int_equal(jit_call(t.jit, "f", 0, 0), 42);
  kiln_jit *jit = t.jit;
  t.jit = NULL;
  kiln_jit_free(jit);
}

/* ---- kiln_module_options.on_diag ---- */

static kiln_func *failing;

/* What it tries fails, and calls it no more. */
static void on_diag(void *user, const kiln_diag *d) {
  (void)user;
  (void)d;
  t.calls++;
  assert_string_equal(kiln_module_name(t.m), "m");
  assert_int_equal(kiln_symbol_get(t.m, kiln_symbol_lookup(t.m, "f")).kind, KILN_SYMBOL_FUNC);
  assert_int_equal(kiln_func_declare(t.m, &(kiln_symbol_desc){.name = "no"}, t.sig).id, 0);
  kiln_func_discard(failing);
  assert_int_not_equal(kiln_func_compile(failing), KILN_OK);
  kiln_session_free(t.s);
  kiln_module_free(t.m);
}

CASE(diag) {
  begin();
  module_of((kiln_module_options){.name = "m", .on_diag = on_diag});
  failing = identity("f");
  kiln_func_fail(failing, KILN_ERR_ARGUMENT, "wrong");
  assert_int_equal(t.calls, 1);
  assert_int_equal(kiln_func_status(failing), KILN_ERR_ARGUMENT);
  assert_int_equal(kiln_module_status(t.m), KILN_ERR_STRUCTURE);
  kiln_func_discard(failing);
  end();
  begin(); /* the module reports the error, and then the function goes on */
  module_of((kiln_module_options){.name = "m", .on_diag = on_diag});
  failing = identity("f");
  assert_int_equal(kiln_func_add_data(failing, &(kiln_data_desc){.align_log2 = 17}).id, 0);
  assert_int_equal(t.calls, 1);
  assert_int_equal(kiln_module_status(t.m), KILN_ERR_ARGUMENT);
  kiln_func_discard(failing);
  end();
}

/* ---- kiln_module_options.assemble ---- */

static kiln_status assemble(void *user, const kiln_target *target, kiln_assembly *texts,
                            uint32_t n) {
  (void)user;
  (void)target;
  (void)texts;
  assert_int_equal(n, 1);
  t.calls++;
  assert_int_equal(kiln_func_declare(t.m, &(kiln_symbol_desc){.name = "no"}, t.sig).id, 0);
  kiln_module_free(t.m);
  return KILN_ERR_UNSUPPORTED;
}

CASE(assembler) {
  begin();
  module_of((kiln_module_options){.assemble = assemble});
  kiln_assembly text = {0};
  assert_int_equal(kiln_module_assemble(t.m, &text, 1), KILN_ERR_STRUCTURE);
  assert_int_equal(t.calls, 1);
  assert_int_equal(kiln_module_status(t.m), KILN_ERR_STRUCTURE);
  end();
}

/* ---- kiln_inline_attrs.decide ---- */

static bool decide(void *user, const kiln_inline_call_info *call) {
  (void)user;
  t.calls++;
  assert_string_equal(kiln_symbol_get(t.m, call->callee).desc.name, "small");
  if (t.most != 0) {
    assert_int_equal(kiln_func_declare(t.m, &(kiln_symbol_desc){.name = "no"}, t.sig).id, 0);
    kiln_session_free(t.s);
    kiln_module_free(t.m);
  }
  return true;
}

CASE(inlining) {
  for (unsigned changes = 0; changes < 2; changes++) {
    begin();
    module_of((kiln_module_options){0});
    kiln_module_attrs attrs = kiln_module_get_attrs(t.m);
    attrs.inlining = KILN_INLINING_SMALL;
    assert_int_equal(kiln_module_set_attrs(t.m, &attrs), KILN_OK);
    kiln_module_set_inline_attrs(t.m, &(kiln_inline_attrs){.decide = decide});
    assert_int_equal(kiln_func_keep(identity("small")), KILN_OK);
    kiln_module_settle_inlining(t.m);
    t.most = changes;
    kiln_func *f = begin_function("f");
    kiln_symbol small = kiln_symbol_lookup(t.m, "small");
    kiln_value v = kiln_func_param(f, 0);
    v = kiln_build_call(f, t.sig, kiln_const_symbol(f, small, 0), &v, 1);
    kiln_build_ret(f, &v, 1);
    kiln_status status = kiln_func_compile(f);
    assert_true(t.calls > 0);
    if (changes == 0) assert_int_equal(status, KILN_OK);
    else assert_int_equal(kiln_module_status(t.m), KILN_ERR_STRUCTURE);
    end();
  }
}

/* ---- kiln_session_set_witness ---- */

static kiln_status print(void *user, kiln_func *f, kiln_buffer *out) {
  assert_ptr_equal(user, &t);
  t.calls++;
  kiln_func *other = identity("other");
  assert_int_equal(kiln_func_compile(other), KILN_ERR_STRUCTURE);
  return t.most ? KILN_ERR_LIMIT : kiln_func_print(f, out);
}

/* A printer gets each function as it is compiled, cannot compile, and fails the function if it fails. */
CASE(witness) {
  for (unsigned fails = 0; fails < 2; fails++) {
    begin();
    module_of((kiln_module_options){0});
    kiln_buffer out = {0};
    t.most = fails;
    assert_int_equal(kiln_session_set_witness(t.s, print, &t, &out), KILN_OK);
    assert_int_equal(kiln_func_compile(identity("f")), fails ? KILN_ERR_LIMIT : KILN_OK);
    assert_int_equal(t.calls, 1);
    assert_int_equal(kiln_buffer_append(&out, "", 1), KILN_OK);
    assert_true((strstr((char *)out.data, "\nblock 0 ") != NULL) == !fails);
    assert_true((strstr((char *)out.data, "func @f(i64) -> i64") != NULL) == !fails);
    assert_int_equal(kiln_session_set_witness(t.s, NULL, NULL, NULL), KILN_OK);
    kiln_buffer_free(&out);
    end();
  }
}

/* ---- kiln_func_sink_fn ---- */

/* A sink may build, read and add: it has the function, and nothing is in progress. */
static kiln_status sink(void *user, kiln_func *f) {
  (void)user;
  t.calls++;
  if (t.calls == 1) {
    static const char more[] = "func @more(i64) -> i64 {\nb0(v0: i64):\n  ret v0\n}\n";
    assert_int_equal(kiln_func_compile(identity("of_sink")), KILN_OK);
    assert_int_equal(kiln_text_read(t.s, more, sizeof more - 1, sink, NULL), KILN_OK);
  }
  return kiln_func_compile(f);
}

CASE(sinks) {
  static const char text[] =
    "func @a(i64) -> i64 {\nb0(v0: i64):\n  v1 = call @b(v0)\n  ret v1\n}\n"
    "func @b(i64) -> i64 {\nb0(v0: i64):\n  ret v0\n}\n";
  begin();
  module_of((kiln_module_options){0});
  assert_int_equal(kiln_text_read(t.s, text, sizeof text - 1, sink, NULL), KILN_OK);
  assert_int_equal(t.calls, 3);
  t.jit = jit_new(NULL);
  kiln_jit_input in = {.module = t.m, .sessions = &t.s, .n_sessions = 1};
  assert_int_equal(kiln_jit_add(t.jit, 0, &in, 1, NULL, NULL), KILN_OK);
  for (const char *const *n = (const char *const[]){"a", "b", "more", "of_sink", NULL}; *n; n++)
    assert_int_equal(((long (*)(long))kiln_jit_lookup(t.jit, *n))(3), 3);
  end();
}

/* ---- <kiln/interp.h> ---- */

#ifdef KN_TEST_INTERP
static kiln_interp *interp;
static int64_t placed = 5;

static void *interp_place(void *user, kiln_symbol symbol, const char *name) {
  (void)user;
  t.calls++;
  assert_string_equal(kiln_symbol_get(t.m, symbol).desc.name, name);
  return &placed;
}

static int64_t called(int64_t x) { return x + 1; }

static void *interp_resolve(void *user, const char *name) {
  (void)user;
  t.calls++;
  assert_string_equal(name, "called");
  kiln_func_declare(t.m, &(kiln_symbol_desc){.name = "another"}, t.sig);
  return (void *)(uintptr_t)called;
}

static void on_fault(void *user, const kiln_diag *d) {
  (void)user;
  (void)d;
  t.calls++;
  assert_non_null(kiln_interp_address(interp, kiln_symbol_lookup(t.m, "f")));
}

CASE(interpreter) {
  static const char text[] =
    "data @d { i64 5 }\ndeclare @called(i64) -> i64\n"
    "func @f(i64) -> i64 {\nb0(v0: i64):\n  v1 = call @called(v0)\n  ret v1\n}\n"
    "func @g(i64) -> i64 {\nb0(v0: i64):\n  trap\n}\n";
  begin();
  module_of((kiln_module_options){0});
  interp = kiln_interp_new(
    t.m,
    &(kiln_interp_options){.resolve = interp_resolve, .place = interp_place, .on_fault = on_fault});
  assert_non_null(interp);
  kiln_diag d;
  assert_int_equal(kiln_text_read(t.s, text, sizeof text - 1, kiln_interp_sink, interp), KILN_OK);
  assert_int_equal(kiln_interp_link(interp, &d), KILN_OK);
  assert_int_equal(t.calls, 2); /* place, resolve */
  kiln_interp_value v = {.low = 3};
  assert_int_equal(kiln_interp_call(interp, kiln_symbol_lookup(t.m, "f"), &v, 1, &v, &d), KILN_OK);
  assert_int_equal(v.low, 4);
  assert_int_equal(kiln_interp_call(interp, kiln_symbol_lookup(t.m, "g"), &v, 1, &v, &d),
                   KILN_ERR_TRAP);
  assert_int_equal(t.calls, 3); /* and on_fault */
  kiln_interp_free(interp);
  end();
}

/* The function may change the root. */
static void interp_root(void *user, void *root, uint32_t size) {
  assert_ptr_equal(user, &t);
  t.calls++;
  assert_int_equal(size, 8);
  assert_int_equal(*(int64_t *)root, 4);
  *(int64_t *)root = 9;
}

static void collects(void) {
  kiln_interp_point point = kiln_interp_get_point(interp);
  assert_int_equal(kiln_interp_each_root(interp, point, NULL, NULL), 1);
  assert_int_equal(kiln_interp_each_root(interp, point, interp_root, &t), 1);
}

static void *resolve_collects(void *user, const char *name) {
  (void)user, (void)name;
  return (void *)(uintptr_t)collects;
}

CASE(interpreted_roots) {
  static const char text[] =
    "declare @collects()\n"
    "func @f(i64) -> i64 {\n  %r = slot 8 align 8 root\nb0(%v: i64):\n  store.i64 %v, %r\n"
    "  call @collects()\n  %w = load.i64 %r\n  ret %w\n}\n";
  begin();
  module_of((kiln_module_options){0});
  interp = kiln_interp_new(t.m, &(kiln_interp_options){.resolve = resolve_collects});
  kiln_diag d;
  assert_int_equal(kiln_text_read(t.s, text, sizeof text - 1, kiln_interp_sink, interp), KILN_OK);
  assert_int_equal(kiln_interp_link(interp, &d), KILN_OK);
  kiln_interp_value v = {.low = 4};
  assert_int_equal(kiln_interp_call(interp, kiln_symbol_lookup(t.m, "f"), &v, 1, &v, &d), KILN_OK);
  assert_int_equal(v.low, 9);
  assert_int_equal(t.calls, 1);
  assert_null(kiln_interp_get_point(interp).frame);
  kiln_interp_free(interp);
  end();
}
#endif

/* The rows that tests/source/callbacks.py compares with the headers: header, name. */
#define ROW(of, test) {of, test, NULL, NULL, NULL}

int main(void) {
  const struct CMUnitTest tests[] = {
    ROW("jit.h resolve", resolve),
    ROW("jit.h fn", each_undefined),
    ROW("jit.h compile, jit.h release", lazy),
    ROW("jit.h blocked", blocked),
    ROW("types.h realloc", allocator),
    ROW("module.h on_diag", diag),
    ROW("module.h assemble", assembler),
    ROW("inline.h decide", inlining),
    ROW("listing.h print", witness),
    ROW("text.h sink", sinks),
#ifdef KN_TEST_INTERP
    ROW("interp.h resolve, interp.h place, interp.h on_fault", interpreter),
    ROW("interp.h fn", interpreted_roots),
#endif
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
