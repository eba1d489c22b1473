/* This libc for WASI has none: clang makes exceptions of these (jumps.c). */
typedef struct {
  long words[8];
} jmp_buf[1];

int setjmp(jmp_buf) __attribute__((returns_twice));
void longjmp(jmp_buf, int) __attribute__((noreturn));
#define _setjmp setjmp
#define _longjmp longjmp
