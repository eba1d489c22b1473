/* The builder, instruction by instruction: what each shape writes, counts and refuses. Flow, edges
 * and forward values are in build_flow.c, the life of a function in build_life.c. */
#include "build_fixture.h"

#include <kiln/inspect.h>

static void begin_makes_parameters(void **state) {
  struct fixture *t = *state;
  kiln_func *f = t->f;
  kiln_value a = kiln_func_param(f, 0), b = kiln_func_param(f, 1);
  assert_int_equal(kiln_value_type(f, a), I64);
  assert_int_equal(kiln_value_type(f, b), I32);
  assert_int_equal(inst(f, a)->op, KILN_OP_PARAM);
  assert_int_equal(inst(f, b)->x, 1);
  assert_int_equal(kn_block_param(f, f->block, 1), b.id);
  assert_int_equal(inst(f, a)->b, b.id);
  assert_int_equal(inst(f, b)->b, 0);
  assert_int_equal(f->block[0].n_params, 2);
  assert_int_equal(f->block[0].pos, 1);
  assert_int_equal(f->globals.n, 0);
  assert_int_equal(kiln_block_current(f).id, 0);
  assert_false(kiln_block_is_terminated(f, block(0)));
  assert_int_equal(kiln_func_symbol(f).id, t->func.id);
  assert_ptr_equal(kiln_func_session(f), t->s);
  FAILS(KILN_ERR_ARGUMENT, kiln_func_param(f, 2));
}

/* One table row per arithmetic opcode of the table: the right types are accepted, others are not. */
static void arithmetic_follows_the_table(void **state) {
  struct fixture *t = *state;
  kiln_func *f = t->f;
  unsigned taken = 0, refused = 0;
  for (unsigned op = 1; op < KILN_OP_COUNT; op++) {
    unsigned shape = kn_op_info[op].shape;
    unsigned n = shape == KN_SH_UN ? 1 : shape == KN_SH_BIN ? 2 : shape == KN_SH_TERN ? 3 : 0;
    if (n == 0 || op == KILN_OP_TLS_ADDR) continue;
    for (unsigned type = 0; type <= KILN_TYPE_COUNT; type++) {
      f = again(t);
      bool wants = type < KILN_TYPE_COUNT && kn_op_info[op].types >> type & 1;
      kiln_value p = type > 0 && type < KILN_TYPE_COUNT
                       ? kiln_build_load(f, type, kiln_func_param(f, 0), 0, 0)
                       : kiln_func_param(f, 0);
      uint32_t before = f->n;
      kiln_value v = n == 1   ? kiln_build_unary(f, op, type, p)
                     : n == 2 ? kiln_build_binary(f, op, type, p, p)
                              : kiln_build_ternary(f, op, type, p, p, p);
      if (!wants) {
        assert_int_equal(v.id, 0);
        assert_int_equal(kiln_func_status(f), KILN_ERR_TYPE);
        assert_int_equal(f->n, before);
        refused++;
        continue;
      }
      assert_int_equal(v.id, before);
      assert_int_equal(f->n, before + 1 + (type == I128)); /* its upper half follows */
      assert_int_equal(kiln_value_type(f, v), type);
      assert_int_equal(uses(f, p), n);
      const struct kn_inst *in = inst(f, v);
      assert_int_equal(in->op, op);
      assert_int_equal(in->type, type);
      assert_int_equal(in->a, p.id);
      assert_int_equal(in->b, n > 1 ? p.id : 0);
      assert_int_equal(in->c, n > 2 ? p.id : 0);
      assert_int_equal(f->val[v.id].block, 0);
      assert_int_equal(f->val[v.id].uses, 0);
      assert_int_equal(f->val[v.id].global, 0);
      assert_int_equal(f->val[v.id].reg, KN_NO_REG);
      assert_int_equal(f->val[v.id].hint, KN_NO_REG);
      assert_int_equal(f->val[v.id].flags, type == I128 ? KN_PAIR : 0);
      taken++;
    }
  }
  assert_true(taken > 250 && refused > 250);
}

static void operands_must_have_the_type(void **state) {
  struct fixture *t = *state;
  kiln_func *f = t->f;
  kiln_value a = kiln_func_param(f, 0), b = kiln_func_param(f, 1);
  FAILS(KILN_ERR_TYPE, kiln_build_binary(f, KILN_OP_ADD, I32, b, a));
  FAILS(KILN_ERR_TYPE, kiln_build_binary(f, KILN_OP_ADD, I32, a, b));
  FAILS(KILN_ERR_TYPE,
        kiln_build_binary(f, KILN_OP_FADD, F64, kiln_const_f64(f, 1), kiln_const_int(f, 1)));
  FAILS(KILN_ERR_TYPE,
        kiln_build_binary(f, KILN_OP_FADD, F64, kiln_const_f64(f, 1), kiln_const_f32(f, 1)));
  FAILS(KILN_ERR_ARGUMENT, kiln_build_binary(f, KILN_OP_ADD, I32, b, NO_VALUE));
  FAILS(KILN_ERR_ARGUMENT, kiln_build_binary(f, KILN_OP_ADD, I32, b, (kiln_value){1000}));
  for (unsigned tag = 0; tag < 8; tag++)
    if (tag != KN_TAG_IMM)
      FAILS(KILN_ERR_ARGUMENT,
            kiln_build_unary(f, KILN_OP_NEG, I32, (kiln_value){tag << KN_TAG_SHIFT | 0x1ffffff}));
  /* A store has no value to use. */
  kiln_build_store(f, I32, a, 0, b, 0);
  FAILS(KILN_ERR_TYPE, kiln_build_unary(f, KILN_OP_NEG, I32, (kiln_value){t->f->n - 1}));
  /* Opcodes of other shapes and no opcodes. */
  FAILS(KILN_ERR_TYPE, kiln_build_binary(f, KILN_OP_NEG, I32, b, b));
  FAILS(KILN_ERR_TYPE, kiln_build_unary(f, KILN_OP_ADD, I32, b));
  FAILS(KILN_ERR_TYPE, kiln_build_nullary(f, KILN_OP_ADD));
  FAILS(KILN_ERR_ARGUMENT, kiln_build_binary(f, (kiln_op)KILN_OP_COUNT, I32, b, b));
  FAILS(KILN_ERR_ARGUMENT, kiln_build_unary(f, (kiln_op)-1, I32, b));
  FAILS(KILN_ERR_ARGUMENT, kiln_build_unary(f, KILN_OP_PARAM, I32, b));
  FAILS(KILN_ERR_TYPE, kiln_build_binary(f, KILN_OP_VSPLAT, V128, b, b));
  FAILS(KILN_ERR_TYPE, kiln_build_vector(f, KILN_OP_VSPLAT, V128, I64, 0, b, NO_VALUE));
  FAILS(KILN_ERR_TYPE, kiln_build_vector(f, KILN_OP_VSPLAT, I32, I32, 0, b, NO_VALUE));
  FAILS(KILN_ERR_TYPE, kiln_build_vector(f, KILN_OP_VFSQRT, V128, I32, 0, b, NO_VALUE));
  FAILS(KILN_ERR_TYPE, kiln_build_vector(f, KILN_OP_ADD, V128, I32, 0, b, b));
  kiln_value v = kiln_build_vector(f, KILN_OP_VSPLAT, V128, I32, 0, b, NO_VALUE);
  FAILS(KILN_ERR_TYPE, kiln_build_vector(f, KILN_OP_VEXTRACT, I32, V128, 4, v, NO_VALUE));
  FAILS(KILN_ERR_TYPE, kiln_build_vector(f, KILN_OP_VSHL, V128, I32, 32, v, NO_VALUE));
}

static void first_error_sticks(void **state) {
  struct fixture *t = *state;
  kiln_func *f = t->f;
  kiln_value b = kiln_func_param(f, 1);
  kiln_build_unary(f, KILN_OP_NEG, I32, b);
  kiln_build_unary(f, KILN_OP_NEG, I64, b);
  uint32_t n = f->n;
  assert_int_equal(t->diags, 1);
  assert_int_equal(t->diag.status, KILN_ERR_TYPE);
  assert_string_equal(t->diag.module, "test");
  assert_string_equal(t->diag.function, "f");
  assert_int_equal(t->diag.block, 0);
  assert_int_equal(t->diag.inst, 3); /* after two parameters and one instruction */
  assert_non_null(strstr(t->diag.message, "i64"));
  /* Nothing that follows changes anything. */
  assert_int_equal(kiln_build_unary(f, KILN_OP_NEG, I32, b).id, 0);
  assert_int_equal(kiln_build_call(f, t->sig, b, NULL, 0).id, 0);
  assert_int_equal(kiln_block_new(f).id, UINT32_MAX);
  assert_int_equal(kiln_block_add_param(f, block(0), I32).id, 0);
  assert_int_equal(kiln_slot_new(f, 8, 3).id, 0);
  assert_int_equal(kiln_const_f64(f, 1).id, 0);
  assert_int_equal(kiln_forward_new(f, I32).id, 0);
  kiln_build_ret(f, &b, 1);
  kiln_block_switch(f, block(3));
  kiln_forward_bind(f, b, b);
  kiln_edge_set_arg(f, block(0), block(1), 0, b);
  assert_int_equal(kiln_func_fail(f, KILN_ERR_LIMIT, "later"), KILN_ERR_LIMIT);
  assert_int_equal(kiln_func_finish(f), KILN_ERR_TYPE);
  assert_int_equal(kiln_func_status(f), KILN_ERR_TYPE);
  assert_int_equal(f->n, n);
  assert_int_equal(t->diags, 1);
  f = again(t);
  assert_int_equal(kiln_func_fail(f, KILN_ERR_UNSUPPORTED, "100%s"), KILN_ERR_UNSUPPORTED);
  assert_string_equal(t->diag.message, "100%s");
  assert_int_equal(kiln_func_status(f), KILN_ERR_UNSUPPORTED);
  assert_int_equal(kiln_module_status(t->m), KILN_OK);
  /* So are the module's errors: a function that it could not begin has its status. */
  kiln_module_fail(t->m, KILN_ERR_LIMIT, "of the front end");
  kiln_symbol none = kiln_func_declare(t->m, &(kiln_symbol_desc){.name = "h"}, t->sig);
  assert_int_equal(none.id, 0);
  f = kiln_func_begin(t->s, none);
  assert_int_equal(kiln_func_status(f), KILN_ERR_LIMIT);
}

static void constants(void **state) {
  struct fixture *t = *state;
  kiln_func *f = t->f;
  static const int64_t small[] = {0, 1, -1, 255, -(1 << 28), (1 << 28) - 1};
  for (size_t i = 0; i < sizeof small / sizeof *small; i++) {
    kiln_value v = kiln_const_int(f, small[i]);
    assert_true(kn_is_imm(v.id));
    assert_int_equal(kn_imm(v.id), small[i]);
    assert_int_equal(kiln_value_type(f, v), VOID);
  }
  assert_int_equal(f->pool.n, 0);
  static const int64_t big[] = {1 << 28, -(1 << 28) - 1, INT64_MAX, INT64_MIN};
  for (size_t i = 0; i < sizeof big / sizeof *big; i++) {
    kiln_value v = kiln_const_int(f, big[i]);
    assert_true(kn_is_pool(v.id));
    assert_int_equal(f->pool.at[kn_index(v.id)].low, (uint64_t)big[i]);
    assert_int_equal(f->pool.at[kn_index(v.id)].high, big[i] < 0 ? UINT64_MAX : 0);
    assert_int_equal(kiln_value_type(f, v), VOID);
    /* It takes any integer type. */
    for (unsigned type = I8; type <= I128; type++)
      assert_true(kiln_build_unary(f, KILN_OP_COPY, type, v).id != 0);
  }
  kiln_value wide = kiln_const_i128(f, 1, 2);
  assert_int_equal(kiln_value_type(f, wide), I128);
  assert_true(kiln_build_unary(f, KILN_OP_COPY, I128, wide).id != 0);
  assert_true(kn_is_imm(kiln_const_i128(f, UINT64_MAX, UINT64_MAX).id));
  assert_int_equal(kn_imm(kiln_const_bits(f, I8, 0xff, 0).id), -1);
  assert_int_equal(kn_imm(kiln_const_bits(f, I32, 0xfffffffe, 0).id), -2);
  kiln_value d = kiln_const_f64(f, -0.0);
  assert_int_equal(f->pool.at[kn_index(d.id)].low, UINT64_C(1) << 63);
  kiln_value s = kiln_const_f32(f, 1.5f);
  assert_int_equal(f->pool.at[kn_index(s.id)].low, 0x3fc00000);
  assert_int_equal(kiln_value_type(f, s), F32);
  kiln_value h = kiln_const_bits(f, F16, 0x13c00, 7);
  assert_int_equal(f->pool.at[kn_index(h.id)].low, 0x3c00);
  assert_int_equal(f->pool.at[kn_index(h.id)].high, 0);
  kiln_value g = kiln_const_symbol(f, t->data, -8);
  assert_int_equal(kiln_value_type(f, g), I64);
  assert_int_equal((int64_t)f->pool.at[kn_index(g.id)].low, -8);
  assert_int_equal(f->pool.at[kn_index(g.id)].symbol, t->data.id);
  assert_int_equal(kiln_func_status(f), KILN_OK);
  FAILS(KILN_ERR_TYPE, kiln_build_unary(f, KILN_OP_COPY, I64, kiln_const_i128(f, 1, 2)));
  FAILS(KILN_ERR_TYPE, kiln_build_unary(f, KILN_OP_COPY, I32, kiln_const_symbol(f, t->data, 0)));
  FAILS(KILN_ERR_ARGUMENT, kiln_const_symbol(f, (kiln_symbol){0}, 0));
  FAILS(KILN_ERR_ARGUMENT, kiln_const_symbol(f, (kiln_symbol){kiln_symbol_count(t->m) + 1}, 0));
  FAILS(KILN_ERR_TYPE, kiln_const_bits(f, VOID, 0, 0));
}

static void thread_local_symbols(void **state) {
  struct fixture *t = *state;
  kiln_func *f = t->f;
  kiln_value v = kiln_build_unary(f, KILN_OP_TLS_ADDR, I64, kiln_const_symbol(f, t->tls, 0));
  assert_int_equal(kiln_value_type(f, v), I64);
  FAILS(KILN_ERR_ARGUMENT, kiln_build_load(f, I32, kiln_const_symbol(f, t->tls, 0), 0, 0));
  FAILS(KILN_ERR_ARGUMENT,
        kiln_build_unary(f, KILN_OP_TLS_ADDR, I64, kiln_const_symbol(f, t->data, 0)));
  FAILS(KILN_ERR_ARGUMENT, kiln_build_unary(f, KILN_OP_TLS_ADDR, I64, kiln_func_param(f, 0)));
}

static void conversions(void **state) {
  struct fixture *t = *state;
  kiln_func *f;
  unsigned taken = 0;
  for (unsigned op = KILN_OP_TRUNC; op <= KILN_OP_BITCAST; op++) {
    for (unsigned to = 0; to < KILN_TYPE_COUNT; to++) {
      for (unsigned from = 1; from < KILN_TYPE_COUNT; from++) {
        f = again(t);
        bool to_int = to >= I8 && to <= I128, from_int = from >= I8 && from <= I128;
        bool to_float = to >= F16 && to <= F128, from_float = from >= F16 && from <= F128;
        unsigned size_to = kiln_type_size(to), size_from = kiln_type_size(from);
        bool ok = false;
        switch (op) {
        case KILN_OP_TRUNC: ok = to_int && from_int && size_to < size_from; break;
        case KILN_OP_ZEXT:
        case KILN_OP_SEXT: ok = to_int && from_int && size_to > size_from; break;
        case KILN_OP_FDEMOTE: ok = to_float && from_float && to < from; break;
        case KILN_OP_FPROMOTE: ok = to_float && from_float && to > from; break;
        case KILN_OP_SITOF:
        case KILN_OP_UITOF: ok = to_float && from_int; break;
        case KILN_OP_BITCAST:
          ok = to != VOID && size_to == size_from && (to == F80) == (from == F80);
          break;
        default: ok = to_int && from_float; break;
        }
        kiln_value p = kiln_build_load(f, from, kiln_func_param(f, 0), 0, 0);
        kiln_value v = kiln_build_convert(f, op, to, from, p);
        assert_int_equal(v.id != 0, ok);
        assert_int_equal(kiln_func_status(f), ok ? KILN_OK : KILN_ERR_TYPE);
        if (!ok) continue;
        assert_int_equal(kiln_value_type(f, v), to);
        assert_int_equal(inst(f, v)->x, from);
        assert_int_equal(inst(f, v)->a, p.id);
        assert_int_equal(uses(f, p), 1);
        taken++;
      }
    }
  }
  assert_true(taken > 100);
  f = again(t);
  FAILS(KILN_ERR_TYPE, kiln_build_convert(f, KILN_OP_SEXT, I64, I32, kiln_func_param(f, 0)));
  FAILS(KILN_ERR_TYPE, kiln_build_convert(f, KILN_OP_SEXT, I64, 99, kiln_func_param(f, 0)));
  FAILS(KILN_ERR_TYPE, kiln_build_convert(f, KILN_OP_ADD, I64, I32, kiln_func_param(f, 1)));
}

static void comparisons_and_select(void **state) {
  struct fixture *t = *state;
  kiln_func *f = t->f;
  kiln_value b = kiln_func_param(f, 1);
  kiln_value c = kiln_build_icmp(f, KILN_ICOND_ULE, I32, b, kiln_const_int(f, 7));
  assert_int_equal(kiln_value_type(f, c), I8);
  assert_int_equal(inst(f, c)->type, I32);
  assert_int_equal(inst(f, c)->x, KILN_ICOND_ULE);
  assert_int_equal(uses(f, b), 1);
  kiln_value d = kiln_const_f64(f, 2);
  kiln_value e = kiln_build_fcmp(f, KILN_FCOND_UNO, F64, d, d);
  assert_int_equal(kiln_value_type(f, e), I8);
  assert_int_equal(inst(f, e)->x, KILN_FCOND_UNO);
  kiln_value s = kiln_build_select(f, F64, c, d, d);
  assert_int_equal(kiln_value_type(f, s), F64);
  assert_int_equal(inst(f, s)->a, c.id);
  assert_int_equal(uses(f, c), 1);
  FAILS(KILN_ERR_TYPE, kiln_build_icmp(f, KILN_ICOND_COUNT, I32, b, b));
  FAILS(KILN_ERR_TYPE,
        kiln_build_icmp(f, KILN_ICOND_EQ, F64, kiln_const_f64(f, 1), kiln_const_f64(f, 1)));
  FAILS(KILN_ERR_TYPE, kiln_build_fcmp(f, KILN_FCOND_OEQ, I32, b, b));
  FAILS(KILN_ERR_TYPE, kiln_build_select(f, I32, b, b, b));
  FAILS(KILN_ERR_TYPE, kiln_build_select(f, VOID, b, b, b));
}

static void memory(void **state) {
  struct fixture *t = *state;
  kiln_func *f = t->f;
  kiln_value a = kiln_func_param(f, 0), b = kiln_func_param(f, 1);
  kiln_value v = kiln_build_load(f, F64, a, -24, KILN_MEM_VOLATILE | KILN_MEM_ALIGN(3));
  const struct kn_inst *in = inst(f, v);
  assert_int_equal((int32_t)in->c, -24);
  assert_int_equal(KN_MEM_TYPE(in->x), F64);
  assert_int_equal(KN_MEM_ALIGN(in->x), 3);
  assert_true(in->x & KILN_MEM_VOLATILE);
  assert_int_equal(kiln_value_type(f, v), F64);
  kiln_value e = kiln_build_load_ext(f, I64, I8, a, 5, KILN_MEM_SEXT);
  assert_int_equal(KN_MEM_TYPE(inst(f, e)->x), I8);
  assert_true(inst(f, e)->x & KILN_MEM_SEXT);
  assert_int_equal(kiln_value_type(f, e), I64);
  kiln_build_store(f, I32, a, 8, b, 0);
  in = last(f);
  assert_int_equal(in->op, KILN_OP_STORE);
  assert_int_equal(in->type, I32);
  assert_int_equal(in->a, a.id);
  assert_int_equal(in->b, b.id);
  assert_int_equal(in->c, 8);
  assert_int_equal(KN_MEM_TYPE(in->x), I32);
  assert_int_equal(kiln_value_type(f, (kiln_value){f->n - 1}), VOID);
  kiln_build_store(f, I8, a, 0, kiln_const_int(f, 300), 0);
  kiln_value p = kiln_build_addr(f, a, e, 24, -16);
  in = inst(f, p);
  assert_int_equal(in->x, 24);
  assert_int_equal(in->b, e.id);
  assert_int_equal((int32_t)in->c, -16);
  kiln_value q = kiln_build_addr(f, p, NO_VALUE, 8, 4);
  assert_int_equal(inst(f, q)->x, 0);
  assert_int_equal(inst(f, q)->b, 0);
  kiln_value r = kiln_build_salloc(f, e, 5);
  assert_int_equal(inst(f, r)->x, 5);
  assert_true(f->facts.dynamic_stack);
  assert_int_equal(uses(f, a), 5);
  assert_int_equal(uses(f, e), 2);
  assert_int_equal(kiln_func_status(f), KILN_OK);
  FAILS(KILN_ERR_TYPE, kiln_build_load(f, I32, b, 0, 0));
  FAILS(KILN_ERR_TYPE, kiln_build_load(f, VOID, a, 0, 0));
  FAILS(KILN_ERR_TYPE, kiln_build_load(f, I32, a, 0, KILN_MEM_SEXT));
  FAILS(KILN_ERR_TYPE, kiln_build_load(f, I32, a, 0, 1u << 12));
  FAILS(KILN_ERR_TYPE, kiln_build_load(f, KILN_TYPE_COUNT, a, 0, 0));
  FAILS(KILN_ERR_TYPE, kiln_build_load_ext(f, I32, I32, a, 0, 0));
  FAILS(KILN_ERR_TYPE, kiln_build_load_ext(f, F64, F32, a, 0, 0));
  FAILS(KILN_ERR_TYPE, (kiln_build_store(f, I64, a, 0, b, 0), 0));
  FAILS(KILN_ERR_TYPE, (kiln_build_store(f, F64, a, 0, kiln_const_int(f, 0), 0), 0));
  FAILS(KILN_ERR_TYPE, (kiln_build_store(f, VOID, a, 0, b, 0), 0));
  FAILS(KILN_ERR_LIMIT, kiln_build_addr(f, a, a, 65536, 0));
  FAILS(KILN_ERR_TYPE, kiln_build_addr(f, a, b, 4, 0));
  FAILS(KILN_ERR_LIMIT, kiln_build_salloc(f, a, 17));
  FAILS(KILN_ERR_LIMIT, kiln_slot_new(f, UINT64_C(1) << 31, 0));
  FAILS(KILN_ERR_LIMIT, kiln_slot_new(f, 8, 17));
  FAILS(KILN_ERR_ARGUMENT, (kiln_slot_new(f, 8, 3),
                            kiln_func_set_attrs(f, &(kiln_func_attrs){.realign_stack = true})));
}

static void operations_without_result(void **state) {
  struct fixture *t = *state;
  kiln_func *f = t->f;
  kiln_value a = kiln_func_param(f, 0);
  assert_int_equal(kiln_build_ternary(f, KILN_OP_MEMCPY, I64, a, a, kiln_const_int(f, 64)).id, 0);
  assert_int_equal(last(f)->op, KILN_OP_MEMCPY);
  assert_int_equal(last(f)->x, 0);
  kiln_build_memory(f, KILN_OP_MEMMOVE, a, a, kiln_const_int(f, 64), KILN_MEM_VOLATILE);
  assert_int_equal(last(f)->x, KILN_MEM_VOLATILE);
  kiln_inst_info info = kiln_inst_get(f, (kiln_inst){f->n - 1});
  assert_int_equal(info.mem_flags, KILN_MEM_VOLATILE);
  kiln_value i8 = kiln_build_convert(f, KILN_OP_TRUNC, I8, I64, a);
  assert_int_equal(kiln_build_ternary(f, KILN_OP_MEMSET, I64, a, i8, a).id, 0);
  assert_int_equal(last(f)->b, i8.id);
  kiln_build_ternary(f, KILN_OP_MEMSET, I64, a, kiln_const_int(f, 0), a);
  kiln_build_unary(f, KILN_OP_PREFETCH, I64, a);
  kiln_build_binary(f, KILN_OP_VA_COPY, I64, a, a);
  kiln_build_fence(f, KILN_ORDERING_SEQ_CST);
  kiln_build_nullary(f, KILN_OP_DEBUG_TRAP);
  kiln_value save = kiln_build_nullary(f, KILN_OP_STACK_SAVE);
  assert_int_equal(kiln_value_type(f, save), I64);
  assert_false(f->facts.dynamic_stack);
  kiln_build_unary(f, KILN_OP_STACK_RESTORE, I64, save);
  assert_true(f->facts.dynamic_stack);
  kiln_value mode = kiln_build_nullary(f, KILN_OP_GET_ROUNDING);
  assert_int_equal(kiln_value_type(f, mode), I32);
  assert_int_equal(kiln_build_unary(f, KILN_OP_SET_ROUNDING, I32, mode).id, 0);
  kiln_build_unary(f, KILN_OP_SET_ROUNDING, I32, kiln_const_int(f, 1));
  kiln_value level = kiln_build_level(f, KILN_OP_RETURN_ADDR, 2);
  assert_int_equal(inst(f, level)->x, 2);
  assert_true(f->facts.uses_frame);
  kiln_value arg = kiln_build_va_arg(f, F64, a);
  assert_int_equal(kiln_value_type(f, arg), F64);
  kiln_build_nullary(f, KILN_OP_UNREACHABLE);
  assert_true(kiln_block_is_terminated(f, block(0)));
  assert_int_equal(kiln_func_finish(f), KILN_OK);
  f = again(t);
  FAILS(KILN_ERR_TYPE, kiln_build_ternary(f, KILN_OP_MEMSET, I64, a, a, a));
  FAILS(KILN_ERR_TYPE, kiln_build_ternary(f, KILN_OP_MEMCPY, I32, a, a, a));
  FAILS(KILN_ERR_TYPE, (kiln_build_memory(f, KILN_OP_MEMCPY, a, a, a, KILN_MEM_NONTEMPORAL), 0));
  FAILS(KILN_ERR_TYPE, (kiln_build_memory(f, KILN_OP_MEMCPY, a, a, a, KILN_MEM_ALIGN(3)), 0));
  FAILS(KILN_ERR_TYPE, (kiln_build_memory(f, KILN_OP_SELECT, a, a, a, 0), 0));
  FAILS(KILN_ERR_STRUCTURE, kiln_build_unary(f, KILN_OP_VA_START, I64, a));
  FAILS(KILN_ERR_TYPE, kiln_build_unary(f, KILN_OP_SET_ROUNDING, I32, a));
  FAILS(KILN_ERR_TYPE, kiln_build_unary(f, KILN_OP_SET_ROUNDING, I64, a));
  FAILS(KILN_ERR_TYPE, kiln_build_level(f, KILN_OP_ADD, 0));
  FAILS(KILN_ERR_LIMIT, kiln_build_level(f, KILN_OP_FRAME_ADDR, 65536));
  FAILS(KILN_ERR_TYPE, kiln_build_va_arg(f, V128, a));
  FAILS(KILN_ERR_TYPE, kiln_build_binary(f, KILN_OP_RESUME, I64, a, a));
}

static void atomics(void **state) {
  struct fixture *t = *state;
  kiln_func *f = t->f;
  kiln_value a = kiln_func_param(f, 0), b = kiln_func_param(f, 1);
  kiln_value v = kiln_build_atomic_load(f, I32, a, KILN_ORDERING_ACQUIRE);
  assert_int_equal(inst(f, v)->x, KILN_ORDERING_ACQUIRE);
  kiln_build_atomic_store(f, I32, a, v, KILN_ORDERING_RELEASE);
  v = kiln_build_atomic_rmw(f, KILN_RMW_UMAX, I32, a, b, KILN_ORDERING_ACQ_REL);
  assert_int_equal(inst(f, v)->x, KILN_ORDERING_ACQ_REL | KILN_RMW_UMAX << 8);
  v = kiln_build_atomic_cas(f, I32, a, b, v, KILN_ORDERING_SEQ_CST, KILN_ORDERING_ACQUIRE);
  assert_int_equal(inst(f, v)->x, KILN_ORDERING_SEQ_CST | KILN_ORDERING_ACQUIRE << 3);
  kiln_value stored = kiln_build_result(f, v, 1);
  assert_int_equal(kiln_value_type(f, stored), I8);
  assert_int_equal(uses(f, a), 4);
  kiln_value s = kiln_slot_new(f, 4, 2);
  kiln_build_load(f, I32, s, 0, 0);
  kiln_build_atomic_load(f, I32, s, KILN_ORDERING_RELAXED);
  assert_true(slot(f, s)->memory);
  FAILS(KILN_ERR_ARGUMENT, kiln_build_atomic_load(f, I32, a, KILN_ORDERING_RELEASE));
  FAILS(KILN_ERR_ARGUMENT, (kiln_build_atomic_store(f, I32, a, b, KILN_ORDERING_ACQUIRE), 0));
  FAILS(KILN_ERR_ARGUMENT, (kiln_build_fence(f, KILN_ORDERING_RELAXED), 0));
  FAILS(KILN_ERR_ARGUMENT,
        kiln_build_atomic_cas(f, I32, a, b, b, KILN_ORDERING_SEQ_CST, KILN_ORDERING_RELEASE));
  FAILS(KILN_ERR_ARGUMENT,
        kiln_build_atomic_rmw(f, KILN_RMW_COUNT, I32, a, b, KILN_ORDERING_SEQ_CST));
  FAILS(KILN_ERR_ARGUMENT, kiln_build_atomic_load(f, I32, a, (kiln_ordering)99));
  FAILS(KILN_ERR_TYPE, kiln_build_atomic_load(f, F64, a, KILN_ORDERING_SEQ_CST));
  FAILS(KILN_ERR_TYPE, kiln_build_atomic_load(f, (kiln_type)99, a, KILN_ORDERING_SEQ_CST));
}

static void second_results(void **state) {
  struct fixture *t = *state;
  kiln_func *f = t->f;
  kiln_value b = kiln_func_param(f, 1);
  kiln_value sum = kiln_build_binary(f, KILN_OP_SADDO, I32, b, b);
  kiln_value flag = kiln_build_result(f, sum, 1);
  assert_int_equal(kiln_value_type(f, flag), I8);
  assert_int_equal(inst(f, flag)->a, sum.id);
  assert_int_equal(inst(f, flag)->x, 1);
  assert_int_equal(uses(f, sum), 0);
  kiln_sig sig = sig_of(t, 0, "", "qld");
  kiln_symbol three = declare(t, "three", sig);
  kiln_value r0 = kiln_build_call(f, sig, kiln_const_symbol(f, three, 0), NULL, 0);
  kiln_value r1 = kiln_build_result(f, r0, 1), r2 = kiln_build_result(f, r0, 2);
  assert_int_equal(kiln_value_type(f, r0), I64);
  assert_int_equal(kiln_value_type(f, r1), I32);
  assert_int_equal(kiln_value_type(f, r2), F64);
  assert_int_equal(kiln_func_status(f), KILN_OK);
  FAILS(KILN_ERR_STRUCTURE, kiln_build_result(f, NO_VALUE, 1));
#define SUM (sum = kiln_build_binary(f, KILN_OP_SADDO, I32, b, b))
  FAILS(KILN_ERR_ARGUMENT, (SUM, kiln_build_result(f, sum, 2)));
  FAILS(KILN_ERR_ARGUMENT, (SUM, kiln_build_result(f, sum, 0)));
  FAILS(KILN_ERR_STRUCTURE,
        (SUM, kiln_build_unary(f, KILN_OP_NEG, I32, b), kiln_build_result(f, sum, 1)));
  FAILS(KILN_ERR_STRUCTURE, (SUM, kiln_build_result(f, sum, 1), kiln_build_result(f, sum, 1)));
  FAILS(KILN_ERR_ARGUMENT, kiln_build_result(f, kiln_build_unary(f, KILN_OP_NEG, I32, b), 1));
}

static void calls(void **state) {
  struct fixture *t = *state;
  kiln_func *f = t->f;
  kiln_value a = kiln_func_param(f, 0), b = kiln_func_param(f, 1);
  kiln_value callee = kiln_const_symbol(f, t->callee, 0);
  assert_false(f->facts.has_calls);
  kiln_value args[20] = {a, kiln_const_int(f, 3)};
  kiln_value v = kiln_build_call(f, t->sig, callee, args, 2);
  const struct kn_inst *in = inst(f, v);
  assert_int_equal(in->op, KILN_OP_CALL);
  assert_int_equal(in->type, I32);
  assert_int_equal(in->x, 2);
  assert_int_equal(in->b, callee.id);
  assert_int_equal(in->c, t->sig.id);
  assert_int_equal(f->lists.at[in->a], a.id);
  assert_int_equal(f->lists.at[in->a + 1], args[1].id);
  assert_int_equal(f->block[0].calls, 1);
  assert_true(f->facts.has_calls);
  assert_int_equal(f->facts.max_call_args, 2);
  /* Indirect, without result, variadic, returning twice. */
  kiln_sig none = sig_of(t, 0, "", "");
  assert_int_equal(kiln_build_call(f, none, a, NULL, 0).id, 0);
  assert_int_equal(last(f)->type, VOID);
  kiln_sig many = sig_of(t, KILN_SIG_VARIADIC, "q", "l");
  for (int i = 1; i < 20; i++) args[i] = i & 1 ? kiln_const_f64(f, i) : b;
  assert_true(kiln_build_call(f, many, callee, args, 20).id != 0);
  assert_int_equal(f->facts.max_call_args, 20);
  assert_int_equal(uses(f, b), 9);
  assert_int_equal(uses(f, a), 3);
  assert_false(f->facts.returns_twice);
  kiln_build_call(f, sig_of(t, KILN_SIG_RETURNS_TWICE, "q", "l"), callee, args, 1);
  assert_true(f->facts.returns_twice);
  assert_int_equal(f->block[0].calls, 4);
  kiln_value s = kiln_slot_new(f, 8, 3);
  kiln_build_load(f, I64, s, 0, 0);
  args[0] = s;
  args[1] = b;
  kiln_build_call(f, t->sig, callee, args, 2);
  assert_true(slot(f, s)->memory);
  assert_int_equal(kiln_func_status(f), KILN_OK);
  args[0] = a;
#define CALLEE kiln_const_symbol(f, t->callee, 0)
  FAILS(KILN_ERR_ARGUMENT, kiln_build_call(f, t->sig, CALLEE, args, 1));
  FAILS(KILN_ERR_ARGUMENT, kiln_build_call(f, t->sig, CALLEE, args, 3));
  FAILS(KILN_ERR_ARGUMENT, kiln_build_call(f, many, CALLEE, args, 0));
  FAILS(KILN_ERR_ARGUMENT, kiln_build_call(f, (kiln_sig){0}, CALLEE, args, 2));
  FAILS(KILN_ERR_ARGUMENT, kiln_build_call(f, (kiln_sig){99}, CALLEE, args, 2));
  FAILS(KILN_ERR_ARGUMENT, kiln_build_call(f, t->sig, kiln_const_symbol(f, t->callee, 4), args, 2));
  FAILS(KILN_ERR_ARGUMENT, kiln_build_call(f, t->sig, kiln_const_symbol(f, t->tls, 0), args, 2));
  FAILS(KILN_ERR_ARGUMENT, kiln_build_call(f, t->sig, NO_VALUE, args, 2));
  FAILS(KILN_ERR_TYPE, kiln_build_call(f, t->sig, b, args, 2));
  args[1] = a;
  FAILS(KILN_ERR_TYPE, kiln_build_call(f, t->sig, CALLEE, args, 2));
  args[1] = NO_VALUE;
  FAILS(KILN_ERR_ARGUMENT, kiln_build_call(f, t->sig, CALLEE, args, 2));
  FAILS(KILN_ERR_ARGUMENT, kiln_build_call(f, many, CALLEE, args, 2));
  FAILS(KILN_ERR_TYPE, (kiln_build_store(f, I32, a, 0, b, 0), args[1].id = f->n - 1,
                        kiln_build_call(f, many, CALLEE, args, 2)));
}

static void returns(void **state) {
  struct fixture *t = *state;
  kiln_func *f = t->f;
  kiln_value a = kiln_func_param(f, 0), b = kiln_func_param(f, 1);
  kiln_build_ret(f, &b, 1);
  assert_int_equal(last(f)->a, b.id);
  assert_int_equal(uses(f, b), 1);
  assert_int_equal(kiln_func_finish(f), KILN_OK);
  f = again(t);
  FAILS(KILN_ERR_TYPE, (kiln_build_ret(f, &a, 1), 0));
  FAILS(KILN_ERR_ARGUMENT, (kiln_build_ret(f, &b, 0), 0));
  FAILS(KILN_ERR_ARGUMENT, (kiln_build_ret(f, &b, 2), 0));
  for (uint32_t n = 0; n <= 5; n++) {
    kiln_func *g = kiln_func_begin(t->s, declare(t, (const char[]){'g', (char)('0' + n), 0},
                                                 sig_of(t, 0, "q", &"qqqqq"[5 - n])));
    kiln_value v[5], p = kiln_func_param(g, 0);
    for (uint32_t i = 0; i < n; i++) v[i] = i & 1 ? p : kiln_const_int(g, i);
    kiln_build_ret(g, v, n);
    assert_int_equal(last(g)->x, n);
    for (uint32_t i = 0; i < n; i++) assert_int_equal(kn_ret_value(g, last(g), i), v[i].id);
    assert_int_equal(uses(g, p), n / 2);
    assert_int_equal(kiln_func_finish(g), KILN_OK);
    kiln_func_discard(g);
  }
}

/* Instructions that the target's table names count as calls, by type; so do all calls. */
static void clobbers_count(void **state) {
  struct fixture *t = *state;
  kiln_func *f = t->f;
  uint16_t table[KILN_OP_COUNT] = {0};
  table[KILN_OP_UDIV] = KN_T(I128);
  table[KILN_OP_FTRUNC] = KN_T(F32);
  table[KILN_OP_SITOF] = KN_T(I128);
  table[KILN_OP_FTOSI] = KN_T(I128);
  table[KILN_OP_MEMCPY] = KN_T(I64);
  f->clobbers = table;
  kiln_value a = kiln_func_param(f, 0);
  kiln_value w = kiln_build_convert(f, KILN_OP_ZEXT, I128, I64, a);
  kiln_build_binary(f, KILN_OP_UDIV, I64, a, a);
  assert_int_equal(f->block[0].calls, 0);
  kiln_build_binary(f, KILN_OP_UDIV, I128, w, w);
  assert_int_equal(f->block[0].calls, 1);
  assert_true(f->facts.has_calls);
  kiln_build_convert(f, KILN_OP_SITOF, F64, I64, a);
  assert_int_equal(f->block[0].calls, 1);
  kiln_value d = kiln_build_convert(f, KILN_OP_SITOF, F64, I128, w);
  assert_int_equal(f->block[0].calls, 2);
  kiln_build_convert(f, KILN_OP_FTOSI, I128, F64, d);
  assert_int_equal(f->block[0].calls, 3);
  kiln_build_unary(f, KILN_OP_FTRUNC, F64, d);
  assert_int_equal(f->block[0].calls, 3);
  kiln_build_unary(f, KILN_OP_FTRUNC, F32, kiln_const_f32(f, 1));
  assert_int_equal(f->block[0].calls, 4);
  kiln_build_ternary(f, KILN_OP_MEMCPY, I64, a, a, a);
  assert_int_equal(f->block[0].calls, 5);
  kiln_build_load(f, I32, a, 0, 0);
  assert_int_equal(f->block[0].calls, 5);
}

static void variables(void **state) {
  struct fixture *t = *state;
  kiln_func *f = t->f;
  kiln_value b = kiln_func_param(f, 1);
  kiln_value s = kiln_slot_new(f, 4, 2);
  assert_int_equal(kiln_value_type(f, s), I64);
  assert_int_equal(slot(f, s)->uses, 0);
  kiln_build_unary(f, KILN_OP_LIFE_START, I64, s);
  assert_int_equal(slot(f, s)->uses, 0);
  kiln_build_store(f, I32, s, 0, b, 0);
  for (int i = 0; i < 3; i++) kiln_build_load(f, I32, s, 0, KILN_MEM_ALIGN(2));
  kiln_build_unary(f, KILN_OP_LIFE_END, I64, s);
  assert_int_equal(slot(f, s)->uses, 4);
  assert_int_equal(slot(f, s)->type, I32);
  assert_false(slot(f, s)->memory);
  assert_int_equal(n_rows(f, s), 4);
  assert_int_equal(row_count(f, s, 0), 4);
  const struct kn_global *g = f->globals.at + slot(f, s)->global - 1;
  assert_int_equal(g->handle, s.id);
  assert_int_equal(g->def_block, UINT32_MAX);
  /* Another block, the same global. */
  kiln_block next = kiln_block_new(f);
  kiln_build_br(f, next, NULL, 0);
  kiln_block_switch(f, next);
  kiln_build_load(f, I32, s, 0, 0);
  kiln_build_load(f, I32, s, 0, 0);
  assert_int_equal(n_globals(f, s), 1);
  assert_int_equal(n_rows(f, s), 6);
  assert_int_equal(row_count(f, s, 1), 2);
  assert_int_equal(finish_ret(f), KILN_OK);
}

/* Everything that makes a slot's address needed, each with accesses before and after. */
static void variables_escape(void **state) {
  struct fixture *t = *state;
  for (int how = 0; how < 14; how++) {
    for (int before = 0; before < 2; before++) {
      kiln_func *f = again(t);
      kiln_value a = kiln_func_param(f, 0), b = kiln_func_param(f, 1), s = kiln_slot_new(f, 8, 3);
      kiln_value args[2] = {s, b};
      uint32_t more = 1;
      unsigned why = how <= 3 || how == 11 ? KN_MEMORY_WHOLE : KN_MEMORY_ESCAPES;
      if (before) kiln_build_store(f, I64, s, 0, a, 0);
      switch (how) {
      case 0: kiln_build_load(f, I64, s, 8, 0); break;
      case 1: kiln_build_load(f, I64, s, 0, KILN_MEM_VOLATILE); break;
      case 2: kiln_build_store(f, I64, s, 0, a, KILN_MEM_VOLATILE); break;
      case 3: kiln_build_load_ext(f, I64, I32, s, 0, 0); break;
      case 4: kiln_build_store(f, I64, a, 0, s, 0); break;
      case 5: kiln_build_addr(f, s, NO_VALUE, 0, 0); break;
      case 6: kiln_build_addr(f, a, s, 1, 0); break;
      case 7: kiln_build_call(f, t->sig, kiln_const_symbol(f, t->callee, 0), args, 2); break;
      case 8: kiln_build_binary(f, KILN_OP_ADD, I64, s, a); break;
      case 9: kiln_build_icmp(f, KILN_ICOND_EQ, I64, a, s); break;
      case 10: kiln_build_store(f, I64, s, 0, s, 0), more = 2; break;
      case 11: kiln_build_load(f, I128, s, 0, 0); break; /* larger than the slot */
      case 12: kiln_build_unary(f, KILN_OP_COPY, I64, s); break;
      case 13: {
        kiln_block next = kiln_block_new(f);
        kiln_block_add_param(f, next, I64);
        kiln_build_br(f, next, &s, 1);
        kiln_block_switch(f, next);
        break;
      }
      default: break;
      }
      assert_int_equal(kiln_func_status(f), KILN_OK);
      assert_int_equal(slot(f, s)->memory, why);
      assert_int_equal(slot(f, s)->global, 0);
      assert_int_equal(slot(f, s)->uses, more + (uint32_t)before);
      uint32_t rows = f->rows.n;
      kiln_build_load(f, I64, s, 0, 0);
      assert_int_equal(slot(f, s)->memory, why);
      assert_int_equal(slot(f, s)->uses, more + 1 + (uint32_t)before);
      assert_int_equal(f->rows.n, rows);
      assert_int_equal(finish_ret(f), KILN_OK);
    }
  }
  /* Of whatever type: the first access says which. */
  for (unsigned type = I8; type < KILN_TYPE_COUNT; type++) {
    for (uint64_t size = 0; size <= 16; size++) {
      kiln_func *g = again(t);
      kiln_value a = kiln_func_param(g, 0), s = kiln_slot_new(g, size, 0);
      kiln_value v = kiln_build_load(g, (kiln_type)type, a, 0, 0);
      for (int i = 0; i < 3; i++) kiln_build_store(g, (kiln_type)type, s, 0, v, 0);
      const bool fits = kiln_type_size((kiln_type)type) <= size;
      assert_int_equal(slot(g, s)->memory, fits ? 0 : KN_MEMORY_WHOLE);
      assert_int_equal(slot(g, s)->uses, 3);
      assert_int_equal(row_count(g, s, 0), fits ? 3 : 0);
      assert_int_equal(slot(g, s)->global != 0, fits);
      if (fits) assert_int_equal(slot(g, s)->type, type == I128 ? I64 : type); /* two variables */
    }
  }
  /* Another type of the same size. */
  kiln_func *f = again(t);
  kiln_value s = kiln_slot_new(f, 8, 3);
  kiln_build_load(f, F64, s, 0, 0);
  assert_false(slot(f, s)->memory);
  kiln_build_load(f, I64, s, 0, 0);
  assert_true(slot(f, s)->memory);
  FAILS(KILN_ERR_ARGUMENT, kiln_build_unary(f, KILN_OP_LIFE_START, I64, kiln_func_param(f, 0)));
}

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(begin_makes_parameters),
    TEST(arithmetic_follows_the_table),
    TEST(operands_must_have_the_type),
    TEST(first_error_sticks),
    TEST(constants),
    TEST(thread_local_symbols),
    TEST(conversions),
    TEST(comparisons_and_select),
    TEST(memory),
    TEST(operations_without_result),
    TEST(atomics),
    TEST(second_results),
    TEST(calls),
    TEST(returns),
    TEST(clobbers_count),
    TEST(variables),
    TEST(variables_escape),
  };
  return cmocka_run_group_tests_name("build", tests, NULL, NULL);
}
