/* Reading variable arguments: System V x86-64 psABI, 3.5.7; on Windows a va_list is the address of the next one. The
 * registers that they may be in were stored at the entry (save_area in call.c). */
#include "targets/x86_64/x64.h"

struct x64_mem x64_save_area(struct kn_walk *w) {
  struct x64_mem area = x64_frame_mem(w, w->frame.va.save);
  if (KN_LIKELY(!w->plan->frame.realigned)) return area;
  EMIT(w, x64_rm, X64_LEA, 3, X64_SCRATCH, x64_beyond(area, 15));
  EMIT(w, x64_alu_ri, X64_G_AND, 3, X64_SCRATCH, -16);
  return x64_at(X64_SCRATCH, 0);
}

void x64_lower_va_start(struct kn_walk *w, const struct kn_inst *in) {
  if (!w->f->facts.variadic) {
    kn_walk_fail(w, KILN_ERR_STRUCTURE, "the function is not variadic");
    return;
  }
  struct x64_addr m = x64_address(w, in->a, 0);
  if (kn_own_convention(w)->va_pointer) { /* an address: of the first one */
    EMIT(w, x64_rm, X64_LEA, 3, X64_SCRATCH, x64_frame_mem(w, 16 + 8 * (int32_t)w->frame.va.gp));
    x64_op_mem(w, X64_MOV_ST, 3, X64_SCRATCH, &m);
    kn_drop(w, in->a);
    return;
  }
  const int32_t head[2] = {8 * (int32_t)w->frame.va.gp, 48 + 16 * (int32_t)w->frame.va.fp};
  for (unsigned k = 0; k < 2; k++, m.m.disp += 4) {
    EMIT(w, x64_mov_mi, 2, m.m, head[k]);
    if (m.m.base == X64_RIP) x64_rip_fixup(w, &m, 4);
  }
  for (unsigned k = 0; k < 2; k++, m.m.disp += 8) {
    struct x64_addr area = {.m = k == 0 ? x64_frame_mem(w, w->frame.va.stack) : x64_save_area(w)};
    x64_lea(w, X64_SCRATCH, &area);
    x64_op_mem(w, X64_MOV_ST, 3, X64_SCRATCH, &m);
  }
  kn_drop(w, in->a);
}

void x64_lower_va_copy(struct kn_walk *w, const struct kn_inst *in) {
  struct x64_addr to = x64_address(w, in->a, 0), from = x64_address(w, in->b, 0);
  x64_copy(w, to, from, kn_own_convention(w)->va_pointer ? 8 : 24);
  kn_drop_operands(w, in);
}

/* From where the va_list in memory at `list` points, which moves 8 bytes on. */
static void next_of_pointer(struct kn_walk *w, const struct kn_inst *in, unsigned list,
                            unsigned t) {
  unsigned type = in->type;
  EMIT(w, x64_rm, X64_MOV, 3, t, x64_at(list, 0));
  EMIT(w, x64_alu_mi, X64_G_ADD, 3, x64_at(list, 0), 8);
  kn_drop(w, in->a);
  if (type == KILN_TYPE_F80) { /* its address was passed */
    struct x64_addr m = {.m = x64_at(t, 0)};
    EMIT(w, x64_rm, X64_MOV, 3, t, x64_at(t, 0));
    x64_x87_load(w, w->i, &m);
    return;
  }
  if (w->val[w->i].uses == 0) return;
  unsigned dst = kn_def(w, w->i, type, KN_NO_REG, 0);
  if (kn_bank(w, type))
    EMIT(w, x64_rm, type == KILN_TYPE_F32 ? X64_MOVSS : X64_MOVSD, 2, x64_hw(dst), x64_at(t, 0));
  else EMIT(w, x64_rm, X64_MOV, x64_op_size(type), dst, x64_at(t, 0));
  kn_defined(w, w->i, dst);
}

/* psABI, figure 3.34: from the save area while the offset is below its end, else from the stack. */
void x64_lower_va_arg(struct kn_walk *w, const struct kn_inst *in) {
  uint32_t i = w->i;
  unsigned type = in->type;
  bool fp = kn_bank(w, type);
  unsigned list = kn_reg(w, in->a, KILN_TYPE_I64);
  unsigned t = kn_temp(w, KN_GP_MASK);
  if (kn_own_convention(w)->va_pointer) {
    if (type == KILN_TYPE_V128)
      kn_walk_fail(w, KILN_ERR_UNSUPPORTED, "va_arg of a vector with the convention of Windows");
    else next_of_pointer(w, in, list, t);
    return;
  }
  if (type == KILN_TYPE_F80) { /* always on the stack, aligned to 16 bytes */
    struct x64_addr m = {.m = x64_at(t, -16)};
    EMIT(w, x64_rm, X64_MOV, 3, t, x64_at(list, 8));
    EMIT(w, x64_alu_ri, X64_G_ADD, 3, t, 31);
    EMIT(w, x64_alu_ri, X64_G_AND, 3, t, -16);
    EMIT(w, x64_rm, X64_MOV_ST, 3, t, x64_at(list, 8));
    kn_drop(w, in->a);
    x64_x87_load(w, i, &m);
    return;
  }
  int32_t field = fp ? 4 : 0;
  uint32_t stack = kn_code_label(w), done = kn_code_label(w);
  EMIT(w, x64_rm, X64_MOV, 2, t, x64_at(list, field));
  EMIT(w, x64_alu_ri, X64_G_CMP, 2, t, fp ? 176 - 16 : 48 - 8);
  x64_jcc(w, X64_A, stack);
  EMIT(w, x64_alu_mi, X64_G_ADD, 2, x64_at(list, field), fp ? 16 : 8);
  EMIT(w, x64_rm, X64_ADD, 3, t, x64_at(list, 16));
  x64_jmp(w, done);
  x64_bind_label(w, stack);
  EMIT(w, x64_rm, X64_MOV, 3, t, x64_at(list, 8));
  EMIT(w, x64_alu_mi, X64_G_ADD, 3, x64_at(list, 8), 8);
  x64_bind_label(w, done);
  kn_drop(w, in->a);
  if (w->val[i].uses == 0) return;
  unsigned dst = kn_def(w, i, type, KN_NO_REG, 0);
  if (fp)
    EMIT(w, x64_rm, type == KILN_TYPE_F32 ? X64_MOVSS : X64_MOVSD, 2, x64_hw(dst), x64_at(t, 0));
  else EMIT(w, x64_rm, X64_MOV, x64_op_size(type), dst, x64_at(t, 0));
  kn_defined(w, i, dst);
}
