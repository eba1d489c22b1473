/* Modules in memory: the reader of WebAssembly and the JIT, with the runtime's functions under the names that code
 * calls them by. The only file of the runtime that needs libkiln. */
#include "lines.h"
#include "state.h"

#include <kiln/jit.h>
#include <kiln/wasm.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct kiln_wasmrt_code {
  kiln_jit *jit;
  kiln_jit_unit unit;
  const kiln_wasm_image *image;
  const char *note; /* static storage */
};

static void *resolve(void *user, const char *name) {
  (void)user;
#define ROW(f)                                                                                     \
  {                                                                                                \
    #f, (void (*)(void))(f)                                                                        \
  }
  static const struct {
    const char *name;
    void (*address)(void);
  } rows[] = {
    ROW(kiln_wasmrt_trap),
    ROW(kiln_wasmrt_memory_grow),
    ROW(kiln_wasmrt_memory_fill),
    ROW(kiln_wasmrt_memory_copy),
    ROW(kiln_wasmrt_memory_init),
    ROW(kiln_wasmrt_data_drop),
    ROW(kiln_wasmrt_table_grow),
    ROW(kiln_wasmrt_table_fill),
    ROW(kiln_wasmrt_table_copy),
    ROW(kiln_wasmrt_table_init),
    ROW(kiln_wasmrt_elem_drop),
    ROW(kiln_wasmrt_atomic_notify),
    ROW(kiln_wasmrt_atomic_wait32),
    ROW(kiln_wasmrt_atomic_wait64),
    ROW(kiln_wasmrt_exn_new),
    ROW(kiln_wasmrt_throw),
    ROW(kiln_wasmrt_caught),
    ROW(kiln_wasmrt_exn_drop),
    ROW(kiln_wasmrt_out_of_fuel),
    ROW(kiln_wasmrt_personality),
    /* of libm, for processors that cannot round, or multiply and add, by an instruction */
    ROW(fma),
    ROW(fmaf),
    ROW(ceil),
    ROW(ceilf),
    ROW(floor),
    ROW(floorf),
    ROW(trunc),
    ROW(truncf),
    ROW(rint),
    ROW(rintf),
    {"roundeven", (void (*)(void))rint},
    {"roundevenf", (void (*)(void))rintf},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    if (strcmp(rows[i].name, name) != 0) continue;
    void *address;
    memcpy(&address, &rows[i].address, sizeof address);
    return address;
  }
  return NULL;
}

/* Compiles into `m`, a new module for this machine. */
static kiln_status compile(kiln_wasmrt_code *c, kiln_module *m, kiln_session *s, const void *bytes,
                           size_t size, const kiln_wasmrt_compile_options *o) {
  kiln_wasm_options options = {.flags = o->flags, .refuse = o->refuse};
  if (o->gdb || o->perf) options.flags |= KILN_WASM_NAMES;
  kiln_wasm *w = kiln_wasm_new(m, bytes, size, &options);
  kiln_status status = kiln_module_status(m);
  if (w != NULL) status = kiln_wasm_read_bodies(w, s, 0, kiln_wasm_body_count(w), NULL, NULL);
  c->note = kiln_wasm_note(w);
  kiln_wasm_free(w);
  return status;
}

static bool link_code(kiln_wasmrt_code *c, kiln_module *m, kiln_session *s,
                      const kiln_wasmrt_compile_options *o, char *error, size_t error_bytes) {
  kiln_jit_error e = {0};
  bool gdb = o->gdb || o->flags & KILN_WASM_DEBUG;
  kiln_jit_options options = {
    .resolve = resolve, .no_process_symbols = true, .gdb = gdb, .perf_map = o->perf};
  kiln_jit_input input = {.module = m, .sessions = &s, .n_sessions = 1};
  c->jit = kiln_jit_new(&options, &e);
  if (c->jit != NULL && kiln_jit_add(c->jit, 0, &input, 1, &c->unit, &e) == KILN_OK)
    c->image = kiln_jit_address(c->jit, c->unit, "kiln_wasm_module");
  if (c->image == NULL) snprintf(error, error_bytes, "%s", e.diag.message);
  kiln_jit_error_free(&e);
  return c->image != NULL;
}

kiln_wasmrt_code *kiln_wasmrt_compile(const void *bytes, size_t size,
                                      const kiln_wasmrt_compile_options *options, char *error,
                                      size_t error_bytes) {
  static const kiln_wasmrt_compile_options defaults = {0};
  kiln_module_options of_module = {.jit = true};
  if (options == NULL) options = &defaults;
  for (size_t i = 0; i < sizeof options->reserved / sizeof *options->reserved; i++)
    if (options->reserved[i] != 0) {
      snprintf(error, error_bytes, "the field 'reserved' of the options is not 0");
      return NULL;
    }
  kiln_target host;
  if (!kiln_target_find_host(&host)) {
    snprintf(error, error_bytes, "this machine is not a target of Kiln");
    return NULL;
  }
  kiln_wasmrt_code *c = calloc(1, sizeof *c);
  kiln_module *m = kiln_module_new(&of_module);
  kiln_session *s = m != NULL ? kiln_session_new(m) : NULL;
  bool ok = c != NULL && s != NULL;
  if (!ok) {
    snprintf(error, error_bytes, "out of memory");
  } else if (compile(c, m, s, bytes, size, options) != KILN_OK) {
    const kiln_diag *d = kiln_module_diag(m);
    snprintf(error, error_bytes, "%s", d->message);
    if (error_bytes > 0) kn_escape(error);
    ok = false;
  } else {
    ok = link_code(c, m, s, options, error, error_bytes);
  }
  kiln_session_free(s);
  kiln_module_free(m);
  if (ok) return c;
  kiln_wasmrt_code_free(c);
  return NULL;
}

const kiln_wasm_image *kiln_wasmrt_code_image(const kiln_wasmrt_code *code) { return code->image; }

const char *kiln_wasmrt_code_note(const kiln_wasmrt_code *code) { return code->note; }

void kiln_wasmrt_code_lines(const kiln_wasmrt_code *code, const kiln_wasmrt_error *error,
                            kiln_wasmrt_line *lines) {
  struct kn_lines_wanted wanted;
  uint64_t size;
  kn_lines_want(error, lines, &wanted);
  const void *image = kiln_jit_debug_image(code->jit, code->unit, &size);
  if (image != NULL) kn_lines_of_elf(image, (size_t)size, 0, &wanted);
}

void kiln_wasmrt_code_free(kiln_wasmrt_code *code) {
  if (code == NULL) return;
  kiln_jit_free(code->jit);
  free(code);
}
