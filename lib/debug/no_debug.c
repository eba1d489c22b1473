/* What stands for lib/debug in a build without debug information (meson's option `debug_info`). Functions that a unit
 * describes are refused before they are planned (lib/codegen/support.c), modules with a unit when an object is made of
 * them; so there is nothing to observe and nothing to write. Empty where debug information is not left out. */
#ifdef KN_WITHOUT_DEBUG_INFO
#include "ir/func.h"
#include "lib/debug/debugger.h"

void kn_debug_observe(struct kn_walk *w, const kiln_func *f) { (void)w, (void)f; }
void kn_debug_observer_free(kiln_session *s) { (void)s; }
void kn_plan_debug(struct kn_plan *plan, const kiln_func *f) { (void)plan, (void)f; }
void kn_plan_debug_pieces(struct kn_plan *plan, const kiln_func *f) { (void)plan, (void)f; }

bool kn_dwarf_build(const struct kn_image *image, struct kn_arena *arena, struct kn_dwarf **out) {
  (void)arena;
  *out = NULL;
  if (image->m->debug == NULL || image->m->debug->units.n == 0) return true;
  kn_module_fail(image->m, KILN_ERR_UNSUPPORTED,
                 "debugging information was left out of this build of Kiln");
  return false;
}
const struct kn_dwarf_buffer *kn_dwarf_section(const struct kn_dwarf *d, unsigned section) {
  (void)d, (void)section;
  return NULL;
}
const char *kn_dwarf_section_name(unsigned section) {
  (void)section;
  return "";
}
void kn_dwarf_content(const struct kn_dwarf *d, unsigned section, uint8_t *to) {
  (void)d, (void)section, (void)to;
}
void kn_dwarf_free(struct kn_dwarf *d) { (void)d; }
#endif
