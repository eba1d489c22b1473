/* The COFF writer: see coff.h. Called by kiln_emit_object. Plans the sections, writes the object. */
#include "lib/object/coff.h"

#include <stdio.h>

enum { HEADER = 20, BIG_HEADER = 56, SECTION = 40, RELOC = 10 };
enum { MOST_SECTIONS = 0xfeff, MOST_RELOCS = 0xffff };

bool kn_coff_direct(struct kn_coff *c, const char *text) {
  const size_t n = text != NULL ? strlen(text) : 0;
  if (text == NULL || !KN_ROOM(c->m, c->directives, n)) return false;
  memcpy(c->directives.at + c->directives.n, text, n);
  c->directives.n += (uint32_t)n;
  return true;
}

/* ---- sections ---- */

uint32_t kn_coff_add(struct kn_coff *c, const char *name, uint32_t flags, uint32_t align) {
  struct kn_coff_section s = {.name = name, .flags = flags, .align = align != 0 ? align : 1};
  if (name == NULL) return UINT32_MAX;
  if (s.align > KN_COFF_MOST_ALIGN)
    return KN_MODULE_FAIL(UINT32_MAX, c->m, KILN_ERR_UNSUPPORTED,
                          "section '%.100s' is aligned to %u bytes; COFF has at most %u", s.name,
                          s.align, (unsigned)KN_COFF_MOST_ALIGN);
  return KN_PUSH(c->m, c->sections, s) ? c->sections.n - 1 : UINT32_MAX;
}

uint8_t *kn_coff_append(struct kn_coff *c, uint32_t section, uint32_t n) {
  struct kn_coff_section *s = c->sections.at + section;
  if (!KN_ROOM(c->m, s->bytes, n != 0 ? n : 1)) return NULL;
  uint8_t *at = s->bytes.at + s->bytes.n;
  memset(at, 0, n);
  s->bytes.n += n;
  s->size = s->bytes.n;
  return at;
}

/* Names and flags by kind; NULL: what the section has is elsewhere in COFF (tables of exceptions are in .xdata, which
 * refers to personalities itself), or nowhere. */
static const struct {
  const char *name;
  uint32_t flags;
} kinds[KN_SECTION_KINDS] = {
#define READ_ONLY KN_COFF_DATA | KN_COFF_READ
#define WRITABLE KN_COFF_DATA | KN_COFF_READ | KN_COFF_WRITE
  [KN_SECTION_TEXT] = {".text", KN_COFF_CODE | KN_COFF_EXEC | KN_COFF_READ},
  [KN_SECTION_DATA] = {".data", WRITABLE},
  [KN_SECTION_RODATA] = {".rdata", READ_ONLY},
  [KN_SECTION_RELRO] = {".rdata", READ_ONLY},
  [KN_SECTION_BSS] = {".bss", KN_COFF_ZERO | KN_COFF_READ | KN_COFF_WRITE},
  [KN_SECTION_TDATA] = {".tls$", WRITABLE},
  [KN_SECTION_TBSS] = {".tls$", WRITABLE},
  [KN_SECTION_STRINGS] = {".rdata", READ_ONLY},
  [KN_SECTION_TYPES] = {".data", WRITABLE}, /* the linker may have to change imported addresses */
  [KN_SECTION_ROOTS] = {"kiln_roots", READ_ONLY},
#undef READ_ONLY
#undef WRITABLE
};

/* What COFF does not have of a named section; NULL: nothing. Linkers merge no content, and keep what they like. */
static const char *lacks_of(const struct kn_image_section *s) {
  if (s->with != 0 && s->comdat == 0) return "sections that go with a symbol";
  if (s->kind == KN_SECTION_ROOTS && s->comdat != 0)
    return "tables of roots of a function in a comdat";
  if (s->kind != KN_SECTION_NAMED) return NULL;
  const bool known = s->content == KILN_SECTION_OTHER && !(s->format_type & ~KN_COFF_KNOWN);
  return s->content > KILN_SECTION_ZERO && !known ? "sections of such a type" : NULL;
}

static uint32_t named_flags(const struct kn_image_section *s) {
  uint32_t flags = KN_COFF_READ;
  if (s->content == KILN_SECTION_OTHER) return s->format_type & ~KN_COFF_OTHERWISE;
  bool zero = s->content == KILN_SECTION_ZERO || (!s->nonzero && strncmp(s->name, ".bss", 4) == 0);
  if (s->flags & KILN_SECTION_EXEC) flags |= KN_COFF_EXEC | KN_COFF_CODE;
  else flags |= zero ? KN_COFF_ZERO : KN_COFF_DATA;
  if (s->flags & KILN_SECTION_WRITE) flags |= KN_COFF_WRITE;
  if (s->flags & KILN_SECTION_EXCLUDE) flags |= KN_COFF_REMOVE;
  if (!(s->flags & (KILN_SECTION_ALLOC | KN_SECTION_THREAD))) flags |= KN_COFF_DISCARD;
  return flags;
}

/* What a section of directives says is added to the only one of the object: GNU's linker reads one. */
static bool add_directives(struct kn_coff *c, uint32_t i) {
  const uint64_t n = c->image->sections.at[i].size;
  if (n > INT32_MAX || !KN_ROOM(c->m, c->directives, (size_t)n)) return false;
  kn_image_content(c->image, i, c->directives.at + c->directives.n);
  c->directives.n += (uint32_t)n;
  return true;
}

static bool add_section(struct kn_coff *c, uint32_t i) {
  const struct kn_image_section *s = c->image->sections.at + i;
  const bool named = s->kind >= KN_SECTION_NAMED;
  const char *name = named ? s->name : kinds[s->kind].name, *lacking = lacks_of(s);
  if (lacking != NULL)
    return KN_MODULE_FAIL(false, c->m, KILN_ERR_UNSUPPORTED, "section '%.100s': COFF has no %s",
                          name != NULL ? name : "", lacking);
  if (name == NULL) return true;
  if (named && strcmp(name, ".drectve") == 0) return add_directives(c, i);
  uint32_t flags = named ? named_flags(s) : kinds[s->kind].flags;
  if (!named && (s->comdat != 0 || s->own) && s->owner != 0)
    name = kn_arena_print(&c->arena, "%s$%s", name, kn_image_name(c->image, s->owner));
  if (s->comdat != 0) flags |= KN_COFF_COMDAT;
  if (s->size > UINT32_MAX / 2)
    return KN_MODULE_FAIL(false, c->m, KILN_ERR_LIMIT, "section '%.100s' is larger than 2 GiB",
                          name != NULL ? name : "");
  uint32_t k = kn_coff_add(c, name, flags, s->align);
  if (k == UINT32_MAX) return false;
  c->section_of[i] = k + 1;
  c->sections.at[k].image = i + 1;
  c->sections.at[k].size = s->size;
  return true;
}

/* Has a section tables of unwinding for the code of a comdat, which GNU's linker finds by the name? */
static bool is_table(const char *name) {
  return strncmp(name, ".xdata$", 7) == 0 || strncmp(name, ".pdata$", 7) == 0;
}

/* A comdat's section is that of the symbol of its name; others go with that. */
static bool choose(struct kn_coff *c, struct kn_coff_section *s) {
  static const uint8_t choices[KILN_COMDAT_COUNT] = {[KILN_COMDAT_ANY] = KN_COFF_ANY,
                                                     [KILN_COMDAT_SAME_SIZE] = KN_COFF_SAME_SIZE,
                                                     [KILN_COMDAT_EXACT] = KN_COFF_EXACT,
                                                     [KILN_COMDAT_LARGEST] = KN_COFF_LARGEST};
  const uint32_t id = s->image != 0 ? c->image->sections.at[s->image - 1].comdat : 0;
  if (id == 0) return true;
  const struct kn_comdat *comdat = kn_comdat(c->m, id);
  const struct kn_place *p = c->image->places + comdat->symbol;
  const uint32_t leader =
    comdat->symbol != 0 && kn_place_is_in_section(p) ? c->section_of[p->section - 1] : 0;
  const bool alone = leader != 0 && !(c->sections.at[leader - 1].flags & KN_COFF_COMDAT);
  if (alone && kn_symbol(c->m, comdat->symbol)->linkage == KILN_LINKAGE_EXTERNAL) {
    s->flags &= ~(uint32_t)KN_COFF_COMDAT; /* of a constructor: no other object has the symbol */
    return true;
  }
  if (leader == 0 || alone)
    return KN_MODULE_FAIL(false, c->m, KILN_ERR_UNSUPPORTED,
                          "section group '%.100s': COFF has only groups with a symbol of that name",
                          comdat->name);
  if (c->sections.at + leader - 1 != s && is_table(s->name)) {
    s->select = KN_COFF_ANY; /* as kn_coff_plan_unwind has it */
    return true;
  }
  if (c->sections.at + leader - 1 != s) {
    s->select = KN_COFF_ASSOCIATIVE;
    s->with = leader;
    return true;
  }
  s->select = comdat->stays ? KN_COFF_ONE_ONLY : choices[comdat->choice];
  s->leader = comdat->symbol;
  return true;
}

static bool plan(struct kn_coff *c) {
  const struct kn_image *image = c->image;
  const uint32_t n = c->m->symbols.n, n_sections = image->sections.n;
  c->section_of = kn_arena_zero(&c->arena, (n_sections + 1) * sizeof *c->section_of, 4);
  c->numbers = kn_arena_zero(&c->arena, n * sizeof *c->numbers, 4);
  c->refs = kn_arena_zero(&c->arena, n * sizeof *c->refs, 4);
  if (c->section_of == NULL || c->numbers == NULL || c->refs == NULL) return false;
  for (uint32_t i = 0; i < image->debug.first; i++)
    if (!add_section(c, i)) return false;
  for (uint32_t k = 0; k < c->sections.n; k++)
    if (!choose(c, c->sections.at + k)) return false;
  if (!kn_coff_plan_unwind(c)) return false;
  for (uint32_t i = image->debug.first; i < n_sections; i++)
    if (!add_section(c, i)) return false;
  return kn_coff_add_symbols(c);
}

/* ---- content ---- */

static uint8_t *extend(struct kn_coff *c, kiln_buffer *out, uint64_t n) {
  uint8_t *at = n <= UINT32_MAX && out->size + n <= UINT32_MAX ? kiln_buffer_reserve(out, n) : NULL;
  if (at == NULL) {
    kn_module_fail(c->m, n > UINT32_MAX ? KILN_ERR_LIMIT : KILN_ERR_MEMORY,
                   "no room for the object");
    return NULL;
  }
  out->size += n;
  return at;
}

/* Appends the content of section i to the object's body, from which its offset counts. */
static bool write_content(struct kn_coff *c, kiln_buffer *body, uint32_t i) {
  struct kn_coff_section *s = c->sections.at + i;
  if (s->flags & KN_COFF_ZERO || s->size == 0) return true;
  uint32_t padding = (uint32_t)-body->size & 3;
  uint8_t *at = extend(c, body, padding + s->size);
  if (at == NULL) return false;
  memset(at, 0, padding);
  at += padding;
  s->offset = (uint64_t)(at - body->data);
  if (s->image != 0) {
    kn_image_content(c->image, s->image - 1, at);
    return true;
  }
  memcpy(at, s->bytes.at, s->bytes.n);
  return true;
}

static bool find_relocs(struct kn_coff *c, uint8_t *object) {
  for (uint32_t i = 0; i < c->image->sections.n; i++) {
    const uint32_t k = c->section_of[i];
    if (k == 0 || c->sections.at[k - 1].flags & KN_COFF_ZERO) continue;
    c->current = k - 1;
    c->base = object + c->sections.at[k - 1].offset;
    if (!kn_image_relocs(c->image, i, c->base, kn_coff_put_reloc, c)) return false;
  }
  return kn_coff_unwind_relocs(c, object);
}

/* ---- tables ---- */

static bool is_many(const struct kn_coff_section *s) { return s->relocs.n >= MOST_RELOCS; }
/* Their number, where there are 16 bits for it. */
static uint16_t short_number(const struct kn_coff_section *s) {
  return is_many(s) ? (uint16_t)MOST_RELOCS : (uint16_t)s->relocs.n;
}

/* Appends a section's relocations; the number comes first where the header has no room for it. */
static bool write_relocs(struct kn_coff *c, kiln_buffer *out, const struct kn_coff_section *s) {
  const uint32_t many = is_many(s);
  uint8_t *p = extend(c, out, RELOC * ((uint64_t)s->relocs.n + many));
  if (p == NULL) return false;
  if (many) {
    kn_put32(p, s->relocs.n + 1);
    memset(p + 4, 0, RELOC - 4);
    p += RELOC;
  }
  for (const struct kn_coff_reloc *r = s->relocs.at, *end = r + s->relocs.n; r != end;
       r++, p += RELOC) {
    kn_put32(p, r->at);
    kn_put32(p + 4, r->symbol);
    kn_put16(p + 8, r->type);
  }
  return true;
}

/* The offset of a string in the table; 0 without memory. */
static uint32_t add_string(struct kn_coff *c, const char *text, size_t n) {
  if (!KN_ROOM(c->m, c->strings, n + 1)) return 0;
  uint32_t at = c->strings.n;
  memcpy(c->strings.at + at, text, n);
  c->strings.at[at + n] = 0;
  c->strings.n += (uint32_t)n + 1;
  return at;
}

/* A section's name: in 8 bytes, or where it is in the table of strings, in decimal or in base 64. A name that begins
 * with '/' would be read as the second. */
static bool put_section_name(struct kn_coff *c, uint8_t *p, const char *name) {
  size_t n = strlen(name);
  memset(p, 0, 8);
  if (n <= 8 && name[0] != '/') return memcpy(p, name, n), true;
  uint32_t at = add_string(c, name, n);
  char text[16];
  if (at == 0) return false;
  if (at <= 9999999) return memcpy(p, text, (size_t)snprintf(text, sizeof text, "/%u", at)), true;
  p[0] = p[1] = '/';
  for (unsigned k = 8; k-- > 2; at /= 64)
    p[k] = (uint8_t)"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[at % 64];
  return true;
}

/* JAMCRC, which tells apart the contents of comdats. */
static uint32_t checksum(const uint8_t *p, uint64_t n) {
  uint32_t crc = UINT32_MAX;
  for (const uint8_t *end = p + n; p != end; p++) {
    crc ^= *p;
    for (unsigned k = 0; k < 8; k++) crc = crc >> 1 ^ (0xedb88320 & (0 - (crc & 1)));
  }
  return crc;
}

/* The auxiliary record of `y` at `p`, of `bytes`; a file's name goes on in the following ones. */
static void put_aux(const struct kn_coff *c, const uint8_t *object, uint8_t *p, uint32_t bytes,
                    const struct kn_coff_symbol *y) {
  if (y->class == KN_COFF_FILE) {
    const size_t n = y->file != NULL ? strlen(y->file) : 0, most = (size_t)bytes * y->aux;
    if (y->file != NULL) memcpy(p, y->file, n < most ? n : most);
  } else if (y->class == KN_COFF_WEAK) {
    kn_put32(p, y->fallback);
    kn_put32(p + 4, KN_COFF_ALIAS);
  } else {
    const struct kn_coff_section *s = c->sections.at + y->of_section - 1;
    const uint32_t number = s->with != 0 ? s->with : y->of_section;
    kn_put32(p, (uint32_t)s->size);
    kn_put16(p + 4, short_number(s));
    if (s->select == KN_COFF_EXACT && !(s->flags & KN_COFF_ZERO))
      kn_put32(p + 8, checksum(object + s->offset, s->size));
    kn_put16(p + 12, (uint16_t)number);
    p[14] = s->select;
    if (bytes == KN_COFF_BIG_SYMBOL) kn_put16(p + 16, (uint16_t)(number >> 16));
  }
}

static bool write_symbols(struct kn_coff *c, kiln_buffer *out, size_t first, bool big) {
  const uint32_t bytes = big ? KN_COFF_BIG_SYMBOL : KN_COFF_SYMBOL;
  uint8_t *p = extend(c, out, (uint64_t)c->symbols.n * bytes);
  if (p == NULL) return false;
  memset(p, 0, (size_t)c->symbols.n * bytes);
  for (const struct kn_coff_symbol *y = c->symbols.at, *end = y + c->symbols.n; y != end;
       y++, p += bytes) {
    if (y->name == NULL) {
      put_aux(c, out->data + first, p, bytes, y);
      continue;
    }
    size_t n = strlen(y->name);
    uint32_t at = n > 8 ? add_string(c, y->name, n) : 0;
    if (n > 8 && at == 0) return false;
    if (n > 8) kn_put32(p + 4, at);
    else memcpy(p, y->name, n);
    kn_put32(p + 8, y->value);
    if (big) kn_put32(p + 12, (uint32_t)y->section);
    else kn_put16(p + 12, (uint16_t)y->section);
    uint8_t *rest = p + bytes - 4;
    kn_put16(rest, y->type);
    rest[2] = y->class;
    rest[3] = y->aux;
  }
  return true;
}

static bool put_headers(struct kn_coff *c, uint8_t *object, bool big, const uint32_t *relocs,
                        uint64_t symbols) {
  uint8_t *p = object;
  memset(p, 0, big ? BIG_HEADER : HEADER);
  if (big) { /* ANON_OBJECT_HEADER_BIGOBJ */
    static const uint8_t class[16] = {0xc7, 0xa1, 0xba, 0xd1, 0xee, 0xba, 0xa9, 0x4b,
                                      0xaf, 0x20, 0xfa, 0xf6, 0x6a, 0xa4, 0xdc, 0xb8};
    kn_put16(p + 2, 0xffff);
    kn_put16(p + 4, 2);
    kn_put16(p + 6, c->machine->number);
    memcpy(p + 12, class, sizeof class);
    kn_put32(p + 44, c->sections.n);
    kn_put32(p + 48, (uint32_t)symbols);
    kn_put32(p + 52, c->symbols.n);
    p += BIG_HEADER;
  } else {
    kn_put16(p, c->machine->number);
    kn_put16(p + 2, (uint16_t)c->sections.n);
    kn_put32(p + 8, (uint32_t)symbols);
    kn_put32(p + 12, c->symbols.n);
    p += HEADER;
  }
  for (uint32_t i = 0; i < c->sections.n; i++, p += SECTION) {
    const struct kn_coff_section *s = c->sections.at + i;
    memset(p, 0, SECTION);
    if (!put_section_name(c, p, s->name)) return false;
    kn_put32(p + 16, (uint32_t)s->size);
    kn_put32(p + 20, (uint32_t)s->offset);
    kn_put32(p + 24, s->relocs.n != 0 ? relocs[i] : 0);
    kn_put16(p + 32, short_number(s));
    uint32_t align = ((uint32_t)__builtin_ctz(s->align) + 1) << 20;
    kn_put32(p + 36, s->flags | align | (is_many(s) ? (uint32_t)KN_COFF_MANY_RELOCS : 0u));
  }
  return true;
}

/* Writes the content of all sections, and adds to `body` those that relocations and directives need. */
static bool write_body(struct kn_coff *c, kiln_buffer *body) {
  const uint32_t planned = c->sections.n;
  for (uint32_t i = 0; i < planned; i++)
    if (!write_content(c, body, i)) return false;
  if (!find_relocs(c, body->data)) return false;
  if (c->directives.n != 0) {
    uint32_t i = kn_coff_add(c, ".drectve", KN_COFF_INFO | KN_COFF_REMOVE, 1);
    uint8_t *to = i != UINT32_MAX ? kn_coff_append(c, i, c->directives.n) : NULL;
    if (to == NULL) return false;
    memcpy(to, c->directives.at, c->directives.n);
  }
  for (uint32_t i = planned; i < c->sections.n; i++)
    if (!write_content(c, body, i)) return false;
  return true;
}

static bool write_object(struct kn_coff *c, kiln_buffer *out) {
  const size_t first = out->size;
  kiln_buffer body = {.allocator = out->allocator};
  if (!KN_ROOM(c->m, c->strings, 4)) return false;
  c->strings.n = 4;
  bool ok = write_body(c, &body);
  const bool big = c->sections.n > MOST_SECTIONS;
  const uint64_t headers = (big ? BIG_HEADER : HEADER) + (uint64_t)SECTION * c->sections.n;
  const uint32_t padding = (uint32_t)-headers & 3;
  uint32_t *relocs = kn_arena_zero(&c->arena, (c->sections.n + 1) * sizeof *relocs, 4);
  uint8_t *to = ok && relocs != NULL ? extend(c, out, headers + padding + body.size) : NULL;
  if (to != NULL) memset(to + headers, 0, padding);
  if (to != NULL && body.size != 0) memcpy(to + headers + padding, body.data, body.size);
  kiln_buffer_free(&body);
  if (to == NULL) return false;
  for (uint32_t i = 0; i < c->sections.n; i++) {
    struct kn_coff_section *s = c->sections.at + i;
    if (s->size != 0 && !(s->flags & KN_COFF_ZERO)) s->offset += headers + padding;
    relocs[i] = (uint32_t)(out->size - first);
    if (s->relocs.n != 0 && !write_relocs(c, out, s)) return false;
  }
  const uint64_t symbols = out->size - first;
  if (!write_symbols(c, out, first, big) ||
      !put_headers(c, out->data + first, big, relocs, symbols) ||
      (to = extend(c, out, c->strings.n)) == NULL)
    return false;
  kn_put32(c->strings.at, c->strings.n);
  memcpy(to, c->strings.at, c->strings.n);
  return true;
}

static kiln_status write_coff(const struct kn_image *image, kiln_buffer *out) {
  kiln_module *m = image->m;
  struct kn_coff c = {
    .image = image, .m = m, .machine = kn_coff_machine(m->options.target.processor)};
  kn_arena_init(&c.arena, &m->options.allocator);
  bool ok = plan(&c) && write_object(&c, out);
  if (!ok && m->diag.status == KILN_OK) kn_module_fail(m, KILN_ERR_MEMORY, "out of memory");
  for (uint32_t i = 0; i < c.sections.n; i++)
    KN_FREE(&m->options.allocator, c.sections.at[i].bytes.at, c.sections.at[i].relocs.at);
  KN_FREE(&m->options.allocator, c.sections.at, c.symbols.at, c.strings.at, c.directives.at);
  kn_arena_free(&c.arena);
  return ok ? KILN_OK : m->diag.status;
}

const struct kn_object_format kn_coff_format = {
  .format = KILN_FORMAT_COFF,
  .name = "COFF",
  .reloc_number = kn_coff_reloc_number,
  .without = 1u << KILN_RELOC_REL64,
  .ctors = {".ctors", ".dtors"}, /* GNU's */
  .ctors_backwards = true,
  .write = write_coff,
};
