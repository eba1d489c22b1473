# Stands between caller and callee, as ../trampoline.S, by the convention of Windows: checks the caller's stack
# alignment, fills the callee-saved registers with junk, calls, checks that the junk, the stack pointer and the
# direction flag are back, restores, fills the caller-saved registers that hold no result with other junk, and writes
# over the 32 bytes that a callee may use as it likes.
# Not reentrant. Faults are added to trampoline_faults as bits:
#   1 an integer register (rbx, rbp, rsi, rdi, r12 to r15)  2 xmm6 to xmm15  64 rsp  128 direction flag
#   256 alignment at the call
.text
.globl trampoline
trampoline:
  pop return_to(%rip)
  lea saved(%rip), %r10
  mov %rbx, 0(%r10)
  mov %rbp, 8(%r10)
  mov %rsi, 16(%r10)
  mov %rdi, 24(%r10)
  mov %r12, 32(%r10)
  mov %r13, 40(%r10)
  mov %r14, 48(%r10)
  mov %r15, 56(%r10)
  mov %rsp, 64(%r10)
  movups %xmm6, 80(%r10)
  movups %xmm7, 96(%r10)
  movups %xmm8, 112(%r10)
  movups %xmm9, 128(%r10)
  movups %xmm10, 144(%r10)
  movups %xmm11, 160(%r10)
  movups %xmm12, 176(%r10)
  movups %xmm13, 192(%r10)
  movups %xmm14, 208(%r10)
  movups %xmm15, 224(%r10)
  test $15, %spl
  jz 1f
  orl $256, trampoline_faults(%rip)
1:
  movabs $0xb0b0b0b0deadbee1, %rbx
  movabs $0xb1b1b1b1deadbee2, %rbp
  movabs $0xb2b2b2b2deadbee3, %rsi
  movabs $0xb3b3b3b3deadbee4, %rdi
  movabs $0xb4b4b4b4deadbee5, %r12
  movabs $0xb5b5b5b5deadbee6, %r13
  movabs $0xb6b6b6b6deadbee7, %r14
  movabs $0xb7b7b7b7deadbee8, %r15
  pcmpeqd %xmm6, %xmm6
  psrlq $3, %xmm6
  .irp n, 7, 8, 9, 10, 11, 12, 13, 14, 15
  movdqa %xmm6, %xmm\n
  .endr
  pcmpeqd %xmm4, %xmm4
  movdqa %xmm4, %xmm5
  movabs $0x7a7a5b5b3c3c1d1d, %rax
  mov %rax, %r10
  call *%r11
  movabs $0xb0b0b0b0deadbee1, %r11
  cmp %r11, %rbx
  jne 2f
  movabs $0xb1b1b1b1deadbee2, %r11
  cmp %r11, %rbp
  jne 2f
  movabs $0xb2b2b2b2deadbee3, %r11
  cmp %r11, %rsi
  jne 2f
  movabs $0xb3b3b3b3deadbee4, %r11
  cmp %r11, %rdi
  jne 2f
  movabs $0xb4b4b4b4deadbee5, %r11
  cmp %r11, %r12
  jne 2f
  movabs $0xb5b5b5b5deadbee6, %r11
  cmp %r11, %r13
  jne 2f
  movabs $0xb6b6b6b6deadbee7, %r11
  cmp %r11, %r14
  jne 2f
  movabs $0xb7b7b7b7deadbee8, %r11
  cmp %r11, %r15
  jne 2f
  jmp 3f
2:
  orl $1, trampoline_faults(%rip)
3:
  # what each of xmm6 to xmm15 has of a difference to the junk
  pcmpeqd %xmm5, %xmm5
  psrlq $3, %xmm5
  .irp n, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
  movdqa %xmm5, %xmm4
  pcmpeqd %xmm\n, %xmm4
  pmovmskb %xmm4, %r11d
  cmp $0xffff, %r11d
  jne 2f
  .endr
  jmp 3f
2:
  orl $2, trampoline_faults(%rip)
3:
  lea saved(%rip), %r10
  cmp 64(%r10), %rsp
  je 1f
  orl $64, trampoline_faults(%rip)
  mov 64(%r10), %rsp
1:
  pushfq
  testl $0x400, (%rsp)
  lea 8(%rsp), %rsp
  jz 1f
  orl $128, trampoline_faults(%rip)
  cld
1:
  mov 0(%r10), %rbx
  mov 8(%r10), %rbp
  mov 16(%r10), %rsi
  mov 24(%r10), %rdi
  mov 32(%r10), %r12
  mov 40(%r10), %r13
  mov 48(%r10), %r14
  mov 56(%r10), %r15
  movups 80(%r10), %xmm6
  movups 96(%r10), %xmm7
  movups 112(%r10), %xmm8
  movups 128(%r10), %xmm9
  movups 144(%r10), %xmm10
  movups 160(%r10), %xmm11
  movups 176(%r10), %xmm12
  movups 192(%r10), %xmm13
  movups 208(%r10), %xmm14
  movups 224(%r10), %xmm15
  movabs $0xc1c1c1c1deadbee1, %rcx
  mov %rcx, %rdx
  mov %rcx, %r8
  mov %rcx, %r9
  mov %rcx, %r10
  mov %rcx, %r11
  mov %rcx, (%rsp)
  mov %rcx, 8(%rsp)
  mov %rcx, 16(%rsp)
  mov %rcx, 24(%rsp)
  pcmpeqd %xmm1, %xmm1
  .irp n, 2, 3, 4, 5
  movdqa %xmm1, %xmm\n
  .endr
  jmp *return_to(%rip)

# void clobber(void): changes all that a call may change.
.globl clobber
clobber:
  movabs $0xd0d0d0d0deadbee0, %rax
  .irp r, rcx, rdx, r8, r9, r10, r11
  mov %rax, %\r
  .endr
  mov %rax, 8(%rsp)
  mov %rax, 16(%rsp)
  mov %rax, 24(%rsp)
  mov %rax, 32(%rsp)
  pcmpeqd %xmm0, %xmm0
  .irp n, 1, 2, 3, 4, 5
  movdqa %xmm0, %xmm\n
  .endr
  ret

.bss
.balign 16
return_to: .skip 16
saved: .skip 80 + 160
.globl trampoline_faults
trampoline_faults: .skip 4
