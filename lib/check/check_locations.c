/* Proves the locations of variables: each row names a place and a value, and the value must be in the place wherever
 * the row holds. Rows are joined with the facts of the replay (check.c) where instructions begin. The places are read
 * from the expressions of the rows, so these are proved too. Called by check.c. Invariant: a function with a row that
 * is wrong fails; what cannot be joined is counted by reason, and fails nothing. Not proved: which value a variable
 * has. */
#include "base/leb128.h"
#include "lib/check/check.h"

#include <kiln/dwarf.h>

#include <stdlib.h>

/* ---- what rows claim ---- */

/* The register with DWARF's number `number`, or KN_FLOW_NONE. */
static uint32_t register_of(const struct kn_check *c, uint64_t number) {
  for (uint32_t r = 0; r < KN_FLOW_REGS; r++)
    if (c->target->code.dwarf_regs[r] == number) return r;
  return KN_FLOW_NONE;
}

/* The frame offset at distance `at` from the frame's base: see lib/debug/where.c. */
static int32_t frame_at(const struct kn_check *c, int64_t at) {
  const struct kn_frame *f = &c->walk->frame;
  return (int32_t)(f->up && at >= 0 ? at - c->target->frame.beyond : at + f->cfa);
}

/* Is slot `slot` at distance `at` from the frame's base? As lib/debug/where.c says it. */
static bool is_slot_at(const struct kn_check *c, uint32_t slot, int64_t at) {
  const int64_t frame = c->walk->slot_states.at[slot].frame;
  const bool beyond = c->walk->frame.up && frame < 0;
  return at == (beyond ? frame + c->target->frame.beyond : frame - c->walk->frame.cfa);
}

static bool is_constant(const struct kn_check *c, uint32_t h, int64_t number) {
  if (kn_is_imm(h)) return kn_imm(h) == number;
  const struct kn_const *is = kn_is_pool(h) ? &c->f->pool.at[kn_index(h)] : NULL;
  return is != NULL && kn_type_log2[is->type] <= 3 && (int64_t)is->low == number;
}

/* Are the bytes at `p` those of wide constant `h`? */
static bool is_wide(const struct kn_check *c, uint32_t h, const uint8_t *p, uint32_t n) {
  const struct kn_const *is = kn_is_pool(h) ? &c->f->pool.at[kn_index(h)] : NULL;
  if (is == NULL || is->symbol != 0 || n != 17 || *p++ != 16) return false;
  return kn_get32(p) == (uint32_t)is->low && kn_get32(p + 4) == (uint32_t)(is->low >> 32) &&
         kn_get32(p + 8) == (uint32_t)is->high && kn_get32(p + 12) == (uint32_t)(is->high >> 32);
}

/* How many bits handle `h` has if it is a value; 0: it is none. */
static unsigned bits_of(const struct kn_check *c, uint32_t h) {
  if (!kn_is_value(h) || h == 0) return 0;
  return kn_is_pair(c->f, h) ? 64 : 8u << kn_type_log2[kn_inst_result(c->f, &c->f->inst[h])];
}

/* Is a row's expression one of memory where the function says so, and of a value where it says that? The last byte of
 * an operand is none of DW_OP_stack_value, but for those of constants and links. */
static bool is_of_kind(const struct kn_code_var *row, const uint8_t *p) {
  if (*p == KILN_DW_OP_addr || *p == KILN_DW_OP_implicit_pointer || *p == KILN_DW_OP_implicit_value)
    return true;
  const bool on_stack = p[row->n - 1] == KILN_DW_OP_stack_value;
  const bool reg = (*p >= KILN_DW_OP_reg0 && *p < KILN_DW_OP_reg0 + 32) || *p == KILN_DW_OP_regx;
  if (row->in_memory && on_stack) return false;
  /* what was spilled to the frame is there, a slot's address is not */
  const bool spilled = *p == KILN_DW_OP_fbreg && kn_is_value(row->value) && row->value != 0;
  return !row->computed || on_stack || reg || spilled;
}

/* Is a piece of a slot the part of the variable that it says? */
static bool is_piece_of(const struct kn_check *c, const struct kn_code_var *row) {
  const struct kn_func_debug *debug = &c->f->debug;
  if (!kn_is_slot(row->value) || row->part_bits == 0) return true;
  const uint32_t i = kn_index(row->value);
  const uint32_t whole = (uint32_t)(kn_slot_whole(c->f, i) - c->f->slots.at);
  bool declared = false;
  for (uint32_t k = 0; k < debug->vars.n; k++) {
    const struct kn_debug_var *v = &debug->vars.at[k];
    const uint8_t *p = debug->bytes.at + v->expr, *end = p + v->n;
    if (v->slot != whole || v->variable != row->variable || v->inlined != row->inlined) continue;
    declared = true;
    const bool later = v->n > 1 && !v->indirect && *p++ == KILN_DW_OP_plus_uconst;
    const uint64_t at = c->f->slots.at[i].offset - (later ? kn_uleb128(&p, end) : 0);
    if (row->part_at == v->part_at + 8 * at) return true;
  }
  return !declared;
}

/* Does what comes after a register or a place in the frame take as many bits as value `h` has? */
static bool takes_all(const struct kn_check *c, uint32_t h, const uint8_t *p, const uint8_t *end,
                      bool in_frame) {
  const unsigned bits = bits_of(c, h);
  if (bits == 0 || bits > 64 || p >= end) return true;
  if (in_frame)
    return *p == KILN_DW_OP_deref_size ? 8u * p[1] == bits : *p != KILN_DW_OP_deref || bits == 64;
  if (bits == 64 || *p++ != KILN_DW_OP_constu) return true;
  const uint64_t mask = kn_uleb128(&p, end);
  return p >= end || *p != KILN_DW_OP_and || mask == (UINT64_C(1) << bits) - 1;
}

/* The place in which parameter `h` arrives when the function begins; -1: nothing reads it. */
static int32_t arrival(const struct kn_check *c, uint32_t h) {
  for (uint32_t i = 0; i < c->events.n; i++) {
    const struct kn_check_event *e = &c->events.at[i];
    if (e->event == KN_EV_INST && kn_maker(c->f, e->value)->op != KILN_OP_PARAM) break;
    if (e->event == KN_EV_DEF && e->value == h) return e->place;
  }
  return -1;
}

static bool is_parameter(const struct kn_check *c, uint32_t h) {
  const struct kn_inst *in = kn_is_value(h) ? kn_maker(c->f, h) : NULL;
  return in != NULL && in->op == KILN_OP_PARAM && in->a == 0;
}

enum claim { WRONG, PROVED, SEVERAL, OTHER, TO_PROVE };

/* What a row claims that is the address of a symbol, or a pointer, at `p` (lib/debug/where.c): to the variable that is
 * all of slot `h`. */
static enum claim read_link(const struct kn_check *c, uint32_t h, const uint8_t *p) {
  const struct kn_func_debug *debug = &c->f->debug;
  const struct kn_const *is = kn_is_pool(h) ? &c->f->pool.at[kn_index(h)] : NULL;
  if (*p == KILN_DW_OP_addr && (is == NULL || is->symbol != kn_get32(p + 1))) return WRONG;
  if (*p == KILN_DW_OP_addr) return (int64_t)is->low == (int32_t)kn_get32(p + 5) ? PROVED : SEVERAL;
  uint32_t k = 0;
  while (k < debug->vars.n &&
         (debug->vars.at[k].slot != kn_index(h) || debug->vars.at[k].n != 0 ||
          debug->vars.at[k].indirect || debug->vars.at[k].variable != kn_get32(p + 1) ||
          debug->vars.at[k].inlined != kn_get32(p + 5)))
    k++;
  return kn_is_slot(h) && k < debug->vars.n ? PROVED : WRONG;
}

/* What a row claims, by its expression: `to`'s handle and place. */
static enum claim read_row(struct kn_check *c, const struct kn_code_var *row,
                           struct kn_check_claim *to) {
  const uint8_t *p = c->walk->out->exprs.at + row->expr, *end = p + row->n;
  const uint32_t h = row->value;
  if (!is_of_kind(row, p) || !is_piece_of(c, row)) return WRONG;
  if (h == 0) return SEVERAL;
  if (*p == KILN_DW_OP_implicit_value) return is_wide(c, h, p + 1, row->n - 1) ? PROVED : WRONG;
  if (*p == KILN_DW_OP_addr || *p == KILN_DW_OP_implicit_pointer) return read_link(c, h, p);
  const uint8_t op = *p++;
  if (op == KILN_DW_OP_entry_value || op == KILN_DW_OP_GNU_entry_value) {
    if (row->n < 3 || p[0] != 1 || p[1] < KILN_DW_OP_reg0) return OTHER;
    if (!takes_all(c, h, p + 2, end, false)) return WRONG;
    const int32_t at = arrival(c, h);
    return at == -1                                                 ? OTHER
           : (uint32_t)at == register_of(c, p[1] - KILN_DW_OP_reg0) ? PROVED
                                                                    : WRONG;
  }
  if (op >= KILN_DW_OP_lit0 && op < KILN_DW_OP_lit0 + 32)
    return is_constant(c, h, op - KILN_DW_OP_lit0) ? PROVED : WRONG;
  if (op == KILN_DW_OP_consts) return is_constant(c, h, kn_sleb128(&p, end)) ? PROVED : WRONG;
  if (op == KILN_DW_OP_fbreg) {
    const int64_t distance = kn_sleb128(&p, end);
    if (!takes_all(c, h, p, end, true)) return WRONG;
    if (!kn_is_slot(h)) to->place = kn_flow_frame(&c->flow, frame_at(c, distance));
    else if (kn_slot_align(c->walk, kn_index(h)) > 4) return OTHER;
    else return is_slot_at(c, kn_index(h), distance) ? PROVED : WRONG;
  } else if (op >= KILN_DW_OP_reg0 && op < KILN_DW_OP_reg0 + 32) {
    to->place = register_of(c, op - KILN_DW_OP_reg0);
  } else if (op >= KILN_DW_OP_breg0 && op < KILN_DW_OP_breg0 + 32) {
    to->place = register_of(c, op - KILN_DW_OP_breg0);
    (void)kn_sleb128(&p, end);
    if (!takes_all(c, h, p, end, false)) return WRONG;
  } else if (op == KILN_DW_OP_regx || op == KILN_DW_OP_bregx) {
    to->place = register_of(c, kn_uleb128(&p, end));
  } else return OTHER;
  if (is_parameter(c, h) && arrival(c, h) == -1) return OTHER;
  to->handle = kn_is_slot(h) ? KN_FLOW_CONTENT(kn_index(h)) : h;
  if (to->place != KN_FLOW_NONE) return TO_PROVE;
  to->place = 0; /* there is no such register */
  return WRONG;
}

static int by_from(const void *a, const void *b) {
  const struct kn_check_claim *x = a, *y = b;
  return (x->from > y->from) - (x->from < y->from);
}

bool kn_check_claims(struct kn_check *c) {
  const struct kn_output *out = c->walk->out;
  const struct kn_code_func *func =
    c->f->debug.subprogram != 0 && out->funcs.n != 0 ? &out->funcs.at[out->funcs.n - 1] : NULL;
  static const uint8_t counts[] = {
    [PROVED] = KN_LOC_PROVED, [SEVERAL] = KN_LOC_SEVERAL, [OTHER] = KN_LOC_OTHER};
  c->claims.n = c->open.n = c->next_claim = c->window_from = c->window_to = 0;
  for (uint32_t k = func ? func->var_first : out->vars.n; k < out->vars.n; k++) {
    const struct kn_code_var *row = &out->vars.at[k];
    struct kn_check_claim claim = {
      .from = row->from, .to = row->to, .everywhere = kn_var_is_everywhere(row)};
    if (row->n == 0 || kn_var_is_label(row)) continue;
    if (claim.everywhere) {
      claim.from = func->start;
      claim.to = func->start + func->size;
    }
    const enum claim is = read_row(c, row, &claim);
    if (is == WRONG)
      return kn_check_wrong(c, 0, row->value, claim.place, "a location that is none of it");
    if (is != TO_PROVE) c->located[counts[is]] += claim.to - claim.from;
    else if (!KN_PUSH(c->f, c->claims, claim)) return false;
  }
  if (c->claims.n != 0) qsort(c->claims.at, c->claims.n, sizeof *c->claims.at, by_from);
  return true;
}

/* ---- windows: the code from where one instruction begins to where the next one does ---- */

/* Where event `i` was logged, in the code. */
static uint32_t address(const struct kn_check *c, uint32_t i) {
  if (i < c->events.n) return c->walk->code.marks.at[c->events.at[i].mark].at;
  const struct kn_output *out = c->walk->out;
  return out->funcs.at[out->funcs.n - 1].start + out->funcs.at[out->funcs.n - 1].size;
}

static bool begins_window(const struct kn_check_event *e) {
  return e->event == KN_EV_BLOCK || e->event == KN_EV_INST;
}

/* Nothing is known of values before the function's first instruction but where arguments arrive. */
static bool in_prologue(const struct kn_check *c) { return c->block == 0 && c->inst == 0; }

/* Does this instruction, or the one after it, if one of them is half of what was one, store to a variable what was
 * computed in the variable's register? */
static bool stores_there(const struct kn_check *c, const struct kn_check_claim *l) {
  const bool half = kn_is_halved(c->f, c->inst) || kn_is_upper(c->f, c->inst);
  for (uint32_t i = c->inst; i <= c->inst + half; i++) {
    const struct kn_inst *in = &c->f->inst[i];
    if (kn_log_is(l->handle, KN_LOG_CONTENT) && in->op == KILN_OP_STORE && kn_is_slot(in->a) &&
        kn_index(in->a) == kn_index(l->handle) && kn_flow_knows(&c->flow, l->place, in->b))
      return true;
  }
  return false;
}

/* Is what a claim says so now? What is to be so where the block begins is noted. */
static bool holds(struct kn_check *c, const struct kn_check_claim *l) {
  if (stores_there(c, l)) return true;
  const bool in_frame = kn_is_value(l->handle) &&
                        c->target->types[kn_inst_result(c->f, &c->f->inst[l->handle])].in_frame;
  if (!kn_flow_claims(&c->flow, l->place, l->handle, c->inst)) return false;
  if (!in_frame || l->place < KN_FLOW_REGS) return true;
  const uint32_t upper = kn_flow_frame(&c->flow, c->flow.frame.at[l->place - KN_FLOW_REGS] + 8);
  return kn_flow_claims(&c->flow, upper, KN_FLOW_HIGH(l->handle), c->inst);
}

static bool is_wrong(struct kn_check *c, const struct kn_check_claim *l) {
  return kn_check_wrong(c, c->inst, l->handle, l->place, "a location says so, where it is not");
}

static bool is_changed(const struct kn_check *c, const struct kn_check_claim *l) {
  const struct kn_flow_cell now = kn_flow_cell(&c->flow, l->place);
  return l->cell.entry != now.entry || l->cell.first != now.first || l->cell.epoch != now.epoch;
}

/* Counts the bytes of a claim from `from` to `to`, in the window that ends. False if it is wrong there. */
static bool judge(struct kn_check *c, const struct kn_check_claim *l, uint32_t from, uint32_t to) {
  uint32_t first = l->held ? from : to, until = to;
  if (l->lost) {
    if (l->sure < to && l->sure >= from) return is_wrong(c, l);
    if (l->limit + 1 < to) until = l->limit + 1;
  }
  if (!l->held && l->gained) first = l->sure > from ? l->sure : from;
  else if (!l->held && !is_changed(c, l)) {
    if (!in_prologue(c) && !holds(c, l)) return is_wrong(c, l);
    if (!in_prologue(c) || kn_log_is(l->handle, KN_LOG_CONTENT)) first = from;
  }
  const uint32_t proved = first < until ? until - first : 0;
  c->located[KN_LOC_PROVED] += proved;
  c->located[in_prologue(c) ? KN_LOC_PROLOGUE : KN_LOC_WITHIN] += to - from - proved;
  return true;
}

static bool end_window(struct kn_check *c) {
  uint32_t kept = 0;
  for (uint32_t k = 0; k < c->open.n; k++) {
    const struct kn_check_claim *l = &c->open.at[k];
    const uint32_t from = l->from > c->window_from ? l->from : c->window_from;
    const uint32_t to = l->to < c->window_to ? l->to : c->window_to;
    if (from < to && !judge(c, l, from, to)) return false;
    /* no code, so nothing was written */
    if (c->window_from == c->window_to && is_changed(c, l))
      kn_flow_unwritten(&c->flow, l->place, l->cell);
    if (l->to > c->window_to) c->open.at[kept++] = *l;
  }
  c->open.n = kept;
  return true;
}

/* The instruction returns: the epilogue restores the caller's registers. */
static void restore(struct kn_check *c) {
  const uint64_t restored = c->target->callee_homes & c->saved;
  for (uint32_t k = 0; k < c->open.n; k++) {
    struct kn_check_claim *l = &c->open.at[k];
    if (l->everywhere || l->place >= KN_FLOW_REGS || !(restored >> l->place & 1)) continue;
    l->lost = true;
    l->limit = c->window_from;
    l->sure = c->window_to - c->target->code.nop_bytes;
    if (l->sure <= l->limit) l->sure = UINT32_MAX;
  }
}

/* A window begins with event `i`: what claims say that begin before it has to be so. */
static bool begin_window(struct kn_check *c, uint32_t i) {
  const bool block = c->events.at[i].event == KN_EV_BLOCK;
  const struct kn_output *out = c->walk->out;
  c->window_from = in_prologue(c) ? out->funcs.at[out->funcs.n - 1].start : address(c, i);
  while (++i < c->stubs && !begins_window(&c->events.at[i])) {
  }
  c->window_to = address(c, i);
  const uint32_t old = c->open.n;
  const uint32_t last = c->window_to > c->window_from ? c->window_to - 1 : c->window_from;
  while (c->next_claim < c->claims.n && c->claims.at[c->next_claim].from <= last)
    if (!KN_PUSH(c->f, c->open, c->claims.at[c->next_claim++])) return false;
  for (uint32_t k = 0; k < c->open.n; k++) {
    struct kn_check_claim *l = &c->open.at[k];
    const bool begins = k >= old || block || is_changed(c, l);
    l->held = l->from <= c->window_from && !in_prologue(c);
    l->lost = l->gained = false;
    l->cell = kn_flow_cell(&c->flow, l->place);
    if (c->window_from == c->window_to) continue; /* another one begins here */
    if (l->held && begins && l->to > c->window_from && !holds(c, l)) return is_wrong(c, l);
  }
  const struct kn_inst *in = &c->f->inst[c->inst];
  const unsigned op = in->op;
  /* a variable's content is what it was loaded as, read or not */
  if (op == KILN_OP_LOAD && kn_is_slot(in->a) && in->c == 0 && KN_MEM_TYPE(in->x) == in->type &&
      c->plan->slots.at[kn_index(in->a)].reg < KN_FLOW_REGS)
    kn_flow_alias(&c->flow, c->inst, kn_index(in->a));
  if (op == KILN_OP_RET || op == KILN_OP_TAILCALL) restore(c);
  return true;
}

bool kn_check_claims_before(struct kn_check *c, uint32_t i) {
  return (i < c->stubs && !begins_window(&c->events.at[i])) || end_window(c);
}

/* Is an event logged after the code that does what it says, and not before that? */
static bool is_behind(const struct kn_check_event *e) {
  return e->event == KN_EV_MOVE || e->event == KN_EV_CONST || e->event == KN_EV_STORE ||
         e->event == KN_EV_LOST;
}

bool kn_check_claims_after(struct kn_check *c, uint32_t i) {
  const struct kn_check_event *e = &c->events.at[i];
  if (begins_window(e)) return begin_window(c, i);
  const bool arrives = in_prologue(c) && e->event == KN_EV_DEF;
  for (uint32_t k = 0; k < c->open.n; k++) {
    struct kn_check_claim *l = &c->open.at[k];
    if (l->lost || !is_changed(c, l)) continue;
    const bool knows = kn_flow_knows(&c->flow, l->place, l->handle);
    const uint32_t here = address(c, i);
    if (l->held || l->gained) {
      if (knows) continue;
      l->lost = true;
      l->limit = is_behind(e) ? address(c, i - 1) : here;
      if (l->gained && is_behind(e) && l->sure > here) l->limit = here;
      /* a variable that has one location is said to be there when another function takes over */
      const bool leaves = l->everywhere && c->f->block[c->block].n_edges == 0;
      l->sure = is_behind(e) && !leaves ? here : UINT32_MAX;
    } else if (knows) {
      l->gained = true;
      l->sure = arrives ? 0 : is_behind(e) ? here : c->window_to;
      l->cell = kn_flow_cell(&c->flow, l->place);
    }
  }
  return true;
}
