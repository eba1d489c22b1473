/* Windows' unwinder over Kiln's frames: from an instruction in a body, a function of each shape of frame is found and
 * left by RtlVirtualUnwind until main, and the saved registers are restored by RtlUnwind (longjmp). */
#include <malloc.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <windows.h>

static jmp_buf place;
static char names[8][16];
static void *starts[8];
static int n_names, found;

static void name(const char *s, void *f) {
  strcpy(names[n_names], s);
  starts[n_names++] = f;
}

/* The names of the functions on the stack, as the tables of unwinding have them. */
__attribute__((noinline)) static void walk(void) {
  CONTEXT c;
  RtlCaptureContext(&c);
  for (int k = 0; k < 40 && c.Rip != 0; k++) {
    DWORD64 base;
    PRUNTIME_FUNCTION f = RtlLookupFunctionEntry(c.Rip, &base, NULL);
    if (f == NULL) break;
    for (int i = 0; i < n_names; i++)
      if ((char *)starts[i] == (char *)base + f->BeginAddress) printf("%s\n", names[i]), found++;
    if (found != 0 && (char *)starts[0] == (char *)base + f->BeginAddress) return;
    PVOID data;
    DWORD64 frame;
    RtlVirtualUnwind(UNW_FLAG_NHANDLER, base, c.Rip, f, &c, &data, &frame, NULL);
  }
}

__attribute__((noinline)) static int plain(int n) {
  walk();
  if (n == 1) longjmp(place, 7);
  return n;
}
__attribute__((noinline)) static int large(int n) {
  volatile char room[70000];
  room[0] = (char)n;
  room[69999] = 1;
  return plain(room[0]) + room[69999];
}
__attribute__((noinline)) static int dynamic(int n) {
  volatile char *room = alloca(1000 + n);
  room[999] = 3;
  return large(n) + room[999];
}
__attribute__((noinline)) static int aligned(int n) {
  __attribute__((aligned(64))) volatile char room[64];
  room[1] = 4;
  return dynamic(n) + room[1] + (int)((unsigned long long)room & 63);
}
__attribute__((noinline)) static double kept(double a, double b, int n) {
  double c = a * b, d = a + b, e = a - b;
  int r = aligned(n);
  return c + d + e + r;
}

int main(void) {
  volatile int before = 11;
  name("main", main);
  name("plain", plain);
  name("large", large);
  name("dynamic", dynamic);
  name("aligned", aligned);
  name("kept", kept);
  printf("%g\n", kept(2, 3, 0));
  int r = setjmp(place);
  if (r == 0) kept(5, 6, 1);
  printf("%d %d %d\n", r, before, found);
  return 0;
}
