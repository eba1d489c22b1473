/* What a project's configuration says to cargo, in cargo's order: the command line's --config, the environment, the
 * files config.toml of the current folder and those above it, and that of cargo's home. cargo_config.c; verb_cargo.c
 * asks it. */
#ifndef KN_TOOLS_CARGO_CONFIG_H
#define KN_TOOLS_CARGO_CONFIG_H

#include <limits.h>
#include <stdbool.h>

/* The program that `key` ("build.rustc") names, or that the variable `variable` does, which goes before all others. A
 * name with a slash becomes absolute, as cargo understands it; one without is looked for in PATH. `words` is cargo's
 * command line, its name included. False: none is named, or the empty one, with which users take one away. */
bool cargo_config_program(char **words, const char *variable, const char *key, char out[PATH_MAX]);

#endif
