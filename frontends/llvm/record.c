/* Values, and records of a function that were decoded into operands: the frequent ones go to frequent.h, the others
 * to inst.c and call.c. Called by the loop over the function's block (body.c).
 * Invariant: entries of vals below n_vals are defined; those from there up to `zeroed` are undefined
 * or forward; the LLVM block b is the Kiln block b, whose code may go on in r->fn.ends.at[b]. */
#include "debug/ahead.h"
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

bool kn_bc_is_float(const struct kn_bc *r, uint32_t type) {
  const struct kn_bc_type *t = &r->types.at[type];
  while (t->kind == TK_VECTOR || t->kind == TK_ARRAY || (t->kind == TK_STRUCT && t->n > 0))
    t = &r->types.at[r->m->elems.at[t->first].type];
  return t->kind == TK_FLOAT || t->kind == TK_SOFT || t->kind == TK_OTHER_SCALAR;
}

/* [ptr, type, align, volatile] */
static void load(struct kn_bc *r, const uint64_t *ops, unsigned n) {
  unsigned i = 0;
  uint32_t a = 0, type = 0;
  if (!kn_bc_operand(r, ops, n, &i, &a, &type)) return;
  if (n - i < 3) return (void)kn_bc_malformed(r, "a record of the wrong length");
  if (!kn_bc_ends(r, "load", i + 3, n) || !kn_bc_flags(r, "load", ops[i + 2], 1)) return;
  kn_bc_on_load(r, a, ops[i] > UINT32_MAX ? UINT32_MAX : (uint32_t)ops[i], ops[i + 2] != 0);
}

/* [ptr, value, align, volatile] */
static void store(struct kn_bc *r, const uint64_t *ops, unsigned n) {
  unsigned i = 0;
  uint32_t a = 0, b = 0, type = 0, vtype = 0;
  if (!kn_bc_operand(r, ops, n, &i, &a, &type) || !kn_bc_operand(r, ops, n, &i, &b, &vtype)) return;
  if (n - i < 2) return (void)kn_bc_malformed(r, "a record of the wrong length");
  if (!kn_bc_ends(r, "store", i + 2, n) || !kn_bc_flags(r, "store", ops[i + 1], 1)) return;
  kn_bc_on_store(r, a, b, vtype, ops[i + 1] != 0);
}

/* [a, b, opcode, flags?] */
static void binop(struct kn_bc *r, const uint64_t *ops, unsigned n) {
  unsigned i = 0;
  uint32_t a = 0, type = 0;
  if (!kn_bc_operand(r, ops, n, &i, &a, &type)) return;
  if (n - i < 2) return (void)kn_bc_malformed(r, "a record of the wrong length");
  const uint64_t op = ops[i + 1];
  if (op >= BINOP_COUNT) return (void)kn_bc_unknown(r, "binary operation", op);
  if (!kn_bc_ends(r, "binary operation", i + 3, n)) return;
  if (n - i > 2 && !kn_bc_flags(r, "a binary operation", ops[i + 2],
                                kn_bc_is_float(r, type) ? KN_BC_FAST_FLAGS : kn_bc_int_flags[op]))
    return;
  kn_bc_on_binop(r, (unsigned)op, a, kn_bc_absolute(r, ops[i]), type);
}

/* [value, type, opcode, flags?] */
static void cast(struct kn_bc *r, const uint64_t *ops, unsigned n) {
  unsigned i = 0;
  uint32_t a = 0, type = 0;
  if (!kn_bc_operand(r, ops, n, &i, &a, &type)) return;
  if (n - i < 2) return (void)kn_bc_malformed(r, "a record of the wrong length");
  const uint64_t op = ops[i + 1], flags = n - i > 2 ? ops[i + 2] : 0;
  if (op >= CAST_COUNT) return (void)kn_bc_unknown(r, "cast", op);
  if (!kn_bc_ends(r, "cast", i + 3, n) || !kn_bc_flags(r, "a cast", flags, kn_bc_cast_flags[op]))
    return;
  kn_bc_on_cast(r, op, a, type, ops[i], (unsigned)flags);
}

/* [a, b, predicate, flags?]: samesign of integers */
static void compare(struct kn_bc *r, const uint64_t *ops, unsigned n) {
  unsigned i = 0;
  uint32_t a = 0, type = 0;
  if (!kn_bc_operand(r, ops, n, &i, &a, &type)) return;
  if (n - i < 2) return (void)kn_bc_malformed(r, "a record of the wrong length");
  if (!kn_bc_ends(r, "compare", i + 3, n)) return;
  if (n - i > 2 &&
      !kn_bc_flags(r, "a comparison", ops[i + 2], kn_bc_is_float(r, type) ? KN_BC_FAST_FLAGS : 1))
    return;
  kn_bc_on_compare(r, a, kn_bc_absolute(r, ops[i]), type, ops[i + 1]);
}

/* [then, else?, cond?] */
static void br(struct kn_bc *r, const uint64_t *ops, unsigned n) {
  if (!kn_bc_ends(r, "br", 3, n)) return;
  if (n == 1) kn_bc_on_br(r, ops[0]);
  else if (n == 3) kn_bc_on_brif(r, ops[0], ops[1], kn_bc_absolute(r, ops[2]));
  else kn_bc_malformed(r, "a record of the wrong length");
}

/* [value?] */
static void ret(struct kn_bc *r, const uint64_t *ops, unsigned n) {
  unsigned i = 0;
  uint32_t a = UINT32_MAX, type = UINT32_MAX;
  if (n != 0 && (!kn_bc_operand(r, ops, n, &i, &a, &type) || !kn_bc_ends(r, "ret", i, n))) return;
  kn_bc_ret(r, a, type);
  kn_bc_next_block(r);
}

/* Builds an instruction whose record was decoded into operands. */
static void decoded(struct kn_bc *r, unsigned code, const uint64_t *ops, unsigned n) {
  switch (code) {
  case FUNC_LOAD: load(r, ops, n); return;
  case FUNC_STORE: store(r, ops, n); return;
  case FUNC_BINOP: binop(r, ops, n); return;
  case FUNC_CAST: cast(r, ops, n); return;
  case FUNC_CMP:
  case FUNC_CMP2: compare(r, ops, n); return;
  case FUNC_GEP: /* [flags, source type, base, indices...] */
    if (n < 3) kn_bc_malformed(r, "a record of the wrong length");
    else if (kn_bc_flags(r, "a getelementptr", ops[0], (1u << KN_BC_GEP_FLAG_BITS) - 1))
      gep(r, ops[1], ops + 2, n - 2);
    return;
  case FUNC_BR: br(r, ops, n); return;
  case FUNC_RET: ret(r, ops, n); return;
  case FUNC_UNREACHABLE:
    if (!kn_bc_ends(r, "unreachable", 0, n)) return;
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
  case FUNC_DECLAREBLOCKS:
    if (kn_bc_ends(r, "blocks", 1, n)) kn_bc_declare_blocks(r, n < 1 ? 0 : ops[0]);
    return true;
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
