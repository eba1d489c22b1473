/* The module block: target, sections, comdats, global variables, functions and aliases, and the
 * order of the blocks inside. Declares a symbol for each global at once; aliases and initialisers
 * wait for the module's constants (data.c).
 * Invariant: global values have the first value ids, in the order of their records. */
#include "bc.h"

/* ---- target ---- */

/* Copies a record of characters to `out`, cut to fit. */
static void text(const struct kn_bc *r, uint32_t from, char *out, size_t size) {
  size_t n = 0;
  for (uint32_t i = from; i < r->ops.n && n + 1 < size; i++) out[n++] = (char)r->ops.at[i];
  out[n] = 0;
}

bool kn_bc_triple(const struct kn_bc *r, kiln_target *out) {
  char triple[64];
  text(r, 0, triple, sizeof triple);
  size_t n = strcspn(triple, "-");
  triple[n] = 0;
  if (!strcmp(triple, "arm64")) strcpy(triple, "aarch64");
  if (!strcmp(triple, "amd64")) strcpy(triple, "x86_64");
  return kiln_target_find(triple, out);
}

static bool triple(struct kn_bc *r) {
  kiln_target t;
  if (!kn_bc_triple(r, &t)) return kn_bc_unsupported(r, "the target that the module names");
  if (t == r->target) return true;
  kn_bc_fail(r, KILN_ERR_ARGUMENT, "the bitcode is for target %s, the module for %s",
             kiln_target_name(t), kiln_target_name(r->target));
  return false;
}

static bool layout(struct kn_bc *r) {
  char s[256];
  text(r, 0, s, sizeof s);
  if (s[0] == 'E') return kn_bc_unsupported(r, "big-endian targets");
  if (strstr(s, "-p:32:32")) return kn_bc_unsupported(r, "32-bit pointers");
  if (r->wide_types && r->target == KILN_TARGET_X86_64 && !strstr(s, "i128:128"))
    return kn_bc_unsupported(r, "i128 aligned to 8 bytes (x86-64 before LLVM 18)");
  return true;
}

/* ---- names ---- */

/* Appends a NUL-terminated name; its offset, or UINT32_MAX. */
static uint32_t add_name(struct kn_bc *r, const char *s, uint64_t n) {
  uint32_t at = r->names.n;
  if (!KN_BC_ROOM(r, r->names, at + n + 1)) return UINT32_MAX;
  memcpy(r->names.at + at, s, n);
  r->names.at[at + n] = 0;
  r->names.n = (uint32_t)(at + n + 1);
  return at;
}

/* Checks a range of the string table. */
static bool in_strtab(struct kn_bc *r, uint64_t offset, uint64_t size) {
  if (offset <= r->strtab_size && size <= r->strtab_size - offset && size < UINT32_MAX) return true;
  return kn_bc_malformed(r, "a name outside the string table");
}

/* Forgets the kinds of functions: they have pointers into `names`. */
static void forget(struct kn_bc *r) {
  if (r->kinds) memset(r->kinds, 0, KN_BC_KINDS * sizeof *r->kinds);
}

static bool section(struct kn_bc *r) {
  uint32_t at = r->names.n;
  forget(r);
  if (!KN_BC_ROOM(r, r->names, (uint64_t)at + r->ops.n + 1)) return false;
  for (uint32_t i = 0; i < r->ops.n; i++) r->names.at[at + i] = (char)r->ops.at[i];
  r->names.at[at + r->ops.n] = 0;
  r->names.n = at + r->ops.n + 1;
  return KN_BC_PUSH(r, r->sections, at);
}

static bool comdat(struct kn_bc *r) {
  const uint64_t *op = r->ops.at;
  if (r->ops.n < 3) return kn_bc_malformed(r, "bad comdat");
  if (!in_strtab(r, op[0], op[1])) return false;
  if (op[2] != 1) return kn_bc_unsupported(r, "comdats other than \"any\"");
  forget(r);
  uint32_t at = add_name(r, r->strtab + op[0], op[1]);
  return at != UINT32_MAX && KN_BC_PUSH(r, r->comdats, at);
}

/* ---- global values ---- */

/* Fields that all kinds of globals have; UINT32_MAX: not there. */
struct fields {
  uint64_t linkage, visibility, section, comdat, dso_local, align;
};

static uint64_t field(const struct kn_bc *r, uint32_t i) { return i < r->ops.n ? r->ops.at[i] : 0; }

static bool linkage(struct kn_bc *r, uint64_t code, struct kn_bc_global *g) {
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
  g->desc.linkage = (kiln_linkage)table[code];
  if (code == 12) g->skip = 1; /* available_externally: a copy of what is defined elsewhere */
  return true;
}

static bool is_local(const struct kn_bc_global *g) {
  return g->desc.linkage == KILN_LINKAGE_INTERNAL || g->desc.linkage == KILN_LINKAGE_PRIVATE;
}

/* Sets the name of a global whose linkage is known. */
static bool name(struct kn_bc *r, struct kn_bc_global *g, uint64_t at, uint64_t size) {
  if (!in_strtab(r, at, size)) return false;
  if (size && r->strtab[at] == 1) at++, size--; /* "do not mangle" */
  g->name_length = (uint32_t)size;
  g->desc.name = size ? r->strtab + at : NULL;
  g->desc.name_length = size;
  if (size && memchr(g->desc.name, 0, size)) return kn_bc_malformed(r, "a NUL in a symbol's name");
  return size || is_local(g) || kn_bc_malformed(r, "a global without a name");
}

/* Fills in what all globals have. Offsets into `names` and `strtab` become pointers at once: names
 * of sections and comdats precede all globals. */
static bool describe(struct kn_bc *r, struct kn_bc_global *g, const struct fields *f) {
  if (!linkage(r, f->linkage, g) || !name(r, g, r->ops.at[0], r->ops.at[1])) return false;
  bool local = is_local(g);
  if (f->visibility > 2) return kn_bc_malformed(r, "unknown visibility");
  if (!local) g->desc.visibility = (kiln_visibility)f->visibility;
  g->desc.dso_local =
    f->dso_local || local || (g->desc.visibility != KILN_VIS_DEFAULT && f->linkage != 7);
  if (f->section) {
    if (f->section > r->sections.n) return kn_bc_malformed(r, "section number out of range");
    g->desc.section = r->names.at + r->sections.at[f->section - 1];
  }
  if (f->comdat) {
    if (f->comdat > r->comdats.n) return kn_bc_malformed(r, "comdat number out of range");
    g->desc.comdat = r->names.at + r->comdats.at[f->comdat - 1];
  } else if (g->desc.linkage == KILN_LINKAGE_LINKONCE) {
    g->desc.linkage = KILN_LINKAGE_WEAK;
  }
  if (f->align > 33) return kn_bc_malformed(r, "bad alignment");
  if (f->align > 17) {
    kn_bc_fail(r, KILN_ERR_LIMIT, "an alignment of more than 65536");
    return false;
  }
  g->align_log2 = f->align ? (uint8_t)(f->align - 1) : UINT8_MAX;
  return true;
}

/* Adds a global, which gets the next value id. */
static bool add_global(struct kn_bc *r, const struct kn_bc_global *g) {
  if (r->data_defined) return kn_bc_malformed(r, "a global behind the functions' bodies");
  if (r->ptr_type == UINT32_MAX) return kn_bc_malformed(r, "a global, but no pointer type");
  if (!kn_bc_room_vals(r, (uint64_t)r->n_vals + 1)) return false;
  if (g->tls) r->has_tls = true;
  r->csts[r->n_vals] = (struct kn_bc_cst){.kind = CK_GLOBAL, .index = r->globals.n};
  r->vals[r->n_vals] = (struct kn_bc_val){0, r->ptr_type | (uint32_t)VS_CONST << 24};
  if (!KN_BC_PUSH(r, r->globals, *g)) return false;
  r->globals.at[r->globals.n - 1].value = r->n_vals++;
  return true;
}

/* Is the name of global `g` equal to `s`? */
static bool named(const struct kn_bc_global *g, const char *s) {
  return g->name_length == strlen(s) && !memcmp(g->desc.name, s, g->name_length);
}

/* [offset, size, type, const | explicit << 1 | space << 2, init + 1, linkage, align, section,
 *  visibility, tls, unnamed_addr, ext_init, dll, comdat, attributes, dso_local, ...] */
static bool variable(struct kn_bc *r) {
  const uint64_t *op = r->ops.at;
  if (r->ops.n < 8) return kn_bc_malformed(r, "bad global variable");
  struct kn_bc_global g = {.what = KILN_SYMBOL_DATA};
  struct fields f = {op[5], field(r, 8), op[7], field(r, 13), field(r, 15), op[6]};
  if (!describe(r, &g, &f)) return false;
  if (!(op[3] & 2)) return kn_bc_unsupported(r, "typed pointers (bitcode older than LLVM 15)");
  if (op[3] >> 2) return kn_bc_unsupported(r, "address spaces");
  if (op[2] >= r->n_types) return kn_bc_malformed(r, "type number out of range");
  g.type = (uint32_t)op[2];
  if (op[4] > UINT32_MAX) return kn_bc_malformed(r, "value number out of range");
  g.init = (uint32_t)op[4];
  uint64_t tls = field(r, 9);
  if (tls > 4) return kn_bc_malformed(r, "unknown thread-local model");
  g.tls = (uint8_t)tls;
  g.desc.tls = (kiln_tls)tls;
  if (op[3] & 1) g.data_flags |= KILN_DATA_READ_ONLY;
  if (field(r, 10) == 1) g.data_flags |= KILN_DATA_MERGE_STRINGS; /* data.c looks at the rest */
  bool special = g.name_length > 5 && !memcmp(g.desc.name, "llvm.", 5);
  if (special || (g.desc.section && !strcmp(g.desc.section, "llvm.metadata"))) {
    bool known = named(&g, "llvm.used") || named(&g, "llvm.compiler.used") ||
                 named(&g, "llvm.global_ctors") || named(&g, "llvm.global_dtors") ||
                 named(&g, "llvm.global.annotations") || !special;
    if (!known) return kn_bc_unsupported(r, "a special global variable");
    return add_global(r, &g);
  }
  if (g.init && !kn_bc_sized(r, g.type)) return false;
  if (g.align_log2 == UINT8_MAX) g.align_log2 = r->types[g.type].align_log2;
  g.desc.align_log2 = g.align_log2;
  g.desc.body = g.init && !g.skip;
  g.symbol = kiln_data_declare(r->module, &g.desc).id;
  return add_global(r, &g);
}

/* ---- functions ---- */

static bool is_special(const struct kn_bc_global *g) {
  return g->name_length > 5 && !memcmp(g->desc.name, "llvm.", 5);
}

/* A function's record of which only the head was decoded. */
struct raw {
  uint64_t n, name, length; /* operands; the name's place */
  uint64_t pos;             /* of what is behind the name */
  uint64_t first;           /* 57 bits of that */
};

#define WINDOW ((UINT64_C(1) << 57) - 1)

/* Takes a vbr 6 number from a window; one that does not fit leaves *used too large. */
static inline uint64_t take(uint64_t *w, unsigned *used) {
  uint64_t v = 0, chunk;
  unsigned shift = 0;
  do {
    chunk = *w & 63;
    *w >>= 6;
    *used += 6;
    v |= (chunk & 31) << shift;
    shift += 5;
  } while (chunk & 32 && shift < 50);
  if (chunk & 32) *used = 64;
  return v;
}

/* Looks at the record at `pos`; false if it is none of a function, or unusual. */
static bool raw_function(const struct kn_bc *r, uint64_t pos, struct raw *out) {
  uint64_t w = kn_bits_peek(&r->bits, pos);
  unsigned used = 0;
  if ((w & ((UINT64_C(1) << r->width) - 1)) != BC_UNABBREV ||
      (w >> r->width & 63) != MODULE_FUNCTION)
    return false;
  pos += r->width + 6;
  w = kn_bits_peek(&r->bits, pos);
  out->n = take(&w, &used);
  out->name = take(&w, &used);
  out->length = take(&w, &used);
  out->pos = pos + used;
  out->first = kn_bits_peek(&r->bits, out->pos) & WINDOW;
  return used <= 57 && pos < r->bits.end;
}

/* The entry where a function of that kind is, or would be. */
static struct kn_bc_function_kind *kind_of(const struct kn_bc *r, const struct raw *w) {
  return r->kinds + (w->first * UINT64_C(0x9e3779b97f4a7c15) >> 58);
}
_Static_assert(KN_BC_KINDS == 1 << (64 - 58), "the upper bits of a hash choose a kind");

/* Notes the kind of the function whose record was just read, which will be the next global. */
static bool remember(struct kn_bc *r, kiln_sig sig, bool body) {
  struct raw w;
  uint32_t none = 0;
  if (!r->kinds) {
    if (!kn_bc_grow(r, &r->kinds, &none, KN_BC_KINDS, sizeof *r->kinds)) return false;
    memset(r->kinds, 0, KN_BC_KINDS * sizeof *r->kinds);
  }
  if (!raw_function(r, r->record_pos, &w)) return true;
  uint64_t bits = r->bits.pos - w.pos; /* more than two windows, usually */
  if (bits <= 57 || bits > 3 * 57) return true;
  struct kn_bc_function_kind k = {.first = w.first, .global = r->globals.n, .sig = sig};
  k.n_ops = (uint32_t)w.n;
  k.n_bits = (uint32_t)bits;
  k.body = body;
  k.masks[0] = bits >= 2 * 57 ? WINDOW : WINDOW >> (2 * 57 - bits);
  k.masks[1] = bits > 2 * 57 ? WINDOW >> (3 * 57 - bits) : 0;
  for (unsigned i = 0; i < 2; i++)
    k.rest[i] = kn_bits_peek(&r->bits, w.pos + 57 * (i + 1)) & k.masks[i];
  *kind_of(r, &w) = k;
  return true;
}

/* Reads a function whose record is like an earlier one; false if it is none, or after an error. */
static bool known_function(struct kn_bc *r) {
  struct raw w;
  if (!r->kinds || !raw_function(r, r->bits.pos, &w)) return false;
  const struct kn_bc_function_kind *k = kind_of(r, &w);
  if (!k->n_ops || k->n_ops != w.n || k->first != w.first || w.pos + k->n_bits > r->bits.end)
    return false;
  for (unsigned i = 0; i < 2; i++)
    if ((kn_bits_peek(&r->bits, w.pos + 57 * (i + 1)) & k->masks[i]) != k->rest[i]) return false;
  struct kn_bc_global g = r->globals.at[k->global];
  r->record_pos = r->bits.pos;
  if (!name(r, &g, w.name, w.length) || is_special(&g)) return false;
  r->bits.pos = w.pos + k->n_bits;
  g.symbol = kiln_func_declare(r->module, &g.desc, k->sig).id;
  if (!g.symbol) r->status = kiln_module_status(r->module);
  if (k->body && !KN_BC_PUSH(r, r->bodies, (struct kn_bc_body){0, r->globals.n})) return false;
  return add_global(r, &g) && r->status == KILN_OK;
}

/* [offset, size, type, cc, is_proto, linkage, attributes, align, section, visibility, gc,
 *  unnamed_addr, prologue, dll, comdat, prefix, personality, dso_local, ...] */
static bool function(struct kn_bc *r) {
  const uint64_t *op = r->ops.at;
  if (r->ops.n < 10) return kn_bc_malformed(r, "bad function");
  struct kn_bc_global g = {.what = KILN_SYMBOL_FUNC};
  struct fields f = {op[5], op[9], op[8], field(r, 14), field(r, 17), op[7]};
  if (!describe(r, &g, &f)) return false;
  if (op[2] >= r->n_types || r->types[op[2]].kind != TK_FUNC)
    return kn_bc_malformed(r, "a function's type is none");
  g.type = (uint32_t)op[2];
  bool body = !op[4];
  uint64_t cc = op[3];
  if (op[6] && op[6] >= r->lists.n) return kn_bc_malformed(r, "attribute list out of range");
  g.attrs = op[6] ? r->lists.at[op[6]].same : 0;
  const struct kn_bc_attr *a = kn_bc_attr(r, g.attrs, KN_BC_FUNC_INDEX);
  if (a) g.fn_flags = a->flags;
  if (is_special(&g)) {
    if (body) return kn_bc_malformed(r, "an intrinsic with a body");
    g.intrinsic = (uint16_t)kn_bc_intrinsic_find(g.desc.name + 5, g.name_length - 5);
    if (kn_bc_intrinsic_traps(g.intrinsic)) r->has_trap = true;
    return add_global(r, &g);
  }
  if (body && !g.skip) {
    if (!kn_bc_cc(cc)) return kn_bc_unsupported(r, "this calling convention");
    if (field(r, 12)) return kn_bc_unsupported(r, "prologue data");
    if (field(r, 15)) return kn_bc_unsupported(r, "prefix data");
    if (g.fn_flags & FA_NAKED) return kn_bc_unsupported(r, "naked functions");
  }
  g.desc.align_log2 = g.align_log2 == UINT8_MAX ? 0 : g.align_log2;
  g.desc.body = body && !g.skip;
  kiln_sig none = {0};
  struct kn_bc_sig *sig = NULL;
  unsigned flags = g.fn_flags | (body && !g.skip ? KN_BC_SIG_DEFINITION : 0u);
  if (kn_bc_sig_possible(r, g.type)) { /* else the type matters only if it is called or defined */
    sig = kn_bc_sig(r, g.type, g.attrs, flags);
    if (!sig) return false;
  } else if (body && !g.skip) {
    kn_bc_sig(r, g.type, g.attrs, flags); /* reports */
    return false;
  } else {
    none = kiln_sig_new(r->module, KILN_CC_C, 0, NULL, 0, NULL, 0);
  }
  kiln_sig declared = sig ? sig->sig : none;
  g.symbol = kiln_func_declare(r->module, &g.desc, declared).id;
  if (!remember(r, declared, body)) return false;
  if (body && !KN_BC_PUSH(r, r->bodies, (struct kn_bc_body){0, r->globals.n})) return false;
  return add_global(r, &g);
}

/* [offset, size, type, space, aliasee, linkage, visibility, dll, tls, unnamed_addr, dso_local] */
static bool alias(struct kn_bc *r) {
  const uint64_t *op = r->ops.at;
  if (r->ops.n < 6) return kn_bc_malformed(r, "bad alias");
  struct kn_bc_global g = {.what = KILN_SYMBOL_ALIAS};
  struct fields f = {op[5], field(r, 6), 0, 0, field(r, 10), 0};
  if (!describe(r, &g, &f)) return false;
  if (op[3]) return kn_bc_unsupported(r, "address spaces");
  if (op[2] >= r->n_types || op[4] >= UINT32_MAX) return kn_bc_malformed(r, "bad alias");
  g.type = (uint32_t)op[2];
  g.init = (uint32_t)op[4] + 1;
  g.desc.tls = (kiln_tls)(field(r, 8) <= 4 ? field(r, 8) : 0);
  g.tls = (uint8_t)g.desc.tls;
  return add_global(r, &g);
}

/* ---- the block ---- */

static bool record(struct kn_bc *r) {
  switch (r->code) {
  case MODULE_VERSION:
    if (r->ops.n < 1 || r->ops.at[0] != 2)
      return kn_bc_unsupported(r, "bitcode of this version (only version 2 is)");
    r->version_seen = true;
    return true;
  case MODULE_TRIPLE: return triple(r);
  case MODULE_DATALAYOUT: return layout(r);
  case MODULE_ASM: return kn_bc_unsupported(r, "module-level assembly");
  case MODULE_SECTIONNAME: return section(r);
  case MODULE_COMDAT: return comdat(r);
  case MODULE_GLOBALVAR: return variable(r);
  case MODULE_FUNCTION: return function(r);
  case MODULE_ALIAS: return alias(r);
  case MODULE_ALIAS_OLD: return kn_bc_unsupported(r, "aliases in an old form");
  case MODULE_IFUNC: return kn_bc_unsupported(r, "ifuncs");
  case MODULE_SOURCE_FILENAME: text(r, 0, r->source, sizeof r->source); return true;
  default: return true;
  }
}

/* A function's body, which is the next in the order of the functions that have one: reads it, or notes
 * where it is. Bodies that are not to be used are left out. */
static bool function_block(struct kn_bc *r) {
  if (!r->data_defined && !kn_bc_define_data(r)) return false;
  if (r->next_body >= r->bodies.n) return kn_bc_malformed(r, "a body without a function");
  uint32_t global = r->bodies.at[r->next_body++].global;
  bool skip = r->globals.at[global].skip;
  if (!r->later && !skip) return kn_bc_read_function(r, global);
  if (!skip) r->bodies.at[r->n_noted++] = (struct kn_bc_body){r->bits.pos, global};
  return kn_bc_skip(r);
}

static bool block(struct kn_bc *r, uint32_t id) {
  if (!r->version_seen && id != BLOCK_INFO)
    return kn_bc_unsupported(r, "bitcode without a version");
  switch (id) {
  case BLOCK_INFO: return kn_bc_read_blockinfo(r);
  case BLOCK_TYPE: return kn_bc_read_types(r);
  case BLOCK_PARAMATTR_GROUP: return kn_bc_read_attr_groups(r);
  case BLOCK_PARAMATTR: return kn_bc_read_attr_lists(r);
  case BLOCK_CONSTANTS:
    if (r->data_defined) return kn_bc_malformed(r, "constants behind the functions' bodies");
    return kn_bc_read_constants(r);
  case BLOCK_METADATA: /* read when the first location turns up */
    if (!r->metadata_pos) r->metadata_pos = r->bits.pos;
    return kn_bc_skip(r);
  case BLOCK_FUNCTION: return function_block(r);
  default: return kn_bc_skip(r);
  }
}

bool kn_bc_read_module(struct kn_bc *r) {
  struct kn_bc_saved saved;
  uint32_t id;
  if (!kn_bc_enter(r, BLOCK_MODULE, &saved)) return false;
  for (;;) {
    while (known_function(r)) {
    }
    switch (kn_bc_next(r, &id)) {
    case ENTRY_ERROR: return false;
    case ENTRY_END:
      kn_bc_leave(r, &saved);
      if (!r->data_defined && r->status == KILN_OK) kn_bc_define_data(r);
      if (r->status == KILN_OK && r->next_body != r->bodies.n)
        return kn_bc_malformed(r, "a function's body is missing");
      r->bodies.n = r->n_noted;
      return r->status == KILN_OK;
    case ENTRY_BLOCK:
      if (!block(r, id)) return false;
      break;
    case ENTRY_RECORD:
      if (!record(r)) return false;
      if (kiln_module_status(r->module) != KILN_OK) {
        r->status = kiln_module_status(r->module);
        return false;
      }
      break;
    }
  }
}
