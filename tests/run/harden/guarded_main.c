/* Calls what smashes its arrays, in a process each: first not at all, then by more and more bytes. Prints
 * `NAME whole`, then `NAME caught N` with the least number of bytes that was caught. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

struct chars {
  int x;
  char c[12];
};
int smash_chars(int), smash_aligned(int), smash_allocated(int), smash_both(int), smash_scalars(int),
  smash_jumped(int);
double smash_double(int);
__int128 smash_wide(int);
struct chars smash_struct(int);
static int call_double(int n) { return smash_double(n) == n + 1; }
static int call_wide(int n) { return smash_wide(n) == n + 1; }
static int call_struct(int n) { return smash_struct(n).x; }
int other(int a) { return a; }
void use(volatile void *p) {
  if (p == (void *)1) _exit(3);
}
#ifdef OWN_GUARD
unsigned long __stack_chk_guard = 0x1234567890abcd00;
#endif
#ifndef REAL
__attribute__((noreturn)) void __stack_chk_fail(void) { _exit(7); }
#endif

static const struct {
  const char *name;
  int (*call)(int);
} tests[] = {{"chars", smash_chars},  {"aligned", smash_aligned}, {"allocated", smash_allocated},
             {"both", smash_both},    {"scalars", smash_scalars}, {"jumped", smash_jumped},
             {"double", call_double}, {"wide", call_wide},        {"struct", call_struct}};

static int run(int i, int n) {
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) _exit(tests[i].call(n) == 1 ? 0 : 4);
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 100 + WTERMSIG(status);
}

int main(void) {
  for (int i = 0; i < (int)(sizeof tests / sizeof *tests); i++) {
    int status = run(i, 0);
    printf("%s %s\n", tests[i].name, status == 0 ? "whole" : "wrong");
    /* a guard is at most 128 bytes after it; what is between them is nobody's, or the array's own padding */
    int n = 1;
    while (n < 128 && (status = run(i, n)) == 0) n++;
    if (status == 7 || status == 100 + SIGABRT) printf("%s caught\n", tests[i].name);
    else printf("%s status %d at %d\n", tests[i].name, status, n);
  }
  return 0;
}
