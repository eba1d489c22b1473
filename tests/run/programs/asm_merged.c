/* Assembly whose strings and constants are in sections that the linker merges: each label stays at its own,
 * though the first ones are elsewhere, too. */
#include <stdint.h>
#include <stdio.h>
#ifdef __x86_64__
#define ADDRESS(label) "leaq " label "(%rip), %rax\n\tret\n"
#define INLINE(label) "leaq " label "(%%rip), %0"
#else
#define ADDRESS(label) "adrp x0, " label "\n\tadd x0, x0, :lo12:" label "\n\tret\n"
#define INLINE(label) "adrp %0, " label "\n\tadd %0, %0, :lo12:" label
#endif
__asm__(
  ".section .rodata.str1.1,\"aMS\",%progbits,1\n"
  ".Lfirst: .asciz \"zebra\"\n.Lsecond: .asciz \"apple pie\"\n.Lthird: .asciz \"mango\"\n"
  ".section .rodata.cst8,\"aM\",%progbits,8\n.Lone: .quad 1\n.Ltwo: .quad 2\n.Lthree: .quad 3\n"
  ".section named,\"aM\",%progbits,8\n.Lfour: .quad 4\n.Lfive: .quad 5\n.Lsix: .quad 6\n"
  ".section .data.rel.ro,\"aw\"\n.globl table\n.balign 8\n"
  "table: .quad .Lfirst, .Lsecond, .Lthird + 2, .Ltwo, .Lthree, .Lsix\n.text\n"
  ".globl second\nsecond: " ADDRESS(".Lsecond") ".globl third\nthird: " ADDRESS(".Lthird + 1"));
const char *second(void), *third(void);
extern const void *const table[];

#define STRINGS(label, word)                                                                       \
  __asm__(".pushsection .rodata.str1.1,\"aMS\",%%progbits,1\n1: .asciz \"kiwi\"\n"                 \
          "2: .asciz \"apple pie\"\n3: .asciz \"" word "\"\n.popsection\n" INLINE(label)           \
          : "=r"(text));                                                                           \
  puts(text)

int main(void) {
  const char *text;
  puts("zebra");
  puts("mango");
  puts("pie");
  puts("kiwi");
  puts(second());
  puts(third());
  for (int i = 0; i < 3; i++) puts(table[i]);
  for (int i = 3; i < 6; i++) printf("%d\n", (int)*(const int64_t *)table[i]);
  STRINGS("3b", "melon");
  STRINGS("2b", "melon");
  STRINGS("3b", "elon");
  return 0;
}
