/* Kiln as rustc's code generator (docs/rustc.md) under `kiln cargo`: for each build of rustc a library and a driver, in
 * the user's cache. cargo_backend.c finds them, cargo_setup.c builds them; verb_cargo.c calls both. */
#ifndef KN_TOOLS_CARGO_BACKEND_H
#define KN_TOOLS_CARGO_BACKEND_H

#include "rustc_root.h"

#include <limits.h>
#include <stdbool.h>

#define CARGO_LIBRARY "librustc_codegen_kiln.so"
#define CARGO_DRIVER "kiln-driver"

/* Has $KILN_BACKEND name the library for the compiler that cargo will run, if there is one that this Kiln has built,
 * and $KILN_SHIM_ROOT the toolchain's folder; a library that the user has put there is kept, as an absolute path, if it
 * is for that compiler. `words` is cargo's command line, its name included. TOOL_OK, or a status after a message. */
int cargo_backend_choose(char **words);

/* `kiln cargo --setup`: adds the component rustc-dev to the compiler, by rustup, and builds the library and the driver.
 * A compiler that is newer than those in rust-toolchains, or between them, is tried: the driver compiles a program of
 * Kiln's, which runs. `words` is the command line, of which only +TOOLCHAIN may follow. A status, after a message. */
int cargo_backend_setup(char **words);

/* Writes the command that builds the code generator for the compiler that cargo runs, with the +TOOLCHAIN of `words`.
 * False: that command would refuse this compiler before it builds anything. */
enum { CARGO_WHY_SIZE = 2048 };
bool cargo_backend_offer(char **words, char command[CARGO_WHY_SIZE]);

/* ---- shared by both files ---- */

/* What `rustc -vV` says of a compiler, and the folder of its toolchain. */
struct cargo_compiler {
  char program[PATH_MAX];
  char commit[64], date[64], release[64], host[64];
  enum rustc_root found; /* is `root` known? Never RUSTC_ROOT_CHOSEN */
  char root[PATH_MAX];
};

/* Asks the compiler that cargo will run, and rustup for its folder, if rustup chooses it. `keep`: they are asked only
 * if something has changed since, and their answers are kept in the cache. False: the compiler does not run, or does
 * not name its commit. */
bool cargo_compiler_ask(char **words, bool keep, struct cargo_compiler *c);

/* Writes the path of the folder for a compiler, in the cache at the place `i`. False: there is no such place. */
bool cargo_backend_folder(unsigned i, const struct cargo_compiler *c, char out[PATH_MAX]);
/* Are library and driver in the folder, to which nobody else can write? Writes the library's path. */
bool cargo_backend_is_in(const char *folder, char library[PATH_MAX]);

#endif
