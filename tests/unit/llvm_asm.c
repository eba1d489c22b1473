/* <kiln/llvm_asm.h>: inline assembly does what clang's code does with the same text, constraints and bytes; jumps and
 * exceptions leave it; what assembly of a module defines and refers to; what is refused. Of x86-64. */
#define _GNU_SOURCE
#include "bitcode_fixture.h"
#include "operation_fixture.h"

#include <kiln/as.h>
#include <kiln/llvm_asm.h>

#include <dlfcn.h>

/* A module with an assembler, and what builds in it. */
struct unit {
  kiln_as *as;
  kiln_module *m;
  kiln_session *s;
  kiln_llvm_builder *b;
};

static struct unit begin_unit(bool assembler) {
  kiln_module_options options = {
    .jit = true, .pic = KILN_PIC_FULL, .target.processor = KILN_PROCESSOR_X86_64};
  struct unit u = {.as = assembler ? kiln_as_new(NULL) : NULL};
  if (assembler) options.assemble = kiln_as_assemble;
  options.assemble_user = u.as;
  u.m = kiln_module_new(&options);
  u.s = kiln_session_new(u.m);
  u.b = kiln_llvm_builder_new(u.m);
  assert_non_null(u.b);
  return u;
}

static kiln_jit *run_unit(struct unit *u) {
  kiln_jit *jit = jit_new(&(kiln_jit_options){0});
  kiln_jit_unit unit;
  kiln_jit_error e = {0};
  const kiln_jit_input input = {.module = u->m, .sessions = &u->s, .n_sessions = 1};
  if (kiln_jit_add(jit, 0, &input, 1, &unit, &e) != KILN_OK) fail_msg("%s", e.diag.message);
  return jit;
}

static void end_unit(struct unit *u) {
  kiln_llvm_builder_free(u->b);
  kiln_session_free(u->s);
  kiln_module_free(u->m);
  kiln_as_free(u->as);
}

static void built(struct unit *u, kiln_status status) {
  if (status != KILN_OK) fail_msg("%s", kiln_llvm_builder_message(u->b));
}

/* A function of so many i64 that gives one. */
static kiln_func *begin_function(struct unit *u, const char *name, uint32_t n_params) {
  const kiln_param params[2] = {{.type = KILN_TYPE_I64}, {.type = KILN_TYPE_I64}};
  const kiln_type result = KILN_TYPE_I64;
  kiln_sig sig = kiln_sig_new(u->m, KILN_CC_C, 0, params, n_params, &result, 1);
  return kiln_func_begin(u->s, kiln_func_declare(u->m, &(kiln_symbol_desc){.name = name}, sig));
}

/* ---- statements against clang ---- */

#define FLAGS ",~{dirflag},~{fpsr},~{flags}"

/* Operands as in operation_fixture.h. */
static const struct statement {
  const char *text, *constraints, *result, *operands, *features;
  uint32_t flags; /* KILN_LLVM_ASM_... */
  unsigned input; /* FLOATS */
} statements[] = {
  {"addl $2, $0", "=r,0,r" FLAGS, "i32", "i32;i32", NULL, 0, 0},
  {"add $0, $2", "=r,0,r" FLAGS, "i64", "i64;i64", NULL, KILN_LLVM_ASM_INTEL, 0},
  /* there, $$ is nothing; what AT&T's dialect has for it is below */
  {"add $0, $$8; add $0, $2 # $$x", "=r,0,r" FLAGS, "i64", "i64;i64", NULL, KILN_LLVM_ASM_INTEL, 0},
  {"leaq ($1,$2,4), $0", "=&r,r,r", "i64", "i64;i64", NULL, KILN_LLVM_ASM_SIDE_EFFECT, 0},
  {"addl $2, $0", "=r,0,i" FLAGS, "i32", "i32;i32=77", NULL, 0, 0},
  {"movq $1, $0", "=r,n", "i64", "i64=-3", NULL, 0, 0},
  {"xchgb ${0:b}, ${0:h}", "=Q,0", "i32", "i32", NULL, 0, 0},
  {"incb %ah", "={ah},0" FLAGS, "i8", "i8", NULL, 0, 0},
  {"movb %ah, %cl; xorb $$1, $1", "={cl},={ah},1" FLAGS, "{ i8, i8 }", "i8", NULL, 0, 0},
  {"cmpl $2, $1", "={@ccb},r,r" FLAGS, "i8", "i32;i32", NULL, 0, 0},
  {"mulq $3", "={ax},={dx},0,r" FLAGS, "{ i64, i64 }", "i64;i64", NULL, 0, 0},
  {"leaq 1($9), $0; leaq 2($9), $1; leaq 3($9), $2; leaq 4($9), $3; leaq 5($9), $4; leaq 6($9), "
   "$5; "
   "leaq 7($9), $6; leaq 8($9), $7; leaq 9($9), $8",
   "=&r,=&r,=&r,=&r,=&r,=&r,=&r,=&r,=&r,r", "{ i64, i64, i64, i64, i64, i64, i64, i64, i64 }",
   "i64", NULL, 0, 0},
  {"mulps $2, $0", "=x,0,x", "<4 x float>", "<4 x float>;<4 x float>", NULL, 0, FLOATS},
  {"addsd $2, $0", "=x,0,x", "double", "double;double", NULL, 0, FLOATS},
  {"paddb $2, $0", "=x,0,x", "<16 x i8>", "<16 x i8>;<16 x i8>", NULL, 0, 0},
  {"vpaddd $2, $1, $0", "=x,x,x", "<8 x i32>", "<8 x i32>;<8 x i32>", "+avx2", 0, 0},
  {"", "=r,0", "i64", "i64", NULL, 0, 0},
  {"movq $2, %r12; addq %r12, $0", "=r,0,r,~{r12}" FLAGS, "i64", "i64;i64", NULL, 0, 0},
  {"addq $2, %r11", "={r11},0,r" FLAGS, "i64", "i64;i64", NULL, 0, 0},
  {"addsd %xmm15, %xmm15", "={xmm15},0", "double", "double", NULL, 0, FLOATS},
  {"movl 1f(%rip), ${0:k}; .pushsection .rodata; 1: .long 0x12345678; .popsection", "=r", "i32", "",
   NULL, 0, 0},
  {"xorl ${0:k}, ${0:k}; jmp .Lown${:uid}; ud2; .Lown${:uid}: addq $$7, $0", "=r" FLAGS, "i64", "",
   NULL, KILN_LLVM_ASM_SIDE_EFFECT, 0},
  /* once more: its labels are others */
  {"xorl ${0:k}, ${0:k}; jmp .Lown${:uid}; ud2; .Lown${:uid}: addq $$7, $0", "=r" FLAGS, "i64", "",
   NULL, KILN_LLVM_ASM_SIDE_EFFECT, 0},
};
enum { STATEMENTS = sizeof statements / sizeof *statements };

static void print_statement(FILE *to, unsigned number) {
  const struct statement *t = &statements[number];
  struct operands x;
  parse(t->operands, &(kiln_value){0}, &x);
  fprintf(to, "define void @row%u(ptr %%out, ptr %%in) #%u {\n", number, number);
  for (uint32_t i = 0; i < x.n; i++)
    if (x.of[i].parts)
      fprintf(
        to, "  %%p%u = getelementptr i8, ptr %%in, i64 %u\n  %%a%u = load %s, ptr %%p%u, align 1\n",
        i, APART * i, i, x.of[i].type, i);
  fprintf(to, "  %%r = call %s asm %s%s\"%s\", \"%s\"(", t->result,
          t->flags & KILN_LLVM_ASM_SIDE_EFFECT ? "sideeffect " : "",
          t->flags & KILN_LLVM_ASM_INTEL ? "inteldialect " : "", t->text, t->constraints);
  for (uint32_t i = 0; i < x.n; i++) {
    fprintf(to, "%s%s ", i ? ", " : "", x.of[i].type);
    if (x.of[i].parts) fprintf(to, "%%a%u", i);
    else fprintf(to, "%lld", (long long)x.of[i].constant);
  }
  fprintf(to, ")\n  store %s %%r, ptr %%out, align 1\n  ret void\n}\n", t->result);
  fprintf(to, "attributes #%u = { \"target-features\"=\"%s\" }\n", number,
          t->features ? t->features : "");
}

static void *compile_statements(void) {
  struct bc_library l;
  FILE *to = bc_library_begin(&l);
  for (unsigned i = 0; i < STATEMENTS; i++) print_statement(to, i);
  return bc_library_end(&l);
}

static void build_statement(struct unit *u, unsigned number) {
  const struct statement *t = &statements[number];
  char name[32];
  snprintf(name, sizeof name, "row%u", number);
  kiln_func *f = kiln_func_begin(u->s, declare(u->m, name));
  kiln_value out = kiln_func_param(f, 0), in = kiln_func_param(f, 1), none = {0};
  static kiln_value parts[MOST_OPERANDS][MOST_PARTS], results[MOST_PARTS];
  struct operands x;
  parse(t->operands, &none, &x);
  built(u, kiln_llvm_builder_set_features(u->b, t->features ? t->features : ""));
  for (uint32_t i = 0; i < x.n; i++) {
    if (!x.of[i].parts) continue;
    kiln_value at = kiln_build_addr(f, in, none, 0, (int32_t)(APART * i));
    const kiln_llvm_operand address = {.type = "ptr", .parts = &at};
    built(u, kiln_llvm_builder_build(u->b, f, "load", x.of[i].type, &address, 1, parts[i]));
    x.of[i].parts = parts[i];
  }
  const kiln_llvm_asm_desc a = {.text = t->text,
                                .constraints = t->constraints,
                                .result = t->result,
                                .operands = x.of,
                                .n_operands = x.n,
                                .flags = t->flags};
  built(u, kiln_llvm_builder_build_asm(u->b, f, &a, results, NULL));
  const kiln_llvm_operand stored[2] = {{.type = t->result, .parts = results},
                                       {.type = "ptr", .parts = &out}};
  built(u, kiln_llvm_builder_build(u->b, f, "store", "void", stored, 2, NULL));
  kiln_build_ret(f, NULL, 0);
  assert_int_equal(kiln_func_compile(f), KILN_OK);
}

/* Calls `f` with values in the registers that calls keep: which of these it has changed, 0 for none. */
static uint64_t changes(row_fn *f, uint8_t *out, const uint8_t *in) {
  uint64_t changed = (uint64_t)(uintptr_t)f;
  __asm__ volatile("movq %%rsp, %%r15; subq $128, %%rsp; andq $-16, %%rsp\n"
                   "movq $1, %%rbx; movq $2, %%r12; movq $4, %%r13; movq $8, %%r14\n"
                   "callq *%0\n"
                   "movq %%r15, %%rsp; movq %%rbx, %0; xorq $1, %0; xorq $2, %%r12; orq %%r12, %0\n"
                   "xorq $4, %%r13; orq %%r13, %0; xorq $8, %%r14; orq %%r14, %0\n"
                   : "+a"(changed), "+D"(out), "+S"(in)
                   :
                   : "rbx", "r12", "r13", "r14", "r15", "rcx", "rdx", "r8", "r9", "r10", "r11",
                     "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "memory",
                     "cc");
  return changed;
}

static void compare(kiln_jit *jit, void *library, unsigned i) {
  const struct statement *t = &statements[i];
  char name[32];
  snprintf(name, sizeof name, "row%u", i);
  row_fn *ours = (row_fn *)kiln_jit_lookup(jit, name), *theirs = (row_fn *)dlsym(library, name);
  assert_true(ours && theirs);
  __builtin_cpu_init();
  if (t->features && !__builtin_cpu_supports("avx2")) return;
  uint32_t state = 2463534242u;
  for (unsigned round = 0; round < ROUNDS; round++) {
    uint8_t in[BYTES], a[BYTES], b[BYTES];
    for (unsigned k = 0; k < BYTES; k++) {
      state ^= state << 13, state ^= state >> 17, state ^= state << 5;
      in[k] = round == 0 ? 0 : round == 1 ? 0xff : (uint8_t)(state >> 11);
      /* moderate floats and doubles, no NaN */
      if (t->input == FLOATS && k % 4 == 3) in[k] = (uint8_t)((in[k] & 0x80) | 0x3f);
    }
    memset(a, 0xa5, sizeof a);
    memset(b, 0xa5, sizeof b);
    if (changes(ours, a, in) != 0) fail_msg("%s changes registers that calls keep", t->text);
    theirs(b, in);
    for (unsigned k = 0; k < BYTES; k++)
      if (a[k] != b[k])
        fail_msg("%s, %s: round %u, byte %u is %02x, clang's code gives %02x", t->text,
                 t->constraints, round, k, a[k], b[k]);
  }
}

static void as_clang(void **test) {
  (void)test;
  if (!bc_have_clang()) skip();
  void *library = compile_statements();
  struct unit u = begin_unit(true);
  for (unsigned i = 0; i < STATEMENTS; i++) build_statement(&u, i);
  kiln_jit *jit = run_unit(&u);
  for (unsigned i = 0; i < STATEMENTS; i++) compare(jit, library, i);
  kiln_jit_free(jit);
  end_unit(&u);
  dlclose(library);
}

/* ---- jumps ---- */

/* sign(x): x + 1 if the text jumps nowhere, 100 + x + 1 if that is negative, 200 + x + 1 if it is zero. */
static void labels(void **test) {
  (void)test;
  struct unit u = begin_unit(true);
  kiln_func *f = begin_function(&u, "sign", 1);
  kiln_value x = kiln_func_param(f, 0), out, taken;
  const kiln_llvm_operand in = {.type = "i64", .parts = &x};
  const kiln_llvm_asm_desc a = {.text = "incq $0; js ${2:l}; jz ${3:l}",
                                .constraints = "=r,0,!i,!i" FLAGS,
                                .result = "i64",
                                .operands = &in,
                                .n_operands = 1,
                                .n_labels = 2};
  built(&u, kiln_llvm_builder_build_asm(u.b, f, &a, &out, &taken));
  kiln_block to[3];
  for (unsigned k = 0; k < 3; k++) to[k] = kiln_block_new(f);
  const kiln_switch_case cases[2] = {{1, to[1]}, {2, to[2]}};
  kiln_build_switch(f, KILN_TYPE_I32, taken, to[0], cases, 2);
  for (int k = 0; k < 3; k++) {
    kiln_block_switch(f, to[k]);
    kiln_value v =
      kiln_build_binary(f, KILN_OP_ADD, KILN_TYPE_I64, out, kiln_const_int(f, 100 * k));
    kiln_build_ret(f, &v, 1);
  }
  assert_int_equal(kiln_func_compile(f), KILN_OK);
  kiln_jit *jit = run_unit(&u);
  int64_t (*sign)(int64_t) = (int64_t (*)(int64_t))kiln_jit_lookup(jit, "sign");
  assert_int_equal(sign(5), 6);
  assert_int_equal(sign(-7), 100 - 6);
  assert_int_equal(sign(-1), 200);
  kiln_jit_free(jit);
  end_unit(&u);
}

/* ---- exceptions ---- */

/* tests/kir/kir_throw.c: throws an exception with `value` if there is a type, else gives value + 1. */
int64_t kir_maybe(const void *type, int64_t value);

/* A call of kir_maybe(type, x) by a text, which changes a register that calls keep. */
static kiln_value call_maybe(struct unit *u, kiln_func *f, kiln_clauses clauses, kiln_block pad) {
  kiln_value type = kiln_func_param(f, 0), x = kiln_func_param(f, 1), out;
  kiln_symbol maybe = kiln_data_declare(u->m, &(kiln_symbol_desc){.name = "kir_maybe"});
  kiln_value callee = kiln_const_symbol(f, maybe, 0);
  const kiln_llvm_operand in[] = {{.type = "i64", .parts = &type},
                                  {.type = "i64", .parts = &x},
                                  {.type = "ptr", .parts = &callee}};
  const kiln_llvm_asm_desc a = {
    .text = "movq $$-1, %rbx; callq *$3",
    .constraints = "={ax},{di},{si},r,~{rbx},~{rcx},~{rdx},~{rdi},~{rsi},~{r8},~{r9},~{r10},~{r11},"
                   "~{memory}" FLAGS,
    .result = "i64",
    .operands = in,
    .n_operands = 3,
    .flags = KILN_LLVM_ASM_SIDE_EFFECT | KILN_LLVM_ASM_UNWIND,
    .clauses = clauses,
    .unwind = pad};
  built(u, kiln_llvm_builder_build_asm(u->b, f, &a, &out, NULL));
  return out;
}

static void set_personality(struct unit *u, kiln_func *f) {
  kiln_func_attrs attrs = kiln_func_get_attrs(f);
  const kiln_sig sig = kiln_sig_new(u->m, KILN_CC_C, 0, NULL, 0, NULL, 0);
  attrs.personality = kiln_func_declare(u->m, &(kiln_symbol_desc){.name = "kir_personality"}, sig);
  kiln_func_set_attrs(f, &attrs);
}

static kiln_clauses catch_all(kiln_func *f) {
  kiln_clauses clauses = kiln_clauses_new(f);
  kiln_clauses_set(f, clauses, &(kiln_clause){.kind = KILN_CLAUSE_CATCH_ALL}, 1);
  return clauses;
}

/* Returns v + x. */
static void return_sum(kiln_func *f, kiln_value v) {
  v = kiln_build_binary(f, KILN_OP_ADD, KILN_TYPE_I64, v, kiln_func_param(f, 1));
  kiln_build_ret(f, &v, 1);
}

/* The landing pad: returns 1000 times the exception's value, plus x. */
static void build_pad(struct unit *u, kiln_func *f, kiln_block pad) {
  const kiln_param param = {.type = KILN_TYPE_I64};
  const kiln_type i64 = KILN_TYPE_I64;
  const kiln_sig sig = kiln_sig_new(u->m, KILN_CC_C, 0, &param, 1, &i64, 1);
  const kiln_symbol take = kiln_func_declare(u->m, &(kiln_symbol_desc){.name = "kir_catch"}, sig);
  kiln_value exception = kiln_block_add_param(f, pad, KILN_TYPE_I64);
  kiln_block_add_param(f, pad, KILN_TYPE_I32);
  kiln_block_switch(f, pad);
  kiln_value v = kiln_build_call(f, sig, kiln_const_symbol(f, take, 0), &exception, 1);
  return_sum(f, kiln_build_binary(f, KILN_OP_MUL, KILN_TYPE_I64, v, kiln_const_int(f, 1000)));
}

typedef int64_t thrower_fn(const void *type, int64_t x);

static void unwinding(void **test) {
  (void)test;
  struct unit u = begin_unit(true);
  /* the function that has the statement catches */
  kiln_func *f = begin_function(&u, "catches", 2);
  set_personality(&u, f);
  kiln_block pad = kiln_block_new(f);
  return_sum(f, call_maybe(&u, f, catch_all(f), pad));
  build_pad(&u, f, pad);
  assert_int_equal(kiln_func_compile(f), KILN_OK);
  /* its caller does */
  kiln_func *leaves = begin_function(&u, "leaves", 2);
  const kiln_symbol symbol = kiln_func_symbol(leaves);
  kiln_value v = call_maybe(&u, leaves, (kiln_clauses){0}, (kiln_block){0});
  kiln_build_ret(leaves, &v, 1);
  assert_int_equal(kiln_func_compile(leaves), KILN_OK);
  f = begin_function(&u, "outer", 2);
  set_personality(&u, f);
  const kiln_block normal = kiln_block_new(f);
  pad = kiln_block_new(f);
  const kiln_sig sig = kiln_symbol_get(u.m, symbol).sig;
  const kiln_value args[] = {kiln_func_param(f, 0), kiln_func_param(f, 1)},
                   gives = kiln_try_result(f, sig, 0),
                   caught[] = {kiln_try_exception(f), kiln_try_selector(f)};
  kiln_value result = kiln_block_add_param(f, normal, KILN_TYPE_I64);
  kiln_build_try(f, &(kiln_try_desc){.sig = sig,
                                     .callee = kiln_const_symbol(f, symbol, 0),
                                     .args = args,
                                     .n_args = 2,
                                     .normal = normal,
                                     .normal_args = &gives,
                                     .n_normal_args = 1,
                                     .unwind = pad,
                                     .unwind_args = caught,
                                     .n_unwind_args = 2,
                                     .shared = catch_all(f)});
  kiln_block_switch(f, normal);
  return_sum(f, result);
  build_pad(&u, f, pad);
  assert_int_equal(kiln_func_compile(f), KILN_OK);
  kiln_jit *jit = run_unit(&u);
  static const char *const names[] = {"catches", "outer"};
  for (unsigned k = 0; k < 2; k++) {
    thrower_fn *call = (thrower_fn *)kiln_jit_lookup(jit, names[k]);
    assert_int_equal(call(NULL, 7), 8 + 7);
    assert_int_equal(call(names, 7), 7000 + 7);
  }
  kiln_jit_free(jit);
  end_unit(&u);
}

/* ---- assembly of a module ---- */

static const char first_text[] = ".globl asm_answer\n"
                                 "asm_answer:\n"
                                 "  pushq %rax\n"
                                 "  movl $20, %edi\n"
                                 "  callq asm_twice\n"
                                 "  addq .Lnumber(%rip), %rax\n"
                                 "  popq %rcx\n"
                                 "  ret\n"
                                 ".data\n"
                                 ".Lnumber: .quad 2\n"
                                 ".globl asm_number\n"
                                 "asm_number: .quad 5\n";
static const char second_text[] = "asm_other:\n"
                                  "  movq .Lnumber(%rip), %rax\n"
                                  "  ret\n"
                                  ".section .rodata\n"
                                  ".Lnumber: .quad 9\n"
                                  ".globl asm_alias\n"
                                  ".set asm_alias, asm_twice\n";

/* A call of a function of that name. */
static kiln_value call_named(struct unit *u, kiln_func *f, const char *name, const kiln_value *args,
                             uint32_t n) {
  const kiln_param param = {.type = KILN_TYPE_I64};
  const kiln_type i64 = KILN_TYPE_I64;
  const kiln_sig sig = kiln_sig_new(u->m, KILN_CC_C, 0, &param, n, &i64, 1);
  const kiln_symbol symbol = kiln_func_declare(u->m, &(kiln_symbol_desc){.name = name}, sig);
  return kiln_build_call(f, sig, kiln_const_symbol(f, symbol, 0), args, n);
}

static void module_assembly(void **test) {
  (void)test;
  struct unit u = begin_unit(true);
  kiln_func *f = begin_function(&u, "asm_twice", 1);
  kiln_value x = kiln_func_param(f, 0);
  x = kiln_build_binary(f, KILN_OP_ADD, KILN_TYPE_I64, x, x);
  kiln_build_ret(f, &x, 1);
  assert_int_equal(kiln_func_compile(f), KILN_OK);
  f = begin_function(&u, "all", 0);
  const kiln_value three = kiln_const_int(f, 3);
  const kiln_symbol number = kiln_data_declare(u.m, &(kiln_symbol_desc){.name = "asm_number"});
  const kiln_value parts[] = {
    call_named(&u, f, "asm_answer", NULL, 0),
    kiln_build_load(f, KILN_TYPE_I64, kiln_const_symbol(f, number, 0), 0, 0),
    call_named(&u, f, "asm_other", NULL, 0), call_named(&u, f, "asm_alias", &three, 1)};
  kiln_value sum = kiln_const_int(f, 0);
  for (int k = 3; k >= 0; k--) {
    sum = kiln_build_binary(f, KILN_OP_MUL, KILN_TYPE_I64, sum, kiln_const_int(f, 100));
    sum = kiln_build_binary(f, KILN_OP_ADD, KILN_TYPE_I64, parts[k], sum);
  }
  kiln_build_ret(f, &sum, 1);
  assert_int_equal(kiln_func_compile(f), KILN_OK);
  built(&u, kiln_llvm_builder_add_assembly(u.b, u.s, first_text));
  built(&u, kiln_llvm_builder_add_assembly(u.b, u.s, second_text));
  kiln_jit *jit = run_unit(&u);
  int64_t (*all)(void) = (int64_t (*)(void))kiln_jit_lookup(jit, "all");
  assert_int_equal(all(), 42 + 100 * 5 + 10000 * 9 + 1000000 * 6);
  kiln_jit_free(jit);
  end_unit(&u);
}

/* ---- what is refused ---- */

static const struct {
  kiln_llvm_asm_desc a;
  kiln_status status;
  const char *message; /* how it begins */
} refused[] = {
  {{.text = "nop", .constraints = "=j", .result = "i32"},
   KILN_ERR_UNSUPPORTED,
   "asm: not implemented: inline assembly with constraint \"j\""},
  {{.text = "nop", .constraints = "=r", .result = "void"},
   KILN_ERR_ARGUMENT,
   "asm: inline assembly whose number of outputs does not match its type"},
  {{.text = "nop", .constraints = "r", .result = "void"},
   KILN_ERR_ARGUMENT,
   "asm: inline assembly with too few arguments"},
  {{.text = "nop", .constraints = "={al},={ah}", .result = "{ i8, i8 }"},
   KILN_ERR_UNSUPPORTED,
   "asm: not implemented: inline assembly with more register operands than registers"},
  {{.text = "no such instruction", .constraints = "", .result = "void"},
   KILN_ERR_UNSUPPORTED,
   "asm: inline assembly: "},
  {{.text = "nop ${0}", .constraints = "", .result = "void"},
   KILN_ERR_UNSUPPORTED,
   "asm: not implemented: inline assembly with an operand that does not exist"},
  {{.text = "nop", .constraints = "", .result = "void", .flags = 64},
   KILN_ERR_UNSUPPORTED,
   "asm: not implemented: unknown flag 6 of inline assembly"},
  {{.text = "nop", .constraints = "", .result = "void", .clauses = {1}},
   KILN_ERR_ARGUMENT,
   "asm: the statement has clauses, but not the flag KILN_LLVM_ASM_UNWIND"},
  {{.text = NULL, .constraints = "", .result = "void"},
   KILN_ERR_ARGUMENT,
   "asm: the text or the constraints are missing (NULL)"},
};

static void refuse(struct unit *u, const kiln_llvm_asm_desc *a, kiln_status status,
                   const char *message) {
  kiln_func *f = begin_function(u, "refused", 0);
  kiln_value results[2] = {{1}, {1}}, taken = {1};
  const kiln_status got = kiln_llvm_builder_build_asm(u->b, f, a, results, &taken);
  if (got != status) fail_msg("status %d for: %s", got, message);
  const char *is = kiln_llvm_builder_message(u->b);
  if (strncmp(is, message, strlen(message)) != 0) fail_msg("%s, where %s", is, message);
  assert_int_equal(taken.id, 0);
  assert_int_equal(kiln_func_status(f), status);
  kiln_func_discard(f);
}

static void refusals(void **test) {
  (void)test;
  struct unit u = begin_unit(true);
  for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
    refuse(&u, &refused[i].a, refused[i].status, refused[i].message);
  /* the builder goes on; an error in assembly of a module is the module's */
  kiln_func *f = begin_function(&u, "goes_on", 0);
  const kiln_llvm_asm_desc fine = {.text = "nop", .constraints = "", .result = "void"};
  built(&u, kiln_llvm_builder_build_asm(u.b, f, &fine, NULL, NULL));
  kiln_func_discard(f);
  assert_int_equal(kiln_llvm_builder_add_assembly(u.b, u.s, "no such instruction\n"),
                   KILN_ERR_UNSUPPORTED);
  assert_int_equal(kiln_module_status(u.m), KILN_ERR_UNSUPPORTED);
  end_unit(&u);

  u = begin_unit(false);
  const kiln_llvm_asm_desc unknown = {.text = ".byte 0x90", .constraints = "", .result = "void"};
  refuse(&u, &unknown, KILN_ERR_UNSUPPORTED,
         "asm: not implemented: inline assembly without an assembler");
  end_unit(&u);

  u = begin_unit(true);
  kiln_llvm_asm_desc unwinds = fine;
  unwinds.flags = KILN_LLVM_ASM_UNWIND;
  f = begin_function(&u, "frozen", 0);
  assert_int_equal(kiln_module_freeze(u.m), KILN_OK);
  assert_int_equal(kiln_llvm_builder_build_asm(u.b, f, &unwinds, NULL, NULL), KILN_ERR_UNSUPPORTED);
  kiln_func_discard(f);
  assert_int_equal(kiln_llvm_builder_add_assembly(u.b, u.s, "nop\n"), KILN_ERR_STRUCTURE);
  end_unit(&u);
}

/* The programs that the options name, and no others, assemble. */
static void assembler_of_options(void **state) {
  (void)state;
  static const char none[] = "/nowhere/as";
  kiln_as *as =
    kiln_as_new(&(kiln_as_options){.assembler = none, .clang = none, .no_environment = true});
  assert_non_null(as);
  const kiln_target x64 = {.processor = KILN_PROCESSOR_X86_64, .system = KILN_SYSTEM_LINUX};
  kiln_assembly text = {.text = "nop\n", .text_bytes = 4};
  assert_int_equal(kiln_as_assemble(as, &x64, &text, 1), KILN_OK);
  assert_non_null(text.error);
  kiln_as_free(as);
  assert_null(kiln_as_new(&(kiln_as_options){.reserved = {1}}));
  assert_int_equal(kiln_as_assemble(NULL, &x64, &text, 1), KILN_ERR_UNSUPPORTED);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(as_clang),  cmocka_unit_test(labels),
    cmocka_unit_test(unwinding), cmocka_unit_test(module_assembly),
    cmocka_unit_test(refusals),  cmocka_unit_test(assembler_of_options),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
