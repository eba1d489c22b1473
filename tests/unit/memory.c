/* tools/memory.c, renamed so as not to replace the C library's functions: blocks keep their content, are aligned and
 * do not overlap; copies are right for every small size and distance. */
#define _GNU_SOURCE /* as memory.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void *other_malloc(size_t n);
static void *other_calloc(size_t n, size_t each);
static void *other_realloc(void *block, size_t n);
static void other_free(void *block);
#define malloc other_malloc
#define calloc other_calloc
#define realloc other_realloc
#define free other_free
#ifdef __x86_64__
static void *other_memcpy(void *restrict out, const void *restrict in, size_t n);
static void *other_memmove(void *out, const void *in, size_t n);
#define memcpy other_memcpy
#define memmove other_memmove
#endif
#include "tools/memory.c"
#undef malloc
#undef calloc
#undef realloc
#undef free
#undef memcpy
#undef memmove

/* A block, and the seed of its content. */
struct held {
  unsigned char *at;
  size_t size;
  unsigned seed;
};

static unsigned char byte_of(const struct held *h, size_t i) {
  return (unsigned char)(h->seed * 31 + i * 7);
}

static void fill(struct held *h, size_t from, size_t size) {
  h->size = size;
  for (size_t i = from; i < size; i++) h->at[i] = byte_of(h, i);
}

static void intact(const struct held *h, size_t size) {
  for (size_t i = 0; i < size; i++) assert_int_equal(h->at[i], byte_of(h, i));
}

/* Sizes of every class, small ones and those around a mapping's more often. */
static size_t size_from(uint32_t r) {
  size_t most = (size_t)1 << (r % 19);
  return r % 5 == 0 ? LARGE - 40 + (r >> 8) % 48 : (r >> 8) % (most + 1);
}

static void blocks_keep_their_content(void **state) {
  (void)state;
  static struct held held[300];
  uint32_t r = 1;
  for (unsigned turn = 0; turn < 20000; turn++) {
    r = r * 1664525 + 1013904223;
    struct held *h = &held[(r >> 12) % 300];
    size_t size = size_from(r >> 4);
    if (h->at == NULL) {
      h->at = r >> 31 ? other_malloc(size) : other_calloc(size, 1);
      assert_non_null(h->at);
      assert_int_equal((uintptr_t)h->at % 16, 0);
      for (size_t i = 0; r >> 31 == 0 && i < size; i++) assert_int_equal(h->at[i], 0);
      h->seed = turn;
      fill(h, 0, size);
    } else if (r >> 30 & 1) {
      h->at = other_realloc(h->at, size);
      assert_non_null(h->at);
      assert_int_equal((uintptr_t)h->at % 16, 0);
      intact(h, h->size < size ? h->size : size);
      fill(h, h->size < size ? h->size : size, size);
    } else {
      intact(h, h->size);
      other_free(h->at);
      h->at = NULL;
    }
  }
  for (unsigned i = 0; i < 300; i++) {
    if (held[i].at == NULL) continue;
    intact(&held[i], held[i].size);
    other_free(held[i].at);
  }
}

/* Freed memory is reused: many rounds need no more than one. */
static void freed_blocks_are_used_again(void **state) {
  (void)state;
  void *blocks[64];
  const char *first = NULL;
  for (unsigned round = 0; round < 100000; round++) {
    for (size_t i = 0; i < 64; i++) blocks[i] = other_malloc(1000);
    if (round == 1) first = chunk;
    if (round > 1) assert_ptr_equal(chunk, first);
    for (size_t i = 0; i < 64; i++) other_free(blocks[i]);
  }
}

static void too_large_is_refused(void **state) {
  (void)state;
  void *block = other_malloc(100);
  assert_non_null(block);
  volatile size_t most = SIZE_MAX;
  assert_null(other_malloc(most));
  assert_null(other_malloc(most / 2));
  assert_null(other_calloc(most / 2, 3));
  assert_null(other_realloc(block, most));
  other_free(block);
}

#ifdef __x86_64__
enum { ROOM = 3 * 200 };

static void check_copy(void *(*copies)(void *, const void *, size_t), size_t to, size_t from,
                       size_t n) {
  static unsigned char got[ROOM], want[ROOM];
  for (size_t i = 0; i < ROOM; i++) got[i] = want[i] = (unsigned char)(i * 29 + i / 256);
  unsigned char part[ROOM];
  for (size_t i = 0; i < n; i++) part[i] = want[from + i];
  for (size_t i = 0; i < n; i++) want[to + i] = part[i];
  assert_ptr_equal(copies(got + to, got + from, n), got + to);
  assert_memory_equal(got, want, ROOM);
}

static void small_copies(void **state) {
  (void)state;
  for (size_t n = 0; n <= 150; n++)
    for (size_t to = 160; to <= 360; to++) check_copy(other_memmove, to, 260, n);
  for (size_t n = 0; n <= 200; n++) {
    check_copy((void *(*)(void *, const void *, size_t))other_memcpy, 3, 301, n);
    check_copy((void *(*)(void *, const void *, size_t))other_memcpy, 305, 2, n);
  }
}

static void large_copies(void **state) {
  (void)state;
  enum { SIZE = 5000 };
  static unsigned char got[SIZE], want[SIZE];
  static const size_t places[] = {0, 1, 7, 16, 31, 100, 900};
  for (size_t a = 0; a < 7; a++) {
    for (size_t b = 0; b < 7; b++) {
      for (size_t n = 2000; n <= 4000; n += 97) {
        for (size_t i = 0; i < SIZE; i++) got[i] = want[i] = (unsigned char)(i * 29 + i / 256);
        memmove(want + places[a], want + places[b], n);
        other_memmove(got + places[a], got + places[b], n);
        assert_memory_equal(got, want, SIZE);
      }
    }
  }
}
#endif

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(blocks_keep_their_content),
    cmocka_unit_test(freed_blocks_are_used_again),
    cmocka_unit_test(too_large_is_refused),
#ifdef __x86_64__
    cmocka_unit_test(small_copies),
    cmocka_unit_test(large_copies),
#endif
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
