/* Where thread-local variables are, as a debugger finds them: each line is a variable's offset in the thread's block of
 * this program, which the location in its DWARF must have. Linked and read by windows.py. */
#include <stdio.h>

extern unsigned _tls_index;
static _Thread_local char before[24] = "other data";
static _Thread_local int local_one = 5;
_Thread_local long long global_one = 7, zero_one;

static long offset(void *p) {
  char **blocks;
  __asm__("mov %%gs:0x58, %0" : "=r"(blocks)); /* TEB.ThreadLocalStoragePointer */
  return (long)((char *)p - blocks[_tls_index]);
}

int main(void) {
  printf("before %ld\nlocal_one %ld\n", offset(before), offset(&local_one));
  printf("global_one %ld\nzero_one %ld\n", offset(&global_one), offset(&zero_one));
  return 0;
}
