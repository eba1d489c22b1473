/* AArch64 as lib/ sees it: register sets, what clobbers like a call, the table of lowerings, and the
 * loop that compiles a planned function. Called by lib/compile.c. What is not lowered gives
 * KILN_ERR_UNSUPPORTED with function, block and instruction. */
#include "targets/aarch64/a64.h"

#define ALL 0xffffu
#define QUAD KN_T(F128)
#define WIDE (KN_T(I128) | QUAD)
static const uint16_t clobbers[KILN_OP_COUNT] = {
  [KILN_OP_CALL] = ALL,        [KILN_OP_INVOKE] = ALL,      [KILN_OP_RESUME] = ALL,
  [KILN_OP_MEMCPY] = ALL,      [KILN_OP_MEMMOVE] = ALL,     [KILN_OP_MEMSET] = ALL,
  [KILN_OP_FREM] = ALL,        [KILN_OP_TLS_ADDR] = ALL,    [KILN_OP_SDIV] = KN_T(I128),
  [KILN_OP_UDIV] = KN_T(I128), [KILN_OP_SREM] = KN_T(I128), [KILN_OP_UREM] = KN_T(I128),
  [KILN_OP_FTOSI] = WIDE,      [KILN_OP_FTOUI] = WIDE,      [KILN_OP_SITOF] = WIDE,
  [KILN_OP_UITOF] = WIDE,      [KILN_OP_FPROMOTE] = QUAD,   [KILN_OP_FDEMOTE] = QUAD,
  [KILN_OP_FADD] = QUAD,       [KILN_OP_FSUB] = QUAD,       [KILN_OP_FMUL] = QUAD,
  [KILN_OP_FDIV] = QUAD,       [KILN_OP_FMIN] = QUAD,       [KILN_OP_FMAX] = QUAD,
  [KILN_OP_FMINIMUM] = QUAD,   [KILN_OP_FMAXIMUM] = QUAD,   [KILN_OP_FCMP] = QUAD,
  [KILN_OP_FSQRT] = QUAD,      [KILN_OP_FFLOOR] = QUAD,     [KILN_OP_FCEIL] = QUAD,
  [KILN_OP_FTRUNC] = QUAD,     [KILN_OP_FROUND] = QUAD,     [KILN_OP_FROUNDEVEN] = QUAD,
  [KILN_OP_FRINT] = QUAD,      [KILN_OP_FNEARBYINT] = QUAD, [KILN_OP_FMA] = QUAD,
  [KILN_OP_FMULADD] = QUAD,
};

static a64_lower nothing, drop_one, trap, debug_trap;
static a64_lower *const lowerings[KILN_OP_COUNT] = {
  [KILN_OP_PARAM] = nothing,
  [KILN_OP_SEG] = nothing,
  [KILN_OP_RESULT] = nothing,
  [KILN_OP_COPY] = a64_lower_copy,
  [KILN_OP_ADD] = a64_lower_add,
  [KILN_OP_SUB] = a64_lower_add,
  [KILN_OP_MUL] = a64_lower_mul,
  [KILN_OP_UMULH] = a64_lower_mulh,
  [KILN_OP_SMULH] = a64_lower_mulh,
  [KILN_OP_UDIV] = a64_lower_div,
  [KILN_OP_SDIV] = a64_lower_div,
  [KILN_OP_UREM] = a64_lower_div,
  [KILN_OP_SREM] = a64_lower_div,
  [KILN_OP_AND] = a64_lower_logic,
  [KILN_OP_OR] = a64_lower_logic,
  [KILN_OP_XOR] = a64_lower_logic,
  [KILN_OP_SHL] = a64_lower_shift,
  [KILN_OP_LSHR] = a64_lower_shift,
  [KILN_OP_ASHR] = a64_lower_shift,
  [KILN_OP_ROTL] = a64_lower_rotate,
  [KILN_OP_ROTR] = a64_lower_rotate,
  [KILN_OP_FSHL] = a64_lower_funnel,
  [KILN_OP_FSHR] = a64_lower_funnel,
  [KILN_OP_SMIN] = a64_lower_minmax,
  [KILN_OP_SMAX] = a64_lower_minmax,
  [KILN_OP_UMIN] = a64_lower_minmax,
  [KILN_OP_UMAX] = a64_lower_minmax,
  [KILN_OP_SADDO] = a64_lower_overflow,
  [KILN_OP_UADDO] = a64_lower_overflow,
  [KILN_OP_SSUBO] = a64_lower_overflow,
  [KILN_OP_USUBO] = a64_lower_overflow,
  [KILN_OP_SMULO] = a64_lower_overflow,
  [KILN_OP_UMULO] = a64_lower_overflow,
  [KILN_OP_SADDS] = a64_lower_saturate,
  [KILN_OP_UADDS] = a64_lower_saturate,
  [KILN_OP_SSUBS] = a64_lower_saturate,
  [KILN_OP_USUBS] = a64_lower_saturate,
  [KILN_OP_NEG] = a64_lower_not_neg,
  [KILN_OP_NOT] = a64_lower_not_neg,
  [KILN_OP_ABS] = a64_lower_abs,
  [KILN_OP_CLZ] = a64_lower_count,
  [KILN_OP_CTZ] = a64_lower_count,
  [KILN_OP_POPCNT] = a64_lower_count,
  [KILN_OP_BITREV] = a64_lower_reverse,
  [KILN_OP_BSWAP] = a64_lower_reverse,
  [KILN_OP_ICMP] = a64_lower_cmp,
  [KILN_OP_FCMP] = a64_lower_cmp,
  [KILN_OP_SELECT] = a64_lower_select,
  [KILN_OP_TRUNC] = a64_lower_trunc,
  [KILN_OP_ZEXT] = a64_lower_extend,
  [KILN_OP_SEXT] = a64_lower_extend,
  [KILN_OP_FDEMOTE] = a64_lower_fconvert,
  [KILN_OP_FPROMOTE] = a64_lower_fconvert,
  [KILN_OP_FTOSI] = a64_lower_ftoi,
  [KILN_OP_FTOUI] = a64_lower_ftoi,
  [KILN_OP_FTOSIS] = a64_lower_ftoi,
  [KILN_OP_FTOUIS] = a64_lower_ftoi,
  [KILN_OP_SITOF] = a64_lower_itof,
  [KILN_OP_UITOF] = a64_lower_itof,
  [KILN_OP_BITCAST] = a64_lower_bitcast,
  [KILN_OP_FADD] = a64_lower_fbin,
  [KILN_OP_FSUB] = a64_lower_fbin,
  [KILN_OP_FMUL] = a64_lower_fbin,
  [KILN_OP_FDIV] = a64_lower_fbin,
  [KILN_OP_FMIN] = a64_lower_fbin,
  [KILN_OP_FMAX] = a64_lower_fbin,
  [KILN_OP_FMINIMUM] = a64_lower_fbin,
  [KILN_OP_FMAXIMUM] = a64_lower_fbin,
  [KILN_OP_FREM] = a64_lower_frem,
  [KILN_OP_FNEG] = a64_lower_fun,
  [KILN_OP_FABS] = a64_lower_fun,
  [KILN_OP_FSQRT] = a64_lower_fun,
  [KILN_OP_FFLOOR] = a64_lower_fun,
  [KILN_OP_FCEIL] = a64_lower_fun,
  [KILN_OP_FTRUNC] = a64_lower_fun,
  [KILN_OP_FROUND] = a64_lower_fun,
  [KILN_OP_FROUNDEVEN] = a64_lower_fun,
  [KILN_OP_FRINT] = a64_lower_fun,
  [KILN_OP_FNEARBYINT] = a64_lower_fun,
  [KILN_OP_FMA] = a64_lower_fma,
  [KILN_OP_FMULADD] = a64_lower_fma,
  [KILN_OP_FCOPYSIGN] = a64_lower_fcopysign,
  [KILN_OP_LOAD] = a64_lower_load,
  [KILN_OP_STORE] = a64_lower_store,
  [KILN_OP_ADDR] = a64_lower_addr,
  [KILN_OP_SALLOC] = a64_lower_salloc,
  [KILN_OP_STACK_SAVE] = a64_lower_stack_save,
  [KILN_OP_STACK_RESTORE] = a64_lower_stack_restore,
  [KILN_OP_LIFE_START] = drop_one,
  [KILN_OP_LIFE_END] = drop_one,
  [KILN_OP_MEMCPY] = a64_lower_mem,
  [KILN_OP_MEMMOVE] = a64_lower_mem,
  [KILN_OP_MEMSET] = a64_lower_mem,
  [KILN_OP_PREFETCH] = a64_lower_prefetch,
  [KILN_OP_ATOMIC_LOAD] = a64_lower_atomic_load,
  [KILN_OP_ATOMIC_STORE] = a64_lower_atomic_store,
  [KILN_OP_ATOMIC_RMW] = a64_lower_atomic_rmw,
  [KILN_OP_ATOMIC_CAS] = a64_lower_atomic_cas,
  [KILN_OP_FENCE] = a64_lower_fence,
  [KILN_OP_CALL] = a64_lower_call,
  [KILN_OP_VA_START] = a64_lower_va_start,
  [KILN_OP_VA_COPY] = a64_lower_va_copy,
  [KILN_OP_VA_END] = drop_one,
  [KILN_OP_VA_ARG] = a64_lower_va_arg,
  [KILN_OP_TLS_ADDR] = a64_lower_tls,
  [KILN_OP_FRAME_ADDR] = a64_lower_level,
  [KILN_OP_RETURN_ADDR] = a64_lower_level,
  [KILN_OP_DEBUG_TRAP] = debug_trap,
  [KILN_OP_BR] = a64_lower_br,
  [KILN_OP_BRIF] = a64_lower_brif,
  [KILN_OP_SWITCH] = a64_lower_switch,
  [KILN_OP_BRIND] = a64_lower_brind,
  [KILN_OP_RET] = a64_lower_ret,
  [KILN_OP_UNREACHABLE] = trap,
  [KILN_OP_TRAP] = trap,
};

/* What the loop need not look into: of an operation, the types for which the row above is right whatever
 * else the instruction says; and whether it only makes a value, so that it is nothing if nobody reads it. */
enum {
  I = KN_T(I8) | KN_T(I16) | KN_T(I32) | KN_T(I64),
  F = KN_T(F32) | KN_T(F64),
  ANY = I | F | KN_T(VOID)
};
static const struct {
  uint16_t types;
  bool pure;
} plain[KILN_OP_COUNT] = {
  [KILN_OP_PARAM] = {ANY, false}, [KILN_OP_RESULT] = {ANY, false},
  [KILN_OP_ADD] = {I, true},      [KILN_OP_SUB] = {I, true},
  [KILN_OP_MUL] = {I, true},      [KILN_OP_AND] = {I, true},
  [KILN_OP_OR] = {I, true},       [KILN_OP_XOR] = {I, true},
  [KILN_OP_SHL] = {I, true},      [KILN_OP_LSHR] = {I, true},
  [KILN_OP_ASHR] = {I, true},     [KILN_OP_ICMP] = {I, true},
  [KILN_OP_FCMP] = {F, true},     [KILN_OP_SELECT] = {I | F, true},
  [KILN_OP_ZEXT] = {I, true},     [KILN_OP_SEXT] = {I, true},
  [KILN_OP_FADD] = {F, true},     [KILN_OP_FSUB] = {F, true},
  [KILN_OP_FMUL] = {F, true},     [KILN_OP_FDIV] = {F, true},
  [KILN_OP_LOAD] = {I | F, true}, [KILN_OP_STORE] = {I | F, false},
  [KILN_OP_ADDR] = {ANY, true},   [KILN_OP_CALL] = {ANY, false},
  [KILN_OP_BR] = {ANY, false},    [KILN_OP_BRIF] = {ANY, false},
  [KILN_OP_RET] = {ANY, false},
};

static void nothing(struct kn_walk *w, const struct kn_inst *in) {
  (void)w;
  (void)in;
}
static void drop_one(struct kn_walk *w, const struct kn_inst *in) { kn_drop(w, in->a); }
static void trap(struct kn_walk *w, const struct kn_inst *in) {
  (void)in;
  emit(w, a64_brk(1));
}
static void debug_trap(struct kn_walk *w, const struct kn_inst *in) {
  (void)in;
  emit(w, a64_brk(0xf000));
}

/* ---- the loop ---- */

enum {
  LOWERED = KN_T(VOID) | KN_T(I8) | KN_T(I16) | KN_T(I32) | KN_T(I64) | KN_T(F32) | KN_T(F64)
};

/* Who lowers `in`, or NULL. */
static __attribute__((noinline)) a64_lower *lowering(const struct kn_inst *in) {
  unsigned shape = kn_op_info[in->op].shape;
  unsigned from = shape >= KN_SH_CONV_II && shape <= KN_SH_CONV_BITS ? in->x
                  : shape == KN_SH_LOAD                              ? KN_MEM_TYPE(in->x)
                                                                     : (unsigned)in->type;
  unsigned types = 1u << in->type | 1u << from;
  if (KN_LIKELY((types & ~LOWERED) == 0)) return lowerings[in->op];
  if ((types & ~(LOWERED | KN_T(I128) | KN_T(F128))) != 0) return NULL;
  switch (in->op) {
  case KILN_OP_PARAM:
  case KILN_OP_RESULT: return nothing;
  case KILN_OP_CALL: return a64_lower_call;
  case KILN_OP_VA_ARG: return a64_lower_va_arg;
  case KILN_OP_ATOMIC_LOAD:
  case KILN_OP_ATOMIC_STORE:
  case KILN_OP_ATOMIC_RMW:
  case KILN_OP_ATOMIC_CAS: return in->type == KILN_TYPE_I128 ? a64_lower_wide_atomic : NULL;
  default:
    if (lowerings[in->op] == NULL) return NULL;
    return types & KN_T(F128) ? a64_lower_quad : a64_lower_wide;
  }
}

/* Drops the operands of an instruction whose result nobody reads; false if it must be done. */
static bool skip_dead(struct kn_walk *w, const struct kn_inst *in) {
  const struct kn_op_info *info = &kn_op_info[in->op];
  if (w->val[w->i].uses || info->effects & (KN_FX_WRITE | KN_FX_TERM | KN_FX_ONE)) return false;
  if (w->inst[w->i + 1].op == KILN_OP_RESULT && w->inst[w->i + 1].a == w->i) return false;
  switch (info->shape) {
  case KN_SH_LOAD:
    if (in->x & KILN_MEM_VOLATILE) return false;
    __attribute__((fallthrough));
  case KN_SH_UN:
  case KN_SH_CONV_II:
  case KN_SH_CONV_FF:
  case KN_SH_CONV_FI:
  case KN_SH_CONV_IF:
  case KN_SH_CONV_BITS: kn_drop(w, in->a); return true;
  case KN_SH_SELECT:
    if (a64_drop_fused(w, in->a)) {
      kn_drop(w, in->b);
      kn_drop(w, in->c);
      return true;
    }
    __attribute__((fallthrough));
  case KN_SH_TERN: kn_drop(w, in->c); __attribute__((fallthrough));
  case KN_SH_BIN:
  case KN_SH_ICMP:
  case KN_SH_FCMP:
  case KN_SH_ADDR:
    kn_drop(w, in->a);
    if (in->b) kn_drop(w, in->b);
    return true;
  default: return false;
  }
}

/* With `map`, each instruction's place in the code is written down. */
KN_INLINE void walk_block(struct kn_walk *w, uint32_t pos, bool map) {
  kiln_func *f = w->f;
  kn_walk_block(w, pos);
  const struct kn_block *b = &f->block[w->block];
  if (map) kn_map_add(w, w->block, 0, false);
  if (KN_UNLIKELY(b->address_taken)) a64_read_shadows(w, b);
  if (pos == 0) a64_enter(w);
  for (uint32_t i = b->first;;) {
    const struct kn_inst *in = &w->inst[i];
    w->i = i;
    if (KN_UNLIKELY(w->p > w->limit) && !kn_walk_room(w, 0)) return;
    if (KN_UNLIKELY(in->op == KILN_OP_SEG)) {
      i = in->a;
      continue;
    }
    if (map) kn_map_inst(w, in);
    KN_LOG(w, KN_EV_INST, i, 0);
    if (KN_LIKELY(plain[in->op].types >> in->type & 1)) {
      if (KN_LIKELY(!plain[in->op].pure || w->val[i].uses != 0) || !skip_dead(w, in))
        lowerings[in->op](w, in);
    } else {
      a64_lower *lower = lowering(in);
      if (KN_UNLIKELY(lower == NULL)) {
        kn_walk_fail(w, KILN_ERR_UNSUPPORTED, "not lowered for AArch64 yet (or not for this type)");
        return;
      }
      if (!skip_dead(w, in)) lower(w, in);
    }
    kn_inst_end(w);
    if (i == b->term) break;
    i++;
  }
}

KN_INLINE void walk_blocks(struct kn_walk *w, bool map) {
  for (uint32_t pos = 0; pos < w->plan->n_layout && w->f->status == KILN_OK; pos++)
    walk_block(w, pos, map);
}

/* The same loop again: asking per instruction whether there is a map would cost all that want none. */
static __attribute__((noinline, cold)) void walk_mapped(struct kn_walk *w) {
  walk_blocks(w, true);
  kn_map_add(w, UINT32_MAX, 0, false); /* the epilogue */
}

static kiln_status compile(kiln_session *s, kiln_func *f, struct kn_plan *plan) {
  struct kn_walk *w = s->walk;
  if (!kn_walk_begin(w, s, f, plan)) return f->status;
  unsigned align = kn_symbol(f->module, f->symbol)->align_log2;
  uint32_t mask = (1u << (align < 2 ? 2 : align)) - 1;
  if (!kn_walk_room(w, (size_t)mask + 64)) return f->status;
  while (kn_here(w) & mask) emit(w, 0); /* udf #0, as between the parts of an object */
  uint32_t cfi_first = s->out.cfi_size, reloc_first = s->out.n_relocs;
  w->exit_label = kn_walk_label(w);
  if (KN_UNLIKELY(w->map)) kn_map_add(w, UINT32_MAX, 0, false);
  a64_frame_begin(w);
  if (KN_UNLIKELY(w->map)) walk_mapped(w);
  else walk_blocks(w, false);
  if (f->status != KILN_OK) return f->status;
  uint32_t start = a64_frame_end(w, reloc_first);
  if (f->status != KILN_OK) return f->status;
  kn_walk_end(w, start, kn_here(w), cfi_first, reloc_first);
  return f->status;
}

#define GP(first, last) ((UINT64_C(2) << (last)) - (UINT64_C(1) << (first)))
#define FP(first, last) (GP(first, last) << KN_FP_BASE)

const struct kn_target kn_target_aarch64 = {
  .name = "aarch64",
  .temps = GP(0, 8) | FP(0, 7) | FP(16, 23),
  .caller_homes = GP(9, 15) | FP(24, 29),
  .callee_homes = GP(19, 28) | FP(8, 15),
  .arg_regs = {0, 1, 2, 3, 4, 5, 6, 7},
  .fp_arg_regs = {32, 33, 34, 35, 36, 37, 38, 39},
  .clobbers = clobbers,
  .frame_up = true,
  .compile = compile,
};
