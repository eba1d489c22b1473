/* Which functions were active at a trap, by their instances and names. */
#include "state.h"

static kiln_wasmrt_instance *instance_of(const kiln_wasmrt_store *s, const kiln_wasm_image *image) {
  kiln_wasmrt_instance *i = s->instances;
  while (i != NULL && i->image != image) i = i->next;
  return i;
}

void kn_backtrace_name(const struct kn_activation *a, kiln_wasmrt_error *error) {
  error->n_frames = 0;
  for (uint32_t k = 0; k < a->n_places; k++) {
    const struct kn_place *p = a->places + k;
    kiln_wasmrt_instance *i = instance_of(a->store, p->image);
    if (i != NULL)
      error->frames[error->n_frames++] = (kiln_wasmrt_frame){i, p->function, p->offset};
  }
}

kiln_wasm_name kiln_wasmrt_func_name(const kiln_wasmrt_frame *frame) {
  const kiln_wasm_image *image = frame->instance->image;
  if (image->funcs[frame->function].name.text_length > 0) return image->funcs[frame->function].name;
  for (uint32_t e = 0; e < image->n_exports; e++)
    if (image->exports[e].kind == KILN_WASM_FUNC && image->exports[e].index == frame->function)
      return image->exports[e].name;
  return (kiln_wasm_name){"", 0};
}
