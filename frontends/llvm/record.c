/* Values, and records of a function that were decoded into operands: the frequent ones go to frequent.h, the others
 * to inst.c and call.c. Called by the loop over the function's block (body.c).
 * Invariant: entries of vals below n_vals are defined; those from there up to `zeroed` are undefined
 * or forward; the LLVM block b is the Kiln block b, whose code may go on in r->fn.ends.at[b]. */
#include "debug/debug.h"
#include "frequent.h"

/* ---- blocks ---- */

void kn_bc_split_block(struct kn_bc *r) { kn_bc_split_to(r, kiln_block_new(r->f)); }

void kn_bc_split_to(struct kn_bc *r, kiln_block b) {
  kiln_block_switch(r->f, b);
  if (!r->fn.ends.n) {
    if (!KN_BC_ROOM(r, r->fn.ends, r->fn.n_bbs)) return;
    for (uint32_t i = 0; i < r->fn.n_bbs; i++) r->fn.ends.at[i] = i;
    r->fn.ends.n = r->fn.n_bbs;
  }
  r->fn.ends.at[r->fn.bb] = b.id;
}

/* A getelementptr: the source type, and operands as in the record from `i` on. */
static void gep(struct kn_bc *r, uint64_t source, const uint64_t *ops, unsigned n) {
  uint32_t small[16], *ids = small, count = 0, base = 0;
  if (source >= r->types.n) return (void)kn_bc_malformed(r, "type number out of range");
  if (n > 16) {
    if (!KN_BC_ROOM(r, r->tmp.ids, n)) return;
    ids = r->tmp.ids.at;
  }
  for (unsigned i = 0; i < n; i++) {
    uint32_t id = kn_bc_absolute(r, ops[i]);
    if (KN_UNLIKELY(id >= r->vals.n)) { /* a forward reference: its type follows */
      if (++i >= n || ops[i] >= r->types.n) return (void)kn_bc_malformed(r, "bad getelementptr");
      kn_bc_use_slow(r, id, (uint32_t)ops[i]);
      if (r->status != KILN_OK) return;
    }
    ids[count++] = id;
  }
  if (count < 1) return (void)kn_bc_malformed(r, "bad getelementptr");
  base = ids[0];
  kn_bc_gep(r, (uint32_t)source, base, ids + 1, count - 1);
}

/* ---- records ---- */

/* Reads an operand that carries its type if it is a forward reference. */
bool kn_bc_operand(struct kn_bc *r, const uint64_t *ops, unsigned n, unsigned *i, uint32_t *id,
                   uint32_t *type) {
  if (*i >= n) return kn_bc_malformed(r, "a record is too short");
  *id = kn_bc_absolute(r, ops[(*i)++]);
  if (KN_LIKELY(*id < r->vals.n)) {
    *type = kn_bc_type_of(r, *id);
    return true;
  }
  if (*i >= n || ops[*i] >= r->types.n) return kn_bc_malformed(r, "bad forward reference");
  *type = (uint32_t)ops[(*i)++];
  return true;
}

/* Builds an instruction whose record was decoded into operands. */
static void decoded(struct kn_bc *r, unsigned code, const uint64_t *ops, unsigned n) {
  uint32_t a = 0, b = 0, type = 0, vtype = 0;
  unsigned i = 0;
  switch (code) {
  case FUNC_LOAD: /* [ptr, type, align, volatile] */
    if (!kn_bc_operand(r, ops, n, &i, &a, &vtype)) return;
    if (n - i != 3) goto bad;
    kn_bc_on_load(r, a, ops[i] > UINT32_MAX ? UINT32_MAX : (uint32_t)ops[i], ops[i + 2] != 0);
    return;
  case FUNC_STORE: /* [ptr, value, align, volatile] */
    if (!kn_bc_operand(r, ops, n, &i, &a, &type) || !kn_bc_operand(r, ops, n, &i, &b, &vtype))
      return;
    if (n - i != 2) goto bad;
    kn_bc_on_store(r, a, b, vtype, ops[i + 1] != 0);
    return;
  case FUNC_BINOP: /* [a, b, opcode, flags?] */
    if (!kn_bc_operand(r, ops, n, &i, &a, &type)) return;
    if (n - i < 2) goto bad;
    kn_bc_on_binop(r, ops[i + 1] > 15 ? 15 : (unsigned)ops[i + 1], a, kn_bc_absolute(r, ops[i]),
                   type);
    return;
  case FUNC_CAST: /* [value, type, opcode, flags?] */
    if (!kn_bc_operand(r, ops, n, &i, &a, &type)) return;
    if (n - i < 2) goto bad;
    kn_bc_on_cast(r, ops[i + 1], a, type, ops[i], n - i > 2 ? (unsigned)ops[i + 2] : 0);
    return;
  case FUNC_CMP:
  case FUNC_CMP2: /* [a, b, predicate, flags?] */
    if (!kn_bc_operand(r, ops, n, &i, &a, &type)) return;
    if (n - i < 2) goto bad;
    kn_bc_on_compare(r, a, kn_bc_absolute(r, ops[i]), type, ops[i + 1]);
    return;
  case FUNC_GEP: /* [flags, source type, base, indices...] */
    if (n < 3) goto bad;
    gep(r, ops[1], ops + 2, n - 2);
    return;
  case FUNC_BR: /* [then, else?, cond?] */
    if (n == 1) kn_bc_on_br(r, ops[0]);
    else if (n == 3) kn_bc_on_brif(r, ops[0], ops[1], kn_bc_absolute(r, ops[2]));
    else goto bad;
    return;
  case FUNC_RET:
    if (n == 0) {
      kn_bc_ret(r, UINT32_MAX, UINT32_MAX);
    } else {
      if (!kn_bc_operand(r, ops, n, &i, &a, &type)) return;
      if (i != n) goto bad;
      kn_bc_ret(r, a, type);
    }
    kn_bc_next_block(r);
    return;
  case FUNC_UNREACHABLE:
    kn_bc_unreachable(r);
    kn_bc_next_block(r);
    return;
  case FUNC_SWITCH:
  case FUNC_INDIRECTBR:
  case FUNC_RESUME:
  case FUNC_CALLBR:
  case FUNC_INVOKE:
    kn_bc_inst(r, code, ops, n);
    kn_bc_next_block(r);
    return;
  case FUNC_CALL: kn_bc_call(r, ops, n); return;
  default: kn_bc_inst(r, code, ops, n); return;
  }
bad:
  kn_bc_malformed(r, "a record of the wrong length");
}

void kn_bc_declare_blocks(struct kn_bc *r, uint64_t n) {
  if (n == 0 || r->fn.n_bbs) {
    kn_bc_malformed(r, "bad number of blocks");
  } else if (n > (r->in.bits.end - r->in.bits.pos) / 4) {
    kn_bc_malformed(r, "more blocks than the file can hold");
  } else {
    r->fn.n_bbs = (uint32_t)n;
    if (n > 1) kiln_block_new_many(r->f, r->fn.n_bbs - 1);
  }
}

/* Handles a record that is not an instruction; false if the record is something else. */
static bool other_record(struct kn_bc *r, unsigned code, const uint64_t *ops, unsigned n) {
  switch (code) {
  case FUNC_DECLAREBLOCKS: kn_bc_declare_blocks(r, n < 1 ? 0 : ops[0]); return true;
  case FUNC_DEBUG_LOC:
  case FUNC_DEBUG_LOC_AGAIN: return true;
  case FUNC_OPERAND_BUNDLE:
    r->fn.bundles = true;
    r->fn.bundle = n && ops[0] < UINT32_MAX ? (uint32_t)ops[0] : UINT32_MAX;
    return true;
  case FUNC_BLOCKADDR_USERS: return true;
  default: return kn_bc_is_debug_record(code);
  }
}

void kn_bc_func_record(struct kn_bc *r, unsigned code, const uint64_t *ops, unsigned n) {
  if (other_record(r, code, ops, n)) {
    r->fn.others++;
    return;
  }
  if (KN_UNLIKELY(r->fn.bb >= r->fn.n_bbs))
    return (void)kn_bc_malformed(r, "an instruction after the last block");
  if (KN_UNLIKELY(r->has_debug)) kn_bc_loc_ahead(r);
  decoded(r, code, ops, n);
}
