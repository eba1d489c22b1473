/* Tokens to a tree, by recursive descent; operators by precedence. Called once per input. A syntax
 * error skips to the end of its statement, blocks in it included, so that one mistake gives one
 * message. Recursion is bounded by MAX_DEPTH, and so is the depth of the trees. */
#include "clay.h"

#include <stdio.h>
#include <string.h>

struct parser {
  struct clay *c;
  struct lexer lexer;
  struct token token;   /* the next one, not consumed yet */
  struct place last;    /* of the one consumed before */
  struct type *records; /* newest first */
  unsigned depth;
  bool failed; /* in a statement that had an error: report nothing until it ends */
};

/* ---- tokens and errors ---- */

static void advance(struct parser *p) {
  p->last = p->token.at;
  p->token = lex_next(&p->lexer);
}

static bool at(const struct parser *p, enum token_kind kind) { return p->token.kind == kind; }

/* Skips to the end of the statement: callers that expect some token see the end. */
static void skip_statement(struct parser *p) {
  p->failed = true;
  p->lexer.nesting = 0;
  for (unsigned braces = 0; !at(p, T_END); advance(p)) {
    if (braces == 0 && (at(p, T_NEWLINE) || at(p, T_SEMICOLON) || at(p, T_RBRACE))) break;
    braces += at(p, T_LBRACE);
    braces -= at(p, T_RBRACE);
    p->lexer.nesting = 0;
  }
}

static void fail_expected(struct parser *p, const char *what) {
  char found[80];
  if (at(p, T_NAME)) {
    snprintf(found, sizeof found, "'%s'", p->token.text->bytes);
  } else {
    const char *quote = p->token.kind < T_NAME ? "'" : "";
    snprintf(found, sizeof found, "%s%s%s", quote, lex_spelling(p->token.kind), quote);
  }
  if (!p->failed) clay_error(p->c, p->token.at, "expected %s, found %s", what, found);
  skip_statement(p);
}

static void fail_depth(struct parser *p, struct place where) {
  if (!p->failed) clay_error(p->c, where, "nested more than %d levels deep", MAX_DEPTH);
  skip_statement(p);
}

static bool enter(struct parser *p) {
  if (p->depth++ < MAX_DEPTH) return true;
  fail_depth(p, p->token.at);
  return false;
}

static bool accept(struct parser *p, enum token_kind kind) {
  if (!at(p, kind)) return false;
  advance(p);
  return true;
}

static bool expect(struct parser *p, enum token_kind kind) {
  if (accept(p, kind)) return true;
  char what[24];
  const char *quote = kind < T_NAME ? "'" : "";
  snprintf(what, sizeof what, "%s%s%s", quote, lex_spelling(kind), quote);
  fail_expected(p, what);
  return false;
}

static struct text *expect_name(struct parser *p) {
  struct text *name = p->token.text;
  return expect(p, T_NAME) ? name : NULL;
}

/* From the start of `from` to the end of `to`, if that is on the same line. */
static struct place span(struct place from, struct place to) {
  if (from.line == to.line) from.length = to.column + to.length - from.column;
  return from;
}

/* ---- types ---- */

static bool is_declared(const struct type *t) {
  return t->kind == TYPE_RECORD || t->kind == TYPE_VIEW;
}

/* Records and views may be used before they are declared. */
static struct type *new_record(struct parser *p, struct text *name) {
  struct type *t = clay_alloc(p->c, sizeof *t);
  *t = (struct type){.kind = TYPE_RECORD, .name = name->bytes, .at = p->token.at};
  t->next = p->records;
  p->records = name->type = t;
  return t;
}

static const struct type *parse_type(struct parser *p) {
  const struct type *type = &p->c->types[TYPE_ERROR];
  if (enter(p)) {
    if (accept(p, T_LBRACKET)) {
      type = clay_array_of(p->c, parse_type(p));
      expect(p, T_RBRACKET);
    } else if (at(p, T_NAME)) {
      struct text *name = p->token.text;
      type = name->type != NULL ? name->type : new_record(p, name);
      advance(p);
    } else {
      fail_expected(p, "a type");
    }
  }
  p->depth--;
  return type;
}

/* ---- expressions ---- */

static struct expr *parse_expr(struct parser *p);

static struct expr *new_expr(struct parser *p, enum expr_kind kind, struct place where) {
  struct expr *e = clay_alloc(p->c, sizeof *e);
  e->kind = kind;
  e->at = where;
  e->depth = 1;
  return e;
}

/* Puts `child` below `e`. */
static struct expr *adopt(struct parser *p, struct expr *e, struct expr *child) {
  if (child != NULL && child->depth >= e->depth) e->depth = child->depth + 1;
  if (e->depth > MAX_DEPTH) {
    fail_depth(p, e->at);
    e->depth = 1;
  }
  return child;
}

static struct expr *new_op(struct parser *p, enum expr_kind kind, struct token op, struct expr *a,
                           struct expr *b) {
  struct expr *e = new_expr(p, kind, op.at);
  e->op = op.kind;
  e->a = adopt(p, e, a);
  e->b = adopt(p, e, b);
  return e;
}

/* Expressions separated by commas up to `close`. */
static void parse_list(struct parser *p, struct expr *e, enum token_kind close) {
  struct expr **tail = &e->list;
  while (!at(p, close) && !p->failed) {
    *tail = adopt(p, e, parse_expr(p));
    tail = &(*tail)->next;
    e->n++;
    if (!accept(p, T_COMMA)) break;
  }
  if (!at(p, close)) fail_expected(p, close == T_RPAREN ? "',' or ')'" : "',' or ']'");
  else e->at = span(e->at, p->token.at);
  accept(p, close);
}

static struct expr *parse_name(struct parser *p) {
  struct token t = p->token;
  advance(p);
  if (!at(p, T_LPAREN)) {
    struct expr *e = new_expr(p, EXPR_NAME, t.at);
    e->text = t.text;
    return e;
  }
  struct expr *e = new_expr(p, EXPR_CALL, t.at);
  e->callee = t.text;
  advance(p);
  parse_list(p, e, T_RPAREN);
  e->at = t.at;
  return e;
}

/* Numbers are read without sign: the least int is only valid after '-'. */
static struct expr *parse_integer(struct parser *p, struct place where, bool negative) {
  struct expr *e = new_expr(p, EXPR_INT, span(where, p->token.at));
  uint64_t value = p->token.integer;
  if (value > (uint64_t)INT64_MAX + negative)
    clay_error(p->c, p->token.at, "number too large for int");
  e->integer = (int64_t)(negative ? 0 - value : value);
  advance(p);
  return e;
}

static struct expr *parse_primary(struct parser *p) {
  struct token t = p->token;
  struct expr *e;
  switch (t.kind) {
  case T_NAME: return parse_name(p);
  case T_INT: return parse_integer(p, t.at, false);
  case T_FLOAT:
    e = new_expr(p, EXPR_FLOAT, t.at);
    e->number = t.number;
    break;
  case T_TRUE:
  case T_FALSE:
    e = new_expr(p, EXPR_BOOL, t.at);
    e->integer = t.kind == T_TRUE;
    break;
  case T_STRING:
    e = new_expr(p, EXPR_STR, t.at);
    e->text = t.text;
    break;
  case T_LPAREN:
    advance(p);
    e = parse_expr(p);
    expect(p, T_RPAREN);
    return e;
  case T_LBRACKET:
    e = new_expr(p, EXPR_ARRAY, t.at);
    advance(p);
    parse_list(p, e, T_RBRACKET);
    return e;
  default: fail_expected(p, "an expression"); return new_expr(p, EXPR_INT, t.at);
  }
  advance(p);
  return e;
}

/* a[i], a[i..j], a[i..], a[..j], a.field */
static struct expr *parse_postfix(struct parser *p) {
  struct expr *e = parse_primary(p);
  while (at(p, T_LBRACKET) || at(p, T_DOT)) {
    struct token open = p->token;
    advance(p);
    if (open.kind == T_DOT) {
      open.at = p->token.at;
      struct text *field = expect_name(p);
      e = new_op(p, EXPR_FIELD, open, e, NULL);
      e->field = field;
      continue;
    }
    struct expr *from = at(p, T_RANGE) ? NULL : parse_expr(p);
    struct expr *to = NULL;
    bool slice = accept(p, T_RANGE);
    if (slice && !at(p, T_RBRACKET)) to = parse_expr(p);
    open.at = span(e->at, p->token.at);
    expect(p, T_RBRACKET);
    e = new_op(p, slice ? EXPR_SLICE : EXPR_INDEX, open, e, from);
    e->c = adopt(p, e, to);
  }
  return e;
}

static struct expr *parse_binary(struct parser *p, int least);

static struct expr *parse_unary(struct parser *p) {
  if (!at(p, T_SUB) && !at(p, T_BIT_NOT) && !at(p, T_NOT)) return parse_postfix(p);
  struct token op = p->token;
  advance(p);
  if (op.kind == T_SUB && at(p, T_INT)) return parse_integer(p, op.at, true);
  struct expr *e = new_expr(p, EXPR_INT, op.at);
  if (enter(p)) {
    /* `not` binds weaker than comparisons, the others stronger than all binary operators. */
    struct expr *a = op.kind == T_NOT ? parse_binary(p, 3) : parse_unary(p);
    e = new_op(p, EXPR_UNARY, op, a, NULL);
  }
  p->depth--;
  return e;
}

enum { COMPARISON = 3 };

static int precedence(enum token_kind op) {
  switch (op) {
  case T_OR: return 1;
  case T_AND: return 2;
  case T_EQ:
  case T_NE:
  case T_LT:
  case T_LE:
  case T_GT:
  case T_GE: return COMPARISON;
  case T_ADD:
  case T_SUB:
  case T_BIT_OR:
  case T_BIT_XOR: return 4;
  case T_MUL:
  case T_DIV:
  case T_REM:
  case T_BIT_AND:
  case T_SHL:
  case T_SHR: return 5;
  default: return 0;
  }
}

/* Operators of precedence `least` and above; they group to the left. */
static struct expr *parse_binary(struct parser *p, int least) {
  struct expr *a = parse_unary(p);
  for (int prec; (prec = precedence(p->token.kind)) >= least && prec > 0;) {
    struct token op = p->token;
    advance(p);
    a = new_op(p, EXPR_BINARY, op, a, parse_binary(p, prec + 1));
    if (prec == COMPARISON && precedence(p->token.kind) == COMPARISON) {
      fail_expected(p, "'and' between comparisons");
    }
  }
  return a;
}

static struct expr *parse_expr(struct parser *p) {
  struct expr *e = enter(p) ? parse_binary(p, 1) : new_expr(p, EXPR_INT, p->token.at);
  p->depth--;
  return e;
}

/* ---- statements ---- */

static struct stmt *parse_block(struct parser *p);

static struct stmt *new_stmt(struct parser *p, enum stmt_kind kind) {
  struct stmt *s = clay_alloc(p->c, sizeof *s);
  s->kind = kind;
  s->at = p->token.at;
  return s;
}

/* name [":" type] */
static struct var *parse_var(struct parser *p) {
  struct var *v = clay_alloc(p->c, sizeof *v);
  v->at = p->token.at;
  v->name = expect_name(p);
  return v;
}

static void parse_declaration(struct parser *p, struct stmt *s) {
  bool fixed = at(p, T_LET);
  advance(p);
  s->var = parse_var(p);
  s->var->fixed = fixed;
  if (accept(p, T_COLON)) s->var->type = parse_type(p);
  if (accept(p, T_ASSIGN)) s->a = parse_expr(p);
  else if (fixed || s->var->type == NULL) fail_expected(p, fixed ? "'='" : "'=' or ':'");
}

/* else-if chains are lists: no recursion. */
static void parse_if(struct parser *p, struct stmt *s) {
  for (;;) {
    advance(p);
    s->a = parse_expr(p);
    s->body = parse_block(p);
    if (!accept(p, T_ELSE)) return;
    if (!at(p, T_IF)) break;
    s = s->other = new_stmt(p, STMT_IF);
  }
  s->other = new_stmt(p, STMT_BLOCK);
  s->other->body = parse_block(p);
}

static void parse_for(struct parser *p, struct stmt *s) {
  advance(p);
  s->var = parse_var(p);
  s->var->fixed = true;
  expect(p, T_IN);
  s->a = parse_expr(p);
  if (accept(p, T_RANGE)) {
    s->kind = STMT_RANGE;
    s->b = parse_expr(p);
  }
  s->body = parse_block(p);
}

/* "try" block { "catch" name ":" type block } [ "finally" block ] */
static void parse_try(struct parser *p, struct stmt *s) {
  struct stmt **tail = &s->catches;
  advance(p);
  s->body = parse_block(p);
  while (at(p, T_CATCH) && !p->failed) {
    struct stmt *c = *tail = new_stmt(p, STMT_CATCH);
    tail = &c->next;
    advance(p);
    c->var = parse_var(p);
    expect(p, T_COLON);
    c->var->type = parse_type(p);
    c->body = parse_block(p);
  }
  if (at(p, T_FINALLY)) {
    s->other = new_stmt(p, STMT_BLOCK);
    advance(p);
    s->other->body = parse_block(p);
  } else if (s->catches == NULL) {
    fail_expected(p, "'catch' or 'finally'");
  }
}

static void parse_assignment(struct parser *p, struct stmt *s) {
  s->a = parse_expr(p);
  s->at = p->token.at;
  s->op = p->token.kind;
  switch (s->op) {
  case T_ASSIGN:
  case T_ADD_TO:
  case T_SUB_TO:
  case T_MUL_TO:
  case T_DIV_TO:
  case T_REM_TO:
    advance(p);
    s->kind = STMT_ASSIGN;
    s->b = parse_expr(p);
    break;
  default: s->at = s->a->at;
  }
}

static struct stmt *parse_statement(struct parser *p) {
  struct stmt *s = new_stmt(p, STMT_EXPR);
  switch (p->token.kind) {
  case T_LET:
  case T_VAR:
    s->kind = STMT_VAR;
    parse_declaration(p, s);
    break;
  case T_IF:
    s->kind = STMT_IF;
    parse_if(p, s);
    break;
  case T_WHILE:
    s->kind = STMT_WHILE;
    advance(p);
    s->a = parse_expr(p);
    s->body = parse_block(p);
    break;
  case T_FOR:
    s->kind = STMT_EACH;
    parse_for(p, s);
    break;
  case T_BREAK:
  case T_CONTINUE:
    s->kind = at(p, T_BREAK) ? STMT_BREAK : STMT_CONTINUE;
    advance(p);
    break;
  case T_RETURN:
    s->kind = STMT_RETURN;
    advance(p);
    if (!at(p, T_NEWLINE) && !at(p, T_SEMICOLON) && !at(p, T_RBRACE) && !at(p, T_END)) {
      s->a = parse_expr(p);
    }
    break;
  case T_THROW:
    s->kind = STMT_THROW;
    advance(p);
    s->a = parse_expr(p);
    break;
  case T_TRY:
    s->kind = STMT_TRY;
    parse_try(p, s);
    break;
  case T_LBRACE:
    s->kind = STMT_BLOCK;
    s->body = parse_block(p);
    break;
  default: parse_assignment(p, s);
  }
  return s;
}

static void end_statement(struct parser *p) {
  bool ended = at(p, T_NEWLINE) || at(p, T_SEMICOLON) || at(p, T_RBRACE) || at(p, T_END);
  if (!ended) fail_expected(p, "the end of the statement");
  p->failed = false;
  while (at(p, T_NEWLINE) || at(p, T_SEMICOLON)) advance(p);
}

static struct stmt *parse_block(struct parser *p) {
  struct stmt *first = NULL, **tail = &first;
  if (enter(p) && expect(p, T_LBRACE)) {
    while (at(p, T_NEWLINE) || at(p, T_SEMICOLON)) advance(p);
    while (!at(p, T_RBRACE) && !at(p, T_END)) {
      *tail = parse_statement(p);
      tail = &(*tail)->next;
      end_statement(p);
    }
    expect(p, T_RBRACE);
  }
  p->depth--;
  return first;
}

/* ---- records, functions and the whole ---- */

static void skip_newlines(struct parser *p) {
  while (at(p, T_NEWLINE) || at(p, T_SEMICOLON)) advance(p);
}

/* ( "record" | "view" ) name "{" { name ":" type [","] } "}" */
static void parse_record(struct parser *p) {
  enum type_kind kind = at(p, T_VIEW) ? TYPE_VIEW : TYPE_RECORD;
  advance(p);
  struct place where = p->token.at;
  struct text *name = p->token.text;
  if (!at(p, T_NAME)) {
    fail_expected(p, "a name");
    return;
  }
  struct type *t = name->type;
  if (t != NULL && (!is_declared(t) || t->input == p->c->input)) {
    clay_error(p->c, where, "'%s' is already a type", name->bytes);
  }
  if (t == NULL || !is_declared(t) || t->input != 0) t = new_record(p, name);
  t->kind = kind;
  t->input = p->c->input;
  t->at = where;
  advance(p);
  expect(p, T_LBRACE);
  skip_newlines(p);
  struct var **tail = &t->fields;
  for (; !at(p, T_RBRACE) && !p->failed; skip_newlines(p)) {
    struct var *field = parse_var(p);
    expect(p, T_COLON);
    field->type = parse_type(p);
    for (struct var *v = t->fields; v != NULL && field->name != NULL; v = v->next) {
      if (v->name == field->name)
        clay_error(p->c, field->at, "a second field '%s'", v->name->bytes);
    }
    *tail = field;
    tail = &field->next;
    t->n_fields++;
    if (accept(p, T_COMMA) || at(p, T_NEWLINE) || at(p, T_SEMICOLON)) continue;
    if (!at(p, T_RBRACE)) fail_expected(p, "',' or '}'");
  }
  expect(p, T_RBRACE);
}

static void parse_params(struct parser *p, struct fn *fn) {
  struct var **tail = &fn->params;
  expect(p, T_LPAREN);
  while (!at(p, T_RPAREN) && !p->failed) {
    if (fn->external && accept(p, T_DOTS)) {
      fn->variadic = true;
      break;
    }
    if (fn->n_params++ == MAX_PARAMS)
      clay_error(p->c, p->token.at, "more than %d parameters", MAX_PARAMS);
    struct var *v = *tail = parse_var(p);
    tail = &v->next;
    expect(p, T_COLON);
    v->type = parse_type(p);
    if (!accept(p, T_COMMA)) break;
  }
  expect(p, T_RPAREN);
}

/* ["extern"] "fn" name "(" params ")" ["->" type] block */
static struct fn *parse_fn(struct parser *p) {
  struct fn *fn = clay_alloc(p->c, sizeof *fn);
  fn->external = accept(p, T_EXTERN);
  fn->result = &p->c->types[TYPE_NONE];
  expect(p, T_FN);
  fn->at = p->token.at;
  fn->name = expect_name(p);
  parse_params(p, fn);
  if (accept(p, T_ARROW)) fn->result = parse_type(p);
  if (!fn->external && !p->failed) fn->body = parse_block(p);
  fn->end = p->last;
  return fn;
}

void parse_program(struct clay *c, struct program *out) {
  struct parser p = {.c = c};
  struct fn **fns = &out->fns;
  struct stmt **stmts = &out->stmts;
  lex_init(&p.lexer, c);
  advance(&p);
  skip_newlines(&p);
  while (!at(&p, T_END)) {
    if (at(&p, T_RECORD) || at(&p, T_VIEW)) {
      parse_record(&p);
    } else if (at(&p, T_FN) || at(&p, T_EXTERN)) {
      *fns = parse_fn(&p);
      if ((*fns)->name != NULL) fns = &(*fns)->next;
      else *fns = NULL;
    } else {
      *stmts = parse_statement(&p);
      stmts = &(*stmts)->next;
    }
    end_statement(&p);
    if (at(&p, T_RBRACE)) {
      clay_error(c, p.token.at, "'}' without '{'");
      advance(&p);
      skip_newlines(&p);
    }
  }
  /* A syntax error may have skipped the declaration. */
  bool whole = c->errors == 0;
  out->records = p.records;
  for (struct type *t = p.records; t != NULL; t = t->next) {
    if (t->input != 0) continue;
    if (whole) clay_error(c, t->at, "unknown type '%s'", t->name);
    clay_text(c, t->name, strlen(t->name))->type = NULL;
  }
}
