/* `kiln cargo`: cargo with kiln-rustc around its compiler. It ends with what LLVM compiled, if anything, and with
 * --stats with a table of what was compiled by whom, and what it cost. */
#define _GNU_SOURCE
#include "cargo_backend.h"
#include "cargo_cache.h"
#include "cargo_config.h"
#include "cargo_way.h"
#include "carried.h"
#include "options.h"
#include "report.h"
#include "settings.h"
#include "stats.h"
#include "tool.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

/* Asks kiln-rustc to be the linker of programs, too (integrations/link). Cargo sees it, since programs depend on it. */
#define DYNAMIC_DEPS "KILN_DYNAMIC_DEPS"

/* Asks the code generator in rustc for what prints values in debuggers (integrations/rustc/src/show). */
#define SHOW "KILN_SHOW"

/* ---- kiln-rustc, by a name that says what it makes ---- */

/* Has `folder`/`name` be a symbolic link to `target`. Others may do the same at the same time. */
static bool make_link(const char *folder, const char *name, const char *target,
                      char out[PATH_MAX]) {
  char there[PATH_MAX], other[PATH_MAX];
  if (snprintf(out, PATH_MAX, "%s/%s", folder, name) >= PATH_MAX) return false;
  ssize_t n = readlink(out, there, sizeof there - 1);
  if (n > 0 && (size_t)n == strlen(target) && strncmp(there, target, (size_t)n) == 0) return true;
  if (snprintf(other, sizeof other, "%s.%jd", out, (intmax_t)getpid()) >= PATH_MAX) return false;
  unlink(other);
  return symlink(target, other) == 0 && rename(other, out) == 0;
}

/* cargo's run, and the folder of kiln-rustc's names. */
struct cargo_run {
  char **kept;  /* the environment as it was */
  bool wrapped; /* the project has a wrapper, whose compiler is kiln-rustc */
  char folder[PATH_MAX], wrapper[PATH_MAX], rustc[PATH_MAX];
  char file[PATH_MAX]; /* what this run hands on; "": nothing */
};

/* Cargo asks a compiler for its version, which has Kiln's identity (settings.h), once for each name, and keeps the
 * answer. So kiln-rustc gets a name for each identity: a link in a folder of its own, in which are the settings, too
 * (carried.h). There it is `rustc`, too, as sccache knows compilers by their files' names. */
static bool name_compiler(const char *kiln_rustc, const char *identity, struct cargo_run *run) {
  size_t size;
  char *settings = tool_carried_text(run->kept, false, &size), name[24];
  if (settings == NULL) return false;
  uint64_t hash = tool_hash_text(tool_hash_text(TOOL_HASH, identity), kiln_rustc);
  for (size_t i = 0; i < size; i += strlen(settings + i) + 1)
    hash = tool_hash_text(hash, settings + i);
  snprintf(name, sizeof name, "%016" PRIx64, hash);
  bool made = false;
  for (unsigned i = 0; !made && i < CARGO_CACHE_PLACES; i++)
    made = cargo_cache_path(i, name, run->folder) && cargo_cache_make(run->folder) &&
           cargo_cache_write(run->folder, "settings", settings, size) &&
           make_link(run->folder, "kiln-rustc", kiln_rustc, run->wrapper) &&
           make_link(run->folder, "rustc", kiln_rustc, run->rustc);
  free(settings);
  if (!made)
    tool_error("cargo: there is no folder for links to kiln-rustc: set XDG_CACHE_HOME to a "
               "writable folder");
  return made;
}

/* ---- cargo's environment ---- */

/* Files of runs whose processes are gone. */
static void remove_old_runs(const char *folder) {
  char path[PATH_MAX];
  DIR *d = opendir(folder);
  for (const struct dirent *e; d != NULL && (e = readdir(d)) != NULL;) {
    long process = strncmp(e->d_name, "run.", 4) == 0 ? strtol(e->d_name + 4, NULL, 10) : 0;
    if (process > 0 && kill((pid_t)process, 0) != 0 && errno == ESRCH &&
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name) < PATH_MAX)
      unlink(path);
  }
  if (d != NULL) closedir(d);
}

/* cargo gets the environment as it was, and the wrapper. Behind a project's wrapper, which may have a server that
 * compiles, and keys of what is in the environment, the variables are shown. */
static char **begin_run(void *user) {
  static const char *const shown[] = {"RUSTC_WRAPPER", DYNAMIC_DEPS, NULL};
  struct cargo_run *run = user;
  size_t size;
  char *text = tool_carried_text(run->kept, true, &size);
  remove_old_runs(run->folder);
  bool made = text != NULL && tool_carried_run(run->folder, run->file) &&
              cargo_cache_write(run->folder, strrchr(run->file, '/') + 1, text, size);
  free(text);
  if (!made) {
    tool_error("cargo: %s: %s", run->file, strerror(errno));
    run->file[0] = 0;
    return NULL;
  }
  return run->wrapped ? environ : tool_environment_for(run->kept, shown, false);
}

/* What is said at the end may be about the project's compiler again. */
static void end_run(void *user) {
  static const char name[] = "RUSTC=";
  const struct cargo_run *run = user;
  if (run->file[0] != 0) unlink(run->file);
  if (!run->wrapped) return;
  unsetenv("RUSTC");
  for (char **e = run->kept; *e != NULL; e++)
    if (strncmp(*e, name, strlen(name)) == 0) setenv("RUSTC", *e + strlen(name), 1);
}

/* ---- linking ---- */

/* Do cargo's words make a program that goes elsewhere? */
static bool installs(char **words) {
  static const char *const commands[] = {"install", "package", "publish"};
  for (char **w = words + 1; words[0] != NULL && *w != NULL && strcmp(*w, "--") != 0; w++)
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
      if (strcmp(*w, commands[i]) == 0) return true;
  return false;
}

/* ---- the compiler and its wrapper ---- */

/* Is the program kiln-rustc, by this name or another one? */
static bool is_ours(const char *program, const char *kiln_rustc) {
  char real[PATH_MAX];
  if (strchr(program, '/') == NULL) return strcmp(program, "kiln-rustc") == 0;
  return realpath(program, real) != NULL && strcmp(real, kiln_rustc) == 0;
}

/* Has cargo call kiln-rustc with the compiler that the project names: as its wrapper; or, where the project has a
 * wrapper, a cache say, or one for the packages of the workspace, in the compiler's place. */
static bool set_compiler(char **words, struct cargo_run *run) {
  char beside[PATH_MAX], kiln_rustc[PATH_MAX], name[PATH_MAX], identity[TOOL_IDENTITY_SIZE];
  if ((!tool_beside("kiln-rustc", beside) && !tool_beside("../bin/kiln-rustc", beside)) ||
      realpath(beside, kiln_rustc) == NULL) {
    tool_error("cargo: there is no program `kiln-rustc` beside the program `kiln`");
    return false;
  }
  bool wrapper = cargo_config_program(words, "RUSTC_WRAPPER", "build.rustc-wrapper", name),
       ours = wrapper && is_ours(name, kiln_rustc);
  run->wrapped = wrapper && !ours;
  if (!run->wrapped && cargo_config_program(words, "RUSTC_WORKSPACE_WRAPPER",
                                            "build.rustc-workspace-wrapper", name)) {
    run->wrapped = !is_ours(name, kiln_rustc);
    if (run->wrapped && ours) setenv("RUSTC_WRAPPER", "", 1); /* it is the compiler already */
  }
  if (run->wrapped && cargo_config_program(words, "RUSTC", "build.rustc", name) &&
      !is_ours(name, kiln_rustc))
    setenv("KILN_RUSTC", name, 1);
  tool_identity(identity);
  if (!name_compiler(kiln_rustc, identity, run)) return false;
  if (!run->wrapped) return setenv("RUSTC_WRAPPER", run->wrapper, 1) == 0;
  setenv("CARGO_KILN", identity, 1); /* sccache has CARGO_* in its keys */
  return setenv("RUSTC", run->rustc, 1) == 0;
}

/* ---- the command line ---- */

/* Kiln's options, which stand before cargo's words. */
struct cargo_options {
  bool shim;       /* --no-bootstrap: not the code generator that rustc loads, but the shim */
  bool setup;      /* --setup */
  bool dynamic;    /* --dynamic-deps */
  char *toolchain; /* +TOOLCHAIN; NULL: none */
};

/* Says what is missing if values are to be shown. */
static void check_show(char **words, const struct cargo_options *options) {
  char command[CARGO_WHY_SIZE];
  const char *asked = getenv(SHOW);
  if (asked == NULL || asked[0] == 0 || strcmp(asked, "0") == 0) return;
  if (options->shim || tool_backend() == NULL) {
    bool offered = !options->shim && cargo_backend_offer(words, command);
    tool_warning("cargo: values are not shown: only Kiln in rustc has what prints them%s%s",
                 offered ? "; to use it, run " : "", offered ? command : "");
  }
}

/* Takes Kiln's options; `w->rest` is where other words begin. */
static int take_options(struct tool_words *w, struct cargo_options *out) {
  struct tool_inlining inlining = {.size = 0};
  for (int o; (o = tool_words_next(w)) != WORDS_END;) {
    switch (o) {
    case OPTION_INLINE:
      if (tool_parse_inline(w->value, &inlining) != TOOL_OK) return TOOL_USAGE;
      setenv("KILN_INLINE", w->value != NULL ? w->value : "small", 1);
      break;
    case OPTION_STATS: tool_report_request(w->value); break;
    case OPTION_NO_BOOTSTRAP: out->shim = true; break;
    case OPTION_DYNAMIC_DEPS: out->dynamic = true; break;
    case OPTION_SHOW: setenv(SHOW, "1", 1); break;
    case OPTION_SETUP: out->setup = true; break;
    default: return w->status;
    }
  }
  return TOOL_OK;
}

/* The same before and after +TOOLCHAIN, which rustup's cargo takes as its first word. */
static int take_first_words(struct tool_words *w, struct cargo_options *out) {
  int status = take_options(w, out);
  if (status != TOOL_OK || w->rest == w->argc || w->argv[w->rest][0] != '+') return status;
  out->toolchain = w->argv[w->rest];
  w->at = w->rest + 1;
  return take_options(w, out);
}

/* An option of Kiln among cargo's words is in the wrong place. */
static int check_places(const struct tool_words *w, const char *toolchain) {
  for (int i = w->rest; i < w->argc && strcmp(w->argv[i], "--") != 0; i++) {
    struct tool_words one;
    struct tool_inlining inlining;
    char *words[] = {w->argv[0], w->argv[i]};
    tool_words_begin(&one, VERB_CARGO, 2, words);
    int o = tool_words_next(&one);
    if (o == WORDS_END) continue;
    if (o == WORDS_STOP) return one.status;
    if (o == OPTION_INLINE && tool_parse_inline(one.value, &inlining) != TOOL_OK) return TOOL_USAGE;
    bool alone = o == OPTION_SETUP;
    return tool_usage("cargo: %s is Kiln's option and stands first: kiln cargo %s%s%s%s%s",
                      words[1], toolchain != NULL ? toolchain : "", toolchain != NULL ? " " : "",
                      words[1], alone ? "" : " ", alone ? "" : w->argv[w->rest]);
  }
  return TOOL_OK;
}

/* A first word that begins with "--" is an option of cargo's, or one of Kiln's that is misspelled. */
static int check_spelling(const struct tool_words *w) {
  static const char *const cargos[] = {
    "--version", "--verbose", "--list",   "--explain", "--quiet", "--color",
    "--locked",  "--offline", "--frozen", "--config",  "--help",
  };
  enum { CARGOS = sizeof cargos / sizeof *cargos };
  const char *names[CARGOS + OPTION_COUNT], *word = w->rest < w->argc ? w->argv[w->rest] : "";
  char name[48];
  size_t n = 0;
  if (strncmp(word, "--", 2) != 0 || word[2] == 0) return TOOL_OK;
  snprintf(name, sizeof name, "%.*s", (int)strcspn(word, "="), word);
  for (; n < CARGOS; n++) names[n] = cargos[n];
  for (int o = 0; o < OPTION_COUNT; o++)
    if (w->verb->options >> o & 1) names[n++] = tool_options[o].name;
  const char *near = tool_nearest(name, names, n);
  for (size_t i = 0; i < CARGOS && near != NULL; i++)
    if (strcmp(near, cargos[i]) == 0) near = NULL;
  if (near == NULL) return TOOL_OK;
  return tool_usage("cargo: unknown option '%s'; did you mean '%s'?", name, near);
}

/* Prints Kiln's options, if cargo is asked for its own. */
static void help(const struct tool_words *w) {
  const char *word = w->rest < w->argc ? w->argv[w->rest] : "";
  bool asked = strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 ||
               (strcmp(word, "help") == 0 && w->rest + 1 == w->argc);
  if (!asked) return;
  tool_print_verb_help(stdout, w->verb);
  fputs("\nThe help of cargo:\n\n", stdout);
  fflush(stdout);
}

/* Makes cargo's command line of Kiln's: its name, +TOOLCHAIN, and the words that are not Kiln's. */
static char **cargo_words(const struct tool_words *w, char *toolchain) {
  char **words = w->argv + w->rest, *name = w->argv[0];
  if (toolchain != NULL) *--words = toolchain;
  *--words = name;
  return words;
}

int verb_cargo(int argc, char **argv) {
  struct cargo_options options = {.setup = false};
  struct cargo_run run = {.kept = tool_environment_keep()};
  struct tool_words w;
  tool_words_begin(&w, VERB_CARGO, argc, argv);
  if (run.kept == NULL) return TOOL_FAILED;
  int bad = take_first_words(&w, &options);
  if (bad == TOOL_OK) bad = check_spelling(&w);
  if (bad == TOOL_OK) bad = check_places(&w, options.toolchain);
  if (bad != TOOL_OK) return bad;
  help(&w);
  argv = cargo_words(&w, options.toolchain);
  if (options.setup) return cargo_backend_setup(argv);
  struct tool_settings settings;
  if (!tool_settings_begin(&settings, "cargo")) return TOOL_USAGE;
  if (options.dynamic) setenv(DYNAMIC_DEPS, "1", 1);
  if (installs(argv)) unsetenv(DYNAMIC_DEPS);
  if (options.shim) unsetenv("KILN_BACKEND");
  else if ((bad = cargo_backend_choose(argv)) != TOOL_OK) return bad;
  check_show(argv, &options);
  if (!set_compiler(argv, &run)) return TOOL_FAILED;
  const char *cargo = getenv("CARGO");
  /* rustup's cargo understands +TOOLCHAIN; $CARGO may be that of a toolchain */
  if (options.toolchain != NULL || cargo == NULL || cargo[0] == 0) cargo = "cargo";
  argv[0] = (char *)(uintptr_t)cargo; /* exec's type has no const */
  const char *dynamic = getenv(DYNAMIC_DEPS);
  struct cargo_way way = {
    .words = argv, .shim = options.shim, .dynamic = dynamic != NULL && dynamic[0] != 0};
  return stats_run("cargo", argv, &(struct stats_say){.say = cargo_way_say, .user = &way},
                   &(struct stats_child){.begin = begin_run, .end = end_run, .user = &run});
}
