/* Loops that clang vectorizes, for `./dev bench --vectors`: the first argument names one, the
 * second says how often it is run. Each prints a checksum of what it computed. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N = 4096 };
static float fa[N], fb[N], fc[N];
static double da[N], db[N], dc[N];
static int32_t ia[N], ib[N], ic[N];
static uint8_t ba[N], bb[N], bc[4 * N];
static int16_t sa[N], sb[N], sc[N];
static uint64_t la[N], lb[N], lc[N];

static void fill(void) {
  uint32_t s = 1;
  for (int i = 0; i < N; i++) {
    s = s * 1103515245 + 12345;
    fa[i] = (float)(s >> 16) / 65536, fb[i] = (float)(s >> 8 & 0xffff) / 16384;
    da[i] = fa[i] * 3, db[i] = fb[i] + 1;
    ia[i] = (int32_t)(s >> 7), ib[i] = (int32_t)(s >> 11) - 1000000;
    ba[i] = (uint8_t)(s >> 13), bb[i] = (uint8_t)(s >> 21);
    sa[i] = (int16_t)(s >> 9), sb[i] = (int16_t)(s >> 15);
    la[i] = s * UINT64_C(0x9e3779b97f4a7c15), lb[i] = la[i] ^ s;
  }
}

#define KERNEL static __attribute__((noinline)) void

KERNEL saxpy(void) {
  for (int i = 0; i < N; i++) fc[i] = 1.5f * fa[i] + fb[i];
}
KERNEL daxpy(void) {
  for (int i = 0; i < N; i++) dc[i] += 0.25 * da[i] - db[i];
}
KERNEL dot(void) {
#pragma clang fp reassociate(on) contract(off)
  float sum = 0;
  for (int i = 0; i < N; i++) sum += fa[i] * fb[i];
  fc[0] = sum;
}
KERNEL sum_i32(void) {
  int32_t sum = 0, least = INT32_MAX, most = INT32_MIN;
  for (int i = 0; i < N; i++) {
    sum += ia[i] ^ ib[i];
    least = ia[i] < least ? ia[i] : least;
    most = ib[i] > most ? ib[i] : most;
  }
  ic[0] = sum, ic[1] = least, ic[2] = most;
}
KERNEL mul_i32(void) {
  for (int i = 0; i < N; i++) ic[i] = ia[i] * ib[i] + (ia[i] >> 3);
}
KERNEL mul_i64(void) {
  for (int i = 0; i < N; i++) lc[i] = (la[i] * lb[i]) ^ (la[i] >> 31);
}
KERNEL blur(void) { /* of three bytes */
  for (int i = 1; i < N - 1; i++) bc[i] = (uint8_t)((ba[i - 1] + 2 * ba[i] + ba[i + 1]) / 4);
}
KERNEL average(void) {
  for (int i = 0; i < N; i++) bc[i] = (uint8_t)((ba[i] + bb[i] + 1) >> 1);
}
KERNEL to_float(void) {
  for (int i = 0; i < N; i++) fc[i] = (float)ba[i] * (1.0f / 255);
}
KERNEL from_float(void) {
  for (int i = 0; i < N; i++) bc[i] = (uint8_t)(int)(fa[i] * 255 + 0.5f);
}
KERNEL to_double(void) {
  for (int i = 0; i < N; i++) dc[i] = ia[i] * 0.5 + fa[i];
}
KERNEL gray(void) { /* RGBA to one byte: lanes at a distance */
  for (int i = 0; i < N / 4; i++)
    bc[i] = (uint8_t)((ba[4 * i] * 77 + ba[4 * i + 1] * 150 + ba[4 * i + 2] * 29) >> 8);
}
KERNEL complex_mul(void) {
  for (int i = 0; i < N / 2; i++) {
    float r = fa[2 * i] * fb[2 * i] - fa[2 * i + 1] * fb[2 * i + 1];
    float m = fa[2 * i] * fb[2 * i + 1] + fa[2 * i + 1] * fb[2 * i];
    fc[2 * i] = r, fc[2 * i + 1] = m;
  }
}
KERNEL count_bytes(void) {
  int n = 0;
  for (int i = 0; i < N; i++) n += ba[i] == 'a' || ba[i] > 200;
  ic[0] = n;
}
KERNEL clamp(void) {
  for (int i = 0; i < N; i++) sc[i] = sa[i] < -500 ? -500 : sa[i] > 9000 ? 9000 : sa[i];
}
KERNEL mix_i16(void) {
  for (int i = 0; i < N; i++) sc[i] = (int16_t)((sa[i] * sb[i]) >> 15);
}
KERNEL select_f32(void) {
  for (int i = 0; i < N; i++) fc[i] = fa[i] > fb[i] ? fa[i] - fb[i] : fb[i] * 0.5f;
}
KERNEL roots(void) {
  for (int i = 0; i < N; i++) dc[i] = sqrt(da[i]) / db[i] + fabs(da[i] - db[i]);
}
KERNEL popcounts(void) {
  for (int i = 0; i < N; i++) ic[i] = __builtin_popcountll(la[i]);
}
KERNEL reverse(void) {
  for (int i = 0; i < N; i++) ic[i] = ia[N - 1 - i];
}
KERNEL prefix(void) { /* sums of eight in steps */
  for (int i = 0; i < N; i += 8)
    for (int d = 1; d < 8; d *= 2)
      for (int k = 7; k >= d; k--) ia[i + k] += ia[i + k - d];
}
KERNEL transpose(void) {
  for (int i = 0; i < N; i += 16)
    for (int y = 0; y < 4; y++)
      for (int x = 0; x < 4; x++) fc[i + 4 * x + y] = fa[i + 4 * y + x];
}
KERNEL matrix(void) {
  enum { M = 32 };
  for (int i = 0; i < M; i++)
    for (int k = 0; k < M; k++)
      for (int j = 0; j < M; j++) dc[i * M + j] += da[i * M + k] * db[k * M + j];
  for (int i = 0; i < M * M; i++) dc[i] *= 0.001;
}
KERNEL mandelbrot(void) {
  for (int i = 0; i < N / 8; i += 4) {
    float x[4] = {0}, y[4] = {0}, n[4] = {0};
    for (int r = 0; r < 16; r++)
      for (int k = 0; k < 4; k++) {
        float xx = x[k] * x[k] - y[k] * y[k] + fa[i + k] - 1;
        float yy = 2 * x[k] * y[k] + fb[i + k] - 1;
        int in = x[k] * x[k] + y[k] * y[k] < 4;
        x[k] = in ? xx : x[k], y[k] = in ? yy : y[k], n[k] += in ? 1.0f : 0.0f;
      }
    for (int k = 0; k < 4; k++) fc[i + k] = n[k];
  }
}
KERNEL sort4(void) { /* a network of four columns */
  enum { Q = N / 4 };
#define ORDER(a, b)                                                                                \
  do {                                                                                             \
    int32_t low = a < b ? a : b, high = a < b ? b : a;                                             \
    a = low, b = high;                                                                             \
  } while (0)
  for (int i = 0; i < Q; i++) {
    int32_t p = ia[i], q = ib[i], r = ia[i + Q], s = ib[i + Q];
    ORDER(p, q);
    ORDER(r, s);
    ORDER(p, r);
    ORDER(q, s);
    ORDER(q, r);
    ic[i] = p, ic[i + Q] = q, ic[i + 2 * Q] = r, ic[i + 3 * Q] = s;
  }
}
KERNEL adler(void) {
  uint32_t a = 1, b = 0;
  for (int i = 0; i < N; i++) a += ba[i], b += (uint32_t)(N - i) * ba[i];
  ic[0] = (int32_t)(a % 65521), ic[1] = (int32_t)(b % 65521);
}
KERNEL hash_i32(void) {
  for (int i = 0; i < N; i++) {
    uint32_t h = (uint32_t)ia[i];
    h ^= h >> 16, h *= 0x85ebca6bu, h ^= h >> 13, h *= 0xc2b2ae35u, h ^= h >> 16;
    ic[i] = (int32_t)(h << 7 | h >> 25);
  }
}
KERNEL hex(void) {
  for (int i = 0; i < N; i++) {
    uint8_t high = ba[i] >> 4, low = ba[i] & 15;
    bc[2 * i] = (uint8_t)(high < 10 ? '0' + high : 'a' - 10 + high);
    bc[2 * i + 1] = (uint8_t)(low < 10 ? '0' + low : 'a' - 10 + low);
  }
}
KERNEL find(void) { /* by sixteen */
  int at = 0;
  for (int i = 0; i < N; i += 16) {
    uint8_t any = 0;
    for (int k = 0; k < 16; k++) any |= (uint8_t)(ba[i + k] == 7);
    at += any != 0;
  }
  ic[0] = at;
}
KERNEL bodies(void) {
  enum { B = 64 };
  for (int i = 0; i < B; i++) {
    float x = 0, y = 0;
    for (int j = 0; j < B; j++) {
#pragma clang fp reassociate(on)
      float dx = fa[j] - fa[i], dy = fb[j] - fb[i], d = dx * dx + dy * dy + 0.01f;
      float f = 1 / (d * sqrtf(d));
      x += dx * f, y += dy * f;
    }
    fc[2 * i] = x, fc[2 * i + 1] = y;
  }
}

#define ROW(name) {#name, name}
static const struct {
  const char *name;
  void (*run)(void);
} kernels[] = {
  ROW(saxpy),     ROW(daxpy),      ROW(dot),         ROW(sum_i32),     ROW(mul_i32),
  ROW(mul_i64),   ROW(blur),       ROW(average),     ROW(to_float),    ROW(from_float),
  ROW(to_double), ROW(gray),       ROW(complex_mul), ROW(count_bytes), ROW(clamp),
  ROW(mix_i16),   ROW(select_f32), ROW(roots),       ROW(popcounts),   ROW(reverse),
  ROW(prefix),    ROW(transpose),  ROW(matrix),      ROW(mandelbrot),  ROW(sort4),
  ROW(adler),     ROW(hash_i32),   ROW(hex),         ROW(find),        ROW(bodies),
};

static uint64_t sum_of(uint64_t h, const void *p, size_t n) {
  for (size_t i = 0; i < n; i++) h = (h ^ ((const uint8_t *)p)[i]) * 0x100000001b3u;
  return h;
}

int main(int argc, char **argv) {
  if (argc < 2) {
    for (size_t i = 0; i < sizeof kernels / sizeof *kernels; i++) puts(kernels[i].name);
    return 0;
  }
  long rounds = argc > 2 ? atol(argv[2]) : 1;
  fill();
  for (size_t i = 0; i < sizeof kernels / sizeof *kernels; i++) {
    if (strcmp(kernels[i].name, argv[1])) continue;
    for (long r = 0; r < rounds; r++) {
      __asm__ volatile("" ::: "memory");
      kernels[i].run();
    }
    uint64_t h = sum_of(1, fc, sizeof fc);
    h = sum_of(sum_of(h, dc, sizeof dc), ic, sizeof ic);
    h = sum_of(sum_of(h, bc, sizeof bc), sc, sizeof sc);
    printf("%s %llx\n", argv[1],
           (unsigned long long)sum_of(sum_of(h, lc, sizeof lc), ia, sizeof ia));
    return 0;
  }
  return 1;
}
