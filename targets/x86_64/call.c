/* Calls, entries and returns: System V x86-64 psABI, 3.2 (calling sequence); Microsoft's x64 calling convention.
 * Frame: rbp-based; saved registers right below rbp, then slots and spills, then the outgoing stack arguments at
 * rsp. */
#include "lib/codegen/call_emit.h"
#include "targets/x86_64/x64.h"

/* Bytes of code that copy a tail call's stack arguments: KN_TAIL_STACK bytes at most. */
enum { TAIL_ROOM = 4096 + 2 * KN_TAIL_STACK };
enum { N_GP_ARGS = 6, N_FP_ARGS = 8 }; /* by C's convention */
/* The upper half of what is in xmm(k) is in xmm(UPPER + k), but for the eighth: EIGHTH is the scratch register, where
 * that is for a moment only: from and to the frame. */
enum { UPPER = X64_UPPER - KN_FP_BASE, EIGHTH = X64_UPPER + N_FP_ARGS - 1 };

/* ---- calls ---- */

KN_INLINE uint32_t align_16(uint32_t n) { return (n + 15) & ~15u; }

/* The stack area of the function's own results and parameters. */
static struct x64_addr own_area(struct kn_walk *w) {
  x64(w)->uses_incoming = true;
  return x64_frame(w, 16);
}

/* Stores value h, of any type, to memory. */
static void store_any(struct kn_walk *w, uint32_t h, unsigned type, struct x64_addr to);

/* The location of an argument in the area of stack arguments; `c` NULL: of a result of the function. */
static struct x64_addr stack_place(struct kn_walk *w, const struct kn_call *c,
                                   const struct kn_arg *a) {
  struct x64_addr to = c == NULL           ? own_area(w)
                       : x64(w)->tail_area ? x64_frame(w, x64(w)->tail_area)
                                           : (struct x64_addr){.m = x64_at(X64_RSP, 0)};
  to.m.disp += (int32_t)a->stack;
  return to;
}

/* Stores an argument to its location in the area of stack arguments; `c` NULL: a result of the function. */
static void stack_arg(struct kn_walk *w, const struct kn_call *c, const struct kn_arg *a) {
  const kiln_param *p = a->param;
  uint32_t h = a->h;
  unsigned type = a->type, flags = kn_arg_flags(a);
  struct x64_addr to = stack_place(w, c, a);
  int32_t imm;
  if (flags & KILN_PARAM_BYVAL) {
    struct x64_addr from = x64_address(w, h, 0);
    if (p->size_bytes <= 128 || (c->tail && kn_code_room(w, TAIL_ROOM))) {
      x64_copy(w, to, from, p->size_bytes);
    } else {
      /* rep movsq; the three registers are claimed, so that their values are elsewhere */
      unsigned r = kn_temp(w, KN_GP_MASK);
      x64_lea(w, r, &from);
      kn_unlock_but(w, KN_BIT(r));
      if (r != X64_RSI) {
        kn_claim(w, X64_RSI);
        KN_LOG(w, KN_EV_WRITE, 0, X64_RSI);
        x64_mov(w, 3, X64_RSI, r);
      }
      kn_unlock_but(w, KN_BIT(X64_RSI)); /* r may be one of the others */
      kn_claim(w, X64_RDI), kn_claim(w, X64_RCX);
      KN_LOG(w, KN_EV_WRITE, 0, X64_RDI);
      KN_LOG(w, KN_EV_WRITE, 0, X64_RCX);
      x64_op_mem(w, X64_LEA, 3, X64_RDI, &to);
      x64_const(w, X64_RCX, p->size_bytes / 8);
      w->code.p = x64_put8(x64_put8(x64_put8(w->code.p, 0xf3), 0x48), 0xa5);
      if (p->size_bytes & 7) {
        to.m.disp += (int32_t)(p->size_bytes & ~7u);
        from = (struct x64_addr){.m = x64_at(X64_RSI, 0)};
        x64_copy(w, to, from, p->size_bytes & 7);
      }
    }
  } else if (kn_in_frame(w, type) || kn_bank(w, type)) {
    store_any(w, h, type, to);
  } else if (x64_imm32(w, h, type, &imm) && !(flags & KN_PARAM_EXTEND)) {
    EMIT(w, x64_mov_mi, 3, to.m, imm);
  } else {
    unsigned r = kn_reg(w, h, type);
    if (flags & KN_PARAM_EXTEND) {
      x64_extend(w, X64_SCRATCH, r, type, flags & KN_PARAM_SIGN, flags & KN_PARAM_TO_64);
      r = X64_SCRATCH;
    }
    x64_op_mem(w, X64_MOV_ST, 3, r, &to);
  }
}

static void store_any(struct kn_walk *w, uint32_t h, unsigned type, struct x64_addr to) {
  if (type == KILN_TYPE_F80) {
    x64_x87_push(w, h);
    x64_x87_pop_to(w, &to);
  } else if (type == KILN_TYPE_I128) {
    x64_store_pair(w, h, to);
  } else {
    unsigned r = kn_reg(w, h, type);
    x64_op_mem(w,
               type == KILN_TYPE_F32    ? X64_MOVSS_ST
               : type == KILN_TYPE_V128 ? X64_MOVUPS_ST
                                        : X64_MOVSD_ST,
               2, r, &to);
  }
}

/* Stores the copy of an argument that is passed by its address, and the address, if that is passed on the stack. */
static void indirect_arg(struct kn_walk *w, const struct kn_arg *a) {
  store_any(w, a->h, a->param ? a->param->type : kn_loose_type(w, a->h), x64_frame(w, a->memory));
  if (a->reg != KN_NO_REG) return;
  EMIT(w, x64_rm, X64_LEA, 3, X64_SCRATCH, x64_frame_mem(w, a->memory));
  EMIT(w, x64_rm, X64_MOV_ST, 3, X64_SCRATCH, x64_at(X64_RSP, (int32_t)a->stack));
}

void x64_early_arg(struct kn_walk *w, const struct kn_call *c, const struct kn_arg *a) {
  if (KN_UNLIKELY(a->indirect)) {
    indirect_arg(w, a);
    return;
  }
  if (KN_LIKELY(a->reg == KN_NO_REG)) {
    stack_arg(w, c, a);
    return;
  }
  unsigned r = kn_reg(w, a->h, KILN_TYPE_V128); /* EIGHTH */
  x64(w)->eighth = kn_frame_alloc(w, 16, 4);
  EMIT(w, x64_rm, X64_MOVUPS_ST, 2, x64_hw(r), x64_frame_mem(w, x64(w)->eighth));
}

/* The bytes that a call takes whose callee frees them. */
static uint32_t open_popped(struct kn_walk *w, const struct kn_call *c, uint32_t bytes) {
  if (c->tail) return bytes;
  w->call_stack.popped = c->sig->popped;
  if (w->inst[w->i].op == KILN_OP_TRY && kn_code_ready(w)) {
    w->call_stack.kept = kn_frame_alloc(w, 8, 3);
    EMIT(w, x64_rm, X64_MOV_ST, 3, X64_RSP, x64_frame_mem(w, w->call_stack.kept));
  }
  return c->sig->popped;
}

void x64_open_stack(struct kn_walk *w, const struct kn_call *c, const struct kn_assign *all) {
  uint32_t bytes = all->stack, align = all->align;
  if (bytes == x64(w)->home) bytes = 0; /* the frame has them (kn_frame_plan.calls) */
  x64(w)->tail_area = 0;
  if (KN_UNLIKELY(c->sig->popped != 0)) bytes = open_popped(w, c, bytes);
  if (KN_UNLIKELY(align != 0) && !c->tail) {
    int32_t kept = kn_frame_alloc(w, 8, 3);
    w->call_stack = (struct kn_call_stack){.kept = kept};
    if (!kn_code_ready(w)) return;
    EMIT(w, x64_rm, X64_MOV_ST, 3, X64_RSP, x64_frame_mem(w, kept));
    x64_allocate(w, align_16(bytes) + align - 16);
    EMIT(w, x64_alu_ri, X64_G_ADD, 3, X64_RSP, (int32_t)align - 16);
    EMIT(w, x64_alu_ri, X64_G_AND, 3, X64_RSP, -(int32_t)align);
  } else if (c->tail) {
    /* collected in the frame, since they may be made of what is where they go */
    const uint32_t head = x64_tail_moves(w, c) ? X64_MOVED_HEAD : 0;
    if (bytes + head != 0) x64(w)->tail_area = kn_frame_alloc(w, bytes + head, 4) + (int32_t)head;
  } else if (KN_UNLIKELY(bytes != 0 && w->frame.up)) {
    kn_walk_fail(w, KILN_ERR_INTERNAL,
                 "a call has stack arguments in a frame without a frame pointer");
  } else if (!w->plan->frame.dynamic) {
    if (bytes > x64(w)->out_args) x64(w)->out_args = bytes;
  } else if (bytes) { /* the area is allocated for each call, because the stack pointer moves */
    w->call_stack.bytes = align_16(bytes);
    x64_allocate(w, align_16(bytes));
  }
}

KN_INLINE void call_symbol(struct kn_walk *w, uint32_t symbol, bool library) {
  if (KN_UNLIKELY(w->f->module->some_no_plt) &&
      kn_call_through_got(w, symbol, library)) { /* call [rip + symbol@GOTPCREL] */
    w->code.p = x64_put32(x64_put8(x64_put8(w->code.p, 0xff), 0x15), 0);
    kn_code_relocate(w, kn_here(w) - 4, symbol, KILN_RELOC_X64_GOT_OP, -4);
    return;
  }
  EMIT(w, x64_call_rel, 0);
  kn_code_relocate(w, kn_here(w) - 4, symbol, KILN_RELOC_X64_CALL, -4);
}

void x64_call_symbol(struct kn_walk *w, uint32_t symbol, bool library) {
  call_symbol(w, symbol, library);
}

KN_INLINE void call_jump(struct kn_walk *w, const struct kn_call *c) {
  if (KN_UNLIKELY(c->symbol == 0)) EMIT(w, x64_call_r, c->reg);
  else call_symbol(w, c->symbol, c->library);
}

void x64_call_jump(struct kn_walk *w, const struct kn_call *c) { call_jump(w, c); }

/* A tail call's arguments beyond the parameters are the function's own: in registers again,
 * where the entry saved them. Those in memory are in place. */
static void forward_rest(struct kn_walk *w) {
  if (!kn_code_ready(w)) return;
  struct x64_mem area = x64_save_area(w);
  const struct kn_reg_list *args = &kn_own_convention(w)->args[0];
  for (unsigned k = w->frame.va.gp; k < args->n; k++)
    EMIT(w, x64_rm, X64_MOV, 3, args->reg[k], x64_beyond(area, 8 * (int32_t)k));
  unsigned n = w->plan->frame.general_only ? 0 : N_FP_ARGS;
  for (unsigned k = w->frame.va.fp; k < n; k++)
    EMIT(w, x64_rm, X64_MOVAPS, 2, k, x64_beyond(area, 48 + 16 * (int32_t)k));
  x64_const(w, X64_RAX, n); /* at most so many */
}

void x64_tail_jump(struct kn_walk *w, const struct kn_call *c, uint32_t bytes) {
  if (KN_UNLIKELY(x64_tail_moves(w, c))) {
    x64_move_tail(w, c, bytes);
    return;
  }
  if (bytes > c->sig->conv->shadow_bytes && kn_code_room(w, TAIL_ROOM)) {
    struct x64_addr from = x64_frame(w, x64(w)->tail_area), to = own_area(w);
    to.m.disp += (int32_t)c->sig->result_bytes;
    from.m.disp += (int32_t)c->sig->result_bytes;
    x64_copy(w, to, from, bytes - c->sig->result_bytes);
  }
  bool got = c->symbol != 0 && kn_call_through_got(w, c->symbol, false);
  if (KN_UNLIKELY(c->sig->flags & KILN_SIG_VARIADIC)) {
    if (c->symbol == 0 && c->reg == X64_RAX)
      kn_walk_fail(w, KILN_ERR_UNSUPPORTED,
                   "a variadic tail call with a static chain is not supported");
    forward_rest(w);
  }
  uint32_t behind = kn_observe_tail(w, c->reg);
  x64_epilogue_jump(w, c->symbol, got, c->reg);
  if (behind) kn_label_bind(w, behind);
}

/* Whether a call by position may be a usual one: the frame has the callee's bytes, and no float is in two registers. */
static bool has_home(const struct kn_walk *w, const struct kn_sig *sig) {
  return !sig->conv->loses_all && !(sig->flags & KILN_SIG_VARIADIC) &&
         sig->conv->shadow_bytes == w->target->ir.library->shadow_bytes;
}

/* A variadic call says in rax how many of its arguments are floats in registers. */
static void say_floats(struct kn_walk *w, unsigned n) {
  KN_WROTE(w, KN_EV_CLOBBER, 0, X64_RAX);
  if (n) x64_const(w, X64_RAX, n);
  else EMIT(w, x64_zero, X64_RAX);
}

/* The usual call: no more arguments than the convention has registers, none of them to be extended; and the frame has
 * the bytes that belong to the callee. False, with nothing done, for any other call. */
KN_INLINE bool simple_call(struct kn_walk *w, struct kn_call *c) {
  _Static_assert(N_GP_ARGS + N_FP_ARGS + 1 <= KN_FEW_MOVES, "arguments and the callee's address");
  unsigned n = c->n;
  const struct kn_sig *sig = c->sig;
  const struct kn_convention *conv = sig->conv;
  const uint8_t *gp_args = conv->args[0].reg;
  if (n != sig->n_params || n > N_GP_ARGS + N_FP_ARGS) return false;
  if (KN_UNLIKELY(x64(w)->home_moves)) return false;
  struct kn_few_moves a;
  unsigned fp = 0, waiting = 0;
  if (KN_LIKELY(sig->plain)) {
    for (unsigned k = 0; k < n; k++) {
      uint32_t h = c->args[k];
      a.dst[k] = gp_args[k];
      a.type[k] = (uint8_t)sig->params[k].type;
      a.h[k] = h;
      waiting |= w->val[kn_value_or_none(h)].flags;
    }
  } else {
    unsigned gp = 0, n_gp = conv->args[0].n, n_fp = conv->args[1].n;
    if (KN_UNLIKELY((sig->result_bytes | sig->popped) != 0)) return false;
    if (KN_UNLIKELY(conv->loses_all | conv->by_position) && !has_home(w, sig)) return false;
    for (unsigned k = 0; k < n; k++) {
      const kiln_param *p = &sig->params[k];
      uint32_t h = c->args[k];
      if (conv->by_position) gp = fp = k;
      if (p->type <= KILN_TYPE_I64 && gp < n_gp && !(p->flags & ~KILN_PARAM_SRET))
        a.dst[k] = gp_args[gp++];
      else if ((p->type == KILN_TYPE_F32 || p->type == KILN_TYPE_F64) && fp < n_fp)
        a.dst[k] = (uint8_t)(KN_FP_BASE + fp++);
      else return false;
      a.type[k] = (uint8_t)p->type;
      a.h[k] = h;
      waiting |= w->val[kn_value_or_none(h)].flags;
    }
  }
  unsigned total = n;
  if (KN_UNLIKELY(c->symbol == 0)) {
    c->reg = X64_R10;
    a.dst[n] = X64_R10;
    a.type[n] = KILN_TYPE_I64;
    a.h[n] = c->callee;
    total++;
    waiting |= w->val[kn_value_or_none(c->callee)].flags;
  }
  if (waiting & (KN_VF_ADDR | KN_VF_WAITS)) kn_compute_few(w, &a, total);
  kn_take_moves(w, &a, total);
  if (KN_UNLIKELY(c->tail)) {
    kn_move_few(w, &a, total);
    x64_tail_jump(w, c, 0);
    return true;
  }
  kn_save_live(w, conv->lost);
  kn_move_few(w, &a, total);
  if (KN_UNLIKELY(sig->flags & KILN_SIG_VARIADIC) && !conv->by_position) say_floats(w, fp);
  uint32_t start = kn_call_begin(w, c->library, X64_R10);
  call_jump(w, c);
  kn_call_end(w, start, conv->lost);
  return true;
}

/* What a variadic call says of its floats. */
static void settle_variadic(struct kn_walk *w, struct kn_call *c, unsigned floats) {
  const struct kn_convention *conv = c->sig->conv;
  if (conv->by_position) { /* they are in both registers of their position */
    for (uint32_t k = 0; k < w->args.n && k < conv->args[1].n; k++) {
      unsigned reg = conv->args[1].reg[k], twin = conv->args[0].reg[k];
      if (w->args.at[k].reg != reg) continue;
      KN_WROTE(w, KN_EV_CLOBBER, 0, twin);
      EMIT(w, x64_rr, X64_MOV_GX, 3, x64_hw(reg), twin);
    }
    return;
  }
  if (c->symbol == 0 && c->reg == X64_RAX) {
    c->reg = X64_SCRATCH;
    EMIT(w, x64_rr, X64_MOV, 3, X64_SCRATCH, X64_RAX);
    KN_LOG_SET(w, KN_EV_DONE, KN_BIT(X64_RAX));
  }
  say_floats(w, floats);
}

void x64_settle_args(struct kn_walk *w, struct kn_call *c, const struct kn_assign *all) {
  for (uint32_t k = 0; k < w->args.n; k++) {
    const struct kn_arg *a = &w->args.at[k];
    unsigned flags = kn_arg_flags(a);
    if (KN_UNLIKELY(a->indirect) && flags & KILN_PARAM_UPPER) {
      if (!kn_code_ready(w)) return;
      unsigned x = x64_hw(x64_xscratch(w));
      EMIT(w, x64_rm, X64_MOVUPS, 2, x, x64_frame_mem(w, a->memory));
      x64_join_quarter(w, x64_hw(a->reg), x, a->number);
      continue;
    }
    if (KN_UNLIKELY(a->indirect) && a->reg != KN_NO_REG) {
      KN_WROTE(w, KN_EV_CLOBBER, 0, a->reg);
      EMIT(w, x64_rm, X64_LEA, 3, a->reg, x64_frame_mem(w, a->memory));
      continue;
    }
    if (KN_LIKELY(!(flags & (KILN_PARAM_UPPER | KN_PARAM_EXTEND))) || a->reg == KN_NO_REG) continue;
    if (flags & KILN_PARAM_UPPER) {
      if (a->reg == EIGHTH)
        EMIT(w, x64_rm, X64_MOVUPS, 2, x64_hw(EIGHTH), x64_frame_mem(w, x64(w)->eighth));
      x64_join_halves(w, x64_hw(a->reg) - UPPER, x64_hw(a->reg) - UPPER, x64_hw(a->reg));
    } else if (a->type < KILN_TYPE_I32 || flags & KN_PARAM_TO_64) {
      x64_extend(w, a->reg, a->reg, a->type, flags & KN_PARAM_SIGN, flags & KN_PARAM_TO_64);
    }
  }
  if (!c->tail && c->sig->flags & KILN_SIG_VARIADIC) settle_variadic(w, c, all->used[1]);
}

/* Emits the call: puts the arguments in place, saves live registers, drops the operands. */
void x64_call(struct kn_walk *w, struct kn_call *c) {
  if (!simple_call(w, c)) kn_general_call(w, c);
  if (KN_UNLIKELY(c->sig->flags & KILN_SIG_WIDE_RESULTS) && !c->tail && w->f->status == KILN_OK)
    x64_split_results(w, c->sig->n_results, (c->sig->flags & KILN_SIG_WIDER_RESULTS) != 0);
}

/* A result in memory: at rsp until the next call, or where the function was told. */
static struct x64_addr result_in_memory(struct kn_walk *w, const struct kn_arg *a) {
  if (a->indirect) return x64_frame(w, a->memory);
  return (struct x64_addr){.m = x64_at(X64_RSP, (int32_t)a->stack)};
}

static void take_from_memory(struct kn_walk *w, uint32_t i, const struct kn_arg *a) {
  struct x64_addr from = result_in_memory(w, a);
  if (kn_in_frame(w, a->type)) {
    x64_copy(w, x64_frame(w, kn_def_in_frame(w, i)), from, 16);
  } else {
    unsigned dst = kn_def(w, i, a->type, KN_NO_REG, 0);
    x64_load_spilled(w, dst, from.m, a->type);
    kn_defined(w, i, dst);
  }
  kn_unlock_but(w, 0);
}

void x64_take_result(struct kn_walk *w, uint32_t i, const struct kn_arg *a) {
  if (w->val[i].uses == 0) return;
  if (KN_UNLIKELY(a->in_memory)) take_from_memory(w, i, a);
  else if (KN_UNLIKELY(a->type == KILN_TYPE_I128)) x64_take_halves(w, i, a->reg);
  else kn_def_fixed(w, i, a->type, a->reg);
}

/* Results in st(0), st(1) leave the x87 stack at once, wanted or not. */
static void take_x87_results(struct kn_walk *w, const struct kn_sig *sig) {
  unsigned left = sig->conv->x87_results;
  for (unsigned k = 0; k < sig->n_results && left != 0; k++) {
    if (sig->results[k] != KILN_TYPE_F80) continue;
    left--;
    x64_x87_pop(w, kn_result_value(w, k));
  }
}

void x64_take_results(struct kn_walk *w, const struct kn_sig *sig) {
  take_x87_results(w, sig);
  kn_take_results(w, sig);
}

void x64_lower_call(struct kn_walk *w, const struct kn_inst *in) {
  struct kn_call c = kn_call_of(w, in, false);
  const struct kn_sig *sig = c.sig;
  if (!simple_call(w, &c)) kn_general_call(w, &c);
  if (w->f->status != KILN_OK) return;
  if (sig->n_results == 0) return;
  if (KN_LIKELY(sig->n_results == 1 && X64_INT >> sig->results[0] & 1)) {
    if (w->val[w->i].uses) kn_def_fixed(w, w->i, sig->results[0], X64_RAX);
    return;
  }
  if (KN_UNLIKELY(sig->flags & KILN_SIG_WIDE_RESULTS))
    x64_split_results(w, sig->n_results, (sig->flags & KILN_SIG_WIDER_RESULTS) != 0);
  x64_take_results(w, sig);
}

void x64_keep_result(struct kn_walk *w, const struct kn_arg *a, int32_t frame) {
  struct x64_addr to = {.m = x64_frame_mem(w, frame)};
  if (a->in_memory) {
    x64_copy(w, to, result_in_memory(w, a), kn_type(w, a->type)->bytes);
    return;
  }
  x64_x87_pop_to(w, &to);
}

void x64_free_stack(struct kn_walk *w, struct kn_call_stack stack) {
  if (KN_UNLIKELY(stack.kept != 0))
    EMIT(w, x64_rm, X64_MOV, 3, X64_RSP, x64_frame_mem(w, stack.kept));
  else EMIT(w, x64_alu_ri, X64_G_ADD, 3, X64_RSP, (int32_t)(stack.bytes - stack.popped));
}

/* ---- returns ---- */

/* Any results. */
static void return_values(struct kn_walk *w, const struct kn_inst *in) {
  const kiln_func *f = w->f;
  kn_return_values(w, in);
  const unsigned flags = kn_sig(f->module, f->sig)->flags;
  if (KN_UNLIKELY(flags & KILN_SIG_WIDE_RESULTS))
    x64_join_results(w, in->x, (flags & KILN_SIG_WIDER_RESULTS) != 0);
  for (uint32_t k = w->args.n; k-- > 0;) { /* the first one is the top */
    const struct kn_arg *a = &w->args.at[k];
    if (a->type == KILN_TYPE_F80 && !a->in_memory) x64_x87_push(w, a->h);
  }
  kn_drop_any_operands(w, in);
}

/* The usual result: one integer, in rax. */
static void return_word(struct kn_walk *w, uint32_t h, unsigned type) {
  struct kn_few_moves m;
  m.h[0] = h;
  m.dst[0] = X64_RAX;
  m.type[0] = (uint8_t)type;
  if (kn_waits(w, h)) kn_reg(w, h, type);
  kn_take_moves(w, &m, 1);
  kn_move_few(w, &m, 1);
}

void x64_lower_ret(struct kn_walk *w, const struct kn_inst *in) {
  unsigned type = w->f->facts.result_types[0];
  if (in->x == 1 && X64_INT >> type & 1) return_word(w, kn_ret_value(w->f, in, 0), type);
  else if (in->x != 0) return_values(w, in);
  if (x64(w)->sret) EMIT(w, x64_rm, X64_MOV, 3, X64_RAX, x64_frame_mem(w, x64(w)->sret));
  else if (x64(w)->sret_value) return_word(w, x64(w)->sret_value, KILN_TYPE_I64);
  KN_NOTIFY(w, branch, w);
  x64_epilogue(w);
}

/* ---- entry ---- */

/* Variadic definitions store the argument registers for va_arg: psABI, figure 3.33. */
static void save_area(struct kn_walk *w) {
  const struct kn_convention *conv = kn_own_convention(w);
  const struct kn_reg_list *gp = &conv->args[0];
  if (conv->va_pointer) { /* to their places below the arguments on the stack */
    x64(w)->uses_incoming = true;
    for (unsigned k = w->frame.va.gp; k < gp->n; k++)
      EMIT(w, x64_rm, X64_MOV_ST, 3, gp->reg[k], x64_frame_mem(w, 16 + 8 * (int32_t)k));
    return;
  }
  w->frame.va.save = kn_frame_alloc(w, w->plan->frame.realigned ? 176 + 16 : 176, 4);
  struct x64_mem area = x64_save_area(w);
  for (unsigned k = w->frame.va.gp; k < gp->n; k++)
    EMIT(w, x64_rm, X64_MOV_ST, 3, gp->reg[k], x64_beyond(area, 8 * (int32_t)k));
  if (KN_UNLIKELY(w->plan->frame.general_only)) return;
  EMIT(w, x64_rr, X64_TEST, 0, X64_RAX, X64_RAX);
  uint32_t skip = kn_code_label(w);
  x64_jcc(w, X64_E, skip);
  for (unsigned k = w->frame.va.fp; k < N_FP_ARGS; k++)
    EMIT(w, x64_rm, X64_MOVAPS_ST, 2, k, x64_beyond(area, 48 + 16 * (int32_t)k));
  x64_bind_label(w, skip);
}

/* A slot aligned beyond the stack's alignment is reached through a pointer in the frame, which the
 * entry computes. */
void x64_align_slots(struct kn_walk *w, bool arrays) {
  for (uint32_t k = 0; k < w->f->slots.n; k++) {
    const struct kn_slot *s = &w->f->slots.at[k];
    if (s->align_log2 <= 4 || s->uses == 0 || (s->array && w->plan->frame.guarded) != arrays)
      continue;
    int32_t align = 1 << s->align_log2;
    int32_t at = kn_frame_alloc(w, s->size_bytes + (uint64_t)align, 4);
    int32_t pointer = w->slot_states.at[k].frame = kn_frame_alloc(w, 8, 3);
    if (!kn_code_ready(w)) return;
    EMIT(w, x64_rm, X64_LEA, 3, X64_SCRATCH, x64_frame_mem(w, at + align - 1));
    EMIT(w, x64_alu_ri, X64_G_AND, 3, X64_SCRATCH, -align);
    EMIT(w, x64_rm, X64_MOV_ST, 3, X64_SCRATCH, x64_frame_mem(w, pointer));
  }
}

/* Keeps the address of the result in memory, which the function returns: for code of one block, by one more use. */
static void enter_result(struct kn_walk *w, const struct kn_arg *a) {
  struct kn_val *v = &w->val[a->h];
  if (w->plan->n_layout == 1 && w->f->facts.n_results == 0) {
    v->uses++;
    x64(w)->sret_value = a->h;
  } else if (v->uses != 0 && (v->flags & KN_VF_SLOT_HOME)) {
    x64(w)->sret = kn_frame_of(w, v); /* where `enter` stores it, for life */
  } else {
    x64(w)->sret = kn_frame_alloc(w, 8, 3);
    EMIT(w, x64_rm, X64_MOV_ST, 3, a->reg, x64_frame_mem(w, x64(w)->sret));
  }
}

/* Copies a parameter that arrives as the address of a copy to the frame, where it is then. */
static void enter_indirect(struct kn_walk *w, struct kn_arg *a, int32_t *frame) {
  unsigned address = a->reg != KN_NO_REG ? a->reg : X64_SCRATCH, x = x64_hw(x64_xscratch(w));
  if (a->reg == KN_NO_REG) EMIT(w, x64_rm, X64_MOV, 3, address, x64_frame_mem(w, *frame));
  *frame = kn_frame_alloc(w, 16, 4);
  EMIT(w, x64_rm, X64_MOVUPS, 2, x, x64_at(address, 0));
  EMIT(w, x64_rm, X64_MOVUPS_ST, 2, x, x64_frame_mem(w, *frame));
  a->reg = KN_NO_REG;
}

/* Stores the third or fourth quarter of a vector of 512 bits to the frame, where it is then. */
static void enter_quarter(struct kn_walk *w, struct kn_arg *a, int32_t *frame) {
  unsigned x = x64_hw(x64_xscratch(w));
  *frame = kn_frame_alloc(w, 16, 4);
  x64_take_quarter(w, x, x64_hw(a->reg), a->number);
  EMIT(w, x64_rm, X64_MOVUPS_ST, 2, x, x64_frame_mem(w, *frame));
  x64(w)->upper = true;
  a->reg = KN_NO_REG;
}

static bool own_way(struct kn_walk *w, struct kn_arg *a, int32_t *frame) {
  if (a->reg == KN_NO_REG) x64(w)->uses_incoming = true;
  if (a->param->flags & KILN_PARAM_SRET) enter_result(w, a);
  if (KN_UNLIKELY(a->indirect)) {
    if (a->param->flags & KILN_PARAM_UPPER) enter_quarter(w, a, frame);
    else enter_indirect(w, a, frame);
    return false;
  }
  if (KN_UNLIKELY(a->param->flags & KILN_PARAM_UPPER) && a->reg != KN_NO_REG) {
    x64_take_upper(w, x64_hw(a->reg), x64_hw(a->reg) - UPPER);
    x64(w)->upper = true;
    if (a->reg == EIGHTH) {
      *frame = kn_frame_alloc(w, 16, 4);
      EMIT(w, x64_rm, X64_MOVUPS_ST, 2, x64_hw(EIGHTH), x64_frame_mem(w, *frame));
      a->reg = KN_NO_REG;
    }
  }
  return (a->param->flags & KILN_PARAM_BYVAL) != 0; /* enter_by_value */
}

static void save_rest(struct kn_walk *w, uint32_t stack_bytes) {
  (void)stack_bytes;
  if (KN_UNLIKELY(x64(w)->upper)) x64_zero_upper(w);
  if (w->f->facts.variadic) save_area(w);
}

/* The address of a parameter that is passed by value. */
static void enter_by_value(struct kn_walk *w, const struct kn_arg *a) {
  w->i = a->h;
  unsigned dst = kn_def(w, a->h, KILN_TYPE_I64, KN_NO_REG, 0);
  EMIT(w, x64_rm, X64_LEA, 3, dst, x64_frame_mem(w, 16 + (int32_t)a->stack));
  kn_defined(w, a->h, dst);
  kn_inst_end(w);
}

void x64_enter(struct kn_walk *w) {
  static const struct kn_entry entry = {16, own_way, save_rest};
  const kiln_func *f = w->f;
  kn_enter_params(w, &entry);
  if (KN_UNLIKELY(f->facts.aligned_slots)) x64_align_slots(w, false);
  if (KN_LIKELY(kn_sig(f->module, f->sig)->plain)) return;
  for (uint32_t k = 0; k < w->args.n && kn_code_ready(w); k++) {
    struct kn_arg a = w->args.at[k];
    if (a.param->flags & KILN_PARAM_BYVAL && w->val[a.h].uses != 0) enter_by_value(w, &a);
  }
}
