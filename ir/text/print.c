/* Text printer, function level: kiln_func_print, and the numbering that text and diagnostics share.
 * Called by front ends and, for diagnostics, by kn_func_fail. Invariant: nothing is printed that
 * depends on the builder's indices: values are numbered in the order of printing. */
#include "ir/machine.h"
#include "ir/func.h"
#include "base/decimal.h"
#include "ir/text/text_form.h"

/* ---- operands ---- */

struct func_printer {
  struct kn_printer p;
  const kiln_func *f;
  uint32_t *number;  /* by the value's index */
  uint32_t done;     /* numbers below this are printed already */
  struct kn_loc loc; /* printed last */
  uint32_t last;     /* the newest instruction */
  struct kn_call_numbers calls;
};

static void text(struct func_printer *q, const char *s) { kn_put_text(&q->p, s); }
static void type(struct func_printer *q, unsigned t) { text(q, kiln_type_name((kiln_type)t)); }
static void number(struct func_printer *q, uint64_t v) { kn_put_unsigned(&q->p, v); }
static void word(struct func_printer *q, const char *s) {
  text(q, " ");
  text(q, s);
}

/* The decimals of `rest`, which is below 1, if at most six are all; their number, 0: there are more. By integers, since
 * arithmetic depends on the rounding mode: each step rounds to the 53 bits of a double, to nearest. */
static unsigned put_decimals(double rest, char decimals[6]) {
  uint64_t bits, m;
  memcpy(&bits, &rest, sizeof bits);
  bits &= INT64_MAX;
  unsigned n = 0, exponent = (unsigned)(bits >> 52), k = exponent != 0 ? 1075 - exponent : 1074;
  m = (bits & ((UINT64_C(1) << 52) - 1)) | (exponent != 0 ? UINT64_C(1) << 52 : 0);
  do {
    m *= 10;
    unsigned above = m >> 53 != 0 ? 11 - (unsigned)__builtin_clzll(m) : 0;
    uint64_t half = above != 0 ? UINT64_C(1) << (above - 1) : 0,
             left = m & (2 * half - (above != 0));
    m >>= above;
    m += above != 0 && (left > half || (left == half && (m & 1)));
    k -= above;
    uint64_t digit = k < 64 ? m >> k : 0;
    m -= k < 64 ? digit << k : 0;
    decimals[n++] = (char)('0' + digit);
  } while (m != 0 && n < 6);
  char text[8] = "0.";
  memcpy(text + 2, decimals, n);
  return m == 0 && kn_decimal_float(text, 2 + n, false) == bits ? n : 0;
}

/* Writes a float with its decimals, if a few of them say it exactly; else by its bits. Does not
 * depend on a locale. */
static void put_float(struct func_printer *q, unsigned t, uint64_t bits) {
  double v = 0;
  if (t == KILN_TYPE_F32) {
    uint32_t b = (uint32_t)bits;
    float single;
    memcpy(&single, &b, sizeof single);
    v = single;
  } else {
    memcpy(&v, &bits, sizeof v);
  }
  bool minus = bits >> (t == KILN_TYPE_F32 ? 31 : 63) != 0;
  double magnitude = minus ? -v : v;
  if (!(magnitude < 1e15)) { /* NaN too */
    kn_put_hex(&q->p, 0, bits);
    return;
  }
  uint64_t whole = (uint64_t)magnitude;
  char decimals[6];
  unsigned n = put_decimals(magnitude - (double)whole, decimals); /* that is exact */
  if (n == 0) {
    kn_put_hex(&q->p, 0, bits);
    return;
  }
  if (minus) text(q, "-");
  number(q, whole);
  text(q, ".");
  kn_put(&q->p, decimals, n);
}

/* `@type`, or `all`. `index`: in the function's table of types. */
static void caught(struct func_printer *q, uint64_t index) {
  uint32_t symbol = q->f->types.at[index - 1];
  if (symbol != 0) kn_put_symbol(&q->p, symbol);
  else text(q, "all");
}

static void put_const(struct func_printer *q, const struct kn_const *k) {
  if (k->is_typeid) {
    text(q, "typeid ");
    caught(q, k->low);
    return;
  }
  if (k->symbol) {
    kn_put_symbol(&q->p, k->symbol);
    kn_put_offset(&q->p, (int64_t)k->low);
    return;
  }
  if (k->type == KILN_TYPE_VOID) {
    kn_put_signed(&q->p, (int64_t)k->low);
    return;
  }
  type(q, k->type);
  text(q, " ");
  if (k->type == KILN_TYPE_F32 || k->type == KILN_TYPE_F64) put_float(q, k->type, k->low);
  else kn_put_hex(&q->p, k->high, k->low);
}

static void operand(struct func_printer *q, uint32_t h) {
  uint32_t i = kn_index(h);
  switch (kn_tag(h)) {
  case KN_TAG_VALUE:
    text(q, "v");
    number(q, q->number[i]);
    return;
  case KN_TAG_IMM: kn_put_signed(&q->p, kn_imm(h)); return;
  case KN_TAG_POOL: put_const(q, &q->f->pool.at[i]); return;
  case KN_TAG_SLOT:
    text(q, "slot");
    number(q, kn_slot_whole(q->f, i)->number);
    return;
  case KN_TAG_TRIED:
    text(q, kn_tried_exception(h) ? "exception " : "result ");
    number(q, kn_tried_number(h));
    return;
  case KN_TAG_FORWARD: break;
  }
  text(q, "?"); /* a finished function has no forward values */
}

/* An operand whose type the parser cannot know: written out if the value comes later. */
static void typed_operand(struct func_printer *q, uint32_t h) {
  if (kn_is_value(h) && q->number[h] >= q->done) {
    type(q, kn_value_type(q->f, h));
    text(q, " ");
  }
  operand(q, h);
}

/* ` + 8`: with spaces it is an instruction's displacement, without them an addend of the symbol. */
static void put_disp(struct func_printer *q, int32_t disp) {
  if (disp == 0) return;
  text(q, disp < 0 ? " - " : " + ");
  number(q, disp < 0 ? 0 - (uint64_t)(int64_t)disp : (uint64_t)disp);
}

static void address(struct func_printer *q, uint32_t h, int32_t disp) {
  if (kn_is_slot(h)) disp += (int32_t)q->f->slots.at[kn_index(h)].offset;
  operand(q, h);
  if (kn_is_pool(h)) put_disp(q, disp);
  else kn_put_offset(&q->p, disp);
}

static void align(struct func_printer *q, unsigned log2) {
  if (log2 == 0) return;
  text(q, " align ");
  number(q, UINT64_C(1) << log2);
}

static void mem_flags(struct func_printer *q, unsigned x) {
  align(q, KN_MEM_ALIGN(x));
  if (x & KILN_MEM_VOLATILE) text(q, " volatile");
  if (x & KILN_MEM_NONTEMPORAL) text(q, " nontemporal");
}

static void block_name(struct func_printer *q, uint32_t b) {
  text(q, "b");
  number(q, b);
}

/* `b2(v3, v4)`. The arguments of an edge are chained in any order. */
static void put_edge(struct func_printer *q, uint32_t edge) {
  const kiln_func *f = q->f;
  const struct kn_edge *e = &f->edges.at[edge];
  block_name(q, e->target);
  uint32_t n = f->blocks.at[e->target].n_params;
  if (n == 0) return;
  uint32_t few[16], *values = few;
  if (n > 16) {
    values = kn_realloc(f->module, NULL, n * sizeof *values);
    if (!values) {
      q->p.failed = true;
      return;
    }
  }
  memset(values, 0, n * sizeof *values);
  const struct kn_edge_arg *arg = kn_edge_first_arg(f, edge);
  for (; arg; arg = kn_edge_next_arg(f, arg))
    if (arg->index < n) values[arg->index] = arg->value;
  for (uint32_t i = 0; i < n; i++) {
    text(q, i == 0 ? "(" : ", ");
    operand(q, values[i]);
  }
  text(q, ")");
  if (values != few) kn_realloc(f->module, values, 0);
}

/* ---- instructions ---- */

/* Targets per line of a long list. */
enum { LIST_LINE = 8 };

static void put_targets(struct func_printer *q, const struct kn_inst *in, uint32_t n) {
  bool is_switch = in->op == KILN_OP_SWITCH;
  text(q, " [");
  for (uint32_t i = 0; i < n; i++) {
    if (i > 0) text(q, ",");
    if (n > LIST_LINE && i % LIST_LINE == 0) text(q, "\n    ");
    else if (i > 0) text(q, " ");
    if (is_switch) {
      const uint32_t *words = &q->f->lists.at[in->c + 2 * i];
      kn_put_signed(&q->p, (int64_t)((uint64_t)words[1] << 32 | words[0]));
      text(q, ": ");
    }
    put_edge(q, in->b + i + is_switch);
  }
  text(q, "]");
}

static void put_call(struct func_printer *q, const struct kn_inst *in) {
  const kiln_func *f = q->f;
  const struct kn_sig *sig = kn_sig(f->module, in->c);
  text(q, " ");
  operand(q, in->b);
  text(q, "(");
  for (uint32_t i = 0; i < in->x; i++) {
    if (i > 0) text(q, ", ");
    if (i < sig->n_params) operand(q, f->lists.at[in->a + i]);
    else typed_operand(q, f->lists.at[in->a + i]);
  }
  text(q, ")");
  if (kn_is_pool(in->b)) {
    const struct kn_const *k = &f->pool.at[kn_index(in->b)];
    if (k->symbol && kn_symbol(f->module, k->symbol)->sig == in->c) return;
  }
  text(q, " as ");
  kn_put_sig(&q->p, in->c);
}

/* ` to b1(result 0) unwind b2(exception 0) [catch @a, filter(@b, @c), cleanup]` */
static void put_unwind(struct func_printer *q, const struct kn_inst *in, uint32_t edge) {
  static const char *const kinds[] = {
    [KILN_CLAUSE_CATCH] = "catch ",
    [KILN_CLAUSE_CATCH_ALL] = "catch ",
    [KILN_CLAUSE_FILTER] = "filter(",
    [KILN_CLAUSE_CLEANUP] = "cleanup",
  };
  text(q, " to ");
  put_edge(q, edge);
  text(q, " unwind ");
  put_edge(q, edge + 1);
  uint32_t at, n = kn_try_clauses(q->f, in, &at);
  for (uint32_t i = 0; i < n; i++) {
    struct kn_clause c = kn_clause_at(q->f, &at);
    text(q, i == 0 ? " [" : ", ");
    text(q, kinds[c.kind]);
    for (uint32_t k = 0; k < c.n; k++) {
      if (k > 0) text(q, ", ");
      caught(q, c.types[k]);
    }
    if (c.kind == KILN_CLAUSE_FILTER) text(q, ")");
  }
  text(q, "]");
}

/* ` v1, v2`: all operands. */
static void put_list(struct func_printer *q, const struct kn_inst *in) {
  struct kn_operands o = kn_operands(q->f, in);
  for (uint32_t k = 0; k < o.n; k++) {
    text(q, k == 0 ? " " : ", ");
    operand(q, kn_operand(&o, k));
  }
}

static void put_registers(struct func_printer *q, const char *what, const uint8_t *regs,
                          uint32_t n) {
  for (uint32_t i = 0; i < n; i++) {
    if (i == 0) word(q, what);
    const char *name = kiln_register_name(kiln_module_processor(q->f->module), regs[i]);
    word(q, name ? name : "?");
  }
}

/* ` "\0f\a2" as (i32) -> i32 in rax out rdx lost rcx at 2 4 @f-4 with v1` */
static void put_asm(struct func_printer *q, const struct kn_inst *in) {
  const kiln_func *f = q->f;
  const struct kn_asm *a = &f->asms.at[in->b];
  const struct kn_sig *sig = kn_sig(f->module, in->c);
  const uint8_t *regs = f->asm_bytes.at + a->regs;
  uint8_t lost[64], n = 0;
  for (uint64_t m = a->lost; m; m &= m - 1) lost[n++] = (uint8_t)__builtin_ctzll(m);
  text(q, " ");
  kn_put_string(&q->p, f->asm_bytes.at + a->bytes, a->n_bytes);
  text(q, " as ");
  kn_put_sig(&q->p, in->c);
  put_registers(q, "in", regs, sig->n_params);
  put_registers(q, "out", regs + sig->n_params, sig->n_results);
  put_registers(q, "lost", lost, n);
  for (uint32_t i = 0; i < a->n_relocs; i++) {
    const kiln_asm_reloc *r = &f->asm_relocs.at[a->reloc + i];
    kn_put_form(&q->p, " at %u ", r->offset_bytes);
    const char *kind = kiln_reloc_name(r->kind);
    if (kind != NULL) text(q, kind);
    else number(q, (uint32_t)r->kind - KILN_RELOC_FORMAT);
    text(q, " ");
    if (r->slot != 0) kn_put_form(&q->p, "slot%u", r->slot - 1);
    else kn_put_symbol(&q->p, r->symbol.id);
    if (r->addend > 0) text(q, "+");
    if (r->addend) kn_put_signed(&q->p, r->addend);
  }
  if (a->label) {
    text(q, " label ");
    number(q, (uint64_t)(kn_symbol(f->module, a->label)->offset - KN_FIRST_LABEL));
  }
  align(q, a->align_log2);
  if (a->n_rows) {
    text(q, " rows ");
    kn_put_string(&q->p, f->asm_bytes.at + a->bytes + a->n_bytes, a->n_rows);
  }
  if (in->x) word(q, "with");
  put_list(q, in);
}

/* The condition that x names. */
static const char *condition(unsigned shape, unsigned x) {
  switch (kn_shape_info[shape].x) {
  case KN_X_ICOND: return kn_icond_names[x];
  case KN_X_FCOND: return kn_fcond_names[x];
  case KN_X_LANE_ICOND: return kn_icond_names[KN_LANE_NUMBER(x)];
  default: return kn_fcond_names[KN_LANE_NUMBER(x)];
  }
}

static void put_row(struct func_printer *q, const struct kn_inst *in) {
  char name[KILN_MAX_MACHINE_NAME];
  kn_machine_name(q->f->module->ir.machine, in->x, name);
  word(q, name);
  put_list(q, in);
}

/* Writes everything after the opcode: the items of the shape's syntax (<kiln/shapes.def>). */
static void put_items(struct func_printer *q, const struct kn_inst *in, const struct kn_block *b) {
  unsigned shape = kn_op_shape(in->op), x = in->x;
  uint32_t edge = b->edge_first;
  bool listed = false; /* an operand or block stands before */
  for (const char *item = kn_shape_info[shape].syntax; *item; item++) {
    if (strchr("abcmeS", *item) != NULL) {
      text(q, listed ? ", " : " ");
      listed = true;
    }
    switch (*item) {
    case 'a': operand(q, in->a); break;
    case 'b': operand(q, in->b); break;
    case 'c': operand(q, in->c); break;
    case 'v': put_list(q, in); break;
    case 't': word(q, kiln_type_name((kiln_type)x)); break;
    case 'l': word(q, kiln_type_name((kiln_type)KN_LANE(x))); break;
    case 'k': word(q, condition(shape, x)); break;
    case 'i':
    case 'n':
      text(q, ", ");
      number(q, KN_LANE_NUMBER(x));
      break;
    case 'x':
      if (KN_MEM_TYPE(x) == in->type) break;
      word(q, x & KILN_MEM_SEXT ? "sext" : "zext");
      word(q, kiln_type_name((kiln_type)KN_MEM_TYPE(x)));
      break;
    case 'm':
      address(q, in->a, (int32_t)in->c);
      mem_flags(q, x);
      break;
    case 'V': mem_flags(q, x); break;
    case 's':
      if (in->b == 0) break;
      text(q, " + ");
      operand(q, in->b);
      text(q, "*");
      number(q, x);
      break;
    case 'd': put_disp(q, (int32_t)in->c); break;
    case 'p': align(q, x); break;
    case 'o': word(q, kn_ordering_names[KN_ORDER(x)]); break;
    case 'f': word(q, kn_ordering_names[KN_ORDER_FAILURE(x)]); break;
    case 'r': word(q, kn_rmw_names[KN_ORDER_RMW(x)]); break;
    case '#':
      text(q, " ");
      number(q, x);
      break;
    case 'g':
      text(q, " ");
      number(q, x);
      text(q, " of ");
      operand(q, in->a);
      break;
    case 'w': put_row(q, in); break;
    case 'C': put_call(q, in); break;
    case 'M': put_asm(q, in); break;
    case 'e': put_edge(q, edge++); break;
    case 'S':
      put_edge(q, edge);
      put_targets(q, in, b->n_edges - 1);
      break;
    case 'J': put_targets(q, in, b->n_edges); break;
    case 'U': put_unwind(q, in, edge); break;
    }
  }
}

/* `!loc` if the location changes at instruction `i`. */
static void put_loc(struct func_printer *q, uint32_t i) {
  const kiln_func *f = q->f;
  const struct kn_loc loc = kn_loc_at(f, i);
  if (loc.line == q->loc.line && loc.column == q->loc.column &&
      kn_same_scope(&f->session->sources, loc, q->loc))
    return;
  q->loc = loc;
  if (loc.scope == 0) text(q, "  !loc none\n");
  else kn_put_loc(&q->p, f, &q->calls, loc, "  !loc ");
}

/* Is operand `h`, which is not 0, in the text already? */
static bool is_done(const struct func_printer *q, uint32_t h) {
  return h != 0 && !(kn_is_value(h) && q->number[h] >= q->done);
}

/* What variables are from instruction `i` on, and labels there: what was said since the instruction printed before. */
static void put_values(struct func_printer *q, uint32_t i) {
  const kiln_func *f = q->f;
  const struct kn_debug_value *at = f->debug.values.at;
  const uint32_t from = q->last < i ? q->last + 1 : i, n = f->debug.values.n;
  const uint32_t first = KN_COUNT_BEFORE(k, n, at[k].inst < from);
  for (const struct kn_debug_value *v = at + first; v < at + n && v->inst <= i; v++) {
    if (!kn_put_value_head(&q->p, f, &q->calls, v)) continue;
    if (!v->label) {
      bool known = is_done(q, v->value);
      for (const uint32_t *other = v->other; *other; other++) known &= is_done(q, *other);
      text(q, " ");
      if (known) operand(q, v->value);
      else text(q, "none");
      kn_put_value_words(&q->p, &q->calls, v);
      for (uint32_t k = 0; known && v->other[k] != 0; k++) {
        text(q, " other ");
        operand(q, v->other[k]);
        kn_put_form(&q->p, " at %u", v->other_at[k]);
      }
      kn_put_value_tail(&q->p, f, v);
    }
    text(q, "\n");
  }
}

static void put_inst(struct func_printer *q, uint32_t i, const struct kn_block *b) {
  const kiln_func *f = q->f;
  const struct kn_inst *in = &f->inst[i];
  if (f->debug.values.n) put_values(q, i);
  q->last = i;
  if (f->notes[KN_NOTE_LOC].n) put_loc(q, i);
  const struct kn_note *id = kn_note_at(f, KN_NOTE_CALL_ID, i);
  if (id != NULL) kn_put_form(&q->p, "  !id %u\n", id->a);
  text(q, "  ");
  if (f->val[i].type != KILN_TYPE_VOID) {
    text(q, "v");
    number(q, q->number[i]);
    text(q, " = ");
  }
  text(q, kn_op_info[in->op].name);
  if (kn_op_spells_type(in->op)) {
    text(q, ".");
    type(q, in->type);
  }
  put_items(q, in, b);
  text(q, "\n");
}

/* ---- the function ---- */

static uint32_t next_param(const kiln_func *f, const struct kn_block *b, uint32_t v) {
  return b->contiguous ? v + 1 : f->inst[v].b;
}

/* Numbers parameters and instructions in the order of printing. */
static void number_values(struct func_printer *q) {
  const kiln_func *f = q->f;
  uint32_t n = 0;
  for (uint32_t k = 0; k < f->order.n; k++) {
    const struct kn_block *b = &f->blocks.at[f->order.at[k]];
    for (uint32_t i = 0, v = b->param_first; i < b->n_params; i++, v = next_param(f, b, v))
      q->number[v] = n++;
    for (uint32_t i = kn_inst_settle(f, b->first);; i = kn_inst_settle(f, i + 1)) {
      q->number[i] = n++;
      if (i == b->term) break;
    }
  }
}

static void put_attrs(struct func_printer *q) {
  const kiln_func_attrs *a = &q->f->attrs;
  for (unsigned k = 0; k < KN_FUNC_WORDS; k++) {
    if (k == 5 && a->inlining != KILN_INLINE_BY_SIZE)
      kn_put_form(&q->p, "  !inline %s\n", kn_inline_names[a->inlining]);
    if (*kn_attr_flag(a, &kn_func_words[k])) kn_put_form(&q->p, "  !%s\n", kn_func_words[k].word);
  }
  if (a->probe_bytes != 0) kn_put_form(&q->p, "  !probe %u\n", a->probe_bytes);
  if (a->guard != KILN_GUARD_NONE) kn_put_form(&q->p, "  !guard %s\n", kn_guard_names[a->guard]);
  if (a->protection != q->f->module->attrs.protection) {
    text(q, "  !protect");
    if (a->protection == 0) text(q, " none");
    kn_put_protection(&q->p, a->protection);
    text(q, "\n");
  }
}

static void put_slots(struct func_printer *q) {
  for (uint32_t i = 0; i < q->f->slots.n; i++) {
    const struct kn_slot *s = &q->f->slots.at[i];
    if (s->parent != 0) continue;
    kn_put_form(&q->p, "  slot%u = slot %u", s->number, s->size_bytes);
    align(q, s->align_log2);
    if (s->array) text(q, " array");
    if (s->memory & KN_MEMORY_ROOT) text(q, " root");
    text(q, "\n");
  }
}

/* What kiln_func_set_reference says of a value. */
static void put_reference(struct func_printer *q, uint32_t i) {
  const struct kn_note *note = kn_note_at(q->f, KN_NOTE_REFERENCE, i);
  if (note == NULL) return;
  text(q, note->a != 0 ? "  !reference " : "  !plain ");
  operand(q, i);
  text(q, "\n");
}

/* The k-th block that is printed. */
static void put_block(struct func_printer *q, uint32_t k) {
  const kiln_func *f = q->f;
  uint32_t id = f->order.at[k];
  const struct kn_block *b = &f->blocks.at[id];
  /* debuggers are told of the location of parameters too, which stands before their block */
  if (b->n_params != 0 && k != 0 && f->debug.subprogram != 0) put_loc(q, b->param_first);
  block_name(q, id);
  for (uint32_t i = 0, v = b->param_first; i < b->n_params; i++, v = next_param(f, b, v)) {
    text(q, i == 0 ? "(" : ", ");
    operand(q, v);
    text(q, ": ");
    type(q, f->inst[v].type);
    q->done++;
  }
  text(q, b->n_params ? "):\n" : ":\n");
  for (uint32_t i = 0, v = b->param_first; i < b->n_params; i++, v = next_param(f, b, v))
    put_reference(q, v);
  for (uint32_t i = kn_inst_settle(f, b->first);; i = kn_inst_settle(f, i + 1), q->done++) {
    put_inst(q, i, b);
    put_reference(q, i);
    if (i == b->term) break;
  }
  q->done++;
}

kiln_status kiln_func_print(kiln_func *f, kiln_buffer *out) {
  if (f == NULL || out == NULL) return KILN_ERR_ARGUMENT;
  if (!f->facts.finished || f->status != KILN_OK)
    return f->status != KILN_OK ? f->status : KILN_ERR_ARGUMENT;
  struct func_printer q = {.p = {.module = f->module, .out = out}, .f = f};
  q.number = kn_realloc(f->module, NULL, (size_t)f->n * sizeof *q.number);
  if (!q.number || !kn_put_locs_begin(&q.p, f, &q.calls)) {
    kn_realloc(f->module, q.number, 0);
    return KILN_ERR_MEMORY;
  }
  number_values(&q);
  kn_put_func_head(&q.p, "func", f->symbol);
  if (f->attrs.personality.id != 0) {
    text(&q, " personality ");
    kn_put_symbol(&q.p, f->attrs.personality.id);
  }
  text(&q, " {\n");
  put_attrs(&q);
  put_slots(&q);
  kn_put_func_debug(&q.p, f, &q.calls);
  for (uint32_t k = 0; k < f->order.n; k++) put_block(&q, k);
  text(&q, "}\n");
  kn_realloc(f->module, q.number, 0);
  kn_realloc(f->module, q.calls.at, 0);
  kn_symbol(f->module, f->symbol)->printed = 1;
  return q.p.failed ? KILN_ERR_MEMORY : KILN_OK;
}
