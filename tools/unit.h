/* Bitcode to an object, inside the process of another compiler: integrations/llvm. unit.c implements it.
 * Nothing here prints or ends the process. */
#ifndef KN_TOOLS_UNIT_H
#define KN_TOOLS_UNIT_H

#include "inlining.h"

#include <kiln/kiln.h>

/* A unit; `name` to `stress` are the caller's. */
struct tool_unit {
  const char *name; /* for diagnostics and the object's file symbol */
  const void *bytes;
  size_t size;
  bool function_sections, data_sections, aranges;
  bool split;        /* debug information, if the bitcode names a .dwo file; */
  kiln_buffer *dwo;  /* what this gets; NULL: the object has it, too */
  uint64_t features; /* KILN_FEATURE_... of all functions */
  struct tool_inlining inlining;
  uint64_t stress; /* kiln_module_options.stress_seed */
  kiln_buffer object;
  kiln_diag diag;        /* if it fails, why */
  uint64_t functions;    /* that were compiled */
  uint64_t instructions; /* LLVM's */
};

/* Makes the object. Unless the result is KILN_OK, the unit's `diag` says why. */
kiln_status tool_unit_compile(struct tool_unit *u);
typedef void tool_refused_fn(void *user, const kiln_diag *diag);
/* Calls `fn` for what other functions of a unit that was refused have that Kiln lacks: each thing once, seven at most.
 * It compiles the unit again for each. */
void tool_unit_list_refused(const struct tool_unit *u, tool_refused_fn *fn, void *user);
/* Frees the object. */
void tool_unit_free(struct tool_unit *u);

#endif
