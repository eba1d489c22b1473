/* Where variables are: of functions, from the records of their bodies; of the module, from what is attached to its
 * globals. Called by loc.c, which reads the records, by intrinsics/system.c for the calls that older LLVM has in place
 * of them, by nodes.c, metadata.c and function.c. debug_assign.c hands on what variables become. */
#include "debug/debug_node.h"

#include <kiln/inspect.h>

/* ---- global variables ---- */

uint32_t kn_bc_debug_expression(const uint64_t *ops, uint32_t n) {
  if (n == 1) return 0;
  return n == 2 && ops[1] == KILN_DW_OP_deref ? KN_BC_EXPR_DEREF : KN_BC_EXPR_OTHER;
}

void kn_bc_debug_constant(struct kn_bc *r, uint64_t variable, uint64_t expr) {
  struct kn_bc_expr is;
  uint8_t bytes[KN_BC_EXPR_BYTES];
  if (expr == 0 || expr > UINT32_MAX || !kn_bc_debug_expr_of(r, (uint32_t)expr, NULL, bytes, &is))
    return;
  /* without an address, only what is computed from nothing has a value */
  if (is.n == 0 || is.part_bits ||
      !(bytes[0] == KILN_DW_OP_constu || bytes[0] == KILN_DW_OP_consts ||
        (bytes[0] >= KILN_DW_OP_lit0 && bytes[0] <= KILN_DW_OP_lit31)))
    return;
  if (is.value || is.last_deref) bytes[is.n++] = KILN_DW_OP_stack_value;
  kiln_debug_set_global(kiln_module_debug(r->module), kn_bc_die(r, variable), (kiln_symbol){0},
                        bytes, is.n);
}

/* [value, kind, node]...: of a global variable or a function that is declared, kind "dbg" is its description. */
void kn_bc_debug_attachment(struct kn_bc *r, const uint64_t *ops, uint32_t n) {
  if (n < 3 || ops[0] >= r->vals.n || r->csts.at[ops[0]].kind != CK_GLOBAL) return;
  const struct kn_bc_global *g = &r->m->globals.at[r->csts.at[ops[0]].index];
  if (g->symbol == 0) return;
  if (g->what == KILN_SYMBOL_FUNC && n == 3 && kn_bc_kind(r, ops[1]) == MD_KIND_DBG &&
      ops[2] < UINT32_MAX)
    kiln_debug_set_global(kiln_module_debug(r->module), kn_bc_die(r, ops[2] + 1),
                          (kiln_symbol){g->symbol}, NULL, 0);
  if (g->what != KILN_SYMBOL_DATA) return;
  for (uint32_t i = 1; i + 1 < n; i += 2) {
    if (kn_bc_kind(r, ops[i]) != MD_KIND_DBG || ops[i + 1] >= UINT32_MAX) continue;
    const struct kn_bc_md *pair = kn_bc_md(r, (uint32_t)ops[i + 1] + 1);
    struct kn_bc_expr is;
    uint8_t bytes[KN_BC_EXPR_BYTES];
    if (!pair || pair->kind != MDK_PAIR || pair->pos > UINT32_MAX ||
        !kn_bc_debug_expr(r, (uint32_t)pair->pos, bytes, &is) || is.part_bits)
      continue;
    if (is.value) bytes[is.n++] = KILN_DW_OP_stack_value;
    /* no expression finds emulated thread-local data: an empty one says so, as LLVM's */
    const bool nowhere = g->tls && r->m->emulated_tls;
    kiln_debug_set_global(kiln_module_debug(r->module), kn_bc_die(r, pair->n),
                          (kiln_symbol){nowhere ? 0 : g->symbol}, bytes, nowhere ? 0 : is.n);
  }
}

/* ---- functions ---- */

void kn_bc_debug_function(struct kn_bc *r) {
  const uint32_t id = r->fn.subprogram;
  const kiln_die is = kn_bc_die(r, id);
  struct kn_bc_subprogram s = r->md.subprogram;
  if (is.id == 0) return;
  if (s.is.id != is.id) { /* it is not the function's alone */
    if (!kn_bc_md_record(r, id, 13) || r->in.code != MD_SUBPROGRAM || r->in.ops.n < 13) return;
    const uint64_t *o = r->in.ops.at;
    s = (struct kn_bc_subprogram){is, kn_bc_die(r, o[12]), (uint32_t)o[7]};
  }
  const struct kn_bc_file *file = kn_bc_loc_file(r, id);
  kiln_location at = {.file = file->number, .line = s.line, .scope = is}; /* thunks have no line */
  if (file->foreign || r->m->foreign_only) {
    kiln_func_attrs attrs = kiln_func_get_attrs(r->f);
    attrs.foreign = file->foreign; /* whatever the function's name says */
    kiln_func_set_attrs(r->f, &attrs);
  }
  kiln_func_set_debug(r->f, is, s.unit, kiln_loc_new_full(r->session, &at));
}

/* The call that the record's location was inlined at; false if that is damaged. */
static bool inlined_at(struct kn_bc *r, uint64_t location, uint32_t *inlined) {
  const struct kn_bc_md *loc = location < UINT32_MAX ? kn_bc_md(r, (uint32_t)location + 1) : NULL;
  *inlined = 0;
  if (!loc || loc->kind != MDK_LOC) return false;
  if (loc->n) *inlined = kn_bc_call_loc(r, loc->n);
  return loc->n == 0 || *inlined != 0;
}

void kn_bc_debug_declare(struct kn_bc *r, const uint64_t ops[4]) {
  uint32_t inlined;
  if (inlined_at(r, ops[0], &inlined)) kn_bc_debug_place(r, ops[1], ops[2], ops[3], inlined);
}

/* The variable is where its slot says, from here on. */
static void place_from_here(struct kn_bc *r, const kiln_debug_variable *is) {
  uint8_t bytes[1 + KN_BC_EXPR_BYTES] = {KILN_DW_OP_deref};
  if (is->expr_bytes) memcpy(bytes + 1, is->expr, is->expr_bytes);
  kiln_debug_value v = {.variable = is->variable,
                        .value = is->slot,
                        .address = true,
                        .expr = bytes,
                        .expr_bytes = 1 + is->expr_bytes,
                        .part_at = is->part_at,
                        .part_bits = is->part_bits,
                        .inlined = is->inlined};
  kn_bc_assign_tell(r, &v, NULL);
  /* what waits counts from here on, too: places ascend */
  r->fn.records_at = kiln_func_position(r->f);
}

void kn_bc_debug_place(struct kn_bc *r, uint64_t variable, uint64_t expr, uint64_t value,
                       uint32_t inlined) {
  const struct kn_bc_md *v = value < UINT32_MAX ? kn_bc_md(r, (uint32_t)value + 1) : NULL;
  struct kn_bc_expr is_at;
  uint8_t bytes[KN_BC_EXPR_BYTES];
  if (!v || v->kind != MDK_VALUE || v->n >= r->vals.n || expr >= UINT32_MAX ||
      !kn_bc_debug_expr(r, (uint32_t)expr + 1, bytes, &is_at))
    return;
  if (is_at.value) bytes[is_at.n++] = KILN_DW_OP_stack_value;
  const struct kn_bc_md *var = variable < UINT32_MAX ? kn_bc_md(r, (uint32_t)variable + 1) : NULL;
  const struct kn_bc_val *at = &r->vals.at[v->n];
  if (!var || var->kind != MDK_VAR) return;
  kiln_debug_variable is = {
    .variable = kn_bc_die(r, variable + 1), .memory = var->n != 0, .inlined = inlined};
  is.expr = bytes;
  is.expr_bytes = is_at.n;
  is.part_at = is_at.part_at;
  is.part_bits = is_at.part_bits;
  if (at->t >> 24 == VS_SLOT) {
    is.slot = (kiln_value){at->h};
    if (is.expr_bytes != 0 &&
        bytes[0] == KILN_DW_OP_deref) { /* the variable's address is in the slot */
      is.indirect = true;
      is.expr++;
      is.expr_bytes--;
    }
  } else if (at->t >> 24 ==
             VS_HANDLE) { /* an address that is computed: kept in a slot of its own */
    if (r->m->as_is) {    /* it is shown where that value is somewhere */
      kiln_debug_value is_there = {.variable = is.variable,
                                   .value = {at->h},
                                   .address = true,
                                   .expr = bytes,
                                   .expr_bytes = is.expr_bytes,
                                   .part_at = is.part_at,
                                   .part_bits = is.part_bits,
                                   .inlined = inlined};
      kn_bc_assign_tell(r, &is_there, NULL);
      r->fn.records_at = kiln_func_position(r->f);
      return;
    }
    is.slot = kiln_slot_new(r->f, 8, 3);
    is.indirect = true;
    kiln_func_set_loc(r->f, 0); /* belongs to what is before: a breakpoint here finds it done */
    kiln_build_store(r->f, KILN_TYPE_PTR, is.slot, 0, (kiln_value){at->h}, 0);
    if (r->fn.at.set) kiln_func_set_location(r->f, &r->fn.at.is);
    if (r->fn.at.set) { /* code of the function is before this, where the slot has anything */
      place_from_here(r, &is);
      return;
    }
  } else {
    return;
  }
  kiln_func_declare_variable(r->f, &is);
}

/* ---- values ---- */

/* Puts the addition of a number before an expression of `n` bytes; false if there is no room. */
static bool plus(uint8_t *bytes, uint32_t *n, int32_t number) {
  uint8_t sum[8], *p = sum;
  int64_t v = number;
  if (v == 0) return true;
  if (v > 0) {
    *p++ = KILN_DW_OP_plus_uconst;
    for (; v > 0x7f; v >>= 7) *p++ = (uint8_t)(v | 0x80);
    *p++ = (uint8_t)v;
  } else {
    *p++ = KILN_DW_OP_consts;
    for (; v < -64; v >>= 7) *p++ = (uint8_t)(v | 0x80);
    *p++ = v & 0x7f;
    *p++ = KILN_DW_OP_plus;
  }
  uint32_t more = (uint32_t)(p - sum);
  if (*n + more > KN_BC_EXPR_BYTES) return false;
  memmove(bytes + more, bytes, *n);
  memcpy(bytes, sum, more);
  *n += more;
  return true;
}

/* Is value `id`, a constant, a number? */
static bool number_of(struct kn_bc *r, uint32_t id, uint64_t *number) {
  const struct kn_bc_cst *c = &r->csts.at[id];
  const struct kn_bc_type *t = &r->types.at[r->vals.at[id].t & KN_BC_TYPE_MASK];
  *number = 0;
  if (c->kind == CK_NULL)
    return t->kind == TK_PTR || ((t->kind == TK_INT || t->kind == TK_FLOAT) && t->bits <= 64);
  return (c->kind == CK_INT || c->kind == CK_CAST) && t->bits <= 64 &&
         kn_bc_casts_number(r, id, number);
}

/* The operand that value `id` is; id 0: it is not known, or no code has it. */
static kiln_value operand(struct kn_bc *r, uint32_t id) {
  const struct kn_bc_val *v = &r->vals.at[id];
  const struct kn_bc_cst *c = &r->csts.at[id];
  uint64_t number;
  unsigned is = id < r->m->n_vals ? VS_CONST : v->t >> 24;
  switch (
    is) { /* which constants of the module have handles depends on the functions read before */
  case VS_SLOT:
  case VS_HANDLE: return (kiln_value){v->h};
  case VS_CONST:
    if (number_of(r, id, &number)) return kiln_const_int(r->f, (int64_t)number);
    if (c->kind == CK_FLOAT && r->types.at[v->t & KN_BC_TYPE_MASK].bits <= 64)
      return kiln_const_int(r->f, (int64_t)c->v); /* its bits are what counts */
    return (kiln_value){0};
  default: return (kiln_value){0};
  }
}

/* Number of the value that metadata `id` is; UINT32_MAX: none. */
static uint32_t value_of(const struct kn_bc *r, uint64_t id) {
  const struct kn_bc_md *v = id < UINT32_MAX ? kn_bc_md(r, (uint32_t)id + 1) : NULL;
  return v && v->kind == MDK_VALUE && v->n < r->vals.n ? v->n : UINT32_MAX;
}

/* The arguments that metadata `id` lists, and the numbers of their values; false if it is no list of a few. */
static bool arguments(struct kn_bc *r, uint64_t id, struct kn_bc_args *args, uint32_t *values) {
  const struct kn_bc_md *md = id < UINT32_MAX ? kn_bc_md(r, (uint32_t)id + 1) : NULL;
  uint64_t ids[KN_BC_ARGS] = {0};
  args->n = 0;
  if (!md || md->kind != MDK_NODE) return false;
  struct kn_bc_ops ops = r->in.ops; /* of the record that refers to it: kept */
  r->in.ops = r->in.md_ops;
  if (kn_bc_md_record(r, (uint32_t)id + 1, KN_BC_ARGS + 1) && r->in.code == MD_ARG_LIST &&
      r->in.ops.n <= KN_BC_ARGS)
    for (; args->n < r->in.ops.n; args->n++) ids[args->n] = r->in.ops.at[args->n];
  r->in.md_ops = r->in.ops;
  r->in.ops = ops;
  for (uint32_t k = 0; k < args->n; k++) {
    uint32_t v = values[k] = value_of(r, ids[k]);
    if (v == UINT32_MAX) return false;
    args->is_number[k] =
      (v < r->m->n_vals || r->vals.at[v].t >> 24 == VS_CONST) && number_of(r, v, &args->number[k]);
  }
  return args->n != 0;
}

/* What a variable becomes that has no expression, of a value in parts: a row for each. */
static void becomes_parts(struct kn_bc *r, kiln_debug_value *is, uint32_t value,
                          const struct kn_bc_type *t) {
  enum { MOST_PARTS = 8 };
  uint32_t first = r->vals.at[value].h;
  if (t->n_pieces > MOST_PARTS) return;
  for (uint32_t k = 0; k < t->n_pieces; k++) {
    const struct kn_bc_piece *piece = &r->type_pieces.at[t->piece_first + k];
    const struct kn_bc_type *part = &r->types.at[piece->type];
    is->value = r->fn.parts.at[first + k];
    is->part_at = (uint32_t)(8 * piece->offset);
    is->part_bits = (uint32_t)(8 * part->size);
    if (piece->offset < UINT32_MAX / 16 && part->size < UINT32_MAX / 16 && part->size != 0)
      kn_bc_assign_tell(r, is, NULL);
  }
}

/* `value`: number of a value; UINT32_MAX: none, or a list of them, metadata `list`. `memory`: see kn_bc_assign_tell. */
static void becomes(struct kn_bc *r, uint64_t variable, uint64_t expr, uint32_t value,
                    uint64_t list, uint32_t inlined, uint32_t at,
                    const struct kn_bc_variable_memory *memory) {
  uint8_t bytes[KN_BC_EXPR_BYTES];
  struct kn_bc_expr e;
  struct kn_bc_args args;
  uint32_t values[KN_BC_ARGS], before;
  const struct kn_bc_md *var = variable < UINT32_MAX ? kn_bc_md(r, (uint32_t)variable + 1) : NULL;
  if (!var || var->kind != MDK_VAR || expr >= UINT32_MAX) return;
  kiln_debug_value is = {
    .variable = kn_bc_die(r, variable + 1), .inlined = inlined, .at = at, .expr = bytes};
  bool many = value == UINT32_MAX && arguments(r, list, &args, values);
  bool known = kn_bc_debug_expr_of(r, (uint32_t)expr + 1, many ? &args : NULL, bytes, &e);
  if (known && many) value = values[e.first];
  if (value >= r->vals.n) known = false;
  is.part_at = e.part_at;
  is.part_bits = e.part_bits;
  if (known) {
    const struct kn_bc_type *t = &r->types.at[kn_bc_type_of(r, value)];
    is.expr_bytes = e.n;
    if (e.n != 0 && !e.value) { /* the address of what it is in memory */
      is.address = true;
      if (e.last_deref) is.expr_bytes--;
    }
    const struct kn_bc_val *v = &r->vals.at[value];
    before = is.expr_bytes;
    if (value >= r->m->n_vals && v->t >> 24 == VS_ADDR) {
      const struct kn_bc_addr *a = &r->fn.addrs.at[v->h];
      if (plus(bytes, &is.expr_bytes, a->disp)) is.value = (kiln_value){a->base};
    } else if (value >= r->m->n_vals && v->t >> 24 == VS_PARTS && is.expr_bytes == 0 &&
               is.part_bits == 0 && memory == NULL) {
      kn_bc_assign_tell(r, &is, NULL); /* what has no part is not known any more */
      becomes_parts(r, &is, value, t);
      return;
    } else if (!e.derives || t->kind == TK_PTR || t->bits == 64) {
      is.value = operand(r, value);
    }
    for (uint32_t k = 0; k < e.n_others; k++) {
      const struct kn_bc_type *o = &r->types.at[kn_bc_type_of(r, values[e.other[k]])];
      if (!e.derives || o->kind == TK_PTR || o->bits == 64)
        is.other[k] = operand(r, values[e.other[k]]);
      is.other_at[k] = e.other_at[k] + is.expr_bytes - before;
      if (is.other[k].id == 0) is.value = is.other[0] = (kiln_value){0};
      if (is.other[0].id == 0) break;
    }
  }
  if (memory && memory->slot.id == 0) is.value = (kiln_value){0}; /* it is in memory of others */
  kn_bc_assign_tell(r, &is, memory);
}

/* Is value `at` the address of a slot, or of a part of one? Then the expression of `n` bytes,
 * applied to it, becomes one of the slot's address. */
static bool part_of_slot(struct kn_bc *r, const struct kn_bc_val *at, kiln_value *slot,
                         uint8_t *bytes, uint32_t *n) {
  int32_t disp = 0;
  *slot = (kiln_value){at->h};
  if (at->t >> 24 == VS_ADDR) {
    disp = r->fn.addrs.at[at->h].disp;
    *slot = (kiln_value){r->fn.addrs.at[at->h].base};
  } else if (at->t >> 24 == VS_HANDLE && kiln_operand_get(r->f, *slot).kind == KILN_OPERAND_VALUE) {
    kiln_inst i = {at->h};
    kiln_inst_info info = kiln_inst_get(r->f, i);
    if (info.op != KILN_OP_ADDR || kiln_inst_operand(r->f, i, 1).id != 0) return false;
    disp = info.disp;
    *slot = kiln_inst_operand(r->f, i, 0);
  }
  return kiln_operand_get(r->f, *slot).kind == KILN_OPERAND_SLOT && plus(bytes, n, disp);
}

/* The memory of an assignment's record: [location, variable, expression, value, assignment, expression of the address,
 * address]. False if the variable is in no memory. */
static bool memory_of(struct kn_bc *r, const uint64_t *ops, uint32_t n, uint8_t *bytes,
                      struct kn_bc_variable_memory *m) {
  uint32_t v = n >= 7 ? value_of(r, ops[6]) : UINT32_MAX;
  struct kn_bc_expr is;
  *m = (struct kn_bc_variable_memory){0};
  if (v == UINT32_MAX) return false;
  const struct kn_bc_val *at = &r->vals.at[v];
  unsigned kind = v < r->m->n_vals ? VS_CONST : at->t >> 24;
  if (kind != VS_SLOT && kind != VS_HANDLE && kind != VS_ADDR) return false;
  kiln_value slot;
  if (ops[4] < UINT32_MAX && ops[5] < UINT32_MAX &&
      kn_bc_debug_expr(r, (uint32_t)ops[5] + 1, bytes, &is) && is.plain && !is.last_deref &&
      part_of_slot(r, at, &slot, bytes, &is.n))
    *m = (struct kn_bc_variable_memory){(uint32_t)ops[4], slot, bytes, is.n};
  return true;
}

void kn_bc_debug_value(struct kn_bc *r, uint32_t code, const uint64_t *ops, uint32_t n) {
  uint32_t inlined, value = UINT32_MAX;
  uint8_t bytes[KN_BC_EXPR_BYTES];
  struct kn_bc_variable_memory memory;
  if (n < 2 || !inlined_at(r, ops[0], &inlined)) return;
  if (code == FUNC_DEBUG_RECORD_LABEL) {
    if (inlined == 0) kn_bc_assign_label(r, kn_bc_die(r, ops[1] + 1), r->fn.records_at);
    return;
  }
  if (n < 4) return;
  bool in_memory = code == FUNC_DEBUG_RECORD_ASSIGN && memory_of(r, ops, n, bytes, &memory);
  if (code == FUNC_DEBUG_RECORD_VALUE || code == FUNC_DEBUG_RECORD_ASSIGN)
    value = value_of(r, ops[3]);
  else if (code == FUNC_DEBUG_RECORD_VALUE_SIMPLE && n == 4) /* else a later value */
    value = r->vals.n - (uint32_t)ops[3];
  uint64_t list = code == FUNC_DEBUG_RECORD_VALUE ? ops[3] : UINT64_MAX;
  becomes(r, ops[1], ops[2], value, list, inlined, r->fn.records_at, in_memory ? &memory : NULL);
}

void kn_bc_debug_becomes(struct kn_bc *r, uint64_t variable, uint64_t expr, uint64_t value,
                         uint32_t inlined) {
  becomes(r, variable, expr, value_of(r, value), value, inlined, 0, NULL);
}
