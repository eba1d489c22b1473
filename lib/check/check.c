/* The allocation checker's replay: each event changes what the places hold (check_flow.c) or is a
 * claim to be proved; each instruction's window of events must read each of its operands. Called by
 * lib/compile.c. Invariant: the walk is trusted in one thing only, that events name the places that
 * the code names. */
#include "lib/check/check.h"

#include <string.h>

/* What is known of a slot. */
enum {
  SLOT_ESCAPES = 1,   /* not only loaded and stored whole */
  SLOT_REGISTER = 2,  /* some access was one of a register */
  SLOT_IN_MEMORY = 4, /* some was one of memory */
  SLOT_UNSTORED = 8,  /* a store was left out: nothing may load the variable */
};
/* Operands folded into operands that are folded themselves: more levels than any target has. */
enum { FOLD_DEPTH = 16 };

/* ---- recording ---- */

/* The registers that an event writes; a parameter arrives, and is not written. */
static uint64_t written_by(const struct kn_check *c, enum kn_event event, uint32_t value,
                           int32_t place) {
  static const bool writes[KN_EV_COUNT] = {
    [KN_EV_DEF] = true,     [KN_EV_MOVE] = true, [KN_EV_CONST] = true, [KN_EV_STORE] = true,
    [KN_EV_CLOBBER] = true, [KN_EV_TEMP] = true, [KN_EV_WRITE] = true};
  if (event == KN_EV_LOST) return value | (uint64_t)(uint32_t)place << 32;
  if (!writes[event]) return 0;
  const kiln_func *f = c->logged->f;
  if (event == KN_EV_DEF && value < f->n && kn_maker(f, value)->op == KILN_OP_PARAM) return 0;
  return (uint32_t)place < KN_FLOW_REGS ? KN_BIT(place) : 0;
}

/* A mark where the code is now: the newest event's, if that has the same. */
static uint32_t mark_here(const struct kn_check *c) {
  struct kn_walk *w = c->logged;
  const uint32_t last = c->events.n != 0 ? c->events.at[c->events.n - 1].mark : 0;
  const struct kn_mark *mark = &w->code.marks.at[last];
  const bool same = last != 0 && mark->at == kn_here(w) && mark->fixups == w->code.fixups.n;
  return same ? last : kn_code_mark(w, kn_here(w));
}

static void record(void *user, enum kn_event event, uint32_t value, int32_t place) {
  struct kn_check *c = user;
  uint64_t unsaid = written_by(c, event, value, place) & ~c->logged->regs.written;
  if (unsaid != 0 && c->unsaid == 0) {
    c->unsaid = c->logged->i;
    c->unsaid_reg = (uint32_t)__builtin_ctzll(unsaid);
  }
  if (c->log) c->log(c->log_user, event, value, place);
  if (c->full) return;
  struct kn_check_event e = {event, value, place, 0};
  if (c->logged->f->debug.subprogram != 0) e.mark = mark_here(c);
  c->full = !KN_PUSH(c->module, c->events, e);
}

bool kn_check_attach(struct kn_walk *w, kiln_module *m) {
  if (w->check == NULL) {
    w->check = kn_realloc(m, NULL, sizeof *w->check);
    if (w->check == NULL) return false;
    *w->check = (struct kn_check){.module = m};
  }
  w->check->logged = w;
  w->log = record;
  w->log_user = w->check;
  w->log_call = kn_check_call;
  return true;
}

void kn_check_begin(struct kn_check *c) {
  c->events.n = c->calls.n = c->claims.n = c->unsaid = 0;
  c->full = false;
}

void kn_check_free(struct kn_check *c, kiln_module *m) {
  kn_flow_free(&c->flow, m);
  KN_FREE(&m->options.allocator, c->events.at, c->values.at, c->busy_at.at, c->slots.at,
          c->taken.at, c->placed.at, c->arrivals.at, c->areas.at, c->reach.at, c->params.at,
          c->param_first.at, c->tenants.at, c->calls.at, c->around.at, c->claims.at, c->open.at, c);
}

/* ---- what is wrong ---- */

/* Names a place: "register 3", "frame -24", "the memory of slot 2". */
static void name_place(const struct kn_check *c, uint32_t place, char out[40]) {
  const struct kn_flow *w = &c->flow;
  const char *kind = "register";
  int64_t number = place;
  if (place >= KN_FLOW_REGS) {
    uint32_t slot = w->variable.at[place - KN_FLOW_REGS];
    kind = slot ? "the memory of slot" : "frame";
    number = slot ? (int64_t)slot - 1 : w->frame.at[place - KN_FLOW_REGS];
  }
  char digits[20];
  unsigned n = 0, at = 0;
  uint64_t left = number < 0 ? (uint64_t)-number : (uint64_t)number;
  do digits[n++] = (char)('0' + left % 10);
  while (left /= 10);
  while (*kind) out[at++] = *kind++;
  out[at++] = ' ';
  if (number < 0) out[at++] = '-';
  while (n) out[at++] = digits[--n];
  out[at] = 0;
}

/* Out of memory: nothing was proved, but nothing was found wrong. Returns false. */
static bool no_memory(struct kn_check *c) {
  return KN_FUNC_FAIL(false, c->f, KILN_ERR_MEMORY, UINT32_MAX, 0,
                      "no memory for the allocation check");
}

bool kn_check_wrong(struct kn_check *c, uint32_t inst, uint32_t handle, uint32_t place,
                    const char *what) {
  kiln_func *f = c->f;
  char at[40];
  if (c->flow.full) return no_memory(c);
  name_place(c, place, at);
  uint32_t block = inst && c->flow.home.at[inst] ? c->flow.home.at[inst] - 1 : c->block;
  if (handle == 0)
    return KN_FUNC_FAIL(false, f, KILN_ERR_INTERNAL, block, inst, "allocation check: %s: %s", at,
                        what);
  const char *kind = "v";
  uint32_t number = kn_index(handle);
  if (kn_log_is(handle, KN_LOG_CONTENT)) kind = "the content of slot ";
  else if (kn_is_value(handle) || kn_log_is(handle, KN_LOG_UPPER))
    number = kn_func_inst_number(f, number);
  else kind = "constant ";
  return KN_FUNC_FAIL(false, f, KILN_ERR_INTERNAL, block, inst, "allocation check: %s%u in %s: %s",
                      kind, number, at, what);
}

static bool wrong(struct kn_check *c, uint32_t handle, uint32_t place, const char *what) {
  return kn_check_wrong(c, c->inst, handle, place, what);
}

/* The same without a place. */
static bool wrong_value(struct kn_check *c, uint32_t handle, const char *what) {
  if (c->flow.full) return no_memory(c);
  return KN_FUNC_FAIL(false, c->f, KILN_ERR_INTERNAL, c->block, c->inst,
                      "allocation check: v%u: %s", kn_func_inst_number(c->f, handle), what);
}

/* ---- the IR ---- */

static bool is_term(const struct kn_inst *in) { return kn_op_ends_block(in->op); }

/* Is value v in 16 bytes of the frame? */
static bool is_in_frame(const struct kn_check *c, uint32_t v) {
  return c->target->types[kn_inst_result(c->f, &c->f->inst[v])].in_frame;
}

static bool is_operand(uint32_t h) { return h != 0 && kn_is_value(h); }

/* The upper half of h, which instruction `by` reads, too; or 0. */
static uint32_t upper_read(const struct kn_check *c, uint32_t by, uint32_t h) {
  const uint32_t upper = kn_reads_pair(c->f, by, h) ? kn_half(c->f, h, 1) : 0;
  return is_operand(upper) ? upper : 0;
}

static void count_use(struct kn_check *c, uint32_t by, uint32_t h) {
  if (!is_operand(h)) return;
  const uint32_t upper = upper_read(c, by, h);
  c->values.at[h].uses++;
  if (upper != 0) c->values.at[upper].uses++;
}

/* Value v is made in block b. */
static void made(struct kn_check *c, uint32_t v, uint32_t b) {
  kn_flow_made(&c->flow, v, b);
  if (c->f->inst[v + 1].op == KILN_OP_UPPER) kn_flow_made(&c->flow, v + 1, b);
}

/* True if the access is of the whole slot as one type, as those of variables are. */
static bool plain_access(const struct kn_inst *in) {
  return in->c == 0 && (in->op == KILN_OP_LOAD || in->op == KILN_OP_STORE);
}

/* Parameter `index` of a block. */
static uint32_t param_of(const struct kn_check *c, uint32_t block, uint32_t index) {
  const struct kn_block *b = &c->f->block[block];
  return b->contiguous ? b->param_first + index : c->params.at[c->param_first.at[block] + index];
}

/* Counts uses, finds variables, notes where values are made. */
static bool scan_block(struct kn_check *c, uint32_t b) {
  kiln_func *f = c->f;
  const struct kn_block *block = &f->block[b];
  for (uint32_t k = 0, v = block->param_first; k < block->n_params; k++) {
    made(c, block->contiguous ? block->param_first + k : v, b);
    if (!block->contiguous) v = f->inst[v].b;
  }
  for (uint32_t i = kn_inst_settle(f, block->first);; i = kn_inst_settle(f, i + 1)) {
    if (i == 0 || i >= f->n) return false;
    const struct kn_inst *in = &f->inst[i];
    made(c, i, b);
    c->vectors |= in->type == KILN_TYPE_V128;
    struct kn_operands o = kn_operands(f, in);
    for (uint32_t k = 0; k < o.n; k++) {
      uint32_t h = kn_operand(&o, k);
      count_use(c, i, h);
      bool hint = in->op == KILN_OP_LIFE_START || in->op == KILN_OP_LIFE_END;
      if (kn_is_slot(h) && !(k == 0 && plain_access(in)) && !hint)
        c->slots.at[kn_index(h)] |= SLOT_ESCAPES;
    }
    if (is_term(in)) break;
  }
  /* a branch on a constant goes one way */
  const struct kn_inst *term = &f->inst[block->term];
  bool one = term->op == KILN_OP_BRIF && !kn_is_value(term->a);
  int64_t bit = kn_is_imm(term->a)    ? kn_imm(term->a)
                : kn_is_pool(term->a) ? (int64_t)f->pool.at[kn_index(term->a)].low
                                      : 0;
  for (uint32_t e = block->edge_first; e < block->edge_first + block->n_edges; e++) {
    c->taken.at[e] = !one || (e == block->edge_first) == (bit & 1);
    const struct kn_edge_arg *arg = kn_edge_first_arg(f, e);
    for (; arg; arg = kn_edge_next_arg(f, arg)) {
      uint32_t h = arg->value;
      const uint32_t param = param_of(c, f->edges.at[e].target, arg->index);
      kn_flow_give(&c->flow, e, param, h);
      if (kn_is_pair(f, param)) kn_flow_give(&c->flow, e, param + 1, kn_half(f, h, 1));
      count_use(c, block->term, h);
      if (kn_is_slot(h)) c->slots.at[kn_index(h)] |= SLOT_ESCAPES;
    }
  }
  return true;
}

/* ---- operands of an instruction ---- */

static struct kn_check_value *value(struct kn_check *c, uint32_t v) {
  struct kn_check_value *x = &c->values.at[v];
  if (x->window != c->window) {
    x->window = c->window;
    x->reads = x->needs = 0;
  }
  return x;
}

/* True if v was not computed where its instruction stands: a reader may compute it there, or fold
 * it. */
static bool waits(const struct kn_check *c, uint32_t v) {
  const uint8_t *waiting = c->target->waiting;
  const struct kn_check_value *x = &c->values.at[v];
  return x->made && !x->defined && c->flow.home.at[v] == c->block + 1 && waiting != NULL &&
         waiting[c->f->inst[v].op];
}

/* Notes all values that this window may read for operand h. */
static void expect(struct kn_check *c, uint32_t by, uint32_t h, unsigned depth) {
  if (!is_operand(h)) return;
  const uint32_t upper = upper_read(c, by, h);
  c->values.at[h].expected = c->window;
  if (upper != 0) expect(c, upper, upper, depth);
  if (!waits(c, h) || depth == FOLD_DEPTH) return;
  const struct kn_inst *in = &c->f->inst[h];
  struct kn_operands o = kn_operands(c->f, in);
  for (uint32_t k = 0; k < o.n; k++) expect(c, h, kn_operand(&o, k), depth + 1);
}

/* True if all value operands of v, which waits, were read in this window. */
static bool folded(struct kn_check *c, uint32_t v, unsigned depth) {
  const struct kn_inst *in = &c->f->inst[v];
  struct kn_operands o = kn_operands(c->f, in);
  for (uint32_t k = 0; k < o.n; k++) {
    uint32_t h = kn_operand(&o, k);
    if (!is_operand(h) || value(c, h)->reads) continue;
    if (!waits(c, h) || depth == FOLD_DEPTH || !folded(c, h, depth + 1)) return false;
  }
  return true;
}

/* May this window still load v? Memory has not changed since: it is the next one, or what stands between writes
 * nothing, as the load of the other half of an i128. */
static bool may_load(const struct kn_check *c, uint32_t v) {
  const uint32_t later = c->window - c->values.at[v].made;
  return later <= 1 || (later == 2 && !(kn_op_info[c->f->inst[v + 1].op].effects & KN_FX_KEPT));
}

/* True if v, which waits, is used by this window's instruction without a register of its own. */
static bool served(struct kn_check *c, uint32_t v) {
  unsigned op = c->f->inst[v].op;
  bool next = c->values.at[v].made + 1 == c->window;
  bool compares = op == KILN_OP_ICMP || op == KILN_OP_FCMP;
  if (op == KILN_OP_AND ||
      op == KILN_OP_ZEXT) /* tested, or compared, where it stands, and compared with 0 */
    compares = c->f->inst[c->inst].op == KILN_OP_ICMP;
  if (op == KILN_OP_LOAD && !may_load(c, v)) return false;
  if (op == KILN_OP_RESULT) /* whether there was an overflow, for the branch */
    return next && c->values.at[v].flags && c->f->inst[c->inst].op == KILN_OP_BRIF &&
           kn_op_info[c->f->inst[c->f->inst[v].a].op].effects & KN_FX_FLAG;
  bool near = next || (c->values.at[v].made + 2 == c->window && c->unread_at + 1 == c->window);
  return folded(c, v, 0) || (compares && near && c->values.at[v].flags);
}

/* The slot of a variable that instruction `in` loads or stores; KN_FLOW_NONE if it does not. */
static uint32_t variable_of(const struct kn_check *c, const struct kn_inst *in) {
  if ((in->op != KILN_OP_LOAD && in->op != KILN_OP_STORE) || !kn_is_slot(in->a))
    return KN_FLOW_NONE;
  uint32_t slot = kn_index(in->a);
  uint32_t whole = (uint32_t)(kn_slot_whole(c->f, slot) - c->f->slots.at);
  return (c->slots.at[slot] | c->slots.at[whole]) & SLOT_ESCAPES ? KN_FLOW_NONE : slot;
}

/* Notes that a variable was accessed in its register, or in memory: all accesses must be the same. */
static bool access_as(struct kn_check *c, uint32_t slot, unsigned what) {
  uint8_t *s = &c->slots.at[slot];
  *s |= (uint8_t)what;
  if (kn_func_is_homeless(c->f) && what == SLOT_REGISTER)
    return wrong(c, KN_FLOW_CONTENT(slot), kn_flow_memory(&c->flow, slot),
                 "a variable in a register, which longjmp sets back");
  if ((*s & SLOT_UNSTORED) && (*s & (SLOT_REGISTER | SLOT_IN_MEMORY)))
    return wrong(c, KN_FLOW_CONTENT(slot), kn_flow_memory(&c->flow, slot),
                 "a variable that is loaded, but stores to it were left out");
  if ((*s & SLOT_REGISTER) == 0 || (*s & SLOT_IN_MEMORY) == 0) return true;
  return wrong(c, KN_FLOW_CONTENT(slot), kn_flow_memory(&c->flow, slot),
               "the variable is in a register for some accesses and in memory for others");
}

/* Was value h, an operand of the window's instruction, read or folded? */
static bool is_read(struct kn_check *c, uint32_t h) {
  const struct kn_check_value *x = value(c, h);
  if (x->reads >= x->needs) return true;
  /* it was computed within this window, or never is */
  if (x->reads && x->expected == c->window && c->f->inst[h].op == KILN_OP_ADDR) return true;
  return x->reads == 0 && waits(c, h) && served(c, h);
}

/* The first operand of the window's instruction that was neither read nor folded, or 0. */
static uint32_t unread(struct kn_check *c, const struct kn_inst *in) {
  struct kn_operands o = kn_operands(c->f, in);
  for (uint32_t k = 0; k < o.n; k++) {
    uint32_t h = kn_operand(&o, k);
    if (is_operand(h)) value(c, h)->needs++;
    const uint32_t upper = upper_read(c, c->inst, h);
    if (upper != 0) value(c, upper)->needs++;
  }
  for (uint32_t k = 0; k < o.n; k++) {
    uint32_t h = kn_operand(&o, k);
    if (!is_operand(h)) continue;
    const uint32_t other = upper_read(c, c->inst, h);
    const bool lower = is_read(c, h), upper = other != 0 ? is_read(c, other) : lower;
    if (!(lower && upper) && !((lower || upper) && kn_check_reads_half(in))) return h;
  }
  return 0;
}

/* Ends the window of an instruction. */
static bool end_inst(struct kn_check *c) {
  uint32_t i = c->inst;
  if (i == 0 || c->edge != KN_FLOW_NONE || c->left) return true;
  const struct kn_inst *in = &c->f->inst[i];
  uint32_t slot = variable_of(c, in);
  bool nothing = kn_check_needs_nothing(c, in, i);
  if (slot != KN_FLOW_NONE && in->op == KILN_OP_STORE && c->plan->slots.at[slot].reg == KN_UNREAD) {
    c->unread_at = c->window;
    return access_as(c, slot, SLOT_UNSTORED);
  }
  if (nothing) c->unread_at = c->window;
  if (!nothing) {
    uint32_t missing = unread(c, in);
    if (waits(c, i)) c->values.at[i].flags = missing == 0;
    else if (missing) return wrong_value(c, missing, "an operand that the code does not read");
  }
  if (in->op == KILN_OP_CALL || in->op == KILN_OP_TRY || in->op == KILN_OP_ASM ||
      in->op == KILN_OP_BUILTIN_SETJMP) {
    uint64_t all = c->target->temps | c->target->caller_homes | c->target->callee_homes;
    const struct kn_convention *conv = c->target->ir.library;
    if (in->op == KILN_OP_CALL || in->op == KILN_OP_TRY) conv = kn_sig(c->f->module, in->c)->conv;
    uint64_t want = in->op == KILN_OP_BUILTIN_SETJMP ? all : all & ~conv->preserved;
    if (in->op == KILN_OP_ASM) want |= kn_check_lost_in_asm(c->f, in);
    if (want & ~c->lost)
      return wrong(c, 0, (uint32_t)__builtin_ctzll(want & ~c->lost), "kept over a call");
  }
  if (slot == KN_FLOW_NONE || (in->op == KILN_OP_LOAD && nothing)) return true;
  if (!c->in_memory) return true;
  if (!access_as(c, slot, SLOT_IN_MEMORY)) return false;
  uint32_t memory = kn_flow_memory(&c->flow, slot);
  if (in->op == KILN_OP_STORE) kn_flow_write(&c->flow, memory, in->b);
  else if (KN_MEM_TYPE(in->x) == in->type) kn_flow_add(&c->flow, memory, i);
  return true;
}

/* ---- events ---- */

/* The place that an event names; a register beyond the last is none. */
static uint32_t place_of(struct kn_check *c, int32_t place) {
  if ((uint32_t)place < KN_FLOW_REGS) return (uint32_t)place;
  return kn_flow_frame(&c->flow, place - KN_PLACE_FRAME);
}

/* The upper 8 bytes of a place in the frame. */
static uint32_t upper(struct kn_check *c, uint32_t place) {
  if (place < KN_FLOW_REGS) return place + 1;
  int32_t offset = c->flow.frame.at[place - KN_FLOW_REGS];
  return kn_flow_frame(&c->flow, offset + 8);
}

/* The allocator's code writes to place: checks that it may. */
static bool writes(struct kn_check *c, uint32_t place, uint32_t handle) {
  if (place >= KN_FLOW_REGS) return true;
  if ((c->kept & ~c->saved) >> place & 1)
    return wrong(c, handle, place, "the caller's register is overwritten, and not saved");
  return true;
}

/* Checks that no read of place is pending, unless the result is written there. */
static bool not_busy(struct kn_check *c, uint32_t place, uint32_t handle) {
  if (place < c->busy_at.n && c->busy_at.at[place] == c->busy)
    return wrong(c, handle, place, "overwritten before the instruction has read it");
  return writes(c, place, handle);
}

/* Nothing may be written to place before the walk logs DONE. */
static bool keep(struct kn_check *c, uint32_t place) {
  while (c->busy_at.n <= place)
    if (!KN_PUSH(c->f, c->busy_at, 0)) return false;
  c->busy_at.at[place] = c->busy;
  return true;
}

static bool on_temp(struct kn_check *c, uint32_t place) {
  if (!not_busy(c, place, 0)) return false;
  kn_flow_write(&c->flow, place, 0);
  if (place < KN_FLOW_REGS) c->temp_at[place] = c->window;
  return keep(c, place);
}

static bool on_write(struct kn_check *c, uint32_t place) {
  bool taken = place < KN_FLOW_REGS && (c->temp_at[place] == c->window || (c->lost >> place & 1));
  if (!taken) return wrong(c, 0, place, "written, but not taken");
  kn_flow_write(&c->flow, place, 0);
  return true;
}

static void write_value(struct kn_check *c, uint32_t place, uint32_t v) {
  kn_flow_write(&c->flow, place, v);
  if (is_in_frame(c, v)) kn_flow_write(&c->flow, upper(c, place), KN_FLOW_HIGH(v));
  kn_check_covers(c, place);
}

static bool holds(struct kn_check *c, uint32_t place, uint32_t h) {
  if (!kn_flow_holds(&c->flow, place, h, c->inst)) return false;
  if (!kn_is_value(h) || !is_in_frame(c, h)) return true;
  return kn_flow_holds(&c->flow, upper(c, place), KN_FLOW_HIGH(h), c->inst);
}

/* Parameter v of the edge's target is where its argument has to be. */
static bool arrive(struct kn_check *c, uint32_t edge, uint32_t v, uint32_t place) {
  uint32_t h = kn_flow_given(&c->flow, edge, v);
  if (h == 0) return wrong(c, v, place, "a parameter that the edge does not write");
  if (!holds(c, place, h))
    return wrong(c, h, place, "an argument is not where its parameter is expected");
  kn_flow_arrive(&c->flow, edge, place, v);
  if (is_in_frame(c, v)) kn_flow_arrive(&c->flow, edge, upper(c, place), KN_FLOW_HIGH(v));
  return true;
}

/* Where setjmp returns twice a place of the frame keeps its value for good: it may be read after
 * the second return, whatever was done before that. */
static bool only_tenant(struct kn_check *c, uint32_t place) {
  uint32_t v = kn_flow_value(&c->flow, place);
  if (!kn_func_is_homeless(c->f) || place < KN_FLOW_REGS || c->edge != KN_FLOW_NONE || v == 0)
    return true;
  while (c->tenants.n <= place)
    if (!KN_PUSH(c->f, c->tenants, 0)) return false;
  if (c->tenants.at[place] && c->tenants.at[place] != v)
    return wrong(c, v, place, "written where another value was, which longjmp may bring back");
  c->tenants.at[place] = v;
  return true;
}

static bool on_def(struct kn_check *c, uint32_t v, uint32_t place) {
  const kiln_func *f = c->f;
  const struct kn_inst *in = kn_maker(f, v);
  struct kn_check_value *x = &c->values.at[v];
  if (!writes(c, place, v)) return false;
  if (in->op == KILN_OP_PARAM) {
    if (c->edge != KN_FLOW_NONE && f->edges.at[c->edge].target == in->a) {
      if (f->inst[f->block[c->block].term].op != KILN_OP_BRIND) return arrive(c, c->edge, v, place);
      struct kn_check_event late = {c->edge, v, (int32_t)place, 0};
      return KN_PUSH(c->f, c->arrivals, late);
    }
    if (in->a != 0 || c->block != 0 || c->inst != 0)
      return wrong(c, v, place, "a parameter is written, but not on an edge to its block");
  } else if (in != &f->inst[c->inst] && !(in->op == KILN_OP_RESULT && in->a == c->inst)) {
    if (!not_busy(c, place, v)) return false; /* an operand's own are read by now */
    bool here = c->flow.home.at[v] == c->block + 1;
    if (here && x->made && (!waits(c, v) || in->op == KILN_OP_RESULT))
      return wrong(c, v, place, "computed a second time");
    if (waits(c, v) && !folded(c, v, 0))
      return wrong(c, v, place, "computed without reading its operands");
    if (waits(c, v) && in->op == KILN_OP_LOAD && !may_load(c, v))
      return wrong(c, v, place, "loaded too late: memory may have changed");
  }
  x->defined = true;
  write_value(c, place, v);
  return only_tenant(c, place);
}

/* This LOAD of a variable reads h, a copy of its content. */
static bool reads_copy(struct kn_check *c, uint32_t h) {
  const struct kn_inst *in = &c->f->inst[c->inst];
  uint32_t slot = in->op == KILN_OP_LOAD ? variable_of(c, in) : KN_FLOW_NONE;
  return slot != KN_FLOW_NONE && c->edge == KN_FLOW_NONE &&
         kn_flow_holds(&c->flow, kn_flow_memory(&c->flow, slot), h, c->inst);
}

/* Instruction `in` returns h, the address of the result in memory, which is no operand. */
static bool returns_address(const struct kn_check *c, const struct kn_inst *in, uint32_t h) {
  const struct kn_inst *param = &c->f->inst[h];
  const struct kn_sig *sig = kn_sig(c->f->module, c->f->sig);
  return in->op == KILN_OP_RET && param->op == KILN_OP_PARAM && param->a == 0 &&
         param->x < sig->n_params && (sig->params[param->x].flags & KILN_PARAM_SRET) != 0;
}

/* A stub reads `h`, an argument of the edge that it was made for: the same argument of this edge, which shares it. */
static uint32_t shared_argument(const struct kn_check *c, uint32_t h) {
  const kiln_func *f = c->f;
  const bool upper = kn_is_upper(f, h);
  for (uint32_t a = f->edges.at[c->made_for].args; a; a = f->edge_args.at[a - 1].next) {
    if (f->edge_args.at[a - 1].value != h - upper) continue;
    for (uint32_t b = f->edges.at[c->edge].args; b; b = f->edge_args.at[b - 1].next)
      if (f->edge_args.at[b - 1].index == f->edge_args.at[a - 1].index)
        return kn_half(f, f->edge_args.at[b - 1].value, upper);
  }
  return h;
}

static bool on_use(struct kn_check *c, uint32_t h, uint32_t place) {
  const struct kn_inst *in = &c->f->inst[c->inst];
  if (c->made_for != KN_FLOW_NONE && kn_is_value(h)) h = shared_argument(c, h);
  if (kn_log_is(h, KN_LOG_CONTENT)) {
    uint32_t slot = kn_index(h);
    if (in->op != KILN_OP_LOAD || variable_of(c, in) != slot)
      return wrong(c, h, place, "read by an instruction that does not load it");
    c->in_memory = false;
    if (!access_as(c, slot, SLOT_REGISTER)) return false;
  } else if (kn_is_value(h)) {
    struct kn_check_value *x = value(c, h);
    const struct kn_inst *by = kn_maker(c->f, h);
    bool result = by == in || (by->op == KILN_OP_RESULT && by->a == c->inst);
    if (x->expected != c->window && !result && !reads_copy(c, h) && !returns_address(c, in, h))
      return wrong(c, h, place, "read, but no operand");
    x->reads++;
  }
  const char *why = kn_check_halves(c, h, place);
  if (why || !holds(c, place, h)) return wrong(c, h, place, why ? why : "read where it is not");
  return keep(c, place);
}

static bool on_alias(struct kn_check *c, uint32_t v, uint32_t place) {
  const struct kn_inst *in = &c->f->inst[v];
  if (v == c->inst && in->op == KILN_OP_TRUNC) { /* of another alias: the lower bits */
    if (!holds(c, place, in->a)) return wrong(c, in->a, place, "truncated where it is not");
    kn_flow_add(&c->flow, place, v);
    c->values.at[v].defined = true;
    return true;
  }
  uint32_t slot = variable_of(c, in);
  if (v != c->inst || slot == KN_FLOW_NONE || in->op != KILN_OP_LOAD)
    return wrong(c, v, place, "no load of a variable");
  if (!holds(c, place, KN_FLOW_CONTENT(slot)))
    return wrong(c, KN_FLOW_CONTENT(slot), place, "loaded where it is not");
  kn_flow_alias(&c->flow, v, slot);
  c->values.at[v].defined = true;
  c->in_memory = false;
  return access_as(c, slot, SLOT_REGISTER);
}

static bool on_store(struct kn_check *c, uint32_t slot, uint32_t place) {
  const struct kn_inst *in = &c->f->inst[c->inst];
  if (in->op != KILN_OP_STORE || variable_of(c, in) != slot)
    return wrong(c, KN_FLOW_CONTENT(slot), place, "no store to this variable");
  if (!writes(c, place, KN_FLOW_CONTENT(slot))) return false;
  bool there = kn_is_value(in->b) && kn_flow_knows(&c->flow, place, in->b);
  if (!there) kn_flow_write(&c->flow, place, in->b);
  kn_flow_stored(&c->flow, slot);
  kn_flow_add(&c->flow, place, KN_FLOW_CONTENT(slot));
  c->in_memory = false;
  return access_as(c, slot, SLOT_REGISTER);
}

static bool end_block(struct kn_check *c) {
  if (c->block == KN_FLOW_NONE) return true;
  if (!end_inst(c)) return false;
  if (c->inst != c->f->block[c->block].term) return wrong_value(c, c->inst, "the block has no end");
  if (c->f->inst[c->inst].op == KILN_OP_TRY &&
      (!c->left || c->edge != c->f->block[c->block].edge_first))
    return wrong_value(c, c->inst, "an edge has no code");
  for (uint32_t i = 0; i < c->arrivals.n; i++) {
    const struct kn_check_event *a = &c->arrivals.at[i];
    if (!arrive(c, a->event, a->value, (uint32_t)a->place)) return false;
  }
  c->arrivals.n = 0;
  kn_flow_block_end(&c->flow);
  return true;
}

static bool on_block(struct kn_check *c, uint32_t b) {
  if (!end_block(c)) return false;
  c->window++;
  c->busy++;
  c->block = b;
  c->inst = 0;
  c->edge = KN_FLOW_NONE;
  c->left = false;
  c->next = kn_inst_settle(c->f, c->f->block[b].first);
  kn_flow_block(&c->flow, b);
  return true;
}

static void expect_args(struct kn_check *c, uint32_t e) {
  const struct kn_edge_arg *arg = kn_edge_first_arg(c->f, e);
  for (; arg; arg = kn_edge_next_arg(c->f, arg))
    expect(c, c->f->block[c->block].term, arg->value, 0);
}

static void expect_operands(struct kn_check *c, const struct kn_inst *in) {
  struct kn_operands o = kn_operands(c->f, in);
  for (uint32_t k = 0; k < o.n; k++) expect(c, c->inst, kn_operand(&o, k), 0);
}

static bool on_inst(struct kn_check *c, uint32_t i) {
  const struct kn_inst *in = &c->f->inst[i];
  if (in->op == KILN_OP_SEG || in->op == KILN_OP_PARAM || in->op == KILN_OP_UPPER) return true;
  if (!end_inst(c)) return false;
  uint32_t want = c->next;
  c->inst = i;
  if (i != want) return wrong_value(c, want, "its code is missing, or not in order");
  c->next = kn_inst_settle(c->f, i + 1);
  c->window++;
  c->busy++;
  c->lost = 0;
  c->left = false;
  c->in_memory = variable_of(c, in) != KN_FLOW_NONE;
  c->values.at[i].made = c->window;
  kn_flow_new(&c->flow, i);
  if (c->f->inst[i + 1].op == KILN_OP_UPPER) kn_flow_new(&c->flow, i + 1);
  expect_operands(c, in);
  if (!is_term(in)) return true;
  const struct kn_block *b = &c->f->block[c->block];
  for (uint32_t e = b->edge_first; e < b->edge_first + b->n_edges; e++) expect_args(c, e);
  return true;
}

static bool on_edge(struct kn_check *c, uint32_t e) {
  const struct kn_block *b = &c->f->block[c->block];
  const struct kn_inst *term = &c->f->inst[b->term];
  if (!end_inst(c)) return false;
  if (c->inst != b->term || e - b->edge_first >= b->n_edges ||
      (term->op == KILN_OP_TRY && c->left != (e == b->edge_first)))
    return wrong_value(c, c->inst, "the code of an edge that does not begin here");
  c->busy++;
  c->edge = e;
  if (term->op == KILN_OP_BRIND) return true; /* it and all of its edges are one window */
  c->window++;
  expect_args(c, e);
  kn_flow_edge(&c->flow, e);
  return true;
}

static uint64_t set_of(const struct kn_check_event *e) {
  return e->value | (uint64_t)(uint32_t)e->place << 32;
}

/* Registers lose what they hold. */
static void on_lost(struct kn_check *c, uint64_t set) {
  c->lost |= set;
  c->called = c->now;
  c->busy++; /* what it reads is read before */
  for (; set; set &= set - 1) kn_flow_write(&c->flow, (uint32_t)__builtin_ctzll(set), 0);
}

static void on_done(struct kn_check *c, uint64_t set) {
  if (set == ~UINT64_C(0)) {
    c->busy++;
    return;
  }
  for (; set; set &= set - 1) {
    unsigned r = (unsigned)__builtin_ctzll(set);
    if (r < c->busy_at.n) c->busy_at.at[r] = 0;
  }
}

static bool on_move(struct kn_check *c, uint32_t src, uint32_t place) {
  if (src == place) return true;
  if (!not_busy(c, place, 0)) return false;
  kn_flow_copy(&c->flow, place, src);
  kn_check_covers(c, place);
  return only_tenant(c, place);
}

/* Place holds handle alone; 0: nothing. */
static bool on_overwrite(struct kn_check *c, uint32_t handle, uint32_t place) {
  if (!not_busy(c, place, handle)) return false;
  kn_flow_write(&c->flow, place, handle);
  kn_check_covers(c, place);
  return true;
}

static bool in_range(const struct kn_check *c, const struct kn_check_event *e) {
  const kiln_func *f = c->f;
  switch ((enum kn_event)e->event) {
  case KN_EV_INST:
  case KN_EV_DEF:
  case KN_EV_ALIAS: return e->value && e->value < f->n;
  case KN_EV_USE:
    if (kn_is_value(e->value)) return e->value && e->value < f->n;
    return !kn_log_is(e->value, KN_LOG_CONTENT) || kn_index(e->value) < f->slots.n;
  case KN_EV_STORE: return e->value < f->slots.n;
  case KN_EV_UNWIND:
  case KN_EV_EDGE: return e->value < f->edges.n;
  case KN_EV_BLOCK: /* scan() has looked */
  case KN_EV_MOVE:
  case KN_EV_CONST:
  case KN_EV_DONE:
  case KN_EV_CLOBBER:
  case KN_EV_TEMP:
  case KN_EV_WRITE:
  case KN_EV_STUB:
  case KN_EV_LOST: return true;
  case KN_EV_COUNT: break;
  }
  return false;
}

static bool replay(struct kn_check *c, const struct kn_check_event *e);

/* The edge on which a try's call unwinds: what is at the landing pad is what the call has preserved, and the exception.
 * The code there is a stub, which other edges may share, or that of the block `pad`. */
static bool on_unwind(struct kn_check *c, uint32_t e, uint32_t pad) {
  const kiln_func *f = c->f;
  if (f->inst[c->inst].op != KILN_OP_TRY || e != f->block[c->block].edge_first + 1 || c->left)
    return wrong_value(c, c->inst, "the code of an edge that does not begin here");
  if (c->now != c->called + 1) return wrong_value(c, c->inst, "code before the landing pad's");
  if (!on_edge(c, e)) return false;
  c->left = true;
  for (unsigned k = 0; k < 2; k++)
    kn_flow_write(&c->flow, c->target->exception[k],
                  kn_tried(true, k == 0 ? KILN_TYPE_PTR : KILN_TYPE_I32, k));
  if (pad != f->edges.at[e].target) {
    uint32_t i = c->stubs;
    while (i < c->events.n && (c->events.at[i].event != KN_EV_STUB || c->events.at[i].value != pad))
      i++;
    if (i == c->events.n) return wrong_value(c, c->inst, "a landing pad without code");
    for (const struct kn_check_event *made = c->events.at; c->made_for == KN_FLOW_NONE; made++)
      if (made->event == KN_EV_UNWIND && (uint32_t)made->place == pad) c->made_for = made->value;
    while (++i < c->events.n && c->events.at[i].event != KN_EV_STUB) {
      if (!in_range(c, &c->events.at[i])) return wrong_value(c, 0, "an event that means nothing");
      if (!replay(c, &c->events.at[i])) return false;
    }
  }
  /* back to the call, which returns */
  kn_flow_leave(&c->flow);
  c->edge = c->made_for = KN_FLOW_NONE;
  c->window++;
  c->busy++;
  return true;
}

static bool replay(struct kn_check *c, const struct kn_check_event *e) {
  switch ((enum kn_event)e->event) {
  case KN_EV_BLOCK: return on_block(c, e->value);
  case KN_EV_INST: return on_inst(c, e->value);
  case KN_EV_EDGE: return on_edge(c, e->value);
  case KN_EV_DONE: on_done(c, set_of(e)); return true;
  case KN_EV_LOST: on_lost(c, set_of(e)); return true;
  case KN_EV_DEF: return on_def(c, e->value, place_of(c, e->place));
  case KN_EV_USE: return on_use(c, e->value, place_of(c, e->place));
  case KN_EV_ALIAS: return on_alias(c, e->value, place_of(c, e->place));
  case KN_EV_STORE: return on_store(c, e->value, place_of(c, e->place));
  case KN_EV_TEMP: return on_temp(c, place_of(c, e->place));
  case KN_EV_WRITE: return on_write(c, place_of(c, e->place));
  case KN_EV_MOVE: return on_move(c, place_of(c, (int32_t)e->value), place_of(c, e->place));
  case KN_EV_CONST: return on_overwrite(c, e->value, place_of(c, e->place));
  case KN_EV_CLOBBER: return on_overwrite(c, 0, place_of(c, e->place));
  case KN_EV_UNWIND: return on_unwind(c, e->value, (uint32_t)e->place);
  case KN_EV_STUB:
  case KN_EV_COUNT: break;
  }
  return wrong_value(c, 0, "an event that means nothing");
}

/* ---- the whole ---- */

/* An array of `want` zeros. */
#define ZEROED(c, a, want)                                                                         \
  (KN_RESIZE((c)->module, a, want)                                                                 \
     ? ((want) != 0 ? (void)memset((a).at, 0, (want) * sizeof *(a).at) : (void)0, true)            \
     : false)

/* Finds the blocks with code, and scans them. Each edge that is taken must lead to one. */
static bool scan(struct kn_check *c) {
  kiln_func *f = c->f;
  uint32_t blocks = 0;
  c->params.n = 0;
  for (uint32_t b = 0; b < f->blocks.n; b++) {
    c->param_first.at[b] = c->params.n;
    if (f->block[b].contiguous) continue;
    for (uint32_t v = f->block[b].param_first; v; v = f->inst[v].b)
      if (!KN_PUSH(f, c->params, v)) return false;
  }
  for (uint32_t i = 0; i < c->events.n; i++) {
    if (c->events.at[i].event != KN_EV_BLOCK) continue;
    uint32_t b = c->events.at[i].value;
    if (b >= f->blocks.n || c->placed.at[b] || (blocks++ == 0 && b != 0)) {
      c->block = b;
      return wrong_value(c, 0, "the block is not a block, or is there twice, or is the first");
    }
    c->placed.at[b] = 1;
    if (!scan_block(c, b)) {
      c->block = b;
      return wrong_value(c, 0, "the block has no end");
    }
  }
  for (uint32_t e = 0; e < f->edges.n; e++) {
    if (!c->taken.at[e] || c->placed.at[f->edges.at[e].target]) continue;
    c->block = f->edges.at[e].target;
    return wrong_value(c, 0, "the block has no code, but is reached");
  }
  return true;
}

bool kn_check_run(struct kn_check *c, kiln_func *f, const struct kn_walk *w) {
  c->f = f;
  if (c->full) return no_memory(c);
  c->walk = w;
  c->plan = w->plan;
  c->target = w->target;
  c->saved = w->plan->saved & ~w->plan->frame.pinned;
  c->kept = c->target->callee_homes & kn_sig(w->f->module, w->f->sig)->conv->preserved;
  c->block = c->edge = c->made_for = KN_FLOW_NONE;
  c->inst = 0;
  c->left = c->vectors = false;
  c->window = 1;
  c->busy = 1;
  c->busy_at.n = c->arrivals.n = c->tenants.n = 0;
  memset(c->temp_at, 0, sizeof c->temp_at);
  if (!kn_flow_begin(&c->flow, f) || !ZEROED(c, c->values, f->n) ||
      !ZEROED(c, c->slots, f->slots.n) || !ZEROED(c, c->taken, f->edges.n) ||
      !ZEROED(c, c->placed, f->blocks.n) || !ZEROED(c, c->param_first, f->blocks.n))
    return no_memory(c);
  if (!scan(c) || !kn_check_claims(c)) return false;
  for (c->stubs = 0; c->stubs < c->events.n; c->stubs++) /* they are after all blocks */
    if (c->events.at[c->stubs].event == KN_EV_STUB) break;
  for (uint32_t i = 0; i < c->stubs; i++) {
    const struct kn_check_event *e = &c->events.at[i];
    c->now = i;
    if (!in_range(c, e)) return wrong_value(c, 0, "an event that means nothing");
    if (c->claims.n != 0 && !kn_check_claims_before(c, i)) return false;
    if (!replay(c, e)) return false;
    if (c->claims.n != 0 && !kn_check_claims_after(c, i)) return false;
    if (c->flow.full) break;
  }
  struct kn_flow_demand failed;
  uint32_t slot, place;
  if (c->claims.n != 0 && !kn_check_claims_before(c, c->stubs)) return false;
  if (!end_block(c)) return false;
  if (c->flow.full) return no_memory(c);
  if (c->unsaid != 0)
    return kn_check_wrong(c, c->unsaid, 0, c->unsaid_reg,
                          "written, but not in the mask of registers that were");
  if (!kn_check_frame(c, &slot, &place))
    return wrong(c, KN_FLOW_CONTENT(slot), place, "in the memory of a stack slot, or two of these");
  if (!kn_flow_solve(&c->flow, c->taken.at, &failed))
    return kn_check_wrong(c, failed.inst & ~KN_FLOW_CLAIM, failed.handle, failed.place,
                          failed.inst & KN_FLOW_CLAIM
                            ? "a location says so, where it is not on every path"
                            : "read where it is not on every path");
  return c->flow.full ? no_memory(c) : f->status == KILN_OK;
}
