/* Exceptions: throw, throw_ref, try_table. All calls in a try_table share its landing pad, which takes everything;
 * behind it the exception is dispatched by its tag, and goes on to the try_table around, or is thrown again. */
#include "body.h"

kiln_value kn_wasm_build_try(struct kn_wasm_body *c, kiln_sig sig, kiln_value callee,
                             const kiln_value *args, uint32_t n) {
  (void)sig;
  (void)callee;
  (void)args;
  (void)n;
  kn_wasm_fail(&c->in, KILN_ERR_UNSUPPORTED, c->op_at, "exceptions are not supported yet");
}

void kn_wasm_end_try(struct kn_wasm_body *c, const struct kn_wasm_control *t) {
  (void)c;
  (void)t;
}

static __attribute__((cold, noreturn)) void not_yet(struct kn_wasm_body *c) {
  kn_wasm_fail(&c->in, KILN_ERR_UNSUPPORTED, c->op_at, "exceptions are not supported yet: %s",
               c->op->name);
}
void kn_wasm_do_throw(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  (void)o;
  not_yet(c);
}
void kn_wasm_do_throw_ref(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  (void)o;
  not_yet(c);
}
void kn_wasm_do_try_table(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  (void)o;
  not_yet(c);
}
