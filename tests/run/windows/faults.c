/* Asynchronous unwinding: at a fault in a leaf, in a body with a frame, in one with a dynamic frame and in one with
 * saved registers, the handler unwinds one frame by the tables, and the caller goes on with another result. */
#include <stdio.h>
#include <windows.h>

static volatile int *volatile nowhere = (int *)16;
static int handled;

static LONG CALLBACK handler(EXCEPTION_POINTERS *e) {
  CONTEXT *c = e->ContextRecord;
  DWORD64 base, frame;
  PVOID data;
  if (e->ExceptionRecord->ExceptionCode != EXCEPTION_ACCESS_VIOLATION)
    return EXCEPTION_CONTINUE_SEARCH;
  PRUNTIME_FUNCTION f = RtlLookupFunctionEntry(c->Rip, &base, NULL);
  if (f == NULL) { /* a leaf */
    c->Rip = *(DWORD64 *)c->Rsp;
    c->Rsp += 8;
  } else {
    RtlVirtualUnwind(UNW_FLAG_NHANDLER, base, c->Rip, f, c, &data, &frame, NULL);
  }
  c->Rax = 100 + (unsigned)++handled;
  return EXCEPTION_CONTINUE_EXECUTION;
}

__attribute__((noinline)) static int leaf(volatile int *p) { return *p; }
__attribute__((noinline)) static int body(int n) {
  char text[100];
  sprintf(text, "%d", n);
  *nowhere = text[0];
  return text[1];
}
__attribute__((noinline)) static int dynamic(int n) {
  char *text = __builtin_alloca(100 + n);
  sprintf(text, "%d", n);
  *nowhere = text[0];
  return text[1];
}
__attribute__((noinline)) static int saves(int a, int b, int c, int d) {
  int e = a * b, f = b * c, g = c * d, h = d * a;
  printf("%d %d %d %d\n", e, f, g, h);
  *nowhere = e;
  printf("%d %d %d %d\n", h, g, f, e);
  return a + b + c + d + e + f + g + h;
}

int main(void) {
  AddVectoredExceptionHandler(1, handler);
  double sum = 0.5;
  for (int i = 0; i < 3; i++) {
    int a = leaf(nowhere), b = body(i), c = dynamic(i), d = saves(i, 2, 3, 4);
    printf("%d %d %d %d\n", a, b, c, d);
    sum = sum * 2 + a + d;
  }
  printf("%g, %d faults\n", sum, handled);
  return 0;
}
