/* The text: characters, names, numbers; and memory and errors for all parts of the reader. */
#include "read.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- memory ---- */

void *kn_qbe_resize(const struct kn_qbe *r, void *old, size_t size) {
  if (r->allocator.realloc != NULL) return r->allocator.realloc(r->allocator.user, old, size);
  if (size != 0) return realloc(old, size);
  free(old);
  return NULL;
}

bool kn_qbe_grow(struct kn_qbe *r, void *at, uint32_t *cap, uint64_t need, size_t item_size) {
  void *old;
  memcpy(&old, at, sizeof old);
  uint64_t room = *cap < 32 ? 32 : *cap;
  while (room < need) room *= 2;
  void *to = room <= UINT32_MAX / 2 ? kn_qbe_resize(r, old, (size_t)room * item_size) : NULL;
  if (to == NULL) return kn_qbe_fail(r, r->p, KILN_ERR_MEMORY, "out of memory");
  memcpy(at, &to, sizeof to);
  *cap = (uint32_t)room;
  return true;
}

void kn_qbe_free(const struct kn_qbe *r, void *memory) {
  if (memory != NULL) kn_qbe_resize(r, memory, 0);
}

/* ---- errors ---- */

void kn_qbe_stop(struct kn_qbe *r, kiln_status status) {
  static const char nothing[] = "\n";
  if (!r->failed) r->status = status;
  r->failed = true;
  r->p = nothing;
  r->end = nothing + 1;
}

bool kn_qbe_fail(struct kn_qbe *r, const char *at, kiln_status status, const char *message, ...) {
  if (r->failed) return false;
  kiln_status module = kiln_module_status(r->m);
  kn_qbe_stop(r, module != KILN_OK ? module : status);
  if (module != KILN_OK) return false; /* this is only an echo of that */
  kiln_diag d = {
    .status = status, .block = UINT32_MAX, .inst = UINT32_MAX, .bit_offset = UINT64_MAX};
  const char *line = r->text;
  d.line = 1;
  for (const char *p; (p = memchr(line, '\n', (size_t)(at - line))) != NULL; line = p + 1) d.line++;
  d.column = (uint32_t)(at - line) + 1;
  va_list ap;
  va_start(ap, message);
  vsnprintf(d.message, sizeof d.message, message, ap);
  va_end(ap);
  kiln_module_error(r->m, &d);
  return false;
}

bool kn_qbe_syntax(struct kn_qbe *r, const char *message) {
  kn_qbe_peek(r);
  return kn_qbe_wrong(r, r->p, "%s", message);
}

/* ---- names ---- */

void kn_qbe_no_name(struct kn_qbe *r, const char *at) { kn_qbe_wrong(r, at, "a name is expected"); }

bool kn_qbe_enlarge(struct kn_qbe *r, struct kn_qbe_map *m) {
  size_t size = m->table == NULL ? 512 : 2 * ((size_t)m->mask + 1);
  struct kn_qbe_map new = {.base = 1, .n = m->n, .mask = (uint32_t)size - 1};
  new.shift = 64 - (unsigned)__builtin_ctzll(size);
  new.table = kn_qbe_resize(r, NULL, size * sizeof *new.table);
  new.names = kn_qbe_resize(r, NULL, size / 2 * sizeof *new.names);
  if (new.table == NULL || new.names == NULL) {
    kn_qbe_free(r, new.table);
    kn_qbe_free(r, new.names);
    return kn_qbe_fail(r, r->p, KILN_ERR_MEMORY, "out of memory");
  }
  memset(new.table, 0, size * sizeof *new.table);
  if (m->n != 0) memcpy(new.names, m->names, m->n * sizeof *m->names);
  for (size_t k = 0; k < size / 2 && m->table != NULL; k++) {
    const struct kn_qbe_entry *e = m->table + k;
    uint32_t i = kn_qbe_hash(e->key, new.shift);
    if (e->id < m->base) continue;
    while (new.table[i].id != 0) i = (i + 1) & new.mask;
    new.table[i] = (struct kn_qbe_entry){e->key, e->id - m->base + new.base};
  }
  kn_qbe_free(r, m->table);
  kn_qbe_free(r, m->names);
  *m = new;
  return true;
}

void kn_qbe_forget(struct kn_qbe_map *m) {
  m->base += m->n; /* the sum is less than the bytes of the text */
  m->n = 0;
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

const uint8_t kn_qbe_letters[256] = {
  ['w'] = QW + 1, ['l'] = QL + 1, ['s'] = QS + 1, ['d'] = QD + 1};

char kn_qbe_past_comment(struct kn_qbe *r) {
  r->p = memchr(r->p, '\n', (size_t)(r->end - r->p));
  return kn_qbe_past(r);
}

bool kn_qbe_missing(struct kn_qbe *r, char c) {
  return kn_qbe_wrong(r, r->p, c == '\n' ? "the end of the line is expected" : "'%c' is expected",
                      c);
}

bool kn_qbe_dots(struct kn_qbe *r) {
  if (r->p[0] != '.' || r->p[1] != '.' || r->p[2] != '.') return false;
  r->p += 3;
  return true;
}

/* ---- words and numbers ---- */

enum { W = 1, L = 2, S = 4, D = 8 };
#define WORD(name, form, results, operands, op, fop) {name, QF_##form, results, operands, op, fop},
const struct kn_qbe_word kn_qbe_words[] = {
#include "words.h"
};

/* Escapes stay as they are. */
bool kn_qbe_string(struct kn_qbe *r, const char *what) {
  if (!kn_qbe_take(r, '"')) return kn_qbe_wrong(r, r->p, "%s is expected in quotes", what);
  const char *from = r->p, *p = from;
  for (; *p != '"'; p++) {
    p += *p == '\\';
    if (*p == '\n' && p + 1 == r->end) return kn_qbe_wrong(r, from - 1, "a string without an end");
  }
  r->string = (struct kn_qbe_name){from, (uint32_t)(p - from)};
  r->p = p + 1;
  return true;
}

const struct kn_qbe_word *kn_qbe_word(struct kn_qbe *r) {
  const char *at = r->p;
  uint64_t key;
  if (!kn_qbe_is(at, KN_QBE_FIRST)) {
    kn_qbe_syntax(r, "a word is expected");
    return NULL;
  }
  r->p = kn_qbe_scan(at, &key);
  for (uint32_t i = kn_qbe_hash(key, KN_QBE_WORD_SHIFT); r->words[i].word != 0;
       i = (i + 1) % KN_QBE_WORDS)
    if (r->words[i].key == key) return kn_qbe_words + r->words[i].word - 1;
  struct kn_qbe_name name = {at, (uint32_t)(r->p - at)};
  kn_qbe_wrong(r, at, "no such word: %.*s", KN_QBE_SHOW(&name));
  return NULL;
}

/* An integer of 64 bits, signed or not. */
static bool integer(struct kn_qbe *r, uint64_t *out) {
  bool minus = kn_qbe_peek(r) == '-', large = false;
  const char *from = r->p + minus, *p = from;
  uint64_t n = 0;
  for (; kn_qbe_is(p, KN_QBE_DIGIT) && p - from < 19; p++) n = n * 10 + (uint64_t)(*p - '0');
  for (; kn_qbe_is(p, KN_QBE_DIGIT); p++)
    large |=
      __builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, (uint64_t)(*p - '0'), &n);
  if (p == from) return false;
  if (large || (minus && n > UINT64_C(1) << 63))
    return kn_qbe_syntax(r, "a number that does not fit into 64 bits");
  *out = minus ? -n : n;
  r->p = p;
  return true;
}

bool kn_qbe_integer(struct kn_qbe *r, uint64_t max, const char *what, uint64_t *out) {
  kn_qbe_peek(r);
  const char *at = r->p;
  if (integer(r, out) && *out <= max) return true;
  *out = 0;
  return kn_qbe_wrong(r, at, "%s is expected", what);
}

/* Digits, with a point or without, whose value is a quotient of doubles that are exact; NULL if it is not. The
 * division rounds once, as strtod does. */
static const char *short_number(const char *p, double *out) {
  double n = 0, scale = 1;
  unsigned digits = 0;
  bool minus = *p == '-';
  p += minus;
  for (; kn_qbe_is(p, KN_QBE_DIGIT); p++, digits++) n = n * 10 + (*p - '0');
  if (digits == 0) return NULL;
  if (*p == '.')
    for (p++; kn_qbe_is(p, KN_QBE_DIGIT); p++, digits++, scale *= 10) n = n * 10 + (*p - '0');
  *out = minus ? -n / scale : n / scale;
  return digits > 15 || kn_qbe_is(p, KN_QBE_LATER) ? NULL : p;
}

/* An integer, or `s_` or `d_` and a number as C's strtod reads it. */
bool kn_qbe_number(struct kn_qbe *r, uint64_t *bits) {
  char c = kn_qbe_peek(r);
  if ((c != 's' && c != 'd') || r->p[1] != '_') return integer(r, bits);
  const char *from = r->p + 2, *p;
  char *end = NULL;
  double d = 0;
  float f = 0;
  *bits = 0;
  if (c == 'd' && (p = short_number(from, &d)) != NULL) {
    memcpy(bits, &d, sizeof d);
    r->p = p;
    return true;
  }
  if (*from == '-' || *from == '+' || kn_qbe_is(from, KN_QBE_LATER)) { /* strtod skips newlines */
    if (c == 's') f = strtof(from, &end);
    else d = strtod(from, &end);
    memcpy(bits, c == 's' ? (void *)&f : (void *)&d, c == 's' ? sizeof f : sizeof d);
  }
  if (end == NULL || end == from) return kn_qbe_syntax(r, "a floating-point number is expected");
  r->p = end;
  return true;
}

/* ---- begin and end ---- */

#define MAPS(r) {&(r)->global_names, &(r)->aggregate_names, &(r)->temp_names, &(r)->label_names}

bool kn_qbe_begin(struct kn_qbe *r) {
  struct kn_qbe_map *maps[] = MAPS(r);
  for (size_t i = 0; i < sizeof maps / sizeof *maps; i++)
    if (!kn_qbe_enlarge(r, maps[i])) return false;
  for (uint32_t n = 0; n < sizeof kn_qbe_words / sizeof *kn_qbe_words; n++) {
    uint64_t key;
    kn_qbe_scan(kn_qbe_words[n].name, &key); /* exact: none is longer than nine characters */
    uint32_t i = kn_qbe_hash(key, KN_QBE_WORD_SHIFT);
    while (r->words[i].word != 0) i = (i + 1) % KN_QBE_WORDS;
    r->words[i] = (struct kn_qbe_keyed){key, n + 1};
  }
  return true;
}

void kn_qbe_end(struct kn_qbe *r) {
  struct kn_qbe_map *maps[] = MAPS(r);
  void *arrays[] = {r->globals.at, r->bodies.at, r->aggregates.at, r->fields.at, r->chars.at,
                    r->bytes.at,   r->relocs.at, r->params.at,     r->types.at,  r->ctypes.at,
                    r->temps.at,   r->labels.at, r->blocks.at,     r->phis.at,   r->operands.at,
                    r->uses.at,    r->sums.at,   r->values.at};
  for (size_t i = 0; i < sizeof maps / sizeof *maps; i++) {
    kn_qbe_free(r, maps[i]->table);
    kn_qbe_free(r, maps[i]->names);
  }
  for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) kn_qbe_free(r, arrays[i]);
}
