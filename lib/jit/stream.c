/* Streams: a module's functions become units one by one, while the module goes on. A stream keeps what it knows of
 * the module's symbols, so that adding a function costs nothing per symbol of the module.
 * A language that compiles lazily adds functions to the stream from the resolver, which an addition called. So an
 * addition that has to ask the resolver first gives back to the stream all that it took, but for the code: that is
 * kept apart, and the session can compile and add other functions meanwhile.
 * Invariant: between calls and while the resolver runs, a symbol that was added has an entry in the JIT, which has its
 * address, and the binds have no other state. */
#include "lib/jit/link/link.h"

struct kiln_jit_stream {
  kiln_jit *jit;
  kiln_module *m;
  struct kn_jit_input in; /* its binds stay, and data of no function in units that failed */
  uint32_t next_data;     /* data items before it that belong to no function were chosen */
  uint32_t flags;         /* kiln_jit_stream_options.flags */
  uint32_t asking;        /* additions that wait for the resolver */
  bool busy;              /* an addition is in progress, and is not waiting */
  bool freed;             /* by the resolver, which has no effect */
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
  if (module->options.target.processor != jit->processor || module->target->jit != jit->code)
    return KN_JIT_FAIL(NULL, error, KILN_ERR_ARGUMENT, "the module is for %s, not for this machine",
                       kn_target_name(module, (char[KN_TARGET_NAME]){0}));
  if (module->frozen) return KN_JIT_FAIL(NULL, error, KILN_ERR_STRUCTURE, "the module is frozen");
  kiln_jit_stream *s = kn_jit_realloc(jit, NULL, sizeof *s);
  if (s == NULL) return kn_jit_no_memory(error), NULL;
  *s = (kiln_jit_stream){.jit = jit, .m = module, .in.m = module, .flags = options->flags};
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
  for (uint32_t i = 0; i < s->in.binds.n; i++)
    if (s->in.binds.at[i].entry != NULL) kn_jit_entry_release(jit, s->in.binds.at[i].entry);
  kn_jit_unlock(jit);
  KN_FREE(&jit->options.allocator, s->in.binds.at, s->in.touched.at, s->in.data.at, s);
}

/* Chooses the data items of no function that are new since the last call, after those of a unit that failed, and the
 * private data of the session's functions. */
static bool choose_data(kiln_jit_stream *s, struct kn_jit_link *l, const struct kn_output *o) {
  struct kn_jit_input *in = &s->in;
  const kiln_module *m = s->m;
  for (; s->next_data < m->data.n; s->next_data++)
    if (m->data.at[s->next_data].owner == 0 &&
        !KN_JIT_PUSH(s->jit, l->error, in->data, s->next_data))
      return false;
  for (uint32_t f = 0; f < o->funcs.n; f++) {
    uint32_t first = in->data.n;
    for (uint32_t i = kn_symbol(m, o->funcs.at[f].symbol)->data; i != 0; i = m->data.at[i - 1].next)
      if (!KN_JIT_PUSH(s->jit, l->error, in->data, i - 1)) return false;
    for (uint32_t end = in->data.n; first + 1 < end; first++, end--) /* the newest was first */
      KN_SWAP(in->data.at[first], in->data.at[end - 1]);
  }
  return true;
}

bool kn_jit_stream_begin(struct kn_jit_link *l, kiln_session *const *session) {
  kiln_jit_stream *s = l->stream;
  struct kn_jit_input *in = l->in = &s->in;
  const uint32_t more = s->m->symbols.n - in->binds.n;
  l->n_in = 1;
  s->busy = true;
  in->sessions = session;
  in->n_sessions = 1;
  in->touched.n = 0;
  if (s->m->diag.status != KILN_OK) return kn_jit_pass(l->error, &s->m->diag), false;
  if (!KN_ROOM(&s->jit->options.allocator, in->binds, more)) return kn_jit_no_memory(l->error);
  memset(in->binds.at + in->binds.n, 0, more * sizeof *in->binds.at);
  in->binds.n += more;
  return choose_data(s, l, (*session)->out);
}

/* Data of no function is not lost with a unit that failed: it waits for the next one, or for the same one if that is
 * tried again. Makes the binds ready for the next unit: definitions are at the addresses in their entries, references
 * will be looked up again. */
void kn_jit_stream_end(struct kn_jit_link *l, bool linked) {
  kiln_jit_stream *s = l->stream;
  const uint32_t n = linked ? 0 : s->in.data.n;
  s->in.data.n = 0;
  for (uint32_t i = 0; i < n; i++)
    if (s->m->data.at[s->in.data.at[i]].owner == 0)
      s->in.data.at[s->in.data.n++] = s->in.data.at[i];
  for (uint32_t i = 0; i < s->in.touched.n; i++) {
    struct kn_jit_bind *b = s->in.binds.at + s->in.touched.at[i];
    b->where =
      (uint8_t)(b->where == KN_JIT_ABSOLUTE && b->value != 0 ? KN_JIT_ABSOLUTE : KN_JIT_NOWHERE);
    b->got = b->tls = b->stub = 0;
    b->touched = b->referenced = false;
  }
  s->busy = false;
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

kiln_status kn_jit_stream_ask(struct kn_jit_link *l, const kiln_jit_input *inputs) {
  kiln_jit_stream *s = l->stream;
  kiln_session *session = inputs->sessions[0];
  KN_SWAP(*session->out, *l->other);
  s->asking++;
  kiln_status status = kn_jit_ask(l, inputs, 1);
  s->asking--;
  KN_SWAP(*session->out, *l->other);
  if (s->freed) {
    s->freed = false;
    status = kn_jit_fail(l->error, KILN_ERR_STRUCTURE,
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
  struct kn_output other = {0};
  struct kn_jit_link l = {
    .jit = s->jit, .flags = flags | s->flags, .error = error, .stream = s, .other = &other};
  const kiln_jit_input input = {.module = s->m, .sessions = &session, .n_sessions = 1};
  const kiln_status status = kn_jit_link(&l, &input, 1, unit);
  if (s->m->diag.status == KILN_OK) empty(s->m, session);
  if (other.funcs.n > 0) KN_SWAP(*session->out, other); /* compiled meanwhile, not added yet */
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
