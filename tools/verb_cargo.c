/* `kiln cargo`: cargo with kiln-rustc around its compiler. */
#include "tool.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int verb_cargo(int argc, char **argv) {
  (void)argc;
  char path[PATH_MAX];
  const char *cargo = getenv("CARGO"), *wrapper = getenv("RUSTC_WRAPPER");
  if (!tool_beside("kiln-rustc", path)) {
    tool_error("cargo: there is no kiln-rustc beside kiln");
    return TOOL_FAILED;
  }
  /* Another wrapper, a cache say, stays: it is given kiln-rustc as the compiler. */
  bool taken = wrapper != NULL && wrapper[0] != 0 && strcmp(wrapper, path) != 0;
  if (taken) {
    const char *rustc = getenv("RUSTC");
    if (rustc != NULL && rustc[0] != 0 && strcmp(rustc, path) != 0) setenv("KILN_RUSTC", rustc, 1);
  }
  setenv(taken ? "RUSTC" : "RUSTC_WRAPPER", path, 1);
  if (cargo == NULL || cargo[0] == 0) cargo = "cargo";
  argv[0] = (char *)(uintptr_t)cargo; /* exec's type has no const */
  execvp(cargo, argv);
  tool_error("cargo: %s: %s", cargo, strerror(errno));
  return TOOL_FAILED;
}
