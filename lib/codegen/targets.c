/* The registry of targets: the one file that names them. What the rest of the library and its users know of a target
 * comes from here or from its table (targets/target.h). Invariant: every kiln_target has a table. */
#include "ir/machine.h"
#include "targets/target.h"

#include <string.h>

static const struct kn_target *const targets[] = {
  [KILN_TARGET_X86_64] = &kn_target_x86_64,
  [KILN_TARGET_AARCH64] = &kn_target_aarch64,
};
_Static_assert(sizeof targets / sizeof *targets == KILN_TARGET_COUNT, "every target has a table");

const struct kn_target *kn_target_at(kiln_target t) { return targets[t]; }

const uint16_t *kn_target_clobbers(kiln_target t) {
  static const uint16_t none[KILN_OP_COUNT];
  return targets[t]->clobbers != NULL ? targets[t]->clobbers : none;
}

const struct kn_machine_table *kn_target_machine(kiln_target t) {
  static const struct kn_machine_table none;
  return targets[t]->machine != NULL ? targets[t]->machine : &none;
}

bool kn_target_reaches_zero(kiln_target t) { return targets[t]->reaches_zero; }
bool kn_target_plt_is_address(kiln_target t) { return targets[t]->plt_is_address; }

const struct kn_convention *kn_target_convention(kiln_target t, kiln_cc cc) {
  const struct kn_convention *const *conventions = targets[t]->conventions;
  if (conventions == NULL) return cc == KILN_CC_C ? kn_target_library(t) : NULL;
  return conventions[cc];
}

const struct kn_convention *kn_target_library(kiln_target t) {
  static const struct kn_convention none = {
    .max_align_log2 = 3, .chain = KN_NO_REG, .sret = KN_NO_REG}; /* all is on the stack */
  return targets[t]->library != NULL ? targets[t]->library : &none;
}

/* ---- <kiln/module.h> ---- */

const char *kiln_target_name(kiln_target t) {
  return (unsigned)t < KILN_TARGET_COUNT ? targets[t]->name : NULL;
}

bool kiln_target_find(const char *name, kiln_target *out) {
  if (name == NULL || out == NULL) return false;
  for (unsigned t = 0; t < KILN_TARGET_COUNT; t++) {
    if (strcmp(name, targets[t]->name) != 0) continue;
    *out = (kiln_target)t;
    return true;
  }
  return false;
}

const char *kiln_register_name(kiln_target t, unsigned number) {
  if ((unsigned)t >= KILN_TARGET_COUNT || number >= 64 || targets[t]->reg_names == NULL)
    return NULL;
  return targets[t]->reg_names[number];
}

bool kiln_register_find(kiln_target t, const char *name, unsigned *out) {
  if (name == NULL || out == NULL) return false;
  for (unsigned r = 0; r < 64; r++) {
    const char *is = kiln_register_name(t, r);
    if (is == NULL || strcmp(is, name) != 0) continue;
    *out = r;
    return true;
  }
  return false;
}

bool kiln_target_find_host(kiln_target *out) {
  if (out == NULL) return false;
#if defined(__x86_64__)
  *out = KILN_TARGET_X86_64;
  return true;
#elif defined(__aarch64__)
  *out = KILN_TARGET_AARCH64;
  return true;
#else
  return false;
#endif
}

const char *kiln_feature_name(kiln_target target, unsigned i) {
  if ((unsigned)target >= KILN_TARGET_COUNT || i >= KN_MAX_FEATURES) return NULL;
  return targets[target]->features[i].name;
}

bool kiln_feature_find(kiln_target target, const char *name, uint32_t *out) {
  const char *is;
  if (name == NULL || out == NULL) return false;
  for (unsigned i = 0; (is = kiln_feature_name(target, i)) != NULL; i++) {
    if (strcmp(is, name) != 0) continue;
    *out = targets[target]->features[i].bit;
    return true;
  }
  return false;
}
