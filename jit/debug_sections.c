/* Debug sections of a unit in memory, for gdb: those that the object's writer makes (lib/debug/dwarf.c) of each
 * module, one after the other, with the addresses of the unit filled in. Called by gdb.c. Invariant: the writer
 * sees each function in a section of its own, so it assumes nothing of where functions are. */
#include "jit/jit_state.h"

/* Tells the writer which functions there are, and which symbols have an address. */
static bool describe(const struct kn_jit_link *l, uint32_t i, struct kn_elf *e) {
  const struct kn_jit_in *in = &l->in[i];
  for (uint32_t s = 0; s < e->n_sessions; s++) e->n_funcs += e->sessions[s]->out->funcs.n;
  e->funcs = kn_arena_alloc(&e->arena, (e->n_funcs + (size_t)1) * sizeof *e->funcs, 8);
  e->defs = kn_arena_zero(&e->arena, e->m->symbols.n * sizeof *e->defs, 8);
  if (e->funcs == NULL || e->defs == NULL) return false;
  for (uint32_t k = 1; k < in->n_binds; k++) {
    /* gdb does not find thread-local data of a JIT */
    unsigned where = in->binds[k].where;
    if (where != KN_JIT_NOWHERE && where != KN_JIT_IN_TLS && where != KN_JIT_IN_COMMON &&
        kn_symbol(e->m, k)->tls == KILN_TLS_NONE)
      e->defs[k].section = UINT32_MAX - 1;
  }
  uint32_t n = 0;
  for (uint32_t s = 0; s < e->n_sessions; s++) {
    const struct kn_output *o = e->sessions[s]->out;
    for (uint32_t k = 0; k < o->funcs.n; k++) {
      e->funcs[n++] = (struct kn_elf_func){s, k};
      e->defs[o->funcs.at[k].symbol].section = n;
    }
  }
  return true;
}

/* The address that a relocation is relative to. `base`: where each section of the module begins in the unit's. */
static uint64_t target_of(const struct kn_jit_link *l, uint32_t i, const struct kn_elf *e,
                          const struct kn_dwarf_reloc *r, const uint64_t *base) {
  if (r->target & KN_DR_DEBUG) return base[r->target & ~KN_DR_DEBUG];
  if (r->target & KN_DR_SYMBOL) return kn_jit_definition(l, i, r->target & ~KN_DR_SYMBOL);
  const struct kn_elf_func *f = &e->funcs[r->target];
  return (uint64_t)(uintptr_t)l->unit->blocks[KN_JIT_CODE].at + l->in[i].code_at[f->session] +
         e->sessions[f->session]->out->funcs.at[f->index].start;
}

static bool add_strings(const struct kn_dwarf *d, kiln_buffer *section) {
  bool ok = true;
  for (uint32_t i = 0; ok && i < d->strs.n; i++)
    ok = kiln_buffer_append(section, d->strs.at[i].text, d->strs.at[i].n) == KILN_OK &&
         kiln_buffer_append(section, "", 1) == KILN_OK;
  return ok;
}

static bool add_module(const struct kn_jit_link *l, uint32_t i, kiln_buffer *sections) {
  struct kn_elf e = {.m = l->in[i].m,
                     .machine = kn_elf_machine(l->jit->target),
                     .code = l->jit->machine,
                     .sessions = l->in[i].sessions,
                     .n_sessions = l->in[i].n_sessions};
  uint64_t base[KN_DS_COUNT];
  kn_arena_init(&e.arena, &e.m->options.allocator);
  bool ok = describe(l, i, &e) && kn_dwarf_build(&e);
  for (unsigned k = 0; k < KN_DS_COUNT; k++) base[k] = sections[k].size;
  for (unsigned k = 0; ok && e.dwarf != NULL && k < KN_DS_COUNT; k++) {
    const struct kn_dwarf_buffer *b = &e.dwarf->out[k];
    if (b->bytes.n == 0) continue;
    ok = k == KN_DS_STR ? add_strings(e.dwarf, &sections[k])
                        : kiln_buffer_append(&sections[k], b->bytes.at, b->bytes.n) == KILN_OK;
    for (uint32_t j = 0; ok && j < b->relocs.n; j++) {
      const struct kn_dwarf_reloc *r = &b->relocs.at[j];
      uint64_t v = target_of(l, i, &e, r, base) + (uint64_t)r->addend;
      uint8_t *p = sections[k].data + base[k] + r->offset;
      if (r->wide) kn_put64(p, v);
      else kn_put32(p, (uint32_t)v);
    }
  }
  kn_dwarf_free(&e);
  kn_arena_free(&e.arena);
  return ok;
}

bool kn_jit_debug_sections(const struct kn_jit_link *l, kiln_buffer *sections) {
  bool ok = true;
  for (uint32_t i = 0; ok && i < l->n_in; i++) ok = add_module(l, i, sections);
  return ok;
}
