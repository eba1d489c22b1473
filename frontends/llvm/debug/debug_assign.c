/* All that records say of variables goes through here to kiln_func_set_variable, at once or later.
 * Later: of variables that are in memory and in registers in turn, what their records of assignments say
 * is known when the function is complete. A record names the assignment; an instruction that is
 * a store to the variable's memory has the same name attached, which stands after the body. If
 * there is one, the variable is in memory from the record on; if the store was removed, it is
 * the value. Called by debug_var.c. Invariant: once a record waits, all later ones wait, since
 * the library takes them in their order. */
#include "debug/debug_node.h"

#include <stdlib.h>

/* A record of attachments: [kind, node]... of the function, or, with one number before these, of an instruction. */
static bool attachment(struct kn_bc *r) {
  for (uint32_t i = 1; r->in.ops.n % 2 != 0 && i + 1 < r->in.ops.n; i += 2)
    if (kn_bc_kind(r, r->in.ops.at[i]) == MD_KIND_ASSIGN_ID && r->in.ops.at[i + 1] < UINT32_MAX &&
        !KN_BC_PUSH(r, r->fn.assigned, (uint32_t)r->in.ops.at[i + 1]))
      return false;
  return true;
}

bool kn_bc_assign_attached(struct kn_bc *r) {
  return kn_bc_each(r, BLOCK_METADATA_ATTACHMENT, MD_ATTACHMENT, attachment);
}

/* Keeps an expression; *at: where. */
static bool keep(struct kn_bc *r, const uint8_t *bytes, uint32_t n, uint32_t *at) {
  *at = r->fn.assign_bytes.n;
  if (!KN_BC_ROOM(r, r->fn.assign_bytes, (uint64_t)*at + n)) return false;
  if (n) memcpy(r->fn.assign_bytes.at + *at, bytes, n);
  r->fn.assign_bytes.n += n;
  return true;
}

void kn_bc_assign_tell(struct kn_bc *r, const kiln_debug_value *is,
                       const struct kn_bc_variable_memory *m) {
  if (m == NULL && r->fn.assigns.n == 0) {
    kiln_func_set_variable(r->f, is);
    return;
  }
  struct kn_bc_assign a = {.is = *is};
  if (a.is.at == 0) a.is.at = kiln_func_position(r->f);
  if (m) a.memory = *m;
  if (!keep(r, is->expr, is->expr_bytes, &a.expr) || (m && !keep(r, m->expr, m->n, &a.memory_expr)))
    return;
  KN_BC_PUSH(r, r->fn.assigns, a);
}

void kn_bc_assign_label(struct kn_bc *r, kiln_die label, uint32_t at) {
  if (r->fn.assigns.n == 0) {
    kiln_func_add_label(r->f, label, at);
    return;
  }
  KN_BC_PUSH(r, r->fn.assigns,
             (struct kn_bc_assign){.is = {.variable = label, .at = at}, .label = true});
}

static int by_number(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return x < y ? -1 : x > y;
}

void kn_bc_assign_end(struct kn_bc *r) {
  if (r->fn.assigns.n == 0) return;
  if (r->fn.assigned.n)
    qsort(r->fn.assigned.at, r->fn.assigned.n, sizeof *r->fn.assigned.at, by_number);
  for (uint32_t i = 0; i < r->fn.assigns.n; i++) {
    struct kn_bc_assign *a = &r->fn.assigns.at[i];
    kiln_debug_value *is = &a->is;
    if (a->label) {
      kiln_func_add_label(r->f, is->variable, is->at);
      continue;
    }
    is->expr = r->fn.assign_bytes.at + a->expr;
    if (a->memory.slot.id != 0 && r->fn.assigned.n != 0 &&
        bsearch(&a->memory.id, r->fn.assigned.at, r->fn.assigned.n, sizeof *r->fn.assigned.at,
                by_number)) {
      is->value = a->memory.slot;
      is->other[0] = (kiln_value){0};
      is->address = true;
      is->expr = r->fn.assign_bytes.at + a->memory_expr;
      is->expr_bytes = a->memory.n;
    }
    kiln_func_set_variable(r->f, is);
  }
  r->fn.assigns.n = 0;
}
