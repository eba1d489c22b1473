/* Functions that keep more registers than C's. */
#define MOST __attribute__((preserve_most))
#define ALL __attribute__((preserve_all))
struct large {
  long v[5];
};
void clobber(void);
static long many(long a, long b, long c) {
  long d = a * b, e = b * c, f = c * a;
  clobber();
  for (long i = 0; i < c; i++) d += e ^ f, e -= d, f += i;
  return d + e + f;
}
static double floats(double a) {
  double b = a + 1, c = a * 2, d = a / 3;
  for (int i = 0; i < 3; i++) b += c * d, c -= b, d += i;
  clobber();
  return b + c + d;
}
MOST void most_nothing(void) {}
MOST void most_void(long a) { many(a, a + 1, 3); }
MOST long most_long(long a, long b) {
  if (b == 3) return many(a, b, a & 7);
  clobber();
  return a + b;
}
MOST __int128 most_wide(long a) {
  clobber();
  return (__int128)a << 40;
}
MOST double most_double(double a) { return floats(a); }
MOST struct large most_struct(long a) {
  clobber();
  return (struct large){{a, a + 1}};
}
ALL void all_nothing(void) {}
ALL void all_void(long a) {
  many(a, a + 1, 3);
  floats(2);
}
ALL long all_long(long a, long b) { return many(a, b, a & 7); }
ALL double all_double(double a) { return floats(a) + many(1, 2, 3); }
ALL void all_frame(long a) {
  volatile char v[70000];
  _Alignas(64) volatile char w[100];
  v[a & 1] = 1;
  w[a & 1] = 2;
  clobber();
}
