/* kiln-spawn [--read] COMMAND...: runs a command once and prints its user and system time in microseconds, peak
 * memory in KiB, page faults, wall time in microseconds. Its standard output goes to /dev/null; with --read, through
 * a pipe. The times are those of the command and of its children. A program of its own because a process begins with
 * the peak memory of the one that started it: a script's would hide Kiln's. */
#define _GNU_SOURCE /* pipe2, F_SETPIPE_SZ */
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static long long micro(struct timeval t) { return t.tv_sec * 1000000LL + t.tv_usec; }

static long long now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

int main(int argc, char **argv) {
  static char sink[1 << 16];
  bool reads = argc > 1 && strcmp(argv[1], "--read") == 0;
  char **command = argv + 1 + reads;
  if (argc < 2 + reads) return 2;
  int out[2] = {-1, -1};
  if (reads && pipe2(out, O_CLOEXEC) < 0) return 2;
  if (reads) fcntl(out[1], F_SETPIPE_SZ, 1 << 20); /* as kiln cc does */
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  if (reads) posix_spawn_file_actions_adddup2(&actions, out[1], 1);
  else posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  long long start = now();
  pid_t child;
  int error = posix_spawnp(&child, command[0], &actions, NULL, command, environ);
  if (error != 0) {
    fprintf(stderr, "kiln-spawn: %s: %s\n", command[0], strerror(error));
    return 2;
  }
  if (reads) {
    close(out[1]);
    while (read(out[0], sink, sizeof sink) > 0) {
    }
  }
  int status;
  struct rusage u;
  if (wait4(child, &status, 0, &u) < 0) return 2;
  printf("%lld %lld %ld %ld %lld\n", micro(u.ru_utime), micro(u.ru_stime), u.ru_maxrss, u.ru_minflt,
         now() - start);
  return status == 0 ? 0 : 1;
}
