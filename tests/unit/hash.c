/* Hash tables (base/hash.h): against a list of what was entered, with hashes that differ, that are equal, and that
 * crowd; and without memory. */
#include "unit.h"

#include "base/hash.h"
#include "failing.h"

/* How keys, which are ids here, are hashed. */
static uint32_t spread(uint32_t id) { return id * 0x9e3779b1u; }
static uint32_t equal(uint32_t id) { return (void)id, 0xffffffffu; }
static uint32_t crowded(uint32_t id) { return id / 8; }
static uint32_t at_the_end(uint32_t id) { return 0u - id % 5; }
static uint32_t (*const hashes[])(uint32_t) = {spread, equal, crowded, at_the_end};

/* True if there is `id`, which is its own key, and the number of comparisons. */
static unsigned compared;
static bool has_at(const struct kn_hash *t, uint32_t hash, uint32_t id, uint32_t *at) {
  uint32_t found;
  compared = 0;
  KN_HASH_EACH(t, hash, *at, found, id > found) {
    compared++;
    if (found == id) return true;
  }
  return false;
}
static bool has(const struct kn_hash *t, uint32_t hash, uint32_t id) {
  uint32_t at;
  return has_at(t, hash, id, &at);
}
static void enter(struct kn_hash *t, uint32_t hash, uint32_t id) {
  uint32_t at;
  assert_false(has_at(t, hash, id, &at));
  kn_hash_put(t, at, hash, id);
}

CASE(entries_are_found) {
  for (unsigned k = 0; k < 4; k++) {
    struct failing c = {0};
    const kiln_allocator a = {failing_realloc, &c};
    struct kn_hash t = {0};
    uint32_t n = k == 0 ? 20000 : 700;
    assert_false(has(&t, 0, 1)); /* nothing is found where there is no table */
    for (uint32_t id = 1; id <= n; id++) {
      uint32_t hash = hashes[k](id);
      assert_true(KN_HASH_ROOM(&a, &t));
      enter(&t, hash, id);
      assert_true(t.tree != NULL || t.n <= t.size / 2);
    }
    assert_int_equal(t.n, n);
    for (uint32_t id = 1; id <= n; id++) assert_true(has(&t, hashes[k](id), id));
    assert_false(has(&t, hashes[k](n + 1), n + 1));
    assert_true(c.calls < 24);
    kn_hash_free(&a, &t);
    assert_int_equal(c.held, 0);
    assert_false(has(&t, 0, 1));
  }
}

/* Entries come, go and change their ids; those that are left are found. Ids of one key have one place in the order. */
CASE(entries_are_removed) {
  enum { IDS = 400 };
  for (unsigned k = 0; k < 4; k++) {
    const kiln_allocator a = {0};
    struct kn_hash t = {0};
    uint32_t in[IDS + 1] = {0}; /* the id of each key: it or, above IDS, another one */
    uint32_t random = 1;
    for (unsigned step = 0; step < 40000; step++) {
      random = random * 1664525u + 1013904223u;
      const uint32_t key = (random >> 16) % IDS + 1, hash = hashes[k](key);
      uint32_t at, id;
      assert_true(KN_HASH_ROOM(&a, &t));
      KN_HASH_EACH(&t, hash, at, id, key > (id - 1) % IDS + 1)
      if ((id - 1) % IDS + 1 == key) break;
      assert_int_equal(id, in[key]);
      if (id == 0) {
        kn_hash_put(&t, at, hash, in[key] = key);
      } else {
        in[key] = random >> 31 == 0 ? 0 : id == key ? key + IDS : key;
        kn_hash_set(&t, at, hash, in[key]);
      }
      if (step % 64 != 0) continue;
      uint32_t n = 0;
      for (uint32_t i = 1; i <= IDS; i++) {
        n += in[i] != 0;
        KN_HASH_EACH(&t, hashes[k](i), at, id, i > (id - 1) % IDS + 1)
        if ((id - 1) % IDS + 1 == i) break;
        assert_int_equal(id, in[i]);
      }
      assert_int_equal(t.n, n);
    }
    kn_hash_free(&a, &t);
  }
}

/* Whatever the hashes are, and the order of the keys, a look-up compares a few. */
CASE(look_ups_are_bounded) {
  enum { N = 1 << 16 };
  for (unsigned k = 0; k < 3; k++) {
    const kiln_allocator a = {0};
    struct kn_hash t = {0};
    for (uint32_t i = 1; i <= N; i++) {
      uint32_t id = k == 0 ? i : k == 1 ? N + 1 - i : (i * 40503u & (N - 1)) + 1;
      assert_true(KN_HASH_ROOM(&a, &t));
      enter(&t, 7, id);
      assert_true(compared <= KN_HASH_SAME + 2 * 16);
    }
    for (uint32_t id = 1; id <= N; id++) {
      assert_true(has(&t, 7, id));
      assert_true(compared <= KN_HASH_SAME + 2 * 16);
    }
    assert_false(has(&t, 7, N + 1));
    kn_hash_free(&a, &t);
  }
}

/* A table is emptied in time of what is in it, and used again. */
CASE(tables_are_emptied) {
  const kiln_allocator a = {0};
  struct kn_hash t = {0};
  kn_hash_clear(&t);
  for (uint32_t round = 0; round < 50; round++) {
    uint32_t n = round == 0 ? 10000 : round;
    for (uint32_t id = 1; id <= n; id++) {
      assert_true(KN_HASH_ROOM(&a, &t));
      enter(&t, spread(id), id);
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
CASE(tables_fail_softly) {
  struct failing c = {.fail_at = 3, .on = true};
  const kiln_allocator a = {failing_realloc, &c};
  struct kn_hash t = {0};
  uint32_t n = 0;
  while (KN_HASH_ROOM(&a, &t)) {
    n++;
    enter(&t, spread(n), n);
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
    cmocka_unit_test(entries_are_found),    cmocka_unit_test(entries_are_removed),
    cmocka_unit_test(look_ups_are_bounded), cmocka_unit_test(tables_are_emptied),
    cmocka_unit_test(tables_fail_softly),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
