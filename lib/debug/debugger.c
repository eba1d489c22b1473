/* The observer of the walk that debuggers have: hears events and hands them to the files that debugger.h lists.
 * Attached by lib/compile.c. Invariant: of a function that fails nothing stays in the session's output. */
#include "lib/debug/debugger.h"

#include <string.h>

static void begin(struct kn_observer *o, const struct kn_walk *w) {
  struct kn_debug_observer *d = kn_debug_of(o);
  d->w = w;
  d->var_first = w->out->vars.n;
  kn_debug_lines_begin(d);
  kn_debug_values_begin(d);
  kn_debug_calls_begin(d);
}

/* Of a function that says what values are: each instruction counts for these, if there are any but labels. */
static void inst(struct kn_observer *o, const struct kn_walk *w) {
  struct kn_debug_observer *d = kn_debug_of(o);
  struct kn_quiet *lines = &d->lines.quiet;
  const struct kn_quiet *values = &d->values.quiet;
  if (w->i - lines->first >= lines->n) {
    kn_debug_lines_inst(o, w);
    *lines = o->quiet;
  }
  if (w->i - values->first >= values->n) kn_debug_values_here(d);
  const uint32_t end = lines->first + lines->n, until = values->first + values->n;
  o->quiet = (struct kn_quiet){w->i, (until < end ? until : end) - w->i};
}

static void call(struct kn_observer *o, const struct kn_walk *w, bool own, unsigned reg) {
  struct kn_debug_observer *d = kn_debug_of(o);
  if (w->inst[w->i].op == KILN_OP_CALL) kn_debug_step(d);
  if (d->lines.shared != 0) kn_debug_share_code(d, true);
  if (d->lines.column.scope != 0) kn_debug_lines_column(d);
  if (w->f->debug.calls) kn_debug_call_begins(d, own, reg);
}

/* The instruction that ends a block has compared, and branches once or twice; or it has moved
 * the results to their registers, and returns. */
static void branch(struct kn_observer *o, const struct kn_walk *w) {
  struct kn_debug_observer *d = kn_debug_of(o);
  const unsigned op = w->inst[w->i].op;
  if (op == KILN_OP_BRIF) kn_debug_step(d);
  if (op == KILN_OP_RET && d->lines.inst == w->i) kn_debug_lines_return(d);
  if (d->lines.shared == 0 || (op != KILN_OP_BRIF && op != KILN_OP_RET)) return;
  kn_debug_share_code(d, true);
  if (d->lines.shared != 0) kn_debug_share_end(d, true);
}

/* Of a function that says what values are: a block is complete. */
static void leave(struct kn_observer *o, const struct kn_walk *w) {
  kn_debug_lines_leave(o, w);
  kn_debug_values_leave(kn_debug_of(o));
}

/* The same of a function with bodies for whose statements no code is added. */
static void leave_mixed(struct kn_observer *o, const struct kn_walk *w) {
  kn_debug_lines_leave_mixed(o, w);
  kn_debug_values_leave(kn_debug_of(o));
}

static void blocks(struct kn_observer *o, const struct kn_walk *w) {
  if (kn_debug_of(o)->lines.shared != 0) kn_debug_share_end(kn_debug_of(o), false);
  (void)w;
  if (!kn_debug_of(o)->as_is) kn_debug_vars_allocate(kn_debug_of(o));
  kn_debug_values_leave(kn_debug_of(o));
  kn_debug_values_moved(kn_debug_of(o));
}

static void end(struct kn_observer *o, const struct kn_walk *w, struct kn_code_func *func) {
  struct kn_debug_observer *d = kn_debug_of(o);
  kn_debug_lines_end(d);
  kn_debug_values_settle(d);
  kn_debug_values_end(d);
  if (w->f->debug.calls) kn_debug_calls_end(d);
  func->subprogram = w->f->debug.subprogram;
  func->loc_first = d->lines.first;
  func->var_first = d->var_first;
  func->call_first = d->calls.first;
}

#define EVENTS(on_inst, on_leave, is_alone)                                                        \
  {.begin = begin,                                                                                 \
   .frame = kn_debug_lines_frame,                                                                  \
   .inst = on_inst,                                                                                \
   .call = call,                                                                                   \
   .returned = kn_debug_call_returns,                                                              \
   .tail = kn_debug_tail,                                                                          \
   .branch = branch,                                                                               \
   .repeat = kn_debug_lines_repeat,                                                                \
   .alone = is_alone,                                                                              \
   .stop = kn_debug_lines_stop,                                                                    \
   .leave = on_leave,                                                                              \
   .blocks = blocks,                                                                               \
   .end = end}
static const struct kn_observer_events with_lines =
  EVENTS(kn_debug_lines_inst, kn_debug_lines_leave, NULL);
static const struct kn_observer_events with_values = EVENTS(inst, leave, NULL);
static const struct kn_observer_events with_bodies =
  EVENTS(inst, leave_mixed, kn_debug_lines_alone);

/* The session's observer; NULL: the module has failed. */
static struct kn_debug_observer *observer_of(kiln_session *s) {
  if (s->observer == NULL && (s->observer = kn_realloc(s->module, NULL, sizeof *s->observer)))
    *s->observer = (struct kn_debug_observer){0};
  if (s->observer == NULL) kn_module_fail(s->module, KILN_ERR_MEMORY, "out of memory");
  return s->observer;
}

void kn_debug_prepare(const kiln_func *f) {
  kiln_session *s = f->session;
  struct kn_debug_observer *d = observer_of(s);
  if (d == NULL) return;
  d->observer.on = NULL;
  d->as_is = kn_debug_as_is(f);
  d->mixed = f->facts.mixed; /* so it is not as_is */
  d->adds = !(d->as_is | d->mixed);
  if (!d->as_is && f->debug.vars.n + f->debug.values.n != 0) kn_debug_ask(s->plan, f);
  if (f->debug.unit == 0 || !kn_session_has_locs(s) ||
      !KN_RESIZE(s->module, d->lines.entered_from, f->blocks.n))
    return;
  const bool values = f->debug.values.n != 0 || (d->as_is && f->debug.vars.n != 0);
  d->observer.on = d->mixed ? &with_bodies : values ? &with_values : &with_lines;
}

void kn_debug_observe(struct kn_walk *w, const kiln_func *f) {
  struct kn_debug_observer *d = f->session->observer;
  if (d != NULL && d->observer.on != NULL) kn_observe(w, &d->observer);
}

void kn_debug_observer_free(kiln_session *s) {
  struct kn_debug_observer *d = s->observer;
  if (d == NULL) return;
  const struct kn_debug_values *v = &d->values;
  kn_hash_free(&s->module->options.allocator, &d->values.firsts);
  KN_FREE(&s->module->options.allocator, v->open.at, v->places.at, v->moved.at, v->steps.at,
          d->bodies.at, d->by_slot.at, d->calls.passed.at, v->blocks.at, v->all.at, d->seen.at,
          d->lines.entered_from.at, d);
  s->observer = NULL;
}
