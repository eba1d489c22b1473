/* AArch64 as lib/ sees it: register sets, what clobbers like a call, and the entry that compiles a
 * function. Called by lib/compile.c. */
#include "targets/aarch64/encode.h"
#include "targets/target.h"

static kiln_status compile(kiln_session *s, kiln_func *f, struct kn_plan *plan) {
  (void)s;
  (void)plan;
  return kn_func_fail(f, KILN_ERR_UNSUPPORTED, UINT32_MAX, 0, "AArch64 is not lowered yet");
}

static const uint16_t clobbers[KILN_OP_COUNT];

const struct kn_target kn_target_aarch64 = {
  .name = "aarch64", .clobbers = clobbers, .frame_up = true, .compile = compile};
