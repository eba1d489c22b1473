/* Parses command lines by the table options.def: called by verbs, and by the programs beside `kiln`. Not getopt, whose
 * state belongs to the program that `kiln run` runs, and which does not suggest what was meant.
 * Invariant: a word of the command line is one option, the value of one, an input, or an argument of a program. */
#include "options.h"
#include "tool.h"

#include <string.h>

const struct tool_option tool_options[OPTION_COUNT] = {
#define OPTION(id, name, value, values, inputs, help) {name, value, values, help, INPUTS_##inputs},
#include "options.def"
};

#define OPT(id) | UINT64_C(1) << OPTION_##id
const struct tool_verb tool_verbs[VERB_COUNT] = {
#define VERB(id, name, arguments, rest, summary, example, options)                                 \
  {name, arguments, summary, example, rest, 0 options | (uint64_t)(rest != FOREIGN) << OPTION_HELP},
#include "options.def"
};
#undef OPT
_Static_assert(OPTION_COUNT <= 64, "a verb's options are a word");

const char *const tool_inputs_names[INPUTS_COUNT] = {
#define INPUTS_OF(id, name, ...) name,
#include "options.def"
};

/* Languages, up to the first that is not set, -1. */
static const int languages_of[INPUTS_COUNT][TOOL_LANGUAGES + 1] = {
#define INPUTS_OF(id, name, ...) {__VA_ARGS__, -1},
#include "options.def"
};

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

/* The option of a word, whose value begins at *value if it is in the same word; -1: there is none. */
static int find(const struct tool_verb *verb, const char *word, const char **value) {
  *value = NULL;
  if (strcmp(word, "-h") == 0 && verb->options >> OPTION_HELP & 1) return OPTION_HELP;
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

/* Takes option `o`, which `word` is, and its value. */
static int take_option(struct tool_words *w, int o, const char *word) {
  const char *name = tool_options[o].name, *takes = tool_options[o].value;
  bool letter = name[1] != '-';
  if (takes == NULL && w->value != NULL)
    return stop(w, tool_usage("%s: %s takes no value", w->verb->name, name));
  if (o == OPTION_HELP) {
    tool_print_verb_help(stdout, w->verb);
    return stop(w, TOOL_OK);
  }
  if (letter && w->value != NULL && w->value[0] == '=')
    return stop(w, tool_usage("%s: '%s': an option of one letter takes no '='; write %s%s",
                              w->verb->name, word, name, w->value + 1));
  if (takes != NULL && takes[0] != '[' && w->value == NULL) {
    const char *next = w->at < w->argc ? w->argv[w->at] : "", *ignored;
    /* a value may begin with a dash, but an option in its place is one that was forgotten */
    bool missing = (letter && next[0] == 0) || w->at == w->argc || strcmp(next, "--") == 0 ||
                   (next[0] == '-' && next[1] != 0 && find(w->verb, next, &ignored) >= 0);
    if (missing) return stop(w, tool_usage("%s: %s needs a value: %s", w->verb->name, name, takes));
    w->value = w->argv[w->at++];
  }
  if (o == OPTION_ENV && (w->value[0] == '=' || strchr(w->value, '=') == NULL))
    return stop(w, tool_bad_value(o, w->value, takes));
  w->given |= UINT64_C(1) << o;
  return o;
}

int tool_words_next(struct tool_words *w) {
  enum tool_rest rest = w->verb->rest;
  while (w->at < w->argc) {
    char *word = w->argv[w->at];
    bool dashed = !w->plain && word[0] == '-' && word[1] != 0;
    if (dashed && strcmp(word, "--") == 0 && rest != FOREIGN) {
      w->at++;
      if (rest != INPUTS) break;
      w->plain = true;
      continue;
    }
    int o = dashed ? find(w->verb, word, &w->value) : -1;
    if (o < 0 && (rest == FOREIGN || (rest == COMMAND && !dashed))) break;
    w->at++;
    if (o >= 0) return take_option(w, o, word);
    if (dashed) return stop(w, tool_unknown_option(w->verb, word));
    w->inputs[w->n_inputs++] = word;
  }
  w->rest = w->at;
  return WORDS_END;
}

/* ---- what was given ---- */

int tool_words_count(const struct tool_words *w, int most) {
  const char *verb = w->verb->name;
  int standard = 0;
  for (int i = 0; i < w->n_inputs; i++) standard += strcmp(w->inputs[i], "-") == 0;
  if (standard > 1 && most > 1)
    return tool_usage("%s: '-' is given %d times, and standard input is read once", verb, standard);
  if (w->n_inputs == 0) return tool_usage("%s: no input; '-' is standard input", verb);
  if (w->n_inputs <= most) return TOOL_OK;
  return tool_usage("%s takes %d input, and there are %d: '%s', '%s'%s%s", verb, most, w->n_inputs,
                    w->inputs[0], w->inputs[1], w->n_inputs > 2 ? ", ..." : "",
                    w->verb->rest == PROGRAM ? "; the program's arguments come after '--'" : "");
}

static bool is_for(int option, unsigned languages) {
  const int *of = languages_of[tool_options[option].inputs];
  while (*of >= 0 && !(languages >> *of & 1)) of++;
  return *of >= 0;
}

bool tool_words_fit(const struct tool_words *w, unsigned languages, const struct tool_input *in) {
  for (int o = 0; o < OPTION_COUNT; o++) {
    if (!(w->given >> o & 1) || is_for(o, languages)) continue;
    const char *name = tool_options[o].name, *inputs = tool_inputs_names[tool_options[o].inputs];
    if (in != NULL)
      tool_error("%s: %s is for %s, but this input is %s", in->path, name, inputs, in->what);
    else tool_error("%s is for %s, but there is no such input", name, inputs);
    return false;
  }
  return true;
}

int tool_bad_value(int option, const char *value, const char *allowed) {
  return tool_usage("bad value '%s' of %s: %s", value, tool_options[option].name, allowed);
}
