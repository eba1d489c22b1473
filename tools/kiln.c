/* The `kiln` tool: finds the verb and calls it. Each verb takes its own words (options.h) and calls the public API;
 * exit codes are 0 done, 1 failed with a diagnostic, 2 wrong usage. */
#include "options.h"
#include "system.h"
#include "tool.h"

#include <kiln/llvm.h>

static int verb_completion(int argc, char **argv) {
  struct tool_words w;
  tool_words_begin(&w, VERB_COMPLETION, argc, argv);
  if (tool_words_next(&w) != WORDS_END) return w.status;
  if (w.n_inputs != 1) return tool_usage("completion needs a shell: bash, zsh or fish");
  if (tool_print_completion(stdout, w.inputs[0])) return TOOL_OK;
  return tool_usage("completion: unknown shell '%s': bash, zsh or fish", w.inputs[0]);
}

static int (*const verbs[VERB_COUNT])(int argc, char **argv) = {
  [VERB_COMPILE] = verb_compile, [VERB_CC] = verb_cc,         [VERB_CXX] = verb_cxx,
  [VERB_FLANG] = verb_flang,     [VERB_CARGO] = verb_cargo,   [VERB_WITH] = verb_with,
  [VERB_PRINT] = verb_print,     [VERB_VERIFY] = verb_verify, [VERB_DIS] = verb_dis,
  [VERB_INTERP] = verb_interp,   [VERB_RUN] = verb_run,       [VERB_COMPLETION] = verb_completion,
  [VERB_STATS] = verb_stats,
};

static int print_version(void) {
  char targets[TOOL_TARGETS_SIZE];
  printf("kiln %s\nTargets: %s\nReads: bitcode of LLVM %d and newer (tested to %d), WebAssembly, "
         "QBE IL, Kiln text\n",
         tool_version(), tool_targets(targets, ", ", ", "), KILN_LLVM_OLDEST, KILN_LLVM_NEWEST);
  return TOOL_OK;
}

/* The verb that the name of the program says, as build systems and compiler caches want a compiler to be one word.
 * icecc distributes only the work of compilers whose names contain "clang" or "gcc", and calls them `clang` on its
 * servers. NULL: none. */
static const char *named_verb(const char *program) {
  static const char *const names[][2] = {{"kiln-cc", "cc"},       {"kiln-c++", "c++"},
                                         {"kiln-flang", "flang"}, {"kiln-clang", "cc"},
                                         {"kiln-clang++", "c++"}, {"clang", "cc"}};
  const char *slash = strrchr(program, '/'), *name = slash != NULL ? slash + 1 : program;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (strcmp(name, names[i][0]) == 0) return names[i][1];
  return NULL;
}

/* CMake takes "kiln-" in kiln-cc for the prefix of a cross compiler's tools. By it all versions look for an archiver
 * that knows LLVM's link-time optimization, and those from 3.28 to 3.31 for the scanner of C++20 modules. The tools
 * are LLVM's. -1: the program has no such name. */
static int become_tool(char **argv) {
  static const struct {
    const char *name, *programs[3], *package;
  } tools[] = {
    {"kiln-llvm-ar", {"llvm-ar-22", "llvm-ar", "ar"}, "llvm-22 or binutils"},
    {"kiln-llvm-ranlib", {"llvm-ranlib-22", "llvm-ranlib", "ranlib"}, "llvm-22 or binutils"},
    {"kiln-clang-scan-deps", {"clang-scan-deps-22", "clang-scan-deps"}, "clang-tools-22"},
  };
  const char *slash = strrchr(argv[0], '/'), *name = slash != NULL ? slash + 1 : argv[0];
  for (size_t t = 0; t < sizeof tools / sizeof *tools; t++) {
    if (strcmp(name, tools[t].name) != 0) continue;
    for (unsigned i = 0; i < 3 && tools[t].programs[i] != NULL; i++)
      execvp(tools[t].programs[i], argv);
    tool_error("there is no %s: install the package %s", tools[t].programs[0], tools[t].package);
    return TOOL_FAILED;
  }
  return -1;
}

/* The verb of this name; VERB_COUNT: there is none. */
static int find_verb(const char *name) {
  int v = 0;
  while (v < VERB_COUNT && strcmp(name, tool_verbs[v].name) != 0) v++;
  return v;
}

static bool is_help(const char *word) {
  return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

/* `kiln help [VERB]` */
static int print_help(int argc, char **argv) {
  bool itself = argc == 2 && (strcmp(argv[1], "help") == 0 || is_help(argv[1]));
  if (argc < 2 || itself) {
    tool_print_help(stdout);
    return TOOL_OK;
  }
  if (argc > 2) return tool_usage("help takes 1 verb, and there are %d words", argc - 1);
  int v = find_verb(argv[1]);
  if (v == VERB_COUNT) return tool_unknown_verb(argv[1]);
  tool_print_verb_help(stdout, &tool_verbs[v]);
  return TOOL_OK;
}

static int run(int argc, char **argv) {
  const char *named = argc > 0 ? named_verb(argv[0]) : NULL;
  if (named != NULL) return verbs[find_verb(named)](argc, argv);
  int archived = argc > 0 ? become_tool(argv) : -1;
  if (archived >= 0) return archived;
  if (argc < 2) {
    tool_print_help(stderr);
    return TOOL_USAGE;
  }
  const char *word = argv[1];
  if (is_help(word)) return print_help(1, argv);
  if (strcmp(word, "--version") == 0) return print_version();
  if (strcmp(word, "help") == 0) return print_help(argc - 1, argv + 1);
  int v = find_verb(word);
  return v < VERB_COUNT ? verbs[v](argc - 1, argv + 1) : tool_unknown_verb(word);
}

int main(int argc, char **argv) {
  tool_system_begin();
  return tool_output_end(run(argc, argv));
}
