/* AVX-512F on processors without it, for calls.py and signatures.py: a handler of SIGILL does the moves of memory, zmm
 * registers and their parts that code at -O0 for calls has. Instructions of SSE and AVX run as they are; each is
 * looked at before, by stepping, since those of AVX clear what is above the 256 bits that they write. What it does not
 * know ends the program with status 99. Source: Intel SDM volume 2, 2.3 and 2.7. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <stdlib.h>
#include <ucontext.h>
#include <unistd.h>

typedef struct {
  unsigned char bytes[64];
} zmm;
static unsigned char upper[16][32]; /* of zmm0 to zmm15: what is above a ymm register */
static zmm others[16];              /* zmm16 to zmm31 */

enum { XSTATE_BV = 512, YMM_HIGH = 576, AVX = 4 };

static unsigned char *xsave(ucontext_t *c) { return (unsigned char *)c->uc_mcontext.fpregs; }
static zmm get(ucontext_t *c, unsigned r) {
  zmm v;
  if (r >= 16) return others[r - 16];
  uint64_t in_use;
  memcpy(&in_use, xsave(c) + XSTATE_BV, sizeof in_use);
  memcpy(v.bytes, c->uc_mcontext.fpregs->_xmm[r].element, 16);
  if (in_use & AVX) memcpy(v.bytes + 16, xsave(c) + YMM_HIGH + 16 * r, 16);
  else memset(v.bytes + 16, 0, 16);
  memcpy(v.bytes + 32, upper[r], 32);
  return v;
}
static void put(ucontext_t *c, unsigned r, zmm v) {
  if (r >= 16) {
    others[r - 16] = v;
    return;
  }
  uint64_t in_use;
  memcpy(&in_use, xsave(c) + XSTATE_BV, sizeof in_use);
  if (!(in_use & AVX)) memset(xsave(c) + YMM_HIGH, 0, 256);
  in_use |= AVX | 2;
  memcpy(xsave(c) + XSTATE_BV, &in_use, sizeof in_use);
  memcpy(c->uc_mcontext.fpregs->_xmm[r].element, v.bytes, 16);
  memcpy(xsave(c) + YMM_HIGH + 16 * r, v.bytes + 16, 16);
  memcpy(upper[r], v.bytes + 32, 32);
}

static void unknown(const unsigned char *p) {
  fprintf(stderr, "avx512.c does not know: %02x %02x %02x %02x %02x %02x %02x\n", p[0], p[1], p[2],
          p[3], p[4], p[5], p[6]);
  _exit(99);
}

static uint64_t general(ucontext_t *c, unsigned r) {
  static const int of[] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                           REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};
  return (uint64_t)c->uc_mcontext.gregs[of[r]];
}

/* The address that the operand byte at `p` says, with displacements of a byte in units of `unit`; *end: after it. */
static uint64_t address(ucontext_t *c, const unsigned char *p, unsigned x, unsigned b,
                        unsigned unit, unsigned imm, const unsigned char **end) {
  unsigned mod = *p >> 6, rm = *p & 7;
  uint64_t at = 0;
  int32_t far = 0;
  p++;
  int none = mod == 0 && rm == 5; /* by the next instruction */
  if (rm == 4) {
    unsigned scale = *p >> 6, index = (*p >> 3 & 7) | x << 3, base = (*p & 7) | b << 3;
    none = mod == 0 && (*p & 7) == 5 ? 2 : 0;
    if (index != 4) at += general(c, index) << scale;
    if (!none) at += general(c, base);
    p++;
  } else if (!none) {
    at += general(c, rm | b << 3);
  }
  if (mod == 1) at += (uint64_t)((int64_t)(signed char)*p++ * (int64_t)unit);
  if (mod == 2 || none) {
    memcpy(&far, p, 4);
    p += 4;
    at += (uint64_t)(int64_t)far;
  }
  if (none == 1) at += (uint64_t)(uintptr_t)p + imm;
  *end = p;
  return at;
}

/* Does the instruction at `p`, which is EVEX-encoded; its end. */
static const unsigned char *evex(ucontext_t *c, const unsigned char *p) {
  unsigned map = p[1] & 7, pp = p[2] & 3, op = p[4], modrm = p[5];
  unsigned r = (~p[1] >> 7 & 1) << 3 | (~p[1] >> 4 & 1) << 4, x = ~p[1] >> 6 & 1,
           b = ~p[1] >> 5 & 1;
  unsigned reg = r | (modrm >> 3 & 7), rm = x << 4 | b << 3 | (modrm & 7);
  unsigned vvvv = (~p[2] >> 3 & 15) | (~p[3] >> 3 & 1) << 4;
  int to_memory = op & 1, in_register = modrm >> 6 == 3;
  const unsigned char *end = p + 6;
  if (p[0] != 0x62 || (p[3] >> 5 & 3) != 2 || p[3] & 0x97)
    unknown(p); /* 512 bits, no mask, no broadcast */
  unsigned size = 64, part = 0;
  if (map == 1 && ((op | 1) == 0x11 || (op | 1) == 0x29 || op == 0x6f || op == 0x7f)) {
    if (op == 0x6f || op == 0x7f) to_memory = op == 0x7f;
    if ((op | 1) == 0x11 && pp > 1) unknown(p);
    if (vvvv) unknown(p);
  } else if (map == 3 && pp == 1 && ((op & 0xdc) == 0x18)) {
    size = op & 2 ? 32 : 16;
  } else unknown(p);
  uint64_t at = in_register ? 0 : address(c, p + 5, x, b, size, map == 3, &end);
  if (map == 3) part = *end++ & (64 / size - 1);
  zmm other = {{0}}, v;
  if (!to_memory) {
    if (in_register) other = get(c, rm);
    else memcpy(other.bytes, (void *)(uintptr_t)at, size);
    v = other;
    if (size < 64) {
      v = get(c, vvvv);
      memcpy(v.bytes + part * size, other.bytes, size);
    }
    put(c, reg, v);
  } else {
    v = get(c, reg);
    memmove(v.bytes, v.bytes + part * size, size);
    memset(v.bytes + size, 0, 64 - size);
    if (in_register) put(c, rm, v);
    else memcpy((void *)(uintptr_t)at, v.bytes, size);
  }
  return end;
}

/* Clears what the instruction at `p` clears if it is VEX-encoded. Too much is cleared only of registers that have
 * nothing there. */
static void look(const unsigned char *p) {
  if (*p != 0xc4 && *p != 0xc5) return;
  unsigned map = *p == 0xc5 ? 1 : p[1] & 31, r = ~p[1] >> 7 & 1,
           b = *p == 0xc5 ? 0 : ~p[1] >> 5 & 1;
  p += *p == 0xc5 ? 2 : 3;
  unsigned op = p[0], modrm = p[1], reg = r << 3 | (modrm >> 3 & 7), rm = b << 3 | (modrm & 7);
  static const unsigned char stores[][12] = {
    {0}, {0x11, 0x29, 0x7f, 0x2b, 0xe7, 0x13, 0x17, 0xd6}, {0x2e, 0x2f, 0x8e}, {0x19, 0x39, 0x1d}};
  static const unsigned char general_ones[][12] = {
    {0},
    {0x2e, 0x2f, 0x50, 0xd7, 0x2c, 0x2d, 0x7e, 0xc5},
    {0x17, 0x0e, 0x0f, 0xf2, 0xf3, 0xf5, 0xf6, 0xf7},
    {0x14, 0x15, 0x16, 0x17, 0xf0, 0x60, 0x61, 0x62, 0x63}};
  if (map > 3) return;
  if (map == 1 && op == 0x77) memset(upper, 0, sizeof upper);
  else if (memchr(general_ones[map], (int)op, 12) && op) return;
  else if (memchr(stores[map], (int)op, 12) && op) {
    if (modrm >> 6 == 3) memset(upper[rm], 0, 32);
  } else memset(upper[reg], 0, 32);
}

static void handle(int signal, siginfo_t *info, void *context) {
  ucontext_t *c = context;
  const unsigned char *p = (const unsigned char *)(uintptr_t)c->uc_mcontext.gregs[REG_RIP];
  (void)info;
  if (signal == SIGILL) {
    p = evex(c, p);
    c->uc_mcontext.gregs[REG_RIP] = (greg_t)(uintptr_t)p;
  }
  look(p);
}

__attribute__((constructor)) static void begin(void) {
  struct sigaction act = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO | SA_NODEFER};
  sigaction(SIGILL, &act, NULL);
  sigaction(SIGTRAP, &act, NULL);
  __asm__ volatile("pushfq; orq $0x100, (%%rsp); popfq" ::: "memory", "cc");
}
