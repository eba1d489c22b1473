/* What <kiln/llvm_operation.h> refuses: each with its message and status, by the check and when it is built; the
 * builder goes on afterwards. */
#include "operation_fixture.h"

/* ---- what is refused ---- */

static const struct {
  kiln_processor target;
  struct row row;
  kiln_status status;
  const char *message;
} refused[] = {
  {KILN_PROCESSOR_X86_64,
   {"llvm.no.such", "i32", "i32", NULL, 0},
   KILN_ERR_UNSUPPORTED,
   "llvm.no.such: not implemented: no such intrinsic"},
  {KILN_PROCESSOR_X86_64,
   {"addd", "i32", "i32;i32", NULL, 0},
   KILN_ERR_UNSUPPORTED,
   "addd: not implemented: no such instruction"},
  {KILN_PROCESSOR_X86_64,
   {"", "i32", "i32;i32", NULL, 0},
   KILN_ERR_UNSUPPORTED,
   "not implemented: no such instruction"},
  {KILN_PROCESSOR_X86_64,
   {"add", "i32", "i32", NULL, 0},
   KILN_ERR_ARGUMENT,
   "add: the operation has 1 operands, but needs 2"},
  {KILN_PROCESSOR_X86_64,
   {"add", "i32", "i32;i64", NULL, 0},
   KILN_ERR_TYPE,
   "add: operands of different types"},
  {KILN_PROCESSOR_X86_64,
   {"add", "i64", "i32;i32", NULL, 0},
   KILN_ERR_TYPE,
   "add: a result of another type"},
  {KILN_PROCESSOR_X86_64,
   {"add", "float", "float;float", NULL, 0},
   KILN_ERR_TYPE,
   "add: operands that are not integers"},
  {KILN_PROCESSOR_X86_64,
   {"fadd", "<4 x i32>", "<4 x i32>;<4 x i32>", NULL, 0},
   KILN_ERR_TYPE,
   "fadd: operands that are not floats"},
  {KILN_PROCESSOR_X86_64,
   {"icmp lt", "i1", "i32;i32", NULL, 0},
   KILN_ERR_UNSUPPORTED,
   "icmp lt: not implemented: no such instruction"},
  {KILN_PROCESSOR_X86_64,
   {"icmp eq", "i32", "i32;i32", NULL, 0},
   KILN_ERR_TYPE,
   "icmp eq: a result of another type"},
  {KILN_PROCESSOR_X86_64,
   {"trunc", "i64", "i32", NULL, 0},
   KILN_ERR_TYPE,
   "trunc: a cast that cannot convert between its types"},
  {KILN_PROCESSOR_X86_64,
   {"bitcast", "i64", "<4 x i32>", NULL, 0},
   KILN_ERR_TYPE,
   "bitcast: a cast that cannot convert between its types"},
  {KILN_PROCESSOR_X86_64,
   {"select", "<4 x i32>", "<8 x i1>;<4 x i32>;<4 x i32>", NULL, 0},
   KILN_ERR_TYPE,
   "select: a condition of another number of lanes"},
  {KILN_PROCESSOR_X86_64,
   {"insertelement", "<4 x i32>", "<4 x i32>;i16;i32=0", NULL, 0},
   KILN_ERR_TYPE,
   "insertelement: an element of another type"},
  {KILN_PROCESSOR_X86_64,
   {"shufflevector", "<4 x i32>", "<4 x i32>;<4 x i32>;<4 x i32>", NULL, 0},
   KILN_ERR_TYPE,
   "shufflevector: a mask that is not a constant vector of i32"},
  {KILN_PROCESSOR_X86_64,
   {"shufflevector", "<4 x i32>", "<4 x i32>;<4 x i32>;<4 x i32>=9", NULL, 0},
   KILN_ERR_ARGUMENT,
   "shufflevector: bad shuffle mask"},
  {KILN_PROCESSOR_X86_64,
   {"extractvalue", "i1", "{ i64, i1 };i32=2", NULL, 0},
   KILN_ERR_ARGUMENT,
   "extractvalue: index into an aggregate out of range"},
  {KILN_PROCESSOR_X86_64,
   {"extractvalue", "i1", "{ i64, i1 };i32", NULL, 0},
   KILN_ERR_ARGUMENT,
   "extractvalue: operand 2 is not a constant index"},
  {KILN_PROCESSOR_X86_64,
   {"store", "void", "ptr;i32", NULL, 0},
   KILN_ERR_TYPE,
   "store: an address that is not a pointer"},
  {KILN_PROCESSOR_X86_64,
   {"llvm.ctpop.i32", "i32", "float", NULL, 0},
   KILN_ERR_UNSUPPORTED,
   "llvm.ctpop.i32: not implemented: an intrinsic with these types"},
  {KILN_PROCESSOR_X86_64,
   {"llvm.ctpop.i32", "i32", "", NULL, 0},
   KILN_ERR_ARGUMENT,
   "llvm.ctpop.i32: bad call"},
  {KILN_PROCESSOR_X86_64,
   {"llvm.x86.sse2.psad.bw", "<2 x i64>", "<16 x i8>;i32", NULL, 0},
   KILN_ERR_UNSUPPORTED,
   "llvm.x86.sse2.psad.bw: not implemented: an intrinsic with these types"},
  {KILN_PROCESSOR_X86_64,
   {"llvm.x86.sse2.psad.bw", "<4 x i64>", "<16 x i8>;<16 x i8>", NULL, 0},
   KILN_ERR_UNSUPPORTED,
   "llvm.x86.sse2.psad.bw: not implemented: an intrinsic with these types"},
  {KILN_PROCESSOR_X86_64,
   {"llvm.x86.pclmulqdq", "<2 x i64>", "<2 x i64>;<2 x i64>;i8", NULL, 0},
   KILN_ERR_ARGUMENT,
   "llvm.x86.pclmulqdq: an intrinsic's argument that is not constant"},
  {KILN_PROCESSOR_AARCH64,
   {"llvm.aarch64.neon.vsli.v4i32", "<4 x i32>", "<4 x i32>;<4 x i32>;i32=99", NULL, 0},
   KILN_ERR_UNSUPPORTED,
   "llvm.aarch64.neon.vsli.v4i32: not implemented: an immediate that is out of the instruction's "
   "range"},
  {KILN_PROCESSOR_AARCH64, /* which LLVM has */
   {"llvm.aarch64.neon.fmulx.f16", "half", "half;half", NULL, 0},
   KILN_ERR_UNSUPPORTED,
   "llvm.aarch64.neon.fmulx.f16: not implemented: an intrinsic with these types"},
  {KILN_PROCESSOR_AARCH64,
   {"llvm.x86.sse2.psad.bw", "<2 x i64>", "<16 x i8>;<16 x i8>", NULL, 0},
   KILN_ERR_UNSUPPORTED,
   "llvm.x86.sse2.psad.bw: not implemented: no such intrinsic"},
  {KILN_PROCESSOR_X86_64,
   {"llvm.experimental.constrained.fadd.f32", "float", "float;float", NULL, 0},
   KILN_ERR_UNSUPPORTED,
   "llvm.experimental.constrained.fadd.f32: not implemented: an intrinsic with metadata as "
   "operands"},
  {KILN_PROCESSOR_X86_64,
   {"llvm.read_register.i64", "i64", "i64", NULL, 0},
   KILN_ERR_UNSUPPORTED,
   "llvm.read_register.i64: not implemented: an intrinsic with metadata as operands"},
  {KILN_PROCESSOR_X86_64,
   {"llvm.dbg.value", "void", "i64;i64;i64", NULL, 0},
   KILN_ERR_UNSUPPORTED,
   "llvm.dbg.value: not implemented: an intrinsic with metadata as operands"},
  {KILN_PROCESSOR_X86_64,
   {"freeze", "i", "i", NULL, 0},
   KILN_ERR_SYNTAX,
   "freeze: type \"i\": a type expected at character 1"},
  {KILN_PROCESSOR_X86_64,
   {"freeze", "i0", "i0", NULL, 0},
   KILN_ERR_ARGUMENT,
   "freeze: bad integer width"},
  {KILN_PROCESSOR_X86_64,
   {"freeze", "<4 i32>", "i32", NULL, 0},
   KILN_ERR_SYNTAX,
   "freeze: type \"<4 i32>\": 'x' expected at character 4"},
  {KILN_PROCESSOR_X86_64,
   {"freeze", "<4 x i32", "i32", NULL, 0},
   KILN_ERR_SYNTAX,
   "freeze: type \"<4 x i32\": '>' expected at character 9"},
  {KILN_PROCESSOR_X86_64,
   {"freeze", "{ i32 i32 }", "i32", NULL, 0},
   KILN_ERR_SYNTAX,
   "freeze: type \"{ i32 i32 }\": ',' or '}' expected at character 7"},
  {KILN_PROCESSOR_X86_64,
   {"freeze", "i32 x", "i32", NULL, 0},
   KILN_ERR_SYNTAX,
   "freeze: type \"i32 x\": the end of the type expected at character 5"},
  {KILN_PROCESSOR_X86_64,
   {"freeze", "<vscale x 4 x i32>", "i32", NULL, 0},
   KILN_ERR_UNSUPPORTED,
   "freeze: not implemented: scalable vectors"},
  {KILN_PROCESSOR_X86_64,
   {"freeze", "<4 x { i32 }>", "i32", NULL, 0},
   KILN_ERR_UNSUPPORTED,
   "freeze: not implemented: vectors of lanes of this type"},
  {KILN_PROCESSOR_X86_64,
   {"freeze", "ptr addrspace(256)", "i32", NULL, 0},
   KILN_ERR_UNSUPPORTED,
   "freeze: not implemented: address spaces"},
  {KILN_PROCESSOR_X86_64,
   {"freeze", "[300 x i8]", "i32", NULL, 0},
   KILN_ERR_UNSUPPORTED,
   "freeze: not implemented: an aggregate value of this many parts"},
  {KILN_PROCESSOR_X86_64,
   {"freeze", "i8000", "i32", NULL, 0},
   KILN_ERR_UNSUPPORTED,
   "freeze: not implemented: integers wider than 4096 bits"},
};

static void refusals(void **test) {
  (void)test;
  for (unsigned i = 0; i < sizeof refused / sizeof *refused; i++) {
    const struct row *row = &refused[i].row;
    kiln_module *m =
      kiln_module_new(&(kiln_module_options){.target.processor = refused[i].target, .name = "m"});
    kiln_session *s = kiln_session_new(m);
    kiln_llvm_builder *b = kiln_llvm_builder_new(m);
    struct operands x;
    kiln_value value = {0}, given[MOST_OPERANDS][8], results[8] = {{1}};
    parse(row->operands, &value, &x);
    kiln_status status = kiln_llvm_builder_check(b, row->name, row->result, x.of, x.n);
    if (status != refused[i].status ||
        strcmp(kiln_llvm_builder_message(b), refused[i].message) != 0)
      fail_msg("%s of %s: %s: %s", row->name, row->operands, kiln_status_name(status),
               kiln_llvm_builder_message(b));
    kiln_func *f = kiln_func_begin(s, declare(m, "f"));
    for (uint32_t k = 0; k < x.n; k++) {
      kiln_type parts[8];
      uint32_t n = kiln_llvm_builder_parts(b, x.of[k].type, parts, 8);
      for (uint32_t j = 0; j < n; j++)
        given[k][j] = kiln_build_load(f, parts[j], kiln_func_param(f, 0), 0, 0);
      if (x.of[k].parts) x.of[k].parts = given[k];
    }
    assert_int_equal(kiln_llvm_builder_build(b, f, row->name, row->result, x.of, x.n, results),
                     refused[i].status);
    assert_string_equal(kiln_llvm_builder_message(b), refused[i].message);
    assert_int_equal(kiln_func_status(f), refused[i].status); /* it sticks, */
    kiln_diag d;
    kiln_func_try_compile(f, &d);
    assert_string_equal(d.message, refused[i].message);
    assert_int_equal(kiln_module_status(m), KILN_OK); /* and the builder goes on */
    build_row(b, s, "f", &(struct row){"add", "i32", "i32;i32", NULL, 0});
    kiln_llvm_builder_free(b);
    kiln_session_free(s);
    kiln_module_free(m);
  }
}

/* Types nested deeper than 100, and just as deep. */
static void nesting(void **test) {
  (void)test;
  kiln_module *m = jit_module(KILN_PIC_FULL);
  kiln_llvm_builder *b = kiln_llvm_builder_new(m);
  static char text[1 << 16];
  for (unsigned depth = 99; depth <= 30000; depth += depth < 101 ? 1 : 29899) {
    memset(text, '{', depth);
    strcpy(text + depth, "i32");
    memset(text + depth + 3, '}', depth);
    text[2 * depth + 3] = 0;
    assert_int_equal(kiln_llvm_builder_parts(b, text, NULL, 0), depth < 100 ? 1 : 0);
    assert_string_equal(kiln_llvm_builder_message(b),
                        depth < 100 ? "" : "types nested deeper than 100");
  }
  kiln_llvm_builder_free(b);
  kiln_module_free(m);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(refusals), cmocka_unit_test(nesting)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
