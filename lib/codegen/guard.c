/* Guarded frames: which functions have a guard, and where the guard value is. How it is stored and compared is the
 * targets'. Called by the frame's plan for functions that request one, and by front ends. Invariant: a function is
 * decided before its homes are planned, since its failure is a call. */
#include "lib/codegen/guard.h"

#include "ir/arena.h"
#include "targets/target.h"

/* ---- which functions ---- */

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

/* ---- where the guard value is ---- */

/* The target's register of that name; NULL: it cannot name it. */
static const struct kn_guard_reg *find_reg(const struct kn_target *t,
                                           const kiln_guard_location *g) {
  const struct kn_guard_reg *r = t->guard_regs;
  for (; r != NULL && r->source != KILN_GUARD_SOURCE_DEFAULT; r++)
    if (r->source == g->source && (g->reg == NULL ? r->usual : strcmp(r->name, g->reg) == 0))
      return r;
  return NULL;
}

kiln_status kn_guard_resolve(kiln_module *m, const kiln_guard_location *said,
                             kiln_guard_location *out, uint16_t *code) {
  const struct kn_target *t = kn_target_at(m->options.target.processor);
  if ((unsigned)said->source >= KILN_GUARD_SOURCE_COUNT)
    return kn_module_fail(m, KILN_ERR_ARGUMENT, "stack guard: 'source' is out of range");
  kiln_guard_location g = {.source = said->source};
  *code = 0;
  if (g.source == KILN_GUARD_SOURCE_TLS || g.source == KILN_GUARD_SOURCE_SYSREG) {
    g.reg = said->reg;
    g.offset_bytes = said->offset_bytes;
    if (g.source == KILN_GUARD_SOURCE_TLS && said->symbol && said->symbol[0]) {
      g.symbol = said->symbol;
      g.offset_bytes = 0;
    }
    const struct kn_guard_reg *r = find_reg(t, &g);
    if (r == NULL)
      return kn_module_fail(
        m, KILN_ERR_UNSUPPORTED, "stack guard: %s register '%.40s' is not supported on %s",
        g.source == KILN_GUARD_SOURCE_TLS ? "segment" : "system", g.reg ? g.reg : "", t->name);
    int32_t o = g.offset_bytes;
    if (g.source == KILN_GUARD_SOURCE_SYSREG && (o < -256 || o >= 32768 || (o > 255 && o % 8 != 0)))
      return kn_module_fail(m, KILN_ERR_UNSUPPORTED,
                            "stack guard: offset %d is neither from -256 to 255 nor a positive "
                            "multiple of 8 below 32768",
                            (int)o);
    *code = r->code;
  }
  *out = g;
  return KILN_OK;
}
