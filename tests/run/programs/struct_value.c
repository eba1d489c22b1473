/* Structs by value, in and out, small and large, through pointers and recursion. */
#include <stdio.h>
#include <string.h>

struct c1 {
  char c;
};
struct c3 {
  char c[3];
};
struct i2 {
  int a, b;
};
struct id {
  int i;
  double d;
};
struct dd {
  double a, b;
};
struct fff {
  float a, b, c;
};
struct l3 {
  long a, b, c;
};
struct name {
  char text[24];
  int length;
};
struct nest {
  struct i2 p;
  struct fff q;
  char tail;
};
union either {
  long l;
  double d;
};

__attribute__((noinline)) static struct c1 f_c1(struct c1 x) {
  x.c++;
  return x;
}
__attribute__((noinline)) static struct c3 f_c3(struct c3 x) {
  char t = x.c[0];
  x.c[0] = x.c[2];
  x.c[2] = t;
  return x;
}
__attribute__((noinline)) static struct i2 f_i2(struct i2 x) { return (struct i2){x.b, x.a + x.b}; }
__attribute__((noinline)) static struct id f_id(struct id x, int k) {
  return (struct id){x.i * k, x.d / k};
}
__attribute__((noinline)) static struct dd f_dd(struct dd a, struct dd b) {
  return (struct dd){a.a * b.a - a.b * b.b, a.a * b.b + a.b * b.a};
}
__attribute__((noinline)) static struct fff f_fff(struct fff x, float k) {
  return (struct fff){x.a * k, x.b * k, x.c * k};
}
__attribute__((noinline)) static struct l3 f_l3(struct l3 x, long k) {
  x.a += k;
  x.b -= k;
  x.c *= k;
  return x;
}
__attribute__((noinline)) static struct name f_name(const char *s) {
  struct name n;
  memset(&n, 0, sizeof n);
  strcpy(n.text, s);
  n.length = (int)strlen(s);
  return n;
}
__attribute__((noinline)) static struct nest f_nest(struct nest n, int depth) {
  if (depth == 0) return n;
  n.p = f_i2(n.p);
  n.q = f_fff(n.q, 1.5f);
  n.tail++;
  return f_nest(n, depth - 1);
}
__attribute__((noinline)) static union either f_either(union either e) {
  e.l ^= (long)(1UL << 63);
  return e;
}
__attribute__((noinline)) static long many(struct l3 a, int i, struct i2 b, struct dd c,
                                           struct l3 d, long j, struct id e, struct c3 f) {
  return a.a + a.b * 2 + a.c * 3 + i * 5 + b.a * 7 + b.b * 11 + (long)(c.a * 13 + c.b * 17) +
         d.a * 19 + d.c * 23 + j * 29 + e.i * 31 + (long)(e.d * 37) + f.c[1];
}

int main(void) {
  printf("%d\n", f_c1((struct c1){'a'}).c);
  struct c3 c = f_c3((struct c3){{'x', 'y', 'z'}});
  printf("%c%c%c\n", c.c[0], c.c[1], c.c[2]);
  struct i2 p = {1, 1};
  for (int i = 0; i < 20; i++) p = f_i2(p);
  printf("%d %d\n", p.a, p.b);
  struct id q = f_id((struct id){21, 10.5}, 2);
  printf("%d %g\n", q.i, q.d);
  struct dd z = {1, 0};
  for (int i = 0; i < 8; i++) z = f_dd(z, (struct dd){0.5, 0.75});
  printf("%g %g\n", z.a, z.b);
  struct l3 l = f_l3(f_l3((struct l3){1, 2, 3}, 10), 20);
  printf("%ld %ld %ld\n", l.a, l.b, l.c);
  struct name n = f_name("a struct of 28 bytes");
  struct name copy = n;
  n.text[0] = '?';
  printf("%s %s %d\n", n.text, copy.text, copy.length);
  struct nest m = f_nest((struct nest){{2, 3}, {1, 2, 4}, 'm'}, 5);
  printf("%d %d %g %g %g %c\n", m.p.a, m.p.b, m.q.a, m.q.b, m.q.c, m.tail);
  union either e = {.d = 2.5};
  printf("%g\n", f_either(e).d);
  printf("%ld\n", many(l, 4, p, z, (struct l3){7, 8, 9}, 10, q, c));
  struct l3 (*pointer)(struct l3, long) = f_l3;
  l = pointer(pointer(l, 2), 3);
  printf("%ld %ld %ld\n", l.a, l.b, l.c);
  struct l3 array[3] = {{1, 2, 3}, {4, 5, 6}, {7, 8, 9}};
  for (int i = 0; i < 3; i++) array[i] = f_l3(array[2 - i], i + 1);
  printf("%ld %ld %ld\n", array[0].c, array[1].b, array[2].a);
  return array[2].a & 0x7f;
}
