/* Sorting of a switch's cases: any number, any order, signed and unsigned, against a plain sort. */
#include "unit.h"

#include "lib/codegen/cases.h"

static uint64_t flip_of_test;

static int by_value(const void *a, const void *b) {
  uint64_t x = ((const struct kn_case *)a)->value ^ flip_of_test;
  uint64_t y = ((const struct kn_case *)b)->value ^ flip_of_test;
  return (x > y) - (x < y);
}

static uint64_t next(uint64_t *state) {
  *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return *state ^ *state >> 29;
}

static void check(uint32_t n, uint64_t mask, unsigned shift, uint64_t flip) {
  struct kn_case *c = calloc(n, sizeof *c), *want = calloc(n, sizeof *c);
  struct kn_case *temp = calloc(n, sizeof *c);
  uint64_t state = n + mask;
  if (!c || !want || !temp) abort();
  for (uint32_t i = 0; i < n; i++) {
    c[i].value = (next(&state) & mask) << shift;
    want[i] = c[i];
    c[i].to = i;
  }
  uint64_t *given = calloc(n, sizeof *given);
  if (!given) abort();
  for (uint32_t i = 0; i < n; i++) given[i] = c[i].value;
  flip_of_test = flip;
  qsort(want, n, sizeof *want, by_value);
  kn_cases_sort(c, temp, n, flip);
  for (uint32_t i = 0; i < n; i++) {
    assert_true(c[i].value == want[i].value);
    assert_true(given[c[i].to] == c[i].value); /* what belongs to a value stays with it */
  }
  free(given);
  free(c);
  free(want);
  free(temp);
}

CASE(test_sorts) {
  static const uint32_t sizes[] = {1, 2, 3, 24, 25, 255, 256, 257, 3000, 70000};
  static const uint64_t masks[] = {0xff, 0xffff, 0xff00ff, UINT64_C(0xffffffff), ~UINT64_C(0)};
  for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    for (unsigned k = 0; k < sizeof masks / sizeof *masks; k++) {
      check(sizes[i], masks[k], 0, 0);
      check(sizes[i], masks[k], 0, UINT64_C(1) << 63);
      check(sizes[i], masks[k], 40, UINT64_C(1) << 63);
    }
  }
}

CASE(test_none_and_sorted) {
  struct kn_case c[100], temp[100];
  kn_cases_sort(c, temp, 0, 0);
  for (uint32_t i = 0; i < 100; i++) c[i] = (struct kn_case){(uint64_t)i - 50, i};
  kn_cases_sort(c, temp, 100, UINT64_C(1) << 63);
  for (uint32_t i = 0; i < 100; i++) assert_true(c[i].to == i);
  kn_cases_sort(c, temp, 100, 0); /* unsigned: -50 is large */
  for (uint32_t i = 0; i < 100; i++) assert_true(c[i].to == (i + 50) % 100);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_sorts),
    cmocka_unit_test(test_none_and_sorted),
  };
  return cmocka_run_group_tests_name("cases", tests, NULL, NULL);
}
