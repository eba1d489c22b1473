// Stands between caller and callee: checks the caller's stack alignment, fills the callee-saved
// registers with junk, calls, checks that the junk and the stack pointer are back, restores, and
// fills the caller-saved registers that hold no result with other junk. Arguments on the stack stay
// in place. Not reentrant. Faults are added to trampoline_faults as bits: 0 to 10 x19 to x29, 11 to
// 18 d8 to d15, 19 sp, 20 alignment at the call.
.text
.globl trampoline
.hidden trampoline
.type trampoline, %function
trampoline:
  adrp x17, saved
  add x17, x17, :lo12:saved
  stp x19, x20, [x17]
  stp x21, x22, [x17, 16]
  stp x23, x24, [x17, 32]
  stp x25, x26, [x17, 48]
  stp x27, x28, [x17, 64]
  stp x29, x30, [x17, 80]
  stp d8, d9, [x17, 96]
  stp d10, d11, [x17, 112]
  stp d12, d13, [x17, 128]
  stp d14, d15, [x17, 144]
  mov x9, sp
  str x9, [x17, 160]
  tst x9, 15
  b.eq 1f
  ldr w9, [x17, 168]
  orr w9, w9, 1 << 20
  str w9, [x17, 168]
1:
  adrp x17, junk
  add x17, x17, :lo12:junk
  ldp x19, x20, [x17]
  ldp x21, x22, [x17, 16]
  ldp x23, x24, [x17, 32]
  ldp x25, x26, [x17, 48]
  ldp x27, x28, [x17, 64]
  ldr x29, [x17, 80]
  ldp d8, d9, [x17, 88]
  ldp d10, d11, [x17, 104]
  ldp d12, d13, [x17, 120]
  ldp d14, d15, [x17, 136]
  ldr x9, [x17]
  .irp n, 10, 11, 12, 13, 14, 15, 17
  mvn x\n, x9
  .endr
  .irp n, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
  dup v\n\().2d, x10
  .endr
  blr x16
  adrp x17, junk
  add x17, x17, :lo12:junk
  mov w10, 0
  mov w11, 1
  .irp n, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29
  ldr x9, [x17], 8
  cmp x9, x\n
  csel w12, w11, wzr, ne
  orr w10, w10, w12
  lsl w11, w11, 1
  .endr
  .irp n, 8, 9, 10, 11, 12, 13, 14, 15
  ldr x9, [x17], 8
  fmov x13, d\n
  cmp x9, x13
  csel w12, w11, wzr, ne
  orr w10, w10, w12
  lsl w11, w11, 1
  .endr
  adrp x17, saved
  add x17, x17, :lo12:saved
  ldr x9, [x17, 160]
  mov x13, sp
  cmp x9, x13
  csel w12, w11, wzr, ne
  orr w10, w10, w12
  mov sp, x9
  ldr w9, [x17, 168]
  orr w9, w9, w10
  str w9, [x17, 168]
  ldp x19, x20, [x17]
  ldp x21, x22, [x17, 16]
  ldp x23, x24, [x17, 32]
  ldp x25, x26, [x17, 48]
  ldp x27, x28, [x17, 64]
  ldp x29, x30, [x17, 80]
  ldp d8, d9, [x17, 96]
  ldp d10, d11, [x17, 112]
  ldp d12, d13, [x17, 128]
  ldp d14, d15, [x17, 144]
  .irp n, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16
  mvn x\n, x17
  .endr
  .irp n, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
  dup v\n\().2d, x16
  .endr
  ret

// void clobber(void): changes all that a call may change.
.globl clobber
.type clobber, %function
clobber:
  ldr x0, =0xd0d0d0d0deadbee0
  .irp n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17
  mov x\n, x0
  .endr
  .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
  dup v\n\().2d, x0
  .endr
  ret

.section .rodata
.balign 8
junk:
  .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18
  .quad 0xb0b0b0b0deadbe00 + 17 * \n
  .endr

.bss
.balign 8
saved: .skip 168
.globl trampoline_faults
trampoline_faults: .skip 4
.section .note.GNU-stack,"",%progbits
