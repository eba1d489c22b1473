/* Text printer: debugging information. Entries as lines `!4 = variable in !2 { name "x", type !3
 * }`, those of the module after its other lines, those of the session in the function that is
 * printed next; locations, calls that inlined code replaces, and variables in functions. Called
 * by print.c and print_module.c. Invariant: what refers to an entry that was never defined is
 * left out, as the object's writer does. */
#include "base/bytes.h"
#include "base/leb128.h"
#include "ir/debug/die.h"
#include "ir/text/dwarf_names.h"
#include "ir/text/text_form.h"

const char *const kn_loc_words[KN_LOC_WORDS] = {"stmt", "not_stmt", "prologue_end"};

const struct kn_attr_form kn_attr_forms[KN_ATTR_FORMS] = {
  [KN_DA_REF] = {NULL, true, NULL},
  [KN_DA_MD5] = {"md5", false, NULL},
  [KN_DA_ARGUMENT] = {"argument", false, NULL},
  [KN_DA_CHILDREN] = {"children", true, kiln_die_set_children},
  [KN_DA_SIGNATURE] = {"prototype", true, kiln_die_set_signature},
  [KN_DA_TYPED] = {"prototype_of", true, kiln_die_set_function_type},
  [KN_DA_RETAIN] = {"retain", true, kiln_die_set_retained},
};

static void word(struct kn_printer *p, const char *text) { kn_put_text(p, text); }

/* `!4`, of a session `!s4`. */
#define ID "!%s%u"
#define ID_OF(id) (id) & KN_DIE_SESSION ? "s" : "", (id) & KN_DIE_INDEX

/* The name of a number, or the number. */
static void name_of(struct kn_printer *p, const struct kn_dwarf_names *names, uint32_t number) {
  const struct kn_dwarf_name *row = kn_dwarf_name_of(names, number);
  if (row) word(p, row->name);
  else kn_put_hex(p, 0, number);
}

/* ---- expressions ---- */

/* Reads a LEB128 number that is as short as can be and fits 64 bits; its end, or NULL. */
static const uint8_t *leb(const uint8_t *at, const uint8_t *end, bool is_signed, uint64_t *out) {
  uint8_t shortest[10] = {0};
  const uint8_t *next = at;
  *out = kn_leb128(&next, end, is_signed);
  if (next == NULL || next - at > (ptrdiff_t)sizeof shortest) return NULL;
  if (is_signed) kn_put_sleb(shortest, (int64_t)*out);
  else kn_put_uleb(shortest, *out);
  return memcmp(at, shortest, (size_t)(next - at)) == 0 ? next : NULL;
}

/* Writes one operation from `at`; its end, or NULL: it has no text, and what was written means nothing. */
static const uint8_t *put_op(struct kn_printer *p, const uint8_t *at, const uint8_t *end) {
  const struct kn_dwarf_name *row = kn_dwarf_name_of(&kn_dwarf_ops, *at++);
  if (!row) return NULL;
  word(p, row->name);
  for (const char *kind = row->operands; *kind; kind++) {
    uint64_t v = 0;
    if (*kind == 'u' || *kind == 's' || *kind == 'b') {
      at = leb(at, end, *kind == 's', &v);
      if (at == NULL) return NULL;
    } else {
      unsigned size = (unsigned)(*kind - '0');
      if ((size_t)(end - at) < size) return NULL;
      for (unsigned i = 0; i < size; i++) v |= (uint64_t)at[i] << (8 * i);
      at += size;
    }
    if (*kind == 'b' && v > (uint64_t)(end - at)) return NULL;
    word(p, " ");
    if (*kind == 'b') kn_put_string(p, at, (size_t)v);
    else if (*kind == 's') kn_put_signed(p, (int64_t)v);
    else kn_put_unsigned(p, v);
    if (*kind == 'b') at += v;
  }
  return at;
}

/* `[plus_uconst 8, deref]`; bytes from the first one on that is no operation are a string: `["\01"]`. */
static void put_expr(struct kn_printer *p, const uint8_t *bytes, uint32_t n) {
  const uint8_t *end = bytes + n;
  word(p, "[");
  for (const uint8_t *at = bytes; at != end;) {
    if (at != bytes) word(p, ", ");
    size_t size = p->out->size;
    const uint8_t *next = put_op(p, at, end);
    if (next == NULL) {
      p->out->size = size;
      kn_put_string(p, at, (size_t)(end - at));
      break;
    }
    at = next;
  }
  word(p, "]");
}

/* The same after something else, if there is an expression. */
static void put_then(struct kn_printer *p, const uint8_t *bytes, uint32_t n) {
  if (n == 0) return;
  word(p, " ");
  put_expr(p, bytes, n);
}

/* ---- entries ---- */

/* The sets that ids in the text refer to. */
struct sets {
  const struct kiln_debug *module, *session; /* NULL: there is none */
};

static bool defined(const struct sets *s, uint32_t id) {
  return kn_die_of(s->module, s->session, id) != NULL;
}

/* False for an attribute that refers to what is not defined. */
static bool is_said(const struct sets *s, const struct kn_die_attr *a) {
  return !kn_attr_forms[a->kind].refers || defined(s, (uint32_t)a->value);
}

/* The value of an attribute, after its name. */
static void put_value(struct kn_printer *p, const struct sets *s, const struct kiln_debug *d,
                      const struct kn_die_attr *a) {
  /* of what is in bytes; of others the value is no offset */
  const uint8_t *bytes = (uint32_t)a->value < d->bytes.n ? d->bytes.at + (uint32_t)a->value : NULL;
  const uint8_t *text;
  uint32_t n;
  uint64_t half[2] = {0, 0};
  if (a->kind != KN_DA_FLAG) word(p, " ");
  switch ((enum kn_die_kind)a->kind) {
  case KN_DA_ARGUMENT:
  case KN_DA_WIDE:
  case KN_DA_UINT: kn_put_unsigned(p, a->value); break;
  case KN_DA_INT:
    if ((int64_t)a->value >= 0) word(p, "+");
    kn_put_signed(p, (int64_t)a->value);
    break;
  case KN_DA_FLAG: break;
  case KN_DA_STRING:
    text = kn_debug_characters(s->module, s->session, (uint32_t)a->value, &n);
    kn_put_string(p, text, n);
    break;
  case KN_DA_REF:
  case KN_DA_CHILDREN:
  case KN_DA_SIGNATURE:
  case KN_DA_RETAIN:
  case KN_DA_TYPED: kn_put_form(p, ID, ID_OF((uint32_t)a->value)); break;
  case KN_DA_EXPR: put_expr(p, bytes, a->size); break;
  case KN_DA_BLOCK:
    word(p, "bytes ");
    kn_put_string(p, bytes, a->size);
    break;
  case KN_DA_SYMBOL:
    kn_put_symbol(p, (uint32_t)(a->value >> 32));
    put_then(p, bytes, a->size);
    break;
  case KN_DA_MD5:
    for (unsigned i = 0; i < 16; i++) half[i / 8] = half[i / 8] << 8 | bytes[i];
    kn_put_hex(p, half[0], half[1]);
    break;
  }
}

/* `!4 = variable in !2 { name "x" }` */
static void put_entry(struct kn_printer *p, const struct sets *s, const struct kiln_debug *d,
                      uint32_t i, const char *indent) {
  const struct kn_die *e = &d->dies.at[i];
  kn_put_form(p, "%s" ID " = ", indent, ID_OF(i | d->tag));
  if (e->tag == KILN_DIE_TAG_LIST) {
    word(p, "list [");
    for (uint32_t k = 0; k < e->parent; k++) {
      uint32_t id = d->items.at[e->first + k];
      if (k > 0) word(p, ", ");
      if (defined(s, id)) kn_put_form(p, ID, ID_OF(id));
      else word(p, "none");
    }
    word(p, "]\n");
    return;
  }
  if (e->tag == KILN_DIE_TAG_FILE) word(p, "file");
  else if (e->tag == KILN_DIE_TAG_PART) word(p, "part");
  else name_of(p, &kn_dwarf_tags, e->tag);
  if (defined(s, e->parent)) kn_put_form(p, " in " ID, ID_OF(e->parent));
  bool any = false;
  struct kn_die_attr attrs[KN_DIE_ATTRS];
  const struct kn_die_attr *end = attrs + kn_die_attrs(d, e, attrs);
  for (const struct kn_die_attr *a = attrs; a < end; a++) {
    if (!is_said(s, a)) continue;
    word(p, any ? ", " : " { ");
    any = true;
    if (kn_attr_forms[a->kind].word) word(p, kn_attr_forms[a->kind].word);
    else name_of(p, &kn_dwarf_attrs, a->name);
    put_value(p, s, d, a);
  }
  word(p, any ? " }\n" : "\n");
}

static bool is_lines_only(const struct kiln_debug *d, uint32_t unit) {
  for (uint32_t k = 0; k < d->lines_only.n; k++)
    if (d->lines_only.at[k] == unit) return true;
  return false;
}

void kn_put_module_debug(struct kn_printer *p) {
  const struct kiln_debug *d = p->module->debug;
  const struct sets s = {d, NULL};
  const char *dwo_name = p->module->attrs.dwo_name;
  if (p->module->attrs.dwarf_version != 0)
    kn_put_form(p, "dwarf %u\n", p->module->attrs.dwarf_version);
  if (dwo_name != NULL) {
    kn_put_text(p, "dwo_name ");
    kn_put_string(p, dwo_name, strlen(dwo_name));
    kn_put(p, "\n", 1);
  }
  if (d == NULL) return;
  for (uint32_t i = 1; i < d->dies.n; i++)
    if (d->dies.at[i].tag != 0) put_entry(p, &s, d, i, "");
  for (uint32_t i = 0; i < d->units.n; i++) {
    uint32_t unit = d->units.at[i];
    if (!defined(&s, unit)) continue;
    kn_put_form(p, "unit " ID "%s\n", ID_OF(unit), is_lines_only(d, unit) ? " lines_only" : "");
  }
  for (uint32_t i = 0; i + 1 < d->kept.n; i += 2) {
    uint32_t unit = d->kept.at[i], e = d->kept.at[i + 1];
    if (defined(&s, unit) && defined(&s, e))
      kn_put_form(p, "keep " ID " in " ID "\n", ID_OF(e), ID_OF(unit));
  }
  for (uint32_t i = 0; i < d->globals.n; i++) {
    const struct kn_debug_global *g = &d->globals.at[i];
    if (!defined(&s, g->variable)) continue;
    kn_put_form(p, "global " ID " ", ID_OF(g->variable));
    if (g->symbol != 0) kn_put_symbol(p, g->symbol);
    else word(p, "nowhere");
    put_then(p, d->bytes.at + g->expr, g->n);
    word(p, "\n");
  }
}

/* ---- functions ---- */

static struct sets sets_of(const kiln_func *f) {
  return (struct sets){f->module->debug, f->session->debug};
}

/* Widens *first and *last to the location of a call that was inlined, and those of the calls around it. */
static void widen(const struct kn_sources *sources, uint32_t call, uint32_t *first,
                  uint32_t *last) {
  for (; call != 0; call = sources->locs.at[call].inlined) {
    if (call < *first) *first = call;
    if (call > *last) *last = call;
  }
}

bool kn_put_locs_begin(struct kn_printer *p, const kiln_func *f, struct kn_call_numbers *c) {
  const struct kn_sources *sources = &f->session->sources;
  uint32_t first = UINT32_MAX, last = 0;
  *c = (struct kn_call_numbers){0};
  if (sources->locs.n == 0) return true;
  for (uint32_t i = 0; i < f->notes[KN_NOTE_LOC].n; i++)
    widen(sources, kn_loc_full(sources, f->notes[KN_NOTE_LOC].at[i].loc)->inlined, &first, &last);
  widen(sources, sources->locs.at[f->debug.begin].inlined, &first, &last);
  for (uint32_t i = 0; i < f->debug.vars.n; i++)
    widen(sources, f->debug.vars.at[i].inlined, &first, &last);
  for (uint32_t i = 0; i < f->debug.values.n; i++)
    widen(sources, f->debug.values.at[i].inlined, &first, &last);
  if (last == 0) return true;
  size_t size = (last - first + (size_t)1) * sizeof *c->at;
  c->at = kn_realloc(p->module, NULL, size);
  if (c->at == NULL) return false;
  memset(c->at, 0, size);
  c->first = first;
  return true;
}

/* ` call 1`, if code is of a call that was inlined. */
static void put_call(struct kn_printer *p, const struct kn_call_numbers *c, uint32_t inlined) {
  if (inlined != 0) kn_put_form(p, " call %u", c->at[inlined - c->first]);
}

/* `"a.c" 3:4 file !5 in !6 call 1 stmt` */
static void put_loc(struct kn_printer *p, const kiln_func *f, const struct kn_call_numbers *c,
                    struct kn_loc loc) {
  const struct sets s = sets_of(f);
  const struct kn_loc_full *scope = kn_loc_full(&f->session->sources, loc);
  const struct kn_file *file = &f->session->sources.files.at[scope->file];
  kn_put_string(p, file->name, strlen(file->name));
  kn_put_form(p, " %u:%u", loc.line, loc.column);
  if (defined(&s, file->entry)) kn_put_form(p, " file " ID, ID_OF(file->entry));
  if (defined(&s, scope->entry)) kn_put_form(p, " in " ID, ID_OF(scope->entry));
  put_call(p, c, scope->inlined);
  for (unsigned k = 0; k < KN_LOC_WORDS; k++)
    if (scope->flags >> k & 1) kn_put_form(p, " %s", kn_loc_words[k]);
}

/* The lines of a call and those around it that are not in the text yet, from the outside. */
static void put_calls(struct kn_printer *p, const kiln_func *f, struct kn_call_numbers *c,
                      uint32_t call) {
  const struct kn_sources *sources = &f->session->sources;
  for (;;) {
    uint32_t next = 0;
    for (uint32_t i = call; i != 0 && c->at[i - c->first] == 0; i = sources->locs.at[i].inlined)
      next = i;
    if (next == 0) return;
    c->at[next - c->first] = ++c->n;
    kn_put_form(p, "  !call %u ", c->n);
    put_loc(p, f, c, kn_loc_of(sources, next));
    word(p, "\n");
  }
}

void kn_put_loc(struct kn_printer *p, const kiln_func *f, struct kn_call_numbers *c,
                struct kn_loc loc, const char *before) {
  put_calls(p, f, c, kn_loc_full(&f->session->sources, loc)->inlined);
  word(p, before);
  put_loc(p, f, c, loc);
  word(p, "\n");
}

/* The session's entries that were not printed before. */
static void put_entries(struct kn_printer *p, struct kiln_debug *d, const struct sets *s) {
  for (uint32_t i = d->printed + 1; i < d->dies.n; i++) {
    struct kn_die *e = &d->dies.at[i];
    if (e->tag != 0) put_entry(p, s, d, i, "  ");
  }
  if (d->dies.n != 0) d->printed = d->dies.n - 1;
}

/* ` call 1 part 0 64`, what of it there is. */
static void put_part(struct kn_printer *p, const struct kn_call_numbers *c, uint32_t inlined,
                     uint32_t first, uint32_t bits) {
  put_call(p, c, inlined);
  if (bits != 0) kn_put_form(p, " part %u %u", first, bits);
}

bool kn_put_value_head(struct kn_printer *p, const kiln_func *f, struct kn_call_numbers *c,
                       const struct kn_debug_value *v) {
  const struct sets s = sets_of(f);
  if (!defined(&s, v->variable)) return false;
  put_calls(p, f, c, v->inlined);
  kn_put_form(p, "  !%s " ID, v->label ? "label" : "value", ID_OF(v->variable));
  return true;
}

void kn_put_value_words(struct kn_printer *p, const struct kn_call_numbers *c,
                        const struct kn_debug_value *v) {
  put_part(p, c, v->inlined, v->part_at, v->part_bits);
  if (v->address) word(p, " address");
}

void kn_put_value_tail(struct kn_printer *p, const kiln_func *f, const struct kn_debug_value *v) {
  put_then(p, f->debug.bytes.at + v->expr, v->n);
}

void kn_put_func_debug(struct kn_printer *p, const kiln_func *f, struct kn_call_numbers *c) {
  const struct sets s = sets_of(f);
  if (f->session->debug != NULL) put_entries(p, f->session->debug, &s);
  if (defined(&s, f->debug.subprogram) && defined(&s, f->debug.unit)) {
    kn_put_form(p, "  !debug " ID " in " ID "\n", ID_OF(f->debug.subprogram), ID_OF(f->debug.unit));
    if (f->debug.begin != 0)
      kn_put_loc(p, f, c, kn_loc_of(&f->session->sources, f->debug.begin), "  !begin ");
  }
  for (uint32_t i = 0; i < f->debug.vars.n; i++) {
    const struct kn_debug_var *v = &f->debug.vars.at[i];
    if (!defined(&s, v->variable)) continue;
    put_calls(p, f, c, v->inlined);
    kn_put_form(p, "  !var " ID " slot%u", ID_OF(v->variable), f->slots.at[v->slot].number);
    put_part(p, c, v->inlined, v->part_at, v->part_bits);
    if (v->indirect) word(p, " indirect");
    if (v->memory) word(p, " memory");
    put_then(p, f->debug.bytes.at + v->expr, v->n);
    word(p, "\n");
  }
}
