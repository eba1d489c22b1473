/* Labels in a function's machine code, and what belongs to them: data in sections of its own,
 * and names. Called by front ends, for assembly that opens other sections or defines symbols;
 * the names become aliases when the object is written.
 * Invariant: in a frozen module nothing here depends on which thread comes first. */
#include "ir/builder/builder.h"

#include <stdlib.h>

static const kiln_symbol none = {0};

/* True if the function can still get data and names. */
static bool is_open(kiln_func *f) {
  if (f == NULL || f->status != KILN_OK) return false;
  if (!f->facts.finished && f->facts.defines) return true;
  return kn_build_fail(f, KILN_ERR_ARGUMENT,
                       "only an unfinished function with a symbol can get data, labels or names");
}

static kiln_symbol module_failed(kiln_func *f) {
  return KN_BUILD_FAIL(none, f, kn_module_own(f->module), "the module has an error");
}

kiln_symbol kiln_asm_label(kiln_func *f, uint32_t number) {
  if (!is_open(f)) return none;
  if (number >= UINT32_C(1) << 30)
    return KN_BUILD_FAIL(none, f, KILN_ERR_ARGUMENT, "the number of a label must be below 2^30");
  uint32_t id = kn_symbol_of_block(f->module, f->symbol, (uint32_t)KN_FIRST_LABEL + number);
  return id != 0 ? (kiln_symbol){id} : module_failed(f);
}

/* Does a description say something that neither private data nor a late name can have? */
static bool says_more(const kiln_symbol_desc *d) {
  return d->tls != KILN_TLS_NONE || d->dso_local || d->align_log2 != 0 || d->body || d->no_plt ||
         d->resolver || d->dll != KILN_DLL_NONE || !KN_UNRESERVED(d);
}

kiln_symbol kiln_func_declare_data(kiln_func *f, const kiln_symbol_desc *where,
                                   const kiln_section_desc *section) {
  if (!is_open(f)) return none;
  if (where == NULL)
    return KN_BUILD_FAIL(none, f, KILN_ERR_ARGUMENT, "the data has no description (NULL)");
  if (where->name != NULL || where->linkage != KILN_LINKAGE_EXTERNAL ||
      where->visibility != KILN_VISIBILITY_DEFAULT || says_more(where))
    return KN_BUILD_FAIL(none, f, KILN_ERR_ARGUMENT,
                         "private data of a function has a section and a section group only");
  kiln_module *m = f->module;
  kn_module_lock(m);
  uint32_t id = kn_module_failed(m) ? 0 : kn_symbol_private_data(m);
  bool ok = id != 0 && kn_symbol_put_in(m, id, where) &&
            (section == NULL || where->section == NULL ||
             kn_section_declare(m, where->section, section) == KILN_OK);
  kn_module_unlock(m);
  return ok ? (kiln_symbol){id} : module_failed(f);
}

void kiln_func_define_data(kiln_func *f, kiln_symbol symbol, const kiln_data_desc *desc) {
  if (!is_open(f)) return;
  const kiln_module *m = f->module;
  const struct kn_symbol *s = kn_symbol_valid(m, symbol.id) ? kn_symbol(m, symbol.id) : NULL;
  const char *wrong = desc == NULL ? "the data has no description (NULL)"
                      : s == NULL || s->kind != KILN_SYMBOL_DATA || s->name_length != 0
                        ? "the symbol of the data does not come from kiln_func_declare_data"
                      : s->data != 0 ? "the symbol of the data is defined already"
                                     : NULL;
  if (wrong != NULL) {
    kn_build_fail(f, KILN_ERR_ARGUMENT, wrong);
    return;
  }
  if (!kn_build_may_have(f, desc)) return;
  if (!kn_data_define_for(f->module, f->symbol, f->facts.n_data, symbol.id, desc)) {
    module_failed(f);
    return;
  }
  f->facts.n_data++;
}

/* ---- names ---- */

kiln_symbol kiln_func_define_alias(kiln_func *f, const kiln_symbol_desc *desc, kiln_symbol target,
                                   int64_t offset_bytes) {
  if (!is_open(f)) return none;
  kiln_module *m = f->module;
  const struct kn_symbol *to = kn_symbol_valid(m, target.id) ? kn_symbol(m, target.id) : NULL;
  if (desc == NULL || desc->name == NULL || desc->name[0] == 0)
    return KN_BUILD_FAIL(none, f, KILN_ERR_ARGUMENT, "the alias has no name");
  if (desc->section != NULL || desc->comdat != NULL || desc->comdat_stays ||
      desc->comdat_choice != KILN_COMDAT_ANY || says_more(desc))
    return KN_BUILD_FAIL(none, f, KILN_ERR_ARGUMENT,
                         "the alias has a name, a linkage and a visibility only");
  if (to == NULL ||
      !(kn_symbol_is_label(to) || (to->kind == KILN_SYMBOL_DATA && to->name_length == 0)))
    return KN_BUILD_FAIL(none, f, KILN_ERR_ARGUMENT,
                         "the target of the alias is neither a label nor unnamed data");
  if (!kn_build_may_use(f, target.id)) return none;
  kn_module_lock(m);
  uint32_t id = kn_module_failed(m) ? 0 : kn_symbol_declare_late(m, desc);
  if (id != 0 && !KN_ROOM(m, m->late_names, 1)) id = 0;
  if (id != 0)
    m->late_names.at[m->late_names.n++] =
      (struct kn_late_name){.symbol = id,
                            .target = target.id,
                            .offset = offset_bytes,
                            .linkage = (uint8_t)desc->linkage,
                            .visibility = (uint8_t)desc->visibility,
                            .owner = f->symbol,
                            .ordinal = f->facts.n_names};
  kn_module_unlock(m);
  if (id == 0) return module_failed(f);
  f->facts.n_names++;
  return (kiln_symbol){id};
}

void kn_late_names_drop(kiln_module *m, uint32_t owner) {
  kn_module_lock(m);
  for (uint32_t i = 0; i < m->late_names.n; i++)
    if (m->late_names.at[i].owner == owner) m->late_names.at[i].owner = KN_DATA_DROPPED;
  kn_module_unlock(m);
}

static int by_owner(const void *a, const void *b) {
  const struct kn_late_name *x = a, *y = b;
  if (x->owner != y->owner) return x->owner < y->owner ? -1 : 1;
  return x->ordinal < y->ordinal ? -1 : x->ordinal > y->ordinal;
}

bool kn_late_names_define(kiln_module *m, bool (*is_there)(const void *user, uint32_t symbol),
                          const void *user) {
  if (KN_LIKELY(m->late_names.n == 0)) return true;
  qsort(m->late_names.at, m->late_names.n, sizeof *m->late_names.at, by_owner);
  for (uint32_t i = 0; i < m->late_names.n; i++) {
    struct kn_late_name *n = m->late_names.at + i;
    if (n->done || n->owner == KN_DATA_DROPPED) continue;
    if (is_there != NULL && !is_there(user, n->target)) continue;
    struct kn_symbol *s = kn_symbol(m, n->symbol);
    if (s->defined) {
      if (n->linkage == KILN_LINKAGE_INTERNAL || kn_symbol(m, n->target)->comdat != 0) continue;
      return KN_MODULE_FAIL(false, m, KILN_ERR_SYMBOL, "symbol '%.100s' is defined already",
                            s->name);
    }
    s->kind = KILN_SYMBOL_ALIAS;
    s->linkage = n->linkage;
    s->visibility = n->visibility;
    s->target = n->target;
    s->offset = n->offset;
    s->defined = 1;
    n->done = true;
    m->n_aliases++;
  }
  return true;
}
