/* Bodies of functions: each instruction is built where it is read; <kiln/fold.h> folds constants and identities.
 *
 * The language is not in SSA form: a temporary may be assigned anywhere, and used where it may not have been assigned.
 * Within a block a temporary is the value that was assigned last; a temporary that is assigned once, in the first
 * block, is that value everywhere. <kiln/ssa.h> does all others. Phis get their operands when the whole body is built.
 *
 * If a temporary turns out to be assigned again, or below a use, what was built is dropped. The rest is then read only
 * for what is assigned there, and the body is read again. So it is if an operand of a phi needs an instruction where
 * its block jumps. */
#include "read.h"

#include <kiln/fold.h>
#include <kiln/inspect.h>

/* How a body is read: first; when it is known what is assigned; and so that operands of phis are built early. */
enum { FIRST_TIME, AGAIN, EARLY };
enum { FIRST_BLOCK = 1 };

static const kiln_value no_value = {0};

static bool is_int(kiln_type class) { return class <= KILN_TYPE_I64; }

/* ---- conversions ---- */

/* The body is to be read again. */
static __attribute__((cold, noreturn)) void again(struct kn_qbe *r, unsigned how) {
  r->how = (uint8_t)how;
  longjmp(r->ends, END_AGAIN);
}

static kiln_value convert(struct kn_qbe *r, kiln_op op, kiln_type to, kiln_type from,
                          kiln_value v) {
  if (to == from) return v;
  if (r->late) again(r, EARLY);
  return kiln_fold_convert(r->f, op, to, from, v);
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

/* Makes a temporary a variable, which has the value that was assigned last, if there is one. */
static __attribute__((noinline)) void make_variable(struct kn_qbe *r, struct temp *t) {
  if (t->is_variable) return;
  if (!r->variables) kiln_ssa_begin(r->ssa, r->f, KILN_SSA_EDGES_BUILT);
  t->is_variable = r->variables = true;
  t->var = kiln_ssa_new_variable(r->ssa, t->class);
  if (t->block != 0) kiln_ssa_write_in(r->ssa, block_of(t->block), t->var, t->v);
}

/* Drops what was built. Without a function, the builder does nothing. */
static void drop(struct kn_qbe *r) {
  kiln_func_discard(r->f);
  kiln_ssa_begin(r->ssa, r->f = NULL, 0);
}

/* True if the value that was assigned last is that of the temporary in the current block. */
static inline bool is_here(const struct kn_qbe *r, const struct temp *t) {
  return t->block == r->current || (t->block == FIRST_BLOCK && !t->often);
}

/* The value of the temporary that was read last, if it is not simply there; a long is a word, too. */
static __attribute__((noinline)) kiln_value read_other(struct kn_qbe *r, uint32_t temp,
                                                       kiln_type class) {
  static const char letters[] = {
    [KILN_TYPE_I32] = 'w', [KILN_TYPE_I64] = 'l', [KILN_TYPE_F32] = 's', [KILN_TYPE_F64] = 'd'};
  const char *at = r->name.at - 1;
  struct temp *t = r->temps.at + temp;
  kiln_value v = t->v;
  if (t->class == KILN_TYPE_VOID) {
    if (r->how != FIRST_TIME) FAIL(r, at, STRUCTURE, "%%%.*s is never assigned", SHOW(r->name));
    drop(r);
    return no_value;
  }
  if (!is_here(r, t)) {
    make_variable(r, t);
    v = kiln_ssa_read_in(r->ssa, block_of(r->current), t->var);
  }
  if (t->class == class) return v;
  if (t->class == KILN_TYPE_I64 && class == KILN_TYPE_I32) return low_word(r, v);
  FAIL(r, at, TYPE, "%%%.*s is of type %c, not %c", SHOW(r->name), letters[t->class],
       letters[class]);
}

static inline void assign(struct kn_qbe *r, uint32_t temp, kiln_type class, kiln_value v,
                          const char *at) {
  struct temp *t = r->temps.at + temp;
  if (r->how != FIRST_TIME) {
    if (t->class != class) v = low_word(r, v);
    if (t->often) make_variable(r, t);
    if (t->is_variable) kiln_ssa_write(r->ssa, t->var, v);
  } else if (t->class == KILN_TYPE_VOID) {
    t->class = class;
  } else {
    drop(r);
    t->often = true;
    if (t->class != class && (!is_int(t->class) || !is_int(class)))
      FAIL(r, at, TYPE, "%%%.*s is assigned with two types", SHOW(t->name));
    if (t->class != class) t->class = KILN_TYPE_I32; /* of a long the low bits are left */
  }
  t->v = v;
  t->block = r->current;
}

/* ---- operands ---- */

/* Takes the word if it comes next: one of those before the name of a symbol. */
static bool before_symbol(struct kn_qbe *r, char first, unsigned form) {
  const char *at = r->p;
  if (peek(r) != first) return false;
  if (kn_qbe_word(r)->form != form) WRONG(r, at, "an operand is expected");
  return true;
}

/* A constant as a value of a class. `extern` says that the symbol may be in another module, as any may be here. */
static __attribute__((noinline)) kiln_value constant(struct kn_qbe *r, kiln_type class) {
  const char *at = r->p;
  bool other = before_symbol(r, 'e', QF_EXTERN), thread = before_symbol(r, 't', QF_THREAD),
       half = class == KILN_TYPE_I32 || class == KILN_TYPE_F32;
  if (*at != '$' && !thread && !other) {
    uint64_t bits;
    if (!kn_qbe_number(r, &bits)) WRONG(r, r->p, "an operand is expected");
    if (!is_int(class)) return kiln_const_bits(r->f, class, bits, 0);
    return kiln_const_int(r->f, half ? (int32_t)bits : (int64_t)bits);
  }
  expect(r, '$');
  kiln_value v = kiln_const_symbol(r->f, kn_qbe_symbol(r, thread, r->begin), 0);
  if (thread && r->late) again(r, EARLY);
  if (thread) v = kiln_build_unary(r->f, KILN_OP_TLS_ADDR, KILN_TYPE_PTR, v);
  if (half) v = low_word(r, v);
  if (is_int(class)) return v;
  return convert(r, KILN_OP_BITCAST, class, half ? KILN_TYPE_I32 : KILN_TYPE_I64, v);
}

/* The operand that comes next, as a value of a class. */
static __attribute__((noinline)) kiln_value operand(struct kn_qbe *r, kiln_type class) {
  if (peek(r) != '%') return constant(r, class);
  r->p++;
  scan(r);
  uint32_t at, i = FIND(r, temps, &at);
  const struct temp *t = r->temps.at + i;
  return is_here(r, t) && t->class == class ? t->v : read_other(r, i, class);
}

/* The same, or the low bits of a word as a narrower type. */
static inline kiln_value given(struct kn_qbe *r, kiln_type type) {
  if (type >= KILN_TYPE_I32) return operand(r, type);
  return convert(r, KILN_OP_TRUNC, type, KILN_TYPE_I32, operand(r, KILN_TYPE_I32));
}

/* ---- parameters and calls ---- */

/* What comes from a call, or to a function, as a value of its class. */
static kiln_value taken(struct kn_qbe *r, kiln_value v, const struct type *type) {
  return extend(r, type->is_signed, type->class, type->passed, v);
}

/* The parameter whose '%' comes next is assigned; without a function, it is only read. */
static void parameter(struct kn_qbe *r, const struct type *type) {
  expect(r, '%');
  scan(r);
  if (r->f == NULL) return;
  const char *at = r->name.at - 1;
  uint32_t temp = ENTER(r, temps);
  if (r->temps.at[temp].block != 0) FAIL(r, at, SYMBOL, "two parameters of one name");
  kiln_value v = kiln_build_cparam(r->f, r->c, r->body->signature, r->ctypes.n);
  assign(r, temp, type->class, taken(r, v, type), at);
}

/* The next character; a call is on one line. */
static char next(struct kn_qbe *r, bool is_call) { return is_call ? peek(r) : past(r); }

void kn_qbe_list(struct kn_qbe *r, bool is_call) {
  r->ctypes.n = r->args.n = 0;
  r->variadic = false;
  next(r, is_call);
  expect(r, '(');
  while (next(r, is_call) != ')') {
    const char *at = r->p;
    if (r->variadic && !is_call) WRONG(r, at, "a parameter after '...'");
    if (strncmp(at, "...", 3) == 0) {
      r->p += 3;
      if (r->variadic) WRONG(r, at, "a second '...'");
      r->variadic = true;
      r->n_fixed = r->ctypes.n;
    } else {
      const struct type *type = r->types.at + read_type(r, r->ctypes.n == 0);
      if (is_call) {
        kiln_value v = given(r, type->passed);
        if (r->variadic && type->passed != type->class) { /* who reads it reads a word */
          v = taken(r, v, type);
          type = r->types.at + QW;
        }
        PUSH(r, r->args, v);
      } else {
        parameter(r, type);
      }
      PUSH(r, r->ctypes, type->c);
    }
    next(r, is_call);
    if (!take(r, ',')) break;
  }
  next(r, is_call);
  expect(r, ')');
}

kiln_csig kn_qbe_signature(struct kn_qbe *r, uint32_t result, const char *at) {
  uint32_t n = r->ctypes.n, n_fixed = r->variadic ? r->n_fixed : n;
  unsigned flags = r->variadic ? KILN_SIG_VARIADIC : 0;
  if (n > 16383) FAIL(r, at, LIMIT, "more than 16383 parameters");
  kiln_csig sig =
    kiln_csig_new(r->c, KILN_CC_C, flags, r->ctypes.at, n_fixed, r->types.at[result].c);
  if (n > n_fixed) sig = kiln_csig_new_variadic(r->c, sig, r->ctypes.at + n_fixed, n - n_fixed);
  if (sig.id == 0) FAIL(r, at, UNSUPPORTED, "a signature that cannot be passed");
  return sig;
}

/* The callee of a call by `sig`: that may contradict the definition, since QBE's language has no declarations. Then it
 * is the address of the function. */
static kiln_value as_called(struct kn_qbe *r, kiln_csig sig, kiln_value callee) {
  const kiln_operand_info o = kiln_operand_get(r->f, callee);
  if (o.kind != KILN_OPERAND_SYMBOL) return callee;
  const kiln_sig defined = kiln_symbol_get(r->m, o.symbol).sig;
  if (defined.id == 0 || kiln_sig_is_compatible(r->m, kiln_csig_sig(r->c, sig), defined))
    return callee;
  return kiln_build_unary(r->f, KILN_OP_COPY, KILN_TYPE_PTR, callee);
}

static kiln_value call(struct kn_qbe *r, uint32_t result, kiln_value callee) {
  const char *begin = r->begin;
  kn_qbe_list(r, true);
  kiln_csig sig = kn_qbe_signature(r, result, begin);
  callee = as_called(r, sig, callee);
  kiln_value v = kiln_build_ccall(r->f, r->c, sig, callee, no_value, r->args.at, r->args.n);
  return taken(r, v, r->types.at + result);
}

/* ---- blocks ---- */

/* The label that comes next. The first one is that of the first block, which is there. */
static uint32_t read_label(struct kn_qbe *r) {
  expect(r, '@');
  scan(r);
  uint32_t n = r->labels.t.n, i = ENTER(r, labels);
  if (i == n && i != FIRST_BLOCK) kiln_block_new(r->f);
  return i;
}
/* The end of a line must come next. */
static inline void end_line(struct kn_qbe *r) {
  if (*r->p != '\n' && peek(r) != '\n' && *r->p != '#')
    WRONG(r, r->p, "the end of the line is expected");
}

/* Gives an operand of a phi to the block parameter, for the edge from the block where it comes from. */
static void give(struct kn_qbe *r, const struct operand *o) {
  const struct phi *phi = r->phis.at + o->phi;
  const char *p = r->p;
  r->p = o->at;
  r->begin = phi->at;
  r->current = o->from;
  kiln_value v = operand(r, phi->class);
  if (peek(r) != ',') end_line(r);
  r->p = p;
  kiln_edge_set_arg(r->f, block_of(o->from), block_of(phi->label), phi->index, v);
}

/* Ends the block with a jump to label `then`; if `other` is not 0, to that one if v is 0. */
static void jump(struct kn_qbe *r, kiln_value v, uint32_t then, uint32_t other, const char *at) {
  struct label *l = r->labels.at + r->current;
  if (then == FIRST_BLOCK || other == FIRST_BLOCK)
    FAIL(r, at, STRUCTURE, "a jump to the first block");
  for (uint32_t i = l->operands; i != 0; i = r->operands.at[i].next) give(r, r->operands.at + i);
  l->then = then;
  l->other = other;
  r->labels.at[then].n_preds++;
  if (other == 0) {
    kiln_build_br(r->f, block_of(then), NULL, 0);
  } else {
    r->labels.at[other].n_preds += other != then;
    v = kiln_fold_icmp(r->f, KILN_ICOND_NE, KILN_TYPE_I32, v, kiln_const_int(r->f, 0));
    kiln_build_brif(r->f, v, block_of(then), NULL, 0, block_of(other), NULL, 0);
  }
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

/* The label at r->p begins a block. If the one before it is open, it goes on here. */
static void begin_block(struct kn_qbe *r) {
  const char *at = r->p;
  uint32_t i = read_label(r);
  struct label *l = r->labels.at + i;
  end_line(r);
  if (l->begun) FAIL(r, at, SYMBOL, "@%.*s is defined twice", SHOW(l->name));
  r->count += r->open;
  if (r->open) jump(r, no_value, i, 0, at);
  r->open = l->begun = true;
  r->current = i;
  r->n_blocks++;
  r->n_phis = 0;
  r->phi_count = r->count;
  if (i != FIRST_BLOCK) kiln_block_switch(r->f, block_of(i));
}

/* A phi is a parameter of its block. Its operands are noted. */
static kiln_value phi(struct kn_qbe *r, kiln_type class) {
  if (r->count != ++r->phi_count || r->current == FIRST_BLOCK)
    FAIL(r, r->begin, STRUCTURE, "a phi must begin a block, and not the first one");
  struct phi new = {r->begin, r->current, r->n_phis++, 0, class};
  do {
    struct operand o = {.from = read_label(r), .phi = r->phis.n};
    peek(r);
    o.at = r->p;
    if (r->how != EARLY) PUSH(r, r->operands, o);
    new.n++;
    while (*r->p != ',' && *r->p != '\n' && *r->p != '#')
      if (*r->p == '"') kn_qbe_string(r, "");
      else r->p++;
  } while (take(r, ','));
  if (r->how != EARLY) PUSH(r, r->phis, new);
  return kiln_block_add_param(r->f, kiln_block_current(r->f), class);
}

/* Gives the operands of phis when all is built. */
static void give_late(struct kn_qbe *r) {
  for (uint32_t i = 1; i < r->operands.n; i++) {
    struct operand *o = r->operands.at + i;
    const struct phi *phi = r->phis.at + o->phi;
    struct label *from = r->labels.at + o->from;
    o->next = from->operands;
    from->operands = i;
    if ((from->then != phi->label && from->other != phi->label) || /* or there twice: */
        (o->next != 0 && r->operands.at[o->next].phi == o->phi) ||
        phi->n != r->labels.at[phi->label].n_preds)
      FAIL(r, phi->at, STRUCTURE,
           "this phi does not have one operand for each block that jumps here");
  }
  r->late = true;
  for (uint32_t i = 1; i < r->operands.n; i++) give(r, r->operands.at + i);
}

/* ---- instructions ---- */

/* A slot stays a variable if all accesses are of one type: then an extension comes after the load. */
static kiln_value load(struct kn_qbe *r, const struct word *w, kiln_type class, kiln_value a) {
  kiln_type mem = w->op != KILN_TYPE_VOID ? w->op : class;
  if (mem == class) return kiln_build_load(r->f, class, a, 0, 0);
  if (kiln_operand_get(r->f, a).kind == KILN_OPERAND_SLOT)
    return extend(r, w->fop, class, mem, kiln_build_load(r->f, mem, a, 0, 0));
  return kiln_build_load_ext(r->f, class, mem, a, 0, w->fop ? KILN_MEM_SEXT : 0);
}

/* Memory of a size that is known, in the first block, is a slot. All other is taken when it comes to that. */
static kiln_value alloc(struct kn_qbe *r, unsigned align_log2, kiln_value size) {
  kiln_operand_info n = kiln_operand_get(r->f, size);
  if (n.kind != KILN_OPERAND_INT || r->current != FIRST_BLOCK)
    return kiln_build_salloc(r->f, size, align_log2);
  if (n.low > INT32_MAX - 16) FAIL(r, r->begin, LIMIT, "an allocation of 2 GiB or more");
  return kiln_slot_new(r->f, n.low != 0 ? n.low : 1, align_log2);
}

static void dbgloc(struct kn_qbe *r) {
  uint32_t line = (uint32_t)kn_qbe_integer(r, INT32_MAX, "a line number"), column = 0;
  if (take(r, ',')) column = (uint32_t)kn_qbe_integer(r, INT32_MAX, "a column");
  if (r->body->file == 0) return;
  uint32_t loc = kiln_loc_new(r->session, r->body->file, line, column);
  kiln_func_set_loc(r->f, loc);
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
  case QF_JMP: jump(r, no_value, read_label(r), 0, r->begin); break;
  case QF_JNZ:
    expect(r, ',');
    to = read_label(r);
    expect(r, ',');
    jump(r, a, to, read_label(r), r->begin);
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
  enum { APART = KILN_TYPE_F32 - KILN_TYPE_I32 }; /* also F64 and I64 */
  if (letter == '=') return class;
  if (letter == 'x') return (kiln_type)(is_int(class) ? class + APART : class - APART);
  return (kiln_type)types[(uint8_t)letter];
}

/* The instruction at r->p. */
static void instruction(struct kn_qbe *r) {
  uint32_t type = QVOID, to = 0;
  const char *begin = r->begin = r->p;
  if (*begin == '%') {
    r->p++;
    scan(r);
    to = ENTER(r, temps);
    expect(r, '=');
    type = read_type(r, false);
    peek(r);
  }
  const char *at = r->p;
  const struct word *w = kn_qbe_word(r);
  kiln_type class = r->types.at[type].class, from = class;
  if ((type > QD || !(w->results >> class & 1)) && w->form != QF_CALL)
    kn_qbe_fail(r, at, w->results == 0 ? KILN_ERR_SYNTAX : KILN_ERR_TYPE,
                w->results == 0                     ? "'%.*s' is not an instruction"
                : w->results == 1 << KILN_TYPE_VOID ? "%.*s has no result"
                : type == QVOID                     ? "the result of %.*s must be assigned"
                                                    : "%.*s does not give a result of this type",
                SHOW(w->name));
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

/* Describes the function that was built to debuggers, if it has lines. */
static void describe(struct kn_qbe *r) {
  if (r->begins == 0) return;
  kiln_symbol_desc symbol = kiln_symbol_get(r->m, r->body->symbol).desc;
  kiln_die_declaration what = {.name = symbol.name,
                               .file = r->body->file_entry,
                               .line = r->line,
                               .external = symbol.linkage == KILN_LINKAGE_EXTERNAL};
  kiln_die e = kiln_die_new_function(kiln_session_debug(r->session), (kiln_die){0}, &what, false);
  kiln_func_set_debug(r->f, e, r->unit, r->begins);
}

/* Reads the body, and builds it. */
static void read_body(struct kn_qbe *r) {
  for (char c; (c = past(r)) != '}';) {
    if (c == '@') {
      begin_block(r);
      continue;
    }
    if (!r->open) WRONG(r, r->p, "a label or '}' is expected");
    r->count++;
    instruction(r);
  }
  if (r->open || r->n_blocks == 0) WRONG(r, r->p, "a jump is expected at the end of a function");
  for (uint32_t i = 1; r->n_blocks != r->labels.t.n - 1; i++) {
    const struct label *l = r->labels.at + i;
    if (!l->begun) FAIL(r, l->name.at - 1, STRUCTURE, "there is no @%.*s", SHOW(l->name));
  }
  if (r->how != EARLY && r->f != NULL) give_late(r);
  if (r->f == NULL) again(r, AGAIN);
}

void kn_qbe_function(struct kn_qbe *r, const struct body *body) {
  kiln_diag d = {.status = KILN_OK};
  kiln_func_discard(r->f); /* of the first reading */
  r->body = body;
  r->f = kiln_func_begin(r->session, body->symbol);
  if (r->f == NULL) FAIL(r, body->name, MEMORY, "out of memory");
  r->count = r->begins = r->n_blocks = 0;
  r->open = r->variables = r->late = false;
  if (r->how == FIRST_TIME) CLEAR(r, temps);
  for (uint32_t i = 1; i < r->temps.t.n; i++) {
    r->temps.at[i].block = 0;
    r->temps.at[i].is_variable = false;
  }
  if (r->how != EARLY) {
    CLEAR(r, labels);
    r->phis.n = r->operands.n = 0;
    PUSH(r, r->operands, (struct operand){0}); /* number 0 is none */
  } else {                                     /* their operands are known */
    for (uint32_t i = FIRST_BLOCK; i < r->labels.t.n; i++) r->labels.at[i].begun = false;
    kiln_block_new_many(r->f, r->labels.t.n - FIRST_BLOCK - 1);
  }
  r->current = FIRST_BLOCK;
  r->p = body->at;
  kn_qbe_list(r, false);
  want(r, '{');
  read_body(r);
  if (r->variables) kiln_ssa_end(r->ssa);
  r->how = FIRST_TIME;
  r->instructions += r->count;
  describe(r);
  kiln_func *f = r->f;
  r->f = NULL;
  r->status = kiln_func_finish(f);
  if (r->status == KILN_OK && r->sink != NULL) r->status = r->sink(r->user, f);
  else if (kiln_func_try_compile(f, &d) != KILN_OK) /* reported at the head of the function */
    kn_qbe_fail(r, body->name, d.status, "%s", d.message);
}
