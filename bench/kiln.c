/* One pass of Kiln with default options: bitcode in memory to object in memory, through the public
 * API. Making the module and session is timed, freeing them is not, as with LLVM. */
#include "bench.h"

#include <kiln/kiln.h>
#include <kiln/llvm.h>
#include <stdio.h>

static void print_diag(void *user, const kiln_diag *d) {
  (void)user;
  char line[1024];
  kiln_diag_format(d, line, sizeof line);
  fprintf(stderr, "%s\n", line);
}

bool bench_kiln_pass(const struct bench_input *in, kiln_processor target, bool stages,
                     struct bench_kiln *out) {
  kiln_module_options options = {
    .target.processor = target, .name = in->name, .on_diag = print_diag};
  kiln_buffer object = {0};
  uint64_t start = bench_now_ns();
  kiln_module *m = kiln_module_new(&options);
  kiln_session *s = kiln_session_new(m);
  kiln_session_set_timing(s, stages);
  kiln_status status = kiln_llvm_read(s, in->bytes, in->size, NULL, NULL, NULL, &out->instructions);
  uint64_t emit = bench_now_ns();
  if (status == KILN_OK) status = kiln_emit_elf(m, &s, 1, &object);
  uint64_t end = bench_now_ns();
  kiln_session_stats stats = kiln_session_get_stats(s);
  out->all_ns = end - start;
  out->object_ns = end - emit;
  out->plan_ns = stats.plan_ns;
  out->walk_ns = stats.walk_ns;
  out->object_bytes = object.size;
  out->text_bytes = bench_text_size(object.data, object.size);
  kiln_buffer_free(&object);
  kiln_session_free(s);
  kiln_module_free(m);
  if (status != KILN_OK) fprintf(stderr, "bench: %s: %s\n", in->name, kiln_status_name(status));
  return status == KILN_OK;
}
