/* Text printer: debugging information. Entries as lines `!4 = variable in !2 { name "x", type !3
 * }`, those of the module after its other lines, those of the session in the function that is
 * printed next; locations, calls that inlined code replaces, and variables in functions. Called
 * by print.c and print_module.c. Invariant: what refers to an entry that was never defined is
 * left out, as the object's writer does. */
#include "ir/debug/die.h"
#include "ir/text/dwarf_names.h"
#include "ir/text/text_form.h"

const char *const kn_loc_words[KN_LOC_WORDS] = {"stmt", "not_stmt", "prologue_end"};

static void word(struct kn_printer *p, const char *text) { kn_put_text(p, text); }

/* The name of a number, or the number. */
static void name_of(struct kn_printer *p, const struct kn_dwarf_names *names, uint32_t number) {
  const struct kn_dwarf_name *row = kn_dwarf_name_of(names, number);
  if (row) word(p, row->name);
  else kn_put_hex(p, 0, number);
}

/* `!4`, of a session `!s4`. */
static void put_id(struct kn_printer *p, uint32_t id) {
  word(p, id & KN_DIE_SESSION ? "!s" : "!");
  kn_put_unsigned(p, id & KN_DIE_INDEX);
}

/* ---- expressions ---- */

/* Reads a LEB128 number that is as short as can be and fits 64 bits; its end, or NULL. */
static const uint8_t *leb(const uint8_t *at, const uint8_t *end, bool is_signed, uint64_t *out) {
  const uint8_t *first = at;
  uint64_t v = 0;
  unsigned shift = 0;
  uint8_t byte;
  do {
    if (at == end || shift > 63) return NULL;
    byte = *at++;
    v |= (uint64_t)(byte & 0x7f) << shift;
    if (shift == 63 && (byte & 0x7e) != (is_signed && (byte & 1) ? 0x7e : 0)) return NULL;
    shift += 7;
  } while (byte & 0x80);
  if (at - first > 1) { /* the last byte must say something */
    unsigned before = at[-2] & 0x40;
    if (byte == 0 && !(is_signed && before)) return NULL;
    if (is_signed && byte == 0x7f && before) return NULL;
  }
  if (is_signed && shift < 64 && (byte & 0x40)) v |= ~UINT64_C(0) << shift;
  *out = v;
  return at;
}

/* Writes one operation from `at`; its end, or NULL: it has no text. */
static const uint8_t *put_op(struct kn_printer *p, const uint8_t *at, const uint8_t *end,
                             bool write) {
  const struct kn_dwarf_name *row = kn_dwarf_name_of(&kn_dwarf_ops, *at++);
  if (!row) return NULL;
  if (write) word(p, row->name);
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
    if (write) {
      word(p, " ");
      if (*kind == 'b') kn_put_string(p, at, (size_t)v);
      else if (*kind == 's') kn_put_signed(p, (int64_t)v);
      else kn_put_unsigned(p, v);
    }
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
    const uint8_t *next = put_op(p, at, end, false);
    if (next == NULL) {
      kn_put_string(p, at, (size_t)(end - at));
      break;
    }
    put_op(p, at, end, true);
    at = next;
  }
  word(p, "]");
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
  bool refers = a->kind == KN_DA_REF || a->kind == KN_DA_CHILDREN || a->kind == KN_DA_SIGNATURE ||
                a->kind == KN_DA_TYPED || a->kind == KN_DA_RETAIN;
  return !refers || defined(s, (uint32_t)a->value);
}

/* The value of an attribute, behind its name. */
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
  case KN_DA_TYPED: put_id(p, (uint32_t)a->value); break;
  case KN_DA_EXPR: put_expr(p, bytes, a->size); break;
  case KN_DA_BLOCK:
    word(p, "bytes ");
    kn_put_string(p, bytes, a->size);
    break;
  case KN_DA_SYMBOL:
    kn_put_symbol(p, (uint32_t)(a->value >> 32));
    if (a->size == 0) break;
    word(p, " ");
    put_expr(p, bytes, a->size);
    break;
  case KN_DA_MD5:
    for (unsigned i = 0; i < 16; i++) half[i / 8] = half[i / 8] << 8 | bytes[i];
    kn_put_hex(p, half[0], half[1]);
    break;
  }
}

const char *const kn_attr_words[KN_ATTR_WORDS] = {
  [KN_DA_MD5] = "md5",
  [KN_DA_CHILDREN] = "children",
  [KN_DA_SIGNATURE] = "prototype",
  [KN_DA_TYPED] = "prototype_of",
  [KN_DA_ARGUMENT] = "argument",
  [KN_DA_RETAIN] = "retain",
};

static void put_attr_name(struct kn_printer *p, const struct kn_die_attr *a) {
  if (a->kind < KN_ATTR_WORDS && kn_attr_words[a->kind]) word(p, kn_attr_words[a->kind]);
  else name_of(p, &kn_dwarf_attrs, a->name);
}

/* `!4 = variable in !2 { name "x" }` */
static void put_entry(struct kn_printer *p, const struct sets *s, const struct kiln_debug *d,
                      uint32_t i, const char *indent) {
  const struct kn_die *e = &d->dies.at[i];
  word(p, indent);
  put_id(p, i | d->tag);
  word(p, " = ");
  if (e->tag == KILN_DIE_TAG_LIST) {
    word(p, "list [");
    for (uint32_t k = 0; k < e->parent; k++) {
      uint32_t id = d->items.at[e->first + k];
      if (k > 0) word(p, ", ");
      if (defined(s, id)) put_id(p, id);
      else word(p, "none");
    }
    word(p, "]\n");
    return;
  }
  if (e->tag == KILN_DIE_TAG_FILE) word(p, "file");
  else if (e->tag == KILN_DIE_TAG_PART) word(p, "part");
  else name_of(p, &kn_dwarf_tags, e->tag);
  if (defined(s, e->parent)) {
    word(p, " in ");
    put_id(p, e->parent);
  }
  bool any = false;
  struct kn_die_attr attrs[KN_DIE_ATTRS];
  const struct kn_die_attr *end = attrs + kn_die_attrs(d, e, attrs);
  for (const struct kn_die_attr *a = attrs; a < end; a++) {
    if (!is_said(s, a)) continue;
    word(p, any ? ", " : " { ");
    any = true;
    put_attr_name(p, a);
    put_value(p, s, d, a);
  }
  word(p, any ? " }\n" : "\n");
}

void kn_put_module_debug(struct kn_printer *p) {
  const struct kiln_debug *d = p->module->debug;
  const struct sets s = {d, NULL};
  if (p->module->dwarf_version != 0) {
    word(p, "dwarf ");
    kn_put_unsigned(p, p->module->dwarf_version);
    word(p, "\n");
  }
  if (d == NULL) return;
  for (uint32_t i = 1; i < d->dies.n; i++)
    if (d->dies.at[i].tag != 0) put_entry(p, &s, d, i, "");
  for (uint32_t i = 0; i < d->units.n; i++) {
    if (!defined(&s, d->units.at[i])) continue;
    word(p, "unit ");
    put_id(p, d->units.at[i]);
    for (uint32_t k = 0; k < d->lines_only.n; k++)
      if (d->lines_only.at[k] == d->units.at[i]) {
        word(p, " lines_only");
        break;
      }
    word(p, "\n");
  }
  for (uint32_t i = 0; i + 1 < d->kept.n; i += 2) {
    if (!defined(&s, d->kept.at[i]) || !defined(&s, d->kept.at[i + 1])) continue;
    word(p, "keep ");
    put_id(p, d->kept.at[i + 1]);
    word(p, " in ");
    put_id(p, d->kept.at[i]);
    word(p, "\n");
  }
  for (uint32_t i = 0; i < d->globals.n; i++) {
    const struct kn_debug_global *g = &d->globals.at[i];
    if (!defined(&s, g->variable)) continue;
    word(p, "global ");
    put_id(p, g->variable);
    word(p, " ");
    if (g->symbol != 0) kn_put_symbol(p, g->symbol);
    else word(p, "nowhere");
    if (g->n != 0) {
      word(p, " ");
      put_expr(p, d->bytes.at + g->expr, g->n);
    }
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
    widen(sources, sources->locs.at[f->notes[KN_NOTE_LOC].at[i].a].inlined, &first, &last);
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

/* `"a.c" 3:4 file !5 in !6 call 1 stmt` */
static void put_loc(struct kn_printer *p, const kiln_func *f, const struct kn_call_numbers *c,
                    uint32_t loc) {
  const struct sets s = sets_of(f);
  const struct kn_loc *l = &f->session->sources.locs.at[loc];
  const struct kn_file *file = &f->session->sources.files.at[l->file];
  kn_put_string(p, file->name, strlen(file->name));
  word(p, " ");
  kn_put_unsigned(p, l->line);
  word(p, ":");
  kn_put_unsigned(p, l->column);
  if (defined(&s, file->entry)) {
    word(p, " file ");
    put_id(p, file->entry);
  }
  if (defined(&s, l->scope)) {
    word(p, " in ");
    put_id(p, l->scope);
  }
  if (l->inlined != 0) {
    word(p, " call ");
    kn_put_unsigned(p, c->at[l->inlined - c->first]);
  }
  for (unsigned k = 0; k < KN_LOC_WORDS; k++) {
    if (!(l->flags >> k & 1)) continue;
    word(p, " ");
    word(p, kn_loc_words[k]);
  }
}

/* The lines of a call and those around it that are not in the text yet, from the outside. */
static void put_calls(struct kn_printer *p, const kiln_func *f, struct kn_call_numbers *c,
                      uint32_t call) {
  const struct kn_loc *locs = f->session->sources.locs.at;
  for (;;) {
    uint32_t next = 0;
    for (uint32_t i = call; i != 0 && c->at[i - c->first] == 0; i = locs[i].inlined) next = i;
    if (next == 0) return;
    c->at[next - c->first] = ++c->n;
    word(p, "  !call ");
    kn_put_unsigned(p, c->n);
    word(p, " ");
    put_loc(p, f, c, next);
    word(p, "\n");
  }
}

void kn_put_loc(struct kn_printer *p, const kiln_func *f, struct kn_call_numbers *c, uint32_t loc,
                const char *before) {
  put_calls(p, f, c, f->session->sources.locs.at[loc].inlined);
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
  if (inlined != 0) {
    word(p, " call ");
    kn_put_unsigned(p, c->at[inlined - c->first]);
  }
  if (bits == 0) return;
  word(p, " part ");
  kn_put_unsigned(p, first);
  word(p, " ");
  kn_put_unsigned(p, bits);
}

bool kn_put_value_head(struct kn_printer *p, const kiln_func *f, struct kn_call_numbers *c,
                       const struct kn_debug_value *v) {
  const struct sets s = sets_of(f);
  if (!defined(&s, v->variable)) return false;
  put_calls(p, f, c, v->inlined);
  word(p, v->label ? "  !label " : "  !value ");
  put_id(p, v->variable);
  return true;
}

void kn_put_value_words(struct kn_printer *p, const struct kn_call_numbers *c,
                        const struct kn_debug_value *v) {
  put_part(p, c, v->inlined, v->part_at, v->part_bits);
  if (v->address) word(p, " address");
}

void kn_put_value_tail(struct kn_printer *p, const kiln_func *f, const struct kn_debug_value *v) {
  if (v->n == 0) return;
  word(p, " ");
  put_expr(p, f->debug.bytes.at + v->expr, v->n);
}

void kn_put_func_debug(struct kn_printer *p, const kiln_func *f, struct kn_call_numbers *c) {
  const struct sets s = sets_of(f);
  if (f->session->debug != NULL) put_entries(p, f->session->debug, &s);
  if (defined(&s, f->debug.subprogram) && defined(&s, f->debug.unit)) {
    word(p, "  !debug ");
    put_id(p, f->debug.subprogram);
    word(p, " in ");
    put_id(p, f->debug.unit);
    word(p, "\n");
    if (f->debug.begin != 0) kn_put_loc(p, f, c, f->debug.begin, "  !begin ");
  }
  for (uint32_t i = 0; i < f->debug.vars.n; i++) {
    const struct kn_debug_var *v = &f->debug.vars.at[i];
    if (!defined(&s, v->variable)) continue;
    put_calls(p, f, c, v->inlined);
    word(p, "  !var ");
    put_id(p, v->variable);
    word(p, " slot");
    kn_put_unsigned(p, f->slots.at[v->slot].number);
    put_part(p, c, v->inlined, v->part_at, v->part_bits);
    if (v->indirect) word(p, " indirect");
    if (v->memory) word(p, " memory");
    if (v->n != 0) {
      word(p, " ");
      put_expr(p, f->debug.bytes.at + v->expr, v->n);
    }
    word(p, "\n");
  }
}
