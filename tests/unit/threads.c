/* Sessions on several threads: one frozen module, its functions distributed in several ways, and always the same
 * object. Also what the freeze forbids. */
#include <kiln/kiln.h>

#include <pthread.h>
#include "unit.h"

enum { FUNCS = 400, MAX_THREADS = 8 };

/* ---- a module of many functions ---- */

struct job {
  kiln_module *m;
  kiln_symbol funcs[FUNCS], table;
  kiln_session *sessions[MAX_THREADS];
  unsigned n_threads;
  uint32_t next; /* function to be compiled next */
};

static kiln_symbol declare(kiln_module *m, const char *name, kiln_linkage linkage, kiln_sig sig,
                           bool body) {
  kiln_symbol_desc d = {.name = name, .linkage = linkage, .body = body};
  return kiln_func_declare(m, &d, sig);
}

static kiln_sig long_sig(kiln_module *m, uint32_t n) {
  const kiln_param params[4] = {{.type = KILN_TYPE_I64},
                                {.type = KILN_TYPE_I64},
                                {.type = KILN_TYPE_F64},
                                {.type = KILN_TYPE_I32}};
  const kiln_type result = KILN_TYPE_I64;
  return kiln_sig_new(m, KILN_CC_C, 0, params, n, &result, 1);
}

static void show(void *user, const kiln_diag *d) {
  (void)user;
  char line[512];
  kiln_diag_format(d, line, sizeof line);
  fprintf(stderr, "# %s\n", line);
}

static void open_job(struct job *j, kiln_processor target, uint64_t stress) {
  memset(j, 0, sizeof *j);
  kiln_module_options o = {
    .name = "many", .target.processor = target, .stress_seed = stress, .on_diag = show};
  j->m = kiln_module_new(&o);
  assert_non_null(j->m);
  kiln_sig sig = long_sig(j->m, 2);
  for (unsigned i = 0; i < FUNCS; i++) {
    char name[16];
    snprintf(name, sizeof name, "f%u", i);
    j->funcs[i] =
      declare(j->m, name, i % 3 ? KILN_LINKAGE_EXTERNAL : KILN_LINKAGE_INTERNAL, sig, true);
  }
  j->table = kiln_data_declare(j->m, &(kiln_symbol_desc){.name = "table", .body = true});
  const kiln_reloc r = {.symbol = j->funcs[0], .size_bytes = 8};
  const kiln_data_desc d = {.size_bytes = 8, .relocs = &r, .n_relocs = 1};
  assert_int_equal(kiln_data_define(j->m, j->table, &d), KILN_OK);
  assert_int_equal(kiln_module_freeze(j->m), KILN_OK);
  assert_true(kiln_module_is_frozen(j->m));
}

/* A body with everything that touches the module: data of its own, merged strings, calls by new
 * signatures to names not seen before, library calls, block addresses, locations. */
static kiln_status compile(struct job *j, kiln_session *s, unsigned i) {
  kiln_func *f = kiln_func_begin(s, j->funcs[i]);
  if (f == NULL) return KILN_ERR_MEMORY;
  kiln_func_set_loc(f, kiln_loc_new(s, kiln_file_new(s, i % 2 ? "odd.c" : "even.c"), i + 1, 1));
  kiln_value a = kiln_func_param(f, 0), b = kiln_func_param(f, 1);
  char text[32];
  int n = snprintf(text, sizeof text, "string %u", i % 50);
  const kiln_data_desc string = {
    .bytes = text, .size_bytes = (uint64_t)n + 1, .flags = KILN_DATA_MERGE_STRINGS};
  kiln_value at = kiln_const_symbol(f, kiln_func_add_data(f, &string), 0);

  kiln_sig sig = long_sig(j->m, 1 + i % 3);
  char name[16];
  snprintf(name, sizeof name, "extern%u", i % 37);
  kiln_symbol callee = declare(j->m, name, KILN_LINKAGE_EXTERNAL, sig, false);
  kiln_value args[3] = {at, b, kiln_const_f64(f, i)};
  kiln_value sum =
    kiln_build_binary(f, KILN_OP_ADD, KILN_TYPE_I64, a,
                      kiln_build_call(f, sig, kiln_const_symbol(f, callee, 0), args, 1 + i % 3));
  args[0] = a;
  kiln_value more = kiln_build_call(f, long_sig(j->m, 2),
                                    kiln_const_symbol(f, j->funcs[(i * 7) % FUNCS], 0), args, 2);
  sum = kiln_build_binary(f, KILN_OP_ADD, KILN_TYPE_I64, sum, more);
  if (i % 4 == 0) {
    kiln_value wide = kiln_build_convert(f, KILN_OP_SEXT, KILN_TYPE_I128, KILN_TYPE_I64, sum);
    kiln_value by = kiln_build_convert(f, KILN_OP_ZEXT, KILN_TYPE_I128, KILN_TYPE_I64, b);
    wide = kiln_build_binary(f, KILN_OP_SDIV, KILN_TYPE_I128, wide, by); /* a library call */
    sum = kiln_build_convert(f, KILN_OP_TRUNC, KILN_TYPE_I64, KILN_TYPE_I128, wide);
  }
  if (i % 5 == 0) { /* a table of labels */
    kiln_block x = kiln_block_new(f), y = kiln_block_new(f);
    kiln_value label = kiln_build_select(
      f, KILN_TYPE_I64, kiln_build_icmp(f, KILN_ICOND_EQ, KILN_TYPE_I64, a, kiln_const_int(f, 0)),
      kiln_block_address(f, x), kiln_block_address(f, y));
    const kiln_block targets[2] = {x, y};
    kiln_build_brind(f, label, targets, 2);
    kiln_block_switch(f, x);
    kiln_build_ret(f, &sum, 1);
    kiln_block_switch(f, y);
  }
  /* data that points to data and to the function */
  kiln_symbol first = kiln_func_add_data(f, &(kiln_data_desc){.bytes = &i, .size_bytes = 4});
  const kiln_reloc r[2] = {{.symbol = first, .size_bytes = 8},
                           {.offset_bytes = 8, .symbol = j->funcs[i], .size_bytes = 8}};
  kiln_symbol second = kiln_func_add_data(
    f, &(kiln_data_desc){.size_bytes = 16, .align_log2 = 3, .relocs = r, .n_relocs = 2});
  kiln_value loaded =
    kiln_build_load(f, KILN_TYPE_I64, kiln_const_symbol(f, second, 0), 8, KILN_MEM_ALIGN(3));
  sum = kiln_build_binary(f, KILN_OP_XOR, KILN_TYPE_I64, sum, loaded);
  kiln_build_ret(f, &sum, 1);
  if (i % 11 == 3) { /* discarded with its data, and begun again */
    kiln_func_discard(f);
    f = kiln_func_begin(s, j->funcs[i]);
    kiln_symbol own = kiln_func_add_data(f, &(kiln_data_desc){.bytes = "x", .size_bytes = 1});
    sum = kiln_const_symbol(f, own, 0);
    kiln_build_ret(f, &sum, 1);
  }
  return kiln_func_compile(f);
}

struct worker {
  struct job *job;
  unsigned number;
  kiln_status status;
};

static void *work(void *user) {
  struct worker *w = user;
  struct job *j = w->job;
  w->status = KILN_OK;
  for (;;) {
    uint32_t i = __atomic_fetch_add(&j->next, 1, __ATOMIC_RELAXED);
    if (i >= FUNCS) return NULL;
    kiln_status status = compile(j, j->sessions[w->number], i);
    if (status != KILN_OK) w->status = status;
  }
}

/* The object of FUNCS functions, compiled by `n` threads. */
static kiln_buffer compile_all(kiln_processor target, unsigned n, uint64_t stress) {
  struct job j;
  struct worker workers[MAX_THREADS];
  pthread_t threads[MAX_THREADS];
  open_job(&j, target, stress);
  for (unsigned i = 0; i < n; i++) {
    assert_non_null(j.sessions[i] = kiln_session_new(j.m));
    workers[i] = (struct worker){.job = &j, .number = i};
  }
  for (unsigned i = 0; i < n; i++)
    assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
  for (unsigned i = 0; i < n; i++) {
    pthread_join(threads[i], NULL);
    assert_int_equal(workers[i].status, KILN_OK);
  }
  kiln_buffer out = {0};
  assert_int_equal(kiln_emit_elf(j.m, j.sessions, n, &out), KILN_OK);
  for (unsigned i = 0; i < n; i++) kiln_session_free(j.sessions[i]);
  kiln_module_free(j.m);
  return out;
}

CASE(any_number_of_threads_gives_the_same_bytes) {
  for (int target = 1; target < KILN_PROCESSOR_COUNT; target++) {
    for (uint64_t stress = 0; stress < 2; stress++) {
      kiln_buffer one = compile_all((kiln_processor)target, 1, stress);
      assert_true(one.size > 20000);
      for (unsigned n = 2; n <= MAX_THREADS; n += n == 2 ? 1 : 5) {
        kiln_buffer many = compile_all((kiln_processor)target, n, stress);
        assert_int_equal(many.size, one.size);
        assert_memory_equal(many.data, one.data, one.size);
        kiln_buffer_free(&many);
      }
      kiln_buffer_free(&one);
    }
  }
}

/* Sessions in any order, and functions in any order. */
CASE(any_order_gives_the_same_bytes) {
  kiln_buffer one = compile_all(KILN_PROCESSOR_X86_64, 1, 0);
  struct job j;
  open_job(&j, KILN_PROCESSOR_X86_64, 0);
  for (unsigned i = 0; i < 3; i++) j.sessions[i] = kiln_session_new(j.m);
  for (unsigned i = FUNCS; i-- > 0;)
    assert_int_equal(compile(&j, j.sessions[i * 5 % 7 % 3], i), KILN_OK);
  kiln_buffer other = {0};
  assert_int_equal(kiln_emit_elf(j.m, j.sessions, 3, &other), KILN_OK);
  assert_int_equal(other.size, one.size);
  assert_memory_equal(other.data, one.data, one.size);
  for (unsigned i = 0; i < 3; i++) kiln_session_free(j.sessions[i]);
  kiln_module_free(j.m);
  kiln_buffer_free(&one);
  kiln_buffer_free(&other);
}

/* ---- rules ---- */

/* `call` fails a fresh frozen module with KILN_ERR_STRUCTURE. */
#define FORBIDDEN(call)                                                                            \
  do {                                                                                             \
    struct job j;                                                                                  \
    open_job(&j, KILN_PROCESSOR_X86_64, 0);                                                        \
    kiln_module *m = j.m;                                                                          \
    (void)(call);                                                                                  \
    assert_int_equal(kiln_module_status(m), KILN_ERR_STRUCTURE);                                   \
    kiln_module_free(m);                                                                           \
  } while (0)

CASE(the_freeze_ends_declarations) {
  FORBIDDEN(kiln_data_define(m, j.table, &(kiln_data_desc){.size_bytes = 1}));
  FORBIDDEN(kiln_alias_define(m, &(kiln_symbol_desc){.name = "a"}, j.table, 0));
  FORBIDDEN(kiln_ctor_add(m, &(kiln_ctor_desc){.func = j.funcs[0], .at_exit = false}));
  FORBIDDEN(kiln_block_symbol(m, j.funcs[0], (kiln_block){1}));
  FORBIDDEN(declare(m, "new", KILN_LINKAGE_INTERNAL, long_sig(m, 1), false));
  FORBIDDEN(declare(m, "new", KILN_LINKAGE_EXTERNAL, long_sig(m, 1), true));
  FORBIDDEN(
    kiln_data_declare(m, &(kiln_symbol_desc){.name = "d", .visibility = KILN_VISIBILITY_HIDDEN}));
}

CASE(a_late_function_has_no_body) {
  struct job j;
  open_job(&j, KILN_PROCESSOR_X86_64, 0);
  kiln_session *s = kiln_session_new(j.m);
  kiln_symbol late = declare(j.m, "late", KILN_LINKAGE_EXTERNAL, long_sig(j.m, 1), false);
  assert_true(late.id != 0);
  assert_int_equal(declare(j.m, "late", KILN_LINKAGE_EXTERNAL, long_sig(j.m, 1), false).id,
                   late.id);
  assert_int_equal(kiln_symbol_lookup(j.m, "late").id, late.id);
  kiln_func *f = kiln_func_begin(s, late);
  assert_int_not_equal(kiln_func_status(f), KILN_OK);
  kiln_func_discard(f);
  kiln_session_free(s);
  kiln_module_free(j.m);
}

/* Many late symbols and signatures: more than the first chunks hold. */
CASE(late_symbols_are_found) {
  struct job j;
  open_job(&j, KILN_PROCESSOR_X86_64, 0);
  uint32_t first = kiln_symbol_count(j.m) + 1;
  for (unsigned i = 0; i < 5000; i++) {
    char name[16];
    snprintf(name, sizeof name, "late%u", i);
    kiln_param p = {.type = KILN_TYPE_I64, .flags = KILN_PARAM_BYVAL, .size_bytes = i};
    kiln_sig sig = kiln_sig_new(j.m, KILN_CC_C, 0, &p, 1, NULL, 0);
    assert_int_equal(kiln_sig_new(j.m, KILN_CC_C, 0, &p, 1, NULL, 0).id, sig.id);
    assert_int_equal(declare(j.m, name, KILN_LINKAGE_EXTERNAL, sig, false).id, first + i);
    assert_int_equal(kiln_sig_get(j.m, sig).params[0].size_bytes, i);
  }
  for (unsigned i = 0; i < 5000; i += 77) {
    char name[16];
    snprintf(name, sizeof name, "late%u", i);
    assert_int_equal(kiln_symbol_lookup(j.m, name).id, first + i);
    assert_string_equal(kiln_symbol_get(j.m, (kiln_symbol){first + i}).desc.name, name);
  }
  kiln_module_free(j.m);
}

/* Code before an announced body refers to it directly, without the GOT. */
CASE(announced_bodies_are_direct) {
  uint8_t opcode[2];
  for (int body = 0; body < 2; body++) {
    kiln_module_options o = {.target.processor = KILN_PROCESSOR_X86_64, .pic = KILN_PIC_PIE};
    kiln_module *m = kiln_module_new(&o);
    kiln_symbol g = declare(m, "g", KILN_LINKAGE_EXTERNAL, long_sig(m, 1), body);
    kiln_symbol f = declare(m, "f", KILN_LINKAGE_EXTERNAL, long_sig(m, 1), true);
    kiln_session *s = kiln_session_new(m);
    for (int i = 0; i < 2; i++) {
      kiln_func *func = kiln_func_begin(s, i == 0 ? f : g);
      kiln_value v = i == 0 ? kiln_const_symbol(func, g, 0) : kiln_func_param(func, 0);
      kiln_build_ret(func, &v, 1);
      assert_int_equal(kiln_func_compile(func), KILN_OK);
    }
    kiln_buffer out = {0};
    assert_int_equal(kiln_emit_elf(m, &s, 1, &out), KILN_OK);
    /* mov with a REX prefix and lea are of one size: look for the opcodes at the function's start */
    opcode[body] = out.data[0x40 + 1];
    kiln_buffer_free(&out);
    kiln_session_free(s);
    kiln_module_free(m);
  }
  assert_int_equal(opcode[0], 0x8b); /* mov rax, [rip + g@GOTPCREL] */
  assert_int_equal(opcode[1], 0x8d); /* lea rax, [rip + g] */
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(any_number_of_threads_gives_the_same_bytes),
    cmocka_unit_test(any_order_gives_the_same_bytes),
    cmocka_unit_test(the_freeze_ends_declarations),
    cmocka_unit_test(a_late_function_has_no_body),
    cmocka_unit_test(late_symbols_are_found),
    cmocka_unit_test(announced_bodies_are_direct),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
