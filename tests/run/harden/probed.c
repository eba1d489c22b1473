/* Functions that use much stack: compiled with -fstack-clash-protection by the compiler under
 * test. Each is to reach the guard page below its stack before anything beyond it, whatever
 * order it writes in. */
#define SIZE (1 << 20)
void *alloca(unsigned long);
void use(volatile void *);
struct large {
  char c[SIZE];
};
struct large ones = {{1, 1, 1, 1, 1, 1, 1, 1}};

void fixed(unsigned long n) {
  volatile char v[SIZE];
  v[n] = 1;
  use(v);
}
void dynamic(unsigned long n) {
  volatile char *p = alloca(n);
  p[0] = 1;
  use(p);
}
void aligned(unsigned long n) {
  volatile _Alignas(16384) char v[n];
  v[0] = 1;
  use(v);
}
/* frames of up to two pages and their calls: each leaves some of its stack untouched */
#define CHAIN(name, size, next)                                                                    \
  void name(unsigned long n) {                                                                     \
    volatile char v[size];                                                                         \
    if (n == 0) use(v);                                                                            \
    else next(n - 1);                                                                              \
    use(0);                                                                                        \
  }
void chain(unsigned long);
CHAIN(chain_3, 3000, chain)
CHAIN(chain_2, 8100, chain_3)
CHAIN(chain_1, 4080, chain_2)
CHAIN(chain, 4000, chain_1)
static void take(int n, struct large s) { use(&s.c[n]); }
void by_value(unsigned long n) { take((int)n, ones); }
void by_value_dynamic(unsigned long n) {
  volatile char *p = alloca(n);
  use(p);
  take(1, ones);
}
/* many small pieces, and pieces that do not fit pages */
void pieces(unsigned long n) {
  for (unsigned long i = 0; i < n; i++) {
    volatile char *p = alloca(i % 9000);
    if (i % 7 == 0) use(p);
  }
}
/* correct all the same: what is allocated keeps its content */
unsigned long keeps(unsigned long n) {
  unsigned long sum = 0;
  unsigned char *last = 0;
  for (unsigned long i = 1; i < n; i++) {
    unsigned long size = i * 97 % 5000;
    unsigned char *p = alloca(size + 1);
    for (unsigned long k = 0; k <= size; k++) p[k] = (unsigned char)(i + k);
    alloca(0);
    use(p);
    if (last) sum += last[0];
    last = p;
    for (unsigned long k = 0; k <= size; k++) sum += p[k] == (unsigned char)(i + k);
  }
  return sum;
}
