/* Machine code as an instruction (ASM): its bytes, relocations and registers are in arrays of
 * the function's, which the instruction names by an index. Called by front ends; lib/codegen/asm_inst.c emits
 * it. Invariant: each register is below 64 and of the bank of its operand's type, and no two
 * operands, or results, share one. */
#include "ir/builder/builder.h"
#include "ir/reloc_kinds.h"

/* NULL, or what is wrong with register `r` for a value of `type`; adds it to `seen`. */
static const char *register_wrong(unsigned r, unsigned type, uint64_t *seen) {
  bool general = kn_type_is_int(type) && type != KILN_TYPE_I128;
  bool other = type == KILN_TYPE_F32 || type == KILN_TYPE_F64 || kn_type_is_vector(type);
  if (!general && !other) return "a type that machine code has no register for";
  if (r >= 64 || (r < 32) != general) return "a register of another kind";
  if (*seen >> r & 1) return "a register twice";
  *seen |= UINT64_C(1) << r;
  return NULL;
}

/* The same of a relocation that is to become a slot's offset. */
static const char *slot_wrong(const kiln_func *f, const kiln_asm_reloc *r) {
  uint32_t number = r->slot - 1;
  if (number >= f->slots.n - f->facts.n_pieces || r->symbol.id != 0)
    return "a relocation needs either a stack slot of the function or a symbol";
  if (f->slots.at[kn_slot_at(f, number)].align_log2 > 4)
    return "a relocation of a slot whose alignment is larger than 16 bytes";
  return NULL;
}

/* The same of all registers and relocations; `all`: the registers. */
static const char *code_wrong(const kiln_func *f, const struct kn_sig *s, const kiln_asm *code,
                              uint64_t *all) {
  uint64_t params = 0, results = 0;
  const char *wrong = NULL;
  if ((code->bytes == NULL && code->size_bytes) || (code->relocs == NULL && code->n_relocs) ||
      (code->params == NULL && s->n_params) || (code->results == NULL && s->n_results) ||
      (code->rows == NULL && code->rows_bytes))
    return "a list is missing (NULL)";
  if (code->label.id != 0 && (!kn_symbol_valid(f->module, code->label.id) ||
                              !kn_symbol_is_label(kn_symbol(f->module, code->label.id)) ||
                              kn_symbol(f->module, code->label.id)->target != f->symbol))
    return "a label of another function";
  if (code->align_log2 > KN_MAX_ALIGN_LOG2) return "an alignment above 2^16";
  if (s->flags & KILN_SIG_VARIADIC) return "a variadic signature of machine code";
  for (uint32_t i = 0; i < s->n_params && !wrong; i++)
    wrong = register_wrong(code->params[i], s->params[i].type, &params);
  for (uint32_t i = 0; i < s->n_results && !wrong; i++)
    wrong = register_wrong(code->results[i], s->results[i], &results);
  for (uint32_t i = 0; i < code->n_relocs && !wrong; i++) {
    const kiln_asm_reloc *r = &code->relocs[i];
    if (!KN_UNRESERVED(r)) wrong = "the field 'reserved' of a relocation must be 0";
    else if (r->slot != 0) wrong = slot_wrong(f, r);
    else if (!kn_symbol_valid(f->module, r->symbol.id)) wrong = "a relocation without a symbol";
    if (wrong) break;
    uint32_t bytes = r->slot != 0 ? 1 : kn_reloc_bytes(kn_reloc_facts(r->kind));
    if (bytes > code->size_bytes || r->offset_bytes > code->size_bytes - bytes)
      wrong = "a relocation is outside the code";
    else if (r->addend != (int32_t)r->addend) wrong = "an addend of more than 32 bits";
  }
  *all = params | results | code->lost;
  return wrong;
}

/* Copies the code into the function's arrays; its index, or UINT32_MAX if the function failed. */
static uint32_t keep(kiln_func *f, const struct kn_sig *s, const kiln_asm *code) {
  uint32_t n_regs = (uint32_t)s->n_params + s->n_results;
  struct kn_asm a = {.lost = code->lost,
                     .regs = f->asm_bytes.n,
                     .bytes = f->asm_bytes.n + n_regs,
                     .n_bytes = code->size_bytes,
                     .n_rows = code->rows_bytes,
                     .reloc = f->asm_relocs.n,
                     .n_relocs = code->n_relocs,
                     .label = code->label.id,
                     .align_log2 = code->align_log2};
  uint64_t size = (uint64_t)n_regs + code->size_bytes + code->rows_bytes;
  if (size > UINT32_MAX / 4 - f->asm_bytes.n)
    return KN_BUILD_FAIL(UINT32_MAX, f, KILN_ERR_LIMIT, "too much machine code");
  if (!KN_ROOM(f, f->asm_bytes, (uint32_t)size) || !KN_ROOM(f, f->asm_relocs, code->n_relocs) ||
      !KN_PUSH(f, f->asms, a))
    return UINT32_MAX;
  uint8_t *to = f->asm_bytes.at + f->asm_bytes.n;
  if (s->n_params) memcpy(to, code->params, s->n_params);
  if (s->n_results) memcpy(to + s->n_params, code->results, s->n_results);
  if (code->size_bytes) memcpy(to + n_regs, code->bytes, code->size_bytes);
  if (code->rows_bytes) memcpy(to + n_regs + code->size_bytes, code->rows, code->rows_bytes);
  f->asm_bytes.n += (uint32_t)size;
  if (code->n_relocs)
    memcpy(f->asm_relocs.at + f->asm_relocs.n, code->relocs, code->n_relocs * sizeof *code->relocs);
  f->asm_relocs.n += code->n_relocs;
  return f->asms.n - 1;
}

kiln_value kiln_build_asm(kiln_func *f, kiln_sig sig, const kiln_asm *code, const kiln_value *args,
                          uint32_t n) {
  if (!kn_build_begun(f)) return KN_NONE;
  const struct kn_sig *s = kn_sig_valid(f->module, sig.id) ? kn_sig(f->module, sig.id) : NULL;
  uint64_t all = 0;
  if (s != NULL && n != s->n_params) {
    kn_build_bad_count(f, "argument", n, s->n_params);
    return KN_NONE;
  }
  const char *wrong = s == NULL                ? "no such signature"
                      : args == NULL && n != 0 ? "a list is missing (NULL)"
                      : code == NULL           ? "machine code without a description (NULL)"
                      : !KN_UNRESERVED(code) ? "the field 'reserved' of the machine code must be 0"
                                             : code_wrong(f, s, code, &all);
  if (wrong) return KN_BUILD_FAIL(KN_NONE, f, KILN_ERR_ARGUMENT, wrong);
  for (uint32_t i = 0; i < code->n_relocs; i++) /* 0 where it is a slot */
    if (!kn_build_may_use(f, code->relocs[i].symbol.id)) return KN_NONE;
  uint32_t first = f->lists.n, k;
  if (!KN_ROOM(f, f->lists, n)) return KN_NONE;
  for (uint32_t i = 0; i < n; i++) {
    if (!kn_build_use_at(f, args[i].id, s->params[i].type, f->current, 1, first + i))
      return KN_NONE;
    f->lists.at[first + i] = args[i].id;
  }
  f->lists.n = first + n;
  if ((k = keep(f, s, code)) == UINT32_MAX) return KN_NONE;
  for (uint32_t i = 0; i < code->n_relocs; i++) {
    if (code->relocs[i].slot == 0) continue;
    uint32_t slot = kn_slot_at(f, code->relocs[i].slot - 1);
    kn_build_escape(f, slot);
    f->slots.at[slot].uses++;
  }
  kn_build_count_call(f);
  f->facts.asm_regs |= all;
  struct kn_symbol *self = kn_symbol(f->module, f->symbol);
  if (KN_UNLIKELY(code->align_log2 > self->align_log2))
    self->align_log2 = (uint8_t)code->align_log2;
  unsigned result = s->n_results != 0 ? s->results[0] : KILN_TYPE_VOID;
  uint32_t v = kn_build_emit(f, KILN_OP_ASM, result, result, n, first, k, sig.id);
  return result != KILN_TYPE_VOID ? (kiln_value){v} : KN_NONE;
}

kiln_asm kn_asm_get(const kiln_func *f, const struct kn_inst *in) {
  static const kiln_asm none; /* its padding is 0, too */
  kiln_asm out = none;
  const struct kn_asm *a = &f->asms.at[in->b];
  const uint8_t *regs = f->asm_bytes.at + a->regs;
  out = (kiln_asm){.bytes = f->asm_bytes.at + a->bytes,
                   .size_bytes = a->n_bytes,
                   .n_relocs = a->n_relocs,
                   .relocs = a->n_relocs ? f->asm_relocs.at + a->reloc : NULL,
                   .params = regs,
                   .results = regs + kn_sig(f->module, in->c)->n_params,
                   .lost = a->lost,
                   .rows = a->n_rows ? f->asm_bytes.at + a->bytes + a->n_bytes : NULL,
                   .rows_bytes = a->n_rows,
                   .label = {a->label},
                   .align_log2 = a->align_log2};
  return out;
}
