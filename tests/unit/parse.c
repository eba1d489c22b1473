/* Text parser and printer: errors with their exact place, spellings that mean the same, and functions
 * that only the builder makes (blocks left and resumed, late parameters), printed and read back. */
#include "build_fixture.h"
#include "failing.h"
#include "ir/text/text_form.h"

#include <kiln/kiln.h>

/* ---- errors ---- */

struct error_row {
  const char *text;
  unsigned line, column;
  kiln_status status;
  const char *message; /* a part of it */
};

#define SYNTAX KILN_ERR_SYNTAX
#define STRUCTURE KILN_ERR_STRUCTURE
#define LIMIT KILN_ERR_LIMIT
#define SYMBOL KILN_ERR_SYMBOL
#define TYPE KILN_ERR_TYPE
/* A try of @g, which gives an i32: the rest of its line, from column 12 of line 5. */
#define T(rest)                                                                                    \
  "declare @p()\ndeclare @g() -> i32\nfunc @f() personality @p {\nb0:\n  try @g() " rest           \
  "\nb1:\n  ret\nb2:\n  ret\nb3(v1: i64):\n  ret\n}\n"
#define F(body) "func @f() {\n" body "}\n"

static const struct error_row error_rows[] = {
  /* module level */
  {"foo", 1, 1, SYNTAX, "expected func, declare"},
  {"\n\n  7", 3, 3, SYNTAX, "found '7'"},
  {"target z80", 1, 8, KILN_ERR_UNSUPPORTED, "unknown target 'z80'"},
  {"target aarch64", 1, 8, KILN_ERR_ARGUMENT, "the text is for aarch64"},
  {"target x86_64 x", 1, 15, SYNTAX, "end of the line"},
  {"declare f()", 1, 9, SYNTAX, "expected a symbol, found 'f'"},
  {"declare @f(i33)", 1, 12, SYNTAX, "expected a type, found 'i33'"},
  {"declare @f(i32", 1, 15, SYNTAX, "expected ',', found the end of the text"},
  {"declare @f(i32 byval(1, 3))", 1, 25, SYNTAX, "a power of two"},
  {"declare @f() -> ", 1, 17, SYNTAX, "expected a type"},
  {"declare @f() -> i8, i8, i8, i8, i8, i8, i8, i8, i8", 1, 49, LIMIT, "more than 8 results"},
  {"declare @f()\ndeclare @f(i32)", 2, 9, SYMBOL, "declared as something else"},
  {"declare @f()\ndata @f {}", 2, 6, SYMBOL, "declared as something else"},
  {"func @f() {\nb0:\n ret\n}\nfunc @f() {\nb0:\n ret\n}", 5, 6, SYMBOL, "defined twice"},
  {"func @f() {\nb0:\n  ret\n", 1, 11, SYNTAX, "'{' without a matching '}'"},
  {"func @f()\n{\n}", 1, 10, SYNTAX, "expected '{', found the end of the line"},
  {"data @x {}\ndata @x {}", 2, 6, SYMBOL, "defined twice"},
  {"data @x {\n  i8 256\n}", 2, 6, LIMIT, "does not fit in i8"},
  {"data @x { i8 -129 }", 1, 15, LIMIT, "does not fit in i8"},
  {"data @x { 5 }", 1, 11, SYNTAX, "expected a string, a type"},
  {"data @x { addr @y }", 1, 16, SYMBOL, "@y is not declared"},
  {"data @x { \"abc }", 1, 11, SYNTAX, "without its closing quote"},
  {"data @x { \"a\\q\" }", 1, 11, SYNTAX, "an escape is"},
  {"data @x align 3 {}", 1, 15, SYNTAX, "a power of two"},
  {"data @x { i64 0x1ffffffffffffffff }", 1, 15, LIMIT, "does not fit in i64"},
  {"data @x { i128 0x1ffffffffffffffffffffffffffffffff }", 1, 16, SYNTAX, "128 bits"},
  {"data @\"\" {}", 1, 6, SYNTAX, "an empty name"},
  {"data tls(xx) @x {}", 1, 10, SYNTAX, "expected gd, ld, ie or le"},
  {"extern @x", 1, 8, SYNTAX, "expected 'data'"},
  {"alias @a = @b\nalias @b = @a", 1, 12, SYMBOL, "an alias of itself"},
  {"alias @a = @c", 1, 12, SYMBOL, "@c is not declared"},
  {"ctor @f 5", 1, 6, SYMBOL, "@f is not declared"},
  {"declare @f()\nctor @f 70000", 2, 9, SYNTAX, "at most 65535"},
  {"declare @f()\nctor @f 7 with @g", 2, 16, SYMBOL, "@g is not declared"},
  {"data @x { addr @f:b1 }\n" F("b0:\n  ret\n"), 1, 19, STRUCTURE, "no block 'b1'"},
  {"declare @f()\ndata @x { addr @f:loop }", 2, 19, SYNTAX, "must be named by its number"},
  {"data @x { \x01 }", 1, 11, SYNTAX, "has no meaning"},
  {"data @x { 12abc }", 1, 11, SYNTAX, "letters after a number"},
  /* function level */
  {F(""), 2, 1, SYNTAX, "a function without blocks"},
  {F("  ret\n"), 2, 3, SYNTAX, "before the first block"},
  {F("b0:\n  foo\n"), 3, 3, SYNTAX, "unknown operation 'foo'"},
  {F("b0:\n  param.i32\n"), 3, 3, SYNTAX, "unknown operation 'param'"},
  {F("b0:\n  v0 = add 1, 2\n"), 3, 8, SYNTAX, "'add' needs a type"},
  {F("b0:\n  v0 = add.i33 1, 2\n"), 3, 8, SYNTAX, "unknown type"},
  {F("b0:\n  v0 = add.f64 1, 2\n"), 3, 8, TYPE, "add does not take type f64"},
  {F("b0:\n  ret.i32\n"), 3, 3, SYNTAX, "'ret' takes no type"},
  {F("b0:\n  v0 = add.i32 1 2\n"), 3, 18, SYNTAX, "expected ',', found '2'"},
  {F("b0:\n  v0 = add.i32 1,\n"), 3, 18, SYNTAX, "expected an operand, found the end of the line"},
  {F("b0:\n  v0 = add.i32 1, 2 3\n"), 3, 21, SYNTAX, "expected the end of the line"},
  {F("b0:\n  x = add.i32 1, 2\n"), 3, 3, SYNTAX, "a value's name is v and digits"},
  {F("b0:\n  v0 = ret\n"), 3, 3, SYNTAX, "gives no value"},
  {F("b0:\n  v0 = copy.i32 1\n  v0 = copy.i32 2\n  ret\n"), 4, 3, STRUCTURE, "v0 is defined twice"},
  {F("b0:\n  %a = copy.i32 1\n  %a = copy.i32 2\n"), 4, 3, STRUCTURE, "%a is defined twice"},
  {F("b0:\n  v1 = add.i32 %a, 1\n  ret\n"), 3, 16, STRUCTURE, "%a is not defined"},
  {F("b0:\n  v1 = add.i32 %b, %a\n  ret\n"), 3, 16, STRUCTURE, "%b is not defined"},
  {F("b0:\n  br b2\nb1:\n  v1 = copy.i64 1\n  br b3\nb2:\n  v2 = add.i32 v3, 1\n  br b1\nb3:\n"
     "  v3 = copy.i64 v1\n  ret\n"),
   11, 3, TYPE, "v3 is i64, but used as i32 in line 8"},
  {F("b0:\n  br b1\n"), 3, 6, STRUCTURE, "no block 'b1'"},
  {F("b0:\n  br b1\nb1:\n  ret\nb1:\n  ret\n"), 6, 1, STRUCTURE, "'b1' is defined twice"},
  {F("b0(v0: i32):\n  ret\n"), 2, 1, TYPE, "differ from the signature's"},
  {F("b0:\n  br b1\nb1(v0):\n  ret\n"), 4, 6, SYNTAX, "expected ':'"},
  {F("b0:\n  br b1(1)\nb1(x: i32):\n  ret\n"), 4, 4, SYNTAX, "a value's name is"},
  {F("b0:\n  v0 = copy.i32 1\nb1:\n  ret\n"), 4, 1, STRUCTURE, "no terminator"},
  {F("b0:\n  v0 = copy.i32 1\n"), 4, 1, STRUCTURE, "no terminator"},
  {F("b0:\n  ret\n  ret\n"), 4, 3, STRUCTURE, "terminator"},
  {F("b0:\n  v0 = load.i32 5+99999999999\n"), 3, 19, SYNTAX, "at most 4294967295"},
  {F("b0:\n  v0 = load.i32 5+4294967295\n"), 3, 19, LIMIT, "more than 32 bits"},
  {F("b0:\n  v0 = load.i32 5 align 0\n"), 3, 25, SYNTAX, "a power of two"},
  {F("b0:\n  v0 = load.i32 sext i64 5\n"), 3, 8, TYPE, "narrower than its result"},
  {F("b0:\n  v0 = icmp.i32 lt 1, 2\n"), 3, 17, SYNTAX, "expected an integer condition"},
  {F("b0:\n  v0 = addr 1 + v9\n"), 3, 19, SYNTAX, "expected '*'"},
  {F("b0:\n  fence quick\n"), 3, 9, SYNTAX, "expected relaxed, acquire"},
  {F("b0:\n  v0 = call 5(1)\n"), 3, 17, SYNTAX, "expected 'as' and a signature"},
  {F("b0:\n  v0 = call @g(1)\n"), 3, 13, SYMBOL, "@g is not declared"},
  {F("b0:\n  call @f(1\n"), 3, 12, SYNTAX, "expected ')'"},
  {F("b0:\n  call @f(%x) as (...)\n"), 3, 11, SYNTAX, "the type of a value that is defined later"},
  {F("b0:\n  v0 = copy.i32 0x1ffffffff1ffffffff\n"), 3, 17, LIMIT, "more than 64 bits"},
  {F("b0:\n  v0 = copy.i32 i8 256\n"), 3, 20, LIMIT, "does not fit in i8"},
  {F("b0:\n  v0 = copy.i64 1.5\n"), 3, 17, SYNTAX, "neither f32 nor f64 is expected"},
  {F("b0:\n  v0 = copy.f80 f80 1\n"), 3, 21, SYNTAX, "neither f32 nor f64 is expected"},
  {F("b0:\n  v0 = copy.f64 f64 -0x1\n"), 3, 22, SYNTAX, "the bits of a float have no sign"},
  {F("b0:\n  v0 = fadd.f64 1, f64 2.0\n"), 3, 8, TYPE, "operand of type f64"},
  {F("b0:\n  v0 = zext.i64 i64 1\n"), 3, 8, TYPE, "zext does not take type i64"},
  {F("b0:\n  v0 = copy.i32 1\n  v1 = result 1 of v0\n"), 4, 8, KILN_ERR_ARGUMENT, "no such result"},
  {F("b0:\n  switch.i32 1, b1(2) [3: b1(4)]\nb1(v0: i32):\n  ret\n"), 3, 27, SYNTAX,
   "have the same arguments"},
  {F("b0:\n  switch 1, b0 []\n"), 3, 3, SYNTAX, "'switch' needs a type"},
  {F("b0:\n  brif 1, b1\nb1:\n  ret\n"), 3, 13, SYNTAX, "expected ','"},
  {F("b0:\n  br b1(result 0)\nb1(v0: i32):\n  ret\n"), 3, 9, SYNTAX, "an edge that is not a try's"},
  {T("to b1 unwind b2 []"), 5, 3, KILN_ERR_ARGUMENT, "a try without a clause"},
  {T("b1 unwind b2 []"), 5, 12, SYNTAX, "expected 'to'"},
  {T("to b1 b2 []"), 5, 18, SYNTAX, "expected 'unwind'"},
  {T("to b1 unwind b2"), 5, 27, SYNTAX, "expected '['"},
  {T("to b1 unwind b2 [cleanup, catch all]"), 5, 3, KILN_ERR_ARGUMENT, "a try's last clause"},
  {T("to b1 unwind b2 [catch @x]"), 5, 35, SYMBOL, "@x is not declared"},
  {T("to b1 unwind b2 [filter(]"), 5, 36, SYNTAX, "a type's symbol or all"},
  {T("to b1 unwind b2 [finally]"), 5, 29, SYNTAX, "expected catch, filter or cleanup"},
  {T("to b3(exception 0) unwind b2 [cleanup]"), 5, 3, STRUCTURE, "an exception on the normal edge"},
  {T("to b1 unwind b3(result 0) [cleanup]"), 5, 3, STRUCTURE, "a result on the unwind edge"},
  {T("to b3(result 1) unwind b2 [cleanup]"), 5, 3, KILN_ERR_ARGUMENT, "no such result"},
  {T("to b1 unwind b3(exception 2) [cleanup]"), 5, 3, KILN_ERR_ARGUMENT, "0 (the exception) or 1"},
  {T("to b1 unwind b3(exception 1) [cleanup]"), 5, 3, TYPE, "is not of type i64"},
  {T("to b1 unwind b0 [cleanup]"), 5, 3, KILN_ERR_ARGUMENT, "the entry block"},
  {F("b0:\n  try @f() to b1 unwind b1 [cleanup]\nb1:\n  ret\n"), 3, 3, STRUCTURE,
   "without a personality"},
  {"func @f() personality @g {\nb0:\n  ret\n}", 1, 23, SYMBOL, "@g is not declared"},
  {F("b0:\n  v0 = slot 5 align 6\n"), 3, 21, SYNTAX, "a power of two"},
  {F("b0:\n  !loc 5\n"), 3, 8, SYNTAX, "a file's name in quotes"},
  {F("b0:\n  v0 = copy.f64 f64 -0x1\n"), 3, 22, SYNTAX, "have no sign"},
  {F("b0:\n  life_start v0\n  ret\n"), 3, 3, KILN_ERR_ARGUMENT, "must be a stack slot"},
};

static void test_errors(void **state) {
  for (size_t i = 0; i < sizeof error_rows / sizeof *error_rows; i++) {
    const struct error_row *r = &error_rows[i];
    struct fixture one = {0};
    kiln_module_options o = {.target.processor = KILN_PROCESSOR_X86_64,
                             .name = "t",
                             .on_diag = on_diag,
                             .on_diag_user = &one};
    kiln_module *m = kiln_module_new(&o);
    kiln_session *s = kiln_session_new(m);
    kiln_status status = kiln_text_read(s, r->text, strlen(r->text), NULL, NULL);
    const kiln_diag *d = &one.diag;
    if (status != r->status || one.diags != 1 || d->line != r->line || d->column != r->column ||
        !strstr(d->message, r->message)) {
      print_message("%s\nwanted %s at %u:%u: %s\n   got %s at %u:%u: %s (%u diagnostics)\n",
                    r->text, kiln_status_name(r->status), r->line, r->column, r->message,
                    kiln_status_name(status), d->line, d->column, d->message, one.diags);
      fail();
    }
    kiln_session_free(s);
    kiln_module_free(m);
  }
  (void)state;
}

/* ---- printing ---- */

static kiln_status print_sink(void *user, kiln_func *f) {
  kiln_status status = kiln_func_print(f, user);
  kiln_func_discard(f);
  return status;
}

/* `text` parsed, printed after `prefix`, as a string. */
static void reprint(const char *text, size_t size, kiln_buffer *out) {
  kiln_buffer funcs = {0};
  kiln_module *m =
    kiln_module_new(&(kiln_module_options){.target.processor = KILN_PROCESSOR_X86_64, .name = "t"});
  kiln_session *s = kiln_session_new(m);
  kiln_status status = kiln_text_read(s, text, size, print_sink, &funcs);
  if (status != KILN_OK) print_message("%.*s", (int)size, text);
  assert_int_equal(status, KILN_OK);
  assert_int_equal(kiln_module_print(m, out), KILN_OK);
  kiln_buffer_append(out, funcs.data, funcs.size);
  kiln_buffer_free(&funcs);
  kiln_session_free(s);
  kiln_module_free(m);
}

static void expect_print(const char *text, const char *want) {
  kiln_buffer out = {0}, again = {0};
  reprint(text, strlen(text), &out);
  kiln_buffer_append(&out, "", 1);
  assert_string_equal((char *)out.data, want);
  reprint((char *)out.data, out.size - 1, &again);
  kiln_buffer_append(&again, "", 1);
  assert_string_equal((char *)again.data, want);
  kiln_buffer_free(&out);
  kiln_buffer_free(&again);
}

CASE(test_print_names) {
  expect_print("func @f(i64, i64) -> i64 {\n"
               "start(%x: i64, v7: i64):\r\n"
               " %\"long name\" = add.i64 %x, v7 ; comment\n"
               " br other(%\"long name\")\n"
               "other(%y: i64): \n\n ret %y}\n",
               "target x86_64\n"
               "func @f(i64, i64) -> i64 {\n"
               "b0(v0: i64, v1: i64):\n"
               "  v2 = add.i64 v0, v1\n"
               "  br b1(v2)\n"
               "b1(v4: i64):\n"
               "  ret v4\n"
               "}\n");
}

CASE(test_print_constants) {
  expect_print("func @f() {\nb0:\n"
               "  v0 = copy.i64 0xffffffffffffffff\n"
               "  v1 = copy.i64 9223372036854775807\n"
               "  v2 = copy.i128 0xffffffffffffffff\n"
               "  v3 = copy.i128 -0x80000000000000000000000000000000\n"
               "  v4 = copy.f64 1e3\n"
               "  v5 = copy.f64 0.1\n"
               "  v6 = copy.f32 0.1\n"
               "  v7 = copy.f64 -inf\n"
               "  v8 = copy.f64 nan\n"
               "  v9 = copy.f32 -0.0\n"
               "  v10 = copy.f64 123456789.0625\n"
               "  v11 = copy.f64 4.9e-324\n"
               "  v12 = copy.f80 f80 0x3fff8000000000000000\n"
               "  v13 = copy.i32 i32 0xfffffff0\n"
               "  v14 = copy.i128 -5\n"
               "  ret\n}\n",
               "target x86_64\n"
               "func @f() {\nb0:\n"
               "  v0 = copy.i64 -1\n"
               "  v1 = copy.i64 9223372036854775807\n"
               "  v2 = copy.i128 i128 0xffffffffffffffff\n"
               "  v3 = copy.i128 i128 0x80000000000000000000000000000000\n"
               "  v4 = copy.f64 f64 1000.0\n"
               "  v5 = copy.f64 f64 0.1\n"
               "  v6 = copy.f32 f32 0x3dcccccd\n"
               "  v7 = copy.f64 f64 0xfff0000000000000\n"
               "  v8 = copy.f64 f64 0x7ff8000000000000\n"
               "  v9 = copy.f32 f32 -0.0\n"
               "  v10 = copy.f64 f64 123456789.0625\n"
               "  v11 = copy.f64 f64 0x1\n"
               "  v12 = copy.f80 f80 0x3fff8000000000000000\n"
               "  v13 = copy.i32 -16\n"
               "  v14 = copy.i128 -5\n"
               "  ret\n}\n");
}

CASE(test_print_try) {
  expect_print("func @f(i64) -> i64 personality @p {\n"
               "b0(v0: i64):\n"
               "  try @g(v0) to b1(result 1, v0, result 0) unwind b2(exception 0, exception 1) [\n"
               "    catch @y, filter(), filter(@x, all),\n catch all,\n cleanup ]\n"
               "b1(v1: i32, v2: i64, v3: i64):\n"
               "  try v3(v2, f64 1.0) as (i64, ...) nounwind to b3 unwind b3 [cleanup]\n"
               "b3:\n  ret typeid all\n"
               "b2(v5: i64, v6: i32):\n"
               "  v7 = icmp.i32 eq v6, typeid @x\n"
               "  brif v7, b3, b4\nb4:\n  resume v5\n}\n"
               "declare @p(...) -> i32\n"
               "declare @g(i64) -> i64, i32 noreturn nounwind\n"
               "extern data @x\n"
               "extern data @y\n",
               "target x86_64\n"
               "declare @p(...) -> i32\n"
               "declare @g(i64) -> i64, i32 noreturn nounwind\n"
               "extern data @x\n"
               "extern data @y\n"
               "func @f(i64) -> i64 personality @p {\n"
               "b0(v0: i64):\n"
               "  try @g(v0) to b1(result 1, v0, result 0) unwind b2(exception 0, exception 1) "
               "[catch @y, filter(), filter(@x, all), catch all, cleanup]\n"
               "b1(v2: i32, v3: i64, v4: i64):\n"
               "  try v4(v3, f64 1.0) as (i64, ...) nounwind to b3 unwind b3 [cleanup]\n"
               "b3:\n"
               "  ret typeid all\n"
               "b2(v7: i64, v8: i32):\n"
               "  v9 = icmp.i32 eq v8, typeid @x\n"
               "  brif v9, b3, b4\n"
               "b4:\n"
               "  resume v7\n"
               "}\n");
}

CASE(test_print_module) {
  expect_print(
    "alias @y = @x+4\n"
    "data weak hidden @x section \".s\" align 8 readonly used {\n"
    "  i32 1, 2, 0x7fffffff\n  \"a\\00\\22\", zero 3\n\n"
    "  rel32 @x-4, addr @f+1, addr @g:second }\n"
    "ctor @f 1\ndtor @f 2 with @y\n"
    "data common @c align 16 { zero 32 }\n"
    "data @empty with @f {}\n"
    "data private @.5 { zero 10, i8 1 }\n"
    "extern data tls(ie) @t\n"
    "declare weak @f() noreturn returns_twice\n"
    "func linkonce protected dso_local @g(i64 sret, i8 sext, i64 byval(20, 16), ...) -> i64, f32"
    " align 64 comdat \"c\" {\n  !used\nfirst(v0: i64, v1: i8, v2: i64):\n  br second\nsecond:\n"
    "  ret v0, f32 1.0\n}\n",
    "target x86_64\n"
    "data weak hidden @x align 8 readonly used section \".s\" {\n"
    "  \"\\01\\00\\00\\00\\02\\00\\00\\00\\ff\\ff\\ff\\7fa\\00\\\"\\00\\00\\00\"\n"
    "  rel32 @x-4\n"
    "  addr @f+1\n"
    "  addr @g:b1\n"
    "}\n"
    "data common @c align 16 {\n"
    "  zero 32\n"
    "}\n"
    "data @empty with @f {\n"
    "}\n"
    "data private @.5 {\n"
    "  zero 10\n"
    "  \"\\01\"\n"
    "}\n"
    "extern data tls(ie) @t\n"
    "declare weak @f() noreturn returns_twice\n"
    "alias @y = @x+4\n"
    "ctor @f 1\n"
    "dtor @f 2 with @y\n"
    "func linkonce protected dso_local @g(i64 sret, i8 sext, i64 byval(20, 16), ...) -> i64, f32"
    " comdat \"c\" align 64 {\n"
    "  !used\n"
    "b0(v0: i64, v1: i8, v2: i64):\n"
    "  br b1\n"
    "b1:\n"
    "  ret v0, f32 1.0\n"
    "}\n");
}

/* Symbols without a name are printed by number, distinct from all other symbols. */
static void test_print_unnamed(void **state) {
  struct fixture *t = *state;
  kiln_symbol_desc d = {.linkage = KILN_LINKAGE_PRIVATE};
  kiln_symbol s = kiln_data_declare(t->m, &d);
  char name[20], want[100];
  snprintf(name, sizeof name, ".%u", s.id + 1);
  kiln_data_declare(t->m, &(kiln_symbol_desc){.name = name});
  kiln_symbol last = kiln_data_declare(t->m, &d);
  assert_int_equal(last.id, s.id + 2);
  kiln_symbol again_ = kiln_data_declare(t->m, &d);
  snprintf(name, sizeof name, ".%u", again_.id);
  kiln_data_declare(t->m, &(kiln_symbol_desc){.name = name});
  kiln_buffer out = {0};
  assert_int_equal(kiln_module_print(t->m, &out), KILN_OK);
  kiln_buffer_append(&out, "", 1);
  snprintf(want, sizeof want, "extern data private @.%u\n", last.id);
  assert_non_null(strstr((char *)out.data, want));
  snprintf(want, sizeof want, "extern data private @..%u\n", again_.id);
  assert_non_null(strstr((char *)out.data, want));
  kiln_buffer_free(&out);
}

/* Blocks left and resumed, parameters added between, arguments given late, locations. */
static void test_print_built(void **state) {
  struct fixture *t = *state;
  kiln_func *f = t->f;
  kiln_value p0 = kiln_func_param(f, 0), p1 = kiln_func_param(f, 1);
  kiln_block a = kiln_block_new(f), unused = kiln_block_new(f), b = kiln_block_new(f);
  (void)unused;
  kiln_value wide = kiln_build_binary(f, KILN_OP_ADD, I64, p0, kiln_const_int(f, 1));
  kiln_func_set_loc(f, kiln_loc_new(t->s, kiln_file_new(t->s, "a\"b.c"), 3, 4));
  kiln_block_switch(f, b);
  kiln_value x = kiln_block_add_param(f, b, I32);
  kiln_value y = kiln_build_binary(f, KILN_OP_MUL, I32, x, p1);
  kiln_block_switch(f, kiln_block_current(f));
  kiln_block_switch(f, a);
  kiln_value q0 = kiln_block_add_param(f, a, I64);
  kiln_block_switch(f, b);
  kiln_value q1 = kiln_block_add_param(f, a, I32); /* between b's instructions */
  kiln_value z = kiln_build_binary(f, KILN_OP_SUB, I32, y, x);
  kiln_build_ret(f, &z, 1);
  kiln_block_switch(f, a);
  kiln_func_set_loc(f, 0);
  kiln_build_br(f, b, &q1, 1);
  kiln_block_switch(f, (kiln_block){0});
  kiln_build_br(f, a, NULL, 0);
  kiln_edge_set_arg(f, (kiln_block){0}, a, 1, p1);
  kiln_edge_set_arg(f, (kiln_block){0}, a, 0, wide);
  (void)q0;
  assert_int_equal(kiln_func_finish(f), KILN_OK);
  assert_int_equal(kiln_func_verify(f), KILN_OK);
  kiln_buffer out = {0};
  assert_int_equal(kiln_func_print(f, &out), KILN_OK);
  kiln_buffer_append(&out, "", 1);
  assert_string_equal((char *)out.data, "func @f(i64, i32) -> i32 {\n"
                                        "b0(v0: i64, v1: i32):\n"
                                        "  v2 = add.i64 v0, 1\n"
                                        "  br b1(v2, v1)\n"
                                        "b3(v4: i32):\n"
                                        "  !loc \"a\\\"b.c\" 3:4\n"
                                        "  v5 = mul.i32 v4, v1\n"
                                        "  v6 = sub.i32 v5, v4\n"
                                        "  ret v6\n"
                                        "b1(v8: i64, v9: i32):\n"
                                        "  !loc none\n"
                                        "  br b3(v9)\n"
                                        "}\n");
  char whole[1000];
  snprintf(whole, sizeof whole, "target x86_64\n%s", (char *)out.data);
  expect_print(whole, whole);
  kiln_buffer_free(&out);
}

/* Diagnostics count instructions as the text does. */
static void test_numbers(void **state) {
  struct fixture *t = *state;
  kiln_func *f = t->f;
  kiln_block a = kiln_block_new(f);
  kiln_build_fence(f, KILN_ORDERING_SEQ_CST);
  kiln_value x = kiln_block_add_param(f, a, I64);
  kiln_value y = kiln_build_binary(f, KILN_OP_ADD, I64, kiln_func_param(f, 0), NO_VALUE);
  assert_int_equal(y.id, 0); /* the operand is missing */
  assert_int_equal(t->diags, 1);
  assert_int_equal(kn_func_inst_number(f, 1), 0);
  assert_int_equal(kn_func_inst_number(f, 3), 2);
  assert_int_equal(kn_func_inst_number(f, x.id), UINT32_MAX); /* its block is not there yet */
  assert_int_equal(kn_func_inst_number(f, 0), UINT32_MAX);
  assert_int_equal(kn_func_inst_number(f, 100), UINT32_MAX);
}

/* Every float that is printed in decimal is read back bit for bit. */
CASE(test_floats) {
  uint64_t seed = 88172645463325252u;
  for (int i = 0; i < 3000; i++) {
    char text[200];
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    uint64_t bits = seed;
    uint32_t few = (uint32_t)(seed >> 32);
    if (i % 3 == 0) { /* few decimals */
      double v = (double)(seed % 100000000) / (double)(i % 7 < 4 ? 1000 : 64);
      float w = (float)v;
      memcpy(&bits, &v, 8);
      memcpy(&few, &w, 4);
    }
    snprintf(text, sizeof text,
             "func @f() {\nb0:\n  v0 = copy.f64 f64 0x%llx\n  v1 = copy.f32 f32 0x%x\n  ret\n}\n",
             (unsigned long long)bits, few);
    kiln_buffer a = {0}, b = {0};
    reprint(text, strlen(text), &a);
    reprint((char *)a.data, a.size, &b);
    assert_int_equal(a.size, b.size);
    assert_memory_equal(a.data, b.data, a.size);
    /* the decimal means the same number */
    kiln_buffer_append(&a, "", 1);
    const char *at = strstr((char *)a.data, "copy.f64 f64 ") + 13;
    if (strncmp(at, "0x", 2) != 0) {
      double v = strtod(at, NULL);
      assert_memory_equal(&v, &bits, 8);
    }
    at = strstr((char *)a.data, "copy.f32 f32 ") + 13;
    if (strncmp(at, "0x", 2) != 0) {
      float v = strtof(at, NULL);
      assert_memory_equal(&v, &few, 4);
    }
    kiln_buffer_free(&a);
    kiln_buffer_free(&b);
  }
}

/* A sink that stops the reading, and functions that it gets in order. */
struct order {
  char names[10];
  unsigned n;
};
static kiln_status order_sink(void *user, kiln_func *f) {
  struct order *o = user;
  kiln_module *m = kiln_session_module(kiln_func_session(f));
  o->names[o->n++] = kiln_symbol_get(m, kiln_func_symbol(f)).desc.name[0];
  kiln_func_discard(f);
  return o->n == 3 ? KILN_ERR_IO : KILN_OK;
}
static void test_sink(void **state) {
  struct fixture *t = *state;
  const char *text =
    "func @d() {\nb0:\n ret\n}\nfunc @a() {\nb0:\n ret\n}\nfunc @c() {\nb0:\n ret\n}\n"
    "func @b() {\nb0:\n ret\n}\n";
  struct order o = {{0}, 0};
  assert_int_equal(kiln_text_read(t->s, text, strlen(text), order_sink, &o), KILN_ERR_IO);
  assert_string_equal(o.names, "dac");
}

/* A text with something of each kind. */
static const char whole_text[] =
  "target x86_64\ndeclare weak @e(i32 sext, i64 byval(24, 8), ...) -> i64, f64 noreturn\n"
  "data internal @s align 8 { \"h\\0a\", i32 5, -1, zero 3, addr @f:b1, rel32 @s-4 }\n"
  "alias @a = @s+8\nctor @f 5\n"
  "func hidden @f(i64, f64) -> i64, f64 section \"x\" {\n  %b = slot 8 align 8\n"
  "b0(v0: i64, v1: f64):\n  !loc \"f\" 1:2\n  v2 = load.i64 sext i8 v0+8 align 4 volatile\n"
  "  v3 = addr v0 + v2*8 - 16\n  v4 = call @e(5, %b, v3) as (i32 sext, i64 byval(24, 8), i64, ...) "
  "-> i64\n"
  "  switch.i64 v4, b2 [1: b1(v3), 2: b1(v3)]\nb1(v5: i64):\n  v6 = fadd.f64 v1, f64 0.5\n"
  "  brind @f:b1 [b1(v5), b2]\nb2:\n  ret v2, f64 0.5\n"
  "b3:\n  v8 = add.i64 %z, 1\n  %z = add.i64 v8, 1\n  br b2\n}\n";

/* Every prefix of a text is read without harm. */
CASE(test_prefixes) {
  size_t size = strlen(whole_text);
  for (size_t n = 0; n <= size; n++) {
    char *part = malloc(n + 1); /* so that a byte too many is seen */
    memcpy(part, whole_text, n);
    kiln_module *m = kiln_module_new(
      &(kiln_module_options){.target.processor = KILN_PROCESSOR_X86_64, .name = "t"});
    kiln_session *s = kiln_session_new(m);
    kiln_buffer out = {0};
    kiln_text_read(s, part, n, print_sink, &out);
    kiln_buffer_free(&out);
    kiln_session_free(s);
    kiln_module_free(m);
    free(part);
  }
}

/* ---- signatures ---- */

#define P(...) {.type = __VA_ARGS__}
static const struct sig_row {
  const char *text;
  kiln_cc cc;
  uint32_t flags, n_params, n_results;
  kiln_param params[6];
  kiln_type results[KILN_MAX_RESULTS];
} sig_rows[] = {
  {"()", KILN_CC_C, 0, 0, 0, {{0}}, {0}},
  {" ( i8 , i16,i32 ,\ti64, i128, f32) -> f64",
   KILN_CC_C,
   0,
   6,
   1,
   {P(KILN_TYPE_I8), P(KILN_TYPE_I16), P(KILN_TYPE_I32), P(KILN_TYPE_I64), P(KILN_TYPE_I128),
    P(KILN_TYPE_F32)},
   {KILN_TYPE_F64}},
  {"(f80, v64, v128) -> i32, i64",
   KILN_CC_C,
   0,
   3,
   2,
   {P(KILN_TYPE_F80), P(KILN_TYPE_V64), P(KILN_TYPE_V128)},
   {KILN_TYPE_I32, KILN_TYPE_I64}},
  {"(i64, ...) -> i32", KILN_CC_C, KILN_SIG_VARIADIC, 1, 1, {P(KILN_TYPE_I64)}, {KILN_TYPE_I32}},
  {"(...)", KILN_CC_C, KILN_SIG_VARIADIC, 0, 0, {{0}}, {0}},
  {"(i8 sext, i16 zext, i64 byval(24, 16), i64 chain)",
   KILN_CC_C,
   0,
   4,
   0,
   {P(KILN_TYPE_I8, KILN_PARAM_SEXT), P(KILN_TYPE_I16, KILN_PARAM_ZEXT),
    P(KILN_TYPE_I64, KILN_PARAM_BYVAL, 4, 24), P(KILN_TYPE_I64, KILN_PARAM_CHAIN)},
   {0}},
  {"(i8 sext64, i16 zext64, i32 sext64)",
   KILN_CC_C,
   0,
   3,
   0,
   {P(KILN_TYPE_I8, KILN_PARAM_SEXT64), P(KILN_TYPE_I16, KILN_PARAM_ZEXT64),
    P(KILN_TYPE_I32, KILN_PARAM_SEXT64)},
   {0}},
  {"(i64 sret) -> i64 ; its memory\n",
   KILN_CC_C,
   0,
   1,
   1,
   {P(KILN_TYPE_I64, KILN_PARAM_SRET)},
   {KILN_TYPE_I64}},
  {"(i64) noreturn nounwind",
   KILN_CC_C,
   KILN_SIG_NORETURN | KILN_SIG_NOUNWIND,
   1,
   0,
   {P(KILN_TYPE_I64)},
   {0}},
  {"(i64) -> i64 preserve_none",
   KILN_CC_PRESERVE_NONE,
   0,
   1,
   1,
   {P(KILN_TYPE_I64)},
   {KILN_TYPE_I64}},
  {"(i64) -> i64 tail", KILN_CC_TAIL, 0, 1, 1, {P(KILN_TYPE_I64)}, {KILN_TYPE_I64}},
};

/* A text gives what kiln_sig_new gives for the same. */
static void test_signatures(void **state) {
  struct fixture *t = *state;
  for (size_t i = 0; i < sizeof sig_rows / sizeof *sig_rows; i++) {
    const struct sig_row *r = &sig_rows[i];
    kiln_sig read = kiln_sig_parse(t->m, r->text);
    kiln_sig made =
      kiln_sig_new(t->m, r->cc, r->flags, r->params, r->n_params, r->results, r->n_results);
    if (read.id != made.id || read.id == 0)
      fail_msg("%s: %u, not %u: %s", r->text, read.id, made.id, kiln_module_diag(t->m)->message);
  }
  assert_int_equal(kiln_sig_parse(NULL, "()").id, 0);
  assert_int_equal(kiln_module_freeze(t->m), KILN_OK);
  assert_int_not_equal(kiln_sig_parse(t->m, "(f64, f64, f64) -> f64").id, 0);
}

static const struct error_row sig_errors[] = {
  {"", 1, 1, SYNTAX, "expected '(', found the end of the text"},
  {"i32(i64)", 1, 1, SYNTAX, "expected '(', found 'i32'"},
  {"(i32, i33)", 1, 7, SYNTAX, "expected a type, found 'i33'"},
  {"(i32", 1, 5, SYNTAX, "expected ','"},
  {"(i32,\n)", 1, 6, SYNTAX, "expected a type, found the end of the line"},
  {"(..., i32)", 1, 5, SYNTAX, "expected ')'"},
  {"() -> ", 1, 7, SYNTAX, "expected a type"},
  {"() -> i32 i64", 1, 11, SYNTAX, "expected the end of the signature, found 'i64'"},
  {"()\n\n()", 3, 1, SYNTAX, "expected the end of the signature, found '('"},
  {"() -> i8, i8, i8, i8, i8, i8, i8, i8, i8", 1, 39, LIMIT, "more than 8 results"},
  {"(i64 byval(1, 3))", 1, 15, SYNTAX, "a power of two"},
  {"(i64, ...) tail", 0, 0, KILN_ERR_UNSUPPORTED, "signature: tail with variadic arguments"},
  {"(i64 byval(16, 8)) tail", 0, 0, KILN_ERR_UNSUPPORTED, "tail with a parameter of this kind"},
  {"() -> i128, i128 tail", 0, 0, KILN_ERR_UNSUPPORTED, "tail with results on the stack"},
  {NULL, 0, 0, KILN_ERR_ARGUMENT, "no text"},
};

CASE(test_signature_errors) {
  for (size_t i = 0; i < sizeof sig_errors / sizeof *sig_errors; i++) {
    const struct error_row *r = &sig_errors[i];
    kiln_module *m = kiln_module_new(
      &(kiln_module_options){.target.processor = KILN_PROCESSOR_X86_64, .name = "t"});
    assert_int_equal(kiln_sig_parse(m, r->text).id, 0);
    const kiln_diag *d = kiln_module_diag(m);
    if (d->status != r->status || d->line != r->line || d->column != r->column ||
        !strstr(d->message, r->message))
      fail_msg("%s: %u:%u: %s", r->text, d->line, d->column, d->message);
    assert_int_equal(kiln_sig_parse(m, "()").id, 0); /* the error sticks */
    kiln_module_free(m);
  }
  for (unsigned n = 1;; n++) { /* whichever allocation fails */
    struct failing memory = {.fail_at = n};
    kiln_module *m = kiln_module_new(&(kiln_module_options){
      .target.processor = KILN_PROCESSOR_X86_64, .allocator = failing_allocator(&memory)});
    kiln_sig sig = kiln_sig_parse(m, "(i32 sext, i64, f64, ...) -> i64, f64");
    bool failed = memory.calls >= n;
    assert_int_equal(sig.id == 0, failed);
    kiln_module_free(m);
    assert_int_equal(memory.held, 0);
    if (!failed) break;
  }
}

/* ---- failing memory ---- */

static kiln_status verify_print_sink(void *user, kiln_func *f) {
  kiln_status status = kiln_func_verify(f);
  if (status == KILN_OK) status = kiln_func_print(f, user);
  kiln_func_discard(f);
  return status;
}

/* Whichever allocation fails: the status says so, and nothing is left behind. */
CASE(test_memory) {
  for (unsigned n = 1;; n++) {
    struct failing memory = {.fail_at = n};
    kiln_module_options o = {.target.processor = KILN_PROCESSOR_X86_64,
                             .name = "t",
                             .allocator = failing_allocator(&memory)};
    kiln_module *m = kiln_module_new(&o);
    kiln_session *s = m ? kiln_session_new(m) : NULL;
    kiln_buffer out = {.allocator = o.allocator};
    kiln_status status = KILN_ERR_MEMORY;
    if (s) status = kiln_text_read(s, whole_text, strlen(whole_text), verify_print_sink, &out);
    if (s && status == KILN_OK) status = kiln_module_print(m, &out);
    kiln_buffer_free(&out);
    if (s) kiln_session_free(s);
    kiln_module_free(m);
    assert_int_equal(memory.held, 0);
    assert_int_equal(status, memory.calls >= n ? KILN_ERR_MEMORY : KILN_OK);
    if (memory.calls < n) break;
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_errors),
    cmocka_unit_test(test_print_names),
    cmocka_unit_test(test_print_constants),
    cmocka_unit_test(test_print_try),
    cmocka_unit_test(test_print_module),
    cmocka_unit_test_setup_teardown(test_print_unnamed, fixture_setup, fixture_teardown),
    cmocka_unit_test_setup_teardown(test_print_built, fixture_setup, fixture_teardown),
    cmocka_unit_test_setup_teardown(test_numbers, fixture_setup, fixture_teardown),
    cmocka_unit_test(test_floats),
    cmocka_unit_test_setup_teardown(test_sink, fixture_setup, fixture_teardown),
    cmocka_unit_test(test_prefixes),
    cmocka_unit_test_setup_teardown(test_signatures, fixture_setup, fixture_teardown),
    cmocka_unit_test(test_signature_errors),
    cmocka_unit_test(test_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
