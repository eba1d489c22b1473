/* What each program of unit tests includes first: CMocka, and what it takes of C's library. */
#ifndef KILN_TESTS_UNIT_H
#define KILN_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A test without a fixture. */
#define CASE(name) static void name(__attribute__((unused)) void **state)

/* Is the text among these bytes? */
static inline bool has_bytes(const void *bytes, size_t size, const char *text) {
  const size_t n = strlen(text);
  for (size_t i = 0; i + n <= size; i++)
    if (memcmp((const char *)bytes + i, text, n) == 0) return true;
  return false;
}

#endif
