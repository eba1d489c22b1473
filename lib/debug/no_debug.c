/* What stands for lib/debug in a build without debug information (meson's option `debug_info`). Functions that a unit
 * describes are refused before they are planned (lib/codegen/support.c), so there is nothing to observe. Empty
 * where debug information is not left out. */
#ifdef KN_WITHOUT_DEBUG_INFO
#include "ir/func.h"
#include "lib/debug/debugger.h"

void kn_debug_prepare(const kiln_func *f) { (void)f; }
void kn_debug_observe(struct kn_walk *w, const kiln_func *f) { (void)w, (void)f; }
void kn_debug_observer_free(kiln_session *s) { (void)s; }
#endif
