/* Text parser: debugging information, by the public API of <kiln/debug.h>. Called by parse.c for lines of the module,
 * of which the first pass notes names and the second makes entries, and by parse_func.c for lines of a function.
 * Invariant: a number in the text is the entry's number in its set, counted from the entries that were there before;
 * names get numbers after those. */
#include "base/bytes.h"
#include "ir/debug/die.h"
#include "ir/text/dwarf_names.h"
#include "ir/text/text_form.h"

/* True for `s` and digits: an entry of a function's session. */
static bool of_session(const struct kn_token *t, uint64_t *number) {
  *number = 0;
  if (t->kind != KN_TOK_IDENT || t->length < 2 || t->length > 10 || t->text[0] != 's') return false;
  for (uint32_t i = 1; i < t->length; i++) {
    if (t->text[i] < '0' || t->text[i] > '9') return false;
    *number = *number * 10 + (uint64_t)(t->text[i] - '0');
  }
  return true;
}

/* Numbers are not much larger than there are entries, so that a short text does not take much memory. */
static bool number_fits(struct kn_parser *p, const struct kn_token *t, uint64_t number) {
  uint64_t most = 65536 + (uint64_t)(p->lx.end - p->text);
  if (number != 0 && number <= most && t->high == 0) return true;
  return kn_parse_fail(p, t, KILN_ERR_LIMIT, "the number of an entry must be from 1 to %llu here",
                       (unsigned long long)most);
}

/* True if there is a set of entries: `d`. */
static bool have(struct kn_parser *p, const kiln_debug *d) {
  return d != NULL || (kn_parse_api_ok(p) && kn_parse_no_memory(p));
}

static bool want_name(struct kn_parser *p, struct kn_token *t) {
  *t = p->lx.tok;
  if (t->kind != KN_TOK_IDENT && t->kind != KN_TOK_INT)
    return kn_parse_expected(p, "an entry's number or name");
  kn_parse_next(p);
  return true;
}

static struct kn_name *entry_name(struct kn_parser *p, const struct kn_token *t, bool add) {
  struct kn_name *e = kn_names_find(p->module, &p->entries, t->text, t->length, add);
  if (!e && add) kn_parse_no_memory(p);
  return e;
}

/* ---- first pass ---- */

bool kn_parse_entry_name(struct kn_parser *p) {
  struct kn_token t;
  uint64_t number;
  if (!want_name(p, &t) || !kn_parse_want(p, '=')) return false;
  if (of_session(&t, &number))
    return kn_parse_syntax(p, &t, "s and digits name an entry of a function");
  if (t.kind == KN_TOK_INT && !number_fits(p, &t, t.low)) return false;
  kiln_debug *d = kiln_module_debug(p->module);
  if (!have(p, d)) return false;
  if (!p->has_entries) {
    p->has_entries = true;
    p->entry_base = p->entry_last = kiln_debug_die_limit(d) != 0 ? kiln_debug_die_limit(d) - 1 : 0;
  }
  struct kn_name *e = entry_name(p, &t, true);
  if (!e) return false;
  if (e->state != 0)
    return kn_parse_fail(p, &t, KILN_ERR_STRUCTURE, "!%.*s is defined twice",
                         (int)(t.length < 64 ? t.length : 64), t.text);
  e->state = KN_NAME_DEFINED;
  e->value = 0;
  if (t.kind == KN_TOK_INT) {
    e->value = p->entry_base + (uint32_t)t.low;
    if (e->value > p->entry_last) p->entry_last = e->value;
  }
  return true;
}

bool kn_parse_entry_number(struct kn_parser *p) {
  struct kn_token t;
  if (!want_name(p, &t)) return false;
  struct kn_name *e = entry_name(p, &t, false);
  if (e && e->value == 0) e->value = ++p->entry_last;
  return true;
}

/* ---- references ---- */

/* `!4`, `!name`, `!s4`. */
static bool parse_ref(struct kn_parser *p, kiln_die *out) {
  struct kn_token t;
  uint64_t number;
  *out = (kiln_die){0};
  if (!kn_parse_want(p, '!') || !want_name(p, &t)) return false;
  if (of_session(&t, &number)) {
    if (!p->func)
      return kn_parse_syntax(p, &t, "an entry of the module refers to one of a function");
    if (!number_fits(p, &t, number)) return false;
    kiln_debug *d = kiln_session_debug(p->session);
    if (!have(p, d)) return false;
    *out = kiln_die_at(d, p->session_base + (uint32_t)number);
    return true;
  }
  struct kn_name *e = entry_name(p, &t, false);
  if (!e || e->state != KN_NAME_DEFINED)
    return kn_parse_fail(p, &t, KILN_ERR_STRUCTURE, "there is no entry !%.*s",
                         (int)(t.length < 64 ? t.length : 64), t.text);
  *out = kiln_die_at(kiln_module_debug(p->module), e->value);
  return true;
}

/* `in !4` */
static bool want_in(struct kn_parser *p, kiln_die *out) {
  return (kn_parse_word(p, "in") || kn_parse_expected(p, "'in'")) && parse_ref(p, out);
}
/* The word and a reference, or nothing. */
static bool optional_ref(struct kn_parser *p, const char *word, kiln_die *out) {
  return !kn_parse_word(p, word) || parse_ref(p, out);
}

/* ---- expressions ---- */

static bool push_bytes(struct kn_parser *p, const void *bytes, size_t n) {
  if (n > UINT32_MAX / 2 - p->bytes.n)
    return kn_parse_fail(p, NULL, KILN_ERR_LIMIT, "the expression has more than 2 GiB");
  if (!KN_ROOM(p->module, p->bytes, (uint32_t)n + 1)) return kn_parse_no_memory(p);
  if (n != 0) memcpy(p->bytes.at + p->bytes.n, bytes, n);
  p->bytes.n += (uint32_t)n;
  return true;
}

/* Appends a string's bytes; `head`: their number before them, as LEB128. */
static bool push_string(struct kn_parser *p, bool head) {
  struct kn_token t = p->lx.tok;
  uint32_t n;
  if (t.kind != KN_TOK_STRING) return kn_parse_expected(p, "bytes in quotes");
  const char *bytes = kn_parse_name(p, &t, &n);
  if (!bytes) return false;
  kn_parse_next(p);
  uint8_t length[10], *end = head ? kn_put_uleb(length, n) : length;
  return push_bytes(p, length, (size_t)(end - length)) && push_bytes(p, bytes, n);
}

/* `kind`: as <kiln/dwarf.def> says. */
static bool push_number(struct kn_parser *p, char kind) {
  bool minus = kind == 's' && kn_parse_take(p, '-');
  unsigned size = kind >= '1' && kind <= '8' ? (unsigned)(kind - '0') : 8;
  uint64_t v, most = kind == 's' ? (uint64_t)INT64_MAX + minus : UINT64_MAX >> (64 - 8 * size);
  if (!kn_parse_number(p, most, "an operand", &v)) return false;
  uint8_t b[10], *end = b + size;
  if (kind == 'u') end = kn_put_uleb(b, v);
  else if (kind == 's') end = kn_put_sleb(b, (int64_t)(minus ? 0 - v : v));
  else kn_put64(b, v);
  return push_bytes(p, b, (size_t)(end - b));
}

/* `[plus_uconst 8, "\06"]`: leaves the bytes in p->bytes. */
static bool parse_expr(struct kn_parser *p) {
  p->bytes.n = 0;
  if (!kn_parse_want(p, '[')) return false;
  for (bool first = true; !kn_parse_take(p, ']'); first = false) {
    if (!first && !kn_parse_want(p, ',')) return false;
    struct kn_token t = p->lx.tok;
    if (t.kind == KN_TOK_STRING) {
      if (!push_string(p, false)) return false;
      continue;
    }
    const struct kn_dwarf_name *row =
      t.kind == KN_TOK_IDENT ? kn_dwarf_number_of(&kn_dwarf_ops, t.text, t.length) : NULL;
    if (!row) return kn_parse_expected(p, "an operation of DWARF");
    kn_parse_next(p);
    uint8_t op = (uint8_t)row->number;
    if (!push_bytes(p, &op, 1)) return false;
    for (const char *kind = row->operands; *kind; kind++)
      if (!(*kind == 'b' ? push_string(p, true) : push_number(p, *kind))) return false;
  }
  return true;
}

/* An expression, or nothing. */
static bool optional_expr(struct kn_parser *p) {
  p->bytes.n = 0;
  return !kn_parse_is(p, '[') || parse_expr(p);
}

/* ---- entries ---- */

static bool number_of(struct kn_parser *p, const struct kn_dwarf_names *names, const char *what,
                      unsigned *out) {
  struct kn_token t = p->lx.tok;
  uint64_t number;
  if (t.kind == KN_TOK_INT) {
    if (!kn_parse_number(p, 0xffff, what, &number)) return false;
    *out = (unsigned)number;
    if (number != 0 && (number < KILN_DIE_TAG_FILE || number > KILN_DIE_TAG_PART)) return true;
    return kn_parse_fail(p, &t, KILN_ERR_SYNTAX, "%s cannot have this number", what);
  }
  const struct kn_dwarf_name *row =
    t.kind == KN_TOK_IDENT ? kn_dwarf_number_of(names, t.text, t.length) : NULL;
  if (!row) return kn_parse_expected(p, what);
  kn_parse_next(p);
  *out = row->number;
  return true;
}

/* `0x000102...`: 16 bytes. */
static bool parse_md5(struct kn_parser *p, kiln_debug *d) {
  struct kn_token t = p->lx.tok;
  uint8_t md5[16];
  if (t.kind != KN_TOK_INT) return kn_parse_expected(p, "a number of 128 bits");
  for (unsigned i = 0; i < 16; i++)
    md5[i] = (uint8_t)((i < 8 ? t.high : t.low) >> (56 - 8 * (i % 8)));
  kiln_die_set_md5(d, md5);
  kn_parse_next(p);
  return true;
}

/* What follows the word of attributes of a kind. */
static bool parse_worded(struct kn_parser *p, kiln_debug *d, unsigned kind) {
  kiln_die to;
  uint64_t v;
  if (kind == KN_DA_MD5) return parse_md5(p, d);
  if (kind == KN_DA_ARGUMENT) {
    if (!kn_parse_number(p, UINT32_MAX, "a parameter's number", &v)) return false;
    kiln_die_set_argument(d, (unsigned)v);
    return true;
  }
  if (!parse_ref(p, &to)) return false;
  kn_attr_forms[kind].set(d, to);
  return kn_parse_api_ok(p);
}

static bool parse_attr(struct kn_parser *p, kiln_debug *d) {
  unsigned name;
  kiln_die to;
  uint64_t v;
  for (unsigned kind = 0; kind < KN_ATTR_FORMS; kind++)
    if (kn_attr_forms[kind].word && kn_parse_word(p, kn_attr_forms[kind].word))
      return parse_worded(p, d, kind);
  if (!number_of(p, &kn_dwarf_attrs, "an attribute of DWARF", &name)) return false;
  struct kn_token t = p->lx.tok;
  p->bytes.n = 0;
  if (t.kind == KN_TOK_INT) {
    if (!kn_parse_number(p, UINT64_MAX, "a number", &v)) return false;
    kiln_die_set_uint(d, name, v);
  } else if (kn_parse_is(p, '+') || kn_parse_is(p, '-')) {
    bool minus = kn_parse_is(p, '-');
    kn_parse_next(p);
    if (!kn_parse_number(p, (uint64_t)INT64_MAX + minus, "a signed number", &v)) return false;
    kiln_die_set_int(d, name, (int64_t)(minus ? 0 - v : v));
  } else if (t.kind == KN_TOK_STRING) {
    if (!push_string(p, false)) return false;
    if (p->bytes.n != 0 && memchr(p->bytes.at, 0, p->bytes.n) != NULL)
      return kn_parse_syntax(p, &t, "this string cannot contain a NUL");
    kiln_die_set_string(d, name, (const char *)p->bytes.at, p->bytes.n);
  } else if (kn_parse_is(p, '!')) {
    if (!parse_ref(p, &to)) return false;
    kiln_die_set_ref(d, name, to);
  } else if (kn_parse_is(p, '[')) {
    if (!parse_expr(p)) return false;
    kiln_die_set_expr(d, name, p->bytes.at, p->bytes.n);
  } else if (kn_parse_word(p, "bytes")) {
    if (!push_string(p, false)) return false;
    kiln_die_set_block(d, name, p->bytes.at, p->bytes.n);
  } else if (t.kind == KN_TOK_SYMBOL) {
    kiln_symbol symbol;
    if (!kn_parse_symbol(p, &symbol, NULL) || !optional_expr(p)) return false;
    kiln_die_set_symbol(d, name, symbol, p->bytes.at, p->bytes.n);
  } else {
    kiln_die_set_flag(d, name);
  }
  return kn_parse_api_ok(p);
}

/* `[!1, none]` */
static bool parse_list(struct kn_parser *p, kiln_debug *d, kiln_die e) {
  KN_ARRAY(kiln_die) items = {0};
  bool ok = kn_parse_want(p, '[');
  kn_parse_skip_newlines(p);
  while (ok && !kn_parse_take(p, ']')) {
    ok = items.n == 0 || kn_parse_want(p, ',');
    kn_parse_skip_newlines(p);
    if (ok && !KN_PUSH(p->module, items, (kiln_die){0})) ok = kn_parse_no_memory(p);
    if (!ok) break;
    ok = kn_parse_word(p, "none") || parse_ref(p, &items.at[items.n - 1]);
    kn_parse_skip_newlines(p);
  }
  if (ok) kiln_die_begin_list(d, e, items.at, items.n);
  kn_realloc(p->module, items.at, 0);
  return ok && kn_parse_api_ok(p);
}

/* What stands after the name of entry `e`: `= variable in !2 { name "x" }`. */
static bool parse_entry(struct kn_parser *p, kiln_debug *d, kiln_die e) {
  unsigned tag = KILN_DIE_TAG_FILE;
  kiln_die parent = {0};
  if (!kn_parse_want(p, '=')) return false;
  if (kn_parse_word(p, "list")) return parse_list(p, d, e);
  if (kn_parse_word(p, "part")) tag = KILN_DIE_TAG_PART;
  else if (!kn_parse_word(p, "file") && !number_of(p, &kn_dwarf_tags, "a tag of DWARF", &tag))
    return false;
  if (!optional_ref(p, "in", &parent)) return false;
  kiln_die_begin(d, e, tag, parent);
  if (!kn_parse_api_ok(p)) return false;
  if (kn_parse_take(p, '{')) {
    kn_parse_skip_newlines(p);
    for (bool first = true; !kn_parse_take(p, '}'); first = false) {
      if (!first && !kn_parse_want(p, ',')) return false;
      kn_parse_skip_newlines(p);
      if (!parse_attr(p, d)) return false;
      kn_parse_skip_newlines(p);
    }
  }
  return true;
}

bool kn_parse_entry(struct kn_parser *p) {
  struct kn_token t;
  if (!want_name(p, &t)) return false;
  const struct kn_name *e = entry_name(p, &t, false);
  kiln_debug *d = kiln_module_debug(p->module);
  if (!e || !d) return kn_parse_no_memory(p);
  return parse_entry(p, d, kiln_die_at(d, e->value)) && kn_parse_line_end(p);
}

/* Ends a line that said something to the module's set. */
static bool end_line(struct kn_parser *p) { return kn_parse_api_ok(p) && kn_parse_line_end(p); }

bool kn_parse_unit(struct kn_parser *p) {
  kiln_debug *d = kiln_module_debug(p->module);
  kiln_die unit;
  if (!parse_ref(p, &unit)) return false;
  kiln_debug_add_unit(d, unit);
  if (kn_parse_word(p, "lines_only")) kiln_debug_set_lines_only(d, unit);
  return end_line(p);
}

bool kn_parse_keep(struct kn_parser *p) {
  kiln_die e, unit;
  if (!parse_ref(p, &e) || !want_in(p, &unit)) return false;
  kiln_debug_keep(kiln_module_debug(p->module), unit, e);
  return end_line(p);
}

bool kn_parse_global(struct kn_parser *p) {
  kiln_die variable;
  kiln_symbol symbol = {0};
  if (!parse_ref(p, &variable) ||
      (!kn_parse_word(p, "nowhere") && !kn_parse_symbol(p, &symbol, NULL)) || !optional_expr(p))
    return false;
  kiln_debug_set_global(kiln_module_debug(p->module), variable, symbol, p->bytes.at, p->bytes.n);
  return end_line(p);
}

/* ---- functions ---- */

bool kn_parse_func_entry(struct kn_parser *p) {
  struct kn_token t;
  uint64_t number;
  if (!want_name(p, &t)) return false;
  if (!of_session(&t, &number))
    return kn_parse_syntax(p, &t, "an entry of a function is named by s and digits");
  if (!number_fits(p, &t, number)) return false;
  kiln_debug *d = kiln_session_debug(p->session);
  return have(p, d) && parse_entry(p, d, kiln_die_at(d, p->session_base + (uint32_t)number));
}

/* `call 1`, or nothing: 0. */
static bool parse_inlined(struct kn_parser *p, uint32_t *out) {
  uint64_t call;
  *out = 0;
  if (!kn_parse_word(p, "call")) return true;
  struct kn_token t = p->lx.tok;
  if (!kn_parse_number(p, UINT32_MAX, "the number of a call", &call)) return false;
  if (call == 0 || call > p->calls.n)
    return kn_parse_syntax(p, &t, "there is no !call of this number before");
  *out = p->calls.at[call - 1];
  return true;
}

/* `"a.c" 10:3 file !4 in !7 call 1 stmt`: its id in the session. */
static bool parse_loc(struct kn_parser *p, uint32_t *out) {
  const char *name;
  uint64_t line, column;
  kiln_location at = {0};
  kiln_die file = {0};
  if (!kn_parse_string(p, "a file's name in quotes", &name) ||
      !kn_parse_number(p, UINT32_MAX, "a line", &line) || !kn_parse_want(p, ':') ||
      !kn_parse_number(p, UINT32_MAX, "a column", &column))
    return false;
  at.line = (uint32_t)line;
  at.column = (uint32_t)column;
  if (!optional_ref(p, "file", &file) || !optional_ref(p, "in", &at.scope) ||
      !parse_inlined(p, &at.inlined))
    return false;
  for (unsigned k = 0; k < KN_LOC_WORDS;)
    if (kn_parse_word(p, kn_loc_words[k])) at.flags |= 1u << k, k = 0;
    else k++;
  at.file =
    file.id != 0 ? kiln_file_new_die(p->session, file, name) : kiln_file_new(p->session, name);
  *out = kiln_loc_new_full(p->session, &at);
  return kn_parse_api_ok(p);
}

/* `!call 1 "a.c" 10:3`: calls are numbered in order. */
static bool parse_call(struct kn_parser *p) {
  struct kn_token t = p->lx.tok;
  uint64_t number;
  uint32_t loc;
  if (!kn_parse_number(p, UINT32_MAX, "the number of a call", &number)) return false;
  if (number != p->calls.n + (uint64_t)1)
    return kn_parse_syntax(p, &t, "calls are numbered from 1 on, in their order");
  if (!parse_loc(p, &loc)) return false;
  if (!KN_ROOM(p->module, p->calls, 1)) return kn_parse_no_memory(p);
  p->calls.at[p->calls.n++] = loc;
  return true;
}

/* `call 1 part 0 64`, what of it there is. */
static bool parse_part(struct kn_parser *p, uint32_t *inlined, uint32_t *at, uint32_t *size) {
  uint64_t first, bits;
  if (!parse_inlined(p, inlined)) return false;
  if (!kn_parse_word(p, "part")) return true;
  if (!kn_parse_number(p, UINT32_MAX, "a bit's number", &first) ||
      !kn_parse_number(p, UINT32_MAX, "a number of bits", &bits))
    return false;
  *at = (uint32_t)first;
  *size = (uint32_t)bits;
  return true;
}

/* `!value !3 v4 call 1 part 0 64 address other v5 at 0 other v6 at 2 [plus_uconst 8]`; `none` in place of the value. */
static bool parse_value(struct kn_parser *p) {
  kiln_debug_value v = {0};
  kiln_func_set_text_position(p->func, p->lx.tok.line, p->lx.tok.column);
  if (!parse_ref(p, &v.variable)) return false;
  if (!kn_parse_word(p, "none") && !kn_parse_operand(p, KILN_TYPE_VOID, &v.value)) return false;
  if (!parse_part(p, &v.inlined, &v.part_at, &v.part_bits)) return false;
  v.address = kn_parse_word(p, "address");
  for (uint32_t k = 0; k < KILN_MAX_OTHER_VALUES && kn_parse_word(p, "other"); k++) {
    uint64_t at;
    if (!kn_parse_operand(p, KILN_TYPE_VOID, &v.other[k])) return false;
    if (!kn_parse_word(p, "at")) return kn_parse_expected(p, "`at`");
    if (!kn_parse_number(p, KN_OTHER_MOST, "a byte of the expression", &at)) return false;
    v.other_at[k] = (uint32_t)at;
  }
  if (!optional_expr(p)) return false;
  v.expr = p->bytes.at;
  v.expr_bytes = p->bytes.n;
  kiln_func_set_variable(p->func, &v);
  p->status = kiln_func_status(p->func);
  return p->status == KILN_OK;
}

/* `!var !3 slot0 call 1 part 0 64 indirect memory [plus_uconst 8]` */
static bool parse_var(struct kn_parser *p) {
  kiln_debug_variable v = {0};
  kiln_func_set_text_position(p->func, p->lx.tok.line, p->lx.tok.column);
  if (!parse_ref(p, &v.variable) || !kn_parse_operand(p, KILN_TYPE_PTR, &v.slot) ||
      !parse_part(p, &v.inlined, &v.part_at, &v.part_bits))
    return false;
  v.indirect = kn_parse_word(p, "indirect");
  v.memory = kn_parse_word(p, "memory");
  if (!optional_expr(p)) return false;
  v.expr = p->bytes.at;
  v.expr_bytes = p->bytes.n;
  kiln_func_declare_variable(p->func, &v);
  p->status = kiln_func_status(p->func);
  return p->status == KILN_OK;
}

bool kn_parse_func_debug(struct kn_parser *p, bool *is) {
  uint32_t loc = 0;
  kiln_die label;
  *is = true;
  if (kn_parse_word(p, "call")) return parse_call(p);
  if (kn_parse_word(p, "var")) return parse_var(p);
  if (kn_parse_word(p, "value")) return parse_value(p);
  if (kn_parse_word(p, "loc")) {
    if (!kn_parse_word(p, "none") && !parse_loc(p, &loc)) return false;
    kiln_func_set_loc(p->func, loc);
  } else if (kn_parse_word(p, "label")) {
    if (!parse_ref(p, &label)) return false;
    kiln_func_add_label(p->func, label, 0);
  } else if (kn_parse_word(p, "debug")) {
    if (!parse_ref(p, &p->subprogram) || !want_in(p, &p->unit)) return false;
    kiln_func_set_debug(p->func, p->subprogram, p->unit, 0);
  } else if (kn_parse_word(p, "begin")) {
    if (!parse_loc(p, &loc)) return false;
    kiln_func_set_debug(p->func, p->subprogram, p->unit, loc);
  } else {
    *is = false;
  }
  return true;
}
