/* Who compiles a project: Kiln in rustc, the shim, or LLVM; and whether its links are slow. It is said once for each
 * project, toolchain and way. Files without content in the user's cache tell what was said. Invariant: a cache that
 * cannot be written is no error. */
#define _GNU_SOURCE
#include "cargo_way.h"
#include "cargo_backend.h"
#include "cargo_cache.h"
#include "settings.h"
#include "tool.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The project's folder: the nearest one with a Cargo.lock, which cargo has made by now, or the current one. */
static void find_project(char out[PATH_MAX]) {
  char here[PATH_MAX], lock[PATH_MAX + 16], *slash;
  if (getcwd(here, sizeof here) == NULL) here[0] = 0;
  strcpy(out, here);
  while ((slash = strrchr(out, '/')) != NULL) {
    snprintf(lock, sizeof lock, "%s/Cargo.lock", out);
    if (access(lock, F_OK) == 0) return;
    *slash = 0;
  }
  strcpy(out, here);
}

/* Words that say for which project cargo works, with which toolchain, and whether it is to be quiet. */
static uint64_t hash_words(char **words, bool *quiet) {
  char project[PATH_MAX];
  const char *toolchain = getenv("RUSTUP_TOOLCHAIN");
  find_project(project);
  uint64_t hash = tool_hash_text(tool_hash_text(TOOL_HASH, project), toolchain ? toolchain : "");
  for (char **w = words + (words[0] != NULL); *w != NULL && strcmp(*w, "--") != 0; w++) {
    *quiet |= strcmp(*w, "-q") == 0 || strcmp(*w, "--quiet") == 0;
    if ((*w)[0] == '+' && toolchain == NULL) hash = tool_hash_text(hash, *w + 1);
    if (strncmp(*w, "--manifest-path", strlen("--manifest-path")) != 0) continue;
    hash = tool_hash_text(hash, *w);
    if (strchr(*w, '=') == NULL && w[1] != NULL) hash = tool_hash_text(hash, w[1]);
  }
  return hash;
}

/* Writes the name of the file for a way; its folder is there then. */
static bool file_of(uint64_t hash, const char *way, char out[PATH_MAX]) {
  char folder[PATH_MAX];
  for (unsigned i = 0; i < CARGO_CACHE_PLACES; i++)
    if (cargo_cache_path(i, "said", folder) && cargo_cache_make(folder))
      return snprintf(out, PATH_MAX, "%s/%016" PRIx64 "-%s", folder, hash, way) < PATH_MAX;
  return false;
}

/* True if the file was not there before. */
static bool is_first(const char *path) {
  int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (fd >= 0) close(fd);
  return fd >= 0;
}

/* Says what makes links shorter, if one took as long as people notice after each edit. Where LLVM compiled a unit, it
 * may be an optimized program's, for which the option changes nothing. */
static void say_link(uint64_t hash, const struct stats_units *u) {
  enum { SLOW_NS = 250 * 1000 * 1000 };
  char file[PATH_MAX];
  if (u->link_ns < SLOW_NS || u->llvm != 0 || !file_of(hash, "link", file) || !is_first(file))
    return;
  fprintf(
    stderr,
    "kiln: a link took %.1f s of CPU time; kiln cargo --dynamic-deps links dependencies once\n",
    (double)u->link_ns / 1e9);
}

void cargo_way_say(void *user, const struct stats_units *u) {
  const struct cargo_way *w = user;
  char file[PATH_MAX], library[PATH_MAX], command[CARGO_WHY_SIZE];
  bool quiet = false, as_is = w->shim || getenv("KILN_BACKEND") != NULL;
  const char *way = u->in_rustc != 0 ? "library" : u->shim != 0 ? "shim" : "llvm";
  uint64_t hash = hash_words(w->words, &quiet);
  if (!quiet && !w->dynamic) say_link(hash, u);
  if (quiet || !file_of(hash, way, file) || !file_of(hash, "library", library)) return;
  bool first = is_first(file), lost = !as_is && unlink(library) == 0;
  if (!first && !lost) return;
  bool offered = !as_is && cargo_backend_offer(w->words, command);
  if (lost)
    tool_warning("cargo: rustc does not load Kiln any more, as it did for this project: the "
                 "toolchain or Kiln has changed%s%s%s",
                 offered ? "; " : "", offered ? command : "",
                 offered ? " builds the code generator again" : "");
  else
    fprintf(stderr,
            "kiln: compiled units of this project: %u by Kiln in rustc, %u by Kiln from bitcode, "
            "%u by LLVM%s%s\n",
            u->in_rustc, u->shim, u->llvm, offered ? "; to use Kiln in rustc, run " : "",
            offered ? command : "");
}
