/* Relocations of code in memory: what they may be resolved to, of which the machine's part (targets/jit.h) makes
 * fields. Last step but one of the linker. Invariant: a field that does not reach its target is an error, never a
 * wrong value. */
#include "jit/jit_state.h"

static const struct kn_jit_bind *bind_of(const struct kn_jit_aim *a) {
  return a->link->in[a->in].binds + a->reloc->symbol;
}

/* Address of entry `number` of a table in the unit's memory of a kind. */
static uint64_t entry(const struct kn_jit_aim *a, enum kn_jit_kind kind, uint64_t table,
                      uint64_t bytes, uint32_t number) {
  return (uint64_t)(uintptr_t)a->link->unit->blocks[kind].at + table +
         bytes * ((uint64_t)number - 1);
}

static uint64_t to_symbol(const struct kn_jit_aim *a) {
  return kn_jit_address_of(a->link, a->in, a->reloc->symbol) + (uint64_t)(int64_t)a->reloc->addend;
}

static uint64_t to_definition(const struct kn_jit_aim *a) {
  return kn_jit_definition(a->link, a->in, a->reloc->symbol);
}

static uint64_t to_stub(const struct kn_jit_aim *a) {
  uint32_t number = bind_of(a)->stub;
  return number != 0 ? entry(a, KN_JIT_CODE, a->link->stub_at, KN_JIT_STUB_BYTES, number) : 0;
}

static bool is_undefined(const struct kn_jit_aim *a) {
  const struct kn_jit_bind *b = bind_of(a);
  return b->where == KN_JIT_ABSOLUTE && b->value == 0;
}

/* In the middle of the page before the pool, which is never accessible. */
static uint64_t to_nowhere(const struct kn_jit_aim *a) {
  const struct kn_jit_link *l = a->link;
  return (uint64_t)(uintptr_t)l->unit->blocks[KN_JIT_CODE].pool->base - l->jit->page / 2;
}

static uint64_t to_entry(const struct kn_jit_aim *a) {
  return entry(a, KN_JIT_RO, a->link->got_at, 8, bind_of(a)->got);
}

static uint64_t to_tls(const struct kn_jit_aim *a) {
  return entry(a, KN_JIT_RO, a->link->tls_got_at, KN_JIT_TLS_BYTES, bind_of(a)->tls);
}

static bool to_offset(const struct kn_jit_aim *a, uint64_t *out) {
  const struct kn_jit_bind *b = bind_of(a);
  if (b->where == KN_JIT_ABSOLUTE) {
    *out = b->value - (uint64_t)(uintptr_t)__builtin_thread_pointer();
    return true;
  }
  kn_jit_fail(a->link->error, KILN_ERR_UNSUPPORTED,
              "thread-local '%.100s' is reached as the program's own: make the module with "
              "kiln_module_options.jit",
              kn_symbol(a->link->in[a->in].m, a->reloc->symbol)->name);
  return false;
}

static bool to_offset_entry(const struct kn_jit_aim *a) {
  uint64_t offset;
  if (!to_offset(a, &offset)) return false;
  kn_put64(kn_jit_writable(a->link->unit->blocks + KN_JIT_RO, KN_JIT_RO) + a->link->tls_got_at +
             KN_JIT_TLS_BYTES * ((uint64_t)bind_of(a)->tls - 1),
           offset);
  return true;
}

static bool too_far(const struct kn_jit_aim *a) {
  const struct kn_symbol *s = kn_symbol(a->link->in[a->in].m, a->reloc->symbol);
  kn_jit_fail(
    a->link->error, KILN_ERR_LIMIT,
    "'%.100s' is too far away to be reached directly: its module is not KILN_PIC_FULL, or it is "
    "declared as bound here",
    s->name_length > 0 ? s->name : "(no name)");
  return false;
}

static const struct kn_jit_aims aims = {
  .symbol = to_symbol,
  .definition = to_definition,
  .stub = to_stub,
  .undefined = is_undefined,
  .nowhere = to_nowhere,
  .entry = to_entry,
  .tls = to_tls,
  .offset = to_offset,
  .offset_entry = to_offset_entry,
  .too_far = too_far,
};

bool kn_jit_reloc_code(struct kn_jit_link *l, uint32_t i) {
  const struct kn_jit_in *in = l->in + i;
  const struct kn_jit_block *b = l->unit->blocks + KN_JIT_CODE;
  for (uint32_t s = 0; s < in->n_sessions; s++) {
    const struct kn_output *o = in->sessions[s]->out;
    uint8_t *to = kn_jit_writable(b, KN_JIT_CODE) + in->code_at[s];
    uint64_t at = (uint64_t)(uintptr_t)b->at + in->code_at[s];
    for (uint32_t k = 0; k < o->relocs.n; k++) {
      const struct kn_code_reloc *r = o->relocs.at + k;
      const struct kn_jit_aim aim = {.to = &aims, .link = l, .reloc = r, .in = i};
      if (!l->jit->code->reloc(&aim, to + r->offset, at + r->offset)) return false;
    }
  }
  return true;
}
