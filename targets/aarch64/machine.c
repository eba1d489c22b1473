/* Instructions of AArch64 that the IR has by name: the table (machine.def), and how they are lowered: each is one word,
 * whose fields are the registers of the result and the operands. Called by the walk's loop. */
#include "ir/machine.h"
#include "targets/aarch64/a64.h"

enum { S0 = 30, S1 = 31 }; /* scratch: A64_VS0, A64_VS1 */

/* Which fields of the word the operands are in; the result is in Rd. T: the first operand is there, too. PAIR: the
 * first two are in registers side by side, of which Rn is the first. */
enum form { NONE, SYS, N, NM, NMA, TN, TNM, PAIR };
/* Where the immediate is: added at a bit, or, RIGHT, subtracted at bit 16. */
enum imm_at {
  NO = 0,
  RIGHT = 1,
  AT_5 = 5,
  AT_8 = 8,
  AT_10 = 10,
  AT_12 = 12,
  AT_13 = 13,
  AT_14 = 14,
  LEFT = 16,
  AT_0 = 17
};

#define KINDS(n, ...) static const struct kn_machine_kind kinds_##n[] = {__VA_ARGS__};
#include "targets/aarch64/machine.def"

#define FORM(form, at) ((form) | (at) << 3)
#define ANY(name, k, form, at, word, acts)                                                         \
  {name, kinds_##k, sizeof kinds_##k / sizeof *kinds_##k, acts, FORM(form, at), word},
static const struct kn_machine_row rows[] = {
#define ROW(name, k, form, at, word) ANY(name, k, form, at, word, false)
#define ACT(name, k, form, at, word) ANY(name, k, form, at, word, true)
#include "targets/aarch64/machine.def"
};
const struct kn_machine_table a64_machine = {rows, sizeof rows / sizeof *rows};

/* True for letters of integers that the instruction has in a vector register. */
static bool is_moved(char letter) { return letter == 's' || letter == 'l'; }

static uint32_t with_immediate(uint32_t word, unsigned at, uint32_t imm) {
  if (at == RIGHT) return word - (imm << 16);
  if (at == AT_0) return word + imm;
  return at == NO ? word : word + (imm << at);
}

void a64_lower_machine(struct kn_walk *w, const struct kn_inst *in) {
  const struct kn_machine_row *row = kn_machine_row(&a64_machine, in->x);
  const struct kn_machine_kind *kind = &row->kinds[KN_MACHINE_KIND(in->x)];
  enum form form = (enum form)(row->form & 7);
  uint32_t word = row->word + kind->bits, imm = 0;
  unsigned n = 0, r[3] = {0}, t[3] = {0}, type = in->type;
  for (const char *c = kind->sig + 1; *c; c++) {
    if (*c == 'i') imm = (uint32_t)kn_imm(in->field[n]);
    else n++;
  }
  word = with_immediate(word, row->form >> 3, imm);
  for (unsigned k = 0; k < n; k++) {
    unsigned reg = kn_reg(w, in->field[k], kn_machine_type(kind->sig[k + 1]));
    r[k] = reg >= KN_FP_BASE ? a64_v(reg) : reg;
  }
  for (unsigned k = 0; k < n; k++)
    if (is_moved(kind->sig[k + 1])) t[k] = a64_v(kn_temp(w, kn_regs_of(w, KILN_TYPE_V128)));
  bool tied = form == TN || form == TNM, moved = is_moved(kind->sig[0]);
  for (unsigned k = 0; k < n; k++) kn_drop(w, in->field[k]);
  unsigned d = 0, rd = 0;
  if (type != KILN_TYPE_VOID) {
    bool same = tied && !is_moved(kind->sig[1]) && !moved;
    if (w->val[w->i].uses == 0) d = kn_temp(w, kn_regs_of(w, type));
    else d = kn_def(w, w->i, type, same ? KN_FP_BASE + r[0] : KN_NO_REG, 0);
    rd = d >= KN_FP_BASE ? a64_v(d) : d;
  }
  for (unsigned k = 0; k < n; k++) {
    bool wide = kind->sig[k + 1] == 'l';
    if (!is_moved(kind->sig[k + 1])) continue;
    a64_emit(w, a64_fint(A64_FMOV_FROM_GPR, wide, wide ? A64_D : A64_S, t[k], r[k]));
    r[k] = t[k];
  }
  unsigned to = moved ? (unsigned)S0 : rd;
  if (tied) {
    if (!moved) to = S0;
    if (rd == r[0] && !moved) to = rd;
    if (to != r[0]) a64_emit(w, a64_vlogic(A64_VORR, 1, to, r[0], r[0]));
  }
  if (form == PAIR) {
    a64_emit(w, a64_vlogic(A64_VORR, 1, S0, r[0], r[0]));
    a64_emit(w, a64_vlogic(A64_VORR, 1, S1, r[1], r[1]));
    r[1] = S0;
  }
  unsigned first = tied || form == PAIR ? 1 : 0;
  static const uint8_t at[] = {5, 16, 10};
  for (unsigned k = first; k < n && form != SYS; k++) word |= r[k] << at[k - first];
  a64_emit(w, word | (form == SYS ? r[0] : type == KILN_TYPE_VOID ? 0 : to));
  if (type == KILN_TYPE_VOID) return;
  if (moved)
    a64_emit(w, a64_fint(A64_FMOV_TO_GPR, kind->sig[0] == 'l', kind->sig[0] == 'l' ? A64_D : A64_S,
                         rd, to));
  else if (to != rd) a64_emit(w, a64_vlogic(A64_VORR, 1, rd, to, to));
  if (w->val[w->i].uses) kn_defined(w, w->i, d);
}
