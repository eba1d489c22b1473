/* The cold part of calls, entries and returns: see call.h. The placer reads the tables of conventions
 * (ir/convention.h); it is called when a signature is made, and for calls, entries and returns that are not of the
 * usual kind. Calls are driven from here, too: a target stores an argument, emits a jump, takes a result. Invariant:
 * nothing but its functions emits code. */
#include "lib/codegen/call_emit.h"
#include "lib/codegen/sig_place.h"

/* ---- the placer ---- */

enum { NARROW = 2 }; /* number of the list in kn_assign.used, after those of the banks */

static uint32_t align_to(uint32_t n, uint32_t align) { return (n + align - 1) & ~(align - 1); }

/* The next register of list number `which` that no other list has given out, or KN_NO_REG. */
static uint8_t next_reg(struct kn_assign *s, const struct kn_reg_list *list, unsigned which) {
  while (s->used[which] < list->n) {
    uint8_t r = list->reg[s->used[which]++];
    if (s->taken >> r & 1) continue;
    s->taken |= KN_BIT(r);
    return r;
  }
  return KN_NO_REG;
}

/* p begins an argument of several parts. */
static void begin_joined(const struct kn_convention *c, struct kn_assign *s, unsigned bank,
                         const kiln_param *p) {
  unsigned n = 1;
  while (p[n - 1].flags & KILN_PARAM_JOIN) n++;
  if (s->used[bank] + n > c->args[bank].n) s->used[bank] = c->args[bank].n;
  s->joined = n;
}

/* The register of an argument of `bank`, if it has one; `part`: of a joined one. */
static KN_COLD void assign_register(const struct kn_convention *c, struct kn_assign *s,
                                    struct kn_arg *a, unsigned bank, bool part) {
  const struct kn_reg_list *list = &c->args[bank];
  if (c->by_position) {
    unsigned at = s->used[0]++;
    if (at < list->n) a->reg = list->reg[at];
  } else if (bank != 0) {
    a->reg = next_reg(s, list, bank);
    if (a->reg == KN_NO_REG) s->refused = c->no_stack[1];
  } else if (c->pairs == KN_PAIRS_NONE && part) {
    s->refused = c->no_stack[0];
  } else {
    bool narrow = a->type < KILN_TYPE_I32 && c->narrow.n != 0;
    a->reg = narrow ? next_reg(s, &c->narrow, NARROW) : next_reg(s, list, 0);
    if (a->reg == KN_NO_REG) s->refused = c->no_stack[0];
  }
}

/* The next upper part of what the last argument began: after it on the stack; of what is in a register, the upper half
 * is in one of its own, and the third and fourth quarter are copied to memory. */
static void assign_upper(const struct kn_convention *c, struct kn_assign *s, struct kn_arg *a,
                         unsigned uppers) {
  const unsigned part = s->part++;
  a->stack = s->upper;
  if (s->upper != 0) {
    s->upper = uppers != 0 ? s->upper + 16 : 0;
  } else if (part == 1) {
    a->reg = (uint8_t)(c->upper + s->used[1] - 1);
  } else {
    a->reg = c->args[1].reg[s->used[1] - 1];
    a->number = (uint8_t)part;
    a->indirect = true;
  }
}

static KN_COLD void assign_any(const struct kn_target *t, const struct kn_convention *c,
                               struct kn_assign *s, struct kn_arg *a, unsigned uppers) {
  const kiln_param *p = a->param;
  a->indirect = (c->indirect >> a->type & 1) != 0;
  if (a->indirect) a->type = KILN_TYPE_I64;
  unsigned flags = kn_arg_flags(a), type = a->type, bank = t->types[type].bank;
  uint32_t size = t->types[type].bytes, align = size;
  bool inside = s->joined != 0;
  a->reg = KN_NO_REG;
  if (c->composites && !inside && flags & KILN_PARAM_JOIN) begin_joined(c, s, bank, p);
  bool part = s->joined != 0;
  if (part) s->joined--;
  if (flags & KILN_PARAM_CHAIN) a->reg = c->chain;
  else if (flags & KILN_PARAM_SRET) a->reg = c->sret;
  if (a->reg != KN_NO_REG) return;
  if (KN_UNLIKELY(flags & KILN_PARAM_UPPER)) {
    assign_upper(c, s, a, uppers);
    return;
  }
  s->part = 1;
  if (flags & KILN_PARAM_BYVAL) {
    unsigned log2 = p->align_log2 < c->max_align_log2 ? p->align_log2 : c->max_align_log2;
    size = align_to(p->size_bytes, 8);
    align = log2 > 3 ? 1u << log2 : 8;
    if (align > 16 && align > s->align) s->align = align;
  } else if (!(c->x87 >> type & 1)) {
    assign_register(c, s, a, bank, part);
    if (a->reg != KN_NO_REG) return;
    if (part && (type == KILN_TYPE_F32 || type == KILN_TYPE_F16)) size = 1u << kn_type_log2[type];
    if (c->by_position) align = 8;
    if (inside && size < 16) align = 1; /* as in memory */
    else if (c->composites && p && p->align_log2 == 4) align = 16;
    if (uppers && type == KILN_TYPE_V128) size = align = 16 + 16 * uppers;
  }
  a->stack = align_to(s->stack, align);
  s->stack = a->stack + size;
  if (uppers && size > 16) {
    s->upper = a->stack + 16;
    if (s->align < align) s->align = align;
  }
}

/* The registers of the halves of an i128, or of the first alone, if they have any. */
static void assign_pair_registers(const struct kn_convention *c, struct kn_assign *s,
                                  struct kn_arg a[2]) {
  const struct kn_reg_list *list = &c->args[0];
  const unsigned at = c->pairs == KN_PAIRS_EVEN ? align_to(s->used[0], 2) : s->used[0];
  if (c->by_position || at + 2 <= list->n) {
    for (unsigned k = 0; k < 2 && at + k < list->n; k++) a[k].reg = list->reg[at + k];
    s->used[0] = at + 2;
  } else if (c->pairs == KN_PAIRS_NONE) {
    s->refused = c->no_stack[0];
  } else if (c->composites) s->used[0] = list->n;
}

/* The same as below for the halves of an i128: both in registers, both on the stack, or where an argument's number is
 * that of its register one in each. */
static KN_COLD void assign_pair(const struct kn_convention *c, struct kn_assign *s,
                                struct kn_arg a[2]) {
  const bool inside = s->joined != 0;
  if (c->composites && !inside && kn_arg_flags(a) & KILN_PARAM_JOIN)
    begin_joined(c, s, 0, a->param);
  if (s->joined != 0) s->joined--;
  a[0].type = KILN_TYPE_I64;
  a[0].reg = KN_NO_REG;
  a[0].indirect = false;
  a[1] = a[0];
  if (c->pairs == KN_PAIRS_NONE) s->refused = c->no_stack[0];
  else assign_pair_registers(c, s, a);
  if (a[1].reg != KN_NO_REG) return;
  const unsigned first = a[0].reg != KN_NO_REG;
  s->stack = align_to(s->stack, c->by_position ? 8 : 16);
  for (unsigned k = first; k < 2; k++, s->stack += 8) a[k].stack = s->stack;
}

/* Gives `a` the next location: sets `reg` or `stack`, from its type and parameter. `uppers` parameters follow that
 * are upper parts of the same vector (KILN_PARAM_UPPER). */
KN_INLINE void assign(const struct kn_target *t, const struct kn_convention *c, struct kn_assign *s,
                      struct kn_arg *a, unsigned uppers) {
  const struct kn_reg_list *list = &c->args[0];
  a->indirect = false;
  bool usual = a->type - KILN_TYPE_I8 <= KILN_TYPE_I64 - KILN_TYPE_I8 && s->joined == 0 &&
               !(kn_arg_flags(a) & ~(unsigned)KN_PARAM_EXTEND);
  if (KN_LIKELY(usual && s->used[0] < list->n && c->narrow.n == 0 && !c->by_position)) {
    a->reg = list->reg[s->used[0]++];
  } else assign_any(t, c, s, a, uppers);
}

/* Gives argument `a` its location, or, if it is an i128 that is not indirect, a[0] and a[1] those of its halves.
 * Returns their number. */
KN_INLINE unsigned assign_halves(const struct kn_target *t, const struct kn_convention *c,
                                 struct kn_assign *s, struct kn_arg a[2], unsigned uppers) {
  if (KN_UNLIKELY(a->type == KILN_TYPE_I128) && !(c->indirect >> KILN_TYPE_I128 & 1)) {
    assign_pair(c, s, a);
    return 2;
  }
  assign(t, c, s, a, uppers);
  return 1;
}

/* Gives result `a` the next location, or its halves the next two: where no register is left, at the bottom of the stack
 * area. Returns their number. */
static unsigned assign_result(const struct kn_target *t, const struct kn_sig *sig,
                              struct kn_assign *s, struct kn_arg a[2]) {
  const struct kn_convention *c = sig->conv;
  const unsigned type = a->type, n = type == KILN_TYPE_I128 && !c->i128_in_vector ? 2 : 1;
  const unsigned bank = type == KILN_TYPE_I128 && n == 1 ? 1 : t->types[type].bank;
  const struct kn_reg_list *list = &c->results[bank];
  unsigned most = bank && sig->flags & KILN_SIG_WIDE_RESULTS ? c->wide_results : list->n;
  a->reg = KN_NO_REG;
  if (n == 2) {
    a->type = KILN_TYPE_I64;
    a[1] = a[0];
    a[1].upper = true;
  }
  if (c->x87 >> type & 1) {
    if (s->x87++ < c->x87_results) return 1;
  } else if (s->used[bank] + n <= most) {
    for (unsigned k = 0; k < n; k++) a[k].reg = list->reg[s->used[bank]++];
    return n;
  }
  const uint32_t size = t->types[type].bytes;
  s->stack = align_to(s->stack, size);
  for (unsigned k = 0; k < n; k++, s->stack += size / n) {
    a[k].in_memory = true;
    a[k].stack = s->stack;
  }
  return n;
}

/* How many parameters after number k are upper parts of the vector that it is a part of. */
static unsigned uppers_of(const struct kn_sig *sig, uint32_t k) {
  unsigned n = 0;
  while (++k < sig->n_params && sig->params[k].flags & KILN_PARAM_UPPER) n++;
  return n;
}

static uint64_t regs_of(const struct kn_arg *a, unsigned n) {
  uint64_t set = 0;
  for (unsigned k = 0; k < n; k++) set |= a[k].reg != KN_NO_REG ? KN_BIT(a[k].reg) : 0;
  return set;
}

/* Where the arguments begin in the stack area: above the results that are there. */
static uint32_t stack_begin(const struct kn_sig *sig) {
  return sig->conv->shadow_bytes + sig->result_bytes;
}

void kn_sig_assign(const struct kn_target *t, struct kn_sig *sig) {
  const struct kn_convention *c = sig->conv;
  struct kn_assign results = {.stack = 0};
  for (unsigned k = 0; k < sig->n_results; k++) {
    struct kn_arg a[2];
    a[0] = (struct kn_arg){.type = sig->results[k]};
    sig->returning |= regs_of(a, assign_result(t, sig, &results, a));
  }
  sig->result_bytes = results.stack;
  struct kn_assign s = {.stack = stack_begin(sig)};
  sig->plain = true;
  for (uint32_t k = 0; k < sig->n_params; k++) {
    const kiln_param *p = &sig->params[k];
    struct kn_arg a[2];
    a[0] = (struct kn_arg){.param = p, .type = (uint8_t)p->type};
    sig->arriving |= regs_of(a, assign_halves(t, c, &s, a, uppers_of(sig, k)));
    sig->plain &= p->type <= KILN_TYPE_I64 && p->flags == 0 && p->align_log2 == 0 &&
                  k < c->args[0].n && a->reg == c->args[0].reg[k];
  }
  sig->stack_bytes = s.stack;
  sig->stack_align = s.align;
  /* calls by C's convention always have its shadow bytes */
  bool stack = s.stack != (t->ir.library != NULL ? t->ir.library->shadow_bytes : 0u) || c->pops;
  if (c->pops) sig->popped = align_to(s.stack + c->pushed, 16) - c->pushed;
  sig->plain &= !stack;
  sig->usual = !stack && c->keeps == 0 && !c->loses_all && !(sig->flags & KILN_SIG_RETURNS_TWICE);
  unsigned of = c->by_position ? 0 : 1, n = c->args[0].n, n_of = c->args[of].n;
  unsigned general = n > s.used[0] ? n - s.used[0] : 0,
           floats = n_of > s.used[of] ? n_of - s.used[of] : 0;
  sig->spare = (uint8_t)(general < floats ? general : floats);
}

uint8_t kn_sig_place(const struct kn_target *t, const struct kn_sig *sig, uint32_t number,
                     uint32_t *stack) {
  struct kn_assign s = {.stack = stack_begin(sig)};
  struct kn_arg a[2];
  for (uint32_t k = 0; k <= number; k++) {
    a[0] = (struct kn_arg){.param = &sig->params[k], .type = (uint8_t)sig->params[k].type};
    assign_halves(t, sig->conv, &s, a, uppers_of(sig, k));
  }
  *stack = a[0].stack;
  return a[0].reg;
}

/* ---- locations of a call, an entry, a return ---- */

static bool not_lowered(struct kn_walk *w, unsigned type, const char *message) {
  if (KN_LIKELY(kn_type(w, type)->lowered)) return false;
  kn_walk_fail(w, KILN_ERR_UNSUPPORTED, message);
  return true;
}

bool kn_assign_args(struct kn_walk *w, const struct kn_sig *sig, const uint32_t *operands,
                    uint32_t n, struct kn_assign *end) {
  *end = (struct kn_assign){.stack = stack_begin(sig)};
  w->args.n = 0;
  for (uint32_t k = 0; k < n; k++) {
    const kiln_param *p = k < sig->n_params ? &sig->params[k] : NULL;
    if (!KN_ROOM(w->owner, w->args, 2)) return false;
    struct kn_arg *a = &w->args.at[w->args.n];
    *a = (struct kn_arg){.param = p};
    if (operands == NULL) w->i = a->h = kn_block_param(w->f, &w->f->block[0], k);
    else a->h = operands[k];
    a->type = (uint8_t)(p ? p->type : kn_loose_type(w, a->h));
    if (not_lowered(w, a->type, "argument of a type that is not lowered yet")) return false;
    const unsigned n_halves = assign_halves(w->target, sig->conv, end, a, uppers_of(sig, k));
    if (KN_UNLIKELY(end->refused)) {
      kn_walk_fail(w, KILN_ERR_UNSUPPORTED, end->refused);
      return false;
    }
    if (KN_UNLIKELY(n_halves == 2)) a[1].h = kn_half(w->f, a->h, 1);
    w->args.n += n_halves;
  }
  return true;
}

bool kn_assign_results(struct kn_walk *w, const struct kn_sig *sig) {
  struct kn_assign s = {.stack = 0};
  w->args.n = 0;
  for (unsigned k = 0; k < sig->n_results; k++) {
    if (!KN_ROOM(w->owner, w->args, 2)) return false;
    struct kn_arg *a = &w->args.at[w->args.n];
    *a = (struct kn_arg){.type = sig->results[k], .number = (uint8_t)k};
    if (not_lowered(w, a->type, "result of a type that is not lowered yet")) return false;
    w->args.n += assign_result(w->target, sig, &s, a);
  }
  return true;
}

/* True if the `bytes` of a tail call's stack arguments fit in KN_TAIL_STACK and, unless the callee frees them, where
 * the function's own are; else the function failed. */
static bool tail_fits(struct kn_walk *w, uint32_t bytes) {
  const struct kn_sig *sig = kn_sig(w->f->module, w->f->sig);
  const uint32_t own = sig->stack_bytes, begin = stack_begin(sig);
  if (bytes > KN_TAIL_STACK)
    kn_walk_fail(w, KILN_ERR_LIMIT,
                 "a tail call has more than 4096 bytes of arguments on the stack");
  else if (bytes > own && !sig->conv->pops) {
    const kiln_module *m = w->f->module;
    kn_func_fail(w->owner, KILN_ERR_UNSUPPORTED, w->block, w->i,
                 "tailcall: the callee has %u bytes of arguments on the stack, but @%.64s, whose "
                 "place it takes, has only %u, which its caller frees",
                 bytes - begin, kn_symbol(m, w->f->symbol)->name, own - begin);
    w->code.limit = NULL;
  }
  return w->f->status == KILN_OK;
}

/* ---- parameters ---- */

/* Receives those that are in registers, or those that are on the stack. */
static void enter_some(struct kn_walk *w, const struct kn_entry *entry, bool on_stack) {
  for (uint32_t k = 0; k < w->args.n && kn_code_ready(w); k++) {
    struct kn_arg a = w->args.at[k];
    int32_t frame = (int32_t)((uint32_t)entry->first + a.stack);
    if ((a.reg == KN_NO_REG) != on_stack || (entry->own_way && entry->own_way(w, &a, &frame)))
      continue;
    if (w->val[a.h].uses != 0) kn_arrive(w, a.h, a.reg, frame);
  }
}

void kn_enter_assigned(struct kn_walk *w, const struct kn_entry *entry) {
  const struct kn_sig *sig = kn_sig(w->f->module, w->f->sig);
  struct kn_assign all;
  if (!kn_assign_args(w, sig, NULL, sig->n_params, &all)) return;
  enter_some(w, entry, false);
  w->frame.va.gp = all.used[0];
  w->frame.va.fp = all.used[1];
  w->frame.va.stack = (int32_t)((uint32_t)entry->first + align_to(all.stack, 8));
  if (entry->save_rest) entry->save_rest(w, all.stack);
  if (w->f->status == KILN_OK) enter_some(w, entry, true);
}

/* ---- results ---- */

uint32_t kn_result_value(const struct kn_walk *w, unsigned number) {
  if (number == 0) return w->i;
  for (uint32_t i = w->i + 1;; i++) {
    const struct kn_inst *in = &w->inst[i];
    if (in->op == KILN_OP_UPPER) continue;
    if (in->op != KILN_OP_RESULT || in->a != w->i) return 0;
    if (in->x == number) return i;
  }
}

void kn_take_results(struct kn_walk *w, const struct kn_sig *sig) {
  if (!kn_assign_results(w, sig)) return;
  for (uint32_t k = 0; k < w->args.n; k++) {
    struct kn_arg *a = &w->args.at[k];
    const uint32_t value = kn_result_value(w, a->number);
    a->h = value != 0 ? value + a->upper : 0;
  }
  kn_take_assigned(w);
  kn_free_results(w, sig);
}

void kn_free_results(struct kn_walk *w, const struct kn_sig *sig) {
  if (KN_UNLIKELY(sig->result_bytes != 0) && kn_moves_stack(w->call_stack) && kn_code_ready(w))
    w->target->calls.free_stack(w, w->call_stack);
}

/* Is the result in a register that has it as it is? */
static bool arrives(const struct kn_walk *w, const struct kn_arg *a) {
  return a->reg != KN_NO_REG && w->val[a->h].uses != 0 && kn_fits_register(w, a->type);
}

void kn_take_assigned(struct kn_walk *w) {
  /* reserve all of their registers first, so that nothing takes them */
  uint64_t held = regs_of(w->args.at, w->args.n);
  held &= w->regs.free;
  w->regs.free &= ~held;
  w->regs.temp |= held;
  for (uint32_t k = 0; k < w->args.n; k++)
    if (arrives(w, &w->args.at[k])) KN_LOG(w, KN_EV_DEF, w->args.at[k].h, w->args.at[k].reg);
  for (uint32_t k = 0; k < w->args.n; k++) {
    struct kn_arg a = w->args.at[k];
    if (a.reg == KN_NO_REG && (!a.in_memory || w->val[a.h].uses == 0)) continue;
    if (a.in_memory) {
      if (!kn_code_ready(w)) return;
      KN_LOG_SET(w, KN_EV_DONE, held); /* results that were taken may be spilled now */
    }
    if (arrives(w, &a)) KN_LOG(w, KN_EV_USE, a.h, a.reg);
    w->target->calls.take_result(w, a.h, &a);
    if (w->f->status != KILN_OK) return;
  }
}

void kn_return_values(struct kn_walk *w, const struct kn_inst *in) {
  const struct kn_sig *sig = kn_sig(w->f->module, w->f->sig);
  if (!kn_assign_results(w, sig)) return;
  for (uint32_t k = 0; k < w->args.n; k++) {
    struct kn_arg *a = &w->args.at[k];
    a->h = kn_half(w->f, kn_ret_value(w->f, in, a->number), a->upper);
    if (sig->result_bytes == 0) continue;
    if (!kn_code_ready(w)) return; /* before the registers fill up */
    if (a->in_memory) w->target->calls.early_arg(w, NULL, a);
    else if (kn_waits(w, a->h)) kn_reg(w, a->h, a->type);
    kn_inst_end(w);
  }
  for (uint32_t k = 0; k < w->args.n; k++) {
    const struct kn_arg *a = &w->args.at[k];
    if (!kn_in_frame(w, a->type) && !a->in_memory) kn_add_move(w, a->reg, a->h, a->type);
  }
  kn_run_moves(w);
  for (uint32_t k = 0; k < w->args.n; k++) { /* in the frame, so they may come last */
    struct kn_arg a = w->args.at[k];
    if (kn_in_frame(w, a.type) && a.reg != KN_NO_REG) w->target->calls.load_arg(w, a.h, &a);
  }
}

/* ---- calls of any kind ---- */

uint32_t kn_callee_symbol(const struct kn_walk *w, uint32_t callee) {
  if (!kn_is_pool(callee)) return 0;
  const struct kn_const *c = &w->f->pool.at[kn_index(callee)];
  return c->low == 0 ? c->symbol : 0;
}

bool kn_call_through_got(const struct kn_walk *w, uint32_t symbol, bool library) {
  const kiln_module *m = w->f->module;
  if (KN_LIKELY(!m->some_no_plt)) return false;
  const struct kn_symbol *s = kn_symbol(m, symbol);
  return (s->no_plt || (library && m->attrs.no_plt)) && !s->direct;
}

void kn_add_move(struct kn_walk *w, unsigned dst, uint32_t h, unsigned type) {
  struct kn_place_move m = {.dst = (uint8_t)dst, .type = (uint8_t)type};
  kn_source(w, h, &m);
  KN_PUSH(w->owner, w->moves, m);
}

/* Has the argument to go to memory before registers are filled? One in a scratch register, which moves use, waits
 * there until they are done. */
static bool is_early(const struct kn_walk *w, const struct kn_arg *a) {
  return a->reg == KN_NO_REG || a->reg == w->target->scratch[1] || a->indirect;
}

/* What has to be done before the moves to registers are collected. */
static bool early_args(struct kn_walk *w, const struct kn_call *c) {
  for (uint32_t k = 0; k < w->args.n; k++) {
    struct kn_arg a = w->args.at[k];
    if (!kn_code_ready(w)) return false;
    if (a.indirect) a.memory = w->args.at[k].memory = kn_frame_alloc(w, 16, 4);
    if (is_early(w, &a)) w->target->calls.early_arg(w, c, &a);
    else if (kn_waits(w, a.h)) kn_reg(w, a.h, a.type);
    else continue;
    kn_inst_end(w);
  }
  if (c->symbol == 0 && kn_waits(w, c->callee)) {
    kn_reg(w, c->callee, KILN_TYPE_I64);
    kn_inst_end(w);
  }
  return w->f->status == KILN_OK;
}

void kn_general_call(struct kn_walk *w, struct kn_call *c) {
  const struct kn_target *t = w->target;
  struct kn_assign all;
  bool in_frame = false;
  w->call_stack = (struct kn_call_stack){0};
  if (!kn_assign_args(w, c->sig, c->args, c->n, &all)) return;
  if (c->tail && !tail_fits(w, all.stack)) return;
  if (c->tail && all.align > kn_sig(w->f->module, w->f->sig)->stack_align) {
    kn_walk_fail(w, KILN_ERR_UNSUPPORTED,
                 "the callee's arguments on the stack are more aligned than the function's");
    return;
  }
  t->calls.open_stack(w, c, &all);
  if (w->f->status != KILN_OK || !early_args(w, c)) return;
  c->reg = t->callee[0];
  for (uint32_t k = 0; k < w->args.n; k++) {
    const struct kn_arg *a = &w->args.at[k];
    if (a->reg == c->reg) c->reg = t->callee[1];
    if (is_early(w, a)) continue;
    if (kn_in_frame(w, a->type)) in_frame = true; /* loaded when all others are in place */
    else kn_add_move(w, a->reg, a->h, a->type);
  }
  if (c->symbol == 0) kn_add_move(w, c->reg, c->callee, KILN_TYPE_I64);
  for (uint32_t k = 0; k < c->n; k++) kn_drop_any(w, c->args[k]);
  if (c->symbol == 0) kn_drop(w, c->callee);
  if (!c->tail) kn_save_live(w, c->sig->conv->lost);
  if (!kn_code_ready(w)) return;
  kn_run_moves(w);
  for (uint32_t k = 0; in_frame && k < w->args.n; k++) {
    struct kn_arg a = w->args.at[k];
    if (kn_in_frame(w, a.type) && a.reg != KN_NO_REG) t->calls.load_arg(w, a.h, &a);
  }
  t->calls.settle_args(w, c, &all);
  if (c->tail) {
    t->calls.tail_jump(w, c, all.stack);
    return;
  }
  uint32_t start = kn_call_begin(w, c->library, c->reg);
  t->calls.call_jump(w, c);
  kn_call_end(w, start, c->sig->conv->lost);
  /* results are above the stack pointer until they are taken: kn_free_results */
  if (kn_moves_stack(w->call_stack) && c->sig->result_bytes == 0)
    t->calls.free_stack(w, w->call_stack);
}

void kn_lower_tailcall(struct kn_walk *w, const struct kn_inst *in) {
  struct kn_call c = kn_call_of(w, in, true);
  w->target->calls.call(w, &c);
}

void kn_lower_try(struct kn_walk *w, const struct kn_inst *in) {
  if (!kn_try_begin(w)) return;
  struct kn_call c = kn_call_of(w, in, false);
  w->target->calls.call(w, &c);
  kn_try_end(w, in);
}
