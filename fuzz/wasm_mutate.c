/* Mutator of WebAssembly modules: changes bytes within a section, or within one function's body, and updates the sizes
 * that come before, so that a reader gets to what was changed. Sometimes bytes anywhere, as libFuzzer does. */
#include "fuzz.h"

#include <string.h>

enum { HEADER = 8, MOST_SECTIONS = 64, CODE = 10, LEB_BYTES = 5, MOST_BYTES = 1 << 20 };

struct part {
  size_t begin, end; /* with what says its size */
  size_t content;    /* after that */
};

static uint32_t below(uint64_t *r, size_t n) {
  *r = *r * 6364136223846793005u + 1442695040888963407u;
  return n == 0 ? 0 : (uint32_t)((*r >> 33) % n);
}

/* False past the end. */
static bool read_leb(const uint8_t *p, size_t end, size_t *at, size_t *value) {
  *value = 0;
  for (unsigned shift = 0; *at < end && shift < 35; shift += 7) {
    uint8_t b = p[(*at)++];
    *value |= (size_t)(b & 127) << shift;
    if (b < 128) return true;
  }
  return false;
}

static size_t write_leb(uint8_t *p, size_t value) {
  size_t n = 0;
  for (; value >= 128; value >>= 7) p[n++] = (uint8_t)(value | 128);
  p[n++] = (uint8_t)value;
  return n;
}

/* The part at `begin`, whose size is `skip` bytes after it. */
static bool read_part(const uint8_t *p, size_t end, size_t begin, size_t skip, struct part *out) {
  size_t at = begin + skip, size;
  if (at >= end || !read_leb(p, end, &at, &size) || size > end - at) return false;
  *out = (struct part){begin, at + size, at};
  return true;
}

static uint32_t sections_of(const uint8_t *p, size_t size, struct part *out) {
  uint32_t n = 0;
  for (size_t at = HEADER; n < MOST_SECTIONS && read_part(p, size, at, 1, out + n); n++)
    at = out[n].end;
  return n;
}

/* One of the bodies of a code section. */
static bool find_body(const uint8_t *p, const struct part *code, uint64_t *r, struct part *body) {
  size_t at = code->content, n;
  if (!read_leb(p, code->end, &at, &n) || n == 0) return false;
  for (uint32_t k = below(r, n) + 1; k > 0; k--) {
    if (!read_part(p, code->end, at, 0, body)) return false;
    at = body->end;
  }
  return true;
}

/* An instruction, or a part of one. */
static size_t instruction(uint8_t *p, uint64_t *r) {
  static const uint8_t common[] = {0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x08, 0x0a, 0x0b, 0x0c,
                                   0x0d, 0x0e, 0x0f, 0x10, 0x11, 0x12, 0x13, 0x1a, 0x1b, 0x1c,
                                   0x1f, 0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x28, 0x36,
                                   0x3f, 0x40, 0x41, 0x42, 0x6a, 0x7c, 0xd0, 0xd1, 0xd2};
  static const uint8_t types[] = {0x40, 0x7f, 0x7e, 0x7d, 0x7c, 0x7b, 0x70, 0x6f, 0x69, 0x64, 0x63};
  size_t n = 0;
  switch (below(r, 5)) {
  case 0: p[n++] = common[below(r, sizeof common)]; break;
  case 1: p[n++] = (uint8_t)below(r, 256); break;
  case 2:
    p[n++] = (uint8_t)(0xfc + below(r, 3));
    n += write_leb(p + n, below(r, p[0] == 0xfd ? 320 : p[0] == 0xfe ? 80 : 20));
    break;
  case 3: p[n++] = types[below(r, sizeof types)]; break;
  default: n += write_leb(p, below(r, 2) ? below(r, 8) : (size_t)1 << below(r, 33)); break;
  }
  if (below(r, 2)) p[n++] = (uint8_t)below(r, 4);
  if (below(r, 4) == 0) p[n++] = (uint8_t)below(r, 4);
  return n;
}

/* Replaces `cut` bytes at `at` of `n` by `put` others; what does not fit is left as it is. */
static size_t splice(uint8_t *p, size_t n, size_t max, size_t at, size_t cut, const uint8_t *from,
                     size_t put) {
  if (cut > n - at) cut = n - at;
  if (n - cut + put > max) return n;
  memmove(p + at + put, p + at + cut, n - at - cut);
  memcpy(p + at, from, put);
  return n - cut + put;
}

static size_t edit(uint8_t *p, size_t n, size_t max, uint64_t *r) {
  uint8_t bytes[64];
  size_t at = below(r, n + 1), put = 0;
  switch (below(r, 6)) {
  case 0: return splice(p, n, max, at, 1 + below(r, 4), bytes, 0);
  case 1:
  case 2: put = instruction(bytes, r); return splice(p, n, max, at, 0, bytes, put);
  case 3: put = instruction(bytes, r); return splice(p, n, max, at, put, bytes, put);
  case 4: { /* a piece of itself */
    size_t from = below(r, n + 1);
    put = below(r, sizeof bytes);
    if (put > n - from) put = n - from;
    memcpy(bytes, p + from, put);
    return splice(p, n, max, at, below(r, 2) ? put : 0, bytes, put);
  }
  default: return n == 0 ? n : LLVMFuzzerMutate(p, n, max);
  }
}

/* Edits p[from.content, from.end) and writes its size, which `skip` bytes of the part come before. Returns by how much
 * all after it moved. The bytes are `size`, at most `max`. */
static ptrdiff_t edit_part(uint8_t *p, size_t size, size_t max, const struct part *from,
                           size_t skip, uint64_t *r) {
  static uint8_t copy[MOST_BYTES];
  size_t n = from->end - from->content, room = max - size;
  if (n > sizeof copy / 2 || room < LEB_BYTES) return 0;
  memcpy(copy, p + from->content, n);
  n = edit(copy, n, n + room - LEB_BYTES < sizeof copy ? n + room - LEB_BYTES : sizeof copy, r);
  uint8_t leb[LEB_BYTES + 5];
  size_t of_leb = write_leb(leb, n), begin = from->begin + skip;
  memmove(p + begin + of_leb + n, p + from->end, size - from->end);
  memcpy(p + begin, leb, of_leb);
  memcpy(p + begin + of_leb, copy, n);
  return (ptrdiff_t)(begin + of_leb + n) - (ptrdiff_t)from->end;
}

/* A body, and the size of the section that it is in. */
static ptrdiff_t edit_body(uint8_t *p, size_t size, size_t max, const struct part *code,
                           const struct part *body, uint64_t *r) {
  uint8_t leb[LEB_BYTES + 5];
  if (max - size < 2 * LEB_BYTES) return 0;
  ptrdiff_t by = edit_part(p, size, max - LEB_BYTES, body, 0, r);
  size = (size_t)((ptrdiff_t)size + by);
  size_t n = (size_t)((ptrdiff_t)(code->end - code->content) + by), of_leb = write_leb(leb, n);
  memmove(p + code->begin + 1 + of_leb, p + code->content, size - code->content);
  memcpy(p + code->begin + 1, leb, of_leb);
  return by + (ptrdiff_t)(code->begin + 1 + of_leb) - (ptrdiff_t)code->content;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed) {
  struct part sections[MOST_SECTIONS], body;
  uint64_t r = seed * 0x9e3779b97f4a7c15u + 1;
  uint32_t n = size > HEADER ? sections_of(data, size, sections) : 0;
  for (uint32_t times = 1 + below(&r, 3); times > 0 && n > 0; times--) {
    const struct part *s = sections + below(&r, n);
    for (uint32_t i = 0; i < n && below(&r, 3); i++)
      if (data[sections[i].begin] == CODE) s = sections + i;
    if (below(&r, 20) == 0) break;
    bool in_code = data[s->begin] == CODE && find_body(data, s, &r, &body);
    ptrdiff_t by = in_code ? edit_body(data, size, max_size, s, &body, &r)
                           : edit_part(data, size, max_size, s, 1, &r);
    size = (size_t)((ptrdiff_t)size + by);
    if (times == 1) return size;
    n = sections_of(data, size, sections);
  }
  return LLVMFuzzerMutate(data, size, max_size);
}
