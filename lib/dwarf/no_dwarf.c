/* What stands for lib/dwarf in a build without debug information (meson's option `debug_info`): modules that describe a
 * unit are refused when an object is made of them. Empty where debug information is not left out. */
#ifdef KN_WITHOUT_DEBUG_INFO
#include "ir/debug/die.h"
#include "lib/dwarf/dwarf_sections.h"
#include "lib/image/image.h"

bool kn_dwarf_build(const struct kn_image *image, struct kn_arena *arena, struct kn_dwarf **out) {
  (void)arena;
  *out = NULL;
  const bool described = image->m->debug != NULL && image->m->debug->units.n != 0;
  if (!described && !image->m->options.debug_frame) return true;
  return KN_MODULE_FAIL(false, image->m, KILN_ERR_UNSUPPORTED,
                        "debugging information was left out of this build of Kiln");
}
const struct kn_dwarf_buffer *kn_dwarf_section(const struct kn_dwarf *d, unsigned section) {
  (void)d, (void)section;
  return NULL;
}
bool kn_dwarf_is_split(const struct kn_dwarf *d) { return d != NULL; }
void kn_dwarf_content(const struct kn_dwarf *d, unsigned section, uint8_t *to) {
  (void)d, (void)section, (void)to;
}
void kn_dwarf_free(struct kn_dwarf *d) { (void)d; }
#endif
