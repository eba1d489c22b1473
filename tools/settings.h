/* What users say by environment variables to every program of Kiln that makes objects: $KILN_INLINE, $KILN_OPT_LEVEL,
 * $KILN_LOG, $KILN_STATS, $KILN_STRESS, $KILN_VARIABLES; and the identity of what makes them. settings.c implements it.
 * Called by verbs of `kiln`, and by kiln-rustc and the shim of integrations/llvm. */
#ifndef KN_TOOLS_SETTINGS_H
#define KN_TOOLS_SETTINGS_H

#include "inlining.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tool_settings {
  struct tool_inlining inlining; /* $KILN_INLINE, $KILN_VARIABLES */
  int opt_level;   /* $KILN_OPT_LEVEL: the highest level that Kiln compiles; 0 to 3, default 0 */
  uint64_t stress; /* $KILN_STRESS: kiln_module_options.stress_seed; 0 if it is unset or empty */
  bool bad;        /* a value is wrong: for callers that cannot end the process */
};

enum { TOOL_WHY_SIZE = 256, TOOL_IDENTITY_SIZE = 1024 };

/* Reads the variables, $KILN_UNKNOWN (unknown.h) among them. False if one has a value that it cannot have: `why` says
 * which, and what it may be. */
bool tool_settings_read(struct tool_settings *out, char why[TOOL_WHY_SIZE]);

/* Reads the seed that $KILN_STRESS and --stress give. False: it is no decimal number, or it is 0 or too large. */
bool tool_stress_parse(const char *word, uint64_t *out);

/* Makes the names of the files that $KILN_LOG and $KILN_STATS name absolute, for this process and those that it starts,
 * which may have other current folders: relative names are relative to `folder`; NULL: the current one. Then opens each
 * for appending. One that cannot be opened is passed to `refused` with the reason, and its variable is removed. */
typedef void tool_refused_file_fn(const char *variable, const char *path, const char *reason);
void tool_settings_files(const char *folder, tool_refused_file_fn *refused);

/* What a verb of `kiln` begins with: it reads the variables and settles the files. A file that cannot be opened gets a
 * warning; false: a value is wrong, after a message. Of settings_verb.c, which only `kiln` has. */
bool tool_settings_begin(struct tool_settings *out, const char *verb);

/* The library that rustc loads as its code generator, $KILN_BACKEND; NULL: none is named. */
const char *tool_backend(void);

/* Adds a text to a hash (FNV-1a), which begins as TOOL_HASH. */
#define TOOL_HASH UINT64_C(0xcbf29ce484222325)
uint64_t tool_hash_text(uint64_t hash, const char *text);

/* A hash of the content of Kiln's programs that make objects: identity.c. Nothing is written. */
uint64_t tool_parts_hash(void);

/* One line that differs whenever objects may: the version and the content of Kiln's programs and of the code generator
 * that rustc loads, if there is one, which of the two ways makes objects ("shim" or "rustc"), and all variables that
 * begin with KILN_, but for those that change no object. Build tools have it in their keys: as a line of the compiler's
 * version and in $CARGO_KILN. The hashes of the programs are kept in the user's cache. identity.c. */
void tool_identity(char out[TOOL_IDENTITY_SIZE]);

#endif
