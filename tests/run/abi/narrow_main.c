/* The other half of narrow.kir. Prints `ok WHAT` or `bad WHAT` per check. Built by gcc and clang at
 * -O1, whose code relies on the extension of narrow arguments to 32 bits. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

typedef unsigned long word;

static void check(int good, const char *what) { printf("%s %s\n", good ? "ok" : "bad", what); }

static long sent;
void send(long);
void send_constants(void);
void want(int a, unsigned b, int c, unsigned d, int e, long f, int g, unsigned h, int i, unsigned j,
          int k);
void want(int a, unsigned b, int c, unsigned d, int e, long f, int g, unsigned h, int i, unsigned j,
          int k) {
  if (sent == 1) {
    check(a == -2 && b == 254 && c == -3 && d == 65533 && e == -4 && f == -5 && g == -6 &&
            h == 250 && i == -7 && j == 65529 && k == -8,
          "constants are extended");
    return;
  }
  check(a == (signed char)sent && g == (signed char)sent, "i8 sext is extended to 32 bits");
  check(b == (unsigned char)sent && h == (unsigned char)sent, "i8 zext is extended to 32 bits");
  check(c == (short)sent && i == (short)sent, "i16 sext is extended to 32 bits");
  check(d == (unsigned short)sent && j == (unsigned short)sent, "i16 zext is extended to 32 bits");
  check(e == (int)sent && k == (int)sent && f == sent, "i32 and i64 arrive");
}

void send_variadic(long, double);
void want_variadic(long a, ...);
void want_variadic(long a, ...) {
  va_list ap;
  va_start(ap, a);
  int b = va_arg(ap, int);
  double c = va_arg(ap, double);
  long d = va_arg(ap, long);
  double e = va_arg(ap, double);
  int f = va_arg(ap, int);
  long g = va_arg(ap, long), h = va_arg(ap, long);
  int i = va_arg(ap, int);
  double j = va_arg(ap, double);
  va_end(ap);
  check(a == sent && b == (int)sent && d == sent && f == (int)sent && g == sent && h == sent &&
          i == (int)sent,
        "variadic integers");
  check(c == 2.5 && e == 2.5 && j == 2.5, "variadic doubles");
}

/* Junk above the declared width, in registers and on the stack. */
long receive(word, word, word, word, word, word, word, word, word);
long receive_promised(int, unsigned);

long sum3(void);
double sum4f(void), sum_mixed(void);
__asm__(".text\n.globl give3\ngive3: mov $7, %eax\n mov $5, %edx\n mov $3, %ecx\n ret\n"
        ".globl give4f\ngive4f: mov $1, %eax\n cvtsi2sd %eax, %xmm0\n mov $2, %eax\n cvtsi2ss "
        "%eax, %xmm1\n"
        " mov $3, %eax\n cvtsi2sd %eax, %xmm2\n mov $4, %eax\n cvtsi2ss %eax, %xmm3\n ret\n"
        ".globl give_mixed\ngive_mixed: mov $100, %eax\n cvtsi2sd %eax, %xmm0\n mov $2000, %eax\n"
        " cvtsi2ss %eax, %xmm1\n movabs $0x7777777700007530, %rdx\n mov $50, %eax\n ret\n");

struct aligned {
  _Alignas(16) long v[6];
};
struct odd {
  char c[21];
};
long take_aligned(long a, struct aligned b, long c, struct odd d);
long take_aligned(long a, struct aligned b, long c, struct odd d) {
  check(((word)&b & 15) == 0, "byval is aligned");
  long s = a + c;
  for (int i = 0; i < 6; i++) s += b.v[i];
  for (int i = 0; i < 21; i++) s += d.c[i];
  memset(&b, 0, sizeof b);
  return s;
}
long send_aligned(const struct aligned *, const struct odd *);
long by_address(long (*f)(int), long v);
static long identity(int v) { return v; }

int main(void) {
  static const long values[] = {0x1234567890abcdef, 0x7f, 0x80, -1, 0x8000, 0xffff7fff,
                                0x5555555500000000};
  for (unsigned i = 0; i < sizeof values / sizeof *values; i++) {
    sent = values[i];
    send(sent);
    send_variadic(sent, 2.5);
    word v = (word)sent;
    long expected = (signed char)v + (short)v + (long)(unsigned)v + (unsigned char)v +
                    (unsigned short)v + (int)v + (signed char)v + (unsigned short)v + (int)v;
    check(receive(v, v, v, v, v, v, v, v, v) == expected, "narrow parameters with junk above");
    signed char c = (signed char)v;
    unsigned short h = (unsigned short)v;
    check(receive_promised(c, h) == (c < 0) * 1000000L + (h > 65000) * 10000000L + c + h,
          "promised parameters");
    check(by_address(identity, sent) == (signed char)v, "call by another signature");
  }
  sent = 1;
  send_constants();

  word a, b, c;
  __asm__ volatile("mov $40, %%edi\n sub $128, %%rsp\n call three\n add $128, %%rsp"
                   : "=a"(a), "=d"(b), "=c"(c)
                   :
                   : "rdi", "rsi", "r8", "r9", "r10", "r11", "memory", "cc");
  check(a == 42 && b == 40 && c == 41, "three integer results: rax, rdx, rcx");
  double x, z;
  float y, w;
  __asm__ volatile(
    "movsd %4, %%xmm0\n movss %5, %%xmm1\n sub $128, %%rsp\n call fours\n add $128, %%rsp\n"
    "movapd %%xmm0, %%xmm4\n movapd %%xmm1, %%xmm5\n movapd %%xmm2, %%xmm6\n movapd %%xmm3, "
    "%%xmm7\n"
    "movapd %%xmm4, %0\n movapd %%xmm5, %1\n movapd %%xmm6, %2\n movapd %%xmm7, %3"
    : "=&x"(x), "=&x"(y), "=&x"(z), "=&x"(w)
    : "m"((const double){1.5}), "m"((const float){2.25f})
    : "rax", "rcx", "rdx", "rdi", "rsi", "r8", "r9", "r10", "r11", "xmm4", "xmm5", "xmm6", "xmm7",
      "memory", "cc");
  check(x == 3 && y == 4.5f && z == 1.5 && w == 2.25f, "four float results: xmm0 to xmm3");
  __asm__ volatile(
    "mov $77, %%edi\n movsd %4, %%xmm0\n sub $128, %%rsp\n call mixed\n add $128, %%rsp\n"
    "movapd %%xmm0, %%xmm4\n movapd %%xmm1, %%xmm5\n movapd %%xmm4, %2\n movapd %%xmm5, %3"
    : "=&a"(a), "=&d"(b), "=&x"(x), "=&x"(y)
    : "m"((const double){1.5})
    : "rcx", "rdi", "rsi", "r8", "r9", "r10", "r11", "xmm0", "xmm1", "xmm4", "xmm5", "memory",
      "cc");
  check(a == 77 && (unsigned)b == 77 && x == -1.5 && y == 1.5f, "results of mixed classes");
  check(sum3() == 357, "a call with three integer results");
  check(sum4f() == 4321, "a call with four float results");
  check(sum_mixed() == 50 + 100 + 30000 + 2000, "a call with results of mixed classes");
  struct aligned al = {{1, 2, 3, 4, 5, 6}};
  struct odd odd = {{1, 2, 3, 4, [20] = 5}};
  check(send_aligned(&al, &odd) == 39 && al.v[0] == 1, "byval copies");
  return 0;
}
