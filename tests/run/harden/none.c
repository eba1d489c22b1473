/* An interpreter whose handlers tail-call each other by preserve_none, in two halves: protect.py
 * has each of them from Kiln and from clang. */
#define PN __attribute__((preserve_none))
typedef long PN op(const unsigned char *pc, long *sp, long acc, double d, void *frame, int n);
extern op *const ops[4];
long helper(long);
#ifdef HALF_A
PN long add(const unsigned char *pc, long *sp, long acc, double d, void *frame, int n) {
  acc += *sp++;
  __attribute__((musttail)) return ops[*pc](pc + 1, sp, acc, d + .5, frame, n + 1);
}
PN long mul(const unsigned char *pc, long *sp, long acc, double d, void *frame, int n) {
  char big[200];
  big[n & 127] = 3;
  acc = helper(acc) * big[n & 127];
  __attribute__((musttail)) return ops[*pc](pc + 1, sp, acc, d * 2, frame, n + 1);
}
PN long many(long a, long b, int c, signed char d, short e, long f, void *g) {
  return helper(a) + b * 2 + c * 3 + d * 4 + e * 5 + f * 6 + (long)g * 7;
}
#else
PN long sub(const unsigned char *pc, long *sp, long acc, double d, void *frame, int n) {
  acc -= *sp;
  __attribute__((musttail)) return ops[*pc](pc + 1, sp, helper(acc), d - 1, frame, n + 1);
}
PN long end(const unsigned char *pc, long *sp, long acc, double d, void *frame, int n) {
  return acc * 1000 + n + (long)(d * 4) + *(int *)frame;
}
PN long add(const unsigned char *, long *, long, double, void *, int),
  mul(const unsigned char *, long *, long, double, void *, int);
op *const ops[4] = {add, mul, sub, end};
PN long many(long a, long b, int c, signed char d, short e, long f, void *g);
int printf(const char *, ...);
__attribute__((noinline)) long helper(long x) {
  volatile long a[4] = {x, x, x, x};
  return a[1] + a[2] - a[3] + 1;
}
int main(void) {
  long st[10] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
  int fr = 5;
  long keep = helper(77), k2 = helper(78);
  double kd = (double)keep / 2;
  static const unsigned char code[] = {1, 0, 2, 0, 1, 2, 3};
  long r = ops[0](code, st, 3, 1.5, &fr, 0);
  printf("%ld %ld %ld %g %ld\n", r, keep, k2, kd, many(keep, 2, -3, -4, -5, 6, (void *)7));
  return 0;
}
#endif
