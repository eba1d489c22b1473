  .text
  .globl seven
  .type seven, %function
seven:
#ifdef __x86_64__
  movl $7, %eax
#else
  mov w0, #7
#endif
  ret
  .size seven, .-seven
  .section .note.GNU-stack, "", %progbits
