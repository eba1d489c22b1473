/* Fuzz target: bytes are `.kir` text. What parses is printed and parsed again, which must give the
 * same text; then it is compiled for both targets, verified and not. Whatever the bytes, the result
 * is an object or a diagnostic, and all memory is freed. */
#include "fuzz.h"

#include <string.h>

/* Prints the function and keeps its symbol undefined, as `kiln print` does. */
static kiln_status print_func(void *user, kiln_func *f) {
  kiln_status s = kiln_func_print(f, user);
  kiln_func_discard(f);
  return s;
}

/* Parses and prints; false if there is no text. */
static bool to_text(const void *text, size_t size, kiln_processor target, struct fz_run *run,
                    kiln_buffer *out) {
  kiln_module_options options = fz_options(0, run);
  options.target.processor = target;
  kiln_buffer bodies = {.allocator = options.allocator};
  kiln_module *m = kiln_module_new(&options);
  kiln_session *s = m != NULL ? kiln_session_new(m) : NULL;
  kiln_status status = KILN_ERR_MEMORY;
  if (s != NULL) {
    status = kiln_text_read(s, text, size, print_func, &bodies);
    if (status == KILN_OK) status = kiln_module_print(m, out);
    if (status == KILN_OK && kiln_buffer_append(out, bodies.data, bodies.size) != KILN_OK) {
      status = KILN_ERR_MEMORY;
    }
    fz_check_diag(run, status);
  }
  kiln_session_free(s);
  kiln_module_free(m);
  kiln_buffer_free(&bodies);
  return status == KILN_OK;
}

static kiln_status read_text(kiln_session *s, const uint8_t *data, size_t size) {
  return kiln_text_read(s, (const char *)data, size, NULL, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct fz_run run = {0};
  uint64_t h = fz_hash(data, size);
  for (kiln_processor t = 1; t < KILN_PROCESSOR_COUNT; t++) {
    kiln_buffer first = {.allocator = fz_allocator(&run)}, second = first;
    if (to_text(data, size, t, &run, &first)) {
      bool ok = to_text(first.data, first.size, t, &run, &second);
      if (!ok && run.diag.status != KILN_ERR_MEMORY) {
        fz_die("what was printed does not parse: line %u: %s\n%.*s", run.diag.line,
               run.diag.message, (int)first.size, (const char *)first.data);
      }
      if (ok && (first.size != second.size ||
                 (first.size > 0 && memcmp(first.data, second.data, first.size) != 0))) {
        fz_die("printing again gives another text\n%.*s\n---\n%.*s", (int)first.size,
               (const char *)first.data, (int)second.size, (const char *)second.data);
      }
      fz_compile(read_text, data, size, t, h >> (32 + t) & 1, h, &run);
    }
    kiln_buffer_free(&first);
    kiln_buffer_free(&second);
  }
  fz_memory_end(&run);
  return 0;
}
