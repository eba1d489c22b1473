/* Calls, entries, returns, frames: System V x86-64 psABI, 3.2 (calling sequence). Frame: rbp-based; saved
 * registers right below rbp, then slots and spills, then the outgoing stack arguments at rsp. */
#include "targets/x86_64/x64.h"

#include "ir/build.h"

static const uint8_t gp_args[6] = {X64_GP_ARGS};
static const uint8_t gp_results[3] = {X64_RAX, X64_RDX, X64_RCX};
enum { N_GP_ARGS = 6, N_FP_ARGS = 8, N_GP_RESULTS = 3, N_FP_RESULTS = 4, N_X87_RESULTS = 2 };

/* ---- where arguments and results go ---- */

struct assign {
  unsigned gp, fp;
  uint32_t stack; /* bytes */
};

/* The place of the next argument: a register (i128: the first of two), or KN_NO_REG and the offset
 * in the stack area. */
static unsigned next_arg(struct assign *a, unsigned type, unsigned flags, const kiln_param *p,
                         uint32_t *offset) {
  uint32_t size = 8, align = 8;
  if (flags & KILN_PARAM_BYVAL) {
    size = (p->size_bytes + 7) & ~7u;
    if (p->align_log2 > 3) align = 1u << p->align_log2;
  } else if (type == KILN_TYPE_F32 || type == KILN_TYPE_F64) {
    if (a->fp < N_FP_ARGS) return KN_FP_BASE + a->fp++;
  } else if (type == KILN_TYPE_F80) {
    size = align = 16;
  } else if (type == KILN_TYPE_I128) {
    if (a->gp + 2 <= N_GP_ARGS) {
      a->gp += 2;
      return gp_args[a->gp - 2];
    }
    size = align = 16;
  } else if (a->gp < N_GP_ARGS) {
    return gp_args[a->gp++];
  }
  a->stack = (a->stack + align - 1) & ~(align - 1);
  *offset = a->stack;
  a->stack += size;
  return KN_NO_REG;
}

/* ---- library functions ---- */

static const char *const lib_names[X64_LIB_COUNT] = {
  "memcpy",      "memmove",       "memset",       "__divti3",     "__modti3",      "__udivti3",
  "__umodti3",   "__muloti4",     "__floattisf",  "__floattidf",  "__floatuntisf", "__floatuntidf",
  "__fixsfti",   "__fixdfti",     "__fixunssfti", "__fixunsdfti", "fmod",          "fma",
  "fmin",        "fmax",          "floor",        "ceil",         "trunc",         "round",
  "roundeven",   "rint",          "nearbyint",    "fmodf",        "fmaf",          "fminf",
  "fmaxf",       "floorf",        "ceilf",        "truncf",       "roundf",        "roundevenf",
  "rintf",       "nearbyintf",    "fmodl",        "fmal",         "fminl",         "fmaxl",
  "floorl",      "ceill",         "truncl",       "roundl",       "roundevenl",    "nearbyintl",
  "__floattixf", "__floatuntixf", "__fixxfti",    "__fixunsxfti", "__tls_get_addr"};

uint32_t x64_lib_symbol(struct kn_walk *w, enum x64_lib fn) {
  return kn_symbol_reference(w->f->module, lib_names[fn]);
}

/* ---- calls ---- */

struct call {
  uint32_t callee; /* handle, or 0 */
  uint32_t symbol; /* or this */
  uint32_t n;
  const uint32_t *args;     /* handles */
  const kiln_param *params; /* of the first n_params arguments */
  uint32_t n_params;
  bool variadic;
  bool plain; /* kn_sig.plain */
};

static unsigned arg_type(const struct kn_walk *w, const struct call *c, uint32_t k) {
  return k < c->n_params ? c->params[k].type : kn_loose_type(w, c->args[k]);
}

/* Stores argument h to the stack area at rsp + offset. */
static void stack_arg(struct kn_walk *w, uint32_t h, unsigned type, const kiln_param *p,
                      uint32_t offset) {
  unsigned flags = p ? p->flags : 0;
  struct x64_place to = {.m = x64_at(X64_RSP, (int32_t)offset)};
  int32_t imm;
  if (flags & KILN_PARAM_BYVAL) {
    struct x64_place from = x64_address(w, h, 0);
    if (p->size_bytes <= 128) {
      x64_copy(w, to, from, p->size_bytes);
    } else {
      /* rep movsq; the three registers are claimed, so what they held is elsewhere */
      unsigned r = kn_temp(w, KN_GP_MASK);
      x64_lea(w, r, &from);
      KN_LOG_SET(w, KN_EV_DONE, ~KN_BIT(r));
      w->regs.locked = KN_BIT(r);
      if (r != X64_RSI) {
        kn_claim(w, X64_RSI);
        KN_LOG(w, KN_EV_WRITE, 0, X64_RSI);
        x64_mov(w, 3, X64_RSI, r);
      }
      KN_LOG_SET(w, KN_EV_DONE, ~KN_BIT(X64_RSI)); /* r may be one of the others */
      w->regs.locked = KN_BIT(X64_RSI);
      kn_claim(w, X64_RDI), kn_claim(w, X64_RCX);
      KN_LOG(w, KN_EV_WRITE, 0, X64_RDI);
      KN_LOG(w, KN_EV_WRITE, 0, X64_RCX);
      x64_op_mem(w, X64_LEA, 3, X64_RDI, &to);
      x64_const(w, X64_RCX, p->size_bytes / 8);
      EMIT(w, x64_put8(x64_put8(x64_put8(w->code.p, 0xf3), 0x48), 0xa5));
      if (p->size_bytes & 7) {
        to.m.disp += (int32_t)(p->size_bytes & ~7u);
        from = (struct x64_place){.m = x64_at(X64_RSI, 0)};
        x64_copy(w, to, from, p->size_bytes & 7);
      }
    }
  } else if (type == KILN_TYPE_F80) {
    x64_x87_push(w, h);
    x64_x87_pop_to(w, &to);
  } else if (type == KILN_TYPE_I128) {
    struct x64_place half[2];
    int64_t v[2];
    bool constant = x64_wide_source(w, h, half, v);
    for (unsigned k = 0; k < 2; k++, to.m.disp += 8) {
      if (constant) x64_const(w, X64_SCRATCH, (uint64_t)v[k]);
      else x64_op_mem(w, X64_MOV, 3, X64_SCRATCH, &half[k]);
      x64_op_mem(w, X64_MOV_ST, 3, X64_SCRATCH, &to);
    }
  } else if (kn_bank(w, type)) {
    unsigned r = kn_reg(w, h, type);
    x64_op_mem(w, type == KILN_TYPE_F32 ? X64_MOVSS_ST : X64_MOVSD_ST, 2, r, &to);
  } else if (x64_imm32(w, h, type, &imm) && !(flags & (KILN_PARAM_SEXT | KILN_PARAM_ZEXT))) {
    EMIT(w, x64_mov_mi(w->code.p, 3, to.m, imm));
  } else {
    unsigned r = kn_reg(w, h, type);
    if (flags & (KILN_PARAM_SEXT | KILN_PARAM_ZEXT)) {
      x64_extend(w, X64_SCRATCH, r, type, (flags & KILN_PARAM_SEXT) != 0, false);
      r = X64_SCRATCH;
    }
    x64_op_mem(w, X64_MOV_ST, 3, r, &to);
  }
}

/* What stands in the way of collecting register arguments in one go: operands still to be computed,
 * and stack arguments. */
static void early_args(struct kn_walk *w, const struct call *c, uint32_t *moved) {
  struct assign a = {0};
  uint32_t total = 0;
  if (w->f->dynamic_stack) { /* the area is made for each call: the stack pointer moves */
    for (uint32_t k = 0; k < c->n; k++) {
      uint32_t offset;
      const kiln_param *p = k < c->n_params ? &c->params[k] : NULL;
      next_arg(&a, arg_type(w, c, k), p ? p->flags : 0, p, &offset);
    }
    total = (a.stack + 15) & ~15u;
    if (total) EMIT(w, x64_alu_ri(w->code.p, X64_G_SUB, 3, X64_RSP, (int32_t)total));
    a = (struct assign){0};
  }
  for (uint32_t k = 0; k < c->n; k++) {
    uint32_t h = c->args[k], offset;
    unsigned type = arg_type(w, c, k);
    const kiln_param *p = k < c->n_params ? &c->params[k] : NULL;
    if (KN_UNLIKELY(!kn_type(w, type)->lowered)) {
      kn_walk_fail(w, KILN_ERR_UNSUPPORTED, "argument of a type that is not lowered yet");
      return;
    }
    if (!kn_code_ready(w, 4096)) return;
    if (next_arg(&a, type, p ? p->flags : 0, p, &offset) == KN_NO_REG) {
      stack_arg(w, h, type, p, offset);
      kn_inst_end(w);
    } else if (kn_is_value(h) && (w->val[h].flags & (KN_VF_ADDR | KN_VF_WAITS))) {
      kn_reg(w, h, type);
      kn_inst_end(w);
    }
  }
  if (!w->f->dynamic_stack && a.stack > x64(w)->out_args) x64(w)->out_args = a.stack;
  *moved = total;
}

static void add_move(struct kn_walk *w, unsigned dst, unsigned type, uint32_t h) {
  struct kn_place_move m = {.dst = (uint8_t)dst, .type = (uint8_t)type};
  kn_source(w, h, &m);
  KN_PUSH(w->f, w->moves, m);
}

/* The call itself, once the arguments are where they belong. */
static void emit_target(struct kn_walk *w, uint32_t symbol) {
  if (symbol == 0) {
    EMIT(w, x64_call_r(w->code.p, X64_R10));
  } else {
    EMIT(w, x64_call_rel(w->code.p, 0));
    kn_code_relocate(w, kn_here(w) - 4, symbol, R_X86_64_PLT32, -4);
  }
  KN_LOG_SET(w, KN_EV_LOST, X64_CLOBBERED);
  kn_called(w);
}

/* The symbol that is called, or 0: then the address is moved to r10. */
static uint32_t callee_symbol(struct kn_walk *w, const struct call *c) {
  if (c->callee == 0) return c->symbol;
  if (kn_is_pool(c->callee)) {
    const struct kn_const *p = &w->f->pool.at[kn_index(c->callee)];
    if (p->low == 0 && p->symbol) return p->symbol;
  }
  return 0;
}

/* The usual call: at most six general and eight float arguments, all in registers and none to be
 * extended. False, and nothing done, if this is another. */
static bool emit_simple_call(struct kn_walk *w, const struct call *c) {
  _Static_assert(N_GP_ARGS + N_FP_ARGS + 1 <= KN_FEW_MOVES, "arguments and the callee's address");
  unsigned n = c->n;
  if (n != c->n_params || n > N_GP_ARGS + N_FP_ARGS) return false;
  struct kn_few_moves a;
  unsigned fp = 0, waiting = 0;
  if (KN_LIKELY(c->plain && n <= N_GP_ARGS)) {
    for (unsigned k = 0; k < n; k++) {
      uint32_t h = c->args[k];
      a.dst[k] = gp_args[k];
      a.type[k] = (uint8_t)c->params[k].type;
      a.h[k] = h;
      waiting |= w->val[kn_value_or_none(h)].flags;
    }
  } else {
    unsigned gp = 0;
    for (unsigned k = 0; k < n; k++) {
      const kiln_param *p = &c->params[k];
      uint32_t h = c->args[k];
      if (p->type <= KILN_TYPE_I64 && gp < N_GP_ARGS && !(p->flags & ~KILN_PARAM_SRET))
        a.dst[k] = gp_args[gp++];
      else if ((p->type == KILN_TYPE_F32 || p->type == KILN_TYPE_F64) && fp < N_FP_ARGS)
        a.dst[k] = (uint8_t)(KN_FP_BASE + fp++);
      else return false;
      a.type[k] = (uint8_t)p->type;
      a.h[k] = h;
      waiting |= w->val[kn_value_or_none(h)].flags;
    }
  }
  uint32_t symbol = callee_symbol(w, c);
  unsigned total = n;
  if (symbol == 0) {
    a.dst[n] = X64_R10;
    a.type[n] = KILN_TYPE_I64;
    a.h[n] = c->callee;
    total++;
    waiting |= w->val[kn_value_or_none(c->callee)].flags;
  }
  if (waiting & (KN_VF_ADDR | KN_VF_WAITS)) {
    for (unsigned k = 0; k < total; k++) {
      uint32_t h = a.h[k];
      if (!kn_is_value(h) || !(w->val[h].flags & (KN_VF_ADDR | KN_VF_WAITS))) continue;
      kn_reg(w, h, a.type[k]);
      kn_inst_end(w);
    }
  }
  kn_take_moves(w, &a, total);
  kn_save_live(w, X64_CLOBBERED);
  kn_move_few(w, &a, total);
  if (KN_UNLIKELY(c->variadic)) {
    if (fp) x64_const(w, X64_RAX, fp);
    else EMIT(w, x64_zero(w->code.p, X64_RAX));
  }
  emit_target(w, symbol);
  return true;
}

/* Emits the call: arguments in place, live registers saved, uses dropped. */
static void emit_call(struct kn_walk *w, const struct call *c) {
  uint32_t moved = 0;
  if (emit_simple_call(w, c)) return;
  early_args(w, c, &moved);
  if (w->f->status != KILN_OK) return;
  struct assign a = {0};
  struct {
    uint8_t reg, type, sign;
  } ext[N_GP_ARGS];
  unsigned n_ext = 0;
  struct x64_place wide[N_GP_ARGS];
  struct {
    uint8_t reg;
    bool constant;
    int64_t v;
#ifdef KN_CHECKS
    uint32_t value;
#endif
  } halves[N_GP_ARGS];
  unsigned n_halves = 0;
  for (uint32_t k = 0; k < c->n; k++) {
    uint32_t h = c->args[k], offset;
    unsigned type = arg_type(w, c, k);
    const kiln_param *p = k < c->n_params ? &c->params[k] : NULL;
    unsigned flags = p ? p->flags : 0;
    unsigned reg = next_arg(&a, type, flags, p, &offset);
    if (reg == KN_NO_REG) continue;
    if (KN_UNLIKELY(type == KILN_TYPE_I128)) {
      int64_t v[2];
      struct x64_place half[2];
      bool constant = x64_wide_source(w, h, half, v);
      for (unsigned j = 0; j < 2; j++, n_halves++) {
        halves[n_halves].reg = gp_args[a.gp - 2 + j];
        halves[n_halves].constant = constant;
        halves[n_halves].v = v[j];
#ifdef KN_CHECKS
        halves[n_halves].value = h;
#endif
        wide[n_halves] = half[j];
      }
      continue;
    }
    add_move(w, reg, type, h);
    if (KN_UNLIKELY((flags & (KILN_PARAM_SEXT | KILN_PARAM_ZEXT)) && type < KILN_TYPE_I32)) {
      ext[n_ext].reg = (uint8_t)reg;
      ext[n_ext].type = (uint8_t)type;
      ext[n_ext++].sign = (flags & KILN_PARAM_SEXT) != 0;
    }
  }
  uint32_t symbol = callee_symbol(w, c);
  if (symbol == 0) add_move(w, X64_R10, KILN_TYPE_I64, c->callee);
  for (uint32_t k = 0; k < c->n; k++) kn_drop(w, c->args[k]);
  if (c->callee) kn_drop(w, c->callee);
  kn_save_live(w, X64_CLOBBERED);
  if (!kn_code_ready(w, 4096)) return;
  kn_run_moves(w);
  for (unsigned k = 0; k < n_halves; k++) {
    if (!halves[k].constant)
      KN_LOG(w, KN_EV_USE, halves[k].value, KN_PLACE_FRAME + w->val[halves[k].value].frame);
    KN_LOG(w, KN_EV_CLOBBER, 0, halves[k].reg);
    if (halves[k].constant) x64_const(w, halves[k].reg, (uint64_t)halves[k].v);
    else x64_op_mem(w, X64_MOV, 3, halves[k].reg, &wide[k]);
  }
  for (unsigned k = 0; k < n_ext; k++)
    x64_extend(w, ext[k].reg, ext[k].reg, ext[k].type, ext[k].sign, false);
  if (c->variadic) {
    if (a.fp) x64_const(w, X64_RAX, a.fp);
    else EMIT(w, x64_zero(w->code.p, X64_RAX));
  }
  emit_target(w, symbol);
  if (moved) EMIT(w, x64_alu_ri(w->code.p, X64_G_ADD, 3, X64_RSP, (int32_t)moved));
}

/* Result i of `type` arrived in reg (i128: in reg and rdx). */
static void take_result(struct kn_walk *w, uint32_t i, unsigned type, unsigned reg, unsigned high) {
  if (type == KILN_TYPE_F80) {
    x64_x87_pop(w, i);
    return;
  }
  if (w->val[i].uses == 0) return;
  if (type == KILN_TYPE_I128) {
    if ((w->val[i].flags & KN_VF_SLOT_HOME) == 0) {
      w->val[i].flags |= KN_VF_FRAME;
      w->val[i].frame = 0; /* was the block's id */
    }
    int32_t at = kn_frame_of(w, &w->val[i]);
    EMIT(w, x64_rm(w->code.p, X64_MOV_ST, 3, reg, x64_at(X64_RBP, at)));
    EMIT(w, x64_rm(w->code.p, X64_MOV_ST, 3, high, x64_at(X64_RBP, at + 8)));
    KN_LOG(w, KN_EV_DEF, i, KN_PLACE_FRAME + at);
    return;
  }
  x64_def_fixed(w, i, type, reg);
}

/* Logs that the results of the call are in `reg`, until each is taken. */
static void log_arrival(const struct kn_walk *w, unsigned n, const uint8_t *reg) {
#ifdef KN_CHECKS
  for (uint32_t i = w->i; i == w->i || (w->inst[i].op == KILN_OP_RESULT && w->inst[i].a == w->i);
       i++) {
    unsigned number = i == w->i ? 0 : w->inst[i].x;
    if (number < n && w->val[i].uses && reg[number] != KN_NO_REG && !kn_wide(w, w->val[i].type))
      KN_LOG(w, KN_EV_DEF, i, reg[number]);
  }
#endif
  (void)w, (void)n, (void)reg;
}

/* Results in st(0), st(1) leave the x87 stack at once, wanted or not. */
static void take_x87_results(struct kn_walk *w, const struct kn_sig *sig, uint32_t i) {
  for (unsigned k = 0; k < sig->n_results; k++) {
    if (sig->results[k] != KILN_TYPE_F80) continue;
    uint32_t value = k == 0 ? i : 0;
    for (uint32_t r = i + 1; k > 0 && w->inst[r].op == KILN_OP_RESULT && w->inst[r].a == i; r++)
      if (w->inst[r].x == k) value = r;
    x64_x87_pop(w, value);
  }
}

void x64_lower_call(struct kn_walk *w, const struct kn_inst *in) {
  uint32_t i = w->i;
  const kiln_module *m = w->f->module;
  const struct kn_sig *sig = kn_sig(m, in->c);
  struct call c = {
    .callee = in->b,
    .n = in->x,
    .args = w->f->lists.at + in->a,
    .params = sig->params,
    .n_params = sig->n_params,
    .variadic = (sig->flags & KILN_SIG_VARIADIC) != 0,
    .plain = sig->plain,
  };
  if (c.n < c.n_params) c.n_params = c.n;
  emit_call(w, &c);
  if (w->f->status != KILN_OK) return;
  if (sig->n_results == 0) return;
  if (KN_LIKELY(sig->n_results == 1 && X64_INT >> sig->results[0] & 1)) {
    if (w->val[i].uses) x64_def_fixed(w, i, sig->results[0], X64_RAX);
    return;
  }
  take_x87_results(w, sig, i);
  /* all result registers first, so that nothing takes them */
  unsigned gp = 0, fp = 0, x87 = 0, next = i;
  uint8_t reg[KILN_MAX_RESULTS], high[KILN_MAX_RESULTS];
  for (unsigned k = 0; k < sig->n_results; k++) {
    unsigned type = sig->results[k];
    high[k] = reg[k] = KN_NO_REG;
    if (type == KILN_TYPE_F80 && x87++ < N_X87_RESULTS) continue;
    if (x87 > N_X87_RESULTS || !kn_type(w, type)->lowered ||
        gp + (type == KILN_TYPE_I128) >= N_GP_RESULTS + kn_bank(w, type) * 9 ||
        fp >= N_FP_RESULTS + !kn_bank(w, type) * 9) {
      kn_walk_fail(w, KILN_ERR_UNSUPPORTED, "result of a type, or number, that is not lowered yet");
      return;
    }
    reg[k] = kn_bank(w, type) ? (uint8_t)(KN_FP_BASE + fp++) : gp_results[gp++];
    if (type == KILN_TYPE_I128) high[k] = gp_results[gp++];
  }
  uint64_t taken = 0;
  for (unsigned k = 0; k < sig->n_results; k++)
    taken |=
      (reg[k] != KN_NO_REG ? KN_BIT(reg[k]) : 0) | (high[k] != KN_NO_REG ? KN_BIT(high[k]) : 0);
  taken &= w->regs.free;
  w->regs.free &= ~taken;
  w->regs.temp |= taken;
  log_arrival(w, sig->n_results, reg);
  for (unsigned k = 0; k < sig->n_results; k++) {
    if (k && !(w->inst[next + 1].op == KILN_OP_RESULT && w->inst[next + 1].a == i)) break;
    unsigned number = k ? w->inst[next + 1].x : 0;
    if (k) next++;
    if (number < sig->n_results && reg[number] != KN_NO_REG) {
      if (w->val[next].uses && high[number] == KN_NO_REG) KN_LOG(w, KN_EV_USE, next, reg[number]);
      take_result(w, next, sig->results[number], reg[number], high[number]);
    }
  }
}

void x64_libcall(struct kn_walk *w, enum x64_lib fn, const uint32_t *args, const uint8_t *types,
                 unsigned n, uint32_t i, unsigned result) {
  kiln_param params[4] = {{0}};
  for (unsigned k = 0; k < n; k++) params[k].type = types[k];
  struct call c = {
    .symbol = x64_lib_symbol(w, fn), .n = n, .args = args, .params = params, .n_params = n};
  emit_call(w, &c);
  if (result == KILN_TYPE_VOID || w->f->status != KILN_OK) return;
  w->regs.free &= ~KN_BIT(X64_RAX) & ~KN_BIT(X64_XMM0);
  w->regs.temp |= (KN_BIT(X64_RAX) | KN_BIT(X64_XMM0));
  take_result(w, i, result, kn_bank(w, result) ? X64_XMM0 : X64_RAX, X64_RDX);
}

/* ---- returns ---- */

void x64_lower_ret(struct kn_walk *w, const struct kn_inst *in) {
  kiln_func *f = w->f;
  unsigned gp = 0, fp = 0, x87 = 0, low = 0;
  struct x64_place half[2];
  int64_t v[2];
  bool wide = false, constant = false;
  for (unsigned k = 0; k < in->x; k++) {
    uint32_t h = kn_ret_value(f, in, k);
    unsigned type = f->result_types[k], bank = kn_bank(w, type);
    unsigned n = type == KILN_TYPE_I128 ? 2 : 1;
    if (type == KILN_TYPE_F80 && x87++ < N_X87_RESULTS) continue;
    if (x87 > N_X87_RESULTS || !kn_type(w, type)->lowered ||
        (bank ? fp + n > N_FP_RESULTS : gp + n > N_GP_RESULTS)) {
      kn_walk_fail(w, KILN_ERR_UNSUPPORTED, "result of a type, or number, that is not lowered yet");
      return;
    }
    if (n == 2) { /* at most one fits; its halves are in the frame, so they may come last */
      constant = x64_wide_source(w, h, half, v);
      wide = true;
      low = gp;
      gp += 2;
      continue;
    }
    if (kn_is_value(h) && (w->val[h].flags & (KN_VF_ADDR | KN_VF_WAITS))) kn_reg(w, h, type);
    add_move(w, bank ? KN_FP_BASE + fp++ : gp_results[gp++], type, h);
  }
  kn_run_moves(w);
  if (wide) {
    for (unsigned k = 0; k < 2; k++) {
      if (constant) x64_const(w, gp_results[low + k], (uint64_t)v[k]);
      else x64_op_mem(w, X64_MOV, 3, gp_results[low + k], &half[k]);
    }
  }
  for (unsigned k = in->x; x87 > 0 && k-- > 0;) /* the first one is the top */
    if (f->result_types[k] == KILN_TYPE_F80) x64_x87_push(w, kn_ret_value(f, in, k));
  if (x64(w)->sret) EMIT(w, x64_rm(w->code.p, X64_MOV, 3, X64_RAX, x64_at(X64_RBP, x64(w)->sret)));
  for (unsigned k = 0; k < in->x; k++) kn_drop(w, kn_ret_value(f, in, k));
  x64_epilogue(w);
}

/* ---- entry ---- */

/* Variadic definitions store the argument registers for va_arg: psABI, figure 3.33. */
static void save_area(struct kn_walk *w) {
  w->frame.va.save = kn_frame_alloc(w, 176, 4);
  for (unsigned k = w->frame.va.gp; k < N_GP_ARGS; k++)
    EMIT(w, x64_rm(w->code.p, X64_MOV_ST, 3, gp_args[k],
                   x64_at(X64_RBP, w->frame.va.save + 8 * (int32_t)k)));
  EMIT(w, x64_rr(w->code.p, X64_TEST, 0, X64_RAX, X64_RAX));
  uint32_t skip = kn_code_label(w);
  x64_jcc(w, X64_E, skip);
  for (unsigned k = w->frame.va.fp; k < N_FP_ARGS; k++)
    EMIT(w, x64_rm(w->code.p, X64_MOVAPS_ST, 2, k,
                   x64_at(X64_RBP, w->frame.va.save + 48 + 16 * (int32_t)k)));
  x64_place_label(w, skip);
}

/* Slots aligned beyond the stack's alignment live behind a pointer that the entry computes. */
static void align_slots(struct kn_walk *w) {
  for (uint32_t k = 0; k < w->f->slots.n; k++) {
    struct kn_slot *s = &w->f->slots.at[k];
    if (s->align_log2 <= 4 || s->uses == 0) continue;
    int32_t align = 1 << s->align_log2;
    int32_t at = kn_frame_alloc(w, s->size_bytes + (uint64_t)align, 4);
    s->frame = kn_frame_alloc(w, 8, 3);
    if (!kn_code_ready(w, 4096)) return;
    EMIT(w, x64_rm(w->code.p, X64_LEA, 3, X64_SCRATCH, x64_at(X64_RBP, at + align - 1)));
    EMIT(w, x64_alu_ri(w->code.p, X64_G_AND, 3, X64_SCRATCH, -align));
    EMIT(w, x64_rm(w->code.p, X64_MOV_ST, 3, X64_SCRATCH, x64_at(X64_RBP, s->frame)));
  }
}

void x64_enter(struct kn_walk *w) {
  kiln_func *f = w->f;
  const kiln_module *m = f->module;
  const struct kn_sig *sig = kn_sig(m, f->sig);
  const kiln_param *params = sig->params;
  struct assign a = {0};
  uint32_t first = f->block[0].param_first;
  bool by_value = false;
  for (uint32_t k = 0; k < sig->n_params; k++) {
    const kiln_param *p = &params[k];
    uint32_t i = first + k, offset = 0;
    struct kn_val *v = &w->val[i];
    unsigned reg = next_arg(&a, p->type, p->flags, p, &offset);
    int32_t incoming = 16 + (int32_t)offset;
    if (!kn_type(w, p->type)->lowered) {
      kn_walk_fail(w, KILN_ERR_UNSUPPORTED, "parameter of a type that is not lowered yet");
      return;
    }
    if (!kn_code_ready(w, 4096)) return;
    if (reg == KN_NO_REG) x64(w)->uses_incoming = true;
    if (p->flags & KILN_PARAM_SRET) {
      x64(w)->sret = kn_frame_alloc(w, 8, 3);
      EMIT(w, x64_rm(w->code.p, X64_MOV_ST, 3, reg, x64_at(X64_RBP, x64(w)->sret)));
    }
    if (v->uses == 0) continue;
    if (p->flags & KILN_PARAM_BYVAL) {
      by_value = true;
      continue;
    }
    if (kn_wide(w, p->type)) {
      if ((v->flags & KN_VF_SLOT_HOME) == 0) v->flags |= KN_VF_FRAME;
      if (reg == KN_NO_REG) {
        v->frame = incoming;
        KN_LOG(w, KN_EV_DEF, i, KN_PLACE_FRAME + incoming);
        continue;
      }
      v->frame = 0;
      int32_t at = kn_frame_of(w, v);
      EMIT(w, x64_rm(w->code.p, X64_MOV_ST, 3, gp_args[a.gp - 2], x64_at(X64_RBP, at)));
      EMIT(w, x64_rm(w->code.p, X64_MOV_ST, 3, gp_args[a.gp - 1], x64_at(X64_RBP, at + 8)));
      KN_LOG(w, KN_EV_DEF, i, KN_PLACE_FRAME + at);
      continue;
    }
    struct kn_place_move move = {
      .dst = KN_NO_REG, .src = (uint8_t)reg, .type = p->type, .src_frame = incoming};
    KN_LOG(w, KN_EV_DEF, i, reg == KN_NO_REG ? KN_PLACE_FRAME + incoming : (int32_t)reg);
    if (v->flags & KN_VF_HOME) {
      move.dst = v->reg;
    } else if (v->flags & KN_VF_SLOT_HOME) {
      if (reg == KN_NO_REG) {
        v->frame = incoming; /* its home is where it arrived */
        continue;
      }
      move.dst_frame = kn_frame_of(w, v);
    } else if (reg == KN_NO_REG) {
      v->flags |= KN_VF_FRAME;
      v->frame = incoming;
      continue;
    } else {
      v->reg = (uint8_t)reg;
      v->frame = 0;
      w->regs.owner[reg] = i;
      w->regs.block_regs |= KN_BIT(reg);
      w->regs.free &= ~KN_BIT(reg);
      continue;
    }
    KN_PUSH(f, w->moves, move);
  }
  w->frame.va.gp = a.gp;
  w->frame.va.fp = a.fp;
  w->frame.va.stack = 16 + (int32_t)a.stack;
  if (f->variadic) save_area(w); /* before the moves: homes may be registers of further arguments */
  kn_run_moves(w);
  if (KN_UNLIKELY(f->aligned_slots)) align_slots(w);
  if (!by_value) return;
  a = (struct assign){0};
  for (uint32_t k = 0; k < sig->n_params; k++) {
    const kiln_param *p = &params[k];
    uint32_t offset = 0;
    next_arg(&a, p->type, p->flags, p, &offset);
    if (!(p->flags & KILN_PARAM_BYVAL) || w->val[first + k].uses == 0) continue;
    if (!kn_code_ready(w, 4096)) return;
    w->i = first + k;
    unsigned dst = kn_def(w, first + k, KILN_TYPE_I64, KN_NO_REG, 0);
    EMIT(w, x64_rm(w->code.p, X64_LEA, 3, dst, x64_at(X64_RBP, 16 + (int32_t)offset)));
    kn_defined(w, first + k, dst);
    kn_inst_end(w);
  }
}
