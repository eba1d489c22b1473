/* Debugging information of inlined bodies: what a kept function says of locations and variables, in a form that any
 * session can read; and the same for each copy of its body, whose locations name the call that it replaced. Called by
 * inline_keep.c and the replay. Invariant: this adds notes to what is built, and no instruction, slot or constant. */
#include "base/bytes.h"
#include "ir/debug/die.h"
#include "ir/inline/inline_replay.h"

/* ---- keeping ---- */

static bool of_session(uint32_t die) { return (die & KN_DIE_SESSION) != 0; }

/* Does location `loc`, or a call that it is inlined at, name an entry of the session? */
static bool loc_of_session(const struct kn_sources *p, uint32_t loc) {
  for (; loc != 0 && loc < p->locs.n; loc = p->locs.at[loc].inlined)
    if (of_session(p->locs.at[loc].entry) || of_session(p->files.at[p->locs.at[loc].file].entry))
      return true;
  return false;
}

bool kn_inline_debug_of_session(const kiln_func *f) {
  const struct kn_sources *p = &f->session->sources;
  if (f->debug.subprogram == 0) return false;
  if (of_session(f->debug.subprogram) || loc_of_session(p, f->debug.begin)) return true;
  for (uint32_t k = 0; k < f->debug.vars.n; k++)
    if (of_session(f->debug.vars.at[k].variable) || loc_of_session(p, f->debug.vars.at[k].inlined))
      return true;
  for (uint32_t k = 0; k < f->debug.values.n; k++)
    if (of_session(f->debug.values.at[k].variable) ||
        loc_of_session(p, f->debug.values.at[k].inlined))
      return true;
  for (uint32_t k = 0; k < f->notes[KN_NOTE_LOC].n; k++)
    if (loc_of_session(p, f->notes[KN_NOTE_LOC].at[k].a)) return true;
  return false;
}

/* The locations that a kept function names, in the order in which they are met; from 1, room->locs has the session's
 * number of each, and room->numbers by that the index: right if room->locs says so. 0 is 0. */
static bool is_put(const struct kn_inline_room *room, uint32_t loc) {
  uint32_t k = room->numbers.at[loc];
  return k < room->locs.n && room->locs.at[k] == loc;
}

/* Puts `loc` there, and the calls that it is inlined at. */
static bool put(kiln_func *f, struct kn_inline_room *room, uint32_t loc) {
  for (; !is_put(room, loc); loc = f->session->sources.locs.at[loc].inlined) {
    room->numbers.at[loc] = room->locs.n;
    if (!KN_PUSH(f, room->locs, loc)) return false;
  }
  return true;
}

static bool put_all(kiln_func *f, struct kn_inline_room *room) {
  uint32_t n = f->session->sources.locs.n + 1, before = room->numbers.n;
  if (!KN_RESIZE(f, room->numbers, n > before ? n : before)) return false;
  if (n > before) memset(room->numbers.at + before, 0, (n - before) * sizeof(uint32_t));
  room->locs.n = room->numbers.at[0] = 0;
  bool ok = KN_PUSH(f, room->locs, 0) && put(f, room, f->debug.begin);
  for (uint32_t k = 0; k < f->debug.vars.n && ok; k++)
    ok = put(f, room, f->debug.vars.at[k].inlined);
  for (uint32_t k = 0; k < f->debug.values.n && ok; k++)
    ok = put(f, room, f->debug.values.at[k].inlined);
  for (uint32_t k = 0; k < f->notes[KN_NOTE_LOC].n && ok; k++)
    ok = put(f, room, f->notes[KN_NOTE_LOC].at[k].loc.scope);
  return ok;
}

static KN_COLD bool file_after(const struct kn_file *a, const struct kn_file *b) {
  return a->entry != b->entry ? a->entry > b->entry : strcmp(a->name, b->name) > 0;
}

/* Index of a file among those of kept functions; UINT32_MAX without memory. */
static uint32_t keep_file(kiln_module *m, const struct kn_file *file) {
  struct kn_kept *kept = m->kept;
  size_t length = strlen(file->name) + 1;
  uint32_t hash = kn_hash_bytes(file->name, length - 1), at, i;
  KN_HASH_EACH(&kept->file_hash, hash, at, i, file_after(file, &kept->files.at[i - 1])) {
    const struct kn_file *k = &kept->files.at[i - 1];
    if (k->entry == file->entry && strcmp(k->name, file->name) == 0) return i - 1;
  }
  if (!KN_HASH_ROOM(m, &kept->file_hash) || !KN_ROOM(m, kept->files, 1)) return UINT32_MAX;
  char *name = kn_realloc(m, NULL, length);
  if (name == NULL) return UINT32_MAX;
  memcpy(name, file->name, length);
  kept->files.at[kept->files.n++] = (struct kn_file){.name = name, .entry = file->entry};
  kn_hash_put(&kept->file_hash, at, hash, kept->files.n);
  return kept->files.n - 1;
}

/* Makes locations of those that were put. */
static bool copy_locs(kiln_session *s, struct kn_loc_full *kept,
                      const struct kn_inline_room *room) {
  const struct kn_sources *p = &s->sources;
  uint32_t file = UINT32_MAX, was = UINT32_MAX; /* the newest: kept, and in the session */
  kept[0] = (struct kn_loc_full){0};
  for (uint32_t k = 1; k < room->locs.n; k++) {
    struct kn_loc_full *to = &kept[k];
    *to = p->locs.at[room->locs.at[k]];
    to->inlined = room->numbers.at[to->inlined];
    if (to->file != was &&
        (file = keep_file(s->module, &p->files.at[was = to->file])) == UINT32_MAX)
      return false;
    to->file = file;
  }
  return true;
}

bool kn_inline_keep_locs(struct kn_body *body, kiln_func *copy, kiln_func *f) {
  struct kn_inline_room *room = f->session->inlining;
  struct kn_func_debug *debug = &copy->debug;
  if (f->notes[KN_NOTE_LOC].n == 0 && f->debug.begin == 0 && f->debug.subprogram == 0) return true;
  if (!put_all(f, room)) return false;
  const uint32_t n = room->locs.n, *numbers = room->numbers.at;
  if (n == 1) return true;
  body->locs = kn_realloc(f->module, NULL, n * sizeof *body->locs);
  body->n_locs = n;
  if (body->locs == NULL || !copy_locs(f->session, body->locs, room)) return false;
  debug->begin = numbers[debug->begin];
  for (uint32_t k = 0; k < debug->vars.n; k++)
    debug->vars.at[k].inlined = numbers[debug->vars.at[k].inlined];
  for (uint32_t k = 0; k < debug->values.n; k++)
    debug->values.at[k].inlined = numbers[debug->values.at[k].inlined];
  for (uint32_t k = 0; k < copy->notes[KN_NOTE_LOC].n; k++) {
    struct kn_loc *loc = &copy->notes[KN_NOTE_LOC].at[k].loc;
    loc->scope = numbers[loc->scope];
  }
  return true;
}

void kn_inline_free_files(kiln_module *m) {
  struct kn_kept *k = m->kept;
  for (uint32_t i = 0; i < k->files.n; i++)
    kn_realloc(m, (void *)(uintptr_t)k->files.at[i].name, 0);
  kn_realloc(m, k->files.at, 0);
  kn_hash_free(&m->options.allocator, &k->file_hash);
}

/* ---- locations of a copy ---- */

/* Number of kept file `index` in the session that builds. */
static uint32_t file_of(struct kn_replay *r, uint32_t index) {
  kiln_session *s = r->g->session;
  struct kn_inline_room *room = r->room;
  const struct kn_kept *kept = r->g->module->kept;
  while (room->files.n < kept->files.n)
    if (!KN_PUSH(r->g, room->files, 0)) return 0;
  if (room->files.at[index] == 0) {
    const struct kn_file *file = &kept->files.at[index];
    room->files.at[index] = kiln_file_new_die(s, (kiln_die){file->entry}, file->name);
  }
  return room->files.at[index];
}

/* Is the level's body compiled as it is, in a function that is not? And does LLVM make a body of its call, too? */
static bool is_as_is(const struct kn_replay *r, const struct kn_inline_level *l) {
  return kn_debug_as_is(l->f) && !kn_debug_as_is(r->g);
}
static bool is_always(const struct kn_replay *r, const struct kn_inline_level *l) {
  return is_as_is(r, l) && l->f->attrs.inlining == KILN_INLINE_ALWAYS;
}

uint32_t kn_replay_loc(struct kn_replay *r, struct kn_inline_level *l, uint32_t loc) {
  if (loc == 0 || l->locs == NULL) return loc;
  if (l->loc[loc] != 0) return l->loc[loc];
  const struct kn_loc_full *k = &l->locs[loc];
  uint32_t inlined = k->inlined != 0 ? kn_replay_loc(r, l, k->inlined) : l->call;
  kiln_location at = {.file = file_of(r, k->file),
                      .line = k->line,
                      .column = k->column,
                      .scope = {k->entry},
                      .inlined = inlined,
                      .flags = k->flags};
  const bool as_is = is_as_is(r, l), always = is_always(r, l);
  r->g->facts.mixed |= as_is;
  return l->loc[loc] = kn_loc_new_marked(r->g->session, &at,
                                         (as_is ? KN_LOC_AS_IS : 0) | (always ? KN_LOC_ALWAYS : 0));
}

/* The location that the next instruction has, as far as was said. */
static struct kn_loc newest(const kiln_func *g) {
  const struct kn_loc loc = kn_newest_loc(g);
  return loc.scope != 0 || g->debug.begin == 0 ? loc
                                               : kn_loc_of(&g->session->sources, g->debug.begin);
}

/* A location of its own for the call of a body: two calls of a function may have one location, and their copies are
 * to be told apart. */
static uint32_t new_call(kiln_func *g) {
  const struct kn_loc loc = newest(g);
  if (loc.scope == 0) return 0;
  const struct kn_loc_full *k = kn_loc_full(&g->session->sources, loc);
  kiln_location at = {.file = k->file + 1,
                      .line = loc.line,
                      .column = loc.column,
                      .scope = {k->entry},
                      .inlined = k->inlined};
  return kn_loc_new_marked(g->session, &at, k->flags & (KN_LOC_AS_IS | KN_LOC_ALWAYS));
}

/* The location of the next instruction is `loc`; `again`: the one of before, if they are equal. One that was said
 * before, and of which no instruction was built, was that of a statement nevertheless: of a call, or of what became a
 * value that was there already. */
static void say(struct kn_replay *r, struct kn_loc loc, bool again, bool statement) {
  kiln_func *g = r->g;
  uint32_t n = g->notes[KN_NOTE_LOC].n;
  if (n == 0 || !again || !kn_loc_is(kn_newest_loc(g), loc)) {
    const struct kn_note was = n != 0 ? g->notes[KN_NOTE_LOC].at[n - 1] : (struct kn_note){0};
    if (n == r->location && was.inst == g->n && was.loc.scope != 0 &&
        !KN_PUSH(g, g->notes[KN_NOTE_PASSED], was))
      return;
    (void)kn_note_loc(g, loc);
  }
  r->location = statement ? g->notes[KN_NOTE_LOC].n : 0;
}

void kn_replay_called(struct kn_replay *r, struct kn_loc loc) { say(r, loc, true, false); }

void kn_replay_notes(struct kn_replay *r, struct kn_inline_level *l, uint32_t i, bool statement) {
  const kiln_func *f = l->f;
  const struct kn_note *loc = kn_note_find(f, KN_NOTE_LOC, i);
  if (loc != NULL) {
    struct kn_loc is = loc->loc;
    is.scope = kn_replay_loc(r, l, is.scope);
    const bool again = l->said == NULL || kn_loc_goes_on(l->said, loc);
    say(r, is, again, statement && kn_op_is_of_statement(f->inst[i].op));
    if (is.scope != 0) l->said = loc;
  }
  const struct kn_note *text = l->up == NULL ? kn_note_find(f, KN_NOTE_TEXT_POSITION, i) : NULL;
  if (text != NULL) kiln_func_set_text_position(r->g, text->a, text->b);
  if (l->shown && f->debug.values.n != 0) kn_replay_values(r, l, i);
}

/* ---- variables of a copy ---- */

/* What a variable of `expr`, `n` bytes, becomes where `ref` is its value: an expression of `ref` without its
 * displacement. False: it is too long. */
enum { EXPR_MOST = 128 };
static bool expression(struct kn_ref ref, const uint8_t *expr, uint32_t n, uint8_t *to,
                       uint32_t *bytes) {
  uint8_t *p = to;
  if (n > EXPR_MOST - 16) return false;
  if (ref.disp > 0) {
    *p++ = KILN_DW_OP_plus_uconst;
    p = kn_put_uleb(p, (uint32_t)ref.disp);
  } else if (ref.disp < 0) {
    *p++ = KILN_DW_OP_const4s;
    kn_put32(p, (uint32_t)ref.disp);
    p[4] = KILN_DW_OP_plus;
    p += 5;
  }
  if (n != 0) memcpy(p, expr, n);
  *bytes = (uint32_t)(p - to) + n;
  return true;
}

void kn_replay_stored(struct kn_replay *r, struct kn_inline_level *l, uint32_t slot) {
  const kiln_func *f = l->f;
  for (uint32_t k = l->var_of[slot]; k != 0 && k <= f->debug.vars.n; k++) {
    const struct kn_debug_var *v = &f->debug.vars.at[k - 1];
    if (v->slot != slot) break;
    struct kn_ref ref = l->stored[slot];
    uint8_t bytes[EXPR_MOST];
    kiln_debug_value is = {.variable = {v->variable},
                           .value = {ref.h},
                           .address = v->indirect,
                           .expr = bytes,
                           .part_at = v->part_at,
                           .part_bits = v->part_bits,
                           .inlined = v->inlined != 0 ? kn_replay_loc(r, l, v->inlined) : l->call};
    bool computes = v->n != 0 && !v->indirect; /* with the slot's address, which there is not */
    if (computes || !expression(ref, f->debug.bytes.at + v->expr, v->n, bytes, &is.expr_bytes)) {
      is.value = (kiln_value){0};
      is.expr_bytes = 0;
    }
    kiln_func_set_variable(r->g, &is);
  }
}

void kn_replay_passed(struct kn_replay *r, uint32_t slot, uint32_t at, uint32_t bytes, uint32_t v) {
  struct kn_debug_store store = {r->g->n, kn_index(slot), at, bytes, v, newest(r->g), false, 0};
  (void)KN_PUSH(r->g, r->g->debug.stores, store);
}

/* Is `h` the address of constant data of the module? */
static bool is_constant(const kiln_func *g, uint32_t h) {
  const uint32_t symbol = kn_is_pool(h) ? g->pool.at[kn_index(h)].symbol : 0;
  kiln_module *m = g->module;
  if (symbol == 0) return false;
  kn_module_lock(m); /* functions may add data of theirs */
  const struct kn_symbol *s = kn_symbol(m, symbol);
  const uint32_t data = s->kind == KILN_SYMBOL_DATA ? s->data : 0;
  const bool is = data != 0 && (m->data.at[data - 1].flags & KILN_DATA_READ_ONLY);
  kn_module_unlock(m);
  return is;
}

void kn_replay_passed_copy(struct kn_replay *r, struct kn_ref to, struct kn_ref from,
                           uint32_t bytes) {
  kiln_func *g = r->g;
  const bool data = is_constant(g, from.h);
  const struct kn_debug_store store = {g->n,  kn_index(to.h),      (uint32_t)to.disp,
                                       bytes, data ? from.h : 0,   newest(g),
                                       data,  data ? from.disp : 0};
  (void)KN_PUSH(g, g->debug.stores, store);
}

/* What stands for operand `h`, if that is there already: nothing is made for debuggers. */
static struct kn_ref known(struct kn_replay *r, struct kn_inline_level *l, uint32_t h) {
  const struct kn_ref none = {0};
  uint32_t i = kn_index(h);
  if (kn_is_slot(h)) {
    uint32_t whole = l->f->slots.at[i].parent != 0 ? l->f->slots.at[i].parent - 1 : i;
    return l->slot[whole] != 0 ? kn_replay_ref(r, l, h) : none;
  }
  if (kn_is_pool(h)) return l->pool[i] != 0 ? kn_replay_ref(r, l, h) : none;
  return kn_replay_ref(r, l, h);
}

/* Does a variable of `f`, which becomes `v`, live at that address all the time? So it is if nothing else is said of it,
 * and that where the function begins. */
static bool lives_there(const kiln_func *f, const struct kn_debug_value *v) {
  enum { LOOKED_AT = 256 };
  if (!v->address || (v->n | v->part_bits | v->other[0]) != 0 || f->debug.values.n > LOOKED_AT ||
      v->inst < f->block[0].first || v->inst > f->block[0].term)
    return false;
  uint32_t n = 0;
  for (uint32_t k = 0; k < f->debug.values.n; k++)
    n +=
      f->debug.values.at[k].variable == v->variable && f->debug.values.at[k].inlined == v->inlined;
  return n == 1;
}

/* One value that a variable of the body becomes. */
static void becomes(struct kn_replay *r, struct kn_inline_level *l,
                    const struct kn_debug_value *v) {
  uint8_t bytes[EXPR_MOST];
  struct kn_ref ref = known(r, l, v->value);
  kiln_debug_value is = {.variable = {v->variable},
                         .value = {ref.h},
                         .address = v->address,
                         .expr = bytes,
                         .part_at = v->part_at,
                         .part_bits = v->part_bits,
                         .inlined = v->inlined != 0 ? kn_replay_loc(r, l, v->inlined) : l->call};
  if (kn_is_slot(ref.h) && ref.disp == 0 && kn_debug_as_is(r->g) && lives_there(l->f, v)) {
    const kiln_debug_variable there = {
      .variable = is.variable, .slot = {ref.h}, .inlined = is.inlined};
    kiln_func_declare_variable(r->g, &there);
    return;
  }
  bool ok = expression(ref, l->f->debug.bytes.at + v->expr, v->n, bytes, &is.expr_bytes);
  for (uint32_t k = 0; k < KILN_MAX_OTHER_VALUES && v->other[k] != 0; k++) {
    struct kn_ref other = known(r, l, v->other[k]);
    is.other[k] = (kiln_value){other.h};
    is.other_at[k] = v->other_at[k] + is.expr_bytes - v->n;
    ok = ok && other.h != 0 && other.disp == 0;
  }
  if (!ok) is.value = is.other[0] = (kiln_value){0};
  if (!ok) is.expr_bytes = 0;
  kiln_func_set_variable(r->g, &is);
}

void kn_replay_values(struct kn_replay *r, struct kn_inline_level *l, uint32_t i) {
  const kiln_func *f = l->f;
  uint32_t k = KN_COUNT_BEFORE(j, f->debug.values.n, f->debug.values.at[j].inst < i);
  for (; k < f->debug.values.n && f->debug.values.at[k].inst == i; k++) {
    const struct kn_debug_value *v = &f->debug.values.at[k];
    if (!v->label) becomes(r, l, v);
    else if (l->up == NULL) /* moves: v is a value of f, not of r->g */
      kiln_func_add_label(r->g, (kiln_die){v->variable}, kiln_func_position(r->g));
  }
}

/* The statement said last was a call for which LLVM has no code either: nothing is of its location. */
static void has_no_call(struct kn_replay *r) {
  kiln_func *g = r->g;
  uint32_t *n = &g->notes[KN_NOTE_LOC].n;
  if (r->location != 0 && r->location == *n && g->notes[KN_NOTE_LOC].at[*n - 1].inst == g->n) --*n;
  r->location = 0;
}

void kn_replay_debug_begin(struct kn_replay *r, struct kn_inline_level *l) {
  const kiln_func *f = l->f, *g = r->g;
  bool both = f->debug.subprogram != 0 && g->debug.subprogram != 0;
  l->shown = both;
  l->noted = f->notes[KN_NOTE_LOC].n != 0 || f->notes[KN_NOTE_TEXT_POSITION].n != 0;
  if (l->up != NULL) {
    l->call = both ? new_call(r->g) : 0;
    l->noted = l->call != 0;
    /* where variables are kept, those of what is not compiled so would have to be, too */
    l->shown = l->noted && (kn_debug_as_is(g) || !kn_debug_as_is(f));
    if (is_always(r, l) && !kn_debug_as_is(l->up->f)) has_no_call(r);
  }
  if (!l->shown) return;
  for (uint32_t k = f->debug.vars.n; k-- > 0;) l->var_of[f->debug.vars.at[k].slot] = k + 1;
}

void kn_replay_debug_end(struct kn_replay *r, struct kn_inline_level *l) {
  const kiln_func *f = l->f;
  if (!l->shown) return;
  for (uint32_t k = 0; k < f->debug.vars.n && r->g->status == KILN_OK; k++) {
    const struct kn_debug_var *v = &f->debug.vars.at[k];
    if (l->is_promotable[v->slot]) continue;
    kiln_debug_variable is = {.variable = {v->variable},
                              .slot = {l->slot[v->slot]},
                              .indirect = v->indirect,
                              .memory = v->memory,
                              .expr = f->debug.bytes.at + v->expr,
                              .expr_bytes = v->n,
                              .part_at = v->part_at,
                              .part_bits = v->part_bits,
                              .inlined =
                                v->inlined != 0 ? kn_replay_loc(r, l, v->inlined) : l->call};
    const struct kn_slot *slot = is.slot.id != 0 ? &r->g->slots.at[kn_index(is.slot.id)] : NULL;
    if (slot != NULL && ((slot->uses | slot->pieces) != 0 || kn_debug_as_is(r->g)))
      kiln_func_declare_variable(r->g, &is);
    else /* nothing accesses it: it exists, and has no value */
      kiln_func_set_variable(r->g,
                             &(kiln_debug_value){.variable = is.variable, .inlined = is.inlined});
  }
}

void kn_replay_debug_like(struct kn_replay *r, struct kn_inline_level *top) {
  kiln_func *g = r->g;
  const struct kn_func_debug *of = &top->f->debug;
  g->debug.subprogram = of->subprogram;
  g->debug.unit = of->unit;
  g->debug.calls = of->calls;
  g->debug.begin = kn_replay_loc(r, top, of->begin);
}

/* ---- what was removed ---- */

/* Is nothing left of the instructions from `first` up to `end`? */
static bool is_removed(const kiln_func *g, uint32_t first, uint32_t end) {
  uint32_t i = first;
  while (i < end && g->inst[i].op == KILN_OP_SEG) i++;
  return i == end && first < end;
}

/* A statement whose instructions were all removed counts as one that emitted nothing (KN_NOTE_PASSED). */
static void pass_removed(kiln_func *g) {
  uint32_t n = g->notes[KN_NOTE_LOC].n, old = g->notes[KN_NOTE_PASSED].n, more = 0;
  for (uint32_t k = 0; k < n; k++) {
    const struct kn_note *at = g->notes[KN_NOTE_LOC].at + k;
    more += at->loc.scope != 0 && is_removed(g, at->inst, k + 1 < n ? at[1].inst : g->n);
  }
  if (more == 0 || !KN_ROOM(g, g->notes[KN_NOTE_PASSED], more)) return;
  struct kn_note *to = g->notes[KN_NOTE_PASSED].at;
  g->notes[KN_NOTE_PASSED].n += more;
  for (uint32_t k = n; k-- > 0 && more != 0;) { /* from the end, as those that are there move up */
    const struct kn_note *at = g->notes[KN_NOTE_LOC].at + k;
    if (at->loc.scope == 0 || !is_removed(g, at->inst, k + 1 < n ? at[1].inst : g->n)) continue;
    while (old != 0 && to[old - 1].inst > at->inst) old--, to[old + more] = to[old];
    to[old + --more] = *at;
  }
}

/* The first instruction that is left from `i` on. */
static uint32_t left_from(const kiln_func *g, uint32_t i) {
  while (i < g->n && g->inst[i].op == KILN_OP_SEG && g->inst[i].a == i + 1) i++;
  return i;
}

void kn_replay_debug_finish(struct kn_replay *r) {
  kiln_func *g = r->g;
  struct kn_func_debug *debug = &g->debug;
  if (debug->subprogram == 0) return;
  pass_removed(g);
  struct kn_note *passed = g->notes[KN_NOTE_PASSED].at;
  for (uint32_t k = 0; k < g->notes[KN_NOTE_PASSED].n; k++)
    passed[k].inst = left_from(g, passed[k].inst);
  for (uint32_t k = 0; k < debug->values.n; k++)
    debug->values.at[k].inst = left_from(g, debug->values.at[k].inst);
  for (uint32_t k = 0; k < debug->stores.n; k++)
    debug->stores.at[k].inst = left_from(g, debug->stores.at[k].inst);
}
