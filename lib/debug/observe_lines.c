/* Rows of lines: where a location begins to be that of the code. Called by debugger.c. All that debuggers expect
 * because LLVM -O0 does it so is in this file: where statements begin, and instructions that do nothing where LLVM has
 * a jump. Invariant: the first row is at the function's beginning, rows ascend. */
#include "lib/debug/debugger.h"

#include <string.h>

/* Is code added for statements of location `loc`, so that each has some? */
static bool adds_code(const struct kn_debug_observer *d, struct kn_loc loc) {
  if (KN_LIKELY(d->adds)) return true;
  return d->mixed && !(kn_loc_full(&d->w->s->sources, loc)->flags & KN_LOC_AS_IS);
}

/* The location of the outermost call that became a body with `*loc`, or 0; `*loc`: what is of that body itself. Calls
 * of which LLVM makes bodies, too, do not count. */
static uint32_t outer_call(const struct kn_debug_observer *d, struct kn_loc *loc) {
  const struct kn_sources *p = &d->w->s->sources;
  const struct kn_loc_full *k;
  uint32_t call = 0;
  for (struct kn_loc at = *loc; k = kn_loc_full(p, at), k->flags & KN_LOC_AS_IS;
       at = kn_loc_of(p, k->inlined)) {
    if (k->flags & KN_LOC_ALWAYS) continue;
    *loc = at;
    call = k->inlined;
  }
  return call;
}

/* The newest location; if that is of a body that LLVM does not make, the one of its call. */
static struct kn_loc newest_own(const struct kn_debug_observer *d) {
  struct kn_loc loc = d->lines.loc;
  if (KN_LIKELY(!d->mixed)) return loc;
  const uint32_t call = outer_call(d, &loc);
  return call != 0 ? kn_loc_of(&d->w->s->sources, call) : d->lines.loc;
}

/* ---- rows ---- */

static void add_row(struct kn_debug_observer *d, struct kn_loc loc, uint32_t flags) {
  const struct kn_walk *w = d->w;
  struct kn_output *out = w->out;
  if (!KN_ROOM(w->f->module, out->lines, 1)) return;
  out->lines.at[out->lines.n++] = (struct kn_code_line){kn_here(w), w->code.fixups.n, loc, flags};
}

/* The newest row; there is one. */
static struct kn_code_line *newest_row(const struct kn_debug_observer *d) {
  return &d->w->out->lines.at[d->w->out->lines.n - 1];
}

/* Has the newest row no code so far? The first one, of the function's beginning, does not count. */
static bool has_no_code(const struct kn_debug_observer *d) {
  return d->w->out->lines.n - d->lines.first >= 2 && newest_row(d)->offset == kn_here(d->w);
}

void kn_debug_lines_begin(struct kn_debug_observer *d) {
  const struct kn_walk *w = d->w;
  struct kn_debug_lines *lines = &d->lines;
  memset(lines->entered_from.at, 0, w->f->blocks.n * sizeof *lines->entered_from.at);
  lines->first = w->out->lines.n;
  lines->quiet.n = 0;
  lines->note = lines->shared = lines->kept_in = lines->column.scope = lines->from = 0;
  lines->plain = false;
  lines->may_plain = !w->f->attrs.blocks_as_made && d->adds && w->f->notes[KN_NOTE_PASSED].n == 0;
  lines->block_first = lines->first + 1;
  lines->block_begins = false;
  lines->spills = w->s->stats.spills;
  lines->crossing = KN_NOT_ASKED;
  add_row(d, lines->loc = kn_loc_of(&w->s->sources, w->f->debug.begin), KN_LINE_STMT);
}

void kn_debug_lines_frame(struct kn_observer *o, const struct kn_walk *w) {
  struct kn_debug_observer *d = kn_debug_of(o);
  d->lines.entry = kn_here(w);
  /* LLVM's prologue ends before the jump after that test, and a breakpoint on the function is there */
  const struct kn_sig *sig = kn_sig(w->f->module, w->f->sig);
  if ((sig->flags & KILN_SIG_VARIADIC) && sig->conv->va_tested)
    add_row(d, d->lines.loc, KN_LINE_STMT | KN_LINE_PROLOGUE_END);
}

/* Has the newest row no code so far, and does it begin a line? */
static bool is_empty_line(const struct kn_debug_observer *d) {
  const struct kn_code_line *row = newest_row(d);
  return has_no_code(d) && row->loc.line != 0 &&
         (d->w->out->lines.n - d->lines.first == 2 || row->loc.line != row[-1].loc.line);
}

/* Has LLVM code for the newest row, of a line, that has none here? Not for the ends of a block of the source; nor for
 * one instruction that is assembly without code, or a load that nothing uses, unless that was the argument of a call
 * that was inlined. Branches: see kn_debug_lines_leave. */
KN_INLINE bool misses_code(const struct kn_debug_observer *d) {
  const struct kn_walk *w = d->w;
  const kiln_func *f = w->f;
  const uint32_t i = d->lines.inst;
  const unsigned op = f->inst[i].op;
  if (op == KILN_OP_BR || !kn_op_is_of_statement(op) || !is_empty_line(d)) return false;
  const bool unused =
    op == KILN_OP_LOAD && w->val[i].reg == KN_NO_REG && w->val[i].flags == 0 && !d->mixed;
  return !(unused || op == KILN_OP_ASM) || kn_inst_settle(f, i + 1) != w->i;
}

/* Does `block` end with a branch for which LLVM has no code? */
KN_INLINE bool falls_through(const struct kn_walk *w, uint32_t block) {
  return !w->target->code.branches_count && kn_falls_through(w->f, block);
}

/* The newest row is of a branch to the block that was made next, and has code, but LLVM has none: it belongs to the
 * line before. Returns the line with which the block ends. */
static __attribute__((noinline)) uint32_t drop_branch(struct kn_debug_observer *d) {
  const struct kn_walk *w = d->w;
  struct kn_output *out = w->out;
  if (d->lines.inst == w->f->block[w->block].term && out->lines.n - d->lines.first > 2 &&
      falls_through(w, w->block)) {
    out->lines.n--;
    d->lines.loc = newest_row(d)->loc;
    d->lines.from = 0;
  }
  return d->lines.loc.line;
}

/* Looks at the row of a branch at the end of the block walked last; returns the line with which that ends, `line` as it
 * is. A nop for one without code where LLVM has a jump. */
KN_INLINE uint32_t end_branch(struct kn_debug_observer *d, uint32_t line) {
  const kiln_func *f = d->w->f;
  if (f->inst[d->lines.inst].op != KILN_OP_BR || d->as_is) return line;
  if (d->adds && !has_no_code(d))
    return kn_branches_to_next(f, d->w->block) ? drop_branch(d) : line;
  if (is_empty_line(d) && adds_code(d, newest_row(d)->loc) && !falls_through(d->w, d->lines.block))
    kn_request_nop(d->observer.requests);
  return line;
}

/* Does w->i, at `now`, begin no row, since LLVM has no code for it? Between bodies, Kiln may need a jump for such a
 * branch: it belongs to the line before. */
static __attribute__((noinline)) bool goes_on(struct kn_debug_observer *d, struct kn_loc now) {
  const struct kn_walk *w = d->w;
  if (!d->mixed || w->f->block[w->block].term != w->i || !falls_through(w, w->block)) return false;
  const struct kn_loc newest = newest_row(d)->loc;
  if (adds_code(d, newest) && newest.line != now.line && misses_code(d))
    kn_request_nop(d->observer.requests);
  return true;
}

/* ---- how blocks are entered ---- */

/* What is known of the lines from which the blocks walked so far go on to a block: none, this one, or several. */
#define NO_LINE 0
#define SEVERAL UINT32_MAX

/* Has the block parameters, and is it nothing else than the way to the one that was made next? LLVM has instructions
 * there, but none that is of a line. */
static bool only_passes(const struct kn_walk *w, uint32_t block) {
  return w->f->block[block].param_first != 0 && !w->target->code.branches_count &&
         kn_branches_to_next(w->f, block) && kn_only_ends(w->f, block);
}

/* The block that was walked last leaves with a line: notes it for its targets. */
KN_INLINE void leave_block(struct kn_debug_observer *d, uint32_t line) {
  const struct kn_walk *w = d->w;
  const kiln_func *f = w->f;
  const struct kn_block *b = &f->block[w->block];
  uint32_t *lines = d->lines.entered_from.at;
  const struct kn_edge *e = f->edges.at + b->edge_first;
  if (b->n_edges == 1 && only_passes(w, w->block)) line = SEVERAL;
  for (uint32_t k = 0; k < b->n_edges; k++) {
    uint32_t *to = &lines[e[k].target];
    *to = *to == NO_LINE || *to == line ? line : SEVERAL;
  }
}

/* Does a loop that begins with the block go on to it from another line than `line`? */
KN_INLINE bool repeated_from_elsewhere(const struct kn_walk *w, uint32_t line) {
  const kiln_func *f = w->f;
  const struct kn_plan *plan = w->plan;
  if (plan->loops.n == 0) return false;
  uint32_t pos = kn_plan_pos(w->plan, w->block);
  if (plan->loop_end[pos] == 0) return false;
  uint32_t source = plan->layout[plan->loop_end[pos] - 1];
  const struct kn_loc from = kn_loc_at(f, f->block[source].term);
  return from.scope != 0 && from.line != line;
}

/* Is a block that begins with `line` entered from another one? Then a statement begins there, whatever is before it: so
 * it is by LLVM since version 20. Not where the block begins with a try: LLVM says it of a label there, which has no
 * code. */
KN_INLINE bool entered_from_elsewhere(const struct kn_debug_observer *d, uint32_t line) {
  const struct kn_walk *w = d->w;
  if (w->f->inst[kn_inst_settle(w->f, w->i)].op == KILN_OP_TRY || only_passes(w, w->block))
    return false;
  uint32_t from = d->lines.entered_from.at[w->block];
  return (from != NO_LINE && from != line) || repeated_from_elsewhere(w, line);
}

KN_INLINE void leave(struct kn_debug_observer *d, const struct kn_walk *w, uint32_t line) {
  if (d->lines.shared != 0) kn_debug_share_end(d, false);
  line = end_branch(d, line);
  d->lines.block_first = w->out->lines.n;
  leave_block(d, line);
  d->lines.block_begins = true;
  d->lines.spills = d->w->s->stats.spills;
  if (d->lines.column.scope != 0) kn_debug_lines_column(d);
  d->observer.quiet.n = d->lines.quiet.n =
    0; /* its first location is looked at, the same as before or not */
}

void kn_debug_lines_leave(struct kn_observer *o, const struct kn_walk *w) {
  leave(kn_debug_of(o), w, kn_debug_of(o)->lines.loc.line);
}

void kn_debug_lines_leave_mixed(struct kn_observer *o, const struct kn_walk *w) {
  leave(kn_debug_of(o), w, newest_own(kn_debug_of(o)).line);
}

/* ---- changes ---- */

/* Is `loc` of a body of which the newest row is not? `*loc` is then of the outermost one. */
static bool begins_outer_body(const struct kn_debug_observer *d, struct kn_loc *loc) {
  struct kn_loc newest = newest_row(d)->loc;
  const uint32_t call = outer_call(d, loc);
  return call != 0 && call != outer_call(d, &newest);
}

static void begin_row(struct kn_debug_observer *d, struct kn_loc loc, uint32_t flags,
                      bool replaces);

/* What begins here belongs to the function itself again, of which no block of a body is: rows of a body that have no
 * code would make debuggers show the body's line in the function's frame. A body that has no code at all gets some, so
 * that they can enter it. */
static __attribute__((noinline)) void drop_rows_of_bodies(struct kn_debug_observer *d) {
  const struct kn_sources *p = &d->w->s->sources;
  struct kn_output *out = d->w->out;
  struct kn_loc loc = {0};
  if (d->lines.shared != 0) kn_debug_share_end(d, false);
  while (has_no_code(d) && (kn_loc_full(p, newest_row(d)->loc)->flags & KN_LOC_AS_IS))
    loc = out->lines.at[--out->lines.n].loc;
  if (loc.scope == 0) return;
  if (!begins_outer_body(d, &loc) || loc.line == 0) {
    d->lines.loc = newest_row(d)->loc;
    d->lines.from = 0;
    return;
  }
  begin_row(d, loc, KN_LINE_STMT, false);
  kn_request_nop(d->observer.requests);
}

/* Is the code here right after the call of a try? LLVM has a jump to the block in which that goes on: it is where
 * debuggers are when the called function has returned. */
static bool is_after_try(const struct kn_walk *w) {
  const struct kn_eh *eh = &w->eh;
  if (eh->calls.n == 0) return false;
  const struct kn_eh_call *call = &eh->calls.at[eh->calls.n - 1];
  return call->pad != 0 && w->code.marks.at[call->end].at == kn_here(w);
}

/* The newest location of a line in the blocks that were made before the current one, or none. */
static struct kn_loc made_before(const struct kn_walk *w) {
  const kiln_func *f = w->f;
  const struct kn_note *at = f->notes[KN_NOTE_LOC].at;
  for (uint32_t b = w->block; b-- > 0;) {
    if (f->block[b].pos == 0) continue; /* not filled */
    const struct kn_note *note = kn_note_find(f, KN_NOTE_LOC, f->block[b].term);
    while (note > at && note->inst > f->block[b].first && note->loc.line == 0) note--;
    if (note != NULL && note->loc.line != 0) return note->loc;
  }
  return (struct kn_loc){0};
}

/* The location of what LLVM has before w->i: where blocks are in the order of the source, LLVM does not move them. */
static struct kn_loc before(const struct kn_debug_observer *d) {
  const struct kn_walk *w = d->w;
  struct kn_loc loc = {0};
  if (w->f->attrs.blocks_as_made && d->lines.block_begins && !d->as_is) loc = made_before(w);
  return loc.scope != 0 ? loc : d->lines.loc;
}

/* Has the newest row no code, and would the next one replace it? */
static bool is_empty(const struct kn_debug_observer *d) {
  return has_no_code(d) && !(newest_row(d)->flags & KN_LINE_KEPT);
}

/* Where no code is added, statements without code have rows, at which breakpoints are set. The newest row stays if it
 * is one's, of this block: `now` is the location of the next. */
static __attribute__((noinline)) bool keep_row_of(struct kn_debug_observer *d, struct kn_loc now) {
  const struct kn_walk *w = d->w;
  struct kn_code_line *row = newest_row(d);
  if (adds_code(d, row->loc) || !is_empty(d) || !(row->flags & KN_LINE_STMT) ||
      d->lines.block != w->block || kn_debug_in_line(w, row->loc, now) ||
      !kn_op_is_of_statement(w->f->inst[d->lines.inst].op))
    return false;
  row->flags |= KN_LINE_KEPT;
  d->lines.kept_in = w->block + 1;
  return true;
}

KN_INLINE bool keep_row(struct kn_debug_observer *d, struct kn_loc now) {
  return KN_UNLIKELY(!d->adds) && keep_row_of(d, now);
}

/* A row of location `loc`, in the place of the newest one or after it, begins with w->i. */
static void begin_row(struct kn_debug_observer *d, struct kn_loc loc, uint32_t flags,
                      bool replaces) {
  d->lines.inst = d->w->i;
  d->lines.block = d->w->block;
  d->w->out->lines.n -= replaces;
  add_row(d, loc, flags);
}

/* Does location `now`, in the line of `was`, begin right after a call of that location, in its block? */
static inline bool is_after_call(const struct kn_debug_observer *d, struct kn_loc now,
                                 struct kn_loc was) {
  const struct kn_walk *w = d->w;
  const struct kn_sources *p = &w->s->sources;
  return w->f->inst[w->i - 1].op == KILN_OP_CALL && kn_loc_is(was, d->lines.loc) &&
         (now.scope == was.scope || (kn_loc_full(p, now)->entry == kn_loc_full(p, was)->entry &&
                                     kn_loc_full(p, now)->inlined == kn_loc_full(p, was)->inlined));
}

/* The newest row, a statement's, begins where the call before it returns to: it has what moves the call's result. */
static __attribute__((noinline)) void begin_at_return(struct kn_debug_observer *d) {
  struct kn_code_line *row = newest_row(d);
  if (row[-1].offset <= d->calls.returned) row->offset = d->calls.returned;
}

/* Does the newest call return to here, while `now` is of another body than it? Debuggers that come back from the call
 * are to be in the middle of its line: at the beginning of a body, they are before that one's call, and stop. LLVM has
 * a move of the result, or code around its call. */
static inline bool changes_body_at_return(const struct kn_debug_observer *d, struct kn_loc now) {
  const struct kn_sources *p = &d->w->s->sources;
  return KN_UNLIKELY(d->mixed) && now.scope != 0 && d->lines.loc.scope != 0 &&
         kn_here(d->w) == d->calls.returned &&
         kn_loc_full(p, now)->inlined != kn_loc_full(p, d->lines.loc)->inlined;
}

/* Does a value live in several blocks? Where no value has a home, each that several blocks read does. */
static bool is_crossing(struct kn_debug_observer *d) {
  const struct kn_walk *w = d->w;
  if (d->lines.crossing == KN_NOT_ASKED) {
    const struct kn_range *ranges = w->plan->ranges.at;
    const uint32_t n = w->f->facts.crossing || w->f->facts.has_params ? w->f->globals.n : 0;
    uint32_t g = 0;
    while (g < n && (kn_is_slot(w->f->globals.at[g].handle) ||
                     !(w->plan->frame.homeless || ranges[g].first != ranges[g].last)))
      g++;
    d->lines.crossing = g < n ? KN_YES : KN_NO;
  }
  return d->lines.crossing == KN_YES;
}

/* May goes_on_after_call say so, or has a block ended with the call (`begins`)? */
KN_INLINE bool may_go_on(const struct kn_debug_observer *d, bool begins) {
  const struct kn_walk *w = d->w;
  return d->calls.inst != 0 &&
         ((w->val[d->calls.inst].uses != 0) | begins | (w->s->stats.spills != d->lines.spills) |
          (d->lines.crossing != KN_NO));
}

/* Is operand `h` of instruction `i` a value that is older than instruction `call`, which is before `i`? */
static inline bool is_older(uint32_t h, uint32_t call, uint32_t i) {
  return kn_is_value(h) && h != 0 && h - call >= i - call;
}

/* Has LLVM code after the newest call that belongs to the call's line? It reloads there the values that are older than
 * the call and are read before the next call or the block's end, passes the call's result to the next call, or spills
 * it. The code from w->i on is in another line. */
static __attribute__((noinline)) bool goes_on_after_call(struct kn_debug_observer *d) {
  enum { LOOKED_AT = 16 };
  const struct kn_walk *w = d->w;
  const kiln_func *f = w->f;
  const uint32_t call = d->calls.inst;
  uint32_t left = w->val[call].uses;
  d->calls.inst = 0; /* is looked at once */
  if ((left == 0 && w->s->stats.spills == d->lines.spills && !is_crossing(d)) ||
      f->inst[w->i].op == KILN_OP_RET) /* see kn_debug_lines_return */
    return false;
  for (uint32_t i = w->i, n = 0; n < LOOKED_AT; n++, i = kn_inst_settle(f, i + 1)) {
    const struct kn_inst *in = &f->inst[i];
    if (in->op == KILN_OP_LOAD) {
      if (is_older(in->a, call, i)) return true;
      left -= in->a == call && left != 0;
      continue;
    }
    const bool passes = in->op == KILN_OP_CALL || in->op == KILN_OP_TRY;
    const struct kn_operands o = kn_operands(f, in);
    for (uint32_t k = 0; k < o.n; k++) {
      const uint32_t h = kn_operand(&o, k);
      if ((h == call && passes) || is_older(h, call, i)) return true;
      left -= h == call && left != 0;
    }
    if (passes || kn_op_ends_block(in->op)) break;
  }
  return left != 0;
}

/* Has LLVM a jump, in the line of the newest row, after the call with which the block before ends? */
static bool jumps_after_call(const struct kn_debug_observer *d) {
  const struct kn_walk *w = d->w;
  const uint32_t pos = kn_plan_pos(w->plan, w->block);
  if (pos == 0 || w->target->code.branches_count) return false;
  const uint32_t block = w->plan->layout[pos - 1], i = w->f->block[block].term;
  return w->f->inst[i].op == KILN_OP_BR && !falls_through(w, block) &&
         kn_loc_at(w->f, i).line == d->lines.loc.line;
}

/* The same; then an instruction is added there. `begins`: a block begins there, and LLVM's reloads have no line. */
static void end_call(struct kn_debug_observer *d, bool begins) {
  struct kn_loc loc = d->lines.loc;
  const bool jumps = begins && jumps_after_call(d);
  if (jumps) d->calls.inst = 0;
  else if (!goes_on_after_call(d)) return;
  loc.line = loc.column = 0;
  if (begins && !jumps) add_row(d, loc, 0);
  kn_request_nop(d->observer.requests);
}

/* Is `now` of a body with which a foreign function begins? Its first instruction is the function's own: debuggers that
 * step into functions ask whether to go on by what the frame is of. */
static inline bool begins_with_body(const struct kn_debug_observer *d, struct kn_loc now) {
  return KN_UNLIKELY(d->as_is) && d->w->f->attrs.foreign && kn_here(d->w) == d->lines.entry &&
         now.scope != 0 && kn_loc_full(&d->w->s->sources, now)->inlined != 0;
}

/* A row for the statement of location `now`, of which inlining has left no instruction, before w->i. */
static __attribute__((noinline)) void pass_statement(struct kn_debug_observer *d,
                                                     struct kn_loc now) {
  const struct kn_walk *w = d->w;
  const uint32_t of = kn_loc_full(&w->s->sources, now)->flags;
  if (now.line == 0 || (of & KILN_LOC_NOT_STMT) || begins_with_body(d, now)) return;
  const bool adds = adds_code(d, now);
  bool enters = false;
  if (adds) {
    if (!adds_code(d, d->lines.loc)) drop_rows_of_bodies(d);
    enters = (d->lines.block_begins && entered_from_elsewhere(d, now.line)) ||
             w->out->lines.n - d->lines.first == 1; /* after the prologue */
    d->lines.block_begins = false;
    if (!enters && kn_debug_in_line(w, newest_own(d), now)) return; /* it goes on after a body */
  }
  if (changes_body_at_return(d, now) || (KN_UNLIKELY(w->eh.on) && adds && is_after_try(w)))
    kn_request_nop(d->observer.requests);
  struct kn_loc outer = now;
  const bool begins = d->mixed && !adds && begins_outer_body(d, &outer); /* debuggers enter it */
  if (d->mixed && has_no_code(d) && adds_code(d, newest_row(d)->loc) &&
      newest_row(d)->loc.line != now.line && misses_code(d))
    kn_request_nop(d->observer.requests);
  bool replaces = is_empty(d) && !keep_row(d, now);
  if (!enters && !(of & KILN_LOC_STMT) && kn_debug_in_line(w, newest_row(d)[-replaces].loc, now))
    return;
  const bool after_call =
    kn_debug_in_line(w, d->lines.loc, now) && is_after_call(d, now, d->lines.loc);
  d->lines.loc = now;
  d->lines.from = d->lines.column.scope = 0;
  begin_row(d, now, KN_LINE_STMT | KN_LINE_KEPT, replaces);
  if (after_call) begin_at_return(d);
  if (adds || begins) kn_request_nop(d->observer.requests); /* LLVM has a call, or its function */
  else d->lines.kept_in = w->block + 1;
}

/* The same of all that were before instruction `inst`. */
static void pass_statements(struct kn_debug_observer *d, uint32_t inst) {
  const kiln_func *f = d->w->f;
  const struct kn_note *first = f->notes[KN_NOTE_PASSED].at,
                       *end = first + f->notes[KN_NOTE_PASSED].n;
  const struct kn_note *p = kn_note_find(f, KN_NOTE_PASSED, inst);
  if (p == NULL || d->w->out->lines.n == d->lines.first) return;
  while (p > first && p[-1].inst == inst) p--;
  for (; p < end && p->inst == inst; p++) pass_statement(d, p->loc);
}

/* Is the location of `note`, with the flags `of`, that of the newest row, which goes on? Those that begin statements
 * are told apart by their ids; that of the function's beginning is another one. */
static bool is_again(const struct kn_debug_observer *d, const struct kn_note *note, uint32_t of) {
  if (!kn_loc_is(note->loc, d->lines.loc)) return false;
  if (of & KILN_LOC_STMT) return true;
  if (d->lines.from == 0) return d->w->out->lines.n - d->lines.first > 1;
  return kn_loc_goes_on(d->w->f->notes[KN_NOTE_LOC].at + d->lines.from - 1, note);
}

/* Is the newest row that of a statement without code in another body than `now`? What begins here, in the middle of its
 * statement, would be shown in that one's line. */
static __attribute__((noinline)) bool is_of_other_body(const struct kn_debug_observer *d,
                                                       struct kn_loc now) {
  const struct kn_sources *p = &d->w->s->sources;
  const struct kn_code_line *row = newest_row(d);
  if (!has_no_code(d)) return false;
  while (!(row->flags & KN_LINE_STMT) && row[-1].offset == row->offset) row--;
  return (row->flags & KN_LINE_STMT) &&
         kn_loc_full(p, row->loc)->inlined != kn_loc_full(p, now)->inlined;
}

/* Instruction w->i has the location of `note`. A row that has no code, and gets none, is replaced. A statement begins
 * where the line differs from that of the instruction that LLVM has before it (before()). */
static void change_row(struct kn_debug_observer *d, const struct kn_note *note) {
  const struct kn_walk *w = d->w;
  const struct kn_sources *sources = &w->s->sources;
  const struct kn_loc now = note->loc;
  const uint32_t of = kn_loc_full(sources, now)->flags;
  const bool again = is_again(d, note, of);
  if (again) d->lines.from = (uint32_t)(note - w->f->notes[KN_NOTE_LOC].at) + 1;
  if (again && !d->lines.block_begins) return;
  const struct kn_loc was = before(d);
  const bool block_begins = d->lines.block_begins;
  bool same_line = kn_debug_in_line(w, now, was);
  if (KN_UNLIKELY(!d->adds) && d->mixed && !adds_code(d, d->lines.loc) && adds_code(d, now)) {
    drop_rows_of_bodies(d);
    same_line = kn_debug_in_line(w, now, newest_own(d)); /* the statement goes on after the body */
  }
  bool enters = false;
  if (d->lines.block_begins && now.line != 0) {
    d->lines.block_begins = false;
    enters = same_line && entered_from_elsewhere(d, now.line);
  }
  if (!enters && again) return;
  bool stmt = (!same_line || enters || (of & KILN_LOC_STMT)) && now.line != 0 &&
              (!(of & KILN_LOC_NOT_STMT) || is_of_other_body(d, now));
  uint32_t flags =
    (stmt ? KN_LINE_STMT : 0) | (of & KILN_LOC_PROLOGUE_END ? KN_LINE_PROLOGUE_END : 0);
  /* gdb, coming back from a call to the beginning of a row that begins no statement, forgets where it was stepping */
  const bool after_call = same_line && !enters && is_after_call(d, now, was),
             begins = begins_with_body(d, now), later = (after_call && !stmt) || begins;
  if (changes_body_at_return(d, now)) kn_request_nop(d->observer.requests);
  else if (!same_line && kn_here(w) == d->calls.returned && may_go_on(d, block_begins) &&
           adds_code(d, d->lines.loc) && w->inst[d->calls.inst].op != KILN_OP_TRY)
    end_call(d, block_begins);
  if (KN_UNLIKELY(!d->adds) && goes_on(d, now)) return;
  d->lines.loc = now;
  d->lines.from = (uint32_t)(note - w->f->notes[KN_NOTE_LOC].at) + 1;
  d->lines.column = later ? now : (struct kn_loc){0};
  if (later) {
    d->lines.column_flags = begins ? flags : 0;
    return;
  }
  /* what debuggers wrote to variables in memory counts from the next statement on */
  bool adds = adds_code(d, now), replaces = false;
  if (stmt && adds) kn_request_reload(d->observer.requests);
  if (KN_UNLIKELY(w->eh.on) && stmt && adds && is_after_try(w))
    kn_request_nop(d->observer.requests);
  if (has_no_code(d)) {
    const struct kn_code_line *row = newest_row(d);
    adds = adds_code(d, row->loc);
    if (adds && row->loc.line != now.line && misses_code(d)) {
      kn_request_nop(d->observer.requests);
    } else if (!(kn_loc_full(sources, row->loc)->flags & KILN_LOC_PROLOGUE_END) &&
               (kn_debug_in_line(w, row->loc, now) || (is_empty(d) && !keep_row(d, now)))) {
      replaces = w->out->lines.n - d->lines.first > 2 || !adds;
      if (replaces && row->loc.line == now.line) flags |= row->flags;
    }
  }
  begin_row(d, now, flags, replaces);
  if (after_call) begin_at_return(d);
}

void kn_debug_lines_repeat(struct kn_observer *o, const struct kn_walk *w, uint32_t start,
                           uint32_t bytes) {
  struct kn_debug_observer *d = kn_debug_of(o);
  struct kn_output *out = w->out;
  const uint32_t here = kn_here(w), n = out->lines.n;
  if (!d->as_is) return;
  if (d->lines.shared != 0) kn_debug_share_end(d, true);
  uint32_t k = n;
  while (k > d->lines.first + 1 && out->lines.at[k - 1].offset >= start) k--;
  for (; k < n && KN_ROOM(w->f->module, out->lines, 1); k++) {
    struct kn_code_line row = out->lines.at[k];
    if (row.offset - start > bytes) break;
    row.offset += here - start;
    row.fixups = w->code.fixups.n;
    row.flags &= ~(uint32_t)KN_LINE_PROLOGUE_END;
    out->lines.at[out->lines.n++] = row;
    d->lines.loc = row.loc;
  }
  d->lines.from = d->lines.column.scope = 0;
  d->lines.plain = false;
}

/* A condition with a call is at one place, where breakpoints stop in each iteration: so is one with a body in place of
 * the call. */
bool kn_debug_lines_alone(const struct kn_observer *o, const struct kn_walk *w, uint32_t start,
                          uint32_t end) {
  const struct kn_debug_observer *d = (const struct kn_debug_observer *)o;
  const struct kn_code_line *rows = w->out->lines.at;
  for (uint32_t k = w->out->lines.n; k > d->lines.first + 1 && rows[k - 1].offset >= start; k--)
    if (rows[k - 1].offset < end &&
        (kn_loc_full(&w->s->sources, rows[k - 1].loc)->flags & KN_LOC_AS_IS))
      return true;
  return false;
}

/* Is a result of the return w->i no constant? */
static bool returns_value(const struct kn_walk *w) {
  const struct kn_operands o = kn_operands(w->f, &w->f->inst[w->i]);
  uint32_t k = 0;
  while (k < o.n && !kn_is_value(kn_operand(&o, k))) k++;
  return k < o.n;
}

/* The newest row, of the return, begins right after a call: what moves the results is not of it. */
static __attribute__((noinline)) void begin_return(struct kn_debug_observer *d) {
  const struct kn_walk *w = d->w;
  struct kn_code_line *row = newest_row(d), is = *row;
  row->offset = kn_here(w);
  row->fixups = w->code.fixups.n;
  if (kn_label_at(w, w->block) != is.offset || row->offset == is.offset || !returns_value(w))
    return;
  *row = is;
  row->loc.line = row->loc.column = row->flags = 0;
  add_row(d, is.loc, is.flags);
}

/* The results of a return are in their registers. LLVM reloads them in the line of the call before, to which debuggers
 * come back from that; in a block that begins there, in no line. */
void kn_debug_lines_return(struct kn_debug_observer *d) {
  const struct kn_code_line *row;
  if (d->as_is || d->w->out->lines.n - d->lines.first < 2) return;
  row = newest_row(d);
  if (row->offset == d->calls.returned && row[-1].offset != row->offset) begin_return(d);
}

bool kn_debug_lines_stop(const struct kn_observer *o, const struct kn_walk *w) {
  const struct kn_debug_observer *d = (const struct kn_debug_observer *)o;
  const struct kn_output *out = w->out;
  if (out->lines.n == d->lines.first || d->as_is) return false;
  const struct kn_code_line *row = newest_row(d);
  return (row->flags & KN_LINE_STMT) && row->offset == kn_here(w);
}

__attribute__((noinline)) void kn_debug_lines_column(struct kn_debug_observer *d) {
  const struct kn_loc loc = d->lines.column;
  if (kn_here(d->w) == d->calls.returned || begins_with_body(d, loc)) return;
  d->lines.column.scope = 0;
  if (d->w->out->lines.n != d->lines.first) begin_row(d, loc, d->lines.column_flags, false);
}

/* Looks for statements that share the address of the one that begins at w->i; `loc`: its location. Each instruction
 * counts as long as there are some, or a location that has no row. */
static __attribute__((noinline)) void look_closer(struct kn_debug_observer *d, struct kn_loc loc) {
  if (d->lines.kept_in == d->w->block + 1) kn_debug_share_begin(d, loc);
  if (d->lines.column.scope != 0) kn_debug_lines_column(d);
  if (d->lines.shared != 0 || d->lines.column.scope != 0)
    d->observer.quiet.n = d->w->i + 1 - d->observer.quiet.first;
}

/* The note of w->i, or NULL; says in which instructions nothing is new. */
static const struct kn_note *find_note(struct kn_debug_observer *d) {
  const struct kn_walk *w = d->w;
  const struct kn_note *at = w->f->notes[KN_NOTE_LOC].at, *note;
  uint32_t n = w->f->notes[KN_NOTE_LOC].n, k = d->lines.note;
  if (k < n && at[k].inst <= w->i && (k + 1 == n || at[k + 1].inst > w->i)) {
    note = &at[k++]; /* what comes next, as most often */
  } else if (k > 0 && at[k - 1].inst <= w->i && (k == n || at[k].inst > w->i)) {
    note = &at[k - 1]; /* the same, in another block */
  } else if (k == 0 && (n == 0 || at[0].inst > w->i)) {
    note = NULL; /* the function begins with what has no location */
  } else {
    note = kn_note_find(w->f, KN_NOTE_LOC, w->i);
    k = note ? (uint32_t)(note - at) + 1 : 0;
  }
  d->lines.note = k;
  d->observer.quiet.first = note ? note->inst : 0;
  d->observer.quiet.n = (k < n ? at[k].inst : UINT32_MAX) - d->observer.quiet.first;
  return note;
}

/* The general way to look at an instruction. */
static __attribute__((noinline)) void look(struct kn_debug_observer *d) {
  const struct kn_walk *w = d->w;
  const kiln_func *f = w->f;
  struct kn_debug_lines *lines = &d->lines;
  const struct kn_note *note = find_note(d);
  const struct kn_loc loc = note ? note->loc : (struct kn_loc){0};
  if (KN_UNLIKELY(lines->shared != 0)) kn_debug_share_code(d, false);
  bool waits = false;
  if (KN_UNLIKELY(f->notes[KN_NOTE_PASSED].n != 0) && note) {
    if (kn_inst_settle(f, note->inst) == w->i) {
      pass_statements(d, note->inst);
    } else if (w->inst[w->i].op == KILN_OP_PARAM) { /* they are passed after it */
      const struct kn_note *passed = kn_note_find(f, KN_NOTE_PASSED, note->inst);
      waits = d->mixed && passed != NULL && passed->inst == note->inst;
      d->observer.quiet.n = w->i + 1 - d->observer.quiet.first;
    }
  }
  if (loc.scope != 0 && !waits &&
      w->out->lines.n != lines->first) /* else there was no memory for a row */
    change_row(d, note);
  if (KN_UNLIKELY((lines->kept_in | lines->column.scope) != 0)) look_closer(d, loc);
  lines->plain = lines->may_plain && (lines->kept_in | lines->column.scope | lines->shared) == 0 &&
                 w->out->lines.n - lines->first > 1 &&
                 kn_loc_full(&w->s->sources, lines->loc)->flags == 0;
}

/* The same where a line begins right after a call, whose line may go on there. */
static __attribute__((noinline)) void look_after_call(struct kn_debug_observer *d) {
  end_call(d, d->lines.block_begins);
  kn_debug_lines_inst(&d->observer, d->w);
}

/* Instruction w->i is not in the window of instructions that have the newest row's location, or none. What comes most
 * often is decided here: another column of the line, or another line after code. */
void kn_debug_lines_inst(struct kn_observer *o, const struct kn_walk *w) {
  struct kn_debug_observer *d = kn_debug_of(o);
  struct kn_debug_lines *lines = &d->lines;
  struct kn_output *out = w->out;
  const uint32_t i = w->i, k = lines->note;
  const struct kn_note *note = w->f->notes[KN_NOTE_LOC].at + k;
  if (!lines->plain || k + 1 >= w->f->notes[KN_NOTE_LOC].n || note->inst > i || note[1].inst <= i ||
      out->lines.n == out->lines.cap)
    return look(d);
  const struct kn_loc loc = note->loc;
  struct kn_code_line *row = &out->lines.at[out->lines.n];
  const uint32_t here = kn_here(w);
  const bool any_code = row[-1].offset != here, same_line = loc.line == lines->loc.line;
  if (loc.scope != lines->loc.scope &&
      (same_line || loc.scope == 0 || kn_loc_full(&w->s->sources, loc)->flags != 0))
    return look(d);
  /* the second row is not replaced, though it has no code: it is where the prologue ends */
  if (same_line ? loc.column == lines->loc.column || lines->block_begins ||
                    (!any_code && out->lines.n - lines->first == 2) ||
                    (here == d->calls.returned && w->inst[i - 1].op == KILN_OP_CALL)
                : !any_code || loc.line == 0)
    return look(d);
  if (!same_line && here == d->calls.returned) {
    if (w->eh.on) return look(d); /* see is_after_try */
    if (may_go_on(d, lines->block_begins)) return look_after_call(d);
  }
  lines->note = k + 1;
  o->quiet = (struct kn_quiet){note->inst, note[1].inst - note->inst};
  lines->block_begins = false;
  lines->inst = i;
  lines->block = w->block;
  lines->loc = loc;
  lines->from = k + 1;
  if (!any_code) {
    row[-1].loc.column = loc.column;
    return;
  }
  out->lines.n++;
  *row = (struct kn_code_line){here, w->code.fixups.n, loc, same_line ? 0 : KN_LINE_STMT};
  if (!same_line) kn_request_reload(o->requests);
}

void kn_debug_lines_end(struct kn_debug_observer *d) {
  struct kn_output *out = d->w->s->out;
  uint32_t first = d->lines.first;
  for (uint32_t i = first; i < out->lines.n; i++) {
    struct kn_code_line *row = &out->lines.at[i];
    row->offset = kn_code_final(&d->w->code, row->offset, row->fixups);
  }
  /* the mark of the beginning may be after bytes that were cut there */
  if (out->lines.n > first) out->lines.at[first].offset = d->w->code.start;
  struct kn_code_line *row = &out->lines.at[first];
  bool more = out->lines.n > first + 1;
  if (more) row[1].flags |= KN_LINE_PROLOGUE_END;
  if (more && d->w->f->attrs.naked) row->loc = row[1].loc;
}
