/* Takes the object of an assembler apart: the code of texts, which are in sections of their own,
 * or all of a whole text. Called by as.c. Invariant: nothing is read beyond the object's
 * bytes. */
#define _GNU_SOURCE /* memmem */
#include "as_parts.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

const void *kn_as_content(const struct kn_as_object *o, const Elf64_Shdr *s) {
  if (s->sh_type == SHT_NOBITS || s->sh_offset > o->size || s->sh_size > o->size - s->sh_offset)
    return NULL;
  return o->at + s->sh_offset;
}

static bool read_tables(struct kn_as_object *o) {
  o->head = (const void *)o->at;
  if (o->size < sizeof *o->head || memcmp(o->at, ELFMAG, SELFMAG) != 0) return false;
  if (o->head->e_shentsize != sizeof(Elf64_Shdr) || o->head->e_shoff > o->size ||
      o->head->e_shnum > (o->size - o->head->e_shoff) / sizeof(Elf64_Shdr))
    return false;
  o->sections = (const void *)(o->at + o->head->e_shoff);
  for (unsigned i = 0; i < o->head->e_shnum; i++) {
    const Elf64_Shdr *s = &o->sections[i];
    if (s->sh_type != SHT_SYMTAB || s->sh_link >= o->head->e_shnum) continue;
    o->symbols = kn_as_content(o, s);
    o->n_symbols = s->sh_size / sizeof(Elf64_Sym);
    o->strings = kn_as_content(o, &o->sections[s->sh_link]);
    o->strings_size = o->sections[s->sh_link].sh_size;
  }
  return o->symbols == NULL || (o->strings != NULL && o->strings_size > 0 &&
                                o->strings[o->strings_size - 1] == 0); /* it may have no symbols */
}

const char *kn_as_section(const struct kn_as_object *o, unsigned i) {
  if (o->head->e_shstrndx >= o->head->e_shnum) return "";
  const Elf64_Shdr *names = &o->sections[o->head->e_shstrndx];
  const char *at = kn_as_content(o, names);
  if (at == NULL || o->sections[i].sh_name >= names->sh_size || at[names->sh_size - 1] != 0)
    return "";
  return at + o->sections[i].sh_name;
}

/* True if `y` is a definition with a name. */
static bool is_definition(const struct kn_as_object *o, const Elf64_Sym *y) {
  unsigned type = ELF64_ST_TYPE(y->st_info);
  return type != STT_SECTION && type != STT_FILE && y->st_shndx != SHN_UNDEF &&
         y->st_name < o->strings_size && o->strings[y->st_name] != 0;
}

/* Notes which sections are in a section group of a known kind: the first that has them. */
static void find_groups(struct kn_as_object *o) {
  for (unsigned g = 1; g < o->head->e_shnum; g++) {
    const Elf64_Shdr *s = &o->sections[g];
    const uint32_t *words = s->sh_type == SHT_GROUP ? kn_as_content(o, s) : NULL;
    if (words == NULL || s->sh_size < 4 || words[0] != GRP_COMDAT || s->sh_info >= o->n_symbols ||
        o->symbols[s->sh_info].st_name >= o->strings_size ||
        o->strings[o->symbols[s->sh_info].st_name] == 0)
      continue;
    for (size_t k = 1; k < s->sh_size / 4; k++)
      if (words[k] < o->head->e_shnum && o->groups[words[k]] == 0) o->groups[words[k]] = g;
  }
}

static bool open_object(kiln_as *a, struct kn_as_object *o) {
  if (!read_tables(o)) return false;
  o->groups = kn_as_keep(a, o->head->e_shnum * sizeof *o->groups);
  o->has_symbol = kn_as_keep(a, o->head->e_shnum * sizeof *o->has_symbol);
  if (o->groups == NULL || o->has_symbol == NULL) return false;
  find_groups(o);
  for (size_t k = 1; k < o->n_symbols; k++)
    if (o->symbols[k].st_shndx < o->head->e_shnum && is_definition(o, &o->symbols[k]))
      o->has_symbol[o->symbols[k].st_shndx] = true;
  return o->coff || kn_as_find_frames(a, o);
}

/* Which sections of an object are whose. */
struct owners {
  uint32_t *text;    /* by section: the text, or 0 for a whole one; UINT32_MAX: nobody's */
  uint32_t *section; /* by section: its index among the text's, or KILN_ASSEMBLED_CODE */
};

/* A name without what kn_as_put_text puts after it: its length, and the text's number in *text, or UINT32_MAX. */
static size_t own_name(const char *name, uint32_t *text) {
  const char *at = NULL;
  for (const char *s = name; (s = strstr(s, AS_SECTION)) != NULL; s++) at = s;
  *text = UINT32_MAX;
  if (at == NULL) return strlen(name);
  *text = (uint32_t)strtoul(at + strlen(AS_SECTION), NULL, 10);
  return (size_t)(at - name);
}

static const char *keep_bytes(kiln_as *a, const char *s, size_t n) {
  char *copy = kn_as_keep(a, n);
  return copy != NULL ? memcpy(copy, s, n) : NULL;
}

static const char *keep_name(kiln_as *a, const char *s) {
  uint32_t text;
  return keep_bytes(a, s, own_name(s, &text));
}

/* True if linkers look at the symbol itself, not only where it is: they call an ifunc, and the GOT has the offset of a
 * thread-local symbol. */
static bool by_name(const Elf64_Sym *y) {
  unsigned type = ELF64_ST_TYPE(y->st_info);
  return type == STT_GNU_IFUNC || type == STT_TLS;
}

/* Takes over the relocations `s`, of a section of text `text`. NULL, or what is wrong. */
static const char *relocations(kiln_as *a, kiln_processor target, const struct kn_as_object *o,
                               const Elf64_Shdr *s, uint32_t text, const struct owners *owners,
                               const kiln_assembled_reloc **out, uint32_t *n_out) {
  static const char unreadable[] = "the assembler's object cannot be read";
  const Elf64_Rela *from = kn_as_content(o, s);
  size_t n = s->sh_size / sizeof *from;
  if (from == NULL) return unreadable;
  kiln_assembled_reloc *to = kn_as_keep(a, n * sizeof *to);
  if (to == NULL) return "out of memory";
  for (size_t i = 0; i < n; i++) {
    size_t k = ELF64_R_SYM(from[i].r_info);
    if (k >= o->n_symbols || o->symbols[k].st_name >= o->strings_size) return unreadable;
    const Elf64_Sym *y = &o->symbols[k];
    uint32_t type = (uint32_t)ELF64_R_TYPE(from[i].r_info);
    to[i] = (kiln_assembled_reloc){
      .offset_bytes = (uint32_t)from[i].r_offset,
      .kind = type > KILN_RELOC_FORMAT ? (kiln_reloc_kind)type : kiln_elf_reloc_kind(target, type),
      .addend = from[i].r_addend};
    if (y->st_shndx != SHN_UNDEF && ELF64_ST_BIND(y->st_info) == STB_LOCAL && !by_name(y)) {
      if (y->st_shndx >= o->head->e_shnum || owners->text[y->st_shndx] == UINT32_MAX)
        return "not implemented: a reference to a section of this kind";
      if (owners->text[y->st_shndx] != text) return "a reference to a label of another text";
      to[i].section = owners->section[y->st_shndx];
      to[i].addend += (int64_t)y->st_value;
      continue;
    }
    to[i].symbol = keep_name(a, o->strings + y->st_name);
    if (to[i].symbol == NULL) return "out of memory";
  }
  *out = to;
  *n_out = (uint32_t)n;
  return NULL;
}

/* Takes over the section group that section `i` is in. NULL, or what is wrong. */
static const char *group_of(kiln_as *a, const struct kn_as_object *o, unsigned i,
                            const char **out) {
  if (o->groups[i] == 0) return "not implemented: a section group of this kind";
  const char *name = o->strings + o->symbols[o->sections[o->groups[i]].sh_info].st_name;
  *out = strncmp(name, AS_GROUP, strlen(AS_GROUP)) == 0 ? "" : keep_name(a, name);
  return *out != NULL ? NULL : "out of memory";
}

static kiln_section_kind kind_of(uint32_t type) {
  switch (type) {
  case SHT_PROGBITS: return KILN_SECTION_CONTENT;
  case SHT_NOBITS: return KILN_SECTION_ZERO;
  case SHT_NOTE: return KILN_SECTION_NOTE;
  case SHT_INIT_ARRAY: return KILN_SECTION_INIT;
  case SHT_FINI_ARRAY: return KILN_SECTION_FINI;
  case SHT_PREINIT_ARRAY: return KILN_SECTION_PREINIT;
  default: return KILN_SECTION_OTHER;
  }
}

static kiln_visibility visibility_of(unsigned other) {
  switch (ELF64_ST_VISIBILITY(other)) {
  case STV_DEFAULT: return KILN_VISIBILITY_DEFAULT;
  case STV_PROTECTED: return KILN_VISIBILITY_PROTECTED;
  default: return KILN_VISIBILITY_HIDDEN; /* STV_INTERNAL too */
  }
}

static uint8_t log2_of(uint64_t align) {
  uint8_t n = 0;
  while (n < 63 && UINT64_C(1) << n < align) n++;
  return n;
}

enum { MAX_ALIGN_LOG2 = 16 };
static const char too_aligned[] = "not implemented: an alignment above 2^16 in assembly";

/* Takes over one section besides code. */
static const char *take_section(kiln_as *a, const struct kn_as_object *o, unsigned i,
                                kiln_assembled_section *to) {
  const Elf64_Shdr *s = &o->sections[i];
  uint8_t *bytes = NULL;
  if (s->sh_type != SHT_NOBITS) {
    const void *from = kn_as_content(o, s);
    if (from == NULL || (bytes = kn_as_keep(a, s->sh_size)) == NULL) return "out of memory";
    memcpy(bytes, from, s->sh_size);
  }
  *to = (kiln_assembled_section){.name = keep_name(a, kn_as_section(o, i)),
                                 .kind = kind_of(s->sh_type),
                                 .entry_bytes = (uint32_t)s->sh_entsize,
                                 .bytes = bytes,
                                 .size_bytes = s->sh_size};
  if (to->kind == KILN_SECTION_OTHER) to->format_type = s->sh_type;
  to->tls = (s->sh_flags & SHF_TLS) != 0;
  if (s->sh_flags & (SHF_LINK_ORDER | SHF_COMPRESSED))
    return "not implemented: sections of this kind in assembly";
  if (s->sh_flags & SHF_GROUP) {
    const char *error = group_of(a, o, i, &to->group);
    if (error != NULL) return error;
  }
  to->flags = (s->sh_flags & SHF_ALLOC ? KILN_SECTION_ALLOC : 0u) |
              (s->sh_flags & SHF_WRITE ? KILN_SECTION_WRITE : 0u) |
              (s->sh_flags & SHF_EXECINSTR ? KILN_SECTION_EXEC : 0u) |
              (s->sh_flags & SHF_MERGE ? KILN_SECTION_MERGE : 0u) |
              (s->sh_flags & SHF_STRINGS ? KILN_SECTION_STRINGS : 0u) |
              (s->sh_flags & SHF_EXCLUDE ? KILN_SECTION_EXCLUDE : 0u);
  to->align_log2 = log2_of(s->sh_addralign);
  if (to->align_log2 > MAX_ALIGN_LOG2) return too_aligned;
  return to->name != NULL ? NULL : "out of memory";
}

/* True if a section has content that somebody wants, or a symbol: a label needs no code after it. */
static bool has_content(const struct kn_as_object *o, unsigned i) {
  const Elf64_Shdr *s = &o->sections[i];
  const char *name = kn_as_section(o, i);
  return s->sh_type != SHT_SYMTAB && s->sh_type != SHT_STRTAB && s->sh_type != SHT_RELA &&
         s->sh_type != SHT_NULL && s->sh_type != SHT_GROUP &&
         strcmp(name, ".note.gnu.property") != 0 && (o->coff || strcmp(name, AS_FRAMES) != 0) &&
         (s->sh_size != 0 || o->has_symbol[i]);
}

static const char unusual_symbol[] = "not implemented: a symbol of this kind in assembly";

/* What an object's symbol is. False: what the caller cannot take over. */
static bool symbol_kind(const struct kn_as_object *o, const Elf64_Sym *y,
                        kiln_assembled_kind *kind) {
  unsigned type = ELF64_ST_TYPE(y->st_info);
  *kind = y->st_shndx == SHN_UNDEF    ? KILN_ASSEMBLED_UNDEFINED
          : y->st_shndx == SHN_COMMON ? KILN_ASSEMBLED_COMMON
          : y->st_shndx == SHN_ABS    ? KILN_ASSEMBLED_NUMBER
          : type == STT_GNU_IFUNC     ? KILN_ASSEMBLED_RESOLVER
                                      : KILN_ASSEMBLED_PLACE;
  bool placed = *kind == KILN_ASSEMBLED_PLACE || *kind == KILN_ASSEMBLED_RESOLVER;
  return placed ? y->st_shndx < o->head->e_shnum : type != STT_GNU_IFUNC;
}

/* Takes over a symbol, if it is one that somebody may look for. NULL, or what is wrong. */
static const char *take_symbol(kiln_as *a, const struct kn_as_object *o, const Elf64_Sym *y,
                               const struct owners *owners, kiln_assembly *t,
                               kiln_assembled_symbol *symbols) {
  unsigned type = ELF64_ST_TYPE(y->st_info), bind = ELF64_ST_BIND(y->st_info);
  const char *name = o->strings + y->st_name;
  kiln_assembled_kind kind;
  if (bind == STB_LOCAL && name[0] == '$') return NULL; /* what follows is code or data */
  if ((y->st_other & ~3u) != 0 || bind == STB_GNU_UNIQUE) return unusual_symbol;
  if (bind == STB_LOCAL && strncmp(name, ".L", 2) == 0 && !by_name(y)) return NULL;
  if (bind == STB_LOCAL && y->st_shndx == SHN_ABS && !t->whole) return NULL; /* no one else's */
  if (!symbol_kind(o, y, &kind) || (!t->whole && (kind != KILN_ASSEMBLED_PLACE || type == STT_TLS)))
    return unusual_symbol;
  kiln_assembled_symbol new = {.name = keep_name(a, name),
                               .kind = kind,
                               .global = bind != STB_LOCAL,
                               .weak = bind == STB_WEAK,
                               .visibility = visibility_of(y->st_other)};
  if (kind == KILN_ASSEMBLED_COMMON) {
    new.size_bytes = y->st_size;
    new.align_log2 = log2_of(y->st_value);
    if (new.align_log2 > MAX_ALIGN_LOG2) return too_aligned;
  } else if (kind == KILN_ASSEMBLED_UNDEFINED) {
    new.tls = type == STT_TLS;
  } else if (kind == KILN_ASSEMBLED_NUMBER) {
    new.offset_bytes = y->st_value;
  } else {
    if (owners->text[y->st_shndx] == UINT32_MAX)
      return "not implemented: a symbol in a section without content";
    new.section = owners->section[y->st_shndx];
    new.offset_bytes = y->st_value;
  }
  symbols[t->n_symbols] = new;
  return symbols[t->n_symbols++].name != NULL ? NULL : "out of memory";
}

/* True if the object says of a symbol that it does not define more than its name. */
static bool is_described(const struct kn_as_object *o, const Elf64_Sym *y) {
  return y->st_shndx == SHN_UNDEF && y->st_name < o->strings_size &&
         (ELF64_ST_BIND(y->st_info) == STB_WEAK || ELF64_ST_TYPE(y->st_info) == STT_TLS ||
          y->st_other != 0) &&
         o->strings[y->st_name] != 0;
}

/* Names of an object, sorted. */
struct names {
  const char **at;
  size_t n;
};

static int by_text(const void *a, const void *b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The names of what an object defines or describes; false without memory. */
static bool list_names(kiln_as *a, const struct kn_as_object *o, struct names *names) {
  *names = (struct names){.at = kn_as_keep(a, o->n_symbols * sizeof *names->at)};
  if (names->at == NULL) return false;
  for (size_t i = 1; i < o->n_symbols; i++) {
    const Elf64_Sym *y = &o->symbols[i];
    if (is_definition(o, y) || is_described(o, y)) names->at[names->n++] = o->strings + y->st_name;
  }
  if (names->n > 1) qsort(names->at, names->n, sizeof *names->at, by_text);
  return true;
}

static bool is_there(const void *user, const char *name, size_t n) {
  const struct names *names = user;
  size_t low = 0, high = names->n;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (strncmp(names->at[middle], name, n) < 0) low = middle + 1;
    else high = middle;
  }
  return low < names->n && strncmp(names->at[low], name, n) == 0 && names->at[low][n] == 0;
}

/* Takes over all sections of an object that was made of one text. If rows do not describe all frames, or describe code
 * that is in none, the section of frames is one of them. NULL, or what is wrong. */
static const char *take_sections(kiln_as *a, kiln_processor target, const struct kn_as_object *o,
                                 struct owners *owners, kiln_assembled_section *sections,
                                 uint32_t *n) {
  const char *error = NULL;
  bool rows = true, gaps = false;
  for (unsigned i = 0; i < o->head->e_shnum; i++) {
    owners->text[i] = has_content(o, i) ? 0 : UINT32_MAX;
    if (owners->text[i] != 0) continue;
    owners->section[i] = *n;
    kiln_assembled_section *to = &sections[(*n)++];
    if ((error = take_section(a, o, i, to)) != NULL) return error;
    struct kn_as_rows frame = {0};
    if (o->sections[i].sh_flags & SHF_EXECINSTR) error = kn_as_frame(a, target, o, i, &frame);
    if (error != NULL && error != kn_as_unusual) return error;
    rows &= error == NULL;
    gaps |= frame.gaps;
    to->frame = frame.bytes;
    to->frame_bytes = frame.n_bytes;
  }
  if (rows && !gaps) return NULL;
  for (uint32_t i = 0; i < *n && !rows; i++) sections[i].frame = NULL, sections[i].frame_bytes = 0;
  for (unsigned i = 0; i < o->head->e_shnum; i++) {
    if (strcmp(kn_as_section(o, i), AS_FRAMES) != 0) continue;
    owners->text[i] = 0;
    owners->section[i] = *n;
    if ((error = take_section(a, o, i, &sections[(*n)++])) != NULL) return error;
  }
  return NULL;
}

/* Takes over all of an object that was made of one text. NULL, or what is wrong. */
static const char *take_whole(kiln_as *a, kiln_processor target, struct kn_as_object *o,
                              kiln_assembly *t) {
  if (!open_object(a, o)) return "the assembler's object cannot be read";
  struct owners owners = {kn_as_keep(a, o->head->e_shnum * sizeof *owners.text),
                          kn_as_keep(a, o->head->e_shnum * sizeof *owners.section)};
  kiln_assembled_section *sections = kn_as_keep(a, o->head->e_shnum * sizeof *sections);
  kiln_assembled_symbol *symbols = kn_as_keep(a, o->n_symbols * sizeof *symbols);
  const char *error = NULL;
  if (owners.text == NULL || owners.section == NULL || sections == NULL || symbols == NULL)
    return "out of memory";
  t->sections = sections;
  t->symbols = symbols;
  error = take_sections(a, target, o, &owners, sections, &t->n_sections);
  for (unsigned i = 0; i < o->head->e_shnum && error == NULL; i++) {
    const Elf64_Shdr *s = &o->sections[i];
    if (s->sh_type != SHT_RELA || s->sh_info >= o->head->e_shnum ||
        owners.text[s->sh_info] == UINT32_MAX)
      continue;
    kiln_assembled_section *to = &sections[owners.section[s->sh_info]];
    error = relocations(a, target, o, s, 0, &owners, &to->relocs, &to->n_relocs);
  }
  for (size_t i = 1; i < o->n_symbols && error == NULL; i++) {
    const Elf64_Sym *y = &o->symbols[i];
    if (is_definition(o, y) || is_described(o, y))
      error = take_symbol(a, o, y, &owners, t, symbols);
  }
  struct names names;
  if (error == NULL && !list_names(a, o, &names)) error = "out of memory";
  if (error == NULL && kn_as_says_of_others(t, is_there, &names))
    error = "not implemented: the binding, type or visibility of a symbol that the assembly does "
            "not refer to";
  return error;
}

bool kn_as_has(const kiln_assembly *t, const char *word) {
  return memmem(t->text, t->text_bytes, word, strlen(word)) != NULL;
}

/* True if `text` may put something where kn_as_put_text does not know of it. */
static bool leaves_section(const kiln_assembly *t) {
  static const char *const words[] = {".data", ".bss", ".text", ".comm", ".lcomm"};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (kn_as_has(t, words[i])) return true;
  return false;
}

static void fail(kiln_assembly *t, const char *error) {
  if (t->error == NULL) t->error = error;
}

/* Finds out whose sections are whose. */
static void find_owners(const struct kn_as_object *o, kiln_assembly *texts, uint32_t n,
                        struct owners *owners) {
  bool others = false;
  for (unsigned i = 0; i < o->head->e_shnum; i++) {
    const char *name = kn_as_section(o, i);
    bool content = i != 0 && has_content(o, i);
    uint32_t k;
    size_t length = own_name(name, &k);
    owners->text[i] = UINT32_MAX;
    if (o->sections[i].sh_type == SHT_RELA) continue;
    if (k < n && (length == 0 || content)) {
      owners->text[i] = k;
      owners->section[i] = length == 0 ? KILN_ASSEMBLED_CODE : texts[k].n_sections++;
    }
    others |= content && owners->text[i] == UINT32_MAX;
  }
  for (uint32_t k = 0; k < n && others; k++)
    if (leaves_section(&texts[k])) fail(&texts[k], "not implemented: other sections");
}

/* Takes over the code of text `t`, section `i`. */
static const char *take_code(kiln_as *a, kiln_processor target, const struct kn_as_object *o,
                             unsigned i, kiln_assembly *t) {
  const Elf64_Shdr *s = &o->sections[i];
  const char *bytes = kn_as_content(o, s);
  if (bytes == NULL || s->sh_size > UINT32_MAX) return "the assembler's object cannot be read";
  t->bytes = (const uint8_t *)keep_bytes(a, bytes, s->sh_size);
  if (t->bytes == NULL) return "out of memory";
  t->size_bytes = (uint32_t)s->sh_size;
  t->align_log2 = log2_of(s->sh_addralign);
  if (t->align_log2 > MAX_ALIGN_LOG2) return too_aligned;
  if (!t->rows)
    return kn_as_has(t, ".cfi_")
             ? "not implemented: frames (.cfi_ directives) within a function's own"
             : NULL;
  struct kn_as_rows frame = {0};
  const char *error = kn_as_frame(a, target, o, i, &frame);
  t->frame = frame.bytes;
  t->frame_bytes = frame.n_bytes;
  return error;
}

/* Refuses the texts that define this global symbol otherwise than as a label; all, if none names it as it is. */
static void refuse_symbol(kiln_assembly *texts, uint32_t n, const char *name) {
  static const char error[] =
    "not implemented: a definition of a global symbol that is not a label";
  bool found = false;
  for (uint32_t k = 0; k < n; k++)
    if (kn_as_has(&texts[k], name)) found = true, fail(&texts[k], error);
  for (uint32_t k = 0; k < n && !found; k++) fail(&texts[k], error);
}

/* Takes over the definitions of texts. Others than of labels need not say whose they are: the first is refused. */
static void take_symbols(kiln_as *a, const struct kn_as_object *o, const struct owners *owners,
                         kiln_assembly *texts, uint32_t n, kiln_assembled_symbol **symbols) {
  for (size_t i = 1; i < o->n_symbols; i++) {
    const Elf64_Sym *y = &o->symbols[i];
    if (!is_definition(o, y)) continue;
    uint32_t k;
    const char *name = o->strings + y->st_name;
    own_name(name, &k);
    if (k < n && symbols[k] != NULL) {
      const char *error = take_symbol(a, o, y, owners, &texts[k], symbols[k]);
      if (error != NULL) fail(&texts[k], error);
      continue;
    }
    if (ELF64_ST_BIND(y->st_info) == STB_LOCAL) continue;
    if (strncmp(name, AS_GROUP, strlen(AS_GROUP)) == 0) continue;
    refuse_symbol(texts, n, name);
    return;
  }
}

/* Takes the object apart. */
static bool take(kiln_as *a, kiln_processor target, struct kn_as_object *o, kiln_assembly *texts,
                 uint32_t n) {
  if (!open_object(a, o)) return false;
  unsigned n_sections = o->head->e_shnum;
  struct owners owners = {kn_as_keep(a, n_sections * sizeof *owners.text),
                          kn_as_keep(a, n_sections * sizeof *owners.section)};
  kiln_assembled_section **sections = kn_as_keep(a, n * sizeof *sections);
  kiln_assembled_symbol **symbols = kn_as_keep(a, n * sizeof *symbols);
  uint32_t *n_symbols = kn_as_keep(a, n * sizeof *n_symbols), k;
  if (owners.text == NULL || owners.section == NULL || sections == NULL || symbols == NULL ||
      n_symbols == NULL)
    return false;
  find_owners(o, texts, n, &owners);
  for (size_t i = 1; i < o->n_symbols; i++)
    if (is_definition(o, &o->symbols[i])) {
      own_name(o->strings + o->symbols[i].st_name, &k);
      if (k < n) n_symbols[k]++;
    }
  for (k = 0; k < n; k++) {
    uint32_t size = texts[k].n_sections * (uint32_t)sizeof **sections;
    if (size != 0 && (sections[k] = kn_as_keep(a, size)) == NULL) return false;
    texts[k].sections = sections[k];
    if (n_symbols[k] == 0) continue;
    symbols[k] = kn_as_keep(a, n_symbols[k] * sizeof **symbols);
    if ((texts[k].symbols = symbols[k]) == NULL) return false;
  }
  for (unsigned i = 1; i < n_sections; i++) {
    if ((k = owners.text[i]) == UINT32_MAX) continue;
    const char *error = owners.section[i] == KILN_ASSEMBLED_CODE
                          ? take_code(a, target, o, i, &texts[k])
                          : take_section(a, o, i, &sections[k][owners.section[i]]);
    if (error == NULL && o->sections[i].sh_flags & SHF_TLS)
      error = "not implemented: thread-local sections within a function's assembly";
    if (error != NULL) fail(&texts[k], error);
  }
  for (unsigned i = 1; i < n_sections; i++) {
    const Elf64_Shdr *s = &o->sections[i];
    if (s->sh_type != SHT_RELA || s->sh_info >= n_sections ||
        (k = owners.text[s->sh_info]) == UINT32_MAX)
      continue;
    uint32_t to = owners.section[s->sh_info];
    bool code = to == KILN_ASSEMBLED_CODE;
    const char *error =
      relocations(a, target, o, s, k, &owners, code ? &texts[k].relocs : &sections[k][to].relocs,
                  code ? &texts[k].n_relocs : &sections[k][to].n_relocs);
    if (error != NULL) fail(&texts[k], error);
  }
  take_symbols(a, o, &owners, texts, n, symbols);
  return true;
}

bool kn_as_take(kiln_as *a, kiln_processor target, bool coff, const void *at, size_t size,
                kiln_assembly *texts, uint32_t n) {
  const char *error = coff ? kn_as_from_coff(a, &at, &size) : NULL;
  for (uint32_t k = 0; k < n && error != NULL; k++) fail(&texts[k], error);
  if (error != NULL) return true;
  struct kn_as_object o = {.at = at, .size = size, .coff = coff};
  if (!texts[0].whole) return take(a, target, &o, texts, n);
  error = take_whole(a, target, &o, &texts[0]);
  if (error != NULL) fail(&texts[0], error);
  return true;
}
