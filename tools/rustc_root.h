/* The folder of a Rust toolchain, of which a program is the compiler: rustc_root.c. Called by cargo_backend.c and by
 * integrations/llvm/kiln_rustc.c. */
#ifndef KN_TOOLS_RUSTC_ROOT_H
#define KN_TOOLS_RUSTC_ROOT_H

#include <limits.h>
#include <stdbool.h>

enum rustc_root {
  RUSTC_ROOT_FOUND,
  RUSTC_ROOT_CHOSEN, /* the program is rustup's, which chooses a toolchain in a way that is not known here */
  RUSTC_ROOT_OTHER, /* it is another program: a script, say */
};

/* Writes the folder, without symbolic links, for `program`, which PATH is searched for if it has no slash. No program
 * is run. */
enum rustc_root rustc_root_of(const char *program, char out[PATH_MAX]);

#endif
