/* Functions with all that indirect branches go to, and two that an attacker has got hold of. `work` does by mode: 1 all
 * of the first kind; 2 returns to `gadget`, 3 calls it, 4 jumps to it. Without any library: protected_*.S calls it. */
typedef long func(long);
extern func gadget; /* ends the program with status 42; nothing marks it */
func work;

static long twice(long x) { return 2 * x; }
static long thrice(long x) { return 3 * x; }
func *volatile some = thrice;

long table(long x) {
  switch (x) {
  case 10: return 1;
  case 11: return some(2);
  case 12: return 5;
  case 13: return some(3);
  case 14: return 11;
  case 15: return 13;
  default: return 17;
  }
}

long labels(long x) {
  static void *const to[] = {&&a, &&b, &&c};
  long r = 0;
next:
  goto *to[x];
a:
  return r + 1;
b:
  r += some(1);
  x = 2;
  goto next;
c:
  r += 5;
  x = 0;
  goto next;
}

long tail(long x) {
  char here[5000];
  here[x] = 1;
  if (x > 100) return here[x];
  __attribute__((musttail)) return some(x);
}

extern int setjmp(void **) __attribute__((returns_twice));
extern void longjmp(void **, int) __attribute__((noreturn));
static void *buffer[64];
long again(long x) {
  volatile long n = 0;
  int back = setjmp(buffer);
  n += x;
  if (back < 3) longjmp(buffer, back + 1);
  return n;
}

#ifdef BUILTIN
static void *few[5];
static __attribute__((noinline)) void leave(long x) {
  if (x > 3) __builtin_longjmp(few, 1);
}
long builtin(long x) {
  if (__builtin_setjmp(few)) return 3;
  leave(x);
  return 0;
}
#else
long builtin(long x) { return x - 1; }
#endif

long where(long x) { return x + (long)__builtin_return_address(0); }
long returned(long x) {
  long at = where(0), to = (long)returned;
  return at > to && at < to + 400 ? x : 0;
}

long smash(long x) {
  void *volatile *frame = __builtin_frame_address(0);
  if (x) frame[1] = (void *)gadget;
  return some(x);
}
long go(void *to) {
  if (!to) to = &&here;
  goto *to;
here:
  return 0;
}

long work(long mode) {
  some = thrice;
  if (mode == 2) return smash(1);
  if (mode == 3) {
    some = gadget;
    return table(11);
  }
  if (mode == 4) return go((void *)gadget);
  long sum = 0;
  for (long x = 9; x < 17; x++) sum += table(x); /* 17 + 1 + 6 + 5 + 9 + 11 + 13 + 17 */
  sum -= 79;
  sum += labels(1) - 9;
  sum += tail(4) - 12 + smash(0) + go(0);
  sum += again(2) - 8;
  sum += builtin(4) - 3;
  sum += returned(5) - 5;
  some = twice;
  return sum == 0 && some(3) == 6 ? 7 : 1;
}
