/* The registry of targets: the one file that names them. What the rest of the library and its users know of a target
 * comes from its table (targets/target.h). Registers, instructions and features belong to the processor, whatever the
 * system is. Invariant: every processor but the first, the host's, has a table for Linux. */
#include "ir/machine.h"
#include "targets/target.h"

#include <string.h>

static const struct kn_target *const targets[][KILN_SYSTEM_COUNT] = {
  [KILN_PROCESSOR_X86_64] = {[KILN_SYSTEM_LINUX] = &kn_target_x86_64,
                             [KILN_SYSTEM_WINDOWS] = &kn_target_x86_64_windows},
  [KILN_PROCESSOR_AARCH64] = {[KILN_SYSTEM_LINUX] = &kn_target_aarch64},
};
_Static_assert(sizeof targets / sizeof *targets == KILN_PROCESSOR_COUNT,
               "every processor has a table");

const struct kn_target *kn_target_at(kiln_target t) { return targets[t.processor][t.system]; }

/* What is asked of a processor that may be none; NULL: it is none. */
static const struct kn_target *find(kiln_processor p) {
  return (unsigned)p < KILN_PROCESSOR_COUNT ? targets[p][KILN_SYSTEM_LINUX] : NULL;
}

void kn_target_attach(kiln_module *m) {
  /* for what a target leaves out; all arguments are on the stack */
  static const uint16_t no_clobbers[KILN_OP_COUNT];
  static const struct kn_machine_table no_machine;
  static const struct kn_convention on_stack = {
    .max_align_log2 = 3, .chain = KN_NO_REG, .sret = KN_NO_REG};
  static const struct kn_convention *const only_c[KILN_CC_COUNT] = {[KILN_CC_C] = &on_stack};
  const struct kn_target *t = kn_target_at(m->options.target);
  /* of a module that has failed the names of registers and instructions are known */
  m->target = t = t != NULL ? t : find(m->options.target.processor);
  m->ir = t->ir;
  m->pinnable = t->callee_homes & KN_GP_MASK;
  if (t->ir.clobbers == NULL) m->ir.clobbers = no_clobbers;
  if (t->ir.machine == NULL) m->ir.machine = &no_machine;
  if (t->ir.conventions == NULL) m->ir.conventions = only_c;
  if (t->ir.library == NULL) m->ir.library = &on_stack;
}

/* ---- machine instructions, registers, features ---- */

bool kiln_machine_find(kiln_processor p, const char *name, size_t length, kiln_machine_info *out) {
  const struct kn_target *t = find(p);
  return t != NULL && t->ir.machine != NULL && name != NULL && out != NULL &&
         kn_machine_find(t->ir.machine, name, length, out);
}

const char *kiln_register_name(kiln_processor t, unsigned number) {
  const struct kn_target *of = find(t);
  return of != NULL && of->reg_names != NULL && number < 64 ? of->reg_names[number] : NULL;
}

bool kiln_register_find(kiln_processor t, const char *name, unsigned *out) {
  if (name == NULL || out == NULL) return false;
  for (unsigned r = 0; r < 64; r++) {
    const char *is = kiln_register_name(t, r);
    if (is == NULL || strcmp(is, name) != 0) continue;
    *out = r;
    return true;
  }
  return false;
}

const char *kiln_feature_name(kiln_processor target, unsigned i) {
  const struct kn_target *t = find(target);
  return t != NULL && i < KN_MAX_FEATURES ? t->features[i].name : NULL;
}

bool kiln_feature_find(kiln_processor target, const char *name, uint64_t *out) {
  const char *is;
  if (name == NULL || out == NULL) return false;
  for (unsigned i = 0; (is = kiln_feature_name(target, i)) != NULL; i++) {
    if (strcmp(is, name) != 0) continue;
    *out = find(target)->features[i].bit;
    return true;
  }
  return false;
}
