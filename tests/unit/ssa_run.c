/* Random functions with variables, built twice: by <kiln/ssa.h> and with stack slots. Both pass the verifier and have
 * the same results in the interpreter; and where the flow graph is reducible and all is sealed at the end, there are
 * exactly the parameters that pruned SSA by dominance frontiers (Cytron et al. 1991) would have. `ssa_run FIRST
 * COUNT` runs other seeds; a failure names its seed. */
#include "unit.h"

#include <kiln/interp.h>
#include <kiln/kiln.h>

enum { MAX_BLOCKS = 30, MAX_VARS = 6, MAX_OPS = 6, MAX_TARGETS = 4, FUEL = 60 };

/* ---- the program ---- */

struct op {
  uint8_t dst, a, b; /* variables of one type; b: MAX_VARS for a constant, a copy if `copy` */
  bool copy;
  int32_t constant;
};

enum flow { RETURN, GO, BRANCH, LOOP };

struct block {
  struct op ops[MAX_OPS];
  uint8_t n_ops, n_targets, condition; /* condition: variable */
  enum flow flow; /* LOOP: backwards, too, while there is fuel, else to the last */
  uint8_t targets[MAX_TARGETS];
};

struct program {
  struct block blocks[MAX_BLOCKS];
  uint8_t n, n_vars;
  bool reducible;
  uint64_t seed, state;
};

/* Variable 0 is the fuel; 1 to n_vars - 1 are of these types. */
static kiln_type type_of(unsigned v) {
  return v == 4 ? KILN_TYPE_F64 : v == 5 ? KILN_TYPE_I128 : v == 3 ? KILN_TYPE_I32 : KILN_TYPE_I64;
}

static uint32_t pick(struct program *p, uint32_t below) {
  p->state = p->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (uint32_t)(p->state >> 33) % below;
}

/* Blocks that dominate each block, by the edges to higher ones, as bits; 0: it is not reached. */
static void dominators(const struct program *p, uint32_t *dom) {
  memset(dom, 0, MAX_BLOCKS * sizeof *dom);
  for (unsigned i = 0; i < p->n; i++) {
    if (i != 0 && dom[i] == 0) continue;
    dom[i] |= 1u << i;
    for (unsigned k = 0; k < p->blocks[i].n_targets; k++) {
      unsigned t = p->blocks[i].targets[k];
      if (t > i) dom[t] = dom[t] == 0 ? dom[i] : dom[t] & dom[i];
    }
    if (p->blocks[i].flow == LOOP) {
      uint32_t *last = &dom[p->n - 1];
      *last = *last == 0 ? dom[i] : *last & dom[i];
    }
  }
}

static void make_program(struct program *p, uint64_t seed) {
  memset(p, 0, sizeof *p);
  p->seed = seed;
  p->state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
  pick(p, 2);
  p->n = (uint8_t)(2 + pick(p, MAX_BLOCKS - 2));
  p->n_vars = (uint8_t)(2 + pick(p, MAX_VARS - 1));
  p->reducible = pick(p, 2);
  for (unsigned i = 0; i < p->n; i++) {
    struct block *b = &p->blocks[i];
    b->n_ops = (uint8_t)pick(p, MAX_OPS);
    for (unsigned k = 0; k < b->n_ops; k++) {
      struct op *o = &b->ops[k];
      do {
        o->dst = (uint8_t)(1 + pick(p, p->n_vars - 1u));
        o->a = (uint8_t)(1 + pick(p, p->n_vars - 1u));
        o->b = (uint8_t)(pick(p, 3) ? 1 + pick(p, p->n_vars - 1u) : MAX_VARS);
      } while (type_of(o->a) != type_of(o->dst) ||
               (o->b != MAX_VARS && type_of(o->b) != type_of(o->dst)));
      o->constant = (int32_t)pick(p, 1000) - 500;
      o->copy = !p->reducible && pick(p, 4) == 0;
    }
    b->condition = (uint8_t)(pick(p, p->n_vars > 2 ? 2 : 1) + 1);
    if (i + 1 == p->n) continue;
    b->flow = i + 2 >= p->n ? GO : (enum flow)(GO + pick(p, 3));
    b->n_targets = (uint8_t)(b->flow == GO       ? 1
                             : b->flow == BRANCH ? 2
                                                 : 1 + pick(p, MAX_TARGETS - 1));
    for (unsigned k = 0; k < b->n_targets; k++) /* near ones, so that most blocks are reached */
      b->targets[k] = (uint8_t)(pick(p, 3) ? i + 1 + pick(p, p->n - i - 1u < 3 ? p->n - i - 1u : 3)
                                           : i + 1 + pick(p, p->n - i - 1u));
  }
  for (unsigned i = 0; p->reducible && i + 1u < p->n; i++)
    p->blocks[i].targets[0] = (uint8_t)(i + 1);
  for (unsigned i = 1; i < p->n; i++) { /* edges back, to dominators if it is to be reducible */
    struct block *b = &p->blocks[i];
    if (b->flow != LOOP) continue;
    uint32_t dom[MAX_BLOCKS];
    dominators(p, dom);
    for (unsigned k = 1; k < b->n_targets; k++) {
      uint8_t to = (uint8_t)(1 + pick(p, i));
      if (!p->reducible || (dom[i] >> to & 1)) b->targets[k] = to;
    }
    if (b->n_targets < MAX_TARGETS) b->targets[b->n_targets++] = (uint8_t)(p->n - 1);
  }
}

/* ---- building it ---- */

struct builder {
  const struct program *p;
  kiln_func *f;
  kiln_ssa *ssa; /* NULL: slots */
  kiln_ssa_variable vars[MAX_VARS];
  kiln_value slots[MAX_VARS];
  kiln_block first;
};

/* Variables are made when they are met first, after some that nobody uses: their ids are on both sides of the
 * helper's limit of variables in a block's row. */
static kiln_ssa_variable var_of(struct builder *b, unsigned v) {
  static const uint8_t unused[] = {0, 0, 6, 30, 40};
  if (b->vars[v].id == 0) {
    for (unsigned i = 0; v == 0 && i < unused[b->p->seed % 5]; i++)
      kiln_ssa_new_variable(b->ssa, KILN_TYPE_I64);
    b->vars[v] = kiln_ssa_new_variable(b->ssa, type_of(v));
  }
  return b->vars[v];
}

static kiln_value get(struct builder *b, unsigned v) {
  return b->ssa ? kiln_ssa_read(b->ssa, var_of(b, v))
                : kiln_build_load(b->f, type_of(v), b->slots[v], 0, 0);
}

static void put(struct builder *b, unsigned v, kiln_value value) {
  if (b->ssa) kiln_ssa_write(b->ssa, var_of(b, v), value);
  else kiln_build_store(b->f, type_of(v), b->slots[v], 0, value, 0);
}

static kiln_block block_at(const struct builder *b, unsigned i) {
  return (kiln_block){i == 0 ? 0 : b->first.id + i - 1};
}

static void build_op(struct builder *b, const struct op *o) {
  kiln_type t = type_of(o->dst);
  kiln_value v = get(b, o->a);
  if (!o->copy) {
    kiln_value w = o->b != MAX_VARS     ? get(b, o->b)
                   : t == KILN_TYPE_F64 ? kiln_const_f64(b->f, o->constant)
                                        : kiln_const_int(b->f, o->constant);
    kiln_op op = t == KILN_TYPE_F64 ? KILN_OP_FADD : o->constant % 2 ? KILN_OP_ADD : KILN_OP_XOR;
    v = kiln_build_binary(b->f, op, t, v, w);
  } else if (o->b == MAX_VARS && t != KILN_TYPE_F64) {
    v = kiln_const_int(b->f, o->constant & 1);
  }
  put(b, o->dst, v);
}

static void build_end(struct builder *b, unsigned i) {
  const struct block *block = &b->p->blocks[i];
  kiln_func *f = b->f;
  kiln_block to[MAX_TARGETS];
  for (unsigned k = 0; k < block->n_targets; k++) to[k] = block_at(b, block->targets[k]);
  if (block->flow == RETURN) {
    kiln_value sum = kiln_const_int(f, 1);
    for (unsigned v = 0; v < b->p->n_vars; v++) {
      kiln_value x = get(b, v);
      if (type_of(v) == KILN_TYPE_I32)
        x = kiln_build_convert(f, KILN_OP_ZEXT, KILN_TYPE_I64, KILN_TYPE_I32, x);
      if (type_of(v) == KILN_TYPE_F64)
        x = kiln_build_convert(f, KILN_OP_BITCAST, KILN_TYPE_I64, KILN_TYPE_F64, x);
      if (type_of(v) == KILN_TYPE_I128)
        x = kiln_build_convert(f, KILN_OP_TRUNC, KILN_TYPE_I64, KILN_TYPE_I128, x);
      sum = kiln_build_binary(f, KILN_OP_MUL, KILN_TYPE_I64, sum, kiln_const_int(f, 31));
      sum = kiln_build_binary(f, KILN_OP_ADD, KILN_TYPE_I64, sum, x);
    }
    kiln_build_ret(f, &sum, 1);
  } else if (block->flow == GO) {
    if (b->ssa) kiln_ssa_br(b->ssa, to[0]);
    else kiln_build_br(f, to[0], NULL, 0);
  } else if (block->flow == BRANCH) {
    kiln_value bit =
      kiln_build_convert(f, KILN_OP_TRUNC, KILN_TYPE_I8, KILN_TYPE_I64, get(b, block->condition));
    if (b->ssa) kiln_ssa_brif(b->ssa, bit, to[0], to[1]);
    else kiln_build_brif(f, bit, to[0], NULL, 0, to[1], NULL, 0);
  } else {
    kiln_value fuel =
      kiln_build_binary(f, KILN_OP_SUB, KILN_TYPE_I64, get(b, 0), kiln_const_int(f, 1));
    put(b, 0, fuel);
    kiln_value way = kiln_build_binary(f, KILN_OP_UREM, KILN_TYPE_I64, get(b, block->condition),
                                       kiln_const_int(f, block->n_targets));
    kiln_value go = kiln_build_icmp(f, KILN_ICOND_SGT, KILN_TYPE_I64, fuel, kiln_const_int(f, 0));
    way = kiln_build_select(f, KILN_TYPE_I64, go, way, kiln_const_int(f, -1));
    kiln_switch_case cases[MAX_TARGETS];
    for (unsigned k = 0; k < block->n_targets; k++) cases[k] = (kiln_switch_case){k, to[k]};
    kiln_block last = block_at(b, b->p->n - 1u);
    if (b->ssa) kiln_ssa_switch(b->ssa, KILN_TYPE_I64, way, last, cases, block->n_targets);
    else kiln_build_switch(f, KILN_TYPE_I64, way, last, cases, block->n_targets);
  }
}

/* True if all blocks that go to block t have their terminators. */
static bool may_seal(const struct builder *b, unsigned t) {
  for (unsigned i = 0; i < b->p->n; i++) {
    const struct block *block = &b->p->blocks[i];
    bool goes = block->flow == LOOP && t + 1u == b->p->n;
    for (unsigned k = 0; k < block->n_targets; k++) goes |= block->targets[k] == t;
    if (goes && !kiln_block_is_terminated(b->f, block_at(b, i))) return false;
  }
  return true;
}

enum sealing { AT_THE_END, AT_ONCE, SOMETIMES, SEALINGS };

/* Builds all blocks, in a random order, some in two parts. */
static void build(struct builder *b, struct program *p, kiln_func *f, kiln_ssa *ssa,
                  enum sealing sealing) {
  *b = (struct builder){.p = p, .f = f, .ssa = ssa};
  if (ssa) kiln_ssa_begin(ssa, f, 0);
  for (unsigned v = 0; v < p->n_vars; v++) {
    if (ssa) b->vars[v].id = 0;
    else b->slots[v] = kiln_slot_new(f, kiln_type_size(type_of(v)), 3);
  }
  kiln_value zero = kiln_const_int(f, 0);
  for (unsigned v = 0; v < p->n_vars; v++) {
    kiln_value start = v == 0   ? kiln_const_int(f, FUEL)
                       : v == 1 ? kiln_func_param(f, 0)
                       : v == 2 ? kiln_func_param(f, 1)
                                : zero;
    if (type_of(v) == KILN_TYPE_F64) start = kiln_const_f64(f, 0);
    if (!ssa || v < 3) put(b, v, start); /* the rest is 0 without being written */
  }
  b->first = kiln_block_new_many(f, p->n - 1u);
  uint8_t order[2 * MAX_BLOCKS], half = (uint8_t)pick(p, 3);
  unsigned n = p->n;
  for (unsigned i = 0; i < n; i++) order[i] = (uint8_t)i;
  if (pick(p, 2))
    for (unsigned i = n; i-- > 1;) {
      unsigned k = pick(p, i + 1);
      uint8_t t = order[i];
      order[i] = order[k];
      order[k] = t;
    }
  for (unsigned round = half ? 1 : 0; round < 2; round++) {
    for (unsigned k = 0; k < n; k++) {
      unsigned i = order[k];
      const struct block *block = &p->blocks[i];
      kiln_block_switch(f, block_at(b, i));
      unsigned from = half || round == 0 ? 0 : block->n_ops / 2u;
      unsigned to = half || round == 1 ? block->n_ops : block->n_ops / 2u;
      for (unsigned o = from; o < to; o++) build_op(b, &block->ops[o]);
      if (round == 0) continue;
      build_end(b, i);
      if (!ssa || sealing == AT_THE_END) continue;
      for (unsigned t = 1; t < n; t++)
        if (may_seal(b, t) && (sealing == AT_ONCE || pick(p, 2)))
          kiln_ssa_seal(ssa, block_at(b, t));
    }
  }
  if (ssa) assert_int_equal(kiln_ssa_end(ssa), KILN_OK);
}

/* ---- how many parameters there must be ---- */

struct oracle {
  const struct program *p;
  uint32_t preds[MAX_BLOCKS], dom[MAX_BLOCKS], frontier[MAX_BLOCKS]; /* bits: blocks */
  uint32_t reads[MAX_BLOCKS], writes[MAX_BLOCKS], live[MAX_BLOCKS];  /* bits: variables */
};

static void read_in(struct oracle *o, unsigned i, unsigned v) {
  if (!(o->writes[i] >> v & 1)) o->reads[i] |= 1u << v;
}

static void analyse(struct oracle *o, const struct program *p) {
  memset(o, 0, sizeof *o);
  o->p = p;
  for (unsigned i = 0; i < p->n; i++) {
    const struct block *b = &p->blocks[i];
    for (unsigned k = 0; k < b->n_targets; k++) o->preds[b->targets[k]] |= 1u << i;
    if (b->flow == LOOP) o->preds[p->n - 1] |= 1u << i;
    if (i == 0) o->writes[0] = (1u << MAX_VARS) - 1;
    for (unsigned k = 0; k < b->n_ops; k++) {
      read_in(o, i, b->ops[k].a);
      if (b->ops[k].b != MAX_VARS) read_in(o, i, b->ops[k].b);
      o->writes[i] |= 1u << b->ops[k].dst;
    }
    if (b->flow == LOOP) read_in(o, i, 0);
    if (b->flow == LOOP) o->writes[i] |= 1;
    if (b->flow == LOOP || b->flow == BRANCH) read_in(o, i, b->condition);
    if (b->flow == RETURN)
      for (unsigned v = 0; v < p->n_vars; v++) read_in(o, i, v);
  }
  bool changed = true;
  for (unsigned i = 0; i < p->n; i++) o->dom[i] = i == 0 ? 1 : UINT32_MAX;
  while (changed) {
    changed = false;
    for (unsigned i = 1; i < p->n; i++) {
      uint32_t d = UINT32_MAX;
      for (unsigned k = 0; k < p->n; k++)
        if (o->preds[i] >> k & 1) d &= o->dom[k];
      d |= 1u << i;
      changed |= d != o->dom[i];
      o->dom[i] = d;
    }
    for (unsigned i = p->n; i-- > 0;) {
      uint32_t live = o->reads[i];
      for (unsigned k = 0; k < p->n; k++)
        if (o->preds[k] >> i & 1) live |= o->live[k] & ~o->writes[i];
      changed |= live != o->live[i];
      o->live[i] = live;
    }
  }
  for (unsigned i = 0; i < p->n; i++) /* joins that i dominates up to, but not strictly */
    for (unsigned j = 0; j < p->n; j++)
      for (unsigned k = 0; k < p->n; k++)
        if ((o->preds[j] >> k & 1) && (o->dom[k] >> i & 1) && (j == i || !(o->dom[j] >> i & 1)))
          o->frontier[i] |= 1u << j;
}

/* True if every edge back goes to a dominator and all blocks are reached. */
static bool is_reducible(const struct oracle *o) {
  for (unsigned j = 1; j < o->p->n; j++) {
    if (o->dom[j] >> 31) return false; /* not reached */
    for (unsigned k = j; k < o->p->n; k++)
      if ((o->preds[j] >> k & 1) && !(o->dom[k] >> j & 1)) return false;
  }
  return true;
}

static unsigned params_wanted(const struct oracle *o) {
  unsigned n = 0;
  for (unsigned v = 0; v < o->p->n_vars; v++) {
    uint32_t defs = 0, phis = 0, before;
    for (unsigned i = 0; i < o->p->n; i++) defs |= (o->writes[i] >> v & 1) << i;
    do {
      before = phis;
      for (unsigned i = 0; i < o->p->n; i++)
        if ((defs | phis) >> i & 1) phis |= o->frontier[i];
    } while (phis != before);
    for (unsigned i = 0; i < o->p->n; i++) n += (phis >> i & 1) && (o->live[i] >> v & 1);
  }
  return n;
}

/* ---- comparing ---- */

static uint64_t first_seed = 1, n_seeds = 1500;

static void on_diag(void *user, const kiln_diag *d) { *(kiln_diag *)user = *d; }

static kiln_symbol declare(kiln_module *m, const char *name, kiln_sig sig) {
  return kiln_func_declare(m, &(kiln_symbol_desc){.name = name}, sig);
}

static kiln_interp_value call(kiln_interp *in, kiln_symbol f, uint64_t a, uint64_t b,
                              uint64_t seed) {
  kiln_interp_value r = {0, 0}, args[2] = {{a, 0}, {b, 0}};
  kiln_diag diag = {0};
  if (kiln_interp_call(in, f, args, 2, &r, &diag) != KILN_OK)
    fail_msg("seed %llu: %s", (unsigned long long)seed, diag.message);
  return r;
}

static void one(uint64_t seed, kiln_ssa **ssa_kept, unsigned *counted) {
  struct program program, *p = &program;
  make_program(p, seed);
  enum sealing sealing = (enum sealing)(seed % SEALINGS);
  kiln_diag diag = {0};
  kiln_module *m = kiln_module_new(&(kiln_module_options){.target.processor = KILN_PROCESSOR_X86_64,
                                                          .name = "random",
                                                          .on_diag = on_diag,
                                                          .on_diag_user = &diag});
  kiln_session *s = kiln_session_new(m);
  kiln_type result = KILN_TYPE_I64;
  kiln_sig sig =
    kiln_sig_new(m, KILN_CC_C, 0, (kiln_param[]){{.type = KILN_TYPE_I64}, {.type = KILN_TYPE_I64}},
                 2, &result, 1);
  kiln_interp *in = kiln_interp_new(m, NULL);
  kiln_symbol by[2] = {declare(m, "ssa", sig), declare(m, "slots", sig)};
  if (*ssa_kept == NULL) *ssa_kept = kiln_ssa_new(m); /* one for all: C's realloc */
  for (unsigned way = 0; way < 2; way++) {
    struct builder b;
    kiln_func *f = kiln_func_begin(s, by[way]);
    build(&b, p, f, way == 0 ? *ssa_kept : NULL, sealing);
    if (kiln_func_finish(f) != KILN_OK || kiln_func_verify(f) != KILN_OK ||
        kiln_interp_add(in, f) != KILN_OK)
      fail_msg("seed %llu: %s", (unsigned long long)seed, diag.message);
    if (way == 0) {
      struct oracle o;
      analyse(&o, p);
      unsigned params = 0, wanted = params_wanted(&o);
      for (unsigned i = 1; i < p->n; i++) params += kiln_block_param_count(f, block_at(&b, i));
      if (p->reducible && is_reducible(&o)) {
        if (sealing == AT_THE_END ? params != wanted : params < wanted)
          fail_msg("seed %llu: %u parameters, wanted %u", (unsigned long long)seed, params, wanted);
        counted[sealing]++;
      }
    }
    kiln_func_discard(f);
  }
  assert_int_equal(kiln_interp_link(in, NULL), KILN_OK);
  static const uint64_t inputs[] = {0, 1, 7, 0x123456789abcdef, UINT64_MAX - 3};
  for (unsigned i = 0; i < 5; i++) {
    uint64_t a = inputs[i], c = inputs[(i + 2) % 5];
    kiln_interp_value r = call(in, by[0], a, c, seed), want = call(in, by[1], a, c, seed);
    if (r.low != want.low)
      fail_msg("seed %llu: %llx, not %llx", (unsigned long long)seed, (unsigned long long)r.low,
               (unsigned long long)want.low);
  }
  kiln_interp_free(in);
  kiln_session_free(s);
  kiln_module_free(m);
}

CASE(random_functions) {
  kiln_ssa *ssa = NULL;
  unsigned counted[SEALINGS] = {0};
  for (uint64_t seed = first_seed; seed < first_seed + n_seeds; seed++) one(seed, &ssa, counted);
  kiln_ssa_free(ssa);
  if (n_seeds >= 1000) assert_true(counted[AT_THE_END] >= n_seeds / 10);
}

int main(int argc, char **argv) {
  if (argc > 1) first_seed = strtoull(argv[1], NULL, 0);
  if (argc > 2) n_seeds = strtoull(argv[2], NULL, 0);
  const struct CMUnitTest tests[] = {cmocka_unit_test(random_functions)};
  return cmocka_run_group_tests_name("ssa_run", tests, NULL, NULL);
}
