/* Signatures: LLVM's function types with attribute lists become Kiln's. What is passed of a type are
 * its leaves, scalars and vectors, each of which becomes one parameter or several; results that do not
 * fit into registers go through memory, as LLVM has it. Called by globals.c, function.c and call.c, which
 * moves values to and from these parameters.
 * Invariant: a signature is made once per (function type, attribute list, flags). */
#include "bc.h"

#include <string.h>

/* Can values of `type` be passed at all? */
static bool possible(struct kn_bc *r, uint32_t type) {
  uint32_t parts = 0, base = r->tmp.levels.n;
  struct kn_bc_element e = {.type = type};
  do {
    const struct kn_bc_type *t = &r->types.at[e.type];
    bool ok;
    if (kn_bc_is_aggregate(t)) {
      ok = t->size <= 8 * KN_BC_MAX_PIECES && (t->size == 0 || kn_bc_enter_type(r, e.type, 0, 0));
    } else if (kn_bc_is_long_vector(t) && t->lane) {
      ok = (parts += (t->bits + 127) / 128) <= KN_BC_MAX_PIECES;
    } else if (t->kind == TK_WIDE) {
      ok = (parts += (t->bits + 63) / 64) <= KN_BC_MAX_WORDS;
    } else {
      ok = t->ktype != KILN_TYPE_VOID && ++parts <= KN_BC_MAX_PIECES;
    }
    if (!ok) {
      r->tmp.levels.n = base;
      return false;
    }
  } while (kn_bc_next_element(r, base, &e));
  return true;
}

/* The same for the parameters and result of a function's type. */
static bool all_possible(struct kn_bc *r, const struct kn_bc_type *t) {
  for (uint32_t i = 0; i < t->n; i++) {
    uint32_t e = r->m->elems.at[t->first + i].type;
    if (i == 0 && r->types.at[e].kind == TK_VOID) continue;
    if (!possible(r, e)) return false;
  }
  return true;
}

bool kn_bc_sig_possible(struct kn_bc *r, uint32_t type) {
  struct kn_bc_type *t = &r->types.at[type];
  if (t->possible == POSSIBLE_UNKNOWN)
    t->possible = all_possible(r, t) ? POSSIBLE_YES : POSSIBLE_NO;
  return t->possible == POSSIBLE_YES;
}

bool kn_bc_leaf_next(const struct kn_bc *r, const struct kn_bc_type *t, struct kn_bc_leaf *l) {
  l->first += l->n;
  if (l->first >= t->n_pieces) return false;
  l->type = r->type_pieces.at[t->piece_first + l->first].whole;
  const struct kn_bc_type *own = &r->types.at[l->type];
  l->vector = own->kind == TK_VECTOR;
  l->n = 1;
  if (kn_bc_is_long_vector(own))
    l->n = (uint32_t)((own->count * kiln_type_size((kiln_type)own->lane) + 15) / 16);
  return true;
}

bool kn_bc_leaf_passed(struct kn_bc *r, const struct kn_bc_leaf *l, unsigned flags,
                       struct kn_bc_passed *p) {
  if (l->vector) return kn_bc_vec_passed(r, l->type, flags, p);
  const struct kn_bc_type *t = &r->types.at[l->type];
  *p = (struct kn_bc_passed){
    .n = 1, .type = kn_bc_passed_as(t), .quad = t->soft == SOFT_QUAD, .half = kn_bc_is_short(t)};
  return true;
}

/* The registers that results have taken. */
struct taken {
  unsigned ints, floats, x87s;
};

/* LLVM returns an x86_fp80 in memory for Windows, where C does, by each convention; LLVM 23 an fp128, too. */
static bool f80_in_memory(const struct kn_bc *r) { return kn_bc_format_of(r)->own_convention; }
static bool quad_in_memory(const struct kn_bc *r) {
  return r->m->quad_in_memory && kn_bc_format_of(r)->own_convention;
}
static bool memory_result(const struct kn_bc *r, const struct kn_bc_type *t) {
  return t->ktype == KILN_TYPE_F80 ? f80_in_memory(r) : t->soft == SOFT_QUAD && quad_in_memory(r);
}

/* The type of the register that a result is returned in (LLVM's X86CallingConv.td, RetCC_X86_64_C: floats after the
 * second are in st0 and st1); `upper`: of one of 256 bits that has one. VOID: there is none left. */
static kiln_type result_register(const struct kn_bc *r, struct taken *s,
                                 const struct kn_bc_passed *p, bool upper) {
  const struct kn_bc_target *target = &kn_bc_targets[r->target];
  kiln_type t = p->type;
  unsigned most = target->floats;
  if (t == KILN_TYPE_F80) return s->x87s++ < target->x87s && !f80_in_memory(r) ? t : KILN_TYPE_VOID;
  if (p->quad && quad_in_memory(r)) return KILN_TYPE_VOID;
  if (t == KILN_TYPE_F32 || t == KILN_TYPE_F64 || t == KILN_TYPE_F128 || p->quad) {
    most = p->half ? target->half_results : target->float_results;
    if (s->floats >= most && !p->half && !p->quad && s->x87s++ < target->x87s) return KILN_TYPE_F80;
  } else if (t != KILN_TYPE_V64 && t != KILN_TYPE_V128) {
    s->ints += t == KILN_TYPE_I128 ? 2 : 1;
    return s->ints <= target->ints ? t : KILN_TYPE_VOID;
  }
  return upper || s->floats++ < most ? t : KILN_TYPE_VOID;
}

/* Does a result of `type` fit into registers? Fills in `out` and *wide if so. Their number, or 0; or -1: *refused says
 * why, or is NULL if that is reported. */
static int result_registers(struct kn_bc *r, uint32_t type, unsigned flags, kiln_type *out,
                            unsigned *wide, const char **refused) {
  const struct kn_bc_type *t = &r->types.at[type];
  struct taken s = {0};
  struct kn_bc_leaf l = {0};
  uint32_t n = 0;
  bool mixed = false, no_x87 = false;
  *refused = NULL;
  while (kn_bc_leaf_next(r, t, &l)) {
    struct kn_bc_passed p;
    if (!kn_bc_leaf_passed(r, &l, flags, &p)) return -1;
    for (uint32_t k = 0; k < p.n; k++, n++) {
      kiln_type in = result_register(r, &s, &p, p.wide && k % p.wide);
      if (in == KILN_TYPE_VOID) return 0;
      no_x87 |= in == KILN_TYPE_F80 && r->m->no_x87;
      if (n < KILN_MAX_RESULTS) out[n] = in;
    }
    mixed |= n != p.n && *wide != p.wide;
    *wide = p.wide;
  }
  if (no_x87) {
    *refused = "a result of more than two floats without the x87";
  } else if (n > KILN_MAX_RESULTS) {
    *refused = "a result in more than eight registers";
  } else if (mixed) {
    *refused = "a vector of 256 or 512 bits beside other parts of a result";
  } else {
    return (int)n;
  }
  return -1;
}

bool kn_bc_sig_parts(struct kn_bc *r, kiln_sig sig, kiln_sig_info *info, kiln_type *results) {
  *info = kiln_sig_get(r->module, sig);
  r->tmp.params.n = 0;
  if (!KN_BC_ROOM(r, r->tmp.params, info->n_params)) return false;
  for (uint32_t i = 0; i < info->n_params; i++) r->tmp.params.at[i] = info->params[i];
  for (uint32_t i = 0; i < info->n_results; i++) results[i] = (kiln_type)info->results[i];
  r->tmp.params.n = (uint32_t)info->n_params;
  return true;
}

bool kn_bc_by_value(struct kn_bc *r, const struct kn_bc_attr *a, kiln_param *p) {
  if (a->type == UINT32_MAX) return kn_bc_malformed(r, "byval without a type");
  uint64_t size = r->types.at[a->type].size;
  if (size > INT32_MAX) return kn_bc_unsupported(r, "a byval parameter of that size");
  p->flags |= KILN_PARAM_BYVAL;
  p->size_bytes = (uint32_t)size;
  p->align_log2 = a->align_log2 ? a->align_log2 : r->types.at[a->type].align_log2;
  return true;
}

bool kn_bc_joins(const struct kn_bc *r, const struct kn_bc_type *e) {
  if (e->kind != TK_ARRAY || e->n_pieces < 2) return false;
  kiln_type first = kn_bc_passed_as(&r->types.at[r->type_pieces.at[e->piece_first].type]);
  for (uint32_t k = 1; k < e->n_pieces; k++)
    if (kn_bc_passed_as(&r->types.at[r->type_pieces.at[e->piece_first + k].type]) != first)
      return false;
  return true;
}

kiln_type kn_bc_piece_as(const struct kn_bc *r, bool joined, uint32_t type) {
  const struct kn_bc_type *t = &r->types.at[type];
  return joined && kn_bc_is_short(t) && !kn_bc_targets[r->target].half_calls ? KILN_TYPE_F16
                                                                             : kn_bc_passed_as(t);
}

/* Floats and vectors among the first `n` parameters that are in registers of their own, if there are any left. */
static unsigned count_floats(const struct kn_bc *r, uint32_t n) {
  unsigned count = 0;
  for (uint32_t k = 0; k < n; k++) {
    const kiln_param *p = &r->tmp.params.at[k];
    bool is = p->type == KILN_TYPE_F32 || p->type == KILN_TYPE_F64 || p->type == KILN_TYPE_V64 ||
              p->type == KILN_TYPE_V128;
    count += is && !(p->flags & KILN_PARAM_UPPER);
  }
  return count;
}

bool kn_bc_in_memory(struct kn_bc *r, const struct kn_bc_type *function, uint32_t type) {
  struct kn_bc_passed p;
  return function->flags && r->fn.wide_sigs & KN_BC_SIG_AVX &&
         r->types.at[type].kind == TK_VECTOR && kn_bc_vec_passed(r, type, r->fn.wide_sigs, &p) &&
         p.wide;
}

/* A vector of one half or bfloat: LLVM has no register for it. */
static bool is_one_half(const struct kn_bc *r, uint32_t type) {
  const struct kn_bc_type *t = &r->types.at[type];
  return t->count == 1 && kn_bc_is_short(&r->types.at[r->m->elems.at[t->first].type]);
}

/* A vector that takes more of an array than its bits. */
static bool is_padded(const struct kn_bc *r, uint32_t type) {
  const struct kn_bc_type *t = &r->types.at[type];
  return t->size != t->bits / 8;
}

bool kn_bc_parameter(struct kn_bc *r, const struct kn_bc_type *function, uint32_t type,
                     const struct kn_bc_attr *a, unsigned flags, bool variadic) {
  const struct kn_bc_type *t = &r->types.at[type];
  bool joined = kn_bc_joins(r, t), widens = !kn_bc_targets[r->target].short_vectors;
  struct kn_bc_leaf l = {0};
  while (kn_bc_leaf_next(r, t, &l)) {
    struct kn_bc_passed passed;
    bool last = l.first + l.n == t->n_pieces;
    if (!kn_bc_leaf_passed(r, &l, flags, &passed)) return false;
    if (l.vector && widens) joined = false; /* x86-64 joins nothing */
    if (joined && l.vector &&
        (passed.how != PASSED_WHOLE || is_one_half(r, l.type) || is_padded(r, l.type)))
      return kn_bc_unsupported(r, "an array of vectors of this type as an argument");
    if (passed.wide && function->flags) {
      if (t->kind != TK_VECTOR)
        return kn_bc_unsupported(r,
                                 "a vector of 256 or 512 bits in a variadic function's aggregate");
      const kiln_param copy = {.type = KILN_TYPE_PTR,
                               .flags = KILN_PARAM_BYVAL,
                               .align_log2 = passed.wide == 4 ? 6 : 5,
                               .size_bytes = 16 * passed.n};
      return KN_BC_PUSH(r, r->tmp.params, copy);
    }
    for (uint32_t k = 0; k < passed.n; k++) {
      kiln_param p = {.type = (uint8_t)passed.type};
      if (!l.vector) p.type = (uint8_t)kn_bc_piece_as(r, joined, l.type);
      if (p.type == KILN_TYPE_V64 && widens &&
          (variadic || count_floats(r, r->tmp.params.n) >= KN_BC_FLOAT_ARGS))
        p.type = KILN_TYPE_V128;
      if (passed.wide) p.flags = k % passed.wide ? KILN_PARAM_UPPER : 0;
      else if (joined && (!last || k + 1 < passed.n)) p.flags = KILN_PARAM_JOIN;
      if (joined && l.first == 0 && k == 0 && a && a->stack_align_log2 > 3 &&
          kn_bc_targets[r->target].aligns_args)
        p.align_log2 = 4; /* LLVM heeds it of nothing else, and not beyond the stack's own */
      if (!KN_BC_PUSH(r, r->tmp.params, p)) return false;
    }
  }
  return true;
}

unsigned kn_bc_wide_sigs(struct kn_bc *r, uint32_t attrs) {
  if (!r->m->has_long_vectors) return 0;
  const struct kn_bc_attr *a = kn_bc_attr(r, attrs, KN_BC_FUNC_INDEX);
  return (kn_bc_harden_avx(a) ? KN_BC_SIG_AVX : 0u) |
         (kn_bc_harden_avx512(a) ? KN_BC_SIG_AVX512 : 0u) |
         (kn_bc_harden_avx512bw(a) ? KN_BC_SIG_AVX512BW : 0u) |
         (kn_bc_harden_narrow(a) ? KN_BC_SIG_NARROW : 0u);
}

bool kn_bc_result_refused(struct kn_bc *r, uint32_t type) {
  uint32_t ret = r->m->elems.at[r->types.at[type].first].type;
  kiln_type results[KILN_MAX_RESULTS];
  unsigned wide = 0;
  const char *refused = NULL;
  if (!kn_bc_passes_parts(&r->types.at[ret]) || !kn_bc_split_plain(r, ret)) return false;
  return result_registers(r, ret, 0, results, &wide, &refused) < 0 && refused;
}

/* Makes *p a parameter that is a scalar of `type`, of attributes `a`; *plain is false if it is not passed as it is. */
static bool scalar_parameter(struct kn_bc *r, uint32_t type, const struct kn_bc_attr *a,
                             kiln_param *p, uint8_t *plain) {
  if (!kn_bc_scalar(r, type)) return false;
  const struct kn_bc_type *t = &r->types.at[type];
  p->type = (uint8_t)kn_bc_passed_as(t);
  if (kn_bc_is_short(t)) *plain = false;
  if (!a) return true;
  unsigned extend = t->kind == TK_INT ? a->flags & (PA_SEXT | PA_ZEXT) : 0;
  if (t->bits < 32) p->flags = extend;
  if (extend && (t->fit == FIT_ODD || (t->fit == FIT_BOOL && extend & PA_SEXT))) *plain = false;
  if (t->kind == TK_PTR && a->flags & PA_SRET) p->flags |= KILN_PARAM_SRET;
  if (t->kind == TK_PTR && a->flags & PA_CHAIN) p->flags |= KILN_PARAM_CHAIN;
  if (p->flags & KILN_PARAM_SRET && a->flags & PA_IN_REG && kn_bc_targets[r->target].sret_in_reg)
    return kn_bc_refuse(r, kn_bc_support_attr(ATTR_IN_REG));
  return t->kind != TK_PTR || !(a->flags & PA_BYVAL) || kn_bc_by_value(r, a, p);
}

/* Makes signature `s`; false if it cannot be made (reported, unless FA_CALL_REFUSED). */
static bool build(struct kn_bc *r, struct kn_bc_sig *s, uint32_t type, uint32_t attrs,
                  unsigned flags) {
  const struct kn_bc_type *t = &r->types.at[type];
  if (flags & FA_CALL_REFUSED) return false; /* the caller reports it */
  if (KN_UNLIKELY(flags & KN_BC_SIG_SYSV) && t->flags)
    return kn_bc_unsupported(r, "variadic functions of System V's convention");
  if (r->m->has_vectors && !kn_bc_sig_possible(r, type))
    return kn_bc_unsupported(r, "a parameter or result of this type");
  uint32_t ret = r->m->elems.at[t->first].type, n = 0;
  kiln_type results[KILN_MAX_RESULTS];
  uint32_t n_results = 0;
  unsigned wide_results = 0;
  const struct kn_bc_attr *of_result = kn_bc_attr(r, attrs, 0);
  if (of_result && KN_UNLIKELY(of_result->refused != NULL))
    return kn_bc_refuse(r, of_result->refused);
  s->plain = true;
  r->tmp.params.n = 0;
  if (kn_bc_passes_parts(&r->types.at[ret])) {
    if (!kn_bc_split_plain(r, ret)) return false;
    const char *refused;
    int in_regs = result_registers(r, ret, flags, results, &wide_results, &refused);
    if (in_regs < 0) return refused && kn_bc_unsupported(r, refused);
    s->ret = r->types.at[ret].n_pieces == 0 || in_regs ? RET_PARTS : RET_DEMOTED;
    n_results = (uint32_t)in_regs;
    if (in_regs == 0) wide_results = 0;
  } else if (KN_UNLIKELY(r->types.at[ret].ktype == KILN_TYPE_F80 || r->m->quad_in_memory) &&
             memory_result(r, &r->types.at[ret])) {
    s->ret = RET_DEMOTED;
  } else if (r->types.at[ret].kind != TK_VOID) {
    if (!kn_bc_scalar(r, ret)) return false;
    const struct kn_bc_type *rt = &r->types.at[ret];
    unsigned extend = of_result ? of_result->flags & (PA_SEXT | PA_ZEXT) : 0;
    s->ret = RET_SCALAR;
    s->ret_bool = (rt->fit == FIT_BOOL && !(extend & PA_ZEXT)) || kn_bc_is_short(rt);
    results[0] = kn_bc_passed_as(rt);
    if ((flags & KN_BC_SIG_DEFINITION) && extend && rt->kind == TK_INT &&
        (rt->bits < 32 || rt->fit == FIT_ODD)) {
      s->ret_extend = (uint8_t)extend;
      if (rt->bits < 32) results[0] = KILN_TYPE_I32;
    }
    n_results = 1;
  }
  if (s->ret == RET_DEMOTED &&
      !KN_BC_PUSH(r, r->tmp.params, (kiln_param){.type = KILN_TYPE_PTR, .flags = KILN_PARAM_SRET}))
    return false;
  for (uint32_t i = 1; i < t->n; i++) {
    uint32_t e = r->m->elems.at[t->first + i].type;
    const struct kn_bc_attr *a = kn_bc_attr(r, attrs, i);
    kiln_param p = {0};
    if (a && KN_UNLIKELY(a->refused != NULL)) return kn_bc_refuse(r, a->refused);
    if (kn_bc_passes_parts(&r->types.at[e])) {
      if (!kn_bc_split_plain(r, e)) return false;
      s->plain = false;
      if (!kn_bc_parameter(r, t, e, a, flags, false)) return false;
      continue;
    }
    if (!scalar_parameter(r, e, a, &p, &s->plain) || !KN_BC_PUSH(r, r->tmp.params, p)) return false;
  }
  n = r->tmp.params.n;
  unsigned sig_flags =
    (t->flags ? KILN_SIG_VARIADIC : 0u) | (flags & FA_NORETURN ? KILN_SIG_NORETURN : 0u) |
    (flags & FA_RETURNS_TWICE ? KILN_SIG_RETURNS_TWICE : 0u) |
    (flags & FA_NOUNWIND ? KILN_SIG_NOUNWIND : 0u) | (wide_results ? KILN_SIG_WIDE_RESULTS : 0u) |
    (wide_results == 4 ? KILN_SIG_WIDER_RESULTS : 0u) |
    (flags & KN_BC_SIG_NOINLINE ? KILN_SIG_NOINLINE : 0u);
  if (n > 65535) return kn_bc_unsupported(r, "this many parameters");
  const kiln_cc cc = flags & KN_BC_SIG_SYSV ? KILN_CC_SYSV : KILN_CC_C;
  s->sig = kiln_sig_new(r->module, cc, sig_flags, r->tmp.params.at, n, results, n_results);
  if (s->sig.id == 0)
    return kn_bc_fail(r, kiln_module_status(r->module), "cannot make a signature");
  return true;
}

/* ---- the table ---- */

const struct kn_bc_sig *kn_bc_find_sig(struct kn_bc *r, uint64_t key, uint32_t type, uint32_t attrs,
                                       unsigned flags) {
  const uint32_t hash = kn_bc_sig_hash(key);
  uint32_t at, i;
  KN_HASH_EACH(&r->sig_hash, hash, at, i, key > r->sigs.at[i].key)
  if (r->sigs.at[i].key == key) break;
  if (i == 0) {
    if (attrs >= 1u << 24) {
      kn_bc_fail(r, KILN_ERR_LIMIT, "too many attribute lists");
      return NULL;
    }
    struct kn_bc_sig s = {.key = key};
    if (!build(r, &s, type, attrs, flags)) return NULL;
    if (r->sigs.n == 0 && !KN_BC_PUSH(r, r->sigs, (struct kn_bc_sig){0})) return NULL;
    if (!KN_BC_HASH_ROOM(r, &r->sig_hash) || !KN_BC_PUSH(r, r->sigs, s)) return NULL;
    i = r->sigs.n - 1;
    kn_hash_put(&r->sig_hash, at, hash, i);
  }
  r->sig_memo[hash % KN_BC_SIG_MEMO] = i;
  return &r->sigs.at[i];
}
