/* What clang's plugin (plugin.cpp) has done in C: inside.c. */
#ifndef KN_TOOLS_CLANG_INSIDE_H
#define KN_TOOLS_CLANG_INSIDE_H

#include "unit.h"

#ifdef __cplusplus
extern "C" {
#endif

enum clang_result {
  CLANG_MADE,  /* the object is in the unit */
  CLANG_LLVM,  /* LLVM is to make it */
  CLANG_FAILED /* nobody is to: a message was printed */
};

/* Makes the object of a source as `kiln cc` would, with its messages and its lines for
 * $KILN_LOG. `path` is the source's, which the unit is named after; `refused` an option whose
 * effect Kiln does not have, or NULL. */
enum clang_result clang_compile(const char *path, const char *refused, struct tool_unit *u);

/* True if LLVM's option, without dashes, belongs to a pass that clang runs itself (cc_flags.def). */
bool clang_knows_option(const char *name);

#ifdef __cplusplus
}
#endif

#endif
