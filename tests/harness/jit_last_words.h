/* What a program says before it ends by a signal: for tests of calls that trap. */
#ifndef TESTS_JIT_LAST_WORDS_H
#define TESTS_JIT_LAST_WORDS_H

#include "unit.h"
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* What a child says on standard error that runs `f` and does not survive it: valid until the next call. */
static inline const char *jit_last_words(void (*f)(void)) {
  static char got[512];
  int ends[2], status = 0;
  fflush(NULL);
  assert_int_equal(pipe(ends), 0);
  pid_t pid = fork();
  if (pid == 0) {
    dup2(ends[1], 2);
    signal(SIGILL, SIG_DFL); /* CMocka's */
    signal(SIGTRAP, SIG_DFL);
    alarm(100);
    f();
    _exit(0);
  }
  close(ends[1]);
  assert_int_equal(waitpid(pid, &status, 0), pid);
  ssize_t n = read(ends[0], got, sizeof got - 1);
  close(ends[0]);
  got[n < 0 ? 0 : n] = 0;
  if (!WIFSIGNALED(status) || WTERMSIG(status) == SIGALRM)
    fail_msg("%x: %s", (unsigned)status, got);
  return got;
}

#endif
