/* The command line of a link, as rustc writes it for gcc and clang: words.c. */
#ifndef KN_LINK_WORDS_H
#define KN_LINK_WORDS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

enum link_kind {
  LINK_OF_PROGRAM, /* an option that only a program's link has */
  LINK_OF_BOTH,    /* one that a shared object's has, too */
  LINK_NATIVE,     /* -l */
  LINK_OBJECT,
  LINK_LIBRARY, /* a crate's archive */
  LINK_OUT,     /* after -o */
  LINK_LEFT_OUT /* a folder that is empty */
};

struct link_words {
  char **words; /* the arguments; ends with NULL */
  enum link_kind *kinds;
  size_t n;
  const char *out; /* the program */
  const char *why; /* the first word that is not known; NULL: all are */
};

/* Sorts the words of a link, of which the first is the linker. False without memory. */
bool link_words_read(struct link_words *w, char **words);

#endif
