/* Calls between the interpreter and C on x86-64, by the System V psABI, 3.2 and 3.5.7: see struct kn_host. The
 * general registers of an image are its last six words before the floating-point ones, so that both together are a
 * register save area. */
#include "interp.h"

enum { GP = 6, FP = 8, DWARF_RBX = 3 };

/* rcx and xmm2, xmm3 return what LLVM returns in more registers than the psABI has. */
const struct kn_host kn_interp_host = {
  .gp = GP,
  .gp_results = 3,
  .fp_results = 4,
  .f80_results = 2,
  .has_f80 = true,
  .max_align_log2 = 16,
  .va_list_bytes = 24,
  .thread_register = DWARF_RBX,
};

/* ---- to C and from C ---- */

/* The offsets are those of struct kn_image and struct kn_returned (interp.h). */
__asm__(
  ".text\n"
  ".globl kn_interp_c_call\n"
  ".hidden kn_interp_c_call\n"
  ".type kn_interp_c_call, @function\n"
  "kn_interp_c_call:\n" /* rdi: thread, rsi: image, rdx: code, rcx: results, r8d: of them f80 */
  ".cfi_startproc\n"
  ".cfi_personality 0x1b, kn_interp_personality\n" /* by 4 bytes, relative */
  "pushq %rbp\n"
  ".cfi_def_cfa_offset 16\n"
  ".cfi_offset %rbp, -16\n"
  "movq %rsp, %rbp\n"
  ".cfi_def_cfa_register %rbp\n"
  "pushq %rbx\n"
  ".cfi_offset %rbx, -24\n"
  "pushq %r12\n"
  ".cfi_offset %r12, -32\n"
  "pushq %r13\n"
  ".cfi_offset %r13, -40\n"
  "movq %rdi, %rbx\n" /* for the personality */
  "movq %rcx, %r12\n"
  "movl %r8d, %r13d\n"
  "movq %rdx, %r11\n"
  "movq %rsi, %rax\n"
  "movq 200(%rax), %rcx\n"
  "addq $15, %rcx\n"
  "andq $-16, %rcx\n"
  "subq %rcx, %rsp\n"
  "andq $-64, %rsp\n"
  "movq 192(%rax), %rsi\n"
  "movq %rsp, %rdi\n"
  "shrq $3, %rcx\n"
  "rep movsq\n"
  "movaps 64(%rax), %xmm0\n"
  "movaps 80(%rax), %xmm1\n"
  "movaps 96(%rax), %xmm2\n"
  "movaps 112(%rax), %xmm3\n"
  "movaps 128(%rax), %xmm4\n"
  "movaps 144(%rax), %xmm5\n"
  "movaps 160(%rax), %xmm6\n"
  "movaps 176(%rax), %xmm7\n"
  "movq 16(%rax), %rdi\n"
  "movq 24(%rax), %rsi\n"
  "movq 32(%rax), %rdx\n"
  "movq 40(%rax), %rcx\n"
  "movq 48(%rax), %r8\n"
  "movq 56(%rax), %r9\n"
  "movq 208(%rax), %r10\n"
  "movl 228(%rax), %eax\n" /* of a variadic call: the vector registers */
  "call *%r11\n"
  "movq %rax, (%r12)\n"
  "movq %rdx, 8(%r12)\n"
  "movq %rcx, 16(%r12)\n"
  "movups %xmm0, 128(%r12)\n"
  "movups %xmm1, 144(%r12)\n"
  "movups %xmm2, 160(%r12)\n"
  "movups %xmm3, 176(%r12)\n"
  "testl %r13d, %r13d\n"
  "je 1f\n"
  "fstpt 256(%r12)\n"
  "decl %r13d\n"
  "je 1f\n"
  "fstpt 272(%r12)\n"
  "1:\n"
  "leaq -24(%rbp), %rsp\n"
  "popq %r13\n"
  "popq %r12\n"
  "popq %rbx\n"
  "popq %rbp\n"
  ".cfi_def_cfa %rsp, 8\n"
  "ret\n"
  ".cfi_endproc\n"
  ".size kn_interp_c_call, .-kn_interp_c_call\n"

  ".globl kn_interp_c_entry\n"
  ".hidden kn_interp_c_entry\n"
  ".type kn_interp_c_entry, @function\n"
  "kn_interp_c_entry:\n" /* r11: function */
  ".cfi_startproc\n"
  "pushq %rbp\n"
  ".cfi_def_cfa_offset 16\n"
  ".cfi_offset %rbp, -16\n"
  "movq %rsp, %rbp\n"
  ".cfi_def_cfa_register %rbp\n"
  "subq $624, %rsp\n" /* an image, results */
  "movq %rdi, 16(%rsp)\n"
  "movq %rsi, 24(%rsp)\n"
  "movq %rdx, 32(%rsp)\n"
  "movq %rcx, 40(%rsp)\n"
  "movq %r8, 48(%rsp)\n"
  "movq %r9, 56(%rsp)\n"
  "movaps %xmm0, 64(%rsp)\n"
  "movaps %xmm1, 80(%rsp)\n"
  "movaps %xmm2, 96(%rsp)\n"
  "movaps %xmm3, 112(%rsp)\n"
  "movaps %xmm4, 128(%rsp)\n"
  "movaps %xmm5, 144(%rsp)\n"
  "movaps %xmm6, 160(%rsp)\n"
  "movaps %xmm7, 176(%rsp)\n"
  "leaq 16(%rbp), %rax\n"
  "movq %rax, 192(%rsp)\n"
  "movq %r10, 208(%rsp)\n"
  "movq %r11, %rdi\n"
  "movq %rsp, %rsi\n"
  "leaq 240(%rsp), %rdx\n"
  "call kn_interp_from_c\n" /* eax: results that are f80 */
  "cmpl $1, %eax\n"
  "jb 2f\n"
  "je 1f\n"
  "fldt 512(%rsp)\n"
  "1:\n"
  "fldt 496(%rsp)\n"
  "2:\n"
  "movq 240(%rsp), %rax\n"
  "movq 248(%rsp), %rdx\n"
  "movq 256(%rsp), %rcx\n"
  "movaps 368(%rsp), %xmm0\n"
  "movaps 384(%rsp), %xmm1\n"
  "movaps 400(%rsp), %xmm2\n"
  "movaps 416(%rsp), %xmm3\n"
  "leave\n"
  ".cfi_def_cfa %rsp, 8\n"
  "ret\n"
  ".cfi_endproc\n"
  ".size kn_interp_c_entry, .-kn_interp_c_entry\n");

void kn_interp_write_stub(uint8_t *at, const struct kn_ifunc *fn) {
  static const uint8_t code[] = {
    0x49, 0xbb, 0,    0,    0,    0,    0,    0,    0, 0, /* movabs fn, %r11 */
    0xff, 0x25, 0,    0,    0,    0,                      /* jmp *0(%rip) */
    0,    0,    0,    0,    0,    0,    0,    0,          /* kn_interp_c_entry */
    0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc,
  };
  _Static_assert(sizeof code == KN_STUB_BYTES, "a stub is of this size");
  void (*entry)(void) = kn_interp_c_entry;
  memcpy(at, code, sizeof code);
  memcpy(at + 2, &fn, 8);
  memcpy(at + 16, &entry, 8);
}

/* Compilers would call libatomic, on which the library must not depend. */
bool kn_interp_swap_wide(void *at, kn_u128 *old, kn_u128 want) {
  uint64_t low = (uint64_t)*old, high = (uint64_t)(*old >> 64);
  bool done;
  __asm__ volatile("lock cmpxchg16b (%5)"
                   : "=@ccz"(done), "+a"(low), "+d"(high)
                   : "b"((uint64_t)want), "c"((uint64_t)(want >> 64)), "r"(at)
                   : "memory");
  *old = (kn_u128)high << 64 | low;
  return done;
}

/* ---- va_list ---- */

struct va_list_x64 {
  uint32_t gp, fp;
  uint8_t *stack, *save;
};

void kn_interp_start_list(void *list, struct kn_image *im, const struct kn_layout *named) {
  struct va_list_x64 v = {8 * named->gp, 8 * GP + 16 * named->fp, im->stack + named->stack,
                          (uint8_t *)im->fp - 8 * GP};
  memcpy(list, &v, sizeof v);
}

const uint8_t *kn_interp_list_floats(const void *list) {
  struct va_list_x64 v;
  memcpy(&v, list, sizeof v);
  return v.save + 8 * GP;
}

struct kn_taken kn_interp_take(void *list, unsigned type) {
  struct va_list_x64 v;
  memcpy(&v, list, sizeof v);
  unsigned bytes = kn_interp_is_wide(type) ? 16 : 8;
  struct kn_taken taken = {.kind = KN_PLACE_STACK};
  if (kn_interp_in_fp(type) && v.fp < 8 * GP + 16 * FP) {
    v.fp += 16;
    taken = (struct kn_taken){KN_PLACE_FP, (v.fp - 8 * GP) / 16, v.save + v.fp - 16};
  } else if (!kn_interp_in_fp(type) && type != KILN_TYPE_F80 && v.gp + bytes <= 8 * GP) {
    v.gp += bytes;
    taken = (struct kn_taken){KN_PLACE_GP, v.gp / 8, v.save + v.gp - bytes};
  } else {
    if (bytes == 16) v.stack = (uint8_t *)(((uintptr_t)v.stack + 15) & ~(uintptr_t)15);
    taken.from = v.stack;
    v.stack += bytes;
  }
  memcpy(list, &v, sizeof v);
  return taken;
}
