/* What the tests of <kiln/fold.h> against the interpreter share: the operations, special values of each type, and
 * functions that the interpreter runs. */
#ifndef KN_TEST_FOLD_RUN_H
#define KN_TEST_FOLD_RUN_H

#include "unit.h"

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

/* Kinds of builder calls. */
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

static kiln_interp_value cut(kiln_type t, kiln_interp_value v) {
  unsigned bytes = kiln_type_size(t);
  if (bytes < 16) v.high = 0;
  if (bytes < 8) v.low &= (UINT64_C(1) << 8 * bytes) - 1;
  return v;
}

/* Boundary values of a type. */
static unsigned specials(kiln_type t, kiln_interp_value *out) {
  static const uint64_t ints[] = {0,    1,      2,       3,          7,          8,
                                  15,   16,     31,      33,         63,         64,
                                  0x7f, 0x80,   0xff,    0x7fff,     0x8000,     0xffff,
                                  5,    0xaaaa, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff};
  static const double floats[] = {0.0, 1.0,  0.5,    1.5,   2.0,        127.0,        128.0,
                                  255, 256,  32768,  65535, 16777217.0, 2147483648.0, 4294967295.0,
                                  1e9, 1e10, 9.3e18, 1e19,  1e300,      5e-324,       0.1};
  unsigned n = 0;
  if (is_int(t)) {
    for (unsigned i = 0; i < sizeof ints / sizeof *ints; i++)
      out[n++] = (kiln_interp_value){ints[i], 0};
    static const kiln_interp_value wide[] = {{UINT64_MAX, UINT64_MAX},
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
        out[n] = (kiln_interp_value){bits, 0};
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
    kiln_interp_value v = cut(t, out[i]);
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
  *t = (struct fixture){.m = kiln_module_new(&(kiln_module_options){
                          .target.processor = KILN_PROCESSOR_X86_64, .name = "fold"})};
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
    kiln_func_try_compile(f, &diag);
    fail_msg("%s", diag.message);
  }
  assert_int_equal(kiln_interp_sink(t->in, f), KILN_OK);
  return symbol;
}

static kiln_value constant(kiln_func *f, kiln_type type, kiln_interp_value v) {
  return kiln_const_bits(f, type, v.low, v.high);
}

/* Calls a function; false if it traps or is undefined. */
static bool call(struct fixture *t, kiln_symbol f, const kiln_interp_value *args, unsigned n,
                 kiln_interp_value *out) {
  kiln_diag diag;
  *out = (kiln_interp_value){0, 0};
  kiln_status s = kiln_interp_call(t->in, f, args, n, out, &diag);
  assert_true(s == KILN_OK || s == KILN_ERR_TRAP || s == KILN_ERR_UNDEFINED);
  return s == KILN_OK;
}

/* What addresses of the tests point to. */
static const uint8_t memory[32] = {0x80, 0xff, 0x7f, 0x01, 0x90, 0x12, 0x34, 0x56, 0x9a, 0xbc, 0xde,
                                   0xf0, 0xff, 0xff, 0xff, 0xff, 0x11, 0x80, 0x22, 0x80, 0x33};

#endif
