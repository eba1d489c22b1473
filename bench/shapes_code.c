/* Shapes of instructions: straight code of several kinds, code as front ends make it, chains of instructions that
 * wait for their reader, calls. See shapes.h. */
#include "shapes.h"

/* One block of n operations on a few values. */
static void straight(struct shape_run *r) {
  kiln_func *f = shape_begin(r, "f");
  kiln_value v[8];
  v[0] = kiln_func_param(f, 0);
  for (uint32_t i = 1; i < 8; i++) v[i] = add(f, v[i - 1], num(f, i));
  static const kiln_op ops[5] = {KILN_OP_ADD, KILN_OP_XOR, KILN_OP_MUL, KILN_OP_SUB, KILN_OP_SHL};
  for (uint32_t i = 0; i < r->n; i++) v[i & 7] = bin(f, ops[i % 5], v[i & 7], v[(i * 5 + 3) & 7]);
  for (uint32_t i = 1; i < 8; i++) v[0] = add(f, v[0], v[i]);
  shape_end(r, f, v[0]);
}

/* The state of `mixed`. */
struct mix {
  struct shape_run *r;
  kiln_func *f;
  kiln_value live[16]; /* values made in blocks that dominate the current one */
  kiln_value var[16];  /* slots */
  uint32_t n;          /* instructions so far */
};

static kiln_value pick(struct mix *x) { return x->live[shape_random(x->r, 16)]; }

static kiln_value arithmetic(struct mix *x, uint32_t n, kiln_value v) {
  static const kiln_op ops[8] = {KILN_OP_ADD, KILN_OP_SUB, KILN_OP_XOR, KILN_OP_AND,
                                 KILN_OP_OR,  KILN_OP_MUL, KILN_OP_SHL, KILN_OP_ASHR};
  for (uint32_t i = 0; i < n; i++) {
    kiln_op op = ops[shape_random(x->r, 8)];
    kiln_value b = op == KILN_OP_SHL || op == KILN_OP_ASHR ? num(x->f, 1 + shape_random(x->r, 60))
                   : shape_random(x->r, 4) == 0            ? num(x->f, shape_random(x->r, 1 << 20))
                                                           : pick(x);
    v = bin(x->f, op, v, b);
  }
  x->n += n;
  return v;
}

static kiln_value condition(struct mix *x) {
  x->n++;
  return kiln_build_icmp(x->f, KILN_ICOND_SLT, I64, pick(x), pick(x));
}

/* if (..) .. else .., whose result is a parameter of what follows. */
static kiln_value diamond(struct mix *x, kiln_value v) {
  kiln_func *f = x->f;
  kiln_block then = kiln_block_new_many(f, 3), other = at(then, 1), join = at(then, 2);
  kiln_value result = kiln_block_add_param(f, join, I64);
  kiln_build_brif(f, condition(x), then, NULL, 0, other, NULL, 0);
  kiln_block_switch(f, then);
  jump1(f, join, arithmetic(x, 3, v));
  kiln_block_switch(f, other);
  jump1(f, join, arithmetic(x, 2, v));
  kiln_block_switch(f, join);
  x->n += 4;
  return result;
}

/* A loop with a counter, and a diamond in it. */
static kiln_value loop(struct mix *x, kiln_value v) {
  kiln_func *f = x->f;
  kiln_block head = kiln_block_new_many(f, 2), out = at(head, 1);
  kiln_value i = kiln_block_add_param(f, head, I64), sum = kiln_block_add_param(f, head, I64);
  kiln_build_br(f, head, (kiln_value[]){num(f, 0), v}, 2);
  kiln_block_switch(f, head);
  kiln_value next = diamond(x, arithmetic(x, 2, sum));
  kiln_value step = add(f, i, num(f, 1));
  kiln_value more = kiln_build_icmp(f, KILN_ICOND_SLT, I64, step, pick(x));
  kiln_build_brif(f, more, head, (kiln_value[]){step, next}, 2, out, NULL, 0);
  kiln_block_switch(f, out);
  x->n += 6;
  return next;
}

static kiln_value variable(struct mix *x, kiln_value v) {
  kiln_value slot = x->var[shape_random(x->r, 16)];
  kiln_value old = kiln_build_load(x->f, I64, slot, 0, 0);
  kiln_build_store(x->f, I64, slot, 0, add(x->f, old, v), 0);
  x->n += 3;
  return old;
}

static kiln_value memory(struct mix *x, kiln_value v) {
  kiln_value p = kiln_build_addr(x->f, x->live[0], v, 8, 16);
  kiln_value old = kiln_build_load(x->f, I64, p, 8, 0);
  kiln_build_store(x->f, I64, p, 0, old, 0);
  x->n += 3;
  return old;
}

/* What front ends make: arithmetic, branches, loops, calls, variables, memory; values that live long. */
static void mixed(struct shape_run *r) {
  struct mix x = {.r = r, .f = shape_begin(r, "f")};
  kiln_func *f = x.f;
  x.live[0] = kiln_func_param(f, 0);
  for (uint32_t i = 1; i < 16; i++) x.live[i] = add(f, x.live[i - 1], num(f, i));
  for (uint32_t i = 0; i < 16; i++) {
    x.var[i] = kiln_slot_new(f, 8, 3);
    kiln_build_store(f, I64, x.var[i], 0, x.live[i], 0);
  }
  while (x.n < r->n) {
    kiln_value v = pick(&x);
    switch (shape_random(r, 8)) {
    case 0: v = loop(&x, v); break;
    case 1: v = diamond(&x, v); break;
    case 2:
      v = kiln_build_call(f, r->sig, kiln_const_symbol(f, r->callee, 0), &v, 1);
      x.n++;
      break;
    case 3: v = memory(&x, v); break;
    case 4:
    case 5: v = variable(&x, v); break;
    default: v = arithmetic(&x, 4, v); break;
    }
    x.live[1 + shape_random(r, 15)] = v;
  }
  kiln_value sum = x.live[0];
  for (uint32_t i = 1; i < 16; i++) sum = add(f, sum, x.live[i]);
  shape_end(r, f, sum);
}

/* The same in a function that calls a function that returns twice: no homes. */
static void setjmps(struct shape_run *r) {
  kiln_param p = {.type = I64};
  kiln_type result = I32;
  kiln_sig sig = kiln_sig_new(r->m, KILN_CC_C, KILN_SIG_RETURNS_TWICE, &p, 1, &result, 1);
  kiln_symbol set = kiln_func_declare(r->m, &(kiln_symbol_desc){.name = "_setjmp"}, sig);
  kiln_func *f = shape_begin(r, "f");
  kiln_value x = kiln_func_param(f, 0);
  kiln_build_call(f, sig, kiln_const_symbol(f, set, 0), &x, 1);
  kiln_value s = kiln_slot_new(f, 8, 3);
  kiln_build_store(f, I64, s, 0, x, 0);
  for (uint32_t i = 0; i < r->n; i += 4) {
    kiln_value v = kiln_build_load(f, I64, s, 0, 0);
    kiln_build_store(f, I64, s, 0, bin(f, KILN_OP_XOR, v, x), 0);
    cut(f);
  }
  shape_end(r, f, x);
}

/* Floats, conversions and n different constants. */
static void floats(struct shape_run *r) {
  kiln_func *f = shape_begin(r, "f");
  kiln_value v[4];
  for (uint32_t i = 0; i < 4; i++)
    v[i] = kiln_build_convert(f, KILN_OP_SITOF, F64, I64, kiln_func_param(f, 0));
  static const kiln_op ops[4] = {KILN_OP_FADD, KILN_OP_FMUL, KILN_OP_FSUB, KILN_OP_FDIV};
  for (uint32_t i = 0; i < r->n; i++) {
    kiln_value b = i % 3 ? v[(i + 1) & 3] : kiln_const_f64(f, i * 0.1);
    v[i & 3] = kiln_build_binary(f, ops[i % 4], F64, v[i & 3], b);
  }
  for (uint32_t i = 1; i < 4; i++) v[0] = kiln_build_binary(f, KILN_OP_FADD, F64, v[0], v[i]);
  shape_end(r, f, kiln_build_convert(f, KILN_OP_FTOSI, I64, F64, v[0]));
}

/* 128-bit integers. */
static void wide(struct shape_run *r) {
  kiln_func *f = shape_begin(r, "f");
  kiln_value v[4];
  for (uint32_t i = 0; i < 4; i++)
    v[i] = kiln_build_convert(f, KILN_OP_ZEXT, I128, I64, kiln_func_param(f, 0));
  static const kiln_op ops[4] = {KILN_OP_ADD, KILN_OP_XOR, KILN_OP_MUL, KILN_OP_SUB};
  for (uint32_t i = 0; i < r->n; i++) {
    v[i & 3] = kiln_build_binary(f, ops[i % 4], I128, v[i & 3], v[(i + 1) & 3]);
    if (i % 64 == 63) cut(f);
  }
  for (uint32_t i = 1; i < 4; i++) v[0] = kiln_build_binary(f, KILN_OP_ADD, I128, v[0], v[i]);
  shape_end(r, f, kiln_build_convert(f, KILN_OP_TRUNC, I64, I128, v[0]));
}

/* A chain of n addresses, each of which waits for its user. */
static void addresses(struct shape_run *r) {
  kiln_func *f = shape_begin(r, "f");
  kiln_value x = kiln_func_param(f, 0), p = x;
  for (uint32_t i = 0; i < r->n; i++) {
    p = kiln_build_addr(f, p, x, 8, 8);
    if (i % 3 == 0) kiln_build_store(f, I64, p, 0, x, 0);
  }
  shape_end(r, f, p);
}

/* n addresses of addresses, none of which is used before the last. */
static void address_chain(struct shape_run *r) {
  kiln_func *f = shape_begin(r, "f");
  kiln_value p = kiln_func_param(f, 0);
  for (uint32_t i = 0; i < r->n; i++) p = kiln_build_addr(f, p, (kiln_value){0}, 0, 8);
  shape_end(r, f, p);
}

/* p = *p, n times; and dead code as long. */
static void load_chain(struct shape_run *r) {
  kiln_func *f = shape_begin(r, "f");
  kiln_value p = kiln_func_param(f, 0), dead = p;
  for (uint32_t i = 0; i < r->n / 3; i++) p = kiln_build_load(f, I64, p, 8, 0);
  for (uint32_t i = 0; i < r->n / 3; i++) dead = kiln_build_load(f, I64, dead, 8, 0);
  for (uint32_t i = 0; i < r->n / 3; i++) dead = kiln_build_addr(f, dead, p, 4, 1);
  shape_end(r, f, p);
}

/* Narrowing and widening, comparing and choosing, each from the one before. */
static void conversions(struct shape_run *r) {
  kiln_func *f = shape_begin(r, "f");
  kiln_value x = kiln_func_param(f, 0), v = x;
  for (uint32_t i = 0; i < r->n / 5; i++) {
    kiln_value narrow = kiln_build_convert(f, KILN_OP_TRUNC, I32, I64, v);
    kiln_value back = kiln_build_convert(f, i & 1 ? KILN_OP_SEXT : KILN_OP_ZEXT, I64, I32, narrow);
    kiln_value c = kiln_build_icmp(f, KILN_ICOND_ULT, I64, back, x);
    v = add(f, kiln_build_select(f, I64, c, back, v), num(f, i));
  }
  shape_end(r, f, v);
}

/* n calls, of a function each. */
static void calls(struct shape_run *r) {
  kiln_func *f = shape_begin(r, "f");
  kiln_value v = kiln_func_param(f, 0);
  char name[16];
  for (uint32_t i = 0; i < r->n; i++) {
    unsigned k = 0;
    name[k++] = 'g';
    for (uint32_t rest = i; rest || k == 1; rest /= 10) name[k++] = (char)('0' + rest % 10);
    kiln_symbol_desc d = {.name = name, .name_length = k};
    kiln_symbol g = kiln_func_declare(r->m, &d, r->sig);
    v = kiln_build_call(f, r->sig, kiln_const_symbol(f, g, 0), &v, 1);
  }
  shape_end(r, f, v);
}

/* A call with n arguments of the types in turn, and the function that gets them. */
static void arguments_of(struct shape_run *r, const kiln_type *types, unsigned n_types) {
  kiln_func *f = shape_begin(r, "f");
  kiln_param *params = shape_alloc(r->n, sizeof *params);
  kiln_value *args = shape_alloc(r->n, sizeof *args);
  kiln_type result = I64;
  for (uint32_t i = 0; i < r->n; i++) params[i].type = (uint8_t)types[i % n_types];
  kiln_sig sig = kiln_sig_new(r->m, KILN_CC_C, 0, params, r->n, &result, 1);
  kiln_value x = kiln_func_param(f, 0);
  kiln_value d = kiln_build_convert(f, KILN_OP_SITOF, F64, I64, x);
  for (uint32_t i = 0; i < r->n; i++) {
    kiln_type t = types[i % n_types];
    args[i] = t == F64 ? kiln_build_binary(f, KILN_OP_FADD, F64, d, kiln_const_f64(f, i))
              : i % 5  ? add(f, x, num(f, i))
                       : num(f, i);
  }
  kiln_symbol g = kiln_func_declare(r->m, &(kiln_symbol_desc){.name = "many"}, sig);
  shape_end(r, f, kiln_build_call(f, sig, kiln_const_symbol(f, g, 0), args, r->n));
  kiln_func *h = kiln_func_begin(r->s, g);
  kiln_value sum = num(h, 0), fsum = kiln_const_f64(h, 0);
  for (uint32_t i = 0; i < r->n; i++) {
    kiln_value p = kiln_func_param(h, i);
    if (types[i % n_types] == F64) fsum = kiln_build_binary(h, KILN_OP_FADD, F64, fsum, p);
    else sum = kiln_build_binary(h, KILN_OP_ADD, I64, p, sum);
  }
  sum = kiln_build_binary(h, KILN_OP_ADD, I64, kiln_build_convert(h, KILN_OP_FTOSI, I64, F64, fsum),
                          sum);
  shape_end(r, h, sum);
  r->items += r->n; /* the arguments of the call */
  free(params);
  free(args);
}
static void arguments_int(struct shape_run *r) { arguments_of(r, (kiln_type[]){I64}, 1); }
static void arguments_float(struct shape_run *r) { arguments_of(r, (kiln_type[]){F64}, 1); }
static void arguments_mixed(struct shape_run *r) {
  arguments_of(r, (kiln_type[]){I64, F64, F64, I64, I64}, 5);
}

/* n instructions, each with a location of its own. */
static void locations(struct shape_run *r) {
  kiln_func *f = shape_begin(r, "f");
  kiln_value x = kiln_func_param(f, 0);
  for (uint32_t i = 0; i < r->n; i++) {
    kiln_func_set_text_position(f, i + 1, 3);
    x = add(f, x, num(f, i % 1000)); /* larger ones are more code */
  }
  shape_end(r, f, x);
}

const struct shape shapes_code[] = {
  {"straight", "operations", straight, 1000, 1000000, false},
  {"mixed", "instructions", mixed, 1000, 1000000, false},
  {"setjmp", "instructions", setjmps, 1000, 1000000, false},
  {"floats", "operations", floats, 1000, 1000000, false},
  {"wide", "operations", wide, 1000, 100000, false},
  {"addresses", "addresses", addresses, 1000, 1000000, false},
  {"address chain", "addresses", address_chain, 1000, 100000, false},
  {"load chain", "loads", load_chain, 1000, 1000000, false},
  {"conversions", "instructions", conversions, 1000, 1000000, false},
  {"calls", "calls", calls, 1000, 100000, false},
  {"arguments int", "arguments", arguments_int, 10, 10000, false},
  {"arguments float", "arguments", arguments_float, 10, 10000, false},
  {"arguments mixed", "arguments", arguments_mixed, 10, 10000, false},
  {"places", "instructions", locations, 1000, 1000000, false},
  {0},
};
