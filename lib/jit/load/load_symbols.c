/* Symbols of an object: load.h. A function is one of the session's; every other symbol is an alias of a place in a
 * section, a reference, or common data. Global symbols come first: they keep their names.
 * Invariant: functions do not overlap, and are in ascending order in the session's output. */
#include "lib/jit/load/load.h"

#include "base/bytes.h"
#include "ir/module/session_state.h"
#include "ir/reloc_kinds.h"
#include "lib/image/frames.h"
#include "targets/target.h"

#include <stdlib.h>

/* ---- functions ---- */

static int compare_funcs(const void *a, const void *b) {
  const struct kn_jit_loaded_func *x = a, *y = b;
  if (x->at != y->at) return x->at < y->at ? -1 : 1;
  return x->from < y->from ? 1 : x->from > y->from ? -1 : 0; /* global ones, the last, come first */
}

/* Whether a symbol is a function of the session. */
static bool is_func(const struct kn_jit_loaded *o, const struct kn_read_symbol *s) {
  return kn_read_is_placed(s) && s->type == STT_FUNC &&
         o->sections[s->section].is == KN_JIT_OF_CODE;
}

void kn_jit_load_note(struct kn_jit_loaded *o, uint32_t section, uint64_t at, uint64_t size,
                      uint32_t from) {
  o->funcs[o->n_funcs++] =
    (struct kn_jit_loaded_func){.section = section,
                                .at = (uint32_t)(o->sections[section].at + at),
                                .size = (uint32_t)size,
                                .from = from};
}

/* Makes one function of those with the same place. */
static bool unite(struct kn_jit_loaded *o) {
  uint32_t kept = 0;
  for (uint32_t i = 0; i < o->n_funcs; i++) {
    const struct kn_jit_loaded_func *f = o->funcs + i, *last = o->funcs + kept - 1;
    if (kept != 0 && last->at == f->at && last->size == f->size) continue; /* another name of it */
    if (kept != 0 && f->at - last->at < last->size)
      return kn_jit_load_refuse(o, KILN_ERR_SYNTAX, "the functions '%.60s' and '%.60s' overlap",
                                o->read.symbols[last->from].name, o->read.symbols[f->from].name);
    if (kept != 0 && last->at == f->at) { /* it had no size */
      if (f->from == 0) o->funcs[kept - 1].size = f->size;
      else o->funcs[kept - 1] = *f;
      continue;
    }
    o->funcs[kept++] = *f;
  }
  o->n_funcs = kept;
  return true;
}

/* Functions without rows, whose sizes nothing says, end where the next one begins, or with their section. */
static void extend(struct kn_jit_loaded *o) {
  for (uint32_t i = 0; i < o->n_funcs; i++) {
    struct kn_jit_loaded_func *f = o->funcs + i;
    const uint64_t end = o->sections[f->section].at + o->read.sections[f->section].size;
    const bool last = i + 1 == o->n_funcs || f[1].section != f->section;
    if (f->size == 0) f->size = (last ? (uint32_t)end : f[1].at) - f->at;
  }
}

/* Finds the functions, one for each place. */
static bool find_funcs(struct kn_jit_loaded *o) {
  uint64_t n = 0;
  for (uint32_t i = 1; i < o->read.n_symbols; i++) n += is_func(o, o->read.symbols + i);
  for (uint32_t i = 1; i < o->read.n_sections; i++)
    if (o->sections[i].is == KN_JIT_OF_FRAMES) n += o->format->count_rows(o->read.sections + i);
  o->funcs = kn_arena_alloc(&o->arena, n * sizeof *o->funcs + 1, 8);
  if (o->funcs == NULL) return kn_jit_no_memory(o->error);
  for (uint32_t i = 1; i < o->read.n_symbols; i++) {
    const struct kn_read_symbol *s = o->read.symbols + i;
    if (is_func(o, s)) kn_jit_load_note(o, s->section, s->value, s->size, i);
  }
  for (uint32_t i = 1; i < o->read.n_sections; i++)
    if (o->sections[i].is == KN_JIT_OF_FRAMES) o->format->note_rows(o, i);
  if (o->n_funcs > 1) qsort(o->funcs, o->n_funcs, sizeof *o->funcs, compare_funcs);
  if (!unite(o)) return false;
  if (o->read.sizeless) extend(o);
  return true;
}

uint32_t kn_jit_load_func_at(const struct kn_jit_loaded *o, uint32_t section, uint64_t offset) {
  if (o->sections[section].is != KN_JIT_OF_CODE) return 0;
  const uint64_t at = o->sections[section].at + offset;
  const uint32_t k = KN_COUNT_BEFORE(j, o->n_funcs, o->funcs[j].at < at);
  return k < o->n_funcs && o->funcs[k].at == at && o->funcs[k].section == section ? k + 1 : 0;
}

/* ---- references ---- */

/* What relocations say of a symbol that the object does not define. */
enum { CALLED = 1, ACCESSED = 2, THREAD = 4 };

/* Notes what the code does with each symbol: an object need not say what is a function. */
static uint8_t *uses(struct kn_jit_loaded *o) {
  uint8_t *use = kn_arena_zero(&o->arena, o->read.n_symbols, 1);
  for (uint32_t i = 1; use != NULL && i < o->read.n_sections; i++) {
    const struct kn_read_section *s = o->read.sections + i;
    for (uint32_t k = 0; o->sections[i].is == KN_JIT_OF_CODE && k < s->n_relocs; k++) {
      const struct kn_reloc_facts *facts = kn_reloc_facts(s->relocs[k].kind);
      use[s->relocs[k].symbol] |= facts->to == KN_TO_CALL       ? CALLED
                                  : facts->to == KN_TO_ADDRESS  ? ACCESSED
                                  : facts->to >= KN_TO_TLS_PAIR ? THREAD
                                                                : 0;
    }
  }
  return use;
}

/* ---- declarations ---- */

static const kiln_linkage linkages[] = {[STB_LOCAL] = KILN_LINKAGE_INTERNAL,
                                        [STB_GLOBAL] = KILN_LINKAGE_EXTERNAL,
                                        [STB_WEAK] = KILN_LINKAGE_WEAK};

static kiln_symbol_desc describe(const struct kn_jit_loaded *o, const struct kn_read_symbol *s) {
  static const kiln_visibility visibilities[] = {[STV_DEFAULT] = KILN_VISIBILITY_DEFAULT,
                                                 [1] = KILN_VISIBILITY_HIDDEN, /* STV_INTERNAL */
                                                 [STV_HIDDEN] = KILN_VISIBILITY_HIDDEN,
                                                 [STV_PROTECTED] = KILN_VISIBILITY_PROTECTED};
  kiln_symbol_desc d = {.name = s->name, .linkage = linkages[s->bind]};
  if (s->bind == STB_LOCAL) { /* several may have one name */
    const bool known = s->name[0] == 0 || kiln_symbol_lookup(o->m, s->name).id != 0;
    if (known) d.name = NULL;
    return d;
  }
  d.visibility = visibilities[s->visibility];
  if (kn_read_is_placed(s)) d.comdat = o->read.sections[s->section].group;
  if (d.comdat != NULL && d.comdat[0] == 0) d.comdat = NULL;
  return d;
}

/* Whether a symbol of the module can be the definition of `s`; false, with an error, if there is one already. */
static bool is_free(struct kn_jit_loaded *o, const struct kn_read_symbol *s) {
  if (s->bind == STB_LOCAL || kiln_symbol_lookup(o->m, s->name).id == 0) return true;
  return kn_jit_load_refuse(o, KILN_ERR_SYMBOL, "it has two symbols '%.100s'", s->name);
}

static kiln_sig no_sig(struct kn_jit_loaded *o) { return kiln_sig_parse(o->m, "()"); }

/* The first symbol of an object stands for none: it has no name, and is local. */
static uint32_t declare_func(struct kn_jit_loaded *o, const struct kn_read_symbol *s) {
  kiln_symbol_desc d = describe(o, s);
  const uint32_t id = kiln_func_declare(o->m, &d, no_sig(o)).id;
  return id != 0 && kn_symbol_define_func(o->m, id) ? id : 0;
}

/* Another name of a place of a section. */
static uint32_t declare_alias(struct kn_jit_loaded *o, const kiln_symbol_desc *d, uint32_t section,
                              uint64_t offset) {
  const uint32_t base = o->sections[section].base;
  const uint32_t id = kiln_alias_define(o->m, d, (kiln_symbol){base}, (int64_t)offset).id;
  if (id != 0) kn_symbol(o->m, id)->tls = kn_symbol(o->m, base)->tls;
  return id;
}

static uint32_t declare_common(struct kn_jit_loaded *o, const struct kn_read_symbol *s) {
  kiln_symbol_desc d = describe(o, s);
  const uint64_t align = s->value;
  if (s->bind == STB_LOCAL || s->type == STT_TLS || align == 0 || (align & (align - 1)) != 0 ||
      align > 65536)
    return kn_jit_load_refuse(o, KILN_ERR_SYNTAX, "the common data '%.100s' is damaged", s->name);
  d.linkage = KILN_LINKAGE_COMMON;
  d.comdat = NULL;
  const kiln_symbol id = kiln_data_declare(o->m, &d);
  const kiln_data_desc data = {.size_bytes = s->size,
                               .align_log2 = (uint8_t)__builtin_ctzll(align)};
  return id.id != 0 && kiln_data_define(o->m, id, &data) == KILN_OK ? id.id : 0;
}

static uint32_t declare_reference(struct kn_jit_loaded *o, const struct kn_read_symbol *s,
                                  uint8_t use) {
  kiln_symbol_desc d = describe(o, s);
  if (s->type == STT_TLS || (use & THREAD) != 0) {
    d.tls = KILN_TLS_GENERAL_DYNAMIC;
    return kiln_data_declare(o->m, &d).id;
  }
  if (s->type == STT_FUNC || (use & CALLED) != 0) return kiln_func_declare(o->m, &d, no_sig(o)).id;
  if (s->type == STT_OBJECT || (use & ACCESSED) != 0) return kiln_data_declare(o->m, &d).id;
  const kiln_symbol id = kiln_symbol_refer(o->m, d.name);
  return id.id != 0 && kiln_symbol_set_linkage(o->m, id, d.linkage, d.visibility) == KILN_OK ? id.id
                                                                                             : 0;
}

/* Declares a symbol that is no function of the session. False, with an error. */
static bool declare(struct kn_jit_loaded *o, uint32_t i, uint8_t use) {
  const struct kn_read_symbol *s = o->read.symbols + i;
  uint32_t *id = o->symbols + i;
  if (s->type == STT_FILE || s->entry || *id != 0) return true;
  if (s->type == STT_GNU_IFUNC)
    return kn_jit_load_refuse(o, KILN_ERR_UNSUPPORTED, "ifunc '%.100s' in memory", s->name);
  if (s->section == KN_READ_ABSOLUTE)
    return kn_jit_load_refuse(o, KILN_ERR_UNSUPPORTED, "symbol '%.100s', a number, in memory",
                              s->name);
  if (s->section == KN_READ_NOWHERE) {
    if (s->name[0] == 0 || s->bind == STB_LOCAL) return true;
    if (!is_free(o, s)) return false;
    *id = declare_reference(o, s, use);
    return *id != 0 || kn_jit_load_failed(o);
  }
  if (s->bind != STB_LOCAL && s->name[0] == 0)
    return kn_jit_load_refuse(o, KILN_ERR_SYNTAX, "global symbol %u has no name", i);
  if (!is_free(o, s)) return false;
  if (s->section == KN_READ_COMMON) {
    *id = declare_common(o, s);
    return *id != 0 || kn_jit_load_failed(o);
  }
  const uint32_t base = o->sections[s->section].base;
  if (base == 0 && s->bind != STB_LOCAL)
    return kn_jit_load_refuse(o, KILN_ERR_UNSUPPORTED,
                              "symbol '%.60s' is in section '%.60s', which is not loaded", s->name,
                              o->read.sections[s->section].name);
  if (base == 0) return true;
  if (s->type == STT_SECTION && s->value == 0) {
    *id = base;
    return true;
  }
  kiln_symbol_desc d = describe(o, s);
  const bool data = o->sections[s->section].is == KN_JIT_OF_DATA;
  if (s->bind == STB_LOCAL && (s->type != STT_OBJECT || !data)) d.name = NULL;
  *id = declare_alias(o, &d, s->section, s->value);
  if (*id == 0) return kn_jit_load_failed(o);
  if (data && d.name != NULL) o->data[o->n_data++] = (struct kn_jit_loaded_data){*id, s->size};
  return true;
}

uint32_t kn_jit_load_place(struct kn_jit_loaded *o, const struct kn_read_reloc *r) {
  uint64_t offset;
  const uint32_t id = o->symbols[r->symbol];
  if (id != 0 && r->addend == 0) return id;
  const uint32_t section = kn_read_target(&o->read, r, &offset);
  if (section == 0 || o->sections[section].base == 0) {
    kn_jit_load_refuse(o, KILN_ERR_SYNTAX, "a table refers to what is not loaded");
    return 0;
  }
  const kiln_symbol_desc d = {.linkage = KILN_LINKAGE_INTERNAL};
  const uint32_t alias = declare_alias(o, &d, section, offset);
  if (alias == 0) kn_jit_load_failed(o);
  return alias;
}

/* ---- the whole ---- */

/* Declares the global symbols, or the local ones. */
static bool declare_all(struct kn_jit_loaded *o, const uint8_t *use, bool local) {
  for (uint32_t k = 0; k < o->n_funcs; k++) {
    struct kn_jit_loaded_func *f = o->funcs + k;
    const struct kn_read_symbol *s = o->read.symbols + f->from;
    if ((s->bind == STB_LOCAL) != local) continue;
    if (!is_free(o, s)) return false;
    if ((f->symbol = declare_func(o, s)) == 0) return kn_jit_load_failed(o);
    if (f->from != 0) o->symbols[f->from] = f->symbol;
  }
  for (uint32_t i = 1; i < o->read.n_symbols; i++)
    if ((o->read.symbols[i].bind == STB_LOCAL) == local && !declare(o, i, use[i])) return false;
  return true;
}

/* The output's part of a function, without what belongs to it yet. */
static bool add_func(struct kn_jit_loaded *o, uint32_t k) {
  const struct kn_jit_loaded_func *f = o->funcs + k;
  const struct kn_code_func func = {
    .symbol = f->symbol, .start = f->at, .size = f->size, .no_rows = true};
  return KN_PUSH(o->m, o->s->out->funcs, func) || kn_jit_load_failed(o);
}

/* Gives symbols that stand for an entry what has the name, which may be defined here. */
static bool declare_entries(struct kn_jit_loaded *o) {
  for (uint32_t i = 1; i < o->read.n_symbols; i++) {
    const struct kn_read_symbol *s = o->read.symbols + i;
    if (!s->entry) continue;
    o->symbols[i] = kiln_symbol_lookup(o->m, s->name).id;
    if (o->symbols[i] == 0) o->symbols[i] = declare_reference(o, s, 0);
    if (o->symbols[i] == 0) return kn_jit_load_failed(o);
  }
  return true;
}

bool kn_jit_load_symbols(struct kn_jit_loaded *o) {
  const uint8_t *use = uses(o);
  o->symbols = kn_arena_zero(&o->arena, o->read.n_symbols * sizeof *o->symbols, 4);
  o->data = kn_arena_alloc(&o->arena, o->read.n_symbols * sizeof *o->data, 8);
  if (use == NULL || o->symbols == NULL || o->data == NULL) return kn_jit_no_memory(o->error);
  if (!find_funcs(o) || !declare_all(o, use, false) || !declare_all(o, use, true) ||
      !declare_entries(o))
    return false;
  unsigned align_log2 = 0;
  for (uint32_t i = 1; i < o->read.n_sections; i++)
    if (o->sections[i].is == KN_JIT_OF_CODE && o->read.sections[i].align_log2 > align_log2)
      align_log2 = o->read.sections[i].align_log2;
  for (uint32_t k = 0; k < o->n_funcs; k++)
    if (!add_func(o, k)) return false;
  if (o->n_funcs != 0) kn_symbol(o->m, o->funcs[0].symbol)->align_log2 = (uint8_t)align_log2;
  else if (align_log2 > o->machine->align_log2)
    return kn_jit_load_refuse(o, KILN_ERR_UNSUPPORTED, "aligned code without functions");
  return true;
}
