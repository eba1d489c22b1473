/* Definitions: types, signatures, data, linkage, the heads of functions, lines; and the entry point of the reader. All
 * that is defined is declared before the first body is read, since symbols are used above their definitions, and code
 * for what is defined below is better once that is known. The ABI is that of C: <kiln/ctypes.h> knows it. */
#include "read.h"

#include <unistd.h>

/* ---- types ---- */

/* Larger types cannot be passed. Sums of sizes that were compared with it do not overflow. */
#define MAX_SIZE INT32_MAX

#define BASIC(kind, class, passed, is_signed)                                                      \
  {{0}, {KILN_CTYPE_##kind}, KILN_TYPE_##class, KILN_TYPE_##passed, is_signed}
static const struct type basic[N_BASIC] = {
  [QVOID] = BASIC(VOID, VOID, VOID, false), [QW] = BASIC(INT, I32, I32, true),
  [QL] = BASIC(LLONG, I64, I64, true),      [QS] = BASIC(FLOAT, F32, F32, true),
  [QD] = BASIC(DOUBLE, F64, F64, true),     [QSB] = BASIC(SCHAR, I32, I8, true),
  [QUB] = BASIC(UCHAR, I32, I8, false),     [QSH] = BASIC(SHORT, I32, I16, true),
  [QUH] = BASIC(USHORT, I32, I16, false),   [QENV] = BASIC(CHAIN, PTR, PTR, false),
};

/* `align` and a number, if it comes next; or else the number that is given. */
static uint32_t read_align(struct kn_qbe *r, uint32_t otherwise) {
  static const char wanted[] = "a power of two of at most 65536";
  if (past(r) != 'a') return otherwise;
  const char *at = r->p;
  if (kn_qbe_word(r)->form != QF_ALIGN) WRONG(r, at, "'align' is expected");
  past(r);
  at = r->p;
  uint64_t n = kn_qbe_integer(r, 65536, wanted);
  if (__builtin_popcountll(n) != 1) WRONG(r, at, "%s is expected", wanted);
  return (uint32_t)n;
}

static void add_member(struct kn_qbe *r, uint32_t type, uint64_t count, uint64_t *size,
                       const char *at) {
  kiln_ctype c = r->types.at[type].c;
  kiln_ctype_info info = kiln_ctype_get(r->c, c);
  if ((*size += count * info.size_bytes + info.align_bytes) > MAX_SIZE)
    FAIL(r, at, LIMIT, "a type of 2 GiB or more");
  PUSH(r, r->fields, (kiln_cfield){.type = count != 1 ? kiln_ctype_new_array(r->c, c, count) : c});
}

/* Members up to the closing brace; `*size` is at least the sum of their sizes. */
static void members(struct kn_qbe *r, uint64_t *size) {
  while (past(r) != '}') {
    const char *at = r->p;
    const struct word *word = *at == ':' ? NULL : kn_qbe_word(r);
    if (word != NULL && (word->form != QF_TYPE_NAME || word->fop == 0))
      WRONG(r, at, "the type of a member is expected");
    uint32_t type = word != NULL ? word->op : read_type(r, false);
    bool many = past(r) == '-' || is(r->p, DIGIT);
    uint64_t count = many ? kn_qbe_integer(r, MAX_SIZE, "a count below 2^31") : 1;
    add_member(r, type, count, size, at);
    past(r);
    if (!take(r, ',')) break;
  }
  want(r, '}');
}

/* Defines an aggregate, from after `type` on. */
static void aggregate(struct kn_qbe *r) {
  uint64_t size = 0;
  past(r);
  const char *at = r->p;
  expect(r, ':');
  scan(r);
  struct name name = r->name;
  uint32_t position;
  if (FIND(r, types, &position) != 0)
    FAIL(r, at, SYMBOL, "type :%.*s is defined twice", SHOW(name));
  want(r, '=');
  kiln_ctype_options layout = {.align_bytes = read_align(r, 0)};
  want(r, '{');
  r->fields.n = 0;
  ROOM(r, r->fields, 1); /* it is not NULL */
  bool is_union = past(r) == '{';
  layout.in_memory = is(r->p, DIGIT);
  if (layout.in_memory) { /* opaque */
    if (layout.align_bytes == 0) WRONG(r, at, "an opaque type needs an alignment");
    add_member(r, QUB, kn_qbe_integer(r, MAX_SIZE, "a size below 2^31"), &size, at);
    want(r, '}');
  } else if (is_union) { /* its variants are structs */
    while (past(r) == '{') {
      uint32_t first = r->fields.n;
      r->p++;
      members(r, &size);
      kiln_ctype type =
        kiln_ctype_new_struct(r->c, NULL, r->fields.at + first, r->fields.n - first);
      r->fields.n = first;
      PUSH(r, r->fields, (kiln_cfield){.type = type});
    }
    expect(r, '}');
  } else {
    members(r, &size);
  }
  r->name = name;
  uint32_t i = kn_qbe_add(r, &r->types.t, position); /* which may move them */
  struct type *type = r->types.at + i;
  type->class = type->passed = KILN_TYPE_PTR;
  type->c = (is_union ? kiln_ctype_new_union : kiln_ctype_new_struct)(r->c, &layout, r->fields.at,
                                                                      r->fields.n);
}

uint32_t kn_qbe_other_type(struct kn_qbe *r, bool first) {
  const char *at = r->p;
  if (take(r, ':')) {
    scan(r);
    uint32_t position, i = FIND(r, types, &position);
    if (i != 0) return i;
    FAIL(r, at, SYMBOL, "type :%.*s is not defined above", SHOW(r->name));
  }
  const struct word *word = is(at, FIRST) ? kn_qbe_word(r) : NULL;
  if (word == NULL || word->form != QF_TYPE_NAME || word->fop != 0)
    WRONG(r, at, "a type is expected: w, l, s, d, sb, ub, sh, uh or an aggregate");
  if (word->op == QENV && !first) WRONG(r, at, "env is for a first parameter");
  return word->op;
}

/* ---- symbols ---- */

const char *kn_qbe_global(struct kn_qbe *r) {
  if (*r->p == '"') r->name = kn_qbe_string(r, "a name");
  else scan(r);
  return kn_qbe_c_name(r, &r->name);
}

kiln_symbol kn_qbe_symbol(struct kn_qbe *r, bool thread, const char *at) {
  kiln_symbol_desc desc = {.name = kn_qbe_global(r), .tls = KILN_TLS_GENERAL_DYNAMIC};
  kiln_symbol symbol = kiln_symbol_lookup(r->m, desc.name);
  if (symbol.id == 0) /* it is not defined here, or below */
    return thread ? kiln_data_declare(r->m, &desc) : kiln_symbol_refer(r->m, desc.name);
  bool is_thread = kiln_symbol_get(r->m, symbol).desc.tls != KILN_TLS_NONE;
  if (is_thread != thread)
    FAIL(r, at, SYMBOL, "$%.60s is %sthread-local", desc.name, thread ? "not " : "");
  return symbol;
}

/* ---- linkage ---- */

/* What stands before a definition; strings as in the text. */
struct linkage {
  uint32_t words;             /* bits: QF_EXPORT, ... */
  struct name section, flags; /* `at` is NULL if there is none */
};
#define HAS(linkage, word) (((linkage)->words >> QF_##word & 1) != 0)

/* Reads the words before a definition, and the word that says what it is: a QF_... */
static unsigned linkage(struct kn_qbe *r, struct linkage *l) {
  enum { ANY = 1 << QF_EXPORT | 1 << QF_SECTION, DATA = ANY | 1 << QF_THREAD | 1 << QF_COMMON };
  static const uint32_t allowed[] = {[QF_FUNCTION] = ANY, [QF_DATA] = DATA, [QF_DBGFILE] = 0};
  for (;;) {
    past(r);
    const char *at = r->p;
    unsigned form = kn_qbe_word(r)->form;
    if (form >= QF_FUNCTION && (l->words & ~allowed[form]) == 0) return form;
    if (form < QF_EXPORT || form >= QF_FUNCTION)
      WRONG(r, at, "no definition, or not with this linkage");
    l->words |= UINT32_C(1) << form;
    if (form != QF_SECTION) continue;
    if (l->section.at != NULL) WRONG(r, at, "a second section");
    l->section = kn_qbe_string(r, "the name of a section");
    if (peek(r) == '"') l->flags = kn_qbe_string(r, "");
  }
}

/* The KILN_SECTION_... of the letters that the assembler takes. */
static unsigned section_flags(struct kn_qbe *r, const struct linkage *l) {
  static const uint8_t known[256] = {['a'] = KILN_SECTION_ALLOC,  ['w'] = KILN_SECTION_WRITE,
                                     ['x'] = KILN_SECTION_EXEC,   ['T'] = KILN_SECTION_ALLOC,
                                     ['R'] = KILN_SECTION_RETAIN, ['e'] = KILN_SECTION_EXCLUDE};
  unsigned flags = 0;
  for (const char *p = l->flags.at, *end = p + l->flags.length; p < end; p++) {
    if (known[(uint8_t)*p] == 0 || (*p == 'T' && !HAS(l, THREAD)))
      FAIL(r, p, UNSUPPORTED, "section flag '%c' is not supported", *p);
    flags |= known[(uint8_t)*p];
  }
  return flags;
}

/* Declares the global whose name is at r->p: a function of this signature, or data. */
static kiln_symbol define(struct kn_qbe *r, const struct linkage *l, kiln_sig sig, const char *at) {
  char section[256];
  kiln_symbol_desc desc = {.linkage = HAS(l, COMMON)   ? KILN_LINKAGE_COMMON
                                      : HAS(l, EXPORT) ? KILN_LINKAGE_EXTERNAL
                                                       : KILN_LINKAGE_INTERNAL,
                           .tls = HAS(l, THREAD) ? KILN_TLS_GENERAL_DYNAMIC : KILN_TLS_NONE,
                           .body = true};
  if (l->section.at != NULL) {
    kiln_section_desc s = {.flags = section_flags(r, l)}, above;
    if (l->section.length >= sizeof section)
      FAIL(r, l->section.at, LIMIT, "a section name of more than 255 bytes");
    desc.section = strcpy(section, kn_qbe_c_name(r, &l->section));
    if (l->flags.at != NULL && kiln_section_find(r->m, section, &above) && above.flags != s.flags)
      FAIL(r, at, SYMBOL, "a section whose flags differ from those given above");
    if (l->flags.at != NULL) kiln_section_declare(r->m, section, &s);
  }
  desc.name = kn_qbe_global(r);
  kiln_symbol_desc above = kiln_symbol_get(r->m, kiln_symbol_lookup(r->m, desc.name)).desc;
  if (above.body) FAIL(r, at, SYMBOL, "$%.60s is defined twice", desc.name);
  if (above.name != NULL && HAS(l, THREAD))
    FAIL(r, at, SYMBOL, "$%.60s is thread-local, but data above contains its address", desc.name);
  kiln_symbol symbol =
    sig.id != 0 ? kiln_func_declare(r->m, &desc, sig) : kiln_data_declare(r->m, &desc);
  if (symbol.id == 0) FAIL(r, at, SYMBOL, "a symbol that cannot be declared");
  return symbol;
}

/* ---- data ---- */

/* Content that is not all zero is held in memory. */
#define MAX_CONTENT (UINT32_C(1) << 30)

/* Appends the zeros so far and then content; NULL: `size` more zeros. */
static void content(struct kn_qbe *r, const void *bytes, uint64_t size, const char *at) {
  if (r->zeros + r->bytes.n + size > MAX_CONTENT)
    FAIL(r, at, LIMIT, "data of more than 1 GiB that is not all zero");
  ROOM(r, r->bytes, r->zeros + size);
  char *to = r->bytes.at + r->bytes.n;
  memset(to, 0, r->zeros + size);
  if (bytes != NULL) memcpy(to + r->zeros, bytes, size);
  r->bytes.n += (uint32_t)(r->zeros + size);
  r->zeros = 0;
}

/* `$name` or `$name + offset`, in `size` bytes. */
static void address(struct kn_qbe *r, unsigned size) {
  const char *at = r->p++;
  if (size < 4) WRONG(r, at, "an address has 4 or 8 bytes");
  kiln_symbol symbol = kn_qbe_symbol(r, false, at);
  content(r, NULL, size, at);
  past(r);
  uint64_t addend = take(r, '+') ? kn_qbe_integer(r, UINT64_MAX, "an offset") : 0;
  PUSH(r, r->relocs,
       (kiln_reloc){.offset_bytes = r->bytes.n - size,
                    .symbol = symbol,
                    .addend = (int64_t)addend,
                    .size_bytes = (uint8_t)size});
}

/* An item of a field, of `size` bytes; 0: a number of zeros. False if none comes next. */
static bool item(struct kn_qbe *r, unsigned size) {
  char c = past(r);
  const char *at = r->p;
  uint64_t bits;
  if (size != 0 && c == '$') {
    address(r, size);
  } else if (size != 0 && c == '"') {
    if (size != 1) WRONG(r, r->p, "a string is made of bytes: b");
    struct name string = kn_qbe_string(r, "");
    kn_qbe_unescape(r, &string);
    content(r, r->chars.at, r->chars.n, at);
  } else if (c == 0 || (size == 0 && at[1] == '_') || !kn_qbe_number(r, &bits)) {
    return false;
  } else if (size != 0) {
    content(r, &bits, size, at);
  } else if (bits >> 46 != 0 || (r->zeros += bits) >> 46 != 0) {
    FAIL(r, at, LIMIT, "data too large");
  }
  return true;
}

/* Defines data, from after `data` on. */
static void data(struct kn_qbe *r, const struct linkage *l) {
  past(r);
  const char *at = r->p, *section = l->section.at;
  expect(r, '$');
  kiln_symbol symbol = define(r, l, (kiln_sig){0}, at);
  const char *named = r->p;
  r->zeros = r->bytes.n = r->relocs.n = 0;
  want(r, '=');
  uint32_t aligned = read_align(r, section != NULL ? 8 : 16); /* sections hold tables of pointers */
  want(r, '{');
  while (past(r) != '}') {
    const char *field = r->p;
    const struct word *word = kn_qbe_word(r);
    bool zero = word->form == QF_ZERO;
    if (!zero && (word->form != QF_TYPE_NAME || word->fop == 0))
      WRONG(r, field, "one of b, h, w, l, s, d and z is expected");
    if (!item(r, word->fop))
      WRONG(r, r->p, "%s is expected", zero ? "a number" : "a number, a string or a global");
    while (item(r, word->fop)) continue;
    past(r);
    if (!take(r, ',')) break;
  }
  if (past(r) == 0) WRONG(r, named, "this definition has no end: '}'");
  expect(r, '}');
  if (r->bytes.n != 0) content(r, NULL, 0, at);
  if (r->bytes.n != 0 && HAS(l, COMMON)) WRONG(r, at, "common data with content");
  bool constant =
    section != NULL && (strncmp(section, ".rodata", 7) == 0 || strncmp(section, ".text", 5) == 0);
  if (l->flags.at != NULL) constant = !(section_flags(r, l) & KILN_SECTION_WRITE);
  kiln_data_desc desc = {.size_bytes = r->bytes.n != 0 ? r->bytes.n : r->zeros,
                         .align_log2 = (uint8_t)__builtin_ctz(aligned),
                         .flags = constant ? KILN_DATA_READ_ONLY : 0,
                         .bytes = r->bytes.n != 0 ? r->bytes.at : NULL,
                         .relocs = r->relocs.at,
                         .n_relocs = r->relocs.n};
  if (kiln_data_define(r->m, symbol, &desc) != KILN_OK)
    kn_qbe_fail(r, at, kiln_module_status(r->m), "data that cannot be defined");
}

/* ---- functions ---- */

/* The end of a body, which is the first brace that begins a line. */
static const char *end_of_body(struct kn_qbe *r) {
  for (const char *p = r->p; (p = memchr(p, '}', (size_t)(r->end - p))) != NULL; p++) {
    const char *before = p - 1;
    while (is(before, BLANK)) before--;
    if (*before == '\n') return p;
  }
  WRONG(r, r->p - 1, "this body has no end: '}' at the beginning of a line");
}

/* Reads a function up to its body, and declares it. */
static void head(struct kn_qbe *r, const struct linkage *l) {
  struct body b = {.file = r->file, .file_entry = r->file_entry};
  if (past(r) != '$') b.result = read_type(r, false);
  past(r);
  b.name = r->p;
  expect(r, '$');
  const char *name = r->p;
  if (*name == '"') kn_qbe_string(r, "");
  else scan(r);
  b.at = r->p;
  kn_qbe_list(r, false);
  want(r, '{');
  b.variadic = r->variadic;
  b.signature = kn_qbe_signature(r, b.result, b.name);
  const char *end = end_of_body(r);
  b.size = (size_t)(end - b.at);
  r->p = name;
  b.symbol = define(r, l, kiln_csig_sig(r->c, b.signature), b.name);
  r->p = end + 1;
  PUSH(r, r->bodies, b);
}

/* ---- lines ---- */

enum { LANGUAGE = 0x8001 }; /* one that debuggers do not know */

/* The lines that follow are those of a file. The first file gives the unit its name. */
static void debug_file(struct kn_qbe *r) {
  struct name string = kn_qbe_string(r, "the name of a file");
  const char *name = kn_qbe_c_name(r, &string);
  char folder[4096];
  bool is_known = getcwd(folder, sizeof folder) != NULL;
  r->file_entry = kiln_die_new_file(kiln_module_debug(r->m), is_known ? folder : NULL, name);
  r->file = kiln_file_new_die(r->session, r->file_entry, name);
  if (r->unit.id == 0)
    r->unit = kiln_die_new_unit(kiln_module_debug(r->m), r->file_entry, "kiln qbe", LANGUAGE);
}

/* ---- the whole ---- */

/* Reads all but the bodies of functions. */
static void read_definitions(struct kn_qbe *r, const char *text, size_t size) {
  if (r->c == NULL || r->ssa == NULL) FAIL(r, r->p, MEMORY, "out of memory");
  if (size > INT32_MAX) FAIL(r, r->p, LIMIT, "a text of 2 GiB or more");
  if (size == 0 || text[size - 1] != '\n') { /* every line has its end */
    ROOM(r, r->copy, size + 1);
    if (size != 0) memcpy(r->copy.at, text, size);
    r->copy.at[size++] = '\n';
    text = r->copy.at;
  }
  kn_qbe_begin_words(r);
  r->text = r->p = text;
  r->end = text + size;
  CLEAR(r, types);
  memcpy(r->types.at, basic, sizeof basic); /* there is room for more items than these */
  r->types.t.n = N_BASIC;
  while (past(r) != 0) {
    struct linkage l = {.words = 0};
    unsigned form = linkage(r, &l);
    if (form == QF_FUNCTION) head(r, &l);
    else if (form == QF_DATA) data(r, &l);
    else if (form == QF_TYPE) aggregate(r);
    else debug_file(r);
  }
}

/* Apart from kiln_qbe_read: C leaves the objects of the function that calls setjmp undefined after a longjmp. */
static void run(struct kn_qbe *r, const char *text, size_t size) {
  int end = setjmp(r->ends);
  if (end == END_FAILED) return;
  if (end != END_AGAIN) read_definitions(r, text, size);
  for (; r->status == KILN_OK && r->n_built < r->bodies.n; r->n_built++)
    kn_qbe_function(r, r->bodies.at + r->n_built);
}

kiln_status kiln_qbe_read(kiln_session *s, const char *text, size_t size, kiln_func_sink_fn sink,
                          void *user, uint64_t *instructions) {
  struct kn_qbe r = {.session = s, .m = kiln_session_module(s), .sink = sink, .user = user};
  if (r.m == NULL) return KILN_ERR_ARGUMENT;
  r.allocator = kiln_module_get_allocator(r.m);
  r.c = kiln_ctypes_new(r.m);
  r.ssa = kiln_ssa_new(r.m);
  kiln_ctypes_set_promotion(r.c, false);
  r.text = r.p = "\n";
  r.end = r.text + 1;
  run(&r, text, size);
  kiln_func_discard(r.f);
  kiln_ssa_free(r.ssa);
  kiln_ctypes_free(r.c);
  kn_qbe_free(&r);
  if (instructions != NULL) *instructions = r.instructions;
  return r.status != KILN_OK ? r.status : kiln_module_status(r.m);
}
