/* Tables of exceptions of a unit, for frames_dwarf.c and frames_windows.c. */
#include "lib/jit/link/link.h"
#include "lib/jit/memory/memory.h"

#include "lib/codegen/eh_table.h"

uint32_t kn_jit_to_word(const struct kn_jit_link *l, uint32_t in, uint32_t id, uint64_t field) {
  uint64_t words = kn_jit_at(l->unit->blocks, KN_JIT_RO) + l->got_at;
  return (uint32_t)(words + 8 * (uint64_t)(l->in[in].binds.at[id].got - 1) - field);
}

void kn_jit_table_write(const struct kn_jit_link *l, const struct kn_jit_part *part,
                        const struct kn_code_table *t, uint8_t *to, uint64_t at) {
  const struct kn_output *o = part->out;
  memcpy(to, o->table_bytes.at + t->first, t->size);
  uint8_t *encoding = to + KN_EH_TYPES_ENCODING_AT;
  if (*encoding != KN_EH_OMIT) *encoding = KN_EH_INDIRECT_PCREL_SDATA4;
  for (uint32_t k = 0; k < t->n_types; k++) {
    const uint32_t field = t->type_end - 4 * (k + 1), id = o->table_types.at[t->type_first + k];
    if (id != 0) kn_put32(to + field, kn_jit_to_word(l, part->in, id, at + field));
  }
}
