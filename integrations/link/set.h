/* A set of libraries that no edit changes, the standard library's and those that cargo has unpacked, and the shared
 * object that is made of them. The set is named by a hash of which files they are, and of how they are linked: files in
 * one folder of the target folder have that name.
 *
 *   NAME.key     what the name is a hash of; it is written by the first link
 *   NAME.no      there is no shared object of this set: why
 *   NAME.lock    who makes it, or links with it
 *   NAME.state   libraries and names that a link has to know
 *   NAME.??????  a folder of copies, while a link runs
 *   libNAME.so
 *   users/PROGRAM  the set's name, and the path of the program that was linked with it
 *
 * set.c finds the set of a link, keeps the files and the limit of what they take; make.c makes the shared object. */
#ifndef KN_LINK_SET_H
#define KN_LINK_SET_H

#include "input.h"
#include "names.h"
#include "words.h"

#include <stdint.h>

struct link_set {
  char folder[PATH_MAX], name[24];
  bool *of_set; /* by word: a library that is in the set */
  char *key;    /* the text */
  size_t key_size;
  char *state; /* NAME.state in memory */
  struct tool_names
    statics;                /* libraries of the set that are linked with the program all the same */
  struct tool_names wanted; /* names that it takes from the program */
  int lock;                 /* a descriptor, or -1 */
};

/* What mkdtemp gets after the name, for the folder of copies: no other file's ending has six letters. */
#define LINK_COPIES ".XXXXXX"

enum link_state { LINK_FIRST, LINK_NEVER, LINK_BUSY, LINK_MISSING, LINK_THERE };

/* Finds the set of a link. False: there is no folder for it, or no memory, or no library of the set's kind. */
bool link_set_find(struct link_set *s, const struct link_words *w, const char *linker);
/* What there is of the set. LINK_FIRST: nothing was, now its key is there. LINK_MISSING: this process may make the
 * shared object, and has locked the set. LINK_THERE: it has read the state, and shares the lock. */
enum link_state link_set_look(struct link_set *s);
/* Unlocks it. */
void link_set_leave(struct link_set *s);

/* Makes the shared object, and reads its state; false: it cannot, and NAME.no says why. */
bool link_set_make(struct link_set *s, const struct link_words *w, const char *linker);
/* Reads NAME.state; false: it cannot. */
bool link_set_read(struct link_set *s);

/* Notes that a program is linked with the set, or with none (NULL). */
void link_set_use(const char *folder, const char *name, const char *program);
/* Says in NAME.no that the set is not to be used, and what is in the file `errors`, if it is not NULL. */
void link_set_never(const struct link_set *s, const char *why, const char *errors);
/* Removes the folders of copies that killed links left. The caller has locked the set for itself. */
void link_set_sweep(const char *folder, const char *name);
/* Removes the sets of which no program is there any more. True if what is left takes less than the limit. */
bool link_set_clean(const char *folder);

/* The folder of the sets of a program's target folder; false: it is not where cargo has programs. */
bool link_set_folder(const char *program, char out[PATH_MAX]);
/* "FOLDER/NAME.SUFFIX"; false: it is too long. */
bool link_set_path(const struct link_set *s, const char *suffix, char out[PATH_MAX]);
bool link_set_library(const struct link_set *s, char out[PATH_MAX]);

/* A file's content, with NUL after it, which the caller frees; NULL: it cannot be read. */
char *link_read_whole(const char *path, size_t *size);

/* Runs a linker, with its standard error in a file. Its exit status, or 127. */
int link_run(const char *const *words, const char *errors);

#endif
