/* Stores: what they own, types, names. */
#include "state.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

enum {
  LEAST_STACK_BYTES = 16384
}; /* that the runtime's own functions need, the unwinder among them */

/* Also the control characters from 0x80 to 0x9f, in UTF-8. */
void kn_escape(char *text) {
  for (unsigned char *p = (unsigned char *)text; *p != 0; p++) {
    if (*p < 0x20 || *p == 0x7f) *p = '?';
    else if (*p == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0) p[0] = p[1] = '?';
  }
}

void kn_error(kiln_wasmrt_error *error, kiln_wasmrt_status status, const char *format, ...) {
  va_list words;
  error->status = status;
  va_start(words, format);
  vsnprintf(error->message, sizeof error->message, format, words);
  va_end(words);
  kn_escape(error->message);
}

/* ---- what is owned ---- */

void kn_store_own(kiln_wasmrt_store *store, struct kn_owned *what,
                  void (*free)(struct kn_owned *)) {
  *what = (struct kn_owned){.next = store->owned, .free = free};
  store->owned = what;
}

void kn_store_disown(kiln_wasmrt_store *s, const struct kn_owned *from) {
  while (s->owned != from) {
    struct kn_owned *o = s->owned;
    s->owned = o->next;
    o->free(o);
  }
}

/* 0 of an option is its default. */
static void set_limits(kiln_wasmrt_store_options *o) {
  const struct {
    uint64_t *option, value, least;
  } rows[] = {
    {&o->max_pages, 65536, 0},
    {&o->max_total_pages, 65536, 0},
    {&o->max_table_elements, 10000000, 0},
    {&o->max_host_bytes, UINT64_C(256) << 20, 0},
    {&o->host_stack_bytes, 65536, LEAST_STACK_BYTES},
    {&o->max_stack_bytes, 64 << 20, 2 * LEAST_STACK_BYTES},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    if (*rows[i].option == 0) *rows[i].option = rows[i].value;
    if (*rows[i].option < rows[i].least) *rows[i].option = rows[i].least;
  }
  if (o->max_stack_bytes < 2 * o->host_stack_bytes) o->max_stack_bytes = 2 * o->host_stack_bytes;
  if (o->max_instances == 0) o->max_instances = 10000;
  if (o->max_memories == 0) o->max_memories = 1000;
  if (o->max_tables == 0) o->max_tables = 10000;
}

kiln_wasmrt_store *kiln_wasmrt_store_new(const kiln_wasmrt_store_options *options) {
  for (size_t i = 0; options != NULL && i < sizeof options->reserved / sizeof *options->reserved;
       i++)
    if (options->reserved[i] != 0) return NULL;
  kiln_wasmrt_store *s = calloc(1, sizeof *s);
  if (s == NULL) return NULL;
  if (options != NULL) s->options = *options;
  set_limits(&s->options);
  s->wake_fd = -1;
  if (getrandom(s->hash_key, sizeof s->hash_key, 0) <
      (ssize_t)sizeof s->hash_key) { /* an old system */
    s->hash_key[0] = (uintptr_t)s;
    s->hash_key[1] = (uint64_t)clock();
  }
  static uint32_t serials;
  while (s->serial == 0) s->serial = __atomic_add_fetch(&serials, 1, __ATOMIC_RELAXED);
  s->interrupt_bytes = (uint32_t)sysconf(_SC_PAGESIZE);
  s->interrupt = mmap(NULL, s->interrupt_bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (s->interrupt != MAP_FAILED) return s;
  free(s);
  return NULL;
}

void kiln_wasmrt_store_free(kiln_wasmrt_store *s) {
  if (s == NULL) return;
  kn_store_disown(s, NULL);
  kn_exceptions_free(s);
  for (uint32_t b = 0; b < s->definitions_size; b++) {
    for (struct kn_definition *d = s->definitions[b], *next; d != NULL; d = next) {
      next = d->next;
      free(d);
    }
  }
  free(s->definitions);
  for (uint32_t t = 0; t < s->n_types; t++) free(s->types[t].types);
  free(s->types);
  free(s->type_table);
  munmap(s->interrupt, s->interrupt_bytes);
  if (s->wake_fd >= 0) close(s->wake_fd);
  free(s);
}

/* ---- hashes ---- */

static uint64_t rotate(uint64_t x, unsigned n) { return x << n | x >> (64 - n); }

static void sip_round(uint64_t v[4]) {
  v[0] += v[1], v[2] += v[3];
  v[1] = rotate(v[1], 13) ^ v[0], v[3] = rotate(v[3], 16) ^ v[2];
  v[0] = rotate(v[0], 32);
  v[2] += v[1], v[0] += v[3];
  v[1] = rotate(v[1], 17) ^ v[2], v[3] = rotate(v[3], 21) ^ v[0];
  v[2] = rotate(v[2], 32);
}

/* SipHash-1-3 (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012) by the store's key: modules choose
 * names and types, and could choose such that have one hash. `with` is hashed too. */
static uint64_t hash_bytes(const kiln_wasmrt_store *s, uint64_t with, const void *bytes, size_t n) {
  uint64_t v[4] = {
    s->hash_key[0] ^ UINT64_C(0x736f6d6570736575), s->hash_key[1] ^ UINT64_C(0x646f72616e646f6d),
    s->hash_key[0] ^ UINT64_C(0x6c7967656e657261), s->hash_key[1] ^ UINT64_C(0x7465646279746573)};
  const uint8_t *p = bytes;
  uint64_t words[2] = {with, (uint64_t)n << 56};
  v[3] ^= words[0], sip_round(v), v[0] ^= words[0];
  for (; n >= 8; n -= 8, p += 8) {
    uint64_t word;
    memcpy(&word, p, sizeof word);
    v[3] ^= word, sip_round(v), v[0] ^= word;
  }
  for (size_t i = 0; i < n; i++) words[1] |= (uint64_t)p[i] << 8 * i;
  v[3] ^= words[1], sip_round(v), v[0] ^= words[1];
  v[2] ^= 0xff;
  for (int i = 0; i < 3; i++) sip_round(v);
  return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* ---- types ---- */

static uint32_t hash_type(const kiln_wasmrt_store *s, const uint8_t *types, uint32_t n_params,
                          uint32_t n_results) {
  const uint64_t counts = (uint64_t)n_params << 32 | n_results;
  return (uint32_t)hash_bytes(s, counts, types, (size_t)n_params + n_results);
}

/* Doubles the table of type_ids; at most half of it is in use. */
static bool grow_types(kiln_wasmrt_store *s) {
  uint32_t size = s->type_table_size == 0 ? 64 : 2 * s->type_table_size;
  uint32_t *table = calloc(size, sizeof *table);
  struct kn_type *types = realloc(s->types, size / 2 * sizeof *types);
  if (types != NULL) s->types = types;
  if (table == NULL || types == NULL) {
    free(table);
    return false;
  }
  for (uint32_t t = 0; t < s->n_types; t++) {
    uint32_t h = hash_type(s, types[t].types, types[t].n_params, types[t].n_results);
    while (table[h & (size - 1)] != 0) h++;
    table[h & (size - 1)] = t + 1;
  }
  free(s->type_table);
  s->type_table = table;
  s->type_table_size = size;
  s->room_types = size / 2;
  return true;
}

uint32_t kn_store_type(kiln_wasmrt_store *s, const uint8_t *types, uint32_t n_params,
                       uint32_t n_results) {
  size_t n = (size_t)n_params + n_results;
  if (s->n_types == s->room_types && !grow_types(s)) return 0;
  uint32_t h = hash_type(s, types, n_params, n_results), mask = s->type_table_size - 1;
  for (uint32_t id; (id = s->type_table[h & mask]) != 0; h++) {
    const struct kn_type *t = s->types + id - 1;
    if (t->n_params == n_params && t->n_results == n_results &&
        (n == 0 || memcmp(t->types, types, n) == 0))
      return id;
  }
  uint8_t *copy = malloc(n + 1);
  if (copy == NULL) return 0;
  if (n > 0) memcpy(copy, types, n);
  s->types[s->n_types] =
    (struct kn_type){.types = copy, .n_params = n_params, .n_results = n_results};
  return s->type_table[h & mask] = ++s->n_types;
}

kiln_wasm_functype kiln_wasmrt_func_type(const kiln_wasmrt_store *s, const kiln_wasm_func *func) {
  const struct kn_type *t = s->types + func->type_id - 1;
  return (kiln_wasm_functype){
    .types = t->types, .n_params = t->n_params, .n_results = t->n_results};
}

/* The type_id of a signature in letters; 0: it has others, or no memory. */
static uint32_t type_of(kiln_wasmrt_store *s, const char *signature) {
  static const char letters[] = "?iIfFvrex";
  size_t n = strlen(signature);
  uint8_t *types = malloc(n + 1);
  uint32_t counts[2] = {0, 0};
  int part = 0;
  bool ok = types != NULL;
  for (size_t i = 0; i < n && ok; i++) {
    const char *letter = strchr(letters + 1, signature[i]);
    if (signature[i] == ':' && part == 0) part = 1;
    else if (letter == NULL) ok = false;
    else types[counts[0] + counts[1]] = (uint8_t)(letter - letters), counts[part]++;
  }
  uint32_t id = ok ? kn_store_type(s, types, counts[0], counts[1]) : 0;
  free(types);
  return id;
}

/* ---- names ---- */

static uint64_t hash_names(const kiln_wasmrt_store *s, kiln_wasm_name module, kiln_wasm_name name) {
  return hash_bytes(s, hash_bytes(s, 0, module.text, module.text_length), name.text,
                    name.text_length);
}

static bool is_name(const char *text, size_t length, kiln_wasm_name name) {
  return length == name.text_length && memcmp(text, name.text, length) == 0;
}

static struct kn_definition *find(const kiln_wasmrt_store *s, uint64_t hash, kiln_wasm_name module,
                                  kiln_wasm_name name) {
  if (s->n_definitions == 0) return NULL;
  struct kn_definition *d = s->definitions[hash & (s->definitions_size - 1)];
  while (d != NULL && !(d->hash == hash && is_name(d->module, d->module_length, module) &&
                        is_name(d->name, d->name_length, name)))
    d = d->next;
  return d;
}

const kiln_wasmrt_extern *kn_store_find(const kiln_wasmrt_store *s, kiln_wasm_name module,
                                        kiln_wasm_name name) {
  const struct kn_definition *d = find(s, hash_names(s, module, name), module, name);
  return d != NULL ? &d->what : NULL;
}

/* Doubles the table of definitions. */
static bool grow_definitions(kiln_wasmrt_store *s) {
  uint32_t size = s->definitions_size == 0 ? 128 : 2 * s->definitions_size;
  struct kn_definition **table = calloc(size, sizeof(struct kn_definition *));
  if (table == NULL) return false;
  for (uint32_t b = 0; b < s->definitions_size; b++) {
    for (struct kn_definition *d = s->definitions[b], *next; d != NULL; d = next) {
      struct kn_definition **at = table + (d->hash & (size - 1));
      next = d->next;
      d->next = *at;
      *at = d;
    }
  }
  free(s->definitions);
  s->definitions = table;
  s->definitions_size = size;
  return true;
}

static bool define(kiln_wasmrt_store *s, kiln_wasm_name module, kiln_wasm_name name,
                   kiln_wasmrt_extern what) {
  uint64_t hash = hash_names(s, module, name);
  struct kn_definition *d = find(s, hash, module, name);
  if (d != NULL) return d->what = what, true;
  if (s->n_definitions == s->definitions_size && !grow_definitions(s)) return false;
  d = calloc(1, sizeof *d + module.text_length + name.text_length);
  if (d == NULL) return false;
  struct kn_definition **at = s->definitions + (hash & (s->definitions_size - 1));
  *d = (struct kn_definition){.hash = hash,
                              .module = (const char *)(d + 1),
                              .name = (const char *)(d + 1) + module.text_length,
                              .module_length = module.text_length,
                              .name_length = name.text_length,
                              .what = what,
                              .next = *at};
  memcpy(d + 1, module.text, module.text_length);
  memcpy((char *)(d + 1) + module.text_length, name.text, name.text_length);
  *at = d;
  s->n_definitions++;
  return true;
}

static kiln_wasm_name name_of(const char *text) { return (kiln_wasm_name){text, strlen(text)}; }

bool kiln_wasmrt_define(kiln_wasmrt_store *s, const char *module, const char *name,
                        kiln_wasmrt_extern what) {
  return what.address != NULL && what.reserved[0] == 0 &&
         define(s, name_of(module), name_of(name), what);
}

bool kiln_wasmrt_define_instance(kiln_wasmrt_store *s, const char *module,
                                 kiln_wasmrt_instance *instance) {
  const kiln_wasm_image *image = instance->image;
  for (uint32_t e = 0; e < image->n_exports; e++)
    if (!define(s, name_of(module), image->exports[e].name, kn_instance_export(instance, e)))
      return false;
  return true;
}

static void free_host(struct kn_owned *o) { free(o); }

void kn_host_init(struct kn_host *h, const struct kn_host *like) {
  *h = (struct kn_host){.store = like->store, .fn = like->fn, .user = like->user};
  h->func = (kiln_wasm_func){.instance = &h->host,
                             .type_id = like->func.type_id,
                             .type_index = like->store->serial,
                             .user = h};
  h->host = (kiln_wasm_host){.call = kn_host_call, .call_user = h};
}

bool kn_define_host(kiln_wasmrt_store *s, const char *module, const char *name, uint32_t type,
                    kiln_wasmrt_host_fn fn, void *user) {
  struct kn_host *h = type != 0 ? calloc(1, sizeof *h) : NULL;
  if (h == NULL) return false;
  kn_host_init(h, &(struct kn_host){.store = s, .func.type_id = type, .fn = fn, .user = user});
  kn_store_own(s, &h->owned, free_host);
  return kiln_wasmrt_define(
    s, module, name, (kiln_wasmrt_extern){.kind = KILN_WASM_FUNC, .address = &h->func, .store = s});
}

bool kiln_wasmrt_define_func(kiln_wasmrt_store *s, const char *module, const char *name,
                             const char *signature, kiln_wasmrt_host_fn fn, void *user) {
  return kn_define_host(s, module, name, type_of(s, signature), fn, user);
}

/* ---- globals and tags ---- */

struct tag {
  struct kn_owned owned;
  kiln_wasm_tag tag;
};

static void free_plain(struct kn_owned *o) { free(o); }

kiln_wasmrt_extern kiln_wasmrt_global_new(kiln_wasmrt_store *s, kiln_wasm_type type,
                                          bool is_mutable, kiln_wasm_value value) {
  struct kn_host_global *g = calloc(1, sizeof *g);
  kiln_wasmrt_extern e = {
    .kind = KILN_WASM_GLOBAL, .type = (uint8_t)type, .is_mutable = is_mutable, .store = s};
  if (g == NULL) return e;
  g->value = value;
  g->next = s->globals;
  s->globals = g;
  kn_store_own(s, &g->owned, free_plain);
  e.address = &g->value;
  return e;
}

kiln_wasmrt_extern kn_tag_new(kiln_wasmrt_store *s, uint32_t type_id) {
  struct tag *t = type_id != 0 ? calloc(1, sizeof *t) : NULL;
  kiln_wasmrt_extern e = {.kind = KILN_WASM_TAG, .store = s};
  if (t == NULL) return e;
  t->tag.type_id = type_id;
  t->tag.user = s;
  kn_store_own(s, &t->owned, free_plain);
  e.address = &t->tag;
  return e;
}

kiln_wasmrt_extern kiln_wasmrt_tag_new(kiln_wasmrt_store *s, const char *signature) {
  return kn_tag_new(s, type_of(s, signature));
}
