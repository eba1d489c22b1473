/* Terminators of AArch64: branches, edges, switch, indirect branch, return. Called by the walk's loop. Branches are
 * emitted in their short form (see relax.c). Invariant: an edge's moves are the last code before its branch. */
#include "lib/codegen/observe.h"
#include "lib/codegen/switch.h"
#include "targets/aarch64/a64.h"

/* ---- branches ---- */

KN_INLINE void fixup(struct kn_walk *w, uint32_t label, unsigned kind) {
  KN_PUSH(w->owner, w->code.fixups, (struct kn_fixup){kn_here(w), label, kind});
}

void a64_branch(struct kn_walk *w, uint32_t label) {
  fixup(w, label, A64_FIX_B26);
  a64_emit(w, a64_b(0));
}

void a64_jump_back(struct kn_walk *w, uint32_t to) {
  a64_emit(w, a64_b((int32_t)(to - kn_here(w))));
}

static void branch_if(struct kn_walk *w, struct a64_test t, uint32_t label) {
  KN_NOTIFY(w, branch, w);
  fixup(w, label, A64_FIX_B19 + (unsigned)a64_is_tb(t.word));
  a64_emit(w, t.word);
}

void a64_bind_label(struct kn_walk *w, uint32_t label) { kn_label_bind(w, label); }

/* ---- edges ---- */

/* Makes space for two fixups; false if the function failed. */
KN_INLINE bool fixup_room(struct kn_walk *w) {
  if (KN_LIKELY(w->code.fixups.cap - w->code.fixups.n >= 2)) return true;
  struct kn_fixup none = {0};
  if (!KN_PUSH(w->owner, w->code.fixups, none) || !KN_PUSH(w->owner, w->code.fixups, none))
    return false;
  w->code.fixups.n -= 2;
  return true;
}

/* Branches to a block, unless it is the next one. The branch is written in any case, and kept if it is needed:
 * whether it is would be mispredicted. There is space for a fixup. */
KN_INLINE void go_on(struct kn_walk *w, uint32_t target) {
  unsigned jump = target != w->next_block;
  uint32_t word = a64_b(0);
  w->code.fixups.at[w->code.fixups.n] = (struct kn_fixup){kn_here(w), target, A64_FIX_B26};
  memcpy(w->code.p, &word, 4);
  w->code.fixups.n += jump;
  w->code.p += 4 * jump;
  w->to_next |= !jump;
}

/* The edge's moves, then a branch to its target unless that is next. */
static void take_edge(struct kn_walk *w, const struct kn_edge *e) {
  if (e->args) kn_edge_moves(w, e);
  if (fixup_room(w)) go_on(w, e->target);
}

void a64_lower_br(struct kn_walk *w, const struct kn_inst *in) {
  const struct kn_edge *e = &w->f->edges.at[in->b];
  if (e->args) kn_edge_prepare(w, e);
  take_edge(w, e);
}

/* The same with moves on an edge. */
static void brif_moves(struct kn_walk *w, const struct kn_inst *in, const struct kn_edge *then_,
                       const struct kn_edge *else_) {
  if (then_->args) kn_edge_prepare(w, then_);
  if (else_->args) kn_edge_prepare(w, else_);
  struct a64_test t = a64_condition(w, in->a);
  kn_inst_end(w);
  bool follows = then_->target == w->next_block || else_->target == w->next_block;
  if (then_->args == 0) {
    branch_if(w, t, then_->target);
    take_edge(w, else_);
  } else if (else_->args == 0) {
    branch_if(w, a64_negate_if(t, true), else_->target);
    take_edge(w, then_);
  } else {
    uint32_t over = kn_code_label(w);
    branch_if(w, a64_negate_if(t, true), over);
    kn_edge_moves(w, then_);
    a64_branch(w, then_->target);
    kn_label_bind(w, over);
    take_edge(w, else_);
  }
  w->to_next = follows;
}

void a64_lower_brif(struct kn_walk *w, const struct kn_inst *in) {
  const struct kn_edge *then_ = &w->f->edges.at[in->b], *else_ = then_ + 1;
  if (KN_UNLIKELY(then_->args | else_->args)) {
    brif_moves(w, in, then_, else_);
    return;
  }
  struct a64_test t = a64_condition(w, in->a);
  if (!fixup_room(w)) return;
  unsigned follows = then_->target == w->next_block;
  uint32_t differ = (then_->target ^ else_->target) & (0 - follows);
  branch_if(w, a64_negate_if(t, follows), then_->target ^ differ);
  go_on(w, else_->target ^ differ);
  w->to_next |= follows;
}

/* ---- switch ---- */

enum { TABLE_MIN = 5, TABLE_SPARSE = 4, CHAIN_MAX = 4 };

struct switching {
  const struct kn_case *cases; /* values zero-extended: the order is unsigned */
  unsigned sf, reg;
  uint32_t fallback; /* label of the default */
};

static void compare(struct kn_walk *w, const struct switching *s, uint64_t value) {
  if (a64_addsub_imm_ok(value)) {
    a64_emit(w, a64_cmp_val(s->sf, s->reg, value));
  } else {
    a64_set(w, A64_IP1, s->sf, value);
    a64_emit(w, a64_cmp(s->sf, s->reg, A64_IP1));
  }
}

/* New labels, numbered in a row: the first one. */
static uint32_t table_labels(struct kn_walk *w, uint32_t n) {
  uint32_t first = kn_code_label(w);
  while (--n > 0) kn_code_label(w);
  return first;
}

/* A branch through a table of distances. Where indirect branches must find marks, the table is
 * one of branches with a mark each: blocks have none. */
static void table(struct kn_walk *w, const struct switching *s, const struct kn_case *c,
                  uint32_t n) {
  uint64_t low = c[0].value, span = c[n - 1].value - low;
  unsigned index = s->reg;
  if (low) {
    if (a64_addsub_imm_ok(low)) {
      a64_emit(w, a64_addsub_val(A64_SUB, s->sf, A64_IP0, index, low));
    } else {
      a64_set(w, A64_IP0, s->sf, low);
      a64_emit(w, a64_sub(s->sf, A64_IP0, index, A64_IP0));
    }
    index = A64_IP0;
  }
  struct switching bounded = *s;
  bounded.reg = index;
  compare(w, &bounded, span);
  branch_if(w, a64_test_cond(A64_HI), s->fallback);
  a64_emit(w, a64_adr(A64_IP1, 16));
  a64_emit(w, a64_mem_reg(A64_LDRSW, A64_IP0, A64_IP1, index, s->sf ? A64_UXTX : A64_UXTW, 1));
  a64_emit(w, a64_add(1, A64_IP0, A64_IP1, A64_IP0));
  a64_emit(w, a64_br(A64_IP0));
  if (!kn_code_room(w, (size_t)span * 4 + 64)) return;
  fixup(w, 0, A64_FIX_TABLE_BASE);
  bool mark = w->plan->frame.marks;
  uint32_t labels = mark ? table_labels(w, n + 1) : 0;
  if (w->f->status != KILN_OK) return;
  const struct kn_case *first = c;
  for (uint64_t value = 0; value <= span; value++) {
    bool hit = c->value - low == value;
    uint32_t to = hit ? c->to : s->fallback;
    if (KN_UNLIKELY(mark)) to = labels + (hit ? (uint32_t)(c - first) : n);
    fixup(w, to, A64_FIX_TABLE);
    a64_emit(w, 0);
    c += hit;
  }
  for (uint32_t k = 0; KN_UNLIKELY(mark) && k <= n; k++) {
    if (!kn_code_room(w, 64)) return;
    kn_label_bind(w, labels + k);
    a64_landing(w);
    a64_branch(w, k < n ? first[k].to : s->fallback);
  }
}

/* Binary search over cases [first, end); a few cases are compared, dense ones indexed. */
static void search(struct kn_walk *w, const struct switching *s, uint32_t count) {
  struct part {
    uint32_t first, end, label;
  } stack[40];
  unsigned depth = 0;
  stack[depth++] = (struct part){0, count, UINT32_MAX};
  while (depth) {
    struct part p = stack[--depth];
    uint32_t n = p.end - p.first;
    const struct kn_case *c = &s->cases[p.first];
    if (!kn_code_room(w, 1024)) return;
    if (p.label != UINT32_MAX) kn_label_bind(w, p.label);
    if (n >= TABLE_MIN && (c[n - 1].value - c[0].value) / TABLE_SPARSE < n &&
        !w->f->attrs.no_jump_tables) {
      table(w, s, c, n);
    } else if (n <= CHAIN_MAX) {
      for (uint32_t i = 0; i < n; i++) {
        if (c[i].value == 0) {
          branch_if(w, a64_test_zero(true, s->sf, s->reg), c[i].to);
          continue;
        }
        compare(w, s, c[i].value);
        branch_if(w, a64_test_cond(A64_EQ), c[i].to);
      }
      a64_branch(w, s->fallback);
    } else {
      uint32_t half = p.first + n / 2, right = kn_code_label(w);
      compare(w, s, s->cases[half].value);
      branch_if(w, a64_test_cond(A64_HS), right);
      stack[depth++] = (struct part){half, p.end, right};
      stack[depth++] = (struct part){p.first, half, UINT32_MAX};
    }
  }
}

void a64_lower_switch(struct kn_walk *w, const struct kn_inst *in) {
  struct kn_switch cases;
  if (!kn_switch_begin(w, in, false, &cases)) return;
  unsigned reg = kn_reg(w, in->a, in->type);
  if (a64_is_narrow(in->type) && !a64_is_zx(w, in->a)) {
    unsigned t = kn_temp(w, KN_GP_MASK);
    a64_extend_narrow(w, t, reg, in->type, false);
    reg = t;
  }
  kn_drop(w, in->a);
  struct switching s = {cases.cases, a64_sf(in->type), reg, cases.fallback};
  if (cases.n) search(w, &s, cases.n);
  else a64_branch(w, s.fallback);
  kn_inst_end(w);
  for (uint32_t k = 0; k <= cases.n; k++) w->to_next |= cases.edges[k].target == w->next_block;
  kn_switch_end(w, &cases);
}

/* ---- indirect branch, return ---- */

void a64_lower_brind(struct kn_walk *w, const struct kn_inst *in) {
  const struct kn_block *b = &w->f->block[w->block];
  const struct kn_edge *edges = &w->f->edges.at[in->b];
  unsigned r = kn_reg(w, in->a, KILN_TYPE_I64);
  /* arguments go to shadow slots, which no other edge reads: all are written before the branch */
  unsigned t = kn_temp(w, KN_GP_MASK);
  a64_emit(w, a64_mov(1, t, r));
  KN_LOG_SET(w, KN_EV_DONE, KN_BIT(r));
  kn_drop(w, in->a);
  for (uint32_t i = 0; i < b->n_edges; i++) {
    if (edges[i].args == 0) continue;
    if (!kn_code_ready(w)) return;
    kn_edge_prepare(w, &edges[i]);
    kn_edge_moves(w, &edges[i]);
  }
  a64_emit(w, a64_br(t));
}
