/* A unit that a compiler of this process has as bitcode in memory: it becomes an object in memory. Called by
 * integrations/llvm, from any thread.
 * Invariant: the bitcode stays as it is until the module is freed, so that nothing of it is copied. */
#include "unit.h"
#include "diag.h"
#include "unknown.h"

#include <kiln/as.h>
#include <kiln/llvm.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Compiles the bodies that something refers to. */
static kiln_status compile_listed(struct tool_unit *u, kiln_llvm *reader, uint32_t *list) {
  for (uint32_t n; (n = kiln_llvm_next_bodies(reader, list, kiln_llvm_body_count(reader))) > 0;) {
    for (uint32_t i = 0; i < n; i++) {
      uint64_t count = 0;
      kiln_status status = kiln_llvm_read_bodies(reader, list[i], 1, NULL, NULL, &count);
      u->instructions += count;
      if (status != KILN_OK) return status;
    }
  }
  return KILN_OK;
}

/* Those whose inline assembly waited: the assembler is called once, for all texts together. */
static kiln_status compile_deferred(struct tool_unit *u, kiln_llvm *reader, uint64_t *waited) {
  kiln_status status = kiln_llvm_read_deferred(reader, NULL, NULL, waited);
  u->instructions += *waited;
  return status;
}

/* With inlining: what assembly's functions refer to may have assembly of its own. */
static kiln_status compile_inlined(struct tool_unit *u, kiln_llvm *reader) {
  uint32_t *list = malloc((kiln_llvm_body_count(reader) + 1) * sizeof *list);
  if (list == NULL) return KILN_ERR_MEMORY;
  kiln_status status;
  uint64_t waited;
  do {
    waited = 0;
    status = compile_listed(u, reader, list);
    if (status == KILN_OK) status = compile_deferred(u, reader, &waited);
  } while (status == KILN_OK && waited > 0);
  free(list);
  return status;
}

static kiln_status compile_all(struct tool_unit *u, kiln_llvm *reader) {
  uint64_t waited = 0;
  kiln_status status =
    kiln_llvm_read_bodies(reader, 0, kiln_llvm_body_count(reader), NULL, NULL, &u->instructions);
  return status == KILN_OK ? compile_deferred(u, reader, &waited) : status;
}

static kiln_status compile_bodies(struct tool_unit *u, kiln_module *m, kiln_session *s) {
  kiln_llvm_options options = {0};
  kiln_llvm *reader =
    tool_unknown_set(m, &options) ? kiln_llvm_new(s, u->bytes, u->size, &options) : NULL;
  if (reader == NULL) return kiln_module_status(m);
  bool inlining = u->inlining.what != KILN_INLINING_OFF;
  kiln_llvm_defer_assembly(reader);
  kiln_status status = inlining ? kiln_llvm_keep_bodies(reader, &u->instructions) : KILN_OK;
  if (status == KILN_OK) status = kiln_module_freeze(m);
  if (status == KILN_OK) status = inlining ? compile_inlined(u, reader) : compile_all(u, reader);
  u->diag = *kiln_module_diag(m);
  if (tool_diag_of_reader(&u->diag, reader))
    snprintf(u->diag.module, sizeof u->diag.module, "%s", u->name);
  tool_unknown_log(reader, u->name);
  kiln_llvm_free(reader);
  return status;
}

static kiln_module_options options_of(const struct tool_unit *u) {
  return (kiln_module_options){.name = u->name,
                               .function_sections = u->function_sections,
                               .data_sections = u->data_sections,
                               .aranges = u->aranges,
                               .features = u->features,
                               .stress_seed = u->stress,
                               .borrow_strings = true};
}

/* Compiles bodies from number `first` on until one cannot be: its number, and why; or that of all bodies. Those with
 * assembly are left out. */
static uint32_t next_refused(const struct tool_unit *u, uint32_t first, kiln_diag *diag) {
  kiln_module_options options = options_of(u);
  if (!kiln_llvm_find_target(u->bytes, u->size, &options.target)) return UINT32_MAX;
  kiln_as *assembler = kiln_as_new(NULL);
  options.assemble = kiln_as_assemble;
  options.assemble_user = assembler;
  kiln_module *m = kiln_module_new(&options);
  kiln_session *s = m != NULL ? kiln_session_new(m) : NULL;
  kiln_llvm *reader = s != NULL ? kiln_llvm_new(s, u->bytes, u->size, NULL) : NULL;
  uint32_t n = UINT32_MAX;
  if (reader != NULL) {
    kiln_llvm_defer_assembly(reader);
    kiln_status status = kiln_module_freeze(m);
    n = kiln_llvm_body_count(reader);
    while (first < n && status == KILN_OK)
      status = kiln_llvm_read_bodies(reader, first++, 1, NULL, NULL, NULL);
    if (status != KILN_OK) {
      n = first - 1;
      *diag = *kiln_module_diag(m);
      tool_diag_of_reader(diag, reader);
    }
  }
  kiln_llvm_free(reader);
  kiln_session_free(s);
  kiln_module_free(m);
  kiln_as_free(assembler);
  return n;
}

void tool_unit_list_refused(const struct tool_unit *u, tool_refused_fn *fn, void *user) {
  enum { MOST = 8 };
  kiln_diag said[MOST];
  uint32_t n = 0;
  said[n++] = u->diag;
  for (uint32_t body = 0; n < MOST; body++) {
    kiln_diag *d = &said[n];
    *d = (kiln_diag){.status = KILN_OK};
    body = next_refused(u, body, d);
    if (d->status == KILN_OK) return;
    uint32_t k = 0;
    while (strcmp(said[k].message, d->message) != 0) k++;
    if (k < n) continue; /* the same of another function */
    fn(user, d);
    n++;
  }
}

kiln_status tool_unit_compile(struct tool_unit *u) {
  kiln_module_options options = options_of(u);
  u->diag = (kiln_diag){.status = KILN_ERR_UNSUPPORTED};
  snprintf(u->diag.message, sizeof u->diag.message, "the target is not supported");
  if (!kiln_llvm_find_target(u->bytes, u->size, &options.target)) return KILN_ERR_UNSUPPORTED;
  u->diag = (kiln_diag){.status = KILN_OK};
  kiln_as *assembler = kiln_as_new(NULL);
  options.assemble = kiln_as_assemble;
  options.assemble_user = assembler;
  kiln_module *m = kiln_module_new(&options);
  kiln_session *s = m != NULL ? kiln_session_new(m) : NULL;
  kiln_status status = KILN_ERR_MEMORY;
  if (s != NULL) {
    tool_inlining_set(m, &u->inlining);
    status = compile_bodies(u, m, s);
    if (status == KILN_OK) status = kiln_module_status(m);
    bool split = u->split && kiln_module_get_attrs(m).dwo_name != NULL;
    if (status == KILN_OK)
      status = split ? kiln_emit_elf_split(m, &s, 1, &u->object, u->dwo)
                     : kiln_emit_object(m, &s, 1, &u->object);
    if (status != KILN_OK && u->diag.status == KILN_OK) u->diag = *kiln_module_diag(m);
    u->functions = kiln_session_get_stats(s).functions;
    kiln_session_free(s);
  }
  kiln_module_free(m);
  kiln_as_free(assembler);
  if (status != KILN_OK && u->diag.status == KILN_OK) {
    u->diag.status = status;
    snprintf(u->diag.message, sizeof u->diag.message, "%s", kiln_status_name(status));
  }
  return status;
}

void tool_unit_free(struct tool_unit *u) { kiln_buffer_free(&u->object); }
