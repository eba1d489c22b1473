/* A stack machine whose loop is one switch; primes, Collatz' sequences and Fibonacci by calls. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum op {
  PUSH,
  LOAD,
  STORE,
  ADD,
  SUB,
  MUL,
  DIV,
  MOD,
  LESS,
  EQUAL,
  NOT,
  DUP,
  SWAP,
  JUMP,
  JUMP_ZERO,
  CALL,
  RET,
  PRINT,
  HALT,
};

struct machine {
  long stack[256], variables[26];
  int code[512], calls[256];
};

/* Words: a number, a variable, =v stores, @L is a label, >L ?L #L jump, jump if zero, call. */
static const char source[] =
  "2 =i 0 =c @A i n < ?B 2 =d @C i d d * < ?D c 1 + =c >E @D i d % ?E d 1 + =d >C "
  "@E i 1 + =i >A @B c . "
  "1 =i 0 =m @F i n < ?G i =x 0 =s @H x 1 = ! ?I x 2 % ?J x 3 * 1 + =x >K @J x 2 / =x "
  "@K s 1 + =s >H @I m s < ?L s =m @L i 1 + =i >F @G m . "
  "24 #P . $ @P : 2 < ?Q ; @Q : 1 - #P ~ 2 - #P + ;";

static void compile(int *code) {
  static const char simple[] = "+-*/%<=!:~;.$";
  static const enum op ops[] = {ADD, SUB, MUL,  DIV, MOD,   LESS, EQUAL,
                                NOT, DUP, SWAP, RET, PRINT, HALT};
  static const char jumps[] = ">?#";
  static const enum op jump_ops[] = {JUMP, JUMP_ZERO, CALL};
  int labels[26] = {0};
  for (int pass = 0; pass < 2; pass++) {
    int n = 0;
    for (const char *s = source; *s != '\0'; s++) {
      const char *found;
      if (isdigit((unsigned char)*s)) {
        code[n++] = PUSH;
        code[n++] = (int)strtol(s, (char **)&s, 10);
      } else if (islower((unsigned char)*s)) {
        code[n++] = LOAD;
        code[n++] = *s++ - 'a';
      } else if (*s == '=' && s[1] != ' ') {
        code[n++] = STORE;
        code[n++] = s[1] - 'a';
        s += 2;
      } else if (*s == '@') {
        labels[s[1] - 'A'] = n;
        s += 2;
      } else if ((found = strchr(jumps, *s)) != NULL) {
        code[n++] = jump_ops[found - jumps];
        code[n++] = labels[s[1] - 'A'];
        s += 2;
      } else {
        found = strchr(simple, *s++);
        if (found == NULL) exit(1);
        code[n++] = ops[found - simple];
      }
      if (*s == '\0') break;
    }
  }
}

static void run(struct machine *m) {
  long *sp = m->stack;
  int *calls = m->calls;
  const int *pc = m->code;
  for (;;) {
    switch ((enum op) * pc++) {
    case PUSH: *sp++ = *pc++; break;
    case LOAD: *sp++ = m->variables[*pc++]; break;
    case STORE: m->variables[*pc++] = *--sp; break;
    case ADD:
      sp--;
      sp[-1] += sp[0];
      break;
    case SUB:
      sp--;
      sp[-1] -= sp[0];
      break;
    case MUL:
      sp--;
      sp[-1] *= sp[0];
      break;
    case DIV:
      sp--;
      sp[-1] /= sp[0];
      break;
    case MOD:
      sp--;
      sp[-1] %= sp[0];
      break;
    case LESS:
      sp--;
      sp[-1] = sp[-1] < sp[0];
      break;
    case EQUAL:
      sp--;
      sp[-1] = sp[-1] == sp[0];
      break;
    case NOT: sp[-1] = !sp[-1]; break;
    case DUP:
      sp[0] = sp[-1];
      sp++;
      break;
    case SWAP: {
      long top = sp[-1];
      sp[-1] = sp[-2];
      sp[-2] = top;
      break;
    }
    case JUMP: pc = &m->code[*pc]; break;
    case JUMP_ZERO: pc = *--sp == 0 ? &m->code[*pc] : pc + 1; break;
    case CALL:
      *calls++ = (int)(pc + 1 - m->code);
      pc = &m->code[*pc];
      break;
    case RET: pc = &m->code[*--calls]; break;
    case PRINT: printf("%ld\n", *--sp); break;
    case HALT: return;
    }
  }
}

int main(int argc, char **argv) {
  static struct machine m;
  compile(m.code);
  m.variables['n' - 'a'] = argc > 1 ? atoi(argv[1]) : 1000;
  run(&m);
  return 0;
}
