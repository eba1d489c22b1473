/* What runs before and after main, in which order, and the ways out. Argument: the way out. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int steps;
static void say(const char *what) {
  printf("%d %s\n", ++steps, what);
  fflush(stdout);
}
__attribute__((constructor(200))) static void second(int argc, char **argv, char **envp) {
  say("constructor 200");
  printf("%d %s %d\n", argc, argc > 1 ? argv[1] : "-", envp == environ);
}
__attribute__((constructor(150))) static void first(void) { say("constructor 150"); }
__attribute__((constructor)) static void third(void) { say("constructor"); }
__attribute__((destructor)) static void last3(void) { say("destructor"); }
__attribute__((destructor(200))) static void last2(void) { say("destructor 200"); }
__attribute__((destructor(150))) static void last1(void) { say("destructor 150"); }
static void at_exit_a(void) { say("atexit a"); }
static void at_exit_late(void) { say("atexit late"); }
static void at_exit_b(void) {
  say("atexit b");
  atexit(at_exit_late);
}
static void quick(void) { say("at_quick_exit"); }
static void way_out(const char *how) {
  if (strcmp(how, "exit") == 0) exit(300 - 1);
  if (strcmp(how, "_exit") == 0) _exit(9);
  if (strcmp(how, "quick") == 0) quick_exit(8);
  if (strcmp(how, "abort") == 0) abort();
  if (strcmp(how, "fault") == 0) *(volatile int *)8 = 1;
}
int main(int argc, char **argv) {
  say("main");
  atexit(at_exit_a);
  atexit(at_exit_b);
  at_quick_exit(quick);
  if (argc > 1) way_out(argv[1]);
  return argc > 2 ? -1 : 7;
}
