/* Two targets that only tests have. "stub" has what each target needs (docs/internals/extending.md), for a machine
 * whose instructions are single bytes, and leaves out everything optional; "bare" has nothing at all. Linked into the
 * programs of tests/stub. Whatever is asked of them is done, or refused with what is missing. */
#include "lib/codegen/lowerings.h"
#include "tests/stub/stub_target.h"

static void emit(struct kn_walk *w) { *w->code.p++ = 1; }

/* ---- what the allocator asks for ---- */

static void move(struct kn_walk *w, unsigned dst, unsigned src, unsigned type) {
  (void)type;
  if (dst != src) emit(w);
}
static void load(struct kn_walk *w, unsigned dst, int32_t frame, unsigned type) {
  (void)dst, (void)frame, (void)type;
  emit(w);
}
static void store(struct kn_walk *w, unsigned src, int32_t frame, unsigned type) {
  (void)src, (void)frame, (void)type;
  emit(w);
}
static void constant(struct kn_walk *w, unsigned dst, uint32_t h, unsigned type) {
  (void)dst, (void)h, (void)type;
  emit(w);
}
static void store_constant(struct kn_walk *w, int32_t frame, uint32_t h, unsigned type) {
  (void)frame, (void)h, (void)type;
  emit(w);
}
static void copy(struct kn_walk *w, int32_t dst, int32_t src, unsigned type) {
  (void)dst, (void)src, (void)type;
  emit(w);
}
static void address(struct kn_walk *w, unsigned dst, uint32_t v) {
  (void)dst, (void)v;
  emit(w);
}
static void deferred(struct kn_walk *w, unsigned dst, uint32_t v) {
  (void)dst, (void)v;
  emit(w);
}

/* ---- functions ---- */

static void begin(struct kn_walk *w) { emit(w); }
static void enter(struct kn_walk *w) {
  if (kn_sig(w->f->module, w->f->sig)->n_params == 0) return;
  kn_func_fail(w->owner, KILN_ERR_UNSUPPORTED, UINT32_MAX, 0,
               "parameters are not supported on stub");
  w->code.limit = NULL;
}
static void jump(struct kn_walk *w, uint32_t label) {
  (void)label;
  emit(w);
}
static void bind_label(struct kn_walk *w, uint32_t label) { kn_label_bind(w, label); }
static void finish(struct kn_walk *w) { emit(w); }

/* ---- operations: branches, returns of nothing, and sums ---- */

static void lower_br(struct kn_walk *w, const struct kn_inst *in) {
  const struct kn_edge *e = &w->f->edges.at[in->b];
  kn_edge_prepare(w, e);
  kn_edge_moves(w, e);
  jump(w, e->target);
}
static void lower_ret(struct kn_walk *w, const struct kn_inst *in) {
  if (in->x != 0) kn_lower_unsupported(w, in);
  else emit(w);
}
static void lower_add(struct kn_walk *w, const struct kn_inst *in) {
  kn_reg(w, in->a, in->type);
  kn_reg(w, in->b, in->type);
  kn_drop(w, in->a);
  kn_drop(w, in->b);
  unsigned d = kn_def(w, w->i, in->type, KN_NO_REG, 0);
  emit(w);
  kn_defined(w, w->i, d);
}

#define INTEGER(t, fn)                                                                             \
  {(t) >= KILN_TYPE_I8 && (t) <= KILN_TYPE_I64 ? fn : kn_lower_unsupported,                        \
   (t) >= KILN_TYPE_I8 && (t) <= KILN_TYPE_I64 ? kn_lower_unread : kn_lower_unsupported}
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init"
static kn_lower *const lowerings[KILN_OP_COUNT][16][2] = {
  KN_UNSUPPORTED,
  [KILN_OP_ADD] = KN_BY_TYPE(INTEGER, lower_add),
  [KILN_OP_BR] = KN_BY_TYPE(KN_NO_ROW, lower_br),
  [KILN_OP_RET] = KN_BY_TYPE(KN_NO_ROW, lower_ret),
};
#pragma GCC diagnostic pop

static const struct kn_convention c_convention = {.max_align_log2 = 3,
                                                  .chain = KN_NO_REG,
                                                  .sret = KN_NO_REG,
                                                  .lost = ~UINT64_C(0xf00),
                                                  .preserved = 0xf00};
static const struct kn_convention *const conventions[KILN_CC_COUNT] = {[KILN_CC_C] = &c_convention};

#define INT_TYPE {.regs = KN_GP_MASK, .bytes = 8, .lowered = true}
const struct kn_target kn_target_stub = {
  .temps = 0xf,
  .caller_homes = 0xf0,
  .callee_homes = 0xf00,
  .ir = {.conventions = conventions, .library = &c_convention},
  .scratch = {16, KN_FP_BASE},
  .exception = {0, 1},
  .whole = {KILN_TYPE_I64, KILN_TYPE_F64},
  .types = {[KILN_TYPE_VOID] = {.bytes = 8, .lowered = true},
            [KILN_TYPE_I8] = INT_TYPE,
            [KILN_TYPE_I16] = INT_TYPE,
            [KILN_TYPE_I32] = INT_TYPE,
            [KILN_TYPE_I64] = INT_TYPE},
  .lowerings = lowerings,
  .walk_size = sizeof(struct kn_walk),
  .hooks = {.move = move,
            .load = load,
            .store = store,
            .constant = constant,
            .store_constant = store_constant,
            .copy = copy,
            .address = address,
            .deferred = deferred},
  .begin = begin,
  .enter = enter,
  .jump = jump,
  .bind_label = bind_label,
  .finish = finish,
  .code = {.cie_code_align = 1},
};
const struct kn_target kn_target_bare = {.walk_size = 0};
