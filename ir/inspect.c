/* Read access to finished functions: <kiln/inspect.h>. Interpreters and checkers call it. Invariant:
 * nothing is written, and every id is checked against the function's arrays. */
#include <kiln/inspect.h>

#include "ir/func.h"

static bool is_inst(const kiln_func *f, uint32_t i) { return f != NULL && i != 0 && i < f->n; }

static const struct kn_block *block_at(const kiln_func *f, uint32_t b) {
  return f != NULL && b < f->blocks.n && f->blocks.at[b].pos != 0 ? &f->blocks.at[b] : NULL;
}

const char *kiln_op_name(kiln_op op) {
  return (unsigned)op < KILN_OP_COUNT ? kn_op_info[op].name : "?";
}

bool kiln_func_is_finished(const kiln_func *f) {
  return f != NULL && f->facts.finished && f->status == KILN_OK;
}

uint32_t kiln_func_value_limit(const kiln_func *f) { return f != NULL ? f->n : 0; }
uint32_t kiln_func_block_limit(const kiln_func *f) { return f != NULL ? f->blocks.n : 0; }
uint32_t kiln_func_block_count(const kiln_func *f) { return f != NULL ? f->order.n : 0; }

kiln_block kiln_func_block_at(const kiln_func *f, uint32_t k) {
  return (kiln_block){f != NULL && k < f->order.n ? f->order.at[k] : UINT32_MAX};
}

uint32_t kiln_func_slot_count(const kiln_func *f) {
  return f != NULL ? f->slots.n - f->facts.n_pieces : 0;
}

kiln_slot_info kiln_slot_get(const kiln_func *f, uint32_t slot) {
  if (slot >= kiln_func_slot_count(f)) return (kiln_slot_info){0};
  const struct kn_slot *s = &f->slots.at[kn_slot_at(f, slot)];
  return (kiln_slot_info){.size_bytes = s->size_bytes, .align_log2 = s->align_log2};
}

bool kiln_slot_is_root(const kiln_func *f, uint32_t slot) {
  return slot < kiln_func_slot_count(f) &&
         (f->slots.at[kn_slot_at(f, slot)].memory & KN_MEMORY_ROOT) != 0;
}

uint32_t kiln_block_params(const kiln_func *f, kiln_block b, kiln_value *out, uint32_t max) {
  const struct kn_block *block = block_at(f, b.id);
  if (!block) return 0;
  uint32_t v = block->param_first;
  for (uint32_t i = 0; out != NULL && i < block->n_params && i < max; i++) {
    if (block->contiguous) v = block->param_first + i;
    out[i] = (kiln_value){v};
    if (!block->contiguous) v = f->inst[v].b;
  }
  return block->n_params;
}

uint32_t kiln_block_edges(const kiln_func *f, kiln_block b, kiln_block *out, uint32_t max) {
  const struct kn_block *block = block_at(f, b.id);
  if (!block || block->term == 0) return 0;
  for (uint32_t i = 0; out != NULL && i < block->n_edges && i < max; i++)
    out[i].id = f->edges.at[block->edge_first + i].target;
  return block->n_edges;
}

kiln_inst kiln_block_first_inst(const kiln_func *f, kiln_block b) {
  const struct kn_block *block = block_at(f, b.id);
  return (kiln_inst){block ? kn_inst_settle(f, block->first) : 0};
}

kiln_inst kiln_inst_next(const kiln_func *f, kiln_inst i) {
  bool more = is_inst(f, i.id) && !kn_op_ends_block(f->inst[i.id].op);
  return (kiln_inst){more ? kn_inst_settle(f, i.id + 1) : 0};
}

/* As kn_operands, with the instruction that a RESULT belongs to. */
static struct kn_operands operands(const kiln_func *f, const struct kn_inst *in) {
  struct kn_operands o = kn_operands(f, in);
  if (in->op == KILN_OP_RESULT) o.n = o.n_fields = 1;
  return o;
}

/* Fills in what x and c are, by shape. */
static void describe(const kiln_func *f, const struct kn_inst *in, kiln_inst_info *info) {
  unsigned x = in->x;
  switch ((enum kn_x_kind)kn_shape_info[kn_op_shape(in->op)].x) {
  case KN_X_NO: break;
  case KN_X_TYPE: info->from = (kiln_type)x; break;
  case KN_X_ICOND:
  case KN_X_FCOND: info->cond = (uint8_t)x; break;
  case KN_X_LANE:
  case KN_X_LANE_NUMBER:
    info->number = KN_LANE_NUMBER(x);
    info->from = (kiln_type)KN_LANE(x);
    break;
  case KN_X_LANE_ICOND:
  case KN_X_LANE_FCOND:
    info->cond = (uint8_t)KN_LANE_NUMBER(x);
    info->from = (kiln_type)KN_LANE(x);
    break;
  case KN_X_MEM:
    info->from = (kiln_type)KN_MEM_TYPE(x);
    info->mem_flags = x & ~31u;
    info->disp = (int32_t)in->c;
    if (kn_is_slot(in->a)) info->disp += (int32_t)f->slots.at[kn_index(in->a)].offset;
    break;
  case KN_X_VOLATILE: info->mem_flags = x; break;
  case KN_X_SCALE:
    info->number = x;
    info->disp = (int32_t)in->c;
    break;
  case KN_X_ALIGN:
  case KN_X_NUMBER:
  case KN_X_ROW: info->number = x; break;
  case KN_X_ORDER:
    info->order = KN_ORDER(x);
    info->failure = KN_ORDER_FAILURE(x);
    info->rmw = (uint8_t)KN_ORDER_RMW(x);
    break;
  case KN_X_COUNT:
    if (in->op != KILN_OP_RET) info->sig.id = in->c;
    break;
  }
}

kiln_inst_info kiln_inst_get(const kiln_func *f, kiln_inst i) {
  kiln_inst_info info = {0};
  if (!is_inst(f, i.id)) return info;
  const struct kn_inst *in = &f->inst[i.id];
  info.op = (kiln_op)in->op;
  info.type = (kiln_type)in->type;
  info.result = (kiln_type)kn_value_type(f, i.id);
  info.block.id = f->val[i.id].block;
  info.n_operands = operands(f, in).n;
  if (kn_op_ends_block(in->op)) info.n_edges = f->blocks.at[info.block.id].n_edges;
  describe(f, in, &info);
  return info;
}

kiln_op kiln_value_op(const kiln_func *f, kiln_value v) {
  bool here = is_inst(f, v.id) && f->val[v.id].block == f->current;
  return here ? (kiln_op)f->inst[v.id].op : KILN_OP_NONE;
}

kiln_value kiln_inst_operand(const kiln_func *f, kiln_inst i, uint32_t k) {
  if (!is_inst(f, i.id)) return (kiln_value){0};
  struct kn_operands o = operands(f, &f->inst[i.id]);
  uint32_t h = k < o.n ? kn_operand(&o, k) : 0;
  if (!kn_is_slot(h)) return (kiln_value){h};
  uint32_t parent = f->slots.at[kn_index(h)].parent;
  return (kiln_value){parent ? kn_handle(KN_TAG_SLOT, parent - 1) : h};
}

kiln_type kiln_inst_operand_type(const kiln_func *f, kiln_inst i, uint32_t k) {
  if (!is_inst(f, i.id)) return KILN_TYPE_VOID;
  const struct kn_inst *in = &f->inst[i.id];
  unsigned type = k < kn_operands(f, in).n ? kn_operand_type(f, in, k) : KILN_TYPE_VOID;
  return type < KILN_TYPE_COUNT ? (kiln_type)type : KILN_TYPE_VOID;
}

kiln_operand_info kiln_operand_get(const kiln_func *f, kiln_value v) {
  kiln_operand_info o = {0};
  uint32_t i = kn_index(v.id);
  switch (kn_tag(v.id)) {
  case KN_TAG_VALUE:
    if (!is_inst(f, i)) break;
    o.kind = KILN_OPERAND_VALUE;
    o.type = (kiln_type)kn_value_type(f, i);
    break;
  case KN_TAG_IMM:
    o.kind = KILN_OPERAND_INT;
    o.low = (uint64_t)(int64_t)kn_imm(v.id);
    o.high = kn_imm(v.id) < 0 ? UINT64_MAX : 0;
    break;
  case KN_TAG_POOL: {
    if (f == NULL || i >= f->pool.n) break;
    const struct kn_const *k = &f->pool.at[i];
    if (k->is_typeid) {
      o.kind = KILN_OPERAND_TYPEID;
      o.low = k->low;
      o.symbol.id = f->types.at[k->low - 1];
      break;
    }
    bool untyped = k->type == KILN_TYPE_VOID && k->symbol == 0;
    o.kind = k->symbol ? KILN_OPERAND_SYMBOL : untyped ? KILN_OPERAND_INT : KILN_OPERAND_BITS;
    o.type = k->symbol ? KILN_TYPE_PTR : (kiln_type)k->type;
    o.symbol.id = k->symbol;
    o.low = k->low;
    o.high = !untyped ? k->high : (int64_t)k->low < 0 ? UINT64_MAX : 0;
    break;
  }
  case KN_TAG_SLOT:
    if (f == NULL || i >= f->slots.n) break;
    o.kind = KILN_OPERAND_SLOT;
    o.type = KILN_TYPE_PTR;
    o.slot = kn_slot_whole(f, i)->number;
    break;
  case KN_TAG_TRIED:
    o.kind = kn_tried_exception(v.id) ? KILN_OPERAND_EXCEPTION : KILN_OPERAND_RESULT;
    o.type = (kiln_type)kn_tried_type(v.id);
    o.low = kn_tried_number(v.id);
    break;
  case KN_TAG_FORWARD: break;
  }
  return o;
}

/* Index of the k-th edge of a terminator, or UINT32_MAX. */
static uint32_t edge_at(const kiln_func *f, kiln_inst i, uint32_t k) {
  kiln_inst_info info = kiln_inst_get(f, i);
  return k < info.n_edges ? f->blocks.at[info.block.id].edge_first + k : UINT32_MAX;
}

kiln_block kiln_inst_edge(const kiln_func *f, kiln_inst i, uint32_t k, int64_t *case_value) {
  uint32_t e = edge_at(f, i, k);
  if (case_value) *case_value = 0;
  if (e == UINT32_MAX) return (kiln_block){UINT32_MAX};
  const struct kn_inst *in = &f->inst[i.id];
  if (case_value && in->op == KILN_OP_SWITCH && k > 0) {
    const uint32_t *words = &f->lists.at[in->c + 2 * (k - 1)];
    *case_value = (int64_t)((uint64_t)words[1] << 32 | words[0]);
  }
  return (kiln_block){f->edges.at[e].target};
}

uint32_t kiln_inst_edge_args(const kiln_func *f, kiln_inst i, uint32_t k, kiln_value *out,
                             uint32_t max) {
  uint32_t e = edge_at(f, i, k);
  if (e == UINT32_MAX) return 0;
  const struct kn_edge_arg *arg = kn_edge_first_arg(f, e);
  for (; arg; arg = kn_edge_next_arg(f, arg))
    if (out != NULL && arg->index < max) out[arg->index] = (kiln_value){arg->value};
  return f->blocks.at[f->edges.at[e].target].n_params;
}

/* ---- exceptions ---- */

kiln_symbol kiln_func_type_at(const kiln_func *f, uint32_t k) {
  return (kiln_symbol){f != NULL && k < f->types.n ? f->types.at[k] : 0};
}

static bool is_try(const kiln_func *f, uint32_t i) {
  return is_inst(f, i) && f->inst[i].op == KILN_OP_TRY && kn_try_has_clauses(f, &f->inst[i]);
}

uint32_t kiln_inst_clause_count(const kiln_func *f, kiln_inst i) {
  uint32_t at;
  return is_try(f, i.id) ? kn_try_clauses(f, &f->inst[i.id], &at) : 0;
}

kiln_clause kiln_inst_get_clause(const kiln_func *f, kiln_inst i, uint32_t k, kiln_symbol *types,
                                 uint32_t max) {
  kiln_clause out = {.kind = KILN_CLAUSE_CLEANUP};
  uint32_t at, n = is_try(f, i.id) ? kn_try_clauses(f, &f->inst[i.id], &at) : 0;
  if (k >= n) return out;
  struct kn_clause c;
  do c = kn_clause_at(f, &at);
  while (k-- > 0);
  out.kind = (kiln_clause_kind)c.kind;
  if (c.kind == KILN_CLAUSE_CATCH) out.type.id = f->types.at[c.types[0] - 1];
  if (c.kind != KILN_CLAUSE_FILTER) return out;
  out.types = types;
  out.n_types = c.n;
  for (uint32_t t = 0; types != NULL && t < c.n && t < max; t++)
    types[t].id = f->types.at[c.types[t] - 1];
  return out;
}

/* ---- diagnostics ---- */

/* True if `i`, which kn_inst_settle gave, belongs to block `b`: an unfinished one ends where another
 * block's instructions start. A finished one ends with its terminator; its values have lost their
 * blocks if the function was compiled. */
static bool in_block(const kiln_func *f, uint32_t i, uint32_t b) {
  return i != 0 && i < f->n && (f->facts.finished || f->val[i].block == b);
}

uint32_t kn_func_inst_number(const kiln_func *f, uint32_t inst) {
  uint32_t number = 0;
  if (inst == 0 || inst >= f->n) return UINT32_MAX;
  for (uint32_t k = 0; k < f->order.n; k++) {
    uint32_t b = f->order.at[k];
    const struct kn_block *block = &f->blocks.at[b];
    uint32_t v = block->param_first;
    for (uint32_t i = 0; i < block->n_params; i++, number++) {
      if (v + (block->contiguous ? i : 0) == inst) return number;
      if (!block->contiguous) v = f->inst[v].b;
    }
    uint32_t i = kn_inst_settle(f, block->first);
    for (; in_block(f, i, b); i = kn_inst_settle(f, i + 1), number++) {
      if (i == inst) return number;
      number -= kn_is_halved(f, i); /* two in the text are one */
      if (i == block->term) {
        number++;
        break;
      }
    }
  }
  return UINT32_MAX;
}

bool kn_func_inst_text_position(const kiln_func *f, uint32_t inst, uint32_t *line,
                                uint32_t *column) {
  const struct kn_note *at = kn_note_find(f, KN_NOTE_TEXT_POSITION, inst ? inst : UINT32_MAX);
  if (at == NULL || at->a == 0) return false;
  *line = at->a;
  *column = at->b;
  return true;
}
