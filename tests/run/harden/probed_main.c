/* Calls functions of probed.c on a stack of 256 KiB, below which are a guard page and then 4 MiB
 * of other data. What uses more must fault on the guard page, with the other data as it was.
 * Prints `NAME WHERE`: guard, beyond or done, and ` changed` if the other data is. */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BEYOND = 4 << 20, PAGE = 4096, STACK = 256 << 10, MIB = 1 << 20 };
typedef void probed(unsigned long);
probed fixed, dynamic, aligned, chain, by_value, by_value_dynamic, pieces;
unsigned long keeps(unsigned long);
void use(volatile void *p) { (void)p; }

static const struct test {
  const char *name;
  probed *call;
  unsigned long n;
} tests[] = {
  {"fixed", fixed, 5},
  {"dynamic-1M", dynamic, MIB},
  {"dynamic-300K", dynamic, 300 << 10},
  {"dynamic-5G", dynamic, 5000000000},
  {"dynamic-2^62", dynamic, 1ul << 62},
  {"dynamic-2^63", dynamic, 1ul << 63},
  {"aligned", aligned, MIB},
  {"chain", chain, 1000},
  {"by-value", by_value, 1},
  {"by-value-dynamic", by_value_dynamic, 100},
  {"pieces", pieces, 100000},
  {"dynamic-small", dynamic, 5000},
  {"chain-short", chain, 20},
  {"pieces-few", pieces, 200},
};

static char *low; /* other data, the guard page, the stack */
static const struct test *now;

static void tell(const char *where) {
  const char *changed = "";
  for (char *p = low; p < low + BEYOND; p++)
    if (*p) changed = " changed";
  printf("%s %s%s\n", now->name, where, changed);
  fflush(stdout);
  _exit(0);
}

static void fault(int signal, siginfo_t *info, void *context) {
  (void)signal, (void)context;
  char *at = info->si_addr;
  tell(at >= low + BEYOND && at < low + BEYOND + PAGE ? "guard" : "elsewhere");
}

static void *body(void *alternate) {
  stack_t stack = {.ss_sp = alternate, .ss_size = 1 << 16};
  sigaltstack(&stack, NULL);
  now->call(now->n);
  tell("done");
  return NULL;
}

static void run(void) {
  static char alternate[1 << 16];
  low = mmap(NULL, BEYOND + PAGE + STACK, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (low == MAP_FAILED || mprotect(low + BEYOND, PAGE, PROT_NONE) != 0) _exit(9);
  struct sigaction action = {.sa_sigaction = fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  sigaction(SIGSEGV, &action, NULL);
  sigaction(SIGBUS, &action, NULL);
  pthread_attr_t attributes;
  pthread_t thread;
  pthread_attr_init(&attributes);
  pthread_attr_setstack(&attributes, low + BEYOND + PAGE, STACK);
  if (pthread_create(&thread, &attributes, body, alternate) == 0) pthread_join(thread, NULL);
  _exit(9);
}

int main(void) {
  for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) {
    fflush(stdout);
    now = &tests[i];
    pid_t child = fork();
    int status = 0;
    if (child == 0) run();
    waitpid(child, &status, 0);
    if (status != 0) printf("%s status %d\n", now->name, status);
  }
  printf("keeps %lu\n", keeps(200));
  return 0;
}
