/* What `kiln --help`, `kiln VERB --help` and `kiln completion` print: all from the table options.def. */
#include "options.h"
#include "tool.h"

#include <string.h>

/* ---- words that the library knows ---- */

static void put_targets(FILE *out, const char *between, const char *last) {
  char targets[TOOL_TARGETS_SIZE];
  fputs(tool_targets(targets, between, last), out);
}

static void put_features(FILE *out, const char *between) {
  const char *feature, *before = "";
  for (unsigned t = 1; kiln_processor_name((kiln_processor)t) != NULL; t++) {
    for (unsigned i = 0; (feature = kiln_feature_name((kiln_processor)t, i)) != NULL; i++) {
      fprintf(out, "%s%s", before, feature);
      before = between;
    }
  }
}

/* The words that an option's value may be, with spaces between them. */
static void put_values(FILE *out, const struct tool_option *o) {
  if (o->values == NULL) return;
  if (strcmp(o->values, "@targets") == 0) put_targets(out, " ", " ");
  else if (strcmp(o->values, "@features") == 0) put_features(out, " ");
  else fputs(o->values, out);
}

/* A text with "@targets" and "@features" written out, and `column` spaces before each line but the first. */
static void put_text(FILE *out, const char *text, int column) {
  for (const char *at = text; *at != 0; at++) {
    if (strncmp(at, "@targets", 8) == 0) put_targets(out, ", ", " or "), at += 7;
    else if (strncmp(at, "@features", 9) == 0) put_features(out, ", "), at += 8;
    else if (*at == '\n') fprintf(out, "\n%*s", column, "");
    else fputc(*at, out);
  }
}

/* ---- help ---- */

static void put_heading(FILE *out, const char *text) {
  fprintf(out, tool_coloured(out) ? "\33[1m%s\33[0m" : "%s", text);
}

void tool_print_help(FILE *out) {
  put_heading(out, "Usage:");
  fputs(" kiln VERB [ARGUMENT...]\n\n", out);
  for (int v = 0; v < VERB_COUNT; v++)
    fprintf(out, "  %-12s%s\n", tool_verbs[v].name, tool_verbs[v].summary);
  fputs("\nINPUT is LLVM bitcode, WebAssembly, QBE IL or Kiln text; kiln detects which.\n"
        "  kiln help VERB      print the options of a verb, and an example\n"
        "  kiln --version      print the version, targets and supported bitcode\n\n",
        out);
  put_heading(out, "Example:");
  fprintf(out, " %s\n\n", tool_verbs[VERB_CC].example);
  fputs("'-' stands for standard input or output. Exit status: 0: success, 1: error in an\n"
        "input, 2: wrong usage. `run` and `interp` return the status of their program.\n",
        out);
}

/* An option's line, or lines. */
static void put_option(FILE *out, const struct tool_option *o) {
  enum { COLUMN = 24 };
  const char *value = o->value != NULL ? o->value : "", *before = "";
  if (o->value != NULL) before = o->name[1] != '-' ? " " : value[0] == '[' ? "[=" : "=";
  if (value[0] == '[') value++;
  int n = fprintf(out, "  %s%s%s", o->name, before, value);
  fprintf(out, "%*s", n < COLUMN ? COLUMN - n : 1, "");
  put_text(out, o->help, COLUMN);
  fputc('\n', out);
}

void tool_print_verb_help(FILE *out, const struct tool_verb *verb) {
  put_heading(out, "Usage:");
  fprintf(out, " kiln %s %s\n\n%s\n\n", verb->name, verb->arguments, verb->summary);
  for (int i = 0; i < INPUTS_COUNT; i++) {
    bool headed = i == INPUTS_ALL || verb->rest == FOREIGN;
    for (int o = 0; o < OPTION_COUNT; o++) {
      if (!(verb->options >> o & 1) || tool_options[o].inputs != (enum tool_inputs)i) continue;
      if (!headed) fprintf(out, "For %s:\n", tool_inputs_names[i]);
      headed = true;
      put_option(out, &tool_options[o]);
    }
  }
  if (verb->options != 0) fputc('\n', out);
  put_heading(out, "Example:");
  fprintf(out, " %s\n", verb->example);
}

/* ---- completions ---- */

static void complete_bash(FILE *out) {
  fputs("# Completion of kiln for bash: kiln completion bash\n"
        "_kiln() {\n"
        "  local cur=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} words=\n"
        "  local option=$before\n"
        "  [[ $before != = ]] || option=${COMP_WORDS[COMP_CWORD-2]}\n"
        "  [[ $cur != = ]] || { option=$before; cur=; }\n"
        "  COMPREPLY=()\n"
        "  if (( COMP_CWORD == 1 )); then\n"
        "    words='",
        out);
  for (int v = 0; v < VERB_COUNT; v++) fprintf(out, "%s ", tool_verbs[v].name);
  fputs("--help --version'\n  else\n    case ${COMP_WORDS[1]}:$option in\n", out);
  for (int v = 0; v < VERB_COUNT; v++) {
    const struct tool_verb *verb = &tool_verbs[v];
    if (verb->options == 0) continue;
    for (int i = 0; i < OPTION_COUNT; i++) {
      const struct tool_option *o = &tool_options[i];
      if (!(verb->options >> i & 1) || o->values == NULL || o->values[0] == 0) continue;
      fprintf(out, "      %s:%s) words='", verb->name, o->name);
      put_values(out, o);
      fputs("' ;;\n", out);
    }
    fprintf(out, "      %s:*) [[ $cur != -* ]] || words='", verb->name);
    for (int i = 0; i < OPTION_COUNT; i++)
      if (verb->options >> i & 1)
        fprintf(out, "%s%s ", tool_options[i].name,
                tool_options[i].value != NULL && tool_options[i].name[1] == '-' &&
                    tool_options[i].value[0] != '['
                  ? "="
                  : "");
    fputs("' ;;\n", out);
  }
  fputs("    esac\n"
        "    [[ ${COMP_WORDS[1]} != completion ]] || words='bash zsh fish'\n"
        "  fi\n"
        "  [[ -z $words ]] || mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
        "  [[ ${COMPREPLY[0]-} != *= ]] || compopt -o nospace 2> /dev/null || true\n"
        "}\n"
        "complete -o default -F _kiln kiln\n",
        out);
}

/* A text in which quotes of zsh and fish, and the brackets of zsh, are ordinary: on one line. */
static void put_plain(FILE *out, const char *text) {
  for (; *text != 0; text++) {
    if (*text == '\n') fputc(' ', out);
    else if (strncmp(text, "@targets", 8) == 0) put_targets(out, ", ", " or "), text += 7;
    else if (strncmp(text, "@features", 9) == 0) put_features(out, ", "), text += 8;
    else if (strchr("'[]:", *text) == NULL) fputc(*text, out);
  }
}

static void complete_zsh(FILE *out) {
  fputs("#compdef kiln\n# Completion of kiln for zsh: kiln completion zsh\n"
        "if (( CURRENT == 2 )); then\n  local -a verbs=(\n",
        out);
  for (int v = 0; v < VERB_COUNT; v++) {
    fprintf(out, "    '%s:", tool_verbs[v].name);
    put_plain(out, tool_verbs[v].summary);
    fputs("'\n", out);
  }
  fputs("  )\n  _describe verb verbs\n  return\nfi\nlocal verb=$words[2]\nshift words\n(( "
        "CURRENT-- ))\n"
        "case $verb in\n",
        out);
  for (int v = 0; v < VERB_COUNT; v++) {
    const struct tool_verb *verb = &tool_verbs[v];
    if (verb->options == 0) continue;
    fprintf(out, "  %s) _arguments", verb->name);
    for (int i = 0; i < OPTION_COUNT; i++) {
      const struct tool_option *o = &tool_options[i];
      if (!(verb->options >> i & 1)) continue;
      bool word = o->name[1] == '-', missing = o->value != NULL && o->value[0] == '[';
      fprintf(out, " \\\n    '%s%s[", o->name, o->value == NULL || missing ? "" : word ? "=" : "+");
      put_plain(out, o->help);
      fputs("]", out);
      if (o->value != NULL && !missing) {
        fputc(':', out);
        put_plain(out, o->value);
        fputc(':', out);
        if (o->values == NULL) fputs("_files", out);
        else if (o->values[0] != 0) fputc('(', out), put_values(out, o), fputc(')', out);
      }
      fputs("'", out);
    }
    fputs(v == VERB_COMPLETION ? " \\\n    '1:shell:(bash zsh fish)' ;;\n"
                               : " \\\n    '*:input:_files' ;;\n",
          out);
  }
  fputs("  *) _files ;;\nesac\n", out);
}

static void complete_fish(FILE *out) {
  fputs("# Completion of kiln for fish: kiln completion fish\n", out);
  for (int v = 0; v < VERB_COUNT; v++) {
    fprintf(out, "complete -c kiln -f -n __fish_use_subcommand -a %s -d '", tool_verbs[v].name);
    put_plain(out, tool_verbs[v].summary);
    fputs("'\n", out);
  }
  for (int v = 0; v < VERB_COUNT; v++) {
    const struct tool_verb *verb = &tool_verbs[v];
    for (int i = 0; i < OPTION_COUNT; i++) {
      const struct tool_option *o = &tool_options[i];
      if (!(verb->options >> i & 1)) continue;
      bool word = o->name[1] == '-', missing = o->value == NULL || o->value[0] == '[';
      fprintf(out, "complete -c kiln -n '__fish_seen_subcommand_from %s' -%c %s%s -d '", verb->name,
              word ? 'l' : 's', o->name + 1 + word,
              missing             ? ""
              : o->values != NULL ? " -x"
                                  : " -r");
      put_plain(out, o->help);
      fputs("'", out);
      if (!missing && o->values != NULL && o->values[0] != 0)
        fputs(" -a '", out), put_values(out, o), fputc('\'', out);
      fputc('\n', out);
    }
  }
  fputs("complete -c kiln -f -n '__fish_seen_subcommand_from completion' -a 'bash zsh fish'\n",
        out);
}

bool tool_print_completion(FILE *out, const char *shell) {
  static const struct {
    const char *name;
    void (*print)(FILE *);
  } shells[] = {{"bash", complete_bash}, {"zsh", complete_zsh}, {"fish", complete_fish}};
  for (size_t i = 0; i < sizeof shells / sizeof *shells; i++) {
    if (strcmp(shell, shells[i].name) != 0) continue;
    shells[i].print(out);
    return true;
  }
  return false;
}
