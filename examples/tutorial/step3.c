/* Step 3 of docs/tutorial.md: variables and loops. `a = 1; while x { a = a * x; x = x - 1; } a` is x!. */
#include <ctype.h>
#include <kiln/jit.h>
#include <kiln/kiln.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char names[] = "abcdx";

struct parser {
  const char *at; /* the next character */
  kiln_func *f;
  kiln_value slots[5]; /* of the variables, in the order of their names */
};

static kiln_value sum(struct parser *p);

static char next(struct parser *p) { /* after blanks */
  while (isspace((unsigned char)*p->at)) p->at++;
  return *p->at;
}

static kiln_value factor(struct parser *p) {
  char c = next(p);
  const char *name = c != 0 ? strchr(names, c) : NULL;
  if (name != NULL) {
    p->at++;
    return kiln_build_load(p->f, KILN_TYPE_I64, p->slots[name - names], 0, 0);
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

static kiln_value sum(struct parser *p) {
  kiln_value v = product(p);
  for (char c = next(p); c == '+' || c == '-'; c = next(p)) {
    p->at++;
    v = kiln_build_binary(p->f, c == '+' ? KILN_OP_ADD : KILN_OP_SUB, KILN_TYPE_I64, v, product(p));
  }
  return v;
}

static bool word(struct parser *p, const char *text) { /* skips it, if it comes next */
  next(p);
  if (strncmp(p->at, text, strlen(text)) != 0) return false;
  p->at += strlen(text);
  return true;
}

static void expect(struct parser *p, const char *text) {
  if (word(p, text)) return;
  kiln_func_fail(p->f, KILN_ERR_SYNTAX, "something is missing: } or { or ;");
}

static bool statement(struct parser *p);

/* [loop] */
static void loop(struct parser *p) { /* while SUM { STATEMENT... } */
  kiln_block test = kiln_block_new(p->f), body = kiln_block_new(p->f), end = kiln_block_new(p->f);
  kiln_build_br(p->f, test, NULL, 0);
  kiln_block_switch(p->f, test);
  kiln_value more =
    kiln_build_icmp(p->f, KILN_ICOND_NE, KILN_TYPE_I64, sum(p), kiln_const_int(p->f, 0));
  kiln_build_brif(p->f, more, body, NULL, 0, end, NULL, 0);
  kiln_block_switch(p->f, body);
  expect(p, "{");
  while (statement(p)) continue;
  expect(p, "}");
  kiln_build_br(p->f, test, NULL, 0);
  kiln_block_switch(p->f, end);
}
/* [end] */

/* False if none begins here. */
static bool statement(struct parser *p) {
  if (word(p, "while ")) return loop(p), true;
  const char *begin = p->at;
  const char *name = next(p) != 0 ? strchr(names, *p->at) : NULL;
  if (name == NULL) return false;
  p->at++;
  if (!word(p, "=")) return p->at = begin, false;
  kiln_value v = sum(p);
  kiln_build_store(p->f, KILN_TYPE_I64, p->slots[name - names], 0, v, 0);
  expect(p, ";");
  return true;
}

/* [build] */
static void build(kiln_func *f, const char *text) {
  struct parser p = {text, f, {{0}}};
  for (unsigned i = 0; names[i] != 0; i++) {
    p.slots[i] = kiln_slot_new(f, 8, 3); /* 8 bytes, aligned to 2^3 bytes */
    kiln_value first = names[i] == 'x' ? kiln_func_param(f, 0) : kiln_const_int(f, 0);
    kiln_build_store(f, KILN_TYPE_I64, p.slots[i], 0, first, 0);
  }
  while (statement(&p)) continue;
  kiln_value v = sum(&p);
  if (next(&p) != 0) kiln_func_fail(f, KILN_ERR_SYNTAX, "something follows the program");
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
  kiln_session_free(s);
  kiln_module_free(m);
  kiln_jit_free(jit);
  return status == KILN_OK ? 0 : 1;
}

int main(int argc, char **argv) {
  if (argc == 3) return run(argv[1], strtol(argv[2], NULL, 10));
  fputs("Usage: step3 PROGRAM X\n", stderr);
  return 2;
}
