/* Text parser, function level: labels, values, instructions of one body, by the public builder.
 * parse.c calls it once per function. Invariant: each line is read by one call of parse_line, and
 * its first error is reported at that line. */
#include "ir/ops.h"
#include "ir/text_form.h"
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

/* Types that the filters of a try name. */
struct types {
  kiln_symbol *at;
  uint32_t n, cap;
};

/* An instruction while its line is being read. */
struct line {
  const struct kn_token *op; /* its opcode, for messages */
  kiln_op opcode;
  kiln_type type;
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

static bool parse_load(struct kn_parser *p, struct line *l) {
  kiln_value a;
  int32_t disp;
  unsigned flags = 0;
  kiln_type mem = KILN_TYPE_VOID;
  if (kn_parse_is_word(p, "sext") || kn_parse_is_word(p, "zext")) {
    if (kn_parse_is_word(p, "sext")) flags = KILN_MEM_SEXT;
    kn_parse_next(p);
    if (!kn_parse_type(p, &mem)) return false;
  }
  if (!kn_parse_operand(p, KILN_TYPE_PTR, &a) || !kn_parse_disp(p, &disp) || !mem_flags(p, &flags))
    return false;
  l->result = mem == KILN_TYPE_VOID ? kiln_build_load(p->func, l->type, a, disp, flags)
                                    : kiln_build_load_ext(p->func, l->type, mem, a, disp, flags);
  return true;
}

static bool parse_store(struct kn_parser *p, struct line *l) {
  kiln_value a, v;
  int32_t disp;
  unsigned flags = 0;
  if (!kn_parse_operand(p, l->type, &v) || !kn_parse_comma_operand(p, KILN_TYPE_PTR, &a) ||
      !kn_parse_disp(p, &disp) || !mem_flags(p, &flags)) {
    return false;
  }
  kiln_build_store(p->func, l->type, a, disp, v, flags);
  return true;
}

/* base + index * scale + disp */
static bool parse_addr(struct kn_parser *p, struct line *l) {
  kiln_value base, index = {0};
  uint64_t scale = 0;
  int32_t disp = 0;
  if (!kn_parse_operand(p, KILN_TYPE_PTR, &base)) return false;
  struct kn_lexer before = p->lx;
  if (kn_parse_take(p, '+')) {
    bool number = p->lx.tok.kind == KN_TOK_INT || kn_parse_is(p, '-');
    if (!kn_parse_operand(p, KILN_TYPE_PTR, &index)) return false;
    if (kn_parse_take(p, '*')) {
      if (!kn_parse_number(p, UINT16_MAX, "a scale", &scale)) return false;
      before = p->lx;
    } else if (!number) {
      return kn_parse_expected(p, "'*'");
    } else {
      index = (kiln_value){0}; /* what was read as the index is the displacement */
    }
  }
  p->lx = before;
  if (!kn_parse_disp(p, &disp)) return false;
  l->result = kiln_build_addr(p->func, base, index, (unsigned)scale, disp);
  return true;
}

static bool parse_atomic_load(struct kn_parser *p, struct line *l) {
  kiln_ordering order;
  kiln_value a;
  if (!parse_order(p, &order) || !kn_parse_operand(p, KILN_TYPE_PTR, &a)) return false;
  l->result = kiln_build_atomic_load(p->func, l->type, a, order);
  return true;
}

static bool parse_atomic_store(struct kn_parser *p, struct line *l) {
  kiln_ordering order;
  kiln_value a, b;
  if (!parse_order(p, &order) || !kn_parse_operand(p, l->type, &b) ||
      !kn_parse_comma_operand(p, KILN_TYPE_PTR, &a)) {
    return false;
  }
  kiln_build_atomic_store(p->func, l->type, a, b, order);
  return true;
}

static bool parse_atomic_rmw(struct kn_parser *p, struct line *l) {
  kiln_ordering order;
  kiln_value a, b;
  unsigned rmw = 0;
  if (!word_of(p, kn_rmw_names, KILN_RMW_COUNT, "an operation of atomic_rmw", &rmw) ||
      !parse_order(p, &order) || !kn_parse_operand(p, KILN_TYPE_PTR, &a) ||
      !kn_parse_comma_operand(p, l->type, &b)) {
    return false;
  }
  l->result = kiln_build_atomic_rmw(p->func, (kiln_rmw)rmw, l->type, a, b, order);
  return true;
}

static bool parse_atomic_cas(struct kn_parser *p, struct line *l) {
  kiln_ordering order, failure;
  kiln_value a, b, c;
  if (!parse_order(p, &order) || !parse_order(p, &failure) ||
      !kn_parse_operand(p, KILN_TYPE_PTR, &a) || !kn_parse_comma_operand(p, l->type, &b) ||
      !kn_parse_comma_operand(p, l->type, &c)) {
    return false;
  }
  l->result = kiln_build_atomic_cas(p->func, l->type, a, b, c, order, failure);
  return true;
}

/* Skips from `(` to behind its `)`. */
static bool skip_parens(struct kn_parser *p) {
  int depth = 0;
  do {
    if (p->lx.tok.kind == KN_TOK_NEWLINE || p->lx.tok.kind == KN_TOK_EOF ||
        p->lx.tok.kind == KN_TOK_BAD) {
      return kn_parse_expected(p, "')'");
    }
    depth += kn_parse_is(p, '(');
    depth -= kn_parse_is(p, ')');
    kn_parse_next(p);
  } while (depth > 0);
  return true;
}

/* `@f(v1, v2) as SIGNATURE`; the arguments are left in p->args. */
static bool parse_callee(struct kn_parser *p, kiln_sig *out_sig, kiln_value *out_callee) {
  kiln_value callee;
  kiln_sig sig = {0};
  struct kn_token t = p->lx.tok;
  if (t.kind == KN_TOK_SYMBOL) { /* its signature is the call's unless another one follows */
    struct kn_lexer before = p->lx;
    kiln_symbol s;
    if (!kn_parse_symbol(p, &s, NULL)) return false;
    p->lx = before;
    sig = kiln_symbol_get(p->module, s).sig;
  }
  if (!kn_parse_operand(p, KILN_TYPE_PTR, &callee)) return false;
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
  *out_sig = sig;
  *out_callee = callee;
  return true;
}

static bool parse_call(struct kn_parser *p, struct line *l) {
  kiln_sig sig;
  kiln_value callee;
  if (!parse_callee(p, &sig, &callee)) return false;
  l->result = kiln_build_call(p->func, sig, callee, p->args, p->n_args);
  return true;
}

static bool parse_tailcall(struct kn_parser *p) {
  kiln_sig sig;
  kiln_value callee;
  if (!parse_callee(p, &sig, &callee)) return false;
  kiln_build_tailcall(p->func, sig, callee, p->args, p->n_args);
  return true;
}

/* `catch @a`, `catch all`, `filter(@a, @b)`, `cleanup`. The types of filters are appended to the line's. */
static bool parse_clause(struct kn_parser *p, struct types *types, kiln_clause *out) {
  *out = (kiln_clause){.kind = KILN_CLEANUP};
  if (kn_parse_word(p, "cleanup")) return true;
  if (kn_parse_word(p, "catch")) {
    if (!kn_parse_caught(p, &out->type)) return false;
    out->kind = out->type.id != 0 ? KILN_CATCH : KILN_CATCH_ALL;
    return true;
  }
  if (!kn_parse_word(p, "filter")) return kn_parse_expected(p, "catch, filter or cleanup");
  out->kind = KILN_FILTER;
  if (!kn_parse_want(p, '(')) return false;
  while (!kn_parse_take(p, ')')) {
    if (out->n_types != 0 && !kn_parse_want(p, ',')) return false;
    if (!kn_grow(p->module, &types->at, &types->cap, types->n + 1, sizeof *types->at))
      return kn_parse_no_memory(p);
    if (!kn_parse_caught(p, &types->at[types->n])) return false;
    types->n++;
    out->n_types++;
  }
  return true;
}

/* `[catch @a, cleanup]`: fills in the clauses of `t`, which are the caller's to free. */
static bool parse_clauses(struct kn_parser *p, kiln_try_desc *t, struct types *types,
                          kiln_clause **clauses) {
  uint32_t n = 0, cap = 0;
  if (!kn_parse_want(p, '[')) return false;
  kn_parse_skip_newlines(p);
  while (!kn_parse_take(p, ']')) {
    if (n != 0 && !kn_parse_want(p, ',')) return false;
    kn_parse_skip_newlines(p);
    if (!kn_grow(p->module, clauses, &cap, n + 1, sizeof **clauses)) return kn_parse_no_memory(p);
    if (!parse_clause(p, types, &(*clauses)[n])) return false;
    n++;
    kn_parse_skip_newlines(p);
  }
  const kiln_symbol *next = types->at;
  for (uint32_t i = 0; i < n; i++) {
    (*clauses)[i].types = next;
    if ((*clauses)[i].n_types != 0) next += (*clauses)[i].n_types;
  }
  t->clauses = *clauses;
  t->n_clauses = n;
  return true;
}

/* `try @f(v1) to b1(result 0) unwind b2(exception 0, exception 1) [catch @a, cleanup]` */
static bool parse_try(struct kn_parser *p) {
  kiln_try_desc t = {0};
  struct types types = {0};
  kiln_clause *clauses = NULL;
  if (!parse_callee(p, &t.sig, &t.callee)) return false;
  t.n_args = p->n_args;
  p->try_sig = t.sig;
  bool ok = kn_parse_word(p, "to") || kn_parse_expected(p, "'to'");
  struct kn_label *b = ok ? kn_parse_label(p) : NULL;
  ok = b && kn_parse_edge_args(p, b, &t.n_normal);
  if (ok) t.normal.id = b->id;
  ok = ok && (kn_parse_word(p, "unwind") || kn_parse_expected(p, "'unwind'"));
  b = ok ? kn_parse_label(p) : NULL;
  ok = b && kn_parse_edge_args(p, b, &t.n_unwind);
  if (ok) t.unwind.id = b->id;
  p->try_sig.id = 0;
  if (ok && parse_clauses(p, &t, &types, &clauses)) {
    t.args = p->args;
    t.normal_args = p->args + t.n_args;
    t.unwind_args = t.normal_args + t.n_normal;
    kiln_build_try(p->func, &t);
  } else {
    ok = false;
  }
  kn_realloc(p->module, clauses, 0);
  kn_realloc(p->module, types.at, 0);
  return ok;
}

static bool parse_brif(struct kn_parser *p) {
  kiln_value cond;
  uint32_t n[2];
  kiln_block target[2];
  if (!kn_parse_operand(p, KILN_TYPE_I8, &cond)) return false;
  for (int i = 0; i < 2; i++) {
    if (!kn_parse_want(p, ',')) return false;
    struct kn_label *b = kn_parse_label(p);
    if (!b || !kn_parse_edge_args(p, b, &n[i])) return false;
    target[i] = (kiln_block){b->id};
  }
  kiln_build_brif(p->func, cond, target[0], p->args, n[0], target[1], p->args + n[0], n[1]);
  return true;
}

/* Gives the arguments just read, the last `n` of p->args, to the edges to `b`: once per target, since they are the
 * same on all edges of one terminator to it. Constants are new handles each time, so arguments that differ may still
 * be spelled the same. `at`: the block's name. */
static bool give_args(struct kn_parser *p, struct kn_label *b, const struct kn_token *at,
                      uint32_t n) {
  uint32_t first = p->n_args - n;
  const char *end = p->lx.tok.text;
  while (end > at->text && (end[-1] == ' ' || end[-1] == '\t')) end--;
  size_t length = (size_t)(end - at->text);
  if (b->seen == p->serial) {
    p->n_args = first;
    bool same =
      b->seen_n == n &&
      (n == 0 || memcmp(p->args + b->seen_args, p->args + first, n * sizeof *p->args) == 0 ||
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
    kiln_edge_arg(p->func, from, (kiln_block){b->id}, i, p->args[first + i]);
  }
  return true;
}

/* `switch.i32 v1, b9 [1: b2, 2: b3(v4)]`, `brind v1 [b2, b3]`. */
static bool parse_many(struct kn_parser *p, struct line *l, bool is_switch) {
  kiln_value v;
  kiln_case *cases = NULL;
  kiln_block *targets = NULL;
  uint32_t n = 0, cap_cases = 0, cap_targets = 0, n_args;
  kiln_block otherwise = {0};
  struct kn_token t;
  p->serial++;
  if (!kn_parse_operand(p, l->type, &v)) return false;
  if (is_switch) {
    if (!kn_parse_want(p, ',')) return false;
    t = p->lx.tok;
    struct kn_label *b = kn_parse_label(p);
    if (!b || !kn_parse_edge_args(p, b, &n_args) || !give_args(p, b, &t, n_args)) return false;
    otherwise = (kiln_block){b->id};
  }
  bool ok = kn_parse_want(p, '[');
  kn_parse_skip_newlines(p);
  while (ok && !kn_parse_take(p, ']')) {
    int64_t value = 0;
    if (n && !(ok = kn_parse_want(p, ','))) break;
    kn_parse_skip_newlines(p);
    if (!kn_grow(p->module, &cases, &cap_cases, n + 1, sizeof *cases) ||
        !kn_grow(p->module, &targets, &cap_targets, n + 1, sizeof *targets)) {
      ok = kn_parse_no_memory(p);
      break;
    }
    if (is_switch) {
      bool minus = kn_parse_take(p, '-');
      uint64_t bits;
      struct kn_token number = p->lx.tok;
      ok = kn_parse_number(p, UINT64_MAX, "a case", &bits);
      if (ok && minus && bits > UINT64_C(1) << 63) {
        ok = kn_parse_fail(p, &number, KILN_ERR_LIMIT, "a case of more than 64 bits");
      }
      value = (int64_t)(minus ? 0 - bits : bits);
      ok = ok && kn_parse_want(p, ':');
    }
    t = p->lx.tok;
    struct kn_label *b = ok ? kn_parse_label(p) : NULL;
    ok = b && kn_parse_edge_args(p, b, &n_args) && give_args(p, b, &t, n_args);
    if (!ok) break;
    targets[n] = (kiln_block){b->id};
    cases[n++] = (kiln_case){value, {b->id}};
    kn_parse_skip_newlines(p);
  }
  if (ok && is_switch) kiln_build_switch(p->func, l->type, v, otherwise, cases, n);
  if (ok && !is_switch) kiln_build_brind(p->func, v, targets, n);
  kn_realloc(p->module, cases, 0);
  kn_realloc(p->module, targets, 0);
  return ok;
}

static bool parse_ret(struct kn_parser *p) {
  kiln_sig sig = kiln_symbol_get(p->module, kiln_func_symbol(p->func)).sig;
  for (uint32_t i = 0; p->lx.tok.kind != KN_TOK_NEWLINE && !kn_parse_is(p, '}'); i++) {
    kiln_sig_info info = kiln_sig_get(p->module, sig);
    kiln_type want = i < info.n_results ? (kiln_type)info.results[i] : KILN_TYPE_VOID;
    kiln_value v;
    if (i && !kn_parse_want(p, ',')) return false;
    if (!kn_parse_operand(p, want, &v) || !kn_parse_push_arg(p, v)) return false;
  }
  kiln_build_ret(p->func, p->args, p->n_args);
  return true;
}

static bool parse_slot(struct kn_parser *p, struct line *l) {
  uint64_t size;
  uint8_t align = 0;
  if (!kn_parse_number(p, INT64_MAX, "a size in bytes", &size)) return false;
  if (kn_parse_word(p, "align") && !kn_parse_align(p, 31, &align)) return false;
  l->result = kiln_slot_new(p->func, size, align);
  if (kn_parse_word(p, "array")) kiln_slot_array(p->func, l->result);
  return true;
}

/* COND LANE a, b, number, as the shape has them. */
static bool parse_vector(struct kn_parser *p, struct line *l) {
  enum kn_shape shape = kn_op_shape(l->opcode);
  unsigned cond = 0;
  uint64_t n = 0;
  kiln_type lane;
  kiln_value a, b = {0};
  if (shape == KN_SH_VICMP &&
      !word_of(p, kn_icond_names, KILN_ICOND_COUNT, "an integer condition", &cond))
    return false;
  if (shape == KN_SH_VFCMP &&
      !word_of(p, kn_fcond_names, KILN_FCOND_COUNT, "a float condition", &cond))
    return false;
  bool of_lane = shape == KN_SH_VSPLAT || shape == KN_SH_VEXTRACT;
  if (!kn_parse_type(p, &lane) || !kn_parse_operand(p, of_lane ? lane : l->type, &a)) return false;
  if (kn_shape_info[shape].n_fields == 2 &&
      !kn_parse_comma_operand(p, shape == KN_SH_VINSERT ? lane : l->type, &b))
    return false;
  if ((shape == KN_SH_VSHIFT || shape == KN_SH_VEXTRACT || shape == KN_SH_VINSERT) &&
      (!kn_parse_want(p, ',') || !kn_parse_number(p, UINT8_MAX, "a lane or count", &n)))
    return false;
  l->result = kiln_build_vector(p->func, l->opcode, l->type, lane, cond | (unsigned)n, a, b);
  return true;
}

/* row a, b, c: as many operands as the row has. */
static bool parse_machine(struct kn_parser *p, struct line *l) {
  struct kn_token at = p->lx.tok;
  kiln_machine row;
  kiln_value v[KILN_MACHINE_OPERANDS];
  if (at.kind != KN_TOK_IDENT) return kn_parse_expected(p, "an instruction of the target");
  if (!kiln_machine_find(kiln_module_target(p->module), at.text, at.length, &row) ||
      row.op != l->opcode || (row.result != KILN_TYPE_VOID && row.result != l->type))
    return kn_parse_fail(p, &at, KILN_ERR_ARGUMENT, "the target has no such instruction here");
  kn_parse_next(p);
  for (unsigned k = 0; k < row.n_operands; k++)
    if (k == 0 ? !kn_parse_operand(p, row.operands[k], &v[k])
               : !kn_parse_comma_operand(p, row.operands[k], &v[k]))
      return false;
  l->result = kiln_build_machine(p->func, row.row, v, row.n_operands);
  return true;
}

/* Reads the rest of an instruction behind its opcode. */
static bool parse_operands(struct kn_parser *p, struct line *l) {
  kiln_func *f = p->func;
  kiln_value a, b, c;
  kiln_type from;
  unsigned word = 0;
  uint64_t number;
  uint8_t align = 0;
  uint32_t n;
  kiln_ordering order;
  struct kn_label *label;
  enum kn_shape shape = kn_op_shape(l->opcode);
  switch (shape) {
  case KN_SH_NULLARY:
  case KN_SH_NULLARYV: l->result = kiln_build_nullary(f, l->opcode); return true;
  case KN_SH_UN:
  case KN_SH_UNV:
  case KN_SH_SLOTV:
    if (!kn_parse_operand(p, l->type, &a)) return false;
    l->result = kiln_build_unary(f, l->opcode, l->type, a);
    return true;
  case KN_SH_BIN:
  case KN_SH_BINV:
    if (!kn_parse_operand(p, l->type, &a) || !kn_parse_comma_operand(p, l->type, &b)) return false;
    l->result = kiln_build_binary(f, l->opcode, l->type, a, b);
    return true;
  case KN_SH_TERN:
  case KN_SH_MEM3:
  case KN_SH_MEMSET:
    if (!kn_parse_operand(p, l->type, &a) ||
        !kn_parse_comma_operand(p, shape == KN_SH_MEMSET ? KILN_TYPE_I8 : l->type, &b) ||
        !kn_parse_comma_operand(p, l->type, &c)) {
      return false;
    }
    l->result = kiln_build_ternary(f, l->opcode, l->type, a, b, c);
    return true;
  case KN_SH_CONV_II:
  case KN_SH_CONV_FF:
  case KN_SH_CONV_FI:
  case KN_SH_CONV_IF:
  case KN_SH_CONV_BITS:
    if (!kn_parse_type(p, &from) || !kn_parse_operand(p, from, &a)) return false;
    l->result = kiln_build_convert(f, l->opcode, l->type, from, a);
    return true;
  case KN_SH_VUN:
  case KN_SH_VBIN:
  case KN_SH_VICMP:
  case KN_SH_VFCMP:
  case KN_SH_VSHIFT:
  case KN_SH_VSPLAT:
  case KN_SH_VEXTRACT:
  case KN_SH_VINSERT: return parse_vector(p, l);
  case KN_SH_MACHINE:
  case KN_SH_MACHINEV: return parse_machine(p, l);
  case KN_SH_ICMP:
    if (!word_of(p, kn_icond_names, KILN_ICOND_COUNT, "an integer condition", &word) ||
        !kn_parse_operand(p, l->type, &a) || !kn_parse_comma_operand(p, l->type, &b)) {
      return false;
    }
    l->result = kiln_build_icmp(f, (kiln_icond)word, l->type, a, b);
    return true;
  case KN_SH_FCMP:
    if (!word_of(p, kn_fcond_names, KILN_FCOND_COUNT, "a float condition", &word) ||
        !kn_parse_operand(p, l->type, &a) || !kn_parse_comma_operand(p, l->type, &b)) {
      return false;
    }
    l->result = kiln_build_fcmp(f, (kiln_fcond)word, l->type, a, b);
    return true;
  case KN_SH_SELECT:
    if (!kn_parse_operand(p, KILN_TYPE_I8, &a) || !kn_parse_comma_operand(p, l->type, &b) ||
        !kn_parse_comma_operand(p, l->type, &c)) {
      return false;
    }
    l->result = kiln_build_select(f, l->type, a, b, c);
    return true;
  case KN_SH_LOAD: return parse_load(p, l);
  case KN_SH_STORE: return parse_store(p, l);
  case KN_SH_ADDR: return parse_addr(p, l);
  case KN_SH_SALLOC:
    if (!kn_parse_operand(p, KILN_TYPE_PTR, &a)) return false;
    if (kn_parse_word(p, "align") && !kn_parse_align(p, 31, &align)) return false;
    l->result = kiln_build_salloc(f, a, align);
    return true;
  case KN_SH_ATOMIC_LOAD: return parse_atomic_load(p, l);
  case KN_SH_ATOMIC_STORE: return parse_atomic_store(p, l);
  case KN_SH_ATOMIC_RMW: return parse_atomic_rmw(p, l);
  case KN_SH_ATOMIC_CAS: return parse_atomic_cas(p, l);
  case KN_SH_FENCE:
    if (!parse_order(p, &order)) return false;
    kiln_build_fence(f, order);
    return true;
  case KN_SH_CALL: return parse_call(p, l);
  case KN_SH_VA_ARG:
    if (!kn_parse_operand(p, KILN_TYPE_PTR, &a)) return false;
    l->result = kiln_build_va_arg(f, l->type, a);
    return true;
  case KN_SH_LEVEL:
    if (!kn_parse_number(p, UINT16_MAX, "a level", &number)) return false;
    l->result = kiln_build_level(f, l->opcode, (unsigned)number);
    return true;
  case KN_SH_RESULT:
    if (!kn_parse_number(p, UINT16_MAX, "a result's number", &number)) return false;
    if (!kn_parse_word(p, "of")) return kn_parse_expected(p, "'of'");
    if (!kn_parse_operand(p, KILN_TYPE_VOID, &a)) return false;
    l->result = kiln_build_result(f, a, (unsigned)number);
    return true;
  case KN_SH_BR:
    label = kn_parse_label(p);
    if (!label || !kn_parse_edge_args(p, label, &n)) return false;
    kiln_build_br(f, (kiln_block){label->id}, p->args, n);
    return true;
  case KN_SH_BRIF: return parse_brif(p);
  case KN_SH_SWITCH: return parse_many(p, l, true);
  case KN_SH_BRIND: return parse_many(p, l, false);
  case KN_SH_RET: return parse_ret(p);
  case KN_SH_TAILCALL: return parse_tailcall(p);
  case KN_SH_TRY: return parse_try(p);
  case KN_SH_ASM: return kn_parse_asm(p, &l->result);
  case KN_SH_INTERNAL:
  case KN_SH_COUNT: break;
  }
  kiln_build_unsupported(f, l->opcode, "the text form");
  return true;
}

/* ---- lines ---- */

/* Reads an instruction, whose first word was taken. */
static bool parse_inst(struct kn_parser *p, const struct kn_token *op,
                       const struct kn_token *dest) {
  struct line l = {.op = op};
  p->n_args = 0;
  kiln_func_place(p->func, op->line, op->column);
  bool ok;
  if (op->length == 4 && memcmp(op->text, "slot", 4) == 0) {
    ok = parse_slot(p, &l);
  } else {
    const char *dot = memchr(op->text, '.', op->length);
    uint32_t length = dot ? (uint32_t)(dot - op->text) : op->length;
    struct kn_name *e = kn_names_find(p->module, &p->ops, op->text, length, false);
    const struct kn_op_info *info = e ? &kn_op_info[e->value] : NULL;
    unsigned state = info ? kn_shape_info[info->shape].state : KN_SHAPE_INTERNAL;
    if (state == KN_SHAPE_INTERNAL) {
      return kn_parse_fail(p, op, KILN_ERR_SYNTAX, "unknown operation '%.*s'",
                           (int)(length < 64 ? length : 64), op->text);
    }
    l.opcode = (kiln_op)e->value;
    bool spelled = kn_op_spells_type(l.opcode);
    kiln_type only = (kiln_type)kn_op_only_type(l.opcode);
    if (dot) {
      l.type = kn_parse_type_of(dot + 1, op->length - length - 1);
      if (l.type == KILN_TYPE_VOID)
        return kn_parse_syntax(p, op, "an unknown type behind the operation");
      if (!spelled && only == KILN_TYPE_VOID)
        return kn_parse_fail(p, op, KILN_ERR_SYNTAX, "'%s' takes no type", info->name);
    } else if (only != KILN_TYPE_VOID) {
      l.type = only;
    } else if (spelled && state != KN_SHAPE_RESERVED) {
      return kn_parse_fail(p, op, KILN_ERR_SYNTAX, "'%s' needs a type: %s.i32", info->name,
                           info->name);
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

/* `!naked`, `!general`, `!frame_pointer`, `!realign_stack`, `!probe 4096`, `!guard arrays`, `!protect branch return`,
 * or debugging information. */
static bool parse_directive(struct kn_parser *p) {
  uint64_t bytes;
  bool is;
  if (kn_parse_word(p, "probe")) {
    if (!kn_parse_number(p, UINT32_MAX, "a page's size", &bytes)) return false;
    kiln_func_stack_probes(p->func, (uint32_t)bytes);
    return true;
  }
  if (kn_parse_word(p, "naked")) {
    kiln_func_naked(p->func);
    return true;
  }
  if (kn_parse_word(p, "general")) {
    kiln_func_general(p->func);
    return true;
  }
  if (kn_parse_word(p, "frame_pointer")) {
    kiln_func_frame_pointer(p->func);
    return true;
  }
  if (kn_parse_word(p, "realign_stack")) {
    kiln_func_realign_stack(p->func);
    return true;
  }
  if (kn_parse_word(p, "guard")) {
    unsigned when = KILN_GUARD_ARRAYS;
    while (when < KILN_GUARD_COUNT && !kn_parse_word(p, kn_guard_names[when])) when++;
    if (when == KILN_GUARD_COUNT) return kn_parse_expected(p, "arrays, addresses or always");
    kiln_func_guard(p->func, (kiln_guard)when);
    return true;
  }
  if (kn_parse_word(p, "protect")) {
    uint32_t what = 0;
    if (!kn_parse_word(p, "none") && !kn_parse_protection(p, &what)) return false;
    kiln_func_protect(p->func, what);
    return true;
  }
  return kn_parse_func_debug(p, &is) &&
         (is || kn_parse_expected(p, "loc, call, debug, begin, var, value, label, probe, guard "
                                     "or protect"));
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
  const struct kn_label *l = &p->label[e->value];
  kiln_block block = {l->id};
  kiln_func *f = p->func;
  kiln_func_place(f, name->line, name->column);
  kiln_block before = kiln_block_current(f);
  if (block.id != 0 && before.id != UINT32_MAX && !kiln_block_terminated(f, before)) {
    return kn_parse_fail(p, name, KILN_ERR_STRUCTURE, "the block before has no terminator");
  }
  if (block.id != 0) kiln_block_switch(f, block);
  if (block.id == 0) {
    kiln_sig_info info =
      kiln_sig_get(p->module, kiln_symbol_get(p->module, kiln_func_symbol(f)).sig);
    bool same = l->n_types == info.n_params;
    for (uint32_t i = 0; same && i < info.n_params; i++) {
      same = p->label_types[l->type_first + i] == info.params[i].type;
    }
    if (!same) {
      return kn_parse_fail(p, name, KILN_ERR_TYPE,
                           "the first block's parameters are not those of the signature");
    }
  }
  if (kn_parse_take(p, '(')) {
    for (uint32_t i = 0; !kn_parse_take(p, ')'); i++) {
      if (i) kn_parse_next(p); /* the comma; add_label checked it */
      struct kn_token t = p->lx.tok;
      if (t.kind == KN_TOK_IDENT && !kn_parse_plain_name(&t)) {
        return kn_parse_syntax(p, &t, "a value's name is v and digits, or starts with '%'");
      }
      kiln_type type = (kiln_type)p->label_types[l->type_first + i];
      kiln_value v = block.id == 0 ? kiln_func_param(f, i) : kiln_block_param(f, block, type);
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
    if (first.kind == KN_TOK_IDENT && !kn_parse_plain_name(&first)) {
      return kn_parse_syntax(p, &first, "a value's name is v and digits, or starts with '%'");
    }
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
  const struct kn_name *first = NULL;
  for (uint32_t i = 0; i < p->values.cap; i++) {
    const struct kn_name *e = &p->values.at[i];
    if (!e->key || e->epoch != p->values.epoch || e->state != KN_NAME_FORWARD) continue;
    if (!first || e->line < first->line || (e->line == first->line && e->column < first->column)) {
      first = e;
    }
  }
  if (!first) return true;
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
  p->forwards = p->n_calls = 0;
  p->subprogram = p->unit = (kiln_die){0};
  if (!kn_grow(p->module, &p->args, &p->cap_args, 1, sizeof *p->args)) return kn_parse_no_memory(p);
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
  if (!kiln_block_terminated(p->func, last)) {
    return kn_parse_fail(p, NULL, KILN_ERR_STRUCTURE, "the block before has no terminator");
  }
  kn_parse_next(p);
  p->status = kiln_func_status(p->func);
  return p->status == KILN_OK;
}
