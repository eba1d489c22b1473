/* LLVM's intrinsic functions that C programs use: one row each in a sorted table, one case per kind below.
 * call.c passes every call of a function whose name begins with "llvm.". An intrinsic that is not in the table,
 * or whose arguments are not supported, is reported. Invariant: the table is sorted by name. */
#include "asm/asm.h"
#include "debug/debug.h"
#include "frequent.h"
#include "intrinsics.h"

#include <kiln/inspect.h>

static const struct kn_bc_row rows[] = {
#include "intrinsics.def"
};

static bool is_constrained(const struct kn_bc_row *row) {
  static const char prefix[] = "experimental.constrained.";
  return row->name[0] == 'e' && strncmp(row->name, prefix, sizeof prefix - 1) == 0;
}

unsigned kn_bc_intrinsic_find(const char *name, size_t length) {
  for (;;) { /* finds the longest row that is `name`, or a prefix of it that a '.' follows */
    size_t low = 0, high = sizeof rows / sizeof *rows;
    while (low < high) {
      size_t mid = (low + high) / 2, n = strlen(rows[mid].name);
      int c = memcmp(rows[mid].name, name, n < length ? n : length);
      if (c == 0) c = n < length ? -1 : n > length;
      if (c == 0) return (unsigned)(mid + 1);
      if (c < 0) low = mid + 1;
      else high = mid;
    }
    while (length && name[--length] != '.') {
    }
    if (!length) return 0;
  }
}

bool kn_bc_intrinsic_constrained(unsigned intrinsic) {
  return intrinsic && is_constrained(&rows[intrinsic - 1]);
}

bool kn_bc_intrinsic_traps(unsigned intrinsic) {
  unsigned kind = intrinsic ? rows[intrinsic - 1].kind : IN_IGNORE;
  return kind == IN_TRAP || kind == IN_LONGJMP || kind == IN_EH_RETURN;
}

bool kn_bc_intrinsic_on_stack(unsigned intrinsic) {
  return intrinsic && rows[intrinsic - 1].kind == IN_TRAMPOLINE;
}

/* ---- arguments ---- */

/* Argument `i` as an i64, zero-extended. */
static kiln_value size_arg(const struct call *c, unsigned i) {
  kiln_value v = kn_bc_use_z(c->r, arg_id(c, i), arg_type(c, i));
  unsigned kt = arg_info(c, i)->ktype;
  int64_t k = 0;
  if (kt == KILN_TYPE_I64 || kn_bc_is_int(c->r, arg_id(c, i), &k)) return v;
  return kiln_build_convert(c->r->f, KILN_OP_ZEXT, KILN_TYPE_I64, (kiln_type)kt, v);
}

/* Copies up to so many bytes to or from a slot are loads and stores. */
enum { SMALL_COPY = 16 };

/* A small copy of constant size, to or from a slot: a load and a store for each word, the loads
 * first, so that parts of the slot may be variables. Not where a copy of a slot is a reason for
 * the frame to have a guard. False if it is no such copy. */
static bool copy_words(const struct call *c) {
  struct kn_bc *r = c->r;
  int64_t size, is_volatile;
  if (r->fn.harden.guard != KILN_GUARD_NONE || !kn_bc_is_int(r, arg_id(c, 2), &size) || size < 1 ||
      size > SMALL_COPY || !kn_bc_is_int(r, arg_id(c, 3), &is_volatile) || is_volatile)
    return false;
  int32_t to_at, from_at;
  kiln_value to = kn_bc_address(r, arg_id(c, 0), &to_at);
  kiln_value from = kn_bc_address(r, arg_id(c, 1), &from_at), word[SMALL_COPY / 8 + 3];
  if (kiln_operand_get(r->f, to).kind != KILN_OPERAND_SLOT &&
      kiln_operand_get(r->f, from).kind != KILN_OPERAND_SLOT)
    return false;
  kiln_type types[SMALL_COPY / 8 + 3];
  unsigned n = 0;
  for (int64_t left = size; left > 0; left -= kiln_type_size(types[n++]))
    types[n] = left >= 8   ? KILN_TYPE_I64
               : left >= 4 ? KILN_TYPE_I32
               : left >= 2 ? KILN_TYPE_I16
                           : KILN_TYPE_I8;
  for (unsigned k = 0; k < n; from_at += (int32_t)kiln_type_size(types[k++]))
    word[k] = kiln_build_load(r->f, types[k], from, from_at, 0);
  for (unsigned k = 0; k < n; to_at += (int32_t)kiln_type_size(types[k++]))
    kiln_build_store(r->f, types[k], to, to_at, word[k], 0);
  return true;
}

static void memory(const struct call *c, kiln_op op) {
  if (op != KILN_OP_MEMSET && copy_words(c)) return;
  kiln_value to = arg(c, 0), from = arg(c, 1), size = size_arg(c, 2);
  kiln_build_ternary(c->r->f, op, KILN_TYPE_PTR, to, from, size);
}

/* Width of the Kiln type. */
static unsigned held(const struct kn_bc_type *t) { return 8 * kiln_type_size((kiln_type)t->ktype); }

/* ---- kinds ---- */

/* POPCNT and BITREV of an i128, from operations on its halves. */
static kiln_value bits_wide(const struct call *c, kiln_op op, kiln_value v) {
  kiln_func *f = c->r->f;
  kiln_value half[2];
  kn_bc_split_i128(f, v, half);
  for (unsigned i = 0; i < 2; i++) half[i] = kiln_build_unary(f, op, KILN_TYPE_I64, half[i]);
  if (op == KILN_OP_BITREV) return kn_bc_join_i128(f, half[1], half[0]);
  return kiln_build_convert(f, KILN_OP_ZEXT, KILN_TYPE_I128, KILN_TYPE_I64,
                            binary(c, KILN_OP_ADD, KILN_TYPE_I64, half[0], half[1]));
}

/* Bit counts and reversals; the results for odd widths are moved to the lower bits of the type. */
static void bits(const struct call *c) {
  struct kn_bc *r = c->r;
  const struct kn_bc_type *t = c->rt;
  kiln_type kt = (kiln_type)t->ktype;
  kiln_op op = (kiln_op)c->row->op;
  if (t->fit == FIT_BOOL) {
    kiln_value v = kn_bc_same(r, arg_id(c, 0), arg_type(c, 0));
    def(c, op == KILN_OP_CLZ || op == KILN_OP_CTZ ? binary(c, KILN_OP_XOR, kt, v, imm(c, 1)) : v);
    return;
  }
  kiln_value v = kn_bc_use_z(r, arg_id(c, 0), arg_type(c, 0));
  unsigned gap = held(t) - t->bits;
  if (gap && op == KILN_OP_CTZ) { /* sets the bit above the value, which ends the count */
    kiln_value stop = t->bits < 63    ? imm(c, INT64_C(1) << t->bits)
                      : t->bits == 63 ? imm(c, INT64_MIN)
                                      : kiln_const_i128(r->f, 0, UINT64_C(1) << (t->bits - 64));
    v = binary(c, KILN_OP_OR, kt, v, stop);
  }
  if (kt == KILN_TYPE_I128 && (op == KILN_OP_POPCNT || op == KILN_OP_BITREV))
    v = bits_wide(c, op, v);
  else v = kiln_build_unary(r->f, op, kt, v);
  if (gap && op == KILN_OP_CLZ) v = binary(c, KILN_OP_SUB, kt, v, imm(c, gap));
  if (gap && (op == KILN_OP_BSWAP || op == KILN_OP_BITREV))
    v = binary(c, KILN_OP_LSHR, kt, v, imm(c, gap));
  def(c, v);
}

static void min_max(const struct call *c) {
  struct kn_bc *r = c->r;
  kiln_op op = (kiln_op)c->row->op;
  bool is_signed = op == KILN_OP_SMIN || op == KILN_OP_SMAX;
  kiln_value a, b;
  if (is_signed) {
    a = kn_bc_use_s(r, arg_id(c, 0), c->ret);
    b = kn_bc_use_s(r, arg_id(c, 1), c->ret);
  } else {
    a = kn_bc_use_z(r, arg_id(c, 0), c->ret);
    b = kn_bc_use_z(r, arg_id(c, 1), c->ret);
  }
  kiln_value v = binary(c, op, c->rt->ktype, a, b);
  if (c->rt->fit == FIT_BOOL) v = binary(c, KILN_OP_AND, c->rt->ktype, v, imm(c, 1));
  def(c, v);
}

/* Saturating i128 operations: the overflow flag selects the limit, which depends on the sign of a, or for unsigned
 * ones on the operation. */
static void saturate_wide(const struct call *c) {
  kiln_func *f = c->r->f;
  kiln_op op = (kiln_op)c->row->op;
  kiln_op by = op == KILN_OP_SADDS   ? KILN_OP_SADDO
               : op == KILN_OP_UADDS ? KILN_OP_UADDO
               : op == KILN_OP_SSUBS ? KILN_OP_SSUBO
                                     : KILN_OP_USUBO;
  kiln_value a = arg(c, 0), b = arg(c, 1);
  kiln_value v = binary(c, by, KILN_TYPE_I128, a, b);
  kiln_value over = kiln_build_result(f, v, 1);
  kiln_value end = kiln_const_int(f, op == KILN_OP_UADDS ? -1 : 0);
  if (op == KILN_OP_SADDS || op == KILN_OP_SSUBS) {
    end = binary(c, KILN_OP_ASHR, KILN_TYPE_I128, a, kiln_const_int(f, 127));
    end =
      binary(c, KILN_OP_XOR, KILN_TYPE_I128, end, kiln_const_i128(f, UINT64_MAX, UINT64_MAX >> 1));
  }
  def(c, kiln_build_select(f, KILN_TYPE_I128, over, end, v));
}

/* Saturating operations on widths that do not fill their Kiln type are done in its upper bits,
 * where the ends are the same: argument `i` moved there, and the result `v` moved back. */
static kiln_value at_top(const struct call *c, unsigned i) {
  unsigned gap = held(c->rt) - c->rt->bits;
  kiln_value v = arg(c, i);
  return gap ? binary(c, KILN_OP_SHL, (kiln_type)c->rt->ktype, v, imm(c, gap)) : v;
}
static kiln_value from_top(const struct call *c, kiln_value v) {
  unsigned gap = held(c->rt) - c->rt->bits;
  return gap ? binary(c, KILN_OP_LSHR, (kiln_type)c->rt->ktype, v, imm(c, gap)) : v;
}

static void saturate(const struct call *c) {
  kiln_type kt = (kiln_type)c->rt->ktype;
  if (kt == KILN_TYPE_I128 && odd(c)) return;
  if (kt == KILN_TYPE_I128) {
    saturate_wide(c);
    return;
  }
  kiln_value a = at_top(c, 0), b = at_top(c, 1);
  def(c, from_top(c, binary(c, (kiln_op)c->row->op, kt, a, b)));
}

/* A shift to the left that gives the nearest end if bits are lost. */
static void shift_saturating(const struct call *c) {
  kiln_func *f = c->r->f;
  kiln_type kt = (kiln_type)c->rt->ktype;
  bool is_signed = c->row->op;
  if (kt == KILN_TYPE_I128 && odd(c)) return;
  kiln_value a = at_top(c, 0), n = kn_bc_use_z(c->r, arg_id(c, 1), c->ret);
  kiln_value v = binary(c, KILN_OP_SHL, kt, a, n);
  kiln_value back = binary(c, is_signed ? KILN_OP_ASHR : KILN_OP_LSHR, kt, v, n);
  kiln_value end = imm(c, -1);
  if (is_signed) { /* the greatest value, or the least of a negative one */
    end = binary(c, KILN_OP_ASHR, kt, a, imm(c, held(c->rt) - 1));
    end = binary(
      c, KILN_OP_XOR, kt, end,
      binary(c, KILN_OP_LSHR, kt, kiln_build_unary(f, KILN_OP_COPY, kt, imm(c, -1)), imm(c, 1)));
  }
  v = kiln_build_select(f, kt, kiln_build_icmp(f, KILN_EQ, kt, back, a), v, end);
  def(c, from_top(c, v));
}

/* A funnel shift of a width that does not fill its Kiln type: a shift by that width is possible there. */
static void funnel_odd(const struct call *c) {
  struct kn_bc *r = c->r;
  kiln_type kt = (kiln_type)c->rt->ktype;
  bool left = c->row->op == KILN_OP_FSHL;
  if (c->rt->fit == FIT_BOOL) { /* by 0 always */
    def(c, kn_bc_same(r, arg_id(c, left ? 0 : 1), c->ret));
    return;
  }
  kiln_value width = imm(c, c->rt->bits);
  kiln_value n = binary(c, KILN_OP_UREM, kt, kn_bc_use_z(r, arg_id(c, 2), c->ret), width);
  kiln_value rest = binary(c, KILN_OP_SUB, kt, width, n);
  kiln_value high = binary(c, KILN_OP_SHL, kt, arg(c, 0), left ? n : rest);
  kiln_value low =
    binary(c, KILN_OP_LSHR, kt, kn_bc_use_z(r, arg_id(c, 1), c->ret), left ? rest : n);
  def(c, binary(c, KILN_OP_OR, kt, high, low));
}

/* {value, i1}: for widths that do not fill their Kiln type, computes in that type and compares the result with its
 * truncation. */
static void overflow(const struct call *c) {
  struct kn_bc *r = c->r;
  uint32_t type = arg_type(c, 0), first = r->fn.parts.n;
  const struct kn_bc_type *t = arg_info(c, 0);
  kiln_op op = (kiln_op)c->row->op;
  kiln_type kt = (kiln_type)t->ktype;
  if (!kn_bc_scalar(r, type) || !kn_bc_split(r, c->ret) || r->types.at[c->ret].n_pieces != 2) {
    kn_bc_malformed(r, "bad overflow intrinsic");
    return;
  }
  bool is_signed = op == KILN_OP_SADDO || op == KILN_OP_SSUBO || op == KILN_OP_SMULO;
  uint32_t ia = arg_id(c, 0), ib = arg_id(c, 1);
  kiln_value a = is_signed ? kn_bc_use_s(r, ia, type) : kn_bc_use_z(r, ia, type);
  kiln_value b = is_signed ? kn_bc_use_s(r, ib, type) : kn_bc_use_z(r, ib, type);
  kiln_value v = binary(c, op, kt, a, b), o = kiln_build_result(r->f, v, 1);
  if (t->fit != FIT_EXACT) {
    kiln_value bit = t->fit == FIT_BOOL ? binary(c, KILN_OP_AND, kt, v, imm(c, 1)) : v;
    kiln_value in = is_signed ? kn_bc_sext_in(r, bit, t) : kn_bc_zext_in(r, bit, t);
    o = binary(c, KILN_OP_OR, KILN_TYPE_I8, o, kiln_build_icmp(r->f, KILN_NE, kt, in, v));
    v = bit;
  }
  if (!KN_BC_ROOM(r, r->fn.parts, first + 2u)) return;
  r->fn.parts.at[first] = v.id;
  r->fn.parts.at[first + 1] = o.id;
  r->fn.parts.n += 2;
  kn_bc_define_parts(r, c->ret, first);
}

static void wide_overflow(const struct call *c) {
  struct kn_bc *r = c->r;
  const struct kn_bc_elem *e = r->m->elems.at + c->rt->first;
  if (c->rt->kind != TK_STRUCT || c->rt->n != 2 || e[0].type != arg_type(c, 0) ||
      r->types.at[e[1].type].fit != FIT_BOOL || arg_type(c, 1) != arg_type(c, 0))
    kn_bc_malformed(r, "bad overflow intrinsic");
  else kn_bc_wide_overflow(r, c->row->op, arg_id(c, 0), arg_id(c, 1), arg_type(c, 0), c->ret);
}

/* -1, 0 or 1 as a is less than, equal to or greater than b. */
static void compare(const struct call *c) {
  struct kn_bc *r = c->r;
  uint32_t type = arg_type(c, 0);
  const struct kn_bc_type *t = arg_info(c, 0);
  bool is_signed = c->row->op;
  kiln_value a =
    is_signed ? kn_bc_use_s(r, arg_id(c, 0), type) : kn_bc_use_z(r, arg_id(c, 0), type);
  kiln_value b =
    is_signed ? kn_bc_use_s(r, arg_id(c, 1), type) : kn_bc_use_z(r, arg_id(c, 1), type);
  kiln_type kt = (kiln_type)t->ktype;
  kiln_value more = kiln_build_icmp(r->f, is_signed ? KILN_SGT : KILN_UGT, kt, a, b);
  kiln_value less = kiln_build_icmp(r->f, is_signed ? KILN_SLT : KILN_ULT, kt, a, b);
  kiln_value v = binary(c, KILN_OP_SUB, KILN_TYPE_I8, more, less);
  if (c->rt->ktype != KILN_TYPE_I8)
    v = kiln_build_convert(r->f, KILN_OP_SEXT, (kiln_type)c->rt->ktype, KILN_TYPE_I8, v);
  def(c, v);
}

/* A call of which the first argument is an integer of more than 128 bits; false if it is another intrinsic. */
static bool wide(const struct call *c) {
  struct kn_bc *r = c->r;
  const uint32_t type = arg_type(c, 0), a = arg_id(c, 0), b = c->n > 1 ? arg_id(c, 1) : 0;
  const bool same = c->ret == type, two = c->n > 1 && arg_type(c, 1) == type;
  switch (c->row->kind) {
  case IN_BITS:
  case IN_ABS:
    if (!same) return false;
    kn_bc_wide_bits(r, c->row->op, a, type);
    return true;
  case IN_MINMAX:
    if (!same || !two) return false;
    kn_bc_wide_end(r, c->row->op, a, b, type);
    return true;
  case IN_FUNNEL:
    if (!same || !two || c->n < 3 || arg_type(c, 2) != type) return false;
    kn_bc_wide_funnel(r, c->row->op == KILN_OP_FSHL, a, b, arg_id(c, 2), type);
    return true;
  case IN_COMPARE: {
    if (!two || c->rt->kind != TK_INT) return false;
    kiln_value v = kn_bc_wide_order(r, c->row->op, a, b, type);
    if (c->rt->ktype != KILN_TYPE_I8)
      v = kiln_build_convert(r->f, KILN_OP_SEXT, (kiln_type)c->rt->ktype, KILN_TYPE_I8, v);
    def(c, v);
    return true;
  }
  default: return false;
  }
}

static void pointer_mask(const struct call *c) {
  if (arg_info(c, 1)->ktype != KILN_TYPE_I64) kn_bc_unsupported(c->r, "a mask of this type");
  else def(c, binary_args(c, KILN_OP_AND, KILN_TYPE_I64));
}

static void lifetime(const struct call *c) {
  uint32_t id = arg_id(c, c->n - 1); /* the last argument; in older versions the size precedes it */
  if (id < c->r->vals.n && c->r->vals.at[id].t >> 24 == VS_SLOT)
    kiln_build_unary(c->r->f, (kiln_op)c->row->op, KILN_TYPE_PTR,
                     (kiln_value){c->r->vals.at[id].h});
}

static void level(const struct call *c) {
  int64_t n = 0;
  if (!const_arg(c, 0, &n)) return;
  if (n < 0 || n > 255) kn_bc_unsupported(c->r, "this number of frames");
  else def(c, kiln_build_level(c->r->f, (kiln_op)c->row->op, (unsigned)n));
}

/* An address from a table of 32-bit offsets that count from the table's start. */
static void load_relative(const struct call *c) {
  struct kn_bc *r = c->r;
  kiln_type kt = (kiln_type)arg_info(c, 1)->ktype;
  kiln_value table = arg(c, 0), offset = kn_bc_use_s(r, arg_id(c, 1), arg_type(c, 1));
  int64_t k = 0;
  if (kt == KILN_TYPE_I128) {
    kn_bc_unsupported(r, "an offset of this type");
    return;
  }
  if (kt != KILN_TYPE_I64 && !kn_bc_is_int(r, arg_id(c, 1), &k))
    offset = kiln_build_convert(r->f, KILN_OP_SEXT, KILN_TYPE_I64, kt, offset);
  kiln_value at = kiln_build_addr(r->f, table, offset, 1, 0);
  kiln_value v = kiln_build_load_ext(r->f, KILN_TYPE_I64, KILN_TYPE_I32, at, 0, KILN_MEM_SEXT);
  def(c, binary(c, KILN_OP_ADD, KILN_TYPE_I64, table, v));
}

/* Rounding modes that Kiln's IR lacks, such as 4 (to nearest, ties away from zero), exist on no target. */
static void set_rounding(const struct call *c) {
  kiln_value mode = arg(c, 0);
  int64_t k = 0;
  if (kn_bc_is_int(c->r, arg_id(c, 0), &k) && (k < 0 || k > 3))
    kn_bc_unsupported(c->r, "this rounding mode");
  else kiln_build_unary(c->r->f, KILN_OP_SET_ROUNDING, KILN_TYPE_I32, mode);
}

static void flush(const struct call *c, kiln_value from, kiln_value to) {
  kn_bc_library(c->r, "__clear_cache", (kiln_type[]){KILN_TYPE_PTR, KILN_TYPE_PTR},
                (kiln_value[]){from, to}, 2, KILN_TYPE_VOID);
}

/* Writes code to the stack which jumps to a nested function with its static chain. */
static void trampoline(const struct call *c) {
  kiln_func *f = c->r->f;
  const struct kn_bc_trampoline *t = &kn_bc_targets[c->r->target].trampoline;
  kiln_value at = arg(c, 0), function = arg(c, 1), chain = arg(c, 2);
  for (unsigned k = 0; k < t->n; k++)
    kiln_build_store(f, (kiln_type)t->code[k].type, at, t->code[k].at,
                     kiln_const_int(f, t->code[k].bits), 0);
  kiln_build_store(f, KILN_TYPE_I64, at, t->function, function, 0);
  kiln_build_store(f, KILN_TYPE_I64, at, t->chain, chain, 0);
  if (t->flushed != 0) flush(c, at, kiln_build_addr(f, at, (kiln_value){0}, 0, t->flushed));
}

/* A few instructions without operands: `t->fixed`, or none, which change the registers that callees save. */
static void fixed(const struct call *c, bool save_all) {
  struct kn_bc *r = c->r;
  const struct kn_bc_target *t = &kn_bc_targets[r->target];
  static const uint8_t first = 0;
  kiln_type type = KILN_TYPE_I64;
  kiln_asm code = {.bytes = t->fixed[c->row->op].bytes,
                   .size_bytes = save_all ? 0 : t->fixed[c->row->op].n,
                   .results = &first,
                   .lost = save_all ? t->saved : 0};
  kiln_sig sig = kiln_sig_new(r->module, KILN_CC_C, 0, NULL, 0, &type, !save_all);
  kiln_value v = kiln_build_asm(r->f, sig, &code, NULL, 0);
  if (!save_all) def(c, v);
}

/* llvm.eh.return(offset, handler): goes to the handler with the stack pointer of the caller, moved by the offset. All
 * registers that calls preserve are in the frame, where an unwinder has changed them. */
static void eh_return(const struct call *c) {
  kiln_func *f = c->r->f;
  enum { RETURN_ADDRESS = 8 }; /* from what frame_addr gives */
  if (!kn_bc_targets[c->r->target].eh_return) {
    kn_bc_unsupported(c->r, "llvm.eh.return, which LLVM leaves out for this target");
    return;
  }
  fixed(c, true);
  kiln_value at =
    binary(c, KILN_OP_ADD, KILN_TYPE_I64, kiln_build_level(f, KILN_OP_FRAME_ADDR, 0), arg(c, 0));
  at = binary(c, KILN_OP_ADD, KILN_TYPE_I64, at, kiln_const_int(f, RETURN_ADDRESS));
  kiln_build_store(f, KILN_TYPE_PTR, at, 0, arg(c, 1), 0);
  kiln_build_unary(f, KILN_OP_EH_RETURN, KILN_TYPE_PTR, at);
  kn_bc_split_block(c->r);
}

/* Are the result and the first `n` arguments scalars? */
static bool scalars(const struct call *c, unsigned n) {
  if (c->n < n) return kn_bc_malformed(c->r, "bad call");
  for (unsigned i = 0; i < n; i++) {
    if (kn_bc_is_aggregate(arg_info(c, i))) return kn_bc_malformed(c->r, "bad intrinsic");
    if (!kn_bc_scalar(c->r, arg_type(c, i))) return false;
    if (arg_info(c, i)->kind == TK_VECTOR) return kn_bc_unsupported(c->r, "vector types");
  }
  if (c->rt->kind == TK_VOID || kn_bc_is_aggregate(c->rt)) return true;
  return kn_bc_scalar(c->r, c->ret);
}

/* Least number of arguments of each kind. */
static unsigned needed(unsigned kind) {
  switch (kind) {
  case IN_IGNORE:
  case IN_ZERO:
  case IN_ONE:
  case IN_STACK_SAVE:
  case IN_GET_ROUNDING:
  case IN_FIXED:
  case IN_SAVE_ALL:
  case IN_TRAP:
  case IN_DEBUG_TRAP: return 0;
  case IN_MEMCPY:
  case IN_MEMMOVE:
  case IN_MEMSET:
  case IN_FUNNEL:
  case IN_TRAMPOLINE:
  case IN_FLOAT3: return 3;
  case IN_PREFETCH: return 4;
  case IN_VA_COPY:
  case IN_MINMAX:
  case IN_SATURATE:
  case IN_SHIFT_SATURATE:
  case IN_OVERFLOW:
  case IN_FLOAT2:
  case IN_MINIMUM_NUM:
  case IN_STRICT_COMPARE:
  case IN_LIBM2:
  case IN_LDEXP:
  case IN_POWI:
  case IN_OBJECT_SIZE:
  case IN_FPCLASS:
  case IN_PTRMASK:
  case IN_COMPARE:
  case IN_LOAD_RELATIVE:
  case IN_CLEAR_CACHE: return 2;
  default: return 1;
  }
}

static bool is_i32(const struct kn_bc_type *t) {
  return t->kind == TK_INT && t->ktype == KILN_TYPE_I32 && t->fit == FIT_EXACT;
}

static bool is_float(const struct kn_bc_type *t) {
  return t->kind == TK_FLOAT || t->kind == TK_SOFT;
}

/* Is the result's type one that the row's case can build? */
static bool result_fits(const struct call *c) {
  const struct kn_bc_type *a = c->n ? arg_info(c, 0) : NULL;
  switch (c->row->kind) {
  case IN_BITS:
  case IN_FUNNEL:
  case IN_MINMAX:
  case IN_ABS:
  case IN_SHIFT_SATURATE:
  case IN_SATURATE: return c->rt->kind == TK_INT && c->ret == arg_type(c, 0);
  case IN_FLOAT1:
  case IN_FLOAT2:
  case IN_FLOAT3:
  case IN_CANONICALIZE:
  case IN_LIBM1:
  case IN_LIBM2:
  case IN_LDEXP:
  case IN_MINIMUM_NUM:
  case IN_POWI: return is_float(c->rt) && c->ret == arg_type(c, 0);
  case IN_FREXP:
  case IN_SINCOS:
  case IN_MODF: return kn_bc_is_aggregate(c->rt) && is_float(a);
  case IN_FROM_HALF: return c->rt->kind == TK_FLOAT && a->ktype == KILN_TYPE_I16;
  case IN_TO_HALF: return c->rt->ktype == KILN_TYPE_I16 && a->kind == TK_FLOAT;
  case IN_STRICT_CAST: return true; /* as a cast it is checked */
  case IN_STRICT_COMPARE:
    return c->rt->fit == FIT_BOOL && is_float(a) && arg_type(c, 1) == arg_type(c, 0);
  case IN_OVERFLOW: return kn_bc_is_aggregate(c->rt) && a->kind == TK_INT;
  case IN_FIRST: return c->ret == arg_type(c, 0);
  case IN_STACK_SAVE:
  case IN_LEVEL:
  case IN_PTRMASK: return c->rt->kind == TK_PTR;
  case IN_LOAD_RELATIVE: return c->rt->kind == TK_PTR && arg_info(c, 1)->kind == TK_INT;
  case IN_ROUND_INT:
  case IN_TO_INT_SAT: return c->rt->kind == TK_INT && is_float(a);
  case IN_FPCLASS: return c->rt->fit == FIT_BOOL && is_float(a);
  case IN_COMPARE: return c->rt->kind == TK_INT && c->rt->bits > 1 && a->kind == TK_INT;
  case IN_ZERO:
  case IN_ONE: return c->rt->kind == TK_INT || c->rt->kind == TK_PTR;
  case IN_OBJECT_SIZE: return c->rt->kind == TK_INT;
  case IN_FIXED: return (kiln_type)c->rt->ktype == KILN_TYPE_I64 && c->rt->fit == FIT_EXACT;
  case IN_GET_ROUNDING: return is_i32(c->rt);
  case IN_SETJMP: return is_i32(c->rt) && a->kind == TK_PTR;
  case IN_LONGJMP: return c->rt->kind == TK_VOID && a->kind == TK_PTR;
  case IN_EH_RETURN:
    return c->rt->kind == TK_VOID && a->kind == TK_INT && a->bits == 64 &&
           arg_info(c, 1)->kind == TK_PTR;
  case IN_SET_ROUNDING: return c->rt->kind == TK_VOID && is_i32(a);
  case IN_TYPEID: return is_i32(c->rt) && a->kind == TK_PTR;
  default: return c->rt->kind == TK_VOID;
  }
}

static void prefetch(const struct call *c) {
  struct kn_bc_prefetch how;
  int64_t k[3];
  for (unsigned i = 0; i < 3; i++)
    if (!kn_bc_is_int(c->r, arg_id(c, i + 1), &k[i])) k[i] = -1;
  if (kn_bc_prefetch_as(&how, k[0], k[1], k[2])) kn_bc_prefetch(c->r, arg(c, 0), &how);
  else kn_bc_malformed(c->r, "a prefetch of a kind that there is not");
}

/* Builds the call, which is none of vectors. */
static void run(const struct call *c) {
  struct kn_bc *r = c->r;
  const struct kn_bc_row *row = c->row;
  if (!scalars(c, needed(row->kind))) return;
  if (!result_fits(c)) {
    kn_bc_malformed(r, "an intrinsic of a type that it cannot have");
    return;
  }
  kiln_func *f = r->f;
  kiln_type kt = (kiln_type)c->rt->ktype;
  kiln_op op = (kiln_op)row->op;
  int64_t k = 0;
  switch (row->kind) {
  case IN_FIRST: def(c, kn_bc_same(r, arg_id(c, 0), arg_type(c, 0))); return;
  case IN_ZERO: def(c, imm(c, 0)); return;
  case IN_ONE: def(c, imm(c, 1)); return;
  case IN_LIFETIME: lifetime(c); return;
  case IN_MEMCPY: memory(c, KILN_OP_MEMCPY); return;
  case IN_MEMMOVE: memory(c, KILN_OP_MEMMOVE); return;
  case IN_MEMSET: memory(c, KILN_OP_MEMSET); return;
  case IN_UNV: kiln_build_unary(f, op, KILN_TYPE_PTR, arg(c, 0)); return;
  case IN_PREFETCH: prefetch(c); return;
  case IN_VA_COPY: binary_args(c, KILN_OP_VA_COPY, KILN_TYPE_PTR); return;
  case IN_STACK_SAVE: def(c, kiln_build_nullary(f, KILN_OP_STACK_SAVE)); return;
  case IN_TRAP:
    kiln_build_nullary(f, KILN_OP_TRAP);
    kn_bc_split_block(r);
    return;
  case IN_DEBUG_TRAP: kiln_build_nullary(f, KILN_OP_DEBUG_TRAP); return;
  case IN_BITS: bits(c); return;
  case IN_FUNNEL:
    if (c->rt->fit != FIT_EXACT) {
      funnel_odd(c);
      return;
    }
    if (arg_id(c, 0) == arg_id(c, 1)) {
      kiln_value x = arg(c, 0), y = arg(c, 2);
      def(c, binary(c, op == KILN_OP_FSHL ? KILN_OP_ROTL : KILN_OP_ROTR, kt, x, y));
    } else {
      def(c, ternary_args(c, op, kt));
    }
    return;
  case IN_MINMAX: min_max(c); return;
  case IN_ABS:
    if (c->rt->fit == FIT_BOOL) def(c, kn_bc_same(r, arg_id(c, 0), c->ret));
    else def(c, kiln_build_unary(f, op, kt, kn_bc_use_s(r, arg_id(c, 0), c->ret)));
    return;
  case IN_SATURATE: saturate(c); return;
  case IN_SHIFT_SATURATE: shift_saturating(c); return;
  case IN_OVERFLOW: overflow(c); return;
  case IN_OBJECT_SIZE: /* the size is unknown: LLVM's answer is 0 or -1, as argument 1 says */
    if (const_arg(c, 1, &k)) def(c, imm(c, k ? 0 : -1));
    return;
  case IN_LEVEL: level(c); return;
  case IN_PTRMASK: pointer_mask(c); return;
  case IN_COMPARE: compare(c); return;
  case IN_CLEAR_CACHE: {
    kiln_value from = arg(c, 0), to = arg(c, 1);
    flush(c, from, to);
    return;
  }
  case IN_TRAMPOLINE: trampoline(c); return;
  case IN_FIXED: fixed(c, false); return;
  case IN_SAVE_ALL: fixed(c, true); return;
  case IN_LOAD_RELATIVE: load_relative(c); return;
  case IN_GET_ROUNDING: def(c, kiln_build_nullary(f, KILN_OP_GET_ROUNDING)); return;
  case IN_SET_ROUNDING: set_rounding(c); return;
  case IN_SETJMP:
    def(c,
        kiln_build_convert(f, KILN_OP_TRUNC, KILN_TYPE_I32, KILN_TYPE_I64,
                           kiln_build_unary(f, KILN_OP_BUILTIN_SETJMP, KILN_TYPE_PTR, arg(c, 0))));
    return;
  case IN_LONGJMP:
    kiln_build_unary(f, KILN_OP_BUILTIN_LONGJMP, KILN_TYPE_PTR, arg(c, 0));
    kn_bc_split_block(r);
    return;
  case IN_EH_RETURN: eh_return(c); return;
  case IN_TYPEID: def(c, kn_bc_typeid(r, arg_id(c, 0))); return;
  default:
    if (!kn_bc_math(c)) kn_bc_unsupported(r, "this intrinsic");
    return;
  }
}

/* True for the kinds that compute a value of scalars alone: of vectors they do it lane by lane. */
static bool has_lanes(unsigned kind) {
  return (kind >= IN_BITS && kind <= IN_LDEXP && kind != IN_OVERFLOW) || kind == IN_POWI ||
         kind == IN_STRICT_CAST || kind == IN_STRICT_COMPARE || kind == IN_FROM_HALF ||
         kind == IN_TO_HALF || kind == IN_ROUND_INT || kind == IN_FPCLASS ||
         kind == IN_TO_INT_SAT || kind == IN_PTRMASK || kind == IN_COMPARE;
}

/* What instructions for all lanes do: the operations whose arguments are vectors of the result's
 * type, and perhaps a flag behind them. */
static bool whole_registers(const struct call *c, struct kn_bc_vec *out) {
  struct kn_bc_vec x[3];
  const struct kn_bc_vec *in[3] = {&x[0], &x[1], &x[2]};
  unsigned n = 0, kind = c->row->kind;
  uint64_t by;
  if (kind == IN_FUNNEL && kn_bc_vec_is_splat(c->r, arg_id(c, 2), &by)) {
    if (!kn_bc_vec_get(c->r, arg_id(c, 0), c->ret, &x[0]) ||
        !kn_bc_vec_get(c->r, arg_id(c, 1), c->ret, &x[1]))
      return true;
    if (x[0].mask || x[0].apart) return false;
    kn_bc_vec_funnel(c->r, c->row->op == KILN_OP_FSHL, in, by, out);
    kn_bc_vec_def(c->r, out);
    return true;
  }
  if (kind != IN_MINMAX && kind != IN_ABS && kind != IN_SATURATE && kind != IN_FLOAT1 &&
      kind != IN_FLOAT2 && kind != IN_FLOAT3 && kind != IN_BITS)
    return false;
  for (; n < c->n && n < 3 && arg_type(c, n) == c->ret; n++)
    if (!kn_bc_vec_get(c->r, arg_id(c, n), c->ret, &x[n])) return true;
  if (n == 0 || n != needed(kind)) return false;
  if (!kn_bc_vec_native(c->r, (kiln_op)c->row->op, in, n, out)) return false;
  kn_bc_vec_def(c->r, out);
  return true;
}

static void by_lanes(const struct call *c) {
  enum { MOST = 4 };
  struct kn_bc *r = c->r;
  struct kn_bc_vec x[MOST], out;
  struct kn_bc_elem params[MOST];
  kiln_value lanes[KN_BC_MAX_LANES];
  uint64_t ops[MOST];
  uint32_t ids[MOST];
  if (!has_lanes(c->row->kind) || c->n > MOST || c->rt->kind != TK_VECTOR) {
    kn_bc_unsupported(r, "this intrinsic of vectors");
    return;
  }
  if (!kn_bc_vec_shape(r, c->ret, &out)) return;
  if (whole_registers(c, &out)) return;
  for (unsigned i = 0; i < c->n; i++) {
    params[i].type = arg_type(c, i);
    ids[i] = arg_id(c, i);
    if (arg_info(c, i)->kind != TK_VECTOR) continue;
    if (!kn_bc_vec_get(r, ids[i], arg_type(c, i), &x[i])) return;
    params[i].type = x[i].elem;
    if (x[i].n != out.n) {
      kn_bc_malformed(r, "bad intrinsic");
      return;
    }
  }
  uint32_t entered = kn_bc_vec_enter(r);
  for (uint32_t k = 0; k < out.n && r->status == KILN_OK; k++) {
    uint32_t of_lane[MOST];
    for (unsigned i = 0; i < c->n; i++)
      of_lane[i] = arg_info(c, i)->kind == TK_VECTOR
                     ? kn_bc_vec_value(r, params[i].type, kn_bc_vec_lane(r, &x[i], k))
                     : ids[i];
    for (unsigned i = 0; i < c->n; i++) ops[i] = r->vals.n - of_lane[i];
    struct call lane = {r,      c->row,    ops,         c->n, out.elem, &r->types.at[out.elem],
                        params, c->strict, c->predicate};
    run(&lane);
    lanes[k] = kn_bc_vec_result(r);
  }
  kn_bc_vec_leave_with(r, entered, &out, lanes);
}

void kn_bc_intrinsic(struct kn_bc *r, const struct kn_bc_global *g, uint32_t type, uint32_t attrs,
                     const uint64_t *ops, unsigned n, bool bundles) {
  const struct kn_bc_type *ft = &r->types.at[type];
  if (!g->intrinsic) {
    uint32_t ret = r->m->elems.at[ft->first].type;
    if (!bundles && n == ft->n - 1 &&
        kn_bc_machine(r, g->name, g->name_length, r->m->elems.at + ft->first + 1, ret, attrs, ops,
                      n))
      return;
    if (!bundles && n == ft->n - 1 &&
        kn_bc_named_register(r, g->name, g->name_length, r->m->elems.at + ft->first + 1, ret, ops,
                             n))
      return;
    kn_bc_fail(r, KILN_ERR_UNSUPPORTED, "not implemented: intrinsic %.*s",
               g->name_length > 100 ? 100 : (int)g->name_length, g->name);
    return;
  }
  struct call call =
                {r,    &rows[g->intrinsic - 1],        ops,   n, r->m->elems.at[ft->first].type,
                 NULL, r->m->elems.at + ft->first + 1, false, 0},
              *c = &call;
  const struct kn_bc_row *row = c->row;
  c->rt = &r->types.at[c->ret];
  if (row->kind == IN_IGNORE && c->rt->kind == TK_VOID) return;
  if (row->kind == IN_DECLARE || row->kind == IN_BECOMES) {
    /* operands are numbers of metadata, relative as those of values: value, variable, expression */
    if (!r->m->entries || n < 3 || !r->fn.at.loc) return;
    uint32_t inlined = r->fn.at.inlined ? kn_bc_call_loc(r, r->fn.at.inlined) : 0, of[3];
    for (unsigned i = 0; i < 3; i++) of[i] = r->vals.n - (uint32_t)ops[i];
    if (row->kind == IN_DECLARE) kn_bc_debug_place(r, of[1], of[2], of[0], inlined);
    else kn_bc_debug_becomes(r, of[1], of[2], of[0], inlined);
    return;
  }
  if (bundles) {
    kn_bc_refuse_bundle(r, r->fn.bundle);
    return;
  }
  if (n != ft->n - 1) {
    kn_bc_malformed(r, "bad call");
    return;
  }
  bool constrained = is_constrained(row);
  if (KN_UNLIKELY(constrained)) {
    if (!kn_bc_read_constraints(c)) return;
    call.n = needed(row->kind);
  }
  if (row->kind == IN_OVERFLOW && n == 2 && arg_info(c, 0)->kind == TK_WIDE) {
    wide_overflow(c);
    return;
  }
  if (n && arg_info(c, 0)->kind == TK_WIDE && wide(c)) return;
  if (row->kind == IN_VECTOR) {
    kn_bc_vec_call(r, row->op, c->params, c->ret, ops, n);
    return;
  }
  bool vectors = c->rt->kind == TK_VECTOR;
  for (unsigned i = 0; i < n && r->m->has_vectors; i++)
    vectors |= arg_info(c, i)->kind == TK_VECTOR;
  if (vectors && row->kind == IN_FIRST && c->ret == arg_type(c, 0)) {
    struct kn_bc_vec x;
    if (kn_bc_vec_get(r, arg_id(c, 0), c->ret, &x)) kn_bc_vec_def(r, &x);
  } else if (vectors) {
    by_lanes(c);
  } else {
    run(c);
  }
  if (KN_UNLIKELY(constrained)) kn_bc_keep_result(c);
}
