/* What front ends say of sections by name: <kiln/module.h>, kiln_section_declare. Called by front ends, read
 * by the object writer and the JIT. Invariant: a name stands once in the table, and what it was declared as
 * stays. */
#include "ir/module/module_state.h"

#include "base/arena.h"

#include <string.h>

#define ALL_FLAGS                                                                                  \
  (KILN_SECTION_ALLOC | KILN_SECTION_WRITE | KILN_SECTION_EXEC | KILN_SECTION_MERGE |              \
   KILN_SECTION_STRINGS | KILN_SECTION_RETAIN | KILN_SECTION_EXCLUDE)

/* NULL, or what is wrong. */
static const char *check(const kiln_section_desc *d) {
  if ((d->flags & ~(unsigned)ALL_FLAGS) != 0) return "unknown flag";
  if ((unsigned)d->kind >= KILN_SECTION_KIND_COUNT) return "unknown kind";
  if ((d->kind == KILN_SECTION_OTHER) != (d->format_type != 0))
    return "a number of the format without the kind for it, or the other way round";
  if ((d->flags & KILN_SECTION_MERGE) && d->entry_bytes == 0)
    return "entries that the linker may merge need a size";
  return NULL;
}

/* The section that was declared by a name, or NULL: then *at is the name's position in the table. */
static struct kn_section *find(const kiln_module *m, const char *name, uint32_t hash,
                               uint32_t *at) {
  uint32_t i;
  KN_HASH_EACH(&m->section_hash, hash, *at, i, strcmp(name, m->sections.at[i - 1].name) > 0)
  if (strcmp(m->sections.at[i - 1].name, name) == 0) return m->sections.at + i - 1;
  return NULL;
}

const struct kn_section *kn_section_said(const kiln_module *m, const char *name) {
  if (m->sections.n == 0 || name == NULL) return NULL;
  uint32_t at;
  return find(m, name, kn_hash_bytes(name, strlen(name)), &at);
}

kiln_status kiln_section_declare(kiln_module *m, const char *name, const kiln_section_desc *desc) {
  if (kn_module_failed(m)) return kiln_module_status(m);
  if (m->frozen) return kn_module_fail(m, KILN_ERR_STRUCTURE, "section: the module is frozen");
  return kn_section_declare(m, name, desc);
}

kiln_status kn_section_declare(kiln_module *m, const char *name, const kiln_section_desc *desc) {
  if (name == NULL || name[0] == 0 || desc == NULL || !KN_UNRESERVED(desc))
    return kn_module_fail(
      m, KILN_ERR_ARGUMENT,
      "a section needs a name and a description (not NULL) whose field 'reserved' is 0");
  const char *wrong = check(desc);
  if (wrong != NULL)
    return kn_module_fail(m, KILN_ERR_ARGUMENT, "section '%.100s': %s", name, wrong);
  uint32_t hash = kn_hash_bytes(name, strlen(name)), at;
  const struct kn_section *known = find(m, name, hash, &at);
  if (known != NULL) {
    if (known->desc.flags == desc->flags && known->desc.kind == desc->kind &&
        known->desc.format_type == desc->format_type &&
        known->desc.entry_bytes == desc->entry_bytes)
      return KILN_OK;
    return kn_module_fail(m, KILN_ERR_SYMBOL,
                          "section '%.100s' is declared already, with other properties", name);
  }
  if (!KN_HASH_ROOM(m, &m->section_hash)) return kn_module_own(m);
  const char *copy = kn_arena_string(m->arena, name, strlen(name));
  if (copy == NULL) return kn_module_fail(m, KILN_ERR_MEMORY, "out of memory");
  if (!KN_PUSH(m, m->sections, (struct kn_section){copy, *desc})) return kn_module_own(m);
  kn_hash_put(&m->section_hash, at, hash, m->sections.n);
  return KILN_OK;
}

bool kiln_section_find(const kiln_module *m, const char *name, kiln_section_desc *out) {
  const struct kn_section *s = m != NULL ? kn_section_said(m, name) : NULL;
  if (s == NULL || out == NULL) return false;
  *out = s->desc;
  return true;
}
