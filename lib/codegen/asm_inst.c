/* Machine code as an instruction (ASM): a call without a callee, with a register of its own choice for each operand and
 * result. Called by the targets' lowerings. */
#include "lib/codegen/asm_inst.h"

#include "ir/reloc_kinds.h"
#include "lib/codegen/observe.h"

#include <string.h>

/* The registers that operands and results may be in. */
static uint64_t usable(const struct kn_target *t) {
  return t->temps | t->caller_homes | t->callee_homes;
}

static bool registers_ok(struct kn_walk *w, const uint8_t *regs, uint32_t n) {
  for (uint32_t k = 0; k < n; k++)
    if (!(usable(w->target) >> regs[k] & 1)) {
      kn_walk_fail(w, KILN_ERR_UNSUPPORTED,
                   "machine code has an operand in a register that cannot hold operands");
      return false;
    }
  return true;
}

/* Results leave their registers; the first is that of w->i. */
static void take_results(struct kn_walk *w, const struct kn_sig *sig, const uint8_t *regs) {
  w->args.n = 0;
  for (uint32_t k = 0; k < sig->n_results; k++) {
    struct kn_arg a = {.h = kn_result_value(w, k), .type = sig->results[k], .reg = regs[k]};
    if (!KN_PUSH(w->owner, w->args, a)) return;
  }
  kn_take_assigned(w);
}

/* Writes where a slot is in the frame to the code that was just copied; frames with machine code have the register
 * for it that frame offsets count from. */
static bool fill_slot_offset(struct kn_walk *w, const struct kn_asm *code,
                             const kiln_asm_reloc *r) {
  if (w->target->frame.reloc == 0 || r->kind != w->target->frame.reloc ||
      code->n_bytes - r->offset_bytes < 4 || w->plan->frame.naked) {
    kn_walk_fail(w, KILN_ERR_UNSUPPORTED,
                 "this kind of relocation cannot hold the offset of a slot");
    return false;
  }
  uint32_t at = (uint32_t)kn_slot_frame(w, kn_slot_at(w->f, r->slot - 1)) + (uint32_t)r->addend;
  memcpy(w->code.p + r->offset_bytes, &at, sizeof at);
  return true;
}

/* A kind of all targets, of this one, or one that the format of objects alone knows. */
static bool has_kind(const struct kn_target *t, uint32_t kind) {
  return (kind > KILN_RELOC_NONE && kind <= KILN_RELOC_TLS64) ||
         (kind >= t->reloc_first && kind <= t->reloc_last) ||
         (kind >= KILN_RELOC_FORMAT && kind - KILN_RELOC_FORMAT <= UINT16_MAX);
}

/* The bytes, with their relocations. */
static bool emit(struct kn_walk *w, const struct kn_asm *code) {
  const kiln_func *f = w->f;
  bool aligned = UINT32_C(1) << code->align_log2 >
                 w->target->code.nop_bytes; /* more than all instructions are */
  if (!kn_code_room(w,
                    code->n_bytes + (size_t)4096 + (aligned ? UINT64_C(1) << code->align_log2 : 0)))
    return false;
  if (KN_UNLIKELY(aligned)) w->target->align_code(w, code->align_log2);
  if (code->label) {
    struct kn_code_label label = {code->label, kn_code_mark(w, kn_here(w))};
    if (!KN_PUSH(w->owner, w->labels, label)) return false;
  }
  for (uint32_t k = 0; k < code->n_relocs; k++) {
    const kiln_asm_reloc *r = &f->asm_relocs.at[code->reloc + k];
    if (r->slot != 0) continue;
    if (!has_kind(w->target, r->kind)) {
      kn_walk_fail(w, KILN_ERR_UNSUPPORTED, "the target does not have this kind of relocation");
      return false;
    }
    kn_code_relocate(w, kn_here(w) + r->offset_bytes, r->symbol.id, r->kind, r->addend);
  }
  if (code->n_bytes) memcpy(w->code.p, f->asm_bytes.at + code->bytes, code->n_bytes);
  for (uint32_t k = 0; k < code->n_relocs; k++) {
    const kiln_asm_reloc *r = &f->asm_relocs.at[code->reloc + k];
    if (r->slot == 0) kn_reloc_clear(kn_reloc_facts(r->kind), w->code.p + r->offset_bytes);
    else if (!fill_slot_offset(w, code, r)) return false;
  }
  w->code.p += code->n_bytes;
  return true;
}

/* Appends the rows of a naked function's code. The state at their end is not known, so that no other code can go on. */
static void emit_rows(struct kn_walk *w, const struct kn_asm *code) {
  uint8_t advance[5];
  uint32_t at = (kn_here(w) - w->code.start) / w->target->code.cie_code_align;
  if (w->f->attrs.no_rows) {
    kn_walk_fail(w, KILN_ERR_UNSUPPORTED, "machine code of a function without rows has frame rows");
    return;
  }
  if (w->out->cfi.n != w->code.cfi_first) {
    kn_walk_fail(w, KILN_ERR_UNSUPPORTED,
                 "only one piece of machine code in a function can have frame rows");
    return;
  }
  if (at) kn_code_cfi(w, advance, (size_t)(kn_code_put_advance(advance, at) - advance));
  kn_code_cfi(w, w->f->asm_bytes.at + code->bytes + code->n_bytes, code->n_rows);
}

/* Emits instruction w->i of a naked function, in which nothing can have a register or a place. */
static void emit_naked(struct kn_walk *w, const struct kn_inst *in) {
  const struct kn_asm *code = in->op == KILN_OP_ASM ? &w->f->asms.at[in->b] : NULL;
  if (in->op == KILN_OP_TRAP || in->op == KILN_OP_DEBUG_TRAP) {
    if (kn_code_ready(w)) w->target->lowerings[in->op][in->type][1](w, in);
  } else if (code == NULL || in->x != 0 || in->type != KILN_TYPE_VOID) {
    kn_func_fail(w->owner, KILN_ERR_STRUCTURE, w->block, w->i,
                 "a naked function consists of machine code without operands and results, traps, "
                 "and branches without arguments: it cannot have %s%s",
                 kn_op_info[in->op].name, code ? " with these" : "");
  } else {
    if (code->n_rows) emit_rows(w, code);
    emit(w, code);
  }
}

/* Without conditions the blocks that are reached are a chain, each emitted after the one before it, so that only the
 * last can have a branch: back to one of them. */
void kn_naked(struct kn_walk *w) {
  const kiln_func *f = w->f;
  for (w->block = 0;;) {
    const struct kn_block *b = &f->block[w->block];
    kn_label_bind(w, w->block);
    uint32_t i = kn_inst_settle(f, b->first);
    for (; i != b->term; i = kn_inst_settle(f, i + 1)) {
      w->i = i;
      if (w->observer != NULL) kn_observe_inst(w);
      emit_naked(w, &f->inst[i]);
      if (f->status != KILN_OK) return;
    }
    const struct kn_inst *in = &f->inst[w->i = i];
    if (in->op == KILN_OP_UNREACHABLE) return;
    if (w->observer != NULL) kn_observe_inst(w);
    if (in->op != KILN_OP_BR || f->edges.at[in->b].args != 0) return emit_naked(w, in);
    w->block = f->edges.at[in->b].target;
    uint32_t to = kn_label_at(w, w->block);
    if (to == UINT32_MAX) continue;
    if (kn_code_ready(w)) w->target->jump_back(w, to);
    return;
  }
}

void kn_lower_asm(struct kn_walk *w, const struct kn_inst *in, uint64_t clobbered) {
  const kiln_func *f = w->f;
  const struct kn_asm *code = &f->asms.at[in->b];
  const struct kn_sig *sig = kn_sig(f->module, in->c);
  const uint8_t *regs = f->asm_bytes.at + code->regs;
  uint64_t never = ~(usable(w->target) | clobbered);
  if (!registers_ok(w, regs, (uint32_t)sig->n_params + sig->n_results)) return;
  if (code->n_rows) {
    kn_walk_fail(w, KILN_ERR_UNSUPPORTED,
                 "only machine code in a naked function can have frame rows");
    return;
  }
  uint64_t named = code->lost;
  for (uint32_t k = 0; k < (uint32_t)sig->n_params + sig->n_results; k++) named |= KN_BIT(regs[k]);
  if (KN_UNLIKELY(named & w->plan->frame.pinned)) {
    kn_walk_fail(w, KILN_ERR_UNSUPPORTED,
                 "machine code changes the register that the module pins, or has an operand there");
    return;
  }
  if (code->lost & never) {
    kn_walk_fail(w, KILN_ERR_UNSUPPORTED, "machine code changes a register that the frame needs");
    return;
  }
  uint64_t lost = clobbered | named;
  for (uint32_t k = 0; k < in->x; k++) {
    uint32_t h = f->lists.at[in->a + k];
    if (!kn_type(w, sig->params[k].type)->lowered) {
      kn_walk_fail(w, KILN_ERR_UNSUPPORTED, "an operand of this type is not supported");
      return;
    }
    if (!kn_code_ready(w)) return;
    if (!kn_is_value(h) || !(w->val[h].flags & (KN_VF_ADDR | KN_VF_WAITS))) continue;
    kn_reg(w, h, sig->params[k].type);
    kn_inst_end(w);
  }
  for (uint32_t k = 0; k < in->x; k++) {
    struct kn_place_move m = {.dst = regs[k], .type = (uint8_t)sig->params[k].type};
    kn_source(w, f->lists.at[in->a + k], &m);
    if (m.src < 64) w->regs.locked |= KN_BIT(m.src);
    if (!KN_PUSH(w->owner, w->moves, m)) return;
  }
  for (uint32_t k = 0; k < in->x; k++) kn_drop(w, f->lists.at[in->a + k]);
  kn_save_live(w, lost);
  if (!kn_code_ready(w)) return;
  kn_run_moves(w);
  if (!emit(w, code)) return;
  KN_WROTE_SET(w, KN_EV_LOST, lost);
  w->regs.locked = 0;
  kn_called(w);
  if (f->status == KILN_OK && sig->n_results) take_results(w, sig, regs + sig->n_params);
}
