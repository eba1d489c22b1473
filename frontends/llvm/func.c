/* The loop over a function block: decodes the frequent records straight into builder calls; the others go
 * to inst.c and call.c. Called by funcdef.c.
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

/* The address `id`, which loads and stores did not need, as a value. */
static kiln_value computed(struct kn_bc *r, uint32_t id) {
  struct kn_bc_addr a = r->addrs.at[r->vals[id].h];
  if (r->no_code) { /* an argument from a block that has its end */
    r->restart = r->no_addrs = true;
    return kiln_const_int(r->f, 0);
  }
  kiln_value v = kiln_build_addr(r->f, (kiln_value){a.base}, (kiln_value){0}, 0, a.disp);
  if (a.bb == r->bb)
    r->vals[id] = (struct kn_bc_val){v.id, r->ptr_type | (uint32_t)VS_HANDLE << 24};
  return v;
}

kiln_value kn_bc_use_slow(struct kn_bc *r, uint32_t id, uint32_t type) {
  kiln_value none = {0};
  if (r->status != KILN_OK) return none;
  if (id < r->n_vals) {
    struct kn_bc_val v = r->vals[id];
    if (v.t >> 24 <= VS_SLOT) return (kiln_value){v.h};
    if (v.t >> 24 == VS_CONST) return kn_bc_const(r, id);
    if (v.t >> 24 == VS_ADDR) return computed(r, id);
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

/* The address of a load or store: *disp from the value returned. */
static inline kiln_value address(struct kn_bc *r, uint32_t ptr, int32_t *disp) {
  *disp = 0;
  if (KN_LIKELY(ptr < r->n_vals)) {
    const struct kn_bc_val *v = &r->vals[ptr];
    if (KN_LIKELY(v->t >> 24 <= VS_SLOT)) return (kiln_value){v->h};
    if (v->t >> 24 == VS_ADDR) {
      const struct kn_bc_addr *a = &r->addrs.at[v->h];
      *disp = a->disp;
      return (kiln_value){a->base};
    }
  }
  return kn_bc_use_slow(r, ptr, r->ptr_type);
}

static inline void load(struct kn_bc *r, uint32_t ptr, uint32_t type, bool is_volatile) {
  if (KN_UNLIKELY(type >= r->n_types)) {
    kn_bc_malformed(r, "type number out of range");
    return;
  }
  const struct kn_bc_type *t = &r->types[type];
  unsigned mem = is_volatile ? KILN_MEM_VOLATILE : 0;
  if (KN_UNLIKELY(!t->ktype || t->fit == FIT_ODD)) {
    kn_bc_load_odd(r, ptr, type, mem);
    return;
  }
  int32_t disp;
  kiln_value a = address(r, ptr, &disp);
  kn_bc_def(r, type, kiln_build_load(r->f, (kiln_type)t->ktype, a, disp, mem));
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
  int32_t disp;
  kiln_value a = address(r, ptr, &disp), v = kn_bc_use(r, id, type);
  kiln_build_store(r->f, (kiln_type)t->ktype, a, disp, v, mem);
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
    if (t->kind == TK_WIDE) kn_bc_wide_binop(r, op, a, b, type);
    else kn_bc_def(r, type, kn_bc_binop_odd(r, op, a, b, type));
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
  if (KN_LIKELY(op <= CAST_SEXT && f->kind == TK_INT && t->kind == TK_INT && t->fit == FIT_EXACT &&
                f->fit <= (op == CAST_ZEXT ? FIT_BOOL : FIT_EXACT) && f->ktype && t->ktype &&
                f->ktype != t->ktype)) {
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
  [1] = KILN_FOEQ,  [2] = KILN_FOGT,  [3] = KILN_FOGE,  [4] = KILN_FOLT,  [5] = KILN_FOLE,
  [6] = KILN_FONE,  [7] = KILN_FORD,  [8] = KILN_FUNO,  [9] = KILN_FUEQ,  [10] = KILN_FUGT,
  [11] = KILN_FUGE, [12] = KILN_FULT, [13] = KILN_FULE, [14] = KILN_FUNE,
};
static const uint8_t iconds[10] = {KILN_EQ,  KILN_NE,  KILN_UGT, KILN_UGE, KILN_ULT,
                                   KILN_ULE, KILN_SGT, KILN_SGE, KILN_SLT, KILN_SLE};

static inline __attribute__((always_inline)) void compare(struct kn_bc *r, uint32_t a, uint32_t b,
                                                          uint32_t type, uint64_t pred) {
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
  uint32_t a = 0, b = 0, type = 0, vtype = 0;
  unsigned i = 0;
  switch (code) {
  case FUNC_LOAD: /* [ptr, type, align, volatile] */
    if (!kn_bc_operand(r, ops, n, &i, &a, &vtype)) return;
    if (n - i != 3) goto bad;
    load(r, a, ops[i] > UINT32_MAX ? UINT32_MAX : (uint32_t)ops[i], ops[i + 2] != 0);
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
  case FUNC_RESUME:
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
  case FUNC_DEBUG_LOC_AGAIN:
    if (!r->has_debug) r->restart = r->see_debug = true; /* the first */
    return true;
  case FUNC_OPERAND_BUNDLE: r->bundles = true; return true;
  case FUNC_BLOCKADDR_USERS: return true;
  default: return kn_bc_is_debug_record(code);
  }
}

/* A record whose operands were decoded. The caller has counted it as an instruction. */
static void record(struct kn_bc *r, unsigned code, const uint64_t *ops, unsigned n) {
  if (other_record(r, code, ops, n)) {
    r->others++;
    return;
  }
  if (KN_UNLIKELY(r->bb >= r->n_bbs)) {
    kn_bc_malformed(r, "an instruction behind the last block");
    return;
  }
  if (KN_UNLIKELY(r->has_debug)) kn_bc_loc_ahead(r);
  decoded(r, code, ops, n);
}

/* ---- the loop ---- */

/* Record fields are decoded from a window: the 57 bits (or more) from some position on. `used` counts
 * the bits taken from it. */

/* A vbr 6 of up to three chunks, without branches. Bit TOO_LONG of *slow is set if there are more. */
#define TOO_LONG (UINT64_C(1) << 17)
static inline uint32_t short_vbr6(uint64_t *w, unsigned *used, uint64_t *slow) {
  uint64_t v = *w, end = (~v | TOO_LONG) & 0x20820; /* the first clear top bit of a chunk ends it */
  unsigned bits = (unsigned)__builtin_ctzll(end) + 1;
  v &= end ^ (end - 1);
  *slow |= v;
  *w >>= bits;
  *used += bits;
  return (uint32_t)((v & 31) | (v >> 1 & 0x3e0) | (v >> 2 & 0x7c00));
}

/* Runs of vbr 6 numbers, eight chunks at a time: their payloads, packed, and the top bit of the last
 * chunk of each number. */
struct run {
  uint64_t value, ends;
  uint64_t pos;   /* of the first chunk */
  unsigned taken; /* payload bits taken */
};

/* Packs eight chunks of six bits into eight of five. */
static inline uint64_t pack(uint64_t w) {
  w = (w & UINT64_C(0x01f01f01f01f)) | (w >> 1 & UINT64_C(0x3e03e03e03e0));
  w = (w & UINT64_C(0x0003ff0003ff)) | (w >> 2 & UINT64_C(0x0ffc000ffc00));
  return (w & UINT64_C(0xfffff)) | (w >> 4 & UINT64_C(0xfffff00000));
}

/* The run in window `w`, which starts at `pos`. */
static inline struct run run_from(uint64_t w, uint64_t pos) {
  return (struct run){pack(w), pack((~w & UINT64_C(0x820820820820)) >> 1), pos, 0};
}

static inline uint64_t run_pos(const struct run *n) { return n->pos + n->taken + n->taken / 5; }

/* The next number; one of more than eight chunks, or behind the end of the stream, sets *slow. */
static inline uint64_t run_next(const struct kn_bits *b, struct run *n, bool *slow) {
  if (KN_UNLIKELY(!n->ends)) {
    uint64_t pos = run_pos(n);
    *n = run_from(kn_bits_peek(b, pos), pos);
    if (!n->ends) {
      *slow = true;
      n->ends = 16;
    }
  }
  uint64_t v = n->value & (n->ends ^ (n->ends - 1));
  unsigned bits = (unsigned)__builtin_ctzll(n->ends) + 1;
  n->value >>= bits;
  n->ends >>= bits;
  n->taken += bits;
  return v;
}

static inline uint32_t short_fixed(uint64_t *w, unsigned *used, unsigned bits) {
  uint32_t v = (uint32_t)*w & ((1u << bits) - 1);
  *w >>= bits;
  *used += bits;
  return v;
}

/* Decodes an unabbreviated record from the window `w`, which starts at *pos; its number of operands,
 * or UINT32_MAX if it needs the general way. */
#define MOST_OPS 48
static inline unsigned unabbreviated(const struct kn_bits *b, uint64_t *pos, uint64_t w,
                                     unsigned *code, uint64_t *ops) {
  bool slow = false;
  struct run run = run_from(w, *pos);
  *code = (unsigned)run_next(b, &run, &slow);
  uint64_t n = run_next(b, &run, &slow);
  if (KN_UNLIKELY(slow || n > MOST_OPS)) return UINT32_MAX;
  for (uint64_t i = 0; i < n; i++) ops[i] = run_next(b, &run, &slow);
  *pos = run_pos(&run);
  return slow ? UINT32_MAX : (unsigned)n;
}

/* A getelementptr of up to MOST_OPS operands, from its flags on; false if it needs the general way. */
static inline bool quick_gep(struct kn_bc *r, const struct kn_bc_form *ab, uint64_t pos, uint64_t w,
                             unsigned used) {
  uint32_t ids[MOST_OPS], forward = 0, n_vals = r->n_vals;
  bool slow = false;
  short_fixed(&w, &used, ab->flag_bits);
  uint32_t source = short_fixed(&w, &used, ab->type_bits);
  pos += used;
  struct run run = run_from(used <= 9 ? w : kn_bits_peek(&r->bits, pos), pos);
  uint64_t n = run_next(&r->bits, &run, &slow);
  if (KN_UNLIKELY(n - 1 >= MOST_OPS || source >= r->n_types)) return false;
  for (uint64_t i = 0; i < n; i++) {
    ids[i] = n_vals - (uint32_t)run_next(&r->bits, &run, &slow);
    forward |= (uint32_t)(ids[i] >= n_vals);
  }
  if (KN_UNLIKELY(slow | forward)) return false;
  r->bits.pos = run_pos(&run);
  kn_bc_gep(r, source, ids[0], ids + 1, (unsigned)n - 1);
  return true;
}

/* Learns the forms of the abbreviations of the function block just entered. Forms whose fields might
 * not fit into one window are left to the general way. */
static void learn(struct kn_bc *r) {
  uint32_t n = kn_bc_scope(r);
  memset(r->known, 0, sizeof r->known);
  r->known[BC_END_BLOCK].form = FORM_END;
  r->known[BC_ENTER_BLOCK].form = FORM_ENTER;
  r->known[BC_DEFINE_ABBREV].form = FORM_DEFINE;
  r->known[BC_UNABBREV].form = r->has_debug ? FORM_ANY : FORM_UNABBREV;
  for (uint32_t i = 0; i < n && i + BC_FIRST_ABBREV < KN_BC_KNOWN; i++) {
    const struct kn_bc_abbrev *a = &r->abbrevs.at[r->scope.at[r->scope_first + i]];
    if (!r->has_debug && a->type_bits <= 16 && a->form < FORM_SETTYPE)
      r->known[i + BC_FIRST_ABBREV] = (struct kn_bc_form){a->form, a->type_bits, a->flag_bits, 0};
  }
  r->learned = r->blockinfo.n + 1;
}

/* A block within the function block. */
static bool sub_block(struct kn_bc *r) {
  uint64_t block = kn_bits_vbr(&r->bits, 8);
  if (block == BLOCK_METADATA && r->has_debug) return kn_bc_read_metadata(r);
  if (block != BLOCK_CONSTANTS) return kn_bc_skip(r);
  if (r->n_vals != r->inst_base) return kn_bc_malformed(r, "constants behind instructions");
  uint32_t first = r->n_vals;
  r->expr_count = 0;
  if (!kn_bc_read_constants(r)) return false;
  r->inst_base = r->n_vals;
  if (KN_UNLIKELY(r->expressions)) kn_bc_hoist(r, first);
  return r->status == KILN_OK;
}

/* A vbr 6 of up to five chunks, without branches. Bit VERY_LONG of *slow is set if there are more. */
#define VERY_LONG (UINT64_C(1) << 29)
static inline uint32_t long_vbr6(struct kn_bits *b, uint64_t *slow) {
  uint64_t v = kn_bits_peek(b, b->pos), end = (~v | VERY_LONG) & 0x20820820;
  b->pos += (unsigned)__builtin_ctzll(end) + 1;
  v &= end ^ (end - 1);
  *slow |= v;
  return (uint32_t)((v & 31) | (v >> 1 & 0x3e0) | (v >> 2 & 0x7c00) | (v >> 3 & 0xf8000) |
                    (v >> 4 & 0x1f00000));
}

/* What kn_bc_body reads from one window, if numbers are longer than that takes: in functions of more than
 * 32,768 values or blocks. The position is behind the record's id. False, and nothing done, if this is
 * something else. */
static __attribute__((noinline)) bool long_form(struct kn_bc *r, const struct kn_bc_form *ab) {
  struct kn_bits bits = r->bits;
  uint64_t slow = 0;
  uint32_t first = long_vbr6(&bits, &slow), a = absolute(r, first);
  bool memory = ab->form == FORM_LOAD || ab->form == FORM_STORE;
  bool two = ab->form == FORM_STORE || ab->form == FORM_BINOP || ab->form == FORM_BINOP_FLAGS ||
             ab->form == FORM_CMP || ab->form == FORM_BRIF;
  uint32_t second = two ? long_vbr6(&bits, &slow) : 0, b = absolute(r, second), x = 0, c = 0;
  uint32_t condition = ab->form == FORM_BRIF ? long_vbr6(&bits, &slow) : 0;
  bool branch = ab->form == FORM_BR || ab->form == FORM_BRIF;
  if ((slow & VERY_LONG) != 0 || (!branch && a >= r->n_vals)) return false;
  uint64_t w = kn_bits_peek(&bits, bits.pos);
  unsigned used = 0;
  if (ab->form == FORM_LOAD || ab->form == FORM_CAST || ab->form == FORM_CAST_FLAGS)
    x = short_fixed(&w, &used, ab->type_bits);
  if (memory) c = short_fixed(&w, &used, 5);
  if ((memory && (c & 8) != 0) || (ab->form == FORM_STORE && b >= r->n_vals)) return false;
  switch (ab->form) {
  case FORM_LOAD:
    r->bits.pos = bits.pos + used;
    load(r, a, x, c >> 4);
    return true;
  case FORM_STORE:
    r->bits.pos = bits.pos + used;
    store(r, a, b, kn_bc_type_of(r, b), c >> 4);
    return true;
  case FORM_BINOP:
  case FORM_BINOP_FLAGS:
    c = short_fixed(&w, &used, 4);
    r->bits.pos = bits.pos + used + ab->flag_bits;
    binop(r, c, a, b, kn_bc_type_of(r, a));
    return true;
  case FORM_CAST:
  case FORM_CAST_FLAGS:
    c = short_fixed(&w, &used, 4);
    r->bits.pos = bits.pos + used + ab->flag_bits;
    cast(r, c, a, kn_bc_type_of(r, a), x);
    return true;
  case FORM_CMP:
    x = short_fixed(&w, &used, ab->flag_bits);
    r->bits.pos = bits.pos + used;
    compare(r, a, b, kn_bc_type_of(r, a), x);
    return true;
  case FORM_BR:
    r->bits.pos = bits.pos;
    br(r, first);
    return true;
  case FORM_BRIF:
    r->bits.pos = bits.pos;
    brif(r, first, second, absolute(r, condition));
    return true;
  default: return false;
  }
}

bool kn_bc_body(struct kn_bc *r) {
  struct kn_bits *bits = &r->bits;
  if (r->width > 6) return kn_bc_unsupported(r, "so many abbreviations");
  if (r->learned != r->blockinfo.n + 1) learn(r);
  const unsigned width = r->width;
  const uint32_t mask = (1u << width) - 1;
  const uint8_t *const data = bits->data;
  static const void *const ways[FORM_COUNT] = {
    [FORM_ANY] = &&general,
    [FORM_LOAD] = &&on_load,
    [FORM_STORE] = &&on_store,
    [FORM_BINOP] = &&on_binop,
    [FORM_BINOP_FLAGS] = &&on_binop,
    [FORM_CAST] = &&on_cast,
    [FORM_CAST_FLAGS] = &&on_cast,
    [FORM_RET_VOID] = &&on_ret_void,
    [FORM_RET] = &&on_ret,
    [FORM_BR] = &&on_br,
    [FORM_BRIF] = &&on_brif,
    [FORM_GEP] = &&on_gep,
    [FORM_UNREACHABLE] = &&on_unreachable,
    [FORM_CMP] = &&on_cmp,
    [FORM_SETTYPE] = &&general,
    [FORM_INTEGER] = &&general,
    [FORM_NULL] = &&general,
    [FORM_STRING] = &&general,
    [FORM_CSTRING] = &&general,
    [FORM_END] = &&on_end,
    [FORM_ENTER] = &&on_enter,
    [FORM_DEFINE] = &&on_define,
    [FORM_UNABBREV] = &&on_unabbreviated,
  };
  const uint64_t before = r->instructions;
  for (;;) {
    uint64_t pos = bits->pos, w, slow = 0;
    unsigned used = width;
    uint32_t a, b, c, x;
    r->record_pos = pos;
    if (KN_LIKELY(pos <= bits->fast)) {
      memcpy(&w, data + (pos >> 3), 8);
      w >>= pos & 7;
    } else { /* near the end, or behind an error */
      if (pos >= bits->end) return kn_bc_malformed(r, "the file ends within a function");
      w = kn_bits_peek(bits, pos);
    }
    unsigned id = (unsigned)w & mask;
    const struct kn_bc_form *ab = &r->known[id];
    w >>= width;
    r->instructions++; /* taken back for what is none */
    goto *ways[ab->form];
  on_load:
    a = absolute(r, short_vbr6(&w, &used, &slow));
    x = short_fixed(&w, &used, ab->type_bits);
    c = short_fixed(&w, &used, 5);
    if (KN_UNLIKELY(((slow | (uint64_t)c << 14) & TOO_LONG) != 0 || a >= r->n_vals)) goto general;
    bits->pos = pos + used;
    load(r, a, x, c >> 4);
    continue;
  on_store:
    a = absolute(r, short_vbr6(&w, &used, &slow));
    b = absolute(r, short_vbr6(&w, &used, &slow));
    c = short_fixed(&w, &used, 5);
    if (KN_UNLIKELY(((slow | (uint64_t)c << 14) & TOO_LONG) != 0 || a >= r->n_vals ||
                    b >= r->n_vals))
      goto general;
    bits->pos = pos + used;
    store(r, a, b, kn_bc_type_of(r, b), c >> 4);
    continue;
  on_gep:
    if (KN_UNLIKELY(!quick_gep(r, ab, pos, w, used))) goto general;
    continue;
  on_binop:
    a = absolute(r, short_vbr6(&w, &used, &slow));
    b = absolute(r, short_vbr6(&w, &used, &slow));
    x = short_fixed(&w, &used, 4);
    if (KN_UNLIKELY((slow & TOO_LONG) != 0 || a >= r->n_vals)) goto general;
    bits->pos = pos + used + ab->flag_bits;
    binop(r, x, a, b, kn_bc_type_of(r, a));
    continue;
  on_cast:
    a = absolute(r, short_vbr6(&w, &used, &slow));
    x = short_fixed(&w, &used, ab->type_bits);
    c = short_fixed(&w, &used, 4);
    if (KN_UNLIKELY((slow & TOO_LONG) != 0 || a >= r->n_vals)) goto general;
    bits->pos = pos + used + ab->flag_bits;
    cast(r, c, a, kn_bc_type_of(r, a), x);
    continue;
  on_cmp:
    a = absolute(r, short_vbr6(&w, &used, &slow));
    b = absolute(r, short_vbr6(&w, &used, &slow));
    x = short_fixed(&w, &used, ab->flag_bits);
    if (KN_UNLIKELY((slow & TOO_LONG) != 0 || a >= r->n_vals)) goto general;
    bits->pos = pos + used;
    compare(r, a, b, kn_bc_type_of(r, a), x);
    continue;
  on_br:
    a = short_vbr6(&w, &used, &slow);
    if (KN_UNLIKELY(slow & TOO_LONG)) goto general;
    bits->pos = pos + used;
    br(r, a);
    continue;
  on_brif:
    a = short_vbr6(&w, &used, &slow);
    b = short_vbr6(&w, &used, &slow);
    c = absolute(r, short_vbr6(&w, &used, &slow));
    if (KN_UNLIKELY((slow & TOO_LONG) != 0 || used > 57)) goto general;
    bits->pos = pos + used;
    brif(r, a, b, c);
    continue;
  on_ret:
    a = absolute(r, short_vbr6(&w, &used, &slow));
    if (KN_UNLIKELY((slow & TOO_LONG) != 0 || a >= r->n_vals)) goto general;
    bits->pos = pos + used;
    kn_bc_ret(r, a, kn_bc_type_of(r, a));
    next_block(r);
    continue;
  on_ret_void:
    bits->pos = pos + used;
    kn_bc_ret(r, UINT32_MAX, UINT32_MAX);
    next_block(r);
    continue;
  on_unreachable:
    bits->pos = pos + used;
    kiln_build_nullary(r->f, KILN_OP_UNREACHABLE);
    next_block(r);
    continue;
  on_unabbreviated: {
    uint64_t ops[MOST_OPS];
    pos += used;
    unsigned code, n = unabbreviated(bits, &pos, w, &code, ops);
    if (KN_UNLIKELY(n == UINT32_MAX)) goto general;
    bits->pos = pos;
    if (KN_LIKELY(code == FUNC_CALL)) kn_bc_call(r, ops, n);
    else record(r, code, ops, n);
    if (KN_UNLIKELY(r->restart)) break;
    continue;
  }
  on_end:
    r->instructions--;
    bits->pos = pos + used;
    kn_bits_align(bits);
    r->instructions -= r->others;
    return true;
  on_enter:
    r->instructions--;
    bits->pos = pos + used;
    if (!sub_block(r)) return false;
    continue;
  on_define:
    r->instructions--;
    bits->pos = pos + used;
    if (!kn_bc_define(r, false, BLOCK_FUNCTION)) return false;
    learn(r);
    r->learned = 0; /* for this block only */
    continue;
  general: /* the window may have moved on */
    bits->pos = r->record_pos + width;
    if (KN_UNLIKELY((slow & TOO_LONG) != 0) && long_form(r, ab)) continue;
    if (r->has_debug && kn_bc_is_debug_record(kn_bc_code(r, id))) {
      r->instructions--;
      if (!kn_bc_skip_record(r, id)) return false;
      continue;
    }
    if (!kn_bc_record(r, id)) return false;
    record(r, r->code, r->ops.at, r->ops.n);
    if (KN_UNLIKELY(r->restart)) break;
  }
  r->instructions = before; /* it is read again */
  return true;
}
