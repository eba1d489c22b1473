/* The module's section groups, by name. Called by module_symbols.c, the object writer and the JIT. Invariant: groups of
 * equal names have equal ids. */
#include "ir/module/module_state.h"

#include "base/arena.h"

#include <string.h>

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

/* The group of a name, which is made if there is none; 0 without memory. `symbol`: it becomes the group's, and its
 * name is `name`, which lies in the module's strings. If it is 0, the name is copied there. */
KN_INLINE uint32_t group(kiln_module *m, const char *name, size_t length, uint32_t hash,
                         uint32_t symbol) {
  uint32_t at, id;
  if (!KN_HASH_ROOM(m, &m->comdat_hash)) return 0;
  if (KN_HASH_FLAT(&m->comdat_hash)) {
    KN_HASH_EACH_FLAT(&m->comdat_hash, hash, at, id)
    if (is_named(m, id, name, length)) break;
  } else {
    uint32_t position;
    id = find_group(m, name, length, hash, &position);
    at = position;
  }
  if (KN_UNLIKELY(id != 0)) {
    if (symbol != 0) kn_comdat(m, id)->symbol = symbol;
    return id;
  }
  if (symbol == 0 && (name = kn_arena_string(m->arena, name, length)) == NULL)
    return KN_MODULE_FAIL(0, m, KILN_ERR_MEMORY, "out of memory");
  struct kn_comdat c = {.name = name, .length = length & INT32_MAX, .hash = hash, .symbol = symbol};
  if (!KN_PUSH(m, m->comdats, c)) return 0;
  kn_hash_put_here(&m->comdat_hash, at, hash, m->comdats.n);
  return m->comdats.n;
}

uint32_t kn_comdat_of(kiln_module *m, const char *name, size_t length, uint32_t hash) {
  return group(m, name, length, hash, 0);
}

uint32_t kn_comdat_of_symbol(kiln_module *m, const struct kn_symbol *s, uint32_t symbol) {
  return group(m, s->name, s->name_length, s->hash, symbol);
}
