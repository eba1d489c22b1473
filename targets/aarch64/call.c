/* Calls, parameters and results for AArch64 by AAPCS64 (Linux): classification of arguments, calls
 * with any number of them, variadic definitions, block memory operations. Called by the loop in
 * target.c. Arguments in memory are pushed below the stack pointer for the time of the call; the
 * frame is addressed from x29, so that nothing else moves. Invariant: what a call clobbers holds no
 * live value when it is emitted. */
#include "targets/aarch64/a64.h"

/* x0 to x17 and v0 to v7, v16 to v31; of v8 to v15 only the upper halves, which hold nothing. */
#define CLOBBERED                                                                                  \
  (UINT64_C(0x3ffff) | UINT64_C(0xff) << KN_FP_BASE | UINT64_C(0xffff0000) << KN_FP_BASE)

enum { CALLEE = 9, SRET = 8 };

/* ---- AAPCS64, 6.8.2 ---- */

struct assign {
  unsigned gp, fp; /* NGRN, NSRN */
  uint32_t stack;  /* NSAA */
  unsigned joined; /* parts left of an argument of several */
  bool first;      /* the next is its first */
};
struct location {
  unsigned reg; /* KN_NO_REG: on the stack. Of an i128: the first of two */
  uint32_t stack;
};

/* True for what is passed in vector registers. */
static bool is_float(unsigned type) { return kn_target_aarch64.types[type].bank; }

static uint32_t align_to(uint32_t x, uint32_t a) { return (x + a - 1) & ~(a - 1); }

/* An argument of several parts begins with p: it goes to registers or to the stack whole. */
static void begin_joined(struct assign *s, unsigned type, const kiln_param *p) {
  unsigned n = 1;
  while (p[n - 1].flags & KILN_PARAM_JOIN) n++;
  unsigned *used = is_float(type) ? &s->fp : &s->gp;
  if (*used + n > 8) *used = 8;
  s->joined = n;
  s->first = true;
}

static struct location next_argument(struct assign *s, unsigned type, const kiln_param *p) {
  struct location l = {KN_NO_REG, 0};
  uint32_t size = 8;
  if (s->joined == 0 && p && p->flags & KILN_PARAM_JOIN) begin_joined(s, type, p);
  bool inside = s->joined && !s->first;
  if (s->joined) {
    s->joined--;
    s->first = false;
    if (type == KILN_TYPE_F32) size = 4; /* as in memory */
  }
  if (p && p->flags & KILN_PARAM_SRET) {
    l.reg = SRET;
    return l;
  }
  if (p && p->flags & KILN_PARAM_BYVAL) {
    s->stack = align_to(s->stack, p->align_log2 > 3 ? 16 : 8);
    size = align_to(p->size_bytes, 8);
  } else if (is_float(type)) {
    if (s->fp < 8) {
      l.reg = KN_FP_BASE + s->fp++;
      return l;
    }
    if (type == KILN_TYPE_F128) {
      s->stack = align_to(s->stack, 16);
      size = 16;
    }
  } else if (type == KILN_TYPE_I128) {
    s->gp = (s->gp + 1) & ~1u;
    if (s->gp + 2 <= 8) {
      l.reg = s->gp;
      s->gp += 2;
      return l;
    }
    s->gp = 8;
    s->stack = align_to(s->stack, 16);
    size = 16;
  } else if (s->gp < 8) {
    l.reg = s->gp++;
    return l;
  }
  if (!inside) s->stack = align_to(s->stack, 8);
  l.stack = s->stack;
  s->stack += size;
  return l;
}

/* Register of the k-th result; false if there is none. */
static bool result_register(const uint8_t *types, unsigned k, unsigned *reg) {
  unsigned gp = 0, fp = 0;
  for (unsigned i = 0; i < k; i++) {
    if (is_float(types[i])) fp++;
    else gp += types[i] == KILN_TYPE_I128 ? 2 : 1;
  }
  *reg = is_float(types[k]) ? KN_FP_BASE + fp : gp;
  return is_float(types[k]) ? fp < 8 : gp + (types[k] == KILN_TYPE_I128) < 8;
}

/* ---- function entry ---- */

static void save_registers(struct kn_walk *w, const struct assign *s) {
  w->frame.va.gp = s->gp;
  w->frame.va.fp = s->fp;
  w->frame.va.stack = (int32_t)align_to(s->stack, 8);
  w->frame.va.save = kn_frame_alloc(w, 64 + 128, 4);
  for (unsigned r = s->gp; r < 8; r++) {
    struct a64_at m = a64_frame_at(w, A64_STR_X, w->frame.va.save, 8 * r);
    a64_emit(w, a64_mem_offset(A64_STR_X, r, m.base, m.off));
  }
  for (unsigned r = s->fp; r < 8; r++) {
    struct a64_at m = a64_frame_at(w, A64_STR_FQ, w->frame.va.save, 64 + 16 * r);
    a64_emit(w, a64_mem_offset(A64_STR_FQ, r, m.base, m.off));
  }
}

/* An i128 or f128 to and from the registers that begin with r. */
static void store_wide(struct kn_walk *w, uint32_t value, unsigned r) {
  if (r >= KN_FP_BASE) a64_quad_store(w, value, r);
  else a64_wide_store(w, value, r, r + 1);
}
static void load_wide(struct kn_walk *w, uint32_t h, unsigned r) {
  if (r >= KN_FP_BASE) a64_quad_load(w, h, r);
  else a64_wide_load(w, h, r, r + 1);
}

/* A parameter that arrives in register r. */
static void enter_register(struct kn_walk *w, uint32_t value, unsigned r) {
  struct kn_val *val = &w->val[value];
  if (kn_wide(w, val->type)) {
    store_wide(w, value, r);
  } else if (val->flags & KN_VF_HOME) {
    a64_hook_move(w, val->reg, r, val->type);
    KN_LOG(w, KN_EV_MOVE, r, val->reg);
  } else if (val->flags & KN_VF_SLOT_HOME) {
    a64_hook_store(w, r, kn_frame_of(w, val), val->type);
    KN_LOG(w, KN_EV_MOVE, r, KN_PLACE_FRAME + val->frame);
  } else if (val->uses) {
    val->reg = (uint8_t)r;
    val->frame = 0;
    w->regs.owner[r] = value;
    w->regs.free &= ~KN_BIT(r);
  }
}

static void enter_stack(struct kn_walk *w, uint32_t value, int32_t frame, bool address) {
  struct kn_val *val = &w->val[value];
  if (!address) {
    KN_LOG(w, KN_EV_DEF, value, KN_PLACE_FRAME + frame);
    if (val->flags & KN_VF_HOME) {
      a64_hook_load(w, val->reg, frame, val->type);
      KN_LOG(w, KN_EV_MOVE, (uint32_t)(KN_PLACE_FRAME + frame), val->reg);
    } else {
      val->frame = frame;
      if ((val->flags & KN_VF_SLOT_HOME) == 0) {
        val->flags |= KN_VF_FRAME;
        val->reg = KN_NO_REG;
      }
    }
    return;
  }
  if (val->uses == 0) return;
  unsigned d = val->flags & KN_VF_HOME ? val->reg : kn_take(w, KN_GP_MASK);
  a64_frame_addr(w, d, frame, 0);
  KN_LOG(w, KN_EV_DEF, value, d);
  if (val->flags & KN_VF_HOME) return;
  w->regs.owner[d] = value;
  val->reg = (uint8_t)d;
  if ((val->flags & KN_VF_SLOT_HOME) == 0) val->frame = 0;
  kn_defined(w, value, d);
}

/* Logs the parameters that arrive in registers: all of them before the first is moved. */
static void log_arrival(const struct kn_walk *w, const kiln_sig_info *sig) {
#ifdef KN_CHECKS
  struct assign s = {0};
  for (uint32_t k = 0; k < sig->n_params; k++) {
    uint32_t value = kn_block_param(w->f, &w->f->block[0], k);
    struct location l = next_argument(&s, sig->params[k].type, &sig->params[k]);
    if (l.reg != KN_NO_REG && w->val[value].uses && !kn_wide(w, sig->params[k].type))
      KN_LOG(w, KN_EV_DEF, value, l.reg);
  }
#endif
  (void)w, (void)sig;
}

void a64_enter(struct kn_walk *w) {
  kiln_func *f = w->f;
  kiln_sig_info sig = kiln_sig_get(f->module, (kiln_sig){f->sig});
  const struct kn_block *entry = &f->block[0];
  struct assign s = {0};
  bool on_stack = false;
  log_arrival(w, &sig);
  for (uint32_t k = 0; k < sig.n_params; k++) {
    uint32_t value = kn_block_param(f, entry, k);
    struct location l = next_argument(&s, sig.params[k].type, &sig.params[k]);
    if (!kn_type(w, sig.params[k].type)->lowered) {
      w->i = value;
      kn_walk_fail(w, KILN_ERR_UNSUPPORTED, "parameter of this type on AArch64");
      return;
    }
    if (!kn_code_ready(w, 0)) return;
    if (l.reg == KN_NO_REG) on_stack = true;
    else enter_register(w, value, l.reg);
  }
  if (f->variadic) save_registers(w, &s); /* before anything takes an argument register */
  if (on_stack) {
    struct assign again = {0};
    for (uint32_t k = 0; k < sig.n_params; k++) {
      struct location l = next_argument(&again, sig.params[k].type, &sig.params[k]);
      if (l.reg != KN_NO_REG) continue;
      if (!kn_code_ready(w, 0)) return;
      enter_stack(w, kn_block_param(f, entry, k), A64_INCOMING_FRAME(l.stack),
                  (sig.params[k].flags & KILN_PARAM_BYVAL) != 0);
    }
  }
  kn_inst_end(w);
}

/* ---- calls ---- */

/* An i128 or f128 argument: loaded when all else is in place. */
struct wide_arg {
  uint32_t h;
  unsigned reg;
};
/* As many as registers take. */
enum { MAX_WIDE = 4 + 8 };

/* Moves h to register `dst` when the moves are run. */
static void move_to(struct kn_walk *w, unsigned dst, uint32_t h, unsigned type) {
  struct kn_place_move m = {.dst = (uint8_t)dst, .type = (uint8_t)type};
  kn_source(w, h, &m);
  if (m.src < 64) w->regs.locked |= KN_BIT(m.src);
  KN_PUSH(w->f, w->moves, m);
}

/* sp + off for `op`; through x17 where that does not reach. Off is below 16 MiB. */
static struct a64_at stack_at(struct kn_walk *w, enum a64_mem op, uint32_t off) {
  if (KN_LIKELY(a64_mem_offset_ok(op, off))) return (struct a64_at){A64_SP, (int32_t)off};
  a64_emit(w, a64_addsub_imm(A64_ADD, 1, A64_IP1, A64_SP, off >> 12, 1));
  return (struct a64_at){A64_IP1, (int32_t)(off & 0xfff)};
}

/* Stores h at sp + off. */
static void push_to(struct kn_walk *w, uint32_t off, uint32_t h, unsigned type) {
  if (kn_wide(w, type)) {
    unsigned low = kn_temp(w, KN_GP_MASK), high = kn_temp(w, KN_GP_MASK);
    a64_wide_load(w, h, low, high);
    struct a64_at at = stack_at(w, A64_STR_X, off + 8);
    a64_emit(w, a64_mem_offset(A64_STR_X, low, at.base, at.off - 8));
    a64_emit(w, a64_mem_offset(A64_STR_X, high, at.base, at.off));
    return;
  }
  struct kn_place_move m = {.dst = KN_NO_REG, .type = (uint8_t)type};
  kn_source(w, h, &m);
  unsigned r = m.src;
  uint64_t bits;
  if (kn_is_value(h)) KN_LOG(w, KN_EV_USE, h, r < 64 ? (int32_t)r : KN_PLACE_FRAME + m.src_frame);
  if (r < 64) {
    w->regs.locked |= KN_BIT(r);
  } else if (m.src_handle && a64_const(w, h, KILN_TYPE_I64, &bits)) {
    r = bits ? A64_IP0 : A64_ZR;
    if (bits) a64_set(w, A64_IP0, 1, bits);
  } else {
    r = A64_IP0;
    if (m.src_handle) a64_hook_constant(w, A64_IP0, m.src_handle, KILN_TYPE_I64);
    else a64_hook_load(w, A64_IP0, m.src_frame, KILN_TYPE_I64);
  }
  bool half = type == KILN_TYPE_F32; /* next to another one, it may be */
  enum a64_mem op = r >= KN_FP_BASE ? (half ? A64_STR_FS : A64_STR_FD)
                    : half          ? A64_STR_W
                                    : A64_STR_X;
  struct a64_at at = stack_at(w, op, off);
  a64_emit(w, a64_mem_offset(op, r & 31, at.base, at.off));
}

/* Copies `size` bytes from address h to sp + off: all but the last few of many in a loop. */
static void push_block(struct kn_walk *w, uint32_t off, uint32_t h, uint32_t size) {
  enum { UNROLLED = 64 };
  unsigned from = kn_reg(w, h, KILN_TYPE_I64), to = A64_SP;
  static const uint8_t loads[] = {A64_LDRB, A64_LDRH, A64_LDR_W, A64_LDR_X};
  static const uint8_t stores[] = {A64_STRB, A64_STRH, A64_STR_W, A64_STR_X};
  if (off >= 4096 || size > UNROLLED) {
    a64_emit(w, a64_addsub_imm(A64_ADD, 1, A64_IP1, A64_SP, off & 0xfff, 0));
    if (off >> 12) a64_emit(w, a64_addsub_imm(A64_ADD, 1, A64_IP1, A64_IP1, off >> 12, 1));
    to = A64_IP1;
    off = 0;
  }
  if (size > UNROLLED) {
    unsigned source = kn_temp(w, KN_GP_MASK), left = kn_temp(w, KN_GP_MASK);
    a64_emit(w, a64_mov(1, source, from));
    a64_set(w, left, 1, size / 8);
    a64_emit(w, a64_mem_post(A64_LDR_X, A64_IP0, source, 8));
    a64_emit(w, a64_mem_post(A64_STR_X, A64_IP0, A64_IP1, 8));
    a64_emit(w, a64_addsub_imm(A64_SUB, 1, left, left, 1, 0));
    a64_emit(w, a64_cbnz(1, left, -12));
    from = source;
    size %= 8;
  }
  for (uint32_t at = 0; at < size;) {
    unsigned log2 = size - at >= 8 ? 3 : size - at >= 4 ? 2 : size - at >= 2 ? 1 : 0;
    a64_emit(w, a64_mem_offset((enum a64_mem)loads[log2], A64_IP0, from, (int32_t)at));
    a64_emit(w, a64_mem_offset((enum a64_mem)stores[log2], A64_IP0, to, (int32_t)(off + at)));
    at += 1u << log2;
  }
}

static void emit_call(struct kn_walk *w, uint32_t symbol) {
  if (symbol) {
    kn_code_relocate(w, kn_here(w), symbol, R_AARCH64_CALL26, 0);
    a64_emit(w, a64_bl(0));
  } else {
    a64_emit(w, a64_blr(CALLEE));
  }
  KN_LOG_SET(w, KN_EV_LOST, CLOBBERED);
}

/* Logs where the results of a call are until each is taken. */
static void log_results(const struct kn_walk *w, const uint8_t *types, unsigned n) {
#ifdef KN_CHECKS
  unsigned reg;
  for (uint32_t i = w->i; i == w->i || (w->inst[i].op == KILN_OP_RESULT && w->inst[i].a == w->i);
       i++) {
    unsigned number = i == w->i ? 0 : w->inst[i].x;
    if (number < n && w->val[i].uses && !kn_wide(w, types[number]) &&
        result_register(types, number, &reg))
      KN_LOG(w, KN_EV_DEF, i, reg);
  }
#endif
  (void)w, (void)types, (void)n;
}

/* The results of a call, which are in their registers. */
static void take_results(struct kn_walk *w, const uint8_t *types, unsigned n) {
  uint64_t held = 0;
  unsigned reg;
  w->regs.locked = 0;
  if (n == 0) return;
  if (KN_LIKELY(n == 1 && !kn_wide(w, types[0]))) {
    log_results(w, types, n);
    if (w->val[w->i].uses == 0) return;
    reg = kn_bank(w, types[0]) ? KN_FP_BASE : 0;
    KN_LOG(w, KN_EV_USE, w->i, reg);
    w->regs.locked = KN_BIT(reg); /* not for an alias that makes way */
    unsigned d = kn_def(w, w->i, types[0], reg, 0);
    a64_hook_move(w, d, reg, types[0]);
    kn_defined(w, w->i, d);
    return;
  }
  for (unsigned k = 0; k < n; k++)
    if (result_register(types, k, &reg))
      held |= KN_BIT(reg) | (types[k] == KILN_TYPE_I128 ? KN_BIT(reg + 1) : 0);
  held &= w->regs.free;
  w->regs.free &= ~held;
  w->regs.locked |= held;
  log_results(w, types, n);
  for (unsigned k = 0; k < n; k++) {
    uint32_t value = w->i + k;
    if (k > 0 && (w->inst[value].op != KILN_OP_RESULT || w->inst[value].a != w->i)) break;
    unsigned number = k ? w->inst[value].x : 0;
    if (number >= n) continue;
    if (!result_register(types, number, &reg)) {
      kn_walk_fail(w, KILN_ERR_UNSUPPORTED, "more than 8 results of a kind on AArch64");
      break;
    }
    if (kn_wide(w, types[number])) {
      store_wide(w, value, reg);
      continue;
    }
    if (held & KN_BIT(reg)) w->regs.free |= KN_BIT(reg);
    if (w->val[value].uses == 0) continue;
    KN_LOG(w, KN_EV_USE, value, reg);
    unsigned d = kn_def(w, value, types[number], reg, held & ~KN_BIT(reg));
    a64_hook_move(w, d, reg, w->val[value].type);
    held &= ~KN_BIT(reg);
    kn_defined(w, value, d);
  }
  w->regs.free |= held;
}

/* A deferred value is computed: that may take registers, and so must be done before moves are collected. */
KN_INLINE void prepare_argument(struct kn_walk *w, uint32_t h, unsigned type) {
  if (kn_is_value(h) && KN_UNLIKELY(w->val[h].flags & (KN_VF_ADDR | KN_VF_WAITS))) {
    kn_reg(w, h, type);
    KN_LOG_SET(w, KN_EV_DONE, ~UINT64_C(0));
    w->regs.locked = 0;
  }
}

/* A call with up to 8 arguments, all of them integers of up to 64 bits and so in x0 to x7 in their order:
 * most calls. False, and nothing done, if it is not one. */
static bool simple_call(struct kn_walk *w, const struct kn_inst *in, const struct kn_sig *sig) {
  const kiln_func *f = w->f;
  uint32_t n = in->x;
  if (!sig->plain || n > 8 || n != sig->n_params || sig->n_results > 1 ||
      (sig->n_results && !kn_type(w, sig->results[0])->lowered))
    return false;
  const uint32_t *args = &f->lists.at[in->a];
  struct kn_few_moves m;
  _Static_assert(8 + 1 <= KN_FEW_MOVES, "arguments and the callee's address");
  unsigned waiting = 0, total = 0;
  uint32_t symbol = 0;
  if (kn_is_pool(in->b) && f->pool.at[kn_index(in->b)].low == 0)
    symbol = f->pool.at[kn_index(in->b)].symbol;
  if (KN_UNLIKELY(symbol == 0)) {
    m.h[0] = in->b;
    m.dst[0] = CALLEE;
    m.type[0] = KILN_TYPE_I64;
    waiting = w->val[kn_value_or_none(in->b)].flags;
    total = 1;
  }
  for (unsigned k = 0; k < n; k++, total++) {
    uint32_t h = args[k];
    m.h[total] = h;
    m.dst[total] = (uint8_t)k;
    m.type[total] = sig->params[k].type;
    waiting |= w->val[kn_value_or_none(h)].flags;
  }
  if (waiting & (KN_VF_ADDR | KN_VF_WAITS))
    for (unsigned k = 0; k < total; k++) prepare_argument(w, m.h[k], m.type[k]);
  if (!kn_code_ready(w, 0)) return true;
  kn_take_moves(w, &m, total);
  kn_save_live(w, CLOBBERED);
  kn_move_few(w, &m, total);
  emit_call(w, symbol);
  take_results(w, sig->results, sig->n_results);
  return true;
}

void a64_lower_call(struct kn_walk *w, const struct kn_inst *in) {
  kiln_func *f = w->f;
  const struct kn_sig *sig = kn_sig(f->module, in->c);
  if (KN_LIKELY(simple_call(w, in, sig))) return;
  const uint32_t *args = &f->lists.at[in->a];
  uint32_t n = in->x;
  struct assign s = {0};
  for (uint32_t k = 0; k < n; k++) {
    const kiln_param *p = k < sig->n_params ? &sig->params[k] : NULL;
    unsigned type = p ? p->type : kn_loose_type(w, args[k]);
    if (!kn_type(w, type)->lowered) {
      kn_walk_fail(w, KILN_ERR_UNSUPPORTED, "argument of this type on AArch64");
      return;
    }
    next_argument(&s, type, p);
    prepare_argument(w, args[k], type);
    if (!kn_code_ready(w, 0)) return;
  }
  for (uint32_t k = 0; k < sig->n_results; k++)
    if (!kn_type(w, sig->results[k])->lowered) {
      kn_walk_fail(w, KILN_ERR_UNSUPPORTED, "result of this type on AArch64");
      return;
    }
  uint32_t bytes = align_to(s.stack, 16);
  if (bytes >= 1 << 24) {
    kn_walk_fail(w, KILN_ERR_LIMIT, "more than 16 MiB of arguments");
    return;
  }
  uint32_t symbol = 0;
  if (kn_is_pool(in->b) && f->pool.at[kn_index(in->b)].low == 0)
    symbol = f->pool.at[kn_index(in->b)].symbol;
  /* what goes to the stack first, while registers are free for it */
  if (bytes) {
    if (bytes >> 12) a64_emit(w, a64_addsub_imm(A64_SUB, 1, A64_SP, A64_SP, bytes >> 12, 1));
    if (bytes & 0xfff) a64_emit(w, a64_addsub_imm(A64_SUB, 1, A64_SP, A64_SP, bytes & 0xfff, 0));
    s = (struct assign){0};
    for (uint32_t k = 0; k < n; k++) {
      const kiln_param *p = k < sig->n_params ? &sig->params[k] : NULL;
      unsigned type = p ? p->type : kn_loose_type(w, args[k]);
      struct location l = next_argument(&s, type, p);
      if (l.reg != KN_NO_REG) continue;
      if (!kn_code_ready(w, 0)) return;
      if (p && p->flags & KILN_PARAM_BYVAL) push_block(w, l.stack, args[k], p->size_bytes);
      else push_to(w, l.stack, args[k], type);
      w->regs.free |= w->regs.temp;
      w->regs.temp = w->regs.locked = 0;
      KN_LOG_SET(w, KN_EV_DONE, ~UINT64_C(0));
    }
  }
  if (symbol == 0) move_to(w, CALLEE, in->b, KILN_TYPE_I64);
  s = (struct assign){0};
  struct wide_arg wide[MAX_WIDE];
  unsigned n_wide = 0;
  for (uint32_t k = 0; k < n; k++) {
    const kiln_param *p = k < sig->n_params ? &sig->params[k] : NULL;
    unsigned type = p ? p->type : kn_loose_type(w, args[k]);
    struct location l = next_argument(&s, type, p);
    if (l.reg == KN_NO_REG) continue;
    if (!kn_code_ready(w, 0)) return;
    if (kn_wide(w, type)) wide[n_wide++] = (struct wide_arg){args[k], l.reg};
    else move_to(w, l.reg, args[k], type);
  }
  for (uint32_t k = 0; k < n; k++) kn_drop(w, args[k]);
  if (symbol == 0) kn_drop(w, in->b);
  kn_save_live(w, CLOBBERED);
  kn_run_moves(w);
  for (unsigned k = 0; k < n_wide; k++) load_wide(w, wide[k].h, wide[k].reg);
  emit_call(w, symbol);
  if (bytes) {
    if (bytes >> 12) a64_emit(w, a64_addsub_imm(A64_ADD, 1, A64_SP, A64_SP, bytes >> 12, 1));
    if (bytes & 0xfff) a64_emit(w, a64_addsub_imm(A64_ADD, 1, A64_SP, A64_SP, bytes & 0xfff, 0));
  }
  take_results(w, sig->results, sig->n_results);
}

static uint32_t library_symbol(struct kn_walk *w, const char *name) {
  uint32_t symbol = kn_symbol_reference(w->f->module, name);
  if (symbol == 0) kn_walk_fail(w, KILN_ERR_MEMORY, "library function could not be declared");
  return symbol;
}

void a64_quad_call(struct kn_walk *w, const char *name, const uint32_t *args, unsigned n) {
  uint32_t symbol = library_symbol(w, name);
  if (symbol == 0) return;
  kn_save_live(w, CLOBBERED);
  for (unsigned k = 0; k < n; k++) a64_quad_load(w, args[k], KN_FP_BASE + k);
  emit_call(w, symbol);
}

void a64_library_call(struct kn_walk *w, const char *name, const uint32_t *args,
                      const uint8_t *types, unsigned n, uint8_t result) {
  uint32_t symbol = library_symbol(w, name);
  if (symbol == 0) return;
  unsigned regs[3];
  struct assign s = {0};
  struct wide_arg wide[MAX_WIDE];
  unsigned n_wide = 0;
  for (unsigned k = 0; k < n; k++) {
    unsigned type = types[k] & A64_LIB_TYPE;
    regs[k] = next_argument(&s, type, NULL).reg;
    if (kn_wide(w, type)) wide[n_wide++] = (struct wide_arg){args[k], regs[k]};
    else move_to(w, regs[k], args[k], type);
  }
  for (unsigned k = 0; k < n; k++) kn_drop(w, args[k]);
  kn_save_live(w, CLOBBERED);
  kn_run_moves(w);
  for (unsigned k = 0; k < n_wide; k++) load_wide(w, wide[k].h, wide[k].reg);
  for (unsigned k = 0; k < n; k++)
    if (types[k] & (A64_LIB_SEXT | A64_LIB_ZEXT))
      a64_extend_narrow(w, regs[k], regs[k], types[k] & A64_LIB_TYPE,
                        (types[k] & A64_LIB_SEXT) != 0);
  emit_call(w, symbol);
  if (result != KILN_TYPE_VOID) take_results(w, &result, 1);
}

void a64_lower_mem(struct kn_walk *w, const struct kn_inst *in) {
  if (in->op == KILN_OP_MEMSET ? a64_short_set(w, in) : a64_short_copy(w, in)) return;
  const uint32_t args[3] = {in->a, in->b, in->c};
  const uint8_t types[3] = {KILN_TYPE_I64, in->op == KILN_OP_MEMSET ? KILN_TYPE_I8 : KILN_TYPE_I64,
                            KILN_TYPE_I64};
  a64_library_call(w,
                   in->op == KILN_OP_MEMSET    ? "memset"
                   : in->op == KILN_OP_MEMMOVE ? "memmove"
                                               : "memcpy",
                   args, types, 3, KILN_TYPE_VOID);
}

void a64_lower_frem(struct kn_walk *w, const struct kn_inst *in) {
  const uint32_t args[2] = {in->a, in->b};
  const uint8_t types[2] = {in->type, in->type};
  a64_library_call(w, in->type == KILN_TYPE_F32 ? "fmodf" : "fmod", args, types, 2, in->type);
}

void a64_lower_ret(struct kn_walk *w, const struct kn_inst *in) {
  kiln_func *f = w->f;
  struct wide_arg wide[MAX_WIDE];
  unsigned n_wide = 0;
  for (unsigned k = 0; k < in->x; k++) {
    unsigned reg;
    if (!kn_type(w, f->result_types[k])->lowered || !result_register(f->result_types, k, &reg)) {
      kn_walk_fail(w, KILN_ERR_UNSUPPORTED, "result of this type on AArch64");
      return;
    }
    if (kn_wide(w, f->result_types[k]))
      wide[n_wide++] = (struct wide_arg){kn_ret_value(f, in, k), reg};
    else move_to(w, reg, kn_ret_value(f, in, k), f->result_types[k]);
  }
  for (unsigned k = 0; k < in->x; k++) kn_drop(w, kn_ret_value(f, in, k));
  kn_run_moves(w);
  for (unsigned k = 0; k < n_wide; k++) load_wide(w, wide[k].h, wide[k].reg);
  if (w->next_block != UINT32_MAX) a64_branch(w, a64(w)->exit_label);
}

/* ---- frames of callers ---- */

void a64_lower_level(struct kn_walk *w, const struct kn_inst *in) {
  unsigned d = kn_def(w, w->i, KILN_TYPE_I64, KN_NO_REG, 0), from = A64_FP;
  for (unsigned level = in->x; level > 0; level--) {
    if (!kn_code_ready(w, 0)) return;
    a64_emit(w, a64_mem_scaled(A64_LDR_X, d, from, 0));
    from = d;
  }
  if (in->op == KILN_OP_RETURN_ADDR) a64_emit(w, a64_mem_scaled(A64_LDR_X, d, from, 8));
  else if (d != from) a64_emit(w, a64_mov(1, d, from));
  kn_defined(w, w->i, d);
}

/* ---- variadic definitions: AAPCS64, appendix B ---- */

enum { VA_STACK = 0, VA_GR_TOP = 8, VA_VR_TOP = 16, VA_GR_OFFS = 24, VA_VR_OFFS = 28 };

void a64_lower_va_start(struct kn_walk *w, const struct kn_inst *in) {
  unsigned ap = kn_reg(w, in->a, KILN_TYPE_I64);
  a64_frame_addr(w, A64_IP0, A64_INCOMING_FRAME(w->frame.va.stack), 0);
  a64_emit(w, a64_mem_scaled(A64_STR_X, A64_IP0, ap, VA_STACK));
  a64_frame_addr(w, A64_IP0, w->frame.va.save, 64);
  a64_emit(w, a64_mem_scaled(A64_STR_X, A64_IP0, ap, VA_GR_TOP));
  a64_add_imm(w, A64_IP0, A64_IP0, 128);
  a64_emit(w, a64_mem_scaled(A64_STR_X, A64_IP0, ap, VA_VR_TOP));
  a64_set(w, A64_IP0, 0, (uint64_t)-(int64_t)(8 * (8 - w->frame.va.gp)));
  a64_emit(w, a64_mem_scaled(A64_STR_W, A64_IP0, ap, VA_GR_OFFS));
  a64_set(w, A64_IP0, 0, (uint64_t)-(int64_t)(16 * (8 - w->frame.va.fp)));
  a64_emit(w, a64_mem_scaled(A64_STR_W, A64_IP0, ap, VA_VR_OFFS));
  kn_drop(w, in->a);
}

void a64_lower_va_copy(struct kn_walk *w, const struct kn_inst *in) {
  unsigned to = kn_reg(w, in->a, KILN_TYPE_I64), from = kn_reg(w, in->b, KILN_TYPE_I64);
  for (int32_t k = 0; k < 32; k += 16) {
    a64_emit(w, a64_pair(A64_LDP_X, A64_OFFSET, A64_IP0, A64_IP1, from, k));
    a64_emit(w, a64_pair(A64_STP_X, A64_OFFSET, A64_IP0, A64_IP1, to, k));
  }
  kn_drop(w, in->a);
  kn_drop(w, in->b);
}

/* x16 = x16 rounded up to a multiple of 16. */
static void round_up_16(struct kn_walk *w, unsigned sf) {
  uint32_t field = 0;
  a64_bitmask(1, UINT64_MAX << 4, &field);
  a64_emit(w, a64_addsub_imm(A64_ADD, sf, A64_IP0, A64_IP0, 15, 0));
  a64_emit(w, a64_logic_imm(A64_AND, 1, A64_IP0, A64_IP0, field));
}

void a64_lower_va_arg(struct kn_walk *w, const struct kn_inst *in) {
  bool fp = is_float(in->type), used = w->val[w->i].uses != 0, wide = kn_wide(w, in->type);
  bool pair = wide && !fp; /* in registers that begin with an even one */
  unsigned ap = kn_reg(w, in->a, KILN_TYPE_I64);
  kn_drop(w, in->a);
  unsigned d = fp ? (unsigned)A64_VS0 : A64_IP0;
  if (used && !wide) d = kn_def(w, w->i, in->type, KN_NO_REG, 0);
  uint32_t offs = fp ? VA_VR_OFFS : VA_GR_OFFS, top = fp ? VA_VR_TOP : VA_GR_TOP;
  /* x16 = address of the argument */
  a64_emit(w, a64_mem_scaled(A64_LDR_W, A64_IP0, ap, offs));
  a64_emit(w, a64_tbz(A64_IP0, 31, pair ? 36 : 28)); /* to: stack */
  if (pair) round_up_16(w, 0);
  a64_emit(w, a64_addsub_imm(A64_ADDS, 0, A64_IP1, A64_IP0, fp || wide ? 16 : 8, 0));
  a64_emit(w, a64_mem_scaled(A64_STR_W, A64_IP1, ap, offs));
  a64_emit(w, a64_b_cond(A64_GT, 16)); /* to: stack */
  a64_emit(w, a64_mem_scaled(A64_LDR_X, A64_IP1, ap, top));
  a64_emit(w, a64_addsub_ext(A64_ADD, 1, A64_IP0, A64_IP1, A64_IP0, A64_SXTW, 0));
  a64_emit(w, a64_b(wide ? 24 : 16));                            /* to: load */
  a64_emit(w, a64_mem_scaled(A64_LDR_X, A64_IP0, ap, VA_STACK)); /* stack: */
  if (wide) round_up_16(w, 1);
  a64_emit(w, a64_addsub_imm(A64_ADD, 1, A64_IP1, A64_IP0, wide ? 16 : 8, 0));
  a64_emit(w, a64_mem_scaled(A64_STR_X, A64_IP1, ap, VA_STACK));
  static const uint8_t loads[] = {A64_LDRB, A64_LDRH, A64_LDR_W, A64_LDR_X};
  if (!wide) { /* load: */
    enum a64_mem op = in->type == KILN_TYPE_F32   ? A64_LDR_FS
                      : in->type == KILN_TYPE_F64 ? A64_LDR_FD
                                                  : (enum a64_mem)loads[kn_type_log2[in->type]];
    a64_emit(w, a64_mem_scaled(op, d & 31, A64_IP0, 0));
    if (used) kn_defined(w, w->i, d);
  } else if (fp) {
    a64_emit(w, a64_mem_scaled(A64_LDR_FQ, a64_v(A64_VS0), A64_IP0, 0));
    a64_quad_store(w, w->i, A64_VS0);
  } else {
    a64_emit(w, a64_pair(A64_LDP_X, A64_OFFSET, A64_IP0, A64_IP1, A64_IP0, 0));
    a64_wide_store(w, w->i, A64_IP0, A64_IP1);
  }
}
