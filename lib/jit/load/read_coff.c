/* Reads COFF objects: read.h. First the headers of sections, then what .drectve tells the linker of names, the symbols,
 * the comdats, the relocations, whose addends are in the fields. Indices are one more than COFF's, whose first symbol
 * is one. Invariant: nothing is read before it was checked to be in the object. Sources: Microsoft, "PE Format";
 * lib/object/coff.h. */
#include "lib/jit/load/read.h"

#include "base/bytes.h"
#include "ir/reloc_kinds.h"
#include "lib/object/coff.h"

#include <stdlib.h>

enum { HEADER = 20, BIG_HEADER = 56, SECTION = 40, RELOC = 10, FUNCTION = 0x20 };

static uint32_t get16(const uint8_t *p) { return p[0] | (uint32_t)p[1] << 8; }

/* What a directive says of a name. */
struct directive {
  const char *name;
  uint32_t length;
  uint32_t align_log2; /* of common data; HIDDEN: the name is not exported */
};
enum { HIDDEN = 255 };

struct coff {
  struct kn_read_object *o;
  uint32_t symbol_bytes;     /* of a record */
  uint64_t headers, symbols; /* offsets */
  uint64_t strings, strings_size;
  KN_ARRAY(struct directive) directives; /* by name */
};

static bool has_prefix(const char *name, const char *begin) {
  return strncmp(name, begin, strlen(begin)) == 0;
}

/* ---- the file's header ---- */

static bool read_head(struct coff *c) {
  struct kn_read_object *o = c->o;
  const uint8_t *p = o->bytes;
  const uint32_t machine = kn_coff_machine(o->processor)->number;
  if (o->size < HEADER) return kn_read_refuse(o, "it is no COFF file");
  const bool big = kn_get32(p) == 0xffff0000 && o->size >= BIG_HEADER && get16(p + 4) >= 2;
  if (machine == 0 || get16(p + (big ? 6 : 0)) != machine)
    return kn_read_refuse(o, "it is no COFF file for this processor");
  const uint32_t n_sections = big ? kn_get32(p + 44) : get16(p + 2);
  const uint32_t n_symbols = kn_get32(p + (big ? 52 : 12));
  c->symbol_bytes = big ? KN_COFF_BIG_SYMBOL : KN_COFF_SYMBOL;
  c->symbols = kn_get32(p + (big ? 48 : 8));
  c->headers = big ? BIG_HEADER : HEADER + get16(p + 16);
  c->strings = c->symbols + (uint64_t)n_symbols * c->symbol_bytes;
  if (!kn_read_has(o, c->headers, (uint64_t)n_sections * SECTION))
    return kn_read_refuse(o, "its section headers are damaged");
  if (!kn_read_has(o, c->symbols, c->strings - c->symbols) || !kn_read_has(o, c->strings, 4))
    return kn_read_refuse(o, "its symbol table is damaged");
  c->strings_size = kn_get32(p + c->strings);
  if (!kn_read_has(o, c->strings, c->strings_size))
    return kn_read_refuse(o, "its table of strings is damaged");
  return kn_read_room(o, n_sections + 1, n_symbols + 1);
}

/* ---- names ---- */

/* The string at an offset of the table; NULL: there is none, or it does not end there. */
static const char *string_at(const struct coff *c, uint64_t offset) {
  if (offset < 4 || offset >= c->strings_size) return NULL;
  const void *at = c->o->bytes + c->strings + offset;
  return memchr(at, 0, c->strings_size - offset) != NULL ? at : NULL;
}

/* The name in 8 bytes; NULL: no memory. */
static const char *short_name(const struct coff *c, const uint8_t *p) {
  const uint8_t *end = memchr(p, 0, 8);
  return kn_arena_string(c->o->arena, (const char *)p, end != NULL ? (size_t)(end - p) : 8);
}

/* A section's: its offset in the table of strings is in decimal, or in base 64. */
static const char *section_name(const struct coff *c, const uint8_t *p) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  if (p[0] != '/') return short_name(c, p);
  const bool wide = p[1] == '/';
  uint64_t at = 0;
  for (unsigned k = wide ? 2 : 1; k < 8 && (wide || p[k] != 0); k++) {
    const char *digit = p[k] != 0 ? strchr(digits, p[k]) : NULL;
    if (digit == NULL || (!wide && (p[k] < '0' || p[k] > '9'))) return NULL;
    at = wide ? at * 64 + (uint64_t)(digit - digits) : at * 10 + p[k] - '0';
  }
  return string_at(c, at);
}

/* ---- sections ---- */

static bool read_section(struct coff *c, uint32_t i) {
  struct kn_read_object *o = c->o;
  const uint8_t *h = o->bytes + c->headers + (uint64_t)(i - 1) * SECTION;
  const uint32_t size = kn_get32(h + 16), at = kn_get32(h + 20), flags = kn_get32(h + 36);
  const uint32_t align = flags >> 20 & 15;
  const bool zero = (flags & KN_COFF_ZERO) != 0;
  struct kn_read_section *s = o->sections + i;
  const char *name = section_name(c, h);
  if (name == NULL) return kn_read_refuse(o, "section %u has no name", i);
  if (!zero && size != 0 && !kn_read_has(o, at, size))
    return kn_read_refuse(o, "section %u is not in the file", i);
  if (align > 14) return kn_read_refuse(o, "section %u has an unknown alignment", i);
  if (size > UINT32_MAX / 2) return kn_read_refuse(o, "section %u is too large", i);
  const bool left_out = (flags & (KN_COFF_REMOVE | KN_COFF_INFO | KN_COFF_DISCARD)) != 0;
  *s = (struct kn_read_section){
    .name = name,
    .bytes = zero        ? NULL
             : size != 0 ? o->bytes + at
                         : o->bytes,
    .size = size,
    .flags = (left_out ? 0 : SHF_ALLOC) | ((flags & KN_COFF_WRITE) != 0 ? SHF_WRITE : 0) |
             ((flags & (KN_COFF_EXEC | KN_COFF_CODE)) != 0 ? SHF_EXECINSTR : 0),
    .type = zero ? SHT_NOBITS : SHT_PROGBITS,
    .align_log2 = (uint8_t)(align != 0 ? align - 1 : 4)};
  return true;
}

static const uint8_t *record(const struct coff *c, uint32_t i) {
  return c->o->bytes + c->symbols + (uint64_t)(i - 1) * c->symbol_bytes;
}

/* ---- directives ---- */

static int compare_directives(const void *a, const void *b) {
  const struct directive *x = a, *y = b;
  if (x->length != y->length) return x->length < y->length ? -1 : 1;
  return memcmp(x->name, y->name, x->length);
}

/* Reads one directive of those up to `end`, which Kiln, gcc and clang write: -WHAT:"NAME"REST, or NAME without quotes.
 * Where the next one begins; NULL: it is another one. */
static const char *read_directive(struct coff *c, const char *p, const char *end) {
  static const struct {
    const char *what;
    uint8_t align_log2; /* as of a directive; 1: the number that follows */
    bool counts;
  } known[] = {
    {"-aligncomm:", 1, true}, {"-exclude-symbols:", HIDDEN, true}, {"-export:", 0, false}};
  struct directive d = {0};
  unsigned k = 0;
  while (k < 3 && ((size_t)(end - p) < strlen(known[k].what) || !has_prefix(p, known[k].what))) k++;
  if (k == 3) return NULL;
  p += strlen(known[k].what);
  const bool quoted = p < end && *p == '"';
  for (d.name = p += quoted; p < end && (quoted ? *p != '"' : *p != ' ' && *p != ','); p++) {
  }
  d.length = (uint32_t)(p - d.name);
  if (quoted && p++ == end) return NULL;
  const char *rest = p;
  while (p < end && *p != ' ') p++;
  d.align_log2 = known[k].align_log2;
  if (d.align_log2 == 1) {
    if (p - rest < 2 || p - rest > 3 || rest[0] != ',') return NULL;
    d.align_log2 = 0;
    while (++rest < p && *rest >= '0' && *rest <= '9')
      d.align_log2 = d.align_log2 * 10 + (uint32_t)(*rest - '0');
    if (rest != p || d.align_log2 > 13) return NULL;
  }
  if (known[k].counts) c->directives.at[c->directives.n++] = d;
  return p;
}

/* Of a section .drectve; the text lives as long as the arena, and ends with a zero. */
static bool read_directives(struct coff *c, const struct kn_read_section *s) {
  const uint64_t most = s->size / 12; /* bytes of the shortest */
  const char *p = kn_arena_string(c->o->arena, (const char *)s->bytes, (size_t)s->size);
  if (p == NULL) return false;
  const char *end = p + s->size;
  if (c->directives.at != NULL) return kn_read_refuse(c->o, "it has several sections .drectve");
  c->directives.at = kn_arena_alloc(c->o->arena, (size_t)(most + 1) * sizeof *c->directives.at, 8);
  if (c->directives.at == NULL) return false;
  for (;;) {
    while (p < end && (*p == ' ' || *p == 0)) p++;
    if (p == end) break;
    const char *next = read_directive(c, p, end);
    if (next == NULL) return kn_read_refuse(c->o, "it tells the linker '%.40s'", p);
    p = next;
  }
  if (c->directives.n > 1)
    qsort(c->directives.at, c->directives.n, sizeof *c->directives.at, compare_directives);
  return true;
}

/* Applies to a symbol what the directives say of its name. */
static void obey(const struct coff *c, struct kn_read_symbol *s) {
  const struct directive this = {.name = s->name, .length = (uint32_t)strlen(s->name)};
  uint32_t k =
    KN_COUNT_BEFORE(j, c->directives.n, compare_directives(c->directives.at + j, &this) < 0);
  for (; k < c->directives.n && compare_directives(c->directives.at + k, &this) == 0; k++) {
    const uint32_t align_log2 = c->directives.at[k].align_log2;
    if (align_log2 == HIDDEN) s->visibility = STV_HIDDEN;
    else if (s->section == KN_READ_COMMON) s->value = UINT64_C(1) << align_log2;
  }
}

/* ---- symbols ---- */

/* Where a symbol is, and what it is: its class is one of those that define. */
static bool place(struct coff *c, struct kn_read_symbol *s, int32_t section, uint32_t value,
                  unsigned class) {
  struct kn_read_object *o = c->o;
  s->value = value;
  if (section > 0) {
    if ((uint32_t)section >= o->n_sections)
      return kn_read_refuse(o, "symbol '%.100s' is in a section that does not exist", s->name);
    s->section = (uint32_t)section;
    if (value > o->sections[section].size)
      return kn_read_refuse(o, "symbol '%.100s' is not in its section", s->name);
    if (s->type == STT_NOTYPE && (o->sections[section].flags & SHF_EXECINSTR) == 0)
      s->type = STT_OBJECT;
  } else if (section == -1) {
    s->section = KN_READ_ABSOLUTE;
    if (class == KN_COFF_STATIC) s->type = STT_FILE; /* as those that tell linkers something */
  } else if (section < -1) {
    s->type = STT_FILE;
  } else if (value != 0) {
    if (class != KN_COFF_EXTERNAL)
      return kn_read_refuse(o, "symbol '%.100s' is in no section", s->name);
    s->section = KN_READ_COMMON;
    s->size = value;
    s->value = 1;
  }
  return true;
}

/* Words that each object has for itself, though linkers would keep one; defaults of weak symbols. */
static bool is_own(const char *name) {
  return has_prefix(name, ".refptr.") || has_prefix(name, ".weak.");
}

static bool read_symbol(struct coff *c, uint32_t i, unsigned *aux) {
  struct kn_read_object *o = c->o;
  struct kn_read_symbol *s = o->symbols + i;
  const uint8_t *p = record(c, i), *rest = p + c->symbol_bytes - 4;
  const bool big = c->symbol_bytes == KN_COFF_BIG_SYMBOL;
  const int32_t section = big ? (int32_t)kn_get32(p + 12) : (int16_t)get16(p + 12);
  const unsigned class = rest[2];
  *aux = rest[3];
  if (*aux >= o->n_symbols - i) return kn_read_refuse(o, "its symbol table is damaged");
  s->name = kn_get32(p) == 0 ? string_at(c, kn_get32(p + 4)) : short_name(c, p);
  if (s->name == NULL) return kn_read_refuse(o, "symbol %u has no name", i - 1);
  if (class == KN_COFF_FILE) return s->type = STT_FILE, true;
  if (class != KN_COFF_EXTERNAL && class != KN_COFF_STATIC && class != KN_COFF_WEAK)
    return kn_read_refuse(o, "symbol '%.100s' has the class %u", s->name, class);
  s->type = get16(rest) == FUNCTION ? STT_FUNC : STT_NOTYPE;
  s->bind = class == KN_COFF_STATIC || is_own(s->name) ? STB_LOCAL : STB_GLOBAL;
  if (class == KN_COFF_WEAK) return *aux != 0 || kn_read_refuse(o, "a weak symbol is damaged");
  if (!place(c, s, section, kn_get32(p + 8), class)) return false;
  if (class == KN_COFF_STATIC && *aux != 0 && kn_read_is_placed(s) && s->value == 0)
    s->type = STT_SECTION;
  if (is_own(s->name) && s->type == STT_OBJECT) s->type = STT_NOTYPE;
  s->entry = s->section == KN_READ_NOWHERE && has_prefix(s->name, "__imp_") && s->name[6] != 0;
  if (s->entry) s->name += 6;
  if (s->bind != STB_LOCAL) obey(c, s);
  return true;
}

/* A weak symbol is where the symbol is that stands for it, or nowhere. */
static bool read_weak(struct coff *c, uint32_t i) {
  struct kn_read_object *o = c->o;
  struct kn_read_symbol *s = o->symbols + i;
  const uint32_t number = kn_get32(record(c, i + 1));
  struct kn_read_symbol *of = number < o->n_symbols - 1 ? o->symbols + number + 1 : NULL;
  const bool none =
    of != NULL && is_own(of->name) &&
    (of->section == KN_READ_NOWHERE || (of->section == KN_READ_ABSOLUTE && of->value == 0));
  if (of == NULL || of == s || (!none && !kn_read_is_placed(of)))
    return kn_read_refuse(o, "weak symbol '%.100s' stands for what is elsewhere", s->name);
  s->bind = STB_WEAK;
  obey(c, s);
  if (none) return of->type = STT_FILE, true;
  s->section = of->section;
  s->value = of->value;
  s->type = of->type == STT_FUNC || of->type == STT_OBJECT ? of->type : s->type;
  return true;
}

/* ---- comdats ---- */

/* Notes the choice of a comdat, or what goes with another section, in `link` and `info`, from the section's symbol. */
static bool read_comdat(struct coff *c, uint32_t i) {
  struct kn_read_object *o = c->o;
  const uint32_t section = o->symbols[i].section;
  struct kn_read_section *s = o->sections + section;
  const uint8_t *h = o->bytes + c->headers + (uint64_t)(section - 1) * SECTION;
  const uint8_t *aux = record(c, i + 1);
  if ((kn_get32(h + 36) & KN_COFF_COMDAT) == 0 || s->link != 0) return true;
  s->link = aux[14];
  if (s->link != KN_COFF_ASSOCIATIVE) return true;
  s->info = get16(aux + 12);
  if (c->symbol_bytes == KN_COFF_BIG_SYMBOL) s->info |= get16(aux + 16) << 16;
  return (s->info != 0 && s->info < o->n_sections) ||
         kn_read_refuse(o, "section '%.100s' goes with none", s->name);
}

/* A comdat's group has the name of the first symbol after the section's own. Tables have none, and words are each
 * object's own. */
static void lead(struct kn_read_object *o, uint32_t i) {
  const struct kn_read_symbol *y = o->symbols + i;
  struct kn_read_section *s = o->sections + y->section;
  if (!kn_read_is_placed(y) || y->bind == STB_LOCAL || s->link == 0 || s->group != NULL ||
      s->link == KN_COFF_ASSOCIATIVE)
    return;
  s->group = y->name;
  s->group_symbol = i;
}

/* Gives sections the groups of those that they go with. Of definitions in a comdat, those of one object stay. */
static bool end_comdats(struct kn_read_object *o) {
  for (uint32_t i = 1; i < o->n_sections; i++) {
    struct kn_read_section *s = o->sections + i;
    if (s->info == 0) continue;
    if (o->sections[s->info].info != 0)
      return kn_read_refuse(o, "section '%.100s' goes with one that goes with another", s->name);
    s->group = o->sections[s->info].group;
    s->group_symbol = o->sections[s->info].group_symbol;
  }
  for (uint32_t i = 1; i < o->n_symbols; i++) {
    struct kn_read_symbol *s = o->symbols + i;
    if (!kn_read_is_placed(s) || s->bind != STB_GLOBAL) continue;
    const struct kn_read_section *of = o->sections + s->section;
    if (of->group != NULL && of->link != KN_COFF_ONE_ONLY) s->bind = STB_WEAK;
  }
  return true;
}

static bool read_symbols(struct coff *c) {
  struct kn_read_object *o = c->o;
  unsigned aux;
  for (uint32_t i = 1; i < o->n_symbols; i += 1 + aux) {
    if (!read_symbol(c, i, &aux)) return false;
    for (uint32_t k = 1; k <= aux; k++)
      o->symbols[i + k] = (struct kn_read_symbol){.name = "", .type = STT_FILE};
  }
  for (uint32_t i = 1; i < o->n_symbols; i += 1 + aux) {
    const uint8_t *rest = record(c, i) + c->symbol_bytes - 4;
    aux = rest[3];
    if (rest[2] == KN_COFF_WEAK && !read_weak(c, i)) return false;
    if (o->symbols[i].type == STT_SECTION && !read_comdat(c, i)) return false;
    lead(o, i);
  }
  return end_comdats(o);
}

/* ---- sizes ---- */

struct start {
  uint32_t section, symbol;
  uint64_t value;
};

static int compare_starts(const void *a, const void *b) {
  const struct start *x = a, *y = b;
  if (x->section != y->section) return x->section < y->section ? -1 : 1;
  return x->value < y->value ? -1 : x->value > y->value;
}

/* Data ends where the next symbol of its section is, or with the section. */
static bool give_sizes(struct kn_read_object *o) {
  struct start *all = kn_arena_alloc(o->arena, o->n_symbols * sizeof *all, 8);
  uint32_t n = 0;
  if (all == NULL) return false;
  for (uint32_t i = 1; i < o->n_symbols; i++) {
    const struct kn_read_symbol *s = o->symbols + i;
    if (kn_read_is_placed(s) && s->type != STT_FILE)
      all[n++] = (struct start){s->section, i, s->value};
  }
  if (n > 1) qsort(all, n, sizeof *all, compare_starts);
  uint64_t end = 0;
  for (uint32_t k = n; k-- > 0;) {
    const bool last = k + 1 == n || all[k + 1].section != all[k].section;
    if (last) end = o->sections[all[k].section].size;
    else if (all[k + 1].value != all[k].value) end = all[k + 1].value;
    if (o->symbols[all[k].symbol].type == STT_OBJECT)
      o->symbols[all[k].symbol].size = end - all[k].value;
  }
  return true;
}

/* ---- relocations ---- */

enum { CODE, DEBUG, OTHER };
/* Kinds by IMAGE_REL_AMD64_..., in code, in debug sections, elsewhere; NONE: KILN_RELOC_FORMAT + the number. */
static const struct {
  uint16_t kinds[3];
  uint8_t bytes;
  uint8_t beyond; /* bytes of the instruction after the field, which the distance counts from */
} known[] = {
#define ALL(kind) {kind, kind, kind}
  [KN_COFF_ADDR64] = {ALL(KILN_RELOC_ABS64), 8, 0},
  [KN_COFF_ADDR32] = {{KILN_RELOC_ABS32S, KILN_RELOC_ABS32, KILN_RELOC_ABS32}, 4, 0},
  [KN_COFF_ADDR32NB] = {ALL(0), 4, 0},
  [KN_COFF_REL32] = {ALL(KILN_RELOC_REL32), 4, 0},
  [5] = {ALL(KILN_RELOC_REL32), 4, 1},
  [6] = {ALL(KILN_RELOC_REL32), 4, 2},
  [7] = {ALL(KILN_RELOC_REL32), 4, 3},
  [8] = {ALL(KILN_RELOC_REL32), 4, 4},
  [9] = {ALL(KILN_RELOC_REL32), 4, 5},
  [KN_COFF_SECTION] = {ALL(0), 2, 0},
  [KN_COFF_SECREL] = {{0, KILN_RELOC_ABS32, 0}, 4, 0},
#undef ALL
};

/* What the relocation of a field in code is, of a distance: of call and jmp, which may go through a stub, or of a word
 * that has an address. */
static uint32_t kind_in_code(const struct kn_read_section *s, uint64_t at, bool entry) {
  const bool call = at != 0 && (s->bytes[at - 1] & 0xfe) == 0xe8;
  return entry ? KILN_RELOC_X64_GOT : call ? KILN_RELOC_X64_CALL : KILN_RELOC_REL32;
}

static bool read_reloc(struct kn_read_object *o, const struct kn_read_section *s, const uint8_t *p,
                       unsigned where, struct kn_read_reloc *to) {
  const uint32_t type = get16(p + 8), at = kn_get32(p), symbol = kn_get32(p + 4);
  const bool is_known = type < sizeof known / sizeof *known && known[type].bytes != 0;
  const uint32_t kind = is_known ? known[type].kinds[where] : 0;
  const uint32_t bytes = is_known ? known[type].bytes : 1;
  *to = (struct kn_read_reloc){.offset = at,
                               .kind = kind != 0 ? kind : KILN_RELOC_FORMAT + type,
                               .symbol = symbol < UINT32_MAX ? symbol + 1 : 0};
  if (s->bytes != NULL && (at > s->size || bytes > s->size - at))
    return kn_read_refuse(o, "a relocation is not in section '%.100s'", s->name);
  if (!kn_read_check(o, s, to)) return false;
  const bool entry = o->symbols[to->symbol].entry;
  if (bytes == 4) to->addend = (int32_t)kn_get32(s->bytes + at);
  if (bytes == 8) memcpy(&to->addend, s->bytes + at, 8);
  if (kind == KILN_RELOC_REL32) to->addend -= 4 + known[type].beyond;
  if (kind == KILN_RELOC_REL32 && where == CODE) to->kind = kind_in_code(s, at, entry);
  else if (entry)
    return kn_read_refuse(o, "section '%.60s' refers to the import of '%.60s'", s->name,
                          o->symbols[to->symbol].name);
  return true;
}

static bool read_relocs(struct coff *c, uint32_t i) {
  struct kn_read_object *o = c->o;
  struct kn_read_section *s = o->sections + i;
  const uint8_t *h = o->bytes + c->headers + (uint64_t)(i - 1) * SECTION;
  uint64_t at = kn_get32(h + 24), n = get16(h + 32);
  const bool many = (kn_get32(h + 36) & KN_COFF_MANY_RELOCS) != 0 && n == 0xffff;
  const unsigned where = (s->flags & SHF_ALLOC) == 0       ? DEBUG
                         : (s->flags & SHF_EXECINSTR) != 0 ? CODE
                                                           : OTHER;
  if (many && kn_read_has(o, at, RELOC)) {
    n = (uint64_t)kn_get32(o->bytes + at) - 1;
    at += RELOC;
  }
  if (!kn_read_has(o, at, n * RELOC))
    return kn_read_refuse(o, "the relocations of section '%.100s' are not in the file", s->name);
  struct kn_read_reloc *to = kn_arena_alloc(o->arena, (size_t)n * sizeof *to + 1, 8);
  if (to == NULL) return false;
  for (uint64_t k = 0; k < n; k++)
    if (!read_reloc(o, s, o->bytes + at + k * RELOC, where, to + k)) return false;
  kn_read_set_relocs(s, to, (uint32_t)n);
  return true;
}

bool kn_read_coff(struct kn_read_object *o) {
  struct coff c = {.o = o};
  if (!read_head(&c)) return false;
  for (uint32_t i = 1; i < o->n_sections; i++) {
    if (!read_section(&c, i)) return false;
    const struct kn_read_section *s = o->sections + i;
    if (strcmp(s->name, ".drectve") == 0 && s->bytes != NULL && !read_directives(&c, s))
      return false;
  }
  if (!read_symbols(&c) || !give_sizes(o)) return false;
  for (uint32_t i = 1; i < o->n_sections; i++)
    if (!read_relocs(&c, i)) return false;
  o->sizeless = true;
  return true;
}
