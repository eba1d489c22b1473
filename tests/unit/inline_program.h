/* Programs of which functions are kept, and inlined: text in which "caller" calls "callee", whose symbol nothing else
 * refers to. Included by inline.c and inline_made.c. */
#ifndef KN_TESTS_INLINE_PROGRAM_H
#define KN_TESTS_INLINE_PROGRAM_H

#include "build_fixture.h"

#include <kiln/kiln.h>

enum { MAX_HELD = 4 };

struct program {
  kiln_module *m;
  kiln_session *s;
  kiln_buffer text;          /* the functions that were asked for, as text */
  kiln_func *held[MAX_HELD]; /* functions that were not kept */
  unsigned n_held;
  /* what is done to a function before it is kept, that text cannot say; or NULL */
  void (*change)(kiln_func *f, const char *name);
};

/* The policy of programs that are read from now on, and why the newest call of a kept function, or the newest function
 * that could not be kept, is not inlined: NULL, it is. */
static kiln_inline_attrs policy;
static const char *told;
/* Why the callee is not inlined, as far as its own instructions say. */
static const char *early;

static kiln_status keep(void *user, kiln_func *f) {
  struct program *p = user;
  if (p->change != NULL) p->change(f, kiln_symbol_get(p->m, kiln_func_symbol(f)).desc.name);
  const kiln_symbol symbol = kiln_func_symbol(f);
  const bool kept = kiln_func_keep(f) == KILN_OK;
  if (symbol.id == kiln_symbol_lookup(p->m, "callee").id)
    early = kiln_symbol_why_not_inlined(p->m, symbol);
  if (kept) return KILN_OK;
  told = kiln_func_why_not_kept(f);
  assert_non_null(told);
  assert_true(p->n_held < MAX_HELD);
  p->held[p->n_held++] = f;
  return KILN_OK;
}

/* Reads a program, keeps what can be kept, and settles. */
static void read_changed(struct program *p, const char *text, kiln_module_attrs attrs,
                         void (*change)(kiln_func *f, const char *name)) {
  kiln_module_options options = {.pic = KILN_PIC_FULL, .verify = true};
  kiln_target_find("x86_64", &options.target);
  *p = (struct program){.m = kiln_module_new(&options), .change = change};
  p->s = kiln_session_new(p->m);
  assert_int_equal(kiln_module_set_attrs(p->m, &attrs), KILN_OK);
  assert_int_equal(kiln_module_set_inline_attrs(p->m, &policy), KILN_OK);
  told = NULL;
  if (kiln_text_read(p->s, text, strlen(text), keep, p) != KILN_OK)
    fail_msg("%s\n%s", kiln_module_diag(p->m)->message, text);
  assert_int_equal(kiln_module_settle_inlining(p->m), KILN_OK);
  assert_int_equal(kiln_module_track_reachability(p->m), KILN_OK);
}

static void read_program(struct program *p, const char *text, kiln_module_attrs attrs) {
  read_changed(p, text, attrs, NULL);
}

/* The text of a kept function, with calls inlined; it is verified and compiled, too. */
static const char *expanded(struct program *p, const char *name) {
  kiln_symbol symbol = kiln_symbol_lookup(p->m, name);
  kiln_func *f = kiln_session_begin_kept(p->s, symbol);
  assert_non_null(f);
  p->text.size = 0;
  if (kiln_func_status(f) != KILN_OK || kiln_func_verify(f) != KILN_OK)
    fail_msg("%s", kiln_module_diag(p->m)->message);
  assert_int_equal(kiln_func_print(f, &p->text), KILN_OK);
  kiln_buffer_append(&p->text, "", 1);
  assert_int_equal(kiln_func_compile(f), KILN_OK);
  return (const char *)p->text.data;
}

static void end_program(struct program *p) {
  for (unsigned i = 0; i < p->n_held; i++) kiln_func_discard(p->held[i]);
  kiln_buffer_free(&p->text);
  kiln_session_free(p->s);
  kiln_module_free(p->m);
}

static const kiln_module_attrs small = {.inlining = KILN_INLINING_SMALL,
                                        .variables = KILN_VARIABLES_AS_IS};

/* ---- what several programs have ---- */

#define PERSONAL "declare @p()\ndeclare @q()\ndeclare @other(i64) -> i64\nextern data @type\n"
/* A caller with a TRY that takes `clauses`. */
#define TRIES(clauses)                                                                             \
  "func @caller(i64) -> i64 personality @p {\n"                                                    \
  "b0(v0: i64):\n  try @callee(v0) to b1(result 0) unwind b2(exception 0) [" clauses "]\n"         \
  "b1(v2: i64):\n  ret v2\nb2(v3: i64):\n  resume v3\n}\n"

#endif
