/* Hash tables (ir/hash.h): against a list of what was entered, with hashes that differ, that are equal, and that
 * crowd; and without memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ir/hash.h"
#include "failing.h"

#include <stdlib.h>

/* How keys, which are ids here, are hashed. */
static uint32_t spread(uint32_t id) { return id * 0x9e3779b1u; }
static uint32_t equal(uint32_t id) { return (void)id, 0xffffffffu; }
static uint32_t crowded(uint32_t id) { return id / 8; }
static uint32_t at_the_end(uint32_t id) { return 0u - id % 5; }
static uint32_t (*const hashes[])(uint32_t) = {spread, equal, crowded, at_the_end};

static bool has(const struct kn_hash *t, uint32_t hash, uint32_t id) {
  uint32_t at, found;
  KN_HASH_EACH(t, hash, at, found)
  if (found == id) return true;
  return false;
}

static unsigned count(const struct kn_hash *t, uint32_t hash) {
  uint32_t at, id;
  unsigned n = 0;
  KN_HASH_EACH(t, hash, at, id) n++;
  return n;
}

static void entries_are_found(void **state) {
  (void)state;
  for (unsigned k = 0; k < 4; k++) {
    struct failing c = {0};
    const kiln_allocator a = {failing_realloc, &c};
    struct kn_hash t = {0};
    uint32_t n = k == 0 ? 20000 : 700;
    assert_false(has(&t, 0, 1)); /* nothing is found where there is no table */
    for (uint32_t id = 1; id <= n; id++) {
      uint32_t hash = hashes[k](id);
      assert_true(KN_HASH_ROOM(&a, &t));
      assert_false(has(&t, hash, id));
      kn_hash_put(&t, hash, hash, id);
      assert_true(t.n <= t.size / 4 * 3);
    }
    assert_int_equal(t.n, n);
    for (uint32_t id = 1; id <= n; id++) assert_true(has(&t, hashes[k](id), id));
    assert_false(has(&t, hashes[k](n + 1), n + 1));
    if (k == 1) assert_int_equal(count(&t, 0xffffffffu), n);
    assert_true(c.calls < 12);
    kn_hash_free(&a, &t);
    assert_int_equal(c.held, 0);
    assert_false(has(&t, 0, 1));
  }
}

/* Entries come, go and change their ids in a table that is nearly full; those that are left are found. */
static void entries_are_removed(void **state) {
  (void)state;
  enum { IDS = 90 };
  for (unsigned k = 0; k < 4; k++) {
    const kiln_allocator a = {0};
    struct kn_hash t = {0};
    bool in[2 * IDS + 1] = {false};
    uint32_t random = 1;
    assert_true(kn_hash_grow(&a, &t, IDS));
    uint32_t size = t.size;
    for (unsigned step = 0; step < 20000; step++) {
      random = random * 1664525u + 1013904223u;
      uint32_t id = (random >> 16) % IDS + 1, other = id + IDS; /* of one hash */
      uint32_t hash = hashes[k](id);
      if (!in[id] && !in[other]) {
        kn_hash_put(&t, hash, hash, id);
        in[id] = true;
      } else if (in[id] && random >> 31) {
        kn_hash_set(&t, hash, id, other);
        in[id] = false;
        in[other] = true;
      } else {
        uint32_t is = in[id] ? id : other;
        kn_hash_set(&t, hash, is, 0);
        in[is] = false;
      }
      if (step % 16 != 0) continue;
      uint32_t n = 0;
      for (uint32_t i = 1; i <= 2 * IDS; i++) {
        n += in[i];
        assert_int_equal(has(&t, hashes[k]((i - 1) % IDS + 1), i), in[i]);
      }
      assert_int_equal(t.n, n);
    }
    assert_int_equal(t.size, size);
    kn_hash_free(&a, &t);
  }
}

/* A table is emptied in time of what is in it, and used again. */
static void tables_are_emptied(void **state) {
  (void)state;
  const kiln_allocator a = {0};
  struct kn_hash t = {0};
  kn_hash_clear(&t);
  for (uint32_t round = 0; round < 50; round++) {
    uint32_t n = round == 0 ? 10000 : round;
    for (uint32_t id = 1; id <= n; id++) {
      assert_true(KN_HASH_ROOM(&a, &t));
      assert_false(has(&t, spread(id), id));
      kn_hash_put(&t, spread(id), spread(id), id);
    }
    assert_int_equal(t.n, n);
    for (uint32_t id = 1; id <= n; id++) assert_true(has(&t, spread(id), id));
    kn_hash_clear(&t);
    assert_int_equal(t.n, 0);
    for (uint32_t id = 1; id <= n; id++) assert_false(has(&t, spread(id), id));
  }
  assert_true(t.size <= 512);
  kn_hash_free(&a, &t);
}

/* A table that cannot grow has what it had. */
static void tables_fail_softly(void **state) {
  (void)state;
  struct failing c = {.fail_at = 3, .on = true};
  const kiln_allocator a = {failing_realloc, &c};
  struct kn_hash t = {0};
  uint32_t n = 0;
  while (KN_HASH_ROOM(&a, &t)) {
    n++;
    kn_hash_put(&t, spread(n), spread(n), n);
  }
  assert_int_equal(c.calls, 3);
  assert_int_equal(t.n, n);
  for (uint32_t id = 1; id <= n; id++) assert_true(has(&t, spread(id), id));
  assert_false(kn_hash_grow(&a, &t, UINT32_MAX));
  assert_int_equal(c.calls, 3);
  kn_hash_free(&a, &t);
  assert_int_equal(c.held, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(entries_are_found),
    cmocka_unit_test(entries_are_removed),
    cmocka_unit_test(tables_are_emptied),
    cmocka_unit_test(tables_fail_softly),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
