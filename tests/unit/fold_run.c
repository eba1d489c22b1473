/* <kiln/fold.h> against the interpreter: every operation on constants, every operation with one constant, and
 * random expressions, each built by the folding calls and by the builder's. What is given instead of an operation
 * has its value for special and random operands, wherever the operation itself does not trap and is defined.
 * `unit_fold_run FIRST COUNT` runs other random expressions; a failure names its seed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <kiln/interp.h>
#include <kiln/kiln.h>

#define I8 KILN_TYPE_I8
#define I32 KILN_TYPE_I32
#define I64 KILN_TYPE_I64
#define I128 KILN_TYPE_I128
#define F32 KILN_TYPE_F32
#define F64 KILN_TYPE_F64

static bool is_int(kiln_type t) { return t >= KILN_TYPE_I8 && t <= KILN_TYPE_I128; }

/* ---- operations ---- */

/* A kind of call with all that it takes but its operands. */
enum form { UNARY, BINARY, TERNARY, CONVERT, ICMP, FCMP, SELECT, FORMS };

struct operation {
  enum form form;
  kiln_op op;
  kiln_type type, from;
  unsigned cond;
};

static unsigned n_operands(const struct operation *o) {
  static const uint8_t n[FORMS] = {1, 2, 3, 1, 2, 2, 3};
  return n[o->form];
}
static kiln_type operand_type(const struct operation *o, unsigned i) {
  return o->form == CONVERT ? o->from : o->form == SELECT && i == 0 ? KILN_TYPE_I8 : o->type;
}
static kiln_type result_type(const struct operation *o) {
  return o->form == ICMP || o->form == FCMP ? KILN_TYPE_I8 : o->type;
}

static kiln_value build(kiln_func *f, bool fold, const struct operation *o, const kiln_value *v) {
  switch (o->form) {
  case UNARY: return (fold ? kiln_fold_unary : kiln_build_unary)(f, o->op, o->type, v[0]);
  case BINARY: return (fold ? kiln_fold_binary : kiln_build_binary)(f, o->op, o->type, v[0], v[1]);
  case TERNARY:
    return (fold ? kiln_fold_ternary : kiln_build_ternary)(f, o->op, o->type, v[0], v[1], v[2]);
  case CONVERT:
    return (fold ? kiln_fold_convert : kiln_build_convert)(f, o->op, o->type, o->from, v[0]);
  case ICMP:
    return (fold ? kiln_fold_icmp : kiln_build_icmp)(f, (kiln_icond)o->cond, o->type, v[0], v[1]);
  case FCMP:
    return (fold ? kiln_fold_fcmp : kiln_build_fcmp)(f, (kiln_fcond)o->cond, o->type, v[0], v[1]);
  default: return (fold ? kiln_fold_select : kiln_build_select)(f, o->type, v[0], v[1], v[2]);
  }
}

enum { MAX_OPERATIONS = 1024 };

/* All operations on integers and floats that have no second result and do not depend on rounding. */
static unsigned list_operations(struct operation *out) {
  static const uint8_t unary[] = {KILN_OP_NEG, KILN_OP_NOT,    KILN_OP_ABS,    KILN_OP_CLZ,
                                  KILN_OP_CTZ, KILN_OP_POPCNT, KILN_OP_BITREV, KILN_OP_BSWAP};
  static const uint8_t binary[] = {
    KILN_OP_ADD,  KILN_OP_SUB,   KILN_OP_MUL,   KILN_OP_UMULH, KILN_OP_SMULH,
    KILN_OP_UDIV, KILN_OP_SDIV,  KILN_OP_UREM,  KILN_OP_SREM,  KILN_OP_AND,
    KILN_OP_OR,   KILN_OP_XOR,   KILN_OP_SHL,   KILN_OP_LSHR,  KILN_OP_ASHR,
    KILN_OP_ROTL, KILN_OP_ROTR,  KILN_OP_SMIN,  KILN_OP_SMAX,  KILN_OP_UMIN,
    KILN_OP_UMAX, KILN_OP_SADDS, KILN_OP_UADDS, KILN_OP_SSUBS, KILN_OP_USUBS};
  unsigned n = 0;
#define PUT(...)                                                                                   \
  out[n++] = (struct operation) { __VA_ARGS__ }
  for (kiln_type t = I8; t <= I128; t++) {
    for (unsigned i = 0; i < sizeof unary; i++) PUT(UNARY, (kiln_op)unary[i], t, 0, 0);
    for (unsigned i = 0; i < sizeof binary; i++) {
      bool narrow = binary[i] == KILN_OP_UMULH || binary[i] == KILN_OP_SMULH ||
                    (binary[i] >= KILN_OP_SADDS && binary[i] <= KILN_OP_USUBS);
      if (!(narrow && t == I128)) PUT(BINARY, (kiln_op)binary[i], t, 0, 0);
    }
    PUT(TERNARY, KILN_OP_FSHL, t, 0, 0);
    PUT(TERNARY, KILN_OP_FSHR, t, 0, 0);
    PUT(SELECT, KILN_OP_SELECT, t, 0, 0);
    for (unsigned c = 0; c < KILN_ICOND_COUNT; c++) PUT(ICMP, KILN_OP_ICMP, t, 0, c);
    for (kiln_type from = I8; from < t; from++) {
      PUT(CONVERT, KILN_OP_ZEXT, t, from, 0);
      PUT(CONVERT, KILN_OP_SEXT, t, from, 0);
      PUT(CONVERT, KILN_OP_TRUNC, from, t, 0);
    }
  }
  for (kiln_type t = F32; t <= F64; t++) {
    PUT(UNARY, KILN_OP_FNEG, t, 0, 0);
    PUT(UNARY, KILN_OP_FABS, t, 0, 0);
    PUT(BINARY, KILN_OP_FCOPYSIGN, t, 0, 0);
    PUT(SELECT, KILN_OP_SELECT, t, 0, 0);
    for (unsigned c = 0; c < KILN_FCOND_COUNT; c++) PUT(FCMP, KILN_OP_FCMP, t, 0, c);
    for (kiln_type i = I8; i <= I64; i++) {
      PUT(CONVERT, KILN_OP_SITOF, t, i, 0);
      PUT(CONVERT, KILN_OP_UITOF, t, i, 0);
      PUT(CONVERT, KILN_OP_FTOSI, i, t, 0);
      PUT(CONVERT, KILN_OP_FTOUI, i, t, 0);
      PUT(CONVERT, KILN_OP_FTOSIS, i, t, 0);
      PUT(CONVERT, KILN_OP_FTOUIS, i, t, 0);
    }
    PUT(CONVERT, KILN_OP_BITCAST, t, t == F32 ? I32 : I64, 0);
    PUT(CONVERT, KILN_OP_BITCAST, t == F32 ? I32 : I64, t, 0);
  }
  PUT(CONVERT, KILN_OP_FPROMOTE, F64, F32, 0);
  PUT(CONVERT, KILN_OP_FDEMOTE, F32, F64, 0);
#undef PUT
  assert_true(n <= MAX_OPERATIONS);
  return n;
}

/* ---- values ---- */

enum { MAX_SPECIALS = 40 };

static kiln_bits cut(kiln_type t, kiln_bits v) {
  unsigned bytes = kiln_type_size(t);
  if (bytes < 16) v.high = 0;
  if (bytes < 8) v.low &= (UINT64_C(1) << 8 * bytes) - 1;
  return v;
}

/* Values of a type that are somehow at an end. */
static unsigned specials(kiln_type t, kiln_bits *out) {
  static const uint64_t ints[] = {0,    1,      2,       3,          7,          8,
                                  15,   16,     31,      33,         63,         64,
                                  0x7f, 0x80,   0xff,    0x7fff,     0x8000,     0xffff,
                                  5,    0xaaaa, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff};
  static const double floats[] = {0.0, 1.0,  0.5,    1.5,   2.0,        127.0,        128.0,
                                  255, 256,  32768,  65535, 16777217.0, 2147483648.0, 4294967295.0,
                                  1e9, 1e10, 9.3e18, 1e19,  1e300,      5e-324,       0.1};
  unsigned n = 0;
  if (is_int(t)) {
    for (unsigned i = 0; i < sizeof ints / sizeof *ints; i++) out[n++] = (kiln_bits){ints[i], 0};
    static const kiln_bits wide[] = {{UINT64_MAX, UINT64_MAX},
                                     {UINT64_MAX - 1, UINT64_MAX},
                                     {0, UINT64_C(1) << 63},
                                     {UINT64_MAX, INT64_MAX},
                                     {UINT64_MAX, 0},
                                     {0, 1},
                                     {UINT64_C(1) << 63, 0},
                                     {INT64_MAX, 0},
                                     {UINT64_C(1) << 63, UINT64_MAX},
                                     {0xdeadbeef12345678, 0x76543210},
                                     {0x80, UINT64_MAX}};
    for (unsigned i = 0; i < sizeof wide / sizeof *wide; i++) out[n++] = wide[i];
  } else {
    for (unsigned i = 0; i < sizeof floats / sizeof *floats; i++) {
      for (unsigned k = 0; k < 2 && n < MAX_SPECIALS - 4; k++) {
        double d = k != 0 ? -floats[i] : floats[i];
        float s = (float)d;
        uint32_t bits;
        memcpy(&bits, &s, 4);
        out[n] = (kiln_bits){bits, 0};
        if (t == F64) memcpy(&out[n].low, &d, 8);
        n++;
      }
    }
    bool wide = t == F64;
    out[n++].low = wide ? UINT64_C(0x7ff0000000000000) : 0x7f800000; /* infinity */
    out[n++].low = wide ? UINT64_C(0x7ff8000000000001) : 0x7fc00001; /* NaN */
    out[n++].low = wide ? UINT64_C(0xfff0000000000001) : 0xff800001; /* signalling */
  }
  assert_true(n <= MAX_SPECIALS);
  unsigned kept = 0;
  for (unsigned i = 0; i < n; i++) {
    kiln_bits v = cut(t, out[i]);
    bool known = false;
    for (unsigned k = 0; k < kept; k++) known |= out[k].low == v.low && out[k].high == v.high;
    if (!known) out[kept++] = v;
  }
  return kept;
}

/* ---- functions in the interpreter ---- */

struct fixture {
  kiln_module *m;
  kiln_session *s;
  kiln_interp *in;
  unsigned names;
};

static void open(struct fixture *t) {
  *t = (struct fixture){.m = kiln_module_new(&(kiln_module_options){.name = "fold"})};
  t->s = kiln_session_new(t->m);
  t->in = kiln_interp_new(t->m, NULL);
  assert_non_null(t->in);
}

static void close(struct fixture *t) {
  kiln_interp_free(t->in);
  kiln_session_free(t->s);
  kiln_module_free(t->m);
}

static void link_all(struct fixture *t) {
  kiln_diag diag;
  if (kiln_interp_link(t->in, &diag) != KILN_OK) fail_msg("%s", diag.message);
}

/* Begins a function with parameters of these types. */
static kiln_func *begin(struct fixture *t, const kiln_type *types, unsigned n, kiln_type result) {
  kiln_param params[8] = {0};
  char name[16];
  for (unsigned i = 0; i < n; i++) params[i].type = (uint8_t)types[i];
  snprintf(name, sizeof name, "f%u", t->names++);
  kiln_sig sig = kiln_sig_new(t->m, KILN_CC_C, 0, params, n, &result, 1);
  return kiln_func_begin(t->s, kiln_func_declare(t->m, &(kiln_symbol_desc){.name = name}, sig));
}

/* Ends it; the interpreter has it from now on. */
static kiln_symbol end(struct fixture *t, kiln_func *f, kiln_value v) {
  kiln_symbol symbol = kiln_func_symbol(f);
  kiln_build_ret(f, &v, 1);
  kiln_status s = kiln_func_finish(f);
  if (s == KILN_OK) s = kiln_func_verify(f);
  if (s != KILN_OK) {
    kiln_diag diag;
    kiln_func_try(f, &diag);
    fail_msg("%s", diag.message);
  }
  assert_int_equal(kiln_interp_sink(t->in, f), KILN_OK);
  return symbol;
}

static kiln_value constant(kiln_func *f, kiln_type type, kiln_bits v) {
  return kiln_const_bits(f, type, v.low, v.high);
}

static void describe(char *out, size_t size, const struct operation *o) {
  snprintf(out, size, "%s.%s from %s cond %u", kiln_op_name(o->op), kiln_type_name(o->type),
           kiln_type_name(o->from), o->cond);
}

/* Calls a function; false if it traps or is undefined. */
static bool call(struct fixture *t, kiln_symbol f, const kiln_bits *args, unsigned n,
                 kiln_bits *out) {
  kiln_diag diag;
  *out = (kiln_bits){0, 0};
  kiln_status s = kiln_interp_call(t->in, f, args, n, out, &diag);
  assert_true(s == KILN_OK || s == KILN_ERR_TRAP || s == KILN_ERR_UNDEFINED);
  return s == KILN_OK;
}

/* Each operation as a function of its operands. */
static void add_plain(struct fixture *t, const struct operation *o, unsigned n, kiln_symbol *out) {
  for (unsigned i = 0; i < n; i++) {
    kiln_type types[3];
    kiln_value v[3];
    for (unsigned k = 0; k < n_operands(o + i); k++) types[k] = operand_type(o + i, k);
    kiln_func *f = begin(t, types, n_operands(o + i), result_type(o + i));
    for (unsigned k = 0; k < n_operands(o + i); k++) v[k] = kiln_func_param(f, k);
    out[i] = end(t, f, build(f, false, o + i, v));
  }
}

/* A count of "any bits" that the interpreter does not call undefined. */
static bool any_bits(const struct operation *o, const kiln_bits *args) {
  bool shift = o->op == KILN_OP_SHL || o->op == KILN_OP_LSHR || o->op == KILN_OP_ASHR;
  return shift && (args[1].high != 0 || args[1].low >= 8u * kiln_type_size(o->type));
}

/* ---- all operands constant ---- */

static void constants(void **state) {
  (void)state;
  static struct operation ops[MAX_OPERATIONS];
  static kiln_symbol plain[MAX_OPERATIONS];
  struct fixture t;
  open(&t);
  unsigned n = list_operations(ops);
  add_plain(&t, ops, n, plain);
  link_all(&t);
  kiln_type none = I64;
  for (unsigned i = 0; i < n; i++) {
    const struct operation *o = ops + i;
    kiln_bits values[3][MAX_SPECIALS];
    unsigned counts[3] = {1, 1, 1}, folded = 0, defined = 0;
    for (unsigned k = 0; k < n_operands(o); k++)
      counts[k] = specials(operand_type(o, k), values[k]);
    if (n_operands(o) == 3) counts[0] = counts[0] < 9 ? counts[0] : 9;
    kiln_func *f = begin(&t, &none, 1, result_type(o));
    for (unsigned a = 0; a < counts[0] * counts[1] * counts[2]; a++) {
      kiln_bits args[3] = {values[0][a % counts[0]], values[1][a / counts[0] % counts[1]],
                           values[2][a / counts[0] / counts[1]]};
      kiln_bits want;
      kiln_value v[3];
      for (unsigned k = 0; k < n_operands(o); k++) v[k] = constant(f, operand_type(o, k), args[k]);
      kiln_operand got = kiln_operand_get(f, build(f, true, o, v));
      assert_int_equal(kiln_func_status(f), KILN_OK);
      bool is_defined = call(&t, plain[i], args, n_operands(o), &want) && !any_bits(o, args);
      defined += is_defined;
      if (got.kind != KILN_OPERAND_INT && got.kind != KILN_OPERAND_BITS) continue;
      folded++;
      kiln_bits is = cut(result_type(o), (kiln_bits){got.low, got.high});
      want = cut(result_type(o), want);
      if (!is_defined || is.low != want.low || is.high != want.high) {
        char what[80];
        describe(what, sizeof what, o);
        fail_msg("%s of %llx:%llx, %llx:%llx: %llx:%llx, not %llx:%llx", what,
                 (unsigned long long)args[0].high, (unsigned long long)args[0].low,
                 (unsigned long long)args[1].high, (unsigned long long)args[1].low,
                 (unsigned long long)is.high, (unsigned long long)is.low,
                 (unsigned long long)want.high, (unsigned long long)want.low);
      }
    }
    /* integers always, floats where nothing is rounded and nothing is NaN */
    if (is_int(o->type) && (o->form != CONVERT || is_int(o->from)))
      assert_int_equal(folded, defined);
    else assert_true(folded > 0);
    kiln_func_discard(f);
  }
  close(&t);
}

/* ---- one operand constant ---- */

static void one_constant(void **state) {
  (void)state;
  static struct operation ops[MAX_OPERATIONS];
  static kiln_symbol plain[MAX_OPERATIONS];
  unsigned n = list_operations(ops), fewer = 0;
  for (kiln_type type = I8; type <= F64; type++) {
    struct fixture t;
    open(&t);
    unsigned n_here = 0;
    struct operation *o = calloc(n, sizeof *o);
    for (unsigned i = 0; i < n; i++)
      if (n_operands(ops + i) >= 2 && operand_type(ops + i, 1) == type) o[n_here++] = ops[i];
    kiln_bits values[MAX_SPECIALS];
    unsigned n_values = specials(type, values);
    add_plain(&t, o, n_here, plain);
    /* per operation, constant, and which operand: a function of the others */
    kiln_symbol *folded = calloc((size_t)n_here * n_values * 3, sizeof *folded), *at = folded;
    for (unsigned i = 0; i < n_here; i++) {
      for (unsigned c = 0; c < n_values; c++) {
        for (unsigned k = 0; k < 3; k++, at++) {
          if (k >= n_operands(o + i)) continue;
          kiln_type types[3];
          kiln_value v[3];
          for (unsigned a = 0; a < n_operands(o + i); a++) types[a] = operand_type(o + i, a);
          kiln_func *f = begin(&t, types, n_operands(o + i), result_type(o + i));
          for (unsigned a = 0; a < n_operands(o + i); a++)
            v[a] = a == k ? constant(f, types[a], cut(types[a], values[c])) : kiln_func_param(f, a);
          uint32_t before = kiln_func_value_limit(f);
          kiln_value r = build(f, true, o + i, v);
          fewer += kiln_func_value_limit(f) == before;
          *at = end(&t, f, r);
        }
      }
    }
    link_all(&t);
    at = folded;
    for (unsigned i = 0; i < n_here; i++) {
      for (unsigned c = 0; c < n_values; c++) {
        for (unsigned k = 0; k < 3; k++, at++) {
          if (k >= n_operands(o + i)) continue;
          for (unsigned x = 0; x < n_values; x++) {
            kiln_bits args[3], want, is;
            for (unsigned a = 0; a < 3; a++)
              args[a] =
                cut(operand_type(o + i, a), a == k ? values[c] : values[(x + 5 * a) % n_values]);
            if (any_bits(o + i, args) || !call(&t, plain[i], args, n_operands(o + i), &want))
              continue;
            bool ok = call(&t, *at, args, n_operands(o + i), &is);
            if (ok && is.low == want.low && is.high == want.high) continue;
            char what[80];
            describe(what, sizeof what, o + i);
            fail_msg("%s of %llx, %llx, operand %u constant: %llx, not %llx", what,
                     (unsigned long long)args[0].low, (unsigned long long)args[1].low, k,
                     (unsigned long long)is.low, (unsigned long long)want.low);
          }
        }
      }
    }
    free(folded);
    free(o);
    close(&t);
  }
  assert_true(fewer > 500);
}

/* ---- pairs of functions ---- */

/* Functions of (i64, i128, address), built plainly and by folding, that are compared for special values. */
struct pairs {
  struct fixture t;
  struct pair {
    kiln_symbol plain, folded;
  } *at;
  unsigned n, cap, fewer;
};
enum { NUMBER, WIDE, ADDRESS, PAIR_PARAMS };
static const kiln_type pair_types[PAIR_PARAMS] = {I64, I128, I64};

static kiln_func *pair_begin(struct pairs *p, kiln_type result) {
  return begin(&p->t, pair_types, PAIR_PARAMS, result);
}

static void pair_add(struct pairs *p, kiln_func *const *f, const kiln_value *v) {
  if (p->n == p->cap) {
    p->cap = p->cap == 0 ? 1024 : p->cap * 2;
    p->at = realloc(p->at, p->cap * sizeof *p->at);
    assert_non_null(p->at);
  }
  p->fewer += kiln_func_value_limit(f[1]) < kiln_func_value_limit(f[0]) || v[1].id != v[0].id;
  p->at[p->n++] = (struct pair){end(&p->t, f[0], v[0]), end(&p->t, f[1], v[1])};
}

static const uint8_t memory[32] = {0x80, 0xff, 0x7f, 0x01, 0x90, 0x12, 0x34, 0x56, 0x9a, 0xbc, 0xde,
                                   0xf0, 0xff, 0xff, 0xff, 0xff, 0x11, 0x80, 0x22, 0x80, 0x33};

static void pairs_compare(struct pairs *p) {
  kiln_bits wide[MAX_SPECIALS];
  unsigned n = specials(I128, wide);
  link_all(&p->t);
  for (unsigned i = 0; i < p->n; i++) {
    for (unsigned k = 0; k < n; k++) {
      kiln_bits args[PAIR_PARAMS] = {cut(I64, wide[k]), wide[k], {(uint64_t)(uintptr_t)memory, 0}};
      kiln_bits want, is;
      assert_true(call(&p->t, p->at[i].plain, args, PAIR_PARAMS, &want));
      if (!call(&p->t, p->at[i].folded, args, PAIR_PARAMS, &is) || is.low != want.low ||
          is.high != want.high)
        fail_msg("functions %s of %llx:%llx: %llx, not %llx",
                 kiln_symbol_get(p->t.m, p->at[i].plain).desc.name,
                 (unsigned long long)args[1].high, (unsigned long long)args[1].low,
                 (unsigned long long)is.low, (unsigned long long)want.low);
    }
  }
  free(p->at);
  close(&p->t);
}

static kiln_value binary(kiln_func *f, bool fold, kiln_op op, kiln_type type, kiln_value a,
                         kiln_value b) {
  return (fold ? kiln_fold_binary : kiln_build_binary)(f, op, type, a, b);
}
static kiln_value convert(kiln_func *f, bool fold, kiln_op op, kiln_type to, kiln_type from,
                          kiln_value a) {
  return (fold ? kiln_fold_convert : kiln_build_convert)(f, op, to, from, a);
}
static kiln_value param(kiln_func *f, bool fold, kiln_type type) {
  if (type == I128) return kiln_func_param(f, WIDE);
  if (type == I64) return kiln_func_param(f, NUMBER);
  return convert(f, fold, KILN_OP_TRUNC, type, I64, kiln_func_param(f, NUMBER));
}

/* ---- what is known of bits ---- */

/* Numbers of bits around the sizes of types. */
static const uint8_t sizes[] = {0, 1, 2, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 126, 127};

static kiln_bits low_ones(unsigned n) {
  if (n >= 64) return (kiln_bits){UINT64_MAX, n == 64 ? 0 : UINT64_MAX >> (128 - n)};
  return (kiln_bits){(UINT64_C(1) << n) - 1, 0};
}

/* Something of which bits are known; false if there is no such source number. */
static bool known(kiln_func *f, bool fold, kiln_type type, unsigned i, kiln_value *out) {
  unsigned w = 8 * kiln_type_size(type), n_sizes = sizeof sizes;
  kiln_value a = param(f, fold, type);
  if (i < 4 * n_sizes) {
    static const kiln_op ops[] = {KILN_OP_AND, KILN_OP_UREM, KILN_OP_LSHR, KILN_OP_ASHR};
    unsigned size = sizes[i % n_sizes];
    kiln_bits c = {size, 0};
    if (i / n_sizes < 2) c = low_ones(size);
    if (i / n_sizes == 1 && ++c.low == 0) c.high++; /* a power of two */
    if (size >= w) return false;
    *out = binary(f, fold, ops[i / n_sizes], type, a, constant(f, type, c));
    return true;
  }
  i -= 4 * n_sizes;
  kiln_type from = (kiln_type)(I8 + i / 4);
  if (from >= type) return false;
  if (i % 4 == 0) *out = convert(f, fold, KILN_OP_ZEXT, type, from, param(f, fold, from));
  else if (i % 4 == 1) *out = convert(f, fold, KILN_OP_SEXT, type, from, param(f, fold, from));
  else
    *out = kiln_build_load_ext(f, type, from, kiln_func_param(f, ADDRESS), (int32_t)i,
                               i % 4 == 2 ? 0 : KILN_MEM_SEXT);
  return true;
}

/* Something that may be needless; false if there is none of this number. */
static bool needless(kiln_func *f, bool fold, kiln_type type, unsigned i, kiln_value *v) {
  unsigned w = 8 * kiln_type_size(type);
  if (i < sizeof sizes) {
    *v = binary(f, fold, KILN_OP_AND, type, *v, constant(f, type, low_ones(sizes[i])));
    return sizes[i] < w;
  }
  i -= (unsigned)sizeof sizes;
  kiln_type to = (kiln_type)(I8 + i / 2);
  if (to >= type) return false;
  *v = convert(f, fold, KILN_OP_TRUNC, to, type, *v);
  *v = convert(f, fold, i % 2 ? KILN_OP_SEXT : KILN_OP_ZEXT, type, to, *v);
  return true;
}

static void known_bits(void **state) {
  (void)state;
  for (kiln_type type = KILN_TYPE_I16; type <= I128; type++) {
    struct pairs p = {.n = 0};
    open(&p.t);
    for (unsigned i = 0; i < 4 * sizeof sizes + 16; i++) {
      for (unsigned k = 0; k < sizeof sizes + 8; k++) {
        kiln_func *f[2];
        kiln_value v[2];
        bool there = true;
        for (unsigned fold = 0; fold < 2; fold++) {
          f[fold] = pair_begin(&p, type);
          there = there && known(f[fold], fold, type, i, &v[fold]) &&
                  needless(f[fold], fold, type, k, &v[fold]);
        }
        if (there) pair_add(&p, f, v);
        else kiln_func_discard(f[0]), kiln_func_discard(f[1]);
      }
    }
    assert_true(p.fewer > 40);
    pairs_compare(&p);
  }
}

/* ---- addresses ---- */

static void addresses(void **state) {
  (void)state;
  static const int64_t numbers[] = {0,  1,     -1,    3,         8,         15,
                                    16, 65535, 65536, INT32_MAX, INT32_MIN, INT64_MIN};
  static const unsigned scales[] = {0, 1, 8, 255, 32768, 65535};
  static const int32_t disps[] = {0, 1, -7, INT32_MAX, INT32_MIN};
  static const kiln_op ops[] = {KILN_OP_ADD, KILN_OP_SUB, KILN_OP_MUL, KILN_OP_SHL};
  enum { N = sizeof numbers / sizeof *numbers, SCALES = sizeof scales / sizeof *scales };
  struct pairs p = {.n = 0};
  open(&p.t);
  for (unsigned i = 0; i < 6 * N * SCALES * 5; i++) {
    unsigned form = i % 6, scale = scales[i / 6 % SCALES];
    int32_t disp = disps[i / 6 / SCALES % 5];
    int64_t number = numbers[i / 6 / SCALES / 5];
    if (form == 3 && (number < 0 || number > 63)) continue;
    for (unsigned base = 0; base < 4; base++) {
      kiln_func *f[2];
      kiln_value v[2];
      for (unsigned fold = 0; fold < 2; fold++) {
        kiln_value (*addr)(kiln_func *, kiln_value, kiln_value, unsigned, int32_t) =
          fold ? kiln_fold_addr : kiln_build_addr;
        kiln_func *g = f[fold] = pair_begin(&p, I64);
        kiln_value a = kiln_func_param(g, ADDRESS), x = kiln_func_param(g, NUMBER);
        kiln_value c = kiln_const_int(g, number), none = {0};
        /* plainly built, so that the address has something to fold */
        kiln_value index = form < 4    ? kiln_build_binary(g, ops[form], I64, x, c)
                           : form == 4 ? c
                                       : none;
        if (form == 5) x = c;
        if (base == 1) a = kiln_build_addr(g, a, none, 0, disp);
        if (base == 2) a = kiln_build_addr(g, a, x, scale, (int32_t)(number & 0xfff));
        if (base == 3) a = kiln_build_binary(g, KILN_OP_ADD, I64, a, c);
        v[fold] = addr(g, a, index, index.id != 0 ? scale : 0, disp);
      }
      pair_add(&p, f, v);
    }
  }
  pairs_compare(&p);
}

/* ---- random expressions ---- */

enum { N_PARAMS = 8, MAX_NODES = 24 };
static const kiln_type param_types[N_PARAMS] = {I8, KILN_TYPE_I16, I32, I64, I128, F32, F64, I64};

/* A node: a parameter, a constant, an operation, a load from the last parameter, or an address. */
enum kind { PARAM, CONSTANT, OPERATION, LOAD, ADDR };

struct node {
  enum kind kind;
  struct operation o;
  kiln_type type;
  unsigned operand[3]; /* nodes */
  kiln_bits value;
  int32_t disp;
  unsigned scale, mem_flags;
};

struct expression {
  struct node nodes[N_PARAMS + MAX_NODES];
  unsigned n;
  uint64_t state;
};

static uint32_t pick(struct expression *e, uint32_t below) {
  e->state = e->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (uint32_t)(e->state >> 33) % below;
}

/* A node of that type, preferably a new one; or a constant. */
static unsigned operand(struct expression *e, kiln_type type, bool count) {
  unsigned found[N_PARAMS + MAX_NODES], n = 0;
  for (unsigned i = 0; i < e->n; i++)
    if (e->nodes[i].type == type) found[n++] = i;
  if (!count && n != 0 && pick(e, 5) < 3)
    return pick(e, 3) != 0 ? found[n - 1 - pick(e, n < 3 ? n : 3)] : found[pick(e, n)];
  kiln_bits values[MAX_SPECIALS];
  unsigned n_values = specials(type, values);
  struct node *c = e->nodes + e->n;
  *c = (struct node){.kind = CONSTANT, .type = type, .value = values[pick(e, n_values)]};
  if (count) c->value = (kiln_bits){pick(e, 8 * kiln_type_size(type)), 0};
  return e->n++;
}

static void make_expression(struct expression *e, uint64_t seed, const struct operation *ops,
                            unsigned n_ops) {
  memset(e, 0, sizeof *e);
  e->state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
  pick(e, 2);
  for (unsigned i = 0; i < N_PARAMS; i++)
    e->nodes[e->n++] = (struct node){.kind = PARAM, .type = param_types[i], .disp = (int32_t)i};
  while (e->n < N_PARAMS + MAX_NODES - 4) {
    struct node node = {.kind = OPERATION};
    unsigned what = pick(e, 12);
    if (what == 0) {
      node.kind = LOAD;
      node.type = (kiln_type)(I8 + pick(e, 5));
      node.o.from = (kiln_type)(I8 + pick(e, (uint32_t)node.type - I8 + 1));
      node.disp = (int32_t)pick(e, 16);
      if (node.o.from != node.type && pick(e, 2)) node.mem_flags = KILN_MEM_SEXT;
    } else if (what < 3) {
      node.kind = ADDR;
      node.type = I64;
      node.scale = pick(e, 4) == 0 ? 0 : 1u << pick(e, 16);
      node.disp =
        pick(e, 3) == 0 ? (int32_t)(pick(e, UINT32_MAX) << 1) : (int32_t)pick(e, 100) - 50;
      node.operand[0] = operand(e, I64, false);
      node.operand[1] = node.scale != 0 ? operand(e, I64, false) : 0;
    } else {
      do node.o = ops[pick(e, n_ops)];
      while (!is_int(node.o.type) || (node.o.form == CONVERT && !is_int(node.o.from)));
      bool shift =
        node.o.op == KILN_OP_SHL || node.o.op == KILN_OP_LSHR || node.o.op == KILN_OP_ASHR;
      node.type = result_type(&node.o);
      for (unsigned k = 0; k < n_operands(&node.o); k++)
        node.operand[k] = operand(e, operand_type(&node.o, k), shift && k == 1);
    }
    e->nodes[e->n++] = node;
  }
}

/* An operand other than the first: mostly a constant. */
static unsigned other_operand(struct expression *e, kiln_type type, bool count) {
  if (count || pick(e, 4) != 0) {
    kiln_bits values[MAX_SPECIALS];
    unsigned n = specials(type, values);
    struct node c = {.kind = CONSTANT, .type = type, .value = values[pick(e, pick(e, 2) ? n : 9)]};
    if (count) c.value = (kiln_bits){pick(e, 8 * kiln_type_size(type)), 0};
    e->nodes[e->n] = c;
    return e->n++;
  }
  unsigned i = 0;
  while (param_types[i] != type) i++;
  return i;
}

/* A chain: each operation's operand is the one before, the others are constants. */
static void make_chain(struct expression *e, uint64_t seed, const struct operation *ops,
                       unsigned n_ops) {
  memset(e, 0, sizeof *e);
  e->state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
  pick(e, 2);
  for (unsigned i = 0; i < N_PARAMS; i++)
    e->nodes[e->n++] = (struct node){.kind = PARAM, .type = param_types[i], .disp = (int32_t)i};
  unsigned at = pick(e, N_PARAMS - 1);
  for (unsigned steps = 2 + pick(e, 3); steps > 0; steps--) {
    struct node node = {.kind = OPERATION};
    kiln_type type = e->nodes[at].type;
    if (type == I64 && pick(e, 8) == 0) {
      node = (struct node){.kind = ADDR, .type = I64};
      node.scale = pick(e, 3) == 0 ? 0 : pick(e, 2) ? 1u << pick(e, 16) : pick(e, UINT16_MAX);
      node.disp = pick(e, 3) == 0 ? (int32_t)(pick(e, UINT32_MAX) << 1) : (int32_t)pick(e, 99) - 50;
      bool as_index = node.scale != 0 && pick(e, 2);
      unsigned other = other_operand(e, I64, false);
      node.operand[0] = as_index ? other : at;
      node.operand[1] = as_index ? at : other;
    } else if (is_int(type) && pick(e, 12) == 0) {
      node = (struct node){.kind = LOAD, .type = type, .disp = (int32_t)pick(e, 16)};
      node.o.from = (kiln_type)(I8 + pick(e, (uint32_t)type - I8 + 1));
      if (node.o.from != type && pick(e, 2)) node.mem_flags = KILN_MEM_SEXT;
    } else {
      bool rounds;
      do {
        node.o = ops[pick(e, n_ops)];
        rounds = node.o.form == CONVERT && is_int(node.o.type) != is_int(node.o.from) &&
                 node.o.op != KILN_OP_BITCAST;
      } while (operand_type(&node.o, 0) != type || rounds);
      bool shift =
        node.o.op == KILN_OP_SHL || node.o.op == KILN_OP_LSHR || node.o.op == KILN_OP_ASHR;
      node.type = result_type(&node.o);
      node.operand[0] = at;
      for (unsigned k = 1; k < n_operands(&node.o); k++)
        node.operand[k] = other_operand(e, operand_type(&node.o, k), shift);
    }
    at = e->n;
    e->nodes[e->n++] = node;
  }
}

static kiln_symbol add_expression(struct fixture *t, const struct expression *e, bool fold,
                                  uint32_t *n_values) {
  kiln_value v[N_PARAMS + MAX_NODES];
  const kiln_value none = {0};
  kiln_func *f = begin(t, param_types, N_PARAMS, e->nodes[e->n - 1].type);
  for (unsigned i = 0; i < e->n; i++) {
    const struct node *node = e->nodes + i;
    kiln_value operands[3];
    for (unsigned k = 0; k < 3; k++)
      operands[k] = node->operand[k] < i ? v[node->operand[k]] : none;
    switch (node->kind) {
    case PARAM: v[i] = kiln_func_param(f, (uint32_t)node->disp); break;
    case CONSTANT: v[i] = constant(f, node->type, node->value); break;
    case OPERATION: v[i] = build(f, fold, &node->o, operands); break;
    case LOAD:
      v[i] = node->o.from == node->type
               ? kiln_build_load(f, node->type, v[N_PARAMS - 1], node->disp, 0)
               : kiln_build_load_ext(f, node->type, node->o.from, v[N_PARAMS - 1], node->disp,
                                     node->mem_flags);
      break;
    case ADDR:
      v[i] = (fold ? kiln_fold_addr : kiln_build_addr)(
        f, operands[0], node->scale != 0 ? operands[1] : none, node->scale, node->disp);
      break;
    }
  }
  *n_values = kiln_func_value_limit(f);
  return end(t, f, v[e->n - 1]);
}

static unsigned first_seed = 1, n_seeds = 40000;

static void random_expressions(void **state) {
  (void)state;
  static struct operation ops[MAX_OPERATIONS];
  unsigned n_ops = list_operations(ops), compared = 0;
  uint64_t before = 0, after = 0;
  enum { BATCH = 500, TRIES = 10 };
  for (unsigned first = first_seed; first < first_seed + n_seeds; first += BATCH) {
    struct fixture t;
    kiln_symbol functions[BATCH][2];
    open(&t);
    for (unsigned i = 0; i < BATCH; i++) {
      struct expression e;
      uint32_t n[2];
      if ((first + i) % 16 == 0) make_expression(&e, first + i, ops, n_ops);
      else make_chain(&e, first + i, ops, n_ops);
      for (unsigned k = 0; k < 2; k++) functions[i][k] = add_expression(&t, &e, k != 0, &n[k]);
      before += n[0];
      after += n[1];
    }
    link_all(&t);
    for (unsigned i = 0; i < BATCH; i++) {
      struct expression e = {.state = first + i};
      for (unsigned k = 0; k < TRIES; k++) {
        kiln_bits args[N_PARAMS], want, is;
        for (unsigned a = 0; a < N_PARAMS - 1; a++) {
          kiln_bits values[MAX_SPECIALS];
          unsigned n = specials(param_types[a], values);
          args[a] = values[pick(&e, n)];
          if (k % 3 == 0)
            args[a] = cut(param_types[a],
                          (kiln_bits){(uint64_t)pick(&e, UINT32_MAX) << 32 | pick(&e, UINT32_MAX),
                                      pick(&e, UINT32_MAX)});
        }
        args[N_PARAMS - 1] = (kiln_bits){(uint64_t)(uintptr_t)memory, 0};
        if (!call(&t, functions[i][0], args, N_PARAMS, &want)) continue;
        compared++;
        if (!call(&t, functions[i][1], args, N_PARAMS, &is) || is.low != want.low ||
            is.high != want.high)
          fail_msg("seed %u: %llx:%llx, not %llx:%llx", first + i, (unsigned long long)is.high,
                   (unsigned long long)is.low, (unsigned long long)want.high,
                   (unsigned long long)want.low);
      }
    }
    close(&t);
  }
  assert_true(compared > n_seeds * TRIES / 4);
  assert_true(after < before);
}

int main(int argc, char **argv) {
  if (argc > 1) first_seed = (unsigned)strtoul(argv[1], NULL, 10);
  if (argc > 2) n_seeds = (unsigned)strtoul(argv[2], NULL, 10);
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(constants), cmocka_unit_test(one_constant),       cmocka_unit_test(known_bits),
    cmocka_unit_test(addresses), cmocka_unit_test(random_expressions),
  };
  return cmocka_run_group_tests_name("fold run", tests, NULL, NULL);
}
