/* What stands for the processors that a build leaves out (meson's option `targets`): targets with nothing in them.
 * Code generation for them is refused (lib/codegen/support.c). Empty where none is left out. */
#include "targets/target.h"

#ifdef KN_WITHOUT_X86_64
const struct kn_target kn_target_x86_64 = {.left_out = true};
const struct kn_target kn_target_x86_64_windows = {.left_out = true};
#endif
#ifdef KN_WITHOUT_AARCH64
const struct kn_target kn_target_aarch64 = {.left_out = true};
#endif
