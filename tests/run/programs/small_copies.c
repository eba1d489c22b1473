/* Small structs that are copied as a whole and used by their fields: fields of all kinds, copies
 * in both directions between locals and memory, parts of locals, overlapping moves, and copies
 * that cut a field or are read as another type. */
#include <stdio.h>
#include <string.h>

struct pair {
  long a, b;
};
struct mixed {
  int a;
  short b;
  char c, d;
  double e;
};
struct floats {
  float x, y, z;
};
struct odd {
  char c[5];
};
struct tail {
  int a;
  char b;
};
struct nested {
  struct pair p;
  struct tail t;
  int last;
};
union word {
  long l;
  int i[2];
  char c[8];
  double d;
};

static long seed = 1;
__attribute__((noinline)) static long next(void) {
  return seed = seed * 6364136223846793005L + 1442695040888963407L;
}
__attribute__((noinline)) static void swap_memory(struct pair *x, struct pair *y) {
  struct pair t = *x;
  *x = *y;
  *y = t;
}
__attribute__((noinline)) static struct pair swapped(struct pair p) {
  struct pair q = p, r;
  r.a = q.b;
  r.b = q.a;
  if (q.a > q.b) r = q;
  return r;
}
__attribute__((noinline)) static struct mixed change(struct mixed m, int n) {
  struct mixed old = m, *p = &m;
  for (int i = 0; i < n; i++) {
    struct mixed now = old;
    now.a += i, now.b ^= (short)i, now.c++, now.d--, now.e *= 1.5;
    old = now;
  }
  *p = old;
  return m;
}
__attribute__((noinline)) static float length(const struct floats *f) {
  struct floats g = *f, h;
  h.x = g.x * g.x, h.y = g.y * g.y, h.z = g.z * g.z;
  g = h;
  return g.x + g.y + g.z;
}
__attribute__((noinline)) static int bytes(struct odd o) {
  struct odd p = o;
  int sum = 0;
  for (int i = 0; i < 5; i++) sum = sum * 3 + p.c[i];
  p = o;
  return sum + p.c[4] + (int)sizeof p;
}
__attribute__((noinline)) static long words(long l) {
  union word w = {.l = l}, v = w;
  int low = v.i[0];
  v.i[1] = (int)(l >> 3);
  w = v;
  w.c[3] = 7;
  return w.l + low;
}
__attribute__((noinline)) static double as_double(long l) {
  double d;
  __builtin_memcpy(&d, &l, 8);
  long back;
  __builtin_memcpy(&back, &d, 8);
  return back == l ? d : -1;
}
__attribute__((noinline)) static long cut(long a,
                                          long b) { /* copies that end or begin within a field */
  struct pair p = {a, b}, q = {-1, -1};
  __builtin_memcpy(&q, &p, 12);
  struct pair r = q;
  __builtin_memcpy((char *)&r + 2, (char *)&p + 6, 8);
  return r.a ^ r.b * 3;
}
__attribute__((noinline)) static long moved(long a, long b,
                                            int how) { /* overlapping moves within one local */
  struct {
    long v[3];
  } m = {{a, b, a + b}};
  switch (how) {
  case 0: __builtin_memmove(&m.v[1], &m.v[0], 16); break;
  case 1: __builtin_memmove(&m.v[0], &m.v[1], 16); break;
  case 2: __builtin_memmove((char *)&m + 4, &m, 8); break;
  case 3: __builtin_memmove(&m, (char *)&m + 3, 16); break;
  default: __builtin_memcpy(&m.v[2], &m.v[0], 8); break;
  }
  return m.v[0] + 3 * m.v[1] + 5 * m.v[2];
}
__attribute__((noinline)) static int parts(const struct nested *n) {
  struct nested m = *n;
  struct pair p = m.p;
  struct tail t = m.t;
  t.b = (char)(t.b + 1);
  p.a += t.a;
  m.t = t;
  m.p = p;
  struct nested k = m;
  return (int)(k.p.a * 7 + k.p.b) + k.t.a + k.t.b + k.last;
}
static volatile struct pair watched;
__attribute__((noinline)) static long volatile_copy(long a) {
  struct pair p = {a, a + 1};
  watched = p;
  struct pair q = watched;
  return q.a * q.b;
}
__attribute__((noinline)) static long escapes_late(int n) {
  struct pair p = {1, 2}, q = p;
  long sum = 0;
  for (int i = 0; i < n; i++) {
    q = p;
    p.a = q.b;
    p.b = q.a + q.b;
    if (i == 5) swap_memory(&p, &q);
    sum += p.a ^ q.b;
  }
  return sum;
}

int main(void) {
  struct pair x = {next(), next()}, y = {next(), next()};
  swap_memory(&x, &y);
  struct pair z = swapped(x);
  printf("%ld %ld %ld %ld %ld %ld\n", x.a, x.b, y.a, y.b, z.a, z.b);
  struct mixed m = change((struct mixed){1, 2, 3, 4, 5.5}, 6);
  printf("%d %d %d %d %g\n", m.a, m.b, m.c, m.d, m.e);
  printf("%g %d\n", length(&(struct floats){1, 2, 3}), bytes((struct odd){{1, -2, 3, -4, 5}}));
  printf("%ld %ld %g\n", words(0x123456789abcdef), words(-1), as_double(0x400921fb54442d18));
  printf("%ld\n", cut(next(), next()));
  for (int i = 0; i < 5; i++) printf("%ld\n", moved(0x1122334455667788, 0x99aabbccddeeff, i));
  printf("%d\n", parts(&(struct nested){{3, 4}, {5, 6}, 7}));
  printf("%ld %ld\n", volatile_copy(11), escapes_late(20));
  char text[9] = "abcdefgh", copy[9];
  for (int i = 0; i < 9; i++) {
    memset(copy, '-', 8);
    copy[8] = 0;
    switch (i) {
    case 1: memcpy(copy, text, 1); break;
    case 2: memcpy(copy + 1, text, 2); break;
    case 3: memcpy(copy, text + 2, 3); break;
    case 4: memcpy(copy + 3, text + 1, 4); break;
    case 5: memcpy(copy, text, 5); break;
    case 6: memcpy(copy + 1, text + 1, 6); break;
    case 7: memcpy(copy, text, 7); break;
    case 8: memcpy(copy, text, 8); break;
    default: break;
    }
    puts(copy);
  }
  return 0;
}
