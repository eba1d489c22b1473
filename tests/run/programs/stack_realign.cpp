// Functions that align the stack themselves, called with one that is a multiple of 8 bytes alone: vectors that live
// across calls, variable arguments, wide integers, x87, atomics of 16 bytes, exceptions that pass through, setjmp.
// Where a stack pointer is always aligned they are called plainly.
#include <csetjmp>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstring>

#define NOINLINE __attribute__((noinline))
#ifdef __x86_64__
#define CALLED __attribute__((force_align_arg_pointer, noinline))
extern "C" void misaligned(void (*)());
__asm__(".text\n.type misaligned, @function\nmisaligned:\n.cfi_startproc\n"
        "push %rbp\n.cfi_def_cfa_offset 16\n.cfi_offset %rbp, -16\nmov %rsp, %rbp\n"
        ".cfi_def_cfa_register %rbp\nsub $8, %rsp\ncall *%rdi\nleave\n.cfi_def_cfa %rsp, 8\nret\n"
        ".cfi_endproc\n");
// variadic with all arguments in registers
__asm__(".text\n.type misaligned_variadic, @function\nmisaligned_variadic:\npush %rbp\nmov %rsp, %rbp\nsub $8, %rsp\n"
        "call variadic\nleave\nret\n");
extern "C" double misaligned_variadic(int n, ...);
#define MISALIGNED(f) misaligned_##f
#else
#define MISALIGNED(f) f
#define CALLED NOINLINE
static void misaligned(void (*f)()) { f(); }
#endif

typedef float v4 __attribute__((vector_size(16)));
typedef double v2 __attribute__((vector_size(16)));
typedef int i4 __attribute__((vector_size(16)));

static int wrong;
static void NOINLINE at(const volatile void *p, uintptr_t n) {
  alignas(16) char own[16];
  volatile void *q = own;
  __asm__("" : "+r"(p), "+r"(q));
  if ((uintptr_t)p % n || (uintptr_t)q % 16) wrong++;
}

/* ---- values that live across calls ---- */

static v4 NOINLINE next(v4 a) {
  at(&a, 16);
  return a * 2.0f + 1.0f;
}
static v4 sum;
CALLED void vectors() {
  v4 a = {1, 2, 3, 4}, b = next(a), c = next(b), d = next(c), e = next(d), f = next(e), g = next(f), h = next(g);
  v4 i = next(h), j = next(i), k = next(j), l = next(k), m = next(l), n = next(m), o = next(n), p = next(o);
  sum = a + b * c - d + e * f - g + h - i + j - k + l * m - n + o - p + next(p);
  i4 less = a < b, equal = b == (c - 1.0f) * 0.5f;
  sum += (v4){(float)less[1], (float)equal[2], 0, 1};
}

static __int128 wide;
static long double ten;
CALLED void words() {
  __int128 a = 1, b = 3;
  long double x = 1.5L, y = 2.25L;
  for (int i = 0; i < 20; i++) {
    at(&a, 16), at(&x, 16);
    a = a * b + i, b += a >> 3;
    x = x * y - i, y = y * 0.5L + x / 7;
  }
  wide = a ^ b;
  ten = x + y;
}

#ifdef __x86_64__
static unsigned __int128 swapped;
__attribute__((target("cx16"))) CALLED void atomics() {
  alignas(16) unsigned __int128 cell = 5, want = 5;
  at(&cell, 16);
  __atomic_compare_exchange_n(&cell, &want, ((unsigned __int128)7 << 64) | 9, false, 5, 5);
  swapped = cell + want;
}
#endif

/* ---- arguments ---- */

static double NOINLINE total(int n, va_list *list) {
  double s = 0;
  for (int i = 0; i < n; i++) {
    s = s * 3 + va_arg(*list, double);
    s = s * 3 + va_arg(*list, int);
    v2 v = va_arg(*list, v2);
    s = s * 3 + v[0] + v[1];
  }
  return s;
}
extern "C" CALLED double variadic(int n, ...) {
  va_list list, again;
  va_start(list, n);
  va_copy(again, list);
#ifdef __x86_64__
  at((char *)list->reg_save_area, 16);
#endif
  double s = total(n, &list);
  s += total(n, &again);
  va_end(list);
  va_end(again);
  return s;
}
static double listed;
CALLED void lists() {
  v2 pair = {3, 4};
  listed = MISALIGNED(variadic)(2, 1.0, 2, pair, 5.0, 6, pair + pair);
}

static long filled[7];
/* Arguments in memory. */
static CALLED void many(long a1, long a2, long a3, long a4, long a5, long a6, long a7, __int128 w, long double x,
                        double y) {
  v4 s = next((v4){1, 2, 3, 4} * (float)y);
  at(&s, 16);
  filled[0] = a1 + a2 * a3 - a4 + a5 * a6 + a7;
  filled[1] = (long)(w >> 60) + (long)w;
  for (int i = 0; i < 4; i++) filled[i + 2] = (long)s[i];
  filled[6] = (long)(x * 8);
}
static volatile long twelve = 12;
/* It does not align the stack, and has nothing there that must be. */
static NOINLINE void fills() { many(1, 2, 3, 4, 5, 6, 7, ((__int128)twelve << 64) + 5, 2.5L, 6.5); }

/* ---- control ---- */

static int NOINLINE thrower(int n) {
  alignas(16) volatile char c[32];
  c[3] = (char)n;
  at(c, 16);
  if (n % 3 == 0) throw n;
  return n + c[3];
}
struct counted {
  static int live;
  counted() { live++; }
  ~counted() { live--; }
};
int counted::live;
static int caught;
static CALLED int passes(int n) {
  counted c;
  char *more = (char *)__builtin_alloca((size_t)n * 5 + 1);
  memset(more, n, (size_t)n * 5 + 1);
  at(more, 16);
  int r = thrower(n);
  return r + more[n];
}
CALLED void catches() {
  for (int i = 1; i < 12; i++) {
    v4 kept = next((v4){1, 2, 3, (float)i});
    try {
      counted c;
      caught += passes(i);
    } catch (int n) {
      caught += 100 * n;
    }
    at(&kept, 16);
    caught += (int)kept[3];
  }
}

static jmp_buf out;
static volatile int jumps;
static void NOINLINE jump(volatile char *p) {
  at(p, 64);
  longjmp(out, ++jumps);
}
CALLED void returns_twice() {
  alignas(64) volatile char buffer[100];
  buffer[99] = 7;
  int n = setjmp(out);
  if (n < 3) jump(buffer);
  jumps += buffer[99];
}

static long last;
#ifdef __clang__
static CALLED long tail(long n, long a, long b, long c, long d, long e, long f, long g, long h) {
  volatile v4 x = next((v4){(float)n});
  at(&x, 16);
  if (n == 0) return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h;
  __attribute__((musttail)) return tail(n - 1, b, c, d, e, f, g, h, a + (long)x[0]);
}
static void tails() { last = tail(9, 1, 2, 3, 4, 5, 6, 7, 8); }
#endif

int main() {
  misaligned(vectors);
  std::printf("%g %g %g %g\n", sum[0], sum[1], sum[2], sum[3]);
  misaligned(words);
  std::printf("%llx %llx %.15Lg\n", (unsigned long long)(wide >> 64), (unsigned long long)wide, ten);
#ifdef __x86_64__
  misaligned(atomics);
  std::printf("%llx %llx\n", (unsigned long long)(swapped >> 64), (unsigned long long)swapped);
#endif
  misaligned(lists);
  std::printf("%g\n", listed);
  misaligned(fills);
  for (long v : filled) std::printf("%ld ", v);
  misaligned(catches);
  std::printf("\n%d %d\n", caught, counted::live);
  misaligned(returns_twice);
  std::printf("%d\n", jumps);
#ifdef __clang__
  misaligned(tails);
  std::printf("%ld\n", last);
#endif
  std::printf("%d wrong\n", wrong);
  return wrong;
}
