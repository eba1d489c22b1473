/* Parses command lines by the table options.def: called by verbs, and by the programs beside `kiln`. Not getopt, whose
 * state belongs to the program that `kiln run` runs, and which says nothing of what was meant.
 * Invariant: a word of the command line is one option, the value of one, an input, or an argument of a program. */
#include "options.h"
#include "tool.h"

#include <string.h>

const struct tool_option tool_options[OPTION_COUNT] = {
#define OPTION(id, name, value, values, help) {name, value, values, help},
#include "options.def"
};

#define OPT(id) | UINT64_C(1) << OPTION_##id
const struct tool_verb tool_verbs[VERB_COUNT] = {
#define VERB(id, name, arguments, rest, summary, example, options)                                 \
  {name, arguments, summary, example, rest, UINT64_C(1) << OPTION_HELP options},
#include "options.def"
};
#undef OPT
_Static_assert(OPTION_COUNT <= 64, "a verb's options are a word");

/* ---- what was meant ---- */

/* Insertions, deletions and changes from one word to the other; words of up to 31 bytes. */
static unsigned distance(const char *a, const char *b) {
  enum { MOST = 32 };
  unsigned row[MOST], n = (unsigned)strlen(b);
  if (n >= MOST || strlen(a) >= MOST) return MOST;
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

const char *tool_nearest(const char *word, const char *const *words, size_t n) {
  const char *best = NULL;
  unsigned least = strlen(word) < 4 ? 2 : 4; /* what is further away was not meant */
  for (size_t i = 0; i < n; i++) {
    unsigned d = distance(word, words[i]);
    if (d >= least) continue;
    least = d;
    best = words[i];
  }
  return best;
}

/* ---- words ---- */

void tool_words_begin(struct tool_words *w, enum tool_verb_id verb, int argc, char **argv) {
  *w = (struct tool_words){.verb = &tool_verbs[verb],
                           .argv = argv,
                           .argc = argc,
                           .at = 1,
                           .inputs = argv + 1,
                           .rest = argc,
                           .status = TOOL_OK};
}

static int stop(struct tool_words *w, int status) {
  w->status = status;
  return WORDS_STOP;
}

static int unknown(struct tool_words *w, const char *word) {
  const char *names[OPTION_COUNT];
  size_t n = 0;
  char name[32];
  snprintf(name, sizeof name, "%.*s", (int)strcspn(word, "="), word);
  for (int o = 0; o < OPTION_COUNT; o++)
    if (w->verb->options >> o & 1 && tool_options[o].name[1] == '-')
      names[n++] = tool_options[o].name;
  const char *near = tool_nearest(name, names, n);
  if (near != NULL)
    return stop(
      w, tool_usage("%s: unknown option '%s'; did you mean '%s'?", w->verb->name, name, near));
  return stop(w, tool_usage("%s: unknown option '%s'", w->verb->name, name));
}

/* The option of a word, whose value begins at *value if it is in the same word; -1: there is none. */
static int find(const struct tool_verb *verb, const char *word, const char **value) {
  for (int o = 0; o < OPTION_COUNT; o++) {
    const char *name = tool_options[o].name;
    size_t n = strlen(name);
    if (!(verb->options >> o & 1) || strncmp(word, name, n) != 0) continue;
    *value = NULL;
    if (word[n] == 0) return o;
    *value = name[1] == '-' ? word + n + 1 : word + n;
    if (name[1] != '-' ? tool_options[o].value != NULL : word[n] == '=') return o;
  }
  return -1;
}

static int take_option(struct tool_words *w, const char *word) {
  int o = find(w->verb, word, &w->value);
  if (strcmp(word, "-h") == 0) o = OPTION_HELP;
  if (o < 0) return unknown(w, word);
  const char *takes = tool_options[o].value;
  if (o == OPTION_HELP) {
    tool_print_verb_help(stdout, w->verb);
    return stop(w, TOOL_OK);
  }
  if (takes == NULL && w->value != NULL)
    return stop(w, tool_usage("%s: %s takes no value", w->verb->name, tool_options[o].name));
  if (takes != NULL && takes[0] != '[' && w->value == NULL) {
    if (w->at < w->argc) w->value = w->argv[w->at++];
    if (w->value == NULL || (w->value[0] == 0 && word[1] != '-'))
      return stop(
        w, tool_usage("%s: %s needs a value: %s", w->verb->name, tool_options[o].name, takes));
  }
  return o;
}

int tool_words_next(struct tool_words *w) {
  while (w->at < w->argc) {
    char *word = w->argv[w->at];
    bool option = !w->plain && word[0] == '-' && word[1] != 0;
    if (option && strcmp(word, "--") == 0) {
      w->at++;
      if (w->verb->rest == PROGRAM) break;
      w->plain = true;
      continue;
    }
    w->at++;
    if (option) return take_option(w, word);
    w->inputs[w->n_inputs++] = word;
    if (w->verb->rest != ARGUMENTS) continue;
    if (w->at < w->argc && strcmp(w->argv[w->at], "--") == 0) w->at++;
    break;
  }
  w->rest = w->at;
  return WORDS_END;
}
