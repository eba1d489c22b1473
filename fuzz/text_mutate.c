/* The mutator of fuzz_text and fuzz_qbe: changes words and lines, so that the result parses more often than with
 * changed bytes. More rarely it changes bytes. Called by libFuzzer and replay.c. */
#include "fuzz.h"

#include <ctype.h>
#include <string.h>

enum { MAX_PIECES = 8192, ROOM = 1 << 20 };

struct piece {
  size_t at, size;
};

static uint64_t state;
static struct piece pieces[MAX_PIECES];
static unsigned n_pieces;
static uint8_t copy[ROOM];

static uint32_t rnd(uint64_t below) {
  return below < 2 ? 0 : (uint32_t)((fz_random(&state) >> 16) % below);
}

static bool is_word(uint8_t c) {
  return isalnum(c) || c == '_' || c == '@' || c == '%' || c == '$' || c == '.' || c == '-' ||
         c == '!';
}

static void add_piece(size_t at, size_t end) {
  if (n_pieces < MAX_PIECES) pieces[n_pieces++] = (struct piece){at, end - at};
}

static void find_lines(const uint8_t *text, size_t size) {
  n_pieces = 0;
  for (size_t at = 0; at < size;) {
    const uint8_t *end = memchr(text + at, '\n', size - at);
    size_t next = end != NULL ? (size_t)(end - text) + 1 : size;
    add_piece(at, next);
    at = next;
  }
}

/* Finds words, and the single characters between them that are not spaces. */
static void find_words(const uint8_t *text, size_t size) {
  n_pieces = 0;
  for (size_t at = 0; at < size;) {
    size_t end = at + 1;
    if (is_word(text[at])) {
      while (end < size && is_word(text[end])) end++;
    }
    if (!isspace(text[at])) add_piece(at, end);
    at = end;
  }
}

/* Replaces a piece by `size` bytes (not of `text` itself). Returns the new size of the text, or the old one if it
 * does not fit. */
static size_t replace(uint8_t *text, size_t size, size_t room, struct piece p, const void *by,
                      size_t by_size) {
  if (size - p.size + by_size > room) return size;
  memmove(text + p.at + by_size, text + p.at + p.size, size - p.at - p.size);
  memcpy(text + p.at, by, by_size);
  return size - p.size + by_size;
}

/* Replaces a word, most often by one of the same kind from elsewhere in the text. */
static size_t change_word(uint8_t *text, size_t size, size_t room) {
  static const char *const some[] = {
    "i8",    "i16",  "i32",   "i64", "i128",        "f32",        "f64",
    "0",     "1",    "-1",    "64",  "4294967296",  "0x80000000", "9223372036854775807",
    "-129",  "127",  "1.5",   "nan", "inf",         "volatile",   "align",
    "sext",  "zext", "as",    "add", "sub",         "mul",        "load",
    "store", "copy", "br",    "ret", "unreachable", "byval",      "internal",
    ",",     "(",    ")",     "[",   "]",           "->",         "...",
    "+",     "\n",   "slot0", "b1"};
  char number[32];
  struct piece p = pieces[rnd(n_pieces)];
  switch (rnd(8)) {
  case 0: {
    const char *word = some[rnd(sizeof some / sizeof *some)];
    return replace(text, size, room, p, word, strlen(word));
  }
  case 1: return replace(text, size, room, p, "", 0);
  case 2: { /* the number at its end: a little more or less */
    size_t digits = 0;
    while (digits < p.size && digits < 9 && isdigit(text[p.at + p.size - 1 - digits])) digits++;
    if (digits == 0) return size;
    long v = 0;
    for (size_t i = p.size - digits; i < p.size; i++) v = v * 10 + text[p.at + i] - '0';
    v += rnd(2) ? 1 : -1;
    int n = 0;
    if (v < 0) v = 0;
    for (char *to = number; v > 0 || n == 0; v /= 10, n++) *to++ = (char)('0' + v % 10);
    for (int i = 0; i < n / 2; i++) {
      char c = number[i];
      number[i] = number[n - 1 - i];
      number[n - 1 - i] = c;
    }
    p.at += p.size - digits;
    p.size = digits;
    return replace(text, size, room, p, number, (size_t)n);
  }
  default: {
    struct piece other = pieces[rnd(n_pieces)];
    for (unsigned tries = 0; tries < 16 && text[other.at] != text[p.at]; tries++) {
      other = pieces[rnd(n_pieces)];
    }
    memcpy(copy, text + other.at, other.size);
    return replace(text, size, room, p, copy, other.size);
  }
  }
}

static size_t change_line(uint8_t *text, size_t size, size_t room) {
  struct piece p = pieces[rnd(n_pieces)], other = pieces[rnd(n_pieces)];
  memcpy(copy, text + other.at, other.size);
  switch (rnd(4)) {
  case 0: return replace(text, size, room, p, "", 0);
  case 1: return replace(text, size, room, p, copy, other.size);
  default: p.size = 0; return replace(text, size, room, p, copy, other.size);
  }
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed) {
  state = (uint64_t)seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
  if (size == 0 || size > ROOM || rnd(3) == 0) return LLVMFuzzerMutate(data, size, max_size);
  for (unsigned n = 1 + rnd(rnd(4) == 0 ? 8 : 2); n > 0; n--) {
    bool line = rnd(3) == 0;
    if (line) find_lines(data, size);
    else find_words(data, size);
    if (n_pieces == 0) break;
    size = line ? change_line(data, size, max_size) : change_word(data, size, max_size);
  }
  return size > 0 ? size : LLVMFuzzerMutate(data, size, max_size);
}
