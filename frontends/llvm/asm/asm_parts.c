/* What the text of an inline assembly has besides its code: content of other sections, and
 * names. Each time that the text becomes code, these become data of the function and names of
 * its places. Called by asm.c and asm_cache.c. Invariant: what is kept of a text does not refer
 * to the assembler's memory. */
#include "asm/asm.h"

/* ---- keeping ---- */

/* A copy until the reader is closed, with a zero after it; NULL (reported) without memory. */
static void *keep(struct kn_bc *r, const void *from, size_t size) {
  void *p = kn_bc_keep(r, size + 1);
  if (p && size) memcpy(p, from, size);
  return p;
}

static const char *keep_string(struct kn_bc *r, const char *s) { return keep(r, s, strlen(s)); }

static bool keep_section(struct kn_bc *r, kiln_assembled_section *s) {
  kiln_assembled_reloc *relocs = keep(r, s->relocs, s->n_relocs * sizeof *relocs);
  if (!relocs || !(s->name = keep_string(r, s->name))) return false;
  if (s->bytes && !(s->bytes = keep(r, s->bytes, s->size_bytes))) return false;
  if (s->group && !(s->group = keep_string(r, s->group))) return false;
  for (uint32_t i = 0; i < s->n_relocs; i++)
    if (relocs[i].symbol && !(relocs[i].symbol = keep_string(r, relocs[i].symbol))) return false;
  s->relocs = relocs;
  return true;
}

bool kn_asm_keep_parts(struct kn_bc *r, struct kn_asm_text *t, const kiln_assembly *a) {
  kiln_assembled_section *sections = keep(r, a->sections, a->n_sections * sizeof *sections);
  kiln_assembled_symbol *symbols = keep(r, a->symbols, a->n_symbols * sizeof *symbols);
  if (!sections || !symbols) return false;
  for (uint32_t i = 0; i < a->n_sections; i++)
    if (!keep_section(r, &sections[i])) return false;
  for (uint32_t i = 0; i < a->n_symbols; i++)
    if (!(symbols[i].name = keep_string(r, symbols[i].name))) return false;
  t->sections = sections;
  t->n_sections = a->n_sections;
  t->symbols = symbols;
  t->n_symbols = a->n_symbols;
  return true;
}

/* ---- content ---- */

bool kn_asm_is_coff(const struct kn_bc *r) {
  return kiln_module_get_target(r->module).format == KILN_FORMAT_COFF;
}

/* How a relocation in data can be said otherwise: its size, and whether it is a distance from its own place. */
static bool plain_reloc(kiln_reloc_kind kind, uint8_t *size, bool *distance) {
  static const kiln_reloc_kind plain[] = {KILN_RELOC_ABS64, KILN_RELOC_ABS32, KILN_RELOC_REL64,
                                          KILN_RELOC_REL32, KILN_RELOC_X64_CALL};
  for (unsigned k = 0; k < sizeof plain / sizeof *plain; k++) {
    if (plain[k] != kind) continue;
    *size = kind == KILN_RELOC_ABS64 || kind == KILN_RELOC_REL64 ? 8 : 4;
    *distance = k >= 2;
    return true;
  }
  return false;
}

/* The size of a relocation that only COFF has; false: it is none. */
static bool coff_reloc(const struct kn_bc *r, kiln_reloc_kind kind, uint8_t *size) {
  const kiln_reloc_kind section = (kiln_reloc_kind)(KILN_RELOC_FORMAT + 10); /* ..._SECTION */
  *size = kind == section ? 2 : 4;
  return kind >= KILN_RELOC_FORMAT && kn_asm_is_coff(r);
}

kiln_symbol kn_asm_referred(struct kn_bc *r, const kiln_assembled_reloc *from,
                            const kiln_symbol *items, kiln_symbol code) {
  if (from->symbol) return kn_asm_symbol_of(r, from->symbol);
  return from->section == KILN_ASSEMBLED_CODE ? code : items[from->section];
}

bool kn_asm_data(struct kn_bc *r, const kiln_assembled_section *s, kiln_symbol self,
                 const kiln_symbol *items, kiln_symbol code, kiln_data_desc *desc) {
  kiln_reloc *relocs = kn_bc_resize(r, NULL, (s->n_relocs + (size_t)1) * sizeof *relocs);
  bool ok = relocs != NULL;
  if (!ok) kn_bc_fail(r, KILN_ERR_MEMORY, "out of memory");
  for (uint32_t i = 0; i < s->n_relocs && ok; i++) {
    const kiln_assembled_reloc *from = &s->relocs[i];
    uint8_t size;
    bool distance = false, numbered = coff_reloc(r, from->kind, &size);
    if (!numbered && !plain_reloc(from->kind, &size, &distance)) {
      kn_bc_fail(r, KILN_ERR_UNSUPPORTED,
                 "not implemented: assembly with relocation number %u in section %.60s",
                 kiln_elf_reloc_number(r->target, from->kind), s->name);
      ok = false;
      break;
    }
    relocs[i] = (kiln_reloc){.offset_bytes = from->offset_bytes,
                             .symbol = kn_asm_referred(r, from, items, code),
                             .addend = from->addend,
                             .size_bytes = size,
                             .kind = numbered ? (uint32_t)from->kind : 0};
    if (distance) {
      relocs[i].relative_to = self;
      relocs[i].addend -= from->offset_bytes;
    }
    ok = relocs[i].symbol.id != 0;
  }
  *desc = (kiln_data_desc){.bytes = s->bytes,
                           .size_bytes = s->size_bytes,
                           .align_log2 = s->align_log2,
                           .flags = s->flags & KILN_SECTION_WRITE ? 0 : KILN_DATA_READ_ONLY,
                           .relocs = relocs,
                           .n_relocs = s->n_relocs};
  if (!ok && relocs) kn_bc_resize(r, relocs, 0);
  return ok;
}

void kn_asm_data_free(struct kn_bc *r, const kiln_data_desc *desc) {
  if (desc->relocs) kn_bc_resize(r, (void *)(uintptr_t)desc->relocs, 0);
}

/* Is it a section that Kiln's own content goes to? COFF has the first three of these. */
static bool is_usual(const struct kn_bc *r, const char *section) {
  static const char *const usual[] = {".text", ".data", ".bss", ".rodata", ".tdata", ".tbss"};
  for (size_t i = 0; i < (kn_asm_is_coff(r) ? 3 : sizeof usual / sizeof *usual); i++)
    if (strcmp(section, usual[i]) == 0) return true;
  return false;
}

void kn_asm_where(const struct kn_bc *r, const kiln_assembled_section *s, kiln_symbol_desc *where,
                  kiln_section_desc *said) {
  const unsigned merged = KILN_SECTION_MERGE | KILN_SECTION_STRINGS;
  bool apart = (~s->flags & (KILN_SECTION_MERGE | KILN_SECTION_ALLOC)) == 0;
  bool constants = apart && strncmp(s->name, ".rodata.", 8) == 0 &&
                   (s->flags & (KILN_SECTION_WRITE | KILN_SECTION_EXEC)) == 0;
  where->section = constants || is_usual(r, s->name) ? NULL : s->name;
  *said = (kiln_section_desc){.flags = apart ? s->flags & ~merged : s->flags,
                              .kind = s->kind,
                              .format_type = s->format_type,
                              .entry_bytes = apart ? 0 : s->entry_bytes};
}

/* ---- building ---- */

/* The symbol of a section's content. */
static kiln_symbol declare(struct kn_bc *r, const kiln_assembled_section *s) {
  kiln_symbol_info func = kiln_symbol_get(r->module, kiln_func_symbol(r->f));
  kiln_symbol_desc where = {.comdat = s->group};
  kiln_section_desc said;
  kn_asm_where(r, s, &where, &said);
  if (s->group && !s->group[0]) {
    bool own = func.desc.linkage == KILN_LINKAGE_LINKONCE && !func.desc.comdat;
    where.comdat = own ? func.desc.name : func.desc.comdat;
    where.comdat_length = own ? func.desc.name_length : func.desc.comdat_length;
  }
  return kiln_func_declare_data(r->f, &where, &said);
}

void kn_asm_name(struct kn_bc *r, const kiln_assembled_symbol *s, kiln_symbol_desc *desc) {
  kiln_symbol_info was = kiln_symbol_get(r->module, kiln_symbol_lookup(r->module, s->name));
  bool keeps = s->global && s->visibility == KILN_VISIBILITY_DEFAULT;
  *desc = (kiln_symbol_desc){.name = s->name,
                             .linkage = s->weak     ? KILN_LINKAGE_WEAK
                                        : s->global ? KILN_LINKAGE_EXTERNAL
                                                    : KILN_LINKAGE_INTERNAL,
                             .visibility = keeps ? was.desc.visibility : s->visibility,
                             .tls = was.desc.tls};
}

bool kn_asm_add_parts(struct kn_bc *r, const struct kn_asm_text *t, kiln_asm *code) {
  code->label = kiln_asm_label(r->f, r->fn.asm_count);
  kiln_symbol *items = kn_bc_resize(r, NULL, (t->n_sections + (size_t)1) * sizeof *items);
  kiln_asm_reloc *relocs = kn_bc_resize(r, NULL, (t->n_relocs + (size_t)1) * sizeof *relocs);
  bool ok = items != NULL && relocs != NULL;
  if (!ok) kn_bc_fail(r, KILN_ERR_MEMORY, "out of memory");
  for (uint32_t i = 0; i < t->n_sections && ok; i++) items[i] = declare(r, &t->sections[i]);
  for (uint32_t i = 0; i < t->n_sections && ok; i++) {
    kiln_data_desc desc;
    if (!(ok = kn_asm_data(r, &t->sections[i], items[i], items, code->label, &desc))) break;
    desc.label = code->label;
    kiln_func_define_data(r->f, items[i], &desc);
    kn_asm_data_free(r, &desc);
  }
  for (uint32_t i = 0; i < t->n_symbols && ok; i++) {
    const kiln_assembled_symbol *s = &t->symbols[i];
    if (!s->global && !kiln_symbol_lookup(r->module, s->name).id) continue; /* nobody asks for it */
    kiln_symbol_desc desc;
    kn_asm_name(r, s, &desc);
    desc.tls = KILN_TLS_NONE; /* a function's assembly defines none of these */
    kiln_func_define_alias(r->f, &desc,
                           s->section == KILN_ASSEMBLED_CODE ? code->label : items[s->section],
                           (int64_t)s->offset_bytes);
  }
  for (uint32_t i = 0; i < t->n_relocs && ok; i++) {
    relocs[i] = code->relocs[i];
    uint32_t part = relocs[i].symbol.id - KN_ASM_PART;
    if (relocs[i].symbol.id < KN_ASM_PART) continue;
    relocs[i].symbol = part == KN_ASM_PART_CODE ? code->label : items[part];
  }
  if (ok) code->relocs = relocs;
  else if (relocs) kn_bc_resize(r, relocs, 0);
  if (items) kn_bc_resize(r, items, 0);
  return ok;
}
