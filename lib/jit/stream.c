/* Streams: a module's functions become units one by one, while the module goes on. A stream keeps what it knows of
 * the module's symbols, so that adding a function costs nothing per symbol of the module.
 * Invariant: between calls, a symbol that was added has an entry in the JIT, which has its address. */
#include "lib/jit/jit_state.h"

struct kiln_jit_stream {
  kiln_jit *jit;
  kiln_module *m;
  KN_ARRAY(struct kn_jit_bind) binds; /* by symbol id */
  uint32_t next_data;                 /* data items before it were looked at */
  KN_ARRAY(uint32_t) waiting;         /* but these, of functions that are still being built */
  KN_ARRAY(uint32_t) touched;
};

kiln_jit_stream *kiln_jit_stream_new(kiln_jit *jit, kiln_module *module) {
  if (jit == NULL || module == NULL || module->options.target.processor != jit->processor ||
      module->frozen)
    return NULL;
  kiln_jit_stream *s = kn_jit_realloc(jit, NULL, sizeof *s);
  if (s != NULL) *s = (kiln_jit_stream){.jit = jit, .m = module};
  return s;
}

void kiln_jit_stream_free(kiln_jit_stream *s) {
  if (s == NULL) return;
  kiln_jit *jit = s->jit;
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

static bool compiled_here(const kiln_session *session, uint32_t symbol) {
  for (uint32_t i = 0; i < session->out->funcs.n; i++)
    if (session->out->funcs.at[i].symbol == symbol) return true;
  return false;
}

/* Chooses the data items that are new since the last call, and those that waited for their function. */
static bool choose_data(kiln_jit_stream *s, struct kn_jit_link *l, struct kn_jit_in *in,
                        const kiln_session *session) {
  const kiln_module *m = s->m;
  uint32_t n = s->waiting.n + (m->data.n - s->next_data);
  if (n == 0) return true;
  in->data = kn_arena_alloc(&l->arena, n * sizeof *in->data, 4);
  if (in->data == NULL) {
    kn_jit_fail(l->error, KILN_ERR_MEMORY, "out of memory");
    return false;
  }
  if (!KN_JIT_ROOM(s->jit, l->error, s->waiting, n - s->waiting.n)) return false;
  for (uint32_t i = s->next_data; i < m->data.n; i++) s->waiting.at[s->waiting.n++] = i;
  s->next_data = m->data.n;
  uint32_t left = 0;
  for (uint32_t i = 0; i < s->waiting.n; i++) {
    const struct kn_data *d = m->data.at + s->waiting.at[i];
    if (d->owner == 0 || (kn_data_owned(d) && compiled_here(session, d->owner)))
      in->data[in->n_data++] = s->waiting.at[i];
    else if (kn_data_owned(d)) s->waiting.at[left++] = s->waiting.at[i];
  }
  s->waiting.n = left;
  return true;
}

static bool grow_binds(kiln_jit_stream *s, kiln_jit_error *e) {
  uint32_t n = s->m->symbols.n;
  if (!KN_JIT_ROOM(s->jit, e, s->binds, n - s->binds.n)) return false;
  memset(s->binds.at + s->binds.n, 0, (n - s->binds.n) * sizeof *s->binds.at);
  s->binds.n = n;
  return true;
}

/* Data of no function is not lost with a unit that failed: it waits for the next one. */
static void keep_data(kiln_jit_stream *s, const struct kn_jit_in *in) {
  for (uint32_t i = 0; i < in->n_data; i++) /* there is space: they came from here */
    if (s->m->data.at[in->data[i]].owner == 0) s->waiting.at[s->waiting.n++] = in->data[i];
}

/* Makes the binds ready for the next unit: definitions are at the addresses in their entries, references will be
 * looked up anew. */
static void settle(kiln_jit_stream *s, const struct kn_jit_in *in) {
  for (uint32_t i = 0; i < in->touched.n; i++) {
    struct kn_jit_bind *b = s->binds.at + in->touched.at[i];
    b->where =
      (uint8_t)(b->where == KN_JIT_ABSOLUTE && b->value != 0 ? KN_JIT_ABSOLUTE : KN_JIT_NOWHERE);
    b->got = b->tls = b->stub = 0;
    b->touched = b->referenced = false;
  }
}

/* Empties a session: its functions have been copied, and can be built again. */
static void empty(kiln_module *m, kiln_session *session) {
  struct kn_output *o = session->out;
  for (uint32_t i = 0; i < o->funcs.n; i++) kn_symbol_undefine_func(m, o->funcs.at[i].symbol);
  kn_output_cut(o, &(struct kn_output_mark){0});
}

kiln_status kiln_jit_stream_add(kiln_jit_stream *s, kiln_session *session, unsigned flags,
                                kiln_jit_unit *unit, kiln_jit_error *error) {
  kiln_jit_error own;
  kiln_jit_unit ignored;
  error = kn_jit_begin(error, &own);
  if (unit == NULL) unit = &ignored;
  unit->id = 0;
  kiln_status status = KILN_OK;
  if (s == NULL || session == NULL || session->module != s->m ||
      flags > (KILN_JIT_REDEFINABLE | KILN_JIT_FORWARD))
    status = kn_jit_fail(error, KILN_ERR_ARGUMENT,
                         "the stream or the session is missing (NULL), a flag is unknown, or the "
                         "session belongs to another module");
  else if (s->m->diag.status != KILN_OK) {
    if (error->diag.status == KILN_OK) error->diag = s->m->diag;
    status = s->m->diag.status;
  }
  if (status == KILN_OK) {
    struct kn_jit_in in = {.m = s->m,
                           .sessions = &session,
                           .n_sessions = 1,
                           .touched = {s->touched.at, 0, s->touched.cap}};
    struct kn_jit_link l = {
      .jit = s->jit, .error = error, .flags = flags, .stream = true, .in = &in, .n_in = 1};
    kn_arena_init(&l.arena, &s->jit->options.allocator);
    if (grow_binds(s, error) && choose_data(s, &l, &in, session)) {
      in.binds = s->binds.at;
      in.n_binds = s->binds.n;
      status = kn_jit_link_run(&l, unit);
    } else {
      status = error->diag.status;
    }
    if (status != KILN_OK) keep_data(s, &in);
    kn_jit_link_free(&l);
    settle(s, &in);
    s->touched.at = in.touched.at;
    s->touched.cap = in.touched.cap;
    empty(s->m, session);
  }
  kiln_jit_error_free(&own);
  return status;
}

void *kiln_jit_stream_define(kiln_jit_stream *s, kiln_func *f, unsigned flags, kiln_jit_unit *unit,
                             kiln_jit_error *error) {
  kiln_jit_error own;
  kiln_jit_unit made;
  void *address = NULL;
  error = kn_jit_begin(error, &own);
  if (unit == NULL) unit = &made;
  unit->id = 0;
  kiln_session *session = kiln_func_session(f);
  if (s == NULL || session == NULL || session->module != s->m) {
    kn_jit_fail(error, KILN_ERR_ARGUMENT,
                "the stream is missing (NULL), or the function belongs to another module");
    kiln_func_discard(f);
  } else {
    kiln_symbol_desc desc = kiln_symbol_get(s->m, kiln_func_symbol(f)).desc;
    if (kiln_func_try_compile(f, &error->diag) == KILN_OK) {
      uint32_t index = session->out->funcs.n - 1;
      if (kiln_jit_stream_add(s, session, flags, unit, error) == KILN_OK) {
        if ((flags & KILN_JIT_REDEFINABLE) && desc.linkage == KILN_LINKAGE_EXTERNAL)
          address = kiln_jit_lookup(s->jit, desc.name);
        if (address == NULL) address = kiln_jit_function(s->jit, *unit, index);
      }
    }
  }
  kiln_jit_error_free(&own);
  return address;
}
