/* Bodies of functions: each instruction is built where it is read, constants and identities folded by <kiln/fold.h>.
 *
 * The language wants no SSA form: a temporary may be assigned anywhere, and used where no assignment need have been. In
 * the block where it was assigned it is the value that was assigned last; so it is everywhere, if it is assigned once, in
 * the first block. All else is left to <kiln/ssa.h>. A body is first read as if each temporary were assigned once, and
 * above its uses. If that turns out to be wrong, what was built is discarded and the body is read a second time, when it is
 * known which are assigned more often. Invariant: a body that is built has defined labels, matching phis, and all of
 * its temporaries assigned. */
#include "read.h"

#include <kiln/fold.h>
#include <kiln/inspect.h>

enum { FIRST_BLOCK = 1 };

static const kiln_value no_value = {0};

static bool is_int(kiln_type class) { return class <= KILN_TYPE_I64; }

/* ---- conversions ---- */

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

static kiln_block block_of(uint32_t label) { return (kiln_block){label - 1}; }

/* The body is to be read a second time. What is left of the first is read only: without a function, the builder does
 * nothing. */
static void again(struct kn_qbe *r) {
  if (r->second) return;
  kiln_func_discard(r->f);
  kiln_ssa_begin(r->ssa, r->f = NULL, 0);
  r->again = true;
}

/* The temporary whose '%' is at r->p. */
static uint32_t temporary(struct kn_qbe *r) {
  r->p++;
  scan(r);
  return ENTER(r, temps);
}

/* Tells <kiln/ssa.h> where a block jumps to. */
static void tell(struct kn_qbe *r, const struct block *b) {
  if (b->then != 0) kiln_ssa_edge(r->ssa, block_of(b->label), block_of(b->then));
  if (b->other != 0) kiln_ssa_edge(r->ssa, block_of(b->label), block_of(b->other));
}

/* Makes a temporary a variable, which has the value that was assigned, if there is one. */
static kiln_var variable(struct kn_qbe *r, struct temp *t) {
  if (t->is_variable) return t->var;
  if (!r->variables) {
    kiln_ssa_begin(r->ssa, r->f, 0);
    for (uint32_t i = FIRST_BLOCK; i < r->blocks.n; i++) tell(r, r->blocks.at + i);
  }
  t->is_variable = r->variables = true;
  t->var = kiln_ssa_var(r->ssa, t->class);
  if (t->block != 0)
    kiln_ssa_write_in(r->ssa, block_of(r->blocks.at[t->block].label), t->var, t->v);
  return t->var;
}

/* The value of the temporary that was read last, and is not simply there; a long is a word, too. */
static __attribute__((noinline)) kiln_value read_other(struct kn_qbe *r, uint32_t temp,
                                                       kiln_type class) {
  static const char letters[] = {
    [KILN_TYPE_I32] = 'w', [KILN_TYPE_I64] = 'l', [KILN_TYPE_F32] = 's', [KILN_TYPE_F64] = 'd'};
  const char *at = r->name.at - 1;
  if (temp == 0) temp = kn_qbe_add(r, &r->temps.t);
  struct temp *t = r->temps.at + temp;
  if (t->class == KILN_TYPE_VOID) again(r);
  if (t->class == KILN_TYPE_VOID) return no_value;
  kiln_value v = t->v;
  if (t->block != r->current && (t->block != FIRST_BLOCK || t->often))
    v = kiln_ssa_read_in(r->ssa, block_of(r->blocks.at[r->current].label), variable(r, t));
  if (t->class == class) return v;
  if (t->class == KILN_TYPE_I64 && class == KILN_TYPE_I32) return low_word(r, v);
  FAIL(r, at, TYPE, "%%%.*s is of type %c, and %c is wanted", SHOW(t->name), letters[t->class],
       letters[class]);
}

static inline void assign(struct kn_qbe *r, uint32_t temp, kiln_type class, kiln_value v,
                          const char *at) {
  struct temp *t = r->temps.at + temp;
  if (t->class == KILN_TYPE_VOID) {
    t->class = class;
  } else if (!r->second) {
    t->often = true;
    again(r);
    if (t->class != class && (!is_int(t->class) || !is_int(class)))
      FAIL(r, at, TYPE, "%%%.*s is assigned with two types", SHOW(t->name));
    if (t->class != class) t->class = KILN_TYPE_I32; /* of a long the low bits are left */
  } else {
    if (t->class != class) v = low_word(r, v);
    if (t->often || t->is_variable) kiln_ssa_write(r->ssa, variable(r, t), v);
  }
  t->v = v;
  t->block = r->current;
}

/* ---- operands ---- */

/* A constant as a value of a class. `build` is false if it is not wanted where it stands: then the result says
 * whether it is one without instructions. */
static kiln_value constant(struct kn_qbe *r, kiln_type class, bool build) {
  const char *at = r->p;
  bool thread = *at == 't', half = class == KILN_TYPE_I32 || class == KILN_TYPE_F32;
  if (thread && kn_qbe_word(r)->form != QF_THREAD) WRONG(r, at, "an operand is expected");
  if (*at != '$' && !thread) {
    uint64_t bits;
    if (!kn_qbe_number(r, &bits)) WRONG(r, r->p, "an operand is expected");
    if (!is_int(class)) return kiln_const_bits(r->f, class, bits, 0);
    return kiln_const_int(r->f, half ? (int32_t)bits : (int64_t)bits);
  }
  expect(r, '$');
  uint32_t global = kn_qbe_global(r);
  if (!build && (thread || class != KILN_TYPE_I64)) return no_value;
  kiln_value v = kiln_const_symbol(r->f, kn_qbe_symbol(r, global, thread, r->begin), 0);
  if (thread) v = kiln_build_unary(r->f, KILN_OP_TLS_ADDR, KILN_TYPE_PTR, v);
  if (half) v = low_word(r, v);
  if (is_int(class)) return v;
  return convert(r, KILN_OP_BITCAST, class, half ? KILN_TYPE_I32 : KILN_TYPE_I64, v);
}

/* The operand that comes next, as a value of a class. */
static __attribute__((noinline)) kiln_value operand(struct kn_qbe *r, kiln_type class) {
  if (peek(r) != '%') return constant(r, class, true);
  r->p++;
  scan(r);
  uint32_t i = FIND(r, temps);
  const struct temp *t = r->temps.at + i;
  bool is_known = t->block == r->current || (t->block == FIRST_BLOCK && !t->often);
  if (is_known && t->class == class) return t->v;
  return read_other(r, i, class);
}

/* The same, or the low bits of a word as a narrower type. */
static inline kiln_value given(struct kn_qbe *r, kiln_type type) {
  if (type >= KILN_TYPE_I32) return operand(r, type);
  return convert(r, KILN_OP_TRUNC, type, KILN_TYPE_I32, operand(r, KILN_TYPE_I32));
}

/* What comes from a call, or to a function, as a value of its class. */
static kiln_value taken(struct kn_qbe *r, kiln_value v, const struct type *type) {
  return extend(r, type->is_signed, type->class, type->passed, v);
}

static kiln_value call(struct kn_qbe *r, uint32_t result, kiln_value callee) {
  bool variadic = false;
  uint32_t n_fixed = 0;
  const char *begin = r->begin;
  r->ctypes.n = r->args.n = 0;
  expect(r, '(');
  while (peek(r) != ')') {
    const char *at = r->p;
    if (take_dots(r)) {
      if (variadic) WRONG(r, at, "a second '...'");
      variadic = true;
      n_fixed = r->args.n;
    } else {
      const struct type *type = r->types.at + read_type(r, r->args.n == 0 && !variadic);
      kiln_value v = given(r, type->passed);
      if (variadic && type->passed != type->class) { /* who reads it reads a word */
        v = taken(r, v, type);
        type = r->types.at + QW;
      }
      PUSH(r, r->ctypes, type->c);
      PUSH(r, r->args, v);
    }
    if (!take(r, ',')) break;
  }
  expect(r, ')');
  if (!variadic) n_fixed = r->args.n;
  kiln_csig sig = kn_qbe_signature(r, result, variadic, n_fixed, begin);
  kiln_value v = kiln_build_ccall(r->f, r->c, sig, callee, r->args.at, r->args.n, no_value);
  return taken(r, v, r->types.at + result);
}

/* ---- blocks ---- */

/* The label that comes next. The first one is that of the first block, which is there. */
static uint32_t label(struct kn_qbe *r) {
  expect(r, '@');
  scan(r);
  uint32_t n = r->labels.t.n, i = ENTER(r, labels);
  if (i == n && i != FIRST_BLOCK) kiln_block_new(r->f);
  return i;
}
/* Gives an operand of a phi to the block parameter, for the edge from the block where it comes from. */
static void give(struct kn_qbe *r, const struct operand *o) {
  const struct phi *phi = r->phis.at + o->phi;
  const char *p = r->p;
  r->p = o->at;
  r->begin = phi->at;
  r->current = r->labels.at[o->from].block;
  kiln_value v = operand(r, phi->class);
  r->p = p;
  kiln_edge_arg(r->f, block_of(o->from), block_of(r->blocks.at[phi->block].label), phi->index, v);
}

/* Ends the block with a jump to label `then`; if `other` is not 0, to that one if v is 0. */
static void jump(struct kn_qbe *r, kiln_value v, uint32_t then, uint32_t other, const char *at) {
  if (then == FIRST_BLOCK || other == FIRST_BLOCK)
    FAIL(r, at, STRUCTURE, "a jump to the first block");
  struct block *b = r->blocks.at + r->current;
  b->then = then;
  b->other = other;
  for (uint32_t i = r->second ? b->operands : 0; i != 0; i = r->operands.at[i].next)
    give(r, r->operands.at + i);
  if (other == 0) {
    kiln_build_br(r->f, block_of(then), NULL, 0);
  } else {
    v = kiln_fold_icmp(r->f, KILN_NE, KILN_TYPE_I32, v, kiln_const_int(r->f, 0));
    kiln_build_brif(r->f, v, block_of(then), NULL, 0, block_of(other), NULL, 0);
  }
  if (r->variables) tell(r, b);
}

/* Without a value it is any. */
static void ret(struct kn_qbe *r) {
  const struct type *type = r->types.at + r->body->result;
  kiln_value v = no_value;
  char c = peek(r);
  if (c != '\n' && c != '#') {
    if (type->class == KILN_TYPE_VOID) WRONG(r, r->p, "a value, but this function has no result");
    v = given(r, type->passed);
  } else if (r->body->result >= N_BASIC) {
    v = kiln_slot_new(r->f, kiln_ctype_get(r->c, type->c).size_bytes + 1, 4);
  } else if (type->class != KILN_TYPE_VOID) {
    v = kiln_const_bits(r->f, type->passed, 0, 0);
  }
  kiln_build_creturn(r->f, r->c, r->body->signature, v);
}

/* The end of a line must come next. */
static inline void end_line(struct kn_qbe *r) {
  if (*r->p != '\n' && peek(r) != '\n' && *r->p != '#') kn_qbe_missing(r, '\n');
}

/* The label at r->p begins a block. If the one before it is open, it goes on here. */
static void begin_block(struct kn_qbe *r) {
  const char *at = r->p;
  uint32_t i = label(r);
  end_line(r);
  r->count += r->open;
  if (r->open) jump(r, no_value, i, 0, at);
  r->current++;
  r->open = true;
  r->n_phis = 0;
  r->phi_count = r->count;
  if (i != FIRST_BLOCK) kiln_block_switch(r->f, block_of(i));
  if (r->second) return;
  struct label *l = r->labels.at + i;
  if (l->block != 0) FAIL(r, at, SYMBOL, "@%.*s is there twice", SHOW(l->name));
  l->block = r->current;
  PUSH(r, r->blocks, (struct block){.label = i});
}

/* ---- phis ---- */

/* A phi is a parameter of its block; its operands are given once all blocks are known. */
static kiln_value phi(struct kn_qbe *r, kiln_type class) {
  if (r->count != ++r->phi_count || r->current == FIRST_BLOCK)
    FAIL(r, r->begin, STRUCTURE, "a phi must begin a block, and not the first one");
  struct phi new = {r->begin, r->current, r->n_phis++, r->operands.n, 0, class};
  do {
    struct operand o = {.from = label(r), .phi = r->phis.n};
    bool is_temp = peek(r) == '%';
    o.at = r->p;
    if (is_temp) o.temp = temporary(r);
    else if (constant(r, class, false).id == 0) again(r);
    if (!r->second) PUSH(r, r->operands, o);
    new.n++;
  } while (take(r, ','));
  if (!r->second) PUSH(r, r->phis, new);
  return kiln_block_param(r->f, kiln_block_current(r->f), class);
}

static struct block *block_at(const struct kn_qbe *r, uint32_t label) {
  return r->blocks.at + r->labels.at[label].block;
}

/* Checks the phis, and notes their operands at the blocks that they come from. */
static void check_phis(struct kn_qbe *r) {
  for (uint32_t i = FIRST_BLOCK; i < r->blocks.n; i++) {
    const struct block *b = r->blocks.at + i;
    if (b->then != 0) block_at(r, b->then)->n_preds++;
    if (b->other != 0 && b->other != b->then) block_at(r, b->other)->n_preds++;
  }
  for (uint32_t k = 0; k < r->phis.n; k++) {
    const struct phi *p = r->phis.at + k;
    uint32_t label = r->blocks.at[p->block].label;
    bool good = p->n == r->blocks.at[p->block].n_preds;
    for (uint32_t i = p->first; i < p->first + p->n; i++) {
      struct operand *o = r->operands.at + i;
      struct block *b = block_at(r, o->from);
      good &= b->then == label || b->other == label;
      good &= b->operands == 0 || r->operands.at[b->operands].phi != k; /* not twice */
      o->next = b->operands;
      b->operands = i;
      if (o->temp != 0 && r->temps.at[o->temp].class != p->class) again(r);
    }
    if (!good)
      FAIL(r, p->at, STRUCTURE,
           "this phi does not have one operand for each block that jumps here");
  }
}

/* ---- instructions ---- */

/* A slot stays a variable if all accesses are of one type: then an extension comes behind the load. */
static kiln_value load(struct kn_qbe *r, const struct word *w, kiln_type class, kiln_value a) {
  kiln_type mem = w->op != KILN_TYPE_VOID ? w->op : class;
  if (mem == class) return kiln_build_load(r->f, class, a, 0, 0);
  if (kiln_operand_get(r->f, a).kind == KILN_OPERAND_SLOT)
    return extend(r, w->fop, class, mem, kiln_build_load(r->f, mem, a, 0, 0));
  return kiln_build_load_ext(r->f, class, mem, a, 0, w->fop ? KILN_MEM_SEXT : 0);
}

/* Memory of a size that is known, in the first block, is a slot. All other is taken when it comes to that. */
static kiln_value alloc(struct kn_qbe *r, unsigned align_log2, kiln_value size) {
  kiln_operand n = kiln_operand_get(r->f, size);
  if (n.kind != KILN_OPERAND_INT || r->current != FIRST_BLOCK)
    return kiln_build_salloc(r->f, size, align_log2);
  if (n.low > INT32_MAX - 16) FAIL(r, r->begin, LIMIT, "an allocation of 2 GiB or more");
  return kiln_slot_new(r->f, n.low != 0 ? n.low : 1, align_log2);
}

static void dbgloc(struct kn_qbe *r) {
  uint32_t line = (uint32_t)kn_qbe_integer(r, INT32_MAX, "a line number"), column = 0;
  if (take(r, ',')) column = (uint32_t)kn_qbe_integer(r, INT32_MAX, "a column");
  if (r->body->file == 0) return;
  uint32_t loc = kiln_loc_in(r->session, r->body->file, line, column);
  kiln_loc_set(r->f, loc);
  if (r->begins == 0) r->line = line, r->begins = loc;
}

/* Builds the instruction of a word whose first operands, a of type `from` and b, were read; the rest of it is at r->p.
 * Gives the result, of type `type` and its class; `to` is the temporary that it is for, or 0. */
static kiln_value build(struct kn_qbe *r, const struct word *w, uint32_t to, uint32_t type,
                        kiln_type class, kiln_type from, kiln_value a, kiln_value b) {
  kiln_op op = (kiln_op)(is_int(class) ? w->op : w->fop);
  uint64_t size;
  switch (w->form) {
  case QF_BINARY: /* most sums of longs are addresses, which cost nothing where the processor adds */
    if (op == KILN_OP_ADD && class == KILN_TYPE_I64) return kiln_fold_addr(r->f, a, b, 1, 0);
    return kiln_fold_binary(r->f, op, class, a, b);
  case QF_UNARY: return kiln_fold_unary(r->f, op, class, a);
  case QF_SHIFT: /* the count is taken modulo the width; Kiln's must be below it */
    b = kiln_fold_binary(r->f, KILN_OP_AND, KILN_TYPE_I32, b,
                         kiln_const_int(r->f, class == KILN_TYPE_I32 ? 31 : 63));
    return kiln_fold_binary(r->f, op, class, a, extend(r, false, class, KILN_TYPE_I32, b));
  case QF_CONVERT: return convert(r, (kiln_op)w->op, class, from, a);
  case QF_COMPARE:
    a = is_int(from) ? kiln_fold_icmp(r->f, (kiln_icond)w->op, from, a, b)
                     : kiln_fold_fcmp(r->f, (kiln_fcond)w->fop, from, a, b);
    return extend(r, false, class, KILN_TYPE_I8, a);
  case QF_LOAD: return load(r, w, class, a);
  case QF_STORE: kiln_build_store(r->f, from, b, 0, a, 0); break;
  case QF_ALLOC: return alloc(r, w->op, a);
  case QF_VAARG: return kiln_build_va_arg(r->f, class, a);
  case QF_VASTART:
    if (!r->body->variadic)
      FAIL(r, r->begin, STRUCTURE, "vastart in a function that is not variadic");
    kiln_build_unary(r->f, KILN_OP_VA_START, KILN_TYPE_PTR, a);
    break;
  case QF_BLIT:
    expect(r, ',');
    size = kn_qbe_integer(r, INT32_MAX, "a number of bytes below 2^31");
    if (size != 0)
      kiln_build_ternary(r->f, KILN_OP_MEMCPY, KILN_TYPE_PTR, b, a,
                         kiln_const_int(r->f, (int64_t)size));
    break;
  case QF_CALL: return call(r, type, a);
  case QF_PHI: return phi(r, class);
  case QF_DBGLOC: dbgloc(r); break;
  case QF_JMP: jump(r, no_value, label(r), 0, r->begin); break;
  case QF_JNZ:
    expect(r, ',');
    to = label(r);
    expect(r, ',');
    jump(r, a, to, label(r), r->begin);
    break;
  case QF_RET: ret(r); break;
  case QF_HLT: kiln_build_nullary(r->f, KILN_OP_TRAP); break;
  }
  return no_value;
}

/* The type of an operand of this letter. */
static inline kiln_type operand_type(char letter, kiln_type class) {
  static const uint8_t types[128] = {
    ['w'] = KILN_TYPE_I32, ['l'] = KILN_TYPE_I64, ['s'] = KILN_TYPE_F32, ['d'] = KILN_TYPE_F64,
    ['b'] = KILN_TYPE_I8,  ['h'] = KILN_TYPE_I16, ['a'] = KILN_TYPE_PTR};
  static const uint8_t others[] = {[KILN_TYPE_I32] = KILN_TYPE_F32,
                                   [KILN_TYPE_I64] = KILN_TYPE_F64,
                                   [KILN_TYPE_F32] = KILN_TYPE_I32,
                                   [KILN_TYPE_F64] = KILN_TYPE_I64};
  if (letter == '=') return class;
  return (kiln_type)(letter == 'x' ? others[class] : types[(uint8_t)letter]);
}

/* The instruction at r->p. */
static void instruction(struct kn_qbe *r) {
  uint32_t type = QVOID, to = 0;
  const char *begin = r->begin = r->p;
  if (*begin == '%') {
    to = temporary(r);
    expect(r, '=');
    type = read_type(r, false);
    peek(r);
  }
  const char *at = r->p;
  const struct word *w = kn_qbe_word(r);
  kiln_type class = r->types.at[type].class, from = class;
  if ((type > QD || !(w->results >> class & 1)) && w->form != QF_CALL)
    kn_qbe_fail(r, at, w->results == 0 ? KILN_ERR_SYNTAX : KILN_ERR_TYPE,
                w->results == 0                     ? "an instruction is expected, not %s"
                : w->results == 1 << KILN_TYPE_VOID ? "%s has no result"
                : type == QVOID                     ? "the result of %s must be assigned"
                                                    : "%s does not give a result of this type",
                w->name);
  kiln_value a = no_value, b = no_value;
  if (w->operands[0] != 0) {
    from = operand_type(w->operands[0], class);
    a = given(r, from);
  }
  if (w->operands[1] != 0) {
    expect(r, ',');
    b = operand(r, operand_type(w->operands[1], class));
  }
  a = build(r, w, to, type, class, from, a, b);
  r->open = w->form < QF_JMP;
  end_line(r);
  if (to != 0) assign(r, to, class, a, begin);
}

/* ---- the whole ---- */

/* Begins the function, and assigns the parameters. */
static void begin_function(struct kn_qbe *r) {
  const struct body *b = r->body;
  r->f = kiln_func_begin(r->session, r->globals.at[b->global].symbol);
  if (r->f == NULL) kn_qbe_stop(r, KILN_ERR_MEMORY);
  r->variables = r->second;
  if (r->second) kiln_ssa_begin(r->ssa, r->f, 0);
  if (r->labels.t.n > FIRST_BLOCK + 1) kiln_block_new_many(r->f, r->labels.t.n - FIRST_BLOCK - 1);
  for (uint32_t i = 1; i < r->temps.t.n; i++) {
    struct temp *t = r->temps.at + i;
    t->block = 0;
    t->is_variable = false;
  }
  r->current = FIRST_BLOCK;
  for (uint32_t i = 0; i < b->n_params; i++) {
    const struct param *param = r->params.at + b->params + i;
    const struct type *type = r->types.at + param->type;
    uint32_t n = r->temps.t.n;
    r->p = param->name - 1;
    uint32_t temp = temporary(r);
    if (temp < n && !r->second) FAIL(r, param->name - 1, SYMBOL, "two parameters of one name");
    kiln_value v = kiln_build_cparam(r->f, r->c, b->signature, i);
    assign(r, temp, type->class, taken(r, v, type), param->name);
  }
}

/* Reads the body, and builds it. */
static void read_body(struct kn_qbe *r) {
  begin_function(r);
  r->p = r->body->at;
  r->current = r->count = r->begins = 0;
  r->open = false;
  for (char c; (c = past(r)) != '}';) {
    if (c == '@') {
      begin_block(r);
      continue;
    }
    if (!r->open) WRONG(r, r->p, "a label or '}' is expected");
    r->count++;
    instruction(r);
  }
  if (r->open || r->current == 0) WRONG(r, r->p, "a jump is expected at the end of a function");
}

/* Checks what was read, and gives the operands of phis if it need not be read again. */
static void check_body(struct kn_qbe *r) {
  for (uint32_t i = 1; i < r->temps.t.n; i++) {
    const struct temp *t = r->temps.at + i;
    if (t->class == KILN_TYPE_VOID)
      FAIL(r, t->name.at - 1, STRUCTURE, "%%%.*s is assigned nowhere", SHOW(t->name));
  }
  for (uint32_t i = 1; i < r->labels.t.n; i++) {
    const struct label *l = r->labels.at + i;
    if (l->block == 0) FAIL(r, l->name.at - 1, STRUCTURE, "@%.*s is not there", SHOW(l->name));
  }
  if (r->phis.n != 0) check_phis(r);
  for (uint32_t i = 1; i < r->operands.n && !r->again; i++) give(r, r->operands.at + i);
}

/* Describes the function that was built to debuggers, if it has lines. */
static void describe(struct kn_qbe *r) {
  if (r->begins == 0) return;
  const struct global *g = r->globals.at + r->body->global;
  kiln_declaration what = {.name = kn_qbe_c_name(r, &g->name),
                           .file = r->body->file_entry,
                           .line = r->line,
                           .external = g->exported};
  kiln_die e = kiln_die_function(kiln_session_debug(r->session), (kiln_die){0}, &what, false);
  kiln_func_debug(r->f, e, r->unit, r->begins);
}

void kn_qbe_function(struct kn_qbe *r, const struct body *body) {
  kiln_diag d = {.status = KILN_OK};
  r->body = body;
  CLEAR(r, temps, (size_t)(body->end - body->at));
  CLEAR(r, labels, (size_t)(body->end - body->at) / 4);
  r->phis.n = r->blocks.n = r->operands.n = 0;
  PUSH(r, r->blocks, (struct block){0}); /* number 0 is none */
  PUSH(r, r->operands, (struct operand){0});
  r->again = r->second = false;
  read_body(r);
  check_body(r);
  r->instructions += r->count;
  r->second = r->again;
  if (r->second) read_body(r);
  if (r->variables) kiln_ssa_end(r->ssa);
  describe(r);
  kiln_func *f = r->f;
  r->f = NULL;
  kiln_status s = kiln_func_finish(f);
  if (s == KILN_OK && r->sink != NULL) {
    if ((s = r->sink(r->user, f)) != KILN_OK) kn_qbe_stop(r, s);
  } else if (kiln_func_try(f, &d) != KILN_OK) { /* reported at the head of the function */
    kn_qbe_fail(r, body->name, d.status, "%s", d.message);
  }
}
