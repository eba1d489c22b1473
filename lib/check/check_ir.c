/* The part of the allocation check that is about the IR: nothing writes to a function once it is finished but plan and
 * walk to struct kn_val. Called by lib/compile.c before the plan and after the walk. */
#include "lib/check/check.h"

#include <string.h>

static uint64_t add(uint64_t hash, const void *at, size_t bytes) {
  const char *p = at;
  for (uint64_t word; bytes != 0; p += sizeof word) {
    size_t n = bytes < sizeof word ? bytes : sizeof word;
    word = 0;
    memcpy(&word, p, n);
    hash = kn_mix64(hash, word);
    bytes -= n;
  }
  return hash;
}

uint64_t kn_check_ir(const kiln_func *f) {
  uint64_t hash = add(0, f->inst, f->n * sizeof *f->inst);
#define ARRAY(type, name) hash = add(hash ^ f->name.n, f->name.at, f->name.n * sizeof(type));
  KN_FUNC_ARRAYS(ARRAY)
#undef ARRAY
  for (unsigned k = 0; k < KN_NOTE_COUNT; k++)
    hash = add(hash, f->notes[k].at, f->notes[k].n * sizeof *f->notes[k].at);
  hash = add(hash, &f->attrs, sizeof f->attrs);
#define ARRAY(type, name)                                                                          \
  hash = add(hash ^ f->debug.name.n, f->debug.name.at, f->debug.name.n * sizeof(type));
  KN_FUNC_DEBUG_ARRAYS(ARRAY)
#undef ARRAY
  return hash;
}
