/* The x86-64 walk: the table of operations, the loop over blocks and instructions, and the end of a
 * function (literals, patched branches, frame size). */
#include "targets/x86_64/x64.h"

static void nothing(struct kn_walk *w, const struct kn_inst *in, uint32_t i) {
  (void)w;
  (void)in;
  (void)i;
}

static void unsupported(struct kn_walk *w, const struct kn_inst *in, uint32_t i) {
  (void)in, (void)i;
  kn_walk_fail(w, KILN_ERR_UNSUPPORTED, "not supported for this type on x86_64");
  w->done = KN_DONE;
}

/* The block goes on elsewhere. (Only the loop below looks at that.) */
static void segment(struct kn_walk *w, const struct kn_inst *in, uint32_t i) {
  (void)i;
  w->i = in->a - 1;
  w->done = KN_ELSEWHERE;
}

#define ANY (X64_INT | X64_FLT)
#define ALL 0xffff

/* Who lowers an operation for which types, who for i128, and for f80. */
#define CELL(t, fn, types, i128)                                                                   \
  ((types) >> (t) & 1      ? fn                                                                    \
   : (t) == KILN_TYPE_I128 ? i128                                                                  \
   : (t) == KILN_TYPE_F80  ? x64_x87                                                               \
                           : unsupported)
#define ROW(...) KN_BY_TYPE(CELL, __VA_ARGS__)

/* By operation and type; first what is not supported at all. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init"
static x64_lower *const lower[KILN_OP_COUNT][16] = {
  [0 ... KILN_OP_COUNT - 1] = ROW(unsupported, 0, unsupported),
  [KILN_OP_PARAM] = ROW(nothing, ALL, unsupported),
  [KILN_OP_SEG] = ROW(segment, ALL, unsupported),
  [KILN_OP_RESULT] = ROW(nothing, ALL, unsupported),
  [KILN_OP_COPY] = ROW(x64_copy_op, ANY, x64_wide),
  [KILN_OP_ADD] = ROW(x64_add, X64_INT, x64_wide),
  [KILN_OP_SUB] = ROW(x64_sub, X64_INT, x64_wide),
  [KILN_OP_MUL] = ROW(x64_mul, X64_INT, x64_wide),
  [KILN_OP_UMULH] = ROW(x64_high_mul, X64_INT, unsupported),
  [KILN_OP_SMULH] = ROW(x64_high_mul, X64_INT, unsupported),
  [KILN_OP_UDIV] = ROW(x64_divide, X64_INT, x64_wide),
  [KILN_OP_SDIV] = ROW(x64_divide, X64_INT, x64_wide),
  [KILN_OP_UREM] = ROW(x64_divide, X64_INT, x64_wide),
  [KILN_OP_SREM] = ROW(x64_divide, X64_INT, x64_wide),
  [KILN_OP_AND] = ROW(x64_and, X64_INT, x64_wide),
  [KILN_OP_OR] = ROW(x64_or, X64_INT, x64_wide),
  [KILN_OP_XOR] = ROW(x64_xor, X64_INT, x64_wide),
  [KILN_OP_SHL] = ROW(x64_shift, X64_INT, x64_wide),
  [KILN_OP_LSHR] = ROW(x64_shift, X64_INT, x64_wide),
  [KILN_OP_ASHR] = ROW(x64_shift, X64_INT, x64_wide),
  [KILN_OP_ROTL] = ROW(x64_rotate, X64_INT, x64_wide),
  [KILN_OP_ROTR] = ROW(x64_rotate, X64_INT, x64_wide),
  [KILN_OP_FSHL] = ROW(x64_funnel, X64_INT, x64_wide),
  [KILN_OP_FSHR] = ROW(x64_funnel, X64_INT, x64_wide),
  [KILN_OP_SMIN] = ROW(x64_minmax, X64_INT, x64_wide),
  [KILN_OP_SMAX] = ROW(x64_minmax, X64_INT, x64_wide),
  [KILN_OP_UMIN] = ROW(x64_minmax, X64_INT, x64_wide),
  [KILN_OP_UMAX] = ROW(x64_minmax, X64_INT, x64_wide),
  [KILN_OP_SADDO] = ROW(x64_overflow, X64_INT, x64_wide),
  [KILN_OP_UADDO] = ROW(x64_overflow, X64_INT, x64_wide),
  [KILN_OP_SSUBO] = ROW(x64_overflow, X64_INT, x64_wide),
  [KILN_OP_USUBO] = ROW(x64_overflow, X64_INT, x64_wide),
  [KILN_OP_SMULO] = ROW(x64_overflow, X64_INT, x64_wide),
  [KILN_OP_UMULO] = ROW(x64_overflow, X64_INT, x64_wide),
  [KILN_OP_SADDS] = ROW(x64_saturate, X64_INT, unsupported),
  [KILN_OP_UADDS] = ROW(x64_saturate, X64_INT, unsupported),
  [KILN_OP_SSUBS] = ROW(x64_saturate, X64_INT, unsupported),
  [KILN_OP_USUBS] = ROW(x64_saturate, X64_INT, unsupported),
  [KILN_OP_NEG] = ROW(x64_negate, X64_INT, x64_wide),
  [KILN_OP_NOT] = ROW(x64_negate, X64_INT, x64_wide),
  [KILN_OP_ABS] = ROW(x64_abs, X64_INT, x64_wide),
  [KILN_OP_CLZ] = ROW(x64_clz, X64_INT, x64_wide),
  [KILN_OP_CTZ] = ROW(x64_ctz, X64_INT, x64_wide),
  [KILN_OP_POPCNT] = ROW(x64_popcnt, X64_INT, unsupported),
  [KILN_OP_BITREV] = ROW(x64_bitrev, X64_INT, unsupported),
  [KILN_OP_BSWAP] = ROW(x64_byteswap, X64_INT, x64_wide),
  [KILN_OP_ICMP] = ROW(x64_icmp, X64_INT, x64_wide),
  [KILN_OP_FCMP] = ROW(x64_fcmp, X64_FLT, unsupported),
  [KILN_OP_SELECT] = ROW(x64_select, ANY, x64_wide),
  [KILN_OP_TRUNC] = ROW(x64_trunc, X64_INT, unsupported),
  [KILN_OP_ZEXT] = ROW(x64_zext, X64_INT, x64_wide),
  [KILN_OP_SEXT] = ROW(x64_sext, X64_INT, x64_wide),
  [KILN_OP_FDEMOTE] = ROW(x64_fconv, X64_FLT, unsupported),
  [KILN_OP_FPROMOTE] = ROW(x64_fconv, X64_FLT, unsupported),
  [KILN_OP_FTOSI] = ROW(x64_ftoi, X64_INT | KN_T(I128), unsupported),
  [KILN_OP_FTOUI] = ROW(x64_ftoi, X64_INT | KN_T(I128), unsupported),
  [KILN_OP_FTOSIS] = ROW(x64_ftoi, X64_INT | KN_T(I128), unsupported),
  [KILN_OP_FTOUIS] = ROW(x64_ftoi, X64_INT | KN_T(I128), unsupported),
  [KILN_OP_SITOF] = ROW(x64_itof, X64_FLT, unsupported),
  [KILN_OP_UITOF] = ROW(x64_itof, X64_FLT, unsupported),
  [KILN_OP_BITCAST] = ROW(x64_bitcast, ANY, x64_wide),
  [KILN_OP_FADD] = ROW(x64_farith, X64_FLT, unsupported),
  [KILN_OP_FSUB] = ROW(x64_farith, X64_FLT, unsupported),
  [KILN_OP_FMUL] = ROW(x64_farith, X64_FLT, unsupported),
  [KILN_OP_FDIV] = ROW(x64_farith, X64_FLT, unsupported),
  [KILN_OP_FREM] = ROW(x64_flib, X64_FLT, unsupported),
  [KILN_OP_FNEG] = ROW(x64_fneg, X64_FLT, unsupported),
  [KILN_OP_FABS] = ROW(x64_fabs, X64_FLT, unsupported),
  [KILN_OP_FCOPYSIGN] = ROW(x64_fcopysign, X64_FLT, unsupported),
  [KILN_OP_FSQRT] = ROW(x64_fsqrt, X64_FLT, unsupported),
  [KILN_OP_FMA] = ROW(x64_flib, X64_FLT, unsupported),
  [KILN_OP_FMULADD] = ROW(x64_fmuladd, X64_FLT, unsupported),
  [KILN_OP_FMIN] = ROW(x64_flib, X64_FLT, unsupported),
  [KILN_OP_FMAX] = ROW(x64_flib, X64_FLT, unsupported),
  [KILN_OP_FMINIMUM] = ROW(x64_fminimum, X64_FLT, unsupported),
  [KILN_OP_FMAXIMUM] = ROW(x64_fminimum, X64_FLT, unsupported),
  [KILN_OP_FFLOOR] = ROW(x64_flib, X64_FLT, unsupported),
  [KILN_OP_FCEIL] = ROW(x64_flib, X64_FLT, unsupported),
  [KILN_OP_FTRUNC] = ROW(x64_flib, X64_FLT, unsupported),
  [KILN_OP_FROUND] = ROW(x64_flib, X64_FLT, unsupported),
  [KILN_OP_FROUNDEVEN] = ROW(x64_flib, X64_FLT, unsupported),
  [KILN_OP_FRINT] = ROW(x64_flib, X64_FLT, unsupported),
  [KILN_OP_FNEARBYINT] = ROW(x64_flib, X64_FLT, unsupported),
  [KILN_OP_LOAD] = ROW(x64_load, ANY, x64_wide),
  [KILN_OP_STORE] = ROW(x64_store, ANY, x64_wide),
  [KILN_OP_ADDR] = ROW(x64_addr, ALL, unsupported),
  [KILN_OP_SALLOC] = ROW(x64_salloc, ALL, unsupported),
  [KILN_OP_STACK_SAVE] = ROW(x64_stack_save, ALL, unsupported),
  [KILN_OP_STACK_RESTORE] = ROW(x64_stack_restore, ALL, unsupported),
  [KILN_OP_LIFE_START] = ROW(x64_life, ALL, unsupported),
  [KILN_OP_LIFE_END] = ROW(x64_life, ALL, unsupported),
  [KILN_OP_MEMCPY] = ROW(x64_memory, ALL, unsupported),
  [KILN_OP_MEMMOVE] = ROW(x64_memory, ALL, unsupported),
  [KILN_OP_MEMSET] = ROW(x64_memset, ALL, unsupported),
  [KILN_OP_PREFETCH] = ROW(x64_prefetch, ALL, unsupported),
  [KILN_OP_ATOMIC_LOAD] = ROW(x64_atomic_load, X64_INT, x64_wide_atomic),
  [KILN_OP_ATOMIC_STORE] = ROW(x64_atomic_store, X64_INT, x64_wide_atomic),
  [KILN_OP_ATOMIC_RMW] = ROW(x64_atomic_rmw, X64_INT, x64_wide_atomic),
  [KILN_OP_ATOMIC_CAS] = ROW(x64_atomic_cas, X64_INT, x64_wide_atomic),
  [KILN_OP_FENCE] = ROW(x64_fence, ALL, unsupported),
  [KILN_OP_CALL] = ROW(x64_call, ANY | KN_T(I128) | KN_T(F80) | KN_T(VOID), unsupported),
  [KILN_OP_VA_START] = ROW(x64_va_start, ALL, unsupported),
  [KILN_OP_VA_COPY] = ROW(x64_va_copy, ALL, unsupported),
  [KILN_OP_VA_END] = ROW(x64_life, ALL, unsupported),
  [KILN_OP_VA_ARG] = ROW(x64_va_arg, X64_INT | X64_FLT | KN_T(F80), unsupported),
  [KILN_OP_TLS_ADDR] = ROW(x64_tls, ALL, unsupported),
  [KILN_OP_FRAME_ADDR] = ROW(x64_frame_addr, ALL, unsupported),
  [KILN_OP_RETURN_ADDR] = ROW(x64_frame_addr, ALL, unsupported),
  [KILN_OP_DEBUG_TRAP] = ROW(x64_debug_trap, ALL, unsupported),
  [KILN_OP_BR] = ROW(x64_br, ALL, unsupported),
  [KILN_OP_BRIF] = ROW(x64_brif, ALL, unsupported),
  [KILN_OP_SWITCH] = ROW(x64_switch, X64_INT, unsupported),
  [KILN_OP_BRIND] = ROW(x64_brind, ALL, unsupported),
  [KILN_OP_RET] = ROW(x64_ret_op, ALL, unsupported),
  [KILN_OP_UNREACHABLE] = ROW(x64_unreachable, ALL, unsupported),
  [KILN_OP_TRAP] = ROW(x64_trap, ALL, unsupported),
};
#pragma GCC diagnostic pop

/* What clobbers like a call here: calls, library calls, thread-local addresses. */
static const uint16_t clobbers[KILN_OP_COUNT] = {
#define CALL_LIKE(op, types) [KILN_OP_##op] = (types)
  CALL_LIKE(CALL, 0xffff),       CALL_LIKE(MEMCPY, 0xffff),     CALL_LIKE(MEMMOVE, 0xffff),
  CALL_LIKE(MEMSET, 0xffff),     CALL_LIKE(TLS_ADDR, 0xffff),   CALL_LIKE(FREM, 0xffff),
  CALL_LIKE(FMA, 0xffff),        CALL_LIKE(FMIN, 0xffff),       CALL_LIKE(FMAX, 0xffff),
  CALL_LIKE(FFLOOR, 0xffff),     CALL_LIKE(FCEIL, 0xffff),      CALL_LIKE(FTRUNC, 0xffff),
  CALL_LIKE(FROUND, 0xffff),     CALL_LIKE(FROUNDEVEN, 0xffff), CALL_LIKE(FRINT, 0xffff),
  CALL_LIKE(FNEARBYINT, 0xffff), CALL_LIKE(UDIV, KN_T(I128)),   CALL_LIKE(SDIV, KN_T(I128)),
  CALL_LIKE(UREM, KN_T(I128)),   CALL_LIKE(SREM, KN_T(I128)),   CALL_LIKE(FTOSI, KN_T(I128)),
  CALL_LIKE(FTOUI, KN_T(I128)),  CALL_LIKE(SITOF, KN_T(I128)),  CALL_LIKE(UITOF, KN_T(I128)),
  CALL_LIKE(FTOSIS, KN_T(I128)), CALL_LIKE(FTOUIS, KN_T(I128)), CALL_LIKE(INVOKE, 0xffff),
  CALL_LIKE(RESUME, 0xffff),
#undef CALL_LIKE
};

/* With `map`, each instruction's place in the code is written down. Who lowers the next instruction is
 * known before this one is lowered: what cannot be predicted is then at least decided early. (Behind the
 * last one is an empty one.) */
KN_INLINE void walk_block(struct kn_walk *w, uint32_t i, bool map) {
again:;
  const struct kn_inst *in = &w->inst[i];
  x64_lower *fn = lower[in->op][in->type];
  do {
    w->i = i;
    if (map) kn_map_inst(w, in);
    if (KN_UNLIKELY(w->p > w->limit) && !kn_walk_room(w, 4096)) return;
    KN_LOG(w, KN_EV_INST, i, 0);
    x64_lower *then = lower[in[1].op][in[1].type];
    fn(w, in, i);
    kn_inst_end(w);
    in++;
    i++;
    fn = then;
  } while (!w->done);
  if (KN_LIKELY(w->done == KN_DONE)) return;
  w->done = 0;
  i = w->i + 1;
  goto again;
}

KN_INLINE void walk_blocks(struct kn_walk *w, bool map) {
  kiln_func *f = w->f;
  struct kn_plan *plan = w->plan;
  for (uint32_t pos = 0; pos < plan->n_layout; pos++) {
    kn_walk_block(w, pos);
    const struct kn_block *b = &f->block[w->block];
    if (map) kn_map_add(w, w->block, 0, false);
    if (KN_UNLIKELY(pos == 0)) x64_entry(w);
    if (KN_UNLIKELY(b->address_taken)) x64_read_shadows(w, b);
    walk_block(w, b->first, map);
    if (KN_UNLIKELY(f->status != KILN_OK)) return;
  }
}

/* The same loop again: asking per instruction whether there is a map would cost all that want none. */
static __attribute__((noinline, cold)) void walk_mapped(struct kn_walk *w) { walk_blocks(w, true); }

static kiln_status compile(kiln_session *s, kiln_func *f, struct kn_plan *plan) {
  struct kn_walk *w = s->walk;
  if (!kn_walk_begin(w, s, f, plan)) return f->status;
  unsigned align = kn_symbol(f->module, f->symbol)->align_log2;
  uint32_t mask = 15;
  if (KN_UNLIKELY(align > 4)) {
    mask = (1u << align) - 1;
    if (!kn_walk_room(w, mask + (size_t)f->n * 4)) return f->status;
  }
  uint32_t padding = -kn_here(w) & mask;
  memset(w->p, 0xcc, padding < 16 ? 16 : padding); /* int3 */
  w->p += padding;
  uint32_t start = kn_here(w), cfi = s->out.cfi_size;
  w->start = start;
  w->p += X64_GAP;
  uint32_t relocs = s->out.n_relocs;
  if (KN_UNLIKELY(w->map)) kn_map_add(w, UINT32_MAX, 0, false);
  x64_prologue(w);
  if (KN_UNLIKELY(w->map)) walk_mapped(w);
  else walk_blocks(w, false);
  if (KN_UNLIKELY(f->status != KILN_OK)) return f->status;
  x64_finish(w, start, relocs);
  kn_walk_end(w, start, kn_here(w), cfi, relocs);
  return f->status;
}

/* r8 to r10, xmm6 to xmm14 */
#define CALLER_HOMES                                                                               \
  (KN_BIT(X64_R8) | KN_BIT(X64_R9) | KN_BIT(X64_R10) | UINT64_C(0x7fc0) << KN_FP_BASE)

const struct kn_target kn_target_x86_64 = {
  .name = "x86_64",
  .temps = KN_BIT(X64_RAX) | KN_BIT(X64_RCX) | KN_BIT(X64_RDX) | KN_BIT(X64_RSI) | KN_BIT(X64_RDI) |
           UINT64_C(0x3f) << KN_FP_BASE,
  .caller_homes = CALLER_HOMES,
  .around_calls = CALLER_HOMES,
  .callee_homes =
    KN_BIT(X64_RBX) | KN_BIT(X64_R12) | KN_BIT(X64_R13) | KN_BIT(X64_R14) | KN_BIT(X64_R15),
  .arg_regs = {X64_GP_ARGS, KN_NO_REG, KN_NO_REG},
  .fp_arg_regs = {X64_FP_ARGS},
  .clobbers = clobbers,
  .compile = compile,
};
