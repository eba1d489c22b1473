/* What debuggers show (`clay -g`): a unit, Clay's types as the runtime lays them out, functions, variables and the
 * blocks that these are in. Called by gen.c, where each call does nothing without -g. Invariant: g->debug.scope is the
 * entry of the block that the current statement is in. */
#include "gen.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* An entry for a type, as a variable or as a cell of an array, a record or a global. */
struct debug_type {
  const struct type *type;
  bool cell;
  kiln_die entry;
  struct debug_type *next;
};

static const kiln_die none = {0};

static kiln_die_declaration declaration(struct gen *g, const struct text *name, struct place at) {
  return (kiln_die_declaration){.name = name->bytes, .file = g->debug.file, .line = at.line};
}

/* A pointer to a structure of the runtime's. */
static kiln_die pointer_to(struct gen *g, const char *name, uint64_t size,
                           const kiln_die_member *members, uint32_t n) {
  kiln_die record =
    kiln_die_new_record(g->debug.d, KILN_DW_TAG_structure_type, g->debug.unit, name, size);
  kiln_die_set_members(g->debug.d, record, members, n);
  return kiln_die_new_pointer_type(g->debug.d, record);
}

static kiln_die debug_type(struct gen *g, const struct type *t, bool cell);

/* Makes the entry; a record is entered before its fields, which may have its type. */
static kiln_die make_type(struct gen *g, const struct type *t, bool cell, struct debug_type *made) {
  kiln_debug *d = g->debug.d;
  static const struct type integer = {.kind = TYPE_INT, .name = "int"};
  switch (t->kind) {
  case TYPE_INT: return kiln_die_new_base_type(d, "int", KILN_DW_ATE_signed, 8);
  case TYPE_FLOAT: return kiln_die_new_base_type(d, "float", KILN_DW_ATE_float, 8);
  case TYPE_BOOL:
    return kiln_die_new_base_type(d, "bool", KILN_DW_ATE_boolean, cell ? CELL_BYTES : 1);
  case TYPE_I32: return kiln_die_new_base_type(d, "i32", KILN_DW_ATE_signed, 4);
  case TYPE_F32: return kiln_die_new_base_type(d, "f32", KILN_DW_ATE_float, 4);
  case TYPE_STR: {
    kiln_die byte = kiln_die_new_base_type(d, "char", KILN_DW_ATE_signed_char, 1);
    kiln_die_member members[] = {
      {.name = "size", .type = debug_type(g, &integer, false), .offset_bytes = STR_SIZE},
      {.name = "bytes",
       .type = kiln_die_new_array_type(d, byte, none, 0),
       .offset_bytes = STR_BYTES}};
    return pointer_to(g, "str", STR_BYTES, members, 2);
  }
  case TYPE_ARRAY: {
    kiln_die cells = kiln_die_new_pointer_type(d, debug_type(g, t->elem, true));
    kiln_die_member members[] = {
      {.name = "size", .type = debug_type(g, &integer, false), .offset_bytes = ARRAY_SIZE},
      {.name = "cells", .type = cells, .offset_bytes = ARRAY_CELLS}};
    return pointer_to(g, t->name, ARRAY_CELLS + 8, members, 2);
  }
  case TYPE_RECORD: {
    kiln_die record = kiln_die_new_record(d, KILN_DW_TAG_structure_type, g->debug.unit, t->name,
                                          (uint64_t)t->n_fields * CELL_BYTES);
    made->entry = kiln_die_new_pointer_type(d, record);
    kiln_die_member *members = clay_alloc(g->c, (t->n_fields + (size_t)1) * sizeof *members);
    uint32_t n = 0;
    for (const struct var *v = t->fields; v != NULL; v = v->next, n++)
      members[n] = (kiln_die_member){.name = v->name->bytes,
                                     .type = debug_type(g, v->type, true),
                                     .offset_bytes = (uint64_t)n * CELL_BYTES};
    kiln_die_set_members(d, record, members, n);
    return made->entry;
  }
  case TYPE_VIEW: return pointer_to(g, t->name, 0, NULL, 0);
  case TYPE_ERROR:
  case TYPE_NONE:
  case TYPE_COUNT: break;
  }
  return none;
}

static kiln_die debug_type(struct gen *g, const struct type *t, bool cell) {
  cell = cell && t->kind == TYPE_BOOL; /* all others are the same in both */
  for (struct debug_type *k = g->debug.types; k != NULL; k = k->next)
    if (k->type->kind == t->kind && k->cell == cell &&
        (k->type == t || (t->kind != TYPE_ARRAY && t->kind != TYPE_RECORD && t->kind != TYPE_VIEW)))
      return k->entry;
  struct debug_type *made = clay_alloc(g->c, sizeof *made);
  *made = (struct debug_type){t, cell, {0}, g->debug.types};
  g->debug.types = made;
  made->entry = make_type(g, t, cell, made);
  return made->entry;
}

/* ---- for gen.c ---- */

void gen_debug_begin(struct gen *g) {
  char folder[4096];
  if (g->c->debug == DEBUG_NONE) return;
  g->debug.d = kiln_module_debug(g->m);
  if (getcwd(folder, sizeof folder) == NULL) strcpy(folder, ".");
  g->debug.file = kiln_die_new_file(g->debug.d, folder, g->c->file);
  g->debug.unit = kiln_die_new_unit(kiln_module_debug(g->m), g->debug.file, "Clay",
                                    KILN_DW_LANG_C99 /* how gdb prints */);
}

void gen_debug_function(struct gen *g, const struct fn *fn, const char *name) {
  kiln_debug *d = g->debug.d;
  if (d == NULL) return;
  kiln_die params[MAX_PARAMS], result = none;
  uint32_t n = 0, line = fn != NULL ? fn->at.line : 1;
  for (const struct var *v = fn != NULL ? fn->params : NULL; v != NULL; v = v->next)
    params[n++] = debug_type(g, v->type, false);
  if (fn != NULL && fn->result->kind != TYPE_NONE) result = debug_type(g, fn->result, false);
  kiln_die_declaration what = {.name = name, .file = g->debug.file, .line = line, .external = true};
  what.type = kiln_die_new_function_type(d, result, params, n);
  g->debug.scope = kiln_die_new_function(d, g->debug.unit, &what, false);
  kiln_location at = {.file = kiln_file_new_die(g->s, g->debug.file, g->c->file),
                      .line = line,
                      .scope = g->debug.scope};
  kiln_func_set_debug(g->f, g->debug.scope, g->debug.unit, kiln_loc_new_full(g->s, &at));
}

uint32_t gen_debug_place(struct gen *g, struct place at) {
  if (g->debug.d == NULL)
    return kiln_loc_new(g->s, kiln_file_new(g->s, g->c->file), at.line, at.column);
  kiln_location location = {.file = kiln_file_new_die(g->s, g->debug.file, g->c->file),
                            .line = at.line,
                            .column = at.column,
                            .scope = g->debug.scope};
  return kiln_loc_new_full(g->s, &location);
}

kiln_die gen_debug_scope(struct gen *g) {
  kiln_die outer = g->debug.scope;
  if (g->c->debug == DEBUG_ALL) g->debug.scope = kiln_die_new_block(g->debug.d, outer);
  return outer;
}

void gen_debug_variable(struct gen *g, const struct var *v, kiln_value slot, bool is_param) {
  if (g->c->debug != DEBUG_ALL) return;
  kiln_die_declaration what = declaration(g, v->name, v->at);
  what.type = debug_type(g, v->type, false);
  kiln_die entry = is_param ? kiln_die_new_parameter(g->debug.d, g->debug.scope, &what)
                            : kiln_die_new_variable(g->debug.d, g->debug.scope, &what);
  kiln_func_declare_variable(g->f, &(kiln_debug_variable){.variable = entry, .slot = slot});
}

void gen_debug_global(struct gen *g, const struct var *v, kiln_symbol symbol) {
  if (g->c->debug != DEBUG_ALL) return;
  kiln_die_declaration what = declaration(g, v->name, v->at);
  what.type = debug_type(g, v->type, true);
  what.external = true;
  kiln_die_new_global(kiln_module_debug(g->m), g->debug.unit, &what, symbol);
}
