/* Symbols of the COFF writer: see coff.h. Called by coff.c, and by relocations for what is not defined here.
 * Invariant: a comdat's section symbol comes before the symbol that names it, and that before all others of the
 * section. */
#include "lib/object/coff.h"

#include <stdio.h>

enum { FUNCTION = 0x20 };

/* The number of a new symbol; UINT32_MAX without memory. */
static uint32_t add(struct kn_coff *c, struct kn_coff_symbol s) {
  if (s.name == NULL) return UINT32_MAX;
  uint32_t number = c->symbols.n, aux = s.aux;
  if (!KN_PUSH(c->m, c->symbols, s)) return UINT32_MAX;
  s.name = NULL;
  for (uint32_t k = 0; k < aux; k++) {
    if (!KN_PUSH(c->m, c->symbols, s)) return UINT32_MAX;
    s.file = NULL;
  }
  return number;
}

static bool add_section_symbol(struct kn_coff *c, uint32_t i) {
  uint32_t number = add(c, (struct kn_coff_symbol){.name = c->sections.at[i].name,
                                                   .section = (int32_t)i + 1,
                                                   .class = KN_COFF_STATIC,
                                                   .aux = 1,
                                                   .of_section = i + 1});
  c->sections.at[i].symbol = number;
  return number != UINT32_MAX;
}

/* A symbol for which the symbol of number `fallback` stands where no object defines it otherwise. */
static uint32_t add_weak_of(struct kn_coff *c, const char *name, uint16_t type, uint32_t fallback) {
  return add(c,
             (struct kn_coff_symbol){
               .name = name, .type = type, .class = KN_COFF_WEAK, .aux = 1, .fallback = fallback});
}

/* The same with a new symbol as `fallback`. */
static uint32_t add_weak(struct kn_coff *c, const char *name, struct kn_coff_symbol fallback) {
  fallback.name =
    kn_arena_print(&c->arena, ".weak.%s.default%s%s", name, c->unique[0] ? "." : "", c->unique);
  uint32_t number = add(c, fallback);
  return number == UINT32_MAX ? number : add_weak_of(c, name, fallback.type, number);
}

/* A weak name besides that of the comdat that it is in. Where the comdat's own symbol is, that is its fallback: of
 * equal comdats only one stays, and what refers to another's local symbol has none then. */
static uint32_t add_weak_alias(struct kn_coff *c, const char *name, struct kn_coff_symbol at) {
  const uint32_t leader = c->sections.at[at.section - 1].leader;
  const bool same =
    leader != 0 && c->numbers[leader] != 0 && c->image->places[leader].value == at.value;
  return same ? add_weak_of(c, name, at.type, c->numbers[leader] - 1) : add_weak(c, name, at);
}

uint32_t kn_coff_number(struct kn_coff *c, uint32_t id) {
  if (c->numbers[id] != 0) return c->numbers[id] - 1;
  const struct kn_symbol *s = kn_symbol(c->m, id);
  const char *name = kn_image_name(c->image, id);
  struct kn_coff_symbol new = {
    .name = name, .type = s->kind == KILN_SYMBOL_FUNC ? FUNCTION : 0, .class = KN_COFF_EXTERNAL};
  uint32_t number;
  if (s->linkage == KILN_LINKAGE_WEAK) {
    new.section = -1;
    number = add_weak(c, name, new);
  } else {
    number = add(c, new);
  }
  c->numbers[id] = number + 1;
  return number;
}

uint32_t kn_coff_ref(struct kn_coff *c, uint32_t id) {
  if (c->refs[id] != 0) return c->refs[id] - 1;
  const char *of = kn_image_name(c->image, id);
  struct kn_coff_symbol new = {.class = KN_COFF_EXTERNAL};
  if (kn_symbol(c->m, id)->dll == KILN_DLL_IMPORT && c->image->places[id].section == 0) {
    new.name = kn_arena_print(&c->arena, "__imp_%s", of);
  } else { /* all objects share it */
    new.name = kn_arena_print(&c->arena, ".refptr.%s", of);
    if (new.name == NULL) return UINT32_MAX;
    uint32_t i = kn_coff_add(c, kn_arena_print(&c->arena, ".rdata$%s", new.name),
                             KN_COFF_DATA | KN_COFF_READ | KN_COFF_COMDAT, 8);
    if (i == UINT32_MAX || kn_coff_append(c, i, 8) == NULL) return UINT32_MAX;
    c->sections.at[i].select = KN_COFF_ANY;
    if (!add_section_symbol(c, i)) return UINT32_MAX;
    new.section = (int32_t)i + 1;
    uint32_t to = kn_coff_number(c, id);
    if (to == UINT32_MAX || !kn_coff_put(c, i, 0, to, KN_COFF_ADDR64)) return UINT32_MAX;
  }
  uint32_t number = add(c, new);
  c->refs[id] = number + 1;
  return number;
}

/* A directive about a name, which is in quotes, so that GNU's linker reads neither a keyword (data, private) nor a
 * number or comment in it. GNU's linker or LLVM's ends a name at one of `ends` nevertheless. */
static bool direct(struct kn_coff *c, const char *what, const char *name, const char *ends,
                   const char *rest) {
  const char *at = strpbrk(name, ends);
  if (at != NULL)
    return KN_MODULE_FAIL(
      false, c->m, KILN_ERR_UNSUPPORTED,
      "'%.100s': COFF's directive '%s' cannot name what contains the byte 0x%02x", name, what,
      (unsigned char)*at);
  return kn_coff_direct(c, kn_arena_print(&c->arena, " %s:\"%s\"%s", what, name, rest));
}

/* Which symbols a DLL exports is said to the linker. GNU's exports all where nothing is said. */
static bool add_directive(struct kn_coff *c, const struct kn_symbol *s, bool is_func) {
  const bool hidden = s->visibility == KILN_VISIBILITY_HIDDEN;
  if (KN_LIKELY((s->dll != KILN_DLL_EXPORT && !hidden) || kn_is_local(s))) return true;
  return s->dll == KILN_DLL_EXPORT
           ? direct(c, "-export", s->name, "\"\n,\xff=", is_func ? "" : ",data")
           : direct(c, "-exclude-symbols", s->name, "\"\n,\xff:", "");
}

/* A common symbol's alignment is said to the linker. */
static bool add_common(struct kn_coff *c, uint32_t id, const char *name) {
  const struct kn_place *p = c->image->places + id;
  const uint64_t align = p->value, size = p->size > align ? p->size : align;
  char log2[16];
  snprintf(log2, sizeof log2, ",%u", (unsigned)__builtin_ctzll(align));
  if (size > INT32_MAX)
    return KN_MODULE_FAIL(false, c->m, KILN_ERR_LIMIT, "'%.100s' is larger than 2 GiB", name);
  if (align > KN_COFF_MOST_ALIGN)
    return KN_MODULE_FAIL(false, c->m, KILN_ERR_UNSUPPORTED,
                          "'%.100s' is aligned to %u bytes; COFF has at most %u", name,
                          (unsigned)align, (unsigned)KN_COFF_MOST_ALIGN);
  if (align > 1 && !direct(c, "-aligncomm", name, "\"\n,\xff", log2)) return false;
  uint32_t number = add(
    c, (struct kn_coff_symbol){.name = name, .value = (uint32_t)size, .class = KN_COFF_EXTERNAL});
  c->numbers[id] = number + 1;
  return number != UINT32_MAX && add_directive(c, kn_symbol(c->m, id), false);
}

static bool define(struct kn_coff *c, uint32_t id) {
  const struct kn_symbol *s = kn_symbol(c->m, id);
  const struct kn_place *p = c->image->places + id;
  if (c->numbers[id] != 0 || p->section == 0 || s->name_length == 0 ||
      s->linkage == KILN_LINKAGE_PRIVATE)
    return true;
  const char *name = kn_image_name(c->image, id);
  if (p->section == KN_IN_COMMON) return add_common(c, id, name);
  if (p->what == KN_IS_RESOLVER)
    return KN_MODULE_FAIL(false, c->m, KILN_ERR_UNSUPPORTED, "'%.100s': COFF has no ifuncs", name);
  if (p->value > UINT32_MAX)
    return KN_MODULE_FAIL(false, c->m, KILN_ERR_LIMIT,
                          "the address of '%.100s' does not fit in the 32 bits of COFF", name);
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
  const bool other_name =
    comdat && s->kind == KILN_SYMBOL_ALIAS && weak; /* LLVM: emitGlobalAlias */
  uint32_t number = other_name        ? add_weak_alias(c, name, new)
                    : weak && !comdat ? add_weak(c, name, new)
                                      : add(c, new);
  c->numbers[id] = number + 1;
  return number != UINT32_MAX && add_directive(c, s, p->what == KN_IS_FUNC);
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
    size_t records = (strlen(m->source_file) + KN_COFF_SYMBOL - 1) / KN_COFF_SYMBOL;
    if (records > UINT8_MAX) records = UINT8_MAX;
    if (add(c, (struct kn_coff_symbol){.name = ".file",
                                       .section = -2,
                                       .class = KN_COFF_FILE,
                                       .aux = (uint8_t)records,
                                       .file = m->source_file}) == UINT32_MAX)
      return false;
  }
  for (uint32_t i = 0; i < c->sections.n; i++) {
    if (!add_section_symbol(c, i)) return false;
    uint32_t leader = c->sections.at[i].leader;
    if (leader != 0 && !define(c, leader)) return false;
  }
  for (uint32_t id = 1; id < m->symbols.n; id++)
    if (!define(c, id)) return false;
  return true;
}
