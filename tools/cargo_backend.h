/* Kiln as rustc's code generator (docs/rustc.md) under `kiln cargo`: a library for each build of rustc, in the user's
 * cache. cargo_backend.c; verb_cargo.c calls it. */
#ifndef KN_TOOLS_CARGO_BACKEND_H
#define KN_TOOLS_CARGO_BACKEND_H

/* Has $KILN_BACKEND name the library for the compiler that cargo will run, if there is one that this Kiln has built;
 * what a user has put there is kept, as an absolute path. `words` is cargo's command line, its name included. TOOL_OK,
 * or a status after a message. */
int cargo_backend_choose(char **words);

/* `kiln cargo --setup`: adds the component rustc-dev to the compiler, by rustup, and builds the library. `words` is the
 * command line, of which only +TOOLCHAIN may follow. A status, after a message. */
int cargo_backend_setup(char **words);

#endif
