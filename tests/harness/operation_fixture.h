/* What the tests of <kiln/llvm_operation.h> share: operations as rows of a table, whose operands are read from text,
 * and functions of one operation that are built from them. */
#ifndef OPERATION_FIXTURE_H
#define OPERATION_FIXTURE_H

#include "jit_fixture.h"

#include <kiln/llvm_operation.h>

enum { MOST_OPERANDS = 8, MOST_PARTS = 256, BYTES = 512, ROUNDS = 12 };

/* What an input must be: DIVISOR: no lane of the second operand is 0; TRUTH: every byte is 0 or 1; SMALL: every byte
 * is below 8; FLOATS: of halves, floats and doubles that are no NaN: their signs and payloads are not specified. */
enum { DIVISOR = 1, TRUTH = 2, SMALL = 4, FLOATS = 8 };

/* Operands are separated by ';': a type, or a type and '=' and a constant, or '<' and constants of lanes. */
struct row {
  const char *name, *result, *operands, *features;
  unsigned flags;
};

struct operands {
  char types[MOST_OPERANDS][128];
  kiln_llvm_operand of[MOST_OPERANDS];
  int64_t words[MOST_OPERANDS][64];
  uint32_t n_words[MOST_OPERANDS];
  uint32_t n;
};

/* Operands that are values have `value` as their parts. */
static inline void parse(const char *text, const kiln_value *value, struct operands *x) {
  memset(x, 0, sizeof *x);
  while (*text) {
    size_t n = strcspn(text, ";=");
    kiln_llvm_operand *o = &x->of[x->n];
    assert_true(x->n < MOST_OPERANDS && n < sizeof x->types[0]);
    memcpy(x->types[x->n], text, n);
    o->type = x->types[x->n];
    o->parts = value;
    text += n;
    if (*text == '=') {
      o->parts = NULL;
      bool many = text[1] == '<';
      text += many ? 2 : 1;
      char *end;
      uint32_t k = 0;
      do {
        x->words[x->n][k++] = strtoll(text, &end, 0);
        text = end + (many && *end == ',');
      } while (many && *end == ',');
      if (many) assert_int_equal(*text++, '>');
      x->n_words[x->n] = many ? k : 0;
      o->constant = many ? 0 : x->words[x->n][0];
      o->words = many ? x->words[x->n] : NULL;
    }
    text += *text == ';';
    x->n++;
  }
}

/* ---- Kiln's side ---- */

/* void NAME(char *out, const char *in): operand i is at in + 64 * i, as LLVM has it in memory. */
static inline kiln_symbol declare(kiln_module *m, const char *name) {
  const kiln_param params[2] = {{.type = KILN_TYPE_PTR}, {.type = KILN_TYPE_PTR}};
  kiln_sig sig = kiln_sig_new(m, KILN_CC_C, 0, params, 2, NULL, 0);
  return kiln_func_declare(m, &(kiln_symbol_desc){.name = name}, sig);
}

enum { APART = 64 };

static inline void must(kiln_llvm_builder *b, kiln_status status, const struct row *row) {
  if (status != KILN_OK)
    fail_msg("%s of %s: %s", row->name, row->operands, kiln_llvm_builder_message(b));
}

static inline void build_row(kiln_llvm_builder *b, kiln_session *s, const char *symbol,
                             const struct row *row) {
  kiln_func *f = kiln_func_begin(s, declare(kiln_session_module(s), symbol));
  kiln_value out = kiln_func_param(f, 0), in = kiln_func_param(f, 1), none = {0};
  static kiln_value parts[MOST_OPERANDS][MOST_PARTS], results[MOST_PARTS];
  struct operands x;
  parse(row->operands, &none, &x);
  must(b, kiln_llvm_builder_set_features(b, row->features ? row->features : ""), row);
  for (uint32_t i = 0; i < x.n; i++) {
    if (!x.of[i].parts) continue;
    kiln_value at = kiln_build_addr(f, in, none, 0, (int32_t)(APART * i));
    const kiln_llvm_operand address = {.type = "ptr", .parts = &at};
    must(b, kiln_llvm_builder_build(b, f, "load", x.of[i].type, &address, 1, parts[i]), row);
    x.of[i].parts = parts[i];
  }
  must(b, kiln_llvm_builder_check(b, row->name, row->result, x.of, x.n), row);
  must(b, kiln_llvm_builder_build(b, f, row->name, row->result, x.of, x.n, results), row);
  if (strcmp(row->result, "void") != 0) {
    const kiln_llvm_operand stored[2] = {{.type = row->result, .parts = results},
                                         {.type = "ptr", .parts = &out}};
    must(b, kiln_llvm_builder_build(b, f, "store", "void", stored, 2, NULL), row);
  }
  kiln_build_ret(f, NULL, 0);
  assert_int_equal(kiln_func_compile(f), KILN_OK);
}

typedef void row_fn(uint8_t *out, const uint8_t *in);

#endif
