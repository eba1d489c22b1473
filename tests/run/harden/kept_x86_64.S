# void with_all(void *function, uint64_t *gp, void *vectors): calls it with registers filled from both, 16 general ones
# in the order of their numbers (rsp, rbp and r11 apart) and 16 vector ones, and stores what they are behind it.
# clobber: changes all registers that a C function may.
  .text
  .globl with_all, clobber
with_all:
  push %rbx
  push %rbp
  push %r12
  push %r13
  push %r14
  push %r15
  push %rsi
  push %rdx
  sub $8, %rsp
  mov %rdi, %r11
  mov %rsi, %r15
  .set i, 0
  .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
  movups 16*\n(%rdx), %xmm\n
  .endr
  mov 0(%r15), %rax
  mov 8(%r15), %rcx
  mov 16(%r15), %rdx
  mov 24(%r15), %rbx
  mov 48(%r15), %rsi
  mov 56(%r15), %rdi
  mov 64(%r15), %r8
  mov 72(%r15), %r9
  mov 80(%r15), %r10
  mov 96(%r15), %r12
  mov 104(%r15), %r13
  mov 112(%r15), %r14
  mov 120(%r15), %r15
  call *%r11
  mov 16(%rsp), %r11
  mov %rax, 0(%r11)
  mov %rcx, 8(%r11)
  mov %rdx, 16(%r11)
  mov %rbx, 24(%r11)
  mov %rsi, 48(%r11)
  mov %rdi, 56(%r11)
  mov %r8, 64(%r11)
  mov %r9, 72(%r11)
  mov %r10, 80(%r11)
  mov %r12, 96(%r11)
  mov %r13, 104(%r11)
  mov %r14, 112(%r11)
  mov %r15, 120(%r11)
  mov 8(%rsp), %r11
  .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
  movups %xmm\n, 16*\n(%r11)
  .endr
  add $24, %rsp
  pop %r15
  pop %r14
  pop %r13
  pop %r12
  pop %rbp
  pop %rbx
  ret
clobber:
  .irp r, rax,rcx,rdx,rsi,rdi,r8,r9,r10,r11
  mov $0x11, %\r
  .endr
  .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
  pcmpeqd %xmm\n, %xmm\n
  .endr
  ret
  .section .note.GNU-stack, "", %progbits
