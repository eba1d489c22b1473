/* Operands and instructions of generated functions, driven by the opcode table: an operation that is
 * new in ops.def with a known shape is generated without a change here. See gen.h. */
#include "gen.h"

#include <math.h>
#include <string.h>

/* Shapes, and sets of types as in ops.def. */
enum shape {
#define KILN_SHAPE(E, state, a, b, c, x, result, edges, copy, syntax) SH_##E,
#include <kiln/shapes.def>
  SH_COUNT
};
enum state { STATE_INTERNAL, STATE_BUILT };
enum types {
  TY_VOID,
  TY_INT,
  TY_INT64,
  TY_FLT,
  TY_SCALAR,
  TY_VEC,
  TY_ANY,
  TY_PTR,
  TY_I32,
  TY_VINT,
  TY_VFLT,
  TY_VF32,
  TY_VI32,
  TY_VANY,
  TY_MACHINE
};

static const uint8_t states[] = {
#define KILN_SHAPE(E, state, a, b, c, x, result, edges, copy, syntax) STATE_##state,
#include <kiln/shapes.def>
};

enum { PURE = 0, WRITE = 1, TRAP = 2, TERM = 4, ONE = 8, FLAG = 16 }; /* effects as in ops.def */

static const struct {
  uint8_t shape, types;
  bool flag; /* there is a second result */
} ops[] = {
#define KILN_OP(E, name, shape, types, fx, fact, cost, doc)                                        \
  {SH_##shape, TY_##types, ((fx) & FLAG) != 0},
#include <kiln/ops.def>
};

/* False for operations that the library makes, those that end the process or leave the function, those that the
 * interpreter lacks, __builtin_setjmp's, whose buffer must not be written in between, and those of a pinned register,
 * which the module has not. */
bool gen_makes(kiln_op op) {
  return states[ops[op].shape] == STATE_BUILT && ops[op].shape != SH_MACHINE &&
         ops[op].shape != SH_MACHINEV && op != KILN_OP_DEBUG_TRAP && op != KILN_OP_ASM &&
         op != KILN_OP_BUILTIN_SETJMP && op != KILN_OP_BUILTIN_LONGJMP && op != KILN_OP_EH_RETURN &&
         op != KILN_OP_GET_PINNED && op != KILN_OP_SET_PINNED;
}

static const uint8_t widths[KILN_TYPE_COUNT] = {[KILN_TYPE_I8] = 8,
                                                [KILN_TYPE_I16] = 16,
                                                [KILN_TYPE_I32] = 32,
                                                [KILN_TYPE_I64] = 64,
                                                [KILN_TYPE_I128] = 128};

static bool is_float(unsigned t) {
  return t == KILN_TYPE_F32 || t == KILN_TYPE_F64 || t == KILN_TYPE_F80;
}

uint64_t gen_bits(struct gen *g, unsigned bytes) {
  uint64_t v = 0;
  for (unsigned i = 0; i < bytes; i++) v |= (uint64_t)gen_byte(g) << 8 * i;
  return v;
}

kiln_type gen_type(struct gen *g) {
  unsigned k = gen_pick(g, g->weight);
  for (unsigned t = 1; t < KILN_TYPE_COUNT; t++) {
    if (k < g->weights[t]) return (kiln_type)t;
    k -= g->weights[t];
  }
  return KILN_TYPE_I64;
}

kiln_type gen_int_type(struct gen *g) {
  kiln_type t = gen_type(g);
  return is_float(t) ? (t == KILN_TYPE_F32 ? KILN_TYPE_I32 : KILN_TYPE_I64) : t;
}

static kiln_type float_type(struct gen *g) {
  if (g->weights[KILN_TYPE_F80] > 0 && gen_pick(g, 3) > 0) return KILN_TYPE_F80;
  return gen_pick(g, 2) ? KILN_TYPE_F32 : KILN_TYPE_F64;
}

/* ---- operands ---- */

static uint64_t int_bits(struct gen *g, unsigned width) {
  static const int64_t few[] = {0,
                                1,
                                -1,
                                2,
                                3,
                                7,
                                8,
                                10,
                                16,
                                127,
                                128,
                                -128,
                                -129,
                                255,
                                256,
                                4095,
                                4096,
                                32767,
                                32768,
                                65535,
                                65536,
                                INT32_MAX,
                                INT32_MIN,
                                INT64_C(0x80000000),
                                UINT32_MAX,
                                INT64_C(1) << 32,
                                INT64_MAX,
                                INT64_MIN,
                                INT64_C(0x5555555555555555),
                                -4096,
                                100,
                                1000};
  uint32_t k = gen_byte(g);
  if (k < 128) return (uint64_t)few[k % (sizeof few / sizeof *few)];
  if (k < 160) return UINT64_C(1) << (gen_byte(g) % (width < 64 ? width : 64));
  if (k < 200) return (uint64_t)(int64_t)(int8_t)gen_byte(g);
  if (k < 230) return gen_bits(g, 4);
  return gen_bits(g, 8);
}

kiln_value gen_typed(struct gen *g, unsigned type) {
  static const double few[] = {0.0,
                               -0.0,
                               1.0,
                               -1.0,
                               0.5,
                               1.5,
                               -2.5,
                               3.0,
                               100.0,
                               1e10,
                               -1e10,
                               4294967296.0,
                               9.2233720368547758e18,
                               1e30,
                               1e-30,
                               0.1,
                               65535.0,
                               -128.0,
                               2147483648.0,
                               INFINITY,
                               -INFINITY,
                               1e-310,
                               3e-39,
                               1e300};
  uint32_t k;
  switch (type) {
  case KILN_TYPE_F32:
    k = gen_byte(g);
    if (k < 200) return kiln_const_f32(g->f, (float)few[k % (sizeof few / sizeof *few)]);
    return kiln_const_bits(g->f, KILN_TYPE_F32, gen_bits(g, 4), 0);
  case KILN_TYPE_F64:
    k = gen_byte(g);
    if (k < 200) return kiln_const_f64(g->f, few[k % (sizeof few / sizeof *few)]);
    return kiln_const_bits(g->f, KILN_TYPE_F64, gen_bits(g, 8), 0);
  case KILN_TYPE_F80: {
    union {
      long double v;
      uint64_t bits[2];
    } x = {.bits = {0, 0}};
    k = gen_byte(g);
    x.v = (long double)few[k % (sizeof few / sizeof *few)];
    if (k >= 200) x.v = (long double)(int64_t)gen_bits(g, 8) / 3;
    return kiln_const_bits(g->f, KILN_TYPE_F80, x.bits[0], x.bits[1] & 0xffff);
  }
  case KILN_TYPE_I128: {
    uint64_t low = int_bits(g, 128);
    return kiln_const_i128(g->f, low, gen_chance(g, 128) ? int_bits(g, 64) : -(low >> 63));
  }
  default: {
    uint64_t v = int_bits(g, widths[type]);
    if (widths[type] < 64) v &= (UINT64_C(1) << widths[type]) - 1;
    return kiln_const_bits(g->f, (kiln_type)type, v, 0);
  }
  }
}

kiln_value gen_const(struct gen *g, unsigned type) {
  if (widths[type] != 0 && gen_chance(g, 192)) {
    return kiln_const_int(g->f, (int64_t)int_bits(g, widths[type]));
  }
  return gen_typed(g, type);
}

kiln_value gen_symbol(struct gen *g, kiln_symbol s, int64_t addend) {
  return kiln_const_symbol(g->f, s, addend);
}

kiln_value gen_object(struct gen *g, unsigned *which) {
  unsigned memory[GEN_SLOTS], n = 0;
  for (unsigned i = 0; i < g->n_slots; i++) {
    if (g->slot_types[i] == KILN_TYPE_VOID) memory[n++] = i;
  }
  unsigned k = gen_pick(g, 3 + 2 * n);
  if (which != NULL) *which = k < 3 ? k : 3 + (k - 3) % n;
  if (k >= 3) return g->slots[memory[(k - 3) % n]];
  return gen_symbol(g, k == 0 ? g->a : k == 1 ? g->b : g->data, 0);
}

/* The k-th last value of a type in a block; NULL if there are none. */
static const struct gen_value *of_type(const struct gen_block *b, unsigned type, unsigned k) {
  const struct gen_value *found = NULL;
  for (unsigned i = b->n_values; i-- > 0;) {
    if (b->values[i].type != type) continue;
    found = &b->values[i];
    if (k-- == 0) break;
  }
  return found;
}

void gen_add(struct gen *g, unsigned type, kiln_value v, bool aligned) {
  struct gen_block *b = &g->blocks[g->cur];
  struct gen_value value = {v, (uint8_t)type, aligned};
  if (v.id == 0) return;
  if (b->n_values < GEN_VALUES) b->values[b->n_values++] = value;
  else b->values[8 + v.id % (GEN_VALUES - 8)] = value;
}

/* A forward value, which block `block` will define. */
static kiln_value promise(struct gen *g, unsigned block, unsigned type) {
  if (g->n_promises == GEN_LATE) return (kiln_value){0};
  kiln_value v = kiln_forward_new(g->f, gen_ir_type(type));
  g->promises[g->n_promises++] = (struct gen_promise){v, (uint8_t)block, (uint8_t)type};
  return v;
}

static kiln_value operand(struct gen *g, unsigned type, bool *aligned) {
  *aligned = false;
  uint32_t k = gen_byte(g);
  bool pointer = type == GEN_PTR;
  if (k >= 40) {
    unsigned b = g->cur, steps = k < 150 ? 0 : k < 190 ? 1 : (k & 7);
    while (steps-- > 0 && b != g->blocks[b].idom) b = g->blocks[b].idom;
    if (b != g->cur && !g->blocks[b].done && !pointer && k % 7 == 0) {
      kiln_value v = promise(g, b, type);
      if (v.id != 0) return v;
    }
    for (;;) {
      const struct gen_value *v = of_type(&g->blocks[b], type, gen_pick(g, k & 1 ? 3 : 16));
      if (v != NULL) {
        *aligned = v->aligned;
        return v->v;
      }
      if (b == g->blocks[b].idom) break;
      b = g->blocks[b].idom;
    }
  }
  if (!pointer) return gen_const(g, type);
  *aligned = true;
  if (gen_chance(g, 128)) return gen_object(g, NULL);
  if (gen_chance(g, 30)) return gen_symbol(g, g->part, 0);
  uint32_t offset = gen_pick(g, GEN_OBJECT - GEN_BYTES);
  *aligned = offset % 16 == 0;
  return gen_symbol(g, gen_chance(g, 128) ? g->b : g->a, offset);
}

kiln_value gen_operand(struct gen *g, unsigned type) {
  bool aligned;
  return operand(g, type, &aligned);
}

kiln_value gen_quiet(struct gen *g, kiln_type type, kiln_value v) {
  kiln_value nan =
    type == KILN_TYPE_F80   ? kiln_const_bits(g->f, type, UINT64_C(0xc000000000000000), 0x7fff)
    : type == KILN_TYPE_F32 ? kiln_const_bits(g->f, type, 0x7fc00000, 0)
                            : kiln_const_bits(g->f, type, UINT64_C(0x7ff8000000000000), 0);
  kiln_value ordered = kiln_build_fcmp(g->f, KILN_FCOND_ORD, type, v, v);
  return kiln_build_select(g->f, type, ordered, v, nan);
}

static kiln_value quiet_operand(struct gen *g, unsigned type) {
  kiln_value v = gen_operand(g, type);
  return is_float(type) ? gen_quiet(g, (kiln_type)type, v) : v;
}

kiln_value gen_condition(struct gen *g) {
  uint32_t k = gen_byte(g);
  kiln_type t = gen_type(g);
  if (k < 60) return gen_operand(g, KILN_TYPE_I8);
  if (is_float(t)) {
    gen_used(g, KILN_OP_FCMP);
    kiln_fcond cond = (kiln_fcond)gen_pick(g, KILN_FCOND_COUNT);
    kiln_value a = gen_operand(g, t), b = gen_operand(g, t);
    return kiln_build_fcmp(g->f, cond, t, a, b);
  }
  gen_used(g, KILN_OP_ICMP);
  kiln_icond cond = (kiln_icond)gen_pick(g, KILN_ICOND_COUNT);
  kiln_value a = gen_operand(g, t), b = gen_operand(g, t);
  if (k < 80) {
    a = kiln_build_binary(g->f, KILN_OP_AND, t, a, gen_const(g, t));
    b = kiln_const_int(g->f, 0);
  }
  kiln_value c = kiln_build_icmp(g->f, cond, t, a, b);
  gen_add(g, KILN_TYPE_I8, c, false);
  return c;
}

/* ---- arithmetic ---- */

static bool is_shift(kiln_op op) {
  return op == KILN_OP_SHL || op == KILN_OP_LSHR || op == KILN_OP_ASHR;
}
static bool is_division(kiln_op op) {
  return op == KILN_OP_UDIV || op == KILN_OP_SDIV || op == KILN_OP_UREM || op == KILN_OP_SREM;
}

/* A divisor that is neither 0 nor -1. */
static kiln_value divisor(struct gen *g, kiln_type t) {
  static const int16_t few[] = {1, 2, 3, 7, 10, 16, 64, 100, -2, -3, -16, 5, 127};
  if (gen_chance(g, 128)) {
    return kiln_const_int(g->f, few[gen_pick(g, sizeof few / sizeof *few)]);
  }
  kiln_value v = gen_operand(g, t);
  v = kiln_build_binary(g->f, KILN_OP_AND, t, v,
                        kiln_const_int(g->f, gen_chance(g, 128) ? 0x7f : 0x3e));
  return kiln_build_binary(g->f, KILN_OP_OR, t, v, kiln_const_int(g->f, 1));
}

static void binary(struct gen *g, kiln_op op, unsigned types) {
  kiln_type t = types == TY_FLT ? float_type(g) : gen_int_type(g);
  if (types == TY_INT64 && t == KILN_TYPE_I128) t = KILN_TYPE_I64;
  kiln_value a = gen_operand(g, t), b = (kiln_value){0}, v;
  if (is_shift(op)) {
    if (gen_chance(g, 128)) b = kiln_const_int(g->f, gen_pick(g, widths[t]));
    else
      b = kiln_build_binary(g->f, KILN_OP_AND, t, gen_operand(g, t),
                            kiln_const_int(g->f, widths[t] - 1));
  } else if (is_division(op)) {
    b = divisor(g, t);
  } else {
    b = gen_chance(g, 24) ? a : gen_operand(g, t);
  }
  if (op == KILN_OP_FMIN ||
      op == KILN_OP_FMAX) { /* signalling NaNs and the signs of zeros are left to C */
    a = gen_quiet(g, t, a);
    b = gen_quiet(g, t, b);
  }
  if (op == KILN_OP_FCOPYSIGN) b = gen_quiet(g, t, b);
  v = kiln_build_binary(g->f, op, t, a, b);
  if (op == KILN_OP_FMIN || op == KILN_OP_FMAX) {
    kiln_value zero = kiln_const_bits(g->f, t, 0, 0);
    v = kiln_build_select(g->f, t, kiln_build_fcmp(g->f, KILN_FCOND_OEQ, t, v, zero), zero, v);
  }
  gen_add(g, t, v, false);
  if (ops[op].flag && gen_chance(g, 200)) {
    gen_used(g, KILN_OP_RESULT);
    gen_add(g, KILN_TYPE_I8, kiln_build_result(g->f, v, 1), false);
  }
}

static void unary(struct gen *g, kiln_op op, unsigned types) {
  if (op == KILN_OP_TLS_ADDR) {
    gen_add(g, GEN_PTR, kiln_build_unary(g->f, op, KILN_TYPE_I64, gen_symbol(g, g->tls, 0)), true);
    return;
  }
  kiln_type t = types == TY_FLT ? float_type(g) : types == TY_ANY ? gen_type(g) : gen_int_type(g);
  gen_add(g, t, kiln_build_unary(g->f, op, t, gen_operand(g, t)), false);
}

static kiln_value float_const(struct gen *g, kiln_type t, double v) {
  if (t == KILN_TYPE_F32) return kiln_const_f32(g->f, (float)v);
  kiln_value d = kiln_const_f64(g->f, v);
  return t == KILN_TYPE_F64 ? d : kiln_build_convert(g->f, KILN_OP_FPROMOTE, t, KILN_TYPE_F64, d);
}

/* Float to integer, in range where the rest is any bits. */
static void to_integer(struct gen *g, kiln_op op) {
  static const double limits[] = {[KILN_TYPE_I8] = 127.0,
                                  [KILN_TYPE_I16] = 32767.0,
                                  [KILN_TYPE_I32] = 2147483520.0,
                                  [KILN_TYPE_I64] = 9.2233714871e18,
                                  [KILN_TYPE_I128] = 1.7e38};
  kiln_type t = gen_int_type(g), from = float_type(g);
  kiln_value v = gen_operand(g, from);
  if (op == KILN_OP_FTOSI || op == KILN_OP_FTOUI) {
    double high = limits[t], low = op == KILN_OP_FTOSI ? -high : -0.5;
    kiln_value h = float_const(g, from, high), l = float_const(g, from, low);
    kiln_value other = float_const(g, from, 5.75);
    kiln_value below = kiln_build_fcmp(g->f, KILN_FCOND_OLT, from, v, h);
    v = kiln_build_select(g->f, from, below, v, other);
    kiln_value above = kiln_build_fcmp(g->f, KILN_FCOND_OGT, from, v, l);
    v = kiln_build_select(g->f, from, above, v, other);
  } else if (t == KILN_TYPE_I128) {
    t = KILN_TYPE_I32; /* not lowered */
  }
  gen_add(g, t, kiln_build_convert(g->f, op, t, from, v), false);
}

static void convert(struct gen *g, kiln_op op, unsigned shape) {
  kiln_type t = gen_int_type(g), from = gen_int_type(g), f = float_type(g);
  switch (shape) {
  case SH_CONV_II:
    if (t == from) from = t == KILN_TYPE_I8 ? KILN_TYPE_I64 : KILN_TYPE_I8;
    if ((op == KILN_OP_TRUNC) == (t > from)) {
      kiln_type swap = t;
      t = from;
      from = swap;
    }
    break;
  case SH_CONV_FF:
    t = op == KILN_OP_FDEMOTE ? KILN_TYPE_F32 : KILN_TYPE_F64;
    from = op == KILN_OP_FDEMOTE ? KILN_TYPE_F64 : KILN_TYPE_F32;
    if (f == KILN_TYPE_F80 && op == KILN_OP_FPROMOTE) {
      t = f;
      if (gen_chance(g, 128)) from = KILN_TYPE_F64;
    } else if (f == KILN_TYPE_F80) {
      from = f;
      if (gen_chance(g, 128)) t = KILN_TYPE_F64;
    }
    break;
  case SH_CONV_FI: to_integer(g, op); return;
  case SH_CONV_IF: t = f; break;
  default:
    if (f == KILN_TYPE_F80) f = KILN_TYPE_F64;
    from = f;
    t = f == KILN_TYPE_F32 ? KILN_TYPE_I32 : KILN_TYPE_I64;
    if (gen_chance(g, 128)) from = t, t = f;
    break;
  }
  kiln_value v = shape == SH_CONV_BITS ? quiet_operand(g, from) : gen_operand(g, from);
  gen_add(g, t, kiln_build_convert(g->f, op, t, from, v), false);
}

/* ---- memory ---- */

/* An address and displacement of `size` bytes, aligned to them if `align`. */
static kiln_value address(struct gen *g, unsigned size, bool align, int32_t *disp, bool *aligned) {
  kiln_value p = operand(g, GEN_PTR, aligned), zero = kiln_const_int(g->f, 0);
  if (align && !*aligned) {
    p = gen_object(g, NULL);
    *aligned = true;
  }
  uint32_t k = gen_byte(g), room = GEN_BYTES - size;
  *disp = (int32_t)(align ? gen_pick(g, room / size + 1) * size : gen_pick(g, room + 1));
  if (*disp % (int32_t)size != 0) *aligned = false;
  if (k < 150) return p;
  if (k < 200 && !align) { /* index: scaled, below 2^n */
    unsigned scale = 1u << (k & 3), bits = k & 4 ? 3 : 2;
    if (scale == 4 && k & 8) scale = 3;
    kiln_value i = gen_operand(g, KILN_TYPE_I64);
    i =
      kiln_build_binary(g->f, KILN_OP_AND, KILN_TYPE_I64, i, kiln_const_int(g->f, (1 << bits) - 1));
    uint32_t most = ((1u << bits) - 1) * scale;
    if (most + size > GEN_BYTES) return p;
    gen_used(g, KILN_OP_ADDR);
    *disp = (int32_t)gen_pick(g, GEN_BYTES - most - size + 1);
    *aligned = false;
    int32_t part = k & 16 ? *disp : 0;
    *disp -= part;
    return kiln_build_addr(g->f, p, i, scale, part);
  }
  if (k < 230) { /* added and subtracted again */
    static const int32_t far[] = {128, 4096, 65536, 1 << 24, INT32_MAX - 200, -129, -4097};
    int32_t d = far[gen_pick(g, sizeof far / sizeof *far)];
    gen_used(g, KILN_OP_ADDR);
    p = kiln_build_addr(g->f, p, (kiln_value){0}, 0, d);
    if (k & 1) {
      *disp -= d;
      return p;
    }
    return kiln_build_addr(g->f, p, (kiln_value){0}, 0, -d);
  }
  if (k < 245) return kiln_build_binary(g->f, KILN_OP_ADD, KILN_TYPE_I64, p, zero);
  return p;
}

static unsigned mem_flags(struct gen *g, unsigned size, bool aligned) {
  uint32_t k = gen_byte(g);
  unsigned flags = k >= 224 ? KILN_MEM_VOLATILE : k >= 216 ? KILN_MEM_NONTEMPORAL : 0;
  if (aligned && k & 1) flags |= KILN_MEM_ALIGN(__builtin_ctz(size));
  return flags;
}

static void load(struct gen *g) {
  kiln_type t = gen_type(g), mem = t;
  if (t == KILN_TYPE_F80) t = mem = KILN_TYPE_I64; /* of any bytes: not all are a value */
  if (widths[t] > 8 && t != KILN_TYPE_I128 && gen_chance(g, 90))
    mem = KILN_TYPE_I8 + gen_pick(g, t - KILN_TYPE_I8);
  int32_t disp;
  bool aligned;
  unsigned size = kiln_type_size(mem);
  kiln_value p;
  if (gen_chance(g, 30)) { /* read-only data */
    uint32_t at = gen_pick(g, GEN_OBJECT - size + 1), addend = gen_pick(g, at + 1);
    p = gen_symbol(g, g->constant, addend);
    disp = (int32_t)(at - addend);
    aligned = false;
  } else {
    p = address(g, size, false, &disp, &aligned);
  }
  unsigned flags = mem_flags(g, size, aligned);
  kiln_value v;
  if (mem == t) v = kiln_build_load(g->f, t, p, disp, flags);
  else
    v =
      kiln_build_load_ext(g->f, t, mem, p, disp, flags | (gen_chance(g, 128) ? KILN_MEM_SEXT : 0));
  gen_add(g, t, v, false);
}

static void store(struct gen *g) {
  kiln_type t = gen_type(g);
  int32_t disp;
  bool aligned;
  unsigned size = kiln_type_size(t);
  kiln_value v = quiet_operand(g, t), p = address(g, size, false, &disp, &aligned);
  unsigned flags = mem_flags(g, size, aligned);
  kiln_build_store(g->f, t, p, disp, v, flags);
  if (t == KILN_TYPE_F80 && gen_chance(g, 170)) {
    gen_add(g, t, kiln_build_load(g->f, t, p, disp, flags), false);
  }
}

/* Memory = memory op value, at one address. */
static void update(struct gen *g) {
  kiln_type t = gen_int_type(g);
  static const uint8_t some[] = {KILN_OP_ADD, KILN_OP_SUB, KILN_OP_AND, KILN_OP_OR, KILN_OP_XOR};
  int32_t disp;
  bool aligned;
  kiln_value p = address(g, kiln_type_size(t), false, &disp, &aligned);
  kiln_value v = kiln_build_load(g->f, t, p, disp, 0);
  v = kiln_build_binary(g->f, (kiln_op)some[gen_pick(g, sizeof some)], t, v, gen_operand(g, t));
  kiln_build_store(g->f, t, p, disp, v, 0);
  if (gen_chance(g, 60)) gen_add(g, t, v, false);
}

static void variable(struct gen *g) {
  if (g->n_slots == 0) return;
  unsigned i = gen_pick(g, g->n_slots);
  unsigned t = g->slot_types[i];
  if (t == KILN_TYPE_VOID) return;
  kiln_type type = gen_ir_type(t);
  if (gen_chance(g, 128)) {
    kiln_build_store(g->f, type, g->slots[i], 0, gen_operand(g, t), 0);
  } else {
    gen_add(g, t, kiln_build_load(g->f, type, g->slots[i], 0, 0), false);
  }
}

static void lifetime(struct gen *g, kiln_op op) {
  if (g->n_slots == 0) return;
  unsigned i = gen_pick(g, g->n_slots), t = g->slot_types[i];
  if (op == KILN_OP_LIFE_END) {
    kiln_build_unary(g->f, op, KILN_TYPE_I64, g->slots[i]);
    gen_used(g, KILN_OP_LIFE_START);
  }
  kiln_build_unary(g->f, KILN_OP_LIFE_START, KILN_TYPE_I64, g->slots[i]);
  if (t != KILN_TYPE_VOID) {
    kiln_build_store(g->f, gen_ir_type(t), g->slots[i], 0, gen_operand(g, t), 0);
  } else {
    kiln_build_ternary(g->f, KILN_OP_MEMSET, KILN_TYPE_I64, g->slots[i],
                       gen_operand(g, KILN_TYPE_I8), kiln_const_int(g->f, GEN_OBJECT));
  }
}

static void addr(struct gen *g) {
  if (gen_chance(g, 128)) { /* a number */
    static const uint16_t scales[] = {1, 2, 4, 8, 3, 5, 7, 16, 100, 65535};
    static const int32_t disps[] = {0, 1, -8, 100, 4096, -70000, INT32_MAX, INT32_MIN};
    bool index = gen_chance(g, 170);
    kiln_value base = gen_operand(g, KILN_TYPE_I64), none = {0};
    kiln_value i = index ? gen_operand(g, KILN_TYPE_I64) : none;
    unsigned scale = index ? scales[gen_pick(g, sizeof scales / sizeof *scales)] : 0;
    int32_t disp = disps[gen_pick(g, sizeof disps / sizeof *disps)];
    gen_add(g, KILN_TYPE_I64, kiln_build_addr(g->f, base, i, scale, disp), false);
    return;
  }
  kiln_value i = gen_operand(g, KILN_TYPE_I64);
  if (gen_chance(g, 60)) { /* from a table */
    i = kiln_build_binary(g->f, KILN_OP_AND, KILN_TYPE_I64, i, kiln_const_int(g->f, 3));
    i = kiln_build_addr(g->f, gen_symbol(g, g->pointers, 0), i, 8, 0);
    gen_add(g, GEN_PTR, kiln_build_load(g->f, KILN_TYPE_I64, i, 0, 0), false);
    return;
  }
  /* Into an object. */
  kiln_value p = gen_object(g, NULL);
  i = kiln_build_binary(g->f, KILN_OP_AND, KILN_TYPE_I64, i, kiln_const_int(g->f, 7));
  unsigned scale = 1 + gen_pick(g, 8);
  int32_t disp = (int32_t)gen_pick(g, GEN_OBJECT - GEN_BYTES - 7 * scale + 1);
  gen_add(g, GEN_PTR, kiln_build_addr(g->f, p, i, scale, disp), false);
}

static void salloc(struct gen *g, bool restored) {
  kiln_value saved = {0}, size = kiln_const_int(g->f, GEN_OBJECT);
  gen_used(g, KILN_OP_SALLOC);
  if (restored) {
    gen_used(g, KILN_OP_STACK_SAVE);
    gen_used(g, KILN_OP_STACK_RESTORE);
    saved = kiln_build_nullary(g->f, KILN_OP_STACK_SAVE);
  }
  if (gen_chance(g, 128)) {
    size = kiln_build_binary(g->f, KILN_OP_AND, KILN_TYPE_I64, gen_operand(g, KILN_TYPE_I64),
                             kiln_const_int(g->f, 0x7f));
    size = kiln_build_addr(g->f, size, (kiln_value){0}, 0, GEN_OBJECT);
  }
  unsigned align = gen_pick(g, 7);
  kiln_value p = kiln_build_salloc(g->f, size, align);
  kiln_build_ternary(g->f, KILN_OP_MEMSET, KILN_TYPE_I64, p, gen_operand(g, KILN_TYPE_I8),
                     kiln_const_int(g->f, GEN_OBJECT));
  if (!restored) {
    gen_add(g, GEN_PTR, p, true);
    return;
  }
  kiln_type t = gen_type(g);
  kiln_build_store(g->f, t, p, 8, quiet_operand(g, t), 0);
  gen_add(g, KILN_TYPE_I64, kiln_build_load(g->f, KILN_TYPE_I64, p, 4, 0), false);
  kiln_build_unary(g->f, KILN_OP_STACK_RESTORE, KILN_TYPE_I64, saved);
}

/* A length in bytes: a constant, or a small variable number. */
static kiln_value length(struct gen *g, unsigned most) {
  if (gen_chance(g, 150)) return kiln_const_int(g->f, gen_pick(g, most + 1));
  unsigned low = 1;
  while (low * 2 - 1 <= most) low *= 2;
  return kiln_build_binary(g->f, KILN_OP_AND, KILN_TYPE_I64, gen_operand(g, KILN_TYPE_I64),
                           kiln_const_int(g->f, low - 1));
}

static uint32_t volatility(struct gen *g) { return gen_chance(g, 30) ? KILN_MEM_VOLATILE : 0; }

static void move_memory(struct gen *g, kiln_op op) {
  if (op == KILN_OP_MEMSET) {
    kiln_value p = gen_operand(g, GEN_PTR), v = gen_operand(g, KILN_TYPE_I8);
    kiln_build_memory(g->f, op, p, v, length(g, GEN_BYTES), volatility(g));
    return;
  }
  kiln_value to = gen_operand(g, GEN_PTR), from = gen_operand(g, GEN_PTR);
  unsigned most = GEN_BYTES;
  if (op == KILN_OP_MEMCPY) {
    unsigned a, b;
    to = gen_object(g, &a);
    from = gen_object(g, &b);
    most = GEN_OBJECT;
    if (a == b) to = gen_symbol(g, a == 0 ? g->b : g->a, 0);
    if (a == b && gen_chance(g, 60)) from = to; /* equal */
  }
  kiln_build_memory(g->f, op, to, from, length(g, most), volatility(g));
}

static void atomic(struct gen *g, unsigned shape) {
  static const uint8_t loads[] = {KILN_ORDERING_RELAXED, KILN_ORDERING_ACQUIRE,
                                  KILN_ORDERING_SEQ_CST};
  static const uint8_t stores[] = {KILN_ORDERING_RELAXED, KILN_ORDERING_RELEASE,
                                   KILN_ORDERING_SEQ_CST};
  kiln_type t = gen_int_type(g);
  if (t == KILN_TYPE_I128) t = KILN_TYPE_I64; /* not lowered */
  kiln_ordering any = (kiln_ordering)gen_pick(g, KILN_ORDERING_COUNT);
  kiln_ordering lo = (kiln_ordering)loads[gen_pick(g, 3)],
                st = (kiln_ordering)stores[gen_pick(g, 3)];
  int32_t disp;
  bool aligned;
  kiln_value p = address(g, kiln_type_size(t), true, &disp, &aligned), none = {0}, v;
  if (disp != 0) p = kiln_build_addr(g->f, p, none, 0, disp);
  switch (shape) {
  case SH_ATOMIC_LOAD: gen_add(g, t, kiln_build_atomic_load(g->f, t, p, lo), false); break;
  case SH_ATOMIC_STORE: kiln_build_atomic_store(g->f, t, p, gen_operand(g, t), st); break;
  case SH_ATOMIC_RMW:
    v = gen_operand(g, t);
    v = kiln_build_atomic_rmw(g->f, (kiln_rmw)gen_pick(g, KILN_RMW_COUNT), t, p, v, any);
    if (gen_chance(g, 170)) gen_add(g, t, v, false);
    break;
  default: {
    kiln_value e = gen_operand(g, t), d = gen_operand(g, t);
    if (gen_chance(g, 128)) e = kiln_build_atomic_load(g->f, t, p, KILN_ORDERING_RELAXED);
    v = kiln_build_atomic_cas(g->f, t, p, e, d, any, lo);
    gen_add(g, t, v, false);
    if (gen_chance(g, 170)) gen_add(g, KILN_TYPE_I8, kiln_build_result(g->f, v, 1), false);
  }
  }
}

static void select_one(struct gen *g) {
  unsigned t = gen_chance(g, 24) ? GEN_PTR : (unsigned)gen_type(g);
  kiln_value c = gen_condition(g), a = gen_operand(g, t), b = gen_operand(g, t);
  gen_add(g, t, kiln_build_select(g->f, gen_ir_type(t), c, a, b), false);
}

/* The mode stays in force; the host restores its own when the program has ended. */
static void set_rounding(struct gen *g) {
  kiln_value mode = kiln_const_int(g->f, gen_pick(g, 4));
  if (gen_chance(g, 100))
    mode = kiln_build_binary(g->f, KILN_OP_AND, KILN_TYPE_I32, gen_operand(g, KILN_TYPE_I32),
                             kiln_const_int(g->f, 3));
  kiln_build_unary(g->f, KILN_OP_SET_ROUNDING, KILN_TYPE_I32, mode);
}

static void ternary(struct gen *g, kiln_op op) {
  kiln_type t = ops[op].types == TY_FLT ? float_type(g) : gen_int_type(g);
  kiln_value a = gen_operand(g, t), b = gen_operand(g, t), c = gen_operand(g, t);
  gen_add(g, t, kiln_build_ternary(g->f, op, t, a, b, c), false);
}

static void compare(struct gen *g, enum shape shape) {
  kiln_type t = shape == SH_ICMP ? gen_int_type(g) : float_type(g);
  kiln_value a = gen_operand(g, t), b = gen_operand(g, t);
  kiln_value c = shape == SH_ICMP
                   ? kiln_build_icmp(g->f, (kiln_icond)gen_pick(g, KILN_ICOND_COUNT), t, a, b)
                   : kiln_build_fcmp(g->f, (kiln_fcond)gen_pick(g, KILN_FCOND_COUNT), t, a, b);
  gen_add(g, KILN_TYPE_I8, c, false);
}

static void make(struct gen *g, kiln_op op) {
  gen_used(g, op);
  enum shape shape = (enum shape)ops[op].shape;
  if (ops[op].types == TY_VEC) shape = SH_VBIN;
  switch (shape) {
  case SH_UN: unary(g, op, ops[op].types); break;
  case SH_BIN: binary(g, op, ops[op].types); break;
  case SH_TERN: ternary(g, op); break;
  case SH_ICMP:
  case SH_FCMP: compare(g, shape); break;
  case SH_VUN:
  case SH_VBIN:
  case SH_VICMP:
  case SH_VFCMP:
  case SH_VSHIFT:
  case SH_VSPLAT:
  case SH_VEXTRACT:
  case SH_VINSERT: gen_vector(g, op); break;
  case SH_SELECT: select_one(g); break;
  case SH_CONV_II:
  case SH_CONV_FF:
  case SH_CONV_FI:
  case SH_CONV_IF:
  case SH_CONV_BITS: convert(g, op, shape); break;
  case SH_LOAD: load(g); break;
  case SH_STORE: store(g); break;
  case SH_ADDR: addr(g); break;
  case SH_SALLOC: salloc(g, false); break;
  case SH_NULLARY:
    if (op == KILN_OP_STACK_SAVE) salloc(g, true);
    else gen_add(g, KILN_TYPE_I32, kiln_build_nullary(g->f, op), false); /* GET_ROUNDING */
    break;
  case SH_UNV:
    if (op == KILN_OP_SET_ROUNDING) set_rounding(g);
    else if (op == KILN_OP_PREFETCH)
      kiln_build_unary(g->f, op, KILN_TYPE_I64, gen_operand(g, GEN_PTR));
    else if (op == KILN_OP_STACK_RESTORE) salloc(g, true);
    break;
  case SH_SLOTV: lifetime(g, op); break;
  case SH_MEM3:
  case SH_MEMSET: move_memory(g, op); break;
  case SH_ATOMIC_LOAD:
  case SH_ATOMIC_STORE:
  case SH_ATOMIC_RMW:
  case SH_ATOMIC_CAS: atomic(g, shape); break;
  case SH_FENCE:
    kiln_build_fence(g->f, (kiln_ordering)(1 + gen_pick(g, KILN_ORDERING_COUNT - 1)));
    break;
  case SH_CALL: gen_call(g); break;
  case SH_LEVEL: gen_level(g, op); break;
  case SH_NULLARYV: /* variadics, results, terminators: made elsewhere */
  case SH_BINV:
  case SH_VA_ARG:
  case SH_RESULT:
  case SH_BR:
  case SH_BRIF:
  case SH_SWITCH:
  case SH_BRIND:
  case SH_RET:
  case SH_INTERNAL: /* not made at all */
  case SH_ASM:
  case SH_MACHINE: /* the interpreter has them not */
  case SH_MACHINEV:
  case SH_TAILCALL:
  case SH_TRY:
  case SH_COUNT: break;
  }
}

void gen_instruction(struct gen *g) {
  uint32_t k = gen_byte(g);
  g->n_insts++;
  if (k < 100) {
    uint32_t op = gen_byte(g) % KILN_OP_COUNT;
    uint8_t shape = ops[op].shape;
    if (gen_makes((kiln_op)op) && shape != SH_RESULT && shape < SH_BR && shape != SH_BINV &&
        shape != SH_VA_ARG && shape != SH_NULLARYV && op != KILN_OP_VA_START &&
        op != KILN_OP_VA_END) {
      make(g, (kiln_op)op);
    }
    return;
  }
  if (k < 150) {
    static const uint8_t usual[] = {KILN_OP_ADD,   KILN_OP_SUB,  KILN_OP_MUL,    KILN_OP_AND,
                                    KILN_OP_XOR,   KILN_OP_ICMP, KILN_OP_SELECT, KILN_OP_ZEXT,
                                    KILN_OP_TRUNC, KILN_OP_SHL,  KILN_OP_FADD,   KILN_OP_FMUL,
                                    KILN_OP_SEXT,  KILN_OP_SDIV, KILN_OP_COPY};
    make(g, (kiln_op)usual[gen_pick(g, sizeof usual)]);
    return;
  }
  if (k < 185) variable(g);
  else if (k < 205) make(g, KILN_OP_LOAD);
  else if (k < 222) make(g, KILN_OP_STORE);
  else if (k < 232) update(g);
  else make(g, KILN_OP_CALL);
}
