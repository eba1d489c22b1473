/* Tables of function pointers, pointers to pointers, static initialisers with addresses, addends,
 * differences, string tables, self references. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
static int add(int a, int b) { return a + b; }
static int sub(int a, int b) { return a - b; }
static int mul(int a, int b) { return a * b; }
static double half(double d) { return d / 2; }
typedef int op(int, int);
static op *const ops[] = {add, sub, mul, 0};
static struct {
  const char *name;
  op *f;
  double (*g)(double);
} table[] = {{"add", add, half}, {"sub", &sub, 0}, {"mul", *mul, half}};
static int numbers[10] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
static int *ends[] = {numbers, numbers + 10, &numbers[3], (int *)((char *)numbers + 8)};
static int **deep[] = {&ends[1], ends, &ends[2]};
struct node {
  int v;
  struct node *next, *prev;
};
static struct node ring[3] = {
  {1, &ring[1], &ring[2]}, {2, &ring[2], &ring[0]}, {3, ring, ring + 1}};
static const char *strings[] = {"", "a", "same", "same" + 1, "embedded\0zero" + 9};
static char text[] = "array of char", cut[4] = "abcd";
static const struct {
  int n;
  const void *self;
  uintptr_t as_integer;
} selfish[] = {{1, &selfish[0], (uintptr_t)&selfish[1]}, {2, selfish, (uintptr_t)numbers}};
static void *members[] = {&ring[1].v, &ring[2].prev, &table[1].g};
static op *pick(int k) { return k % 2 ? ops[k % 3] : table[k % 3].f; }
static op *(*picker)(int) = pick;
union {
  long l;
  char c[8];
  float f;
} u = {.f = 1.5f};
struct {
  int a;
  struct {
    char b;
    int c[3];
  } d[2];
  char e;
} nested = {1, {{2, {3, 4, 5}}, {.c = {[2] = 9}}}, 'e'};
int sparse[100] = {[3] = 1, [50] = 2, [99] = 3};
int main(void) {
  for (int i = 0; ops[i]; i++) printf("%d ", ops[i](6, 4));
  for (int i = 0; i < 3; i++)
    printf("%s %d %g ", table[i].name, table[i].f(9, 5), table[i].g ? table[i].g(3) : -1.0);
  puts("");
  printf("%td %td %d %d\n", ends[1] - ends[0], ends[2] - numbers, *ends[2], *ends[3]);
  printf("%d %d %d\n", **deep[1], **deep[2], (*deep[0])[-1]);
  struct node *n = ring;
  for (int i = 0; i < 7; i++) {
    printf("%d ", n->v);
    n = i % 3 ? n->next : n->prev;
  }
  puts("");
  for (int i = 0; i < 5; i++) printf("[%s]", strings[i]);
  text[0] = 'A';
  printf("%s %.4s %zu\n", text, cut, sizeof text);
  printf("%d %d\n", selfish[0].self == selfish, selfish[0].as_integer == (uintptr_t)&selfish[1]);
  printf("%d %d\n", *(int *)members[0], members[1] == (void *)&ring[2].prev);
  int r = 0;
  for (int i = 0; i < 12; i++) r = picker(i)(r, i + 1);
  printf("%d %lx %d %d %d\n", r, u.l, nested.d[0].c[1], nested.d[1].c[2], sparse[50] + sparse[99]);
  op *volatile v = mul;
  return v(3, 4) + (v == ops[2]);
}
