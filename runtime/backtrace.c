/* Which functions were active at a trap. The unwinder finds the frames, by the tables that code has for exceptions;
 * names are looked for later, since that takes memory. */
#include "state.h"

#include <stdlib.h>
#include <string.h>
#include <unwind.h>

/* Functions of an instance's module by the addresses of their code. */
struct kn_code {
  uint32_t n;
  struct kn_code_row {
    uintptr_t start;
    uint32_t function;
  } rows[];
};

static _Unwind_Reason_Code take(struct _Unwind_Context *context, void *user) {
  struct kn_activation *a = user;
  int before_instruction = 0;
  uintptr_t at = _Unwind_GetIPInfo(context, &before_instruction);
  if (_Unwind_GetCFA(context) > a->stack && a->n_raw > 0) return _URC_END_OF_STACK;
  if (!before_instruction) at--;
  void *start = _Unwind_FindEnclosingFunction((void *)at);
  if (start == NULL) return _URC_NO_REASON;
  a->raw[a->n_raw][0] = (uintptr_t)start;
  a->raw[a->n_raw][1] = at;
  return ++a->n_raw == KN_RAW_FRAMES ? _URC_END_OF_STACK : _URC_NO_REASON;
}

void kn_backtrace_take(struct kn_activation *a) {
  a->n_raw = 0;
  _Unwind_Backtrace(take, a);
}

static int by_start(const void *a, const void *b) {
  uintptr_t x = ((const struct kn_code_row *)a)->start, y = ((const struct kn_code_row *)b)->start;
  return (x > y) - (x < y);
}

/* The table of an instance; NULL without memory. */
static const struct kn_code *code_of(kiln_wasmrt_instance *i) {
  const kiln_wasm_image *image = i->image;
  if (i->code != NULL) return i->code;
  struct kn_code *c = malloc(sizeof *c + image->n_funcs * sizeof *c->rows);
  if (c == NULL) return NULL;
  c->n = 0;
  for (uint32_t f = image->n_imported_funcs; f < image->n_funcs; f++)
    if (image->funcs[f].code != NULL)
      c->rows[c->n++] = (struct kn_code_row){(uintptr_t)image->funcs[f].code, f};
  qsort(c->rows, c->n, sizeof *c->rows, by_start);
  return i->code = c;
}

static bool name_frame(kiln_wasmrt_store *s, const uintptr_t raw[2], kiln_wasmrt_frame *frame) {
  for (kiln_wasmrt_instance *i = s->instances; i != NULL; i = i->next) {
    const struct kn_code *c = code_of(i);
    struct kn_code_row key = {.start = raw[0]};
    const struct kn_code_row *row =
      c != NULL ? bsearch(&key, c->rows, c->n, sizeof *c->rows, by_start) : NULL;
    if (row == NULL) continue;
    *frame = (kiln_wasmrt_frame){i, row->function, (uint32_t)(raw[1] - raw[0])};
    return true;
  }
  return false;
}

void kn_backtrace_name(const struct kn_activation *a, kiln_wasmrt_error *error) {
  error->n_frames = 0;
  for (uint32_t i = 0; i < a->n_raw && error->n_frames < KILN_WASMRT_FRAMES; i++)
    error->n_frames += name_frame(a->store, a->raw[i], error->frames + error->n_frames);
}

void kn_backtrace_free(struct kn_code *code) { free(code); }

kiln_wasm_name kiln_wasmrt_func_name(const kiln_wasmrt_frame *frame) {
  const kiln_wasm_image *image = frame->instance->image;
  if (image->funcs[frame->function].name.text_length > 0) return image->funcs[frame->function].name;
  for (uint32_t e = 0; e < image->n_exports; e++)
    if (image->exports[e].kind == KILN_WASM_FUNC && image->exports[e].index == frame->function)
      return image->exports[e].name;
  return (kiln_wasm_name){"", 0};
}
