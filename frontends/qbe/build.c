/* A function from what body.c read: a value for each temporary, or a slot if it is a variable. Called by body.c.
 * What is constant is folded, and what has no effect not built, by <kiln/fold.h>. */
#include "read.h"

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

/* ---- operands ---- */

static kiln_value number(struct kn_qbe *r, uint64_t n) { return kiln_const_int(r->f, (int64_t)n); }

static kiln_value convert(struct kn_qbe *r, kiln_op op, kiln_type to, kiln_type from,
                          kiln_value v) {
  return to == from ? v : kiln_fold_convert(r->f, op, to, from, v);
}

static kiln_value extend(struct kn_qbe *r, bool is_signed, unsigned class, kiln_type from,
                         kiln_value v) {
  return convert(r, is_signed ? KILN_OP_SEXT : KILN_OP_ZEXT, types[class], from, v);
}

static kiln_value constant(struct kn_qbe *r, const struct kn_qbe_con *k, unsigned class) {
  if (k->global == KN_QBE_NONE && is_int(class))
    return number(r, class == QW ? (uint64_t)(int32_t)k->bits : k->bits);
  if (k->global == KN_QBE_NONE) return kiln_const_bits(r->f, types[class], k->bits, 0);
  kiln_symbol s = kn_qbe_symbol(r, k->global, k->thread, r->text + r->in->at);
  kiln_value v = kiln_const_symbol(r->f, s, 0);
  if (k->thread) v = kiln_build_unary(r->f, KILN_OP_TLS_ADDR, KILN_TYPE_PTR, v);
  if (class == QW || class == QS) v = convert(r, KILN_OP_TRUNC, KILN_TYPE_I32, KILN_TYPE_I64, v);
  return is_int(class) ? v : convert(r, KILN_OP_BITCAST, types[class], types[class ^ 2u], v);
}

/* Says where in the instruction the temporary stands. */
static kiln_value wrong_class(struct kn_qbe *r, kn_qbe_ref ref, unsigned class) {
  const struct kn_qbe_name *name = r->temp_names.names.at + ref / 2;
  const char *at = r->text + r->in->at;
  if (r->in->to != KN_QBE_NONE) at = strchr(at, '='); /* behind the result */
  while (*at != '\n' && (*at != '%' || strncmp(at + 1, name->at, name->length) != 0 ||
                         kn_qbe_is(at + 1 + name->length, KN_QBE_LATER)))
    at++;
  kn_qbe_fail(r, at, KILN_ERR_TYPE, "%%%.*s is of type %c, and %c is wanted", KN_QBE_SHOW(name),
              "wlsd"[r->temps.at[ref / 2].class], "wlsd"[class]);
  return no_value;
}

/* An operand as a value of a class; a long is a word, too. */
static kiln_value value(struct kn_qbe *r, kn_qbe_ref ref, unsigned class) {
  if (!(ref & 1)) return constant(r, &r->cons.at[ref / 2 - 1], class);
  const struct kn_qbe_temp *t = r->temps.at + ref / 2;
  kiln_value v = t->v;
  if (t->variable) v = kiln_build_load(r->f, types[t->class], v, 0, 0);
  if (t->class == class) return v;
  if (t->class != QL || class != QW) return wrong_class(r, ref, class);
  return convert(r, KILN_OP_TRUNC, KILN_TYPE_I32, KILN_TYPE_I64, v);
}

static void set_temp(struct kn_qbe *r, uint32_t temp, unsigned class, kiln_value v) {
  struct kn_qbe_temp *t = r->temps.at + temp;
  if (!(t->variable)) {
    t->v = v;
    return;
  }
  if (t->class != class) v = convert(r, KILN_OP_TRUNC, KILN_TYPE_I32, KILN_TYPE_I64, v);
  kiln_build_store(r->f, types[t->class], t->v, 0, v, 0);
}

static void set(struct kn_qbe *r, kiln_value v) { set_temp(r, r->in->to, r->in->class, v); }

/* ---- arithmetic and memory ---- */

/* Sums that are used as addresses are built as such: they cost nothing where the processor adds. */
static kiln_value binary(struct kn_qbe *r, const struct kn_qbe_word *w) {
  unsigned class = r->in->class;
  kiln_value a = value(r, r->in->a, class), b = value(r, r->in->b, class);
  bool address = r->in->to != KN_QBE_NONE && r->temps.at[r->in->to].address;
  if (address && w->op == KILN_OP_ADD && class == QL) return kiln_fold_addr(r->f, a, b, 1, 0);
  return kiln_fold_binary(r->f, is_int(class) ? w->op : w->fop, types[class], a, b);
}

/* The count is taken modulo the width; Kiln's must be below it. */
static kiln_value shift(struct kn_qbe *r, const struct kn_qbe_word *w) {
  unsigned class = r->in->class;
  kiln_value a = value(r, r->in->a, class), count = value(r, r->in->b, QW);
  count =
    kiln_fold_binary(r->f, KILN_OP_AND, KILN_TYPE_I32, count, number(r, class == QW ? 31 : 63));
  if (class == QL) count = extend(r, false, QL, KILN_TYPE_I32, count);
  return kiln_fold_binary(r->f, w->op, types[class], a, count);
}

static kiln_value compare(struct kn_qbe *r, const struct kn_qbe_word *w) {
  unsigned of = class_of(w->operands[0], 0);
  kiln_value a = value(r, r->in->a, of), b = value(r, r->in->b, of);
  kiln_value v = is_int(of) ? kiln_fold_icmp(r->f, w->op, types[of], a, b)
                            : kiln_fold_fcmp(r->f, w->op, types[of], a, b);
  return extend(r, false, r->in->class, KILN_TYPE_I8, v);
}

/* A slot stays a variable if all accesses are of one type: then an extension comes behind the load. */
static kiln_value load(struct kn_qbe *r, const struct kn_qbe_word *w) {
  kiln_value a = value(r, r->in->a, QL);
  kiln_type type = types[r->in->class], mem = w->op != 0 ? w->op : type;
  if (mem == type) return kiln_build_load(r->f, type, a, 0, 0);
  if (kiln_operand_get(r->f, a).kind == KILN_OPERAND_SLOT)
    return extend(r, w->fop, r->in->class, mem, kiln_build_load(r->f, mem, a, 0, 0));
  return kiln_build_load_ext(r->f, type, mem, a, 0, w->fop ? KILN_MEM_SEXT : 0);
}

static void store(struct kn_qbe *r, const struct kn_qbe_word *w) {
  kiln_value v = value(r, r->in->a, class_of(w->operands[0], 0));
  if (w->op < KILN_TYPE_I32) v = convert(r, KILN_OP_TRUNC, w->op, KILN_TYPE_I32, v);
  kiln_build_store(r->f, w->op, value(r, r->in->b, QL), 0, v, 0);
}

/* Memory of a size that is known, in the first block, is a slot. All other is taken when it comes to that. */
static kiln_value alloc(struct kn_qbe *r, const struct kn_qbe_word *w) {
  kiln_value size = value(r, r->in->a, QL);
  kiln_operand n = kiln_operand_get(r->f, size);
  if (n.kind != KILN_OPERAND_INT || kiln_block_current(r->f).id != 0)
    return kiln_build_salloc(r->f, size, w->op);
  if (n.low > INT32_MAX - 16)
    kn_qbe_fail(r, r->text + r->in->at, KILN_ERR_LIMIT, "an allocation of 2 GiB or more");
  return kiln_slot_new(r->f, n.low != 0 ? n.low : 1, w->op);
}

static void blit(struct kn_qbe *r) {
  kiln_value from = value(r, r->in->a, QL), to = value(r, r->in->b, QL);
  if (r->in->c != 0)
    kiln_build_ternary(r->f, KILN_OP_MEMCPY, KILN_TYPE_PTR, to, from, number(r, r->in->c));
}

/* ---- calls ---- */

/* C's type of a sub-word type, or VOID. */
static kiln_type small(uint32_t type) {
  return type < QSB || type > QUH ? KILN_TYPE_VOID : type <= QUB ? KILN_TYPE_I8 : KILN_TYPE_I16;
}

/* An operand as a call or a return takes it: the low bits for sub-word types, addresses for aggregates. */
static kiln_value given(struct kn_qbe *r, kn_qbe_ref ref, uint32_t type) {
  kiln_value v = value(r, ref, kn_qbe_class(type));
  return small(type) ? convert(r, KILN_OP_TRUNC, small(type), KILN_TYPE_I32, v) : v;
}

/* The same for what comes from a call, or to a function. */
static kiln_value taken(struct kn_qbe *r, kiln_value v, uint32_t type) {
  return small(type) ? extend(r, type == QSB || type == QSH, QW, small(type), v) : v;
}

static void call(struct kn_qbe *r) {
  const struct kn_qbe_pair *pair = r->pairs.at + r->in->a;
  r->types.n = r->values.n = 0;
  if (!KN_QBE_ROOM(r, r->types, r->in->b) || !KN_QBE_ROOM(r, r->values, r->in->b)) return;
  bool variadic = false;
  for (uint32_t i = 0; i < r->in->b; i++) {
    uint32_t type = r->types.at[r->types.n++] = pair[i].what;
    variadic |= type == KN_QBE_VARIADIC;
    if (i == 0 || type == KN_QBE_VARIADIC) continue;
    kiln_value v = given(r, pair[i].ref, type);
    if (variadic && small(type)) { /* who reads it reads a word */
      r->types.at[i] = QW;
      v = taken(r, v, type);
    }
    r->values.at[r->values.n++] = v;
  }
  kiln_csig sig = kn_qbe_signature(r, r->text + r->in->at);
  kiln_value callee = value(r, pair->ref, QL);
  if (r->failed) return;
  kiln_value v = kiln_build_ccall(r->f, r->c, sig, callee, r->values.at, r->values.n, no_value);
  if (r->in->to != KN_QBE_NONE) set(r, taken(r, v, pair->what));
}

/* Without a value it is any. */
static void ret(struct kn_qbe *r) {
  kiln_value v = no_value;
  uint32_t type = r->result;
  if (r->in->a != 0) v = given(r, r->in->a, type);
  else if (type < KN_QBE_TYPES)
    v = kiln_const_bits(r->f, small(type) ? small(type) : types[type], 0, 0);
  else if (type != KN_QBE_VOID)
    v = kiln_slot_new(
      r->f, kiln_ctype_get(r->c, r->aggregates.at[type - KN_QBE_TYPES]).size_bytes + 1, 4);
  kiln_build_creturn(r->f, r->c, r->signature, v);
}

/* ---- blocks ---- */

static void jump(struct kn_qbe *r) {
  kiln_block then = {r->in->b}, other = {r->in->c};
  kiln_value v;
  switch (r->in->form) {
  case QF_RET: ret(r); return;
  case QF_HLT: kiln_build_nullary(r->f, KILN_OP_TRAP); return;
  case QF_JMP: kiln_build_br(r->f, then, NULL, 0); return;
  }
  v = kiln_fold_icmp(r->f, KILN_NE, KILN_TYPE_I32, value(r, r->in->a, QW), number(r, 0));
  kiln_build_brif(r->f, v, then, NULL, 0, other, NULL, 0);
}

static void instruction(struct kn_qbe *r) {
  const struct kn_qbe_word *w = kn_qbe_words + r->in->word;
  unsigned class = r->in->class, from = class_of(w->operands[0], class);
  kiln_value v;
  switch (r->in->form) {
  case QF_BINARY: set(r, binary(r, w)); return;
  case QF_SHIFT: set(r, shift(r, w)); return;
  case QF_COMPARE: set(r, compare(r, w)); return;
  case QF_LOAD: set(r, load(r, w)); return;
  case QF_STORE: store(r, w); return;
  case QF_ALLOC: set(r, alloc(r, w)); return;
  case QF_BLIT: blit(r); return;
  case QF_CALL: call(r); return;
  case QF_COPY: set(r, value(r, r->in->a, class)); return;
  case QF_PHI: {
    kiln_block here = kiln_block_current(r->f);
    set(r, kiln_block_param(r->f, here, types[class]));
    return;
  }
  case QF_EXTEND:
    v = convert(r, KILN_OP_TRUNC, w->op, KILN_TYPE_I32, value(r, r->in->a, QW));
    set(r, extend(r, w->fop, class, w->op, v));
    return;
  case QF_UNARY:
    v = value(r, r->in->a, class);
    set(r, kiln_fold_unary(r->f, is_int(class) ? w->op : w->fop, types[class], v));
    return;
  case QF_CONVERT:
    set(r, convert(r, w->op, types[class], types[from], value(r, r->in->a, from)));
    return;
  case QF_VAARG: set(r, kiln_build_va_arg(r->f, types[class], value(r, r->in->a, QL))); return;
  case QF_VASTART:
    kiln_build_unary(r->f, KILN_OP_VA_START, KILN_TYPE_PTR, value(r, r->in->a, QL));
    return;
  case QF_DBGLOC:
    if (r->file != 0) kiln_loc_set(r->f, kiln_loc_in(r->session, r->file, r->in->a, r->in->b));
  }
}

/* The operands of phis are read before the jump, all of them before a variable is assigned. */
static void block(struct kn_qbe *r, uint32_t i) {
  const struct kn_qbe_block *b = r->blocks.at + i;
  if (i != 0) kiln_block_switch(r->f, (kiln_block){i});
  for (uint32_t k = b->first; k < b->end - 1 && !r->failed; k++) {
    r->in = r->insts.at + k;
    instruction(r);
  }
  r->values.n = 0;
  for (uint32_t p = b->pairs; p != KN_QBE_NONE; p = r->pairs.at[p].next) {
    r->in = r->insts.at + r->pairs.at[p].what;
    (void)KN_QBE_PUSH(r, r->values, value(r, r->pairs.at[p].ref, r->in->class));
  }
  r->in = r->insts.at + b->end - 1;
  if (!r->failed) jump(r);
  for (uint32_t p = b->pairs, k = 0; p != KN_QBE_NONE && !r->failed; p = r->pairs.at[p].next, k++)
    for (uint32_t t = 0; t < (r->in->b == r->in->c ? 1 : 2); t++) {
      uint32_t to = t == 0 ? r->in->b : r->in->c, what = r->pairs.at[p].what;
      if (what - r->blocks.at[to].first < r->blocks.at[to].phis)
        kiln_edge_arg(r->f, (kiln_block){i}, (kiln_block){to}, r->insts.at[what].c,
                      r->values.at[k]);
    }
}

/* Reports an error of the builder or the compiler at the head of the function. */
static void finish(struct kn_qbe *r, const char *at) {
  kiln_diag d = {.status = KILN_OK};
  kiln_status s = kiln_func_finish(r->f);
  if (s == KILN_OK && r->sink != NULL) {
    if ((s = r->sink(r->user, r->f)) != KILN_OK) kn_qbe_stop(r, s);
    return;
  }
  if (kiln_func_try(r->f, &d) != KILN_OK) kn_qbe_fail(r, at, d.status, "%s", d.message);
}

void kn_qbe_build(struct kn_qbe *r, uint32_t global, const char *at) {
  kiln_func *f = r->f = kiln_func_begin(r->session, r->globals.at[global].symbol);
  if (f == NULL) {
    kn_qbe_stop(r, KILN_ERR_MEMORY);
    return;
  }
  kiln_block_new_many(f, r->blocks.n - 1);
  for (uint32_t i = 0; i < r->temps.n; i++) {
    struct kn_qbe_temp *t = r->temps.at + i;
    uint32_t size = kiln_type_size(types[t->class]);
    if (t->variable) t->v = kiln_slot_new(f, size, (unsigned)__builtin_ctz(size));
  }
  for (uint32_t i = 0; i < r->n_params; i++) {
    uint32_t type = r->types.at[1 + i];
    set_temp(r, i, r->temps.at[i].class,
             taken(r, kiln_build_cparam(f, r->c, r->signature, i), type));
  }
  for (uint32_t i = 0; i < r->blocks.n && !r->failed; i++) block(r, i);
  if (r->failed) kiln_func_discard(f);
  else finish(r, at);
}
