/* The policy of inlining: how large a function may be, and what an embedder says. How much a caller may grow is decided
 * for each call (inline_call.c). What can be inlined at all is not decided here (inline_settle.c: functions;
 * inline_call.c: calls). Called by these two.
 * Invariant: an embedder's answer only counts where inlining is possible, and not required. */
#include "ir/inline/inlining.h"

/* True if only the numbers of kiln_inline_attrs are against it: an embedder may inline it all the same. */
static bool is_policy(enum kn_inline_row row) {
  static const bool policy[KN_INLINE_COUNT] = {
#define KN_INLINE_ROW(E, of, text)
#define KN_INLINE_POLICY(E, of, text) [KN_INLINE_##E] = true,
#include "ir/inline/inline.def"
  };
  return policy[row];
}

kiln_inline_attrs kn_inline_complete(const kiln_inline_attrs *attrs) {
  kiln_inline_attrs a = *attrs;
#define OR(field, by_default)                                                                      \
  if (a.field == 0) a.field = by_default;
  OR(instructions, 24) /* the knee of the curve that docs/inlining.md shows */
  OR(hint_times, 2)
  OR(most_instructions, 10000)
  OR(depth, KILN_INLINE_DEPTH_MOST)
  OR(growth_times, 4)
  OR(growth_instructions, 2000)
  OR(growth_tries, 200)
  OR(frame_bytes, 512)
  OR(frame_part, 8)
#undef OR
  return a;
}

kiln_status kiln_module_set_inline_attrs(kiln_module *m, const kiln_inline_attrs *attrs) {
  if (kn_module_failed(m)) return kiln_module_status(m);
  if (m->frozen || m->settled)
    return kn_module_fail(
      m, KILN_ERR_STRUCTURE,
      "the inlining policy cannot change after kiln_module_settle_inlining or kiln_module_freeze");
  if (attrs == NULL || !KN_UNRESERVED(attrs) || attrs->depth > KILN_INLINE_DEPTH_MOST)
    return kn_module_fail(m, KILN_ERR_ARGUMENT,
                          "the inlining policy is missing (NULL), its depth is too large, or its "
                          "field 'reserved' is not 0");
  m->inline_attrs = kn_inline_complete(attrs);
  return KILN_OK;
}

kiln_inline_attrs kiln_module_get_inline_attrs(const kiln_module *m) {
  return m != NULL ? m->inline_attrs : (kiln_inline_attrs){0};
}

/* Instructions that are gone for each argument that is a constant: what passes it, what is computed from it alone, and
 * blocks that cannot run then. */
enum { CONSTANT_SAVES = 7 };

/* Most instructions, with what is inlined into it, that `body` may have. */
static uint32_t limit_of(const kiln_module *m, const struct kn_body *body) {
  const kiln_inline_attrs *a = &m->inline_attrs;
  unsigned says = body->f->attrs.inlining;
  uint64_t limit = a->instructions;
  if (says == KILN_INLINE_HINT) limit *= a->hint_times;
  limit += kn_sig(m, body->f->sig)->n_params; /* a call has to move each */
  return says == KILN_INLINE_ALWAYS || limit > a->most_instructions ? a->most_instructions
                                                                    : (uint32_t)limit;
}

uint32_t kn_inline_constants(const kiln_module *m, const struct kn_body *body, uint32_t size) {
  uint32_t limit = limit_of(m, body);
  if (size <= limit) return 0;
  if (size > m->inline_attrs.most_instructions) return UINT32_MAX;
  uint32_t n = (size - limit - 1) / CONSTANT_SAVES + 1;
  return n <= kn_sig(m, body->f->sig)->n_params ? n : UINT32_MAX;
}

bool kn_inline_has_constants(const kiln_func *f, uint32_t i, const struct kn_body *body,
                             const struct kn_ref *known) {
  const struct kn_inst *in = &f->inst[i];
  uint32_t n = 0;
  if (KN_LIKELY(body->constants == 0)) return true;
  for (uint32_t k = 0; k < in->x; k++) {
    uint32_t h = f->lists.at[in->a + k];
    if (known != NULL && kn_is_value(h)) h = known[h].h;
    n += kn_is_imm(h) || (kn_is_pool(h) && f->pool.at[kn_index(h)].symbol == 0);
  }
  return n >= body->constants;
}

bool kn_inline_decide(const kiln_module *m, const struct kn_body *body, enum kn_inline_row row,
                      kiln_inline_call_info *call) {
  const kiln_inline_attrs *a = &m->inline_attrs;
  bool must = body->f->attrs.inlining == KILN_INLINE_ALWAYS;
  call->callee.id = body->f->symbol;
  call->instructions = body->all_size;
  call->frame_bytes = body->all_frame;
  call->why_not = kn_inline_text[row];
  call->is_open = row == KN_INLINE_NONE ? !must : is_policy(row);
  bool was = kn_module_call_out(m), says = a->decide(a->decide_user, call);
  kn_module_call_back(m, was);
  return call->is_open ? says : row == KN_INLINE_NONE;
}

void kn_inline_tell(const kiln_func *f, enum kn_inline_row row) {
  for (uint32_t i = 1; i < f->n; i++) {
    const struct kn_inst *in = &f->inst[i];
    if ((in->op != KILN_OP_CALL && in->op != KILN_OP_TRY) || !kn_is_pool(in->b)) continue;
    const struct kn_body *body = kn_kept_body(f->module, f->pool.at[kn_index(in->b)].symbol);
    kiln_inline_call_info call = {.caller = {f->symbol}, .within = {f->symbol}};
    if (body != NULL) kn_inline_decide(f->module, body, row, &call);
  }
}
