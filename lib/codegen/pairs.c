/* i128 becomes two values of 64 bits, which plan, walk, checker and observers see as any other: what no target computes
 * better at once becomes two instructions, one for each half; of the rest, the UPPER that follows is the second value.
 * Called by lib/compile.c before the plan. Invariants: each half is counted as often as it is read; an instruction that
 * makes both is read in both or in none, since its UPPER ends the one that nobody reads (kn_lower_upper). */
#include "lib/codegen/pairs.h"

#include "lib/codegen/walk.h"

#include <string.h>

/* ---- uses ---- */

static void use(kiln_func *f, uint32_t h, uint32_t n) {
  if (h != 0 && kn_is_value(h)) f->val[h].uses += n;
}
/* The same of both halves. */
static void use_pair(kiln_func *f, uint32_t h, uint32_t n) {
  use(f, h, n);
  if (h != 0 && kn_is_value(h) && kn_is_pair(f, h)) use(f, h + 1, n);
}

/* Instruction i no longer reads its operands. */
static void forget_operands(kiln_func *f, uint32_t i) {
  const struct kn_operands o = kn_operands(f, &f->inst[i]);
  for (uint32_t k = 0; k < o.n; k++) {
    const uint32_t h = kn_operand(&o, k);
    if (kn_is_of_halves(f, i)) use(f, h, UINT32_MAX);
    else use_pair(f, h, UINT32_MAX);
  }
}

/* Instruction i becomes `op` of halves and of operands that are no i128. */
static void become(kiln_func *f, uint32_t i, unsigned op, unsigned type, unsigned x, uint32_t a,
                   uint32_t b, uint32_t c) {
  f->inst[i] = (struct kn_inst){(uint8_t)op, (uint8_t)type, (uint16_t)x, {{a, b, c}}};
  f->halved.at[i] |= KN_OF_HALVES;
  const struct kn_operands o = kn_operands(f, &f->inst[i]);
  for (uint32_t k = 0; k < o.n; k++) {
    const uint32_t h = kn_operand(&o, k);
    use(f, h, 1);
    if (kn_is_value(h) && f->inst[h].op == KILN_OP_UPPER) f->halved.at[h] |= KN_NEEDED;
  }
}

/* The upper half of halved instruction i is a number, which its readers have in its place, unless one came before. */
static void become_number(kiln_func *f, uint32_t upper, int64_t n) {
  become(f, upper, KILN_OP_COPY, KILN_TYPE_I64, 0,
         kn_handle(KN_TAG_IMM, (uint32_t)n & KN_INDEX_MASK), 0, 0);
  if ((f->halved.at[upper] & KN_NEEDED) == 0) f->halved.at[upper - 1] |= KN_KNOWN;
}

/* Instruction i becomes h itself: of a value, the lower bits, which may be an alias as h is. */
static void become_same(kiln_func *f, uint32_t i, uint32_t h) {
  if (kn_is_imm(h) && kn_is_halved(f, i - 1)) {
    become_number(f, i, kn_imm(h));
    return;
  }
  const unsigned op = kn_is_value(h) ? KILN_OP_TRUNC : KILN_OP_COPY;
  become(f, i, op, KILN_TYPE_I64, KILN_TYPE_I64, h, 0, 0);
}

/* kn_half, or what the lower half copies: a number, or a value if the copy is read in its own block alone. */
static uint32_t half(const kiln_func *f, uint32_t h, unsigned k) {
  if (k == 1 || !kn_is_value(h) || !kn_is_halved(f, h)) return kn_half(f, h, k);
  const struct kn_inst *in = &f->inst[h];
  const bool copies = in->op == KILN_OP_COPY ||
                      (in->op == KILN_OP_TRUNC && in->x == KILN_TYPE_I64 && f->val[h].global == 0);
  return copies ? in->a : h;
}

/* ---- one operation by halves ---- */

/* An operation of two halves, without a carry, of which one may be a number that makes it simpler. */
static void logic(kiln_func *f, uint32_t i, unsigned op, uint32_t a, uint32_t b) {
  int64_t n;
  if (kn_is_number(f, a, &n) && op != KILN_OP_SUB) KN_SWAP(a, b);
  const bool known = kn_is_number(f, b, &n);
  const bool keeps = known && n == (op == KILN_OP_AND ? -1 : 0);
  const bool fills = known && ((op == KILN_OP_AND && n == 0) || (op == KILN_OP_OR && n == -1));
  if (keeps) become_same(f, i, a);
  else if (fills) become_same(f, i, kn_handle(KN_TAG_IMM, (uint32_t)n & KN_INDEX_MASK));
  else become(f, i, op, KILN_TYPE_I64, 0, a, b, 0);
}

/* A shift of one half by n < 64: of 0, a copy. */
static void shift(kiln_func *f, uint32_t i, unsigned op, uint32_t a, unsigned n) {
  if (n == 0) become_same(f, i, a);
  else become(f, i, op, KILN_TYPE_I64, 0, a, kn_handle(KN_TAG_IMM, n), 0);
}

/* a:b shifted left by n < 128: its upper half. */
static void funnel_pair(kiln_func *f, uint32_t i, uint32_t a, uint32_t b, unsigned n) {
  const uint32_t words[4] = {half(f, a, 1), half(f, a, 0), half(f, b, 1), half(f, b, 0)};
  for (unsigned k = 0; k < 2; k++) { /* the upper half is made of the first words */
    const uint32_t *from = words + n / 64 + !k;
    if (n % 64 == 0) become_same(f, i + k, from[0]);
    else
      become(f, i + k, KILN_OP_FSHL, KILN_TYPE_I64, 0, from[0], from[1],
             kn_handle(KN_TAG_IMM, n % 64));
  }
}

/* A shift of a by a number. */
static void shift_pair(kiln_func *f, uint32_t i, unsigned op, uint32_t a, unsigned n) {
  const bool left = op == KILN_OP_SHL;
  const uint32_t near = i + !left, far = i + left; /* bits go from `near` to `far` */
  const uint32_t lower = half(f, a, 0), upper = half(f, a, 1), from = left ? lower : upper;
  if (n == 0) {
    funnel_pair(f, i, a, a, 0);
    return;
  }
  if (n < 64)
    become(f, far, left ? KILN_OP_FSHL : KILN_OP_FSHR, KILN_TYPE_I64, 0, upper, lower,
           kn_handle(KN_TAG_IMM, n));
  else shift(f, far, op, from, n - 64);
  if (n < 64 || op == KILN_OP_ASHR) shift(f, near, op, from, n < 64 ? n : 63);
  else if (left) become_same(f, near, kn_handle(KN_TAG_IMM, 0));
  else become_number(f, near, 0);
}

/* The rotation of a, or the shift of a:b, to the left or right. */
static void funnel(kiln_func *f, uint32_t i, const struct kn_inst *in) {
  const bool rotates = in->op == KILN_OP_ROTL || in->op == KILN_OP_ROTR;
  const bool right = in->op == KILN_OP_ROTR || in->op == KILN_OP_FSHR;
  const uint32_t b = rotates ? in->a : in->b;
  int64_t n = 0;
  kn_is_number(f, rotates ? in->b : in->c, &n);
  n &= 127;
  if (right && n == 0) funnel_pair(f, i, b, b, 0);
  else funnel_pair(f, i, in->a, b, right ? 128 - (unsigned)n : (unsigned)n);
}

/* The upper half of what is extended. */
static void extend(kiln_func *f, uint32_t upper, bool sign) {
  if (sign) shift(f, upper, KILN_OP_ASHR, half(f, upper - 1, 0), 63);
  else become_number(f, upper, 0);
}

/* May the lower half of i, which the next instruction stores, be computed where that puts it? Not if the upper half is
 * computed at once with it, or loaded from there. */
static bool is_made_in_order(const kiln_func *f, uint32_t i, uint32_t variable) {
  const struct kn_inst *in = &f->inst[i];
  return kn_is_halved(f, i) ? in[1].a != variable : in->op == KILN_OP_ADD || in->op == KILN_OP_SUB;
}

/* The flags of the access to a half. */
static unsigned half_access(const struct kn_inst *in) {
  return (in->x & ~(31u | KILN_MEM_ALIGN(15))) | KILN_TYPE_I64;
}

/* The LOAD or STORE of a slot that is no memory: of two variables. */
static void access_variables(kiln_func *f, uint32_t i, const struct kn_inst *in) {
  for (unsigned k = 0; k < 2; k++) {
    const uint32_t slot = kn_slot_variable(f, kn_index(in->a), in->c + 8 * k);
    become(f, i + k, in->op, KILN_TYPE_I64, half_access(in), kn_handle(KN_TAG_SLOT, slot),
           in->op == KILN_OP_STORE ? half(f, in->b, k) : 0, 0);
  }
  if (in->op == KILN_OP_STORE && in->b + 2 == i && is_made_in_order(f, in->b, f->inst[i].a))
    f->val[in->b].hint = f->val[in->b + 1].hint = KN_HINT_STORED_HALF;
}

/* Half k of a LOAD through an address. */
static void load_half(kiln_func *f, uint32_t i, const struct kn_inst *in, unsigned k) {
  become(f, i + k, KILN_OP_LOAD, KILN_TYPE_I64, half_access(in), in->a, 0, in->c + 8 * k);
}

/* Is the comparison one of upper halves alone, with 0 or -1? */
static bool is_of_sign(const struct kn_inst *in) {
  if (!kn_is_imm(in->b)) return false;
  return in->x == KILN_ICOND_SLT || in->x == KILN_ICOND_SGE   ? kn_imm(in->b) == 0
         : in->x == KILN_ICOND_SLE || in->x == KILN_ICOND_SGT ? kn_imm(in->b) == -1
                                                              : false;
}

static bool is_zero(const kiln_func *f, uint32_t h) {
  int64_t n = 0;
  return kn_is_number(f, h, &n) && n == 0;
}
/* n if the lower half of h is the number 2^n, else -1. */
static int power_of_two(const kiln_func *f, uint32_t h) {
  int64_t n = 0;
  const bool is = kn_is_number(f, half(f, h, 0), &n) && __builtin_popcountll((uint64_t)n) == 1;
  return is ? __builtin_ctzll((uint64_t)n) : -1;
}

/* Is a lower half 0, so that nothing is carried? In a difference only b's counts. */
static bool has_no_carry(const kiln_func *f, const struct kn_inst *in) {
  return is_zero(f, half(f, in->b, 0)) || (in->op == KILN_OP_ADD && is_zero(f, half(f, in->a, 0)));
}

/* How an operation becomes two: EACH half by itself, or SWAP, of the other half; or as a function above says. */
enum how { NOT_HALVED, EACH, SWAP, EXTEND, CARRY, SHIFT, SCALE, FUNNEL, ACCESS };
static const uint8_t how[KILN_OP_COUNT] = {
  [KILN_OP_COPY] = EACH,    [KILN_OP_BITCAST] = EACH, [KILN_OP_NOT] = EACH,
  [KILN_OP_AND] = EACH,     [KILN_OP_OR] = EACH,      [KILN_OP_XOR] = EACH,
  [KILN_OP_BSWAP] = SWAP,   [KILN_OP_BITREV] = SWAP,  [KILN_OP_MUL] = SCALE,
  [KILN_OP_ZEXT] = EXTEND,  [KILN_OP_SEXT] = EXTEND,  [KILN_OP_ADD] = CARRY,
  [KILN_OP_SUB] = CARRY,    [KILN_OP_SHL] = SHIFT,    [KILN_OP_LSHR] = SHIFT,
  [KILN_OP_ASHR] = SHIFT,   [KILN_OP_ROTL] = FUNNEL,  [KILN_OP_ROTR] = FUNNEL,
  [KILN_OP_FSHL] = FUNNEL,  [KILN_OP_FSHR] = FUNNEL,  [KILN_OP_LOAD] = ACCESS,
  [KILN_OP_STORE] = ACCESS,
};

/* Is it an access of two variables? */
static bool is_of_variables(const kiln_func *f, const struct kn_inst *in) {
  return kn_is_slot(in->a) && !f->slots.at[kn_index(in->a)].memory;
}

/* Is it a load that is better as two, since no instruction of the target loads both halves? Then a reader may do that
 * itself. */
static bool loads_halves(const kiln_func *f, const struct kn_inst *in) {
  return in->op == KILN_OP_LOAD && (in->x & KILN_MEM_VOLATILE) == 0 && !f->module->ir.loads_pairs &&
         (int32_t)in->c < INT32_MAX - 8;
}

/* Is it a load of fewer than 128 bits? */
static bool extends(const struct kn_inst *in) {
  return in->op == KILN_OP_LOAD && KN_MEM_TYPE(in->x) != KILN_TYPE_I128;
}

/* Does the instruction become two? */
static bool is_halved(const kiln_func *f, const struct kn_inst *in) {
  int64_t n;
  if (in->type != KILN_TYPE_I128) return false;
  switch ((enum how)how[in->op]) {
  case NOT_HALVED: return false;
  case CARRY: return has_no_carry(f, in);
  case SHIFT: return kn_is_number(f, in->b, &n);
  case FUNNEL: return kn_is_number(f, kn_op_shape(in->op) == KN_SH_BIN ? in->b : in->c, &n);
  case ACCESS: return extends(in) || is_of_variables(f, in) || loads_halves(f, in);
  case EACH: return in->op != KILN_OP_BITCAST || in->x == KILN_TYPE_I128;
  case SCALE: return is_zero(f, kn_half(f, in->b, 1)) && power_of_two(f, in->b) >= 0;
  case SWAP:
  case EXTEND: break;
  }
  return true;
}

/* Half by half: the upper one of the upper ones, unless they are swapped. */
static void each(kiln_func *f, uint32_t i, const struct kn_inst *in) {
  for (unsigned k = 0; k < 2; k++) {
    const uint32_t a = half(f, in->a, k ^ (how[in->op] == SWAP));
    if (in->op == KILN_OP_NOT && kn_is_imm(a))
      become_same(f, i + k, kn_handle(KN_TAG_IMM, ~a & KN_INDEX_MASK));
    else if (kn_op_shape(in->op) == KN_SH_BIN) logic(f, i + k, in->op, a, half(f, in->b, k));
    else if (in->op == KILN_OP_COPY || in->op == KILN_OP_BITCAST) become_same(f, i + k, a);
    else become(f, i + k, in->op, KILN_TYPE_I64, 0, a, 0, 0);
  }
}

/* Instruction i of two values, as two. */
static void halve(kiln_func *f, uint32_t i) {
  const struct kn_inst in = f->inst[i];
  int64_t n = 0;
  forget_operands(f, i);
  f->halved.at[i] |= KN_HALVED;
  switch ((enum how)how[in.op]) {
  case EXTEND:
    if (in.x == KILN_TYPE_I64) become_same(f, i, in.a);
    else become(f, i, in.op, KILN_TYPE_I64, in.x, in.a, 0, 0);
    extend(f, i + 1, in.op == KILN_OP_SEXT);
    break;
  case ACCESS:
    if (!extends(&in)) {
      if (is_of_variables(f, &in)) access_variables(f, i, &in);
      else
        for (unsigned k = 0; k < 2; k++) load_half(f, i, &in, k);
      break;
    }
    become(f, i, KILN_OP_LOAD, KILN_TYPE_I64, in.x, in.a, 0, in.c);
    extend(f, i + 1, in.x & KILN_MEM_SEXT);
    break;
  case FUNNEL: funnel(f, i, &in); break;
  case SCALE: shift_pair(f, i, KILN_OP_SHL, in.a, (unsigned)power_of_two(f, in.b)); break;
  case SHIFT:
    kn_is_number(f, in.b, &n);
    shift_pair(f, i, in.op, in.a, (unsigned)n & 127);
    break;
  case NOT_HALVED:
  case CARRY:
  case EACH:
  case SWAP: each(f, i, &in); break;
  }
}

bool kn_is_extended(const kiln_func *f, uint32_t h, bool sign) {
  int64_t n = 0;
  if (!sign) return is_zero(f, kn_half(f, h, 1));
  if (!kn_is_value(h)) return kn_is_imm(h);
  const struct kn_inst *upper = &f->inst[h + 1];
  return kn_is_halved(f, h) && upper->op == KILN_OP_ASHR && upper->a == half(f, h, 0) &&
         kn_is_number(f, upper->b, &n) && n == 63;
}

/* A product of two numbers of 64 bits: of the lower halves, as signed or unsigned ones. */
static bool narrow_product(kiln_func *f, uint32_t i) {
  const struct kn_inst in = f->inst[i];
  if (in.type != KILN_TYPE_I128) return false;
  for (unsigned sign = in.op == KILN_OP_SMULO; sign <= (in.op != KILN_OP_UMULO); sign++) {
    if (!kn_is_extended(f, in.a, sign) || !kn_is_extended(f, in.b, sign)) continue;
    forget_operands(f, i);
    become(f, i, KILN_OP_MUL, in.type, sign, half(f, in.a, 0), half(f, in.b, 0), 0);
    if (f->inst[i + 2].op == KILN_OP_RESULT) { /* does it overflow? */
      become(f, i + 2, KILN_OP_COPY, KILN_TYPE_I8, 0, kn_handle(KN_TAG_IMM, 0), 0, 0);
      struct kn_inst *next = &f->inst[i + 3];
      if (next->op == KILN_OP_BRIF && next->a == i + 2) {
        use(f, i + 2, UINT32_MAX);
        next->a = kn_handle(KN_TAG_IMM, 0);
      }
    }
    return true;
  }
  return false;
}

/* What has the lowest 7 bits of h and is read in the same block, without extensions and masks. */
static uint32_t count_of(const kiln_func *f, uint32_t h) {
  int64_t n;
  while (kn_is_value(h) && f->val[h].global == 0) {
    const struct kn_inst *in = &f->inst[h];
    const bool extends =
      in->op == KILN_OP_ZEXT || in->op == KILN_OP_SEXT || in->op == KILN_OP_TRUNC;
    const bool masks = in->op == KILN_OP_AND && kn_is_number(f, in->b, &n) && (n & 127) == 127;
    if (!extends && !masks) break;
    h = in->a;
  }
  return h;
}

/* A shift by a value reads no more of that than it needs. */
static void narrow_count(kiln_func *f, uint32_t *count) {
  const uint32_t low = count_of(f, half(f, *count, 0));
  if (!kn_is_value(low) || kn_is_pair(f, low)) return; /* the handle of a lower half names both */
  use_pair(f, *count, UINT32_MAX);
  use(f, low, 1);
  *count = low;
}

/* An operation with one result that reads one half alone; and one that another does. */
static void narrow(kiln_func *f, uint32_t i) {
  const struct kn_inst in = f->inst[i];
  const bool multiplies = in.op == KILN_OP_MUL || in.op == KILN_OP_SMULO || in.op == KILN_OP_UMULO;
  if (multiplies && narrow_product(f, i)) return;
  if (in.op == KILN_OP_TRUNC && in.x == KILN_TYPE_I128) {
    forget_operands(f, i);
    const uint32_t low = half(f, in.a, 0);
    become(f, i, KILN_OP_TRUNC, in.type, KILN_TYPE_I64, kn_is_value(low) ? low : in.a, 0, 0);
  } else if (in.type == KILN_TYPE_I128 && how[in.op] == SHIFT) {
    narrow_count(f, &f->inst[i].b);
  } else if (in.type == KILN_TYPE_I128 && (in.op == KILN_OP_FSHL || in.op == KILN_OP_FSHR)) {
    narrow_count(f, &f->inst[i].c);
  } else if (in.type == KILN_TYPE_I128 && (in.op == KILN_OP_ROTL || in.op == KILN_OP_ROTR)) {
    const bool left = in.op == KILN_OP_ROTL; /* targets have the funnel */
    use_pair(f, in.a, 1);
    f->inst[i] =
      (struct kn_inst){left ? KILN_OP_FSHL : KILN_OP_FSHR, in.type, in.x, {{in.a, in.a, in.b}}};
    narrow_count(f, &f->inst[i].c);
  } else if (in.op == KILN_OP_ICMP && in.type == KILN_TYPE_I128 && is_of_sign(&in)) {
    forget_operands(f, i);
    become(f, i, KILN_OP_ICMP, KILN_TYPE_I64, in.x, kn_half(f, in.a, 1), kn_half(f, in.b, 1), 0);
  }
}

/* ---- hints ---- */

/* h is best computed in the argument register of that number. */
static void hint(kiln_func *f, uint32_t h, unsigned number) {
  if (!kn_is_value(h) || f->val[h].global != 0 || KN_HINT_SAYS_HOME(f->val[h].hint)) return;
  f->val[h].hint = (uint8_t)(number < 8 ? number : KN_HINT_LATER);
}

/* The builder's hints count an i128 among the arguments of call i as one register, and name its lower half alone. */
static void hint_arguments(kiln_func *f, uint32_t i) {
  const struct kn_inst *in = &f->inst[i];
  const struct kn_sig *sig = kn_sig(f->module, in->c);
  const struct kn_convention *c = sig->conv;
  if (!sig->has_pairs || c->pairs == KN_PAIRS_NONE || c->by_position) return;
  const struct kn_operands o = kn_operands(f, in);
  for (uint32_t k = 0, number = 0; k < sig->n_params; k++) {
    const unsigned type = sig->params[k].type;
    const uint32_t h = kn_operand(&o, k + 1);
    const unsigned flags = sig->params[k].flags;
    if (kn_type_is_float(type) || flags & KILN_PARAM_CHAIN) continue;
    if (flags & KILN_PARAM_SRET && c->sret != KN_NO_REG) continue;
    if (type == KILN_TYPE_I128) {
      number += c->pairs == KN_PAIRS_EVEN ? number & 1 : 0;
      hint(f, h, number++);
      hint(f, half(f, h, 1), number++);
    } else hint(f, h, number++);
  }
}

/* The upper half of the only result is in the register of the second one. */
static void hint_result(kiln_func *f, const struct kn_inst *in) {
  if (in->x != 1 || f->facts.result_types[0] != KILN_TYPE_I128) return;
  const uint32_t h = half(f, in->a, 1);
  if (kn_is_value(h) && f->val[h].global == 0 && !KN_HINT_SAYS_HOME(f->val[h].hint))
    f->val[h].hint = KN_HINT_SECOND;
}

/* ---- all of a function ---- */

/* Half i, or its upper half, is read by nobody: makes no code. */
static void become_nothing(kiln_func *f, uint32_t i) {
  forget_operands(f, i);
  become(f, i, KILN_OP_COPY, KILN_TYPE_I64, 0, kn_handle(KN_TAG_IMM, 0), 0, 0);
}

/* A LOAD or SELECT of which one half is read makes that. */
static void narrow_result(kiln_func *f, uint32_t i) {
  const struct kn_inst in = f->inst[i];
  const unsigned k = f->val[i].uses == 0; /* what is read */
  if (k == (f->val[i + 1].uses == 0)) return;
  if (in.op != KILN_OP_SELECT && (in.op != KILN_OP_LOAD || in.x & KILN_MEM_VOLATILE)) return;
  forget_operands(f, i);
  f->halved.at[i] |= KN_HALVED;
  if (in.op == KILN_OP_LOAD) load_half(f, i, &in, k);
  else become(f, i + k, in.op, KILN_TYPE_I64, 0, in.a, half(f, in.b, k), half(f, in.c, k));
  become(f, i + !k, KILN_OP_COPY, KILN_TYPE_I64, 0, kn_handle(KN_TAG_IMM, 0), 0, 0);
}

/* Ends halves that nobody reads, and so their operands: from the last one on, since readers come later. */
static void end_unread_halves(kiln_func *f) {
  for (uint32_t i = f->n; i-- > 1;) {
    const struct kn_inst *in = &f->inst[i];
    const bool volatile_load = in->op == KILN_OP_LOAD && in->x & KILN_MEM_VOLATILE;
    if (in->op == KILN_OP_UPPER) narrow_result(f, i - 1);
    if (f->val[i].uses == 0 && (kn_is_halved(f, i) || kn_is_halved(f, i - 1)) && !volatile_load &&
        (kn_op_info[in->op].effects & KN_FX_KEPT) == 0)
      become_nothing(f, i);
  }
}

/* Both halves of what makes them at once are read, or none. */
static void end_unread(kiln_func *f, uint32_t upper) {
  struct kn_val *v = &f->val[upper - 1];
  if ((v[0].uses == 0) == (v[1].uses == 0) || f->inst[upper - 1].op == KILN_OP_PARAM) return;
  const uint32_t unread = upper - (v[0].uses == 0);
  f->inst[upper].b = unread;
  f->val[unread].uses = 1;
}

static bool add_global(kiln_func *f, uint32_t upper) {
  const uint32_t lower = f->val[upper - 1].global;
  if (lower == 0 || f->val[upper].uses == 0) return true;
  if (!KN_PUSH(f, f->globals, (struct kn_global){upper, f->globals.at[lower - 1].def_block}))
    return false;
  f->val[upper].global = f->globals.n;
  return true;
}

bool kn_split_pairs(kiln_func *f) {
  if (!KN_RESIZE(f, f->halved, f->n)) return false;
  memset(f->halved.at, 0, f->n);
  f->halved.n = f->n;
  for (uint32_t i = 1; i < f->n; i++) {
    if (f->inst[i].op != KILN_OP_UPPER) continue;
    f->val[i - 1].type = KILN_TYPE_I64;
    f->val[i - 1].flags = 0;
    f->val[i].uses = f->val[i - 1].uses;
  }
  for (uint32_t i = 1; i < f->n; i++) {
    if (is_halved(f, &f->inst[i])) halve(f, i++);
    else narrow(f, i);
  }
  end_unread_halves(f);
  for (uint32_t i = 1; i < f->n; i++) {
    if (f->inst[i].op == KILN_OP_CALL) hint_arguments(f, i);
    if (f->inst[i].op == KILN_OP_RET) hint_result(f, &f->inst[i]);
    if (f->inst[i].op == KILN_OP_UPPER) end_unread(f, i);
    else if (!kn_is_halved(f, i - 1)) continue;
    else if (f->halved.at[i - 1] & KN_KNOWN) f->val[i].uses = 0;
    if (!add_global(f, i)) return false;
  }
  return true;
}

void kn_lower_upper(struct kn_walk *w, const struct kn_inst *in) {
  if (in->b != 0) kn_drop(w, in->b);
}
