/* Replaces a program of another target: starts its file under qemu, with the arguments, argv[0] and environment as
 * they came, or under $CROSS_WINE. cross_cc.sh puts it in a program's place, followed by that file's absolute path, the
 * length of that path in 8 digits, and "launch". The file is also looked for beside this one, as NAME.elf, first. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char path[8192], libraries[16384];

static int fail(const char *what) {
  fprintf(stderr, "launch: %s\n", what);
  return 127;
}

/* Reads the path at the end of this file. */
static int appended(void) {
  char tail[15] = {0};
  int file = open("/proc/self/exe", O_RDONLY);
  off_t end = lseek(file, 0, SEEK_END);
  if (end < 14 || pread(file, tail, 14, end - 14) != 14 || strcmp(tail + 8, "launch") != 0)
    return -1;
  tail[8] = 0;
  long n = strtol(tail, NULL, 10);
  if (n <= 0 || n >= (long)sizeof path || pread(file, path, (size_t)n, end - 14 - n) != n)
    return -1;
  path[n] = 0;
  return close(file);
}

int main(int argc, char **argv) {
  ssize_t n = readlink("/proc/self/exe", path, sizeof path - 8);
  if (n <= 0) return fail("which program is this?");
  strcpy(path + n, ".elf");
  if (access(path, R_OK) != 0 && appended() != 0) return fail("no program is appended");

  char *wine = getenv("CROSS_WINE");
  if (wine != NULL) {
    char **words = calloc((size_t)argc + 2, sizeof *words);
    if (words == NULL || argc < 1) return fail("no memory");
    words[0] = wine;
    words[1] = path;
    memcpy(words + 2, argv + 1, (size_t)argc * sizeof *words);
    execv(wine, words);
    return fail("no wine");
  }

  const char *own = getenv("LD_LIBRARY_PATH"), *cross = getenv("CROSS_LIBS");
  snprintf(libraries, sizeof libraries, "LD_LIBRARY_PATH=%s%s%s", own ? own : "",
           own && *own ? ":" : "", cross ? cross : "");
  const char *const first[] = {
    "qemu-aarch64", "-L", "/usr/aarch64-linux-gnu", "-E", libraries, "-0", argv[0], path};
  enum { FIRST = sizeof first / sizeof *first };
  char **all = calloc((size_t)argc + FIRST + 1, sizeof *all);
  if (all == NULL || argc < 1) return fail("no memory");
  memcpy(all, first, sizeof first);
  memcpy(all + FIRST, argv + 1, (size_t)argc * sizeof *all); /* with the NULL at the end */
  execvp(all[0], all);
  return fail("no qemu-aarch64");
}
