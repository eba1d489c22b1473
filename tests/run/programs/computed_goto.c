/* A bytecode interpreter with computed goto; tables of label addresses and of their differences. */
#include <stdint.h>
#include <stdio.h>

enum { PUSH, ADD, SUB, MUL, DUP, SWAP, JNZ, JMP, PRINT, DEC, OVER, DROP, HALT };

static long run(const int *code) {
  static const void *const table[] = {&&push, &&add,   &&sub, &&mul,  &&dup,  &&swap, &&jnz,
                                      &&jmp,  &&print, &&dec, &&over, &&drop, &&halt};
  long stack[32], *sp = stack, steps = 0, t;
  const int *pc = code;
#define NEXT                                                                                       \
  do {                                                                                             \
    steps++;                                                                                       \
    goto *table[*pc++];                                                                            \
  } while (0)
  NEXT;
push:
  *sp++ = *pc++;
  NEXT;
add:
  sp--;
  sp[-1] += sp[0];
  NEXT;
sub:
  sp--;
  sp[-1] -= sp[0];
  NEXT;
mul:
  sp--;
  sp[-1] *= sp[0];
  NEXT;
dup:
  *sp = sp[-1];
  sp++;
  NEXT;
swap:
  t = sp[-1];
  sp[-1] = sp[-2];
  sp[-2] = t;
  NEXT;
jnz:
  t = *--sp;
  if (t) pc += *pc;
  else pc++;
  NEXT;
jmp:
  pc += *pc;
  NEXT;
print:
  printf("top %ld\n", sp[-1]);
  NEXT;
dec:
  sp[-1]--;
  NEXT;
over:
  *sp = sp[-2];
  sp++;
  NEXT;
drop:
  sp--;
  NEXT;
halt:
  return steps;
}

static int relative(int n) {
  static const int32_t offsets[] = {(int32_t)((intptr_t)&&a - (intptr_t)&&a),
                                    (int32_t)((intptr_t)&&b - (intptr_t)&&a),
                                    (int32_t)((intptr_t)&&c - (intptr_t)&&a)};
  int r = 0;
  for (int i = 0; i < n; i++) {
    goto *(void *)((intptr_t)&&a + offsets[i % 3]);
  a:
    r += 1;
    continue;
  b:
    r += 10;
    continue;
  c:
    r += 100;
    continue;
  }
  return r;
}

/* Label addresses through a variable, with state that lives across. */
static int states(const char *s) {
  void *next = &&start;
  int words = 0, letters = 0;
  double weight = 0;
  for (; *s; s++) {
    goto *next;
  start:
    if (*s == ' ') continue;
    words++;
    next = &&inside;
  inside:
    if (*s == ' ') {
      next = &&start;
      weight *= 2;
      continue;
    }
    letters++;
    weight += 0.5;
  }
  printf("weight %g\n", weight);
  return words * 100 + letters;
}

int main(void) {
  /* factorial of 12 by a loop, then a sum */
  static const int factorial[] = {PUSH, 1,    PUSH, 12, /* acc n */
                                  SWAP, OVER, MUL,  SWAP,  DEC,  DUP, JNZ, -7,    DROP, PRINT,
                                  PUSH, 5,    ADD,  PRINT, PUSH, 3,   SUB, PRINT, HALT};
  printf("steps %ld\n", run(factorial));
  printf("relative %d\n", relative(10));
  printf("states %d\n", states("one  two three   four"));
  return 0;
}
