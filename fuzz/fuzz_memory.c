/* Fuzz target: bytes are bitcode, text, or after a byte 1 the choices of a program (gen.h). The input is compiled
 * once to count the allocations, and then again with each of them failing: alone, and together with all after it.
 * Each run must end with KILN_ERR_MEMORY, or as the first one did, with the same object, and free everything. */
#include "fuzz.h"

#ifdef HAVE_GEN
#include "gen.h"
#include "host.h"

#include <kiln/interp.h>
#endif
#include <kiln/llvm.h>

#include <string.h>

enum { MAX_FAILURES = 300 }; /* of an input with more allocations only so many are made to fail */

struct input {
  const uint8_t *data;
  size_t size;
  uint64_t hash;
};

#ifdef HAVE_GEN
/* Builds the program for the interpreter, which links it, and as machine code. */
struct build {
  kiln_buffer *text;
  kiln_interp *interp;
};

static kiln_status add_and_compile(void *user, kiln_func *f) {
  const struct build *b = user;
  kiln_status s = kiln_func_finish(f);
  if (s == KILN_OK) s = kiln_func_verify(f);
  if (s == KILN_OK) s = kiln_func_print(f, b->text);
  if (s == KILN_OK) s = kiln_interp_add(b->interp, f);
  kiln_status compiled = kiln_func_compile(f);
  return s != KILN_OK ? s : compiled;
}

static kiln_status run_program(const struct input *in, struct fz_run *run, kiln_session *session,
                               kiln_buffer *text) {
  static struct gen gen;
  kiln_interp_options options = {.resolve = host_find, .stack_bytes = 1 << 20};
  struct build b = {text, kiln_interp_new(kiln_session_module(session), &options)};
  kiln_status s = KILN_ERR_MEMORY;
  if (b.interp != NULL) {
    s = gen_program(&gen, session, in->data + 1, in->size - 1, add_and_compile, &b);
    if (s == KILN_OK) s = kiln_interp_link(b.interp, &run->diag);
  }
  kiln_interp_free(b.interp);
  return s;
}
#endif

static kiln_status print_and_compile(void *user, kiln_func *f) {
  kiln_buffer *text = user;
  text->size = 0;
  kiln_status s = kiln_func_print(f, text);
  kiln_status compiled = kiln_func_compile(f);
  return s != KILN_OK ? s : compiled;
}

static kiln_status run_once(const struct input *in, struct fz_run *run, kiln_buffer *object) {
  kiln_module_options options = fz_options(in->hash, run);
  options.target.processor = (kiln_processor)(1 + (in->hash >> 40 & 1));
  options.verify = in->hash >> 41 & 1;
  object->allocator = options.allocator;
  kiln_buffer text = {.allocator = options.allocator};
  kiln_module *m = kiln_module_new(&options);
  fz_attrs(in->hash, m);
  kiln_session *s = m != NULL ? kiln_session_new(m) : NULL;
  kiln_status status = KILN_ERR_MEMORY;
  if (s != NULL) {
    if (kiln_llvm_is_bitcode(in->data, in->size)) {
      status = kiln_llvm_read(s, in->data, in->size, NULL, print_and_compile, &text, NULL);
#ifdef HAVE_GEN
    } else if (in->size > 0 && in->data[0] == 1) {
      status = run_program(in, run, s, &text);
#endif
    } else {
      status = kiln_text_read(s, (const char *)in->data, in->size, print_and_compile, &text);
    }
    if (status == KILN_OK) status = kiln_module_print(m, &text);
    if (status == KILN_OK) status = kiln_emit_elf(m, &s, 1, object);
    fz_check_diag(run, status);
  }
  kiln_session_free(s);
  kiln_module_free(m);
  kiln_buffer_free(&text);
  return status;
}

/* Runs with the allocation `fail` failing. */
static void run_failing(const struct input *in, uint64_t fail, bool for_good, kiln_status wanted,
                        const kiln_buffer *object) {
  struct fz_run run = {.fail = fail, .for_good = for_good};
  kiln_buffer got = {0};
  kiln_status s = run_once(in, &run, &got);
  const char *which = for_good ? "all from" : "only";
  if (s != KILN_ERR_MEMORY && s != wanted) {
    fz_die("%s allocation %llu fails: status %s (%s), without %s", which, (unsigned long long)fail,
           kiln_status_name(s), run.diag.message, kiln_status_name(wanted));
  }
  if (s == KILN_OK && (got.size != object->size || memcmp(got.data, object->data, got.size) != 0)) {
    fz_die("%s allocation %llu fails: another object", which, (unsigned long long)fail);
  }
  kiln_buffer_free(&got);
  if (run.held != 0) {
    fz_die("%s allocation %llu fails: %llu bytes were not freed", which, (unsigned long long)fail,
           (unsigned long long)run.held);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct input in = {data, size, fz_hash(data, size)};
  struct fz_run run = {0};
  kiln_buffer object = {0};
  kiln_status s = run_once(&in, &run, &object);
  uint64_t n = run.calls, step = n / MAX_FAILURES + 1;
  for (uint64_t k = 1 + (in.hash >> 20) % step; k <= n; k += step) {
    run_failing(&in, k, false, s, &object);
    run_failing(&in, k, true, s, &object);
  }
  kiln_buffer_free(&object);
  fz_memory_end(&run);
  return 0;
}
