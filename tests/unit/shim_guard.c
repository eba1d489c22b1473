/* The shim's guard: what the processor refuses in Kiln's own code ends the call, and nothing else does. */
#include "guard.h"

#include <pthread.h>
#include "unit.h"
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile int done;
static char *volatile nowhere;
static volatile int zero;

static void works(void *user) { *(int *)user += 1; }
static void writes(void *user) {
  (void)user;
  *nowhere = 1;
}
static void copies(void *user) { memcpy(nowhere, user, 1 + (size_t)zero); }
static void divides(void *user) {
  (void)user;
  done = done / zero; /* with a constant 1 it would be no division */
}
static void is_trapped(void *user) {
  (void)user;
  __builtin_trap();
}

/* Ends the child with a status that says where it failed. */
static void expect(bool good, int line) {
  if (!good) _exit(line % 255 + 1);
}
#define EXPECT(good) expect(good, __LINE__)

static void returns(void) {
  int n = 1;
  EXPECT(shim_guard(works, &n).signal == 0);
  EXPECT(n == 2);
}

static void crashes(void) {
  int n = 1;
  struct shim_crash crash = shim_guard(writes, NULL);
  EXPECT(crash.signal == SIGSEGV && crash.at != 0);
  EXPECT(shim_guard(copies, &n).signal == SIGSEGV);
#if defined(__x86_64__) /* elsewhere a division by zero is none, and a trap another signal */
  EXPECT(shim_guard(divides, NULL).signal == SIGFPE);
  EXPECT(shim_guard(is_trapped, NULL).signal == SIGILL);
#endif
  EXPECT(shim_guard(writes, NULL).signal == SIGSEGV); /* again */
  EXPECT(shim_guard(works, &n).signal == 0);
}

static void *crash_often(void *unused) {
  for (unsigned i = 0; i < 200; i++) {
    EXPECT(shim_guard(writes, NULL).signal == SIGSEGV);
    EXPECT(shim_guard(works, &(int){0}).signal == 0);
  }
  return unused;
}

static void crashes_in_threads(void) {
  pthread_t threads[4];
  for (unsigned i = 0; i < 4; i++)
    EXPECT(pthread_create(&threads[i], NULL, crash_often, NULL) == 0);
  for (unsigned i = 0; i < 4; i++) EXPECT(pthread_join(threads[i], NULL) == 0);
}

static void outside(void) {
  shim_guard(works, &(int){0});
  writes(NULL);
}

static void sent(void *user) {
  (void)user;
  kill(getpid(), SIGSEGV);
}
static void sent_inside(void) { shim_guard(sent, NULL); }

static void aborts(void *user) {
  (void)user;
  abort();
}
static void aborts_inside(void) { shim_guard(aborts, NULL); }

static void exit_7(int signal) {
  (void)signal;
  _exit(7);
}
static void others_handler(void) {
  signal(SIGSEGV, exit_7);
  EXPECT(shim_guard(writes, NULL).signal == SIGSEGV);
  writes(NULL);
}

/* How a child ends that does this: its signal, or its status plus 1000. The guard is installed once in a process, after
 * the handlers that were there, and CMocka has some. */
static int end_of_child(void (*f)(void)) {
  pid_t child = fork();
  if (child == 0) {
    static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
    for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++) signal(signals[i], SIG_DFL);
    f();
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFSIGNALED(status) ? WTERMSIG(status) : 1000 + WEXITSTATUS(status);
}

CASE(test_guarded) {
  assert_int_equal(end_of_child(returns), 1000);
  assert_int_equal(end_of_child(crashes), 1000);
  assert_int_equal(end_of_child(crashes_in_threads), 1000);
}

CASE(test_not_its_own) {
  assert_int_equal(end_of_child(outside), SIGSEGV);
  assert_int_equal(end_of_child(sent_inside), SIGSEGV);
  assert_int_equal(end_of_child(aborts_inside), SIGABRT);
  assert_int_equal(end_of_child(others_handler), 1007);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_guarded),
                                     cmocka_unit_test(test_not_its_own)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
