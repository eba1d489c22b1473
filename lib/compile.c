/* The pipeline: a finished function is planned, walked and forgotten. */
#include "ir/builder/builder.h"
#include "ir/clock.h"
#include "ir/inline/inlining.h"
#include "lib/check/check.h"
#include "lib/codegen/dump.h"
#include "lib/codegen/map.h"
#include "lib/codegen/pairs.h"
#include "lib/codegen/plan.h"
#include "lib/codegen/root_table.h"
#include "lib/codegen/support.h"
#include "lib/codegen/witness.h"
#include "lib/debug/debugger.h"

#include <string.h>

static uint64_t now(bool timing) { return timing ? kn_clock_ns() : 0; }

/* Plan and walk live as long as the session, so that their arrays are reused. */
static bool make_state(kiln_session *s) {
  if (s->walk) return true;
  kiln_module *m = s->module;
  if (s->plan == NULL && (s->plan = kn_realloc(m, NULL, sizeof *s->plan)))
    *s->plan = (struct kn_plan){0};
  size_t size = m->target->walk_size;
  if (s->plan && (s->walk = kn_realloc(m, NULL, size))) memset(s->walk, 0, size);
#ifdef KN_CHECKS
  if (s->walk && !kn_check_attach(s->walk, m)) {
    kn_walk_free(s->walk, m);
    s->walk = NULL;
  }
#endif
  return s->walk != NULL;
}

bool kn_session_set_log(kiln_session *s, kn_log_fn *log, void *user) {
#ifdef KN_CHECKS
  if (!make_state(s)) return false;
  s->walk->check->log = log;
  s->walk->check->log_user = user;
  return true;
#else
  (void)s, (void)log, (void)user;
  return false;
#endif
}

kiln_status kiln_session_set_dump(kiln_session *s, uint32_t what, kiln_buffer *out) {
  if (s == NULL) return KILN_ERR_ARGUMENT;
  s->dump_what = out ? what : 0;
  s->dump_out = out;
  return KILN_OK;
}

static bool open_session(kiln_session *s) {
  s->lacks = kn_target_lacks(s->module->target);
  s->out = kn_realloc(s->module, NULL, sizeof *s->out);
  if (s->out) *s->out = (struct kn_output){0};
  return s->out != NULL;
}

static uint64_t session_bytes(const kiln_session *s) { return kn_output_bytes(s->out); }

static void close_session(kiln_session *s) {
  kn_output_free(s->out, &s->module->options.allocator);
  kn_realloc(s->module, s->out, 0);
  if (s->plan) kn_plan_free(s->plan, s->module);
#ifdef KN_CHECKS
  if (s->walk) kn_check_free(s->walk->check, s->module);
#endif
  if (s->walk) kn_walk_free(s->walk, s->module);
  kn_debug_observer_free(s);
  kn_map_free(s);
  kn_witness_free(s);
  kn_roots_observer_free(s);
  s->out = NULL;
  s->plan = NULL;
  s->walk = NULL;
}

kiln_module *kiln_module_new(const kiln_module_options *options) {
  static const struct kn_backend backend = {.assign_sig = kn_sig_assign,
                                            .open_session = open_session,
                                            .close_session = close_session,
                                            .session_bytes = session_bytes};
  kiln_module *m = kn_module_new(options);
  if (m == NULL) return NULL;
  m->backend = &backend;
  kn_target_attach(m);
  const kiln_target *t = &m->options.target;
  if (kn_target_at(*t) == NULL || t->format != kn_usual_format(t->system))
    kn_module_fail(m, KILN_ERR_UNSUPPORTED, "Kiln generates no code for the target %s, %s, %s",
                   kiln_processor_name(t->processor), kiln_system_name(t->system),
                   kiln_format_name(t->format));
  return m;
}

/* ---- stages ---- */

static kiln_status finish(kiln_func *f) {
  kiln_status status = f->facts.finished ? f->status : kiln_func_finish(f);
  /* a builder that got no symbol or signature from a failed module may have used none as an operand */
  return status == KILN_OK && kn_module_failed(f->module) ? kn_module_own(f->module) : status;
}

static kiln_status verify(kiln_func *f) {
  return f->module->options.verify ? kiln_func_verify(f) : KILN_OK;
}

static kiln_status inline_calls(kiln_func *f) {
  const kiln_module *m = f->module;
  if (KN_UNLIKELY(m->kept != NULL || m->attrs.inlining != KILN_INLINING_OFF) &&
      kn_inline_applies(f))
    kn_inline_expand(f);
  return f->status;
}

/* In checking builds: inlining keeps the rules of the IR, and front ends those of roots. */
static kiln_status verify_inlined(kiln_func *f) {
#ifdef KN_CHECKS
  if (f->facts.inlined || f->facts.has_roots) return kiln_func_verify(f);
#endif
  return f->status;
}

static kiln_status supports(kiln_func *f) {
  uint32_t lacks = f->session->lacks;
  if (KN_UNLIKELY(lacks != 0)) kn_supports_func(f, lacks);
  return f->status;
}

static kiln_status open_state(kiln_func *f) {
  if (make_state(f->session)) return KILN_OK;
  return kn_func_fail(f, KILN_ERR_MEMORY, UINT32_MAX, 0, "out of memory");
}

/* What is printed is what was built. */
static kiln_status split_pairs(kiln_func *f) {
  if (KN_UNLIKELY(f->session->witness != NULL)) kn_witness_begin(f);
  if (KN_UNLIKELY(f->facts.has_pairs) && f->status == KILN_OK) kn_split_pairs(f);
  return f->status;
}

/* In checking builds: begins the log of the walk. */
static void begin_checks(const kiln_func *f) {
#ifdef KN_CHECKS
  struct kn_check *c = f->session->walk->check;
  kn_check_begin(c);
  c->ir = kn_check_ir(f);
#endif
  (void)f;
}

static kiln_status plan(kiln_func *f) {
  kiln_session *s = f->session;
  uint64_t begin = now(s->timing);
  s->plan->wishes.n = 0;
  if (KN_UNLIKELY(f->debug.subprogram != 0)) kn_debug_prepare(f);
  kn_plan_make(s->plan, f, f->module->target);
  s->stats.plan_ns += now(s->timing) - begin;
  return f->status;
}

static kiln_status dump(kiln_func *f) {
  const kiln_session *s = f->session;
  if (KN_UNLIKELY(s->dump_what != 0) && !kn_dump(f, s->plan, s->dump_what, s->dump_out))
    kn_func_fail(f, KILN_ERR_MEMORY, UINT32_MAX, 0, "out of memory");
  return f->status;
}

/* Attaches the observers of how the function becomes code. */
static void call_observers(struct kn_walk *w, kiln_func *f) {
  w->observer = NULL;
  if (KN_UNLIKELY(f->debug.subprogram != 0)) kn_debug_observe(w, f);
  if (KN_UNLIKELY(f->session->map != NULL)) kn_map_observe(w, f->session->map);
  if (KN_UNLIKELY(f->session->witness != NULL)) kn_witness_observe(w, f->session->witness);
  if (KN_UNLIKELY(f->facts.has_roots)) kn_roots_observe(w, f);
}

static kiln_status walk(kiln_func *f) {
  kiln_session *s = f->session;
  uint64_t begin = now(s->timing);
  /* an observer may have failed */
  kiln_status status = f->status == KILN_OK ? kn_walk_function(s->walk, f, s->plan) : f->status;
  s->stats.walk_ns += now(s->timing) - begin;
  /* the session's own arrays report to the module that memory is lacking; the walk may fail as a consequence */
  kiln_status own = kn_module_own(f->module);
  return own == KILN_OK ? status : own;
}

/* In checking builds: proves from the log that the walk kept the rules of allocation. */
static kiln_status check(kiln_func *f) {
#ifdef KN_CHECKS
  struct kn_walk *w = f->session->walk;
  uint32_t inst;
  if (kn_check_ir(f) != w->check->ir)
    return kn_func_fail(f, KILN_ERR_INTERNAL, UINT32_MAX, 0, "code generation has changed the IR");
  if (!kn_check_run(w->check, f, w)) return f->status;
  const char *wrong = kn_check_table(w->check, w, &inst);
  if (wrong != NULL)
    return kn_func_fail(f, KILN_ERR_INTERNAL, UINT32_MAX, inst,
                        "allocation check: table of exceptions: %s", wrong);
#endif
  return f->status;
}

/* What the function's code refers to is reachable. */
static void reach(kiln_module *m, const struct kn_output *out, const struct kn_output_mark *was) {
  if (KN_LIKELY(m->reached == NULL)) return;
  for (uint32_t i = was->relocs; i < out->relocs.n; i++)
    kn_symbol_reach(m, out->relocs.at[i].symbol);
  for (uint32_t i = was->tables; i < out->tables.n; i++)
    kn_symbol_reach(m, out->tables.at[i].personality);
  for (uint32_t i = was->table_types; i < out->table_types.n; i++)
    kn_symbol_reach(m, out->table_types.at[i]);
}

static void count(const kiln_func *f) {
  kiln_session *s = f->session;
  s->stats.functions++;
  s->stats.instructions += f->n - 1;
  s->stats.blocks += f->blocks.n;
  s->stats.code_bytes += s->out->funcs.at[s->out->funcs.n - 1].size;
}

/* Generates code of a function; the function stays. */
static kiln_status run_stages(kiln_func *f) {
  struct kn_output *out = f->session->out;
  struct kn_output_mark was = kn_output_mark(out);
  kiln_status status = finish(f);
  if (status == KILN_OK) status = verify(f);
  if (status == KILN_OK) status = inline_calls(f);
  if (status == KILN_OK) status = verify_inlined(f);
  if (status == KILN_OK) status = supports(f);
  if (status == KILN_OK) status = open_state(f);
  if (status == KILN_OK) status = split_pairs(f);
  if (status == KILN_OK) begin_checks(f);
  if (status == KILN_OK) status = plan(f);
  if (status == KILN_OK) status = dump(f);
  if (status == KILN_OK) call_observers(f->session->walk, f);
  if (status == KILN_OK) status = walk(f);
  if (status == KILN_OK) status = check(f);
  if (status != KILN_OK) return kn_output_cut(out, &was), status;
  reach(f->module, out, &was);
  count(f);
  return KILN_OK;
}

/* A callback wants to compile with a session that is in use. The function stays, with an error. */
static KN_COLD kiln_status refuse(kiln_func *f, kiln_diag *diag) {
  kiln_status status =
    kn_func_fail(f, KILN_ERR_STRUCTURE, UINT32_MAX, 0,
                 "a callback of the session cannot compile or discard functions");
  if (diag != NULL) *diag = f->diag;
  return status;
}

/* Compiles a function and frees it, whether it failed or not; with `passes` its error becomes the module's. */
static kiln_status compile(kiln_func *f, bool passes, kiln_diag *diag) {
  if (f == NULL) return KILN_ERR_ARGUMENT;
  if (KN_UNLIKELY(kn_session_busy(f->session))) return refuse(f, diag);
  f->session->busy = true; /* no callback can use it meanwhile */
  kiln_status status = run_stages(f);
  f->session->busy = false;
  if (status == KILN_OK) {
    kn_func_release(f);
    return KILN_OK;
  }
  const bool own =
    f->status != KILN_OK; /* without an error of the function the module has its own */
  if (own && passes) kn_module_pass(f->module, &f->diag, f->symbol);
  if (diag != NULL) *diag = own ? f->diag : f->module->diag;
  kiln_func_discard(f);
  return status;
}

kiln_status kiln_func_compile(kiln_func *f) { return compile(f, true, NULL); }

kiln_status kiln_func_try_compile(kiln_func *f, kiln_diag *diag) {
  if (diag != NULL) *diag = (kiln_diag){0};
  return compile(f, false, diag);
}
