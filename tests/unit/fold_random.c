/* <kiln/fold.h> against the interpreter: random expressions, each built by the folding calls and by the builder's, have
 * the same value for special and random operands, wherever they do not trap and are defined.
 * `build/tests/unit/fold_random FIRST COUNT` runs other expressions; a failure names its seed. */
#include "fold_run.h"

enum { N_PARAMS = 8, MAX_NODES = 24 };
static const kiln_type param_types[N_PARAMS] = {I8, KILN_TYPE_I16, I32, I64, I128, F32, F64, I64};

/* A node: a parameter, a constant, an operation, a load from the last parameter, or an address. */
enum kind { PARAM, CONSTANT, OPERATION, LOAD, ADDR };

struct node {
  enum kind kind;
  struct operation o;
  kiln_type type;
  unsigned operand[3]; /* nodes */
  kiln_interp_value value;
  int32_t disp;
  unsigned scale, mem_flags;
};

struct expression {
  struct node nodes[N_PARAMS + MAX_NODES];
  unsigned n;
  uint64_t state;
};

static uint32_t pick(struct expression *e, uint32_t below) {
  e->state = e->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (uint32_t)(e->state >> 33) % below;
}

/* A node of that type, preferably a new one; or a constant. */
static unsigned operand(struct expression *e, kiln_type type, bool count) {
  unsigned found[N_PARAMS + MAX_NODES], n = 0;
  for (unsigned i = 0; i < e->n; i++)
    if (e->nodes[i].type == type) found[n++] = i;
  if (!count && n != 0 && pick(e, 5) < 3)
    return pick(e, 3) != 0 ? found[n - 1 - pick(e, n < 3 ? n : 3)] : found[pick(e, n)];
  kiln_interp_value values[MAX_SPECIALS];
  unsigned n_values = specials(type, values);
  struct node *c = e->nodes + e->n;
  *c = (struct node){.kind = CONSTANT, .type = type, .value = values[pick(e, n_values)]};
  if (count) c->value = (kiln_interp_value){pick(e, 8 * kiln_type_size(type)), 0};
  return e->n++;
}

static void make_expression(struct expression *e, uint64_t seed, const struct operation *ops,
                            unsigned n_ops) {
  memset(e, 0, sizeof *e);
  e->state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
  pick(e, 2);
  for (unsigned i = 0; i < N_PARAMS; i++)
    e->nodes[e->n++] = (struct node){.kind = PARAM, .type = param_types[i], .disp = (int32_t)i};
  while (e->n < N_PARAMS + MAX_NODES - 4) {
    struct node node = {.kind = OPERATION};
    unsigned what = pick(e, 12);
    if (what == 0) {
      node.kind = LOAD;
      node.type = (kiln_type)(I8 + pick(e, 5));
      node.o.from = (kiln_type)(I8 + pick(e, (uint32_t)node.type - I8 + 1));
      node.disp = (int32_t)pick(e, 16);
      if (node.o.from != node.type && pick(e, 2)) node.mem_flags = KILN_MEM_SEXT;
    } else if (what < 3) {
      node.kind = ADDR;
      node.type = I64;
      node.scale = pick(e, 4) == 0 ? 0 : 1u << pick(e, 16);
      node.disp =
        pick(e, 3) == 0 ? (int32_t)(pick(e, UINT32_MAX) << 1) : (int32_t)pick(e, 100) - 50;
      node.operand[0] = operand(e, I64, false);
      node.operand[1] = node.scale != 0 ? operand(e, I64, false) : 0;
    } else {
      do node.o = ops[pick(e, n_ops)];
      while (!is_int(node.o.type) || (node.o.form == CONVERT && !is_int(node.o.from)));
      bool shift =
        node.o.op == KILN_OP_SHL || node.o.op == KILN_OP_LSHR || node.o.op == KILN_OP_ASHR;
      node.type = result_type(&node.o);
      for (unsigned k = 0; k < n_operands(&node.o); k++)
        node.operand[k] = operand(e, operand_type(&node.o, k), shift && k == 1);
    }
    e->nodes[e->n++] = node;
  }
}

/* An operand other than the first: mostly a constant. */
static unsigned other_operand(struct expression *e, kiln_type type, bool count) {
  if (count || pick(e, 4) != 0) {
    kiln_interp_value values[MAX_SPECIALS];
    unsigned n = specials(type, values);
    struct node c = {.kind = CONSTANT, .type = type, .value = values[pick(e, pick(e, 2) ? n : 9)]};
    if (count) c.value = (kiln_interp_value){pick(e, 8 * kiln_type_size(type)), 0};
    e->nodes[e->n] = c;
    return e->n++;
  }
  unsigned i = 0;
  while (param_types[i] != type) i++;
  return i;
}

/* A chain: each operation's operand is the one before, the others are constants. */
static void make_chain(struct expression *e, uint64_t seed, const struct operation *ops,
                       unsigned n_ops) {
  memset(e, 0, sizeof *e);
  e->state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
  pick(e, 2);
  for (unsigned i = 0; i < N_PARAMS; i++)
    e->nodes[e->n++] = (struct node){.kind = PARAM, .type = param_types[i], .disp = (int32_t)i};
  unsigned at = pick(e, N_PARAMS - 1);
  for (unsigned steps = 2 + pick(e, 3); steps > 0; steps--) {
    struct node node = {.kind = OPERATION};
    kiln_type type = e->nodes[at].type;
    if (type == I64 && pick(e, 8) == 0) {
      node = (struct node){.kind = ADDR, .type = I64};
      node.scale = pick(e, 3) == 0 ? 0 : pick(e, 2) ? 1u << pick(e, 16) : pick(e, UINT16_MAX);
      node.disp = pick(e, 3) == 0 ? (int32_t)(pick(e, UINT32_MAX) << 1) : (int32_t)pick(e, 99) - 50;
      bool as_index = node.scale != 0 && pick(e, 2);
      unsigned other = other_operand(e, I64, false);
      node.operand[0] = as_index ? other : at;
      node.operand[1] = as_index ? at : other;
    } else if (is_int(type) && pick(e, 12) == 0) {
      node = (struct node){.kind = LOAD, .type = type, .disp = (int32_t)pick(e, 16)};
      node.o.from = (kiln_type)(I8 + pick(e, (uint32_t)type - I8 + 1));
      if (node.o.from != type && pick(e, 2)) node.mem_flags = KILN_MEM_SEXT;
    } else {
      bool rounds;
      do {
        node.o = ops[pick(e, n_ops)];
        rounds = node.o.form == CONVERT && is_int(node.o.type) != is_int(node.o.from) &&
                 node.o.op != KILN_OP_BITCAST;
      } while (operand_type(&node.o, 0) != type || rounds);
      bool shift =
        node.o.op == KILN_OP_SHL || node.o.op == KILN_OP_LSHR || node.o.op == KILN_OP_ASHR;
      node.type = result_type(&node.o);
      node.operand[0] = at;
      for (unsigned k = 1; k < n_operands(&node.o); k++)
        node.operand[k] = other_operand(e, operand_type(&node.o, k), shift);
    }
    at = e->n;
    e->nodes[e->n++] = node;
  }
}

static kiln_symbol add_expression(struct fixture *t, const struct expression *e, bool fold,
                                  uint32_t *n_values) {
  kiln_value v[N_PARAMS + MAX_NODES];
  const kiln_value none = {0};
  kiln_func *f = begin(t, param_types, N_PARAMS, e->nodes[e->n - 1].type);
  for (unsigned i = 0; i < e->n; i++) {
    const struct node *node = e->nodes + i;
    kiln_value operands[3];
    for (unsigned k = 0; k < 3; k++)
      operands[k] = node->operand[k] < i ? v[node->operand[k]] : none;
    switch (node->kind) {
    case PARAM: v[i] = kiln_func_param(f, (uint32_t)node->disp); break;
    case CONSTANT: v[i] = constant(f, node->type, node->value); break;
    case OPERATION: v[i] = build(f, fold, &node->o, operands); break;
    case LOAD:
      v[i] = node->o.from == node->type
               ? kiln_build_load(f, node->type, v[N_PARAMS - 1], node->disp, 0)
               : kiln_build_load_ext(f, node->type, node->o.from, v[N_PARAMS - 1], node->disp,
                                     node->mem_flags);
      break;
    case ADDR:
      v[i] = (fold ? kiln_fold_addr : kiln_build_addr)(
        f, operands[0], node->scale != 0 ? operands[1] : none, node->scale, node->disp);
      break;
    }
  }
  *n_values = kiln_func_value_limit(f);
  return end(t, f, v[e->n - 1]);
}

static unsigned first_seed = 1, n_seeds = 40000;

CASE(random_expressions) {
  static struct operation ops[MAX_OPERATIONS];
  unsigned n_ops = list_operations(ops), compared = 0;
  uint64_t before = 0, after = 0;
  enum { BATCH = 500, TRIES = 10 };
  for (unsigned first = first_seed; first < first_seed + n_seeds; first += BATCH) {
    struct fixture t;
    kiln_symbol functions[BATCH][2];
    open(&t);
    for (unsigned i = 0; i < BATCH; i++) {
      struct expression e;
      uint32_t n[2];
      if ((first + i) % 16 == 0) make_expression(&e, first + i, ops, n_ops);
      else make_chain(&e, first + i, ops, n_ops);
      for (unsigned k = 0; k < 2; k++) functions[i][k] = add_expression(&t, &e, k != 0, &n[k]);
      before += n[0];
      after += n[1];
    }
    link_all(&t);
    for (unsigned i = 0; i < BATCH; i++) {
      struct expression e = {.state = first + i};
      for (unsigned k = 0; k < TRIES; k++) {
        kiln_interp_value args[N_PARAMS], want, is;
        for (unsigned a = 0; a < N_PARAMS - 1; a++) {
          kiln_interp_value values[MAX_SPECIALS];
          unsigned n = specials(param_types[a], values);
          args[a] = values[pick(&e, n)];
          if (k % 3 == 0)
            args[a] = cut(param_types[a], (kiln_interp_value){(uint64_t)pick(&e, UINT32_MAX) << 32 |
                                                                pick(&e, UINT32_MAX),
                                                              pick(&e, UINT32_MAX)});
        }
        args[N_PARAMS - 1] = (kiln_interp_value){(uint64_t)(uintptr_t)memory, 0};
        if (!call(&t, functions[i][0], args, N_PARAMS, &want)) continue;
        compared++;
        if (!call(&t, functions[i][1], args, N_PARAMS, &is) || is.low != want.low ||
            is.high != want.high)
          fail_msg("seed %u: %llx:%llx, not %llx:%llx", first + i, (unsigned long long)is.high,
                   (unsigned long long)is.low, (unsigned long long)want.high,
                   (unsigned long long)want.low);
      }
    }
    close(&t);
  }
  assert_true(compared > n_seeds * TRIES / 4);
  assert_true(after < before);
}

int main(int argc, char **argv) {
  if (argc > 1) first_seed = (unsigned)strtoul(argv[1], NULL, 10);
  if (argc > 2) n_seeds = (unsigned)strtoul(argv[2], NULL, 10);
  const struct CMUnitTest tests[] = {cmocka_unit_test(random_expressions)};
  return cmocka_run_group_tests_name("fold random", tests, NULL, NULL);
}
