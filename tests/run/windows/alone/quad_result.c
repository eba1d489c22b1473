/* Calls a function of LLVM's with __float128, which calls one of this file: (7.5 + 2.5) / 2 is 5, printed as its bits.
 * No compiler's arithmetic is used here: the rule for libraries is another matter. */
#include <stdio.h>
#include <string.h>

__float128 average(__float128 a, __float128 b);
__float128 given(__float128 a) { return a; }

int main(void) {
  unsigned long long w[2];
  __float128 r = average(7.5, 2.5);
  memcpy(w, &r, 16);
  printf("a %llx %llx\n", w[1], w[0]);
  return 0;
}
