/* What is known of a link's words. All else, a shared library, a procedural macro, a static program, a script, a
 * sanitizer, is not what this wrapper is for, and is linked as it was asked. */
#define _GNU_SOURCE
#include "words.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

/* Options that stand alone. */
static const struct {
  const char *word;
  enum link_kind kind;
} options[] = {
  {"-m64", LINK_OF_BOTH},
  {"-pie", LINK_OF_PROGRAM},
  {"-nodefaultlibs", LINK_OF_BOTH},
  {"-Wl,--as-needed", LINK_OF_BOTH},
  {"-Wl,-Bstatic", LINK_OF_BOTH},
  {"-Wl,-Bdynamic", LINK_OF_BOTH},
  {"-Wl,--eh-frame-hdr", LINK_OF_BOTH},
  {"-Wl,-z,noexecstack", LINK_OF_BOTH},
  {"-Wl,-z,relro", LINK_OF_BOTH},
  {"-Wl,-z,now", LINK_OF_BOTH},
  {"-Wl,-z,relro,-z,now", LINK_OF_BOTH},
  {"-Wl,--gc-sections", LINK_OF_PROGRAM},
};

/* Options that choose the linker, with their values after them. */
static const char *const choosing[] = {"-fuse-ld=", "-B", "--ld-path="};

static bool ends(const char *word, const char *end) {
  size_t n = strlen(word), m = strlen(end);
  return n > m && strcmp(word + n - m, end) == 0;
}

/* Is it a folder without files? rustc makes one for libraries that it writes itself. */
static bool is_empty_folder(const char *path) {
  DIR *d = opendir(path);
  bool empty = d != NULL;
  for (const struct dirent *e; empty && (e = readdir(d)) != NULL;)
    empty = strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0;
  if (d != NULL) closedir(d);
  return empty;
}

/* The kind of a word that does not depend on others; false: it is not known. */
static bool kind_of(const char *word, enum link_kind *kind) {
  for (size_t i = 0; i < sizeof options / sizeof *options; i++)
    if (strcmp(word, options[i].word) == 0) return *kind = options[i].kind, true;
  for (size_t i = 0; i < sizeof choosing / sizeof *choosing; i++)
    if (strncmp(word, choosing[i], strlen(choosing[i])) == 0) return *kind = LINK_OF_BOTH, true;
  *kind = ends(word, ".o") ? LINK_OBJECT : LINK_LIBRARY;
  return word[0] != '-' && word[0] != '@' && (*kind == LINK_OBJECT || ends(word, ".rlib"));
}

/* A word that says what the next one is. */
static bool take_pair(struct link_words *w, size_t i) {
  if (w->words[i + 1] == NULL) return false;
  if (strcmp(w->words[i], "-o") == 0) {
    w->kinds[i] = w->kinds[i + 1] = LINK_OUT;
    w->out = w->words[i + 1];
    return true;
  }
  if (strcmp(w->words[i], "-L") != 0) return false;
  bool empty = is_empty_folder(w->words[i + 1]);
  w->kinds[i] = w->kinds[i + 1] = empty ? LINK_LEFT_OUT : LINK_OF_BOTH;
  return true;
}

bool link_words_read(struct link_words *w, char **words) {
  bool is_static = false, pie = false;
  *w = (struct link_words){.words = words + 1};
  while (w->words[w->n] != NULL) w->n++;
  w->kinds = calloc(w->n + 1, sizeof *w->kinds);
  if (w->kinds == NULL) return false;
  for (size_t i = 0; i < w->n && w->why == NULL; i++) {
    const char *word = w->words[i];
    if (take_pair(w, i)) {
      i++;
    } else if (strncmp(word, "-l", 2) == 0 && word[2] != 0 && word[2] != ':' && !is_static) {
      w->kinds[i] = LINK_NATIVE;
    } else if (!kind_of(word, &w->kinds[i])) {
      w->why = word;
    }
    pie |= strcmp(word, "-pie") == 0;
    if (strcmp(word, "-Wl,-Bstatic") == 0) is_static = true;
    if (strcmp(word, "-Wl,-Bdynamic") == 0) is_static = false;
  }
  if (w->why == NULL && !pie) w->why = "no -pie";
  if (w->why == NULL && w->out == NULL) w->why = "no -o";
  return true;
}
