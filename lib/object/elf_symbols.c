/* Second and fifth step of the object writer: numbers the symbols (local ones first, as ELF wants) and writes the
 * symbol table with its strings. Called by lib/object/elf.c. Invariant: numbers of defined symbols are fixed before the
 * first relocation is written; undefined ones follow in order of reference. */
#include "lib/object/elf.h"

/* Room of the names that symbols get here, with a NUL at the end. */
enum { LOCAL_NAME_BYTES = 12 };

/* True if relocations must name the local symbol itself, not its section: the linker takes merged
 * sections apart, of which code refers to those in memory, finds thread-local variables by symbol,
 * and calls the resolver of an ifunc. */
static bool needs_symbol(const struct kn_elf *e, const struct kn_symbol *s,
                         const struct kn_place *p) {
  if ((s->linkage == KILN_LINKAGE_INTERNAL && s->name_length > 0) || s->indirect) return true;
  uint64_t flags = e->sections.at[p->section - 1].flags;
  return (flags & SHF_TLS) != 0 || (~flags & (SHF_MERGE | SHF_ALLOC)) == 0;
}

/* Signature symbols of groups: the symbol of that name where it gets a number of its own. */
static void find_signatures(struct kn_elf *e) {
  for (uint32_t i = 0; i < e->groups.n; i++) {
    struct kn_elf_group *g = e->groups.at + i;
    if (g->comdat == 0) continue;
    const struct kn_comdat *c = kn_comdat(e->m, g->comdat);
    uint32_t id = c->symbol;
    if (id == 0) id = kn_symbol_lookup(e->m, c->name, c->length, c->hash);
    if (id == 0 || e->image->places[id].section == 0) continue;
    const struct kn_symbol *s = kn_symbol(e->m, id);
    if (!kn_is_local(s) || needs_symbol(e, s, e->image->places + id)) g->symbol = id;
  }
}

/* Gives a defined symbol its number or its section's; a local one gets a number only if `in_order`.
 * Returns the next number. */
KN_INLINE uint64_t number_defined(struct kn_elf *e, const struct kn_symbol *s, uint32_t id,
                                  bool in_order, uint64_t number) {
  const struct kn_place *p = e->image->places + id;
  if (!kn_is_local(s)) {
    e->globals[e->n_globals++] = id;
  } else if (!needs_symbol(e, s, p)) {
    e->numbers[id] = KN_VIA_SECTION | (e->section_symbols + p->section - 1);
  } else if (in_order) {
    e->locals[e->n_locals++] = id;
    e->names_size += LOCAL_NAME_BYTES;
    e->numbers[id] = (uint32_t)number++;
  }
  return number;
}

/* By symbol: late names that are there, which follow in the order of their functions, too; NULL without memory. */
static bool *find_late_names(struct kn_elf *e) {
  const kiln_module *m = e->m;
  bool *late = kn_arena_zero(&e->arena, m->symbols.n * sizeof *late, sizeof *late);
  for (uint32_t i = 0; i < m->late_names.n && late != NULL; i++) {
    uint32_t id = m->late_names.at[i].symbol;
    late[id] |= m->late_names.at[i].done && e->image->places[id].section != 0;
  }
  if (late == NULL) kn_image_no_memory(e->image);
  return late;
}

/* The data in the code of function i, in the session's code; *n: how many. */
static const struct kn_code_data *data_of(const struct kn_elf *e, uint32_t i, uint32_t *n) {
  const struct kn_output *o = kn_image_output(e->image, e->image->funcs[i].session);
  const struct kn_code_func *f = kn_image_func(e->image, i);
  const struct kn_code_data *at = o->data.at;
  const uint32_t first = KN_COUNT_BEFORE(k, o->data.n, at[k].at < f->start);
  *n = KN_COUNT_BEFORE(k, o->data.n - first, at[first + k].at < f->start + f->size);
  return at + first;
}

/* Counts the mapping symbols: where code begins, and where data in code begins and ends. */
static void count_marks(struct kn_elf *e) {
  if (!e->machine->mapping_symbols) return;
  for (uint32_t i = 0; i < e->n_content; i++) e->n_code_marks += e->image->sections.at[i].code;
  for (uint32_t i = 0; i < e->image->n_funcs; i++) {
    uint32_t n = 0;
    if (kn_image_output(e->image, e->image->funcs[i].session)->data.n != 0) data_of(e, i, &n);
    e->n_code_marks += 2 * n;
  }
}

/* Numbers what is defined: by id, but what was added after the freeze, whose ids depend on which thread came first. Of
 * that late names and private data get a number, and follow in the order of their functions. Returns the next number, 0
 * without memory. */
static uint64_t number_all(struct kn_elf *e, uint64_t number) {
  const kiln_module *m = e->m;
  const struct kn_place *places = e->image->places;
  bool *late = m->late_names.n != 0 ? find_late_names(e) : NULL;
  if (m->late_names.n != 0 && late == NULL) return 0;
  uint32_t flat = m->frozen ? m->flat_symbols : m->symbols.n;
  for (uint32_t id = 1, end = m->symbols.n; id < end; id++) {
    const struct kn_symbol *s = kn_symbol(m, id);
    e->names_size += s->name_length + 1;
    if (places[id].section != 0 && (late == NULL || !late[id]))
      number = number_defined(e, s, id, id < flat, number);
  }
  for (uint32_t i = 0; i < m->late_names.n; i++) {
    uint32_t id = m->late_names.at[i].symbol;
    if (!late[id]) continue;
    late[id] = false;
    number = number_defined(e, kn_symbol(m, id), id, true, number);
  }
  for (uint32_t i = 0; i < e->image->n_func_data; i++) {
    uint32_t id = m->data.at[e->image->func_data[i]].symbol;
    if (id >= flat && KN_LIKELY(places[id].section != 0))
      number = number_defined(e, kn_symbol(m, id), id, true, number);
  }
  return number;
}

bool kn_elf_number(struct kn_elf *e) {
  kiln_module *m = e->m;
  const struct kn_image_eh *eh = &e->image->eh;
  e->locals = kn_arena_alloc(&e->arena, m->symbols.n * sizeof *e->locals, 4);
  e->globals = kn_arena_alloc(&e->arena, m->symbols.n * sizeof *e->globals, 4);
  e->numbers = kn_arena_zero(&e->arena, m->symbols.n * sizeof *e->numbers, 4);
  e->refs = kn_arena_zero(&e->arena, eh->n_personalities * sizeof *e->refs, 4);
  if (e->locals == NULL || e->globals == NULL || e->numbers == NULL || e->refs == NULL)
    return kn_image_no_memory(e->image);
  if (!kn_library_check(m)) return false;
  find_signatures(e);

  uint64_t number = 1 + (m->source_file != NULL);
  e->section_symbols = (uint32_t)number;
  number += e->n_content;
  count_marks(e);
  number += e->n_code_marks;
  e->names_size = 64 + (m->source_file != NULL ? strlen(m->source_file) + 1 : 0);
  for (uint32_t i = 0; i < e->groups.n; i++) {
    struct kn_elf_group *g = e->groups.at + i;
    if (g->symbol != 0 || g->comdat == 0) continue;
    g->signature = (uint32_t)number++;
    e->names_size += kn_comdat(m, g->comdat)->length + 1;
  }
  for (uint32_t i = 0; i < m->renames.n; i++) e->names_size += strlen(m->renames.at[i].name) + 1;
  if ((number = number_all(e, number)) == 0) return false;
  e->first_ref = (uint32_t)number;
  for (uint32_t i = 0; i < eh->n_personalities; i++) {
    uint32_t section = eh->personalities[i].section;
    if (section == 0) continue;
    e->refs[i] = (uint32_t)number++;
    e->groups.at[e->sections.at[section - 1].group - 1].signature = e->refs[i];
  }
  e->first_global = (uint32_t)number;
  if (number + m->symbols.n >= KN_VIA_SECTION)
    return KN_MODULE_FAIL(false, m, KILN_ERR_LIMIT, "too many symbols");
  for (uint32_t i = 0; i < e->n_globals; i++) e->numbers[e->globals[i]] = e->first_global + i;
  for (uint32_t i = 0; i < e->groups.n; i++)
    if (e->groups.at[i].symbol != 0) e->groups.at[i].signature = e->numbers[e->groups.at[i].symbol];
  return true;
}

uint32_t kn_elf_undefined(struct kn_elf *e, uint32_t id) {
  uint32_t supplier = kn_symbol(e->m, id)->library ? kn_library_supplier(e->m, id) : 0;
  if (supplier != 0) {
    uint32_t number = e->numbers[supplier];
    return e->numbers[id] = number != 0 ? number : kn_elf_undefined(e, supplier);
  }
  e->globals[e->n_globals] = id;
  return e->numbers[id] = e->first_global + e->n_globals++;
}

/* ---- writing ---- */

struct writer {
  struct kn_elf *e;
  uint8_t *symbol;  /* next entry */
  uint8_t *shndx;   /* next entry of the extended section numbers, or NULL */
  uint8_t *strings; /* end of the string table */
};

static uint32_t put_name(struct writer *w, const char *name, size_t length) {
  uint32_t offset = (uint32_t)(w->strings - (w->e->base + w->e->strtab));
  kn_copy(w->strings, name, length);
  w->strings[length] = 0;
  w->strings += length + 1;
  return offset;
}

/* `number`: of the section, or a reserved one if `reserved`. */
static void put_symbol(struct writer *w, uint32_t name, unsigned bind, unsigned type,
                       unsigned other, uint32_t number, bool reserved, uint64_t value,
                       uint64_t size) {
  bool wide = !reserved && number >= SHN_LORESERVE;
  uint8_t *p = w->symbol;
  kn_put32(p, name);
  p[4] = (uint8_t)(bind << 4 | type);
  p[5] = (uint8_t)other;
  kn_put16(p + 6, wide ? SHN_XINDEX : (uint16_t)number);
  kn_put64(p + 8, value);
  kn_put64(p + 16, size);
  w->symbol += sizeof(Elf64_Sym);
  if (w->shndx != NULL) {
    kn_put32(w->shndx, wide ? number : 0);
    w->shndx += 4;
  }
}

/* Names of sections: ".rela.text.f" serves as ".text.f" and as "f" as well. */
static void put_section_names(struct writer *w) {
  struct kn_elf *e = w->e;
  for (uint32_t i = 0; i < e->sections.n; i++) {
    struct kn_elf_section *s = e->sections.at + i;
    if (s->n_relas > 0) {
      memcpy(w->strings, ".rela", 5);
      w->strings += 5;
    }
    const struct kn_symbol *owner = kn_symbol(e->m, s->owner);
    s->name_offset = (uint32_t)(w->strings - (e->base + e->strtab));
    kn_copy(w->strings, s->name, s->name_length);
    w->strings += s->name_length;
    kn_copy(w->strings, owner->name, owner->name_length);
    w->strings += owner->name_length;
    *w->strings++ = 0;
  }
}

/* A name for local symbol `number` that has none or is private. Linkers leave out names like this. Each symbol has its
 * own: LLVM's RuntimeDyld finds the symbols of relocations by name, local ones too. */
static uint32_t put_local_name(struct writer *w, uint32_t number) {
  char name[LOCAL_NAME_BYTES] = ".L.";
  size_t length = 3;
  do name[length++] = "0123456789abcdef"[number & 15];
  while ((number >>= 4) != 0);
  return put_name(w, name, length);
}

KN_INLINE uint32_t name_of(struct writer *w, const struct kn_symbol *s, uint32_t id) {
  const struct kn_elf *e = w->e;
  const struct kn_place *p = e->image->places + id;
  uint32_t section = p->section;
  if (kn_place_is_in_section(p) && e->sections.at[section - 1].owner == id)
    return e->sections.at[section - 1].name_offset + e->sections.at[section - 1].name_length;
  if (KN_UNLIKELY(s->renamed) && section == 0) {
    const char *name = kn_image_name(e->image, id);
    return put_name(w, name, strlen(name));
  }
  return put_name(w, s->name, s->name_length);
}

/* The number of a defined symbol's section; *reserved: it stands for none. */
static uint32_t number_of(const struct kn_elf *e, const struct kn_place *p, bool *reserved) {
  *reserved = !kn_place_is_in_section(p);
  if (*reserved) return p->section == KN_IN_COMMON ? SHN_COMMON : SHN_ABS;
  return e->sections.at[p->section - 1].number;
}

static const uint8_t types[] = {
  [KN_IS_LABEL] = STT_NOTYPE, [KN_IS_FUNC] = STT_FUNC,          [KN_IS_DATA] = STT_OBJECT,
  [KN_IS_TLS] = STT_TLS,      [KN_IS_RESOLVER] = STT_GNU_IFUNC,
};
static const uint8_t visibilities[KILN_VISIBILITY_COUNT] = {
  [KILN_VISIBILITY_DEFAULT] = STV_DEFAULT,
  [KILN_VISIBILITY_HIDDEN] = STV_HIDDEN,
  [KILN_VISIBILITY_PROTECTED] = STV_PROTECTED,
};

static void put_global(struct writer *w, uint32_t id) {
  const struct kn_elf *e = w->e;
  const struct kn_symbol *s = kn_symbol(e->m, id);
  const struct kn_place *p = e->image->places + id;
  bool defined = p->section != 0;
  bool reserved = false;
  bool weak = s->linkage == KILN_LINKAGE_WEAK || (s->linkage == KILN_LINKAGE_LINKONCE && defined);
  uint32_t number = defined ? number_of(e, p, &reserved) : SHN_UNDEF;
  unsigned other = visibilities[s->visibility];
  if (s->kind == KILN_SYMBOL_FUNC && kn_sig(e->m, s->sig)->conv->bound_early)
    other |= e->machine->bound_early;
  unsigned type = defined ? types[p->what] : s->tls != KILN_TLS_NONE ? STT_TLS : STT_NOTYPE;
  put_symbol(w, name_of(w, s, id), weak ? STB_WEAK : STB_GLOBAL, type, other, number, reserved,
             p->value, defined ? p->size : 0);
}

/* Mapping symbols: ELF for the Arm 64-bit Architecture, "Mapping symbols". */
static void put_marks(struct writer *w) {
  const struct kn_elf *e = w->e;
  uint32_t code = put_name(w, "$x", 2), data = put_name(w, "$d", 2);
  for (uint32_t i = 0; i < e->n_content; i++)
    if (e->image->sections.at[i].code)
      put_symbol(w, code, STB_LOCAL, STT_NOTYPE, 0, e->sections.at[i].number, false, 0, 0);
  for (uint32_t i = 0; i < e->image->n_funcs; i++) {
    if (kn_image_output(e->image, e->image->funcs[i].session)->data.n == 0) continue;
    const struct kn_code_func *f = kn_image_func(e->image, i);
    const struct kn_place *p = e->image->places + f->symbol;
    uint32_t n, section = e->sections.at[p->section - 1].number;
    const struct kn_code_data *d = data_of(e, i, &n);
    for (uint32_t k = 0; k < n; k++) {
      put_symbol(w, data, STB_LOCAL, STT_NOTYPE, 0, section, false, p->value + d[k].at - f->start,
                 0);
      put_symbol(w, code, STB_LOCAL, STT_NOTYPE, 0, section, false, p->value + d[k].end - f->start,
                 0);
    }
  }
}

void kn_elf_write_symbols(struct kn_elf *e, bool extended) {
  uint32_t n = e->first_global + e->n_globals;
  kn_elf_pad(e, 8);
  e->symtab = e->at;
  e->shndx = e->symtab + (uint64_t)n * sizeof(Elf64_Sym);
  e->strtab = e->shndx + (extended ? (uint64_t)n * 4 : 0);
  struct writer w = {e, e->base + e->symtab, extended ? e->base + e->shndx : NULL,
                     e->base + e->strtab};
  *w.strings++ = 0;
  put_section_names(&w);

  put_symbol(&w, 0, STB_LOCAL, STT_NOTYPE, 0, SHN_UNDEF, true, 0, 0);
  if (e->m->source_file != NULL)
    put_symbol(&w, put_name(&w, e->m->source_file, strlen(e->m->source_file)), STB_LOCAL, STT_FILE,
               0, SHN_ABS, true, 0, 0);
  for (uint32_t i = 0; i < e->n_content; i++)
    put_symbol(&w, 0, STB_LOCAL, STT_SECTION, 0, e->sections.at[i].number, false, 0, 0);
  if (e->n_code_marks > 0) put_marks(&w);
  for (uint32_t i = 0; i < e->groups.n; i++) {
    const struct kn_elf_group *g = e->groups.at + i;
    if (g->symbol != 0 || g->comdat == 0) continue;
    const struct kn_comdat *c = kn_comdat(e->m, g->comdat);
    put_symbol(&w, put_name(&w, c->name, c->length), STB_LOCAL, STT_NOTYPE, 0, g->number, false, 0,
               0);
  }
  for (uint32_t i = 0; i < e->n_locals; i++) {
    const struct kn_place *p = e->image->places + e->locals[i];
    const struct kn_symbol *s = kn_symbol(e->m, e->locals[i]);
    bool reserved, named = s->linkage != KILN_LINKAGE_PRIVATE && s->name_length > 0;
    uint32_t number = number_of(e, p, &reserved);
    uint32_t name = named ? name_of(&w, s, e->locals[i]) : put_local_name(&w, i);
    put_symbol(&w, name, STB_LOCAL, types[p->what], 0, number, reserved, p->value, p->size);
  }
  for (uint32_t i = 0; i < e->image->eh.n_personalities; i++) {
    if (e->refs[i] == 0) continue;
    const struct kn_elf_section *s = e->sections.at + e->image->eh.personalities[i].section - 1;
    put_symbol(&w, s->name_offset + KN_EH_REF_NAME_AT, STB_WEAK, STT_OBJECT, STV_HIDDEN, s->number,
               false, 0, 8);
  }
  for (uint32_t i = 0; i < e->n_globals; i++) put_global(&w, e->globals[i]);
  e->at = (uint64_t)(w.strings - e->base);
}
