/* Relocations of code in memory: the address that each is about, by the kinds' table (ir/reloc_kinds.h), which says how
 * its field is written. Last step but one of the linker. Invariant: a field that does not reach its target is an error,
 * never a wrong value. */
#include "lib/jit/link/link.h"
#include "lib/jit/memory/memory.h"
#include "lib/jit/memory/tls.h"

#include "ir/reloc_kinds.h"
#include "targets/target.h"

/* What one relocation is about. */
struct aim {
  const struct kn_jit_link *link;
  uint32_t in; /* input */
  const struct kn_code_reloc *reloc;
  const struct kn_jit_bind *bind; /* of its symbol */
};

/* Address of entry `number` of a table in the unit's memory of a kind. */
static uint64_t entry(const struct aim *a, enum kn_jit_kind kind, uint64_t table, uint64_t bytes,
                      uint32_t number) {
  return kn_jit_at(a->link->unit->blocks, kind) + table + bytes * ((uint64_t)number - 1);
}

/* Of the symbol's stub, or 0. */
static uint64_t stub_of(const struct aim *a) {
  uint32_t number = a->bind->stub;
  return number != 0 ? entry(a, KN_JIT_CODE, a->link->stub_at, KN_JIT_STUB_BYTES, number) : 0;
}

/* In the middle of the page before the pool, which is never accessible, and in reach: where the content of a weak
 * symbol is that nobody defines. */
static uint64_t nowhere(const struct kn_jit_link *l) {
  return (uint64_t)(uintptr_t)l->unit->blocks[KN_JIT_CODE].pool->base - l->jit->page / 2;
}

static const char *name_of(const struct aim *a) {
  const struct kn_symbol *s = kn_symbol(a->link->in[a->in].m, a->reloc->symbol);
  return s->name_length > 0 ? s->name : "(no name)";
}

/* The offset of a thread-local symbol of the process from the thread pointer; false, with an error, if it is none. */
static bool offset_of(const struct aim *a, uint64_t *out) {
  if (a->bind->where == KN_JIT_ABSOLUTE) {
    *out = kn_jit_tls_offset(a->bind->value);
    return true;
  }
  return KN_JIT_FAIL(
    false, a->link->error, KILN_ERR_UNSUPPORTED,
    "the code accesses the thread-local symbol '%.100s' with a TLS model that the JIT cannot "
    "use: set kiln_module_options.jit when you make the module",
    name_of(a));
}

/* The address of its entry in the table of thread-local variables, whose first word becomes that offset. Nothing else
 * uses the word: a symbol has one model. */
static bool offset_entry(const struct aim *a, uint64_t *out) {
  const struct kn_jit_link *l = a->link;
  uint64_t offset, at = l->tls_got_at + KN_JIT_TLS_BYTES * ((uint64_t)a->bind->tls - 1);
  if (!offset_of(a, &offset)) return false;
  kn_put64(kn_jit_to(l->unit->blocks, KN_JIT_RO) + at, offset);
  *out = kn_jit_at(l->unit->blocks, KN_JIT_RO) + at;
  return true;
}

/* The symbol's address + the addend, or what stands in for it where that is out of reach of `at`. `true`: *value, to be
 * written; else the instruction was changed. */
static bool address_of(const struct aim *a, const struct kn_reloc_facts *facts, uint8_t *to,
                       uint64_t at, uint64_t *value) {
  uint64_t addend = (uint64_t)(int64_t)a->reloc->addend, stub = stub_of(a);
  bool call = facts->to == KN_TO_CALL;
  bool undefined = a->bind->where == KN_JIT_ABSOLUTE && a->bind->value == 0 && !call;
  *value = kn_jit_address_of(a->link, a->in, a->reloc->symbol) + addend;
  if (a->link->jit->code->rewrite(a->reloc->kind, to, at, *value, undefined)) return false;
  if (undefined) {
    if (facts->field == KN_FIELD_DIST32) *value = nowhere(a->link);
  } else if (!kn_reloc_reaches(facts, *value, at)) {
    if (stub != 0) *value = stub + addend;
    else if (call) *value = kn_jit_definition(a->link, a->in, a->reloc->symbol) + addend;
  }
  return true;
}

/* Writes the field at `to`, which is executed at `at`. */
static bool apply(const struct aim *a, uint8_t *to, uint64_t at) {
  const struct kn_jit_link *l = a->link;
  const struct kn_reloc_facts *facts = kn_reloc_facts(a->reloc->kind);
  uint64_t addend = (uint64_t)(int64_t)a->reloc->addend, value = 0;
  switch ((enum kn_reloc_to)facts->to) {
  case KN_TO_UNKNOWN: break; /* lib/jit/link/scan.c let none through */
  case KN_TO_ADDRESS:
  case KN_TO_CALL:
    if (!address_of(a, facts, to, at, &value)) return true;
    addend = 0;
    break;
  case KN_TO_ENTRY:
    value = kn_jit_address_of(l, a->in, a->reloc->symbol) + addend;
    if (l->jit->code->rewrite(a->reloc->kind, to, at, value, false)) return true;
    value = entry(a, KN_JIT_RO, l->got_at, 8, a->bind->got);
    break;
  case KN_TO_TLS_PAIR:
    value = entry(a, KN_JIT_RO, l->tls_got_at, KN_JIT_TLS_BYTES, a->bind->tls);
    break;
  case KN_TO_TLS_ENTRY:
    if (!offset_entry(a, &value)) return false;
    break;
  case KN_TO_TLS_OFFSET:
    if (!offset_of(a, &value)) return false;
    break;
  }
  if (kn_reloc_put(facts, to, value + addend, at)) return true;
  return KN_JIT_FAIL(false, l->error, KILN_ERR_LIMIT,
                     "'%.100s' is too far away for a direct reference: make the module with "
                     "KILN_PIC_FULL, and the symbol without dso_local",
                     name_of(a));
}

bool kn_jit_reloc_code(struct kn_jit_link *l, const struct kn_jit_part *part) {
  const struct kn_jit_block *b = l->unit->blocks;
  uint8_t *to = kn_jit_to(b, KN_JIT_CODE) + part->code;
  const uint64_t at = kn_jit_at(b, KN_JIT_CODE) + part->code;
  for (uint32_t k = 0; k < part->out->relocs.n; k++) {
    const struct kn_code_reloc *r = part->out->relocs.at + k;
    const struct aim aim = {l, part->in, r, l->in[part->in].binds.at + r->symbol};
    if (!apply(&aim, to + r->offset, at + r->offset)) return false;
  }
  return true;
}
