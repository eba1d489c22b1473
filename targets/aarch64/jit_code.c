/* Code in memory on AArch64: targets/jit.h. Source: ELF for the Arm 64-bit Architecture, 5.7. */
#include "lib/object/elf.h"
#include "targets/aarch64/a64.h"

static enum kn_jit_need need(uint32_t type) {
  switch (type) {
  case R_AARCH64_CALL26:
  case R_AARCH64_JUMP26: return KN_JIT_NEEDS_STUB;
  case R_AARCH64_ADR_PREL_PG_HI21:
  case R_AARCH64_ADD_ABS_LO12_NC: return KN_JIT_NEEDS_STUB_OF_CODE;
  case R_AARCH64_ADR_GOT_PAGE:
  case R_AARCH64_LD64_GOT_LO12_NC: return KN_JIT_NEEDS_ENTRY;
  case R_AARCH64_TLSDESC_ADR_PAGE21:
  case R_AARCH64_TLSIE_ADR_GOTTPREL_PAGE21: return KN_JIT_NEEDS_TLS;
  case R_AARCH64_LDST8_ABS_LO12_NC:
  case R_AARCH64_LDST16_ABS_LO12_NC:
  case R_AARCH64_LDST32_ABS_LO12_NC:
  case R_AARCH64_LDST64_ABS_LO12_NC:
  case R_AARCH64_LDST128_ABS_LO12_NC:
  case R_AARCH64_TLSDESC_LD64_LO12:
  case R_AARCH64_TLSDESC_ADD_LO12:
  case R_AARCH64_TLSDESC_CALL:
  case R_AARCH64_TLSIE_LD64_GOTTPREL_LO12_NC:
  case R_AARCH64_TLSLE_ADD_TPREL_HI12:
  case R_AARCH64_TLSLE_ADD_TPREL_LO12_NC: return KN_JIT_NEEDS_NOTHING;
  default: return KN_JIT_NEEDS_UNKNOWN;
  }
}

/* ---- fields ---- */

static uint32_t word_at(const uint8_t *p) {
  uint32_t w;
  memcpy(&w, p, 4);
  return w;
}

/* The immediate of ADRP: the distance of pages, 21 bits in two fields. */
static uint32_t adrp(uint32_t word, int64_t pages) {
  uint32_t imm = (uint32_t)pages;
  return (word & 0x9f00001fu) | (imm & 3) << 29 | (imm >> 2 & 0x7ffff) << 5;
}

static int64_t page_distance(uint64_t to, uint64_t at) {
  return (int64_t)((to >> 12) - (at >> 12));
}

static bool put_adrp(uint8_t *p, uint64_t to, uint64_t at) {
  int64_t pages = page_distance(to, at);
  kn_put32(p, adrp(word_at(p), pages));
  return pages >= -(1 << 20) && pages < 1 << 20;
}

/* The low twelve bits of an address, in the unit of an access of 1 << `scale` bytes. */
static bool put_low(uint8_t *p, uint64_t to, unsigned scale) {
  kn_put32(p, (word_at(p) & ~(0xfffu << 10)) | (uint32_t)((to & 0xfff) >> scale) << 10);
  return true;
}

static bool in_reach_of_call(int64_t distance) {
  return distance >= -(1 << 27) && distance < 1 << 27;
}

static bool put_call(const struct kn_jit_aim *a, uint8_t *to, uint64_t at) {
  int64_t distance = (int64_t)(a->to->symbol(a) - at);
  if (!in_reach_of_call(distance)) {
    uint64_t stub = a->to->stub(a);
    distance = (int64_t)((stub != 0 ? stub : a->to->definition(a)) - at);
  }
  kn_put32(to, (word_at(to) & 0xfc000000u) | ((uint32_t)(distance >> 2) & 0x03ffffffu));
  return in_reach_of_call(distance);
}

/* The address of code or data: both relocations of a pair must decide alike. They are close together, and a margin is
 * kept. */
static uint64_t address(const struct kn_jit_aim *a, uint64_t at) {
  uint64_t value = a->to->symbol(a), stub = a->to->stub(a);
  int64_t pages = page_distance(value, at & ~UINT64_C(0xffffff));
  bool far = pages < -(1 << 20) + 8192 || pages >= (1 << 20) - 8192;
  return far && stub != 0 && !a->to->undefined(a) ? stub + (uint64_t)(int64_t)a->reloc->addend
                                                  : value;
}

static bool put(const struct kn_jit_aim *a, uint8_t *to, uint64_t at) {
  uint64_t value = 0;
  switch (a->reloc->type) {
  case R_AARCH64_CALL26:
  case R_AARCH64_JUMP26: return put_call(a, to, at);
  case R_AARCH64_ADR_PREL_PG_HI21:
    value = address(a, at);
    if (a->to->undefined(a) && value < 65536) { /* movz, of the page as a number */
      kn_put32(to, 0xd2800000 | (uint32_t)(value & 0xf000) << 5 | (word_at(to) & 31));
      return true;
    }
    return put_adrp(to, value, at);
  case R_AARCH64_ADD_ABS_LO12_NC: return put_low(to, address(a, at), 0);
  case R_AARCH64_LDST8_ABS_LO12_NC: return put_low(to, a->to->symbol(a), 0);
  case R_AARCH64_LDST16_ABS_LO12_NC: return put_low(to, a->to->symbol(a), 1);
  case R_AARCH64_LDST32_ABS_LO12_NC: return put_low(to, a->to->symbol(a), 2);
  case R_AARCH64_LDST64_ABS_LO12_NC: return put_low(to, a->to->symbol(a), 3);
  case R_AARCH64_LDST128_ABS_LO12_NC: return put_low(to, a->to->symbol(a), 4);
  case R_AARCH64_ADR_GOT_PAGE: return put_adrp(to, a->to->entry(a), at);
  case R_AARCH64_LD64_GOT_LO12_NC: return put_low(to, a->to->entry(a), 3);
  case R_AARCH64_TLSDESC_ADR_PAGE21: return put_adrp(to, a->to->tls(a), at);
  case R_AARCH64_TLSDESC_ADD_LO12: return put_low(to, a->to->tls(a), 0);
  case R_AARCH64_TLSDESC_CALL: return true;
  case R_AARCH64_TLSIE_ADR_GOTTPREL_PAGE21:
    return a->to->offset_entry(a) && put_adrp(to, a->to->tls(a), at);
  case R_AARCH64_TLSDESC_LD64_LO12:
  case R_AARCH64_TLSIE_LD64_GOTTPREL_LO12_NC: return put_low(to, a->to->tls(a), 3);
  case R_AARCH64_TLSLE_ADD_TPREL_HI12:
  case R_AARCH64_TLSLE_ADD_TPREL_LO12_NC:
    if (!a->to->offset(a, &value)) return false;
    value += (uint64_t)(int64_t)a->reloc->addend;
    put_low(to, a->reloc->type == R_AARCH64_TLSLE_ADD_TPREL_HI12 ? value >> 12 : value, 0);
    return value < UINT64_C(1) << 24;
  default: return false; /* `need` let none through */
  }
}

/* The first error stays: that of a symbol that has no offset. */
static bool reloc(const struct kn_jit_aim *a, uint8_t *to, uint64_t at) {
  return put(a, to, at) || a->to->too_far(a);
}

/* ---- code ---- */

static uint8_t *put_load(uint8_t *to, uint64_t at, uint64_t slot) {
  kn_put32(to, 0x90000010);     /* adrp x16, slot */
  kn_put32(to + 4, 0xf9400211); /* ldr x17, [x16, slot] */
  kn_put32(to + 8, 0xd61f0220); /* br x17 */
  put_adrp(to, slot, at);
  put_low(to + 4, slot, 3);
  return to + 12;
}

static void write_stub(uint8_t *to, uint64_t at, uint64_t slot) {
  kn_put32(put_load(to, at, slot), 0); /* udf #0 */
}

static void write_registrar(uint8_t *to, uint64_t at, uint64_t dso, uint64_t slot,
                            unsigned number) {
  kn_put32(to, 0x90000000 | number);                       /* adrp xN, dso */
  kn_put32(to + 4, 0x91000000 | number << 5 | number);     /* add xN, xN, dso */
  kn_put32(to + 8, number == 2 ? 0xd2800001 : 0xd503201f); /* mov x1, #0, or nop */
  put_adrp(to, dso, at);
  put_low(to + 4, dso, 0);
  memset(put_load(to + 12, at + 12, slot), 0, 8);
}

static void write_probe(uint8_t *to, unsigned number) {
  kn_put32(to, 0x52800000 | number << 5); /* mov w0, #number */
  kn_put32(to + 4, 0xd65f03c0);           /* ret */
}

/* ---- thread-local variables, where this machine's code runs ---- */

#if defined(__aarch64__)

/* A descriptor's function: x0 is the descriptor, whose second word is the pair. Returns the offset from the
 * thread pointer in x0, and keeps all other registers, vectors' included. */
extern void a64_tls_descriptor(void) __attribute__((visibility("hidden")));
__asm__(".text\n"
        ".balign 4\n"
        ".hidden a64_tls_descriptor\n"
        ".globl a64_tls_descriptor\n"
        ".type a64_tls_descriptor, %function\n"
        "a64_tls_descriptor:\n"
        ".cfi_startproc\n"
        "sub sp, sp, #688\n"
        ".cfi_def_cfa_offset 688\n"
        "stp x29, x30, [sp]\n"
        ".cfi_offset 29, -688\n"
        ".cfi_offset 30, -680\n"
        "mov x29, sp\n"
        "stp x1, x2, [sp, #16]\n"
        "stp x3, x4, [sp, #32]\n"
        "stp x5, x6, [sp, #48]\n"
        "stp x7, x8, [sp, #64]\n"
        "stp x9, x10, [sp, #80]\n"
        "stp x11, x12, [sp, #96]\n"
        "stp x13, x14, [sp, #112]\n"
        "stp x15, x16, [sp, #128]\n"
        "stp x17, x18, [sp, #144]\n"
        "mrs x1, nzcv\n"
        "str x1, [sp, #160]\n"
        "stp q0, q1, [sp, #176]\n"
        "stp q2, q3, [sp, #208]\n"
        "stp q4, q5, [sp, #240]\n"
        "stp q6, q7, [sp, #272]\n"
        "stp q8, q9, [sp, #304]\n"
        "stp q10, q11, [sp, #336]\n"
        "stp q12, q13, [sp, #368]\n"
        "stp q14, q15, [sp, #400]\n"
        "stp q16, q17, [sp, #432]\n"
        "stp q18, q19, [sp, #464]\n"
        "stp q20, q21, [sp, #496]\n"
        "stp q22, q23, [sp, #528]\n"
        "stp q24, q25, [sp, #560]\n"
        "stp q26, q27, [sp, #592]\n"
        "stp q28, q29, [sp, #624]\n"
        "stp q30, q31, [sp, #656]\n"
        "ldr x0, [x0, #8]\n"
        "ldr x16, [x0, #16]\n"
        "blr x16\n"
        "mrs x1, tpidr_el0\n"
        "sub x0, x0, x1\n"
        "ldp q30, q31, [sp, #656]\n"
        "ldp q28, q29, [sp, #624]\n"
        "ldp q26, q27, [sp, #592]\n"
        "ldp q24, q25, [sp, #560]\n"
        "ldp q22, q23, [sp, #528]\n"
        "ldp q20, q21, [sp, #496]\n"
        "ldp q18, q19, [sp, #464]\n"
        "ldp q16, q17, [sp, #432]\n"
        "ldp q14, q15, [sp, #400]\n"
        "ldp q12, q13, [sp, #368]\n"
        "ldp q10, q11, [sp, #336]\n"
        "ldp q8, q9, [sp, #304]\n"
        "ldp q6, q7, [sp, #272]\n"
        "ldp q4, q5, [sp, #240]\n"
        "ldp q2, q3, [sp, #208]\n"
        "ldp q0, q1, [sp, #176]\n"
        "ldr x1, [sp, #160]\n"
        "msr nzcv, x1\n"
        "ldp x17, x18, [sp, #144]\n"
        "ldp x15, x16, [sp, #128]\n"
        "ldp x13, x14, [sp, #112]\n"
        "ldp x11, x12, [sp, #96]\n"
        "ldp x9, x10, [sp, #80]\n"
        "ldp x7, x8, [sp, #64]\n"
        "ldp x5, x6, [sp, #48]\n"
        "ldp x3, x4, [sp, #32]\n"
        "ldp x1, x2, [sp, #16]\n"
        "ldp x29, x30, [sp]\n"
        "add sp, sp, #688\n"
        ".cfi_def_cfa_offset 0\n"
        ".cfi_restore 29\n"
        ".cfi_restore 30\n"
        "ret\n"
        ".cfi_endproc\n"
        ".size a64_tls_descriptor, .-a64_tls_descriptor\n");
#define DESCRIPTOR a64_tls_descriptor
#else
#define DESCRIPTOR NULL
#endif

/* A descriptor: function, argument, which is the address of the pair behind them; behind that, `get`. */
static void write_tls(uint8_t *to, uint64_t at, const uint64_t pair[2], uint64_t get) {
  kn_put64(to, (uint64_t)(uintptr_t)DESCRIPTOR);
  kn_put64(to + 8, at + 16);
  kn_put64(to + 16, pair[0]);
  kn_put64(to + 24, pair[1]);
  kn_put64(to + 32, get);
}

const struct kn_jit_machine a64_jit = {
  .need = need,
  .reloc = reloc,
  .write_stub = write_stub,
  .write_registrar = write_registrar,
  .write_probe = write_probe,
  .write_tls = write_tls,
};
