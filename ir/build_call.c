/* Calls and returns: the instructions whose operands follow a signature. Called by front ends. The
 * handles of a call are in kiln_func.lists, in order; they were checked against the types of the
 * signature's parameters; variadic ones may have any type. */
#include "ir/build.h"

static KN_COLD kiln_value call_fail(kiln_func *f, kiln_status status, const char *message) {
  kn_build_fail(f, status, message);
  return KN_NONE;
}

/* Checks the callee, which is mostly a symbol. */
static inline bool callee_ok(kiln_func *f, uint32_t h) {
  uint32_t pool = h - kn_handle(KN_TAG_POOL, 0);
  if (KN_LIKELY(pool < f->pool.n)) {
    const struct kn_const *k = f->pool.at + pool;
    if (KN_LIKELY(k->symbol != 0 && k->low == 0 && !k->tls)) return true;
    if (k->symbol != 0 && !k->tls)
      return kn_build_fail(f, KILN_ERR_ARGUMENT, "a callee is a symbol without addend");
  }
  return kn_build_operand(f, h, KILN_TYPE_PTR, 2);
}

kiln_value kiln_build_call(kiln_func *f, kiln_sig sig, kiln_value callee, const kiln_value *args,
                           uint32_t n) {
  if (!kn_build_begun(f)) return KN_NONE;
  const kiln_module *m = f->module;
  if (KN_UNLIKELY(!kn_sig_valid(m, sig.id)))
    return call_fail(f, KILN_ERR_ARGUMENT, "no such signature");
  const struct kn_sig *s = kn_sig(m, sig.id);
  uint32_t n_params = s->n_params;
  if (KN_UNLIKELY(n != n_params && (n < n_params || !(s->flags & KILN_SIG_VARIADIC))))
    return call_fail(f, KILN_ERR_ARGUMENT, "the number of arguments is not the signature's");
  if (KN_UNLIKELY(args == NULL && n != 0)) {
    kn_build_no_list(f);
    return KN_NONE;
  }
  if (KN_UNLIKELY(n > UINT16_MAX))
    return call_fail(f, KILN_ERR_LIMIT, "a call has at most 65535 arguments");
  if (KN_UNLIKELY(n > f->lists.cap - f->lists.n) &&
      !kn_build_reserve(f, &f->lists, n, sizeof *f->lists.at))
    return KN_NONE;
  if (!callee_ok(f, callee.id)) return KN_NONE;

  uint32_t first = f->lists.n;
  uint32_t *list = f->lists.at + first;
  const kiln_param *params = s->params;
  unsigned next[2] = {0, 0}; /* arguments so far: general, float */
  for (uint32_t i = 0; i < n_params; i++) {
    uint32_t h = args[i].id;
    list[i] = h;
    unsigned type = params[i].type;
    unsigned k = next[kn_type_is_float(type)]++;
    if (KN_LIKELY(kn_build_is_local(f, h, kn_build_state(f, type)))) {
      f->val[h].uses++;
      f->val[h].hint =
        (uint8_t)(k < 8 ? k : KN_HINT_LATER); /* where the walk tries to compute it */
    } else if (!kn_build_use_at(f, h, type, f->current, 1, first + i)) return KN_NONE;
  }
  for (uint32_t i = n_params; i < n; i++) {
    list[i] = args[i].id;
    if (!kn_build_use_at(f, list[i], KN_ANY_TYPE, f->current, 1, first + i)) return KN_NONE;
  }
  f->lists.n = first + n;

  f->block[f->current].calls++;
  f->has_calls = true;
  if (n > f->max_call_args) f->max_call_args = n;
  if (KN_UNLIKELY(s->flags & KILN_SIG_RETURNS_TWICE)) f->returns_twice = true;
  unsigned result = s->n_results != 0 ? s->results[0] : KILN_TYPE_VOID;
  uint32_t v = kn_build_emit(f, KILN_OP_CALL, result, result, n, first, callee.id, sig.id);
  return result != KILN_TYPE_VOID ? (kiln_value){v} : KN_NONE;
}

void kiln_build_ret(kiln_func *f, const kiln_value *values, uint32_t n) {
  if (!kn_build_begun(f)) return;
  if (KN_UNLIKELY(n != f->n_results)) {
    kn_build_fail(f, KILN_ERR_ARGUMENT, "the number of values is not the signature's");
    return;
  }
  if (KN_UNLIKELY(values == NULL && n != 0)) {
    kn_build_no_list(f);
    return;
  }
  uint32_t v[3] = {0, 0, 0};
  if (n > 3) {
    if (!kn_build_reserve(f, &f->lists, n, sizeof *f->lists.at)) return;
    v[0] = f->lists.n;
    for (uint32_t i = 0; i < n; i++) {
      if (!kn_build_use_at(f, values[i].id, f->result_types[i], f->current, 1, v[0] + i)) return;
      f->lists.at[v[0] + i] = values[i].id;
    }
    f->lists.n += n;
  } else {
    for (uint32_t i = 0; i < n; i++) {
      v[i] = values[i].id;
      if (!kn_build_operand_imm(f, v[i], f->result_types[i], i + 1)) return;
    }
  }
  kn_build_end(f, KILN_OP_RET, KILN_TYPE_VOID, n, v[0], v[1], v[2], f->edges.n, 0);
}
