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

static const kiln_value no_value = {0};
static const kiln_type types[4] = {KILN_TYPE_I32, KILN_TYPE_I64, KILN_TYPE_F32, KILN_TYPE_F64};

static bool is_int(unsigned class) { return class <= QL; }

/* The class of an operand by its letter in the table of words. */
static unsigned class_of(char letter, unsigned result) {
  if (letter == '=') return result;
  if (letter == 'x') return result ^ 2u;
  return letter == 'w' ? QW : letter == 'l' ? QL : letter == 's' ? QS : QD;
}
_Static_assert((QW ^ 2) == QS && (QL ^ 2) == QD, "integers and floats of a size differ in a bit");

/* ---- conversions ---- */

static kiln_value number(struct kn_qbe *r, uint64_t n) { return kiln_const_int(r->f, (int64_t)n); }

static kiln_value convert(struct kn_qbe *r, kiln_op op, kiln_type to, kiln_type from,
                          kiln_value v) {
  return to == from ? v : kiln_fold_convert(r->f, op, to, from, v);
}

static kiln_value extend(struct kn_qbe *r, bool is_signed, unsigned class, kiln_type from,
                         kiln_value v) {
  return convert(r, is_signed ? KILN_OP_SEXT : KILN_OP_ZEXT, types[class], from, v);
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

/* The temporary whose '%' is at r->p; KN_QBE_NONE, and an error, if there is no name. */
static inline uint32_t temporary(struct kn_qbe *r) {
  r->p++;
  uint32_t i = kn_qbe_lookup(r, &r->temp_names, true);
  if (i < r->temps.n || i == KN_QBE_NONE) return i;
  return KN_QBE_PUSH(r, r->temps, (struct kn_qbe_temp){.block = KN_QBE_NONE}) ? i : KN_QBE_NONE;
}

/* Notes a use at the end of `block`, as far as it was read. The first block comes before all others. */
static void use(struct kn_qbe *r, uint32_t temp, uint32_t block) {
  struct kn_qbe_temp *t = r->temps.at + temp;
  if (r->second || t->variable || t->block == block || t->block == 0) return;
  t->variable = t->block == KN_QBE_NONE; /* not assigned yet */
  if (t->variable) again(r);
  else (void)KN_QBE_PUSH(r, r->uses, (struct kn_qbe_use){temp, block});
}

static kiln_value build_sum(struct kn_qbe *r, struct kn_qbe_temp *t) {
  t->sum = false;
  return t->v = kiln_fold_binary(r->f, KILN_OP_ADD, KILN_TYPE_I64, t->v, t->b);
}

/* The value of a temporary that is not simply there. */
static kiln_value read_other(struct kn_qbe *r, uint32_t temp, unsigned class) {
  struct kn_qbe_temp *t = r->temps.at + temp;
  if (t->slot.id != 0) return kiln_build_load(r->f, types[t->class], t->slot, 0, 0);
  use(r, temp, r->current);
  if (t->block == KN_QBE_NONE) t->class = (uint8_t)class; /* until it is known */
  return t->sum ? build_sum(r, t) : t->v;
}

/* The temporary of number `temp`, named at `at`, as a value of a class; a long is a word, too. */
static inline kiln_value read_temp(struct kn_qbe *r, uint32_t temp, unsigned class,
                                   const char *at) {
  if (temp == KN_QBE_NONE) return no_value;
  const struct kn_qbe_temp *t = r->temps.at + temp;
  kiln_value v = t->v;
  if ((t->block != r->current && t->block != 0) || t->variable || t->sum)
    v = read_other(r, temp, class);
  if (t->class == class || t->block == KN_QBE_NONE) return v;
  if (t->class == QL && class == QW) return low_word(r, v);
  kn_qbe_fail(r, at, KILN_ERR_TYPE, "%%%.*s is of type %c, and %c is wanted",
              KN_QBE_SHOW(r->temp_names.names + temp), "wlsd"[t->class], "wlsd"[class]);
  return no_value;
}

static inline void assign(struct kn_qbe *r, uint32_t temp, unsigned class, kiln_value v,
                          const char *at) {
  if (r->failed || temp == KN_QBE_NONE) return;
  struct kn_qbe_temp *t = r->temps.at + temp;
  if (t->slot.id != 0) {
    if (t->class != class) v = low_word(r, v);
    kiln_build_store(r->f, types[t->class], t->slot, 0, v, 0);
  } else if (t->block == KN_QBE_NONE) {
    t->block = r->current;
    t->class = (uint8_t)class;
    t->v = v;
  } else {
    t->variable = true;
    again(r);
    if (t->class == class) return;
    if (t->class > QL || class > QL)
      kn_qbe_fail(r, at, KILN_ERR_TYPE, "%%%.*s is assigned with two types",
                  KN_QBE_SHOW(r->temp_names.names + temp));
    t->class = QW; /* of a long the low bits are left */
  }
}

/* ---- operands ---- */

/* A constant as a value of a class. `build` is false if it is not wanted where it stands: then the result says
 * whether it is one without instructions. */
static kiln_value constant(struct kn_qbe *r, unsigned class, bool build) {
  const char *at = r->p;
  bool thread = *at == 't';
  if (thread) {
    const struct kn_qbe_word *word = kn_qbe_word(r);
    if (word != NULL && word->form != QF_THREAD) kn_qbe_wrong(r, at, "an operand is expected");
  }
  if (*at != '$' && !thread) {
    uint64_t bits = 0;
    if (!kn_qbe_number(r, &bits)) kn_qbe_syntax(r, "an operand is expected");
    if (is_int(class)) return number(r, class == QW ? (uint64_t)(int32_t)bits : bits);
    return kiln_const_bits(r->f, types[class], bits, 0);
  }
  if (!kn_qbe_expect(r, '$')) return no_value;
  uint32_t global = kn_qbe_global(r);
  if (r->failed || (!build && (thread || class != QL))) return no_value;
  kiln_value v = kiln_const_symbol(r->f, kn_qbe_symbol(r, global, thread, r->begin), 0);
  if (thread) v = kiln_build_unary(r->f, KILN_OP_TLS_ADDR, KILN_TYPE_PTR, v);
  if (class == QW || class == QS) v = low_word(r, v);
  return is_int(class) ? v : convert(r, KILN_OP_BITCAST, types[class], types[class ^ 2u], v);
}

static kiln_value operand(struct kn_qbe *r, unsigned class) {
  if (kn_qbe_peek(r) != '%') {
    bool digit = kn_qbe_is(r->p, KN_QBE_DIGIT) && !kn_qbe_is(r->p + 1, KN_QBE_LATER);
    return digit && is_int(class) ? number(r, (uint64_t)(*r->p++ - '0')) : constant(r, class, true);
  }
  const char *at = r->p;
  return read_temp(r, temporary(r), class, at);
}

/* The operand that is the address of a load or store. Sums are built as addresses, which cost nothing where the
 * processor adds. */
static kiln_value address(struct kn_qbe *r) {
  if (kn_qbe_peek(r) != '%') return constant(r, QL, true);
  const char *at = r->p;
  uint32_t temp = temporary(r);
  if (temp == KN_QBE_NONE) return no_value;
  struct kn_qbe_temp *t = r->temps.at + temp;
  if (t->sum) t->v = kiln_fold_addr(r->f, t->v, t->b, 1, 0);
  t->sum = false;
  t->address = true;
  return read_temp(r, temp, QL, at);
}

static kiln_value comma(struct kn_qbe *r, unsigned class) {
  kn_qbe_expect(r, ',');
  return operand(r, class);
}

/* ---- calls ---- */

/* C's type of a sub-word type, or VOID. */
static kiln_type small(uint32_t type) {
  return type < QSB || type > QUH ? KILN_TYPE_VOID : type <= QUB ? KILN_TYPE_I8 : KILN_TYPE_I16;
}

/* An operand as a call or a return takes it: the low bits for sub-word types, addresses for aggregates. */
static kiln_value given(struct kn_qbe *r, uint32_t type) {
  kiln_value v = operand(r, kn_qbe_class(type));
  return small(type) ? convert(r, KILN_OP_TRUNC, small(type), KILN_TYPE_I32, v) : v;
}

/* The same for what comes from a call, or to a function. */
static kiln_value taken(struct kn_qbe *r, kiln_value v, uint32_t type) {
  return small(type) ? extend(r, type == QSB || type == QSH, QW, small(type), v) : v;
}

static kiln_value call(struct kn_qbe *r, uint32_t type, const char *at) {
  bool variadic = false;
  kiln_value callee = operand(r, QL);
  r->types.n = r->values.n = 0;
  (void)KN_QBE_PUSH(r, r->types, type);
  kn_qbe_expect(r, '(');
  while (kn_qbe_peek(r) != ')' && !r->failed) {
    const char *what = r->p;
    if (kn_qbe_dots(r)) {
      if (variadic) kn_qbe_wrong(r, what, "a second '...'");
      variadic = true;
      (void)KN_QBE_PUSH(r, r->types, KN_QBE_VARIADIC);
    } else {
      uint32_t arg = kn_qbe_type(r, r->types.n == 1);
      kiln_value v = given(r, arg);
      if (variadic && small(arg)) { /* who reads it reads a word */
        v = taken(r, v, arg);
        arg = QW;
      }
      (void)(KN_QBE_PUSH(r, r->types, arg) && KN_QBE_PUSH(r, r->values, v));
    }
    if (!kn_qbe_take(r, ',')) break;
  }
  kn_qbe_expect(r, ')');
  kiln_csig sig = kn_qbe_signature(r, r->types.at, r->types.n, at);
  if (r->failed) return no_value;
  kiln_value v = kiln_build_ccall(r->f, r->c, sig, callee, r->values.at, r->values.n, no_value);
  return taken(r, v, type);
}

/* Without a value it is any. */
static void ret(struct kn_qbe *r) {
  kiln_value v = no_value;
  uint32_t type = r->params.at[0];
  char c = kn_qbe_peek(r);
  if (c != '\n' && c != '#') {
    if (type == KN_QBE_VOID) kn_qbe_syntax(r, "a value, but this function has no result");
    v = given(r, type);
  } else if (type < KN_QBE_TYPES) {
    v = kiln_const_bits(r->f, small(type) ? small(type) : types[type], 0, 0);
  } else if (type != KN_QBE_VOID) {
    kiln_ctype_info info = kiln_ctype_get(r->c, r->aggregates.at[type - KN_QBE_TYPES]);
    v = kiln_slot_new(r->f, info.size_bytes + 1, 4);
  }
  if (!r->failed) kiln_build_creturn(r->f, r->c, r->signature, v);
}

/* ---- blocks ---- */

/* The number of a label, which is that of its block. The first one is that of the first block. */
static uint32_t label(struct kn_qbe *r) {
  if (!kn_qbe_expect(r, '@')) return 0;
  uint32_t i = kn_qbe_lookup(r, &r->label_names, true);
  if (i == r->labels.n && KN_QBE_PUSH(r, r->labels, KN_QBE_NONE) && i != 0) kiln_block_new(r->f);
  return r->failed ? 0 : i;
}

/* Gives an operand of a phi to the block parameter, for the edge from the block where it comes from. */
static void give(struct kn_qbe *r, const struct kn_qbe_operand *o) {
  const struct kn_qbe_phi *phi = r->phis.at + o->phi;
  const char *p = r->p;
  r->p = o->at;
  r->begin = phi->at;
  kiln_value v = operand(r, phi->class);
  if (r->failed) return;
  r->p = p;
  kiln_edge_arg(r->f, (kiln_block){o->from}, (kiln_block){r->blocks.at[phi->block].label},
                phi->index, v);
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
  uint32_t next = r->blocks.at[r->current].operands;
  for (; next != KN_QBE_NONE && !r->failed; next = r->operands.at[next].next)
    give(r, r->operands.at + next);
}

static void jump_to(struct kn_qbe *r, uint32_t then, uint32_t other, const char *at) {
  if (then == 0 || other == 0) kn_qbe_fail(r, at, KILN_ERR_STRUCTURE, "a jump to the first block");
  if (r->failed) return;
  r->blocks.at[r->current].then = then;
  r->blocks.at[r->current].other = other;
}

static void jmp(struct kn_qbe *r, uint32_t to, const char *at) {
  jump_to(r, to, KN_QBE_NONE, at);
  leave(r);
  kiln_build_br(r->f, (kiln_block){to}, NULL, 0);
}

static void jnz(struct kn_qbe *r, const char *at) {
  kiln_value v = operand(r, QW);
  kn_qbe_expect(r, ',');
  uint32_t then = label(r);
  kn_qbe_expect(r, ',');
  uint32_t other = label(r);
  jump_to(r, then, other, at);
  leave(r);
  v = kiln_fold_icmp(r->f, KILN_NE, KILN_TYPE_I32, v, number(r, 0));
  kiln_build_brif(r->f, v, (kiln_block){then}, NULL, 0, (kiln_block){other}, NULL, 0);
}

/* The end of a line must come next. */
static void end_line(struct kn_qbe *r) {
  if (kn_qbe_peek(r) != '\n' && *r->p != '#') kn_qbe_expect(r, '\n');
}

/* The label at r->p begins a block. If the one before it is open, it goes on here. */
static void begin_block(struct kn_qbe *r) {
  const char *at = r->p;
  uint32_t i = label(r);
  end_line(r);
  if (r->open && !r->failed) {
    r->instructions += !r->second;
    jmp(r, i, at);
  }
  if (r->failed) return;
  r->current++;
  r->open = true;
  r->phis_over = false;
  r->n_phis = 0;
  if (i != 0) kiln_block_switch(r->f, (kiln_block){i});
  if (r->second) return;
  if (r->labels.at[i] != KN_QBE_NONE)
    kn_qbe_fail(r, at, KILN_ERR_SYMBOL, "@%.*s is there twice",
                KN_QBE_SHOW(r->label_names.names + i));
  r->labels.at[i] = r->current;
  (void)KN_QBE_PUSH(
    r, r->blocks, (struct kn_qbe_block){i, KN_QBE_NONE, KN_QBE_NONE, KN_QBE_NONE, KN_QBE_NONE, 0});
}

/* ---- phis ---- */

/* A phi is a parameter of its block; its operands are given once all blocks are known. */
static kiln_value phi(struct kn_qbe *r, unsigned class, const char *at) {
  if (r->phis_over || r->current == 0)
    kn_qbe_fail(r, at, KILN_ERR_STRUCTURE, "a phi must begin a block, and not the first one");
  struct kn_qbe_phi new = {at, r->current, r->n_phis++, r->operands.n, 0, (uint8_t)class};
  do {
    struct kn_qbe_operand o = {.from = label(r), .phi = r->phis.n, .next = KN_QBE_NONE};
    char c = kn_qbe_peek(r);
    o.at = r->p;
    o.temp = c == '%' ? temporary(r) : KN_QBE_NONE;
    if (c != '%' && constant(r, class, false).id == 0) again(r);
    if (!r->second) (void)KN_QBE_PUSH(r, r->operands, o);
    new.n++;
  } while (kn_qbe_take(r, ','));
  if (!r->second) (void)KN_QBE_PUSH(r, r->phis, new);
  return r->failed ? no_value : kiln_block_param(r->f, kiln_block_current(r->f), types[class]);
}

static void count_pred(struct kn_qbe *r, uint32_t label) {
  if (label != KN_QBE_NONE) r->blocks.at[r->labels.at[label]].n_preds++;
}

/* Checks the phis, and notes their operands at the blocks that they come from. */
static void check_phis(struct kn_qbe *r) {
  for (uint32_t i = 0; i < r->blocks.n; i++) {
    const struct kn_qbe_block *b = r->blocks.at + i;
    count_pred(r, b->then);
    if (b->other != b->then) count_pred(r, b->other);
  }
  for (uint32_t k = 0; k < r->phis.n && !r->failed; k++) {
    const struct kn_qbe_phi *p = r->phis.at + k;
    uint32_t label = r->blocks.at[p->block].label;
    bool good = p->n == r->blocks.at[p->block].n_preds;
    for (uint32_t i = p->first; i < p->first + p->n; i++) {
      struct kn_qbe_operand *o = r->operands.at + i;
      uint32_t from = r->labels.at[o->from];
      struct kn_qbe_block *b = r->blocks.at + from;
      good &= b->then == label || b->other == label;
      good &= b->operands == KN_QBE_NONE || r->operands.at[b->operands].phi != k; /* not twice */
      o->next = b->operands;
      b->operands = i;
      if (o->temp == KN_QBE_NONE) continue;
      use(r, o->temp, from);
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
  return a == b ? a : 0;
}

/* Marks those that are used where they need not have been assigned. What is above a block in the tree dominates it,
 * since its parent is above all blocks that jump to it (but not all that dominate it are: the parent of a block is
 * before it in the text). If the tree takes too long, all that are used in other blocks become variables. */
static void variables(struct kn_qbe *r) {
  uint64_t steps = 64 * (uint64_t)(r->blocks.n + r->uses.n);
  struct kn_qbe_block *blocks = r->blocks.at;
  blocks[0].idom = 0;
  for (bool changed = true; changed && steps != 0;) {
    changed = false;
    for (uint32_t i = 0; i < r->blocks.n; i++) {
      if (blocks[i].idom == KN_QBE_NONE) blocks[i].idom = 0;
      for (unsigned k = 0; k < 2; k++) {
        uint32_t label = k == 0 ? blocks[i].then : blocks[i].other;
        if (label == KN_QBE_NONE) break;
        struct kn_qbe_block *to = blocks + r->labels.at[label];
        uint32_t old = to->idom;
        to->idom = old == KN_QBE_NONE ? i : meet(r, old, i, &steps);
        changed |= to->idom != old;
      }
    }
  }
  for (uint32_t i = 0; i < r->uses.n; i++) {
    struct kn_qbe_use u = r->uses.at[i];
    struct kn_qbe_temp *t = r->temps.at + u.temp;
    bool above = t->block < u.block && meet(r, t->block, u.block, &steps) == t->block;
    if (above && (steps != 0 || t->block == 0)) continue;
    t->variable = true;
    again(r);
  }
}

/* ---- instructions ---- */

static kiln_value binary(struct kn_qbe *r, const struct kn_qbe_word *w, unsigned class) {
  kiln_value a = operand(r, class), b = comma(r, class);
  return kiln_fold_binary(r->f, is_int(class) ? w->op : w->fop, types[class], a, b);
}

/* Sums of longs are built when they are used, or at the end of their block: most are used once, as addresses. */
static void add(struct kn_qbe *r, uint32_t to, const char *at) {
  kiln_value a = operand(r, QL), b = comma(r, QL);
  if (r->failed) return;
  struct kn_qbe_temp *t = r->temps.at + to;
  bool now = t->variable || t->block != KN_QBE_NONE;
  if (now)
    a = t->address ? kiln_fold_addr(r->f, a, b, 1, 0)
                   : kiln_fold_binary(r->f, KILN_OP_ADD, KILN_TYPE_I64, a, b);
  assign(r, to, QL, a, at);
  if (now || !KN_QBE_PUSH(r, r->sums, to)) return;
  t->b = b;
  t->sum = true;
}

/* The count is taken modulo the width; Kiln's must be below it. */
static kiln_value shift(struct kn_qbe *r, const struct kn_qbe_word *w, unsigned class) {
  kiln_value a = operand(r, class), count = comma(r, QW);
  count =
    kiln_fold_binary(r->f, KILN_OP_AND, KILN_TYPE_I32, count, number(r, class == QW ? 31 : 63));
  if (class == QL) count = extend(r, false, QL, KILN_TYPE_I32, count);
  return kiln_fold_binary(r->f, w->op, types[class], a, count);
}

static kiln_value compare(struct kn_qbe *r, const struct kn_qbe_word *w, unsigned class) {
  unsigned of = class_of(w->operands[0], 0);
  kiln_value a = operand(r, of), b = comma(r, of);
  kiln_value v = is_int(of) ? kiln_fold_icmp(r->f, w->op, types[of], a, b)
                            : kiln_fold_fcmp(r->f, w->op, types[of], a, b);
  return extend(r, false, class, KILN_TYPE_I8, v);
}

/* A slot stays a variable if all accesses are of one type: then an extension comes behind the load. */
static kiln_value load(struct kn_qbe *r, const struct kn_qbe_word *w, unsigned class) {
  kiln_value a = address(r);
  kiln_type type = types[class], mem = w->op != 0 ? w->op : type;
  if (mem == type) return kiln_build_load(r->f, type, a, 0, 0);
  if (kiln_operand_get(r->f, a).kind == KILN_OPERAND_SLOT)
    return extend(r, w->fop, class, mem, kiln_build_load(r->f, mem, a, 0, 0));
  return kiln_build_load_ext(r->f, type, mem, a, 0, w->fop ? KILN_MEM_SEXT : 0);
}

static void store(struct kn_qbe *r, const struct kn_qbe_word *w) {
  kiln_value v = operand(r, class_of(w->operands[0], 0));
  kn_qbe_expect(r, ',');
  if (w->op < KILN_TYPE_I32) v = convert(r, KILN_OP_TRUNC, w->op, KILN_TYPE_I32, v);
  kiln_build_store(r->f, w->op, address(r), 0, v, 0);
}

/* Memory of a size that is known, in the first block, is a slot. All other is taken when it comes to that. */
static kiln_value alloc(struct kn_qbe *r, const struct kn_qbe_word *w, const char *at) {
  kiln_value size = operand(r, QL);
  kiln_operand n = kiln_operand_get(r->f, size);
  if (n.kind != KILN_OPERAND_INT || r->current != 0) return kiln_build_salloc(r->f, size, w->op);
  if (n.low > INT32_MAX - 16) kn_qbe_fail(r, at, KILN_ERR_LIMIT, "an allocation of 2 GiB or more");
  return kiln_slot_new(r->f, n.low != 0 ? n.low : 1, w->op);
}

static void blit(struct kn_qbe *r) {
  uint64_t size;
  kiln_value from = operand(r, QL), to = comma(r, QL);
  kn_qbe_expect(r, ',');
  if (kn_qbe_integer(r, INT32_MAX, "a number of bytes below 2^31", &size) && size != 0)
    kiln_build_ternary(r->f, KILN_OP_MEMCPY, KILN_TYPE_PTR, to, from, number(r, size));
}

static void dbgloc(struct kn_qbe *r) {
  uint64_t line, column = 0;
  kn_qbe_integer(r, INT32_MAX, "a line number", &line);
  if (kn_qbe_take(r, ',')) kn_qbe_integer(r, INT32_MAX, "a column", &column);
  if (r->file == 0 || r->failed) return;
  uint32_t loc = kiln_loc_in(r->session, r->file, (uint32_t)line, (uint32_t)column);
  kiln_loc_set(r->f, loc);
  if (r->begins == 0) r->line = (uint32_t)line, r->begins = loc;
}

/* What is wrong with a word where an instruction with a result of this type, or without one, is expected. */
static __attribute__((cold)) void misplaced(struct kn_qbe *r, const struct kn_qbe_word *word,
                                            uint32_t type, const char *at) {
  kn_qbe_fail(r, at, word->form > QF_HLT ? KILN_ERR_SYNTAX : KILN_ERR_TYPE,
              word->form > QF_HLT   ? "an instruction is expected, not %s"
              : word->results == 0  ? "%s has no result"
              : type == KN_QBE_VOID ? "the result of %s must be assigned"
                                    : "%s does not give a result of this type",
              word->name);
}

/* The instruction at r->p. */
static void instruction(struct kn_qbe *r) {
  uint32_t type = KN_QBE_VOID, to = KN_QBE_NONE;
  const char *begin = r->begin = r->p;
  kiln_value v = no_value;
  if (*begin == '%') {
    to = temporary(r);
    kn_qbe_expect(r, '=');
    type = kn_qbe_type(r, false);
    kn_qbe_peek(r);
  }
  const char *at = r->p;
  const struct kn_qbe_word *w = kn_qbe_word(r);
  if (w == NULL) return;
  bool fits = type == KN_QBE_VOID ? w->results == 0 : type <= QD && w->results >> type & 1;
  if (w->form > QF_HLT || (!fits && w->form != QF_CALL)) {
    misplaced(r, w, type, at);
    return;
  }
  unsigned class = kn_qbe_class(type), from;
  switch (w->form) {
  case QF_BINARY:
    if (w->op == KILN_OP_ADD && class == QL) {
      add(r, to, begin);
      to = KN_QBE_NONE;
    } else {
      v = binary(r, w, class);
    }
    break;
  case QF_UNARY:
    v = operand(r, class);
    v = kiln_fold_unary(r->f, is_int(class) ? w->op : w->fop, types[class], v);
    break;
  case QF_SHIFT: v = shift(r, w, class); break;
  case QF_CONVERT:
    from = class_of(w->operands[0], class);
    v = convert(r, w->op, types[class], types[from], operand(r, from));
    break;
  case QF_COMPARE: v = compare(r, w, class); break;
  case QF_LOAD: v = load(r, w, class); break;
  case QF_STORE: store(r, w); break;
  case QF_EXTEND:
    v = convert(r, KILN_OP_TRUNC, w->op, KILN_TYPE_I32, operand(r, QW));
    v = extend(r, w->fop, class, w->op, v);
    break;
  case QF_ALLOC: v = alloc(r, w, begin); break;
  case QF_COPY: v = operand(r, class); break;
  case QF_VAARG: v = kiln_build_va_arg(r->f, types[class], operand(r, QL)); break;
  case QF_VASTART:
    if (!r->variadic)
      kn_qbe_fail(r, at, KILN_ERR_STRUCTURE, "vastart in a function that is not variadic");
    kiln_build_unary(r->f, KILN_OP_VA_START, KILN_TYPE_PTR, operand(r, QL));
    break;
  case QF_BLIT: blit(r); break;
  case QF_CALL: v = call(r, type, begin); break;
  case QF_PHI: v = phi(r, class, begin); break;
  case QF_DBGLOC: dbgloc(r); break;
  case QF_JMP: jmp(r, label(r), begin); break;
  case QF_JNZ: jnz(r, begin); break;
  case QF_RET:
    ret(r);
    r->open = false;
    r->sums.n = 0;
    break;
  case QF_HLT:
    kiln_build_nullary(r->f, KILN_OP_TRAP);
    r->open = false;
    r->sums.n = 0;
    break;
  }
  r->phis_over |= w->form != QF_PHI;
  end_line(r);
  if (to != KN_QBE_NONE) assign(r, to, class, v, begin);
}

/* ---- the whole ---- */

/* Reads the body at r->p, and builds it. */
static void read_body(struct kn_qbe *r) {
  r->current = KN_QBE_NONE;
  r->open = false;
  r->begins = r->sums.n = 0;
  for (char c; (c = kn_qbe_past(r)) != '}' && !r->failed;) {
    if (c == '@') {
      begin_block(r);
      continue;
    }
    if (!r->open) kn_qbe_syntax(r, "a label or '}' is expected");
    r->instructions += !r->second;
    instruction(r);
  }
  if (r->open || r->current == KN_QBE_NONE)
    kn_qbe_syntax(r, "a jump is expected at the end of a function");
  r->p += !r->failed;
}

/* Checks what was read, and gives the operands of phis if it need not be read again. */
static void check_body(struct kn_qbe *r) {
  for (uint32_t i = 0; i < r->temps.n; i++) {
    const struct kn_qbe_name *name = r->temp_names.names + i;
    if (r->temps.at[i].block == KN_QBE_NONE)
      kn_qbe_fail(r, name->at - 1, KILN_ERR_STRUCTURE, "%%%.*s is assigned nowhere",
                  KN_QBE_SHOW(name));
  }
  for (uint32_t i = 0; i < r->labels.n; i++)
    if (r->labels.at[i] == KN_QBE_NONE)
      kn_qbe_fail(r, r->label_names.names[i].at - 1, KILN_ERR_STRUCTURE, "@%.*s is not there",
                  KN_QBE_SHOW(r->label_names.names + i));
  if (!r->failed && r->phis.n != 0) check_phis(r);
  if (!r->failed && r->uses.n != 0) variables(r);
  for (uint32_t i = 0; i < r->operands.n && !r->again && !r->failed; i++)
    give(r, r->operands.at + i);
}

/* Begins the function; false, and an error, without memory. */
static bool begin_function(struct kn_qbe *r, uint32_t global) {
  r->f = kiln_func_begin(r->session, r->globals.at[global].symbol);
  if (r->f == NULL) {
    kn_qbe_stop(r, KILN_ERR_MEMORY);
    return false;
  }
  if (r->labels.n > 1) kiln_block_new_many(r->f, r->labels.n - 1);
  for (uint32_t i = 0; i < r->temps.n; i++) {
    struct kn_qbe_temp *t = r->temps.at + i;
    uint32_t size = kiln_type_size(types[t->class]);
    t->block = t->variable ? 0 : KN_QBE_NONE;
    t->sum = false;
    if (t->variable) t->slot = kiln_slot_new(r->f, size, (unsigned)__builtin_ctz(size));
  }
  r->current = 0;
  for (uint32_t i = 0; i + 1 + r->variadic < r->params.n; i++) {
    uint32_t type = r->params.at[1 + i];
    kiln_value v = kiln_build_cparam(r->f, r->c, r->signature, i);
    assign(r, i, kn_qbe_class(type), taken(r, v, type), r->p);
  }
  return true;
}

void kn_qbe_function(struct kn_qbe *r, uint32_t global, const char *at) {
  const char *body = r->p;
  kiln_diag d = {.status = KILN_OK};
  r->temps.n = r->labels.n = r->blocks.n = r->phis.n = r->operands.n = r->uses.n = 0;
  kn_qbe_forget(&r->label_names);
  if (!KN_QBE_ROOM(r, r->temps, r->temp_names.n)) return;
  for (r->temps.n = 0; r->temps.n < r->temp_names.n; r->temps.n++)
    r->temps.at[r->temps.n] = (struct kn_qbe_temp){.variable = false};
  r->again = r->second = false;
  if (!begin_function(r, global)) return;
  read_body(r);
  if (!r->failed) check_body(r);
  if (r->again && !r->failed) {
    r->again = false;
    r->second = true;
    r->p = body;
    if (!begin_function(r, global)) return;
    read_body(r);
  }
  if (r->failed) {
    kiln_func_discard(r->f);
    return;
  }
  kn_qbe_describe(r, global);
  kiln_status s = kiln_func_finish(r->f);
  if (s == KILN_OK && r->sink != NULL) {
    if ((s = r->sink(r->user, r->f)) != KILN_OK) kn_qbe_stop(r, s);
  } else if (kiln_func_try(r->f, &d) != KILN_OK) { /* reported at the head of the function */
    kn_qbe_fail(r, at, d.status, "%s", d.message);
  }
}
