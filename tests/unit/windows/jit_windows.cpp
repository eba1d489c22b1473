// The JIT on Windows in a C++ program: what depends on the system. Exceptions of C++ pass through frames of the JIT and
// run its cleanups, threads add and remove units while others throw, threads have their own thread-local data, exit
// functions of a unit run with it, and a collector that moves objects finds the roots of each frame. All but thread-local
// data is done by modules that are added, and by their objects, which are loaded. Prints TAP.
//     jit_windows [UNITS [COLLECTIONS]]     what is done that often
#include <kiln/jit.h>
#include <kiln/kiln.h>
#include <kiln/stack.h>
#include <kiln/text.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

static bool loaded; // units are objects
static int cases, failures;
static void check(bool right, const char *what) {
  std::printf("%sok %d - %s%s\n", right ? "" : "not ", ++cases, loaded ? "loaded: " : "", what);
  failures += !right;
}

static void tell(void *, const kiln_diag *d) {
  char line[512];
  kiln_diag_format(d, line, sizeof line);
  std::printf("# %s\n", line);
}

// What units find by name.
extern "C" int64_t thrower(int64_t x) {
  if (x > 100) throw std::runtime_error("from " + std::to_string(x));
  return x + 1;
}
static std::atomic<int64_t> cleaned;
extern "C" void clean(void) { cleaned++; }
static int64_t left;
extern "C" void leaving(void) { left++; }
extern "C" int __gxx_personality_seh0(void);
extern "C" void collect(void);

static void *resolve(void *, const char *name) {
  const struct {
    const char *name;
    void *address;
  } known[] = {{"thrower", (void *)thrower},
               {"clean", (void *)clean},
               {"leaving", (void *)leaving},
               {"collect", (void *)collect},
               {"__gxx_personality_seh0", (void *)__gxx_personality_seh0}};
  for (const auto &k : known)
    if (std::strcmp(k.name, name) == 0) return k.address;
  return nullptr;
}

static kiln_jit *new_jit() {
  kiln_jit_options options = {};
  kiln_jit_error e = {};
  options.resolve = resolve;
  kiln_jit *jit = kiln_jit_new(&options, &e);
  if (jit == nullptr) std::printf("Bail out! %s\n", e.diag.message), std::exit(1);
  return jit;
}

static kiln_jit_unit add(kiln_jit *jit, const char *text) {
  kiln_module_options options = {};
  options.jit = true;
  options.pic = KILN_PIC_FULL;
  options.name = "text";
  options.on_diag = tell;
  kiln_target_find_host(&options.target);
  kiln_module *m = kiln_module_new(&options);
  kiln_session *s = kiln_session_new(m);
  kiln_jit_input in = {};
  in.module = m;
  in.sessions = &s;
  in.n_sessions = 1;
  kiln_jit_unit u = {};
  kiln_jit_error e = {};
  kiln_buffer object = {};
  bool right = kiln_text_read(s, text, std::strlen(text), nullptr, nullptr) == KILN_OK;
  if (!loaded)
    right = right && kiln_jit_add(jit, 0, &in, 1, &u, &e) == KILN_OK;
  else
    right = right && kiln_emit_object(m, &s, 1, &object) == KILN_OK &&
            kiln_jit_add_object(jit, 0, object.data, object.size, &u, &e) == KILN_OK;
  if (!right) std::printf("Bail out! %s\n", e.diag.message), std::exit(1);
  kiln_buffer_free(&object);
  kiln_session_free(s);
  kiln_module_free(m);
  return u;
}

using fn = int64_t(int64_t);
static fn *function(kiln_jit *jit, kiln_jit_unit u, const char *name) {
  return (fn *)kiln_jit_address(jit, u, name);
}

// ---- exceptions ----

static const char through[] = "declare @thrower(i64) -> i64\n"
                              "declare @clean()\n"
                              "declare @__gxx_personality_seh0()\n"
                              "func @plain(i64) -> i64 {\nb0(%x: i64):\n"
                              "  %r = call @thrower(%x)\n  %s = add.i64 %r, 1\n  ret %s\n}\n"
                              "func @cleans(i64) -> i64 personality @__gxx_personality_seh0 {\n"
                              "b0(%x: i64):\n  try @plain(%x) to b1(result 0) unwind b2(exception 0) [cleanup]\n"
                              "b1(%r: i64):\n  ret %r\n"
                              "b2(%e: i64):\n  call @clean()\n  resume %e\n}\n";

static void exceptions() {
  kiln_jit *jit = new_jit();
  const kiln_jit_unit u = add(jit, through);
  fn *plain = function(jit, u, "plain"), *cleans = function(jit, u, "cleans");
  check(plain(5) == 7 && cleans(6) == 8, "returns");
  std::string caught;
  try {
    plain(101);
  } catch (const std::exception &e) {
    caught = e.what();
  }
  check(caught == "from 101", "an exception passes a frame");
  const int64_t before = cleaned;
  caught.clear();
  try {
    cleans(102);
  } catch (const std::exception &e) {
    caught = e.what();
  }
  check(caught == "from 102" && cleaned == before + 1, "an exception passes a cleanup");
  kiln_jit_free(jit);
}

// ---- threads ----

static void churn(kiln_jit *jit, int64_t n, std::atomic<int64_t> *wrong) {
  for (int64_t i = 0; i < n; i++) {
    char text[512];
    // a name is defined once at a time
    static thread_local const std::string mine = std::to_string((uintptr_t)&mine);
    std::snprintf(text, sizeof text,
                  "declare @thrower(i64) -> i64\nfunc @f%s(i64) -> i64 {\nb0(%%x: i64):\n"
                  "  %%r = call @thrower(%%x)\n  %%s = add.i64 %%r, %lld\n  ret %%s\n}\n",
                  mine.c_str(), (long long)i);
    const kiln_jit_unit u = add(jit, text);
    fn *f = function(jit, u, ("f" + mine).c_str());
    kiln_jit_pc_info info = {};
    if (f(1) != 2 + i || !kiln_jit_find_pc(jit, (void *)f, &info) || info.unit.id != u.id) ++*wrong;
    if (i % 16 == 0) {
      try {
        f(200 + i);
        ++*wrong;
      } catch (const std::runtime_error &) {
      }
    }
    kiln_jit_error e = {};
    if (kiln_jit_remove(jit, u, &e) != KILN_OK) ++*wrong;
  }
}

static void threads(int64_t units) {
  kiln_jit *jit = new_jit();
  std::atomic<int64_t> wrong{0};
  std::vector<std::thread> all;
  for (int k = 0; k < 4; k++) all.emplace_back(churn, jit, units / 4, &wrong);
  for (auto &t : all) t.join();
  const kiln_jit_stats stats = kiln_jit_get_stats(jit);
  check(wrong == 0 && stats.units == 0, "units are added and removed in four threads");
  check(stats.protection == KILN_JIT_PROTECTION_SWITCH, "nothing is mapped twice");
  kiln_jit_free(jit);
}

static void thread_local_data() {
  kiln_jit *jit = new_jit();
  add(jit, "data tls(gd) @counter align 8 { i64 40 }\n"
           "func @count(i64) -> i64 {\nb0(%x: i64):\n  %p = tls_addr @counter\n"
           "  %v = load.i64 %p\n  %s = add.i64 %v, %x\n  store.i64 %s, %p\n  ret %s\n}\n");
  fn *count = (fn *)kiln_jit_lookup(jit, "count");
  int64_t other = 0;
  const int64_t first = count(2);
  std::thread([&] { other = count(3); }).join();
  check(first == 42 && other == 43 && count(1) == 43, "threads have their own data");
  kiln_jit_free(jit);
}

static void at_exit() {
  kiln_jit *jit = new_jit();
  const kiln_jit_unit u =
    add(jit, "declare @atexit(i64) -> i32\ndeclare @leaving()\n"
             "func @registers(i64) -> i64 {\nb0(%x: i64):\n  %r = call @atexit(@leaving)\n"
             "  %s = sext.i64 i32 %r\n  ret %s\n}\n");
  const bool registered = function(jit, u, "registers")(0) == 0 && left == 0;
  kiln_jit_error e = {};
  const bool removed = kiln_jit_remove(jit, u, &e) == KILN_OK;
  check(registered && removed && left == 1, "exit functions run with their unit");
  kiln_jit_free(jit);
}

// ---- roots ----

static kiln_jit *collected;
static const void *outermost;
static uintptr_t heap[2][64];
static int side;
static int64_t found, unsound;

// Moves each object that a root refers to; the place that it leaves becomes nonsense.
extern "C" void collect(void) {
  kiln_stack_point point;
  kiln_stack_walk walk = {};
  kiln_stack_frame frame = {};
  walk.jits = &collected;
  walk.n_jits = 1;
  walk.end = outermost;
  unsound += kiln_stack_point_save(&point) != KILN_OK;
  unsound += kiln_stack_walk_begin(&walk, &point) != KILN_OK;
  int at = 0;
  while (kiln_stack_walk_find_next(&walk, &frame))
    for (uint32_t i = 0; i < frame.n_roots; i++, found++) {
      auto **root = (uintptr_t **)kiln_stack_frame_root(&frame, i, nullptr);
      if (*root == nullptr) continue;
      if (*root < heap[side] || *root >= heap[side] + 64) {
        unsound++;
        continue;
      }
      heap[!side][at] = **root;
      *root = &heap[!side][at++];
    }
  unsound += walk.status != KILN_OK;
  std::memset(heap[side], 0x5a, sizeof heap[side]);
  side = !side;
}

static const char rooted[] = "declare @collect()\n"
                             "func @down(i64, i64) -> i64 {\n"
                             "  %slot = slot 8 align 8 root\n"
                             "b0(%n: i64, %p: i64):\n"
                             "  store.i64 %p, %slot\n"
                             "  %more = icmp.i64 sgt %n, 0\n"
                             "  brif %more, b1, b2\n"
                             "b1:\n  %m = sub.i64 %n, 1\n  %q = load.i64 %slot\n"
                             "  %r = call @down(%m, %q)\n"
                             "  %o = load.i64 %slot\n  %v = load.i64 %o\n"
                             "  %s = add.i64 %r, %v\n  ret %s\n"
                             "b2:\n  call @collect()\n"
                             "  %z = load.i64 %slot\n  %w = load.i64 %z\n  ret %w\n}\n";

static __attribute__((noinline)) void collections(int64_t n) {
  collected = new_jit();
  found = unsound = side = 0;
  add(collected, rooted);
  auto *down = (int64_t(*)(int64_t, uintptr_t *))kiln_jit_lookup(collected, "down");
  outermost = __builtin_frame_address(0);
  int64_t wrong = 0, frames = 0;
  for (int64_t i = 0; i < n; i++) {
    heap[side][0] = 7;
    wrong += down(i % 8, &heap[side][0]) != 7 * (i % 8 + 1);
    frames += i % 8 + 1;
  }
  if (wrong + unsound || found != frames)
    std::printf("# %lld wrong, %lld unsound, %lld of %lld roots\n", (long long)wrong,
                (long long)unsound, (long long)found, (long long)frames);
  check(wrong == 0 && unsound == 0 && found == frames, "a moving collector finds all roots");
  kiln_jit_free(collected);
}

int main(int argc, char **argv) {
  setvbuf(stdout, nullptr, _IONBF, 0);
  thread_local_data();
  for (bool objects : {false, true}) {
    loaded = objects;
    exceptions();
    left = 0;
    at_exit();
    threads(argc > 1 ? std::atoll(argv[1]) : 2000);
    collections(argc > 2 ? std::atoll(argv[2]) : 10000);
  }
  std::printf("1..%d\n", cases);
  return failures != 0;
}
