/* kiln_build_machine: appends one of the target's own instructions. Called by front ends and the parser. */
#include "ir/builder/builder.h"
#include "ir/machine.h"

kiln_value kiln_build_machine(kiln_func *f, unsigned row, const kiln_value *operands, unsigned n) {
  if (!kn_build_begun(f)) return KN_NONE;
  const struct kn_machine_table *t = f->module->ir.machine;
  if (row > UINT16_MAX || kn_machine_row(t, row) == NULL || n > KILN_MAX_MACHINE_OPERANDS)
    return KN_BUILD_FAIL(KN_NONE, f, KILN_ERR_ARGUMENT, "the target has no such instruction");
  if (operands == NULL && n != 0) {
    kn_build_no_list(f);
    return KN_NONE;
  }
  kiln_machine_info m;
  kn_machine_describe(t, row, &m);
  uint32_t field[KILN_MAX_MACHINE_OPERANDS] = {0};
  const char *why = kn_machine_row_wrong(t, m.op, m.result, row, n, n ? operands[n - 1].id : 0);
  if (why != NULL) return KN_BUILD_FAIL(KN_NONE, f, KILN_ERR_ARGUMENT, why);
  for (unsigned k = 0; k < n; k++) field[k] = operands[k].id;
  return (kiln_value){kn_build_append(f, m.op, m.result, row, field[0], field[1], field[2])};
}
