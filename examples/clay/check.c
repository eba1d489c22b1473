/* Names and types: finds the variable or function of each name, gives each expression its type, and
 * reports what does not fit. Called once per program, for trees without syntax errors. A wrong expression gets
 * TYPE_ERROR, which is compatible with every type, so that one mistake gives one message. */
#include "clay.h"

#include <string.h>

struct checker {
  struct clay *c;
  struct program *p;
  struct fn *fn; /* NULL: outside of functions */
  const struct type *none, *wrong, *integer, *number, *boolean, *string;
  struct var *newest; /* of the local variables in scope */
  struct var **globals_end;
  uint32_t level;       /* of scopes; 0: outside of everything */
  unsigned loops;       /* around the statement */
  bool broke;           /* the innermost loop has a `break` */
  uint32_t collections; /* places so far where garbage may be collected */
};

static const struct builtin builtins[] = {
  {"args", BUILTIN_ARGS, 0}, {"array", BUILTIN_ARRAY, 2},
  {"chr", BUILTIN_CHR, 1},   {"exit", BUILTIN_EXIT, 1},
  {"fail", BUILTIN_FAIL, 1}, {"float", BUILTIN_FLOAT, 1},
  {"int", BUILTIN_INT, 1},   {"len", BUILTIN_LEN, 1},
  {"pop", BUILTIN_POP, 1},   {"print", BUILTIN_PRINT, UINT32_MAX},
  {"push", BUILTIN_PUSH, 2}, {"read_line", BUILTIN_READ_LINE, 0},
  {"str", BUILTIN_STR, 1},   {"write", BUILTIN_WRITE, UINT32_MAX},
};

static const struct builtin *find_builtin(const char *name) {
  for (size_t i = 0; i < sizeof builtins / sizeof *builtins; i++) {
    if (strcmp(builtins[i].name, name) == 0) return &builtins[i];
  }
  return NULL;
}

/* ---- variables ---- */

static void declare(struct checker *k, struct var *v) {
  struct var *old = v->name->var;
  if (old != NULL && old->level == k->level && old->input == k->c->input) {
    clay_error(k->c, v->at, "'%s' is already declared, on line %u", v->name->bytes, old->at.line);
  }
  v->level = k->level;
  v->input = k->c->input;
  v->outer = old;
  v->name->var = v;
  if (k->level == 0) {
    v->global = true;
    *k->globals_end = v;
    k->globals_end = &v->next;
  } else {
    v->below = k->newest;
    k->newest = v;
  }
}

static void close_scope(struct checker *k, struct var *mark) {
  for (; k->newest != mark; k->newest = k->newest->below) k->newest->name->var = k->newest->outer;
  k->level--;
}

/* ---- expressions ---- */

static const struct type *check_expr(struct checker *k, struct expr *e, const struct type *want);

static void fail_type(struct checker *k, struct place at, const struct type *want,
                      const struct type *found) {
  if (want->kind == TYPE_ERROR || found->kind == TYPE_ERROR) return;
  clay_error(k->c, at, "expected %s, found %s", want->name, found->name);
}

/* A view can be any record, or other view, that has all fields of it. */
static bool has_fields(const struct type *t, const struct type *view) {
  if (t->kind != TYPE_RECORD && t->kind != TYPE_VIEW) return false;
  for (const struct var *v = view->fields; v != NULL; v = v->next) {
    const struct var *own = t->fields;
    while (own != NULL && (own->name != v->name || own->type != v->type)) own = own->next;
    if (own == NULL) return false;
  }
  return true;
}

static void expect_type(struct checker *k, struct expr *e, const struct type *want) {
  const struct type *found = check_expr(k, e, want);
  if (found == want || (want->kind == TYPE_VIEW && has_fields(found, want))) return;
  fail_type(k, e->at, want, found);
}

/* An expression that has a value, of any type. */
static const struct type *check_value(struct checker *k, struct expr *e, const struct type *want) {
  const struct type *t = check_expr(k, e, want);
  if (t->kind != TYPE_NONE) return t;
  clay_error(k->c, e->at, "this call gives no value");
  return e->type = k->wrong;
}

/* A literal integer is a float where a float is wanted. */
static void make_float(struct checker *k, struct expr *e) {
  if (e->kind != EXPR_INT) return;
  e->kind = EXPR_FLOAT;
  e->number = (double)e->integer;
  e->type = k->number;
}

/* The types i32 and f32 of extern functions are int and float within expressions. */
static const struct type *plain(struct checker *k, const struct type *t) {
  if (t->kind == TYPE_I32) return k->integer;
  return t->kind == TYPE_F32 ? k->number : t;
}

static const struct type *check_name(struct checker *k, struct expr *e) {
  struct text *name = e->text;
  e->var = name->var;
  if (e->var != NULL) return e->var->type;
  if (name->fn != NULL || find_builtin(name->bytes) != NULL) {
    clay_error(k->c, e->at, "'%s' is a function; call it: %s(...)", name->bytes, name->bytes);
  } else {
    clay_error(k->c, e->at, "unknown name '%s'", name->bytes);
  }
  return k->wrong;
}

static const struct type *check_array(struct checker *k, struct expr *e, const struct type *want) {
  const struct type *elem = want != NULL && want->kind == TYPE_ARRAY ? want->elem : NULL;
  if (e->list == NULL && elem == NULL) {
    clay_error(k->c, e->at, "the type of [] is not known here; write: var NAME: [TYPE] = []");
    return k->wrong;
  }
  for (struct expr *i = e->list; i != NULL; i = i->next) {
    if (elem != NULL) expect_type(k, i, elem);
    else elem = check_value(k, i, NULL);
  }
  return elem->kind == TYPE_ERROR ? elem : clay_array_of(k->c, elem);
}

static const struct type *check_unary(struct checker *k, struct expr *e, const struct type *want) {
  if (e->op == T_NOT) {
    expect_type(k, e->a, k->boolean);
    return k->boolean;
  }
  const struct type *t = check_value(k, e->a, want);
  if (t == k->integer || t->kind == TYPE_ERROR || (t == k->number && e->op == T_SUB)) return t;
  clay_error(k->c, e->at, "'%s' does not work on %s", lex_spelling(e->op), t->name);
  return k->wrong;
}

/* Type of `t op t`; NULL if there is none. */
static const struct type *type_of_op(struct checker *k, enum token_kind op, const struct type *t) {
  bool number = t == k->integer || t == k->number;
  switch (op) {
  case T_ADD: return number || t == k->string ? t : NULL;
  case T_SUB:
  case T_MUL:
  case T_DIV: return number ? t : NULL;
  case T_EQ:
  case T_NE: return number || t == k->string || t == k->boolean ? k->boolean : NULL;
  case T_LT:
  case T_LE:
  case T_GT:
  case T_GE: return number || t == k->string ? k->boolean : NULL;
  default: return t == k->integer ? t : NULL; /* % & | ^ << >> */
  }
}

static const struct type *check_op(struct checker *k, struct place at, enum token_kind op,
                                   struct expr *a, struct expr *b) {
  if (a->type == k->number) make_float(k, b);
  if (b->type == k->number) make_float(k, a);
  if (a->type->kind == TYPE_ERROR || b->type->kind == TYPE_ERROR) return k->wrong;
  const struct type *result = a->type == b->type ? type_of_op(k, op, a->type) : NULL;
  if (result != NULL) return result;
  clay_error(k->c, at, "'%s' does not work on %s and %s", lex_spelling(op), a->type->name,
             b->type->name);
  return k->wrong;
}

static const struct type *check_binary(struct checker *k, struct expr *e, const struct type *want) {
  if (e->op == T_AND || e->op == T_OR) {
    expect_type(k, e->a, k->boolean);
    expect_type(k, e->b, k->boolean);
    return k->boolean;
  }
  /* Comparisons have no wanted type for their operands. */
  if (want != k->number) want = NULL;
  if (e->op >= T_EQ && e->op <= T_GT && type_of_op(k, e->op, k->boolean) == k->boolean) want = NULL;
  check_value(k, e->a, want);
  check_value(k, e->b, want);
  return check_op(k, e->at, e->op, e->a, e->b);
}

/* Index and slice: of strings and arrays. */
static const struct type *check_index(struct checker *k, struct expr *e) {
  const struct type *t = check_value(k, e->a, NULL);
  if (e->b != NULL) expect_type(k, e->b, k->integer);
  if (e->c != NULL) expect_type(k, e->c, k->integer);
  if (t->kind == TYPE_ERROR) return t;
  if (t->kind != TYPE_STR && t->kind != TYPE_ARRAY) {
    clay_error(k->c, e->a->at, "expected a str or an array, found %s", t->name);
    return k->wrong;
  }
  if (e->kind == EXPR_SLICE) return t;
  return t->kind == TYPE_STR ? k->integer : t->elem;
}

static const struct type *check_field(struct checker *k, struct expr *e) {
  const struct type *t = check_value(k, e->a, NULL);
  if (t->kind == TYPE_ERROR) return t;
  if (t->kind != TYPE_RECORD && t->kind != TYPE_VIEW) {
    clay_error(k->c, e->at, "%s has no fields", t->name);
    return k->wrong;
  }
  e->index = 0;
  for (struct var *v = t->fields; v != NULL; v = v->next, e->index++) {
    if (v->name == e->field) return v->type;
  }
  clay_error(k->c, e->at, "%s has no field '%s'", t->name, e->field->bytes);
  return k->wrong;
}

/* ---- calls ---- */

static void check_count(struct checker *k, const struct expr *e, uint32_t want, bool more) {
  if (e->n == want || (more && e->n > want)) return;
  clay_error(k->c, e->at, "'%s' takes %s%u argument%s, not %u", e->callee->bytes,
             more ? "at least " : "", want, want == 1 ? "" : "s", e->n);
}

/* Reports a type that is neither a number nor one of `kinds`, a bit per kind. */
static void expect_kind(struct checker *k, struct expr *e, unsigned kinds, const char *what) {
  const struct type *t = check_value(k, e, NULL);
  if (t->kind == TYPE_ERROR || (kinds >> t->kind & 1) != 0) return;
  clay_error(k->c, e->at, "expected %s, found %s", what, t->name);
}

/* Checks an argument of print or str. */
static void check_printed(struct checker *k, struct expr *e) {
  const struct type *t = check_value(k, e, NULL);
  while (t->kind == TYPE_ARRAY) t = t->elem;
  if (t->kind != TYPE_RECORD && t->kind != TYPE_VIEW) return;
  clay_error(k->c, e->at, "%s has no text of its own; take its fields", t->name);
}

static const struct type *check_builtin(struct checker *k, struct expr *e) {
  const unsigned basic = 1u << TYPE_INT | 1u << TYPE_FLOAT | 1u << TYPE_STR;
  const struct builtin *b = e->builtin;
  struct expr *first = e->list;
  if (b->n_args != UINT32_MAX && e->n != b->n_args) {
    check_count(k, e, b->n_args, false);
    return k->wrong;
  }
  switch (b->kind) {
  case BUILTIN_ARGS: return clay_array_of(k->c, k->string);
  case BUILTIN_ARRAY: {
    expect_type(k, first, k->integer);
    const struct type *elem = check_value(k, first->next, NULL);
    return elem->kind == TYPE_ERROR ? elem : clay_array_of(k->c, elem);
  }
  case BUILTIN_CHR: expect_type(k, first, k->integer); return k->string;
  case BUILTIN_EXIT: expect_type(k, first, k->integer); return k->none;
  case BUILTIN_FAIL: expect_type(k, first, k->string); return k->none;
  case BUILTIN_FLOAT: expect_kind(k, first, basic, "a number or str"); return k->number;
  case BUILTIN_INT:
    expect_kind(k, first, basic | 1u << TYPE_BOOL, "a number, bool or str");
    return k->integer;
  case BUILTIN_LEN:
    expect_kind(k, first, 1u << TYPE_STR | 1u << TYPE_ARRAY, "a str or an array");
    return k->integer;
  case BUILTIN_POP:
  case BUILTIN_PUSH: {
    expect_kind(k, first, 1u << TYPE_ARRAY, "an array");
    const struct type *elem = first->type->kind == TYPE_ARRAY ? first->type->elem : k->wrong;
    if (b->kind == BUILTIN_POP) return elem;
    expect_type(k, first->next, elem);
    return k->none;
  }
  case BUILTIN_READ_LINE: return k->string;
  case BUILTIN_STR: check_printed(k, first); return k->string;
  case BUILTIN_PRINT:
  case BUILTIN_WRITE:
    for (; first != NULL; first = first->next) check_printed(k, first);
    return k->none;
  }
  return k->wrong;
}

/* Arguments for parameters, or for the fields of a record that is made. */
static void check_args(struct checker *k, struct expr *e, const struct var *param) {
  for (struct expr *a = e->list; a != NULL; a = a->next) {
    if (param != NULL) {
      expect_type(k, a, plain(k, param->type));
      param = param->next;
    } else {
      expect_kind(k, a, 1u << TYPE_INT | 1u << TYPE_FLOAT | 1u << TYPE_STR, "a number or str");
    }
  }
}

static const struct type *check_call(struct checker *k, struct expr *e) {
  struct fn *fn = e->fn = e->callee->fn;
  const struct type *record = e->callee->type;
  if (fn == NULL && record != NULL && record->kind == TYPE_RECORD) {
    check_count(k, e, record->n_fields, false);
    check_args(k, e, record->fields);
    return record;
  }
  if (fn == NULL) {
    e->builtin = find_builtin(e->callee->bytes);
    if (e->builtin != NULL) return check_builtin(k, e);
    clay_error(k->c, e->at, "unknown function '%s'", e->callee->bytes);
    for (struct expr *a = e->list; a != NULL; a = a->next) check_value(k, a, NULL);
    return k->wrong;
  }
  check_count(k, e, fn->n_params, fn->variadic);
  check_args(k, e, fn->params);
  return plain(k, fn->result);
}

/* Whether the expression itself, without its operands, makes an object. Calls of the program's functions count. */
static bool makes_object(const struct expr *e) {
  switch (e->kind) {
  case EXPR_ARRAY:
  case EXPR_SLICE: return true;
  case EXPR_BINARY: return e->op == T_ADD && e->type->kind == TYPE_STR;
  case EXPR_CALL:
    if (e->fn != NULL) return !e->fn->external || e->fn->result->kind == TYPE_STR;
    if (e->builtin == NULL) return true;
    switch (e->builtin->kind) {
    case BUILTIN_ARGS:
    case BUILTIN_ARRAY:
    case BUILTIN_CHR:
    case BUILTIN_PUSH:
    case BUILTIN_READ_LINE:
    case BUILTIN_STR: return true;
    default: return false;
    }
  default: return false;
  }
}

/* `want` is the type that the context would prefer, or NULL; the result may be another. */
static const struct type *check_expr(struct checker *k, struct expr *e, const struct type *want) {
  uint32_t before = k->collections;
  switch (e->kind) {
  case EXPR_INT:
    e->type = k->integer;
    if (want == k->number) make_float(k, e);
    break;
  case EXPR_FLOAT: e->type = k->number; break;
  case EXPR_BOOL: e->type = k->boolean; break;
  case EXPR_STR: e->type = k->string; break;
  case EXPR_ARRAY: e->type = check_array(k, e, want); break;
  case EXPR_NAME: e->type = check_name(k, e); break;
  case EXPR_UNARY: e->type = check_unary(k, e, want); break;
  case EXPR_BINARY: e->type = check_binary(k, e, want); break;
  case EXPR_INDEX:
  case EXPR_SLICE: e->type = check_index(k, e); break;
  case EXPR_FIELD: e->type = check_field(k, e); break;
  case EXPR_CALL: e->type = check_call(k, e); break;
  }
  if (makes_object(e)) k->collections++;
  e->collects = k->collections != before;
  return e->type;
}

/* ---- statements: each gives whether control can reach what stands after it ---- */

static bool check_stmt(struct checker *k, struct stmt *s);

static bool check_list(struct checker *k, struct stmt *s) {
  bool goes_on = true;
  for (; s != NULL; s = s->next) goes_on &= check_stmt(k, s);
  return goes_on;
}

static bool check_block(struct checker *k, struct stmt *s) {
  struct var *mark = k->newest;
  k->level++;
  bool goes_on = check_list(k, s);
  close_scope(k, mark);
  return goes_on;
}

/* Types that a variable can have. */
static const struct type *check_type(struct checker *k, struct place at, const struct type *t) {
  const struct type *bottom = t;
  while (bottom->kind == TYPE_ARRAY) bottom = bottom->elem;
  if (bottom->kind != TYPE_I32 && bottom->kind != TYPE_F32) return t;
  clay_error(k->c, at, "type %s is for extern functions only", t->name);
  return k->wrong;
}

static void check_declaration(struct checker *k, struct stmt *s) {
  struct var *v = s->var;
  if (v->type != NULL) v->type = check_type(k, v->at, v->type);
  if (s->a != NULL && v->type != NULL) expect_type(k, s->a, v->type);
  else if (s->a != NULL) v->type = check_value(k, s->a, NULL);
  else if (v->type->kind == TYPE_RECORD || v->type->kind == TYPE_VIEW)
    clay_error(k->c, v->at, "'%s' needs a value", v->name->bytes);
  else if (v->type->kind == TYPE_ARRAY) k->collections++; /* it starts as a new array */
  declare(k, v);
}

static void check_target(struct checker *k, struct expr *e) {
  const struct type *t = check_expr(k, e, NULL);
  if (t->kind == TYPE_ERROR) return;
  if (e->kind == EXPR_NAME) {
    e->var->assigned = true;
    if (!e->var->fixed) return;
    clay_error(k->c, e->at, "'%s' keeps its value; declare it by 'var' to change it",
               e->var->name->bytes);
  } else if (e->kind != EXPR_INDEX && e->kind != EXPR_FIELD) {
    clay_error(k->c, e->at, "only variables, elements and fields can be assigned to");
  } else if (e->a->type->kind == TYPE_STR) {
    clay_error(k->c, e->at, "the bytes of a str cannot be changed");
  }
}

static void check_assignment(struct checker *k, struct stmt *s) {
  static const enum token_kind ops[T_COUNT] = {[T_ADD_TO] = T_ADD,
                                               [T_SUB_TO] = T_SUB,
                                               [T_MUL_TO] = T_MUL,
                                               [T_DIV_TO] = T_DIV,
                                               [T_REM_TO] = T_REM};
  check_target(k, s->a);
  if (s->op == T_ASSIGN) {
    expect_type(k, s->b, s->a->type);
  } else {
    s->op = ops[s->op];
    check_value(k, s->b, s->a->type);
    if (check_op(k, s->at, s->op, s->a, s->b) == k->string) k->collections++;
  }
}

/* The body of a loop, with its variable if it has one. */
static void check_loop(struct checker *k, struct stmt *s) {
  struct var *mark = k->newest;
  k->loops++;
  k->broke = false;
  k->level++;
  if (s->var != NULL) declare(k, s->var);
  check_list(k, s->body);
  close_scope(k, mark);
  k->loops--;
}

static bool check_while(struct checker *k, struct stmt *s) {
  bool outer = k->broke;
  expect_type(k, s->a, k->boolean);
  check_loop(k, s);
  bool forever = s->a->kind == EXPR_BOOL && s->a->integer == 1 && !k->broke;
  k->broke = outer;
  return !forever;
}

static void check_for(struct checker *k, struct stmt *s) {
  bool outer = k->broke;
  s->var->type = k->integer;
  if (s->kind == STMT_RANGE) {
    expect_type(k, s->a, k->integer);
    expect_type(k, s->b, k->integer);
  } else {
    const struct type *t = check_value(k, s->a, NULL);
    if (t->kind == TYPE_ARRAY) s->var->type = t->elem;
    else if (t->kind == TYPE_ERROR) s->var->type = t;
    else if (t->kind != TYPE_STR) {
      clay_error(k->c, s->a->at, "expected a str or an array, found %s; to count: for i in 0..n",
                 t->name);
    }
  }
  check_loop(k, s);
  k->broke = outer;
}

static bool check_if(struct checker *k, struct stmt *s) {
  bool goes_on = false;
  for (; s != NULL && s->kind == STMT_IF; s = s->other) {
    expect_type(k, s->a, k->boolean);
    goes_on |= check_block(k, s->body);
  }
  return (s == NULL || check_block(k, s->body)) | goes_on;
}

static void check_return(struct checker *k, struct stmt *s) {
  const struct type *want = k->fn != NULL ? k->fn->result : k->none;
  if (k->fn == NULL) clay_error(k->c, s->at, "'return' outside of a function");
  else if (s->a == NULL && want != k->none)
    clay_error(k->c, s->at, "expected a value: '%s' gives %s", k->fn->name->bytes, want->name);
  else if (s->a != NULL && want == k->none)
    clay_error(k->c, s->a->at, "'%s' gives no value", k->fn->name->bytes);
  else if (s->a != NULL) expect_type(k, s->a, want);
}

/* Types that exceptions can have. */
static void check_thrown(struct checker *k, struct place at, const struct type *t) {
  if (t->kind == TYPE_ARRAY || t->kind == TYPE_VIEW)
    clay_error(k->c, at, "%s cannot be thrown", t->name);
}

/* Control goes on if it does at the end of the body or of a catch, and of the finally. */
static bool check_try(struct checker *k, struct stmt *s) {
  bool goes_on = check_block(k, s->body);
  for (struct stmt *c = s->catches; c != NULL; c = c->next) {
    struct var *mark = k->newest;
    c->var->type = check_type(k, c->var->at, c->var->type);
    check_thrown(k, c->var->at, c->var->type);
    for (struct stmt *other = s->catches; other != c; other = other->next)
      if (other->var->type == c->var->type && c->var->type != k->wrong)
        clay_error(k->c, c->at, "a second catch of %s", c->var->type->name);
    k->level++;
    declare(k, c->var);
    goes_on |= check_list(k, c->body);
    close_scope(k, mark);
  }
  return s->other != NULL ? check_block(k, s->other->body) && goes_on : goes_on;
}

static bool check_stmt(struct checker *k, struct stmt *s) {
  switch (s->kind) {
  case STMT_VAR: check_declaration(k, s); return true;
  case STMT_ASSIGN: check_assignment(k, s); return true;
  case STMT_EXPR: {
    check_expr(k, s->a, NULL);
    if (s->a->kind != EXPR_CALL) {
      clay_error(k->c, s->at, "a value that nobody uses");
      return true;
    }
    const struct builtin *b = s->a->builtin;
    return b == NULL || (b->kind != BUILTIN_EXIT && b->kind != BUILTIN_FAIL);
  }
  case STMT_IF: return check_if(k, s);
  case STMT_WHILE: return check_while(k, s);
  case STMT_RANGE:
  case STMT_EACH: check_for(k, s); return true;
  case STMT_BREAK: k->broke = true; /* fall through */
  case STMT_CONTINUE:
    if (k->loops == 0) {
      clay_error(k->c, s->at, "'%s' outside of a loop",
                 lex_spelling(s->kind == STMT_BREAK ? T_BREAK : T_CONTINUE));
    }
    return false;
  case STMT_RETURN: check_return(k, s); return false;
  case STMT_THROW: check_thrown(k, s->a->at, check_value(k, s->a, NULL)); return false;
  case STMT_TRY: return check_try(k, s);
  case STMT_CATCH: break; /* a part of a try */
  case STMT_BLOCK: return check_block(k, s->body);
  }
  return true;
}

/* ---- functions ---- */

/* Extern functions take and return C's types. */
static const struct type *check_extern_type(struct checker *k, struct place at,
                                            const struct type *t) {
  if (t->kind != TYPE_ARRAY && t->kind != TYPE_RECORD && t->kind != TYPE_VIEW) return t;
  clay_error(k->c, at, "an extern function knows no %s", t->name);
  return k->wrong;
}

static bool same_signature(const struct fn *a, const struct fn *b) {
  const struct var *x = a->params, *y = b->params;
  for (; x != NULL && y != NULL && x->type == y->type; x = x->next) y = y->next;
  return x == NULL && y == NULL && a->result == b->result && a->external == b->external;
}

static void check_signature(struct checker *k, struct fn *fn) {
  struct fn *other = fn->name->fn;
  if (find_builtin(fn->name->bytes) != NULL) {
    clay_error(k->c, fn->at, "'%s' is a function of the language", fn->name->bytes);
  } else if (fn->name->type != NULL &&
             (fn->name->type->kind == TYPE_RECORD || fn->name->type->kind == TYPE_VIEW)) {
    clay_error(k->c, fn->at, "'%s' is a type", fn->name->bytes);
  } else if (other != NULL && other->input == k->c->input) {
    clay_error(k->c, fn->at, "'%s' is already a function, on line %u", fn->name->bytes,
               other->at.line);
  }
  fn->outer = other;
  fn->input = k->c->input;
  fn->name->fn = fn;
  const struct type *(*check)(struct checker *, struct place, const struct type *) =
    fn->external ? check_extern_type : check_type;
  for (struct var *v = fn->params; v != NULL; v = v->next) v->type = check(k, v->at, v->type);
  fn->result = check(k, fn->at, fn->result);
  if (other != NULL) fn->version = same_signature(fn, other) ? other->version : fn->input;
}

static void check_fn(struct checker *k, struct fn *fn) {
  struct var *mark = k->newest;
  uint32_t before = k->collections;
  k->fn = fn;
  k->level++;
  for (struct var *v = fn->params; v != NULL; v = v->next) declare(k, v);
  if (check_list(k, fn->body) && fn->result != k->none) {
    clay_error(k->c, fn->end, "'%s' can end here without giving %s", fn->name->bytes,
               fn->result->name);
  }
  close_scope(k, mark);
  fn->collects = k->collections != before;
  k->fn = NULL;
}

/* Restores the meanings that names had before this input. */
static void forget(struct checker *k) {
  for (struct fn *fn = k->p->fns; fn != NULL; fn = fn->next) {
    struct fn **now = &fn->name->fn;
    while (*now != NULL && (*now)->input == k->c->input) *now = (*now)->outer;
  }
  for (struct var *v = k->p->globals; v != NULL; v = v->next) {
    struct var **now = &v->name->var;
    while (*now != NULL && (*now)->input == k->c->input) *now = (*now)->outer;
  }
}

void check_program(struct clay *c, struct program *p) {
  const struct type *t = c->types;
  struct checker k = {.c = c,
                      .p = p,
                      .globals_end = &p->globals,
                      .none = &t[TYPE_NONE],
                      .wrong = &t[TYPE_ERROR],
                      .integer = &t[TYPE_INT],
                      .number = &t[TYPE_FLOAT],
                      .boolean = &t[TYPE_BOOL],
                      .string = &t[TYPE_STR]};
  for (struct type *r = p->records; r != NULL; r = r->next) {
    if (find_builtin(r->name)) clay_error(c, r->at, "'%s' is a function of the language", r->name);
    for (struct var *v = r->fields; v != NULL; v = v->next)
      v->type = check_type(&k, v->at, v->type);
  }
  for (struct fn *fn = p->fns; fn != NULL; fn = fn->next) check_signature(&k, fn);
  check_list(&k, p->stmts);
  for (struct fn *fn = p->fns; fn != NULL; fn = fn->next) {
    if (!fn->external) check_fn(&k, fn);
  }
  if (c->errors > 0) forget(&k);
}
