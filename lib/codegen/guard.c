/* Guarded frames: which functions have a guard. How it is stored and compared is the targets'; the module's attributes
 * say where the guard value is. Called by the frame's plan for functions that request one. Invariant: a function is
 * decided before its homes are planned, since its failure is a call. */
#include "lib/codegen/guard.h"

/* An address of slot `slot` + `offset`, if `known`: a slot itself, or an ADDR without index of one. */
struct derived {
  uint32_t slot;
  int64_t offset;
  bool known;
};

/* What is known of address h. An ADDR is known by its number if it was built before its readers. */
static struct derived derive(const kiln_func *f, uint32_t h, unsigned depth) {
  if (kn_is_slot(h)) return (struct derived){kn_index(h), 0, true};
  if (depth == 0 || !kn_is_value(h) || f->inst[h].op != KILN_OP_ADDR || f->inst[h].b != 0)
    return (struct derived){0};
  struct derived d = derive(f, f->inst[h].a, depth - 1);
  d.offset += (int32_t)f->inst[h].c;
  return d;
}

/* Chains of ADDR longer than this count as addresses that leave the function. */
enum { DEPTH = 8 };

/* True if h is an address of a slot, or is made of one. */
static bool of_slot(const kiln_func *f, uint32_t h) {
  for (unsigned k = 0; kn_is_value(h) && f->inst[h].op == KILN_OP_ADDR; k++) {
    if (k == DEPTH) return true;
    h = f->inst[h].a;
  }
  return kn_is_slot(h);
}

/* True if `size` bytes at h + disp are all in the slot that h is known to be an address of, or if h is no address
 * of one. */
static bool inside(const kiln_func *f, uint32_t h, int64_t disp, uint64_t size) {
  if (!of_slot(f, h)) return true;
  struct derived d = derive(f, h, DEPTH);
  if (!d.known) return false;
  uint64_t have = f->slots.at[d.slot].size_bytes;
  int64_t at = d.offset + disp;
  return at >= 0 && (uint64_t)at <= have && size <= have - (uint64_t)at;
}

/* True if instruction `in` lets the address of a slot out of the function's own accesses, or may access something
 * outside a slot by one. As LLVM's StackProtector decides: an address plus a variable may be anywhere. */
static bool leaks(const kiln_func *f, const struct kn_inst *in) {
  switch (in->op) {
  case KILN_OP_PARAM:
  case KILN_OP_SEG:
  case KILN_OP_RESULT:
  case KILN_OP_LIFE_START:
  case KILN_OP_LIFE_END: return false;
  case KILN_OP_LOAD:
    return !inside(f, in->a, (int32_t)in->c, kiln_type_size((kiln_type)KN_MEM_TYPE(in->x)));
  case KILN_OP_STORE:
    return of_slot(f, in->b) ||
           !inside(f, in->a, (int32_t)in->c, kiln_type_size((kiln_type)KN_MEM_TYPE(in->x)));
  case KILN_OP_ADDR:
    if (in->b != 0) return of_slot(f, in->a) || of_slot(f, in->b);
    return !inside(f, in->a, (int32_t)in->c, 0);
  case KILN_OP_ATOMIC_LOAD: return !inside(f, in->a, 0, kiln_type_size((kiln_type)in->type));
  default: break;
  }
  struct kn_operands o = kn_operands(f, in);
  for (uint32_t k = 0; k < o.n; k++)
    if (of_slot(f, kn_operand(&o, k))) return true;
  return false;
}

static bool any_leak(const kiln_func *f) {
  for (uint32_t i = 1; i < f->n; i++)
    if (leaks(f, &f->inst[i])) return true;
  for (uint32_t i = 0; i < f->edge_args.n; i++)
    if (of_slot(f, f->edge_args.at[i].value)) return true;
  return false;
}

static bool any_array(const kiln_func *f) {
  for (uint32_t i = 0; i < f->slots.n; i++)
    if (f->slots.at[i].array && f->slots.at[i].uses != 0) return true;
  return f->facts.dynamic_stack;
}

bool kn_guard_needed(const kiln_func *f) {
  switch ((kiln_guard)f->attrs.guard) {
  case KILN_GUARD_NONE:
  case KILN_GUARD_COUNT: break;
  case KILN_GUARD_ARRAYS: return any_array(f);
  case KILN_GUARD_ADDRESSES: return any_array(f) || any_leak(f);
  case KILN_GUARD_ALWAYS: return true;
  }
  return false;
}
