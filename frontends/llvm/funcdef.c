/* The definition of a function: begins it in the builder, reads its block, and finishes it. The block is read
 * again from its beginning if it turns out that it has locations, or that addresses must not be deferred
 * (VS_ADDR). Called once per body by module.c. Invariant: entries that the body adds to the module's tables are
 * removed after it. */
#include "debug/debug.h"
#include "debug/debug_node.h"

/* How many entries of the tables of constants are the module's. */
struct module_part {
  uint32_t words, list, bytes;
};

/* Removes what the function's body added, and resets the module's constants to VS_CONST. */
static void reset(struct kn_bc *r, const struct module_part *kept) {
  r->cwords.n = kept->words;
  r->clist.n = kept->list;
  r->cbytes.n = kept->bytes;
  for (uint32_t i = 0; i < r->touched.n; i++) {
    struct kn_bc_val *v = &r->vals[r->touched.at[i]];
    *v = (struct kn_bc_val){0, (v->t & KN_BC_TYPE_MASK) | (uint32_t)VS_CONST << 24};
  }
  r->touched.n = 0;
  r->n_vals = r->module_vals;
  r->parts.n = r->ends.n = r->stamps.n = r->late.n = r->addrs.n = r->halves.n = r->n_again = 0;
  r->pads.n = r->invokes.n = r->n_unread = 0;
  r->n_params = 0;
  r->loc = r->loc_set = r->subprogram = 0;
  r->records_pos = 0;
  if (KN_UNLIKELY(r->has_debug)) kn_bc_assign_begin(r);
  r->mds.n = r->module_mds;
  r->md_scope.n = r->module_md_scope;
}

/* Undoes what was read of a body so far. If the reason is a location, reads the module's metadata, for which it
 * changes the position, and makes the reader handle locations from now on. */
static bool start_again(struct kn_bc *r, const struct kn_bc_saved *saved,
                        const struct module_part *kept) {
  kiln_func_discard(r->f);
  r->f = NULL;
  r->restart = false;
  reset(r, kept);
  kn_bc_unwind(r, saved);
  if (!r->see_debug) return true;
  r->see_debug = false;
  r->has_debug = true;
  r->learned = 0;
  return kn_bc_module_metadata(r);
}

/* Builds the current function from its block, which was just announced. */
static bool build(struct kn_bc *r, struct kn_bc_saved *saved) {
  if (!kn_bc_enter(r, BLOCK_FUNCTION, saved)) return false;
  r->f = kiln_func_begin(r->session, (kiln_symbol){r->fn->symbol});
  if (!r->f) {
    kn_bc_fail(r, KILN_ERR_MEMORY, "out of memory");
    return false;
  }
  uint32_t features = r->fn->fn_flags >> FA_FEATURES & (KILN_FEATURE_LSE | KILN_FEATURE_CX16);
  if (KN_UNLIKELY(features != 0)) kiln_func_features(r->f, features);
  if (r->fn->fn_flags & FA_FRAME_POINTER) kiln_func_frame_pointer(r->f);
  if (KN_UNLIKELY(r->fn->fn_flags & FA_REALIGN_STACK)) kiln_func_realign_stack(r->f);
  r->bb = r->n_bbs = r->n_forwards = r->zeroed = 0;
  r->lane_slot = r->truth.number = (kiln_value){0};
  r->inserted.id = r->fast_call = 0;
  r->call_locs.n = 0;
  r->call_body++;
  r->bundles = false;
  r->may_split = r->has_trap || r->fn->init || r->has_words || r->splits;
  r->others = 0;
  r->tail = r->asm_waits = false;
  r->call_mask = PLAIN_CALL_MASK | (r->fn->fn_flags & FA_OPT_NONE) / FA_OPT_NONE;
  r->asm_count = 0;
  r->harden.guard = KILN_GUARD_NONE;
  r->harden.enters = 0;
  r->harden.leaves = false;
  if (KN_UNLIKELY(r->fn->fn_flags & FA_HARDENED || r->harden.probes || r->harden.protect))
    kn_bc_harden_function(r);
  if (!kn_bc_params(r)) return false;
  if (KN_UNLIKELY(r->harden.enters != 0)) kn_bc_harden_enter(r);
  return kn_bc_body(r);
}

bool kn_bc_read_function(struct kn_bc *r, uint32_t global) {
  struct kn_bc_saved saved;
  r->fn = &r->globals.at[global];
  const struct module_part kept = {r->cwords.n, r->clist.n, r->cbytes.n};
  r->wide_sigs = kn_bc_wide_sigs(r, r->fn->attrs);
  const struct kn_bc_sig *sig =
    kn_bc_sig(r, r->fn->type, r->fn->attrs,
              (r->fn->fn_flags & KN_BC_SIG_FLAGS) | KN_BC_SIG_DEFINITION | r->wide_sigs |
                (r->fn->fn_flags & FA_WIN64 ? KN_BC_SIG_WIN64 : 0u));
  if (!sig) return false;
  r->fn_sig = *sig;
  uint64_t start = r->bits.pos, counted = r->instructions;
  if (KN_UNLIKELY(r->has_strict) && !r->has_debug) {
    r->has_debug = true;
    r->learned = 0;
    if (!kn_bc_module_metadata(r)) return false;
    r->bits.pos = start;
  }
  if (!build(r, &saved)) return false;
  if (KN_UNLIKELY(r->restart)) {
    do { /* at most once for each reason */
      if (!start_again(r, &saved, &kept)) return false;
      r->bits.pos = start;
      if (!build(r, &saved)) return false;
    } while (r->restart);
    r->no_addrs = r->no_halves = r->splits = r->hoist_module = false;
  }
  if (r->n_bbs == 0 || r->bb != r->n_bbs) return kn_bc_malformed(r, "a block without a terminator");
  if (r->n_unread) return kn_bc_malformed(r, "an invoke unwinds to a block without a landing pad");
  if (r->n_forwards) return kn_bc_malformed(r, "a value that is never defined");
  for (uint32_t i = 0; i < r->late.n; i++) {
    const struct kn_bc_late *l = &r->late.at[i];
    kiln_edge_arg(r->f, kn_bc_edge_from(r, l->pred, l->target), (kiln_block){l->target}, l->index,
                  (kiln_value){l->value});
  }
  if (r->records_pos) kn_bc_debug_records(r);
  kn_bc_leave(r, &saved);
  if (KN_UNLIKELY(r->asm_waits) && r->status == KILN_OK && kiln_func_status(r->f) == KILN_OK) {
    kiln_func_discard(r->f);
    r->f = NULL;
    reset(r, &kept);
    r->instructions = counted;
    return KN_BC_PUSH(r, r->waiting, (struct kn_bc_body){start, global});
  }
  if (KN_UNLIKELY(r->has_debug)) kn_bc_assign_end(r);
  if (r->subprogram) kn_bc_debug_function(r);
  if (kiln_func_status(r->f) != KILN_OK) {
    kn_bc_fail(r, kiln_func_status(r->f),
               "malformed bitcode: a function breaks the rules of the IR");
    return false;
  }
  if (r->status != KILN_OK) return false;
  kiln_func *f = r->f;
  r->f = NULL;
  kiln_status status;
  if (r->sink) {
    status = kiln_func_finish(f);
    if (status == KILN_OK) status = r->sink(r->sink_user, f);
    else kiln_func_discard(f);
  } else {
    status = kiln_func_compile(f);
  }
  reset(r, &kept);
  r->status = status;
  return status == KILN_OK;
}
