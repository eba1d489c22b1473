#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
/* Each shape recurses until the stack that it used exceeds 7 MB, and prints how deep that was. */
static char *base;
static long deepest;
static inline int room(long n) {
  char here;
  deepest = n;
  return base - &here < 7 << 20;
}
static int twice(int a) { return a * 2; }
static int mix(int a, int b) {
  int c = a ^ b;
  int d = twice(c) + a;
  return d - b;
}
static int self(long n) {
  if (!room(n)) return 1;
  int a = mix((int)n, 3), b = mix(a, 4);
  return self(n + 1) + a + b;
}
static int odd(long n);
static int even(long n) {
  if (!room(n)) return 1;
  return odd(n + 1) + mix((int)n, 1);
}
static int odd(long n) {
  if (!room(n)) return 1;
  return even(n + 1) - mix((int)n, 2);
}
static const char *text = "((((";
static int skip(void) { return *text == ' '; }
static int expr(long n);
static int atom(long n) {
  while (skip()) text++;
  if (*text == '(') return expr(n + 1);
  return 0;
}
static int term(long n) {
  int v = atom(n);
  return v * 2;
}
static int expr(long n) {
  if (!room(n)) return 1;
  int v = term(n);
  return v + 1;
}
static void swap(int *a, int *b) {
  int t = *a;
  *a = *b;
  *b = t;
}
static int fill(int *a, int n) {
  int buffer[32];
  memset(buffer, n, sizeof buffer);
  swap(&buffer[0], &buffer[n & 31]);
  memcpy(a, buffer, 16);
  return buffer[3];
}
static int sort(int *a, long n) {
  if (!room(n)) return 1;
  swap(a, a + 1);
  int l = sort(a, n + 1);
  return l + fill(a, (int)n);
}
struct big {
  long v[16];
};
static struct big make(long n) {
  struct big b;
  for (int i = 0; i < 16; i++) b.v[i] = n + i;
  return b;
}
static long total(const struct big *b) {
  long s = 0;
  for (int i = 0; i < 16; i++) s += b->v[i];
  return s;
}
static long walk(long n) {
  if (!room(n)) return 1;
  struct big a = make(n);
  long s = total(&a);
  struct big b = make(s);
  return walk(n + 1) + total(&b);
}
static int local(int n) {
  int v[64];
  for (int i = 0; i < 64; i++) v[i] = n;
  return v[n & 63];
}
static int many(long n) {
  if (!room(n)) return 1;
  int a = local((int)n);
  int b = local(a);
  int c = local(b);
  return many(n + 1) + a + b + c;
}
int main(void) {
  char here;
  base = &here;
  int data[4] = {1, 2, 3, 4};
#define RUN(name, call)                                                                            \
  deepest = 0;                                                                                     \
  call;                                                                                            \
  printf(name " %ld\n", deepest)
  RUN("self", self(0));
  RUN("mutual", even(0));
  text = memset(malloc(1 << 20), '(', 1 << 20);
  RUN("parser", expr(0));
  RUN("sort", sort(data, 0));
  RUN("aggregates", walk(0));
  RUN("arrays", many(0));
}
