/* What the readers of objects share: read.h. */
#include "lib/jit/load/read.h"

#include "base/array.h"
#include "ir/reloc_kinds.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

bool kn_read_refuse(struct kn_read_object *o, const char *format, ...) {
  va_list args;
  va_start(args, format);
  vsnprintf(o->why, sizeof o->why, format, args);
  va_end(args);
  return false;
}

bool kn_read_room(struct kn_read_object *o, uint32_t n_sections, uint32_t n_symbols) {
  if (n_sections != 0) {
    o->n_sections = n_sections;
    o->sections = kn_arena_zero(o->arena, n_sections * sizeof *o->sections, 8);
    if (o->sections == NULL) return false;
    o->sections[0].name = "";
  }
  if (n_symbols != 0) {
    o->n_symbols = n_symbols;
    o->symbols = kn_arena_zero(o->arena, n_symbols * sizeof *o->symbols, 8);
    if (o->symbols == NULL) return false;
    o->symbols[0].name = "";
  }
  return true;
}

/* ---- relocations ---- */

bool kn_read_check(struct kn_read_object *o, const struct kn_read_section *of,
                   const struct kn_read_reloc *r) {
  const uint64_t bytes = kn_reloc_bytes(kn_reloc_facts(r->kind));
  if (of->bytes == NULL || r->offset > of->size || bytes > of->size - r->offset)
    return kn_read_refuse(o, "a relocation is not in section '%.100s'", of->name);
  if (r->kind == KILN_RELOC_NONE || r->symbol == 0 || r->symbol >= o->n_symbols)
    return kn_read_refuse(o, "a relocation of section '%.100s' is damaged", of->name);
  return true;
}

static int compare(const void *a, const void *b) {
  const struct kn_read_reloc *x = a, *y = b;
  if (x->offset != y->offset) return x->offset < y->offset ? -1 : 1;
  if (x->kind != y->kind) return x->kind < y->kind ? -1 : 1;
  if (x->symbol != y->symbol) return x->symbol < y->symbol ? -1 : 1;
  return x->addend < y->addend ? -1 : x->addend > y->addend;
}

void kn_read_set_relocs(struct kn_read_section *of, struct kn_read_reloc *relocs, uint32_t n) {
  bool sorted = true;
  for (uint32_t i = 1; i < n; i++) sorted &= relocs[i - 1].offset <= relocs[i].offset;
  if (!sorted) qsort(relocs, n, sizeof *relocs, compare);
  of->relocs = relocs;
  of->n_relocs = n;
}

const struct kn_read_reloc *kn_read_reloc_at(const struct kn_read_section *s, uint64_t offset) {
  const uint32_t k = KN_COUNT_BEFORE(j, s->n_relocs, s->relocs[j].offset < offset);
  return k < s->n_relocs && s->relocs[k].offset == offset ? s->relocs + k : NULL;
}

uint32_t kn_read_target(const struct kn_read_object *o, const struct kn_read_reloc *r,
                        uint64_t *offset) {
  const struct kn_read_symbol *s = o->symbols + r->symbol;
  if (!kn_read_is_placed(s)) return 0;
  *offset = s->value + (uint64_t)r->addend;
  return *offset <= o->sections[s->section].size ? s->section : 0;
}
