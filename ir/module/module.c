/* The module's life: options, memory, errors, the freeze. Symbols, signatures and data
 * have files of their own (ir/module/module_*.c), sessions theirs (ir/module/session.c). Called by front ends and
 * every room that allocates or fails. Invariant: once the module has an error of its own, nothing in it
 * changes any more. */
#include "ir/debug/die.h"
#include "ir/inline/inlining.h"
#include "ir/module/module_state.h"

#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- memory ---- */

void *kn_realloc(const kiln_module *m, void *old, size_t size) {
  return kn_allocator_realloc(&m->options.allocator, old, size);
}

/* Fails the module once: callers may go on to request more. */
static bool no_memory(kiln_module *m, bool fits) {
  if (kn_module_own(m) != KILN_OK) return false;
  if (fits) kn_module_fail(m, KILN_ERR_MEMORY, "out of memory");
  else kn_module_fail(m, KILN_ERR_LIMIT, "the module has more than 2^31 items of one kind");
  return false;
}

bool kn_module_grow(kiln_module *m, void *array, uint64_t more, size_t item_size) {
  return kn_array_grow(&m->options.allocator, array, more, item_size) ||
         no_memory(m, kn_array_fits(array, more));
}

bool kn_module_hash_grow(kiln_module *m, struct kn_hash *t, uint32_t more) {
  return kn_hash_grow(&m->options.allocator, t, more) || no_memory(m, true);
}

/* ---- callbacks ---- */

/* Those for which the module is const do not change it either. */
static kiln_module *own(const kiln_module *m) { return (kiln_module *)(uintptr_t)m; }

bool kn_module_call_out(const kiln_module *m) {
  kn_in_use(&own(m)->in_use, true);
  if (m->frozen || m->calling || kn_module_own(m) != KILN_OK) return false;
  own(m)->calling = true;
  own(m)->refused = KILN_OK;
  __atomic_store_n(&own(m)->status, KILN_ERR_STRUCTURE, __ATOMIC_RELAXED);
  return true;
}

void kn_module_call_back(const kiln_module *m, bool was) {
  kn_in_use(&own(m)->in_use, false);
  if (!was) return;
  own(m)->calling = false;
  __atomic_store_n(&own(m)->status, m->refused, __ATOMIC_RELAXED);
}

bool kn_module_refuse(const kiln_module *m) {
  if (m->calling && m->refused == KILN_OK)
    kn_module_fail(own(m), KILN_ERR_STRUCTURE,
                   "a callback cannot change the module that called it");
  return true;
}

/* A thread in the module's on_diag, on the thread's stack. */
struct kn_teller {
  pthread_t thread;
  struct kn_teller *next;
};

bool kn_module_is_teller(const kiln_module *m) {
  kiln_module *owned = own(m);
  pthread_mutex_lock(&owned->diag_lock);
  const struct kn_teller *t = m->tellers;
  while (t != NULL && !pthread_equal(t->thread, pthread_self())) t = t->next;
  pthread_mutex_unlock(&owned->diag_lock);
  return t != NULL;
}

void kn_module_tell(kiln_module *m, const kiln_diag *d) {
  if (m->options.on_diag == NULL || kn_module_telling(m)) return;
  struct kn_teller own = {.thread = pthread_self()}, **at = &m->tellers;
  pthread_mutex_lock(&m->diag_lock);
  own.next = m->tellers;
  __atomic_store_n(&m->tellers, &own, __ATOMIC_RELAXED);
  pthread_mutex_unlock(&m->diag_lock);
  kn_in_use(&m->in_use, true);
  m->options.on_diag(m->options.on_diag_user, d);
  kn_in_use(&m->in_use, false);
  pthread_mutex_lock(&m->diag_lock);
  while (*at != &own) at = &(*at)->next;
  __atomic_store_n(at, own.next, __ATOMIC_RELAXED);
  pthread_mutex_unlock(&m->diag_lock);
}

static void *call_allocator(void *user, void *old, size_t size) {
  kiln_module *m = user;
  bool was = kn_module_call_out(m);
  void *p = m->allocator.realloc(m->allocator.user, old, size);
  kn_module_call_back(m, was);
  return p;
}

/* ---- errors ---- */

static void cut(char *out, size_t size, const char *text) {
  size_t n = strnlen(text, size - 1);
  memcpy(out, text, n);
  out[n] = 0;
}

/* Rank of an error that no later one replaces: one before the freeze, or the module's own. */
#define RANK_FIRST 0

/* Keeps a diagnostic if there is none, or one of a higher rank; `diag_lock` is held. */
static void keep(kiln_module *m, const kiln_diag *d, uint32_t rank) {
  if (m->diag.status != KILN_OK && m->diag_rank <= rank) return;
  m->diag_rank = rank;
  /* its status, the first field, comes last: others read that without the lock */
  const size_t rest = offsetof(kiln_diag, has);
  memcpy((char *)&m->diag + rest, (const char *)d + rest, sizeof *d - rest);
  __atomic_store_n(&m->diag.status, d->status, __ATOMIC_RELEASE);
}

kiln_status kiln_module_fail_diag(kiln_module *m, const kiln_diag *d) {
  if (m == NULL || d == NULL) return KILN_ERR_ARGUMENT;
  kiln_diag copy = *d;
  if ((unsigned)copy.status >= KILN_STATUS_COUNT) copy.status = KILN_ERR_ARGUMENT;
  if (copy.status == KILN_OK) return KILN_OK;
  if (copy.module[0] == 0 && m->options.name != NULL)
    cut(copy.module, sizeof copy.module, m->options.name);
  pthread_mutex_lock(&m->diag_lock);
  keep(m, &copy, RANK_FIRST);
  if (m->status == KILN_OK) __atomic_store_n(&m->status, copy.status, __ATOMIC_RELEASE);
  else if (m->calling && m->refused == KILN_OK) m->refused = copy.status;
  pthread_mutex_unlock(&m->diag_lock);
  kn_module_tell(m, &copy);
  return copy.status;
}

void kn_module_pass(kiln_module *m, const kiln_diag *d, uint32_t symbol) {
  pthread_mutex_lock(&m->diag_lock);
  keep(m, d, m->frozen ? symbol + 1 : RANK_FIRST);
  pthread_mutex_unlock(&m->diag_lock);
}

kiln_status kn_module_fail(kiln_module *m, kiln_status status, const char *message, ...) {
  kiln_diag d;
  memset(&d, 0, sizeof d);
  d.status = status;
  va_list args;
  va_start(args, message);
  vsnprintf(d.message, sizeof d.message, message, args);
  va_end(args);
  return kiln_module_fail_diag(m, &d);
}

kiln_status kiln_module_fail(kiln_module *m, kiln_status status, const char *message) {
  return kn_module_fail(m, status, "%s", message != NULL ? message : "");
}

static const kiln_diag no_module = {
  .status = KILN_ERR_ARGUMENT,
  .message = "no module: without memory for one, or with options out of range",
};

kiln_status kiln_module_status(const kiln_module *m) {
  return m != NULL ? __atomic_load_n(&m->diag.status, __ATOMIC_ACQUIRE) : KILN_ERR_ARGUMENT;
}

const kiln_diag *kiln_module_diag(const kiln_module *m) {
  return m != NULL ? &m->diag : &no_module;
}

/* ---- life ---- */

kiln_module *kn_module_new(const kiln_module_options *options) {
  static const kiln_module_options defaults;
  if (options == NULL) options = &defaults;
  kiln_target target = options->target;
  if (!KN_UNRESERVED(options) || !KN_UNRESERVED(&target) || target.abi != 0 ||
      (unsigned)options->pic >= KILN_PIC_COUNT || !kn_target_complete(&target))
    return NULL;
  kiln_module *m = kn_allocator_realloc(&options->allocator, NULL, sizeof *m);
  struct kn_arena *arena = kn_allocator_realloc(&options->allocator, NULL, sizeof *arena);
  if (m == NULL || arena == NULL) {
    KN_FREE(&options->allocator, m, arena);
    return NULL;
  }
  memset(m, 0, sizeof *m);
  m->options = *options;
  m->options.target = target;
  m->allocator = options->allocator;
  if (options->allocator.realloc != NULL)
    m->options.allocator = (kiln_allocator){.realloc = call_allocator, .user = m};
  m->arena = arena;
  kn_arena_init(arena, &m->options.allocator);
  m->inline_attrs = kn_inline_complete(&(kiln_inline_attrs){0});
  m->flat_symbols = m->flat_sigs = UINT32_MAX;
  pthread_mutexattr_t attr; /* a diagnostic's callback may read the module */
  pthread_mutexattr_init(&attr);
  pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
  pthread_mutex_init(&m->lock, &attr);
  pthread_mutexattr_destroy(&attr);
  pthread_mutex_init(&m->diag_lock, NULL);
  bool ok = true;
  if (options->name != NULL) {
    m->options.name = kn_arena_string(arena, options->name, strlen(options->name));
    m->source_file = m->options.name;
    ok = m->options.name != NULL;
  }
  const struct kn_symbol no_symbol = {.name = ""};
  const struct kn_sig no_sig = {0};
  if (!ok || !KN_PUSH(m, m->symbols, no_symbol) || !KN_PUSH(m, m->sigs, no_sig)) {
    kiln_module_free(m);
    return NULL;
  }
  return m;
}

void kiln_module_free(kiln_module *m) {
  if (m == NULL) return;
  if (KN_UNLIKELY(m->in_use != 0)) {
    kn_module_fail(m, KILN_ERR_STRUCTURE, "a callback cannot free the module that called it");
    return;
  }
  kn_data_free(m);
  KN_FREE(&m->options.allocator, m->symbols.at, m->comdats.at, m->sigs.at, m->data.at,
          m->late_names.at, m->renames.at, m->sections.at, m->ctors.at, m->libraries.at,
          m->reached);
  struct kn_hash *const tables[] = {&m->symbol_hash, &m->comdat_hash, &m->sig_hash,
                                    &m->section_hash, &m->rename_hash};
  for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
    kn_hash_free(&m->options.allocator, tables[i]);
  kn_free_all(&m->options.allocator, m->late_symbols, KN_LATE_CHUNKS);
  kn_free_all(&m->options.allocator, m->late_sigs, KN_LATE_CHUNKS);
  kn_debug_free(m->debug, m);
  kn_kept_free(m);
  kn_arena_free(m->arena);
  kn_realloc(m, m->arena, 0);
  pthread_mutex_destroy(&m->lock);
  pthread_mutex_destroy(&m->diag_lock);
  kiln_allocator allocator = m->allocator;
  kn_allocator_realloc(&allocator, m, 0);
}

/* Has an assembler said nothing of a text that this version does not know? */
static bool is_known(const kiln_assembly *t) {
  bool known = KN_UNRESERVED(t);
  for (uint32_t i = 0; i < t->n_relocs; i++) known &= KN_UNRESERVED(&t->relocs[i]);
  for (uint32_t i = 0; i < t->n_symbols; i++) known &= KN_UNRESERVED(&t->symbols[i]);
  for (uint32_t i = 0; i < t->n_sections; i++) {
    known &= KN_UNRESERVED(&t->sections[i]);
    for (uint32_t k = 0; k < t->sections[i].n_relocs; k++)
      known &= KN_UNRESERVED(&t->sections[i].relocs[k]);
  }
  return known;
}

kiln_status kiln_module_assemble(const kiln_module *m, kiln_assembly *texts, uint32_t n) {
  if (m == NULL) return KILN_ERR_ARGUMENT;
  if (m->options.assemble == NULL) return KILN_ERR_UNSUPPORTED;
  if (n == 0 || texts == NULL) return n == 0 ? KILN_OK : KILN_ERR_ARGUMENT;
  bool was = kn_module_call_out(m);
  kiln_status status = m->options.assemble(m->options.assemble_user, &m->options.target, texts, n);
  kn_module_call_back(m, was);
  if (was && kn_module_own(m) != KILN_OK) return kn_module_own(m);
  for (uint32_t i = 0; i < n; i++) /* the assembler was made for a newer version */
    if (!is_known(&texts[i])) return KILN_ERR_ARGUMENT;
  return status;
}

const char *kiln_module_name(const kiln_module *m) {
  return m != NULL && m->options.name != NULL ? m->options.name : "";
}

kiln_status kiln_module_set_source_file(kiln_module *m, const char *name) {
  if (m == NULL) return KILN_ERR_ARGUMENT;
  if (kn_module_failed(m)) return kiln_module_status(m);
  m->source_file = m->options.name;
  if (name != NULL && name[0] != 0) {
    const char *copy = kn_arena_string(m->arena, name, strlen(name));
    if (copy != NULL) m->source_file = copy;
    else kn_module_fail(m, KILN_ERR_MEMORY, "out of memory");
  }
  return kiln_module_status(m);
}

uint64_t kiln_module_features(const kiln_module *m) { return m != NULL ? m->options.features : 0; }

kiln_processor kiln_module_processor(const kiln_module *m) {
  return m != NULL ? m->options.target.processor : (kiln_processor)0;
}
kiln_target kiln_module_get_target(const kiln_module *m) {
  return m != NULL ? m->options.target : (kiln_target){0};
}
bool kiln_module_is_jit(const kiln_module *m) { return m != NULL && m->options.jit; }
kiln_allocator kiln_module_get_allocator(const kiln_module *m) {
  return m != NULL ? m->allocator : (kiln_allocator){0};
}

/* ---- the freeze ---- */

kiln_status kiln_module_freeze(kiln_module *m) {
  if (!kn_module_failed(m) && !m->frozen) {
    m->flat_symbols = m->symbols.n;
    m->flat_sigs = m->sigs.n;
    m->frozen = true;
  }
  return kiln_module_status(m);
}

bool kiln_module_is_frozen(const kiln_module *m) { return m != NULL && m->frozen; }

void *kn_late_add(kiln_module *m, void **chunks, uint32_t i, size_t size) {
  unsigned k = kn_late_chunk(i);
  if (chunks[k] == NULL) {
    size_t bytes = ((size_t)KN_LATE_FIRST << k) * size;
    chunks[k] = kn_realloc(m, NULL, bytes);
    if (chunks[k] == NULL) return KN_MODULE_FAIL(NULL, m, KILN_ERR_MEMORY, "out of memory");
    memset(chunks[k], 0, bytes);
  }
  return kn_late_at(chunks, i, size);
}
