/* Folding while building: <kiln/fold.h>. Called by front ends. Tables list the identities, the pairs of
 * operations whose constants can be combined, and the pairs of conversions that equal one; the other rules use
 * what is known of the bits of an operand.
 *
 * Invariant: a replacement has the operation's value wherever the operation neither traps nor has an unspecified
 * result; every operand that is left out has the type that the builder requires. */
#include <kiln/fold.h>

#include <kiln/inspect.h>

#include "ir/fold/fold_eval.h"
#include "ir/ops.h"

#define NONE ((kiln_value){0})

typedef kn_fold_bits bits;

static bool is_int(kiln_type t) { return t >= KILN_TYPE_I8 && t <= KILN_TYPE_I128; }

static unsigned width_of(kiln_type t) {
  static const uint8_t widths[KILN_TYPE_COUNT] = {
    [KILN_TYPE_I8] = 8,     [KILN_TYPE_I16] = 16, [KILN_TYPE_I32] = 32,   [KILN_TYPE_I64] = 64,
    [KILN_TYPE_I128] = 128, [KILN_TYPE_F16] = 16, [KILN_TYPE_F32] = 32,   [KILN_TYPE_F64] = 64,
    [KILN_TYPE_F80] = 128,  [KILN_TYPE_V64] = 64, [KILN_TYPE_F128] = 128, [KILN_TYPE_V128] = 128};
  return (unsigned)t < KILN_TYPE_COUNT ? widths[t] : 0;
}

/* ---- operands ---- */

/* True if o is a constant of `type`, or an integer constant where that is an integer type. */
static bool is_constant(const kiln_operand_info *o, kiln_type type, bits *out) {
  *out = o->low;
  if (o->kind != KILN_OPERAND_INT && o->kind != KILN_OPERAND_BITS) return false;
  if (o->kind == KILN_OPERAND_BITS ? o->type != type : !is_int(type)) return false;
  unsigned w = width_of(type);
  if (w > 64) *out |= (bits)o->high << 64;
  else *out = o->low & UINT64_MAX >> (64 - w);
  return true;
}

static bool constant(const kiln_func *f, kiln_value v, kiln_type type, bits *out) {
  kiln_operand_info o = kiln_operand_get(f, v);
  return is_constant(&o, type, out);
}

static kiln_value make(kiln_func *f, kiln_type type, bits v) {
  return kiln_const_bits(f, type, (uint64_t)v, (uint64_t)(v >> 64));
}

/* True if o may replace an operation of this type. */
static bool is_of(const kiln_operand_info *o, kiln_type type) {
  return o->type == type || (o->kind == KILN_OPERAND_INT && is_int(type));
}

static bool fits(const kiln_func *f, kiln_value v, kiln_type type) {
  kiln_operand_info o = kiln_operand_get(f, v);
  return is_of(&o, type);
}

/* Operands of the instruction that made v, and what it converts or loads from. */
static kiln_value part(const kiln_func *f, kiln_value v, uint32_t k) {
  return kiln_inst_operand(f, (kiln_inst){v.id}, k);
}
static kiln_inst_info info(const kiln_func *f, kiln_value v) {
  return kiln_inst_get(f, (kiln_inst){v.id});
}

/* Limit of the steps in one call from an operand to the instruction that made it, to that one's operand, and so on:
 * chains that were folded while they were built are not longer, and others are not followed to their end. */
enum { MOST_STEPS = 4 };

static unsigned length(bits v) {
  unsigned n = 0;
  for (; v != 0; v >>= 1) n++;
  return n;
}

/* Number of low bits of v, of `type`, above which all bits are zero, as far as its own instruction shows. */
static unsigned unsigned_bits(const kiln_func *f, kiln_value v, kiln_type type) {
  bits c;
  if (constant(f, v, type, &c)) return length(c);
  unsigned w = width_of(type);
  kiln_inst_info load;
  switch ((int)kiln_value_op(f, v)) {
  case KILN_OP_ICMP:
  case KILN_OP_FCMP: return 1;
  case KILN_OP_ZEXT: return width_of(info(f, v).from);
  case KILN_OP_LOAD:
    load = info(f, v);
    return load.mem_flags & KILN_MEM_SEXT ? w : width_of(load.from);
  case KILN_OP_AND: return constant(f, part(f, v, 1), type, &c) ? length(c) : w;
  case KILN_OP_LSHR: return constant(f, part(f, v, 1), type, &c) && c < w ? w - (unsigned)c : w;
  case KILN_OP_UREM: return constant(f, part(f, v, 1), type, &c) && c != 0 ? length(c - 1) : w;
  default: return w;
  }
}

/* Number of low bits of v from which the others follow by sign extension. */
static unsigned signed_bits(const kiln_func *f, kiln_value v, kiln_type type) {
  unsigned w = width_of(type), zero_above = unsigned_bits(f, v, type) + 1;
  unsigned n = zero_above < w ? zero_above : w;
  kiln_inst_info load;
  bits c;
  switch ((int)kiln_value_op(f, v)) {
  case KILN_OP_SEXT: return width_of(info(f, v).from);
  case KILN_OP_LOAD:
    load = info(f, v);
    return load.mem_flags & KILN_MEM_SEXT ? width_of(load.from) : n;
  case KILN_OP_ASHR: return constant(f, part(f, v, 1), type, &c) && c < w ? w - (unsigned)c : n;
  default: return n;
  }
}

/* ---- unary operations ---- */

/* first (second v): v itself, or `gives` v. */
static const struct {
  uint8_t first, second, gives; /* kiln_op; NONE: v */
} pairs[] = {
  {KILN_OP_NEG, KILN_OP_NEG, KILN_OP_NONE},     {KILN_OP_NOT, KILN_OP_NOT, KILN_OP_NONE},
  {KILN_OP_BSWAP, KILN_OP_BSWAP, KILN_OP_NONE}, {KILN_OP_BITREV, KILN_OP_BITREV, KILN_OP_NONE},
  {KILN_OP_ABS, KILN_OP_ABS, KILN_OP_ABS},      {KILN_OP_ABS, KILN_OP_NEG, KILN_OP_ABS},
  {KILN_OP_FNEG, KILN_OP_FNEG, KILN_OP_NONE},   {KILN_OP_FABS, KILN_OP_FABS, KILN_OP_FABS},
  {KILN_OP_FABS, KILN_OP_FNEG, KILN_OP_FABS},
};

kiln_value kiln_fold_unary(kiln_func *f, kiln_op op, kiln_type type, kiln_value a) {
  bits x, v;
  if (kiln_func_status(f) != KILN_OK) return NONE;
  if (constant(f, a, type, &x) && kn_fold_eval_unary(op, type, x, &v)) return make(f, type, v);
  kiln_op inner = kiln_value_op(f, a);
  for (size_t i = 0; inner != KILN_OP_NONE && i < sizeof pairs / sizeof *pairs; i++) {
    if (pairs[i].first != op || pairs[i].second != inner || kiln_value_type(f, a) != type) continue;
    if (pairs[i].gives == inner) return a;
    a = part(f, a, 0);
    return pairs[i].gives == KILN_OP_NONE ? a
                                          : kiln_build_unary(f, (kiln_op)pairs[i].gives, type, a);
  }
  return kiln_build_unary(f, op, type, a);
}

/* ---- binary operations ---- */

static bool commutes(kiln_op op) {
  switch ((int)op) {
  case KILN_OP_ADD:
  case KILN_OP_MUL:
  case KILN_OP_UMULH:
  case KILN_OP_SMULH:
  case KILN_OP_AND:
  case KILN_OP_OR:
  case KILN_OP_XOR:
  case KILN_OP_SMIN:
  case KILN_OP_SMAX:
  case KILN_OP_UMIN:
  case KILN_OP_UMAX:
  case KILN_OP_SADDS:
  case KILN_OP_UADDS: return true;
  default: return false;
  }
}

/* Special constants: GREATEST and LEAST are those of signed integers. */
enum special { ZERO, ONE, ONES, GREATEST, LEAST, SPECIALS };
/* What replaces an operation: nothing does, its first operand, its second, or 0. */
enum gives { NOT, FIRST, SECOND, NOTHING };

/* v op constant */
static const uint8_t identities[KILN_OP_COUNT][SPECIALS] = {
  [KILN_OP_ADD] = {[ZERO] = FIRST},
  [KILN_OP_SUB] = {[ZERO] = FIRST},
  [KILN_OP_MUL] = {[ONE] = FIRST, [ZERO] = SECOND},
  [KILN_OP_UMULH] = {[ZERO] = SECOND, [ONE] = NOTHING},
  [KILN_OP_SMULH] = {[ZERO] = SECOND},
  [KILN_OP_UDIV] = {[ONE] = FIRST},
  [KILN_OP_SDIV] = {[ONE] = FIRST},
  [KILN_OP_UREM] = {[ONE] = NOTHING},
  [KILN_OP_SREM] = {[ONE] = NOTHING},
  [KILN_OP_AND] = {[ONES] = FIRST, [ZERO] = SECOND},
  [KILN_OP_OR] = {[ZERO] = FIRST, [ONES] = SECOND},
  [KILN_OP_XOR] = {[ZERO] = FIRST},
  [KILN_OP_SHL] = {[ZERO] = FIRST},
  [KILN_OP_LSHR] = {[ZERO] = FIRST},
  [KILN_OP_ASHR] = {[ZERO] = FIRST},
  [KILN_OP_ROTL] = {[ZERO] = FIRST},
  [KILN_OP_ROTR] = {[ZERO] = FIRST},
  [KILN_OP_SMIN] = {[GREATEST] = FIRST, [LEAST] = SECOND},
  [KILN_OP_SMAX] = {[LEAST] = FIRST, [GREATEST] = SECOND},
  [KILN_OP_UMIN] = {[ONES] = FIRST, [ZERO] = SECOND},
  [KILN_OP_UMAX] = {[ZERO] = FIRST, [ONES] = SECOND},
  [KILN_OP_SADDS] = {[ZERO] = FIRST},
  [KILN_OP_UADDS] = {[ZERO] = FIRST},
  [KILN_OP_SSUBS] = {[ZERO] = FIRST},
  [KILN_OP_USUBS] = {[ZERO] = FIRST},
};

/* v op v */
static const uint8_t same_operands[KILN_OP_COUNT] = {
  [KILN_OP_SUB] = NOTHING,   [KILN_OP_XOR] = NOTHING, [KILN_OP_AND] = FIRST,
  [KILN_OP_OR] = FIRST,      [KILN_OP_SMIN] = FIRST,  [KILN_OP_SMAX] = FIRST,
  [KILN_OP_UMIN] = FIRST,    [KILN_OP_UMAX] = FIRST,  [KILN_OP_SSUBS] = NOTHING,
  [KILN_OP_USUBS] = NOTHING,
};

/* (v op c) op d is v op (c join d). Shifts join as long as the sum is less than the width. */
static const uint8_t joins[KILN_OP_COUNT] = {
  [KILN_OP_ADD] = KILN_OP_ADD,   [KILN_OP_SUB] = KILN_OP_ADD,   [KILN_OP_MUL] = KILN_OP_MUL,
  [KILN_OP_AND] = KILN_OP_AND,   [KILN_OP_OR] = KILN_OP_OR,     [KILN_OP_XOR] = KILN_OP_XOR,
  [KILN_OP_SHL] = KILN_OP_ADD,   [KILN_OP_LSHR] = KILN_OP_ADD,  [KILN_OP_ASHR] = KILN_OP_ADD,
  [KILN_OP_SMIN] = KILN_OP_SMIN, [KILN_OP_SMAX] = KILN_OP_SMAX, [KILN_OP_UMIN] = KILN_OP_UMIN,
  [KILN_OP_UMAX] = KILN_OP_UMAX,
};

/* Which of them y, of w bits, is; SPECIALS: none. */
static enum special special_of(bits y, unsigned w) {
  if (y <= 1) return y == 0 ? ZERO : ONE;
  bits greatest = kn_fold_mask(w) >> 1;
  if (y < greatest) return SPECIALS;
  return y == greatest              ? GREATEST
         : y == greatest + 1        ? LEAST
         : y == (greatest << 1 | 1) ? ONES
                                    : SPECIALS;
}

static kiln_value given(kiln_func *f, enum gives g, kiln_type type, kiln_value a, kiln_value b) {
  return g == FIRST ? a : g == SECOND ? b : make(f, type, 0);
}

/* a op y, y being constant b; none if it is no identity. */
static kiln_value identity(kiln_func *f, kiln_op op, kiln_type type, kiln_value a, kiln_value b,
                           bits y) {
  enum special s = special_of(y, width_of(type));
  if (s != SPECIALS && identities[op][s] != NOT)
    return given(f, (enum gives)identities[op][s], type, a, b);
  if (op != KILN_OP_AND) return NONE;
  unsigned n = unsigned_bits(f, a, type);
  return n != 0 && (~y & kn_fold_mask(n)) == 0 ? a : NONE; /* clears nothing */
}

static bool is_shift(kiln_op op) {
  return op == KILN_OP_SHL || op == KILN_OP_LSHR || op == KILN_OP_ASHR;
}

/* (v inner c) op y as one operation; none if they cannot be combined. */
static kiln_value in_a_row(kiln_func *f, kiln_op op, kiln_type type, kiln_value a, bits y) {
  kiln_op inner = joins[op] != KILN_OP_NONE ? kiln_value_op(f, a) : KILN_OP_NONE;
  /* v - c + y: v + (y - c) */
  bool opposite =
    (op == KILN_OP_ADD && inner == KILN_OP_SUB) || (op == KILN_OP_SUB && inner == KILN_OP_ADD);
  unsigned w = width_of(type);
  bits c, joined;
  if ((inner != op && !opposite) || inner == KILN_OP_NONE) return NONE;
  if (!constant(f, part(f, a, 1), type, &c)) return NONE;
  if (opposite) c = (0 - c) & kn_fold_mask(w);
  if (is_shift(op) && (c >= w || y >= w - c)) return NONE;
  if (!kn_fold_eval_binary((kiln_op)joins[op], type, c, y, &joined)) return NONE;
  kiln_value v = part(f, a, 0), b = make(f, type, joined);
  kiln_value folded = identity(f, op, type, v, b, joined);
  return folded.id != 0 ? folded : kiln_build_binary(f, op, type, v, b);
}

kiln_value kiln_fold_binary(kiln_func *f, kiln_op op, kiln_type type, kiln_value a, kiln_value b) {
  bits x, y, v;
  if (kiln_func_status(f) != KILN_OK) return NONE;
  kiln_operand_info first = kiln_operand_get(f, a), second = kiln_operand_get(f, b);
  bool a_known = is_constant(&first, type, &x), b_known = is_constant(&second, type, &y);
  if (a_known && b_known && kn_fold_eval_binary(op, type, x, y, &v)) return make(f, type, v);
  if (a_known && !b_known && commutes(op)) {
    KN_SWAP(a, b);
    y = x;
    a_known = false;
    b_known = true;
  }
  bool may_fold = a_known || b_known || a.id == b.id;
  if (may_fold && (unsigned)op < KILN_OP_COUNT && is_int(type) &&
      !(type == KILN_TYPE_I128 && kn_fold_only_narrow(op)) && is_of(&first, type) &&
      is_of(&second, type)) {
    kiln_value folded = NONE;
    if (b_known) folded = identity(f, op, type, a, b, y);
    if (folded.id == 0 && b_known) folded = in_a_row(f, op, type, a, y);
    if (folded.id == 0 && a_known && !b_known && x == 0 &&
        (is_shift(op) || op == KILN_OP_ROTL || op == KILN_OP_ROTR))
      folded = a;
    if (a.id == b.id && same_operands[op] != NOT)
      folded = given(f, (enum gives)same_operands[op], type, a, b);
    if (folded.id != 0) return folded;
  }
  return kiln_build_binary(f, op, type, a, b);
}

kiln_value kiln_fold_ternary(kiln_func *f, kiln_op op, kiln_type type, kiln_value a, kiln_value b,
                             kiln_value c) {
  bits x, y, z, v;
  if (kiln_func_status(f) != KILN_OK) return NONE;
  if (constant(f, c, type, &z) && (op == KILN_OP_FSHL || op == KILN_OP_FSHR) && is_int(type) &&
      fits(f, a, type) && fits(f, b, type)) {
    if (z % width_of(type) == 0) return op == KILN_OP_FSHL ? a : b;
    if (constant(f, a, type, &x) && constant(f, b, type, &y) &&
        kn_fold_eval_ternary(op, type, x, y, z, &v))
      return make(f, type, v);
  }
  return kiln_build_ternary(f, op, type, a, b, c);
}

/* ---- conversions ---- */

/* outer (inner v) is `less`, `equal` or `more` applied to v, as the result is narrower than v, as wide or wider. */
static const struct {
  uint8_t outer, inner, less, equal, more; /* kiln_op; equal: NONE, v itself */
} conversions[] = {
  {KILN_OP_TRUNC, KILN_OP_TRUNC, KILN_OP_TRUNC, 0, 0},
  {KILN_OP_TRUNC, KILN_OP_ZEXT, KILN_OP_TRUNC, KILN_OP_NONE, KILN_OP_ZEXT},
  {KILN_OP_TRUNC, KILN_OP_SEXT, KILN_OP_TRUNC, KILN_OP_NONE, KILN_OP_SEXT},
  {KILN_OP_ZEXT, KILN_OP_ZEXT, 0, 0, KILN_OP_ZEXT},
  {KILN_OP_SEXT, KILN_OP_SEXT, 0, 0, KILN_OP_SEXT},
  {KILN_OP_SEXT, KILN_OP_ZEXT, 0, 0, KILN_OP_ZEXT},
};

/* The conversion that the caller asked for. */
struct conversion {
  kiln_op op;
  kiln_type to, from;
  kiln_value a;
};

/* Replaces a conversion of the result of a conversion, `inner`, by one of that one's operand, which may have the result
 * type already: then none is needed. False if the two cannot be combined. */
static bool join(const kiln_func *f, struct conversion *c, kiln_op inner) {
  uint8_t op = KILN_OP_BITCAST;
  size_t n = sizeof conversions / sizeof *conversions, i = 0;
  bool casts = c->op == KILN_OP_BITCAST && inner == KILN_OP_BITCAST;
  while (i < n && (conversions[i].outer != c->op || conversions[i].inner != inner)) i++;
  if (i == n && !casts) return false;
  kiln_type from = info(f, c->a).from;
  if (!casts) op = c->to < from ? conversions[i].less : conversions[i].more;
  *c = (struct conversion){(kiln_op)op, c->to, from, part(f, c->a, 0)};
  return true;
}

/* True if the conversion extends a truncated value v that it restores: the bits that were cut are those that the
 * extension adds. */
static bool is_needless(const kiln_func *f, const struct conversion *c, kiln_value v) {
  unsigned w = width_of(c->from);
  return c->op == KILN_OP_ZEXT   ? unsigned_bits(f, v, c->to) <= w
         : c->op == KILN_OP_SEXT ? signed_bits(f, v, c->to) <= w
                                 : false;
}

/* True if the builder takes a conversion between these types, of those that are folded. */
static bool is_conversion(const struct conversion *c) {
  bool ints = is_int(c->to) && is_int(c->from);
  switch ((int)c->op) {
  case KILN_OP_TRUNC: return ints && c->to < c->from;
  case KILN_OP_ZEXT:
  case KILN_OP_SEXT: return ints && c->to > c->from;
  case KILN_OP_FDEMOTE: return c->to == KILN_TYPE_F32 && c->from == KILN_TYPE_F64;
  case KILN_OP_FPROMOTE: return c->to == KILN_TYPE_F64 && c->from == KILN_TYPE_F32;
  case KILN_OP_BITCAST: return c->to != c->from && width_of(c->to) == width_of(c->from);
  default: return true;
  }
}

kiln_value kiln_fold_convert(kiln_func *f, kiln_op op, kiln_type to, kiln_type from, kiln_value a) {
  struct conversion c = {op, to, from, a};
  bits x, v;
  if (kiln_func_status(f) != KILN_OK) return NONE;
  for (unsigned steps = 0; steps < MOST_STEPS && is_conversion(&c); steps++) {
    if (constant(f, c.a, c.from, &x) && kn_fold_eval_convert(c.op, c.to, c.from, x, &v))
      return make(f, c.to, v);
    kiln_op inner = kiln_value_op(f, c.a);
    if (inner == KILN_OP_NONE || kiln_value_type(f, c.a) != c.from) break;
    if (inner == KILN_OP_TRUNC && info(f, c.a).from == c.to && is_needless(f, &c, part(f, c.a, 0)))
      return part(f, c.a, 0);
    if (join(f, &c, inner)) {
      if (c.to == c.from) return c.a;
    } else if (c.op == KILN_OP_TRUNC && inner == KILN_OP_AND &&
               constant(f, part(f, c.a, 1), c.from, &x) &&
               (~x & kn_fold_mask(width_of(c.to))) == 0) {
      c.a = part(f, c.a, 0); /* the mask clears only bits that the truncation removes */
    } else {
      break;
    }
  }
  return kiln_build_convert(f, c.op, c.to, c.from, c.a);
}

/* ---- comparisons and choice ---- */

/* v cond constant: the result for all v, + 1 */
static const uint8_t limits[KILN_ICOND_COUNT][SPECIALS] = {
  [KILN_ICOND_ULT] = {[ZERO] = 1},     [KILN_ICOND_UGE] = {[ZERO] = 2},
  [KILN_ICOND_UGT] = {[ONES] = 1},     [KILN_ICOND_ULE] = {[ONES] = 2},
  [KILN_ICOND_SLT] = {[LEAST] = 1},    [KILN_ICOND_SGE] = {[LEAST] = 2},
  [KILN_ICOND_SGT] = {[GREATEST] = 1}, [KILN_ICOND_SLE] = {[GREATEST] = 2},
};

/* a cond y where a, or what it is extended from, is a comparison's 0 or 1: that comparison or its opposite; none if it
 * is neither. */
static kiln_value of_comparison(kiln_func *f, kiln_icond cond, kiln_value a, bits y) {
  if (y > 1) return NONE;
  kiln_op op = kiln_value_op(f, a);
  if (op == KILN_OP_ZEXT) op = kiln_value_op(f, a = part(f, a, 0));
  if (op != KILN_OP_ICMP && op != KILN_OP_FCMP) return NONE;
  bool if_false = kn_fold_eval_icmp(cond, KILN_TYPE_I16, 0, y); /* as I16, 1 is positive */
  bool if_true = kn_fold_eval_icmp(cond, KILN_TYPE_I16, 1, y);
  if (if_false == if_true) return make(f, KILN_TYPE_I8, if_true);
  if (if_true) return a;
  kiln_inst_info i = info(f, a);
  kiln_value x = part(f, a, 0), z = part(f, a, 1);
  return op == KILN_OP_FCMP ? kiln_build_fcmp(f, (kiln_fcond)(i.cond ^ 1), i.type, x, z)
                            : kiln_build_icmp(f, (kiln_icond)(i.cond ^ 1), i.type, x, z);
}

kiln_value kiln_fold_icmp(kiln_func *f, kiln_icond cond, kiln_type type, kiln_value a,
                          kiln_value b) {
  bits x, y;
  if (kiln_func_status(f) != KILN_OK) return NONE;
  kiln_operand_info first = kiln_operand_get(f, a), second = kiln_operand_get(f, b);
  if ((unsigned)cond >= KILN_ICOND_COUNT || !is_int(type) || !is_of(&first, type) ||
      !is_of(&second, type))
    return kiln_build_icmp(f, cond, type, a, b);
  bool a_known = is_constant(&first, type, &x), b_known = is_constant(&second, type, &y);
  if (a_known && b_known) return make(f, KILN_TYPE_I8, kn_fold_eval_icmp(cond, type, x, y));
  if (a.id == b.id) return make(f, KILN_TYPE_I8, kn_fold_eval_icmp(cond, type, 0, 0));
  if (a_known) {
    KN_SWAP(a, b);
    y = x;
    b_known = true;
    cond = (kiln_icond)kn_icond_swapped[cond];
  }
  if (!b_known) return kiln_build_icmp(f, cond, type, a, b);
  enum special s = special_of(y, width_of(type));
  if (s != SPECIALS && limits[cond][s] != 0) return make(f, KILN_TYPE_I8, limits[cond][s] - 1);
  kiln_value folded = of_comparison(f, cond, a, y);
  return folded.id != 0 ? folded : kiln_build_icmp(f, cond, type, a, b);
}

kiln_value kiln_fold_fcmp(kiln_func *f, kiln_fcond cond, kiln_type type, kiln_value a,
                          kiln_value b) {
  bits x, y;
  bool is;
  if (kiln_func_status(f) != KILN_OK) return NONE;
  if ((unsigned)cond < KILN_FCOND_COUNT && constant(f, a, type, &x) && constant(f, b, type, &y) &&
      kn_fold_eval_fcmp(cond, type, x, y, &is))
    return make(f, KILN_TYPE_I8, is);
  return kiln_build_fcmp(f, cond, type, a, b);
}

kiln_value kiln_fold_select(kiln_func *f, kiln_type type, kiln_value cond, kiln_value a,
                            kiln_value b) {
  bits c, x, y;
  if (kiln_func_status(f) != KILN_OK) return NONE;
  if (fits(f, cond, KILN_TYPE_I8) && fits(f, a, type) && fits(f, b, type)) {
    if (constant(f, cond, KILN_TYPE_I8, &c)) return c & 1 ? a : b;
    if (a.id == b.id) return a;
    if (is_int(type) && constant(f, a, type, &x) && constant(f, b, type, &y)) {
      if (x == y) return a;
      if (x == 1 && y == 0 && unsigned_bits(f, cond, KILN_TYPE_I8) <= 1)
        return type == KILN_TYPE_I8 ? cond
                                    : kiln_build_convert(f, KILN_OP_ZEXT, type, KILN_TYPE_I8, cond);
    }
  }
  return kiln_build_select(f, type, cond, a, b);
}

/* ---- addresses ---- */

/* Adds c to *disp if the sum is a valid displacement. */
static bool add_disp(int64_t *disp, int64_t c) {
  int64_t sum;
  if (__builtin_add_overflow(*disp, c, &sum) || sum != (int32_t)sum) return false;
  *disp = sum;
  return true;
}

/* Takes a constant out of an index, and a factor into the scale; false when there is none left to take. */
static bool simplify_index(const kiln_func *f, kiln_value *index, unsigned *scale, int64_t *disp) {
  bits c;
  int64_t by;
  if (constant(f, *index, KILN_TYPE_I64, &c)) {
    if (__builtin_mul_overflow((int64_t)(uint64_t)c, (int64_t)*scale, &by) || !add_disp(disp, by))
      return false;
    *index = NONE;
    return false;
  }
  kiln_op op = kiln_value_op(f, *index);
  if (op != KILN_OP_SHL && op != KILN_OP_MUL && op != KILN_OP_ADD && op != KILN_OP_SUB)
    return false;
  if (!constant(f, part(f, *index, 1), KILN_TYPE_I64, &c)) return false;
  switch ((int)op) {
  case KILN_OP_SHL:
    if (c >= 16 || *scale << c > UINT16_MAX) return false;
    *scale <<= c;
    break;
  case KILN_OP_MUL:
    if (c == 0 || c > UINT16_MAX || *scale * (uint64_t)c > UINT16_MAX) return false;
    *scale *= (unsigned)c;
    break;
  default:
    by = (int64_t)(uint64_t)c;
    if (op == KILN_OP_SUB && __builtin_sub_overflow(0, by, &by)) return false;
    if (__builtin_mul_overflow(by, (int64_t)*scale, &by) || !add_disp(disp, by)) return false;
  }
  *index = part(f, *index, 0);
  return true;
}

/* Takes a displacement out of a base, and its index where there is none yet; false if there is nothing. */
static bool simplify_base(const kiln_func *f, kiln_value *base, kiln_value *index, unsigned *scale,
                          int64_t *disp) {
  kiln_op op = kiln_value_op(f, *base);
  bits c;
  if (op == KILN_OP_ADDR) {
    kiln_inst_info i = info(f, *base);
    kiln_value by = i.n_operands > 1 ? part(f, *base, 1) : NONE;
    if ((by.id != 0 && index->id != 0) || !add_disp(disp, i.disp)) return false;
    if (by.id != 0) {
      *index = by;
      *scale = i.number;
    }
  } else if (op != KILN_OP_ADD || !constant(f, part(f, *base, 1), KILN_TYPE_I64, &c) ||
             !add_disp(disp, (int64_t)(uint64_t)c)) {
    return false;
  }
  *base = part(f, *base, 0);
  return true;
}

kiln_value kiln_fold_addr(kiln_func *f, kiln_value base, kiln_value index, unsigned scale,
                          int32_t disp) {
  if (kiln_func_status(f) != KILN_OK) return NONE;
  if (!fits(f, base, KILN_TYPE_I64) || (index.id != 0 && !fits(f, index, KILN_TYPE_I64)) ||
      scale > UINT16_MAX)
    return kiln_build_addr(f, base, index, scale, disp);
  int64_t d = disp;
  if (scale == 0) index = NONE;
  for (unsigned steps = 0; steps < MOST_STEPS && index.id != 0; steps++)
    if (!simplify_index(f, &index, &scale, &d)) break;
  for (unsigned steps = 0; steps < MOST_STEPS; steps++)
    if (!simplify_base(f, &base, &index, &scale, &d)) break;
  if (index.id == 0 && d == 0) return base;
  kiln_operand_info o = kiln_operand_get(f, base);
  int64_t addend;
  if (index.id == 0 && o.kind == KILN_OPERAND_SYMBOL &&
      !__builtin_add_overflow((int64_t)o.low, d, &addend) && addend == (int32_t)addend)
    return kiln_const_symbol(f, o.symbol, addend);
  return kiln_build_addr(f, base, index, scale, (int32_t)d);
}
