/* Calls that must be tail calls: recursion as deep as no stack is, structs in memory and in
 * registers, small results, and an interpreter whose operations call each other. */
#include <stdio.h>

#define TAIL __attribute__((musttail)) return

long even(long n, long sum);
long odd(long n, long sum) {
  if (n == 0) return -sum;
  TAIL even(n - 1, sum + 1);
}
long even(long n, long sum) {
  if (n == 0) return sum;
  TAIL odd(n - 1, sum + n);
}

struct in_memory {
  long a[6];
};
struct in_memory add_up(long n, struct in_memory b) {
  if (n == 0) return b;
  b.a[n % 6] += n;
  TAIL add_up(n - 1, b);
}
struct in_memory exchange(int n, struct in_memory a, struct in_memory b) {
  if (n == 0) return a;
  TAIL exchange(n - 1, b, a);
}

struct in_registers {
  long a;
  double b;
};
struct in_registers halves(int n, struct in_registers t, float f) {
  if (n == 0) {
    t.b += f;
    return t;
  }
  t.a += n;
  TAIL halves(n - 1, t, f / 2);
}

signed char down(signed char c, short n) {
  if (n <= 0) return c;
  TAIL down(c - 7, n - 1);
}

typedef long operation(const long *pc, long *sp, long sum);
static operation add, decrement, again, end;
static operation *const table[] = {add, decrement, again, end};
#define NEXT TAIL table[*pc](pc, sp, sum)
static long add(const long *pc, long *sp, long sum) {
  sum += sp[0] * 3;
  pc++;
  NEXT;
}
static long decrement(const long *pc, long *sp, long sum) {
  sp[0]--;
  pc++;
  NEXT;
}
static long again(const long *pc, long *sp, long sum) {
  if (sp[0]) pc -= 2;
  else pc++;
  NEXT;
}
static long end(const long *pc, long *sp, long sum) { return sum + *pc + *sp; }

int main(void) {
  printf("%ld %ld\n", even(1000000, 0), odd(1000001, 5));
  struct in_memory b = {{1, 2, 3, 4, 5, 6}}, c = {{7, 8, 9, 10, 11, 12}};
  c = exchange(3, b, c);
  b = add_up(100000, b);
  for (int i = 0; i < 6; i++) printf("%ld %ld\n", b.a[i], c.a[i]);
  struct in_registers t = halves(10, (struct in_registers){1, 2.5}, 128.0f);
  printf("%ld %g %d\n", t.a, t.b, down(100, 200));
  const long code[] = {0, 1, 2, 3};
  long stack[] = {1000000};
  printf("%ld\n", table[0](code, stack, 0));
}
