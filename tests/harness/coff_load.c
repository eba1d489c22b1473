/* See coff_load.h. */
#include "coff_load.h"

#include "lib/jit/load/load.h"
#include "targets/target.h"

kiln_status coff_load(const void *bytes, size_t size, const kiln_allocator *allocator,
                      void (*see)(const struct kn_jit_loaded *o), kiln_jit_error *error) {
  kiln_jit windows = {.format = KILN_FORMAT_COFF};
  struct kn_jit_loaded loaded;
  kiln_target t;
  if (!kiln_target_find("x86_64-windows", &t)) return KILN_ERR_UNSUPPORTED;
  windows.processor = t.processor;
  windows.machine = &kn_target_at(t)->code;
  if (allocator != NULL) windows.options.allocator = *allocator;
  if (kn_jit_load(&loaded, &windows, bytes, size, error) && see != NULL) see(&loaded);
  kn_jit_loaded_free(&loaded);
  return error->diag.status;
}
