/* Intrinsics about vectors: reductions, and accesses to memory for some of the lanes. Both lane by lane: a lane that is
 * not to be accessed reads and writes a slot of the frame in place of memory, so that there are no branches. Called by
 * intrinsic.c. */
#include "intrinsic.h"

/* ---- reductions ---- */

enum { FAST_REASSOC = 128 }; /* of a call's flags about floats: in any order (LLVMBitCodes.h) */

/* The operation on scalars, and on truth values (of i1: 1 is -1). */
static const struct {
  uint8_t op, of_mask;
  bool starts; /* argument 0 is a scalar to begin with */
} reductions[VC_COUNT] = {[VC_ADD] = {KILN_OP_ADD, KILN_OP_XOR, false},
                          [VC_AND] = {KILN_OP_AND, KILN_OP_AND, false},
                          [VC_FADD] = {KILN_OP_FADD, 0, true},
                          [VC_FMUL] = {KILN_OP_FMUL, 0, true},
                          [VC_FMAX] = {KILN_OP_FMAX, 0, false},
                          [VC_FMIN] = {KILN_OP_FMIN, 0, false},
                          [VC_FMAXIMUM] = {KILN_OP_FMAXIMUM, 0, false},
                          [VC_FMINIMUM] = {KILN_OP_FMINIMUM, 0, false},
                          [VC_MUL] = {KILN_OP_MUL, KILN_OP_AND, false},
                          [VC_OR] = {KILN_OP_OR, KILN_OP_OR, false},
                          [VC_SMAX] = {KILN_OP_SMAX, KILN_OP_AND, false},
                          [VC_SMIN] = {KILN_OP_SMIN, KILN_OP_OR, false},
                          [VC_UMAX] = {KILN_OP_UMAX, KILN_OP_OR, false},
                          [VC_UMIN] = {KILN_OP_UMIN, KILN_OP_AND, false},
                          [VC_XOR] = {KILN_OP_XOR, KILN_OP_XOR, false}};

/* One operation on vectors of one register, or none. */
static kiln_value both(struct kn_bc *r, kiln_op op, struct kn_bc_vec *x, kiln_value a,
                       kiln_value b) {
  static const uint8_t whole[] = {[KILN_OP_ADD] = KILN_OP_VADD,
                                  [KILN_OP_MUL] = KILN_OP_VMUL,
                                  [KILN_OP_FADD] = KILN_OP_VFADD,
                                  [KILN_OP_FMUL] = KILN_OP_VFMUL};
  struct kn_bc_vec y = *x, out;
  x->parts = 1;
  x->v[0] = a, y.v[0] = b;
  if (op != KILN_OP_FADD && op != KILN_OP_FMUL &&
      kn_bc_vec_native(r, op, (const struct kn_bc_vec *[]){x, &y}, 2, &out))
    return out.v[0];
  if (op == KILN_OP_AND || op == KILN_OP_OR || op == KILN_OP_XOR)
    return kiln_build_binary(r->f,
                             op == KILN_OP_AND  ? KILN_OP_VAND
                             : op == KILN_OP_OR ? KILN_OP_VOR
                                                : KILN_OP_VXOR,
                             x->chunk, a, b);
  if (op >= sizeof whole || whole[op] == KILN_OP_NONE) return (kiln_value){0};
  return kiln_build_vector(r->f, (kiln_op)whole[op], x->chunk, x->lane, 0, a, b);
}

/* The reduction of a vector that fills its registers, by halves: the first half and the second,
 * as long as there are two. None if there is no such operation. */
static kiln_value by_halves(struct kn_bc *r, kiln_op op, const struct kn_bc_vec *x) {
  struct kn_bc_vec one = *x;
  kiln_value v[KN_BC_MAX_CHUNKS];
  uint32_t parts = x->parts, size = kiln_type_size(x->lane);
  if (x->n != x->parts * x->per || (parts & (parts - 1))) return (kiln_value){0};
  memcpy(v, x->v, parts * sizeof *v);
  for (; parts > 1; parts /= 2)
    for (uint32_t i = 0; i < parts / 2; i++) {
      v[i] = both(r, op, &one, v[i], v[i + parts / 2]);
      if (v[i].id == 0) return v[i];
    }
  for (uint32_t n = kiln_type_size(x->chunk) / 2; n >= size; n /= 2) {
    uint16_t bytes[16];
    kiln_value upper = x->chunk == KILN_TYPE_V128
                         ? v[0]
                         : kiln_build_vector(r->f, KILN_OP_VRESIZE, KILN_TYPE_V128, KILN_TYPE_V64,
                                             0, v[0], (kiln_value){0});
    for (unsigned k = 0; k < 16; k++) bytes[k] = (uint16_t)(k < n ? k + n : KN_BC_ANY_BYTE);
    kn_bc_vec_bytes(r, &upper, 1, bytes, x->chunk, 1, &upper);
    v[0] = both(r, op, &one, v[0], upper);
    if (v[0].id == 0) return v[0];
  }
  return kiln_build_vector(r->f, KILN_OP_VEXTRACT, x->lane, x->chunk, 0, v[0], (kiln_value){0});
}

/* The reduction of a mask of up to 64 lanes, by its bits. */
static kiln_value of_mask(struct kn_bc *r, kiln_op op, const struct kn_bc_vec *x) {
  kiln_value bits = kn_bc_vec_bits(r, x, 0);
  if (op == KILN_OP_XOR) {
    bits = kiln_build_unary(r->f, KILN_OP_POPCNT, KILN_TYPE_I64, bits);
    bits = kiln_build_convert(r->f, KILN_OP_TRUNC, KILN_TYPE_I8, KILN_TYPE_I64, bits);
    return kiln_build_binary(r->f, KILN_OP_AND, KILN_TYPE_I8, bits, kiln_const_int(r->f, 1));
  }
  uint64_t all = x->n == 64 ? UINT64_MAX : (UINT64_C(1) << x->n) - 1;
  return kiln_build_icmp(r->f, op == KILN_OP_OR ? KILN_ICOND_NE : KILN_ICOND_EQ, KILN_TYPE_I64,
                         bits, kiln_const_int(r->f, op == KILN_OP_OR ? 0 : (int64_t)all));
}

/* Lane k as operation `op` needs it: the least or greatest of odd integers is found among extended ones. */
static kiln_value lane_of(struct kn_bc *r, kiln_op op, const struct kn_bc_vec *x, uint32_t k) {
  kiln_value v = kn_bc_vec_lane(r, x, k);
  bool s = op == KILN_OP_SMIN || op == KILN_OP_SMAX, u = op == KILN_OP_UMIN || op == KILN_OP_UMAX;
  if (!x->odd || (!s && !u)) return v;
  const struct kn_bc_type *t = &r->types.at[x->elem];
  return s ? kn_bc_sext_in(r, v, t) : kn_bc_zext_in(r, v, t);
}

static void reduce(struct kn_bc *r, unsigned what, const struct kn_bc_elem *params, uint32_t ret,
                   const uint32_t *ids, unsigned n) {
  struct kn_bc_vec x;
  bool starts = reductions[what].starts;
  if (n != 1u + starts) return (void)kn_bc_malformed(r, "bad call");
  if (!kn_bc_vec_get(r, ids[starts], params[starts].type, &x)) return;
  kiln_op op = (kiln_op)(x.mask ? reductions[what].of_mask : reductions[what].op);
  kiln_type type = x.mask ? KILN_TYPE_I8 : x.lane;
  if (ret != x.elem || op == KILN_OP_NONE || (starts && params[0].type != x.elem) ||
      (kiln_type_is_float(type) || x.soft) !=
        (what == VC_FADD || what == VC_FMUL || (what >= VC_FMAX && what <= VC_FMINIMUM)))
    return (void)kn_bc_unsupported(r, "an intrinsic with these types");
  kiln_value v = {0};
  bool any_order = !starts || (r->fn.fast_call == r->vals.n && r->fn.fast_flags & FAST_REASSOC);
  if (x.mask && x.n <= 64) v = of_mask(r, op, &x);
  else if (!x.mask && !x.soft && !x.apart && any_order) v = by_halves(r, op, &x);
  if (v.id) {
    if (starts) v = kiln_build_binary(r->f, op, type, kn_bc_use(r, ids[0], x.elem), v);
    kn_bc_def(r, ret, v);
    return;
  }
  v = starts ? kn_bc_use(r, ids[0], x.elem) : lane_of(r, op, &x, 0);
  for (uint32_t k = !starts; k < x.n; k++) {
    kiln_value both[2] = {v, lane_of(r, op, &x, k)};
    v = x.soft ? kn_bc_float_op(r, &r->types.at[x.elem], op, both, 2)
               : kiln_build_binary(r->f, op, type, both[0], both[1]);
  }
  kn_bc_def(r, ret, v);
}

/* ---- some of the lanes in memory ---- */

/* Accesses the lanes of x, at `at` one after the other or at the lanes of `to`, where `mask`
 * says so; `dense`: without the gaps of lanes that are not accessed. A load replaces these lanes
 * of x. */
static void access(struct kn_bc *r, bool load, bool dense, kiln_value at,
                   const struct kn_bc_vec *to, struct kn_bc_vec *x, const struct kn_bc_vec *mask) {
  kiln_func *f = r->f;
  kiln_value lanes[KN_BC_MAX_LANES], nowhere = kiln_slot_new(f, 16, 4);
  uint32_t size = kiln_type_size(x->lane);
  for (uint32_t k = 0; k < x->n; k++) {
    kiln_value on = kn_bc_vec_lane(r, mask, k), v = kn_bc_vec_lane(r, x, k), here = at;
    if (to) here = kn_bc_vec_lane(r, to, k);
    else if (!dense && k) here = kiln_build_addr(f, at, (kiln_value){0}, 0, (int32_t)(k * size));
    kiln_value place = kiln_build_select(f, KILN_TYPE_I64, on, here, nowhere);
    if (load)
      lanes[k] = kiln_build_select(f, x->lane, on, kiln_build_load(f, x->lane, place, 0, 0), v);
    else kiln_build_store(f, x->lane, place, 0, v, 0);
    if (!dense) continue;
    kiln_value step = kiln_build_convert(f, KILN_OP_ZEXT, KILN_TYPE_I64, KILN_TYPE_I8, on);
    at = kiln_build_addr(f, at, step, size, 0);
  }
  if (load) kn_bc_vec_from_lanes(r, x, lanes);
}

/* The arguments differ by version: before LLVM 22, most have the alignment as an i32 after the address. */
static void masked(struct kn_bc *r, unsigned what, const struct kn_bc_elem *params, uint32_t ret,
                   const uint32_t *ids, unsigned n) {
  bool load = what == VC_LOAD || what == VC_GATHER || what == VC_EXPAND;
  bool lanes = what == VC_GATHER || what == VC_SCATTER;
  struct kn_bc_vec x, mask, to;
  unsigned at = load ? 0 : 1;                            /* the address */
  unsigned m = n - (load ? 2 : 1), v = load ? n - 1 : 0; /* the mask, the value */
  if (n < 3 || n > 4) return (void)kn_bc_malformed(r, "bad call");
  if (!kn_bc_vec_get(r, ids[v], params[v].type, &x) ||
      !kn_bc_vec_get(r, ids[m], params[m].type, &mask))
    return;
  if (lanes && !kn_bc_vec_get(r, ids[at], params[at].type, &to)) return;
  if (x.mask || x.odd || !mask.mask || mask.n != x.n || (load && ret != x.type) ||
      (lanes ? to.n != x.n || to.lane != KILN_TYPE_I64
             : r->types.at[params[at].type].kind != TK_PTR))
    return (void)kn_bc_unsupported(r, "this access to a part of a vector");
  kiln_value a = {0};
  if (!lanes) a = kn_bc_use(r, ids[at], params[at].type);
  if (r->status != KILN_OK) return;
  access(r, load, what == VC_COMPRESS || what == VC_EXPAND, a, lanes ? &to : NULL, &x, &mask);
  if (load) kn_bc_vec_def(r, &x);
}

/* The number of the first lane that is not 0, or how many there are. */
static void first_lane(struct kn_bc *r, const struct kn_bc_elem *params, uint32_t ret,
                       const uint32_t *ids, unsigned n) {
  kiln_func *f = r->f;
  struct kn_bc_vec x;
  const struct kn_bc_type *rt = &r->types.at[ret];
  if (n != 2 || rt->kind != TK_INT || rt->bits > 64 || !kn_bc_scalar(r, ret))
    return (void)kn_bc_unsupported(r, "llvm.experimental.cttz.elts of this type");
  if (!kn_bc_vec_get(r, ids[0], params[0].type, &x)) return;
  if (x.odd) return (void)kn_bc_unsupported(r, "llvm.experimental.cttz.elts of this type");
  kiln_value v;
  if (x.mask && x.n < 64) {
    v = kn_bc_vec_bits(r, &x, 0);
    v = kiln_build_binary(f, KILN_OP_OR, KILN_TYPE_I64, v, kiln_const_int(f, INT64_C(1) << x.n));
    v = kiln_build_unary(f, KILN_OP_CTZ, KILN_TYPE_I64, v);
  } else {
    kiln_type lane = x.mask ? KILN_TYPE_I8 : x.lane;
    v = kiln_const_int(f, x.n);
    for (uint32_t k = x.n; k-- > 0;) {
      kiln_value is =
        kiln_build_icmp(f, KILN_ICOND_NE, lane, kn_bc_vec_lane(r, &x, k), kiln_const_int(f, 0));
      v = kiln_build_select(f, KILN_TYPE_I64, is, kiln_const_int(f, k), v);
    }
  }
  if (rt->ktype != KILN_TYPE_I64)
    v = kiln_build_convert(f, KILN_OP_TRUNC, (kiln_type)rt->ktype, KILN_TYPE_I64, v);
  kn_bc_def(r, ret, v);
}

/* Which lanes of the second vector are added to which of the first is left open; these are the ones that LLVM adds. */
static void partial_sum(struct kn_bc *r, const struct kn_bc_elem *params, uint32_t ret,
                        const uint32_t *ids, unsigned n) {
  struct kn_bc_vec sum, x;
  kiln_value lanes[KN_BC_MAX_LANES];
  if (n != 2 || ret != params[0].type) return (void)kn_bc_malformed(r, "bad call");
  if (!kn_bc_vec_get(r, ids[0], params[0].type, &sum) ||
      !kn_bc_vec_get(r, ids[1], params[1].type, &x))
    return;
  if (sum.elem != x.elem || x.mask || !kiln_type_is_int(x.lane) || x.n % sum.n)
    return (void)kn_bc_unsupported(r, "llvm.vector.partial.reduce.add of this type");
  for (uint32_t k = 0; k < sum.n; k++) {
    lanes[k] = kn_bc_vec_lane(r, &sum, k);
    for (uint32_t i = k; i < x.n; i += sum.n)
      lanes[k] = kiln_build_binary(r->f, KILN_OP_ADD, x.lane, lanes[k], kn_bc_vec_lane(r, &x, i));
  }
  kn_bc_vec_from_lanes(r, &sum, lanes);
  kn_bc_vec_def(r, &sum);
}

void kn_in_vector(const struct call *c) {
  struct kn_bc *r = c->r;
  const unsigned what = c->row->op, n = c->n;
  uint32_t ids[4];
  if (n > 4) return (void)kn_bc_malformed(r, "bad call");
  for (unsigned i = 0; i < n; i++) ids[i] = arg_id(c, i);
  if (what == VC_FIRST) first_lane(r, c->params, c->ret, ids, n);
  else if (what == VC_PARTIAL_SUM) partial_sum(r, c->params, c->ret, ids, n);
  else if (what >= VC_ADD) reduce(r, what, c->params, c->ret, ids, n);
  else masked(r, what, c->params, c->ret, ids, n);
}
