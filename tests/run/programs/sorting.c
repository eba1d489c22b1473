/* Sorts with callbacks, heap, quick and merge sort, binary search, linked lists, a hash table. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
struct item {
  char name[12];
  int key;
  double weight;
};
static unsigned long seed = 12345;
static unsigned next(void) {
  seed = seed * 6364136223846793005u + 1442695040888963407u;
  return (unsigned)(seed >> 33);
}
static int by_key(const void *a, const void *b) {
  const struct item *x = a, *y = b;
  return (x->key > y->key) - (x->key < y->key);
}
static int by_weight(const void *a, const void *b) {
  double x = ((const struct item *)a)->weight, y = ((const struct item *)b)->weight;
  return x < y ? -1 : x > y;
}
static int by_name(const void *a, const void *b) {
  return strcmp(((const struct item *)a)->name, ((const struct item *)b)->name);
}
static void quick(int *v, int lo, int hi) {
  while (lo < hi) {
    int p = v[(lo + hi) / 2], i = lo - 1, j = hi + 1;
    for (;;) {
      do i++;
      while (v[i] < p);
      do j--;
      while (v[j] > p);
      if (i >= j) break;
      int t = v[i];
      v[i] = v[j];
      v[j] = t;
    }
    if (j - lo < hi - j - 1) {
      quick(v, lo, j);
      lo = j + 1;
    } else {
      quick(v, j + 1, hi);
      hi = j;
    }
  }
}
static void sift(int *v, int i, int n) {
  for (int c; (c = 2 * i + 1) < n; i = c) {
    if (c + 1 < n && v[c + 1] > v[c]) c++;
    if (v[i] >= v[c]) return;
    int t = v[i];
    v[i] = v[c];
    v[c] = t;
  }
}
static void heap(int *v, int n) {
  for (int i = n / 2; i--;) sift(v, i, n);
  while (n-- > 1) {
    int t = v[0];
    v[0] = v[n];
    v[n] = t;
    sift(v, 0, n);
  }
}
struct node {
  struct node *next;
  int v;
};
static struct node *merge(struct node *a, struct node *b) {
  struct node head = {0, 0}, *t = &head;
  while (a && b) {
    struct node **s = a->v <= b->v ? &a : &b;
    t = t->next = *s;
    *s = (*s)->next;
  }
  t->next = a ? a : b;
  return head.next;
}
static struct node *msort(struct node *l) {
  if (!l || !l->next) return l;
  struct node *s = l, *f = l->next;
  while (f && f->next) s = s->next, f = f->next->next;
  struct node *r = s->next;
  s->next = 0;
  return merge(msort(l), msort(r));
}
struct table {
  int n, cap;
  struct {
    unsigned key;
    int value, used;
  } *rows;
};
static int *slot(struct table *t, unsigned key) {
  if (t->n * 2 >= t->cap) {
    struct table big = {0, t->cap ? t->cap * 2 : 4, 0};
    big.rows = calloc((size_t)big.cap, sizeof *big.rows);
    for (int i = 0; i < t->cap; i++)
      if (t->rows[i].used) *slot(&big, t->rows[i].key) = t->rows[i].value;
    free(t->rows);
    *t = big;
  }
  unsigned i = key * 2654435769u % (unsigned)t->cap;
  while (t->rows[i].used && t->rows[i].key != key) i = (i + 1) % (unsigned)t->cap;
  if (!t->rows[i].used) {
    t->rows[i].used = 1;
    t->rows[i].key = key;
    t->rows[i].value = 0;
    t->n++;
  }
  return &t->rows[i].value;
}
int main(void) {
  enum { N = 500 };
  static struct item items[N];
  static int v[N], w[N];
  static struct node nodes[N];
  for (int i = 0; i < N; i++) {
    items[i].key = (int)(next() % 10000) - 5000;
    items[i].weight = next() / 7.0;
    snprintf(items[i].name, 12, "n%x", next());
    v[i] = w[i] = items[i].key;
    nodes[i].v = v[i];
    nodes[i].next = i + 1 < N ? &nodes[i + 1] : 0;
  }
  int (*const orders[])(const void *, const void *) = {by_key, by_weight, by_name};
  for (int o = 0; o < 3; o++) {
    qsort(items, N, sizeof *items, orders[o]);
    printf("%s %d %.3f, %s %d %.3f\n", items[0].name, items[0].key, items[0].weight,
           items[N / 2].name, items[N / 2].key, items[N / 2].weight);
  }
  quick(v, 0, N - 1);
  heap(w, N);
  int same = !memcmp(v, w, sizeof v), sorted = 1;
  int k = 0;
  for (struct node *n = msort(nodes); n; n = n->next) sorted &= n->v == v[k++];
  printf("%d %d %d\n", same, sorted, k);
  struct item key = items[77];
  struct item *f = bsearch(&key, items, N, sizeof *items, by_name);
  printf("%d\n", f ? f->key == key.key : -1);
  struct table t = {0, 0, 0};
  for (int i = 0; i < 3000; i++) *slot(&t, next() % 700) += i;
  unsigned long sum = 0;
  for (unsigned i = 0; i < 700; i++) sum = sum * 31 + (unsigned long)*slot(&t, i);
  printf("%d %lu\n", t.n, sum);
  free(t.rows);
  return 0;
}
