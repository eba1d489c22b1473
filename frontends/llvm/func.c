/* The function block: decodes the frequent records straight into builder calls; the others go to
 * inst.c and call.c. Called once per body by module.c.
 * Invariant: entries of vals below n_vals are defined; those from there up to `zeroed` are undefined
 * or forward; the LLVM block b is the Kiln block b, whose code may go on in r->ends.at[b]. */
#include "bc.h"

/* Relative value ids count back from the next value; 32 bits, so forward ones wrap. */
static inline uint32_t absolute(const struct kn_bc *r, uint64_t relative) {
  return r->n_vals - (uint32_t)relative;
}

/* ---- values ---- */

bool kn_bc_grow_vals(struct kn_bc *r) {
  return kn_bc_grow(r, &r->vals, &r->cap_vals, (uint64_t)r->n_vals + 1, sizeof *r->vals);
}

/* Makes entry `id`, which is not defined yet, one that can be looked at. */
bool kn_bc_forward_room(struct kn_bc *r, uint32_t id) {
  uint64_t left = r->bits.end > r->bits.pos ? r->bits.end - r->bits.pos : 0;
  if (id - r->n_vals > left / 8) return kn_bc_malformed(r, "a value that is never defined");
  if (id >= r->cap_vals &&
      !kn_bc_grow(r, &r->vals, &r->cap_vals, (uint64_t)id + 1, sizeof *r->vals))
    return false;
  uint32_t from = r->zeroed > r->n_vals ? r->zeroed : r->n_vals;
  for (; from <= id; from++) r->vals[from] = (struct kn_bc_val){0, (uint32_t)VS_NONE << 24};
  if (r->zeroed < from) r->zeroed = from;
  return true;
}

kiln_value kn_bc_use_slow(struct kn_bc *r, uint32_t id, uint32_t type) {
  kiln_value none = {0};
  if (r->status != KILN_OK) return none;
  if (id < r->n_vals) {
    struct kn_bc_val v = r->vals[id];
    if (v.t >> 24 <= VS_SLOT) return (kiln_value){v.h};
    if (v.t >> 24 == VS_CONST) return kn_bc_const(r, id);
    kn_bc_malformed(r, "an aggregate where a scalar is expected");
    return none;
  }
  if (!kn_bc_forward_room(r, id)) return none;
  struct kn_bc_val *v = &r->vals[id];
  if (v->t >> 24 == VS_FORWARD) return (kiln_value){v->h};
  if (v->t >> 24 != VS_NONE) {
    kn_bc_malformed(r, "an aggregate where a scalar is expected");
    return none;
  }
  if (type >= r->n_types || !kn_bc_scalar(r, type)) return none;
  kiln_value f = kiln_forward_new(r->f, (kiln_type)r->types[type].ktype);
  *v = (struct kn_bc_val){f.id, type | (uint32_t)VS_FORWARD << 24};
  r->n_forwards++;
  return f;
}

void kn_bc_bind(struct kn_bc *r, kiln_value v) {
  struct kn_bc_val *to = &r->vals[r->n_vals];
  if (to->t >> 24 == VS_NONE) return;
  if (to->t >> 24 != VS_FORWARD) {
    kn_bc_malformed(r, "a value of another type than it was used as");
    return;
  }
  kiln_forward_bind(r->f, (kiln_value){to->h}, v);
  r->n_forwards--;
}

/* ---- blocks ---- */

void kn_bc_split_block(struct kn_bc *r) {
  kiln_block b = kiln_block_new(r->f);
  kiln_block_switch(r->f, b);
  if (!r->ends.n) {
    if (!KN_BC_ROOM(r, r->ends, r->n_bbs)) return;
    for (uint32_t i = 0; i < r->n_bbs; i++) r->ends.at[i] = i;
    r->ends.n = r->n_bbs;
  }
  r->ends.at[r->bb] = b.id;
}

/* Behind a terminator: goes to the next block. */
static inline void next_block(struct kn_bc *r) {
  uint32_t b = ++r->bb;
  r->n_params = 0;
  if (KN_LIKELY(b < r->n_bbs)) kiln_block_switch(r->f, (kiln_block){b});
}

/* ---- frequent instructions ---- */

static inline void load(struct kn_bc *r, uint32_t ptr, uint64_t type, bool is_volatile) {
  if (KN_UNLIKELY(type >= r->n_types)) {
    kn_bc_malformed(r, "type number out of range");
    return;
  }
  const struct kn_bc_type *t = &r->types[type];
  unsigned mem = is_volatile ? KILN_MEM_VOLATILE : 0;
  if (KN_UNLIKELY(!t->ktype || t->fit == FIT_ODD)) {
    kn_bc_load_odd(r, ptr, (uint32_t)type, mem);
    return;
  }
  kiln_value a = kn_bc_use(r, ptr, r->ptr_type);
  kn_bc_def(r, (uint32_t)type, kiln_build_load(r->f, (kiln_type)t->ktype, a, 0, mem));
}

/* Stores value `id`; `type` is its type. */
static inline void store(struct kn_bc *r, uint32_t ptr, uint32_t id, uint32_t type,
                         bool is_volatile) {
  const struct kn_bc_type *t = &r->types[type];
  unsigned mem = is_volatile ? KILN_MEM_VOLATILE : 0;
  if (KN_UNLIKELY(!t->ktype || t->fit == FIT_ODD)) {
    kn_bc_store_odd(r, ptr, id, type, mem);
    return;
  }
  kiln_value a = kn_bc_use(r, ptr, r->ptr_type), v = kn_bc_use(r, id, type);
  kiln_build_store(r->f, (kiln_type)t->ktype, a, 0, v, mem);
}

static const uint8_t int_ops[16] = {
  [BINOP_ADD] = KILN_OP_ADD,   [BINOP_SUB] = KILN_OP_SUB,   [BINOP_MUL] = KILN_OP_MUL,
  [BINOP_UDIV] = KILN_OP_UDIV, [BINOP_SDIV] = KILN_OP_SDIV, [BINOP_UREM] = KILN_OP_UREM,
  [BINOP_SREM] = KILN_OP_SREM, [BINOP_SHL] = KILN_OP_SHL,   [BINOP_LSHR] = KILN_OP_LSHR,
  [BINOP_ASHR] = KILN_OP_ASHR, [BINOP_AND] = KILN_OP_AND,   [BINOP_OR] = KILN_OP_OR,
  [BINOP_XOR] = KILN_OP_XOR,
};
static const uint8_t float_ops[16] = {
  [BINOP_ADD] = KILN_OP_FADD,  [BINOP_SUB] = KILN_OP_FSUB,  [BINOP_MUL] = KILN_OP_FMUL,
  [BINOP_SDIV] = KILN_OP_FDIV, [BINOP_SREM] = KILN_OP_FREM,
};

static inline void binop(struct kn_bc *r, unsigned op, uint32_t a, uint32_t b, uint32_t type) {
  const struct kn_bc_type *t = &r->types[type];
  if (KN_UNLIKELY(t->fit != FIT_EXACT)) {
    kn_bc_def(r, type, kn_bc_binop_odd(r, op, a, b, type));
    return;
  }
  unsigned kop = op < 16 ? t->kind == TK_FLOAT ? float_ops[op] : int_ops[op] : 0;
  if (KN_UNLIKELY(!t->ktype || !kop || t->kind == TK_PTR)) {
    if (kn_bc_scalar(r, type)) kn_bc_malformed(r, "unknown binary operation");
    return;
  }
  kiln_value x = kn_bc_use(r, a, type), y = kn_bc_use(r, b, type);
  kn_bc_def(r, type, kiln_build_binary(r->f, (kiln_op)kop, (kiln_type)t->ktype, x, y));
}

static inline void cast(struct kn_bc *r, uint64_t op, uint32_t a, uint32_t from, uint64_t to) {
  if (KN_UNLIKELY(to >= r->n_types)) {
    kn_bc_malformed(r, "type number out of range");
    return;
  }
  const struct kn_bc_type *f = &r->types[from], *t = &r->types[to];
  if (KN_LIKELY(op <= CAST_SEXT && f->kind == TK_INT && t->kind == TK_INT &&
                t->fit == FIT_EXACT && f->fit <= (op == CAST_ZEXT ? FIT_BOOL : FIT_EXACT) &&
                f->ktype && t->ktype && f->ktype != t->ktype)) {
    static const uint8_t ops[3] = {KILN_OP_TRUNC, KILN_OP_ZEXT, KILN_OP_SEXT};
    kn_bc_def(r, (uint32_t)to,
              kiln_build_convert(r->f, (kiln_op)ops[op], (kiln_type)t->ktype, (kiln_type)f->ktype,
                                 kn_bc_use(r, a, from)));
    return;
  }
  if (op >= CAST_COUNT) {
    kn_bc_malformed(r, "unknown cast");
    return;
  }
  uint32_t id = r->n_vals;
  kiln_value v = kn_bc_cast(r, (unsigned)op, a, from, (uint32_t)to);
  if (r->n_vals == id) kn_bc_def(r, (uint32_t)to, v); /* else defined as parts */
}

/* Conditions by LLVM's predicates: 0 to 15 of floats, 32 to 41 of integers. */
static const uint8_t fconds[16] = {
  [1] = KILN_FOEQ, [2] = KILN_FOGT,  [3] = KILN_FOGE,  [4] = KILN_FOLT,  [5] = KILN_FOLE,
  [6] = KILN_FONE, [7] = KILN_FORD,  [8] = KILN_FUNO,  [9] = KILN_FUEQ,  [10] = KILN_FUGT,
  [11] = KILN_FUGE, [12] = KILN_FULT, [13] = KILN_FULE, [14] = KILN_FUNE,
};
static const uint8_t iconds[10] = {KILN_EQ,  KILN_NE,  KILN_UGT, KILN_UGE, KILN_ULT,
                                   KILN_ULE, KILN_SGT, KILN_SGE, KILN_SLT, KILN_SLE};

static inline void compare(struct kn_bc *r, uint32_t a, uint32_t b, uint32_t type, uint64_t pred) {
  const struct kn_bc_type *t = &r->types[type];
  kiln_value v;
  if (KN_LIKELY(pred - 32 < 10)) {
    if (KN_LIKELY(t->fit == FIT_EXACT && (t->kind == TK_INT || t->kind == TK_PTR) && t->ktype)) {
      kiln_value x = kn_bc_use(r, a, type), y = kn_bc_use(r, b, type);
      v = kiln_build_icmp(r->f, (kiln_icond)iconds[pred - 32], (kiln_type)t->ktype, x, y);
    } else {
      v = kn_bc_icmp_odd(r, iconds[pred - 32], a, b, type);
    }
  } else if (pred < 16 && t->kind == TK_FLOAT) {
    if (pred == 0 || pred == 15) {
      v = kiln_const_int(r->f, pred != 0);
    } else {
      kiln_value x = kn_bc_use(r, a, type), y = kn_bc_use(r, b, type);
      v = kiln_build_fcmp(r->f, (kiln_fcond)fconds[pred], (kiln_type)t->ktype, x, y);
    }
  } else {
    if (t->fit == FIT_PAIR) kn_bc_unsupported(r, "vector types");
    else if (kn_bc_scalar(r, type)) kn_bc_malformed(r, "unknown comparison");
    return;
  }
  if (KN_UNLIKELY(r->bool_type == UINT32_MAX)) kn_bc_malformed(r, "a comparison, but no type i1");
  else kn_bc_def(r, r->bool_type, v);
}

static inline void brif(struct kn_bc *r, uint64_t then_bb, uint64_t else_bb, uint32_t cond) {
  if (KN_UNLIKELY(then_bb >= r->n_bbs || else_bb >= r->n_bbs)) {
    kn_bc_malformed(r, "block number out of range");
    return;
  }
  kiln_build_brif(r->f, kn_bc_use(r, cond, r->bool_type), (kiln_block){(uint32_t)then_bb}, NULL, 0,
                  (kiln_block){(uint32_t)else_bb}, NULL, 0);
  next_block(r);
}

static inline void br(struct kn_bc *r, uint64_t bb) {
  if (KN_UNLIKELY(bb >= r->n_bbs)) {
    kn_bc_malformed(r, "block number out of range");
    return;
  }
  kiln_build_br(r->f, (kiln_block){(uint32_t)bb}, NULL, 0);
  next_block(r);
}

/* A getelementptr: the source type, and operands as in the record from `i` on. */
static void gep(struct kn_bc *r, uint64_t source, const uint64_t *ops, unsigned n) {
  uint32_t small[16], *ids = small, count = 0, base = 0;
  if (source >= r->n_types) {
    kn_bc_malformed(r, "type number out of range");
    return;
  }
  if (n > 16) {
    if (!KN_BC_ROOM(r, r->ids, n)) return;
    ids = r->ids.at;
  }
  for (unsigned i = 0; i < n; i++) {
    uint32_t id = absolute(r, ops[i]);
    if (KN_UNLIKELY(id >= r->n_vals)) { /* a forward one: its type follows */
      if (++i >= n || ops[i] >= r->n_types) {
        kn_bc_malformed(r, "bad getelementptr");
        return;
      }
      kn_bc_use_slow(r, id, (uint32_t)ops[i]);
      if (r->status != KILN_OK) return;
    }
    ids[count++] = id;
  }
  if (count < 1) {
    kn_bc_malformed(r, "bad getelementptr");
    return;
  }
  base = ids[0];
  kn_bc_gep(r, (uint32_t)source, base, ids + 1, count - 1);
}

/* ---- records ---- */

/* Reads an operand that carries its type if it is a forward reference. */
bool kn_bc_operand(struct kn_bc *r, const uint64_t *ops, unsigned n, unsigned *i, uint32_t *id,
                   uint32_t *type) {
  if (*i >= n) return kn_bc_malformed(r, "a record is too short");
  *id = absolute(r, ops[(*i)++]);
  if (KN_LIKELY(*id < r->n_vals)) {
    *type = kn_bc_type_of(r, *id);
    return true;
  }
  if (*i >= n || ops[*i] >= r->n_types) return kn_bc_malformed(r, "bad forward reference");
  *type = (uint32_t)ops[(*i)++];
  return true;
}

/* An instruction whose record was decoded into operands. */
static void decoded(struct kn_bc *r, unsigned code, const uint64_t *ops, unsigned n) {
  uint32_t a, b, type, vtype;
  unsigned i = 0;
  switch (code) {
  case FUNC_LOAD: /* [ptr, type, align, volatile] */
    if (!kn_bc_operand(r, ops, n, &i, &a, &vtype)) return;
    if (n - i != 3) goto bad;
    load(r, a, ops[i], ops[i + 2] != 0);
    return;
  case FUNC_STORE: /* [ptr, value, align, volatile] */
    if (!kn_bc_operand(r, ops, n, &i, &a, &type) || !kn_bc_operand(r, ops, n, &i, &b, &vtype))
      return;
    if (n - i != 2) goto bad;
    store(r, a, b, vtype, ops[i + 1] != 0);
    return;
  case FUNC_BINOP: /* [a, b, opcode, flags?] */
    if (!kn_bc_operand(r, ops, n, &i, &a, &type)) return;
    if (n - i < 2) goto bad;
    binop(r, ops[i + 1] > 15 ? 15 : (unsigned)ops[i + 1], a, absolute(r, ops[i]), type);
    return;
  case FUNC_CAST: /* [value, type, opcode, flags?] */
    if (!kn_bc_operand(r, ops, n, &i, &a, &type)) return;
    if (n - i < 2) goto bad;
    cast(r, ops[i + 1], a, type, ops[i]);
    return;
  case FUNC_CMP:
  case FUNC_CMP2: /* [a, b, predicate, flags?] */
    if (!kn_bc_operand(r, ops, n, &i, &a, &type)) return;
    if (n - i < 2) goto bad;
    compare(r, a, absolute(r, ops[i]), type, ops[i + 1]);
    return;
  case FUNC_GEP: /* [flags, source type, base, indices...] */
    if (n < 3) goto bad;
    gep(r, ops[1], ops + 2, n - 2);
    return;
  case FUNC_BR: /* [then, else?, cond?] */
    if (n == 1) br(r, ops[0]);
    else if (n == 3) brif(r, ops[0], ops[1], absolute(r, ops[2]));
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
    next_block(r);
    return;
  case FUNC_UNREACHABLE:
    kiln_build_nullary(r->f, KILN_OP_UNREACHABLE);
    next_block(r);
    return;
  case FUNC_SWITCH:
  case FUNC_INDIRECTBR:
    kn_bc_inst(r, code, ops, n);
    next_block(r);
    return;
  case FUNC_CALL: kn_bc_call(r, ops, n); return;
  default: kn_bc_inst(r, code, ops, n); return;
  }
bad:
  kn_bc_malformed(r, "a record of the wrong length");
}

/* A record that is no instruction; true if it was one of those. */
static bool other_record(struct kn_bc *r, unsigned code, const uint64_t *ops, unsigned n) {
  switch (code) {
  case FUNC_DECLAREBLOCKS:
    if (n < 1 || ops[0] == 0 || r->n_bbs) {
      kn_bc_malformed(r, "bad number of blocks");
    } else if (ops[0] > (r->bits.end - r->bits.pos) / 4) {
      kn_bc_malformed(r, "more blocks than the file can hold");
    } else {
      r->n_bbs = (uint32_t)ops[0];
      if (r->n_bbs > 1) kiln_block_new_many(r->f, r->n_bbs - 1);
    }
    return true;
  case FUNC_DEBUG_LOC:
  case FUNC_DEBUG_LOC_AGAIN: kn_bc_loc(r, code, ops, n); return true;
  case FUNC_OPERAND_BUNDLE: r->bundles = true; return true;
  case FUNC_BLOCKADDR_USERS: return true;
  default: return code >= FUNC_DEBUG_RECORD_FIRST && code <= FUNC_DEBUG_RECORD_LAST;
  }
}

/* A record decoded in full by kn_bc_record. */
static void record(struct kn_bc *r) {
  const uint64_t *ops = r->ops.at;
  unsigned n = r->ops.n;
  if (other_record(r, r->code, ops, n)) return;
  if (KN_UNLIKELY(r->bb >= r->n_bbs)) {
    kn_bc_malformed(r, "an instruction behind the last block");
    return;
  }
  r->instructions++;
  decoded(r, r->code, ops, n);
}

/* ---- the loop ---- */

/* A vbr 6 of one or two chunks from the window `w`; `*used` counts bits; more chunks set `*slow`. */
static inline uint64_t short_vbr6(uint64_t *w, unsigned *used, uint64_t *slow) {
  uint64_t v = *w, two = v >> 5 & 1;
  *slow |= v >> 5 & v >> 11 & 1;
  unsigned bits = (unsigned)(6 + 6 * two);
  *w = v >> bits;
  *used += bits;
  return (v & 31) | (v >> 1 & 0x3e0 & (0 - two));
}

static inline uint64_t short_fixed(uint64_t *w, unsigned *used, unsigned bits) {
  uint64_t v = *w & ((UINT64_C(1) << bits) - 1);
  *w >>= bits;
  *used += bits;
  return v;
}

/* Abbreviations of function blocks that the loop knows by heart. */
#define MAX_KNOWN 32
struct known {
  unsigned n;
  struct kn_bc_abbrev at[MAX_KNOWN];
};

static void learn(const struct kn_bc *r, struct known *k) {
  k->n = r->scope.n - r->scope_first;
  if (k->n > MAX_KNOWN) k->n = MAX_KNOWN;
  for (unsigned i = 0; i < k->n; i++) k->at[i] = r->abbrevs.at[r->scope.at[r->scope_first + i]];
}

/* Decodes a record of a known form from its bits and builds it; false if it needs the general way:
 * numbers of more than two chunks, or forward references. */
static inline bool quick(struct kn_bc *r, const struct kn_bc_abbrev *ab) {
  uint64_t w = kn_bits_peek(&r->bits, r->bits.pos), slow = 0;
  unsigned used = 0;
  uint32_t a, b;
  uint64_t x, y;
  switch (ab->form) {
  case FORM_LOAD:
    a = absolute(r, short_vbr6(&w, &used, &slow));
    x = short_fixed(&w, &used, ab->type_bits);
    y = short_fixed(&w, &used, 5);
    if (KN_UNLIKELY(slow | (y >> 3 & 1) | (a >= r->n_vals))) return false;
    r->bits.pos += used;
    load(r, a, x, y >> 4);
    return true;
  case FORM_STORE:
    a = absolute(r, short_vbr6(&w, &used, &slow));
    b = absolute(r, short_vbr6(&w, &used, &slow));
    y = short_fixed(&w, &used, 5);
    if (KN_UNLIKELY(slow | (y >> 3 & 1) | (a >= r->n_vals) | (b >= r->n_vals))) return false;
    r->bits.pos += used;
    store(r, a, b, kn_bc_type_of(r, b), y >> 4);
    return true;
  case FORM_BINOP:
  case FORM_BINOP_FLAGS:
    a = absolute(r, short_vbr6(&w, &used, &slow));
    b = absolute(r, short_vbr6(&w, &used, &slow));
    x = short_fixed(&w, &used, 4);
    if (KN_UNLIKELY(slow | (a >= r->n_vals))) return false;
    r->bits.pos += used + (ab->form == FORM_BINOP_FLAGS ? ab->flag_bits : 0u);
    binop(r, (unsigned)x, a, b, kn_bc_type_of(r, a));
    return true;
  case FORM_CAST:
  case FORM_CAST_FLAGS:
    a = absolute(r, short_vbr6(&w, &used, &slow));
    x = short_fixed(&w, &used, ab->type_bits);
    y = short_fixed(&w, &used, 4);
    if (KN_UNLIKELY(slow | (a >= r->n_vals))) return false;
    r->bits.pos += used + (ab->form == FORM_CAST_FLAGS ? ab->flag_bits : 0u);
    cast(r, y, a, kn_bc_type_of(r, a), x);
    return true;
  case FORM_CMP:
    a = absolute(r, short_vbr6(&w, &used, &slow));
    b = absolute(r, short_vbr6(&w, &used, &slow));
    x = short_fixed(&w, &used, ab->flag_bits);
    if (KN_UNLIKELY(slow | (a >= r->n_vals))) return false;
    r->bits.pos += used;
    compare(r, a, b, kn_bc_type_of(r, a), x);
    return true;
  case FORM_BR:
    x = short_vbr6(&w, &used, &slow);
    if (KN_UNLIKELY(slow)) return false;
    r->bits.pos += used;
    br(r, x);
    return true;
  case FORM_BRIF:
    x = short_vbr6(&w, &used, &slow);
    y = short_vbr6(&w, &used, &slow);
    a = absolute(r, short_vbr6(&w, &used, &slow));
    if (KN_UNLIKELY(slow)) return false;
    r->bits.pos += used;
    brif(r, x, y, a);
    return true;
  case FORM_RET:
    a = absolute(r, short_vbr6(&w, &used, &slow));
    if (KN_UNLIKELY(slow | (a >= r->n_vals))) return false;
    r->bits.pos += used;
    kn_bc_ret(r, a, kn_bc_type_of(r, a));
    next_block(r);
    return true;
  case FORM_GEP: {
    short_fixed(&w, &used, ab->flag_bits);
    y = short_fixed(&w, &used, ab->type_bits);
    x = w & 63; /* the array's length: a vbr 6 */
    used += 6;
    if (x - 1 > 3) return false;
    struct kn_bits *bits = &r->bits;
    uint64_t pos = bits->pos, ops[4];
    bits->pos += used;
    bool forward = false;
    for (unsigned i = 0; i < x; i++) {
      ops[i] = kn_bits_vbr6(bits);
      forward |= (uint32_t)ops[i] - 1u >= r->n_vals;
    }
    if (KN_UNLIKELY(forward)) {
      bits->pos = pos;
      return false;
    }
    gep(r, y, ops, (unsigned)x);
    return true;
  }
  case FORM_RET_VOID:
    kn_bc_ret(r, UINT32_MAX, UINT32_MAX);
    next_block(r);
    return true;
  case FORM_UNREACHABLE:
    kiln_build_nullary(r->f, KILN_OP_UNREACHABLE);
    next_block(r);
    return true;
  default: return false;
  }
}

/* A block within the function block. */
static bool sub_block(struct kn_bc *r) {
  uint64_t block = kn_bits_vbr(&r->bits, 8);
  if (block != BLOCK_CONSTANTS) return kn_bc_skip(r);
  if (r->n_vals != r->inst_base) return kn_bc_malformed(r, "constants behind instructions");
  if (!kn_bc_read_constants(r)) return false;
  r->inst_base = r->n_vals;
  return true;
}

/* Reads to the end of the function block. */
static bool body(struct kn_bc *r) {
  struct kn_bits *bits = &r->bits;
  struct known known;
  learn(r, &known);
  uint64_t mask = (UINT64_C(1) << r->width) - 1;
  for (;;) {
    uint64_t pos = bits->pos;
    r->record_pos = pos;
    if (KN_UNLIKELY(r->status != KILN_OK)) return false;
    if (KN_UNLIKELY(pos >= bits->end)) return kn_bc_malformed(r, "the file ends within a function");
    unsigned id = (unsigned)(kn_bits_peek(bits, pos) & mask);
    bits->pos = pos + r->width;
    if (KN_LIKELY(id - BC_FIRST_ABBREV < known.n)) {
      if (KN_LIKELY(r->bb < r->n_bbs && !r->has_debug && quick(r, &known.at[id - BC_FIRST_ABBREV]))) {
        r->instructions++;
        continue;
      }
    }
    switch (id) {
    case BC_END_BLOCK: kn_bits_align(bits); return true;
    case BC_ENTER_BLOCK:
      if (!sub_block(r)) return false;
      break;
    case BC_DEFINE_ABBREV:
      if (!kn_bc_define(r, false, 0)) return false;
      learn(r, &known);
      break;
    default:
      if (!kn_bc_record(r, id)) return false;
      record(r);
    }
  }
}

/* Frees what the function's body made, and makes the module's constants plain again. */
static void reset(struct kn_bc *r) {
  for (uint32_t i = 0; i < r->touched.n; i++) {
    struct kn_bc_val *v = &r->vals[r->touched.at[i]];
    *v = (struct kn_bc_val){0, (v->t & KN_BC_TYPE_MASK) | (uint32_t)VS_CONST << 24};
  }
  r->touched.n = 0;
  r->n_vals = r->module_vals;
  r->parts.n = r->ends.n = r->stamps.n = r->late.n = 0;
  r->n_params = 0;
  r->loc = 0;
}

bool kn_bc_read_function(struct kn_bc *r) {
  struct kn_bc_saved saved;
  if (r->next_body >= r->bodies.n) return kn_bc_malformed(r, "a body without a function");
  r->fn = &r->globals.at[r->bodies.at[r->next_body++]];
  if (r->fn->skip) return kn_bc_skip(r);
  if (!kn_bc_enter(r, BLOCK_FUNCTION, &saved)) return false;
  uint32_t words = r->cwords.n, list = r->clist.n, bytes = r->cbytes.n;
  const struct kn_bc_sig *sig =
    kn_bc_sig(r, r->fn->type, r->fn->attrs, r->fn->fn_flags | KN_BC_SIG_DEFINITION);
  if (!sig) return false;
  r->fn_sig = *sig;
  r->f = kiln_func_begin(r->session, (kiln_symbol){r->fn->symbol});
  if (!r->f) {
    kn_bc_fail(r, KILN_ERR_MEMORY, "out of memory");
    return false;
  }
  r->bb = r->n_bbs = r->n_forwards = r->zeroed = 0;
  r->bundles = false;
  if (!kn_bc_params(r) || !body(r)) return false;
  if (r->n_bbs == 0 || r->bb != r->n_bbs) return kn_bc_malformed(r, "a block without a terminator");
  if (r->n_forwards) return kn_bc_malformed(r, "a value that is never defined");
  for (uint32_t i = 0; i < r->late.n; i++) {
    const struct kn_bc_late *l = &r->late.at[i];
    kiln_block pred = {r->ends.n ? r->ends.at[l->pred] : l->pred};
    kiln_edge_arg(r->f, pred, (kiln_block){l->target}, l->index, (kiln_value){l->value});
  }
  kn_bc_leave(r, &saved);
  if (kiln_func_status(r->f) != KILN_OK) {
    kn_bc_fail(r, kiln_func_status(r->f), "malformed bitcode: a function breaks the rules of the IR");
    return false;
  }
  if (r->status != KILN_OK) return false;
  kiln_func *f = r->f;
  r->f = NULL;
  kiln_status status;
  if (r->sink) {
    status = kiln_func_finish(f);
    if (status == KILN_OK) status = r->sink(r->sink_user, f);
    else kiln_func_discard(f);
  } else {
    status = kiln_func_compile(f);
  }
  reset(r);
  r->cwords.n = words;
  r->clist.n = list;
  r->cbytes.n = bytes;
  r->status = status;
  return status == KILN_OK;
}
