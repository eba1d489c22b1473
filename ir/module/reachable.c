/* Reachability of functions that may be left out: <kiln/reachable.h>. What data, aliases and constructors refer to is
 * reachable at once, what code refers to when it was compiled. Called by front ends, and after each function's
 * compilation. Invariant: what is reachable in the end does not depend on the order of compilation. */
#include "ir/module/module_state.h"

#include <kiln/reachable.h>
#include <string.h>

static void reach_relocs(kiln_module *m, const kiln_reloc *relocs, size_t n) {
  for (size_t k = 0; k < n; k++) {
    kn_symbol_reach(m, relocs[k].symbol.id);
    kn_symbol_reach(m, relocs[k].relative_to.id);
  }
}

/* Data number `data` - 1, to which something refers. */
static void reach_by(kiln_module *m, uint32_t data) {
  kn_module_lock(m); /* functions may add data of theirs */
  const struct kn_data d = m->data.at[data - 1];
  kn_module_unlock(m);
  if (d.flags & KILN_DATA_IF_REACHABLE) reach_relocs(m, d.relocs, d.n_relocs);
}

void kn_symbol_reach(kiln_module *m, uint32_t symbol) {
  while (symbol != 0 && symbol < m->n_reached) {
    if (__atomic_exchange_n(&m->reached[symbol], 1, __ATOMIC_RELAXED)) return;
    const struct kn_symbol *s = kn_symbol(m, symbol);
    if (s->kind == KILN_SYMBOL_DATA && s->data != 0) reach_by(m, s->data);
    bool stands_for = s->kind == KILN_SYMBOL_ALIAS || s->kind == KILN_SYMBOL_BLOCK;
    symbol = stands_for ? s->target : 0;
  }
  if (symbol >= m->n_reached && kn_symbol(m, symbol)->library)
    kn_symbol_reach(m, kn_library_supplier(m, symbol));
  /* a block's symbol that was made since */
  if (symbol >= m->n_reached && kn_symbol(m, symbol)->kind == KILN_SYMBOL_BLOCK)
    kn_symbol_reach(m, kn_symbol(m, symbol)->target);
}

static void reach_from_data(kiln_module *m) {
  for (uint32_t i = 0; i < m->data.n; i++) {
    const struct kn_data *d = &m->data.at[i];
    if (!(d->flags & KILN_DATA_IF_REACHABLE)) reach_relocs(m, d->relocs, d->n_relocs);
  }
  for (uint32_t i = 0; i < m->ctors.n; i++) {
    kn_symbol_reach(m, m->ctors.at[i].func);
    kn_symbol_reach(m, m->ctors.at[i].with);
  }
  for (uint32_t i = 0; i < m->late_names.n; i++) kn_symbol_reach(m, m->late_names.at[i].target);
}

/* A section group is left out whole, or not at all: functions in groups with other symbols stay. */
static bool reach_groups(kiln_module *m) {
  uint8_t *members = kn_realloc(m, NULL, m->comdats.n + 1);
  if (members == NULL) return false;
  memset(members, 0, m->comdats.n + 1);
  for (uint32_t i = 1; i < m->symbols.n; i++) {
    const struct kn_symbol *s = kn_symbol(m, i);
    if (s->comdat != 0 && (s->body || s->defined || s->data != 0) && members[s->comdat] < 2)
      members[s->comdat]++;
  }
  for (uint32_t i = 1; i < m->symbols.n; i++)
    if (members[kn_symbol(m, i)->comdat] > 1) kn_symbol_reach(m, i);
  kn_realloc(m, members, 0);
  return true;
}

kiln_status kiln_module_track_reachability(kiln_module *m) {
  if (kn_module_failed(m) || m->reached != NULL) return kiln_module_status(m);
  if (m->frozen) return kn_module_fail(m, KILN_ERR_STRUCTURE, "reachability: the module is frozen");
  m->reached = kn_realloc(m, NULL, m->symbols.n);
  if (m->reached == NULL) return kn_module_fail(m, KILN_ERR_MEMORY, "out of memory");
  memset(m->reached, 0, m->symbols.n);
  m->n_reached = m->symbols.n;
  for (uint32_t i = 1; i < m->symbols.n; i++) {
    const struct kn_symbol *s = kn_symbol(m, i);
    bool local = kn_is_local(s);
    /* aliases stand for their targets; whoever uses code in memory may look for any name */
    if (s->kind == KILN_SYMBOL_ALIAS || (m->options.jit && !local)) kn_symbol_reach(m, i);
  }
  reach_from_data(m);
  if (!reach_groups(m)) return kn_module_fail(m, KILN_ERR_MEMORY, "out of memory");
  return KILN_OK;
}

bool kiln_symbol_is_reachable(const kiln_module *m, kiln_symbol symbol) {
  if (m == NULL || m->reached == NULL || symbol.id >= m->n_reached) return true;
  return __atomic_load_n(&m->reached[symbol.id], __ATOMIC_RELAXED) != 0;
}
