/* Numbers in LEB128, names, errors. */
#include "input.h"

#include <stdarg.h>
#include <stdio.h>

void kn_wasm_fail(struct kn_wasm_in *in, kiln_status status, const uint8_t *at, const char *format,
                  ...) {
  va_list list;
  va_start(list, format);
  vsnprintf(in->message, sizeof in->message, format, list);
  va_end(list);
  in->status = status;
  in->offset_bytes = (size_t)(at - in->start);
  longjmp(*in->leave, 1);
}

void kn_wasm_at_end(struct kn_wasm_in *in) {
  KN_WASM_BAD(in, in->p, "unexpected end of section or function");
}

uint64_t kn_wasm_unsigned(struct kn_wasm_in *in, unsigned bits) {
  const uint8_t *at = in->p;
  uint64_t value = 0;
  for (unsigned shift = 0;; shift += 7) {
    uint8_t byte = kn_wasm_byte(in);
    unsigned left = bits - shift;
    if (left < 7 && (byte & 0x7f) >> left != 0)
      KN_WASM_BAD(in, at, byte & 0x80 ? "integer representation too long" : "integer too large");
    if (left <= 7 && byte & 0x80) KN_WASM_BAD(in, at, "integer representation too long");
    value |= (uint64_t)(byte & 0x7f) << shift;
    if (!(byte & 0x80)) return value;
  }
}

int64_t kn_wasm_signed(struct kn_wasm_in *in, unsigned bits) {
  const uint8_t *at = in->p;
  uint64_t value = 0;
  for (unsigned shift = 0;; shift += 7) {
    uint8_t byte = kn_wasm_byte(in);
    unsigned left = bits - shift;
    if (left <= 7 && byte & 0x80) KN_WASM_BAD(in, at, "integer representation too long");
    if (left < 7) {                           /* the bits beyond are copies of the sign */
      int rest = (int8_t)(byte << 1) >> left; /* sign of the number and all above it */
      if (rest != 0 && rest != -1) KN_WASM_BAD(in, at, "integer too large");
    }
    value |= (uint64_t)(byte & 0x7f) << shift;
    if (byte & 0x80) continue;
    unsigned used = shift + 7;
    return used >= 64 ? (int64_t)value : (int64_t)(value << (64 - used)) >> (64 - used);
  }
}

bool kn_wasm_is_utf8(const uint8_t *at, size_t n) {
  const uint8_t *end = at + n;
  while (at < end) {
    uint32_t c = *at++;
    if (c < 0x80) continue;
    unsigned more = c < 0xc2 ? 0 : c < 0xe0 ? 1 : c < 0xf0 ? 2 : c < 0xf5 ? 3 : 0;
    if (more == 0 || (size_t)(end - at) < more) return false;
    c &= 0x3fu >> more;
    for (unsigned i = 0; i < more; i++, at++) {
      if ((*at & 0xc0) != 0x80) return false;
      c = c << 6 | (*at & 0x3f);
    }
    static const uint32_t least[4] = {0, 0x80, 0x800, 0x10000};
    if (c < least[more] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000)) return false;
  }
  return true;
}
