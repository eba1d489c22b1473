/* rustc's command line. Facts: rustc_session's config.rs (all options but the flags below take a value), the crate
 * getopts (bundled letters, values that are attached), rustc_driver's args.rs (@FILE: a word a line, not nested). */
#include "rustc_words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool rustc_is_off(const char *value) {
  static const char *const words[] = {"n", "no", "off", "false"};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (strcmp(value, words[i]) == 0) return true;
  return false;
}

/* "name=value" of -C and -Z. */
static void pass_pair(const struct rustc_words *r, int kind, const char *pair) {
  char name[128];
  size_t n = strcspn(pair, "=");
  const char *value = pair[n] == '=' ? pair + n + 1 : NULL;
  if (n >= sizeof name) n = sizeof name - 1;
  for (size_t i = 0; i < n; i++) name[i] = pair[i] == '_' ? '-' : pair[i];
  name[n] = 0;
  r->fn(r->user, kind, name, value);
}

/* Options of several letters that say what one of one letter does, or that matter by themselves. */
static const struct {
  const char *name;
  int kind;
} longs[] = {
  {"codegen", 'C'}, {"emit", RUSTC_EMIT}, {"target", RUSTC_TARGET},
  {"version", 'V'}, {"verbose", 'v'},     {"help", 'h'},
};

static int kind_of(const char *name, size_t n) {
  for (size_t i = 0; i < sizeof longs / sizeof *longs; i++)
    if (strlen(longs[i].name) == n && strncmp(longs[i].name, name, n) == 0) return longs[i].kind;
  return RUSTC_OTHER;
}

static bool is_flag(int kind, const char *name) {
  return kind == 'V' || kind == 'v' || kind == 'h' || kind == 'g' || kind == 'O' ||
         strcmp(name, "test") == 0;
}

static void pass(const struct rustc_words *r, int kind, const char *name, const char *value) {
  if ((kind == 'C' || kind == 'Z') && value != NULL) pass_pair(r, kind, value);
  else r->fn(r->user, kind, name, value);
}

/* "--name", "--name=value"; the next word is the value where one is missing. */
static void long_option(struct rustc_words *r, const char *word) {
  const char *name = word + 2;
  size_t n = strcspn(name, "=");
  int kind = kind_of(name, n);
  if (name[n] == '=') pass(r, kind, word, name + n + 1);
  else if (is_flag(kind, name)) pass(r, kind, word, NULL);
  else r->pending = word;
}

/* "-gO", "-Copt-level=1", "-C" and the next word. */
static void letters(struct rustc_words *r, const char *word) {
  for (const char *c = word + 1; *c != 0; c++) {
    if (is_flag(*c, "")) {
      pass(r, *c, word, NULL);
      continue;
    }
    if (c[1] != 0) pass(r, *c, word, c + 1);
    else r->pending = c; /* of which only the letter is read */
    return;
  }
}

static void read_file(struct rustc_words *r, const char *path) {
  FILE *f = fopen(path, "r");
  char *line = NULL;
  size_t room = 0;
  if (f == NULL) {
    r->unread = true;
    return;
  }
  for (ssize_t n; (n = getline(&line, &room, f)) > 0;) {
    if (line[n - 1] == '\n') line[--n] = 0;
    if (n > 0 && line[n - 1] == '\r') line[n - 1] = 0;
    if (line[0] == '@') r->fn(r->user, RUSTC_INPUT, line, line);
    else
      rustc_word(r,
                 strdup(line)); /* lives as long as the process, as words of the command line do */
  }
  free(line);
  fclose(f);
}

void rustc_word(struct rustc_words *r, const char *word) {
  if (word == NULL) return;
  if (word[0] == '@') {
    read_file(r, word + 1);
  } else if (r->pending != NULL) {
    const char *option = r->pending;
    r->pending = NULL;
    bool of_letters = option[0] != '-';
    pass(r, of_letters ? option[0] : kind_of(option + 2, strlen(option + 2)), option, word);
  } else if (r->only_inputs || word[0] != '-' || word[1] == 0) {
    r->fn(r->user, RUSTC_INPUT, word, word);
  } else if (strcmp(word, "--") == 0) {
    r->only_inputs = true;
  } else if (word[1] == '-') {
    long_option(r, word);
  } else {
    letters(r, word);
  }
}
