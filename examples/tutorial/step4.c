/* Step 4 of docs/tutorial.md: calls of C functions, errors with their place, and the IR to look at. */
#include <ctype.h>
#include <kiln/jit.h>
#include <kiln/kiln.h>
#include <kiln/text.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char names[] = "abcdx";

struct parser {
  const char *text, *at; /* the program, and its next character */
  kiln_func *f;
  kiln_value slots[5]; /* of the variables, in the order of their names */
  kiln_symbol print;
  kiln_sig print_sig;
};

static kiln_value sum(struct parser *p);

/* [place] */
static char next(struct parser *p) { /* after blanks */
  while (isspace((unsigned char)*p->at)) p->at++;
  uint32_t line = 1, column = 1;
  for (const char *c = p->text; c < p->at; c++) {
    column = *c == '\n' ? 1 : column + 1;
    line += *c == '\n';
  }
  kiln_func_set_text_position(p->f, line, column);
  return *p->at;
}
/* [end] */

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

/* [call] */
static void print(struct parser *p) { /* print SUM; */
  kiln_value v = sum(p);
  kiln_build_call(p->f, p->print_sig, kiln_const_symbol(p->f, p->print, 0), &v, 1);
  expect(p, ";");
}
/* [end] */

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

/* False if none begins here. */
static bool statement(struct parser *p) {
  if (word(p, "while ")) return loop(p), true;
  if (word(p, "print ")) return print(p), true;
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

static void build(kiln_func *f, const char *text, kiln_symbol print, kiln_sig print_sig) {
  struct parser p = {text, text, f, {{0}}, print, print_sig};
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

/* [host] */
static void print_number(long n) { printf("%ld\n", n); }

/* Where the JIT finds what no module defines. */
static void *resolve(void *user, const char *name) {
  (void)user;
  return strcmp(name, "print_number") == 0 ? (void *)print_number : NULL;
}

static void on_diag(void *user, const kiln_diag *d) {
  char line[512];
  kiln_diag_format(d, line, sizeof line);
  fprintf(user, "%s\n", line);
}
/* [end] */

static void show(kiln_func *f) { /* what was built */
  kiln_buffer text = {0};
  if (kiln_func_print(f, &text) == KILN_OK) fwrite(text.data, 1, text.size, stdout);
  kiln_buffer_free(&text);
}

static int run(const char *text, long x, bool ir) {
  kiln_module_options options = {
    .name = "calc", .jit = true, .verify = true, .on_diag = on_diag, .on_diag_user = stderr};
  kiln_module *m = kiln_module_new(&options);
  kiln_session *s = kiln_session_new(m);
  kiln_type i64 = KILN_TYPE_I64;
  kiln_sig sig = kiln_sig_new(m, KILN_CC_C, 0, &(kiln_param){.type = KILN_TYPE_I64}, 1, &i64, 1);
  kiln_symbol calc = kiln_func_declare(m, &(kiln_symbol_desc){.name = "calc"}, sig);
  kiln_func *f = kiln_func_begin(s, calc);
  kiln_sig print_sig =
    kiln_sig_new(m, KILN_CC_C, 0, &(kiln_param){.type = KILN_TYPE_I64}, 1, NULL, 0);
  kiln_symbol print = kiln_func_declare(m, &(kiln_symbol_desc){.name = "print_number"}, print_sig);
  build(f, text, print, print_sig);
  if (ir && kiln_func_finish(f) == KILN_OK) show(f);
  kiln_func_compile(f);

  kiln_jit_error error = {0};
  kiln_jit *jit = kiln_jit_new(&(kiln_jit_options){.resolve = resolve}, &error);
  kiln_jit_unit unit;
  kiln_status status = kiln_jit_add(
    jit, 0, &(kiln_jit_input){.module = m, .sessions = &s, .n_sessions = 1}, 1, &unit, &error);
  if (status == KILN_OK) {
    long (*code)(long) = (long (*)(long))kiln_jit_lookup(jit, "calc");
    printf("%ld\n", code(x));
  } else if (kiln_module_status(m) == KILN_OK) {
    fprintf(stderr, "%s\n", error.diag.message); /* the module's own error was printed */
  }
  kiln_session_free(s);
  kiln_module_free(m);
  kiln_jit_free(jit);
  return status == KILN_OK ? 0 : 1;
}

int main(int argc, char **argv) {
  bool ir = argc > 1 && strcmp(argv[1], "--ir") == 0;
  if (argc == 3 + ir) return run(argv[1 + ir], strtol(argv[2 + ir], NULL, 10), ir);
  fputs("Usage: step4 [--ir] PROGRAM X\n", stderr);
  return 2;
}
