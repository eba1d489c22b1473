# Linked behind the code under test: its end label, and the functions that it calls.
.text
.globl text_end
text_end:
.globl helpers_begin
helpers_begin:
  nop

# void step_start(void (*run)(int), int which): calls `run` with junk in the callee-saved registers.
.globl step_start
.type step_start, @function
step_start:
  .cfi_startproc
  push %rbx
  .cfi_adjust_cfa_offset 8
  .cfi_rel_offset rbx, 0
  push %rbp
  .cfi_adjust_cfa_offset 8
  .cfi_rel_offset rbp, 0
  push %r12
  .cfi_adjust_cfa_offset 8
  .cfi_rel_offset r12, 0
  push %r13
  .cfi_adjust_cfa_offset 8
  .cfi_rel_offset r13, 0
  push %r14
  .cfi_adjust_cfa_offset 8
  .cfi_rel_offset r14, 0
  push %r15
  .cfi_adjust_cfa_offset 8
  .cfi_rel_offset r15, 0
  sub $8, %rsp
  .cfi_adjust_cfa_offset 8
  mov %rdi, %rax
  mov %esi, %edi
  call junked_call
  add $8, %rsp
  .cfi_adjust_cfa_offset -8
  pop %r15
  .cfi_adjust_cfa_offset -8
  .cfi_restore r15
  pop %r14
  .cfi_adjust_cfa_offset -8
  .cfi_restore r14
  pop %r13
  .cfi_adjust_cfa_offset -8
  .cfi_restore r13
  pop %r12
  .cfi_adjust_cfa_offset -8
  .cfi_restore r12
  pop %rbp
  .cfi_adjust_cfa_offset -8
  .cfi_restore rbp
  pop %rbx
  .cfi_adjust_cfa_offset -8
  .cfi_restore rbx
  ret
  .cfi_endproc
.size step_start, . - step_start

# Calls rax with junk in the callee-saved registers, which step_start's caller gets back from it.
.type junked_call, @function
junked_call:
  .cfi_startproc
  sub $8, %rsp
  .cfi_adjust_cfa_offset 8
  # Only the values at the next call count, and this frame's caller needs none of them: they are
  # saved by step_start. So their rules are "undefined" here.
  .cfi_undefined rbx
  .cfi_undefined rbp
  .cfi_undefined r12
  .cfi_undefined r13
  .cfi_undefined r14
  .cfi_undefined r15
  movabs $0xb0b0b0b0deadbee1, %rbx
  movabs $0xb1b1b1b1deadbee2, %rbp
  movabs $0xb2b2b2b2deadbee3, %r12
  movabs $0xb3b3b3b3deadbee4, %r13
  movabs $0xb4b4b4b4deadbee5, %r14
  movabs $0xb5b5b5b5deadbee6, %r15
  call *%rax
  add $8, %rsp
  .cfi_adjust_cfa_offset -8
  ret
  .cfi_endproc
.size junked_call, . - junked_call

# void probe(void): a place to stop in. long probe_sum(many...): reads a stack argument.
.globl probe
.type probe, @function
probe:
  .cfi_startproc
  nop
  ret
  .cfi_endproc
.size probe, . - probe

.globl probe_sum
.type probe_sum, @function
probe_sum:
  .cfi_startproc
  mov 8(%rsp), %rax
  add 16(%rsp), %rax
  add %rdi, %rax
  add %r9, %rax
  ret
  .cfi_endproc
.size probe_sum, . - probe_sum

.globl helpers_end
helpers_end:
  nop
.section .note.GNU-stack,"",@progbits
