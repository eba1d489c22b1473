/* The instructions of a target that no other operation stands for, as tables in targets/: what
 * the builder, the parser and the verifier ask about them. A row is an instruction, and its
 * kinds are the types it exists for, so that a name is the row's, and after a dot the kind's. */
#ifndef KN_IR_MACHINE_H
#define KN_IR_MACHINE_H

#include "ir/ops.h"

/* Types are letters: h v64, q v128, f f32, d f64, w i32, x i64; s and l: i32 and i64, but the instruction has it in a
 * vector register; i: an immediate. '-': no result. */
struct kn_machine_kind {
  const char *suffix;  /* after a dot; "" if the row has one kind */
  const char *sig;     /* the result, then the operands */
  uint32_t bits;       /* added to the row's word */
  uint8_t least, most; /* of the immediate */
};
struct kn_machine_row {
  const char *name;
  const struct kn_machine_kind *kinds;
  uint8_t n_kinds;
  bool acts;     /* more than to compute a value */
  uint8_t form;  /* the target's */
  uint32_t word; /* the target's: the encoding */
};
struct kn_machine_table {
  const struct kn_machine_row *rows;
  unsigned n;
};

/* x of such an instruction. */
#define KN_MACHINE_KIND_BITS 5
#define KN_MACHINE_ROW(x) ((unsigned)(x) >> KN_MACHINE_KIND_BITS)
#define KN_MACHINE_KIND(x) ((unsigned)(x) & ((1u << KN_MACHINE_KIND_BITS) - 1))

/* The type of a letter. */
unsigned kn_machine_type(char letter);
/* What the instruction with that x, which the table has, is like. */
void kn_machine_describe(const struct kn_machine_table *t, unsigned x, kiln_machine_info *out);
/* What is wrong with the row of an instruction `op`, its `n` operands, or the last one, the handle `last`; NULL:
 * nothing. */
const char *kn_machine_row_wrong(const struct kn_machine_table *t, unsigned op, unsigned type,
                                 unsigned x, unsigned n, uint32_t last);
/* kiln_machine_find in a table. */
bool kn_machine_find(const struct kn_machine_table *t, const char *name, size_t length,
                     kiln_machine_info *out);
/* The name of the instruction with that x. */
KN_PRIVATE void kn_machine_name(const struct kn_machine_table *t, unsigned x,
                                char name[KILN_MAX_MACHINE_NAME]);

static inline const struct kn_machine_row *kn_machine_row(const struct kn_machine_table *t,
                                                          unsigned x) {
  unsigned row = KN_MACHINE_ROW(x);
  return row < t->n && KN_MACHINE_KIND(x) < t->rows[row].n_kinds ? &t->rows[row] : NULL;
}

#endif
