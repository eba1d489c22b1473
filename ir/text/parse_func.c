/* Text parser, function level: labels, values, instructions of one body, by the public builder.
 * parse.c calls it once per function. Invariant: each line is read by one call of parse_line, and
 * its first error is reported at that line. */
#include "ir/ops.h"
#include "ir/text/text_form.h"
#include <stdio.h>

bool kn_parse_ops(struct kn_parser *p) {
  for (uint32_t i = 0; i < KILN_OP_COUNT; i++) {
    const char *name = kn_op_info[i].name;
    struct kn_name *e = kn_names_find(p->module, &p->ops, name, strlen(name), true);
    if (!e) return kn_parse_fail(p, NULL, KILN_ERR_MEMORY, "out of memory");
    e->value = i;
  }
  return true;
}

/* ---- instructions ---- */

/* The clauses of a try, and the types that its filters name. */
struct clauses {
  KN_ARRAY(kiln_clause) list;
  KN_ARRAY(kiln_symbol) types;
};

/* An instruction while its line is being read: what the items of its syntax gave. */
struct line {
  const struct kn_token *op; /* its opcode, for messages */
  kiln_op opcode;
  kiln_type type;
  kiln_type from;    /* what x says: of the operand, of lanes, in memory, or VOID */
  kiln_value v[3];   /* operands by field; what a call or row has is in p->args.at */
  unsigned operands; /* operands and blocks read so far that commas part */
  unsigned word;     /* condition, operation of a read-modify-write, number */
  unsigned flags;    /* KILN_MEM_... */
  int32_t disp;
  kiln_ordering order, failure;
  kiln_sig sig;
  struct {
    kiln_block block;
    uint32_t n; /* arguments, in p->args.at after those of the edge before */
  } edge[2];
  unsigned n_edges;
  kiln_value result;
};

static bool word_of(struct kn_parser *p, const char *const *names, unsigned n, const char *what,
                    unsigned *out) {
  for (unsigned i = 0; i < n; i++) {
    if (kn_parse_word(p, names[i])) {
      *out = i;
      return true;
    }
  }
  return kn_parse_expected(p, what);
}

static bool parse_order(struct kn_parser *p, kiln_ordering *out) {
  unsigned v = 0;
  bool ok = word_of(p, kn_ordering_names, KILN_ORDERING_COUNT,
                    "relaxed, acquire, release, acq_rel or seq_cst", &v);
  *out = (kiln_ordering)v;
  return ok;
}

static bool mem_flags(struct kn_parser *p, unsigned *flags) {
  for (;;) {
    if (kn_parse_word(p, "volatile")) {
      *flags |= KILN_MEM_VOLATILE;
    } else if (kn_parse_word(p, "nontemporal")) {
      *flags |= KILN_MEM_NONTEMPORAL;
    } else if (kn_parse_word(p, "align")) {
      uint8_t n;
      if (!kn_parse_align(p, 15, &n)) return false;
      *flags |= KILN_MEM_ALIGN(n);
    } else {
      return true;
    }
  }
}

/* `+ index*scale`, if there is an index: what is read as one may be the displacement. */
static bool parse_index(struct kn_parser *p, struct line *l) {
  uint64_t scale;
  struct kn_lexer before = p->lx;
  if (!kn_parse_take(p, '+')) return true;
  bool number = p->lx.tok.kind == KN_TOK_INT || kn_parse_is(p, '-');
  if (!kn_parse_operand(p, KILN_TYPE_PTR, &l->v[1])) return false;
  if (kn_parse_take(p, '*')) {
    if (!kn_parse_number(p, UINT16_MAX, "a scale", &scale)) return false;
    l->word = (unsigned)scale;
    return true;
  }
  if (!number) return kn_parse_expected(p, "'*'");
  l->v[1] = (kiln_value){0};
  p->lx = before;
  return true;
}

/* Skips from `(` to after its `)`. */
static bool skip_parens(struct kn_parser *p) {
  int depth = 0;
  do {
    if (p->lx.tok.kind == KN_TOK_NEWLINE || p->lx.tok.kind == KN_TOK_EOF ||
        p->lx.tok.kind == KN_TOK_BAD)
      return kn_parse_expected(p, "')'");
    depth += kn_parse_is(p, '(');
    depth -= kn_parse_is(p, ')');
    kn_parse_next(p);
  } while (depth > 0);
  return true;
}

/* `@f(v1, v2) as SIGNATURE`; the arguments are left in p->args. */
static bool parse_callee(struct kn_parser *p, struct line *l) {
  kiln_sig sig = {0};
  struct kn_token t = p->lx.tok;
  if (t.kind == KN_TOK_SYMBOL) { /* its signature is the call's unless another one follows */
    struct kn_lexer before = p->lx;
    kiln_symbol s;
    if (!kn_parse_symbol(p, &s, NULL)) return false;
    p->lx = before;
    sig = kiln_symbol_get(p->module, s).sig;
  }
  if (!kn_parse_operand(p, KILN_TYPE_PTR, &l->v[0])) return false;
  if (!kn_parse_is(p, '(')) return kn_parse_expected(p, "'('");
  struct kn_lexer list = p->lx;
  if (!skip_parens(p)) return false;
  if (kn_parse_word(p, "as") && !kn_parse_sig(p, &sig)) return false;
  if (sig.id == 0) return kn_parse_expected(p, "'as' and a signature");
  struct kn_lexer end = p->lx;
  p->lx = list;
  kn_parse_next(p);
  for (uint32_t i = 0; !kn_parse_take(p, ')'); i++) {
    kiln_value v;
    if (i && !kn_parse_want(p, ',')) return false;
    kiln_sig_info info = kiln_sig_get(p->module, sig);
    kiln_type want = i < info.n_params ? (kiln_type)info.params[i].type : KILN_TYPE_VOID;
    if (!kn_parse_operand(p, want, &v) || !kn_parse_push_arg(p, v)) return false;
  }
  p->lx = end;
  l->sig = sig;
  return true;
}

/* `catch @a`, `catch all`, `filter(@a, @b)`, `cleanup`. */
static bool parse_clause(struct kn_parser *p, struct clauses *c, kiln_clause *out) {
  *out = (kiln_clause){.kind = KILN_CLAUSE_CLEANUP};
  if (kn_parse_word(p, "cleanup")) return true;
  if (kn_parse_word(p, "catch")) {
    if (!kn_parse_caught(p, &out->type)) return false;
    out->kind = out->type.id != 0 ? KILN_CLAUSE_CATCH : KILN_CLAUSE_CATCH_ALL;
    return true;
  }
  if (!kn_parse_word(p, "filter")) return kn_parse_expected(p, "catch, filter or cleanup");
  out->kind = KILN_CLAUSE_FILTER;
  if (!kn_parse_want(p, '(')) return false;
  while (!kn_parse_take(p, ')')) {
    if (out->n_types != 0 && !kn_parse_want(p, ',')) return false;
    if (!KN_ROOM(p->module, c->types, 1)) return kn_parse_no_memory(p);
    if (!kn_parse_caught(p, &c->types.at[c->types.n])) return false;
    c->types.n++;
    out->n_types++;
  }
  return true;
}

/* `[catch @a, cleanup]`: fills in the clauses of `t`. */
static bool parse_clauses(struct kn_parser *p, kiln_try_desc *t, struct clauses *c) {
  if (!kn_parse_want(p, '[')) return false;
  kn_parse_skip_newlines(p);
  while (!kn_parse_take(p, ']')) {
    if (c->list.n != 0 && !kn_parse_want(p, ',')) return false;
    kn_parse_skip_newlines(p);
    kiln_clause clause;
    if (!parse_clause(p, c, &clause)) return false;
    if (!KN_PUSH(p->module, c->list, clause)) return kn_parse_no_memory(p);
    kn_parse_skip_newlines(p);
  }
  const kiln_symbol *next = c->types.at;
  for (uint32_t i = 0; i < c->list.n; i++) {
    c->list.at[i].types = next;
    if (c->list.at[i].n_types != 0) next += c->list.at[i].n_types;
  }
  t->clauses = c->list.at;
  t->n_clauses = c->list.n;
  return true;
}

/* `b1(v1, v2)`, the next edge's. */
static bool parse_edge(struct kn_parser *p, struct line *l) {
  struct kn_label *b = kn_parse_label(p);
  if (!b || !kn_parse_edge_args(p, b, &l->edge[l->n_edges].n)) return false;
  /* moves: labels stay where they are while a function is built */
  l->edge[l->n_edges++].block.id = b->id;
  return true;
}

/* ` to b1(result 0) unwind b2(exception 0, exception 1) [catch @a, cleanup]`, after a callee. */
static bool parse_unwind(struct kn_parser *p, struct line *l) {
  kiln_try_desc t = {.sig = l->sig, .callee = l->v[0], .n_args = p->args.n};
  struct clauses clauses = {0};
  p->try_sig = t.sig;
  bool ok = (kn_parse_word(p, "to") || kn_parse_expected(p, "'to'")) && parse_edge(p, l) &&
            (kn_parse_word(p, "unwind") || kn_parse_expected(p, "'unwind'")) && parse_edge(p, l);
  p->try_sig.id = 0;
  ok = ok && parse_clauses(p, &t, &clauses);
  if (ok) {
    t.normal = l->edge[0].block;
    t.n_normal_args = l->edge[0].n;
    t.unwind = l->edge[1].block;
    t.n_unwind_args = l->edge[1].n;
    t.args = p->args.at;
    t.normal_args = p->args.at + t.n_args;
    t.unwind_args = t.normal_args + t.n_normal_args;
    kiln_build_try(p->func, &t);
  }
  kn_realloc(p->module, clauses.list.at, 0);
  kn_realloc(p->module, clauses.types.at, 0);
  return ok;
}

/* Gives the arguments just read, the last `n` of p->args.at, to the edges to `b`: once per target, since they are the
 * same on all edges of one terminator to it. Constants are new handles each time, so arguments that differ may still
 * be spelled the same. `at`: the block's name. */
static bool give_args(struct kn_parser *p, struct kn_label *b, const struct kn_token *at,
                      uint32_t n) {
  uint32_t first = p->args.n - n;
  const char *end = p->lx.tok.text;
  while (end > at->text && (end[-1] == ' ' || end[-1] == '\t')) end--;
  size_t length = (size_t)(end - at->text);
  if (b->seen == p->serial) {
    p->args.n = first;
    bool same =
      b->seen_n == n &&
      (n == 0 ||
       memcmp(p->args.at + b->seen_args, p->args.at + first, n * sizeof *p->args.at) == 0 ||
       (b->seen_length == length && memcmp(b->seen_text, at->text, length) == 0));
    return same || kn_parse_syntax(p, at, "all edges to one block have the same arguments here");
  }
  b->seen_text = at->text;
  b->seen_length = length;
  b->seen = p->serial;
  b->seen_args = first;
  b->seen_n = n;
  kiln_block from = kiln_block_current(p->func);
  for (uint32_t i = 0; i < n; i++) {
    kiln_edge_set_arg(p->func, from, (kiln_block){b->id}, i, p->args.at[first + i]);
  }
  return true;
}

/* `b9 [1: b2, 2: b3(v4)]` of a switch, `[b2, b3]` of a brind. */
static bool parse_many(struct kn_parser *p, struct line *l, bool is_switch) {
  KN_ARRAY(kiln_switch_case) cases = {0};
  KN_ARRAY(kiln_block) targets = {0};
  uint32_t n_args;
  kiln_block otherwise = {0};
  struct kn_token t = p->lx.tok;
  p->serial++;
  if (is_switch) {
    struct kn_label *b = kn_parse_label(p);
    if (!b || !kn_parse_edge_args(p, b, &n_args)) return false;
    /* moves: labels stay where they are while a function is built */
    if (!give_args(p, b, &t, n_args)) return false;
    otherwise.id = b->id;
  }
  bool ok = kn_parse_want(p, '[');
  kn_parse_skip_newlines(p);
  while (ok && !kn_parse_take(p, ']')) {
    int64_t value = 0;
    if (cases.n && !(ok = kn_parse_want(p, ','))) break;
    kn_parse_skip_newlines(p);
    if (is_switch) {
      bool minus = kn_parse_take(p, '-');
      uint64_t bits;
      struct kn_token number = p->lx.tok;
      ok = kn_parse_number(p, UINT64_MAX, "a case", &bits);
      if (ok && minus && bits > UINT64_C(1) << 63)
        ok = kn_parse_fail(p, &number, KILN_ERR_LIMIT, "the case has more than 64 bits");
      value = (int64_t)(minus ? 0 - bits : bits);
      ok = ok && kn_parse_want(p, ':');
    }
    t = p->lx.tok;
    struct kn_label *b = ok ? kn_parse_label(p) : NULL;
    ok = b && kn_parse_edge_args(p, b, &n_args) && give_args(p, b, &t, n_args);
    if (!ok) break;
    ok = (KN_PUSH(p->module, targets, (kiln_block){b->id}) &&
          KN_PUSH(p->module, cases, (kiln_switch_case){value, {b->id}})) ||
         kn_parse_no_memory(p);
    kn_parse_skip_newlines(p);
  }
  if (ok && is_switch) kiln_build_switch(p->func, l->type, l->v[0], otherwise, cases.at, cases.n);
  if (ok && !is_switch) kiln_build_brind(p->func, l->v[0], targets.at, targets.n);
  kn_realloc(p->module, cases.at, 0);
  kn_realloc(p->module, targets.at, 0);
  return ok;
}

/* The results, as operands: left in p->args. */
static bool parse_results(struct kn_parser *p) {
  kiln_sig sig = kiln_symbol_get(p->module, kiln_func_symbol(p->func)).sig;
  for (uint32_t i = 0; p->lx.tok.kind != KN_TOK_NEWLINE && !kn_parse_is(p, '}'); i++) {
    kiln_sig_info info = kiln_sig_get(p->module, sig);
    kiln_type want = i < info.n_results ? (kiln_type)info.results[i] : KILN_TYPE_VOID;
    kiln_value v;
    if (i && !kn_parse_want(p, ',')) return false;
    if (!kn_parse_operand(p, want, &v) || !kn_parse_push_arg(p, v)) return false;
  }
  return true;
}

static bool parse_slot(struct kn_parser *p, struct line *l) {
  uint64_t size;
  uint8_t align = 0;
  if (!kn_parse_number(p, INT64_MAX, "a size in bytes", &size)) return false;
  if (kn_parse_word(p, "align") && !kn_parse_align(p, 31, &align)) return false;
  l->result = kiln_slot_new(p->func, size, align);
  if (kn_parse_word(p, "array")) kiln_slot_set_array(p->func, l->result);
  if (kn_parse_word(p, "root")) kiln_slot_set_root(p->func, l->result);
  return true;
}

/* row a, b, c: as many operands as the row has. */
static bool parse_machine(struct kn_parser *p, struct line *l) {
  struct kn_token at = p->lx.tok;
  kiln_machine_info row;
  kiln_value v[KILN_MAX_MACHINE_OPERANDS];
  if (at.kind != KN_TOK_IDENT) return kn_parse_expected(p, "an instruction of the target");
  if (!kiln_machine_find(kiln_module_processor(p->module), at.text, at.length, &row) ||
      row.op != l->opcode || (row.result != KILN_TYPE_VOID && row.result != l->type))
    return kn_parse_fail(p, &at, KILN_ERR_ARGUMENT,
                         "the target has no instruction '%.*s' of this operation and type",
                         (int)at.length, at.text);
  kn_parse_next(p);
  for (unsigned k = 0; k < row.n_operands; k++)
    if (k == 0 ? !kn_parse_operand(p, row.operands[k], &v[k])
               : !kn_parse_comma_operand(p, row.operands[k], &v[k]))
      return false;
  l->result = kiln_build_machine(p->func, row.row, v, row.n_operands);
  return true;
}

/* The type that the operand in field `k` must have. */
static kiln_type wanted(const struct line *l, unsigned k) {
  switch ((unsigned)kn_shape_info[kn_op_shape(l->opcode)].operand[k]) {
  case KN_OPERAND_PTR: return KILN_TYPE_PTR;
  case KN_OPERAND_I8: return KILN_TYPE_I8;
  case KN_OPERAND_FROM:
  case KN_OPERAND_LANE: return l->from;
  default: return l->type;
  }
}

static bool parse_condition(struct kn_parser *p, struct line *l) {
  unsigned kind = kn_shape_info[kn_op_shape(l->opcode)].x;
  if (kind == KN_X_ICOND || kind == KN_X_LANE_ICOND)
    return word_of(p, kn_icond_names, KILN_ICOND_COUNT, "an integer condition", &l->word);
  return word_of(p, kn_fcond_names, KILN_FCOND_COUNT, "a float condition", &l->word);
}

/* A number of up to `max`, which `what` names. */
static bool parse_word(struct kn_parser *p, uint64_t max, const char *what, struct line *l) {
  uint64_t v = 0;
  bool ok = kn_parse_number(p, max, what, &v);
  l->word = (unsigned)v;
  return ok;
}

/* `sext i8`: the type in memory, if it is another one than the value's. */
static bool parse_extension(struct kn_parser *p, struct line *l) {
  bool is_signed = kn_parse_is_word(p, "sext");
  if (!is_signed && !kn_parse_is_word(p, "zext")) return true;
  if (is_signed) l->flags = KILN_MEM_SEXT;
  kn_parse_next(p);
  return kn_parse_type(p, &l->from);
}

static bool parse_memory(struct kn_parser *p, struct line *l) {
  return kn_parse_operand(p, KILN_TYPE_PTR, &l->v[0]) && kn_parse_disp(p, &l->disp) &&
         mem_flags(p, &l->flags);
}

static bool parse_align(struct kn_parser *p, struct line *l) {
  uint8_t log2 = 0;
  bool ok = !kn_parse_word(p, "align") || kn_parse_align(p, 31, &log2);
  l->word = log2;
  return ok;
}

/* Reads an item of the syntax (<kiln/shapes.def>). */
static bool parse_item(struct kn_parser *p, struct line *l, char item) {
  if (strchr("abcmeS", item) != NULL && l->operands++ != 0 && !kn_parse_want(p, ',')) return false;
  switch (item) {
  case 'a':
  case 'b':
  case 'c': return kn_parse_operand(p, wanted(l, (unsigned)(item - 'a')), &l->v[item - 'a']);
  case 'v': return parse_results(p);
  case 't':
  case 'l': return kn_parse_type(p, &l->from);
  case 'k': return parse_condition(p, l);
  case 'i':
  case 'n': return kn_parse_want(p, ',') && parse_word(p, UINT8_MAX, "a lane or count", l);
  case 'x': return parse_extension(p, l);
  case 'm': return parse_memory(p, l);
  case 'V': return mem_flags(p, &l->flags);
  case 's': return parse_index(p, l);
  case 'd': return kn_parse_disp(p, &l->disp);
  case 'p': return parse_align(p, l);
  case 'o': return parse_order(p, &l->order);
  case 'f': return parse_order(p, &l->failure);
  case 'r': return word_of(p, kn_rmw_names, KILN_RMW_COUNT, "an operation of atomic_rmw", &l->word);
  case '#': return parse_word(p, UINT16_MAX, "a level", l);
  case 'g':
    return parse_word(p, UINT16_MAX, "a result's number", l) &&
           (kn_parse_word(p, "of") || kn_parse_expected(p, "'of'")) &&
           kn_parse_operand(p, KILN_TYPE_VOID, &l->v[0]);
  case 'w': return parse_machine(p, l);
  case 'C': return parse_callee(p, l);
  case 'M': return kn_parse_asm(p, &l->result);
  case 'e': return parse_edge(p, l);
  case 'S': return parse_many(p, l, true);
  case 'J': return parse_many(p, l, false);
  case 'U': return parse_unwind(p, l);
  default: return false;
  }
}

/* Builds the instruction of what was read. Those with lists of their own are built by their items. */
static void build(struct kn_parser *p, struct line *l) {
  kiln_func *f = p->func;
  kiln_value a = l->v[0], b = l->v[1], c = l->v[2];
  switch (kn_op_shape(l->opcode)) {
  case KN_SH_NULLARY:
  case KN_SH_NULLARYV: l->result = kiln_build_nullary(f, l->opcode); break;
  case KN_SH_UN:
  case KN_SH_UNV:
  case KN_SH_SLOTV: l->result = kiln_build_unary(f, l->opcode, l->type, a); break;
  case KN_SH_BIN:
  case KN_SH_BINV: l->result = kiln_build_binary(f, l->opcode, l->type, a, b); break;
  case KN_SH_TERN: l->result = kiln_build_ternary(f, l->opcode, l->type, a, b, c); break;
  case KN_SH_MEM3:
  case KN_SH_MEMSET: kiln_build_memory(f, l->opcode, a, b, c, l->flags); break;
  case KN_SH_CONV_II:
  case KN_SH_CONV_FF:
  case KN_SH_CONV_FI:
  case KN_SH_CONV_IF:
  case KN_SH_CONV_BITS: l->result = kiln_build_convert(f, l->opcode, l->type, l->from, a); break;
  case KN_SH_VUN:
  case KN_SH_VBIN:
  case KN_SH_VICMP:
  case KN_SH_VFCMP:
  case KN_SH_VSHIFT:
  case KN_SH_VSPLAT:
  case KN_SH_VEXTRACT:
  case KN_SH_VINSERT:
    l->result = kiln_build_vector(f, l->opcode, l->type, l->from, l->word, a, b);
    break;
  case KN_SH_ICMP: l->result = kiln_build_icmp(f, (kiln_icond)l->word, l->type, a, b); break;
  case KN_SH_FCMP: l->result = kiln_build_fcmp(f, (kiln_fcond)l->word, l->type, a, b); break;
  case KN_SH_SELECT: l->result = kiln_build_select(f, l->type, a, b, c); break;
  case KN_SH_LOAD:
    l->result = l->from == KILN_TYPE_VOID
                  ? kiln_build_load(f, l->type, a, l->disp, l->flags)
                  : kiln_build_load_ext(f, l->type, l->from, a, l->disp, l->flags);
    break;
  case KN_SH_STORE: kiln_build_store(f, l->type, a, l->disp, b, l->flags); break;
  case KN_SH_ADDR: l->result = kiln_build_addr(f, a, b, l->word, l->disp); break;
  case KN_SH_SALLOC: l->result = kiln_build_salloc(f, a, l->word); break;
  case KN_SH_ATOMIC_LOAD: l->result = kiln_build_atomic_load(f, l->type, a, l->order); break;
  case KN_SH_ATOMIC_STORE: kiln_build_atomic_store(f, l->type, a, b, l->order); break;
  case KN_SH_ATOMIC_RMW:
    l->result = kiln_build_atomic_rmw(f, (kiln_rmw)l->word, l->type, a, b, l->order);
    break;
  case KN_SH_ATOMIC_CAS:
    l->result = kiln_build_atomic_cas(f, l->type, a, b, c, l->order, l->failure);
    break;
  case KN_SH_FENCE: kiln_build_fence(f, l->order); break;
  case KN_SH_CALL: l->result = kiln_build_call(f, l->sig, a, p->args.at, p->args.n); break;
  case KN_SH_TAILCALL: kiln_build_tailcall(f, l->sig, a, p->args.at, p->args.n); break;
  case KN_SH_VA_ARG: l->result = kiln_build_va_arg(f, l->type, a); break;
  case KN_SH_LEVEL: l->result = kiln_build_level(f, l->opcode, l->word); break;
  case KN_SH_RESULT: l->result = kiln_build_result(f, a, l->word); break;
  case KN_SH_BR: kiln_build_br(f, l->edge[0].block, p->args.at, l->edge[0].n); break;
  case KN_SH_BRIF:
    kiln_build_brif(f, a, l->edge[0].block, p->args.at, l->edge[0].n, l->edge[1].block,
                    p->args.at + l->edge[0].n, l->edge[1].n);
    break;
  case KN_SH_RET: kiln_build_ret(f, p->args.at, p->args.n); break;
  case KN_SH_MACHINE:
  case KN_SH_MACHINEV:
  case KN_SH_SWITCH:
  case KN_SH_BRIND:
  case KN_SH_TRY:
  case KN_SH_ASM: break;
  case KN_SH_INTERNAL:
  case KN_SH_COUNT:
    kiln_func_fail(f, KILN_ERR_UNSUPPORTED, "the text form does not have this operation");
    break;
  }
}

/* Reads the rest of an instruction after its opcode. */
static bool parse_operands(struct kn_parser *p, struct line *l) {
  for (const char *item = kn_shape_info[kn_op_shape(l->opcode)].syntax; *item; item++)
    if (!parse_item(p, l, *item)) return false;
  build(p, l);
  return true;
}

/* ---- lines ---- */

/* Reads an instruction, whose first word was taken. */
static bool parse_inst(struct kn_parser *p, const struct kn_token *op,
                       const struct kn_token *dest) {
  struct line l = {.op = op};
  p->args.n = 0;
  kiln_func_set_text_position(p->func, op->line, op->column);
  bool ok;
  if (op->length == 4 && memcmp(op->text, "slot", 4) == 0) {
    ok = parse_slot(p, &l);
  } else {
    const char *dot = memchr(op->text, '.', op->length);
    uint32_t length = dot ? (uint32_t)(dot - op->text) : op->length;
    struct kn_name *e = kn_names_find(p->module, &p->ops, op->text, length, false);
    const struct kn_op_info *info = e ? &kn_op_info[e->value] : NULL;
    unsigned state = info ? kn_shape_info[info->shape].state : KN_SHAPE_INTERNAL;
    if (state == KN_SHAPE_INTERNAL)
      return kn_parse_fail(p, op, KILN_ERR_SYNTAX, "unknown operation '%.*s'",
                           (int)(length < 64 ? length : 64), op->text);
    l.opcode = (kiln_op)e->value;
    bool spelled = kn_op_spells_type(l.opcode);
    kiln_type only = (kiln_type)kn_op_only_type(l.opcode);
    if (dot) {
      l.type = kn_parse_type_of(dot + 1, op->length - length - 1);
      if (l.type == KILN_TYPE_VOID)
        return kn_parse_syntax(p, op, "an unknown type after the operation");
      if (!spelled && only == KILN_TYPE_VOID)
        return kn_parse_fail(p, op, KILN_ERR_SYNTAX, "'%s' takes no type", info->name);
    } else if (only != KILN_TYPE_VOID) {
      l.type = only;
    } else if (spelled) {
      return kn_parse_fail(p, op, KILN_ERR_SYNTAX, "'%s' needs a type, such as '%s.i32'",
                           info->name, info->name);
    }
    ok = parse_operands(p, &l);
  }
  if (!ok) return false;
  p->status = kiln_func_status(p->func);
  if (p->status != KILN_OK) return false;
  if (!dest) return true;
  if (l.result.id == 0) return kn_parse_syntax(p, dest, "the operation gives no value");
  return kn_parse_define(p, dest, l.result);
}

/* `!reference v3`, `!plain v4` */
static bool parse_reference(struct kn_parser *p, bool is_reference) {
  kiln_value v;
  kiln_func_set_text_position(p->func, p->lx.tok.line, p->lx.tok.column);
  if (!kn_parse_operand(p, KILN_TYPE_VOID, &v)) return false;
  kiln_func_set_reference(p->func, v, is_reference);
  p->status = kiln_func_status(p->func);
  return p->status == KILN_OK;
}

/* `!id 7`, before a call */
static bool parse_id(struct kn_parser *p) {
  uint64_t id;
  kiln_func_set_text_position(p->func, p->lx.tok.line, p->lx.tok.column);
  if (!kn_parse_number(p, UINT32_MAX, "the id of a call", &id)) return false;
  kiln_func_set_call_id(p->func, (uint32_t)id);
  p->status = kiln_func_status(p->func);
  return p->status == KILN_OK;
}

bool kn_parse_attr_flag(struct kn_parser *p, const struct kn_attr_word *words, unsigned n,
                        void *attrs) {
  for (unsigned k = 0; k < n; k++)
    if (kn_parse_word(p, words[k].word)) return *kn_attr_flag(attrs, &words[k]) = true;
  return false;
}

/* A flag (kn_func_words), `!probe 4096`, `!guard arrays`, `!protect branch return`, `!inline always`, or debugging
 * information. */
static bool parse_directive(struct kn_parser *p) {
  kiln_func_attrs attrs = kiln_func_get_attrs(p->func);
  uint64_t bytes;
  bool is = true;
  if (kn_parse_word(p, "probe")) {
    if (!kn_parse_number(p, UINT32_MAX, "a page's size", &bytes)) return false;
    attrs.probe_bytes = (uint32_t)bytes;
  } else if (kn_parse_word(p, "inline")) {
    unsigned rule = KILN_INLINE_HINT;
    while (rule < KILN_INLINE_COUNT && !kn_parse_word(p, kn_inline_names[rule])) rule++;
    if (rule == KILN_INLINE_COUNT) return kn_parse_expected(p, "hint, always or never");
    attrs.inlining = (kiln_inline)rule;
  } else if (kn_parse_word(p, "guard")) {
    unsigned when = KILN_GUARD_ARRAYS;
    while (when < KILN_GUARD_COUNT && !kn_parse_word(p, kn_guard_names[when])) when++;
    if (when == KILN_GUARD_COUNT) return kn_parse_expected(p, "arrays, addresses or always");
    attrs.guard = (kiln_guard)when;
  } else if (kn_parse_word(p, "protect")) {
    attrs.protection = 0;
    if (!kn_parse_word(p, "none")) {
      if (!kn_parse_protection(p, &attrs.protection)) return false;
    } else attrs.protection = KILN_PROTECT_NONE;
  } else {
    is = kn_parse_attr_flag(p, kn_func_words, KN_FUNC_WORDS, &attrs);
  }
  if (is) {
    kiln_func_set_attrs(p->func, &attrs);
    return true;
  }
  if (kn_parse_word(p, "reference")) return parse_reference(p, true);
  if (kn_parse_word(p, "plain")) return parse_reference(p, false);
  if (kn_parse_word(p, "id")) return parse_id(p);
  return kn_parse_func_debug(p, &is) &&
         (is ||
          kn_parse_expected(p, "loc, call, debug, begin, var, value, label, reference, plain, id, "
                               "probe, guard, inline or protect"));
}

/* `!s4 = ...` */
static bool at_entry(const struct kn_parser *p) {
  struct kn_lexer next = p->lx;
  kn_lex_next(&next);
  return next.tok.kind == KN_TOK_CHAR && next.tok.ch == '=';
}

/* Reads `b1(v0: i64):`, whose name was taken. */
static bool start_block(struct kn_parser *p, const struct kn_token *name) {
  struct kn_name *e = kn_names_find(p->module, &p->labels, name->text, name->length, false);
  if (!e) return kn_parse_fail(p, name, KILN_ERR_STRUCTURE, "no such block");
  const struct kn_label *l = &p->label.at[e->value];
  kiln_block block = {l->id};
  kiln_func *f = p->func;
  kiln_func_set_text_position(f, name->line, name->column);
  kiln_block before = kiln_block_current(f);
  if (block.id != 0 && before.id != UINT32_MAX && !kiln_block_is_terminated(f, before))
    return kn_parse_fail(p, name, KILN_ERR_STRUCTURE, "the previous block has no terminator");
  if (block.id != 0) kiln_block_switch(f, block);
  if (block.id == 0) {
    kiln_sig_info info =
      kiln_sig_get(p->module, kiln_symbol_get(p->module, kiln_func_symbol(f)).sig);
    bool same = l->n_types == info.n_params;
    for (uint32_t i = 0; same && i < info.n_params; i++)
      same = p->label_types.at[l->type_first + i] == info.params[i].type;
    if (!same)
      return kn_parse_fail(p, name, KILN_ERR_TYPE,
                           "the first block's parameters differ from the signature's");
  }
  if (kn_parse_take(p, '(')) {
    for (uint32_t i = 0; !kn_parse_take(p, ')'); i++) {
      if (i) kn_parse_next(p); /* the comma; add_label checked it */
      struct kn_token t = p->lx.tok;
      if (t.kind == KN_TOK_IDENT && !kn_parse_plain_name(&t))
        return kn_parse_syntax(p, &t, "a value's name is v and digits, or starts with '%'");
      kiln_type type = (kiln_type)p->label_types.at[l->type_first + i];
      kiln_value v = block.id == 0 ? kiln_func_param(f, i) : kiln_block_add_param(f, block, type);
      kn_parse_next(p);
      kn_parse_next(p);
      kn_parse_next(p);
      p->status = kiln_func_status(f);
      if (p->status != KILN_OK || !kn_parse_define(p, &t, v)) return false;
    }
  }
  return kn_parse_want(p, ':');
}

static bool parse_line(struct kn_parser *p, bool *started) {
  struct kn_token first = p->lx.tok;
  if (kn_parse_take(p, '!')) return at_entry(p) ? kn_parse_func_entry(p) : parse_directive(p);
  if (first.kind != KN_TOK_IDENT && first.kind != KN_TOK_VALUE) {
    return kn_parse_expected(p, "an instruction, a block or '}'");
  }
  kn_parse_next(p);
  if (first.kind == KN_TOK_IDENT && (kn_parse_is(p, '(') || kn_parse_is(p, ':'))) {
    *started = true;
    return start_block(p, &first);
  }
  bool has_dest = kn_parse_take(p, '=');
  struct kn_token op = first;
  if (has_dest) {
    if (first.kind == KN_TOK_IDENT && !kn_parse_plain_name(&first))
      return kn_parse_syntax(p, &first, "a value's name is v and digits, or starts with '%'");
    op = p->lx.tok;
    if (op.kind != KN_TOK_IDENT) return kn_parse_expected(p, "an operation");
    kn_parse_next(p);
  } else if (first.kind == KN_TOK_VALUE) {
    return kn_parse_expected(p, "'='");
  }
  bool slot = op.length == 4 && memcmp(op.text, "slot", 4) == 0;
  if (!*started && !slot)
    return kn_parse_syntax(p, &first, "an instruction before the first block");
  return parse_inst(p, &op, has_dest ? &first : NULL);
}

/* The first name that was used and never defined. */
static bool unbound(struct kn_parser *p) {
  const struct kn_name *first = p->values.list.at, *end = first + p->values.list.n;
  while (first != end && first->state != KN_NAME_FORWARD) first++;
  if (first == end) return true;
  struct kn_token at = {.line = first->line, .column = first->column};
  return kn_parse_fail(p, &at, KILN_ERR_STRUCTURE, "%.*s is not defined",
                       (int)(first->length < 64 ? first->length : 64), first->key);
}

bool kn_parse_body(struct kn_parser *p, kiln_symbol func) {
  if (p->labels_of != func.id) {
    struct kn_lexer body = p->lx;
    if (!kn_parse_labels(p, func, &body)) return false;
  }
  kn_names_clear(&p->values);
  p->forwards = p->calls.n = 0;
  p->subprogram = p->unit = (kiln_die){0};
  if (!KN_ROOM(p->module, p->args, 1)) return kn_parse_no_memory(p);
  if (p->n_blocks > 1) kiln_block_new_many(p->func, p->n_blocks - 1);
  bool started = false;
  for (kn_parse_skip_newlines(p); !kn_parse_is(p, '}'); kn_parse_skip_newlines(p)) {
    if (!parse_line(p, &started)) return false;
    if (kn_parse_is(p, '}')) break;
    if (!kn_parse_line_end(p)) return false;
  }
  if (!started) return kn_parse_syntax(p, NULL, "a function without blocks");
  if (p->forwards && !unbound(p)) return false;
  kiln_block last = kiln_block_current(p->func);
  if (!kiln_block_is_terminated(p->func, last))
    return kn_parse_fail(p, NULL, KILN_ERR_STRUCTURE, "the previous block has no terminator");
  kn_parse_next(p);
  p->status = kiln_func_status(p->func);
  return p->status == KILN_OK;
}
