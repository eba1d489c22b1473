/* Which functions must be compiled where those are left out that nothing refers to: what data, aliases and constructors
 * refer to, then what compiled code does. Called when inlining is settled, and after each function's compilation.
 * Invariant: what is wanted in the end does not depend on the order of compilation. */
#include "ir/build/builder.h"
#include "ir/inline/inlining.h"

#include <kiln/inline.h>

void kn_inline_want(kiln_module *m, uint32_t symbol) {
  const struct kn_kept *k = m->kept;
  while (symbol != 0 && symbol < k->n_wanted) {
    if (__atomic_exchange_n(&k->wanted[symbol], 1, __ATOMIC_RELAXED)) return;
    const struct kn_symbol *s = kn_symbol(m, symbol);
    bool stands_for = s->kind == KILN_SYMBOL_ALIAS || s->kind == KILN_SYMBOL_BLOCK;
    symbol = stands_for ? s->target : 0;
  }
  /* a block's symbol that was made since */
  if (symbol >= k->n_wanted && kn_symbol(m, symbol)->kind == KILN_SYMBOL_BLOCK)
    kn_inline_want(m, kn_symbol(m, symbol)->target);
}

static void want_data(kiln_module *m) {
  for (uint32_t i = 0; i < m->data.n; i++) {
    const struct kn_data *d = &m->data.at[i];
    for (size_t k = 0; k < d->n_relocs; k++) {
      kn_inline_want(m, d->relocs[k].symbol.id);
      kn_inline_want(m, d->relocs[k].relative_to.id);
    }
  }
  for (uint32_t i = 0; i < m->ctors.n; i++) {
    kn_inline_want(m, m->ctors.at[i].func);
    kn_inline_want(m, m->ctors.at[i].with);
  }
  for (uint32_t i = 0; i < m->late_names.n; i++) kn_inline_want(m, m->late_names.at[i].target);
}

/* A section group is left out whole, or not at all: functions in groups with other symbols stay. */
static bool want_groups(kiln_module *m) {
  uint8_t *members = kn_realloc(m, NULL, m->comdats.n + 1);
  if (members == NULL) return false;
  memset(members, 0, m->comdats.n + 1);
  for (uint32_t i = 1; i < m->symbols.n; i++) {
    const struct kn_symbol *s = kn_symbol(m, i);
    if (s->comdat != 0 && (s->body || s->defined || s->data != 0) && members[s->comdat] < 2)
      members[s->comdat]++;
  }
  for (uint32_t i = 1; i < m->symbols.n; i++)
    if (members[kn_symbol(m, i)->comdat] > 1) kn_inline_want(m, i);
  kn_realloc(m, members, 0);
  return true;
}

bool kn_inline_want_roots(kiln_module *m) {
  struct kn_kept *k = m->kept;
  uint8_t *wanted = kn_realloc(m, NULL, m->symbols.n);
  if (wanted == NULL) return false;
  memset(wanted, 0, m->symbols.n);
  k->wanted = wanted;
  k->n_wanted = m->symbols.n;
  for (uint32_t i = 1; i < m->symbols.n; i++) {
    const struct kn_symbol *s = kn_symbol(m, i);
    bool local = s->linkage == KILN_LINKAGE_INTERNAL || s->linkage == KILN_LINKAGE_PRIVATE;
    /* aliases stand for their targets; whoever uses code in memory may look for any name */
    if (s->kind == KILN_SYMBOL_ALIAS || (m->options.jit && !local)) kn_inline_want(m, i);
  }
  want_data(m);
  return want_groups(m);
}

bool kiln_module_is_wanted(const kiln_module *m, kiln_symbol symbol) {
  const struct kn_kept *k = m != NULL ? m->kept : NULL;
  if (k == NULL || k->wanted == NULL || symbol.id >= k->n_wanted) return true;
  return __atomic_load_n(&k->wanted[symbol.id], __ATOMIC_RELAXED) != 0;
}
