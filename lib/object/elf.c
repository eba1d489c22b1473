/* The ELF writer: see elf.h. Makes an ELF64 relocatable object of an image by calling the other files in order; group
 * sections and the headers. Called by formats.c. */
#include "lib/object/elf.h"

#include <kiln/emit.h>

/* ---- section numbers and groups ---- */

/* Numbers the section headers. Groups come first: a group must precede its members. Returns the number
 * of the first header after the sections' own. */
static uint32_t number_sections(struct kn_elf *e) {
  uint32_t n = 1;
  for (uint32_t i = 0; i < e->groups.n; i++) e->groups.at[i].number = n++;
  for (uint32_t i = 0; i < e->sections.n; i++) {
    e->sections.at[i].number = n++;
    n += e->sections.at[i].n_relas > 0; /* its relocation section is the next one */
  }
  return n;
}

static void write_groups(struct kn_elf *e) {
  for (uint32_t i = 0; i < e->groups.n; i++) {
    struct kn_elf_group *g = e->groups.at + i;
    kn_elf_pad(e, 4);
    g->offset = e->at;
    uint8_t *p = e->base + e->at;
    kn_put32(p, g->comdat != 0 && kn_comdat(e->m, g->comdat)->stays ? 0 : GRP_COMDAT);
    p += 4;
    for (uint32_t k = g->first; k != 0; k = e->sections.at[k - 1].group_next) {
      const struct kn_elf_section *s = e->sections.at + k - 1;
      kn_put32(p, s->number);
      p += 4;
      if (s->n_relas == 0) continue;
      kn_put32(p, s->number + 1);
      p += 4;
    }
    e->at = (uint64_t)(p - e->base);
    g->size = e->at - g->offset;
  }
}

/* ---- headers ---- */

/* Appends a name to the string table, which is the last part of the object so far. */
static uint32_t add_name(struct kn_elf *e, const char *name) {
  uint32_t offset = (uint32_t)(e->at - e->strtab);
  size_t size = strlen(name) + 1;
  memcpy(e->base + e->at, name, size);
  e->at += size;
  return offset;
}

static void write_headers(struct kn_elf *e, uint32_t n, bool extended) {
  uint32_t symtab = n, strtab = symtab + 1 + extended;
  uint32_t total = strtab + 1;
  uint32_t group_name = e->groups.n > 0 ? add_name(e, ".group") : 0;
  uint32_t symtab_name = add_name(e, ".symtab");
  uint32_t shndx_name = extended ? add_name(e, ".symtab_shndx") : 0;
  uint32_t strtab_name = add_name(e, ".strtab");
  uint64_t strtab_size = e->at - e->strtab;
  uint64_t n_symbols = e->first_global + e->n_globals;
  kn_elf_pad(e, 8);
  uint64_t headers = e->at;

  uint8_t *p = e->base + headers;
  p = kn_elf_put_section(p, (Elf64_Shdr){.sh_size = total >= SHN_LORESERVE ? total : 0,
                                         .sh_link = strtab >= SHN_LORESERVE ? strtab : 0});
  for (uint32_t i = 0; i < e->groups.n; i++) {
    const struct kn_elf_group *g = e->groups.at + i;
    p = kn_elf_put_section(
      p, (Elf64_Shdr){group_name, SHT_GROUP, 0, 0, g->offset, g->size, symtab, g->signature, 4, 4});
  }
  for (uint32_t i = 0; i < e->sections.n; i++) {
    const struct kn_elf_section *s = e->sections.at + i;
    uint32_t with = s->with != 0 ? e->sections.at[e->image->places[s->with].section - 1].number : 0;
    p = kn_elf_put_section(p, (Elf64_Shdr){s->name_offset, s->type, s->flags, 0, s->offset, s->size,
                                           with, 0, s->align, s->entsize});
    if (s->n_relas > 0)
      p = kn_elf_put_section(p, (Elf64_Shdr){s->name_offset - 5, SHT_RELA,
                                             SHF_INFO_LINK | (s->flags & SHF_GROUP), 0,
                                             s->rela_offset, s->n_relas * sizeof(Elf64_Rela),
                                             symtab, s->number, 8, sizeof(Elf64_Rela)});
  }
  const Elf64_Shdr tables[] = {
    {symtab_name, SHT_SYMTAB, 0, 0, e->symtab, n_symbols * sizeof(Elf64_Sym), strtab, e->first_ref,
     8, sizeof(Elf64_Sym)},
    {shndx_name, SHT_SYMTAB_SHNDX, 0, 0, e->shndx, n_symbols * 4, symtab, 0, 4, 4},
    {strtab_name, SHT_STRTAB, 0, 0, e->strtab, strtab_size, 0, 0, 1, 0}};
  for (unsigned k = 0; k < sizeof tables / sizeof *tables; k++)
    if (k != 1 || extended) p = kn_elf_put_section(p, tables[k]);
  e->at = (uint64_t)(p - e->base);
  kn_elf_put_head(e->base, ET_REL, e->machine, headers, total, strtab);
  if (e->gnu) e->base[EI_OSABI] = ELFOSABI_GNU;
}

/* ---- .note.gnu.property ---- */

enum { PROPERTY_BYTES = 32, PROPERTY_TYPE = 5 }; /* NT_GNU_PROPERTY_TYPE_0 */

/* The property that says how the object's code is protected: gABI's linux extensions, x86-64 psABI and AAELF64. */
static void write_property(struct kn_elf *e) {
  kn_elf_pad(e, 8);
  e->sections.at[e->property - 1].offset = e->at;
  uint8_t *p = e->base + e->at;
  uint32_t what = e->m->attrs.protection, value = 0;
  for (unsigned k = 0; k < KN_PROPERTY_BITS; k++)
    if (what & e->machine->property_what[k]) value |= 1u << k;
  const uint32_t words[PROPERTY_BYTES / 4] = {4, 16,   PROPERTY_TYPE, 0, e->machine->property,
                                              4, value};
  for (unsigned k = 0; k < PROPERTY_BYTES / 4; k++) kn_put32(p + 4 * k, words[k]);
  memcpy(p + 12, "GNU", 4);
  e->at += PROPERTY_BYTES;
}

/* ---- the whole ---- */

/* Upper bound of the object's size; 0 if it is larger than any object can be. */
static uint64_t size_bound(const struct kn_elf *e) {
  const uint64_t limit = UINT64_C(1) << 48;
  uint64_t size = sizeof(Elf64_Ehdr) + e->names_size + 256;
  for (uint32_t i = 0; i < e->sections.n; i++) {
    const struct kn_elf_section *s = e->sections.at + i;
    if (s->type != SHT_NOBITS) size += s->size + s->align;
    size += s->max_relas * sizeof(Elf64_Rela) + s->name_length + 6;
    size += kn_symbol(e->m, s->owner)->name_length;
    if (size > limit) return 0;
  }
  uint64_t n_symbols = (uint64_t)e->first_global + e->m->symbols.n;
  uint64_t n_headers = 8 + (uint64_t)e->groups.n + 2 * (uint64_t)e->sections.n;
  size += n_symbols * (sizeof(Elf64_Sym) + 4) + n_headers * (sizeof(Elf64_Shdr) + 8);
  return size + 8 * (uint64_t)e->groups.n;
}

static kiln_status write_object(struct kn_elf *e, kiln_buffer *out) {
  uint64_t bound = size_bound(e);
  uint8_t *base = bound != 0 && bound <= SIZE_MAX ? kiln_buffer_reserve(out, (size_t)bound) : NULL;
  if (base == NULL) return kn_module_fail(e->m, KILN_ERR_MEMORY, "out of memory for the object");
  e->base = base;
  e->at = sizeof(Elf64_Ehdr);
  kn_elf_write_content(e);
  kn_elf_frame_write(e);
  if (!kn_elf_write_relocs(e)) return e->m->diag.status;
  uint32_t n = number_sections(e);
  bool extended = n >= SHN_LORESERVE;
  if (KN_UNLIKELY(e->property != 0)) write_property(e);
  e->sections.at[e->note].offset = e->at;
  write_groups(e);
  kn_elf_write_symbols(e, extended);
  if (e->at - e->strtab > UINT32_MAX - 64)
    return kn_module_fail(e->m, KILN_ERR_LIMIT, "the symbol names are larger than 4 GiB");
  write_headers(e, n, extended);
  out->size += (size_t)e->at;
  return KILN_OK;
}

static bool prepare(struct kn_elf *e) {
  if (!kn_elf_add_image(e) || !kn_elf_number(e) || !kn_elf_frame_prepare(e)) return false;
  if (KN_UNLIKELY(e->m->attrs.protection != 0)) {
    uint32_t i = kn_elf_add_section(e, ".note.gnu.property", 18, SHT_NOTE, SHF_ALLOC, 8);
    if (i == UINT32_MAX) return false;
    e->sections.at[i].size = PROPERTY_BYTES;
    e->property = i + 1;
  }
  e->note = kn_elf_add_section(e, ".note.GNU-stack", 15, SHT_PROGBITS,
                               e->m->attrs.exec_stack ? SHF_EXECINSTR : 0, 1);
  return e->note != UINT32_MAX;
}

static bool protects(kiln_processor p) { return kn_elf_machine(p)->property != 0; }

static kiln_status write_elf(const struct kn_image *image, kiln_buffer *out) {
  kiln_module *m = image->m;
  struct kn_elf e = {
    .image = image, .m = m, .machine = kn_elf_machine(m->options.target.processor)};
  kn_arena_init(&e.arena, &m->options.allocator);
  kiln_status status = prepare(&e) ? write_object(&e, out) : m->diag.status;
  if (status == KILN_OK && image->split && image->dwo != NULL)
    status = kn_elf_split_write(&e, image->dwo);
  KN_FREE(&m->options.allocator, e.sections.at, e.groups.at);
  kn_arena_free(&e.arena);
  return status;
}

const struct kn_object_format kn_elf_format = {
  .format = KILN_FORMAT_ELF,
  .name = "ELF",
  .protects = protects,
  .reloc_number = kiln_elf_reloc_number,
  .ctors = {".init_array", ".fini_array"},
  .write = write_elf,
};
