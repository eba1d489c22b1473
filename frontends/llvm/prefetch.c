/* Hints that memory will be used, llvm.prefetch and llvm.aarch64.prefetch: which instruction says most of what they say.
 * The general operation is that for reading, into the nearest cache. Called by intrinsics.c and vectors/machine.c. */
#include "bc.h"

#include <string.h>

static void by_row(struct kn_bc *r, const char *name, kiln_value a, const int64_t *kind) {
  kiln_machine m;
  kiln_value v[2] = {a};
  if (kind) v[1] = kiln_const_int(r->f, *kind);
  if (kiln_machine_find(kiln_module_target(r->module), name, strlen(name), &m))
    kiln_build_machine(r->f, m.row, v, m.n_operands);
  else kn_bc_unsupported(r, "this kind of prefetch");
}

void kn_bc_prefetch(struct kn_bc *r, kiln_value a, const struct kn_bc_prefetch *how) {
  if (kiln_module_target(r->module) == KILN_TARGET_AARCH64) {
    /* prfop: Arm Architecture Reference Manual, C6.2, PRFM */
    int64_t kind = how->write << 4 | how->code << 3 | how->level << 1 | how->once;
    if (kind != 0) by_row(r, "prfm", a, &kind);
    else kiln_build_unary(r->f, KILN_OP_PREFETCH, KILN_TYPE_PTR, a);
    return;
  }
  if (how->code) return; /* only of addresses that instructions have in them */
  static const char *const farther[] = {"prefetch.t1", "prefetch.t2", "prefetch.t2"};
  if (how->write && r->fn->fn_flags & FA_PRFCHW) by_row(r, "prefetch.w", a, NULL);
  else if (how->once) by_row(r, "prefetch.nta", a, NULL);
  else if (how->level != 0) by_row(r, farther[how->level - 1], a, NULL);
  else kiln_build_unary(r->f, KILN_OP_PREFETCH, KILN_TYPE_PTR, a);
}

bool kn_bc_prefetch_as(struct kn_bc_prefetch *how, int64_t write, int64_t locality, int64_t data) {
  if (write < 0 || write > 1 || locality < 0 || locality > 3 || data < 0 || data > 1) return false;
  *how = (struct kn_bc_prefetch){.write = write != 0,
                                 .code = data == 0,
                                 .once = locality == 0,
                                 .level = locality == 0 ? 0 : (uint8_t)(3 - locality)};
  return true;
}
