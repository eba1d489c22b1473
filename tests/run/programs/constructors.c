/* Constructors and destructors with and without priorities, atexit. */
#include <stdio.h>
#include <stdlib.h>
static int order;
__attribute__((constructor)) static void plain(void) { printf("%d plain constructor\n", ++order); }
__attribute__((constructor(300))) static void late(void) {
  printf("%d constructor 300\n", ++order);
}
__attribute__((constructor(200))) static void early(void) {
  printf("%d constructor 200\n", ++order);
}
__attribute__((constructor(200))) void second(void) {
  printf("%d second constructor 200\n", ++order);
}
__attribute__((destructor)) static void last(void) { printf("%d plain destructor\n", ++order); }
__attribute__((destructor(200))) static void d200(void) { printf("%d destructor 200\n", ++order); }
__attribute__((destructor(300))) static void d300(void) { printf("%d destructor 300\n", ++order); }
static void at_exit(void) { printf("%d atexit\n", ++order); }
int main(void) {
  atexit(at_exit);
  printf("%d main\n", ++order);
  return order;
}
