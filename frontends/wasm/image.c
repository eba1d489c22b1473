/* The image (kiln_wasm_image): first with this process's pointers, for kiln_wasm_describe, then as data of the
 * module, whose pointers are relocations. Also the layout of instances, which the image says. */
#include "module.h"

/* ---- the layout of an instance ---- */

/* Takes `size` bytes below what is taken. */
static int32_t place(int64_t *at, uint64_t size, unsigned align) {
  *at = (*at - (int64_t)size) & -(int64_t)align;
  return (int32_t)*at;
}

void kn_wasm_layout(kiln_wasm *w) {
  int64_t at = -(int64_t)sizeof(kiln_wasm_header);
  const struct kn_wasm_memory *first = w->memories;
  w->at_memory = w->n_memories != 0 && !first->imported && !first->checked;
  /* what code reads most is nearest, where displacements are short */
  for (uint32_t i = 0; i < w->n_memories; i++)
    if (!(i == 0 && w->at_memory)) w->memories[i].base_slot = place(&at, 8, 8);
  for (uint32_t i = 0; i < w->n_globals; i++) {
    struct kn_wasm_global *g = &w->globals[i];
    unsigned size = g->type == KILN_WASM_TYPE_V128 && !g->imported ? 16 : 8;
    g->slot = place(&at, size, size);
  }
  for (uint32_t i = 0; i < w->n_tables; i++)
    w->tables[i].slot = place(&at, w->tables[i].imported ? 8 : sizeof(kiln_wasm_table), 8);
  for (uint32_t i = 0; i < w->n_memories; i++)
    w->memories[i].slot = place(&at, w->memories[i].imported ? 8 : sizeof(kiln_wasm_memory), 8);
  for (uint32_t i = 0; i < w->n_tags; i++) w->tags[i].slot = place(&at, 8, 8);
  w->type_ids_slot = place(&at, (uint64_t)w->n_types * 4, 8);
  uint32_t most = 0;
  for (uint32_t i = 0; i < w->n_types; i++)
    if (w->types[i].n_more > most) most = w->types[i].n_more;
  w->more_slot = place(&at, (uint64_t)most * sizeof(kiln_wasm_value), 16);
  for (uint32_t i = 0; i < w->n_funcs; i++)
    if (w->funcs[i].referred) w->funcs[i].slot = place(&at, sizeof(kiln_wasm_func), 8);
  w->instance_bytes = (uint64_t)-place(&at, 0, 16);
}

/* ---- as it is in this process ---- */

static void describe_types(kiln_wasm *w) {
  kiln_wasm_functype *types = kn_wasm_alloc(w, (uint64_t)w->n_types * sizeof *types);
  for (uint32_t i = 0; i < w->n_types; i++) {
    const struct kn_wasm_type *t = &w->types[i];
    types[i] =
      (kiln_wasm_functype){.types = t->types, .n_params = t->n_params, .n_results = t->n_results};
  }
  w->image.types = types;
}

static void describe_entities(kiln_wasm *w) {
  kiln_wasm_image_func *funcs = kn_wasm_alloc(w, (uint64_t)w->n_funcs * sizeof *funcs);
  for (uint32_t i = 0; i < w->n_funcs; i++)
    funcs[i] = (kiln_wasm_image_func){
      .name = w->funcs[i].name, .type = w->funcs[i].type, .slot = w->funcs[i].slot};
  kiln_wasm_image_table *tables = kn_wasm_alloc(w, (uint64_t)w->n_tables * sizeof *tables);
  for (uint32_t i = 0; i < w->n_tables; i++) {
    const struct kn_wasm_table *t = &w->tables[i];
    tables[i] = (kiln_wasm_image_table){
      .limits = t->limits, .init = t->init, .type = t->type, .slot = t->slot};
  }
  kiln_wasm_image_memory *memories = kn_wasm_alloc(w, (uint64_t)w->n_memories * sizeof *memories);
  for (uint32_t i = 0; i < w->n_memories; i++) {
    const struct kn_wasm_memory *m = &w->memories[i];
    memories[i] =
      (kiln_wasm_image_memory){.limits = m->limits, .slot = m->slot, .base_slot = m->base_slot};
  }
  kiln_wasm_image_global *globals = kn_wasm_alloc(w, (uint64_t)w->n_globals * sizeof *globals);
  for (uint32_t i = 0; i < w->n_globals; i++) {
    const struct kn_wasm_global *g = &w->globals[i];
    globals[i] = (kiln_wasm_image_global){
      .init = g->init, .type = g->type, .is_mutable = g->is_mutable, .slot = g->slot};
  }
  kiln_wasm_image_tag *tags = kn_wasm_alloc(w, (uint64_t)w->n_tags * sizeof *tags);
  for (uint32_t i = 0; i < w->n_tags; i++)
    tags[i] = (kiln_wasm_image_tag){w->tags[i].type, w->tags[i].slot};
  w->image.funcs = funcs;
  w->image.tables = tables;
  w->image.memories = memories;
  w->image.globals = globals;
  w->image.tags = tags;
}

static void describe(kiln_wasm *w) {
  uint32_t flags = w->at_memory ? KILN_WASM_IMAGE_AT_MEMORY : 0;
  if (w->options.flags & KILN_WASM_FUEL) flags |= KILN_WASM_IMAGE_FUEL;
  if (w->options.flags & KILN_WASM_INTERRUPT) flags |= KILN_WASM_IMAGE_INTERRUPT;
  w->image = (kiln_wasm_image){
    .version = KILN_WASM_ABI_VERSION,
    .flags = flags,
    .instance_bytes = w->instance_bytes,
    .type_ids = w->type_ids_slot,
    .start = w->start,
    .n_types = w->n_types,
    .n_imports = w->n_imports,
    .imports = w->imports,
    .exports = w->exports,
    .n_exports = w->n_exports,
    .n_funcs = w->n_funcs,
    .n_tables = w->n_tables,
    .n_memories = w->n_memories,
    .n_globals = w->n_globals,
    .n_tags = w->n_tags,
    .elems = w->elems,
    .n_elems = w->n_elems,
    .n_datas = w->n_datas,
    .datas = w->datas,
    .customs = w->customs,
    .n_customs = w->n_customs,
    .n_imported_funcs = w->n_imported[KILN_WASM_FUNC],
    .n_imported_tables = w->n_imported[KILN_WASM_TABLE],
    .n_imported_memories = w->n_imported[KILN_WASM_MEMORY],
    .n_imported_globals = w->n_imported[KILN_WASM_GLOBAL],
    .n_imported_tags = w->n_imported[KILN_WASM_TAG],
    .name = w->name,
  };
  describe_types(w);
  describe_entities(w);
}

/* ---- as data ---- */

/* The image while it is written: its bytes, and those that it points to, of names and segments. Arrays are written in
 * the order of its fields, so that relocations come in ascending order. */
enum { MAX_HEAD = 16 };
struct out {
  kiln_wasm *w;
  kiln_symbol image, content;
  uint8_t *bytes;
  uint64_t size, cap;
  uint8_t *texts;
  uint64_t texts_size, texts_cap;
  kiln_reloc head[MAX_HEAD]; /* of the kiln_wasm_image itself */
  kiln_reloc *relocs;        /* of what follows it, after MAX_HEAD free ones */
  uint32_t n_head, n_relocs;
};

/* Appends `size` bytes, aligned to 8, to one of the two. Returns where they are. */
static uint64_t append(kiln_wasm *w, uint8_t **bytes, uint64_t *n, uint64_t *cap, const void *from,
                       uint64_t size) {
  uint64_t at = (*n + 7) & ~UINT64_C(7), need = at + size;
  if (need > *cap) {
    uint64_t more = need + need / 2 + 4096;
    uint8_t *new = kn_wasm_alloc(w, more);
    if (*n != 0) memcpy(new, *bytes, *n);
    *bytes = new;
    *cap = more;
  }
  if (size != 0) memcpy(*bytes + at, from, size);
  *n = need;
  return at;
}

static uint64_t put(struct out *o, const void *from, uint64_t size) {
  return append(o->w, &o->bytes, &o->size, &o->cap, from, size);
}

/* The pointer at offset `at` of the image is `symbol` + `addend`; 0: NULL. */
static void point(struct out *o, uint64_t at, uint32_t symbol, uint64_t addend) {
  memset(o->bytes + at, 0, 8);
  if (symbol == 0) return;
  kiln_reloc reloc = {
    .offset_bytes = at, .symbol = {symbol}, .addend = (int64_t)addend, .size_bytes = 8};
  if (at < sizeof(kiln_wasm_image)) {
    o->head[o->n_head++] = reloc;
    return;
  }
  o->relocs[MAX_HEAD + o->n_relocs++] = reloc;
}

/* The pointer at `at` is to these bytes of the module: left as it is if the module stays, else to a copy. */
static void point_to_bytes(struct out *o, uint64_t at, const void *bytes, uint64_t size) {
  if (o->w->options.flags & KILN_WASM_BORROW) return;
  if (size == 0) {
    point(o, at, 0, 0);
    return;
  }
  point(o, at, o->content.id, append(o->w, &o->texts, &o->texts_size, &o->texts_cap, bytes, size));
}

static void put_name(struct out *o, uint64_t at, const kiln_wasm_name *name) {
  point_to_bytes(o, at + offsetof(kiln_wasm_name, text), name->text, name->text_length);
}

static void put_const(struct out *o, uint64_t at, const kiln_wasm_const *c) {
  uint64_t ops = put(o, c->ops, c->n_ops * sizeof *c->ops);
  point(o, at + offsetof(kiln_wasm_const, ops), c->n_ops != 0 ? o->image.id : 0, ops);
}

/* Appends an array of the image; the image's pointer to it is at `field`. */
static uint64_t put_array(struct out *o, size_t field, const void *array, uint32_t n,
                          size_t item_bytes) {
  uint64_t at = put(o, array, (uint64_t)n * item_bytes);
  point(o, field, n != 0 ? o->image.id : 0, at);
  return at;
}
#define PUT(o, name)                                                                               \
  put_array(o, offsetof(kiln_wasm_image, name), i->name, i->n_##name, sizeof *i->name)
#define AT(base, index, type, field) ((base) + (index) * sizeof(type) + offsetof(type, field))

static void put_types(struct out *o, const kiln_wasm_image *i) {
  const kiln_wasm *w = o->w;
  uint64_t at = PUT(o, types);
  for (uint32_t k = 0; k < i->n_types; k++) {
    const struct kn_wasm_type *t = &w->types[k];
    uint32_t n = t->n_params + t->n_results;
    uint64_t list = put(o, t->types, n);
    point(o, AT(at, k, kiln_wasm_functype, types), n != 0 ? o->image.id : 0, list);
    point(o, AT(at, k, kiln_wasm_functype, entry), t->entry, 0);
    point(o, AT(at, k, kiln_wasm_functype, host), t->host, 0);
  }
}

static void put_names(struct out *o, const kiln_wasm_image *i) {
  uint64_t at = PUT(o, imports);
  for (uint32_t k = 0; k < i->n_imports; k++) {
    put_name(o, AT(at, k, kiln_wasm_import, module), &i->imports[k].module);
    put_name(o, AT(at, k, kiln_wasm_import, name), &i->imports[k].name);
  }
  at = PUT(o, exports);
  for (uint32_t k = 0; k < i->n_exports; k++)
    put_name(o, AT(at, k, kiln_wasm_export, name), &i->exports[k].name);
}

static void put_funcs(struct out *o, const kiln_wasm_image *i) {
  uint64_t at = PUT(o, funcs);
  for (uint32_t k = 0; k < i->n_funcs; k++) {
    point(o, AT(at, k, kiln_wasm_image_func, code), o->w->funcs[k].symbol.id, 0);
    put_name(o, AT(at, k, kiln_wasm_image_func, name), &i->funcs[k].name);
  }
}

static void put_entities(struct out *o, const kiln_wasm_image *i) {
  uint64_t at = PUT(o, tables);
  for (uint32_t k = 0; k < i->n_tables; k++)
    put_const(o, AT(at, k, kiln_wasm_image_table, init), &i->tables[k].init);
  PUT(o, memories);
  at = PUT(o, globals);
  for (uint32_t k = 0; k < i->n_globals; k++)
    put_const(o, AT(at, k, kiln_wasm_image_global, init), &i->globals[k].init);
  PUT(o, tags);
}

static void put_segments(struct out *o, const kiln_wasm_image *i) {
  uint64_t at = PUT(o, elems);
  for (uint32_t k = 0; k < i->n_elems; k++) {
    const kiln_wasm_image_elem *e = &i->elems[k];
    uint64_t items = put(o, e->items, e->n_items * sizeof *e->items);
    point(o, AT(at, k, kiln_wasm_image_elem, items), e->n_items != 0 ? o->image.id : 0, items);
    put_const(o, AT(at, k, kiln_wasm_image_elem, offset), &e->offset);
  }
  at = PUT(o, datas);
  for (uint32_t k = 0; k < i->n_datas; k++) {
    point_to_bytes(o, AT(at, k, kiln_wasm_image_data, bytes), i->datas[k].bytes,
                   i->datas[k].size_bytes);
    put_const(o, AT(at, k, kiln_wasm_image_data, offset), &i->datas[k].offset);
  }
  at = PUT(o, customs);
  for (uint32_t k = 0; k < i->n_customs; k++) {
    put_name(o, AT(at, k, kiln_wasm_custom, name), &i->customs[k].name);
    if (!(o->w->options.flags & KILN_WASM_BORROW))
      point(o, AT(at, k, kiln_wasm_custom, bytes), 0, 0);
  }
}

/* Room for all relocations, and for what is large, so that nothing is copied to grow. */
static void make_room(struct out *o, const kiln_wasm_image *i) {
  kiln_wasm *w = o->w;
  uint64_t relocs = MAX_HEAD + UINT64_C(3) * i->n_types + 2 * (uint64_t)i->n_imports +
                    i->n_exports + 2 * (uint64_t)i->n_funcs + i->n_tables + i->n_globals +
                    2 * (uint64_t)i->n_elems + 2 * (uint64_t)i->n_datas +
                    2 * (uint64_t)i->n_customs;
  uint64_t texts = 0, items = sizeof *i + i->n_types * (sizeof *i->types + 8) +
                              i->n_imports * sizeof *i->imports +
                              i->n_exports * sizeof *i->exports + i->n_funcs * sizeof *i->funcs +
                              i->n_globals * (sizeof *i->globals + 24);
  for (uint32_t k = 0; k < i->n_funcs; k++)
    texts += (i->funcs[k].name.text_length + 7) & ~UINT64_C(7);
  for (uint32_t k = 0; k < i->n_datas; k++) texts += (i->datas[k].size_bytes + 7) & ~UINT64_C(7);
  for (uint32_t k = 0; k < i->n_elems; k++)
    items += i->elems[k].n_items * sizeof *i->elems[k].items + 8;
  o->relocs = kn_wasm_alloc(w, relocs * sizeof *o->relocs);
  o->cap = items + items / 8 + 4096;
  o->bytes = kn_wasm_alloc(w, o->cap);
  if (w->options.flags & KILN_WASM_BORROW) return;
  o->texts_cap = texts + 64 * (UINT64_C(1) + i->n_imports + i->n_exports);
  o->texts = kn_wasm_alloc(w, o->texts_cap);
}

void kn_wasm_define_image(kiln_wasm *w) {
  describe(w);
  const kiln_wasm_image *i = &w->image;
  const char *name = w->options.image != NULL ? w->options.image : "kiln_wasm_module";
  struct out o = {
    .w = w,
    .image = kiln_data_declare(w->module, &(kiln_symbol_desc){.name = name, .body = true}),
    .content = kiln_data_declare(w->module, &(kiln_symbol_desc){.linkage = KILN_LINKAGE_PRIVATE})};
  make_room(&o, i);
  put(&o, i, sizeof *i);
  put_types(&o, i);
  put_names(&o, i);
  put_funcs(&o, i);
  put_entities(&o, i);
  put_segments(&o, i);
  put_name(&o, offsetof(kiln_wasm_image, name), &i->name);
  uint32_t n_relocs = o.n_head + o.n_relocs;
  kiln_reloc *relocs = o.relocs + (MAX_HEAD - o.n_head);
  memcpy(relocs, o.head, o.n_head * sizeof *relocs);
  kiln_data_define(w->module, o.image,
                   &(kiln_data_desc){.bytes = o.bytes,
                                     .size_bytes = o.size,
                                     .align_log2 = 4,
                                     .flags = KILN_DATA_READ_ONLY | KILN_DATA_USED,
                                     .relocs = relocs,
                                     .n_relocs = n_relocs});
  kiln_data_define(
    w->module, o.content,
    &(kiln_data_desc){
      .bytes = o.texts, .size_bytes = o.texts_size, .align_log2 = 3, .flags = KILN_DATA_READ_ONLY});
}
