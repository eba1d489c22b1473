/* Beginning, reuse and release of functions; their errors and the growth of their arrays; what front ends say of slots
 * and values: arrays, roots, references, ids of calls. Called by
 * front ends and by the compile pipeline. A session keeps the functions that ended, so that the
 * next one gets arrays which are in the cache: a reset sets the counts to zero. */
#include "ir/builder/builder.h"

#include <stdarg.h>
#include <stdio.h>

/* ---- callbacks ---- */

/* Around a callback by which a function must stay as it is: the session then compiles and discards none. */
static bool func_call_out(kiln_func *f) {
  bool busy = f->session->busy;
  f->session->busy = true;
  return busy;
}

static void func_call_back(kiln_func *f, bool busy) { f->session->busy = busy; }

/* ---- errors ---- */

/* Copies what fits, NUL-terminated. */
static void copy_name(char *out, size_t size, const char *name) {
  size_t n = name != NULL ? strlen(name) : 0;
  if (n >= size) n = size - 1;
  if (n != 0) memcpy(out, name, n);
  out[n] = 0;
}

/* Number of `inst`, which may be the next to be built; UINT32_MAX if it has none. */
static uint32_t inst_number(const kiln_func *f, uint32_t inst) {
  if (inst == 0 || inst < f->n) return inst != 0 ? kn_func_inst_number(f, inst) : UINT32_MAX;
  if (f->n == 1) return 0;
  uint32_t before =
    f->val[f->n - 1].block == f->current ? kn_func_inst_number(f, f->n - 1) : UINT32_MAX;
  return before != UINT32_MAX ? before + 1 : UINT32_MAX;
}

/* Fills in the source position of instruction `inst`. */
static void describe_source(const kiln_func *f, uint32_t inst, kiln_diag *d) {
  const struct kn_sources *p = &f->session->sources;
  const struct kn_loc loc = inst != 0 ? kn_loc_at(f, inst) : (struct kn_loc){0};
  d->source[0] = 0;
  d->source_line = d->source_column = 0;
  if (loc.scope == 0) return;
  const char *name = kn_loc_file(p, loc);
  size_t n = strlen(name);
  copy_name(d->source, sizeof d->source,
            n < sizeof d->source ? name : name + (n - sizeof d->source + 1));
  d->source_line = loc.line;
  d->source_column = loc.column;
}

void kiln_func_fill_diag(const kiln_func *f, kiln_diag *d) {
  if (f != NULL && d != NULL) describe_source(f, f->n, d);
}

/* Fills a diagnostic's position: all but its message. */
static void describe(const kiln_func *f, kiln_status status, uint32_t block, uint32_t inst,
                     kiln_diag *d) {
  const kiln_module *m = f->module;
  d->status = status;
  copy_name(d->module, sizeof d->module, m->options.name);
  copy_name(d->function, sizeof d->function, f->symbol != 0 ? kn_symbol(m, f->symbol)->name : "");
  const uint32_t number = inst_number(f, inst);
  d->has =
    (block != UINT32_MAX ? KILN_DIAG_BLOCK : 0) | (number != UINT32_MAX ? KILN_DIAG_INST : 0);
  d->block = block != UINT32_MAX ? block : 0;
  d->inst = number != UINT32_MAX ? number : 0;
  d->line = d->column = 0;
  if (!kn_func_inst_text_position(f, inst < f->n ? inst : 0, &d->line, &d->column))
    d->line = d->column = 0;
  describe_source(f, inst, d);
}

kiln_status kn_func_fail(kiln_func *f, kiln_status status, uint32_t block, uint32_t inst,
                         const char *message, ...) {
  if (f->status != KILN_OK) return status;
  if ((unsigned)status >= KILN_STATUS_COUNT || status == KILN_OK) status = KILN_ERR_ARGUMENT;
  kiln_module *m = f->module;
  kiln_diag *d = &f->diag;
  /* without memory, calls of the module gave "none", which is now an argument */
  if (status == KILN_ERR_ARGUMENT && kn_module_failed(m) && kn_module_own(m) == KILN_ERR_MEMORY)
    status = KILN_ERR_MEMORY;
  describe(f, status, block, inst, d);
  va_list args;
  va_start(args, message);
  vsnprintf(d->message, sizeof d->message, message, args);
  va_end(args);
  f->status = status;
  f->limit = 0;
  if (m->options.on_diag != NULL) {
    bool busy = func_call_out(f), was = kn_module_call_out(m);
    kn_module_tell(m, d);
    kn_module_call_back(m, was);
    func_call_back(f, busy);
  }
  return status;
}

bool kn_sessions_closed(kiln_session *const *sessions, size_t n, kiln_diag *d) {
  const kiln_func *least = NULL; /* whichever session it is in */
  for (size_t i = 0; i < n; i++)
    for (const kiln_func *f = sessions[i]->open; f != NULL; f = f->next)
      if (least == NULL || f->symbol < least->symbol) least = f;
  if (least == NULL) return true;
  describe(least, KILN_ERR_STRUCTURE, least->current, least->n, d);
  copy_name(d->message, sizeof d->message,
            "the function is still open: it was neither compiled nor discarded");
  return false;
}

kiln_status kiln_func_status(const kiln_func *f) {
  return f != NULL ? f->status : KILN_ERR_ARGUMENT;
}

kiln_status kiln_func_fail(kiln_func *f, kiln_status status, const char *message) {
  if (f == NULL) return KILN_ERR_ARGUMENT;
  return kn_func_fail(f, status, f->current, f->n, "%s", message != NULL ? message : "");
}

/* ---- arrays ---- */

bool kn_func_grow(kiln_func *f, void *array, uint64_t more, size_t item_size) {
  KN_ARRAY(void) any;
  memcpy(&any, array, sizeof any);
  if (any.n + more > KN_MAX_INDEX)
    return KN_FUNC_FAIL(false, f, KILN_ERR_LIMIT, f->current, f->n, "the function is too large");
  /* the user's allocator must not use the function meanwhile: it is as good as finished */
  bool busy = func_call_out(f), finished = f->facts.finished;
  uint32_t limit = f->limit;
  f->facts.finished = true;
  f->limit = 0;
  bool ok = kn_array_grow(&f->module->options.allocator, array, more, item_size);
  f->facts.finished = finished;
  if (f->status == KILN_OK) f->limit = limit;
  func_call_back(f, busy);
  if (ok) return f->status == KILN_OK || finished;
  kn_module_fail(f->module, KILN_ERR_MEMORY, "out of memory");
  return KN_FUNC_FAIL(false, f, KILN_ERR_MEMORY, f->current, 0, "out of memory");
}

bool kn_build_grow(kiln_func *f) {
  KN_ARRAY(struct kn_inst) inst = {f->inst, f->cap, f->cap};
  KN_ARRAY(struct kn_val) val = {f->val, f->cap, f->cap};
  bool ok = KN_ROOM(f, inst, 1) && KN_ROOM(f, val, 1);
  f->inst = inst.at;
  f->val = val.at;
  if (!ok) return false;
  f->cap = inst.cap;
  if (f->limit != 0) f->limit = f->cap;
  return true;
}

bool kn_build_room(kiln_func *f) {
  if (f->status != KILN_OK) return false;
  if (f->facts.finished) return kn_build_fail(f, KILN_ERR_STRUCTURE, "the function is finished");
  if (f->limit == 0)
    return kn_build_fail(f, KILN_ERR_STRUCTURE, "the block already has a terminator");
  return kn_build_grow(f);
}

/* ---- begin and end ---- */

/* Empties all arrays, and forgets all of the function before; index 0 of instructions stays reserved. */
static void reset(kiln_func *f) {
#define ARRAY(type, name) f->name.n = 0;
  KN_FUNC_ARRAYS(ARRAY)
#undef ARRAY
#define ARRAY(type, name) .name = {f->debug.name.at, 0, f->debug.name.cap},
  f->debug = (struct kn_func_debug){KN_FUNC_DEBUG_ARRAYS(ARRAY)};
#undef ARRAY
  for (unsigned k = 0; k < KN_NOTE_COUNT; k++) f->notes[k].n = 0;
  kn_hash_clear(&f->type_hash);
  f->n = 1;
  f->limit = 0;
  kn_build_set_block(f, 0);
  f->status = f->diag.status = KILN_OK;
  f->symbol = f->sig = 0;
  memset(&f->attrs, 0, KN_ATTRS_BYTES);
  f->attrs.features = f->module->options.features;
  f->facts = (struct kn_func_facts){0};
}

static void free_func(kiln_func *f) {
  const kiln_module *m = f->module;
#define ARRAY(type, name) kn_realloc(m, f->name.at, 0);
  KN_FUNC_ARRAYS(ARRAY)
#undef ARRAY
#define ARRAY(type, name) kn_realloc(m, f->debug.name.at, 0);
  KN_FUNC_DEBUG_ARRAYS(ARRAY)
#undef ARRAY
  for (unsigned k = 0; k < KN_NOTE_COUNT; k++) kn_realloc(m, f->notes[k].at, 0);
  kn_hash_free(&m->options.allocator, &f->type_hash);
  KN_FREE(&m->options.allocator, f->inst, f->val, f);
}

/* A function with its reserved instruction, from the session's spare ones if there is one. */
static kiln_func *take(kiln_session *s) {
  kiln_func *f = s->spare;
  if (f != NULL) {
    s->spare = f->next;
    reset(f);
    return f;
  }
  f = kn_realloc(s->module, NULL, sizeof *f);
  if (f == NULL) return KN_MODULE_FAIL(NULL, s->module, KILN_ERR_MEMORY, "out of memory");
  memset(f, 0, sizeof *f);
  f->session = s;
  f->module = s->module;
  reset(f);
  if (!kn_build_grow(f)) {
    free_func(f);
    return NULL;
  }
  f->inst[0] = (struct kn_inst){0};
  f->val[0] = (struct kn_val){.reg = KN_NO_REG, .hint = KN_NO_REG};
  return f;
}

/* Parameters of which some are an i128: their upper halves are between them. */
static KN_COLD void entry_pairs(kiln_func *f, const struct kn_sig *sig) {
  struct kn_block *b = f->block;
  for (uint32_t i = 0; i < sig->n_params; i++) {
    const unsigned type = sig->params[i].type;
    const uint32_t v = f->n;
    kn_build_emit(f, KILN_OP_PARAM, type, type, i, 0, 0, 0);
    if (i != 0) f->inst[b->param_last].b = v;
    b->param_last = v;
    (void)kn_build_made(f, type, v);
  }
  b->contiguous = 0;
}

/* The entry block with the signature's parameters. */
static bool begin_entry(kiln_func *f, const struct kn_sig *sig) {
  if (!KN_ROOM(f, f->blocks, 1)) return false;
  f->block = f->blocks.at;
  f->blocks.n = 1;
  struct kn_block *b = f->block;
  memset(b, 0, sizeof *b);
  if (!KN_PUSH(f, f->order, 0)) return false;
  b->pos = 1;
  b->contiguous = 1;
  uint32_t n = sig != NULL ? sig->n_params : 0;
  while (2 * n >= f->cap - f->n)
    if (!kn_build_grow(f)) return false;
  if (n != 0) {
    const kiln_param *params = sig->params;
    b->param_first = 1;
    b->param_last = n;
    b->n_params = n;
    if (KN_UNLIKELY(sig->has_pairs)) entry_pairs(f, sig);
    else
      for (uint32_t i = 0; i < n; i++)
        kn_build_emit(f, KILN_OP_PARAM, params[i].type, params[i].type, i, 0, i + 1 < n ? i + 2 : 0,
                      0);
  }
  b->first = f->n;
  return true;
}

void kiln_slot_set_array(kiln_func *f, kiln_value slot) {
  if (!kn_build_open(f)) return;
  if (!kn_is_slot(slot.id) || kn_index(slot.id) >= f->slots.n)
    kn_build_fail(f, KILN_ERR_ARGUMENT, "the operand must be a stack slot");
  else f->slots.at[kn_index(slot.id)].array = 1;
}

void kiln_slot_set_root(kiln_func *f, kiln_value slot) {
  if (!kn_build_open(f)) return;
  struct kn_slot *s = f->slots.at + kn_index(slot.id);
  if (!kn_is_slot(slot.id) || kn_index(slot.id) >= f->slots.n || s->parent != 0) {
    kn_build_fail(f, KILN_ERR_ARGUMENT, "the operand must be a stack slot");
  } else if (!(s->size_bytes == 8 && s->align_log2 == 3) &&
             !(s->size_bytes == 4 && s->align_log2 == 2)) {
    kn_build_fail(f, KILN_ERR_ARGUMENT, "a root has 8 or 4 bytes, and the same alignment");
  } else if ((s->uses != 0 || s->pieces != 0 || s->array) && !(s->memory & KN_MEMORY_ROOT)) {
    kn_build_fail(f, KILN_ERR_ARGUMENT, "the slot was used before it was made a root");
  } else {
    s->memory |= KN_MEMORY_ESCAPES | KN_MEMORY_ROOT;
    s->global = 0;
    f->facts.has_roots = true;
  }
}

void kiln_func_set_reference(kiln_func *f, kiln_value v, bool is_reference) {
  if (!kn_build_open(f)) return;
  if (!kn_is_value(v.id) || v.id == 0 || v.id >= f->n || f->val[v.id].type == KILN_TYPE_VOID) {
    kn_build_fail(f, KILN_ERR_ARGUMENT, "a reference is a value that an instruction makes");
    return;
  }
  if (!is_reference && f->inst[v.id].op != KILN_OP_COPY) {
    kn_build_fail(f, KILN_ERR_ARGUMENT, "only a copy of a reference can be none");
    return;
  }
  f->facts.has_roots = true;
  /* in ascending order, and nearly always the newest */
  const struct kn_note *before = kn_note_find(f, KN_NOTE_REFERENCE, v.id);
  uint32_t k = before != NULL ? (uint32_t)(before - f->notes[KN_NOTE_REFERENCE].at) + 1 : 0;
  struct kn_note note = {v.id, .a = is_reference, .b = 0};
  if (before != NULL && before->inst == v.id) {
    f->notes[KN_NOTE_REFERENCE].at[k - 1] = note;
  } else if (KN_ROOM(f, f->notes[KN_NOTE_REFERENCE], 1)) {
    struct kn_note *at = f->notes[KN_NOTE_REFERENCE].at + k;
    memmove(at + 1, at, (f->notes[KN_NOTE_REFERENCE].n++ - k) * sizeof *at);
    *at = note;
  }
}

void kiln_func_set_call_id(kiln_func *f, uint32_t id) {
  if (!kn_build_open(f)) return;
  f->facts.has_roots = true;
  (void)kn_note_next(f, KN_NOTE_CALL_ID, id, 0);
}

/* A function of `symbol` in the session's list of open ones, with its entry; without a valid symbol it has no
 * parameters. NULL without memory. */
static kiln_func *open_func(kiln_session *s, uint32_t symbol) {
  kiln_func *f = take(s);
  if (f == NULL) return NULL;
  kiln_module *m = s->module;
  f->clobbers = m->ir.clobbers;
  f->prev = NULL;
  f->next = s->open;
  if (s->open != NULL) s->open->prev = f;
  s->open = f;

  const struct kn_sig *sig = NULL;
  if (kn_symbol_valid(m, symbol)) {
    f->symbol = symbol;
    if (kn_symbol(m, symbol)->kind == KILN_SYMBOL_FUNC) {
      f->sig = kn_symbol(m, symbol)->sig;
      sig = kn_sig(m, f->sig);
      f->facts.n_results = sig->n_results;
      memcpy(f->facts.result_types, sig->results, sizeof f->facts.result_types);
      f->facts.variadic = (sig->flags & KILN_SIG_VARIADIC) != 0;
      f->attrs.protection = m->attrs.protection;
    }
  }
  if (!begin_entry(f, sig)) { /* without memory for the entry there is no function */
    kn_func_release(f);
    return NULL;
  }
  f->limit = f->cap;
  return f;
}

kiln_func *kiln_func_begin(kiln_session *s, kiln_symbol symbol) {
  kiln_func *f = s != NULL ? open_func(s, symbol.id) : NULL;
  if (f == NULL) return NULL;
  kiln_module *m = s->module;
  bool known = kn_symbol_valid(m, symbol.id);
  /* a module that failed gave "none" as the symbol */
  if (!known && kn_module_failed(m))
    kn_func_fail(f, kn_module_own(m), UINT32_MAX, 0, "the module has an error");
  else if (!known) kn_func_fail(f, KILN_ERR_ARGUMENT, UINT32_MAX, 0, "no such symbol");
  else if (f->sig == 0)
    kn_func_fail(f, KILN_ERR_SYMBOL, UINT32_MAX, 0, "the symbol is not a function");
  else if (__atomic_load_n(&kn_symbol(m, symbol.id)->defined, __ATOMIC_RELAXED))
    kn_func_fail(f, KILN_ERR_SYMBOL, UINT32_MAX, 0, "the function has a body already");
  else if (!kn_symbol_define_func(m, symbol.id))
    kn_func_fail(f, kn_module_own(m), UINT32_MAX, 0, "the module has an error");
  else f->facts.defines = true;
  return f;
}

kiln_func *kn_func_begin_again(const kiln_func *f) { return open_func(f->session, f->symbol); }

void kn_func_swap(kiln_func *f, kiln_func *g) {
  kiln_func other = *f;
  bool defines = f->facts.defines;
  *f = *g;
  *g = other;
  g->next = f->next, g->prev = f->prev;
  f->next = other.next, f->prev = other.prev;
  g->facts.defines = false;
  f->facts.defines = defines;
}

void kn_func_release(kiln_func *f) {
  kiln_session *s = f->session;
  if (f->prev == NULL && s->open != f) return; /* released already */
  if (f->prev != NULL) f->prev->next = f->next;
  else s->open = f->next;
  if (f->next != NULL) f->next->prev = f->prev;
  f->prev = NULL;
  f->next = s->spare;
  s->spare = f;
}

void kn_func_free_all(kiln_session *s) {
  kiln_func *lists[2] = {s->open, s->spare};
  s->open = s->spare = NULL;
  for (int i = 0; i < 2; i++) {
    for (kiln_func *f = lists[i], *next; f != NULL; f = next) {
      next = f->next;
      free_func(f);
    }
  }
}

void kiln_func_discard(kiln_func *f) {
  if (f == NULL) return;
  if (KN_UNLIKELY(kn_session_busy(f->session))) {
    kn_func_fail(f, KILN_ERR_STRUCTURE, UINT32_MAX, 0,
                 "a callback of the session cannot compile or discard functions");
    return;
  }
  bool printed = f->symbol != 0 && kn_symbol(f->module, f->symbol)->printed; /* with its data */
  if (f->facts.n_data > 0 && !printed) kn_data_drop(f->module, f->symbol);
  if (KN_UNLIKELY(f->facts.n_names > 0) && !printed) kn_late_names_drop(f->module, f->symbol);
  if (f->facts.defines) kn_symbol_undefine_func(f->module, f->symbol);
  kn_func_release(f);
}

kiln_session *kiln_func_session(const kiln_func *f) { return f != NULL ? f->session : NULL; }

kiln_symbol kiln_func_symbol(const kiln_func *f) {
  return (kiln_symbol){f != NULL ? f->symbol : 0};
}

kiln_value kiln_func_param(kiln_func *f, uint32_t i) {
  if (f == NULL || f->status != KILN_OK) return KN_NONE;
  if (i < f->block[0].n_params) return (kiln_value){kn_block_param(f, &f->block[0], i)};
  if (!f->facts.finished) kn_build_fail(f, KILN_ERR_ARGUMENT, "the function has no such parameter");
  return KN_NONE;
}

void kiln_func_hold(kiln_func *f, const char *message) {
  if (f != NULL) f->facts.hold = message;
}

/* ---- notes ---- */

bool kn_note_next(kiln_func *f, enum kn_note_kind kind, uint32_t a, uint32_t b) {
  struct kn_note note = {f->n, .a = a, .b = b};
  uint32_t n = f->notes[kind].n;
  if (n == 0 || f->notes[kind].at[n - 1].inst != f->n) return KN_PUSH(f, f->notes[kind], note);
  f->notes[kind].at[n - 1] = note;
  return true;
}

bool kn_note_loc(kiln_func *f, struct kn_loc loc) {
  struct kn_note note = {f->n, .loc = loc};
  uint32_t n = f->notes[KN_NOTE_LOC].n;
  struct kn_note *newest = n != 0 ? &f->notes[KN_NOTE_LOC].at[n - 1] : NULL;
  if (n == 0 || newest->inst != f->n) return KN_PUSH(f, f->notes[KN_NOTE_LOC], note);
  if (n > 1 && newest->loc.scope == 0 && kn_loc_is(newest[-1].loc, loc))
    f->notes[KN_NOTE_LOC].n--; /* nothing was built that has none: the one before goes on */
  else *newest = note;
  return true;
}

/* Has `at` the file, entry, call and flags of location `id`? One that begins a statement is equal to no other. */
static inline bool in_scope(const struct kn_sources *p, uint32_t id, const kiln_location *at) {
  if (id == 0) return false;
  const struct kn_loc_full *is = p->locs.at + id;
  return at->scope.id == is->entry && at->inlined == is->inlined && at->flags == is->flags &&
         !(at->flags & KILN_LOC_STMT) && at->file - 1 == is->file && at->reserved[0] == 0;
}

void kiln_func_set_location(kiln_func *f, const kiln_location *at) {
  if (KN_UNLIKELY(f == NULL || at == NULL || f->status != KILN_OK || f->facts.finished) &&
      (at == NULL || !kn_build_open(f)))
    return;
  struct kn_sources *p = &f->session->sources;
  if (!in_scope(p, p->scope, at) && (p->scope = kn_loc_new(f->session, at)) == 0) return;
  (void)kn_note_loc(f, (struct kn_loc){at->line, at->column, p->scope});
}

void kiln_func_set_line(kiln_func *f, uint32_t line, uint32_t column) {
  if (KN_UNLIKELY(f == NULL || f->status != KILN_OK || f->facts.finished) && !kn_build_open(f))
    return;
  const struct kn_sources *p = &f->session->sources;
  if (KN_UNLIKELY(p->scope == 0)) {
    kn_build_fail(f, KILN_ERR_ARGUMENT, "a line needs a location before it, for its file");
    return;
  }
  const struct kn_loc_full *is = p->locs.at + p->scope;
  if (KN_LIKELY(!(is->flags & KILN_LOC_STMT))) {
    (void)kn_note_loc(f, (struct kn_loc){line, column, p->scope});
    return;
  }
  const kiln_location at = {is->file + 1, line, column, {is->entry}, is->inlined, is->flags, {0}};
  kiln_func_set_location(f, &at);
}

bool kn_loc_goes_on(const struct kn_note *a, const struct kn_note *b) {
  const struct kn_note *k = a < b ? a : b, *last = a < b ? b : a;
  if (!kn_loc_is(a->loc, b->loc)) return false;
  while (++k <= last)
    if (k->loc.scope != 0 && (k[-1].loc.scope != 0 || !kn_loc_is(k->loc, b->loc))) return false;
  return true;
}

void kiln_func_set_loc(kiln_func *f, uint32_t loc) {
  if (!kn_build_open(f)) return;
  if (KN_UNLIKELY(loc != 0 && loc >= f->session->sources.locs.n)) {
    kn_build_fail(f, KILN_ERR_ARGUMENT, "no such location");
    return;
  }
  const struct kn_loc is = loc != 0 ? kn_loc_of(&f->session->sources, loc) : (struct kn_loc){0};
  if (f->notes[KN_NOTE_LOC].n == 0 || !kn_loc_is(kn_newest_loc(f), is)) (void)kn_note_loc(f, is);
}

void kiln_func_set_text_position(kiln_func *f, uint32_t line, uint32_t column) {
  if (f == NULL || f->status != KILN_OK || f->facts.finished) return;
  (void)kn_note_next(f, KN_NOTE_TEXT_POSITION, line, column);
}

uint32_t kiln_func_next_inst(const kiln_func *f) {
  uint32_t last = f != NULL && f->n > 1 ? kn_func_inst_number(f, f->n - 1) : UINT32_MAX;
  return last == UINT32_MAX ? 0 : last + 1;
}
