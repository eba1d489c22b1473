/* A hash table with open addressing, keys are strings: insert, find, delete, grow. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct entry {
  char *key;
  uint32_t hash;
  int value;
};
struct table {
  struct entry *entries;
  size_t size, used, dead;
};

static char grave;

static uint32_t hash_of(const char *s) {
  uint32_t h = 5381;
  while (*s != '\0') h = h * 33 + (unsigned char)*s++;
  return h ^ h >> 15;
}

static char *copy(const char *s) {
  size_t n = strlen(s) + 1;
  char *p = malloc(n);
  if (p == NULL) exit(1);
  return memcpy(p, s, n);
}

static struct entry *find(const struct table *t, const char *key, uint32_t hash) {
  struct entry *hole = NULL;
  for (size_t i = hash & (t->size - 1);; i = (i + 1) & (t->size - 1)) {
    struct entry *e = &t->entries[i];
    if (e->key == NULL) return hole != NULL ? hole : e;
    if (e->key == &grave) {
      if (hole == NULL) hole = e;
    } else if (e->hash == hash && strcmp(e->key, key) == 0) {
      return e;
    }
  }
}

static void grow(struct table *t, size_t size) {
  struct table bigger = {calloc(size, sizeof *bigger.entries), size, 0, 0};
  if (bigger.entries == NULL) exit(1);
  for (size_t i = 0; i < t->size; i++) {
    struct entry *e = &t->entries[i];
    if (e->key == NULL || e->key == &grave) continue;
    *find(&bigger, e->key, e->hash) = *e;
    bigger.used++;
  }
  free(t->entries);
  *t = bigger;
}

static int *at(struct table *t, const char *key) {
  if ((t->used + t->dead + 1) * 4 > t->size * 3)
    grow(t, t->used * 2 >= t->size ? t->size * 2 : t->size);
  uint32_t hash = hash_of(key);
  struct entry *e = find(t, key, hash);
  if (e->key == NULL || e->key == &grave) {
    t->dead -= e->key == &grave;
    *e = (struct entry){copy(key), hash, 0};
    t->used++;
  }
  return &e->value;
}

static int delete(struct table *t, const char *key) {
  struct entry *e = find(t, key, hash_of(key));
  if (e->key == NULL || e->key == &grave) return 0;
  free(e->key);
  e->key = &grave;
  t->used--;
  t->dead++;
  return 1;
}

static void name(char *to, unsigned i) {
  memcpy(to, "key", 3);
  to += 3;
  for (; i != 0; i /= 26) *to++ = (char)('a' + i % 26);
  *to = '\0';
}

int main(int argc, char **argv) {
  unsigned n = (argc > 1 ? (unsigned)atoi(argv[1]) : 10) * 1000, seed = 3, deleted = 0;
  struct table t = {NULL, 0, 0, 0};
  char key[32];
  long sum = 0;
  grow(&t, 16);
  for (unsigned i = 0; i < 4 * n; i++) {
    seed = seed * 1664525 + 1013904223;
    name(key, (seed >> 8) % n + 1);
    if (i % 5 == 4) {
      deleted += (unsigned)delete(&t, key);
    } else {
      *at(&t, key) += (int)i;
    }
  }
  for (size_t i = 0; i < t.size; i++) {
    struct entry *e = &t.entries[i];
    if (e->key == NULL || e->key == &grave) continue;
    sum += e->value % 1000;
    free(e->key);
  }
  printf("%zu %u %ld\n", t.used, deleted, sum);
  free(t.entries);
  return 0;
}
