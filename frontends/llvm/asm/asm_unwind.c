/* Inline assembly that an exception may leave. Its code becomes a function of its own, which is called: the tables of
 * unwinders know calls alone, and whatever the text does to registers, that function restores. Outputs in registers go
 * through memory. Called by asm.c. Invariant: r->f is the outer function again, whatever fails. */
#include "asm/asm.h"

#include <kiln/exceptions.h>

bool kn_asm_begin_apart(struct kn_asm_call *a, const kiln_param *params, uint32_t n_params,
                        uint32_t n_results, struct kn_asm_apart *x) {
  struct kn_bc *r = a->r;
  kiln_param all[KN_ASM_MAX_OPERANDS + 1];
  *x = (struct kn_asm_apart){.outer = r->f, .n_params = n_params, .n_results = n_results};
  if (n_params) memcpy(all, params, n_params * sizeof *all);
  all[n_params] = (kiln_param){.type = KILN_TYPE_PTR};
  x->slot = kiln_slot_new(r->f, 16 * (n_results + 1), 4);
  x->sig = kiln_sig_new(r->module, KILN_CC_C, 0, all, n_params + 1, NULL, 0);
  if (r->fn.asm_waits) return true; /* the body is read again */
  if (kiln_module_is_frozen(r->module))
    return kn_bc_unsupported(r, "inline assembly that unwinds, in a frozen module");
  x->symbol = kiln_func_declare(
    r->module,
    &(kiln_symbol_desc){.linkage = KILN_LINKAGE_PRIVATE, .dso_local = true, .body = true}, x->sig);
  kiln_func *f = kiln_func_begin(r->session, x->symbol);
  if (!f) return kn_bc_fail(r, KILN_ERR_MEMORY, "out of memory");
  /* the text may push and pop around what it calls */
  kiln_func_set_attrs(f, &(kiln_func_attrs){.frame_pointer = true});
  r->f = f;
  return true;
}

bool kn_asm_end_apart(struct kn_asm_call *a, struct kn_asm_apart *x, const kiln_type *types,
                      const kiln_value *results) {
  struct kn_bc *r = a->r;
  kiln_func *f = r->f;
  if (f == x->outer) return r->status == KILN_OK;
  for (uint32_t k = 0; k < x->n_results; k++)
    kiln_build_store(f, types[k], kiln_func_param(f, x->n_params), 16 * (int32_t)k, results[k], 0);
  kiln_build_ret(f, NULL, 0);
  r->f = x->outer;
  if (r->status != KILN_OK) return kiln_func_discard(f), false;
  kiln_status status = r->sink ? kiln_func_finish(f) : kiln_func_compile(f);
  if (r->sink && status == KILN_OK) status = r->sink(r->sink_user, f);
  else if (r->sink) kiln_func_discard(f);
  return status == KILN_OK || kn_bc_fail(r, status, "inline assembly could not be compiled");
}

/* Calls it by a try whose landing pad is that of the statement; goes on in a block of its own. */
static void try_apart(struct kn_asm_call *a, const kiln_try_desc *call) {
  kiln_func *f = a->r->f;
  const kiln_value gives[2] = {kiln_try_exception(f), kiln_try_selector(f)};
  kiln_try_desc t = *call;
  t.normal = kiln_block_new(f);
  t.unwind = a->of->unwind;
  t.unwind_args = gives;
  t.n_unwind_args = 2;
  t.shared = a->of->clauses;
  kiln_build_try(f, &t);
  kiln_block_switch(f, t.normal);
}

void kn_asm_call_apart(struct kn_asm_call *a, const struct kn_asm_apart *x, const kiln_value *args,
                       uint32_t n_args) {
  struct kn_bc *r = a->r;
  kiln_value callee =
    x->symbol.id ? kiln_const_symbol(r->f, x->symbol, 0) : kiln_const_int(r->f, 0);
  r->tmp.args.n = 0;
  for (uint32_t k = 0; k <= n_args; k++)
    if (!KN_BC_PUSH(r, r->tmp.args, k < n_args ? args[k] : x->slot)) return;
  const kiln_try_desc call = {
    .sig = x->sig, .callee = callee, .args = r->tmp.args.at, .n_args = n_args + 1};
  if (a->of->invoke) {
    kiln_value none[KILN_MAX_RESULTS];
    /* outputs in memory are stored after it, so that it has a block there in any case */
    const struct kn_bc_sig sig = {.sig = x->sig, .ret = RET_PARTS};
    kn_bc_try(r, a->of->invoke, &sig, callee, none);
  } else if (a->of->clauses.id) {
    try_apart(a, &call);
  } else {
    kiln_build_call(r->f, x->sig, callee, call.args, call.n_args);
  }
}
