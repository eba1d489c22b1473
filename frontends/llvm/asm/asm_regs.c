/* Registers for the operands of inline assembly. Called by asm.c. Invariants: inputs, and outputs that
 * are written before all inputs are read, share no register; the text leaves every register as it was
 * that is neither an output nor clobbered. */
#include "asm/asm.h"

enum { FRAME_POINTER = 5 }; /* of x86-64 */

/* The registers of a kind that values of the IR may be in. */
static uint64_t of_kind(const struct kn_asm_call *a, bool general) {
  if (general) return a->x86 ? 0xf7cf : 0x1ff8ffff;
  return a->x86 ? kn_bc_format_of(a->r)->vectors : UINT64_C(0x3fffffff) << 32;
}

uint64_t kn_asm_saved(const struct kn_asm_call *a) {
  return kn_bc_targets[a->r->target].saved | kn_bc_format_of(a->r)->saved;
}

/* The registers that an operand may be in. */
static uint64_t allowed(const struct kn_asm_call *a, const struct kn_asm_operand *o) {
  if (o->place != AP_REG) return of_kind(a, true);
  if (o->is->regs) return o->is->regs;
  return of_kind(a, kn_asm_is_general(a, o));
}

static bool usable(const struct kn_asm_call *a, unsigned reg) {
  return (of_kind(a, true) | of_kind(a, false)) >> reg & 1;
}

/* Registers taken for what goes in and for what comes out. */
struct taken {
  uint64_t in, out;
};

/* Takes one of the registers `can` for an operand; false if all are taken. */
static bool pick(struct kn_asm_call *a, const struct kn_asm_operand *o, uint64_t can,
                 struct taken *t, uint8_t *reg) {
  bool in = !o->output || o->indirect, out = o->output && !o->indirect;
  uint64_t used = (in ? t->in : 0) | (out ? t->out : 0), order;
  if (out && o->early) used |= t->in;
  can &= ~used;
  /* registers that nothing else has, first; then those that calls clobber */
  uint64_t fresh = can & ~(t->in | t->out);
  uint64_t plain = ~kn_asm_saved(a);
  order = fresh & plain ? fresh & plain : fresh ? fresh : can;
  if (!order) return false;
  *reg = (uint8_t)__builtin_ctzll(order);
  if (in || o->early) t->in |= UINT64_C(1) << *reg;
  if (out) t->out |= UINT64_C(1) << *reg;
  return true;
}

/* Takes a register for an operand, or two of those that calls clobber, since the IR knows nothing of these; false if
 * there is none. */
static bool take(struct kn_asm_call *a, struct kn_asm_operand *o, struct taken *t) {
  uint64_t can = allowed(a, o) & ~a->clobbers;
  if (o->is && o->is->regs && (o->is->regs & (o->is->regs - 1)) == 0) can = o->is->regs;
  o->pair = o->pair && o->place == AP_REG && (can & KN_ASM_GP) != 0;
  if (o->pair) can &= of_kind(a, true) & ~kn_asm_saved(a);
  if (!pick(a, o, can, t, &o->reg) || (o->pair && !pick(a, o, can, t, &o->high)))
    return kn_asm_wrong(a, "more register operands than registers");
  if (o->pair && o->high < o->reg) { /* A: rax has the lower half, rdx the upper one */
    uint8_t reg = o->reg;
    o->reg = o->high;
    o->high = reg;
  }
  return true;
}

/* Takes one of `all` that has nothing else before, in and after the assembly; 0xff if there is none. */
static uint8_t reserve(struct taken *t, uint64_t all) {
  all &= ~(t->in | t->out);
  if (!all) return 0xff;
  uint8_t reg = (uint8_t)__builtin_ctzll(all);
  t->in |= UINT64_C(1) << reg;
  t->out |= UINT64_C(1) << reg;
  return reg;
}

/* A register that the text does not change, either. */
static uint8_t find_spare(struct kn_asm_call *a, struct taken *t, bool general) {
  return reserve(t, of_kind(a, general) & ~a->clobbers);
}

/* A spare general register; reports that there is none. */
static uint8_t spare(struct kn_asm_call *a, struct taken *t) {
  uint8_t reg = find_spare(a, t, true);
  if (reg == 0xff) kn_asm_wrong(a, "more register operands than registers");
  return reg;
}

/* A register that the text changes anyway, for use before and after it. */
static uint8_t find_clobbered(struct kn_asm_call *a, struct taken *t) {
  return a->x86 ? reserve(t, of_kind(a, true) & a->clobbers) : 0xff;
}

/* The register for the address of what the text stores: if all are taken, one that it saves on the
 * stack meanwhile. */
static uint8_t find_through(struct kn_asm_call *a, struct taken *t) {
  uint8_t reg = find_spare(a, t, true);
  if (reg == 0xff && (reg = find_clobbered(a, t)) != 0xff) a->saved = reg;
  if (reg == 0xff) kn_asm_wrong(a, "more register operands than registers");
  return reg;
}

/* Takes the register of another operand in memory with the same address, as both of `+m` are. */
static bool share(struct kn_asm_call *a, struct kn_asm_operand *o) {
  for (struct kn_asm_operand *p = a->op; o->place == AP_MEMORY && p < a->op + a->n; p++) {
    if (p == o || p->label || p->place != AP_MEMORY || p->id != o->id || !p->given) continue;
    o->reg = p->reg;
    o->outside = p->outside;
    return true;
  }
  return false;
}

bool kn_asm_changes_frame(const struct kn_asm_call *a) {
  const uint64_t frame = UINT64_C(1) << FRAME_POINTER;
  bool changes = (a->clobbers & frame) != 0;
  for (uint32_t i = 0; i < a->n && !changes; i++)
    changes = !a->op[i].label && a->op[i].place == AP_REG && a->op[i].is->regs == frame;
  return changes;
}

/* Puts an address into the frame pointer, which the text saves, if no other register is free. It
 * comes there by one that the template changes. */
static bool into_frame_pointer(struct kn_asm_call *a, struct kn_asm_operand *o, struct taken *t) {
  const uint64_t frame = UINT64_C(1) << FRAME_POINTER;
  if (!a->x86 || o->place != AP_MEMORY || a->slots || ((t->in | t->out | a->clobbers) & frame))
    return false;
  uint64_t can = allowed(a, o) & ~a->clobbers & ~t->in;
  if (can || (o->outside = find_clobbered(a, t)) == 0xff) return false;
  o->reg = FRAME_POINTER;
  t->in |= frame;
  t->out |= frame;
  return true;
}

/* True if an input is tied to output i: its register is no other input's. */
static bool is_tied(const struct kn_asm_call *a, uint32_t i) {
  for (uint32_t j = i + 1; j < a->n; j++)
    if (!a->op[j].label && a->op[j].place == AP_REG && a->op[j].is->tie == (int8_t)i) return true;
  return false;
}

/* Finds out whether the IR has the operand's register for its type; if not, the text carries it there. */
static bool carry(struct kn_asm_call *a, struct kn_asm_operand *o) {
  const struct kn_bc_type *t = &a->r->types.at[o->type];
  bool mmx = a->x86 && o->reg >= KN_ASM_MMX && o->reg < KN_ASM_MMX + 8;
  if (mmx ? o->carried || t->size != 8 || t->ktype == KILN_TYPE_VOID
          : o->carried && o->reg < 32 && !o->pair)
    return kn_asm_wrong(a, "an operand of this type in a register of this kind");
  if (mmx) o->carried = 8;
  if (o->is->tie >= 0 && a->op[o->is->tie].carried != o->carried)
    return kn_asm_wrong(a, "an operand tied to one of another size");
  return true;
}

/* True of an input without a value: what clang makes of a variable that is said to be in a register
 * and never set. */
static bool is_undefined(const struct kn_asm_call *a, const struct kn_asm_operand *o) {
  return !o->output && o->id < a->r->inst_base &&
         (a->r->csts.at[o->id].kind == CK_UNDEF || a->r->csts.at[o->id].kind == CK_INT_UNDEF);
}

/* When an operand gets its register: outputs that inputs may not share and inputs first; where registers
 * are few, addresses after them, since the frame pointer serves for one. */
static unsigned turn(const struct kn_asm_call *a, const struct kn_asm_operand *o) {
  if (o->output && !o->indirect && !o->early) return 2;
  return a->tight && o->place == AP_MEMORY;
}

bool kn_asm_allocate(struct kn_asm_call *a) {
  struct taken t = {0, 0};
  for (uint32_t want = 1; want <= 64; want++) {
    for (unsigned pass = 0; pass < 3; pass++) {
      for (uint32_t i = 0; i < a->n; i++) {
        struct kn_asm_operand *o = &a->op[i];
        if (o->label || (o->place != AP_REG && o->place != AP_MEMORY && o->place != AP_FLAG))
          continue;
        if (o->place != AP_FLAG && o->is->tie >= 0) continue;
        if ((uint32_t)__builtin_popcountll(allowed(a, o)) != want) continue;
        if (is_tied(a, i)) o->early = true;
        if (turn(a, o) != pass) continue;
        if (!share(a, o) && !into_frame_pointer(a, o, &t) && !take(a, o, &t)) return false;
        o->given = true;
        /* what is tied to it goes in there, too */
        for (uint32_t j = i + 1; j < a->n; j++)
          if (!a->op[j].label && a->op[j].is->tie == (int8_t)i) {
            if (a->op[j].place != o->place || !o->output)
              return kn_asm_wrong(a, "an operand tied to one of another kind");
            a->op[j].reg = o->reg;
            a->op[j].outside = o->outside;
            a->op[j].pair = o->pair;
            a->op[j].high = o->high;
          }
      }
    }
  }
  for (uint32_t i = 0; i < a->n; i++) {
    struct kn_asm_operand *o = &a->op[i];
    if (o->label || (o->place != AP_REG && o->place != AP_MEMORY && o->place != AP_FLAG)) continue;
    if (o->place == AP_MEMORY && o->reg == FRAME_POINTER && o->outside != 0xff) continue;
    o->outside = o->reg;
    if (o->place == AP_REG && !carry(a, o)) return false;
    if (o->carried || usable(a, o->reg)) continue;
    bool stack = o->reg == (a->x86 ? 4 : 31);
    if (stack && o->place == AP_REG && o->is->tie < 0 && is_undefined(a, o)) {
      o->as_it_is = true;
      continue;
    }
    if (o->place == AP_MEMORY)
      return kn_asm_wrong(a, "an operand in a register that cannot hold values");
    a->sets_stack |= stack && !o->output;
    if (o->is->tie >= 0 && !a->op[o->is->tie].stored) {
      o->outside = a->op[o->is->tie].outside;
      continue;
    }
    if ((o->outside = find_spare(a, &t, o->reg < 32)) != 0xff) continue;
    if (!o->output || o->indirect) return kn_asm_wrong(a, "more register operands than registers");
    o->stored = true;
  }
  /* outputs for which there is no register, or no result, are stored by the text, and what the
   * IR has no register for is loaded, too: through one register for all */
  uint8_t through = 0xff, at = 0;
  for (uint32_t i = 0, n = 0; i < a->n; i++) {
    struct kn_asm_operand *o = &a->op[i];
    if (o->label || o->place == AP_X87) continue;
    if (o->output && !o->indirect)
      o->stored = o->stored || o->carried || ++n > KILN_MAX_RESULTS - (a->n_labels != 0);
    if (!o->stored && !o->carried) continue;
    if (through == 0xff && (through = find_through(a, &t)) == 0xff) return false;
    o->through = through;
    o->at = at++;
  }
  for (uint32_t i = 0; i < a->n; i++)
    if (a->op[i].place == AP_X87 && (a->op[i].through = spare(a, &t)) == 0xff) return false;
  if (a->n_labels && (a->selector = spare(a, &t)) == 0xff) return false;
  return true;
}
