/* Streams: a module's functions become units one by one, while the module goes on. A stream keeps what it knows of
 * the module's symbols, so that adding a function costs nothing per symbol of the module.
 * A language that compiles lazily adds functions to the stream from the resolver, which an addition called. So an
 * addition that has to ask the resolver first gives back to the stream all that it took, but for the code: that is
 * kept apart, and the session can compile and add other functions meanwhile.
 * Invariant: between calls and while the resolver runs, a symbol that was added has an entry in the JIT, which has its
 * address, and the binds have no other state. */
#include "lib/jit/jit_state.h"

struct kiln_jit_stream {
  kiln_jit *jit;
  kiln_module *m;
  KN_ARRAY(struct kn_jit_bind) binds; /* by symbol id */
  uint32_t next_data;         /* data items before it that belong to no function were looked at */
  KN_ARRAY(uint32_t) waiting; /* but these, of units that failed */
  KN_ARRAY(uint32_t) touched;
  uint32_t flags;  /* kiln_jit_stream_options.flags */
  uint32_t asking; /* additions that wait for the resolver */
  bool busy;       /* an addition is in progress, and is not waiting */
  bool freed;      /* by the resolver, which has no effect */
};

kiln_jit_stream *kiln_jit_stream_new(kiln_jit *jit, kiln_module *module,
                                     const kiln_jit_stream_options *options,
                                     kiln_jit_error *error) {
  static const kiln_jit_stream_options defaults;
  kiln_jit_error own;
  error = kn_jit_begin(error, &own);
  if (options == NULL) options = &defaults;
  if (jit == NULL || module == NULL || !KN_UNRESERVED(options) ||
      options->flags > (KILN_JIT_REDEFINABLE | KILN_JIT_FORWARD))
    return KN_JIT_FAIL(NULL, error, KILN_ERR_ARGUMENT, "no JIT, no module, or an unknown option");
  if (module->options.target.processor != jit->processor || module->target->jit == NULL)
    return KN_JIT_FAIL(NULL, error, KILN_ERR_ARGUMENT, "the module is for %s, not for this machine",
                       kn_target_name(module, (char[KN_TARGET_NAME]){0}));
  if (module->frozen) return KN_JIT_FAIL(NULL, error, KILN_ERR_STRUCTURE, "the module is frozen");
  kiln_jit_stream *s = kn_jit_realloc(jit, NULL, sizeof *s);
  if (s == NULL) return kn_jit_no_memory(error), NULL;
  *s = (kiln_jit_stream){.jit = jit, .m = module, .flags = options->flags};
  return s;
}

void kiln_jit_stream_free(kiln_jit_stream *s) {
  if (s == NULL) return;
  kiln_jit *jit = s->jit;
  if (s->busy) return; /* by an allocator; nobody would look at `freed` */
  if (s->asking > 0) {
    s->freed = true;
    return;
  }
  if (kn_jit_is_mine(jit, NULL)) return;
  kn_jit_lock(jit);
  for (uint32_t i = 0; i < s->binds.n; i++) {
    struct kn_jit_entry *e = s->binds.at[i].entry;
    if (e == NULL) continue;
    e->holds--;
    kn_jit_entry_drop(jit, e);
  }
  kn_jit_unlock(jit);
  if (s->binds.at != NULL) kn_jit_realloc(jit, s->binds.at, 0);
  if (s->waiting.at != NULL) kn_jit_realloc(jit, s->waiting.at, 0);
  if (s->touched.at != NULL) kn_jit_realloc(jit, s->touched.at, 0);
  kn_jit_realloc(jit, s, 0);
}

/* Number of private data items of a function; they are put in order before `end`, if that is not NULL. */
static uint32_t data_of(const kiln_module *m, uint32_t func, uint32_t *end) {
  uint32_t n = 0;
  for (uint32_t i = kn_symbol(m, func)->data; i != 0; i = m->data.at[i - 1].next, n++)
    if (end != NULL) *--end = i - 1;
  return n;
}

/* Chooses the data items of no function that are new since the last call, or waited, and the private data of the
 * session's functions. */
static bool choose_data(kiln_jit_stream *s, struct kn_jit_link *l, struct kn_jit_in *in,
                        const kiln_session *session) {
  const kiln_module *m = s->m;
  const struct kn_output *o = session->out;
  uint32_t others = s->waiting.n, owned = 0;
  for (uint32_t i = s->next_data; i < m->data.n; i++) others += m->data.at[i].owner == 0;
  for (uint32_t i = 0; i < o->funcs.n; i++) owned += data_of(m, o->funcs.at[i].symbol, NULL);
  if (others + owned != 0) {
    in->data = kn_arena_alloc(&l->arena, (others + owned) * sizeof *in->data, 4);
    if (in->data == NULL) return kn_jit_no_memory(l->error);
    if (!KN_JIT_ROOM(s->jit, l->error, s->waiting, others - s->waiting.n)) return false;
  }
  for (uint32_t i = 0; i < s->waiting.n; i++) in->data[in->n_data++] = s->waiting.at[i];
  for (uint32_t i = s->next_data; i < m->data.n; i++)
    if (m->data.at[i].owner == 0) in->data[in->n_data++] = i;
  s->waiting.n = 0;
  s->next_data = m->data.n;
  for (uint32_t i = 0; i < o->funcs.n; i++) {
    const uint32_t func = o->funcs.at[i].symbol;
    in->n_data += data_of(m, func, NULL);
    data_of(m, func, in->data + in->n_data);
  }
  return true;
}

static bool grow_binds(kiln_jit_stream *s, kiln_jit_error *e) {
  uint32_t n = s->m->symbols.n;
  if (!KN_JIT_ROOM(s->jit, e, s->binds, n - s->binds.n)) return false;
  memset(s->binds.at + s->binds.n, 0, (n - s->binds.n) * sizeof *s->binds.at);
  s->binds.n = n;
  return true;
}

/* Data of no function is not lost with a unit that failed: it waits for the next one, or for the same one if that is
 * tried again. */
static void keep_data(kiln_jit_stream *s, const struct kn_jit_in *in) {
  for (uint32_t i = 0; i < in->n_data; i++) /* choose_data made space for it */
    if (s->m->data.at[in->data[i]].owner == 0) s->waiting.at[s->waiting.n++] = in->data[i];
}

/* Makes the binds ready for the next unit: definitions are at the addresses in their entries, references will be
 * looked up again. */
static void settle(kiln_jit_stream *s, const struct kn_jit_in *in) {
  for (uint32_t i = 0; i < in->touched.n; i++) {
    struct kn_jit_bind *b = s->binds.at + in->touched.at[i];
    b->where =
      (uint8_t)(b->where == KN_JIT_ABSOLUTE && b->value != 0 ? KN_JIT_ABSOLUTE : KN_JIT_NOWHERE);
    b->got = b->tls = b->stub = 0;
    b->touched = b->referenced = false;
  }
}

/* Empties a session: its functions and their private data have been copied, and can be built again. */
static void empty(kiln_module *m, kiln_session *session) {
  struct kn_output *o = session->out;
  for (uint32_t i = 0; i < o->funcs.n; i++) {
    if (kn_symbol(m, o->funcs.at[i].symbol)->data != 0) kn_data_drop(m, o->funcs.at[i].symbol);
    kn_symbol_undefine_func(m, o->funcs.at[i].symbol);
  }
  kn_output_cut(o, &(struct kn_output_mark){0});
}

/* One attempt to link what `session` has compiled. */
static kiln_status attempt(kiln_jit_stream *s, kiln_session *session, unsigned flags,
                           struct kn_jit_answers *answers, kiln_jit_unit *unit,
                           kiln_jit_error *error) {
  struct kn_jit_in in = {.m = s->m,
                         .sessions = &session,
                         .n_sessions = 1,
                         .touched = {s->touched.at, 0, s->touched.cap}};
  struct kn_jit_link l = {.jit = s->jit,
                          .error = error,
                          .answers = answers,
                          .flags = flags | s->flags,
                          .stream = true,
                          .in = &in,
                          .n_in = 1};
  kiln_status status = s->m->diag.status;
  if (status != KILN_OK) {
    if (error->diag.status == KILN_OK) error->diag = s->m->diag;
    return status;
  }
  s->busy = session->busy = true;
  kn_arena_init(&l.arena, &s->jit->options.allocator);
  if (grow_binds(s, error) && choose_data(s, &l, &in, session)) {
    in.binds = s->binds.at;
    in.n_binds = s->binds.n;
    status = kn_jit_link_run(&l, unit);
  } else {
    status = error->diag.status;
  }
  if (status != KILN_OK || kn_jit_unanswered(answers)) keep_data(s, &in);
  kn_jit_link_free(&l);
  settle(s, &in);
  s->touched.at = in.touched.at;
  s->touched.cap = in.touched.cap;
  s->busy = session->busy = false;
  return status;
}

/* Asks the resolver while the session has `other` in place of its output, which is then the other way round again. */
static kiln_status ask(kiln_jit_stream *s, kiln_session *session, struct kn_output *other,
                       struct kn_jit_answers *answers, kiln_jit_error *error) {
  struct kn_output output = *session->out;
  *session->out = *other;
  s->asking++;
  kiln_status status =
    kn_jit_ask(s->jit, answers,
               &(kiln_jit_input){.module = s->m, .sessions = &session, .n_sessions = 1}, 1, error);
  s->asking--;
  *other = *session->out;
  *session->out = output;
  if (s->freed) {
    s->freed = false;
    status = kn_jit_fail(error, KILN_ERR_STRUCTURE,
                         "the resolver called kiln_jit_stream_free, which does nothing while the "
                         "stream is in use");
  }
  return status;
}

/* Without an error for the caller. A lazy language nests these calls as deeply as its functions call each other, so an
 * error is on the stack only here. */
static __attribute__((noinline)) kiln_status add_silently(kiln_jit_stream *s, kiln_session *session,
                                                          unsigned flags, kiln_jit_unit *unit) {
  kiln_jit_error own = {0};
  kiln_status status = kiln_jit_stream_add(s, session, flags, unit, &own);
  kiln_jit_error_free(&own);
  return status;
}

kiln_status kiln_jit_stream_add(kiln_jit_stream *s, kiln_session *session, unsigned flags,
                                kiln_jit_unit *unit, kiln_jit_error *error) {
  kiln_jit_unit ignored;
  if (error == NULL) return add_silently(s, session, flags, unit);
  kiln_jit_error_free(error);
  if (unit == NULL) unit = &ignored;
  unit->id = 0;
  const char *wrong = s == NULL                 ? "the stream is missing (NULL)"
                      : session == NULL         ? "the session is missing (NULL)"
                      : session->module != s->m ? "the session belongs to another module"
                      : flags > (KILN_JIT_REDEFINABLE | KILN_JIT_FORWARD) ? "a flag is unknown"
                                                                          : NULL;
  if (wrong != NULL) return kn_jit_fail(error, KILN_ERR_ARGUMENT, "%s", wrong);
  if (kn_jit_is_mine(s->jit, error)) return error->diag.status;
  if (s->busy || session->busy)
    return kn_jit_fail(error, KILN_ERR_STRUCTURE,
                       "the %s is in use: a callback of it cannot add to it",
                       s->busy ? "stream" : "session");
  struct kn_jit_answers answers = {0};
  struct kn_output other = {0};
  kiln_status status = attempt(s, session, flags, &answers, unit, error);
  while (status == KILN_OK && kn_jit_unanswered(&answers)) {
    status = ask(s, session, &other, &answers, error);
    if (status == KILN_OK) status = attempt(s, session, flags, &answers, unit, error);
  }
  kn_jit_answers_free(s->jit, &answers);
  if (s->m->diag.status == KILN_OK) empty(s->m, session);
  if (other.funcs.n > 0) { /* compiled meanwhile, and not added yet */
    struct kn_output output = *session->out;
    *session->out = other;
    other = output;
  }
  kn_output_free(&other, &s->m->options.allocator);
  if (session->open == NULL && session->in_use == 0 && session->out->funcs.n == 0)
    kn_session_forget_locs(session);
  return status;
}

static __attribute__((noinline)) void *define_silently(kiln_jit_stream *s, kiln_func *f,
                                                       unsigned flags, kiln_jit_unit *unit) {
  kiln_jit_error own = {0};
  void *address = kiln_jit_stream_define(s, f, flags, unit, &own);
  kiln_jit_error_free(&own);
  return address;
}

void *kiln_jit_stream_define(kiln_jit_stream *s, kiln_func *f, unsigned flags, kiln_jit_unit *unit,
                             kiln_jit_error *error) {
  kiln_jit_unit made;
  void *address = NULL;
  if (error == NULL) return define_silently(s, f, flags, unit);
  kiln_jit_error_free(error);
  if (unit == NULL) unit = &made;
  unit->id = 0;
  kiln_session *session = kiln_func_session(f);
  if (s == NULL || session == NULL || session->module != s->m) {
    kn_jit_fail(error, KILN_ERR_ARGUMENT, "%s",
                s == NULL         ? "the stream is missing (NULL)"
                : session == NULL ? "the function is missing (NULL)"
                                  : "the function belongs to another module");
    kiln_func_discard(f);
  } else {
    kiln_symbol_desc desc = kiln_symbol_get(s->m, kiln_func_symbol(f)).desc;
    if (kiln_func_try_compile(f, &error->diag) == KILN_OK) {
      uint32_t index = session->out->funcs.n - 1;
      if (kiln_jit_stream_add(s, session, flags, unit, error) == KILN_OK) {
        if (((flags | s->flags) & KILN_JIT_REDEFINABLE) && desc.linkage == KILN_LINKAGE_EXTERNAL)
          address = kiln_jit_lookup(s->jit, desc.name);
        if (address == NULL) address = kiln_jit_function(s->jit, *unit, index);
      }
    }
  }
  return address;
}
