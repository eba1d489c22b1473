/* Operations of scalars that the target does for all lanes of a register by one of its own instructions
 * (kiln_machine_find): on x86-64 by what the function may use beyond SSE2, on AArch64 all of NEON. Called where an
 * operation on vectors would else be done lane by lane. */
#include "bc.h"

#include <string.h>

/* The row for lanes of a type; `need`: FA_..., or 0; `imm`: the immediate, or -1. */
static const struct row {
  uint8_t op, lane;
  uint16_t need;
  int16_t imm;
  const char *name;
} x86_rows[] = {
  {KILN_OP_SADDS, KILN_TYPE_I8, 0, -1, "sse2.padds.b"},
  {KILN_OP_SADDS, KILN_TYPE_I16, 0, -1, "sse2.padds.w"},
  {KILN_OP_UADDS, KILN_TYPE_I8, 0, -1, "sse2.paddus.b"},
  {KILN_OP_UADDS, KILN_TYPE_I16, 0, -1, "sse2.paddus.w"},
  {KILN_OP_SSUBS, KILN_TYPE_I8, 0, -1, "sse2.psubs.b"},
  {KILN_OP_SSUBS, KILN_TYPE_I16, 0, -1, "sse2.psubs.w"},
  {KILN_OP_USUBS, KILN_TYPE_I8, 0, -1, "sse2.psubus.b"},
  {KILN_OP_USUBS, KILN_TYPE_I16, 0, -1, "sse2.psubus.w"},
  {KILN_OP_SMIN, KILN_TYPE_I8, FA_SSE41, -1, "sse41.pminsb"},
  {KILN_OP_SMIN, KILN_TYPE_I16, 0, -1, "sse2.pmins.w"},
  {KILN_OP_SMIN, KILN_TYPE_I32, FA_SSE41, -1, "sse41.pminsd"},
  {KILN_OP_SMAX, KILN_TYPE_I8, FA_SSE41, -1, "sse41.pmaxsb"},
  {KILN_OP_SMAX, KILN_TYPE_I16, 0, -1, "sse2.pmaxs.w"},
  {KILN_OP_SMAX, KILN_TYPE_I32, FA_SSE41, -1, "sse41.pmaxsd"},
  {KILN_OP_UMIN, KILN_TYPE_I8, 0, -1, "sse2.pminu.b"},
  {KILN_OP_UMIN, KILN_TYPE_I16, FA_SSE41, -1, "sse41.pminuw"},
  {KILN_OP_UMIN, KILN_TYPE_I32, FA_SSE41, -1, "sse41.pminud"},
  {KILN_OP_UMAX, KILN_TYPE_I8, 0, -1, "sse2.pmaxu.b"},
  {KILN_OP_UMAX, KILN_TYPE_I16, FA_SSE41, -1, "sse41.pmaxuw"},
  {KILN_OP_UMAX, KILN_TYPE_I32, FA_SSE41, -1, "sse41.pmaxud"},
  {KILN_OP_ABS, KILN_TYPE_I8, FA_SSSE3, -1, "ssse3.pabs.b.128"},
  {KILN_OP_ABS, KILN_TYPE_I16, FA_SSSE3, -1, "ssse3.pabs.w.128"},
  {KILN_OP_ABS, KILN_TYPE_I32, FA_SSSE3, -1, "ssse3.pabs.d.128"},
  {KILN_OP_MUL, KILN_TYPE_I32, FA_SSE41, -1, "sse41.pmulld"},
  {KILN_OP_SHL, KILN_TYPE_I32, FA_AVX2, -1, "avx2.psllv.d"},
  {KILN_OP_SHL, KILN_TYPE_I64, FA_AVX2, -1, "avx2.psllv.q"},
  {KILN_OP_LSHR, KILN_TYPE_I32, FA_AVX2, -1, "avx2.psrlv.d"},
  {KILN_OP_LSHR, KILN_TYPE_I64, FA_AVX2, -1, "avx2.psrlv.q"},
  {KILN_OP_ASHR, KILN_TYPE_I32, FA_AVX2, -1, "avx2.psrav.d"},
  /* the immediate: how to round; 4 the mode's way, 8 without inexact */
  {KILN_OP_FROUNDEVEN, KILN_TYPE_F32, FA_SSE41, 8, "sse41.round.ps"},
  {KILN_OP_FROUNDEVEN, KILN_TYPE_F64, FA_SSE41, 8, "sse41.round.pd"},
  {KILN_OP_FFLOOR, KILN_TYPE_F32, FA_SSE41, 9, "sse41.round.ps"},
  {KILN_OP_FFLOOR, KILN_TYPE_F64, FA_SSE41, 9, "sse41.round.pd"},
  {KILN_OP_FCEIL, KILN_TYPE_F32, FA_SSE41, 10, "sse41.round.ps"},
  {KILN_OP_FCEIL, KILN_TYPE_F64, FA_SSE41, 10, "sse41.round.pd"},
  {KILN_OP_FTRUNC, KILN_TYPE_F32, FA_SSE41, 11, "sse41.round.ps"},
  {KILN_OP_FTRUNC, KILN_TYPE_F64, FA_SSE41, 11, "sse41.round.pd"},
  {KILN_OP_FRINT, KILN_TYPE_F32, FA_SSE41, 4, "sse41.round.ps"},
  {KILN_OP_FRINT, KILN_TYPE_F64, FA_SSE41, 4, "sse41.round.pd"},
  {KILN_OP_FNEARBYINT, KILN_TYPE_F32, FA_SSE41, 12, "sse41.round.ps"},
  {KILN_OP_FNEARBYINT, KILN_TYPE_F64, FA_SSE41, 12, "sse41.round.pd"},
  {KILN_OP_FMA, KILN_TYPE_F32, FA_FMA, -1, "fma.vfmadd.ps"},
  {KILN_OP_FMA, KILN_TYPE_F64, FA_FMA, -1, "fma.vfmadd.pd"},
  {KILN_OP_FMULADD, KILN_TYPE_F32, FA_FMA, -1, "fma.vfmadd.ps"},
  {KILN_OP_FMULADD, KILN_TYPE_F64, FA_FMA, -1, "fma.vfmadd.pd"},
};

/* The names of AArch64's for all types of lanes; the type is after them. `swap`: the addend is the first operand. */
static const struct {
  uint8_t op;
  bool swap;
  const char *name;
} arm_rows[] = {
  {KILN_OP_SADDS, false, "neon.sqadd"},   {KILN_OP_UADDS, false, "neon.uqadd"},
  {KILN_OP_SSUBS, false, "neon.sqsub"},   {KILN_OP_USUBS, false, "neon.uqsub"},
  {KILN_OP_SMIN, false, "neon.smin"},     {KILN_OP_SMAX, false, "neon.smax"},
  {KILN_OP_UMIN, false, "neon.umin"},     {KILN_OP_UMAX, false, "neon.umax"},
  {KILN_OP_ABS, false, "neon.abs"},       {KILN_OP_CLZ, false, "neon.clz"},
  {KILN_OP_SHL, false, "neon.ushl"},      {KILN_OP_FROUNDEVEN, false, "neon.frintn"},
  {KILN_OP_FFLOOR, false, "neon.frintm"}, {KILN_OP_FCEIL, false, "neon.frintp"},
  {KILN_OP_FTRUNC, false, "neon.frintz"}, {KILN_OP_FROUND, false, "neon.frinta"},
  {KILN_OP_FRINT, false, "neon.frintx"},  {KILN_OP_FNEARBYINT, false, "neon.frinti"},
  {KILN_OP_FMA, true, "neon.fmla"},       {KILN_OP_FMULADD, true, "neon.fmla"},
  {KILN_OP_FMINIMUM, false, "neon.fmin"}, {KILN_OP_FMAXIMUM, false, "neon.fmax"},
  {KILN_OP_LSHR, false, "neon.ushl"},     {KILN_OP_ASHR, false, "neon.sshl"},
  {KILN_OP_FADD, false, "neon.fadd"},     {KILN_OP_FSUB, false, "neon.fsub"}, /* of halves */
  {KILN_OP_FMUL, false, "neon.fmul"},     {KILN_OP_FDIV, false, "neon.fdiv"},
  {KILN_OP_FSQRT, false, "neon.fsqrt"},
};

void kn_bc_row_type(char *name, unsigned n, kiln_type lane) {
  unsigned numbers[2] = {n, 8 * kiln_type_size(lane)};
  char *p = name + strlen(name);
  *p++ = '.';
  for (unsigned i = 0; i < 2; i++) {
    *p++ = i == 0 ? 'v' : kiln_type_is_int(lane) ? 'i' : 'f';
    if (numbers[i] >= 10) *p++ = (char)('0' + numbers[i] / 10);
    *p++ = (char)('0' + numbers[i] % 10);
  }
  *p = 0;
}

/* A row, and how its operands are given. */
struct found {
  kiln_machine_info m;
  int imm;   /* the immediate; -1: none */
  bool swap; /* the second operand comes first */
};

static bool find_x86(const struct kn_bc *r, kiln_op op, const struct kn_bc_vec *x,
                     struct found *f) {
  for (unsigned i = 0; i < sizeof x86_rows / sizeof *x86_rows; i++) {
    const struct row *row = &x86_rows[i];
    if (row->op != op || row->lane != x->lane) continue;
    f->imm = row->imm;
    return (r->fn.global->fn_flags & row->need) == row->need &&
           kiln_machine_find(r->target, row->name, strlen(row->name), &f->m);
  }
  return false;
}

static bool find_arm(const struct kn_bc *r, kiln_op op, const struct kn_bc_vec *x,
                     struct found *f) {
  for (unsigned i = 0; i < sizeof arm_rows / sizeof *arm_rows; i++) {
    if (arm_rows[i].op != op) continue;
    char name[KILN_MAX_MACHINE_NAME];
    memcpy(name, arm_rows[i].name, strlen(arm_rows[i].name) + 1);
    if (x->soft && !kn_bc_native_half(r, &r->types.at[x->elem])) return false;
    kn_bc_row_type(name, x->per, x->soft ? KILN_TYPE_F16 : x->lane);
    f->swap = arm_rows[i].swap;
    return kiln_machine_find(r->target, name, strlen(name), &f->m);
  }
  return false;
}

/* By target. */
static const struct {
  /* Finds the row for an operation on registers like x's. */
  bool (*find)(const struct kn_bc *r, kiln_op op, const struct kn_bc_vec *x, struct found *f);
  bool shifts_left; /* a shift to the right is one to the left by the negative number of bits */
} machines[] = {
  [KILN_PROCESSOR_X86_64] = {find_x86, false},
  [KILN_PROCESSOR_AARCH64] = {find_arm, true},
};
_Static_assert(sizeof machines / sizeof *machines == KILN_PROCESSOR_COUNT,
               "every target has a row");

static kiln_value vector(struct kn_bc *r, kiln_op op, const struct kn_bc_vec *x, unsigned number,
                         kiln_value a, kiln_value b) {
  return kiln_build_vector(r->f, op, x->chunk, x->lane, number, a, b);
}

static kiln_value shift(struct kn_bc *r, kiln_op op, const struct kn_bc_vec *x, unsigned by,
                        kiln_value a) {
  return vector(r, op, x, by, a, (kiln_value){0});
}

void kn_bc_vec_funnel(struct kn_bc *r, bool left, const struct kn_bc_vec *const *in, uint64_t by,
                      struct kn_bc_vec *out) {
  unsigned width = 8 * kiln_type_size(in[0]->lane), n = (unsigned)(by % width);
  if (!left) n = (width - n) % width;
  for (uint32_t p = 0; p < in[0]->parts; p++) {
    if (n == 0) {
      out->v[p] = in[left ? 0 : 1]->v[p];
      continue;
    }
    kiln_value up = shift(r, KILN_OP_VSHL, in[0], n, in[0]->v[p]);
    kiln_value down = shift(r, KILN_OP_VLSHR, in[0], width - n, in[1]->v[p]);
    out->v[p] = kiln_build_binary(r->f, KILN_OP_VOR, in[0]->chunk, up, down);
  }
}

/* Bits of lanes counted: of two bits each, of four, of bytes, then of twice as many until the lane is covered. */
static kiln_value count_bits(struct kn_bc *r, const struct kn_bc_vec *x, kiln_value a) {
  kiln_func *f = r->f;
  unsigned width = 8 * kiln_type_size(x->lane);
  struct kn_bc_vec bytes = *x, *b = &bytes; /* the same registers as bytes */
  bytes.lane = KILN_TYPE_I8;
  kiln_value fives = kn_bc_vec_splat(r, b, 0x55), threes = kn_bc_vec_splat(r, b, 0x33);
  kiln_value odd =
    kiln_build_binary(f, KILN_OP_VAND, x->chunk, shift(r, KILN_OP_VLSHR, x, 1, a), fives);
  a = vector(r, KILN_OP_VSUB, b, 0, a, odd);
  odd = kiln_build_binary(f, KILN_OP_VAND, x->chunk, shift(r, KILN_OP_VLSHR, x, 2, a), threes);
  a = vector(r, KILN_OP_VADD, b, 0, kiln_build_binary(f, KILN_OP_VAND, x->chunk, a, threes), odd);
  a = vector(r, KILN_OP_VADD, b, 0, a, shift(r, KILN_OP_VLSHR, x, 4, a));
  a = kiln_build_binary(f, KILN_OP_VAND, x->chunk, a, kn_bc_vec_splat(r, b, 0x0f));
  for (unsigned by = 8; by < width; by *= 2)
    a = vector(r, KILN_OP_VADD, x, 0, a, shift(r, KILN_OP_VLSHR, x, by, a));
  return width == 8
           ? a
           : kiln_build_binary(f, KILN_OP_VAND, x->chunk, a, kn_bc_vec_splat(r, x, 2 * width - 1));
}

/* Part p of what a few general operations make; none: they do not make it. */
static kiln_value general(struct kn_bc *r, kiln_op op, const struct kn_bc_vec *const *in,
                          uint32_t p) {
  static const uint8_t conds[] = {KILN_ICOND_SLT, KILN_ICOND_SGT, KILN_ICOND_ULT,
                                  KILN_ICOND_UGT}; /* SMIN, SMAX, UMIN, UMAX */
  kiln_func *f = r->f;
  const struct kn_bc_vec *x = in[0];
  kiln_value a = x->v[p], none = {0};
  uint64_t top = UINT64_C(1) << (8 * kiln_type_size(x->lane) - 1);
  bool is_float = x->lane == KILN_TYPE_F32 || x->lane == KILN_TYPE_F64;
  switch ((unsigned)op) {
  case KILN_OP_SMIN:
  case KILN_OP_SMAX:
  case KILN_OP_UMIN:
  case KILN_OP_UMAX: {
    kiln_value less = vector(r, KILN_OP_VICMP, x, conds[op - KILN_OP_SMIN], a, in[1]->v[p]);
    return kiln_build_ternary(f, KILN_OP_VSELECT, x->chunk, less, a, in[1]->v[p]);
  }
  case KILN_OP_ABS: {
    kiln_value zero = kn_bc_vec_splat(r, x, 0);
    kiln_value less = vector(r, KILN_OP_VICMP, x, KILN_ICOND_SLT, a, zero);
    return kiln_build_ternary(f, KILN_OP_VSELECT, x->chunk, less,
                              vector(r, KILN_OP_VSUB, x, 0, zero, a), a);
  }
  case KILN_OP_POPCNT: return count_bits(r, x, a);
  case KILN_OP_FSQRT: return is_float ? vector(r, KILN_OP_VFSQRT, x, 0, a, none) : none;
  case KILN_OP_FABS:
    return is_float ? kiln_build_binary(f, KILN_OP_VANDN, x->chunk, a, kn_bc_vec_splat(r, x, top))
                    : none;
  case KILN_OP_FCOPYSIGN:
    return is_float ? kiln_build_ternary(f, KILN_OP_VSELECT, x->chunk, kn_bc_vec_splat(r, x, top),
                                         in[1]->v[p], a)
                    : none;
  case KILN_OP_FMULADD:
    return is_float ? vector(r, KILN_OP_VFADD, x, 0, vector(r, KILN_OP_VFMUL, x, 0, a, in[1]->v[p]),
                             in[2]->v[p])
                    : none;
  default: return none;
  }
}
_Static_assert(KILN_OP_SMAX == KILN_OP_SMIN + 1 && KILN_OP_UMIN == KILN_OP_SMIN + 2 &&
                 KILN_OP_UMAX == KILN_OP_SMIN + 3,
               "conds");

bool kn_bc_vec_native(struct kn_bc *r, kiln_op op, const struct kn_bc_vec *const *in, unsigned n,
                      struct kn_bc_vec *out) {
  struct found found = {.imm = -1};
  const kiln_machine_info *m = &found.m;
  const struct kn_bc_vec *x = in[0];
  if (x->mask || x->apart || r->status != KILN_OK) return false;
  bool row = machines[r->target].find && machines[r->target].find(r, op, x, &found);
  bool down = machines[r->target].shifts_left && (op == KILN_OP_LSHR || op == KILN_OP_ASHR);
  if (row && m->n_operands != n + (found.imm >= 0)) return false;
  for (uint32_t p = 0; p < x->parts; p++) {
    kiln_value v[4];
    if (!row) {
      out->v[p] = general(r, op, in, p);
      if (out->v[p].id == 0) return false;
      continue;
    }
    for (unsigned k = 0; k < n; k++) {
      v[found.swap ? (k + 1) % n : k] = in[k]->v[p];
      /* x86-64's rows are of v128: what is above a v64 is of no interest */
      if (x->chunk != m->operands[k])
        v[found.swap ? (k + 1) % n : k] = kiln_build_vector(
          r->f, KILN_OP_VRESIZE, m->operands[k], x->chunk, 0, in[k]->v[p], (kiln_value){0});
    }
    if (down) v[1] = vector(r, KILN_OP_VSUB, x, 0, kn_bc_vec_splat(r, x, 0), v[1]);
    if (found.imm >= 0) v[n] = kiln_const_int(r->f, found.imm);
    out->v[p] = kiln_build_machine(r->f, m->row, v, m->n_operands);
    if (x->chunk != m->result)
      out->v[p] = kiln_build_vector(r->f, KILN_OP_VRESIZE, x->chunk, m->result, 0, out->v[p],
                                    (kiln_value){0});
  }
  return true;
}
