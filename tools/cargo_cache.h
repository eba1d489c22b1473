/* The user's folders for what `kiln cargo` makes once: cargo_cache.c. Called by verb_cargo.c and the other files named
 * cargo_*.c. */
#ifndef KN_TOOLS_CARGO_CACHE_H
#define KN_TOOLS_CARGO_CACHE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

/* How many places there may be for a folder: $XDG_CACHE_HOME/kiln, ~/.cache/kiln, and one in $TMPDIR for programs
 * without a home. */
enum { CARGO_CACHE_PLACES = 3 };

/* Writes the path of folder `name` at the place `i`, which need not exist. False: there is no such place. */
bool cargo_cache_path(unsigned i, const char *name, char out[PATH_MAX]);
/* Is it a folder of this user's, to which nobody else can write? Programs are run from it. */
bool cargo_cache_owned(const char *path);
/* Makes a folder and those above it. False: it cannot, or the folder is not the user's alone. */
bool cargo_cache_make(char *path);
/* Has `folder`/`name` be a file with these bytes, whole at any time; others may do the same. False: it cannot. */
bool cargo_cache_write(const char *folder, const char *name, const void *bytes, size_t n);
/* The same of the file `path`, which may be anywhere. */
bool cargo_cache_replace(const char *path, const void *bytes, size_t n);

#endif
