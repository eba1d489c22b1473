/* Objects in COFF as objects in ELF, which as_object.c takes apart: sections keep their numbers, symbols get the one
 * above their own, relocations that only COFF has become KILN_RELOC_FORMAT + their number. Called by as_object.c.
 * Microsoft, "PE Format"; LLVM's WinCOFFObjectWriter.cpp for weak symbols and -aligncomm. Invariant: nothing is read
 * beyond the object's bytes. */
#define _GNU_SOURCE /* memmem */
#include "as_parts.h"

#include <stdlib.h>
#include <string.h>

enum { HEADER = 20, SECTION = 40, RELOC = 10, SYMBOL = 18, MACHINE_AMD64 = 0x8664 };
enum {
  MOST_SECTIONS = 20000
}; /* each may have relocations and a group, and ELF's numbers have 16 bits */
/* IMAGE_SCN_... */
#define SCN_CODE 0x20u
#define SCN_DATA 0x40u
#define SCN_ZERO 0x80u
#define SCN_REMOVE 0x800u
#define SCN_COMDAT 0x1000u
#define SCN_ALIGN 0x00f00000u
#define SCN_MANY_RELOCS 0x01000000u
#define SCN_DISCARD 0x02000000u
#define SCN_EXEC 0x20000000u
#define SCN_READ 0x40000000u
#define SCN_WRITE 0x80000000u
/* IMAGE_SYM_CLASS_... */
enum { CLASS_EXTERNAL = 2, CLASS_STATIC = 3, CLASS_LABEL = 6, CLASS_FILE = 103, CLASS_WEAK = 105 };
enum { SELECT_ANY = 2, SELECT_ASSOCIATIVE = 5 };
enum { SEARCH_ALIAS = 3 }; /* IMAGE_WEAK_EXTERN_SEARCH_ALIAS, the last that has a definition */
/* IMAGE_REL_AMD64_... */
enum {
  REL_ADDR64 = 1,
  REL_ADDR32 = 2,
  REL_REL32 = 4,
  REL_REL32_5 = 9,
  REL_SECTION = 10,
  REL_SECREL = 11
};

static const char unreadable[] = "the assembler's object cannot be read";

/* The section group that a section is in, or that others go with. */
struct group {
  uint32_t words
    [2]; /* content of the group's section: GRP_COMDAT and the number of the section that is in it */
  uint32_t
    leader; /* number of the symbol that names it, + 1: the second that the section has; NONE, OWN */
};
enum { NONE = 0, OWN = UINT32_MAX }; /* OWN: the section's own symbol was found so far */

struct coff {
  const uint8_t *at; /* the object */
  size_t size;
  uint32_t n_sections, n_symbols;
  const uint8_t *symbols, *strings;
  size_t strings_size;
  /* what is made of it: one memory, with the object's own bytes at its end */
  uint8_t *out;
  size_t own; /* where these are */
  Elf64_Shdr *sections;
  Elf64_Sym *elf_symbols;
  Elf64_Rela *relas;
  struct group *groups; /* by section */
  size_t n_relas;
  char *names; /* strings: those of symbols and of sections */
  size_t names_size;
};

static uint32_t half(const uint8_t *p) { return (uint32_t)p[0] | (uint32_t)p[1] << 8; }
static uint32_t word(const uint8_t *p) { return half(p) | half(p + 2) << 16; }

static const uint8_t *section_at(const struct coff *c, uint32_t number) {
  return c->at + HEADER + (size_t)SECTION * (number - 1);
}
static const uint8_t *symbol_at(const struct coff *c, uint32_t i) {
  return c->symbols + (size_t)SYMBOL * i;
}

/* Copies a name of up to 8 bytes, or of the table of strings. Where it is in the new strings; 0: it is none. Without
 * memory for them so far, their size is found out. */
static uint32_t keep_string(struct coff *c, const uint8_t *p, uint64_t at) {
  const char *from = at != 0 ? (const char *)c->strings + at : (const char *)p;
  if (at != 0 && at >= c->strings_size) return 0;
  size_t n = strnlen(from, at != 0 ? c->strings_size - (size_t)at : 8), to = c->names_size;
  if (c->names != NULL) memcpy(c->names + to, from, n);
  c->names_size += n + 1;
  return n != 0 ? (uint32_t)to : 0;
}

static uint32_t symbol_name(struct coff *c, const uint8_t *y) {
  return keep_string(c, y, word(y) == 0 ? word(y + 4) : 0);
}

/* A section's name is in 8 bytes, or they say where it is: in decimal, or in base 64. */
static uint32_t section_name(struct coff *c, const uint8_t *p) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  uint64_t at = 0;
  if (p[0] != '/') return keep_string(c, p, 0);
  for (unsigned k = p[1] == '/' ? 2 : 1; k < 8 && p[k] != 0; k++) {
    const char *digit = p[1] == '/' ? strchr(digits, p[k]) : NULL;
    at = digit != NULL ? at * 64 + (uint64_t)(digit - digits) : at * 10 + (p[k] - (uint64_t)'0');
  }
  return keep_string(c, p, at);
}

/* ---- reading the tables ---- */

/* The relocations of a section, and their number; NULL: they are not within the object. */
static const uint8_t *relocs_of(const struct coff *c, uint32_t number, uint32_t *n) {
  const uint8_t *s = section_at(c, number);
  uint32_t at = word(s + 24);
  *n = half(s + 32);
  if (at > c->size) return NULL;
  if (word(s + 36) & SCN_MANY_RELOCS) {
    if (c->size - at < RELOC || (*n = word(c->at + at)) == 0) return NULL;
    at += RELOC;
    --*n;
  }
  return at <= c->size && *n <= (c->size - at) / RELOC ? c->at + at : NULL;
}

static bool open_tables(struct coff *c) {
  if (c->size < HEADER || half(c->at) != MACHINE_AMD64 || half(c->at + 16) != 0) return false;
  c->n_sections = half(c->at + 2);
  c->n_symbols = word(c->at + 12);
  uint32_t at = word(c->at + 8);
  if (c->n_sections > MOST_SECTIONS || c->n_sections > (c->size - HEADER) / SECTION) return false;
  if (at > c->size || c->n_symbols > (c->size - at) / SYMBOL) return false;
  c->symbols = c->at + at;
  c->strings = symbol_at(c, c->n_symbols);
  c->strings_size = c->size - (size_t)(c->strings - c->at);
  if (c->strings_size >= 4 && word(c->strings) < c->strings_size)
    c->strings_size = word(c->strings);
  for (uint32_t i = 1; i <= c->n_sections; i++) {
    const uint8_t *s = section_at(c, i);
    uint32_t n, from = word(s + 20);
    bool zero = from == 0 || (word(s + 36) & SCN_ZERO);
    if (!zero && (from > c->size || word(s + 16) > c->size - from)) return false;
    if (relocs_of(c, i, &n) == NULL) return false;
    c->n_relas += n;
  }
  return true;
}

/* Makes room for all: tables, strings, the object's bytes. */
static bool make_room(kiln_as *a, struct coff *c) {
  c->names_size = 1;
  for (uint32_t i = 1; i <= c->n_sections; i++) section_name(c, section_at(c, i));
  for (uint32_t i = 0; i < c->n_symbols; i += 1 + symbol_at(c, i)[17])
    symbol_name(c, symbol_at(c, i));
  const size_t sections = sizeof(Elf64_Ehdr);
  const size_t symbols = sections + (3 * (size_t)c->n_sections + 3) * sizeof(Elf64_Shdr);
  const size_t relas = symbols + ((size_t)c->n_symbols + 1) * sizeof(Elf64_Sym);
  const size_t groups = relas + c->n_relas * sizeof(Elf64_Rela);
  const size_t names = groups + ((size_t)c->n_sections + 1) * sizeof *c->groups;
  c->own = names + c->names_size;
  if ((c->out = kn_as_keep(a, c->own + c->size)) == NULL) return false;
  c->sections = (void *)(c->out + sections);
  c->elf_symbols = (void *)(c->out + symbols);
  c->relas = (void *)(c->out + relas);
  c->groups = (void *)(c->out + groups);
  c->names = (char *)c->out + names;
  c->names_size = 1;
  memcpy(c->out + c->own, c->at, c->size);
  return true;
}

/* ---- sections ---- */

/* True for sections of symbols' numbers, which are others in the object that Kiln writes: hints to linkers. */
static bool is_hint(const char *name) {
  return strcmp(name, ".llvm_addrsig") == 0 || strcmp(name, ".llvm.call-graph-profile") == 0;
}

static void take_sections(struct coff *c) {
  for (uint32_t i = 1; i <= c->n_sections; i++) {
    const uint8_t *s = section_at(c, i);
    uint32_t flags = word(s + 36), align = flags >> 20 & 15;
    uint64_t elf = flags & SCN_DISCARD ? 0 : SHF_ALLOC;
    bool zero = (flags & SCN_ZERO) != 0 || word(s + 20) == 0;
    Elf64_Shdr *to = &c->sections[i];
    *to = (Elf64_Shdr){.sh_name = section_name(c, s),
                       .sh_offset = zero ? 0 : c->own + word(s + 20),
                       .sh_size = word(s + 16),
                       .sh_addralign = align != 0 ? UINT64_C(1) << (align - 1) : 1};
    const char *name = c->names + to->sh_name;
    to->sh_type = is_hint(name) ? SHT_NULL : zero ? SHT_NOBITS : SHT_PROGBITS;
    if (flags & SCN_WRITE) elf |= SHF_WRITE;
    if (flags & SCN_EXEC) elf |= SHF_EXECINSTR;
    if (flags & SCN_REMOVE) elf |= SHF_EXCLUDE;
    if (strncmp(name, ".tls", 4) == 0 && (name[4] == 0 || name[4] == '$')) elf |= SHF_TLS;
    to->sh_flags = elf;
    /* characteristics that do not follow from these flags are said by number */
    const uint32_t kept = SCN_WRITE | SCN_EXEC | SCN_REMOVE | SCN_DISCARD;
    const uint32_t usual = (flags & kept) | SCN_READ | (flags & SCN_EXEC ? SCN_CODE : SCN_DATA);
    const uint32_t rest = flags & ~(SCN_ALIGN | SCN_COMDAT | SCN_MANY_RELOCS);
    if (to->sh_type == SHT_PROGBITS && rest != usual && strcmp(name, ".drectve") != 0)
      to->sh_type = flags | SCN_ALIGN; /* no type of ELF's */
  }
}

static void find_leaders(struct coff *c) {
  for (uint32_t i = 0; i < c->n_symbols; i += 1 + symbol_at(c, i)[17]) {
    uint32_t number = half(symbol_at(c, i) + 12);
    if (number == 0 || number > c->n_sections) continue;
    uint32_t *leader = &c->groups[number].leader;
    if (*leader == NONE) *leader = OWN;
    else if (*leader == OWN) *leader = i + 1;
  }
}

/* The symbol of the group that a section of tables goes with: it has no symbol of its own, but that one's name. The
 * search begins at section *next, since groups and their tables are in the same order. */
static uint32_t leader_by_name(const struct coff *c, uint32_t number, uint32_t *next) {
  const char *name = c->names + c->sections[number].sh_name;
  if (strncmp(name, ".xdata$", 7) != 0 && strncmp(name, ".pdata$", 7) != 0) return NONE;
  for (uint32_t k = 0; k < c->n_sections; k++, ++*next) {
    uint32_t leader = c->groups[1 + *next % c->n_sections].leader;
    if (leader == NONE || leader == OWN) continue;
    if (strcmp(c->names + c->elf_symbols[leader].st_name, name + 7) == 0) return leader;
  }
  return NONE;
}

/* Makes the section groups. NULL, or what is wrong. */
static const char *take_groups(struct coff *c) {
  uint32_t next = 0;
  find_leaders(c);
  for (uint32_t i = 0; i < c->n_symbols; i += 1 + symbol_at(c, i)[17]) {
    const uint8_t *y = symbol_at(c, i), *aux = y + SYMBOL;
    uint32_t number = half(y + 12), with = number;
    if (number == 0 || number > c->n_sections || y[16] != CLASS_STATIC || y[17] == 0) continue;
    Elf64_Shdr *s = &c->sections[number];
    if (!(word(section_at(c, number) + 36) & SCN_COMDAT) || s->sh_flags & SHF_GROUP) continue;
    if (aux[14] == SELECT_ASSOCIATIVE) with = half(aux + 12);
    else if (aux[14] != SELECT_ANY) return "not implemented: a section group of this kind";
    uint32_t leader = with <= c->n_sections ? c->groups[with].leader : NONE;
    if (leader == NONE || leader == OWN) leader = leader_by_name(c, number, &next);
    if (leader == NONE) return "not implemented: a section group without a symbol";
    struct group *g = &c->groups[number];
    g->words[0] = GRP_COMDAT;
    g->words[1] = number;
    s->sh_flags |= SHF_GROUP;
    c->sections[2 * c->n_sections + number] =
      (Elf64_Shdr){.sh_type = SHT_GROUP,
                   .sh_info = leader,
                   .sh_offset = (uint64_t)((uint8_t *)g->words - c->out),
                   .sh_size = sizeof g->words};
  }
  return NULL;
}

/* ---- symbols ---- */

static const char unusual[] = "not implemented: a symbol of this kind in assembly";

/* Takes over a weak symbol, number `i`: it is where its default is. */
static const char *take_weak(struct coff *c, uint32_t i) {
  const uint8_t *aux = symbol_at(c, i) + SYMBOL;
  Elf64_Sym *to = &c->elf_symbols[i + 1];
  if (symbol_at(c, i)[17] == 0 || word(aux) >= c->n_symbols || word(aux + 4) > SEARCH_ALIAS)
    return unusual;
  const uint8_t *from = symbol_at(c, word(aux));
  uint32_t section = half(from + 12);
  to->st_info = ELF64_ST_INFO(STB_WEAK, STT_NOTYPE);
  if (section == UINT16_MAX && word(from + 8) == 0) return NULL; /* without a definition it is 0 */
  if (section == 0 || section > c->n_sections)
    return "not implemented: a weak name of an undefined symbol";
  to->st_shndx = (uint16_t)section;
  to->st_value = word(from + 8);
  return NULL;
}

static const char *take_symbol(struct coff *c, uint32_t i) {
  const uint8_t *y = symbol_at(c, i);
  uint32_t section = half(y + 12), class = y[16], value = word(y + 8);
  Elf64_Sym *to = &c->elf_symbols[i + 1];
  if (class == CLASS_FILE || section == UINT16_MAX - 1) return to->st_info = STT_FILE, NULL;
  to->st_name = symbol_name(c, y);
  to->st_value = value;
  to->st_shndx = (uint16_t)section;
  if (class == CLASS_WEAK) return to->st_shndx = SHN_UNDEF, to->st_value = 0, take_weak(c, i);
  if (section == UINT16_MAX) to->st_shndx = SHN_ABS;
  else if (section > c->n_sections) return unreadable;
  if (class == CLASS_EXTERNAL) {
    to->st_info = ELF64_ST_INFO(STB_GLOBAL, STT_NOTYPE);
    if (section == 0 && value != 0) { /* the alignment follows in .drectve */
      to->st_shndx = SHN_COMMON;
      to->st_size = value;
      to->st_value = 1;
    }
  } else if (class == CLASS_STATIC && y[17] != 0 && value == 0) {
    to->st_info = STT_SECTION;
  } else if ((class != CLASS_STATIC && class != CLASS_LABEL) || section == 0) {
    return unusual;
  }
  /* what a weak symbol is without another definition has no name that others use: LLVM's and GNU's assemblers agree */
  if (strncmp(c->names + to->st_name, ".weak.", 6) == 0) to->st_name = 0, to->st_info = 0;
  return NULL;
}

/* Reads what .drectve says of alignments, and blanks it: the writer of the object says it again. */
static void take_alignments(struct coff *c, Elf64_Shdr *s) {
  static const char option[] = "-aligncomm:";
  char *at = (char *)c->out + s->sh_offset, *end = at + s->sh_size, *p = at;
  uint32_t next = 0;
  while ((p = memmem(p, (size_t)(end - p), option, strlen(option))) != NULL) {
    char *name = p + strlen(option), *stop;
    bool quoted = name < end && *name == '"';
    name += quoted;
    for (stop = name; stop < end && *stop != (quoted ? '"' : ','); stop++) {
    }
    size_t n = (size_t)(stop - name);
    uint32_t log2 = 0;
    for (stop += quoted + 1; stop < end && *stop >= '0' && *stop <= '9'; stop++)
      log2 = log2 * 10 + (uint32_t)(*stop - '0');
    for (uint32_t k = 0; k < c->n_symbols; k++, next++) { /* most are in the same order */
      Elf64_Sym *y = &c->elf_symbols[1 + next % c->n_symbols];
      const char *its = c->names + y->st_name;
      if (y->st_shndx != SHN_COMMON || strlen(its) != n || memcmp(its, name, n) != 0) continue;
      y->st_value = UINT64_C(1) << (log2 & 63);
      break;
    }
    if (stop > end) stop = end;
    memset(p, ' ', (size_t)(stop - p));
    p = stop;
  }
  for (p = at; p < end && (*p == ' ' || *p == 0); p++) {
  }
  if (p >= end) s->sh_type = SHT_NULL;
}

/* ---- relocations ---- */

/* The number of bytes in a field, whose addend is read, and which is cleared. */
static bool take_field(uint8_t *field, uint32_t size, uint64_t room, int64_t *addend) {
  if (size > room) return false;
  if (size == 8) memcpy(addend, field, 8);
  else *addend = size == 4 ? (int32_t)word(field) : 0;
  memset(field, 0, size);
  return true;
}

static const char *take_relocs(struct coff *c, uint32_t section, Elf64_Rela **next) {
  uint32_t n;
  const uint8_t *from = relocs_of(c, section, &n);
  const Elf64_Shdr *s = &c->sections[section];
  if (n == 0 || s->sh_type == SHT_NOBITS || s->sh_type == SHT_NULL) return NULL;
  c->sections[c->n_sections + section] =
    (Elf64_Shdr){.sh_type = SHT_RELA,
                 .sh_info = section,
                 .sh_offset = (uint64_t)((uint8_t *)*next - c->out),
                 .sh_size = n * sizeof **next};
  for (uint32_t i = 0; i < n; i++, from += RELOC) {
    uint32_t at = word(from), symbol = word(from + 4), type = half(from + 8), elf;
    int64_t addend;
    if (symbol >= c->n_symbols || at > s->sh_size) return unreadable;
    uint32_t size = type == REL_ADDR64 ? 8 : type == REL_SECTION ? 2 : 4;
    if (type == 0 || type > REL_SECREL)
      return "not implemented: a relocation of this kind in assembly";
    if (!take_field(c->out + s->sh_offset + at, size, s->sh_size - at, &addend)) return unreadable;
    if (type == REL_ADDR64) elf = R_X86_64_64;
    else if (type == REL_ADDR32) elf = R_X86_64_32;
    else if (type >= REL_REL32 && type <= REL_REL32_5)
      elf = R_X86_64_PC32, addend -= 4 + (type - REL_REL32);
    else elf = KILN_RELOC_FORMAT + type;
    *(*next)++ = (Elf64_Rela){
      .r_offset = at, .r_info = ELF64_R_INFO((uint64_t)symbol + 1, elf), .r_addend = addend};
  }
  return NULL;
}

/* ---- all of it ---- */

static void put_heads(struct coff *c) {
  const uint32_t n = 3 * c->n_sections + 1;
  c->sections[n] = (Elf64_Shdr){.sh_type = SHT_SYMTAB,
                                .sh_link = n + 1,
                                .sh_offset = (uint64_t)((uint8_t *)c->elf_symbols - c->out),
                                .sh_size = ((uint64_t)c->n_symbols + 1) * sizeof(Elf64_Sym)};
  c->sections[n + 1] = (Elf64_Shdr){.sh_type = SHT_STRTAB,
                                    .sh_offset = (uint64_t)((uint8_t *)c->names - c->out),
                                    .sh_size = c->names_size};
  Elf64_Ehdr head = {.e_shoff = (uint64_t)((uint8_t *)c->sections - c->out),
                     .e_shentsize = sizeof(Elf64_Shdr),
                     .e_shnum = (uint16_t)(n + 2),
                     .e_shstrndx = (uint16_t)(n + 1)};
  memcpy(head.e_ident, ELFMAG, SELFMAG);
  memcpy(c->out, &head, sizeof head);
}

const char *kn_as_from_coff(kiln_as *a, const void **at, size_t *size) {
  struct coff c = {.at = *at, .size = *size};
  const char *error = NULL;
  if (!open_tables(&c)) return unreadable;
  if (!make_room(a, &c)) return "out of memory";
  Elf64_Rela *next = c.relas;
  take_sections(&c);
  for (uint32_t i = 0; i < c.n_symbols && error == NULL; i += 1 + symbol_at(&c, i)[17]) {
    if (symbol_at(&c, i)[17] >= c.n_symbols - i) return unreadable;
    error = take_symbol(&c, i);
  }
  if (error == NULL) error = take_groups(&c);
  for (uint32_t i = 1; i <= c.n_sections && error == NULL; i++) {
    if (strcmp(c.names + c.sections[i].sh_name, ".drectve") == 0 &&
        c.sections[i].sh_type == SHT_PROGBITS)
      take_alignments(&c, &c.sections[i]);
    error = take_relocs(&c, i, &next);
  }
  put_heads(&c);
  *at = c.out;
  *size = c.own + c.size;
  return error;
}
