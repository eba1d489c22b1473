/* Functions for backtrace() and gdb: main calls the first, the last calls back into C. */
void see(const char *where);
#define NOINLINE __attribute__((noinline))
NOINLINE long third(long n, long *out) {
  volatile char frame[300];
  frame[n] = 1;
  see("third");
  out[0] += frame[n];
  see("again");
  return out[0] + n;
}
NOINLINE long second(long n, long a, long b, long c, long d, long e, long f, long g) {
  long v[n];
  v[0] = a + b + c + d + e + f + g;
  long r = third(n - 1, v);
  return r + v[0] * n;
}
NOINLINE long first(long n) {
  long a = n * 3, b = n * 5;
  long r = second(n, 1, 2, 3, 4, 5, a, b);
  return r + a - b;
}
