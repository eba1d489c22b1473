/* The rarer instructions: addresses, aggregates, phis, stack, switches, atomics, and diagnostics
 * for those that are not implemented. Called by record.c with a record's operands.
 * Invariant: aggregates are runs of handles in r->fn.parts, one per scalar part of their type, and no
 * run is written again once it is a value. */
#include "frequent.h"

#include <kiln/inspect.h>

static bool too_short(struct kn_bc *r) {
  return kn_bc_malformed(r, "a record of the wrong length");
}

/* ---- addresses ---- */

/* The index `id` as an i64; none if it is a vector, or after an error. */
static inline kiln_value index64(struct kn_bc *r, uint32_t id) {
  uint32_t type = kn_bc_type_of(r, id);
  const struct kn_bc_type *t = &r->types.at[type];
  if (t->kind != TK_INT || !t->ktype) {
    if (t->kind == TK_WIDE) kn_bc_bad_type(r, type);
    else if (t->kind != TK_VECTOR) kn_bc_malformed(r, "an index that is not an integer");
    return (kiln_value){0};
  }
  if (t->ktype == KILN_TYPE_I64 && t->fit == FIT_EXACT) return kn_bc_use(r, id, type);
  kiln_value v = kn_bc_use_s(r, id, type);
  if (t->ktype == KILN_TYPE_I64) return v;
  return kiln_build_convert(r->f, t->ktype == KILN_TYPE_I128 ? KILN_OP_TRUNC : KILN_OP_SEXT,
                            KILN_TYPE_I64, (kiln_type)t->ktype, v);
}

kiln_value kn_bc_index64(struct kn_bc *r, uint32_t id) { return index64(r, id); }

/* True if the next record is a load or a store whose address is the value that is about to be defined, as is usual.
 * Then no instruction needs to compute the address: loads and stores add the displacement (VS_ADDR). */
static bool access_follows(struct kn_bc *r) {
  uint64_t w = kn_bits_peek(&r->in.bits, r->in.bits.pos);
  unsigned id = (unsigned)w & ((1u << r->in.width) - 1), form = r->in.known[id].form;
  if (KN_UNLIKELY(form == FORM_SKIP || (form == FORM_UNABBREV && r->has_debug)))
    form = kn_bc_form_ahead(r, &w);
  return (form == FORM_LOAD || form == FORM_STORE) && (w >> r->in.width & 63) == 1 &&
         r->vals.n >= r->fn.zeroed && !r->again.no_addrs;
}

void kn_bc_gep(struct kn_bc *r, uint32_t source, uint32_t base, const uint32_t *idx, unsigned n) {
  uint32_t type = source, base_type = kn_bc_type_of(r, base);
  if (KN_UNLIKELY(r->types.at[base_type].ktype != KILN_TYPE_PTR ||
                  r->types.at[base_type].kind != TK_PTR)) {
    if (r->types.at[base_type].kind == TK_PTR) kn_bc_bad_type(r, base_type);
    else if (r->types.at[base_type].kind == TK_VECTOR) kn_bc_vec_gep(r, source, base, idx, n);
    else kn_bc_malformed(r, "getelementptr of something that is not a pointer");
    return;
  }
  kiln_value a = kn_bc_use(r, base, base_type), index = {0};
  bool same = true; /* so far the address is equal to the base */
  uint64_t disp = 0;
  unsigned scale = 0;
  for (unsigned i = 0; i < n; i++) {
    const struct kn_bc_type *t = &r->types.at[type];
    uint64_t step;
    int64_t k;
    bool known = kn_bc_is_int(r, idx[i], &k);
    if (i == 0) {
      if (KN_UNLIKELY(t->size == 0) && !kn_bc_sized(r, type)) return;
      step = t->size;
    } else if (t->kind == TK_STRUCT) {
      if (KN_UNLIKELY(!known && kn_bc_is_vector(r, idx[i]))) {
        kn_bc_vec_gep(r, source, base, idx, n);
        return;
      }
      if (!known || (uint64_t)k >= t->n)
        return (void)kn_bc_malformed(r, "struct index out of range");
      const struct kn_bc_elem *e = &r->m->elems.at[t->first + (uint32_t)k];
      disp += e->offset;
      type = e->type;
      continue;
    } else {
      if (!kn_bc_stepped(r, type)) return;
      type = r->m->elems.at[t->first].type;
      step = r->types.at[type].size;
    }
    if (known) {
      disp += (uint64_t)k * step;
      continue;
    }
    kiln_value v = index64(r, idx[i]);
    if (KN_UNLIKELY(v.id == 0) && (r->status != KILN_OK || kn_bc_vec_gep(r, source, base, idx, n)))
      return;
    if (step == 0) continue;
    if (scale) a = kiln_build_addr(r->f, a, index, scale, 0);
    same = false;
    index = v;
    scale = (unsigned)step;
    if (step > 65535) {
      index =
        kiln_build_binary(r->f, KILN_OP_MUL, KILN_TYPE_I64, v, kiln_const_int(r->f, (int64_t)step));
      scale = 1;
    }
  }
  if ((int64_t)disp == (int32_t)disp) {
    if (!scale && disp && access_follows(r)) {
      struct kn_bc_addr addr = {a.id, (int32_t)disp, r->fn.bb};
      if (!KN_BC_PUSH(r, r->fn.addrs, addr)) return;
      kn_bc_def(r, base_type | (uint32_t)VS_ADDR << 24, (kiln_value){r->fn.addrs.n - 1});
      return;
    }
    if (scale || disp) a = kiln_build_addr(r->f, a, index, scale, (int32_t)disp);
    else if (same && base >= r->vals.n) a = kn_bc_same(r, base, base_type);
  } else {
    if (scale) a = kiln_build_addr(r->f, a, index, scale, 0);
    a = kiln_build_binary(r->f, KILN_OP_ADD, KILN_TYPE_I64, a, kiln_const_int(r->f, (int64_t)disp));
  }
  kn_bc_def(r, base_type, a);
}

/* ---- aggregates ---- */

/* Follows indices into aggregate `*type`; adds the number of parts before the element to *part. */
static bool follow(struct kn_bc *r, const uint64_t *ops, unsigned n, uint32_t *type,
                   uint32_t *part) {
  for (unsigned i = 0; i < n; i++) {
    const struct kn_bc_type *t = &r->types.at[*type];
    if (t->kind == TK_STRUCT && ops[i] < t->n) {
      for (uint32_t k = 0; k <= ops[i]; k++) {
        *type = r->m->elems.at[t->first + k].type;
        if (!kn_bc_split(r, *type)) return false;
        if (k < ops[i]) *part += r->types.at[*type].n_pieces;
      }
    } else if (t->kind == TK_ARRAY && ops[i] < t->count) {
      *type = r->m->elems.at[t->first].type;
      if (!kn_bc_split(r, *type)) return false;
      *part += (uint32_t)ops[i] * r->types.at[*type].n_pieces;
    } else if (t->kind != TK_STRUCT && t->kind != TK_ARRAY) {
      return kn_bc_surplus(r, "extractvalue or insertvalue", i);
    } else {
      return kn_bc_malformed(r, "index into an aggregate out of range");
    }
  }
  return true;
}

static void extract_value(struct kn_bc *r, const uint64_t *ops, unsigned n) {
  unsigned i = 0;
  uint32_t id, type, part = 0;
  struct kn_bc_run x;
  if (!kn_bc_operand(r, ops, n, &i, &id, &type)) return;
  x.first = kn_bc_parts(r, id, type);
  if (x.first == UINT32_MAX || !follow(r, ops + i, n - i, &type, &part)) return;
  if (id < r->vals.n) return kn_bc_define_within(r, type, &x, part);
  kiln_value copy[KN_BC_MAX_PIECES]; /* parts of a forward value: copies, which can be bound */
  const struct kn_bc_type *t = &r->types.at[type];
  for (uint32_t k = 0; k < kn_bc_n_parts(t); k++)
    copy[k] =
      kiln_build_unary(r->f, KILN_OP_COPY, kn_bc_part_type(r, t, k), kn_bc_part(r, &x, part + k));
  kn_bc_define(r, type, copy);
}

static void insert_value(struct kn_bc *r, const uint64_t *ops, unsigned n) {
  unsigned i = 0;
  uint32_t id, type, value, vtype, part = 0;
  if (!kn_bc_operand(r, ops, n, &i, &id, &type) || !kn_bc_operand(r, ops, n, &i, &value, &vtype))
    return;
  struct kn_bc_run whole, v;
  kiln_value all[KN_BC_MAX_PIECES];
  uint32_t inner = type;
  whole.first = kn_bc_parts(r, id, type);
  if (whole.first == UINT32_MAX || !follow(r, ops + i, n - i, &inner, &part)) return;
  if (!kn_bc_types_agree(r, inner, vtype))
    return (void)kn_bc_malformed(r, "an inserted value of another type");
  if (!kn_bc_run(r, value, vtype, &v)) return;
  for (uint32_t k = 0; k < r->types.at[type].n_pieces; k++) all[k] = kn_bc_part(r, &whole, k);
  for (uint32_t k = 0; k < v.n; k++) all[part + k] = kn_bc_part(r, &v, k);
  kn_bc_define(r, type, all);
}

/* ---- values without operations ---- */

static void freeze(struct kn_bc *r, const uint64_t *ops, unsigned n) {
  unsigned i = 0;
  uint32_t id, type;
  struct kn_bc_run x;
  if (!kn_bc_operand(r, ops, n, &i, &id, &type) || !kn_bc_ends(r, "freeze", i, n)) return;
  if (!kn_bc_in_parts(&r->types.at[type])) { /* if it is not defined yet, a copy */
    if (kn_bc_scalar(r, type)) kn_bc_def(r, type, kn_bc_same(r, id, type));
  } else if (kn_bc_run(r, id, type, &x)) {
    if (id < r->vals.n) kn_bc_define_within(r, type, &x, 0);
    else kn_bc_unsupported(r, "freeze of an aggregate that is defined later");
  }
}

static void negate(struct kn_bc *r, const uint64_t *ops, unsigned n) {
  unsigned i = 0;
  uint32_t id, type;
  if (!kn_bc_operand(r, ops, n, &i, &id, &type)) return;
  if (i >= n) return (void)too_short(r);
  if (ops[i] != 0) return (void)kn_bc_unknown(r, "unary operation", ops[i]);
  if (!kn_bc_ends(r, "unary operation", i + 2, n)) return;
  if (n - i > 1 && !kn_bc_flags(r, "a unary operation", ops[i + 1], KN_BC_FAST_FLAGS)) return;
  kn_bc_kinds[r->types.at[type].kind].negate(r, id, type);
}

/* Is `v` a division of floats in the current LLVM block? */
static bool is_division(const struct kn_bc *r, kiln_value v) {
  const kiln_inst_info is = kiln_inst_get(r->f, (kiln_inst){v.id});
  return is.op == KILN_OP_FDIV && (is.block.id == r->fn.bb || is.block.id >= r->fn.n_bbs);
}

/* The comparison or division `v`, built again. */
static kiln_value again(struct kn_bc *r, kiln_value v) {
  const kiln_inst at = {v.id};
  const kiln_inst_info is = kiln_inst_get(r->f, at);
  const kiln_value x = kiln_inst_operand(r->f, at, 0), y = kiln_inst_operand(r->f, at, 1);
  if (is.op == KILN_OP_ICMP) return kiln_build_icmp(r->f, (kiln_icond)is.cond, is.type, x, y);
  if (is.op == KILN_OP_FCMP) return kiln_build_fcmp(r->f, (kiln_fcond)is.cond, is.type, x, y);
  return kiln_build_binary(r->f, is.op, is.type, x, y);
}

/* Selects a float by a branch if a side is a division, so that it is computed only where it is selected, as in the
 * program's source: LLVM's passes make selections of such branches, which its code generation undoes
 * (CodeGenPrepare::optimizeSelectInst). The exceptions that fetestexcept and Fortran's STOP report depend on it. Kiln
 * drops the operations before the branch if nothing else uses them. Returns none if no side is a division, and for
 * operations by name, whose users chose the selection and go on in the same block. */
static kiln_value select_by_branch(struct kn_bc *r, kiln_type type, kiln_value cond,
                                   const kiln_value side[2]) {
  const bool divides[2] = {is_division(r, side[0]), is_division(r, side[1])};
  if (!(divides[0] || divides[1]) || r->m->has_strict || r->operation) return (kiln_value){0};
  const kiln_op compares = kiln_inst_get(r->f, (kiln_inst){cond.id}).op;
  if (compares != KILN_OP_FCMP && compares != KILN_OP_ICMP) return (kiln_value){0};
  const kiln_block join = kiln_block_new(r->f);
  const kiln_value result = kiln_block_add_param(r->f, join, type);
  kiln_block to[2];
  for (unsigned k = 0; k < 2; k++) to[k] = divides[k] ? kiln_block_new(r->f) : join;
  cond = again(r, cond); /* next to its branch */
  kiln_build_brif(r->f, cond, to[0], &side[0], !divides[0], to[1], &side[1], !divides[1]);
  for (unsigned k = 0; k < 2; k++) {
    if (!divides[k]) continue;
    kiln_block_switch(r->f, to[k]);
    const kiln_value quotient = again(r, side[k]);
    kiln_build_br(r->f, join, &quotient, 1);
  }
  kn_bc_split_to(r, join);
  return result;
}

static void select_value(struct kn_bc *r, const uint64_t *ops, unsigned n) {
  unsigned i = 0;
  uint32_t a, b, c, type, ctype;
  if (!kn_bc_operand(r, ops, n, &i, &a, &type)) return;
  if (i >= n) return (void)too_short(r);
  b = kn_bc_absolute(r, ops[i++]);
  if (!kn_bc_operand(r, ops, n, &i, &c, &ctype) || !kn_bc_ends(r, "select", i + 1, n)) return;
  if (n > i && !kn_bc_flags(r, "a select", ops[i], kn_bc_is_float(r, type) ? KN_BC_FAST_FLAGS : 0))
    return;
  if (r->types.at[ctype].fit != FIT_BOOL) {
    if (r->types.at[ctype].kind == TK_VECTOR) kn_bc_vec_select(r, a, b, c, type, ctype);
    else kn_bc_malformed(r, "a condition that is not an i1");
    return;
  }
  const struct kn_bc_type *t = &r->types.at[type];
  struct kn_bc_run x, y;
  kiln_value out[KN_BC_MAX_PIECES], cond = kn_bc_use(r, c, ctype);
  if (!kn_bc_run(r, a, type, &x) || !kn_bc_run(r, b, type, &y)) return;
  for (uint32_t k = 0; k < x.n; k++) {
    kiln_type kt = kn_bc_part_type(r, t, k);
    kiln_value v = kn_bc_part(r, &x, k), w = kn_bc_part(r, &y, k);
    out[k] = kn_bc_in_parts(t) ? (kiln_value){0} : kn_bc_select_truth(r, cond, kt, v, w);
    if (!out[k].id && t->kind == TK_FLOAT)
      out[k] = select_by_branch(r, kt, cond, (kiln_value[]){v, w});
    if (!out[k].id) out[k] = kiln_build_select(r->f, kt, cond, v, w);
  }
  kn_bc_define(r, type, out);
}

/* ---- phis ---- */

/* Sets the phi's arguments: the record's operands are (value, block) pairs from `ops`. `params` are the
 * block's parameters: one, or one per part. */
static void incoming(struct kn_bc *r, const uint64_t *ops, unsigned pairs, uint32_t type,
                     uint32_t first_param, uint32_t phi) {
  kiln_block target = {r->fn.bb};
  r->fn.no_code = true;
  if (pairs > 1 && r->fn.stamps.n != r->fn.n_bbs) {
    if (!KN_BC_ROOM(r, r->fn.stamps, r->fn.n_bbs)) return;
    memset(r->fn.stamps.at, 0, r->fn.n_bbs * sizeof *r->fn.stamps.at);
    r->fn.stamps.n = r->fn.n_bbs;
    r->fn.stamp = 0;
  }
  r->fn.stamp++;
  for (unsigned i = 0; i < pairs && r->status == KILN_OK; i++, ops += 2) {
    if (ops[1] >= r->fn.n_bbs) {
      kn_bc_malformed(r, "block number out of range");
      break;
    }
    uint32_t pred = (uint32_t)ops[1];
    if (pairs > 1) { /* there may be several edges from one block: they share one argument */
      if (r->fn.stamps.at[pred] == r->fn.stamp) continue;
      r->fn.stamps.at[pred] = r->fn.stamp;
    }
    uint32_t id = phi - (uint32_t)kn_bits_signed(ops[0]);
    struct kn_bc_run x;
    if (!kn_bc_run(r, id, type, &x)) break;
    for (uint32_t k = 0; k < x.n; k++)
      kn_bc_phi_arg(r, pred, target, first_param + k, kn_bc_part(r, &x, k));
  }
  r->fn.no_code = false;
}

void kn_bc_phi_arg(struct kn_bc *r, uint32_t pred, kiln_block target, uint32_t index,
                   kiln_value v) {
  if (pred >= r->fn.bb) { /* the block may yet be split: see kn_bc_split_block */
    KN_BC_PUSH(r, r->fn.late, (struct kn_bc_late){pred, target.id, index, v.id});
    return;
  }
  kiln_block from = {pred};
  if (KN_UNLIKELY(r->fn.pads.n != 0 || r->fn.ends.n != 0))
    from = kn_bc_edge_from(r, pred, target.id);
  kiln_edge_set_arg(r->f, from, target, index, v);
}

static void phi(struct kn_bc *r, const uint64_t *ops, unsigned n) {
  if (n < 1 || ops[0] >= r->types.n) return (void)too_short(r);
  uint32_t type = (uint32_t)ops[0], phi_id = r->vals.n;
  if (n % 2 == 0 &&
      !kn_bc_flags(r, "a phi", ops[n - 1], kn_bc_is_float(r, type) ? KN_BC_FAST_FLAGS : 0))
    return;
  if (!kn_bc_split(r, type)) return;
  const struct kn_bc_type *t = &r->types.at[type];
  const uint32_t param = r->fn.n_params, count = kn_bc_n_parts(t);
  kiln_value v[KN_BC_MAX_PIECES];
  r->fn.n_params += count;
  for (uint32_t k = 0; k < count; k++)
    v[k] = kiln_block_add_param(r->f, (kiln_block){r->fn.bb}, kn_bc_part_type(r, t, k));
  kn_bc_define(r, type, v);
  incoming(r, ops + 1, (n - 1) / 2, type, param, phi_id);
}

/* ---- stack ---- */

/* [type, size's type, size (absolute), flags, space?] */
static void stack(struct kn_bc *r, const uint64_t *ops, unsigned n) {
  if (n < 4 || ops[0] >= r->types.n || ops[1] >= r->types.n || ops[2] >= r->vals.n)
    return (void)kn_bc_malformed(r, "bad alloca");
  if (!kn_bc_ends(r, "alloca", 5, n)) return;
  if (n > 4 && ops[4]) return (void)kn_bc_unsupported(r, "this kind of alloca");
  kn_bc_alloca(r, (uint32_t)ops[0], (uint32_t)ops[2], ops[3]);
}

/* An alloca of `count` elements outside of the entry, or of a number that is only known when the program runs. */
static __attribute__((noinline)) void dynamic_alloca(struct kn_bc *r, uint32_t type, uint32_t count,
                                                     unsigned align) {
  const struct kn_bc_type *t = &r->types.at[type];
  uint32_t ctype = kn_bc_type_of(r, count);
  const struct kn_bc_type *ct = &r->types.at[ctype];
  if (ct->kind != TK_INT || !ct->ktype) {
    if (ct->kind == TK_WIDE) kn_bc_bad_type(r, ctype);
    else kn_bc_malformed(r, "bad alloca");
    return;
  }
  kiln_value v = kn_bc_use_z(r, count, ctype);
  if (ct->ktype != KILN_TYPE_I64)
    v = kiln_build_convert(r->f, ct->ktype == KILN_TYPE_I128 ? KILN_OP_TRUNC : KILN_OP_ZEXT,
                           KILN_TYPE_I64, (kiln_type)ct->ktype, v);
  if (t->size != 1)
    v = kiln_build_binary(r->f, KILN_OP_MUL, KILN_TYPE_I64, v,
                          kiln_const_int(r->f, (int64_t)t->size));
  kn_bc_def(r, r->m->ptr_type, kiln_build_salloc(r->f, v, align));
}

void kn_bc_alloca(struct kn_bc *r, uint32_t type, uint32_t count, uint64_t flags) {
  /* 5 bits of the alignment, inalloca, explicit type, swifterror, 3 more bits of the alignment */
  if (KN_UNLIKELY((flags & ~UINT64_C(0x71f)) != 1 << 6))
    return (void)(kn_bc_flags(r, "an alloca", flags, 0x7ff) &&
                  kn_bc_unsupported(r, flags & 1 << 6
                                         ? "this kind of alloca"
                                         : "a record of LLVM 3 (LLVM 11 and newer can be read)"));
  const struct kn_bc_type *t = &r->types.at[type];
  if (KN_UNLIKELY(t->size == 0) && !kn_bc_sized(r, type)) return;
  unsigned align = (unsigned)((flags & 31) | (flags >> 8 & 7) << 5);
  align = align ? align - 1 : t->align_log2;
  if (KN_UNLIKELY(align > 16))
    return (void)kn_bc_fail(r, KILN_ERR_LIMIT, "an alignment is larger than 65536 bytes");
  int64_t k;
  if (KN_UNLIKELY(r->fn.bb != 0 || !kn_bc_is_int(r, count, &k))) {
    dynamic_alloca(r, type, count, align);
    return;
  }
  uint64_t size;
  if (KN_UNLIKELY(__builtin_mul_overflow(t->size, (uint64_t)k, &size) || size > INT32_MAX))
    return (void)kn_bc_fail(r, KILN_ERR_LIMIT, "a stack variable has 2 GiB or more");
  kiln_value slot = kiln_slot_new(r->f, size ? size : 1, align);
  if (KN_UNLIKELY(r->fn.harden.guard != KILN_GUARD_NONE) && kn_bc_harden_is_array(r, type, k))
    kiln_slot_set_array(r->f, slot);
  kn_bc_def(r, r->m->ptr_type | (uint32_t)VS_SLOT << 24, slot);
}

/* [list's type, list, type] */
static void va_arg(struct kn_bc *r, const uint64_t *ops, unsigned n) {
  if (n < 3 || ops[2] >= r->types.n) return (void)too_short(r);
  if (!kn_bc_ends(r, "va_arg", 3, n)) return;
  uint32_t type = (uint32_t)ops[2];
  if (kn_bc_is_aggregate(&r->types.at[type]))
    return (void)kn_bc_unsupported(r, "va_arg of an aggregate");
  if (!kn_bc_scalar(r, type)) return;
  if (r->types.at[type].fit != FIT_EXACT)
    return (void)kn_bc_unsupported(r, "va_arg of an integer of odd width");
  kiln_value list = kn_bc_use(r, kn_bc_absolute(r, ops[1]), r->m->ptr_type);
  kn_bc_def(r, type, kiln_build_va_arg(r->f, (kiln_type)r->types.at[type].ktype, list));
}

/* ---- branches ---- */

/* A switch on more than 64 bits: comparisons compute the number of the case, which Kiln's switch then takes. */
static void wide_switch(struct kn_bc *r, const uint64_t *ops, uint32_t count) {
  uint32_t type = (uint32_t)ops[0];
  if (!kn_bc_scalar(r, type)) return;
  kiln_value v = kn_bc_use_z(r, kn_bc_absolute(r, ops[1]), type), number = kiln_const_int(r->f, 0);
  for (uint32_t i = 0; i < count; i++) {
    uint64_t id = ops[3 + 2 * i], bb = ops[4 + 2 * i];
    if (id >= r->inst_base || bb >= r->fn.n_bbs)
      return (void)kn_bc_malformed(r, "bad case of a switch");
    kiln_value same =
      kiln_build_icmp(r->f, KILN_ICOND_EQ, KILN_TYPE_I128, v, kn_bc_use_z(r, (uint32_t)id, type));
    number = kiln_build_select(r->f, KILN_TYPE_I32, same, kiln_const_int(r->f, i + 1), number);
    r->tmp.cases.at[i] = (kiln_switch_case){i + 1, {(uint32_t)bb}};
  }
  if (ops[2] >= r->fn.n_bbs) return (void)kn_bc_malformed(r, "block number out of range");
  kiln_build_switch(r->f, KILN_TYPE_I32, number, (kiln_block){(uint32_t)ops[2]}, r->tmp.cases.at,
                    count);
}

/* [type, value, default, (case's value (absolute), block)...] */
static void switch_value(struct kn_bc *r, const uint64_t *ops, unsigned n) {
  if (n < 3 || ops[0] >= r->types.n) return (void)too_short(r);
  if (n % 2 == 0) return (void)kn_bc_surplus(r, "switch", n - 1);
  uint32_t type = (uint32_t)ops[0], count = (n - 3) / 2;
  const struct kn_bc_type *t = &r->types.at[type];
  if (t->kind != TK_INT) {
    if (t->kind == TK_WIDE) kn_bc_unsupported(r, "a switch on an integer wider than 128 bits");
    else kn_bc_malformed(r, "a switch on something that is not an integer");
    return;
  }
  if (!KN_BC_ROOM(r, r->tmp.cases, count)) return;
  if (t->bits > 64) {
    wide_switch(r, ops, count);
    return;
  }
  uint64_t mask = t->fit == FIT_EXACT ? UINT64_MAX : (UINT64_C(1) << t->bits) - 1;
  for (uint32_t i = 0; i < count; i++) {
    uint64_t id = ops[3 + 2 * i], bb = ops[4 + 2 * i];
    int64_t k;
    if (id >= r->inst_base || !kn_bc_is_int(r, (uint32_t)id, &k) || bb >= r->fn.n_bbs)
      return (void)kn_bc_malformed(r, "bad case of a switch");
    r->tmp.cases.at[i] = (kiln_switch_case){(int64_t)((uint64_t)k & mask), {(uint32_t)bb}};
  }
  if (ops[2] >= r->fn.n_bbs) return (void)kn_bc_malformed(r, "block number out of range");
  kiln_value v = kn_bc_use_z(r, kn_bc_absolute(r, ops[1]), type);
  kiln_build_switch(r->f, (kiln_type)t->ktype, v, (kiln_block){(uint32_t)ops[2]}, r->tmp.cases.at,
                    count);
}

/* [type, address, blocks...] */
static void indirect_branch(struct kn_bc *r, const uint64_t *ops, unsigned n) {
  if (n < 2) return (void)too_short(r);
  kiln_value a = kn_bc_use(r, kn_bc_absolute(r, ops[1]), r->m->ptr_type);
  if (!KN_BC_ROOM(r, r->tmp.targets, n)) return;
  uint32_t count = 0;
  if (!KN_BC_ROOM(r, r->fn.stamps, r->fn.n_bbs)) return;
  memset(r->fn.stamps.at, 0, r->fn.n_bbs * sizeof *r->fn.stamps.at);
  r->fn.stamps.n = r->fn.n_bbs;
  r->fn.stamp = 1;
  for (unsigned i = 2; i < n; i++) {
    if (ops[i] >= r->fn.n_bbs) return (void)kn_bc_surplus(r, "indirectbr", i);
    if (r->fn.stamps.at[ops[i]]) continue; /* listed before */
    r->fn.stamps.at[ops[i]] = 1;
    r->tmp.targets.at[count++] = (kiln_block){(uint32_t)ops[i]};
  }
  if (count == 0) kiln_build_nullary(r->f, KILN_OP_UNREACHABLE);
  else kiln_build_brind(r->f, a, r->tmp.targets.at, count);
}

/* ---- dispatch by record code ---- */

void kn_bc_inst(struct kn_bc *r, unsigned code, const uint64_t *ops, unsigned n) {
  switch (code) {
  case FUNC_PHI: phi(r, ops, n); return;
  case FUNC_VSELECT: select_value(r, ops, n); return;
  case FUNC_ALLOCA: stack(r, ops, n); return;
  case FUNC_EXTRACTVAL: extract_value(r, ops, n); return;
  case FUNC_INSERTVAL: insert_value(r, ops, n); return;
  case FUNC_UNOP: negate(r, ops, n); return;
  case FUNC_FREEZE: freeze(r, ops, n); return;
  case FUNC_SWITCH: switch_value(r, ops, n); return;
  case FUNC_INDIRECTBR: indirect_branch(r, ops, n); return;
  case FUNC_INVOKE: kn_bc_invoke(r, ops, n); return;
  case FUNC_LANDINGPAD: kn_bc_landing_pad(r, ops, n); return;
  case FUNC_RESUME: kn_bc_resume(r, ops, n); return;
  case FUNC_VAARG: va_arg(r, ops, n); return;
  case FUNC_FENCE:
  case FUNC_LOADATOMIC:
  case FUNC_STOREATOMIC:
  case FUNC_ATOMICRMW:
  case FUNC_CMPXCHG: kn_bc_atomic(r, code, ops, n); return;
  case FUNC_EXTRACTELT:
  case FUNC_INSERTELT:
  case FUNC_SHUFFLEVEC: kn_bc_vector(r, code, ops, n); return;
  case FUNC_CLEANUPRET:
  case FUNC_CATCHRET:
  case FUNC_CATCHPAD:
  case FUNC_CLEANUPPAD:
  case FUNC_CATCHSWITCH: kn_bc_unsupported(r, "exceptions as Windows has them (funclets)"); return;
  case FUNC_CALLBR: kn_bc_callbr(r, ops, n); return;
  default:
    kn_bc_fail(r, KILN_ERR_UNSUPPORTED, "not implemented: instruction record %u", code);
    return;
  }
}
