/* What the programs of libgccjit's calls share, which bench/peers/programs.py writes. */
#include <libgccjit.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST_FUNCTIONS = 2000, MOST_VALUES = 2000 };
static gcc_jit_context *c;
static gcc_jit_type *I, *U, *P, *F, *B;
static gcc_jit_function *functions[MOST_FUNCTIONS], *f;
static gcc_jit_lvalue *values[MOST_VALUES];
static gcc_jit_block *blocks[MOST_VALUES];
static void all(void);

#define RVALUE(l) gcc_jit_lvalue_as_rvalue(l)
#define R(n) RVALUE(values[n])
#define K(k) gcc_jit_context_new_rvalue_from_long(c, I, k)
#define D(d) gcc_jit_context_new_rvalue_from_double(c, F, d)
#define CAST(v, t) gcc_jit_context_new_cast(c, NULL, v, t)
#define BINARY(op, t, a, b) gcc_jit_context_new_binary_op(c, NULL, GCC_JIT_BINARY_OP_##op, t, a, b)
#define CALL(k, n, ...)                                                                            \
  gcc_jit_context_new_call(c, NULL, functions[k], n, (gcc_jit_rvalue *[]){__VA_ARGS__})
#define STORE(b, l, v) gcc_jit_block_add_assignment(blocks[b], NULL, l, v)
#define RET(b, v) gcc_jit_block_end_with_return(blocks[b], NULL, v)
#define JUMP(b, to) gcc_jit_block_end_with_jump(blocks[b], NULL, blocks[to])
#define lt GCC_JIT_COMPARISON_LT
#define eq GCC_JIT_COMPARISON_EQ
#define ne GCC_JIT_COMPARISON_NE
#define BRANCH(b, op, x, y, yes, no)                                                               \
  gcc_jit_block_end_with_conditional(                                                              \
    blocks[b], NULL, gcc_jit_context_new_comparison(c, NULL, op, x, y), blocks[yes], blocks[no])

static void function(int k, const char *name, int n, gcc_jit_type **types, gcc_jit_type *result,
                     enum gcc_jit_function_kind kind) {
  gcc_jit_param *params[8];
  for (int i = 0; i < n; i++) params[i] = gcc_jit_context_new_param(c, NULL, types[i], "p");
  f = functions[k] = gcc_jit_context_new_function(c, NULL, kind, result, name, n, params, 0);
  for (int i = 0; i < n; i++) values[i] = gcc_jit_param_as_lvalue(params[i]);
}

static void begin(int k, const char *name, int n, gcc_jit_type **types, int n_blocks) {
  function(k, name, n, types, I, GCC_JIT_FUNCTION_EXPORTED);
  for (int i = 0; i < n_blocks; i++) blocks[i] = gcc_jit_function_new_block(f, NULL);
}

static void local(int n, gcc_jit_type *t) {
  values[n] = gcc_jit_function_new_local(f, NULL, t, "v");
}
static void set(int b, int n, gcc_jit_rvalue *v) { STORE(b, values[n], v); }

static gcc_jit_lvalue *element(gcc_jit_rvalue *base, gcc_jit_type *t, gcc_jit_rvalue *index) {
  return gcc_jit_context_new_array_access(c, NULL, CAST(base, gcc_jit_type_get_pointer(t)), index);
}

int main(void) {
  c = gcc_jit_context_acquire();
  I = gcc_jit_context_get_int_type(c, 8, 1), U = gcc_jit_context_get_int_type(c, 8, 0);
  B = gcc_jit_context_get_int_type(c, 1, 0), F = gcc_jit_context_get_type(c, GCC_JIT_TYPE_DOUBLE);
  P = gcc_jit_context_get_type(c, GCC_JIT_TYPE_VOID_PTR);
  gcc_jit_context_add_command_line_option(c, "-fwrapv");
  gcc_jit_context_set_int_option(c, GCC_JIT_INT_OPTION_OPTIMIZATION_LEVEL, 0);
  function(0, "calloc", 2, (gcc_jit_type *[]){I, I}, P, GCC_JIT_FUNCTION_IMPORTED);
  function(1, "write", 3, (gcc_jit_type *[]){I, P, I}, I, GCC_JIT_FUNCTION_IMPORTED);
  all();
  gcc_jit_result *r = gcc_jit_context_compile(c);
  int64_t (*run)(void) = r ? (int64_t (*)(void))gcc_jit_result_get_code(r, "main") : NULL;
  return run ? (int)run() : 1;
}
