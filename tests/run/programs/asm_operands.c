/* Inline assembly: each kind of constraint, ties, early clobbers, memory, results in flags, labels, lost registers. The
 * assembler makes the code of most; the frequent ones are encoded without. */
#include <stdint.h>
#include <stdio.h>

#if defined(__x86_64__)
static inline unsigned long rdt(void) {
  unsigned lo, hi;
  __asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi));
  return lo | (unsigned long)hi << 32;
}
static void cpuid(unsigned l, unsigned *a, unsigned *b, unsigned *c, unsigned *d) {
  __asm__ volatile("cpuid" : "=a"(*a), "=b"(*b), "=c"(*c), "=d"(*d) : "0"(l), "2"(0));
}
static int add(int a, int b) {
  __asm__("addl %1,%0" : "+r"(a) : "r"(b) : "cc");
  return a;
}
static int addm(int a, int b) {
  __asm__("addl %1,%0" : "+m"(a) : "ri"(b) : "cc");
  return a;
}
static int lt(int a, int b) {
  int r;
  __asm__("cmpl %2,%1" : "=@ccl"(r) : "r"(a), "r"(b));
  return r;
}
static long early(long a, long b) {
  long r;
  __asm__("movq $7,%0\n\taddq %1,%0\n\taddq %2,%0" : "=&r"(r) : "r"(a), "r"(b));
  return r;
}
static int atom(int *p, int v) {
  __asm__ volatile("lock; xaddl %0,%1" : "+r"(v), "+m"(*p)::"memory");
  return v;
}
static double fadd(double a, double b) {
  __asm__("addsd %1,%0" : "+x"(a) : "x"(b));
  return a;
}
static long double x87(long double a, long double b) {
  long double r;
  __asm__("faddp" : "=t"(r) : "0"(a), "u"(b) : "st(1)");
  return r;
}
static double sinx(double x) {
  double r;
  __asm__("fsin" : "=t"(r) : "0"(x));
  return r;
}
static int gotoo(int x) {
  __asm__ goto("testl %0,%0\n\tjs %l1\n\tjz %l2" ::"r"(x) : "cc" : neg, zero);
  return 1;
neg:
  return -1;
zero:
  return 0;
}
static int gotoout(int x) {
  int y;
  __asm__ goto("movl %1,%0\n\taddl $5,%0\n\ttestl %1,%1\n\tjs %l2"
               : "=&r"(y)
               : "r"(x)
               : "cc"
               : neg);
  return y;
neg:
  return -y;
}
static long imm(void) {
  long r;
  __asm__("movq %1,%0" : "=r"(r) : "i"(1234));
  return r;
}
int glob = 77;
static int sglob = 78;
static int *symm(void) {
  int *r;
  __asm__("leaq %P1(%%rip),%0" : "=r"(r) : "i"(&sglob));
  return r;
}
static int callit(int);
__attribute__((noinline)) int callee(int x) { return x * 3; }
static int callit(int x) {
  int r;
  __asm__ volatile("call callee"
                   : "=a"(r), "+D"(x)::"rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "memory",
                     "cc");
  return r;
}
static unsigned char hb(unsigned x) {
  unsigned char r;
  __asm__("movb %h1,%0" : "=Q"(r) : "Q"(x));
  return r;
}
static int loop(int n) {
  int s = 0;
  __asm__("1:\taddl %1,%0\n\tdecl %1\n\tjnz 1b" : "+r"(s), "+r"(n)::"cc");
  return s;
}
static int loop2(int n) {
  int s = 0;
  __asm__(".Lx%=:\taddl %1,%0\n\tdecl %1\n\tjnz .Lx%=" : "+r"(s), "+r"(n)::"cc");
  return s;
}
static void rmov(void *d, const void *s, unsigned long n) {
  __asm__ volatile("rep movsb" : "+D"(d), "+S"(s), "+c"(n)::"memory");
}
static int many(int a, int b, int c, int d, int e, int f, int g, int h) {
  int r;
  __asm__("leal (%1,%2),%0\n\taddl %3,%0\n\taddl %4,%0\n\taddl %5,%0\n\taddl %6,%0\n\taddl "
          "%7,%0\n\taddl %8,%0"
          : "=&r"(r)
          : "r"(a), "r"(b), "r"(c), "r"(d), "r"(e), "r"(f), "r"(g), "m"(h));
  return r;
}
static int clob(int a) {
  int b = a + 1, c = a + 2, d = a + 3;
  __asm__ volatile("xorl %%ebx,%%ebx\n\txorl %%r12d,%%r12d\n\txorl %%r13d,%%r13d\n\txorl "
                   "%%r14d,%%r14d\n\txorl %%r15d,%%r15d" ::
                     : "rbx", "r12", "r13", "r14", "r15", "cc");
  __asm__ volatile("movq %%rsp, %%rax" ::: "rax", "rsp"); /* which says nothing */
  return a + b * 10 + c * 100 + d * 1000;
}
static int empty(int x) {
  __asm__ volatile("" : "+r"(x)::"memory");
  return x;
}
static uint64_t bsw(uint64_t x) {
  __asm__("bswap %0" : "+r"(x));
  return x;
}
static int many_out(void) {
  int a, b, c, d, e, f, g, h, i, j;
  __asm__("movl $1,%0\nmovl $2,%1\nmovl $3,%2\nmovl $4,%3\nmovl $5,%4\nmovl $6,%5\nmovl "
          "$7,%6\nmovl $8,%7\nmovl $9,%8\nmovl $10,%9"
          : "=r"(a), "=r"(b), "=r"(c), "=r"(d), "=r"(e), "=r"(f), "=r"(g), "=r"(h), "=r"(i),
            "=r"(j));
  return a + b * 2 + c * 3 + d * 4 + e * 5 + f * 6 + g * 7 + h * 8 + i * 9 + j * 10;
}
static long long mmx(long long a, long long b) { /* in registers that are not the compiler's own */
  typedef long long m64 __attribute__((vector_size(8)));
  m64 x = {a}, y = {b}, z;
  __asm__("paddw %2,%0\n\tmovq %0,%1\n\tpaddb %1,%1" : "+y"(x), "=&y"(z) : "y"(y) : "mm0", "mm5");
  __asm__ volatile("emms" ::: "mm1");
  return x[0] * 3 + z[0];
}
/* bars and braces that separate no dialects */
static int bars(int x) {
  __asm__("addl $(0x10 | 3), %0 # } {att|intel} |\n\t{addl $1, %0|add %0, 2}" : "+r"(x));
  return x;
}
/* It does not say that it changes eax, as programs in D do not: the address of `where` is in no register. */
static int unsaid(void) {
  int where;
  __asm__ volatile("movl $42, %%eax; movl %%eax, %0" : "=m"(where));
  return where;
}
int main() {
  unsigned a, b, c, d;
  cpuid(0, &a, &b, &c, &d);
  printf("%.4s%.4s%.4s\n", (char *)&b, (char *)&d, (char *)&c);
  unsigned long t = rdt();
  printf("%d\n", rdt() >= t);
  printf("%d %d %d %d %ld\n", add(3, 4), addm(5, 6), lt(1, 2), lt(2, 1), early(1, 2));
  int p = 5;
  int q = atom(&p, 3);
  printf("%d %d %g %Lg\n", p, q, fadd(1.5, 2.25), x87(1.5L, 2.0L));
  printf("%.6f %d %d %d\n", sinx(1.0), gotoo(5), gotoo(-5), gotoo(0));
  printf("%d %d\n", gotoout(3), gotoout(-3));
  printf("%ld %d %d %d\n", imm(), *symm(), callit(14), hb(0x1234));
  printf("%d %d\n", loop(10), loop2(11));
  char s[6] = "hello", u[6];
  rmov(u, s, 6);
  printf("%s %d %d %d\n", u, many(1, 2, 3, 4, 5, 6, 7, 8), clob(1), empty(9));
  printf("%lx %d\n", bsw(0x0102030405060708), many_out());
  printf("%llx %d\n", mmx(0x0001fffe00030004, 0x7f00010002000300), bars(5));
  printf("%d\n", unsaid());
  return 0;
}

#else
static int add(int a, int b) {
  int r;
  __asm__("add %w0,%w1,%w2" : "=r"(r) : "r"(a), "r"(b));
  return r;
}
static int addi(int a) {
  int r;
  __asm__("add %w0,%w1,%2" : "=r"(r) : "r"(a), "I"(7));
  return r;
}
static int lt(int a, int b) {
  int r;
  __asm__("cmp %w1,%w2" : "=@cclt"(r) : "r"(a), "r"(b));
  return r;
}
static int fetch(int *p, int v) {
  int o, n, t;
  __asm__ volatile("1:\tldxr %w0,%3\n\tadd %w1,%w0,%w4\n\tstxr %w2,%w1,%3\n\tcbnz %w2,1b"
                   : "=&r"(o), "=&r"(n), "=&r"(t), "+Q"(*p)
                   : "r"(v)
                   : "memory");
  return o;
}
static double fadd(double a, double b) {
  double r;
  __asm__("fadd %d0,%d1,%d2" : "=w"(r) : "w"(a), "w"(b));
  return r;
}
static float fs(float a, float b) {
  __asm__("fmul %s0,%s0,%s1" : "+w"(a) : "w"(b));
  return a;
}
static int gotoo(int x) {
  __asm__ goto("cbz %w0,%l2\n\ttbnz %w0,#31,%l1" ::"r"(x) : "cc" : neg, zero);
  return 1;
neg:
  return -1;
zero:
  return 0;
}
static long early(long a, long b) {
  long r;
  __asm__("mov %0,#7\n\tadd %0,%0,%1\n\tadd %0,%0,%2" : "=&r"(r) : "r"(a), "r"(b));
  return r;
}
int g = 5;
static int sg = 6;
static int *sym(void) {
  int *r;
  __asm__("adrp %0,%1\n\tadd %0,%0,:lo12:%1" : "=r"(r) : "S"(&sg));
  return r;
}
static unsigned long tp(void) {
  unsigned long r;
  __asm__("mrs %0,tpidr_el0" : "=r"(r));
  return r;
}
__attribute__((noinline)) int callee(int x) { return x * 3; }
static int callit(int x) {
  register int w __asm__("w0") = x;
  __asm__ volatile("bl callee"
                   : "+r"(w)::"x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11",
                     "x12", "x13", "x14", "x15", "x16", "x17", "x30", "memory", "cc");
  return w;
}
static int clob(int a) {
  int b = a + 1, c = a + 2, d = a + 3;
  double e = a;
  __asm__ volatile("mov x19,#0\n\tmov x20,#0\n\tmov x28,#0\n\tmovi d8,#0\n\tmovi d15,#0" ::
                     : "x19", "x20", "x28", "v8", "v15", "cc");
  __asm__ volatile("mov x9, sp" ::: "x9", "sp");
  return a + b * 10 + c * 100 + d * 1000 + (int)e;
}
static long sysc(long n) {
  register long x8 __asm__("x8") = n;
  register long x0 __asm__("x0");
  __asm__ volatile("svc #0" : "=r"(x0) : "r"(x8) : "memory");
  return x0;
}
static uint64_t rv(uint64_t x) {
  uint64_t r;
  __asm__("rev %0,%1" : "=r"(r) : "r"(x));
  return r;
}
static uint32_t rv32(uint32_t x) {
  uint32_t r;
  __asm__("rev %w0,%w1" : "=r"(r) : "r"(x));
  return r;
}
static void bar(void) {
  __asm__ volatile("dmb ish" ::: "memory");
  __asm__ volatile("isb");
  __asm__ volatile("yield");
}
static long ldp(long *p) {
  long a, b;
  __asm__("ldp %0,%1,[%2]" : "=&r"(a), "=r"(b) : "r"(p) : "memory");
  return a * 10 + b;
}
static long pool(void) {
  long a;
  int b;
  __asm__("ldr %0, =0x123456789abcdef0" : "=r"(a));
  __asm__("ldr %w0, =0x12345678\n add %w0, %w0, 1" : "=r"(b));
  return a + b;
}
static int z(int c) {
  int r;
  __asm__("mov %w0,%w1" : "=r"(r) : "rZ"(0));
  return r + c;
}
int main() {
  int p = 5;
  int o = fetch(&p, 3);
  long v[2] = {4, 2};
  bar();
  printf("%d %d %d %d %d %d\n", add(3, 4), addi(5), lt(1, 2), lt(2, 1), p, o);
  printf("%g %g %d %d %d %ld\n", fadd(1.5, 2.25), fs(2, 3), gotoo(5), gotoo(-5), gotoo(0),
         early(1, 2));
  printf("%d %d %d %d %d\n", *sym(), tp() != 0, callit(14), clob(1), sysc(172) > 0);
  printf("%lx %x %ld %d\n", rv(0x0102030405060708), rv32(0x01020304), ldp(v), z(3));
  printf("%lx\n", pool());
  return 0;
}

#endif
