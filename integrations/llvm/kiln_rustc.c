/* kiln-rustc: rustc, with Kiln as its code generator at opt-level 0; where Kiln inlines ($KILN_INLINE) at opt-level 1,
 * too, in place of LLVM's passes.
 *
 *   RUSTC_WRAPPER=kiln-rustc cargo build      cargo gives it rustc and the arguments
 *   RUSTC=kiln-rustc cargo build              it finds rustc by itself: $KILN_RUSTC, default rustc
 *
 * It has the dynamic linker load the shim, then becomes rustc. Or, if there is a driver for this rustc (rustc with Kiln
 * inside, integrations/rustc/driver), it runs that in place of rustc, and waits for it: rerun.c. */
#define _GNU_SOURCE
#include "beside.h"
#include "cargo_cache.h"
#include "carried.h"
#include "link.h"
#include "log.h"
#include "rerun.h"
#include "rustc_options.h"
#include "rustc_root.h"
#include "settings.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define LIBRARY "libkiln-shim.so"
#define DRIVER "kiln-driver"

/* What the compiler sees of this process's changes of the environment: the dynamic linker is to. */
static const char *const shown[] = {"LD_PRELOAD", "LD_LIBRARY_PATH", NULL};

/* ---- the crate ---- */

/* The crate's root: the word that ends in ".rs". NULL: there is none. */
static const char *root_of(char **words) {
  for (; *words != NULL; words++) {
    size_t n = strlen(*words);
    if ((*words)[0] != '-' && n >= 4 && n < PATH_MAX && strcmp(*words + n - 3, ".rs") == 0)
      return *words;
  }
  return NULL;
}

/* ---- the library ---- */

/* In LD_PRELOAD spaces and colons separate names. A path with one is named by a descriptor, which stays open for the
 * compiler behind rustup's; preload.c closes it. False if it cannot be opened. */
static bool name_for_list(char path[PATH_MAX]) {
  if (strpbrk(path, " :") == NULL) return true;
  int fd = open(path, O_RDONLY);
  if (fd >= 0) snprintf(path, PATH_MAX, "/proc/self/fd/%d", fd);
  return fd >= 0;
}

/* Writes the library's name: beside this program, or where it is installed. False if it is at neither place. */
static bool find_library(char out[PATH_MAX]) {
  static const char *const places[] = {LIBRARY, "../lib/kiln/" LIBRARY};
  for (size_t i = 0; i < sizeof places / sizeof *places; i++)
    if (tool_beside(places[i], out)) return name_for_list(out);
  return false;
}

/* False: there is no library. */
static bool preload(void) {
  char library[PATH_MAX];
  if (!find_library(library)) return false;
  const char *old = getenv("LD_PRELOAD");
  char *list = NULL;
  if (old != NULL && old[0] != 0 && asprintf(&list, "%s:%s", library, old) < 0) list = NULL;
  setenv("LD_PRELOAD", list != NULL ? list : library, 1);
  free(list);
  return true;
}

/* Says that LLVM compiles a crate because nothing of Kiln's is in rustc. */
static void report_missing(char **words) {
  static const char why[] = "there is no " LIBRARY;
  const char *root = root_of(words);
  if (root == NULL) root = "rustc"; /* a file of arguments has it */
  log_line("%s: all units of the crate: compiled by LLVM: %s\n", root, why);
  stats_line("unit\tllvm\t0\t0\t0\t%s\t%s\n", root, why);
  if (!stats_wanted()) fprintf(stderr, "kiln-rustc: warning: %s: LLVM compiles\n", why);
}

/* ---- which compiler ---- */

static bool is_executable(const char *path) {
  struct stat st;
  return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

/* Does the word name a compiler, as cargo gives it to a wrapper, rather than an argument of one? A word without a
 * slash is looked for as execvp looks for it: `rustc-1.85`, say. */
static bool is_program(const char *word) {
  size_t n = strlen(word);
  if (word[0] == '-' || word[0] == '@' || (n >= 3 && strcmp(word + n - 3, ".rs") == 0))
    return false;
  if (strchr(word, '/') != NULL) return is_executable(word);
  const char *list = getenv("PATH");
  for (const char *end; list != NULL; list = *end != 0 ? end + 1 : NULL) {
    char path[PATH_MAX];
    end = strchrnul(list, ':');
    int size = snprintf(path, sizeof path, "%.*s/%s", (int)(end - list), list, word);
    if (end > list && size < PATH_MAX && is_executable(path)) return true;
  }
  return false;
}

/* As `rustc`, the link that caches are given, this is one compiler and does not choose among rustup's: sccache asks by
 * "+stable", and would go past a program that hands that on, to the compiler behind rustup's. */
static bool chooses(int argc, char **argv) {
  const char *name = argc > 1 ? strrchr(argv[0], '/') : NULL;
  return argc > 1 && argv[1][0] == '+' && strcmp(name != NULL ? name + 1 : argv[0], "rustc") == 0;
}

/* ---- options that are added ---- */

/* The size of the Rust sources in a folder and those in it, counted until it is beyond `limit`. */
static uint64_t size_of_sources(const char *folder, uint64_t limit, unsigned depth) {
  enum { DEEPEST = 8 };
  uint64_t size = 0;
  DIR *d = depth < DEEPEST ? opendir(folder) : NULL;
  for (const struct dirent *e; d != NULL && size <= limit && (e = readdir(d)) != NULL;) {
    char path[PATH_MAX];
    struct stat st;
    size_t n = strlen(e->d_name);
    if (e->d_name[0] == '.' || snprintf(path, sizeof path, "%s/%s", folder, e->d_name) >= PATH_MAX)
      continue;
    if (lstat(path, &st) != 0) continue;
    if (S_ISDIR(st.st_mode)) size += size_of_sources(path, limit - size, depth + 1);
    else if (n > 3 && strcmp(e->d_name + n - 3, ".rs") == 0) size += (uint64_t)st.st_size;
  }
  if (d != NULL) closedir(d);
  return size;
}

/* Is the crate so small that compiling all of it costs about as much as one of its units does? Its modules are in the
 * folder of its root and below. */
static bool is_small_crate(char **words) {
  static const uint64_t limit = 256 * 1024;
  char folder[PATH_MAX];
  const char *root = root_of(words);
  if (root == NULL) return false;
  const char *slash = strrchr(root, '/');
  snprintf(folder, sizeof folder, "%.*s", slash != NULL ? (int)(slash - root) : 1,
           slash != NULL ? root : ".");
  return size_of_sources(folder, limit, 0) <= limit;
}

/* The same of the first build in the incremental folder `own`, which is in `folder` and keeps the answer: an edit that
 * moves the crate over the limit would change the number of units, and all of them would be compiled again. */
static bool was_small_crate(const char *folder, const char *own, char **words) {
  char path[PATH_MAX], answer = 0;
  const char *root = root_of(words);
  if (root == NULL || snprintf(path, sizeof path, "%s/small-%016" PRIx64, own,
                               tool_hash_text(TOOL_HASH, root)) >= PATH_MAX)
    return is_small_crate(words);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  bool kept = fd >= 0 && read(fd, &answer, 1) == 1;
  if (fd >= 0) close(fd);
  if (kept) return answer == '1';
  bool small = is_small_crate(words);
  (void)mkdir(folder, 0777); /* rustc says what is wrong with it */
  (void)mkdir(own, 0777);
  fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
  if (fd >= 0) {
    (void)!write(fd, small ? "1" : "0", 1);
    close(fd);
  }
  return small;
}

/* Compiles Kiln the crate, as far as its command line says? */
static bool is_for_kiln(const struct rustc_options *o, const struct tool_settings *s) {
  return o->level <= s->opt_level || (o->level <= 1 && s->inlining.what != KILN_INLINING_OFF);
}

/* Is the driver to compile the crate, if there is one? Only cargo's own compilations, which have -C metadata: those of
 * build scripts ask what the compiler accepts. Where LLVM must generate code, or $KILN_OPT_LEVEL has Kiln generate code
 * at other levels, it is not. */
static bool is_for_driver(const struct rustc_options *o, const struct tool_settings *s) {
  return tool_backend() != NULL && o->metadata && !o->backend && o->level == 0 && o->llvm[0] == 0 &&
         s->opt_level == 0;
}

/* The option that sets the number of units, or NULL: it is given, rustc makes one, or LLVM generates code. `own` is the
 * folder of an incremental build, or NULL. Units are for LLVM's threads: rustc makes their IR one by one, and calls
 * between them are not inlined. An edit compiles few of an incremental build's, so that has several, but fewer than
 * rustc's 256, of which each costs types of its own and a file to link. If Kiln inlines, the driver's units have copies
 * of each other's functions (integrations/rustc/src/copies.rs), and rustc's number is best; the shim's do not, so a
 * small crate has one. docs/debug-builds.md has what was measured. */
static const char *units_option(const struct rustc_options *o, const struct tool_settings *s,
                                const char *own, char **words) {
  if (o->units || o->one_unit || !is_for_kiln(o, s)) return NULL;
  const bool inlines = s->inlining.what == KILN_INLINING_SMALL;
  if (own != NULL && inlines && is_for_driver(o, s)) return NULL;
  bool is_one = own == NULL || (inlines && was_small_crate(o->incremental, own, words));
  return is_one ? "-Ccodegen-units=1" : "-Ccodegen-units=16";
}

/* Does more than Kiln read the IR: another crate's link, or whoever wants it in a file? */
static bool shows_ir(const struct rustc_options *o) { return o->ir || o->lto || o->linker_lto; }

/* Inlining is Kiln's, in place of LLVM's passes, where objects are all that is wanted of them. If LLVM compiles a unit
 * after all, the shim has it run them first. */
static bool is_without_passes(const struct rustc_options *o, const struct tool_settings *s) {
  return s->inlining.what != KILN_INLINING_OFF && o->level == 1 && s->opt_level < 1 &&
         o->llvm[0] == 0 && !shows_ir(o) && !o->assembly;
}

/* Is code generated at all? `cargo check` wants metadata alone. */
static bool makes_code(const struct rustc_options *o) {
  return !o->emit || o->objects || o->assembly || o->ir;
}

#define INCREMENTAL "-Cincremental="
/* The option that moves an incremental build from `folder` to a folder in it which only this Kiln with these settings
 * uses: rustc reuses the objects of unchanged code, whichever code generator made them. `end` distinguishes those of
 * one Kiln. NULL without memory, or if there is no such build. */
static char *own_incremental(const char *folder, const char *end) {
  char identity[TOOL_IDENTITY_SIZE], *option;
  if (folder == NULL || folder[0] == 0) return NULL;
  tool_identity(identity);
  int n = asprintf(&option, INCREMENTAL "%s/kiln-%016" PRIx64 "%s", folder,
                   tool_hash_text(TOOL_HASH, identity), end);
  return n > 0 ? option : NULL;
}

/* The options that make this program, `self`, the linker of a program (integrations/link), if the user asks for that.
 * Build scripts run once, and levels above 0 are for programs that go elsewhere. False: it stays as it is. */
static bool linker_options(const struct rustc_options *o, const char *self, char *options[2]) {
  const char *wanted = getenv(LINK_VARIABLE);
  char own[PATH_MAX];
  if (wanted == NULL || wanted[0] == 0 || o->level != 0 || !o->metadata || shows_ir(o) ||
      o->crate == NULL || strncmp(o->crate, "build_script_", strlen("build_script_")) == 0)
    return false;
  if (strchr(self, '/') == NULL) {
    ssize_t n = readlink("/proc/self/exe", own, sizeof own - 1);
    if (n <= 0) return false;
    own[n] = 0;
    self = own;
  }
  return asprintf(&options[0], "-Clinker=%s", self) > 0 &&
         asprintf(&options[1], "-Clink-arg=" LINK_WORD "%s", o->linker != NULL ? o->linker : "cc") >
           0;
}

/* How rustc is run, beside its words. */
struct plan {
  bool code;         /* it generates code */
  bool driver;       /* the driver runs in its place, if it is of the same toolchain */
  char *incremental; /* the option for a second run, in which LLVM compiles; NULL: none */
};

/* `words`, of which `n` are there, and more options. `self`: by which name this program was started. */
static char **with_options(char **words, size_t n, const char *self,
                           const struct tool_settings *settings, struct plan *plan) {
  struct rustc_options o;
  rustc_options_begin(&o);
  for (char **w = words + 1; *w != NULL; w++) rustc_word(&o.words, *w);
  char **more = malloc((n + 6) * sizeof *more);
  if (more == NULL || o.words.unread || !(plan->code = makes_code(&o))) return words;
  memcpy(more, words, n * sizeof *more);
  static const char passes[] = "-Cno-prepopulate-passes";
  char *folder = own_incremental(o.incremental, "");
  const char *units =
    units_option(&o, settings, folder != NULL ? folder + strlen(INCREMENTAL) : NULL, words);
  if (units != NULL) more[n++] = (char *)(uintptr_t)units; /* exec's type has no const */
  if (is_without_passes(&o, settings)) {
    more[n++] = (char *)(uintptr_t)passes;
    setenv("KILN_SHIM_PASSES", "1", 1);
  }
  plan->driver = is_for_driver(&o, settings);
  if (linker_options(&o, self, more + n)) n += 2;
  if (folder != NULL) more[n++] = folder;
  if (folder != NULL && plan->driver) plan->incremental = own_incremental(o.incremental, "-llvm");
  more[n] = NULL;
  return more;
}

/* ---- the version ---- */

static bool asks_version(char **words) {
  struct rustc_options o;
  rustc_options_begin(&o);
  for (char **w = words + 1; *w != NULL; w++) rustc_word(&o.words, *w);
  return o.version && o.verbose;
}

/* `rustc -vV`, and a line that says what generates code: build tools compile again where it differs. */
static int print_version(const char *rustc, char **words, char **kept) {
  char identity[TOOL_IDENTITY_SIZE];
  pid_t child;
  int status = 0, error = posix_spawnp(&child, rustc, NULL, NULL, words, kept);
  if (error != 0) {
    fprintf(stderr, "kiln-rustc: error: %s: %s\n", rustc, strerror(error));
    return 127;
  }
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  if (!WIFEXITED(status)) return 128 + WTERMSIG(status);
  if (WEXITSTATUS(status) != 0) return WEXITSTATUS(status);
  tool_identity(identity);
  printf("code generator: %s\n", identity);
  return fflush(stdout) == 0 ? 0 : 1;
}

/* ---- the driver ---- */

/* What `program -vV` prints; "" if it cannot be run. */
static void ask_version(const char *program, char **kept, char *out, size_t size) {
  static char option[] = "-vV";
  char *words[] = {(char *)(uintptr_t)program, option, NULL};
  int ends[2];
  size_t at = 0;
  pid_t child;
  posix_spawn_file_actions_t actions;
  out[0] = 0;
  if (pipe2(ends, O_CLOEXEC) != 0) return;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  int error = posix_spawnp(&child, program, &actions, NULL, words, kept);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  for (ssize_t n; error == 0 && at < size - 1 && (n = read(ends[0], out + at, size - 1 - at)) > 0;)
    at += (size_t)n;
  out[at] = 0;
  close(ends[0]);
  while (error == 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR) continue;
}

/* Is the driver one for `rustc`? `kiln cargo` has found out for one toolchain, $KILN_SHIM_ROOT. Without that, both say
 * which compiler they are. */
static bool is_drivers_compiler(const char *rustc, const char *driver, char **kept,
                                char root[PATH_MAX]) {
  char texts[2][4096];
  const char *known = getenv("KILN_SHIM_ROOT");
  enum rustc_root found = rustc_root_of(rustc, root);
  if (found == RUSTC_ROOT_FOUND && known != NULL) return strcmp(root, known) == 0;
  if (found == RUSTC_ROOT_OTHER) return false; /* it may add what only it knows */
  if (found != RUSTC_ROOT_FOUND) root[0] = 0;
  ask_version(rustc, kept, texts[0], sizeof texts[0]);
  ask_version(driver, kept, texts[1], sizeof texts[1]);
  return texts[0][0] != 0 && strcmp(texts[0], texts[1]) == 0;
}

/* Writes the path of the driver that is to run in place of `rustc`, and has it find that toolchain's libraries. False:
 * there is none. */
static bool find_driver(const char *rustc, char **kept, char driver[PATH_MAX]) {
  char root[PATH_MAX], list[2 * PATH_MAX];
  const char *backend = tool_backend(), *slash = strrchr(backend, '/'),
             *old = getenv("LD_LIBRARY_PATH");
  int n = snprintf(driver, PATH_MAX, "%.*s" DRIVER, slash != NULL ? (int)(slash + 1 - backend) : 0,
                   backend);
  if (n >= PATH_MAX || access(driver, X_OK) != 0 || !is_drivers_compiler(rustc, driver, kept, root))
    return false;
  if (root[0] == 0) return true;
  bool more = old != NULL && old[0] != 0;
  n = snprintf(list, sizeof list, "%s/lib%s%s", root, more ? ":" : "", more ? old : "");
  if ((size_t)n < sizeof list) setenv("LD_LIBRARY_PATH", list, 1);
  return (size_t)n < sizeof list;
}

/* ---- settings ---- */

static void refused(const char *variable, const char *path, const char *reason) {
  fprintf(stderr, "kiln-rustc: warning: %s: %s: %s\n", variable, path, reason);
}

/* Under cargo the current folder is a package's; what the user named is relative to where cargo was started, which $PWD
 * still says. */
static bool settle(struct tool_settings *settings) {
  char why[TOOL_WHY_SIZE];
  const char *started = getenv("CARGO") != NULL ? getenv("PWD") : NULL;
  if (!tool_settings_read(settings, why)) {
    fprintf(stderr, "kiln-rustc: error: %s\n", why);
    return false;
  }
  tool_settings_files(started != NULL && started[0] == '/' ? started : NULL, refused);
  return true;
}

/* Takes what `kiln cargo` has written in the folder of the link by which this program was started, if it was. */
static void take_carried(const char *self) {
  static const char *const own[] = {"KILN_SHIM_PASSES", "KILN_SHIM_LLVM", "KILN_SHIM_NOTE",
                                    "KILN_SHIM_ROOT"};
  char folder[PATH_MAX];
  for (size_t i = 0; i < sizeof own / sizeof *own; i++) unsetenv(own[i]);
  const char *slash = strrchr(self, '/');
  if (slash != NULL &&
      snprintf(folder, sizeof folder, "%.*s", (int)(slash - self), self) < PATH_MAX &&
      cargo_cache_owned(folder))
    tool_carried_read(folder);
}

int main(int argc, char **argv) {
  tool_carried_take();
  char **kept = tool_environment_keep();
  if (kept == NULL) return 1;
  tool_carried_apply();
  take_carried(argv[0]);
  if (link_is_asked(argv)) return link_main(argv);
  const char *rustc = getenv("KILN_RUSTC");
  struct tool_settings settings;
  if (rustc == NULL || rustc[0] == 0) rustc = "rustc";
  char **words = argv;
  if (chooses(argc, argv)) {
    fprintf(stderr, "kiln-rustc: error: in place of rustc it does not take %s\n", argv[1]);
    return 1;
  }
  if (!settle(&settings)) return 1;
  if (argc > 1 && (is_program(argv[1]) || strcmp(argv[1], "rustc") == 0)) {
    words = argv + 1;
    rustc = words[0];
  }
  bool version = asks_version(words);
  struct plan plan = {.code = true};
  words = with_options(words, (size_t)(argv + argc - words), argv[0], &settings, &plan);
  words[0] = (char *)(uintptr_t)rustc; /* rustup looks at the name */
  if (version) return print_version(rustc, words, kept);
  bool shim = plan.code && preload();
  struct rustc_run run = {
    .program = rustc, .words = words, .incremental = plan.incremental, .kept = kept};
  char driver[PATH_MAX];
  if (plan.driver && find_driver(rustc, kept, driver)) {
    run.program = driver;
    return rustc_run(&run, shown);
  }
  if (plan.code && !shim) report_missing(words);
  char **environment = tool_environment_for(kept, shown, plan.code);
  if (environment != NULL) execvpe(rustc, words, environment);
  fprintf(stderr, "kiln-rustc: error: %s: %s\n", rustc, strerror(errno));
  return 127;
}
