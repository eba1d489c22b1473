/* Debugging information entries: the sets of a module and its sessions, and what a function knows of them. Called by
 * front ends; lib/dwarf/dwarf.c reads what is here. Invariant: nothing is checked here but numbers; references to what
 * was never defined are left out by the writer. */
#include "ir/debug/die.h"

#include "ir/builder/builder.h"

#include <string.h>

/* ---- sets ---- */

static kiln_debug *make(kiln_module *m, uint32_t tag) {
  kiln_debug *d = kn_realloc(m, NULL, sizeof *d);
  if (d == NULL) return KN_MODULE_FAIL(NULL, m, KILN_ERR_MEMORY, "out of memory");
  memset(d, 0, sizeof *d);
  d->module = m;
  d->tag = tag;
  if (!kn_trie_begin(m, &d->shapes)) {
    kn_debug_free(d, m);
    return NULL;
  }
  return d;
}

kiln_debug *kiln_module_debug(kiln_module *m) {
  if (kn_module_failed(m) || (m->frozen && m->debug == NULL)) return NULL;
  if (m->debug == NULL) m->debug = make(m, 0);
  return m->debug;
}

kiln_debug *kiln_session_debug(kiln_session *s) {
  if (s == NULL || kn_module_failed(s->module)) return NULL;
  if (s->debug == NULL) s->debug = make(s->module, KN_DIE_SESSION);
  return s->debug;
}

void kn_debug_free(struct kiln_debug *d, kiln_module *m) {
  if (d == NULL) return;
  kn_trie_free(m, &d->shapes);
  KN_FREE(&m->options.allocator, d->dies.at, d->words.at, d->texts.at, d->items.at, d->bytes.at,
          d->units.at, d->lines_only.at, d->kept.at, d->globals.at, d);
}

/* ---- entries ---- */

uint32_t kiln_debug_die_limit(const kiln_debug *d) { return d != NULL ? d->dies.n : 0; }

kiln_die kiln_die_at(const kiln_debug *d, uint32_t index) {
  if (d == NULL || index > UINT32_MAX / 4) return (kiln_die){0};
  return (kiln_die){index | d->tag};
}

static __attribute__((noinline)) void wrong(kiln_debug *d, const char *what) {
  kn_module_fail(d->module, KILN_ERR_ARGUMENT, "debugging information: %s", what);
}

/* Makes entries up to number i exist. */
static __attribute__((noinline)) bool extend(kiln_debug *d, uint32_t i) {
  uint32_t more = i + 1 - d->dies.n;
  if (!KN_ROOM(d->module, d->dies, more)) return false;
  while (d->dies.n <= i) d->dies.at[d->dies.n++] = (struct kn_die){0};
  return true;
}

/* Makes `e` exist; NULL if it is 0 or the module failed. */
static inline struct kn_die *define(kiln_debug *d, kiln_die e, unsigned tag) {
  uint32_t i = e.id & KN_DIE_INDEX;
  if (i == 0) return NULL;
  if (KN_UNLIKELY((e.id & KN_DIE_SESSION) != d->tag || i > UINT32_MAX / 4)) {
    wrong(d, "an entry is defined in a set to which it does not belong");
    return NULL;
  }
  if (KN_LIKELY(i == d->dies.n && i < d->dies.cap)) {
    d->dies.at[d->dies.n++] = (struct kn_die){0};
  } else {
    if (i >= d->dies.n && !extend(d, i)) return NULL;
    if (d->dies.at[i].tag != 0) {
      wrong(d, "an entry is defined twice");
      return NULL;
    }
  }
  struct kn_die *die = &d->dies.at[i];
  die->tag = (uint16_t)tag;
  return die;
}

kiln_die kiln_die_reserve(kiln_debug *d) {
  if (d == NULL) return (kiln_die){0};
  const uint32_t i = d->dies.n != 0 ? d->dies.n : 1;
  if (i > UINT32_MAX / 4) {
    wrong(d, "too many entries");
    return (kiln_die){0};
  }
  return extend(d, i) ? (kiln_die){i | d->tag} : (kiln_die){0};
}

static bool tag_is_valid(kiln_debug *d, unsigned tag) {
  if (tag != 0 && tag <= 0xffff && tag != KILN_DIE_TAG_LIST) return true;
  wrong(d, "an entry has no tag");
  return false;
}

void kiln_die_begin(kiln_debug *d, kiln_die e, unsigned tag, kiln_die parent) {
  if (d == NULL) return;
  d->open = 0;
  if (!tag_is_valid(d, tag)) return;
  struct kn_die *die = define(d, e, tag);
  if (die == NULL) return;
  uint32_t shape = kn_trie_step(d->module, &d->shapes, 0, KN_SHAPE_TAG | tag);
  if (shape == 0) return;
  d->open = e.id & KN_DIE_INDEX;
  die->shape = shape;
  die->first = d->words.n;
  die->parent = parent.id;
}

static const uint8_t words_of[] = {[KN_DA_UINT] = 1,     [KN_DA_INT] = 2,    [KN_DA_STRING] = 1,
                                   [KN_DA_REF] = 1,      [KN_DA_EXPR] = 2,   [KN_DA_BLOCK] = 2,
                                   [KN_DA_SYMBOL] = 3,   [KN_DA_MD5] = 1,    [KN_DA_CHILDREN] = 1,
                                   [KN_DA_TYPED] = 1,    [KN_DA_RETAIN] = 1, [KN_DA_SIGNATURE] = 1,
                                   [KN_DA_ARGUMENT] = 1, [KN_DA_WIDE] = 2};

uint32_t kn_die_attrs(const struct kiln_debug *d, const struct kn_die *e, struct kn_die_attr *out) {
  const struct kn_trie_node *shape = &d->shapes.nodes.at[e->shape];
  uint32_t n = kn_shape_attrs(shape);
  for (uint32_t k = n; k-- > 0;) {
    const struct kn_trie_node *up = &d->shapes.nodes.at[shape->up];
    out[k] = kn_die_attr_of(shape->key >> 8, shape->key & 0xff,
                            d->words.at + e->first + kn_shape_words(up));
    shape = up;
  }
  return n;
}

/* The shape of another attribute, which may be new; 0: there is none. */
static __attribute__((noinline)) uint32_t more(kiln_debug *d, uint32_t from, unsigned name,
                                               unsigned kind) {
  const struct kn_trie_node *is = &d->shapes.nodes.at[from];
  uint32_t what = is->is + (1u << 16) + words_of[kind];
  if (name > UINT16_MAX || kn_shape_attrs(is) == KN_DIE_ATTRS) {
    wrong(d, name > UINT16_MAX ? "an attribute's number is too large"
                               : "an entry has too many attributes");
    return 0;
  }
  uint32_t shape = kn_trie_find(d->module, &d->shapes, from, name << 8 | kind);
  if (shape == 0) return 0;
  d->shapes.nodes.at[shape].is = what;
  return shape;
}

kiln_die_shape kiln_die_shape_new(kiln_debug *d, unsigned tag, const kiln_die_shape_attr *attrs,
                                  uint32_t n) {
  static const uint8_t kinds[KILN_DIE_ATTR_KIND_COUNT] = {
    [KILN_DIE_ATTR_UINT] = KN_DA_UINT,
    [KILN_DIE_ATTR_WIDE] = KN_DA_WIDE,
    [KILN_DIE_ATTR_INT] = KN_DA_INT,
    [KILN_DIE_ATTR_FLAG] = KN_DA_FLAG,
    [KILN_DIE_ATTR_STRING] = KN_DA_STRING,
    [KILN_DIE_ATTR_REF] = KN_DA_REF,
    [KILN_DIE_ATTR_CHILDREN] = KN_DA_CHILDREN,
    [KILN_DIE_ATTR_SIGNATURE] = KN_DA_SIGNATURE,
    [KILN_DIE_ATTR_FUNCTION_TYPE] = KN_DA_TYPED,
    [KILN_DIE_ATTR_RETAINED] = KN_DA_RETAIN,
    [KILN_DIE_ATTR_ARGUMENT] = KN_DA_ARGUMENT};
  const kiln_die_shape none = {0};
  if (d == NULL || (attrs == NULL && n != 0)) return none;
  if (!tag_is_valid(d, tag)) return none;
  uint32_t shape = kn_trie_step(d->module, &d->shapes, 0, KN_SHAPE_TAG | tag);
  for (uint32_t k = 0; k < n && shape != 0; k++) {
    if (attrs[k].is >= KILN_DIE_ATTR_KIND_COUNT) {
      wrong(d, "the kind of an attribute is unknown");
      return none;
    }
    shape = more(d, shape, attrs[k].name, kinds[attrs[k].is]);
  }
  return (kiln_die_shape){shape, tag};
}

/* The same as kiln_die_begin_shaped, in all cases. */
static __attribute__((noinline)) void any_shaped(kiln_debug *d, kiln_die e, kiln_die_shape shape,
                                                 kiln_die parent, const uint32_t *values) {
  if (d == NULL) return;
  d->open = 0;
  if (shape.id == 0 || shape.id >= d->shapes.nodes.n || !tag_is_valid(d, shape.tag)) return;
  const uint32_t n = kn_shape_words(&d->shapes.nodes.at[shape.id]);
  if (values == NULL && n != 0) return;
  struct kn_die *die = define(d, e, shape.tag);
  if (die == NULL || !KN_ROOM(d->module, d->words, n)) return;
  *die = (struct kn_die){(uint16_t)shape.tag, shape.id, d->words.n, parent.id};
  if (n != 0) memcpy(d->words.at + d->words.n, values, n * sizeof *values);
  d->words.n += n;
  d->open = e.id & KN_DIE_INDEX;
}

void kiln_die_begin_shaped(kiln_debug *d, kiln_die e, kiln_die_shape shape, kiln_die parent,
                           const uint32_t *values) {
  /* as most: the next entry */
  if (KN_LIKELY(d != NULL && shape.id - 1 < d->shapes.nodes.n - 1 && values != NULL &&
                e.id == (d->dies.n | d->tag) && d->dies.n - 1 < d->dies.cap - 1 &&
                shape.tag - 1 < KILN_DIE_TAG_LIST - 1)) {
    const uint32_t n = kn_shape_words(&d->shapes.nodes.at[shape.id]);
    if (KN_LIKELY(n <= d->words.cap - d->words.n)) {
      uint32_t *word = d->words.at + d->words.n, *end = word + n;
      d->open = d->dies.n;
      d->dies.at[d->dies.n++] =
        (struct kn_die){(uint16_t)shape.tag, shape.id, d->words.n, parent.id};
      d->words.n += n;
      while (word < end) *word++ = *values++;
      return;
    }
  }
  any_shaped(d, e, shape, parent, values);
}

/* Adds an attribute to the open entry: its words are to be written; NULL: it is ignored. */
static inline __attribute__((always_inline)) uint32_t *attr(kiln_debug *d, unsigned name,
                                                            enum kn_die_kind kind) {
  if (d == NULL || d->open == 0) return NULL;
  struct kn_die *e = &d->dies.at[d->open];
  const unsigned n = words_of[kind];
  if (KN_UNLIKELY(d->words.n + n > d->words.cap) && !KN_ROOM(d->module, d->words, n)) return NULL;
  uint32_t shape = d->shapes.nodes.at[e->shape].last;
  if (KN_UNLIKELY(d->shapes.nodes.at[shape].key != (name << 8 | kind) || name > UINT16_MAX) &&
      (shape = more(d, e->shape, name, kind)) == 0)
    return NULL;
  e->shape = shape;
  d->words.n += n;
  return d->words.at + d->words.n - n;
}

static __attribute__((noinline)) void any_word(kiln_debug *d, unsigned name, enum kn_die_kind kind,
                                               uint32_t value) {
  uint32_t *w = attr(d, name, kind);
  if (w) *w = value;
}

/* The same of kinds that have one word. */
static inline __attribute__((always_inline)) void word(kiln_debug *d, unsigned name,
                                                       enum kn_die_kind kind, uint32_t value) {
  if (KN_LIKELY(d != NULL && d->open != 0 && d->words.n < d->words.cap)) {
    struct kn_die *e = &d->dies.at[d->open];
    uint32_t shape = d->shapes.nodes.at[e->shape].last;
    if (KN_LIKELY(d->shapes.nodes.at[shape].key == ((uint64_t)name << 8 | kind))) {
      e->shape = shape;
      d->words.at[d->words.n++] = value;
      return;
    }
  }
  any_word(d, name, kind, value);
}

static void two_words(kiln_debug *d, unsigned name, enum kn_die_kind kind, uint64_t value) {
  uint32_t *w = attr(d, name, kind);
  if (w == NULL) return;
  w[0] = (uint32_t)value;
  w[1] = (uint32_t)(value >> 32);
}

/* Appends bytes to the set's; their offset, or UINT32_MAX. */
static uint32_t keep(kiln_debug *d, const void *bytes, size_t n) {
  if (d == NULL || (bytes == NULL && n != 0)) return UINT32_MAX;
  if (n >= KN_EXPR_FULL) {
    wrong(d, "an expression did not fit (kiln_debug_expr)");
    return UINT32_MAX;
  }
  if (n > d->bytes.cap - d->bytes.n && !KN_ROOM(d->module, d->bytes, n)) return UINT32_MAX;
  uint32_t at = d->bytes.n;
  if (n) memcpy(d->bytes.at + at, bytes, n);
  d->bytes.n += (uint32_t)n;
  return at;
}

void kiln_die_set_uint(kiln_debug *d, unsigned name, uint64_t value) {
  if (KN_LIKELY(value <= UINT32_MAX)) word(d, name, KN_DA_UINT, (uint32_t)value);
  else two_words(d, name, KN_DA_WIDE, value);
}
void kiln_die_set_int(kiln_debug *d, unsigned name, int64_t value) {
  two_words(d, name, KN_DA_INT, (uint64_t)value);
}
void kiln_die_set_flag(kiln_debug *d, unsigned name) { attr(d, name, KN_DA_FLAG); }

static void with_bytes(kiln_debug *d, unsigned name, enum kn_die_kind kind, const void *bytes,
                       size_t n) {
  uint32_t at = d != NULL && d->open != 0 ? keep(d, bytes, n) : UINT32_MAX;
  if (at != UINT32_MAX) two_words(d, name, kind, (uint64_t)n << 32 | at);
}

/* A new text; 0 without memory. */
static uint32_t text(kiln_debug *d, const char *characters, size_t n, bool apart) {
  if (n > UINT32_MAX / 2 || !KN_ROOM(d->module, d->texts, 2)) return 0;
  bool stays = apart && characters != NULL && d->module->options.borrow_strings;
  uint32_t at = stays ? 0 : keep(d, characters, n);
  if (at == UINT32_MAX) return 0;
  if (d->texts.n == 0) d->texts.at[d->texts.n++] = (struct kn_debug_text){0};
  struct kn_debug_text is = {.at = at, .n = (uint32_t)n, .stays = stays, .apart = apart};
  if (stays) is.text = characters;
  d->texts.at[d->texts.n] = is;
  return d->texts.n++ | d->tag;
}

void kiln_die_set_string(kiln_debug *d, unsigned name, const char *characters, size_t n) {
  if (d == NULL || d->open == 0 || characters == NULL || (n && memchr(characters, 0, n))) return;
  uint32_t id = text(d, characters, n, false);
  if (id) word(d, name, KN_DA_STRING, id);
}
kiln_debug_string kiln_debug_string_new(kiln_debug *d, const char *characters, size_t n) {
  return (kiln_debug_string){d != NULL ? text(d, characters, n, true) : 0};
}
void kiln_die_set_shared_string(kiln_debug *d, unsigned name, kiln_debug_string id) {
  if (d == NULL || id.id == 0) return;
  const kiln_debug *of = (id.id & KN_DIE_SESSION) == d->tag ? d : d->module->debug;
  uint32_t i = id.id & KN_DIE_INDEX;
  if ((id.id & KN_DIE_SESSION) > d->tag || of == NULL || i >= of->texts.n)
    wrong(d, "an entry has a text that belongs neither to its set nor to the module");
  else if (of->texts.at[i].n) word(d, name, KN_DA_STRING, id.id);
}
void kiln_die_set_expr(kiln_debug *d, unsigned name, const void *bytes, size_t n) {
  with_bytes(d, name, KN_DA_EXPR, bytes, n);
}
void kiln_die_set_block(kiln_debug *d, unsigned name, const void *bytes, size_t n) {
  with_bytes(d, name, KN_DA_BLOCK, bytes, n);
}
void kiln_die_set_symbol(kiln_debug *d, unsigned name, kiln_symbol symbol, const void *bytes,
                         size_t n) {
  if (d == NULL || d->open == 0) return;
  if (!kn_symbol_valid(d->module, symbol.id)) {
    wrong(d, "a location is at no symbol");
    return;
  }
  uint32_t at = keep(d, bytes, n), *w = at != UINT32_MAX ? attr(d, name, KN_DA_SYMBOL) : NULL;
  if (w == NULL) return;
  w[0] = at;
  w[1] = (uint32_t)n;
  w[2] = symbol.id;
}
void kiln_die_set_md5(kiln_debug *d, const uint8_t *md5) {
  uint32_t at = md5 != NULL && d != NULL && d->open != 0 ? keep(d, md5, 16) : UINT32_MAX;
  if (at != UINT32_MAX) word(d, 0, KN_DA_MD5, at);
}

static inline void refer(kiln_debug *d, unsigned name, enum kn_die_kind kind, kiln_die to) {
  if (d == NULL || to.id == 0) return;
  if ((to.id & KN_DIE_SESSION) <= d->tag) word(d, name, kind, to.id);
  else wrong(d, "an entry of the module refers to one of a session");
}
void kiln_die_set_ref(kiln_debug *d, unsigned name, kiln_die to) { refer(d, name, KN_DA_REF, to); }
void kiln_die_set_children(kiln_debug *d, kiln_die list) { refer(d, 0, KN_DA_CHILDREN, list); }
void kiln_die_set_signature(kiln_debug *d, kiln_die list) { refer(d, 0, KN_DA_SIGNATURE, list); }
void kiln_die_set_retained(kiln_debug *d, kiln_die list) { refer(d, 0, KN_DA_RETAIN, list); }
void kiln_die_set_argument(kiln_debug *d, unsigned number) { word(d, 0, KN_DA_ARGUMENT, number); }
void kiln_die_set_function_type(kiln_debug *d, kiln_die type) { refer(d, 0, KN_DA_TYPED, type); }

void kiln_die_begin_list(kiln_debug *d, kiln_die e, const kiln_die *items, uint32_t n) {
  struct kn_die *list =
    d != NULL && (items != NULL || n == 0) ? define(d, e, KILN_DIE_TAG_LIST) : NULL;
  if (list == NULL) return;
  list->first = d->items.n;
  if (!KN_ROOM(d->module, d->items, n)) return;
  for (uint32_t i = 0; i < n; i++)
    d->items.at[d->items.n++] = (items[i].id & KN_DIE_SESSION) <= d->tag ? items[i].id : 0;
  list->parent = n;
  d->list = e.id & KN_DIE_INDEX;
}

void kiln_die_append(kiln_debug *d, kiln_die item) {
  if (d == NULL || d->list == 0 || !KN_ROOM(d->module, d->items, 1)) return;
  if ((item.id & KN_DIE_SESSION) > d->tag) {
    wrong(d, "a list of the module refers to an entry of a session");
    return;
  }
  d->items.at[d->items.n++] = item.id;
  d->dies.at[d->list].parent++;
}

/* Whether it is the set of the module, which alone has units and globals. */
static bool of_module(kiln_debug *d) {
  if (d == NULL || kn_module_failed(d->module)) return false;
  if (d->tag == KN_DIE_SESSION) wrong(d, "units and globals are of the module's set");
  return d->tag != KN_DIE_SESSION;
}

void kiln_debug_add_unit(kiln_debug *d, kiln_die e) {
  if (!of_module(d) || (e.id & KN_DIE_SESSION) || !KN_ROOM(d->module, d->units, 1)) return;
  d->units.at[d->units.n++] = e.id;
}

void kiln_debug_set_lines_only(kiln_debug *d, kiln_die unit) {
  if (!of_module(d) || (unit.id & KN_DIE_SESSION) || !KN_ROOM(d->module, d->lines_only, 1)) return;
  d->lines_only.at[d->lines_only.n++] = unit.id;
}

void kiln_debug_keep(kiln_debug *d, kiln_die unit, kiln_die e) {
  if (!of_module(d) || ((e.id | unit.id) & KN_DIE_SESSION) || !KN_ROOM(d->module, d->kept, 2))
    return;
  d->kept.at[d->kept.n++] = unit.id;
  d->kept.at[d->kept.n++] = e.id;
}

void kiln_debug_set_global(kiln_debug *d, kiln_die variable, kiln_symbol symbol, const void *expr,
                           size_t n) {
  if (!of_module(d) || variable.id == 0 || (variable.id & KN_DIE_SESSION)) return;
  const uint32_t at = keep(d, expr, n);
  if (at == UINT32_MAX || !KN_ROOM(d->module, d->globals, 1)) return;
  if (symbol.id != 0 && !kn_symbol_valid(d->module, symbol.id)) {
    wrong(d, "a variable is at no symbol");
    return;
  }
  d->globals.at[d->globals.n++] = (struct kn_debug_global){variable.id, symbol.id, at, (uint32_t)n};
}

/* ---- files ---- */

char *kn_die_path(kiln_session *s, uint32_t id) {
  kiln_module *m = s->module;
  const struct kn_die *e = kn_die_of(m->debug, s->debug, id);
  if (e == NULL || e->tag != KILN_DIE_TAG_FILE)
    return KN_MODULE_FAIL(NULL, m, KILN_ERR_ARGUMENT,
                          "the entry of the file is not defined, or is not a file");
  struct kn_die_attr attrs[KN_DIE_ATTRS];
  uint32_t n = kn_die_attrs(id & KN_DIE_SESSION ? s->debug : m->debug, e, attrs);
  const uint8_t *name = NULL, *folder = NULL;
  uint32_t name_n = 0, folder_n = 0;
  for (uint32_t k = 0; k < n; k++) {
    if (attrs[k].kind != KN_DA_STRING) continue;
    if (attrs[k].name == KILN_DW_AT_name)
      name = kn_debug_characters(m->debug, s->debug, (uint32_t)attrs[k].value, &name_n);
    if (attrs[k].name == KILN_DW_AT_comp_dir)
      folder = kn_debug_characters(m->debug, s->debug, (uint32_t)attrs[k].value, &folder_n);
  }
  if (name_n != 0 && name[0] == '/') folder_n = 0;
  char *path = kn_realloc(m, NULL, (size_t)folder_n + name_n + 2);
  if (path == NULL) return KN_MODULE_FAIL(NULL, m, KILN_ERR_MEMORY, "out of memory");
  char *p = path;
  if (folder_n != 0) {
    memcpy(p, folder, folder_n);
    p += folder_n;
    *p++ = '/';
  }
  if (name_n != 0) memcpy(p, name, name_n);
  p[name_n] = 0;
  return path;
}

/* ---- functions ---- */

enum { AT_CALL_ALL_CALLS = 0x7a }; /* DWARF 5, 7.5.4 */

/* Are the calls of a function to be described, by its entry `id`? Most functions have an entry
 * of the same shape as the one before, which the session remembers. */
static bool describes_calls(const kiln_func *f, uint32_t id) {
  kiln_session *known = f->session;
  const struct kiln_debug *s = known->debug, *m = f->module->debug;
  const struct kn_die *e = kn_die_of(m, s, id);
  if (e == NULL) return false;
  uint32_t shape = e->shape | (id & KN_DIE_SESSION);
  if (shape == known->calls_shape) return known->calls;
  const struct kn_trie_node *at = id & KN_DIE_SESSION ? s->shapes.nodes.at : m->shapes.nodes.at;
  known->calls_shape = shape;
  known->calls = false;
  for (uint32_t k = e->shape; k != 0; k = at[k].up)
    known->calls |= at[k].key >> 8 == AT_CALL_ALL_CALLS;
  return known->calls;
}

void kiln_func_set_debug(kiln_func *f, kiln_die subprogram, kiln_die unit, uint32_t begin) {
  if (f == NULL || f->status != KILN_OK) return;
  if (begin != 0 && begin >= f->session->sources.locs.n)
    kn_build_fail(f, KILN_ERR_ARGUMENT, "the location at which the code begins does not exist");
  if (f->status != KILN_OK || !kn_session_has_locs(f->session)) return;
  f->debug.subprogram = subprogram.id;
  f->debug.unit = unit.id;
  f->debug.begin = begin;
  f->debug.calls = describes_calls(f, subprogram.id);
}

/* NULL, or what is wrong with the description of a variable. */
static const char *wrong_variable(const kiln_func *f, const void *expr, uint32_t expr_bytes,
                                  uint32_t inlined, bool unreserved) {
  if (expr == NULL && expr_bytes != 0) return "the variable's expression is missing (NULL)";
  if (expr_bytes == KN_EXPR_FULL) return "the variable's expression did not fit (kiln_debug_expr)";
  if (inlined != 0 && inlined >= f->session->sources.locs.n)
    return "the location of the variable's inlined call does not exist";
  return unreserved ? NULL : "the field 'reserved' of the variable is not 0";
}

void kiln_func_declare_variable(kiln_func *f, const kiln_debug_variable *v) {
  if (f == NULL || v == NULL || f->status != KILN_OK) return;
  const bool in_slot = kn_is_slot(v->slot.id) && kn_index(v->slot.id) < f->slots.n;
  const char *wrong = !in_slot
                        ? "the variable is not in a stack slot"
                        : wrong_variable(f, v->expr, v->expr_bytes, v->inlined, KN_UNRESERVED(v));
  if (wrong != NULL) {
    kn_build_fail(f, KILN_ERR_ARGUMENT, wrong);
    return;
  }
  struct kn_debug_var var = {.variable = v->variable.id,
                             .slot = kn_index(v->slot.id),
                             .expr = f->debug.bytes.n,
                             .n = v->expr_bytes,
                             .indirect = v->indirect,
                             .memory = v->memory,
                             .part_at = v->part_at,
                             .part_bits = v->part_bits,
                             .inlined = v->inlined};
  if (!KN_ROOM(f, f->debug.bytes, v->expr_bytes) || !KN_PUSH(f, f->debug.vars, var)) return;
  if (v->expr_bytes) memcpy(f->debug.bytes.at + f->debug.bytes.n, v->expr, v->expr_bytes);
  f->debug.bytes.n += v->expr_bytes;
}

static void add_value(kiln_func *f, struct kn_debug_value *v, const uint8_t *expr) {
  uint32_t n = f->debug.values.n;
  if (v->inst == 0) v->inst = f->n;
  if (v->inst > f->n || (n != 0 && v->inst < f->debug.values.at[n - 1].inst)) return;
  v->expr = f->debug.bytes.n;
  if (!KN_ROOM(f, f->debug.bytes, v->n) || !KN_PUSH(f, f->debug.values, *v)) return;
  if (v->n) memcpy(f->debug.bytes.at + f->debug.bytes.n, expr, v->n);
  f->debug.bytes.n += v->n;
}

/* The operand if the function has it, or 0. */
static uint32_t known(const kiln_func *f, uint32_t h) {
  uint32_t n = kn_is_value(h) ? f->n : kn_is_slot(h) ? f->slots.n : f->pool.n;
  return kn_is_imm(h) || kn_index(h) < n ? h : 0;
}

void kiln_func_set_variable(kiln_func *f, const kiln_debug_value *v) {
  if (f == NULL || v == NULL || f->status != KILN_OK) return;
  const char *wrong = wrong_variable(f, v->expr, v->expr_bytes, v->inlined, KN_UNRESERVED(v));
  if (wrong != NULL) {
    kn_build_fail(f, KILN_ERR_ARGUMENT, wrong);
    return;
  }
  struct kn_debug_value value = {.inst = v->at,
                                 .variable = v->variable.id,
                                 .value = known(f, v->value.id),
                                 .n = v->expr_bytes,
                                 .part_at = v->part_at,
                                 .part_bits = v->part_bits,
                                 .address = v->address,
                                 .inlined = v->inlined};
  for (uint32_t k = 0, least = 0; k < KILN_MAX_OTHER_VALUES && v->other[k].id != 0; k++) {
    uint32_t before = v->other_at[k];
    value.other[k] = known(f, v->other[k].id);
    value.other_at[k] = before;
    if (value.other[k] == 0 || v->expr_bytes == 0 || before > v->expr_bytes ||
        before > KN_OTHER_MOST || before < least) {
      value.value = value.other[0] = 0;
      break;
    }
    least = before;
  }
  add_value(f, &value, v->expr);
}

uint32_t kiln_func_position(const kiln_func *f) {
  return f != NULL && f->status == KILN_OK ? f->n : 0;
}

void kiln_func_add_label(kiln_func *f, kiln_die label, uint32_t at) {
  static const uint8_t none;
  if (f == NULL || f->status != KILN_OK) return;
  struct kn_debug_value value = {.inst = at, .variable = label.id, .label = true};
  add_value(f, &value, &none);
}
