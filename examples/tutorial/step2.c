/* Step 2 of docs/tutorial.md: compiles an expression of x in memory and runs it. */
#include <ctype.h>
#include <kiln/jit.h>
#include <kiln/kiln.h>
#include <stdio.h>
#include <stdlib.h>

/* [parser] */
struct parser {
  const char *at; /* the next character */
  kiln_func *f;
};

static kiln_value sum(struct parser *p);

static char next(struct parser *p) { /* after blanks */
  while (isspace((unsigned char)*p->at)) p->at++;
  return *p->at;
}

static kiln_value factor(struct parser *p) {
  char c = next(p);
  if (c == 'x') {
    p->at++;
    return kiln_func_param(p->f, 0);
  }
  if (c == '(') {
    p->at++;
    kiln_value v = sum(p);
    if (next(p) == ')') p->at++;
    else kiln_func_fail(p->f, KILN_ERR_SYNTAX, "a ) is missing");
    return v;
  }
  if (isdigit((unsigned char)c)) return kiln_const_int(p->f, strtol(p->at, (char **)&p->at, 10));
  kiln_func_fail(p->f, KILN_ERR_SYNTAX, "not an expression");
  return (kiln_value){0};
}

static kiln_value product(struct parser *p) {
  kiln_value v = factor(p);
  for (char c = next(p); c == '*' || c == '/'; c = next(p)) {
    p->at++;
    v = kiln_build_binary(p->f, c == '*' ? KILN_OP_MUL : KILN_OP_SDIV, KILN_TYPE_I64, v, factor(p));
  }
  return v;
}
/* [end] */

static kiln_value sum(struct parser *p) { /* as product, of + and - */
  kiln_value v = product(p);
  for (char c = next(p); c == '+' || c == '-'; c = next(p)) {
    p->at++;
    v = kiln_build_binary(p->f, c == '+' ? KILN_OP_ADD : KILN_OP_SUB, KILN_TYPE_I64, v, product(p));
  }
  return v;
}

/* [build] */
static void build(kiln_func *f, const char *text) {
  struct parser p = {text, f};
  kiln_value v = sum(&p);
  if (next(&p) != 0) kiln_func_fail(f, KILN_ERR_SYNTAX, "something follows the expression");
  kiln_build_ret(f, &v, 1);
}
/* [end] */

static int run(const char *text, long x) {
  kiln_module_options options = {.name = "calc", .jit = true, .verify = true};
  kiln_module *m = kiln_module_new(&options);
  kiln_session *s = kiln_session_new(m);
  kiln_type i64 = KILN_TYPE_I64;
  kiln_sig sig = kiln_sig_new(m, KILN_CC_C, 0, &(kiln_param){.type = KILN_TYPE_I64}, 1, &i64, 1);
  kiln_symbol calc = kiln_func_declare(m, &(kiln_symbol_desc){.name = "calc"}, sig);
  kiln_func *f = kiln_func_begin(s, calc);
  build(f, text);
  kiln_func_compile(f);

  /* [run] */
  kiln_jit_error error = {0};
  kiln_jit *jit = kiln_jit_new(NULL, &error);
  kiln_jit_unit unit;
  kiln_status status = kiln_jit_add(
    jit, 0, &(kiln_jit_input){.module = m, .sessions = &s, .n_sessions = 1}, 1, &unit, &error);
  if (status == KILN_OK) {
    long (*code)(long) = (long (*)(long))kiln_jit_lookup(jit, "calc");
    printf("%ld\n", code(x));
  } else {
    fprintf(stderr, "%s\n", error.diag.message);
  }
  /* [end] */
  kiln_session_free(s);
  kiln_module_free(m);
  kiln_jit_free(jit);
  return status == KILN_OK ? 0 : 1;
}

int main(int argc, char **argv) {
  if (argc == 3) return run(argv[1], strtol(argv[2], NULL, 10));
  fputs("Usage: step2 EXPRESSION X\n", stderr);
  return 2;
}
