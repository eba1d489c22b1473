/* Command lines of `kiln` and of the programs beside it, by the table options.def. options.c parses them, suggest.c
 * says what was meant, help.c prints help and completions.
 *
 *   struct tool_words w;
 *   tool_words_begin(&w, VERB_PRINT, argc, argv);
 *   for (int o; (o = tool_words_next(&w)) != WORDS_END;)
 *     switch (o) { case OPTION_TARGET: ... w.value ...; break; default: return w.status; }
 *
 * then w.inputs has the inputs. */
#ifndef KN_TOOLS_OPTIONS_H
#define KN_TOOLS_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct tool_input;

enum {
#define OPTION(id, name, value, values, inputs, help) OPTION_##id,
#include "options.def"
  OPTION_COUNT
};

enum tool_verb_id {
#define VERB(id, name, arguments, rest, summary, example, options) VERB_##id,
#include "options.def"
  VERB_COUNT
};

/* Inputs that an option is for. */
enum tool_inputs {
#define INPUTS_OF(id, name, ...) INPUTS_##id,
#include "options.def"
  INPUTS_COUNT
};

enum tool_rest { INPUTS, PROGRAM, COMMAND, FOREIGN };

struct tool_option {
  const char *name, *value, *values, *help;
  enum tool_inputs inputs;
};
extern const struct tool_option tool_options[OPTION_COUNT];
/* By enum tool_inputs. */
extern const char *const tool_inputs_names[INPUTS_COUNT];

struct tool_verb {
  const char *name, *arguments, *summary, *example;
  enum tool_rest rest;
  uint64_t options; /* 1 << OPTION_... */
};
extern const struct tool_verb tool_verbs[VERB_COUNT];

/* Results of tool_words_next besides options. */
enum { WORDS_END = -1, WORDS_STOP = -2 };

struct tool_words {
  const struct tool_verb *verb;
  char **argv;
  int argc, at;
  bool plain;        /* "--" was met */
  uint64_t given;    /* 1 << OPTION_... of those so far */
  const char *value; /* of the option; NULL: none */
  char **inputs;     /* begin of argv, in which inputs are collected */
  int n_inputs;
  int rest;   /* at the end: the first word of the program's or the command's in argv, or argc */
  int status; /* of WORDS_STOP: what the verb returns, after help or a message */
};

void tool_words_begin(struct tool_words *w, enum tool_verb_id verb, int argc, char **argv);
/* The next option, an OPTION_..., with its value in `value`; WORDS_END, or WORDS_STOP. */
int tool_words_next(struct tool_words *w);
/* TOOL_OK if there are at least one input and at most `most`; else TOOL_USAGE after a message. */
int tool_words_count(const struct tool_words *w, int most);
/* Whether each option that was given is for one of these languages (bits 1 << enum tool_language); else an error says
 * which is not: for the input `in`, or, if that is NULL, for all inputs. */
bool tool_words_fit(const struct tool_words *w, unsigned languages, const struct tool_input *in);
/* Says that an option's value is none of what it may be; TOOL_USAGE. */
int tool_bad_value(int option, const char *value, const char *allowed);

/* ---- suggest.c ---- */

/* The one of `n` words that `word` was meant to be; NULL: none is near. */
const char *tool_nearest(const char *word, const char *const *words, size_t n);
/* Says that there is no such verb, or that the verb has no such option, and what was meant; TOOL_USAGE. */
int tool_unknown_verb(const char *word);
int tool_unknown_option(const struct tool_verb *verb, const char *word);
/* What may have been meant by an input that does not exist: "; did you mean ...?", or "". `w` may be NULL. */
enum { TOOL_HINT_SIZE = 512 };
const char *tool_meant(const struct tool_words *w, const char *path, char hint[TOOL_HINT_SIZE]);

/* ---- help.c ---- */

/* All verbs; one of them with its options. */
void tool_print_help(FILE *out);
void tool_print_verb_help(FILE *out, const struct tool_verb *verb);
/* The completion for the shell of this name; false if there is none. */
bool tool_print_completion(FILE *out, const char *shell);

#endif
