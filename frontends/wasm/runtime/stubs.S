/* Where compiled code enters the runtime, and how it is entered and left: the parts that must work with no room on the
 * stack. A helper that compiled code calls has a stub here. It uses no stack; it compares the stack's pointer with the
 * limit of the thread, notes where code was left, for backtraces, and goes on to the function in C. Below the limit it
 * reads from the address that means the trap, as compiled code does: so the handler of faults, which has a stack of its
 * own, ends the call. struct kn_thread and struct kn_jump are in state.h. */

#define LIMIT 0
#define EXIT_SP 8
#define EXIT_FP 16
#define EXIT_PC 24
#define TRAP_STACK 640 /* KILN_WASM_TRAP_STACK * KILN_WASM_TRAP_STEP */
#define TRAPS 16       /* KILN_WASM_TRAP_COUNT */

  .text
  .balign 16

#if defined(__x86_64__)

  .macro begin name
  .globl \name
  .type \name, %function
\name:
  .cfi_startproc
  movq kn_thread@gottpoff(%rip), %rax
  movq %rsp, %fs:EXIT_SP(%rax)
  movq %rbp, %fs:EXIT_FP(%rax)
  cmpq %fs:LIMIT(%rax), %rsp
  .endm

  .macro helper name, function
  begin \name
  jb 1f
  jmp \function
1:
  movl $TRAP_STACK, %eax
  movb (%rax), %al
  ud2
  .cfi_endproc
  .size \name, . - \name
  .endm

  .macro trap_helper name, function
  begin \name
  jb 1f
  jmp \function
1:
  movl %esi, %eax
  cmpl $TRAPS, %eax
  jae 2f
  shll $6, %eax
  movb (%rax), %al
2:
  ud2
  .cfi_endproc
  .size \name, . - \name
  .endm

/* int kn_enter(struct kn_jump *jump, void (*body)(void *), void *user) */
  .macro enter_and_leave
  .globl kn_enter
  .hidden kn_enter
  .type kn_enter, %function
kn_enter:
  .cfi_startproc
  pushq %rbp
  .cfi_def_cfa_offset 16
  .cfi_offset %rbp, -16
  pushq %rbx
  .cfi_def_cfa_offset 24
  .cfi_offset %rbx, -24
  pushq %r12
  .cfi_def_cfa_offset 32
  .cfi_offset %r12, -32
  pushq %r13
  .cfi_def_cfa_offset 40
  .cfi_offset %r13, -40
  pushq %r14
  .cfi_def_cfa_offset 48
  .cfi_offset %r14, -48
  pushq %r15
  .cfi_def_cfa_offset 56
  .cfi_offset %r15, -56
  subq $8, %rsp
  .cfi_def_cfa_offset 64
  movq %rsp, (%rdi)
  movq %rdx, %rdi
  call *%rsi
  xorl %eax, %eax
  jmp 1f
  .globl kn_landing
  .hidden kn_landing
kn_landing:
  cld
  movl $1, %eax
1:
  addq $8, %rsp
  .cfi_def_cfa_offset 56
  popq %r15
  .cfi_def_cfa_offset 48
  popq %r14
  .cfi_def_cfa_offset 40
  popq %r13
  .cfi_def_cfa_offset 32
  popq %r12
  .cfi_def_cfa_offset 24
  popq %rbx
  .cfi_def_cfa_offset 16
  popq %rbp
  .cfi_def_cfa_offset 8
  ret
  .cfi_endproc
  .size kn_enter, . - kn_enter

  .globl kn_leave
  .hidden kn_leave
  .type kn_leave, %function
kn_leave:
  movq (%rdi), %rsp
  jmp kn_landing
  .size kn_leave, . - kn_leave
  .endm

#elif defined(__aarch64__)

  .macro begin name
  .globl \name
  .type \name, %function
\name:
  .cfi_startproc
  hint #34 /* bti c */
  adrp x16, :gottprel:kn_thread
  ldr x16, [x16, :gottprel_lo12:kn_thread]
  mrs x17, tpidr_el0
  add x16, x16, x17
  mov x17, sp
  str x17, [x16, EXIT_SP]
  str x29, [x16, EXIT_FP]
  str x30, [x16, EXIT_PC]
  ldr x16, [x16, LIMIT]
  cmp x17, x16
  .endm

  .macro helper name, function
  begin \name
  b.lo 1f
  b \function
1:
  mov x16, TRAP_STACK
  ldrb w16, [x16]
  brk #1
  .cfi_endproc
  .size \name, . - \name
  .endm

  .macro trap_helper name, function
  begin \name
  b.lo 1f
  b \function
1:
  cmp w1, TRAPS
  b.hs 2f
  ubfiz x16, x1, #6, #32
  ldrb w16, [x16]
2:
  brk #1
  .cfi_endproc
  .size \name, . - \name
  .endm

  .macro enter_and_leave
  .globl kn_enter
  .hidden kn_enter
  .type kn_enter, %function
kn_enter:
  .cfi_startproc
  hint #34
  stp x29, x30, [sp, #-160]!
  .cfi_def_cfa_offset 160
  .cfi_offset x29, -160
  .cfi_offset x30, -152
  mov x29, sp
  stp x19, x20, [sp, #16]
  .cfi_offset x19, -144
  .cfi_offset x20, -136
  stp x21, x22, [sp, #32]
  .cfi_offset x21, -128
  .cfi_offset x22, -120
  stp x23, x24, [sp, #48]
  .cfi_offset x23, -112
  .cfi_offset x24, -104
  stp x25, x26, [sp, #64]
  .cfi_offset x25, -96
  .cfi_offset x26, -88
  stp x27, x28, [sp, #80]
  .cfi_offset x27, -80
  .cfi_offset x28, -72
  stp d8, d9, [sp, #96]
  .cfi_offset 72, -64
  .cfi_offset 73, -56
  stp d10, d11, [sp, #112]
  .cfi_offset 74, -48
  .cfi_offset 75, -40
  stp d12, d13, [sp, #128]
  .cfi_offset 76, -32
  .cfi_offset 77, -24
  stp d14, d15, [sp, #144]
  .cfi_offset 78, -16
  .cfi_offset 79, -8
  mov x9, sp
  str x9, [x0]
  mov x9, x1
  mov x0, x2
  blr x9
  mov w0, wzr
  b 1f
  .globl kn_landing
  .hidden kn_landing
kn_landing:
  mov w0, #1
1:
  ldp x19, x20, [sp, #16]
  ldp x21, x22, [sp, #32]
  ldp x23, x24, [sp, #48]
  ldp x25, x26, [sp, #64]
  ldp x27, x28, [sp, #80]
  ldp d8, d9, [sp, #96]
  ldp d10, d11, [sp, #112]
  ldp d12, d13, [sp, #128]
  ldp d14, d15, [sp, #144]
  ldp x29, x30, [sp], #160
  .cfi_def_cfa_offset 0
  ret
  .cfi_endproc
  .size kn_enter, . - kn_enter

  .globl kn_leave
  .hidden kn_leave
  .type kn_leave, %function
kn_leave:
  hint #34
  ldr x9, [x0]
  mov sp, x9
  b kn_landing
  .size kn_leave, . - kn_leave
  .endm

#else
#error "the runtime of WebAssembly runs on x86-64 and AArch64"
#endif

  .globl kn_stubs_begin
  .hidden kn_stubs_begin
kn_stubs_begin:
  trap_helper kiln_wasmrt_trap, kn_do_trap
#define HELPER(name) helper kiln_wasmrt_##name, kn_do_##name
  HELPER(memory_grow)
  HELPER(memory_fill)
  HELPER(memory_copy)
  HELPER(memory_init)
  HELPER(data_drop)
  HELPER(table_grow)
  HELPER(table_fill)
  HELPER(table_copy)
  HELPER(table_init)
  HELPER(elem_drop)
  HELPER(atomic_notify)
  HELPER(atomic_wait32)
  HELPER(atomic_wait64)
  HELPER(exn_new)
  HELPER(throw)
  HELPER(caught)
  HELPER(exn_drop)
  HELPER(out_of_fuel)
  .hidden kn_host_call
  helper kn_host_call, kn_do_host_call
  .globl kn_stubs_end
  .hidden kn_stubs_end
kn_stubs_end:
  enter_and_leave

  .section .note.GNU-stack, "", %progbits
