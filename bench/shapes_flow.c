/* Shapes of control flow: many blocks in many orders, loops beside and inside each other, switches,
 * indirect branches; most with block parameters and values of other blocks. See shapes.h. */
#include "shapes.h"

/* ---- blocks ---- */

/* n blocks in a row, two parameters each. */
static void chain(struct shape_run *r) {
  kiln_func *f = shape_begin(r, "f");
  kiln_value x = kiln_func_param(f, 0), a = x, b = x;
  for (uint32_t i = 0; i < r->n; i++) {
    kiln_block next = kiln_block_new(f);
    kiln_value args[2] = {i % 16 ? add(f, a, b) : add(f, a, x), a};
    a = kiln_block_add_param(f, next, I64);
    b = kiln_block_add_param(f, next, I64);
    kiln_build_br(f, next, args, 2);
    kiln_block_switch(f, next);
  }
  shape_end(r, f, a);
}

/* n blocks as n / 3 ifs with two arms and a result. */
static void diamonds(struct shape_run *r) {
  kiln_func *f = shape_begin(r, "f");
  kiln_value x = kiln_func_param(f, 0), v = x;
  for (uint32_t i = 0; i < r->n / 3; i++) {
    kiln_block then = kiln_block_new_many(f, 3), other = at(then, 1), join = at(then, 2);
    kiln_value result = kiln_block_add_param(f, join, I64);
    kiln_value c = kiln_build_icmp(f, KILN_ICOND_SLT, I64, v, num(f, i));
    kiln_build_brif(f, c, then, NULL, 0, other, NULL, 0);
    kiln_block_switch(f, then);
    jump1(f, join, add(f, v, x));
    kiln_block_switch(f, other);
    jump1(f, join, bin(f, KILN_OP_SUB, v, x));
    kiln_block_switch(f, join);
    v = result;
  }
  shape_end(r, f, v);
}

/* Ends a block with a branch to one of two blocks among the n + 1 from `first`, each of which gets `v`. */
static void two_ways(struct shape_run *r, kiln_func *f, kiln_block first, uint32_t a, uint32_t b,
                     kiln_value v) {
  kiln_value c = kiln_build_icmp(f, KILN_ICOND_SLT, I64, v, num(f, a));
  kiln_build_brif(f, c, at(first, a), &v, 1, at(first, b), &v, 1);
  r->items += 2;
}

/* n + 1 blocks with a parameter each, the last of which returns it. */
static kiln_block many_blocks(struct shape_run *r, kiln_func *f, kiln_value *p) {
  kiln_block first = kiln_block_new_many(f, r->n + 1);
  for (uint32_t i = 0; i <= r->n; i++) p[i] = kiln_block_add_param(f, at(first, i), I64);
  return first;
}

enum order { IN_ORDER, BACKWARD, SHUFFLED };

/* n blocks; each goes to the next or to another one of `span` ahead (0: of all), or, `back` of a
 * hundred, before. Blocks are filled in the given order. */
static void graph(struct shape_run *r, uint32_t span, uint32_t back, enum order order) {
  kiln_func *f = shape_begin(r, "f");
  uint32_t n = r->n;
  kiln_value *p = shape_alloc(n + 1, sizeof *p), x = kiln_func_param(f, 0);
  uint32_t *place = shape_alloc(n, sizeof *place);
  for (uint32_t i = 0; i < n; i++) place[i] = order == BACKWARD ? n - 1 - i : i;
  for (uint32_t i = 1; i < n && order == SHUFFLED; i++) {
    uint32_t j = shape_random(r, i + 1), t = place[i];
    place[i] = place[j];
    place[j] = t;
  }
  kiln_value y = add(f, x, num(f, 7));
  kiln_block first = many_blocks(r, f, p);
  jump1(f, first, x);
  for (uint32_t k = 0; k < n; k++) {
    uint32_t i = place[k], to;
    kiln_block_switch(f, at(first, i));
    if (shape_random(r, 100) < back) to = shape_random(r, span && span < i ? span : i + 1);
    else to = i + 1 + shape_random(r, span && span < n - i ? span : n - i);
    if (to > n) to = n;
    if (back && span && to < i) to = i - to;
    two_ways(r, f, first, i + 1, to, add(f, p[i], i % 8 ? x : y));
  }
  kiln_block_switch(f, at(first, n));
  kiln_value last = p[n];
  free(p);
  free(place);
  shape_end(r, f, last);
}

static void forward_near(struct shape_run *r) { graph(r, 32, 0, IN_ORDER); }
static void forward_far(struct shape_run *r) { graph(r, 0, 0, IN_ORDER); }
static void backward(struct shape_run *r) { graph(r, 32, 0, BACKWARD); }
static void shuffled(struct shape_run *r) { graph(r, 0, 0, SHUFFLED); }
static void loops_near(struct shape_run *r) { graph(r, 32, 30, IN_ORDER); }
static void loops_far(struct shape_run *r) { graph(r, 0, 30, IN_ORDER); }
static void loops_shuffled(struct shape_run *r) { graph(r, 0, 30, SHUFFLED); }

/* n blocks that share a slot, without parameters. */
static void plain_blocks(struct shape_run *r) {
  kiln_func *f = shape_begin(r, "f");
  kiln_value x = kiln_func_param(f, 0), slot = kiln_slot_new(f, 8, 3);
  kiln_build_store(f, I64, slot, 0, x, 0);
  kiln_block first = kiln_block_new_many(f, r->n + 2);
  jump(f, first);
  for (uint32_t i = 0; i < r->n; i++) {
    kiln_block_switch(f, at(first, i));
    kiln_value v = kiln_build_load(f, I64, slot, 0, 0);
    kiln_build_store(f, I64, slot, 0, add(f, v, x), 0);
    kiln_value c = kiln_build_icmp(f, KILN_ICOND_SLT, I64, v, num(f, i));
    kiln_build_brif(f, c, at(first, i + 1), NULL, 0, at(first, i + 2), NULL, 0);
  }
  kiln_block_switch(f, at(first, r->n));
  jump(f, at(first, r->n + 1));
  kiln_block_switch(f, at(first, r->n + 1));
  shape_end(r, f, kiln_build_load(f, I64, slot, 0, 0));
}

/* Two blocks filled alternately, n times. */
static void resumed(struct shape_run *r) {
  kiln_func *f = shape_begin(r, "f");
  kiln_value x = kiln_func_param(f, 0);
  kiln_block a = kiln_block_new_many(f, 2), b = at(a, 1);
  kiln_value v = x, w = kiln_block_add_param(f, b, I64);
  jump(f, a);
  for (uint32_t i = 0; i < r->n; i++) {
    kiln_block_switch(f, a);
    v = add(f, v, x);
    kiln_block_switch(f, b);
    w = bin(f, KILN_OP_XOR, w, x);
  }
  kiln_block_switch(f, a);
  jump1(f, b, v);
  kiln_block_switch(f, b);
  shape_end(r, f, w);
}

/* n branches to one block, whose parameters and arguments come at the end. */
static void late_arguments(struct shape_run *r) {
  kiln_func *f = shape_begin(r, "f");
  kiln_value x = kiln_func_param(f, 0);
  kiln_block first = kiln_block_new_many(f, r->n + 1), join = at(first, r->n);
  jump(f, first);
  for (uint32_t i = 0; i < r->n; i++) {
    kiln_block_switch(f, at(first, i));
    kiln_value c = kiln_build_icmp(f, KILN_ICOND_SLT, I64, x, num(f, i));
    if (i + 1 < r->n) kiln_build_brif(f, c, at(first, i + 1), NULL, 0, join, NULL, 0);
    else jump(f, join);
  }
  kiln_value p = kiln_block_add_param(f, join, I64), q = kiln_block_add_param(f, join, I64);
  for (uint32_t i = r->n; i-- > 0;) {
    kiln_edge_set_arg(f, at(first, i), join, 1, num(f, i));
    kiln_edge_set_arg(f, at(first, i), join, 0, x);
  }
  r->items += 2 * r->n;
  kiln_block_switch(f, join);
  shape_end(r, f, add(f, p, q));
}

/* n returns. */
static void returns(struct shape_run *r) {
  kiln_func *f = shape_begin(r, "f");
  kiln_value x = kiln_func_param(f, 0);
  kiln_build_call(f, r->sig, kiln_const_symbol(f, r->callee, 0), &x, 1);
  for (uint32_t i = 0; i < r->n; i++) {
    kiln_block out = kiln_block_new_many(f, 2);
    kiln_value c = kiln_build_icmp(f, KILN_ICOND_SLT, I64, x, num(f, i));
    kiln_build_brif(f, c, out, NULL, 0, at(out, 1), NULL, 0);
    kiln_block_switch(f, out);
    kiln_value v = num(f, i);
    kiln_build_ret(f, &v, 1);
    kiln_block_switch(f, at(out, 1));
  }
  shape_end(r, f, x);
}

/* ---- loops ---- */

/* n loops, one after the other. */
static void loops(struct shape_run *r) {
  kiln_func *f = shape_begin(r, "f");
  kiln_value x = kiln_func_param(f, 0), s = kiln_slot_new(f, 8, 3);
  kiln_build_store(f, I64, s, 0, x, 0);
  for (uint32_t i = 0; i < r->n; i++) {
    kiln_block head = kiln_block_new_many(f, 2);
    kiln_value k = kiln_block_add_param(f, head, I64);
    jump1(f, head, num(f, 0));
    kiln_block_switch(f, head);
    kiln_value next = add(f, k, num(f, 1));
    kiln_build_store(f, I64, s, 0, add(f, kiln_build_load(f, I64, s, 0, 0), k), 0);
    kiln_value more = kiln_build_icmp(f, KILN_ICOND_SLT, I64, next, x);
    kiln_build_brif(f, more, head, &next, 1, at(head, 1), NULL, 0);
    kiln_block_switch(f, at(head, 1));
  }
  shape_end(r, f, kiln_build_load(f, I64, s, 0, 0));
}

/* n loops, each inside the one before; counters are parameters of the headers. `uses`: the innermost
 * uses all counters, and a variable is written at each level. */
static void nest(struct shape_run *r, bool uses) {
  kiln_func *f = shape_begin(r, "f");
  uint32_t n = r->n;
  kiln_value x = kiln_func_param(f, 0), s = kiln_slot_new(f, 8, 3);
  kiln_value *k = shape_alloc(n, sizeof *k);
  kiln_block head = kiln_block_new_many(f, n), tail = kiln_block_new_many(f, n),
             end = kiln_block_new(f);
  if (uses) kiln_build_store(f, I64, s, 0, x, 0);
  for (uint32_t i = 0; i < n; i++) k[i] = kiln_block_add_param(f, at(head, i), I64);
  for (uint32_t i = 0; i < n; i++) {
    jump1(f, at(head, i), num(f, 0));
    kiln_block_switch(f, at(head, i));
    if (uses) kiln_build_store(f, I64, s, 0, k[i], 0);
  }
  kiln_value sum = x;
  for (uint32_t i = 0; i < n && uses; i++) sum = bin(f, KILN_OP_XOR, sum, k[i]);
  if (uses) kiln_build_store(f, I64, s, 0, sum, 0);
  for (uint32_t i = n; i-- > 0;) {
    jump(f, at(tail, i));
    kiln_block_switch(f, at(tail, i));
    kiln_value next = add(f, k[i], num(f, 1));
    kiln_value more = kiln_build_icmp(f, KILN_ICOND_SLT, I64, next, x);
    kiln_block out = i ? kiln_block_new(f) : end;
    kiln_build_brif(f, more, at(head, i), &next, 1, out, NULL, 0);
    kiln_block_switch(f, out);
  }
  free(k);
  shape_end(r, f, uses ? kiln_build_load(f, I64, s, 0, 0) : x);
}
static void nested(struct shape_run *r) { nest(r, false); }
static void nested_uses(struct shape_run *r) { nest(r, true); }

/* ---- switches ---- */

/* n cases, `step` apart, each to a block of its own. */
static void switch_of(struct shape_run *r, uint64_t step) {
  kiln_func *f = shape_begin(r, "f");
  kiln_value x = kiln_func_param(f, 0);
  kiln_switch_case *cases = shape_alloc(r->n, sizeof *cases);
  kiln_block end = kiln_block_new(f), first = kiln_block_new_many(f, r->n);
  kiln_value result = kiln_block_add_param(f, end, I64);
  for (uint32_t i = 0; i < r->n; i++) /* not sorted: 7 and the sizes have no common factor */
    cases[i] = (kiln_switch_case){(int64_t)((uint64_t)i * 7 % r->n * step), at(first, i)};
  kiln_block from = kiln_block_current(f);
  kiln_build_switch(f, I64, x, end, cases, r->n);
  kiln_edge_set_arg(f, from, end, 0, x);
  for (uint32_t i = 0; i < r->n; i++) {
    kiln_block_switch(f, at(first, i));
    jump1(f, end, add(f, x, num(f, i)));
  }
  free(cases);
  r->items += r->n;
  kiln_block_switch(f, end);
  shape_end(r, f, result);
}
static void switch_dense(struct shape_run *r) { switch_of(r, 1); }
static void switch_sparse(struct shape_run *r) { switch_of(r, 1000003); }
static void switch_far(struct shape_run *r) { switch_of(r, UINT64_C(0x9e3779b97f4a7c15)); }

/* n cases to one block with an argument: n stubs. */
static void switch_edges(struct shape_run *r) {
  kiln_func *f = shape_begin(r, "f");
  kiln_value x = kiln_func_param(f, 0);
  kiln_switch_case *cases = shape_alloc(r->n, sizeof *cases);
  kiln_block end = kiln_block_new(f), from = kiln_block_current(f);
  kiln_value result = kiln_block_add_param(f, end, I64);
  for (uint32_t i = 0; i < r->n; i++) cases[i] = (kiln_switch_case){i * 5, end};
  kiln_build_switch(f, I64, x, end, cases, r->n);
  kiln_edge_set_arg(f, from, end, 0, x);
  free(cases);
  r->items += 2 * r->n;
  kiln_block_switch(f, end);
  shape_end(r, f, result);
}

/* n switches of four cases. */
static void switches(struct shape_run *r) {
  kiln_func *f = shape_begin(r, "f");
  kiln_value x = kiln_func_param(f, 0);
  for (uint32_t i = 0; i < r->n; i++) {
    kiln_block first = kiln_block_new_many(f, 5);
    kiln_switch_case cases[4];
    for (uint32_t k = 0; k < 4; k++) cases[k] = (kiln_switch_case){k * (i % 9 + 1), at(first, k)};
    kiln_build_switch(f, I64, x, at(first, 4), cases, 4);
    for (uint32_t k = 0; k < 4; k++) {
      kiln_block_switch(f, at(first, k));
      jump(f, at(first, 4));
    }
    kiln_block_switch(f, at(first, 4));
  }
  shape_end(r, f, x);
}

/* An indirect branch to n blocks with a parameter each. */
static void indirect(struct shape_run *r) {
  kiln_func *f = shape_begin(r, "f");
  kiln_value *p = shape_alloc(r->n + 1, sizeof *p), x = kiln_func_param(f, 0);
  kiln_block *to = shape_alloc(r->n, sizeof *to);
  kiln_block first = many_blocks(r, f, p), from = kiln_block_current(f);
  for (uint32_t i = 0; i < r->n; i++) to[i] = at(first, i);
  kiln_build_brind(f, x, to, r->n);
  for (uint32_t i = 0; i < r->n; i++) {
    kiln_edge_set_arg(f, from, to[i], 0, x);
    kiln_block_switch(f, to[i]);
    jump1(f, at(first, i + 1), add(f, p[i], x));
  }
  kiln_block_switch(f, at(first, r->n));
  kiln_value last = p[r->n];
  free(p);
  free(to);
  r->items += 2 * r->n;
  shape_end(r, f, last);
}

/* An indirect branch to a block of n parameters that were made between other values. */
static void indirect_parameters(struct shape_run *r) {
  kiln_func *f = shape_begin(r, "f");
  kiln_value *p = shape_alloc(r->n, sizeof *p), x = kiln_func_param(f, 0), v = x;
  kiln_block to = kiln_block_new_many(f, 2), other = at(to, 1), from = kiln_block_current(f);
  for (uint32_t i = 0; i < r->n; i++) {
    p[i] = kiln_block_add_param(f, to, I64);
    v = add(f, v, x);
    kiln_edge_set_arg(f, from, to, i, v);
  }
  kiln_build_brind(f, kiln_block_address(f, to), (kiln_block[]){to, other}, 2);
  kiln_block_switch(f, to);
  for (uint32_t i = 0; i < r->n; i++) v = i ? bin(f, KILN_OP_XOR, v, p[i]) : p[i];
  kiln_build_ret(f, &v, 1);
  kiln_block_switch(f, other);
  r->items += r->n;
  free(p);
  shape_end(r, f, x);
}

/* n tries that catch types of their own, each of which the landing pads compare with, too. */
static void types_caught(struct shape_run *r) {
  kiln_symbol personality = kiln_func_declare(r->m, &(kiln_symbol_desc){.name = "p"}, r->sig);
  kiln_symbol first = {0};
  for (uint32_t i = 0; i < r->n; i++) {
    kiln_symbol type =
      kiln_data_declare(r->m, &(kiln_symbol_desc){.linkage = KILN_LINKAGE_PRIVATE});
    kiln_data_define(r->m, type, &(kiln_data_desc){.size_bytes = 8});
    if (i == 0) first = type;
  }
  kiln_func *f = shape_begin(r, "f");
  kiln_func_set_attrs(f, &(kiln_func_attrs){.personality = personality});
  kiln_value x = kiln_func_param(f, 0), callee = kiln_const_symbol(f, r->callee, 0);
  for (uint32_t i = 0; i < r->n; i++) {
    kiln_symbol type = {first.id + i};
    kiln_block next = kiln_block_new_many(f, 2), pad = at(next, 1);
    kiln_value got = kiln_block_add_param(f, next, I64),
               selector = kiln_block_add_param(f, pad, I32);
    kiln_value result = kiln_try_result(f, r->sig, 0), thrown = kiln_try_selector(f);
    kiln_build_try(
      f, &(kiln_try_desc){.sig = r->sig,
                          .callee = callee,
                          .args = &x,
                          .n_args = 1,
                          .normal = next,
                          .normal_args = &result,
                          .n_normal_args = 1,
                          .unwind = pad,
                          .unwind_args = &thrown,
                          .n_unwind_args = 1,
                          .clauses = &(kiln_clause){.kind = KILN_CLAUSE_CATCH, .type = type},
                          .n_clauses = 1});
    kiln_block_switch(f, pad);
    kiln_value is = kiln_build_icmp(f, KILN_ICOND_EQ, I32, selector, kiln_const_typeid(f, type));
    kiln_build_brif(f, is, next, &x, 1, next, &x, 1);
    kiln_block_switch(f, next);
    x = got;
  }
  r->items += 3 * r->n;
  shape_end(r, f, x);
}

const struct shape shapes_flow[] = {
  {"chain", "blocks", chain, 1000, 100000, false},
  {"diamonds", "blocks", diamonds, 1000, 100000, false},
  {"plain blocks", "blocks", plain_blocks, 1000, 100000, false},
  {"forward, near", "blocks", forward_near, 1000, 100000, false},
  {"forward, far", "blocks", forward_far, 1000, 100000, false},
  {"filled backward", "blocks", backward, 1000, 100000, false},
  {"filled shuffled", "blocks", shuffled, 1000, 100000, false},
  {"loops, near", "blocks", loops_near, 1000, 100000, false},
  {"loops, far", "blocks", loops_far, 1000, 100000, false},
  {"loops, shuffled", "blocks", loops_shuffled, 1000, 100000, false},
  {"resumed", "turns", resumed, 1000, 100000, false},
  {"types caught", "types", types_caught, 1000, 100000, false},
  {"late arguments", "edges", late_arguments, 1000, 100000, false},
  {"returns", "returns", returns, 1000, 100000, false},
  {"loops in a row", "loops", loops, 1000, 100000, false},
  {"nested loops", "loops", nested, 10, 100000, false},
  {"nested, used within", "loops", nested_uses, 10, 100000, false},
  {"switch, dense", "cases", switch_dense, 1000, 100000, false},
  {"switch, sparse", "cases", switch_sparse, 1000, 100000, false},
  {"switch, 64 bits", "cases", switch_far, 1000, 100000, false},
  {"switch, one target", "cases", switch_edges, 1000, 100000, false},
  {"switches", "switches", switches, 1000, 100000, false},
  {"indirect branch", "targets", indirect, 1000, 100000, false},
  {"indirect parameters", "parameters", indirect_parameters, 10, 50000, false},
  {0},
};
