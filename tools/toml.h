/* A reader of TOML, as much of it as configuration files need: it finds strings by their keys. toml.c. */
#ifndef KN_TOOLS_TOML_H
#define KN_TOOLS_TOML_H

#include <stdbool.h>

/* Called with each string, in the order of the text. `key` is the way to it from the document's root, with points
 * between its parts ("build.rustc"); a point inside of a quoted part is '\1'. The strings of an array, and of tables in
 * it, have the array's key. Other values are passed over. */
typedef void toml_fn(void *user, const char *key, const char *value);

/* Reads a document, NUL-terminated. False: it is not TOML; what came before the error has been passed on. */
bool toml_read(const char *text, toml_fn *fn, void *user);

#endif
