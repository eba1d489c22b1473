// C++ exceptions through functions of a JIT, which call back, and caught in them; forced unwinds run their
// cleanups. Uses the public headers only.
#include <kiln/jit.h>
#include <kiln/kiln.h>

#include <pthread.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <string>

static int destroyed;
struct counted {
  ~counted() { destroyed++; }
};

static long thrower(long x) {
  counted c;
  if (x > 2) throw std::runtime_error("thrown " + std::to_string(x));
  return x;
}

static const char text[] =
  "func @through(i64, i64) -> i64 {\n  %big = slot 5000 align 64\nb0(%f: i64, %x: i64):\n"
  "  store.i64 %x, %big\n  %p = addr %big + %x*8\n  store.i64 %f, %p\n"
  "  %r = call %f(%x) as (i64) -> i64\n  %y = load.i64 %big\n  %s = add.i64 %r, %y\n  ret %s\n}\n";

typedef long through_fn(long (*)(long), long);
static through_fn *through;

static long nested(long x) {
  counted c;
  return through(thrower, x);
}

// @caught tells an int, an exception (by its base class) and all else apart; what @cleans calls leaves it with a note.
static const char catching[] =
  "declare @__gxx_personality_v0() -> i32\nextern data @_ZTIi\nextern data @_ZTISt9exception\n"
  "declare @__cxa_begin_catch(i64) -> i64 nounwind\ndeclare @__cxa_end_catch()\n"
  "func @caught(i64, i64) -> i64 personality @__gxx_personality_v0 {\n"
  "b0(%f: i64, %x: i64):\n"
  "  try %f(%x) as (i64) -> i64 to done(result 0) unwind pad(exception 0, exception 1) ["
  "catch @_ZTIi, catch @_ZTISt9exception, catch all]\n"
  "done(%r: i64):\n  ret %r\n"
  "pad(%e: i64, %s: i32):\n  %p = call @__cxa_begin_catch(%e)\n  call @__cxa_end_catch()\n"
  "  %i = icmp.i32 eq %s, typeid @_ZTIi\n  brif %i, done(1000), other\n"
  "other:\n  %j = icmp.i32 eq %s, typeid @_ZTISt9exception\n  brif %j, done(2000), done(3000)\n}\n"
  "func @cleans(i64, i64, i64) -> i64 personality @__gxx_personality_v0 {\n"
  "b0(%f: i64, %x: i64, %note: i64):\n"
  "  try %f(%x) as (i64) -> i64 to done(result 0) unwind pad(exception 0) [cleanup]\n"
  "done(%r: i64):\n  ret %r\n"
  "pad(%e: i64):\n  call %note(%x) as (i64) nounwind\n  resume %e\n}\n";

typedef long cleans_fn(long (*)(long), long, void (*)(long));
static through_fn *caught;
static cleans_fn *cleans;
static long notes;

static void note(long x) { notes += x; }
static long throw_by_kind(long x) {
  if (x == 1) throw 1;
  if (x == 2) throw std::runtime_error("2");
  if (x == 3) throw 3.5;
  return x;
}
static long cleans_up(long x) { return cleans(throw_by_kind, x, note); }
static long leave(long) { pthread_exit(nullptr); }
static long wait(long) {
  for (;;) pause();
}
static void *leaving(void *) { return cleans(leave, 100, note), nullptr; }
static void *waiting(void *) { return cleans(wait, 1000, note), nullptr; }

// 0, or the number of what went wrong.
static int catches(kiln_jit *jit) {
  caught = reinterpret_cast<through_fn *>(kiln_jit_lookup(jit, "caught"));
  cleans = reinterpret_cast<cleans_fn *>(kiln_jit_lookup(jit, "cleans"));
  const long want[] = {0, 1000, 2000, 3000, 4};
  for (long x = 0; x < 5; x++)
    if (caught(throw_by_kind, x) != want[x]) return 10;
  notes = 0;
  for (long x = 0; x < 5; x++)
    if (caught(cleans_up, x) != want[x]) return 11;
  if (notes != 1 + 2 + 3) return 12;
  pthread_t thread;
  if (pthread_create(&thread, nullptr, leaving, nullptr) != 0) return 13;
  pthread_join(thread, nullptr);
  if (pthread_create(&thread, nullptr, waiting, nullptr) != 0) return 13;
  pthread_cancel(thread);
  pthread_join(thread, nullptr);
  // a thread that is cancelled before its first function began has nothing to clean up
  return notes == 106 || notes == 1106 ? 0 : 14;
}

int main() {
  kiln_module_options options = {};
  options.jit = true;
  kiln_target_find_host(&options.target);
  kiln_jit *jit = kiln_jit_new(nullptr, nullptr);
  for (int round = 0; round < 3; round++) {
    kiln_module *m = kiln_module_new(&options);
    kiln_session *s = kiln_session_new(m);
    kiln_jit_input in = {m, &s, 1, {}};
    kiln_jit_unit u;
    if (kiln_text_read(s, text, strlen(text), nullptr, nullptr) != KILN_OK ||
        kiln_jit_add(jit, 0, &in, 1, &u, nullptr) != KILN_OK)
      return 1;
    kiln_session_free(s);
    kiln_module_free(m);
    through = reinterpret_cast<through_fn *>(kiln_jit_lookup(jit, "through"));
    destroyed = 0;
    if (through(nested, 2) != 6 || destroyed != 2) return 2;
    try {
      through(nested, 3);
      return 3;
    } catch (const std::exception &e) {
      if (std::string(e.what()) != "thrown 3" || destroyed != 4) return 4;
    }
    m = kiln_module_new(&options);
    s = kiln_session_new(m);
    in = {m, &s, 1, {}};
    kiln_jit_unit with_tables;
    if (kiln_text_read(s, catching, strlen(catching), nullptr, nullptr) != KILN_OK ||
        kiln_jit_add(jit, 0, &in, 1, &with_tables, nullptr) != KILN_OK)
      return 6;
    kiln_session_free(s);
    kiln_module_free(m);
    if (int wrong = catches(jit)) return wrong;
    if (kiln_jit_remove(jit, u, nullptr) != KILN_OK) return 5;
    if (kiln_jit_remove(jit, with_tables, nullptr) != KILN_OK) return 7;
  }
  kiln_jit_free(jit);
  std::puts("caught");
  return 0;
}
