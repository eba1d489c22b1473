/* The loop: executes the frame on top, and those it calls, until the first one returns. Calls between
 * interpreted functions take no C stack. The semantics are docs/ir.md's, line by line. Invariant: the
 * frame's pc is the instruction being executed, so that every fault knows its place. */
#include "interp.h"

#include <math.h>

/* An access below this address is reported as one through a null pointer with an offset. */
enum { NULL_BYTES = 4096 };

static void bad_address(struct kn_thread *t, uint64_t at) {
  kn_interp_fault(t, KILN_ERR_UNDEFINED, "an access to memory at 0x%llx", (unsigned long long)at);
}

/* Goes over an edge; gives the target's first instruction. */
static const struct kn_ins *take(struct kn_thread *t, struct kn_frame *fr, uint32_t jump) {
  const struct kn_ifunc *fn = fr->fn;
  const struct kn_jump *j = &fn->jumps[jump];
  const struct kn_move *m = fn->moves + j->first;
  if (--t->steps == 0) kn_interp_fault(t, KILN_ERR_LIMIT, "more steps than allowed");
  if (!j->overlap) {
    for (uint32_t i = 0; i < j->n; i++) fr->regs[m[i].dst] = *kn_interp_ref(fr, m[i].src);
  } else {
    uint64_t *scratch = fr->regs + fn->scratch;
    for (uint32_t i = 0; i < j->n; i++) scratch[i] = *kn_interp_ref(fr, m[i].src);
    for (uint32_t i = 0; i < j->n; i++) fr->regs[m[i].dst] = scratch[i];
  }
  return fn->code + fn->block_start[j->block];
}

static uint32_t find_case(const struct kn_ifunc *fn, const struct kn_ins *i, uint64_t v) {
  const struct kn_table *table = &fn->tables[i->y];
  const struct kn_case *cases = fn->cases + table->first;
  uint32_t low = 0, high = table->n;
  while (low < high) {
    uint32_t mid = low + (high - low) / 2;
    if (cases[mid].value == v) return cases[mid].edge;
    if (cases[mid].value < v) low = mid + 1;
    else high = mid;
  }
  return i->c;
}

static uint32_t find_label(struct kn_thread *t, const struct kn_ifunc *fn, const struct kn_ins *i,
                           uint64_t address) {
  const struct kn_table *table = &fn->tables[i->y];
  uint64_t base = kn_interp_label(t->in, fn, table->low);
  uint64_t k = (address - base) / 4;
  uint32_t edge = UINT32_MAX;
  if (fn->label_base && address >= base && (address - base) % 4 == 0 && k < table->n) {
    edge = fn->cases[table->first + k].edge;
  }
  if (edge == UINT32_MAX) {
    kn_interp_fault(t, KILN_ERR_UNDEFINED, "brind to 0x%llx, which is none of its blocks",
                    (unsigned long long)address);
  }
  return edge;
}

/* ---- memory ---- */

static uint64_t load(const void *at, unsigned log2) {
  uint64_t v = 0;
  switch (log2) {
  case 0: return *(const uint8_t *)at;
  case 1: {
    uint16_t h;
    memcpy(&h, at, 2);
    return h;
  }
  case 2: {
    uint32_t w;
    memcpy(&w, at, 4);
    return w;
  }
  default: memcpy(&v, at, 8); return v;
  }
}

static void store(void *at, unsigned log2, const uint64_t *v) {
  switch (log2) {
  case 0: memcpy(at, v, 1); break;
  case 1: memcpy(at, v, 2); break;
  case 2: memcpy(at, v, 4); break;
  case 3: memcpy(at, v, 8); break;
  default: memcpy(at, v, 16);
  }
}

static uint64_t sign_extend(uint64_t v, unsigned bits) {
  return (uint64_t)((int64_t)(v << (64 - bits)) >> (64 - bits));
}

/* ---- atomics: all sequentially consistent, which is as strong as any ---- */

/* Compares and swaps; `*old` becomes what memory had. */
__attribute__((no_sanitize("alignment"))) static bool swap(void *at, unsigned bytes, kn_u128 *old,
                                                           kn_u128 want) {
  switch (bytes) {
#define SWAP(type)                                                                                 \
  {                                                                                                \
    type e = (type) * old;                                                                         \
    bool done = __atomic_compare_exchange_n((type *)at, &e, (type)want, false, __ATOMIC_SEQ_CST,   \
                                            __ATOMIC_SEQ_CST);                                     \
    *old = e;                                                                                      \
    return done;                                                                                   \
  }
  case 1: SWAP(uint8_t)
  case 2: SWAP(uint16_t)
  case 4: SWAP(uint32_t)
  case 8: SWAP(uint64_t)
  default: return kn_interp_swap_wide(at, old, want);
  }
#undef SWAP
}

static kn_u128 new_value(unsigned rmw, unsigned bits, kn_u128 a, kn_u128 b) {
  switch (rmw) {
  case KILN_RMW_XCHG: return b;
  case KILN_RMW_ADD: return a + b;
  case KILN_RMW_SUB: return a - b;
  case KILN_RMW_AND: return a & b;
  case KILN_RMW_NAND: return ~(a & b);
  case KILN_RMW_OR: return a | b;
  case KILN_RMW_XOR: return a ^ b;
  case KILN_RMW_SMIN: return kn_interp_icmp(KILN_ICOND_SLT, bits, a, b) ? a : b;
  case KILN_RMW_SMAX: return kn_interp_icmp(KILN_ICOND_SGT, bits, a, b) ? a : b;
  case KILN_RMW_UMIN: return a < b ? a : b;
  default: return a > b ? a : b;
  }
}

static void put_typed(struct kn_frame *fr, uint32_t reg, unsigned type, kn_u128 v) {
  if (kn_interp_is_wide(type)) kn_interp_put_wide(fr->regs + reg, v);
  else fr->regs[reg] = (uint64_t)v & kn_interp_mask(kn_interp_bits(type));
}

static kn_u128 get_typed(struct kn_frame *fr, uint32_t ref, unsigned type) {
  const uint64_t *at = kn_interp_ref(fr, ref);
  return kn_interp_is_wide(type) ? kn_interp_get_wide(at) : at[0];
}

static void atomic(struct kn_thread *t, struct kn_frame *fr, const struct kn_ins *i) {
  uint64_t address = *kn_interp_ref(fr, i->a);
  unsigned bits = kn_interp_bits(i->type), bytes = bits / 8;
  void *at = (void *)(uintptr_t)address;
  if (address < NULL_BYTES) bad_address(t, address);
  kn_u128 old = 0;
  if (i->op == KILN_OP_ATOMIC_CAS) {
    old = get_typed(fr, i->b, i->type);
    bool done = swap(at, bytes, &old, get_typed(fr, i->c, i->type));
    put_typed(fr, i->dst, i->type, old);
    fr->regs[i->y] = done;
    return;
  }
  if (i->op == KILN_OP_ATOMIC_LOAD) {
    if (bytes == 16) swap(at, bytes, &old, 0); /* a load: writes 0 only if 0 is there */
    else old = load(at, (unsigned)__builtin_ctz(bytes));
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    put_typed(fr, i->dst, i->type, old);
    return;
  }
  unsigned rmw = i->op == KILN_OP_ATOMIC_STORE ? (unsigned)KILN_RMW_XCHG : i->x;
  kn_u128 b = get_typed(fr, i->b, i->type), expected;
  do {
    expected = old;
  } while (!swap(at, bytes, &old, new_value(rmw, bits, old, b)) || expected != old);
  if (i->op == KILN_OP_ATOMIC_RMW) put_typed(fr, i->dst, i->type, old);
}

/* ---- the stack ---- */

static void stack_op(struct kn_thread *t, struct kn_frame *fr, const struct kn_ins *i) {
  uint64_t a = *kn_interp_ref(fr, i->a);
  if (i->op == KILN_OP_SALLOC) {
    uint64_t align = UINT64_C(1) << i->x;
    fr->regs[i->dst] = (uint64_t)(uintptr_t)kn_interp_push(t, a, align < 16 ? 16 : align);
  } else if (i->op == KILN_OP_STACK_SAVE) {
    /* stack_save makes a record in a list, so that stack_restore recognises a value that it did not give. */
    struct kn_save *s = fr->saves;
    if (!s || (uint8_t *)(s + 1) != t->sp) {
      s = (struct kn_save *)(void *)kn_interp_push(t, sizeof *s, 16);
      s->older = fr->saves;
      fr->saves = s;
    }
    fr->regs[i->dst] = (uint64_t)(uintptr_t)s;
  } else {
    struct kn_save *s = fr->saves;
    while (s && (uint64_t)(uintptr_t)s != a) s = s->older;
    if (!s) kn_interp_fault(t, KILN_ERR_UNDEFINED, "stack_restore of what no stack_save gave");
    fr->saves = s;
    t->sp = (uint8_t *)(s + 1);
  }
}

static void memory_op(struct kn_thread *t, const struct kn_ins *i, uint64_t a, uint64_t b,
                      uint64_t n) {
  if (n == 0) return;
  if (a < NULL_BYTES) bad_address(t, a);
  if (i->op == KILN_OP_MEMSET) {
    memset((void *)(uintptr_t)a, (int)(b & 255), n);
    return;
  }
  if (b < NULL_BYTES) bad_address(t, b);
  memmove((void *)(uintptr_t)a, (const void *)(uintptr_t)b, n);
}

/* frame_addr, return_addr: beyond a frame that C called they are those of C's frames. */
static uint64_t level(const struct kn_frame *fr, const struct kn_ins *i) {
  for (uint32_t n = i->y; n > 0 && fr; n--) fr = fr->caller;
  if (!fr) return 0;
  bool from_c = fr->image && fr->image->stack_bytes == UINT64_MAX;
  if (i->op == KILN_OP_FRAME_ADDR) {
    return from_c ? (uint64_t)(uintptr_t)fr->image->stack - 16 : (uint64_t)(uintptr_t)fr;
  }
  if (from_c) return load(fr->image->stack - 8, 3);
  return fr->caller ? (uint64_t)(uintptr_t)fr->caller->pc : 0;
}

/* ---- calls ---- */

/* Returns the frame to continue with: a new one, or the same after a call of C. */
static struct kn_frame *call(struct kn_thread *t, struct kn_frame *fr, const struct kn_ins *i) {
  struct kn_site *s = &fr->fn->sites[i->y];
  struct kn_ifunc *fn = s->fn;
  void *native = s->native;
  if (--t->steps == 0) kn_interp_fault(t, KILN_ERR_LIMIT, "more steps than allowed");
  if (s->symbol == 0) {
    uint64_t address = *kn_interp_ref(fr, i->a);
    fn = kn_interp_func_at(t->in, address);
    native = (void *)(uintptr_t)address;
  }
  if (i->op == KILN_OP_TAILCALL && (t->in->sigs[s->sig]->flags & KILN_SIG_VARIADIC))
    kn_interp_fault(t, KILN_ERR_UNSUPPORTED, "a tail call with variadic arguments");
  if (fn && i->op == KILN_OP_TAILCALL) return kn_interp_replace(t, fr, s, fn);
  if (fn) return kn_interp_enter(t, fr, s, fn);
  if (s->builtin != KN_BUILTIN_NONE && s->n >= 1) {
    const struct kn_arg *args = fr->fn->args + s->first;
    uint64_t buffer = *kn_interp_ref(fr, args[0].ref);
    uint64_t value = s->n > 1 ? *kn_interp_ref(fr, args[1].ref) : 0;
    if (s->builtin == KN_BUILTIN_LONGJMP) kn_interp_longjmp(t, buffer, (uint32_t)value);
    bool mask = s->builtin == KN_BUILTIN_SIGSETJMP && (uint32_t)value != 0;
    kn_interp_setjmp(t, buffer, mask, i);
    fr->regs[s->res[0]] = 0;
    return fr;
  }
  if ((uint64_t)(uintptr_t)native < NULL_BYTES) {
    kn_interp_fault(t, KILN_ERR_UNDEFINED, "a call of address 0x%llx, which is not a function",
                    (unsigned long long)(uintptr_t)native);
  }
  kn_interp_native(t, fr, s, native);
  return fr;
}

/* Gives the results of the frame on top to whom it returns to. */
static void give(struct kn_thread *t, const struct kn_frame *fr, const kiln_interp_value *values) {
  uint32_t n = t->in->sigs[fr->fn->sig]->n_results;
  if (fr == t->act->entry) memcpy(t->act->results, values, n * sizeof *values);
  else kn_interp_return(t, fr->caller, fr->fn, values);
}

/* Returns the frame to continue with; NULL: this activation ends. */
static struct kn_frame *ret(struct kn_thread *t, struct kn_frame *fr, const struct kn_ins *i) {
  kiln_interp_value values[KILN_MAX_RESULTS];
  struct kn_act *act = t->act;
  bool last = fr == act->entry;
  if (t->in->sigs[fr->fn->sig]->flags & KILN_SIG_NORETURN) {
    kn_interp_fault(t, KILN_ERR_UNDEFINED, "a function that does not return has returned");
  }
  struct kn_frame *caller = fr->caller;
  const struct kn_site *s = last ? NULL : &caller->fn->sites[caller->pc->y];
  if (i->op == KILN_OP_TAILCALL) { /* of C, which has returned */
    const struct kn_site *mine = &fr->fn->sites[i->y];
    for (uint32_t k = 0; k < t->in->sigs[fr->fn->sig]->n_results; k++)
      values[k] = (kiln_interp_value){fr->regs[mine->res[k]], fr->regs[mine->res[k] + 1]};
    give(t, fr, values);
  } else if (s && i->c <= 1 && s->sig == fr->fn->sig) { /* mostly */
    if (i->c == 1) {
      const struct kn_arg *args = fr->fn->args + i->y;
      const uint64_t *v = kn_interp_ref(fr, args[0].ref);
      uint64_t *to = caller->regs + s->res[0];
      to[0] = v[0];
      if (args[0].place.words == 2) to[1] = v[1];
    }
  } else {
    const struct kn_arg *args = fr->fn->args + i->y;
    for (uint32_t k = 0; k < i->c; k++) {
      const uint64_t *v = kn_interp_ref(fr, args[k].ref);
      values[k] = (kiln_interp_value){v[0], args[k].place.words == 2 ? v[1] : 0};
    }
    give(t, fr, values);
  }
  kn_interp_leave(t, fr);
  t->sp = fr->base;
  t->frame = caller;
  if (!last) return caller;
  t->act = act->outer;
  return NULL;
}

static void divide(struct kn_thread *t, struct kn_frame *fr, const struct kn_ins *i) {
  kn_u128 r;
  const char *why =
    kn_interp_divide(i->x, kn_interp_bits(i->type), t->in->machine.division_traps,
                     get_typed(fr, i->a, i->type), get_typed(fr, i->b, i->type), &r);
  if (why) kn_interp_fault(t, KILN_ERR_TRAP, "%s", why);
  put_typed(fr, i->dst, i->type, r);
}

/* Instructions that are too rare for the loop itself. */
static void rare(struct kn_thread *t, struct kn_frame *fr, const struct kn_ins *i) {
  static const uint64_t zero[2] = {0, 0};
  const uint64_t *a = i->a ? kn_interp_ref(fr, i->a) : zero;
  const uint64_t *b = i->b ? kn_interp_ref(fr, i->b) : zero;
  const uint64_t *c = i->c ? kn_interp_ref(fr, i->c) : zero;
  uint64_t flag = 0;
  switch (i->op) {
  case KI_WIDE: {
    kn_u128 v = kn_interp_wide(i->x, kn_interp_get_wide(a), kn_interp_get_wide(b),
                               kn_interp_get_wide(c), &flag);
    kn_interp_put_wide(fr->regs + i->dst, v);
    fr->regs[i->y] = flag;
    break;
  }
  case KI_SELECT_WIDE: {
    kn_u128 v = kn_interp_get_wide(*a & 1 ? b : c);
    kn_interp_put_wide(fr->regs + i->dst, v);
    break;
  }
  case KILN_OP_UDIV: divide(t, fr, i); break;
  case KILN_OP_FCMP: fr->regs[i->dst] = kn_interp_fcmp(i->x, i->type, a, b); break;
  case KILN_OP_FTOSI: {
    kn_u128 v = get_typed(fr, i->a, i->y);
    put_typed(fr, i->dst, i->type, kn_interp_convert(i->x, i->type, i->y, v));
    break;
  }
  case KI_FLOAT:
    fr->regs[i->dst] = kn_interp_float(i->x, i->type, t->in->machine.fuses, *a, *b, *c);
    break;
  case KI_FLOAT_WIDE: {
    kn_u128 v = kn_interp_wide_float(i->x, i->type, kn_interp_get_wide(a), kn_interp_get_wide(b),
                                     kn_interp_get_wide(c));
    kn_interp_put_wide(fr->regs + i->dst, v);
    break;
  }
  case KI_VECTOR: put_typed(fr, i->dst, i->type, kn_interp_vector(i, a, b, c)); break;
  case KILN_OP_GET_PINNED: fr->regs[i->dst] = t->pinned; break;
  case KILN_OP_SET_PINNED: t->pinned = *a; break;
  case KILN_OP_GET_ROUNDING: fr->regs[i->dst] = kn_interp_get_rounding(); break;
  case KILN_OP_SET_ROUNDING: kn_interp_set_rounding((uint32_t)*a); break;
  case KI_LOAD_F80:
  case KI_STORE_F80: {
    uint64_t at = *a + (uint64_t)(int64_t)i->disp, v[2] = {0, 0};
    if (at < NULL_BYTES) bad_address(t, at);
    if (i->op == KI_STORE_F80) {
      memcpy((void *)(uintptr_t)at, b, 10);
    } else {
      memcpy(v, (const void *)(uintptr_t)at, 10);
      memcpy(fr->regs + i->dst, v, sizeof v);
    }
    break;
  }
  case KILN_OP_SALLOC:
  case KILN_OP_STACK_SAVE:
  case KILN_OP_STACK_RESTORE: stack_op(t, fr, i); break;
  case KILN_OP_LIFE_START:
  case KILN_OP_LIFE_END:
    memset((void *)(uintptr_t)*a, t->in->undefined, fr->fn->slots[i->y].size);
    break;
  case KILN_OP_MEMCPY:
  case KILN_OP_MEMMOVE:
  case KILN_OP_MEMSET: memory_op(t, i, *a, *b, *c); break;
  case KILN_OP_PREFETCH: break;
  case KILN_OP_ATOMIC_LOAD:
  case KILN_OP_ATOMIC_STORE:
  case KILN_OP_ATOMIC_RMW:
  case KILN_OP_ATOMIC_CAS: atomic(t, fr, i); break;
  case KILN_OP_FENCE: __atomic_thread_fence(__ATOMIC_SEQ_CST); break;
  case KILN_OP_VA_START: kn_interp_va_start(t, fr, *a); break;
  case KILN_OP_VA_COPY:
    memmove((void *)(uintptr_t)*a, (const void *)(uintptr_t)*b, kn_interp_host.va_list_bytes);
    break;
  case KILN_OP_VA_END: break;
  case KILN_OP_VA_ARG: {
    uint64_t *v = kn_interp_va_arg(t, *a, i->type);
    if (kn_interp_is_wide(i->type)) {
      fr->regs[i->dst] = load(v, 3);
      fr->regs[i->dst + 1] = load(v + 1, 3) & kn_interp_high_mask(i->type);
    } else put_typed(fr, i->dst, i->type, load(v, 3));
    break;
  }
  case KILN_OP_TLS_ADDR: fr->regs[i->dst] = (uint64_t)(uintptr_t)kn_interp_tls(t, i->b) + *a; break;
  case KILN_OP_FRAME_ADDR:
  case KILN_OP_RETURN_ADDR: fr->regs[i->dst] = level(fr, i); break;
  case KILN_OP_BUILTIN_SETJMP:
    kn_interp_builtin_setjmp(t, *a, i);
    fr->regs[i->dst] = 0;
    break;
  case KILN_OP_BUILTIN_LONGJMP: kn_interp_builtin_longjmp(t, *a);
  case KILN_OP_RESUME: kn_interp_resume(t, *a);
  case KILN_OP_UNREACHABLE: kn_interp_fault(t, KILN_ERR_UNDEFINED, "unreachable was reached");
  case KILN_OP_TRAP: kn_interp_fault(t, KILN_ERR_TRAP, "trap");
  case KILN_OP_DEBUG_TRAP: kn_interp_fault(t, KILN_ERR_TRAP, "debug_trap");
  default:
    kn_interp_fault(t, KILN_ERR_UNSUPPORTED, "%s, or its type, is not interpreted",
                    kiln_op_name((kiln_op)i->x));
  }
}

/* Widths of integers by type. */
static const uint8_t width[KILN_TYPE_COUNT] = {
  [KILN_TYPE_I8] = 8, [KILN_TYPE_I16] = 16, [KILN_TYPE_I32] = 32, [KILN_TYPE_I64] = 64};

static bool compare(unsigned cond, unsigned bits, uint64_t a, uint64_t b) {
  int64_t x = (int64_t)(a << (64 - bits)), y = (int64_t)(b << (64 - bits));
  switch (cond) {
  case KILN_ICOND_EQ: return a == b;
  case KILN_ICOND_NE: return a != b;
  case KILN_ICOND_SLT: return x < y;
  case KILN_ICOND_SGE: return x >= y;
  case KILN_ICOND_SLE: return x <= y;
  case KILN_ICOND_SGT: return x > y;
  case KILN_ICOND_ULT: return a < b;
  case KILN_ICOND_UGE: return a >= b;
  case KILN_ICOND_ULE: return a <= b;
  default: return a > b;
  }
}

#define FLOAT_OP(op)                                                                               \
  if (i->type == KILN_TYPE_F64) {                                                                  \
    double x, y;                                                                                   \
    memcpy(&x, A, 8);                                                                              \
    memcpy(&y, B, 8);                                                                              \
    x = x op y;                                                                                    \
    memcpy(&fr->regs[i->dst], &x, 8);                                                              \
  } else {                                                                                         \
    float x, y;                                                                                    \
    memcpy(&x, A, 4);                                                                              \
    memcpy(&y, B, 4);                                                                              \
    x = x op y;                                                                                    \
    fr->regs[i->dst] = 0;                                                                          \
    memcpy(&fr->regs[i->dst], &x, 4);                                                              \
  }                                                                                                \
  break

#define A kn_interp_ref(fr, i->a)
#define B kn_interp_ref(fr, i->b)
#define C kn_interp_ref(fr, i->c)
#define INT(expression)                                                                            \
  {                                                                                                \
    uint64_t a = *A, b = *B;                                                                       \
    unsigned bits = width[i->type];                                                                \
    (void)bits;                                                                                    \
    fr->regs[i->dst] = (expression) & kn_interp_mask(width[i->type]);                              \
  }                                                                                                \
  break

static void loop(struct kn_thread *t) {
  struct kn_frame *fr = t->frame;
  const struct kn_ins *i = fr->pc;
  for (;; i++) {
    fr->pc = i;
    switch (i->op) {
    case KILN_OP_COPY: fr->regs[i->dst] = *A; break;
    case KI_COPY_WIDE: kn_interp_put_wide(fr->regs + i->dst, kn_interp_get_wide(A)); break;
    case KILN_OP_ADD: INT(a + b);
    case KILN_OP_SUB: INT(a - b);
    case KILN_OP_MUL: INT(a * b);
    case KILN_OP_AND: INT(a & b);
    case KILN_OP_OR: INT(a | b);
    case KILN_OP_XOR: INT(a ^ b);
    case KILN_OP_SHL: INT(b < bits ? a << b : 0);
    case KILN_OP_LSHR: INT(b < bits ? a >> b : 0);
    case KILN_OP_ASHR: INT(b < bits ? (uint64_t)((int64_t)sign_extend(a, bits) >> b) : 0);
    case KI_INT: {
      uint64_t flag = 0;
      uint64_t v = kn_interp_int(i, *A, *B, *C, &flag);
      fr->regs[i->dst] = v;
      fr->regs[i->y] = flag;
      break;
    }
    case KILN_OP_ICMP:
      if (i->type == KILN_TYPE_I128) {
        fr->regs[i->dst] = kn_interp_icmp(i->x, 128, kn_interp_get_wide(A), kn_interp_get_wide(B));
      } else {
        fr->regs[i->dst] = compare(i->x, width[i->type], *A, *B);
      }
      break;
    case KILN_OP_SELECT: fr->regs[i->dst] = *A & 1 ? *B : *C; break;
    case KILN_OP_TRUNC: fr->regs[i->dst] = *A & kn_interp_mask(width[i->type]); break;
    case KILN_OP_ZEXT: fr->regs[i->dst] = *A; break;
    case KILN_OP_SEXT:
      fr->regs[i->dst] = sign_extend(*A, width[i->y]) & kn_interp_mask(width[i->type]);
      break;
    case KILN_OP_FADD: FLOAT_OP(+);
    case KILN_OP_FSUB: FLOAT_OP(-);
    case KILN_OP_FMUL: FLOAT_OP(*);
    case KILN_OP_FDIV: FLOAT_OP(/);
    case KI_LOAD: {
      uint64_t at = *A + (uint64_t)(int64_t)i->disp;
      if (at < NULL_BYTES) bad_address(t, at);
      fr->regs[i->dst] = load((void *)(uintptr_t)at, i->x);
      break;
    }
    case KI_LOAD_SEXT: {
      uint64_t at = *A + (uint64_t)(int64_t)i->disp;
      if (at < NULL_BYTES) bad_address(t, at);
      uint64_t v = sign_extend(load((void *)(uintptr_t)at, i->x), 8u << i->x);
      fr->regs[i->dst] = v & kn_interp_mask(width[i->type]);
      break;
    }
    case KI_LOAD_WIDE: {
      uint64_t at = *A + (uint64_t)(int64_t)i->disp, *to = fr->regs + i->dst;
      if (at < NULL_BYTES) bad_address(t, at);
      uint64_t v = load((void *)(uintptr_t)at, i->x < 3 ? i->x : 3);
      if (i->y) v = sign_extend(v, 8u << i->x);
      to[1] = i->x == 4 ? load((uint8_t *)(uintptr_t)at + 8, 3) : i->y && v >> 63 ? UINT64_MAX : 0;
      to[0] = v;
      break;
    }
    case KI_STORE: {
      uint64_t at = *A + (uint64_t)(int64_t)i->disp;
      if (at < NULL_BYTES) bad_address(t, at);
      store((void *)(uintptr_t)at, i->x, B);
      break;
    }
    case KILN_OP_ADDR:
      fr->regs[i->dst] = *A + (i->y ? *B * i->y : 0) + (uint64_t)(int64_t)i->disp;
      break;
    case KILN_OP_CALL: {
      struct kn_frame *to = call(t, fr, i);
      if (to != fr) {
        fr = to;
        i = fr->fn->code - 1;
      }
      break;
    }
    case KILN_OP_TAILCALL: {
      uint64_t serial = fr->serial;
      fr = call(t, fr, i);
      if (fr->serial != serial) { /* maybe where the frame was */
        i = fr->fn->code - 1;
        break;
      }
      goto returned;
    }
    case KILN_OP_RET:
    returned:
      fr = ret(t, fr, i);
      if (!fr) return;
      i = fr->pc;
      if (t->in->sigs[fr->fn->sites[i->y].sig]->flags & KILN_SIG_NORETURN) {
        kn_interp_fault(t, KILN_ERR_UNDEFINED, "a function that does not return has returned");
      }
      if (i->op == KILN_OP_TRY) i = take(t, fr, i->b) - 1;
      break;
    case KILN_OP_TRY: {
      struct kn_frame *to = call(t, fr, i);
      if (to == fr) {
        i = take(t, fr, i->b) - 1;
      } else {
        fr = to;
        i = fr->fn->code - 1;
      }
      break;
    }
    case KILN_OP_BR: i = take(t, fr, i->y) - 1; break;
    case KILN_OP_BRIF: i = take(t, fr, *A & 1 ? i->y : i->c) - 1; break;
    case KILN_OP_SWITCH: i = take(t, fr, find_case(fr->fn, i, *A)) - 1; break;
    case KILN_OP_BRIND: i = take(t, fr, find_label(t, fr->fn, i, *A)) - 1; break;
    default: rare(t, fr, i);
    }
  }
}

bool kn_interp_run(struct kn_thread *t, struct kn_act *act) {
  act->outer = t->act;
  act->entry->act = act;
  t->act = act;
  switch (setjmp(act->jump)) {
  case 0: break;
  case KN_BACK_LONGJMP: { /* after the call of setjmp */
    struct kn_frame *fr = t->frame;
    if (fr->pc->op == KILN_OP_TRY) fr->pc = take(t, fr, fr->pc->b);
    else fr->pc++;
    break;
  }
  case KN_BACK_PAD: t->frame->pc = take(t, t->frame, t->frame->pc->c); break;
  default: /* a fault */
    t->frame = act->entry->caller;
    t->sp = act->entry->base;
    t->act = act->outer;
    return false;
  }
  loop(t);
  return true;
}
