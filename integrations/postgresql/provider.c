/* The provider: what PostgreSQL calls (jit/jit.h), and the life of what is compiled.
 *
 * A context belongs to a query (EState.es_jit) and to a resource owner, so that it ends with either. Expressions that
 * are ready wait in it; the first one that runs has all of them compiled, in one unit of the backend's JIT: one piece
 * of memory. An expression that is not compiled is interpreted.
 *
 * No error of PostgreSQL's can leave a call of Kiln: memory comes from malloc, and a failure is a status. Between these
 * calls palloc may report one, and a query may be cancelled; what is being built is then freed by the next batch or
 * reset_after_error. */
#include "kilnjit.h"

#include <kiln/jit.h>

#include "miscadmin.h"
#include "nodes/execnodes.h"
#include "storage/ipc.h"
#include "utils/guc.h"
#include "utils/memutils.h"

/* What the server looks for; all else of the library is hidden. */
#pragma GCC visibility push(default)
PG_MODULE_MAGIC;
extern void _PG_jit_provider_init(JitProviderCallbacks *cb);
#pragma GCC visibility pop

/** An expression of a context. */
typedef struct kj_ready {
  ExprState *state;       /**< PostgreSQL's */
  ExprStateEvalFunc code; /**< NULL: not compiled */
  struct kj_context *context;
  int number; /**< of its function in its batch; -1: it is not compiled */
} kj_ready;

/** What a query has compiled. */
typedef struct kj_context {
  JitContext base; /**< must be first */
  KJ_OWNER_MEMBER
  MemoryContext memory; /**< of all below */
  kj_ready **ready;     /**< expressions; those from `done` on wait */
  int n_ready, max_ready, done;
  kiln_jit_unit *units; /**< one for each batch */
  int n_units, max_units;
} kj_context;

/* The backend's; made when something is first compiled. */
static kiln_jit *backend_jit;
static bool jit_failed;
/* What is being built; after an error, what is left of it. */
static kj_batch building;
static MemoryContext building_memory;
static uint32 n_batches;
/* kilnjit.max_steps: longer expressions are interpreted. */
static int max_steps;

static void end_batch(void) {
  kiln_session_free(building.session);
  kiln_module_free(building.module);
  memset(&building, 0, sizeof(building));
  if (building_memory != NULL) MemoryContextReset(building_memory);
}

static bool open_jit(void) {
  kiln_jit_options options = {.no_unwind = !jit_debugging_support,
                              .gdb = jit_debugging_support,
                              .perf_map = jit_profiling_support,
                              .no_process_symbols = true};
  kiln_jit_error error = {0};

  if (backend_jit != NULL) return true;
  if (jit_failed) return false;
  backend_jit = kiln_jit_new(&options, &error);
  if (backend_jit != NULL) return true;
  jit_failed = true; /* for this backend: the reason will not go away */
  elog(DEBUG1, "kilnjit: nothing is compiled in this session: %s", error.diag.message);
  kiln_jit_error_free(&error);
  return false;
}

static bool begin_batch(const kj_context *context) {
  kiln_module_options options = {.name = "kilnjit", .jit = true};

  end_batch();
  if (building_memory == NULL)
    building_memory =
      AllocSetContextCreate(TopMemoryContext, "kilnjit batch", ALLOCSET_DEFAULT_SIZES);
  if (!kiln_target_find_host(&options.target)) return false;
  building.flags = context->base.flags;
  building.memory = context->memory;
  building.module = kiln_module_new(&options);
  building.session = kiln_session_new(building.module);
  n_batches++;
  return building.session != NULL;
}

/* ---- contexts ---- */

static kj_context *context_of(EState *estate) {
  kj_context *context = (kj_context *)estate->es_jit;
  MemoryContext memory;

  if (context != NULL) return context;
  kj_owner_enlarge();
  memory = AllocSetContextCreate(TopMemoryContext, "kilnjit query", ALLOCSET_SMALL_SIZES);
  context = MemoryContextAllocZero(TopMemoryContext, sizeof(kj_context));
  context->memory = memory;
  context->base.flags = estate->es_jit_flags;
  kj_owner_remember(context);
  estate->es_jit = &context->base;
  return context;
}

static void release_context(JitContext *base) {
  kj_context *context = (kj_context *)base;

  /* A process that ends frees all by ending. */
  for (int i = 0; !proc_exit_inprogress && i < context->n_units; i++)
    kiln_jit_remove(backend_jit, context->units[i], NULL);
  context->n_units = 0;
  MemoryContextDelete(context->memory);
  kj_owner_forget(context);
}

#if PG_VERSION_NUM >= 170000
static void release_owned(Datum context) {
  ((kj_context *)DatumGetPointer(context))->owner = NULL;
  jit_release_context((JitContext *)DatumGetPointer(context));
}

const ResourceOwnerDesc kj_owner_kind = {.name = "kilnjit context",
                                         .release_phase = RESOURCE_RELEASE_BEFORE_LOCKS,
                                         .release_priority = RELEASE_PRIO_JIT_CONTEXTS,
                                         .ReleaseResource = release_owned};
#endif

static void reset_after_error(void) { end_batch(); }

/* ---- compiling ---- */

static void note_fetches(const ExprState *state) {
  for (int i = 0; i < state->steps_len; i++) {
    const ExprEvalStep *op = &state->steps[i];

    if (op->opcode >= EEOP_INNER_FETCHSOME && op->opcode <= EEOP_SCAN_FETCHSOME)
      kj_note_fetch(&building, op->d.fetch.last_var);
  }
}

static kiln_symbol declare(int number) {
  static const kiln_param params[3] = {
    {.type = KILN_TYPE_I64}, {.type = KILN_TYPE_I64}, {.type = KILN_TYPE_I64}};
  static const kiln_type result = KILN_TYPE_I64;
  char name[64];

  snprintf(name, sizeof(name), "evalexpr_%u_%d", n_batches, number);
  return kiln_func_declare(
    building.module,
    &(kiln_symbol_desc){.name = name, .linkage = KILN_LINKAGE_INTERNAL, .body = true},
    kiln_sig_new(building.module, KILN_CC_C, KILN_SIG_NOUNWIND, params, 3, &result, 1));
}

static void build_ready(kj_ready *r, int number) {
  const char *why = "no memory";

  r->number = -1;
  if (r->state->steps_len > max_steps) {
    elog(DEBUG1, "kilnjit: an expression of %d steps is interpreted: kilnjit.max_steps is %d",
         r->state->steps_len, max_steps);
    return;
  }
  if (kj_build_expr(&building, r->state, declare(number), &why)) {
    r->number = building.n_functions++;
    building.n_expressions++;
    return;
  }
  elog(DEBUG1, "kilnjit: an expression of %d steps is interpreted: %s", r->state->steps_len, why);
}

/* Puts what was built into memory, and finds where each expression is. */
static bool link_batch(kj_context *context) {
  kiln_jit_input input = {
    .module = building.module, .sessions = &building.session, .n_sessions = 1};
  kiln_jit_error error = {0};
  kiln_jit_unit unit;

  KJ_ROOM(context->memory, context->units, context->n_units, context->max_units);
  if (kiln_jit_add(backend_jit, 0, &input, 1, &unit, &error) != KILN_OK) {
    elog(DEBUG1, "kilnjit: %d expressions are interpreted: %s", context->n_ready - context->done,
         error.diag.message);
    kiln_jit_error_free(&error);
    return false;
  }
  context->units[context->n_units++] = unit;
  context->base.instr.created_functions += (size_t)building.n_functions;
  for (int i = context->done; i < context->n_ready; i++) {
    kj_ready *r = context->ready[i];

    if (r->number >= 0)
      r->code = (ExprStateEvalFunc)kiln_jit_function(backend_jit, unit, (uint32_t)r->number);
  }
  return true;
}

static void compile_waiting(kj_context *context) {
  MemoryContext old = CurrentMemoryContext;
  instr_time start, built, end;

  if (context->done == context->n_ready) return;
  INSTR_TIME_SET_CURRENT(start);
  if (!open_jit() || !begin_batch(context)) {
    end_batch();
    context->done = context->n_ready;
    return;
  }
  MemoryContextSwitchTo(building_memory);
  for (int i = context->done; i < context->n_ready; i++) note_fetches(context->ready[i]->state);
  for (int i = context->done; i < context->n_ready; i++) build_ready(context->ready[i], i);
  INSTR_TIME_SET_CURRENT(built);
  INSTR_TIME_ACCUM_DIFF(context->base.instr.generation_counter, built, start);
  kj_add_deform_time(context->base.instr, building.deforming);
  if (link_batch(context))
    elog(DEBUG2, "kilnjit: %d of %d expressions are compiled", building.n_expressions,
         context->n_ready - context->done);
  context->done = context->n_ready;
  MemoryContextSwitchTo(old);
  end_batch();
  INSTR_TIME_SET_CURRENT(end);
  INSTR_TIME_ACCUM_DIFF(context->base.instr.emission_counter, end, built);
}

/* What an expression's evaluation is before its first one. */
static Datum run_first(ExprState *state, ExprContext *econtext, bool *isnull) {
  kj_ready *r = state->evalfunc_private;

  compile_waiting(r->context);
  if (r->code == NULL) {
    ExecReadyInterpretedExpr(state);
  } else {
    CheckExprStillValid(state, econtext);
    state->evalfunc = r->code;
  }
  return state->evalfunc(state, econtext, isnull);
}

/* The interpreter has functions of its own for these, which are as quick. */
static bool is_trivial(const ExprState *state) {
  ExprEvalOp first = (ExprEvalOp)state->steps[0].opcode;

  return state->steps_len == 2 &&
         (first == EEOP_CONST || (first >= EEOP_INNER_VAR && first <= EEOP_SCAN_VAR) ||
          (first >= EEOP_ASSIGN_INNER_VAR && first <= EEOP_ASSIGN_SCAN_VAR));
}

static bool compile_expr(ExprState *state) {
  EState *estate = state->parent->state;
  kj_context *context;
  kj_ready *r;

  if (jit_failed || is_trivial(state)) return false;
  context = context_of(estate);
  KJ_ROOM(context->memory, context->ready, context->n_ready, context->max_ready);
  r = MemoryContextAllocZero(context->memory, sizeof(kj_ready));
  r->state = state;
  r->context = context;
  context->ready[context->n_ready++] = r;
  state->evalfunc_private = r;
  state->evalfunc = run_first;
  /* What may be freed before the query's memory must not wait. The state, which may be part of a larger chunk, was made
   * in the current context. */
  if (CurrentMemoryContext != estate->es_query_cxt) compile_waiting(context);
  return true;
}

void _PG_jit_provider_init(JitProviderCallbacks *cb) {
  DefineCustomIntVariable("kilnjit.max_steps", "Longest expression that is compiled, in steps.",
                          "Longer ones are interpreted. Compile time is linear in the steps.",
                          &max_steps, 100000, 0, INT_MAX, PGC_USERSET, 0, NULL, NULL, NULL);
  MarkGUCPrefixReserved("kilnjit");
  cb->reset_after_error = reset_after_error;
  cb->release_context = release_context;
  cb->compile_expr = compile_expr;
}
