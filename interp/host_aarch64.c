/* Calls between the interpreter and C on AArch64, by AAPCS64, 6 and appendix B: see struct kn_host. */
#include "interp.h"

enum { GP = 8, FP = 8, DWARF_X19 = 19 };

const struct kn_host kn_interp_host = {
  .gp = GP,
  .gp_results = 8,
  .fp_results = 8,
  .even_pairs = true,
  .composites = true,
  .sret_register = true,
  .max_align_log2 = 4,
  .va_list_bytes = 32,
  .thread_register = DWARF_X19,
};

/* ---- to C and from C ---- */

/* The offsets are those of struct kn_image and struct kn_returned (interp.h). */
__asm__(".text\n"
        ".balign 4\n"
        ".globl kn_interp_c_call\n"
        ".hidden kn_interp_c_call\n"
        ".type kn_interp_c_call, %function\n"
        "kn_interp_c_call:\n" /* x0: thread, x1: image, x2: code, x3: results */
        ".cfi_startproc\n"
        ".cfi_personality 0x1b, kn_interp_personality\n" /* by 4 bytes, relative */
        "hint #34\n"                                     /* bti c */
        "stp x29, x30, [sp, #-32]!\n"
        ".cfi_def_cfa_offset 32\n"
        ".cfi_offset x29, -32\n"
        ".cfi_offset x30, -24\n"
        "mov x29, sp\n"
        ".cfi_def_cfa_register x29\n"
        "stp x19, x20, [sp, #16]\n"
        ".cfi_offset x19, -16\n"
        ".cfi_offset x20, -8\n"
        "mov x19, x0\n" /* for the personality */
        "mov x20, x3\n"
        "mov x16, x1\n"
        "mov x17, x2\n"
        "ldp x10, x9, [x16, #192]\n"
        "add x9, x9, #15\n"
        "and x9, x9, #-16\n"
        "sub sp, sp, x9\n"
        "mov x11, sp\n"
        "1:\n"
        "subs x9, x9, #16\n"
        "b.lo 2f\n"
        "ldp x12, x13, [x10], #16\n"
        "stp x12, x13, [x11], #16\n"
        "b 1b\n"
        "2:\n"
        "ldp q0, q1, [x16, #64]\n"
        "ldp q2, q3, [x16, #96]\n"
        "ldp q4, q5, [x16, #128]\n"
        "ldp q6, q7, [x16, #160]\n"
        "ldp x15, x8, [x16, #208]\n"
        "ldp x0, x1, [x16]\n"
        "ldp x2, x3, [x16, #16]\n"
        "ldp x4, x5, [x16, #32]\n"
        "ldp x6, x7, [x16, #48]\n"
        "blr x17\n"
        "stp x0, x1, [x20]\n"
        "stp x2, x3, [x20, #16]\n"
        "stp x4, x5, [x20, #32]\n"
        "stp x6, x7, [x20, #48]\n"
        "stp q0, q1, [x20, #128]\n"
        "stp q2, q3, [x20, #160]\n"
        "stp q4, q5, [x20, #192]\n"
        "stp q6, q7, [x20, #224]\n"
        "mov sp, x29\n"
        ".cfi_def_cfa_register sp\n"
        "ldp x19, x20, [sp, #16]\n"
        "ldp x29, x30, [sp], #32\n"
        ".cfi_def_cfa_offset 0\n"
        "ret\n"
        ".cfi_endproc\n"
        ".size kn_interp_c_call, .-kn_interp_c_call\n"

        ".globl kn_interp_c_entry\n"
        ".hidden kn_interp_c_entry\n"
        ".type kn_interp_c_entry, %function\n"
        "kn_interp_c_entry:\n" /* x17: function */
        ".cfi_startproc\n"
        "hint #34\n"
        "stp x29, x30, [sp, #-16]!\n"
        ".cfi_def_cfa_offset 16\n"
        ".cfi_offset x29, -16\n"
        ".cfi_offset x30, -8\n"
        "mov x29, sp\n"
        ".cfi_def_cfa_register x29\n"
        "sub sp, sp, #624\n" /* an image, results */
        "stp x0, x1, [sp]\n"
        "stp x2, x3, [sp, #16]\n"
        "stp x4, x5, [sp, #32]\n"
        "stp x6, x7, [sp, #48]\n"
        "stp q0, q1, [sp, #64]\n"
        "stp q2, q3, [sp, #96]\n"
        "stp q4, q5, [sp, #128]\n"
        "stp q6, q7, [sp, #160]\n"
        "add x9, x29, #16\n"
        "str x9, [sp, #192]\n"
        "stp x15, x8, [sp, #208]\n"
        "mov x0, x17\n"
        "mov x1, sp\n"
        "add x2, sp, #240\n"
        "bl kn_interp_from_c\n"
        "ldp x0, x1, [sp, #240]\n"
        "ldp x2, x3, [sp, #256]\n"
        "ldp x4, x5, [sp, #272]\n"
        "ldp x6, x7, [sp, #288]\n"
        "ldp q0, q1, [sp, #368]\n"
        "ldp q2, q3, [sp, #400]\n"
        "ldp q4, q5, [sp, #432]\n"
        "ldp q6, q7, [sp, #464]\n"
        "mov sp, x29\n"
        ".cfi_def_cfa_register sp\n"
        "ldp x29, x30, [sp], #16\n"
        ".cfi_def_cfa_offset 0\n"
        "ret\n"
        ".cfi_endproc\n"
        ".size kn_interp_c_entry, .-kn_interp_c_entry\n");

void kn_interp_write_stub(uint8_t *at, const struct kn_ifunc *fn) {
  static const uint32_t code[] = {
    0x58000091, /* ldr x17, fn */
    0x580000b0, /* ldr x16, kn_interp_c_entry */
    0xd61f0200, /* br x16 */
    0xd503201f, /* nop */
  };
  _Static_assert(sizeof code + 16 == KN_STUB_BYTES, "a stub is of this size");
  void (*entry)(void) = kn_interp_c_entry;
  memcpy(at, code, sizeof code);
  memcpy(at + 16, &fn, 8);
  memcpy(at + 24, &entry, 8);
}

/* Compilers would call libatomic, on which the library must not depend. A pair that is not the one to be replaced is
 * stored again, as only a store makes the load of both words one (Arm ARM, B2.2.1). */
bool kn_interp_swap_wide(void *at, kn_u128 *old, kn_u128 want) {
  uint64_t low, high, expected_low = (uint64_t)*old, expected_high = (uint64_t)(*old >> 64);
  uint32_t failed;
  bool done;
  __asm__ volatile("1: ldaxp %0, %1, [%4]\n"
                   "cmp %0, %5\n"
                   "ccmp %1, %6, #0, eq\n"
                   "b.ne 2f\n"
                   "stlxp %w2, %7, %8, [%4]\n"
                   "cbnz %w2, 1b\n"
                   "mov %w3, #1\n"
                   "b 3f\n"
                   "2: stlxp %w2, %0, %1, [%4]\n"
                   "cbnz %w2, 1b\n"
                   "mov %w3, #0\n"
                   "3:\n"
                   : "=&r"(low), "=&r"(high), "=&r"(failed), "=&r"(done)
                   : "r"(at), "r"(expected_low), "r"(expected_high), "r"((uint64_t)want),
                     "r"((uint64_t)(want >> 64))
                   : "memory", "cc");
  *old = (kn_u128)high << 64 | low;
  return done;
}

/* ---- va_list ---- */

struct va_list_a64 {
  uint8_t *stack, *gr_top, *vr_top;
  int32_t gr_offs, vr_offs;
};

void kn_interp_start_list(void *list, struct kn_image *im, const struct kn_layout *named) {
  struct va_list_a64 v = {im->stack + ((named->stack + 7) & ~UINT64_C(7)), (uint8_t *)im->fp,
                          (uint8_t *)(im->fp + FP), -8 * (GP - (int32_t)named->gp),
                          -16 * (FP - (int32_t)named->fp)};
  memcpy(list, &v, sizeof v);
}

const uint8_t *kn_interp_list_floats(const void *list) {
  struct va_list_a64 v;
  memcpy(&v, list, sizeof v);
  return v.gr_top;
}

struct kn_taken kn_interp_take(void *list, unsigned type) {
  struct va_list_a64 v;
  memcpy(&v, list, sizeof v);
  bool wide = kn_interp_is_wide(type);
  struct kn_taken taken = {.kind = KN_PLACE_STACK};
  if (kn_interp_in_fp(type)) {
    if (v.vr_offs < 0) {
      taken =
        (struct kn_taken){KN_PLACE_FP, (uint32_t)(FP + v.vr_offs / 16 + 1), v.vr_top + v.vr_offs};
      v.vr_offs += 16;
    }
  } else if (v.gr_offs < 0) {
    if (wide) v.gr_offs = (v.gr_offs + 15) & ~15;
    int32_t from = v.gr_offs;
    v.gr_offs += wide ? 16 : 8;
    if (v.gr_offs <= 0)
      taken = (struct kn_taken){KN_PLACE_GP, (uint32_t)(GP + v.gr_offs / 8), v.gr_top + from};
  }
  if (taken.kind == KN_PLACE_STACK) {
    if (wide) v.stack = (uint8_t *)(((uintptr_t)v.stack + 15) & ~(uintptr_t)15);
    taken.from = v.stack;
    v.stack += wide ? 16 : 8;
  }
  memcpy(list, &v, sizeof v);
  return taken;
}
