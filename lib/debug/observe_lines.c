/* Rows of lines: where a location begins to be that of the code. Called by debugger.c. All that debuggers expect
 * because LLVM -O0 does it so is in this file: where statements begin, and instructions that do nothing where LLVM has
 * a jump. Invariant: the first row is at the function's beginning, rows ascend. */
#include "lib/debug/debugger.h"

#include <string.h>

/* ---- rows ---- */

static void add_row(struct kn_debug_observer *d, uint32_t loc, uint32_t flags) {
  struct kn_output *out = d->w->out;
  if (!KN_ROOM(d->w->f->module, out->lines, 1)) return;
  uint32_t mark = kn_request_mark(d->observer.requests);
  out->lines.at[out->lines.n++] = (struct kn_code_line){mark, loc, flags};
}

bool kn_debug_lines_ready(struct kn_debug_observer *d, const kiln_func *f) {
  return KN_RESIZE(f->module, d->lines.entered_from, f->blocks.n);
}

/* Has LLVM -O0 a frame for a function that calls nothing? For its slots, unless they fit below the stack pointer, and
 * for the frame pointer. */
static bool has_leaf_frame(const struct kn_walk *w) {
  const kiln_func *f = w->f;
  uint64_t bytes = 0;
  for (uint32_t k = 0; k < f->slots.n; k++) bytes += f->slots.at[k].size_bytes;
  return bytes > w->target->code.red_zone_bytes ||
         (f->attrs.frame_pointer && w->target->code.leaf_frames);
}

/* Is the function's first instruction one of a statement, without an instruction of no line before it, as those that
 * move or store parameters are, or a frame? Then LLVM writes no row for the line on which the function begins. */
static bool begins_with_statement(const struct kn_walk *w) {
  const kiln_func *f = w->f;
  if (f->attrs.naked) return true;
  if (kn_debug_as_is(f)) return false; /* instructions of no line are gone */
  for (uint32_t param = f->block[0].param_first; param; param = f->inst[param].b)
    if (f->val[param].uses != 0) return false;
  const struct kn_note *note = kn_note_find(f, KN_NOTE_LOC, kn_inst_settle(f, f->block[0].first));
  return note != NULL && w->s->sources.locs.at[note->a].line != 0 && !has_leaf_frame(w);
}

void kn_debug_lines_begin(struct kn_debug_observer *d) {
  const struct kn_walk *w = d->w;
  struct kn_debug_lines *lines = &d->lines;
  memset(lines->entered_from.at, 0, w->f->blocks.n * sizeof *lines->entered_from.at);
  lines->first = w->out->lines.n;
  lines->note = lines->column = lines->shared = lines->kept_in = 0;
  lines->block_first = lines->first + 1;
  lines->block_begins = false;
  lines->at_once = begins_with_statement(w);
  add_row(d, lines->loc = w->f->debug.begin, KN_LINE_STMT);
}

void kn_debug_lines_frame(struct kn_observer *o, const struct kn_walk *w) {
  struct kn_debug_observer *d = kn_debug_of(o);
  /* LLVM's prologue ends before the jump behind that test, and a breakpoint on the function is there */
  const struct kn_sig *sig = kn_sig(w->f->module, w->f->sig);
  if ((sig->flags & KILN_SIG_VARIADIC) && sig->conv->va_tested)
    add_row(d, d->lines.loc, KN_LINE_STMT | KN_LINE_PROLOGUE_END);
}

/* The newest row if it has no code so far and begins a line; else NULL. */
static const struct kn_code_line *empty_row(const struct kn_debug_observer *d) {
  const struct kn_walk *w = d->w;
  const struct kn_output *out = w->out;
  const struct kn_loc *locs = w->s->sources.locs.at;
  const struct kn_code_line *row = &out->lines.at[out->lines.n - 1];
  uint32_t n = out->lines.n - d->lines.first; /* the first is the function's beginning */
  if (n < 2 || w->code.marks.at[row->offset].at != kn_here(w)) return NULL;
  uint32_t line = locs[row->loc].line;
  return line != 0 && (n == 2 || line != locs[row[-1].loc].line) ? row : NULL;
}

/* A nop for a branch without code at the end of the block walked last, where LLVM has a jump. */
static void fill_branch(struct kn_debug_observer *d) {
  const struct kn_walk *w = d->w;
  const kiln_func *f = w->f;
  const struct kn_block *b = &f->block[d->lines.block];
  uint32_t i = d->lines.inst, k = d->lines.note;
  if (w->out->lines.n - d->lines.first < 2 || f->inst[i].op != KILN_OP_BR || kn_debug_as_is(f))
    return;
  const struct kn_code_line *row = empty_row(d);
  /* LLVM has no code for a branch to the block that was made next either, but for one that is alone in its block */
  if (row == NULL ||
      (!w->target->code.branches_count && f->edges.at[b->edge_first].target == d->lines.block + 1 &&
       (b->term != i || kn_inst_settle(f, b->first) != i)))
    return;
  const struct kn_loc *locs = w->s->sources.locs.at;
  uint32_t next = k < f->notes[KN_NOTE_LOC].n ? f->notes[KN_NOTE_LOC].at[k].a : 0;
  if (next != 0 && w->plan->in_order && locs[next].line == locs[row->loc].line) return;
  kn_request_nop(d->observer.requests);
}

/* ---- how blocks are entered ---- */

/* What is known of the lines from which the blocks walked so far go on to a block: none, this one, or several. */
#define NO_LINE 0
#define SEVERAL UINT32_MAX

/* Has the block parameters, and is it nothing else than the way to the one that was made next? LLVM has instructions
 * there, but none that is of a line. */
static bool only_passes(const struct kn_walk *w, uint32_t block) {
  const kiln_func *f = w->f;
  const struct kn_block *b = &f->block[block];
  if (f->inst[b->term].op != KILN_OP_BR || b->param_first == 0 || w->target->code.branches_count ||
      f->edges.at[b->edge_first].target != block + 1)
    return false;
  return kn_inst_settle(f, b->first) == b->term;
}

/* The block that was walked last leaves with the newest row's line: notes it for its targets. */
static void leave_block(struct kn_debug_observer *d) {
  const struct kn_walk *w = d->w;
  const kiln_func *f = w->f;
  const struct kn_block *b = &f->block[w->block];
  uint32_t *lines = d->lines.entered_from.at, line = w->s->sources.locs.at[d->lines.loc].line;
  const struct kn_edge *e = f->edges.at + b->edge_first;
  if (b->n_edges == 1 && only_passes(w, w->block)) line = SEVERAL;
  for (uint32_t k = 0; k < b->n_edges; k++) {
    uint32_t *to = &lines[e[k].target];
    *to = *to == NO_LINE || *to == line ? line : SEVERAL;
  }
}

/* Does a loop that begins with the block go on to it from another line than `line`? */
static bool repeated_from_elsewhere(const struct kn_walk *w, uint32_t line) {
  const kiln_func *f = w->f;
  const struct kn_plan *plan = w->plan;
  if (plan->loops.n == 0) return false;
  uint32_t pos = kn_plan_pos(w->plan, w->block);
  if (plan->loop_end[pos] == 0) return false;
  uint32_t source = plan->layout[plan->loop_end[pos] - 1];
  const struct kn_note *from = kn_note_find(f, KN_NOTE_LOC, f->block[source].term);
  return from != NULL && from->a != 0 && w->s->sources.locs.at[from->a].line != line;
}

/* Is a block that begins with `line` entered from another one? Then a statement begins there, whatever is before it: so
 * it is by LLVM since version 20. Not where the block begins with a try: LLVM says it of a label there, which has no
 * code. */
static bool entered_from_elsewhere(const struct kn_debug_observer *d, uint32_t line) {
  const struct kn_walk *w = d->w;
  if (w->f->inst[kn_inst_settle(w->f, w->i)].op == KILN_OP_TRY || only_passes(w, w->block))
    return false;
  uint32_t from = d->lines.entered_from.at[w->block];
  return (from != NO_LINE && from != line) || repeated_from_elsewhere(w, line);
}

void kn_debug_lines_leave(struct kn_observer *o, const struct kn_walk *w) {
  struct kn_debug_observer *d = kn_debug_of(o);
  if (d->lines.shared != 0) kn_debug_share_end(d, false);
  d->lines.block_first = w->out->lines.n;
  fill_branch(d);
  leave_block(d);
  d->lines.block_begins = true;
  if (d->lines.column != 0) kn_debug_lines_column(d);
  d->observer.quiet.n = 0; /* its first location is looked at, the same as before or not */
}

/* ---- changes ---- */

/* Is the code here right behind the call of a try? LLVM has a jump to the block in which that goes on: it is where
 * debuggers are when the called function has returned. */
static bool behind_try(const struct kn_walk *w) {
  const struct kn_eh *eh = &w->eh;
  if (eh->calls.n == 0) return false;
  const struct kn_eh_call *call = &eh->calls.at[eh->calls.n - 1];
  return call->pad != 0 && w->code.marks.at[call->end].at == kn_here(w);
}

static bool has_line(const struct kn_walk *w, uint32_t loc) {
  return loc != 0 && w->s->sources.locs.at[loc].line != 0;
}

/* The location of what was built before w->i and has one; 0: none. `k`: index of the note of w->i. */
static uint32_t built_before(const struct kn_walk *w, uint32_t k) {
  const struct kn_note *at = w->f->notes[KN_NOTE_LOC].at;
  if (at[k].inst != w->i) return at[k].a;
  while (k > 0 && at[k - 1].a == 0) k--;
  return k > 0 ? at[k - 1].a : 0;
}

/* The newest location of a line in the blocks that were made before the current one; 0: none. */
static uint32_t made_before(const struct kn_walk *w) {
  const kiln_func *f = w->f;
  const struct kn_note *at = f->notes[KN_NOTE_LOC].at;
  for (uint32_t b = w->block; b-- > 0;) {
    if (f->block[b].pos == 0) continue; /* not filled */
    const struct kn_note *note = kn_note_find(f, KN_NOTE_LOC, f->block[b].term);
    while (note > at && note->inst > f->block[b].first && !has_line(w, note->a)) note--;
    if (note != NULL && has_line(w, note->a)) return note->a;
  }
  return 0;
}

/* The location of what LLVM has before instruction w->i, which begins with note `k`: LLVM does not move blocks. 0: it
 * is that of the newest row. */
static uint32_t before(const struct kn_debug_observer *d, uint32_t k) {
  const struct kn_walk *w = d->w;
  if (w->f->attrs.blocks_as_made && d->lines.block_begins && !kn_debug_as_is(w->f))
    return made_before(w);
  return KN_UNLIKELY(!w->plan->in_order) ? built_before(w, k) : 0;
}

/* Has the newest row no code, and would the next one replace it? */
static bool is_empty(const struct kn_debug_observer *d) {
  const struct kn_walk *w = d->w;
  const struct kn_code_line *row = &w->out->lines.at[w->out->lines.n - 1];
  return w->out->lines.n - d->lines.first >= 2 && w->code.marks.at[row->offset].at == kn_here(w) &&
         !(row->flags & KN_LINE_KEPT);
}

/* Where no code is added, statements without code have rows, at which breakpoints are set. The newest row stays if it
 * is one's, of this block: `now` is the location of the next. */
static bool keep_row(struct kn_debug_observer *d, const struct kn_loc *now) {
  const struct kn_walk *w = d->w;
  struct kn_code_line *row = &w->out->lines.at[w->out->lines.n - 1];
  const struct kn_loc *of = &w->s->sources.locs.at[row->loc];
  if (!kn_debug_as_is(w->f) || !is_empty(d) || !(row->flags & KN_LINE_STMT) ||
      d->lines.block != w->block || kn_debug_in_line(of, now) ||
      !kn_op_is_of_statement(w->f->inst[d->lines.inst].op))
    return false;
  row->flags |= KN_LINE_KEPT;
  d->lines.kept_in = w->block + 1;
  return true;
}

/* A row for the statement of location `loc`, of which inlining has left no instruction, before w->i. */
static void pass_statement(struct kn_debug_observer *d, uint32_t loc) {
  const struct kn_walk *w = d->w;
  const struct kn_loc *locs = w->s->sources.locs.at, *now = &locs[loc];
  if (now->line == 0 || (now->flags & KILN_LOC_NOT_STMT)) return;
  bool replaces = is_empty(d) && !keep_row(d, now);
  struct kn_code_line *row = &w->out->lines.at[w->out->lines.n - 1];
  if (kn_debug_in_line(&locs[row[-replaces].loc], now)) return;
  if (replaces) w->out->lines.n--;
  d->lines.loc = loc;
  d->lines.column = 0;
  d->lines.inst = w->i;
  d->lines.block = w->block;
  d->lines.kept_in = w->block + 1;
  add_row(d, loc, KN_LINE_STMT | KN_LINE_KEPT);
}

/* The same of all that were before instruction `inst`. */
static void pass_statements(struct kn_debug_observer *d, uint32_t inst) {
  const kiln_func *f = d->w->f;
  const struct kn_note *first = f->notes[KN_NOTE_PASSED].at,
                       *end = first + f->notes[KN_NOTE_PASSED].n;
  const struct kn_note *p = kn_note_find(f, KN_NOTE_PASSED, inst);
  if (p == NULL || d->w->out->lines.n == d->lines.first) return;
  while (p > first && p[-1].inst == inst) p--;
  for (; p < end && p->inst == inst; p++) pass_statement(d, p->a);
}

/* Instruction w->i begins with the location of note `k`, which differs from the newest row's. A row that has no code,
 * and gets none, is replaced. A statement begins where the line differs from that of the instruction that LLVM has
 * before it (before()). */
static void change_row(struct kn_debug_observer *d, uint32_t k) {
  const struct kn_walk *w = d->w;
  struct kn_output *out = w->out;
  uint32_t loc = w->f->notes[KN_NOTE_LOC].at[k].a, from = before(d, k);
  if (KN_UNLIKELY(out->lines.n == d->lines.first)) return; /* there was no memory for a row */
  if (from == 0) from = d->lines.loc;
  const struct kn_loc *locs = w->s->sources.locs.at, *now = &locs[loc], *was = &locs[from];
  bool same_line = now->line == was->line && now->file == was->file;
  bool enters = false;
  if (d->lines.block_begins && now->line != 0) {
    d->lines.block_begins = false;
    enters = same_line && entered_from_elsewhere(d, now->line);
  }
  if (!enters && loc == d->lines.loc) return;
  /* gdb, coming back from a call to the beginning of a row that begins no statement, forgets where it was stepping */
  if (same_line && !enters && now->scope == was->scope && now->inlined == was->inlined &&
      now->flags == was->flags && from == d->lines.loc && w->f->inst[w->i - 1].op == KILN_OP_CALL) {
    d->lines.loc = d->lines.column = loc;
    return;
  }
  d->lines.column = 0;
  bool stmt = (!same_line || enters || (now->flags & KILN_LOC_STMT)) && now->line != 0 &&
              !(now->flags & KILN_LOC_NOT_STMT);
  uint32_t flags =
    (stmt ? KN_LINE_STMT : 0) | (now->flags & KILN_LOC_PROLOGUE_END ? KN_LINE_PROLOGUE_END : 0);
  d->lines.loc = loc;
  /* what debuggers wrote to variables in memory counts from the next statement on */
  bool adds = !kn_debug_as_is(w->f);
  if (stmt && adds) kn_request_reload(d->observer.requests);
  if (KN_UNLIKELY(w->eh.on) && stmt && adds && behind_try(w)) kn_request_nop(d->observer.requests);
  uint32_t n = out->lines.n - d->lines.first;
  struct kn_code_line *row = &out->lines.at[out->lines.n - 1];
  if (n >= 2 && w->code.marks.at[row->offset].at == kn_here(w)) {
    const struct kn_loc *newest = &locs[row->loc];
    /* an instruction that needs no code, where LLVM has some; for branches see kn_debug_lines_leave */
    unsigned op = w->f->inst[d->lines.inst].op;
    bool keep = adds && newest->line != now->line && op != KILN_OP_BR &&
                kn_op_is_of_statement(op) && empty_row(d) != NULL;
    if (keep) {
      kn_request_nop(d->observer.requests);
    } else if (newest->flags == 0 &&
               (kn_debug_in_line(newest, now) || (is_empty(d) && !keep_row(d, now))) &&
               (n > 2 || !adds)) {
      row->flags = flags | (newest->line == now->line ? row->flags : 0);
      row->loc = loc;
      d->lines.inst = w->i;
      d->lines.block = w->block;
      return;
    }
  }
  d->lines.inst = w->i;
  d->lines.block = w->block;
  add_row(d, loc, flags);
}

void kn_debug_lines_repeat(struct kn_observer *o, const struct kn_walk *w, uint32_t start,
                           uint32_t bytes) {
  struct kn_debug_observer *d = kn_debug_of(o);
  struct kn_output *out = w->out;
  const uint32_t here = kn_here(w), n = out->lines.n;
  if (!kn_debug_as_is(w->f)) return;
  if (d->lines.shared != 0) kn_debug_share_end(d, true);
  uint32_t k = n;
  while (k > d->lines.first + 1 && w->code.marks.at[out->lines.at[k - 1].offset].at >= start) k--;
  for (; k < n && KN_ROOM(w->f->module, out->lines, 1); k++) {
    struct kn_code_line row = out->lines.at[k];
    const uint32_t at = w->code.marks.at[row.offset].at - start;
    if (at > bytes) break;
    row.offset = kn_request_mark_at(d->observer.requests, here + at, w->code.fixups.n);
    row.flags &= ~(uint32_t)KN_LINE_PROLOGUE_END;
    out->lines.at[out->lines.n++] = row;
    d->lines.loc = row.loc;
  }
  d->lines.column = 0;
}

bool kn_debug_lines_stop(const struct kn_observer *o, const struct kn_walk *w) {
  const struct kn_debug_observer *d = (const struct kn_debug_observer *)o;
  const struct kn_output *out = w->out;
  if (out->lines.n == d->lines.first || kn_debug_as_is(w->f)) return false;
  const struct kn_code_line *row = &out->lines.at[out->lines.n - 1];
  return (row->flags & KN_LINE_STMT) && w->code.marks.at[row->offset].at == kn_here(w);
}

__attribute__((noinline)) void kn_debug_lines_column(struct kn_debug_observer *d) {
  const struct kn_walk *w = d->w;
  uint32_t loc = d->lines.column;
  if (kn_here(w) == d->calls.returned) return;
  d->lines.column = 0;
  if (w->out->lines.n == d->lines.first) return;
  d->lines.inst = w->i;
  d->lines.block = w->block;
  add_row(d, loc, 0);
}

/* Looks for statements that share the address of the one that begins at w->i; `loc`: its location. Each instruction
 * counts as long as there are some, or a location that has no row. */
static __attribute__((noinline)) void look_closer(struct kn_debug_observer *d, uint32_t loc) {
  if (d->lines.kept_in == d->w->block + 1) kn_debug_share_begin(d, loc);
  if (d->lines.column != 0) kn_debug_lines_column(d);
  if (d->lines.shared != 0 || d->lines.column != 0)
    d->observer.quiet.n = d->w->i + 1 - d->observer.quiet.first;
}

/* Instruction w->i is not in the window of instructions that have the newest row's location, or none. */
void kn_debug_lines_inst(struct kn_observer *o, const struct kn_walk *w) {
  struct kn_debug_observer *d = kn_debug_of(o);
  const kiln_func *f = w->f;
  const struct kn_note *at = f->notes[KN_NOTE_LOC].at, *note;
  uint32_t n = f->notes[KN_NOTE_LOC].n, k = d->lines.note;
  if (k < n && at[k].inst <= w->i && (k + 1 == n || at[k + 1].inst > w->i)) {
    note = &at[k++]; /* what comes next, as most often */
  } else if (k > 0 && at[k - 1].inst <= w->i && (k == n || at[k].inst > w->i)) {
    note = &at[k - 1]; /* the same, in another block */
  } else {
    note = kn_note_find(f, KN_NOTE_LOC, w->i);
    k = note ? (uint32_t)(note - at) + 1 : 0;
  }
  d->lines.note = k;
  if (KN_UNLIKELY(d->lines.shared != 0)) kn_debug_share_code(d, false);
  d->observer.quiet.first = note ? note->inst : 0;
  d->observer.quiet.n = (k < n ? at[k].inst : UINT32_MAX) - d->observer.quiet.first;
  uint32_t loc = note ? note->a : 0;
  if (KN_UNLIKELY(f->notes[KN_NOTE_PASSED].n != 0) && note && kn_inst_settle(f, note->inst) == w->i)
    pass_statements(d, note->inst);
  if (loc != 0 && (loc != d->lines.loc || d->lines.block_begins))
    change_row(d, (uint32_t)(note - at));
  if (KN_UNLIKELY((d->lines.kept_in | d->lines.column) != 0)) look_closer(d, loc);
}

void kn_debug_lines_end(struct kn_debug_observer *d) {
  struct kn_output *out = d->w->s->out;
  const struct kn_mark *marks = d->w->code.marks.at;
  uint32_t first = d->lines.first;
  for (uint32_t i = first; i < out->lines.n; i++)
    out->lines.at[i].offset = marks[out->lines.at[i].offset].at;
  /* the mark of the beginning may be behind bytes that were cut there */
  if (out->lines.n > first) out->lines.at[first].offset = d->w->code.start;
  struct kn_code_line *row = &out->lines.at[first];
  bool more = out->lines.n > first + 1;
  if (more && d->lines.at_once && (d->w->f->attrs.naked || row[1].offset == row->offset))
    row->loc = row[1].loc;
}
