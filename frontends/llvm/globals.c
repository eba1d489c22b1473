/* Records of global values: variables, functions, aliases. Declares a symbol for each variable and
 * function at once; aliases and initialisers are done after the module's constants (data.c). Called by module.c.
 * Invariant: global values have the first value ids, in the order of their records. */
#include "asm/asm.h"
#include "bc.h"

/* ---- what all kinds of globals have ---- */

/* A global as it is declared. */
struct decl {
  struct kn_bc_global g;
  bool marked; /* its name began with the byte 1: it is no name of LLVM's */
  kiln_symbol_desc desc;
};

/* Reports an operand after the first `known` of a global's record, unless it is 0: all that are not there are that. */
static bool ends(struct kn_bc *r, const char *record, uint32_t known) {
  for (uint32_t i = known; i < r->in.ops.n; i++)
    if (r->in.ops.at[i] != 0) return kn_bc_surplus(r, record, i);
  return true;
}

/* Is a field below the number of those that are known? */
static inline bool below(struct kn_bc *r, const char *what, uint64_t v, uint64_t n) {
  return KN_LIKELY(v < n) || kn_bc_unknown(r, what, v);
}

struct fields {
  uint64_t linkage, visibility, section, comdat, dso_local, align, dll;
};

static uint64_t field(const struct kn_bc *r, uint32_t i) {
  return i < r->in.ops.n ? r->in.ops.at[i] : 0;
}

enum { LINKAGE_APPENDING = 2 };

static bool linkage(struct kn_bc *r, uint64_t code, struct decl *d) {
  static const uint8_t table[20] = {
    [0] = KILN_LINKAGE_EXTERNAL,  [1] = KILN_LINKAGE_WEAK,      [2] = KILN_LINKAGE_EXTERNAL,
    [3] = KILN_LINKAGE_INTERNAL,  [4] = KILN_LINKAGE_LINKONCE,  [5] = KILN_LINKAGE_EXTERNAL,
    [6] = KILN_LINKAGE_EXTERNAL,  [7] = KILN_LINKAGE_WEAK,      [8] = KILN_LINKAGE_COMMON,
    [9] = KILN_LINKAGE_PRIVATE,   [10] = KILN_LINKAGE_WEAK,     [11] = KILN_LINKAGE_LINKONCE,
    [12] = KILN_LINKAGE_EXTERNAL, [13] = KILN_LINKAGE_PRIVATE,  [14] = KILN_LINKAGE_PRIVATE,
    [15] = KILN_LINKAGE_EXTERNAL, [16] = KILN_LINKAGE_WEAK,     [17] = KILN_LINKAGE_WEAK,
    [18] = KILN_LINKAGE_LINKONCE, [19] = KILN_LINKAGE_LINKONCE,
  };
  if (code >= sizeof table) return kn_bc_unknown(r, "linkage", code);
  d->desc.linkage = (kiln_linkage)table[code];
  if (code == 12) d->g.skip = 1; /* available_externally: a copy of what is defined elsewhere */
  /* LLVM's isInterposableLinkage and isDiscardableIfUnused, by the numbers of bitcode */
  const uint64_t interposable = 1 << 1 | 1 << 4 | 1 << 7 | 1 << 8 | 1 << 16 | 1 << 18;
  const uint64_t discardable =
    1 << 3 | 1 << 4 | 1 << 9 | 1 << 11 | 1 << 13 | 1 << 14 | 1 << 18 | 1 << 19;
  d->g.final = !(interposable >> code & 1);
  d->g.discardable = discardable >> code & 1;
  return true;
}

static bool is_local(const struct decl *d) {
  return d->desc.linkage == KILN_LINKAGE_INTERNAL || d->desc.linkage == KILN_LINKAGE_PRIVATE;
}

/* Sets the name of a global, a range of the string table. The linkage must be known. */
static bool name(struct kn_bc *r, struct decl *d, uint64_t at, uint64_t size) {
  if (at > r->m->strtab_size || size > r->m->strtab_size - at || size >= UINT32_MAX)
    return kn_bc_malformed(r, "a name outside the string table");
  d->marked = size && r->m->strtab[at] == 1; /* "do not mangle" */
  if (d->marked) at++, size--;
  d->g.name = d->desc.name = size ? r->m->strtab + at : NULL;
  d->g.name_length = (uint32_t)size;
  d->desc.name_length = size;
  return size || is_local(d) || kn_bc_malformed(r, "a global without a name");
}

/* Fills in what all globals have. Names of sections and comdats precede all globals. */
static bool describe(struct kn_bc *r, struct decl *d, const struct fields *f) {
  if (!linkage(r, f->linkage, d) || !name(r, d, r->in.ops.at[0], r->in.ops.at[1])) return false;
  bool local = is_local(d);
  if (f->visibility > 2) return kn_bc_unknown(r, "visibility", f->visibility);
  if (f->dso_local > 1) return kn_bc_unknown(r, "dso_local", f->dso_local);
  if (!local) d->desc.visibility = (kiln_visibility)f->visibility;
  d->desc.dso_local =
    f->dso_local || local || (d->desc.visibility != KILN_VISIBILITY_DEFAULT && f->linkage != 7);
  if (KN_UNLIKELY(f->dll != 0)) {
    if (!below(r, "storage class", f->dll, KILN_DLL_COUNT)) return false;
    if (kn_bc_format_of(r)->imports) d->desc.dll = (kiln_dll)f->dll;
  }
  if (f->section) {
    if (f->section > r->m->sections.n) return kn_bc_malformed(r, "section number out of range");
    d->desc.section = r->m->names.at + r->m->sections.at[f->section - 1];
  }
  if (f->comdat) {
    if (f->comdat > r->m->comdats.n) return kn_bc_malformed(r, "comdat number out of range");
    d->desc.comdat = r->m->comdats.at[f->comdat - 1].name;
    d->desc.comdat_length = r->m->comdats.at[f->comdat - 1].length;
    d->desc.comdat_stays = r->m->comdats.at[f->comdat - 1].stays;
    d->desc.comdat_choice = (kiln_comdat)r->m->comdats.at[f->comdat - 1].choice;
  } else if (d->desc.linkage == KILN_LINKAGE_LINKONCE) {
    d->desc.linkage = KILN_LINKAGE_WEAK;
  }
  if (f->align > 33) return kn_bc_malformed(r, "bad alignment");
  if (f->align > 17)
    return kn_bc_fail(r, KILN_ERR_LIMIT, "an alignment is larger than 65536 bytes");
  d->g.align_log2 = f->align ? (uint8_t)(f->align - 1) : UINT8_MAX;
  d->g.plain_local = local && !d->desc.section && !d->desc.comdat;
  return true;
}

/* Is what is in an address space addressed as in space 0? Its pointers have a type, of which that is known. */
static bool plain_space(struct kn_bc *r, uint64_t space) {
  if (space == 0) return true;
  for (uint32_t k = 0; k < r->types.n; k++) {
    const struct kn_bc_type *t = &r->types.at[k];
    if (t->kind == TK_PTR && t->ktype && t->count == space) return true;
  }
  return kn_bc_unsupported(r, "address spaces");
}

/* Adds a global, which gets the next value id. */
static inline bool add_global(struct kn_bc *r, const struct kn_bc_global *g) {
  uint32_t id = r->vals.n;
  if (r->m->data_defined) return kn_bc_malformed(r, "a global after the functions' bodies");
  if (r->m->ptr_type == UINT32_MAX)
    return kn_bc_unsupported(r, "a global without a type of pointers that is known");
  if ((id >= r->vals.cap || id >= r->csts.cap) && !kn_bc_room_vals(r, (uint64_t)id + 1))
    return false;
  if (g->tls) r->open->has_tls = true;
  r->csts.at[id] = (struct kn_bc_cst){.kind = CK_GLOBAL, .index = r->m->globals.n};
  r->vals.at[id] = (struct kn_bc_val){0, r->m->ptr_type | (uint32_t)VS_CONST << 24};
  r->vals.n = id + 1;
  return KN_BC_PUSH(r, r->open->globals, *g);
}

/* ---- records ---- */

static inline bool is_special(const struct decl *d) {
  return !d->marked && d->g.name_length > 5 && !memcmp(d->g.name, "llvm.", 5);
}

/* Is the name of global `g` equal to `s`? */
static bool named(const struct kn_bc_global *g, const char *s) {
  return g->name_length == strlen(s) && !memcmp(g->name, s, g->name_length);
}

/* In a module for the JIT, clears dso_local of symbols that are only declared: they may be defined by the process
 * far away, and the JIT makes no copy relocations as a linker does. */
static void unbind(const struct kn_bc *r, kiln_symbol_desc *d) {
  if (!d->body && d->visibility == KILN_VISIBILITY_DEFAULT && kiln_module_is_jit(r->module))
    d->dso_local = false;
}

/* Reports what a variable's record asks for and cannot have. */
static bool possible_data(struct kn_bc *r) {
  uint64_t list = field(r, 14), model = field(r, 19);
  if (list != 0) {
    if (list >= r->m->lists.n) return kn_bc_malformed(r, "attribute list out of range");
    const struct kn_bc_attr *a = kn_bc_attr(r, r->m->lists.at[list], KN_BC_FUNC_INDEX);
    if (a && a->refused) return kn_bc_refuse(r, a->refused);
  }
  if (field(r, 17)) return kn_bc_unsupported(r, "partitions");
  if (field(r, 18) & 4) return kn_bc_unsupported(r, "a variable with memory tags");
  if (!below(r, "code model", model, 6)) return false;
  if (model > 2) return kn_bc_unsupported(r, "a variable with a code model other than small");
  return true;
}

/* [offset, size, type, const | explicit << 1 | space << 2, init + 1, linkage, align, section,
 *  visibility, tls, unnamed_addr, ext_init, dll, comdat, attributes, dso_local, partition's offset, its size,
 *  sanitizer metadata (1 no address, 2 no hwaddress, 4 memtag, 8 initialised at run time), code model + 1] */
bool kn_bc_global_variable(struct kn_bc *r) {
  const uint64_t *op = r->in.ops.at;
  if (r->in.ops.n < 8) return kn_bc_malformed(r, "bad global variable");
  struct decl d = {.g.what = KILN_SYMBOL_DATA};
  struct fields f = {op[5], field(r, 8), op[7], field(r, 13), field(r, 15), op[6], field(r, 12)};
  if (!describe(r, &d, &f)) return false;
  if (!(op[3] & 2))
    return kn_bc_unsupported(r, "a record of LLVM 3 (LLVM 11 and newer can be read)");
  if (!plain_space(r, op[3] >> 2)) return false;
  if (op[2] >= r->types.n) return kn_bc_malformed(r, "type number out of range");
  d.g.type = (uint32_t)op[2];
  if (op[4] > UINT32_MAX) return kn_bc_malformed(r, "value number out of range");
  d.g.init = (uint32_t)op[4];
  uint64_t tls = field(r, 9);
  if (!ends(r, "variable", 20) || !below(r, "thread-local model", tls, 5) ||
      !below(r, "unnamed_addr", field(r, 10), 3) || !below(r, "initialisation", field(r, 11), 2) ||
      !below(r, "sanitizer metadata", field(r, 18), 16))
    return false;
  if (!d.g.skip && !possible_data(r)) return false;
  d.g.tls = (uint8_t)tls;
  d.desc.tls = (kiln_tls)tls;
  if (op[3] & 1) d.g.data_flags |= KILN_DATA_READ_ONLY;
  if (field(r, 10) == 1) d.g.data_flags |= KILN_DATA_MERGE_STRINGS; /* data.c checks the rest */
  bool special = is_special(&d) && op[5] == LINKAGE_APPENDING;      /* others are data as any */
  if (special || (d.desc.section && !strcmp(d.desc.section, "llvm.metadata"))) {
    bool known = named(&d.g, "llvm.used") || named(&d.g, "llvm.compiler.used") ||
                 named(&d.g, "llvm.global_ctors") || named(&d.g, "llvm.global_dtors") ||
                 named(&d.g, "llvm.global.annotations") || !special;
    if (!known) return kn_bc_unsupported(r, "a special global variable");
    return add_global(r, &d.g);
  }
  if (d.g.init && !kn_bc_sized(r, d.g.type)) return false;
  if (d.g.align_log2 == UINT8_MAX) d.g.align_log2 = r->types.at[d.g.type].align_log2;
  d.desc.align_log2 = d.g.align_log2;
  d.desc.body = d.g.init && !d.g.skip;
  unbind(r, &d.desc);
  if (!d.g.tls || !r->m->emulated_tls) d.g.symbol = kiln_data_declare(r->module, &d.desc).id;
  else if (!kn_bc_tls_declare(r, &d.desc, &d.g.symbol)) return false;
  return add_global(r, &d.g);
}

/* Finds the signature of a function, and notes that of most calls: without the function's own `noinline`, which is of
 * the whole list, and with the result before a definition extends it. Reports types that cannot be passed. */
static bool find_signature(struct kn_bc *r, struct kn_bc_global *g, const struct kn_bc_callconv *by,
                           bool defined, kiln_sig *sig) {
  const struct kn_bc_attr_list *list = &r->m->attr_lists.at[g->attrs];
  const unsigned flags = (g->fn_flags & KN_BC_SIG_FLAGS) | (by ? by->sig_flags : 0u) |
                         (defined ? kn_bc_wide_sigs(r, g->attrs) : 0u);
  const struct kn_bc_sig *s =
    kn_bc_sig(r, g->type, list->sig, flags | (defined ? KN_BC_SIG_DEFINITION : 0u));
  if (!s) return false;
  *sig = s->sig;
  if (!defined || !list->extends) return true;
  s = kn_bc_sig(r, g->type, list->sig, flags);
  if (!s) return false;
  g->sig = s->sig.id;
  return true;
}

/* Reads the record of a function into `d`, and declares it. */
static bool function_record(struct kn_bc *r, struct decl *d) {
  const uint64_t *op = r->in.ops.at;
  struct fields f = {op[5], op[9], op[8], field(r, 14), field(r, 17), op[7], field(r, 13)};
  if (r->in.ops.n > 21 && op[21] > f.align) f.align = op[21]; /* the preferred one */
  if (!describe(r, d, &f)) return false;
  if (KN_UNLIKELY(r->in.ops.n > 22) && !ends(r, "function", 22)) return false;
  if (!below(r, "unnamed_addr", field(r, 11), 3)) return false;
  struct kn_bc_global *g = &d->g;
  if (op[2] >= r->types.n || r->types.at[op[2]].kind != TK_FUNC)
    return kn_bc_malformed(r, "a function's type is not a function type");
  g->type = (uint32_t)op[2];
  /* a copy of what is defined elsewhere: for inlining alone */
  const bool body = !op[4], copy = body && g->skip && r->m->inlining, used = body && !g->skip;
  if (op[6] && op[6] >= r->m->lists.n) return kn_bc_malformed(r, "attribute list out of range");
  g->attrs = op[6] ? r->m->lists.at[op[6]] : 0;
  if (field(r, 16) > UINT32_MAX) return kn_bc_malformed(r, "value number out of range");
  g->init = (uint32_t)field(r, 16);
  const struct kn_bc_attr *a = kn_bc_attr(r, g->attrs, KN_BC_FUNC_INDEX);
  if (a) {
    g->fn_flags = a->flags;
    if (a->harden.all != 0) g->fn_flags |= FA_HARDENED;
  }
  const bool uncallable = r->m->attr_lists.at[g->attrs].refused_call != NULL;
  if (uncallable) g->fn_flags |= FA_CALL_REFUSED;
  if (is_special(d)) {
    if (body) return kn_bc_malformed(r, "an intrinsic with a body");
    kn_bc_intrinsic_declare(r, g);
    return add_global(r, g);
  }
  const struct kn_bc_callconv *by = NULL;
  if (used) {
    if (op[3] != CC_C) {
      by = kn_bc_callconv_definition(r, op[3], is_local(d));
      if (!by) return false;
    }
    if (field(r, 12)) return kn_bc_unsupported(r, "prologue data");
    if (field(r, 15)) return kn_bc_unsupported(r, "prefix data");
    if (field(r, 10)) return kn_bc_unsupported(r, "a function with a garbage collector");
    if (field(r, 20)) return kn_bc_unsupported(r, "partitions");
    if (a && a->refused) return kn_bc_refuse(r, a->refused);
    if (g->fn_flags & FA_NO_RED_ZONE) {
      kiln_module_attrs attrs = kiln_module_get_attrs(r->module);
      attrs.no_red_zone = true;
      kiln_module_set_attrs(r->module, &attrs);
    }
  } else {
    by = kn_bc_callconv_declaration(r, op[3]);
  }
  if (by && by->sig_flags) g->fn_flags |= FA_SYSV;
  if (!plain_space(r, field(r, 18))) return false;
  d->desc.align_log2 = g->align_log2 == UINT8_MAX ? 0 : g->align_log2;
  d->desc.body = used;
  d->desc.no_plt = g->fn_flags & FA_HARDENED && kn_bc_harden_no_plt(a);
  unbind(r, &d->desc);
  kiln_sig sig;
  bool possible = r->types.at[g->type].possible == POSSIBLE_YES || kn_bc_sig_possible(r, g->type);
  if (!used && possible && (uncallable || kn_bc_result_refused(r, g->type)))
    possible = false; /* the latter with AVX, perhaps */
  if (used || possible) {
    if (!find_signature(r, g, by, used || copy, &sig) || !possible) return false;
    if (by && !kn_bc_callconv_sig(r, by, a, &sig)) return false;
  } else { /* the type matters only if it is called or defined */
    sig = kiln_sig_new(r->module, KILN_CC_C, 0, NULL, 0, NULL, 0);
  }
  g->symbol = kiln_func_declare(r->module, &d->desc, sig).id;
  if (g->sig == 0 || by) g->sig = sig.id;
  if (body && !KN_BC_PUSH(r, r->open->bodies, (struct kn_bc_body){.global = r->m->globals.n}))
    return false;
  return add_global(r, g);
}

/* [offset, size, type, cc, is_proto, linkage, attributes, align, section, visibility, gc,
 *  unnamed_addr, prologue, dll, comdat, prefix, personality, dso_local, space, partition's offset, its size, preferred
 *  alignment] */
bool kn_bc_global_function(struct kn_bc *r) {
  if (r->in.ops.n < 10) return kn_bc_malformed(r, "bad function");
  struct decl d = {.g.what = KILN_SYMBOL_FUNC};
  r->open->declared = &d.g;
  bool ok = function_record(r, &d);
  r->open->declared = NULL;
  return ok;
}

/* [offset, size, type, space, resolver, linkage, visibility, dso_local, partition's offset, its size] */
bool kn_bc_global_ifunc(struct kn_bc *r) {
  const uint64_t *op = r->in.ops.at;
  if (r->in.ops.n < 7) return kn_bc_malformed(r, "bad ifunc");
  struct decl d = {.g.what = KILN_SYMBOL_ALIAS};
  struct fields f = {op[5], op[6], 0, 0, field(r, 7), 0, 0};
  if (!describe(r, &d, &f)) return false;
  if (!plain_space(r, op[3]) || !ends(r, "ifunc", 10)) return false;
  if (field(r, 9)) return kn_bc_unsupported(r, "partitions");
  if (op[2] >= r->types.n || op[4] >= UINT32_MAX) return kn_bc_malformed(r, "bad ifunc");
  d.g.type = (uint32_t)op[2];
  d.g.init = (uint32_t)op[4] + 1;
  d.desc.resolver = true;
  d.g.attrs = r->m->aliases.n;
  return KN_BC_PUSH(r, r->open->aliases, d.desc) && add_global(r, &d.g);
}

/* [offset, size, type, space, aliasee, linkage, visibility, dll, tls, unnamed_addr, dso_local, partition's offset, its
 * size] */
bool kn_bc_global_alias(struct kn_bc *r) {
  const uint64_t *op = r->in.ops.at;
  if (r->in.ops.n < 6) return kn_bc_malformed(r, "bad alias");
  struct decl d = {.g.what = KILN_SYMBOL_ALIAS};
  struct fields f = {op[5], field(r, 6), 0, 0, field(r, 10), 0, field(r, 7)};
  if (!describe(r, &d, &f)) return false;
  if (!plain_space(r, op[3]) || !ends(r, "alias", 13) ||
      !below(r, "thread-local model", field(r, 8), 5) || !below(r, "unnamed_addr", field(r, 9), 3))
    return false;
  if (field(r, 12)) return kn_bc_unsupported(r, "partitions");
  if (op[2] >= r->types.n || op[4] >= UINT32_MAX) return kn_bc_malformed(r, "bad alias");
  d.g.type = (uint32_t)op[2];
  d.g.init = (uint32_t)op[4] + 1;
  d.desc.tls = (kiln_tls)field(r, 8);
  d.g.tls = (uint8_t)d.desc.tls;
  d.g.attrs = r->m->aliases.n;
  return KN_BC_PUSH(r, r->open->aliases, d.desc) && add_global(r, &d.g);
}
