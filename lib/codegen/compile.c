/* The pipeline: a finished function is planned, walked and forgotten. */
#include "ir/build/builder.h"
#include "ir/clock.h"
#include "ir/inline/inlining.h"
#include "lib/check/check.h"
#include "lib/codegen/dump.h"
#include "lib/codegen/guard.h"
#include "lib/codegen/map.h"
#include "lib/codegen/plan.h"
#include "lib/codegen/support.h"
#include "lib/codegen/witness.h"
#include "lib/debug/debugger.h"

#include <string.h>

static uint64_t now(bool timing) { return timing ? kn_clock_ns() : 0; }

/* Plan and walk live as long as the session, so that their arrays are reused. */
static bool make_rooms(kiln_session *s) {
  if (s->walk) return true;
  kiln_module *m = s->module;
  if (s->plan == NULL && (s->plan = kn_realloc(m, NULL, sizeof *s->plan)))
    *s->plan = (struct kn_plan){0};
  size_t size = kn_target_at(m->options.target.processor)->walk_size;
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
  if (!make_rooms(s)) return false;
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

bool kn_session_open_rooms(kiln_session *s) {
  s->lacks = kn_target_lacks(kn_target_at(s->module->options.target.processor));
  s->out = kn_realloc(s->module, NULL, sizeof *s->out);
  if (s->out) *s->out = (struct kn_output){0};
  return s->out != NULL;
}

uint64_t kn_session_room_bytes(const kiln_session *s) { return kn_output_bytes(s->out); }

void kn_session_free_rooms(kiln_session *s) {
  kn_output_free(s->out, &s->module->options.allocator);
  kn_realloc(s->module, s->out, 0);
  if (s->plan) kn_plan_free(s->plan, s->module);
#ifdef KN_CHECKS
  if (s->walk) kn_check_free(s->walk->check, s->module);
#endif
  if (s->walk) kn_walk_free(s->walk, s->module);
  kn_debug_observer_free(s);
  kn_map_free(s);
  s->out = NULL;
  s->plan = NULL;
  s->walk = NULL;
}

/* Calls those who are to hear how the function becomes code. */
static void call_observers(struct kn_walk *w, kiln_func *f) {
  w->observer = NULL;
  if (KN_UNLIKELY(f->debug.subprogram != 0)) kn_debug_observe(w, f);
  if (KN_UNLIKELY(f->session->map != NULL)) kn_map_observe(w, f->session->map);
}

/* What the function's code refers to is reachable. */
static void reach(kiln_module *m, const struct kn_output *out, const struct kn_output_mark *was) {
  for (uint32_t i = was->relocs; i < out->relocs.n; i++)
    kn_symbol_reach(m, out->relocs.at[i].symbol);
  for (uint32_t i = was->tables; i < out->tables.n; i++)
    kn_symbol_reach(m, out->tables.at[i].personality);
  for (uint32_t i = was->table_types; i < out->table_types.n; i++)
    kn_symbol_reach(m, out->table_types.at[i]);
}

/* Generates code of a function; the function stays. */
static kiln_status generate(kiln_func *f) {
  kiln_session *s = f->session;
  kiln_module *m = s->module;
  const struct kn_target *t = kn_target_at(m->options.target.processor);
  kiln_status status = f->facts.finished ? f->status : kiln_func_finish(f);
  /* a builder that got no symbol or signature from a failed module may have used none as an operand */
  if (status == KILN_OK) status = kn_module_own(m);
  if (status == KILN_OK && m->options.verify) status = kiln_func_verify(f);
  if (status == KILN_OK && KN_UNLIKELY(m->kept != NULL || m->inlining != KILN_INLINING_OFF) &&
      kn_inline_wanted(f) && !kn_inline_expand(f))
    status = f->status;
  if (KN_UNLIKELY(s->lacks != 0) && status == KILN_OK && !kn_supports_func(f, t, s->lacks))
    status = f->status;
  if (status == KILN_OK && !make_rooms(s))
    status = kn_func_fail(f, KILN_ERR_MEMORY, UINT32_MAX, 0, "out of memory");
  if (status != KILN_OK) return status;
  struct kn_output_mark was = kn_output_mark(s->out);
#ifdef KN_CHECKS
  kn_check_begin(s->walk->check);
  uint64_t ir = kn_check_ir(f);
#endif
  uint64_t t0 = now(s->timing);
  bool planned = kn_plan_make(s->plan, f, t);
  unsigned dumped = s->dump_what & (KILN_DUMP_PLAN | KILN_DUMP_HOMES);
  if (KN_UNLIKELY(dumped != 0) && planned && !kn_dump(f, s->plan, dumped, s->dump_out))
    kn_func_fail(f, KILN_ERR_MEMORY, UINT32_MAX, 0, "out of memory");
  uint64_t t1 = now(s->timing);
  call_observers(s->walk, f);
  struct kn_witness witness;
  bool witnessed = KN_UNLIKELY((s->dump_what & KILN_DUMP_WITNESS) != 0);
  if (witnessed) kn_witness_begin(&witness, s->walk, f, s->dump_out);
  status = f->status == KILN_OK ? kn_walk_function(s->walk, f, s->plan) : f->status;
  uint64_t t2 = now(s->timing);
  if (witnessed && !kn_witness_end(&witness, m))
    status = kn_func_fail(f, KILN_ERR_MEMORY, UINT32_MAX, 0, "out of memory");
  /* the session's own arrays report to the module that memory is lacking; the walk may fail as a consequence */
  if (kn_module_own(m) != KILN_OK) status = kn_module_own(m);
#ifdef KN_CHECKS
  if (status == KILN_OK && kn_check_ir(f) != ir)
    status =
      kn_func_fail(f, KILN_ERR_INTERNAL, UINT32_MAX, 0, "code generation has changed the IR");
  if (status == KILN_OK && !kn_check_run(s->walk->check, f, s->walk)) status = f->status;
  uint32_t inst;
  const char *wrong = status == KILN_OK ? kn_check_table(s->walk->check, s->walk, &inst) : NULL;
  if (wrong != NULL)
    status = kn_func_fail(f, KILN_ERR_INTERNAL, UINT32_MAX, inst,
                          "allocation check: table of exceptions: %s", wrong);
#endif
  if (status != KILN_OK) {
    kn_output_cut(s->out, &was);
  } else {
    if (KN_UNLIKELY(m->reached != NULL)) reach(m, s->out, &was);
    s->stats.functions++;
    s->stats.instructions += f->n - 1;
    s->stats.blocks += f->blocks.n;
    s->stats.code_bytes += s->out->funcs.at[s->out->funcs.n - 1].size;
  }
  s->stats.plan_ns += t1 - t0;
  s->stats.walk_ns += t2 - t1;
  return status;
}

kiln_status kiln_func_compile(kiln_func *f) {
  if (f == NULL) return KILN_ERR_ARGUMENT;
  kiln_status status = generate(f);
  if (status == KILN_OK) {
    kn_func_release(f);
    return KILN_OK;
  }
  /* without an error of the function the module has its own */
  if (f->status != KILN_OK) kn_module_pass(f->module, &f->diag, f->symbol);
  kiln_func_discard(f);
  return status;
}

kiln_status kiln_func_try_compile(kiln_func *f, kiln_diag *diag) {
  static const kiln_diag none = {.block = UINT32_MAX, .inst = UINT32_MAX, .bit_offset = UINT64_MAX};
  if (diag != NULL) *diag = none;
  if (f == NULL) return KILN_ERR_ARGUMENT;
  kiln_status status = generate(f);
  if (status == KILN_OK) {
    kn_func_release(f);
    return KILN_OK;
  }
  if (diag != NULL) *diag = f->status != KILN_OK ? f->diag : f->module->diag;
  kiln_func_discard(f);
  return status;
}
