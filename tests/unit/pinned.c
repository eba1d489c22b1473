/* The register that a module pins: which ones can be, what is refused, and that compiled code never uses one for
 * anything else. tests/kir/pinned.kir runs such code. */
#include "unit.h"

#include "lib/codegen/plan.h"

#include <kiln/text.h>

struct program {
  kiln_module *m;
  kiln_session *s;
  kiln_diag diag; /* the first */
  uint64_t saved; /* registers that any function's prologue saves */
  uint64_t homes;
};

static void on_diag(void *user, const kiln_diag *d) {
  struct program *p = user;
  if (p->diag.status == KILN_OK) p->diag = *d;
}

static void begin(struct program *p, kiln_processor processor) {
  *p = (struct program){0};
  kiln_module_options options = {
    .target.processor = processor, .on_diag = on_diag, .on_diag_user = p, .verify = true};
  p->m = kiln_module_new(&options);
  p->s = kiln_session_new(p->m);
  assert_non_null(p->s);
}

static kiln_status pin(struct program *p, const char *reg) {
  kiln_module_attrs attrs = kiln_module_get_attrs(p->m);
  attrs.pinned = reg;
  return kiln_module_set_attrs(p->m, &attrs);
}

static kiln_status sink(void *user, kiln_func *f) {
  struct program *p = user;
  kiln_status status = kiln_func_compile(f);
  if (status != KILN_OK) return status;
  p->saved |= p->s->plan->frame.saved;
  for (uint32_t k = 0; k < p->s->plan->n_layout; k++) p->homes |= p->s->plan->occupied[k];
  return status;
}

static kiln_status read(struct program *p, const char *text) {
  return kiln_text_read(p->s, text, strlen(text), sink, p);
}

static void end(struct program *p) {
  kiln_session_free(p->s);
  kiln_module_free(p->m);
}

static const char *const can[][10] = {[KILN_PROCESSOR_X86_64] = {"rbx", "r12", "r13", "r14", "r15"},
                                      [KILN_PROCESSOR_AARCH64] = {"x19", "x20", "x21", "x22", "x23",
                                                                  "x24", "x25", "x26", "x27",
                                                                  "x28"}};

/* Each register that C code preserves can be pinned, and that is what the attributes say. */
CASE(each_register) {
  for (unsigned t = KILN_PROCESSOR_X86_64; t < KILN_PROCESSOR_COUNT; t++)
    for (unsigned k = 0; k < 10 && can[t][k] != NULL; k++) {
      struct program p;
      begin(&p, (kiln_processor)t);
      assert_int_equal(pin(&p, can[t][k]), KILN_OK);
      assert_string_equal(kiln_module_get_attrs(p.m).pinned, can[t][k]);
      assert_int_equal(pin(&p, NULL), KILN_OK);
      assert_null(kiln_module_get_attrs(p.m).pinned);
      end(&p);
    }
}

CASE(no_other_register) {
  static const struct {
    kiln_processor processor;
    const char *reg, *message;
  } rows[] = {
    {KILN_PROCESSOR_X86_64, "rax",
     "'rax' cannot be pinned on x86_64, but these can: rbx r12 r13 r14 r15"},
    {KILN_PROCESSOR_X86_64, "rbp", "'rbp' cannot be pinned"},
    {KILN_PROCESSOR_X86_64, "rsp", "'rsp' cannot be pinned"},
    {KILN_PROCESSOR_X86_64, "x28", "'x28' cannot be pinned"},
    {KILN_PROCESSOR_X86_64, "", "'' cannot be pinned"},
    {KILN_PROCESSOR_AARCH64, "x18", "'x18' cannot be pinned on aarch64"},
    {KILN_PROCESSOR_AARCH64, "x29", "these can: x19 x20 x21 x22 x23 x24 x25 x26 x27 x28"},
    {KILN_PROCESSOR_AARCH64, "v8", "'v8' cannot be pinned"},
    {KILN_PROCESSOR_AARCH64, "rbx", "'rbx' cannot be pinned"},
  };
  for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
    struct program p;
    begin(&p, rows[k].processor);
    assert_int_equal(pin(&p, rows[k].reg), KILN_ERR_UNSUPPORTED);
    if (strstr(p.diag.message, rows[k].message) == NULL)
      fail_msg("'%s' is not in: %s", rows[k].message, p.diag.message);
    end(&p);
  }
}

/* A loop whose many values live over calls, so that every register that calls preserve is a home but the pinned one. */
static size_t pressure(char *text, size_t room, const char *reg) {
  size_t n = (size_t)snprintf(
    text, room, "pinned %s\ndeclare @g()\nfunc @f(i64) -> i64 {\nb0(%%0: i64):\n", reg);
  for (unsigned k = 1; k < 40; k++)
    n += (size_t)snprintf(text + n, room - n, "  %%%u = add.i64 %%%u, %u\n", k, k - 1, k);
  n += (size_t)snprintf(text + n, room - n, "  br b1\nb1:\n  call @g()\n  %%s1 = get_pinned\n");
  for (unsigned k = 1; k < 40; k++)
    n += (size_t)snprintf(text + n, room - n,
                          "  %%t%u = mul.i64 %%s%u, %%%u\n  %%s%u = add.i64 %%t%u, %%%u\n", k, k, k,
                          k + 1, k, k);
  return n + (size_t)snprintf(text + n, room - n,
                              "  set_pinned %%s40\n  %%c = icmp.i64 slt %%s40, 9\n"
                              "  brif %%c, b1, b2\nb2:\n  ret %%s40\n}\n");
}

CASE(never_a_home) {
  char text[8192];
  for (unsigned t = KILN_PROCESSOR_X86_64; t < KILN_PROCESSOR_COUNT; t++) {
    uint64_t all = 0, pinnable = 0;
    for (unsigned k = 0; k < 10 && can[t][k] != NULL; k++) {
      struct program p;
      unsigned reg;
      assert_true(kiln_register_find((kiln_processor)t, can[t][k], &reg));
      begin(&p, (kiln_processor)t);
      pressure(text, sizeof text, can[t][k]);
      assert_int_equal(read(&p, text), KILN_OK);
      assert_int_equal((p.homes | p.saved) >> reg & 1, 0);
      all |= p.homes;
      pinnable |= UINT64_C(1) << reg;
      end(&p);
    }
    assert_int_equal(all & pinnable, pinnable); /* each one is a home where another one is pinned */
  }
}

/* The prologue of a function that C calls saves it. */
CASE(keeps_it) {
  struct program p;
  begin(&p, KILN_PROCESSOR_X86_64);
  assert_int_equal(
    read(&p,
         "pinned r14\nfunc @f(i64) {\n  !keeps_pinned\nb0(%a: i64):\n  set_pinned %a\n  ret\n}\n"),
    KILN_OK);
  assert_int_equal(p.saved, UINT64_C(1) << 14);
  end(&p);
}

CASE(refused) {
  static const struct {
    kiln_processor processor;
    const char *text, *message;
  } rows[] = {
    {KILN_PROCESSOR_X86_64, "func @f() -> i64 {\nb0:\n  %p = get_pinned\n  ret %p\n}\n",
     "get_pinned: the module pins no register"},
    {KILN_PROCESSOR_AARCH64, "func @f(i64) {\nb0(%a: i64):\n  set_pinned %a\n  ret\n}\n",
     "set_pinned: the module pins no register"},
    {KILN_PROCESSOR_X86_64, "func @f() {\n  !keeps_pinned\nb0:\n  ret\n}\n",
     "the module pins no register"},
    {KILN_PROCESSOR_X86_64,
     "pinned rbx\nfunc @f() {\n  !naked\n  !keeps_pinned\nb0:\n  unreachable\n}\n",
     "'keeps_pinned' of a naked function"},
    {KILN_PROCESSOR_X86_64,
     "pinned rbx\nfunc @f() {\nb0:\n  asm \"\\90\" as () lost rbx\n  ret\n}\n",
     "asm: machine code changes the register that the module pins"},
    {KILN_PROCESSOR_X86_64,
     "pinned r12\nfunc @f(i64) {\nb0(%a: i64):\n  asm \"\\90\" as (i64) in r12 with %a\n  ret\n}\n",
     "or has an operand there"},
    {KILN_PROCESSOR_X86_64,
     "pinned r12\nfunc @f() -> i64 {\nb0:\n  %a = asm \"\\90\" as () -> i64 out r12\n  ret %a\n}\n",
     "or has an operand there"},
    {KILN_PROCESSOR_AARCH64,
     "pinned x28\nfunc @f() {\nb0:\n  asm \"\\1f\\20\\03\\d5\" as () lost x28\n  ret\n}\n",
     "changes the register that the module pins"},
    {KILN_PROCESSOR_X86_64, "pinned r14\nfunc @f() preserve_none {\nb0:\n  ret\n}\n",
     "preserve_none, or sysv on Windows, in a module that pins the register r14"},
    {KILN_PROCESSOR_AARCH64,
     "pinned x20\ndeclare @g() preserve_none\nfunc @f() {\nb0:\n  call @g()\n  ret\n}\n",
     "preserve_none, or sysv on Windows, in a module that pins the register x20"},
    {KILN_PROCESSOR_X86_64, "pinned 5\n", "a register of the target"},
  };
  for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
    struct program p;
    begin(&p, rows[k].processor);
    assert_int_not_equal(read(&p, rows[k].text), KILN_OK);
    if (strstr(p.diag.message, rows[k].message) == NULL)
      fail_msg("row %zu: '%s' is not in: %s", k, rows[k].message, p.diag.message);
    end(&p);
  }
}

/* Functions that were begun may use the register. */
CASE(too_late) {
  struct program p;
  begin(&p, KILN_PROCESSOR_X86_64);
  assert_int_equal(read(&p, "func @f() {\nb0:\n  ret\n}\n"), KILN_OK);
  assert_int_equal(pin(&p, NULL), KILN_OK);
  assert_int_equal(pin(&p, "r14"), KILN_ERR_STRUCTURE);
  assert_non_null(strstr(p.diag.message, "a function was begun before 'pinned' was set"));
  end(&p);
}

/* The text form says both attributes again. */
CASE(printed) {
  struct program p;
  kiln_buffer out = {0};
  begin(&p, KILN_PROCESSOR_AARCH64);
  assert_int_equal(pin(&p, "x27"), KILN_OK);
  assert_int_equal(kiln_module_print(p.m, &out), KILN_OK);
  assert_non_null(strstr((const char *)out.data, "pinned x27\n"));
  kiln_buffer_free(&out);
  end(&p);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(each_register), cmocka_unit_test(no_other_register),
    cmocka_unit_test(never_a_home),  cmocka_unit_test(keeps_it),
    cmocka_unit_test(refused),       cmocka_unit_test(too_late),
    cmocka_unit_test(printed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
