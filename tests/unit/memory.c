/* tools/memory.c, renamed so as not to replace the C library's functions: blocks keep their content, are aligned and
 * do not overlap. */
#define _GNU_SOURCE /* as memory.c */
#include "unit.h"

static void *other_malloc(size_t n);
static void *other_calloc(size_t n, size_t each);
static void *other_realloc(void *block, size_t n);
static void other_free(void *block);
#define malloc other_malloc
#define calloc other_calloc
#define realloc other_realloc
#define free other_free
#include "tools/memory.c"
#undef malloc
#undef calloc
#undef realloc
#undef free

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

CASE(blocks_keep_their_content) {
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
CASE(freed_blocks_are_used_again) {
  void *blocks[64];
  const char *first = NULL;
  for (unsigned round = 0; round < 100000; round++) {
    for (size_t i = 0; i < 64; i++) blocks[i] = other_malloc(1000);
    if (round == 1) first = chunk;
    if (round > 1) assert_ptr_equal(chunk, first);
    for (size_t i = 0; i < 64; i++) other_free(blocks[i]);
  }
}

CASE(too_large_is_refused) {
  void *block = other_malloc(100);
  assert_non_null(block);
  volatile size_t most = SIZE_MAX;
  assert_null(other_malloc(most));
  assert_null(other_malloc(most / 2));
  assert_null(other_calloc(most / 2, 3));
  assert_null(other_realloc(block, most));
  other_free(block);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(blocks_keep_their_content),
    cmocka_unit_test(freed_blocks_are_used_again),
    cmocka_unit_test(too_large_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
