/* A unit of C or C++ inside clang: what becomes of it, and what is said about that, as verb_cc.c has it for a unit that
 * comes through a pipe. plugin.cpp calls it, once for each unit.
 * Invariant: LLVM makes an object in Kiln's place only if $KILN_FALLBACK says so, and never in silence. */
#include "inside.h"
#include "log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const passes[] = {
#define LLVM(prefix) prefix,
#include "cc_flags.def"
};

bool clang_knows_option(const char *name) {
  for (size_t i = 0; i < sizeof passes / sizeof *passes; i++)
    if (strncmp(name, passes[i] + 1, strlen(passes[i] + 1)) == 0) return true;
  return false;
}

/* The verb that started clang, as messages name it. */
static const char *verb(void) {
  const char *verb = getenv("KILN_VERB");
  return verb != NULL && verb[0] != 0 ? verb : "clang";
}

static bool falls_back(void) {
  const char *fallback = getenv("KILN_FALLBACK");
  return fallback != NULL && strcmp(fallback, "llvm") == 0;
}

/* Says that $KILN_LOG could not be written to, unless it was. */
static void logged(bool ok) {
  if (!ok)
    fprintf(stderr, "kiln: error: %s: %s: %s\n", verb(), getenv("KILN_LOG"), strerror(errno));
}

static enum clang_result by_llvm(const char *path, const char *why) {
  fprintf(stderr, "kiln: %s: %s: compiled by LLVM: %s\n", verb(), path, why);
  logged(log_line("%s: compiled by LLVM: %s\n", path, why));
  return CLANG_LLVM;
}

enum clang_result clang_compile(const char *path, const char *refused, struct tool_unit *u) {
  if (refused != NULL) {
    char why[256];
    snprintf(why, sizeof why, "not implemented: %s", refused);
    if (falls_back()) return by_llvm(path, why);
    fprintf(stderr, "kiln: error: %s: %s\n", verb(), why);
    return CLANG_FAILED;
  }
  u->name = strcmp(path, "-") == 0 ? "<stdin>" : path;
  kiln_status status = tool_unit_compile(u);
  if (status == KILN_OK) {
    logged(log_line("%s: %" PRIu64 " functions, %" PRIu64 " instructions\n", path, u->functions,
                    u->instructions));
    return CLANG_MADE;
  }
  if (falls_back() && (status == KILN_ERR_UNSUPPORTED || status == KILN_ERR_LIMIT))
    return by_llvm(path, u->diag.message);
  char line[1024];
  kiln_diag_format(&u->diag, line, sizeof line);
  fprintf(stderr, "%s\n", line);
  return CLANG_FAILED;
}
