/* Hints that memory will be used, llvm.prefetch and llvm.aarch64.prefetch: which instruction says most of them. The
 * general operation is that for reading, into the nearest cache. Called by intrinsics/system.c and
 * intrinsics/aarch64.c. */
#include "bc.h"

#include <string.h>

static bool find(struct kn_bc *r, const char *name, kiln_machine_info *m) {
  return kiln_machine_find(kiln_module_processor(r->module), name, strlen(name), m);
}

void kn_bc_prefetch(struct kn_bc *r, kiln_value a, const struct kn_bc_prefetch *how) {
  static const char *const farther[] = {NULL, "prefetch.t1", "prefetch.t2", "prefetch.t2"};
  const char *row = NULL;
  kiln_machine_info m;
  kiln_value v[2] = {a};
  if (find(r, "prfm", &m)) { /* Arm Architecture Reference Manual, C6.2, PRFM: prfop */
    int kind = how->write << 4 | how->code << 3 | how->level << 1 | how->once;
    v[1] = kiln_const_int(r->f, kind);
    row = kind != 0 ? "prfm" : NULL;
  } else if (how->code) { /* x86-64 has it for addresses that instructions have in them alone */
    return;
  } else if (how->write && r->fn.global->fn_flags & FA_PRFCHW) {
    row = "prefetch.w";
  } else {
    row = how->once ? "prefetch.nta" : farther[how->level];
  }
  if (row == NULL) kiln_build_unary(r->f, KILN_OP_PREFETCH, KILN_TYPE_PTR, a);
  else if (find(r, row, &m)) kiln_build_machine(r->f, m.row, v, m.n_operands);
  else kn_bc_unsupported(r, "this kind of prefetch");
}

bool kn_bc_prefetch_as(struct kn_bc_prefetch *how, int64_t write, int64_t locality, int64_t data) {
  if (write < 0 || write > 1 || locality < 0 || locality > 3 || data < 0 || data > 1) return false;
  *how = (struct kn_bc_prefetch){.write = write != 0,
                                 .code = data == 0,
                                 .once = locality == 0,
                                 .level = locality == 0 ? 0 : (uint8_t)(3 - locality)};
  return true;
}
