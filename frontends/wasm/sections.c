/* The sections of a module, in their order. Counts are checked against the bytes that are left before anything is
 * allocated for them, so that memory is at most a multiple of the module's size. */
#include "module.h"

#include <stdlib.h>

/* ---- growing ---- */

/* Makes room for `more` items after the `n` at `*at`, by a copy in the arena. */
static void grow(kiln_wasm *w, void *at, uint32_t n, uint32_t more, size_t item_bytes) {
  void *old, *new = kn_wasm_alloc(w, ((uint64_t)n + more) * item_bytes);
  memcpy(&old, at, sizeof old); /* `at` is a pointer to a pointer of any type */
  if (n != 0) memcpy(new, old, n * item_bytes);
  memcpy(at, &new, sizeof new);
}
#define GROW(w, name, more) grow(w, &(w)->name, (w)->n_##name, more, sizeof *(w)->name)

/* Reads a count of items, each of which takes at least a byte. */
static uint32_t count(struct kn_wasm_in *in, uint64_t had, uint32_t limit, const char *what) {
  const uint8_t *at = in->p;
  uint32_t n = kn_wasm_u32(in);
  if (n + had > limit) kn_wasm_fail(in, KILN_ERR_LIMIT, at, "more than %u %s", limit, what);
  if (n > (uint64_t)(in->end - in->p)) KN_WASM_BAD(in, at, "unexpected end: length out of bounds");
  return n;
}

static kiln_wasm_name read_name(struct kn_wasm_in *in) {
  const uint8_t *at = in->p;
  uint32_t n = kn_wasm_u32(in);
  if (n > KN_WASM_MAX_NAME)
    kn_wasm_fail(in, KILN_ERR_LIMIT, at, "length out of bounds: a name has more than %u bytes",
                 KN_WASM_MAX_NAME);
  const uint8_t *text = kn_wasm_bytes(in, n);
  if (!kn_wasm_is_utf8(text, n)) KN_WASM_BAD(in, at, "malformed UTF-8 encoding");
  return (kiln_wasm_name){(const char *)text, n};
}

void kn_wasm_need(const kiln_wasm *w, struct kn_wasm_in *in, const uint8_t *at, uint32_t proposal) {
  static const char *const names[] = {"tail calls",
                                      "exceptions",
                                      "64-bit memories",
                                      "multiple memories",
                                      "extended constants",
                                      "relaxed vector operations",
                                      "threads"};
  if (!(w->options.refuse & proposal)) return;
  KN_WASM_INVALID(in, at, "%s are not allowed here", names[__builtin_ctz(proposal)]);
}

/* ---- entities ---- */

static void add_func(kiln_wasm *w, struct kn_wasm_in *in, bool imported) {
  const uint8_t *at = in->p;
  uint32_t type = kn_wasm_u32(in);
  if (type >= w->n_types) KN_WASM_INVALID(in, at, "unknown type %u", type);
  w->funcs[w->n_funcs++] = (struct kn_wasm_func){.type = type};
  if (imported)
    w->types[type].hosted = w->types[type].entered = w->funcs[w->n_funcs - 1].referred = true;
}

/* Reads limits, of a table or memory that may have so many elements or pages (by the width of indices) at most. */
static kiln_wasm_limits read_limits(kiln_wasm *w, struct kn_wasm_in *in, bool memory) {
  const uint8_t *at = in->p;
  uint8_t flags = kn_wasm_byte(in);
  if (flags > (memory ? 7 : 5) || (!memory && flags & 2))
    KN_WASM_BAD(in, at, "%s",
                flags & 0x80                ? "integer representation too long"
                : memory && flags >> 3 == 1 ? "malformed limits flags: a custom page size"
                                            : "malformed limits flags");
  kiln_wasm_limits l = {.max = UINT64_MAX, .is_64 = (flags & 4) != 0, .shared = (flags & 2) != 0};
  if (l.is_64) kn_wasm_need(w, in, at, KILN_WASM_MEMORY64);
  if (l.shared) kn_wasm_need(w, in, at, KILN_WASM_THREADS);
  l.min = kn_wasm_size(w, in);
  if (flags & 1) l.max = kn_wasm_size(w, in);
  if (l.shared && !(flags & 1)) KN_WASM_INVALID(in, at, "shared memory must have maximum");
  if (memory) {
    uint64_t most = l.is_64 ? UINT64_C(1) << 48 : 65536;
    if (l.min > most || (l.max != UINT64_MAX && l.max > most))
      KN_WASM_INVALID(in, at, "memory size must be at most %s pages (%s)",
                      l.is_64 ? "2^48" : "65536", l.is_64 ? "2^64 bytes" : "4GiB");
  } else if (!l.is_64 && (l.min > UINT32_MAX || (l.max != UINT64_MAX && l.max > UINT32_MAX))) {
    KN_WASM_INVALID(in, at, "table size must be at most 2^32 - 1 elements");
  }
  if (l.min > l.max) KN_WASM_INVALID(in, at, "size minimum must not be greater than maximum");
  return l;
}

static void add_table(kiln_wasm *w, struct kn_wasm_in *in, bool imported) {
  const uint8_t *at = in->p;
  if (w->n_tables == KN_WASM_MAX_TABLES)
    kn_wasm_fail(in, KILN_ERR_LIMIT, at, "more than %u tables", KN_WASM_MAX_TABLES);
  if (in->p < in->end && *in->p == 0x40)
    kn_wasm_fail(in, KILN_ERR_UNSUPPORTED, at,
                 "typed function references are not supported: a table has an initial value");
  struct kn_wasm_table *t = &w->tables[w->n_tables++];
  *t = (struct kn_wasm_table){.type = kn_wasm_ref_type(w, in), .imported = imported};
  t->limits = read_limits(w, in, false);
}

static void add_memory(kiln_wasm *w, struct kn_wasm_in *in, bool imported) {
  const uint8_t *at = in->p;
  if (w->n_memories == 1) {
    if (w->options.refuse & KILN_WASM_MULTI_MEMORY)
      KN_WASM_INVALID(in, at, "multiple memories are not allowed here");
  } else if (w->n_memories == KN_WASM_MAX_MEMORIES) {
    kn_wasm_fail(in, KILN_ERR_LIMIT, at, "more than %u memories", KN_WASM_MAX_MEMORIES);
  }
  struct kn_wasm_memory *m = &w->memories[w->n_memories++];
  *m = (struct kn_wasm_memory){.limits = read_limits(w, in, true), .imported = imported};
  m->checked = m->limits.is_64 || (w->options.flags & KILN_WASM_CHECKED) != 0;
}

static void add_global(kiln_wasm *w, struct kn_wasm_in *in, bool imported) {
  struct kn_wasm_global *g = &w->globals[w->n_globals];
  *g = (struct kn_wasm_global){.type = kn_wasm_value_type(w, in), .imported = imported};
  const uint8_t *at = in->p;
  uint8_t mutability = kn_wasm_byte(in);
  if (mutability > 1) KN_WASM_BAD(in, at, "malformed mutability");
  g->is_mutable = mutability == 1;
  if (!imported) g->init = kn_wasm_read_const(w, in, g->type);
  w->n_globals++;
}

static void add_tag(kiln_wasm *w, struct kn_wasm_in *in, bool imported) {
  (void)imported;
  const uint8_t *at = in->p;
  kn_wasm_need(w, in, at, KILN_WASM_EXCEPTIONS);
  if (kn_wasm_byte(in) != 0) KN_WASM_BAD(in, at, "malformed tag attribute");
  at = in->p;
  uint32_t type = kn_wasm_u32(in);
  if (type >= w->n_types) KN_WASM_INVALID(in, at, "unknown type %u", type);
  if (w->types[type].n_results != 0) KN_WASM_INVALID(in, at, "non-empty tag result type");
  w->tags[w->n_tags++] = (struct kn_wasm_tag){.type = type};
}

/* ---- sections ---- */

static void read_type_section(kiln_wasm *w, struct kn_wasm_in *in) {
  w->n_types = count(in, 0, KN_WASM_MAX_TYPES, "types");
  w->types = kn_wasm_alloc(w, (uint64_t)w->n_types * sizeof *w->types);
  kn_wasm_read_types(w, in);
}

static void read_import_section(kiln_wasm *w, struct kn_wasm_in *in) {
  uint32_t n = count(in, 0, KN_WASM_MAX_ENTITIES, "imports");
  w->imports = kn_wasm_alloc(w, (uint64_t)n * sizeof *w->imports);
  /* room for as many of each kind; tables and memories are few */
  GROW(w, funcs, n);
  GROW(w, globals, n);
  GROW(w, tags, n);
  GROW(w, tables, n < KN_WASM_MAX_TABLES ? n : KN_WASM_MAX_TABLES);
  GROW(w, memories, n < KN_WASM_MAX_MEMORIES ? n : KN_WASM_MAX_MEMORIES);
  static void (*const add[KILN_WASM_KIND_COUNT])(kiln_wasm *, struct kn_wasm_in *, bool) = {
    add_func, add_table, add_memory, add_global, add_tag};
  uint32_t *const counts[KILN_WASM_KIND_COUNT] = {&w->n_funcs, &w->n_tables, &w->n_memories,
                                                  &w->n_globals, &w->n_tags};
  for (uint32_t i = 0; i < n; i++) {
    kiln_wasm_import *import = &w->imports[w->n_imports++];
    import->module = read_name(in);
    import->name = read_name(in);
    const uint8_t *at = in->p;
    import->kind = kn_wasm_byte(in);
    if (import->kind >= KILN_WASM_KIND_COUNT) KN_WASM_BAD(in, at, "malformed import kind");
    import->index = *counts[import->kind];
    add[import->kind](w, in, true);
    w->n_imported[import->kind]++;
  }
}

static void read_function_section(kiln_wasm *w, struct kn_wasm_in *in) {
  uint32_t n = count(in, w->n_funcs, KN_WASM_MAX_ENTITIES, "functions");
  GROW(w, funcs, n);
  for (uint32_t i = 0; i < n; i++) add_func(w, in, false);
  w->n_bodies = n;
}

static void read_table_section(kiln_wasm *w, struct kn_wasm_in *in) {
  uint32_t n = count(in, w->n_tables, KN_WASM_MAX_TABLES, "tables");
  GROW(w, tables, n);
  for (uint32_t i = 0; i < n; i++) add_table(w, in, false);
}

static void read_memory_section(kiln_wasm *w, struct kn_wasm_in *in) {
  uint32_t n = count(in, w->n_memories, KN_WASM_MAX_MEMORIES, "memories");
  GROW(w, memories, n);
  for (uint32_t i = 0; i < n; i++) add_memory(w, in, false);
}

static void read_global_section(kiln_wasm *w, struct kn_wasm_in *in) {
  uint32_t n = count(in, w->n_globals, KN_WASM_MAX_ENTITIES, "globals");
  GROW(w, globals, n);
  for (uint32_t i = 0; i < n; i++) add_global(w, in, false);
}

static void read_tag_section(kiln_wasm *w, struct kn_wasm_in *in) {
  kn_wasm_need(w, in, in->p, KILN_WASM_EXCEPTIONS);
  uint32_t n = count(in, w->n_tags, KN_WASM_MAX_ENTITIES, "tags");
  GROW(w, tags, n);
  for (uint32_t i = 0; i < n; i++) add_tag(w, in, false);
}

static int compare_names(const void *a, const void *b) {
  const kiln_wasm_name *x = *(const kiln_wasm_name *const *)a,
                       *y = *(const kiln_wasm_name *const *)b;
  if (x->text_length != y->text_length) return x->text_length < y->text_length ? -1 : 1;
  return memcmp(x->text, y->text, x->text_length);
}

/* Fails if two exports have one name. Sorted: names could be chosen to have one hash. */
static void check_names(kiln_wasm *w, struct kn_wasm_in *in, const uint8_t *at) {
  if (w->n_exports < 2) return;
  const kiln_wasm_name **names = kn_wasm_alloc(w, (uint64_t)w->n_exports * sizeof *names);
  for (uint32_t i = 0; i < w->n_exports; i++) names[i] = &w->exports[i].name;
  qsort(names, w->n_exports, sizeof *names, compare_names);
  for (uint32_t i = 1; i < w->n_exports; i++)
    if (compare_names(names + i - 1, names + i) == 0)
      KN_WASM_INVALID(in, at, "duplicate export name");
}

static void read_export_section(kiln_wasm *w, struct kn_wasm_in *in) {
  const uint8_t *start = in->p;
  uint32_t n = count(in, 0, KN_WASM_MAX_ENTITIES, "exports");
  w->exports = kn_wasm_alloc(w, (uint64_t)n * sizeof *w->exports);
  const uint32_t counts[KILN_WASM_KIND_COUNT] = {w->n_funcs, w->n_tables, w->n_memories,
                                                 w->n_globals, w->n_tags};
  static const char *const names[KILN_WASM_KIND_COUNT] = {"function", "table", "memory", "global",
                                                          "tag"};
  for (uint32_t i = 0; i < n; i++) {
    kiln_wasm_export *e = &w->exports[w->n_exports];
    e->name = read_name(in);
    const uint8_t *at = in->p;
    e->kind = kn_wasm_byte(in);
    if (e->kind >= KILN_WASM_KIND_COUNT) KN_WASM_BAD(in, at, "malformed export kind");
    e->index = kn_wasm_u32(in);
    if (e->index >= counts[e->kind])
      KN_WASM_INVALID(in, at, "unknown %s %u", names[e->kind], e->index);
    w->n_exports++;
    if (e->kind != KILN_WASM_FUNC) continue;
    w->funcs[e->index].referred = true;
    if (w->funcs[e->index].export_name == 0) w->funcs[e->index].export_name = w->n_exports;
  }
  check_names(w, in, start);
}

static void read_start_section(kiln_wasm *w, struct kn_wasm_in *in) {
  const uint8_t *at = in->p;
  w->start = kn_wasm_u32(in);
  if (w->start >= w->n_funcs) KN_WASM_INVALID(in, at, "unknown function %u", w->start);
  const struct kn_wasm_type *t = &w->types[w->funcs[w->start].type];
  if (t->n_params + t->n_results != 0)
    KN_WASM_INVALID(in, at, "start function must have no parameters and no results");
  w->types[w->funcs[w->start].type].entered = true;
}

/* One item of a segment: a function's index, or an expression that makes a reference. */
static kiln_wasm_item read_item(kiln_wasm *w, struct kn_wasm_in *in, bool expression,
                                uint8_t type) {
  const uint8_t *at = in->p;
  if (!expression) {
    uint32_t func = kn_wasm_u32(in);
    if (func >= w->n_funcs) KN_WASM_INVALID(in, at, "unknown function %u", func);
    w->funcs[func].referred = true;
    return (kiln_wasm_item){KILN_WASM_CONST_FUNC, func};
  }
  kiln_wasm_const c = kn_wasm_read_const(w, in, type); /* of a reference: one operation */
  return (kiln_wasm_item){c.ops[0].kind, c.ops[0].index};
}

static void read_elem(kiln_wasm *w, struct kn_wasm_in *in, kiln_wasm_image_elem *e) {
  const uint8_t *at = in->p;
  uint32_t flags = kn_wasm_u32(in);
  if (flags > 7) KN_WASM_BAD(in, at, "malformed elements segment kind");
  bool passive = (flags & 1) != 0, expressions = (flags & 4) != 0;
  e->mode = !passive    ? KILN_WASM_MODE_ACTIVE
            : flags & 2 ? KILN_WASM_MODE_DECLARED
                        : KILN_WASM_MODE_PASSIVE;
  e->type = KILN_WASM_TYPE_FUNCREF;
  if (!passive) {
    const uint8_t *table = in->p;
    e->table = flags & 2 ? kn_wasm_u32(in) : 0;
    if (e->table >= w->n_tables) KN_WASM_INVALID(in, table, "unknown table %u", e->table);
    e->offset = kn_wasm_read_const(
      w, in, w->tables[e->table].limits.is_64 ? KILN_WASM_TYPE_I64 : KILN_WASM_TYPE_I32);
  }
  if (flags & 3) {
    at = in->p;
    if (expressions) e->type = kn_wasm_ref_type(w, in);
    else if (kn_wasm_byte(in) != 0) KN_WASM_BAD(in, at, "malformed element kind");
  }
  if (!passive && w->tables[e->table].type != e->type)
    KN_WASM_INVALID(in, at, "type mismatch: a segment of %s for a table of %s",
                    kn_wasm_type_name(e->type), kn_wasm_type_name(w->tables[e->table].type));
  uint32_t n = count(in, 0, KN_WASM_MAX_ELEMENTS, "elements of a segment");
  kiln_wasm_item *items = kn_wasm_alloc(w, (uint64_t)n * sizeof *items);
  for (uint32_t i = 0; i < n; i++) items[i] = read_item(w, in, expressions, e->type);
  e->items = items;
  e->n_items = n;
}

static void read_elem_section(kiln_wasm *w, struct kn_wasm_in *in) {
  uint32_t n = count(in, 0, KN_WASM_MAX_SEGMENTS, "element segments");
  w->elems = kn_wasm_alloc(w, (uint64_t)n * sizeof *w->elems);
  for (; w->n_elems < n; w->n_elems++) read_elem(w, in, &w->elems[w->n_elems]);
}

static void read_data_count_section(kiln_wasm *w, struct kn_wasm_in *in) {
  const uint8_t *at = in->p;
  w->data_count = kn_wasm_u32(in);
  if (w->data_count > KN_WASM_MAX_SEGMENTS)
    kn_wasm_fail(in, KILN_ERR_LIMIT, at, "more than %u data segments", KN_WASM_MAX_SEGMENTS);
}

static void read_data_section(kiln_wasm *w, struct kn_wasm_in *in) {
  uint32_t n = count(in, 0, KN_WASM_MAX_SEGMENTS, "data segments");
  w->datas = kn_wasm_alloc(w, (uint64_t)n * sizeof *w->datas);
  for (; w->n_datas < n; w->n_datas++) {
    kiln_wasm_image_data *d = &w->datas[w->n_datas];
    const uint8_t *at = in->p;
    uint32_t flags = kn_wasm_u32(in);
    if (flags > 2) KN_WASM_BAD(in, at, "malformed data segment kind");
    d->mode = flags == 1 ? KILN_WASM_MODE_PASSIVE : KILN_WASM_MODE_ACTIVE;
    if (flags == 2) d->memory = kn_wasm_u32(in);
    if (flags != 1) {
      if (d->memory >= w->n_memories) KN_WASM_INVALID(in, at, "unknown memory %u", d->memory);
      d->offset = kn_wasm_read_const(
        w, in, w->memories[d->memory].limits.is_64 ? KILN_WASM_TYPE_I64 : KILN_WASM_TYPE_I32);
    }
    d->size_bytes = kn_wasm_u32(in);
    d->bytes = kn_wasm_bytes(in, d->size_bytes);
  }
}

static void read_code_section(kiln_wasm *w, struct kn_wasm_in *in) {
  const uint8_t *at = w->code_section = in->p;
  uint32_t n = kn_wasm_u32(in);
  if (n != w->n_bodies) KN_WASM_BAD(in, at, "function and code section have inconsistent lengths");
  for (uint32_t i = 0; i < n; i++) {
    struct kn_wasm_func *f = &w->funcs[w->n_imported[KILN_WASM_FUNC] + i];
    at = in->p;
    f->body_bytes = kn_wasm_u32(in);
    if (f->body_bytes > KN_WASM_MAX_BODY)
      kn_wasm_fail(in, KILN_ERR_LIMIT, at, "a function has more than %u bytes", KN_WASM_MAX_BODY);
    f->body = kn_wasm_bytes(in, f->body_bytes);
  }
}

/* ---- the module ---- */

/* By id: the place in the order of sections, from 1, and its reader. */
static const struct {
  uint8_t order;
  void (*read)(kiln_wasm *w, struct kn_wasm_in *in);
} sections[] = {
  {0, NULL},
  {1, read_type_section},
  {2, read_import_section},
  {3, read_function_section},
  {4, read_table_section},
  {5, read_memory_section},
  {7, read_global_section},
  {8, read_export_section},
  {9, read_start_section},
  {10, read_elem_section},
  {12, read_code_section},
  {13, read_data_section},
  {11, read_data_count_section},
  {6, read_tag_section},
};
enum { N_SECTIONS = sizeof sections / sizeof *sections, CODE_SECTION = 10 };

static void add_custom(kiln_wasm *w, struct kn_wasm_in *in) {
  if ((w->n_customs & (w->n_customs - 1)) == 0)
    GROW(w, customs, w->n_customs == 0 ? 1 : w->n_customs);
  kiln_wasm_custom *c = &w->customs[w->n_customs++];
  c->name = read_name(in);
  c->bytes = in->p;
  c->size_bytes = (uint64_t)(in->end - in->p);
  in->p = in->end;
}

/* What holds between sections. */
static void check_whole(kiln_wasm *w, struct kn_wasm_in *in, bool has_code) {
  if (!has_code && w->n_bodies != 0)
    KN_WASM_BAD(in, in->p, "function and code section have inconsistent lengths");
  if (w->data_count != UINT32_MAX && w->data_count != w->n_datas)
    KN_WASM_BAD(in, in->p, "data count and data section have inconsistent lengths");
}

void kn_wasm_read_sections(kiln_wasm *w) {
  struct kn_wasm_in *in = &w->in;
  const uint8_t *end = in->end;
  static const uint8_t magic[4] = {0, 'a', 's', 'm'}, version[4] = {1, 0, 0, 0};
  if (memcmp(kn_wasm_bytes(in, 4), magic, 4) != 0)
    KN_WASM_BAD(in, in->p - 4, "magic header not detected");
  const uint8_t *says = kn_wasm_bytes(in, 4);
  if (memcmp(says, version, 4) != 0)
    KN_WASM_BAD(in, says, "unknown binary version%s",
                says[2] == 1 && says[3] == 0 /* the layer of components */
                  ? ": this is a component, not a core module: `wasm-tools component unbundle` "
                    "extracts its core modules"
                  : "");
  unsigned last = 0;
  bool has_code = false;
  while (in->p < end) {
    const uint8_t *at = in->p;
    uint8_t id = kn_wasm_byte(in);
    if (id >= N_SECTIONS) KN_WASM_BAD(in, at, "malformed section id");
    uint32_t size = kn_wasm_u32(in);
    if (size > (uint64_t)(end - in->p)) KN_WASM_BAD(in, at, "unexpected end: length out of bounds");
    in->end = in->p + size;
    if (id == 0) {
      add_custom(w, in);
    } else {
      if (sections[id].order <= last) KN_WASM_BAD(in, at, "unexpected content after last section");
      last = sections[id].order;
      has_code |= id == CODE_SECTION;
      sections[id].read(w, in);
    }
    if (in->p != in->end) KN_WASM_BAD(in, in->p, "section size mismatch");
    in->end = end;
  }
  check_whole(w, in, has_code);
  for (uint32_t i = 0; i < w->n_customs; i++) {
    const kiln_wasm_name *name = &w->customs[i].name;
    if (name->text_length == 4 && memcmp(name->text, "name", 4) == 0)
      kn_wasm_read_names(w, &w->customs[i]);
  }
}
