/* What is done with all arrays of an output: see lib/codegen/output.h. Called by the pipeline and by the JIT. */
#include "lib/codegen/output.h"

struct kn_output_mark kn_output_mark(const struct kn_output *out) {
  return (struct kn_output_mark){
#define ARRAY(type, name) .name = out->name.n,
    KN_OUTPUT_ARRAYS(ARRAY)
#undef ARRAY
  };
}

void kn_output_cut(struct kn_output *out, const struct kn_output_mark *mark) {
#define ARRAY(type, name) out->name.n = mark->name;
  KN_OUTPUT_ARRAYS(ARRAY)
#undef ARRAY
}

uint64_t kn_output_bytes(const struct kn_output *out) {
#define ARRAY(type, name) +out->name.cap *(uint64_t)sizeof(type)
  return sizeof *out KN_OUTPUT_ARRAYS(ARRAY);
#undef ARRAY
}

void kn_output_free(struct kn_output *out, const kiln_allocator *a) {
#define ARRAY(type, name) KN_FREE(a, out->name.at);
  KN_OUTPUT_ARRAYS(ARRAY)
#undef ARRAY
}
