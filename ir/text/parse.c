/* Text parser, module level: symbols, data, aliases, constructors; kiln_text_read.
 * Two passes over the top level: the first declares every symbol, the second reads data and function
 * bodies, so a name may be used anywhere. Invariant: after the first error nothing more is read. */
#include "ir/text/text_form.h"
#include <stdio.h>

/* ---- words ---- */

bool kn_parse_protection(struct kn_parser *p, uint32_t *what) {
  *what = 0;
  for (unsigned k = 0; k < KN_PROTECT_COUNT; k++) {
    if (!kn_parse_word(p, kn_protect_names[k])) continue;
    *what |= 1u << k;
    k = UINT32_MAX; /* words are in any order */
  }
  return *what != 0 ||
         kn_parse_expected(p, "branch, return, return_all, key_b, control_stack or direct");
}

/* ---- symbols ---- */

struct kn_name *kn_parse_symbol_name(struct kn_parser *p, const struct kn_token *t, bool add) {
  uint32_t length;
  const char *key = kn_parse_name(p, t, &length);
  if (!key) return NULL;
  if (length == 0) {
    kn_parse_fail(p, t, KILN_ERR_SYNTAX, "an empty name");
    return NULL;
  }
  struct kn_name *e = kn_names_find(p->module, &p->symbols, key, length, add);
  if (!e && add) kn_parse_no_memory(p);
  return e;
}

/* The blocks of a function, by name; NULL after an error. They are kept: data may name those of many functions in any
 * order. */
static struct kn_names *blocks_of(struct kn_parser *p, struct kn_parse_item *it) {
  if (it->blocks != NULL) return it->blocks;
  if (!kn_parse_labels(p, it->symbol, &it->at)) return NULL;
  it->blocks = kn_realloc(p->module, NULL, sizeof *it->blocks);
  if (it->blocks == NULL) {
    kn_parse_no_memory(p);
    return NULL;
  }
  for (uint32_t i = 0; i < p->labels.list.n; i++)
    p->labels.list.at[i].value = p->label.at[p->labels.list.at[i].value].id;
  *it->blocks = p->labels;
  p->labels = (struct kn_names){0};
  p->labels_of = 0;
  return it->blocks;
}

/* Block id of label token `t` of function `func`. */
static bool find_label(struct kn_parser *p, const struct kn_name *name, const struct kn_token *t,
                       uint32_t *out) {
  kiln_symbol func = {name->value};
  if (t->length > 5 && t->length < 15 && memcmp(t->text, "label", 5) == 0) {
    uint64_t number = 0;
    uint32_t i = 5;
    for (; i < t->length && t->text[i] >= '0' && t->text[i] <= '9'; i++)
      number = number * 10 + (uint64_t)(t->text[i] - '0');
    if (i == t->length && number < UINT32_C(1) << 30) {
      *out = (uint32_t)(KN_FIRST_LABEL + (int64_t)number);
      return true;
    }
  }
  struct kn_names *blocks = NULL;
  struct kn_parse_item *items = p->items.at;
  bool own = p->labels_of == func.id;
  if (!own && !p->func && name->line > 0 && items[name->line - 1].kind == KN_ITEM_FUNC &&
      (blocks = blocks_of(p, &items[name->line - 1])) == NULL)
    return false;
  if (own || blocks != NULL) {
    struct kn_name *e =
      kn_names_find(p->module, own ? &p->labels : blocks, t->text, t->length, false);
    if (!e)
      return kn_parse_fail(p, t, KILN_ERR_STRUCTURE, "no block '%.*s' in the function",
                           (int)t->length, t->text);
    *out = own ? p->label.at[e->value].id : e->value;
    return true;
  }
  /* Another function's block, or one of another text: by number. */
  uint64_t id = 0;
  bool ok = t->length > 1 && t->length < 11 && t->text[0] == 'b';
  for (uint32_t i = 1; ok && i < t->length; i++) {
    ok = t->text[i] >= '0' && t->text[i] <= '9';
    id = id * 10 + (uint64_t)(t->text[i] - '0');
  }
  if (!ok || id >= UINT32_MAX)
    return kn_parse_fail(p, t, KILN_ERR_SYNTAX,
                         "a block of another function must be named by its number, such as b3");
  *out = (uint32_t)id;
  return true;
}

bool kn_parse_symbol(struct kn_parser *p, kiln_symbol *out, int64_t *addend) {
  struct kn_token t = p->lx.tok;
  if (t.kind != KN_TOK_SYMBOL) return kn_parse_expected(p, "a symbol");
  const struct kn_name *e = kn_parse_symbol_name(p, &t, false);
  if (!e)
    return kn_parse_fail(p, &t, KILN_ERR_SYMBOL, "@%.*s is not declared", (int)t.length, t.text);
  if (e->state == KN_SYM_ALIAS_WAITING)
    return kn_parse_fail(p, &t, KILN_ERR_SYMBOL, "@%.*s is an alias of itself", (int)t.length,
                         t.text);
  *out = (kiln_symbol){e->value};
  kn_parse_next(p);
  if (kn_parse_is(p, ':')) {
    uint32_t block = 0;
    kn_parse_next(p);
    struct kn_token label = p->lx.tok;
    if (label.kind != KN_TOK_IDENT) return kn_parse_expected(p, "a block");
    if (!find_label(p, e, &label, &block)) return false;
    *out = kiln_block_symbol(p->module, *out, (kiln_block){block});
    if (!kn_parse_api_ok(p)) return false;
    kn_parse_next(p);
  }
  if (!addend) return true;
  *addend = 0;
  bool minus = kn_parse_is(p, '-');
  if (p->lx.tok.adjacent && (minus || kn_parse_is(p, '+'))) {
    kn_parse_next(p);
    const struct kn_token *n = &p->lx.tok;
    if (n->kind != KN_TOK_INT) return kn_parse_expected(p, "an offset");
    if (n->high || n->low > (uint64_t)INT64_MAX + minus)
      return kn_parse_fail(p, n, KILN_ERR_LIMIT, "the offset has more than 64 bits");
    *addend = (int64_t)(minus ? 0 - n->low : n->low);
    kn_parse_next(p);
  }
  return true;
}

/* ---- first pass ---- */

static bool word_in(struct kn_parser *p, const char *const *names, unsigned n, unsigned *out) {
  for (unsigned i = 0; i < n; i++) {
    if (names[i][0] && kn_parse_word(p, names[i])) {
      *out = i;
      return true;
    }
  }
  return false;
}

/* Reads the words before a symbol's name. */
static bool parse_symbol_words(struct kn_parser *p, kiln_symbol_desc *d) {
  for (;;) {
    unsigned v;
    if (word_in(p, kn_linkage_names, KILN_LINKAGE_COUNT, &v)) {
      d->linkage = (kiln_linkage)v;
    } else if (word_in(p, kn_visibility_names, KILN_VISIBILITY_COUNT, &v)) {
      d->visibility = (kiln_visibility)v;
    } else if (kn_parse_word(p, "dso_local")) {
      d->dso_local = true;
    } else if (word_in(p, kn_dll_names, KILN_DLL_COUNT, &v)) {
      d->dll = (kiln_dll)v;
    } else if (kn_parse_word(p, "no_plt")) {
      d->no_plt = true;
    } else if (kn_parse_word(p, "tls")) {
      if (!kn_parse_want(p, '(')) return false;
      if (!word_in(p, kn_tls_names, KILN_TLS_COUNT, &v))
        return kn_parse_expected(p, "gd, ld, ie or le");
      d->tls = (kiln_tls)v;
      if (!kn_parse_want(p, ')')) return false;
    } else if (p->lx.tok.kind == KN_TOK_SYMBOL) {
      return true;
    } else {
      return kn_parse_expected(p, "a symbol");
    }
  }
}

/* Reads the words after a symbol's name or signature; those of data only if `data` is set. `of`, `with`: of data,
 * where the symbols of its label and of what it goes with are. */
static bool parse_tail_words(struct kn_parser *p, kiln_symbol_desc *d, kiln_data_desc *data,
                             struct kn_lexer *of, struct kn_lexer *with) {
  for (;;) {
    bool ok = true;
    unsigned choice;
    if (data && kn_parse_flag(p, kn_data_words, &data->flags)) continue;
    if (kn_parse_word(p, "section")) {
      ok = kn_parse_string(p, "a section's name in quotes", &d->section);
    } else if (word_in(p, kn_comdat_words, KILN_COMDAT_COUNT, &choice)) {
      d->comdat_choice = (kiln_comdat)choice;
      ok = kn_parse_string(p, "a group's name in quotes", &d->comdat);
    } else if (kn_parse_word(p, "group")) {
      d->comdat_stays = true;
      ok = kn_parse_string(p, "a group's name in quotes", &d->comdat);
    } else if (kn_parse_word(p, "align")) {
      ok = kn_parse_align(p, 16, data ? &data->align_log2 : &d->align_log2);
    } else if (data && kn_parse_word(p, "of")) {
      *of = p->lx;
      while (p->lx.tok.kind == KN_TOK_SYMBOL || p->lx.tok.kind == KN_TOK_IDENT ||
             kn_parse_is(p, ':'))
        kn_parse_next(p);
    } else if (data && kn_parse_word(p, "with")) {
      *with = p->lx;
      if (p->lx.tok.kind != KN_TOK_SYMBOL) return kn_parse_expected(p, "a symbol");
      kn_parse_next(p);
    } else {
      return true;
    }
    if (!ok) return false;
  }
}

/* Enters the declared symbol under its name, which start_desc gave; `defined` if a body or data follows. */
static bool enter_symbol(struct kn_parser *p, const struct kn_token *t, struct kn_name *e,
                         kiln_symbol symbol, bool defined, uint32_t item) {
  if (defined && e->state >= KN_SYM_DEFINED)
    return kn_parse_fail(p, t, KILN_ERR_SYMBOL, "@%.*s is defined twice", (int)t->length, t->text);
  e->value = symbol.id;
  if (defined || e->state == 0) {
    e->state = defined ? KN_SYM_DEFINED : KN_SYM_DECLARED;
    e->line = item;
  }
  return true;
}

static struct kn_parse_item *new_item(struct kn_parser *p, unsigned kind) {
  if (!KN_ROOM(p->module, p->items, 1)) {
    kn_parse_no_memory(p);
    return NULL;
  }
  struct kn_parse_item *it = p->items.at + p->items.n++;
  *it = (struct kn_parse_item){.kind = (uint8_t)kind};
  return it;
}

/* Skips from after `{` to after `}`. */
static bool skip_braces(struct kn_parser *p, const struct kn_token *open) {
  for (int inner = 0;; kn_parse_next(p)) { /* entries in a function have braces too */
    if (p->lx.tok.kind == KN_TOK_BAD) return kn_parse_expected(p, "");
    if (p->lx.tok.kind == KN_TOK_EOF) {
      return kn_parse_fail(p, open, KILN_ERR_SYNTAX, "'{' without a matching '}'");
    }
    inner += kn_parse_is(p, '{');
    if (inner == 0 && kn_parse_take(p, '}')) return true;
    inner -= kn_parse_is(p, '}');
  }
}

/* The braces at the end of an item, which are parsed later: `it`. */
static bool parse_braces(struct kn_parser *p, struct kn_parse_item it) {
  const struct kn_token open = p->lx.tok;
  if (!kn_parse_want(p, '{')) return false;
  struct kn_parse_item *to = new_item(p, it.kind);
  if (!to) return false;
  it.at = p->lx;
  *to = it;
  return skip_braces(p, &open) && kn_parse_line_end(p);
}

/* Begins the description of the symbol token `t`, and gives its name, whose value is an earlier declaration in this
 * text. It stays valid until another name is entered. */
static struct kn_name *start_desc(struct kn_parser *p, const struct kn_token *t,
                                  kiln_symbol_desc *d) {
  uint32_t length;
  d->name = kn_parse_name(p, t, &length);
  if (!d->name) return NULL;
  d->name_length = length;
  struct kn_name *e =
    length != 0 ? kn_names_find(p->module, &p->symbols, d->name, length, true) : NULL;
  if (e && e->state != KN_SYM_ALIAS_WAITING) return e;
  if (length == 0) kn_parse_fail(p, t, KILN_ERR_SYNTAX, "an empty name");
  else if (!e) kn_parse_no_memory(p);
  else kn_parse_fail(p, t, KILN_ERR_SYMBOL, "@%.*s is defined twice", (int)t->length, t->text);
  return NULL;
}

static bool wrong_kind(struct kn_parser *p, const struct kn_token *t) {
  return kn_parse_fail(p, t, KILN_ERR_SYMBOL, "@%.*s is declared as something else", (int)t->length,
                       t->text);
}

static bool parse_func(struct kn_parser *p, unsigned body) {
  kiln_symbol_desc d = {0};
  kiln_sig sig;
  if (!parse_symbol_words(p, &d)) return false;
  struct kn_token t = p->lx.tok;
  struct kn_name *e = start_desc(p, &t, &d);
  if (!e) return false;
  kiln_symbol symbol = {e->value};
  kn_parse_next(p);
  if (!kn_parse_sig(p, &sig) || !parse_tail_words(p, &d, NULL, NULL, NULL)) return false;
  if (symbol.id) {
    kiln_symbol_info info = kiln_symbol_get(p->module, symbol);
    if (info.kind != KILN_SYMBOL_FUNC || info.sig.id != sig.id) return wrong_kind(p, &t);
  } else {
    symbol = kiln_func_declare(p->module, &d, sig);
    if (!kn_parse_api_ok(p)) return false;
  }
  if (!enter_symbol(p, &t, e, symbol, body, p->items.n + 1)) return false;
  if (!body) return kn_parse_line_end(p);
  struct kn_lexer personality = {0};
  if (kn_parse_word(p, "personality")) { /* its symbol may be declared later */
    personality = p->lx;
    if (p->lx.tok.kind != KN_TOK_SYMBOL) return kn_parse_expected(p, "a symbol");
    kn_parse_next(p);
  }
  return parse_braces(
    p, (struct kn_parse_item){
         .kind = KN_ITEM_FUNC, .symbol = symbol, .name = t, .personality = personality});
}

static bool parse_data(struct kn_parser *p, unsigned body) {
  kiln_symbol_desc d = {0};
  kiln_data_desc data = {0};
  if (!parse_symbol_words(p, &d)) return false;
  struct kn_token t = p->lx.tok;
  struct kn_name *e = start_desc(p, &t, &d);
  if (!e) return false;
  kiln_symbol symbol = {e->value};
  kn_parse_next(p);
  struct kn_lexer of = {0}, with = {0};
  if (!parse_tail_words(p, &d, &data, &of, &with)) return false;
  if (!body) d.align_log2 = data.align_log2;
  if (symbol.id) {
    if (kiln_symbol_get(p->module, symbol).kind != KILN_SYMBOL_DATA) return wrong_kind(p, &t);
  } else {
    symbol = kiln_data_declare(p->module, &d);
    if (!kn_parse_api_ok(p)) return false;
  }
  if (!enter_symbol(p, &t, e, symbol, body, p->items.n + 1)) return false;
  if (!body) return kn_parse_line_end(p);
  return parse_braces(p, (struct kn_parse_item){.kind = KN_ITEM_DATA,
                                                .symbol = symbol,
                                                .name = t,
                                                .data = data,
                                                .personality = of,
                                                .with = with});
}

static bool parse_alias(struct kn_parser *p, unsigned resolver) {
  kiln_symbol_desc d = {.resolver = resolver};
  if (!parse_symbol_words(p, &d)) return false;
  struct kn_token t = p->lx.tok;
  struct kn_name *e = start_desc(p, &t, &d);
  if (!e) return false;
  if (e->value != 0) return wrong_kind(p, &t);
  kn_parse_next(p);
  struct kn_parse_item *it = new_item(p, KN_ITEM_ALIAS);
  if (!it) return false;
  e->state = KN_SYM_ALIAS_WAITING;
  e->line = p->items.n;
  if (!kn_parse_want(p, '=')) return false;
  it->at = p->lx;
  it->desc = d;
  it->name = t;
  if (p->lx.tok.kind != KN_TOK_SYMBOL) return kn_parse_expected(p, "a symbol");
  while (p->lx.tok.kind != KN_TOK_NEWLINE && p->lx.tok.kind != KN_TOK_EOF) kn_parse_next(p);
  return true;
}

/* A line that the second pass reads, from the current token on. */
static bool parse_later(struct kn_parser *p, unsigned kind) {
  struct kn_parse_item *it = new_item(p, kind);
  if (!it) return false;
  it->at = p->lx;
  while (p->lx.tok.kind != KN_TOK_NEWLINE && p->lx.tok.kind != KN_TOK_EOF) kn_parse_next(p);
  return true;
}

/* `!4 = variable { ... }`, which may go over several lines; `!` was taken. */
static bool parse_entry_later(struct kn_parser *p) {
  struct kn_parse_item *it = new_item(p, KN_ITEM_ENTRY);
  if (!it) return false;
  it->at = p->lx;
  if (!kn_parse_entry_name(p)) return false;
  for (int open = 0; p->lx.tok.kind != KN_TOK_EOF; kn_parse_next(p)) {
    if (p->lx.tok.kind == KN_TOK_NEWLINE && open <= 0) break;
    open += kn_parse_is(p, '{') + kn_parse_is(p, '[');
    open -= kn_parse_is(p, '}') + kn_parse_is(p, ']');
  }
  return true;
}

static bool set_attrs(struct kn_parser *p, const kiln_module_attrs *attrs) {
  kiln_module_set_attrs(p->module, attrs);
  return kn_parse_api_ok(p) && kn_parse_line_end(p);
}

/* `dwo_name "a.dwo"` */
static bool parse_dwo_name(struct kn_parser *p) {
  kiln_module_attrs attrs = kiln_module_get_attrs(p->module);
  const char *name;
  if (!kn_parse_string(p, "the name of a file in quotes", &name)) return false;
  if (attrs.dwo_name == NULL) attrs.dwo_name = name;
  return set_attrs(p, &attrs);
}

/* `dwarf 4` */
static bool parse_dwarf(struct kn_parser *p) {
  struct kn_token t = p->lx.tok;
  uint64_t version;
  if (!kn_parse_number(p, 5, "a version of DWARF", &version)) return false;
  if (version < 4) return kn_parse_syntax(p, &t, "the version of DWARF must be 4 or 5");
  kiln_module_attrs attrs = kiln_module_get_attrs(p->module);
  attrs.dwarf_version = (uint32_t)version;
  return set_attrs(p, &attrs);
}

static bool parse_target(struct kn_parser *p) {
  struct kn_token t = p->lx.tok;
  kiln_target target;
  char name[64];
  if (t.kind != KN_TOK_IDENT) return kn_parse_expected(p, "a target");
  const char *end = t.text + t.length;
  for (kn_parse_next(p); kn_parse_take(p, '-'); kn_parse_next(p)) {
    if (p->lx.tok.kind != KN_TOK_IDENT) return kn_parse_expected(p, "a part of a target");
    end = p->lx.tok.text + p->lx.tok.length;
  }
  snprintf(name, sizeof name, "%.*s", (int)(end - t.text), t.text);
  if (!kiln_target_find(name, &target))
    return kn_parse_fail(p, &t, KILN_ERR_UNSUPPORTED, "unknown target '%s'", name);
  const kiln_target own = kiln_module_get_target(p->module);
  if (target.processor != own.processor || target.system != own.system ||
      target.format != own.format)
    return kn_parse_fail(p, &t, KILN_ERR_ARGUMENT, "the text is for %s, but the module is for %s",
                         name, kiln_processor_name(own.processor));
  return kn_parse_line_end(p);
}

static bool parse_section(struct kn_parser *p) {
  const char *name;
  kiln_section_desc d = {0};
  uint64_t number;
  if (!kn_parse_string(p, "a section's name in quotes", &name)) return false;
  for (;;) {
    if (kn_parse_flag(p, kn_section_words, &d.flags)) continue;
    if (kn_parse_word(p, "type")) {
      unsigned kind = KILN_SECTION_CONTENT;
      while (kind < KILN_SECTION_OTHER && !kn_parse_word(p, kn_section_kind_names[kind])) kind++;
      d.kind = (kiln_section_kind)kind;
      if (kind == KILN_SECTION_OTHER) {
        if (!kn_parse_number(p, UINT32_MAX, "a kind of section, or a number", &number))
          return false;
        d.format_type = (uint32_t)number;
      }
    } else if (kn_parse_word(p, "entry")) {
      if (!kn_parse_number(p, UINT32_MAX, "a size", &number)) return false;
      d.entry_bytes = (uint32_t)number;
    } else {
      break;
    }
  }
  kiln_section_declare(p->module, name, &d);
  return kn_parse_api_ok(p) && kn_parse_line_end(p);
}

/* `protect branch return` */
static bool parse_protect(struct kn_parser *p) {
  kiln_module_attrs attrs = kiln_module_get_attrs(p->module);
  attrs.protection = 0;
  return kn_parse_protection(p, &attrs.protection) && set_attrs(p, &attrs);
}

/* `guard tls reg "gs" offset 40 symbol "s"` */
static bool parse_guard(struct kn_parser *p) {
  kiln_guard_location g = {0};
  unsigned source;
  if (!word_in(p, kn_guard_source_names, KILN_GUARD_SOURCE_COUNT, &source))
    return kn_parse_expected(p, "default, tls, global or sysreg");
  g.source = (kiln_guard_source)source;
  for (;;) {
    bool ok = true;
    if (kn_parse_word(p, "reg")) {
      ok = kn_parse_string(p, "a register's name in quotes", &g.reg);
    } else if (kn_parse_word(p, "offset")) {
      const struct kn_token *t = &p->lx.tok;
      int64_t offset = (int64_t)t->low;
      ok = t->kind == KN_TOK_INT && offset == (int32_t)offset;
      if (!ok) return kn_parse_expected(p, "an offset of 32 bits");
      g.offset_bytes = (int32_t)offset;
      kn_parse_next(p);
    } else if (kn_parse_word(p, "symbol")) {
      ok = kn_parse_string(p, "a symbol's name in quotes", &g.symbol);
    } else {
      break;
    }
    if (!ok) return false;
  }
  kiln_module_attrs attrs = kiln_module_get_attrs(p->module);
  attrs.guard_location = g;
  return set_attrs(p, &attrs);
}

/* `pinned r14` */
static bool parse_pinned(struct kn_parser *p) {
  char name[16] = {0};
  const struct kn_token *t = &p->lx.tok;
  if (t->kind != KN_TOK_IDENT || t->length >= sizeof name)
    return kn_parse_expected(p, "a register of the target");
  memcpy(name, t->text, t->length);
  kn_parse_next(p);
  kiln_module_attrs attrs = kiln_module_get_attrs(p->module);
  attrs.pinned = name;
  return set_attrs(p, &attrs);
}

static bool parse_extern(struct kn_parser *p) {
  return kn_parse_word(p, "data") ? parse_data(p, false) : kn_parse_expected(p, "'data'");
}

/* The lines of a module, by their first words: who parses them, some by a number. */
static const struct {
  const char *word;
  bool (*parse)(struct kn_parser *p);
  bool (*parse_as)(struct kn_parser *p, unsigned number);
  unsigned number;
} lines[] = {
  {"func", NULL, parse_func, true},          {"declare", NULL, parse_func, false},
  {"data", NULL, parse_data, true},          {"extern", parse_extern, NULL, 0},
  {"alias", NULL, parse_alias, false},       {"ifunc", NULL, parse_alias, true},
  {"ctor", NULL, parse_later, KN_ITEM_CTOR}, {"rename", NULL, parse_later, KN_ITEM_RENAME},
  {"dtor", NULL, parse_later, KN_ITEM_DTOR}, {"target", parse_target, NULL, 0},
  {"section", parse_section, NULL, 0},       {"guard", parse_guard, NULL, 0},
  {"protect", parse_protect, NULL, 0},       {"unit", NULL, parse_later, KN_ITEM_UNIT},
  {"keep", NULL, parse_later, KN_ITEM_KEEP}, {"global", NULL, parse_later, KN_ITEM_GLOBAL},
  {"dwarf", parse_dwarf, NULL, 0},           {"pinned", parse_pinned, NULL, 0},
  {"dwo_name", parse_dwo_name, NULL, 0},
};

static bool parse_line(struct kn_parser *p) {
  for (size_t k = 0; k < sizeof lines / sizeof *lines; k++)
    if (kn_parse_word(p, lines[k].word))
      return lines[k].parse != NULL ? lines[k].parse(p) : lines[k].parse_as(p, lines[k].number);
  if (kn_parse_take(p, '!')) return parse_entry_later(p);
  kiln_module_attrs attrs = kiln_module_get_attrs(p->module);
  if (kn_parse_attr_flag(p, kn_module_words, KN_MODULE_WORDS, &attrs)) return set_attrs(p, &attrs);
  return kn_parse_expected(
    p, "func, declare, data, extern, alias, ifunc, ctor, dtor, rename, section, guard, protect, "
       "no_plt, exec_stack, own_library, pinned, target, dwarf, dwo_name, unit, keep, global or "
       "an entry");
}

static bool first_pass(struct kn_parser *p) {
  for (;;) {
    kn_parse_skip_newlines(p);
    if (p->lx.tok.kind == KN_TOK_EOF) return true;
    if (!parse_line(p)) return false;
  }
}

/* ---- second pass ---- */

static uint8_t *more_bytes(struct kn_parser *p, uint64_t n) {
  if (n > UINT32_MAX / 2 || p->bytes.n + n > UINT32_MAX / 2) {
    kn_parse_fail(p, NULL, KILN_ERR_LIMIT, "the data has more than 2 GiB");
    return NULL;
  }
  uint32_t need = p->bytes.n + (uint32_t)n;
  if (!KN_ROOM(p->module, p->bytes, (uint32_t)n + 1)) {
    kn_parse_no_memory(p);
    return NULL;
  }
  uint8_t *at = p->bytes.at + p->bytes.n;
  p->bytes.n = need;
  return at;
}

/* Appends a number of `type` to data: its bytes, little-endian. */
static bool data_number(struct kn_parser *p, kiln_type type) {
  bool minus = kn_parse_take(p, '-');
  struct kn_token t = p->lx.tok;
  uint32_t size = kiln_type_size(type);
  unsigned __int128 v;
  if (kn_token_is_float(&t, type)) {
    uint64_t bits;
    if (!kn_parse_float_bits(p, &t, type, minus, &bits)) return false;
    v = bits;
  } else if (t.kind == KN_TOK_INT) {
    v = (unsigned __int128)t.high << 64 | t.low;
    unsigned width = type == KILN_TYPE_F80 ? 80 : size * 8;
    unsigned __int128 limit = (unsigned __int128)1 << (width - 1);
    if (minus ? v > limit : width < 128 && v >> width)
      return kn_parse_fail(p, &t, KILN_ERR_LIMIT, "the number does not fit in %s",
                           kiln_type_name(type));
    if (minus) v = 0 - v;
  } else {
    return kn_parse_expected(p, "a number");
  }
  uint8_t *at = more_bytes(p, size);
  if (!at) return false;
  for (uint32_t i = 0; i < size; i++) at[i] = (uint8_t)(i < 16 ? v >> (8 * i) : 0);
  kn_parse_next(p);
  return true;
}

/* Words for relocations, with the size of the field, and whether the number of the object's format follows. */
static const char *const reloc_words[] = {"addr",    "addr32",  "rel64",  "rel32",
                                          "reloc64", "reloc32", "reloc16"};
static const uint8_t reloc_sizes[] = {8, 4, 8, 4, 8, 4, 2};
enum { FIRST_RELATIVE = 2, FIRST_NUMBERED = 4, N_RELOC_WORDS = 7 };

static bool data_reloc(struct kn_parser *p, const struct kn_parse_item *it, unsigned word) {
  const bool relative = word >= FIRST_RELATIVE && word < FIRST_NUMBERED;
  const uint8_t size = reloc_sizes[word];
  uint64_t number = 0;
  kiln_reloc r = {
    .offset_bytes = p->bytes.n, .size_bytes = size, .relative_to = {relative ? it->symbol.id : 0}};
  if (word >= FIRST_NUMBERED) {
    if (!kn_parse_number(p, UINT16_MAX, "a kind of relocation", &number)) return false;
    r.kind = KILN_RELOC_FORMAT + (uint32_t)number;
  }
  if (!kn_parse_symbol(p, &r.symbol, &r.addend)) return false;
  if (relative && kn_parse_take(p, '-') && !kn_parse_symbol(p, &r.relative_to, NULL)) return false;
  uint8_t *at = more_bytes(p, size);
  if (!at) return false;
  memset(at, 0, size);
  if (!KN_ROOM(p->module, p->relocs, 1)) return kn_parse_no_memory(p);
  p->relocs.at[p->relocs.n++] = r;
  return true;
}

static bool define_data(struct kn_parser *p, struct kn_parse_item *it) {
  unsigned reloc;
  bool zero = true, ok = true;
  kiln_type type = KILN_TYPE_VOID; /* type of the numbers after the next comma */
  uint64_t n = 0, zeros = 0;       /* `zero` alone takes no memory here */
  if (it->personality.at) {
    p->lx = it->personality;
    if (!kn_parse_symbol(p, &it->data.label, NULL)) return false;
  }
  if (it->with.at) {
    p->lx = it->with;
    if (!kn_parse_symbol(p, &it->data.with, NULL)) return false;
  }
  p->lx = it->at;
  p->bytes.n = p->relocs.n = 0;
  for (kn_parse_skip_newlines(p); ok && !kn_parse_take(p, '}'); kn_parse_skip_newlines(p)) {
    if (kn_parse_word(p, "zero")) {
      ok = kn_parse_number(p, INT64_MAX, "a number of bytes", &n);
      if (ok && zero && zeros + n >= zeros) {
        zeros += n;
      } else if (ok) {
        uint8_t *at = more_bytes(p, n);
        if (at && n) memset(at, 0, n);
        ok = at != NULL;
      }
      type = KILN_TYPE_VOID;
    } else {
      if (zero) {
        uint8_t *at = more_bytes(p, zeros);
        if (!at) return false;
        if (zeros) memset(at, 0, zeros);
        zero = false;
      }
      if (p->lx.tok.kind == KN_TOK_STRING) {
        uint8_t *at = more_bytes(p, p->lx.tok.length);
        if (!at) return false;
        p->bytes.n = (uint32_t)(at - p->bytes.at) + (uint32_t)kn_lex_decode(&p->lx.tok, (char *)at);
        kn_parse_next(p);
        type = KILN_TYPE_VOID;
      } else if (word_in(p, reloc_words, N_RELOC_WORDS, &reloc)) {
        ok = data_reloc(p, it, reloc);
        type = KILN_TYPE_VOID;
      } else {
        if (p->lx.tok.kind == KN_TOK_IDENT) {
          kiln_type next = kn_parse_type_of(p->lx.tok.text, p->lx.tok.length);
          if (next != KILN_TYPE_VOID) {
            type = next;
            kn_parse_next(p);
          }
        }
        ok = type == KILN_TYPE_VOID || p->lx.tok.kind == KN_TOK_IDENT
               ? kn_parse_expected(p, "a string, a type, zero, addr or rel")
               : data_number(p, type);
      }
    }
    if (ok && p->lx.tok.kind != KN_TOK_NEWLINE && !kn_parse_is(p, '}')) ok = kn_parse_want(p, ',');
  }
  if (!ok) return false;
  it->data.bytes = zero ? NULL : p->bytes.at;
  it->data.size_bytes = zero ? zeros : p->bytes.n;
  it->data.relocs = p->relocs.at;
  it->data.n_relocs = p->relocs.n;
  kiln_data_define(p->module, it->symbol, &it->data);
  return kn_parse_api_ok(p);
}

static bool rename_symbol(struct kn_parser *p, const struct kn_parse_item *it) {
  kiln_symbol symbol;
  const char *name;
  p->lx = it->at;
  if (!kn_parse_symbol(p, &symbol, NULL) || !kn_parse_string(p, "a name in quotes", &name) ||
      !kn_parse_line_end(p))
    return false;
  kiln_symbol_set_object_name(p->module, symbol, name);
  return kn_parse_api_ok(p);
}

static bool add_ctor(struct kn_parser *p, const struct kn_parse_item *it) {
  kiln_symbol func, with = {0};
  uint64_t priority;
  p->lx = it->at;
  if (!kn_parse_symbol(p, &func, NULL)) return false;
  if (!kn_parse_number(p, 65535, "a priority", &priority)) return false;
  if (kn_parse_word(p, "with") && !kn_parse_symbol(p, &with, NULL)) return false;
  if (!kn_parse_line_end(p)) return false;
  kiln_ctor_add(p->module, &(kiln_ctor_desc){.func = func,
                                             .priority = (uint32_t)(priority % KN_NO_PRIORITY),
                                             .has_priority = priority != KN_NO_PRIORITY,
                                             .at_exit = it->kind == KN_ITEM_DTOR,
                                             .with = with});
  return kn_parse_api_ok(p);
}

static bool build_func(struct kn_parser *p, const struct kn_parse_item *it) {
  p->lx = it->at;
  kiln_func *f = p->func = kiln_func_begin(p->session, it->symbol);
  if (!f) return kn_parse_api_ok(p) ? kn_parse_no_memory(p) : false;
  kiln_func_set_text_position(f, it->name.line, it->name.column);
  bool ok = true;
  if (it->personality.at != NULL) {
    kiln_func_attrs attrs = kiln_func_get_attrs(f);
    p->lx = it->personality;
    ok = kn_parse_symbol(p, &attrs.personality, NULL);
    if (ok) kiln_func_set_attrs(f, &attrs);
    p->lx = it->at;
  }
  ok = ok && kn_parse_body(p, it->symbol);
  p->func = NULL;
  if (!ok || (p->status = kiln_func_finish(f)) != KILN_OK ||
      (p->status = kiln_func_verify(f)) != KILN_OK) {
    if (p->status == KILN_OK) p->status = kiln_func_status(f);
    if (kiln_func_status(f) != KILN_OK) kiln_func_compile(f); /* the module gets the error */
    else kiln_func_discard(f);
    return false;
  }
  p->status = p->sink ? p->sink(p->user, f) : kiln_func_compile(f);
  return p->status == KILN_OK;
}

/* Entries of debugging information, and what is said of them. */
static bool define_entries(struct kn_parser *p) {
  struct kn_parse_item *items = p->items.at;
  bool ok = true;
  for (uint32_t i = 0; i < p->items.n && ok; i++) {
    p->lx = items[i].at;
    if (items[i].kind == KN_ITEM_ENTRY) ok = kn_parse_entry_number(p);
  }
  for (uint32_t i = 0; i < p->items.n && ok; i++) {
    p->lx = items[i].at;
    switch (items[i].kind) {
    case KN_ITEM_ENTRY: ok = kn_parse_entry(p); break;
    case KN_ITEM_UNIT: ok = kn_parse_unit(p); break;
    case KN_ITEM_KEEP: ok = kn_parse_keep(p); break;
    case KN_ITEM_GLOBAL: ok = kn_parse_global(p); break;
    default: break;
    }
  }
  const kiln_debug *d = p->session->debug;
  p->session_base = kiln_debug_die_limit(d) != 0 ? kiln_debug_die_limit(d) - 1 : 0;
  return ok;
}

static bool second_pass(struct kn_parser *p) {
  if (!kn_parse_aliases(p) || !define_entries(p)) return false;
  struct kn_parse_item *items = p->items.at;
  for (uint32_t i = 0; i < p->items.n; i++) {
    if (items[i].kind == KN_ITEM_DATA && !define_data(p, &items[i])) return false;
    const bool ctor = items[i].kind == KN_ITEM_CTOR || items[i].kind == KN_ITEM_DTOR;
    if (ctor && !add_ctor(p, &items[i])) return false;
    if (items[i].kind == KN_ITEM_RENAME && !rename_symbol(p, &items[i])) return false;
  }
  for (uint32_t i = 0; i < p->items.n; i++) {
    if (items[i].kind == KN_ITEM_FUNC && !build_func(p, &items[i])) return false;
  }
  return true;
}

kiln_status kiln_text_read(kiln_session *s, const char *text, size_t size, kiln_func_sink_fn sink,
                           void *user) {
  if (s == NULL || (text == NULL && size != 0)) return KILN_ERR_ARGUMENT;
  if (text == NULL) text = "";
  struct kn_parser p = {.session = s, .module = kiln_session_module(s), .sink = sink, .user = user};
  p.status = kiln_module_status(p.module);
  if (p.status != KILN_OK) return p.status;
  if (size >= UINT32_MAX) {
    kn_parse_fail(&p, &(struct kn_token){0}, KILN_ERR_LIMIT, "the text has 4 GiB or more");
    return p.status;
  }
  p.text = text;
  kn_lex_start(&p.lx, text, size);
  if (kn_parse_ops(&p) && first_pass(&p)) second_pass(&p);
  struct kn_names *names[] = {&p.symbols, &p.ops, &p.values, &p.labels, &p.entries};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    kn_realloc(p.module, names[i]->list.at, 0);
    kn_hash_free(&p.module->options.allocator, &names[i]->hash);
  }
  for (uint32_t i = 0; i < p.items.n; i++) {
    struct kn_names *blocks = p.items.at[i].blocks;
    if (blocks == NULL) continue;
    kn_realloc(p.module, blocks->list.at, 0);
    kn_hash_free(&p.module->options.allocator, &blocks->hash);
    kn_realloc(p.module, blocks, 0);
  }
  void *owned[] = {p.label.at, p.items.at,  p.label_types.at, p.args.at,
                   p.bytes.at, p.relocs.at, p.calls.at};
  for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) kn_realloc(p.module, owned[i], 0);
  while (p.chunks) {
    struct kn_text_chunk *next = p.chunks->next;
    kn_realloc(p.module, p.chunks, 0);
    p.chunks = next;
  }
  return p.status;
}
