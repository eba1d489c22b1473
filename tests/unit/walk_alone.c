/* A program that is linked with the static library, and only walks its stack: none of the library but the walk is in
 * it. Weak references take nothing out of an archive, so they are 0 if nothing else took it. */
#include "unit.h"

#include <kiln/jit.h>
#include <kiln/stack.h>

extern __typeof__(kiln_module_new) kiln_module_new __attribute__((weak));
extern __typeof__(kiln_jit_new) kiln_jit_new __attribute__((weak));
extern __typeof__(kiln_target_find_host) kiln_target_find_host __attribute__((weak));
extern const char kn_target_x86_64[] __attribute__((weak)),
  kn_target_aarch64[] __attribute__((weak));

static __attribute__((noinline)) unsigned count_frames(const kiln_root_map *const maps[2]) {
  kiln_stack_point point;
  kiln_stack_walk walk = {.maps = maps, .n_maps = 2};
  kiln_stack_frame frame;
  unsigned n = 0;
  assert_int_equal(kiln_stack_point_save(&point), KILN_OK);
  assert_int_equal(kiln_stack_walk_begin(&walk, &point), KILN_OK);
  while (kiln_stack_walk_find_next(&walk, &frame)) {
    assert_null(kiln_stack_frame_root(&frame, 0, NULL));
    n++;
  }
  assert_int_equal(walk.status, KILN_OK);
  return n;
}

CASE(walks) {
  static const uint32_t none[2];
  kiln_root_map *map = kiln_root_map_new(
    &(kiln_root_map_options){.start = none, .end = (const char *)none + sizeof none});
  assert_non_null(map);
  assert_true(count_frames((const kiln_root_map *const[]){map, map}) >= 2);
  kiln_root_map_free(map);
}

CASE(nothing_else) {
  assert_true(kiln_module_new == NULL);
  assert_true(kiln_jit_new == NULL);
  assert_true(kiln_target_find_host == NULL);
  const char *const volatile x64 = kn_target_x86_64, *const volatile a64 = kn_target_aarch64;
  assert_null(x64);
  assert_null(a64);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(walks), cmocka_unit_test(nothing_else)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
