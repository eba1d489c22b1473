/* include/kiln/operations.md, from the table of operations: `opref FILE` compares (TAP), `opref --write FILE` writes
 * it. */
#include <kiln/build.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char head[] =
  "# Operations\n\n"
  "Written by `tests/kir/opref` from [ops.def](ops.def); [ir.md](../../docs/ir.md) says "
  "what all of them share.\n\n"
  "a, b, c are the operands in the order of the builder's calls. Effects: *write*: writes memory, "
  "or the rounding mode;\n"
  "*trap*: traps on some target; *term*: ends a block; *one*: is not merged, moved or removed; "
  "*flag*: has a second result,\n"
  "an i8 that is 0 or 1. An operation without *write*, *term* and *one* makes no code if nobody "
  "reads its result, unless\n"
  "it traps on the target.\n";

/* How an operation is spelled, by shape. T stands for a type. */
static const struct {
  const char *shape, *state, *result, *syntax;
} shapes[] = {
#define KILN_SHAPE(E, state, a, b, c, x, result, edges, copy, syntax) {#E, #state, #result, syntax},
#include <kiln/shapes.def>
};

static const struct {
  char letter;
  const char *text;
} items[] = {
#define KILN_ITEM(letter, text) {letter, text},
#include <kiln/shapes.def>
};

static const struct op {
  kiln_op op;
  const char *name, *shape, *types, *effects, *doc;
} ops[] = {
#define KILN_OP(E, name, shape, types, fx, fact, cost, doc)                                        \
  {KILN_OP_##E, #name, #shape, #types, #fx, doc},
#include <kiln/ops.def>
};

static const struct {
  kiln_op first;
  const char *title;
} sections[] = {
  {KILN_OP_NONE, "Structure"},
  {KILN_OP_ADD, "Integer arithmetic"},
  {KILN_OP_ICMP, "Comparison and choice"},
  {KILN_OP_TRUNC, "Conversions"},
  {KILN_OP_FADD, "Float arithmetic"},
  {KILN_OP_LOAD, "Memory"},
  {KILN_OP_ATOMIC_LOAD, "Atomics"},
  {KILN_OP_CALL, "Calls"},
  {KILN_OP_VSPLAT, "Vectors"},
  {KILN_OP_BR, "Terminators"},
};

/* The sets of types. */
static const struct types {
  const char *set, *text;
  bool one; /* it is one type, or none: the operation does not spell it */
} sets[] = {
  {"INT64", "i8 to i64", false},
  {"INT", "i8 to i128", false},
  {"FLT", "floats", false},
  {"SCALAR", "integers, floats", false},
  {"VEC", "v64 v128", false},
  {"ANY", "all", false},
  {"PTR", "i64", true},
  {"VINT", "v64 v128, lanes i8 to i64", false},
  {"VFLT", "v64 v128, lanes f32 f64", false},
  {"VF32", "v64 v128, lanes f32", false},
  {"VI32", "v64 v128", false},
  {"VANY", "v64 v128, lanes i8 to i64, f32 f64", false},
  {"MACHINE", "i32 i64 f32 f64 v64 v128", false},
  {"I32", "i32", true},
  {"VOID", "", true},
};

static const struct types *types_of(const struct op *o) {
  for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
    if (strcmp(o->types, sets[i].set) == 0) return &sets[i];
  }
  fprintf(stderr, "opref: %s has types that are not in its table: %s\n", o->name, o->types);
  exit(1);
}

/* The words for an operation's type and for that of its lanes. */
struct words {
  const char *type, *lane;
};

/* What extracts from a vector has the type of a lane, or is an i32; the type in the place of lanes is the vector's. */
static struct words words_of(const struct op *o) {
  if (strcmp(o->shape, "VEXTRACT") == 0)
    return (struct words){strcmp(o->types, "VI32") == 0 ? "i32" : "LANE", "T"};
  return (struct words){"T", strcmp(o->types, "VEC") == 0 ? "FROM" : "LANE"};
}

static void put_item(FILE *out, const struct op *o, char letter) {
  if (letter == 'l') {
    fputs(words_of(o).lane, out);
    return;
  }
  for (size_t i = 0; i < sizeof items / sizeof *items; i++)
    for (const char *c = items[i].letter == letter ? items[i].text : ""; *c; c++) {
      if (*c == '|') fputc('\\', out); /* inside of a table */
      fputc(*c, out);
    }
}

/* `v = name.T a, b` */
static void put_syntax(FILE *out, const struct op *o) {
  size_t s = 0;
  while (strcmp(o->shape, shapes[s].shape) != 0) s++;
  const char *result = shapes[s].result;
  bool of_signature = strcmp(result, "SIG") == 0, of_other = strcmp(result, "OF") == 0;
  if (strcmp(shapes[s].state, "BUILT") != 0) {
    fputs("*no text*", out);
    return;
  }
  fputc('`', out);
  if (of_signature) fputs("[v =] ", out);
  else if (strcmp(result, "NO") != 0) fputs("v = ", out);
  fputs(o->name, out);
  if (!types_of(o)->one && !of_signature && !of_other) fprintf(out, ".%s", words_of(o).type);
  bool listed = false;
  for (const char *c = shapes[s].syntax; *c; c++) {
    if (strchr("abcmeS", *c) != NULL) {
      if (listed) fputc(',', out);
      listed = true;
    }
    if (*c != 'i' && *c != 'n') fputc(' ', out);
    put_item(out, o, *c);
  }
  fputc('`', out);
}

static void put_effects(FILE *out, const char *effects) {
  if (strcmp(effects, "PURE") == 0) return;
  for (const char *c = effects; *c; c++) {
    if (*c == '|') fputc(' ', out);
    else fputc(*c | 32, out);
  }
}

static char *reference(size_t *size) {
  char *text = NULL;
  FILE *out = open_memstream(&text, size);
  size_t section = 0;
  fputs(head, out);
  for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
    const struct op *o = &ops[i];
    if (section < sizeof sections / sizeof *sections && sections[section].first == o->op) {
      fprintf(out, "\n## %s\n\n| operation | types | effects | meaning |\n|---|---|---|---|\n",
              sections[section++].title);
    }
    fprintf(out, "| **%s** ", o->name);
    put_syntax(out, o);
    fprintf(out, " | ");
    fputs(types_of(o)->text, out);
    fprintf(out, " | ");
    put_effects(out, o->effects);
    fprintf(out, " | %s |\n", o->doc);
  }
  fclose(out);
  return text;
}

int main(int argc, char **argv) {
  bool write = argc == 3 && strcmp(argv[1], "--write") == 0;
  if (argc != 2 + write) {
    fprintf(stderr, "usage: opref [--write] include/kiln/operations.md\n");
    return 2;
  }
  size_t size;
  char *want = reference(&size), *got = malloc(size + 1);
  FILE *file = fopen(argv[argc - 1], write ? "wb" : "rb");
  bool same = file != NULL && got != NULL &&
              (write ? fwrite(want, 1, size, file) == size
                     : fread(got, 1, size + 1, file) == size && memcmp(got, want, size) == 0);
  if (file != NULL) same &= fclose(file) == 0;
  if (!write) {
    printf("1..1\n%sok 1 - the opcode reference is that of the table\n", same ? "" : "not ");
    if (!same) printf("# write it by: opref --write include/kiln/operations.md\n");
  }
  free(want);
  free(got);
  return !same;
}
