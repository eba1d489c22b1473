/* Second step of the linker: reads all relocations once and notes which symbols are referred to, and which
 * need an entry in the unit's table of addresses, a thread-local one, or a stub. Invariant: every symbol
 * is in each list at most once. */
#include "lib/jit/link/link.h"

#include "ir/reloc_kinds.h"

#include <stdio.h>

static bool unsupported(struct kn_jit_link *l, const struct kn_jit_input *in,
                        const struct kn_code_reloc *r) {
  char number[16];
  const char *kind = kiln_reloc_name((kiln_reloc_kind)r->kind);
  snprintf(number, sizeof number, "%u", r->kind - KILN_RELOC_FORMAT);
  return KN_JIT_FAIL(false, l->error, KILN_ERR_UNSUPPORTED, "relocation %s against '%.100s'",
                     kind != NULL ? kind : number, kn_symbol(in->m, r->symbol)->name);
}

/* Notes that a symbol is referred to. */
static bool refer(struct kn_jit_link *l, uint32_t i, uint32_t id) {
  struct kn_jit_input *in = l->in + i;
  struct kn_jit_bind *b = in->binds.at + id;
  if (b->referenced) return true;
  b->referenced = true;
  if (!kn_jit_touch(l, in, id)) return false;
  if (kn_jit_defined(b)) return true;
  const struct kn_symbol *s = kn_symbol(in->m, id);
  unsigned row = kn_jit_registrar_find(s->name);
  if (row < KN_JIT_REGISTRARS) l->registrars |= 1u << row;
  return kn_jit_want(l, &l->undefined, i, id);
}

static bool want(struct kn_jit_link *l, struct kn_jit_wants *w, uint32_t *number, uint32_t i,
                 uint32_t id) {
  if (*number != 0) return true;
  if (!kn_jit_want(l, w, i, id)) return false;
  *number = w->n;
  return true;
}

/* A call may need a stub if its target may turn out to be anywhere but in this unit's code. */
static bool call(struct kn_jit_link *l, uint32_t i, uint32_t id) {
  const struct kn_jit_input *in = l->in + i;
  const struct kn_symbol *s = kn_symbol(in->m, id);
  struct kn_jit_bind *b = in->binds.at + id;
  bool local = kn_is_local(s);
  bool fixed = b->where == KN_JIT_IN_CODE && (local || s->linkage == KILN_LINKAGE_EXTERNAL) &&
               s->comdat == 0 && (l->flags & KILN_JIT_REDEFINABLE) == 0;
  return fixed || want(l, &l->stubs, &b->stub, i, id);
}

static bool scan_code(struct kn_jit_link *l, uint32_t i, const struct kn_code_reloc *r) {
  struct kn_jit_bind *b = l->in[i].binds.at + r->symbol;
  const struct kn_reloc_facts *facts = kn_reloc_facts(r->kind);
  if (!refer(l, i, r->symbol)) return false;
  if (facts->field == KN_FIELD_OTHER) return unsupported(l, l->in + i, r);
  switch ((enum kn_reloc_to)facts->to) {
  case KN_TO_UNKNOWN: return unsupported(l, l->in + i, r);
  case KN_TO_ADDRESS: /* as for linkers, a function's address is that of its stub */
    return kn_symbol(l->in[i].m, r->symbol)->kind == KILN_SYMBOL_DATA || call(l, i, r->symbol);
  case KN_TO_CALL: return call(l, i, r->symbol);
  case KN_TO_ENTRY: return want(l, &l->got, &b->got, i, r->symbol);
  case KN_TO_TLS_PAIR:
  case KN_TO_TLS_ENTRY: return want(l, &l->tls, &b->tls, i, r->symbol);
  case KN_TO_TLS_OFFSET: break;
  }
  return true;
}

/* Types and personalities of tables of exceptions are named through words with their addresses. */
static bool scan_tables(struct kn_jit_link *l, uint32_t i, const struct kn_output *o) {
  struct kn_jit_bind *binds = l->in[i].binds.at;
  for (uint32_t k = 0; k < o->tables.n + o->table_types.n; k++) {
    const bool personality = k < o->tables.n;
    const uint32_t id =
      personality ? o->tables.at[k].personality : o->table_types.at[k - o->tables.n];
    if (id == 0) continue;
    if (!refer(l, i, id)) return false;
    if (personality && kn_jit_frames_call_personality ? !want(l, &l->stubs, &binds[id].stub, i, id)
                                                      : !want(l, &l->got, &binds[id].got, i, id))
      return false;
  }
  return true;
}

bool kn_jit_scan(struct kn_jit_link *l) {
  for (uint32_t i = 0; i < l->n_in; i++) {
    const struct kn_jit_input *in = l->in + i;
    for (uint32_t s = 0; s < in->n_sessions; s++) {
      const struct kn_output *o = in->sessions[s]->out;
      for (uint32_t k = 0; k < o->relocs.n; k++)
        if (!scan_code(l, i, o->relocs.at + k)) return false;
      if (!scan_tables(l, i, o)) return false;
    }
    for (uint32_t k = 0; k < in->data.n; k++) {
      const struct kn_data *d = in->m->data.at + in->data.at[k];
      for (size_t r = 0; r < d->n_relocs; r++) {
        const struct kn_code_reloc of = {.symbol = d->relocs[r].symbol.id,
                                         .kind = d->relocs[r].kind};
        if (KN_UNLIKELY(of.kind != 0)) return unsupported(l, in, &of);
        if (!refer(l, i, d->relocs[r].symbol.id)) return false;
        if (d->relocs[r].relative_to.id != 0 && !refer(l, i, d->relocs[r].relative_to.id))
          return false;
      }
    }
    for (uint32_t k = 0; !l->stream && k < in->m->ctors.n; k++)
      if (!refer(l, i, in->m->ctors.at[k].func)) return false;
  }
  return true;
}
