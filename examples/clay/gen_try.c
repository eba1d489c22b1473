/* try, catch, finally and throw. Called by gen.c; gen_call.c asks it for each call that may unwind.
 *
 * A `try` with both catch and finally is a try with finally around one with catch, so there are two kinds of *region*.
 * Each has a landing pad, to which all calls in it unwind. What a region does not catch goes on to the pad of the
 * region around it, or out of the function. A `finally` is built once: whoever comes to it says where to go on. */
#include "gen.h"

#include <stdio.h>

/* A way out of a finally by break, continue or return. */
struct exit {
  kiln_block block;
  struct exit *next;
};

struct region {
  const struct stmt *catches;     /* or NULL: it has a finally */
  kiln_block pad;                 /* its parameters: exception, selector */
  bool used;                      /* something unwinds to the pad */
  kiln_block finally;             /* its parameter: where to go on */
  kiln_value exception, selector; /* slots: what is on its way while the finally runs */
  struct exit *exits, **exits_end;
  uint32_t n_exits;
  struct region *outer;
};

/* Where to go on after a finally. */
enum { GO_ON, UNWIND, FIRST_EXIT };

/* The symbols of simple types are the runtime's. */
kiln_symbol gen_type_symbol(struct gen *g, const struct type *t) {
  char name[256];
  if (t->kind != TYPE_RECORD) snprintf(name, sizeof name, "clay_type_%s", t->name);
  else snprintf(name, sizeof name, "clay.type.%s.%u", t->name, t->input);
  return kiln_data_declare(g->m, &(kiln_symbol_desc){.name = name});
}

/* ---- calls ---- */

/* What the regions around the current statement catch, from the inside out, and the finally of any of them. */
static kiln_clause *gather(struct gen *g, uint32_t *n) {
  uint32_t count = 1;
  bool cleanup = false;
  for (struct region *r = g->regions; r != NULL; r = r->outer)
    for (const struct stmt *s = r->catches; s != NULL; s = s->next) count++;
  kiln_clause *clauses = clay_alloc(g->c, count * sizeof *clauses);
  *n = 0;
  for (struct region *r = g->regions; r != NULL; r = r->outer) {
    cleanup |= r->catches == NULL;
    for (const struct stmt *s = r->catches; s != NULL; s = s->next)
      clauses[(*n)++] =
        (kiln_clause){.kind = KILN_CLAUSE_CATCH, .type = gen_type_symbol(g, s->var->type)};
  }
  if (cleanup) clauses[(*n)++] = (kiln_clause){.kind = KILN_CLAUSE_CLEANUP};
  return clauses;
}

kiln_value gen_unwinding_call(struct gen *g, kiln_sig sig, kiln_symbol callee,
                              const kiln_value *args, uint32_t n) {
  kiln_func *f = g->f;
  kiln_value to = kiln_const_symbol(f, callee, 0), given = {0}, result = {0};
  if (g->regions == NULL) return kiln_build_call(f, sig, to, args, n);
  kiln_sig_info info = kiln_sig_get(g->m, sig);
  kiln_block on = kiln_block_new(f);
  if (info.n_results > 0) {
    given = kiln_try_result(f, sig, 0);
    result = kiln_block_add_param(f, on, (kiln_type)info.results[0]);
  }
  kiln_value caught[2] = {kiln_try_exception(f), kiln_try_selector(f)};
  kiln_try_desc t = {
    .sig = sig,
    .callee = to,
    .args = args,
    .n_args = n,
    .normal = on,
    .normal_args = &given,
    .n_normal_args = info.n_results,
    .unwind = g->regions->pad,
    .unwind_args = caught,
    .n_unwind_args = 2,
  };
  t.clauses = gather(g, &t.n_clauses);
  kiln_sig none = kiln_sig_new(g->m, KILN_CC_C, KILN_SIG_VARIADIC, NULL, 0, NULL, 0);
  kiln_func_set_attrs(
    f, &(kiln_func_attrs){.personality = kiln_func_declare(
                            g->m, &(kiln_symbol_desc){.name = "clay_personality"}, none)});
  kiln_build_try(f, &t);
  g->regions->used = true;
  kiln_block_switch(f, on);
  return result;
}

void gen_throw(struct gen *g, struct stmt *s) {
  kiln_value args[3] = {gen_to_cell(g, s->a->type, gen_expr(g, s->a))};
  args[1] = kiln_const_symbol(g->f, gen_type_symbol(g, s->a->type), 0);
  args[2] = kiln_const_int(
    g->f, s->a->type->kind == TYPE_RECORD ? -1 : (int64_t)(s->a->type->kind - TYPE_INT));
  gen_runtime(g, RT_throw, s->at, args);
}

/* ---- regions ---- */

static bool ended(struct gen *g) {
  return kiln_block_is_terminated(g->f, kiln_block_current(g->f));
}

/* An exception that the region just left does not catch. */
static void unwind_further(struct gen *g, kiln_value exception, kiln_value selector) {
  if (g->regions == NULL) {
    kiln_build_unary(g->f, KILN_OP_RESUME, KILN_TYPE_I64, exception);
  } else {
    kiln_value args[2] = {exception, selector};
    g->regions->used = true;
    kiln_build_br(g->f, g->regions->pad, args, 2);
  }
}

static struct region region(struct gen *g, const struct stmt *catches, kiln_value *exception,
                            kiln_value *selector) {
  struct region r = {.catches = catches, .pad = kiln_block_new(g->f), .outer = g->regions};
  *exception = kiln_block_add_param(g->f, r.pad, KILN_TYPE_I64);
  *selector = kiln_block_add_param(g->f, r.pad, KILN_TYPE_I32);
  return r;
}

static void gen_catches(struct gen *g, struct stmt *s) {
  kiln_func *f = g->f;
  kiln_value exception, selector;
  struct region r = region(g, s->catches, &exception, &selector);
  kiln_block done = kiln_block_new(f);
  g->regions = &r;
  gen_list(g, s->body);
  if (!ended(g)) kiln_build_br(f, done, NULL, 0);
  g->regions = r.outer;
  if (r.used) {
    kiln_block_switch(f, r.pad);
    for (struct stmt *c = s->catches; c != NULL; c = c->next) {
      kiln_block yes = kiln_block_new(f), no = kiln_block_new(f);
      kiln_value id = kiln_const_typeid(f, gen_type_symbol(g, c->var->type));
      kiln_build_brif(f, kiln_build_icmp(f, KILN_ICOND_EQ, KILN_TYPE_I32, selector, id), yes, NULL,
                      0, no, NULL, 0);
      kiln_block_switch(f, yes);
      kiln_value cell = gen_runtime(g, RT_caught, c->at, &exception);
      kiln_die outer = gen_debug_scope(g);
      gen_bind(g, c->var, gen_from_cell(g, c->var->type, cell), false);
      gen_list(g, c->body);
      g->debug.scope = outer;
      if (!ended(g)) kiln_build_br(f, done, NULL, 0);
      kiln_block_switch(f, no);
    }
    unwind_further(g, exception, selector);
  }
  kiln_block_switch(f, done);
}

static void gen_finally(struct gen *g, struct stmt *s) {
  kiln_func *f = g->f;
  kiln_value exception, selector, go_on = kiln_const_int(f, GO_ON),
                                  unwind = kiln_const_int(f, UNWIND);
  struct region r = region(g, NULL, &exception, &selector);
  kiln_block done = kiln_block_new(f), on_its_way = kiln_block_new(f);
  r.finally = kiln_block_new(f);
  r.exits_end = &r.exits;
  r.exception = kiln_slot_new(f, 8, 3);
  if (g->collects) kiln_slot_set_root(f, r.exception); /* else the collector frees it */
  r.selector = kiln_slot_new(f, 4, 2);
  kiln_value where = kiln_block_add_param(f, r.finally, KILN_TYPE_I64);
  g->regions = &r;
  if (s->catches != NULL) gen_catches(g, s);
  else gen_list(g, s->body);
  if (!ended(g)) kiln_build_br(f, r.finally, &go_on, 1);
  g->regions = r.outer;
  if (r.used) {
    kiln_block_switch(f, r.pad);
    kiln_build_store(f, KILN_TYPE_I64, r.exception, 0, exception, 0);
    kiln_build_store(f, KILN_TYPE_I32, r.selector, 0, selector, 0);
    kiln_build_br(f, r.finally, &unwind, 1);
  }

  kiln_block_switch(f, r.finally);
  gen_list(g, s->other->body);
  if (!ended(g)) {
    kiln_switch_case *cases = clay_alloc(g->c, (r.n_exits + 1) * sizeof *cases);
    uint32_t n = 0;
    for (struct exit *e = r.exits; e != NULL; e = e->next, n++)
      cases[n] = (kiln_switch_case){FIRST_EXIT + n, e->block};
    if (r.used) cases[n++] = (kiln_switch_case){UNWIND, on_its_way};
    kiln_build_switch(f, KILN_TYPE_I64, where, done, cases, n);
    if (r.used) {
      kiln_block_switch(f, on_its_way);
      exception = kiln_build_load(f, KILN_TYPE_I64, r.exception, 0, 0);
      unwind_further(g, exception, kiln_build_load(f, KILN_TYPE_I32, r.selector, 0, 0));
    }
  }
  kiln_block_switch(f, done);
}

void gen_try(struct gen *g, struct stmt *s) {
  if (s->other != NULL) gen_finally(g, s);
  else gen_catches(g, s);
}

bool gen_leaves_finally(struct gen *g, const struct region *until) {
  const struct region *r = g->regions;
  while (r != until && r->catches != NULL) r = r->outer;
  return r != until;
}

void gen_leave(struct gen *g, const struct region *until) {
  for (struct region *r = g->regions; r != until; r = r->outer) {
    if (r->catches != NULL) continue;
    struct exit *e = *r->exits_end = clay_alloc(g->c, sizeof *e);
    r->exits_end = &e->next;
    e->block = kiln_block_new(g->f);
    kiln_value where = kiln_const_int(g->f, FIRST_EXIT + (int64_t)r->n_exits++);
    kiln_build_br(g->f, r->finally, &where, 1);
    kiln_block_switch(g->f, e->block);
  }
}
