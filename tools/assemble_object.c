/* Takes the object of an assembler apart: the code of texts, which are in sections of their own, or all of a whole text.
 * Called by assemble.c. Invariant: nothing is read beyond the object's bytes. */
#define _GNU_SOURCE /* memmem */
#include "assemble.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

const void *tool_object_content(const struct tool_object *o, const Elf64_Shdr *s) {
  if (s->sh_type == SHT_NOBITS || s->sh_offset > o->size || s->sh_size > o->size - s->sh_offset)
    return NULL;
  return o->at + s->sh_offset;
}

static bool open_object(struct tool_object *o) {
  o->head = (const void *)o->at;
  if (o->size < sizeof *o->head || memcmp(o->at, ELFMAG, SELFMAG) != 0) return false;
  if (o->head->e_shentsize != sizeof(Elf64_Shdr) || o->head->e_shoff > o->size ||
      o->head->e_shnum > (o->size - o->head->e_shoff) / sizeof(Elf64_Shdr))
    return false;
  o->sections = (const void *)(o->at + o->head->e_shoff);
  for (unsigned i = 0; i < o->head->e_shnum; i++) {
    const Elf64_Shdr *s = &o->sections[i];
    if (s->sh_type != SHT_SYMTAB || s->sh_link >= o->head->e_shnum) continue;
    o->symbols = tool_object_content(o, s);
    o->n_symbols = s->sh_size / sizeof(Elf64_Sym);
    o->strings = tool_object_content(o, &o->sections[s->sh_link]);
    o->strings_size = o->sections[s->sh_link].sh_size;
  }
  return o->symbols == NULL || (o->strings != NULL && o->strings_size > 0 &&
                                o->strings[o->strings_size - 1] == 0); /* it may have no symbols */
}

const char *tool_object_section(const struct tool_object *o, unsigned i) {
  if (o->head->e_shstrndx >= o->head->e_shnum) return "";
  const Elf64_Shdr *names = &o->sections[o->head->e_shstrndx];
  const char *at = tool_object_content(o, names);
  if (at == NULL || o->sections[i].sh_name >= names->sh_size || at[names->sh_size - 1] != 0)
    return "";
  return at + o->sections[i].sh_name;
}

/* Takes over the relocations `s`, of a section of its own (`own`), or of any section of a whole text, whose sections
 * have the numbers `numbers`. NULL, or what is wrong. */
static const char *relocations(struct tool_assembler *a, const struct tool_object *o,
                               const Elf64_Shdr *s, unsigned own, const uint32_t *numbers,
                               const kiln_assembled_reloc **out, uint32_t *n_out) {
  static const char unreadable[] = "the assembler's object cannot be read";
  const Elf64_Rela *from = tool_object_content(o, s);
  size_t n = s->sh_size / sizeof *from;
  if (from == NULL) return unreadable;
  kiln_assembled_reloc *to = tool_assembler_keep(a, n * sizeof *to);
  if (to == NULL) return "out of memory";
  for (size_t i = 0; i < n; i++) {
    size_t k = ELF64_R_SYM(from[i].r_info);
    if (k >= o->n_symbols || o->symbols[k].st_name >= o->strings_size) return unreadable;
    const Elf64_Sym *y = &o->symbols[k];
    bool inside = y->st_shndx != SHN_UNDEF;
    to[i] = (kiln_assembled_reloc){.offset_bytes = (uint32_t)from[i].r_offset,
                                   .type = (uint32_t)ELF64_R_TYPE(from[i].r_info),
                                   .addend = from[i].r_addend};
    if (inside && numbers == NULL)
      return y->st_shndx == own ? "not implemented: a reference to a place in the assembly itself"
                                : "not implemented: a reference to another section";
    if (inside && ELF64_ST_BIND(y->st_info) == STB_LOCAL) {
      if (y->st_shndx >= o->head->e_shnum || numbers[y->st_shndx] == UINT32_MAX)
        return "not implemented: a reference to a section of this kind";
      to[i].section = numbers[y->st_shndx];
      to[i].addend += (int64_t)y->st_value;
      continue;
    }
    const char *symbol = o->strings + y->st_name;
    char *copy = tool_assembler_keep(a, strlen(symbol));
    if (copy == NULL) return "out of memory";
    to[i].symbol = strcpy(copy, symbol);
  }
  *out = to;
  *n_out = (uint32_t)n;
  return NULL;
}

static const char *keep_string(struct tool_assembler *a, const char *s) {
  char *copy = tool_assembler_keep(a, strlen(s));
  return copy != NULL ? strcpy(copy, s) : NULL;
}

/* Takes over one section of a whole text. */
static const char *whole_section(struct tool_assembler *a, const struct tool_object *o, unsigned i,
                                 kiln_assembled_section *to) {
  const Elf64_Shdr *s = &o->sections[i];
  uint8_t *bytes = NULL;
  if (s->sh_type != SHT_NOBITS) {
    const void *from = tool_object_content(o, s);
    if (from == NULL || (bytes = tool_assembler_keep(a, s->sh_size)) == NULL)
      return "out of memory";
    memcpy(bytes, from, s->sh_size);
  }
  *to = (kiln_assembled_section){.name = keep_string(a, tool_object_section(o, i)),
                                 .type = s->sh_type,
                                 .entry_bytes = (uint32_t)s->sh_entsize,
                                 .bytes = bytes,
                                 .size_bytes = s->sh_size};
  if (s->sh_flags & (SHF_TLS | SHF_GROUP | SHF_LINK_ORDER | SHF_COMPRESSED))
    return "not implemented: sections of this kind in module-level assembly";
  to->flags = (s->sh_flags & SHF_ALLOC ? KILN_SECTION_ALLOC : 0u) |
              (s->sh_flags & SHF_WRITE ? KILN_SECTION_WRITE : 0u) |
              (s->sh_flags & SHF_EXECINSTR ? KILN_SECTION_EXEC : 0u) |
              (s->sh_flags & SHF_MERGE ? KILN_SECTION_MERGE : 0u) |
              (s->sh_flags & SHF_STRINGS ? KILN_SECTION_STRINGS : 0u) |
              (s->sh_flags & SHF_EXCLUDE ? KILN_SECTION_EXCLUDE : 0u);
  while (to->align_log2 < 16 && UINT64_C(1) << to->align_log2 < s->sh_addralign) to->align_log2++;
  return to->name != NULL ? NULL : "out of memory";
}

/* Takes over all of an object that was made of one text. NULL, or what is wrong. */
static const char *take_whole(struct tool_assembler *a, kiln_target target, struct tool_object *o,
                              kiln_assembly *t) {
  if (!open_object(o)) return "the assembler's object cannot be read";
  uint32_t *numbers = tool_assembler_keep(a, o->head->e_shnum * sizeof *numbers), n = 0,
           n_symbols = 0;
  kiln_assembled_section *sections = tool_assembler_keep(a, o->head->e_shnum * sizeof *sections);
  kiln_assembled_symbol *symbols = tool_assembler_keep(a, o->n_symbols * sizeof *symbols);
  const char *error = NULL;
  if (numbers == NULL || sections == NULL || symbols == NULL) return "out of memory";
  for (unsigned i = 0; i < o->head->e_shnum && error == NULL; i++) {
    const Elf64_Shdr *s = &o->sections[i];
    bool content = s->sh_size != 0 && s->sh_type != SHT_SYMTAB && s->sh_type != SHT_STRTAB &&
                   s->sh_type != SHT_RELA && s->sh_type != SHT_NULL && s->sh_type != SHT_GROUP &&
                   strcmp(tool_object_section(o, i), ".note.gnu.property") != 0 &&
                   strcmp(tool_object_section(o, i), TOOL_FRAMES) != 0;
    numbers[i] = content ? n : UINT32_MAX;
    if (!content) continue;
    kiln_assembled_section *to = &sections[n++];
    error = whole_section(a, o, i, to);
    if (error == NULL && s->sh_flags & SHF_EXECINSTR)
      error = tool_object_frame(a, target, o, i, &to->frame, &to->frame_bytes);
  }
  for (unsigned i = 0; i < o->head->e_shnum && error == NULL; i++) {
    const Elf64_Shdr *s = &o->sections[i];
    if (s->sh_type != SHT_RELA || s->sh_info >= o->head->e_shnum ||
        numbers[s->sh_info] == UINT32_MAX)
      continue;
    kiln_assembled_section *to = &sections[numbers[s->sh_info]];
    error = relocations(a, o, s, s->sh_info, numbers, &to->relocs, &to->n_relocs);
  }
  for (size_t i = 1; i < o->n_symbols && error == NULL; i++) {
    const Elf64_Sym *y = &o->symbols[i];
    unsigned type = ELF64_ST_TYPE(y->st_info), bind = ELF64_ST_BIND(y->st_info);
    if (type == STT_SECTION || type == STT_FILE || y->st_shndx == SHN_UNDEF ||
        y->st_name >= o->strings_size || o->strings[y->st_name] == 0)
      continue;
    const char *name = o->strings + y->st_name;
    if (bind == STB_LOCAL && (name[0] == '$' || strncmp(name, ".L", 2) == 0)) continue;
    if (y->st_shndx >= o->head->e_shnum || type == STT_TLS || type == STT_GNU_IFUNC)
      return "not implemented: a symbol of this kind in module-level assembly";
    if (numbers[y->st_shndx] == UINT32_MAX)
      return "not implemented: a symbol in a section without content";
    symbols[n_symbols++] = (kiln_assembled_symbol){.name = keep_string(a, name),
                                                   .section = numbers[y->st_shndx],
                                                   .offset_bytes = y->st_value,
                                                   .global = bind != STB_LOCAL,
                                                   .weak = bind == STB_WEAK,
                                                   .visibility = ELF64_ST_VISIBILITY(y->st_other)};
    if (symbols[n_symbols - 1].name == NULL) return "out of memory";
  }
  t->sections = sections;
  t->n_sections = n;
  t->symbols = symbols;
  t->n_symbols = n_symbols;
  return error;
}

bool tool_assembly_has(const kiln_assembly *t, const char *word) {
  return memmem(t->text, t->text_bytes, word, strlen(word)) != NULL;
}

/* True if `text` may put something elsewhere than into its own section. */
static bool leaves_section(const kiln_assembly *t) {
  static const char *const words[] = {".section", ".pushsection", ".data",      ".bss",
                                      ".text",    ".previous",    ".subsection"};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (tool_assembly_has(t, words[i])) return true;
  return false;
}

/* What a text says about symbols beyond its own code has no effect, so it is refused: directives, which need not leave a
 * trace in the object, and definitions. */
static void refuse_symbols(const struct tool_object *o, kiln_assembly *texts, uint32_t n) {
  static const char *const words[] = {".symver", ".weak", ".hidden", ".protected", ".internal"};
  for (uint32_t k = 0; k < n; k++)
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
      if (tool_assembly_has(&texts[k], words[i]))
        texts[k].error = "not implemented: a symbol's version, binding or visibility";
  for (size_t i = 1; i < o->n_symbols; i++) {
    const Elf64_Sym *y = &o->symbols[i];
    if (ELF64_ST_BIND(y->st_info) == STB_LOCAL || y->st_shndx == SHN_UNDEF ||
        y->st_name >= o->strings_size)
      continue;
    const char *name = o->strings + y->st_name;
    const char *in = y->st_shndx < o->head->e_shnum ? tool_object_section(o, y->st_shndx) : "";
    bool own = strncmp(in, TOOL_ASM_SECTION, strlen(TOOL_ASM_SECTION)) == 0;
    unsigned long number = own ? strtoul(in + strlen(TOOL_ASM_SECTION), NULL, 10) : n;
    for (uint32_t k = 0; k < n; k++)
      if (k == number || tool_assembly_has(&texts[k], name))
        texts[k].error = "not implemented: a definition of a global symbol";
  }
}

/* Takes the object apart. */
static bool take(struct tool_assembler *a, kiln_target target, struct tool_object *o,
                 kiln_assembly *texts, uint32_t n) {
  if (!open_object(o)) return false;
  for (unsigned i = 1; i < o->head->e_shnum; i++) {
    const char *name = tool_object_section(o, i);
    const Elf64_Shdr *s = &o->sections[i];
    if (strncmp(name, TOOL_ASM_SECTION, strlen(TOOL_ASM_SECTION)) != 0) {
      bool elsewhere = s->sh_size != 0 && s->sh_type != SHT_NULL && s->sh_type != SHT_SYMTAB &&
                       s->sh_type != SHT_STRTAB && s->sh_type != SHT_RELA &&
                       s->sh_type != SHT_GROUP && strcmp(name, ".note.gnu.property") != 0 &&
                       strcmp(name, TOOL_FRAMES) != 0;
      for (uint32_t k = 0; k < n && elsewhere; k++)
        if (leaves_section(&texts[k])) texts[k].error = "not implemented: other sections";
      continue;
    }
    unsigned long k = strtoul(name + strlen(TOOL_ASM_SECTION), NULL, 10);
    if (k >= n) continue;
    const uint8_t *bytes = tool_object_content(o, s);
    if (bytes == NULL || s->sh_size > UINT32_MAX) return false;
    uint8_t *copy = tool_assembler_keep(a, s->sh_size);
    if (copy == NULL) return false;
    memcpy(copy, bytes, s->sh_size);
    texts[k].bytes = copy;
    texts[k].size_bytes = (uint32_t)s->sh_size;
    if (!texts[k].rows && tool_assembly_has(&texts[k], ".cfi_"))
      texts[k].error = "not implemented: frames (.cfi_ directives) within a function's own";
    if (texts[k].rows)
      texts[k].error = tool_object_frame(a, target, o, i, &texts[k].frame, &texts[k].frame_bytes);
  }
  for (unsigned i = 1; i < o->head->e_shnum; i++) {
    const Elf64_Shdr *s = &o->sections[i];
    const char *name = s->sh_type == SHT_RELA && s->sh_info < o->head->e_shnum
                         ? tool_object_section(o, s->sh_info)
                         : "";
    if (strncmp(name, TOOL_ASM_SECTION, strlen(TOOL_ASM_SECTION)) != 0) continue;
    unsigned long k = strtoul(name + strlen(TOOL_ASM_SECTION), NULL, 10);
    if (k >= n) continue;
    const char *error =
      relocations(a, o, s, s->sh_info, NULL, &texts[k].relocs, &texts[k].n_relocs);
    if (error != NULL) texts[k].error = error;
  }
  refuse_symbols(o, texts, n);
  return true;
}

bool tool_assembled(struct tool_assembler *a, kiln_target target, const void *at, size_t size,
                    kiln_assembly *texts, uint32_t n) {
  struct tool_object o = {.at = at, .size = size};
  if (!texts[0].whole) return take(a, target, &o, texts, n);
  texts[0].error = take_whole(a, target, &o, &texts[0]);
  return true;
}
