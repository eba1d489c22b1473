/* Runs the callers of generated signatures and prints what went wrong, a line per signature:
 * `bad N WHERE` or `crash N`. WHERE: 1 to 99 a parameter in the callee, 100 the result, 200 and
 * above an argument changed in the caller, 1000 + bits of trampoline.S. Ends with `ran COUNT`. */
#include <stdio.h>
#include <string.h>
#ifdef _WIN32
#include <windows.h>
#else
#include <setjmp.h>
#include <signal.h>
#include <sys/time.h>
#include <unistd.h>
#endif

struct test {
  int n;
  void (*call)(void);
};
extern const struct test tests[];
extern const int n_tests;
extern int trampoline_faults;
void bad(int signature, int where);
void scribble(void *at, unsigned long long size);

static volatile int current, last_bad = -1;

void bad(int signature, int where) {
  (void)signature;
  if (last_bad != current) printf("bad %d %d\n", current, where);
  last_bad = current;
}

void scribble(void *at, unsigned long long size) { memset(at, 0x5a, size); }

#ifdef _WIN32 /* the first crash ends the program */

static LONG WINAPI crashed(EXCEPTION_POINTERS *e) {
  printf("crash %d exception %lx\n", current, e->ExceptionRecord->ExceptionCode);
  fflush(stdout);
  ExitProcess(1);
}

static void catch_crashes(void) { SetUnhandledExceptionFilter(crashed); }
static void run(const struct test *t) { t->call(); }

#else

static sigjmp_buf again;

static void crashed(int signal_number) {
  printf("crash %d signal %d\n", current, signal_number);
  siglongjmp(again, 1);
}

static void catch_crashes(void) {
  static char stack[1 << 16];
  sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof stack}, NULL);
  struct sigaction sa = {.sa_handler = crashed, .sa_flags = SA_ONSTACK | SA_NODEFER};
  sigaction(SIGSEGV, &sa, NULL);
  sigaction(SIGBUS, &sa, NULL);
  sigaction(SIGILL, &sa, NULL);
  sigaction(SIGFPE, &sa, NULL);
  sigaction(SIGTRAP, &sa, NULL);
  sigaction(SIGPROF, &sa, NULL);
}

static void run(const struct test *t) {
  /* a function with wrong arguments may never end */
  setitimer(ITIMER_PROF, &(struct itimerval){.it_value = {5, 0}}, NULL);
  if (sigsetjmp(again, 1) == 0) t->call();
}

#endif

int main(void) {
  catch_crashes();
  static volatile int i;
  for (i = 0; i < n_tests; i++) {
    current = tests[i].n;
    run(&tests[i]);
    if (trampoline_faults) bad(current, 1000 + trampoline_faults);
    trampoline_faults = 0;
  }
  printf("ran %d\n", n_tests);
  return 0;
}
