/* Which statements debuggers stop at where some have no code: of the rows that begin at one address they show the last.
 * A case is the body of a function of one parameter, v0, whose variable %x nobody reads: a store to it is no code. */
#include "build_fixture.h"
#include "failing.h"
#include "lib/codegen/output.h"

#include <kiln/kiln.h>

#define LINE(n) "  !loc \"f.src\" " n ":3 file !1 in !f\n"
#define COLUMN(n, column) "  !loc \"f.src\" " n ":" column " file !1 in !f\n"
#define WITHIN(n, call) "  !loc \"f.src\" " n ":3 file !1 in !f call " call "\n"
#define CALL(n, line) "  !call " n " \"f.src\" " line ":3 file !1 in !f\n"
#define CALL_WITHIN(n, line, call)                                                                 \
  "  !call " n " \"f.src\" " line ":3 file !1 in !f call " call "\n"
#define NONE "  store.i64 5, %x\n"
#define THREE "  %r = mul.i64 v0, v0\n  %s = add.i64 %r, v0\n  %t = xor.i64 %s, %r\n"
#define END LINE("9") "  ret %t\n"

static const struct {
  const char *what, *body, *shown; /* lines, in the order of their addresses */
} cases[] = {
  {"one computes for the one before", LINE("2") NONE LINE("3") THREE END, "2 3 9"},
  {"two", LINE("2") NONE LINE("3") NONE LINE("4") THREE END, "2 3 4 9"},
  {"four: lines 5 and 9 have code, and there are five instructions",
   LINE("2") NONE LINE("3") NONE LINE("4") NONE LINE("6") NONE LINE("5") THREE END, "2 3 4 5 9"},
  {"the line of a load that may fail is its own",
   LINE("2") NONE LINE("3") "  %u = load.i64 v0\n" THREE "  store.i64 %u, v0\n" END, "3 9"},
  {"an instruction is handed on",
   LINE("2") NONE LINE("3") "  %r = mul.i64 v0, v0\n" LINE(
     "4") "  %s = add.i64 %r, v0\n  %t = xor.i64 %s, %r\n" END,
   "2 3 4 9"},
  {"what has code comes first",
   LINE("2") NONE LINE("3") "  %r = mul.i64 v0, v0\n" LINE("4") "  store.i64 %r, v0\n" LINE(
     "9") "  ret %r\n",
   "3 4 9"},
  {"no statement begins behind the last place",
   LINE("2") NONE LINE("3") THREE LINE("4") NONE LINE("5") "  store.i64 %t, v0\n" END, "2 3 5 9"},
  {"a variable that is not initialized may be so early",
   LINE("2") NONE LINE("3") "  life_start %y\n  store.i64 v0, %y\n" THREE
                            "  store.i64 %y, v0\n" END,
   "2 3 9"},
  {"another variable is not changed early",
   LINE("8") "  life_start %y\n  store.i64 %y, v0\n" LINE("2")
     NONE LINE("3") "  store.i64 v0, %y\n" THREE "  store.i64 %t, v0\n" END,
   "8 3 9"},
  {"a variable is initialized once",
   LINE("8") "  life_start %y\n  store.i64 0, %y\n" LINE("2")
     NONE LINE("3") "  store.i64 v0, %y\n" THREE "  store.i64 %y, v0\n" END,
   "8 3 9"},
  {"a line that has code has an address",
   LINE("3") NONE LINE("2") NONE LINE("3") "  %t = mul.i64 v0, v0\n  store.i64 %t, v0\n" END,
   "2 3 9"},
  {"the outermost first",
   CALL("1", "3") CALL_WITHIN("2", "6", "1") LINE("2") "  store.i64 1, v0\n" WITHIN("4", "2")
     NONE WITHIN("6", "1") NONE LINE("7")
       NONE LINE("8") "  %t = mul.i64 v0, v0\n  store.i64 %t, v0\n" LINE("9") "  ret %t\n",
   "2 7 8 9"},
  {"debuggers stop at a call before the body that begins there",
   CALL("1", "3") LINE("3") NONE WITHIN("4", "1") NONE WITHIN("5", "1") "  %t = mul.i64 v0, v0\n"
                                                                        "  store.i64 %t, v0\n" END,
   "4 5 9"},
  {"but not at the outer call if two bodies begin there",
   CALL("1", "3") CALL_WITHIN("2", "6", "1") LINE("3") NONE WITHIN("4", "1")
     NONE WITHIN("5", "2") "  %t = mul.i64 v0, v0\n  store.i64 %t, v0\n" END,
   "3 5 9"},
  {"a branch is behind its comparison",
   LINE("2") NONE LINE("3") "  %c = icmp.i64 sgt v0, 0\n  brif %c, b1, b2\nb1:\n" LINE(
     "4") "  ret 1\nb2:\n" LINE("5") "  ret 2\n",
   "2 3 4 5"},
  {"a return is behind the move of its result",
   LINE("2") "  store.i64 1, v0\n" LINE("3") NONE LINE("9") "  ret v0\n", "2 3 9"},
  {"the first statement has two columns",
   LINE("2") "  life_start %x\n" COLUMN("2", "7") NONE LINE("3") THREE END, "2 3 9"},
  {"the test of a loop that is repeated behind its body has its rows there, too",
   LINE("2") "  store.i64 v0, %y\n  br b1\nb1:\n" LINE(
     "3") "  %l = load.i64 %y\n"
          "  %c = icmp.i64 sgt %l, 0\n  brif %c, b2, b3\nb2:\n" LINE(
            "4") "  store.i64 %l, v0\n"
                 "  %n = sub.i64 %l, 1\n  store.i64 %n, %y\n  br b1\nb3:\n" LINE(
                   "9") "  %t = load.i64 %y\n  ret %t\n",
   "2 3 4 3 9"},
  {"a call's rest is behind its body",
   CALL("1", "3") LINE("3") "  store.i64 1, v0\n" WITHIN("4", "1") "  store.i64 2, v0\n" LINE("3")
     NONE LINE("5") NONE LINE("6") "  %t = mul.i64 v0, v0\n  store.i64 %t, v0\n" END,
   "3 4 5 6 9"},
  {"but gets an address if there is one",
   CALL("1", "3") LINE("3") "  store.i64 1, v0\n" WITHIN("4", "1") "  store.i64 2, v0\n" LINE("3")
     NONE LINE("6") "  %t = mul.i64 v0, v0\n  store.i64 %t, v0\n" END,
   "3 4 3 6 9"},
};

static kiln_status compile(void *user, kiln_func *f) {
  (void)user;
  return kiln_func_compile(f);
}

/* Lines of the function's rows, in their order, but for those that are at the address of another after them, and for
 * the first. */
static void shown(const kiln_session *s, char *to, size_t size) {
  const struct kn_output *out = s->out;
  size_t n = 0;
  for (uint32_t k = 1; k < out->lines.n; k++) {
    const struct kn_code_line *row = &out->lines.at[k];
    uint32_t next = k + 1 < out->lines.n ? row[1].offset : (uint32_t)out->funcs.at[0].size;
    if (row->flags == 0 || next == row->offset) continue;
    n += (size_t)snprintf(to + n, size - n, n ? " %u" : "%u", row->loc.line);
  }
}

static kiln_session *compiled_so(kiln_variables variables, const char *body) {
  kiln_module_options options = {.pic = KILN_PIC_FULL, .verify = true};
  kiln_target_find("x86_64", &options.target);
  kiln_module *m = kiln_module_new(&options);
  kiln_session *s = kiln_session_new(m);
  const kiln_module_attrs attrs = {.variables = variables};
  assert_int_equal(kiln_module_set_attrs(m, &attrs), KILN_OK);
  char text[2000];
  snprintf(
    text, sizeof text,
    "dwarf 5\n!1 = file { name \"f.src\", comp_dir \"/nowhere\" }\n"
    "!2 = compile_unit { producer \"by hand\", language 12, decl_file !1 }\n"
    "!f = subprogram in !1 { name \"f\" }\n!x = variable in !f { name \"x\" }\n"
    "!y = variable in !f { name \"y\" }\n!z = variable in !f { name \"z\" }\nunit !2\nfunc @f(i64) "
    "-> i64 {\n"
    "  %%x = slot 8 align 8\n  %%y = slot 8 align 8\n  %%z = slot 8 align 8\n  !debug !f in !2\n"
    "  !begin \"f.src\" 1:0 file !1 in !f\n  !var !x %%x\n  !var !y %%y\n  !var !z %%z\nb0(v0: "
    "i64):\n"
    "%s}\n",
    body);
  if (kiln_text_read(s, text, strlen(text), compile, NULL) != KILN_OK)
    fail_msg("%s\n%s", kiln_module_diag(m)->message, text);
  return s;
}

static kiln_session *compiled(const char *body) { return compiled_so(KILN_VARIABLES_AS_IS, body); }

static void end(kiln_session *s) {
  kiln_module *m = s->module;
  kiln_session_free(s);
  kiln_module_free(m);
}

CASE(each) {
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char lines[100] = "";
    kiln_session *s = compiled(cases[i].body);
    shown(s, lines, sizeof lines);
    if (strcmp(lines, cases[i].shown) != 0)
      fail_msg("%s: %s, expected %s", cases[i].what, lines, cases[i].shown);
    end(s);
  }
}

/* LLVM has a jump, in the call's line, where the block in which that goes on was not made next: a call returns to it,
 * and not to the next line. Where it was made next, there is none, and what is returned is reloaded in no line. */
CASE(returned) {
  static const char *const goes_on[] = {"b3", "b2"};
  for (int next = 0; next < 2; next++) {
    char body[600];
    int n = snprintf(body, sizeof body,
                     LINE("2") "  %%c = icmp.i64 sgt v0, 0\n  brif %%c, b1, b%d\n", 2 + next);
    n += snprintf(body + n, sizeof body - n, "b1:\n" LINE("3") "  %%r = call @f(5)\n  br %s\n",
                  goes_on[next]);
    n += snprintf(body + n, sizeof body - n, "%s:\n" LINE("9") "  ret v0\n", goes_on[next]);
    snprintf(body + n, sizeof body - n, "b%d:\n" LINE("5") "  ret 7\n", 2 + next);
    kiln_session *s = compiled_so(KILN_VARIABLES_KEPT, body);
    const struct kn_code_line *row = s->out->lines.at;
    while (row->loc.line != 9) row++;
    assert_int_equal(row[-1].loc.line, next == 0 ? 3 : 0);
    assert_int_equal(s->out->code.at[row->offset - 1] == 0x90, next == 0);
    end(s);
  }
}

/* LLVM has no code for a branch to the block that was made next: what it needs here is of the line before. */
CASE(falls_through) {
  static const char *const parts[] = {
    LINE("2") "  %c = icmp.i64 sgt v0, 0\n  brif %c, b1, b3\n",
    "b1:\n" LINE("3") "  store.i64 3, v0\n",
    LINE("7") "  br b2\n",
    "b3:\n" LINE("5") "  store.i64 5, v0\n",
    LINE("7") "  br b2\n",
    "b2:\n" LINE("9") "  ret 7\n",
  };
  char body[600] = "", lines[100] = "";
  for (size_t k = 0; k < sizeof parts / sizeof *parts; k++) strcat(body, parts[k]);
  kiln_session *s = compiled_so(KILN_VARIABLES_KEPT, body);
  shown(s, lines, sizeof lines);
  assert_string_equal(lines, "2 3 5 7 9");
  end(s);
}

/* What a statement stores is there where the next one begins, and not before. */
CASE(stored) {
  kiln_session *s = compiled(LINE("2") NONE LINE("3") "  store.i64 6, %x\n" LINE("4") THREE END);
  const struct kn_output *out = s->out;
  assert_int_equal(out->lines.n, 5);
  const struct kn_code_line *row = out->lines.at;
  uint32_t n = 0;
  for (uint32_t k = 0; k < out->vars.n; k++) {
    const struct kn_code_var *v = &out->vars.at[k];
    if (v->n == 0) continue; /* of y */
    assert_int_equal(v->from, row[2 + n].offset);
    n++;
  }
  assert_int_equal(n, 2);
  end(s);
}

/* Is something known of variable x where the n-th row begins? */
static bool is_known_at(const struct kn_output *out, uint32_t n) {
  enum { X = 4 }; /* the fourth entry of the text */
  for (uint32_t k = 0; k < out->vars.n; k++) {
    const struct kn_code_var *v = &out->vars.at[k];
    if (v->variable == X && v->n != 0 && v->from <= out->lines.at[n].offset &&
        out->lines.at[n].offset < v->to)
      return true;
  }
  return false;
}

/* What was loaded from a variable is in that, also if no code reads it any more, until something else is stored there:
 * which may be computed there, without an instruction for the store. It is there where a branch begins, too. */
CASE(loaded) {
  kiln_session *s = compiled(LINE("2") "  store.i64 v0, %y\n  br b1\nb1:\n" LINE(
    "3") "  %l = load.i64 %y\n  store.i64 %l, %x\n"
         "  %r = mul.i64 v0, v0\n" LINE(
           "4") "  %m = add.i64 %r, v0\n  store.i64 %m, "
                "v0\n" LINE("5") "  %n = sub.i64 %m, %r\n  "
                                 "store.i64 %n, %y\n" LINE(
                                   "6") "  %o = xor.i64 %m, v0\n  store.i64 %o, "
                                        "v0\n" LINE("7") "  %q = load.i64 %y\n  "
                                                         "store.i64 %q, "
                                                         "%x\n" LINE(
                                                           "8") "  "
                                                                "store."
                                                                "i64 "
                                                                "6, "
                                                                "%z"
                                                                "\n" LINE(
                                                                  "9") "  %c = trunc.i8 i64 "
                                                                       "%m\n  brif %c, b2, b3\n"
                                                                       "b2:\n" LINE(
                                                                         "10") "  %p = "
                                                                               "load.i64 %y\n  "
                                                                               "ret %p\nb3:\n  "
                                                                               "ret 0\n");
  const struct kn_output *out = s->out;
  for (uint32_t k = 1; k < out->lines.n; k++) {
    uint32_t line = out->lines.at[k].loc.line;
    if (line == 4 || line == 5 || line == 8 || line == 9) assert_true(is_known_at(out, k));
    if (line == 2 || line == 6) assert_false(is_known_at(out, k));
  }
  end(s);
}

/* Bodies with variables of the same numbers have equal hashes, which end in a tree: that is freed, too. */
CASE(freed) {
  enum { N = 16 };
  struct failing memory = {0};
  char text[16000];
  size_t n =
    (size_t)snprintf(text, sizeof text,
                     "dwarf 5\n!1 = file { name \"f.src\", comp_dir \"/nowhere\" }\n"
                     "!2 = compile_unit { producer \"by hand\", language 12, decl_file !1 }\n"
                     "!f = subprogram in !1 { name \"f\" }\n");
  for (int k = 0; k < N; k++)
    n += (size_t)snprintf(text + n, sizeof text - n, "!x%d = variable in !f { name \"x\" }\n", k);
  n += (size_t)snprintf(text + n, sizeof text - n,
                        "unit !2\nfunc @f(i64) -> i64 {\n  !debug !f in !2\nb0(v0: i64):\n"
                        "  !loc \"f.src\" 1:3 file !1 in !f\n");
  for (int call = 1; call <= N; call++) {
    n += (size_t)snprintf(text + n, sizeof text - n, CALL("%d", "%d"), call, call);
    for (int k = 0; k < N; k++)
      n += (size_t)snprintf(text + n, sizeof text - n, "  !value !x%d v0 call %d\n", k, call);
  }
  n += (size_t)snprintf(text + n, sizeof text - n, "  %%r = mul.i64 v0, v0\n  ret %%r\n}\n");
  kiln_module *m = kiln_module_new(&(kiln_module_options){.target.processor = KILN_PROCESSOR_X86_64,
                                                          .allocator = failing_allocator(&memory)});
  kiln_session *s = kiln_session_new(m);
  if (kiln_text_read(s, text, n, compile, NULL) != KILN_OK)
    fail_msg("%s", kiln_module_diag(m)->message);
  end(s);
  assert_int_equal(memory.held, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(each),          cmocka_unit_test(returned),
                                     cmocka_unit_test(falls_through), cmocka_unit_test(stored),
                                     cmocka_unit_test(loaded),        cmocka_unit_test(freed)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
