/* The interpreter: undefined behaviour and traps with their places, calls by other signatures, of C and
 * from C, jumps, threads, constructors, limits; and reading functions through <kiln/inspect.h>. What
 * the operations compute is tested by the .kir files. */
#include "unit.h"

#include <float.h>
#include <kiln/inspect.h>
#include <kiln/interp.h>
#include <kiln/text.h>
#include <pthread.h>
#include <unwind.h>
#include "failing.h"

enum { HAS_F80 = LDBL_MANT_DIG == 64 }; /* the host */

struct world {
  kiln_module *m;
  kiln_session *s;
  kiln_interp *in;
  kiln_diag link;
};

static bool build(struct world *w, const char *text, kiln_module_options mo,
                  kiln_interp_options io) {
  memset(w, 0, sizeof *w);
  mo.name = "unit";
  mo.verify = true;
  w->m = kiln_module_new(&mo);
  w->s = w->m ? kiln_session_new(w->m) : NULL;
  w->in = w->s ? kiln_interp_new(w->m, &io) : NULL;
  return w->in && kiln_text_read(w->s, text, strlen(text), kiln_interp_sink, w->in) == KILN_OK &&
         kiln_interp_link(w->in, &w->link) == KILN_OK;
}

static void end(struct world *w) {
  kiln_interp_free(w->in);
  if (w->s) kiln_session_free(w->s);
  kiln_module_free(w->m);
}

static struct world make(const char *text) {
  struct world w;
  if (!build(&w, text, (kiln_module_options){.target.processor = KILN_PROCESSOR_X86_64},
             (kiln_interp_options){0})) {
    print_error("%s %s\n", kiln_module_diag(w.m)->message, w.link.message);
    fail();
  }
  return w;
}

static kiln_status call(struct world *w, const char *name, const kiln_interp_value *args,
                        uint32_t n, kiln_interp_value *results, kiln_diag *diag) {
  return kiln_interp_call(w->in, kiln_symbol_lookup(w->m, name), args, n, results, diag);
}

/* Calls @f(x) of `text`. */
static uint64_t value_of(const char *text, uint64_t x) {
  struct world w = make(text);
  kiln_interp_value arg = {x, 0}, result[KILN_MAX_RESULTS] = {{0, 0}};
  kiln_diag d;
  kiln_status s = call(&w, "f", &arg, 1, result, &d);
  if (s != KILN_OK) print_error("%s\n", d.message);
  assert_int_equal(s, KILN_OK);
  end(&w);
  return result[0].low;
}

/* ---- faults ---- */

struct fault {
  const char *text;
  uint64_t x;
  kiln_status status;
  const char *function;
  uint32_t block, inst;
  const char *message;
};

static const struct fault faults[] = {
  {"func @f(i64) -> i64 {\nb0(v0: i64):\n  v1 = load.i64 v0+8\n  ret v1\n}\n", 0,
   KILN_ERR_UNDEFINED, "f", 0, 1, "memory at 0x8"},
  {"func @f(i64) -> i64 {\nb0(v0: i64):\n  store.i8 1, v0\n  ret v0\n}\n", 100, KILN_ERR_UNDEFINED,
   "f", 0, 1, "memory at 0x64"},
  {"func @f(i64) -> i64 {\nb0(v0: i64):\n  v1 = call v0() as () -> i64\n  ret v1\n}\n", 16,
   KILN_ERR_UNDEFINED, "f", 0, 1, "not a function"},
  {"func @g(i64, i64) -> i64 {\nb0(v0: i64, v1: i64):\n  ret v1\n}\n"
   "func @f(i64) -> i64 {\nb0(v0: i64):\n  v2 = copy.i64 @g\n  v1 = call v2(v0) as (i64) -> i64\n  "
   "ret v1\n}\n",
   1, KILN_ERR_UNDEFINED, "f", 0, 2, "does not fit: arguments"},
  {"func @g() {\nb0:\n  ret\n}\n"
   "func @f(i64) -> i64 {\nb0(v0: i64):\n  v2 = copy.i64 @g\n  v1 = call v2() as () -> i64\n  ret "
   "v1\n}\n",
   1, KILN_ERR_UNDEFINED, "f", 0, 2, "does not fit: results"},
  {"func @f(i64) -> i64 {\nb0(v0: i64):\n  br b1\nb1:\n  unreachable\n}\n", 1, KILN_ERR_UNDEFINED,
   "f", 1, 2, "unreachable"},
  {"func @g() noreturn {\nb0:\n  ret\n}\n"
   "func @f(i64) -> i64 {\nb0(v0: i64):\n  call @g()\n  unreachable\n}\n",
   1, KILN_ERR_UNDEFINED, "g", 0, 0, "does not return"},
  {"declare @getpid() -> i32 noreturn\n"
   "func @f(i64) -> i64 {\nb0(v0: i64):\n  v1 = call @getpid()\n  unreachable\n}\n",
   1, KILN_ERR_UNDEFINED, "f", 0, 1, "does not return"},
  {"func @f(i64) -> i64 {\nb0(v0: i64):\n  brind v0 [b1]\nb1:\n  ret @f:b1\n}\n", 12345,
   KILN_ERR_UNDEFINED, "f", 0, 1, "none of its blocks"},
  {"func @f(i64) -> i64 {\nb0(v0: i64):\n  v1 = stack_save\n  stack_restore v0\n  ret v1\n}\n", 64,
   KILN_ERR_UNDEFINED, "f", 0, 2, "stack_restore"},
  {"func @f(i64) -> i64 {\nb0(v0: i64):\n  v1 = stack_save\n  v2 = salloc 16\n  v3 = stack_save\n"
   "  stack_restore v1\n  stack_restore v3\n  ret v1\n}\n",
   64, KILN_ERR_UNDEFINED, "f", 0, 5, "stack_restore"},
  {"func @f(i64) -> i64 {\nb0(v0: i64):\n  v1 = call @f(v0)\n  ret v1\n}\n", 1, KILN_ERR_UNDEFINED,
   "f", 0, 1, "stack is full"},
  {"func @f(i64) -> i64 {\nb0(v0: i64):\n  v1 = salloc 0x1000000000000\n  ret v1\n}\n", 1,
   KILN_ERR_UNDEFINED, "f", 0, 1, "stack is full"},
  {"func @g(i32, ...) -> i64 {\n  slot0 = slot 32 align 8\nb0(v0: i32):\n  va_start slot0\n"
   "  v2 = va_arg.i64 slot0\n  v3 = va_arg.i64 slot0\n  ret v3\n}\n"
   "func @f(i64) -> i64 {\nb0(v0: i64):\n  v1 = call @g(1, v0)\n  ret v1\n}\n",
   1, KILN_ERR_UNDEFINED, "g", 0, 3, "va_arg"},
  {"func @g(i32, ...) -> f64 {\n  slot0 = slot 32 align 8\nb0(v0: i32):\n  va_start slot0\n"
   "  v2 = va_arg.f64 slot0\n  ret v2\n}\n"
   "func @f(i64) -> i64 {\nb0(v0: i64):\n  v1 = call @g(1, v0)\n  ret v0\n}\n",
   1, KILN_ERR_UNDEFINED, "g", 0, 2, "va_arg"},
  {"declare @longjmp(i64, i32) noreturn\ndeclare @_setjmp(i64) -> i32 returns_twice\n"
   "data @buf align 16 { zero 512 }\n"
   "func @g() {\nb0:\n  v0 = call @_setjmp(@buf)\n  ret\n}\n"
   "func @f(i64) -> i64 {\nb0(v0: i64):\n  call @g()\n  call @longjmp(@buf, 1)\n  unreachable\n}\n",
   1, KILN_ERR_UNDEFINED, "f", 0, 2, "longjmp"},
  {"func @f(i64) -> i64 {\nb0(v0: i64):\n  v1 = udiv.i64 5, v0\n  ret v1\n}\n", 0, KILN_ERR_TRAP,
   "f", 0, 1, "by zero"},
  {"func @f(i64) -> i64 {\nb0(v0: i64):\n  v1 = trunc.i8 i64 v0\n  v2 = srem.i8 -128, v1\n"
   "  ret v0\n}\n",
   255, KILN_ERR_TRAP, "f", 0, 2, "least value"},
  {"func @f(i64) -> i64 {\nb0(v0: i64):\n  trap\n}\n", 0, KILN_ERR_TRAP, "f", 0, 1, "trap"},
  {"declare @getpid() -> i128, i128, i128, i128, i128\n"
   "func @f(i64) -> i64 {\nb0(v0: i64):\n  v1 = call @getpid()\n  ret v0\n}\n",
   1, KILN_ERR_UNSUPPORTED, "f", 0, 1, "cannot return"},
  {"declare @labs(i64) -> i64 preserve_none\nfunc @f(i64) -> i64 {\nb0(v0: i64):\n"
   "  v1 = call @labs(v0)\n  ret v1\n}\n",
   1, KILN_ERR_UNSUPPORTED, "f", 0, 1, "a calling convention other than C's"},
};

/* The same of f80, which a host without it refuses. */
static const struct fault faults_f80[] = {
  {"func @f(i64) -> i64 {\nb0(v0: i64):\n  v1 = load.f80 v0+8\n  ret v0\n}\n", 0,
   KILN_ERR_UNDEFINED, "f", 0, 1, "memory at 0x8"},
  {"func @f(i64) -> i64 {\nb0(v0: i64):\n  store.f80 f80 0x0, v0\n  ret v0\n}\n", 8,
   KILN_ERR_UNDEFINED, "f", 0, 1, "memory at 0x8"},
  {"func @g(f80, f80) {\nb0(v0: f80, v1: f80):\n  ret\n}\n"
   "func @f(i64) -> i64 {\nb0(v0: i64):\n  v2 = copy.i64 @g\n  call v2(f80 0x0) as (f80)\n  ret "
   "v0\n}\n",
   1, KILN_ERR_UNDEFINED, "f", 0, 2, "does not fit: arguments"},
  {"func @g() -> f64 {\nb0:\n  ret f64 1.0\n}\n"
   "func @f(i64) -> i64 {\nb0(v0: i64):\n  v2 = copy.i64 @g\n  v1 = call v2() as () -> f80\n  ret "
   "v0\n}\n",
   1, KILN_ERR_UNDEFINED, "f", 0, 2, "does not fit: results"},
  {"func @g(i32, ...) -> f80 {\n  slot0 = slot 32 align 8\nb0(v0: i32):\n  va_start slot0\n"
   "  v2 = va_arg.f80 slot0\n  v3 = va_arg.f80 slot0\n  ret v3\n}\n"
   "func @f(i64) -> i64 {\nb0(v0: i64):\n  v1 = call @g(1, f80 0x0)\n  ret v0\n}\n",
   1, KILN_ERR_UNDEFINED, "g", 0, 3, "va_arg"},
};

static void expect_faults(const struct fault *f, size_t n) {
  for (size_t i = 0; i < n; i++, f++) {
    struct world w = make(f->text);
    kiln_interp_value arg = {f->x, 0};
    kiln_diag d = {0};
    kiln_status s = call(&w, "f", &arg, 1, NULL, &d);
    if (s != f->status || strcmp(d.function, f->function) != 0 || d.block != f->block ||
        d.inst != f->inst || !strstr(d.message, f->message)) {
      print_error("row %zu: %s at %s:b%u:%u: %s\n", i, kiln_status_name(s), d.function, d.block,
                  d.inst, d.message);
      fail();
    }
    /* The interpreter works as before afterwards. */
    assert_int_equal(call(&w, "f", &arg, 1, NULL, &d), f->status);
    end(&w);
  }
}

CASE(test_faults) {
  expect_faults(faults, sizeof faults / sizeof *faults);
  if (HAS_F80) expect_faults(faults_f80, sizeof faults_f80 / sizeof *faults_f80);
}

CASE(test_division_of_the_other_target) {
  struct world w;
  kiln_interp_value zero = {0, 0}, r;
  assert_true(build(&w,
                    "func @f(i64) -> i64 {\nb0(v0: i64):\n  v1 = udiv.i64 5, v0\n"
                    "  v2 = urem.i64 7, v0\n  v3 = add.i64 v1, v2\n  ret v3\n}\n",
                    (kiln_module_options){.target.processor = KILN_PROCESSOR_AARCH64},
                    (kiln_interp_options){0}));
  assert_int_equal(call(&w, "f", &zero, 1, &r, NULL), KILN_OK);
  assert_int_equal(r.low, 7);
  end(&w);
}

/* fmuladd of f128 rounds twice on each target: the square of 1 + 2^-112 loses its last bit. */
CASE(test_fmuladd_of_f128) {
  for (unsigned k = 0; k < KILN_PROCESSOR_COUNT; k++) {
    struct world w;
    assert_true(build(&w,
                      "func @f(f128, f128) -> f128 {\nb0(v0: f128, v1: f128):\n"
                      "  v2 = fmuladd.f128 v0, v0, v1\n  ret v2\n}\n",
                      (kiln_module_options){.target.processor = (kiln_processor)k},
                      (kiln_interp_options){0}));
    kiln_interp_value args[2] = {{1, UINT64_C(0x3fff) << 48}, {2, UINT64_C(0xbfff) << 48}}, r;
    assert_int_equal(call(&w, "f", args, 2, &r, NULL), KILN_OK);
    assert_true(r.low == 0 && r.high == 0);
    end(&w);
  }
}

/* ---- calls ---- */

CASE(test_deep_recursion) {
  assert_int_equal(value_of("func @f(i64) -> i64 {\nb0(v0: i64):\n  v1 = icmp.i64 eq v0, 0\n"
                            "  brif v1, b1, b2\nb1:\n  ret 0\nb2:\n  v2 = sub.i64 v0, 1\n"
                            "  v3 = call @f(v2)\n  v4 = add.i64 v3, 2\n  ret v4\n}\n",
                            2000000),
                   4000000);
}

CASE(test_results) {
  struct world w = make("func @g(i64) -> i64, f64, i128, i8, f32 {\nb0(v0: i64):\n"
                        "  v1 = zext.i128 i64 v0\n  v2 = shl.i128 v1, 64\n"
                        "  ret v0, f64 2.5, v2, -1, f32 0.5\n}\n"
                        "func @f(i64) -> i8, i128, f32 {\nb0(v0: i64):\n  v1 = call @g(v0)\n"
                        "  v2 = result 2 of v1\n  v3 = result 3 of v1\n  v4 = result 4 of v1\n"
                        "  ret v3, v2, v4\n}\n");
  kiln_interp_value arg = {9, 77}, r[KILN_MAX_RESULTS];
  float half = 0.5f;
  uint32_t bits;
  memcpy(&bits, &half, 4);
  assert_int_equal(call(&w, "f", &arg, 1, r, NULL), KILN_OK);
  assert_int_equal(r[0].low, 255);
  assert_int_equal(r[1].low, 0);
  assert_int_equal(r[1].high, 9);
  assert_int_equal(r[2].low, bits);
  end(&w);
}

/* A call may pass more than the callee takes, and each register class counts separately. */
CASE(test_other_signatures) {
  assert_int_equal(value_of("func @g(i64, f64, i32) -> i64 {\nb0(v0: i64, v1: f64, v2: i32):\n"
                            "  v3 = ftosi.i64 f64 v1\n  v4 = sext.i64 i32 v2\n"
                            "  v5 = mul.i64 v3, v4\n  v6 = add.i64 v0, v5\n  ret v6\n}\n"
                            "func @f(i64) -> i64 {\nb0(v0: i64):\n  v2 = copy.i64 @g\n"
                            "  v1 = call v2(f64 3.0, v0, 7, 8) as (f64, i64, i64, i64) -> i64\n"
                            "  ret v1\n}\n",
                            100),
                   121);
}

CASE(test_c_functions) {
  assert_int_equal(
    value_of("declare @snprintf(i64, i64, i64, ...) -> i32\n"
             "declare @strtol(i64, i64, i32) -> i64\ndeclare @fmod(f64, f64) -> f64\n"
             "data @s { \"%d %g %ld %d %d %d %g\\00\" }\n"
             "func @f(i64) -> i64 {\n  slot0 = slot 100\nb0(v0: i64):\n"
             "  v1 = call @fmod(f64 7.5, f64 2.0)\n"
             "  v2 = call @snprintf(slot0, 100, @s, 12, v1, v0, 4, 5, 6, v1)\n"
             "  v3 = load.i64 slot0\n  v4 = call @strtol(slot0, 0, 10)\n"
             "  v5 = zext.i64 i32 v2\n  v6 = mul.i64 v4, 1000\n"
             "  v7 = add.i64 v6, v5\n  ret v7\n}\n",
             33),
    12000 + (int)strlen("12 1.5 33 4 5 6 1.5"));
}

static const char sort_text[] =
  "declare @qsort(i64, i64, i64, i64)\ndata @count align 8 { zero 8 }\n"
  "func @compare(i64, i64) -> i32 {\nb0(v0: i64, v1: i64):\n  v2 = load.i64 @count\n"
  "  v3 = add.i64 v2, 1\n  store.i64 v3, @count\n  v4 = load.i32 v0\n  v5 = load.i32 v1\n"
  "  v6 = sub.i32 v4, v5\n  ret v6\n}\n"
  "func @f(i64) -> i64 {\nb0(v0: i64):\n  call @qsort(v0, 5, 4, @compare)\n"
  "  v1 = load.i64 @count\n  ret v1\n}\n";

CASE(test_callbacks) {
  struct world w = make(sort_text);
  int values[5] = {5, 3, 9, 1, 7};
  kiln_interp_value arg = {(uint64_t)(uintptr_t)values, 0}, r;
  assert_int_equal(call(&w, "f", &arg, 1, &r, NULL), KILN_OK);
  assert_true(r.low >= 4);
  for (int i = 0; i < 5; i++) assert_int_equal(values[i], 1 + 2 * i);
  int (*compare)(const int *, const int *);
  void *address = kiln_interp_address(w.in, kiln_symbol_lookup(w.m, "compare"));
  memcpy(&compare, &address, sizeof compare);
  assert_int_equal(compare(&(int){9}, &(int){4}), 5);
  end(&w);
}

/* What C passes and takes by structs and memory. */
#ifdef __aarch64__
#define BIG "" /* of 32 bytes: the address of a copy */
#define PAIR                                                                                       \
  "func @pair(i64) -> i64, i64 {\nb0(v0: i64):\n  v1 = sitof.f64 i64 v0\n"                         \
  "  v2 = bitcast.i64 f64 v1\n  ret v0, v2\n}\n"
#else
#define BIG " byval(32, 8)"
#define PAIR                                                                                       \
  "func @pair(i64) -> f64, i64 {\nb0(v0: i64):\n  v1 = sitof.f64 i64 v0\n  ret v1, v0\n}\n"
#endif
struct big {
  long a[4];
};
struct pair {
  long a;
  double b;
};

CASE(test_called_by_c) {
  struct world w =
    make("func @many(i64 sret, i64" BIG ", i32, f64, i64, i64, i64, i64, i128, f32) {\n"
         "b0(v0: i64, v1: i64, v2: i32, v3: f64, v4: i64, v5: i64, v6: i64, v7: i64, v8: i128, v9: "
         "f32):\n"
         "  v10 = load.i64 v1+24\n  v11 = add.i64 v10, v7\n  store.i64 v11, v0\n"
         "  v12 = trunc.i64 i128 v8\n  store.i64 v12, v0+8\n  v13 = fpromote.f64 f32 v9\n"
         "  v14 = fadd.f64 v3, v13\n  store.f64 v14, v0+16\n  store.i64 0, v1\n  ret\n}\n" PAIR);
  struct big (*many)(struct big, int, double, long, long, long, long, __int128, float);
  struct pair (*pair)(long);
  void *address = kiln_interp_address(w.in, kiln_symbol_lookup(w.m, "many"));
  memcpy(&many, &address, sizeof many);
  struct big b = {{1, 2, 3, 4}};
  struct big r = many(b, 1, 2.5, 1, 2, 3, 40, (__int128)7 << 64 | 9, 0.25f);
  double sum;
  memcpy(&sum, &r.a[2], 8);
  assert_int_equal(r.a[0], 44);
  assert_int_equal(r.a[1], 9);
  assert_true(sum == 2.75);
  assert_int_equal(b.a[0], 1);
  address = kiln_interp_address(w.in, kiln_symbol_lookup(w.m, "pair"));
  memcpy(&pair, &address, sizeof pair);
  struct pair p = pair(-3);
  assert_true(p.b == -3.0 && p.a == -3);
  end(&w);
}

/* Each place that an argument of C can have: registers of both kinds, an i128 for which one register is left, the
 * stack. */
typedef long v2 __attribute__((vector_size(16)));
#define PLACES(V)                                                                                  \
  long a, __int128 b, long c, long d, __int128 e, long f, __int128 g, int h, V, V, V, V, V, V, V, V
long unit_places(PLACES(v2), v2 i, float j);
long unit_places(long a, __int128 b, long c, long d, __int128 e, long f, __int128 g, int h, v2 i0,
                 v2 i1, v2 i2, v2 i3, v2 i4, v2 i5, v2 i6, v2 i7, v2 i8, float j) {
  return a + 3 * (long)b + 5 * c + 7 * d + 11 * (long)(e >> 64) + 13 * f + 17 * (long)g + 19 * h +
         i0[0] + i1[1] + i2[0] + i3[1] + i4[0] + i5[1] + i6[0] + i7[1] + 23 * i8[1] + 29 * (long)j;
}
v2 unit_vector(v2 a, double b);
v2 unit_vector(v2 a, double b) { return a + (long)b; }

#define PLACES_TEXT                                                                                \
  "i64, i128, i64, i64, i128, i64, i128, i32, v128, v128, v128, v128, v128, v128, v128, v128, "    \
  "v128, f32"

CASE(test_places) {
#if defined __x86_64__ && defined __clang__ && __clang_major__ < 18
  skip(); /* clang passes the fifth parameter half in a register, which the ABI does not allow */
#endif
  struct world w = make(
    "declare @unit_places(" PLACES_TEXT ") -> i64\n"
    "func @f(i64, i32, f32) -> i64 {\nb0(v0: i64, v1: i32, v2: f32):\n"
    "  v3 = zext.i128 i64 v0\n  v4 = shl.i128 v3, 64\n  v5 = vsplat.v128 i64 v0\n"
    "  v6 = call @unit_places(v0, v3, 2, 3, v4, 4, v3, v1, v5, v5, v5, v5, v5, v5, v5, v5, v5, "
    "v2)\n"
    "  ret v6\n}\n"
    "func @g(" PLACES_TEXT ") -> i64 {\n"
    "b0(v0: i64, v1: i128, v2: i64, v3: i64, v4: i128, v5: i64, v6: i128, v7: i32, v8: v128, "
    "v9: v128, v10: v128, v11: v128, v12: v128, v13: v128, v14: v128, v15: v128, v16: v128, "
    "v17: f32):\n"
    "  v18 = call @unit_places(v0, v1, v2, v3, v4, v5, v6, v7, v8, v9, v10, v11, v12, v13, v14, "
    "v15, v16, v17)\n  ret v18\n}\n");
  const v2 k = {5, 5};
  float six = 6;
  uint32_t bits;
  memcpy(&bits, &six, 4);
  long expected =
    unit_places(5, 5, 2, 3, (__int128)5 << 64, 4, 5, -7, k, k, k, k, k, k, k, k, k, six);
  kiln_interp_value args[3] = {{5, 0}, {(uint32_t)-7, 0}, {bits, 0}}, r[KILN_MAX_RESULTS];
  assert_int_equal(call(&w, "f", args, 3, r, NULL), KILN_OK);
  assert_int_equal((long)r[0].low, expected);
  long (*g)(PLACES(v2), v2, float);
  void *address = kiln_interp_address(w.in, kiln_symbol_lookup(w.m, "g"));
  memcpy(&g, &address, sizeof g);
  assert_int_equal(g(5, 5, 2, 3, (__int128)5 << 64, 4, 5, -7, k, k, k, k, k, k, k, k, k, six),
                   expected);
  end(&w);
}

CASE(test_wide_calls) {
  struct world w =
    make("declare @sqrtf128(f128) -> f128\ndeclare @unit_vector(v128, f64) -> v128\n"
         "func @h(f128, v128) -> f128, v128 {\nb0(v0: f128, v1: v128):\n"
         "  v2 = call @sqrtf128(v0)\n  v3 = call @unit_vector(v1, f64 3.0)\n  ret v2, v3\n}\n");
  kiln_interp_value r[KILN_MAX_RESULTS];
  kiln_interp_value quads[2] = {{0, UINT64_C(0x4001) << 48}, {8, 9}}; /* 4 */
  assert_int_equal(call(&w, "h", quads, 2, r, NULL), KILN_OK);
  assert_true(r[0].low == 0 && r[0].high == UINT64_C(0x4000) << 48);
  assert_true(r[1].low == 11 && r[1].high == 12);
  end(&w);
}

#ifdef __aarch64__
/* Structs in registers as a whole, or on the stack, where floats of one lie side by side. */
struct two {
  long a, b;
};
struct three {
  float a, b, c;
};
#define SEVEN long, long, long, long, long, long, long
#define SIX double, double, double, double, double, double
long unit_joined(SEVEN, struct two, long, SIX, struct three, float);
long unit_joined(long a, long b, long c, long d, long e, long f, long g, struct two h, long i,
                 double j, double k, double l, double m, double n, double o, struct three p,
                 float q) {
  return a + b + c + d + e + f + g + 2 * h.a + 3 * h.b + 5 * i + (long)(j + k + l + m + n + o) +
         7 * (long)p.a + 11 * (long)p.b + 13 * (long)p.c + 17 * (long)q;
}

CASE(test_joined) {
#define JOINED                                                                                     \
  "i64, i64, i64, i64, i64, i64, i64, i64 join, i64, i64, f64, f64, f64, f64, f64, f64, "          \
  "f32 join, f32 join, f32, f32"
  struct world w =
    make("declare @unit_joined(" JOINED ") -> i64\nfunc @f(" JOINED ") -> i64 {\n"
         "b0(v0: i64, v1: i64, v2: i64, v3: i64, v4: i64, v5: i64, v6: i64, v7: i64, "
         "v8: i64, v9: i64, v10: f64, v11: f64, v12: f64, v13: f64, v14: f64, v15: "
         "f64, v16: f32, v17: f32, v18: f32, v19: f32):\n"
         "  v20 = call @unit_joined(v0, v1, v2, v3, v4, v5, v6, v7, v8, v9, v10, v11, "
         "v12, v13, v14, v15, v16, v17, v18, v19)\n  ret v20\n}\n");
  long (*f)(SEVEN, struct two, long, SIX, struct three, float);
  void *address = kiln_interp_address(w.in, kiln_symbol_lookup(w.m, "f"));
  memcpy(&f, &address, sizeof f);
  assert_int_equal(f(1, 2, 3, 4, 5, 6, 7, (struct two){8, 9}, 10, 11, 12, 13, 14, 15, 16,
                     (struct three){17, 18, 19}, 20),
                   28 + 16 + 27 + 50 + 81 + 119 + 198 + 247 + 340);
  end(&w);
}
#endif

/* f80: in the API's two words, of which bits above the value do not count; to C and from C. */
CASE(test_f80) {
  struct world w =
    make("declare @sqrtl(f80) -> f80\n"
         "func @f(f80, i32, f80) -> f80, i32, f80 {\nb0(v0: f80, v1: i32, v2: f80):\n"
         "  v3 = call @sqrtl(v0)\n  v4 = fneg.f80 v2\n  ret v3, v1, v4\n}\n"
         "func @g(f80, f80) -> f80, f80 {\nb0(v0: f80, v1: f80):\n"
         "  v2 = fadd.f80 v0, v1\n  v3 = fsub.f80 v0, v1\n  ret v2, v3\n}\n"
         "func @h(i32, f80, i64, f80) -> f80 {\nb0(v0: i32, v1: f80, v2: i64, v3: f80):\n"
         "  v4 = sitof.f80 i32 v0\n  v5 = fmul.f80 v1, v4\n  v6 = fsub.f80 v5, v3\n  ret v6\n}\n");
  const uint64_t top = UINT64_C(1) << 63;
  kiln_interp_value args[3] = {{top, UINT64_C(0xabcd000000004003)}, {7, 0}, {1, 0x1ffff}};
  kiln_interp_value r[KILN_MAX_RESULTS];
  kiln_diag d;
  if (!HAS_F80) {
    assert_int_equal(call(&w, "g", args, 2, r, &d), KILN_ERR_UNSUPPORTED);
    assert_string_equal(d.message, "fadd, or its type, is not interpreted");
    end(&w);
    return;
  }
  assert_int_equal(call(&w, "f", args, 3, r, NULL), KILN_OK); /* the root of 16 */
  assert_true(r[0].low == top && r[0].high == 0x4001);
  assert_int_equal(r[1].low, 7);
  assert_true(r[2].low == 1 && r[2].high == 0x7fff);
  long double _Complex (*g)(long double, long double);
  long double (*h)(int, long double, long, long double);
  void *address = kiln_interp_address(w.in, kiln_symbol_lookup(w.m, "g"));
  memcpy(&g, &address, sizeof g);
  address = kiln_interp_address(w.in, kiln_symbol_lookup(w.m, "h"));
  memcpy(&h, &address, sizeof h);
  long double _Complex c = g(3, 0.5L);
  assert_true(__real__ c == 3.5L && __imag__ c == 2.5L);
  assert_true(h(-3, 1 / 3.0L, 9, 0.25L) == 1 / 3.0L * -3 - 0.25L);
  for (int i = 0; i < 20; i++) g(1, 2); /* nothing stays on the x87 stack */
  assert_true(h(2, 2, 0, 1) == 3);
  end(&w);
}

/* f128: in the API's two words, between functions in a register or memory. */
CASE(test_f128) {
  struct world w = make(
    "func @f(f128, i64) -> i64, f128 {\nb0(v0: f128, v1: i64):\n"
    "  v2 = call @g(v0, v0, v0, v0, v0, v0, v0, v0, 5, v0)\n  ret v1, v2\n}\n"
    "func @g(f128, f128, f128, f128, f128, f128, f128, f128, i64, f128) -> f128 {\n"
    "b0(v0: f128, v1: f128, v2: f128, v3: f128, v4: f128, v5: f128, v6: f128, v7: f128, v8: i64, "
    "v9: f128):\n"
    "  v10 = fadd.f128 v7, v9\n  v11 = sitof.f128 i64 v8\n  v12 = fmul.f128 v10, v11\n"
    "  ret v12\n}\n");
  kiln_interp_value args[2] = {{1, UINT64_C(0x3fff) << 48}, {7, 0}}, r[KILN_MAX_RESULTS];
  assert_int_equal(call(&w, "f", args, 2, r, NULL), KILN_OK); /* 10 times 1 + 2^-112, rounded */
  assert_int_equal(r[0].low, 7);
  assert_true(r[1].low == 1 && r[1].high == UINT64_C(0x40024) << 44);
  end(&w);
}

/* A fault below a callback is returned by the outermost call. */
CASE(test_fault_below_c) {
  struct world w = make("declare @qsort(i64, i64, i64, i64)\n"
                        "func @compare(i64, i64) -> i32 {\nb0(v0: i64, v1: i64):\n  trap\n}\n"
                        "func @f(i64) -> i64 {\nb0(v0: i64):\n"
                        "  call @qsort(v0, 2, 4, @compare)\n  ret v0\n}\n");
  int values[2] = {2, 1};
  kiln_interp_value arg = {(uint64_t)(uintptr_t)values, 0};
  kiln_diag d;
  for (int i = 0; i < 3; i++) {
    assert_int_equal(call(&w, "f", &arg, 1, NULL, &d), KILN_ERR_TRAP);
    assert_string_equal(d.function, "compare");
  }
  assert_false(kiln_interp_find_place(w.in, &d));
  end(&w);
}

CASE(test_jump_over_c) {
  int values[2] = {2, 1};
  assert_int_equal(
    value_of("declare @qsort(i64, i64, i64, i64)\ndeclare @_setjmp(i64) -> i32 returns_twice\n"
             "declare @longjmp(i64, i32) noreturn\ndata @buf align 16 { zero 512 }\n"
             "func @compare(i64, i64) -> i32 {\nb0(v0: i64, v1: i64):\n  call @longjmp(@buf, 0)\n"
             "  unreachable\n}\n"
             "func @f(i64) -> i64 {\n  slot0 = slot 8\nb0(v0: i64):\n  store.i64 5, slot0\n"
             "  v1 = call @_setjmp(@buf)\n  v2 = icmp.i32 eq v1, 0\n  brif v2, b1, b2\n"
             "b1:\n  store.i64 6, slot0\n  call @qsort(v0, 2, 4, @compare)\n  ret 0\n"
             "b2:\n  v3 = load.i64 slot0\n  v4 = sext.i64 i32 v1\n  v5 = mul.i64 v3, 10\n"
             "  v6 = add.i64 v5, v4\n  ret v6\n}\n",
             (uint64_t)(uintptr_t)values),
    61);
}

/* ---- exceptions: what is not taken; the rest is tests/kir/try*.kir ---- */

/* The interpreter in which unit_throw throws; NULL: as another language. */
static kiln_interp *thrower;

void unit_throw(void *exception, const void *type);
void unit_throw(void *exception, const void *type) {
  static struct _Unwind_Exception foreign;
  if (thrower) kiln_interp_throw(thrower, exception, type);
  _Unwind_RaiseException(&foreign);
}
int unit_call(int (*f)(void));
int unit_call(int (*f)(void)) { return f(); }

#define THROWS                                                                                     \
  "declare @unit_throw(i64, i64)\ndeclare @unit_call(i64) -> i32\ndeclare @p()\n"                  \
  "data @a { i8 1 }\ndata @b { i8 1 }\ndata @log align 8 { i64 0 }\n"                              \
  "func @clean(i64) personality @p {\nb0(v0: i64):\n"                                              \
  "  try @unit_throw(v0, @a) to b1 unwind b2(exception 0) [catch @b, cleanup]\nb1:\n  ret\n"       \
  "b2(v2: i64):\n  store.i64 1, @log\n  resume v2\n}\n"

/* As `faults`, with a thrower; @log shows that no cleanup ran. */
static const struct fault unwound[] = {
  {THROWS "func @f(i64) {\nb0(v0: i64):\n  call @clean(v0)\n  ret\n}\n", 5, KILN_ERR_TRAP, "clean",
   0, 1, "no frame takes"},
  {THROWS "func @f(i64) personality @p {\nb0(v0: i64):\n  call @clean(v0) as (i64) nounwind\n"
          "  try @clean(v0) to b1 unwind b1 [catch all]\nb1:\n  ret\n}\n",
   5, KILN_ERR_UNDEFINED, "clean", 0, 1, "leaves a nounwind call"},
  {THROWS "func @g(i64) nounwind {\nb0(v0: i64):\n  call @clean(v0)\n  ret\n}\n"
          "func @h(i64) {\nb0(v0: i64):\n  call @g(v0)\n  ret\n}\n"
          "func @f(i64) personality @p {\nb0(v0: i64):\n"
          "  try @h(v0) to b1 unwind b1 [catch all]\nb1:\n  ret\n}\n",
   5, KILN_ERR_UNDEFINED, "clean", 0, 1, "leaves a nounwind call"},
  {THROWS "func @f(i64) {\nb0(v0: i64):\n  resume v0\n}\n", 5, KILN_ERR_UNDEFINED, "f", 0, 1,
   "no landing pad was given"},
  {THROWS "func @f(i64) personality @p {\nb0(v0: i64):\n"
          "  try @clean(v0) to b1 unwind b1 [catch @b, filter(@b, @a)]\nb1:\n  ret\n}\n",
   5, KILN_ERR_TRAP, "clean", 0, 1, "no frame takes"},
};

CASE(test_unwinding) {
  kiln_diag d = {0};
  kiln_interp_value arg = {5, 0};
  for (size_t i = 0; i < sizeof unwound / sizeof *unwound; i++) {
    const struct fault *f = &unwound[i];
    struct world w = make(f->text);
    thrower = w.in;
    for (int again = 0; again < 2; again++) { /* the interpreter is whole afterwards */
      kiln_status s = call(&w, "f", &arg, 1, NULL, &d);
      if (s != f->status || strcmp(d.function, f->function) != 0 || d.block != f->block ||
          d.inst != f->inst || !strstr(d.message, f->message)) {
        print_error("row %zu: %s at %s:b%u:%u: %s\n", i, kiln_status_name(s), d.function, d.block,
                    d.inst, d.message);
        fail();
      }
    }
    assert_int_equal(*(uint64_t *)kiln_interp_address(w.in, kiln_symbol_lookup(w.m, "log")), 0);
    assert_int_equal(kiln_interp_throw(w.in, &arg, NULL), KILN_ERR_ARGUMENT); /* it runs nothing */
    end(&w);
  }
}

/* What another language throws ends at the interpreter, below a callback too. */
CASE(test_foreign_exception) {
  struct world w =
    make(THROWS "func @g() -> i32 personality @p {\nb0:\n"
                "  try @unit_throw(1, @a) to b1 unwind b1 [catch all]\nb1:\n  ret 1\n}\n"
                "func @f() personality @p {\nb0:\n"
                "  try @unit_call(@g) to b1 unwind b1 [catch all]\nb1:\n  ret\n}\n");
  kiln_diag d;
  thrower = NULL;
  for (int i = 0; i < 2; i++) {
    assert_int_equal(call(&w, "f", NULL, 0, NULL, &d), KILN_ERR_UNSUPPORTED);
    assert_string_equal(d.function, "g");
    assert_non_null(strstr(d.message, "another language"));
  }
  end(&w);
}

/* ---- modules ---- */

CASE(test_constructors) {
  struct world w =
    make("data @log align 8 { zero 8 }\n"
         "func @note(i64) {\nb0(v0: i64):\n  v1 = load.i64 @log\n"
         "  v2 = mul.i64 v1, 10\n  v3 = add.i64 v2, v0\n  store.i64 v3, @log\n  ret\n}\n"
         "func @a() {\nb0:\n  call @note(1)\n  ret\n}\n"
         "func @b() {\nb0:\n  call @note(2)\n  ret\n}\n"
         "func @c() {\nb0:\n  call @note(3)\n  ret\n}\n"
         "extern data @elsewhere\nctor @a 65535\nctor @c 1 with @elsewhere\n"
         "ctor @b 65535 with @log\nctor @c 100\ndtor @a 65535\ndtor @b 65535\n"
         "dtor @c 100\n");
  uint64_t *log = kiln_interp_address(w.in, kiln_symbol_lookup(w.m, "log"));
  assert_int_equal(kiln_interp_run_constructors(w.in, NULL), KILN_OK);
  assert_int_equal(*log, 312);
  *log = 0;
  assert_int_equal(kiln_interp_run_destructors(w.in, NULL), KILN_OK);
  assert_int_equal(*log, 213);
  end(&w);
}

static const char thread_text[] =
  "data tls(gd) @t align 64 { i64 5 }\ndata @all align 8 { zero 8 }\n"
  "func @f(i64) -> i64 {\nb0(v0: i64):\n  br b1(v0)\nb1(v1: i64):\n  v2 = tls_addr @t\n"
  "  v3 = load.i64 v2\n  v4 = add.i64 v3, 1\n  store.i64 v4, v2\n"
  "  v5 = atomic_rmw.i64 add seq_cst @all, 1\n  v6 = sub.i64 v1, 1\n  v7 = icmp.i64 eq v6, 0\n"
  "  brif v7, b2, b1(v6)\nb2:\n  v8 = and.i64 v2, 63\n  v9 = add.i64 v4, v8\n  ret v9\n}\n";

static void *in_thread(void *world) {
  kiln_interp_value arg = {1000, 0}, r = {0, 0};
  call(world, "f", &arg, 1, &r, NULL);
  return (void *)(uintptr_t)r.low;
}

CASE(test_threads) {
  struct world w = make(thread_text);
  pthread_t threads[4];
  for (int i = 0; i < 4; i++) assert_int_equal(pthread_create(&threads[i], NULL, in_thread, &w), 0);
  for (int i = 0; i < 4; i++) {
    void *result;
    pthread_join(threads[i], &result);
    assert_int_equal((uintptr_t)result, 1005);
  }
  assert_int_equal(*(uint64_t *)kiln_interp_address(w.in, kiln_symbol_lookup(w.m, "all")), 4000);
  end(&w);
}

CASE(test_undefined_symbol) {
  struct world w;
  assert_false(build(&w,
                     "declare @no_such_function_here()\nfunc @f() {\nb0:\n"
                     "  call @no_such_function_here()\n  ret\n}\n",
                     (kiln_module_options){.target.processor = KILN_PROCESSOR_X86_64},
                     (kiln_interp_options){0}));
  assert_int_equal(w.link.status, KILN_ERR_SYMBOL);
  assert_non_null(strstr(w.link.message, "no_such_function_here"));
  end(&w);
}

static int given = 42;
static void *resolve(void *user, const char *name) {
  return strcmp(name, user) == 0 ? &given : NULL;
}

CASE(test_options) {
  struct world w;
  char name[] = "mine";
  assert_true(
    build(&w,
          "extern data @mine\nfunc @f() -> i32 {\nb0:\n  v0 = load.i32 @mine\n"
          "  ret v0\n}\nfunc @loop() {\nb0:\n  br b1\nb1:\n  br b1\n}\n",
          (kiln_module_options){.target.processor = KILN_PROCESSOR_X86_64},
          (kiln_interp_options){.resolve = resolve, .resolve_user = name, .max_steps = 1000}));
  kiln_interp_value r;
  kiln_diag d;
  assert_int_equal(call(&w, "f", NULL, 0, &r, NULL), KILN_OK);
  assert_int_equal(r.low, 42);
  assert_int_equal(call(&w, "loop", NULL, 0, NULL, &d), KILN_ERR_LIMIT);
  assert_int_equal(call(&w, "f", &r, 1, NULL, &d), KILN_ERR_ARGUMENT);
  assert_int_equal(call(&w, "nothing", NULL, 0, NULL, &d), KILN_ERR_ARGUMENT);
  end(&w);
}

/* ---- memory ---- */

/* Each allocation fails in turn: a status, no crash, no leak. */
CASE(test_out_of_memory) {
  bool done = false;
  for (unsigned n = 0; !done; n++) {
    struct failing b = {.fail_at = n + 1, .on = true};
    struct world w;
    kiln_module_options mo = {.target.processor = KILN_PROCESSOR_X86_64,
                              .allocator = failing_allocator(&b)};
    done = build(&w, sort_text, mo, (kiln_interp_options){0});
    kiln_interp_free(w.in);
    if (w.s) kiln_session_free(w.s);
    kiln_module_free(w.m);
    assert_true(n < 1000);
  }
}

/* ---- reading functions ---- */

static kiln_status inspect(void *user, kiln_func *f) {
  unsigned *seen = user;
  assert_true(kiln_func_is_finished(f));
  assert_int_equal(kiln_func_block_count(f), 3);
  assert_int_equal(kiln_func_slot_count(f), 1);
  kiln_slot_info slot = kiln_slot_get(f, 0);
  assert_true(slot.size_bytes == 24 && slot.align_log2 == 4);
  kiln_inst i = kiln_block_first_inst(f, kiln_func_block_at(f, 0));
  kiln_inst_info info = kiln_inst_get(f, i);
  assert_int_equal(info.op, KILN_OP_STORE);
  assert_int_equal(info.disp, 8);
  assert_int_equal(info.mem_flags, KILN_MEM_VOLATILE);
  assert_int_equal(kiln_operand_get(f, kiln_inst_operand(f, i, 0)).kind, KILN_OPERAND_SLOT);
  kiln_operand_info o = kiln_operand_get(f, kiln_inst_operand(f, i, 1));
  assert_true(o.kind == KILN_OPERAND_INT && o.low == UINT64_MAX && o.high == UINT64_MAX);
  i = kiln_inst_next(f, i);
  info = kiln_inst_get(f, i);
  assert_string_equal(kiln_op_name(info.op), "switch");
  assert_int_equal(info.n_edges, 3);
  int64_t value;
  kiln_value args[2] = {{0}, {0}};
  assert_int_equal(kiln_inst_edge(f, i, 2, &value).id, 2);
  assert_int_equal(value, -5);
  assert_int_equal(kiln_inst_edge_args(f, i, 2, args, 2), 2);
  assert_int_equal(kiln_operand_get(f, args[0]).low, 7);
  o = kiln_operand_get(f, args[1]);
  assert_int_equal(o.kind, KILN_OPERAND_VALUE);
  assert_int_equal(args[1].id, kiln_func_param(f, 0).id);
  assert_int_equal(kiln_inst_next(f, i).id, 0);
  assert_int_equal(kiln_inst_edge(f, i, 3, NULL).id, UINT32_MAX);
  kiln_value params[2];
  assert_int_equal(kiln_block_params(f, (kiln_block){2}, params, 2), 2);
  assert_int_equal(kiln_operand_get(f, params[0]).type, KILN_TYPE_I32);
  assert_int_equal(kiln_inst_get(f, (kiln_inst){UINT32_MAX}).op, KILN_OP_NONE);
  ++*seen;
  kiln_func_discard(f);
  return KILN_OK;
}

CASE(test_inspect) {
  static const char text[] =
    "func @f(i64) -> i64 {\n  slot0 = slot 24 align 16\nb0(v0: i64):\n"
    "  store.i16 -1, slot0+8 volatile\n  switch.i64 v0, b1 [3: b1, -5: b2(7, v0)]\n"
    "b1:\n  ret 1\nb2(v1: i32, v2: i64):\n  ret v2\n}\n";
  unsigned seen = 0;
  kiln_module_options o = {.target.processor = KILN_PROCESSOR_X86_64, .name = "unit"};
  kiln_module *m = kiln_module_new(&o);
  kiln_session *s = kiln_session_new(m);
  assert_string_equal(kiln_module_name(m), "unit");
  assert_int_equal(kiln_text_read(s, text, strlen(text), inspect, &seen), KILN_OK);
  assert_int_equal(seen, 1);
  kiln_session_free(s);
  kiln_module_free(m);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_faults),
    cmocka_unit_test(test_division_of_the_other_target),
    cmocka_unit_test(test_fmuladd_of_f128),
    cmocka_unit_test(test_deep_recursion),
    cmocka_unit_test(test_results),
    cmocka_unit_test(test_other_signatures),
    cmocka_unit_test(test_c_functions),
    cmocka_unit_test(test_callbacks),
    cmocka_unit_test(test_called_by_c),
    cmocka_unit_test(test_places),
    cmocka_unit_test(test_wide_calls),
#ifdef __aarch64__
    cmocka_unit_test(test_joined),
#endif
    cmocka_unit_test(test_f80),
    cmocka_unit_test(test_f128),
    cmocka_unit_test(test_fault_below_c),
    cmocka_unit_test(test_jump_over_c),
    cmocka_unit_test(test_constructors),
    cmocka_unit_test(test_threads),
    cmocka_unit_test(test_undefined_symbol),
    cmocka_unit_test(test_unwinding),
    cmocka_unit_test(test_foreign_exception),
    cmocka_unit_test(test_options),
    cmocka_unit_test(test_out_of_memory),
    cmocka_unit_test(test_inspect),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
