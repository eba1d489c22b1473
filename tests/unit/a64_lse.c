/* Prints every form of AArch64's LSE instructions over all registers, a line each: the encoder's word and the
 * manual's text. a64_lse.py has LLVM's assembler make words of the text; Capstone 4 does not know them. */
#include "targets/aarch64/encode.h"

#include <stdio.h>

static const char *name(char letter, unsigned n, bool sp) {
  static char names[8][8];
  static unsigned next;
  char *s = names[next++ & 7];
  if (n == 31) snprintf(s, 8, "%s", sp ? "sp" : letter == 'x' ? "xzr" : "wzr");
  else snprintf(s, 8, "%c%u", letter, n & 31);
  return s;
}

int main(void) {
  static const struct {
    enum a64_atomic op;
    const char *name;
  } ops[] = {{A64_LDADD, "ldadd"},   {A64_LDCLR, "ldclr"},   {A64_LDEOR, "ldeor"},
             {A64_LDSET, "ldset"},   {A64_LDSMAX, "ldsmax"}, {A64_LDSMIN, "ldsmin"},
             {A64_LDUMAX, "ldumax"}, {A64_LDUMIN, "ldumin"}, {A64_SWP, "swp"}};
  static const char *const orders[] = {"", "l", "a", "al"}, *const sizes[] = {"b", "h", "", ""};
  for (unsigned order = 0; order < 4; order++) {
    for (unsigned k = 0; k < 96; k++) {
      unsigned s = k / 32 == 0 ? k % 32 : 5, t = k / 32 == 1 ? k % 32 : 20,
               n = k / 32 == 2 ? k % 32 : 10;
      for (unsigned log2 = 0; log2 < 4; log2++) {
        char letter = log2 == 3 ? 'x' : 'w';
        for (unsigned i = 0; i < sizeof ops / sizeof *ops; i++)
          printf("%08x %s%s%s %s, %s, [%s]\n", a64_atomic(ops[i].op, log2, order, s, t, n),
                 ops[i].name, orders[order], sizes[log2], name(letter, s, false),
                 name(letter, t, false), name('x', n, true));
        printf("%08x cas%s%s %s, %s, [%s]\n", a64_cas(log2, order, s, t, n), orders[order],
               sizes[log2], name(letter, s, false), name(letter, t, false), name('x', n, true));
      }
      s &= 30, t &= 30;
      printf("%08x casp%s %s, %s, %s, %s, [%s]\n", a64_casp(order, s, t, n), orders[order],
             name('x', s, false), name('x', s + 1, false), name('x', t, false),
             name('x', t + 1, false), name('x', n, true));
    }
  }
  return 0;
}
