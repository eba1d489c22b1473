/* The unit and the function at an address: see find.c, whose rules count here, too. In a file of its own, which needs
 * no other: walks of the stack call it, and programs that only walk stacks link no JIT. */
#include "lib/jit/jit_state.h"

const struct kn_jit_item *kn_jit_find_unit(kiln_jit *jit, uint64_t pc) {
  for (struct kn_jit_pool *p = jit->pools; p != NULL; p = p->next) {
    uint64_t at = pc - (uint64_t)(uintptr_t)p->base;
    if (at / KN_JIT_CHUNK >= p->n_chunks) continue;
    for (const struct kn_jit_item *u = p->units[at / KN_JIT_CHUNK]; u != NULL; u = u->in_chunk) {
      const struct kn_jit_block *b = u->blocks + KN_JIT_CODE;
      if (pc - (uint64_t)(uintptr_t)b->at < b->size) return u;
    }
  }
  return NULL;
}

const struct kn_memory_symbol *kn_jit_find_function(const struct kn_jit_item *u, uint64_t pc) {
  const uint32_t n = KN_COUNT_BEFORE(k, u->n_funcs, u->symbols[k].address <= pc);
  if (n == 0 || pc - u->symbols[n - 1].address >= u->symbols[n - 1].size) return NULL;
  return u->symbols + n - 1;
}

/* Whether `pc` is in the unit's stubs. */
static bool find_stubs(const struct kn_jit_item *u, uint64_t pc, struct kn_jit_code *code) {
  const uint32_t at = u->belongings[u->n_funcs].fde;
  if (at == 0) return false;
  const uint8_t *fde = u->blocks[KN_JIT_RO].at + at - 1, *field = fde + KN_FDE_ADDRESS_AT;
  code->start = (uint64_t)(uintptr_t)field + (uint64_t)(int64_t)(int32_t)kn_get32(field);
  code->fde = fde;
  return pc - code->start < kn_get32(field + 4);
}

bool kn_jit_find_code(kiln_jit *jit, uint64_t pc, struct kn_jit_code *code) {
  if (jit == NULL) return false;
  const uint32_t side = jit->side;
  jit->finding[side]++;
  const struct kn_jit_item *u = kn_jit_find_unit(jit, pc);
  const struct kn_memory_symbol *f = u != NULL ? kn_jit_find_function(u, pc) : NULL;
  const bool found = f != NULL || (u != NULL && find_stubs(u, pc, code));
  if (f != NULL) {
    const struct kn_jit_belongings *b = u->belongings + (f - u->symbols);
    const uint8_t *ro = u->blocks[KN_JIT_RO].at;
    code->start = f->address;
    code->fde = b->fde != 0 ? ro + b->fde - 1 : NULL;
    code->roots = b->roots != 0 ? ro + b->roots - 1 : NULL;
  }
  jit->finding[side]--;
  return found;
}
