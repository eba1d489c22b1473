/* The text: characters, names, words, strings and numbers; and memory and errors for all parts of the reader. */
#include "read.h"

#include "base/decimal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- errors and memory ---- */

void kn_qbe_fail(struct kn_qbe *r, const char *at, kiln_status status, const char *message, ...) {
  kiln_diag d = {.status = status, .line = 1};
  const char *line = r->text;
  for (const char *p; (p = memchr(line, '\n', (size_t)(at - line))) != NULL; line = p + 1) d.line++;
  d.column = (uint32_t)(at - line) + 1;
  va_list ap;
  va_start(ap, message);
  vsnprintf(d.message, sizeof d.message, message, ap);
  va_end(ap);
  r->status = kiln_module_status(r->m);
  if (r->status == KILN_OK) kiln_module_fail_diag(r->m, &d); /* or else this is only an echo */
  if (r->status == KILN_OK) r->status = status;
  longjmp(r->ends, END_FAILED);
}

static void *resize(const struct kn_qbe *r, void *old, size_t size) {
  if (r->allocator.realloc != NULL) return r->allocator.realloc(r->allocator.user, old, size);
  if (size != 0) return realloc(old, size);
  free(old);
  return NULL;
}

/* Each piece of memory has the address of the next one before it. */
static void *keep(struct kn_qbe *r, size_t size) {
  void **to = resize(r, NULL, sizeof *to + size);
  if (to == NULL) FAIL(r, r->p, MEMORY, "out of memory");
  *to = r->memory;
  r->memory = to;
  return to + 1;
}

void kn_qbe_grow(struct kn_qbe *r, void *at, uint32_t *cap, uint64_t need, size_t item_size) {
  uint64_t room = *cap < 32 ? 32 : *cap, used = *cap * (uint64_t)item_size;
  while (room < need) room *= 2;
  if (room > UINT32_MAX / 2) FAIL(r, r->p, MEMORY, "out of memory");
  void *to = keep(r, room * item_size);
  if (used != 0) memcpy(to, *(void **)at, used);
  memset((char *)to + used, 0, room * item_size - used);
  memcpy(at, &to, sizeof to);
  *cap = (uint32_t)room;
}

void kn_qbe_free(struct kn_qbe *r) {
  for (void **m = r->memory, **next; m != NULL; m = next) {
    next = *m;
    resize(r, m, 0);
  }
}

/* ---- characters ---- */

const uint8_t kn_qbe_kinds[256] = {
  ['a' ... 'z'] = FIRST | LATER,
  ['A' ... 'Z'] = FIRST | LATER,
  ['.'] = FIRST | LATER,
  ['_'] = FIRST | LATER,
  ['0' ... '9'] = LATER | DIGIT,
  ['$'] = LATER,
  [' '] = BLANK,
  ['\t'] = BLANK,
  ['\r'] = BLANK,
};
const uint8_t kn_qbe_letters[256] = {['w'] = QW, ['l'] = QL, ['s'] = QS, ['d'] = QD};

/* ---- names ---- */

bool kn_qbe_after(const struct name *a, const struct name *b) {
  if (a->key != b->key) return a->key > b->key;
  return kn_bytes_after(a->at, a->length, b->at, b->length);
}

void kn_qbe_clear(struct kn_qbe *r, struct table *t, size_t item_size) {
  if (t->cap == 0) kn_qbe_grow(r, &t->at, &t->cap, 1, item_size);
  kn_hash_clear(&t->hash);
  memset(t->at, 0, t->n * item_size);
  t->item_size = (uint32_t)item_size;
  t->n = 1;
}

/* Memory for hash tables is given back with all else. */
static void *hash_realloc(void *user, void *old, size_t size) {
  struct kn_qbe *r = user;
  (void)old;
  return size != 0 ? keep(r, size) : NULL;
}

/* Makes room for an item; returns the number of the last one. */
static __attribute__((noinline)) uint32_t more_room(struct kn_qbe *r, struct table *t) {
  kn_qbe_grow(r, &t->at, &t->cap, t->n + 1, t->item_size);
  return t->n - 1;
}

uint32_t kn_qbe_add(struct kn_qbe *r, struct table *t, uint32_t at) {
  const kiln_allocator a = {hash_realloc, r};
  if (!KN_HASH_ROOM(&a, &t->hash)) FAIL(r, r->p, LIMIT, "too many names");
  const uint32_t i = t->n++;
  struct name *item = (void *)((char *)t->at + i * (size_t)t->item_size);
  *item = r->name;
  kn_hash_put(&t->hash, at, hash(r->name.key), i);
  return t->n == t->cap ? more_room(r, t) : i;
}

/* ---- words ---- */

enum { NONE = 1 << KILN_TYPE_VOID, W = 1 << KILN_TYPE_I32, L = 1 << KILN_TYPE_I64 };
enum { S = 1 << KILN_TYPE_F32, D = 1 << KILN_TYPE_F64 };
#define WORD(name, form, results, operands, op, fop)                                               \
  {{.at = name, .length = sizeof name - 1}, operands, results, QF_##form, op, fop},
static const struct word words[] = {
#include "words.h"
};

void kn_qbe_begin_words(struct kn_qbe *r) {
  CLEAR(r, words);
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    r->name = words[i].name;
    memcpy(&r->name.key, r->name.at, r->name.length);
    uint32_t n = ENTER(r, words);
    struct name name = r->words.at[n].name;
    r->words.at[n] = words[i];
    r->words.at[n].name = name;
  }
}

/* The same as below for a word that ends in another way. */
static __attribute__((noinline)) const struct word *other_word(struct kn_qbe *r) {
  if (!is(r->p, FIRST)) WRONG(r, r->p, "a word is expected");
  scan(r);
  r->name.key = 0;
  memcpy(&r->name.key, r->name.at, r->name.length <= 8 ? r->name.length : 0);
  uint32_t at, word = FIND(r, words, &at);
  if (word == 0) WRONG(r, r->name.at, "no such word: %.*s", SHOW(r->name));
  return r->words.at + word;
}

/* The keys of words are their characters, of which there are at most eight. Mostly the word ends before the first
 * character that is not above a blank, the lowest byte that has its top bit set in `ends`. */
const struct word *kn_qbe_word(struct kn_qbe *r) {
  const uint64_t ones = UINT64_C(0x0101010101010101);
  uint64_t key;
  if (r->end - r->p < (ptrdiff_t)sizeof key) return other_word(r);
  memcpy(&key, r->p, sizeof key);
  uint64_t ends = (key - ones * (' ' + 1)) & ~key & ones << 7;
  r->name.key = key & ((ends & -ends) - 1) >> 7;
  uint32_t at, word = FIND(r, words, &at);
  if (word == 0 || ends == 0) return other_word(r);
  r->p += __builtin_ctzll(ends) / 8;
  return r->words.at + word;
}

/* ---- strings ---- */

struct name kn_qbe_string(struct kn_qbe *r, const char *what) {
  if (!take(r, '"')) WRONG(r, r->p, "%s is expected in quotes", what);
  const char *from = r->p, *p = from;
  for (; *p != '"'; p++) {
    p += *p == '\\';
    if (*p == '\n' && p + 1 == r->end) WRONG(r, from - 1, "a string without an end");
  }
  r->p = p + 1;
  return (struct name){.at = from, .length = (uint32_t)(p - from)};
}

void kn_qbe_unescape(struct kn_qbe *r, const struct name *s) {
  static const char letters[] = "bfnrt\\\"", bytes[] = "\b\f\n\r\t\\\"";
  static const char hex[] = "0123456789abcdef0123456789ABCDEF";
  r->chars.n = 0;
  ROOM(r, r->chars, (uint64_t)s->length + 1);
  for (const char *p = s->at, *end = p + s->length; p < end; p++) {
    const char *escape = p, *known;
    unsigned byte = (uint8_t)*p, digits = 0;
    if (byte == '\\' && *++p == 'x') { /* as many digits as there are; the last two count */
      for (; p + 1 < end && (known = memchr(hex, p[1], 32)) != NULL; p++, digits++)
        byte = byte << 4 | ((known - hex) & 15);
    } else if (byte == '\\' && (known = memchr(letters, *p, sizeof letters - 1)) != NULL) {
      byte = (uint8_t)bytes[known - letters];
      digits = 1;
    } else if (byte == '\\') {
      for (byte = 0, p--; p + 1 < end && digits < 3 && p[1] >= '0' && p[1] <= '7'; digits++)
        byte = byte << 3 | (unsigned)(*++p - '0');
    }
    if (*escape == '\\' && digits == 0) WRONG(r, escape, "an unknown escape");
    r->chars.at[r->chars.n++] = (char)byte;
  }
  r->chars.at[r->chars.n] = 0;
}

const char *kn_qbe_c_name(struct kn_qbe *r, const struct name *s) {
  kn_qbe_unescape(r, s);
  if (r->chars.n == 0 || strlen(r->chars.at) != r->chars.n)
    WRONG(r, s->at, "a name of at least one byte, and none of them 0, is expected");
  return r->chars.at;
}

/* ---- numbers ---- */

/* Reads digits as an integer. Returns their end; NULL: there are too many for 64 bits. */
static inline const char *digits(const char *p, uint64_t *n) {
  for (*n = 0; is(p, DIGIT); p++)
    if (__builtin_mul_overflow(*n, 10, n) || __builtin_add_overflow(*n, *p - '0', n)) return NULL;
  return p;
}

/* An integer of 64 bits, signed or not. */
static inline bool integer(struct kn_qbe *r, uint64_t *n) {
  bool minus = *r->p == '-';
  const char *from = r->p + minus, *end = digits(from, n);
  if (!is(from, DIGIT)) return false;
  if (end == NULL || (minus && *n > UINT64_C(1) << 63))
    WRONG(r, r->p, "a number that does not fit into 64 bits");
  if (minus) *n = -*n;
  r->p = end;
  return true;
}

uint64_t kn_qbe_integer(struct kn_qbe *r, uint64_t max, const char *what) {
  peek(r);
  const char *at = r->p;
  uint64_t n;
  if (!integer(r, &n) || n > max) WRONG(r, at, "%s is expected", what);
  return n;
}

static bool is_hex(char c) { return is(&c, DIGIT) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f'); }

/* The end of the number, without a sign, that C's strtod reads there in the locale "C"; `from` if there is none. */
static const char *float_end(const char *from) {
  bool hex = from[0] == '0' && (from[1] | 0x20) == 'x', any = false;
  const char *p = from;
  if (hex && is_hex(from[2 + (from[2] == '.')])) p += 2;
  else hex = false;
  for (bool point = false; hex ? is_hex(*p) || *p == '.' : is(p, DIGIT) || *p == '.'; p++) {
    if (*p == '.' && point) break;
    point |= *p == '.';
    any |= *p != '.';
  }
  if (!any) return from;
  const char *e = p + 1;
  if ((*p | 0x20) != (hex ? 'p' : 'e')) return p;
  e += *e == '-' || *e == '+';
  if (!is(e, DIGIT)) return p;
  while (is(e, DIGIT)) e++;
  return e;
}

/* The bits of the float that is written there: a number as C's strtod reads it, `inf` or `nan`. */
static uint64_t floating(struct kn_qbe *r, const char *from, const char **end, bool single) {
  static const struct {
    const char *word;
    uint32_t single;
    uint64_t wide;
  } special[] = {{"infinity", 0x7f800000, UINT64_C(0x7ff) << 52},
                 {"inf", 0x7f800000, UINT64_C(0x7ff) << 52},
                 {"nan", 0x7fc00000, UINT64_C(0xfff) << 51}};
  bool minus = *from == '-';
  uint64_t sign = minus ? UINT64_C(1) << (single ? 31 : 63) : 0;
  const char *number = from + (minus || *from == '+');
  *end = from;
  for (unsigned i = 0; i < sizeof special / sizeof *special; i++) {
    size_t length = 0;
    while (special[i].word[length] != 0 && (number[length] | 0x20) == special[i].word[length])
      length++;
    if (special[i].word[length] != 0) continue;
    *end = number + length;
    return (single ? special[i].single : special[i].wide) | sign;
  }
  const char *last = float_end(number);
  if (last == number) return 0;
  if (last - number > 500) FAIL(r, from, LIMIT, "the float has more than 500 characters");
  *end = last;
  return kn_decimal_float(number, (size_t)(last - number), single) | sign;
}

/* An integer, or `s_` or `d_` and a number as C's strtod reads it. */
bool kn_qbe_number(struct kn_qbe *r, uint64_t *bits) {
  char c = *r->p;
  if ((c != 's' && c != 'd') || r->p[1] != '_') return integer(r, bits);
  const char *from = r->p + 2, *end;
  *bits = floating(r, from, &end, c == 's');
  if (end == from) WRONG(r, r->p, "a floating-point number is expected");
  r->p = end;
  return true;
}
