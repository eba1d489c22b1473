/* kiln_jit_add, kiln_jit_add_object, and the steps that link modules into a unit, in order; streams (stream.c) take
 * the same. Code was generated before; names are looked up outside of the JIT first, without its lock; then all is
 * bound, written and published under the lock. If the resolver has to be asked, nothing is done, and the steps
 * begin again with its answers. */
#include "lib/jit/link/link.h"
#include "lib/jit/load/load.h"
#include "lib/jit/memory/memory.h"
#include "lib/jit/serve/serve.h"

#include "targets/target.h"

static void link_free(struct kn_jit_link *l) {
  const kiln_allocator *a = &l->jit->options.allocator;
  KN_FREE(a, l->got.at, l->tls.at, l->stubs.at, l->undefined.at, l->defs.at, l->refs.at,
          l->ranges.at);
  kn_jit_names_free(a, &l->merged);
  kn_arena_free(&l->arena);
}

/* All that needs the lock. */
static kiln_status bind_and_write(struct kn_jit_link *l, kiln_jit_unit *out) {
  kiln_jit *jit = l->jit;
  struct kn_jit_unit *u = l->unit = kn_jit_realloc(jit, NULL, sizeof *u);
  if (u == NULL) return kn_jit_no_memory(l->error), KILN_ERR_MEMORY;
  memset(u, 0, sizeof *u);
  bool ok = kn_jit_resolve(l) && kn_jit_write(l) && kn_jit_find_describe(l) &&
            kn_jit_unwind_add(jit, u, l->error) && kn_jit_unit_add(jit, u, l->error);
  if (!ok) {
    kn_jit_resolve_undo(l);
    kn_jit_unit_free(jit, u);
    return l->error->diag.status;
  }
  u->registers = l->registers;
  kn_jit_find_add(u);
  kn_jit_publish(l);
  kn_jit_gdb_add(l);
  kn_jit_perf_add(l);
  out->id = u->id;
  return KILN_OK;
}

/* Places, resolves, writes and publishes; the inputs and the arena are ready. If names are unanswered, it has changed
 * nothing. */
static kiln_status run(struct kn_jit_link *l, kiln_jit_unit *out) {
  kiln_jit *jit = l->jit;
  for (unsigned k = 0; k < KN_JIT_KINDS; k++) l->align[k] = 1;
  l->size[KN_JIT_RO] = l->align[KN_JIT_RO] = 8; /* __dso_handle */
  l->tls_align = 1;
  if (kn_jit_is_child(jit))
    return kn_jit_fail(l->error, KILN_ERR_STRUCTURE, "the JIT belongs to the parent process");
  if (!kn_jit_layout(l) || !kn_jit_scan(l) || !kn_jit_resolve_outside(l))
    return l->error->diag.status;
  if (kn_jit_unanswered(l->answers)) return KILN_OK;
  kn_jit_lock(jit);
  const kiln_status status = bind_and_write(l, out);
  kn_jit_unlock(jit);
  return status;
}

static kiln_status check_input(const kiln_jit *jit, const kiln_jit_input *input,
                               kiln_jit_error *e) {
  const kiln_module *m = input->module;
  if (m == NULL) return kn_jit_fail(e, KILN_ERR_ARGUMENT, "no module");
  if (!KN_UNRESERVED(input))
    return kn_jit_fail(e, KILN_ERR_ARGUMENT, "the field 'reserved' of an input must be 0");
  if (input->sessions == NULL && input->n_sessions != 0)
    return kn_jit_fail(e, KILN_ERR_ARGUMENT, "no sessions (NULL)");
  if (m->diag.status != KILN_OK) return kn_jit_pass(e, &m->diag);
  if (m->options.target.processor != jit->processor || m->target->jit != jit->code)
    return kn_jit_fail(e, KILN_ERR_ARGUMENT, "the module is for %s, not for this machine",
                       kn_target_name(m, (char[KN_TARGET_NAME]){0}));
  if (m->attrs.exec_stack)
    return kn_jit_fail(e, KILN_ERR_UNSUPPORTED, "code on the stack (kiln_module_attrs.exec_stack)");
  for (size_t i = 0; i < input->n_sessions; i++)
    if (input->sessions[i] == NULL || input->sessions[i]->module != m)
      return kn_jit_fail(e, KILN_ERR_ARGUMENT, "session %zu does not belong to its module", i);
  for (size_t i = 0; i < input->n_sessions; i++)
    if (input->sessions[i]->busy)
      return kn_jit_fail(e, KILN_ERR_STRUCTURE,
                         "session %zu is in use: a callback of it cannot add it", i);
  kiln_diag open;
  const bool closed =
    kn_sessions_closed(input->sessions, input->n_sessions, &open) && kn_kept_begun(m, &open);
  return closed ? KILN_OK : kn_jit_pass(e, &open);
}

/* The data items of a module that are part of the unit: those of functions that have code, and all that
 * belong to no function. */
static bool choose_data(struct kn_jit_link *l, struct kn_jit_input *in) {
  const kiln_module *m = in->m;
  bool owned = false;
  for (uint32_t i = 0; i < m->data.n; i++) owned |= m->data.at[i].owner != 0;
  uint8_t *there = NULL;
  in->data.at = kn_arena_alloc(&l->arena, (m->data.n + 1) * sizeof *in->data.at, 4);
  if (owned) there = kn_arena_zero(&l->arena, m->symbols.n, 1);
  if (in->data.at == NULL || (owned && there == NULL)) return false;
  for (uint32_t s = 0; owned && s < in->n_sessions; s++) {
    const struct kn_output *o = in->sessions[s]->out;
    for (uint32_t k = 0; k < o->funcs.n; k++) there[o->funcs.at[k].symbol] = 1;
  }
  for (uint32_t i = 0; i < m->data.n; i++)
    if (m->data.at[i].owner == 0 || (kn_data_owned(m->data.at + i) && there[m->data.at[i].owner]))
      in->data.at[in->data.n++] = i;
  return true;
}

static bool prepare(struct kn_jit_link *l, const kiln_jit_input *inputs, uint32_t n) {
  l->in = kn_arena_zero(&l->arena, n * sizeof *l->in + 1, 8);
  if (l->in == NULL) return kn_jit_no_memory(l->error);
  l->n_in = n;
  for (uint32_t i = 0; i < n; i++) {
    struct kn_jit_input *in = l->in + i;
    in->m = inputs[i].module;
    in->sessions = inputs[i].sessions;
    in->n_sessions = (uint32_t)inputs[i].n_sessions;
    in->binds.n = in->m->symbols.n;
    in->binds.at = kn_arena_zero(&l->arena, in->binds.n * sizeof *in->binds.at, 8);
    if (in->binds.at == NULL || !choose_data(l, in)) return kn_jit_no_memory(l->error);
  }
  return true;
}

/* Keeps the allocator from changing what the sessions have compiled, or ends that. */
static void set_busy(const kiln_jit_input *inputs, uint32_t n, bool busy) {
  for (uint32_t i = 0; i < n; i++)
    for (uint32_t k = 0; k < inputs[i].n_sessions; k++) inputs[i].sessions[k]->busy = busy;
}

/* One attempt to link a unit. */
static kiln_status attempt(const struct kn_jit_link *begun, const kiln_jit_input *inputs,
                           uint32_t n, kiln_jit_unit *unit) {
  struct kn_jit_link l = *begun;
  kiln_status status = KILN_OK;
  for (uint32_t i = 0; i < n && status == KILN_OK && l.stream == NULL; i++)
    status = check_input(l.jit, inputs + i, l.error);
  if (status != KILN_OK) return status;
  set_busy(inputs, n, true);
  kn_arena_init(&l.arena, &l.jit->options.allocator);
  if (l.stream != NULL ? kn_jit_stream_begin(&l, inputs->sessions) : prepare(&l, inputs, n))
    status = run(&l, unit);
  else status = l.error->diag.status;
  if (l.stream != NULL) kn_jit_stream_end(&l, status == KILN_OK && !kn_jit_unanswered(l.answers));
  else
    for (uint32_t i = 0; i < l.n_in; i++) KN_FREE(&l.jit->options.allocator, l.in[i].touched.at);
  link_free(&l);
  set_busy(inputs, n, false);
  return status;
}

kiln_status kn_jit_link(struct kn_jit_link *l, const kiln_jit_input *inputs, uint32_t n,
                        kiln_jit_unit *unit) {
  struct kn_jit_answers answers = {0};
  l->answers = &answers;
  kiln_status status = attempt(l, inputs, n, unit);
  while (status == KILN_OK && kn_jit_unanswered(&answers)) {
    status = l->stream != NULL ? kn_jit_stream_ask(l, inputs) : kn_jit_ask(l, inputs, n);
    if (status == KILN_OK) status = attempt(l, inputs, n, unit);
  }
  kn_jit_answers_free(l->jit, &answers);
  return status;
}

kiln_status kiln_jit_add(kiln_jit *jit, unsigned flags, const kiln_jit_input *inputs, uint32_t n,
                         kiln_jit_unit *unit, kiln_jit_error *error) {
  kiln_jit_error own;
  kiln_jit_unit ignored;
  error = kn_jit_begin(error, &own);
  if (unit == NULL) unit = &ignored;
  unit->id = 0;
  if (jit == NULL || (inputs == NULL && n != 0) || n > UINT32_MAX / 2 ||
      flags > (KILN_JIT_REDEFINABLE | KILN_JIT_FORWARD))
    return kn_jit_fail(error, KILN_ERR_ARGUMENT, "no JIT, or unknown flags");
  if (kn_jit_is_mine(jit, error)) return error->diag.status;
  struct kn_jit_link l = {.jit = jit, .flags = flags, .error = error};
  const kiln_status status = kn_jit_link(&l, inputs, n, unit);
  kiln_jit_error_free(&own);
  return status;
}

kiln_status kiln_jit_add_object(kiln_jit *jit, unsigned flags, const void *bytes, size_t size,
                                kiln_jit_unit *unit, kiln_jit_error *error) {
  kiln_jit_error own;
  kiln_jit_unit ignored;
  error = kn_jit_begin(error, &own);
  if (unit == NULL) unit = &ignored;
  unit->id = 0;
  if (jit == NULL || (bytes == NULL && size != 0) ||
      flags > (KILN_JIT_REDEFINABLE | KILN_JIT_FORWARD))
    return kn_jit_fail(error, KILN_ERR_ARGUMENT, "no JIT, no object, or unknown flags");
  if (kn_jit_is_mine(jit, error)) return error->diag.status;
  struct kn_jit_loaded loaded;
  if (kn_jit_load(&loaded, jit, bytes, size, error)) {
    const kiln_jit_input input = {.module = loaded.m, .sessions = &loaded.s, .n_sessions = 1};
    struct kn_jit_link l = {.jit = jit, .flags = flags, .error = error, .loaded = &loaded};
    kn_jit_link(&l, &input, 1, unit);
  }
  kn_jit_loaded_free(&loaded);
  const kiln_status status = error->diag.status;
  kiln_jit_error_free(&own);
  return status;
}
