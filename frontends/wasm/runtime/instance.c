/* Instances: imports are checked, what the module defines is made, segments are copied, the start function runs;
 * exports. The image is trusted: it was made of a module that was validated. */
#include "state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what is where ---- */

static void *slot(const kiln_wasmrt_instance *i, int32_t offset) { return i->address + offset; }

static void *pointer_in(const kiln_wasmrt_instance *i, int32_t offset) {
  void *p;
  memcpy(&p, i->address + offset, sizeof p);
  return p;
}

static void *global_at(const kiln_wasmrt_instance *i, uint32_t index) {
  return kn_instance_thing(i, i->image->globals[index].slot, index < i->image->n_imported_globals);
}

/* Bytes of a global: the rest of a kiln_wasm_value belongs to others. */
static size_t value_bytes(uint8_t type) { return type == KILN_WASM_TYPE_V128 ? 16 : 8; }

static uint32_t type_id(const kiln_wasmrt_instance *i, uint32_t type) {
  uint32_t id;
  memcpy(&id, i->address + i->image->type_ids + (size_t)type * sizeof id, sizeof id);
  return id;
}

static void set_pointer(const kiln_wasmrt_instance *i, int32_t offset, const void *p) {
  memcpy(i->address + offset, &p, sizeof p);
}

/* ---- constant expressions ---- */

static kiln_wasm_value const_value(const kiln_wasmrt_instance *i, const kiln_wasm_const_op *op) {
  kiln_wasm_value v = op->value;
  if (op->kind == KILN_WASM_CONST_GLOBAL)
    memcpy(&v, global_at(i, op->index), value_bytes(i->image->globals[op->index].type));
  if (op->kind == KILN_WASM_CONST_FUNC) v.ref = slot(i, i->image->funcs[op->index].slot);
  return v;
}

static kiln_wasm_value const_binary(uint32_t kind, kiln_wasm_value a, kiln_wasm_value b) {
  switch (kind) {
  case KILN_WASM_CONST_I32_ADD: a.i32 += b.i32; break;
  case KILN_WASM_CONST_I32_SUB: a.i32 -= b.i32; break;
  case KILN_WASM_CONST_I32_MUL: a.i32 *= b.i32; break;
  case KILN_WASM_CONST_I64_ADD: a.i64 += b.i64; break;
  case KILN_WASM_CONST_I64_SUB: a.i64 -= b.i64; break;
  default: a.i64 *= b.i64; break;
  }
  return a;
}

/* False: out of memory. */
static bool evaluate(const kiln_wasmrt_instance *i, const kiln_wasm_const *c,
                     kiln_wasm_value *result) {
  kiln_wasm_value few[8] = {{0}}, *stack = few;
  uint32_t n = 0;
  if (c->max_stack > 8) stack = calloc(c->max_stack, sizeof *stack);
  if (stack == NULL) return false;
  for (uint32_t k = 0; k < c->n_ops; k++) {
    const kiln_wasm_const_op *op = c->ops + k;
    if (op->kind <= KILN_WASM_CONST_FUNC) {
      stack[n++] = const_value(i, op);
    } else {
      stack[n - 2] = const_binary(op->kind, stack[n - 2], stack[n - 1]);
      n--;
    }
  }
  *result = stack[0];
  if (stack != few) free(stack);
  return true;
}

/* An offset of a segment, which is an index of 32 or 64 bits. */
static bool evaluate_offset(const kiln_wasmrt_instance *i, const kiln_wasm_const *c, bool is_64,
                            uint64_t *result) {
  kiln_wasm_value v;
  if (!evaluate(i, c, &v)) return false;
  *result = is_64 ? v.i64 : v.i32;
  return true;
}

void *kn_instance_item(const kiln_wasmrt_instance *i, const kiln_wasm_item *item) {
  if (item->kind == KILN_WASM_CONST_FUNC) return slot(i, i->image->funcs[item->index].slot);
  void *ref = NULL;
  if (item->kind == KILN_WASM_CONST_GLOBAL) memcpy(&ref, global_at(i, item->index), sizeof ref);
  return ref;
}

/* ---- imports ---- */

/* Something of `size` fits limits: that it is large enough now, and can't become larger than they say. */
static bool fits(const kiln_wasm_limits *is, uint64_t size, const kiln_wasm_limits *wanted) {
  return is->is_64 == wanted->is_64 && is->shared == wanted->shared && size >= wanted->min &&
         (wanted->max == UINT64_MAX || is->max <= wanted->max);
}

/* Whether a memory can be used by several stores: it must stay when the one that made it is freed. */
static bool can_share(const kiln_wasm_memory *m) {
  const struct kn_memory *k = kn_memory(m);
  return k->limits.shared &&
         (m == &k->own || (uintptr_t)m - (uintptr_t)k->reserved < k->reserved_bytes);
}

static bool of_store(const kiln_wasmrt_store *s, const kiln_wasmrt_extern *e) {
  if (e->store != NULL && e->store != s && e->kind != KILN_WASM_MEMORY) return false;
  switch (e->kind) {
  case KILN_WASM_FUNC: {
    uint32_t serial = ((const kiln_wasm_func *)e->address)->type_index;
    return serial == 0 || serial == s->serial;
  }
  case KILN_WASM_TABLE: return kn_table(e->address)->store == s;
  case KILN_WASM_MEMORY:
    return can_share(e->address) || ((const kiln_wasm_memory *)e->address)->user[1] == (uintptr_t)s;
  case KILN_WASM_TAG: return ((const kiln_wasm_tag *)e->address)->user == s;
  default: return true;
  }
}

static bool import_fits(const kiln_wasmrt_instance *i, const kiln_wasm_import *m,
                        const kiln_wasmrt_extern *e) {
  const kiln_wasm_image *image = i->image;
  switch (m->kind) {
  case KILN_WASM_FUNC:
    return ((kiln_wasm_func *)e->address)->type_id == type_id(i, image->funcs[m->index].type);
  case KILN_WASM_TABLE: {
    const kiln_wasm_table *t = e->address;
    return kn_table(t)->type == image->tables[m->index].type &&
           fits(&kn_table(t)->limits, t->size_elements, &image->tables[m->index].limits);
  }
  case KILN_WASM_MEMORY: {
    const kiln_wasm_memory *x = e->address;
    return fits(&kn_memory(x)->limits, x->size_bytes / KILN_WASM_PAGE_BYTES,
                &image->memories[m->index].limits);
  }
  case KILN_WASM_GLOBAL:
    return e->type == image->globals[m->index].type &&
           e->is_mutable == image->globals[m->index].is_mutable;
  default: return ((kiln_wasm_tag *)e->address)->type_id == type_id(i, image->tags[m->index].type);
  }
}

static void set_func(kiln_wasmrt_instance *i, const kiln_wasm_image_func *f,
                     const kiln_wasm_func *value) {
  if (f->slot != 0) memcpy(slot(i, f->slot), value, sizeof *value);
}

/* False: out of memory. */
static bool take_import(kiln_wasmrt_instance *i, const kiln_wasm_import *m,
                        const kiln_wasmrt_extern *e) {
  const kiln_wasm_image *image = i->image;
  switch (m->kind) {
  case KILN_WASM_FUNC: {
    kiln_wasm_func f = *(const kiln_wasm_func *)e->address;
    if (f.type_index == i->store->serial && f.user != NULL) {
      struct kn_host *own = i->hosts + m->index;
      kn_host_init(own, f.user);
      own->caller = i;
      own->func.code = f.code;
      f = own->func;
    }
    /* A function of the host that no module has imported so far: how it is called depends on the type alone. */
    if (f.code == NULL) f.code = image->types[image->funcs[m->index].type].host;
    set_func(i, image->funcs + m->index, &f);
    return true;
  }
  case KILN_WASM_TABLE: set_pointer(i, image->tables[m->index].slot, e->address); return true;
  case KILN_WASM_MEMORY: {
    const kiln_wasm_image_memory *x = image->memories + m->index;
    set_pointer(i, x->slot, e->address);
    if (x->base_slot != 0) set_pointer(i, x->base_slot, ((kiln_wasm_memory *)e->address)->base);
    return kn_memory_use(i->store, kn_memory(e->address));
  }
  case KILN_WASM_GLOBAL: set_pointer(i, image->globals[m->index].slot, e->address); return true;
  default: set_pointer(i, image->tags[m->index].slot, e->address); return true;
  }
}

static bool no_memory(kiln_wasmrt_error *error, const char *what) {
  kn_error(error, KILN_WASMRT_MEMORY, "no memory for %s", what);
  return false;
}

/* Something was not made: says which limit of the store it may be beyond, or is. */
static bool beyond_limit(const kiln_wasmrt_store *s, kiln_wasmrt_error *error, const char *what) {
  const struct {
    const char *name;
    uint64_t used, most;
  } rows[] = {{"max_instances", s->used.instances, s->options.max_instances},
              {"max_memories", s->used.memories, s->options.max_memories},
              {"max_tables", s->used.tables, s->options.max_tables}};
  for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
    if (rows[k].used < rows[k].most) continue;
    kn_error(error, KILN_WASMRT_MEMORY, "no room for %s: the store's limit %s is reached", what,
             rows[k].name);
    return false;
  }
  kn_error(
    error, KILN_WASMRT_MEMORY,
    "no memory for %s, or more than the store's limits: %llu pages of a memory, %llu of all, %llu "
    "elements of tables, %llu bytes",
    what, (unsigned long long)s->options.max_pages, (unsigned long long)s->options.max_total_pages,
    (unsigned long long)s->options.max_table_elements,
    (unsigned long long)s->options.max_host_bytes);
  return false;
}

/* As much of a name as a message has room for. */
static int short_length(const kiln_wasm_name *n) {
  return n->text_length < 80 ? (int)n->text_length : 80;
}

/* What a module calls for a function that nobody has defined: `user` is the import. */
static kiln_wasm_exn *call_unknown(void *user, kiln_wasm_value *values) {
  const kiln_wasm_import *m = user;
  char message[200];
  (void)values;
  snprintf(message, sizeof message, "call of an unknown import: \"%.*s\" \"%.*s\"",
           short_length(&m->module), m->module.text, short_length(&m->name), m->name.text);
  kn_fail(message);
}

static void stub_import(kiln_wasmrt_instance *i, const kiln_wasm_import *m) {
  uint32_t type = i->image->funcs[m->index].type;
  struct kn_host *own = i->hosts + m->index;
  kn_host_init(own, &(struct kn_host){.store = i->store,
                                      .func.type_id = type_id(i, type),
                                      .fn = call_unknown,
                                      .user = (void *)(uintptr_t)m});
  own->caller = i;
  own->func.code = i->image->types[type].host;
  set_func(i, i->image->funcs + m->index, &own->func);
}

static bool take_imports(kiln_wasmrt_instance *i, kiln_wasmrt_error *error) {
  for (uint32_t k = 0; k < i->image->n_imports; k++) {
    const kiln_wasm_import *m = i->image->imports + k;
    const kiln_wasmrt_extern *e = kn_store_find(i->store, m->module, m->name);
    if (e == NULL && m->kind == KILN_WASM_FUNC && i->store->options.stub_unknown_functions) {
      stub_import(i, m);
      continue;
    }
    const char *wrong = e == NULL                ? "unknown import"
                        : e->kind != m->kind     ? "incompatible import type"
                        : !of_store(i->store, e) ? "import of another store"
                        : !import_fits(i, m, e)  ? "incompatible import type"
                                                 : NULL;
    if (wrong != NULL) {
      kn_error(error, KILN_WASMRT_LINK, "%s: \"%.*s\" \"%.*s\"", wrong, short_length(&m->module),
               m->module.text, short_length(&m->name), m->name.text);
      return false;
    }
    if (!take_import(i, m, e)) return no_memory(error, "an import");
  }
  return true;
}

/* ---- what the module defines ---- */

static void free_instance(struct kn_owned *o) {
  kiln_wasmrt_instance *i = (kiln_wasmrt_instance *)o, **p = &i->store->instances;
  while (*p != NULL && *p != i) p = &(*p)->next;
  if (*p == i) *p = i->next;
  i->store->used.instances--;
  i->store->used.host_bytes -= i->host_bytes;
  free(i->block);
  free(i->elem_dropped);
  free(i->data_dropped);
  free(i->hosts);
  kn_code_release(i->code);
  free(i);
}

/* Address space for the instance, and the memory that it lies before. */
static bool place(kiln_wasmrt_instance *i) {
  const kiln_wasm_image *image = i->image;
  size_t bytes = (image->instance_bytes + 15) & ~(size_t)15;
  if (image->flags & KILN_WASM_IMAGE_AT_MEMORY) {
    struct kn_memory *m = kn_memory_new(i->store, NULL, &image->memories[0].limits, bytes);
    if (m == NULL) return false;
    i->address = m->own.base;
    m->memory = slot(i, image->memories[0].slot);
    *m->memory = m->own;
    return true;
  }
  i->block = aligned_alloc(16, bytes);
  if (i->block == NULL) return false;
  memset(i->block, 0, bytes);
  i->address = (uint8_t *)i->block + bytes;
  return true;
}

static bool make_types(kiln_wasmrt_instance *i) {
  for (uint32_t t = 0; t < i->image->n_types; t++) {
    const kiln_wasm_functype *f = i->image->types + t;
    uint32_t id = kn_store_type(i->store, f->types, f->n_params, f->n_results);
    if (id == 0) return false;
    if (f->entry != NULL) i->store->types[id - 1].entry = f->entry;
    memcpy(i->address + i->image->type_ids + (size_t)t * sizeof id, &id, sizeof id);
  }
  return true;
}

static kiln_wasmrt_instance *new_instance(kiln_wasmrt_store *s, const kiln_wasm_image *image) {
  uint64_t bytes = sizeof(kiln_wasmrt_instance) + image->instance_bytes + image->n_elems +
                   image->n_datas + (uint64_t)image->n_tags * 64 +
                   (uint64_t)image->n_imported_funcs * sizeof(struct kn_host);
  if (s->used.instances == s->options.max_instances ||
      !kn_take(&s->used.host_bytes, bytes, s->options.max_host_bytes))
    return NULL;
  kiln_wasmrt_instance *i = calloc(1, sizeof *i);
  if (i == NULL) {
    s->used.host_bytes -= bytes;
    return NULL;
  }
  s->used.instances++;
  i->host_bytes = bytes;
  i->store = s;
  i->image = image;
  kn_store_own(s, &i->owned, free_instance);
  i->elem_dropped = calloc((size_t)image->n_elems + 1, sizeof *i->elem_dropped);
  i->data_dropped = calloc((size_t)image->n_datas + 1, sizeof *i->data_dropped);
  i->hosts = calloc((size_t)image->n_imported_funcs + 1, sizeof *i->hosts);
  i->code = kn_code_use(image);
  if (i->hosts == NULL || i->elem_dropped == NULL || i->data_dropped == NULL || i->code == NULL ||
      !place(i))
    return NULL;
  kiln_wasm_header *h = (kiln_wasm_header *)(void *)i->address - 1;
  h->user[0] = (uintptr_t)i;
  h->image = image;
  h->interrupt = s->interrupt;
  s->interruptible |= (image->flags & KILN_WASM_IMAGE_INTERRUPT) != 0;
  h->fuel = s->options.fuel != 0 ? s->options.fuel : INT64_MAX;
  i->next = s->instances;
  s->instances = i;
  return make_types(i) ? i : NULL;
}

static void make_funcs(kiln_wasmrt_instance *i) {
  const kiln_wasm_image *image = i->image;
  for (uint32_t f = image->n_imported_funcs; f < image->n_funcs; f++) {
    kiln_wasm_func func = {.code = image->funcs[f].code,
                           .instance = i->address,
                           .type_id = type_id(i, image->funcs[f].type),
                           .type_index = i->store->serial};
    set_func(i, image->funcs + f, &func);
  }
}

static bool make_memories(kiln_wasmrt_instance *i, kiln_wasmrt_error *error) {
  const kiln_wasm_image *image = i->image;
  for (uint32_t m = image->n_imported_memories; m < image->n_memories; m++) {
    const kiln_wasm_image_memory *x = image->memories + m;
    kiln_wasm_memory *memory = slot(i, x->slot);
    bool made = m == 0 && image->flags & KILN_WASM_IMAGE_AT_MEMORY;
    if (!made && kn_memory_new(i->store, memory, &x->limits, 0) == NULL)
      return beyond_limit(i->store, error, "a memory");
    if (x->base_slot != 0) set_pointer(i, x->base_slot, memory->base);
  }
  return true;
}

static bool make_globals(kiln_wasmrt_instance *i) {
  const kiln_wasm_image *image = i->image;
  for (uint32_t g = image->n_imported_globals; g < image->n_globals; g++) {
    kiln_wasm_value v;
    if (!evaluate(i, &image->globals[g].init, &v)) return false;
    memcpy(slot(i, image->globals[g].slot), &v, value_bytes(image->globals[g].type));
  }
  return true;
}

static bool make_tables(kiln_wasmrt_instance *i) {
  const kiln_wasm_image *image = i->image;
  for (uint32_t t = image->n_imported_tables; t < image->n_tables; t++) {
    const kiln_wasm_image_table *x = image->tables + t;
    kiln_wasm_value init = {0};
    if (x->init.n_ops > 0 && !evaluate(i, &x->init, &init)) return false;
    if (kn_table_new(i->store, slot(i, x->slot), x->type, &x->limits, init.ref) == NULL)
      return false;
  }
  return true;
}

static bool make_tags(kiln_wasmrt_instance *i) {
  const kiln_wasm_image *image = i->image;
  for (uint32_t t = image->n_imported_tags; t < image->n_tags; t++) {
    kiln_wasmrt_extern e = kn_tag_new(i->store, type_id(i, image->tags[t].type));
    if (e.address == NULL) return false;
    set_pointer(i, image->tags[t].slot, e.address);
  }
  return true;
}

/* ---- segments ---- */

static bool trap(kiln_wasmrt_error *error, kiln_wasm_trap why) {
  kn_error(error, KILN_WASMRT_TRAP, "%s", kiln_wasmrt_trap_text(why));
  error->trap = why;
  return false;
}

static bool copy_elems(kiln_wasmrt_instance *i, kiln_wasmrt_error *error) {
  for (uint32_t e = 0; e < i->image->n_elems; e++) {
    const kiln_wasm_image_elem *x = i->image->elems + e;
    uint64_t to;
    if (x->mode == KILN_WASM_MODE_PASSIVE) continue;
    if (x->mode == KILN_WASM_MODE_ACTIVE) {
      if (!evaluate_offset(i, &x->offset, i->image->tables[x->table].limits.is_64, &to))
        return no_memory(error, "an expression");
      if (!kn_table_init(i, x->table, e, to, 0, x->n_items))
        return trap(error, KILN_WASM_TRAP_TABLE);
    }
    i->elem_dropped[e] = true;
  }
  return true;
}

static bool copy_datas(kiln_wasmrt_instance *i, kiln_wasmrt_error *error) {
  for (uint32_t d = 0; d < i->image->n_datas; d++) {
    const kiln_wasm_image_data *x = i->image->datas + d;
    uint64_t to;
    if (x->mode != KILN_WASM_MODE_ACTIVE) continue;
    if (!evaluate_offset(i, &x->offset, i->image->memories[x->memory].limits.is_64, &to))
      return no_memory(error, "an expression");
    if (!kn_memory_init(i, x->memory, d, to, 0, x->size_bytes))
      return trap(error, KILN_WASM_TRAP_MEMORY);
    i->data_dropped[d] = true;
  }
  return true;
}

static bool start(kiln_wasmrt_instance *i, kiln_wasmrt_error *error) {
  const kiln_wasm_image *image = i->image;
  if (image->start == UINT32_MAX) return true;
  const kiln_wasm_image_func *f = image->funcs + image->start;
  kiln_wasm_func func = {.code = f->code,
                         .instance = i->address,
                         .type_id = type_id(i, f->type),
                         .type_index = i->store->serial};
  if (f->slot != 0) memcpy(&func, slot(i, f->slot), sizeof func);
  return kiln_wasmrt_call(i->store, &func, NULL, error) == KILN_WASMRT_OK;
}

/* Makes all that the module defines; NULL after an error. */
static kiln_wasmrt_instance *make_instance(kiln_wasmrt_store *s, const kiln_wasm_image *image,
                                           kiln_wasmrt_error *error) {
  kiln_wasmrt_instance *i = new_instance(s, image);
  if (i == NULL) return beyond_limit(s, error, "an instance"), NULL;
  if (!take_imports(i, error)) return NULL;
  make_funcs(i);
  if (!make_memories(i, error)) return NULL;
  if (!make_globals(i) || !make_tables(i)) return beyond_limit(s, error, "a table"), NULL;
  if (!make_tags(i)) return no_memory(error, "an instance"), NULL;
  kiln_wasmrt_extern e = kiln_wasmrt_lookup(i, "memory");
  if (e.kind == KILN_WASM_MEMORY) i->memory = e.address;
  return i;
}

/* Whether others may have got references to functions of an instance before it failed: by what it imports. */
static bool shares_references(const kiln_wasm_image *image) {
  return image->n_imported_funcs > 0 || image->n_imported_tables > 0 ||
         image->n_imported_globals > 0;
}

kiln_wasmrt_instance *kiln_wasmrt_instantiate(kiln_wasmrt_store *s, const kiln_wasm_image *image,
                                              kiln_wasmrt_error *error) {
  error->status = KILN_WASMRT_OK;
  error->n_frames = 0;
  error->message[0] = 0;
  if (image->version != KILN_WASM_ABI_VERSION) {
    kn_error(error, KILN_WASMRT_LINK,
             "the module was compiled for version %u of the interface, not %u", image->version,
             KILN_WASM_ABI_VERSION);
    return NULL;
  }
  const struct kn_owned *before = s->owned;
  kiln_wasmrt_instance *i = make_instance(s, image, error);
  if (i == NULL) {
    kn_store_disown(s, before); /* nothing refers to it so far */
    return NULL;
  }
  if (copy_elems(i, error) && copy_datas(i, error) && start(i, error)) return i;
  if (!shares_references(image)) kn_store_disown(s, before);
  return NULL;
}

/* ---- exports ---- */

kiln_wasmrt_extern kn_instance_export(const kiln_wasmrt_instance *i, uint32_t index) {
  const kiln_wasm_image *image = i->image;
  const kiln_wasm_export *x = image->exports + index;
  kiln_wasmrt_extern e = {.kind = x->kind, .store = i->store};
  switch (x->kind) {
  case KILN_WASM_FUNC: e.address = slot(i, image->funcs[x->index].slot); break;
  case KILN_WASM_TABLE:
    e.address = kn_instance_table(i, x->index);
    e.type = image->tables[x->index].type;
    break;
  case KILN_WASM_MEMORY: e.address = kn_instance_memory(i, x->index); break;
  case KILN_WASM_GLOBAL:
    e.address = global_at(i, x->index);
    e.type = image->globals[x->index].type;
    e.is_mutable = image->globals[x->index].is_mutable;
    break;
  default: e.address = pointer_in(i, image->tags[x->index].slot); break;
  }
  return e;
}

kiln_wasmrt_extern kiln_wasmrt_lookup_bytes(const kiln_wasmrt_instance *i, kiln_wasm_name name) {
  for (uint32_t e = 0; e < i->image->n_exports; e++) {
    const kiln_wasm_name *n = &i->image->exports[e].name;
    if (n->text_length == name.text_length && memcmp(n->text, name.text, name.text_length) == 0)
      return kn_instance_export(i, e);
  }
  return (kiln_wasmrt_extern){0};
}

kiln_wasmrt_extern kiln_wasmrt_lookup(const kiln_wasmrt_instance *i, const char *name) {
  return kiln_wasmrt_lookup_bytes(i, (kiln_wasm_name){name, strlen(name)});
}

const kiln_wasm_func *kiln_wasmrt_lookup_func(const kiln_wasmrt_instance *i, const char *name) {
  kiln_wasmrt_extern e = kiln_wasmrt_lookup(i, name);
  return e.kind == KILN_WASM_FUNC ? e.address : NULL;
}

void *kiln_wasmrt_instance_address(const kiln_wasmrt_instance *i) { return i->address; }

const kiln_wasm_image *kiln_wasmrt_instance_image(const kiln_wasmrt_instance *i) {
  return i->image;
}

void kiln_wasmrt_set_fuel(kiln_wasmrt_instance *i, int64_t fuel) {
  ((kiln_wasm_header *)(void *)i->address - 1)->fuel = fuel;
}

int64_t kiln_wasmrt_fuel(const kiln_wasmrt_instance *i) {
  return ((kiln_wasm_header *)(void *)i->address - 1)->fuel;
}
