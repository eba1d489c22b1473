/* Diagnostics of a compilation, as programs of Kiln's choose and print them: diag.c. */
#ifndef KN_TOOLS_DIAG_H
#define KN_TOOLS_DIAG_H

#include <kiln/llvm.h>

/* A body that cannot be read or compiled: `d`, the error that its function reported, or none, becomes the reader's,
 * unless that only follows from it. The reader's also has the place in the bitcode. True if it does. */
bool tool_diag_of_reader(kiln_diag *d, const kiln_llvm *reader);

#endif
