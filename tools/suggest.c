/* What a user meant: the nearest of what there is, by edit distance; a verb, an option, a file. Called by options.c,
 * kiln.c and whoever opens inputs. */
#include "options.h"
#include "system.h"
#include "tool.h"

#include <dirent.h>

/* What has another name. */
static const struct {
  const char *verb, *name, *now;
} former[] = {
#define FORMER(verb, name, now) {verb, name, now},
#include "options.def"
};

/* ---- words ---- */

enum { MOST_FAR = 64 };

/* Insertions, deletions and changes from one word to the other; MOST_FAR if one has so many bytes. */
static unsigned distance(const char *a, const char *b) {
  unsigned row[MOST_FAR], n = (unsigned)strlen(b);
  if (n >= MOST_FAR || strlen(a) >= MOST_FAR) return MOST_FAR;
  for (unsigned k = 0; k <= n; k++) row[k] = k;
  for (; *a != 0; a++) {
    unsigned before = row[0]++;
    for (unsigned k = 1; k <= n; k++) {
      unsigned change = before + (*a != b[k - 1]),
               other = row[k - 1] < row[k] ? row[k - 1] : row[k];
      before = row[k];
      row[k] = change <= other ? change : other + 1;
    }
  }
  return row[n];
}

/* A word at this distance or further from another was not meant to be that. */
static unsigned too_far(const char *word) {
  size_t n = strlen(word);
  return n < 4 ? 2 : n < 8 ? 3 : 4;
}

const char *tool_nearest(const char *word, const char *const *words, size_t n) {
  const char *best = NULL;
  unsigned least = too_far(word);
  for (size_t i = 0; i < n; i++) {
    unsigned d = distance(word, words[i]);
    if (d >= least) continue;
    least = d;
    best = words[i];
  }
  return best;
}

static const char *former_name(const char *verb, const char *name) {
  for (size_t i = 0; i < sizeof former / sizeof *former; i++) {
    bool same = verb == NULL || former[i].verb == NULL ? verb == former[i].verb
                : former[i].verb[0] == '*'             ? true
                                                       : strcmp(verb, former[i].verb) == 0;
    if (same && strcmp(name, former[i].name) == 0) return former[i].now;
  }
  return NULL;
}

/* ---- verbs and options ---- */

int tool_unknown_verb(const char *word) {
  static const char *const more[] = {"help", "--help", "--version"};
  enum { MORE = sizeof more / sizeof *more };
  const char *names[VERB_COUNT + MORE], *now = former_name(NULL, word);
  for (int v = 0; v < VERB_COUNT; v++) names[v] = tool_verbs[v].name;
  for (int i = 0; i < MORE; i++) names[VERB_COUNT + i] = more[i];
  if (now != NULL) return tool_usage("there is no verb '%s'; use '%s'", word, now);
  size_t first =
    word[0] == '-' && word[1] != 0 ? VERB_COUNT : 0; /* of the names that may be meant */
  const char *near = tool_nearest(word, names + first, VERB_COUNT + MORE - first);
  if (near != NULL && first != 0)
    return tool_usage("unknown option '%s'; did you mean '%s'?", word, near);
  if (first != 0) return tool_usage("unknown option '%s'; a verb's options come after it", word);
  if (access(word, F_OK) == 0)
    return tool_usage("unknown verb '%s'; a file comes after a verb: kiln run %s", word, word);
  if (near != NULL) return tool_usage("unknown verb '%s'; did you mean '%s'?", word, near);
  return tool_usage("unknown verb '%s'", word);
}

/* The names of the verb's options that have two dashes. */
static size_t long_options(const struct tool_verb *verb, const char *names[OPTION_COUNT]) {
  size_t n = 0;
  for (int o = 0; o < OPTION_COUNT; o++)
    if (verb->options >> o & 1 && tool_options[o].name[1] == '-') names[n++] = tool_options[o].name;
  return n;
}

static bool has_option(const struct tool_verb *verb, const char *name) {
  int o = 0;
  while (o < OPTION_COUNT && (!(verb->options >> o & 1) || strcmp(name, tool_options[o].name) != 0))
    o++;
  return o < OPTION_COUNT;
}

/* The names of the verbs that have an option of this name, with commas between; false: there is none. */
static bool verbs_with(const char *option, char *out, size_t size) {
  size_t n = 0;
  for (int v = 0; v < VERB_COUNT; v++)
    if (has_option(&tool_verbs[v], option) && n < size)
      n += (size_t)snprintf(out + n, size - n, "%s%s", n > 0 ? ", " : "", tool_verbs[v].name);
  return n > 0;
}

int tool_unknown_option(const struct tool_verb *verb, const char *word) {
  const char *names[OPTION_COUNT];
  char name[48], letter[3], verbs[256];
  snprintf(name, sizeof name, "%.*s", (int)strcspn(word, "="), word);
  snprintf(letter, sizeof letter, "%.2s", word);
  const char *now = former_name(verb->name, name);
  if (now != NULL) return tool_usage("%s has no option '%s'; use '%s'", verb->name, name, now);
  if (verbs_with(name, verbs, sizeof verbs))
    return tool_usage("%s has no option '%s'; it is for: %s", verb->name, name, verbs);
  const char *near = tool_nearest(name, names, long_options(verb, names));
  if (near != NULL)
    return tool_usage("%s: unknown option '%s'; did you mean '%s'?", verb->name, name, near);
  if (letter[1] != '-' && !has_option(verb, letter) && verbs_with(letter, verbs, sizeof verbs))
    return tool_usage("%s has no option '%s'; it is for: %s", verb->name, letter, verbs);
  return tool_usage("%s: unknown option '%s'", verb->name, name);
}

/* ---- files ---- */

/* The name in the folder of `path` that is nearest to it; false: none is near. */
static bool nearest_file(const char *path, char out[NAME_MAX + 1]) {
  const char *slash = kn_last_slash(path), *name = slash != NULL ? slash + 1 : path;
  char folder[PATH_MAX];
  unsigned least = too_far(name);
  snprintf(folder, sizeof folder, "%.*s", slash != NULL ? (int)(slash + 1 - path) : 1,
           slash != NULL ? path : ".");
  DIR *d = strlen(name) > 2 ? opendir(folder) : NULL;
  if (d == NULL) return false;
  out[0] = 0;
  for (const struct dirent *e; (e = readdir(d)) != NULL;) {
    unsigned far = e->d_name[0] == '.' ? MOST_FAR : distance(name, e->d_name);
    /* of two that are as near the first in the alphabet, whatever the order of the folder */
    if (far >= too_far(name) || far > least || (far == least && strcmp(e->d_name, out) > 0))
      continue;
    least = far;
    snprintf(out, NAME_MAX + 1, "%s", e->d_name);
  }
  closedir(d);
  return out[0] != 0;
}

const char *tool_meant(const struct tool_words *w, const char *path, char hint[TOOL_HINT_SIZE]) {
  const char *names[OPTION_COUNT];
  char near[NAME_MAX + 1];
  const char *slash = kn_last_slash(path);
  size_t n = w != NULL ? long_options(w->verb, names) : 0, i = 0;
  hint[0] = 0;
  while (i < n && strcmp(names[i] + 2, path) != 0) i++;
  if (i < n) snprintf(hint, TOOL_HINT_SIZE, "; did you mean '%s'?", names[i]);
  else if (nearest_file(path, near))
    snprintf(hint, TOOL_HINT_SIZE, "; did you mean '%.*s%s'?",
             slash != NULL ? (int)(slash + 1 - path) : 0, path, near);
  else if (w != NULL && w->verb->rest == PROGRAM && strcmp(path, w->inputs[0]) != 0)
    snprintf(hint, TOOL_HINT_SIZE, "; the program's arguments come after '--'");
  return hint;
}
