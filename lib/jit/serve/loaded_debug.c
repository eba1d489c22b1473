/* Debug sections of a loaded object, for gdb: those of the object, with addresses in memory. Called by
 * debug_sections.c once the unit is written. Invariant: fields without an address in memory are 0. */
#include "lib/jit/link/link.h"
#include "lib/jit/load/load.h"
#include "lib/jit/serve/serve.h"

#include "ir/reloc_kinds.h"
#include "lib/dwarf/dwarf_sections.h"

/* What the field of a relocation is: an address in memory, or an offset in the debug section of the same name. */
static uint64_t value_of(const struct kn_jit_link *l, const struct kn_read_reloc *r) {
  const struct kn_jit_loaded *o = l->loaded;
  const struct kn_read_symbol *s = o->read.symbols + r->symbol;
  const uint32_t id = o->symbols[r->symbol];
  if (kn_read_is_placed(s) && o->sections[s->section].is == KN_JIT_OF_DEBUG)
    return o->sections[s->section].at + s->value + (uint64_t)r->addend;
  if (id == 0 || kn_symbol(o->m, id)->tls != KILN_TLS_NONE) return 0;
  const uint64_t at = kn_jit_definition(l, 0, id);
  return at != 0 ? at + (uint64_t)r->addend : 0;
}

bool kn_jit_loaded_debug(const struct kn_jit_link *l, kiln_buffer *sections) {
  const struct kn_jit_loaded *o = l->loaded;
  for (uint32_t i = 1; i < o->read.n_sections; i++) {
    const struct kn_read_section *s = o->read.sections + i;
    if (o->sections[i].is != KN_JIT_OF_DEBUG) continue;
    kiln_buffer *b = sections + o->sections[i].debug;
    if (kiln_buffer_append(b, s->bytes, (size_t)s->size) != KILN_OK) return false;
    uint8_t *to = b->data + o->sections[i].at;
    for (uint32_t k = 0; k < s->n_relocs; k++) {
      const struct kn_read_reloc *r = s->relocs + k;
      if (r->kind == KILN_RELOC_ABS32) kn_put32(to + r->offset, (uint32_t)value_of(l, r));
      else if (r->kind == KILN_RELOC_ABS64) kn_put64(to + r->offset, value_of(l, r));
    }
  }
  return true;
}
