/* Calls, parameters and returns: values become what signatures (sigs.c) say of them, and the reverse.
 * Called by record.c and function.c. */
#include "bc.h"

const struct kn_bc_sig *kn_bc_sig(struct kn_bc *r, uint32_t type, uint32_t attrs, unsigned flags) {
  const struct kn_bc_attr_list *list = &r->m->attr_lists.at[attrs];
  attrs = list->sig;
  flags |= list->sig_flags;
  if (!list->extends) flags &= ~(unsigned)KN_BC_SIG_DEFINITION;
  uint64_t key = ((uint64_t)type << 40 | (uint64_t)attrs << 16 | (flags & 511u)) + 1;
  if (KN_LIKELY(r->sigs.n != 0)) {
    const struct kn_bc_sig *s = &r->sigs.at[r->sig_memo[kn_bc_sig_hash(key) % KN_BC_SIG_MEMO]];
    if (KN_LIKELY(s->key == key)) return s;
  }
  return kn_bc_find_sig(r, key, type, attrs, flags);
}

/* ---- parameters and results ---- */

/* The parts of a run from number k on. */
static inline const kiln_value *parts_from(const struct kn_bc *r, const struct kn_bc_run *x,
                                           uint32_t k) {
  return x->first == UINT32_MAX ? &x->one : &r->fn.parts.at[x->first + k];
}

/* A vector of 64 bits as one of 128, a float as an f80, or the reverse, if it is passed so. */
static kiln_value fit(struct kn_bc *r, kiln_type to, kiln_type from, kiln_value v) {
  if (KN_LIKELY(to == from)) return v;
  if (to == KILN_TYPE_F80) return kiln_build_convert(r->f, KILN_OP_FPROMOTE, to, from, v);
  if (from == KILN_TYPE_F80) return kiln_build_convert(r->f, KILN_OP_FDEMOTE, to, from, v);
  return kn_bc_vec_one(r, KILN_OP_VRESIZE, to, from, 0, v);
}

/* Defines the next value, of `type`, which is split: made of `results` of types `types`, or, if that is NULL, of the
 * function's parameters from number *next on. */
static void take(struct kn_bc *r, uint32_t type, const kiln_value *results, const kiln_type *types,
                 uint32_t *next) {
  const struct kn_bc_type *t = &r->types.at[type];
  kiln_value parts[KN_BC_MAX_PIECES];
  const kiln_param *params = kiln_sig_get(r->module, r->fn.sig.sig).params;
  bool joined = !results && kn_bc_joins(r, t);
  struct kn_bc_leaf l = {0};
  while (kn_bc_leaf_next(r, t, &l)) {
    kiln_value *out = &parts[l.first];
    struct kn_bc_passed p;
    kiln_value in[KN_BC_MAX_PASSED];
    if (!kn_bc_leaf_passed(r, &l, r->fn.wide_sigs, &p)) return;
    for (uint32_t k = 0; k < p.n; k++, ++*next) {
      in[k] = results ? results[*next] : kiln_func_param(r->f, *next);
      if (results) in[k] = fit(r, p.type, (kiln_type)types[*next], in[k]);
      else if (l.vector) in[k] = fit(r, p.type, (kiln_type)params[*next].type, in[k]);
    }
    if (l.vector) {
      kn_bc_vec_take(r, l.type, &p, in, out);
      continue;
    }
    kiln_value v =
      kn_bc_piece_as(r, joined, l.type) == KILN_TYPE_F16
        ? kiln_build_convert(r->f, KILN_OP_BITCAST, KILN_TYPE_I16, KILN_TYPE_F16, in[0])
        : kn_bc_soft_take(r, &r->types.at[l.type], in[0]);
    if (r->types.at[l.type].fit == FIT_BOOL)
      v = kiln_build_binary(r->f, KILN_OP_AND, KILN_TYPE_I8, v, kiln_const_int(r->f, 1));
    *out = v;
  }
  if (r->status == KILN_OK) kn_bc_define(r, type, parts);
}

/* A vector that is passed in memory: defines the next value; and appends it as an argument. */
static void take_copy(struct kn_bc *r, uint32_t type, kiln_value copy) {
  struct kn_bc_passed p;
  kiln_value in[KN_BC_MAX_PASSED], parts[KN_BC_MAX_PIECES];
  if (!kn_bc_vec_passed(r, type, r->fn.wide_sigs, &p)) return;
  for (uint32_t k = 0; k < p.n; k++)
    in[k] = kiln_build_load(r->f, KILN_TYPE_V128, copy, (int32_t)(16 * k), 0);
  kn_bc_vec_take(r, type, &p, in, parts);
  kn_bc_define(r, type, parts);
}
static bool give_copy(struct kn_bc *r, uint32_t id, uint32_t type) {
  struct kn_bc_passed p;
  struct kn_bc_run x;
  kiln_value out[KN_BC_MAX_PASSED];
  if (!kn_bc_run(r, id, type, &x) || !kn_bc_vec_passed(r, type, r->fn.wide_sigs, &p)) return false;
  kiln_value slot = kiln_slot_new(r->f, 16 * p.n, 4);
  kn_bc_vec_give(r, type, &p, parts_from(r, &x, 0), out);
  for (uint32_t k = 0; k < p.n; k++)
    kiln_build_store(r->f, KILN_TYPE_V128, slot, (int32_t)(16 * k), out[k], 0);
  return KN_BC_PUSH(r, r->tmp.args, slot);
}

/* Appends what is passed of value `id` to r->tmp.args: by parameters `params` from number r->tmp.args.n on, of which
 * there are n_params; to none: variadic arguments. `results`: as results of these types, and not as arguments. */
static bool give(struct kn_bc *r, uint32_t id, uint32_t type, const kiln_param *params,
                 uint32_t n_params, const kiln_type *results) {
  const struct kn_bc_type *t = &r->types.at[type];
  struct kn_bc_run x;
  if (!kn_bc_run(r, id, type, &x) || !kn_bc_split(r, type)) return false;
  bool joined = !results && kn_bc_joins(r, t), widens = !kn_bc_targets[r->target].short_vectors;
  struct kn_bc_leaf l = {0};
  while (kn_bc_leaf_next(r, t, &l)) {
    struct kn_bc_passed p;
    kiln_value out[KN_BC_MAX_PASSED];
    if (!kn_bc_leaf_passed(r, &l, r->fn.wide_sigs, &p)) return false;
    if (l.vector) {
      kn_bc_vec_give(r, l.type, &p, parts_from(r, &x, l.first), out);
    } else {
      kiln_value v = kn_bc_part(r, &x, l.first);
      out[0] = kn_bc_piece_as(r, joined, l.type) == KILN_TYPE_F16
                 ? kiln_build_convert(r->f, KILN_OP_BITCAST, KILN_TYPE_F16, KILN_TYPE_I16, v)
                 : kn_bc_soft_pass(r, &r->types.at[l.type], v);
    }
    for (uint32_t k = 0; k < p.n; k++) {
      if (results) out[k] = fit(r, (kiln_type)results[r->tmp.args.n], p.type, out[k]);
      else if (p.type == KILN_TYPE_V64 && widens)
        out[k] =
          fit(r, r->tmp.args.n < n_params ? (kiln_type)params[r->tmp.args.n].type : KILN_TYPE_V128,
              p.type, out[k]);
      if (!KN_BC_PUSH(r, r->tmp.args, out[k])) return false;
    }
  }
  return r->status == KILN_OK;
}

bool kn_bc_params(struct kn_bc *r) {
  const struct kn_bc_type *t = &r->types.at[r->fn.global->type];
  uint32_t next = 0;
  r->vals.n = r->m->n_vals;
  if (r->fn.sig.ret == RET_DEMOTED) r->fn.demoted = kiln_func_param(r->f, next++);
  uint64_t need = (uint64_t)r->vals.n + t->n;
  if ((need > r->vals.cap || need > r->csts.cap) && !kn_bc_room_vals(r, need)) return false;
  for (uint32_t i = 1; i < t->n; i++) {
    uint32_t type = r->m->elems.at[t->first + i].type;
    const struct kn_bc_type *pt = &r->types.at[type];
    r->csts.at[r->vals.n] = (struct kn_bc_cst){.kind = CK_NONE};
    if (kn_bc_passes_parts(pt)) {
      if (kn_bc_in_memory(r, t, type)) take_copy(r, type, kiln_func_param(r->f, next++));
      else take(r, type, NULL, NULL, &next);
      if (r->status != KILN_OK) return false;
      continue;
    }
    kiln_value v = kiln_func_param(r->f, next++);
    if (KN_UNLIKELY(kn_bc_is_short(pt))) v = kn_bc_soft_take(r, pt, v);
    if (pt->fit == FIT_BOOL) {
      const struct kn_bc_attr *a = kn_bc_attr(r, r->fn.global->attrs, i);
      if (!a || !(a->flags & PA_ZEXT))
        v = kiln_build_binary(r->f, KILN_OP_AND, KILN_TYPE_I8, v, kiln_const_int(r->f, 1));
    }
    kn_bc_def(r, type, v);
  }
  r->inst_base = r->vals.n;
  return r->status == KILN_OK;
}

void kn_bc_ret(struct kn_bc *r, uint32_t id, uint32_t type) {
  const struct kn_bc_sig *s = &r->fn.sig;
  if (KN_UNLIKELY(r->fn.tail)) { /* the call before has returned what it gives */
    r->fn.tail = false;
    return;
  }
  if (KN_UNLIKELY(r->fn.harden.leaves)) kn_bc_harden_leave(r);
  if (id == UINT32_MAX || s->ret == RET_VOID) {
    if (s->ret != RET_VOID || id != UINT32_MAX) kn_bc_malformed(r, "a result of another type");
    else if (KN_UNLIKELY(r->fn.harden.naked)) kn_bc_harden_ret(r);
    else kiln_build_ret(r->f, NULL, 0);
    return;
  }
  if (!kn_bc_types_agree(r, type, r->m->elems.at[r->types.at[r->fn.global->type].first].type))
    return (void)kn_bc_malformed(r, "a result of another type");
  const struct kn_bc_type *t = &r->types.at[type];
  if (s->ret == RET_SCALAR) {
    kiln_value v;
    if (KN_UNLIKELY(s->ret_extend)) {
      bool is_signed = s->ret_extend & PA_SEXT;
      v = is_signed ? kn_bc_use_s(r, id, type) : kn_bc_use_z(r, id, type);
      if (t->ktype < KILN_TYPE_I32)
        v = kiln_build_convert(r->f, is_signed ? KILN_OP_SEXT : KILN_OP_ZEXT, KILN_TYPE_I32,
                               (kiln_type)t->ktype, v);
    } else {
      v = kn_bc_soft_pass(r, t, kn_bc_use(r, id, type));
    }
    kiln_build_ret(r->f, &v, 1);
    return;
  }
  if (s->ret == RET_PARTS) {
    r->tmp.args.n = 0;
    const kiln_type *results = kiln_sig_get(r->module, s->sig).results;
    if (give(r, id, type, NULL, 0, results)) kiln_build_ret(r->f, r->tmp.args.at, r->tmp.args.n);
    return;
  }
  kn_bc_store_value(r, r->fn.demoted, id, type, 0);
  kiln_build_ret(r->f, NULL, 0);
}

/* ---- calls ---- */

static bool push_arg(struct kn_bc *r, kiln_value v) { return KN_BC_PUSH(r, r->tmp.args, v); }

/* Appends argument `id` of `type`; `extend` is how its parameter, among those of `sig`, is extended (PA_...). */
static bool argument(struct kn_bc *r, uint32_t id, uint32_t type, unsigned extend, kiln_sig sig) {
  const struct kn_bc_type *t = &r->types.at[type];
  if (kn_bc_passes_parts(t)) {
    const kiln_sig_info info = kiln_sig_get(r->module, sig);
    return give(r, id, type, info.params, (uint32_t)info.n_params, NULL);
  }
  if (!kn_bc_scalar(r, type)) return false;
  if (extend & PA_SEXT) return push_arg(r, kn_bc_use_s(r, id, type));
  if (extend & PA_ZEXT) return push_arg(r, kn_bc_use_z(r, id, type));
  return push_arg(r, kn_bc_soft_pass(r, t, kn_bc_use(r, id, type)));
}

/* How attributes extend an argument of `t`: PA_SEXT, PA_ZEXT or 0. */
static unsigned extension(const struct kn_bc_type *t, const struct kn_bc_attr *a) {
  return a && t->kind == TK_INT ? a->flags & (PA_SEXT | PA_ZEXT) : 0;
}

/* The type that passes a variadic argument of scalar type `t`. */
static kiln_type variadic_type(const struct kn_bc_type *t, unsigned extend) {
  return extend && t->bits < 32 ? KILN_TYPE_I32 : kn_bc_passed_as(t);
}

/* Appends a variadic argument; constants have to be given a type, since no parameter does that. */
static bool variadic_argument(struct kn_bc *r, uint32_t id, uint32_t type, unsigned extend,
                              kiln_sig sig) {
  const struct kn_bc_type *t = &r->types.at[type];
  if (extend && variadic_type(t, extend) != (kiln_type)t->ktype) {
    bool sign = extend & PA_SEXT;
    kiln_value v = sign ? kn_bc_use_s(r, id, type) : kn_bc_use_z(r, id, type);
    return push_arg(r, kiln_build_convert(r->f, sign ? KILN_OP_SEXT : KILN_OP_ZEXT, KILN_TYPE_I32,
                                          (kiln_type)t->ktype, v));
  }
  if (t->ktype == KILN_TYPE_I128 && id < r->inst_base) {
    struct kn_bc_num v;
    if (r->csts.at[id].kind != CK_NONE) {
      if (!kn_bc_eval(r, id, 0, &v)) return false;
      kiln_value c = kiln_const_i128(r->f, v.low, v.high); /* a small i128 constant has no type */
      return push_arg(r, kiln_build_unary(r->f, KILN_OP_COPY, KILN_TYPE_I128, c));
    }
  }
  return argument(r, id, type, extend, sig);
}

/* A signature whose parameters include the variadic arguments of a call, since some of these are copied or
 * joined. They are passed where variadic arguments are passed. `kinds` are their types. */
static bool copying_sig(struct kn_bc *r, const struct kn_bc_type *ft, uint32_t attrs,
                        const uint32_t *kinds, uint32_t n, kiln_sig *sig) {
  kiln_sig_info info;
  kiln_type results[KILN_MAX_RESULTS];
  if (!kn_bc_sig_parts(r, *sig, &info, results)) return false;
  for (uint32_t i = 0; i < n; i++) {
    const struct kn_bc_type *t = &r->types.at[kinds[i]];
    const struct kn_bc_attr *a = kn_bc_attr(r, attrs, ft->n + i);
    if (a && a->refused) return kn_bc_refuse(r, a->refused);
    if (kn_bc_passes_parts(t)) {
      if (!kn_bc_parameter(r, ft, kinds[i], a, r->fn.wide_sigs, true)) return false;
      continue;
    }
    kiln_param p = {.type = (uint8_t)variadic_type(t, extension(t, a))};
    if (a && t->kind == TK_PTR && a->flags & PA_BYVAL && !kn_bc_by_value(r, a, &p)) return false;
    if (!KN_BC_PUSH(r, r->tmp.params, p)) return false;
  }
  *sig = kiln_sig_new(r->module, info.cc, info.flags, r->tmp.params.at, r->tmp.params.n, results,
                      info.n_results);
  return sig->id != 0 || kn_bc_unsupported(r, "this many arguments");
}

/* Appends arguments that are not all plain scalars, or that are variadic. May replace the signature. */
static bool other_arguments(struct kn_bc *r, const struct kn_bc_callsite *c, kiln_sig *sig) {
  const struct kn_bc_type *ft = &r->types.at[c->type];
  const uint32_t attrs = c->attrs, n = c->n;
  const uint64_t *ops = c->ops;
  for (uint32_t k = 1; k < ft->n; k++) {
    const struct kn_bc_attr *a = kn_bc_attr(r, attrs, k);
    uint32_t id = r->vals.n - (uint32_t)ops[k - 1];
    uint32_t type = r->m->elems.at[ft->first + k].type;
    unsigned extend = extension(&r->types.at[type], a);
    if (kn_bc_in_memory(r, ft, type) ? !give_copy(r, id, type)
                                     : !argument(r, id, type, extend, *sig))
      return false;
  }
  bool copies = false;
  r->tmp.ids.n = 0;
  for (unsigned i = ft->n - 1; i < n;) {
    uint32_t id, type;
    if (!kn_bc_operand(r, ops, n, &i, &id, &type)) return false;
    if (!kn_bc_split_plain(r, type)) return false;
    bool wide = kn_bc_in_memory(r, ft, type);
    const struct kn_bc_attr *a = attrs ? kn_bc_attr(r, attrs, ft->n + r->tmp.ids.n) : NULL;
    unsigned extend = extension(&r->types.at[type], a);
    if (wide ? !give_copy(r, id, type) : !variadic_argument(r, id, type, extend, *sig))
      return false;
    copies |= wide;
    if (a && (a->flags & PA_BYVAL || a->stack_align_log2 > 3)) copies = true;
    if (kn_bc_joins(r, &r->types.at[type])) copies = true;
    if (!KN_BC_PUSH(r, r->tmp.ids, type)) return false;
  }
  return !copies || copying_sig(r, ft, attrs, r->tmp.ids.at, r->tmp.ids.n, sig);
}

/* A call by `sig`, which is not that of most calls of the function: LLVM's IR lets it contradict the declaration, as
 * calls in code that does not run do. Then it is one of the address. */
static KN_COLD void call_otherwise(struct kn_bc *r, struct kn_bc_callsite *c, kiln_sig sig) {
  if (c->declared == 0) return;
  const struct kn_bc_global *g = &r->m->globals.at[r->csts.at[c->callee].index];
  const kiln_sig declared = kiln_symbol_get(r->module, (kiln_symbol){g->symbol}).sig;
  if (kiln_sig_is_compatible(r->module, sig, declared)) return;
  c->target = kiln_build_unary(r->f, KILN_OP_COPY, KILN_TYPE_PTR, c->target);
  c->declared = 0;
}

/* A call that must be a tail call: the return after it is a part of it. */
static __attribute__((noinline)) void tail_call(struct kn_bc *r, struct kn_bc_callsite *c) {
  const uint32_t type = c->type;
  const struct kn_bc_type *ft = &r->types.at[type];
  uint32_t ret = r->m->elems.at[ft->first].type;
  kiln_sig own = kiln_symbol_get(r->module, (kiln_symbol){r->fn.global->symbol}).sig;
  if ((ft->flags || r->types.at[r->fn.global->type].flags) && type != r->fn.global->type)
    return (void)kn_bc_unsupported(
      r, "musttail calls with variadic arguments to functions of another type");
  if (!kn_bc_callconv_tail_calls(kiln_sig_get(r->module, own).cc))
    return (void)kn_bc_unsupported(r, "musttail calls in functions that keep more registers");
  const struct kn_bc_sig *s =
    kn_bc_sig(r, type, c->attrs, c->flags | r->fn.wide_sigs | KN_BC_SIG_DEFINITION);
  if (!s) return;
  if (ret != r->m->elems.at[r->types.at[r->fn.global->type].first].type ||
      s->ret_extend != r->fn.sig.ret_extend)
    return (void)kn_bc_unsupported(r, "musttail calls whose result differs from the function's");
  kiln_sig sig = s->sig;
  r->tmp.args.n = 0;
  if (s->ret == RET_DEMOTED && !push_arg(r, r->fn.demoted)) return;
  if (!other_arguments(r, c, &sig)) return;
  if (c->by && c->by->calls && !kn_bc_callconv_sig(r, c->by, NULL, &sig)) return;
  call_otherwise(r, c, sig);
  if (r->fn.harden.leaves) kn_bc_harden_leave(r);
  kiln_build_tailcall(r->f, sig, c->target, r->tmp.args.at, r->tmp.args.n);
  r->fn.tail = true;
  if (s->ret == RET_VOID) return;
  const struct kn_bc_type *rt = &r->types.at[ret]; /* for the return, which does not read it */
  kiln_value zero[KN_BC_MAX_PIECES];
  for (uint32_t k = 0; k < kn_bc_n_parts(rt); k++)
    zero[k] = kn_bc_zero(r, kn_bc_in_parts(rt) ? r->type_pieces.at[rt->piece_first + k].type : ret);
  kn_bc_define(r, ret, zero);
}

/* Is the next record the return of the result of the call that is being read, or of nothing? The position stays. */
static bool returns_next(struct kn_bc *r, bool result) {
  uint64_t pos = r->in.bits.pos;
  unsigned id = (unsigned)kn_bits_peek(&r->in.bits, pos) & ((1u << r->in.width) - 1),
           code = r->in.code;
  if (r->in.bits.pos >= r->in.bits.end || id < BC_UNABBREV) return false;
  uint32_t block;
  struct kn_bc_ops ops = r->in.ops; /* of the call: kept */
  r->in.ops = r->in.md_ops;
  bool is = kn_bc_next(r, &block) == ENTRY_RECORD && r->in.code == FUNC_RET &&
            r->in.ops.n == (result ? 1 : 0) && (!result || r->in.ops.at[0] == 1);
  r->in.md_ops = r->in.ops;
  r->in.ops = ops;
  r->in.code = code;
  r->in.bits.pos = pos;
  return is;
}

/* LLVM makes a jump of a call that may be a tail call and is the function's last instruction.
 * Debuggers see one frame less then: it is done in functions that are not optimized, whose only
 * such calls are those of clang's thunks. The function is of the same type, with arguments in
 * registers alone, extends its result alike, and has a convention that can jump. */
static __attribute__((noinline)) bool jumps(struct kn_bc *r, const struct kn_bc_callsite *c,
                                            const struct kn_bc_sig *s) {
  enum { MOST_ARGS = 6 }; /* of either kind, in registers of both targets */
  const uint32_t type = c->type;
  const struct kn_bc_type *ft = &r->types.at[type];
  if (!(r->fn.global->fn_flags & FA_OPT_NONE) || type != r->fn.global->type || ft->flags ||
      r->fn.harden.leaves || r->fn.harden.no_tail_calls || !s->plain || s->ret > RET_SCALAR ||
      s->ret_bool != r->fn.sig.ret_bool || ft->n - 1 > MOST_ARGS)
    return false;
  kiln_sig own = kiln_symbol_get(r->module, (kiln_symbol){r->fn.global->symbol}).sig;
  if (kiln_sig_get(r->module, own).cc != KILN_CC_C) return false;
  unsigned in_memory =
    KILN_PARAM_BYVAL | (kn_bc_targets[r->target].sret_jumps ? 0u : KILN_PARAM_SRET);
  const kiln_sig_info is = kiln_sig_get(r->module, s->sig);
  for (uint32_t k = 0; k < is.n_params; k++)
    if (is.params[k].flags & in_memory) return false;
  for (uint32_t k = 0; k < ft->n; k++) {
    const struct kn_bc_type *t = &r->types.at[r->m->elems.at[ft->first + k].type];
    bool number = (t->kind == TK_INT || t->kind == TK_FLOAT) && t->bits <= 64;
    if (!number && t->kind != TK_PTR && t->kind != TK_VOID) return false;
  }
  const struct kn_bc_sig *as_own =
    kn_bc_sig(r, type, c->attrs, c->flags | r->fn.wide_sigs | KN_BC_SIG_DEFINITION);
  return as_own && as_own->ret_extend == r->fn.sig.ret_extend &&
         returns_next(r, s->ret == RET_SCALAR);
}

/* The handle of value `id`, which is function `g`. Most callees are functions, most called once in a body. */
static inline kiln_value function(struct kn_bc *r, uint32_t id, const struct kn_bc_global *g) {
  struct kn_bc_val *v = &r->vals.at[id];
  if (v->t >> 24 != VS_CONST) return (kiln_value){v->h};
  kiln_value f = kiln_const_symbol(r->f, (kiln_symbol){g->symbol}, 0);
  *v = (struct kn_bc_val){f.id, r->m->ptr_type | (uint32_t)VS_HANDLE << 24};
  KN_BC_PUSH(r, r->fn.touched, id);
  return f;
}

static bool bad_call(struct kn_bc *r) { return kn_bc_malformed(r, "bad call"); }

/* Finds what is called: sets target and flags. False: that is reported, or it is an intrinsic or assembly, and
 * built. */
static inline bool callee(struct kn_bc *r, struct kn_bc_callsite *c) {
  const uint32_t id = c->callee;
  const bool bundles = kn_bc_take_bundles(r);
  if (KN_LIKELY(id < r->m->n_vals && r->csts.at[id].kind == CK_GLOBAL)) {
    const struct kn_bc_global *g = &r->m->globals.at[r->csts.at[id].index];
    if (g->what != KILN_SYMBOL_FUNC) {
      c->target = kn_bc_use(r, id, r->m->ptr_type);
    } else if (g->symbol) {
      c->flags = g->fn_flags & (KN_BC_SIG_FLAGS | FA_CALL_REFUSED);
      c->target = function(r, id, g);
      c->declared = g->sig;
      if (KN_UNLIKELY(c->flags & FA_CALL_REFUSED)) {
        c->refused = g;
        if (kn_bc_never_call(r, g, &c->target))
          c->flags &= ~(uint32_t)FA_CALL_REFUSED, c->declared = 0;
      }
    } else {
      if (g->type != c->type) return bad_call(r);
      kn_bc_intrinsic(r, g, c->type, c->attrs, c->ops, c->n, bundles);
      return false;
    }
  } else if (id < r->inst_base && r->csts.at[id].kind == CK_ASM) {
    if (bundles) kn_bc_refuse_bundle(r, r->fn.bundle);
    else
      kn_bc_asm_constant(
        r, &r->csts.at[id],
        &(struct kn_bc_asm){.type = c->type, .ops = c->ops, .n = c->n, .invoke = c->invoke});
    return false;
  } else {
    c->target = kn_bc_use(r, id, c->callee_type);
    if (KN_UNLIKELY(r->m->harden.protect) && kn_bc_harden_untracked(r, c->attrs))
      return kn_bc_unsupported(r, "indirect calls with attribute nocf_check");
  }
  if (KN_UNLIKELY(bundles)) kn_bc_refuse_bundle(r, r->fn.bundle);
  return !bundles;
}

/* Builds the call, or the try of an invoke, and defines what it returns. */
static inline void build(struct kn_bc *r, const struct kn_bc_callsite *c, const struct kn_bc_sig *s,
                         kiln_value memory) {
  const uint32_t ret = r->m->elems.at[r->types.at[c->type].first].type;
  const struct kn_bc_type *rt = &r->types.at[ret];
  kiln_value v, results[KILN_MAX_RESULTS];
  if (KN_UNLIKELY(c->invoke != NULL)) {
    kn_bc_try(r, c->invoke, s, c->target, results);
    if (r->status != KILN_OK) return;
    v = results[0];
  } else {
    v = kiln_build_call(r->f, s->sig, c->target, r->tmp.args.at, r->tmp.args.n);
  }
  if (s->ret == RET_VOID) return;
  if (KN_LIKELY(s->ret == RET_SCALAR)) {
    if (KN_UNLIKELY(s->ret_bool))
      v = kn_bc_is_short(rt)
            ? kn_bc_soft_take(r, rt, v)
            : kiln_build_binary(r->f, KILN_OP_AND, KILN_TYPE_I8, v, kiln_const_int(r->f, 1));
    kn_bc_def(r, ret, v);
  } else if (s->ret == RET_DEMOTED) {
    kn_bc_load_value(r, memory, ret, 0);
  } else {
    const kiln_sig_info info = kiln_sig_get(r->module, s->sig);
    for (uint32_t k = 0; k < info.n_results && !c->invoke; k++) /* before all other instructions */
      results[k] = k == 0 ? v : kiln_build_result(r->f, v, k);
    uint32_t next = 0;
    take(r, ret, results, info.results, &next);
  }
}

void kn_bc_call_of(struct kn_bc *r, struct kn_bc_callsite *c) {
  const struct kn_bc_type *ft = &r->types.at[c->type];
  if (KN_UNLIKELY(ft->kind != TK_FUNC || (c->list && c->list >= r->m->lists.n)))
    return (void)bad_call(r);
  if (c->list) {
    c->attrs = r->m->lists.at[c->list];
    const struct kn_bc_support *refused = r->m->attr_lists.at[c->attrs].refused_call;
    if (KN_UNLIKELY(refused != NULL)) return (void)kn_bc_refuse(r, refused);
  }
  const uint32_t n_params = ft->n - 1;
  if (c->n < n_params) return (void)bad_call(r);
  if (c->n > n_params && !ft->flags)
    return (void)kn_bc_fail(
      r, KILN_ERR_UNSUPPORTED,
      "not implemented: a call record has %u unknown operands after its arguments",
      c->n - n_params);
  if (!callee(r, c)) return;
  const uint64_t convention =
    c->cc >> 1 & 0x3ff; /* mostly C's, or that of local functions, which is the same */
  if (KN_UNLIKELY(convention != CC_C && convention != CC_FAST)) {
    c->by = kn_bc_callconv_call(r, convention);
    if (!c->by) return;
    c->flags |= c->by->sig_flags;
  }
  if (KN_UNLIKELY(c->cc >> 14 & 1) && !(c->flags & FA_CALL_REFUSED)) {
    tail_call(r, c);
    return;
  }
  const struct kn_bc_sig *found = kn_bc_sig(r, c->type, c->attrs, c->flags | r->fn.wide_sigs);
  if (KN_UNLIKELY(!found)) {
    if (c->flags & FA_CALL_REFUSED)
      kn_bc_refuse(r, r->m->attr_lists.at[c->refused->attrs].refused_call);
    return;
  }
  if (KN_UNLIKELY(found->sig.id != c->declared) && !c->by) call_otherwise(r, c, found->sig);
  struct kn_bc_sig s = *found;
  if (KN_UNLIKELY(c->cc & 1) && convention == CC_C && jumps(r, c, &s)) return tail_call(r, c);
  if (KN_UNLIKELY(c->by != NULL)) {
    if (c->by->calls && !kn_bc_callconv_sig(r, c->by, NULL, &s.sig)) return;
    call_otherwise(r, c, s.sig);
  }
  kiln_value memory = {0};
  r->tmp.args.n = 0;
  if (s.ret == RET_DEMOTED) {
    const struct kn_bc_type *rt = &r->types.at[r->m->elems.at[ft->first].type];
    memory = kiln_slot_new(r->f, rt->size, rt->align_log2);
    if (!push_arg(r, memory)) return;
  }
  if (KN_LIKELY(s.plain && c->n == n_params)) {
    if (!KN_BC_ROOM(r, r->tmp.args, (uint64_t)r->tmp.args.n + n_params)) return;
    kiln_value *to = r->tmp.args.at + r->tmp.args.n;
    const struct kn_bc_elem *params = r->m->elems.at + ft->first + 1;
    for (unsigned k = 0; k < n_params; k++)
      to[k] = kn_bc_use(r, r->vals.n - (uint32_t)c->ops[k], params[k].type);
    r->tmp.args.n += n_params;
  } else if (!other_arguments(r, c, &s.sig)) {
    return;
  }
  build(r, c, &s, memory);
}

/* [attributes, cc and flags, fast-math flags?, type, callee, arguments...] */
void kn_bc_call(struct kn_bc *r, const uint64_t *ops, unsigned n) {
  unsigned i = 2;
  uint32_t called, callee_type;
  uint64_t cc = n < 2 ? 0 : ops[1];
  /* tail, convention, musttail, explicit type, notail, flags of floats */
  if (!kn_bc_flags(r, "a call", cc, 0x7ff | 15 << 14)) return;
  if (cc >> 17 & 1) {
    if (n > 2 && !kn_bc_flags(r, "a call", ops[2], KN_BC_FAST_FLAGS)) return;
    i++;
    r->fn.fast_call = r->vals.n;
    r->fn.fast_flags = n > 2 ? (uint32_t)ops[2] : 0;
  }
  if (n >= 4 && !(cc >> 15 & 1))
    return (void)kn_bc_unsupported(r, "calls without an explicit type");
  if (n < 4 || i >= n || ops[i] >= r->types.n) return (void)kn_bc_malformed(r, "bad call");
  uint32_t type = (uint32_t)ops[i++];
  if (!kn_bc_operand(r, ops, n, &i, &called, &callee_type)) return;
  struct kn_bc_callsite c = {.cc = cc,
                             .type = type,
                             .list = ops[0],
                             .callee = called,
                             .callee_type = callee_type,
                             .ops = ops + i,
                             .n = n - i};
  kn_bc_call_of(r, &c);
}
