/* Bodies of functions: each instruction is built where it is read, constants and identities folded by <kiln/fold.h>.
 *
 * The language wants no SSA form: a temporary may be assigned anywhere, and used where no assignment need have been.
 * A body is first read as if it were in SSA form: each temporary is the value of its one assignment. If that turns out
 * to be wrong, what was built is discarded and the body is read a second time, with the temporaries that were found to
 * be variables in slots. Invariant: a body that is built has defined labels, matching phis, and all of its
 * temporaries assigned. */
#include "read.h"

#include <kiln/fold.h>
#include <kiln/inspect.h>

enum { FIRST_BLOCK = 1 };

static const kiln_value no_value = {0};

static bool is_int(kiln_type class) { return class <= KILN_TYPE_I64; }

/* The class of the same size of the other kind. */
static kiln_type other_kind(kiln_type class) {
  static const uint8_t other[KILN_TYPE_COUNT] = {[KILN_TYPE_I32] = KILN_TYPE_F32,
                                                 [KILN_TYPE_I64] = KILN_TYPE_F64,
                                                 [KILN_TYPE_F32] = KILN_TYPE_I32,
                                                 [KILN_TYPE_F64] = KILN_TYPE_I64};
  return (kiln_type)other[class];
}

static char letter_of(kiln_type class) {
  return class == KILN_TYPE_I32   ? 'w'
         : class == KILN_TYPE_I64 ? 'l'
         : class == KILN_TYPE_F32 ? 's'
                                  : 'd';
}

/* ---- conversions ---- */

static kiln_value number(struct kn_qbe *r, uint64_t n) { return kiln_const_int(r->f, (int64_t)n); }

static kiln_value convert(struct kn_qbe *r, kiln_op op, kiln_type to, kiln_type from,
                          kiln_value v) {
  return to == from ? v : kiln_fold_convert(r->f, op, to, from, v);
}

static kiln_value extend(struct kn_qbe *r, bool is_signed, kiln_type to, kiln_type from,
                         kiln_value v) {
  return convert(r, is_signed ? KILN_OP_SEXT : KILN_OP_ZEXT, to, from, v);
}

static kiln_value low_word(struct kn_qbe *r, kiln_value v) {
  return convert(r, KILN_OP_TRUNC, KILN_TYPE_I32, KILN_TYPE_I64, v);
}

/* ---- temporaries ---- */

/* The body is to be read a second time. What is left of the first is read only: without a function, the builder does
 * nothing. */
static void again(struct kn_qbe *r) {
  if (r->second) return;
  kiln_func_discard(r->f);
  r->f = NULL;
  r->again = true;
}

/* The temporary whose '%' is at r->p. */
static uint32_t temporary(struct kn_qbe *r) {
  r->p++;
  kn_qbe_scan(r);
  uint32_t i = KN_QBE_FIND(r, temps);
  return i != 0 ? i : KN_QBE_ADD(r, temps);
}

/* Notes a use at the end of `block`, as far as it was read. The first block comes before all others. */
static void use(struct kn_qbe *r, uint32_t temp, uint32_t block) {
  struct kn_qbe_temp *t = r->temps.at + temp;
  if (r->second || t->variable || t->block == block || t->block == FIRST_BLOCK) return;
  t->variable = t->block == 0; /* not assigned yet */
  if (t->variable) again(r);
  else KN_QBE_PUSH(r, r->uses, (struct kn_qbe_use){temp, block});
}

static void have(struct kn_qbe_temp *t, kiln_value v) {
  t->v = v;
  t->sum = false;
  t->plain = t->variable ? 0 : t->block;
}

static void build_sum(struct kn_qbe *r, struct kn_qbe_temp *t) {
  have(t, kiln_fold_binary(r->f, KILN_OP_ADD, KILN_TYPE_I64, t->v, t->b));
}

/* The value of a temporary, whose name was read last, that is not simply there. Addresses are sums that cost nothing where the
 * processor adds; a long is a word, too. */
static __attribute__((noinline)) kiln_value read_other(struct kn_qbe *r, uint32_t temp,
                                                       kiln_type class, bool is_address) {
  const char *at = r->name.at - 1;
  if (temp == 0) temp = KN_QBE_ADD(r, temps);
  struct kn_qbe_temp *t = r->temps.at + temp;
  t->address |= is_address;
  if (t->slot.id == 0) use(r, temp, r->current);
  if (t->block == 0) t->class = (uint8_t)class; /* until it is known */
  if (t->sum && is_address) have(t, kiln_fold_addr(r->f, t->v, t->b, 1, 0));
  else if (t->sum) build_sum(r, t);
  kiln_value v = t->slot.id == 0 ? t->v : kiln_build_load(r->f, (kiln_type)t->class, t->slot, 0, 0);
  if (t->class == class) return v;
  if (t->class == KILN_TYPE_I64 && class == KILN_TYPE_I32) return low_word(r, v);
  kn_qbe_fail(r, at, KILN_ERR_TYPE, "%%%.*s is of type %c, and %c is wanted", KN_QBE_SHOW(t->name),
              letter_of((kiln_type)t->class), letter_of(class));
}

static inline void assign(struct kn_qbe *r, uint32_t temp, kiln_type class, kiln_value v,
                          const char *at) {
  struct kn_qbe_temp *t = r->temps.at + temp;
  if (t->block == 0) {
    t->block = t->plain = r->current;
    t->class = (uint8_t)class;
    t->v = v;
    if (t->variable) t->plain = 0;
  } else if (t->slot.id != 0) {
    if (t->class != class) v = low_word(r, v);
    kiln_build_store(r->f, (kiln_type)t->class, t->slot, 0, v, 0);
  } else {
    t->variable = true;
    t->plain = 0;
    again(r);
    if (t->class == class) return;
    if (!is_int((kiln_type)t->class) || !is_int(class))
      kn_qbe_fail(r, at, KILN_ERR_TYPE, "%%%.*s is assigned with two types", KN_QBE_SHOW(t->name));
    t->class = KILN_TYPE_I32; /* of a long the low bits are left */
  }
}

/* ---- operands ---- */

/* A constant as a value of a class. `build` is false if it is not wanted where it stands: then the result says
 * whether it is one without instructions. */
static kiln_value constant(struct kn_qbe *r, kiln_type class, bool build) {
  const char *at = r->p;
  bool thread = *at == 't';
  if (thread && kn_qbe_word(r)->form != QF_THREAD) kn_qbe_wrong(r, at, "an operand is expected");
  if (*at != '$' && !thread) {
    uint64_t bits = 0;
    if (!kn_qbe_number(r, &bits)) kn_qbe_syntax(r, "an operand is expected");
    if (is_int(class)) return number(r, class == KILN_TYPE_I32 ? (uint64_t)(int32_t)bits : bits);
    return kiln_const_bits(r->f, class, bits, 0);
  }
  kn_qbe_expect(r, '$');
  uint32_t global = kn_qbe_global(r);
  if (!build && (thread || class != KILN_TYPE_I64)) return no_value;
  kiln_value v = kiln_const_symbol(r->f, kn_qbe_symbol(r, global, thread, r->begin), 0);
  if (thread) v = kiln_build_unary(r->f, KILN_OP_TLS_ADDR, KILN_TYPE_PTR, v);
  if (class == KILN_TYPE_I32 || class == KILN_TYPE_F32) v = low_word(r, v);
  return is_int(class) ? v : convert(r, KILN_OP_BITCAST, class, other_kind(class), v);
}

/* The operand that comes next. */
static __attribute__((noinline)) kiln_value value(struct kn_qbe *r, kiln_type class,
                                                  bool is_address) {
  if (kn_qbe_peek(r) != '%') return constant(r, class, true);
  r->p++;
  kn_qbe_scan(r);
  uint32_t temp = KN_QBE_FIND(r, temps);
  const struct kn_qbe_temp *t = r->temps.at + temp;
  if ((t->plain == r->current || t->plain == FIRST_BLOCK) && t->class == class &&
      (t->address || !is_address))
    return t->v;
  return read_other(r, temp, class, is_address);
}
static kiln_value operand(struct kn_qbe *r, kiln_type class) { return value(r, class, false); }

/* The low bits of a word, as a sub-word type. */
static kiln_value low_bits(struct kn_qbe *r, kiln_type low) {
  return convert(r, KILN_OP_TRUNC, low, KILN_TYPE_I32, operand(r, KILN_TYPE_I32));
}

/* ---- calls ---- */

/* An operand as a call or a return takes it: the low bits for sub-word types, addresses for aggregates. */
static kiln_value given(struct kn_qbe *r, const struct kn_qbe_type *type) {
  return type->low != 0 ? low_bits(r, (kiln_type)type->low) : operand(r, (kiln_type)type->class);
}

/* The same for what comes from a call, or to a function. */
static kiln_value taken(struct kn_qbe *r, kiln_value v, const struct kn_qbe_type *type) {
  return type->low != 0 ? extend(r, type->is_signed, KILN_TYPE_I32, (kiln_type)type->low, v) : v;
}

static kiln_value call(struct kn_qbe *r, uint32_t result, kiln_value callee, const char *at) {
  bool variadic = false;
  uint32_t n_fixed = 0;
  r->ctypes.n = r->args.n = 0;
  kn_qbe_expect(r, '(');
  while (kn_qbe_peek(r) != ')') {
    const char *what = r->p;
    if (kn_qbe_dots(r)) {
      if (variadic) kn_qbe_wrong(r, what, "a second '...'");
      variadic = true;
      n_fixed = r->args.n;
    } else {
      const struct kn_qbe_type *type = r->types.at + kn_qbe_type(r, r->args.n == 0 && !variadic);
      kiln_value v = given(r, type);
      if (variadic && type->low != 0) { /* who reads it reads a word */
        v = taken(r, v, type);
        type = r->types.at + QW;
      }
      KN_QBE_PUSH(r, r->ctypes, type->c);
      KN_QBE_PUSH(r, r->args, v);
    }
    if (!kn_qbe_take(r, ',')) break;
  }
  kn_qbe_expect(r, ')');
  kiln_csig sig = kn_qbe_signature(r, result, variadic, variadic ? n_fixed : r->args.n, at);
  kiln_value v = kiln_build_ccall(r->f, r->c, sig, callee, r->args.at, r->args.n, no_value);
  return taken(r, v, r->types.at + result);
}

/* Without a value it is any. */
static void ret(struct kn_qbe *r) {
  const struct kn_qbe_type *type = r->types.at + r->body->result;
  kiln_value v = no_value;
  char c = kn_qbe_peek(r);
  if (c != '\n' && c != '#') {
    if (type->class == KILN_TYPE_VOID) kn_qbe_syntax(r, "a value, but this function has no result");
    v = given(r, type);
  } else if (r->body->result >= KN_QBE_TYPES) {
    v = kiln_slot_new(r->f, kiln_ctype_get(r->c, type->c).size_bytes + 1, 4);
  } else if (type->class != KILN_TYPE_VOID) {
    v = kiln_const_bits(r->f, (kiln_type)(type->low != 0 ? type->low : type->class), 0, 0);
  }
  kiln_build_creturn(r->f, r->c, r->body->signature, v);
}

/* ---- blocks ---- */

/* The label that comes next. The first one is that of the first block, which is there. */
static uint32_t label(struct kn_qbe *r) {
  kn_qbe_expect(r, '@');
  kn_qbe_scan(r);
  uint32_t i = KN_QBE_FIND(r, labels);
  if (i != 0) return i;
  if (r->labels.t.n != FIRST_BLOCK) kiln_block_new(r->f);
  return KN_QBE_ADD(r, labels);
}
static kiln_block block_of(uint32_t label) { return (kiln_block){label - 1}; }

/* Gives an operand of a phi to the block parameter, for the edge from the block where it comes from. */
static void give(struct kn_qbe *r, const struct kn_qbe_operand *o) {
  const struct kn_qbe_phi *phi = r->phis.at + o->phi;
  const char *p = r->p;
  r->p = o->at;
  r->begin = phi->at;
  kiln_value v = operand(r, (kiln_type)phi->class);
  r->p = p;
  kiln_edge_arg(r->f, block_of(o->from), block_of(r->blocks.at[phi->block].label), phi->index, v);
}

/* What is to be done before the jump at the end of a block. */
static void leave(struct kn_qbe *r) {
  for (uint32_t i = 0; i < r->sums.n; i++) {
    struct kn_qbe_temp *t = r->temps.at + r->sums.at[i];
    if (t->sum) build_sum(r, t); /* other blocks may use it */
  }
  r->sums.n = 0;
  r->open = false;
  if (!r->second) return;
  for (uint32_t i = r->blocks.at[r->current].operands; i != 0; i = r->operands.at[i].next)
    give(r, r->operands.at + i);
}

static void jump_to(struct kn_qbe *r, uint32_t then, uint32_t other, const char *at) {
  if (then == FIRST_BLOCK || other == FIRST_BLOCK)
    kn_qbe_fail(r, at, KILN_ERR_STRUCTURE, "a jump to the first block");
  r->blocks.at[r->current].then = then;
  r->blocks.at[r->current].other = other;
  leave(r);
}

static void jmp(struct kn_qbe *r, uint32_t to, const char *at) {
  jump_to(r, to, 0, at);
  kiln_build_br(r->f, block_of(to), NULL, 0);
}

static void jnz(struct kn_qbe *r, kiln_value v, const char *at) {
  kn_qbe_expect(r, ',');
  uint32_t then = label(r);
  kn_qbe_expect(r, ',');
  uint32_t other = label(r);
  jump_to(r, then, other, at);
  v = kiln_fold_icmp(r->f, KILN_NE, KILN_TYPE_I32, v, number(r, 0));
  kiln_build_brif(r->f, v, block_of(then), NULL, 0, block_of(other), NULL, 0);
}

/* A block ends without a successor. */
static void end_block(struct kn_qbe *r) {
  r->open = false;
  r->sums.n = 0;
}

/* The end of a line must come next. */
static inline void end_line(struct kn_qbe *r) {
  if (*r->p != '\n' && kn_qbe_peek(r) != '\n' && *r->p != '#') kn_qbe_missing(r, '\n');
}

/* The label at r->p begins a block. If the one before it is open, it goes on here. */
static void begin_block(struct kn_qbe *r) {
  const char *at = r->p;
  uint32_t i = label(r);
  end_line(r);
  if (r->open) {
    r->count++;
    jmp(r, i, at);
  }
  r->current++;
  r->open = true;
  r->n_phis = 0;
  r->phi_count = r->count;
  if (i != FIRST_BLOCK) kiln_block_switch(r->f, block_of(i));
  if (r->second) return;
  struct kn_qbe_label *l = r->labels.at + i;
  if (l->block != 0)
    kn_qbe_fail(r, at, KILN_ERR_SYMBOL, "@%.*s is there twice", KN_QBE_SHOW(l->name));
  l->block = r->current;
  KN_QBE_PUSH(r, r->blocks, (struct kn_qbe_block){.label = i});
}

/* ---- phis ---- */

/* A phi is a parameter of its block; its operands are given once all blocks are known. */
static kiln_value phi(struct kn_qbe *r, kiln_type class, const char *at) {
  if (r->count != ++r->phi_count || r->current == FIRST_BLOCK)
    kn_qbe_fail(r, at, KILN_ERR_STRUCTURE, "a phi must begin a block, and not the first one");
  struct kn_qbe_phi new = {at, r->current, r->n_phis++, r->operands.n, 0, (uint8_t)class};
  do {
    struct kn_qbe_operand o = {.from = label(r), .phi = r->phis.n};
    bool is_temp = kn_qbe_peek(r) == '%';
    o.at = r->p;
    if (is_temp) o.temp = temporary(r);
    else if (constant(r, class, false).id == 0) again(r);
    if (!r->second) KN_QBE_PUSH(r, r->operands, o);
    new.n++;
  } while (kn_qbe_take(r, ','));
  if (!r->second) KN_QBE_PUSH(r, r->phis, new);
  return kiln_block_param(r->f, kiln_block_current(r->f), class);
}

static struct kn_qbe_block *block_at(const struct kn_qbe *r, uint32_t label) {
  return r->blocks.at + r->labels.at[label].block;
}

/* Checks the phis, and notes their operands at the blocks that they come from. */
static void check_phis(struct kn_qbe *r) {
  for (uint32_t i = FIRST_BLOCK; i < r->blocks.n; i++) {
    const struct kn_qbe_block *b = r->blocks.at + i;
    if (b->then != 0) block_at(r, b->then)->n_preds++;
    if (b->other != 0 && b->other != b->then) block_at(r, b->other)->n_preds++;
  }
  for (uint32_t k = 0; k < r->phis.n; k++) {
    const struct kn_qbe_phi *p = r->phis.at + k;
    uint32_t label = r->blocks.at[p->block].label;
    bool good = p->n == r->blocks.at[p->block].n_preds;
    for (uint32_t i = p->first; i < p->first + p->n; i++) {
      struct kn_qbe_operand *o = r->operands.at + i;
      struct kn_qbe_block *b = block_at(r, o->from);
      good &= b->then == label || b->other == label;
      good &= b->operands == 0 || r->operands.at[b->operands].phi != k; /* not twice */
      o->next = b->operands;
      b->operands = i;
      if (o->temp == 0) continue;
      use(r, o->temp, (uint32_t)(b - r->blocks.at));
      if (r->temps.at[o->temp].class != p->class) again(r);
    }
    if (!good)
      kn_qbe_fail(r, p->at, KILN_ERR_STRUCTURE,
                  "this phi does not have one operand for each block that jumps here");
  }
}

/* ---- which temporaries are variables ---- */

/* The nearest block that is above both in the tree; fewer steps are left afterwards. */
static uint32_t meet(const struct kn_qbe *r, uint32_t a, uint32_t b, uint64_t *steps) {
  for (; a != b && *steps != 0; --*steps) {
    if (a > b) a = r->blocks.at[a].idom;
    else b = r->blocks.at[b].idom;
  }
  return a == b ? a : FIRST_BLOCK;
}

/* Marks those that are used where they need not have been assigned. What is above a block in the tree dominates it,
 * since its parent is above all blocks that jump to it (but not all that dominate it are: the parent of a block is
 * before it in the text). If the tree takes too long, all that are used in other blocks become variables. */
static void variables(struct kn_qbe *r) {
  uint64_t steps = 64 * (uint64_t)(r->blocks.n + r->uses.n);
  struct kn_qbe_block *blocks = r->blocks.at;
  for (bool changed = true; changed && steps != 0;) {
    changed = false;
    for (uint32_t i = FIRST_BLOCK; i < r->blocks.n; i++) {
      uint32_t targets[] = {blocks[i].then, blocks[i].other};
      if (blocks[i].idom == 0) blocks[i].idom = FIRST_BLOCK;
      for (unsigned k = 0; k < 2 && targets[k] != 0; k++) {
        struct kn_qbe_block *to = block_at(r, targets[k]);
        uint32_t old = to->idom;
        to->idom = old == 0 ? i : meet(r, old, i, &steps);
        changed |= to->idom != old;
      }
    }
  }
  for (uint32_t i = 0; i < r->uses.n; i++) {
    struct kn_qbe_use u = r->uses.at[i];
    struct kn_qbe_temp *t = r->temps.at + u.temp;
    bool above = t->block < u.block && meet(r, t->block, u.block, &steps) == t->block;
    if (above && (steps != 0 || t->block == FIRST_BLOCK)) continue;
    t->variable = true;
    again(r);
  }
}

/* ---- instructions ---- */

/* Sums of longs are built when they are used, or at the end of their block: most are used once, as addresses. */
static void add(struct kn_qbe *r, uint32_t to, kiln_value a, kiln_value b, const char *at) {
  struct kn_qbe_temp *t = r->temps.at + to;
  bool now = t->variable || t->block != 0;
  if (now)
    a = t->address ? kiln_fold_addr(r->f, a, b, 1, 0)
                   : kiln_fold_binary(r->f, KILN_OP_ADD, KILN_TYPE_I64, a, b);
  assign(r, to, KILN_TYPE_I64, a, at);
  if (now) return;
  t->b = b;
  t->sum = true;
  t->plain = 0;
  KN_QBE_PUSH(r, r->sums, to);
}

/* The count is taken modulo the width; Kiln's must be below it. */
static kiln_value shift(struct kn_qbe *r, kiln_op op, kiln_type class, kiln_value a,
                        kiln_value count) {
  uint64_t mask = class == KILN_TYPE_I32 ? 31 : 63;
  count = kiln_fold_binary(r->f, KILN_OP_AND, KILN_TYPE_I32, count, number(r, mask));
  return kiln_fold_binary(r->f, op, class, a, extend(r, false, class, KILN_TYPE_I32, count));
}

/* A slot stays a variable if all accesses are of one type: then an extension comes behind the load. */
static kiln_value load(struct kn_qbe *r, const struct kn_qbe_word *w, kiln_type class,
                       kiln_value a) {
  kiln_type mem = w->op != KILN_TYPE_VOID ? w->op : class;
  if (mem == class) return kiln_build_load(r->f, class, a, 0, 0);
  if (kiln_operand_get(r->f, a).kind == KILN_OPERAND_SLOT)
    return extend(r, w->fop, class, mem, kiln_build_load(r->f, mem, a, 0, 0));
  return kiln_build_load_ext(r->f, class, mem, a, 0, w->fop ? KILN_MEM_SEXT : 0);
}

/* Memory of a size that is known, in the first block, is a slot. All other is taken when it comes to that. */
static kiln_value alloc(struct kn_qbe *r, unsigned align_log2, kiln_value size, const char *at) {
  kiln_operand n = kiln_operand_get(r->f, size);
  if (n.kind != KILN_OPERAND_INT || r->current != FIRST_BLOCK)
    return kiln_build_salloc(r->f, size, align_log2);
  if (n.low > INT32_MAX - 16) kn_qbe_fail(r, at, KILN_ERR_LIMIT, "an allocation of 2 GiB or more");
  return kiln_slot_new(r->f, n.low != 0 ? n.low : 1, align_log2);
}

static void blit(struct kn_qbe *r, kiln_value from, kiln_value to) {
  kn_qbe_expect(r, ',');
  uint64_t size = kn_qbe_integer(r, INT32_MAX, "a number of bytes below 2^31");
  if (size != 0) kiln_build_ternary(r->f, KILN_OP_MEMCPY, KILN_TYPE_PTR, to, from, number(r, size));
}

static void dbgloc(struct kn_qbe *r) {
  uint32_t line = (uint32_t)kn_qbe_integer(r, INT32_MAX, "a line number"), column = 0;
  if (kn_qbe_take(r, ',')) column = (uint32_t)kn_qbe_integer(r, INT32_MAX, "a column");
  if (r->body->file == 0) return;
  uint32_t loc = kiln_loc_in(r->session, r->body->file, line, column);
  kiln_loc_set(r->f, loc);
  if (r->begins == 0) r->line = line, r->begins = loc;
}

/* Says why a word is wrong where an instruction with a result of this type, or without one, is expected. */
static __attribute__((cold, noreturn)) void misplaced(struct kn_qbe *r,
                                                      const struct kn_qbe_word *word, uint32_t type,
                                                      const char *at) {
  kn_qbe_fail(r, at, word->results == 0 ? KILN_ERR_SYNTAX : KILN_ERR_TYPE,
              word->results == 0                     ? "an instruction is expected, not %s"
              : word->results == 1 << KILN_TYPE_VOID ? "%s has no result"
              : type == QVOID                        ? "the result of %s must be assigned"
                                                     : "%s does not give a result of this type",
              word->name);
}

/* The type of an operand by its letter in the table of words; VOID for that of the result. */
static inline kiln_type type_of(char letter) {
  static const uint8_t types[128] = {
    ['w'] = KILN_TYPE_I32, ['l'] = KILN_TYPE_I64, ['s'] = KILN_TYPE_F32, ['d'] = KILN_TYPE_F64,
    ['b'] = KILN_TYPE_I8,  ['h'] = KILN_TYPE_I16, ['a'] = KILN_TYPE_PTR};
  return (kiln_type)types[(uint8_t)letter];
}

static inline kiln_value operand_of(struct kn_qbe *r, kiln_type type, char letter) {
  if (type < KILN_TYPE_I32) return low_bits(r, type);
  return value(r, type, letter == 'a');
}

/* The instruction at r->p. */
static void instruction(struct kn_qbe *r) {
  uint32_t type = QVOID, to = 0;
  const char *begin = r->begin = r->p;
  if (*begin == '%') {
    to = temporary(r);
    kn_qbe_expect(r, '=');
    type = kn_qbe_type(r, false);
    kn_qbe_peek(r);
  }
  const char *at = r->p;
  const struct kn_qbe_word *w = kn_qbe_word(r);
  kiln_type class = (kiln_type)r->types.at[type].class, from = class;
  if ((type > QD || !(w->results >> class & 1)) && w->form != QF_CALL) misplaced(r, w, type, at);

  kiln_value a = no_value, b = no_value;
  if (w->operands[0] != 0) {
    if ((from = type_of(w->operands[0])) == KILN_TYPE_VOID) from = class;
    a = operand_of(r, from, w->operands[0]);
    if (w->operands[1] != 0) {
      kiln_type second = type_of(w->operands[1]);
      kn_qbe_expect(r, ',');
      b = operand_of(r, second == KILN_TYPE_VOID ? class : second, w->operands[1]);
    }
  }
  switch (w->form) {
  case QF_ADD:
    if (class == KILN_TYPE_I64) {
      add(r, to, a, b, begin);
      to = 0;
      break;
    } /* fallthrough */
  case QF_BINARY: a = kiln_fold_binary(r->f, is_int(class) ? w->op : w->fop, class, a, b); break;
  case QF_UNARY: a = kiln_fold_unary(r->f, is_int(class) ? w->op : w->fop, class, a); break;
  case QF_SHIFT: a = shift(r, w->op, class, a, b); break;
  case QF_CONVERT: a = convert(r, w->op, class, from, a); break;
  case QF_COMPARE:
    a = is_int(from) ? kiln_fold_icmp(r->f, w->op, from, a, b)
                     : kiln_fold_fcmp(r->f, w->fop, from, a, b);
    a = extend(r, false, class, KILN_TYPE_I8, a);
    break;
  case QF_LOAD: a = load(r, w, class, a); break;
  case QF_STORE: kiln_build_store(r->f, from, b, 0, a, 0); break;
  case QF_EXTEND: a = extend(r, w->fop, class, from, a); break;
  case QF_ALLOC: a = alloc(r, w->op, a, begin); break;
  case QF_CAST:
    from = other_kind(class);
    a = convert(r, KILN_OP_BITCAST, class, from, operand(r, from));
    break;
  case QF_COPY: break;
  case QF_VAARG: a = kiln_build_va_arg(r->f, class, a); break;
  case QF_VASTART:
    if (!r->body->variadic)
      kn_qbe_fail(r, at, KILN_ERR_STRUCTURE, "vastart in a function that is not variadic");
    kiln_build_unary(r->f, KILN_OP_VA_START, KILN_TYPE_PTR, a);
    break;
  case QF_BLIT: blit(r, a, b); break;
  case QF_CALL: a = call(r, type, a, begin); break;
  case QF_PHI: a = phi(r, class, begin); break;
  case QF_DBGLOC: dbgloc(r); break;
  case QF_JMP: jmp(r, label(r), begin); break;
  case QF_JNZ: jnz(r, a, begin); break;
  case QF_RET:
    ret(r);
    end_block(r);
    break;
  case QF_HLT:
    kiln_build_nullary(r->f, KILN_OP_TRAP);
    end_block(r);
    break;
  }
  end_line(r);
  if (to != 0) assign(r, to, class, a, begin);
}

/* ---- the whole ---- */

/* Begins the function, and assigns the parameters. */
static void begin_function(struct kn_qbe *r) {
  const struct kn_qbe_body *b = r->body;
  r->f = kiln_func_begin(r->session, r->globals.at[b->global].symbol);
  if (r->f == NULL) kn_qbe_stop(r, KILN_ERR_MEMORY);
  if (r->labels.t.n > FIRST_BLOCK + 1) kiln_block_new_many(r->f, r->labels.t.n - FIRST_BLOCK - 1);
  for (uint32_t i = 1; i < r->temps.t.n; i++) {
    struct kn_qbe_temp *t = r->temps.at + i;
    uint32_t size = kiln_type_size((kiln_type)t->class);
    t->block = t->variable ? FIRST_BLOCK : 0;
    t->plain = 0;
    t->sum = false;
    if (t->variable) t->slot = kiln_slot_new(r->f, size, (unsigned)__builtin_ctz(size));
  }
  r->current = FIRST_BLOCK;
  for (uint32_t i = 0; i < b->n_params; i++) {
    const struct kn_qbe_param *param = r->params.at + b->params + i;
    const struct kn_qbe_type *type = r->types.at + param->type;
    uint32_t n = r->temps.t.n;
    r->p = param->name - 1;
    uint32_t temp = temporary(r);
    if (temp < n && !r->second)
      kn_qbe_fail(r, param->name - 1, KILN_ERR_SYMBOL, "two parameters of one name");
    kiln_value v = kiln_build_cparam(r->f, r->c, b->signature, i);
    assign(r, temp, (kiln_type)type->class, taken(r, v, type), param->name);
  }
}

/* Reads the body, and builds it. */
static void read_body(struct kn_qbe *r) {
  begin_function(r);
  r->p = r->body->at;
  r->current = r->count = r->begins = r->sums.n = 0;
  r->open = false;
  for (char c; (c = kn_qbe_past(r)) != '}';) {
    if (c == '@') {
      begin_block(r);
      continue;
    }
    if (!r->open) kn_qbe_syntax(r, "a label or '}' is expected");
    r->count++;
    instruction(r);
  }
  if (r->open || r->current == 0) kn_qbe_syntax(r, "a jump is expected at the end of a function");
}

/* Checks what was read, and gives the operands of phis if it need not be read again. */
static void check_body(struct kn_qbe *r) {
  for (uint32_t i = 1; i < r->temps.t.n; i++) {
    const struct kn_qbe_temp *t = r->temps.at + i;
    if (t->block == 0)
      kn_qbe_fail(r, t->name.at - 1, KILN_ERR_STRUCTURE, "%%%.*s is assigned nowhere",
                  KN_QBE_SHOW(t->name));
  }
  for (uint32_t i = 1; i < r->labels.t.n; i++) {
    const struct kn_qbe_label *l = r->labels.at + i;
    if (l->block == 0)
      kn_qbe_fail(r, l->name.at - 1, KILN_ERR_STRUCTURE, "@%.*s is not there",
                  KN_QBE_SHOW(l->name));
  }
  if (r->phis.n != 0) check_phis(r);
  if (r->uses.n != 0) variables(r);
  for (uint32_t i = 1; i < r->operands.n && !r->again; i++) give(r, r->operands.at + i);
}

void kn_qbe_function(struct kn_qbe *r, const struct kn_qbe_body *body) {
  kiln_diag d = {.status = KILN_OK};
  size_t bytes = (size_t)(body->end - body->at);
  r->body = body;
  KN_QBE_CLEAR(r, temps, bytes);
  KN_QBE_CLEAR(r, labels, bytes / 4);
  r->phis.n = r->uses.n = r->blocks.n = r->operands.n = 0;
  KN_QBE_PUSH(r, r->blocks, (struct kn_qbe_block){0}); /* number 0 is none */
  KN_QBE_PUSH(r, r->operands, (struct kn_qbe_operand){0});
  r->again = r->second = false;
  read_body(r);
  check_body(r);
  r->instructions += r->count;
  if (r->again) {
    r->again = false;
    r->second = true;
    read_body(r);
  }
  kn_qbe_describe(r);
  kiln_func *f = r->f;
  r->f = NULL;
  kiln_status s = kiln_func_finish(f);
  if (s == KILN_OK && r->sink != NULL) {
    if ((s = r->sink(r->user, f)) != KILN_OK) kn_qbe_stop(r, s);
  } else if (kiln_func_try(f, &d) != KILN_OK) { /* reported at the head of the function */
    kn_qbe_fail(r, body->name, d.status, "%s", d.message);
  }
}
