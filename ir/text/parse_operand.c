/* Text parser: labels, values and operands of a function's body. Called by parse_func.c, and by
 * parse.c for the addresses of blocks. Invariant: a name that is used before its definition is one
 * forward value, made at its first use. */
#include "base/decimal.h"
#include "ir/text/text_form.h"
#include "ir/type_info.h"

/* ---- floats ---- */

bool kn_parse_float_bits(struct kn_parser *p, const struct kn_token *t, kiln_type type,
                         bool negative, uint64_t *bits) {
  bool single = type == KILN_TYPE_F32;
  if (!single && type != KILN_TYPE_F64)
    return kn_parse_fail(p, t, KILN_ERR_SYNTAX,
                         "a decimal float where neither f32 nor f64 is expected: add its type, or "
                         "write its bits as a hexadecimal integer");
  if (t->length > 500)
    return kn_parse_fail(p, t, KILN_ERR_LIMIT, "the float has more than 500 characters");
  if (t->text[0] == 'i') *bits = single ? 0x7f800000 : UINT64_C(0x7ff0000000000000);
  else if (t->text[0] == 'n') *bits = single ? 0x7fc00000 : UINT64_C(0x7ff8000000000000);
  else *bits = kn_decimal_float(t->text, t->length, single);
  *bits |= negative ? UINT64_C(1) << (single ? 31 : 63) : 0;
  return true;
}

/* ---- labels ---- */

/* Reads the types of the parameters between `(` and `)` of a label; the lexer is after `(`. */
static bool label_params(struct kn_parser *p, struct kn_label *l) {
  for (bool first = true; !kn_parse_take(p, ')'); first = false) {
    kiln_type type;
    if (!first && !kn_parse_want(p, ',')) return false;
    unsigned kind = p->lx.tok.kind;
    if (kind != KN_TOK_IDENT && kind != KN_TOK_VALUE) return kn_parse_expected(p, "a parameter");
    kn_parse_next(p);
    if (!kn_parse_want(p, ':') || !kn_parse_type(p, &type)) return false;
    if (!KN_ROOM(p->module, p->label_types, 1)) return kn_parse_no_memory(p);
    p->label_types.at[p->label_types.n++] = (uint8_t)type;
    l->n_types++;
  }
  return true;
}

static bool add_label(struct kn_parser *p, const struct kn_token *t) {
  struct kn_name *e = kn_names_find(p->module, &p->labels, t->text, t->length, true);
  if (!e || !KN_ROOM(p->module, p->label, 1)) return kn_parse_no_memory(p);
  if (e->state)
    return kn_parse_fail(p, t, KILN_ERR_STRUCTURE, "block '%.*s' is defined twice", (int)t->length,
                         t->text);
  e->state = 1;
  e->value = p->label.n;
  struct kn_label *l = &p->label.at[p->label.n++];
  *l = (struct kn_label){.name = t->text,
                         .length = t->length,
                         .type_first = p->label_types.n,
                         .line = t->line,
                         .column = t->column};
  if (kn_parse_take(p, '(') && !label_params(p, l)) return false;
  return kn_parse_want(p, ':');
}

/* N of a label bN without leading zeros; false if it is none or N is `limit` or more. */
static bool label_number(const struct kn_label *l, uint64_t limit, uint32_t *out) {
  uint64_t id = 0;
  if (l->length < 2 || l->length > 10 || l->name[0] != 'b') return false;
  if (l->name[1] == '0' && l->length > 2) return false;
  for (uint32_t k = 1; k < l->length; k++) {
    if (l->name[k] < '0' || l->name[k] > '9') return false;
    id = id * 10 + (uint64_t)(l->name[k] - '0');
  }
  *out = (uint32_t)id;
  return id < limit;
}

/* How many blocks up to the highest number labels may leave out: memory and time are in proportion to the text. */
enum { LEFT_OUT_BY_LABEL = 64, LEFT_OUT = 65536 };

/* Block ids: if all labels are b0, b1, ... with b0 first and not too sparse, their numbers; else
 * they count in the order of the text. */
static bool number_labels(struct kn_parser *p) {
  uint64_t dense = (uint64_t)p->label.n * LEFT_OUT_BY_LABEL, limit = dense + LEFT_OUT;
  bool numbered = true;
  p->n_blocks = p->label.n;
  for (uint32_t i = 0; i < p->label.n && numbered; i++) {
    struct kn_label *l = &p->label.at[i];
    numbered = label_number(l, limit, &l->id) && (i > 0 || l->id == 0);
    if (numbered && l->id >= p->n_blocks) p->n_blocks = l->id + 1;
  }
  if (numbered) {
    if (p->n_blocks > dense) p->left_out += p->n_blocks - dense;
    if (p->left_out <= LEFT_OUT + (uint64_t)(p->lx.end - p->text)) return true;
    struct kn_token at = {.line = p->label.at[0].line, .column = p->label.at[0].column};
    return kn_parse_fail(p, &at, KILN_ERR_LIMIT, "the numbers of blocks are too far apart");
  }
  p->n_blocks = p->label.n;
  for (uint32_t i = 0; i < p->label.n; i++) p->label.at[i].id = i;
  return true;
}

bool kn_parse_labels(struct kn_parser *p, kiln_symbol func, const struct kn_lexer *body) {
  struct kn_lexer before = p->lx;
  p->lx = *body;
  p->labels_of = 0;
  p->label.n = p->label_types.n = 0;
  kn_names_clear(&p->labels);
  bool ok = true;
  int depth = 0, braces = 0; /* of a list of edges; of an entry */
  while (ok) {
    if (depth == 0 && braces == 0 && p->lx.tok.kind == KN_TOK_IDENT) {
      struct kn_token t = p->lx.tok;
      kn_parse_next(p);
      if (kn_parse_is(p, '(') || kn_parse_is(p, ':')) ok = add_label(p, &t);
    }
    if (braces == 0 && kn_parse_is(p, '}')) break;
    while (ok && p->lx.tok.kind != KN_TOK_NEWLINE && (braces > 0 || !kn_parse_is(p, '}'))) {
      if (p->lx.tok.kind == KN_TOK_EOF || p->lx.tok.kind == KN_TOK_BAD) {
        ok = kn_parse_expected(p, "'}'");
      } else {
        depth += kn_parse_is(p, '[');
        depth -= kn_parse_is(p, ']');
        braces += kn_parse_is(p, '{');
        braces -= kn_parse_is(p, '}');
        kn_parse_next(p);
      }
    }
    while (p->lx.tok.kind == KN_TOK_NEWLINE) kn_parse_next(p);
  }
  if (!ok) return false;
  p->lx = before;
  if (!number_labels(p)) return false;
  p->labels_of = func.id;
  return true;
}

struct kn_label *kn_parse_label(struct kn_parser *p) {
  struct kn_token t = p->lx.tok;
  if (t.kind != KN_TOK_IDENT) {
    kn_parse_expected(p, "a block");
    return NULL;
  }
  struct kn_name *e = kn_names_find(p->module, &p->labels, t.text, t.length, false);
  if (!e) {
    kn_parse_fail(p, &t, KILN_ERR_STRUCTURE, "no block '%.*s' in the function", (int)t.length,
                  t.text);
    return NULL;
  }
  kn_parse_next(p);
  return &p->label.at[e->value];
}

/* ---- operands ---- */

bool kn_parse_plain_name(const struct kn_token *t) {
  uint32_t i = t->text[0] == 'v' ? 1 : t->length > 4 && memcmp(t->text, "slot", 4) == 0 ? 4 : 0;
  if (i == 0 || i == t->length) return false;
  for (; i < t->length; i++) {
    if (t->text[i] < '0' || t->text[i] > '9') return false;
  }
  return true;
}

/* Key of a value's name. `%x` keeps its sigil where that is needed to differ from `x`. */
static struct kn_name *value_name(struct kn_parser *p, const struct kn_token *t) {
  struct kn_token key = *t;
  if (t->kind == KN_TOK_VALUE && !t->escaped) {
    key.text--; /* the sigil or the quote */
    key.length++;
  }
  uint32_t length;
  const char *text = kn_parse_name(p, &key, &length);
  if (!text) return NULL;
  struct kn_name *e = kn_names_find(p->module, &p->values, text, length, true);
  if (!e) kn_parse_no_memory(p);
  return e;
}

bool kn_parse_define(struct kn_parser *p, const struct kn_token *t, kiln_value v) {
  struct kn_name *e = value_name(p, t);
  if (!e) return false;
  const char *sigil = t->kind == KN_TOK_VALUE ? "%" : "";
  if (e->state == KN_NAME_DEFINED)
    return kn_parse_fail(p, t, KILN_ERR_STRUCTURE, "%s%.*s is defined twice", sigil, (int)t->length,
                         t->text);
  if (e->state == KN_NAME_FORWARD) {
    kiln_type want = kiln_value_type(p->func, (kiln_value){e->value});
    if (want != kiln_value_type(p->func, v))
      return kn_parse_fail(p, t, KILN_ERR_TYPE, "%s%.*s is %s, but used as %s in line %u", sigil,
                           (int)t->length, t->text, kiln_type_name(kiln_value_type(p->func, v)),
                           kiln_type_name(want), e->line);
    kiln_forward_bind(p->func, (kiln_value){e->value}, v);
    p->forwards--;
  }
  e->value = v.id;
  e->state = KN_NAME_DEFINED;
  return true;
}

static bool use_value(struct kn_parser *p, const struct kn_token *t, kiln_type want,
                      kiln_value *out) {
  struct kn_name *e = value_name(p, t);
  if (!e) return false;
  if (e->state == 0) {
    if (want == KILN_TYPE_VOID)
      return kn_parse_syntax(p, t,
                             "the type of a value that is defined later is not known here: write "
                             "the type before the name");
    e->state = KN_NAME_FORWARD;
    e->value = kiln_forward_new(p->func, want).id;
    e->line = t->line;
    e->column = t->column;
    p->forwards++;
  }
  *out = (kiln_value){e->value};
  return true;
}

/* A number, inf or nan, as a constant of `type`, or untyped if `typed` is not set. */
static bool parse_const(struct kn_parser *p, kiln_type type, bool typed, kiln_value *out) {
  bool minus = kn_parse_take(p, '-');
  struct kn_token t = p->lx.tok;
  if ((typed ? kn_token_is_float(&t, type) : t.kind == KN_TOK_FLOAT) ||
      (t.kind == KN_TOK_IDENT && !minus && kn_parse_is_word(p, "nan")) ||
      kn_parse_is_word(p, "inf")) {
    uint64_t bits = 0;
    if (!kn_parse_float_bits(p, &t, type, minus, &bits)) return false;
    kn_parse_next(p);
    *out = kiln_const_bits(p->func, type, bits, 0);
    return true;
  }
  if (t.kind != KN_TOK_INT) return kn_parse_expected(p, "a number");
  unsigned __int128 v = (unsigned __int128)t.high << 64 | t.low;
  if (minus) v = 0 - v;
  uint64_t low = (uint64_t)v, high = (uint64_t)(v >> 64);
  kn_parse_next(p);
  if (typed && kn_type_is_float(type) && minus)
    return kn_parse_syntax(p, &t, "the bits of a float have no sign");
  if (typed && type != KILN_TYPE_VOID) {
    uint32_t width = type == KILN_TYPE_F80 ? 80 : kiln_type_size(type) * 8;
    if (width < 128) {
      if (minus ? 0 - v > (unsigned __int128)1 << (width - 1) : v >> width != 0)
        return kn_parse_fail(p, &t, KILN_ERR_LIMIT, "the number does not fit in %s",
                             kiln_type_name(type));
      v &= ((unsigned __int128)1 << width) - 1;
      low = (uint64_t)v;
      high = (uint64_t)(v >> 64);
    }
    *out = kiln_const_bits(p->func, type, low, high);
    return true;
  }
  bool fits = high == (uint64_t)((int64_t)low >> 63);
  if (type == KILN_TYPE_I128 && !fits) {
    *out = kiln_const_i128(p->func, low, high);
    return true;
  }
  if (!fits && high != 0)
    return kn_parse_fail(p, &t, KILN_ERR_LIMIT, "the number has more than 64 bits");
  *out = kiln_const_int(p->func, (int64_t)low);
  return true;
}

bool kn_parse_caught(struct kn_parser *p, kiln_symbol *out) {
  *out = (kiln_symbol){0};
  if (kn_parse_word(p, "all")) return true;
  if (p->lx.tok.kind != KN_TOK_SYMBOL) return kn_parse_expected(p, "a type's symbol or all");
  return kn_parse_symbol(p, out, NULL);
}

/* Optional `result 0` or `exception 0`, as an argument of a try's edge; *is: it was there. */
static bool parse_tried(struct kn_parser *p, bool *is, kiln_value *out) {
  bool exception = kn_parse_is_word(p, "exception");
  uint64_t k;
  *is = exception || kn_parse_is_word(p, "result");
  if (!*is) return true;
  struct kn_token t = p->lx.tok;
  kn_parse_next(p);
  if (!kn_parse_number(p, UINT8_MAX, "a number", &k)) return false;
  if (p->try_sig.id == 0)
    return kn_parse_syntax(p, &t, "a result or exception on an edge that is not a try's");
  if (exception && k > 1)
    kiln_func_fail(p->func, KILN_ERR_ARGUMENT,
                   "the number must be 0 (the exception) or 1 (the selector)");
  *out = !exception ? kiln_try_result(p->func, p->try_sig, (unsigned)k)
         : k == 0   ? kiln_try_exception(p->func)
                    : kiln_try_selector(p->func);
  return true;
}

bool kn_parse_operand(struct kn_parser *p, kiln_type want, kiln_value *out) {
  struct kn_token t = p->lx.tok;
  kiln_symbol s;
  int64_t addend;
  switch (t.kind) {
  case KN_TOK_INT:
  case KN_TOK_FLOAT: return parse_const(p, want, false, out);
  case KN_TOK_VALUE: kn_parse_next(p); return use_value(p, &t, want, out);
  case KN_TOK_SYMBOL:
    if (!kn_parse_symbol(p, &s, &addend)) return false;
    *out = kiln_const_symbol(p->func, s, addend);
    return true;
  case KN_TOK_IDENT: {
    if (kn_parse_plain_name(&t)) {
      kn_parse_next(p);
      /* v64 and v128 are types if a number follows, which never stands after a value */
      kiln_type vector = p->lx.tok.kind == KN_TOK_INT ? kn_parse_type_of(t.text, t.length) : 0;
      if (vector != KILN_TYPE_VOID) return parse_const(p, vector, true, out);
      return use_value(p, &t, t.text[0] == 's' ? KILN_TYPE_PTR : want, out);
    }
    if (kn_parse_is_word(p, "inf") || kn_parse_is_word(p, "nan"))
      return parse_const(p, want, false, out);
    if (kn_parse_word(p, "typeid")) {
      if (!kn_parse_caught(p, &s)) return false;
      *out = kiln_const_typeid(p->func, s);
      return true;
    }
    kiln_type type = kn_parse_type_of(t.text, t.length);
    if (type == KILN_TYPE_VOID) break;
    kn_parse_next(p);
    struct kn_token v = p->lx.tok;
    if (v.kind == KN_TOK_VALUE || (v.kind == KN_TOK_IDENT && kn_parse_plain_name(&v))) {
      kn_parse_next(p);
      return use_value(p, &v, type, out);
    }
    return parse_const(p, type, true, out);
  }
  case KN_TOK_CHAR:
    if (t.ch == '-') return parse_const(p, want, false, out);
    break;
  default: break;
  }
  return kn_parse_expected(p, "an operand");
}

bool kn_parse_comma_operand(struct kn_parser *p, kiln_type want, kiln_value *out) {
  return kn_parse_want(p, ',') && kn_parse_operand(p, want, out);
}

bool kn_parse_disp(struct kn_parser *p, int32_t *out) {
  *out = 0;
  bool minus = kn_parse_is(p, '-');
  if (!minus && !kn_parse_is(p, '+')) return true;
  kn_parse_next(p);
  struct kn_token t = p->lx.tok;
  uint64_t v;
  if (!kn_parse_number(p, UINT32_MAX, "a displacement", &v)) return false;
  if (v > (uint64_t)INT32_MAX + minus)
    return kn_parse_fail(p, &t, KILN_ERR_LIMIT, "the displacement has more than 32 bits");
  *out = (int32_t)(minus ? -(int64_t)v : (int64_t)v);
  return true;
}

bool kn_parse_push_arg(struct kn_parser *p, kiln_value v) {
  if (!KN_ROOM(p->module, p->args, 1)) return kn_parse_no_memory(p);
  p->args.at[p->args.n++] = v;
  return true;
}

bool kn_parse_edge_args(struct kn_parser *p, const struct kn_label *l, uint32_t *n) {
  *n = 0;
  if (!kn_parse_take(p, '(')) return true;
  while (!kn_parse_take(p, ')')) {
    kiln_value v;
    if (*n && !kn_parse_want(p, ',')) return false;
    kiln_type want =
      *n < l->n_types ? (kiln_type)p->label_types.at[l->type_first + *n] : KILN_TYPE_VOID;
    bool tried;
    if (!parse_tried(p, &tried, &v) || (!tried && !kn_parse_operand(p, want, &v)) ||
        !kn_parse_push_arg(p, v))
      return false;
    ++*n;
  }
  return true;
}
