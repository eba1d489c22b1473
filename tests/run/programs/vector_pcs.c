// The convention of AArch64's vector math libraries, aarch64_vector_pcs: calls of all kinds, and v8 to v23 are whole
// behind them, though the callee calls functions that keep half of v8 to v15.
#include <stdio.h>
#include <string.h>

#ifdef __aarch64__
#include <arm_neon.h>
#define PCS __attribute__((aarch64_vector_pcs))
#define NOINLINE __attribute__((noinline))

static unsigned char before[256], after[256];

// Changes what C's convention lets it change of them.
NOINLINE static double lose(double x) {
  __asm__ volatile("movi v8.2d, #0\n\tmovi v9.16b, #1\n\tmovi v15.16b, #2\n\tmovi v16.16b, #3\n\t"
                   "movi v19.2d, #0\n\tmovi v23.16b, #4\n\tmovi v24.16b, #5" ::
                     : "v8", "v9", "v15", "v16", "v19", "v23", "v24");
  return x * 1.5;
}

PCS NOINLINE static float64x2_t twice(float64x2_t x, float64x2_t y) {
  return vaddq_f64(x, vmulq_f64(y, vdupq_n_f64(lose(2))));
}
PCS NOINLINE static float32x4_t leaf(float32x4_t a, float32x4_t b, float32x4_t c, int k) {
  return vmlaq_n_f32(vsubq_f32(a, b), c, (float)k);
}
// Several returns, a frame of its own size, arrays.
PCS NOINLINE static double branches(int n, double x) {
  char room[n & 63 | 1];
  memset(room, n, sizeof room);
  if (n == 0) return lose(x);
  if (n & 1) return room[0] + lose(x) * 2;
  return lose(x) + branches(n / 2, x) + room[sizeof room - 1];
}

// v8 to v23 around a call of `f` with the double x in v0 and v1 and `n` in x0: how many bytes differ.
NOINLINE static int changed(void *f, double x, long n) {
  for (int i = 0; i < 256; i++) before[i] = (unsigned char)(i * 7 + 1);
  memset(after, 0, sizeof after);
  register double v0 __asm__("v0") = x;
  register double v1 __asm__("v1") = x;
  register long x0 __asm__("x0") = n;
  __asm__ volatile("ld1 {v8.16b-v11.16b}, [%[b]], #64\n\tld1 {v12.16b-v15.16b}, [%[b]], #64\n\t"
                   "ld1 {v16.16b-v19.16b}, [%[b]], #64\n\tld1 {v20.16b-v23.16b}, [%[b]]\n\tsub %[b], %[b], #192\n\t"
                   "blr %[f]\n\t"
                   "st1 {v8.16b-v11.16b}, [%[a]], #64\n\tst1 {v12.16b-v15.16b}, [%[a]], #64\n\t"
                   "st1 {v16.16b-v19.16b}, [%[a]], #64\n\tst1 {v20.16b-v23.16b}, [%[a]]\n\tsub %[a], %[a], #192"
                   : "+w"(v0), "+w"(v1), "+r"(x0)
                   : [a] "r"((char *)after), [b] "r"((char *)before), [f] "r"(f)
                   : "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15",
                     "x16", "x17", "x30", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11", "v12", "v13",
                     "v14", "v15", "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23", "v24", "v25", "v26", "v27",
                     "v28", "v29", "v30", "v31", "memory", "cc");
  int n_changed = 0;
  for (int i = 0; i < 256; i++) n_changed += before[i] != after[i];
  return n_changed;
}

int main(void) {
  float64x2_t (*PCS volatile pointer)(float64x2_t, float64x2_t) = twice;
  float64x2_t a = {1, 2}, b = {3, 4}, r = twice(a, b), q = pointer(r, a);
  float32x4_t s = leaf((float32x4_t){1, 2, 3, 4}, (float32x4_t){5, 7, 9, 11}, (float32x4_t){2, 3, 4, 5}, 3);
  printf("%g %g, %g %g, %g %g %g %g\n", r[0], r[1], q[0], q[1], s[0], s[1], s[2], s[3]);
  for (int n = 0; n < 9; n++) printf("%g %d\n", branches(n, n * 0.25), changed((void *)branches, 2, n));
  printf("%d %d %d\n", changed((void *)twice, 3, 0), changed((void *)leaf, 4, 1), changed((void *)lose, 4, 1) > 0);
  return 0;
}
#else
int main(void) {
  puts("not this processor's");
  return 0;
}
#endif
