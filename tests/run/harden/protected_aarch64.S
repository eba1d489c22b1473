/* Where protected.c begins, and what it needs of a library; all but `gadget` is marked. */
        .arch armv8.5-a
        .text
        .globl _start, gadget, setjmp, longjmp
_start:
        bti     c
        ldr     x0, [sp]
        bl      work
        b       leave
        .type   gadget, %function
gadget:
        mov     x0, #42
leave:
        mov     x8, #93
        svc     #0
        .type   setjmp, %function
setjmp:
        bti     c
        mov     x9, sp
        stp     x29, x30, [x0]
        stp     x19, x20, [x0, #16]
        stp     x21, x22, [x0, #32]
        stp     x23, x24, [x0, #48]
        stp     x25, x26, [x0, #64]
        stp     x27, x28, [x0, #80]
        stp     d8, d9, [x0, #96]
        stp     d10, d11, [x0, #112]
        stp     d12, d13, [x0, #128]
        stp     d14, d15, [x0, #144]
        str     x9, [x0, #160]
        mov     w0, #0
        ret
        .type   longjmp, %function
longjmp:
        bti     c
        ldp     x29, x30, [x0]
        ldp     x19, x20, [x0, #16]
        ldp     x21, x22, [x0, #32]
        ldp     x23, x24, [x0, #48]
        ldp     x25, x26, [x0, #64]
        ldp     x27, x28, [x0, #80]
        ldp     d8, d9, [x0, #96]
        ldp     d10, d11, [x0, #112]
        ldp     d12, d13, [x0, #128]
        ldp     d14, d15, [x0, #144]
        ldr     x9, [x0, #160]
        mov     sp, x9
        mov     w0, w1
        br      x30
        .section .note.GNU-stack, "", %progbits
#ifdef MARKED
        .section .note.gnu.property, "a", %note
        .balign 8
        .long   4, 16, 5
        .asciz  "GNU"
        .long   0xc0000000, 4, 3, 0
#endif
