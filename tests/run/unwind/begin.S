# Linked before the code under test.
.text
.globl text_begin
text_begin:
.section .note.GNU-stack,"",@progbits
