/* What the files of the AArch64 target share: registers, emission, operands. Included by this folder's files only.
 *
 * Registers: x0 to x8 temporaries (arguments, results), x9 to x15 caller-saved homes, x19 to x28 callee-saved homes;
 * x16 and x17 are scratch between any two lines that emit, x18 is the platform's, x29 the frame, x30 the return
 * address. v0 to v7 and v16 to v23 temporaries, v8 to v15 callee-saved homes (64 bits), v24 to v29 caller-saved
 * homes, v30 and v31 scratch. Frame offsets count upward from x29; negative ones name incoming stack arguments
 * (frame.c).
 *
 * Invariant: a lowering gets all operands and its result register first, then emits, and writes the result's register
 * last: it may be one of the operands'. */
#ifndef KN_TARGETS_AARCH64_A64_H
#define KN_TARGETS_AARCH64_A64_H

#include "lib/codegen/library.h"
#include "targets/aarch64/encode.h"
#include "targets/aarch64/encode_vector.h"

#include <string.h>

/* x0 to x17 and v0 to v7, v16 to v31; of v8 to v15 only the upper halves, which hold nothing. */
#define A64_CLOBBERED                                                                              \
  (UINT64_C(0x3ffff) | UINT64_C(0xff) << KN_FP_BASE | UINT64_C(0xffff0000) << KN_FP_BASE)

/* An epilogue that stands after the blocks, since it depends on the frame's size. */
struct a64_exit {
  uint32_t label, symbol; /* where it goes to: a symbol, or 0: the address in a register */
  uint32_t behind;        /* label after the jump, or 0 */
  bool returns;           /* or, if this is set, to the caller */
  bool compares;          /* it looks at a guard, and ends with the failure's call */
  uint32_t authenticated; /* where it is when it has authenticated the return address, if it does */
  uint32_t reload, freed; /* where it has given back the frame pointer, and all of the frame */
  /* It moves `args` bytes from the stack pointer to what ends where the function's stack area does: the callee frees
   * another number of bytes than the function. */
  bool moves;
  uint32_t args;
  uint32_t restored,
    popped;     /* where the frame pointer is the caller's again; where the stack area is freed */
  uint32_t end; /* after its last instruction */
};

/* The walk with what only this target has. */
struct a64_walk {
  struct kn_walk walk; /* first: a64() */
  /* epilogues of tail calls; when the function ends, also the return's */
  KN_ARRAY(struct a64_exit) exits;
  /* ---- about one function, which begins with zeros (a64_begin) ---- */
  uint32_t prologue_words; /* reserved at the function's start */
  uint32_t exit_label;     /* of the epilogue that returns */
  bool returns;            /* something goes there */
  uint32_t falls;  /* the tail call, from 1, whose epilogue is next after the last block; 0: none */
  bool frame_used; /* something in the frame was addressed */
  uint32_t aligned_words; /* that a64_relax puts before aligned code, at most */
  uint32_t top;    /* bytes at the frame's end, after all else: the guard, arrays (guard.c) */
  int32_t kept_at; /* where vector registers are saved whole, in the order of their numbers */
};
KN_INLINE struct a64_walk *a64(struct kn_walk *w) { return (struct a64_walk *)w; }

/* conventions.c */
extern const struct kn_convention a64_c_convention;
extern const struct kn_convention *const a64_conventions[KILN_CC_COUNT];

enum {
  A64_CHAIN = 15,
  A64_IP0 = 16,
  A64_IP1 = 17, /* scratch: x16 for data, x17 for addresses */
  A64_VS0 = KN_FP_BASE + 30,
  A64_VS1 = KN_FP_BASE + 31 /* scratch */
};

/* Kinds of kn_fixup. FRAME: the immediate of an add becomes the frame's size (no label); FRAME_WIDE: two words become
 * movz and movk of that size to x17. TABLE: 32 bits become the distance from the fixup before it of kind TABLE_BASE.
 * LITERAL: a load of what is after the code. FAR: a branch that relax.c makes long; FAR_LITERAL: a load to which it
 * brings the literal; DONE: nothing is left to do. ALIGN: relax.c aligns what follows to 1 << n bytes; n is in the bits
 * from A64_FIX_ALIGN_SHIFT on, which then become the number of words that this takes. */
enum a64_fix {
  A64_FIX_B26,
  A64_FIX_B19,
  A64_FIX_B14,
  A64_FIX_LITERAL,
  A64_FIX_FRAME,
  A64_FIX_FRAME_WIDE,
  A64_FIX_TABLE_BASE,
  A64_FIX_TABLE,
  A64_FIX_FAR,
  A64_FIX_FAR_LITERAL,
  A64_FIX_DONE,
  A64_FIX_ALIGN
};
enum { A64_FIX_ALIGN_SHIFT = 8, A64_FIX_KIND = (1 << A64_FIX_ALIGN_SHIFT) - 1 };
_Static_assert(A64_FIX_B19 == A64_FIX_B26 + 1 && A64_FIX_B14 == A64_FIX_B19 + 1 &&
                 A64_FIX_LITERAL == A64_FIX_B14 + 1,
               "fixups of one field");
/* At most this many bytes for an epilogue with the jump or return after it. */
enum { A64_EPILOGUE_RESERVE = 512 };

/* Frame offset that names the byte `off` after the frame's end, and back: the caller's stack arguments, or, with a
 * negative `off`, what is at the end of a guarded frame. */
enum { A64_BEYOND = 1 << 29 };
#define A64_INCOMING_FRAME(off) ((int32_t)(off) - A64_BEYOND)
#define A64_INCOMING(frame) ((int64_t)(frame) + A64_BEYOND)

KN_INLINE void a64_emit(struct kn_walk *w, uint32_t word) {
  memcpy(w->code.p, &word, 4);
  w->code.p += 4;
}

/* ---- types and constants ---- */

KN_INLINE unsigned a64_sf(unsigned type) { return type == KILN_TYPE_I64; }
KN_INLINE unsigned a64_bits(unsigned type) { return 8u << kn_type_log2[type]; }
KN_INLINE bool a64_is_narrow(unsigned type) { return type < KILN_TYPE_I32; }
KN_INLINE enum a64_ftype a64_ft(unsigned type) { return type == KILN_TYPE_F32 ? A64_S : A64_D; }
/* Number of a float register within its bank. */
KN_INLINE unsigned a64_v(unsigned r) { return r - KN_FP_BASE; }

/* True if h is an integer constant of at most 64 bits; its bits, zero-extended from the type. */
KN_INLINE bool a64_const(const struct kn_walk *w, uint32_t h, unsigned type, uint64_t *bits) {
  uint64_t x;
  if (kn_is_value(h)) return false;
  if (kn_is_imm(h)) x = (uint64_t)(int64_t)kn_imm(h);
  else if (kn_is_pool(h) && w->f->pool.at[kn_index(h)].symbol == 0)
    x = w->f->pool.at[kn_index(h)].low;
  else return false;
  unsigned n = a64_bits(type);
  *bits = n >= 64 ? x : x & ((UINT64_C(1) << n) - 1);
  return true;
}
/* The same, sign-extended. */
KN_INLINE bool a64_sconst(const struct kn_walk *w, uint32_t h, unsigned type, int64_t *value) {
  uint64_t bits;
  if (!a64_const(w, h, type, &bits)) return false;
  unsigned up = 64 - (a64_bits(type) < 64 ? a64_bits(type) : 64);
  *value = (int64_t)(bits << up) >> up;
  return true;
}
/* Register of h where 31 is the zero register. */
KN_INLINE unsigned a64_reg_or_zr(struct kn_walk *w, uint32_t h, unsigned type) {
  uint64_t bits;
  if (a64_const(w, h, type, &bits) && bits == 0) return A64_ZR;
  return kn_reg(w, h, type);
}
/* True if h's register has zeros above the type's width, to 64 bits. */
KN_INLINE bool a64_is_zx(const struct kn_walk *w, uint32_t h) {
  return kn_is_value(h) && (w->val[h].flags & KN_VF_ZX) != 0;
}
/* Result i has zeros above its width, to 64 bits. */
KN_INLINE void a64_set_zx(struct kn_walk *w, uint32_t i) { w->val[i].flags |= KN_VF_ZX; }
/* Result i, in register d, is whether the flags say `cond`. */
KN_INLINE void a64_flag(struct kn_walk *w, uint32_t i, unsigned d, enum a64_cond cond) {
  a64_emit(w, a64_cset(0, d, cond));
  a64_set_zx(w, i);
  kn_defined(w, i, d);
}
/* The same in any register: a spill for it keeps the flags. */
KN_INLINE void a64_def_flag(struct kn_walk *w, uint32_t i, enum a64_cond cond) {
  a64_flag(w, i, kn_def(w, i, KILN_TYPE_I8, KN_NO_REG, 0), cond);
}

/* Makes value i wait for its only reader, which lowers both (fold.c, compare.c). */
KN_INLINE void a64_wait(struct kn_walk *w, uint32_t i) {
  w->val[i].flags |= KN_VF_WAITS;
  w->val[i].reg = KN_NO_REG;
}
/* True if h waits for its reader, this instruction. */
KN_INLINE bool a64_deferred(const struct kn_walk *w, uint32_t h) {
  return kn_is_value(h) && (w->val[h].flags & KN_VF_WAITS) != 0;
}

/* An operand that an instruction can extend from 32 bits itself. */
struct a64_extended {
  unsigned reg;
  enum a64_extend ext; /* UXTX: it is whole */
};
/* Register of the i64 h; or, if h is an extension that waits for this instruction, of what it
 * extends (int.c). */
KN_INLINE struct a64_extended a64_reg_extended(struct kn_walk *w, uint32_t h) {
  if (a64_deferred(w, h)) {
    const struct kn_inst *in = &w->inst[h];
    return (struct a64_extended){kn_reg(w, in->a, KILN_TYPE_I32),
                                 in->op == KILN_OP_SEXT ? A64_SXTW : A64_UXTW};
  }
  return (struct a64_extended){kn_reg(w, h, KILN_TYPE_I64), A64_UXTX};
}

/* ---- frame.c ---- */

/* A memory operand within reach of an instruction. */
struct a64_at {
  unsigned base;
  int32_t off;
};
/* base + off for `op`; through x17 where that does not reach. */
struct a64_at a64_reach(struct kn_walk *w, enum a64_mem op, unsigned base, int64_t off);
/* A frame offset + `disp` for `op`; through x17 where that does not reach. */
struct a64_at a64_frame_at(struct kn_walk *w, enum a64_mem op, int32_t frame, int64_t disp);
/* op reg, [frame offset + disp]. */
KN_INLINE void a64_frame_access(struct kn_walk *w, enum a64_mem op, unsigned reg, int32_t frame,
                                int64_t disp) {
  const struct a64_at m = a64_frame_at(w, op, frame, disp);
  a64_emit(w, a64_mem_offset(op, reg & 31, m.base, m.off));
}
/* rd = rn + value. rn is not sp; if the value is large and rd is rn, x16 is used, or for x16 itself x17. */
void a64_add_imm(struct kn_walk *w, unsigned rd, unsigned rn, int64_t value);
/* rd = address of a frame offset + disp. */
void a64_frame_addr(struct kn_walk *w, unsigned rd, int32_t frame, int64_t disp);
/* rd = address of stack slot `slot` + disp. */
void a64_slot_addr(struct kn_walk *w, unsigned rd, uint32_t slot, int64_t disp);
/* rd = the number in x16, or the nearest one of `width` bits, at most 16, if it has more: 32 bits of each. Uses x17. */
void a64_clamp(struct kn_walk *w, unsigned rd, unsigned width, bool sign);
/* rd = value. */
void a64_set(struct kn_walk *w, unsigned rd, unsigned sf, uint64_t value);
/* Can relocations add `addend` to a symbol's address? adrp reaches 4 GiB; the linker checks the sum. */
KN_INLINE bool a64_is_near(int64_t addend) { return addend >= -(1 << 20) && addend < 1 << 20; }
/* rd = address of symbol + addend. */
void a64_symbol(struct kn_walk *w, unsigned rd, uint32_t symbol, int64_t addend);
/* See struct kn_target. */
void a64_landing(struct kn_walk *w);
void a64_begin(struct kn_walk *w);
void a64_enter(struct kn_walk *w);
void a64_finish(struct kn_walk *w);
void a64_free(struct kn_walk *w, kiln_module *m);
void a64_call(struct kn_walk *w, struct kn_call *c);
void a64_open_stack(struct kn_walk *w, const struct kn_call *c, const struct kn_assign *all);
void a64_early_arg(struct kn_walk *w, const struct kn_call *c, const struct kn_arg *a);
void a64_load_arg(struct kn_walk *w, uint32_t h, const struct kn_arg *a);
void a64_settle_args(struct kn_walk *w, struct kn_call *c, const struct kn_assign *all);
void a64_call_jump(struct kn_walk *w, const struct kn_call *c);
void a64_tail_jump(struct kn_walk *w, const struct kn_call *c, uint32_t bytes);
void a64_take_results(struct kn_walk *w, const struct kn_sig *sig);
void a64_take_result(struct kn_walk *w, uint32_t value, const struct kn_arg *a);
void a64_keep_result(struct kn_walk *w, const struct kn_arg *a, int32_t frame);
void a64_free_stack(struct kn_walk *w, struct kn_call_stack stack);
void a64_bind_label(struct kn_walk *w, uint32_t label);

/* ---- probe.c ---- */

/* Most words of an allocation with probes. */
enum { A64_PROBE_WORDS = 16 };
/* An allocation with probes, and the rows of the CFA within it. */
struct a64_probes {
  uint32_t word[A64_PROBE_WORDS];
  unsigned n, n_rows;
  struct {
    uint8_t at;  /* after so many words */
    uint8_t reg; /* the CFA is this register + offset */
    uint32_t offset;
  } row[8];
};
/* sp -= size, a multiple of 16: false if no probe is needed before the memory at the new sp is accessed, which the
 * caller does. Uses x16 for more than a few pages. */
bool a64_probe(const struct kn_walk *w, uint32_t size, struct a64_probes *out);
/* sp -= x16, and down to a multiple of 2^align_log2; touches each page. Changes x16, x17. */
void a64_probe_salloc(struct kn_walk *w, unsigned align_log2);

/* ---- guard.c ---- */

/* After the prologue: allocates the arrays, stores the guard. */
void a64_guard_enter(struct kn_walk *w);
/* Before the frame is freed; `fail`: the branches, or 0, to the failing call that a64_guard_end puts after the
 * return. */
void a64_guard_check(struct kn_walk *w, uint32_t fail[2]);
void a64_guard_end(struct kn_walk *w, const uint32_t fail[2]);
extern const struct kn_guard_reg a64_guard_regs[];
extern const struct kn_jit_machine a64_jit;
/* The jump that ends a tail call's epilogue: to a symbol, or 0: to the address where a call has it. */
void a64_exit_jump(struct kn_walk *w, uint32_t symbol);
/* A call of a symbol; `library`: the compiler makes it itself. */
void a64_call_symbol(struct kn_walk *w, uint32_t symbol, bool library);

/* ---- hooks.c: see struct kn_hooks ---- */

void a64_hook_move(struct kn_walk *w, unsigned dst, unsigned src, unsigned type);
void a64_hook_load(struct kn_walk *w, unsigned dst, int32_t frame, unsigned type);
void a64_hook_store(struct kn_walk *w, unsigned src, int32_t frame, unsigned type);
void a64_hook_constant(struct kn_walk *w, unsigned dst, uint32_t h, unsigned type);
void a64_hook_store_constant(struct kn_walk *w, int32_t frame, uint32_t h, unsigned type);
void a64_hook_copy(struct kn_walk *w, int32_t dst, int32_t src, unsigned type);
void a64_hook_address(struct kn_walk *w, unsigned dst, uint32_t v);
void a64_hook_deferred(struct kn_walk *w, unsigned dst, uint32_t v);

/* ---- relax.c ---- */

/* Gives the conditional branches that do not reach their targets their long form. All labels that they name
 * are placed. False if the function failed. */
bool a64_relax(struct kn_walk *w);
void a64_align_code(struct kn_walk *w, unsigned log2);

/* ---- memory.c ---- */

/* dst = what the ADDR instruction `in` computes; its operands are brought to registers. */
void a64_compute_addr(struct kn_walk *w, unsigned dst, const struct kn_inst *in);

/* Loads or stores the two halves of an i128, by the address of LOAD or STORE `in`. */
void a64_access_pair(struct kn_walk *w, const struct kn_inst *in, bool load, unsigned low,
                     unsigned high);

/* Block operations of a few bytes, emitted in line; false, with nothing done, for all others. */
bool a64_short_copy(struct kn_walk *w, const struct kn_inst *in);
bool a64_short_set(struct kn_walk *w, const struct kn_inst *in);

/* ---- pair.c ---- */

/* Registers of two halves of 64 bits. */
struct a64_halves {
  unsigned low, high;
};
/* Operand h, an i128, in the registers of its halves, which are locked: that of 0 is the zero register. */
struct a64_halves a64_pair_operand(struct kn_walk *w, uint32_t h);
/* The same in two registers taken for this instruction. */
struct a64_halves a64_pair_copy(struct kn_walk *w, uint32_t h);
/* Result i, an i128, is in two registers: temporary ones, which it keeps, or others, which it does not. */
void a64_def_pair(struct kn_walk *w, uint32_t i, unsigned low, unsigned high);
/* `a` shifted by register c modulo 128, in place. Uses x16, x17. */
void a64_pair_shift(struct kn_walk *w, unsigned op, struct a64_halves *a, unsigned c);
/* Compares by an ICMP of i128 and drops its operands: the condition that the flags say, or its opposite. */
enum a64_cond a64_pair_condition(struct kn_walk *w, const struct kn_inst *in, bool negated);
/* x negated where `mask` is all ones, as it is where that is 0. */
void a64_pair_negate_if(struct kn_walk *w, struct a64_halves x, unsigned mask);

/* ---- vector.c ---- */

kn_lower a64_lower_vsplat, a64_lower_vresize, a64_lower_vextract, a64_lower_vinsert,
  a64_lower_vsigns, a64_lower_vbin, a64_lower_vmul, a64_lower_vselect, a64_lower_vshift,
  a64_lower_vicmp, a64_lower_vfcmp, a64_lower_vun, a64_lower_vshuffle;
/* Of the target's own instructions: machine.c, machine.def. */
kn_lower a64_lower_machine;
extern const struct kn_machine_table a64_machine;
/* Between v128 and i128 or f128. */
void a64_bitcast_vector(struct kn_walk *w, const struct kn_inst *in);

/* ---- literal.c ---- */

/* vd = a constant of a float type, or one of 128 bits; uses x16. */
void a64_float_constant(struct kn_walk *w, unsigned vd, uint64_t bits, unsigned type);
void a64_vector_constant(struct kn_walk *w, unsigned vd, uint64_t low, uint64_t high);
/* Places the literals after the code. */
void a64_place_literals(struct kn_walk *w);
/* Copies 16 bytes from the literal of `label` on. */
void a64_copy_literal(const struct kn_walk *w, uint32_t label, uint8_t to[16]);

/* ---- quad.c ---- */

/* Loads f128 operand h to vector register `q`; changes nothing else but x16 and x17. */
void a64_quad_load(struct kn_walk *w, uint32_t h, unsigned q);
/* Result i, an f128, from vector register `q` to its slot. */
void a64_quad_store(struct kn_walk *w, uint32_t i, unsigned q);
/* Saturating conversions of an f128, or to an i128. */
void a64_saturate_long(struct kn_walk *w, const struct kn_inst *in);

/* ---- call.c ---- */

/* Calls a library function with f128 operands, those after them are where they are to be; its result is
 * left in x0 or v0. */
void a64_quad_call(struct kn_walk *w, const char *name, const uint32_t *args, unsigned n);

/* ---- branches: control.c, compare.c ---- */

/* What a conditional branch tests: the branch, without its distance. */
struct a64_test {
  uint32_t word;
};
KN_INLINE struct a64_test a64_test_cond(enum a64_cond cond) {
  return (struct a64_test){a64_b_cond(cond, 0)};
}
/* True if the register is 0; or if it is not. */
KN_INLINE struct a64_test a64_test_zero(bool zero, unsigned sf, unsigned reg) {
  return (struct a64_test){a64_cbz(sf, reg, 0) | (uint32_t)!zero << A64_NOT_ZERO};
}
/* True if the register's bit is 0; or if it is 1. */
KN_INLINE struct a64_test a64_test_bit(bool zero, unsigned reg, unsigned bit) {
  return (struct a64_test){a64_tbz(reg, bit, 0) | (uint32_t)!zero << A64_NOT_ZERO};
}
/* t, or its opposite. */
KN_INLINE struct a64_test a64_negate_if(struct a64_test t, bool negate) {
  return (struct a64_test){a64_negate_branch(t.word, negate)};
}
void a64_branch(struct kn_walk *w, uint32_t label);
void a64_jump_back(struct kn_walk *w, uint32_t to);
/* May comparison i wait for the instruction after it, which evaluates it then? */
bool a64_fuses(const struct kn_walk *w, uint32_t i);
/* Evaluates the condition h (an i8, or a comparison deferred to here) into a test; drops h. x16 may
 * be part of the test. */
struct a64_test a64_condition(struct kn_walk *w, uint32_t h);
/* The condition of a test, for instructions other than branches. Emits one instruction at most. */
enum a64_cond a64_flags(struct kn_walk *w, struct a64_test t);
/* Emits the extension `in`, which waited, with dst as its result. */
void a64_do_extend(struct kn_walk *w, unsigned dst, const struct kn_inst *in);
/* Lowers an operation that joins two comparisons waiting for it: and, or, a select of i8. */
void a64_lower_joined(struct kn_walk *w, const struct kn_inst *in);

/* ---- fold.c ---- */

/* Makes the shift, mask (for a comparison with 0 any `and`) or extension `in` wait for its only reader, the next
 * instruction, if that can do both. False if not. */
bool a64_defer(struct kn_walk *w, const struct kn_inst *in);
/* Makes the multiplication `in` wait for the sum that reads it, which is the next instruction, or
 * the one after a load. */
bool a64_defer_product(struct kn_walk *w, const struct kn_inst *in);
/* Their readers: a sum or logic operation with one such operand; a mask, a shift by a constant, an extension or
 * truncation of one. */
void a64_lower_part(struct kn_walk *w, const struct kn_inst *in);
void a64_lower_field(struct kn_walk *w, const struct kn_inst *in);

/* ---- lowerings: one instruction each, w->i ---- */

kn_lower a64_lower_add, a64_lower_logic, a64_lower_not_neg, a64_lower_mul, a64_lower_mulh,
  a64_lower_div, a64_lower_shift, a64_lower_rotate, a64_lower_funnel, a64_lower_minmax,
  a64_lower_overflow, a64_lower_saturate, a64_lower_abs, a64_lower_count, a64_lower_reverse,
  a64_lower_cmp, a64_lower_select, a64_lower_trunc, a64_lower_extend, a64_lower_copy;
kn_lower a64_lower_load, a64_lower_store, a64_lower_addr, a64_lower_salloc, a64_lower_stack_save,
  a64_lower_stack_restore, a64_lower_prefetch, a64_lower_tls;
kn_lower a64_lower_atomic_load, a64_lower_atomic_store, a64_lower_atomic_rmw, a64_lower_atomic_cas,
  a64_lower_pair_atomic, a64_lower_fence;
kn_lower a64_lower_br, a64_lower_brif, a64_lower_switch, a64_lower_brind, a64_lower_ret;
kn_lower a64_lower_call, a64_lower_builtin_setjmp, a64_lower_builtin_longjmp, a64_lower_mem,
  a64_lower_level, a64_lower_va_start, a64_lower_va_copy, a64_lower_va_arg;
kn_lower a64_lower_fbin, a64_lower_fun, a64_lower_fma, a64_lower_fcopysign, a64_lower_fconvert,
  a64_lower_ftoi, a64_lower_itof, a64_lower_bitcast, a64_lower_get_rounding, a64_lower_set_rounding;
kn_lower a64_lower_pair, a64_lower_quad;

/* ---- operands and results of plain operations ---- */

struct a64_ops {
  unsigned a, b, d, sf;
};
KN_INLINE struct a64_ops a64_ops1(struct kn_walk *w, const struct kn_inst *in, uint32_t a) {
  struct a64_ops o;
  o.sf = a64_sf(in->type);
  o.a = a64_reg_or_zr(w, a, in->type);
  o.b = A64_ZR;
  kn_drop(w, a);
  o.d = kn_def(w, w->i, in->type, o.a, 0);
  return o;
}
KN_INLINE struct a64_ops a64_ops2(struct kn_walk *w, const struct kn_inst *in) {
  struct a64_ops o;
  o.sf = a64_sf(in->type);
  o.a = a64_reg_or_zr(w, in->a, in->type);
  o.b = a64_reg_or_zr(w, in->b, in->type);
  kn_drop(w, in->a);
  kn_drop(w, in->b);
  o.d = kn_def(w, w->i, in->type, o.a, 0);
  return o;
}
/* Ends an operation whose result was written by an instruction of 32 or 64 bits. */
KN_INLINE void a64_done(struct kn_walk *w, const struct kn_inst *in, unsigned d) {
  if (in->type == KILN_TYPE_I32) a64_set_zx(w, w->i);
  kn_defined(w, w->i, d);
}
/* Emits the extension of a narrow r to 32 bits in `to`; returns the register that has it. */
KN_INLINE unsigned a64_extend_narrow(struct kn_walk *w, unsigned to, unsigned r, unsigned type,
                                     bool sign) {
  if (!a64_is_narrow(type) || r == A64_ZR) return r;
  a64_emit(w, sign ? a64_sbfx(0, to, r, 0, a64_bits(type)) : a64_ubfx(0, to, r, 0, a64_bits(type)));
  return to;
}

#endif
