/* Integers of 128 bits of which code wants the halves, as products of two words and sums with carry do. What is made of
 * words by operations on halves is only noted (VS_HALVES) and emitted where it is read: as halves by a truncation, in
 * registers, or as a whole by anything else. Called by record.c and the frequent instructions.
 * Invariant: what was emitted of a noted value is read again in the same LLVM block alone. */
#include "bc.h"

#include <string.h>

enum { OP_ZEXT = BINOP_COUNT, OP_SEXT };
/* Values noted one above the other: bounds the recursion, and what is emitted once more in each block. */
enum { MOST_DEPTH = 24, MOST_AGAIN = 64 };

static const uint8_t kiln_ops[BINOP_COUNT] = {
  [BINOP_ADD] = KILN_OP_ADD, [BINOP_SUB] = KILN_OP_SUB,   [BINOP_MUL] = KILN_OP_MUL,
  [BINOP_SHL] = KILN_OP_SHL, [BINOP_LSHR] = KILN_OP_LSHR, [BINOP_ASHR] = KILN_OP_ASHR,
  [BINOP_AND] = KILN_OP_AND, [BINOP_OR] = KILN_OP_OR,     [BINOP_XOR] = KILN_OP_XOR,
};

static kiln_value imm(struct kn_bc *r, int64_t v) { return kiln_const_int(r->f, v); }
static kiln_value word(struct kn_bc *r, unsigned op, kiln_value a, kiln_value b) {
  return kiln_build_binary(r->f, (kiln_op)op, KILN_TYPE_I64, a, b);
}
static bool is_zero(struct kn_bc *r, kiln_value v) { return v.id == imm(r, 0).id; }

/* True if `id` is a number; its words. */
static bool is_number(const struct kn_bc *r, uint32_t id, uint64_t words[2]) {
  if (id >= r->inst_base) return false;
  const struct kn_bc_cst *c = &r->csts.at[id];
  words[0] = words[1] = 0;
  if (c->kind == CK_WIDE && c->n <= 2)
    memcpy(words, kn_bc_words(r, c->index), c->n * sizeof *words);
  return c->kind == CK_NULL || (c->kind == CK_WIDE && c->n <= 2);
}

static bool is_noted(const struct kn_bc *r, uint32_t id) {
  return id < r->vals.n && r->vals.at[id].t >> 24 == VS_HALVES;
}

/* The entry of a noted value, without what was emitted in another block. If too much is emitted again and again, the
 * function is read without noted values. */
static struct kn_bc_half *entry(struct kn_bc *r, uint32_t id) {
  struct kn_bc_half *h = &r->fn.halves.at[r->vals.at[id].h];
  if (h->bb != r->fn.bb) {
    r->fn.n_again += (h->low | h->high | h->whole) != 0;
    if (r->fn.n_again > MOST_AGAIN && r->fn.n_again > r->fn.halves.n)
      r->again.restart = r->again.no_halves = true;
    h->bb = r->fn.bb;
    h->low = h->high = h->whole = 0;
  }
  return h;
}

/* Can code be emitted here? If not, the function is read again without noted values. */
static bool emits(struct kn_bc *r) {
  if (r->fn.no_code) r->again.restart = r->again.no_halves = true;
  return !r->fn.no_code;
}

static kiln_value high(struct kn_bc *r, uint32_t id);

/* v shifted to the right, and from above the bits that `above` loses. */
static kiln_value shifted_in(struct kn_bc *r, kiln_value v, kiln_value above, unsigned count) {
  v = word(r, KILN_OP_LSHR, v, imm(r, count));
  above = word(r, KILN_OP_SHL, above, imm(r, 64 - count));
  return word(r, KILN_OP_OR, v, above);
}

/* The low half of a noted value or constant. */
static kiln_value low(struct kn_bc *r, uint32_t id) {
  uint64_t number[2];
  if (is_number(r, id, number)) return imm(r, (int64_t)number[0]);
  struct kn_bc_half *h = entry(r, id);
  if (h->low) return (kiln_value){h->low};
  unsigned count = h->count;
  kiln_value v, x;
  switch (h->op) {
  case OP_ZEXT:
  case OP_SEXT: {
    bool zero = h->op == OP_ZEXT;
    kiln_type from = (kiln_type)r->types.at[h->type].ktype;
    v = zero ? kn_bc_use_z(r, h->a, h->type) : kn_bc_use_s(r, h->a, h->type);
    if (from != KILN_TYPE_I64)
      v = kiln_build_convert(r->f, zero ? KILN_OP_ZEXT : KILN_OP_SEXT, KILN_TYPE_I64, from, v);
    break;
  }
  case BINOP_SHL:
    v = count >= 64 ? imm(r, 0) : low(r, h->a);
    if (count > 0 && count < 64) v = word(r, KILN_OP_SHL, v, imm(r, count));
    break;
  case BINOP_LSHR:
  case BINOP_ASHR:
    if (count == 0) {
      v = low(r, h->a);
    } else if (count < 64) {
      v = low(r, h->a);
      v = shifted_in(r, v, high(r, h->a), count);
    } else {
      v = high(r, h->a);
      if (count > 64) v = word(r, kiln_ops[h->op], v, imm(r, count - 64));
    }
    break;
  default:
    x = low(r, h->a);
    v = low(r, h->b);
    v = word(r, kiln_ops[h->op], x, v);
  }
  h->low = v.id;
  return v;
}

/* The high half of a product. */
static kiln_value product(struct kn_bc *r, const struct kn_bc_half *h) {
  kiln_value x = low(r, h->a), y = low(r, h->b), xh = high(r, h->a), yh = high(r, h->b);
  kiln_value v = word(r, KILN_OP_UMULH, x, y);
  if (!is_zero(r, yh)) v = word(r, KILN_OP_ADD, v, word(r, KILN_OP_MUL, x, yh));
  if (!is_zero(r, xh)) v = word(r, KILN_OP_ADD, v, word(r, KILN_OP_MUL, xh, y));
  return v;
}

/* The high half of a sum or difference: with what the low one carries. */
static kiln_value carried(struct kn_bc *r, uint32_t id, const struct kn_bc_half *h) {
  kiln_value x = low(r, h->a), xh = high(r, h->a), yh = high(r, h->b), v;
  kiln_value other = h->op == BINOP_ADD ? low(r, id) : x;
  kiln_value least = h->op == BINOP_ADD ? x : low(r, h->b);
  kiln_value carry = kiln_build_icmp(r->f, KILN_ICOND_ULT, KILN_TYPE_I64, other, least);
  carry = kiln_build_convert(r->f, KILN_OP_ZEXT, KILN_TYPE_I64, KILN_TYPE_I8, carry);
  if (h->op == BINOP_SUB) {
    v = is_zero(r, yh) ? xh : word(r, KILN_OP_SUB, xh, yh);
    return word(r, KILN_OP_SUB, v, carry);
  }
  if (is_zero(r, xh) && is_zero(r, yh)) return carry;
  v = is_zero(r, xh) ? yh : is_zero(r, yh) ? xh : word(r, KILN_OP_ADD, xh, yh);
  return word(r, KILN_OP_ADD, v, carry);
}

static kiln_value high(struct kn_bc *r, uint32_t id) {
  uint64_t number[2];
  if (is_number(r, id, number)) return imm(r, (int64_t)number[1]);
  struct kn_bc_half *h = entry(r, id);
  if (h->high) return (kiln_value){h->high};
  unsigned count = h->count;
  kiln_value v, x;
  switch (h->op) {
  case OP_ZEXT: v = imm(r, 0); break;
  case OP_SEXT: v = word(r, KILN_OP_ASHR, low(r, id), imm(r, 63)); break;
  case BINOP_ADD:
  case BINOP_SUB: v = carried(r, id, h); break;
  case BINOP_MUL: v = product(r, h); break;
  case BINOP_SHL:
    if (count < 64) {
      v = high(r, h->a);
      if (count > 0) {
        x = low(r, h->a);
        v = shifted_in(r, x, v, 64 - count);
      }
    } else {
      v = low(r, h->a);
      if (count > 64) v = word(r, KILN_OP_SHL, v, imm(r, count - 64));
    }
    break;
  case BINOP_LSHR:
    v = count >= 64 ? imm(r, 0) : high(r, h->a);
    if (count > 0 && count < 64) v = word(r, KILN_OP_LSHR, v, imm(r, count));
    break;
  case BINOP_ASHR:
    v = high(r, h->a);
    if (count > 0) v = word(r, KILN_OP_ASHR, v, imm(r, count < 64 ? count : 63));
    break;
  default:
    x = high(r, h->a);
    v = high(r, h->b);
    v = word(r, kiln_ops[h->op], x, v);
  }
  h->high = v.id;
  return v;
}

kiln_value kn_bc_halves_whole(struct kn_bc *r, uint32_t id) {
  if (!emits(r)) return imm(r, 0);
  struct kn_bc_half *h = entry(r, id);
  if (h->whole) return (kiln_value){h->whole};
  uint32_t type = r->vals.at[id].t & KN_BC_TYPE_MASK;
  kiln_value v;
  if (h->op >= OP_ZEXT) {
    bool zero = h->op == OP_ZEXT;
    v = zero ? kn_bc_use_z(r, h->a, h->type) : kn_bc_use_s(r, h->a, h->type);
    v = kiln_build_convert(r->f, zero ? KILN_OP_ZEXT : KILN_OP_SEXT, KILN_TYPE_I128,
                           (kiln_type)r->types.at[h->type].ktype, v);
  } else {
    kiln_value x = kn_bc_use(r, h->a, type), y = kn_bc_use(r, h->b, type);
    v = kiln_build_binary(r->f, (kiln_op)kiln_ops[h->op], KILN_TYPE_I128, x, y);
  }
  h->whole = v.id;
  return v;
}

/* Notes the next value, unless something refers to it already. */
static bool note(struct kn_bc *r, uint32_t type, struct kn_bc_half h) {
  bool forward = r->vals.n < r->fn.zeroed && r->vals.at[r->vals.n].t >> 24 != VS_NONE;
  if (forward || h.depth > MOST_DEPTH) return false;
  h.bb = r->fn.bb;
  if (!KN_BC_PUSH(r, r->fn.halves, h)) return false;
  kn_bc_def(r, type | (uint32_t)VS_HALVES << 24, (kiln_value){r->fn.halves.n - 1});
  return true;
}

bool kn_bc_halves_cast(struct kn_bc *r, unsigned op, uint32_t a, uint32_t from, uint32_t to) {
  const struct kn_bc_type *f = &r->types.at[from], *t = &r->types.at[to];
  if (r->again.no_halves || f->kind != TK_INT || t->kind != TK_INT || !f->ktype || !t->ktype)
    return false;
  if (op == CAST_TRUNC) {
    if (!is_noted(r, a) || t->ktype > KILN_TYPE_I64 || !emits(r)) return false;
    kiln_value v = low(r, a);
    if (t->ktype != KILN_TYPE_I64)
      v = kiln_build_convert(r->f, KILN_OP_TRUNC, (kiln_type)t->ktype, KILN_TYPE_I64, v);
    if (t->fit == FIT_BOOL) v = kiln_build_binary(r->f, KILN_OP_AND, KILN_TYPE_I8, v, imm(r, 1));
    kn_bc_def(r, to, v);
    return true;
  }
  if (t->bits != 128 || f->bits > 64 || a >= r->vals.n) return false;
  return note(r, to,
              (struct kn_bc_half){.op = op == CAST_ZEXT ? OP_ZEXT : OP_SEXT, .a = a, .type = from});
}

bool kn_bc_halves_binop(struct kn_bc *r, unsigned op, uint32_t a, uint32_t b, uint32_t type) {
  if (r->again.no_halves || op >= BINOP_COUNT || !kiln_ops[op] || r->types.at[type].bits != 128)
    return false;
  struct kn_bc_half h = {.op = (uint8_t)op, .a = a, .b = b};
  const uint32_t ids[2] = {a, b};
  uint64_t number[2];
  bool counts = op >= BINOP_SHL && op <= BINOP_ASHR;
  for (unsigned i = 0; i < 2; i++) {
    if (is_noted(r, ids[i])) {
      unsigned depth = r->fn.halves.at[r->vals.at[ids[i]].h].depth + 1u;
      if (i == 1 && counts) return false;
      if (depth > h.depth) h.depth = (uint8_t)depth;
    } else if (!is_number(r, ids[i], number) ||
               (counts && (i == 0 || number[0] > 127 || number[1] != 0))) {
      return false;
    }
  }
  if (h.depth == 0) return false;
  if (counts) h.count = (uint8_t)number[0];
  return note(r, type, h);
}
