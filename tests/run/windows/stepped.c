/* Unwinding from each instruction of functions of each shape of frame, as a debugger, a profiler or an exception of
 * the processor does it. The trap flag stops after each instruction, in the function and in what it calls; from there
 * the frames are left until the function's caller, whose stack pointer and saved registers have to be those of the
 * call. Once by the system, once as "x64 exception handling" documents it, since wine knows more shapes of epilogues
 * than Windows (any register in the lea) and fewer (no jumps to other functions). */
#include <malloc.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <windows.h>

#define NOINLINE __attribute__((noinline))

typedef long long function(long long *a, long long n);

/* ---- the functions ---- */

NOINLINE static long long leaf(long long *a, long long n) { return a[0] + 3 * n; }

NOINLINE static long long many(long long a, int b, long long c, int d, long long e, int f,
                               double g) {
  return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * (long long)g;
}

NOINLINE static long long saved(long long *a, long long n) {
  __asm__ volatile("xor %%ebx, %%ebx; xor %%esi, %%esi; xor %%edi, %%edi; xor %%r12, %%r12; xor "
                   "%%r13, %%r13; xor %%r14, %%r14; xor %%r15, %%r15" ::
                     : "rbx", "rsi", "rdi", "r12", "r13", "r14", "r15", "cc");
  return leaf(a, n) + leaf(a, n + 1) * n;
}

/* A function of System V's convention, which need not preserve rsi, rdi and vector registers. */
__attribute__((sysv_abi, noinline)) static long long six(long long a, long long b, long long *c,
                                                         long long d, long long e, long long f,
                                                         long long g, double x) {
  __asm__ volatile(
    "xor %%esi, %%esi; xor %%edi, %%edi; xorps %%xmm6, %%xmm6; xorps %%xmm15, %%xmm15" ::
      : "rsi", "rdi", "xmm6", "xmm15");
  return leaf(c, a + b) + d + 2 * e + 3 * f + 4 * g + (long long)x;
}
NOINLINE static long long sysv(long long *a, long long n) {
  return six(n, 2, a, 3, 4, 5, 6, 7.5) * n;
}

/* Frames of one byte, and of 2, 17 and 268 pages, where codes have numbers of 32 bits. */
NOINLINE static long long small(long long *a, long long n) {
  volatile char c = (char)n;
  return leaf(a, c);
}
NOINLINE static long long pages(long long *a, long long n) {
  volatile char room[9000];
  __asm__ volatile("" : : "r"(room));
  room[0] = (char)n;
  return saved(a, room[0]) + n;
}
NOINLINE static long long large(long long *a, long long n) {
  volatile char room[70000];
  __asm__ volatile("" : : "r"(room));
  room[69999] = (char)n;
  __asm__ volatile("xor %%ebx, %%ebx; pxor %%xmm7, %%xmm7" ::: "rbx", "xmm7", "cc");
  return pages(a, room[69999]) + n;
}

NOINLINE static long long huge(long long *a, long long n) {
  volatile char room[800000];
  __asm__ volatile("" : : "r"(room));
  room[799999] = (char)n;
  __asm__ volatile("xor %%ebx, %%ebx; pxor %%xmm7, %%xmm7; pxor %%xmm14, %%xmm14" ::
                     : "rbx", "xmm7", "xmm14", "cc");
  return leaf(a, room[799999]) + n;
}

NOINLINE static long long vectors(long long *a, long long n) {
  double d = (double)n * 1.5, e = (double)a[0];
  __asm__ volatile("pxor %%xmm6, %%xmm6; pxor %%xmm8, %%xmm8; pxor %%xmm9, %%xmm9; pxor %%xmm15, "
                   "%%xmm15; xor %%r12, %%r12" ::
                     : "xmm6", "xmm8", "xmm9", "xmm15", "r12", "cc");
  return small(a, n) + (long long)(d + e);
}

/* A block of a size known late, and below it the arguments of calls. */
NOINLINE static long long dynamic(long long *a, long long n) {
  long long sum = 0;
  for (int i = 1; i <= 2; i++) {
    volatile char *block = alloca((size_t)(i * n + 16));
    block[n] = (char)i;
    sum += many(n, i, 2, block[n], 3, 4, 2.5);
  }
  return sum + a[0];
}
NOINLINE static long long dynamic_vectors(long long *a, long long n) {
  volatile char block[n];
  block[0] = (char)n;
  __asm__ volatile("pxor %%xmm6, %%xmm6; pxor %%xmm7, %%xmm7; pxor %%xmm10, %%xmm10; xor %%esi, "
                   "%%esi; xor %%r15, %%r15" ::
                     : "xmm6", "xmm7", "xmm10", "rsi", "r15", "cc");
  return vectors(a, block[0]);
}

NOINLINE static long long arguments(long long *a, long long n) {
  return many(n, 1, a[0], 2, n, 3, 4.5) + many(1, 2, 3, 4, 5, 6, (double)n);
}

NOINLINE static long long sum_of(int n, ...) {
  va_list list;
  long long sum = 0;
  va_start(list, n);
  for (int i = 0; i < n; i++) sum += va_arg(list, long long);
  va_end(list);
  return sum;
}
NOINLINE static long long variadic(long long *a, long long n) {
  return sum_of(6, a[0], n, 1LL, 2LL, 3LL, n);
}

NOINLINE static long long framed(long long *a, long long n) {
  void *volatile frame = __builtin_frame_address(0);
  return frame != NULL ? saved(a, n) : 0;
}

struct big {
  long long at[5];
};
NOINLINE static struct big make_big(long long n) {
  struct big b = {{n, n + 1, n * n, 4, leaf(&n, 5)}};
  return b;
}
NOINLINE static long long results(long long *a, long long n) {
  struct big b = make_big(n);
  return b.at[0] + b.at[2] + b.at[4] + a[0];
}

NOINLINE static long long aligned(long long *a, long long n) {
  _Alignas(64) volatile char line[64];
  line[5] = (char)n;
  return leaf(a, line[5]) + (long long)((uintptr_t)line & 63);
}

/* Epilogues in the middle of the code, which end with jumps. */
NOINLINE static long long middle(long long *a, long long n) {
  __asm__ volatile("xor %%ebx, %%ebx; pxor %%xmm11, %%xmm11" ::: "rbx", "xmm11", "cc");
  for (int i = 0; i < 3; i++) {
    if (leaf(a, i) == n) __attribute__
      ((musttail)) return saved(a, n);
    a[0]++;
  }
  return n;
}
static function *volatile pointer = vectors;
NOINLINE static long long indirect(long long *a, long long n) {
  __asm__ volatile("xor %%r13, %%r13; pxor %%xmm6, %%xmm6" ::: "r13", "xmm6", "cc");
  function *f = pointer;
  __attribute__((musttail)) return f(a, n);
}

/* The address where `gone` would return to is after its caller. */
__attribute__((noinline, noreturn)) static void gone(void) {
  for (;;) __asm__ volatile("");
}
NOINLINE static long long ends(long long *a, long long n) {
  __asm__ volatile("xor %%edi, %%edi; pxor %%xmm6, %%xmm6" ::: "rdi", "xmm6", "cc");
  a[1] = n;
  gone();
}

/* ---- the call ---- */

static struct state {
  M128A vectors[10];     /*   0: xmm6 to xmm15 */
  DWORD64 general[8];    /* 160: rbx, rbp, rsi, rdi, r12 to r15 */
  DWORD64 rsp, rip;      /* 224: where the call returns */
  const char *name;      /* of the function */
  DWORD64 function;      /* its address */
  bool jumps;            /* wine does not know the epilogue that it is in */
  unsigned steps, wrong; /* so far */
} state;

/* Fills the saved registers, and calls f(a, n) with the trap flag set. */
NOINLINE static long long call(function *f, long long *a, long long n) {
  register function *r10 __asm__("r10") = f;
  register struct state *r11 __asm__("r11") = &state;
  long long result;
  __asm__ volatile("push %%rbp\n\t"
                   "push %%rbx\n\t"
                   "push %%rsi\n\t"
                   "push %%rdi\n\t"
                   "push %%r12\n\t"
                   "push %%r13\n\t"
                   "push %%r14\n\t"
                   "push %%r15\n\t"
                   "mov %%rsp, %%rbx\n\t"
                   "and $-16, %%rsp\n\t"
                   "sub $64, %%rsp\n\t"
                   "mov %%rbx, 160(%%r11)\n\t"
                   "mov %%rsp, 224(%%r11)\n\t"
                   "lea 1f(%%rip), %%rax\n\t"
                   "mov %%rax, 232(%%r11)\n\t"
                   "movups (%%r11), %%xmm6\n\t"
                   "movups 16(%%r11), %%xmm7\n\t"
                   "movups 32(%%r11), %%xmm8\n\t"
                   "movups 48(%%r11), %%xmm9\n\t"
                   "movups 64(%%r11), %%xmm10\n\t"
                   "movups 80(%%r11), %%xmm11\n\t"
                   "movups 96(%%r11), %%xmm12\n\t"
                   "movups 112(%%r11), %%xmm13\n\t"
                   "movups 128(%%r11), %%xmm14\n\t"
                   "movups 144(%%r11), %%xmm15\n\t"
                   "mov 168(%%r11), %%rbp\n\t"
                   "mov 176(%%r11), %%rsi\n\t"
                   "mov 184(%%r11), %%rdi\n\t"
                   "mov 192(%%r11), %%r12\n\t"
                   "mov 200(%%r11), %%r13\n\t"
                   "mov 208(%%r11), %%r14\n\t"
                   "mov 216(%%r11), %%r15\n\t"
                   "pushfq\n\t"
                   "orl $0x100, (%%rsp)\n\t"
                   "popfq\n\t"
                   "call *%%r10\n"
                   "1:\tmov %%rbx, %%rsp\n\t"
                   "pop %%r15\n\t"
                   "pop %%r14\n\t"
                   "pop %%r13\n\t"
                   "pop %%r12\n\t"
                   "pop %%rdi\n\t"
                   "pop %%rsi\n\t"
                   "pop %%rbx\n\t"
                   "pop %%rbp"
                   : "=a"(result), "+c"(a), "+d"(n), "+r"(r10), "+r"(r11)
                   :
                   : "r8", "r9", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7",
                     "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15", "memory",
                     "cc");
  return result;
}

/* ---- unwinding as documented ---- */

static DWORD64 *general(CONTEXT *c, unsigned n) { return &c->Rax + n; }
static void leave(CONTEXT *c) {
  c->Rip = *(DWORD64 *)c->Rsp;
  c->Rsp += 8;
}
static DWORD number(const uint8_t *p) {
  DWORD n;
  memcpy(&n, p, sizeof n);
  return n;
}

/* A jump that ends an epilogue: out of the function, or by a REX.W prefix or an address in memory. */
static bool ends_by_jump(const uint8_t *p, DWORD64 begin, DWORD64 end) {
  DWORD64 to = 0;
  if (*p == 0xe9) to = (DWORD64)p + 5 + (DWORD64)(int)number(p + 1);
  if (*p == 0xeb) to = (DWORD64)p + 2 + (DWORD64)(signed char)p[1];
  if (to != 0) return to <= begin || to >= end;
  return (p[0] == 0xff && p[1] == 0x25) ||
         ((p[0] & 0xf8) == 0x48 && p[1] == 0xff && (p[2] & 0x38) == 0x20);
}

/* Whether an epilogue goes on at c->Rip: [add rsp, n | lea rsp, [frame + n]], pops, a return or a jump. If so, does
 * what is left of it. */
static bool epilogue(CONTEXT *c, DWORD64 base, const RUNTIME_FUNCTION *f, unsigned frame) {
  const uint8_t *p = (const uint8_t *)c->Rip;
  CONTEXT to = *c;
  if (p[0] == 0x48 && p[1] == 0x83 && p[2] == 0xc4) {
    to.Rsp += (DWORD64)(signed char)p[3], p += 4;
  } else if (p[0] == 0x48 && p[1] == 0x81 && p[2] == 0xc4) {
    to.Rsp += (DWORD64)(int)number(p + 3), p += 7;
  } else if ((p[0] & 0xfe) == 0x48 && p[1] == 0x8d && frame != 0 &&
             ((p[0] & 1u) << 3 | (p[2] & 7u)) == frame && (p[2] & 0x38) == 0x20) {
    if (p[2] >> 6 == 1) to.Rsp = *general(c, frame) + (DWORD64)(signed char)p[3], p += 4;
    else if (p[2] >> 6 == 2) to.Rsp = *general(c, frame) + (DWORD64)(int)number(p + 3), p += 7;
  }
  for (;;) {
    unsigned rex = (*p & 0xf0) == 0x40;
    if ((p[rex] & 0xf8) != 0x58) break;
    *general(&to, (rex ? p[0] & 1u : 0u) << 3 | (p[rex] & 7u)) = *(DWORD64 *)to.Rsp;
    to.Rsp += 8;
    p += rex + 1;
  }
  bool returns = p[0] == 0xc3 || p[0] == 0xc2 || (p[0] == 0xf3 && p[1] == 0xc3);
  if (!returns && !ends_by_jump(p, base + f->BeginAddress, base + f->EndAddress)) return false;
  leave(&to);
  *c = to;
  state.jumps = !returns;
  return true;
}

/* UWOP_PUSH_NONVOL and so on, with how many more slots each has. */
static bool undo(CONTEXT *c, const uint8_t *info, DWORD at) {
  static const char more[16] = {[1] = 1, [4] = 1, [5] = 2, [8] = 1, [9] = 2};
  const unsigned frame = info[3] & 15;
  const DWORD64 distance = 16 * (info[3] >> 4);
  const uint8_t *code = info + 4, *end = code + 2 * info[2];
  unsigned op;
  DWORD64 bottom = c->Rsp;
  for (const uint8_t *p = code; p < end; p += 2 + 2 * (more[op] + (op == 1 && p[1] >> 4 == 1))) {
    op = p[1] & 15;
    if (op == 3 && at >= p[0]) bottom = *general(c, frame) - distance;
  }
  for (const uint8_t *p = code; p < end; p += 2 + 2 * (more[op] + (op == 1 && p[1] >> 4 == 1))) {
    const unsigned with = p[1] >> 4;
    const DWORD one = p[2] | (DWORD)p[3] << 8;
    op = p[1] & 15;
    if (at < p[0]) continue;
    switch (op) {
    case 0: *general(c, with) = *(DWORD64 *)c->Rsp, c->Rsp += 8; break;
    case 1: c->Rsp += with == 0 ? 8 * one : number(p + 2); break;
    case 2: c->Rsp += 8 * with + 8; break;
    case 3: c->Rsp = *general(c, frame) - distance; break;
    case 4: *general(c, with) = *(DWORD64 *)(bottom + 8 * one); break;
    case 5: *general(c, with) = *(DWORD64 *)(bottom + number(p + 2)); break;
    case 8: memcpy(&c->Xmm0 + with, (void *)(bottom + 16 * one), 16); break;
    case 9: memcpy(&c->Xmm0 + with, (void *)(bottom + number(p + 2)), 16); break;
    default: return false;
    }
  }
  leave(c);
  return true;
}

/* ---- each step ---- */

static bool unwind(CONTEXT *c, bool by_system) {
  DWORD64 base, frame;
  void *data;
  RUNTIME_FUNCTION *f = RtlLookupFunctionEntry(c->Rip, &base, NULL);
  if (f == NULL) {
    leave(c);
  } else if (by_system) {
    RtlVirtualUnwind(UNW_FLAG_NHANDLER, base, c->Rip, f, c, &data, &frame, NULL);
  } else {
    const uint8_t *info = (const uint8_t *)(base + f->UnwindData);
    const DWORD at = (DWORD)(c->Rip - base) - f->BeginAddress;
    if (info[0] != 1) return false; /* the only version without handlers and chains */
    if (at < info[1] || !epilogue(c, base, f, info[3] & 15)) return undo(c, info, at);
  }
  return true;
}

/* Leaves frames until the caller; what is wrong there, or NULL. */
static const char *fault(const CONTEXT *from, bool by_system) {
  static const char *const names[] = {"rbx", "rbp", "rsi", "rdi", "r12", "r13", "r14", "r15"};
  static const unsigned numbers[] = {3, 5, 6, 7, 12, 13, 14, 15};
  CONTEXT c = *from;
  for (int k = 0; k < 8 && c.Rip != state.rip; k++) {
    if (c.Rsp < from->Rsp || c.Rsp > state.rsp) return "the stack pointer on the way";
    if (!unwind(&c, by_system)) return "the codes";
  }
  if (c.Rip != state.rip) return "rip";
  if (c.Rsp != state.rsp) return "rsp";
  for (int k = 0; k < 8; k++)
    if (*general(&c, numbers[k]) != state.general[k]) return names[k];
  return memcmp(&c.Xmm6, state.vectors, sizeof state.vectors) != 0 ? "a vector register" : NULL;
}

static LONG CALLBACK step(EXCEPTION_POINTERS *p) {
  CONTEXT *c = p->ContextRecord;
  if (p->ExceptionRecord->ExceptionCode != (DWORD)EXCEPTION_SINGLE_STEP)
    return EXCEPTION_CONTINUE_SEARCH;
  c->EFlags &= ~0x100u;
  if (c->Rip == state.rip) return EXCEPTION_CONTINUE_EXECUTION;
  state.steps++;
  state.jumps = false;
  for (int by_system = 0; by_system <= !state.jumps; by_system++) {
    const char *what = fault(c, by_system != 0);
    if (what == NULL || state.wrong++ > 3) continue;
    printf("%s: at %lld, %s: %s\n", state.name, (long long)(c->Rip - state.function),
           by_system ? "by the system" : "as documented", what);
  }
  if (c->Rip == (DWORD64)gone) { /* it returns, to its caller's caller */
    for (int k = 0; k < 8 && c->Rip != state.rip; k++) unwind(c, false);
    return EXCEPTION_CONTINUE_EXECUTION;
  }
  c->EFlags |= 0x100;
  return EXCEPTION_CONTINUE_EXECUTION;
}

static void check(const char *name, function *f) {
  long long a[2] = {40, 0};
  memset(&state, 0, sizeof state);
  for (int k = 0; k < 10; k++)
    state.vectors[k] = (M128A){0x1111111111111111ULL * (unsigned)(k + 1), -k};
  for (int k = 1; k < 8; k++) state.general[k] = 0x0101010101010101ULL * (unsigned)(k + 6);
  state.name = name;
  state.function = (DWORD64)f;
  const long long result = call(f, a, 46);
  printf("%s: %lld %lld %lld, %s\n", name, f == ends ? 0 : result, a[0], a[1],
         state.wrong != 0  ? "wrong"
         : state.steps < 3 ? "not stepped"
                           : "each instruction");
  fprintf(stderr, "%s: %u instructions\n", name, state.steps);
}

int main(void) {
  AddVectoredExceptionHandler(1, step);
  check("leaf", leaf);
  check("saved registers", saved);
  check("System V's convention", sysv);
  check("one byte", small);
  check("two pages", pages);
  check("many pages", large);
  check("many more pages", huge);
  check("vector registers", vectors);
  check("dynamic", dynamic);
  check("dynamic, with vector registers", dynamic_vectors);
  check("arguments on the stack", arguments);
  check("variadic", variadic);
  check("a frame pointer", framed);
  check("results in memory", results);
  check("aligned", aligned);
  check("epilogues in the middle", middle);
  check("a jump through a register", indirect);
  check("a call at the end", ends);
  return 0;
}
