// void with_all(void *function, uint64_t *gp, void *vectors): as for x86-64, with x0 to x15, x19 to x28 and v0 to v31.
  .text
  .globl with_all, clobber
with_all:
  stp x29, x30, [sp, #-176]!
  mov x29, sp
  stp x19, x20, [sp, #16]
  stp x21, x22, [sp, #32]
  stp x23, x24, [sp, #48]
  stp x25, x26, [sp, #64]
  stp x27, x28, [sp, #80]
  stp d8, d9, [sp, #96]
  stp d10, d11, [sp, #112]
  stp d12, d13, [sp, #128]
  stp d14, d15, [sp, #144]
  stp x1, x2, [sp, #160]
  mov x16, x0
  mov x17, x1
  .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
  ldr q\n, [x2, #16*\n]
  .endr
  .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,19,20,21,22,23,24,25,26,27,28
  ldr x\n, [x17, #8*\n]
  .endr
  blr x16
  ldp x16, x17, [sp, #160]
  .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,19,20,21,22,23,24,25,26,27,28
  str x\n, [x16, #8*\n]
  .endr
  .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
  str q\n, [x17, #16*\n]
  .endr
  ldp x19, x20, [sp, #16]
  ldp x21, x22, [sp, #32]
  ldp x23, x24, [sp, #48]
  ldp x25, x26, [sp, #64]
  ldp x27, x28, [sp, #80]
  ldp d8, d9, [sp, #96]
  ldp d10, d11, [sp, #112]
  ldp d12, d13, [sp, #128]
  ldp d14, d15, [sp, #144]
  ldp x29, x30, [sp], #176
  ret
clobber:
  .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17
  mov x\n, #0x11
  .endr
  .irp n, 0,1,2,3,4,5,6,7,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
  movi v\n\().16b, #0x55
  .endr
  .irp n, 8,9,10,11,12,13,14,15
  mov v\n\().d[1], x0
  .endr
  ret
  .section .note.GNU-stack, "", %progbits
