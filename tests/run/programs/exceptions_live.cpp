// What lives at a landing pad: values of every kind in registers and memory, through frames of every shape.
#include <cstdio>
#include <cstring>

typedef unsigned long u64;
static volatile int counter;

__attribute__((noinline)) static int risky(int k) {
  counter = counter + 1;
  if (k % 2) throw k;
  return k + 1;
}
__attribute__((noinline)) static double risky_float(double x) {
  if (x > 2) throw static_cast<long>(x);
  return x * 2;
}
struct Pair { long a; double b; };
struct Large { long v[6]; };
__attribute__((noinline)) static Pair risky_pair(int k) { risky(k); return {k * 3L, k * .5}; }
__attribute__((noinline)) static Large risky_large(int k) { risky(k); return {{k, 1, 2, 3, 4, k * 7}}; }
__attribute__((noinline)) static bool risky_bool(int k) { return risky(k) > 3; }
__attribute__((noinline)) static long many(long a, long b, long c, long d, long e, long f, long g, long h, double i, Large l,
                                           char j) {
  risky(static_cast<int>(a));
  return a + b * 2 + c * 3 + d * 4 + e * 5 + f * 6 + g * 7 + h * 8 + static_cast<long>(i) + l.v[5] + j;
}
struct Noted {
  const char *what;
  long value;
  ~Noted() { std::printf("  %s %ld\n", what, value); }
};

// Integers and floats that live across calls which return and throw in turns.
static void registers(int n) {
  long a = n, b = n * 3, c = n * 5, d = n * 7, e = n ^ 9, f = ~n, g = n << 4, h = n - 100, i = n * 11, j = n * 13;
  double p = n, q = n * .5, r = n * 1.25, s = -n, t = n / 3., u = n * n, v = n + .125, w = 7 - n, x = n * 2.5;
  float y = n * .75f;
  for (int k = 0; k < 4; k++) {
    try {
      a += risky(n + k);
      b ^= a;
      p += risky_float(k);
      q -= p;
    } catch (int z) {
      c += z + a;
      r *= 2;
    } catch (long z) {
      d += z * b;
      s += p;
    }
    e += c;
    f -= d;
    g ^= e;
    h += f;
    i += g;
    j -= h;
    t += r, u -= s, v += t, w -= u, x += v, y += static_cast<float>(w);
  }
  std::printf("registers %d: %ld %ld %ld %ld %ld %ld %ld %ld %ld %ld %g %g %g %g %g %g %g %g %g %g\n", n, a, b, c, d, e, f, g,
              h, i, j, p, q, r, s, t, u, v, w, x, static_cast<double>(y));
}

static void wide(int n) {
  __int128 a = static_cast<__int128>(n) << 70 | 12345;
  unsigned char c = static_cast<unsigned char>(n);
  long double l = n + .25L;
  bool t = n % 3 == 0;
  for (int k = 0; k < 3; k++) {
    try {
      a += risky(n + k);
      t = t != risky_bool(n + k + 1);
      l *= 1.5L;
    } catch (int z) {
      a -= static_cast<__int128>(z) << 65;
      l += z;
      c = static_cast<unsigned char>(c * 3);
    }
  }
  std::printf("wide %d: %lx %lx %u %.4Lf %d\n", n, static_cast<u64>(a >> 64), static_cast<u64>(a), c, l, t);
}

static void results(int n) {
  for (int k = 0; k < 2; k++) {
    try {
      Noted x = {"pair", n};
      Pair p = risky_pair(n + k);
      Large l = risky_large(n);
      x.value = p.a + static_cast<long>(p.b * 8) + l.v[5];
      std::printf("results %d: %ld\n", n, many(n + k, 2, 3, 4, 5, 6, 7, 8, 9.5, l, 'x'));
    } catch (int z) {
      std::printf("results %d: caught %d\n", n, z);
    }
  }
}

// A frame that grows, one that is aligned, and one that is large.
static void frames(int n) {
  for (int k = 0; k < 2; k++) {
    alignas(64) char aligned[100];
    char large[5000];
    char *dynamic = static_cast<char *>(__builtin_alloca(static_cast<size_t>(n) * 16 + 16));
    std::memset(aligned, n, sizeof aligned);
    std::memset(large, n + 1, sizeof large);
    std::memset(dynamic, n + 2, static_cast<size_t>(n) * 16 + 16);
    try {
      Noted x = {"frames", reinterpret_cast<long>(aligned) % 64};
      x.value += many(n + k, aligned[3], large[4999], dynamic[15], 5, 6, 7, 8, 9.5, Large(), 'y');
    } catch (int z) {
      std::printf("frames %d: caught %d, %d %d %d, %ld\n", n, z, aligned[99], large[0], dynamic[n * 16],
                  reinterpret_cast<long>(aligned) % 64);
    }
  }
}

// Phis at the landing pad: what the same variable was at each of several calls.
static long pads(int n) {
  long state = 1;
  try {
    risky(n & 1 ? n : 0);
    state = 2;
    risky(n & 2 ? n | 1 : 0);
    state = 3 + risky(0);
    risky(n & 4 ? n | 1 : 0);
    state *= 10;
    risky(n & 8 ? n | 1 : 0);
  } catch (int) {
    return state;
  }
  return -state;
}

// Every block of a loop unwinds to a cleanup, which a switch leads out of.
static int switched(int n) {
  int sum = 0;
  for (int k = 0; k < 5; k++) {
    Noted x = {"switched", k};
    switch ((n + k) % 4) {
    case 0: continue;
    case 1:
      try {
        risky(k);
      } catch (int z) {
        sum += z;
        if (z == 3) return sum;
      }
      break;
    case 2: sum += 100; break;
    default:
      if (k == 4) goto out;
      sum += k;
    }
    sum += 1000;
  }
out:
  return sum;
}

int main() {
  for (int n = 0; n < 4; n++) {
    registers(n);
    wide(n);
    results(n);
    frames(n);
    std::printf("switched %d: %d\n", n, switched(n));
  }
  for (int n = 0; n < 16; n++) std::printf("pads %d: %ld\n", n, pads(n));
  std::printf("%d calls\n", counter);
}
