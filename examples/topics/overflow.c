/* docs/exceptions.md: a C host whose code in memory uses the personality of C++, and finds out by itself that its stack
 * is about to overflow. Each function compares the stack pointer with a limit, and calls the host below that; the host
 * throws an exception, which the outermost function catches. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <kiln/jit.h>
#include <kiln/kiln.h>
#include <kiln/text.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* [check] */
static const char program[] =
  "declare @__gxx_personality_v0(...) -> i32\n"
  "declare @overflowed() noreturn\n"
  "declare @caught(i64) nounwind\n"
  "extern data @_ZTIi\n"
  "extern data @stack_limit\n"
  "func @count(i64) -> i64 {\n" /* count(n) = n == 0 ? 0 : count(n - 1) + 1 */
  "  !probe 4096\n"
  "b0(%n: i64):\n"
  "  %sp = stack_save\n"
  "  %limit = load.i64 @stack_limit\n"
  "  %low = icmp.i64 ult %sp, %limit\n"
  "  brif %low, b1, b2\n"
  "b1:\n"
  "  call @overflowed()\n"
  "  unreachable\n"
  "b2:\n"
  "  %end = icmp.i64 eq %n, 0\n"
  "  brif %end, b3, b4\n"
  "b3:\n"
  "  ret 0\n"
  "b4:\n"
  "  %m = sub.i64 %n, 1\n"
  "  %r = call @count(%m)\n"
  "  %s = add.i64 %r, 1\n"
  "  ret %s\n"
  "}\n"
  "func @run(i64) -> i64 personality @__gxx_personality_v0 {\n"
  "b0(%n: i64):\n"
  "  try @count(%n) to b1(result 0) unwind b2(exception 0) [catch @_ZTIi]\n"
  "b1(%r: i64):\n"
  "  ret %r\n"
  "b2(%e: i64):\n"
  "  call @caught(%e)\n"
  "  ret -1\n"
  "}\n";
/* [end] */

enum { ROOM = 64 << 10 }; /* below the limit: for the host's functions, and for throwing */

/* The thread's lowest address of the stack, and room above it. */
static uintptr_t stack_limit;

static void find_limit(void) {
  pthread_attr_t attr;
  void *low;
  size_t size;
  pthread_getattr_np(pthread_self(), &attr);
  pthread_attr_getstack(&attr, &low, &size);
  pthread_attr_destroy(&attr);
  stack_limit = (uintptr_t)low + ROOM;
}

/* [cxx] */
static struct {
  void *(*allocate)(size_t size);
  void (*throw)(void *exception, void *type, void (*destroy)(void *));
  void *(*begin)(void *exception);
  void (*end)(void);
  void *type;
} cxx;

/* C++'s library, if the host is not linked with it. RTLD_GLOBAL: the JIT finds the personality and the type there. */
static int open_cxx(void) {
  void *library = dlopen("libstdc++.so.6", RTLD_NOW | RTLD_GLOBAL);
  if (library == NULL) return 0;
  *(void **)&cxx.allocate = dlsym(library, "__cxa_allocate_exception");
  *(void **)&cxx.throw = dlsym(library, "__cxa_throw");
  *(void **)&cxx.begin = dlsym(library, "__cxa_begin_catch");
  *(void **)&cxx.end = dlsym(library, "__cxa_end_catch");
  cxx.type = dlsym(library, "_ZTIi");
  return cxx.allocate && cxx.throw && cxx.begin && cxx.end && cxx.type;
}

static void overflowed(void) { /* throw 42; */
  int *value = cxx.allocate(sizeof *value);
  *value = 42;
  cxx.throw(value, cxx.type, NULL);
}

static void caught(void *exception) { /* catch (int &value) { ... } */
  int *value = cxx.begin(exception);
  printf("caught %d\n", *value);
  cxx.end();
}
/* [end] */

static void *resolve(void *user, const char *name) {
  (void)user;
  if (strcmp(name, "overflowed") == 0) return (void *)overflowed;
  if (strcmp(name, "caught") == 0) return (void *)caught;
  return strcmp(name, "stack_limit") == 0 ? (void *)&stack_limit : NULL;
}

static void *thread(void *code) {
  int64_t (*run)(int64_t);
  memcpy(&run, &code, sizeof run);
  find_limit();
  printf("%lld\n", (long long)run(1000));
  printf("%lld\n", (long long)run(1 << 30));
  return NULL;
}

int main(void) {
  if (!open_cxx()) {
    fprintf(stderr, "no libstdc++: %s\n", dlerror());
    return 1;
  }
  kiln_jit_error e = {0};
  kiln_jit *jit = kiln_jit_new(&(kiln_jit_options){.resolve = resolve}, &e);
  kiln_module *m =
    kiln_module_new(&(kiln_module_options){.name = "overflow", .jit = true, .verify = true});
  kiln_session *s = kiln_session_new(m);
  kiln_jit_unit unit;
  kiln_jit_input input = {.module = m, .sessions = &s, .n_sessions = 1};
  if (kiln_text_read(s, program, sizeof program - 1, NULL, NULL) != KILN_OK ||
      kiln_jit_add(jit, 0, &input, 1, &unit, &e) != KILN_OK) {
    fprintf(stderr, "%s%s\n", kiln_module_diag(m)->message, e.diag.message);
    return 1;
  }
  pthread_t t;
  pthread_create(&t, NULL, thread, kiln_jit_address(jit, unit, "run"));
  pthread_join(t, NULL);
  kiln_session_free(s);
  kiln_module_free(m);
  kiln_jit_free(jit);
  return 0;
}
