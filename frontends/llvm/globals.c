/* Records of global values: variables, functions, aliases. Declares a symbol for each variable and
 * function at once; aliases and initialisers wait for the module's constants (data.c). module.c calls.
 * Large modules have many records that are alike: a record that equals an earlier one but for what is
 * at its head is not decoded again.
 * Invariant: global values have the first value ids, in the order of their records. */
#include "bc.h"

/* ---- what all kinds of globals have ---- */

struct fields {
  uint64_t linkage, visibility, section, comdat, dso_local, align;
};

static uint64_t field(const struct kn_bc *r, uint32_t i) { return i < r->ops.n ? r->ops.at[i] : 0; }

static bool linkage(struct kn_bc *r, uint64_t code, struct kn_bc_decl *d) {
  static const uint8_t table[20] = {
    [0] = KILN_LINKAGE_EXTERNAL,  [1] = KILN_LINKAGE_WEAK,      [2] = KILN_LINKAGE_EXTERNAL,
    [3] = KILN_LINKAGE_INTERNAL,  [4] = KILN_LINKAGE_LINKONCE,  [5] = KILN_LINKAGE_EXTERNAL,
    [6] = KILN_LINKAGE_EXTERNAL,  [7] = KILN_LINKAGE_WEAK,      [8] = KILN_LINKAGE_COMMON,
    [9] = KILN_LINKAGE_PRIVATE,   [10] = KILN_LINKAGE_WEAK,     [11] = KILN_LINKAGE_LINKONCE,
    [12] = KILN_LINKAGE_EXTERNAL, [13] = KILN_LINKAGE_PRIVATE,  [14] = KILN_LINKAGE_PRIVATE,
    [15] = KILN_LINKAGE_EXTERNAL, [16] = KILN_LINKAGE_WEAK,     [17] = KILN_LINKAGE_WEAK,
    [18] = KILN_LINKAGE_LINKONCE, [19] = KILN_LINKAGE_LINKONCE,
  };
  if (code >= sizeof table) return kn_bc_malformed(r, "unknown linkage");
  d->desc.linkage = (kiln_linkage)table[code];
  if (code == 12) d->g.skip = 1; /* available_externally: a copy of what is defined elsewhere */
  return true;
}

static bool is_local(const struct kn_bc_decl *d) {
  return d->desc.linkage == KILN_LINKAGE_INTERNAL || d->desc.linkage == KILN_LINKAGE_PRIVATE;
}

/* Sets the name, which is a range of the string table, of a global whose linkage is known. */
static bool name(struct kn_bc *r, struct kn_bc_decl *d, uint64_t at, uint64_t size) {
  if (at > r->strtab_size || size > r->strtab_size - at || size >= UINT32_MAX)
    return kn_bc_malformed(r, "a name outside the string table");
  if (size && r->strtab[at] == 1) at++, size--; /* "do not mangle" */
  d->g.name = d->desc.name = size ? r->strtab + at : NULL;
  d->g.name_length = (uint32_t)size;
  d->desc.name_length = size;
  return size || is_local(d) || kn_bc_malformed(r, "a global without a name");
}

/* Fills in what all globals have. Offsets into `names` and `strtab` become pointers at once: names
 * of sections and comdats precede all globals. */
static bool describe(struct kn_bc *r, struct kn_bc_decl *d, const struct fields *f) {
  if (!linkage(r, f->linkage, d) || !name(r, d, r->ops.at[0], r->ops.at[1])) return false;
  bool local = is_local(d);
  if (f->visibility > 2) return kn_bc_malformed(r, "unknown visibility");
  if (!local) d->desc.visibility = (kiln_visibility)f->visibility;
  d->desc.dso_local =
    f->dso_local || local || (d->desc.visibility != KILN_VIS_DEFAULT && f->linkage != 7);
  if (f->section) {
    if (f->section > r->sections.n) return kn_bc_malformed(r, "section number out of range");
    d->desc.section = r->names.at + r->sections.at[f->section - 1];
  }
  if (f->comdat) {
    if (f->comdat > r->comdats.n) return kn_bc_malformed(r, "comdat number out of range");
    d->desc.comdat = r->names.at + r->comdats.at[f->comdat - 1];
  } else if (d->desc.linkage == KILN_LINKAGE_LINKONCE) {
    d->desc.linkage = KILN_LINKAGE_WEAK;
  }
  if (f->align > 33) return kn_bc_malformed(r, "bad alignment");
  if (f->align > 17) {
    kn_bc_fail(r, KILN_ERR_LIMIT, "an alignment of more than 65536");
    return false;
  }
  d->g.align_log2 = f->align ? (uint8_t)(f->align - 1) : UINT8_MAX;
  d->g.plain_local = local && !d->desc.section && !d->desc.comdat;
  return true;
}

/* Adds a global, which gets the next value id. */
static inline bool add_global(struct kn_bc *r, const struct kn_bc_global *g) {
  uint32_t id = r->n_vals;
  if (r->data_defined) return kn_bc_malformed(r, "a global behind the functions' bodies");
  if (r->ptr_type == UINT32_MAX) return kn_bc_malformed(r, "a global, but no pointer type");
  if ((id >= r->cap_vals || id >= r->cap_csts) && !kn_bc_room_vals(r, (uint64_t)id + 1))
    return false;
  if (g->tls) r->has_tls = true;
  r->csts[id] = (struct kn_bc_cst){.kind = CK_GLOBAL, .index = r->globals.n};
  r->vals[id] = (struct kn_bc_val){0, r->ptr_type | (uint32_t)VS_CONST << 24};
  r->n_vals = id + 1;
  return KN_BC_PUSH(r, r->globals, *g);
}

/* ---- records like earlier ones ---- */

/* A record of which only the head was decoded. */
struct raw {
  uint64_t code, n;           /* n: operands */
  uint64_t name, length;      /* in the string table */
  uint64_t type, flags, init; /* variables; functions: 0 */
  uint64_t pos;               /* of what is behind these */
  uint64_t first;             /* 57 bits of that */
};

#define WINDOW ((UINT64_C(1) << 57) - 1)

/* Takes a vbr 6 number of up to eight chunks from a window; a longer one makes *used too large. */
static inline uint64_t take(uint64_t *w, unsigned *used) {
  uint64_t v = *w & 31;
  if (KN_LIKELY(!(*w & 32))) {
    *w >>= 6;
    *used += 6;
    return v;
  }
  uint64_t ends = ~*w & UINT64_C(0x820820820820); /* the top bits of last chunks */
  if (!ends) {
    *used = 64;
    return 0;
  }
  unsigned bits = (unsigned)__builtin_ctzll(ends) + 1;
  v = *w & (ends ^ (ends - 1));
  v = (v & UINT64_C(0x01f01f01f01f)) | (v >> 1 & UINT64_C(0x3e03e03e03e0));
  v = (v & UINT64_C(0x0003ff0003ff)) | (v >> 2 & UINT64_C(0x0ffc000ffc00));
  *w >>= bits;
  *used += bits;
  return (v & UINT64_C(0xfffff)) | (v >> 4 & UINT64_C(0xfffff00000));
}

/* Looks at the record at `pos`; false if it is none of a variable or function, or unusual. */
static inline __attribute__((always_inline)) bool look(const struct kn_bc *r, uint64_t pos,
                                                       struct raw *out) {
  uint64_t w = kn_bits_peek(&r->bits, pos);
  if ((w & ((UINT64_C(1) << r->width) - 1)) != BC_UNABBREV) return false;
  unsigned used = r->width + 6;
  out->code = w >> r->width & 63;
  if (out->code != MODULE_FUNCTION && out->code != MODULE_GLOBALVAR) return false;
  w >>= used;
  out->n = take(&w, &used);
  out->name = take(&w, &used);
  out->length = take(&w, &used);
  if (used > 57) return false;
  pos += used;
  out->type = out->flags = out->init = 0;
  if (out->code == MODULE_GLOBALVAR) {
    used = 0;
    w = kn_bits_peek(&r->bits, pos);
    out->type = take(&w, &used);
    out->flags = take(&w, &used);
    out->init = take(&w, &used);
    if (used > 57) return false;
    pos += used;
  }
  out->pos = pos;
  out->first = kn_bits_peek(&r->bits, pos) & WINDOW;
  return pos < r->bits.end;
}

/* The entry where a record of that kind is, or would be. */
static inline struct kn_bc_record_kind *kind_of(const struct kn_bc *r, const struct raw *w) {
  uint64_t h = (w->first ^ w->flags << 57 ^ w->code << 60) * UINT64_C(0x9e3779b97f4a7c15);
  return r->kinds + (h >> 59);
}
_Static_assert(KN_BC_KINDS == 1 << (64 - 59), "the upper bits of a hash choose a kind");

/* Notes the kind of the record that was just read. */
static bool remember(struct kn_bc *r, const struct kn_bc_decl *d, kiln_sig sig, bool body,
                     bool default_align) {
  struct raw w;
  uint32_t none = 0;
  if (!r->kinds) {
    if (!kn_bc_grow(r, &r->kinds, &none, KN_BC_KINDS, sizeof *r->kinds)) return false;
    kn_bc_forget_kinds(r);
  }
  if (!look(r, r->record_pos, &w)) return true;
  uint64_t bits = r->bits.pos - w.pos;
  if (bits <= 57 || bits > 3 * 57) return true;
  struct kn_bc_record_kind *k = kind_of(r, &w);
  *k = (struct kn_bc_record_kind){.decl = *d, .sig = sig, .first = w.first};
  k->code = (uint8_t)w.code;
  k->flags = (uint32_t)w.flags;
  k->n_ops = (uint32_t)w.n;
  k->n_bits = (uint32_t)bits;
  k->body = body;
  k->default_align = default_align;
  k->masks[0] = bits >= 2 * 57 ? WINDOW : WINDOW >> (2 * 57 - bits);
  k->masks[1] = bits > 2 * 57 ? WINDOW >> (3 * 57 - bits) : 0;
  for (unsigned i = 0; i < 2; i++)
    k->rest[i] = kn_bits_peek(&r->bits, w.pos + 57 * (i + 1)) & k->masks[i];
  return true;
}

void kn_bc_forget_kinds(struct kn_bc *r) {
  if (r->kinds) memset(r->kinds, 0, KN_BC_KINDS * sizeof *r->kinds);
}

static bool is_special(const struct kn_bc_global *g) {
  return g->name_length > 5 && !memcmp(g->name, "llvm.", 5);
}

/* Reads a record that is like an earlier one; false if it is not, or after an error. */
static inline __attribute__((always_inline)) bool known(struct kn_bc *r) {
  struct raw w;
  if (!look(r, r->bits.pos, &w)) return false;
  struct kn_bc_record_kind *k = kind_of(r, &w);
  if (!k->n_ops || k->n_ops != w.n || k->first != w.first || k->code != w.code ||
      k->flags != w.flags || w.pos + k->n_bits > r->bits.end)
    return false;
  for (unsigned i = 0; i < 2; i++)
    if ((kn_bits_peek(&r->bits, w.pos + 57 * (i + 1)) & k->masks[i]) != k->rest[i]) return false;
  struct kn_bc_decl *d = &k->decl;
  r->record_pos = r->bits.pos;
  if (!name(r, d, w.name, w.length) || is_special(&d->g)) return false;
  if (w.code == MODULE_FUNCTION) {
    d->g.symbol = kiln_func_declare(r->module, &d->desc, k->sig).id;
    if (k->body && !KN_BC_PUSH(r, r->bodies, (struct kn_bc_body){0, r->globals.n})) return false;
  } else {
    if (w.type >= r->n_types || w.init > UINT32_MAX || !w.init != !d->g.init) return false;
    d->g.type = (uint32_t)w.type;
    d->g.init = (uint32_t)w.init;
    if (w.init && !kn_bc_sized(r, d->g.type)) return false;
    if (k->default_align) d->g.align_log2 = d->desc.align_log2 = r->types[w.type].align_log2;
    d->g.symbol = kiln_data_declare(r->module, &d->desc).id;
  }
  if (!d->g.symbol) r->status = kiln_module_status(r->module);
  r->bits.pos = w.pos + k->n_bits;
  return add_global(r, &d->g) && r->status == KILN_OK;
}

void kn_bc_known_globals(struct kn_bc *r) {
  while (r->kinds && known(r)) {
  }
}

/* ---- records ---- */

/* Is the name of global `g` equal to `s`? */
static bool named(const struct kn_bc_global *g, const char *s) {
  return g->name_length == strlen(s) && !memcmp(g->name, s, g->name_length);
}

/* What a JIT's module only refers to may be the process's own, which is not copied into the program as a
 * linker does. */
static void unbind(const struct kn_bc *r, kiln_symbol_desc *d) {
  if (!d->body && d->visibility == KILN_VIS_DEFAULT && kiln_module_jit(r->module))
    d->dso_local = false;
}

/* [offset, size, type, const | explicit << 1 | space << 2, init + 1, linkage, align, section,
 *  visibility, tls, unnamed_addr, ext_init, dll, comdat, attributes, dso_local, ...] */
bool kn_bc_global_variable(struct kn_bc *r) {
  const uint64_t *op = r->ops.at;
  if (r->ops.n < 8) return kn_bc_malformed(r, "bad global variable");
  struct kn_bc_decl d = {.g.what = KILN_SYMBOL_DATA};
  struct fields f = {op[5], field(r, 8), op[7], field(r, 13), field(r, 15), op[6]};
  if (!describe(r, &d, &f)) return false;
  if (!(op[3] & 2)) return kn_bc_unsupported(r, "typed pointers (bitcode older than LLVM 15)");
  if (op[3] >> 2) return kn_bc_unsupported(r, "address spaces");
  if (op[2] >= r->n_types) return kn_bc_malformed(r, "type number out of range");
  d.g.type = (uint32_t)op[2];
  if (op[4] > UINT32_MAX) return kn_bc_malformed(r, "value number out of range");
  d.g.init = (uint32_t)op[4];
  uint64_t tls = field(r, 9);
  if (tls > 4) return kn_bc_malformed(r, "unknown thread-local model");
  d.g.tls = (uint8_t)tls;
  d.desc.tls = (kiln_tls)tls;
  if (op[3] & 1) d.g.data_flags |= KILN_DATA_READ_ONLY;
  if (field(r, 10) == 1) d.g.data_flags |= KILN_DATA_MERGE_STRINGS; /* data.c looks at the rest */
  bool special = is_special(&d.g);
  if (special || (d.desc.section && !strcmp(d.desc.section, "llvm.metadata"))) {
    bool known = named(&d.g, "llvm.used") || named(&d.g, "llvm.compiler.used") ||
                 named(&d.g, "llvm.global_ctors") || named(&d.g, "llvm.global_dtors") ||
                 named(&d.g, "llvm.global.annotations") || !special;
    if (!known) return kn_bc_unsupported(r, "a special global variable");
    return add_global(r, &d.g);
  }
  if (d.g.init && !kn_bc_sized(r, d.g.type)) return false;
  bool default_align = d.g.align_log2 == UINT8_MAX;
  if (default_align) d.g.align_log2 = r->types[d.g.type].align_log2;
  d.desc.align_log2 = d.g.align_log2;
  d.desc.body = d.g.init && !d.g.skip;
  unbind(r, &d.desc);
  d.g.symbol = kiln_data_declare(r->module, &d.desc).id;
  return remember(r, &d, (kiln_sig){0}, false, default_align) && add_global(r, &d.g);
}

/* [offset, size, type, cc, is_proto, linkage, attributes, align, section, visibility, gc,
 *  unnamed_addr, prologue, dll, comdat, prefix, personality, dso_local, ...] */
bool kn_bc_global_function(struct kn_bc *r) {
  const uint64_t *op = r->ops.at;
  if (r->ops.n < 10) return kn_bc_malformed(r, "bad function");
  struct kn_bc_decl d = {.g.what = KILN_SYMBOL_FUNC};
  struct fields f = {op[5], op[9], op[8], field(r, 14), field(r, 17), op[7]};
  if (!describe(r, &d, &f)) return false;
  struct kn_bc_global *g = &d.g;
  if (op[2] >= r->n_types || r->types[op[2]].kind != TK_FUNC)
    return kn_bc_malformed(r, "a function's type is none");
  g->type = (uint32_t)op[2];
  bool body = !op[4], used = body && !g->skip;
  if (op[6] && op[6] >= r->lists.n) return kn_bc_malformed(r, "attribute list out of range");
  g->attrs = op[6] ? r->lists.at[op[6]].same : 0;
  const struct kn_bc_attr *a = kn_bc_attr(r, g->attrs, KN_BC_FUNC_INDEX);
  if (a) g->fn_flags = a->flags;
  if (is_special(g)) {
    if (body) return kn_bc_malformed(r, "an intrinsic with a body");
    g->intrinsic = (uint16_t)kn_bc_intrinsic_find(g->name + 5, g->name_length - 5);
    if (kn_bc_intrinsic_traps(g->intrinsic)) r->has_trap = true;
    return add_global(r, g);
  }
  if (used) {
    if (!kn_bc_cc(op[3])) return kn_bc_unsupported(r, "this calling convention");
    if (field(r, 12)) return kn_bc_unsupported(r, "prologue data");
    if (field(r, 15)) return kn_bc_unsupported(r, "prefix data");
    if (g->fn_flags & FA_NAKED) return kn_bc_unsupported(r, "naked functions");
  }
  d.desc.align_log2 = g->align_log2 == UINT8_MAX ? 0 : g->align_log2;
  d.desc.body = used;
  unbind(r, &d.desc);
  kiln_sig sig;
  bool possible = kn_bc_sig_possible(r, g->type);
  if (used || possible) {
    const struct kn_bc_sig *s = /* reports what is not possible */
      kn_bc_sig(r, g->type, g->attrs, g->fn_flags | (used ? KN_BC_SIG_DEFINITION : 0u));
    if (!s || !possible) return false;
    sig = s->sig;
  } else { /* the type matters only if it is called or defined */
    sig = kiln_sig_new(r->module, KILN_CC_C, 0, NULL, 0, NULL, 0);
  }
  g->symbol = kiln_func_declare(r->module, &d.desc, sig).id;
  if (!remember(r, &d, sig, body, false)) return false;
  if (body && !KN_BC_PUSH(r, r->bodies, (struct kn_bc_body){0, r->globals.n})) return false;
  return add_global(r, g);
}

/* [offset, size, type, space, aliasee, linkage, visibility, dll, tls, unnamed_addr, dso_local] */
bool kn_bc_global_alias(struct kn_bc *r) {
  const uint64_t *op = r->ops.at;
  if (r->ops.n < 6) return kn_bc_malformed(r, "bad alias");
  struct kn_bc_decl d = {.g.what = KILN_SYMBOL_ALIAS};
  struct fields f = {op[5], field(r, 6), 0, 0, field(r, 10), 0};
  if (!describe(r, &d, &f)) return false;
  if (op[3]) return kn_bc_unsupported(r, "address spaces");
  if (op[2] >= r->n_types || op[4] >= UINT32_MAX) return kn_bc_malformed(r, "bad alias");
  d.g.type = (uint32_t)op[2];
  d.g.init = (uint32_t)op[4] + 1;
  d.desc.tls = (kiln_tls)(field(r, 8) <= 4 ? field(r, 8) : 0);
  d.g.tls = (uint8_t)d.desc.tls;
  d.g.attrs = r->aliases.n;
  return KN_BC_PUSH(r, r->aliases, d.desc) && add_global(r, &d.g);
}
