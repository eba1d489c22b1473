/* Module assembly on Windows by COFF's rules: a section without flags is writable data, with "x" it is code, the third
 * word of .comm is a logarithm; addresses from the image's base and from a section's start; groups, weak names. */
#include <stdint.h>
#include <stdio.h>

__asm__(".section mydata\n.globl counter\ncounter: .long 5\n.text\n"
        ".comm shared,64,6\n"
        ".lcomm hidden_zeros,16\n"
        ".section zzcode,\"x\"\n.globl three\nthree: movl $3,%eax\n ret\n"
        ".section .rdata,\"dr\"\n.globl constants\n.p2align 3\n"
        "constants: .quad counter, three\n .rva three, counter\n .secrel32 counter\n"
        ".secidx counter\n .secidx constants\n .long three-1f\n .p2align 3\n1: .quad hidden_zeros\n"
        ".section zz,\"bw\"\n.globl zeros\nzeros: .skip 32\n"
        ".section wr,\"w\"\n.globl written\nwritten: .long 7\n"
        ".data\n.globl datum\ndatum: .long 11\n"
        ".bss\n.globl blank\nblank: .skip 8\n"
        ".text\n.def twice; .scl 2; .type 32; .endef\n.globl twice\n"
        "twice: leal (%rcx,%rcx),%eax\n addl datum(%rip),%eax\n ret\n"
        ".weak replaced\nreplaced: movl $1,%eax\n ret\n"
        ".weak nowhere\n");
__asm__(".section .rdata$grouped,\"dr\",discard,grouped\n.globl grouped\ngrouped: .long 21\n"
        ".section .data$with,\"dw\",associative,grouped\n.long 22\n.text\n");

extern int counter, written, datum, grouped;
extern char shared[64], zeros[32], blank[8], __ImageBase[];
extern const struct {
  int *counter;
  int (*three)(void);
  uint32_t three_rva, counter_rva, counter_secrel;
  uint16_t counter_section, own_section;
  int32_t distance;
  char *hidden;
} constants;
int three(void);
int twice(int);
int replaced(void);
extern int nowhere __attribute__((weak));

int main(void) {
  counter++, written += 2, datum--, zeros[3] = 1, blank[2] = 2, shared[0] = 4,
                                    constants.hidden[9] = 5;
  printf("%d %d %d %d %d %d\n", counter, written, datum, zeros[3] + blank[2] + shared[0], three(),
         grouped);
  printf("%d %d %d\n", twice(20), replaced(), &nowhere == NULL);
  printf("%d %d %d %d\n", constants.counter == &counter, constants.three() == 3,
         ((uintptr_t)shared & 63) == 0, constants.hidden[9]);
  printf("%d %d %d\n", __ImageBase + constants.three_rva == (char *)three,
         __ImageBase + constants.counter_rva == (char *)&counter, constants.counter_secrel < 64);
  printf("%d %d\n", constants.counter_section != constants.own_section,
         (char *)&constants.hidden + constants.distance == (char *)three);
  return 0;
}
