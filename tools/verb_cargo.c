/* `kiln cargo`: cargo with kiln-rustc around its compiler. With $KILN_STATS it ends with a table
 * of what was compiled by whom, and what it cost. */
#include "stats.h"
#include "tool.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A variable that cargo reads by two names, the first of which, even empty, goes before the other; NULL if it is unset
 * or empty. */
static const char *variable(const char *name, const char *other) {
  const char *value = getenv(name);
  if (value == NULL) value = getenv(other);
  return value != NULL && value[0] != 0 ? value : NULL;
}

/* Has another wrapper, a cache say, take kiln-rustc for the compiler. sccache knows one by its file's name, and so it
 * is a link of that name. Of the environment it takes CARGO_* into its keys: what LLVM or another Kiln made is not
 * taken for this one's. */
static void hand_to_wrapper(const char *kiln_rustc) {
  static const char *const places[] = {"integrations/llvm/rustc/rustc", "../lib/kiln/rustc"};
  char link[PATH_MAX];
  const char *as = kiln_rustc, *rustc = variable("RUSTC", "CARGO_BUILD_RUSTC");
  for (size_t i = 0; i < sizeof places / sizeof *places && as == kiln_rustc; i++)
    if (tool_beside(places[i], link)) as = link;
  if (rustc != NULL && strcmp(rustc, as) != 0) setenv("KILN_RUSTC", rustc, 1);
  setenv("RUSTC", as, 1);
  char version[16];
  snprintf(version, sizeof version, "%" PRIx32, kiln_version());
  setenv("CARGO_KILN", version, 1);
}

/* Takes --inline and --inline=SIZE, in front of cargo's words, out of the command line. */
static int take_inline(int *argc, char **argv) {
  struct tool_inlining inlining;
  static const char option[] = "--inline";
  size_t n = sizeof option - 1;
  if (*argc > 1 && strncmp(argv[1], option, n) == 0 && (argv[1][n] == 0 || argv[1][n] == '=')) {
    const char *size = argv[1][n] == '=' ? argv[1] + n + 1 : "small";
    int bad = tool_parse_inline(size, &inlining);
    if (bad != TOOL_OK) return bad;
    setenv("KILN_INLINE", size, 1);
    memmove(argv + 1, argv + 2, (size_t)--*argc * sizeof *argv);
  }
  if (!tool_inlining_wanted(&inlining)) return tool_parse_inline(getenv("KILN_INLINE"), &inlining);
  if (inlining.what != KILN_INLINING_OFF) setenv("CARGO_KILN_INLINE", getenv("KILN_INLINE"), 1);
  return TOOL_OK;
}

int verb_cargo(int argc, char **argv) {
  char path[PATH_MAX];
  int bad = take_inline(&argc, argv);
  if (bad != TOOL_OK) return bad;
  const char *cargo = getenv("CARGO"),
             *wrapper = variable("RUSTC_WRAPPER", "CARGO_BUILD_RUSTC_WRAPPER");
  if (!tool_beside("kiln-rustc", path)) {
    tool_error("cargo: there is no kiln-rustc beside kiln");
    return TOOL_FAILED;
  }
  if (wrapper != NULL && strcmp(wrapper, path) != 0) hand_to_wrapper(path);
  else setenv("RUSTC_WRAPPER", path, 1);
  if (cargo == NULL || cargo[0] == 0) cargo = "cargo";
  argv[0] = (char *)(uintptr_t)cargo; /* exec's type has no const */
  return stats_run("cargo", argv);
}
