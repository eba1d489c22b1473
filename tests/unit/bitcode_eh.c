/* The bitcode reader's exceptions: what becomes of invokes, landing pads, resume, typeids and nounwind, wherever they
 * stand in the stream; what is refused, by name; what is malformed. */
#define _GNU_SOURCE /* memmem */
#include "bitcode_fixture.h"

#define HEAD                                                                                       \
  "@_ZTIi = external constant ptr\n@T = external constant ptr\ndeclare i32 @p(...)\n"              \
  "declare i32 @g(i32)\ndeclare void @v()\ndeclare i32 @llvm.eh.typeid.for.p0(ptr)\n"

static const struct bc_row rows[] = {
  {"an invoke's result, and what is caught, in their order", "ir",
   HEAD
   "define i32 @f(i32 %a) personality ptr @p {\n"
   " %r = invoke i32 @g(i32 %a) to label %n unwind label %u\nn:\n ret i32 %r\nu:\n"
   " %l = landingpad { ptr, i32 } cleanup catch ptr @_ZTIi filter [2 x ptr] [ptr @T, ptr null]\n"
   "  catch ptr null filter [0 x ptr] zeroinitializer\n"
   " %s = extractvalue { ptr, i32 } %l, 1\n %t = call i32 @llvm.eh.typeid.for.p0(ptr @T)\n"
   " %c = icmp eq i32 %s, %t\n br i1 %c, label %n2, label %w\nn2:\n ret i32 1\nw:\n"
   " resume { ptr, i32 } %l\n}",
   .lines =
     {"@f(i32) -> i32 personality @p {",
      "try @g(v0) to b5(result 0) unwind b2(exception 0, exception 1) [catch @_ZTIi, filter(@T, "
      "all), "
      "catch all, filter(), cleanup]",
      "b5(v", "br b1", "b2(v5: i64, v6: i32):", "icmp.i32 eq v6, typeid @T", "resume v5"}},
  {"a landing pad before its invokes, and behind one", "ir",
   HEAD
   "define void @f(i32 %a) personality ptr @p {\n"
   " invoke void @v() to label %m unwind label %u\nu:\n"
   " %x = phi i32 [ %a, %0 ], [ %y, %m ], [ 7, %n ]\n"
   " %l = landingpad { ptr, i32 } cleanup\n %z = call i32 @g(i32 %x)\n resume { ptr, i32 } %l\n"
   "m:\n %y = add i32 %a, 1\n invoke void @v() to label %n unwind label %u\nn:\n"
   " invoke void @v() to label %e unwind label %u\ne:\n ret void\n}",
   .lines = {"try @v() to b2 unwind b1(v0, exception 0, exception 1) [cleanup]",
             "b1(v2: i32, v3: i64, v4: i32):", "call @g(v2)", "resume v3",
             "try @v() to b3 unwind b1(v7, exception 0, exception 1) [cleanup]",
             "try @v() to b4 unwind b1(7, exception 0, exception 1) [cleanup]"}},
  {"a phi of an invoke's result, and of its landing pad's other edges", "ir",
   HEAD "define i32 @f(i32 %a) personality ptr @p {\n br label %h\nh:\n"
        " %i = phi i32 [ 0, %0 ], [ %r, %h ]\n"
        " %r = invoke i32 @g(i32 %i) to label %h unwind label %u\nu:\n %k = phi i32 [ %i, %h ]\n"
        " %l = landingpad { ptr, i32 } catch ptr null\n ret i32 %k\n}",
   .lines = {"br b1(0)",
             "b1(v2: i32):", "try @g(v2) to b3(result 0) unwind b2(v2, exception 0, exception 1)",
             "b3(v4: i32):", "br b1(v4)", "ret v6"}},
  {"results in several registers, and in memory", "ir",
   HEAD "declare { i64, i1 } @two()\ndeclare [9 x i64] @many()\n"
        "define i64 @f() personality ptr @p {\n"
        " %r = invoke { i64, i1 } @two() to label %n unwind label %u\nn:\n"
        " %x = extractvalue { i64, i1 } %r, 0\n"
        " %m = invoke [9 x i64] @many() to label %o unwind label %u\no:\n"
        " %y = extractvalue [9 x i64] %m, 8\n %s = add i64 %x, %y\n ret i64 %s\nu:\n"
        " %l = landingpad { ptr, i32 } cleanup\n resume { ptr, i32 } %l\n}",
   .lines = {"try @two() to b4(result 0, result 1) unwind b3(exception 0, exception 1)",
             "b4(v1: i64, v2: i8):", "and.i8 v2, 1", "br b1",
             "try @many(slot0) to b5 unwind b3(exc", "load.i64 slot0+64", "br b2"}},
  {"the pair through memory, a phi and aggregates", "ir",
   HEAD "define void @f(i1 %c) personality ptr @p {\n %m = alloca { ptr, i32 }\n"
        " invoke void @v() to label %n unwind label %u\nn:\n"
        " invoke void @v() to label %e unwind label %w\ne:\n ret void\nu:\n"
        " %l = landingpad { ptr, i32 } cleanup\n br label %j\nw:\n"
        " %k = landingpad { ptr, i32 } cleanup\n store { ptr, i32 } %k, ptr %m\n"
        " %o = load { ptr, i32 }, ptr %m\n br label %j\nj:\n"
        " %q = phi { ptr, i32 } [ %l, %u ], [ %o, %w ]\n %a = extractvalue { ptr, i32 } %q, 0\n"
        " %b = insertvalue { ptr, i32 } undef, ptr %a, 0\n"
        " %d = insertvalue { ptr, i32 } %b, i32 3, 1\n resume { ptr, i32 } %d\n}",
   .lines = {"br b5(v5, v6)", "store.i64 v8, slot0", "v12 = load.i64 slot0", "br b5(v12, v13)",
             "b5(v15: i64, v16: i32):", "resume v15"}},
  {"C++ of clang, with a handler, a destructor, noexcept and a specification", "c++",
   "struct A { ~A(); }; int g(int); void h() noexcept; int s() throw(int, char);\n"
   "int f(int a) { A x; try { return g(a); } catch (int &e) { return e; } }\n"
   "void n() noexcept { g(1); h(); }\nint s() throw(int, char) { return g(2); }",
   .lines = {"personality @__gxx_personality_v0", "[catch @_ZTIi, cleanup]", "typeid @_ZTIi",
             "resume v", "[catch all]", "filter(@_ZTIi, @_ZTIc)"},
   .flags = "-O0 -fexceptions -std=c++14 -Wno-deprecated"},
  {"calls and functions that do not unwind say so", "ir",
   "declare void @a() nounwind\ndeclare void @b()\n"
   "define void @f() nounwind {\n call void @a()\n call void @b() nounwind\n call void @b()\n ret "
   "void\n}",
   .lines = {"declare @a() nounwind", "declare @b()\n", "@f() nounwind", "call @a()\n",
             "call @b() as () nounwind", "call @b()\n"}},
  {"an invoke of what cannot unwind is none", "ir",
   HEAD "declare void @llvm.donothing()\ndefine void @f() personality ptr @p {\n"
        " invoke void @llvm.donothing() to label %n unwind label %u\nn:\n ret void\nu:\n"
        " %l = landingpad { ptr, i32 } cleanup\n resume { ptr, i32 } %l\n}",
   .lines = {"b0:\n  br b1\nb1:\n  ret\n"}, .never = "try"},
};

CASE(constructs) {
  if (!bc_have_clang()) skip();
  bc_check_rows(rows, sizeof rows / sizeof *rows);
}

/* Bitcode that LLVM would not verify. */
static kiln_buffer unverified(const char *source) {
  kiln_buffer out = {0};
  char path[] = "/tmp/kiln-bitcode-XXXXXX", command[256];
  int fd = mkstemp(path);
  assert_true(fd >= 0);
  assert_int_equal(write(fd, source, strlen(source)), strlen(source));
  close(fd);
  snprintf(command, sizeof command, "llvm-as-22 --disable-verify %s -o -", path);
  FILE *from = popen(command, "r");
  assert_non_null(from);
  uint8_t part[4096];
  for (size_t n; (n = fread(part, 1, sizeof part, from)) > 0;)
    assert_true(kiln_buffer_append(&out, part, n) == KILN_OK);
  assert_int_equal(pclose(from), 0);
  unlink(path);
  return out;
}

/* What is refused, and what is malformed. */
static const struct refusal {
  bool malformed;
  const char *source, *message;
  kiln_status status;
} refusals[] = {
  {false,
   "declare i32 @__CxxFrameHandler3(...)\ndeclare void @v()\n"
   "define void @f() personality ptr @__CxxFrameHandler3 {\n"
   " invoke void @v() to label %n unwind label %u\nn:\n ret void\nu:\n"
   " %c = cleanuppad within none []\n cleanupret from %c unwind to caller\n}",
   "the personality __CxxFrameHandler3", KILN_ERR_UNSUPPORTED},
  {false,
   HEAD "define void @f() personality ptr @p {\n"
        " invoke void @v() to label %n unwind label %u\nn:\n ret void\nu:\n"
        " %c = cleanuppad within none []\n cleanupret from %c unwind to caller\n}",
   "exceptions as Windows has them (funclets)", KILN_ERR_UNSUPPORTED},
  {false,
   HEAD "define void @f() personality ptr @p {\n"
        " invoke void @v() to label %n unwind label %u\nn:\n ret void\nu:\n"
        " %l = landingpad ptr cleanup\n ret void\n}",
   "an exception of this type", KILN_ERR_UNSUPPORTED},
  {false,
   HEAD "define void @f() personality ptr @p {\n"
        " invoke void @v() to label %n unwind label %u\nn:\n ret void\nu:\n"
        " %l = landingpad { ptr, i32 } catch ptr getelementptr (i8, ptr @T, i64 8)\n ret void\n}",
   "a caught type that is not a symbol", KILN_ERR_UNSUPPORTED},
  {false,
   HEAD "define void @f() personality ptr @p {\n"
        " invoke void @v() [ \"kcfi\"(i32 3) ] to label %n unwind label %u\nn:\n ret void\nu:\n"
        " %l = landingpad { ptr, i32 } cleanup\n ret void\n}",
   "operand bundle \"kcfi\"", KILN_ERR_UNSUPPORTED},
  {false,
   HEAD "define void @f() personality ptr null {\n"
        " invoke void @v() to label %n unwind label %u\nn:\n ret void\nu:\n"
        " %l = landingpad { ptr, i32 } cleanup\n ret void\n}",
   "a personality that is not a function", KILN_ERR_UNSUPPORTED},
  {true,
   HEAD "define void @f() personality ptr @p {\n"
        " invoke void @v() to label %n unwind label %u\nn:\n ret void\nu:\n ret void\n}",
   "without a landing pad", KILN_ERR_SYNTAX},
  {true,
   HEAD "define void @f() {\n"
        " invoke void @v() to label %n unwind label %u\nn:\n ret void\nu:\n"
        " %l = landingpad { ptr, i32 } cleanup\n ret void\n}",
   "without a personality", KILN_ERR_SYNTAX},
  {true,
   HEAD "define void @f() personality ptr @p {\n"
        " invoke void @v() to label %u unwind label %u\nu:\n"
        " %l = landingpad { ptr, i32 } cleanup\n ret void\n}",
   "normal block is also its unwind block", KILN_ERR_SYNTAX},
  {true,
   HEAD
   "define void @f() personality ptr @p {\n"
   " invoke void @v() to label %n unwind label %u\nn:\n ret void\nu:\n"
   " %l = landingpad { ptr, i32 } cleanup\n %m = landingpad { ptr, i32 } cleanup\n ret void\n}",
   "two landing pads", KILN_ERR_SYNTAX},
  {true,
   HEAD "define void @f() personality ptr @p {\n"
        " invoke void @v() to label %n unwind label %u\nn:\n br label %u\nu:\n"
        " %l = landingpad { ptr, i32 } cleanup\n ret void\n}",
   "has 2 parameters, but an edge into it has 0 arguments", KILN_ERR_STRUCTURE},
  {true,
   HEAD
   "define void @f() personality ptr @p {\n %l = landingpad { ptr, i32 } cleanup\n ret void\n}",
   "in the entry block", KILN_ERR_SYNTAX},
  {true,
   HEAD "define void @f(ptr %t) personality ptr @p {\n"
        " invoke void @v() to label %n unwind label %u\nn:\n ret void\nu:\n"
        " %l = landingpad { ptr, i32 }\n ret void\n}",
   "a landing pad without clauses", KILN_ERR_SYNTAX},
};

CASE(refused) {
  if (!bc_have_clang() || system("llvm-as-22 --version > /dev/null 2>&1") != 0) skip();
  unsigned failed = 0;
  for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
    const struct refusal *x = &refusals[i];
    kiln_buffer bc = x->malformed ? unverified(x->source) : bc_make("ir", "-O0", x->source);
    struct bc_result r = bc_read(bc.data, bc.size, false);
    bool ok = r.status == x->status && strstr(r.diag.message, x->message) &&
              strcmp(r.diag.function, "f") == 0;
    if (!ok) print_error("%s: %s: %s\n", x->message, kiln_status_name(r.status), r.diag.message);
    failed += !ok;
    bc_free(&r);
    kiln_buffer_free(&bc);
  }
  assert_int_equal(failed, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(constructs), cmocka_unit_test(refused)};
  return cmocka_run_group_tests_name("bitcode_eh", tests, NULL, NULL);
}
