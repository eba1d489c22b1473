/* Reading variable arguments: AAPCS64, appendix B. The registers that they may be in were stored at the entry
 * (save_registers in call.c). */
#include "targets/aarch64/a64.h"

enum { VA_STACK = 0, VA_GR_TOP = 8, VA_VR_TOP = 16, VA_GR_OFFS = 24, VA_VR_OFFS = 28 };

void a64_lower_va_start(struct kn_walk *w, const struct kn_inst *in) {
  unsigned ap = kn_reg(w, in->a, KILN_TYPE_I64);
  a64_frame_addr(w, A64_IP0, w->frame.va.stack, 0);
  a64_emit(w, a64_mem_scaled(A64_STR_X, A64_IP0, ap, VA_STACK));
  a64_frame_addr(w, A64_IP0, w->frame.va.save, 64);
  a64_emit(w, a64_mem_scaled(A64_STR_X, A64_IP0, ap, VA_GR_TOP));
  a64_add_imm(w, A64_IP0, A64_IP0, 128);
  a64_emit(w, a64_mem_scaled(A64_STR_X, A64_IP0, ap, VA_VR_TOP));
  a64_set(w, A64_IP0, 0, (uint64_t)-(int64_t)(8 * (8 - w->frame.va.gp)));
  a64_emit(w, a64_mem_scaled(A64_STR_W, A64_IP0, ap, VA_GR_OFFS));
  a64_set(w, A64_IP0, 0, (uint64_t)-(int64_t)(16 * (8 - w->frame.va.fp)));
  a64_emit(w, a64_mem_scaled(A64_STR_W, A64_IP0, ap, VA_VR_OFFS));
  kn_drop(w, in->a);
}

void a64_lower_va_copy(struct kn_walk *w, const struct kn_inst *in) {
  unsigned to = kn_reg(w, in->a, KILN_TYPE_I64), from = kn_reg(w, in->b, KILN_TYPE_I64);
  for (int32_t k = 0; k < 32; k += 16) {
    a64_emit(w, a64_pair(A64_LDP_X, A64_OFFSET, A64_IP0, A64_IP1, from, k));
    a64_emit(w, a64_pair(A64_STP_X, A64_OFFSET, A64_IP0, A64_IP1, to, k));
  }
  kn_drop_operands(w, in);
}

/* x16 = x16 rounded up to a multiple of 16. */
static void round_up_16(struct kn_walk *w, unsigned sf) {
  uint32_t field = 0;
  a64_bitmask(1, UINT64_MAX << 4, &field);
  a64_emit(w, a64_addsub_imm(A64_ADD, sf, A64_IP0, A64_IP0, 15, 0));
  a64_emit(w, a64_logic_imm(A64_AND, 1, A64_IP0, A64_IP0, field));
}

void a64_lower_va_arg(struct kn_walk *w, const struct kn_inst *in) {
  bool fp = kn_bank(w, in->type), used = w->val[w->i].uses != 0, wide = kn_type_is_wide(in->type);
  bool pair = wide && !fp; /* in registers that begin with an even one */
  unsigned ap = kn_reg(w, in->a, KILN_TYPE_I64);
  kn_drop(w, in->a);
  unsigned d = fp ? (unsigned)A64_VS0 : A64_IP0;
  if (used && !wide) d = kn_def(w, w->i, in->type, KN_NO_REG, 0);
  uint32_t offs = fp ? VA_VR_OFFS : VA_GR_OFFS, top = fp ? VA_VR_TOP : VA_GR_TOP;
  /* x16 = address of the argument */
  a64_emit(w, a64_mem_scaled(A64_LDR_W, A64_IP0, ap, offs));
  a64_emit(w, a64_tbz(A64_IP0, 31, pair ? 36 : 28)); /* to: stack */
  if (pair) round_up_16(w, 0);
  a64_emit(w, a64_addsub_imm(A64_ADDS, 0, A64_IP1, A64_IP0, fp || wide ? 16 : 8, 0));
  a64_emit(w, a64_mem_scaled(A64_STR_W, A64_IP1, ap, offs));
  a64_emit(w, a64_b_cond(A64_GT, 16)); /* to: stack */
  a64_emit(w, a64_mem_scaled(A64_LDR_X, A64_IP1, ap, top));
  a64_emit(w, a64_addsub_ext(A64_ADD, 1, A64_IP0, A64_IP1, A64_IP0, A64_SXTW, 0));
  a64_emit(w, a64_b(wide ? 24 : 16));                            /* to: load */
  a64_emit(w, a64_mem_scaled(A64_LDR_X, A64_IP0, ap, VA_STACK)); /* stack: */
  if (wide) round_up_16(w, 1);
  a64_emit(w, a64_addsub_imm(A64_ADD, 1, A64_IP1, A64_IP0, wide ? 16 : 8, 0));
  a64_emit(w, a64_mem_scaled(A64_STR_X, A64_IP1, ap, VA_STACK));
  static const uint8_t loads[] = {A64_LDRB, A64_LDRH, A64_LDR_W, A64_LDR_X};
  if (!wide) { /* load: */
    enum a64_mem op = in->type == KILN_TYPE_F32   ? A64_LDR_FS
                      : in->type == KILN_TYPE_F64 ? A64_LDR_FD
                                                  : (enum a64_mem)loads[kn_type_log2[in->type]];
    a64_emit(w, a64_mem_scaled(op, d & 31, A64_IP0, 0));
    if (used) kn_defined(w, w->i, d);
  } else if (fp) {
    a64_emit(w, a64_mem_scaled(A64_LDR_FQ, a64_v(A64_VS0), A64_IP0, 0));
    a64_quad_store(w, w->i, A64_VS0);
  } else {
    a64_emit(w, a64_pair(A64_LDP_X, A64_OFFSET, A64_IP0, A64_IP1, A64_IP0, 0));
    a64_def_pair(w, w->i, A64_IP0, A64_IP1);
  }
}
