/* A fault in a body and one in a leaf: the handler sees the address, and execution goes on behind a longjmp; a handler
 * of vectored exceptions repairs another one and continues. */
#include <setjmp.h>
#include <stdio.h>
#include <windows.h>

static jmp_buf place;
static volatile int *volatile nowhere = (int *)16;
static int handled;

static LONG CALLBACK handler(EXCEPTION_POINTERS *e) {
  if (e->ExceptionRecord->ExceptionCode != EXCEPTION_ACCESS_VIOLATION) return EXCEPTION_CONTINUE_SEARCH;
  handled++;
  printf("fault %d at %d\n", handled, (int)e->ExceptionRecord->ExceptionInformation[1]);
  longjmp(place, handled);
}

__attribute__((noinline)) static int leaf(volatile int *p) { return *p; }
__attribute__((noinline)) static int body(int n) {
  char text[100];
  sprintf(text, "%d", n);
  *nowhere = text[0];
  return text[1];
}

int main(void) {
  AddVectoredExceptionHandler(1, handler);
  volatile int round = 0;
  int r = setjmp(place);
  round++;
  if (r == 0) leaf(nowhere);
  if (r == 1) body(3);
  printf("%d faults, %d rounds\n", handled, round);
  return 0;
}
