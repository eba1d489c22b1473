/* The life of a function in the builder: begin, finish, discard, recycling, source locations, and every
 * allocation failing in turn. */
#include "build_fixture.h"
#include "failing.h"

/* The arrays of a discarded function are reused by the next, which sees nothing of their content. */
static void functions_are_recycled(void **state) {
  struct fixture *t = *state;
  kiln_func *f = t->f;
  for (int round = 0; round < 3; round++) {
    kiln_value b = kiln_func_param(f, 1);
    kiln_block other = kiln_block_new(f);
    kiln_block_add_param(f, other, I32);
    kiln_value s = kiln_slot_new(f, 4, 2);
    kiln_value forward = kiln_forward_new(f, I32);
    for (int i = 0; i < 5000; i++) kiln_build_store(f, I32, s, 0, i & 1 ? b : forward, 0);
    kiln_forward_bind(f, forward, b);
    kiln_func_set_loc(f, kiln_loc_new(t->s, kiln_file_new(t->s, "f.c"), 1, 1));
    kiln_func_set_text_position(f, 3, 4);
    kiln_build_br(f, other, &b, 1);
    kiln_block_switch(f, other);
    assert_int_equal(finish_ret(f), KILN_OK);
    assert_true(f->n > 5000);
    assert_int_equal(uses(f, b), 5001);
    kiln_func *was = f;
    f = again(t);
    assert_ptr_equal(f, was);
    assert_int_equal(f->n, 3);
    assert_int_equal(f->blocks.n, 1);
    assert_int_equal(f->slots.n + f->globals.n + f->rows.n + f->forwards.n + f->forward_uses.n, 0);
    assert_int_equal(f->edges.n + f->edge_args.n + f->notes[KN_NOTE_LOC].n +
                       f->notes[KN_NOTE_TEXT_POSITION].n + f->late_args.n,
                     0);
    assert_false(f->facts.finished || f->facts.has_params || f->facts.has_calls ||
                 f->facts.needs_order);
    assert_int_equal(uses(f, kiln_func_param(f, 1)), 0);
    assert_true(f->cap > 5000);
  }
  /* Several may be open at once, and end in any order. */
  kiln_func *g = kiln_func_begin(t->s, t->callee);
  assert_ptr_not_equal(g, f);
  kiln_value p = kiln_func_param(g, 1);
  kiln_func_discard(f);
  kiln_build_ret(g, &p, 1);
  assert_int_equal(kiln_func_finish(g), KILN_OK);
  t->f = kiln_func_begin(t->s, t->func);
  assert_int_equal(kiln_func_status(t->f), KILN_OK);
  kiln_func_discard(g);
  kiln_func_discard(NULL);
}

static void bodies_are_given_once(void **state) {
  struct fixture *t = *state;
  assert_int_equal(kiln_func_status(kiln_func_begin(t->s, t->func)), KILN_ERR_SYMBOL);
  assert_true(kiln_symbol_get(t->m, t->func).defined);
  kiln_func_discard(t->f);
  assert_false(kiln_symbol_get(t->m, t->func).defined);
  t->f = kiln_func_begin(t->s, t->func);
  assert_int_equal(kiln_func_status(t->f), KILN_OK);
  assert_int_equal(kiln_func_status(kiln_func_begin(t->s, t->data)), KILN_ERR_SYMBOL);
  assert_int_equal(kiln_func_status(kiln_func_begin(t->s, (kiln_symbol){0})), KILN_ERR_ARGUMENT);
  kiln_func *f = kiln_func_begin(t->s, (kiln_symbol){999});
  assert_int_equal(kiln_func_status(f), KILN_ERR_ARGUMENT);
  assert_int_equal(kiln_build_nullary(f, KILN_OP_UNREACHABLE).id, 0);
  assert_int_equal(kiln_func_finish(f), KILN_ERR_ARGUMENT);
}

static void no_building_after_finish(void **state) {
  struct fixture *t = *state;
  kiln_func *f = t->f;
#define FINISH (void)finish_ret(f)
  FAILS(KILN_ERR_STRUCTURE, (FINISH, kiln_build_nullary(f, KILN_OP_DEBUG_TRAP)));
  FAILS(KILN_ERR_STRUCTURE, (FINISH, kiln_block_new(f)));
  FAILS(KILN_ERR_STRUCTURE, (FINISH, kiln_slot_new(f, 4, 2)));
  FAILS(KILN_ERR_STRUCTURE, (FINISH, kiln_block_switch(f, block(0)), 0));
  FINISH;
  assert_int_equal(kiln_func_finish(f), KILN_OK);
}

static void locations(void **state) {
  struct fixture *t = *state;
  kiln_func *f = t->f;
  uint32_t one = kiln_loc_new(t->s, kiln_file_new(t->s, "f.c"), 1, 1),
           two = kiln_loc_new(t->s, kiln_file_new(t->s, "f.c"), 2, 1);
  kiln_value b = kiln_func_param(f, 1);
  kiln_func_set_loc(f, one);
  kiln_func_set_loc(f, two); /* nothing was built at `one` */
  uint32_t first = f->n;
  kiln_build_unary(f, KILN_OP_NEG, I32, b);
  kiln_func_set_loc(f, two);
  kiln_build_unary(f, KILN_OP_NEG, I32, b);
  kiln_func_set_loc(f, 0);
  assert_int_equal(f->notes[KN_NOTE_LOC].n, 2);
  assert_int_equal(f->notes[KN_NOTE_LOC].at[0].inst, first);
  assert_int_equal(f->notes[KN_NOTE_LOC].at[0].loc.line, 2);
  assert_int_equal(kn_loc_full(&t->s->sources, f->notes[KN_NOTE_LOC].at[0].loc)->file, 0);
  assert_int_equal(f->notes[KN_NOTE_LOC].at[1].inst, first + 2);
  assert_int_equal(f->notes[KN_NOTE_LOC].at[1].loc.scope, 0);
  FAILS(KILN_ERR_ARGUMENT, (kiln_func_set_loc(f, 99), 0));
  kiln_func_set_text_position(f, 7, 3);
  kiln_build_unary(f, KILN_OP_NEG, I64, b);
  assert_int_equal(t->diag.line, 7);
  assert_int_equal(t->diag.column, 3);
}

static void located(kiln_func *f, const kiln_location *at) {
  if (at != NULL) kiln_func_set_location(f, at);
  else kiln_func_set_loc(f, 0);
  kiln_build_unary(f, KILN_OP_NEG, I32, kiln_func_param(f, 1));
}

/* Equal locations are one only if there are none between; each that begins a statement is another. */
static void equal_locations(void **state) {
  struct fixture *t = *state;
  kiln_func *f = t->f;
  kiln_location at = {.file = kiln_file_new(t->s, "f.c"), .line = 1, .column = 1}, other = at;
  other.line = 2;
  located(f, &at);
  kiln_func_set_loc(f, 0); /* nothing was built here */
  located(f, &at);
  assert_int_equal(f->notes[KN_NOTE_LOC].n, 1);
  located(f, NULL);
  located(f, &at);
  located(f, &other);
  located(f, &at);
  const struct kn_note *notes = f->notes[KN_NOTE_LOC].at;
  assert_int_equal(f->notes[KN_NOTE_LOC].n, 5);
  assert_true(kn_loc_goes_on(&notes[0], &notes[2]));
  assert_true(kn_loc_goes_on(&notes[2], &notes[0]));
  assert_true(kn_loc_is(notes[2].loc, notes[4].loc));
  assert_false(kn_loc_goes_on(&notes[2], &notes[4]));
  assert_false(kn_loc_goes_on(&notes[0], &notes[4]));
  at.flags = KILN_LOC_STMT;
  located(f, &at);
  located(f, &at);
  notes = f->notes[KN_NOTE_LOC].at;
  assert_int_equal(f->notes[KN_NOTE_LOC].n, 7);
  assert_false(kn_loc_is(notes[5].loc, notes[6].loc));
}

/* A line has the file and flags of the newest location, and is what kiln_func_set_location would make of that. */
static void lines(void **state) {
  struct fixture *t = *state;
  kiln_func *f = t->f;
  FAILS(KILN_ERR_ARGUMENT, (kiln_func_set_line(f, 1, 1), 0));
  kiln_location at = {.file = kiln_file_new(t->s, "f.c"), .line = 1, .column = 1};
  at.flags = KILN_LOC_NOT_STMT;
  located(f, &at);
  const uint32_t n = t->s->sources.locs.n;
  kiln_func_set_line(f, 2, 3);
  kiln_build_unary(f, KILN_OP_NEG, I32, kiln_func_param(f, 1));
  at.line = 2, at.column = 3;
  located(f, &at);
  const struct kn_note *notes = f->notes[KN_NOTE_LOC].at;
  assert_int_equal(f->notes[KN_NOTE_LOC].n, 3);
  assert_true(kn_loc_is(notes[1].loc, notes[2].loc));
  assert_false(kn_loc_is(notes[0].loc, notes[1].loc));
  assert_int_equal(t->s->sources.locs.n, n);
  at.flags = KILN_LOC_STMT;
  located(f, &at);
  kiln_func_set_line(f, 2, 3);
  kiln_build_unary(f, KILN_OP_NEG, I32, kiln_func_param(f, 1));
  notes = f->notes[KN_NOTE_LOC].at;
  assert_int_equal(f->notes[KN_NOTE_LOC].n, 5);
  assert_false(kn_loc_is(notes[3].loc, notes[4].loc));
  assert_int_equal(kn_loc_full(&t->s->sources, notes[4].loc)->flags, KILN_LOC_STMT);
}

/* ---- memory failures ---- */

/* Whichever allocation fails: an error status, no crash, no leak (ASan reports these). */
static void allocations_may_fail(void **state) {
  struct fixture *t = *state;
  bool complete = false;
  for (unsigned n = 0; !complete; n++) {
    assert_true(n < 1000);
    struct failing memory = {.fail_at = n + 1, .on = true};
    kiln_module_options options = {.target.processor = KILN_PROCESSOR_X86_64,
                                   .allocator = failing_allocator(&memory)};
    kiln_module *m = kiln_module_new(&options);
    kiln_session *s = m ? kiln_session_new(m) : NULL;
    if (s) {
      kiln_param p[2] = {{.type = I64}, {.type = I32}};
      kiln_sig sig = kiln_sig_new(m, KILN_CC_C, 0, p, 2, (kiln_type[]){I32}, 1);
      kiln_func *f =
        kiln_func_begin(s, kiln_func_declare(m, &(kiln_symbol_desc){.name = "f"}, sig));
      if (f != NULL) {
        kiln_value b = kiln_func_param(f, 1);
        kiln_block loop = kiln_block_new(f), end = kiln_block_new(f);
        kiln_value q = kiln_block_add_param(f, loop, I32), w = kiln_forward_new(f, I32);
        kiln_value slot = kiln_slot_new(f, 4, 2);
        kiln_edge_set_arg(f, block(0), loop, 0, b);
        kiln_build_br(f, loop, NULL, 0);
        kiln_block_switch(f, loop);
        for (int i = 0; i < 600; i++) kiln_build_store(f, I32, slot, 0, i & 1 ? b : w, 0);
        kiln_forward_bind(f, w, kiln_build_binary(f, KILN_OP_ADD, I32, q, kiln_const_int(f, 1)));
        kiln_value c = kiln_build_icmp(f, KILN_ICOND_EQ, I32, w, kiln_const_int(f, INT64_MAX));
        kiln_build_brif(f, c, loop, &w, 1, end, NULL, 0);
        kiln_block_switch(f, end);
        kiln_build_ret(f, &w, 1);
        kiln_status status = kiln_func_finish(f);
        complete = status == KILN_OK;
        if (!complete) {
          assert_int_equal(status == KILN_ERR_MEMORY || kiln_module_status(m) == KILN_ERR_MEMORY,
                           true);
        }
      } else {
        assert_int_equal(kiln_module_status(m), KILN_ERR_MEMORY);
      }
    }
    kiln_session_free(s);
    if (m) kiln_module_free(m);
  }
  (void)t;
}

/* Returns memory filled with ones. Two words before the block hold its size. */
static void *dirty_realloc(void *user, void *old, size_t size) {
  (void)user;
  size_t *at = old ? (size_t *)old - 2 : NULL, had = at ? at[0] : 0;
  if (size == 0) {
    free(at);
    return NULL;
  }
  at = realloc(at, size + 2 * sizeof *at);
  if (at == NULL) return NULL;
  at[0] = size;
  if (size > had) memset((char *)(at + 2) + had, 0xff, size - had);
  return at + 2;
}

/* A terminator that cannot be lowered ends the function, whatever lies in memory after it. */
CASE(nothing_follows_the_last) {
  for (kiln_processor target = 1; target < KILN_PROCESSOR_COUNT; target++) {
    kiln_module *m = kiln_module_new(
      &(kiln_module_options){.target.processor = target, .allocator = {dirty_realloc, NULL}});
    assert_non_null(m);
    kiln_session *s = kiln_session_new(m);
    /* a type of the other target */
    const kiln_type type = target == KILN_PROCESSOR_X86_64 ? KILN_TYPE_F128 : KILN_TYPE_F80;
    kiln_sig sig = kiln_sig_new(m, KILN_CC_C, 0, NULL, 0, &type, 1);
    kiln_func *f = kiln_func_begin(s, kiln_func_declare(m, &(kiln_symbol_desc){.name = "f"}, sig));
    kiln_value one = kiln_const_bits(f, type, UINT64_C(1) << 63, 0x3fff);
    kiln_build_ret(f, &one, 1);
    assert_int_equal(kiln_func_compile(f), KILN_ERR_UNSUPPORTED);
    kiln_session_free(s);
    kiln_module_free(m);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(functions_are_recycled),   TEST(bodies_are_given_once),
    TEST(no_building_after_finish), TEST(locations),
    TEST(equal_locations),          TEST(lines),
    TEST(allocations_may_fail),     TEST(nothing_follows_the_last),
  };
  return cmocka_run_group_tests_name("build_life", tests, NULL, NULL);
}
