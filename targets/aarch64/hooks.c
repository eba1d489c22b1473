/* The hooks of AArch64 (struct kn_hooks): moves, loads and stores of the frame, constants,
 * addresses of the frame and of symbols. Invariant: hooks change no flags, and no register but
 * their destination, x16 and x17 (only x17 where an address is formed). */
#include "targets/aarch64/a64.h"

/* ---- numbers ---- */

void a64_set(struct kn_walk *w, unsigned rd, unsigned sf, uint64_t value) {
  uint32_t words[4];
  unsigned n = a64_mov_imm(words, sf, rd, value);
  for (unsigned i = 0; i < n; i++) a64_emit(w, words[i]);
}

void a64_add_imm(struct kn_walk *w, unsigned rd, unsigned rn, int64_t value) {
  enum a64_addsub op = value < 0 ? A64_SUB : A64_ADD;
  uint64_t size = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
  if (size == 0) {
    if (rd != rn) a64_emit(w, a64_mov(1, rd, rn));
  } else if (size < 1 << 24) {
    if (size >> 12) {
      a64_emit(w, a64_addsub_imm(op, 1, rd, rn, (unsigned)(size >> 12), 1));
      rn = rd;
    }
    if (size & 0xfff) a64_emit(w, a64_addsub_imm(op, 1, rd, rn, (unsigned)(size & 0xfff), 0));
  } else {
    unsigned t = rd != rn ? rd : rn == A64_IP0 ? (unsigned)A64_IP1 : (unsigned)A64_IP0;
    a64_set(w, t, 1, (uint64_t)value);
    a64_emit(w, a64_add(1, rd, rn, t));
  }
}

/* ---- the frame ---- */

/* True if the frame may reach 16 MiB: by an upper bound of its size, in bytes, over all that may be in it. */
static bool large_frame(const struct kn_walk *w) {
  const kiln_func *f = w->f;
  uint64_t bytes = 4096 + 16 * ((uint64_t)f->n + f->edge_args.n);
  for (uint32_t i = 0; i < f->slots.n; i++) {
    const struct kn_slot *s = &f->slots.at[i];
    bytes += s->size_bytes + (UINT64_C(16) << s->align_log2);
  }
  return bytes >= 1 << 24;
}

/* x17 = address of the caller's arguments: x29 + the frame's size, which is known at the end. */
static void incoming(struct kn_walk *w) {
  if (KN_UNLIKELY(large_frame(w))) {
    KN_PUSH(w->owner, w->code.fixups, (struct kn_fixup){kn_here(w), 0, A64_FIX_FRAME_WIDE});
    a64_emit(w, a64_nop());
    a64_emit(w, a64_nop());
    a64_emit(w, a64_add(1, A64_IP1, A64_FP, A64_IP1));
    a64(w)->frame_used = true;
    return;
  }
  KN_PUSH(w->owner, w->code.fixups, (struct kn_fixup){kn_here(w), 0, A64_FIX_FRAME});
  a64_emit(w, a64_addsub_imm(A64_ADD, 1, A64_IP1, A64_FP, 0, 0));
  a64(w)->frame_used = true;
}

struct a64_at a64_reach(struct kn_walk *w, enum a64_mem op, unsigned base, int64_t off) {
  if (KN_LIKELY(a64_mem_offset_ok(op, off))) return (struct a64_at){base, (int32_t)off};
  int64_t low = off & 0xfff, high = off - low;
  if (a64_mem_offset_ok(op, low) && high >= 0 && high < 1 << 24) {
    a64_emit(w, a64_addsub_imm(A64_ADD, 1, A64_IP1, base, (unsigned)(high >> 12), 1));
    return (struct a64_at){A64_IP1, (int32_t)low};
  }
  if (base == A64_IP1 && (off >= 1 << 24 || off <= -(1 << 24)))
    kn_walk_fail(w, KILN_ERR_LIMIT,
                 "an offset of 16 MiB or more from a stack argument is not supported");
  a64_add_imm(w, A64_IP1, base, off);
  return (struct a64_at){A64_IP1, 0};
}

struct a64_at a64_frame_at(struct kn_walk *w, enum a64_mem op, int32_t frame, int64_t disp) {
  if (KN_LIKELY(frame > 0)) {
    a64(w)->frame_used = true;
    return a64_reach(w, op, A64_FP, frame + disp);
  }
  incoming(w);
  return a64_reach(w, op, A64_IP1, A64_INCOMING(frame) + disp);
}

void a64_frame_addr(struct kn_walk *w, unsigned rd, int32_t frame, int64_t disp) {
  a64(w)->frame_used = true;
  if (frame > 0) {
    a64_add_imm(w, rd, A64_FP, frame + disp);
  } else {
    incoming(w);
    a64_add_imm(w, rd, A64_IP1, A64_INCOMING(frame) + disp);
  }
}

/* ---- hooks ---- */

void a64_hook_move(struct kn_walk *w, unsigned dst, unsigned src, unsigned type) {
  if (dst == src) return;
  if (KN_UNLIKELY(type == KILN_TYPE_V128)) {
    a64_emit(w, a64_vlogic(A64_VORR, 1, a64_v(dst), a64_v(src), a64_v(src)));
    return;
  }
  a64_emit(w, dst < KN_FP_BASE ? a64_mov(1, dst, src)
                               : a64_fop1(A64_FMOV, A64_D, a64_v(dst), a64_v(src)));
}

/* Spill slots hold whole registers, so that what is known about a value's upper bits stays true. */
void a64_hook_load(struct kn_walk *w, unsigned dst, int32_t frame, unsigned type) {
  enum a64_mem op = dst < KN_FP_BASE ? A64_LDR_X : type == KILN_TYPE_V128 ? A64_LDR_FQ : A64_LDR_FD;
  a64_frame_access(w, op, dst, frame, 0);
}
void a64_hook_store(struct kn_walk *w, unsigned src, int32_t frame, unsigned type) {
  enum a64_mem op = src < KN_FP_BASE ? A64_STR_X : type == KILN_TYPE_V128 ? A64_STR_FQ : A64_STR_FD;
  a64_frame_access(w, op, src, frame, 0);
}

void a64_hook_copy(struct kn_walk *w, int32_t dst, int32_t src, unsigned type) {
  for (int32_t k = 0; k < (kn_spills_16(w, type) ? 16 : 8); k += 8) {
    a64_frame_access(w, A64_LDR_X, A64_IP0, src, k);
    a64_frame_access(w, A64_STR_X, A64_IP0, dst, k);
  }
}

/* ---- constants ---- */

void a64_symbol(struct kn_walk *w, unsigned rd, uint32_t symbol, int64_t addend) {
  const struct kn_symbol *s = kn_symbol(w->f->module, symbol);
  uint32_t at = kn_here(w);
  bool near = a64_is_near(addend);
  if (s->direct) {
    int64_t in = near ? addend : 0;
    kn_code_relocate(w, at, symbol, KILN_RELOC_A64_PAGE, in);
    kn_code_relocate(w, at + 4, symbol, KILN_RELOC_A64_LOW, in);
    a64_emit(w, a64_adrp(rd, 0));
    a64_emit(w, a64_addsub_imm(A64_ADD, 1, rd, rd, 0, 0));
    if (near) return;
  } else {
    kn_code_relocate(w, at, symbol, KILN_RELOC_A64_GOT_PAGE, 0);
    kn_code_relocate(w, at + 4, symbol, KILN_RELOC_A64_GOT_LOW, 0);
    a64_emit(w, a64_adrp(rd, 0));
    a64_emit(w, a64_mem_scaled(A64_LDR_X, rd, rd, 0));
  }
  a64_add_imm(w, rd, rd, addend);
}

void a64_slot_addr(struct kn_walk *w, unsigned rd, uint32_t slot, int64_t disp) {
  if (KN_LIKELY(w->slots[slot].align_log2 <= 4)) {
    a64_frame_addr(w, rd, kn_slot_frame(w, slot), disp);
    return;
  }
  /* x29 is a multiple of 16: what is aligned beyond it is rounded up at each use */
  struct kn_slot_state *s = &w->slot_states.at[slot];
  int64_t align = INT64_C(1) << w->slots[slot].align_log2;
  if (s->frame == 0)
    s->frame = kn_frame_alloc(w, w->f->slots.at[slot].size_bytes + (uint64_t)align, 4);
  uint32_t field = 0;
  a64_bitmask(1, (uint64_t)-align, &field);
  a64_frame_addr(w, rd, s->frame, align - 1);
  a64_emit(w, a64_logic_imm(A64_AND, 1, rd, rd, field));
  a64_add_imm(w, rd, rd, disp);
}

void a64_hook_constant(struct kn_walk *w, unsigned dst, uint32_t h, unsigned type) {
  if (kn_is_imm(h) && KN_LIKELY(dst < KN_FP_BASE)) {
    int32_t value = kn_imm(h), inverted = value >> 31;
    uint32_t low = (uint32_t)(value ^ inverted);
    if (KN_LIKELY(low < 0xffff))
      a64_emit(w, a64_movw(inverted ? A64_MOVN : A64_MOVZ, a64_sf(type), dst, low, 0));
    else a64_set(w, dst, a64_sf(type), (uint64_t)(int64_t)value);
    return;
  }
  if (kn_is_slot(h)) {
    a64_slot_addr(w, dst, kn_index(h), 0);
    return;
  }
  if (kn_is_pool(h)) {
    const struct kn_const *c = &w->f->pool.at[kn_index(h)];
    if (c->symbol) {
      a64_symbol(w, dst, c->symbol, (int64_t)c->low);
      return;
    }
    if (dst >= KN_FP_BASE) {
      if (KN_UNLIKELY(type == KILN_TYPE_V128)) a64_vector_constant(w, a64_v(dst), c->low, c->high);
      else a64_float_constant(w, a64_v(dst), c->low, type);
      return;
    }
  }
  uint64_t bits = 0;
  a64_const(w, h, KILN_TYPE_I64, &bits);
  if (dst >= KN_FP_BASE) a64_float_constant(w, a64_v(dst), bits, type);
  else a64_set(w, dst, a64_sf(type), bits);
}

void a64_hook_store_constant(struct kn_walk *w, int32_t frame, uint32_t h, unsigned type) {
  int64_t half[2];
  if (!kn_number_halves(w, h, half)) { /* an address */
    a64_hook_constant(w, A64_IP0, h, KILN_TYPE_I64);
    a64_frame_access(w, A64_STR_X, A64_IP0, frame, 0);
    return;
  }
  for (int k = 0; k < (kn_spills_16(w, type) ? 2 : 1); k++) {
    if (half[k]) a64_set(w, A64_IP0, 1, (uint64_t)half[k]);
    a64_frame_access(w, A64_STR_X, half[k] ? A64_IP0 : A64_ZR, frame, 8 * k);
  }
}

void a64_hook_address(struct kn_walk *w, unsigned dst, uint32_t value) {
  a64_compute_addr(w, dst, &w->inst[value]);
}

/* Only an extension of 32 bits to 64 may be asked for by itself: all other instructions that wait are emitted by
 * their readers. */
void a64_hook_deferred(struct kn_walk *w, unsigned dst, uint32_t value) {
  const struct kn_inst *in = &w->inst[value];
  bool extends = (in->op == KILN_OP_SEXT || in->op == KILN_OP_ZEXT) && in->x == KILN_TYPE_I32;
  if (extends && in->type == KILN_TYPE_I64) a64_do_extend(w, dst, in);
  else
    kn_walk_fail(w, KILN_ERR_INTERNAL,
                 "a postponed operand was not computed by the instruction that uses it");
}
