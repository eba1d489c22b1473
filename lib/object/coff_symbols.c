/* Symbols of the COFF writer: see coff.h. Called by coff.c, and by relocations for what is not defined here.
 * Invariant: a comdat's section symbol comes before the symbol that names it, and that before all others of the
 * section. */
#include "lib/object/coff.h"

#include <stdio.h>

enum { FUNCTION = 0x20 };

const char *kn_coff_name(const struct kn_coff *c, uint32_t id) {
  if (c->image->places[id].section == 0)
    for (uint32_t i = 0; i < c->m->renames.n; i++)
      if (c->m->renames.at[i].symbol == id) return c->m->renames.at[i].name;
  return kn_symbol(c->m, id)->name;
}

/* Three strings as one, in the arena; NULL without memory. */
static const char *join(struct kn_coff *c, const char *a, const char *b, const char *d) {
  size_t n[3] = {strlen(a), strlen(b), strlen(d)};
  char *s = kn_arena_alloc(&c->arena, n[0] + n[1] + n[2] + 1, 1);
  if (s == NULL) return NULL;
  memcpy(s, a, n[0]);
  memcpy(s + n[0], b, n[1]);
  memcpy(s + n[0] + n[1], d, n[2] + 1);
  return s;
}

/* The number of a new symbol; UINT32_MAX without memory. */
static uint32_t add(struct kn_coff *c, struct kn_coff_symbol s) {
  if (s.name == NULL) return UINT32_MAX;
  uint32_t number = c->symbols.n, aux = s.aux;
  if (!KN_PUSH(c->m, c->symbols, s)) return UINT32_MAX;
  s.name = NULL;
  for (uint32_t k = 0; k < aux; k++) {
    if (!KN_PUSH(c->m, c->symbols, s)) return UINT32_MAX;
    s.file = s.file != NULL ? s.file + 18 : NULL;
  }
  return number;
}

/* A symbol that another one stands for where no object defines it otherwise. */
static uint32_t add_weak(struct kn_coff *c, const char *name, struct kn_coff_symbol fallback,
                         unsigned search) {
  const char *unique = search == KN_COFF_ALIAS ? c->unique : "";
  fallback.name = join(c, ".weak.", name, join(c, ".default", unique[0] ? "." : "", unique));
  uint32_t number = add(c, fallback);
  if (number == UINT32_MAX) return number;
  return add(c, (struct kn_coff_symbol){.name = name,
                                        .type = fallback.type,
                                        .class = KN_COFF_WEAK,
                                        .aux = 1,
                                        .fallback = number,
                                        .search = search});
}

uint32_t kn_coff_number(struct kn_coff *c, uint32_t id) {
  if (c->numbers[id] != 0) return c->numbers[id] - 1;
  const struct kn_symbol *s = kn_symbol(c->m, id);
  const char *name = kn_coff_name(c, id);
  struct kn_coff_symbol new = {
    .name = name, .type = s->kind == KILN_SYMBOL_FUNC ? FUNCTION : 0, .class = KN_COFF_EXTERNAL};
  uint32_t number;
  if (s->linkage == KILN_LINKAGE_WEAK) {
    new.section = -1;
    number = add_weak(c, name, new, KN_COFF_LIBRARY);
  } else {
    number = add(c, new);
  }
  c->numbers[id] = number + 1;
  return number;
}

uint32_t kn_coff_ref(struct kn_coff *c, uint32_t id) {
  if (c->refs[id] != 0) return c->refs[id] - 1;
  const char *of = kn_coff_name(c, id);
  struct kn_coff_symbol new = {.class = KN_COFF_EXTERNAL};
  if (kn_symbol(c->m, id)->no_plt && c->image->places[id].section == 0) {
    new.name = join(c, "__imp_", of, "");
  } else { /* all objects share it */
    new.name = join(c, ".refptr.", of, "");
    if (new.name == NULL) return UINT32_MAX;
    uint32_t i =
      kn_coff_add(c, ".rdata$", new.name, KN_COFF_DATA | KN_COFF_READ | KN_COFF_COMDAT, 8);
    if (i == UINT32_MAX || kn_coff_append(c, i, 8) == NULL) return UINT32_MAX;
    c->sections.at[i].select = KN_COFF_ANY;
    uint32_t number = add(c, (struct kn_coff_symbol){.name = c->sections.at[i].name,
                                                     .section = (int32_t)i + 1,
                                                     .class = KN_COFF_STATIC,
                                                     .aux = 1,
                                                     .of_section = i + 1});
    if (number == UINT32_MAX) return number;
    c->sections.at[i].symbol = number;
    new.section = (int32_t)i + 1;
    uint32_t to = kn_coff_number(c, id);
    if (to == UINT32_MAX || !kn_coff_put(c, i, 0, to, KN_COFF_ADDR64)) return UINT32_MAX;
  }
  uint32_t number = add(c, new);
  c->refs[id] = number + 1;
  return number;
}

/* A common symbol's alignment is said to the linker. */
static bool add_common(struct kn_coff *c, uint32_t id, const char *name) {
  const struct kn_place *p = c->image->places + id;
  char text[32];
  uint64_t align = p->value;
  if (align > 1) {
    int n = snprintf(text, sizeof text, "\",%u", (unsigned)__builtin_ctzll(align));
    const char *all = join(c, " -aligncomm:\"", name, text);
    (void)n;
    size_t length = all != NULL ? strlen(all) : 0;
    if (all == NULL || !KN_ROOM(c->m, c->directives, length)) return false;
    memcpy(c->directives.at + c->directives.n, all, length);
    c->directives.n += (uint32_t)length;
  }
  uint64_t size = p->size > align ? p->size : align;
  if (size > INT32_MAX)
    return KN_MODULE_FAIL(false, c->m, KILN_ERR_LIMIT, "'%.100s' is larger than 2 GiB", name);
  uint32_t number = add(
    c, (struct kn_coff_symbol){.name = name, .value = (uint32_t)size, .class = KN_COFF_EXTERNAL});
  c->numbers[id] = number + 1;
  return number != UINT32_MAX;
}

static bool define(struct kn_coff *c, uint32_t id) {
  const struct kn_symbol *s = kn_symbol(c->m, id);
  const struct kn_place *p = c->image->places + id;
  if (c->numbers[id] != 0 || p->section == 0 || s->name_length == 0 ||
      s->linkage == KILN_LINKAGE_PRIVATE)
    return true;
  const char *name = kn_coff_name(c, id);
  if (p->section == KN_IN_COMMON) return add_common(c, id, name);
  if (p->what == KN_IS_RESOLVER)
    return KN_MODULE_FAIL(false, c->m, KILN_ERR_UNSUPPORTED,
                          "'%.100s': COFF has no function that is called for an address", name);
  struct kn_coff_symbol new = {.name = name,
                               .value = (uint32_t)p->value,
                               .section = -1,
                               .type = p->what == KN_IS_FUNC ? FUNCTION : 0,
                               .class = kn_is_local(s) ? KN_COFF_STATIC : KN_COFF_EXTERNAL};
  bool comdat = false;
  if (kn_place_is_in_section(p)) {
    uint32_t i = c->section_of[p->section - 1];
    if (i == 0) return true;
    new.section = (int32_t)i;
    comdat = (c->sections.at[i - 1].flags & KN_COFF_COMDAT) != 0;
  }
  bool weak = s->linkage == KILN_LINKAGE_WEAK || s->linkage == KILN_LINKAGE_LINKONCE;
  uint32_t number = weak && !comdat ? add_weak(c, name, new, KN_COFF_ALIAS) : add(c, new);
  c->numbers[id] = number + 1;
  return number != UINT32_MAX;
}

/* The first external name that is defined here and in no other object; else the file's. */
static const char *unique_name(const struct kn_coff *c) {
  for (uint32_t id = 1; id < c->m->symbols.n; id++) {
    const struct kn_symbol *s = kn_symbol(c->m, id);
    if (s->linkage == KILN_LINKAGE_EXTERNAL && s->name_length != 0 &&
        kn_place_is_in_section(c->image->places + id))
      return s->name;
  }
  return c->m->source_file != NULL ? c->m->source_file : "";
}

bool kn_coff_add_symbols(struct kn_coff *c) {
  const kiln_module *m = c->m;
  c->unique = unique_name(c);
  if (m->source_file != NULL && m->source_file[0] != 0) {
    size_t records = (strlen(m->source_file) + 17) / 18;
    if (records > 14) records = 14;
    if (add(c, (struct kn_coff_symbol){.name = ".file",
                                       .section = -2,
                                       .class = KN_COFF_FILE,
                                       .aux = (uint8_t)records,
                                       .file = m->source_file}) == UINT32_MAX)
      return false;
  }
  for (uint32_t i = 0; i < c->sections.n; i++) {
    uint32_t number = add(c, (struct kn_coff_symbol){.name = c->sections.at[i].name,
                                                     .section = (int32_t)i + 1,
                                                     .class = KN_COFF_STATIC,
                                                     .aux = 1,
                                                     .of_section = i + 1});
    if (number == UINT32_MAX) return false;
    c->sections.at[i].symbol = number;
    uint32_t leader = c->sections.at[i].leader;
    if (leader != 0 && !define(c, leader)) return false;
  }
  for (uint32_t id = 1; id < m->symbols.n; id++)
    if (!define(c, id)) return false;
  return true;
}
