/* Kinds of metadata, and what is attached to functions, variables and instructions. A module names the kinds and gives
 * them its own numbers: usually LLVM's, then those of the producer. So kinds are known by name. Metadata may be
 * dropped, as LLVM's definition says: those of a kind that Kiln does not know are, and counted. Called by module.c,
 * metadata.c, body.c and debug/. Invariant: the position in the file is what it was. */
#include "debug/debug.h"

/* ---- what is not known ---- */

/* Notes metadata that Kiln does not know, which have this name: index + 1; 0 after an error. */
static uint32_t note(struct kn_bc *r, const char *name) {
  struct kn_bc_module *m = r->open;
  const size_t n = strlen(name) + 1;
  if (!KN_BC_ROOM(r, m->unknown_names, (uint64_t)m->unknown_names.n + n)) return 0;
  memcpy(m->unknown_names.at + m->unknown_names.n, name, n);
  if (!KN_BC_PUSH(r, m->unknown, (struct kn_bc_unknown){.name = m->unknown_names.n})) return 0;
  m->unknown_names.n += (uint32_t)n;
  return m->unknown.n;
}

/* Metadata number `unknown` - 1 of those that are not known are used: counts that, or refuses them. */
static bool use(struct kn_bc *r, uint32_t unknown) {
  struct kn_bc_unknown *u = &r->m->unknown.at[unknown - 1];
  if (r->m->options.refuse_unknown)
    return kn_bc_fail(r, KILN_ERR_UNSUPPORTED,
                      "not implemented: metadata \"%s\", which are not known",
                      r->m->unknown_names.at + u->name);
  __atomic_fetch_add(&u->uses, 1, __ATOMIC_RELAXED);
  return true;
}

bool kn_bc_unknown_metadata(struct kn_bc *r, const char *name) {
  uint32_t unknown = note(r, name);
  return unknown != 0 && use(r, unknown);
}

uint32_t kiln_llvm_unknown(const kiln_llvm *l, kiln_llvm_unknown_info *out, uint32_t max) {
  uint32_t n = 0;
  if (!l) return 0;
  const struct kn_bc_module *m = l->bc.m;
  for (uint32_t i = 0; i < m->unknown.n; i++) {
    const struct kn_bc_unknown *u = &m->unknown.at[i];
    const uint32_t uses = __atomic_load_n(&u->uses, __ATOMIC_RELAXED);
    if (uses == 0) continue;
    if (out && n < max)
      out[n] = (kiln_llvm_unknown_info){.name = m->unknown_names.at + u->name, .uses = uses};
    n++;
  }
  return n;
}

/* ---- the module's kinds ---- */

enum {
  FREQUENT = 32
}; /* kinds below have numbers of one chunk, and ask for nothing if they are LLVM's own */

/* A record of a kind: [number, characters]. */
static bool kind(struct kn_bc *r) {
  char name[64];
  const uint64_t *op = r->in.ops.at;
  const uint32_t n = r->in.ops.n;
  if (r->in.code != MD_KIND || n < 1) return true; /* says nothing of a kind */
  if (op[0] > UINT16_MAX)
    return kn_bc_fail(r, KILN_ERR_LIMIT, "the number of a metadata kind is larger than 65535");
  uint32_t length = 0;
  for (; length + 1 < n && length + 1 < sizeof name; length++) name[length] = (char)op[1 + length];
  name[length] = 0;
  struct kn_bc_module *m = r->open;
  while (m->kinds.n <= op[0])
    if (!KN_BC_PUSH(r, m->kinds, (struct kn_bc_named_kind){.number = KN_BC_KIND_OTHER}))
      return false;
  struct kn_bc_named_kind *k = &m->kinds.at[op[0]];
  k->row = kn_bc_support_kind(name, op[0]);
  if (k->row != NULL) k->number = kn_bc_support_number(k->row);
  else k->unknown = note(r, name);
  const bool other = k->row == NULL || (k->number != op[0] && k->number != KN_BC_KIND_OTHER);
  m->other_kinds |= other;
  m->other_frequent |= other && op[0] < FREQUENT;
  return r->status == KILN_OK;
}

bool kn_bc_read_kinds(struct kn_bc *r) {
  return kn_bc_each(r, BLOCK_METADATA_KIND, KN_BC_ANY_CODE, kind);
}

/* Kind number `number` of the module. Modules without names of kinds have LLVM's own. */
static struct kn_bc_named_kind kind_of(const struct kn_bc *r, uint64_t number) {
  if (number < r->m->kinds.n) return r->m->kinds.at[number];
  struct kn_bc_named_kind k = {kn_bc_support_metadata(number), (uint32_t)number, 0};
  if (number > UINT16_MAX || k.row == NULL) k.number = KN_BC_KIND_OTHER;
  return k;
}

uint32_t kn_bc_kind(const struct kn_bc *r, uint64_t number) {
  if (KN_LIKELY(!r->m->other_kinds && number <= UINT16_MAX)) return (uint32_t)number;
  return kind_of(r, number).number;
}

/* ---- attachments ---- */

/* Checks metadata of the module's kind `number`, which are attached to something. LLVM's own number of the kind in
 * *known. */
static bool attached(struct kn_bc *r, uint64_t number, uint32_t *known) {
  const struct kn_bc_named_kind k = kind_of(r, number);
  *known = k.number;
  if (KN_UNLIKELY(k.unknown != 0)) return use(r, k.unknown);
  if (KN_UNLIKELY(k.row == NULL))
    return kn_bc_fail(r, KILN_ERR_UNSUPPORTED,
                      "not implemented: metadata of kind number %llu, which has no name",
                      (unsigned long long)number);
  return k.row->verdict != SUPPORT_REFUSED || kn_bc_refuse(r, k.row);
}

bool kn_bc_global_attached(struct kn_bc *r) {
  const uint32_t n = r->in.ops.n;
  const uint64_t *op = r->in.ops.at;
  for (uint32_t i = 1; i + 1 < n; i += 2) {
    uint32_t known;
    if (!attached(r, op[i], &known)) return false;
    if (KN_UNLIKELY(known == MD_KIND_ASSOCIATED)) {
      if (op[0] >= r->vals.n || r->csts.at[op[0]].kind != CK_GLOBAL || op[i + 1] >= UINT32_MAX)
        return kn_bc_malformed(r, "bad attachment");
      struct kn_bc_global *g = &r->open->globals.at[r->csts.at[op[0]].index];
      if (g->what == KILN_SYMBOL_DATA) g->attrs = (uint32_t)op[i + 1] + 1;
    }
  }
  return true;
}

bool kn_bc_associated(struct kn_bc *r, uint32_t node, kiln_symbol *out) {
  uint64_t pos = r->in.bits.pos;
  out->id = 0;
  bool ok = kn_bc_md_record(r, node, 2) && r->in.code == MD_NODE && r->in.ops.n == 1 &&
            r->in.ops.at[0] - 1 < UINT32_MAX && kn_bc_md_record(r, (uint32_t)r->in.ops.at[0], 2) &&
            r->in.code == MD_VALUE && r->in.ops.n > 1;
  r->in.bits.pos = pos;
  if (!ok) return r->status == KILN_OK && kn_bc_malformed(r, "bad metadata \"associated\"");
  uint64_t id = r->in.ops.at[1];
  if (id < r->vals.n && r->csts.at[id].kind == CK_GLOBAL)
    out->id = r->m->globals.at[r->csts.at[id].index].symbol;
  return true;
}

/* Checks kind `number` of an instruction's metadata: only one bears on objects, and those that are not known are
 * counted. */
static inline bool of_instruction(struct kn_bc *r, uint64_t number) {
  if (KN_UNLIKELY(kn_bc_kind(r, number) == MD_KIND_PCSECTIONS))
    return kn_bc_refuse(r, kn_bc_support_metadata(MD_KIND_PCSECTIONS));
  if (KN_LIKELY(!r->m->other_kinds)) return true;
  const uint32_t unknown = kind_of(r, number).unknown;
  return unknown == 0 || use(r, unknown);
}

/* Skips records of one attachment of an instruction, [instruction, kind, node], whose kind is one chunk: the frequent
 * ones of optimized code. */
static void skip_frequent(struct kn_bits *b, unsigned width) {
  if (width > 8) return;
  const unsigned head =
    width + 12; /* bits before the numbers: of the abbreviation, code and count */
  const uint64_t mask = ((UINT64_C(1) << width) - 1) | UINT64_C(0x7f) << (width + 5);
  const uint64_t wanted = BC_UNABBREV | UINT64_C(3) << (width + 6);
  const uint64_t tops = KN_BITS_TOPS8 & ((UINT64_C(1) << (57 - head)) - 1);
  while (b->pos < b->end) {
    uint64_t w = kn_bits_peek(b, b->pos);
    if ((w & mask) != wanted) return;
    uint64_t ends = ~(w >> head) & tops, first = ends & (0 - ends); /* last chunks of numbers */
    if (!(ends & first << 6)) return;
    uint64_t node = ends - first - (first << 6);
    if (node == 0) return;
    b->pos += head + (unsigned)__builtin_ctzll(node) + 1;
  }
}

/* Checks kind `number` of a function's metadata, `node`: that which describes it for debuggers is noted. */
static bool of_function(struct kn_bc *r, uint64_t number, uint64_t node) {
  uint32_t known;
  if (!attached(r, number, &known)) return false;
  if (known == MD_KIND_DBG && r->m->entries && node < UINT32_MAX)
    r->fn.subprogram = (uint32_t)node + 1;
  return known != MD_KIND_ASSOCIATED || kn_bc_refuse(r, kn_bc_support_metadata(known));
}

/* A record that has an abbreviation, as none has that LLVM writes so far. */
static bool abbreviated(struct kn_bc *r) {
  const uint32_t n = r->in.ops.n;
  const uint64_t *op = r->in.ops.at;
  for (uint32_t i = n % 2; i + 1 < n; i += 2)
    if (!(n % 2 != 0 ? of_instruction(r, op[i]) : of_function(r, op[i], op[i + 1]))) return false;
  return true;
}

/* A block has [kind, node]... of the function, if it has any, then [instruction, kind, node...] of each instruction
 * that has. LLVM writes them without abbreviations. */
bool kn_bc_function_attachments(struct kn_bc *r) {
  const uint64_t pos = r->in.bits.pos;
  struct kn_bits b = r->in.bits;
  unsigned width = (unsigned)kn_bits_vbr(&b, 4), id = BC_UNABBREV;
  kn_bits_align(&b);
  uint64_t end = b.pos + 32 + kn_bits_fixed(&b, 32) * 32;
  if (width < 2 || width > 32)
    return true; /* the error is reported when the block is entered or skipped */
  if (end < b.end) b.end = end;
  for (;;) {
    if (KN_LIKELY(!r->m->other_frequent)) skip_frequent(&b, width);
    if (b.pos >= b.end || (id = (unsigned)kn_bits_fixed(&b, width)) != BC_UNABBREV) break;
    const uint64_t code = kn_bits_vbr6(&b), n = kn_bits_vbr6(&b);
    if (n % 2 != 0) kn_bits_vbr6(&b); /* the instruction */
    for (uint64_t k = n / 2; k > 0 && b.pos < b.end; k--) {
      const uint64_t number = kn_bits_vbr6(&b), node = kn_bits_vbr6(&b);
      if (KN_UNLIKELY(code != MD_ATTACHMENT)) continue;
      if (!(n % 2 != 0 ? of_instruction(r, number) : of_function(r, number, node))) return false;
    }
  }
  if (KN_LIKELY(id == BC_END_BLOCK || b.pos >= b.end)) return true;
  bool ok = kn_bc_each(r, BLOCK_METADATA_ATTACHMENT, MD_ATTACHMENT, abbreviated);
  if (ok) r->in.bits.pos = pos;
  return ok;
}
