/* A filter over a column of numbers, as a database has: an expression like `x % 7 = 3 and x between 10 and 90000`
 * is parsed to a tree, which is walked for each row, and compiled once with Kiln's JIT to a loop over all rows.
 * Both count the rows for which it is true and add them up; the time of each is printed.
 *
 *   filter EXPRESSION [ROWS]      both ways, over ROWS (1,000,000) random numbers
 *   filter --test SEED COUNT      COUNT random expressions, both ways; fails where they differ
 *
 *   or      = and { "or" and }               and     = not { "and" not }
 *   not     = "not" not | compare            compare = sum [ op sum | "between" sum "and" sum ]
 *   sum     = product { ( + | - ) product }  product = unary { ( * | / | % ) unary }
 *   unary   = "-" unary | x | number | "(" or ")"        op = = <> < <= > >=
 *
 * Numbers are of 64 bits and wrap around; truth is 1 and 0, and what is not 0 is true; x / 0 and x % 0 are 0. */
#include <kiln/jit.h>
#include <kiln/kiln.h>

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum op { NUMBER, COLUMN, NEG, NOT, AND, OR, EQ, NE, LT, LE, GT, GE, ADD, SUB, MUL, DIV, REM };

struct node {
  enum op op;
  int64_t number;
  struct node *a, *b; /* NULL: none */
};

enum { MAX_NODES = 1000, MAX_DEPTH = 100 };

/* ---- parsing ---- */

struct parser {
  const char *at;
  struct node nodes[MAX_NODES];
  unsigned n, depth;
  bool wrong;
};

static struct node *node(struct parser *p, enum op op, struct node *a, struct node *b) {
  p->wrong |= p->n == MAX_NODES;
  struct node *new = p->nodes + (p->wrong ? 0 : p->n++);
  *new = (struct node){.op = op, .a = a, .b = b};
  return new;
}

static bool accept(struct parser *p, const char *word) {
  size_t n = strlen(word);
  while (isspace((unsigned char)*p->at)) p->at++;
  if (strncasecmp(p->at, word, n) != 0) return false;
  if (isalpha((unsigned char)word[0]) && isalnum((unsigned char)p->at[n])) return false;
  p->at += n;
  return true;
}

static struct node *parse_or(struct parser *p);

static struct node *parse_unary(struct parser *p) {
  struct node *n;
  p->wrong |= p->depth >= MAX_DEPTH;
  if (p->wrong) return p->nodes;
  p->depth++;
  if (accept(p, "-")) {
    n = node(p, NEG, parse_unary(p), NULL);
  } else if (accept(p, "(")) {
    n = parse_or(p);
    p->wrong |= !accept(p, ")");
  } else if (accept(p, "x")) {
    n = node(p, COLUMN, NULL, NULL);
  } else {
    char *end;
    n = node(p, NUMBER, NULL, NULL);
    n->number = (int64_t)strtoull(p->at, &end, 10);
    p->wrong |= !isdigit((unsigned char)*p->at);
    p->at = end;
  }
  p->depth--;
  return n;
}

static struct node *parse_product(struct parser *p) {
  struct node *a = parse_unary(p);
  while (!p->wrong) {
    if (accept(p, "*")) a = node(p, MUL, a, parse_unary(p));
    else if (accept(p, "/")) a = node(p, DIV, a, parse_unary(p));
    else if (accept(p, "%")) a = node(p, REM, a, parse_unary(p));
    else break;
  }
  return a;
}

static struct node *parse_sum(struct parser *p) {
  struct node *a = parse_product(p);
  while (!p->wrong) {
    if (accept(p, "+")) a = node(p, ADD, a, parse_product(p));
    else if (accept(p, "-")) a = node(p, SUB, a, parse_product(p));
    else break;
  }
  return a;
}

static struct node *parse_compare(struct parser *p) {
  static const struct {
    const char *word;
    enum op op;
  } ops[] = {{"<>", NE}, {"<=", LE}, {">=", GE}, {"=", EQ}, {"<", LT}, {">", GT}};
  struct node *a = parse_sum(p);
  if (accept(p, "between")) {
    struct node *low = node(p, GE, a, parse_sum(p));
    p->wrong |= !accept(p, "and");
    return node(p, AND, low, node(p, LE, a, parse_sum(p)));
  }
  for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
    if (accept(p, ops[i].word)) return node(p, ops[i].op, a, parse_sum(p));
  return a;
}

static struct node *parse_not(struct parser *p) {
  bool negated = false, any = false;
  for (; accept(p, "not"); any = true) negated = !negated;
  struct node *a = parse_compare(p);
  if (any) a = node(p, NOT, a, NULL);
  return any && !negated ? node(p, NOT, a, NULL) : a;
}

static struct node *parse_and(struct parser *p) {
  struct node *a = parse_not(p);
  while (!p->wrong && accept(p, "and")) a = node(p, AND, a, parse_not(p));
  return a;
}

static struct node *parse_or(struct parser *p) {
  struct node *a = parse_and(p);
  while (!p->wrong && accept(p, "or")) a = node(p, OR, a, parse_and(p));
  return a;
}

/* NULL for what is no expression. */
static struct node *parse(struct parser *p, const char *text) {
  *p = (struct parser){.at = text};
  struct node *n = parse_or(p);
  while (isspace((unsigned char)*p->at)) p->at++;
  return p->wrong || *p->at != 0 ? NULL : n;
}

/* ---- walking the tree ---- */

static int64_t evaluate(const struct node *n, int64_t x) {
  if (n->op == NUMBER) return n->number;
  if (n->op == COLUMN) return x;
  int64_t a = evaluate(n->a, x);
  if (n->op == NEG) return (int64_t)(0 - (uint64_t)a);
  if (n->op == NOT) return a == 0;
  if (n->op == AND) return a != 0 && evaluate(n->b, x) != 0;
  if (n->op == OR) return a != 0 || evaluate(n->b, x) != 0;
  int64_t b = evaluate(n->b, x);
  switch (n->op) {
  case EQ: return a == b;
  case NE: return a != b;
  case LT: return a < b;
  case LE: return a <= b;
  case GT: return a > b;
  case GE: return a >= b;
  case ADD: return (int64_t)((uint64_t)a + (uint64_t)b);
  case SUB: return (int64_t)((uint64_t)a - (uint64_t)b);
  case MUL: return (int64_t)((uint64_t)a * (uint64_t)b);
  case DIV: return b == 0 ? 0 : b == -1 ? (int64_t)(0 - (uint64_t)a) : a / b;
  default: return b == 0 || b == -1 ? 0 : a % b;
  }
}

static int64_t interpret(const struct node *n, const int64_t *rows, int64_t n_rows, int64_t *sum) {
  int64_t count = 0;
  uint64_t total = 0;
  for (int64_t i = 0; i < n_rows; i++) {
    if (evaluate(n, rows[i]) == 0) continue;
    count++;
    total += (uint64_t)rows[i];
  }
  *sum = (int64_t)total;
  return count;
}

/* ---- compiling it ---- */

/* A condition, an i8, as a number. */
static kiln_value number_of(kiln_func *f, kiln_value condition) {
  return kiln_build_convert(f, KILN_OP_ZEXT, KILN_TYPE_I64, KILN_TYPE_I8, condition);
}

static kiln_value compare(kiln_func *f, kiln_icond c, kiln_value a, kiln_value b) {
  return kiln_build_icmp(f, c, KILN_TYPE_I64, a, b);
}

/* Divides by 1 instead of by 0 and -1, for which the result is chosen separately; `by` is the tree of b. */
static kiln_value divide(kiln_func *f, enum op op, kiln_value a, kiln_value b,
                         const struct node *by) {
  const kiln_type i64 = KILN_TYPE_I64;
  if (by->op == NUMBER && by->number != 0 && by->number != -1)
    return kiln_build_binary(f, op == DIV ? KILN_OP_SDIV : KILN_OP_SREM, i64, a, b);
  kiln_value zero = kiln_const_int(f, 0), one = kiln_const_int(f, 1);
  kiln_value by_zero = compare(f, KILN_ICOND_EQ, b, zero);
  kiln_value by_minus = compare(f, KILN_ICOND_EQ, b, kiln_const_int(f, -1));
  kiln_value safe = kiln_build_select(f, i64, by_zero, one, b);
  safe = kiln_build_select(f, i64, by_minus, one, safe);
  kiln_value r = kiln_build_binary(f, op == DIV ? KILN_OP_SDIV : KILN_OP_SREM, i64, a, safe);
  kiln_value minus = op == DIV ? kiln_build_unary(f, KILN_OP_NEG, i64, a) : zero;
  r = kiln_build_select(f, i64, by_minus, minus, r);
  return kiln_build_select(f, i64, by_zero, zero, r);
}

/* Operands have no side effects, so both sides of `and` and `or` are computed. */
static kiln_value build(kiln_func *f, const struct node *n, kiln_value x) {
  static const kiln_icond conditions[] = {[EQ] = KILN_ICOND_EQ,  [NE] = KILN_ICOND_NE,
                                          [LT] = KILN_ICOND_SLT, [LE] = KILN_ICOND_SLE,
                                          [GT] = KILN_ICOND_SGT, [GE] = KILN_ICOND_SGE};
  static const kiln_op ops[] = {[ADD] = KILN_OP_ADD, [SUB] = KILN_OP_SUB, [MUL] = KILN_OP_MUL};
  const kiln_type i64 = KILN_TYPE_I64;
  if (n->op == NUMBER) return kiln_const_int(f, n->number);
  if (n->op == COLUMN) return x;
  kiln_value zero = kiln_const_int(f, 0), a = build(f, n->a, x);
  if (n->op == NEG) return kiln_build_unary(f, KILN_OP_NEG, i64, a);
  if (n->op == NOT) return number_of(f, compare(f, KILN_ICOND_EQ, a, zero));
  kiln_value b = build(f, n->b, x);
  switch (n->op) {
  case AND:
  case OR:
    a = compare(f, KILN_ICOND_NE, a, zero);
    b = compare(f, KILN_ICOND_NE, b, zero);
    return number_of(
      f, kiln_build_binary(f, n->op == AND ? KILN_OP_AND : KILN_OP_OR, KILN_TYPE_I8, a, b));
  case DIV:
  case REM: return divide(f, n->op, a, b, n->b);
  case ADD:
  case SUB:
  case MUL: return kiln_build_binary(f, ops[n->op], i64, a, b);
  default: return number_of(f, compare(f, conditions[n->op], a, b));
  }
}

/* int64_t filter(const int64_t *rows, int64_t n_rows, int64_t *sum) */
typedef int64_t filter_fn(const int64_t *rows, int64_t n_rows, int64_t *sum);

static void build_loop(kiln_func *f, const struct node *n) {
  const kiln_type i64 = KILN_TYPE_I64;
  kiln_value rows = kiln_func_param(f, 0), n_rows = kiln_func_param(f, 1);
  kiln_value zero = kiln_const_int(f, 0), next[3] = {zero, zero, zero};
  kiln_block head = kiln_block_new(f), body = kiln_block_new(f), done = kiln_block_new(f);
  kiln_build_br(f, head, next, 3);
  kiln_block_switch(f, head);
  kiln_value i = kiln_block_add_param(f, head, i64), count = kiln_block_add_param(f, head, i64);
  kiln_value sum = kiln_block_add_param(f, head, i64);
  kiln_build_brif(f, compare(f, KILN_ICOND_SLT, i, n_rows), body, NULL, 0, done, NULL, 0);
  kiln_block_switch(f, body);
  kiln_value x = kiln_build_load(f, i64, kiln_build_addr(f, rows, i, 8, 0), 0, 0);
  kiln_value holds = compare(f, KILN_ICOND_NE, build(f, n, x), zero);
  next[0] = kiln_build_binary(f, KILN_OP_ADD, i64, i, kiln_const_int(f, 1));
  next[1] = kiln_build_binary(f, KILN_OP_ADD, i64, count, number_of(f, holds));
  next[2] = kiln_build_binary(f, KILN_OP_ADD, i64, sum, kiln_build_select(f, i64, holds, x, zero));
  kiln_build_br(f, head, next, 3);
  kiln_block_switch(f, done);
  kiln_build_store(f, i64, kiln_func_param(f, 2), 0, sum, 0);
  kiln_build_ret(f, &count, 1);
}

/* The filter's code, which lives as long as its unit; NULL after a message. */
static filter_fn *compile(kiln_jit *jit, const struct node *n, kiln_jit_unit *unit) {
  const kiln_param params[3] = {
    {.type = KILN_TYPE_PTR}, {.type = KILN_TYPE_I64}, {.type = KILN_TYPE_PTR}};
  const kiln_type i64 = KILN_TYPE_I64;
  kiln_module_options options = {.jit = true, .name = "filter"};
  kiln_module *m = kiln_module_new(&options);
  kiln_session *s = kiln_session_new(m);
  kiln_sig sig = kiln_sig_new(m, KILN_CC_C, 0, params, 3, &i64, 1);
  kiln_func *f =
    kiln_func_begin(s, kiln_func_declare(m, &(kiln_symbol_desc){.name = "filter"}, sig));
  if (f != NULL) build_loop(f, n);
  kiln_jit_error e = {0};
  filter_fn *code = NULL;
  if (f == NULL || kiln_func_compile(f) != KILN_OK)
    fprintf(stderr, "filter: %s\n", m != NULL ? kiln_module_diag(m)->message : "out of memory");
  else if (kiln_jit_add(jit, 0, &(kiln_jit_input){.module = m, .sessions = &s, .n_sessions = 1}, 1,
                        unit, &e) != KILN_OK)
    fprintf(stderr, "filter: %s\n", e.diag.message);
  else {
    void *address = kiln_jit_address(jit, *unit, NULL);
    memcpy(&code, &address, sizeof code);
  }
  kiln_jit_error_free(&e);
  kiln_session_free(s);
  kiln_module_free(m);
  return code;
}

/* ---- both ---- */

static uint64_t random_state = 1;
static uint64_t random_bits(void) { /* xorshift */
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  return random_state ^= random_state << 17;
}

static double now_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int run_both(const char *text, int64_t n_rows) {
  static struct parser p;
  double start = now_us();
  const struct node *n = parse(&p, text);
  double parsed = now_us();
  if (n == NULL) {
    fprintf(stderr, "filter: not an expression at \"%s\"\n", p.at);
    return 1;
  }
  int64_t *rows = malloc((size_t)n_rows * sizeof *rows), sums[2] = {0, 0}, counts[2];
  kiln_jit *jit = kiln_jit_new(NULL, NULL);
  kiln_jit_unit unit;
  if (rows == NULL || jit == NULL) return 1;
  for (int64_t i = 0; i < n_rows; i++) rows[i] = (int64_t)(random_bits() % 100000);
  double before = now_us();
  filter_fn *code = compile(jit, n, &unit);
  double compiled = now_us();
  if (code == NULL) return 1;
  counts[0] = code(rows, n_rows, &sums[0]);
  double ran = now_us();
  counts[1] = interpret(n, rows, n_rows, &sums[1]);
  double walked = now_us();
  printf("%" PRId64 " of %" PRId64 " rows, sum %" PRId64 "\n", counts[0], n_rows, sums[0]);
  double fast = (ran - compiled) * 1e3 / (double)n_rows,
         slow = (walked - ran) * 1e3 / (double)n_rows;
  printf("parsed in %.1f us, compiled in %.1f us\n", parsed - start, compiled - before);
  printf("ns per row: compiled %.2f, interpreted %.2f: %.1f times\n", fast, slow, slow / fast);
  kiln_jit_free(jit);
  free(rows);
  bool same = counts[0] == counts[1] && sums[0] == sums[1];
  if (!same) fprintf(stderr, "filter: the interpreter finds something else\n");
  return !same;
}

static struct node *random_node(struct parser *p, unsigned depth) {
  static const int64_t edges[] = {0, 1, -1, 2, 7, 1000, INT64_MAX, INT64_MIN};
  if (depth == 0 || random_bits() % 8 == 0) {
    struct node *n = node(p, random_bits() % 2 ? COLUMN : NUMBER, NULL, NULL);
    n->number = random_bits() % 2 ? edges[random_bits() % 8] : (int64_t)(random_bits() % 200) - 100;
    return n;
  }
  enum op op = (enum op)(NEG + random_bits() % (REM - NEG + 1));
  struct node *a = random_node(p, depth - 1);
  return node(p, op, a, op == NEG || op == NOT ? NULL : random_node(p, depth - 1));
}

static int test(uint64_t seed, int count) {
  static struct parser p;
  int64_t rows[200], sums[2] = {0, 0}, counts[2];
  kiln_jit *jit = kiln_jit_new(NULL, NULL);
  random_state = seed * 2 + 1;
  for (int i = 0; i < count; i++) {
    p.n = 0;
    const struct node *n = random_node(&p, 1 + (unsigned)(random_bits() % 6));
    for (int k = 0; k < 200; k++)
      rows[k] = k < 100 ? k - 50 : (int64_t)(random_bits() >> (random_bits() % 64));
    rows[0] = INT64_MIN;
    kiln_jit_unit unit;
    filter_fn *code = compile(jit, n, &unit);
    if (code == NULL) return 1;
    counts[0] = code(rows, 200, &sums[0]);
    counts[1] = interpret(n, rows, 200, &sums[1]);
    if (counts[0] != counts[1] || sums[0] != sums[1]) {
      fprintf(stderr, "filter: expression %d of seed %" PRIu64 " differs\n", i, seed);
      return 1;
    }
    if (kiln_jit_remove(jit, unit, NULL) != KILN_OK) return 1;
  }
  kiln_jit_free(jit);
  printf("%d expressions, the same both ways\n", count);
  return 0;
}

int main(int argc, char **argv) {
  if (argc == 4 && strcmp(argv[1], "--test") == 0)
    return test(strtoull(argv[2], NULL, 10), atoi(argv[3]));
  int64_t rows = argc == 3 ? atoll(argv[2]) : 1000000;
  if (argc == 2 || (argc == 3 && rows > 0)) return run_both(argv[1], rows);
  fprintf(stderr, "Usage: filter EXPRESSION [ROWS]\n       filter --test SEED COUNT\n");
  return 2;
}
