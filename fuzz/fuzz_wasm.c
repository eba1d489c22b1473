/* Fuzz target: bytes are a WebAssembly module, which is compiled with the verifier on and off, for a target and with
 * flags that a hash chooses. Whatever the bytes, the result is an object or a diagnostic, and all memory is freed.
 * What is accepted is accepted by the verifier, too.
 *
 * KILN_WASMPARSER names the library that fuzz/wasmparser makes: then each module is given to wasmparser, too, and it is
 * a finding if one accepts what the other rejects. How many were compared is said at the end. */
#include "fuzz.h"

#include <kiln/wasm.h>

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef int valid_fn(const uint8_t *data, size_t size, char *message, size_t message_bytes);

static struct {
  bool asked;
  valid_fn *valid; /* NULL: there is none to ask */
  unsigned long both, neither, unknown, named;
} other;

static void other_end(void) {
  fprintf(stderr,
          "wasmparser: %lu accepted by both, %lu by none, %lu without memory, %lu refused by a "
          "proposal's name\n",
          other.both, other.neither, other.unknown, other.named);
}

static void other_find(void) {
  const char *path = getenv("KILN_WASMPARSER");
  other.asked = true;
  if (path == NULL) return;
  void *library = dlopen(path, RTLD_NOW);
  void *symbol = library != NULL ? dlsym(library, "kiln_wasmparser_valid") : NULL;
  if (symbol == NULL) fz_die("%s", dlerror());
  memcpy(&other.valid, &symbol, sizeof symbol);
  atexit(other_end);
}

/* `status` is Kiln's. */
static void compare(const uint8_t *data, size_t size, kiln_status status, const char *message) {
  char why[256] = "";
  if (!other.asked) other_find();
  if (other.valid == NULL) return;
  if (status == KILN_ERR_MEMORY) {
    other.unknown++;
    return;
  }
  bool valid = other.valid(data, size, why, sizeof why) != 0;
  /* wasmparser asks for no feature for some types of these proposals, such as (ref exn) */
  if (valid && status == KILN_ERR_UNSUPPORTED &&
      (strstr(message, "typed function references") || strstr(message, "garbage collection") ||
       strstr(message, "stack switching"))) {
    other.named++;
    return;
  }
  if (valid && status != KILN_OK) fz_die("wasmparser accepts what is refused: %s", message);
  if (!valid && status == KILN_OK) fz_die("wasmparser refuses what is accepted: %s", why);
  if (valid) other.both++;
  else other.neither++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct fz_run run = {0};
  uint64_t h = fz_hash(data, size);
  kiln_status ends[2] = {KILN_ERR_MEMORY, KILN_ERR_MEMORY};
  for (unsigned verify = 0; verify < 2; verify++) {
    kiln_module_options options = fz_options(h, &run);
    options.target.processor = (kiln_processor)(1 + (h >> 40 & 1));
    options.verify = verify;
    kiln_wasm_options flags = {.flags = (uint32_t)(h >> 42 & 127)};
    kiln_buffer object = {.allocator = options.allocator};
    kiln_module *m = kiln_module_new(&options);
    kiln_session *s = m != NULL ? kiln_session_new(m) : NULL;
    if (s != NULL) {
      kiln_wasm *w = kiln_wasm_new(m, data, size, &flags);
      kiln_status status = kiln_module_status(m);
      if (w != NULL) status = kiln_wasm_read_bodies(w, s, 0, kiln_wasm_body_count(w), NULL, NULL);
      if (status == KILN_OK) status = kiln_emit_elf(m, &s, 1, &object);
      fz_check_diag(&run, status);
      if (verify == 0) compare(data, size, status, kiln_module_diag(m)->message);
      if (status == KILN_OK) fz_check_object(&object);
      ends[verify] = status;
      kiln_wasm_free(w);
    }
    kiln_session_free(s);
    kiln_module_free(m);
    kiln_buffer_free(&object);
  }
  if (ends[0] == KILN_OK && ends[1] != KILN_OK && ends[1] != KILN_ERR_MEMORY)
    fz_die("the verifier refuses what was built");
  fz_memory_end(&run);
  return 0;
}
