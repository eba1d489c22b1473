/* Floats that the IR does not compute with: half and bfloat, and fp128 on x86-64. A value is its
 * bits: of a half or bfloat an i16, of an fp128 a v128, which is in an xmm register as the ABI
 * wants it. Operations on the short ones are those on f32, rounded after each, as LLVM has them;
 * those on fp128 are calls of the compiler's runtime library. Between half and f32 x86-64 has
 * calls, AArch64 an instruction; bfloat is converted by integer operations. Called wherever a
 * type of kind TK_SOFT may come. Short ones are passed in float registers: as the lower bits of
 * an f32. */
#include "bc.h"

#include <string.h>

static kiln_value imm(struct kn_bc *r, int64_t v) { return kiln_const_int(r->f, v); }
static kiln_value convert(struct kn_bc *r, kiln_op op, kiln_type to, kiln_type from, kiln_value v) {
  return to == from ? v : kiln_build_convert(r->f, op, to, from, v);
}
static kiln_value binary(struct kn_bc *r, kiln_op op, kiln_type type, kiln_value a, kiln_value b) {
  return kiln_build_binary(r->f, op, type, a, b);
}

kiln_value kn_bc_library_callee(struct kn_bc *r, const char *name, kiln_sig sig) {
  kiln_symbol s = kiln_symbol_lookup(r->module, name);
  const kiln_symbol_info is = kiln_symbol_get(r->module, s);
  const bool known = is.kind == KILN_SYMBOL_FUNC;
  if (!known) {
    /* A host that builds operations may declare the same function, without a PLT as the module is. A frozen module
     * takes plain declarations alone. */
    const bool no_plt =
      !kiln_module_is_frozen(r->module) && kiln_module_get_attrs(r->module).no_plt;
    const kiln_symbol_desc desc = {.name = name, .no_plt = no_plt};
    s = kiln_func_declare(r->module, &desc, sig);
  }
  kiln_value callee = kiln_const_symbol(r->f, s, 0);
  if (!known || is.sig.id == sig.id || kiln_sig_is_compatible(r->module, sig, is.sig))
    return callee;
  return kiln_build_unary(r->f, KILN_OP_COPY, KILN_TYPE_PTR, callee);
}

static kiln_value call_library(struct kn_bc *r, const char *name, const kiln_type *types,
                               const kiln_value *args, unsigned n, kiln_type result) {
  kiln_param params[KN_BC_LIBRARY_ARGS + 1] = {{0}};
  for (unsigned i = 0; i < n; i++) params[i].type = (uint8_t)types[i];
  kiln_sig sig =
    kiln_sig_new(r->module, KILN_CC_C, 0, params, n, &result, result != KILN_TYPE_VOID);
  return kiln_build_call(r->f, sig, kn_bc_library_callee(r, name, sig), args, n);
}

/* On Windows: values of 16 bytes are passed by their address. An i128 is returned in xmm0, as a vector is: so have it
 * libgcc before GCC 17, and LLVM's and rustc's libraries. An f80 and an fp128 are returned in memory whose address is
 * the first argument; for an fp128 there is an exception: see reader.c. */
static kiln_value call_by_address(struct kn_bc *r, const char *name, const kiln_type *types,
                                  const kiln_value *args, unsigned n, kiln_type result) {
  kiln_type t[KN_BC_LIBRARY_ARGS + 1] = {0};
  kiln_value v[KN_BC_LIBRARY_ARGS + 1] = {{0}}, memory = {0};
  const bool integer = result == KILN_TYPE_I128;
  const bool hidden =
    result == KILN_TYPE_F80 || (result == KILN_TYPE_V128 && !r->m->quad_in_vector);
  unsigned k = 0;
  if (hidden || integer) memory = kiln_slot_new(r->f, 16, 4);
  if (hidden) t[k] = KILN_TYPE_PTR, v[k++] = memory;
  for (unsigned i = 0; i < n; i++, k++) {
    t[k] = types[i];
    v[k] = args[i];
    if (kiln_type_size(types[i]) < 16) continue;
    t[k] = KILN_TYPE_PTR;
    v[k] = kiln_slot_new(r->f, 16, 4);
    kiln_build_store(r->f, types[i], v[k], 0, args[i], 0);
  }
  const kiln_type by = hidden ? KILN_TYPE_VOID : integer ? KILN_TYPE_V128 : result;
  kiln_value out = call_library(r, name, t, v, k, by);
  if (integer) kiln_build_store(r->f, KILN_TYPE_V128, memory, 0, out, 0);
  return hidden || integer ? kiln_build_load(r->f, result, memory, 0, 0) : out;
}

kiln_value kn_bc_library(struct kn_bc *r, const char *name, const kiln_type *types,
                         const kiln_value *args, unsigned n, kiln_type result) {
  const bool by_address = kiln_module_get_target(r->module).system == KILN_SYSTEM_WINDOWS;
  if (n > KN_BC_LIBRARY_ARGS) n = KN_BC_LIBRARY_ARGS;
  return (by_address ? call_by_address : call_library)(r, name, types, args, n, result);
}

static kiln_value call1(struct kn_bc *r, const char *name, kiln_type result, kiln_type type,
                        kiln_value v) {
  return kn_bc_library(r, name, &type, &v, 1, result);
}

/* ---- passing ---- */

kiln_value kn_bc_soft_pass(struct kn_bc *r, const struct kn_bc_type *t, kiln_value v) {
  if (!kn_bc_is_short(t)) return v;
  v = convert(r, KILN_OP_ZEXT, KILN_TYPE_I32, KILN_TYPE_I16, v);
  return convert(r, KILN_OP_BITCAST, KILN_TYPE_F32, KILN_TYPE_I32, v);
}

kiln_value kn_bc_soft_take(struct kn_bc *r, const struct kn_bc_type *t, kiln_value v) {
  if (!kn_bc_is_short(t)) return v;
  v = convert(r, KILN_OP_BITCAST, KILN_TYPE_I32, KILN_TYPE_F32, v);
  return convert(r, KILN_OP_TRUNC, KILN_TYPE_I16, KILN_TYPE_I32, v);
}

/* ---- short floats and f32 ---- */

static const struct kn_bc_type *half(void) {
  static const struct kn_bc_type t = {.kind = TK_SOFT, .soft = SOFT_HALF, .ktype = KILN_TYPE_I16};
  return &t;
}

bool kn_bc_native_half(const struct kn_bc *r, const struct kn_bc_type *t) {
  return t->soft == SOFT_HALF && !kn_bc_targets[r->target].half_calls &&
         r->fn.global->fn_flags & FA_FULLFP16;
}
static bool has_f16c(const struct kn_bc *r) {
  return kn_bc_targets[r->target].half_calls && r->fn.global->fn_flags & FA_F16C;
}

/* One of the target's own instructions; it exists. */
static kiln_value row(struct kn_bc *r, const char *name, const kiln_value *operands) {
  kiln_machine_info m;
  if (!kiln_machine_find(r->target, name, strlen(name), &m)) return (kiln_value){0};
  return kiln_build_machine(r->f, m.row, operands, m.n_operands);
}

/* An operation on halves by AArch64's instruction for four, all of them the same, so that no other one sets a flag.
 * None: there is no such instruction. */
static kiln_value native(struct kn_bc *r, kiln_op op, const kiln_value *v, unsigned n) {
  static const char *const names[KILN_OP_COUNT] = {
    [KILN_OP_FADD] = "neon.fadd.v4f16",    [KILN_OP_FSUB] = "neon.fsub.v4f16",
    [KILN_OP_FMUL] = "neon.fmul.v4f16",    [KILN_OP_FDIV] = "neon.fdiv.v4f16",
    [KILN_OP_FSQRT] = "neon.fsqrt.v4f16",  [KILN_OP_FMA] = "neon.fmla.v4f16",
    [KILN_OP_FMULADD] = "neon.fmla.v4f16", [KILN_OP_FMIN] = "neon.fminnm.v4f16",
    [KILN_OP_FMAX] = "neon.fmaxnm.v4f16"};
  kiln_value x[3];
  if (!names[op]) return (kiln_value){0};
  for (unsigned i = 0; i < n; i++) /* the addend is the first operand */
    x[n == 3 ? (i + 1) % 3 : i] =
      kn_bc_vec_one(r, KILN_OP_VSPLAT, KILN_TYPE_V64, KILN_TYPE_I16, 0, v[i]);
  return kn_bc_vec_one(r, KILN_OP_VEXTRACT, KILN_TYPE_I16, KILN_TYPE_V64, 0, row(r, names[op], x));
}

/* A half or bfloat as an f32, exactly. */
static kiln_value widen(struct kn_bc *r, unsigned soft, kiln_value v) {
  if (soft == SOFT_BFLOAT) {
    v = convert(r, KILN_OP_ZEXT, KILN_TYPE_I32, KILN_TYPE_I16, v);
    v = binary(r, KILN_OP_SHL, KILN_TYPE_I32, v, imm(r, 16));
    return convert(r, KILN_OP_BITCAST, KILN_TYPE_F32, KILN_TYPE_I32, v);
  }
  if (!kn_bc_targets[r->target].half_calls) {
    kiln_value h = convert(r, KILN_OP_BITCAST, KILN_TYPE_F16, KILN_TYPE_I16, v);
    return convert(r, KILN_OP_FPROMOTE, KILN_TYPE_F32, KILN_TYPE_F16, h);
  }
  if (has_f16c(r)) {
    v = convert(r, KILN_OP_ZEXT, KILN_TYPE_I64, KILN_TYPE_I16, v);
    v = convert(r, KILN_OP_BITCAST, KILN_TYPE_V64, KILN_TYPE_I64, v);
    v = kn_bc_vec_one(r, KILN_OP_VRESIZE, KILN_TYPE_V128, KILN_TYPE_V64, 0, v);
    v = row(r, "vcvtph2ps.128", &v);
    return kn_bc_vec_one(r, KILN_OP_VEXTRACT, KILN_TYPE_F32, KILN_TYPE_V128, 0, v);
  }
  v = kn_bc_soft_pass(r, half(), v);
  return call1(r, "__extendhfsf2", KILN_TYPE_F32, KILN_TYPE_F32, v);
}

static kiln_value f_widen(struct kn_bc *r, kiln_type to, kiln_type from, kiln_value v);
static kiln_value f_narrow(struct kn_bc *r, kiln_type to, kiln_type from, kiln_value v);
static kiln_value compare(struct kn_bc *r, unsigned pred, kiln_type type, kiln_value a,
                          kiln_value b);

/* Float `v` of `from` as an f32, rounded to odd: what is rounded once more to 8 bits is then what `v` is, rounded once.
 * As an i32. */
static kiln_value round_to_odd(struct kn_bc *r, kiln_type from, kiln_value v) {
  kiln_func *f = r->f;
  kiln_value sign = kiln_const_bits(f, KILN_TYPE_F32, 0, 0),
             low = f_narrow(r, KILN_TYPE_F32, from, v);
  kiln_value back = f_widen(r, from, KILN_TYPE_F32, low);
  kiln_value bits = convert(r, KILN_OP_BITCAST, KILN_TYPE_I32, KILN_TYPE_F32, low);
  /* away from zero by one if the magnitude became less, towards it if it became more; an odd one stays */
  kiln_value zero = f_widen(r, from, KILN_TYPE_F32, sign);
  kiln_value less = compare(r, 4, from, back, v), more = compare(r, 2, from, back, v);
  kiln_value negative = compare(r, 4, from, v, zero);
  kiln_value out = kiln_build_select(f, KILN_TYPE_I8, negative, more, less),
             in = kiln_build_select(f, KILN_TYPE_I8, negative, less, more);
  kiln_value step = binary(r, KILN_OP_SUB, KILN_TYPE_I8, out, in);
  step = convert(r, KILN_OP_SEXT, KILN_TYPE_I32, KILN_TYPE_I8, step);
  kiln_value odd = binary(r, KILN_OP_AND, KILN_TYPE_I32, bits, imm(r, 1));
  odd = binary(r, KILN_OP_SUB, KILN_TYPE_I32, odd, imm(r, 1)); /* ones if even */
  step = binary(r, KILN_OP_AND, KILN_TYPE_I32, step, odd);
  return binary(r, KILN_OP_ADD, KILN_TYPE_I32, bits, step);
}

/* The bits of an f32 as a bfloat, rounded to nearest even; a NaN becomes a quiet one. */
static kiln_value round_bfloat(struct kn_bc *r, kiln_value bits) {
  const kiln_type t = KILN_TYPE_I32;
  kiln_value odd = binary(r, KILN_OP_LSHR, t, bits, imm(r, 16));
  odd = binary(r, KILN_OP_AND, t, odd, imm(r, 1));
  kiln_value up = binary(r, KILN_OP_ADD, t, bits, imm(r, 0x7fff));
  up = binary(r, KILN_OP_ADD, t, up, odd);
  kiln_value quiet = binary(r, KILN_OP_OR, t, bits, imm(r, 0x400000));
  kiln_value magnitude = binary(r, KILN_OP_AND, t, bits, imm(r, 0x7fffffff));
  kiln_value nan = kiln_build_icmp(r->f, KILN_ICOND_UGT, t, magnitude, imm(r, 0x7f800000));
  up = kiln_build_select(r->f, t, nan, quiet, up);
  up = binary(r, KILN_OP_LSHR, t, up, imm(r, 16));
  return convert(r, KILN_OP_TRUNC, KILN_TYPE_I16, t, up);
}

/* A float of any other type (fp128: V128 or F128) as a half or bfloat, rounded once. */
static kiln_value narrow(struct kn_bc *r, unsigned soft, kiln_type from, kiln_value v) {
  if (soft == SOFT_BFLOAT) {
    if (from == KILN_TYPE_F32) v = convert(r, KILN_OP_BITCAST, KILN_TYPE_I32, from, v);
    else v = round_to_odd(r, from, v);
    return round_bfloat(r, v);
  }
  if (!kn_bc_targets[r->target].half_calls && from != KILN_TYPE_F128) {
    v = convert(r, KILN_OP_FDEMOTE, KILN_TYPE_F16, from, v);
    return convert(r, KILN_OP_BITCAST, KILN_TYPE_I16, KILN_TYPE_F16, v);
  }
  if (from == KILN_TYPE_F32 && has_f16c(r)) {
    kiln_value x[2] = {{0}, imm(r, 4)}; /* rounded by the mode */
    x[0] = kn_bc_vec_one(r, KILN_OP_VSPLAT, KILN_TYPE_V128, KILN_TYPE_F32, 0, v);
    v = row(r, "vcvtps2ph.128", x);
    return kn_bc_vec_one(r, KILN_OP_VEXTRACT, KILN_TYPE_I16, KILN_TYPE_V128, 0, v);
  }
  const char *name = from == KILN_TYPE_F32   ? "__truncsfhf2"
                     : from == KILN_TYPE_F64 ? "__truncdfhf2"
                     : from == KILN_TYPE_F80 ? "__truncxfhf2"
                                             : "__trunctfhf2";
  return kn_bc_soft_take(r, half(), call1(r, name, KILN_TYPE_F32, from, v));
}

/* ---- fp128 by calls ---- */

/* Conversions of fp128; of integers those of these widths. */
static const struct {
  uint8_t op, other; /* the type beside fp128 */
  const char *name;
} quad_conversions[] = {
  {CAST_FPEXT, KILN_TYPE_F32, "__extendsftf2"},  {CAST_FPEXT, KILN_TYPE_F64, "__extenddftf2"},
  {CAST_FPEXT, KILN_TYPE_F80, "__extendxftf2"},  {CAST_FPTRUNC, KILN_TYPE_F32, "__trunctfsf2"},
  {CAST_FPTRUNC, KILN_TYPE_F64, "__trunctfdf2"}, {CAST_FPTRUNC, KILN_TYPE_F80, "__trunctfxf2"},
  {CAST_FPTOSI, KILN_TYPE_I32, "__fixtfsi"},     {CAST_FPTOSI, KILN_TYPE_I64, "__fixtfdi"},
  {CAST_FPTOSI, KILN_TYPE_I128, "__fixtfti"},    {CAST_FPTOUI, KILN_TYPE_I32, "__fixunstfsi"},
  {CAST_FPTOUI, KILN_TYPE_I64, "__fixunstfdi"},  {CAST_FPTOUI, KILN_TYPE_I128, "__fixunstfti"},
  {CAST_SITOFP, KILN_TYPE_I32, "__floatsitf"},   {CAST_SITOFP, KILN_TYPE_I64, "__floatditf"},
  {CAST_SITOFP, KILN_TYPE_I128, "__floattitf"},  {CAST_UITOFP, KILN_TYPE_I32, "__floatunsitf"},
  {CAST_UITOFP, KILN_TYPE_I64, "__floatunditf"}, {CAST_UITOFP, KILN_TYPE_I128, "__floatuntitf"},
};

static kiln_value quad_convert(struct kn_bc *r, unsigned op, kiln_type other, kiln_value v) {
  bool from_quad = op == CAST_FPTRUNC || op == CAST_FPTOSI || op == CAST_FPTOUI;
  for (unsigned i = 0; i < sizeof quad_conversions / sizeof *quad_conversions; i++)
    if (quad_conversions[i].op == op && quad_conversions[i].other == other)
      return call1(r, quad_conversions[i].name, from_quad ? other : KILN_TYPE_V128,
                   from_quad ? KILN_TYPE_V128 : other, v);
  kn_bc_unsupported(r, "this conversion of fp128");
  return (kiln_value){0};
}

/* Between floats of different types, neither of which is short; V128 is fp128. */
static kiln_value f_widen(struct kn_bc *r, kiln_type to, kiln_type from, kiln_value v) {
  if (to == KILN_TYPE_V128) return quad_convert(r, CAST_FPEXT, from, v);
  return convert(r, KILN_OP_FPROMOTE, to, from, v);
}
static kiln_value f_narrow(struct kn_bc *r, kiln_type to, kiln_type from, kiln_value v) {
  if (from == KILN_TYPE_V128) return quad_convert(r, CAST_FPTRUNC, to, v);
  return convert(r, KILN_OP_FDEMOTE, to, from, v);
}

/* LLVM's predicates by calls: whether the result, compared with 0, is as said. Unordered operands give 1 if the name's
 * condition is "less" or "equal", -1 if it is "greater". */
static const struct {
  const char *name;
  uint8_t cond;
} quad_compares[16] = {
  [1] = {"__eqtf2", KILN_ICOND_EQ},    [2] = {"__gttf2", KILN_ICOND_SGT},
  [3] = {"__getf2", KILN_ICOND_SGE},   [4] = {"__lttf2", KILN_ICOND_SLT},
  [5] = {"__letf2", KILN_ICOND_SLE},   [7] = {"__unordtf2", KILN_ICOND_EQ},
  [8] = {"__unordtf2", KILN_ICOND_NE}, [10] = {"__letf2", KILN_ICOND_SGT},
  [11] = {"__lttf2", KILN_ICOND_SGE},  [12] = {"__getf2", KILN_ICOND_SLT},
  [13] = {"__gttf2", KILN_ICOND_SLE},  [14] = {"__netf2", KILN_ICOND_NE},
};

static kiln_value quad_compare(struct kn_bc *r, unsigned pred, kiln_value a, kiln_value b) {
  static const kiln_type types[2] = {KILN_TYPE_V128, KILN_TYPE_V128};
  kiln_value args[2] = {a, b};
  if (pred == 6 || pred == 9) { /* ordered and different; or the opposite */
    kiln_value same = quad_compare(r, pred == 6 ? 14 : 1, a, b);
    kiln_value order = quad_compare(r, pred == 6 ? 7 : 8, a, b);
    return binary(r, pred == 6 ? KILN_OP_AND : KILN_OP_OR, KILN_TYPE_I8, same, order);
  }
  kiln_value v = kn_bc_library(r, quad_compares[pred].name, types, args, 2, KILN_TYPE_I32);
  return kiln_build_icmp(r->f, (kiln_icond)quad_compares[pred].cond, KILN_TYPE_I32, v, imm(r, 0));
}

/* Neither always true nor always false. */
static kiln_value compare(struct kn_bc *r, unsigned pred, kiln_type type, kiln_value a,
                          kiln_value b) {
  static const uint8_t conds[16] = {
    [1] = KILN_FCOND_OEQ,  [2] = KILN_FCOND_OGT,  [3] = KILN_FCOND_OGE,  [4] = KILN_FCOND_OLT,
    [5] = KILN_FCOND_OLE,  [6] = KILN_FCOND_ONE,  [7] = KILN_FCOND_ORD,  [8] = KILN_FCOND_UNO,
    [9] = KILN_FCOND_UEQ,  [10] = KILN_FCOND_UGT, [11] = KILN_FCOND_UGE, [12] = KILN_FCOND_ULT,
    [13] = KILN_FCOND_ULE, [14] = KILN_FCOND_UNE,
  };
  if (type == KILN_TYPE_V128) return quad_compare(r, pred, a, b);
  return kiln_build_fcmp(r->f, (kiln_fcond)conds[pred], type, a, b);
}

kiln_value kn_bc_float_compare(struct kn_bc *r, const struct kn_bc_type *t, unsigned pred,
                               kiln_value x, kiln_value y) {
  kiln_type type = kn_bc_is_short(t) ? KILN_TYPE_F32 : (kiln_type)t->ktype;
  x = kn_bc_soft_widen(r, t, x);
  y = kn_bc_soft_widen(r, t, y);
  return compare(r, pred, type, x, y);
}

kiln_value kn_bc_soft_compare(struct kn_bc *r, unsigned pred, uint32_t a, uint32_t b,
                              uint32_t type) {
  const struct kn_bc_type *t = &r->types.at[type];
  if (pred == 0 || pred == 15) return imm(r, pred != 0);
  kiln_value x = kn_bc_use(r, a, type), y = kn_bc_use(r, b, type);
  return kn_bc_float_compare(r, t, pred, x, y);
}

/* ---- operations ---- */

/* Functions for fp128, by opcode. */
static const char *const quad_calls[KILN_OP_COUNT] = {
  [KILN_OP_FADD] = "__addtf3",    [KILN_OP_FSUB] = "__subtf3",
  [KILN_OP_FMUL] = "__multf3",    [KILN_OP_FDIV] = "__divtf3",
  [KILN_OP_FREM] = "fmodf128",    [KILN_OP_FSQRT] = "sqrtf128",
  [KILN_OP_FMA] = "fmaf128",      [KILN_OP_FMIN] = "fminf128",
  [KILN_OP_FMAX] = "fmaxf128",    [KILN_OP_FFLOOR] = "floorf128",
  [KILN_OP_FCEIL] = "ceilf128",   [KILN_OP_FTRUNC] = "truncf128",
  [KILN_OP_FROUND] = "roundf128", [KILN_OP_FROUNDEVEN] = "roundevenf128",
  [KILN_OP_FRINT] = "rintf128",   [KILN_OP_FNEARBYINT] = "nearbyintf128",
};

/* Those on the sign alone: the bits of all but the sign. */
static bool of_sign(kiln_op op) {
  return op == KILN_OP_FNEG || op == KILN_OP_FABS || op == KILN_OP_FCOPYSIGN;
}

static kiln_value sign_op(struct kn_bc *r, const struct kn_bc_type *t, kiln_op op,
                          const kiln_value *v) {
  kiln_func *f = r->f;
  bool quad = t->soft == SOFT_QUAD;
  kiln_type kt = (kiln_type)t->ktype;
  kiln_value sign = quad ? kiln_const_bits(f, kt, 0, UINT64_C(1) << 63) : imm(r, -0x8000);
  kiln_value rest = quad ? kiln_const_bits(f, kt, UINT64_MAX, UINT64_MAX >> 1) : imm(r, 0x7fff);
  kiln_op and = quad ? KILN_OP_VAND : KILN_OP_AND;
  if (op == KILN_OP_FNEG) return binary(r, quad ? KILN_OP_VXOR : KILN_OP_XOR, kt, v[0], sign);
  kiln_value magnitude = binary(r, and, kt, v[0], rest);
  if (op == KILN_OP_FABS) return magnitude;
  return binary(r, quad ? KILN_OP_VOR : KILN_OP_OR, kt, magnitude, binary(r, and, kt, v[1], sign));
}

static kiln_value build(struct kn_bc *r, kiln_op op, kiln_type type, const kiln_value *v,
                        unsigned n) {
  /* where fmuladd rounds once, it is one instruction, and fma a call */
  if (op == KILN_OP_FMA && r->fn.global->fn_flags & FA_FMA &&
      (type == KILN_TYPE_F32 || type == KILN_TYPE_F64))
    op = KILN_OP_FMULADD;
  return n == 1   ? kiln_build_unary(r->f, op, type, v[0])
         : n == 2 ? kiln_build_binary(r->f, op, type, v[0], v[1])
                  : kiln_build_ternary(r->f, op, type, v[0], v[1], v[2]);
}

/* The lesser or greater one; -0 is less than +0, and a NaN if one is. */
static kiln_value quad_minimum(struct kn_bc *r, bool least, const kiln_value *v) {
  const kiln_type q = KILN_TYPE_V128;
  kiln_func *f = r->f;
  kiln_value first = quad_compare(r, least ? 4 : 2, v[0], v[1]);
  kiln_value end = kiln_build_select(f, q, first, v[0], v[1]);
  kiln_value zero = binary(r, least ? KILN_OP_VOR : KILN_OP_VAND, q, v[0], v[1]); /* of the signs */
  end = kiln_build_select(f, q, quad_compare(r, 1, v[0], v[1]), zero, end);
  kiln_value sum = kn_bc_library(r, "__addtf3", (kiln_type[]){q, q}, v, 2, q);
  return kiln_build_select(f, q, quad_compare(r, 8, v[0], v[1]), sum, end);
}

kiln_value kn_bc_float_op(struct kn_bc *r, const struct kn_bc_type *t, kiln_op op,
                          const kiln_value *v, unsigned n) {
  if (t->kind != TK_SOFT) return build(r, op, (kiln_type)t->ktype, v, n);
  if (of_sign(op)) return sign_op(r, t, op, v);
  if (kn_bc_native_half(r, t)) {
    kiln_value x = native(r, op, v, n);
    if (x.id || r->status != KILN_OK) return x;
  }
  if (op == KILN_OP_FMULADD) { /* else LLVM fuses none of these types */
    kiln_value sum[2] = {kn_bc_float_op(r, t, KILN_OP_FMUL, v, 2), v[2]};
    return kn_bc_float_op(r, t, KILN_OP_FADD, sum, 2);
  }
  if (t->soft == SOFT_QUAD) {
    static const kiln_type types[3] = {KILN_TYPE_V128, KILN_TYPE_V128, KILN_TYPE_V128};
    if (quad_calls[op]) return kn_bc_library(r, quad_calls[op], types, v, n, KILN_TYPE_V128);
    if (op == KILN_OP_FMINIMUM || op == KILN_OP_FMAXIMUM)
      return quad_minimum(r, op == KILN_OP_FMINIMUM, v);
    kn_bc_unsupported(r, "this operation on fp128");
    return (kiln_value){0};
  }
  kiln_value w[3];
  for (unsigned i = 0; i < n; i++) w[i] = widen(r, t->soft, v[i]);
  if (op == KILN_OP_FMA && t->soft == SOFT_HALF && kn_bc_targets[r->target].half_calls) {
    /* an f64 has the product exactly */
    for (unsigned i = 0; i < n; i++)
      w[i] = convert(r, KILN_OP_FPROMOTE, KILN_TYPE_F64, KILN_TYPE_F32, w[i]);
    return narrow(r, t->soft, KILN_TYPE_F64, build(r, op, KILN_TYPE_F64, w, n));
  }
  return narrow(r, t->soft, KILN_TYPE_F32, build(r, op, KILN_TYPE_F32, w, n));
}

kiln_value kn_bc_soft_widen(struct kn_bc *r, const struct kn_bc_type *t, kiln_value v) {
  return kn_bc_is_short(t) ? widen(r, t->soft, v) : v;
}
kiln_value kn_bc_soft_narrow(struct kn_bc *r, const struct kn_bc_type *t, kiln_type from,
                             kiln_value v) {
  return kn_bc_is_short(t) ? narrow(r, t->soft, from, v) : v;
}

kiln_value kn_bc_soft_binop(struct kn_bc *r, unsigned op, uint32_t a, uint32_t b, uint32_t type) {
  static const uint8_t ops[BINOP_COUNT] = {
    [BINOP_ADD] = KILN_OP_FADD,  [BINOP_SUB] = KILN_OP_FSUB,  [BINOP_MUL] = KILN_OP_FMUL,
    [BINOP_SDIV] = KILN_OP_FDIV, [BINOP_SREM] = KILN_OP_FREM,
  };
  if (op >= BINOP_COUNT || !ops[op])
    return kn_bc_none(kn_bc_malformed(r, "unknown binary operation"));
  kiln_value v[2];
  v[0] = kn_bc_use(r, a, type);
  v[1] = kn_bc_use(r, b, type);
  return kn_bc_float_op(r, &r->types.at[type], (kiln_op)ops[op], v, 2);
}

/* ---- casts ---- */

kiln_value kn_bc_soft_to_int(struct kn_bc *r, bool is_signed, kiln_type to, kiln_value v) {
  return quad_convert(r, is_signed ? CAST_FPTOSI : CAST_FPTOUI, to, v);
}

kiln_value kn_bc_soft_cast(struct kn_bc *r, unsigned op, uint32_t a, uint32_t from, uint32_t to) {
  const struct kn_bc_type *f = &r->types.at[from], *t = &r->types.at[to];
  kiln_type ft = (kiln_type)f->ktype, tt = (kiln_type)t->ktype;
  bool fi = f->kind == TK_INT, ti = t->kind == TK_INT;
  bool ff = f->kind == TK_FLOAT || f->kind == TK_SOFT,
       tf = t->kind == TK_FLOAT || t->kind == TK_SOFT;
  kiln_value v;
  switch (op) {
  case CAST_FPTRUNC:
  case CAST_FPEXT:
    if (!ff || !tf || (f->bits < t->bits) != (op == CAST_FPEXT)) break;
    v = kn_bc_use(r, a, from);
    if (kn_bc_is_short(t)) return narrow(r, t->soft, ft, v);
    if (!kn_bc_is_short(f))
      return op == CAST_FPEXT ? f_widen(r, tt, ft, v) : f_narrow(r, tt, ft, v);
    v = widen(r, f->soft, v);
    return tt == KILN_TYPE_F32 ? v : f_widen(r, tt, KILN_TYPE_F32, v);
  case CAST_FPTOUI:
  case CAST_FPTOSI: {
    if (!ff || !ti) break;
    v = kn_bc_use(r, a, from);
    kiln_type as = tt == KILN_TYPE_I8 || tt == KILN_TYPE_I16 ? KILN_TYPE_I32 : tt;
    if (f->soft == SOFT_QUAD) v = quad_convert(r, op, as, v);
    else
      v = kiln_build_convert(r->f, op == CAST_FPTOUI ? KILN_OP_FTOUI : KILN_OP_FTOSI, as,
                             KILN_TYPE_F32, widen(r, f->soft, v));
    v = convert(r, KILN_OP_TRUNC, tt, as, v);
    return t->fit == FIT_BOOL ? binary(r, KILN_OP_AND, tt, v, imm(r, 1)) : v;
  }
  case CAST_UITOFP:
  case CAST_SITOFP: {
    if (!fi || !tf) break;
    bool is_signed = op == CAST_SITOFP;
    v = is_signed ? kn_bc_use_s(r, a, from) : kn_bc_use_z(r, a, from);
    kiln_type as = ft == KILN_TYPE_I8 || ft == KILN_TYPE_I16 ? KILN_TYPE_I32 : ft;
    v = convert(r, is_signed ? KILN_OP_SEXT : KILN_OP_ZEXT, as, ft, v);
    if (t->soft == SOFT_QUAD) return quad_convert(r, op, as, v);
    v = kiln_build_convert(r->f, is_signed ? KILN_OP_SITOF : KILN_OP_UITOF, KILN_TYPE_F32, as, v);
    return narrow(r, t->soft, KILN_TYPE_F32, v);
  }
  case CAST_BITCAST:
    if (f->bits != t->bits) break;
    if (ft == tt) return kn_bc_same(r, a, from);
    return kiln_build_convert(r->f, KILN_OP_BITCAST, tt, ft, kn_bc_use(r, a, from));
  default: break;
  }
  kn_bc_malformed(r, "a cast that cannot convert between its types");
  return (kiln_value){0};
}
