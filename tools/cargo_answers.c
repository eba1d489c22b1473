/* Answers of compilers are files in the cache, named by a hash of what they depend on. Invariants: a cache that cannot
 * be written is no error; a file is there whole or not at all. */
#define _GNU_SOURCE
#include "cargo_answers.h"
#include "cargo_cache.h"
#include "settings.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* ---- what an answer depends on ---- */

uint64_t cargo_answer_about(uint64_t about, const char *text) {
  return tool_hash_text(tool_hash_text(about, text != NULL ? text : ""), "\n");
}

uint64_t cargo_answer_about_file(uint64_t about, const char *path) {
  char text[128] = "";
  struct stat st;
  if (stat(path, &st) == 0)
    snprintf(text, sizeof text, "%ju %ju %jd %jd.%ld", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino,
             (intmax_t)st.st_size, (intmax_t)st.st_ctim.tv_sec, st.st_ctim.tv_nsec);
  return cargo_answer_about(cargo_answer_about(about, path), text);
}

/* ---- asking ---- */

/* All that can be read, as a text of less than `size` bytes. */
static void read_text(int fd, char *out, size_t size) {
  size_t at = 0;
  for (ssize_t n; at < size - 1 && (n = read(fd, out + at, size - 1 - at)) > 0;) at += (size_t)n;
  out[at] = 0;
}

static bool read_output(const char *program, const char *option, char *out, size_t size) {
  const char *argv[] = {program, option, NULL};
  int ends[2], status = 0;
  pid_t child;
  posix_spawn_file_actions_t actions;
  if (pipe2(ends, O_CLOEXEC) != 0) return false;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  int error = posix_spawnp(&child, program, &actions, NULL, (char **)(uintptr_t)argv, environ);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  if (error == 0) read_text(ends[0], out, size);
  close(ends[0]);
  if (error != 0) return false;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  return status == 0;
}

/* ---- answers that are kept ---- */

static void name_of(uint64_t about, char out[24]) { snprintf(out, 24, "%016" PRIx64, about); }

bool cargo_answer_kept(uint64_t about, char *out, size_t size) {
  char folder[PATH_MAX], name[24], path[PATH_MAX + 32];
  name_of(about, name);
  for (unsigned i = 0; i < CARGO_CACHE_PLACES; i++) {
    if (!cargo_cache_path(i, "answers", folder) || !cargo_cache_owned(folder)) continue;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) continue;
    read_text(fd, out, size);
    close(fd);
    if (out[0] != 0) return true;
  }
  return false;
}

void cargo_answer_keep(uint64_t about, const char *text) {
  char folder[PATH_MAX], name[24];
  name_of(about, name);
  for (unsigned i = 0; i < CARGO_CACHE_PLACES; i++)
    if (cargo_cache_path(i, "answers", folder) && cargo_cache_make(folder) &&
        cargo_cache_write(folder, name, text, strlen(text)))
      return;
}

bool cargo_answer(uint64_t about, const char *program, const char *option, char *out, size_t size) {
  uint64_t all = cargo_answer_about(cargo_answer_about(about, program), option);
  if (about != 0 && cargo_answer_kept(all, out, size)) return true;
  if (!read_output(program, option, out, size)) return false;
  if (about != 0) cargo_answer_keep(all, out);
  return true;
}
