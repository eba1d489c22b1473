/* Globals: linkage, sections, and the content of data. */
#include "read.h"

/* ---- symbols ---- */

uint32_t kn_qbe_global(struct kn_qbe *r) {
  if (*r->p != '"') {
    kn_qbe_scan(r);
  } else { /* the same name as without quotes, or one of other characters, with a key that may be that of several */
    struct kn_qbe_name name = kn_qbe_string(r, "a name");
    const char *after = r->p;
    r->p = name.at;
    if (kn_qbe_is(r->p, KN_QBE_FIRST)) kn_qbe_scan(r), name.key = r->name.key;
    if (r->p != name.at + name.length) name.key |= UINT64_C(1) << 63;
    r->p = after;
    r->name = name;
  }
  uint32_t i = KN_QBE_FIND(r, globals);
  return i != 0 ? i : KN_QBE_ADD(r, globals);
}

kiln_symbol kn_qbe_symbol(struct kn_qbe *r, uint32_t global, bool thread, const char *at) {
  struct kn_qbe_global *g = r->globals.at + global;
  if (g->symbol.id == 0) { /* it is not defined here */
    kiln_symbol_desc desc = {.name = kn_qbe_c_name(r, &g->name), .tls = KILN_TLS_GENERAL_DYNAMIC};
    g->thread = thread;
    g->symbol = thread ? kiln_data_declare(r->m, &desc) : kiln_symbol_refer(r->m, desc.name);
  }
  if (g->thread != thread)
    kn_qbe_fail(r, at, KILN_ERR_SYMBOL, "$%.*s is %sthread-local", KN_QBE_SHOW(g->name),
                g->thread ? "" : "not ");
  return g->symbol;
}

/* ---- linkage ---- */

unsigned kn_qbe_linkage(struct kn_qbe *r, struct kn_qbe_linkage *l) {
  for (bool any = false;; any = true) {
    kn_qbe_past(r);
    const char *at = r->p;
    unsigned form = kn_qbe_word(r)->form;
    if (form == QF_EXPORT) {
      l->export = true;
    } else if (form == QF_THREAD) {
      l->thread = true;
    } else if (form == QF_COMMON) {
      l->common = true;
    } else if (form == QF_SECTION) {
      if (l->section.at != NULL) kn_qbe_wrong(r, at, "a second section");
      l->section = kn_qbe_string(r, "the name of a section");
      if (kn_qbe_peek(r) == '"') l->flags = kn_qbe_string(r, "");
    } else if (form == QF_DATA || (form == QF_FUNCTION && !l->thread && !l->common) ||
               (!any && (form == QF_TYPE || form == QF_DBGFILE))) {
      return form;
    } else {
      kn_qbe_wrong(r, at, "no definition, or not with this linkage");
    }
  }
}

/* The KILN_SECTION_... of the letters that the assembler takes. */
static unsigned section_flags(struct kn_qbe *r, const struct kn_qbe_linkage *l) {
  static const uint8_t known[256] = {['a'] = KILN_SECTION_ALLOC,  ['w'] = KILN_SECTION_WRITE,
                                     ['x'] = KILN_SECTION_EXEC,   ['T'] = KILN_SECTION_ALLOC,
                                     ['R'] = KILN_SECTION_RETAIN, ['e'] = KILN_SECTION_EXCLUDE};
  unsigned flags = 0;
  for (uint32_t i = 0; i < l->flags.length; i++) {
    char letter = l->flags.at[i];
    unsigned flag = letter == 'T' && !l->thread ? 0 : known[(uint8_t)letter];
    if (flag == 0)
      kn_qbe_fail(r, l->flags.at + i, KILN_ERR_UNSUPPORTED, "section flag '%c' is not supported",
                  letter);
    flags |= flag;
  }
  return flags;
}

/* Declares the section of a definition; its name, for which there is room. */
static void section(struct kn_qbe *r, const struct kn_qbe_linkage *l, char name[256],
                    const char *at) {
  kiln_section_desc s = {.flags = section_flags(r, l)}, above;
  if (l->section.length > 255)
    kn_qbe_fail(r, l->section.at, KILN_ERR_LIMIT, "a section name of more than 255 bytes");
  strcpy(name, kn_qbe_c_name(r, &l->section));
  if (l->flags.at == NULL) return;
  if (kiln_section_get(r->m, name, &above) && above.flags != s.flags)
    kn_qbe_fail(r, at, KILN_ERR_SYMBOL, "a section with other flags than above");
  kiln_section_declare(r->m, name, &s);
}

void kn_qbe_define(struct kn_qbe *r, uint32_t global, const struct kn_qbe_linkage *l, kiln_sig sig,
                   const char *at) {
  struct kn_qbe_global *g = r->globals.at + global;
  char name[256];
  if (g->defined)
    kn_qbe_fail(r, at, KILN_ERR_SYMBOL, "$%.*s is defined twice", KN_QBE_SHOW(g->name));
  if (g->symbol.id != 0 && l->thread)
    kn_qbe_fail(r, at, KILN_ERR_SYMBOL, "$%.*s is thread-local, and data above has its address",
                KN_QBE_SHOW(g->name));
  g->defined = true;
  g->thread = l->thread;
  g->exported = l->export;
  kiln_symbol_desc desc = {.linkage = l->common   ? KILN_LINKAGE_COMMON
                                      : l->export ? KILN_LINKAGE_EXTERNAL
                                                  : KILN_LINKAGE_INTERNAL,
                           .tls = l->thread ? KILN_TLS_GENERAL_DYNAMIC : KILN_TLS_NONE,
                           .body = true};
  if (l->section.at != NULL) {
    section(r, l, name, at);
    desc.section = name;
  }
  desc.name = kn_qbe_c_name(r, &g->name);
  g->symbol = sig.id != 0 ? kiln_func_declare(r->m, &desc, sig) : kiln_data_declare(r->m, &desc);
  if (g->symbol.id == 0)
    kn_qbe_fail(r, g->name.at, KILN_ERR_SYMBOL, "a symbol that cannot be declared");
}

/* ---- data ---- */

/* Content that is not all zero is held in memory. */
#define MAX_CONTENT (UINT32_C(1) << 30)

/* Appends the zeros so far and then content; NULL: `size` more zeros. */
static void content(struct kn_qbe *r, const void *bytes, uint64_t size, const char *at) {
  if (r->zeros + r->bytes.n + size > MAX_CONTENT)
    kn_qbe_fail(r, at, KILN_ERR_LIMIT, "data of more than 1 GiB that is not all zero");
  KN_QBE_ROOM(r, r->bytes, r->zeros + size);
  char *to = r->bytes.at + r->bytes.n;
  memset(to, 0, r->zeros + size);
  if (bytes != NULL) memcpy(to + r->zeros, bytes, size);
  r->bytes.n += (uint32_t)(r->zeros + size);
  r->zeros = 0;
}

/* `$name` or `$name + offset`, in `size` bytes. */
static void address(struct kn_qbe *r, unsigned size) {
  const char *at = r->p++;
  uint32_t global = kn_qbe_global(r);
  if (size < 4) kn_qbe_wrong(r, at, "an address has 4 or 8 bytes");
  kiln_symbol symbol = kn_qbe_symbol(r, global, false, at);
  content(r, NULL, size, at);
  kn_qbe_past(r);
  uint64_t addend = kn_qbe_take(r, '+') ? kn_qbe_integer(r, UINT64_MAX, "an offset") : 0;
  KN_QBE_PUSH(r, r->relocs,
              (kiln_reloc){.offset_bytes = r->bytes.n - size,
                           .symbol = symbol,
                           .addend = (int64_t)addend,
                           .size_bytes = (uint8_t)size});
}

/* An item of a field, of `size` bytes; 0: a number of zeros. False if none comes next. */
static bool item(struct kn_qbe *r, unsigned size) {
  char c = kn_qbe_past(r);
  const char *at = r->p;
  uint64_t bits;
  if (size != 0 && c == '$') {
    address(r, size);
  } else if (size != 0 && c == '"') {
    if (size != 1) kn_qbe_syntax(r, "a string is made of bytes: b");
    struct kn_qbe_name string = kn_qbe_string(r, "");
    kn_qbe_unescape(r, &string);
    content(r, r->chars.at, r->chars.n, at);
  } else if (c == 0 || (size == 0 && at[1] == '_') || !kn_qbe_number(r, &bits)) {
    return false;
  } else if (size != 0) {
    content(r, &bits, size, at);
  } else if (bits >> 46 != 0 || (r->zeros += bits) >> 46 != 0) {
    kn_qbe_fail(r, at, KILN_ERR_LIMIT, "data too large");
  }
  return true;
}

/* A field: a word, and items. */
static void field(struct kn_qbe *r) {
  const char *at = r->p;
  const struct kn_qbe_word *word = kn_qbe_word(r);
  bool zero = word->form == QF_ZERO;
  if (!zero && (word->form != QF_TYPE_NAME || word->fop == 0))
    kn_qbe_wrong(r, at, "one of b, h, w, l, s, d and z is expected");
  if (!item(r, word->fop))
    kn_qbe_syntax(r, zero ? "a number is expected" : "a number, a string or a global is expected");
  while (item(r, word->fop)) continue;
}

/* Data flags by those of the section, or else by its name. */
static unsigned data_flags(struct kn_qbe *r, const struct kn_qbe_linkage *l) {
  const char *name = l->section.at;
  bool constant =
    name != NULL && (strncmp(name, ".rodata", 7) == 0 || strncmp(name, ".text", 5) == 0);
  bool writable = l->flags.at != NULL ? section_flags(r, l) & KILN_SECTION_WRITE : !constant;
  return writable ? 0 : KILN_DATA_READ_ONLY;
}

void kn_qbe_data(struct kn_qbe *r, const struct kn_qbe_linkage *l) {
  kn_qbe_past(r);
  const char *at = r->p;
  kn_qbe_expect(r, '$');
  uint32_t global = kn_qbe_global(r);
  const char *named = r->p;
  kn_qbe_define(r, global, l, (kiln_sig){0}, at);
  r->zeros = r->bytes.n = r->relocs.n = 0;
  kn_qbe_want(r, '=');
  /* sections hold tables of pointers */
  uint32_t aligned = kn_qbe_align(r, l->section.at != NULL ? 8 : 16);
  kn_qbe_want(r, '{');
  while (kn_qbe_past(r) != '}') {
    field(r);
    kn_qbe_past(r);
    if (!kn_qbe_take(r, ',')) break;
  }
  if (kn_qbe_past(r) == 0) kn_qbe_wrong(r, named, "this definition has no end: '}'");
  kn_qbe_expect(r, '}');
  kiln_data_desc desc = {.size_bytes = r->zeros,
                         .align_log2 = (uint8_t)__builtin_ctz(aligned),
                         .flags = data_flags(r, l)};
  if (r->bytes.n != 0) {
    if (l->common) kn_qbe_wrong(r, at, "common data with content");
    content(r, NULL, 0, at);
    desc.bytes = r->bytes.at;
    desc.size_bytes = r->bytes.n;
    desc.relocs = r->relocs.at;
    desc.n_relocs = r->relocs.n;
  }
  if (kiln_data_define(r->m, r->globals.at[global].symbol, &desc) != KILN_OK)
    kn_qbe_fail(r, at, kiln_module_status(r->m), "data that cannot be defined");
}
