/* Assembly by LLVM's text and constraints, for those who do not read bitcode (<kiln/llvm_asm.h>): a statement is built
 * by what builds those of files (asm/asm.c), with operands as operation.c has them. */
#include "operation.h"

#include <kiln/llvm_asm.h>

/* Has the function landing pads that exceptions could go to? Reports otherwise. */
static bool check_clauses(struct kn_bc *r, const kiln_llvm_asm_desc *a) {
  const bool unwinds = (a->flags & KILN_LLVM_ASM_UNWIND) != 0;
  if (!a->clauses.id || unwinds) return true;
  return kn_bc_fail(r, KILN_ERR_ARGUMENT,
                    "the statement has clauses, but not the flag KILN_LLVM_ASM_UNWIND");
}

static void build(struct kiln_llvm_builder *b, const kiln_llvm_asm_desc *a, kiln_value *results,
                  uint32_t *n_parts, kiln_value *taken) {
  struct kn_bc *r = &b->bc;
  const uint32_t all = KILN_LLVM_ASM_SIDE_EFFECT | KILN_LLVM_ASM_ALIGN_STACK | KILN_LLVM_ASM_INTEL |
                       KILN_LLVM_ASM_UNWIND;
  if (!a->text || !a->constraints)
    return (void)kn_bc_fail(r, KILN_ERR_ARGUMENT, "the text or the constraints are missing (NULL)");
  if (!kn_bc_flags(r, "inline assembly", a->flags, all) || !check_clauses(r, a)) return;
  const uint32_t result = kn_operation_result(b, a->result, n_parts);
  if (result == UINT32_MAX || !kn_operation_operands(b, a->operands, a->n_operands)) return;
  const uint32_t type = kn_operation_call(b, result), before = r->vals.n;
  if (type == UINT32_MAX) return;
  *taken = kiln_const_int(r->f, 0);
  kn_bc_asm(r, &(struct kn_bc_asm){.text = a->text,
                                   .constraints = a->constraints,
                                   .flags = a->flags,
                                   .type = type,
                                   .ops = b->record.at,
                                   .n = b->record.n,
                                   .n_labels = a->n_labels,
                                   .taken = taken,
                                   .clauses = a->clauses,
                                   .unwind = a->unwind});
  b->n_asms = r->fn.asm_count;
  kn_operation_take_results(b, result, before, results);
}

kiln_status kiln_llvm_builder_build_asm(kiln_llvm_builder *b, kiln_func *f,
                                        const kiln_llvm_asm_desc *a, kiln_value *results,
                                        kiln_value *taken) {
  if (!b) return kiln_func_fail(f, KILN_ERR_ARGUMENT, "no builder of operations (NULL)");
  struct kn_bc *r = &b->bc;
  uint32_t n_parts = 0;
  kiln_value way = {0};
  kn_operation_begin(b, f, "asm");
  if (!f || !a) kn_bc_fail(r, KILN_ERR_ARGUMENT, f ? "no assembly given" : "no function given");
  else if ((a->reserved[0] | a->reserved[1] | a->reserved[2] | a->reserved[3]) != 0)
    kn_bc_fail(r, KILN_ERR_ARGUMENT, "the field 'reserved' of the assembly must be 0");
  else if (kn_operation_check_function(b, f)) build(b, a, results, &n_parts, &way);
  r->f = f;
  if (r->status == KILN_OK && kiln_func_status(f) != KILN_OK)
    kn_bc_fail(r, kiln_func_status(f), "the function has failed: %s",
               kiln_status_name(kiln_func_status(f)));
  if (r->status != KILN_OK && f) kiln_func_fail(f, r->status, r->diag.message);
  if (r->status != KILN_OK && results && n_parts) memset(results, 0, n_parts * sizeof *results);
  if (taken) *taken = r->status == KILN_OK ? way : (kiln_value){0};
  return kn_operation_end(b);
}

kiln_status kiln_llvm_builder_add_assembly(kiln_llvm_builder *b, kiln_session *s,
                                           const char *text) {
  if (!b) return KILN_ERR_ARGUMENT;
  struct kn_bc *r = &b->bc;
  kn_operation_begin(b, NULL, "assembly of a module");
  r->session = s;
  if (!s || !text) {
    kn_bc_fail(r, KILN_ERR_ARGUMENT, s ? "no text given" : "no session given");
  } else if (kiln_session_module(s) != r->module) {
    kn_bc_fail(r, KILN_ERR_ARGUMENT, "the session and the builder belong to different modules");
  } else if (kiln_module_status(r->module) != KILN_OK || kiln_module_is_frozen(r->module)) {
    kn_bc_fail(r, KILN_ERR_STRUCTURE, "the module is frozen or has failed before");
  } else {
    kn_bc_add_assembly(r, text);
  }
  if (r->status != KILN_OK && s && text) kiln_module_fail_diag(r->module, &r->diag);
  r->session = NULL;
  return kn_operation_end(b);
}
