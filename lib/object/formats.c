/* kiln_emit_object: the writer of the format that the module's target names. */
#include <kiln/emit.h>

#include "lib/object/coff.h"

static kiln_status emit_coff(kiln_module *m, kiln_session *const *sessions, uint32_t n,
                             kiln_buffer *out) {
  return kn_emit_object(&kn_coff_format, m, sessions, n, false, out, NULL);
}

kiln_status kiln_emit_object(kiln_module *m, kiln_session *const *sessions, uint32_t n,
                             kiln_buffer *out) {
  const bool coff = kiln_module_get_target(m).format == KILN_FORMAT_COFF;
  return (coff ? emit_coff : kiln_emit_elf)(m, sessions, n, out);
}
