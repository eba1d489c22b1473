/* Definitions: types, linkage, data, the heads of functions; and the entry point of the reader. All that is defined
 * is declared before the first body is read, since symbols are used above their definitions. The ABI is that of C:
 * <kiln/ctypes.h> knows it. */
#include "read.h"

#include <unistd.h>

/* ---- types ---- */

static const kiln_ckind kinds[KN_QBE_TYPES] = {
  [QW] = KILN_C_INT,    [QL] = KILN_C_LONG,    [QS] = KILN_C_FLOAT,
  [QD] = KILN_C_DOUBLE, [QSB] = KILN_C_SCHAR,  [QUB] = KILN_C_UCHAR,
  [QSH] = KILN_C_SHORT, [QUH] = KILN_C_USHORT, [QENV] = KILN_C_CHAIN,
};

/* Larger ones cannot be passed. Sums of sizes that were compared with it do not overflow. */
#define MAX_SIZE INT32_MAX

static const char alignment[] = "a power of two of at most 65536";

/* `align` and a number, if it comes next; or else the number that is given. */
static uint32_t align(struct kn_qbe *r, uint32_t otherwise) {
  uint64_t n = 0;
  if (kn_qbe_past(r) != 'a') return otherwise;
  const char *at = r->p;
  const struct kn_qbe_word *word = kn_qbe_word(r);
  if (word == NULL || word->form != QF_ALIGN) kn_qbe_wrong(r, at, "'align' is expected");
  kn_qbe_past(r);
  at = r->p;
  if (!kn_qbe_integer(r, 65536, alignment, &n) || __builtin_popcountll(n) != 1)
    kn_qbe_wrong(r, at, "%s is expected", alignment);
  return r->failed ? otherwise : (uint32_t)n;
}

/* The character that must come next, past ends of lines. */
static void want(struct kn_qbe *r, char c) {
  kn_qbe_past(r);
  kn_qbe_expect(r, c);
}

/* A record of the members from `first` on. */
static kiln_ctype record(struct kn_qbe *r, bool is_union, uint32_t first,
                         const kiln_clayout *layout) {
  const kiln_cfield *fields = r->fields.at != NULL ? r->fields.at + first : NULL;
  uint32_t n = r->fields.n - first;
  r->fields.n = first;
  return is_union ? kiln_ctype_union(r->c, fields, n, layout)
                  : kiln_ctype_struct(r->c, fields, n, layout);
}

static void add_member(struct kn_qbe *r, kiln_ctype type, uint64_t count, uint64_t *size,
                       const char *at) {
  kiln_ctype_info info = kiln_ctype_get(r->c, type);
  if ((*size += count * info.size_bytes + info.align_bytes) > MAX_SIZE)
    kn_qbe_fail(r, at, KILN_ERR_LIMIT, "a type of 2 GiB or more");
  if (r->failed) return;
  if (count != 1) type = kiln_ctype_array(r->c, type, count);
  (void)KN_QBE_PUSH(r, r->fields, (kiln_cfield){.type = type});
}

/* Members up to the closing brace; `*size` is at least the sum of their sizes. */
static void members(struct kn_qbe *r, uint64_t *size) {
  while (kn_qbe_past(r) != '}' && !r->failed) {
    const char *at = r->p;
    uint64_t count = 1;
    kiln_ctype type = {0};
    if (*at == ':') {
      uint32_t i = kn_qbe_type(r, false);
      if (!r->failed) type = r->aggregates.at[i - KN_QBE_TYPES];
    } else {
      const struct kn_qbe_word *word = kn_qbe_word(r);
      if (word != NULL && word->form == QF_TYPE_NAME && word->fop != 0)
        type = kiln_ctype_basic(kinds[word->op]);
    }
    if (type.id == 0) kn_qbe_wrong(r, at, "the type of a member is expected");
    char c = kn_qbe_past(r);
    if (c == '-' || kn_qbe_is(r->p, KN_QBE_DIGIT))
      kn_qbe_integer(r, MAX_SIZE, "a count below 2^31", &count);
    add_member(r, type, count, size, at);
    if (kn_qbe_past(r) != ',') break;
    r->p++;
  }
  want(r, '}');
}

/* From behind `type` on. */
static void aggregate(struct kn_qbe *r) {
  uint64_t size = 0;
  bool is_union = false, opaque;
  kn_qbe_past(r);
  const char *at = r->p;
  kn_qbe_expect(r, ':');
  uint32_t number = kn_qbe_lookup(r, &r->aggregate_names, true);
  if (number < r->aggregates.n)
    kn_qbe_fail(r, at, KILN_ERR_SYMBOL, "type :%.*s is defined twice",
                KN_QBE_SHOW(r->aggregate_names.names + number));
  want(r, '=');
  uint32_t aligned = align(r, 0);
  want(r, '{');
  r->fields.n = 0;
  is_union = kn_qbe_past(r) == '{';
  opaque = kn_qbe_is(r->p, KN_QBE_DIGIT);
  if (opaque && aligned == 0) kn_qbe_wrong(r, at, "an opaque type needs an alignment");
  if (opaque) {
    kn_qbe_integer(r, MAX_SIZE, "a size below 2^31", &size);
    add_member(r, kiln_ctype_basic(KILN_C_UCHAR), size, &(uint64_t){0}, at);
    want(r, '}');
  } else if (is_union) { /* its variants are structs */
    while (kn_qbe_past(r) == '{' && !r->failed) {
      uint32_t first = r->fields.n;
      r->p++;
      members(r, &size);
      kiln_ctype type = record(r, false, first, NULL);
      (void)KN_QBE_PUSH(r, r->fields, (kiln_cfield){.type = type});
    }
    kn_qbe_expect(r, '}');
  } else {
    members(r, &size);
  }
  kiln_clayout layout = {.align_bytes = aligned, .in_memory = opaque};
  if (!r->failed) (void)KN_QBE_PUSH(r, r->aggregates, record(r, is_union, 0, &layout));
}

uint32_t kn_qbe_other_type(struct kn_qbe *r, bool first) {
  const char *at = r->p;
  if (*at == ':') {
    r->p++;
    uint32_t i = kn_qbe_lookup(r, &r->aggregate_names, false);
    struct kn_qbe_name name = {at + 1, (uint32_t)(r->p - at) - 1};
    if (i < r->aggregates.n) return i + KN_QBE_TYPES;
    kn_qbe_fail(r, at, KILN_ERR_SYMBOL, "type :%.*s is not defined above", KN_QBE_SHOW(&name));
    return QL;
  }
  const struct kn_qbe_word *word = kn_qbe_is(at, KN_QBE_FIRST) ? kn_qbe_word(r) : NULL;
  if (word != NULL && word->form == QF_TYPE_NAME && word->fop == 0) {
    if (word->op == QENV && !first) kn_qbe_wrong(r, at, "env is for a first parameter");
    return word->op;
  }
  kn_qbe_wrong(r, at, "a type is expected: w, l, s, d, sb, ub, sh, uh or an aggregate");
  return QL;
}

static kiln_csig make_signature(struct kn_qbe *r, const uint32_t *types, uint32_t n_types,
                                const char *at) {
  uint32_t n = 0, n_fixed = KN_QBE_NONE;
  kiln_ctype result = kiln_ctype_basic(KILN_C_VOID);
  kiln_csig sig = {0};
  if (n_types > 16384) kn_qbe_fail(r, at, KILN_ERR_LIMIT, "more than 16383 parameters");
  if (r->failed || !KN_QBE_ROOM(r, r->ctypes, n_types)) return sig;
  for (uint32_t i = 0; i < n_types; i++) {
    uint32_t type = types[i];
    if (type == KN_QBE_VARIADIC) n_fixed = n;
    if (type >= KN_QBE_VOID) continue;
    kiln_ctype t =
      type < KN_QBE_TYPES ? kiln_ctype_basic(kinds[type]) : r->aggregates.at[type - KN_QBE_TYPES];
    if (i == 0) result = t;
    else r->ctypes.at[n++] = t;
  }
  bool variadic = n_fixed != KN_QBE_NONE;
  if (!variadic) n_fixed = n;
  sig = kiln_csig_new(r->c, variadic ? KILN_SIG_VARIADIC : 0, result, r->ctypes.at, n_fixed);
  if (n > n_fixed) sig = kiln_csig_variadic(r->c, sig, r->ctypes.at + n_fixed, n - n_fixed);
  if (sig.id == 0) kn_qbe_fail(r, at, KILN_ERR_UNSUPPORTED, "a signature that cannot be passed");
  return sig;
}

/* Those of at most 14 classes are made once: their types fit into a number, a digit each. */
kiln_csig kn_qbe_signature(struct kn_qbe *r, const uint32_t *types, uint32_t n, const char *at) {
  uint64_t key = 1;
  bool simple = n <= 14;
  for (uint32_t i = 0; i < n && simple; i++) {
    uint32_t type = types[i];
    simple = type < KN_QBE_TYPES || type >= KN_QBE_VOID;
    key = key << 4 | (type & 15); /* of the markers, greater than all types too */
  }
  if (!simple) return make_signature(r, types, n, at);
  struct kn_qbe_made *made = r->made + (key * UINT64_C(0x9e3779b97f4a7c15) >> 58);
  if (made->key != key) *made = (struct kn_qbe_made){key, make_signature(r, types, n, at)};
  return made->sig;
}

/* ---- names ---- */

/* Puts what a string stands for into r->chars, and a NUL behind it, which does not count. */
static bool unescape(struct kn_qbe *r, const struct kn_qbe_name *s) {
  static const char letters[] = "bfnrt\\\"", bytes[] = "\b\f\n\r\t\\\"";
  r->chars.n = 0;
  if (!KN_QBE_ROOM(r, r->chars, (uint64_t)s->length + 1)) return false;
  char *to = r->chars.at;
  for (const char *p = s->at, *end = p + s->length; p < end; p++) {
    const char *escape = p, *known;
    unsigned byte = (uint8_t)*p, digits = 0;
    if (byte == '\\' && *++p == 'x') { /* as many digits as there are; the last two count */
      static const char hex[] = "0123456789abcdef0123456789ABCDEF";
      for (const char *h; p + 1 < end && (h = memchr(hex, p[1], 32)) != NULL; p++, digits++)
        byte = byte << 4 | ((h - hex) & 15);
    } else if (byte == '\\' && (known = memchr(letters, *p, sizeof letters - 1)) != NULL) {
      byte = (uint8_t)bytes[known - letters];
      digits = 1;
    } else if (byte == '\\') {
      for (byte = 0, p--; p + 1 < end && digits < 3 && p[1] >= '0' && p[1] <= '7'; digits++)
        byte = byte << 3 | (unsigned)(*++p - '0');
    }
    if (*escape == '\\' && digits == 0) return kn_qbe_wrong(r, escape, "an unknown escape");
    *to++ = (char)byte;
  }
  *to = 0;
  r->chars.n = (uint32_t)(to - r->chars.at);
  return true;
}

/* The name of a symbol or section for C; "" and an error if it cannot be one. */
static const char *c_name(struct kn_qbe *r, const struct kn_qbe_name *s) {
  if (!unescape(r, s)) return "";
  if (r->chars.n != 0 && strlen(r->chars.at) == r->chars.n) return r->chars.at;
  kn_qbe_wrong(r, s->at, "a name of at least one byte, and none of them 0, is expected");
  return "";
}

uint32_t kn_qbe_global(struct kn_qbe *r) {
  uint32_t i = KN_QBE_NONE;
  uint64_t key;
  if (*r->p != '"') i = kn_qbe_lookup(r, &r->global_names, true);
  else if (kn_qbe_string(r, "a name")) {
    /* other characters: a key of longer names, which may be that of several */
    const struct kn_qbe_name *s = &r->string;
    if (kn_qbe_scan(s->at, &key) != s->at + s->length) key |= UINT64_C(1) << 63;
    i = kn_qbe_intern(r, &r->global_names, key, s->at, s->length, true);
  }
  if (i == KN_QBE_NONE || i < r->globals.n) return i;
  return KN_QBE_PUSH(r, r->globals, (struct kn_qbe_global){.thread = false}) ? i : KN_QBE_NONE;
}

kiln_symbol kn_qbe_symbol(struct kn_qbe *r, uint32_t global, bool thread, const char *at) {
  struct kn_qbe_global *g = r->globals.at + global;
  const struct kn_qbe_name *name = r->global_names.names + global;
  if (g->symbol.id == 0) { /* it is not defined here */
    const char *c = c_name(r, name);
    if (r->failed) return g->symbol;
    g->thread = thread;
    g->symbol =
      thread
        ? kiln_data_declare(r->m, &(kiln_symbol_desc){.name = c, .tls = KILN_TLS_GENERAL_DYNAMIC})
        : kiln_symbol_refer(r->m, c);
  }
  if (g->thread != thread)
    kn_qbe_fail(r, at, KILN_ERR_SYMBOL, "$%.*s is %sthread-local", KN_QBE_SHOW(name),
                g->thread ? "" : "not ");
  return g->symbol;
}

/* The global that is defined, whose place is `*at`. */
static uint32_t global_defined(struct kn_qbe *r, const char **at) {
  kn_qbe_past(r);
  *at = r->p;
  kn_qbe_expect(r, '$');
  return kn_qbe_global(r);
}

/* ---- linkage ---- */

/* What stands before a definition; strings as in the text. */
struct linkage {
  bool export, thread, common;
  struct kn_qbe_name section, flags; /* `at` is NULL if there is none */
};

/* Reads the words before a definition, and the word that says what it is. */
static unsigned linkage(struct kn_qbe *r, struct linkage *l) {
  for (bool any = false;; any = true) {
    kn_qbe_past(r);
    const char *at = r->p;
    const struct kn_qbe_word *word = kn_qbe_word(r);
    unsigned form = word != NULL ? word->form : QF_HLT;
    if (form == QF_EXPORT) l->export = true;
    else if (form == QF_THREAD) l->thread = true;
    else if (form == QF_COMMON) l->common = true;
    else if (form == QF_SECTION) {
      if (l->section.at != NULL) kn_qbe_wrong(r, at, "a second section");
      kn_qbe_string(r, "the name of a section");
      l->section = r->string;
      if (kn_qbe_peek(r) == '"' && kn_qbe_string(r, "")) l->flags = r->string;
    } else {
      bool good = form == QF_DATA || (!any && (form == QF_TYPE || form == QF_DBGFILE)) ||
                  (form == QF_FUNCTION && !l->thread && !l->common);
      if (!good) kn_qbe_wrong(r, at, "no definition, or not with this linkage");
      return form;
    }
  }
}

/* The KILN_SECTION_... of the letters that the assembler takes. */
static unsigned section_flags(struct kn_qbe *r, const struct linkage *l) {
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

/* Data flags by those of the section, or else by its name. */
static unsigned data_flags(struct kn_qbe *r, const struct linkage *l) {
  const char *name = l->section.at;
  bool constant =
    name != NULL && (strncmp(name, ".rodata", 7) == 0 || strncmp(name, ".text", 5) == 0);
  bool writable = l->flags.at != NULL ? section_flags(r, l) & KILN_SECTION_WRITE : !constant;
  return writable ? 0 : KILN_DATA_READ_ONLY;
}

/* Declares what is defined here. */
static void define(struct kn_qbe *r, uint32_t global, const struct linkage *l, kiln_sig sig,
                   const char *at) {
  kiln_symbol_desc desc = {.linkage = l->common   ? KILN_LINKAGE_COMMON
                                      : l->export ? KILN_LINKAGE_EXTERNAL
                                                  : KILN_LINKAGE_INTERNAL,
                           .tls = l->thread ? KILN_TLS_GENERAL_DYNAMIC : KILN_TLS_NONE,
                           .body = true};
  char section[256] = "";
  if (r->failed) return;
  struct kn_qbe_global *g = r->globals.at + global;
  const struct kn_qbe_name *name = r->global_names.names + global;
  if (g->defined) kn_qbe_fail(r, at, KILN_ERR_SYMBOL, "$%.*s is defined twice", KN_QBE_SHOW(name));
  if (g->symbol.id != 0 && l->thread)
    kn_qbe_fail(r, at, KILN_ERR_SYMBOL, "$%.*s is thread-local, and data above has its address",
                KN_QBE_SHOW(name));
  g->defined = true;
  g->thread = l->thread;
  g->exported = l->export;
  if (l->section.at != NULL) {
    if (l->section.length >= sizeof section)
      kn_qbe_fail(r, l->section.at, KILN_ERR_LIMIT, "a section name of more than 255 bytes");
    else strcpy(section, c_name(r, &l->section));
    kiln_section_desc s = {.flags = section_flags(r, l)}, above;
    if (l->flags.at != NULL && kiln_section_get(r->m, section, &above) && above.flags != s.flags)
      kn_qbe_fail(r, at, KILN_ERR_SYMBOL, "a section with other flags than above");
    if (l->flags.at != NULL && !r->failed) kiln_section_declare(r->m, section, &s);
    desc.section = section;
  }
  desc.name = c_name(r, name);
  if (r->failed) return;
  g->symbol = sig.id != 0 ? kiln_func_declare(r->m, &desc, sig) : kiln_data_declare(r->m, &desc);
  if (g->symbol.id == 0)
    kn_qbe_fail(r, name->at, KILN_ERR_SYMBOL, "a symbol that cannot be declared");
}

/* ---- data ---- */

/* Content that is not all zero is held in memory. */
#define MAX_CONTENT (UINT32_C(1) << 30)

/* Appends content to r->bytes, `*zeros` zeros before it. NULL: `size` more zeros. */
static void content(struct kn_qbe *r, uint64_t *zeros, const void *bytes, uint64_t size,
                    const char *at) {
  if (*zeros + r->bytes.n + size > MAX_CONTENT)
    kn_qbe_fail(r, at, KILN_ERR_LIMIT, "data of more than 1 GiB that is not all zero");
  if (r->failed || !KN_QBE_ROOM(r, r->bytes, *zeros + size)) return;
  char *to = r->bytes.at + r->bytes.n;
  memset(to, 0, *zeros + size);
  if (bytes != NULL) memcpy(to + *zeros, bytes, size);
  r->bytes.n += (uint32_t)(*zeros + size);
  *zeros = 0;
}

/* `$name` or `$name + offset`, in `size` bytes. */
static void address(struct kn_qbe *r, uint64_t *zeros, unsigned size) {
  const char *at = r->p++;
  uint32_t global = kn_qbe_global(r);
  uint64_t addend = 0;
  if (size < 4) kn_qbe_wrong(r, at, "an address has 4 or 8 bytes");
  if (r->failed) return;
  kiln_symbol symbol = kn_qbe_symbol(r, global, false, at);
  content(r, zeros, NULL, size, at);
  kn_qbe_past(r);
  if (kn_qbe_take(r, '+')) kn_qbe_integer(r, UINT64_MAX, "an offset", &addend);
  (void)KN_QBE_PUSH(r, r->relocs,
                    (kiln_reloc){.offset_bytes = r->bytes.n - size,
                                 .symbol = symbol,
                                 .addend = (int64_t)addend,
                                 .size_bytes = (uint8_t)size});
}

/* The items of a field, of `size` bytes each; 0: numbers of zeros. */
static void items(struct kn_qbe *r, uint64_t *zeros, unsigned size) {
  bool any = false;
  for (;; any = true) {
    char c = kn_qbe_past(r);
    const char *at = r->p;
    uint64_t bits;
    if (size != 0 && c == '$') {
      address(r, zeros, size);
    } else if (size != 0 && c == '"') {
      if (size != 1) kn_qbe_syntax(r, "a string is made of bytes: b");
      if (kn_qbe_string(r, "") && unescape(r, &r->string))
        content(r, zeros, r->chars.at, r->chars.n, at);
    } else if (c != 0 && (size != 0 || at[1] != '_') && kn_qbe_number(r, &bits)) {
      if (size != 0) content(r, zeros, &bits, size, at);
      else if (bits >> 46 != 0 || (*zeros += bits) >> 46 != 0)
        kn_qbe_fail(r, at, KILN_ERR_LIMIT, "data too large");
    } else {
      break;
    }
  }
  if (!any)
    kn_qbe_syntax(r, size != 0 ? "a number, a string or a global is expected"
                               : "a number is expected");
}

/* The content of a global, from its '=' on. */
static void data(struct kn_qbe *r, uint32_t global, const struct linkage *l, const char *at) {
  uint64_t zeros = 0;
  const char *named = r->p;
  r->bytes.n = r->relocs.n = 0;
  want(r, '=');
  uint32_t aligned =
    align(r, l->section.at != NULL ? 8 : 16); /* sections hold tables of pointers */
  want(r, '{');
  while (kn_qbe_past(r) != '}' && !r->failed) {
    const char *field = r->p;
    const struct kn_qbe_word *word = kn_qbe_word(r);
    bool zero = word != NULL && word->form == QF_ZERO;
    if (!zero && word != NULL && (word->form != QF_TYPE_NAME || word->fop == 0))
      kn_qbe_wrong(r, field, "one of b, h, w, l, s, d and z is expected");
    if (word != NULL) items(r, &zeros, zero ? 0 : word->fop);
    if (kn_qbe_past(r) != ',') break;
    r->p++;
  }
  if (kn_qbe_past(r) == 0) kn_qbe_wrong(r, named, "this definition has no end: '}'");
  kn_qbe_expect(r, '}');
  kiln_data_desc desc = {
    .size_bytes = zeros, .align_log2 = (uint8_t)__builtin_ctz(aligned), .flags = data_flags(r, l)};
  if (r->bytes.n != 0 && l->common) kn_qbe_wrong(r, at, "common data with content");
  if (r->bytes.n != 0) {
    content(r, &zeros, NULL, 0, at);
    desc.bytes = r->bytes.at;
    desc.size_bytes = r->bytes.n;
    desc.relocs = r->relocs.at;
    desc.n_relocs = r->relocs.n;
  }
  if (!r->failed && kiln_data_define(r->m, r->globals.at[global].symbol, &desc) != KILN_OK)
    kn_qbe_fail(r, at, kiln_module_status(r->m), "data that cannot be defined");
}

/* ---- functions ---- */

/* Result, name, parameters and brace of a function; the number of its name, whose place is `*at`. */
static uint32_t head(struct kn_qbe *r, const char **at) {
  r->params.n = 0;
  r->variadic = false;
  kn_qbe_forget(&r->temp_names);
  (void)KN_QBE_PUSH(r, r->params, kn_qbe_past(r) == '$' ? KN_QBE_VOID : kn_qbe_type(r, false));
  uint32_t global = global_defined(r, at);
  want(r, '(');
  while (kn_qbe_past(r) != ')' && !r->failed) {
    if (r->variadic) kn_qbe_syntax(r, "a parameter behind '...'");
    if (kn_qbe_dots(r)) {
      r->variadic = true;
      (void)KN_QBE_PUSH(r, r->params, KN_QBE_VARIADIC);
    } else {
      uint32_t type = kn_qbe_type(r, r->params.n == 1), n = r->temp_names.n;
      (void)KN_QBE_PUSH(r, r->params, type);
      kn_qbe_expect(r, '%');
      const char *name = r->p - 1;
      if (kn_qbe_lookup(r, &r->temp_names, true) < n)
        kn_qbe_fail(r, name, KILN_ERR_SYMBOL, "two parameters of one name");
    }
    kn_qbe_past(r);
    if (!kn_qbe_take(r, ',')) break;
  }
  want(r, ')');
  want(r, '{');
  r->signature = kn_qbe_signature(r, r->params.at, r->params.n, *at);
  return global;
}

/* Past a body: its end is the first brace that begins a line. */
static void skip_body(struct kn_qbe *r) {
  for (const char *p = r->p; (p = memchr(p, '}', (size_t)(r->end - p))) != NULL; p++) {
    const char *before = p - 1;
    while (kn_qbe_is(before, KN_QBE_BLANK)) before--;
    if (*before != '\n') continue;
    r->p = p + 1;
    return;
  }
  kn_qbe_wrong(r, r->p - 1, "this body has no end: '}' at the beginning of a line");
}

/* ---- lines ---- */

enum { LANGUAGE = 0x8001 }; /* one that debuggers do not know */

/* The lines that follow are those of a file. The first file gives the unit its name. */
static void debug_file(struct kn_qbe *r, const char *name) {
  char folder[4096];
  bool is_known = getcwd(folder, sizeof folder) != NULL;
  r->file_entry = kiln_die_file(kiln_module_debug(r->m), is_known ? folder : NULL, name);
  r->file = kiln_file_of(r->session, name, r->file_entry);
  if (r->unit.id == 0) r->unit = kiln_die_unit(r->m, r->file_entry, "kiln qbe", LANGUAGE);
}

void kn_qbe_describe(struct kn_qbe *r, uint32_t global) {
  if (r->begins == 0) return;
  kiln_declaration what = {.name = c_name(r, r->global_names.names + global),
                           .file = r->file_entry,
                           .line = r->line,
                           .external = r->globals.at[global].exported};
  kiln_die e = kiln_die_function(kiln_session_debug(r->session), (kiln_die){0}, &what, false);
  kiln_func_debug(r->f, e, r->unit, r->begins);
}

/* ---- the whole ---- */

/* Reads a definition. Bodies of functions come later, since code for what is defined below is better once that is
 * known: this only notes where they are. */
static void definition(struct kn_qbe *r) {
  struct linkage l = {.export = false};
  const char *at;
  unsigned form = linkage(r, &l);
  if (form == QF_FUNCTION) {
    struct kn_qbe_body body = {r->p, r->file, r->file_entry};
    uint32_t global = head(r, &at);
    define(r, global, &l, kiln_csig_sig(r->c, r->signature), at);
    (void)KN_QBE_PUSH(r, r->bodies, body);
    skip_body(r);
  } else if (form == QF_DATA) {
    uint32_t global = global_defined(r, &at);
    define(r, global, &l, (kiln_sig){0}, at);
    data(r, global, &l, at);
  } else if (form == QF_TYPE) {
    aggregate(r);
  } else if (kn_qbe_string(r, "the name of a file")) {
    const char *name = c_name(r, &r->string);
    if (!r->failed) debug_file(r, name);
  }
}

kiln_status kiln_qbe_read(kiln_session *s, const char *text, size_t size, kiln_func_sink sink,
                          void *user, uint64_t *instructions) {
  struct kn_qbe r = {.session = s, .m = kiln_session_module(s), .sink = sink, .user = user};
  if (r.m == NULL) return KILN_ERR_ARGUMENT;
  r.c = kiln_ctypes_new(r.m);
  kiln_ctypes_set_promotion(r.c, false);
  r.allocator = kiln_module_allocator(r.m);
  r.text = text;
  char *copy = NULL;
  if (size == 0 || text[size - 1] != '\n') { /* every line has its end */
    r.text = copy = kn_qbe_resize(&r, NULL, size + 1);
    if (copy != NULL && size != 0) memcpy(copy, text, size);
    if (copy != NULL) copy[size++] = '\n';
  }
  bool memory = r.c != NULL && r.text != NULL;
  if (r.text == NULL) r.text = "\n", size = 1;
  r.p = r.text;
  r.end = r.text + size;
  if (!memory || !kn_qbe_begin(&r)) kn_qbe_fail(&r, r.p, KILN_ERR_MEMORY, "out of memory");
  if (size > INT32_MAX) kn_qbe_fail(&r, r.p, KILN_ERR_LIMIT, "a text of 2 GiB or more");
  while (kn_qbe_past(&r) != 0) definition(&r);
  for (uint32_t i = 0; i < r.bodies.n && !r.failed; i++) {
    const char *at;
    r.p = r.bodies.at[i].at;
    r.file = r.bodies.at[i].file;
    r.file_entry = r.bodies.at[i].file_entry;
    uint32_t global = head(&r, &at);
    if (!r.failed) kn_qbe_function(&r, global, at);
  }
  kn_qbe_end(&r);
  kiln_ctypes_free(r.c);
  kn_qbe_free(&r, copy);
  if (instructions != NULL) *instructions = r.instructions;
  return r.status != KILN_OK ? r.status : kiln_module_status(r.m);
}
