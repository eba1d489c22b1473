/* The text: characters, names, strings and numbers; and memory and errors for all parts of the reader. */
#include "read.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- errors ---- */

void kn_qbe_stop(struct kn_qbe *r, kiln_status status) {
  kiln_status module = kiln_module_status(r->m);
  r->status = module != KILN_OK ? module : status;
  longjmp(r->failed, 1);
}

void kn_qbe_fail(struct kn_qbe *r, const char *at, kiln_status status, const char *message, ...) {
  if (kiln_module_status(r->m) != KILN_OK)
    kn_qbe_stop(r, status); /* this is only an echo of that */
  kiln_diag d = {
    .status = status, .line = 1, .block = UINT32_MAX, .inst = UINT32_MAX, .bit_offset = UINT64_MAX};
  const char *line = r->text;
  for (const char *p; (p = memchr(line, '\n', (size_t)(at - line))) != NULL; line = p + 1) d.line++;
  d.column = (uint32_t)(at - line) + 1;
  va_list ap;
  va_start(ap, message);
  vsnprintf(d.message, sizeof d.message, message, ap);
  va_end(ap);
  kiln_module_error(r->m, &d);
  kn_qbe_stop(r, status);
}

void kn_qbe_syntax(struct kn_qbe *r, const char *message) {
  kn_qbe_peek(r);
  kn_qbe_wrong(r, r->p, "%s", message);
}

void kn_qbe_missing(struct kn_qbe *r, char c) {
  const char *message = c == '\n' ? "the end of the line is expected" : "'%c' is expected";
  kn_qbe_wrong(r, r->p, message, c);
}

/* ---- memory ---- */

static void *resize(const struct kn_qbe *r, void *old, size_t size) {
  if (r->allocator.realloc != NULL) return r->allocator.realloc(r->allocator.user, old, size);
  if (size != 0) return realloc(old, size);
  free(old);
  return NULL;
}

void kn_qbe_grow(struct kn_qbe *r, void *at, uint32_t *cap, uint64_t need, size_t item_size) {
  void *old;
  memcpy(&old, at, sizeof old);
  uint64_t room = *cap < 32 ? 32 : *cap;
  while (room < need) room *= 2;
  void *to = room <= UINT32_MAX / 2 ? resize(r, old, (size_t)room * item_size) : NULL;
  if (to == NULL) kn_qbe_fail(r, r->p, KILN_ERR_MEMORY, "out of memory");
  memcpy(at, &to, sizeof to);
  *cap = (uint32_t)room;
}

/* ---- characters ---- */

const uint8_t kn_qbe_kinds[256] = {
  ['a' ... 'z'] = KN_QBE_FIRST | KN_QBE_LATER,
  ['A' ... 'Z'] = KN_QBE_FIRST | KN_QBE_LATER,
  ['.'] = KN_QBE_FIRST | KN_QBE_LATER,
  ['_'] = KN_QBE_FIRST | KN_QBE_LATER,
  ['0' ... '9'] = KN_QBE_LATER | KN_QBE_DIGIT,
  ['$'] = KN_QBE_LATER,
  [' '] = KN_QBE_BLANK,
  ['\t'] = KN_QBE_BLANK,
  ['\r'] = KN_QBE_BLANK,
};

const uint8_t kn_qbe_letters[256] = {['w'] = QW, ['l'] = QL, ['s'] = QS, ['d'] = QD};

/* ---- names and words ---- */

/* Makes room for an item; returns the number of the last one. */
static __attribute__((noinline)) uint32_t more_room(struct kn_qbe *r, struct kn_qbe_table *t) {
  kn_qbe_grow(r, &t->at, &t->cap, t->n + 1, t->item_size);
  memset((char *)t->at + t->n * t->item_size, 0, (t->cap - t->n) * t->item_size);
  return t->n - 1;
}

void kn_qbe_clear(struct kn_qbe *r, struct kn_qbe_table *t, size_t item_size, size_t bytes) {
  size_t n = 32;
  while (n < 1 << 20 && n * 8 < bytes) n *= 2;
  if (n > t->n_heads) kn_qbe_grow(r, &t->heads, &t->n_heads, n, sizeof *t->heads);
  memset(t->heads, 0, n * sizeof *t->heads);
  if (t->n != 0) memset(t->at, 0, t->n * item_size);
  t->item_size = (uint32_t)item_size;
  t->mask = (uint32_t)n - 1;
  t->n = 1;
  if (t->cap == 0) more_room(r, t), memset(t->at, 0, item_size);
}

uint32_t kn_qbe_find_long(const struct kn_qbe *r, const struct kn_qbe_table *t) {
  const struct kn_qbe_name *name = &r->name, *item;
  uint32_t i = t->heads[kn_qbe_hash(t, name->key)];
  for (; i != 0; i = item->next) {
    item = (void *)((char *)t->at + i * t->item_size);
    if (item->key == name->key && item->length == name->length &&
        memcmp(item->at, name->at, name->length) == 0)
      break;
  }
  return i;
}

uint32_t kn_qbe_add(struct kn_qbe *r, struct kn_qbe_table *t) {
  uint32_t *head = t->heads + kn_qbe_hash(t, r->name.key), i = t->n++;
  struct kn_qbe_name *item = (void *)((char *)t->at + i * (size_t)t->item_size);
  *item = r->name;
  item->next = *head;
  *head = i;
  return t->n == t->cap ? more_room(r, t) : i;
}

enum { NONE = 1 << KILN_TYPE_VOID, W = 1 << KILN_TYPE_I32, L = 1 << KILN_TYPE_I64 };
enum { S = 1 << KILN_TYPE_F32, D = 1 << KILN_TYPE_F64 };
#define WORD(name, form, results, operands, op, fop) {name, operands, results, QF_##form, op, fop},
const struct kn_qbe_word kn_qbe_words[] = {
  {"", "", 0, 0, 0, 0},
#include "words.h"
};

/* The place of the word whose characters `key` is, or where it would be. */
static inline uint8_t *place(struct kn_qbe *r, uint64_t key) {
  uint8_t i = (uint8_t)(key * UINT64_C(0x9e3779b97f4a7c15) >> 56);
  while (r->words[i] != 0 && memcmp(kn_qbe_words[r->words[i]].name, &key, sizeof key) != 0) i++;
  return r->words + i;
}

/* The same as below, at the end of the text, or before another character than a blank. */
static __attribute__((noinline)) const struct kn_qbe_word *any_word(struct kn_qbe *r) {
  uint64_t key = 0;
  if (!kn_qbe_is(r->p, KN_QBE_FIRST)) kn_qbe_syntax(r, "a word is expected");
  kn_qbe_scan(r);
  memcpy(&key, r->name.at, r->name.length <= sizeof key ? r->name.length : 0);
  unsigned word = *place(r, key);
  if (word == 0) kn_qbe_wrong(r, r->name.at, "no such word: %.*s", KN_QBE_SHOW(r->name));
  return kn_qbe_words + word;
}

/* The word is mostly less than the eight bytes that come next: it ends before the first one that is not above a blank,
 * the lowest one that has its top bit set in `ends`. */
const struct kn_qbe_word *kn_qbe_word(struct kn_qbe *r) {
  const uint64_t ones = UINT64_C(0x0101010101010101);
  uint64_t key;
  if (r->end - r->p < (ptrdiff_t)sizeof key) return any_word(r);
  memcpy(&key, r->p, sizeof key);
  uint64_t ends = (key - ones * (' ' + 1)) & ~key & ones << 7;
  key &= ((ends & -ends) - 1) >> 7;
  unsigned word = *place(r, key);
  if (word == 0 || ends == 0) return any_word(r);
  r->p += __builtin_ctzll(ends) / 8;
  return kn_qbe_words + word;
}

/* ---- strings ---- */

struct kn_qbe_name kn_qbe_string(struct kn_qbe *r, const char *what) {
  if (!kn_qbe_take(r, '"')) kn_qbe_wrong(r, r->p, "%s is expected in quotes", what);
  const char *from = r->p, *p = from;
  for (; *p != '"'; p++) {
    p += *p == '\\';
    if (*p == '\n' && p + 1 == r->end) kn_qbe_wrong(r, from - 1, "a string without an end");
  }
  r->p = p + 1;
  return (struct kn_qbe_name){.at = from, .length = (uint32_t)(p - from)};
}

void kn_qbe_unescape(struct kn_qbe *r, const struct kn_qbe_name *s) {
  static const char letters[] = "bfnrt\\\"", bytes[] = "\b\f\n\r\t\\\"";
  static const char hex[] = "0123456789abcdef0123456789ABCDEF";
  r->chars.n = 0;
  KN_QBE_ROOM(r, r->chars, (uint64_t)s->length + 1);
  char *to = r->chars.at;
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
    if (*escape == '\\' && digits == 0) kn_qbe_wrong(r, escape, "an unknown escape");
    *to++ = (char)byte;
  }
  *to = 0;
  r->chars.n = (uint32_t)(to - r->chars.at);
}

const char *kn_qbe_c_name(struct kn_qbe *r, const struct kn_qbe_name *s) {
  kn_qbe_unescape(r, s);
  if (r->chars.n == 0 || strlen(r->chars.at) != r->chars.n)
    kn_qbe_wrong(r, s->at, "a name of at least one byte, and none of them 0, is expected");
  return r->chars.at;
}

/* ---- numbers ---- */

/* An integer of 64 bits, signed or not. */
static bool integer(struct kn_qbe *r, uint64_t *out) {
  bool minus = *r->p == '-', large = false;
  const char *from = r->p + minus, *p = from;
  uint64_t n = 0;
  for (; kn_qbe_is(p, KN_QBE_DIGIT); p++)
    large |=
      __builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, (uint64_t)(*p - '0'), &n);
  if (large || (minus && n > UINT64_C(1) << 63))
    kn_qbe_syntax(r, "a number that does not fit into 64 bits");
  *out = minus ? -n : n;
  if (p == from) return false;
  r->p = p;
  return true;
}

uint64_t kn_qbe_integer(struct kn_qbe *r, uint64_t max, const char *what) {
  kn_qbe_peek(r);
  const char *at = r->p;
  uint64_t n;
  if (!integer(r, &n) || n > max) kn_qbe_wrong(r, at, "%s is expected", what);
  return n;
}

/* Digits, with a point or without, whose value is a quotient of doubles that are exact; NULL if it is not. The
 * division rounds once, as strtod does, which takes many times as long. */
static const char *short_number(const char *p, double *out) {
  double n = 0, scale = 1;
  unsigned digits = 0;
  bool minus = *p == '-', point = false;
  for (p += minus; kn_qbe_is(p, KN_QBE_DIGIT) || (*p == '.' && !point && digits != 0); p++) {
    if ((point |= *p == '.') && *p == '.') continue;
    n = n * 10 + (*p - '0');
    if (point) scale *= 10;
    digits++;
  }
  *out = minus ? -n / scale : n / scale;
  return digits == 0 || digits > 15 || kn_qbe_is(p, KN_QBE_LATER) ? NULL : p;
}

/* An integer, or `s_` or `d_` and a number as C's strtod reads it. */
bool kn_qbe_number(struct kn_qbe *r, uint64_t *bits) {
  char c = *r->p;
  if ((c != 's' && c != 'd') || r->p[1] != '_') return integer(r, bits);
  const char *from = r->p + 2, *end = from;
  double d = 0;
  float f = 0;
  if (c == 'd' && (end = short_number(from, &d)) == NULL) end = from;
  if (end == from && (*from == '-' || *from == '+' || kn_qbe_is(from, KN_QBE_LATER))) {
    if (c == 's') f = strtof(from, (char **)&end); /* they would skip ends of lines */
    else d = strtod(from, (char **)&end);
  }
  if (end == from) kn_qbe_syntax(r, "a floating-point number is expected");
  *bits = 0;
  memcpy(bits, c == 's' ? (void *)&f : (void *)&d, c == 's' ? sizeof f : sizeof d);
  r->p = end;
  return true;
}

/* ---- begin and end ---- */

void kn_qbe_begin(struct kn_qbe *r) {
  size_t size = (size_t)(r->end - r->text);
  KN_QBE_CLEAR(r, types, size / 16);
  KN_QBE_CLEAR(r, globals, size / 16);
  kn_qbe_basic_types(r);
  for (size_t i = 1; i < sizeof kn_qbe_words / sizeof *kn_qbe_words; i++) {
    uint64_t key;
    memcpy(&key, kn_qbe_words[i].name, sizeof key);
    *place(r, key) = (uint8_t)i;
  }
}

void kn_qbe_end(struct kn_qbe *r) {
  void *memory[] = {r->types.at,        r->types.t.heads, r->globals.at, r->temps.at,
                    r->globals.t.heads, r->temps.t.heads, r->labels.at,  r->labels.t.heads,
                    r->fields.at,       r->chars.at,      r->bytes.at,   r->relocs.at,
                    r->ctypes.at,       r->bodies.at,     r->params.at,  r->blocks.at,
                    r->phis.at,         r->operands.at,   r->uses.at,    r->sums.at,
                    r->args.at,         r->copy.at};
  for (size_t i = 0; i < sizeof memory / sizeof *memory; i++)
    if (memory[i] != NULL) resize(r, memory[i], 0);
}
