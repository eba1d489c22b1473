/* Roots among the arguments of a call of a lazy function, as kiln_jit_lazy_roots says. The code that asks the host
 * (targets/jit.h) saves them in its frame, or the caller has put them on the stack; the table that is made here says
 * where, for walks of the stack, in the format of functions' tables (runtime/stack/root_format.h). */
#include "base/bytes.h"
#include "lib/codegen/sig_place.h"
#include "lib/jit/link/symbols.h"
#include "runtime/stack/root_format.h"

enum { WORDS = KN_ROOTS_HEAD + 4 }; /* of a table with one call: where its roots begin */

static bool check(const kiln_jit *jit, const kiln_jit_lazy_roots *r, kiln_jit_error *error) {
  if (r->module == NULL || !KN_UNRESERVED(r) || !kn_sig_valid(r->module, r->sig.id))
    return KN_JIT_FAIL(false, error, KILN_ERR_ARGUMENT, "roots: no module, or no signature of it");
  if (r->module->options.target.processor != jit->processor || r->module->target->jit == NULL)
    return KN_JIT_FAIL(false, error, KILN_ERR_ARGUMENT,
                       "roots: the module is not for this machine");
  if (jit->code->late_return == NULL)
    return KN_JIT_FAIL(false, error, KILN_ERR_UNSUPPORTED,
                       "roots of a lazy function's arguments on this system");
  const uint32_t n = kn_sig(r->module, r->sig.id)->n_params;
  if (n < 64 && r->references >> n != 0)
    return KN_JIT_FAIL(false, error, KILN_ERR_ARGUMENT,
                       "roots: the signature has only %u parameters", n);
  return true;
}

/* The word of the table that says where argument `number` is; false: it can be no root. */
static bool place(const kiln_jit *jit, const kiln_jit_lazy_roots *r, uint32_t number, int32_t *word,
                  kiln_jit_error *error) {
  const struct kn_sig *sig = kn_sig(r->module, r->sig.id);
  const kiln_param *p = &sig->params[number];
  uint32_t stack;
  const uint8_t reg = kn_sig_place(kn_target_at(r->module->options.target), sig, number, &stack);
  if ((p->type != KILN_TYPE_I32 && p->type != KILN_TYPE_I64) || p->flags & KILN_PARAM_BYVAL)
    return KN_JIT_FAIL(false, error, KILN_ERR_TYPE,
                       "roots: parameter %u is no integer of 32 or 64 bits", number);
  const bool saved = reg < sizeof jit->code->late_saved / sizeof jit->code->late_saved[0];
  *word = reg == KN_NO_REG ? (int32_t)stack : saved ? jit->code->late_saved[reg] : 0;
  if (reg != KN_NO_REG && *word == 0)
    return KN_JIT_FAIL(false, error, KILN_ERR_UNSUPPORTED,
                       "roots: parameter %u is in a register that calls preserve", number);
  *word |= p->type == KILN_TYPE_I32;
  return true;
}

bool kn_jit_late_roots(const kiln_jit *jit, struct kn_jit_late *late, const kiln_jit_lazy_roots *r,
                       kiln_jit_error *error) {
  uint8_t table[WORDS + 4 * 64];
  uint32_t n = 0;
  if (!check(jit, r, error)) return false;
  for (uint32_t k = 0; k < 64; k++) {
    int32_t word;
    if ((r->references >> k & 1) == 0) continue;
    if (!place(jit, r, k, &word, error)) return false;
    kn_put32(table + WORDS + 4 * n++, (uint32_t)word);
  }
  const uint32_t size = WORDS + 4 * n;
  memset(table, 0, WORDS);
  kn_put32(table + KN_ROOTS_SIZE, size);
  table[KN_ROOTS_VERSION] = KN_ROOTS_VERSION_1;
  kn_put32(table + KN_ROOTS_N_CALLS, 1);
  kn_put32(table + KN_ROOTS_N_ROOTS, n);
  kn_put32(table + KN_ROOTS_HEAD, (uint32_t)(jit->code->late_return - jit->code->late_start));
  struct kn_jit_late_table *t = late->tables;
  while (t != NULL && (kn_get32(t->bytes) != size || memcmp(t->bytes, table, size) != 0))
    t = t->next;
  if (t == NULL) {
    t = kn_jit_realloc(jit, NULL, sizeof *t + size);
    if (t == NULL) return kn_jit_no_memory(error);
    t->next = late->tables;
    memcpy(t->bytes, table, size);
    late->tables = t;
  }
  late->roots = t->bytes;
  return true;
}
