/* The target's own instructions: finding them by name, and what they must be like. Called by the builder, the verifier,
 * the parser and front ends. */
#include "ir/machine.h"
#include "ir/func.h"

unsigned kn_machine_type(char letter) {
  switch (letter) {
  case 'h': return KILN_TYPE_V64;
  case 'q': return KILN_TYPE_V128;
  case 'f': return KILN_TYPE_F32;
  case 'd': return KILN_TYPE_F64;
  case 'w':
  case 's':
  case 'i': return KILN_TYPE_I32;
  case 'x':
  case 'l': return KILN_TYPE_I64;
  default: return KILN_TYPE_VOID;
  }
}

/* ---- rows ---- */

static kiln_op op_of(const struct kn_machine_row *row, const struct kn_machine_kind *kind) {
  if (kind->sig[0] == '-') return KILN_OP_MACHINE_DO;
  return row->acts ? KILN_OP_MACHINE_ACT : KILN_OP_MACHINE;
}

void kn_machine_describe(const struct kn_machine_table *t, unsigned x, kiln_machine_info *out) {
  const struct kn_machine_row *row = &t->rows[KN_MACHINE_ROW(x)];
  const struct kn_machine_kind *kind = &row->kinds[KN_MACHINE_KIND(x)];
  *out = (kiln_machine_info){.row = x,
                             .op = op_of(row, kind),
                             .result = (kiln_type)kn_machine_type(kind->sig[0]),
                             .least = kind->least,
                             .most = kind->most};
  for (const char *c = kind->sig + 1; *c; c++) {
    out->operands[out->n_operands++] = (kiln_type)kn_machine_type(*c);
    out->immediate = *c == 'i';
  }
}

void kn_machine_name(const struct kn_machine_table *t, unsigned x,
                     char name[KILN_MAX_MACHINE_NAME]) {
  const struct kn_machine_row *row = kn_machine_row(t, x);
  size_t n = 0;
  for (const char *c = row ? row->name : ""; *c; c++) name[n++] = *c;
  const char *suffix = row ? row->kinds[KN_MACHINE_KIND(x)].suffix : "";
  if (*suffix) name[n++] = '.';
  while (*suffix) name[n++] = *suffix++;
  name[n] = 0;
}

bool kn_machine_find(const struct kn_machine_table *t, const char *name, size_t length,
                     kiln_machine_info *out) {
  for (unsigned i = 0; i < t->n; i++) {
    const struct kn_machine_row *row = &t->rows[i];
    size_t n = strlen(row->name);
    if (n > length || memcmp(row->name, name, n) != 0) continue;
    for (unsigned k = 0; k < row->n_kinds; k++) {
      const char *suffix = row->kinds[k].suffix;
      size_t more = strlen(suffix);
      if (more == 0
            ? n != length
            : n + 1 + more != length || name[n] != '.' || memcmp(suffix, name + n + 1, more) != 0)
        continue;
      kn_machine_describe(t, i << KN_MACHINE_KIND_BITS | k, out);
      return true;
    }
  }
  return false;
}

/* ---- instructions ---- */

unsigned kn_machine_operand(const kiln_func *f, const struct kn_inst *in, uint32_t k) {
  const struct kn_machine_row *row = kn_machine_row(f->module->ir.machine, in->x);
  if (row == NULL) return KILN_TYPE_VOID;
  const char *sig = row->kinds[KN_MACHINE_KIND(in->x)].sig;
  return k + 1 < strlen(sig) ? kn_machine_type(sig[k + 1]) : KILN_TYPE_VOID;
}

const char *kn_machine_row_wrong(const struct kn_machine_table *t, unsigned op, unsigned type,
                                 unsigned x, unsigned n, uint32_t last) {
  kiln_machine_info m;
  if (kn_machine_row(t, x) == NULL) return "the target has no such instruction";
  kn_machine_describe(t, x, &m);
  if (m.op != (kiln_op)op || m.result != (kiln_type)type) return "not of this operation and type";
  if (m.n_operands != n) return "another number of operands";
  if (m.immediate && (!kn_is_imm(last) || kn_imm(last) < m.least || kn_imm(last) > m.most))
    return "the last operand is not a constant in the instruction's range";
  return NULL;
}

const char *kn_machine_wrong(const kiln_func *f, const struct kn_inst *in) {
  struct kn_operands o = kn_operands(f, in);
  if ((in->b && !in->a) || (in->c && !in->b)) return "an operand is left out";
  return kn_machine_row_wrong(f->module->ir.machine, in->op, in->type, in->x, o.n,
                              o.n ? kn_operand(&o, o.n - 1) : 0);
}
