/* What the files of the x86-64 target share: registers, operands, emission into the walk's buffer. Lowerings are by
 * kind: int.c, divide.c, bits.c, compare.c, fp.c, x87.c (f80), memory.c, atomic.c, control.c, call.c, varargs.c,
 * pair.c (i128). target.c has the table of operations and facts, hooks.c what the allocator asks for, frame.c the
 * function's beginning and end. ABI: System V x86-64 psABI; Microsoft's x64 calling convention. r11 and x64_xscratch
 * are scratch: never allocated, free to use within one operation. */
#ifndef KN_X64_H
#define KN_X64_H

#include "lib/codegen/library.h"
#include "targets/x86_64/encode.h"

enum { X64_FRAME_ROWS = 3 };
/* The frame offset that rsp is at, in frames without a frame pointer. */
enum { X64_FRAME_BOTTOM = 16 };

/* The walk with what only this target has. */
struct x64_walk {
  struct kn_walk walk; /* first: x64() */
  /* ---- the frame: written before it is read ---- */
  uint8_t frame_reg;         /* rbp, or rsp: frame.c says what a frame is like by either */
  bool adds;                 /* epilogues free the frame by an addition to rsp; else by rbp */
  uint32_t area_at, base_at; /* of a `based` frame: code offsets before and after the lea */
  int32_t frame_bias;        /* the frame offset that is frame_reg */
  uint32_t frame_patch;      /* where the frame's size is to be written */
  uint32_t frame_size;       /* allocated below the saved registers */
  uint32_t n_rows;           /* of the prologue's allocation by rsp: */
  struct x64_frame_row {
    uint32_t at;   /* code offset after an instruction, from which on the CFA is */
    uint8_t reg;   /* rsp or r11, */
    uint32_t size; /* + size + what is pushed */
  } rows[X64_FRAME_ROWS];
  uint32_t probe_room;           /* bytes after the prologue's allocation, for a longer one */
  int32_t kept_low, kept_low_fp; /* frame offsets of kn_frame_plan.kept, by bank */
  uint32_t kept_end;             /* code offset after their stores */
  int32_t guard;                 /* frame offset */
  uint32_t guard_fail;           /* label of the call of __stack_chk_fail */
  uint32_t first_epilogue;       /* fixup of the first of n_epilogues */
  const uint32_t *folds;         /* x64_folds, or x64_folds_in_pairs */
  /* ---- what begins with zeros in each function (x64_begin): what the flags hold ---- */
  uint32_t flags_of;   /* comparison whose result is in the flags for the next instruction, or 0 */
  uint32_t flags_cond; /* its condition, enum x64_cc or X64_CC_OEQ, X64_CC_UNE */
  /* The value whose comparison with 0 is in the flags at code offset zero_at of a block, or 0. */
  uint32_t zero_of, zero_at, zero_block;
  bool zero_only; /* it was not computed: the next instruction reads it, after a nop at most */
  bool zero_any;  /* valid for any condition, not only for equality */
  /* ---- code and frame, too ---- */
  uint32_t newest_label; /* code offset of the label placed last */
  uint32_t saved_count;  /* callee-saved registers pushed */
  uint32_t saved_area;   /* bytes below them, of a `based` frame */
  uint32_t n_epilogues;
  uint32_t out_args; /* bytes for outgoing stack arguments */
  /* Of the newest call: frame offset of a tail call's stack arguments, or 0; of the upper half that belongs to the
   * eighth vector. */
  int32_t tail_area, eighth;
  int32_t sret;           /* frame offset where the hidden result pointer is kept, or 0 */
  uint32_t sret_value;    /* that parameter, if the return reads it as another operand, or 0 */
  int32_t x87_scratch;    /* frame offset of 16 bytes to convert through, or 0 */
  int32_t vector_scratch; /* frame offset of 48 bytes to shuffle in, or 0 */
  bool uses_incoming;     /* stack parameters are read through the frame */
  bool upper;             /* upper halves of vectors have arrived */
  bool frameless;
  bool tables; /* of jumps, in the code */
  bool based;  /* rbp was set after all pushes */
  bool nop;    /* before epilogues: a call would return to their first instruction */
  /* Callees have bytes at the bottom of the caller's frame. Where rsp moves, each call allocates them; else `home` are
   * at the bottom of a frame that calls. */
  bool home_moves;
  uint8_t home;
  uint32_t head; /* bytes before the prologue: endbr64 */
};
/* By the opcode after a load (memory.c): whether it reads that from memory itself; the second one is of functions with
 * i128s, where other operations may. */
extern const uint32_t x64_folds[KILN_OP_COUNT], x64_folds_in_pairs[KILN_OP_COUNT];
KN_INLINE struct x64_walk *x64(struct kn_walk *w) { return (struct x64_walk *)w; }

enum { X64_CHAIN = X64_R10, X64_SCRATCH = X64_R11, X64_XMM0 = KN_FP_BASE };
/* The scratch register for floats and vectors, which differs between systems: calls do not preserve it. */
KN_INLINE unsigned x64_xscratch(const struct kn_walk *w) { return w->target->scratch[1]; }
#define X64_CALLER_GP                                                                              \
  (KN_BIT(X64_RAX) | KN_BIT(X64_RCX) | KN_BIT(X64_RDX) | KN_BIT(X64_RSI) | KN_BIT(X64_RDI) |       \
   KN_BIT(X64_R8) | KN_BIT(X64_R9) | KN_BIT(X64_R10) | KN_BIT(X64_R11))
/* What a call does not preserve: System V, figure 3.4. */
#define X64_CLOBBERED (X64_CALLER_GP | ~KN_GP_MASK)
/* xmm(first) to xmm(last). */
#define X64_XMMS(first, last) (((UINT64_C(2) << (last)) - (UINT64_C(1) << (first))) << KN_FP_BASE)

/* Types that the lowering of most operations takes. */
#define X64_INT (KN_T(I8) | KN_T(I16) | KN_T(I32) | KN_T(I64))
#define X64_FLT (KN_T(F32) | KN_T(F64))
#define X64_VEC (KN_T(V64) | KN_T(V128))

/* log2 of a type's bytes. */
KN_INLINE unsigned x64_size(unsigned type) { return kn_type_log2[type]; }
/* The operand size to compute a type with: at least 32 bits. */
KN_INLINE unsigned x64_op_size(unsigned type) { return type == KILN_TYPE_I64 ? 3 : 2; }
/* Register number of a float register as the encoder wants it; general ones stay. */
KN_INLINE unsigned x64_hw(unsigned r) { return r & 31; }

/* ---- emission ---- */

#define EMIT(w, encode, ...) ((w)->code.p = encode((w)->code.p, ##__VA_ARGS__))

KN_INLINE void x64_mov(struct kn_walk *w, unsigned size, unsigned dst, unsigned src) {
  EMIT(w, x64_rr, X64_MOV, size, dst, src);
}
/* Moves between registers of one bank. */
KN_INLINE void x64_move(struct kn_walk *w, unsigned dst, unsigned src, unsigned type) {
  if (dst == src) return;
  if (dst >= KN_FP_BASE) EMIT(w, x64_rr, X64_MOVAPS, 2, x64_hw(dst), x64_hw(src));
  else x64_mov(w, x64_op_size(type), dst, src);
}

/* Argument registers in order: psABI, 3.2.3. */
#define X64_GP_ARGS X64_RDI, X64_RSI, X64_RDX, X64_RCX, X64_R8, X64_R9
#define X64_FP_ARGS 32, 33, 34, 35, 36, 37, 38, 39
/* The first register of upper halves of arguments of 256 bits. */
enum { X64_UPPER = KN_FP_BASE + 8 };

/* ---- conventions.c ---- */

/* C's, by system; the one by which compilers' libraries on Windows pass values of 16 bytes. */
extern const struct kn_convention x64_c_convention, x64_windows_convention, x64_windows_runtime;
extern const struct kn_convention *const x64_conventions[KILN_CC_COUNT];
extern const struct kn_convention *const x64_windows_conventions[KILN_CC_COUNT];

/* Where an operand in memory is. A base of X64_RIP goes with a symbol or a label. */
struct x64_addr {
  struct x64_mem m;
  uint32_t ref;   /* with X64_RIP: a symbol, */
  uint32_t reloc; /* and the kind of its relocation; or 0, and `ref` is a label */
};
_Static_assert(sizeof(struct x64_addr) == 16, "returned in two registers");

/* After an instruction with a rip-relative operand and `imm` bytes after its displacement. */
void x64_rip_fixup(struct kn_walk *w, const struct x64_addr *m, unsigned imm);

/* form reg, [m]: X64_FORM. */
void x64_emit_mem(struct kn_walk *w, uint32_t form, unsigned reg, const struct x64_addr *m);
KN_INLINE void x64_op_mem(struct kn_walk *w, unsigned op, unsigned size, unsigned reg,
                          const struct x64_addr *m) {
  x64_emit_mem(w, X64_FORM(op, size), x64_hw(reg), m);
}

/* A displacement of X64_FAR or more is added by code: any other one fits 32 bits with a frame offset, which is below
 * 1 GiB, and linkers can add it. An access of several pieces adds up to X64_PIECES to an address's displacement. */
enum { X64_FAR = 1 << 29, X64_PIECES = KN_TAIL_STACK };
KN_INLINE bool x64_is_far(int64_t disp) { return disp < -X64_FAR || disp >= X64_FAR; }

/* Address `h` + disp as a memory operand, with room for pieces; registers that it uses are locked. */
struct x64_addr x64_address(struct kn_walk *w, uint32_t h, int64_t disp);
/* The byte `bytes` after m. */
KN_INLINE struct x64_mem x64_beyond(struct x64_mem m, int32_t bytes) {
  m.disp += bytes;
  return m;
}
/* The frame's byte at `offset`. */
KN_INLINE struct x64_mem x64_frame_mem(struct kn_walk *w, int32_t offset) {
  return x64_at(x64(w)->frame_reg, offset - x64(w)->frame_bias);
}
KN_INLINE struct x64_addr x64_frame(struct kn_walk *w, int32_t offset) {
  return (struct x64_addr){.m = x64_frame_mem(w, offset)};
}

/* What is at a label. */
KN_INLINE struct x64_addr x64_at_label(uint32_t label) {
  return (struct x64_addr){.m = {X64_RIP, X64_NONE, 0, 0, 0}, .ref = label};
}
/* A constant of `size` bytes after the function. */
KN_INLINE struct x64_addr x64_literal(struct kn_walk *w, uint64_t low, uint64_t high,
                                      uint32_t size) {
  return x64_at_label(kn_code_literal(w, low, high, size));
}

/* The instruction that loads a value of i64 (second row) or of any other type (first row): by the
 * type in memory and KILN_MEM_SEXT, as kn_inst.x has them. */
extern const uint8_t x64_loads[2][64];
_Static_assert(KILN_MEM_SEXT == 32, "the index of x64_loads is a part of x");
KN_INLINE enum x64_moves x64_load_move(const struct kn_inst *in) {
  return x64_loads[in->type == KILN_TYPE_I64][in->x & 63];
}
/* KN_VF_ZX if the load leaves 0 above its type's width, else 0. */
KN_INLINE uint8_t x64_loads_zx(const struct kn_inst *in) {
  uint8_t zx = !(in->x & KILN_MEM_SEXT) & (KN_MEM_TYPE(in->x) <= KILN_TYPE_I32);
  return (uint8_t)(zx * KN_VF_ZX);
}
/* The load `in` from address m, extended as it says. */
KN_INLINE void x64_load_typed(struct kn_walk *w, unsigned dst, const struct kn_inst *in,
                              const struct x64_addr *m) {
  x64_emit_mem(w, x64_move_forms[x64_load_move(in)], x64_hw(dst), m);
}

/* True if address `h` + disp is [base + disp], for x64_move_at; then the base, if it is a value, is locked. */
KN_INLINE bool x64_plain_address(struct kn_walk *w, uint32_t h, int32_t disp, unsigned *base,
                                 int32_t *sum) {
  int64_t d = disp;
  if (kn_is_value(h) && (w->val[h].flags & KN_VF_ADDR)) {
    const struct kn_inst *in = &w->inst[h];
    if (kn_addr_index(in)) return false;
    d += kn_addr_disp(in);
    h = in->a;
  }
  if (d != (int32_t)d) return false;
  if (kn_is_value(h)) {
    unsigned r = w->val[h].reg;
    if (r == KN_NO_REG) return false;
    kn_use(w, h, r);
    *base = r;
    *sum = (int32_t)d;
    return true;
  }
  if (!kn_is_slot(h)) return false;
  if (w->slots[kn_index(h)].align_log2 > 4 || d < -(1 << 28) || d >= 1 << 28) return false;
  *base = x64(w)->frame_reg;
  *sum = kn_slot_frame(w, kn_index(h)) + (int32_t)d - x64(w)->frame_bias;
  return true;
}

/* Second operand of an operation: an immediate, a register, or memory. */
struct x64_operand {
  enum { X64_IMM, X64_REG, X64_MEM } kind;
  unsigned reg;
  int32_t imm;
  struct x64_addr addr;
};
/* Brings `h` into a form that x86 takes as a second operand. Locks its registers. Writes only the fields of *o that
 * this form uses: a struct that is copied right after its fields were written one by one waits for these stores. */
void x64_operand(struct kn_walk *w, uint32_t h, unsigned type, struct x64_operand *o);

/* Begins a two-address operation: operand b as above, operand a in the register that is returned; drops both. */
KN_INLINE unsigned x64_operands(struct kn_walk *w, uint32_t a, uint32_t b, unsigned type,
                                struct x64_operand *o) {
  const unsigned ra = kn_reg(w, a, type);
  x64_operand(w, b, type, o);
  kn_drop(w, a);
  kn_drop(w, b);
  return ra;
}

/* Begins an operation on one operand: copies that to the register of the result, which is returned; drops it. */
KN_INLINE unsigned x64_take(struct kn_walk *w, const struct kn_inst *in) {
  const unsigned ra = kn_reg(w, in->a, in->type);
  kn_drop(w, in->a);
  const unsigned dst = kn_def(w, w->i, in->type, ra, 0);
  x64_move(w, dst, ra, in->type);
  return dst;
}

/* The value of an integer constant handle that fits 32 bits sign-extended, as type wants it. */
bool x64_imm32(const struct kn_walk *w, uint32_t h, unsigned type, int32_t *out);
/* The value of any integer constant handle of up to 64 bits. */
bool x64_imm64(const struct kn_walk *w, uint32_t h, int64_t *out);

/* op dst, operand for a float operation or any with register and memory forms only. */
KN_INLINE void x64_op_operand(struct kn_walk *w, unsigned op, unsigned size, unsigned dst,
                              const struct x64_operand *o) {
  if (o->kind == X64_REG) EMIT(w, x64_rr, op, size, x64_hw(dst), x64_hw(o->reg));
  else x64_op_mem(w, op, size, dst, &o->addr);
}

/* An i32 was computed into the result's register: the bits above are 0. */
KN_INLINE void x64_set_zx(struct kn_walk *w, uint32_t i, unsigned type) {
  w->val[i].flags |= (uint8_t)((type == KILN_TYPE_I32) * KN_VF_ZX);
}
/* Registers of the operands, but for `keep`: the result must not take them before they are read. */
KN_INLINE uint64_t x64_others(const struct kn_walk *w, unsigned keep) {
  return w->regs.locked & ~KN_BIT(keep);
}
/* Is h in the frame, and no register has a copy of it? */
KN_INLINE bool x64_in_frame(const struct kn_walk *w, uint32_t h) {
  if (!kn_is_value(h) || w->val[h].reg != KN_NO_REG) return false;
  return w->val[h].flags & KN_VF_SLOT_HOME ? kn_home_copy(w, h) == KN_NO_REG
                                           : (w->val[h].flags & KN_VF_FRAME) != 0;
}
/* Division by a constant as a multiplication. False, with nothing done, for any other division. */
bool x64_divide_const(struct kn_walk *w, const struct kn_inst *in);
/* Claims rax and rdx, with operand `a` (extended to at least 32 bits) in rax. */
void x64_dividend(struct kn_walk *w, uint32_t a, unsigned type, bool sign);

/* lea dst, address. */
void x64_lea(struct kn_walk *w, unsigned dst, const struct x64_addr *m);
/* dst = 64-bit constant, flags untouched. */
KN_INLINE void x64_const(struct kn_walk *w, unsigned dst, uint64_t v) {
  EMIT(w, x64_mov_ri, dst, v);
}
/* dst = src extended from `type` (i8 to i32) to 32 or 64 (`wide`) bits. */
void x64_extend(struct kn_walk *w, unsigned dst, unsigned src, unsigned type, bool sign, bool wide);

/* ---- control ---- */

/* Conditions beyond the machine's: two flags at once. */
enum { X64_CC_OEQ = 16, X64_CC_UNE = 17 };

void x64_jmp(struct kn_walk *w, uint32_t label);
void x64_jump_back(struct kn_walk *w, uint32_t to);
void x64_jcc(struct kn_walk *w, unsigned cc, uint32_t label);
void x64_bind_label(struct kn_walk *w, uint32_t label);

/* w->i = ra op o, for two-address operations on floats or vectors, whose operands were dropped. */
void x64_def_xmm(struct kn_walk *w, unsigned type, unsigned op, unsigned ra,
                 const struct x64_operand *o);

/* t = the nearest end of the range of integers of `bits` bits: the least one here, the greatest from label `high` on;
 * 0 from `nan` on. The first two jump to `after`. */
void x64_saturate_to(struct kn_walk *w, unsigned t, unsigned bits, bool sign, uint32_t high,
                     uint32_t nan, uint32_t after);

/* What a float comparison needs: its condition after ucomis or fucomi. */
struct x64_fcond {
  uint8_t cc;
  bool swap; /* the operands */
};
extern const struct x64_fcond x64_fcond[KILN_FCOND_COUNT];
/* Sets register dst to 1 if the flags say `cc`, else to 0. Uses r11 for a condition on two flags. */
void x64_set_if(struct kn_walk *w, unsigned cc, unsigned dst);
/* Makes result i of an operation whether the flags say `cc`, one of the machine's. A spill for it keeps the flags. */
KN_INLINE void x64_def_flag(struct kn_walk *w, uint32_t i, unsigned cc) {
  const unsigned dst = kn_def(w, i, KILN_TYPE_I8, KN_NO_REG, 0);
  EMIT(w, x64_setcc, cc, dst);
  kn_defined(w, i, dst);
}
/* Ends operation w->i, whose result is in register t, and whose second one is whether the flags say `cc`,
 * one of the machine's: drops its operands. */
void x64_def_with_flag(struct kn_walk *w, const struct kn_inst *in, unsigned t, unsigned cc);
/* The flags are those of comparison w->i: keeps them for its reader, or makes its result of them. */
void x64_compared(struct kn_walk *w, unsigned cc);

/* ---- calls ---- */

/* Copies `size` bytes (at most 128 or so) between addresses that do not overlap. */
void x64_copy(struct kn_walk *w, struct x64_addr to, struct x64_addr from, uint64_t size);

/* Kinds of kn_fixup. Below X64_FIX_JMP: a 32-bit displacement, and the kind is the number of
 * the instruction's bytes after it. With X64_FIX_TABLE: the distance from the label in the
 * other bits. */
enum {
  X64_FIX_JMP = 8, /* jmp rel32, may become short */
  X64_FIX_JCC,     /* jcc rel32, may become short */
  X64_FIX_OVER,    /* the same, with a jump directly after it that is no branch target */
  X64_FIX_BYTE,    /* an 8-bit displacement */
  X64_FIX_NONE,    /* gone */
  X64_FIX_GONE,    /* a jump to be cut; `label` its size */
  X64_FIX_ALIGN, /* `label` bytes of nops: as many stay as align what follows to `label` + 1 bytes */
  /* `at` an epilogue; `label` the bytes from there to its last instruction, which is a ret or a jump of `label` >>
   * X64_EPILOGUE_LAST bytes */
  X64_FIX_EPILOGUE,
  X64_FIX_MOVED, /* from `at` on the return address is where `label` says (moved.c) */
  X64_FIX_MOVED_TO /* the same; at `at` the frame is left, by instructions whose sizes `label` says, too */
};
enum { X64_EPILOGUE_LAST = 8 };
#define X64_FIX_TABLE (1u << 31)

/* A function is emitted this many bytes after its final position, and moved down when its size is known. Pieces of any
 * length are copied 64 bytes at a time: what is written beyond a piece's end has been read before. */
#define X64_GAP 128

/* ---- moved.c ---- */

/* Bytes below the arguments of a tail call that moves the return address: copies of that and of rbp. */
enum { X64_MOVED_HEAD = 16 };
/* Is a tail call to a callee that frees another number of bytes than the function? */
KN_INLINE bool x64_tail_moves(const struct kn_walk *w, const struct kn_call *c) {
  return c->sig->popped != w->plan->frame.popped;
}
/* Moves the arguments of such a tail call, of `bytes` bytes in x64_walk.tail_area, and jumps. */
void x64_move_tail(struct kn_walk *w, const struct kn_call *c, uint32_t bytes);
/* Appends the rows of fixup `x` of a kind X64_FIX_MOVED...; *at: the code offset that they reach. */
uint8_t *x64_moved_rows(struct kn_walk *w, uint8_t *p, const struct kn_fixup *x, uint32_t *at);

/* ---- unwind.c ---- */

/* The length of a push or pop. */
KN_INLINE uint32_t x64_push_size(unsigned reg) { return reg >= 8 ? 2 : 1; }
/* Appends the unwind codes of the function, which is complete. */
void x64_unwind_codes(struct kn_walk *w);
/* Frame offset of register r, which is kept (kn_frame_plan.kept). */
int32_t x64_kept_at(struct kn_walk *w, unsigned r);

/* ---- frame.c, relax.c, call.c ---- */

/* See struct kn_target. */
void x64_landing(struct kn_walk *w);
void x64_begin(struct kn_walk *w);
void x64_enter(struct kn_walk *w);
void x64_finish(struct kn_walk *w);
void x64_call(struct kn_walk *w, struct kn_call *c);
void x64_open_stack(struct kn_walk *w, const struct kn_call *c, const struct kn_assign *all);
void x64_early_arg(struct kn_walk *w, const struct kn_call *c, const struct kn_arg *a);
void x64_settle_args(struct kn_walk *w, struct kn_call *c, const struct kn_assign *all);
void x64_call_jump(struct kn_walk *w, const struct kn_call *c);
void x64_tail_jump(struct kn_walk *w, const struct kn_call *c, uint32_t bytes);
void x64_take_results(struct kn_walk *w, const struct kn_sig *sig);
void x64_take_result(struct kn_walk *w, uint32_t i, const struct kn_arg *a);

/* ---- halves.c: vectors of 256 bits ---- */

/* ymm(dst) of its halves, the lower ones of ymm(low) and xmm(high); the upper half of ymm(from) to xmm(dst). */
void x64_join_halves(struct kn_walk *w, unsigned dst, unsigned low, unsigned high);
void x64_take_upper(struct kn_walk *w, unsigned dst, unsigned from);
/* Zeroes the upper halves of all, which are no value's. */
void x64_zero_upper(struct kn_walk *w);
/* Inserts xmm(from) as quarter k, 2 or 3, into zmm(dst); and takes it out. */
void x64_join_quarter(struct kn_walk *w, unsigned dst, unsigned from, unsigned k);
void x64_take_quarter(struct kn_walk *w, unsigned dst, unsigned from, unsigned k);
/* From `n` results in xmm0 to xmm(n - 1) to the first n / 2 of ymm0 to ymm3, or by fours to the first n / 4 of zmm0 and
 * zmm1; and back. */
void x64_join_results(struct kn_walk *w, unsigned n, bool by_fours);
void x64_split_results(struct kn_walk *w, unsigned n, bool by_fours);
void x64_keep_result(struct kn_walk *w, const struct kn_arg *a, int32_t frame);
void x64_free_stack(struct kn_walk *w, struct kn_call_stack stack);
void x64_epilogue(struct kn_walk *w);
/* That of an EH_RETURN, whose operand is in rcx. */
void x64_epilogue_eh(struct kn_walk *w);
/* The same with a jump in place of the return: to a symbol, through the GOT if `got`, or, if that is 0, to the address
 * in `reg`. */
void x64_epilogue_jump(struct kn_walk *w, uint32_t symbol, bool got, unsigned reg);
/* The next fixup is of an epilogue, or of a tail call that moves the return address. */
KN_INLINE void x64_note_epilogue(struct kn_walk *w) {
  if (x64(w)->n_epilogues++ == 0) x64(w)->first_epilogue = w->code.fixups.n;
}
/* The jump of that, and its size. */
void x64_exit_jump(struct kn_walk *w, uint32_t symbol, bool got, unsigned reg);
uint32_t x64_exit_size(const struct kn_walk *w, uint32_t symbol, bool got, unsigned reg);
/* Cuts the code to its final size and moves it to the function's start. False if the function failed. */
bool x64_relax(struct kn_walk *w);
void x64_align_code(struct kn_walk *w, unsigned log2);
/* Writes the displacements of all fixups. All labels that they name are placed. */
void x64_patch(struct kn_walk *w);
/* Notes that tables of jumps, which are at their final offsets, are data. */
void x64_note_tables(struct kn_walk *w);

/* ---- hooks.c: see struct kn_hooks ---- */

void x64_hook_move(struct kn_walk *w, unsigned dst, unsigned src, unsigned type);
void x64_hook_load(struct kn_walk *w, unsigned dst, int32_t frame, unsigned type);
/* The same from any memory that has what x64_hook_store stores. */
void x64_load_spilled(struct kn_walk *w, unsigned dst, struct x64_mem from, unsigned type);
void x64_hook_store(struct kn_walk *w, unsigned src, int32_t frame, unsigned type);
void x64_hook_constant(struct kn_walk *w, unsigned dst, uint32_t h, unsigned type);
void x64_hook_store_constant(struct kn_walk *w, int32_t frame, uint32_t h, unsigned type);
void x64_hook_copy(struct kn_walk *w, int32_t dst, int32_t src, unsigned type);
void x64_hook_address(struct kn_walk *w, unsigned dst, uint32_t v);
void x64_hook_deferred(struct kn_walk *w, unsigned dst, uint32_t v);

/* ---- varargs.c ---- */

/* Where a variadic function's entry stores the registers of arguments: a multiple of 16 bytes, since callers of
 * va_arg may load vectors. Changes r11 and the flags where the frame is not aligned. */
struct x64_mem x64_save_area(struct kn_walk *w);

/* ---- probe.c ---- */

/* Aligns rsp down to 16 bytes, in the prologue. */
void x64_realign(struct kn_walk *w);
/* Bytes that the prologue's allocation may have beyond sub rsp, imm32. */
enum { X64_PROBE_ROOM = 48 };
/* The prologue's allocation of `size` bytes, not 0, less than a page if the function has probes; at most 7 bytes of
 * code. */
uint8_t *x64_allocate_frame(struct kn_walk *w, uint8_t *p, uint32_t size);
/* Writes the prologue's allocation of `size` bytes with probes; returns the bytes of its room left. */
uint32_t x64_probe_frame(struct kn_walk *w, uint32_t size);
/* rsp -= bytes, a multiple of 16, with probes if the function has them: for stack arguments. Uses r11 then. */
void x64_allocate(struct kn_walk *w, uint32_t bytes);
/* rsp -= r11, a multiple of 16, and down to a multiple of `align`; touches each page. Changes r11. */
void x64_probe_salloc(struct kn_walk *w, int32_t align);

/* ---- guard.c ---- */

/* Copies the guard value to the frame, and allocates the arrays below it: all else comes below these. */
void x64_guard_enter(struct kn_walk *w);
/* Before the frame is freed; after the last block. */
void x64_guard_check(struct kn_walk *w);
void x64_guard_end(struct kn_walk *w);
extern const struct kn_guard_reg x64_guard_regs[];
extern const struct kn_jit_machine x64_jit, x64_windows_jit;

/* Computes the pointers to the slots that are aligned beyond 16 bytes: to those that are arrays, or all others. In a
 * function without a guard no slot counts as an array. Uses r11. */
void x64_align_slots(struct kn_walk *w, bool arrays);
/* A call of a symbol; `library`: the compiler makes it itself. */
void x64_call_symbol(struct kn_walk *w, uint32_t symbol, bool library);

/* The number of ones in register r, of `size` (2: 32 bits, 3: 64), goes to r; and r's bits in reverse order. Both use m
 * and X64_SCRATCH. */
void x64_count_bits(struct kn_walk *w, unsigned size, unsigned r, unsigned m);

/* ---- operations, by file ---- */

kn_lower x64_lower_add, x64_lower_sub, x64_lower_and, x64_lower_or, x64_lower_xor, x64_lower_mul,
  x64_lower_shift, x64_lower_rotate, x64_lower_divide, x64_lower_high_mul, x64_lower_funnel,
  x64_lower_minmax, x64_lower_overflow, x64_lower_saturate, x64_lower_negate, x64_lower_abs,
  x64_lower_clz, x64_lower_ctz, x64_lower_popcnt, x64_lower_bitrev, x64_lower_byteswap,
  x64_lower_icmp, x64_lower_select, x64_lower_trunc, x64_lower_zext, x64_lower_sext, x64_lower_copy;
kn_lower x64_lower_fcmp, x64_lower_farith, x64_lower_fneg, x64_lower_fabs, x64_lower_fcopysign,
  x64_lower_fsqrt, x64_lower_fmuladd, x64_lower_fminimum, x64_lower_fconv, x64_lower_ftoi,
  x64_lower_itof, x64_lower_bitcast;
kn_lower x64_lower_load, x64_lower_store, x64_lower_addr, x64_lower_salloc, x64_lower_stack_save,
  x64_lower_stack_restore, x64_lower_memory, x64_lower_memset, x64_lower_tls, x64_lower_frame_addr,
  x64_lower_va_start, x64_lower_va_copy, x64_lower_va_arg, x64_lower_atomic_load,
  x64_lower_atomic_store, x64_lower_atomic_rmw, x64_lower_atomic_cas, x64_lower_pair_atomic,
  x64_lower_fence, x64_lower_prefetch, x64_lower_life;
kn_lower x64_lower_builtin_setjmp, x64_lower_builtin_longjmp, x64_lower_eh_return, x64_lower_br,
  x64_lower_brif, x64_lower_switch, x64_lower_brind, x64_lower_ret, x64_lower_trap,
  x64_lower_unreachable, x64_lower_debug_trap;
kn_lower x64_lower_call;
/* Between v128 and i128. */
void x64_bitcast_pair(struct kn_walk *w, const struct kn_inst *in);
/* Of vectors: vector.c. */
kn_lower x64_lower_vsplat, x64_lower_vresize, x64_lower_vextract, x64_lower_vinsert,
  x64_lower_vsigns, x64_lower_vbin, x64_lower_vmul, x64_lower_vandn, x64_lower_vselect,
  x64_lower_vshift, x64_lower_vicmp, x64_lower_vfcmp, x64_lower_vun, x64_lower_vshuffle;
/* Of the target's own instructions: machine.c, machine.def. */
kn_lower x64_lower_machine;
/* fmuladd of f32 and f64 where the function has FMA3. */
kn_lower x64_fused_muladd;
extern const struct kn_machine_table x64_machine;
/* Of i128 and f80. */
kn_lower x64_lower_pair, x64_lower_x87;
kn_lower x64_lower_get_rounding, x64_lower_set_rounding;
/* To i128 from any float, the nearest one. */
kn_lower x64_lower_saturate_pair;
/* Half k (0: low) of i128 operand h in register dst, which is a scratch register, or taken; locks nothing. */
void x64_half(struct kn_walk *w, unsigned dst, uint32_t h, unsigned k);
/* Result i, an i128, is in two registers, temporary ones or a call's: kn_def_fixed of both, if it is read. */
void x64_def_pair(struct kn_walk *w, uint32_t i, unsigned low, unsigned high);
/* The same where it is in a vector register. */
void x64_take_halves(struct kn_walk *w, uint32_t i, unsigned r);
/* Stores i128 operand h; loads result i, which is read. The address is locked. */
void x64_store_pair(struct kn_walk *w, uint32_t h, struct x64_addr to);
/* i = a op b, for two-address operations of 64 bits that are neither sums nor told by the flags; drops a and b. */
void x64_combine(struct kn_walk *w, uint32_t i, unsigned op, unsigned group, bool commutes,
                 uint32_t a, uint32_t b);
/* f80: pushes the operand onto the x87 stack; pops its top to result i (0, or unused: to nowhere), or to memory. */
void x64_x87_push(struct kn_walk *w, uint32_t h);
void x64_x87_pop(struct kn_walk *w, uint32_t i);
void x64_x87_load(struct kn_walk *w, uint32_t i, const struct x64_addr *from);
void x64_x87_pop_to(struct kn_walk *w, const struct x64_addr *to);
void x64_x87_copy(struct kn_walk *w, int32_t to, int32_t from);
/* The frame offset of 16 bytes for values on their way between the x87 stack, or its control word, and registers. */
int32_t x64_x87_scratch(struct kn_walk *w);

#endif
