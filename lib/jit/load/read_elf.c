/* Reads relocatable ELF objects: read.h. First the headers of sections, then the symbols, then the relocations.
 * Invariant: nothing is read before it was checked to be in the object. */
#include "lib/jit/load/read.h"

#include "ir/reloc_kinds.h"
#include "lib/object/elf.h"

#include <kiln/emit.h>

/* ---- the file's header ---- */

static bool read_head(struct kn_read_object *o, Elf64_Ehdr *head) {
  if (o->size < sizeof *head || memcmp(o->bytes, ELFMAG, SELFMAG) != 0)
    return kn_read_refuse(o, "it is no ELF file");
  memcpy(head, o->bytes, sizeof *head);
  const uint8_t *e = head->e_ident;
  if (e[EI_CLASS] != ELFCLASS64 || e[EI_DATA] != ELFDATA2LSB || e[EI_VERSION] != EV_CURRENT)
    return kn_read_refuse(o, "it is no little-endian ELF file of 64 bits");
  if (e[EI_OSABI] != ELFOSABI_NONE && e[EI_OSABI] != ELFOSABI_GNU)
    return kn_read_refuse(o, "it is for another system (e_ident[EI_OSABI] is %u)", e[EI_OSABI]);
  if (head->e_type != ET_REL)
    return kn_read_refuse(o, "it is no relocatable object (e_type is %u)", head->e_type);
  if (head->e_machine != kn_elf_machine(o->processor)->number)
    return kn_read_refuse(o, "it is for another processor (e_machine is %u)", head->e_machine);
  if (head->e_shentsize != sizeof(Elf64_Shdr) || head->e_shoff == 0 ||
      !kn_read_has(o, head->e_shoff, sizeof(Elf64_Shdr)))
    return kn_read_refuse(o, "its section headers are damaged");
  return true;
}

/* ---- sections ---- */

static Elf64_Shdr header_at(const struct kn_read_object *o, uint64_t table, uint64_t i) {
  Elf64_Shdr s;
  memcpy(&s, o->bytes + table + i * sizeof s, sizeof s);
  return s;
}

/* The string at an offset of a section of strings; NULL: it does not end there. */
static const char *string_at(const struct kn_read_section *strings, uint64_t offset) {
  if (strings->type != SHT_STRTAB || offset >= strings->size) return NULL;
  const void *at = strings->bytes + offset;
  return memchr(at, 0, strings->size - offset) != NULL ? at : NULL;
}

static bool read_section(struct kn_read_object *o, uint32_t i, const Elf64_Shdr *h) {
  struct kn_read_section *s = o->sections + i;
  const uint64_t align = h->sh_addralign != 0 ? h->sh_addralign : 1;
  const bool empty = h->sh_type == SHT_NOBITS || h->sh_type == SHT_NULL;
  if (!empty && !kn_read_has(o, h->sh_offset, h->sh_size))
    return kn_read_refuse(o, "section %u is not in the file", i);
  if ((align & (align - 1)) != 0 || align > 65536)
    return kn_read_refuse(o, "section %u has an alignment of %llu", i, (unsigned long long)align);
  if (h->sh_size > UINT32_MAX / 2) return kn_read_refuse(o, "section %u is too large", i);
  *s = (struct kn_read_section){.bytes = empty ? NULL : o->bytes + h->sh_offset,
                                .size = h->sh_type == SHT_NULL ? 0 : h->sh_size,
                                .flags = h->sh_flags,
                                .type = h->sh_type,
                                .link = h->sh_link,
                                .info = h->sh_info,
                                .align_log2 = (uint8_t)__builtin_ctzll(align)};
  if (s->link >= o->n_sections)
    return kn_read_refuse(o, "section %u refers to section %u, which does not exist", i, s->link);
  return true;
}

static bool read_sections(struct kn_read_object *o, const Elf64_Ehdr *head) {
  const Elf64_Shdr first = header_at(o, head->e_shoff, 0);
  const uint64_t n = head->e_shnum != 0 ? head->e_shnum : first.sh_size;
  const uint64_t names = head->e_shstrndx != SHN_XINDEX ? head->e_shstrndx : first.sh_link;
  if (n == 0 || n > o->size / sizeof(Elf64_Shdr) ||
      !kn_read_has(o, head->e_shoff, n * sizeof(Elf64_Shdr)) || names >= n)
    return kn_read_refuse(o, "its section headers are damaged");
  if (!kn_read_room(o, (uint32_t)n, 0)) return false;
  for (uint32_t i = 1; i < n; i++) {
    const Elf64_Shdr h = header_at(o, head->e_shoff, i);
    if (!read_section(o, i, &h)) return false;
  }
  for (uint32_t i = 1; i < n; i++) {
    o->sections[i].name = string_at(o->sections + names, header_at(o, head->e_shoff, i).sh_name);
    if (o->sections[i].name == NULL) return kn_read_refuse(o, "section %u has no name", i);
  }
  return true;
}

/* ---- symbols ---- */

static bool read_symbol(struct kn_read_object *o, const struct kn_read_section *table, uint32_t i,
                        const struct kn_read_section *extended) {
  struct kn_read_symbol *to = o->symbols + i;
  Elf64_Sym s;
  memcpy(&s, table->bytes + (uint64_t)i * sizeof s, sizeof s);
  uint32_t section = s.st_shndx;
  if (section == SHN_XINDEX && extended != NULL) section = kn_get32(extended->bytes + 4ull * i);
  else if (section == SHN_ABS) section = KN_READ_ABSOLUTE;
  else if (section == SHN_COMMON) section = KN_READ_COMMON;
  else if (section >= SHN_LORESERVE)
    return kn_read_refuse(o, "symbol %u is in section 0x%x, whose meaning is not known", i,
                          section);
  *to = (struct kn_read_symbol){.name = string_at(o->sections + table->link, s.st_name),
                                .value = s.st_value,
                                .size = s.st_size,
                                .section = section,
                                .bind = s.st_info >> 4,
                                .type = s.st_info & 15,
                                .visibility = s.st_other & 3};
  if (to->name == NULL) return kn_read_refuse(o, "symbol %u has no name", i);
  if (to->bind == STB_GNU_UNIQUE) to->bind = section != 0 ? STB_WEAK : STB_GLOBAL;
  if (to->bind > STB_WEAK)
    return kn_read_refuse(o, "symbol '%.100s' has the binding %u", to->name, to->bind);
  if (!kn_read_is_placed(to)) return true;
  if (section >= o->n_sections)
    return kn_read_refuse(o, "symbol '%.100s' is in a section that does not exist", to->name);
  const uint64_t size = o->sections[section].size;
  if (to->value > size || to->size > size - to->value)
    return kn_read_refuse(o, "symbol '%.100s' is not in its section", to->name);
  return true;
}

static bool read_symbols(struct kn_read_object *o) {
  const struct kn_read_section *table = NULL, *extended = NULL;
  for (uint32_t i = 1; i < o->n_sections; i++) {
    const struct kn_read_section *s = o->sections + i;
    if (s->type == SHT_SYMTAB && table != NULL)
      return kn_read_refuse(o, "it has several symbol tables");
    if (s->type == SHT_SYMTAB) table = s;
    if (s->type == SHT_SYMTAB_SHNDX) extended = s;
  }
  if (table == NULL || table->size % sizeof(Elf64_Sym) != 0 || table->size == 0)
    return kn_read_refuse(o, "it has no symbol table");
  if (!kn_read_room(o, 0, (uint32_t)(table->size / sizeof(Elf64_Sym)))) return false;
  if (extended != NULL && extended->size / 4 < o->n_symbols)
    return kn_read_refuse(o, "its symbol table is damaged");
  for (uint32_t i = 1; i < o->n_symbols; i++)
    if (!read_symbol(o, table, i, extended)) return false;
  return true;
}

/* ---- section groups ---- */

/* A group's name is that of a symbol, or of a section. */
static bool read_group(struct kn_read_object *o, uint32_t group) {
  const struct kn_read_section *g = o->sections + group;
  if (g->size < 4 || g->size % 4 != 0)
    return kn_read_refuse(o, "section group %u is damaged", group);
  const bool one = (kn_get32(g->bytes) & GRP_COMDAT) != 0;
  if (one && (g->info == 0 || g->info >= o->n_symbols))
    return kn_read_refuse(o, "section group %u is damaged", group);
  const struct kn_read_symbol *s = o->symbols + g->info;
  const bool section = one && s->type == STT_SECTION && kn_read_is_placed(s);
  for (uint64_t at = 4; at < g->size; at += 4) {
    const uint32_t member = kn_get32(g->bytes + at);
    if (member == 0 || member >= o->n_sections || o->sections[member].group != NULL)
      return kn_read_refuse(o, "section group %u has section %u, which cannot be in it", group,
                            member);
    o->sections[member].group = !one ? "" : section ? o->sections[s->section].name : s->name;
    o->sections[member].group_symbol = one ? g->info : 0;
  }
  return true;
}

/* ---- relocations ---- */

static bool read_relocs(struct kn_read_object *o, uint32_t index) {
  const struct kn_read_section *from = o->sections + index;
  struct kn_read_section *of = from->info < o->n_sections ? o->sections + from->info : NULL;
  const uint64_t n = from->size / sizeof(Elf64_Rela);
  if (of == NULL || from->info == 0 || of->relocs != NULL || from->size % sizeof(Elf64_Rela) != 0)
    return kn_read_refuse(o, "section %u has no relocations of one section", index);
  struct kn_read_reloc *to = kn_arena_alloc(o->arena, n * sizeof *to + 1, 8);
  if (to == NULL) return false;
  for (uint64_t i = 0; i < n; i++) {
    Elf64_Rela r;
    memcpy(&r, from->bytes + i * sizeof r, sizeof r);
    to[i] = (struct kn_read_reloc){r.r_offset,
                                   (uint32_t)kiln_elf_reloc_kind(o->processor, (uint32_t)r.r_info),
                                   (uint32_t)(r.r_info >> 32), r.r_addend};
    if (!kn_read_check(o, of, to + i)) return false;
  }
  kn_read_set_relocs(of, to, (uint32_t)n);
  return true;
}

bool kn_read_elf(struct kn_read_object *o) {
  Elf64_Ehdr head;
  if (!read_head(o, &head) || !read_sections(o, &head) || !read_symbols(o)) return false;
  for (uint32_t i = 1; i < o->n_sections; i++) {
    const uint32_t type = o->sections[i].type;
    if (type == SHT_GROUP && !read_group(o, i)) return false;
    if (type == SHT_RELA && !read_relocs(o, i)) return false;
    if (type == 9) return kn_read_refuse(o, "it has relocations without addends"); /* SHT_REL */
  }
  return true;
}
