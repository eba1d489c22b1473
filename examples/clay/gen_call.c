/* Calls: of Clay's functions, of C's, of the language's own, and of the runtime. Called by gen_expr.c
 * and gen.c. Converts to and from C's types: an int or a str of Clay becomes the type that the extern function is
 * declared with. */
#include "gen.h"

#include <stdio.h>
#include <string.h>

/* ---- the runtime ---- */

static const struct {
  const char *name;
  uint8_t n_args, flags;
} runtime[RT_COUNT] = {
#define RUNTIME(name, n, flags) {"clay_" #name, n, flags},
  RUNTIME_FUNCTIONS
#undef RUNTIME
};

enum { MAX_RUNTIME_ARGS = 8 };

static void declare_runtime(struct gen *g, enum runtime r) {
  uint32_t n = runtime[r].n_args + ((runtime[r].flags & RT_PLACE) != 0 ? 2u : 0u);
  kiln_param params[MAX_RUNTIME_ARGS];
  for (uint32_t i = 0; i < n; i++) params[i] = (kiln_param){.type = KILN_TYPE_I64};
  kiln_type result = KILN_TYPE_I64;
  kiln_symbol_desc desc = {.name = runtime[r].name};
  unsigned flags = (runtime[r].flags & RT_NO_RETURN) != 0 ? KILN_SIG_NORETURN : 0;
  if ((runtime[r].flags & RT_UNWINDS) == 0) flags |= KILN_SIG_NOUNWIND;
  if ((runtime[r].flags & RT_COLLECTS) == 0) flags |= KILN_SIG_NOCOLLECT;
  g->runtime[r].sig =
    kiln_sig_new(g->m, KILN_CC_C, flags, params, n, &result, (runtime[r].flags & RT_VALUE) != 0);
  g->runtime[r].symbol = kiln_func_declare(g->m, &desc, g->runtime[r].sig);
}

static kiln_value gen_runtime_call(struct gen *g, enum runtime r, const kiln_value *args,
                                   uint32_t n) {
  kiln_sig sig = g->runtime[r].sig;
  if ((runtime[r].flags & RT_UNWINDS) != 0)
    return gen_unwinding_call(g, sig, g->runtime[r].symbol, args, n);
  return kiln_build_call(g->f, sig, kiln_const_symbol(g->f, g->runtime[r].symbol, 0), args, n);
}

kiln_value gen_runtime(struct gen *g, enum runtime r, struct place at, const kiln_value *args) {
  kiln_value all[MAX_RUNTIME_ARGS];
  uint32_t n = runtime[r].n_args;
  if (g->runtime[r].symbol.id == 0) declare_runtime(g, r);
  if (n > 0) memcpy(all, args, n * sizeof *args);
  if ((runtime[r].flags & RT_PLACE) != 0) {
    all[n++] = kiln_const_symbol(g->f, g->file, 0);
    all[n++] = kiln_const_int(g->f, (int64_t)at.line << 32 | at.column);
  }
  kiln_value result = gen_runtime_call(g, r, all, n);
  if ((runtime[r].flags & RT_NO_RETURN) != 0) kiln_build_nullary(g->f, KILN_OP_UNREACHABLE);
  return result;
}

/* ---- functions of programs, and C's ---- */

void gen_function_name(const struct fn *fn, char name[256]) {
  /* The prefix keeps Clay's functions apart from those of C. */
  int n = snprintf(name, 256, "%s%s", fn->external ? "" : "clay.", fn->name->bytes);
  /* Code compiled for another signature continues to call the function that it was compiled with. */
  if (fn->version > 0 && !fn->external) snprintf(name + n, 256 - (size_t)n, ".%u", fn->version);
}

kiln_symbol gen_declare(struct gen *g, const struct fn *fn, kiln_sig *sig) {
  char name[256];
  kiln_param params[MAX_PARAMS];
  uint32_t n = 0;
  for (const struct var *v = fn->params; v != NULL; v = v->next) {
    uint32_t flags = v->type->kind == TYPE_BOOL ? KILN_PARAM_ZEXT : 0;
    params[n++] = (kiln_param){.type = (uint8_t)gen_type(v->type), .flags = flags};
  }
  kiln_type result = gen_type(fn->result);
  /* Functions of C know nothing of Clay's objects. */
  uint32_t flags = (fn->variadic ? KILN_SIG_VARIADIC : 0) | (fn->external ? KILN_SIG_NOCOLLECT : 0);
  *sig = kiln_sig_new(g->m, KILN_CC_C, flags, params, n, &result, result != KILN_TYPE_VOID);
  gen_function_name(fn, name);
  return kiln_func_declare(g->m, &(kiln_symbol_desc){.name = name}, *sig);
}

/* Converts a value for C; `t` is the parameter's type, or the value's own for further arguments. */
static kiln_value to_c(struct gen *g, const struct type *t, kiln_value v) {
  switch (t->kind) {
  case TYPE_I32: return kiln_build_convert(g->f, KILN_OP_TRUNC, KILN_TYPE_I32, KILN_TYPE_I64, v);
  case TYPE_F32: return kiln_build_convert(g->f, KILN_OP_FDEMOTE, KILN_TYPE_F32, KILN_TYPE_F64, v);
  case TYPE_STR: return kiln_build_addr(g->f, v, (kiln_value){0}, 0, STR_BYTES);
  default: return v;
  }
}

static kiln_value from_c(struct gen *g, const struct type *t, struct place at, kiln_value v) {
  switch (t->kind) {
  case TYPE_I32: return kiln_build_convert(g->f, KILN_OP_SEXT, KILN_TYPE_I64, KILN_TYPE_I32, v);
  case TYPE_F32: return kiln_build_convert(g->f, KILN_OP_FPROMOTE, KILN_TYPE_F64, KILN_TYPE_F32, v);
  case TYPE_STR: return gen_runtime(g, RT_from_c, at, &v);
  default: return v;
  }
}

static kiln_value call_fn(struct gen *g, const struct expr *e) {
  kiln_value *args = gen_arguments(g, e);
  const struct var *param = e->fn->params;
  uint32_t n = 0;
  for (const struct expr *a = e->list; a != NULL && e->fn->external; a = a->next, n++) {
    args[n] = to_c(g, param != NULL ? param->type : a->type, args[n]);
    if (param != NULL) param = param->next;
  }
  kiln_sig sig;
  kiln_symbol symbol = gen_declare(g, e->fn, &sig);
  kiln_value result = gen_unwinding_call(g, sig, symbol, args, e->n);
  return e->fn->external ? from_c(g, e->fn->result, e->at, result) : result;
}

/* ---- functions of the language ---- */

/* The runtime's number of a type: CLAY_INT and so on, 4 more for each depth of arrays. */
static kiln_value type_code(struct gen *g, const struct type *t) {
  int64_t code = 0;
  for (; t->kind == TYPE_ARRAY; t = t->elem) code += 4;
  return kiln_const_int(g->f, code + (t->kind - TYPE_INT));
}

static kiln_value gen_cell(struct gen *g, const struct expr *e) {
  return gen_to_cell(g, e->type, gen_expr(g, e));
}

static void write_byte(struct gen *g, struct place at, char byte) {
  kiln_value v = kiln_const_int(g->f, byte);
  gen_runtime(g, RT_write_byte, at, &v);
}

/* All arguments are computed before the first is written. */
static void gen_print(struct gen *g, const struct expr *e, bool line) {
  kiln_value *values = gen_arguments(g, e);
  for (const struct expr *a = e->list; a != NULL; a = a->next) {
    kiln_value cell = gen_to_cell(g, a->type, *values++);
    gen_runtime(g, RT_write, a->at, (kiln_value[]){cell, type_code(g, a->type)});
    if (line && a->next != NULL) write_byte(g, a->at, ' ');
  }
  if (line) write_byte(g, e->at, '\n');
}

static kiln_value gen_number(struct gen *g, const struct expr *e, const struct expr *a) {
  bool to_float = e->type->kind == TYPE_FLOAT;
  kiln_value v = gen_expr(g, a);
  switch (a->type->kind) {
  case TYPE_STR:
    return gen_from_cell(g, e->type,
                         gen_runtime(g, to_float ? RT_parse_float : RT_parse_int, e->at, &v));
  case TYPE_BOOL: return kiln_build_convert(g->f, KILN_OP_ZEXT, KILN_TYPE_I64, KILN_TYPE_I8, v);
  case TYPE_INT:
    return to_float ? kiln_build_convert(g->f, KILN_OP_SITOF, KILN_TYPE_F64, KILN_TYPE_I64, v) : v;
  default:
    return to_float ? v : kiln_build_convert(g->f, KILN_OP_FTOSIS, KILN_TYPE_I64, KILN_TYPE_F64, v);
  }
}

static kiln_value call_builtin(struct gen *g, const struct expr *e) {
  const struct expr *a = e->list;
  struct place at = e->at;
  kiln_value args[3] = {0};
  switch (e->builtin->kind) {
  case BUILTIN_ARGS: return gen_runtime(g, RT_args, at, NULL);
  case BUILTIN_ARRAY:
    memcpy(args, gen_arguments(g, e), 2 * sizeof *args);
    args[1] = gen_to_cell(g, a->next->type, args[1]);
    args[2] = kiln_const_int(g->f, gen_is_reference(a->next->type));
    return gen_runtime(g, RT_array_new, at, args);
  case BUILTIN_CHR: args[0] = gen_expr(g, a); return gen_runtime(g, RT_chr, at, args);
  case BUILTIN_EXIT: args[0] = gen_expr(g, a); return gen_runtime(g, RT_exit, at, args);
  case BUILTIN_FAIL: args[0] = gen_expr(g, a); return gen_runtime(g, RT_fail, at, args);
  case BUILTIN_FLOAT:
  case BUILTIN_INT: return gen_number(g, e, a);
  case BUILTIN_LEN: return kiln_build_load(g->f, KILN_TYPE_I64, gen_expr(g, a), ARRAY_SIZE, 0);
  case BUILTIN_POP:
    args[0] = gen_expr(g, a);
    return gen_from_cell(g, e->type, gen_runtime(g, RT_pop, at, args));
  case BUILTIN_PUSH:
    memcpy(args, gen_arguments(g, e), 2 * sizeof *args);
    args[1] = gen_to_cell(g, a->next->type, args[1]);
    return gen_runtime(g, RT_push, at, args);
  case BUILTIN_READ_LINE: return gen_runtime(g, RT_read_line, at, NULL);
  case BUILTIN_STR:
    args[0] = gen_cell(g, a);
    args[1] = type_code(g, a->type);
    return gen_runtime(g, RT_to_str, at, args);
  case BUILTIN_PRINT:
  case BUILTIN_WRITE: gen_print(g, e, e->builtin->kind == BUILTIN_PRINT); break;
  }
  return (kiln_value){0};
}

/* The record is made first, each field then stored. */
static kiln_value make_record(struct gen *g, const struct expr *e) {
  kiln_value shape = kiln_const_symbol(g->f, gen_type_symbol(g, e->type), 0);
  kiln_value record = gen_runtime(g, RT_record_new, e->at, &shape);
  bool collects = false;
  for (const struct expr *a = e->list; a != NULL; a = a->next) collects |= a->collects;
  struct held held = gen_hold(g, e->type, record, collects);
  int32_t offset = 0;
  for (const struct expr *a = e->list; a != NULL; a = a->next, offset += CELL_BYTES) {
    kiln_value value = gen_expr(g, a);
    kiln_value at = kiln_build_addr(g->f, gen_held(g, &held), (kiln_value){0}, 0, offset);
    gen_store_cell(g, a->type, at, value);
  }
  record = gen_held(g, &held);
  gen_release(g, &held);
  return record;
}

kiln_value gen_call(struct gen *g, const struct expr *e) {
  if (e->fn != NULL) return call_fn(g, e);
  return e->builtin != NULL ? call_builtin(g, e) : make_record(g, e);
}
