/* What is done to a function after inlining with the library's own structs: it gets another symbol, since the
 * interpreter has the function before inlining by its own; and code generation says which of its slots share memory. In
 * a file of its own since the IR and the interpreter have names in common. */
#include "inlined.h"
#include "ir/module/session_state.h"
#include "lib/codegen/plan.h"

#include <stdlib.h>

kiln_symbol rename_func(kiln_func *f, kiln_symbol to) {
  kiln_symbol was = {f->symbol};
  f->symbol = to.id;
  return was;
}

bool place_slots(kiln_func *f, struct placement *out) {
  const uint32_t n = f->slots.n, n_slots = kiln_func_slot_count(f);
  const kiln_session *s = f->session;
  uint32_t *numbers = calloc(n + 1, sizeof *numbers);
  *out = (struct placement){.n = n_slots, .at = calloc(n_slots + 1, sizeof *out->at)};
  if (numbers == NULL || out->at == NULL) abort();
  for (uint32_t k = 0; k < n_slots; k++) {
    numbers[kn_slot_at(f, k)] = k + 1;
    out->at[k] = OWN_MEMORY;
  }
  kiln_diag diag;
  const bool compiled = kiln_func_try_compile(f, &diag) == KILN_OK; /* it is gone */
  for (uint32_t k = 0; k < n && compiled; k++)
    if (numbers[k] != 0 && s->plan->slots.at[k].shared) {
      out->at[numbers[k] - 1] = s->plan->slots.at[k].offset;
      out->bytes = s->plan->frame.shared_bytes;
    }
  free(numbers);
  return compiled;
}
