/* Loads, stores, addresses, stack allocation and thread-local addresses for AArch64. Called by the walk's loop. An
 * ADDR is left to the accesses that read it where their addressing modes can take it. Invariant: begin_address and
 * the callers get registers; emitting an access gets none and may use x17. */
#include "targets/aarch64/a64.h"

/* ---- addresses ---- */

struct address {
  enum { AT_REG, AT_SYMBOL, AT_COMPUTED, AT_NUMBER } kind;
  unsigned base;         /* AT_REG */
  unsigned index, scale; /* KN_NO_REG: none; scale is the multiplier */
  enum a64_extend ext;   /* of the index */
  uint32_t what;         /* symbol, or slot */
  int64_t disp;
};

static void set_index(struct kn_walk *w, struct address *x, const struct kn_inst *in) {
  struct a64_extended e = a64_reg_extended(w, in->b);
  x->index = e.reg;
  x->ext = e.ext;
  x->scale = in->x;
}

/* Base, index and displacement of handle h + disp. Locks registers, drops nothing. (By pointer, here and below: to
 * copy a struct right after its fields were written stalls on store forwarding.) */
static void begin_address(struct kn_walk *w, uint32_t h, int64_t disp, struct address *x) {
  x->kind = AT_REG;
  x->index = KN_NO_REG;
  x->ext = A64_UXTX;
  if (kn_is_value(h) && (w->val[h].flags & KN_VF_ADDR)) {
    const struct kn_inst *in = &w->inst[h];
    disp += kn_addr_disp(in);
    if (kn_addr_index(in)) set_index(w, x, in);
    h = in->a;
  }
  if (kn_is_value(h)) {
    x->base = kn_reg(w, h, KILN_TYPE_I64);
  } else if (kn_is_slot(h)) {
    uint32_t slot = kn_index(h);
    int32_t frame = w->slots[slot].align_log2 > 4 ? -1 : kn_slot_frame(w, slot);
    if (frame < 0) {
      x->kind = AT_COMPUTED;
      x->what = slot;
    } else {
      x->base = A64_FP;
      disp += frame;
      a64(w)->frame_used = true;
    }
  } else {
    uint64_t bits;
    if (a64_const(w, h, KILN_TYPE_I64, &bits)) {
      x->kind = AT_NUMBER;
      disp = (int64_t)((uint64_t)disp + bits);
    } else {
      x->kind = AT_SYMBOL;
      x->what = w->f->pool.at[kn_index(h)].symbol;
      disp = (int64_t)((uint64_t)disp + w->f->pool.at[kn_index(h)].low);
    }
  }
  x->disp = disp;
}

/* The base as a register; any other base is computed to x17, with the displacement added. */
static unsigned base_register(struct kn_walk *w, struct address *x) {
  switch (x->kind) {
  case AT_REG: return x->base;
  case AT_SYMBOL: a64_symbol(w, A64_IP1, x->what, x->disp); break;
  case AT_COMPUTED: a64_slot_addr(w, A64_IP1, x->what, x->disp); break;
  case AT_NUMBER: a64_set(w, A64_IP1, 1, (uint64_t)x->disp); break;
  }
  x->disp = 0;
  return A64_IP1;
}

static bool is_power(unsigned x) { return x != 0 && (x & (x - 1)) == 0; }

/* rd = base + index * scale. x16 is used unless that is a shift. */
static void add_index(struct kn_walk *w, unsigned rd, unsigned base, const struct address *x) {
  unsigned shift = x->scale ? (unsigned)__builtin_ctz(x->scale) : 0;
  bool power = is_power(x->scale);
  if (power && x->ext == A64_UXTX) {
    a64_emit(w, a64_addsub_reg(A64_ADD, 1, rd, base, x->index, A64_LSL, shift));
  } else if (power && shift <= 4) {
    a64_emit(w, a64_addsub_ext(A64_ADD, 1, rd, base, x->index, x->ext, shift));
  } else {
    a64_set(w, A64_IP0, 1, x->scale);
    if (x->ext == A64_UXTX) a64_emit(w, a64_madd(1, rd, x->index, A64_IP0, base));
    else
      a64_emit(w,
               a64_mull(x->ext == A64_SXTW ? A64_SMADDL : A64_UMADDL, rd, x->index, A64_IP0, base));
  }
}

/* The low bits' relocation of an access to 2^log2 bytes. */
static const kiln_reloc_kind lo12[] = {KILN_RELOC_A64_LOW8, KILN_RELOC_A64_LOW16,
                                       KILN_RELOC_A64_LOW32, KILN_RELOC_A64_LOW64,
                                       KILN_RELOC_A64_LOW128};

/* Emits the access `op` of rt at x. `align` is the log2 of the alignment known. */
static void emit_access(struct kn_walk *w, enum a64_mem op, unsigned rt, struct address *x,
                        unsigned align) {
  unsigned log2 = a64_mem_log2(op);
  if (x->kind == AT_SYMBOL && x->index == KN_NO_REG && align >= log2 &&
      kn_symbol(w->f->module, x->what)->direct && a64_is_near(x->disp)) {
    uint32_t at = kn_here(w);
    kn_code_relocate(w, at, x->what, KILN_RELOC_A64_PAGE, x->disp);
    kn_code_relocate(w, at + 4, x->what, lo12[log2], x->disp);
    a64_emit(w, a64_adrp(A64_IP1, 0));
    a64_emit(w, a64_mem_scaled(op, rt, A64_IP1, 0));
    return;
  }
  unsigned base = base_register(w, x);
  if (x->index != KN_NO_REG) {
    if (x->disp == 0 && (x->scale == 1 || x->scale == 1u << log2)) {
      a64_emit(w, a64_mem_reg(op, rt, base, x->index, x->ext, x->scale != 1));
      return;
    }
    if (x->disp >= 1 << 24 || x->disp <= -(1 << 24)) { /* this first, while x17 is free */
      a64_add_imm(w, A64_IP1, base, x->disp);
      x->disp = 0;
      base = A64_IP1;
    }
    add_index(w, A64_IP1, base, x);
    base = A64_IP1;
  }
  struct a64_at m = a64_reach(w, op, base, x->disp);
  a64_emit(w, a64_mem_offset(op, rt, m.base, m.off));
}

/* The address that ADDR `in` computes: its operands in registers. */
static void begin_sum(struct kn_walk *w, const struct kn_inst *in, struct address *x) {
  begin_address(w, in->a, kn_addr_disp(in), x);
  if (kn_addr_index(in) == 0) return;
  if (x->index != KN_NO_REG) { /* the base is an address with an index of its own */
    unsigned t = kn_temp(w, KN_GP_MASK);
    add_index(w, t, base_register(w, x), x);
    x->kind = AT_REG;
    x->base = t;
  }
  set_index(w, x, in);
}

/* dst, which may be a register of x, gets the address. */
static void emit_sum(struct kn_walk *w, unsigned dst, struct address *x) {
  unsigned base = base_register(w, x);
  if (x->index == KN_NO_REG) {
    a64_add_imm(w, dst, base, x->disp);
  } else if (x->disp == 0) {
    add_index(w, dst, base, x);
  } else {
    add_index(w, A64_IP1, base, x);
    a64_add_imm(w, dst, A64_IP1, x->disp);
  }
}

void a64_compute_addr(struct kn_walk *w, unsigned dst, const struct kn_inst *in) {
  struct address x;
  begin_sum(w, in, &x);
  emit_sum(w, dst, &x);
}

void a64_lower_addr(struct kn_walk *w, const struct kn_inst *in) {
  struct kn_val *val = &w->val[w->i];
  bool chained = kn_is_value(in->a) && (w->val[in->a].flags & KN_VF_ADDR) != 0;
  const struct kn_inst *next = &w->inst[w->i + 1];
  bool access = (next->op == KILN_OP_LOAD || next->op == KILN_OP_STORE) && next->a == w->i;
  if ((val->flags & (KN_VF_HOME | KN_VF_SLOT_HOME)) == 0 && !chained &&
      (in->b == 0 || (access && val->uses == 1 && is_power(in->x) && in->x <= 16))) {
    val->flags |= KN_VF_ADDR;
    val->reg = KN_NO_REG;
    return;
  }
  struct address x;
  begin_sum(w, in, &x);
  kn_drop(w, in->a);
  if (in->b) kn_drop(w, in->b);
  unsigned d = kn_def(w, w->i, KILN_TYPE_I64, KN_NO_REG, 0);
  emit_sum(w, d, &x);
  kn_defined(w, w->i, d);
}

/* ---- loads and stores ---- */

/* The word of a load or store with a scaled unsigned offset, for register 0 at x0. */
struct form {
  uint32_t word;
  uint8_t up; /* the offset goes to the word shifted up by this many bits */
  uint8_t op; /* enum a64_mem */
  uint8_t zx; /* KN_VF_ZX if a load leaves zeros above the type's width */
};
#define FORM(operation, zeros)                                                                     \
  {A64_MEM_SCALED(operation), 10 - (((operation) & 6) == 6 ? 4 : (operation) >> 3), operation,     \
   (zeros) ? KN_VF_ZX : 0}
/* By the type in memory; zero-extended or as it is, sign-extended to i16, to i32, to i64. */
static const struct form load_forms[KILN_TYPE_COUNT][4] = {
  [KILN_TYPE_I8] = {FORM(A64_LDRB, 1), FORM(A64_LDRSB_W, 0), FORM(A64_LDRSB_W, 1),
                    FORM(A64_LDRSB_X, 0)},
  [KILN_TYPE_I16] = {FORM(A64_LDRH, 1), FORM(A64_LDRH, 1), FORM(A64_LDRSH_W, 1),
                     FORM(A64_LDRSH_X, 0)},
  [KILN_TYPE_I32] = {FORM(A64_LDR_W, 1), FORM(A64_LDR_W, 1), FORM(A64_LDR_W, 1),
                     FORM(A64_LDRSW, 0)},
  [KILN_TYPE_I64] = {FORM(A64_LDR_X, 0), FORM(A64_LDR_X, 0), FORM(A64_LDR_X, 0),
                     FORM(A64_LDR_X, 0)},
  [KILN_TYPE_F32] = {FORM(A64_LDR_FS, 0)},
  [KILN_TYPE_F64] = {FORM(A64_LDR_FD, 0)},
  [KILN_TYPE_V64] = {FORM(A64_LDR_FD, 0)},
  [KILN_TYPE_V128] = {FORM(A64_LDR_FQ, 0)},
};
KN_INLINE const struct form *load_form(const struct kn_inst *in) {
  unsigned sext = (in->x & KILN_MEM_SEXT) != 0;
  return &load_forms[KN_MEM_TYPE(in->x)][(in->type - 1u) & (0 - sext) & 3];
}
KN_INLINE enum a64_mem load_op(const struct kn_inst *in) { return (enum a64_mem)load_form(in)->op; }
static const struct form store_forms[KILN_TYPE_COUNT] = {
  [KILN_TYPE_I8] = FORM(A64_STRB, 0),    [KILN_TYPE_I16] = FORM(A64_STRH, 0),
  [KILN_TYPE_I32] = FORM(A64_STR_W, 0),  [KILN_TYPE_I64] = FORM(A64_STR_X, 0),
  [KILN_TYPE_F32] = FORM(A64_STR_FS, 0), [KILN_TYPE_F64] = FORM(A64_STR_FD, 0),
  [KILN_TYPE_V64] = FORM(A64_STR_FD, 0), [KILN_TYPE_V128] = FORM(A64_STR_FQ, 0),
};

/* The offset as the bits of `form`'s word; false if it does not fit. */
KN_INLINE bool offset_field(const struct form *form, int64_t off, uint64_t *field) {
  *field = (uint64_t)off << form->up;
  return (*field & ~UINT64_C(0x3ffc00)) == 0;
}
KN_INLINE void emit_form(struct kn_walk *w, const struct form *form, unsigned rt, unsigned base,
                         uint64_t field) {
  a64_emit(w, form->word | (uint32_t)field | base << 5 | (rt & 31));
}

/* An address within reach: a register and an offset, as most are, or the sum of one and a constant that was left to
 * its readers. */
struct near {
  uint64_t field;
  uint32_t base; /* value */
  unsigned reg;
  unsigned sum; /* 1 if the address is such a sum */
};
/* The address `h` + off, a value, for `form`. False, with nothing done, if it is not within
 * reach. */
KN_INLINE bool is_near(struct kn_walk *w, const struct form *form, uint32_t h, int64_t off,
                       struct near *at) {
  const struct kn_inst *in = &w->inst[h];
  unsigned sum = w->val[h].flags / KN_VF_ADDR & 1; /* masks, since a branch would be mispredicted */
  uint32_t base = h ^ ((h ^ in->a) & (0 - sum));
  off += (int32_t)in->c & (0 - (int32_t)sum);
  if (!kn_is_value(base) || (in->b & (0 - sum))) return false;
  unsigned r = w->val[base].reg;
  if (!offset_field(form, off, &at->field) || r == KN_NO_REG) return false;
  kn_use(w, base, r);
  at->base = base;
  at->reg = r;
  at->sum = sum;
  return true;
}
/* kn_drop of h, whose address is `at`. */
KN_INLINE void drop_near(struct kn_walk *w, uint32_t h, const struct near *at) {
  bool last = (w->val[h].uses -= at->sum) == 0; /* of the sum; there is a use left if it is none */
  kn_drop_if(w, at->base, !at->sum | last);
}

void a64_access_pair(struct kn_walk *w, const struct kn_inst *in, bool load, unsigned low,
                     unsigned high) {
  struct address x;
  begin_address(w, in->a, (int32_t)in->c, &x);
  enum a64_pair op = load ? A64_LDP_X : A64_STP_X;
  unsigned base = base_register(w, &x);
  if (x.index != KN_NO_REG) {
    add_index(w, A64_IP1, base, &x);
    base = A64_IP1;
  }
  if (!a64_pair_ok(x.disp)) {
    a64_add_imm(w, A64_IP1, base, x.disp);
    base = A64_IP1;
    x.disp = 0;
  }
  a64_emit(w, a64_pair(op, A64_OFFSET, low, high, base, (int32_t)x.disp));
}

/* A load from any address, read or not. */
static __attribute__((noinline)) void load_far(struct kn_walk *w, const struct kn_inst *in,
                                               struct kn_slot_state *variable) {
  struct address x;
  begin_address(w, in->a, (int32_t)in->c, &x);
  kn_drop(w, in->a);
  if (w->val[w->i].uses == 0) { /* volatile */
    emit_access(w, load_op(in), kn_bank(w, in->type) ? a64_v(A64_VS0) : A64_IP0, &x,
                KN_MEM_ALIGN(in->x));
    return;
  }
  unsigned d = kn_def(w, w->i, in->type, KN_NO_REG, 0);
  emit_access(w, load_op(in), d & 31, &x, KN_MEM_ALIGN(in->x));
  w->val[w->i].flags |= load_form(in)->zx;
  kn_defined(w, w->i, d);
  if (variable) kn_slot_note(w, variable, w->i, d);
}

/* A load of a slot that is no variable in a register: from there, or from the register that still has what a
 * variable holds. */
static __attribute__((noinline)) void load_slot(struct kn_walk *w, const struct kn_inst *in,
                                                const struct kn_slot_place *s) {
  uint32_t i = w->i, slot = kn_index(in->a);
  struct kn_slot_state *state = &w->slot_states.at[slot];
  struct kn_val *val = &w->val[i];
  bool variable = !s->memory && in->type == KN_MEM_TYPE(in->x) && val->uses != 0;
  unsigned copy = variable ? kn_slot_copy(w, state) : KN_NO_REG;
  if (copy != KN_NO_REG) {
    kn_load_copy(w, in, state, copy);
    return;
  }
  const struct form *form = load_form(in);
  uint64_t field;
  if (KN_UNLIKELY(s->align_log2 > 4 || val->uses == 0) ||
      !offset_field(form, kn_slot_frame(w, slot) + (int64_t)(int32_t)in->c, &field)) {
    load_far(w, in, variable ? state : NULL);
    return;
  }
  a64(w)->frame_used = true;
  unsigned d = kn_def(w, i, in->type, KN_NO_REG, 0);
  emit_form(w, form, d, A64_FP, field);
  val->flags |= form->zx;
  kn_defined(w, i, d);
  if (variable) kn_slot_note(w, state, i, d);
}

/* A load through an address. */
static __attribute__((noinline)) void load_through(struct kn_walk *w, const struct kn_inst *in) {
  const struct form *form = load_form(in);
  struct near at;
  if (!kn_is_value(in->a) || KN_UNLIKELY(w->val[w->i].uses == 0) ||
      !is_near(w, form, in->a, (int32_t)in->c, &at)) {
    load_far(w, in, NULL);
    return;
  }
  drop_near(w, in->a, &at);
  unsigned d = kn_def(w, w->i, in->type, KN_NO_REG, 0);
  emit_form(w, form, d, at.reg, at.field);
  w->val[w->i].flags |= form->zx;
  kn_defined(w, w->i, d);
}

void a64_lower_load(struct kn_walk *w, const struct kn_inst *in) {
  kn_load(w, in, load_through, load_slot);
}

static __attribute__((noinline)) void store_far(struct kn_walk *w, const struct kn_inst *in,
                                                enum a64_mem op, unsigned rt) {
  struct address x;
  begin_address(w, in->a, (int32_t)in->c, &x);
  emit_access(w, op, rt, &x, KN_MEM_ALIGN(in->x));
}

/* A store of a float constant, by its bits. */
static __attribute__((noinline)) void store_float(struct kn_walk *w, const struct kn_inst *in) {
  uint64_t bits = w->f->pool.at[kn_index(in->b)].low;
  if (in->type == KILN_TYPE_F32) bits &= 0xffffffffu;
  if (KN_UNLIKELY(in->type == KILN_TYPE_V128)) {
    unsigned v = kn_reg(w, in->b, in->type);
    struct address to;
    begin_address(w, in->a, (int32_t)in->c, &to);
    emit_access(w, A64_STR_FQ, v & 31, &to, KN_MEM_ALIGN(in->x));
    kn_drop(w, in->a);
    return;
  }
  enum a64_mem op = in->type == KILN_TYPE_F32 ? A64_STR_W : A64_STR_X;
  struct address x;
  begin_address(w, in->a, (int32_t)in->c, &x);
  unsigned r = bits ? kn_temp(w, KN_GP_MASK) : A64_ZR;
  if (bits) a64_set(w, r, 1, bits);
  emit_access(w, op, r, &x, KN_MEM_ALIGN(in->x));
  kn_drop(w, in->a);
}

/* A store to any address but a variable in a register. */
static __attribute__((noinline)) void store_memory(struct kn_walk *w, const struct kn_inst *in) {
  uint32_t a = in->a, b = in->b;
  if (KN_UNLIKELY(kn_bank(w, in->type) && kn_is_pool(b))) {
    store_float(w, in);
    return;
  }
  const struct form *form = &store_forms[in->type];
  unsigned r =
    kn_is_value(b) || kn_bank(w, in->type) ? kn_reg(w, b, in->type) : a64_reg_or_zr(w, b, in->type);
  struct near at;
  if (kn_is_value(a) && is_near(w, form, a, (int32_t)in->c, &at)) {
    emit_form(w, form, r, at.reg, at.field);
    drop_near(w, a, &at);
  } else {
    store_far(w, in, (enum a64_mem)form->op, r & 31);
    kn_drop(w, a);
  }
  kn_drop(w, b);
}

/* A store to a slot that is not a variable in a register. */
static __attribute__((noinline)) void store_slot(struct kn_walk *w, const struct kn_inst *in,
                                                 const struct kn_slot_place *s) {
  uint32_t b = in->b, slot = kn_index(in->a);
  struct kn_slot_state *state = &w->slot_states.at[slot];
  state->value = 0;
  if (KN_UNLIKELY(kn_bank(w, in->type) && !kn_is_value(b))) {
    store_memory(w, in);
    return;
  }
  const struct form *form = &store_forms[in->type];
  unsigned r = kn_is_value(b) ? kn_reg(w, b, in->type) : a64_reg_or_zr(w, b, in->type);
  uint64_t field;
  if (KN_LIKELY(s->align_log2 <= 4) &&
      offset_field(form, kn_slot_frame(w, slot) + (int64_t)(int32_t)in->c, &field)) {
    a64(w)->frame_used = true;
    emit_form(w, form, r, A64_FP, field);
  } else {
    store_far(w, in, (enum a64_mem)form->op, r & 31);
  }
  if (!s->memory && kn_is_value(b)) kn_slot_note(w, state, b, r);
  kn_drop(w, b);
}

void a64_lower_store(struct kn_walk *w, const struct kn_inst *in) {
  if (!kn_is_slot(in->a)) {
    store_memory(w, in);
    return;
  }
  const struct kn_slot_place *s = &w->slots[kn_index(in->a)];
  if (s->reg == KN_NO_REG) store_slot(w, in, s);
  else kn_store_variable(w, in, s->reg);
}

/* ---- copies of a few bytes ---- */

/* Address h as a base register and a displacement that the accesses of a short copy reach. */
static struct a64_at short_reach(struct kn_walk *w, uint32_t h) {
  struct address x;
  begin_address(w, h, 0, &x);
  if (x.kind == AT_REG && x.index == KN_NO_REG && x.disp >= -192 && x.disp < 3968 &&
      ((x.disp & 7) == 0 || x.disp < 128))
    return (struct a64_at){x.base, (int32_t)x.disp};
  unsigned t = kn_temp(w, KN_GP_MASK);
  emit_sum(w, t, &x);
  return (struct a64_at){t, 0};
}

/* Loads and stores of 1 to 16 bytes of a float register, by log2. */
static const uint8_t chunk_load[] = {A64_LDR_FB, A64_LDR_FH, A64_LDR_FS, A64_LDR_FD, A64_LDR_FQ};
static const uint8_t chunk_store[] = {A64_STR_FB, A64_STR_FH, A64_STR_FS, A64_STR_FD, A64_STR_FQ};

/* Log2 of the largest part of `size` bytes that both displacements reach. */
static unsigned chunk(uint64_t size, int32_t a, int32_t b) {
  unsigned log2 = size >= 16 ? 4 : size >= 8 ? 3 : size >= 4 ? 2 : size >= 2 ? 1 : 0;
  while (log2 > 0 && !(a64_mem_offset_ok((enum a64_mem)chunk_load[log2], a) &&
                       a64_mem_offset_ok((enum a64_mem)chunk_load[log2], b)))
    log2--;
  return log2;
}

bool a64_short_copy(struct kn_walk *w, const struct kn_inst *in) {
  uint64_t size;
  bool move = in->op == KILN_OP_MEMMOVE;
  if (!a64_const(w, in->c, KILN_TYPE_I64, &size) || size > 64) return false;
  if (move && (size > 16 || (size & (size - 1)))) return false; /* one load before one store */
  if (size) {
    struct a64_at to = short_reach(w, in->a), from = short_reach(w, in->b);
    if (move && (1u << chunk(size, to.off, from.off)) != size) return false;
    while (size) {
      unsigned log2 = chunk(size, to.off, from.off);
      a64_emit(w,
               a64_mem_offset((enum a64_mem)chunk_load[log2], a64_v(A64_VS1), from.base, from.off));
      a64_emit(w, a64_mem_offset((enum a64_mem)chunk_store[log2], a64_v(A64_VS1), to.base, to.off));
      to.off += 1 << log2;
      from.off += 1 << log2;
      size -= 1u << log2;
    }
  }
  kn_drop(w, in->a);
  kn_drop(w, in->b);
  return true;
}

bool a64_short_set(struct kn_walk *w, const struct kn_inst *in) {
  uint64_t size, byte;
  if (!a64_const(w, in->c, KILN_TYPE_I64, &size) || size > 64 ||
      !a64_const(w, in->b, KILN_TYPE_I8, &byte))
    return false;
  if (size) {
    struct a64_at to = short_reach(w, in->a);
    if (byte) {
      a64_set(w, A64_IP0, 1, byte * UINT64_C(0x0101010101010101));
      a64_emit(w, a64_dup_2d(a64_v(A64_VS1), A64_IP0));
    } else {
      a64_emit(w, a64_movi_zero(a64_v(A64_VS1)));
    }
    while (size) {
      unsigned log2 = chunk(size, to.off, to.off);
      a64_emit(w, a64_mem_offset((enum a64_mem)chunk_store[log2], a64_v(A64_VS1), to.base, to.off));
      to.off += 1 << log2;
      size -= 1u << log2;
    }
  }
  kn_drop(w, in->a);
  return true;
}

void a64_lower_prefetch(struct kn_walk *w, const struct kn_inst *in) {
  unsigned r = kn_reg(w, in->a, KILN_TYPE_I64);
  a64_emit(w, a64_prfm(r, 0));
  kn_drop(w, in->a);
}

/* ---- stack allocation ---- */

void a64_lower_salloc(struct kn_walk *w, const struct kn_inst *in) {
  unsigned size = a64_reg_or_zr(w, in->a, KILN_TYPE_I64);
  kn_drop(w, in->a);
  unsigned d = kn_def(w, w->i, KILN_TYPE_I64, KN_NO_REG, 0);
  uint32_t field = 0;
  unsigned align = in->x > 4 ? in->x : 4;
  if (KN_UNLIKELY(w->plan->frame.probe_step != 0)) { /* x16 = size, rounded up */
    if (size == A64_ZR) a64_set(w, A64_IP0, 1, 0);
    else a64_emit(w, a64_addsub_imm(A64_ADD, 1, A64_IP0, size, 15, 0));
    a64_bitmask(1, ~UINT64_C(15), &field);
    a64_emit(w, a64_logic_imm(A64_AND, 1, A64_IP0, A64_IP0, field));
    a64_probe_salloc(w, align);
    a64_emit(w, a64_mov_sp(1, d, A64_SP));
    kn_defined(w, w->i, d);
    return;
  }
  a64_emit(w, a64_mov_sp(1, A64_IP1, A64_SP));
  a64_emit(w, a64_sub(1, A64_IP0, A64_IP1, size));
  a64_bitmask(1, ~UINT64_C(0) << align, &field);
  a64_emit(w, a64_logic_imm(A64_AND, 1, A64_IP0, A64_IP0, field));
  a64_emit(w, a64_mov_sp(1, A64_SP, A64_IP0));
  a64_emit(w, a64_mov(1, d, A64_IP0));
  kn_defined(w, w->i, d);
}

void a64_lower_stack_save(struct kn_walk *w, const struct kn_inst *in) {
  (void)in;
  unsigned d = kn_def(w, w->i, KILN_TYPE_I64, KN_NO_REG, 0);
  a64_emit(w, a64_mov_sp(1, d, A64_SP));
  kn_defined(w, w->i, d);
}

void a64_lower_stack_restore(struct kn_walk *w, const struct kn_inst *in) {
  unsigned r = kn_reg(w, in->a, KILN_TYPE_I64);
  a64_emit(w, a64_mov_sp(1, A64_SP, r));
  kn_drop(w, in->a);
}

/* ---- thread-local addresses (AAELF64, ELF TLS descriptors) ---- */

static void reloc_word(struct kn_walk *w, uint32_t word, uint32_t symbol, kiln_reloc_kind kind,
                       int64_t addend) {
  kn_code_relocate(w, kn_here(w), symbol, kind, addend);
  a64_emit(w, word);
}

void a64_lower_tls(struct kn_walk *w, const struct kn_inst *in) {
  const struct kn_const *c = &w->f->pool.at[kn_index(in->a)];
  uint32_t s = c->symbol;
  int64_t addend = (int64_t)c->low;
  unsigned tls = kn_symbol(w->f->module, s)->tls, d;
  if (tls == KILN_TLS_LOCAL_EXEC) {
    int64_t in_words = a64_is_near(addend) ? addend : 0; /* these have 24 bits */
    d = kn_def(w, w->i, KILN_TYPE_I64, KN_NO_REG, 0);
    a64_emit(w, a64_mrs_tpidr(d));
    reloc_word(w, a64_addsub_imm(A64_ADD, 1, d, d, 0, 1), s, KILN_RELOC_A64_TLS_LE_HIGH, in_words);
    reloc_word(w, a64_addsub_imm(A64_ADD, 1, d, d, 0, 0), s, KILN_RELOC_A64_TLS_LE_LOW, in_words);
    a64_add_imm(w, d, d, addend - in_words);
  } else if (tls == KILN_TLS_INITIAL_EXEC) {
    d = kn_def(w, w->i, KILN_TYPE_I64, KN_NO_REG, 0);
    reloc_word(w, a64_adrp(A64_IP0, 0), s, KILN_RELOC_A64_TLS_IE_PAGE, 0);
    reloc_word(w, a64_mem_scaled(A64_LDR_X, A64_IP0, A64_IP0, 0), s, KILN_RELOC_A64_TLS_IE_LOAD, 0);
    a64_emit(w, a64_mrs_tpidr(A64_IP1));
    a64_emit(w, a64_add(1, d, A64_IP1, A64_IP0));
    a64_add_imm(w, d, d, addend);
  } else {
    /* the descriptor's function keeps all registers but x0, x1 and x30 */
    kn_claim(w, 0);
    kn_claim(w, 1);
    KN_LOG(w, KN_EV_WRITE, 0, 0);
    KN_LOG(w, KN_EV_WRITE, 0, 1);
    reloc_word(w, a64_adrp(0, 0), s, KILN_RELOC_A64_TLSDESC_PAGE, 0);
    reloc_word(w, a64_mem_scaled(A64_LDR_X, 1, 0, 0), s, KILN_RELOC_A64_TLSDESC_LOAD, 0);
    reloc_word(w, a64_addsub_imm(A64_ADD, 1, 0, 0, 0, 0), s, KILN_RELOC_A64_TLSDESC_ADD, 0);
    reloc_word(w, a64_blr(1), s, KILN_RELOC_A64_TLSDESC_CALL, 0);
    d = kn_def(w, w->i, KILN_TYPE_I64, KN_NO_REG, 0);
    a64_emit(w, a64_mrs_tpidr(A64_IP0));
    a64_emit(w, a64_add(1, d, 0, A64_IP0));
    a64_add_imm(w, d, d, addend);
  }
  kn_defined(w, w->i, d);
}
