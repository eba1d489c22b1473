/* Floats as they stand in text. This needs no other header: the reader of QBE's language compiles it in, too. */
#ifndef KN_BASE_DECIMAL_H
#define KN_BASE_DECIMAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The bits of the F32 (`single`) or F64 nearest to a number of at most 500 characters, without a sign: digits with at
 * most one point, and an exponent, decimal or, as C writes it, hexadecimal (0x1.8p-3). */
uint64_t kn_decimal_float(const char *text, size_t n, bool single);

#endif
