/* The arena, growing arrays, and the functions of types.h that allocate or format: buffers and diagnostics. */
#include "unit.h"

#include "base/arena.h"
#include "failing.h"

CASE(arena_aligns_and_keeps_apart) {
  struct failing c = {0};
  struct kn_arena a;
  kn_arena_init(&a, &(kiln_allocator){failing_realloc, &c});
  assert_int_equal(c.calls, 0);
  enum { N = 2000 };
  static uint8_t *at[N];
  static size_t size[N];
  for (unsigned i = 0; i < N; i++) {
    size_t align = (size_t)1 << i % 7;
    size[i] = i % 50 == 0 ? 5000 + i : i % 37;
    at[i] = kn_arena_alloc(&a, size[i], align);
    assert_non_null(at[i]);
    assert_int_equal((uintptr_t)at[i] % align, 0);
    memset(at[i], (int)(i & 255), size[i]);
  }
  for (unsigned i = 0; i < N; i++)
    for (size_t k = 0; k < size[i]; k++) assert_int_equal(at[i][k], i & 255);
  kn_arena_free(&a);
  assert_int_equal(c.held, 0);
}

CASE(arena_stays_warm) {
  struct failing c = {0};
  struct kn_arena a;
  kn_arena_init(&a, &(kiln_allocator){failing_realloc, &c});
  for (unsigned i = 0; i < 1000; i++) assert_non_null(kn_arena_alloc(&a, 100 + i % 300, 8));
  size_t calls = c.calls, held_bytes = a.held_bytes;
  for (unsigned round = 0; round < 5; round++) {
    kn_arena_reset(&a);
    for (unsigned i = 0; i < 1000; i++) assert_non_null(kn_arena_alloc(&a, 100 + i % 300, 8));
  }
  assert_int_equal(c.calls, calls);
  assert_int_equal(a.held_bytes, held_bytes);
  /* chunks grow, so that few are needed */
  assert_true(calls < 20);
  kn_arena_free(&a);
  kn_arena_reset(&a);
  assert_non_null(kn_arena_alloc(&a, 1, 1));
  kn_arena_free(&a);
  assert_int_equal(c.held, 0);
}

/* After a reset, a request larger than the next kept chunk gets a new one, and none is lost. */
CASE(arena_fits_large_after_reset) {
  struct failing c = {0};
  struct kn_arena a;
  kn_arena_init(&a, &(kiln_allocator){failing_realloc, &c});
  for (unsigned i = 0; i < 100; i++) kn_arena_alloc(&a, 1000, 8);
  kn_arena_reset(&a);
  uint8_t *large = kn_arena_alloc(&a, 1 << 21, 64);
  memset(large, 1, 1 << 21);
  size_t calls = c.calls;
  for (unsigned i = 0; i < 90; i++) assert_non_null(kn_arena_alloc(&a, 1000, 8));
  assert_int_equal(c.calls, calls);
  assert_int_equal(large[0] + large[(1 << 21) - 1], 2);
  kn_arena_free(&a);
  assert_int_equal(c.held, 0);
}

CASE(arena_fails_softly) {
  struct failing c = {.fail_at = 2, .on = true};
  struct kn_arena a;
  kn_arena_init(&a, &(kiln_allocator){failing_realloc, &c});
  char *s = kn_arena_string(&a, "kiln!", 4);
  assert_string_equal(s, "kiln");
  assert_null(kn_arena_alloc(&a, 100000, 8));
  assert_null(kn_arena_alloc(&a, SIZE_MAX - 8, 8));
  assert_string_equal(s, "kiln");
  const uint8_t *zero = kn_arena_zero(&a, 100, 8);
  for (unsigned i = 0; i < 100; i++) assert_int_equal(zero[i], 0);
  kn_arena_free(&a);
  assert_int_equal(c.held, 0);
}

#ifdef KN_ASAN
CASE(arena_poisons_after_reset) {
  struct kn_arena a;
  kn_arena_init(&a, &(kiln_allocator){NULL, NULL});
  uint8_t *p = kn_arena_alloc(&a, 64, 8);
  assert_false(__asan_address_is_poisoned(p + 63));
  assert_true(__asan_address_is_poisoned(p + 64));
  kn_arena_reset(&a);
  assert_true(__asan_address_is_poisoned(p));
  assert_ptr_equal(kn_arena_alloc(&a, 8, 8), p);
  assert_false(__asan_address_is_poisoned(p + 7));
  assert_true(__asan_address_is_poisoned(p + 8));
  kn_arena_free(&a);
}
#endif

/* ---- types.h ---- */

CASE(arrays_grow) {
  struct failing c = {0};
  kiln_allocator a = {failing_realloc, &c};
  KN_ARRAY(uint16_t) array = {0};
  const uint32_t none = 0;
  assert_true(KN_ROOM(&a, array, none));
  assert_int_equal(c.calls, 0);
  for (unsigned i = 0; i < 5000; i++) assert_true(KN_PUSH(&a, array, (uint16_t)(i * 7)));
  assert_int_equal(array.n, 5000);
  assert_true(c.calls < 10);
  for (unsigned i = 0; i < 5000; i++) assert_int_equal(array.at[i], i * 7 & 0xffff);
  size_t calls = c.calls;
  assert_true(KN_ROOM(&a, array, array.cap - array.n));
  assert_int_equal(c.calls, calls);
  assert_true(KN_RESIZE(&a, array, 100000));
  assert_int_equal(array.n, 100000);
  assert_true(array.cap >= 100000);
  memset(array.at, 1, array.n * sizeof *array.at);
  KN_FREE(&a, array.at);
  assert_int_equal(c.held, 0);
}

/* An array that cannot grow is as it was; one of 2^31 items is asked of no allocator. */
CASE(arrays_fail_softly) {
  struct failing c = {.fail_at = 2, .on = true};
  const kiln_allocator a = {failing_realloc, &c};
  KN_ARRAY(uint64_t) array = {0};
  uint64_t pushed = 0;
  while (KN_PUSH(&a, array, pushed)) pushed++;
  assert_int_equal(array.n, pushed);
  assert_int_equal(array.cap, pushed);
  for (uint64_t i = 0; i < pushed; i++) assert_int_equal(array.at[i], i);
  size_t calls = c.calls;
  const uint64_t too_many[] = {INT32_MAX, UINT32_MAX, UINT64_C(1) << 32, UINT64_MAX};
  for (unsigned i = 0; i < 4; i++) {
    assert_false(kn_array_fits(&array, too_many[i]));
    assert_false(KN_ROOM(&a, array, too_many[i]));
  }
  assert_int_equal(c.calls, calls);
  assert_true(kn_array_fits(&array, INT32_MAX - pushed));
  assert_false(KN_ROOM(&a, array, 1));
  assert_int_equal(c.calls, calls + 1);
  assert_int_equal(array.at[pushed - 1], pushed - 1);
  KN_FREE(&a, array.at);
  assert_int_equal(c.held, 0);
}

CASE(buffers_grow) {
  struct failing c = {0};
  kiln_buffer b = {.allocator = {failing_realloc, &c}};
  assert_non_null(kiln_buffer_reserve(&b, 0));
  assert_int_equal(b.size, 0);
  for (unsigned i = 0; i < 1000; i++) {
    uint8_t bytes[3] = {(uint8_t)i, (uint8_t)(i >> 8), 7};
    assert_true(kiln_buffer_append(&b, bytes, 3) == KILN_OK);
  }
  assert_int_equal(b.size, 3000);
  for (unsigned i = 0; i < 1000; i++) assert_int_equal(b.data[3 * i] | b.data[3 * i + 1] << 8, i);
  assert_true(c.calls < 12);
  assert_true(kiln_buffer_append(&b, NULL, 0) == KILN_OK);
  fail_after(&c, 0);
  assert_null(kiln_buffer_reserve(&b, 100000));
  assert_null(kiln_buffer_reserve(&b, SIZE_MAX));
  assert_int_equal(b.size, 3000);
  kiln_buffer_free(&b);
  assert_int_equal(c.held, 0);
  assert_ptr_equal(b.allocator.user, &c);
  kiln_buffer_free(&b);
}

CASE(names_and_sizes) {
  static const struct {
    kiln_type type;
    const char *name;
    uint32_t size;
  } rows[] = {
    {KILN_TYPE_VOID, "void", 0},  {KILN_TYPE_I8, "i8", 1},      {KILN_TYPE_I16, "i16", 2},
    {KILN_TYPE_I32, "i32", 4},    {KILN_TYPE_I64, "i64", 8},    {KILN_TYPE_I128, "i128", 16},
    {KILN_TYPE_F16, "f16", 2},    {KILN_TYPE_F32, "f32", 4},    {KILN_TYPE_F64, "f64", 8},
    {KILN_TYPE_F80, "f80", 16},   {KILN_TYPE_F128, "f128", 16}, {KILN_TYPE_V64, "v64", 8},
    {KILN_TYPE_V128, "v128", 16}, {KILN_TYPE_COUNT, "?", 0},
  };
  assert_int_equal(sizeof rows / sizeof rows[0], KILN_TYPE_COUNT + 1);
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    assert_string_equal(kiln_type_name(rows[i].type), rows[i].name);
    assert_int_equal(kiln_type_size(rows[i].type), rows[i].size);
    assert_int_equal(kiln_type_is_int(rows[i].type), rows[i].name[0] == 'i');
    assert_int_equal(kiln_type_is_float(rows[i].type), rows[i].name[0] == 'f');
  }
  assert_string_equal(kiln_status_name(KILN_ERR_UNSUPPORTED), "unsupported");
  for (unsigned s = 0; s < KILN_STATUS_COUNT; s++)
    assert_non_null(kiln_status_name((kiln_status)s));
  assert_string_equal(kiln_status_name(KILN_STATUS_COUNT), "?");
  assert_int_equal(kiln_version(),
                   KILN_VERSION_MAJOR * 1000000 + KILN_VERSION_MINOR * 1000 + KILN_VERSION_PATCH);
}

CASE(diagnostics_format) {
  kiln_diag d = {.status = KILN_ERR_TYPE,
                 .module = "a.bc",
                 .function = "f",
                 .has = KILN_DIAG_BLOCK | KILN_DIAG_INST,
                 .block = 3,
                 .inst = 12,
                 .message = "wrong"};
  char line[700];
  const char *full = "a.bc:f:b3:12: error: wrong";
  assert_int_equal(kiln_diag_format(&d, line, sizeof line), strlen(full));
  assert_string_equal(line, full);
  for (size_t size = 1; size < strlen(full) + 2; size++) {
    memset(line, '#', sizeof line);
    assert_int_equal(kiln_diag_format(&d, line, size), strlen(full));
    assert_int_equal(strlen(line), size - 1 < strlen(full) ? size - 1 : strlen(full));
    assert_memory_equal(line, full, strlen(line));
    assert_int_equal(line[size], '#');
  }
  assert_int_equal(kiln_diag_format(&d, NULL, 0), strlen(full));
  d.line = 7;
  d.column = 9;
  kiln_diag_format(&d, line, sizeof line);
  assert_string_equal(line, "a.bc:7:9: error: wrong");
  d.line = 0;
  d.has = KILN_DIAG_BIT_OFFSET;
  d.function[0] = 0;
  d.bit_offset = 64;
  kiln_diag_format(&d, line, sizeof line);
  assert_string_equal(line, "a.bc: error: wrong at bit 64");
  strcpy(d.source, "a.c");
  d.source_line = 5;
  d.source_column = 8;
  kiln_diag_format(&d, line, sizeof line);
  assert_string_equal(line, "a.bc: error: wrong (a.c:5:8) at bit 64");
  d.source_column = 0;
  kiln_diag_format(&d, line, sizeof line);
  assert_string_equal(line, "a.bc: error: wrong (a.c:5) at bit 64");
  d.source[0] = 0;
  d.module[0] = 0;
  d.has = 0;
  kiln_diag_format(&d, line, sizeof line);
  assert_string_equal(line, "error: wrong");
  /* a diagnostic in which only what is known was set names no block, no instruction and no bit */
  d = (kiln_diag){.status = KILN_ERR_TYPE, .message = "wrong"};
  kiln_diag_format(&d, line, sizeof line);
  assert_string_equal(line, "error: wrong");
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(arena_aligns_and_keeps_apart),
    cmocka_unit_test(arena_stays_warm),
    cmocka_unit_test(arena_fits_large_after_reset),
    cmocka_unit_test(arena_fails_softly),
#ifdef KN_ASAN
    cmocka_unit_test(arena_poisons_after_reset),
#endif
    cmocka_unit_test(arrays_grow),
    cmocka_unit_test(arrays_fail_softly),
    cmocka_unit_test(buffers_grow),
    cmocka_unit_test(names_and_sizes),
    cmocka_unit_test(diagnostics_format),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
