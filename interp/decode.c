/* Translates a finished function, read through <kiln/inspect.h>, into the form that run.c executes.
 * kiln_interp_add calls it. A value used in one block only shares its register with values of other blocks.
 * Invariant: what cannot be interpreted becomes an instruction that reports that when it is reached. */
#include "interp.h"

#include <stdlib.h>

/* Values by id. */
struct dvalue {
  uint32_t block; /* that defines it + 1; 0: not seen */
  uint32_t reg;   /* 0: none yet */
  uint8_t words;
  bool global; /* used in other blocks too */
};

/* The number that a landing pad gets for a type. */
struct selector {
  uint32_t type, number;
};

struct decoder {
  kiln_interp *in;
  kiln_func *f;
  struct kn_ifunc *fn;
  struct dvalue *values;
  kiln_value *list; /* scratch for arguments and parameters */
  uint32_t list_cap;
  uint32_t *stamp; /* by register: edge + 1 that wrote it */
  uint32_t stamp_cap, edges;
  uint32_t number;
  uint32_t most_moves;
  struct selector *selectors; /* of the function's types, by type; NULL: not listed yet */
  uint32_t n_selectors;
  bool ok;
};

#define PUSH(d, array, ...)                                                                        \
  (kn_interp_grow((d)->in, &(d)->fn->array, &(d)->fn->cap_##array, (d)->fn->n_##array,             \
                  sizeof *(d)->fn->array)                                                          \
     ? ((d)->fn->array[(d)->fn->n_##array] = (__VA_ARGS__), (d)->fn->n_##array++)                  \
     : ((d)->ok = false, 0u))

static bool runs_type(unsigned t) {
  return t <= KILN_TYPE_I128 || t == KILN_TYPE_F32 || t == KILN_TYPE_F64 || t == KILN_TYPE_F128 ||
         t == KILN_TYPE_V64 || t == KILN_TYPE_V128 ||
         (t == KILN_TYPE_F80 && kn_interp_host.has_f80);
}

static uint8_t words_of(unsigned t) { return kiln_type_size((kiln_type)t) > 8 ? 2 : 1; }

static bool room(struct decoder *d, uint32_t n) {
  if (n <= d->list_cap) return true;
  kiln_value *list = kn_interp_realloc(d->in, d->list, n * sizeof *list);
  if (!list) return d->ok = false;
  d->list = list;
  d->list_cap = n;
  return true;
}

/* ---- registers ---- */

static void note_use(struct decoder *d, kiln_value v, uint32_t block) {
  kiln_operand_info o = kiln_operand_get(d->f, v);
  if (o.kind != KILN_OPERAND_VALUE) return;
  if (d->values[v.id].block != block + 1) d->values[v.id].global = true;
}

static uint32_t block_params(struct decoder *d, kiln_block b) {
  uint32_t n = kiln_block_params(d->f, b, d->list, d->list_cap);
  if (n > d->list_cap && room(d, n)) kiln_block_params(d->f, b, d->list, d->list_cap);
  return d->ok ? n : 0;
}

static uint32_t edge_args(struct decoder *d, kiln_inst i, uint32_t edge) {
  uint32_t n = kiln_inst_edge_args(d->f, i, edge, d->list, d->list_cap);
  if (n > d->list_cap && room(d, n)) kiln_inst_edge_args(d->f, i, edge, d->list, d->list_cap);
  return d->ok ? n : 0;
}

static void find_values(struct decoder *d) {
  kiln_func *f = d->f;
  for (uint32_t k = 0; k < kiln_func_block_count(f); k++) {
    kiln_block b = kiln_func_block_at(f, k);
    uint32_t n = block_params(d, b);
    for (uint32_t i = 0; i < n && d->ok; i++) {
      unsigned type = kiln_operand_get(f, d->list[i]).type;
      d->values[d->list[i].id] = (struct dvalue){b.id + 1, 0, words_of(type), true};
    }
    for (kiln_inst i = kiln_block_first_inst(f, b); i.id; i = kiln_inst_next(f, i)) {
      struct dvalue *v = &d->values[i.id];
      v->block = b.id + 1;
      kiln_type result = kiln_inst_get(f, i).result;
      v->words = result == KILN_TYPE_VOID ? 0 : words_of(result);
    }
  }
  for (uint32_t k = 0; k < kiln_func_block_count(f); k++) {
    kiln_block b = kiln_func_block_at(f, k);
    for (kiln_inst i = kiln_block_first_inst(f, b); i.id; i = kiln_inst_next(f, i)) {
      kiln_inst_info info = kiln_inst_get(f, i);
      for (uint32_t o = 0; o < info.n_operands; o++) note_use(d, kiln_inst_operand(f, i, o), b.id);
      for (uint32_t e = 0; e < info.n_edges; e++) {
        uint32_t n = edge_args(d, i, e);
        for (uint32_t a = 0; a < n; a++) note_use(d, d->list[a], b.id);
      }
    }
  }
}

static void give_registers(struct decoder *d) {
  struct kn_ifunc *fn = d->fn;
  const struct kn_isig *sig = d->in->sigs[fn->sig];
  uint32_t n = block_params(d, (kiln_block){0});
  uint32_t next = 2 + sig->regs; /* the first two are for results that nobody reads */
  for (uint32_t i = 0; i < n && i < sig->n_params; i++) {
    d->values[d->list[i].id].reg = sig->params[i].reg;
  }
  for (uint32_t s = 0; s < fn->n_slots; s++) fn->slots[s].reg = next++;
  uint32_t limit = kiln_func_value_limit(d->f);
  for (uint32_t v = 1; v < limit; v++) {
    if (!d->values[v].global || d->values[v].block == 0 || d->values[v].reg) continue;
    d->values[v].reg = next;
    next += d->values[v].words;
  }
  fn->n_regs = next;
  for (uint32_t k = 0; k < kiln_func_block_count(d->f); k++) {
    uint32_t at = next;
    kiln_inst i = kiln_block_first_inst(d->f, kiln_func_block_at(d->f, k));
    for (; i.id; i = kiln_inst_next(d->f, i)) {
      if (d->values[i.id].reg) continue;
      d->values[i.id].reg = at;
      at += d->values[i.id].words;
    }
    if (at > fn->n_regs) fn->n_regs = at;
  }
}

static void give_slots(struct decoder *d) {
  struct kn_ifunc *fn = d->fn;
  fn->n_slots = kiln_func_slot_count(d->f);
  fn->slots = kn_interp_realloc(d->in, NULL, (fn->n_slots + 1) * sizeof *fn->slots);
  fn->slot_align = 16;
  if (!fn->slots) {
    fn->n_slots = 0;
    d->ok = false;
  }
  for (uint32_t s = 0; s < fn->n_slots; s++) {
    kiln_slot_info slot = kiln_slot_get(d->f, s);
    uint64_t align = UINT64_C(1) << slot.align_log2;
    fn->slots[s].size = slot.size_bytes;
    fn->slots[s].root = kiln_slot_is_root(d->f, s);
    if (align > fn->slot_align) fn->slot_align = (uint32_t)align;
    fn->slots[s].offset = fn->slot_bytes = (fn->slot_bytes + align - 1) & ~(align - 1);
    fn->slot_bytes += fn->slots[s].size;
  }
}

/* ---- operands ---- */

static uint32_t constant(struct decoder *d, unsigned type, uint64_t low, uint64_t high) {
  uint32_t k = PUSH(d, k, low & kn_interp_mask(type ? kn_interp_bits(type) : 64));
  if (words_of(type) == 2) PUSH(d, k, high);
  return KN_CONST | k;
}

static uint32_t ref(struct decoder *d, kiln_value v, unsigned type) {
  kiln_operand_info o = kiln_operand_get(d->f, v);
  switch (o.kind) {
  case KILN_OPERAND_VALUE: return d->values[v.id].reg;
  case KILN_OPERAND_SLOT: return d->fn->slots[o.slot].reg;
  case KILN_OPERAND_SYMBOL: {
    uint32_t k = constant(d, KILN_TYPE_I64, 0, 0);
    PUSH(d, fixes, (struct kn_fix){k & ~KN_CONST, o.symbol.id, (int64_t)o.low});
    return k;
  }
  case KILN_OPERAND_RESULT: return d->fn->tried + KN_TRIED_RESULTS + 2 * (uint32_t)o.low;
  case KILN_OPERAND_EXCEPTION: return d->fn->tried + KN_TRIED_EXCEPTION + (uint32_t)o.low;
  case KILN_OPERAND_INT:
  case KILN_OPERAND_BITS:
  case KILN_OPERAND_TYPEID:
  case KILN_OPERAND_NONE:
  case KILN_OPERAND_KIND_COUNT: break;
  }
  return constant(d, type, o.low, o.high);
}

/* The k-th operand. */
static uint32_t op_ref(struct decoder *d, kiln_inst i, uint32_t k) {
  return ref(d, kiln_inst_operand(d->f, i, k), kiln_inst_operand_type(d->f, i, k));
}

/* ---- edges ---- */

static void add_move(struct decoder *d, struct kn_jump *j, uint32_t dst, uint32_t src) {
  if (dst == src) return;
  if (!(src & KN_CONST) && src < d->stamp_cap && d->stamp[src] == d->edges) j->overlap = true;
  d->stamp[dst] = d->edges;
  PUSH(d, moves, (struct kn_move){dst, src});
  j->n++;
}

static uint32_t jump(struct decoder *d, kiln_inst i, uint32_t edge) {
  struct kn_jump j = {.block = kiln_inst_edge(d->f, i, edge, NULL).id, .first = d->fn->n_moves};
  uint32_t n = edge_args(d, i, edge);
  if (n > 0) {
    /* The list holds the arguments; another one takes the parameters. */
    kiln_value *args = d->list;
    d->list = NULL;
    d->list_cap = 0;
    block_params(d, (kiln_block){j.block});
    d->edges++;
    for (uint32_t a = 0; a < n && d->ok; a++) {
      unsigned type = kiln_operand_get(d->f, d->list[a]).type;
      const struct dvalue *to = &d->values[d->list[a].id];
      uint32_t src = ref(d, args[a], type);
      add_move(d, &j, to->reg, src);
      if (to->words == 2) add_move(d, &j, to->reg + 1, src + 1);
    }
    kn_interp_realloc(d->in, args, 0);
  }
  if (j.overlap && j.n > d->most_moves) d->most_moves = j.n;
  return PUSH(d, jumps, j);
}

static int by_value(const void *a, const void *b) {
  const struct kn_case *x = a, *y = b;
  return (x->value > y->value) - (x->value < y->value);
}

static uint32_t switch_table(struct decoder *d, kiln_inst i, const kiln_inst_info *info) {
  uint32_t first = d->fn->n_cases;
  bool sorted = true;
  uint64_t last = 0;
  for (uint32_t e = 1; e < info->n_edges && d->ok; e++) {
    int64_t value;
    kiln_inst_edge(d->f, i, e, &value);
    uint64_t bits = (uint64_t)value & kn_interp_mask(kn_interp_bits(info->type));
    sorted &= bits >= last;
    last = bits;
    uint32_t edge = jump(d, i, e);
    PUSH(d, cases, (struct kn_case){bits, edge});
  }
  uint32_t n = d->fn->n_cases - first;
  if (!sorted && d->ok) qsort(d->fn->cases + first, n, sizeof *d->fn->cases, by_value);
  return PUSH(d, tables, (struct kn_table){first, n, 0});
}

static uint32_t brind_table(struct decoder *d, kiln_inst i, const kiln_inst_info *info) {
  uint32_t low = UINT32_MAX, high = 0, first = d->fn->n_cases;
  for (uint32_t e = 0; e < info->n_edges; e++) {
    uint32_t b = kiln_inst_edge(d->f, i, e, NULL).id;
    if (b < low) low = b;
    if (b > high) high = b;
  }
  uint32_t n = info->n_edges ? high - low + 1 : 0;
  for (uint32_t k = 0; k < n; k++) PUSH(d, cases, (struct kn_case){0, UINT32_MAX});
  for (uint32_t e = 0; e < info->n_edges && d->ok; e++) {
    uint32_t b = kiln_inst_edge(d->f, i, e, NULL).id;
    uint32_t edge = jump(d, i, e);
    if (d->ok) d->fn->cases[first + b - low].edge = edge;
  }
  return PUSH(d, tables, (struct kn_table){first, n, low});
}

/* ---- instructions ---- */

/* Register of result `index` of the operation before `next`. */
static uint32_t result_reg(struct decoder *d, kiln_inst next, uint32_t index) {
  for (; next.id; next = kiln_inst_next(d->f, next)) {
    kiln_inst_info info = kiln_inst_get(d->f, next);
    if (info.op != KILN_OP_RESULT) break;
    if (info.number == index) return d->values[next.id].reg;
  }
  return 0;
}

static int by_type(const void *a, const void *b) {
  const struct selector *x = a, *y = b;
  if (x->type != y->type) return x->type < y->type ? -1 : 1;
  return (x->number > y->number) - (x->number < y->number);
}

/* Lists the function's types, the last of which is followed by 0; that may also be one of them. */
static bool list_selectors(struct decoder *d) {
  uint32_t n = 0, zeros = 0;
  if (d->selectors != NULL) return true;
  for (bool more = true; more; n++) more = kiln_func_type_at(d->f, n).id != 0 || zeros++ == 0;
  d->selectors = kn_interp_realloc(d->in, NULL, n * sizeof *d->selectors);
  if (d->selectors == NULL) return d->ok = false;
  for (uint32_t k = 0; k < n; k++)
    d->selectors[k] = (struct selector){kiln_func_type_at(d->f, k).id, k + 1};
  qsort(d->selectors, n, sizeof *d->selectors, by_type);
  d->n_selectors = n;
  return true;
}

static int32_t selector_of(const struct decoder *d, uint32_t type) {
  uint32_t low = 0, high = d->n_selectors - 1;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (d->selectors[middle].type < type) low = middle + 1;
    else high = middle;
  }
  return (int32_t)d->selectors[low].number;
}

/* What a try catches. The selectors are those of kiln_const_typeid; a filter's is negative. */
static void clauses(struct decoder *d, kiln_inst i, struct kn_site *s) {
  s->clause_first = d->fn->n_clauses;
  s->n_clauses = kiln_inst_clause_count(d->f, i);
  for (uint32_t k = 0; k < s->n_clauses && d->ok; k++) {
    kiln_clause from = kiln_inst_get_clause(d->f, i, k, NULL, 0);
    struct kn_iclause to = {.kind = (uint8_t)from.kind, .n = from.n_types};
    kiln_symbol *types = NULL;
    if (from.kind == KILN_CLAUSE_CATCH || from.kind == KILN_CLAUSE_CATCH_ALL) {
      to.n = 1;
      if (!list_selectors(d)) return;
      to.selector = selector_of(d, from.type.id);
    } else if (from.kind == KILN_CLAUSE_FILTER) {
      to.selector = -1 - (int32_t)k;
      types = kn_interp_realloc(d->in, NULL, (to.n + 1) * sizeof *types);
      if (!types) {
        d->ok = false;
        return;
      }
      kiln_inst_get_clause(d->f, i, k, types, to.n);
    }
    to.first = d->fn->n_k;
    for (uint32_t t = 0; t < to.n; t++) {
      uint32_t symbol = types ? types[t].id : from.type.id;
      uint32_t at = constant(d, KILN_TYPE_I64, 0, 0) & ~KN_CONST;
      if (symbol != 0) PUSH(d, fixes, (struct kn_fix){at, symbol, 0});
    }
    kn_interp_realloc(d->in, types, 0);
    PUSH(d, clauses, to);
  }
}

static uint32_t call_site(struct decoder *d, kiln_inst i, const kiln_inst_info *info,
                          struct kn_ins *to) {
  struct kn_isig *sig = kn_interp_sig(d->in, info->sig.id);
  if (!sig) return d->ok = false, 0;
  struct kn_site s = {.sig = info->sig.id, .first = d->fn->n_args, .n = info->n_operands - 1};
  kiln_operand_info callee = kiln_operand_get(d->f, kiln_inst_operand(d->f, i, 0));
  s.nounwind = (sig->flags & KILN_SIG_NOUNWIND) != 0;
  if (callee.kind == KILN_OPERAND_SYMBOL) {
    kiln_sig declared = kiln_symbol_get(d->in->m, callee.symbol).sig;
    s.nounwind |= (kiln_sig_get(d->in->m, declared).flags & KILN_SIG_NOUNWIND) != 0;
  }
  if (callee.kind == KILN_OPERAND_SYMBOL && callee.low == 0) s.symbol = callee.symbol.id;
  else to->a = op_ref(d, i, 0);
  bool runs = true;
  if (d->fn->tried == 0 &&
      info->op == KILN_OP_TAILCALL) { /* its results go through these registers */
    d->fn->tried = d->fn->n_regs;
    d->fn->n_regs += KN_TRIED_COUNT;
  }
  for (uint32_t k = 0; k < s.n; k++) {
    kiln_value v = kiln_inst_operand(d->f, i, k + 1);
    kiln_operand_info o = kiln_operand_get(d->f, v);
    struct kn_arg arg;
    unsigned type = KILN_TYPE_I64;
    if (o.kind == KILN_OPERAND_VALUE || o.kind == KILN_OPERAND_BITS) type = o.type;
    if (k < sig->n_params) {
      arg.place = sig->params[k];
      type = arg.place.type;
      s.layout = sig->layout;
    } else {
      arg.place = kn_interp_next_place(&s.layout, &(kiln_param){.type = (uint8_t)type});
    }
    runs &= runs_type(type);
    arg.ref = ref(d, v, type);
    PUSH(d, args, arg);
  }
  for (uint32_t r = 0; r < sig->n_results; r++) {
    runs &= runs_type(sig->results[r]);
    if (info->op != KILN_OP_CALL) s.res[r] = d->fn->tried + KN_TRIED_RESULTS + 2 * r;
    else s.res[r] = r == 0 ? d->values[i.id].reg : result_reg(d, kiln_inst_next(d->f, i), r);
  }
  if (info->op == KILN_OP_TRY) clauses(d, i, &s);
  if (!runs) to->op = KILN_OP_ASM;
  return PUSH(d, sites, s);
}

static void decode_tls(struct decoder *d, kiln_inst i, struct kn_ins *to) {
  kiln_operand_info o = kiln_operand_get(d->f, kiln_inst_operand(d->f, i, 0));
  to->a = constant(d, KILN_TYPE_I64, o.low, 0);
  to->b = o.symbol.id;
}

static void decode_ret(struct decoder *d, kiln_inst i, const kiln_inst_info *info,
                       struct kn_ins *to) {
  const struct kn_isig *sig = d->in->sigs[d->fn->sig];
  to->y = d->fn->n_args;
  to->c = info->n_operands;
  for (uint32_t k = 0; k < info->n_operands; k++) {
    struct kn_arg arg = {.place = {.type = sig->results[k], .words = words_of(sig->results[k])}};
    arg.ref = op_ref(d, i, k);
    PUSH(d, args, arg);
  }
}

static void decode_memory(struct decoder *d, kiln_inst i, const kiln_inst_info *info,
                          struct kn_ins *to) {
  unsigned size = kiln_type_size(info->from);
  to->x = (uint8_t)(size ? __builtin_ctz(size) : 0);
  to->disp = info->disp;
  to->a = op_ref(d, i, 0);
  to->y = (info->mem_flags & KILN_MEM_SEXT) != 0;
  bool x87 = info->type == KILN_TYPE_F80;
  if (info->op == KILN_OP_STORE) {
    to->op = x87 ? KI_STORE_F80 : KI_STORE;
    to->b = op_ref(d, i, 1);
  } else if (x87) {
    to->op = KI_LOAD_F80;
  } else if (kn_interp_is_wide(info->type)) {
    to->op = KI_LOAD_WIDE;
  } else {
    to->op = to->y ? KI_LOAD_SEXT : KI_LOAD;
  }
}

/* Decodes an instruction whose operands are in a, b and c, as run.c's operation `op`; y is the register of its second
 * result. */
static void decode_plain(struct decoder *d, kiln_inst i, const kiln_inst_info *info,
                         struct kn_ins *to, unsigned op) {
  uint32_t *fields[3] = {&to->a, &to->b, &to->c};
  for (uint32_t k = 0; k < info->n_operands && k < 3; k++) *fields[k] = op_ref(d, i, k);
  to->op = (uint16_t)op;
  to->y = result_reg(d, kiln_inst_next(d->f, i), 1);
}

static bool has_feature(const struct decoder *d, uint64_t feature) {
  return ((kiln_func_get_attrs(d->f).features | kiln_module_features(d->in->m)) & feature) != 0;
}

/* Chooses the operation that run.c performs for an instruction. */
static void decode_op(struct decoder *d, kiln_inst i, const kiln_inst_info *info,
                      struct kn_ins *to) {
  bool wide = kn_interp_is_wide(info->type);
  switch (info->op) {
  case KILN_OP_CALL:
  case KILN_OP_TAILCALL: to->y = call_site(d, i, info, to); return;
  case KILN_OP_TRY:
    to->y = call_site(d, i, info, to);
    to->b = jump(d, i, 0);
    to->c = jump(d, i, 1);
    return;
  case KILN_OP_TLS_ADDR: decode_tls(d, i, to); return;
  case KILN_OP_RET: decode_ret(d, i, info, to); return;
  case KILN_OP_BR: to->y = jump(d, i, 0); return;
  case KILN_OP_BRIF:
    to->a = op_ref(d, i, 0);
    to->y = jump(d, i, 0);
    to->c = jump(d, i, 1);
    return;
  case KILN_OP_SWITCH:
    to->a = op_ref(d, i, 0);
    to->c = jump(d, i, 0);
    to->y = switch_table(d, i, info);
    return;
  case KILN_OP_BRIND:
    to->a = op_ref(d, i, 0);
    to->y = brind_table(d, i, info);
    return;

  case KILN_OP_LOAD:
  case KILN_OP_STORE: decode_memory(d, i, info, to); return;
  case KILN_OP_ADDR:
    decode_plain(d, i, info, to, info->op);
    to->disp = info->disp;
    to->y = info->n_operands == 2 ? info->number : 0;
    return;

  case KILN_OP_COPY:
  case KILN_OP_BITCAST: decode_plain(d, i, info, to, wide ? KI_COPY_WIDE : KILN_OP_COPY); return;
  case KILN_OP_SELECT: decode_plain(d, i, info, to, wide ? KI_SELECT_WIDE : KILN_OP_SELECT); return;

  case KILN_OP_ADD: /* of one word in the loop itself */
  case KILN_OP_SUB:
  case KILN_OP_MUL:
  case KILN_OP_AND:
  case KILN_OP_OR:
  case KILN_OP_XOR:
  case KILN_OP_SHL:
  case KILN_OP_LSHR:
  case KILN_OP_ASHR: decode_plain(d, i, info, to, wide ? KI_WIDE : info->op); return;
  case KILN_OP_UMULH: /* by number.c */
  case KILN_OP_SMULH:
  case KILN_OP_ROTL:
  case KILN_OP_ROTR:
  case KILN_OP_FSHL:
  case KILN_OP_FSHR:
  case KILN_OP_SMIN:
  case KILN_OP_SMAX:
  case KILN_OP_UMIN:
  case KILN_OP_UMAX:
  case KILN_OP_SADDO:
  case KILN_OP_UADDO:
  case KILN_OP_SSUBO:
  case KILN_OP_USUBO:
  case KILN_OP_SMULO:
  case KILN_OP_UMULO:
  case KILN_OP_SADDS:
  case KILN_OP_UADDS:
  case KILN_OP_SSUBS:
  case KILN_OP_USUBS:
  case KILN_OP_NEG:
  case KILN_OP_NOT:
  case KILN_OP_ABS:
  case KILN_OP_CLZ:
  case KILN_OP_CTZ:
  case KILN_OP_POPCNT:
  case KILN_OP_BITREV:
  case KILN_OP_BSWAP: decode_plain(d, i, info, to, wide ? KI_WIDE : KI_INT); return;
  case KILN_OP_UDIV:
  case KILN_OP_SDIV:
  case KILN_OP_UREM:
  case KILN_OP_SREM: decode_plain(d, i, info, to, KILN_OP_UDIV); return;

  case KILN_OP_FADD: /* f32 and f64 in the loop itself */
  case KILN_OP_FSUB:
  case KILN_OP_FMUL:
  case KILN_OP_FDIV: decode_plain(d, i, info, to, wide ? KI_FLOAT_WIDE : info->op); return;
  case KILN_OP_FREM: /* by number.c */
  case KILN_OP_FNEG:
  case KILN_OP_FABS:
  case KILN_OP_FCOPYSIGN:
  case KILN_OP_FSQRT:
  case KILN_OP_FMA:
  case KILN_OP_FMIN:
  case KILN_OP_FMAX:
  case KILN_OP_FMINIMUM:
  case KILN_OP_FMAXIMUM:
  case KILN_OP_FFLOOR:
  case KILN_OP_FCEIL:
  case KILN_OP_FTRUNC:
  case KILN_OP_FROUND:
  case KILN_OP_FROUNDEVEN:
  case KILN_OP_FRINT:
  case KILN_OP_FNEARBYINT: decode_plain(d, i, info, to, wide ? KI_FLOAT_WIDE : KI_FLOAT); return;
  case KILN_OP_FMULADD:
    decode_plain(d, i, info, to, wide ? KI_FLOAT_WIDE : KI_FLOAT);
    if (!wide && has_feature(d, KILN_FEATURE_FMA)) to->x = KILN_OP_FMA;
    return;

  case KILN_OP_ICMP:
  case KILN_OP_FCMP:
    decode_plain(d, i, info, to, info->op);
    to->x = info->cond;
    return;

  case KILN_OP_TRUNC: /* of one word in the loop itself */
  case KILN_OP_ZEXT:
  case KILN_OP_SEXT:
    decode_plain(d, i, info, to, wide || info->from == KILN_TYPE_I128 ? KILN_OP_FTOSI : info->op);
    to->y = info->from;
    return;
  case KILN_OP_FDEMOTE: /* any conversion: by number.c */
  case KILN_OP_FPROMOTE:
  case KILN_OP_FTOSI:
  case KILN_OP_FTOUI:
  case KILN_OP_FTOSIS:
  case KILN_OP_FTOUIS:
  case KILN_OP_SITOF:
  case KILN_OP_UITOF:
    decode_plain(d, i, info, to, KILN_OP_FTOSI);
    to->y = info->from;
    return;

  case KILN_OP_VSPLAT:
  case KILN_OP_VEXTRACT:
  case KILN_OP_VINSERT:
  case KILN_OP_VRESIZE:
  case KILN_OP_VSIGNS:
  case KILN_OP_VADD:
  case KILN_OP_VSUB:
  case KILN_OP_VMUL:
  case KILN_OP_VAND:
  case KILN_OP_VOR:
  case KILN_OP_VXOR:
  case KILN_OP_VANDN:
  case KILN_OP_VSELECT:
  case KILN_OP_VSHL:
  case KILN_OP_VLSHR:
  case KILN_OP_VASHR:
  case KILN_OP_VICMP:
  case KILN_OP_VFCMP:
  case KILN_OP_VFADD:
  case KILN_OP_VFSUB:
  case KILN_OP_VFMUL:
  case KILN_OP_VFDIV:
  case KILN_OP_VFSQRT:
  case KILN_OP_VSITOF:
  case KILN_OP_VFTOSI:
  case KILN_OP_VSHUFFLE:
    decode_plain(d, i, info, to, KI_VECTOR);
    to->y = (uint32_t)info->from | (info->number | info->cond) << 8;
    return;

  case KILN_OP_SALLOC:
    decode_plain(d, i, info, to, info->op);
    to->x = (uint8_t)info->number;
    return;
  case KILN_OP_LIFE_START:
  case KILN_OP_LIFE_END:
    decode_plain(d, i, info, to, info->op);
    to->y = kiln_operand_get(d->f, kiln_inst_operand(d->f, i, 0)).slot;
    return;
  case KILN_OP_ATOMIC_RMW:
    decode_plain(d, i, info, to, info->op);
    to->x = info->rmw;
    return;
  case KILN_OP_FRAME_ADDR:
  case KILN_OP_RETURN_ADDR:
    decode_plain(d, i, info, to, info->op);
    to->y = info->number;
    return;
  case KILN_OP_GET_PINNED:
  case KILN_OP_SET_PINNED:
  case KILN_OP_GET_ROUNDING:
  case KILN_OP_SET_ROUNDING:
  case KILN_OP_STACK_SAVE:
  case KILN_OP_STACK_RESTORE:
  case KILN_OP_MEMCPY:
  case KILN_OP_MEMMOVE:
  case KILN_OP_MEMSET:
  case KILN_OP_PREFETCH:
  case KILN_OP_ATOMIC_LOAD:
  case KILN_OP_ATOMIC_STORE:
  case KILN_OP_ATOMIC_CAS:
  case KILN_OP_FENCE:
  case KILN_OP_DEBUG_TRAP:
  case KILN_OP_BUILTIN_SETJMP:
  case KILN_OP_BUILTIN_LONGJMP:
  case KILN_OP_RESUME:
  case KILN_OP_UNREACHABLE:
  case KILN_OP_TRAP: decode_plain(d, i, info, to, info->op); return;

  case KILN_OP_VA_START:
  case KILN_OP_VA_COPY:
  case KILN_OP_VA_END:
  case KILN_OP_VA_ARG:
    if (!d->in->sigs[d->fn->sig]->by->has_va_list) break;
    decode_plain(d, i, info, to, info->op);
    return;

  case KILN_OP_MACHINE: /* the target's: not interpreted */
  case KILN_OP_MACHINE_ACT:
  case KILN_OP_MACHINE_DO:
  case KILN_OP_ASM:
  case KILN_OP_EH_RETURN: /* a frame's */
  case KILN_OP_NONE:      /* never the opcode of an instruction */
  case KILN_OP_PARAM:
  case KILN_OP_SEG:
  case KILN_OP_UPPER:
  case KILN_OP_RESULT:
  case KILN_OP_COUNT: break;
  }
  to->op = KILN_OP_ASM; /* not interpreted */
}

static void decode_inst(struct decoder *d, kiln_inst i) {
  kiln_inst_info info = kiln_inst_get(d->f, i);
  struct kn_ins to = {.op = (uint16_t)info.op, .type = (uint8_t)info.type, .number = d->number++};
  if (info.op == KILN_OP_RESULT) return;
  to.dst = info.result != KILN_TYPE_VOID ? d->values[i.id].reg : 0;
  to.x = (uint8_t)info.op;
  if (runs_type(info.type) && runs_type(info.from) && runs_type(info.result))
    decode_op(d, i, &info, &to);
  else to.op = KILN_OP_ASM;
  PUSH(d, code, to);
}

static void decode_blocks(struct decoder *d) {
  struct kn_ifunc *fn = d->fn;
  uint32_t n = kiln_func_block_count(d->f);
  kiln_func_attrs attrs = kiln_func_get_attrs(d->f);
  fn->keeps_pinned = attrs.keeps_pinned;
  fn->personality = attrs.personality.id != 0;
  if (fn->personality) { /* it may have tries */
    fn->tried = fn->n_regs;
    fn->n_regs += KN_TRIED_COUNT;
  }
  fn->block_limit = kiln_func_block_limit(d->f);
  fn->blocks = kn_interp_realloc(d->in, NULL, (n + 1) * sizeof *fn->blocks);
  fn->block_start = kn_interp_realloc(d->in, NULL, (fn->block_limit + 1) * sizeof(uint32_t));
  d->stamp_cap = fn->n_regs;
  d->stamp = kn_interp_realloc(d->in, NULL, (d->stamp_cap + 1) * sizeof(uint32_t));
  if (!fn->blocks || !fn->block_start || !d->stamp) {
    d->ok = false;
    return;
  }
  memset(fn->block_start, 0, (fn->block_limit + 1) * sizeof(uint32_t));
  memset(d->stamp, 0, (d->stamp_cap + 1) * sizeof(uint32_t));
  for (uint32_t k = 0; k < n && d->ok; k++) {
    kiln_block b = kiln_func_block_at(d->f, k);
    fn->blocks[fn->n_blocks++] = (struct kn_iblock){b.id, fn->n_code};
    fn->block_start[b.id] = fn->n_code;
    d->number += block_params(d, b);
    kiln_inst i = kiln_block_first_inst(d->f, b);
    for (; i.id && d->ok; i = kiln_inst_next(d->f, i)) decode_inst(d, i);
  }
  fn->scratch = fn->n_regs;
  fn->n_regs += d->most_moves;
}

kiln_status kn_interp_decode(kiln_interp *in, kiln_func *f, struct kn_ifunc *fn) {
  struct decoder d = {.in = in, .f = f, .fn = fn, .ok = true};
  size_t n = kiln_func_value_limit(f);
  d.values = kn_interp_realloc(in, NULL, (n + 1) * sizeof *d.values);
  if (d.values) {
    memset(d.values, 0, (n + 1) * sizeof *d.values);
    room(&d, 16);
    if (d.ok) find_values(&d);
    if (d.ok) give_slots(&d);
    if (d.ok) give_registers(&d);
    if (d.ok) decode_blocks(&d);
  } else {
    d.ok = false;
  }
  kn_interp_realloc(in, d.values, 0);
  kn_interp_realloc(in, d.list, 0);
  kn_interp_realloc(in, d.stamp, 0);
  kn_interp_realloc(in, d.selectors, 0);
  return d.ok ? KILN_OK : KILN_ERR_MEMORY;
}

void kn_interp_free_func(kiln_interp *in, struct kn_ifunc *fn) {
  if (!fn) return;
  void *arrays[] = {fn->code,  fn->k,     fn->fixes,  fn->blocks, fn->block_start,
                    fn->moves, fn->jumps, fn->tables, fn->cases,  fn->sites,
                    fn->args,  fn->slots, fn->clauses};
  for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) kn_interp_realloc(in, arrays[i], 0);
  kn_interp_realloc(in, fn, 0);
}
