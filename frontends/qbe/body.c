/* The body of a function, read before it is built: the language wants no SSA form. A temporary may be assigned
 * anywhere, and used where no assignment need have been; so it is found out here which are values, and which
 * must be variables. Invariant: what build.c gets has defined labels, matching phis, and as many operands as are
 * wanted. */
#include "read.h"

/* ---- operands ---- */

static uint32_t current(const struct kn_qbe *r) { return r->blocks.n - 1; }

/* The temporary whose '%' is at r->p. */
static uint32_t temporary(struct kn_qbe *r) {
  uint32_t at = (uint32_t)(r->p++ - r->text);
  uint32_t i = kn_qbe_lookup(r, &r->temp_names, true);
  if (i < r->temps.n || i == KN_QBE_NONE) return i;
  return KN_QBE_PUSH(r, r->temps, (struct kn_qbe_temp){.at = at, .def_block = KN_QBE_NONE})
           ? i
           : KN_QBE_NONE;
}

/* Notes a use in `block`, behind all that is there of it. The first block comes before all others. */
static void use(struct kn_qbe *r, uint32_t temp, uint32_t block) {
  uint32_t def = r->temps.at[temp].def_block;
  if (def != block && def != 0) (void)KN_QBE_PUSH(r, r->uses, (struct kn_qbe_use){temp, block});
}

/* An operand, or 0 and an error. Uses by phis are noted later. */
static kn_qbe_ref operand(struct kn_qbe *r, bool phi) {
  struct kn_qbe_con k = {.global = KN_QBE_NONE};
  char c = kn_qbe_peek(r);
  if (c == '%') {
    uint32_t temp = temporary(r);
    if (temp == KN_QBE_NONE) return 0;
    if (!phi) use(r, temp, current(r));
    return temp * 2 + 1;
  }
  if (c == 't') {
    const char *at = r->p;
    const struct kn_qbe_word *word = kn_qbe_word(r);
    if (word != NULL && word->form != QF_THREAD) kn_qbe_wrong(r, at, "an operand is expected");
    k.thread = true;
    c = kn_qbe_peek(r);
  }
  if (c == '$' || k.thread) {
    kn_qbe_expect(r, '$');
    k.global = kn_qbe_global(r);
  } else if (!kn_qbe_number(r, &k.bits)) {
    kn_qbe_syntax(r, "an operand is expected");
  }
  return !r->failed && KN_QBE_PUSH(r, r->cons, k) ? r->cons.n * 2 : 0;
}

/* The number of a label. */
static uint32_t label(struct kn_qbe *r) {
  kn_qbe_peek(r);
  struct kn_qbe_label new = {KN_QBE_NONE, (uint32_t)(r->p - r->text)};
  kn_qbe_expect(r, '@');
  uint32_t i = kn_qbe_lookup(r, &r->label_names, true);
  if (i == r->labels.n) (void)KN_QBE_PUSH(r, r->labels, new);
  return r->failed ? 0 : i;
}

/* The end of a line must come next. */
static void end_line(struct kn_qbe *r) {
  if (kn_qbe_peek(r) != '\n' && *r->p != '#') kn_qbe_expect(r, '\n');
}

/* ---- instructions ---- */

/* Notes an assignment of a value of class `class`, behind all that is there. */
static void assign(struct kn_qbe *r, uint32_t temp, unsigned class, const char *at) {
  struct kn_qbe_temp *t = r->temps.at + temp;
  if (t->def_block == KN_QBE_NONE) {
    t->def_block = current(r);
    t->class = (uint8_t)class;
    return;
  }
  t->variable = true;
  if (t->class == class) return;
  if (t->class > QL || class > QL)
    kn_qbe_fail(r, at, KILN_ERR_TYPE, "%%%.*s is assigned with two types",
                KN_QBE_SHOW(r->temp_names.names.at + temp));
  t->class = QW; /* of a long the low bits are left */
}

static void call(struct kn_qbe *r, struct kn_qbe_inst *in, uint32_t type) {
  bool variadic = false;
  in->a = r->pairs.n;
  (void)KN_QBE_PUSH(r, r->pairs, (struct kn_qbe_pair){.what = type, .ref = operand(r, false)});
  kn_qbe_expect(r, '(');
  while (kn_qbe_peek(r) != ')' && !r->failed) {
    struct kn_qbe_pair arg = {.what = KN_QBE_VARIADIC};
    if (strncmp(r->p, "...", 3) == 0) {
      if (variadic) kn_qbe_syntax(r, "a second '...'");
      variadic = true;
      r->p += r->failed ? 0 : 3;
    } else {
      arg.what = kn_qbe_type(r, r->pairs.n - in->a == 1);
      arg.ref = operand(r, false);
    }
    (void)KN_QBE_PUSH(r, r->pairs, arg);
    if (!kn_qbe_take(r, ',')) break;
  }
  kn_qbe_expect(r, ')');
  in->b = r->pairs.n - in->a;
}

static void phi(struct kn_qbe *r, struct kn_qbe_inst *in) {
  struct kn_qbe_block *b = r->blocks.at + current(r);
  if (b->first + b->phis != r->insts.n || current(r) == 0)
    kn_qbe_fail(r, r->text + in->at, KILN_ERR_STRUCTURE,
                "a phi must begin a block, and not the first one");
  in->c = b->phis++;
  in->a = r->pairs.n;
  do {
    struct kn_qbe_pair arg = {.what = label(r)};
    arg.ref = operand(r, true);
    (void)KN_QBE_PUSH(r, r->pairs, arg);
  } while (kn_qbe_take(r, ','));
  in->b = r->pairs.n - in->a;
}

/* What is behind the word of an instruction whose operands the table does not tell. */
static void special(struct kn_qbe *r, struct kn_qbe_inst *in) {
  uint64_t line, column = 0;
  switch (in->form) {
  case QF_DBGLOC:
    kn_qbe_integer(r, INT32_MAX, "a line number", &line);
    if (kn_qbe_take(r, ',')) kn_qbe_integer(r, INT32_MAX, "a column", &column);
    in->a = (uint32_t)line;
    in->b = (uint32_t)column;
    return;
  case QF_JNZ:
    in->a = operand(r, false);
    kn_qbe_expect(r, ',');
    in->b = label(r);
    kn_qbe_expect(r, ',');
    in->c = label(r);
    return;
  case QF_JMP: in->b = in->c = label(r); return;
  case QF_RET: {
    char c = kn_qbe_peek(r);
    if (c == '\n' || c == '#') return;
    if (r->result == KN_QBE_VOID) kn_qbe_syntax(r, "a value, but this function has no result");
    in->a = operand(r, false);
  }
  }
}

/* The instruction at r->p. True if it ends the block. */
static bool instruction(struct kn_qbe *r) {
  uint32_t type = KN_QBE_VOID;
  const char *begin = r->p;
  if (!KN_QBE_ROOM(r, r->insts, 1)) return true;
  struct kn_qbe_inst *in = r->insts.at + r->insts.n;
  *in = (struct kn_qbe_inst){.to = KN_QBE_NONE, .at = (uint32_t)(begin - r->text)};
  if (*begin == '%') {
    in->to = temporary(r);
    kn_qbe_expect(r, '=');
    type = kn_qbe_type(r, false);
    in->class = kn_qbe_class(type);
    kn_qbe_peek(r);
  }
  const char *at = r->p;
  const struct kn_qbe_word *word = kn_qbe_word(r);
  if (word == NULL) return true;
  unsigned form = in->form = word->form;
  in->word = (uint16_t)(word - kn_qbe_words);
  bool fits = type == KN_QBE_VOID ? word->results == 0 : type <= QD && word->results >> type & 1;
  if (form > QF_HLT || (!fits && form != QF_CALL))
    kn_qbe_fail(r, at, form > QF_HLT ? KILN_ERR_SYNTAX : KILN_ERR_TYPE,
                form > QF_HLT         ? "an instruction is expected, not %s"
                : word->results == 0  ? "%s has no result"
                : type == KN_QBE_VOID ? "the result of %s must be assigned"
                                      : "%s does not give a result of this type",
                word->name);
  if (form == QF_VASTART && !r->variadic)
    kn_qbe_fail(r, at, KILN_ERR_STRUCTURE, "vastart in a function that is not variadic");
  if (word->operands[0] != 0) {
    in->a = operand(r, false);
    if (word->operands[1] != 0) {
      kn_qbe_expect(r, ',');
      in->b = operand(r, false);
    }
    kn_qbe_ref address = form == QF_LOAD ? in->a : form == QF_STORE ? in->b : 0;
    if (address & 1) r->temps.at[address / 2].address = true;
  } else if (form == QF_CALL) call(r, in, type);
  else if (form == QF_PHI) phi(r, in);
  else special(r, in);
  if (form == QF_BLIT) {
    uint64_t size;
    kn_qbe_expect(r, ',');
    kn_qbe_integer(r, INT32_MAX, "a number of bytes below 2^31", &size);
    in->c = (uint32_t)size;
  }
  end_line(r);
  if (r->failed) return true;
  r->insts.n++;
  if (in->to != KN_QBE_NONE) assign(r, in->to, in->class, begin);
  return form >= QF_JMP;
}

/* ---- blocks ---- */

/* The label at r->p; `open`: the block before it goes on here. */
static void begin(struct kn_qbe *r, bool open) {
  struct kn_qbe_inst jump = {.form = QF_JMP, .to = KN_QBE_NONE, .at = (uint32_t)(r->p - r->text)};
  jump.b = jump.c = label(r);
  end_line(r);
  if (r->failed || (open && !KN_QBE_PUSH(r, r->insts, jump))) return;
  struct kn_qbe_label *l = r->labels.at + jump.b;
  if (l->block != KN_QBE_NONE)
    kn_qbe_fail(r, r->text + jump.at, KILN_ERR_SYMBOL, "@%.*s is there twice",
                KN_QBE_SHOW(r->label_names.names.at + jump.b));
  l->block = r->blocks.n;
  if (r->blocks.n != 0) r->blocks.at[r->blocks.n - 1].end = r->insts.n;
  (void)KN_QBE_PUSH(
    r, r->blocks,
    (struct kn_qbe_block){.first = r->insts.n, .pairs = KN_QBE_NONE, .idom = KN_QBE_NONE});
}

/* The jump at the end of a block, if it goes to others; else NULL. */
static struct kn_qbe_inst *jump_of(struct kn_qbe *r, uint32_t block) {
  struct kn_qbe_inst *in = r->insts.at + r->blocks.at[block].end - 1;
  return in->form == QF_JMP || in->form == QF_JNZ ? in : NULL;
}

/* Puts blocks in the place of labels, and gives the operands of phis to the blocks that they come from. */
static void resolve(struct kn_qbe *r) {
  for (uint32_t i = 0; i < r->labels.n; i++)
    if (r->labels.at[i].block == KN_QBE_NONE)
      kn_qbe_fail(r, r->text + r->labels.at[i].at, KILN_ERR_STRUCTURE, "@%.*s is not there",
                  KN_QBE_SHOW(r->label_names.names.at + i));
  for (uint32_t i = 0; i < r->blocks.n && !r->failed; i++) {
    struct kn_qbe_inst *jump = jump_of(r, i);
    if (jump == NULL) continue;
    jump->b = r->labels.at[jump->b].block;
    jump->c = r->labels.at[jump->c].block;
    r->blocks.at[jump->b].seen++; /* for now: the number of blocks that jump here */
    r->blocks.at[jump->c].seen += jump->b != jump->c;
    if (jump->b == 0 || jump->c == 0)
      kn_qbe_fail(r, r->text + jump->at, KILN_ERR_STRUCTURE, "a jump to the first block");
  }
  for (uint32_t i = 0; i < r->blocks.n && !r->failed; i++) {
    uint32_t first = r->blocks.at[i].first, n_preds = r->blocks.at[i].seen;
    for (uint32_t k = first; k < first + r->blocks.at[i].phis && !r->failed; k++) {
      const struct kn_qbe_inst *in = r->insts.at + k;
      bool good = in->b == n_preds;
      for (uint32_t p = in->a; p < in->a + in->b; p++) {
        struct kn_qbe_pair *arg = r->pairs.at + p;
        uint32_t from = r->labels.at[arg->what].block;
        struct kn_qbe_block *b = r->blocks.at + from;
        const struct kn_qbe_inst *jump = jump_of(r, from);
        good &= jump != NULL && (jump->b == i || jump->c == i);
        good &= b->pairs == KN_QBE_NONE || r->pairs.at[b->pairs].what != k; /* not twice */
        arg->what = k;
        arg->next = b->pairs;
        b->pairs = p;
        if (arg->ref & 1) use(r, arg->ref / 2, from);
      }
      if (!good)
        kn_qbe_fail(r, r->text + in->at, KILN_ERR_STRUCTURE,
                    "this phi does not have one operand for each block that jumps here");
    }
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
  if (r->uses.n == 0) return;
  blocks[0].idom = 0;
  for (bool changed = true; changed && steps != 0;) {
    changed = false;
    for (uint32_t i = 0; i < r->blocks.n; i++) {
      const struct kn_qbe_inst *jump = jump_of(r, i);
      if (blocks[i].idom == KN_QBE_NONE) blocks[i].idom = 0;
      for (unsigned k = 0; jump != NULL && k < 2; k++) {
        struct kn_qbe_block *to = blocks + (k == 0 ? jump->b : jump->c);
        uint32_t old = to->idom;
        to->idom = old == KN_QBE_NONE ? i : meet(r, old, i, &steps);
        changed |= to->idom != old;
      }
    }
  }
  for (uint32_t i = 0; i < r->uses.n; i++) {
    struct kn_qbe_use u = r->uses.at[i];
    struct kn_qbe_temp *t = r->temps.at + u.temp;
    if (t->variable) continue;
    bool above = t->def_block < u.block && meet(r, t->def_block, u.block, &steps) == t->def_block;
    if (!above || (steps == 0 && t->def_block != 0)) t->variable = true;
  }
}

/* ---- the whole ---- */

void kn_qbe_function(struct kn_qbe *r, uint32_t global, const char *at) {
  bool open = false;
  r->temps.n = r->labels.n = r->cons.n = r->insts.n = r->pairs.n = r->blocks.n = r->uses.n = 0;
  kn_qbe_forget(&r->label_names);
  r->n_params = r->temp_names.names.n;
  r->result = r->types.at[0];
  if (!KN_QBE_ROOM(r, r->temps, r->n_params)) return;
  for (uint32_t i = 0; i < r->n_params; i++)
    r->temps.at[r->temps.n++] = (struct kn_qbe_temp){.class = kn_qbe_class(r->types.at[1 + i])};
  for (char c; (c = kn_qbe_past(r)) != '}' && !r->failed;) {
    if (c == '@') begin(r, open);
    else if (!open) kn_qbe_syntax(r, "a label or '}' is expected");
    open = c == '@' || !instruction(r);
  }
  if (open || r->blocks.n == 0) kn_qbe_syntax(r, "a jump is expected at the end of a function");
  if (r->failed) return;
  r->p++;
  r->blocks.at[r->blocks.n - 1].end = r->insts.n;
  for (uint32_t i = 0; i < r->temps.n; i++)
    if (r->temps.at[i].def_block == KN_QBE_NONE)
      kn_qbe_fail(r, r->text + r->temps.at[i].at, KILN_ERR_STRUCTURE, "%%%.*s is assigned nowhere",
                  KN_QBE_SHOW(r->temp_names.names.at + i));
  resolve(r);
  if (!r->failed) variables(r);
  if (!r->failed) kn_qbe_build(r, global, at);
  r->instructions += r->insts.n;
}
