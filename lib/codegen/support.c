/* What a target may leave out of its table (targets/target.h), and who may need it. Which parts it lacks is found once
 * for each session; functions are asked only if there are some, before they are planned, and objects before they are
 * written, so that nothing after them asks whether a part of the target is there.
 * Invariant: what a target lacks is said with its name; a part that is absent is never called. */
#include "lib/codegen/support.h"

/* ---- the parts ---- */

static bool has_code(const struct kn_target *t) {
  const struct kn_hooks *h = &t->hooks;
  return t->begin && t->enter && t->finish && t->jump && t->bind_label && t->lowerings &&
         t->ir.library && h->move && h->load && h->store && h->copy && h->constant &&
         h->store_constant && h->address && h->deferred && t->walk_size >= sizeof(struct kn_walk);
}
static bool needs_code(const kiln_func *f) { return f != NULL; }

static bool has_landing(const struct kn_target *t) { return t->landing != NULL; }
static bool needs_landing(const kiln_func *f) { return f->attrs.protection != 0; }

static bool has_pads(const struct kn_target *t) {
  return t->calls.keep_result && t->calls.free_stack && t->calls.take_result;
}
static bool needs_pads(const kiln_func *f) { return f->attrs.personality.id != 0; }

static bool has_guard(const struct kn_target *t) { return t->ir.guard_regs != NULL; }
static bool needs_guard(const kiln_func *f) { return f->attrs.guard != KILN_GUARD_NONE; }

static bool has_probes(const struct kn_target *t) { return t->frame.probes; }
static bool needs_probes(const kiln_func *f) { return f->attrs.probe_bytes != 0; }

static bool has_realigning(const struct kn_target *t) { return t->frame.realigns; }
static bool needs_realigning(const kiln_func *f) { return f->attrs.realign_stack; }

#ifdef KN_WITHOUT_DEBUG_INFO
enum { WITHOUT_DEBUG = 1 };
#else
enum { WITHOUT_DEBUG = 0 };
#endif
static bool has_debug(const struct kn_target *t) {
  return !WITHOUT_DEBUG && t->code.dwarf_regs != NULL && t->code.nop_bytes != 0;
}
static bool needs_debug(const kiln_func *f) { return f->debug.subprogram != 0; }

static bool has_roots(const struct kn_target *t) { return t->roots; }
static bool needs_roots(const kiln_func *f) { return f->facts.has_roots; }

static bool has_rows(const struct kn_target *t) { return t->code.cie_code_align != 0; }
static bool needs_rows(const kiln_func *f) { return f->attrs.naked; }

static const struct part {
  const char *what;
  bool (*has)(const struct kn_target *t);
  bool (*needs)(const kiln_func *f);
} parts[] = {
  {"code generation", has_code, needs_code},
  {"protection of branches and returns", has_landing, needs_landing},
  {"catching exceptions", has_pads, needs_pads},
  {"the stack guard", has_guard, needs_guard},
  {"probing the stack", has_probes, needs_probes},
  {"realigning the stack", has_realigning, needs_realigning},
  {"debugging information", has_debug, needs_debug},
  {"naked functions", has_rows, needs_rows},
  {"a table of a garbage collector's roots", has_roots, needs_roots},
};

uint32_t kn_target_lacks(const struct kn_target *t) {
  uint32_t lacks = 0;
  for (unsigned k = 0; k < sizeof parts / sizeof *parts; k++)
    if (!parts[k].has(t)) lacks |= 1u << k;
  return lacks;
}

bool kn_supports_func(kiln_func *f, uint32_t lacks) {
  const uint32_t first = f->n > 1; /* its instruction of this index says where the function is */
  for (unsigned k = 0; k < sizeof parts / sizeof *parts; k++) {
    if (!(lacks >> k & 1) || !parts[k].needs(f)) continue;
    bool left_out = f->module->target->left_out || (WITHOUT_DEBUG && parts[k].has == has_debug);
    return KN_FUNC_FAIL(false, f, KILN_ERR_UNSUPPORTED, 0, first,
                        left_out ? "%s for %s was left out of this build of Kiln"
                                 : "%s is not supported on %s",
                        parts[k].what, kn_target_name(f->module, (char[KN_TARGET_NAME]){0}));
  }
  return true;
}
