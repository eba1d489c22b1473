// Structs with members of vector types, of which no vector is ever a value: where members are.
#include <stdio.h>
#include <string.h>

typedef int four __attribute__((vector_size(16)));
typedef float two __attribute__((vector_size(8)));
typedef short three __attribute__((ext_vector_type(3)));

struct mixed {
  char a;
  four v;
  int b;
  two w;
  char c;
  three x;
  char d;
};
static struct mixed table[2] = {
  {1, {2, 3, 4, 5}, 6, {7.5f, 8.5f}, 9, {10, 11, 12}, 13},
  {14, {15, 16, 17, 18}, 19, {20.5f, 21.5f}, 22, {23, 24, 25}, 26},
};

__attribute__((noinline)) static long sum(struct mixed *p, int i) {
  int v[4];
  float w[2];
  memcpy(v, &p[i].v, sizeof v);
  memcpy(w, &p[i].w, sizeof w);
  return p[i].a + p[i].b * 10L + p[i].c * 1000L + p[i].d * 100000L + v[0] + v[3] * 7 + (long)w[1];
}

__attribute__((noinline)) static long between(struct mixed *p, int i) {
  return (char *)&p[i].d - (char *)&p[0].b;
}

int main(void) {
  struct mixed local[3];
  memset(local, 0, sizeof local);
  memcpy(&local[1], table, sizeof table);
  for (int i = 0; i < 3; i++) printf("%ld %ld\n", sum(local, i), between(local, i));
  for (int i = 0; i < 2; i++) printf("%ld %ld\n", sum(table, i), between(table, i));
  printf("%zu %zu\n", sizeof table, _Alignof(struct mixed));
  return 0;
}
