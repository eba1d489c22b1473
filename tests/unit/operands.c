/* The operands of each shape of operation, as the table of shapes has them: the same that the builder
 * counted as uses, call by call; and <kiln/inspect.h> shows them. */
#include "build_fixture.h"

#include <kiln/kiln.h>

/* An operation of each shape that can be built; the text's `%` names are values. */
static const char each_shape[] =
  "declare @callee(i64, i32) -> i32, i64\n"
  "declare @print(i64, ...) -> i32\n"
  "func @four(i64) -> i64, i64, f64, f64 {\n"
  "b0(v0: i64):\n"
  "  v1 = bitcast.f64 i64 v0\n"
  "  ret v0, 3, v1, v1\n"
  "}\n"
  "func @on(i64) -> i64 {\n"
  "b0(v0: i64):\n"
  "  tailcall @on(v0)\n"
  "}\n"
  "func @all(i64, i32, f64, ...) -> i32, i64 personality @print {\n"
  "  slot0 = slot 24 align 8\n"
  "b0(v0: i64, v1: i32, v2: f64):\n"
  "  life_start slot0\n"
  "  v3 = stack_save\n"
  "  v4 = not.i64 v0\n"
  "  prefetch v4\n"
  "  v5 = add.i64 v4, v4\n"
  "  v6 = fshl.i64 v5, v4, v0\n"
  "  va_start slot0\n"
  "  va_copy v6, slot0\n"
  "  memcpy v6, v5, v4\n"
  "  %byte = trunc.i8 i64 v6\n"
  "  memset v6, %byte, v4\n"
  "  %single = fdemote.f32 f64 v2\n"
  "  %int = ftosi.i32 f64 v2\n"
  "  %float = sitof.f64 i32 v1\n"
  "  %bits = bitcast.i64 f64 %float\n"
  "  %less = icmp.i32 slt v1, %int\n"
  "  %same = fcmp.f64 oeq v2, %float\n"
  "  %one = select.i64 %less, %bits, v6\n"
  "  %word = load.i64 %one+8\n"
  "  store.i64 %word, %one+16\n"
  "  %at = addr %one + %word*8 + 4\n"
  "  %next = addr %at + 4\n"
  "  %room = salloc %next align 32\n"
  "  %old = atomic_load.i64 acquire %room\n"
  "  atomic_store.i64 release %old, %room\n"
  "  %was = atomic_rmw.i64 add seq_cst %room, %old\n"
  "  %got = atomic_cas.i64 seq_cst acquire %room, %was, %old\n"
  "  %stored = result 1 of %got\n"
  "  fence seq_cst\n"
  "  %c0 = call @callee(%got, v1)\n"
  "  %c1 = result 1 of %c0\n"
  "  %p = call @print(%c1, %c0, v2)\n"
  "  %q = call %one(%c1, %p) as (i64, i32) -> i32\n"
  "  %n = va_arg.i64 v6\n"
  "  %frame = frame_addr 1\n"
  "  %lanes = vsplat.v128 i64 %frame\n"
  "  %other = vinsert.v128 i32 %lanes, %q, 1\n"
  "  %sum = vadd.v128 i8 %lanes, %other\n"
  "  %root = vfsqrt.v128 f32 %sum\n"
  "  %mask = vicmp.v128 ult i16 %root, %lanes\n"
  "  %mask2 = vfcmp.v128 olt f64 %mask, %root\n"
  "  %up = vshl.v128 i32 %mask2, 5\n"
  "  %lane = vextract.i16 v128 %up, 7\n"
  "  %swapped = asm \"\\0f\\c8\" as (i32) -> i32 in rax out rax with %q\n"
  "  %avg = machine.v128 sse2.pavg.b %lanes, %up\n"
  "  machine_do sse.ldmxcsr %one\n"
  "  debug_trap\n"
  "  brif %stored, b1(%n, %q), b2(%frame)\n"
  "b1(v100: i64, v101: i32):\n"
  "  switch.i32 v101, b2(v100) [1: b3, 2: b4(v100, %same)]\n"
  "b2(v102: i64):\n"
  "  brind v102 [b5, b6]\n"
  "b3:\n"
  "  br b4(%word, %stored)\n"
  "b4(v103: i64, v104: i8):\n"
  "  ret v1, v103\n"
  "b5:\n"
  "  unreachable\n"
  "b6:\n"
  "  try @callee(%at, v1) to b2(result 1) unwind b7(exception 0, %at)"
  " [catch all]\n"
  "b7(v105: i64, v106: i64):\n"
  "  br b2(v105)\n"
  "}\n";

struct seen {
  bool shape[KN_SH_COUNT];
  unsigned functions;
};

static void count(uint32_t *uses, uint32_t h) {
  if (kn_is_value(h)) uses[h]++;
}

static void check_shown(const kiln_func *f, uint32_t i, const struct kn_operands *o) {
  kiln_inst inst = {i};
  bool result = f->inst[i].op == KILN_OP_RESULT; /* shows its operation, which is no use of it */
  assert_int_equal(kiln_inst_get(f, inst).n_operands, result ? 1 : o->n);
  if (result) assert_int_equal(kiln_inst_operand(f, inst, 0).id, f->inst[i].a);
  for (uint32_t k = 0; k < o->n; k++) {
    kiln_value v = kiln_inst_operand(f, inst, k);
    assert_int_equal(v.id, kn_operand(o, k));
    kiln_type want = kiln_inst_operand_type(f, inst, k), is = kiln_operand_get(f, v).type;
    if (want != VOID && is != VOID) assert_int_equal(is, want);
  }
  assert_int_equal(kiln_inst_operand(f, inst, kiln_inst_get(f, inst).n_operands).id, 0);
}

static kiln_status look(void *user, kiln_func *f) {
  struct seen *seen = user;
  static uint32_t uses[1000];
  assert_true(f->n <= sizeof uses / sizeof *uses);
  memset(uses, 0, sizeof uses);
  seen->functions++;
  for (uint32_t k = 0; k < f->order.n; k++) {
    const struct kn_block *b = &f->blocks.at[f->order.at[k]];
    for (uint32_t i = kn_inst_settle(f, b->first);; i = kn_inst_settle(f, i + 1)) {
      const struct kn_inst *in = &f->inst[i];
      seen->shape[kn_op_shape(in->op)] = true;
      struct kn_operands o = kn_operands(f, in);
      for (uint32_t n = 0; n < o.n; n++) count(uses, kn_operand(&o, n));
      check_shown(f, i, &o);
      assert_int_equal(kn_inst_result(f, in), f->val[i].type);
      if (i == b->term) break;
    }
    for (uint32_t e = b->edge_first; e < b->edge_first + b->n_edges; e++) {
      const struct kn_edge_arg *arg = kn_edge_first_arg(f, e);
      for (; arg; arg = kn_edge_next_arg(f, arg)) count(uses, arg->value);
    }
  }
  for (uint32_t v = 1; v < f->n; v++)
    if (uses[v] != f->val[v].uses)
      fail_msg("value %u: %u uses, not %u", v, f->val[v].uses, uses[v]);
  return KILN_OK;
}

static void operands_are_the_uses_that_were_counted(void **state) {
  static const char *const names[] = {
#define KILN_SHAPE(E, state, a, b, c, x, result, edges, copy, syntax) #E,
#include <kiln/shapes.def>
  };
  (void)state;
  struct seen seen = {0};
  kiln_module_options options = {.target.processor = KILN_PROCESSOR_X86_64};
  kiln_module *m = kiln_module_new(&options);
  kiln_session *s = kiln_session_new(m);
  kiln_status status = kiln_text_read(s, each_shape, sizeof each_shape - 1, look, &seen);
  if (status != KILN_OK) {
    const kiln_diag *d = kiln_module_diag(m);
    fail_msg("%u: %s", d->line, d->message);
  }
  assert_int_equal(seen.functions, 3);
  for (unsigned shape = 0; shape < KN_SH_COUNT; shape++)
    if (seen.shape[shape] != (kn_shape_info[shape].state == KN_SHAPE_BUILT))
      fail_msg("each_shape has no operation of shape %s", names[shape]);
  kiln_session_free(s);
  kiln_module_free(m);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(operands_are_the_uses_that_were_counted)};
  return cmocka_run_group_tests_name("operands", tests, NULL, NULL);
}
