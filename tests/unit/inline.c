/* Inlining: each row of ir/inline/inline.def, by a program in which nothing else stands against it; personalities,
 * scopes, and what debuggers get. */
#include "inline_program.h"
#include "ir/inline/inlining.h"
#include "lib/codegen/output.h"
#include "lib/codegen/plan.h"

/* Decides by the numbers. */
static bool listen(void *user, const kiln_inline_call_info *call) {
  (void)user;
  told = call->why_not;
  return call->why_not == NULL;
}

/* ---- rows ---- */

#define CALLEE "func internal @callee(i64) -> i64 {\n"
#define CALLER "func @caller(i64) -> i64 {\n"
#define CALL "b0(v0: i64):\n  v1 = call @callee(v0)\n  ret v1\n}\n"
#define DOUBLE "b0(v0: i64):\n  v1 = add.i64 v0, v0\n  ret v1\n}\n"
#define LOADS "b0(v0: i64):\n  v1 = load.i64 @guard\n  ret v1\n}\n"
/* A callee with one. */
#define TRIED(clauses)                                                                             \
  "func internal @callee(i64) -> i64 personality @p {\n"                                           \
  "b0(v0: i64):\n  try @other(v0) to b1(result 0) unwind b2(exception 0) [" clauses "]\n"          \
  "b1(v2: i64):\n  ret v2\nb2(v3: i64):\n  ret v3\n}\n"

/* A function that preserves no register, and a body that calls it. */
#define LOSES "declare @other(i64) -> i64 preserve_none\n"
#define CALLS_OTHER "b0(v0: i64):\n  v1 = call @other(v0)\n  ret v1\n}\n"

/* A module that pins a register. */
#define PINNED "pinned rbx\n"

/* What debuggers are to know of a function that says so. */
#define DEBUG                                                                                      \
  "dwarf 5\n!1 = file { name \"f.src\", comp_dir \"/nowhere\" }\n"                                 \
  "!2 = compile_unit { producer \"by hand\", language 12, decl_file !1 }\n"                        \
  "!f = subprogram in !1 { name \"f\" }\nunit !2\n"

/* What text cannot say: functions of text are finished, so that it is written where the builder puts it. */
static void needs_feature(kiln_func *f, const char *name) {
  if (strcmp(name, "callee") == 0) f->attrs.features |= KILN_FEATURE_CX16;
}
static void needs_other(kiln_func *f, const char *name) {
  f->attrs.inline_needs = strcmp(name, "callee") == 0 ? 5 : 4;
}
static void other_rules(kiln_func *f, const char *name) {
  f->attrs.inline_same = strcmp(name, "caller") == 0;
}
static void own_data(kiln_func *f, const char *name) {
  const kiln_data_desc desc = {.bytes = (const uint8_t *)"", .size_bytes = 1};
  if (strcmp(name, "callee") != 0) return;
  assert_int_not_equal(kn_data_of_func(f->module, f->symbol, f->facts.n_data, &desc), 0);
  f->facts.n_data++;
}

/* A program that the row is about, and one that differs in that alone, in which the call is inlined. */
static const struct row {
  enum kn_inline_row row;
  const char *with, *without;
  void (*change)(kiln_func *f, const char *name); /* of the first program, or NULL */
} rows[] = {
  {KN_INLINE_DEBUG,
   DEBUG CALLEE "  !s1 = subprogram in !1 { name \"g\" }\n  !debug !s1 in !2\n" DOUBLE CALLER CALL,
   DEBUG CALLEE "  !debug !f in !2\n" DOUBLE CALLER CALL, NULL},
  {KN_INLINE_BLOCKS, CALLEE "b0(v0: i64):\n  brind @callee:b1 [b1]\nb1:\n  ret v0\n}\n" CALLER CALL,
   CALLEE "b0(v0: i64):\n  br b1\nb1:\n  ret v0\n}\n" CALLER CALL, NULL},
  {KN_INLINE_OWN, CALLEE DOUBLE CALLER CALL, CALLEE DOUBLE CALLER CALL, own_data},
  {KN_INLINE_NAKED,
   CALLEE "  !naked\nb0(v0: i64):\n  asm \"\\c3\" as ()\n  unreachable\n}\n" CALLER CALL,
   CALLEE "b0(v0: i64):\n  unreachable\n}\n" CALLER CALL, NULL},
  {KN_INLINE_ROOTS,
   CALLEE "  %r = slot 8 align 8 root\nb0(v0: i64):\n  store.i64 v0, %r\n  ret v0\n}\n" CALLER CALL,
   CALLEE "  %r = slot 8 align 8\nb0(v0: i64):\n  store.i64 v0, %r\n  ret v0\n}\n" CALLER CALL,
   NULL},
  {KN_INLINE_NEVER, CALLEE "  !inline never\n" DOUBLE CALLER CALL, CALLEE DOUBLE CALLER CALL, NULL},
  {KN_INLINE_REPLACED, "func weak @callee(i64) -> i64 {\n" DOUBLE CALLER CALL,
   "func weak @callee(i64) -> i64 {\n  !final\n" DOUBLE CALLER CALL, NULL},
  {KN_INLINE_VARIADIC, "func internal @callee(i64, ...) -> i64 {\n" DOUBLE CALLER CALL,
   CALLEE DOUBLE CALLER CALL, NULL},
  {KN_INLINE_CONVENTION, "func internal @callee(i64) -> i64 preserve_most {\n" DOUBLE CALLER CALL,
   CALLEE DOUBLE CALLER CALL, NULL},
  {KN_INLINE_PARAMETERS,
   "func internal @callee(v128, v128 upper) -> i64 {\nb0(v0: v128, v1: v128):\n  ret 5\n}\n"
   "func @caller(v128, v128 upper) -> i64 {\nb0(v0: v128, v1: v128):\n  v2 = call @callee(v0, v1)\n"
   "  ret v2\n}\n",
   "func internal @callee(v128, v128) -> i64 {\nb0(v0: v128, v1: v128):\n  ret 5\n}\n"
   "func @caller(v128, v128) -> i64 {\nb0(v0: v128, v1: v128):\n  v2 = call @callee(v0, v1)\n"
   "  ret v2\n}\n",
   NULL},
  {KN_INLINE_ASM,
   "func internal @callee(i64) -> i64 {\nb0(v0: i64):\n  asm \"\\90\" as ()\n  ret v0\n}\n" CALLER
     CALL,
   CALLEE "b0(v0: i64):\n  debug_trap\n  ret v0\n}\n" CALLER CALL, NULL},
  {KN_INLINE_FRAME, CALLEE "b0(v0: i64):\n  v1 = return_addr 0\n  ret v1\n}\n" CALLER CALL,
   CALLEE DOUBLE CALLER CALL, NULL},
  {KN_INLINE_TWICE,
   "declare @setjmp(i64) -> i32 returns_twice\n" CALLEE
   "b0(v0: i64):\n  v1 = call @setjmp(v0)\n  v2 = sext.i64 i32 v1\n  ret v2\n}\n" CALLER CALL,
   "declare @setjmp(i64) -> i32\n" CALLEE
   "b0(v0: i64):\n  v1 = call @setjmp(v0)\n  v2 = sext.i64 i32 v1\n  ret v2\n}\n" CALLER CALL,
   NULL},
  {KN_INLINE_LOSES, LOSES CALLEE CALLS_OTHER CALLER CALL,
   LOSES CALLEE DOUBLE CALLER
   "b0(v0: i64):\n  v1 = call @other(v0)\n  v2 = call @callee(v1)\n  ret v2\n}\n",
   NULL},
  {KN_INLINE_LOSES, LOSES CALLEE CALLS_OTHER CALLER CALL,
   LOSES CALLEE "  !inline always\n" CALLS_OTHER CALLER CALL, NULL},
  {KN_INLINE_STACK, CALLEE "b0(v0: i64):\n  v1 = salloc v0\n  ret v1\n}\n" CALLER CALL,
   CALLEE DOUBLE CALLER CALL, NULL},
  {KN_INLINE_TAILCALL,
   "declare @other(i64) -> i64\n" CALLEE "b0(v0: i64):\n  tailcall @other(v0)\n}\n" CALLER CALL,
   "declare @other(i64) -> i64\n" CALLEE
   "b0(v0: i64):\n  v1 = call @other(v0)\n  ret v1\n}\n" CALLER CALL,
   NULL},
  {KN_INLINE_EH_RETURN, CALLEE "b0(v0: i64):\n  eh_return v0\n}\n" CALLER CALL,
   CALLEE DOUBLE CALLER CALL, NULL},
  {KN_INLINE_GUARDED, CALLEE "  !guard always\n" DOUBLE CALLER CALL, CALLEE DOUBLE CALLER CALL,
   NULL},
  {KN_INLINE_GENERAL, CALLEE "  !general\n" DOUBLE CALLER CALL, CALLEE DOUBLE CALLER CALL, NULL},
  {KN_INLINE_PINNED, PINNED CALLEE "  !keeps_pinned\n" DOUBLE CALLER CALL,
   PINNED CALLEE DOUBLE CALLER CALL, NULL},
  {KN_INLINE_GROUP, "data private @guard comdat \"callee\" { i64 1 }\n" CALLEE LOADS CALLER CALL,
   "data private @guard group \"callee\" { i64 1 }\n" CALLEE LOADS CALLER CALL, NULL},
  {KN_INLINE_CYCLE,
   CALLEE
   "b0(v0: i64):\n  v1 = call @next(v0)\n  ret v1\n}\n"
   "func internal @next(i64) -> i64 {\nb0(v0: i64):\n  v1 = call @callee(v0)\n  ret v1\n}\n" CALLER
     CALL,
   CALLEE "b0(v0: i64):\n  v1 = call @next(v0)\n  ret v1\n}\n"
          "func internal @next(i64) -> i64 {\nb0(v0: i64):\n  ret v0\n}\n" CALLER CALL,
   NULL},
  {KN_INLINE_ASKED,
   CALLEE DOUBLE CALLER
   "b0(v0: i64):\n  v1 = call @callee(v0) as (i64) -> i64 noinline\n  ret v1\n}\n",
   CALLEE DOUBLE CALLER "b0(v0: i64):\n  v1 = call @callee(v0) as (i64) -> i64\n  ret v1\n}\n",
   NULL},
  {KN_INLINE_SECTION, "func internal @callee(i64) -> i64 section \"own\" {\n" DOUBLE CALLER CALL,
   "func internal @callee(i64) -> i64 section \"own\" {\n" DOUBLE
   "func @caller(i64) -> i64 section \"own\" {\n" CALL,
   NULL},
  {KN_INLINE_SIGNATURE,
   "func internal @callee(i32) -> i64 {\nb0(v0: i32):\n  v1 = sext.i64 i32 v0\n  ret v1\n}\n" CALLER
   "b0(v0: i64):\n  call @callee(v0) as (i64)\n  ret v0\n}\n",
   "func internal @callee(i32) -> i64 {\nb0(v0: i32):\n  v1 = sext.i64 i32 v0\n  ret v1\n}\n" CALLER
   "b0(v0: i64):\n  v1 = call @callee(v0) as (i64) -> i64\n  ret v1\n}\n",
   NULL},
  {KN_INLINE_FEATURES, CALLEE DOUBLE CALLER CALL, CALLEE DOUBLE CALLER CALL, needs_feature},
  {KN_INLINE_FEATURES, CALLEE DOUBLE CALLER CALL, CALLEE DOUBLE CALLER CALL, needs_other},
  {KN_INLINE_SAME, CALLEE DOUBLE CALLER CALL, CALLEE DOUBLE CALLER CALL, other_rules},
  {KN_INLINE_PROBES, CALLEE "  !probe 4096\n" DOUBLE CALLER CALL,
   CALLEE "  !probe 4096\n" DOUBLE CALLER "  !probe 4096\n" CALL, NULL},
  {KN_INLINE_PERSONALITY,
   PERSONAL TRIED("cleanup") "func @caller(i64) -> i64 personality @q {\n" CALL,
   PERSONAL TRIED("cleanup") "func @caller(i64) -> i64 personality @p {\n" CALL, NULL},
  {KN_INLINE_UNWINDS,
   PERSONAL "func internal @callee(i64) -> i64 nounwind {\nb0(v0: i64):\n  v1 = call @other(v0)\n  "
            "ret v1\n}\n"
            "func @caller(i64) -> i64 personality @p {\n" CALL,
   PERSONAL
   "func internal @callee(i64) -> i64 {\nb0(v0: i64):\n  v1 = call @other(v0)\n  ret v1\n}\n"
   "func @caller(i64) -> i64 personality @p {\n" CALL,
   NULL},
  {KN_INLINE_PASSES, PERSONAL TRIED("catch @type") TRIES("cleanup"),
   PERSONAL TRIED("catch @type, cleanup") TRIES("cleanup"), NULL},
  {KN_INLINE_PASSES, PERSONAL TRIED("filter(@type)") TRIES("cleanup"),
   PERSONAL TRIED("filter()") TRIES("cleanup"), NULL},
  {KN_INLINE_CLEANS, PERSONAL TRIED("cleanup") TRIES("catch @type"),
   PERSONAL TRIED("catch all") TRIES("catch @type"), NULL},
  {KN_INLINE_INTO, CALLEE DOUBLE CALLER "  !not_into\n" CALL, CALLEE DOUBLE CALLER CALL, NULL},
  {KN_INLINE_INTO_TWICE,
   "declare @setjmp(i64) -> i32 returns_twice\n" CALLEE DOUBLE CALLER
   "b0(v0: i64):\n  v1 = call @setjmp(v0)\n  v2 = call @callee(v0)\n  ret v2\n}\n",
   "declare @setjmp(i64) -> i32\n" CALLEE DOUBLE CALLER
   "b0(v0: i64):\n  v1 = call @setjmp(v0)\n  v2 = call @callee(v0)\n  ret v2\n}\n",
   NULL},
  {KN_INLINE_INTO_BLOCKS,
   CALLEE DOUBLE CALLER
   "b0(v0: i64):\n  brind @caller:b1 [b1]\nb1:\n  v1 = call @callee(v0)\n  ret v1\n}\n",
   CALLEE DOUBLE CALLER "b0(v0: i64):\n  br b1\nb1:\n  v1 = call @callee(v0)\n  ret v1\n}\n", NULL},
  {KN_INLINE_INTO_GUARDED, CALLEE DOUBLE CALLER "  !guard always\n" CALL, CALLEE DOUBLE CALLER CALL,
   NULL},
  {KN_INLINE_INTO_ROOTS, CALLEE DOUBLE CALLER "  %r = slot 8 align 8 root\n" CALL,
   CALLEE DOUBLE CALLER CALL, NULL},
};

/* Compiles the caller. Does its code still refer to the callee? */
static bool calls(struct program *p) {
  kiln_symbol caller = kiln_symbol_lookup(p->m, "caller");
  kiln_func *f = kiln_session_begin_kept(p->s, caller);
  for (unsigned i = 0; i < p->n_held && f == NULL; i++)
    if (kiln_func_symbol(p->held[i]).id == caller.id) {
      f = p->held[i];
      p->held[i] = p->held[--p->n_held];
    }
  assert_non_null(f);
  if (kiln_func_compile(f) != KILN_OK) fail_msg("%s", kiln_module_diag(p->m)->message);
  return kiln_symbol_is_reachable(p->m, kiln_symbol_lookup(p->m, "callee"));
}

static bool tested[KN_INLINE_COUNT];

/* Why no call of the callee is inlined: that is the row, if it is about the function. */
static void check_why(struct program *p, enum kn_inline_row row) {
  const char *why = kiln_symbol_why_not_inlined(p->m, kiln_symbol_lookup(p->m, "callee"));
  if (why != NULL) assert_string_equal(why, kn_inline_text[row]);
  if (early != NULL) assert_string_equal(early, kn_inline_text[row]);
  tested[row] = true;
}

CASE(each_row) {
  policy.decide = listen;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    const struct row *r = &rows[i];
    struct program p;
    read_changed(&p, r->with, small, r->change);
    check_why(&p, r->row);
    if (!calls(&p)) fail_msg("inlined all the same: %s", kn_inline_text[r->row]);
    assert_false(kiln_symbol_is_inlined(p.m, kiln_symbol_lookup(p.m, "callee")));
    assert_non_null(told);
    assert_string_equal(told, kn_inline_text[r->row]);
    end_program(&p);
    read_program(&p, r->without, small);
    assert_null(early);
    assert_false(kiln_symbol_is_inlined(p.m, kiln_symbol_lookup(p.m, "callee")));
    if (calls(&p)) fail_msg("not inlined without this: %s", kn_inline_text[r->row]);
    assert_true(kiln_symbol_is_inlined(p.m, kiln_symbol_lookup(p.m, "callee")));
    assert_null(told);
    end_program(&p);
  }
  policy.decide = NULL;
}

/* ---- an embedder's policy ---- */

static bool say(void *user, const kiln_inline_call_info *call) {
  assert_int_equal(call->caller.id, call->within.id);
  assert_int_equal(call->depth, 0);
  told = call->why_not;
  return call->is_open && *(bool *)user;
}

/* Its answer counts where inlining is possible and not required. */
CASE(embedder) {
  static const struct {
    const char *callee;
    enum kn_inline_row row; /* by the numbers */
    bool calls_if_no, calls_if_yes;
  } all[] = {
    {CALLEE DOUBLE, KN_INLINE_NONE, true, false},
    {CALLEE "  !inline always\n" DOUBLE, KN_INLINE_NONE, false, false},
    {CALLEE "  !inline never\n" DOUBLE, KN_INLINE_NEVER, true, true},
    /* larger than the policy's numbers say */
    {CALLEE "b0(v0: i64):\n  v1 = mul.i64 v0, v0\n  v2 = mul.i64 v1, v0\n  v3 = mul.i64 v2, v0\n"
            "  ret v3\n}\n",
     KN_INLINE_LARGE, true, false},
    /* and in a circle */
    {CALLEE "b0(v0: i64):\n  v1 = mul.i64 v0, v0\n  v2 = mul.i64 v1, v0\n"
            "  v3 = call @callee(v2)\n  ret v3\n}\n",
     KN_INLINE_CYCLE, true, true},
  };
  for (size_t i = 0; i < 2 * sizeof all / sizeof *all; i++) {
    struct program p;
    char text[1000];
    bool yes = i % 2;
    policy = (kiln_inline_attrs){.instructions = 1, .decide = say, .decide_user = &yes};
    snprintf(text, sizeof text, "%s" CALLER CALL, all[i / 2].callee);
    read_program(&p, text, small);
    assert_int_equal(calls(&p), yes ? all[i / 2].calls_if_yes : all[i / 2].calls_if_no);
    const char *why = kn_inline_text[all[i / 2].row];
    assert_true((told == NULL) == (why == NULL) && (why == NULL || strcmp(told, why) == 0));
    end_program(&p);
  }
  policy = (kiln_inline_attrs){0};
}

/* What depends on numbers: size, growth, frame, depth. */
static char *many(const char *head, const char *line, unsigned n, const char *tail) {
  char *text = malloc(strlen(head) + n * (strlen(line) + 16) + strlen(tail) + 1), *at = text;
  at += sprintf(at, "%s", head);
  for (unsigned i = 0; i < n; i++) at += sprintf(at, line, i + 1, i);
  strcpy(at, tail);
  return text;
}

CASE(sizes) {
  struct program p;
  char end[400];
  for (unsigned n = 20; n <= 30; n += 5) { /* 24, and one for its parameter */
    snprintf(end, sizeof end, "  ret v%u\n}\n" CALLER CALL, n);
    char *text = many(CALLEE "b0(v0: i64):\n", "  v%u = mul.i64 v%u, 3\n", n, end);
    read_program(&p, text, small);
    if (n > 25) check_why(&p, KN_INLINE_LARGE);
    assert_int_equal(calls(&p), n > 25);
    end_program(&p);
    policy.instructions = 40;
    read_program(&p, text, small);
    policy.instructions = 0;
    assert_false(calls(&p));
    end_program(&p);
    read_program(&p, text, (kiln_module_attrs){.inlining = KILN_INLINING_MUST});
    assert_true(calls(&p));
    end_program(&p);
    free(text);
  }
  /* with what is inlined into it */
  for (unsigned n = 5; n <= 15; n += 10) {
    snprintf(
      end, sizeof end,
      "  ret v%u\n}\n" CALLEE
      "b0(v0: i64):\n  v1 = call @inner(v0)\n  v2 = call @inner(v1)\n  ret v2\n}\n" CALLER CALL,
      n);
    char *text = many("func internal @inner(i64) -> i64 {\nb0(v0: i64):\n",
                      "  v%u = mul.i64 v%u, 3\n", n, end);
    read_program(&p, text, small);
    if (n > 10) check_why(&p, KN_INLINE_LARGE);
    assert_int_equal(calls(&p), n > 10);
    end_program(&p);
    free(text);
  }
  read_program(&p, CALLEE DOUBLE CALLER CALL, (kiln_module_attrs){.inlining = KILN_INLINING_OFF});
  check_why(&p, KN_INLINE_OFF);
  assert_true(calls(&p));
  end_program(&p);
  read_program(&p, CALLEE "  !inline always\n" DOUBLE CALLER CALL,
               (kiln_module_attrs){.inlining = KILN_INLINING_MUST});
  assert_false(calls(&p));
  end_program(&p);
}

/* A constant argument makes room for more instructions. A circle is one only by calls with enough constants. */
CASE(constants) {
  for (unsigned i = 0; i < 20; i++) {
    const unsigned n = 25 + i / 2, constant = i % 2;
    policy.most_instructions = 30; /* which constants do not raise */
    const bool circle = i >= 18;
    struct program p;
    char end[400], *text;
    snprintf(end, sizeof end,
             "  v90 = %s\n  ret v90\n}\n" CALLER
             "b0(v0: i64):\n  v1 = call @callee(%s)\n  ret v1\n}\n",
             !circle    ? "add.i64 v0, v1"
             : constant ? "call @callee(8)"
                        : "call @callee(v1)",
             circle || constant ? "7" : "v0");
    text = many(CALLEE "b0(v0: i64):\n", "  v%u = mul.i64 v%u, 3\n", circle ? 25 : n - 1, end);
    read_program(&p, text, small);
    const char *out = expanded(&p, "caller");
    bool stays = circle ? constant : n > 25 + 7 * constant || n > policy.most_instructions;
    assert_int_equal(strstr(out, circle ? "callee(7)" : "callee") != NULL, stays);
    end_program(&p);
    free(text);
  }
  policy.most_instructions = 0;
}

/* An argument counts as a constant, too, if it is one where the caller is inlined; but not in a circle. */
CASE(constants_of_callers) {
  for (unsigned constant = 0; constant < 2; constant++) {
    struct program p;
    char end[400];
    snprintf(end, sizeof end,
             "  ret v30\n}\nfunc internal @between(i64) -> i64 {\n"
             "b0(v0: i64):\n  v1 = call @callee(v0)\n  ret v1\n}\n" CALLER
             "b0(v0: i64):\n  v1 = call @between(%s)\n  ret v1\n}\n",
             constant ? "7" : "v0");
    char *text = many(CALLEE "b0(v0: i64):\n", "  v%u = mul.i64 v%u, 3\n", 30, end);
    read_program(&p, text, small);
    assert_int_equal(strstr(expanded(&p, "caller"), "@callee") != NULL, !constant);
    end_program(&p);
    free(text);
  }
  struct program p;
  char *text = many(CALLEE "  %s = slot 8 align 8\nb0(v0: i64):\n  store.i64 v0, %s\n",
                    "  v%u = mul.i64 v%u, 3\n", 27,
                    "  store.i64 v1, %s\n  v90 = call @callee(v1)\n  ret v90\n}\n" CALLER
                    "b0(v0: i64):\n  v1 = call @callee(7)\n  ret v1\n}\n");
  read_program(&p, text, small);
  assert_non_null(strstr(expanded(&p, "caller"), "@callee(21)"));
  end_program(&p);
  free(text);
}

/* Blocks that end in `unreachable` do not count. */
CASE(unreachable) {
  for (unsigned ends = 0; ends < 2; ends++) {
    struct program p;
    char *text =
      many(CALLEE "b0(v0: i64):\n  %c = icmp.i64 eq v0, 1\n  brif %c, b1, b2\nb1:\n  ret v0\nb2:\n",
           "  v%u = mul.i64 v%u, 3\n", 30,
           ends ? "  unreachable\n}\n" CALLER CALL : "  ret v30\n}\n" CALLER CALL);
    read_program(&p, text, small);
    assert_int_equal(calls(&p), !ends);
    end_program(&p);
    free(text);
  }
}

CASE(growth_by_tries) {
  struct program p;
  char *text =
    many(PERSONAL TRIED("catch all") "func @caller(i64) -> i64 personality @p {\nb0(v0: i64):\n",
         "  v%u = call @callee(v%u)\n", 1000, "  ret v1000\n}\n");
  read_program(&p, text, small);
  unsigned tries = 0, left = 0;
  const char *out = expanded(&p, "caller");
  for (const char *at = out; (at = strstr(at, "try @other(")) != NULL; at++) tries++;
  for (const char *at = out; (at = strstr(at, "call @callee(")) != NULL; at++) left++;
  assert_int_equal(tries + left, 1000);
  assert_true(tries > 100 && left > 700);
  end_program(&p);
  free(text);
}

CASE(growth) {
  struct program p;
  char *callee = many(CALLEE "b0(v0: i64):\n", "  v%u = mul.i64 v%u, 3\n", 20,
                      "  ret v20\n}\n" CALLER "b0(v0: i64):\n");
  char *text = many(callee, "  v%u = call @callee(v%u)\n", 4000, "  ret v4000\n}\n");
  free(callee);
  read_program(&p, text, small);
  tested[KN_INLINE_GROWTH] = tested[KN_INLINE_STACK_GROWTH] = tested[KN_INLINE_DEEP] = true;
  const char *out = expanded(&p, "caller");
  assert_non_null(strstr(out, "@callee("));                      /* not all of them, */
  assert_null(strstr(out, "b0(v0: i64):\n  v1 = call @callee")); /* but the first */
  end_program(&p);
  free(text);
  read_program(&p,
               "declare @use(i64)\n" CALLEE
               "  slot0 = slot 4000 align 8\nb0(v0: i64):\n  call @use(slot0)\n"
               "  ret v0\n}\n" CALLER CALL,
               small);
  assert_true(calls(&p));
  end_program(&p);
  read_program(&p,
               "declare @use(i64)\n" CALLEE
               "  slot0 = slot 400 align 8\nb0(v0: i64):\n  call @use(slot0)\n"
               "  ret v0\n}\n" CALLER CALL,
               small);
  assert_false(calls(&p));
  end_program(&p);
  text = many("func internal @f0(i64) -> i64 {\n" DOUBLE,
              "func internal @f%u(i64) -> i64 {\n  !inline always\nb0(v0: i64):\n  v1 = call "
              "@f%u(v0)\n  ret v1\n}\n",
              60, "");
  read_program(&p, text, small);
  assert_string_equal(kiln_symbol_why_not_inlined(p.m, kiln_symbol_lookup(p.m, "f40")),
                      kn_inline_text[KN_INLINE_DEEP]);
  assert_null(kiln_symbol_why_not_inlined(p.m, kiln_symbol_lookup(p.m, "f60")));
  end_program(&p);
  free(text);
}

/* ---- frames ---- */

/* A body with a slot of 400 bytes, whose address is needed. */
#define WITH_SLOT(name, call)                                                                      \
  "func internal @" name "(i64) -> i64 {\n  !inline always\n  slot0 = slot 400 align 8\n"          \
  "b0(v0: i64):\n  call @use(slot0)\n" call "  ret v0\n}\n"

CASE(frames) {
  static const struct {
    const char *text;
    uint32_t shared_bytes;
  } all[] = {
    /* one after the other: in the same memory */
    {"declare @use(i64)\n" WITH_SLOT("callee", "") WITH_SLOT("other", "") CALLER
     "b0(v0: i64):\n  v1 = call @callee(v0)\n  v2 = call @other(v1)\n  ret v2\n}\n",
     400},
    /* one in the other: after it */
    {"declare @use(i64)\n" WITH_SLOT("other", "") WITH_SLOT("callee", "  v2 = call @other(v0)\n")
       CALLER CALL,
     800},
  };
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    struct program p;
    read_program(&p, all[i].text, small);
    assert_false(calls(&p));
    assert_int_equal(p.s->plan->frame.shared_bytes, all[i].shared_bytes);
    end_program(&p);
  }
}

/* A function that calls itself gets no memory for bodies that end before it does so. */
CASE(recursion) {
  static const char *const callers[] = {
    CALLER "b0(v0: i64):\n  v1 = call @callee(v0)\n  v2 = call @caller(v1)\n  ret v2\n}\n",
    "func internal @next(i64) -> i64 {\n  !inline never\nb0(v0: i64):\n  v1 = call @caller(v0)\n  "
    "ret v1\n}\n" CALLER
    "b0(v0: i64):\n  v1 = call @callee(v0)\n  v2 = call @next(v1)\n  ret v2\n}\n",
    CALLER CALL,
  };
  for (unsigned i = 0; i < 3; i++) {
    char text[1000];
    struct program p;
    snprintf(text, sizeof text, "declare @use(i64)\n%s%s",
             CALLEE "  slot0 = slot 40 align 8\nb0(v0: i64):\n  call @use(slot0)\n  ret v0\n}\n",
             callers[i]);
    read_program(&p, text, small);
    assert_int_equal(calls(&p), i < 2);
    end_program(&p);
  }
}

/* ---- what replay makes ---- */

/* A caller has the personality of the first body with one that it gets: what has another one is not inlined. */
CASE(personalities) {
  struct program p;
#define TRIES_OTHER                                                                                \
  "b0(v0: i64):\n  try @other(v0) to b1(result 0) unwind b2(exception 0) [catch all]\n"            \
  "b1(v2: i64):\n  ret v2\nb2(v3: i64):\n  ret v3\n}\n"
  read_program(&p,
               PERSONAL "func internal @a(i64) -> i64 personality @p {\n" TRIES_OTHER
                        "func internal @b(i64) -> i64 personality @q {\n" TRIES_OTHER CALLER
                        "b0(v0: i64):\n  v1 = call @a(v0)\n  v2 = call @b(v1)\n  ret v2\n}\n",
               small);
  const char *out = expanded(&p, "caller");
  if (strstr(out, "personality @p") == NULL || strstr(out, "call @b(") == NULL ||
      strstr(out, "call @a(") != NULL)
    fail_msg("%s", out);
  end_program(&p);
}

/* Scopes of slots are in the order in which bodies were built: one that goes on in the block before it is built early,
 * and one in a block that falls away is not. */
CASE(scopes) {
  struct program p;
  read_program(&p,
               "declare @use(i64)\nfunc internal @callee() {\n  slot0 = slot 8 align 8\nb0:\n"
               "  call @use(slot0)\n  ret\n}\n" CALLER "  %s = slot 1\n"
               "b0(v0: i64):\n  %c = icmp.i64 eq v0, 1\n  brif %c, b1, b2\n"
               "b1:\n  br b5\n"
               "b2:\n  store.i8 1, %s\n  store.i8 0, %s\n  %n = load.i8 %s\n  brif %n, b3, b4\n"
               "b3:\n  call @callee()\n  ret 3\nb4:\n  call @callee()\n  ret 4\n"
               "b5:\n  call @callee()\n  ret 5\n}\n",
               small);
  kiln_func *f = kiln_session_begin_kept(p.s, kiln_symbol_lookup(p.m, "caller"));
  assert_int_equal(f->scopes.n, 2);
  assert_true(f->scopes.at[0].first < f->scopes.at[0].end);
  assert_true(f->scopes.at[0].end <= f->scopes.at[1].first);
  for (uint32_t i = 0; i < f->slots.n; i++)
    if (f->slots.at[i].memory != 0) assert_in_range(f->slots.at[i].scope, 1, 2);
  assert_int_equal(kiln_func_compile(f), KILN_OK);
  end_program(&p);
}

/* A kept function that is built again returns twice as it did. */
CASE(returns_twice) {
  struct program p;
  read_program(&p, CALLER "b0(v0: i64):\n  v1 = builtin_setjmp v0\n  ret v1\n}\n", small);
  kiln_func *f = kiln_session_begin_kept(p.s, kiln_symbol_lookup(p.m, "caller"));
  assert_true(f->facts.returns_twice && f->facts.sets_jump);
  kiln_func_discard(f);
  end_program(&p);
}

/* ---- debugging information ---- */

/* What is said of locations and variables: each copy has locations of its own, in which its call is named; inner calls
 * name outer ones; what is after a call has the location that it had. */
CASE(described) {
  static const char text[] = DEBUG
    "!inner = subprogram in !1 { name \"inner\", inline 1 }\n"
    "!x = formal_parameter in !inner { name \"x\" }\n!y = variable in !inner { name \"y\" }\n"
    "!outer = subprogram in !1 { name \"outer\", inline 1 }\n"
    "func internal @inner(i64) -> i64 {\n  %x = slot 8 align 8\n  %y = slot 8 align 8\n"
    "  !debug !inner in !2\n  !begin \"f.src\" 1:0 file !1 in !inner\n  !var !x %x\n  !var !y %y\n"
    "b0(v0: i64):\n  store.i64 v0, %x\n  !loc \"f.src\" 2:3 file !1 in !inner\n"
    "  %a = load.i64 %x\n  %b = add.i64 %a, %a\n  %d = icmp.i64 eq %a, 7\n  brif %d, b1, b2\n"
    "b1:\n  store.i64 %b, %y\n  br b3\nb2:\n  store.i64 %a, %y\n  br b3\n"
    "b3:\n  %c = load.i64 %y\n  ret %c\n}\n"
    "func internal @callee(i64) -> i64 {\n  !debug !outer in !2\n"
    "  !begin \"f.src\" 5:0 file !1 in !outer\nb0(v0: i64):\n"
    "  !loc \"f.src\" 6:3 file !1 in !outer\n  v1 = call @inner(v0)\n  v2 = call @inner(v1)\n  ret "
    "v2\n}\n"
    "func @caller(i64) -> i64 {\n  !debug !f in !2\n  !begin \"f.src\" 8:0 file !1 in !f\nb0(v0: "
    "i64):\n"
    "  !loc \"f.src\" 9:3 file !1 in !f\n  v1 = call @callee(v0)\n  v2 = mul.i64 v1, 3\n  ret "
    "v2\n}\n";
  struct program p;
  read_program(&p, text, small);
  static const char *const lines[] = {
    "  !call 1 \"f.src\" 9:3 file !1 in !3\n",
    "  !call 2 \"f.src\" 6:3 file !1 in !7 call 1\n",
    "  !var !6 slot0 call 2\n",
    "  !call 3 \"f.src\" 6:3 file !1 in !7 call 1\n",
    "  !var !6 slot1 call 3\n",
    "  !value !5 v0 call 2\n  !loc \"f.src\" 2:3 file !1 in !4 call 2\n  v1 = add.i64 v0, v0\n",
    "  store.i64 v0, slot0\n",
    "  !value !5 v8 call 3\n  !loc \"f.src\" 2:3 file !1 in !4 call 3\n  v9 = add.i64 v8, v8\n",
    "  store.i64 v8, slot1\n",
    "  !loc \"f.src\" 9:3 file !1 in !3\n  v17 = mul.i64 v16, 3\n",
  };
  const char *at = expanded(&p, "caller"), *out = at;
  for (size_t i = 0; i < sizeof lines / sizeof *lines; i++, at++)
    if ((at = strstr(at, lines[i])) == NULL) fail_msg("no %s in\n%s", lines[i], out);
  end_program(&p);
}

/* What is made of the results of a body is of the statement that calls it. */
CASE(described_results) {
  static const char text[] = DEBUG
    "!outer = subprogram in !1 { name \"outer\", inline 1 }\n"
    "func internal @callee(i64) -> i64 {\n  !debug !outer in !2\n"
    "  !begin \"f.src\" 5:0 file !1 in !outer\nb0(v0: i64):\n"
    "  !loc \"f.src\" 6:3 file !1 in !outer\n  v1 = mul.i64 v0, 5\n  ret v1\n}\n"
    "func @caller(i64) -> i32 {\n  !debug !f in !2\n  !begin \"f.src\" 8:0 file !1 in !f\nb0(v0: "
    "i64):\n"
    "  !loc \"f.src\" 9:3 file !1 in !f\n  v1 = call @callee(v0) as (i64) -> i32\n  ret v1\n}\n";
  struct program p;
  read_program(&p, text, small);
  const char *out = expanded(&p, "caller");
  if (strstr(out, "  !loc \"f.src\" 9:3 file !1 in !3\n  v2 = trunc.i32 i64 v1\n") == NULL)
    fail_msg("the trunc is not in the line of the call:\n%s", out);
  end_program(&p);
}

/* A parameter that is an address within a slot is an expression of that slot, and no code or slot is made for it; a
 * variable that nothing accesses is known by name. */
CASE(described_addresses) {
  struct program p;
  read_program(
    &p,
    DEBUG
    "!g = subprogram in !1 { name \"g\", inline 1 }\n!x = formal_parameter in !g { name \"x\" }\n"
    "!y = variable in !g { name \"y\" }\n"
    "func internal @callee(i64) -> i64 {\n  %x = slot 8 align 8\n  %y = slot 64 align 8\n"
    "  !debug !g in !2\n  !begin \"f.src\" 1:0 file !1 in !g\n  !var !x %x\n  !var !y %y\n"
    "b0(v0: i64):\n  store.i64 v0, %x\n  !loc \"f.src\" 2:3 file !1 in !g\n"
    "  %a = load.i64 %x\n  %b = load.i64 %a\n  ret %b\n}\n"
    "func @caller(i64) -> i64 {\n  slot0 = slot 16 align 8\n  !debug !f in !2\n"
    "  !begin \"f.src\" 8:0 file !1 in !f\nb0(v0: i64):\n  !loc \"f.src\" 9:3 file !1 in !f\n"
    "  v1 = addr slot0 + 8\n  v2 = call @callee(v1)\n  ret v2\n}\n",
    small);
  const char *out = expanded(&p, "caller"), *value = strstr(out, " slot0 call 1 [plus_uconst 8]\n");
  if (value == NULL || strstr(value, " none call 1\n") == NULL) fail_msg("%s", out);
  assert_non_null(strstr(value, "load.i64 slot0+8\n"));
  assert_null(strstr(out, "slot1"));
  end_program(&p);
}

/* A store to a part of a variable that nothing loads is left out, of a copy, too, and debuggers learn of it: what
 * is stored, if the block knows it. A statement of which nothing is left is noted where the next one begins. */
CASE(left_out) {
  struct program p;
  read_program(&p,
               DEBUG "!x = variable in !f { name \"x\" }\n" CALLER
                     "  %x = slot 16 align 8\n  %t = slot 16 align 8\n"
                     "  !debug !f in !2\n  !begin \"f.src\" 1:0 file !1 in !f\n  !var !x %x\n"
                     "b0(v0: i64):\n  !loc \"f.src\" 2:3 file !1 in !f\n  store.i64 v0, %t\n"
                     "  %s = mul.i64 v0, v0\n  store.i64 %s, %t+8\n"
                     "  !loc \"f.src\" 3:3 file !1 in !f\n  memcpy %x, %t, 16\n"
                     "  !loc \"f.src\" 4:3 file !1 in !f\n  %n = sub.i64 %s, v0\n"
                     "  !loc \"f.src\" 5:3 file !1 in !f\n  memcpy %x, v0, 16\n"
                     "  %b = load.i64 %x\n  %c = add.i64 %b, %s\n  ret %c\n}\n",
               small);
  kiln_func *f = kiln_session_begin_kept(p.s, kiln_symbol_lookup(p.m, "caller"));
  const struct kn_debug_store *stores = f->debug.stores.at;
  assert_int_equal(f->debug.stores.n, 3); /* one to %t, two to %x */
  for (unsigned k = 0; k < 3; k++) {
    assert_int_equal(stores[k].at, 8);
    assert_int_equal(stores[k].bytes, 8);
    assert_int_not_equal(f->inst[stores[k].inst].op, KILN_OP_SEG);
  }
  assert_int_equal(f->inst[stores[0].value].op, KILN_OP_MUL);
  assert_int_equal(stores[1].value, stores[0].value);
  assert_int_not_equal(stores[1].slot, stores[0].slot);
  assert_int_equal(stores[2].value, 0);
  uint32_t passed = 0;
  for (uint32_t k = 0; k < f->notes[KN_NOTE_PASSED].n; k++) {
    const struct kn_note *note = &f->notes[KN_NOTE_PASSED].at[k];
    passed += note->loc.line == 4;
    assert_int_not_equal(f->inst[note->inst].op, KILN_OP_SEG);
  }
  assert_int_equal(passed, 1);
  kiln_func_discard(f);
  end_program(&p);
}

/* Whether debug information changes code is the module's attribute and the function's, with inlining and without; what
 * is stored once is kept, too. */
CASE(variables) {
#define NOTES "  !debug !f in !2\n  !begin \"f.src\" 8:0 file !1 in !f\n  !var !x %x\n"
  static const struct {
    const char *notes;
    kiln_variables how;
  } cases[] = {{"", KILN_VARIABLES_AS_IS},
               {NOTES, KILN_VARIABLES_AS_IS},
               {NOTES, KILN_VARIABLES_KEPT},
               {"  !foreign\n" NOTES, KILN_VARIABLES_KEPT},
               {"  !foreign\n" NOTES, KILN_VARIABLES_ALL},
               {NOTES, KILN_VARIABLES_ALL}};
  enum { CASES = sizeof cases / sizeof *cases };
  for (unsigned i = 0; i < 3; i++) {
    uint64_t bytes[CASES];
    for (unsigned k = 0; k < CASES; k++) {
      struct program p;
      char text[1000];
      snprintf(text, sizeof text,
               DEBUG "!x = variable in !f { name \"x\" }\n" CALLER "  %%x = slot 8 align 8\n%s"
                     "b0(v0: i64):\n  store.i64 v0, %%x\n%s"
                     "  v3 = mul.i64 v0, v0\n  ret v3\n}\n",
               cases[k].notes, i < 2 ? "  store.i64 v0, %x\n" : "");
      kiln_module_attrs attrs = {.inlining = i ? KILN_INLINING_SMALL : KILN_INLINING_OFF,
                                 .variables = cases[k].how};
      read_program(&p, text, attrs);
      expanded(&p, "caller");
      bytes[k] = p.s->out->funcs.at[0].size;
      end_program(&p);
    }
    assert_int_equal(bytes[1], bytes[0]);
    assert_true(bytes[2] > bytes[0]);
    assert_int_equal(bytes[3], bytes[0]);
    assert_int_equal(bytes[4], bytes[2]);
    assert_int_equal(bytes[5], bytes[2]);
  }
#undef NOTES
}

/* ---- foreign functions alone ---- */

static const kiln_module_attrs foreign = {.inlining = KILN_INLINING_FOREIGN};

/* Which functions are inlined; into all. */
CASE(foreign_alone) {
  static const struct {
    const char *callee, *caller;
    bool calls;
  } all[] = {{"", "", true},
             {"  !foreign\n", "", false},
             {"  !foreign\n", "  !foreign\n", false},
             {"", "  !foreign\n", true},
             {"  !inline always\n", "", false},
             {"  !inline hint\n", "", true},
             {"  !foreign\n  !inline never\n", "", true}};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    struct program p;
    char text[1000];
    snprintf(text, sizeof text, CALLEE "%s" DOUBLE CALLER "%s" CALL, all[i].callee, all[i].caller);
    read_program(&p, text, foreign);
    const char *why = kiln_symbol_why_not_inlined(p.m, kiln_symbol_lookup(p.m, "callee"));
    if (i == 0) assert_string_equal(why, kn_inline_text[KN_INLINE_OFF]);
    assert_int_equal(calls(&p), all[i].calls);
    end_program(&p);
  }
}

/* A callee with a variable in a slot that is stored twice, and a caller with one in a slot that is stored once. */
#define FOREIGN_DEBUG                                                                              \
  DEBUG                                                                                            \
  "!x = variable in !f { name \"x\" }\n!g = subprogram in !1 { name \"g\", inline 1 }\n"           \
  "!y = variable in !g { name \"y\" }\n" CALLEE "  %y = slot 8 align 8\n  !foreign\n"              \
  "  !debug !g in !2\n  !begin \"g.src\" 1:0 file !1 in !g\n  !var !y %y\nb0(v0: i64):\n"          \
  "  !loc \"g.src\" 2:3 file !1 in !g\n  store.i64 v0, %y\n  v1 = mul.i64 v0, v0\n"                \
  "  !loc \"g.src\" 3:3 file !1 in !g\n  store.i64 v1, %y\n  v2 = load.i64 %y\n  ret v2\n}\n"
#define FOREIGN_CALLER                                                                             \
  "  %x = slot 8 align 8\n  !debug !f in !2\n  !begin \"f.src\" 7:0 file !1 in !f\n"               \
  "  !var !x %x\nb0(v0: i64):\n  !loc \"f.src\" 8:3 file !1 in !f\n  store.i64 v0, %x\n"           \
  "  !loc \"f.src\" 9:3 file !1 in !f\n  v1 = call @callee(v0)\n"                                  \
  "  !loc \"f.src\" 9:9 file !1 in !f\n  v2 = mul.i64 v1, 3\n"                                     \
  "  !loc \"f.src\" 10:3 file !1 in !f\n  v3 = load.i64 %x\n  v4 = add.i64 v2, v3\n  ret v4\n}\n"

/* A function that is not foreign keeps its variables, which are stored as before, and those of what is inlined into it
 * are not described; each of its statements has an address of its own, and debuggers come to each once. */
CASE(foreign_described) {
  struct program p;
  read_program(&p, FOREIGN_DEBUG CALLER FOREIGN_CALLER, foreign);
  const char *out = expanded(&p, "caller");
  if (strstr(out, "  !var !4 slot0\n") == NULL || strstr(out, "store.i64 v0, slot0\n") == NULL ||
      strstr(out, "= load.i64 slot0\n") == NULL || strstr(out, "\"g.src\" 2:3 file") == NULL ||
      strstr(out, "!6 ") != NULL)
    fail_msg("%s", out);
  const struct kn_code_line *line_rows = p.s->out->lines.at;
  uint32_t stops[11] = {0}, found[11] = {0};
  for (uint32_t k = 1; k < p.s->out->lines.n; k++) { /* [0]: where the function begins */
    if (!(line_rows[k].flags & KN_LINE_STMT)) continue;
    stops[line_rows[k].loc.line]++;
    found[line_rows[k].loc.line] = line_rows[k].offset;
  }
  for (unsigned line = 8; line <= 10; line++) assert_int_equal(stops[line], 1);
  assert_true(found[8] < found[9] && found[9] < found[2] && found[2] < found[10]);
  end_program(&p);
  /* in a foreign function, all is as it is */
  read_program(&p, FOREIGN_DEBUG CALLER "  !foreign\n" FOREIGN_CALLER, foreign);
  out = expanded(&p, "caller");
  if (strstr(out, "  !value !4 v0\n") == NULL || strstr(out, "  !var !6 slot0 call 1\n") == NULL ||
      strstr(out, "slot1") != NULL)
    fail_msg("%s", out);
  end_program(&p);
}

/* ---- what is reachable ---- */

CASE(reachable) {
  struct program p;
  read_program(&p,
               CALLEE DOUBLE
               "func internal @used(i64) -> i64 {\n  !inline never\n" DOUBLE
               "func internal @shown(i64) -> i64 {\n" DOUBLE
               "data @table {\n  addr @shown\n}\n" CALLER
               "b0(v0: i64):\n  v1 = call @callee(v0)\n  v2 = call @used(v1)\n  ret v2\n}\n",
               small);
  kiln_symbol callee = kiln_symbol_lookup(p.m, "callee"), used = kiln_symbol_lookup(p.m, "used");
  assert_true(kiln_symbol_is_reachable(p.m, kiln_symbol_lookup(p.m, "shown")));
  assert_false(kiln_symbol_is_reachable(p.m, used));
  expanded(&p, "caller");
  assert_true(kiln_symbol_is_reachable(p.m, used));
  assert_false(kiln_symbol_is_reachable(p.m, callee));
  end_program(&p);
}

/* A module to keep functions in, and one that is finished. */
static kiln_func *to_keep(struct program *p, const char *name) {
  if (p->m == NULL) {
    *p = (struct program){
      .m = kiln_module_new(&(kiln_module_options){.target.processor = KILN_PROCESSOR_X86_64})};
    p->s = kiln_session_new(p->m);
  }
  kiln_sig sig = kiln_sig_new(p->m, KILN_CC_C, 0, NULL, 0, NULL, 0);
  kiln_func *f =
    kiln_func_begin(p->s, kiln_func_declare(p->m, &(kiln_symbol_desc){.name = name}, sig));
  kiln_build_ret(f, NULL, 0);
  return f;
}

/* Keeps @f again, after `what`: the module has the error, and the front end the function. */
static void kept_late(kiln_status (*what)(kiln_module *m), bool first) {
  struct program p = {0};
  if (first) assert_int_equal(kiln_func_keep(to_keep(&p, "f")), KILN_OK);
  kiln_func *f = to_keep(&p, "f");
  if (what != NULL) assert_int_equal(what(p.m), KILN_OK);
  assert_int_equal(kiln_func_keep(f), KILN_ERR_STRUCTURE);
  assert_non_null(strstr(kiln_module_diag(p.m)->message, "'f' cannot be kept"));
  kiln_func_discard(f);
  end_program(&p);
}

/* What is kept at the wrong time is an error of the module, also if nothing was kept before. */
static void kept_at_the_wrong_time(void **state) {
  (void)state;
  kept_late(kiln_module_settle_inlining, false);
  kept_late(kiln_module_freeze, false);
  kept_late(NULL, true);
}

/* A kept function that nobody begins would be missing in the object; its front end may say that it is not needed. */
static void kept_and_never_begun(void **state) {
  (void)state;
  for (unsigned how = 0; how < 3; how++) {
    struct program p = {0};
    kiln_buffer out = {0};
    assert_int_equal(kiln_func_keep(to_keep(&p, "f")), KILN_OK);
    assert_int_equal(kiln_module_settle_inlining(p.m), KILN_OK);
    kiln_symbol f = kiln_symbol_lookup(p.m, "f");
    if (how == 1) assert_int_equal(kiln_symbol_set_inline_only(p.m, f), KILN_OK);
    if (how == 2) kiln_func_discard(kiln_session_begin_kept(p.s, f));
    assert_int_equal(kiln_emit_object(p.m, &p.s, 1, &out), how == 0 ? KILN_ERR_STRUCTURE : KILN_OK);
    if (how == 0) assert_string_equal(kiln_module_diag(p.m)->function, "f");
    kiln_buffer_free(&out);
    end_program(&p);
  }
}

/* The tests before this one had a program for each row. */
CASE(no_row_left_out) {
  for (unsigned i = KN_INLINE_NONE + 1; i < KN_INLINE_COUNT; i++)
    if (!tested[i]) fail_msg("no program for: %s", kn_inline_text[i]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(frames),
    cmocka_unit_test(recursion),
    cmocka_unit_test(each_row),
    cmocka_unit_test(sizes),
    cmocka_unit_test(growth),
    cmocka_unit_test(growth_by_tries),
    cmocka_unit_test(personalities),
    cmocka_unit_test(scopes),
    cmocka_unit_test(returns_twice),
    cmocka_unit_test(described),
    cmocka_unit_test(described_results),
    cmocka_unit_test(described_addresses),
    cmocka_unit_test(left_out),
    cmocka_unit_test(reachable),
    cmocka_unit_test(embedder),
    cmocka_unit_test(constants),
    cmocka_unit_test(constants_of_callers),
    cmocka_unit_test(unreachable),
    cmocka_unit_test(variables),
    cmocka_unit_test(foreign_alone),
    cmocka_unit_test(foreign_described),
    cmocka_unit_test(kept_at_the_wrong_time),
    cmocka_unit_test(kept_and_never_begun),
    cmocka_unit_test(no_row_left_out),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
