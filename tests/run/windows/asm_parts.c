/* Assembly in functions that has sections, by COFF's rules: read-only data, data, a section without flags, which is
 * writable; a naked function, which has no unwind information, so that the system takes it for a leaf. */
#include <stdio.h>
#include <windows.h>

__attribute__((naked)) static int seven(void) { __asm__("movl $7, %eax; ret"); }
__attribute__((noinline)) static int constant(int x) {
  __asm__ volatile("nop\n.pushsection .rdata,\"dr\"\n1: .long 5\n.popsection\n"
                   "leaq 1b(%%rip),%%rax\n addl (%%rax),%0"
                   : "+r"(x)::"rax", "cc");
  return x;
}
__attribute__((noinline)) static int datum(int x) {
  __asm__ volatile(".data\n1: .quad 9\n.text\nmovq 1b(%%rip),%%rax\n addl %%eax,%0\n incq 1b(%%rip)"
                   : "+r"(x)::"rax", "cc", "memory");
  return x;
}
__attribute__((noinline)) static int own(int x) {
  __asm__ volatile(
    ".pushsection plain\n1: .long 11\n.popsection\nincl 1b(%%rip)\n addl 1b(%%rip),%0"
    : "+r"(x)::"cc", "memory");
  return x;
}

int main(void) {
  DWORD64 base;
  int (*volatile naked)(void) = seven;
  printf("%d %d %d %d %d %d %d\n", naked(), constant(1), datum(1), datum(1), own(1), own(1),
         RtlLookupFunctionEntry((DWORD64)naked, &base, NULL) == NULL);
  return 0;
}
