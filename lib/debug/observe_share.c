/* Statements that share an address: debuggers stop at the last one alone. Inlining and forwarding leave statements
 * without code. The rows after such a statement begin later, each after an instruction that only computes, so that
 * the statement has an address of its own. Called by observe_lines.c and debugger.c. Invariant: a row begins no earlier
 * than its statement's code; what changes a variable that debuggers show, or may fail, is in its statement's row. */
#include "lib/debug/debugger.h"

/* ---- instructions ---- */

/* The slot that handle `h` is, or is a piece of: index + 1. 0: it is none. */
static uint32_t slot_of(const kiln_func *f, uint32_t h) {
  return kn_is_slot(h) ? (uint32_t)(kn_slot_whole(f, kn_index(h)) - f->slots.at) + 1 : 0;
}

/* The slot, as above, that an instruction writes, and does nothing else that debuggers see. */
static uint32_t written_slot(const kiln_func *f, const struct kn_inst *in) {
  if (in->op == KILN_OP_STORE) return in->x & KILN_MEM_VOLATILE ? 0 : slot_of(f, in->a);
  if (in->op == KILN_OP_MEMSET) return in->x == 0 ? slot_of(f, in->a) : 0;
  return in->op == KILN_OP_MEMCPY && in->x == 0 && (kn_is_slot(in->b) || kn_is_pool(in->b))
           ? slot_of(f, in->a)
           : 0;
}

/* Is the slot, as above, an operand of the instruction? `from`: operands before this one do not count. */
static bool has_slot(const kiln_func *f, const struct kn_inst *in, uint32_t slot, uint32_t from) {
  const struct kn_operands o = kn_operands(f, in);
  for (uint32_t k = from; k < o.n; k++)
    if (slot_of(f, kn_operand(&o, k)) == slot) return true;
  return false;
}

static uint32_t call_of(const struct kn_walk *w, struct kn_loc loc) {
  return kn_loc_full(&w->s->sources, loc)->inlined;
}

/* Are the two in one line of one body? */
static bool in_one_line(const struct kn_walk *w, struct kn_loc a, struct kn_loc b) {
  return kn_debug_in_line(w, a, b) && call_of(w, a) == call_of(w, b);
}

/* The location of instruction `i` in the body that was inlined at `inlined`: its own, or that of the call around it.
 * None: the instruction is not within that body. */
static struct kn_loc loc_within(const struct kn_walk *w, uint32_t i, uint32_t inlined) {
  struct kn_loc loc = kn_loc_at(w->f, i);
  while (loc.scope != 0 && call_of(w, loc) != inlined)
    loc = kn_loc_of(&w->s->sources, call_of(w, loc));
  return loc;
}

/* Where the life of the slot that instruction `i` writes begins, if nothing reads it between: index; else 0. */
static uint32_t life_before(const kiln_func *f, uint32_t i) {
  enum { LOOKED_AT = 64 };
  const uint32_t slot = written_slot(f, &f->inst[i]);
  if (slot == 0 || has_slot(f, &f->inst[i], slot, 1)) return 0;
  for (uint32_t k = i, n = 0; k-- > 1 && n < LOOKED_AT; n++) {
    const struct kn_inst *in = &f->inst[k];
    if (in->op == KILN_OP_SEG && in->a == k + 1) continue; /* was removed */
    if (in->op == KILN_OP_SEG || in->op == KILN_OP_PARAM || kn_op_ends_block(in->op)) return 0;
    if (in->op == KILN_OP_LIFE_START && slot_of(f, in->a) == slot) return k;
    if (has_slot(f, in, slot, written_slot(f, in) == slot)) return 0;
  }
  return 0;
}

/* Does instruction `i` initialize a variable: does it write a slot which nothing has read since its life began, and no
 * other statement has written? Its content was any bits until then. */
static bool initializes(const struct kn_walk *w, uint32_t i) {
  const kiln_func *f = w->f;
  const uint32_t begin = life_before(f, i);
  if (begin == 0 || kn_note_find(f, KN_NOTE_LOC, begin) == NULL) return false;
  const uint32_t level = call_of(w, kn_loc_at(f, begin));
  const struct kn_loc loc = loc_within(w, i, level);
  if (loc.scope == 0) return false;
  for (uint32_t k = begin + 1; k < i; k++)
    if (written_slot(f, &f->inst[k]) == written_slot(f, &f->inst[i]) &&
        !kn_debug_in_line(w, loc_within(w, k, level), loc))
      return false;
  return true;
}

/* Was instruction `i`, the last one, computed in the home of something else: of a variable that is stored next, or of
 * a loop's parameter? */
static bool is_in_other_home(const struct kn_walk *w, uint32_t i) {
  const struct kn_val *v = &w->val[i];
  return v->reg != KN_NO_REG && !(v->flags & KN_VF_HOME) && !(w->regs.block_regs >> v->reg & 1);
}

/* Did instruction `i`, the last one, change nothing that debuggers show, and can nothing go wrong in it? A load by a
 * pointer can: the line at which it fails has to be its own. */
static bool only_computes(const struct kn_walk *w, uint32_t i) {
  const kiln_func *f = w->f;
  const struct kn_inst *in = &f->inst[i];
  const struct kn_op_info *info = &kn_op_info[in->op];
  if (is_in_other_home(w, i)) return false;
  if (initializes(w, i)) return true;
  if (info->shape == KN_SH_LOAD) return kn_is_slot(in->a) && !(in->x & KILN_MEM_VOLATILE);
  if ((info->effects & (KN_FX_KEPT | KN_FX_TRAP)) != 0 || info->fact != KN_FACT_NO) return false;
  return !(f->clobbers[in->op] >> in->type & 1);
}

/* ---- which rows begin where ---- */

/* The statements of a run. Place 0 is where it begins, place k + 1 is the mark later[k]. */
enum { MAX_STATEMENTS = 64 };
struct run {
  uint32_t n, places;
  uint32_t row[MAX_STATEMENTS];  /* index in the output */
  uint32_t from[MAX_STATEMENTS]; /* the first place at which the row may begin: where its code is */
  bool own[MAX_STATEMENTS];      /* it gets an address of its own */
};

/* Do all statements that are to have an address of their own get one? The last one has the last place. */
static bool fits(const struct run *run) {
  uint32_t places = run->places;
  for (uint32_t k = run->n; k-- > 0;) {
    if (!run->own[k]) continue;
    if (places == 0 || run->from[k] > places - 1) return false;
    places--;
  }
  return true;
}

/* Does statement `k` have code of its own? */
static bool has_code(const struct run *run, uint32_t k) {
  return k + 1 == run->n || run->from[k + 1] > run->from[k];
}

/* Is row `row` of a body that was inlined for a call in the line of row `call`? */
static bool is_called_by(const struct kn_walk *w, const struct kn_code_line *row,
                         const struct kn_code_line *call) {
  for (uint32_t by = call_of(w, row->loc); by != 0; by = w->s->sources.locs.at[by].inlined)
    if (kn_debug_in_line(w, kn_loc_of(&w->s->sources, by), call->loc) &&
        w->s->sources.locs.at[by].inlined == call_of(w, call->loc))
      return true;
  return false;
}

enum { LAST_RANK = 64 };

/* How many calls that were inlined the row is within. */
static uint32_t depth_of(const struct kn_walk *w, const struct kn_code_line *row) {
  uint32_t n = 0;
  for (uint32_t by = call_of(w, row->loc); by != 0; by = w->s->sources.locs.at[by].inlined) n++;
  return n < LAST_RANK ? n : LAST_RANK;
}

/* Does a statement with code in the line of statement `k` have an address? */
static bool is_repeated(const struct kn_walk *w, const struct run *run, uint32_t k) {
  const struct kn_code_line *rows = w->out->lines.at;
  const struct kn_loc at = rows[run->row[k]].loc;
  for (uint32_t i = 0; i < run->n; i++) {
    const struct kn_loc other = rows[run->row[i]].loc;
    if (i != k && has_code(run, i) && in_one_line(w, at, other)) return true;
  }
  return false;
}

/* When statement `k`, which has no code, is to get an address, lowest first: those of the outermost bodies come first.
 * The last ones are those at whose lines debuggers stop anyway: calls whose bodies begin with the next code, since that
 * is before they enter the body (where several bodies begin there, gdb sets no breakpoint on the outer call); what is
 * left of a statement after the body of its call; and lines with code. */
static uint32_t rank(const struct kn_walk *w, const struct run *run, uint32_t k) {
  const struct kn_code_line *rows = w->out->lines.at, *row = &rows[run->row[k]];
  uint32_t next = k + 1;
  while (next + 1 < run->n && !has_code(run, next)) next++;
  const bool enters = is_called_by(w, &rows[run->row[next]], row) &&
                      depth_of(w, &rows[run->row[next]]) == depth_of(w, row) + 1;
  if (enters || is_called_by(w, row - 1, row) || is_repeated(w, run, k)) return LAST_RANK;
  return depth_of(w, row);
}

/* What has code keeps an address of its own; of the others as many as there are places for get one, by rank, the
 * earlier ones before the later. */
static void choose(const struct kn_walk *w, struct run *run) {
  uint32_t ranks[MAX_STATEMENTS], places = run->places, most = 0;
  for (uint32_t k = 0; k < run->n; k++) places -= run->own[k] = has_code(run, k);
  for (uint32_t k = 0; k < run->n && places != 0; k++) {
    ranks[k] = run->own[k] ? 0 : rank(w, run, k);
    if (ranks[k] > most) most = ranks[k];
  }
  for (uint32_t level = 0; level <= most && places != 0; level++)
    for (uint32_t k = 0; k < run->n && places != 0; k++) {
      if (run->own[k] || ranks[k] != level) continue;
      run->own[k] = true;
      places -= run->own[k] = fits(run);
    }
}

/* Finds the statements among the rows from `first` on; of those that follow each other, or the code before them, in one
 * line, the first counts. `more`: code follows here. */
static void find(const struct kn_debug_observer *d, struct run *run, uint32_t first, bool more) {
  const struct kn_walk *w = d->w;
  const struct kn_output *out = w->out;
  const struct kn_mark *later = d->lines.later;
  run->places = d->lines.n_later + 1;
  while (!more && run->places > 1 && later[run->places - 2].at == kn_here(w)) run->places--;
  run->n = 0;
  for (uint32_t k = first, place = 0; k < out->lines.n && run->n < MAX_STATEMENTS; k++) {
    const struct kn_code_line *row = &out->lines.at[k];
    if (!(row->flags & KN_LINE_STMT) || (!more && row->offset == kn_here(w))) continue;
    const uint32_t last = run->n != 0 ? run->row[run->n - 1] : first - 1;
    if (in_one_line(w, out->lines.at[last].loc, row->loc)) continue;
    while (place + 1 < run->places && later[place].at <= row->offset) place++;
    run->from[run->n] = place;
    run->row[run->n++] = k;
  }
}

/* Moves the rows from `first` on to the places that their statements get. */
static void place(struct kn_debug_observer *d, const struct run *run, uint32_t first) {
  struct kn_output *out = d->w->out;
  uint32_t next = 0;
  for (uint32_t k = 0; k < run->n; k++) {
    struct kn_code_line *row = &out->lines.at[run->row[k]];
    if (next < run->from[k]) next = run->from[k];
    if (next > run->from[k]) {
      row->offset = d->lines.later[next - 1].at;
      row->fixups = d->lines.later[next - 1].fixups;
    }
    if (run->own[k]) next++;
  }
  for (struct kn_code_line *row = out->lines.at + first + 1; row < out->lines.at + out->lines.n;
       row++)
    if (row->offset < row[-1].offset) {
      row->offset = row[-1].offset;
      row->fixups = row[-1].fixups;
    }
}

/* What a statement without code stores counts from where the next one begins. Rows have moved; `begins`: where they
 * were. */
static void delay_values(struct kn_debug_observer *d, const struct run *run,
                         const uint32_t *begins) {
  const struct kn_walk *w = d->w;
  const struct kn_code_line *rows = w->out->lines.at;
  for (uint32_t i = d->lines.begun; i < d->seen.n; i++) {
    struct kn_debug_seen *s = &d->seen.at[i];
    if (s->loc.scope == 0) continue;
    uint32_t k = run->n;
    while (k-- > 0) {
      const struct kn_loc of = rows[run->row[k]].loc;
      if (begins[k] <= s->from.at && in_one_line(w, of, s->loc)) break;
    }
    if (k >= run->n || k + 1 == run->n) continue;
    const struct kn_code_line *next = &rows[run->row[k + 1]];
    if (next->offset > s->from.at) s->from = (struct kn_mark){next->offset, next->fixups};
  }
}

/* ---- events ---- */

void kn_debug_share_begin(struct kn_debug_observer *d, struct kn_loc loc) {
  const struct kn_walk *w = d->w;
  const struct kn_output *out = w->out;
  const struct kn_code_line *rows = out->lines.at;
  const uint32_t newest = out->lines.n - 1;
  if (d->lines.shared != 0 || d->lines.inst != w->i ||
      (rows[newest].flags & ~KN_LINE_KEPT) != KN_LINE_STMT ||
      !kn_debug_in_line(w, rows[newest].loc, loc))
    return;
  uint32_t k = newest;
  while (k > d->lines.block_first && rows[k - 1].flags & KN_LINE_KEPT &&
         rows[k - 1].offset == kn_here(w))
    k--;
  if (k == newest) return;
  d->lines.shared = k + 1;
  d->lines.n_later = 0;
  d->lines.looked = w->i;
  d->lines.begun = d->seen.n;
}

void kn_debug_share_end(struct kn_debug_observer *d, bool more) {
  const uint32_t first = d->lines.shared - 1;
  struct run run;
  d->lines.shared = 0;
  find(d, &run, first, more);
  if (run.places == 1 || run.n < 2) return;
  uint32_t begins[MAX_STATEMENTS];
  for (uint32_t k = 0; k < run.n; k++) begins[k] = d->w->out->lines.at[run.row[k]].offset;
  choose(d->w, &run);
  place(d, &run, first);
  delay_values(d, &run, begins);
}

void kn_debug_share_code(struct kn_debug_observer *d, bool in_call) {
  const struct kn_walk *w = d->w;
  struct kn_debug_lines *lines = &d->lines;
  const uint32_t looked = lines->looked;
  const uint32_t newest = lines->n_later != 0 ? lines->later[lines->n_later - 1].at
                                              : w->out->lines.at[lines->shared - 1].offset;
  const bool any = newest != kn_here(w);
  lines->looked = w->i;
  /* a load without code so far is emitted by its reader */
  const bool counts = any || w->f->inst[looked].op == KILN_OP_LOAD;
  if (lines->n_later == KN_DEBUG_LATER || (counts && !in_call && !only_computes(w, looked)))
    kn_debug_share_end(d, false);
  else if (any) lines->later[lines->n_later++] = (struct kn_mark){kn_here(w), w->code.fixups.n};
}
