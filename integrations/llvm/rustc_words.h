/* The command line of rustc, taken apart as rustc does it (Rust's getopts): one reader for kiln-rustc and for the shim
 * inside of rustc. rustc_words.c. */
#ifndef KN_SHIM_RUSTC_WORDS_H
#define KN_SHIM_RUSTC_WORDS_H

#include <stdbool.h>
#include <stddef.h>

/* An option: `kind` is its letter, or one of RUSTC_...; of -C and -Z options `name` has dashes where rustc takes
 * underscores, too, and `value` is NULL if there is none. */
enum { RUSTC_INPUT = 1, RUSTC_EMIT, RUSTC_TARGET, RUSTC_OTHER };
typedef void rustc_option_fn(void *user, int kind, const char *name, const char *value);

/* Reads words one by one. `pending` is an option whose value is the next word. */
struct rustc_words {
  rustc_option_fn *fn;
  void *user;
  const char *pending;
  bool only_inputs; /* after "--" */
  bool unread;      /* a file of arguments could not be read */
};
void rustc_word(struct rustc_words *r, const char *word);

/* True if the value of a switch is one that means off: "n", "no", "off", "false". */
bool rustc_is_off(const char *value);

#endif
