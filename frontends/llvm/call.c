/* Calls, signatures and parameters: LLVM's function types with attribute lists become Kiln
 * signatures, aggregates are split into their scalar parts, results that do not fit into registers
 * go through memory as LLVM has it. Called by func.c and funcdef.c.
 * Invariant: a signature is made once per (function type, attribute list, flags). */
#include "bc.h"

/* ---- signatures ---- */

bool kn_bc_convention(struct kn_bc *r, uint64_t cc) {
  const struct kn_bc_ask *row = kn_bc_ask_convention(cc);
  if (!row) {
    kn_bc_fail(r, KILN_ERR_UNSUPPORTED, "not implemented: calling convention %u", (unsigned)cc);
    return false;
  }
  if (row->verdict == ASK_DONE) return true;
  if (row->verdict == ASK_VALUE) {
    /* of the others, callees keep more than a caller relies on: definitions see to that */
    if ((cc != CC_X86_64_SYSV && cc != CC_WIN64) || kn_bc_targets[r->target].sysv) return true;
  }
  return kn_bc_refuse(r, row);
}

/* Can values of `type` be passed at all? The recursion is limited by the type's depth. */
static bool possible(const struct kn_bc *r, uint32_t type, uint32_t *parts) {
  const struct kn_bc_type *t = &r->types[type];
  if (kn_bc_is_aggregate(t)) {
    if (t->size > 8 * KN_BC_MAX_PIECES || *parts > KN_BC_MAX_PIECES) return false;
    if (t->size == 0) return true;
    uint64_t n = t->kind == TK_STRUCT ? t->n : t->count;
    for (uint64_t i = 0; i < n; i++) {
      uint32_t e = r->elems.at[t->first + (t->kind == TK_STRUCT ? i : 0)].type;
      if (!possible(r, e, parts)) return false;
    }
    return true;
  }
  if (kn_bc_has_odd_lanes(r, t)) return false; /* LLVM widens or splits the lanes */
  if (kn_bc_is_long_vector(t) && t->lane) return t->count <= 64;
  if (t->kind == TK_WIDE) return (*parts += (t->bits + 63) / 64) <= KN_BC_MAX_WORDS;
  return t->ktype != KILN_TYPE_VOID && ++*parts <= KN_BC_MAX_PIECES;
}

/* The same for the parameters and result of a function's type. */
static bool all_possible(const struct kn_bc *r, const struct kn_bc_type *t) {
  for (uint32_t i = 0; i < t->n; i++) {
    uint32_t e = r->elems.at[t->first + i].type, parts = 0;
    if (i == 0 && r->types[e].kind == TK_VOID) continue;
    if (!possible(r, e, &parts)) return false;
  }
  return true;
}

bool kn_bc_sig_possible(struct kn_bc *r, uint32_t type) {
  struct kn_bc_type *t = &r->types[type];
  if (t->possible == POSSIBLE_UNKNOWN)
    t->possible = all_possible(r, t) ? POSSIBLE_YES : POSSIBLE_NO;
  return t->possible == POSSIBLE_YES;
}

/* Does a result of these parts fit into registers? Fills `out` if so; the number of parts, or 0. */
static int result_registers(struct kn_bc *r, uint32_t type, kiln_type *out) {
  const struct kn_bc_type *t = &r->types[type];
  unsigned ints = 0, floats = 0, x87 = 0, vectors = 0;
  for (uint32_t i = 0; i < t->n_pieces; i++) {
    kiln_type kt = kn_bc_passed_as(&r->types[r->type_pieces.at[t->piece_first + i].type]);
    if (kt == KILN_TYPE_F32 || kt == KILN_TYPE_F64 || kt == KILN_TYPE_F128) floats++;
    else if (kt == KILN_TYPE_F80) x87++;
    else if (kt == KILN_TYPE_V64 || kt == KILN_TYPE_V128) vectors++;
    else ints += kt == KILN_TYPE_I128 ? 2 : 1;
    if (i < KILN_MAX_RESULTS) out[i] = kt;
  }
  if (t->n_pieces > KILN_MAX_RESULTS) return 0;
  const struct kn_bc_target *target = &kn_bc_targets[r->target];
  if (ints > target->ints || vectors + floats > target->floats || x87 > target->x87s) return 0;
  if (floats > target->floats_read) {
    kn_bc_unsupported(r, "a result of more than two floats");
    return -1;
  }
  return (int)t->n_pieces;
}

/* Makes `p` a parameter that is passed by copying memory, as attribute `a` (byval) says. */
static bool by_value(struct kn_bc *r, const struct kn_bc_attr *a, kiln_param *p) {
  if (a->type == UINT32_MAX) return kn_bc_malformed(r, "byval without a type");
  uint64_t size = r->types[a->type].size;
  if (size > INT32_MAX) return kn_bc_unsupported(r, "a byval parameter of that size");
  p->flags |= KILN_PARAM_BYVAL;
  p->size_bytes = (uint32_t)size;
  p->align_log2 = a->align_log2 ? a->align_log2 : r->types[a->type].align_log2;
  return true;
}

/* Are the pieces of type `e` one argument to the ABI? LLVM keeps those of an array together. */
static bool joins(const struct kn_bc *r, const struct kn_bc_type *e) {
  if (e->kind != TK_ARRAY || e->n_pieces < 2) return false;
  kiln_type first = kn_bc_passed_as(&r->types[r->type_pieces.at[e->piece_first].type]);
  for (uint32_t k = 1; k < e->n_pieces; k++)
    if (kn_bc_passed_as(&r->types[r->type_pieces.at[e->piece_first + k].type]) != first)
      return false;
  return true;
}

/* How a piece of `type` is passed, perhaps as one of joined ones: on the stack halves are next to each other then. */
static kiln_type piece_as(const struct kn_bc *r, bool joined, uint32_t type) {
  const struct kn_bc_type *t = &r->types[type];
  return joined && kn_bc_is_short(t) && !kn_bc_targets[r->target].half_calls ? KILN_TYPE_F16
                                                                             : kn_bc_passed_as(t);
}
static kiln_value pass_piece(struct kn_bc *r, bool joined, uint32_t type, kiln_value v) {
  if (piece_as(r, joined, type) == KILN_TYPE_F16)
    return kiln_build_convert(r->f, KILN_OP_BITCAST, KILN_TYPE_F16, KILN_TYPE_I16, v);
  return kn_bc_soft_pass(r, &r->types[type], v);
}
static kiln_value take_piece(struct kn_bc *r, bool joined, uint32_t type, kiln_value v) {
  if (piece_as(r, joined, type) == KILN_TYPE_F16)
    return kiln_build_convert(r->f, KILN_OP_BITCAST, KILN_TYPE_I16, KILN_TYPE_F16, v);
  return kn_bc_soft_take(r, &r->types[type], v);
}

/* kiln_param.align_log2 of joined parameters with attributes `a`, which may be NULL. LLVM heeds alignstack of nothing
 * else, and not beyond the stack's own alignment. */
static uint8_t stack_align(const struct kn_bc *r, const struct kn_bc_attr *a) {
  return a && a->stack_align_log2 > 3 && kn_bc_targets[r->target].aligns_args ? 4 : 0;
}

/* Can the `n` parameters in r->params and the results be passed by win64cc? clang passes the others by address. */
static bool win64_possible(struct kn_bc *r, bool variadic, uint32_t n, const kiln_type *results,
                           uint32_t n_results) {
  bool ok = n_results < 2 && (n_results == 0 || results[0] == KILN_TYPE_V128 ||
                              (results[0] <= KILN_TYPE_F80 && results[0] != KILN_TYPE_I128));
  for (uint32_t i = 0; i < n; i++) {
    const kiln_param *p = &r->params.at[i];
    ok &= p->type <= (variadic ? KILN_TYPE_F64 : KILN_TYPE_F80) && p->type != KILN_TYPE_I128 &&
          !(p->flags & (KILN_PARAM_BYVAL | KILN_PARAM_JOIN));
  }
  return ok || kn_bc_unsupported(r, "win64cc with a parameter or result of this kind");
}

/* Is a long vector passed in registers of 256 bits, as LLVM does where the function has AVX?
 * Others are widened or promoted in ways of their own. */
static bool wide_possible(const struct kn_bc *r, uint32_t type, unsigned flags) {
  const struct kn_bc_type *t = &r->types[type];
  if (flags & KN_BC_SIG_AVX512 && t->n_pieces > 2) return false; /* in registers of 512 bits */
  return !t->is_mask && r->types[r->elems.at[t->first].type].kind != TK_SOFT &&
         (t->n_pieces & (t->n_pieces - 1)) == 0;
}
/* The parameter that a long vector is to a variadic function, whose registers of 256 bits LLVM does not use: a copy in
 * memory. */
static kiln_param in_memory(const struct kn_bc_type *t) {
  return (kiln_param){.type = KILN_TYPE_PTR,
                      .flags = KILN_PARAM_BYVAL,
                      .align_log2 = 5,
                      .size_bytes = 16 * t->n_pieces};
}
static bool is_in_memory(const struct kn_bc *r, const struct kn_bc_type *function, uint32_t type) {
  return function->flags && r->wide_sigs & KN_BC_SIG_AVX && kn_bc_is_long_vector(&r->types[type]);
}

unsigned kn_bc_wide_sigs(struct kn_bc *r, uint32_t attrs) {
  if (!r->has_long_vectors) return 0;
  const struct kn_bc_attr *a = kn_bc_attr(r, attrs, KN_BC_FUNC_INDEX);
  return (kn_bc_harden_avx(a) ? KN_BC_SIG_AVX : 0u) |
         (kn_bc_harden_avx512(a) ? KN_BC_SIG_AVX512 : 0u);
}

bool kn_bc_build_sig(struct kn_bc *r, struct kn_bc_sig *s, uint32_t type, uint32_t attrs,
                     unsigned flags) {
  const struct kn_bc_type *t = &r->types[type];
  if (flags & FA_CALL_REFUSED) return false; /* the caller reports it */
  if (r->has_vectors && !kn_bc_sig_possible(r, type))
    return kn_bc_unsupported(r, "a parameter or result of this type");
  uint32_t ret = r->elems.at[t->first].type, n = 0;
  kiln_type results[KILN_MAX_RESULTS];
  uint32_t n_results = 0;
  bool wide_results = false;
  s->plain = true;
  r->params.n = 0;
  if (kn_bc_passes_parts(&r->types[ret])) {
    if (!kn_bc_split_plain(r, ret)) return false;
    int in_regs = r->types[ret].n_pieces ? result_registers(r, ret, results) : 0;
    if (in_regs < 0) return false;
    s->n_ret = (uint8_t)r->types[ret].n_pieces;
    s->ret = r->types[ret].n_pieces == 0 ? RET_PARTS : in_regs ? RET_PARTS : RET_DEMOTED;
    n_results = (uint32_t)in_regs;
    if (flags & KN_BC_SIG_AVX && kn_bc_is_long_vector(&r->types[ret])) {
      if (!wide_possible(r, ret, flags) || in_regs > 4 || in_regs == 0)
        return kn_bc_unsupported(r, "a vector of this type as a result with AVX");
      wide_results = true;
    }
    if (s->ret == RET_DEMOTED &&
        !KN_BC_PUSH(r, r->params, (kiln_param){.type = KILN_TYPE_PTR, .flags = KILN_PARAM_SRET}))
      return false;
  } else if (r->types[ret].kind != TK_VOID) {
    if (!kn_bc_scalar(r, ret)) return false;
    const struct kn_bc_type *rt = &r->types[ret];
    const struct kn_bc_attr *a = kn_bc_attr(r, attrs, 0);
    unsigned extend = a ? a->flags & (PA_SEXT | PA_ZEXT) : 0;
    s->ret = RET_SCALAR;
    s->n_ret = 1;
    s->ret_bool = (rt->fit == FIT_BOOL && !(extend & PA_ZEXT)) || kn_bc_is_short(rt);
    results[0] = kn_bc_passed_as(rt);
    if ((flags & KN_BC_SIG_DEFINITION) && extend && rt->kind == TK_INT && rt->bits < 32) {
      s->ret_extend = (uint8_t)extend;
      results[0] = KILN_TYPE_I32;
    }
    n_results = 1;
  }
  for (uint32_t i = 1; i < t->n; i++) {
    uint32_t e = r->elems.at[t->first + i].type;
    const struct kn_bc_attr *a = kn_bc_attr(r, attrs, i);
    kiln_param p = {0};
    if (a && KN_UNLIKELY(a->refused != NULL)) return kn_bc_refuse(r, a->refused);
    if (kn_bc_passes_parts(&r->types[e])) {
      if (!kn_bc_split_plain(r, e)) return false;
      const struct kn_bc_type *et = &r->types[e];
      s->plain = false;
      bool joined = joins(r, et), wide = flags & KN_BC_SIG_AVX && kn_bc_is_long_vector(et);
      if (wide && !wide_possible(r, e, flags))
        return kn_bc_unsupported(r, "a vector of this type as an argument with AVX");
      if (wide && t->flags) {
        if (!KN_BC_PUSH(r, r->params, in_memory(et))) return false;
        continue;
      }
      for (uint32_t k = 0; k < et->n_pieces; k++) {
        p.type = (uint8_t)piece_as(r, joined, r->type_pieces.at[et->piece_first + k].type);
        p.flags = joined && k + 1 < et->n_pieces ? KILN_PARAM_JOIN
                  : wide && (k & 1)              ? KILN_PARAM_UPPER
                                                 : 0;
        p.align_log2 = joined && k == 0 ? stack_align(r, a) : 0;
        if (!KN_BC_PUSH(r, r->params, p)) return false;
      }
      continue;
    }
    if (!kn_bc_scalar(r, e)) return false;
    const struct kn_bc_type *et = &r->types[e];
    p.type = (uint8_t)kn_bc_passed_as(et);
    if (kn_bc_is_short(et)) s->plain = false;
    if (a) {
      if (et->kind == TK_INT && et->bits < 32) p.flags = a->flags & (PA_SEXT | PA_ZEXT);
      if (p.flags && (et->fit == FIT_ODD || (et->fit == FIT_BOOL && p.flags & PA_SEXT)))
        s->plain = false;
      if (et->kind == TK_PTR && a->flags & PA_SRET) p.flags |= KILN_PARAM_SRET;
      if (et->kind == TK_PTR && a->flags & PA_CHAIN) p.flags |= KILN_PARAM_CHAIN;
      if (p.flags & KILN_PARAM_SRET && a->flags & PA_IN_REG && kn_bc_targets[r->target].sret_in_reg)
        return kn_bc_refuse(r, kn_bc_ask_attr(ATTR_IN_REG));
      if (et->kind == TK_PTR && a->flags & PA_BYVAL && !by_value(r, a, &p)) return false;
    }
    if (!KN_BC_PUSH(r, r->params, p)) return false;
  }
  n = r->params.n;
  unsigned sig_flags =
    (t->flags ? KILN_SIG_VARIADIC : 0u) | (flags & FA_NORETURN ? KILN_SIG_NORETURN : 0u) |
    (flags & FA_RETURNS_TWICE ? KILN_SIG_RETURNS_TWICE : 0u) |
    (flags & FA_NOUNWIND ? KILN_SIG_NOUNWIND : 0u) | (wide_results ? KILN_SIG_WIDE_RESULTS : 0u);
  if (n > 65535) return kn_bc_unsupported(r, "so many parameters");
  bool win64 = flags & KN_BC_SIG_WIN64;
  if (win64 && !win64_possible(r, t->flags, n, results, n_results)) return false;
  s->sig = kiln_sig_new(r->module, win64 ? KILN_CC_WIN64 : KILN_CC_C, sig_flags, r->params.at, n,
                        results, n_results);
  if (s->sig.id == 0) {
    kn_bc_fail(r, kiln_module_status(r->module), "cannot make a signature");
    return false;
  }
  return true;
}

struct kn_bc_sig *kn_bc_sig(struct kn_bc *r, uint32_t type, uint32_t attrs, unsigned flags) {
  uint64_t key = ((uint64_t)type << 40 | (uint64_t)attrs << 8 | (flags & 255u)) + 1;
  if (KN_LIKELY(r->cap_sigs != 0)) {
    uint32_t at = kn_bc_sig_hash(key, r->cap_sigs);
    for (; r->sigs[at].key; at = (at + 1) & (r->cap_sigs - 1))
      if (KN_LIKELY(r->sigs[at].key == key)) return &r->sigs[at];
  }
  return kn_bc_new_sig(r, key, type, attrs, flags);
}

/* ---- parameters and results ---- */

bool kn_bc_params(struct kn_bc *r) {
  const struct kn_bc_type *t = &r->types[r->fn->type];
  uint32_t next = 0;
  r->n_vals = r->module_vals;
  if (r->fn_sig.ret == RET_DEMOTED) r->demoted = kiln_func_param(r->f, next++);
  uint64_t need = (uint64_t)r->n_vals + t->n;
  if ((need > r->cap_vals || need > r->cap_csts) && !kn_bc_room_vals(r, need)) return false;
  for (uint32_t i = 1; i < t->n; i++) {
    uint32_t type = r->elems.at[t->first + i].type;
    const struct kn_bc_type *pt = &r->types[type];
    r->csts[r->n_vals] = (struct kn_bc_cst){.kind = CK_NONE};
    if (kn_bc_passes_parts(pt)) {
      uint32_t first = r->parts.n;
      if (!KN_BC_ROOM(r, r->parts, (uint64_t)first + pt->n_pieces)) return false;
      bool joined = joins(r, pt);
      kiln_value copy = {0};
      if (KN_UNLIKELY(t->flags) && is_in_memory(r, t, type)) copy = kiln_func_param(r->f, next++);
      for (uint32_t k = 0; k < pt->n_pieces; k++) {
        uint32_t part = r->type_pieces.at[pt->piece_first + k].type;
        if (copy.id) {
          r->parts.at[first + k] =
            kiln_build_load(r->f, KILN_TYPE_V128, copy, (int32_t)(16 * k), 0).id;
          continue;
        }
        kiln_value v = take_piece(r, joined, part, kiln_func_param(r->f, next++));
        if (r->types[part].fit == FIT_BOOL)
          v = kiln_build_binary(r->f, KILN_OP_AND, KILN_TYPE_I8, v, kiln_const_int(r->f, 1));
        r->parts.at[first + k] = v.id;
      }
      r->parts.n += pt->n_pieces;
      kn_bc_define_parts(r, type, first);
      continue;
    }
    kiln_value v = kiln_func_param(r->f, next++);
    if (KN_UNLIKELY(kn_bc_is_short(pt))) v = kn_bc_soft_take(r, pt, v);
    if (pt->fit == FIT_BOOL) {
      const struct kn_bc_attr *a = kn_bc_attr(r, r->fn->attrs, i);
      if (!a || !(a->flags & PA_ZEXT))
        v = kiln_build_binary(r->f, KILN_OP_AND, KILN_TYPE_I8, v, kiln_const_int(r->f, 1));
    }
    kn_bc_def(r, type, v);
  }
  r->inst_base = r->n_vals;
  return r->status == KILN_OK;
}

void kn_bc_ret(struct kn_bc *r, uint32_t id, uint32_t type) {
  const struct kn_bc_sig *s = &r->fn_sig;
  if (KN_UNLIKELY(r->tail)) { /* the call before has returned what it gives */
    r->tail = false;
    return;
  }
  if (KN_UNLIKELY(r->harden.leaves)) kn_bc_harden_leave(r);
  if (id == UINT32_MAX || s->ret == RET_VOID) {
    if (s->ret != RET_VOID || id != UINT32_MAX) kn_bc_malformed(r, "a result of another type");
    else kiln_build_ret(r->f, NULL, 0);
    return;
  }
  if (type != r->elems.at[r->types[r->fn->type].first].type) {
    kn_bc_malformed(r, "a result of another type");
    return;
  }
  const struct kn_bc_type *t = &r->types[type];
  if (s->ret == RET_SCALAR) {
    kiln_value v;
    if (KN_UNLIKELY(s->ret_extend)) {
      bool is_signed = s->ret_extend & PA_SEXT;
      v = is_signed ? kn_bc_use_s(r, id, type) : kn_bc_use_z(r, id, type);
      if (t->ktype != KILN_TYPE_I32)
        v = kiln_build_convert(r->f, is_signed ? KILN_OP_SEXT : KILN_OP_ZEXT, KILN_TYPE_I32,
                               (kiln_type)t->ktype, v);
    } else {
      v = kn_bc_soft_pass(r, t, kn_bc_use(r, id, type));
    }
    kiln_build_ret(r->f, &v, 1);
    return;
  }
  uint32_t first = kn_bc_parts(r, id, type);
  if (first == UINT32_MAX) return;
  kiln_value v[KILN_MAX_RESULTS];
  for (uint32_t i = 0; i < t->n_pieces; i++) {
    kiln_value part = {r->parts.at[first + i]};
    struct kn_bc_piece p = r->type_pieces.at[t->piece_first + i];
    if (s->ret == RET_DEMOTED) kn_bc_store_scalar(r, r->demoted, p.offset, part, p.type, 0);
    else v[i] = kn_bc_soft_pass(r, &r->types[p.type], part);
  }
  kiln_build_ret(r->f, v, s->ret == RET_DEMOTED ? 0 : t->n_pieces);
}

/* ---- calls ---- */

static bool push_arg(struct kn_bc *r, kiln_value v) { return KN_BC_PUSH(r, r->args, v); }

/* Appends argument `id` of `type`; `extend` is how its parameter is extended (PA_...). */
static bool argument(struct kn_bc *r, uint32_t id, uint32_t type, unsigned extend) {
  const struct kn_bc_type *t = &r->types[type];
  if (kn_bc_passes_parts(t)) {
    uint32_t first = kn_bc_parts(r, id, type);
    if (first == UINT32_MAX) return false;
    bool joined = joins(r, &r->types[type]);
    for (uint32_t i = 0; i < r->types[type].n_pieces; i++) {
      uint32_t part = r->type_pieces.at[r->types[type].piece_first + i].type;
      if (!push_arg(r, pass_piece(r, joined, part, (kiln_value){r->parts.at[first + i]})))
        return false;
    }
    return true;
  }
  if (!kn_bc_scalar(r, type)) return false;
  if (extend & PA_SEXT) return push_arg(r, kn_bc_use_s(r, id, type));
  if (extend & PA_ZEXT) return push_arg(r, kn_bc_use_z(r, id, type));
  return push_arg(r, kn_bc_soft_pass(r, t, kn_bc_use(r, id, type)));
}

/* Appends a variadic argument; constants have to be given a type, since no parameter does that. */
static bool variadic_argument(struct kn_bc *r, uint32_t id, uint32_t type) {
  const struct kn_bc_type *t = &r->types[type];
  if (t->ktype == KILN_TYPE_I128 && id < r->inst_base) {
    struct kn_bc_num v;
    if (r->csts[id].kind != CK_NONE) {
      if (!kn_bc_eval(r, id, 0, &v)) return false;
      kiln_value c = kiln_const_i128(r->f, v.low, v.high); /* a small i128 constant has no type */
      return push_arg(r, kiln_build_unary(r->f, KILN_OP_COPY, KILN_TYPE_I128, c));
    }
  }
  return argument(r, id, type, 0);
}

/* Appends a long vector as an argument in memory. */
static bool copied_argument(struct kn_bc *r, uint32_t id, uint32_t type) {
  uint32_t first = kn_bc_parts(r, id, type);
  if (first == UINT32_MAX) return false;
  uint32_t n = r->types[type].n_pieces;
  kiln_value slot = kiln_slot_new(r->f, 16 * n, 4);
  for (uint32_t k = 0; k < n; k++)
    kiln_build_store(r->f, KILN_TYPE_V128, slot, (int32_t)(16 * k),
                     (kiln_value){r->parts.at[first + k]}, 0);
  return push_arg(r, slot);
}

/* Can a value of `type` be a variadic argument? */
static bool variadic_possible(struct kn_bc *r, uint32_t type) {
  const struct kn_bc_type *t = &r->types[type];
  if (kn_bc_is_long_vector(t) && r->wide_sigs) {
    if (!kn_bc_split_plain(r, type)) return false;
    if (!wide_possible(r, type, r->wide_sigs))
      return kn_bc_unsupported(r, "a vector of this type as a variadic argument with AVX");
  }
  return !kn_bc_has_odd_lanes(r, t) || kn_bc_bad_type(r, type);
}

/* A signature whose parameters include the variadic arguments of a call, since some of these are copied or
 * joined. They are passed where variadic arguments are passed. `kinds` are their types. */
static bool copying_sig(struct kn_bc *r, const struct kn_bc_type *ft, uint32_t attrs,
                        const uint32_t *kinds, uint32_t n, kiln_sig *sig) {
  kiln_sig_info info = kiln_sig_get(r->module, *sig);
  kiln_type results[KILN_MAX_RESULTS];
  r->params.n = 0;
  if (!KN_BC_ROOM(r, r->params, info.n_params)) return false;
  for (uint32_t i = 0; i < info.n_params; i++) r->params.at[i] = info.params[i];
  for (uint32_t i = 0; i < info.n_results; i++) results[i] = (kiln_type)info.results[i];
  r->params.n = info.n_params;
  for (uint32_t i = 0; i < n; i++) {
    const struct kn_bc_type *t = &r->types[kinds[i]];
    const struct kn_bc_attr *a = kn_bc_attr(r, attrs, ft->n + i);
    if (a && a->refused) return kn_bc_refuse(r, a->refused);
    if (is_in_memory(r, ft, kinds[i])) {
      if (!KN_BC_PUSH(r, r->params, in_memory(t))) return false;
      continue;
    }
    bool joined = joins(r, t);
    for (uint32_t k = 0; k < t->n_pieces; k++) {
      uint32_t part = r->type_pieces.at[t->piece_first + k].type;
      kiln_param p = {.type = (uint8_t)piece_as(r, joined, part),
                      .align_log2 = joined && k == 0 ? stack_align(r, a) : 0};
      if (joined && k + 1 < t->n_pieces) p.flags = KILN_PARAM_JOIN;
      if (a && t->kind == TK_PTR && a->flags & PA_BYVAL && !by_value(r, a, &p)) return false;
      if (!KN_BC_PUSH(r, r->params, p)) return false;
    }
  }
  *sig = kiln_sig_new(r->module, info.cc, info.flags, r->params.at, r->params.n, results,
                      info.n_results);
  return sig->id != 0 || kn_bc_unsupported(r, "so many arguments");
}

/* Appends arguments that are not all plain scalars, or that are variadic. May replace the signature. */
static bool other_arguments(struct kn_bc *r, const struct kn_bc_type *ft, uint32_t attrs,
                            const uint64_t *ops, unsigned n, kiln_sig *sig) {
  for (uint32_t k = 1; k < ft->n; k++) {
    const struct kn_bc_attr *a = kn_bc_attr(r, attrs, k);
    uint32_t id = r->n_vals - (uint32_t)ops[k - 1];
    uint32_t type = r->elems.at[ft->first + k].type;
    unsigned extend = a && r->types[type].kind == TK_INT ? a->flags & (PA_SEXT | PA_ZEXT) : 0;
    if (is_in_memory(r, ft, type) ? !copied_argument(r, id, type) : !argument(r, id, type, extend))
      return false;
  }
  bool copies = false;
  r->ids.n = 0;
  for (unsigned i = ft->n - 1; i < n;) {
    uint32_t id, type;
    if (!kn_bc_operand(r, ops, n, &i, &id, &type)) return false;
    if (r->has_vectors && !variadic_possible(r, type)) return false;
    bool wide = r->has_vectors && is_in_memory(r, ft, type);
    if (!kn_bc_split_plain(r, type) ||
        (wide ? !copied_argument(r, id, type) : !variadic_argument(r, id, type)))
      return false;
    copies |= wide;
    const struct kn_bc_attr *a = attrs ? kn_bc_attr(r, attrs, ft->n + r->ids.n) : NULL;
    if (a && (a->flags & PA_BYVAL || a->stack_align_log2 > 3)) copies = true;
    if (joins(r, &r->types[type])) copies = true;
    if (!KN_BC_PUSH(r, r->ids, type)) return false;
  }
  return !copies || copying_sig(r, ft, attrs, r->ids.at, r->ids.n, sig);
}

/* A call that must be a tail call, of type `type` by `sig_flags`: the return behind it is a part of it. */
static __attribute__((noinline)) void tail_call(struct kn_bc *r, uint32_t type, uint32_t attrs,
                                                unsigned sig_flags, uint64_t convention,
                                                kiln_value target, const uint64_t *ops,
                                                unsigned n) {
  const struct kn_bc_type *ft = &r->types[type];
  uint32_t ret = r->elems.at[ft->first].type;
  kiln_sig own = kiln_symbol_get(r->module, (kiln_symbol){r->fn->symbol}).sig;
  if ((ft->flags || r->types[r->fn->type].flags) && type != r->fn->type) {
    kn_bc_unsupported(r, "musttail calls with variadic arguments to functions of another type");
    return;
  }
  kiln_callconv cc = kiln_sig_get(r->module, own).cc;
  if (cc != KILN_CC_C && cc != KILN_CC_PRESERVE_NONE) {
    kn_bc_unsupported(r, "musttail calls in functions that keep more registers");
    return;
  }
  sig_flags |= r->wide_sigs;
  const struct kn_bc_sig *s = kn_bc_sig(r, type, attrs, sig_flags | KN_BC_SIG_DEFINITION);
  if (!s) return;
  if (ret != r->elems.at[r->types[r->fn->type].first].type ||
      s->ret_extend != r->fn_sig.ret_extend) {
    kn_bc_unsupported(r, "musttail calls whose result is not the function's");
    return;
  }
  kiln_sig sig = s->sig;
  r->args.n = 0;
  if (s->ret == RET_DEMOTED && !push_arg(r, r->demoted)) return;
  if (!other_arguments(r, ft, attrs, ops, n, &sig)) return;
  if (convention == CC_PRESERVE_NONE && !kn_bc_harden_convention(r, convention, NULL, &sig)) return;
  if (r->harden.leaves) kn_bc_harden_leave(r);
  kiln_build_tailcall(r->f, sig, target, r->args.at, r->args.n);
  r->tail = true;
  if (s->ret == RET_VOID) return;
  if (s->ret == RET_SCALAR) {
    kn_bc_def(r, ret, kn_bc_zero(r, ret)); /* for the return, which does not read it */
    return;
  }
  const struct kn_bc_type *rt = &r->types[ret];
  uint32_t first = r->parts.n;
  for (uint32_t k = 0; k < rt->n_pieces; k++) {
    kiln_value zero = kn_bc_zero(r, r->type_pieces.at[rt->piece_first + k].type);
    if (!KN_BC_PUSH(r, r->parts, zero.id)) return;
  }
  kn_bc_define_parts(r, ret, first);
}

/* Is the next record the return of the result of the call that is being read, or of nothing? The position stays. */
static bool returns_next(struct kn_bc *r, bool result) {
  uint64_t pos = r->bits.pos;
  unsigned id = (unsigned)kn_bits_peek(&r->bits, pos) & ((1u << r->width) - 1), code = r->code;
  if (r->bits.pos >= r->bits.end || id < BC_UNABBREV) return false;
  uint32_t block;
  struct kn_bc_ops ops = r->ops; /* of the call: kept */
  r->ops = r->md_ops;
  bool is = kn_bc_next(r, &block) == ENTRY_RECORD && r->code == FUNC_RET &&
            r->ops.n == (result ? 1 : 0) && (!result || r->ops.at[0] == 1);
  r->md_ops = r->ops;
  r->ops = ops;
  r->code = code;
  r->bits.pos = pos;
  return is;
}

/* LLVM makes a jump of a call that may be a tail call and is the function's last instruction.
 * Debuggers see one frame less then: it is done in functions that are not optimized, whose only
 * such calls are those of clang's thunks. The function is of the same type, with arguments in
 * registers alone. */
static __attribute__((noinline)) bool jumps(struct kn_bc *r, uint32_t type,
                                            const struct kn_bc_sig *s) {
  enum { MOST_ARGS = 6 }; /* of either kind, in registers of both targets */
  const struct kn_bc_type *ft = &r->types[type];
  if (!(r->fn->fn_flags & FA_OPT_NONE) || type != r->fn->type || ft->flags || r->harden.leaves ||
      !s->plain || s->ret > RET_SCALAR || s->ret_bool != r->fn_sig.ret_bool ||
      ft->n - 1 > MOST_ARGS)
    return false;
  unsigned in_memory =
    KILN_PARAM_BYVAL | (kn_bc_targets[r->target].sret_jumps ? 0u : KILN_PARAM_SRET);
  const kiln_sig_info is = kiln_sig_get(r->module, s->sig);
  for (uint32_t k = 0; k < is.n_params; k++)
    if (is.params[k].flags & in_memory) return false;
  for (uint32_t k = 0; k < ft->n; k++) {
    const struct kn_bc_type *t = &r->types[r->elems.at[ft->first + k].type];
    bool number = (t->kind == TK_INT || t->kind == TK_FLOAT) && t->bits <= 64;
    if (!number && t->kind != TK_PTR && t->kind != TK_VOID) return false;
  }
  return returns_next(r, s->ret == RET_SCALAR);
}

/* The handle of value `id`, which is function `g`. Most callees are functions, most called once in a body. */
static inline kiln_value function(struct kn_bc *r, uint32_t id, const struct kn_bc_global *g) {
  struct kn_bc_val *v = &r->vals[id];
  if (v->t >> 24 != VS_CONST) return (kiln_value){v->h};
  kiln_value f = kiln_const_symbol(r->f, (kiln_symbol){g->symbol}, 0);
  *v = (struct kn_bc_val){f.id, r->ptr_type | (uint32_t)VS_HANDLE << 24};
  KN_BC_PUSH(r, r->touched, id);
  return f;
}

/* A call, or an invoke that goes on as `invoke` says. Compiled once for each, so that calls pay nothing for invokes. */
static inline __attribute__((always_inline)) void call_of(struct kn_bc *r,
                                                          struct kn_bc_invoke *invoke, uint64_t cc,
                                                          uint32_t type, uint64_t list,
                                                          uint32_t callee, uint32_t callee_type,
                                                          const uint64_t *ops, unsigned n) {
  const struct kn_bc_type *ft = &r->types[type];
  if (KN_UNLIKELY(ft->kind != TK_FUNC || (list && list >= r->lists.n))) goto bad;
  uint32_t attrs = 0;
  if (list) {
    attrs = r->lists.at[list].same;
    if (KN_UNLIKELY(r->lists.at[list].refused_call != NULL)) {
      kn_bc_refuse(r, r->lists.at[list].refused_call);
      return;
    }
  }
  uint32_t n_params = ft->n - 1, ret = r->elems.at[ft->first].type;
  if (n < n_params || (n > n_params && !ft->flags)) goto bad;
  bool bundles = r->bundles;
  r->bundles = false;

  unsigned flags = 0;
  kiln_value target;
  const struct kn_bc_global *g = NULL;
  if (KN_LIKELY(callee < r->module_vals && r->csts[callee].kind == CK_GLOBAL)) {
    g = &r->globals.at[r->csts[callee].index];
    if (g->what == KILN_SYMBOL_FUNC) {
      if (!g->symbol) {
        if (g->type != type) goto bad;
        kn_bc_intrinsic(r, g, type, attrs, ops, n, bundles);
        return;
      }
      flags = g->fn_flags & (KN_BC_SIG_FLAGS | FA_CALL_REFUSED);
      target = function(r, callee, g);
    } else {
      target = kn_bc_use(r, callee, r->ptr_type);
    }
  } else {
    if (callee < r->inst_base && r->csts[callee].kind == CK_ASM) {
      if (bundles) kn_bc_refuse_bundle(r, r->bundle);
      else kn_bc_asm(r, &r->csts[callee], type, ops, n, 0, NULL);
      return;
    }
    target = kn_bc_use(r, callee, callee_type);
    if (KN_UNLIKELY(r->harden.protect) && kn_bc_harden_untracked(r, attrs)) {
      kn_bc_unsupported(r, "indirect calls with attribute nocf_check");
      return;
    }
  }
  if (KN_UNLIKELY(bundles)) {
    kn_bc_refuse_bundle(r, r->bundle);
    return;
  }
  uint64_t convention =
    cc >> 1 & 0x3ff; /* mostly C's, or the one of local functions, which is the same */
  if (KN_UNLIKELY(convention != 0 && convention != CC_FAST) && !kn_bc_convention(r, convention))
    return;
  if (KN_UNLIKELY(cc >> 14 & 1) && !(flags & FA_CALL_REFUSED)) {
    if (convention == CC_WIN64) {
      kn_bc_unsupported(r, "musttail calls by win64cc");
      return;
    }
    tail_call(r, type, attrs, flags, convention, target, ops, n);
    return;
  }
  if (KN_UNLIKELY(convention == CC_WIN64)) flags |= KN_BC_SIG_WIN64;
  const struct kn_bc_sig *sp = kn_bc_sig(r, type, attrs, flags | r->wide_sigs);
  if (KN_UNLIKELY(!sp)) {
    if (flags & FA_CALL_REFUSED)
      kn_bc_refuse(r, kn_bc_attr(r, g->attrs, KN_BC_FUNC_INDEX)->refused_call);
    return;
  }
  struct kn_bc_sig s = *sp;
  if (KN_UNLIKELY(cc & 1) && convention == 0 && jumps(r, type, &s)) {
    tail_call(r, type, attrs, flags, convention, target, ops, n);
    return;
  }
  if (KN_UNLIKELY(convention == CC_PRESERVE_NONE) &&
      !kn_bc_harden_convention(r, convention, NULL, &s.sig))
    return;

  r->args.n = 0;
  kiln_value memory = {0};
  const struct kn_bc_type *rt = &r->types[ret];
  if (s.ret == RET_DEMOTED) {
    memory = kiln_slot_new(r->f, rt->size, rt->align_log2);
    if (!push_arg(r, memory)) return;
  }
  if (KN_LIKELY(s.plain && n == n_params)) {
    if (!KN_BC_ROOM(r, r->args, (uint64_t)r->args.n + n)) return;
    kiln_value *to = r->args.at + r->args.n;
    const struct kn_bc_elem *params = r->elems.at + ft->first + 1;
    for (unsigned k = 0; k < n; k++)
      to[k] = kn_bc_use(r, r->n_vals - (uint32_t)ops[k], params[k].type);
    r->args.n += n;
  } else if (!other_arguments(r, ft, attrs, ops, n, &s.sig)) {
    return;
  }
  kiln_value v, results[KILN_MAX_RESULTS];
  if (invoke) {
    kn_bc_try(r, invoke, &s, ret, target, results);
    if (r->status != KILN_OK) return;
    v = results[0];
  } else {
    v = kiln_build_call(r->f, s.sig, target, r->args.at, r->args.n);
  }
  if (s.ret == RET_VOID) return;
  if (s.ret == RET_SCALAR) {
    if (KN_UNLIKELY(s.ret_bool))
      v = kn_bc_is_short(rt)
            ? kn_bc_soft_take(r, rt, v)
            : kiln_build_binary(r->f, KILN_OP_AND, KILN_TYPE_I8, v, kiln_const_int(r->f, 1));
    kn_bc_def(r, ret, v);
    return;
  }
  uint32_t first = r->parts.n, count = rt->n_pieces;
  if (!KN_BC_ROOM(r, r->parts, (uint64_t)first + count)) return;
  for (uint32_t k = 0; k < count; k++) {
    struct kn_bc_piece p = r->type_pieces.at[rt->piece_first + k];
    kiln_value part = s.ret == RET_DEMOTED ? kn_bc_load_scalar(r, memory, p.offset, p.type, 0)
                      : k == 0             ? v
                      : invoke             ? results[k]
                                           : kiln_build_result(r->f, v, k);
    r->parts.at[first + k] = part.id;
  }
  for (uint32_t k = 0; k < count && s.ret != RET_DEMOTED; k++) { /* after all RESULT instructions */
    uint32_t part = r->type_pieces.at[rt->piece_first + k].type;
    if (kn_bc_is_short(&r->types[part]))
      r->parts.at[first + k] =
        kn_bc_soft_take(r, &r->types[part], (kiln_value){r->parts.at[first + k]}).id;
    if (r->types[part].fit == FIT_BOOL)
      r->parts.at[first + k] =
        kiln_build_binary(r->f, KILN_OP_AND, KILN_TYPE_I8, (kiln_value){r->parts.at[first + k]},
                          kiln_const_int(r->f, 1))
          .id;
  }
  r->parts.n += count;
  kn_bc_define_parts(r, ret, first);
  return;
bad:
  kn_bc_malformed(r, "bad call");
}

void kn_bc_call_of(struct kn_bc *r, uint64_t cc, uint32_t type, uint64_t list, uint32_t callee,
                   uint32_t callee_type, const uint64_t *ops, unsigned n) {
  call_of(r, NULL, cc, type, list, callee, callee_type, ops, n);
}

void kn_bc_invoke_of(struct kn_bc *r, struct kn_bc_invoke *to, uint64_t cc, uint32_t type,
                     uint64_t list, uint32_t callee, uint32_t callee_type, const uint64_t *ops,
                     unsigned n) {
  call_of(r, to, cc, type, list, callee, callee_type, ops, n);
}

/* [attributes, cc and flags, fast-math flags?, type, callee, arguments...] */
void kn_bc_call(struct kn_bc *r, const uint64_t *ops, unsigned n) {
  unsigned i = 2;
  uint32_t callee, callee_type;
  uint64_t cc = n < 2 ? 0 : ops[1];
  if (cc >> 17 & 1) {
    i++;
    r->fast_call = r->n_vals;
    r->fast_flags = n > 2 ? (uint32_t)ops[2] : 0;
  }
  if (n >= 4 && !(cc >> 15 & 1)) {
    kn_bc_unsupported(r, "calls without an explicit type");
    return;
  }
  if (n < 4 || i >= n || ops[i] >= r->n_types) {
    kn_bc_malformed(r, "bad call");
    return;
  }
  uint32_t type = (uint32_t)ops[i++];
  if (!kn_bc_operand(r, ops, n, &i, &callee, &callee_type)) return;
  kn_bc_call_of(r, cc, type, ops[0], callee, callee_type, ops + i, n - i);
}
