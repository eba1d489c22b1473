/* The definition of a function: begins it in the builder, reads its block, and finishes it. The block is read again
 * from its beginning for the reasons of struct kn_bc_again, which README.md explains. Called by module.c and fork.c for
 * each body. Invariant: entries that the body adds to the module's tables are removed after it. */
#include "debug/debug.h"
#include "debug/debug_node.h"
#include "decoder.h"

/* Removes what the function's body added, and resets the module's constants to VS_CONST. */
static void reset(struct kn_bc *r) {
  for (uint32_t i = 0; i < r->fn.touched.n; i++) {
    struct kn_bc_val *v = &r->vals.at[r->fn.touched.at[i]];
    *v = (struct kn_bc_val){0, (v->t & KN_BC_TYPE_MASK) | (uint32_t)VS_CONST << 24};
  }
  r->fn.touched.n = 0;
  r->vals.n = r->m->n_vals;
}

/* Undoes what was read of a body so far. */
static void start_again(struct kn_bc *r, const struct kn_bc_saved *saved) {
  kiln_func_discard(r->f);
  r->f = NULL;
  r->again.restart = false;
  reset(r);
  kn_bc_unwind(r, saved);
}

/* Begins with the body of `g`: whatever was said of another one is forgotten. False if it cannot be one. */
static bool begin(struct kn_bc *r, const struct kn_bc_global *g) {
  kn_bc_memory_reset(r, &r->body_memory, true);
  memset(&r->fn, 0, r->has_debug ? sizeof r->fn : KN_BC_FUNCTION_PLAIN);
  KN_BC_FIRST(r, r->fn.touched, 64); /* what most bodies need */
  KN_BC_FIRST(r, r->fn.parts, 64);
  KN_BC_FIRST(r, r->fn.addrs, 32);
  KN_BC_FIRST(r, r->fn.late, 16);
  if (r->m->entries) KN_BC_FIRST(r, r->fn.md.mds, 160);
  r->fn.global = g;
  r->fn.wide_sigs = kn_bc_wide_sigs(r, g->attrs);
  const struct kn_bc_sig *sig =
    kn_bc_sig(r, g->type, g->attrs,
              (g->fn_flags & KN_BC_SIG_FLAGS) | (g->fn_flags & FA_SYSV ? KN_BC_SIG_SYSV : 0u) |
                KN_BC_SIG_DEFINITION | r->fn.wide_sigs);
  if (!sig) return false;
  r->fn.sig = *sig;
  r->fn.call_mask = PLAIN_CALL_MASK | (g->fn_flags & FA_OPT_NONE) / FA_OPT_NONE;
  r->fn.md.part.before = (uint32_t)r->m->md_end;
  r->md.now = &r->fn.md;
  r->md.call_locs.n = 0;
  if (r->md.call_hash.n != 0) kn_hash_clear(&r->md.call_hash);
  r->md.call_body++;
  r->md.keyed |= r->m->keyed;
  return true;
}

/* Is it a thunk of a virtual function, by its name in C++'s ABI? gdb steps through these to the function that they
 * call, which has to be called then. */
static bool is_thunk(const struct kn_bc_global *g) {
  const char *n = g->name;
  return n != NULL && g->name_length > 4 && memcmp(n, "_ZT", 3) == 0 &&
         (n[3] == 'h' || n[3] == 'v' || n[3] == 'c');
}

/* What LLVM's attributes and linkage say of inlining. */
static void set_inlining(struct kn_bc *r, const struct kn_bc_global *g) {
  kiln_func_attrs a = kiln_func_get_attrs(r->f);
  uint32_t flags = g->fn_flags;
  a.foreign = r->m->foreign_only && kn_bc_foreign_name(g->name, g->name_length);
  /* At -O0, clang marks all functions in both ways: it is no word of the source's, and says nothing of foreign ones. */
  if (r->m->foreign_only && flags & FA_OPT_NONE)
    flags &= ~(uint32_t)(FA_INLINE_NEVER | FA_OPT_NONE);
  if (flags & FA_INLINE_ALWAYS) a.inlining = KILN_INLINE_ALWAYS;
  else if (flags & (FA_INLINE_NEVER | FA_OPT_NONE)) a.inlining = KILN_INLINE_NEVER;
  else if (flags & FA_INLINE_HINT) a.inlining = KILN_INLINE_HINT;
  a.not_into = (flags & FA_OPT_NONE) != 0 || is_thunk(g);
  r->fn.splits = r->m->splits && !a.not_into && (a.foreign || !r->m->foreign_only);
  a.inline_same = flags & FA_SAME;
  a.inline_needs = flags & FA_NEEDS;
  kiln_symbol_desc desc = kiln_symbol_get(r->module, (kiln_symbol){g->symbol}).desc;
  a.final = g->final && (g->discardable || desc.linkage != KILN_LINKAGE_EXTERNAL ||
                         desc.dso_local || !r->m->harden.interposed);
  kiln_func_set_attrs(r->f, &a);
}

/* Builds the function of `g` from its block, which was just announced. */
static bool build(struct kn_bc *r, const struct kn_bc_global *g, struct kn_bc_saved *saved) {
  if (!begin(r, g) || !kn_bc_enter(r, BLOCK_FUNCTION, saved)) return false;
  r->f = kiln_func_begin(r->session, (kiln_symbol){g->symbol});
  if (!r->f) return kn_bc_fail(r, KILN_ERR_MEMORY, "out of memory");
  kiln_func_attrs *a = &r->attrs;
  a->features = g->fn_flags >> FA_FEATURES_SHIFT & (KILN_FEATURE_LSE | KILN_FEATURE_CX16);
  if (g->fn_flags & FA_FMA) a->features |= KILN_FEATURE_FMA;
  a->frame_pointer = (g->fn_flags & FA_FRAME_POINTER) != 0;
  a->realign_stack = (g->fn_flags & FA_REALIGN_STACK) != 0;
  a->used = (g->data_flags & KILN_DATA_USED) != 0;
  a->no_rows = (g->fn_flags & (FA_NOUNWIND | FA_UNWIND_TABLE)) == FA_NOUNWIND && g->init == 0;
  if (a->features != 0 || a->used | a->no_rows | a->frame_pointer | a->realign_stack)
    kiln_func_set_attrs(r->f, a);
  if (KN_UNLIKELY(g->init != 0) && !kn_bc_lone_personality(r)) return false;
  if (KN_UNLIKELY(r->m->inlining)) set_inlining(r, g);
  if (KN_UNLIKELY(g->fn_flags & FA_HARDENED || r->m->harden.probes || r->m->harden.protect))
    kn_bc_harden_function(r);
  if (!kn_bc_params(r)) return false;
  if (KN_UNLIKELY(r->fn.harden.enters != 0)) kn_bc_harden_enter(r);
  return r->in.decoder->body(r);
}

bool kn_bc_read_function(struct kn_bc *r, uint32_t global) {
  struct kn_bc_saved saved;
  const struct kn_bc_global *g = &r->m->globals.at[global];
  uint64_t start = r->in.bits.pos, counted = r->instructions;
  if (!build(r, g, &saved)) return false;
  if (KN_UNLIKELY(r->again.restart)) {
    do { /* at most once for each reason */
      start_again(r, &saved);
      r->in.bits.pos = start;
      if (!build(r, g, &saved)) return false;
    } while (r->again.restart);
    r->again = (struct kn_bc_again){0};
  }
  if (r->fn.n_bbs == 0 || r->fn.bb != r->fn.n_bbs)
    return kn_bc_malformed(r, "a block without a terminator");
  if (r->fn.n_unread)
    return kn_bc_malformed(r, "an invoke unwinds to a block without a landing pad");
  if (r->fn.n_forwards) return kn_bc_malformed(r, "a value that is never defined");
  for (uint32_t i = 0; i < r->fn.late.n; i++) {
    const struct kn_bc_late *l = &r->fn.late.at[i];
    kiln_edge_set_arg(r->f, kn_bc_edge_from(r, l->pred, l->target), (kiln_block){l->target},
                      l->index, (kiln_value){l->value});
  }
  if (r->fn.records_pos) kn_bc_debug_records(r);
  kn_bc_leave(r, &saved);
  if (KN_UNLIKELY(r->fn.asm_waits) && r->status == KILN_OK && kiln_func_status(r->f) == KILN_OK) {
    kiln_func_discard(r->f);
    r->f = NULL;
    reset(r);
    r->instructions = counted;
    return KN_BC_PUSH(r, r->assembly.waiting, (struct kn_bc_body){.pos = start, .global = global});
  }
  if (KN_UNLIKELY(r->fn.never.n != 0) && !kn_bc_never_check(r)) return false;
  if (KN_UNLIKELY(r->has_debug)) kn_bc_assign_end(r);
  if (r->fn.subprogram) kn_bc_debug_function(r);
  if (kiln_func_status(r->f) != KILN_OK)
    return kn_bc_fail(r, kiln_func_status(r->f),
                      "malformed bitcode: a function breaks the rules of the IR");
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
  reset(r);
  r->status = status;
  return status == KILN_OK;
}
