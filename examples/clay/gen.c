/* The module, functions and statements. Called by main.c through gen_program. Variables that are
 * assigned to are stack slots, which Kiln keeps in registers, or in the frame if they are roots; all others are plain
 * values: no SSA construction is needed. Each statement leaves the builder in the block where control goes on. */
#include "gen.h"

#include <stdio.h>
#include <string.h>

struct loop {
  kiln_block next, done;  /* `continue` and `break` */
  struct region *regions; /* around the loop */
  struct loop *outer;
};

/* ---- types ---- */

kiln_type gen_type(const struct type *t) {
  switch (t->kind) {
  case TYPE_INT: return KILN_TYPE_I64;
  case TYPE_FLOAT: return KILN_TYPE_F64;
  case TYPE_BOOL: return KILN_TYPE_I8;
  case TYPE_STR:
  case TYPE_ARRAY:
  case TYPE_RECORD:
  case TYPE_VIEW: return KILN_TYPE_PTR;
  case TYPE_I32: return KILN_TYPE_I32;
  case TYPE_F32: return KILN_TYPE_F32;
  default: return KILN_TYPE_VOID;
  }
}

kiln_value gen_to_cell(struct gen *g, const struct type *t, kiln_value v) {
  kiln_type from = gen_type(t);
  if (from == KILN_TYPE_I8) return kiln_build_convert(g->f, KILN_OP_ZEXT, KILN_TYPE_I64, from, v);
  if (from == KILN_TYPE_F64)
    return kiln_build_convert(g->f, KILN_OP_BITCAST, KILN_TYPE_I64, from, v);
  return v;
}

kiln_value gen_from_cell(struct gen *g, const struct type *t, kiln_value cell) {
  kiln_type to = gen_type(t);
  if (to == KILN_TYPE_I8) return kiln_build_convert(g->f, KILN_OP_TRUNC, to, KILN_TYPE_I64, cell);
  if (to == KILN_TYPE_F64)
    return kiln_build_convert(g->f, KILN_OP_BITCAST, to, KILN_TYPE_I64, cell);
  return cell;
}

/* A cell is always written whole; its low bytes alone can be read as the type. */
void gen_store_cell(struct gen *g, const struct type *t, kiln_value address, kiln_value v) {
  if (t->kind == TYPE_BOOL) {
    kiln_build_store(g->f, KILN_TYPE_I64, address, 0, gen_to_cell(g, t, v), 0);
  } else {
    kiln_build_store(g->f, gen_type(t), address, 0, v, 0);
  }
}

bool gen_is_reference(const struct type *t) {
  return t->kind == TYPE_STR || t->kind == TYPE_ARRAY || t->kind == TYPE_RECORD ||
         t->kind == TYPE_VIEW;
}

kiln_value gen_load(struct gen *g, const struct type *t, kiln_value address) {
  return kiln_build_load(g->f, gen_type(t), address, 0, 0);
}

/* ---- data ---- */

static kiln_symbol define_bytes(struct gen *g, const void *bytes, size_t size,
                                unsigned align_log2) {
  kiln_symbol s = kiln_data_declare(g->m, &(kiln_symbol_desc){.linkage = KILN_LINKAGE_PRIVATE});
  kiln_data_desc desc = {.bytes = bytes, .size_bytes = size, .flags = KILN_DATA_READ_ONLY};
  desc.align_log2 = (uint8_t)align_log2;
  kiln_data_define(g->m, s, &desc);
  return s;
}

/* A string as the runtime lays it out: size, bytes, NUL. One per text. */
kiln_symbol gen_string(struct gen *g, const struct text *text) {
  kiln_symbol *symbol = &g->literals[text->id];
  if (symbol->id == 0) {
    char *image = clay_alloc(g->c, STR_BYTES + text->size + 1);
    memcpy(image + STR_SIZE, &(int64_t){text->size}, sizeof(int64_t));
    memcpy(image + STR_BYTES, text->bytes, text->size);
    *symbol = define_bytes(g, image, STR_BYTES + text->size + 1, 3);
  }
  return *symbol;
}

/* What is built from here on comes from this place: for Kiln's diagnostics, the text of the IR (`--emit=kir`) and
 * debuggers. */
static void set_place(struct gen *g, struct place at) {
  kiln_func_set_text_position(g->f, at.line, at.column);
  kiln_func_set_loc(g->f, gen_debug_place(g, at));
}

/* ---- errors at run time ---- */

struct check *gen_check(struct gen *g, kiln_value ok, enum runtime failure, struct place at) {
  struct check *check = clay_alloc(g->c, sizeof *check);
  *check =
    (struct check){.block = kiln_block_new(g->f), .failure = failure, .at = at, .next = g->checks};
  g->checks = check;
  kiln_block good = kiln_block_new(g->f);
  kiln_build_brif(g->f, ok, good, NULL, 0, check->block, NULL, 0);
  kiln_block_switch(g->f, good);
  return check;
}

static void gen_failures(struct gen *g) {
  for (struct check *check = g->checks; check != NULL; check = check->next) {
    kiln_block_switch(g->f, check->block);
    set_place(g, check->at);
    for (int i = 0; i < 2; i++) {
      const struct expr *from = check->from[i];
      if (from != NULL && from->kind == EXPR_NAME && !from->var->global)
        check->args[i] = gen_expr(g, from);
    }
    gen_runtime(g, check->failure, check->at, check->args);
  }
  g->checks = NULL;
}

/* ---- variables ---- */

kiln_symbol gen_global(struct gen *g, const struct var *v) {
  char name[256];
  if (v->input == 1) snprintf(name, sizeof name, "clay.global.%s", v->name->bytes);
  else snprintf(name, sizeof name, "clay.global.%s.%u", v->name->bytes, v->input);
  return kiln_data_declare(g->m, &(kiln_symbol_desc){.name = name});
}

/* A local variable with its first value. Debuggers want to find it in one place. */
void gen_bind(struct gen *g, struct var *v, kiln_value value, bool is_param) {
  if (g->c->debug == DEBUG_ALL || (g->collects && gen_is_reference(v->type))) v->assigned = true;
  if (v->assigned) {
    kiln_value slot = gen_slot(g, v->type);
    gen_debug_variable(g, v, slot, is_param);
    kiln_build_store(g->f, gen_type(v->type), slot, 0, value, 0);
    value = slot;
  }
  v->value = value.id;
}

static void gen_variable(struct gen *g, struct stmt *s) {
  struct var *v = s->var;
  kiln_value value = s->a != NULL ? gen_expr(g, s->a) : gen_zero(g, v->type, s->at);
  if (!v->global) gen_bind(g, v, value, false);
  else gen_store_cell(g, v->type, kiln_const_symbol(g->f, gen_global(g, v), 0), value);
}

/* The address of what is assigned to. `whole` is the array or record of an element or a field. */
static kiln_value target_address(struct gen *g, const struct expr *to, kiln_value whole,
                                 kiln_value index) {
  if (to->kind == EXPR_INDEX) return gen_element(g, to, whole, index);
  if (to->kind == EXPR_FIELD) return gen_field(g, to, whole);
  if (to->var->global) return kiln_const_symbol(g->f, gen_global(g, to->var), 0);
  return (kiln_value){to->var->value};
}

/* Evaluates the target's parts first, then the value, then checks an index. */
static void gen_assignment(struct gen *g, struct stmt *s) {
  const struct expr *to = s->a, *parts[3];
  bool named = to->kind == EXPR_NAME, changes = s->op != T_ASSIGN;
  kiln_value v[3] = {0};
  uint32_t n = 0;
  if (!named) parts[n++] = to->a;
  if (to->kind == EXPR_INDEX) parts[n++] = to->b;
  if (named && changes) parts[n++] = to; /* the old value */
  parts[n++] = s->b;
  gen_operands(g, parts, n, v);

  kiln_value value = v[n - 1], address = target_address(g, to, v[0], v[1]);
  if (changes) {
    bool collects =
      to->type->kind == TYPE_STR; /* += makes a string; the old address may be wrong then */
    kiln_value old = named ? v[0] : gen_load(g, to->type, address);
    struct held whole = {0};
    if (!named) whole = gen_hold(g, to->a->type, v[0], collects);
    value = gen_op(g, s->op, to->type, s->at, old, value, s->b);
    if (!named && collects) address = target_address(g, to, gen_held(g, &whole), v[1]);
    gen_release(g, &whole);
  }
  if (named && !to->var->global) kiln_build_store(g->f, gen_type(to->type), address, 0, value, 0);
  else gen_store_cell(g, to->type, address, value);
}

/* ---- control flow ---- */

static void gen_stmt(struct gen *g, struct stmt *s);

static bool ended(struct gen *g) {
  return kiln_block_is_terminated(g->f, kiln_block_current(g->f));
}

static void go_to(struct gen *g, kiln_block b) {
  if (!ended(g)) kiln_build_br(g->f, b, NULL, 0);
}

/* Code after a `return` or the like is not generated. */
void gen_list(struct gen *g, struct stmt *s) {
  kiln_die outer = gen_debug_scope(g);
  for (; s != NULL && !ended(g); s = s->next) gen_stmt(g, s);
  g->debug.scope = outer;
}

static void gen_if(struct gen *g, struct stmt *s) {
  kiln_block done = kiln_block_new(g->f);
  for (; s != NULL && s->kind == STMT_IF; s = s->other) {
    kiln_block yes = kiln_block_new(g->f);
    kiln_block no = s->other != NULL ? kiln_block_new(g->f) : done;
    gen_condition(g, s->a, yes, no);
    kiln_block_switch(g->f, yes);
    gen_list(g, s->body);
    go_to(g, done);
    kiln_block_switch(g->f, no);
  }
  if (s == NULL) return;
  gen_list(g, s->body);
  go_to(g, done);
  kiln_block_switch(g->f, done);
}

/* The loop's body; it ends at `next`, and the loop at `done`. */
static void gen_body(struct gen *g, struct stmt *s, kiln_block next, kiln_block done) {
  struct loop loop = {next, done, g->regions, g->loop};
  g->loop = &loop;
  gen_list(g, s->body);
  go_to(g, next);
  g->loop = loop.outer;
}

static void gen_while(struct gen *g, struct stmt *s) {
  kiln_block head = kiln_block_new(g->f), body = kiln_block_new(g->f), done = kiln_block_new(g->f);
  go_to(g, head);
  kiln_block_switch(g->f, head);
  gen_condition(g, s->a, body, done);
  kiln_block_switch(g->f, body);
  gen_body(g, s, head, done);
  kiln_block_switch(g->f, done);
}

/* The item of a string or an array that a `for` has come to. */
static kiln_value gen_item(struct gen *g, const struct stmt *s, kiln_value sequence, kiln_value i) {
  kiln_func *f = g->f;
  if (s->a->type->kind == TYPE_STR) {
    kiln_value at = kiln_build_addr(f, sequence, i, 1, 0);
    return kiln_build_load_ext(f, KILN_TYPE_I64, KILN_TYPE_I8, at, STR_BYTES, 0);
  }
  kiln_value cells = kiln_build_load(f, KILN_TYPE_PTR, sequence, ARRAY_CELLS, 0);
  return gen_load(g, s->var->type, kiln_build_addr(f, cells, i, CELL_BYTES, 0));
}

/* for i in a..b, and for x in a: a counter that is a block's parameter. */
static void gen_for(struct gen *g, struct stmt *s) {
  kiln_func *f = g->f;
  bool each = s->kind == STMT_EACH;
  kiln_value from = each ? kiln_const_int(f, 0) : gen_expr(g, s->a), sequence = {0}, limit = {0};
  struct held held = {0};
  if (each) held = gen_hold(g, s->a->type, gen_expr(g, s->a), g->collects);
  else limit = gen_expr(g, s->b);
  kiln_block head = kiln_block_new(f), body = kiln_block_new(f), next = kiln_block_new(f),
             done = kiln_block_new(f);
  kiln_value i = kiln_block_add_param(f, head, KILN_TYPE_I64);
  kiln_build_br(f, head, &from, 1);

  kiln_block_switch(f, head);
  if (each) {
    sequence = gen_held(g, &held);
    limit = kiln_build_load(f, KILN_TYPE_I64, sequence, ARRAY_SIZE, 0); /* it may grow */
  }
  kiln_build_brif(f, kiln_build_icmp(f, KILN_ICOND_SLT, KILN_TYPE_I64, i, limit), body, NULL, 0,
                  done, NULL, 0);

  kiln_block_switch(f, body);
  kiln_die outer = gen_debug_scope(g);
  gen_bind(g, s->var, each ? gen_item(g, s, sequence, i) : i, false);
  gen_body(g, s, next, done);
  g->debug.scope = outer;

  kiln_block_switch(f, next);
  kiln_value i1 = kiln_build_binary(f, KILN_OP_ADD, KILN_TYPE_I64, i, kiln_const_int(f, 1));
  kiln_build_br(f, head, &i1, 1);
  kiln_block_switch(f, done);
  gen_release(g, &held);
}

static void gen_return(struct gen *g, struct stmt *s) {
  if (s->a == NULL) {
    gen_leave(g, NULL);
    kiln_build_ret(g->f, NULL, 0);
    return;
  }
  kiln_type type = gen_type(s->a->type);
  kiln_value value = gen_expr(g, s->a);
  if (gen_leaves_finally(g, NULL)) { /* what is here does not dominate what is after the finally */
    if (g->result.id == 0) g->result = gen_slot(g, s->a->type);
    kiln_build_store(g->f, type, g->result, 0, value, 0);
    gen_leave(g, NULL);
    value = kiln_build_load(g->f, type, g->result, 0, 0);
  }
  kiln_build_ret(g->f, &value, 1);
}

static void gen_stmt(struct gen *g, struct stmt *s) {
  set_place(g, s->at);
  switch (s->kind) {
  case STMT_VAR: gen_variable(g, s); break;
  case STMT_ASSIGN: gen_assignment(g, s); break;
  case STMT_EXPR: gen_expr(g, s->a); break;
  case STMT_IF: gen_if(g, s); break;
  case STMT_WHILE: gen_while(g, s); break;
  case STMT_RANGE:
  case STMT_EACH: gen_for(g, s); break;
  case STMT_BREAK:
  case STMT_CONTINUE:
    gen_leave(g, g->loop->regions);
    kiln_build_br(g->f, s->kind == STMT_BREAK ? g->loop->done : g->loop->next, NULL, 0);
    break;
  case STMT_RETURN: gen_return(g, s); break;
  case STMT_THROW: gen_throw(g, s); break;
  case STMT_TRY: gen_try(g, s); break;
  case STMT_CATCH: break; /* a part of a try */
  case STMT_BLOCK: gen_list(g, s->body); break;
  }
}

/* ---- functions and the whole ---- */

static kiln_status finish(struct gen *g, bool has_result, kiln_func_sink_fn sink, void *user) {
  /* Where a result is due, the checker has shown that the end is not reached. */
  if (!ended(g) && has_result) kiln_build_nullary(g->f, KILN_OP_UNREACHABLE);
  else if (!ended(g)) kiln_build_ret(g->f, NULL, 0);
  gen_failures(g);
  g->result.id = 0;
  if (sink == NULL) return kiln_func_compile(g->f);
  kiln_func_finish(g->f);
  return sink(user, g->f);
}

static bool begin(struct gen *g, kiln_symbol symbol, bool collects) {
  g->f = kiln_func_begin(g->s, symbol);
  g->collects = collects;
  g->free_roots = NULL;
  return g->f != NULL;
}

static kiln_status gen_fn(struct gen *g, struct fn *fn, kiln_func_sink_fn sink, void *user) {
  kiln_sig sig;
  if (!begin(g, gen_declare(g, fn, &sig), fn->collects)) return kiln_module_status(g->m);
  gen_debug_function(g, fn, fn->name->bytes);
  if (g->debug.d == NULL) set_place(g, fn->at);
  uint32_t i = 0;
  for (struct var *v = fn->params; v != NULL; v = v->next) {
    kiln_value param = kiln_func_param(g->f, i++);
    if (gen_is_reference(v->type)) kiln_func_set_reference(g->f, param, true);
    gen_bind(g, v, param, true);
  }
  gen_list(g, fn->body);
  return finish(g, fn->result->kind != TYPE_NONE, sink, user);
}

/* A cell of data each. Strings start empty; arrays are made when the program starts. */
static void define_global(struct gen *g, struct var *v) {
  static const uint64_t zero;
  kiln_data_desc desc = {.size_bytes = CELL_BYTES, .align_log2 = 3};
  kiln_reloc empty = {.size_bytes = 8};
  if (v->type->kind == TYPE_STR) {
    empty.symbol = gen_string(g, g->empty);
    desc.bytes = &zero;
    desc.relocs = &empty;
    desc.n_relocs = 1;
  }
  kiln_data_define(g->m, gen_global(g, v), &desc);
  gen_debug_global(g, v, gen_global(g, v));
}

static kiln_status gen_entry(struct gen *g, const struct program *p, const char *name,
                             kiln_func_sink_fn sink, void *user) {
  kiln_sig sig = kiln_sig_new(g->m, KILN_CC_C, 0, NULL, 0, NULL, 0);
  kiln_symbol symbol = kiln_func_declare(g->m, &(kiln_symbol_desc){.name = name}, sig);
  if (!begin(g, symbol, true)) return kiln_module_status(g->m);
  gen_debug_function(g, NULL, "program");
  for (struct var *v = p->globals; v != NULL; v = v->next) {
    kiln_value cell = kiln_const_symbol(g->f, gen_global(g, v), 0);
    if (v->type->kind == TYPE_ARRAY) gen_store_cell(g, v->type, cell, gen_zero(g, v->type, v->at));
    if (gen_is_reference(v->type)) gen_runtime(g, RT_root, v->at, &cell);
  }
  gen_list(g, p->stmts);
  return finish(g, false, sink, user);
}

/* What records of a type have in common: struct clay_shape. */
static void define_shape(struct gen *g, const struct type *t) {
  kiln_reloc *names = clay_alloc(g->c, t->n_fields * sizeof *names);
  uint8_t *references = clay_alloc(g->c, t->n_fields + (size_t)1);
  uint32_t n = 0;
  for (const struct var *v = t->fields; v != NULL; v = v->next, n++) {
    names[n] = (kiln_reloc){.offset_bytes = n * UINT64_C(8), .size_bytes = 8};
    names[n].symbol = gen_string(g, v->name);
    names[n].addend = STR_BYTES;
    references[n] = gen_is_reference(v->type);
  }
  kiln_data_desc list = {
    .size_bytes = n * UINT64_C(8), .align_log2 = 3, .flags = KILN_DATA_READ_ONLY};
  list.relocs = names;
  list.n_relocs = n;
  list.bytes = clay_alloc(g->c, n * (size_t)8);
  kiln_symbol name_list =
    kiln_data_declare(g->m, &(kiln_symbol_desc){.linkage = KILN_LINKAGE_PRIVATE});
  kiln_data_define(g->m, name_list, &list);

  int64_t words[3] = {n};
  kiln_reloc parts[2] = {{.offset_bytes = 8, .symbol = name_list, .size_bytes = 8},
                         {.offset_bytes = 16, .size_bytes = 8}};
  parts[1].symbol = define_bytes(g, references, n, 0);
  kiln_data_desc shape = {.bytes = words, .size_bytes = sizeof words, .align_log2 = 3};
  shape.flags = KILN_DATA_READ_ONLY;
  shape.relocs = parts;
  shape.n_relocs = 2;
  kiln_data_define(g->m, gen_type_symbol(g, t), &shape);
}

static struct gen begin_module(struct clay *c, kiln_session *s) {
  struct gen g = {.c = c, .m = kiln_session_module(s), .s = s};
  gen_debug_begin(&g);
  g.empty = clay_text(c, "", 0);
  g.literals = clay_alloc(c, c->n_texts * sizeof *g.literals);
  g.file = define_bytes(&g, c->file, strlen(c->file) + 1, 0);
  return g;
}

static void define_data(struct gen *g, const struct program *p) {
  for (struct var *v = p->globals; v != NULL; v = v->next) define_global(g, v);
  for (struct type *t = p->records; t != NULL; t = t->next)
    if (t->input == g->c->input && t->kind == TYPE_RECORD) define_shape(g, t);
}

kiln_status gen_program(struct clay *c, const struct program *p, kiln_session *s, const char *entry,
                        kiln_func_sink_fn sink, void *user) {
  struct gen g = begin_module(c, s);
  define_data(&g, p);
  kiln_status status = kiln_module_status(g.m);
  for (struct fn *fn = p->fns; fn != NULL && status == KILN_OK; fn = fn->next) {
    if (!fn->external) status = gen_fn(&g, fn, sink, user);
  }
  if (status == KILN_OK) status = gen_entry(&g, p, entry, sink, user);
  return status;
}

kiln_status gen_function(struct clay *c, struct fn *fn, kiln_session *s) {
  struct gen g = begin_module(c, s);
  return gen_fn(&g, fn, NULL, NULL);
}

kiln_status gen_statements(struct clay *c, const struct program *p, kiln_session *s,
                           const char *entry) {
  struct gen g = begin_module(c, s);
  define_data(&g, p);
  return gen_entry(&g, p, entry, NULL, NULL);
}
