/* Which of two diagnostics of one error counts. Called by threads.c and unit.c. */
#include "diag.h"

#include <string.h>

bool tool_diag_of_reader(kiln_diag *d, const kiln_llvm *reader) {
  const kiln_diag *read = kiln_llvm_diag(reader);
  bool own = d->status == KILN_OK || strcmp(d->message, read->message) == 0;
  if (read->status != KILN_OK && own) *d = *read;
  return read->status != KILN_OK && own;
}
