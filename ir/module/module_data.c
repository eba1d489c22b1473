/* Data definitions and constructors. Called by front ends, and by the walk for constants and tables.
 * Invariant: the relocations of an item are in ascending order, do not overlap and lie within it. */
#include "ir/module/module_state.h"

#include "base/arena.h"

#include <string.h>

/* No linker takes an object with more data than this. */
#define MAX_DATA_BYTES (UINT64_C(1) << 46)

/* Checks the relocations of an item; NULL if they are right. */
static const char *check_relocs(const kiln_module *m, const kiln_data_desc *d, uint32_t owner) {
  uint64_t end = 0;
  if (d->relocs == NULL && d->n_relocs != 0) return "relocations are missing (NULL)";
  for (size_t i = 0; i < d->n_relocs; i++) {
    const kiln_reloc *r = d->relocs + i;
    if (!KN_UNRESERVED(r)) return "the field 'reserved' of a relocation must be 0";
    if (r->size_bytes != 8 && r->size_bytes != 4 && (r->size_bytes != 2 || r->kind == 0))
      return "relocation of a size that is not 4 or 8";
    if (r->kind != 0 && (r->kind < KILN_RELOC_FORMAT || r->kind - KILN_RELOC_FORMAT > UINT16_MAX))
      return "relocation of a kind that is not a number of the object's format";
    if (r->kind != 0 && r->relative_to.id != 0) return "relocation of a kind relative to a symbol";
    if (r->offset_bytes < end) return "relocations overlap or are not in order";
    if (r->offset_bytes > d->size_bytes || d->size_bytes - r->offset_bytes < r->size_bytes)
      return "relocation out of range";
    if (!kn_symbol_valid(m, r->symbol.id)) return "relocation against no symbol";
    if (r->relative_to.id != 0 && !kn_symbol_valid(m, r->relative_to.id))
      return "relocation relative to no symbol";
    if (kn_symbol_is_foreign(kn_symbol(m, r->symbol.id), owner) ||
        kn_symbol_is_foreign(kn_symbol(m, r->relative_to.id), owner))
      return "relocation against private data of another function";
    end = r->offset_bytes + r->size_bytes;
  }
  return NULL;
}

static bool all_zero(const uint8_t *p, uint64_t size) {
  return size == 0 || (p[0] == 0 && memcmp(p, p + 1, (size_t)size - 1) == 0);
}

static const char *check(const kiln_module *m, const struct kn_symbol *s, const kiln_data_desc *d,
                         uint32_t owner) {
  if (d->align_log2 > 16) return "alignment above 2^16";
  if (d->flags > KILN_DATA_IF_REACHABLE + KILN_DATA_ABSOLUTE + KILN_DATA_USED +
                   KILN_DATA_MERGE_STRINGS + KILN_DATA_READ_ONLY)
    return "unknown flag";
  if (d->flags & KILN_DATA_ABSOLUTE) {
    bool plain = d->flags == KILN_DATA_ABSOLUTE && d->bytes == NULL && d->n_relocs == 0 &&
                 d->align_log2 == 0 && d->label.id == 0 && d->with.id == 0;
    bool number = s->tls == KILN_TLS_NONE && s->section == NULL && s->comdat == 0 &&
                  s->linkage != KILN_LINKAGE_COMMON && s->linkage != KILN_LINKAGE_PRIVATE;
    return !plain ? "a number has content" : number ? NULL : "a number in a section";
  }
  if (d->label.id != 0 &&
      (!kn_symbol_valid(m, d->label.id) || !kn_symbol_is_label(kn_symbol(m, d->label.id))))
    return "data at a label that is not one";
  if (d->with.id != 0 && !kn_symbol_valid(m, d->with.id)) return "data that goes with no symbol";
  if (s->linkage == KILN_LINKAGE_COMMON &&
      (d->n_relocs > 0 || (d->bytes != NULL && !all_zero(d->bytes, d->size_bytes))))
    return "common data must be zero";
  return check_relocs(m, d, owner);
}

/* Is the memory of an item its own, and not the arena's? A function in memory does not need its private data for as
 * long as the module lives. */
static bool has_memory(const kiln_module *m, const struct kn_data *d) {
  return d->owner != 0 && m->options.jit;
}

/* Copies bytes and relocations; false without memory. */
static bool copy_content(kiln_module *m, struct kn_data *to, const kiln_data_desc *desc) {
  const size_t relocs = desc->n_relocs * sizeof *desc->relocs, bytes = (size_t)desc->size_bytes;
  if (desc->bytes == NULL && relocs == 0) return true;
  uint8_t *at = has_memory(m, to) ? kn_realloc(m, NULL, relocs + bytes + 1)
                : relocs != 0     ? kn_arena_alloc(m->arena, relocs + bytes, _Alignof(kiln_reloc))
                                  : kn_arena_alloc(m->arena, bytes, 1);
  if (at == NULL) return false;
  if (relocs != 0) to->relocs = memcpy(at, desc->relocs, relocs);
  to->n_relocs = desc->n_relocs;
  if (desc->bytes != NULL && bytes != 0) memcpy(at + relocs, desc->bytes, bytes);
  else memset(at + relocs, 0, bytes);
  to->bytes = at + relocs;
  return true;
}

static void free_content(const kiln_module *m, struct kn_data *d) {
  const void *at = d->relocs != NULL ? (const void *)d->relocs : d->bytes;
  if (at != NULL && has_memory(m, d)) kn_realloc(m, (void *)(uintptr_t)at, 0);
  d->relocs = NULL;
  d->bytes = NULL;
  d->n_relocs = 0;
}

void kn_data_free(kiln_module *m) {
  for (uint32_t i = 0; m->options.jit && i < m->data.n; i++)
    if (kn_data_owned(m->data.at + i)) free_content(m, m->data.at + i);
}

/* Copies a definition; the module is locked. */
static kiln_status define(kiln_module *m, uint32_t symbol, const kiln_data_desc *desc,
                          uint32_t owner, uint32_t ordinal) {
  struct kn_symbol *s = kn_symbol(m, symbol);
  if (!KN_UNRESERVED(desc))
    return kn_module_fail(m, KILN_ERR_ARGUMENT, "the field 'reserved' of the data must be 0");
  const bool absolute = (desc->flags & KILN_DATA_ABSOLUTE) != 0;
  if (!absolute && desc->size_bytes > MAX_DATA_BYTES)
    return kn_module_fail(m, KILN_ERR_LIMIT, "symbol '%.100s': data too large", s->name);
  const char *wrong = check(m, s, desc, owner);
  if (wrong != NULL)
    return kn_module_fail(m, KILN_ERR_ARGUMENT, "symbol '%.100s': %s", s->name, wrong);
  if (m->data.n > UINT32_MAX / 4) return kn_module_fail(m, KILN_ERR_LIMIT, "too many data items");
  if (!KN_ROOM(m, m->data, 1)) return KILN_ERR_MEMORY;

  /* other items stay in order: kiln_jit_stream */
  const bool again = owner != 0 && m->free_data != 0;
  const uint32_t index = again ? m->free_data - 1 : m->data.n;
  struct kn_data *item = m->data.at + index;
  if (again) m->free_data = item->next;
  else m->data.n++;
  *item = (struct kn_data){.symbol = symbol,
                           .flags = desc->flags,
                           .align_log2 = desc->align_log2,
                           .size_bytes = desc->size_bytes,
                           .owner = owner,
                           .ordinal = ordinal,
                           .label = desc->label.id,
                           .with = desc->with.id};
  if (!copy_content(m, item, desc)) return kn_module_fail(m, KILN_ERR_MEMORY, "out of memory");
  if (owner != 0) {
    item->next = kn_symbol(m, owner)->data;
    kn_symbol(m, owner)->data = index + 1;
  }
  s->data = index + 1;
  s->defined = 1;
  if (absolute) s->indirect = 1; /* it is far from all code */
  kn_symbol_classify(m, s);
  if (!absolute) m->data_bytes += desc->size_bytes;
  return KILN_OK;
}

kiln_status kiln_data_define(kiln_module *m, kiln_symbol symbol, const kiln_data_desc *desc) {
  if (kn_module_failed(m)) return kiln_module_status(m);
  if (m->frozen) return kn_module_fail(m, KILN_ERR_STRUCTURE, "data: the module is frozen");
  if (!kn_symbol_valid(m, symbol.id) || desc == NULL)
    return kn_module_fail(m, KILN_ERR_ARGUMENT,
                          desc == NULL ? "the data has no description (NULL)"
                                       : "the data has no symbol");
  const struct kn_symbol *s = kn_symbol(m, symbol.id);
  if (s->kind != KILN_SYMBOL_DATA || s->defined)
    return kn_module_fail(m, KILN_ERR_SYMBOL, "symbol '%.100s' %s", s->name,
                          s->defined ? "is defined already" : "is not data");
  return define(m, symbol.id, desc, 0, 0);
}

kiln_symbol kiln_data_define_string(kiln_module *m, const char *text, size_t text_length) {
  kiln_symbol none = {0};
  if (kn_module_failed(m)) return none;
  if (m->frozen || (text == NULL && text_length != 0) || text_length >= MAX_DATA_BYTES)
    return KN_MODULE_FAIL(none, m, m->frozen ? KILN_ERR_STRUCTURE : KILN_ERR_ARGUMENT,
                          m->frozen ? "data: the module is frozen"
                                    : "a string that is missing or too long");
  char *bytes = kn_realloc(m, NULL, text_length + 1);
  if (bytes == NULL) return KN_MODULE_FAIL(none, m, KILN_ERR_MEMORY, "out of memory");
  if (text_length != 0) memcpy(bytes, text, text_length);
  bytes[text_length] = 0;
  kiln_data_desc desc = {.bytes = bytes,
                         .size_bytes = text_length + 1,
                         .flags = KILN_DATA_READ_ONLY | KILN_DATA_MERGE_STRINGS};
  uint32_t id = kn_symbol_private_data(m);
  if (id != 0 && define(m, id, &desc, 0, 0) != KILN_OK) id = 0;
  kn_realloc(m, bytes, 0);
  return (kiln_symbol){id};
}

uint32_t kn_data_of_func(kiln_module *m, uint32_t owner, uint32_t ordinal,
                         const kiln_data_desc *desc) {
  kn_module_lock(m);
  uint32_t id = kn_symbol_private_data(m);
  if (id != 0 && define(m, id, desc, owner, ordinal) != KILN_OK) id = 0;
  if (id != 0) kn_symbol(m, id)->target = owner;
  kn_module_unlock(m);
  return id;
}

bool kn_data_define_for(kiln_module *m, uint32_t owner, uint32_t ordinal, uint32_t symbol,
                        const kiln_data_desc *desc) {
  kn_module_lock(m);
  bool ok = define(m, symbol, desc, owner, ordinal) == KILN_OK;
  kn_module_unlock(m);
  return ok;
}

void kn_data_drop(kiln_module *m, uint32_t owner) {
  kn_module_lock(m);
  for (uint32_t next = kn_symbol(m, owner)->data; next != 0;) {
    const uint32_t i = next - 1;
    struct kn_data *d = m->data.at + i;
    struct kn_symbol *s = kn_symbol(m, d->symbol);
    next = d->next;
    if (m->options.jit) free_content(m, d);
    d->owner = KN_DATA_DROPPED;
    const bool own = s->target == owner;
    if (own) s->target = KN_DATA_DROPPED;
    if (!m->options.jit) continue;
    d->next = m->free_data;
    m->free_data = i + 1;
    s->data = 0;
    if (own) kn_symbol_reuse(m, d->symbol);
  }
  kn_symbol(m, owner)->data = 0;
  kn_module_unlock(m);
}

bool kiln_data_find(const kiln_module *m, kiln_symbol symbol, kiln_data_desc *out) {
  if (m == NULL || out == NULL || !kn_symbol_valid(m, symbol.id) ||
      kn_symbol(m, symbol.id)->kind != KILN_SYMBOL_DATA || kn_symbol(m, symbol.id)->data == 0)
    return false;
  kiln_module *locked = (kiln_module *)(uintptr_t)m; /* for the lock alone */
  kn_module_lock(locked);
  const struct kn_data *d = m->data.at + kn_symbol(m, symbol.id)->data - 1;
  *out = (kiln_data_desc){.bytes = d->bytes,
                          .size_bytes = d->size_bytes,
                          .align_log2 = d->align_log2,
                          .flags = d->flags,
                          .relocs = d->relocs,
                          .n_relocs = (uint32_t)d->n_relocs,
                          .label = {d->label}};
  kn_module_unlock(locked);
  return true;
}

/* ---- constructors ---- */

kiln_status kiln_ctor_add(kiln_module *m, const kiln_ctor_desc *desc) {
  if (kn_module_failed(m)) return kiln_module_status(m);
  if (m->frozen) return kn_module_fail(m, KILN_ERR_STRUCTURE, "constructor: the module is frozen");
  const char *wrong =
    desc == NULL           ? "the description is missing (NULL)"
    : !KN_UNRESERVED(desc) ? "the field 'reserved' is not 0"
    : !kn_symbol_valid(m, desc->func.id) || kn_symbol(m, desc->func.id)->kind == KILN_SYMBOL_DATA
      ? "the symbol is not a function"
    : desc->priority > (desc->has_priority ? KN_NO_PRIORITY : 0)
      ? "the priority is above 65535, or there is none"
    : desc->with.id != 0 && !kn_symbol_valid(m, desc->with.id)
      ? "the symbol in 'with' does not exist"
      : NULL;
  if (wrong != NULL) return kn_module_fail(m, KILN_ERR_ARGUMENT, "constructor: %s", wrong);
  if (!KN_ROOM(m, m->ctors, 1)) return KILN_ERR_MEMORY;
  m->ctors.at[m->ctors.n++] =
    (struct kn_ctor){desc->func.id, desc->has_priority ? desc->priority : KN_NO_PRIORITY,
                     desc->with.id, desc->at_exit};
  return KILN_OK;
}

uint32_t kiln_ctor_count(const kiln_module *m) { return m != NULL ? m->ctors.n : 0; }

kiln_ctor_desc kiln_ctor_get(const kiln_module *m, uint32_t i) {
  if (m == NULL || i >= m->ctors.n) return (kiln_ctor_desc){0};
  const struct kn_ctor *c = &m->ctors.at[i];
  return (kiln_ctor_desc){.func = {c->func},
                          .priority = c->priority % KN_NO_PRIORITY,
                          .has_priority = c->priority != KN_NO_PRIORITY,
                          .at_exit = c->at_exit,
                          .with = {c->with}};
}

bool kn_data_is_zero(const struct kn_data *d) {
  return d->bytes == NULL || (d->n_relocs == 0 && all_zero(d->bytes, d->size_bytes));
}
