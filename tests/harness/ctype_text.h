/* C types in a few letters, for tests of <kiln/ctypes.h>:
 *   v void, b _Bool, c char, C unsigned char, _ signed char (not in records), s S i I l L q Q integers by
 *   size (capitals unsigned), o O __int128, f d e floats, p pointer, n static chain, F D E complex
 *   {..} struct, [..] union, 3x array of 3, *x flexible array, ^16x typedef aligned to 16
 *   members: :5x bit-field, _:5x without a name, @16x aligned to 16, !x packed
 *   <..> after } or ]: @16 aligned, ! packed, #2 #pragma pack(2)
 *   a comma ends a number
 * Recursive: for tests only. */
#ifndef KILN_TESTS_CTYPE_TEXT_H
#define KILN_TESTS_CTYPE_TEXT_H

#include <kiln/kiln.h>
#include <stdlib.h>
#include <string.h>

enum { CTYPE_TEXT_FIELDS = 32 };

static inline uint32_t ctype_text_number(const char **p) {
  char *end;
  uint32_t n = (uint32_t)strtoul(*p, &end, 10);
  *p = *end == ',' ? end + 1 : end;
  return n;
}

static inline kiln_ctype ctype_parse(kiln_ctypes *c, const char **p);

static inline kiln_ctype ctype_parse_record(kiln_ctypes *c, const char **p) {
  kiln_cfield fields[CTYPE_TEXT_FIELDS];
  uint32_t n = 0;
  bool is_union = *(*p)++ == '[';
  for (; **p != '}' && **p != ']' && **p != 0 && n < CTYPE_TEXT_FIELDS; n++) {
    memset(&fields[n], 0, sizeof fields[n]);
    for (bool more = true; more;) {
      switch (**p) {
      case '_': ++*p, fields[n].flags |= KILN_CFIELD_UNNAMED; break;
      case '!': ++*p, fields[n].flags |= KILN_CFIELD_PACKED; break;
      case '@': ++*p, fields[n].align_bytes = ctype_text_number(p); break;
      case ':':
        ++*p, fields[n].bits = (uint8_t)ctype_text_number(p);
        fields[n].flags |= KILN_CFIELD_BITS;
        break;
      default: more = false;
      }
    }
    fields[n].type = ctype_parse(c, p);
  }
  ++*p;
  kiln_ctype_options as = {0};
  if (**p == '<') {
    for (++*p; **p != '>' && **p != 0;) {
      switch (*(*p)++) {
      case '!': as.packed = true; break;
      case '@': as.align_bytes = ctype_text_number(p); break;
      case '#': as.pack_bytes = ctype_text_number(p); break;
      }
    }
    ++*p;
  }
  return is_union ? kiln_ctype_new_union(c, &as, fields, n)
                  : kiln_ctype_new_struct(c, &as, fields, n);
}

/* Parses a type and advances *p past it; none if it is not well-formed. */
static inline kiln_ctype ctype_parse(kiln_ctypes *c, const char **p) {
  static const char letters[] = "vbc_CsSiIlLqQoOfdepnFDE";
  if (**p == '{' || **p == '[') return ctype_parse_record(c, p);
  if (**p == '*') {
    ++*p;
    return kiln_ctype_new_flexible(c, ctype_parse(c, p));
  }
  if (**p == '^') {
    ++*p;
    uint32_t align = ctype_text_number(p);
    return kiln_ctype_new_aligned(c, ctype_parse(c, p), align);
  }
  if (**p >= '0' && **p <= '9') {
    uint32_t count = ctype_text_number(p);
    return kiln_ctype_new_array(c, ctype_parse(c, p), count);
  }
  const char *at = **p ? strchr(letters, **p) : NULL;
  if (at == NULL) return kiln_ctype_basic(KILN_CTYPE_NONE);
  ++*p;
  return kiln_ctype_basic((kiln_ctype_kind)(KILN_CTYPE_VOID + (at - letters)));
}

#endif
