/* The builder of <kiln/llvm_operation.h>: each operation becomes a record of an LLVM function with the operands as
 * the values before it, which the reader builds as it builds those of files (record.c, intrinsics/). What the reader
 * does not check, since LLVM has, operation_check.c does. Invariant: between two calls there is no body: bc.f is
 * NULL. */
#include "operation.h"

#include <stdio.h>

/* ---- the builder ---- */

/* Makes `b`, which is all zero, a builder for the module. */
static bool open_builder(struct kiln_llvm_builder *b, kiln_module *m) {
  struct kn_bc *r = &b->bc;
  struct kn_bc_module *of = &b->module;
  r->m = r->open = of;
  r->module = m;
  r->allocator = kiln_module_get_allocator(m);
  r->target = kiln_module_processor(m);
  r->silent = true;
  r->operation = "";
  of->ptr_type = of->bool_type = UINT32_MAX;
  b->function.what = KILN_SYMBOL_FUNC;
  return KN_BC_PUSH(r, of->attrs, (struct kn_bc_attr){0}) &&
         KN_BC_PUSH(r, of->attr_lists, (struct kn_bc_attr_list){0}) &&
         KN_BC_PUSH(r, of->lists, 0) && kn_operation_first_types(b);
}

kiln_llvm_builder *kiln_llvm_builder_new(kiln_module *m) {
  if (!m || kiln_module_status(m) != KILN_OK) return NULL;
  static const struct kn_bc_module no_module;
  struct kn_bc none = {.m = &no_module, .allocator = kiln_module_get_allocator(m)};
  struct kiln_llvm_builder *b = kn_bc_resize(&none, NULL, sizeof *b);
  if (!b) return NULL;
  memset(b, 0, sizeof *b);
  if (open_builder(b, m)) return b;
  kiln_llvm_builder_free(b);
  return NULL;
}

void kiln_llvm_builder_free(kiln_llvm_builder *b) {
  if (!b) return;
  kiln_llvm_builder_free(b->trial.builder); /* that has none of its own */
  kiln_session_free(b->trial.session);
  kiln_module_free(b->trial.module);
  kn_bc_free(&b->bc);
  kn_bc_memory_reset(&b->bc, &b->module.memory, false);
  kn_bc_resize(&b->bc, b, 0);
}

const char *kiln_llvm_builder_message(const kiln_llvm_builder *b) {
  return b ? b->message : "no builder (NULL)";
}

void kn_operation_begin(struct kiln_llvm_builder *b, kiln_func *f, const char *name) {
  struct kn_bc *r = &b->bc;
  kn_bc_memory_reset(r, &r->body_memory, true);
  memset(&r->fn, 0, sizeof r->fn);
  KN_BC_FIRST(r, r->fn.parts, 64);
  r->fn.global = &b->function;
  r->fn.n_bbs = 1;
  r->fn.call_mask = PLAIN_CALL_MASK;
  r->md.now = &r->fn.md;
  r->again = (struct kn_bc_again){.no_addrs = true, .no_halves = true};
  r->tmp.levels.n = 0;
  r->vals.n = r->inst_base = 0;
  r->f = f;
  r->session = f ? kiln_func_session(f) : NULL;
  r->operation = name;
  r->fn.asm_count = b->n_asms;
  r->status = KILN_OK;
  r->diag = (kiln_diag){0};
  b->ids.n = b->id_types.n = b->record.n = 0;
  b->message[0] = 0;
}

kiln_status kn_operation_end(struct kiln_llvm_builder *b) {
  struct kn_bc *r = &b->bc;
  if (r->status != KILN_OK) memcpy(b->message, r->diag.message, sizeof b->message);
  r->f = NULL;
  r->operation = "";
  return r->status;
}

kiln_status kiln_llvm_builder_set_features(kiln_llvm_builder *b, const char *features) {
  if (!b) return KILN_ERR_ARGUMENT;
  struct kn_bc *r = &b->bc;
  kn_operation_begin(b, NULL, "");
  const size_t n = features ? strlen(features) + 1 : 0;
  char *list = n ? kn_bc_resize(r, NULL, n) : NULL;
  if (!features) {
    kn_bc_fail(r, KILN_ERR_ARGUMENT, "no features given");
  } else if (!list) {
    kn_bc_fail(r, KILN_ERR_MEMORY, "out of memory");
  } else {
    uint32_t flags;
    memcpy(list, features, n);
    const struct kn_bc_support *refused = kn_bc_features(r->target, list, &flags);
    if (refused) kn_bc_refuse(r, refused);
    else b->function.fn_flags = flags;
    kn_bc_resize(r, list, 0);
  }
  return kn_operation_end(b);
}

uint32_t kiln_llvm_builder_parts(kiln_llvm_builder *b, const char *type, kiln_type *parts,
                                 uint32_t max) {
  if (!b) return 0;
  struct kn_bc *r = &b->bc;
  kn_operation_begin(b, NULL, "");
  uint32_t n = 0, id = kn_operation_read_type(b, type);
  if (id != UINT32_MAX && r->types.at[id].kind != TK_VOID && kn_operation_is_value(b, id)) {
    const struct kn_bc_type *t = &r->types.at[id];
    n = kn_bc_n_parts(t);
    for (uint32_t k = 0; k < n && k < max && parts; k++) parts[k] = kn_bc_part_type(r, t, k);
  }
  return kn_operation_end(b) == KILN_OK ? n : 0;
}

/* ---- constants ---- */

/* Adds a constant as the next value. */
static bool add_constant(struct kn_bc *r, uint32_t type, struct kn_bc_cst c) {
  const uint32_t id = r->vals.n;
  if (!kn_bc_room_vals(r, (uint64_t)id + 1)) return false;
  r->csts.at[id] = c;
  r->vals.at[id] = (struct kn_bc_val){0, type | (uint32_t)VS_CONST << 24};
  r->vals.n = r->inst_base = id + 1;
  return true;
}

/* A constant of several words, `words` or the sign-extended `value`. */
static bool long_constant(struct kn_bc *r, uint32_t type, int64_t value, const int64_t *words) {
  const struct kn_bc_type *t = &r->types.at[type];
  const uint32_t n = (t->bits + 63) / 64, first = r->fn.pool.words.n;
  const bool is_int = t->kind == TK_INT || t->kind == TK_WIDE;
  if (!KN_BC_ROOM(r, r->fn.pool.words, (uint64_t)first + n)) return false;
  for (uint32_t i = 0; i < n; i++) {
    int64_t above = is_int && value < 0 ? -1 : 0;
    r->fn.pool.words.at[first + i] = (uint64_t)(words ? words[i] : i == 0 ? value : above);
  }
  r->fn.pool.words.n += n;
  if (n && t->bits % 64) /* as LLVM stores them */
    r->fn.pool.words.at[first + n - 1] &= UINT64_MAX >> (64 - t->bits % 64);
  return add_constant(r, type, (struct kn_bc_cst){.kind = CK_WIDE, .index = first, .n = n});
}

/* A scalar constant of `type`, which is one that values have. */
static bool scalar_constant(struct kn_bc *r, uint32_t type, int64_t value, const int64_t *words) {
  const struct kn_bc_type *t = &r->types.at[type];
  const unsigned unused = 64 - (t->bits < 64 ? t->bits : 64);
  switch (t->kind) {
  case TK_INT:
  case TK_WIDE:
  case TK_FLOAT:
  case TK_SOFT: break;
  default: return kn_bc_unsupported(r, "a constant of this type other than null");
  }
  if (t->bits > 64) return long_constant(r, type, value, words);
  if (words) value = words[0];
  if (t->kind == TK_INT)
    return add_constant(
      r, type,
      (struct kn_bc_cst){.kind = CK_INT,
                         .v = (uint64_t)((int64_t)((uint64_t)value << unused) >> unused)});
  return add_constant(
    r, type, (struct kn_bc_cst){.kind = CK_FLOAT, .v = (uint64_t)value << unused >> unused});
}

/* A constant vector: its lanes are constants before it. */
static bool vector_constant(struct kn_bc *r, uint32_t type, const kiln_llvm_operand *o) {
  const uint32_t n = (uint32_t)r->types.at[type].count, first = r->fn.pool.list.n;
  const uint32_t element = r->m->elems.at[r->types.at[type].first].type;
  if (!KN_BC_ROOM(r, r->fn.pool.list, (uint64_t)first + n)) return false;
  for (uint32_t i = 0; i < n; i++) {
    if ((i == 0 || o->words) &&
        !scalar_constant(r, element, o->words ? o->words[i] : o->constant, NULL))
      return false;
    r->fn.pool.list.at[first + i] = r->vals.n - 1;
  }
  r->fn.pool.list.n += n;
  return add_constant(r, type, (struct kn_bc_cst){.kind = CK_AGGREGATE, .index = first, .n = n});
}

static bool constant(struct kn_bc *r, uint32_t type, const kiln_llvm_operand *o) {
  const struct kn_bc_type *t = &r->types.at[type];
  const bool number = (t->kind == TK_INT || t->kind == TK_WIDE) && t->bits <= 64;
  if (!number && !o->words && o->constant == 0)
    return add_constant(r, type, (struct kn_bc_cst){.kind = CK_NULL});
  if (t->kind == TK_VECTOR) return vector_constant(r, type, o);
  return scalar_constant(r, type, o->constant, o->words);
}

/* ---- operands ---- */

/* Reads the operands' types, and makes the constants: they are before all other values. */
static bool constants(struct kiln_llvm_builder *b, const kiln_llvm_operand *operands, uint32_t n) {
  struct kn_bc *r = &b->bc;
  if (n > 0 && !operands) return kn_bc_fail(r, KILN_ERR_ARGUMENT, "no operands given");
  if (n > KN_BC_MAX_PIECES) return kn_bc_fail(r, KILN_ERR_LIMIT, "too many operands");
  for (uint32_t i = 0; i < n; i++) {
    const uint32_t type = kn_operation_read_type(b, operands[i].type);
    if (type == UINT32_MAX || !kn_operation_is_value(b, type) || !KN_BC_PUSH(r, b->id_types, type))
      return false;
    if (!operands[i].parts && !constant(r, type, &operands[i])) return false;
    if (!KN_BC_PUSH(r, b->ids, r->vals.n - 1)) return false;
  }
  return true;
}

/* Are the parts of a value what Kiln calls its type? Integer constants have none. */
static bool check_parts(struct kn_bc *r, uint32_t type, uint32_t number, const kiln_value *parts) {
  const struct kn_bc_type *t = &r->types.at[type];
  for (uint32_t k = 0; k < kn_bc_n_parts(t); k++) {
    const kiln_type is = kiln_value_type(r->f, parts[k]), needed = kn_bc_part_type(r, t, k);
    const bool constant = is == KILN_TYPE_VOID && parts[k].id != 0 && kiln_type_is_int(needed);
    if (is != needed && !constant)
      return kn_bc_fail(
        r, KILN_ERR_TYPE, "operand %u: part %u has the type %s, but needs the type %s", number + 1,
        k + 1, is == KILN_TYPE_VOID ? "none" : kiln_type_name(is), kiln_type_name(needed));
  }
  return true;
}

/* Defines the operands that are values. */
static bool values(struct kiln_llvm_builder *b, const kiln_llvm_operand *operands) {
  struct kn_bc *r = &b->bc;
  for (uint32_t i = 0; i < b->ids.n; i++) {
    if (!operands[i].parts) continue;
    b->ids.at[i] = r->vals.n;
    if (!check_parts(r, b->id_types.at[i], i, operands[i].parts)) return false;
    kn_bc_define(r, b->id_types.at[i], operands[i].parts);
    if (r->status != KILN_OK) return false;
  }
  return true;
}

bool kn_operation_operands(struct kiln_llvm_builder *b, const kiln_llvm_operand *operands,
                           uint32_t n) {
  for (uint32_t i = 0; i < n && operands; i++)
    if ((operands[i].reserved[0] | operands[i].reserved[1]) != 0)
      return kn_bc_fail(&b->bc, KILN_ERR_ARGUMENT, "operand %u: the field 'reserved' must be 0", i);
  return constants(b, operands, n) && values(b, operands);
}

/* ---- records ---- */

static bool put(struct kiln_llvm_builder *b, uint64_t op) {
  return KN_BC_PUSH(&b->bc, b->record, op);
}
/* The operand `i`, as records name values: by how many values ago they were defined. */
static bool put_value(struct kiln_llvm_builder *b, uint32_t i) {
  return put(b, b->bc.vals.n - b->ids.at[i]);
}
static bool put_values(struct kiln_llvm_builder *b, uint32_t n) {
  for (uint32_t i = 0; i < n; i++)
    if (!put_value(b, i)) return false;
  return true;
}
/* Constant operands from `from` on, by their values. */
static bool put_indices(struct kiln_llvm_builder *b, uint32_t from) {
  for (uint32_t i = from; i < b->ids.n; i++)
    if (!put(b, b->bc.csts.at[b->ids.at[i]].v)) return false;
  return true;
}

/* The operands of an instruction's record. */
static bool record(struct kiln_llvm_builder *b, const struct kn_operation_row *row,
                   uint32_t result) {
  switch (row->shape) {
  case SHAPE_BINARY:
  case SHAPE_COMPARE: return put_values(b, 2) && put(b, row->number);
  case SHAPE_NEGATE: return put_value(b, 0) && put(b, 0);
  case SHAPE_CAST: return put_value(b, 0) && put(b, result) && put(b, row->number);
  case SHAPE_SELECT: return put_value(b, 1) && put_value(b, 2) && put_value(b, 0);
  case SHAPE_EXTRACT_VALUE: return put_value(b, 0) && put_indices(b, 1);
  case SHAPE_INSERT_VALUE: return put_values(b, 2) && put_indices(b, 2);
  case SHAPE_LOAD: return put_value(b, 0) && put(b, result) && put(b, 1) && put(b, 0);
  case SHAPE_STORE: return put_value(b, 1) && put_value(b, 0) && put(b, 1) && put(b, 0);
  default: return put_values(b, b->ids.n);
  }
}

static void instruction(struct kiln_llvm_builder *b, const char *name, uint32_t result) {
  const struct kn_operation_row *row = kn_operation_find(name);
  if (!row) kn_bc_fail(&b->bc, KILN_ERR_UNSUPPORTED, "not implemented: no such instruction");
  else if (kn_operation_check(b, row, result) && record(b, row, result))
    kn_bc_func_record(&b->bc, row->code, b->record.at, b->record.n);
}

uint32_t kn_operation_call(struct kiln_llvm_builder *b, uint32_t result) {
  if (!put(b, 0) || !put(b, result)) return UINT32_MAX; /* [variadic, result, parameters...] */
  for (uint32_t i = 0; i < b->ids.n; i++)
    if (!put(b, b->id_types.at[i])) return UINT32_MAX;
  const uint32_t type = kn_operation_type(b, TYPE_FUNCTION, b->record.at, b->record.n);
  b->record.n = 0;
  return put_values(b, b->ids.n) ? type : UINT32_MAX;
}

/* ---- intrinsics ---- */

/* The intrinsic of that name, whose declaration is read once; NULL (reported): there is none. */
static struct kn_operation_intrinsic *find_intrinsic(struct kiln_llvm_builder *b,
                                                     const char *name) {
  struct kn_bc *r = &b->bc;
  const size_t length = strlen(name);
  const uint32_t hash = kn_hash_bytes(name, length);
  uint32_t at, i;
  KN_HASH_EACH(&b->intrinsic_hash, hash, at, i, strcmp(name, b->intrinsics.at[i - 1]->name) > 0)
  if (strcmp(b->intrinsics.at[i - 1]->name, name) == 0) return b->intrinsics.at[i - 1];
  struct kn_bc_global g = {.name = name, .name_length = (uint32_t)length, .what = KILN_SYMBOL_FUNC};
  if (length > 1000) return kn_bc_fail(r, KILN_ERR_LIMIT, "a name of this length"), NULL;
  /* its declaration says of the module that stacks are executable, which is settled then */
  if (strncmp(name, "llvm.init.trampoline", 20) == 0 && kiln_module_is_frozen(r->module))
    return kn_bc_unsupported(r, "a trampoline in a frozen module"), NULL;
  b->module.has_strict = false;
  kn_bc_intrinsic_declare(r, &g);
  if (r->status != KILN_OK) return NULL;
  if (!g.intrinsic) return kn_bc_unsupported(r, "no such intrinsic"), NULL;
  struct kn_operation_intrinsic *x = kn_bc_keep(r, sizeof *x + length + 1);
  if (!x || !KN_BC_HASH_ROOM(r, &b->intrinsic_hash) || !KN_BC_PUSH(r, b->intrinsics, x))
    return NULL;
  memcpy(x->name, name, length + 1);
  x->global = g;
  x->global.name = x->name;
  x->has_metadata = b->module.has_strict || strncmp(name, "llvm.dbg.", 9) == 0;
  kn_hash_put(&b->intrinsic_hash, at, hash, b->intrinsics.n);
  return x;
}

static void intrinsic(struct kiln_llvm_builder *b, const char *name, uint32_t result) {
  struct kn_bc *r = &b->bc;
  const struct kn_operation_intrinsic *x = find_intrinsic(b, name);
  if (!x) return;
  if (x->has_metadata) return (void)kn_bc_unsupported(r, "an intrinsic with metadata as operands");
  const uint32_t type = kn_operation_call(b, result);
  if (type != UINT32_MAX) kn_bc_intrinsic(r, &x->global, type, 0, b->record.at, b->record.n, false);
}

/* ---- building ---- */

void kn_operation_take_results(struct kiln_llvm_builder *b, uint32_t result, uint32_t before,
                               kiln_value *results) {
  struct kn_bc *r = &b->bc;
  struct kn_bc_run x;
  if (r->status != KILN_OK) return;
  if (r->again.restart) return (void)kn_bc_unsupported(r, "this constant here");
  const uint32_t id = r->vals.n - 1, wanted = r->types.at[result].kind == TK_VOID ? 0 : 1;
  if (r->vals.n - before != wanted ||
      (wanted && !kn_bc_types_agree(r, kn_bc_type_of(r, id), result)))
    return (void)kn_bc_fail(r, KILN_ERR_TYPE, "a result of another type");
  if (!wanted || !kn_bc_run(r, id, result, &x)) return;
  for (uint32_t k = 0; k < x.n && results; k++) results[k] = kn_bc_part(r, &x, k);
}

uint32_t kn_operation_result(struct kiln_llvm_builder *b, const char *text, uint32_t *n_parts) {
  const uint32_t type = kn_operation_read_type(b, text);
  if (type == UINT32_MAX || b->bc.types.at[type].kind == TK_VOID) return type;
  if (!kn_operation_is_value(b, type)) return UINT32_MAX;
  *n_parts = kn_bc_n_parts(&b->bc.types.at[type]);
  return type;
}

/* Builds it, after `kn_operation_begin`. *n_parts: how many parts the result has, once that is known. */
static void build(struct kiln_llvm_builder *b, const char *result,
                  const kiln_llvm_operand *operands, uint32_t n, kiln_value *results,
                  uint32_t *n_parts) {
  struct kn_bc *r = &b->bc;
  const char *name = r->operation;
  const uint32_t type = kn_operation_result(b, result, n_parts);
  if (type == UINT32_MAX) return;
  if (!kn_operation_operands(b, operands, n)) return;
  const uint32_t before = r->vals.n;
  if (strncmp(name, "llvm.", 5) == 0) intrinsic(b, name, type);
  else instruction(b, name, type);
  kn_operation_take_results(b, type, before, results);
}

bool kn_operation_check_function(struct kiln_llvm_builder *b, const kiln_func *f) {
  struct kn_bc *r = &b->bc;
  if (kiln_session_module(kiln_func_session(f)) != r->module)
    return kn_bc_fail(r, KILN_ERR_ARGUMENT,
                      "the function and the builder belong to different modules");
  if (kiln_func_status(f) != KILN_OK)
    return kn_bc_fail(r, kiln_func_status(f), "the function has failed before");
  if (kiln_block_is_terminated(f, kiln_block_current(f)))
    return kn_bc_fail(r, KILN_ERR_STRUCTURE, "the current block already has a terminator");
  return true;
}

kiln_status kiln_llvm_builder_build(kiln_llvm_builder *b, kiln_func *f, const char *name,
                                    const char *result, const kiln_llvm_operand *operands,
                                    uint32_t n_operands, kiln_value *results) {
  if (!b) return kiln_func_fail(f, KILN_ERR_ARGUMENT, "no builder of operations (NULL)");
  struct kn_bc *r = &b->bc;
  uint32_t n_parts = 0;
  kn_operation_begin(b, f, name ? name : "");
  if (!f) kn_bc_fail(r, KILN_ERR_ARGUMENT, "the function is missing (NULL)");
  else if (!name) kn_bc_fail(r, KILN_ERR_ARGUMENT, "the name of the operation is missing (NULL)");
  else if (kn_operation_check_function(b, f))
    build(b, result, operands, n_operands, results, &n_parts);
  if (r->status == KILN_OK && kiln_func_status(f) != KILN_OK)
    kn_bc_fail(r, kiln_func_status(f), "the function has failed: %s",
               kiln_status_name(kiln_func_status(f)));
  if (r->status != KILN_OK && results && n_parts) memset(results, 0, n_parts * sizeof *results);
  return kn_operation_end(b);
}

/* ---- trials ---- */

/* Makes the function's module and all that is needed to try operations; false: reported. */
static bool open_trial(struct kiln_llvm_builder *b) {
  struct kn_operation_trial *t = &b->trial;
  const struct kn_bc *r = &b->bc;
  if (t->builder && kiln_module_status(t->module) == KILN_OK) return true;
  kiln_llvm_builder_free(t->builder);
  kiln_session_free(t->session);
  kiln_module_free(t->module);
  *t = (struct kn_operation_trial){0};
  t->module = kiln_module_new(&(kiln_module_options){.target = kiln_module_get_target(r->module),
                                                     .name = "trial",
                                                     .allocator = r->allocator,
                                                     .features = kiln_module_features(r->module)});
  t->session = kiln_session_new(t->module);
  kiln_sig sig = kiln_sig_new(t->module, KILN_CC_C, 0, NULL, 0, NULL, 0);
  t->symbol = kiln_func_declare(t->module, &(kiln_symbol_desc){.name = "trial"}, sig);
  t->builder = kiln_llvm_builder_new(t->module);
  return t->builder || kn_bc_fail(&b->bc, KILN_ERR_MEMORY, "out of memory");
}

/* Gives each operand that is a value parts of its own, loaded from memory: `copies` has the operands, `parts` room for
 * all parts. */
static void load_parts(struct kiln_llvm_builder *b, kiln_func *f, kiln_llvm_operand *copies,
                       uint32_t n, kiln_value *parts) {
  const struct kn_bc *r = &b->bc;
  kiln_value slot = kiln_slot_new(f, 16, 4);
  for (uint32_t i = 0, at = 0; i < n; i++) {
    if (!copies[i].parts) continue;
    copies[i].parts = parts + at;
    uint32_t type = kn_operation_read_type(b, copies[i].type);
    if (type == UINT32_MAX || !kn_operation_is_value(b, type))
      return; /* reported when it is built */
    const struct kn_bc_type *t = &r->types.at[type];
    for (uint32_t k = 0; k < kn_bc_n_parts(t); k++)
      parts[at++] = kiln_build_load(f, kn_bc_part_type(r, t, k), slot, 0, 0);
  }
}

/* Tries it in the trial's module. */
static void try_operation(struct kiln_llvm_builder *b, const char *name, const char *result,
                          const kiln_llvm_operand *operands, uint32_t n) {
  struct kn_bc *r = &b->bc;
  if (n > 0 && !operands) return (void)kn_bc_fail(r, KILN_ERR_ARGUMENT, "no operands given");
  if (n > KN_BC_MAX_PIECES) return (void)kn_bc_fail(r, KILN_ERR_LIMIT, "too many operands");
  if (!open_trial(b)) return;
  kiln_llvm_builder *in = b->trial.builder;
  kiln_func *f = kiln_func_begin(b->trial.session, b->trial.symbol);
  const size_t size = n * sizeof *operands, most = (size_t)n * KN_BC_MAX_PIECES;
  kiln_llvm_operand *copies = kn_bc_resize(r, NULL, size + most * sizeof(kiln_value) + 1);
  if (!copies || !f) {
    kn_bc_fail(r, KILN_ERR_MEMORY, "out of memory");
  } else {
    if (n) memcpy(copies, operands, size);
    in->function.fn_flags = b->function.fn_flags;
    kn_operation_begin(in, NULL, "");
    load_parts(in, f, copies, n, (kiln_value *)((uint8_t *)copies + size));
    kn_operation_end(in);
    kiln_status status = kiln_llvm_builder_build(in, f, name, result, copies, n, NULL);
    r->operation = ""; /* the message has the name */
    if (status != KILN_OK) kn_bc_fail(r, status, "%s", in->message);
  }
  if (copies) kn_bc_resize(r, copies, 0);
  kiln_func_discard(f);
}

kiln_status kiln_llvm_builder_check(kiln_llvm_builder *b, const char *name, const char *result,
                                    const kiln_llvm_operand *operands, uint32_t n_operands) {
  if (!b) return KILN_ERR_ARGUMENT;
  kn_operation_begin(b, NULL, name ? name : "");
  if (!name) kn_bc_fail(&b->bc, KILN_ERR_ARGUMENT, "the name of the operation is missing (NULL)");
  else try_operation(b, name, result, operands, n_operands);
  return kn_operation_end(b);
}
