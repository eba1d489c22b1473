#include <stdio.h>
extern const int functions[3], third_value, in_section;
extern const void *const pointers[4];
extern long order;
const int *rows_start(void);
long twenty(void), twenty_too(void), go(long), go_relative(long), elsewhere(void);
int count(void);
static long relative(int i) { return ((long (*)(void))((const char *)functions + functions[i]))(); }
int main(void) {
  printf("%ld %ld %d\n", relative(0), relative(1),
         *(const int *)((const char *)functions + functions[2]));
  printf("%ld %ld %d %d\n", ((long (*)(void))pointers[0])(), ((long (*)(void))pointers[1])(),
         *(const int *)pointers[2], *(const int *)pointers[3]);
  printf("%d %d %ld %ld %ld %ld\n", third_value, pointers[1] == (void *)twenty, go(0), go(1),
         go_relative(0), go_relative(1));
  printf("%ld %ld %d %d %d\n", order, elsewhere(), (long)elsewhere % 64 == 0, in_section,
         rows_start() == &in_section);
  count();
  printf("%d\n", count());
  return 0;
}
