/* kiln-rustc: rustc, with Kiln as its code generator at opt-level 0; where Kiln inlines ($KILN_INLINE) at opt-level 1,
 * too, in place of LLVM's passes.
 *
 *   RUSTC_WRAPPER=kiln-rustc cargo build      cargo gives it rustc and the arguments
 *   RUSTC=kiln-rustc cargo build              it finds rustc by itself: $KILN_RUSTC, default rustc
 *
 * It has the dynamic linker load the shim, then becomes rustc. */
#define _GNU_SOURCE
#include "beside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LIBRARY "libkiln-shim.so"

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

/* Is the crate compiled at opt-level 1? The last option counts. */
static bool is_level_1(char **words) {
  static const char *const names[] = {"-Copt-level=", "--codegen=opt-level=", "opt-level="};
  bool level_1 = false;
  for (char **w = words; *w != NULL; w++) {
    bool joined = strcmp(*w, "-C") == 0 || strcmp(*w, "--codegen") == 0;
    const char *word = joined && w[1] != NULL ? w[1] : *w;
    for (size_t i = joined ? 2 : 0; i < (joined ? 3 : 2); i++) {
      size_t n = strlen(names[i]);
      if (strncmp(word, names[i], n) == 0) level_1 = strcmp(word + n, "1") == 0;
    }
    if (strcmp(*w, "-O") == 0) level_1 = false;
  }
  return level_1;
}

/* `words`, of which `n` are there, and the option that leaves LLVM's passes out. */
static char **without_passes(char **words, int n) {
  static const char option[] = "-Cno-prepopulate-passes";
  char **more = malloc(((size_t)n + 2) * sizeof *more);
  if (more == NULL) return words;
  memcpy(more, words, (size_t)n * sizeof *more);
  more[n] = (char *)(uintptr_t)option; /* exec's type has no const */
  more[n + 1] = NULL;
  return more;
}

int main(int argc, char **argv) {
  char library[PATH_MAX];
  const char *rustc = getenv("KILN_RUSTC");
  if (rustc == NULL || rustc[0] == 0) rustc = "rustc";
  char **words = argv;
  if (chooses(argc, argv)) {
    fprintf(stderr, "kiln-rustc: error: as rustc it takes no %s\n", argv[1]);
    return 1;
  }
  if (argc > 1 && (is_program(argv[1]) || strcmp(argv[1], "rustc") == 0)) {
    words = argv + 1;
    rustc = words[0];
  }
  if (find_library(library)) {
    const char *old = getenv("LD_PRELOAD");
    char *list = NULL;
    if (old != NULL && old[0] != 0) {
      if (asprintf(&list, "%s:%s", library, old) < 0) list = NULL;
    }
    setenv("LD_PRELOAD", list != NULL ? list : library, 1);
    free(list);
  } else {
    fprintf(stderr, "kiln-rustc: warning: there is no " LIBRARY ": LLVM compiles\n");
  }
  const char *inlining = getenv("KILN_INLINE");
  if (inlining != NULL && inlining[0] != 0 && is_level_1(words))
    words = without_passes(words, (int)(argv + argc - words));
  words[0] = (char *)(uintptr_t)rustc; /* rustup looks at the name; exec's type has no const */
  execvp(rustc, words);
  fprintf(stderr, "kiln-rustc: error: %s: %s\n", rustc, strerror(errno));
  return 127;
}
