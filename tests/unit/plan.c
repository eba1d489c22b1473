/* The plan (lib/codegen/plan.h): block order, loops, intervals and homes, on flow graphs made for it and on
 * random ones. For random graphs, a data flow analysis in this file gives the expected result. */
#include "unit.h"

#include "ir/builder/builder.h"
#include "lib/codegen/plan.h"
#include <kiln/listing.h>
#include <kiln/text.h>

#define I64 KILN_TYPE_I64
#define F64 KILN_TYPE_F64

struct fixture {
  kiln_module *m;
  kiln_session *s;
  kiln_func *f;
  kiln_value x; /* its parameter, an i64 */
  kiln_sig sig, sig_twice, sig_float;
  struct kn_plan *plan;
};

static const struct kn_target *const target = &kn_target_x86_64;

static kiln_status compile_each(void *user, kiln_func *f) {
  (void)user;
  return kiln_func_compile(f);
}

static void start(struct fixture *t) {
  kiln_symbol symbol = kiln_func_declare(t->m, &(kiln_symbol_desc){.name = "f"}, t->sig);
  t->f = kiln_func_begin(t->s, symbol);
  t->x = kiln_func_param(t->f, 0);
}

static int setup(void **state) {
  static struct fixture fixture;
  struct fixture *t = &fixture;
  memset(t, 0, sizeof *t);
  t->m = kiln_module_new(&(kiln_module_options){.target.processor = KILN_PROCESSOR_X86_64});
  t->s = kiln_session_new(t->m);
  kiln_param p = {.type = I64};
  kiln_type r = I64, d = F64;
  t->sig = kiln_sig_new(t->m, KILN_CC_C, 0, &p, 1, &r, 1);
  t->sig_twice = kiln_sig_new(t->m, KILN_CC_C, KILN_SIG_RETURNS_TWICE, &p, 1, &r, 1);
  t->sig_float = kiln_sig_new(t->m, KILN_CC_C, 0, &p, 1, &d, 1);
  t->plan = kn_realloc(t->m, NULL, sizeof *t->plan);
  if (t->plan) *t->plan = (struct kn_plan){0};
  start(t);
  *state = t;
  return t->plan == NULL;
}

static int teardown(void **state) {
  struct fixture *t = *state;
  kn_plan_free(t->plan, t->m);
  kiln_session_free(t->s);
  kiln_module_free(t->m);
  return 0;
}

static void make_plan(struct fixture *t) {
  assert_int_equal(kiln_func_finish(t->f), KILN_OK);
  assert_true(kn_plan_make(t->plan, t->f, target));
}

static kiln_block blk(uint32_t id) { return (kiln_block){id}; }
static kiln_value number(struct fixture *t, int64_t v) { return kiln_const_int(t->f, v); }
static void br(struct fixture *t, uint32_t to) { kiln_build_br(t->f, blk(to), NULL, 0); }
static void brif(struct fixture *t, uint32_t to, uint32_t other) {
  kiln_value c = kiln_build_icmp(t->f, KILN_ICOND_SLT, I64, t->x, number(t, 5));
  kiln_build_brif(t->f, c, blk(to), NULL, 0, blk(other), NULL, 0);
}
static void ret(struct fixture *t, kiln_value v) { kiln_build_ret(t->f, &v, 1); }
static kiln_value add(struct fixture *t, kiln_value a, kiln_value b) {
  return kiln_build_binary(t->f, KILN_OP_ADD, I64, a, b);
}
static void fill(struct fixture *t, uint32_t b) { kiln_block_switch(t->f, blk(b)); }

static void expect_layout(const struct fixture *t, uint32_t n, const uint32_t *want) {
  assert_int_equal(t->plan->n_layout, n);
  for (uint32_t i = 0; i < n; i++) {
    assert_int_equal(t->plan->layout[i], want[i]);
    assert_int_equal(kn_plan_pos(t->plan, want[i]), i);
  }
}
#define LAYOUT(t, ...)                                                                             \
  expect_layout(t, sizeof((uint32_t[]){__VA_ARGS__}) / 4, (uint32_t[]){__VA_ARGS__})

/* The global of a value or slot, which must have one. */
static const struct kn_range *range_of(const struct fixture *t, kiln_value v) {
  for (uint32_t g = 0; g < t->f->globals.n; g++)
    if (t->f->globals.at[g].handle == v.id) return &t->plan->ranges.at[g];
  fail_msg("value %u is no global", v.id);
  return NULL;
}

/* ---- order ---- */

static void test_source_order(void **state) {
  struct fixture *t = *state;
  kiln_block_new_many(t->f, 4);
  brif(t, 3, 1);
  fill(t, 3); /* the order of filling, since each has a predecessor before it */
  br(t, 2);
  fill(t, 1);
  br(t, 2);
  fill(t, 2);
  br(t, 4);
  fill(t, 4);
  ret(t, t->x);
  make_plan(t);
  assert_true(t->plan->in_order);
  LAYOUT(t, 0, 3, 1, 2, 4);
}

static void test_depth_first(void **state) {
  struct fixture *t = *state;
  kiln_block_new_many(t->f, 4);
  brif(t, 1, 2);
  fill(t, 4); /* nobody branches to it yet */
  ret(t, t->x);
  fill(t, 3);
  br(t, 4);
  fill(t, 2);
  br(t, 3);
  fill(t, 1);
  br(t, 3);
  make_plan(t);
  assert_false(t->plan->in_order);
  LAYOUT(t, 0, 1, 2, 3, 4); /* reverse post-order, the first edge's target first */
}

static void test_unreachable(void **state) {
  struct fixture *t = *state;
  kiln_block_new_many(t->f, 5);
  br(t, 1);
  fill(t, 1);
  br(t, 4);
  fill(t, 2); /* 2 and 3 are only reached from each other */
  br(t, 3);
  fill(t, 3);
  brif(t, 2, 4);
  fill(t, 4);
  ret(t, t->x);
  make_plan(t); /* 5 was never filled */
  LAYOUT(t, 0, 1, 4);
  assert_int_equal(t->plan->pos.at[2], 0);
}

static void test_address_taken(void **state) {
  struct fixture *t = *state;
  kiln_block_new_many(t->f, 4);
  br(t, 1);
  fill(t, 2); /* only reached by its address */
  br(t, 3);
  fill(t, 3);
  ret(t, t->x);
  fill(t, 1);
  ret(t, t->x);
  fill(t, 4); /* not reached at all */
  ret(t, t->x);
  kn_block_take_address(t->f, blk(2));
  make_plan(t);
  LAYOUT(t, 0, 1, 2, 3);
}

/* ---- loops ---- */

static const struct kn_loop *loop_at(const struct fixture *t, uint32_t pos) {
  uint32_t id = t->plan->loop_at[pos];
  return id ? &t->plan->loops.at[id - 1] : NULL;
}

/* Blocks 1 to n in a row, all loops closed by branches back: pairs of (source, target). A value of
 * the entry is used in the last block, so that there is something to plan. */
static void row(struct fixture *t, uint32_t n, uint32_t pairs, const uint32_t (*back)[2]) {
  kiln_block_new_many(t->f, n);
  kiln_value v = add(t, t->x, number(t, 1));
  br(t, 1);
  for (uint32_t b = 1; b <= n; b++) {
    fill(t, b);
    uint32_t to = 0;
    for (uint32_t k = 0; k < pairs; k++)
      if (back[k][0] == b) to = back[k][1];
    if (b == n) ret(t, add(t, v, t->x));
    else if (to) brif(t, to, b + 1);
    else br(t, b + 1);
  }
  make_plan(t);
}

static void test_nested_loops(void **state) {
  struct fixture *t = *state;
  row(t, 8, 3, (const uint32_t[][2]){{4, 3}, {6, 2}, {7, 7}});
  assert_int_equal(t->plan->loops.n, 3);
  static const uint8_t depth[] = {0, 0, 1, 2, 2, 1, 1, 1, 0};
  for (uint32_t p = 0; p < 9; p++) {
    const struct kn_loop *l = loop_at(t, p);
    assert_int_equal(l ? l->depth : 0, depth[p]);
    assert_int_equal(t->plan->depth[p], 3 * depth[p]);
  }
  assert_int_equal(loop_at(t, 3)->header, 3);
  assert_int_equal(loop_at(t, 3)->end, 4);
  assert_int_equal(loop_at(t, 5)->header, 2);
  assert_int_equal(loop_at(t, 5)->end, 6);
  assert_int_equal(loop_at(t, 7)->header, 7);
  assert_int_equal(loop_at(t, 3)->parent, t->plan->loop_at[5]);
}

static void test_overlapping_loops(void **state) {
  struct fixture *t = *state;
  /* 2 to 5 and 4 to 7: what is live in the second must live through all of it, so the first grows */
  row(t, 8, 2, (const uint32_t[][2]){{5, 2}, {7, 4}});
  assert_int_equal(t->plan->loops.n, 2);
  assert_int_equal(loop_at(t, 4)->header, 4);
  assert_int_equal(loop_at(t, 7)->header, 4);
  const struct kn_loop *outer = &t->plan->loops.at[loop_at(t, 4)->parent - 1];
  assert_int_equal(outer->header, 2);
  assert_int_equal(outer->end, 7);
}

static void test_deep_loops(void **state) {
  struct fixture *t = *state;
  enum { N = 300 };
  uint32_t back[N][2]; /* loop k from block k + 1 to block 2 * N - k */
  for (uint32_t k = 0; k < N; k++) back[k][0] = 2 * N - k, back[k][1] = k + 1;
  row(t, 2 * N + 1, N, (const uint32_t (*)[2])back);
  for (uint32_t k = 0; k < N; k++) {
    assert_int_equal(loop_at(t, k + 1)->depth, k + 1);
    assert_int_equal(loop_at(t, k + 1)->end, 2 * N - k);
  }
  /* %v is made before all loops and used after them: live throughout */
  const struct kn_range *r = range_of(t, t->x);
  assert_int_equal(r->first, 0);
  assert_int_equal(r->last, 2 * N + 1);
}

/* ---- intervals ---- */

static void test_intervals(void **state) {
  struct fixture *t = *state;
  kiln_func *f = t->f;
  kiln_value slot = kiln_slot_new(f, 8, 3), escaped = kiln_slot_new(f, 8, 3);
  kiln_block_new_many(f, 6);
  /* loop from 2 to 4; %a made before it and used in it, %b made in it and used in it, %c after it */
  kiln_value a = add(t, t->x, number(t, 1));
  br(t, 1);
  fill(t, 1);
  br(t, 2);
  fill(t, 2);
  kiln_value b = add(t, t->x, number(t, 2));
  kiln_build_store(f, I64, escaped, 0, escaped, 0);
  br(t, 3);
  fill(t, 3);
  kiln_value c = add(t, a, b);
  kiln_build_store(f, I64, slot, 0, c, 0);
  br(t, 4);
  fill(t, 4);
  brif(t, 2, 5);
  fill(t, 5);
  kiln_value d = add(t, c, number(t, 3));
  br(t, 6);
  fill(t, 6);
  ret(t, add(t, d, kiln_build_load(f, I64, escaped, 0, 0)));
  make_plan(t);
  assert_int_equal(range_of(t, a)->first, 0);
  assert_int_equal(range_of(t, a)->last, 4);
  assert_int_equal(range_of(t, b)->first, 2);
  assert_int_equal(range_of(t, b)->last, 3);
  assert_int_equal(range_of(t, c)->first, 3);
  assert_int_equal(range_of(t, c)->last, 5);
  assert_int_equal(range_of(t, d)->first, 5);
  assert_int_equal(range_of(t, d)->last, 6);
  /* a variable may carry its content round the loop */
  assert_int_equal(range_of(t, slot)->first, 2);
  assert_int_equal(range_of(t, slot)->last, 4);
  assert_int_equal(t->plan->slots.at[kn_index(escaped.id)].reg, KN_NO_REG);
  assert_int_not_equal(t->plan->slots.at[kn_index(slot.id)].reg, KN_NO_REG);
}

/* ---- homes ---- */

static void test_returns_twice(void **state) {
  struct fixture *t = *state;
  kiln_func *f = t->f;
  kiln_symbol g = kiln_func_declare(t->m, &(kiln_symbol_desc){.name = "setjmp"}, t->sig_twice);
  kiln_value slot = kiln_slot_new(f, 8, 3), arg = t->x;
  kiln_block_new(f);
  kiln_build_store(f, I64, slot, 0, t->x, 0);
  kiln_value v = kiln_build_call(f, t->sig_twice, kiln_const_symbol(f, g, 0), &arg, 1);
  br(t, 1);
  fill(t, 1);
  ret(t, add(t, v, kiln_build_load(f, I64, slot, 0, 0)));
  make_plan(t);
  assert_int_equal(f->val[v.id].flags, KN_VF_SLOT_HOME);
  assert_int_equal(t->plan->slots.at[kn_index(slot.id)].reg, KN_NO_REG);
  assert_int_equal(t->plan->saved, 0);
  assert_int_equal(t->plan->occupied[0] | t->plan->occupied[1], 0);
}

/* More heavy intervals than registers: the heavy ones win, whatever the order. */
static void test_weights(void **state) {
  struct fixture *t = *state;
  kiln_func *f = t->f;
  enum { N = 60 };
  kiln_value v[N];
  kiln_block_new_many(f, 3);
  for (int i = 0; i < N; i++) v[i] = add(t, t->x, number(t, i));
  br(t, 1);
  fill(t, 1);
  kiln_value sum = t->x;
  for (int i = 0; i < N; i++)
    for (int k = 0; k <= i; k++) sum = add(t, sum, v[i]); /* v[i] is used i + 1 times */
  brif(t, 1, 2);
  fill(t, 2);
  ret(t, t->x);
  make_plan(t);
  unsigned homes = 0;
  uint32_t lightest = UINT32_MAX, heaviest_without = 0;
  for (int i = 0; i < N; i++) {
    const struct kn_range *r = range_of(t, v[i]);
    if (r->reg != KN_NO_REG) {
      homes++;
      if (r->weight < lightest) lightest = r->weight;
    } else if (r->weight > heaviest_without) {
      heaviest_without = r->weight;
    }
  }
  assert_true(homes >= 6); /* rbx, r12 to r15, r10 at least */
  assert_true(lightest >= heaviest_without);
}

/* ---- random flow graphs ---- */

static uint64_t seed;
static uint32_t roll(uint32_t n) {
  seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
  return (uint32_t)((seed >> 33) % n);
}

enum { MAX_BLOCKS = 40, MAX_THINGS = 64, N_SLOTS = 6 };

/* The test's own analysis: which blocks use and define which thing (a value or a variable). */
struct truth {
  uint32_t n_blocks, n_things;
  uint32_t succ[MAX_BLOCKS][3], n_succ[MAX_BLOCKS];
  uint64_t dom[MAX_BLOCKS]; /* blocks that dominate it; 0: not reached */
  uint64_t up[MAX_BLOCKS];  /* things read before they are written there */
  uint64_t def[MAX_BLOCKS], touch[MAX_BLOCKS];
  uint64_t in[MAX_BLOCKS], out[MAX_BLOCKS];     /* read later, and not written before that */
  uint64_t from[MAX_BLOCKS], after[MAX_BLOCKS]; /* written earlier; nothing is live before that */
  kiln_value thing[MAX_THINGS];
  uint32_t home_block[MAX_THINGS]; /* of values; UINT32_MAX: a variable */
  bool calls[MAX_BLOCKS];
};

static void make_graph(struct truth *g) {
  g->n_blocks = 2 + roll(MAX_BLOCKS - 2);
  for (uint32_t b = 0; b < g->n_blocks; b++) {
    g->n_succ[b] = roll(8) == 0 ? 0 : 1 + roll(3);
    for (uint32_t k = 0; k < g->n_succ[b]; k++) {
      uint32_t near = b + 1 + roll(3);
      g->succ[b][k] = roll(3) && near < g->n_blocks ? near : 1 + roll(g->n_blocks - 1);
    }
  }
  for (uint32_t b = 0; b < g->n_blocks; b++) g->dom[b] = 0;
  uint64_t all = ~UINT64_C(0), reached = 1;
  for (bool more = true; more;) {
    more = false;
    for (uint32_t b = 0; b < g->n_blocks; b++)
      for (uint32_t k = 0; k < g->n_succ[b] && reached >> b & 1; k++)
        if (!(reached >> g->succ[b][k] & 1)) reached |= KN_BIT(g->succ[b][k]), more = true;
  }
  for (uint32_t b = 0; b < g->n_blocks; b++) g->dom[b] = reached >> b & 1 ? all : 0;
  g->dom[0] = 1;
  for (bool more = true; more;) {
    more = false;
    for (uint32_t b = 0; b < g->n_blocks; b++) {
      for (uint32_t k = 0; k < g->n_succ[b] && g->dom[b]; k++) {
        uint32_t to = g->succ[b][k];
        uint64_t d = (g->dom[to] & g->dom[b]) | KN_BIT(to);
        if (d != g->dom[to]) g->dom[to] = d, more = true;
      }
    }
  }
}

static void use_thing(struct truth *g, uint32_t b, uint32_t k) {
  if (!(g->def[b] >> k & 1)) g->up[b] |= KN_BIT(k);
  g->touch[b] |= KN_BIT(k);
}

static kiln_value read_thing(struct fixture *t, struct truth *g, uint32_t b, uint32_t k) {
  use_thing(g, b, k);
  if (g->home_block[k] != UINT32_MAX) return g->thing[k];
  return kiln_build_load(t->f, I64, g->thing[k], 0, 0);
}

static void fill_random(struct fixture *t, struct truth *g, uint32_t b) {
  kiln_func *f = t->f;
  fill(t, b);
  if (b && roll(3) == 0 && g->n_things < MAX_THINGS) { /* a parameter: written by predecessors */
    g->home_block[g->n_things] = b;
    g->thing[g->n_things] = kiln_block_add_param(f, blk(b), I64);
    g->def[b] |= KN_BIT(g->n_things);
    g->touch[b] |= KN_BIT(g->n_things++);
  }
  kiln_value last = number(t, b);
  for (uint32_t n = roll(6); n-- > 0;) {
    uint32_t k = roll(g->n_things);
    uint32_t home = g->home_block[k];
    if (home == UINT32_MAX || (g->dom[b] && g->dom[b] >> home & 1))
      last = add(t, read_thing(t, g, b, k), last);
    if (roll(3) == 0) { /* a store to a variable */
      uint32_t slot = roll(N_SLOTS);
      kiln_build_store(f, I64, g->thing[slot], 0, last, 0);
      g->def[b] |= KN_BIT(slot);
      g->touch[b] |= KN_BIT(slot);
    } else if (roll(2) && g->n_things < MAX_THINGS && last.id && kn_is_value(last.id) &&
               f->val[last.id].block == b && f->inst[last.id].op == KILN_OP_ADD) {
      bool known = false;
      for (uint32_t i = 0; i < g->n_things; i++) known |= g->thing[i].id == last.id;
      if (!known) {
        g->home_block[g->n_things] = b;
        g->thing[g->n_things] = last;
        g->def[b] |= KN_BIT(g->n_things);
        g->touch[b] |= KN_BIT(g->n_things++);
      }
    }
  }
  if (roll(6) == 0) {
    kiln_symbol callee = kiln_func_declare(t->m, &(kiln_symbol_desc){.name = "g"}, t->sig);
    kiln_value arg = number(t, 1);
    last = kiln_build_call(f, t->sig, kiln_const_symbol(f, callee, 0), &arg, 1);
    g->calls[b] = true;
  }
  kiln_value cond = kiln_build_icmp(f, KILN_ICOND_EQ, I64, last, number(t, 7));
  switch (g->n_succ[b]) {
  case 0: ret(t, last); break;
  case 1: br(t, g->succ[b][0]); break;
  case 2: kiln_build_brif(f, cond, blk(g->succ[b][0]), NULL, 0, blk(g->succ[b][1]), NULL, 0); break;
  default: {
    kiln_switch_case cases[2] = {{1, blk(g->succ[b][1])}, {2, blk(g->succ[b][2])}};
    kiln_build_switch(f, I64, last, blk(g->succ[b][0]), cases, 2);
  }
  }
}

/* Fills the blocks in a random order in which dominators come first. */
static void fill_graph(struct fixture *t, struct truth *g, bool in_order) {
  kiln_func *f = t->f;
  kiln_block_new_many(f, g->n_blocks - 1);
  for (uint32_t k = 0; k < N_SLOTS; k++) {
    g->thing[k] = kiln_slot_new(f, 8, 3);
    g->home_block[k] = UINT32_MAX;
  }
  g->n_things = N_SLOTS;
  g->thing[g->n_things] = t->x;
  g->home_block[g->n_things] = 0;
  g->def[0] |= KN_BIT(g->n_things);
  g->touch[0] |= KN_BIT(g->n_things++);
  uint64_t filled = 0;
  for (uint32_t n = 0; n < g->n_blocks; n++) {
    uint32_t b = in_order ? 0 : roll(g->n_blocks);
    while (filled >> b & 1 || (g->dom[b] & ~KN_BIT(b) & ~filled)) b = (b + 1) % g->n_blocks;
    fill_random(t, g, b);
    filled |= KN_BIT(b);
  }
  for (uint32_t b = 0; b < g->n_blocks; b++) {
    for (uint32_t k = 0; k < g->n_succ[b]; k++) {
      uint32_t to = g->succ[b][k];
      bool again = false;
      for (uint32_t j = 0; j < k; j++) again |= g->succ[b][j] == to;
      if (f->block[to].n_params && !again) kiln_edge_set_arg(f, blk(b), blk(to), 0, number(t, b));
    }
  }
}

static void analyse(struct truth *g) {
  for (bool more = true; more;) {
    more = false;
    for (uint32_t b = 0; b < g->n_blocks; b++) {
      if (g->dom[b] == 0) continue;
      g->after[b] = g->from[b] | g->def[b];
      for (uint32_t k = 0; k < g->n_succ[b]; k++) {
        uint64_t *from = &g->from[g->succ[b][k]];
        more |= (*from | g->after[b]) != *from;
        *from |= g->after[b];
      }
    }
  }
  for (bool more = true; more;) {
    more = false;
    for (uint32_t b = g->n_blocks; b-- > 0;) {
      uint64_t out = 0;
      for (uint32_t k = 0; k < g->n_succ[b]; k++) out |= g->in[g->succ[b][k]];
      uint64_t in = g->up[b] | (out & ~g->def[b]);
      more |= in != g->in[b] || out != g->out[b];
      g->in[b] = in;
      g->out[b] = out;
    }
  }
}

static void check_order(const struct fixture *t, const struct truth *g) {
  const struct kn_plan *plan = t->plan;
  uint64_t seen = 0;
  assert_int_equal(plan->layout[0], 0);
  for (uint32_t p = 0; p < plan->n_layout; p++) {
    uint32_t b = plan->layout[p];
    assert_false(seen >> b & 1);
    seen |= KN_BIT(b);
    assert_int_equal(kn_plan_pos(t->plan, b), p);
    assert_true(g->dom[b] != 0);            /* reached */
    assert_int_equal(g->dom[b] & ~seen, 0); /* dominators come first */
  }
  for (uint32_t b = 0; b < g->n_blocks; b++) assert_int_equal(g->dom[b] != 0, seen >> b & 1);
}

static unsigned check_homes(const struct fixture *t, const struct truth *g) {
  const kiln_func *f = t->f;
  const struct kn_plan *plan = t->plan;
  unsigned homes = 0;
  for (uint32_t i = 0; i < f->globals.n; i++) {
    const struct kn_range *r = &plan->ranges.at[i];
    uint32_t handle = f->globals.at[i].handle;
    if (r->reg == KN_NO_REG) continue;
    homes++;
    uint64_t bit = KN_BIT(r->reg);
    assert_int_equal(r->bank, 0);
    assert_true(bit & KN_GP_MASK & (target->caller_homes | target->callee_homes));
    assert_true(r->first <= r->last && r->last < plan->n_layout);
    if (bit & target->callee_homes) assert_true(plan->saved & bit);
    for (uint32_t p = r->first; p <= r->last; p++) {
      assert_true(plan->occupied[p] & bit);
      if (bit & target->caller_homes & ~target->around_calls)
        assert_false(g->calls[plan->layout[p]]);
    }
    for (uint32_t j = 0; j < i; j++) { /* disjoint */
      const struct kn_range *o = &plan->ranges.at[j];
      assert_true(o->reg != r->reg || o->last < r->first || o->first > r->last);
    }
    for (uint32_t k = 0; k < g->n_things; k++) { /* it has its home wherever it is live */
      if (g->thing[k].id != handle) continue;
      for (uint32_t p = 0; p < plan->n_layout; p++) {
        uint32_t b = plan->layout[p];
        uint64_t live = (g->in[b] & g->from[b]) | (g->out[b] & g->after[b]) | g->touch[b];
        if ((live >> k & 1) && (p < r->first || p > r->last))
          fail_msg("seed %u: thing %u is live in block %u, outside of its interval",
                   (unsigned)t->m->options.stress_seed, k, b);
      }
    }
    if (kn_is_value(handle) && f->val[handle].uses) assert_int_equal(f->val[handle].reg, r->reg);
  }
  return homes;
}

static void random_graphs(struct fixture *t, bool in_order) {
  unsigned ordered = 0, found_loops = 0, homes = 0;
  for (unsigned n = 0; n < 3000; n++) {
    seed = n * UINT64_C(0x9e3779b97f4a7c15) + in_order;
    t->m->options.stress_seed = n;
    static struct truth g;
    memset(&g, 0, sizeof g);
    kiln_func_discard(t->f);
    start(t);
    make_graph(&g);
    fill_graph(t, &g, in_order);
    make_plan(t);
    analyse(&g);
    check_order(t, &g);
    if (t->plan->ranges.n == t->f->globals.n) homes += check_homes(t, &g);
    ordered += t->plan->in_order;
    found_loops += t->plan->loops.n != 0;
  }
  assert_true(homes > 5000);
  assert_true(found_loops > 500);
  if (in_order) assert_true(ordered > 100);
}

static void test_random_in_order(void **state) { random_graphs(*state, true); }
static void test_random_any_order(void **state) { random_graphs(*state, false); }

/* What kiln_session_set_dump tells of a loop that a call is in: `x` and the slot live through it, in registers that
 * calls preserve. */
static void test_dump(void **state) {
  static const char text[] = "declare @g()\n"
                             "func @f(i64) -> i64 {\n"
                             "  slot0 = slot 8 align 8\n"
                             "b0(v0: i64):\n"
                             "  store.i64 v0, slot0\n"
                             "  br b1\n"
                             "b1:\n"
                             "  v3 = load.i64 slot0\n"
                             "  v4 = sub.i64 v3, 1\n"
                             "  store.i64 v4, slot0\n"
                             "  call @g()\n"
                             "  v7 = icmp.i64 ne v4, 0\n"
                             "  brif v7, b1, b2\n"
                             "b2:\n"
                             "  v9 = load.i64 slot0\n"
                             "  ret v9\n"
                             "}\n";
  static const char more[] = "func @h() {\nb0:\n  ret\n}\n";
  static const char *const lines[] = {
    "plan of @f\n",
    "\n  order: of filling\n    0: b0  homes rbx\n",
    "\n    1: b1  loop 0  calls 1  homes rbx\n    2: b2  homes rbx\n",
    "\n  loop 0: positions 1 to 1, depth 1\n",
    "\n  saved: rbx\n",
    "\n  homes:\n    slot0 i64: rbx  positions 0 to 2  weight 18\n", /* 1 + 2 * 8 + 1 */
  };
  (void)state;
  kiln_module *m =
    kiln_module_new(&(kiln_module_options){.target.processor = KILN_PROCESSOR_X86_64});
  kiln_session *s = kiln_session_new(m);
  kiln_buffer out = {0};
  assert_true(kiln_session_set_dump(s, KILN_DUMP_PLAN | KILN_DUMP_HOMES, &out) == KILN_OK);
  assert_int_equal(kiln_text_read(s, text, strlen(text), compile_each, NULL), KILN_OK);
  assert_true(kiln_buffer_append(&out, "", 1) == KILN_OK);
  for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
    if (strstr((char *)out.data, lines[i]) == NULL)
      fail_msg("no \"%s\" in\n%s", lines[i], (char *)out.data);
  size_t size = out.size;
  assert_true(kiln_session_set_dump(s, 0, NULL) == KILN_OK);
  assert_int_equal(kiln_text_read(s, more, strlen(more), compile_each, NULL), KILN_OK);
  assert_int_equal(out.size, size);
  kiln_buffer_free(&out);
  kiln_session_free(s);
  kiln_module_free(m);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_dump),
    TEST(test_source_order),
    TEST(test_depth_first),
    TEST(test_unreachable),
    TEST(test_address_taken),
    TEST(test_nested_loops),
    TEST(test_overlapping_loops),
    TEST(test_deep_loops),
    TEST(test_intervals),
    TEST(test_returns_twice),
    TEST(test_weights),
    TEST(test_random_in_order),
    TEST(test_random_any_order),
  };
  return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
