/* Shapes of live values: many at once, in one block, across blocks, calls and loops, as parameters, in
 * slots and variables, as forward values. See shapes.h. */
#include "shapes.h"

/* n values, what `between` builds, and a use of each. */
static void live(struct shape_run *r, kiln_type type,
                 void (*between)(struct shape_run *, kiln_func *)) {
  kiln_func *f = shape_begin(r, "f");
  kiln_value *v = shape_alloc(r->n, sizeof *v), x = kiln_func_param(f, 0), sum = x;
  bool is_float = type == F64;
  kiln_op make = is_float ? KILN_OP_FMUL : KILN_OP_MUL, use = is_float ? KILN_OP_FSUB : KILN_OP_SUB;
  if (is_float) sum = kiln_build_convert(f, KILN_OP_SITOF, F64, I64, x);
  kiln_value first = sum;
  for (uint32_t i = 0; i < r->n; i++)
    v[i] = kiln_build_binary(f, make, type, first, is_float ? sum : num(f, i));
  if (between != NULL) between(r, f);
  for (uint32_t i = 0; i < r->n; i++) sum = kiln_build_binary(f, use, type, sum, v[i]);
  free(v);
  if (is_float) sum = kiln_build_convert(f, KILN_OP_FTOSI, I64, F64, sum);
  shape_end(r, f, sum);
}

static void a_call(struct shape_run *r, kiln_func *f) {
  kiln_value x = kiln_func_param(f, 0);
  kiln_build_call(f, r->sig, kiln_const_symbol(f, r->callee, 0), &x, 1);
}
static void a_block(struct shape_run *r, kiln_func *f) {
  (void)r;
  cut(f);
}
static void a_call_in_a_block(struct shape_run *r, kiln_func *f) {
  cut(f);
  a_call(r, f);
  cut(f);
}

static void live_block(struct shape_run *r) { live(r, I64, NULL); }
static void live_float(struct shape_run *r) { live(r, F64, NULL); }
static void live_call(struct shape_run *r) { live(r, I64, a_call); }
static void live_cut(struct shape_run *r) { live(r, I64, a_block); }
static void live_cut_float(struct shape_run *r) { live(r, F64, a_block); }
static void live_cut_call(struct shape_run *r) { live(r, I64, a_call_in_a_block); }

/* Made in blocks of sixteen, used in blocks of sixteen, first made first used. */
static void live_blocks(struct shape_run *r) {
  kiln_func *f = shape_begin(r, "f");
  kiln_value *v = shape_alloc(r->n, sizeof *v), x = kiln_func_param(f, 0);
  for (uint32_t i = 0; i < r->n; i++) {
    v[i] = bin(f, KILN_OP_MUL, x, num(f, i));
    if (i % 16 == 0) cut(f);
  }
  for (uint32_t i = 0; i < r->n; i++) {
    x = bin(f, KILN_OP_SUB, x, v[i]);
    if (i % 16 == 0) cut(f);
  }
  free(v);
  shape_end(r, f, x);
}

/* n values made before a loop and used in it. */
static void live_loop(struct shape_run *r) {
  kiln_func *f = shape_begin(r, "f");
  kiln_value *v = shape_alloc(r->n, sizeof *v), x = kiln_func_param(f, 0);
  for (uint32_t i = 0; i < r->n; i++) v[i] = bin(f, KILN_OP_MUL, x, num(f, i));
  kiln_block head = kiln_block_new_many(f, 2);
  kiln_value k = kiln_block_add_param(f, head, I64), sum = k;
  jump1(f, head, num(f, 0));
  kiln_block_switch(f, head);
  for (uint32_t i = 0; i < r->n; i++) sum = bin(f, KILN_OP_XOR, sum, v[i]);
  kiln_value more = kiln_build_icmp(f, KILN_ICOND_SLT, I64, sum, x);
  kiln_build_brif(f, more, head, &sum, 1, at(head, 1), NULL, 0);
  kiln_block_switch(f, at(head, 1));
  free(v);
  shape_end(r, f, sum);
}

/* Each of n blocks makes a value that is used a hundred blocks on. */
static void live_window(struct shape_run *r) {
  kiln_func *f = shape_begin(r, "f");
  enum { WINDOW = 100 };
  kiln_value v[WINDOW], x = kiln_func_param(f, 0);
  for (uint32_t i = 0; i < WINDOW; i++) v[i] = x;
  for (uint32_t i = 0; i < r->n; i++) {
    v[i % WINDOW] = add(f, v[i % WINDOW], num(f, i));
    cut(f);
  }
  shape_end(r, f, v[0]);
}

/* n parameters of a block, made between other values, and a loop that turns them. */
static void parameters(struct shape_run *r) {
  kiln_func *f = shape_begin(r, "f");
  kiln_value *p = shape_alloc(r->n, sizeof *p), *a = shape_alloc(r->n, sizeof *a);
  kiln_value x = kiln_func_param(f, 0);
  kiln_block head = kiln_block_new_many(f, 2), end = at(head, 1);
  for (uint32_t i = 0; i < r->n; i++) {
    a[i] = add(f, x, num(f, i));
    p[i] = kiln_block_add_param(f, head, I64);
  }
  kiln_build_br(f, head, a, r->n);
  kiln_block_switch(f, head);
  for (uint32_t i = 0; i < r->n; i++) a[i] = p[(i + 1) % r->n];
  kiln_value more = kiln_build_icmp(f, KILN_ICOND_NE, I64, p[0], x);
  kiln_build_brif(f, more, head, a, r->n, end, NULL, 0);
  kiln_block_switch(f, end);
  kiln_value last = p[r->n - 1];
  r->items += 2 * r->n; /* edge arguments */
  free(p);
  free(a);
  shape_end(r, f, last);
}

/* n parameters of a loop, each of which an iteration reads, and computes anew for the next. */
static void loop_parameters(struct shape_run *r) {
  kiln_func *f = shape_begin(r, "f");
  kiln_value *p = shape_alloc(r->n, sizeof *p), *a = shape_alloc(r->n, sizeof *a);
  kiln_value x = kiln_func_param(f, 0);
  kiln_block head = kiln_block_new_many(f, 2), end = at(head, 1);
  for (uint32_t i = 0; i < r->n; i++) p[i] = kiln_block_add_param(f, head, I64);
  for (uint32_t i = 0; i < r->n; i++) a[i] = num(f, i);
  kiln_build_br(f, head, a, r->n);
  kiln_block_switch(f, head);
  for (uint32_t i = 0; i < r->n; i++) a[i] = add(f, p[i], x);
  kiln_value more = kiln_build_icmp(f, KILN_ICOND_NE, I64, p[0], x);
  kiln_build_brif(f, more, head, a, r->n, end, NULL, 0);
  kiln_block_switch(f, end);
  kiln_value last = p[r->n - 1];
  r->items += 2 * r->n; /* edge arguments */
  free(p);
  free(a);
  shape_end(r, f, last);
}

/* n addresses and n / 8 loads, not computed before the edge that passes them on. */
static void deferred(struct shape_run *r) {
  kiln_func *f = shape_begin(r, "f");
  kiln_value *a = shape_alloc(r->n, sizeof *a), x = kiln_func_param(f, 0), sum = x;
  kiln_block to = kiln_block_new(f);
  for (uint32_t i = 0; i < r->n; i++)
    a[i] = i % 8 ? kiln_build_addr(f, x, x, 8, (int32_t)i) : kiln_build_load(f, I64, x, 8, 0);
  kiln_build_br(f, to, a, r->n);
  for (uint32_t i = 0; i < r->n; i++) a[i] = kiln_block_add_param(f, to, I64);
  kiln_block_switch(f, to);
  for (uint32_t i = 0; i < r->n; i++) sum = bin(f, KILN_OP_XOR, sum, a[i]);
  r->items += r->n;
  free(a);
  shape_end(r, f, sum);
}

/* n slots: half of them variables, half of them not. */
static void slots(struct shape_run *r) {
  kiln_func *f = shape_begin(r, "f");
  kiln_value *s = shape_alloc(r->n, sizeof *s), x = kiln_func_param(f, 0);
  for (uint32_t i = 0; i < r->n; i++) {
    s[i] = kiln_slot_new(f, 8, 3);
    kiln_build_store(f, I64, s[i], 0, x, 0);
    if (i & 1) x = add(f, x, s[i]);
  }
  cut(f);
  for (uint32_t i = 0; i < r->n; i++)
    x = bin(f, KILN_OP_XOR, x, kiln_build_load(f, I64, s[i], 0, 0));
  free(s);
  shape_end(r, f, x);
}

/* n variables in n blocks, loops among them; each block works on three near ones. */
static void variables(struct shape_run *r) {
  kiln_func *f = shape_begin(r, "f");
  kiln_value *s = shape_alloc(r->n, sizeof *s), x = kiln_func_param(f, 0);
  for (uint32_t i = 0; i < r->n; i++) s[i] = kiln_slot_new(f, 8, 3);
  kiln_block first = kiln_block_new_many(f, r->n + 1);
  jump(f, first);
  for (uint32_t i = 0; i < r->n; i++) {
    kiln_block_switch(f, at(first, i));
    uint32_t a = (i + shape_random(r, 16)) % r->n, b = (i + shape_random(r, 64)) % r->n;
    kiln_value v = add(f, kiln_build_load(f, I64, s[a], 0, 0), kiln_build_load(f, I64, s[b], 0, 0));
    kiln_build_store(f, I64, s[i], 0, v, 0);
    uint32_t back = i >= 8 && i % 8 == 0 ? i - shape_random(r, 8) : i + 1;
    kiln_build_brif(f, kiln_build_icmp(f, KILN_ICOND_SLT, I64, v, x), at(first, back), NULL, 0,
                    at(first, i + 1), NULL, 0);
  }
  kiln_block_switch(f, at(first, r->n));
  free(s);
  shape_end(r, f, x);
}

/* n loads of a variable whose values are still wanted when it is stored to. */
static void aliases(struct shape_run *r) {
  kiln_func *f = shape_begin(r, "f");
  kiln_value *v = shape_alloc(r->n, sizeof *v), x = kiln_func_param(f, 0);
  kiln_value s = kiln_slot_new(f, 8, 3);
  kiln_build_store(f, I64, s, 0, x, 0);
  cut(f);
  for (uint32_t i = 0; i < r->n; i++) {
    v[i] = kiln_build_load(f, I64, s, 0, 0);
    if (i % 8 == 7) kiln_build_store(f, I64, s, 0, num(f, i), 0);
  }
  for (uint32_t i = 0; i < r->n; i++) x = bin(f, KILN_OP_SUB, x, v[i]);
  free(v);
  shape_end(r, f, x);
}

/* n loads of a variable, all of them wanted at the end, and one store. */
static void aliases_at_once(struct shape_run *r) {
  kiln_func *f = shape_begin(r, "f");
  kiln_value *v = shape_alloc(r->n, sizeof *v), x = kiln_func_param(f, 0);
  kiln_value s = kiln_slot_new(f, 8, 3);
  kiln_build_store(f, I64, s, 0, x, 0);
  cut(f);
  for (uint32_t i = 0; i < r->n; i++) v[i] = kiln_build_load(f, I64, s, 0, 0);
  kiln_build_store(f, I64, s, 0, num(f, 1), 0);
  for (uint32_t i = 0; i < r->n; i++) x = bin(f, KILN_OP_SUB, x, v[i]);
  free(v);
  shape_end(r, f, x);
}

/* n forward values, used before they are bound. */
static void forwards(struct shape_run *r) {
  kiln_func *f = shape_begin(r, "f");
  kiln_value *v = shape_alloc(r->n, sizeof *v), x = kiln_func_param(f, 0), sum = x;
  kiln_block use = kiln_block_new_many(f, 2), def = at(use, 1);
  jump(f, def);
  kiln_block_switch(f, use);
  for (uint32_t i = 0; i < r->n; i++) {
    v[i] = kiln_forward_new(f, I64);
    sum = bin(f, KILN_OP_XOR, sum, v[i]);
  }
  kiln_build_ret(f, &sum, 1);
  kiln_block_switch(f, def);
  for (uint32_t i = 0; i < r->n; i++) kiln_forward_bind(f, v[i], add(f, x, num(f, i)));
  free(v);
  jump(f, use);
  shape_done(r, f);
}

/* n forward values, each bound to the next. */
static void forward_chain(struct shape_run *r) {
  kiln_func *f = shape_begin(r, "f");
  kiln_value x = kiln_func_param(f, 0), v = kiln_forward_new(f, I64), sum = x;
  for (uint32_t i = 0; i < r->n; i++) {
    sum = add(f, sum, v);
    kiln_value next = kiln_forward_new(f, I64);
    kiln_forward_bind(f, v, next);
    v = next;
  }
  kiln_forward_bind(f, v, x);
  shape_end(r, f, sum);
}

const struct shape shapes_live[] = {
  {"live in a block", "values", live_block, 100, 100000, false},
  {"live floats", "values", live_float, 100, 100000, false},
  {"live over a call", "values", live_call, 100, 100000, false},
  {"live over an edge", "values", live_cut, 100, 100000, false},
  {"floats over an edge", "values", live_cut_float, 100, 100000, false},
  {"live over edge, call", "values", live_cut_call, 100, 100000, false},
  {"live over blocks", "values", live_blocks, 100, 100000, false},
  {"live over a loop", "values", live_loop, 100, 100000, false},
  {"live 100 blocks", "blocks", live_window, 1000, 100000, false},
  {"block parameters", "parameters", parameters, 10, 50000, false},
  {"loop parameters", "parameters", loop_parameters, 10, 50000, false},
  {"deferred arguments", "arguments", deferred, 10, 50000, false},
  {"slots", "slots", slots, 100, 100000, false},
  {"variables", "variables", variables, 100, 100000, false},
  {"aliases", "loads", aliases, 100, 100000, false},
  {"aliases at once", "loads", aliases_at_once, 100, 100000, false},
  {"forwards", "forwards", forwards, 100, 100000, false},
  {"forward chain", "forwards", forward_chain, 100, 100000, false},
  {0},
};
