/* Shapes of what debuggers are to know: variables, their values, blocks in blocks, calls. See shapes.h. */
#include "shapes.h"

#include <kiln/dwarf.h>

/* A function that is described, its entry, and the type of its variables. */
struct described {
  kiln_func *f;
  kiln_debug *d;
  kiln_die function, type;
  uint32_t file, line;
};

static struct described begin(struct shape_run *r) {
  struct described x = {.d = kiln_module_debug(r->m)};
  kiln_die file = kiln_die_new_file(x.d, "/source", "f.c");
  kiln_die unit = kiln_die_new_unit(kiln_module_debug(r->m), file, "shapes", KILN_DW_LANG_C99);
  x.type = kiln_die_new_base_type(x.d, "long", KILN_DW_ATE_signed, 8);
  kiln_die type = kiln_die_new_function_type(x.d, x.type, &x.type, 1);
  x.function = kiln_die_new_function(
    x.d, unit, &(kiln_die_declaration){"f", NULL, file, 1, type, true}, false);
  kiln_die_set_flag(x.d, KILN_DW_AT_call_all_calls);
  x.file = kiln_file_new_die(r->s, file, "f.c");
  x.f = shape_begin(r, "f");
  kiln_func_set_debug(x.f, x.function, unit, 0);
  return x;
}

/* What is built from now on is of the next line of `scope`. */
static void line(struct described *x, kiln_die scope) {
  kiln_func_set_location(
    x->f, &(kiln_location){.file = x->file, .line = ++x->line, .column = 1, .scope = scope});
}

static kiln_die variable(struct described *x, kiln_die scope) {
  return kiln_die_new_variable(x->d, scope, &(kiln_die_declaration){.name = "v", .type = x->type});
}

/* From here on the variable is `v`. */
static void is(struct described *x, kiln_die variable, kiln_value v) {
  kiln_func_set_variable(x->f, &(kiln_debug_value){.variable = variable, .value = v});
}

/* n lines, each with a declared variable of its own, in n blocks. */
static void declared(struct shape_run *r) {
  struct described x = begin(r);
  kiln_value v = kiln_func_param(x.f, 0);
  for (uint32_t i = 0; i < r->n; i++) {
    kiln_value slot = kiln_slot_new(x.f, 8, 3);
    kiln_func_declare_variable(
      x.f, &(kiln_debug_variable){.variable = variable(&x, x.function), .slot = slot});
    line(&x, x.function);
    kiln_build_store(x.f, I64, slot, 0, v, 0);
    cut(x.f);
    v = add(x.f, kiln_build_load(x.f, I64, slot, 0, 0), num(x.f, 1));
  }
  shape_end(r, x.f, v);
}

/* n variables in n blocks: each is a number from its block on. */
static void numbers(struct shape_run *r) {
  struct described x = begin(r);
  kiln_value v = kiln_func_param(x.f, 0);
  for (uint32_t i = 0; i < r->n; i++) {
    line(&x, x.function);
    is(&x, variable(&x, x.function), num(x.f, i));
    v = add(x.f, v, num(x.f, 1));
    cut(x.f);
  }
  shape_end(r, x.f, v);
}

/* The same, each with a value that lives up to the end. */
static void live(struct shape_run *r) {
  struct described x = begin(r);
  kiln_value *v = shape_alloc(r->n, sizeof *v), p = kiln_func_param(x.f, 0);
  for (uint32_t i = 0; i < r->n; i++) {
    line(&x, x.function);
    v[i] = bin(x.f, KILN_OP_MUL, p, num(x.f, i));
    is(&x, variable(&x, x.function), v[i]);
    cut(x.f);
  }
  for (uint32_t i = 0; i < r->n; i++) p = bin(x.f, KILN_OP_SUB, p, v[i]);
  free(v);
  shape_end(r, x.f, p);
}

/* n variables of one block, whose values live up to its end. */
static void live_block(struct shape_run *r) {
  struct described x = begin(r);
  kiln_value *v = shape_alloc(r->n, sizeof *v), p = kiln_func_param(x.f, 0);
  for (uint32_t i = 0; i < r->n; i++) {
    line(&x, x.function);
    v[i] = bin(x.f, KILN_OP_MUL, p, num(x.f, i));
    is(&x, variable(&x, x.function), v[i]);
  }
  for (uint32_t i = 0; i < r->n; i++) p = bin(x.f, KILN_OP_SUB, p, v[i]);
  free(v);
  shape_end(r, x.f, p);
}

/* One variable with n values, in one block, or each in one of its own. */
static void values(struct shape_run *r, bool cuts) {
  struct described x = begin(r);
  kiln_value v = kiln_func_param(x.f, 0);
  kiln_die one = variable(&x, x.function);
  for (uint32_t i = 0; i < r->n; i++) {
    line(&x, x.function);
    v = bin(x.f, KILN_OP_MUL, v, num(x.f, 3));
    is(&x, one, v);
    if (cuts) cut(x.f);
  }
  shape_end(r, x.f, v);
}
static void values_block(struct shape_run *r) { values(r, false); }
static void values_blocks(struct shape_run *r) { values(r, true); }

/* One variable with n values, of as many parts as there may be. */
static void parts(struct shape_run *r) {
  struct described x = begin(r);
  kiln_value v = kiln_func_param(x.f, 0);
  kiln_die one = variable(&x, x.function);
  for (uint32_t i = 0; i < r->n; i++) {
    line(&x, x.function);
    v = bin(x.f, KILN_OP_MUL, v, num(x.f, 3));
    kiln_func_set_variable(
      x.f,
      &(kiln_debug_value){.variable = one, .value = v, .part_at = i % 100 * 64, .part_bits = 64});
  }
  shape_end(r, x.f, v);
}

/* A parameter that n blocks lose, and n variables that are it: known by its value where the function began. */
static void entered(struct shape_run *r) {
  struct described x = begin(r);
  kiln_value p = kiln_func_param(x.f, 0), v = bin(x.f, KILN_OP_MUL, p, num(x.f, 3));
  for (uint32_t i = 0; i < r->n; i++) {
    line(&x, x.function);
    is(&x, variable(&x, x.function), p);
    v = kiln_build_call(x.f, r->sig, kiln_const_symbol(x.f, r->callee, 0), &v, 1);
    cut(x.f);
  }
  shape_end(r, x.f, v);
}

/* n blocks of the source, each in the one before, with a variable. */
static void scopes(struct shape_run *r) {
  struct described x = begin(r);
  kiln_value v = kiln_func_param(x.f, 0);
  kiln_die scope = x.function;
  for (uint32_t i = 0; i < r->n; i++) {
    scope = kiln_die_new_block(x.d, scope);
    kiln_value slot = kiln_slot_new(x.f, 8, 3);
    kiln_func_declare_variable(
      x.f, &(kiln_debug_variable){.variable = variable(&x, scope), .slot = slot});
    line(&x, scope);
    kiln_build_store(x.f, I64, slot, 0, v, 0);
    v = add(x.f, kiln_build_load(x.f, I64, slot, 0, 0), num(x.f, 1));
  }
  shape_end(r, x.f, v);
}

const struct shape shapes_debug[] = {
  {"debug_declared", "variables", declared, 1000, 100000, true},
  {"debug_numbers", "variables", numbers, 1000, 100000, true},
  {"debug_live", "variables", live, 1000, 100000, true},
  {"debug_live_block", "variables", live_block, 1000, 100000, true},
  {"debug_values", "values", values_block, 1000, 100000, true},
  {"debug_values_blocks", "values", values_blocks, 1000, 100000, true},
  {"debug_parts", "values", parts, 1000, 100000, true},
  {"debug_entered", "variables", entered, 1000, 100000, true},
  {"debug_scopes", "blocks", scopes, 1000, 100000, true},
  {0},
};
