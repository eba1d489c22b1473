/* Where protected.c begins, and what it needs of a library. */
        .text
        .globl _start, gadget, setjmp, longjmp
_start:
        mov     (%rsp), %rdi
        call    work
        mov     %eax, %edi
        jmp     1f
        .type   gadget, @function
gadget:
        mov     $42, %edi
1:      mov     $60, %eax
        syscall
        .type   setjmp, @function
setjmp:
        endbr64
        mov     %rbx, (%rdi)
        mov     %rbp, 8(%rdi)
        mov     %r12, 16(%rdi)
        mov     %r13, 24(%rdi)
        mov     %r14, 32(%rdi)
        mov     %r15, 40(%rdi)
        lea     8(%rsp), %rdx
        mov     %rdx, 48(%rdi)
        mov     (%rsp), %rdx
        mov     %rdx, 56(%rdi)
        xor     %eax, %eax
        ret
        .type   longjmp, @function
longjmp:
        endbr64
        mov     (%rdi), %rbx
        mov     8(%rdi), %rbp
        mov     16(%rdi), %r12
        mov     24(%rdi), %r13
        mov     32(%rdi), %r14
        mov     40(%rdi), %r15
        mov     48(%rdi), %rsp
        mov     %esi, %eax
        jmp     *56(%rdi)
        .section .note.GNU-stack, "", @progbits
#ifdef MARKED
        .section .note.gnu.property, "a", @note
        .balign 8
        .long   4, 16, 5
        .asciz  "GNU"
        .long   0xc0000002, 4, 3, 0
#endif
