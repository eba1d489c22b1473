/* The reader: its memory, its errors, what it declares, and the calls of <kiln/wasm.h>. */
#include "native.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- memory ---- */

struct kn_wasm_chunk {
  struct kn_wasm_chunk *next;
  uint64_t unused;
};
enum { CHUNK_BYTES = 65536 };

void *kn_wasm_resize(const kiln_allocator *a, void *old, size_t size) {
  if (a->realloc != NULL) return a->realloc(a->user, old, size);
  if (size != 0) return realloc(old, size);
  free(old);
  return NULL;
}

void *kn_wasm_alloc(kiln_wasm *w, uint64_t size) {
  size = (size + 15) & ~UINT64_C(15);
  if (size > (uint64_t)(w->room_end - w->room)) {
    uint64_t bytes = size > CHUNK_BYTES / 4 ? size : CHUNK_BYTES;
    struct kn_wasm_chunk *chunk = NULL;
    if (bytes < SIZE_MAX - sizeof *chunk)
      chunk = kn_wasm_resize(&w->allocator, NULL, bytes + sizeof *chunk);
    if (chunk == NULL) kn_wasm_fail(&w->in, KILN_ERR_MEMORY, w->in.p, "out of memory");
    memset(chunk, 0, bytes + sizeof *chunk);
    chunk->next = w->chunks;
    w->chunks = chunk;
    if (bytes == size) return chunk + 1;
    w->room = (uint8_t *)(chunk + 1);
    w->room_end = w->room + bytes;
  }
  void *at = w->room;
  w->room += size;
  return at;
}

static void free_chunks(kiln_wasm *w) {
  for (struct kn_wasm_chunk *c = w->chunks, *next; c != NULL; c = next) {
    next = c->next;
    kn_wasm_resize(&w->allocator, c, 0);
  }
}

/* ---- errors ---- */

void kn_wasm_diag(const struct kn_wasm_in *in, kiln_diag *d) {
  *d = (kiln_diag){.status = in->status,
                   .has = KILN_DIAG_BIT_OFFSET,
                   .bit_offset = (uint64_t)in->offset_bytes * 8};
  snprintf(d->message, sizeof d->message, "%s (at offset 0x%zx)", in->message, in->offset_bytes);
}

/* ---- declarations ---- */

/* The name of what is exported as C and linkers know it: KILN_WASM_EXPORT_SYMBOLS. */
static size_t mangle(const char *prefix, const kiln_wasm_name *name, char *out) {
  size_t n = strlen(prefix);
  memcpy(out, prefix, n);
  for (size_t i = 0; i < name->text_length; i++) {
    uint8_t c = (uint8_t)name->text[i];
    bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (plain) out[n++] = (char)c;
    else if (c == '_') n += (size_t)snprintf(out + n, 3, "__");
    else n += (size_t)snprintf(out + n, 4, "_%02x", c);
  }
  return n;
}

static void declare_exports(kiln_wasm *w) {
  const char *prefix = w->options.prefix != NULL ? w->options.prefix : "wasm_";
  for (uint32_t i = 0; i < w->n_exports; i++) {
    const kiln_wasm_export *e = &w->exports[i];
    if (e->kind != KILN_WASM_FUNC || w->funcs[e->index].body == NULL) continue;
    char *text = kn_wasm_alloc(w, strlen(prefix) + 3 * e->name.text_length + 1);
    size_t n = mangle(prefix, &e->name, text);
    kiln_alias_define(w->module, &(kiln_symbol_desc){.name = text, .name_length = n},
                      w->funcs[e->index].symbol, 0);
  }
}

kiln_wasm_name kn_wasm_func_label(const kiln_wasm *w, uint32_t i) {
  const struct kn_wasm_func *f = &w->funcs[i];
  return f->name.text_length == 0 && f->export_name != 0 ? w->exports[f->export_name - 1].name
                                                         : f->name;
}

/* A function's name in objects: unique by its index. In memory there are no names, but those of the image, unless
 * somebody asks for them. */
static size_t name_function(const kiln_wasm *w, uint32_t i, char *out, size_t room) {
  kiln_wasm_name name = kn_wasm_func_label(w, i);
  int n = snprintf(out, room, "wasm[%u]%s%.*s", i, name.text_length != 0 ? "." : "",
                   name.text_length < 1000 ? (int)name.text_length : 1000,
                   name.text_length != 0 ? name.text : "");
  return n < 0 ? 0 : strnlen(out, room);
}

static void declare_all(kiln_wasm *w) {
  uint32_t first = w->n_imported[KILN_WASM_FUNC];
  char text[1100];
  bool named =
    !kiln_module_is_jit(w->module) || w->options.flags & (KILN_WASM_NAMES | KILN_WASM_DEBUG);
  kiln_module_reserve(w->module, w->n_bodies);
  for (uint32_t i = first; i < w->n_funcs; i++) {
    struct kn_wasm_func *f = &w->funcs[i];
    kiln_symbol_desc desc = {.linkage = KILN_LINKAGE_INTERNAL, .body = true};
    if (named) {
      desc.name_length = name_function(w, i, text, sizeof text);
      desc.name = text;
    }
    f->symbol = kiln_func_declare(w->module, &desc, w->types[f->type].sig);
  }
  /* functions that lead in and out */
  w->extra = kn_wasm_alloc(w, (uint64_t)w->n_types * 2 * sizeof *w->extra);
  for (uint32_t i = 0; i < w->n_funcs; i++)
    if (w->funcs[i].referred) w->types[w->funcs[i].type].entered = true;
  kiln_symbol_desc extra = {.linkage = KILN_LINKAGE_INTERNAL, .body = true};
  for (uint32_t i = 0; i < w->n_types; i++) {
    if (!w->types[i].entered) continue;
    w->types[i].entry = kiln_func_declare(w->module, &extra, w->entry_sig).id;
    w->extra[w->n_extra++] = i;
  }
  w->n_entries = w->n_extra;
  for (uint32_t i = 0; i < w->n_types; i++) {
    if (!w->types[i].hosted) continue;
    w->types[i].host = kiln_func_declare(w->module, &extra, w->types[i].sig).id;
    w->extra[w->n_extra++] = i;
  }
  if (w->options.flags & KILN_WASM_EXPORT_SYMBOLS) declare_exports(w);
}

/* ---- public ---- */

bool kiln_wasm_is_module(const void *bytes, size_t size_bytes) {
  return size_bytes >= 4 && memcmp(bytes, "\0asm", 4) == 0;
}

/* Reads all but bodies; errors leave by longjmp. */
static void read_module(kiln_wasm *w) {
  kn_wasm_read_sections(w);
  kn_wasm_make_sigs(w);
  kn_wasm_layout(w);
  declare_all(w);
  kn_wasm_define_image(w);
  if (w->options.flags & KILN_WASM_DEBUG) kn_wasm_read_lines(w);
}

kiln_wasm *kiln_wasm_new(kiln_module *m, const void *bytes, size_t size_bytes,
                         const kiln_wasm_options *options) {
  if (m == NULL || bytes == NULL) return NULL;
  for (size_t i = 0; options != NULL && i < sizeof options->reserved / sizeof *options->reserved;
       i++)
    if (options->reserved[i] != 0)
      return kiln_module_fail(m, KILN_ERR_ARGUMENT, "the field 'reserved' of the options is not 0"),
             NULL;
  kiln_allocator allocator = kiln_module_get_allocator(m);
  kiln_wasm *w = kn_wasm_resize(&allocator, NULL, sizeof *w);
  jmp_buf leave;
  const uint8_t *start = bytes;
  struct kn_wasm_in none = {.p = start, .end = start + size_bytes, .start = start, .leave = &leave};
  kiln_diag d;
  if (w == NULL) {
    none.status = KILN_ERR_MEMORY;
    snprintf(none.message, sizeof none.message, "out of memory");
    kn_wasm_diag(&none, &d);
    kiln_module_fail_diag(m, &d);
    return NULL;
  }
  *w = (kiln_wasm){.in = none,
                   .module = m,
                   .target = kiln_module_processor(m),
                   .tears = kn_wasm_stores_tear(kiln_module_processor(m)),
                   .allocator = allocator,
                   .bytes = bytes,
                   .size_bytes = size_bytes,
                   .start = UINT32_MAX,
                   .data_count = UINT32_MAX};
  if (options != NULL) w->options = *options;
  if (setjmp(leave) == 0) {
    read_module(w);
  } else {
    kn_wasm_diag(&w->in, &d);
    kiln_module_fail_diag(m, &d);
  }
  w->in.leave = NULL;
  if (kiln_module_status(m) == KILN_OK) return w;
  kiln_wasm_free(w);
  return NULL;
}

void kiln_wasm_free(kiln_wasm *w) {
  if (w == NULL) return;
  free_chunks(w);
  kiln_allocator allocator = w->allocator;
  kn_wasm_resize(&allocator, w, 0);
}

uint32_t kiln_wasm_body_count(const kiln_wasm *w) {
  return w != NULL ? w->n_bodies + w->n_extra : 0;
}

uint64_t kiln_wasm_body_bytes(const kiln_wasm *w, uint32_t first, uint32_t n) {
  if (w == NULL) return 0;
  uint64_t sum = 0, end = (uint64_t)first + n;
  for (uint64_t i = first; i < end && i < w->n_bodies; i++)
    sum += w->funcs[w->n_imported[KILN_WASM_FUNC] + i].body_bytes;
  return sum;
}

const kiln_wasm_image *kiln_wasm_describe(const kiln_wasm *w) {
  return w != NULL ? &w->image : NULL;
}

const char *kiln_wasm_note(const kiln_wasm *w) { return w != NULL ? w->note : NULL; }

/* Builds body `i`, and gives it to the sink, unless it has an error, which becomes the module's. */
static kiln_status read_body(struct kn_wasm_body *c, uint32_t i, kiln_func_sink_fn sink,
                             void *user) {
  const kiln_wasm *w = c->w;
  kiln_func *f;
  if (i < w->n_bodies) f = kn_wasm_build_body(c, w->n_imported[KILN_WASM_FUNC] + i);
  else f = kn_wasm_build_extra(c, i - w->n_bodies);
  if (f == NULL) return KILN_ERR_MEMORY;
  kiln_status own = sink != NULL ? kiln_func_finish(f) : kiln_func_status(f);
  kiln_status status = sink != NULL && own == KILN_OK ? sink(user, f) : kiln_func_compile(f);
  return own != KILN_OK ? own : status;
}

kiln_status kiln_wasm_read_bodies(const kiln_wasm *w, kiln_session *s, uint32_t first, uint32_t n,
                                  kiln_func_sink_fn sink, void *user) {
  if (w == NULL || s == NULL || kiln_session_module(s) != w->module) return KILN_ERR_ARGUMENT;
  uint32_t all = kiln_wasm_body_count(w);
  if (first > all || n > all - first) return KILN_ERR_ARGUMENT;
  struct kn_wasm_body *c = kn_wasm_body_new(w, s);
  if (c == NULL) return KILN_ERR_MEMORY;
  kiln_status status = KILN_OK;
  for (uint32_t i = first; i < first + n; i++) {
    kiln_status one = read_body(c, i, sink, user);
    if (status == KILN_OK) status = one;
  }
  kn_wasm_body_free(c);
  return status;
}
