/* What Windows has of processes: see process.h. There are neither signals that interrupt a thread, nor children that
 * have copies of a JIT. */
#include "lib/jit/memory/process.h"

void kn_jit_signals_block(struct kn_jit_signals *old) { (void)old; }
void kn_jit_signals_restore(const struct kn_jit_signals *old) { (void)old; }

bool kn_jit_process_mark(kiln_jit *jit) {
  (void)jit;
  return true;
}
void kn_jit_process_unmark(void) {}

bool kn_jit_is_child(const kiln_jit *jit) {
  (void)jit;
  return false;
}
