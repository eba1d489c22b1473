/* Windows has no perf: a JIT that is to write for it is refused. */
#include "lib/jit/serve/serve.h"

bool kn_jit_perf_open(kiln_jit *jit, kiln_jit_error *e) {
  const kiln_jit_options *o = &jit->options;
  return (!o->perf_map && o->jitdump_folder == NULL) ||
         KN_JIT_FAIL(false, e, KILN_ERR_UNSUPPORTED, "there is no perf on Windows");
}

void kn_jit_perf_add(const struct kn_jit_link *l) { (void)l; }
void kn_jit_perf_close(kiln_jit *jit) { (void)jit; }
