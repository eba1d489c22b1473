/* Label addresses in static data of several functions, differing types of tables, label arithmetic. */
#include <stdio.h>
static int one(int k) {
  static void *t[2][2] = {{&&a, &&b}, {&&c, &&d}};
  int n = 0;
  goto *t[k >> 1 & 1][k & 1];
a:
  n += 1;
b:
  n += 10;
c:
  n += 100;
d:
  n += 1000;
  return n;
}
static int two(int k) {
  static struct {
    const char *name;
    void *to;
  } rows[] = {{"x", &&x}, {"y", &&y}};
  printf("%s ", rows[k].name);
  goto *rows[k].to;
x:
  return 5;
y:
  return 6;
}
static long gcd(long a, long b) {
  void *const loop = &&again, *const done = &&end;
again:
  if (b == 0) goto *done;
  {
    long t = a % b;
    a = b;
    b = t;
  }
  goto *loop;
end:
  return a;
}
/* values differ per edge into an address-taken block */
static int merge(const int *v, int n) {
  static void *const t[] = {&&plus, &&minus, &&twice, &&stop};
  int acc = 0, i = 0, last = 0;
  goto *t[v[0]];
plus:
  acc += ++i;
  last = 1;
  if (i < n) goto *t[v[i]];
  goto stop;
minus:
  acc -= ++i;
  last = 2;
  if (i < n) goto *t[v[i]];
  goto stop;
twice:
  acc *= 2;
  i++;
  last += 3;
  if (i < n) goto *t[v[i]];
stop:
  return acc * 10 + last;
}
int main(void) {
  for (int i = 0; i < 4; i++) printf("%d ", one(i));
  printf("%d %d %ld\n", two(0), two(1), gcd(1071, 462));
  int v[] = {0, 0, 2, 1, 2, 0, 2, 2, 1, 0};
  for (int n = 1; n <= 10; n++) printf("%d ", merge(v, n));
  int w[] = {0, 3, 0};
  printf("%d\n", merge(w, 3));
  return 0;
}
