/* What all shapes share: the frame of a run, its functions, its random numbers. See shapes.h. */
#include "shapes.h"

#include <stdio.h>
#include <string.h>

void *shape_alloc(size_t n, size_t size) {
  void *p = calloc(n ? n : 1, size);
  if (p == NULL) {
    fprintf(stderr, "out of memory\n");
    abort();
  }
  return p;
}

uint32_t shape_random(struct shape_run *r, uint32_t limit) {
  r->random = r->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (uint32_t)((r->random >> 32) * limit >> 32);
}

kiln_func *shape_begin_sig(struct shape_run *r, const char *name, kiln_sig sig) {
  return kiln_func_begin(r->s, kiln_func_declare(r->m, &(kiln_symbol_desc){.name = name}, sig));
}

kiln_func *shape_begin(struct shape_run *r, const char *name) {
  return shape_begin_sig(r, name, r->sig);
}

void shape_done(struct shape_run *r, kiln_func *f) {
  kiln_status status = kiln_func_finish(f);
  if (status != KILN_OK) {
    kiln_func_discard(f);
  } else {
    r->items += kiln_func_value_limit(f) - 1;
    status = r->sink(r->user, f);
  }
  if (r->status == KILN_OK) r->status = status;
}

void shape_end(struct shape_run *r, kiln_func *f, kiln_value result) {
  kiln_build_ret(f, &result, 1);
  shape_done(r, f);
}

static const struct shape *const rooms[] = {shapes_code, shapes_debug, shapes_live, shapes_flow,
                                            shapes_module};

void shape_each(void (*each)(void *user, const struct shape *s), void *user) {
  for (size_t i = 0; i < sizeof rooms / sizeof *rooms; i++)
    for (const struct shape *s = rooms[i]; s->name != NULL; s++) each(user, s);
}

const struct shape *shape_find(const char *name) {
  for (size_t i = 0; i < sizeof rooms / sizeof *rooms; i++)
    for (const struct shape *s = rooms[i]; s->name != NULL; s++)
      if (strcmp(s->name, name) == 0) return s;
  return NULL;
}

bool shape_open(struct shape_run *r, const kiln_module_options *options, uint32_t n) {
  static const kiln_module_options none = {.target.processor = KILN_PROCESSOR_X86_64};
  kiln_param p = {.type = I64};
  kiln_type result = I64;
  memset(r, 0, sizeof *r);
  r->n = n;
  r->random = 1;
  r->m = kiln_module_new(options != NULL ? options : &none);
  if (r->m == NULL) return false;
  r->s = kiln_session_new(r->m);
  r->sig = kiln_sig_new(r->m, KILN_CC_C, 0, &p, 1, &result, 1);
  r->callee = kiln_func_declare(r->m, &(kiln_symbol_desc){.name = "callee"}, r->sig);
  return r->s != NULL;
}

void shape_close(struct shape_run *r) {
  kiln_session_free(r->s);
  kiln_module_free(r->m);
}
