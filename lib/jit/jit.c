/* Makes and frees JITs and units, looks symbols up, and runs constructors. Invariant: a unit's handle is its index in
 * the table of units and a count of that entry's uses, so that a stale handle is recognised. */
#include "lib/jit/link/link.h"
#include "lib/jit/memory/memory.h"
#include "lib/jit/memory/tls.h"
#include "lib/jit/serve/serve.h"

#include "lib/object/elf_memory.h"
#include "targets/target.h"

#include <stdarg.h>
#include <stdio.h>

/* ---- errors and arrays ---- */

void *kn_jit_realloc(const kiln_jit *jit, void *old, size_t size) {
  return kn_allocator_realloc(&jit->options.allocator, old, size);
}

kiln_status kn_jit_fail(kiln_jit_error *e, kiln_status status, const char *format, ...) {
  if (e->diag.status != KILN_OK) return e->diag.status;
  va_list args;
  va_start(args, format);
  e->diag.status = status;
  vsnprintf(e->diag.message, sizeof e->diag.message, format, args);
  va_end(args);
  return status;
}

kiln_jit_error *kn_jit_begin(kiln_jit_error *e, kiln_jit_error *own) {
  *own = (kiln_jit_error){0};
  if (e == NULL) return own;
  kiln_jit_error_free(e);
  return e;
}

void kiln_jit_error_free(kiln_jit_error *e) {
  if (e == NULL) return;
  kiln_buffer_free(&e->missing);
  *e = (kiln_jit_error){.missing.allocator = e->missing.allocator};
}

kiln_status kn_jit_pass(kiln_jit_error *e, const kiln_diag *diag) {
  if (e->diag.status == KILN_OK) e->diag = *diag;
  return diag->status;
}

bool kn_jit_no_memory(kiln_jit_error *e) {
  return KN_JIT_FAIL(false, e, KILN_ERR_MEMORY, "out of memory");
}

/* ---- a JIT ---- */

static bool start(kiln_jit *jit, kiln_jit_error *e) {
  const kiln_jit_options *o = &jit->options;
  kiln_target host;
  if (kiln_target_find_host(&host)) jit->code = kn_target_at(host)->jit;
  if (jit->code == NULL)
    return KN_JIT_FAIL(false, e, KILN_ERR_UNSUPPORTED,
                       "the JIT does not support the processor of this machine");
  if ((unsigned)o->reach >= KILN_JIT_REACH_COUNT ||
      (unsigned)o->protection >= KILN_JIT_PROTECTION_COUNT)
    return KN_JIT_FAIL(false, e, KILN_ERR_ARGUMENT, "options out of range");
  jit->processor = host.processor;
  jit->format = host.format;
  jit->machine = &kn_target_at(host)->code;
  if (!kn_jit_process_enter(jit, e) || !kn_jit_memory_init(jit, e) || !kn_jit_perf_open(jit, e))
    return false;
  if (!o->no_unwind) kn_jit_unwind_open(jit);
  return true;
}

kiln_jit *kiln_jit_new(const kiln_jit_options *options, kiln_jit_error *error) {
  static const kiln_jit_options defaults = {0};
  kiln_jit_error own;
  error = kn_jit_begin(error, &own);
  if (options == NULL) options = &defaults;
  if (!KN_UNRESERVED(options))
    return KN_JIT_FAIL(NULL, error, KILN_ERR_ARGUMENT, "options of a newer version");
  kiln_jit *jit = kn_allocator_realloc(&options->allocator, NULL, sizeof *jit);
  if (jit == NULL) return KN_JIT_FAIL(NULL, error, KILN_ERR_MEMORY, "out of memory");
  memset(jit, 0, sizeof *jit);
  jit->finder.find = kn_jit_find_code;
  jit->options = *options;
  pthread_mutex_init(&jit->lock, NULL);
  pthread_cond_init(&jit->compiled, NULL);
  if (start(jit, error)) return jit;
  kiln_jit_free(jit);
  return NULL;
}

/* ---- units ---- */

struct kn_jit_unit *kn_jit_unit_get(const kiln_jit *jit, kiln_jit_unit u) {
  uint32_t index = (uint32_t)u.id - 1;
  if (index >= jit->units.n || jit->units.at[index].generation != (uint32_t)(u.id >> 32))
    return NULL;
  return jit->units.at[index].unit;
}

bool kn_jit_unit_add(kiln_jit *jit, struct kn_jit_unit *u, kiln_jit_error *e) {
  if (jit->free_unit == 0) {
    if (!KN_JIT_PUSH(jit, e, jit->units, (struct kn_jit_slot){0})) return false;
    jit->free_unit = jit->units.n;
  }
  struct kn_jit_slot *slot = jit->units.at + jit->free_unit - 1;
  u->id = (uint64_t)slot->generation << 32 | jit->free_unit;
  jit->free_unit = slot->next_free;
  slot->unit = u;
  jit->live_units++;
  return true;
}

bool kn_jit_unit_show(kiln_jit *jit, struct kn_jit_unit *u, kiln_jit_error *e) {
  if (!kn_jit_unwind_add(jit, u, e)) return false;
  kn_jit_find_add(u);
  return true;
}

void kn_jit_unit_free(kiln_jit *jit, struct kn_jit_unit *u) {
  kn_jit_find_remove(u);
  kn_jit_unwind_remove(jit, u);
  kn_jit_gdb_remove(jit, u);
  for (unsigned k = 0; k < KN_JIT_KINDS; k++) kn_jit_give(jit, u->blocks + k, k);
  kn_jit_tls_free(jit, u);
  KN_FREE(&jit->options.allocator, u->defs, u->ctors);
  u->retired = (struct kn_jit_retired){
    .parts = {u->symbols, u->names, u->rows.at, u->places.at, u->text.at, u}};
  kn_jit_retire(jit, &u->retired);
}

/* True if other units refer to what it defines other than through stubs. */
static bool in_use(const struct kn_jit_unit *u, kiln_jit_error *e) {
  for (uint32_t i = 0; i < u->n_defs; i++) {
    const struct kn_jit_entry *d = u->defs[i];
    if (d->unit != u || d->stub != 0 || d->refs == 0) continue;
    return KN_JIT_FAIL(true, e, KILN_ERR_STRUCTURE,
                       "%u other units still use '%.100s' of this unit: remove those units first",
                       d->refs, d->name_length > 0 ? d->name : "(no name)");
  }
  return false;
}

/* Removes a unit. */
static void drop(kiln_jit *jit, struct kn_jit_unit *u) {
  for (uint32_t i = 0; i < u->n_defs; i++) {
    struct kn_jit_entry *d = u->defs[i];
    if (d->unit == u) {
      d->unit = NULL;
      d->address = 0;
      kn_jit_entry_aim(d);
    }
    kn_jit_entry_release(jit, d);
  }
  for (uint32_t i = 0; i < u->n_refs; i++) {
    u->refs[i]->refs--;
    kn_jit_entry_drop(jit, u->refs[i]);
  }
  struct kn_jit_slot *slot = jit->units.at + (uint32_t)u->id - 1;
  slot->unit = NULL;
  slot->generation++;
  slot->next_free = jit->free_unit;
  jit->free_unit = (uint32_t)u->id;
  jit->live_units--;
  kn_jit_unit_free(jit, u);
}

/* Calls, without the lock, what the unit's code registered to be called at exit, and drops what else it registered. */
static void finalize(const kiln_jit *jit, uint64_t dso) {
  kn_jit_thread_forget(jit, (void *)(uintptr_t)dso);
  kn_jit_outside_finalize(dso);
}

/* Takes the duty to finalize a unit. */
static bool take_finalization(struct kn_jit_unit *u) {
  bool due = u->registers && !u->finalized;
  u->finalized = true;
  return due;
}

/* Frees what a JIT has. No callback can use the JIT meanwhile. */
static void tear_down(kiln_jit *jit) {
  kn_jit_symbols_free(jit);
  kn_jit_unwind_close(jit);
  kn_jit_perf_close(jit);
  kn_jit_tls_close(jit);
  kn_jit_memory_free(jit);
  kn_jit_retire_rest(jit);
  if (jit->units.at != NULL) kn_jit_realloc(jit, jit->units.at, 0);
  pthread_mutex_destroy(&jit->lock);
  /* a child has no threads that wait, but glibc would wait for them */
  if (!jit->foreign) pthread_cond_destroy(&jit->compiled);
  kiln_allocator allocator = jit->options.allocator;
  kn_allocator_realloc(&allocator, jit, 0);
}

void kiln_jit_free(kiln_jit *jit) {
  if (jit == NULL || jit->ending) return;
  if (kn_jit_is_mine(jit, NULL)) return;
  if (atomic_load(&jit->calling) > 0) {
    atomic_store(&jit->freed, true);
    return;
  }
  jit->ending = true;
  for (uint32_t i = jit->units.n; i-- > 0;) {
    struct kn_jit_unit *u = jit->units.at[i].unit;
    if (u == NULL || !take_finalization(u)) continue;
    u->running++; /* what it has registered cannot remove it */
    finalize(jit, u->dso);
  }
  kn_jit_own(jit);
  jit->closing = true;
  jit->foreign = jit->back != NULL && kn_jit_is_child(jit);
  kn_jit_process_leave(jit);
  for (uint32_t i = 0; i < jit->units.n; i++) {
    struct kn_jit_unit *u = jit->units.at[i].unit;
    if (u != NULL) drop(jit, u);
  }
  tear_down(jit);
}

/* The unit of that handle; NULL, with an error, if it cannot be removed now. */
static struct kn_jit_unit *removable(const kiln_jit *jit, kiln_jit_unit unit, kiln_jit_error *e) {
  struct kn_jit_unit *u = kn_jit_unit_get(jit, unit);
  if (u == NULL) {
    kn_jit_fail(e, KILN_ERR_ARGUMENT, "there is no such unit");
  } else if (u->running > 0) {
    kn_jit_fail(e, KILN_ERR_STRUCTURE,
                "constructors, destructors or functions that the unit registered are running");
  } else if (!in_use(u, e)) {
    return u;
  }
  return NULL;
}

kiln_status kiln_jit_remove(kiln_jit *jit, kiln_jit_unit unit, kiln_jit_error *error) {
  kiln_jit_error own;
  error = kn_jit_begin(error, &own);
  if (jit == NULL) return kn_jit_fail(error, KILN_ERR_ARGUMENT, "no JIT");
  if (!kn_jit_enter_own(jit, error)) return error->diag.status;
  struct kn_jit_unit *u = removable(jit, unit, error);
  if (u != NULL && take_finalization(u)) {
    kn_jit_call_out(jit);
    u->running++;
    kn_jit_unlock(jit);
    finalize(jit, u->dso);
    bool stays = kn_jit_call_back(jit, error);
    kn_jit_lock(jit);
    u->running--;
    u = stays ? removable(jit, unit, error) : NULL;
  }
  if (u != NULL) {
    drop(jit, u);
    /* the stubs that are kept for the next unit may be the last thing in a pool beside the empty one */
    if (jit->live_units == 0 && jit->pools != NULL && jit->pools->next != NULL)
      kn_jit_stubs_trim(jit);
  }
  kn_jit_unlock(jit);
  return error->diag.status;
}

/* ---- look-up ---- */

void *kiln_jit_lookup(kiln_jit *jit, const char *name) {
  void *at = NULL;
  if (name == NULL || !kn_jit_enter(jit)) return NULL;
  const struct kn_jit_entry *e = kn_jit_entry_find(jit, kn_jit_name_make(name, strlen(name)), NULL);
  if (e != NULL && kn_jit_is_known(e)) {
    at = (void *)(uintptr_t)(e->stub != 0 ? e->stub : e->address);
    if (e->tls) at = kn_jit_tls_address(e->unit->tls, e->address);
  }
  kn_jit_unlock(jit);
  return at;
}

void *kiln_jit_address(kiln_jit *jit, kiln_jit_unit unit, const char *name) {
  if (name == NULL) return kiln_jit_function(jit, unit, 0);
  if (!kn_jit_enter(jit)) return NULL;
  uint64_t address = 0;
  const struct kn_jit_unit *u = kn_jit_unit_get(jit, unit);
  for (uint32_t i = 0; u != NULL && i < u->n_symbols && address == 0; i++)
    if (strcmp(u->names + u->symbols[i].name, name) == 0) address = u->symbols[i].address;
  for (uint32_t i = 0; u != NULL && i < u->n_defs && address == 0; i++)
    if (u->defs[i]->unit == u && !u->defs[i]->tls && strcmp(u->defs[i]->name, name) == 0)
      address = u->defs[i]->address;
  kn_jit_unlock(jit);
  return (void *)(uintptr_t)address;
}

void *kiln_jit_function(kiln_jit *jit, kiln_jit_unit unit, uint32_t index) {
  if (!kn_jit_enter(jit)) return NULL;
  const struct kn_jit_unit *u = kn_jit_unit_get(jit, unit);
  uint64_t address = u != NULL && index < u->n_funcs ? u->symbols[index].address : 0;
  kn_jit_unlock(jit);
  return (void *)(uintptr_t)address;
}

kiln_jit_stats kiln_jit_get_stats(kiln_jit *jit) {
  if (!kn_jit_enter(jit)) return (kiln_jit_stats){0};
  kiln_jit_stats s = jit->stats;
  s.units = jit->live_units;
  s.symbols = (uint64_t)jit->names.n + jit->unnamed;
  s.protection = jit->dual ? KILN_JIT_PROTECTION_DUAL : KILN_JIT_PROTECTION_SWITCH;
  kn_jit_unlock(jit);
  return s;
}

uint32_t kiln_jit_each_undefined(kiln_jit *jit, void (*each)(void *user, const char *name),
                                 void *user) {
  uint32_t n = 0;
  if (!kn_jit_enter(jit)) return 0;
  for (uint32_t i = 0; i < jit->names.n; i++) {
    const struct kn_jit_entry *e = jit->names.at[i];
    if (kn_jit_is_known(e) || e->refs == 0) continue;
    n++;
    if (each != NULL) each(user, e->name);
  }
  kn_jit_unlock(jit);
  return n;
}

/* ---- constructors ---- */

/* Calls a unit's constructors or destructors, which stay as long as the unit: it cannot be removed meanwhile. */
static kiln_status run_starts(kiln_jit *jit, kiln_jit_unit unit, bool at_exit, int argc,
                              char **argv, char **envp) {
  if (jit == NULL) return KILN_ERR_ARGUMENT;
  if (!kn_jit_enter(jit)) return KILN_ERR_STRUCTURE;
  struct kn_jit_unit *u = kn_jit_unit_get(jit, unit);
  bool *done = u == NULL ? NULL : at_exit ? &u->destructed : &u->constructed;
  const kiln_status status = u == NULL ? KILN_ERR_ARGUMENT : *done ? KILN_ERR_STRUCTURE : KILN_OK;
  if (status == KILN_OK) {
    *done = true;
    u->finalized |= at_exit;
    kn_jit_call_out(jit);
    u->running++;
  }
  kn_jit_unlock(jit);
  if (status != KILN_OK) return status;
  if (at_exit) finalize(jit, u->dso);
  for (uint32_t i = 0; !at_exit && i < u->n_ctors; i++)
    ((void (*)(int, char **, char **))(uintptr_t)u->ctors[i])(argc, argv, envp);
  for (uint32_t i = 0; at_exit && i < u->n_dtors; i++)
    ((void (*)(void))(uintptr_t)u->ctors[u->n_ctors + i])();
  const bool stays = kn_jit_call_back(jit, NULL);
  kn_jit_lock(jit);
  u->running--;
  kn_jit_unlock(jit);
  return stays ? KILN_OK : KILN_ERR_STRUCTURE;
}

kiln_status kiln_jit_run_constructors(kiln_jit *jit, kiln_jit_unit unit, int argc, char **argv,
                                      char **envp) {
  return run_starts(jit, unit, false, argc, argv, envp);
}

kiln_status kiln_jit_run_destructors(kiln_jit *jit, kiln_jit_unit unit) {
  return run_starts(jit, unit, true, 0, NULL, NULL);
}
