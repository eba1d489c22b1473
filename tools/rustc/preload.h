/* What the preloaded library takes from the command line of the rustc that it is in: options.c. */
#ifndef KN_TOOLS_RUSTC_PRELOAD_H
#define KN_TOOLS_RUSTC_PRELOAD_H

#include <stdbool.h>

struct rustc_options {
  const char *why;        /* LLVM is to compile all of this crate, and why; NULL: Kiln */
  bool function_sections; /* each function in a section of its own */
};

/* Those of this process. Read at the first call; from any thread. */
const struct rustc_options *rustc_options(void);

#endif
