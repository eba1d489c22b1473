/* The module's life: options, memory, errors, targets by name, source locations, sessions. Symbols,
 * signatures and data have files of their own (ir/module_*.c). Called by front ends and every room
 * that allocates or fails. Invariant: the module's status is that of its first diagnostic, and once it
 * is not KILN_OK nothing in the module changes any more. */
#include "ir/module.h"

#include "ir/arena.h"
#include "ir/build.h"
#include "ir/clock.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- targets ---- */

static const char *const target_names[KILN_TARGET_COUNT] = {
  [KILN_TARGET_X86_64] = "x86_64",
  [KILN_TARGET_AARCH64] = "aarch64",
};

const char *kiln_target_name(kiln_target t) {
  return (unsigned)t < KILN_TARGET_COUNT ? target_names[t] : NULL;
}

bool kiln_target_find(const char *name, kiln_target *out) {
  for (unsigned t = 0; t < KILN_TARGET_COUNT; t++) {
    if (strcmp(name, target_names[t]) != 0) continue;
    *out = (kiln_target)t;
    return true;
  }
  return false;
}

bool kiln_target_host(kiln_target *out) {
#if defined(__x86_64__)
  *out = KILN_TARGET_X86_64;
  return true;
#elif defined(__aarch64__)
  *out = KILN_TARGET_AARCH64;
  return true;
#else
  (void)out;
  return false;
#endif
}

/* ---- memory ---- */

void *kn_realloc(const kiln_module *m, void *old, size_t size) {
  return kn_allocator_realloc(&m->options.allocator, old, size);
}

bool kn_grow(kiln_module *m, void *array, uint32_t *cap, uint32_t need, size_t item_size) {
  if (need <= *cap) return true;
  uint64_t n = *cap < 64 ? 64 : (uint64_t)*cap * 2;
  if (n < need) n = need;
  if (n > UINT32_MAX) n = UINT32_MAX;
  void *at; /* `array` is a pointer to a pointer of any type */
  memcpy(&at, array, sizeof at);
  at = n <= SIZE_MAX / item_size ? kn_realloc(m, at, (size_t)n * item_size) : NULL;
  if (at == NULL) {
    kn_module_fail(m, KILN_ERR_MEMORY, "out of memory");
    return false;
  }
  memcpy(array, &at, sizeof at);
  *cap = (uint32_t)n;
  return true;
}

uint32_t kn_hash_bytes(const void *bytes, size_t size) {
  const uint64_t k = UINT64_C(0x9e3779b97f4a7c15);
  const uint8_t *p = bytes;
  uint64_t h = size * k;
  for (; size >= 8; p += 8, size -= 8) {
    uint64_t w;
    memcpy(&w, p, 8);
    h = (h ^ w) * k;
    h ^= h >> 32;
  }
  uint64_t w = 0;
  if (size & 4) {
    uint32_t half;
    memcpy(&half, p, 4);
    w = half;
    p += 4;
  }
  for (size &= 3; size > 0; size--) w = w << 8 | *p++;
  h = (h ^ w) * k;
  return (uint32_t)(h >> 32 ^ h);
}

/* ---- errors ---- */

static void cut(char *out, size_t size, const char *text) {
  size_t n = strnlen(text, size - 1);
  memcpy(out, text, n);
  out[n] = 0;
}

kiln_status kiln_module_error(kiln_module *m, const kiln_diag *d) {
  kiln_diag copy = *d;
  if ((unsigned)copy.status >= KILN_ERR_COUNT) copy.status = KILN_ERR_ARGUMENT;
  if (copy.status == KILN_OK) return KILN_OK;
  if (copy.module[0] == 0 && m->options.name != NULL)
    cut(copy.module, sizeof copy.module, m->options.name);
  if (m->diag.status == KILN_OK) m->diag = copy;
  if (m->options.on_diag != NULL) m->options.on_diag(m->options.diag_user, &copy);
  return copy.status;
}

kiln_status kn_module_fail(kiln_module *m, kiln_status status, const char *message, ...) {
  kiln_diag d;
  memset(&d, 0, sizeof d);
  d.status = status;
  d.block = d.inst = UINT32_MAX;
  d.bit_offset = UINT64_MAX;
  va_list args;
  va_start(args, message);
  vsnprintf(d.message, sizeof d.message, message, args);
  va_end(args);
  return kiln_module_error(m, &d);
}

kiln_status kiln_module_status(const kiln_module *m) { return m->diag.status; }

const kiln_diag *kiln_module_diag(const kiln_module *m) { return &m->diag; }

/* ---- life ---- */

kiln_module *kiln_module_new(const kiln_module_options *options) {
  static const kiln_module_options defaults;
  if (options == NULL) options = &defaults;
  if ((unsigned)options->target >= KILN_TARGET_COUNT || (unsigned)options->pic >= KILN_PIC_COUNT)
    return NULL;
  kiln_module *m = kn_allocator_realloc(&options->allocator, NULL, sizeof *m);
  struct kn_arena *arena = kn_allocator_realloc(&options->allocator, NULL, sizeof *arena);
  if (m == NULL || arena == NULL) {
    if (m != NULL) kn_allocator_realloc(&options->allocator, m, 0);
    if (arena != NULL) kn_allocator_realloc(&options->allocator, arena, 0);
    return NULL;
  }
  memset(m, 0, sizeof *m);
  m->options = *options;
  m->diag.block = m->diag.inst = UINT32_MAX;
  m->diag.bit_offset = UINT64_MAX;
  m->arena = arena;
  kn_arena_init(arena, &options->allocator);
  m->clobbers = kn_target_clobbers(options->target);
  bool ok = true;
  if (options->name != NULL) {
    m->options.name = kn_arena_string(arena, options->name, strlen(options->name));
    ok = m->options.name != NULL;
  }
  ok = ok && kn_grow(m, &m->symbols, &m->cap_symbols, 64, sizeof *m->symbols) &&
       kn_grow(m, &m->sigs, &m->cap_sigs, 32, sizeof *m->sigs) &&
       kn_grow(m, &m->locs, &m->cap_locs, 1, sizeof *m->locs);
  if (!ok) {
    kiln_module_free(m);
    return NULL;
  }
  memset(&m->symbols[0], 0, sizeof m->symbols[0]);
  m->symbols[0].name = "";
  memset(&m->sigs[0], 0, sizeof m->sigs[0]);
  memset(&m->locs[0], 0, sizeof m->locs[0]);
  m->n_symbols = m->n_sigs = m->n_locs = 1;
  return m;
}

void kiln_module_free(kiln_module *m) {
  if (m == NULL) return;
  void *const arrays[] = {m->symbols, m->symbol_hash,   m->sigs, m->params, m->sig_hash, m->data,
                          m->ctors,   m->block_symbols, m->locs, m->files,  m->file_hash};
  for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++)
    if (arrays[i] != NULL) kn_realloc(m, arrays[i], 0);
  kn_arena_free(m->arena);
  kn_realloc(m, m->arena, 0);
  kiln_allocator allocator = m->options.allocator;
  kn_allocator_realloc(&allocator, m, 0);
}

kiln_target kiln_module_target(const kiln_module *m) { return m->options.target; }
kiln_allocator kiln_module_allocator(const kiln_module *m) { return m->options.allocator; }

/* ---- source locations ---- */

/* Makes the table of file names twice as large. */
static bool grow_files(kiln_module *m) {
  uint32_t size = m->file_hash_size < 16 ? 16 : m->file_hash_size * 2;
  uint32_t *hash = kn_realloc(m, NULL, size * sizeof *hash);
  if (hash == NULL) {
    kn_module_fail(m, KILN_ERR_MEMORY, "out of memory");
    return false;
  }
  memset(hash, 0, size * sizeof *hash);
  for (uint32_t i = 0; i < m->n_files; i++) {
    uint32_t *head = hash + (m->files[i].hash & (size - 1));
    m->files[i].next = *head;
    *head = i + 1;
  }
  if (m->file_hash != NULL) kn_realloc(m, m->file_hash, 0);
  m->file_hash = hash;
  m->file_hash_size = size;
  return true;
}

/* Index + 1 of a file's name, or 0 if the module failed. */
static uint32_t intern_file(kiln_module *m, const char *name) {
  if (m->last_file != 0 && strcmp(m->files[m->last_file - 1].name, name) == 0) return m->last_file;
  size_t length = strlen(name);
  uint32_t hash = kn_hash_bytes(name, length);
  if (m->file_hash_size > 0) {
    uint32_t i = m->file_hash[hash & (m->file_hash_size - 1)];
    for (; i != 0; i = m->files[i - 1].next)
      if (m->files[i - 1].hash == hash && strcmp(m->files[i - 1].name, name) == 0)
        return m->last_file = i;
  }
  if (m->n_files >= m->file_hash_size && !grow_files(m)) return 0;
  if (!kn_grow(m, &m->files, &m->cap_files, m->n_files + 1, sizeof *m->files)) return 0;
  const char *copy = kn_arena_string(m->arena, name, length);
  if (copy == NULL) {
    kn_module_fail(m, KILN_ERR_MEMORY, "out of memory");
    return 0;
  }
  uint32_t *head = m->file_hash + (hash & (m->file_hash_size - 1));
  m->files[m->n_files] = (struct kn_file){copy, hash, *head};
  *head = ++m->n_files;
  return m->last_file = m->n_files;
}

uint32_t kiln_loc_add(kiln_module *m, const char *file, uint32_t line, uint32_t column) {
  if (m->diag.status != KILN_OK) return 0;
  uint32_t index = intern_file(m, file != NULL ? file : "");
  if (index == 0) return 0;
  if (m->n_locs == UINT32_MAX) {
    kn_module_fail(m, KILN_ERR_LIMIT, "too many source locations");
    return 0;
  }
  if (!kn_grow(m, &m->locs, &m->cap_locs, m->n_locs + 1, sizeof *m->locs)) return 0;
  m->locs[m->n_locs] = (struct kn_loc){index - 1, line, column};
  return m->n_locs++;
}

/* ---- sessions ---- */

kiln_session *kiln_session_new(kiln_module *m) {
  kiln_session *s = kn_realloc(m, NULL, sizeof *s);
  if (s == NULL) {
    kn_module_fail(m, KILN_ERR_MEMORY, "out of memory");
    return NULL;
  }
  memset(s, 0, sizeof *s);
  s->module = m;
  return s;
}

void kiln_session_free(kiln_session *s) {
  if (s == NULL) return;
  kiln_module *m = s->module;
  kn_session_free_rooms(s);
  kn_func_free_all(s);
  void *const arrays[] = {s->out.code,   s->out.relocs, s->out.funcs,
                          s->out.labels, s->out.lines,  s->out.cfi};
  for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++)
    if (arrays[i] != NULL) kn_realloc(m, arrays[i], 0);
  kn_realloc(m, s, 0);
}

kiln_module *kiln_session_module(const kiln_session *s) { return s->module; }

#define ARRAY_BYTES(array) ((uint64_t)(array).cap * sizeof *(array).at)

static uint64_t func_bytes(const kiln_func *f) {
  return sizeof *f + (uint64_t)f->cap * (sizeof *f->inst + sizeof *f->val) +
         ARRAY_BYTES(f->blocks) + ARRAY_BYTES(f->order) + ARRAY_BYTES(f->edges) +
         ARRAY_BYTES(f->edge_args) + ARRAY_BYTES(f->late_args) + ARRAY_BYTES(f->lists) +
         ARRAY_BYTES(f->pool) + ARRAY_BYTES(f->slots) + ARRAY_BYTES(f->globals) +
         ARRAY_BYTES(f->rows) + ARRAY_BYTES(f->back_edges) + ARRAY_BYTES(f->forwards) +
         ARRAY_BYTES(f->forward_uses) + ARRAY_BYTES(f->locs) + ARRAY_BYTES(f->places);
}

kiln_stats kiln_session_stats(const kiln_session *s) {
  kiln_stats stats = s->stats;
  const struct kn_output *o = &s->out;
  stats.memory_bytes += sizeof *s + o->cap + (uint64_t)o->cap_relocs * sizeof *o->relocs +
                        (uint64_t)o->cap_funcs * sizeof *o->funcs +
                        (uint64_t)o->cap_labels * sizeof *o->labels +
                        (uint64_t)o->cap_lines * sizeof *o->lines + o->cap_cfi;
  for (const kiln_func *f = s->open; f != NULL; f = f->next) stats.memory_bytes += func_bytes(f);
  for (const kiln_func *f = s->spare; f != NULL; f = f->next) stats.memory_bytes += func_bytes(f);
  stats.data_bytes = s->module->data_bytes;
  uint64_t ticks = kn_clock_ticks() - s->clock_ticks;
  double scale = ticks ? (double)(kn_clock_ns() - s->clock_ns) / (double)ticks : 0;
  stats.plan_ns = (uint64_t)((double)stats.plan_ns * scale);
  stats.walk_ns = (uint64_t)((double)stats.walk_ns * scale);
  stats.object_ns = (uint64_t)((double)stats.object_ns * scale);
  return stats;
}

void kiln_session_time(kiln_session *s, bool on) {
  if (on && s->clock_ns == 0) {
    s->clock_ns = kn_clock_ns();
    s->clock_ticks = kn_clock_ticks();
  }
  s->timing = on;
}
