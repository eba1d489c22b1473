/* What compilers answered, and hashes of files, in the user's cache: to start rustc takes 15 ms, by rustup 25, as long
 * as a tenth of a small build. cargo_answers.c; called by cargo_backend.c and identity.c. */
#ifndef KN_TOOLS_CARGO_ANSWERS_H
#define KN_TOOLS_CARGO_ANSWERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Adds a text, NULL for none, to the hash of what an answer depends on, which begins as TOOL_HASH. */
uint64_t cargo_answer_about(uint64_t about, const char *text);
/* Adds a file or folder: its path and what changes when the file is written or replaced, or entries of the folder come
 * or go. It need not exist. */
uint64_t cargo_answer_about_file(uint64_t about, const char *path);

/* The answer that is kept; false: there is none. */
bool cargo_answer_kept(uint64_t about, char *out, size_t size);
/* Keeps an answer, if the cache can be written to. */
void cargo_answer_keep(uint64_t about, const char *text);

/* What a program prints with one option, at most `size` - 1 bytes; its messages are dropped. The program runs only if
 * no answer is kept for `about`; 0: none is kept. False: it cannot be run, or fails. */
bool cargo_answer(uint64_t about, const char *program, const char *option, char *out, size_t size);

#endif
