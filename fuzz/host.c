/* The C functions that generated programs call, and their memory: see host.h. Their arguments go into the log, all
 * NaNs as the same one. */
#include "host.h"

#include "fuzz.h"

#include <fenv.h>
#include <kiln/interp.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>

static struct host *world;
static _Thread_local uint8_t host_tls[HOST_OBJECT] __attribute__((aligned(16)));

struct host *host_get(void) {
  if (world != NULL) return world;
  void *p = mmap(NULL, sizeof *world, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
  if (p == MAP_FAILED) fz_die("no memory below 2 GiB");
  world = p;
  return world;
}

void host_reset(void) {
  struct host_memory *m = &host_get()->memory;
  memset(m->out, 0, sizeof m->out);
  for (unsigned i = 0; i < HOST_OBJECT; i++) {
    m->a[i] = (uint8_t)(i * 7 + 1);
    m->b[i] = (uint8_t)(i < 64 ? i : 255 - i);
    host_tls[i] = (uint8_t)(i ^ 0x5a);
  }
  m->zero = 0;
  m->fuel = 120;
  m->log = 1;
}

void host_collect(void) {
  memcpy(world->memory.tls, host_tls, sizeof host_tls);
  fesetround(FE_TONEAREST); /* a program may have changed the mode */
}

/* ---- what is called ---- */

static uint64_t note(uint64_t v) {
  uint64_t *log = &world->memory.log;
  *log = (*log ^ v) * UINT64_C(0x9e3779b97f4a7c15);
  *log ^= *log >> 29;
  return *log;
}

static uint64_t note_f(double d) {
  uint64_t bits = 1;
  if (!isnan(d)) memcpy(&bits, &d, sizeof bits);
  return note(bits);
}

static int64_t host_mix(int64_t a, int64_t b) {
  return (int64_t)(note((uint64_t)a) + note((uint64_t)b));
}

static int8_t host_small(int8_t a, uint16_t b, int32_t c, uint8_t d) {
  note((uint64_t)a);
  note(b);
  note((uint64_t)c);
  return (int8_t)note(d);
}

static double host_float(float a, double b, int32_t c) {
  note_f(a);
  note_f(b);
  note((uint64_t)c);
  return isnan(a) || isnan(b) ? 1.5 : a + b * c;
}

static float host_single(float a) { return (float)(int32_t)(note_f(a) >> 40); }

static long double host_long(int32_t a, long double b, double c, long double d) {
  note((uint64_t)a);
  note_f((double)b);
  note_f(c);
  note_f((double)d);
  return isnan(b) || isnan(d) ? 2.5L : b * 3 + d;
}

struct pair {
  int64_t a;
  double b;
};
static struct pair host_pair(int64_t a, double b) {
  note((uint64_t)a);
  note_f(b);
  return (struct pair){a + 1, (double)(int32_t)a * 0.25};
}

static __int128 host_wide(__int128 a, int64_t b) {
  note((uint64_t)a);
  note((uint64_t)(a >> 64));
  note((uint64_t)b);
  return a * 3 + b;
}

static int32_t host_many(int64_t a, double b, int32_t c, float d, int64_t e, int64_t f, double g,
                         int16_t h, __int128 i, double j, double k, double l, double m, double n,
                         double o, float p, int8_t q, int64_t r, double s, int32_t t) {
  note((uint64_t)a), note((uint64_t)c), note((uint64_t)e), note((uint64_t)f), note((uint64_t)h);
  note((uint64_t)i), note((uint64_t)(i >> 64)), note((uint64_t)q), note((uint64_t)r);
  note_f(b), note_f(d), note_f(g), note_f(j), note_f(k), note_f(l), note_f(m), note_f(n);
  note_f(o), note_f(p), note_f(s);
  return (int32_t)note((uint64_t)t);
}

struct forty {
  uint64_t words[5];
};
static int64_t host_struct(int32_t a, struct forty s, int64_t b) {
  for (unsigned i = 0; i < 5; i++) note(s.words[i]);
  note((uint64_t)a);
  return (int64_t)note((uint64_t)b);
}

static struct forty host_made(int64_t a) {
  struct forty s;
  for (unsigned i = 0; i < 5; i++) s.words[i] = (uint64_t)a * i;
  note((uint64_t)a);
  return s;
}

/* `kinds`: two bits for each argument, from below: 1 i32, 2 i64, 3 f64; 0 ends. */
static int64_t host_variadic(int32_t kinds, ...) {
  va_list l;
  va_start(l, kinds);
  for (unsigned k = (uint32_t)kinds & 0xffffff; k != 0; k >>= 2) {
    switch (k & 3) {
    case 1: note((uint64_t)va_arg(l, int32_t)); break;
    case 2: note((uint64_t)va_arg(l, int64_t)); break;
    case 3: note_f(va_arg(l, double)); break;
    default: break;
    }
  }
  va_end(l);
  return (int64_t)note((uint64_t)kinds);
}

static int64_t host_callback(int64_t (*f)(int64_t, double), int64_t a) {
  note((uint64_t)a);
  return f(a ^ 5, (double)(a & 0xff) * 0.5) + 1;
}

/* ---- exceptions: those of tests/kir/kir_throw.c ---- */

void kir_interp_throw(void *exception, const void *type);
void kir_throw(const void *type, int64_t value);
int64_t kir_catch(void *exception);
void kir_personality(void);
struct kiln_interp *host_interp;

void kir_interp_throw(void *exception, const void *type) {
  if (host_interp != NULL) kiln_interp_throw(host_interp, exception, type);
}

static int64_t host_maybe(const void *type, int64_t a) {
  note((uint64_t)a);
  if ((a & 7) < 3) kir_throw(type, a);
  return a ^ 0x55;
}

static int64_t host_catch(void *exception) { return (int64_t)note((uint64_t)kir_catch(exception)); }

/* ---- tables ---- */

#define P(T) {.type = KILN_TYPE_##T}
#define PX(T, X) {.type = KILN_TYPE_##T, .flags = KILN_PARAM_##X}

const struct host_func host_funcs[] = {
  {"host_mix", 1, 2, {KILN_TYPE_I64}, {P(I64), P(I64)}, 0, false, false, false},
  {"host_small",
   1,
   4,
   {KILN_TYPE_I8},
   {PX(I8, SEXT), PX(I16, ZEXT), P(I32), PX(I8, ZEXT)},
   0,
   false,
   false,
   false},
  {"host_float", 1, 3, {KILN_TYPE_F64}, {P(F32), P(F64), P(I32)}, 0, false, false, false},
  {"host_single", 1, 1, {KILN_TYPE_F32}, {P(F32)}, 0, false, false, false},
  {.name = "host_long",
   .n_results = 1,
   .n_params = 4,
   .results = {KILN_TYPE_F80},
   .params = {P(I32), P(F80), P(F64), P(F80)},
   .long_double = true},
  {"host_pair", 2, 2, {KILN_TYPE_I64, KILN_TYPE_F64}, {P(I64), P(F64)}, 0, false, false, false},
  {"host_wide", 1, 2, {KILN_TYPE_I128}, {P(I128), P(I64)}, 0, false, false, false},
  {"host_many",
   1,
   20,
   {KILN_TYPE_I32},
   {P(I64), P(F64), P(I32), P(F32), P(I64), P(I64), P(F64),       PX(I16, SEXT), P(I128), P(F64),
    P(F64), P(F64), P(F64), P(F64), P(F64), P(F32), PX(I8, SEXT), P(I64),        P(F64),  P(I32)},
   0,
   false,
   false,
   false},
  {"host_struct",
   1,
   3,
   {KILN_TYPE_I64},
   {P(I32), {KILN_TYPE_I64, KILN_PARAM_BYVAL, 3, 40, {0}}, P(I64)},
   0,
   false,
   false,
   false},
  {"host_made", 0, 2, {0}, {PX(I64, SRET), P(I64)}, 0, false, false, false},
  {"host_variadic", 1, 1, {KILN_TYPE_I64}, {P(I32)}, KILN_SIG_VARIADIC, false, false, false},
  {"host_callback", 1, 2, {KILN_TYPE_I64}, {P(I64), P(I64)}, 0, false, true, false},
  {.name = "host_maybe",
   .n_results = 1,
   .n_params = 2,
   .results = {KILN_TYPE_I64},
   .params = {P(I64), P(I64)},
   .throws = true},
};
const unsigned n_host_funcs = sizeof host_funcs / sizeof *host_funcs;

/* __muloti4, which libgcc does not have. */
static __int128 multiply(__int128 a, __int128 b, int *overflow) {
  __int128 least = (__int128)((unsigned __int128)1 << 127);
  __int128 r = (__int128)((unsigned __int128)a * (unsigned __int128)b);
  *overflow = a != 0 && ((a == -1 && b == least) || (a != -1 && r / a != b));
  return r;
}

/* Functions of the compiler's runtime that machine code calls. */
/* clang-format off */
#define RUNTIME(X) \
  X(__divti3) X(__modti3) X(__udivti3) X(__umodti3) X(__floattisf) X(__floattidf) \
  X(__floatuntisf) X(__floatuntidf) X(__fixsfti) X(__fixdfti) X(__fixunssfti) \
  X(_Unwind_Resume) X(__stack_chk_fail) X(__fixunsdfti) X(__floattixf) X(__floatuntixf) X(__fixxfti) X(__fixunsxfti)
/* clang-format on */
#define DECLARE(F) void F(void);
/* Their real types do not matter: they are only addresses here. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpragmas"
#pragma GCC diagnostic ignored "-Wunknown-warning-option"
#pragma GCC diagnostic ignored "-Wbuiltin-declaration-mismatch"
#pragma GCC diagnostic ignored "-Wincompatible-library-redeclaration"
RUNTIME(DECLARE)
#pragma GCC diagnostic pop

#define NAMED(F) {#F, (void *)F},
static const struct {
  const char *name;
  void *address;
} functions[] = {
  NAMED(host_mix) NAMED(host_small) NAMED(host_float) NAMED(host_single) NAMED(host_pair)
    NAMED(host_long) NAMED(host_wide) NAMED(host_many) NAMED(host_struct) NAMED(host_made)
      NAMED(host_variadic) NAMED(host_callback) NAMED(host_maybe)
        NAMED(host_catch){"host_personality", (void *)kir_personality},
  NAMED(memcpy) NAMED(memmove) NAMED(memset) RUNTIME(NAMED){"__muloti4", (void *)multiply},
  NAMED(fmod) NAMED(fma) NAMED(fmin) NAMED(fmax) NAMED(floor) NAMED(ceil) NAMED(trunc) NAMED(round)
    NAMED(roundeven) NAMED(rint) NAMED(nearbyint) NAMED(fmodf) NAMED(fmaf) NAMED(fminf) NAMED(fmaxf)
      NAMED(floorf) NAMED(ceilf) NAMED(truncf) NAMED(roundf) NAMED(roundevenf) NAMED(rintf)
        NAMED(nearbyintf) NAMED(fmodl) NAMED(fmal) NAMED(fminl) NAMED(fmaxl) NAMED(floorl)
          NAMED(ceill) NAMED(truncl) NAMED(roundl) NAMED(roundevenl) NAMED(rintl)
            NAMED(nearbyintl)};

void *host_find(void *user, const char *name) {
  (void)user;
  struct host_memory *m = &host_get()->memory;
  if (strcmp(name, "host_out") == 0) return m->out;
  if (strcmp(name, "host_a") == 0) return m->a;
  if (strcmp(name, "host_b") == 0) return m->b;
  if (strcmp(name, "host_zero") == 0) return &m->zero;
  if (strcmp(name, "host_fuel") == 0) return &m->fuel;
  if (strcmp(name, "host_tls") == 0) return host_tls;
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
    if (strcmp(name, functions[i].name) == 0) return functions[i].address;
  }
  return NULL;
}
