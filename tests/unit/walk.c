/* The walk's register file (lib/codegen/regs.h, lib/codegen/walk.h), driven at random through a target of its own
 * whose hooks move tokens instead of emitting code: each value must be found where the walk says it
 * is, and the sets of registers must mean what lib/codegen/walk.h says they mean. */
#include "unit.h"

#include "ir/builder/builder.h"

#include "lib/codegen/walk.h"

#define I64 KILN_TYPE_I64
#define F64 KILN_TYPE_F64

/* ---- the machine: a token per register and 8 bytes of the frame ---- */

enum { GP = 7, FP = 4, HOMES = 2, FRAME = 4096, JUNK = 0x7fffffff };
static uint32_t reg[64];
static uint32_t frame_at[FRAME];

static uint32_t *frame(int32_t offset) {
  assert_true(offset < 0 && offset >= -8 * FRAME && offset % 8 == 0);
  return &frame_at[-offset / 8 - 1];
}

static void test_hook_move(struct kn_walk *w, unsigned dst, unsigned src, unsigned type) {
  (void)w, (void)type;
  assert_int_equal(dst / KN_FP_BASE, src / KN_FP_BASE);
  reg[dst] = reg[src];
}
static void test_hook_load(struct kn_walk *w, unsigned dst, int32_t offset, unsigned type) {
  (void)w, (void)type;
  reg[dst] = *frame(offset);
}
static void test_hook_store(struct kn_walk *w, unsigned src, int32_t offset, unsigned type) {
  (void)w, (void)type;
  *frame(offset) = reg[src];
}
static void test_hook_constant(struct kn_walk *w, unsigned dst, uint32_t h, unsigned type) {
  (void)w, (void)type;
  reg[dst] = h;
}
static void test_hook_store_constant(struct kn_walk *w, int32_t offset, uint32_t h, unsigned type) {
  (void)w, (void)type;
  *frame(offset) = h;
}
static void test_hook_copy(struct kn_walk *w, int32_t dst, int32_t src, unsigned type) {
  (void)w, (void)type;
  *frame(dst) = *frame(src);
}
static void test_hook_address(struct kn_walk *w, unsigned dst, uint32_t v) {
  (void)w;
  reg[dst] = v;
}
static void test_hook_deferred(struct kn_walk *w, unsigned dst, uint32_t v) {
  (void)w;
  reg[dst] = v;
}
/* Registers 0 to 4 and 32 to 35 are temporary, 5 and 6 homes that calls clobber, 8 and 9 homes of
 * variables that they do not; 11 and 47 are scratch. */
static const uint16_t clobbers[KILN_OP_COUNT];
static const struct kn_target target = {
  .temps = UINT64_C(0x1f) | UINT64_C(0xf) << KN_FP_BASE,
  .caller_homes = 3 << 5,
  .callee_homes = 3 << 8,
  .scratch = {11, 47},
  .whole = {I64, F64},
  .hints = {KN_BIT(3) | KN_BIT(32), KN_BIT(2) | KN_BIT(33), KN_BIT(1) | KN_BIT(34),
            KN_BIT(0) | KN_BIT(35)},
  .types = {[I64] = {.regs = KN_GP_MASK, .bytes = 8, .lowered = true},
            [F64] = {.regs = ~KN_GP_MASK, .bank = 1, .bytes = 8, .lowered = true}},
  .ir.clobbers = clobbers,
  .walk_size = sizeof(struct kn_walk),
  .hooks = {.move = test_hook_move,
            .load = test_hook_load,
            .store = test_hook_store,
            .constant = test_hook_constant,
            .store_constant = test_hook_store_constant,
            .copy = test_hook_copy,
            .address = test_hook_address,
            .deferred = test_hook_deferred},
};
static const uint64_t clobbered = UINT64_C(0x7f) | UINT64_C(0xf) << KN_FP_BASE;

/* ---- a function of N values and a walk in its only block ---- */

/* The first VALUES are defined again and again; the others, names of variables, once each. */
enum { VALUES = 200, N = 800 };

struct fixture {
  kiln_module *m;
  kiln_session *s;
  kiln_func *f;
  struct kn_plan *plan;
  struct kn_walk *w;
  uint32_t first; /* value; odd numbers are floats */
  bool live[N];
  uint32_t reads[N]; /* number of reads to come */
  uint32_t token[N]; /* what a value's place must hold */
  uint32_t n_names;  /* of the others that were used */
  uint64_t seed;
};

static uint32_t roll(struct fixture *t, uint32_t n) {
  t->seed = t->seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
  return (uint32_t)((t->seed >> 33) % n);
}

static void open_walk(struct fixture *t, uint64_t seed, uint64_t stress) {
  memset(t, 0, sizeof *t);
  t->seed = seed;
  t->m = kiln_module_new(
    &(kiln_module_options){.target.processor = KILN_PROCESSOR_X86_64, .stress_seed = stress});
  t->s = kiln_session_new(t->m);
  kiln_sig sig = kiln_sig_new(t->m, KILN_CC_C, 0, NULL, 0, NULL, 0);
  kiln_symbol symbol = kiln_func_declare(t->m, &(kiln_symbol_desc){.name = "f"}, sig);
  kiln_func *f = t->f = kiln_func_begin(t->s, symbol);
  t->first = f->n;
  for (uint32_t i = 0; i < N; i++) {
    if (i & 1) kiln_build_unary(f, KILN_OP_FNEG, F64, kiln_const_f64(f, i));
    else kiln_build_unary(f, KILN_OP_NEG, I64, kiln_const_int(f, i));
  }
  kiln_build_ret(f, NULL, 0);
  assert_int_equal(kiln_func_finish(f), KILN_OK);
  t->plan = kn_realloc(t->m, NULL, sizeof *t->plan);
  t->w = kn_realloc(t->m, NULL, sizeof *t->w);
  *t->plan = (struct kn_plan){0};
  *t->w = (struct kn_walk){0};
  assert_true(kn_plan_make(t->plan, f, &target));
  assert_true(kn_walk_begin(t->w, t->s, f, t->plan));
  kn_walk_block(t->w, 0);
  for (unsigned r = 0; r < 64; r++) reg[r] = JUNK;
  for (uint32_t i = 0; i < N; i++) f->val[t->first + i].reg = KN_NO_REG;
}

static void close_walk(struct fixture *t) {
  assert_int_equal(t->f->status, KILN_OK);
  kn_plan_free(t->plan, t->m);
  kn_walk_free(t->w, t->m);
  kiln_session_free(t->s);
  kiln_module_free(t->m);
}

static unsigned type_of(uint32_t i) { return i & 1 ? F64 : I64; }

/* ---- invariants between instructions: the head of lib/codegen/walk.h ---- */

static void check(const struct fixture *t) {
  const struct kn_walk *w = t->w;
  uint64_t held = 0;
  assert_int_equal(w->regs.temp | w->regs.locked, 0);
  assert_int_equal(w->regs.free & ~w->regs.block_regs, 0);
  assert_int_equal(w->regs.cached & ~w->regs.free, 0);
  for (uint32_t i = 0; i < N; i++) {
    uint32_t v = t->first + i;
    const struct kn_val *val = &w->val[v];
    if (!t->live[i]) continue;
    assert_int_equal(val->uses, t->reads[i]);
    if (val->flags & KN_VF_SLOT_HOME) {
      assert_int_equal(val->reg, KN_NO_REG);
      assert_int_equal(*frame(val->frame), t->token[i]);
      if (val->copy < 64 && (w->regs.cached & KN_BIT(val->copy)) && w->regs.owner[val->copy] == v)
        assert_int_equal(reg[val->copy], t->token[i]);
      continue;
    }
    if (val->flags & KN_VF_ALIAS) {
      assert_int_equal(reg[val->reg], t->token[i]);
      continue;
    }
    if (val->flags & KN_VF_FRAME) assert_int_equal(*frame(val->frame), t->token[i]);
    else assert_int_not_equal(val->reg, KN_NO_REG);
    if (val->reg == KN_NO_REG) continue;
    assert_int_equal(w->regs.owner[val->reg], v);
    assert_int_equal(reg[val->reg], t->token[i]);
    assert_int_equal(held & KN_BIT(val->reg), 0);
    held |= KN_BIT(val->reg);
  }
  assert_int_equal(held, w->regs.block_regs & ~w->regs.free);
}

/* ---- what an instruction does ---- */

static uint32_t random_live(struct fixture *t) {
  uint32_t i = roll(t, N);
  for (uint32_t n = 0; n < N; n++, i = (i + 1) % N)
    if (t->live[i]) return i;
  return N;
}

static void define(struct fixture *t, uint32_t i) {
  struct kn_walk *w = t->w;
  uint32_t v = t->first + i;
  struct kn_val *val = &w->val[v];
  if (t->live[i]) return;
  w->i = v;
  *val = (struct kn_val){
    .uses = 1 + roll(t, 4), .type = (uint8_t)type_of(i), .reg = KN_NO_REG, .hint = KN_NO_REG};
  if (roll(t, 4) == 0) val->flags = KN_VF_SLOT_HOME;
  else if (roll(t, 3) == 0) val->copy = (uint8_t)roll(t, 8);
  /* five registers there are at least: three operands, a temporary, and the result's */
  uint64_t avoid = w->regs.locked || roll(t, 4) ? 0 : KN_BIT(roll(t, 5));
  unsigned prefer = roll(t, 2) ? KN_NO_REG : roll(t, 5) + (i & 1 ? 32 : 0);
  unsigned r = kn_def(w, v, type_of(i), prefer, avoid);
  assert_int_equal(kn_bank(w, type_of(i)), r / KN_FP_BASE);
  assert_int_equal(KN_BIT(r) & avoid, 0);
  assert_true(KN_BIT(r) & w->regs.block_regs);
  reg[r] = t->token[i] = v;
  kn_defined(w, v, r);
  t->live[i] = true;
  t->reads[i] = val->uses;
}

static unsigned read_value(struct fixture *t, uint32_t i) {
  unsigned r = kn_reg(t->w, t->first + i, type_of(i));
  assert_true(r < 64);
  assert_int_equal(reg[r], t->token[i]);
  assert_true(t->w->regs.locked & KN_BIT(r));
  return r;
}

static void drop(struct fixture *t, uint32_t i) {
  kn_drop(t->w, t->first + i);
  t->reads[i]--;
  if (t->reads[i] == 0) t->live[i] = false;
}

/* Reads some values; all of them are there at once, whatever is taken meanwhile. */
static void use_some(struct fixture *t) {
  struct kn_walk *w = t->w;
  uint32_t operand[3];
  unsigned r[3], n = 0;
  for (unsigned k = roll(t, 4); k > 0; k--) {
    uint32_t i = random_live(t);
    if (i == N) break;
    uint32_t same = 0;
    for (unsigned j = 0; j < n; j++) same += operand[j] == i;
    if (same >= t->reads[i]) continue;
    r[n] = read_value(t, i);
    operand[n++] = i;
  }
  unsigned temp = KN_NO_REG;
  if (roll(t, 2)) {
    temp = kn_temp(w, KN_GP_MASK);
    for (unsigned k = 0; k < n; k++) assert_int_not_equal(temp, r[k]);
    reg[temp] = JUNK;
  }
  for (unsigned k = 0; k < n; k++) assert_int_equal(reg[r[k]], t->token[operand[k]]);
  for (unsigned k = 0; k < n; k++) drop(t, operand[k]);
  if (roll(t, 2)) {
    uint32_t i = roll(t, VALUES);
    bool used = false;
    for (unsigned k = 0; k < n; k++) used |= operand[k] == i;
    if (!used) define(t, i);
  }
  if (temp != KN_NO_REG) assert_true(w->regs.temp & KN_BIT(temp));
  kn_inst_end(w);
}

static void claim_some(struct fixture *t) {
  struct kn_walk *w = t->w;
  unsigned a = roll(t, 5), b = (a + 1 + roll(t, 4)) % 5;
  kn_claim(w, a);
  reg[a] = JUNK;
  kn_claim(w, b);
  reg[b] = JUNK;
  assert_int_equal(w->regs.temp & (KN_BIT(a) | KN_BIT(b)), KN_BIT(a) | KN_BIT(b));
  uint32_t i = random_live(t);
  if (i < N) {
    unsigned r = read_value(t, i);
    assert_true(r != a && r != b);
    drop(t, i);
  }
  kn_inst_end(w);
}

static void call(struct fixture *t) {
  kn_save_live(t->w, clobbered);
  for (uint64_t m = clobbered; m; m &= m - 1) reg[__builtin_ctzll(m)] = JUNK;
  kn_inst_end(t->w);
}

/* Loads the variable in `home` once more. The first load says which value it holds. */
static void name(struct fixture *t, unsigned home) {
  struct kn_walk *w = t->w;
  if (t->n_names == (N - VALUES) / 2) return;
  uint32_t i = VALUES + 2 * t->n_names++, v = t->first + i;
  if (reg[home] == JUNK) reg[home] = v;
  t->token[i] = reg[home];
  w->val[v] = (struct kn_val){.uses = 1 + roll(t, 3),
                              .type = I64,
                              .reg = (uint8_t)home,
                              .flags = KN_VF_ALIAS,
                              .hint = KN_NO_REG};
  w->val[v].frame = (int32_t)(w->regs.aliased & KN_BIT(home) ? w->regs.alias[home] : 0);
  w->regs.alias[home] = v;
  w->regs.aliased |= KN_BIT(home);
  t->live[i] = true;
  t->reads[i] = w->val[v].uses;
}

/* Loads of a variable are names of its register, until that is stored to. */
static void variable(struct fixture *t) {
  struct kn_walk *w = t->w;
  unsigned home = 8 + roll(t, HOMES);
  if (w->regs.aliased & KN_BIT(home)) kn_copy_aliases(w, home);
  kn_inst_end(w);
  reg[home] = JUNK;
  check(t);
  for (unsigned n = 1 + roll(t, 3); n > 0; n--) name(t, home);
}

static void drive(uint64_t seed, uint64_t stress) {
  struct fixture fixture, *t = &fixture;
  open_walk(t, seed, stress);
  for (unsigned step = 0; step < 2000; step++) {
    switch (roll(t, 12)) {
    case 0: claim_some(t); break;
    case 1: variable(t); break;
    case 2:
      if (roll(t, 4) == 0) call(t);
      break;
    case 3:
    case 4:
    case 5:
    case 6:
      define(t, roll(t, VALUES));
      kn_inst_end(t->w);
      break;
    default: use_some(t); break;
    }
    check(t);
  }
  /* all that is live can still be read, to the last */
  for (uint32_t i = 0; i < N; i++) {
    while (t->live[i]) {
      read_value(t, i);
      drop(t, i);
      kn_inst_end(t->w);
    }
  }
  check(t);
  assert_true(t->s->stats.spills > 0);
  close_walk(t);
}

CASE(test_registers) {
  for (uint64_t seed = 1; seed <= 50; seed++) drive(seed, 0);
}

CASE(test_registers_stress) {
  for (uint64_t seed = 1; seed <= 50; seed++) drive(seed, seed);
}

/* ---- single rules ---- */

CASE(test_prefer) {
  struct fixture fixture, *t = &fixture;
  open_walk(t, 1, 0);
  struct kn_walk *w = t->w;
  for (uint32_t i = 0; i < 8; i += 2)
    w->val[t->first + i] =
      (struct kn_val){.uses = 1, .type = I64, .reg = KN_NO_REG, .hint = KN_NO_REG};
  w->val[t->first].hint = 1; /* becomes argument 1 */
  assert_int_equal(kn_def(w, t->first, I64, 4, 0), 2);
  assert_int_equal(kn_def(w, t->first + 2, I64, 4, 0), 4);
  assert_int_equal(kn_def(w, t->first + 4, I64, 4, KN_BIT(0)), 1); /* 4 is taken, 0 not allowed */
  assert_int_equal(kn_def(w, t->first + 6, I64, KN_NO_REG, 0), 0);
  kn_inst_end(w);
  close_walk(t);
}

/* A value in its spill slot is evicted rather than one that would have to be stored. */
CASE(test_evict_spilled_first) {
  struct fixture fixture, *t = &fixture;
  open_walk(t, 1, 0);
  struct kn_walk *w = t->w;
  unsigned r[GP];
  uint64_t all = w->regs.block_regs & KN_GP_MASK;
  unsigned n = (unsigned)__builtin_popcountll(all);
  assert_int_equal(n, GP);
  for (unsigned k = 0; k < n; k++) {
    uint32_t v = t->first + 2 * k;
    w->val[v] = (struct kn_val){.uses = 1, .type = I64, .reg = KN_NO_REG, .hint = KN_NO_REG};
    r[k] = kn_def(w, v, I64, KN_NO_REG, 0);
    reg[r[k]] = v;
  }
  kn_inst_end(w);
  w->val[t->first + 6].flags |= KN_VF_FRAME;
  w->val[t->first + 6].frame = kn_frame_alloc(w, 8, 3);
  *frame(w->val[t->first + 6].frame) = t->first + 6;
  unsigned got = kn_take(w, KN_GP_MASK);
  assert_int_equal(got, r[3]);
  assert_int_equal(t->s->stats.spills, 0);
  assert_int_equal(w->val[t->first + 6].reg, KN_NO_REG);
  w->regs.free |= KN_BIT(got);
  close_walk(t);
}

/* When all registers are operands, the function fails; nothing else does. */
CASE(test_out_of_registers) {
  struct fixture fixture, *t = &fixture;
  open_walk(t, 1, 0);
  for (unsigned k = 0; k < GP; k++) kn_temp(t->w, KN_GP_MASK);
  assert_int_equal(t->f->status, KILN_OK);
  assert_int_equal(kn_temp(t->w, KN_GP_MASK), target.scratch[0]);
  assert_int_equal(t->f->status, KILN_ERR_LIMIT);
  assert_int_equal(kn_temp(t->w, ~KN_GP_MASK) / KN_FP_BASE, 1);
  t->f->status = KILN_OK;
  close_walk(t);
}

/* A spill slot is not given out again by the instruction that still reads it. */
CASE(test_spare_slots) {
  struct fixture fixture, *t = &fixture;
  open_walk(t, 1, 0);
  struct kn_walk *w = t->w;
  struct kn_val *a = &w->val[t->first], *b = &w->val[t->first + 2], *c = &w->val[t->first + 4];
  a->uses = b->uses = c->uses = 1;
  a->flags = KN_VF_FRAME;
  a->frame = b->frame = c->frame = 0;
  w->i = t->first;
  int32_t at = kn_frame_of(w, a);
  w->i = t->first + 2;
  kn_drop(w, t->first);
  assert_int_not_equal(kn_frame_of(w, b), at);
  w->i = t->first + 4;
  assert_int_equal(kn_frame_of(w, c), at);
  close_walk(t);
}

/* ---- moves ---- */

/* Random sets of moves among registers and frame offsets, with constants. */
CASE(test_moves) {
  struct fixture fixture, *t = &fixture;
  open_walk(t, 7, 0);
  struct kn_walk *w = t->w;
  enum { SLOTS = 16 };
  int32_t offset[SLOTS];
  for (unsigned k = 0; k < SLOTS; k++) offset[k] = kn_frame_alloc(w, 8, 3);
  for (unsigned step = 0; step < 20000; step++) {
    uint32_t want[64], want_frame[SLOTS];
    for (unsigned r = 0; r < 64; r++) reg[r] = want[r] = 1000 + r;
    for (unsigned k = 0; k < SLOTS; k++) *frame(offset[k]) = want_frame[k] = 2000 + k;
    uint64_t written = 0;
    uint32_t slots = 0;
    for (unsigned n = roll(t, 12); n-- > 0;) {
      unsigned bank = roll(t, 2) * 32;
      struct kn_place_move m = {
        .dst = KN_NO_REG, .src = KN_NO_REG, .type = (uint8_t)(bank ? F64 : I64)};
      uint32_t token;
      switch (roll(t, 3)) {
      case 0:
        m.src = (uint8_t)(bank + roll(t, 6));
        token = 1000 + m.src;
        break;
      case 1: { /* sources in the frame are the second half: no destinations */
        unsigned k = SLOTS / 2 + roll(t, SLOTS / 2);
        m.src_frame = offset[k];
        token = 2000 + k;
        break;
      }
      default: token = m.src_handle = kiln_const_int(t->f, 5 + roll(t, 9)).id; break;
      }
      if (roll(t, 3)) {
        unsigned d = bank + roll(t, 6);
        if (written >> d & 1) continue;
        written |= KN_BIT(d);
        m.dst = (uint8_t)d;
        want[d] = token;
      } else {
        unsigned k = roll(t, SLOTS / 2);
        if (slots >> k & 1) continue;
        slots |= 1u << k;
        m.dst_frame = offset[k];
        want_frame[k] = token;
      }
      assert_true(KN_PUSH(t->f, w->moves, m));
    }
    kn_run_moves(w);
    assert_int_equal(w->moves.n, 0);
    for (unsigned r = 0; r < 64; r++)
      if (r != target.scratch[0] && r != target.scratch[1]) assert_int_equal(reg[r], want[r]);
    for (unsigned k = 0; k < SLOTS; k++) assert_int_equal(*frame(offset[k]), want_frame[k]);
  }
  close_walk(t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_registers),
    cmocka_unit_test(test_registers_stress),
    cmocka_unit_test(test_prefer),
    cmocka_unit_test(test_evict_spilled_first),
    cmocka_unit_test(test_out_of_registers),
    cmocka_unit_test(test_spare_slots),
    cmocka_unit_test(test_moves),
  };
  return cmocka_run_group_tests_name("walk", tests, NULL, NULL);
}
