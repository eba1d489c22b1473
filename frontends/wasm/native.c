/* Operations that targets do in different ways. */
#include "native.h"

/* What the target has instructions for, which the builder has no operation for, or only one that calls a library.
 * x86-64: those of SSE4.1, which compiled WebAssembly may expect. */
static const struct native {
  bool extremes; /* IEEE 754-2019's minimum and maximum */
  /* unaligned stores are no single access (Arm ARM, B2.2): what faults may be half done */
  bool tears;
  const char *
    round_f32; /* rounding of the lowest lane to an integer: of the upper lanes, of the operand, how */
  const char *round_f64;  /* NULL: the builder's operations are instructions */
  const char *round_f32s; /* of all lanes: of the operand, how */
  const char *round_f64s;
} natives[] = {
  [KILN_PROCESSOR_X86_64] = {.round_f32 = "sse41.round.ss",
                             .round_f64 = "sse41.round.sd",
                             .round_f32s = "sse41.round.ps",
                             .round_f64s = "sse41.round.pd"},
  [KILN_PROCESSOR_AARCH64] = {.extremes = true, .tears = true},
};
_Static_assert(sizeof natives / sizeof *natives == KILN_PROCESSOR_COUNT, "a row for each target");

bool kn_wasm_stores_tear(kiln_processor target) { return natives[target].tears; }

/* ---- vectors ---- */

/* By lanes of 8, 16 and 32 bits. */
static const char *const vectors[][KN_WASM_NATIVE_COUNT][3] = {
  [KILN_PROCESSOR_X86_64] =
    {
      [KN_WASM_NATIVE_ADD_SAT_S] = {"sse2.padds.b", "sse2.padds.w"},
      [KN_WASM_NATIVE_ADD_SAT_U] = {"sse2.paddus.b", "sse2.paddus.w"},
      [KN_WASM_NATIVE_SUB_SAT_S] = {"sse2.psubs.b", "sse2.psubs.w"},
      [KN_WASM_NATIVE_SUB_SAT_U] = {"sse2.psubus.b", "sse2.psubus.w"},
      [KN_WASM_NATIVE_AVGR] = {"sse2.pavg.b", "sse2.pavg.w"},
      [KN_WASM_NATIVE_ABS] = {"ssse3.pabs.b.128", "ssse3.pabs.w.128", "ssse3.pabs.d.128"},
      [KN_WASM_NATIVE_MIN_S] = {"sse41.pminsb", "sse2.pmins.w", "sse41.pminsd"},
      [KN_WASM_NATIVE_MIN_U] = {"sse2.pminu.b", "sse41.pminuw", "sse41.pminud"},
      [KN_WASM_NATIVE_MAX_S] = {"sse41.pmaxsb", "sse2.pmaxs.w", "sse41.pmaxsd"},
      [KN_WASM_NATIVE_MAX_U] = {"sse2.pmaxu.b", "sse41.pmaxuw", "sse41.pmaxud"},
      [KN_WASM_NATIVE_NARROW_S] = {NULL, "sse2.packsswb.128", "sse2.packssdw.128"},
      [KN_WASM_NATIVE_NARROW_U] = {NULL, "sse2.packuswb.128", "sse41.packusdw"},
      [KN_WASM_NATIVE_DOT] = {NULL, "sse2.pmadd.wd"},
      [KN_WASM_NATIVE_SHL] = {NULL, "sse2.pslli.w", "sse2.pslli.d"},
      [KN_WASM_NATIVE_SHR_S] = {NULL, "sse2.psrai.w", "sse2.psrai.d"},
      [KN_WASM_NATIVE_SHR_U] = {NULL, "sse2.psrli.w", "sse2.psrli.d"},
      [KN_WASM_NATIVE_PICK] = {"ssse3.pshuf.b.128"},
      [KN_WASM_NATIVE_TRUNC_32] = {NULL, NULL, "sse2.cvttps2dq"},
      [KN_WASM_NATIVE_CONVERT] = {NULL, NULL, "sse2.cvtdq2pd"},
      [KN_WASM_NATIVE_PROMOTE] = {NULL, NULL, "sse2.cvtps2pd"},
      [KN_WASM_NATIVE_DEMOTE] = {NULL, NULL, "sse2.cvtpd2ps"},
    },
  [KILN_PROCESSOR_AARCH64] = {{NULL}},
};
_Static_assert(sizeof vectors / sizeof *vectors == KILN_PROCESSOR_COUNT, "a row for each target");

_Static_assert((int)KN_WASM_NATIVE_ROWS == (int)KN_WASM_NATIVE_COUNT, "rows for all");

bool kn_wasm_has_native(const struct kn_wasm_body *c, enum kn_wasm_native op, kiln_type lane) {
  unsigned size = kiln_type_size(lane);
  return size <= 4 && vectors[c->w->target][op][size / 2] != NULL;
}

bool kn_wasm_native(struct kn_wasm_body *c, enum kn_wasm_native op, kiln_type lane,
                    const kiln_value *operands, uint32_t n, kiln_value *out) {
  if (!kn_wasm_has_native(c, op, lane)) return false;
  unsigned k = kiln_type_size(lane) / 2;
  uint32_t *row = &c->native_rows[op][k];
  if (*row == 0) { /* names are looked for once: that takes a while */
    const char *name = vectors[c->w->target][op][k];
    kiln_machine_info info;
    if (!kiln_machine_find(c->w->target, name, strlen(name), &info))
      kn_wasm_fail(&c->in, KILN_ERR_INTERNAL, c->op_at, "the target has no %s", name);
    *row = info.row + 1;
  }
  *out = kiln_build_machine(c->f, *row - 1, operands, n);
  return true;
}

/* ---- rounding ---- */

/* The immediate of x86-64's roundss and its like: the mode, without the inexact exception. */
static kiln_value mode(struct kn_wasm_body *c, kiln_op op) {
  return kn_wasm_int(c, 8 | (op == KILN_OP_FFLOOR   ? 1
                             : op == KILN_OP_FCEIL  ? 2
                             : op == KILN_OP_FTRUNC ? 3
                                                    : 0));
}

static kiln_value machine(struct kn_wasm_body *c, const char *name, const kiln_value *operands,
                          uint32_t n) {
  kiln_machine_info info;
  if (!kiln_machine_find(c->w->target, name, strlen(name), &info))
    kn_wasm_fail(&c->in, KILN_ERR_INTERNAL, c->op_at, "the target has no %s", name);
  return kiln_build_machine(c->f, info.row, operands, n);
}

kiln_value kn_wasm_build_round(struct kn_wasm_body *c, kiln_op op, kiln_type type, kiln_value a) {
  const struct native *native = &natives[c->w->target];
  const char *name = type == KILN_TYPE_F32 ? native->round_f32 : native->round_f64;
  if (c->f == NULL) return a;
  if (name == NULL) return kiln_build_unary(c->f, op, type, a);
  kiln_value v =
    kiln_build_vector(c->f, KILN_OP_VSPLAT, KILN_TYPE_V128, type, 0, a, (kiln_value){0});
  v = machine(c, name, (kiln_value[]){v, v, mode(c, op)}, 3);
  return kn_wasm_lane(c, type, 0, v);
}

void kn_wasm_do_vround(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  const struct native *native = &natives[c->w->target];
  kiln_type lane = (kiln_type)o->type;
  kiln_op op = (kiln_op)o->op;
  kiln_value a = kn_wasm_value(kn_wasm_pop(c, KILN_WASM_TYPE_V128)), v = a;
  const char *name = lane == KILN_TYPE_F32 ? native->round_f32s : native->round_f64s;
  unsigned n = 16 / kiln_type_size(lane);
  if (c->f == NULL) {
  } else if (name != NULL) {
    v = machine(c, name, (kiln_value[]){a, mode(c, op)}, 2);
  } else {
    for (unsigned i = 0; i < n; i++)
      v = kn_wasm_insert(c, lane, i, v,
                         kiln_build_unary(c->f, op, lane, kn_wasm_lane(c, lane, i, a)));
  }
  kn_wasm_push(c, KILN_WASM_TYPE_V128, v);
}

/* ---- extremes ---- */

/* Both signs of equal operands count, which are zeros if they differ: or for the minimum, and for the maximum. The
 * sum of operands of which one is NaN is a quiet NaN. */
kiln_value kn_wasm_build_extreme(struct kn_wasm_body *c, kiln_op op, kiln_type type, kiln_value a,
                                 kiln_value b) {
  kiln_func *f = c->f;
  if (f == NULL) return a;
  if (natives[c->w->target].extremes) return kiln_build_binary(f, op, type, a, b);
  bool least = op == KILN_OP_FMINIMUM;
  kiln_type integer = type == KILN_TYPE_F32 ? KILN_TYPE_I32 : KILN_TYPE_I64;
  kiln_value x = kiln_build_convert(f, KILN_OP_BITCAST, integer, type, a);
  kiln_value y = kiln_build_convert(f, KILN_OP_BITCAST, integer, type, b);
  kiln_value both = kiln_build_binary(f, least ? KILN_OP_OR : KILN_OP_AND, integer, x, y);
  both = kiln_build_convert(f, KILN_OP_BITCAST, type, integer, both);
  kiln_value sum = kiln_build_binary(f, KILN_OP_FADD, type, a, b);
  kiln_value first = kiln_build_fcmp(f, least ? KILN_FCOND_OLT : KILN_FCOND_OGT, type, a, b);
  kiln_value v = kiln_build_select(f, type, first, a, b);
  kiln_value equal = kiln_build_fcmp(f, KILN_FCOND_OEQ, type, a, b);
  v = kiln_build_select(f, type, equal, both, v);
  kiln_value unordered = kiln_build_fcmp(f, KILN_FCOND_UNO, type, a, b);
  return kiln_build_select(f, type, unordered, sum, v);
}
