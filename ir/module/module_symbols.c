/* Symbols: declaration, look-up by name, definition marks, and what code may assume about where they
 * are bound. Called by front ends and, for private data and library calls, by the walk. Invariant: a
 * name stands for one symbol of the module, whatever its linkage. */
#include "ir/module/module_state.h"

#include "base/arena.h"

#include <string.h>

static const kiln_symbol no_symbol = {0};

enum { MAX_ALIGN_LOG2 = 16 };

/* ---- what code may assume ---- */

static inline void classify(const kiln_module *m, struct kn_symbol *s) {
  bool defined = s->defined || s->body;
  bool local = kn_is_local(s);
  /* An undefined weak symbol may be 0, which pc-relative code only reaches on some targets, in programs at a low fixed
   * address. */
  bool zero = !defined && s->linkage == KILN_LINKAGE_WEAK;
  /* May it be a function of a shared object, whose address in this executable is a PLT entry? */
  bool elsewhere = !defined && !local && s->visibility == KILN_VISIBILITY_DEFAULT &&
                   (s->dso_local || m->options.pic == KILN_PIC_STATIC) && m->ir.plt_is_address;
  bool direct;
  if (s->indirect || (elsewhere && s->kind != KILN_SYMBOL_DATA)) direct = false;
  else if (local || (s->dso_local && (!zero || m->ir.reaches_zero))) direct = true;
  else if (zero) direct = false;
  else if (s->visibility == KILN_VISIBILITY_HIDDEN) direct = true;
  else if (s->visibility == KILN_VISIBILITY_PROTECTED && defined) direct = true;
  else if (m->options.pic == KILN_PIC_PIE) direct = defined;
  else direct = m->options.pic == KILN_PIC_STATIC;
  s->direct = !direct ? KN_DIRECT_NO : elsewhere ? KN_DIRECT_ACCESS : KN_DIRECT;
}

void kn_symbol_classify(const kiln_module *m, struct kn_symbol *s) { classify(m, s); }

/* ---- the table ---- */

/* In the table's order, the symbols of blocks are before names. */
static KN_COLD bool name_after(const struct kn_symbol *s, const char *name, size_t length) {
  return s->kind == KILN_SYMBOL_BLOCK || kn_bytes_after(name, length, s->name, s->name_length);
}
static KN_COLD bool block_after(const struct kn_symbol *s, uint32_t func, uint32_t block) {
  if (s->kind != KILN_SYMBOL_BLOCK) return false;
  return func != s->target ? func > s->target : block > s->offset;
}

/* The symbol of a name, or 0: then *at is its position in the table. */
KN_INLINE uint32_t find(const kiln_module *m, const char *name, size_t length, uint32_t hash,
                        uint32_t *at) {
  uint32_t id;
  KN_HASH_EACH(&m->symbol_hash, hash, *at, id, name_after(kn_symbol(m, id), name, length)) {
    const struct kn_symbol *s = kn_symbol(m, id);
    if (s->name_length == length && s->kind != KILN_SYMBOL_BLOCK &&
        kn_same_bytes(s->name, name, length))
      break;
  }
  return id;
}

uint32_t kn_symbol_lookup(const kiln_module *m, const char *name, size_t length, uint32_t hash) {
  uint32_t at;
  return length != 0 ? find(m, name, length, hash, &at) : 0;
}

kiln_symbol kiln_symbol_lookup(const kiln_module *m, const char *name) {
  if (m == NULL || name == NULL) return no_symbol;
  kiln_module *locked = (kiln_module *)(uintptr_t)m; /* for the lock alone */
  size_t length = strlen(name);
  kn_module_lock(locked);
  uint32_t id = kn_symbol_lookup(m, name, length, kn_hash_bytes(name, length));
  kn_module_unlock(locked);
  return (kiln_symbol){id};
}

kiln_status kiln_module_reserve(kiln_module *m, uint32_t symbols) {
  kiln_status status = kiln_module_status(m);
  if (status != KILN_OK || m->frozen) return status;
  if (symbols > UINT32_MAX / 8 || m->symbols.n > UINT32_MAX / 8)
    return KILN_OK; /* declaring them gives the error */
  kn_module_hash_grow(m, &m->symbol_hash, symbols);
  return kiln_module_status(m);
}

/* A new symbol at the end of the array; NULL without memory. It is zeroed but not yet counted:
 * `publish` does that. */
KN_INLINE struct kn_symbol *new_symbol(kiln_module *m) {
  if (m->symbols.n > UINT32_MAX / 4)
    return KN_MODULE_FAIL(NULL, m, KILN_ERR_LIMIT, "too many symbols");
  struct kn_symbol *s;
  if (m->frozen) {
    s = kn_late_add(m, m->late_symbols, m->symbols.n - m->flat_symbols, sizeof *s);
    if (s == NULL) return NULL;
  } else {
    if (!KN_ROOM(m, m->symbols, 1)) return NULL;
    s = m->symbols.at + m->symbols.n;
  }
  memset(s, 0, sizeof *s);
  s->name = "";
  return s;
}

/* Counts the new symbol. */
static inline uint32_t publish(kiln_module *m) {
  uint32_t id = m->symbols.n;
  __atomic_store_n(&m->symbols.n, id + 1, __ATOMIC_RELAXED);
  return id;
}

/* ---- declarations ---- */

/* Formats that say of a symbol whether a DLL has it, and of a section group which one is kept. */
static const bool has_imports[KILN_FORMAT_COUNT] = {[KILN_FORMAT_COFF] = true};

/* Checks what of a description is for such formats alone. */
KN_COLD static const char *check_format(const kiln_module *m, const kiln_symbol_desc *d) {
  if ((unsigned)d->dll >= KILN_DLL_COUNT || (unsigned)d->comdat_choice >= KILN_COMDAT_COUNT)
    return "dll or choice of a group out of range";
  if (has_imports[m->options.target.format]) return NULL;
  return d->dll != KILN_DLL_NONE ? "only COFF has imports and exports"
                                 : "only COFF has groups of which not any one is kept";
}

/* Checks a description; NULL if it is right. */
static inline const char *check(const kiln_module *m, const kiln_symbol_desc *d, size_t length,
                                kiln_symbol_kind kind) {
  if ((unsigned)d->linkage >= KILN_LINKAGE_COUNT ||
      (unsigned)d->visibility >= KILN_VISIBILITY_COUNT || (unsigned)d->tls >= KILN_TLS_COUNT)
    return "linkage, visibility or tls model out of range";
  if (KN_UNLIKELY(((unsigned)d->dll | (unsigned)d->comdat_choice) != 0)) {
    const char *wrong = check_format(m, d);
    if (wrong != NULL) return wrong;
  }
  if (length == 0 && d->linkage != KILN_LINKAGE_INTERNAL && d->linkage != KILN_LINKAGE_PRIVATE)
    return "a symbol that is not local needs a name";
  if (d->linkage == KILN_LINKAGE_COMMON && (kind != KILN_SYMBOL_DATA || d->tls != KILN_TLS_NONE))
    return "common linkage is only for data that is not thread-local";
  if (d->tls != KILN_TLS_NONE && kind == KILN_SYMBOL_FUNC) return "a thread-local function";
  if (d->align_log2 > MAX_ALIGN_LOG2) return "alignment above 2^16";
  return NULL;
}

/* Copies a section's name; the same as last time is not copied again. */
static bool set_section(kiln_module *m, struct kn_symbol *s, const char *name) {
  if (name[0] == 0) return true;
  if (m->last_section == NULL || strcmp(m->last_section, name) != 0) {
    const char *copy = kn_arena_string(m->arena, name, strlen(name));
    if (copy == NULL) return KN_MODULE_FAIL(false, m, KILN_ERR_MEMORY, "out of memory");
    m->last_section = copy;
  }
  s->section = m->last_section;
  return true;
}

/* Puts a symbol into its section group. In C++ most groups have the name of a symbol that is in them. */
static bool set_comdat(kiln_module *m, struct kn_symbol *s, uint32_t id,
                       const kiln_symbol_desc *d) {
  size_t length = 0;
  if (d->comdat != NULL) length = d->comdat_length != 0 ? d->comdat_length : strlen(d->comdat);
  if (length == 0) {
    if (d->linkage != KILN_LINKAGE_LINKONCE) return true;
    s->comdat_implied = 1;
    s->comdat = kn_comdat_of_symbol(m, s, id);
  } else if (length == s->name_length &&
             (d->comdat == d->name || kn_same_bytes(d->comdat, s->name, length))) {
    s->comdat = kn_comdat_of_symbol(m, s, id);
  } else {
    uint32_t hash;
    if (length > UINT32_MAX / 2 || !kn_hash_name(d->comdat, length, &hash))
      return KN_MODULE_FAIL(false, m, KILN_ERR_ARGUMENT,
                            "the name of a section group contains a NUL or is too long");
    s->comdat = kn_comdat_of(m, d->comdat, length, hash);
  }
  if (d->comdat_stays && s->comdat != 0) kn_comdat(m, s->comdat)->stays = true;
  if (d->comdat_choice != KILN_COMDAT_ANY && s->comdat != 0)
    kn_comdat(m, s->comdat)->choice = (uint8_t)d->comdat_choice;
  return s->comdat != 0;
}

/* Sets all of symbol `id` but its name from a description. */
KN_INLINE bool describe(kiln_module *m, struct kn_symbol *s, uint32_t id,
                        const kiln_symbol_desc *d) {
  s->linkage = (uint8_t)d->linkage;
  s->visibility = (uint8_t)d->visibility;
  s->tls = (uint8_t)(m->options.jit && d->tls != KILN_TLS_NONE ? KILN_TLS_GENERAL_DYNAMIC : d->tls);
  s->dso_local = d->dso_local;
  s->align_log2 = d->align_log2;
  s->body = d->body;
  s->no_plt = d->no_plt;
  if (KN_UNLIKELY(d->dll != KILN_DLL_NONE)) {
    s->dll = (unsigned)d->dll & 3;
    s->no_plt = s->indirect = d->dll == KILN_DLL_IMPORT;
  }
  if (s->no_plt)
    m->some_no_plt = true; /* read without the lock: not written once the module is frozen */
  s->section = NULL;
  s->comdat = s->comdat_implied = 0;
  if (d->section != NULL && !set_section(m, s, d->section)) return false;
  return d->comdat == NULL && d->linkage != KILN_LINKAGE_LINKONCE ? true : set_comdat(m, s, id, d);
}

/* After the freeze a declaration may only refer to a symbol: what it says must not depend on which thread comes
 * first. */
static bool plain(const kiln_symbol_desc *d) {
  return d->linkage == KILN_LINKAGE_EXTERNAL && d->visibility == KILN_VISIBILITY_DEFAULT &&
         d->tls == KILN_TLS_NONE && !d->dso_local && !d->body && d->section == NULL &&
         d->comdat == NULL && !d->no_plt && d->dll == KILN_DLL_NONE;
}

/* What of a later declaration contradicts the symbol that it names; NULL: nothing. What is zero says nothing. */
KN_COLD static const char *contradiction(const kiln_module *m, const struct kn_symbol *s,
                                         const kiln_symbol_desc *d) {
  static const struct kn_comdat none = {.name = ""};
  const struct kn_comdat *group = s->comdat != 0 ? kn_comdat(m, s->comdat) : &none;
  const char *comdat = d->comdat != NULL ? d->comdat : "",
             *section = s->section != NULL ? s->section : "";
  const size_t length = d->comdat_length != 0 ? d->comdat_length : strlen(comdat);
  const bool local = d->linkage == KILN_LINKAGE_PRIVATE && s->linkage == KILN_LINKAGE_INTERNAL;
  const bool grouped = group->length == length && kn_same_bytes(group->name, comdat, length);
  const bool chosen = d->comdat_choice == KILN_COMDAT_ANY || group->choice == d->comdat_choice;
  const bool tls = m->options.jit ? s->tls == KILN_TLS_NONE : d->tls != s->tls;
  return d->linkage != KILN_LINKAGE_EXTERNAL && d->linkage != s->linkage && !local    ? "linkage"
         : d->visibility != KILN_VISIBILITY_DEFAULT && d->visibility != s->visibility ? "visibility"
         : d->tls != KILN_TLS_NONE && tls                        ? "model of thread-local data"
         : d->dso_local && !s->dso_local                         ? "dso_local"
         : d->no_plt && !s->no_plt                               ? "no_plt"
         : d->align_log2 != 0 && d->align_log2 != s->align_log2  ? "alignment"
         : d->dll != KILN_DLL_NONE && (unsigned)d->dll != s->dll ? "import or export"
         : d->section != NULL && d->section[0] != 0 && strcmp(section, d->section) != 0 ? "section"
         : length != 0 && !grouped                       ? "section group"
         : (d->comdat_stays && !group->stays) || !chosen ? "kind of section group"
                                                         : NULL;
}

/* Makes or finds the symbol that `d` describes. `*is_new` says which. The module is locked. In line for
 * functions and data: there are many. */
KN_INLINE uint32_t declare_inline(kiln_module *m, const kiln_symbol_desc *d, kiln_symbol_kind kind,
                                  bool *is_new) {
  *is_new = false;
  if (kn_module_failed(m)) return 0;
  if (d == NULL || !KN_UNRESERVED(d))
    return KN_MODULE_FAIL(0, m, KILN_ERR_ARGUMENT,
                          d == NULL ? "the symbol has no description (NULL)"
                                    : "the field 'reserved' of the symbol is not 0");
  size_t length = d->name == NULL ? 0 : d->name_length != 0 ? d->name_length : strlen(d->name);
  if (length > UINT32_MAX / 2) return KN_MODULE_FAIL(0, m, KILN_ERR_LIMIT, "name too long");
  uint32_t hash = 0;
  const char *wrong = check(m, d, length, kind);
  if (length > 0 && !kn_hash_name(d->name, length, &hash)) wrong = "NUL in a name";
  if (wrong != NULL)
    return KN_MODULE_FAIL(0, m, KILN_ERR_ARGUMENT, "symbol '%.*s': %s",
                          (int)(length < 100 ? length : 100), length > 0 ? d->name : "", wrong);
  uint32_t at = 0;
  if (length > 0) {
    if (!KN_HASH_ROOM(m, &m->symbol_hash)) return 0;
    uint32_t id = find(m, d->name, length, hash, &at);
    if (id != 0 && !m->frozen && kn_symbol(m, id)->kind == KILN_SYMBOL_UNKNOWN &&
        kind != KILN_SYMBOL_UNKNOWN) {
      /* so far it was only referred to, as a library function is */
      struct kn_symbol *known = kn_symbol(m, id);
      if (d->tls != KILN_TLS_NONE)
        return KN_MODULE_FAIL(
          0, m, KILN_ERR_SYMBOL,
          "symbol '%.100s' was referred to before and therefore cannot be thread-local",
          known->name);
      known->kind = (uint8_t)kind;
      if (!describe(m, known, id, d)) return 0;
      /* code may have its address from the GOT, which wants a symbol */
      if (known->linkage == KILN_LINKAGE_PRIVATE) known->linkage = KILN_LINKAGE_INTERNAL;
      kn_symbol_classify(m, known);
      *is_new = true;
    }
    if (id != 0) {
      const char *other =
        *is_new || kind == KILN_SYMBOL_ALIAS ? NULL : contradiction(m, kn_symbol(m, id), d);
      if (other == NULL) return id;
      return KN_MODULE_FAIL(0, m, KILN_ERR_SYMBOL,
                            "symbol '%.100s' is declared with another %s already",
                            kn_symbol(m, id)->name, other);
    }
  }
  if (m->frozen && !plain(d))
    return KN_MODULE_FAIL(0, m, KILN_ERR_STRUCTURE, "symbol '%.*s': the module is frozen",
                          (int)(length < 100 ? length : 100), length > 0 ? d->name : "");
  struct kn_symbol *s = new_symbol(m);
  if (s == NULL) return 0;
  if (length > 0) {
    s->name = kn_arena_string(m->arena, d->name, length);
    if (s->name == NULL) return KN_MODULE_FAIL(0, m, KILN_ERR_MEMORY, "out of memory");
  }
  s->name_length = (uint32_t)length;
  s->hash = hash;
  s->kind = (uint8_t)kind;
  if (!describe(m, s, m->symbols.n, d)) return 0;
  classify(m, s);
  *is_new = true;
  if (length > 0) kn_hash_put_here(&m->symbol_hash, at, hash, m->symbols.n);
  return publish(m);
}

static uint32_t declare(kiln_module *m, const kiln_symbol_desc *d, kiln_symbol_kind kind,
                        bool *is_new) {
  return declare_inline(m, d, kind, is_new);
}

uint32_t kn_symbol_reference(kiln_module *m, const char *name) {
  const kiln_symbol_desc desc = {.name = name};
  bool is_new;
  kn_module_lock(m);
  uint32_t id = declare(m, &desc, KILN_SYMBOL_UNKNOWN, &is_new);
  kn_module_unlock(m);
  return id;
}

/* ---- library functions ---- */

/* In the table a library function is not under the hash of its name, which declarations look for. */
enum { OF_LIBRARY = 0x5bd1e995 };

/* Makes the symbol of a library function. The module is locked. */
static uint32_t new_library(kiln_module *m, const char *name, size_t length, uint32_t hash,
                            uint32_t sig) {
  uint32_t at = 0;
  if (!KN_HASH_ROOM(m, &m->symbol_hash)) return 0;
  uint32_t id = find(m, name, length, hash ^ OF_LIBRARY, &at);
  if (id != 0) return id;
  struct kn_symbol *s = new_symbol(m);
  if (s == NULL || !KN_ROOM(m, m->libraries, 1)) return 0;
  s->name = kn_arena_string(m->arena, name, length);
  if (s->name == NULL) return KN_MODULE_FAIL(0, m, KILN_ERR_MEMORY, "out of memory");
  s->name_length = (uint32_t)length;
  s->hash = hash;
  s->kind = KILN_SYMBOL_UNKNOWN;
  s->library = 1;
  s->sig = sig;
  classify(m, s);
  kn_hash_put_here(&m->symbol_hash, at, hash ^ OF_LIBRARY, m->symbols.n);
  m->libraries.at[m->libraries.n++] = m->symbols.n;
  return publish(m);
}

uint32_t kn_symbol_library(kiln_module *m, const char *name, const struct kn_sig *sig) {
  if (m->attrs.own_library) return kn_symbol_reference(m, name);
  size_t length = strlen(name);
  uint32_t hash = kn_hash_bytes(name, length), at = 0;
  kn_module_lock(m);
  uint32_t id = find(m, name, length, hash ^ OF_LIBRARY, &at);
  kn_module_unlock(m);
  if (KN_LIKELY(id != 0)) return id;
  kiln_sig of = {0};
  if (sig != NULL) {
    kiln_type results[KILN_MAX_RESULTS];
    for (unsigned i = 0; i < sig->n_results; i++) results[i] = (kiln_type)sig->results[i];
    of = kiln_sig_new(m, (kiln_cc)sig->cc, sig->flags, sig->params, sig->n_params, results,
                      sig->n_results);
    if (of.id == 0) return 0;
  }
  kn_module_lock(m);
  id = new_library(m, name, length, hash, of.id);
  kn_module_unlock(m);
  return id;
}

uint32_t kn_library_supplier(const kiln_module *m, uint32_t id) {
  const struct kn_symbol *s = kn_symbol(m, id);
  uint32_t supplier = kn_symbol_lookup(m, s->name, s->name_length, s->hash);
  return supplier != 0 && !kn_is_local(kn_symbol(m, supplier)) ? supplier : 0;
}

enum {
  NOT_PLAIN =
    KILN_PARAM_BYVAL | KILN_PARAM_SRET | KILN_PARAM_JOIN | KILN_PARAM_CHAIN | KILN_PARAM_UPPER
};

/* Can what calls by `want` call a function of signature `have`? Integers narrower than int are passed as one. */
static bool is_called_by(const struct kn_sig *have, const struct kn_sig *want) {
  if (have->conv != want->conv || have->n_params != want->n_params ||
      (have->flags & KILN_SIG_VARIADIC))
    return false;
  for (uint32_t i = 0; i < want->n_params; i++) {
    const kiln_param *h = have->params + i, *w = want->params + i;
    bool narrow = w->type == KILN_TYPE_I32 && h->type < KILN_TYPE_I32;
    if ((h->type != w->type && !narrow) || (h->flags & NOT_PLAIN)) return false;
  }
  return want->n_results == 0 || (have->n_results == 1 && have->results[0] == want->results[0]);
}

bool kn_library_check(kiln_module *m) {
  uint32_t wrong = 0;
  bool is_func = false;
  for (uint32_t i = 0; i < m->libraries.n; i++) { /* of several, the first that was declared */
    uint32_t id = m->libraries.at[i], supplier = kn_library_supplier(m, id), to = supplier;
    if (supplier == 0 || !kn_symbol(m, supplier)->defined) continue;
    for (uint32_t k = 0; kn_symbol(m, to)->kind == KILN_SYMBOL_ALIAS && k < m->n_aliases; k++)
      to = kn_symbol(m, to)->target;
    const struct kn_symbol *s = kn_symbol(m, to), *library = kn_symbol(m, id);
    bool func = s->kind == KILN_SYMBOL_FUNC;
    if (func && (library->sig == 0 || is_called_by(kn_sig(m, s->sig), kn_sig(m, library->sig))))
      continue;
    if (wrong != 0 && wrong < supplier) continue;
    wrong = supplier;
    is_func = func;
  }
  if (wrong == 0) return true;
  return KN_MODULE_FAIL(false, m, KILN_ERR_SYMBOL,
                        is_func
                          ? "'%.100s' has another signature than the library function of that "
                            "name, which operations call"
                          : "'%.100s' is data, but operations call a library function of that name",
                        kn_symbol(m, wrong)->name);
}

kiln_symbol kiln_symbol_refer(kiln_module *m, const char *name) {
  return (kiln_symbol){kn_module_failed(m) ? 0 : kn_symbol_reference(m, name)};
}

static kiln_symbol clash(kiln_module *m, uint32_t id, const char *what) {
  return KN_MODULE_FAIL(no_symbol, m, KILN_ERR_SYMBOL, "symbol '%.100s' %s", kn_symbol(m, id)->name,
                        what);
}

/* Are functions of both signatures called in the same way? */
static bool same_call(const struct kn_sig *s, const struct kn_sig *t) {
  return kn_sig_is_compatible(s, t) && kn_sig_is_compatible(t, s);
}

kiln_symbol kiln_func_declare(kiln_module *m, const kiln_symbol_desc *desc, kiln_sig sig) {
  if (kn_module_failed(m)) return no_symbol;
  if (!kn_sig_valid(m, sig.id))
    return KN_MODULE_FAIL(no_symbol, m, KILN_ERR_ARGUMENT, "the function has no signature");
  bool is_new;
  kn_module_lock(m);
  uint32_t id = declare_inline(m, desc, KILN_SYMBOL_FUNC, &is_new);
  struct kn_symbol *s = kn_symbol(m, id);
  if (is_new) s->sig = sig.id;
  kn_module_unlock(m);
  if (id == 0) return no_symbol;
  if (is_new) return (kiln_symbol){id};
  if (s->kind == KILN_SYMBOL_DATA) return clash(m, id, "is declared as data already");
  if (s->sig == 0 && !m->frozen) s->sig = sig.id;
  if (s->sig != sig.id && m->options.verify && s->kind == KILN_SYMBOL_FUNC &&
      !same_call(kn_sig(m, s->sig), kn_sig(m, sig.id)))
    return clash(m, id, "is declared with another signature already");
  return (kiln_symbol){id};
}

kiln_symbol kiln_data_declare(kiln_module *m, const kiln_symbol_desc *desc) {
  if (kn_module_failed(m)) return no_symbol;
  bool is_new;
  kn_module_lock(m);
  uint32_t id = declare_inline(m, desc, KILN_SYMBOL_DATA, &is_new);
  kn_module_unlock(m);
  if (id != 0 && kn_symbol(m, id)->kind == KILN_SYMBOL_FUNC)
    return clash(m, id, "is declared as a function already");
  return (kiln_symbol){id};
}

kiln_symbol kiln_alias_define(kiln_module *m, const kiln_symbol_desc *desc, kiln_symbol target,
                              int64_t offset_bytes) {
  if (kn_module_failed(m)) return no_symbol;
  if (!kn_symbol_valid(m, target.id))
    return KN_MODULE_FAIL(no_symbol, m, KILN_ERR_ARGUMENT, "alias: the target does not exist");
  if (m->frozen)
    return KN_MODULE_FAIL(no_symbol, m, KILN_ERR_STRUCTURE, "alias: the module is frozen");
  if (kn_symbol_is_foreign(kn_symbol(m, target.id), 0))
    return KN_MODULE_FAIL(no_symbol, m, KILN_ERR_SYMBOL,
                          "alias: the target is private data of a function");
  bool is_new, resolver = desc != NULL && desc->resolver;
  if (resolver && (offset_bytes != 0 || kn_symbol(m, target.id)->kind == KILN_SYMBOL_DATA))
    return KN_MODULE_FAIL(no_symbol, m, KILN_ERR_ARGUMENT,
                          "the resolver of an ifunc must be a function, without an offset");
  uint32_t id = declare(m, desc, KILN_SYMBOL_ALIAS, &is_new);
  if (id == 0) return no_symbol;
  struct kn_symbol *s = kn_symbol(m, id);
  if (s->defined) return clash(m, id, "is defined already");
  for (uint32_t to = target.id; !is_new; to = kn_symbol(m, to)->target) {
    if (to == id)
      return KN_MODULE_FAIL(no_symbol, m, KILN_ERR_SYMBOL, "'%.100s' is an alias of itself",
                            s->name);
    if (kn_symbol(m, to)->kind != KILN_SYMBOL_ALIAS) break;
  }
  if (!is_new && !describe(m, s, id, desc)) return no_symbol;
  s->kind = KILN_SYMBOL_ALIAS;
  m->n_aliases++;
  s->target = target.id;
  s->offset = offset_bytes;
  s->defined = 1;
  s->resolver = resolver;
  s->indirect = resolver || kn_symbol(m, target.id)->indirect;
  if (s->sig == 0 && offset_bytes == 0 && !resolver) s->sig = kn_symbol(m, target.id)->sig;
  kn_symbol_classify(m, s);
  return (kiln_symbol){id};
}

kiln_status kiln_symbol_set_linkage(kiln_module *m, kiln_symbol symbol, kiln_linkage linkage,
                                    kiln_visibility visibility) {
  if (kn_module_failed(m)) return kiln_module_status(m);
  if (m->frozen) return kn_module_fail(m, KILN_ERR_STRUCTURE, "linkage: the module is frozen");
  struct kn_symbol *s = kn_symbol_valid(m, symbol.id) ? kn_symbol(m, symbol.id) : NULL;
  const kiln_symbol_desc d = {.linkage = linkage, .visibility = visibility};
  const char *wrong = s == NULL || s->name_length == 0 ? "there is no symbol with a name"
                      : linkage == KILN_LINKAGE_LINKONCE
                        ? "the symbol would be in a section group"
                        : check(m, &d, s->name_length, (kiln_symbol_kind)s->kind);
  if (wrong == NULL && linkage == KILN_LINKAGE_COMMON && s->tls != KILN_TLS_NONE)
    wrong = "the symbol is thread-local";
  if (wrong != NULL) return kn_module_fail(m, KILN_ERR_ARGUMENT, "linkage: %s", wrong);
  if (s->defined) {
    clash(m, symbol.id, "is defined already");
    return kiln_module_status(m);
  }
  s->linkage = (uint8_t)linkage;
  s->visibility = (uint8_t)visibility;
  kn_symbol_classify(m, s);
  return KILN_OK;
}

/* Index + 1 of a symbol's object name, or 0: then *at is its position in the table. */
static uint32_t find_rename(const kiln_module *m, uint32_t symbol, uint32_t *at) {
  uint32_t i;
  KN_HASH_EACH(&m->rename_hash, (uint32_t)(kn_mix64(0, symbol) >> 32), *at, i,
               symbol > m->renames.at[i - 1].symbol)
  if (m->renames.at[i - 1].symbol == symbol) break;
  return i;
}

kiln_status kiln_symbol_set_object_name(kiln_module *m, kiln_symbol symbol, const char *name) {
  if (kn_module_failed(m)) return kiln_module_status(m);
  if (m->frozen) return kn_module_fail(m, KILN_ERR_STRUCTURE, "object name: the module is frozen");
  struct kn_symbol *s = kn_symbol_valid(m, symbol.id) ? kn_symbol(m, symbol.id) : NULL;
  const char *wrong = s == NULL || s->name_length == 0 ? "there is no symbol with a name"
                      : name == NULL || name[0] == 0   ? "the name is missing"
                      : s->renamed                     ? "the symbol has one already"
                                                       : NULL;
  if (wrong != NULL) return kn_module_fail(m, KILN_ERR_ARGUMENT, "object name: %s", wrong);
  const char *copy = kn_arena_string(m->arena, name, strlen(name));
  if (copy == NULL) return kn_module_fail(m, KILN_ERR_MEMORY, "out of memory");
  uint32_t at;
  if (!KN_ROOM(m, m->renames, 1) || !KN_HASH_ROOM(m, &m->rename_hash)) return KILN_ERR_MEMORY;
  (void)find_rename(m, symbol.id, &at);
  m->renames.at[m->renames.n++] = (struct kn_rename){symbol.id, copy};
  kn_hash_put(&m->rename_hash, at, (uint32_t)(kn_mix64(0, symbol.id) >> 32), m->renames.n);
  s->renamed = 1;
  return KILN_OK;
}

const char *kiln_symbol_object_name(const kiln_module *m, kiln_symbol symbol) {
  if (m == NULL || !kn_symbol_valid(m, symbol.id) || !kn_symbol(m, symbol.id)->renamed) return NULL;
  uint32_t at, i = find_rename(m, symbol.id, &at);
  return i != 0 ? m->renames.at[i - 1].name : NULL;
}

/* Finds or makes (if `make`) the symbol of a block. The module is locked. */
static uint32_t block_symbol(kiln_module *m, uint32_t func, uint32_t block, bool make) {
  const uint32_t key[2] = {func, block};
  uint32_t hash = kn_hash_bytes(key, sizeof key), at, id;
  KN_HASH_EACH(&m->symbol_hash, hash, at, id, block_after(kn_symbol(m, id), func, block)) {
    struct kn_symbol *s = kn_symbol(m, id);
    if (s->kind != KILN_SYMBOL_BLOCK || s->target != func || s->offset != block) continue;
    if (!s->defined) { /* left by a body that was discarded */
      s->defined = 1;
      s->block_first = kn_symbol(m, func)->block_first;
      kn_symbol(m, func)->block_first = id;
    }
    return id;
  }
  if (!make)
    return KN_MODULE_FAIL(0, m, KILN_ERR_STRUCTURE,
                          "block symbol of '%.100s': the module is frozen",
                          kn_symbol(m, func)->name);
  if (!KN_HASH_ROOM(m, &m->symbol_hash)) return 0;
  struct kn_symbol *s = new_symbol(m);
  if (s == NULL) return 0;
  struct kn_symbol *owner = kn_symbol(m, func);
  s->kind = KILN_SYMBOL_BLOCK;
  s->linkage = KILN_LINKAGE_PRIVATE;
  s->target = func;
  s->offset = block;
  s->defined = 1;
  s->block_first = owner->block_first;
  kn_symbol_classify(m, s);
  kn_hash_put(&m->symbol_hash, at, hash, m->symbols.n);
  return owner->block_first = publish(m);
}

kiln_symbol kiln_block_symbol(kiln_module *m, kiln_symbol func, kiln_block block) {
  if (kn_module_failed(m)) return no_symbol;
  if (!kn_symbol_valid(m, func.id) || kn_symbol(m, func.id)->kind != KILN_SYMBOL_FUNC)
    return KN_MODULE_FAIL(no_symbol, m, KILN_ERR_ARGUMENT,
                          "block symbol: the function does not exist");
  kn_module_lock(m);
  uint32_t id = block_symbol(m, func.id, block.id, !m->frozen);
  kn_module_unlock(m);
  return (kiln_symbol){id};
}

uint32_t kn_symbol_of_block(kiln_module *m, uint32_t func, uint32_t block) {
  if (kn_module_failed(m)) return 0;
  kn_module_lock(m);
  uint32_t n = m->symbols.n, id = block_symbol(m, func, block, true);
  if (id >= n) kn_symbol(m, id)->body = 1;
  kn_module_unlock(m);
  return id;
}

/* Forgets the block symbols that a discarded body asked for. */
static void drop_blocks(kiln_module *m, struct kn_symbol *func) {
  uint32_t *link = &func->block_first;
  while (*link != 0) {
    struct kn_symbol *s = kn_symbol(m, *link);
    if (s->body) {
      s->defined = 0;
      *link = s->block_first;
    } else link = &s->block_first;
  }
}

uint32_t kn_symbol_declare_late(kiln_module *m, const kiln_symbol_desc *desc) {
  const kiln_symbol_desc plain_desc = {.name = desc->name, .name_length = desc->name_length};
  bool is_new;
  const char *wrong = check(m, desc, 1, KILN_SYMBOL_ALIAS);
  if (wrong != NULL) return kn_module_fail(m, KILN_ERR_ARGUMENT, "a name: %s", wrong), 0;
  uint32_t id = declare(m, &plain_desc, KILN_SYMBOL_UNKNOWN, &is_new);
  if (id != 0) kn_symbol(m, id)->late = 1;
  return id;
}

bool kn_symbol_put_in(kiln_module *m, uint32_t id, const kiln_symbol_desc *desc) {
  struct kn_symbol *s = kn_symbol(m, id);
  return (desc->section == NULL || set_section(m, s, desc->section)) &&
         (desc->comdat == NULL || set_comdat(m, s, id, desc));
}

uint32_t kn_symbol_private_data(kiln_module *m) {
  const uint32_t again = m->free_symbol;
  struct kn_symbol *s = again != 0 ? kn_symbol(m, again) : new_symbol(m);
  if (s == NULL) return 0;
  if (again != 0) {
    m->free_symbol = s->block_first;
    *s = (struct kn_symbol){.name = ""};
  }
  s->kind = KILN_SYMBOL_DATA;
  s->linkage = KILN_LINKAGE_PRIVATE;
  kn_symbol_classify(m, s);
  return again != 0 ? again : publish(m);
}

void kn_symbol_reuse(kiln_module *m, uint32_t id) {
  kn_symbol(m, id)->block_first = m->free_symbol;
  m->free_symbol = id;
}

/* ---- definitions of functions ---- */

bool kn_symbol_define_func(kiln_module *m, uint32_t symbol) {
  if (kn_module_failed(m)) return false;
  if (!kn_symbol_valid(m, symbol))
    return KN_MODULE_FAIL(false, m, KILN_ERR_ARGUMENT, "the symbol of the body does not exist");
  struct kn_symbol *s = kn_symbol(m, symbol);
  if (s->kind != KILN_SYMBOL_FUNC || symbol >= m->flat_symbols) {
    clash(m, symbol,
          s->kind != KILN_SYMBOL_FUNC ? "is not a function"
                                      : "was declared after the module was frozen");
    return false;
  }
  if (__atomic_exchange_n(&s->defined, 1, __ATOMIC_RELAXED)) {
    clash(m, symbol, "is defined already");
    return false;
  }
  if (!m->frozen) kn_symbol_classify(m, s);
  return true;
}

void kn_symbol_undefine_func(kiln_module *m, uint32_t symbol) {
  if (!kn_symbol_valid(m, symbol) || kn_symbol(m, symbol)->kind != KILN_SYMBOL_FUNC) return;
  drop_blocks(m, kn_symbol(m, symbol));
  __atomic_store_n(&kn_symbol(m, symbol)->defined, 0, __ATOMIC_RELAXED);
  if (!m->frozen) kn_symbol_classify(m, kn_symbol(m, symbol));
}

/* ---- reading ---- */

uint32_t kiln_symbol_count(const kiln_module *m) {
  return m != NULL ? __atomic_load_n(&m->symbols.n, __ATOMIC_RELAXED) - 1 : 0;
}

kiln_symbol_info kiln_symbol_get(const kiln_module *m, kiln_symbol symbol) {
  kiln_symbol_info info;
  memset(&info, 0, sizeof info);
  if (m == NULL || !kn_symbol_valid(m, symbol.id)) return info;
  const struct kn_symbol *s = kn_symbol(m, symbol.id);
  info.kind = (kiln_symbol_kind)s->kind;
  info.desc.name = s->name;
  info.desc.name_length = s->name_length;
  info.desc.linkage = (kiln_linkage)s->linkage;
  info.desc.visibility = (kiln_visibility)s->visibility;
  info.desc.tls = (kiln_tls)s->tls;
  info.desc.dso_local = s->dso_local != 0;
  info.desc.section = s->section;
  if (s->comdat != 0 && !s->comdat_implied) {
    info.desc.comdat = kn_comdat(m, s->comdat)->name;
    info.desc.comdat_length = kn_comdat(m, s->comdat)->length;
    info.desc.comdat_stays = kn_comdat(m, s->comdat)->stays;
    info.desc.comdat_choice = (kiln_comdat)kn_comdat(m, s->comdat)->choice;
  }
  info.desc.align_log2 = s->align_log2;
  info.desc.resolver = s->resolver;
  info.desc.body = s->body != 0;
  info.desc.dll = (kiln_dll)s->dll;
  info.sig.id = s->sig;
  info.defined = __atomic_load_n(&s->defined, __ATOMIC_RELAXED) != 0;
  info.target.id = s->target;
  info.offset_bytes = s->offset;
  return info;
}
