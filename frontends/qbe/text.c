/* The text: characters, names, numbers; and memory and errors for all rooms of the reader. */
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

static uint32_t mix(uint32_t hash, char c) { return (hash ^ (uint8_t)c) * UINT32_C(0x9e3779b1); }

static struct kn_qbe_name name_of(const char *at, const char *end) {
  struct kn_qbe_name n = {at, (uint32_t)(end - at), 0};
  while (at < end) n.hash = mix(n.hash, *at++);
  return n;
}

static bool same(const struct kn_qbe_name *a, const struct kn_qbe_name *b) {
  if (a->length != b->length) return false;
  for (uint32_t i = 0; i < a->length; i++) /* most are too short for memcmp to pay */
    if (a->at[i] != b->at[i]) return false;
  return true;
}

/* The entry of a name, or the free one where it belongs. */
static inline __attribute__((always_inline)) struct kn_qbe_entry *find(
  const struct kn_qbe_map *m, const struct kn_qbe_name *n) {
  for (uint32_t i = n->hash >> (32 - m->bits);; i = (i + 1) & ((1u << m->bits) - 1)) {
    struct kn_qbe_entry *e = m->table + i;
    if (e->id < m->base) return e;
    if (e->hash == n->hash && same(m->names.at + (e->id - m->base), n)) return e;
  }
}

/* Makes the table twice as large. */
static bool enlarge(struct kn_qbe *r, struct kn_qbe_map *m) {
  uint32_t bits = m->table == NULL ? 9 : m->bits + 1;
  struct kn_qbe_entry *table = kn_qbe_resize(r, m->table, sizeof *table << bits);
  if (table == NULL) return kn_qbe_fail(r, r->p, KILN_ERR_MEMORY, "out of memory");
  memset(table, 0, sizeof *table << bits);
  m->table = table;
  m->bits = bits;
  m->base = 1;
  for (uint32_t i = 0; i < m->names.n; i++)
    *find(m, m->names.at + i) = (struct kn_qbe_entry){m->names.at[i].hash, i + m->base};
  return true;
}

/* Puts r->name, a new one, into its free entry. */
static __attribute__((noinline)) uint32_t add_name(struct kn_qbe *r, struct kn_qbe_map *m,
                                                   struct kn_qbe_entry *e) {
  if (!KN_QBE_PUSH(r, m->names, r->name)) return KN_QBE_NONE;
  *e = (struct kn_qbe_entry){r->name.hash, m->names.n - 1 + m->base};
  bool full = m->names.n >> (m->bits - 2) != 0;
  return full && !enlarge(r, m) ? KN_QBE_NONE : m->names.n - 1;
}

uint32_t kn_qbe_intern(struct kn_qbe *r, struct kn_qbe_map *m, bool add) {
  struct kn_qbe_entry *e = find(m, &r->name);
  if (e->id >= m->base) return e->id - m->base;
  return add ? add_name(r, m, e) : KN_QBE_NONE;
}

uint32_t kn_qbe_lookup(struct kn_qbe *r, struct kn_qbe_map *m, bool add) {
  const char *p = r->p;
  uint32_t hash = 0;
  if (!kn_qbe_is(p, KN_QBE_FIRST)) {
    kn_qbe_wrong(r, p, "a name is expected");
    return KN_QBE_NONE;
  }
  for (; kn_qbe_is(p, KN_QBE_LATER); p++) hash = mix(hash, *p);
  r->name = (struct kn_qbe_name){r->p, (uint32_t)(p - r->p), hash};
  r->p = p;
  return kn_qbe_intern(r, m, add);
}

void kn_qbe_forget(struct kn_qbe_map *m) {
  m->base += m->names.n; /* the sum is less than the bytes of the text */
  m->names.n = 0;
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

char kn_qbe_past(struct kn_qbe *r) {
  for (;;) {
    char c = kn_qbe_peek(r);
    if (c == '#') r->p = memchr(r->p, '\n', (size_t)(r->end - r->p));
    else if (c != '\n') return c;
    if (r->p + 1 == r->end) return 0;
    r->p++;
  }
}

bool kn_qbe_take(struct kn_qbe *r, char c) {
  bool is = kn_qbe_peek(r) == c;
  r->p += is;
  return is;
}

bool kn_qbe_expect(struct kn_qbe *r, char c) {
  return kn_qbe_take(r, c) ||
         kn_qbe_wrong(r, r->p, c == '\n' ? "the end of the line is expected" : "'%c' is expected",
                      c);
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
  r->name = name_of(from, p);
  r->p = p + 1;
  return true;
}

const struct kn_qbe_word *kn_qbe_word(struct kn_qbe *r) {
  const char *at = r->p;
  if (!kn_qbe_is(at, KN_QBE_FIRST)) {
    kn_qbe_syntax(r, "a word is expected");
    return NULL;
  }
  uint32_t i = kn_qbe_lookup(r, &r->words, false);
  if (i != KN_QBE_NONE) return kn_qbe_words + i;
  kn_qbe_wrong(r, at, "no such word: %.*s", KN_QBE_SHOW(&r->name));
  return NULL;
}

/* An integer of 64 bits, signed or not. */
static bool integer(struct kn_qbe *r, uint64_t *out) {
  bool minus = kn_qbe_peek(r) == '-', large = false;
  const char *p = r->p + minus;
  uint64_t n = 0;
  if (!kn_qbe_is(p, KN_QBE_DIGIT)) return false;
  for (; kn_qbe_is(p, KN_QBE_DIGIT); p++)
    large |=
      __builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, (uint64_t)(*p - '0'), &n);
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

/* An integer, or `s_` or `d_` and a number as C's strtod reads it. */
bool kn_qbe_number(struct kn_qbe *r, uint64_t *bits) {
  char c = kn_qbe_peek(r);
  if ((c != 's' && c != 'd') || r->p[1] != '_') return integer(r, bits);
  const char *from = r->p + 2;
  char *end = NULL;
  *bits = 0;
  if (*from == '-' || *from == '+' || kn_qbe_is(from, KN_QBE_LATER)) { /* strtod skips newlines */
    float f = c == 's' ? strtof(from, &end) : 0;
    double d = c == 'd' ? strtod(from, &end) : 0;
    memcpy(bits, c == 's' ? (void *)&f : (void *)&d, c == 's' ? sizeof f : sizeof d);
  }
  if (end == NULL || end == from) return kn_qbe_syntax(r, "a floating-point number is expected");
  r->p = end;
  return true;
}

/* ---- begin and end ---- */

#define MAPS(r)                                                                                    \
  {&(r)->words, &(r)->global_names, &(r)->aggregate_names, &(r)->temp_names, &(r)->label_names}

static void release(struct kn_qbe *r, void *memory) {
  if (memory != NULL) kn_qbe_resize(r, memory, 0);
}

bool kn_qbe_begin(struct kn_qbe *r) {
  struct kn_qbe_map *maps[] = MAPS(r);
  for (size_t i = 0; i < sizeof maps / sizeof *maps; i++)
    if (!enlarge(r, maps[i])) return false;
  for (uint32_t i = 0; i < sizeof kn_qbe_words / sizeof *kn_qbe_words; i++) {
    const char *name = kn_qbe_words[i].name;
    r->name = name_of(name, name + strlen(name));
    if (kn_qbe_intern(r, &r->words, true) == KN_QBE_NONE) return false;
  }
  return true;
}

void kn_qbe_end(struct kn_qbe *r) {
  struct kn_qbe_map *maps[] = MAPS(r);
  void *arrays[] = {r->globals.at, r->aggregates.at, r->fields.at, r->chars.at,
                    r->bytes.at,   r->relocs.at,     r->types.at,  r->ctypes.at,
                    r->temps.at,   r->labels.at,     r->cons.at,   r->insts.at,
                    r->pairs.at,   r->blocks.at,     r->uses.at,   r->values.at};
  for (size_t i = 0; i < sizeof maps / sizeof *maps; i++) {
    release(r, maps[i]->table);
    release(r, maps[i]->names.at);
  }
  for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) release(r, arrays[i]);
}
