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

/* The folder of answers; false: there is none. */
static bool find_folder(char out[PATH_MAX]) {
  for (unsigned i = 0; i < CARGO_CACHE_PLACES; i++)
    if (cargo_cache_path(i, "answers", out) && cargo_cache_make(out)) return true;
  return false;
}

static bool read_kept(const char *folder, const char *name, char *out, size_t size) {
  char path[PATH_MAX];
  if (snprintf(path, sizeof path, "%s/%s", folder, name) >= PATH_MAX) return false;
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  read_text(fd, out, size);
  close(fd);
  return out[0] != 0;
}

bool cargo_answer(uint64_t about, const char *program, const char *option, char *out, size_t size) {
  char folder[PATH_MAX], name[24];
  bool kept = about != 0 && find_folder(folder);
  about = cargo_answer_about(cargo_answer_about(about, program), option);
  snprintf(name, sizeof name, "%016" PRIx64, about);
  if (kept && read_kept(folder, name, out, size)) return true;
  if (!read_output(program, option, out, size)) return false;
  if (kept) cargo_cache_write(folder, name, out, strlen(out));
  return true;
}
