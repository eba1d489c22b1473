/* Operands of inline assembly in memory. An input that is tied to an output in memory, which is
 * what `+rm` becomes (the address of the variable and its value), is in a register as with LLVM, if
 * it may be, and stored after the text; templates whose instructions need a register rely on that.
 * Variables that the text can address itself need no register for that, as with LLVM: D's assembly changes and reads
 * registers that it does not name. Called by asm.c. */
#include "asm/asm.h"

void kn_asm_store_operand(struct kn_asm_call *a, const struct kn_asm_operand *o, kiln_value base,
                          int32_t at) {
  struct kn_bc *r = a->r;
  struct kn_bc_vec x;
  if (o->carried < 32) {
    kn_bc_store_scalar(r, base, at, kn_bc_use(r, o->id, o->type), o->type, 0);
    return;
  }
  if (!kn_bc_vec_get(r, o->id, o->type, &x)) return;
  for (int32_t p = 0; p < 2; p++)
    kiln_build_store(r->f, KILN_TYPE_V128, base, at + 16 * p, x.v[p], 0);
}

void kn_asm_tie_memory(struct kn_asm_call *a) {
  for (uint32_t i = 0; i < a->n; i++) {
    struct kn_asm_operand *o = &a->op[i];
    if (o->label || o->output || o->is->tie < 0) continue;
    struct kn_asm_operand *to = &a->op[o->is->tie];
    if (to->label || !to->output || !to->indirect) continue;
    if (to->is->regs || to->is->any) {
      to->indirect = false;
      to->back = to->id;
      to->back_type = to->type;
      to->goes_back = true;
      to->type = o->type;
      to->carried = o->carried;
      to->pair = o->pair;
      to->place = AP_REG;
    } else {
      kn_asm_store_operand(a, o, kn_bc_use(a->r, to->id, to->type), 0);
      o->id = to->id;
      o->type = to->type;
      o->carried = 0;
      o->pair = false;
      o->indirect = true;
      o->place = AP_MEMORY;
    }
  }
}

void kn_asm_store_back(struct kn_asm_call *a, const struct kn_asm_operand *o,
                       const kiln_value *values) {
  struct kn_bc *r = a->r;
  kiln_value base = kn_bc_use(r, o->back, o->back_type);
  if (o->carried < 32) {
    kn_bc_store_scalar(r, base, 0, values[0], o->type, 0);
    return;
  }
  for (int32_t p = 0; p < 2; p++)
    kiln_build_store(r->f, KILN_TYPE_V128, base, 16 * p, values[p], 0);
}

/* The number of general registers that operands and the text need, at most. */
static unsigned needed(const struct kn_asm_call *a) {
  unsigned n = (unsigned)__builtin_popcountll(a->clobbers & KN_ASM_GP);
  for (uint32_t i = 0; i < a->n; i++) {
    const struct kn_asm_operand *o = &a->op[i];
    bool fp = o->is != NULL && o->is->regs >> 32 != 0;
    n += !o->label && (o->place == AP_MEMORY || (o->place == AP_REG && !fp));
    n += o->place == AP_REG && o->pair && !fp;
  }
  return n;
}

/* True if the text can address a slot by the frame pointer: that stays as it is, and the slot is near it. */
static bool in_frame(const struct kn_asm_call *a, uint32_t slot) {
  return kiln_slot_get(a->r->f, slot).align_log2 <= 4 && !kn_asm_changes_frame(a);
}

/* The same of a symbol by the text's own place. */
static bool near_code(const struct kn_asm_call *a, kiln_symbol symbol) {
  kiln_symbol_desc d = kiln_symbol_get(a->r->module, symbol).desc;
  return d.dso_local && d.tls == KILN_TLS_NONE;
}

void kn_asm_address_directly(struct kn_asm_call *a) {
  enum { PLENTY = 8 };
  if (!a->x86) return;
  a->tight = needed(a) > PLENTY;
  if (a->intel || a->unwinds) return; /* the code of the latter has another frame */
  for (uint32_t i = 0; i < a->n; i++) {
    struct kn_asm_operand *o = &a->op[i];
    if (o->label || o->place != AP_MEMORY) continue;
    kiln_operand_info v = kiln_operand_get(a->r->f, kn_bc_use(a->r, o->id, o->type));
    bool slot = v.kind == KILN_OPERAND_SLOT && in_frame(a, v.slot);
    if (!slot && !(v.kind == KILN_OPERAND_SYMBOL && near_code(a, v.symbol))) continue;
    o->value = v;
    o->place = AP_DIRECT;
    a->slots |= slot;
  }
}
