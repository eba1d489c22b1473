/* Constants: reads constants blocks into the table csts, evaluates constant expressions to a number
 * or a symbol + offset, and makes handles of them in functions. data.c writes initialisers from the
 * same table. Invariant: evaluation is memoised in the table and its depth limited, so shared and
 * nested expressions cost no more than their records. */
#include "bc.h"

/* Deepest nesting of constant expressions. */
#define MAX_NESTING 256

bool kn_bc_room_vals(struct kn_bc *r, uint64_t need) {
  if (need > r->vals.cap && !kn_bc_grow(r, &r->vals.at, &r->vals.cap, need, sizeof *r->vals.at))
    return false;
  return need <= r->csts.cap || kn_bc_grow(r, &r->csts.at, &r->csts.cap, need, sizeof *r->csts.at);
}

/* ---- reading ---- */

/* Where constants that are being read keep what they consist of, and the index there of what is kept next. */
static struct kn_bc_pool *pool(struct kn_bc *r) { return r->f ? &r->fn.pool : &r->open->pool; }
#define NEXT_IN_POOL(r, array)                                                                     \
  ((r)->f ? (r)->m->pool.array.n + (r)->fn.pool.array.n : (r)->m->pool.array.n)

static void unsupported(struct kn_bc_cst *c, const char *what) {
  c->kind = CK_UNSUPPORTED;
  c->v = (uint64_t)(uintptr_t)what;
}

bool kn_bc_bad_constant(struct kn_bc *r, const struct kn_bc_cst *c) {
  if (c->v >= KN_BC_CST_CODES) return kn_bc_unsupported(r, (const char *)(uintptr_t)c->v);
  return kn_bc_fail(r, KILN_ERR_UNSUPPORTED, "not implemented: unknown constant record %u",
                    (unsigned)c->v);
}

/* Copies the operands from `from` on to clist. */
static bool keep(struct kn_bc *r, struct kn_bc_cst *c, uint32_t from) {
  uint32_t n = r->in.ops.n - from;
  if (!KN_BC_ROOM(r, pool(r)->list, (uint64_t)pool(r)->list.n + n)) return false;
  for (uint32_t i = 0; i < n; i++) {
    uint64_t v = r->in.ops.at[from + i];
    pool(r)->list.at[pool(r)->list.n + i] = v > UINT32_MAX ? UINT32_MAX : (uint32_t)v;
  }
  c->index = NEXT_IN_POOL(r, list);
  c->n = n;
  pool(r)->list.n += n;
  return true;
}

static bool keep_words(struct kn_bc *r, struct kn_bc_cst *c) {
  if (!KN_BC_ROOM(r, pool(r)->words, (uint64_t)pool(r)->words.n + r->in.ops.n)) return false;
  if (r->in.ops.n)
    memcpy(pool(r)->words.at + pool(r)->words.n, r->in.ops.at, r->in.ops.n * sizeof(uint64_t));
  c->index = NEXT_IN_POOL(r, words);
  c->n = r->in.ops.n;
  pool(r)->words.n += r->in.ops.n;
  return true;
}

/* Copies bytes, and a NUL after them. */
static bool keep_bytes(struct kn_bc *r, struct kn_bc_cst *c, uint32_t from, uint32_t n) {
  if (!KN_BC_ROOM(r, pool(r)->bytes, (uint64_t)pool(r)->bytes.n + n + 1)) return false;
  uint8_t *to = pool(r)->bytes.at + pool(r)->bytes.n;
  const uint64_t *op = r->in.ops.at + from;
  for (uint32_t i = 0; i < n; i++) to[i] = (uint8_t)op[i];
  c->index = NEXT_IN_POOL(r, bytes);
  c->n = n;
  to[n] = 0;
  pool(r)->bytes.n += n + 1;
  return true;
}

/* A getelementptr expression: [type, (flags, (range)), type, value, ...], made a list of the source
 * type, the base and the indices. */
static bool gep(struct kn_bc *r, struct kn_bc_cst *c) {
  const uint64_t *op = r->in.ops.at;
  uint32_t n = r->in.ops.n, i = 1;
  if (n < 3) return kn_bc_malformed(r, "bad getelementptr expression");
  if ((r->in.code == CST_CE_GEP_OLD || r->in.code == CST_CE_INBOUNDS_GEP) && n % 2 == 0)
    return kn_bc_unsupported(r, "a record of LLVM 3 (LLVM 11 and newer can be read)");
  if (r->in.code != CST_CE_GEP_OLD && r->in.code != CST_CE_INBOUNDS_GEP) i++; /* flags */
  if ((r->in.code == CST_CE_GEP_INRANGE || r->in.code == CST_CE_GEP) && op[1] >> 3 != 0)
    return unsupported(c, "a getelementptr expression with unknown flags"), true;
  if (r->in.code == CST_CE_GEP_INRANGE) {
    uint64_t bits = op[i++], words = 2;
    if (bits > 64) {
      if (i >= n) return kn_bc_malformed(r, "bad getelementptr expression");
      words = (op[i] & UINT32_MAX) + (op[i] >> 32);
      i++;
    }
    if (words > n - i) return kn_bc_malformed(r, "bad getelementptr expression");
    i += (uint32_t)words;
  }
  if (i >= n || (n - i) % 2) return kn_bc_malformed(r, "bad getelementptr expression");
  if (op[0] >= r->types.n) return kn_bc_malformed(r, "type number out of range");
  uint32_t count = (n - i) / 2 + 1;
  if (!KN_BC_ROOM(r, pool(r)->list, (uint64_t)pool(r)->list.n + count)) return false;
  uint32_t *to = pool(r)->list.at + pool(r)->list.n;
  *to++ = (uint32_t)op[0];
  for (i++; i < n; i += 2) *to++ = op[i] > UINT32_MAX ? UINT32_MAX : (uint32_t)op[i];
  *c = (struct kn_bc_cst){.kind = CK_GEP, .index = NEXT_IN_POOL(r, list), .n = count};
  pool(r)->list.n += count;
  return true;
}

/* Inline assembly: [type, flags, size of template, template, size of constraints, constraints]. Kept are the flags, the
 * template and a NUL in place of the second size, and the constraints. Until LLVM 13 there was no type, which then is
 * what the constant's, `type`, points to. */
static bool assembly(struct kn_bc *r, uint32_t type, struct kn_bc_cst *c) {
  if (r->in.code != CST_INLINEASM) {
    if (!KN_BC_ROOM(r, r->in.ops, (uint64_t)r->in.ops.n + 1)) return false;
    memmove(r->in.ops.at + 1, r->in.ops.at, r->in.ops.n++ * sizeof *r->in.ops.at);
    r->in.ops.at[0] = r->types.at[type].pointee;
  }
  const uint64_t *op = r->in.ops.at;
  uint32_t n = r->in.ops.n;
  if (n < 4 || op[2] > n - 4 || op[3 + op[2]] > n - 4 - op[2])
    return kn_bc_malformed(r, "bad inline assembly");
  if (op[0] >= r->types.n || r->types.at[op[0]].kind != TK_FUNC)
    return kn_bc_malformed(r, "inline assembly without a function type");
  if (op[1] >> 4 != 0 || n > 4 + op[2] + op[3 + op[2]]) {
    unsupported(c, "inline assembly with unknown flags or operands");
    return true;
  }
  c->kind = CK_ASM;
  c->x = (uint8_t)(op[1] & 15);
  for (uint32_t i = 0; i < op[2]; i++)
    if (op[3 + i] == 0) {
      unsupported(c, "a NUL in inline assembly");
      return true;
    }
  uint32_t size = (uint32_t)op[3 + op[2]];
  r->in.ops.at[3 + op[2]] = 0;
  return keep_bytes(r, c, 3, (uint32_t)op[2] + 1 + size);
}

/* Adds constant `c` as the next value. */
static bool add(struct kn_bc *r, uint32_t type, struct kn_bc_cst c) {
  if (!kn_bc_room_vals(r, (uint64_t)r->vals.n + 1)) return false;
  r->csts.at[r->vals.n] = c;
  r->vals.at[r->vals.n++] = (struct kn_bc_val){0, type | (uint32_t)VS_CONST << 24};
  return true;
}

static struct kn_bc_cst integer(const struct kn_bc_type *t, uint64_t v) {
  v = (uint64_t)kn_bits_signed(v);
  if (t->bits < 64) v = (uint64_t)((int64_t)(v << (64 - t->bits)) >> (64 - t->bits));
  return (struct kn_bc_cst){.kind = CK_INT, .v = v};
}

/* Adds an integer constant. A small one gets its handle here, which is valid in all functions. */
static inline bool add_integer(struct kn_bc *r, uint32_t type, const struct kn_bc_type *t,
                               struct kn_bc_cst c) {
  if (!add(r, type, c)) return false;
  int64_t v = t->fit == FIT_BOOL ? (int64_t)(c.v & 1) : (int64_t)c.v;
  if (r->f && t->ktype != KILN_TYPE_VOID && v == (int16_t)v)
    r->vals.at[r->vals.n - 1] =
      (struct kn_bc_val){kiln_const_int(r->f, v).id, type | (uint32_t)VS_HANDLE << 24};
  return true;
}

/* A float; in two words if it has more than 64 bits. */
static bool float_number(struct kn_bc *r, const struct kn_bc_type *t, struct kn_bc_cst *c) {
  const uint64_t *op = r->in.ops.at;
  uint32_t n = r->in.ops.n;
  if (t->bits <= 64 && (t->kind == TK_FLOAT || t->kind == TK_SOFT)) {
    c->kind = CK_FLOAT;
    c->v = op[0];
    return true;
  }
  c->kind = CK_WIDE; /* bytes for initialisers: x86_fp80, fp128 */
  uint64_t low = op[0], high = n > 1 ? op[1] : 0;
  if (t->bits == 80) { /* stored as (upper 64 bits, lower 16 bits) */
    high = low >> 48;
    low = low << 16 | (op[n > 1] & 0xffff);
  }
  if (!KN_BC_ROOM(r, pool(r)->words, (uint64_t)pool(r)->words.n + 2)) return false;
  c->index = NEXT_IN_POOL(r, words);
  c->n = 2;
  pool(r)->words.at[pool(r)->words.n++] = low;
  pool(r)->words.at[pool(r)->words.n++] = high;
  return true;
}

/* An operation on constants that is evaluated where it is used. */
static bool expression(struct kn_bc *r, struct kn_bc_cst *c) {
  const uint64_t *op = r->in.ops.at;
  uint32_t n = r->in.ops.n;
  r->fn.expressions = true;
  switch (r->in.code) {
  case CST_CE_BINOP:
    if (n > 2 && op[0] >= BINOP_COUNT) return unsupported(c, "this operation of a constant"), true;
    if (n < 3 || op[0] > UINT8_MAX || op[1] > UINT32_MAX || op[2] > UINT32_MAX)
      return kn_bc_malformed(r, "bad binary expression");
    *c = (struct kn_bc_cst){
      .kind = CK_BINOP, .x = (uint8_t)op[0], .index = (uint32_t)op[1], .n = (uint32_t)op[2]};
    return true;
  case CST_CE_CAST:
    if (n > 2 && op[0] >= CAST_COUNT) return unsupported(c, "this cast of a constant"), true;
    if (n < 3 || op[0] > UINT8_MAX || op[2] > UINT32_MAX)
      return kn_bc_malformed(r, "bad cast expression");
    *c = (struct kn_bc_cst){.kind = CK_CAST, .x = (uint8_t)op[0], .index = (uint32_t)op[2]};
    return true;
  case CST_CE_CMP: /* [type of the operands, a, b, predicate]: until LLVM 19 */
    if (n < 4 || op[1] > UINT32_MAX || op[2] > UINT32_MAX || op[3] > UINT8_MAX)
      return kn_bc_malformed(r, "bad comparison in a constant");
    *c = (struct kn_bc_cst){
      .kind = CK_CMP, .x = (uint8_t)op[3], .index = (uint32_t)op[1], .n = (uint32_t)op[2]};
    return true;
  default: /* CST_CE_SELECT: [condition, a, b]: until LLVM 16 */
    if (n < 3) return kn_bc_malformed(r, "bad selection in a constant");
    c->kind = CK_SELECT;
    return keep(r, c, 0);
  }
}

/* How many operands the record of a constant of type `t` may have; UINT32_MAX: other code counts them. */
static uint32_t most_operands(uint32_t code, const struct kn_bc_type *t) {
  switch (code) {
  case CST_NULL:
  case CST_UNDEF:
  case CST_POISON: return 0;
  case CST_INTEGER: return 1;
  case CST_FLOAT: return t->bits > 64 ? 2 : 1;
  case CST_BLOCKADDRESS:
  case CST_CE_SELECT: return 3;
  case CST_CE_BINOP: /* with flags */
  case CST_CE_CAST:
  case CST_CE_CMP: return 4;
  default: return UINT32_MAX;
  }
}

/* Reads one record; the current type is `type`. */
static bool constant(struct kn_bc *r, uint32_t type) {
  const uint64_t *op = r->in.ops.at;
  uint32_t n = r->in.ops.n;
  const struct kn_bc_type *t = &r->types.at[type];
  struct kn_bc_cst c = {0};
  bool ok = true;
  const bool empty = r->in.code == CST_NULL || r->in.code == CST_UNDEF || r->in.code == CST_POISON;
  if (n > most_operands(r->in.code, t) || (t->kind == TK_OTHER && !empty)) {
    unsupported(&c, t->kind == TK_OTHER ? "a constant of this type"
                                        : "a constant's record with unknown operands");
    return add(r, type, c);
  }
  switch (r->in.code) {
  case CST_NULL: c.kind = t->kind == TK_INT && t->bits <= 64 ? CK_INT : CK_NULL; break;
  case CST_UNDEF:
  case CST_POISON: c.kind = t->kind == TK_INT && t->bits <= 64 ? CK_INT_UNDEF : CK_UNDEF; break;
  case CST_INTEGER:
    if (n < 1 || (t->kind != TK_INT && t->kind != TK_VECTOR))
      return kn_bc_malformed(r, "bad integer constant");
    if (t->kind == TK_VECTOR) {
      c = integer(&r->types.at[r->m->elems.at[t->first].type], op[0]); /* of all lanes */
      break;
    }
    c = integer(t, op[0]);
    break;
  case CST_WIDE_INTEGER:
    if (n < 1 || (t->kind != TK_INT && t->kind != TK_WIDE))
      return kn_bc_malformed(r, "bad integer constant");
    c.kind = CK_WIDE;
    ok = keep_words(r, &c);
    for (uint32_t i = 0; ok && i < n; i++)
      pool(r)->words.at[pool(r)->words.n - n + i] = (uint64_t)kn_bits_signed(op[i]);
    break;
  case CST_FLOAT:
    if (n < 1) return kn_bc_malformed(r, "bad float constant");
    ok = float_number(r, t, &c);
    break;
  case CST_AGGREGATE:
    c.kind = CK_AGGREGATE;
    ok = keep(r, &c, 0);
    break;
  case CST_STRING:
  case CST_CSTRING:
    c.kind = CK_BYTES;
    c.x = r->in.code == CST_CSTRING;
    ok = keep_bytes(r, &c, 0, n);
    break;
  case CST_DATA:
    c.kind = CK_DATA;
    ok = keep_words(r, &c);
    break;
  case CST_CE_BINOP:
  case CST_CE_CAST:
  case CST_CE_CMP:
  case CST_CE_SELECT: ok = expression(r, &c); break;
  case CST_CE_GEP_OLD:
  case CST_CE_INBOUNDS_GEP:
  case CST_CE_GEP_INRANGE_INDEX_OLD:
  case CST_CE_GEP_INRANGE:
  case CST_CE_GEP: ok = gep(r, &c); break;
  case CST_BLOCKADDRESS:
    if (n < 3 || op[1] > UINT32_MAX || op[2] > UINT32_MAX)
      return kn_bc_malformed(r, "bad block address");
    c = (struct kn_bc_cst){.kind = CK_BLOCK, .index = (uint32_t)op[1], .n = (uint32_t)op[2]};
    if (!r->f) r->open->has_blocks = true;
    break;
  case CST_INLINEASM_OLD:
  case CST_INLINEASM_OLD2:
  case CST_INLINEASM_OLD3:
  case CST_INLINEASM: ok = assembly(r, type, &c); break;
  case CST_DSO_LOCAL_EQUIVALENT: unsupported(&c, "dso_local_equivalent"); break;
  case CST_NO_CFI: unsupported(&c, "no_cfi"); break;
  default: /* its number, as no address of a text is so low */
    c.kind = CK_UNSUPPORTED;
    c.v = r->in.code < KN_BC_CST_CODES ? r->in.code : KN_BC_CST_CODES - 1;
    break;
  }
  return ok && add(r, type, c);
}

/* Reads a string: [array of characters], of `width` bits each. */
static bool string(struct kn_bc *r, uint32_t type, unsigned width, bool nul) {
  struct kn_bits *b = &r->in.bits;
  uint64_t n = kn_bits_vbr6(b);
  if (b->pos > b->end || n > (b->end - b->pos) / width)
    return kn_bc_malformed(r, "the file ends in the middle of a string");
  if (!KN_BC_ROOM(r, pool(r)->bytes, pool(r)->bytes.n + n + 1)) return false;
  uint32_t index = NEXT_IN_POOL(r, bytes);
  struct kn_bc_cst c = {.kind = CK_BYTES, .x = nul, .index = index, .n = (uint32_t)n};
  kn_bc_text(r, width, pool(r)->bytes.at + pool(r)->bytes.n, n);
  pool(r)->bytes.at[pool(r)->bytes.n + n] = 0;
  pool(r)->bytes.n += (uint32_t)n + 1;
  return add(r, type, c);
}

/* Learns the forms of the abbreviations of the constants block just entered. */
static void learn(struct kn_bc *r) {
  uint32_t n = kn_bc_scope(r);
  memset(r->in.known_csts, 0, sizeof r->in.known_csts);
  for (uint32_t i = 0; i < n && i + BC_FIRST_ABBREV < KN_BC_KNOWN_CSTS; i++)
    r->in.known_csts[i + BC_FIRST_ABBREV] = r->abbrevs.at[r->in.scope.at[r->in.scope_first + i]];
  r->in.learned_csts = r->m->blockinfo.n + 1;
}

/* Reads the record, block or definition whose abbreviation id was just read; `*type` is the current
 * type. */
static bool item(struct kn_bc *r, unsigned id, uint32_t *type) {
  if (id == BC_ENTER_BLOCK) return kn_bc_unknown(r, "block", kn_bits_vbr(&r->in.bits, 8));
  if (id == BC_DEFINE_ABBREV) {
    if (!kn_bc_define_abbrev(r, false, BLOCK_CONSTANTS)) return false;
    learn(r);
    r->in.learned_csts = 0; /* for this block only */
    return true;
  }
  if (!kn_bc_record(r, id)) return false;
  if (r->in.code == CST_SETTYPE) {
    if (r->in.ops.n < 1 || r->in.ops.at[0] >= r->types.n)
      return kn_bc_malformed(r, "type number out of range");
    *type = (uint32_t)r->in.ops.at[0];
    return kn_bc_ends(r, "a constant's type", 1, r->in.ops.n);
  }
  if (*type == UINT32_MAX) return kn_bc_malformed(r, "a constant without a type");
  return constant(r, *type);
}

/* Is the record whose abbreviation id was just read a null without an abbreviation, as LLVM
 * writes all? Then its code and its number of operands are skipped. */
static inline bool unabbreviated_null(struct kn_bits *b, unsigned id) {
  if (id != BC_UNABBREV || (kn_bits_peek(b, b->pos) & 0xfff) != CST_NULL) return false;
  b->pos += 12;
  return true;
}

bool kn_bc_read_constants(struct kn_bc *r) {
  struct kn_bc_saved saved;
  struct kn_bits *b = &r->in.bits;
  uint32_t type = UINT32_MAX;
  if (!kn_bc_enter(r, BLOCK_CONSTANTS, &saved)) return false;
  if (r->in.learned_csts != r->m->blockinfo.n + 1) learn(r);
  for (;;) {
    r->record_pos = b->pos;
    if (b->pos >= b->end) return kn_bc_malformed(r, "the file ends within constants");
    unsigned id = (unsigned)kn_bits_fixed(b, r->in.width);
    if (id == BC_END_BLOCK) {
      kn_bits_align(b);
      kn_bc_leave(r, &saved);
      return r->status == KILN_OK;
    }
    const struct kn_bc_abbrev *a = &r->in.known_csts[id < KN_BC_KNOWN_CSTS ? id : 0];
    const struct kn_bc_type *t = &r->types.at[type == UINT32_MAX ? 0 : type];
    bool typed = type != UINT32_MAX;
    if (a->form == FORM_SETTYPE) {
      type = (uint32_t)kn_bits_fixed(b, a->type_bits);
      if (type >= r->types.n) return kn_bc_malformed(r, "type number out of range");
    } else if (a->form == FORM_INTEGER && typed && t->kind == TK_INT) {
      if (!add_integer(r, type, t, integer(t, kn_bits_vbr(b, 8)))) return false;
    } else if (typed && (a->form == FORM_NULL || unabbreviated_null(b, id))) {
      struct kn_bc_cst c = {.kind = t->kind == TK_INT && t->bits <= 64 ? CK_INT : CK_NULL};
      if (!(c.kind == CK_INT ? add_integer(r, type, t, c) : add(r, type, c))) return false;
    } else if ((a->form == FORM_STRING || a->form == FORM_CSTRING) && typed) {
      if (!string(r, type, a->flag_bits, a->form == FORM_CSTRING)) return false;
    } else if (!item(r, id, &type)) {
      return false;
    }
  }
}

/* ---- evaluation ---- */

static struct kn_bc_num number(int64_t v) {
  return (struct kn_bc_num){.low = (uint64_t)v, .high = (uint64_t)(v >> 63)};
}

/* Sign-extends a number from `bits`. */
static void canonical(struct kn_bc_num *v, unsigned bits) {
  if (bits < 64) v->low = (uint64_t)((int64_t)(v->low << (64 - bits)) >> (64 - bits));
  if (bits <= 64) v->high = (uint64_t)((int64_t)v->low >> 63);
}

/* Marks a constant as one that only instructions can compute. */
static bool by_code(struct kn_bc_num *out) {
  *out = (struct kn_bc_num){.code = true};
  return true;
}

static bool eval(struct kn_bc *r, uint32_t id, unsigned depth, struct kn_bc_num *out);

static bool eval_cast(struct kn_bc *r, const struct kn_bc_cst *c, const struct kn_bc_type *to,
                      unsigned depth, struct kn_bc_num *out) {
  if (!eval(r, c->index, depth + 1, out)) return false;
  if (out->code) return true;
  const struct kn_bc_type *from = &r->types.at[kn_bc_type_of(r, c->index)];
  switch (c->x) {
  case CAST_ZEXT:
  case CAST_INTTOPTR:
    if (out->narrow) return by_code(out);
    if (!out->symbol && from->bits < 64) {
      out->low &= (UINT64_C(1) << from->bits) - 1;
      out->high = 0;
    } else if (!out->symbol && from->bits == 64 && to->bits > 64) {
      out->high = 0;
    }
    break;
  case CAST_SEXT:
  case CAST_BITCAST:
  case CAST_ADDRSPACECAST:
  case CAST_PTRTOINT:
  case CAST_PTRTOADDR:
  case CAST_TRUNC: break;
  default: return by_code(out);
  }
  if (out->symbol) {
    if (to->bits < 64) out->narrow = true;
    if (to->bits <= 64 && c->x != CAST_ZEXT && c->x != CAST_SEXT) return true;
    return by_code(out);
  }
  if (to->kind == TK_INT) canonical(out, to->bits);
  return true;
}

static bool eval_binop(struct kn_bc *r, const struct kn_bc_cst *c, const struct kn_bc_type *t,
                       unsigned depth, struct kn_bc_num *out) {
  struct kn_bc_num a, b;
  if (!eval(r, c->index, depth + 1, &a) || !eval(r, c->n, depth + 1, &b)) return false;
  if (a.code || b.code || t->bits > 64 || t->kind != TK_INT) return by_code(out);
  *out = (struct kn_bc_num){0};
  if ((a.narrow || b.narrow) && c->x != BINOP_ADD && c->x != BINOP_SUB) return by_code(out);
  if (a.symbol || b.symbol) {
    if (c->x == BINOP_ADD && !(a.symbol && b.symbol)) {
      *out = a.symbol ? a : b;
      out->low = a.low + b.low;
      return true;
    }
    if (c->x == BINOP_SUB && !b.minus && a.symbol && (!b.symbol || !a.minus)) {
      *out = a;
      out->low = a.low - b.low;
      if (b.symbol && b.symbol == a.symbol) *out = number((int64_t)out->low);
      else if (b.symbol) out->minus = b.symbol;
      return true;
    }
    return by_code(out);
  }
  uint64_t x = a.low, y = b.low;
  uint64_t mask = t->bits >= 64 ? UINT64_MAX : (UINT64_C(1) << t->bits) - 1;
  switch (c->x) {
  case BINOP_ADD: x += y; break;
  case BINOP_SUB: x -= y; break;
  case BINOP_MUL: x *= y; break;
  case BINOP_AND: x &= y; break;
  case BINOP_OR: x |= y; break;
  case BINOP_XOR: x ^= y; break;
  case BINOP_SHL: x = y < t->bits ? x << y : 0; break;
  case BINOP_LSHR: x = y < t->bits ? (x & mask) >> y : 0; break;
  case BINOP_ASHR: x = y < t->bits ? (uint64_t)((int64_t)x >> y) : 0; break;
  default: return by_code(out);
  }
  *out = number((int64_t)x);
  canonical(out, t->bits);
  return true;
}

static bool eval_gep(struct kn_bc *r, const struct kn_bc_cst *c, unsigned depth,
                     struct kn_bc_num *out) {
  const uint32_t *list = kn_bc_list(r, c->index);
  uint32_t n = c->n, type = list[0];
  bool code = false;
  if (!eval(r, list[1], depth + 1, out)) return false;
  code = out->code || out->minus || out->narrow;
  for (uint32_t i = 2; i < n; i++) {
    struct kn_bc_num index;
    if (!eval(r, list[i], depth + 1, &index)) return false;
    if (index.symbol || index.code) code = true;
    const struct kn_bc_type *t = &r->types.at[type];
    if (i == 2) {
      if (!kn_bc_sized(r, type)) return false;
      out->low += index.low * t->size;
    } else if (t->kind == TK_STRUCT) {
      if (index.low >= t->n) return kn_bc_malformed(r, "struct index out of range");
      out->low += r->m->elems.at[t->first + index.low].offset;
      type = r->m->elems.at[t->first + index.low].type;
    } else {
      if (!kn_bc_stepped(r, type)) return false;
      type = r->m->elems.at[t->first].type;
      out->low += index.low * r->types.at[type].size;
    }
  }
  return code ? by_code(out) : true;
}

static bool eval_cmp(struct kn_bc *r, const struct kn_bc_cst *c, unsigned depth,
                     struct kn_bc_num *out) {
  struct kn_bc_num a, b;
  if (!eval(r, c->index, depth + 1, &a) || !eval(r, c->n, depth + 1, &b)) return false;
  return by_code(out);
}

static bool eval_select(struct kn_bc *r, const struct kn_bc_cst *c, unsigned depth,
                        struct kn_bc_num *out) {
  struct kn_bc_num of[3];
  for (uint32_t i = 0; i < 3; i++)
    if (!eval(r, kn_bc_list(r, c->index)[i], depth + 1, &of[i])) return false;
  if (of[0].code || of[0].symbol) return by_code(out);
  *out = of[of[0].low & 1 ? 1 : 2];
  return true;
}

/* The symbol of the block address in `c`. A body may refer to its own blocks at any time, to blocks of other
 * functions only while the module is not frozen. */
static bool eval_block(struct kn_bc *r, const struct kn_bc_cst *c, struct kn_bc_num *out) {
  if (c->index >= r->m->n_vals || r->csts.at[c->index].kind != CK_GLOBAL)
    return kn_bc_malformed(r, "block address of something that is not a function");
  const struct kn_bc_global *g = &r->m->globals.at[r->csts.at[c->index].index];
  if (g->what != KILN_SYMBOL_FUNC || !g->symbol)
    return kn_bc_malformed(r, "block address of something that is not a function");
  kiln_symbol func = {g->symbol};
  if (r->f && kiln_func_symbol(r->f).id == func.id) {
    kiln_block_address(r->f, (kiln_block){c->n});
    if (kiln_func_status(r->f) == KILN_ERR_MEMORY)
      return kn_bc_fail(r, KILN_ERR_MEMORY, "out of memory");
    if (kiln_func_status(r->f) != KILN_OK) return kn_bc_malformed(r, "bad block address");
  } else if (r->f && kiln_module_is_frozen(r->module)) {
    return kn_bc_unsupported(r, "the address of another function's block");
  }
  out->symbol = kiln_block_symbol(r->module, func, (kiln_block){c->n}).id;
  return out->symbol != 0 || kn_bc_malformed(r, "bad block address");
}

static bool eval(struct kn_bc *r, uint32_t id, unsigned depth, struct kn_bc_num *out) {
  *out = (struct kn_bc_num){0};
  if (id >= r->inst_base) return kn_bc_malformed(r, "constant number out of range");
  if (depth > MAX_NESTING)
    return kn_bc_fail(r, KILN_ERR_LIMIT, "constant expressions are nested deeper than %d",
                      MAX_NESTING);
  struct kn_bc_cst *c = &r->csts.at[id], copy = *c;
  const struct kn_bc_type *t = &r->types.at[kn_bc_type_of(r, id)];
  bool ok;
  if (c->code) return by_code(out);
  switch (c->kind) {
  case CK_INT:
  case CK_INT_UNDEF: *out = number((int64_t)c->v); return true;
  case CK_NULL:
  case CK_UNDEF: return true;
  case CK_FLOAT: out->low = c->v; return true;
  case CK_WIDE:
    out->low = kn_bc_words(r, c->index)[0];
    out->high = c->n > 1 ? kn_bc_words(r, c->index)[1] : 0; /* zero words at the top are left out */
    return true;
  case CK_ADDR:
    out->symbol = c->index;
    out->low = c->v;
    return true;
  case CK_GLOBAL: {
    struct kn_bc_global *g = &r->m->globals.at[c->index];
    if (!g->symbol && g->what == KILN_SYMBOL_ALIAS && !kn_bc_define_alias(r, g, depth + 1))
      return false;
    out->symbol = g->symbol;
    return g->symbol != 0 || kn_bc_unsupported(r, "the address of something special to LLVM");
  }
  case CK_BLOCK: return eval_block(r, c, out);
  case CK_CAST:
    c->kind = CK_BUSY;
    ok = eval_cast(r, &copy, t, depth, out);
    break;
  case CK_BINOP:
    c->kind = CK_BUSY;
    ok = eval_binop(r, &copy, t, depth, out);
    break;
  case CK_GEP:
    c->kind = CK_BUSY;
    ok = eval_gep(r, &copy, depth, out);
    break;
  case CK_CMP:
    c->kind = CK_BUSY;
    ok = eval_cmp(r, &copy, depth, out);
    break;
  case CK_SELECT:
    c->kind = CK_BUSY;
    ok = eval_select(r, &copy, depth, out);
    break;
  case CK_BUSY: return kn_bc_malformed(r, "a constant that contains itself");
  case CK_UNSUPPORTED: return kn_bc_bad_constant(r, c);
  case CK_ASM: return kn_bc_unsupported(r, "the address of inline assembly");
  default:
    if (t->kind == TK_VECTOR) return by_code(out);
    return kn_bc_malformed(r, "an aggregate where a scalar is expected");
  }
  if (!ok) return false;
  *c = copy;
  c->code = out->code;
  /* These are not memoised. That costs no exponential time, as no operation uses such an operand twice. */
  if (out->code || out->minus || out->narrow || t->bits > 64) return true;
  const struct kn_bc_cst *of = copy.kind == CK_CAST ? &r->csts.at[copy.index] : NULL;
  *c =
    (struct kn_bc_cst){.kind = out->symbol ? CK_ADDR : CK_INT, .v = out->low, .index = out->symbol};
  if (!out->symbol) c->index = !of || of->kind != CK_INT || of->index != 0; /* 1: computed */
  return true;
}

bool kn_bc_casts_number(struct kn_bc *r, uint32_t id, uint64_t *out) {
  const struct kn_bc_cst *c = &r->csts.at[id];
  struct kn_bc_num v;
  for (unsigned k = 0; k < MAX_NESTING && c->kind == CK_CAST && c->index < r->inst_base; k++)
    c = &r->csts.at[c->index];
  if (c->kind != CK_INT || c->index != 0 || !eval(r, id, 0, &v) || v.code || v.symbol) return false;
  *out = v.low;
  return true;
}

bool kn_bc_eval(struct kn_bc *r, uint32_t id, unsigned depth, struct kn_bc_num *out) {
  if (!eval(r, id, depth, out)) return false;
  return !out->code || kn_bc_unsupported(r, "this arithmetic on addresses in a constant");
}

bool kn_bc_eval_blocks(struct kn_bc *r) {
  for (uint32_t id = 0; id < r->m->n_vals; id++) {
    struct kn_bc_num v;
    if (r->csts.at[id].kind != CK_BLOCK) continue;
    if (!kn_bc_eval(r, id, 0, &v)) return false;
    r->csts.at[id] = (struct kn_bc_cst){.kind = CK_ADDR, .index = v.symbol};
  }
  return true;
}

/* ---- handles ---- */

kiln_value kn_bc_zero(struct kn_bc *r, uint32_t type) {
  if (!kn_bc_scalar(r, type)) return (kiln_value){0};
  const struct kn_bc_type *t = &r->types.at[type];
  if (!kiln_type_is_int((kiln_type)t->ktype))
    return kiln_const_bits(r->f, (kiln_type)t->ktype, 0, 0);
  return kiln_const_int(r->f, 0);
}

kiln_value kn_bc_const(struct kn_bc *r, uint32_t id) {
  uint32_t type = kn_bc_type_of(r, id);
  struct kn_bc_cst *c = &r->csts.at[id];
  if (!kn_bc_scalar(r, type)) return (kiln_value){0};
  const struct kn_bc_type *t = &r->types.at[type];
  kiln_value v;
  if (t->kind == TK_VECTOR) {
    v = kn_bc_vec_const(r, id);
    if (r->status != KILN_OK || (!r->fn.hoisting && !kn_bc_vec_plain(r, id)))
      return v; /* valid in this block only */
  } else if (c->kind == CK_GLOBAL && r->m->globals.at[c->index].symbol &&
             !r->m->globals.at[c->index].tls) {
    v = kiln_const_symbol(r->f, (kiln_symbol){r->m->globals.at[c->index].symbol}, 0);
  } else if (c->kind <= CK_INT_UNDEF) {
    v = kiln_const_int(r->f, t->fit == FIT_BOOL ? (int64_t)(c->v & 1) : (int64_t)c->v);
  } else if (c->kind == CK_NULL || c->kind == CK_UNDEF) {
    v = kn_bc_zero(r, type);
  } else {
    struct kn_bc_num num;
    if (!eval(r, id, 0, &num)) return (kiln_value){0};
    bool tls = num.symbol && kn_bc_is_tls(r, num.symbol);
    bool code = num.minus || num.narrow || num.code;
    if (r->fn.no_code && (code || tls)) { /* its instructions would be in the wrong block */
      if (!r->again.hoist_module || r->again.restart) {
        r->again.restart = r->again.hoist_module = true;
        return kiln_const_int(r->f, 0);
      }
      kn_bc_unsupported(r, "this constant here");
      return (kiln_value){0};
    }
    if (code) v = kn_bc_expression(r, id, &num);
    if (code && !r->fn.hoisting) return v; /* valid in this block only: not remembered */
    if (code) {
      if (r->status != KILN_OK) return v;
    } else if (num.symbol) {
      if (!tls) {
        v = kiln_const_symbol(r->f, (kiln_symbol){num.symbol}, (int64_t)num.low);
      } else {
        v = kn_bc_tls_address(r, num.symbol);
        if (num.low)
          v = kiln_build_binary(r->f, KILN_OP_ADD, KILN_TYPE_I64, v,
                                kiln_const_int(r->f, (int64_t)num.low));
        if (!r->fn.hoisting) return v; /* valid in this block only */
      }
    } else if (t->kind == TK_FLOAT || t->kind == TK_VECTOR || t->bits > 64) {
      v = kiln_const_bits(r->f, (kiln_type)t->ktype, num.low, num.high);
    } else {
      v = kiln_const_int(r->f, t->fit == FIT_BOOL ? (int64_t)(num.low & 1) : (int64_t)num.low);
    }
  }
  r->vals.at[id] = (struct kn_bc_val){v.id, type | (uint32_t)VS_HANDLE << 24};
  if (id < r->m->n_vals) KN_BC_PUSH(r, r->fn.touched, id);
  return v;
}

static bool push_part(struct kn_bc *r, kiln_value v) { return KN_BC_PUSH(r, r->fn.parts, v); }

/* Appends the parts of an aggregate constant that has no elements of its own: zeros. */
static bool zero_parts(struct kn_bc *r, uint32_t type) {
  if (!kn_bc_split(r, type)) return false;
  const struct kn_bc_type *t = &r->types.at[type];
  for (uint32_t i = 0; i < t->n_pieces; i++)
    if (!push_part(r, kn_bc_zero(r, r->type_pieces.at[t->piece_first + i].type))) return false;
  return true;
}

/* Those of an array of numbers. */
static bool array_parts(struct kn_bc *r, const struct kn_bc_cst *c, const struct kn_bc_type *t) {
  uint32_t elem = r->m->elems.at[t->first].type;
  const struct kn_bc_type *e = &r->types.at[elem];
  for (uint32_t i = 0; i < t->count; i++) {
    uint64_t v = 0;
    if (c->kind == CK_BYTES && c->n + (uint64_t)c->x == t->count)
      v = i < c->n ? kn_bc_bytes(r, c->index)[i] : 0;
    else if (c->kind == CK_DATA && c->n == t->count) v = kn_bc_words(r, c->index)[i];
    else return kn_bc_malformed(r, "an aggregate constant of another size");
    if (e->ktype == KILN_TYPE_VOID) return kn_bc_bad_type(r, elem);
    if (!push_part(r, e->kind == TK_FLOAT ? kiln_const_bits(r->f, (kiln_type)e->ktype, v, 0)
                                          : kiln_const_int(r->f, (int64_t)v)))
      return false;
  }
  return true;
}

/* Appends the parts of constant `id`, which must be of type `type`; or enters it, so that its elements are next. */
static bool some_parts(struct kn_bc *r, uint32_t id, uint32_t type) {
  if (id >= r->inst_base || !kn_bc_types_agree(r, kn_bc_type_of(r, id), type) ||
      r->csts.at[id].kind == CK_NONE)
    return kn_bc_malformed(r, "an aggregate's element of another type");
  const struct kn_bc_type *t = &r->types.at[type];
  if (t->size == 0) return true;
  const struct kn_bc_cst *c = &r->csts.at[id];
  if (t->kind == TK_WIDE) return kn_bc_wide_const(r, c, t);
  if (kn_bc_is_long_vector(t)) return kn_bc_vec_const_parts(r, id);
  if (!kn_bc_is_aggregate(t)) {
    kiln_value v =
      r->vals.at[id].t >> 24 == VS_HANDLE ? (kiln_value){r->vals.at[id].h} : kn_bc_const(r, id);
    return r->status == KILN_OK && push_part(r, v);
  }
  if (c->kind == CK_NULL || c->kind == CK_UNDEF) return zero_parts(r, type);
  if (c->kind == CK_AGGREGATE && c->n == (t->kind == TK_STRUCT ? t->n : t->count))
    return kn_bc_enter_type(r, type, id, 0);
  if (t->kind == TK_ARRAY) return array_parts(r, c, t);
  return kn_bc_malformed(r, "bad aggregate constant");
}

static bool const_parts(struct kn_bc *r, uint32_t id, uint32_t type) {
  uint32_t base = r->tmp.levels.n;
  struct kn_bc_element e;
  if (!some_parts(r, id, type)) return false;
  while (kn_bc_next_element(r, base, &e))
    if (!some_parts(r, kn_bc_list(r, r->csts.at[e.id].index)[e.i], e.type)) return false;
  return true;
}

bool kn_bc_const_parts(struct kn_bc *r, uint32_t id) {
  bool no_code = r->fn.no_code;
  r->fn.no_code = !r->fn.hoisting; /* the parts are remembered for other blocks */
  bool ok = kn_bc_split(r, kn_bc_type_of(r, id)) && const_parts(r, id, kn_bc_type_of(r, id));
  r->fn.no_code = no_code;
  return ok;
}
