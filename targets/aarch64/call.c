/* Calls, parameters and results for AArch64 by AAPCS64 (Linux): argument locations, calls with any
 * number of them, variadic definitions, block memory operations. Called by the walk's loop.
 * Arguments in memory are pushed below the stack pointer for the time of the call; the frame is
 * addressed from x29, so that nothing else moves. Invariant: what a call clobbers holds no live
 * value when it is emitted. */
#include "lib/codegen/call_emit.h"
#include "targets/aarch64/a64.h"

enum { CALLEE = 9 };

static uint32_t align_to(uint32_t x, uint32_t a) { return (x + a - 1) & ~(a - 1); }

/* ---- function entry ---- */

/* Stores or loads the registers of arguments beyond the parameters, by these instructions. */
static void access_rest(struct kn_walk *w, enum a64_mem general, enum a64_mem vector) {
  for (unsigned r = w->frame.va.gp; r < 8; r++)
    a64_frame_access(w, general, r, w->frame.va.save, 8 * r);
  for (unsigned r = w->frame.va.fp; r < 8; r++)
    a64_frame_access(w, vector, r, w->frame.va.save, 64 + 16 * r);
}

void a64_load_arg(struct kn_walk *w, uint32_t h, const struct kn_arg *a) {
  a64_quad_load(w, h, a->reg);
}

/* Makes the moves of parameters, in their order: none of them goes to where another one arrives. */
static void move_params(struct kn_walk *w) {
  for (uint32_t k = 0; k < w->moves.n && kn_code_ready(w); k++) {
    struct kn_place_move m = w->moves.at[k];
    uint32_t from = m.src != KN_NO_REG ? m.src : (uint32_t)(KN_PLACE_FRAME + m.src_frame);
    if (m.dst == KN_NO_REG) a64_hook_store(w, m.src, m.dst_frame, m.type);
    else if (m.src != KN_NO_REG) a64_hook_move(w, m.dst, m.src, m.type);
    else a64_hook_load(w, m.dst, m.src_frame, m.type);
    if (m.dst == KN_NO_REG) KN_LOG(w, KN_EV_MOVE, from, KN_PLACE_FRAME + m.dst_frame);
    else KN_WROTE(w, KN_EV_MOVE, from, m.dst);
    (void)from;
  }
  w->moves.n = 0;
}

static void enter_address(struct kn_walk *w, uint32_t value, int32_t frame) {
  struct kn_val *val = &w->val[value];
  unsigned d = val->flags & KN_VF_HOME ? val->reg : kn_take(w, KN_GP_MASK);
  a64_frame_addr(w, d, frame, 0);
  KN_WROTE(w, KN_EV_DEF, value, d);
  if (val->flags & KN_VF_HOME) return;
  kn_own(w, value, d);
  kn_defined(w, value, d);
}

static bool own_way(struct kn_walk *w, struct kn_arg *a, int32_t *frame) {
  bool quad = a->reg != KN_NO_REG && kn_in_frame(w, a->type);
  bool address = (a->param->flags & KILN_PARAM_BYVAL) != 0;
  if (!quad && !address) return false;
  if (w->val[a->h].uses == 0) return true;
  move_params(w);
  if (quad) a64_quad_store(w, a->h, a->reg);
  else enter_address(w, a->h, *frame);
  return true;
}

static void save_rest(struct kn_walk *w, uint32_t stack_bytes) {
  if (stack_bytes > A64_BEYOND / 2) {
    kn_walk_fail(w, KILN_ERR_LIMIT,
                 "the function has more than 256 MiB of parameters on the stack");
    return;
  }
  move_params(w);
  if (!w->f->facts.variadic) return;
  w->frame.va.save = kn_frame_alloc(w, 64 + 128, 4);
  access_rest(w, A64_STR_X, A64_STR_FQ); /* before anything takes an argument register */
}

void a64_enter(struct kn_walk *w) {
  static const struct kn_entry entry = {A64_INCOMING_FRAME(0), own_way, save_rest};
  kn_enter_params(w, &entry);
  kn_inst_end(w);
}

/* ---- calls ---- */

/* Extends argument `a`, which is in register r, to register `to` if its parameter says so; returns the register that it
 * is in. AAPCS64 leaves the bits above a narrow argument unspecified; callees that other compilers made rely on the
 * caller's extension where the signature has one. */
static unsigned extend_arg(struct kn_walk *w, const struct kn_arg *a, unsigned to, unsigned r) {
  unsigned flags = kn_arg_flags(a), bits = a64_bits(a->type);
  bool sign = (flags & KN_PARAM_SIGN) != 0;
  if (KN_LIKELY((flags & KN_PARAM_EXTEND) == 0)) return r;
  if ((flags & KN_PARAM_TO_64) == 0) return a64_extend_narrow(w, to, r, a->type, sign);
  if (r == A64_ZR) return r;
  a64_emit(w, sign ? a64_sbfx(1, to, r, 0, bits) : a64_ubfx(1, to, r, 0, bits));
  return to;
}

/* sp + off for `op`; through x17 where that does not reach. Off is below 16 MiB. */
static struct a64_at stack_at(struct kn_walk *w, enum a64_mem op, uint32_t off) {
  if (KN_LIKELY(a64_mem_offset_ok(op, off))) return (struct a64_at){A64_SP, (int32_t)off};
  a64_emit(w, a64_addsub_imm(A64_ADD, 1, A64_IP1, A64_SP, off >> 12, 1));
  return (struct a64_at){A64_IP1, (int32_t)(off & 0xfff)};
}

/* op reg, [call's stack area + off] or, if `own`, in that of the function's own results and parameters. */
static void area_access(struct kn_walk *w, bool own, enum a64_mem op, unsigned reg, uint32_t off) {
  const struct a64_at at =
    own ? a64_frame_at(w, op, A64_INCOMING_FRAME(off), 0) : stack_at(w, op, off);
  a64_emit(w, a64_mem_offset(op, reg & 31, at.base, at.off));
}

/* Stores argument `a` where it belongs on the stack; if `own`, a result of the function. */
static void push(struct kn_walk *w, const struct kn_arg *a, bool own) {
  uint32_t off = a->stack, h = a->h;
  unsigned type = a->type;
  if (KN_UNLIKELY(kn_spills_16(w, type))) {
    unsigned v = A64_VS0;
    if (type == KILN_TYPE_V128) v = kn_reg(w, h, type);
    else a64_quad_load(w, h, v);
    area_access(w, own, A64_STR_FQ, v, off);
    return;
  }
  struct kn_place_move m = {.dst = KN_NO_REG, .type = (uint8_t)type};
  kn_source(w, h, &m);
  unsigned r = m.src;
  uint64_t bits;
  if (kn_is_value(h)) KN_LOG(w, KN_EV_USE, h, r < 64 ? (int32_t)r : KN_PLACE_FRAME + m.src_frame);
  if (r < 64) {
    kn_lock(w, r);
  } else if (m.src_handle && a64_const(w, h, KILN_TYPE_I64, &bits)) {
    r = bits ? A64_IP0 : A64_ZR;
    if (bits) a64_set(w, A64_IP0, 1, bits);
  } else {
    r = A64_IP0;
    if (m.src_handle) a64_hook_constant(w, A64_IP0, m.src_handle, KILN_TYPE_I64);
    else a64_hook_load(w, A64_IP0, m.src_frame, KILN_TYPE_I64);
  }
  r = extend_arg(w, a, A64_IP0, r);
  /* by size: another one may be next to it */
  static const uint8_t stores[][2] = {
    {A64_STRH, A64_STR_FH}, {A64_STR_W, A64_STR_FS}, {A64_STR_X, A64_STR_FD}};
  unsigned log2 = type == KILN_TYPE_F16 ? 0 : type == KILN_TYPE_F32 ? 1 : 2;
  area_access(w, own, (enum a64_mem)stores[log2][r >= KN_FP_BASE], r, off);
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

void a64_call_symbol(struct kn_walk *w, uint32_t symbol, bool library) {
  if (KN_UNLIKELY(w->f->module->some_no_plt) && kn_call_through_got(w, symbol, library)) {
    a64_symbol(w, A64_IP0, symbol, 0);
    a64_emit(w, a64_blr(A64_IP0));
    return;
  }
  kn_code_relocate(w, kn_here(w), symbol, KILN_RELOC_A64_CALL, 0);
  a64_emit(w, a64_bl(0));
}

void a64_exit_jump(struct kn_walk *w, uint32_t symbol) {
  if (symbol == 0) {
    bool marked = w->plan->frame.marks;
    if (marked) a64_emit(w, a64_mov(1, A64_IP0, CALLEE)); /* br x16 may go to bti c */
    a64_emit(w, a64_br(marked ? A64_IP0 : CALLEE));
  } else if (w->f->module->some_no_plt && kn_call_through_got(w, symbol, false)) {
    a64_symbol(w, A64_IP0, symbol, 0);
    a64_emit(w, a64_br(A64_IP0));
  } else {
    kn_code_relocate(w, kn_here(w), symbol, KILN_RELOC_A64_JUMP, 0);
    a64_emit(w, a64_b(0));
  }
}

void a64_call_jump(struct kn_walk *w, const struct kn_call *c) {
  if (c->symbol) a64_call_symbol(w, c->symbol, c->library);
  else a64_emit(w, a64_blr(CALLEE));
}

/* Copies a result in memory, which is at sp until the next call, to the frame. */
static void copy_result(struct kn_walk *w, const struct kn_arg *a, int32_t frame) {
  for (uint32_t k = 0; k < kn_type(w, a->type)->bytes; k += 8) {
    area_access(w, false, A64_LDR_X, A64_IP0, a->stack + k);
    a64_hook_store(w, A64_IP0, frame + (int32_t)k, KILN_TYPE_I64);
  }
}

static void take_from_memory(struct kn_walk *w, uint32_t value, const struct kn_arg *a) {
  static const uint8_t loads[KILN_TYPE_COUNT] = {
    [KILN_TYPE_I8] = A64_LDR_X,   [KILN_TYPE_I16] = A64_LDR_X,  [KILN_TYPE_I32] = A64_LDR_X,
    [KILN_TYPE_I64] = A64_LDR_X,  [KILN_TYPE_F16] = A64_LDR_FH, [KILN_TYPE_F32] = A64_LDR_FS,
    [KILN_TYPE_F64] = A64_LDR_FD, [KILN_TYPE_V64] = A64_LDR_FD, [KILN_TYPE_V128] = A64_LDR_FQ};
  if (kn_in_frame(w, a->type)) {
    copy_result(w, a, kn_def_in_frame(w, value));
    return;
  }
  unsigned d = kn_def(w, value, a->type, KN_NO_REG, 0);
  area_access(w, false, (enum a64_mem)loads[a->type], d, a->stack);
  kn_defined(w, value, d);
  kn_unlock_but(w, 0);
}

void a64_take_result(struct kn_walk *w, uint32_t value, const struct kn_arg *a) {
  if (KN_UNLIKELY(a->in_memory)) {
    take_from_memory(w, value, a);
    return;
  }
  if (kn_in_frame(w, a->type)) {
    a64_quad_store(w, value, a->reg);
    return;
  }
  kn_untemp(w, a->reg);
  if (w->val[value].uses) kn_def_from(w, value, a->type, a->reg);
}

/* Takes the results of a call, which have just arrived. */
void a64_take_results(struct kn_walk *w, const struct kn_sig *sig) {
  const uint8_t *types = sig->results;
  kn_unlock_but(w, 0);
  if (sig->n_results == 0) return;
  if (KN_UNLIKELY(sig->n_results > 1 || !kn_fits_register(w, types[0]))) {
    kn_take_results(w, sig);
    return;
  }
  if (w->val[w->i].uses == 0) return;
  unsigned reg = sig->conv->results[kn_bank(w, types[0])].reg[0];
  KN_LOG(w, KN_EV_DEF, w->i, reg);
  KN_LOG(w, KN_EV_USE, w->i, reg);
  kn_def_from(w, w->i, types[0], reg);
}

/* A tail call's end, where its arguments are in place, or are moved there: goes to its epilogue (frame.c). */
static void emit_exit(struct kn_walk *w, struct a64_exit exit) {
  exit.label = kn_code_label(w);
  exit.behind = kn_observe_tail(w, CALLEE);
  if (!KN_PUSH(w->owner, a64(w)->exits, exit)) return;
  if (w->next_block == UINT32_MAX && w->eh.stubs.n == 0) a64(w)->falls = a64(w)->exits.n;
  else a64_branch(w, exit.label);
}

static void emit_tail(struct kn_walk *w, uint32_t symbol) {
  emit_exit(w, (struct a64_exit){.symbol = symbol});
}

/* The usual call: up to 8 arguments, all of them integers of up to 64 bits and so in x0 to x7 in order. False, with
 * nothing done, for any other call. */
KN_INLINE bool simple_call(struct kn_walk *w, const struct kn_call *c) {
  const struct kn_sig *sig = c->sig;
  uint32_t n = c->n;
  if (!sig->plain || n != sig->n_params || n + 1 > KN_FEW_MOVES || sig->n_results > 1 ||
      (c->tail && KN_UNLIKELY(w->f->facts.variadic)) ||
      (sig->n_results && !kn_type(w, sig->results[0])->lowered))
    return false;
  struct kn_few_moves m;
  unsigned waiting = 0, total = 0;
  if (KN_UNLIKELY(c->symbol == 0)) {
    m.h[0] = c->callee;
    m.dst[0] = CALLEE;
    m.type[0] = KILN_TYPE_I64;
    waiting = w->val[kn_value_or_none(c->callee)].flags;
    total = 1;
  }
  for (unsigned k = 0; k < n; k++, total++) {
    uint32_t h = c->args[k];
    m.h[total] = h;
    m.dst[total] = sig->conv->args[0].reg[k];
    m.type[total] = (uint8_t)sig->params[k].type;
    waiting |= w->val[kn_value_or_none(h)].flags;
  }
  if (waiting & (KN_VF_ADDR | KN_VF_WAITS)) kn_compute_few(w, &m, total);
  if (!kn_code_ready(w)) return true;
  kn_take_moves(w, &m, total);
  if (!c->tail) kn_save_live(w, sig->conv->lost);
  kn_move_few(w, &m, total);
  if (c->tail) {
    emit_tail(w, c->symbol);
    return true;
  }
  uint32_t start = kn_call_begin(w, c->library, CALLEE);
  a64_call_jump(w, c);
  kn_call_end(w, start, sig->conv->lost);
  return true;
}

/* sp = sp + or - the bytes of a call's stack area, below 16 MiB. */
static void move_sp(struct kn_walk *w, enum a64_addsub op, uint32_t bytes) {
  struct a64_probes probes;
  if (op == A64_SUB && a64_probe(w, bytes, &probes)) {
    for (unsigned i = 0; i < probes.n; i++) a64_emit(w, probes.word[i]);
    a64_emit(w, a64_mem_offset(A64_STR_X, A64_ZR, A64_SP, 0));
    return;
  }
  if (bytes >> 12) a64_emit(w, a64_addsub_imm(op, 1, A64_SP, A64_SP, bytes >> 12, 1));
  if (bytes & 0xfff) a64_emit(w, a64_addsub_imm(op, 1, A64_SP, A64_SP, bytes & 0xfff, 0));
}

/* Copies a tail call's stack arguments, from offset `first` to `bytes`, from sp to where the function's own are. */
static void replace_params(struct kn_walk *w, uint32_t first, uint32_t bytes) {
  if (bytes == 0 || !kn_code_room(w, 4096 + 4 * KN_TAIL_STACK)) return;
  a64(w)->frame_used = true;
  for (uint32_t at = first; at < bytes; at += 8) {
    area_access(w, false, A64_LDR_X, A64_IP0, at);
    area_access(w, true, A64_STR_X, A64_IP0, at);
  }
}

void a64_open_stack(struct kn_walk *w, const struct kn_call *c, const struct kn_assign *all) {
  for (uint32_t k = 0; k < w->args.n;
       k++) { /* what is not computed yet, while sp is where it was */
    struct kn_arg a = w->args.at[k];
    if (!kn_waits(w, a.h)) continue;
    kn_reg(w, a.h, a.type);
    kn_inst_end(w);
    if (!kn_code_ready(w)) return;
  }
  uint32_t bytes = align_to(all->stack, 16);
  if (bytes >= 1 << 24) {
    kn_walk_fail(w, KILN_ERR_LIMIT, "the call has 16 MiB or more of arguments on the stack");
    return;
  }
  w->call_stack = (struct kn_call_stack){.bytes = bytes, .popped = c->tail ? 0 : c->sig->popped};
  if (KN_UNLIKELY(c->sig->conv->pops) && w->inst[w->i].op == KILN_OP_TRY) {
    w->call_stack.kept = kn_frame_alloc(w, 8, 3);
    a64_emit(w, a64_mov_sp(1, A64_IP0, A64_SP));
    a64_hook_store(w, A64_IP0, w->call_stack.kept, KILN_TYPE_I64);
  }
  move_sp(w, A64_SUB, bytes);
}

void a64_early_arg(struct kn_walk *w, const struct kn_call *c, const struct kn_arg *a) {
  if (kn_arg_flags(a) & KILN_PARAM_BYVAL) push_block(w, a->stack, a->h, a->param->size_bytes);
  else push(w, a, c == NULL);
}

void a64_settle_args(struct kn_walk *w, struct kn_call *c, const struct kn_assign *all) {
  (void)c, (void)all;
  for (uint32_t k = 0; k < w->args.n; k++) {
    const struct kn_arg *a = &w->args.at[k];
    if (a->reg != KN_NO_REG) extend_arg(w, a, a->reg, a->reg);
  }
}

void a64_tail_jump(struct kn_walk *w, const struct kn_call *c, uint32_t bytes) {
  if (KN_UNLIKELY(c->sig->popped != w->plan->frame.popped)) {
    a64(w)->frame_used = true;
    emit_exit(w, (struct a64_exit){.symbol = c->symbol, .moves = true, .args = c->sig->popped});
    return;
  }
  replace_params(w, c->sig->result_bytes, align_to(bytes, 8));
  move_sp(w, A64_ADD, w->call_stack.bytes);
  /* arguments beyond the parameters are the function's own: those in memory are in place */
  if (KN_UNLIKELY((c->sig->flags & KILN_SIG_VARIADIC) != 0) && kn_code_ready(w))
    access_rest(w, A64_LDR_X, A64_LDR_FQ);
  emit_tail(w, c->symbol);
}

void a64_call(struct kn_walk *w, struct kn_call *c) {
  if (!simple_call(w, c)) kn_general_call(w, c);
}

void a64_lower_call(struct kn_walk *w, const struct kn_inst *in) {
  struct kn_call c = kn_call_of(w, in, false);
  if (KN_UNLIKELY(!simple_call(w, &c))) kn_general_call(w, &c);
  if (KN_LIKELY(w->f->status == KILN_OK)) a64_take_results(w, c.sig);
}

void a64_keep_result(struct kn_walk *w, const struct kn_arg *a, int32_t frame) {
  if (a->in_memory) {
    copy_result(w, a, frame);
    return;
  }
  a64_frame_access(w, A64_STR_FQ, a->reg, frame, 0);
}

void a64_free_stack(struct kn_walk *w, struct kn_call_stack stack) {
  if (KN_UNLIKELY(stack.kept != 0)) {
    a64_hook_load(w, A64_IP0, stack.kept, KILN_TYPE_I64);
    a64_emit(w, a64_mov_sp(1, A64_SP, A64_IP0));
  } else move_sp(w, A64_ADD, stack.bytes - stack.popped);
}

void a64_quad_call(struct kn_walk *w, const char *name, const uint32_t *args, unsigned n) {
  struct kn_call c = {.symbol = kn_library_symbol(w, name, NULL), .library = true};
  if (c.symbol == 0) return;
  kn_save_live(w, A64_CLOBBERED);
  for (unsigned k = 0; k < n; k++) a64_quad_load(w, args[k], KN_FP_BASE + k);
  uint32_t start = kn_call_begin(w, true, CALLEE);
  a64_call_jump(w, &c);
  kn_call_end(w, start, A64_CLOBBERED);
}

/* ---- __builtin_setjmp ---- */

/* Moves the address in operand `h` to x0. */
static void buffer_to_x0(struct kn_walk *w, uint32_t h, uint64_t clobbered) {
  struct kn_few_moves m = {.dst = {0}, .type = {KILN_TYPE_I64}, .h = {h}};
  kn_compute_few(w, &m, 1);
  kn_take_moves(w, &m, 1);
  kn_save_live(w, clobbered);
  kn_move_few(w, &m, 1);
}

/* longjmp leaves return addresses on a guarded control stack, which nothing here takes from it. */
static bool matches_calls(struct kn_walk *w) {
  if (!w->plan->frame.control_stack) return true;
  kn_walk_fail(w, KILN_ERR_UNSUPPORTED,
               "builtin_setjmp and builtin_longjmp are not supported with guarded control stacks");
  return false;
}

/* Its two ways back are alike: x0 is the result, and all other registers are lost. */
void a64_lower_builtin_setjmp(struct kn_walk *w, const struct kn_inst *in) {
  bool mark = w->plan->frame.marks;
  if (!matches_calls(w)) return;
  buffer_to_x0(w, in->a, ~UINT64_C(0));
  a64_emit(w, a64_adr(A64_IP0, 16));
  a64_emit(w, a64_mem_offset(A64_STR_X, A64_IP0, 0, 8));
  a64_emit(w, a64_movw(A64_MOVZ, 1, 0, 0, 0));
  a64_emit(w, a64_b(mark ? 12 : 8));
  if (mark) a64_landing(w);
  a64_emit(w, a64_movw(A64_MOVZ, 1, 0, 1, 0)); /* here longjmp goes on */
  KN_WROTE_SET(w, KN_EV_LOST, ~UINT64_C(0));
  const struct kn_sig sig = {
    .results = {KILN_TYPE_I64}, .n_results = 1, .conv = w->target->ir.library};
  a64_take_results(w, &sig);
}

void a64_lower_builtin_longjmp(struct kn_walk *w, const struct kn_inst *in) {
  if (!matches_calls(w)) return;
  buffer_to_x0(w, in->a, 0);
  a64_emit(w, a64_mem_offset(A64_LDR_X, A64_FP, 0, 0));
  a64_emit(w, a64_mem_offset(A64_LDR_X, A64_IP0, 0, 16));
  a64_emit(w, a64_mem_offset(A64_LDR_X, A64_IP1, 0, 8));
  a64_emit(w, a64_mov_sp(1, A64_SP, A64_IP0));
  a64_emit(w, a64_br(A64_IP1));
}

/* ---- block memory operations, returns ---- */

void a64_lower_mem(struct kn_walk *w, const struct kn_inst *in) {
  if (!(in->op == KILN_OP_MEMSET ? a64_short_set : a64_short_copy)(w, in)) kn_lower_library(w, in);
}

void a64_lower_ret(struct kn_walk *w, const struct kn_inst *in) {
  kn_return_values(w, in);
  kn_drop_any_operands(w, in);
  KN_NOTIFY(w, branch, w);
  a64(w)->returns = true;
  /* the epilogue follows the last block, but for stubs */
  if (w->next_block != UINT32_MAX || w->eh.stubs.n > 0) a64_branch(w, a64(w)->exit_label);
}
