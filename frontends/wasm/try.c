/* Exceptions: throw, throw_ref, try_table. All calls in a try_table share its landing pad, which takes everything;
 * after it the exception is dispatched by its tag, and goes on to the try_table around, or is thrown again. What is
 * thrown where the function itself catches it goes to the dispatch without the unwinder. */
#include "body.h"

#include <kiln/attrs.h>

enum { EXN_VALUES = sizeof(kiln_wasm_exn) }; /* where an exception's values begin */

/* ---- throwing ---- */

/* The block where exceptions of the innermost try_table go; the exception is its parameter. */
static kiln_block dispatch_of(struct kn_wasm_body *c, struct kn_wasm_control *t) {
  if (t->dispatch.id == UINT32_MAX) {
    t->dispatch = kiln_block_new(c->f);
    t->exn = kiln_block_add_param(c->f, t->dispatch, KILN_TYPE_I64);
  }
  return t->dispatch;
}

/* Throws to the try_table `number` - 1 of this function, or out of it if there is none (0). */
static void throw_to(struct kn_wasm_body *c, uint32_t number, kiln_value exn) {
  if (number != 0) {
    kiln_build_br(c->f, dispatch_of(c, &c->controls[number - 1]), &exn, 1);
    return;
  }
  kn_wasm_call_helper(c, KN_WASM_HELPER_THROW, &exn, 1);
  kiln_build_nullary(c->f, KILN_OP_UNREACHABLE);
}

static const struct kn_wasm_type *read_tag(struct kn_wasm_body *c, uint32_t *index) {
  *index = kn_wasm_u32(&c->in);
  if (*index >= c->w->n_tags) KN_WASM_INVALID(&c->in, c->op_at, "unknown tag %u", *index);
  return &c->w->types[c->w->tags[*index].type];
}

static kiln_value load_tag(struct kn_wasm_body *c, uint32_t index) {
  return kiln_build_load(c->f, KILN_TYPE_I64, kn_wasm_instance(c), c->w->tags[index].slot, 0);
}

void kn_wasm_do_throw(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  (void)o;
  uint32_t tag;
  kn_wasm_need(c->w, &c->in, c->op_at, KILN_WASM_EXCEPTIONS);
  const struct kn_wasm_type *t = read_tag(c, &tag);
  kn_wasm_pass(c, t->n_params);
  kn_wasm_pop_args(c, t->types, t->n_params);
  kn_wasm_discard(c);
  if (c->f != NULL) {
    kiln_value exn = kn_wasm_call_helper(
      c, KN_WASM_HELPER_EXN_NEW, (kiln_value[]){load_tag(c, tag), kn_wasm_int(c, t->n_params)}, 2);
    for (uint32_t i = 0; i < t->n_params; i++)
      kiln_build_store(c->f, kn_wasm_builder_type(t->types[i]), exn,
                       (int32_t)(EXN_VALUES + i * sizeof(kiln_wasm_value)), c->args[i], 0);
    throw_to(c, c->innermost_try, exn);
  }
  kn_wasm_dead(c);
}

void kn_wasm_do_throw_ref(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  (void)o;
  kn_wasm_need(c->w, &c->in, c->op_at, KILN_WASM_EXCEPTIONS);
  kiln_value exn = kn_wasm_value(kn_wasm_pop(c, KILN_WASM_TYPE_EXNREF));
  kn_wasm_discard(c);
  if (c->f != NULL) {
    kn_wasm_trap_if(c, kiln_build_icmp(c->f, KILN_ICOND_EQ, KILN_TYPE_I64, exn, kn_wasm_int(c, 0)),
                    KILN_WASM_TRAP_NULL_EXCEPTION);
    throw_to(c, c->innermost_try, exn);
  }
  kn_wasm_dead(c);
}

/* ---- catching ---- */

kiln_value kn_wasm_build_try(struct kn_wasm_body *c, kiln_sig sig, kiln_value callee,
                             const kiln_value *args, uint32_t n) {
  kiln_func *f = c->f;
  struct kn_wasm_control *t = &c->controls[c->innermost_try - 1];
  if (t->pad.id == UINT32_MAX) {
    kiln_func_attrs attrs = kiln_func_get_attrs(f);
    attrs.personality = c->w->personality;
    kiln_func_set_attrs(f, &attrs);
    t->pad = kiln_block_new(f);
    t->unwound = kiln_block_add_param(f, t->pad, KILN_TYPE_I64);
  }
  kiln_sig_info info = kiln_sig_get(c->w->module, sig);
  kiln_block normal = kiln_block_new(f);
  kiln_value result = {0}, gives = {0}, exception = kiln_try_exception(f);
  if (info.n_results != 0) {
    result = kiln_block_add_param(f, normal, (kiln_type)info.results[0]);
    gives = kiln_try_result(f, sig, 0);
  }
  kiln_build_try(f, &(kiln_try_desc){.sig = sig,
                                     .callee = callee,
                                     .args = args,
                                     .n_args = n,
                                     .normal = normal,
                                     .normal_args = &gives,
                                     .n_normal_args = info.n_results != 0,
                                     .unwind = t->pad,
                                     .unwind_args = &exception,
                                     .n_unwind_args = 1,
                                     .clauses = (kiln_clause[]){{.kind = KILN_CLAUSE_CATCH_ALL}},
                                     .n_clauses = 1});
  kn_wasm_enter(c, normal);
  return result;
}

/* Reads a clause; its label, from outside of the try_table, takes the tag's parameters, and perhaps a reference. */
static struct kn_wasm_catch read_catch(struct kn_wasm_body *c) {
  struct kn_wasm_in *in = &c->in;
  const uint8_t *at = in->p;
  uint8_t kind = kn_wasm_byte(in);
  if (kind > 3) KN_WASM_BAD(in, at, "malformed catch clause");
  struct kn_wasm_catch one = {.tag = UINT32_MAX, .ref = (kind & 1) != 0};
  static const struct kn_wasm_type none = {0};
  const struct kn_wasm_type *type = kind < 2 ? read_tag(c, &one.tag) : &none;
  one.depth = kn_wasm_u32(in);
  uint32_t n;
  const uint8_t *types = kn_wasm_label_types(kn_wasm_label(c, one.depth, at), &n);
  bool fits = n == type->n_params + one.ref &&
              kn_wasm_same_types(types, type->n_params, type->types, type->n_params);
  if (!fits || (one.ref && types[n - 1] != KILN_WASM_TYPE_EXNREF))
    KN_WASM_INVALID(in, at,
                    "type mismatch: a label whose types differ from those of the catch clause");
  return one;
}

void kn_wasm_do_try_table(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  (void)o;
  struct kn_wasm_in *in = &c->in;
  kn_wasm_need(c->w, in, c->op_at, KILN_WASM_EXCEPTIONS);
  struct kn_wasm_control *t = kn_wasm_begin_try(c);
  /* labels are those outside of it */
  uint32_t index = (uint32_t)(t - c->controls), n = kn_wasm_u32(in);
  if (n > (uint64_t)(in->end - in->p)) kn_wasm_at_end(in);
  t->first_catch = c->n_catches;
  t->n_catches = n;
  KN_WASM_ROOM(c, catches, c->n_catches + (uint64_t)n);
  c->control--;
  while (n-- != 0) c->catches[c->n_catches++] = read_catch(c);
  c->control++;
  t->outer_try = c->innermost_try;
  t->pad = t->dispatch = KN_WASM_NO_BLOCK;
  if (c->f != NULL && t->n_catches != 0) c->innermost_try = index + 1;
}

/* A clause takes the exception: goes to its label. */
static void build_catch(struct kn_wasm_body *c, const struct kn_wasm_control *t,
                        const struct kn_wasm_catch *one) {
  kiln_func *f = c->f;
  uint32_t n = 0;
  struct kn_wasm_control *to = kn_wasm_label(c, one->depth + 1, c->op_at);
  if (one->tag != UINT32_MAX) {
    const struct kn_wasm_type *type = &c->w->types[c->w->tags[one->tag].type];
    KN_WASM_ROOM(c, args, type->n_params + UINT64_C(8));
    for (; n < type->n_params; n++)
      c->args[n] = kiln_build_load(f, kn_wasm_builder_type(type->types[n]), t->exn,
                                   (int32_t)(EXN_VALUES + n * sizeof(kiln_wasm_value)), 0);
  }
  if (one->ref) {
    KN_WASM_ROOM(c, args, n + UINT64_C(8));
    kiln_build_store(f, KILN_TYPE_I32, t->exn, (int32_t)offsetof(kiln_wasm_exn, escaped),
                     kn_wasm_int(c, 1), 0);
    c->args[n++] = t->exn;
  } else {
    kn_wasm_call_helper(c, KN_WASM_HELPER_EXN_DROP, &t->exn, 1);
  }
  kn_wasm_pass(c, n);
  if (to->kind == KN_WASM_FUNCTION) {
    kn_wasm_build_return(c, c->args, n);
    return;
  }
  kiln_block target = kn_wasm_target(c, to);
  if (t->trail < to->low) to->low = t->trail; /* nothing of what the try_table assigns is sure */
  kiln_build_br(f, target, c->args, n);
}

/* The exception goes to the first clause that takes it. */
static void build_dispatch(struct kn_wasm_body *c, const struct kn_wasm_control *t) {
  kn_wasm_enter(c, t->dispatch);
  for (uint32_t i = 0; i < t->n_catches; i++) {
    const struct kn_wasm_catch *one = &c->catches[t->first_catch + i];
    if (one->tag == UINT32_MAX) {
      build_catch(c, t, one);
      return;
    }
    kiln_block fits = kiln_block_new_many(c->f, 2), next = {fits.id + 1};
    kiln_value tag = load_tag(c, one->tag);
    kiln_value has =
      kiln_build_load(c->f, KILN_TYPE_I64, t->exn, (int32_t)offsetof(kiln_wasm_exn, tag), 0);
    kiln_build_brif(c->f, kiln_build_icmp(c->f, KILN_ICOND_EQ, KILN_TYPE_I64, has, tag), fits, NULL,
                    0, next, NULL, 0);
    kn_wasm_enter(c, fits);
    build_catch(c, t, one);
    kn_wasm_enter(c, next);
  }
  throw_to(c, t->outer_try, t->exn);
}

void kn_wasm_end_try(struct kn_wasm_body *c, struct kn_wasm_control *t) {
  c->n_catches = t->first_catch;
  c->innermost_try = t->outer_try;
  if (t->pad.id == UINT32_MAX && t->dispatch.id == UINT32_MAX) return;
  if (c->f != NULL) {
    kiln_block label = kn_wasm_target(c, t);
    kiln_build_br(c->f, label, c->args, t->n_results);
  }
  c->f = c->func;
  if (t->pad.id != UINT32_MAX) {
    kiln_block dispatch = dispatch_of(c, t);
    kn_wasm_enter(c, t->pad);
    kiln_value exn = kiln_build_call(c->f, c->w->caught_sig,
                                     kiln_const_symbol(c->f, c->w->caught, 0), &t->unwound, 1);
    kiln_build_br(c->f, dispatch, &exn, 1);
  }
  build_dispatch(c, t);
  c->f = NULL;
}
