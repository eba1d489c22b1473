/* What the walk leaves for debuggers: rows (code offset, source location), and where each declared variable lives.
 * Called by lib/codegen/walk.c for functions that a unit describes; lib/debug/dwarf.c makes sections of it. Invariant:
 * while a function is walked its rows have numbers of marks, and offsets once it is complete; the first row is at its
 * beginning, rows ascend. */
#include "ir/die.h"
#include "lib/debug/dwarf_writer.h"
#include "lib/codegen/walk.h"

#include <string.h>

/* ---- rows ---- */

static __attribute__((noinline)) bool grow_rows(struct kn_walk *w) {
  struct kn_output *out = &w->s->out;
  return kn_grow(w->f->module, &out->lines, &out->cap_lines, out->n_lines + 1, sizeof *out->lines);
}

static void add_row(struct kn_walk *w, uint32_t loc, uint32_t flags) {
  struct kn_output *out = &w->s->out;
  if (KN_UNLIKELY(out->n_lines == out->cap_lines) && !grow_rows(w)) return;
  uint32_t mark = kn_code_mark(w, kn_here(w));
  out->lines[out->n_lines++] = (struct kn_code_line){mark, loc, flags};
}

void kn_debug_begin(struct kn_walk *w) {
  kiln_func *f = w->f;
  w->debug.on = f->debug.subprogram != 0 && f->debug.unit != 0;
  w->debug.line_first = w->s->out.n_lines;
  w->debug.var_first = w->s->out.n_vars;
  w->debug.first = 0;
  w->debug.note = 0;
  w->debug.loc = w->debug.column = 0;
  w->debug.count = UINT32_MAX;
  w->debug.call_first = w->s->out.n_calls;
  w->debug.describes = 0;
  if (!w->debug.on) return;
  uint32_t n = f->blocks.n;
  if (n > w->debug.lines.cap &&
      !kn_grow(f->module, &w->debug.lines.at, &w->debug.lines.cap, n, sizeof *w->debug.lines.at)) {
    w->debug.on = false;
    return;
  }
  w->debug.count = 0;
  w->debug.block_begins = false;
  memset(w->debug.lines.at, 0, n * sizeof *w->debug.lines.at);
  w->debug.terms.n = 0;
  kn_debug_held_begin(w);
  w->debug.labels_only = true;
  for (uint32_t k = 0; k < f->debug.values.n && w->debug.labels_only; k++)
    w->debug.labels_only = f->debug.values.at[k].label;
  add_row(w, w->debug.loc = f->debug.begin, KN_LINE_STMT);
  kn_debug_calls_begin(w);
}

void kn_debug_enter(struct kn_walk *w) {
  /* x86-64 code saves registers of variable arguments only if a test says so, but by Windows'
   * convention. LLVM's prologue ends before that jump, and a breakpoint on the function is there */
  const struct kn_sig *sig = kn_sig(w->f->module, w->f->sig);
  if ((sig->flags & KILN_SIG_VARIADIC) && sig->cc != KILN_CC_WIN64 && w->target->elf.nop_bytes == 1)
    add_row(w, w->debug.loc, KN_LINE_STMT | KN_LINE_PROLOGUE_END);
}

/* An instruction that does nothing. */
static void put_nop(struct kn_walk *w) {
  uint32_t nop = w->target->elf.nop;
  unsigned size = w->target->elf.nop_bytes;
  for (unsigned k = 0; k < size; k++) w->code.p[k] = (uint8_t)(nop >> 8 * k);
  w->code.p += size;
}

/* Does LLVM have code for such an instruction, wherever it is? */
static bool has_code(unsigned op) {
  return op != KILN_OP_VA_END && op != KILN_OP_LIFE_START && op != KILN_OP_LIFE_END;
}

/* The newest row if it has no code so far and begins a line; else NULL. */
static const struct kn_code_line *empty_row(const struct kn_walk *w) {
  const struct kn_output *out = &w->s->out;
  const struct kn_loc *locs = w->s->places.locs;
  const struct kn_code_line *row = &out->lines[out->n_lines - 1];
  uint32_t n = out->n_lines - w->debug.line_first; /* the first is the function's beginning */
  if (n < 2 || w->code.marks.at[row->offset].at != kn_here(w)) return NULL;
  uint32_t line = locs[row->loc].line;
  return line != 0 && (n == 2 || line != locs[row[-1].loc].line) ? row : NULL;
}

/* A nop for a branch without code at the end of the block walked last, where LLVM has a jump. */
static void fill_branch(struct kn_walk *w) {
  const kiln_func *f = w->f;
  const struct kn_block *b = &f->block[w->debug.row_block];
  uint32_t i = w->debug.row_inst, k = w->debug.note;
  if (w->s->out.n_lines - w->debug.line_first < 2 || f->inst[i].op != KILN_OP_BR) return;
  const struct kn_code_line *row = empty_row(w);
  /* LLVM has no code for a branch to the block that was made next either, but for one that is alone in its block */
  if (row == NULL || (!w->target->elf.branches_count &&
                      f->edges.at[b->edge_first].target == w->debug.row_block + 1 &&
                      (b->term != i || kn_inst_settle(f, b->first) != i)))
    return;
  const struct kn_loc *locs = w->s->places.locs;
  uint32_t next = k < f->notes[KN_NOTE_LOC].n ? f->notes[KN_NOTE_LOC].at[k].a : 0;
  if (next != 0 && w->plan->in_order && locs[next].line == locs[row->loc].line) return;
  put_nop(w);
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
  if (f->inst[b->term].op != KILN_OP_BR || b->param_first == 0 || w->target->elf.branches_count ||
      f->edges.at[b->edge_first].target != block + 1)
    return false;
  uint32_t i = kn_inst_settle(f, b->first);
  while (f->inst[i].op == KILN_OP_PARAM) i = kn_inst_settle(f, i + 1);
  return i == b->term;
}

/* The block that was walked last leaves with the newest row's line: notes it for its targets. */
static void leave_block(struct kn_walk *w) {
  const kiln_func *f = w->f;
  const struct kn_block *b = &f->block[w->block];
  uint32_t *lines = w->debug.lines.at, line = w->s->places.locs[w->debug.loc].line;
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
  uint32_t pos = kn_plan_pos(f, w->block);
  if (plan->loop_end[pos] == 0) return false;
  uint32_t source = plan->layout[plan->loop_end[pos] - 1];
  const struct kn_note *from = kn_note_find(f, KN_NOTE_LOC, f->block[source].term);
  return from != NULL && from->a != 0 && w->s->places.locs[from->a].line != line;
}

/* Is a block that begins with `line` entered from another one? Then a statement begins there, whatever is before it: so
 * it is by LLVM since version 20. Not where the block begins with a try: LLVM says it of a label there, which has no
 * code. */
static bool entered_from_elsewhere(const struct kn_walk *w, uint32_t line) {
  if (w->f->inst[kn_inst_settle(w->f, w->i)].op == KILN_OP_TRY || only_passes(w, w->block))
    return false;
  uint32_t from = w->debug.lines.at[w->block];
  return (from != NO_LINE && from != line) || repeated_from_elsewhere(w, line);
}

void kn_debug_block(struct kn_walk *w) {
  fill_branch(w);
  leave_block(w);
  w->debug.block_begins = true;
  w->debug.column = 0;
  w->debug.count = 0; /* its first location is looked at, the same as before or not */
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

/* The location of what was built before w->i and has one; 0: none. `k`: index of the note of w->i. */
static uint32_t built_before(const struct kn_walk *w, uint32_t k) {
  const struct kn_note *at = w->f->notes[KN_NOTE_LOC].at;
  if (at[k].inst != w->i) return at[k].a;
  while (k > 0 && at[k - 1].a == 0) k--;
  return k > 0 ? at[k - 1].a : 0;
}

/* Instruction w->i begins with the location of note `k`, which differs from the newest row's. A row that has no code,
 * and gets none, is replaced. A statement begins where the line differs from that of the instruction built before,
 * wherever the layout puts that: so it is by LLVM, which does not move blocks. */
static void change_row(struct kn_walk *w, uint32_t k) {
  struct kn_output *out = &w->s->out;
  uint32_t loc = w->f->notes[KN_NOTE_LOC].at[k].a, from = w->debug.loc;
  if (KN_UNLIKELY(out->n_lines == w->debug.line_first)) return; /* there was no memory for a row */
  if (KN_UNLIKELY(!w->plan->in_order)) {
    uint32_t before = built_before(w, k);
    if (before != 0) from = before;
  }
  const struct kn_loc *locs = w->s->places.locs, *now = &locs[loc], *was = &locs[from];
  bool same_line = now->line == was->line && now->file == was->file;
  bool enters = false;
  if (w->debug.block_begins && now->line != 0) {
    w->debug.block_begins = false;
    enters = same_line && entered_from_elsewhere(w, now->line);
  }
  if (!enters && loc == w->debug.loc) return;
  /* gdb, coming back from a call to the beginning of a row that begins no statement, forgets where it was stepping */
  if (same_line && !enters && now->scope == was->scope && now->inlined == was->inlined &&
      now->flags == was->flags && from == w->debug.loc && w->f->inst[w->i - 1].op == KILN_OP_CALL) {
    w->debug.loc = w->debug.column = loc;
    return;
  }
  w->debug.column = 0;
  bool stmt = (!same_line || enters || (now->flags & KILN_LOC_STMT)) && now->line != 0 &&
              !(now->flags & KILN_LOC_NOT_STMT);
  uint32_t flags =
    (stmt ? KN_LINE_STMT : 0) | (now->flags & KILN_LOC_PROLOGUE_END ? KN_LINE_PROLOGUE_END : 0);
  w->debug.loc = loc;
  /* what debuggers wrote to variables in memory counts from the next statement on */
  w->regs.epoch += stmt;
  if (KN_UNLIKELY(w->eh.on) && stmt && behind_try(w)) put_nop(w);
  uint32_t n = out->n_lines - w->debug.line_first;
  struct kn_code_line *row = &out->lines[out->n_lines - 1];
  if (n >= 2 && w->code.marks.at[row->offset].at == kn_here(w)) {
    const struct kn_loc *newest = &locs[row->loc];
    /* an instruction that needs no code, where LLVM has some; for branches see kn_debug_block */
    unsigned op = w->f->inst[w->debug.row_inst].op;
    bool keep =
      newest->line != now->line && op != KILN_OP_BR && has_code(op) && empty_row(w) != NULL;
    if (keep) {
      put_nop(w);
    } else if (n > 2 && newest->flags == 0) {
      row->flags = flags | (newest->line == now->line ? row->flags : 0);
      row->loc = loc;
      w->debug.row_inst = w->i;
      w->debug.row_block = w->block;
      return;
    }
  }
  w->debug.row_inst = w->i;
  w->debug.row_block = w->block;
  add_row(w, loc, flags);
}

bool kn_debug_begins_statement(const struct kn_walk *w) {
  const struct kn_output *out = &w->s->out;
  if (out->n_lines == w->debug.line_first) return false;
  const struct kn_code_line *row = &out->lines[out->n_lines - 1];
  return (row->flags & KN_LINE_STMT) && w->code.marks.at[row->offset].at == kn_here(w);
}

void kn_debug_column(struct kn_walk *w) {
  uint32_t loc = w->debug.column;
  w->debug.column = 0;
  if (kn_here(w) == w->debug.called || w->s->out.n_lines == w->debug.line_first) return;
  w->debug.row_inst = w->i;
  w->debug.row_block = w->block;
  add_row(w, loc, 0);
}

/* Instruction w->i is not in the window of instructions that have the newest row's location, or none. */
void kn_debug_change(struct kn_walk *w) {
  const kiln_func *f = w->f;
  const struct kn_note *at = f->notes[KN_NOTE_LOC].at, *note;
  uint32_t n = f->notes[KN_NOTE_LOC].n, k = w->debug.note;
  if (k < n && at[k].inst <= w->i && (k + 1 == n || at[k + 1].inst > w->i)) {
    note = &at[k++]; /* what comes next, as most often */
  } else if (k > 0 && at[k - 1].inst <= w->i && (k == n || at[k].inst > w->i)) {
    note = &at[k - 1]; /* the same, in another block */
  } else {
    note = kn_note_find(f, KN_NOTE_LOC, w->i);
    k = note ? (uint32_t)(note - at) + 1 : 0;
  }
  w->debug.note = k;
  w->debug.first = note ? note->inst : 0;
  w->debug.count = (k < n ? at[k].inst : UINT32_MAX) - w->debug.first;
  uint32_t loc = note ? note->a : 0;
  if (loc != 0 && (loc != w->debug.loc || w->debug.block_begins))
    change_row(w, (uint32_t)(note - at));
  if (KN_UNLIKELY(f->debug.values.n != 0)) {
    uint32_t until = kn_debug_values_here(w);
    if (until > w->debug.first + w->debug.count) until = w->debug.first + w->debug.count;
    w->debug.first = w->i;
    w->debug.count = until - w->i;
  }
}

/* ---- variables ---- */

/* DW_OP_...: DWARF 5, 7.7.1. */
enum {
  OP_DEREF = 0x06,
  OP_CONSTS = 0x11,
  OP_AND = 0x1a,
  OP_REG0 = 0x50,
  OP_REGX = 0x90,
  OP_BREG0 = 0x70,
  OP_BREGX = 0x92,
  OP_FBREG = 0x91
};

/* Is a piece of slot `s`, or its own variable while it has pieces, in a register? Else it is memory as a whole. */
static bool in_pieces(const kiln_func *f, const struct kn_slot *s) {
  if (s->pieces == 0) return false;
  bool any = s->reg != KN_NO_REG;
  for (uint32_t i = s->pieces; i != 0; i = f->slots.at[i - 1].pieces)
    any |= f->slots.at[i - 1].reg != KN_NO_REG;
  return any;
}

/* Slots that nothing accesses have a place in the frame too: a debugger may show them. Targets have placed those that
 * are aligned beyond what the frame is if they are accessed; others need no such alignment. */
void kn_debug_place(struct kn_walk *w) {
  kiln_func *f = w->f;
  for (uint32_t i = 0; i < f->debug.vars.n; i++) {
    uint32_t slot = f->debug.vars.at[i].slot;
    struct kn_slot *s = &f->slots.at[slot];
    if (s->reg != KN_NO_REG || s->frame != 0 || in_pieces(f, s)) continue;
    if (s->align_log2 > 4) s->align_log2 = 4;
    kn_slot_frame(w, slot);
  }
}

uint8_t *kn_debug_frame(const struct kn_walk *w, uint8_t *p, int32_t frame, unsigned align_log2) {
  const struct kn_target *t = w->target;
  int64_t at = (int64_t)frame - w->frame.cfa;
  if (w->frame.up && frame < 0) at = (int64_t)frame + t->beyond;
  int64_t align = INT64_C(1) << align_log2;
  bool round = align > 16 && !t->aligned_by_pointer;
  *p++ = OP_FBREG;
  p = kn_put_sleb(p, round ? at + align - 1 : at);
  if (align > 16 && t->aligned_by_pointer) *p++ = OP_DEREF;
  if (round) {
    *p++ = OP_CONSTS;
    p = kn_put_sleb(p, -align);
    *p++ = OP_AND;
  }
  return p;
}

void kn_debug_add_row(struct kn_walk *w, struct kn_code_var row, const uint8_t *head, uint32_t n,
                      const uint8_t *expr) {
  struct kn_output *out = &w->s->out;
  kiln_module *m = w->f->module;
  uint32_t more = row.n, all = n + more;
  if ((out->n_vars >= out->cap_vars &&
       !kn_grow(m, &out->vars, &out->cap_vars, out->n_vars + 1, sizeof *out->vars)) ||
      (out->n_exprs + (uint64_t)all > out->cap_exprs &&
       !kn_grow(m, &out->exprs, &out->cap_exprs, out->n_exprs + all, 1)))
    return;
  if (n) memcpy(out->exprs + out->n_exprs, head, n);
  if (more) memcpy(out->exprs + out->n_exprs + n, expr, more);
  row.expr = out->n_exprs;
  row.n = all;
  out->vars[out->n_vars++] = row;
  out->n_exprs += all;
}

/* Adds what variable `v` is while the content of `s`, a slot or a piece of one, is it, or its part of it. */
static void add_slot(struct kn_walk *w, const struct kn_debug_var *v, const struct kn_slot *s,
                     uint32_t part_at, uint32_t part_bits) {
  uint8_t b[32], *p = b;
  if (s->reg != KN_NO_REG) {
    unsigned reg = w->target->elf.dwarf_regs[s->reg];
    if (v->n != 0 && !v->indirect) return; /* kn_plan keeps such variables in memory */
    if (v->indirect) {
      if (reg < 32) *p++ = (uint8_t)(OP_BREG0 + reg);
      else *p++ = OP_BREGX, *p++ = (uint8_t)reg;
      *p++ = 0;
    } else if (reg < 32) {
      *p++ = (uint8_t)(OP_REG0 + reg);
    } else {
      *p++ = OP_REGX;
      *p++ = (uint8_t)reg;
    }
  } else {
    if (s->frame == 0) return; /* see kn_debug_place */
    p = kn_debug_frame(w, p, s->frame, s->align_log2);
    if (v->indirect) *p++ = OP_DEREF;
  }
  struct kn_code_var row = {.variable = v->variable,
                            .inlined = v->inlined,
                            .n = v->n,
                            .part_at = part_at,
                            .part_bits = part_bits};
  kn_debug_add_row(w, row, b, (uint32_t)(p - b), w->f->debug.bytes.at + v->expr);
}

static void add_var(struct kn_walk *w, const struct kn_debug_var *v) {
  const struct kn_slot *slots = w->f->slots.at, *s = &slots[v->slot];
  if (KN_LIKELY(!in_pieces(w->f, s))) {
    add_slot(w, v, s, v->part_at, v->part_bits);
    return;
  }
  if (s->uses != 0) add_slot(w, v, s, 0, 8u << kn_type_log2[s->type]);
  for (uint32_t i = s->pieces; i != 0; i = slots[i - 1].pieces) {
    const struct kn_slot *piece = &slots[i - 1];
    add_slot(w, v, piece, 8 * piece->offset, (uint32_t)(8 * piece->size_bytes));
  }
}

void kn_debug_end(struct kn_walk *w) {
  struct kn_output *out = &w->s->out;
  const struct kn_mark *marks = w->code.marks.at;
  for (uint32_t i = w->debug.line_first; i < out->n_lines; i++)
    out->lines[i].offset = marks[out->lines[i].offset].at;
  /* the mark of the beginning may be behind bytes that were cut there */
  if (out->n_lines > w->debug.line_first) out->lines[w->debug.line_first].offset = w->code.start;
  const kiln_func *f = w->f;
  /* LLVM writes no row for the line on which such a function begins */
  if (f->attrs.naked && out->n_lines > w->debug.line_first + 1)
    out->lines[w->debug.line_first].loc = out->lines[w->debug.line_first + 1].loc;
  for (uint32_t i = 0; i < f->debug.vars.n; i++) add_var(w, &f->debug.vars.at[i]);
  if (f->debug.values.n) kn_debug_values_end(w);
  if (w->debug.describes) kn_debug_calls_end(w);
}

/* ---- the plan ---- */

/* The content of `s`, a slot or a piece of one, is variable `v`, or a part of it. */
static void widen(struct kn_plan *plan, const struct kn_debug_var *v, const struct kn_slot *s) {
  if (s->global == 0) return;
  struct kn_range *r = &plan->ranges.at[s->global - 1];
  r->loaded = true; /* by a debugger */
  if (r->first > r->last || v->memory || (v->n != 0 && !v->indirect)) {
    r->bank = KN_NO_BANK;
    return;
  }
  r->first = 0;
  r->last = plan->n_layout - 1;
  r->shown = true;
}

void kn_plan_debug(struct kn_plan *plan, const kiln_func *f) {
  const struct kn_slot *slots = f->slots.at;
  for (uint32_t k = 0; k < f->debug.vars.n; k++) {
    const struct kn_debug_var *v = &f->debug.vars.at[k];
    widen(plan, v, &slots[v->slot]);
    for (uint32_t i = slots[v->slot].pieces; i != 0; i = slots[i - 1].pieces)
      widen(plan, v, &slots[i - 1]);
  }
  for (uint32_t k = 0; k < f->debug.values.n; k++) {
    uint32_t h = f->debug.values.at[k].value;
    const struct kn_slot *s = kn_is_slot(h) ? &slots[kn_index(h)] : NULL;
    if (s && s->global != 0) plan->ranges.at[s->global - 1].loaded = true;
  }
}

void kn_plan_debug_pieces(kiln_func *f) {
  struct kn_slot *slots = f->slots.at;
  for (uint32_t i = 0; i < f->debug.vars.n; i++) {
    const struct kn_debug_var *v = &f->debug.vars.at[i];
    if (slots[v->slot].pieces != 0 && (v->memory || v->n != 0 || v->indirect || v->part_bits != 0))
      kn_slot_escape(f, v->slot);
  }
  for (uint32_t i = 0; i < f->debug.values.n; i++) {
    uint32_t h = f->debug.values.at[i].value;
    if (kn_is_slot(h) && slots[kn_index(h)].pieces != 0) kn_slot_escape(f, kn_index(h));
  }
}
