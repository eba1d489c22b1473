/* What a switch has in common on all targets: its cases sorted, a label for each edge, and the stubs of edges that
 * write parameters. The target decides how to search among the cases. The functions are in lib/codegen/switch.c. */
#ifndef KN_LIB_CODEGEN_SWITCH_H
#define KN_LIB_CODEGEN_SWITCH_H

#include "lib/codegen/cases.h"
#include "lib/codegen/walk.h"

/* Between kn_switch_begin and kn_switch_end. */
struct kn_switch {
  const struct kn_edge *edges; /* the default's, then those of the cases */
  uint32_t n;                  /* cases */
  struct kn_case *cases;       /* in ascending order; `to` is the label to jump to */
  uint32_t *labels;            /* per edge: its target, or its stub */
  uint32_t fallback;           /* of the default: labels[0] */
  struct kn_case few[2 * 16];  /* memory for up to 16 cases */
  uint32_t few_labels[16 + 1];
};

/* Computes the arguments of the edges that are not computed yet, and sorts the cases. `sign`: their values are
 * sign-extended from the type and ordered as signed numbers; else zero-extended, and unsigned. False if the function
 * failed. */
bool kn_switch_begin(struct kn_walk *w, const struct kn_inst *in, bool sign, struct kn_switch *s);
/* Emits the stubs, after the code that searches, and frees the memory. No operand of the switch is in use any
 * more. */
void kn_switch_end(struct kn_walk *w, struct kn_switch *s);

#endif
