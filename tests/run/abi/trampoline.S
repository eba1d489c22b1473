# Stands between caller and callee: checks the caller's stack alignment, fills the callee-saved
# registers with junk, calls, checks that the junk, the stack pointer and the direction flag are
# back, restores, and fills the caller-saved registers that hold no result with other junk.
# Arguments on the stack stay in place: the return address is popped and pushed again by the call.
# Not reentrant. Faults are added to trampoline_faults as bits.
#   1 rbx  2 rbp  4 r12  8 r13  16 r14  32 r15  64 rsp  128 direction flag  256 alignment at the call
.text
.globl trampoline
trampoline:
  pop return_to(%rip)
  mov %rbx, saved(%rip)
  mov %rbp, saved+8(%rip)
  mov %r12, saved+16(%rip)
  mov %r13, saved+24(%rip)
  mov %r14, saved+32(%rip)
  mov %r15, saved+40(%rip)
  mov %rsp, saved+48(%rip)
  test $15, %spl
  jz 1f
  orl $256, trampoline_faults(%rip)
1:
  # al holds the count of vector registers for variadic functions, the bits above it nothing
  mov %al, %r10b
  movabs $0x7a7a5b5b3c3c1d1d, %rax
  mov %r10b, %al
  movabs $0xb0b0b0b0deadbee1, %rbx
  movabs $0xb1b1b1b1deadbee2, %rbp
  movabs $0xb2b2b2b2deadbee3, %r12
  movabs $0xb3b3b3b3deadbee4, %r13
  movabs $0xb4b4b4b4deadbee5, %r14
  movabs $0xb5b5b5b5deadbee6, %r15
  movabs $0xb6b6b6b6deadbee7, %r10
  pcmpeqd %xmm8, %xmm8
  movdqa %xmm8, %xmm9
  movdqa %xmm8, %xmm10
  movdqa %xmm8, %xmm11
  movdqa %xmm8, %xmm12
  movdqa %xmm8, %xmm13
  movdqa %xmm8, %xmm14
  movdqa %xmm8, %xmm15
  call *%r11
  movabs $0xb0b0b0b0deadbee1, %r11
  cmp %r11, %rbx
  je 1f
  orl $1, trampoline_faults(%rip)
1:
  movabs $0xb1b1b1b1deadbee2, %r11
  cmp %r11, %rbp
  je 1f
  orl $2, trampoline_faults(%rip)
1:
  movabs $0xb2b2b2b2deadbee3, %r11
  cmp %r11, %r12
  je 1f
  orl $4, trampoline_faults(%rip)
1:
  movabs $0xb3b3b3b3deadbee4, %r11
  cmp %r11, %r13
  je 1f
  orl $8, trampoline_faults(%rip)
1:
  movabs $0xb4b4b4b4deadbee5, %r11
  cmp %r11, %r14
  je 1f
  orl $16, trampoline_faults(%rip)
1:
  movabs $0xb5b5b5b5deadbee6, %r11
  cmp %r11, %r15
  je 1f
  orl $32, trampoline_faults(%rip)
1:
  cmp saved+48(%rip), %rsp
  je 1f
  orl $64, trampoline_faults(%rip)
  mov saved+48(%rip), %rsp
1:
  pushfq
  testl $0x400, (%rsp)
  lea 8(%rsp), %rsp
  jz 1f
  orl $128, trampoline_faults(%rip)
  cld
1:
  mov saved(%rip), %rbx
  mov saved+8(%rip), %rbp
  mov saved+16(%rip), %r12
  mov saved+24(%rip), %r13
  mov saved+32(%rip), %r14
  mov saved+40(%rip), %r15
  movabs $0xc1c1c1c1deadbee1, %rcx
  movabs $0xc2c2c2c2deadbee2, %rsi
  movabs $0xc3c3c3c3deadbee3, %rdi
  movabs $0xc4c4c4c4deadbee4, %r8
  movabs $0xc5c5c5c5deadbee5, %r9
  movabs $0xc6c6c6c6deadbee6, %r10
  movabs $0xc7c7c7c7deadbee7, %r11
  pcmpeqd %xmm2, %xmm2
  movdqa %xmm2, %xmm3
  movdqa %xmm2, %xmm4
  movdqa %xmm2, %xmm5
  movdqa %xmm2, %xmm6
  movdqa %xmm2, %xmm7
  movdqa %xmm2, %xmm8
  movdqa %xmm2, %xmm9
  movdqa %xmm2, %xmm10
  movdqa %xmm2, %xmm11
  movdqa %xmm2, %xmm12
  movdqa %xmm2, %xmm13
  movdqa %xmm2, %xmm14
  movdqa %xmm2, %xmm15
  jmp *return_to(%rip)

# void clobber(void): changes all that a call may change.
.globl clobber
clobber:
  movabs $0xd0d0d0d0deadbee0, %rax
  mov %rax, %rcx
  mov %rax, %rdx
  mov %rax, %rsi
  mov %rax, %rdi
  mov %rax, %r8
  mov %rax, %r9
  mov %rax, %r10
  mov %rax, %r11
  pcmpeqd %xmm0, %xmm0
  .irp n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
  movdqa %xmm0, %xmm\n
  .endr
  ret

.bss
.balign 8
return_to: .skip 8
saved: .skip 56
.globl trampoline_faults
trampoline_faults: .skip 4
#ifndef _WIN32
.section .note.GNU-stack,"",@progbits
#endif
