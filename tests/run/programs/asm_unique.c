/* `%=`, a number of the statement's own: as a label's number, and as a part of a name. */
#include <stdio.h>
#ifdef __x86_64__
#define LOOP(r) __asm__ volatile("%=: dec %0\n jnz %=b" : "+r"(r))
#define NAMED(r) __asm__ volatile(".Lhere%=: dec %0\n jnz .Lhere%=" : "+r"(r))
#define SKIP(r) __asm__ volatile("jmp %=f\n xor %0, %0\n%=:" : "+r"(r))
#else
#define LOOP(r) __asm__ volatile("%=: subs %w0, %w0, 1\n b.ne %=b" : "+r"(r))
#define NAMED(r) __asm__ volatile(".Lhere%=: subs %w0, %w0, 1\n b.ne .Lhere%=" : "+r"(r))
#define SKIP(r) __asm__ volatile("b %=f\n mov %w0, wzr\n%=:" : "+r"(r))
#endif
#define TEN(x) x x x x x x x x x x

static int all(int a) {
  int r = a;
  LOOP(r);
  r += a;
  NAMED(r);
  r += a + 1;
  SKIP(r);
  return r;
}
static int many(int r) { /* more statements than six bits count */
  TEN(TEN(r += 2; LOOP(r); r += 3; NAMED(r);))
  return r;
}

int main(void) {
  printf("%d %d %d\n", all(3), all(40), many(1));
  return 0;
}
