/* Names: their hash, and the module's table of section groups, which are names too. Every name is
 * hashed once, when it is declared; symbols and groups keep the hash. Called by module_symbols.c, the
 * object writer and the JIT. Invariant: groups of equal names have equal ids. */
#include "ir/module/module_state.h"

#include "ir/arena.h"

#include <string.h>

/* ---- hashes ---- */

/* Any odd numbers with as many ones as zeros would do. */
#define K0 UINT64_C(0x9e3779b97f4a7c15)
#define K1 UINT64_C(0xd6e8feb86659fd93)

static inline uint64_t fold(uint64_t a, uint64_t b) {
  unsigned __int128 product = (unsigned __int128)a * b;
  return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t word(const uint8_t *p) {
  uint64_t w;
  memcpy(&w, p, 8);
  return w;
}

#define ONES UINT64_C(0x0101010101010101)

/* Hashes whole words, the last two of which may overlap others. The top bit of some byte of *tops is set
 * if a byte is 0; bytes that are 1 or above 128 may set it too. */
KN_INLINE uint32_t hash_words(const uint8_t *p, size_t size, uint64_t *tops) {
  uint64_t h = size * K1, a, b, seen = 0;
  for (; size > 16; p += 16, size -= 16) {
    a = word(p);
    b = word(p + 8);
    seen |= (a - ONES) | (b - ONES);
    h = fold(a ^ K0, b ^ h);
  }
  b = size >= 8 ? word(p + size - 8) : 0;
  if (size > 8) {
    a = word(p);
  } else if (size >= 4) { /* two halves, which may overlap */
    uint32_t first, last;
    memcpy(&first, p, 4);
    memcpy(&last, p + size - 4, 4);
    a = first | (uint64_t)last << 32;
  } else {
    a = size > 0 ? (uint64_t)p[0] << 16 | (uint64_t)p[size / 2] << 8 | p[size - 1] : 0;
  }
  if (size > 8) seen |= b - ONES;
  if (size >= 4) seen |= a - ONES;
  *tops = seen;
  return (uint32_t)(fold(fold(a ^ K0, b ^ h), K1) >> 32);
}

uint32_t kn_hash_bytes(const void *bytes, size_t size) {
  uint64_t tops;
  return hash_words(bytes, size, &tops);
}

bool kn_hash_name(const char *name, size_t length, uint32_t *hash) {
  uint64_t tops;
  *hash = hash_words((const uint8_t *)name, length, &tops);
  if (length >= 4 && !(tops & ONES << 7)) return true;
  return length == 0 || memchr(name, 0, length) == NULL;
}

/* Up to 7 bytes as a number. */
static uint64_t short_word(const uint8_t *p, size_t n) {
  uint64_t w = 0;
  for (size_t i = 0; i < n; i++) w = w << 8 | p[i];
  return w;
}

/* By length, then by words, the last of which may overlap the one before: it decides only if that is equal. */
bool kn_bytes_after(const void *a, size_t n, const void *b, size_t m) {
  const uint8_t *p = a, *q = b;
  if (n != m) return n > m;
  if (n < 8) return short_word(p, n) > short_word(q, n);
  for (size_t i = 0; i + 8 < n; i += 8)
    if (word(p + i) != word(q + i)) return word(p + i) > word(q + i);
  return word(p + n - 8) > word(q + n - 8);
}

/* ---- section groups ---- */

static inline bool is_named(const kiln_module *m, uint32_t id, const char *name, size_t length) {
  const struct kn_comdat *c = kn_comdat(m, id);
  return c->length == length && kn_same_bytes(c->name, name, length);
}

/* Finds a group in a table that has a tree. */
static KN_COLD uint32_t find_group(const kiln_module *m, const char *name, size_t length,
                                   uint32_t hash, uint32_t *at) {
  uint32_t id;
  KN_HASH_EACH(&m->comdat_hash, hash, *at, id,
               kn_bytes_after(name, length, kn_comdat(m, id)->name, kn_comdat(m, id)->length))
  if (is_named(m, id, name, length)) break;
  return id;
}

/* The group of a name, which is made if there is none; 0 without memory. `in_module`: the name lies in the module's
 * strings, else it is copied there. */
KN_INLINE uint32_t group(kiln_module *m, const char *name, size_t length, uint32_t hash,
                         bool in_module) {
  uint32_t at, id;
  if (!KN_HASH_ROOM(m, &m->comdat_hash)) return 0;
  if (KN_HASH_FLAT(&m->comdat_hash)) {
    KN_HASH_EACH_FLAT(&m->comdat_hash, hash, at, id)
    if (is_named(m, id, name, length)) return id;
  } else {
    uint32_t position;
    if ((id = find_group(m, name, length, hash, &position)) != 0) return id;
    at = position;
  }
  if (!in_module && (name = kn_arena_string(m->arena, name, length)) == NULL)
    return KN_MODULE_FAIL(0, m, KILN_ERR_MEMORY, "out of memory");
  struct kn_comdat c = {.name = name, .length = length & INT32_MAX, .hash = hash};
  if (!KN_PUSH(m, m->comdats, c)) return 0;
  kn_hash_put_here(&m->comdat_hash, at, hash, m->comdats.n);
  return m->comdats.n;
}

uint32_t kn_comdat_of(kiln_module *m, const char *name, size_t length, uint32_t hash) {
  return group(m, name, length, hash, false);
}

uint32_t kn_comdat_of_symbol(kiln_module *m, const struct kn_symbol *s, uint32_t symbol) {
  uint32_t id = group(m, s->name, s->name_length, s->hash, true);
  if (id != 0) kn_comdat(m, id)->symbol = symbol;
  return id;
}
