/* Proves the expressions of locations against the types of variables, in checking builds: what
 * lib/check/check_locations.c proves of a place says nothing about the operations around it. Each expression is run on
 * what is known of values: is it an address, which bits of it were loaded, from where. Called by lib/dwarf with the
 * bytes as they are written. Invariant: it uses the entries of types and these bytes alone; what it cannot read, or
 * whose type says no size, is not found to be wrong.
 *
 * - A location's pieces have as many bits as the type, and each is a part that is there.
 * - Memory: its address is not some bits of something. A value: DW_OP_stack_value has 64 bits at most,
 *   DW_OP_implicit_value as many bytes as the type, DW_OP_implicit_pointer those of a pointer.
 * - A register has the bits of the type.
 * - Shifts and masks: bits are extracted from what was loaded, not from its address, and no more than was loaded; a
 *   sign is a bit of that.
 * - DW_OP_entry_value is of a register.
 * - A constant (DW_AT_const_value) has the bits of the type. A bound that refers to a variable refers to one that has a
 *   location. */
#ifdef KN_CHECKS
#include "base/leb128.h"
#include "lib/dwarf/dwarf_writer.h"

/* ---- types ---- */

/* Of a type: how many bytes it has; 0: it does not say that. */
struct extent {
  uint64_t bytes;
  bool is_signed;
};

static uint64_t elements(const struct kn_dwarf *d, uint32_t type) {
  const struct kn_dwarf_view v = kn_dwarf_view(d, type);
  uint64_t all = 0;
  for (uint32_t k = 0; k < v.shape->n; k++) {
    const struct kn_dwarf_item *item = &v.shape->items[k];
    if (item->kind != KN_DA_CHILDREN) continue;
    const struct kn_dwarf_list list = kn_dwarf_list(d, kn_dwarf_to(d, &v, item));
    all = 1;
    for (uint32_t m = 0; m < list.n; m++) {
      struct kn_die_attr count;
      const uint32_t range = kn_dwarf_member(d, &list, m);
      if (range == 0 || !kn_dwarf_attr(d, range, KILN_DW_AT_count, &count) ||
          count.kind != KN_DA_UINT || all > UINT32_MAX)
        return 0;
      all *= count.value;
    }
  }
  return all;
}

static struct extent extent(const struct kn_dwarf *d, uint32_t type, unsigned depth) {
  struct extent is = {0};
  struct kn_die_attr a;
  if (type == 0 || depth == 64) return is;
  const unsigned tag = kn_dwarf_entry(d, type)->tag;
  if (tag == KILN_DW_TAG_pointer_type || tag == KILN_DW_TAG_reference_type ||
      tag == KILN_DW_TAG_rvalue_reference_type) {
    is.bytes = 8;
  } else if (kn_dwarf_attr(d, type, KILN_DW_AT_byte_size, &a)) {
    if (a.kind == KN_DA_UINT) is.bytes = a.value;
    is.is_signed = kn_dwarf_attr(d, type, KILN_DW_AT_encoding, &a) &&
                   (a.value == KILN_DW_ATE_signed || a.value == KILN_DW_ATE_signed_char);
  } else if (tag == KILN_DW_TAG_array_type) {
    is.bytes = extent(d, kn_dwarf_type_of(d, type), depth + 1).bytes * elements(d, type);
  } else if (tag == KILN_DW_TAG_typedef || tag == KILN_DW_TAG_const_type ||
             tag == KILN_DW_TAG_volatile_type || tag == KILN_DW_TAG_restrict_type) {
    return extent(d, kn_dwarf_type_of(d, type), depth + 1);
  }
  return is;
}

/* ---- values ---- */

/* What is known of a value on the stack. Bits from `low` up to `high` are those of something that was loaded, or of
 * which all is known; above are zeros. */
struct item {
  enum {
    ANY,
    ADDRESS, /* of an object in the frame, or of a symbol, or near it */
    NUMBER,
    LOADED, /* from memory, maybe shifted */
    BITS    /* of something, by shifts and masks: no address */
  } is;
  unsigned low, high, cut; /* cut: how many bits above were shifted out */
  uint64_t number;         /* of BITS: how many, or 0 */
};

/* An expression that is being run, up to the end of a piece. `form`: what it is if it is no memory. */
enum form { MEMORY, VALUE, IN_REGISTER, LITERAL, POINTER, EMPTY };
struct run {
  const struct kn_dwarf *d;
  const uint8_t *p, *end;
  struct item stack[16];
  unsigned n;
  enum form form;
  uint64_t form_n; /* number of the register, size of the literal */
  bool unread;     /* an operation is not known here: nothing is wrong */
  const char *wrong;
};

static struct item pop(struct run *x) {
  if (x->n == 0) {
    if (x->wrong == NULL) x->wrong = "a location that takes what is not on the stack";
    return (struct item){0};
  }
  return x->stack[--x->n];
}

static void push(struct run *x, struct item is) {
  if (x->n == sizeof x->stack / sizeof *x->stack) x->unread = true;
  else x->stack[x->n++] = is;
}

static void is_wrong(struct run *x, const char *what) {
  if (x->wrong == NULL) x->wrong = what;
}

static void load(struct run *x, uint64_t bytes) {
  const struct item at = pop(x);
  if (bytes == 0 || bytes > 8) is_wrong(x, "a location that loads no bytes, or more than eight");
  if (at.is == BITS) is_wrong(x, "a location that loads from bits of something");
  push(x, (struct item){.is = LOADED, .high = 8 * (unsigned)bytes});
}

static void shift(struct run *x, uint8_t op) {
  const struct item by = pop(x), of = pop(x);
  struct item is = {.is = BITS};
  const bool known = by.is == NUMBER, left = op == KILN_DW_OP_shl;
  if (known && by.number >= 64) is_wrong(x, "a location that shifts by all bits");
  if (of.is == ADDRESS && left) is_wrong(x, "a location that takes bits from an address");
  if (of.is == LOADED && known && by.number < 64) {
    const unsigned n = (unsigned)by.number;
    is = (struct item){.is = LOADED};
    if (left) {
      is.low = of.low + n < 64 ? of.low + n : 64;
      is.high = of.high + n < 64 ? of.high + n : 64;
      is.cut = of.high + n - is.high;
    } else {
      if (op == KILN_DW_OP_shra && of.high < 64)
        is_wrong(x, "a location whose sign was not loaded");
      if (of.low != 0 && n < of.low) is_wrong(x, "a location that leaves bits where they were");
      if (of.cut >= 8) is_wrong(x, "a location that loads bytes which it does not take");
      if (n >= of.high) is_wrong(x, "a location that takes bits which were not loaded");
      is.low = of.low > n ? of.low - n : 0;
      is.high = of.high > n ? of.high - n : 0;
      is.is = of.low != 0 || n != 0 ? BITS : LOADED;
      is.number = 64 - n;
      if (of.low == 0 && of.high < 64 && n != 0) is.number = of.high - n;
    }
  }
  push(x, is);
}

/* An operation with two operands, the result of which is no address but for sums and rounding. */
static void binary(struct run *x, uint8_t op) {
  const struct item b = pop(x), a = pop(x);
  struct item is = {.is = ANY};
  const bool sum = op == KILN_DW_OP_plus || op == KILN_DW_OP_minus;
  const bool rounds = op == KILN_DW_OP_and && b.is == NUMBER && (int64_t)b.number < 0;
  if ((sum || rounds) && (a.is == ADDRESS || b.is == ADDRESS)) is.is = ADDRESS;
  else if (!sum && !rounds) is.is = BITS;
  if (op == KILN_DW_OP_and && b.is == NUMBER && !rounds && a.is == ADDRESS)
    is_wrong(x, "a location that takes bits from an address");
  push(x, is);
}

/* ---- operations ---- */

static uint64_t uleb(struct run *x) {
  const uint64_t v = kn_uleb128(&x->p, x->end);
  if (x->p == NULL) {
    is_wrong(x, "a location that ends in an operation");
    x->p = x->end;
  }
  return v;
}

static void skip(struct run *x, uint64_t n) {
  if (n > (uint64_t)(x->end - x->p)) is_wrong(x, "a location that ends in an operation");
  x->p = n > (uint64_t)(x->end - x->p) ? x->end : x->p + n;
}

static uint64_t sleb(struct run *x) {
  const uint64_t v = (uint64_t)kn_sleb128(&x->p, x->end);
  if (x->p == NULL) {
    is_wrong(x, "a location that ends in an operation");
    x->p = x->end;
  }
  return v;
}

static void set_form(struct run *x, enum form form, uint64_t n) {
  if (x->form != MEMORY || (form == VALUE ? x->n != 1 : x->n != 0))
    is_wrong(x, "a location in two ways");
  x->form = form;
  x->form_n = n;
}

static void entry_value(struct run *x) {
  const uint64_t n = uleb(x);
  const uint8_t *at = x->p;
  skip(x, n);
  const bool reg = (n == 1 && *at >= KILN_DW_OP_reg0 && *at < KILN_DW_OP_reg0 + 32) ||
                   (n > 1 && *at == KILN_DW_OP_regx);
  if (!reg) is_wrong(x, "a location of what was in no register");
  push(x, (struct item){.is = ANY});
}

/* Operations that copy or exchange what is on top of the stack. */
static void move(struct run *x, uint8_t op) {
  const struct item b = pop(x), a = op == KILN_DW_OP_dup ? b : pop(x);
  push(x, op == KILN_DW_OP_swap ? b : a);
  push(x, op == KILN_DW_OP_swap ? a : b);
  if (op == KILN_DW_OP_over) push(x, a);
}

/* Operations without a form of their own: false if they are not known here. */
static bool step_value(struct run *x, uint8_t op) {
  struct item a;
  if (op >= KILN_DW_OP_lit0 && op < KILN_DW_OP_lit0 + 32) {
    push(x, (struct item){.is = NUMBER, .number = op - KILN_DW_OP_lit0});
    return true;
  }
  if (op >= KILN_DW_OP_breg0 && op < KILN_DW_OP_breg0 + 32) {
    (void)sleb(x);
    push(x, (struct item){.is = ANY});
    return true;
  }
  if (op >= KILN_DW_OP_eq && op <= KILN_DW_OP_ne) {
    (void)pop(x), (void)pop(x);
    push(x, (struct item){.is = BITS});
    return true;
  }
  switch (op) {
  case KILN_DW_OP_constu: push(x, (struct item){.is = NUMBER, .number = uleb(x)}); break;
  case KILN_DW_OP_consts: push(x, (struct item){.is = NUMBER, .number = sleb(x)}); break;
  case KILN_DW_OP_fbreg:
    (void)sleb(x);
    push(x, (struct item){.is = ADDRESS});
    break;
  case KILN_DW_OP_bregx:
    (void)uleb(x);
    (void)sleb(x);
    push(x, (struct item){.is = ANY});
    break;
  case KILN_DW_OP_addr: /* of a symbol, and a number: lib/debug/where.c */
    skip(x, 8);
    push(x, (struct item){.is = ADDRESS});
    break;
  case KILN_DW_OP_deref: load(x, 8); break;
  case KILN_DW_OP_deref_size:
    load(x, x->p < x->end ? *x->p : 0);
    skip(x, 1);
    break;
  case KILN_DW_OP_plus_uconst:
    (void)uleb(x);
    a = pop(x);
    push(x, (struct item){.is = a.is == ADDRESS ? ADDRESS : ANY});
    break;
  case KILN_DW_OP_shl:
  case KILN_DW_OP_shr:
  case KILN_DW_OP_shra: shift(x, op); break;
  case KILN_DW_OP_plus:
  case KILN_DW_OP_minus:
  case KILN_DW_OP_and:
  case KILN_DW_OP_or:
  case KILN_DW_OP_xor:
  case KILN_DW_OP_mul:
  case KILN_DW_OP_div:
  case KILN_DW_OP_mod: binary(x, op); break;
  case KILN_DW_OP_neg:
  case KILN_DW_OP_not:
  case KILN_DW_OP_abs:
    a = pop(x);
    push(x, (struct item){.is = a.is == NUMBER ? ANY : BITS});
    break;
  case KILN_DW_OP_dup:
  case KILN_DW_OP_over:
  case KILN_DW_OP_swap: move(x, op); break;
  case KILN_DW_OP_drop: (void)pop(x); break;
  case KILN_DW_OP_entry_value:
  case KILN_DW_OP_GNU_entry_value:
    if ((op == KILN_DW_OP_entry_value) != (x->d->version >= 5))
      is_wrong(x, "a location of another version");
    entry_value(x);
    break;
  case KILN_DW_OP_nop: break;
  default: return false;
  }
  return true;
}

/* Runs up to the next piece, or to the end; the size of the piece in bits, 0: there is none. */
static uint64_t run_piece(struct run *x) {
  x->n = 0;
  x->form = MEMORY;
  const uint8_t *begin = x->p;
  while (x->p < x->end && !x->unread && x->wrong == NULL) {
    const uint8_t op = *x->p;
    const bool empty = x->p == begin;
    uint64_t n;
    x->p++;
    if (op >= KILN_DW_OP_reg0 && op < KILN_DW_OP_reg0 + 32) {
      set_form(x, IN_REGISTER, op - KILN_DW_OP_reg0);
      continue;
    }
    switch (op) {
    case KILN_DW_OP_regx: set_form(x, IN_REGISTER, uleb(x)); break;
    case KILN_DW_OP_stack_value: set_form(x, VALUE, 0); break;
    case KILN_DW_OP_implicit_value:
      n = uleb(x);
      skip(x, n);
      set_form(x, LITERAL, n);
      break;
    case KILN_DW_OP_implicit_pointer: /* as lib/debug/where.c writes it */
      skip(x, 12);
      set_form(x, POINTER, 0);
      break;
    case KILN_DW_OP_piece:
    case KILN_DW_OP_bit_piece:
      if (empty) x->form = EMPTY;
      n = uleb(x);
      if (op == KILN_DW_OP_piece) return 8 * n;
      (void)uleb(x);
      return n;
    default:
      if (x->form != MEMORY) is_wrong(x, "a location that goes on after its end");
      if (!step_value(x, op)) x->unread = true;
    }
  }
  return 0;
}

/* ---- locations ---- */

/* Bits of a register that debuggers have, by DWARF's number: those of vectors without extensions. */
static uint64_t register_bits(const struct kn_dwarf *d, uint64_t number) {
  for (uint32_t r = 0; r < KN_FP_BASE; r++)
    if (d->image->code->dwarf_regs[r] == number) return 64;
  return 128;
}

/* Is what was run a location of `bits` bits (0: not known)? */
static void check_form(struct run *x, uint64_t bits, const struct extent *type) {
  const struct item top = x->n != 0 ? x->stack[x->n - 1] : (struct item){0};
  switch (x->form) {
  case EMPTY: break;
  case IN_REGISTER:
    if (bits > register_bits(x->d, x->form_n))
      is_wrong(x, "a location in a register that has fewer bits");
    break;
  case VALUE:
    if (bits > 64) is_wrong(x, "a location of more bits than are computed");
    if (top.is == LOADED && top.high < 64 && top.high < bits && type->is_signed)
      is_wrong(x, "a location of which fewer bits were loaded");
    if (top.is == BITS && bits != 0 && top.number > bits)
      is_wrong(x, "a location of more bits than its type has");
    break;
  case LITERAL:
    if (bits != 0 && 8 * x->form_n != bits)
      is_wrong(x, "a location that is a constant of other bits");
    break;
  case POINTER:
    if (bits != 0 && bits != 64) is_wrong(x, "a location that is a pointer, of something else");
    break;
  case MEMORY:
    if (x->n != 1) is_wrong(x, "a location that leaves no address, or several");
    else if (top.is == BITS || (top.is == LOADED && (top.low != 0 || top.high != 64)))
      is_wrong(x, "a location at bits of something");
    break;
  }
}

static void fail(struct kn_dwarf *d, uint32_t i, const char *what) {
  struct kn_die_attr a;
  uint32_t n = 0;
  const uint32_t of = d->dies.at[i].of;
  const uint8_t *name = (const uint8_t *)"";
  if (kn_dwarf_attr(d, of, KILN_DW_AT_name, &a) && a.kind == KN_DA_STRING)
    name = kn_debug_characters(d->sets[0], d->sets[d->dies.at[of].set], (uint32_t)a.value, &n);
  if (kn_dwarf_ok(d))
    kn_module_fail(d->m, KILN_ERR_INTERNAL, "%.*s: %s", (int)n, (const char *)name, what);
}

void kn_dwarf_check_location(struct kn_dwarf *d, uint32_t i, const uint8_t *expr, uint32_t n) {
  struct run x = {.d = d, .p = expr, .end = expr + n};
  const struct extent type = extent(d, kn_dwarf_type_of(d, d->dies.at[i].of), 0);
  uint64_t all = 0;
  if (n == 0) return;
  if (d->placed == NULL) d->placed = kn_dwarf_zeros(d, d->dies.n);
  if (d->placed != NULL) d->placed[i] = 1;
  while (x.p < x.end && !x.unread && x.wrong == NULL) {
    const uint64_t bits = run_piece(&x);
    if (x.unread || x.wrong != NULL) break;
    if (bits == 0 && all != 0) is_wrong(&x, "a location that goes on after its pieces");
    else check_form(&x, bits != 0 ? bits : 8 * type.bytes, &type);
    all += bits;
  }
  if (all != 0 && type.bytes != 0 && all != 8 * type.bytes && !x.unread)
    is_wrong(&x, all < 8 * type.bytes ? "a location whose pieces are less than its type"
                                      : "a location whose pieces are more than its type");
  if (x.wrong != NULL) fail(d, i, x.wrong);
}

void kn_dwarf_check_parts(struct kn_dwarf *d, const struct kn_code_var *const *parts, uint32_t n,
                          const uint8_t *expr, uint32_t size) {
  struct run x = {.d = d, .p = expr, .end = expr + size};
  uint64_t at = 0;
  while (x.p < x.end) {
    const uint64_t bits = run_piece(&x);
    uint32_t k = 0;
    if (x.unread || x.wrong != NULL || bits == 0) return;
    while (k < n && (parts[k]->part_at != at || parts[k]->part_bits < bits)) k++;
    if (x.form != EMPTY && k == n) fail(d, d->located, "a location whose piece is no part");
    at += bits;
  }
}

void kn_dwarf_check_constant(struct kn_dwarf *d, uint32_t i, uint32_t bytes) {
  const struct extent type = extent(d, kn_dwarf_type_of(d, d->dies.at[i].of), 0);
  if (type.bytes > bytes) fail(d, i, "a location that is a constant of fewer bits");
}

void kn_dwarf_check_value(struct kn_dwarf *d, uint32_t i, const uint8_t *expr, uint32_t n) {
  struct run x = {.d = d, .p = expr, .end = expr + n};
  if (run_piece(&x) != 0 || x.form != MEMORY || x.n != 1)
    is_wrong(&x, "a location where a call is to have a value");
  if (x.wrong != NULL && !x.unread) fail(d, i, x.wrong);
}

void kn_dwarf_check_bound(struct kn_dwarf *d, uint32_t i) { (void)KN_PUSH(d->m, d->bounds, i); }

void kn_dwarf_check_end(struct kn_dwarf *d) {
  for (uint32_t k = 0; k < d->bounds.n; k++) {
    const uint32_t i = d->bounds.at[k];
    struct kn_die_attr a;
    if (d->dies.at[i].global == 0 && (d->placed == NULL || d->placed[i] == 0) &&
        !kn_dwarf_attr(d, i, KILN_DW_AT_location, &a) &&
        !kn_dwarf_attr(d, i, KILN_DW_AT_const_value, &a))
      fail(d, i, "a location that a bound needs is nowhere");
  }
  KN_FREE(&d->m->options.allocator, d->placed, d->bounds.at);
}
#endif
