/* <kiln/fold.h> against the interpreter: every operation on constants, every operation with one constant, masks and
 * conversions of values of which some bits are known, and addresses; each built by the folding calls and by the
 * builder's. What folding gives instead of an operation has the operation's value for special operands, wherever that
 * does not trap and is defined. Random expressions: fold_random.c. */
#include "fold_run.h"

static void describe(char *out, size_t size, const struct operation *o) {
  snprintf(out, size, "%s.%s from %s cond %u", kiln_op_name(o->op), kiln_type_name(o->type),
           kiln_type_name(o->from), o->cond);
}

/* Each operation as a function of its operands. */
static void add_plain(struct fixture *t, const struct operation *o, unsigned n, kiln_symbol *out) {
  for (unsigned i = 0; i < n; i++) {
    kiln_type types[3];
    kiln_value v[3];
    for (unsigned k = 0; k < n_operands(o + i); k++) types[k] = operand_type(o + i, k);
    kiln_func *f = begin(t, types, n_operands(o + i), result_type(o + i));
    for (unsigned k = 0; k < n_operands(o + i); k++) v[k] = kiln_func_param(f, k);
    out[i] = end(t, f, build(f, false, o + i, v));
  }
}

/* A count of "any bits" that the interpreter does not call undefined. */
static bool any_bits(const struct operation *o, const kiln_interp_value *args) {
  bool shift = o->op == KILN_OP_SHL || o->op == KILN_OP_LSHR || o->op == KILN_OP_ASHR;
  return shift && (args[1].high != 0 || args[1].low >= 8u * kiln_type_size(o->type));
}

/* ---- all operands constant ---- */

CASE(constants) {
  static struct operation ops[MAX_OPERATIONS];
  static kiln_symbol plain[MAX_OPERATIONS];
  struct fixture t;
  open(&t);
  unsigned n = list_operations(ops);
  add_plain(&t, ops, n, plain);
  link_all(&t);
  kiln_type none = I64;
  for (unsigned i = 0; i < n; i++) {
    const struct operation *o = ops + i;
    kiln_interp_value values[3][MAX_SPECIALS];
    unsigned counts[3] = {1, 1, 1}, folded = 0, defined = 0;
    for (unsigned k = 0; k < n_operands(o); k++)
      counts[k] = specials(operand_type(o, k), values[k]);
    if (n_operands(o) == 3) counts[0] = counts[0] < 9 ? counts[0] : 9;
    kiln_func *f = begin(&t, &none, 1, result_type(o));
    for (unsigned a = 0; a < counts[0] * counts[1] * counts[2]; a++) {
      kiln_interp_value args[3] = {values[0][a % counts[0]], values[1][a / counts[0] % counts[1]],
                                   values[2][a / counts[0] / counts[1]]};
      kiln_interp_value want;
      kiln_value v[3];
      for (unsigned k = 0; k < n_operands(o); k++) v[k] = constant(f, operand_type(o, k), args[k]);
      kiln_operand_info got = kiln_operand_get(f, build(f, true, o, v));
      assert_int_equal(kiln_func_status(f), KILN_OK);
      bool is_defined = call(&t, plain[i], args, n_operands(o), &want) && !any_bits(o, args);
      defined += is_defined;
      if (got.kind != KILN_OPERAND_INT && got.kind != KILN_OPERAND_BITS) continue;
      folded++;
      kiln_interp_value is = cut(result_type(o), (kiln_interp_value){got.low, got.high});
      want = cut(result_type(o), want);
      if (!is_defined || is.low != want.low || is.high != want.high) {
        char what[80];
        describe(what, sizeof what, o);
        fail_msg("%s of %llx:%llx, %llx:%llx: %llx:%llx, not %llx:%llx", what,
                 (unsigned long long)args[0].high, (unsigned long long)args[0].low,
                 (unsigned long long)args[1].high, (unsigned long long)args[1].low,
                 (unsigned long long)is.high, (unsigned long long)is.low,
                 (unsigned long long)want.high, (unsigned long long)want.low);
      }
    }
    /* integers always, floats where nothing is rounded and nothing is NaN */
    if (is_int(o->type) && (o->form != CONVERT || is_int(o->from)))
      assert_int_equal(folded, defined);
    else assert_true(folded > 0);
    kiln_func_discard(f);
  }
  close(&t);
}

/* ---- one operand constant ---- */

CASE(one_constant) {
  static struct operation ops[MAX_OPERATIONS];
  static kiln_symbol plain[MAX_OPERATIONS];
  unsigned n = list_operations(ops), fewer = 0;
  for (kiln_type type = I8; type <= F64; type++) {
    struct fixture t;
    open(&t);
    unsigned n_here = 0;
    struct operation *o = calloc(n, sizeof *o);
    for (unsigned i = 0; i < n; i++)
      if (n_operands(ops + i) >= 2 && operand_type(ops + i, 1) == type) o[n_here++] = ops[i];
    kiln_interp_value values[MAX_SPECIALS];
    unsigned n_values = specials(type, values);
    add_plain(&t, o, n_here, plain);
    /* per operation, constant, and which operand: a function of the others */
    kiln_symbol *folded = calloc((size_t)n_here * n_values * 3, sizeof *folded), *at = folded;
    for (unsigned i = 0; i < n_here; i++) {
      for (unsigned c = 0; c < n_values; c++) {
        for (unsigned k = 0; k < 3; k++, at++) {
          if (k >= n_operands(o + i)) continue;
          kiln_type types[3];
          kiln_value v[3];
          for (unsigned a = 0; a < n_operands(o + i); a++) types[a] = operand_type(o + i, a);
          kiln_func *f = begin(&t, types, n_operands(o + i), result_type(o + i));
          for (unsigned a = 0; a < n_operands(o + i); a++)
            v[a] = a == k ? constant(f, types[a], cut(types[a], values[c])) : kiln_func_param(f, a);
          uint32_t before = kiln_func_value_limit(f);
          kiln_value r = build(f, true, o + i, v);
          fewer += kiln_func_value_limit(f) == before;
          *at = end(&t, f, r);
        }
      }
    }
    link_all(&t);
    at = folded;
    for (unsigned i = 0; i < n_here; i++) {
      for (unsigned c = 0; c < n_values; c++) {
        for (unsigned k = 0; k < 3; k++, at++) {
          if (k >= n_operands(o + i)) continue;
          for (unsigned x = 0; x < n_values; x++) {
            kiln_interp_value args[3], want, is;
            for (unsigned a = 0; a < 3; a++)
              args[a] =
                cut(operand_type(o + i, a), a == k ? values[c] : values[(x + 5 * a) % n_values]);
            if (any_bits(o + i, args) || !call(&t, plain[i], args, n_operands(o + i), &want))
              continue;
            bool ok = call(&t, *at, args, n_operands(o + i), &is);
            if (ok && is.low == want.low && is.high == want.high) continue;
            char what[80];
            describe(what, sizeof what, o + i);
            fail_msg("%s of %llx, %llx, operand %u constant: %llx, not %llx", what,
                     (unsigned long long)args[0].low, (unsigned long long)args[1].low, k,
                     (unsigned long long)is.low, (unsigned long long)want.low);
          }
        }
      }
    }
    free(folded);
    free(o);
    close(&t);
  }
  assert_true(fewer > 500);
}

/* ---- pairs of functions ---- */

/* Functions of (i64, i128, address), built plainly and by folding, that are compared for special values. */
struct pairs {
  struct fixture t;
  struct pair {
    kiln_symbol plain, folded;
  } *at;
  unsigned n, cap, fewer;
};
enum { NUMBER, WIDE, ADDRESS, PAIR_PARAMS };
static const kiln_type pair_types[PAIR_PARAMS] = {I64, I128, I64};

static kiln_func *pair_begin(struct pairs *p, kiln_type result) {
  return begin(&p->t, pair_types, PAIR_PARAMS, result);
}

static void pair_add(struct pairs *p, kiln_func *const *f, const kiln_value *v) {
  if (p->n == p->cap) {
    p->cap = p->cap == 0 ? 1024 : p->cap * 2;
    p->at = realloc(p->at, p->cap * sizeof *p->at);
    assert_non_null(p->at);
  }
  p->fewer += kiln_func_value_limit(f[1]) < kiln_func_value_limit(f[0]) || v[1].id != v[0].id;
  p->at[p->n++] = (struct pair){end(&p->t, f[0], v[0]), end(&p->t, f[1], v[1])};
}

static void pairs_compare(struct pairs *p) {
  kiln_interp_value wide[MAX_SPECIALS];
  unsigned n = specials(I128, wide);
  link_all(&p->t);
  for (unsigned i = 0; i < p->n; i++) {
    for (unsigned k = 0; k < n; k++) {
      kiln_interp_value args[PAIR_PARAMS] = {
        cut(I64, wide[k]), wide[k], {(uint64_t)(uintptr_t)memory, 0}};
      kiln_interp_value want, is;
      assert_true(call(&p->t, p->at[i].plain, args, PAIR_PARAMS, &want));
      if (!call(&p->t, p->at[i].folded, args, PAIR_PARAMS, &is) || is.low != want.low ||
          is.high != want.high)
        fail_msg("functions %s of %llx:%llx: %llx, not %llx",
                 kiln_symbol_get(p->t.m, p->at[i].plain).desc.name,
                 (unsigned long long)args[1].high, (unsigned long long)args[1].low,
                 (unsigned long long)is.low, (unsigned long long)want.low);
    }
  }
  free(p->at);
  close(&p->t);
}

static kiln_value binary(kiln_func *f, bool fold, kiln_op op, kiln_type type, kiln_value a,
                         kiln_value b) {
  return (fold ? kiln_fold_binary : kiln_build_binary)(f, op, type, a, b);
}
static kiln_value convert(kiln_func *f, bool fold, kiln_op op, kiln_type to, kiln_type from,
                          kiln_value a) {
  return (fold ? kiln_fold_convert : kiln_build_convert)(f, op, to, from, a);
}
static kiln_value param(kiln_func *f, bool fold, kiln_type type) {
  if (type == I128) return kiln_func_param(f, WIDE);
  if (type == I64) return kiln_func_param(f, NUMBER);
  return convert(f, fold, KILN_OP_TRUNC, type, I64, kiln_func_param(f, NUMBER));
}

/* ---- what is known of bits ---- */

/* Numbers of bits around the sizes of types. */
static const uint8_t sizes[] = {0, 1, 2, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 126, 127};

static kiln_interp_value low_ones(unsigned n) {
  if (n >= 64) return (kiln_interp_value){UINT64_MAX, n == 64 ? 0 : UINT64_MAX >> (128 - n)};
  return (kiln_interp_value){(UINT64_C(1) << n) - 1, 0};
}

/* Something of which bits are known; false if there is no such source number. */
static bool known(kiln_func *f, bool fold, kiln_type type, unsigned i, kiln_value *out) {
  unsigned w = 8 * kiln_type_size(type), n_sizes = sizeof sizes;
  kiln_value a = param(f, fold, type);
  if (i < 4 * n_sizes) {
    static const kiln_op ops[] = {KILN_OP_AND, KILN_OP_UREM, KILN_OP_LSHR, KILN_OP_ASHR};
    unsigned size = sizes[i % n_sizes];
    kiln_interp_value c = {size, 0};
    if (i / n_sizes < 2) c = low_ones(size);
    if (i / n_sizes == 1 && ++c.low == 0) c.high++; /* a power of two */
    if (size >= w) return false;
    *out = binary(f, fold, ops[i / n_sizes], type, a, constant(f, type, c));
    return true;
  }
  i -= 4 * n_sizes;
  kiln_type from = (kiln_type)(I8 + i / 4);
  if (from >= type) return false;
  if (i % 4 == 0) *out = convert(f, fold, KILN_OP_ZEXT, type, from, param(f, fold, from));
  else if (i % 4 == 1) *out = convert(f, fold, KILN_OP_SEXT, type, from, param(f, fold, from));
  else
    *out = kiln_build_load_ext(f, type, from, kiln_func_param(f, ADDRESS), (int32_t)i,
                               i % 4 == 2 ? 0 : KILN_MEM_SEXT);
  return true;
}

/* Something that may be needless; false if there is none of this number. */
static bool needless(kiln_func *f, bool fold, kiln_type type, unsigned i, kiln_value *v) {
  unsigned w = 8 * kiln_type_size(type);
  if (i < sizeof sizes) {
    *v = binary(f, fold, KILN_OP_AND, type, *v, constant(f, type, low_ones(sizes[i])));
    return sizes[i] < w;
  }
  i -= (unsigned)sizeof sizes;
  kiln_type to = (kiln_type)(I8 + i / 2);
  if (to >= type) return false;
  *v = convert(f, fold, KILN_OP_TRUNC, to, type, *v);
  *v = convert(f, fold, i % 2 ? KILN_OP_SEXT : KILN_OP_ZEXT, type, to, *v);
  return true;
}

CASE(known_bits) {
  for (kiln_type type = KILN_TYPE_I16; type <= I128; type++) {
    struct pairs p = {.n = 0};
    open(&p.t);
    for (unsigned i = 0; i < 4 * sizeof sizes + 16; i++) {
      for (unsigned k = 0; k < sizeof sizes + 8; k++) {
        kiln_func *f[2];
        kiln_value v[2];
        bool there = true;
        for (unsigned fold = 0; fold < 2; fold++) {
          f[fold] = pair_begin(&p, type);
          there = there && known(f[fold], fold, type, i, &v[fold]) &&
                  needless(f[fold], fold, type, k, &v[fold]);
        }
        if (there) pair_add(&p, f, v);
        else kiln_func_discard(f[0]), kiln_func_discard(f[1]);
      }
    }
    assert_true(p.fewer > 40);
    pairs_compare(&p);
  }
}

/* ---- addresses ---- */

CASE(addresses) {
  static const int64_t numbers[] = {0,  1,     -1,    3,         8,         15,
                                    16, 65535, 65536, INT32_MAX, INT32_MIN, INT64_MIN};
  static const unsigned scales[] = {0, 1, 8, 255, 32768, 65535};
  static const int32_t disps[] = {0, 1, -7, INT32_MAX, INT32_MIN};
  static const kiln_op ops[] = {KILN_OP_ADD, KILN_OP_SUB, KILN_OP_MUL, KILN_OP_SHL};
  enum { N = sizeof numbers / sizeof *numbers, SCALES = sizeof scales / sizeof *scales };
  struct pairs p = {.n = 0};
  open(&p.t);
  for (unsigned i = 0; i < 6 * N * SCALES * 5; i++) {
    unsigned form = i % 6, scale = scales[i / 6 % SCALES];
    int32_t disp = disps[i / 6 / SCALES % 5];
    int64_t number = numbers[i / 6 / SCALES / 5];
    if (form == 3 && (number < 0 || number > 63)) continue;
    for (unsigned base = 0; base < 4; base++) {
      kiln_func *f[2];
      kiln_value v[2];
      for (unsigned fold = 0; fold < 2; fold++) {
        kiln_value (*addr)(kiln_func *, kiln_value, kiln_value, unsigned, int32_t) =
          fold ? kiln_fold_addr : kiln_build_addr;
        kiln_func *g = f[fold] = pair_begin(&p, I64);
        kiln_value a = kiln_func_param(g, ADDRESS), x = kiln_func_param(g, NUMBER);
        kiln_value c = kiln_const_int(g, number), none = {0};
        /* plainly built, so that the address has something to fold */
        kiln_value index = form < 4    ? kiln_build_binary(g, ops[form], I64, x, c)
                           : form == 4 ? c
                                       : none;
        if (form == 5) x = c;
        if (base == 1) a = kiln_build_addr(g, a, none, 0, disp);
        if (base == 2) a = kiln_build_addr(g, a, x, scale, (int32_t)(number & 0xfff));
        if (base == 3) a = kiln_build_binary(g, KILN_OP_ADD, I64, a, c);
        v[fold] = addr(g, a, index, index.id != 0 ? scale : 0, disp);
      }
      pair_add(&p, f, v);
    }
  }
  pairs_compare(&p);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(constants),
    cmocka_unit_test(one_constant),
    cmocka_unit_test(known_bits),
    cmocka_unit_test(addresses),
  };
  return cmocka_run_group_tests_name("fold run", tests, NULL, NULL);
}
