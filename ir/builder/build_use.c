/* Operands: constants, stack slots, forward values, and the uses of all of them. The common uses,
 * of values of the right type, are inlined from ir/builder/builder.h; everything else and every error arrives
 * here. Invariant: a use that returns true is counted, and noted if it crosses blocks. */
#include "ir/builder/builder.h"

#include <stdio.h>

/* ---- failing ---- */

bool kn_build_fail(kiln_func *f, kiln_status status, const char *message) {
  return KN_FUNC_FAIL(false, f, status, f->current, f->n, "%s", message);
}

bool kn_build_bad_count(kiln_func *f, const char *what, uint32_t n, uint32_t wanted) {
  return KN_FUNC_FAIL(false, f, KILN_ERR_ARGUMENT, f->current, f->n,
                      "%u %s%s, but the signature has %u", n, what, n == 1 ? "" : "s", wanted);
}

bool kn_build_no_list(kiln_func *f) {
  return kn_build_fail(f, KILN_ERR_ARGUMENT, "a list is missing (NULL)");
}

/* Type of a handle; VOID for none, untyped and bad ones. */
static unsigned handle_type(const kiln_func *f, uint32_t h) {
  uint32_t i = kn_index(h);
  switch (kn_tag(h)) {
  case KN_TAG_VALUE: return i < f->n ? f->val[i].type : KILN_TYPE_VOID;
  case KN_TAG_POOL: return i < f->pool.n ? f->pool.at[i].type : KILN_TYPE_VOID;
  case KN_TAG_SLOT: return i < f->slots.n ? KILN_TYPE_PTR : KILN_TYPE_VOID;
  case KN_TAG_FORWARD: return i < f->forwards.n ? f->forwards.at[i].type : KILN_TYPE_VOID;
  case KN_TAG_TRIED: return kn_tried_type(h);
  case KN_TAG_IMM: break;
  }
  return KILN_TYPE_VOID;
}

/* True if `h` is a handle of this function other than none. */
static bool in_range(const kiln_func *f, uint32_t h) {
  uint32_t i = kn_index(h);
  switch (kn_tag(h)) {
  case KN_TAG_VALUE: return i != 0 && i < f->n;
  case KN_TAG_IMM: return true;
  case KN_TAG_POOL: return i < f->pool.n;
  case KN_TAG_SLOT: return i < f->slots.n;
  case KN_TAG_FORWARD: return i < f->forwards.n;
  case KN_TAG_TRIED: break;
  }
  return false;
}

bool kn_build_bad_operand(kiln_func *f, uint32_t h, unsigned type) {
  if (h == 0) return kn_build_fail(f, KILN_ERR_ARGUMENT, "an operand is missing");
  if (kn_is_tried(h))
    return kn_build_fail(f, KILN_ERR_ARGUMENT,
                         "a result of a try may only be an argument of an edge of this try");
  if (!in_range(f, h)) return kn_build_fail(f, KILN_ERR_ARGUMENT, "an operand is out of range");
  if (kn_is_pool(h) && f->pool.at[kn_index(h)].tls)
    return kn_build_fail(f, KILN_ERR_ARGUMENT,
                         "a thread-local symbol may only be the operand of tls_addr");
  unsigned is = handle_type(f, h);
  const char *has = is == KILN_TYPE_VOID ? kn_is_value(h) ? "no value" : "an integer constant"
                                         : kiln_type_name((kiln_type)is);
  if (type < KILN_TYPE_COUNT)
    kn_func_fail(f, KILN_ERR_TYPE, f->current, f->n, "expected an operand of type %s, not %s",
                 kiln_type_name((kiln_type)type), has);
  else kn_func_fail(f, KILN_ERR_TYPE, f->current, f->n, "expected an operand, not %s", has);
  return false;
}

/* Reports an operation that no builder function builds; true. */
static bool is_unknown(kiln_func *f, unsigned op) {
  if (op < KILN_OP_COUNT && kn_shape_info[kn_op_shape(op)].state != KN_SHAPE_INTERNAL) return false;
  kn_func_fail(f, KILN_ERR_ARGUMENT, f->current, f->n,
               "no builder function builds the operation with the number %u", op);
  return true;
}

kiln_value kn_build_bad_type(kiln_func *f, unsigned op, unsigned type) {
  if (is_unknown(f, op)) return KN_NONE;
  if (type < KILN_TYPE_COUNT)
    kn_func_fail(f, KILN_ERR_TYPE, f->current, f->n, "%s does not take type %s",
                 kn_op_info[op].name, kiln_type_name((kiln_type)type));
  else
    kn_func_fail(f, KILN_ERR_TYPE, f->current, f->n, "%s: there is no type with the number %u",
                 kn_op_info[op].name, type);
  return KN_NONE;
}

kiln_value kn_build_bad_flags(kiln_func *f, unsigned op, const char *what) {
  if (!is_unknown(f, op))
    kn_func_fail(f, KILN_ERR_TYPE, f->current, f->n, "%s does not take these %s",
                 kn_op_info[op].name, what);
  return KN_NONE;
}

kiln_value kn_build_bad_op(kiln_func *f, unsigned op, unsigned type) {
  if (is_unknown(f, op)) return KN_NONE;
  if (type >= KILN_TYPE_COUNT || !(kn_op_info[op].types >> type & 1))
    return kn_build_bad_type(f, op, type);
  kn_func_fail(f, KILN_ERR_TYPE, f->current, f->n, "a different builder function builds %s",
               kn_op_info[op].name);
  return KN_NONE;
}

/* ---- uses ---- */

void kn_build_note(kiln_func *f, uint32_t h, uint32_t block) {
  struct kn_val *v = f->val + h;
  if (v->global == 0) {
    if (!KN_PUSH(f, f->globals, (struct kn_global){h, v->block})) return;
    f->facts.crossing = true;
    v->global = f->globals.n;
  }
  (void)KN_PUSH(f, f->rows, (struct kn_use_row){2 * (v->global - 1), block});
}

uint32_t kn_build_upper(kiln_func *f, uint32_t v) {
  if (f->n == f->cap && !kn_build_grow(f)) return 0;
  kn_build_emit(f, KILN_OP_UPPER, KILN_TYPE_I64, KILN_TYPE_I64, 0, v, 0, 0);
  f->val[v].flags = KN_PAIR;
  f->facts.has_pairs = true;
  return v;
}

void kn_build_spare(kiln_func *f) {
  if (f->n == f->cap && !kn_build_grow(f)) return;
  kn_build_emit(f, KILN_OP_SEG, KILN_TYPE_VOID, KILN_TYPE_VOID, 0, f->n + 1, 0, 0);
  f->facts.has_pairs = true;
}

bool kn_build_use_at(kiln_func *f, uint32_t h, unsigned type, uint32_t block, unsigned kind,
                     uint32_t where) {
  uint32_t i = kn_index(h);
  bool any = type == KN_ANY_TYPE;
  switch (kn_tag(h)) {
  case KN_TAG_VALUE:
    if (i == 0 || i >= f->n) break;
    if (any ? f->val[i].type == KILN_TYPE_VOID : f->val[i].type != type) break;
    kn_build_count(f, h, block);
    return true;
  case KN_TAG_IMM:
    if (any || kn_type_is_int(type)) return true;
    break;
  case KN_TAG_POOL:
    if (i >= f->pool.n || f->pool.at[i].tls) break;
    if (any || kn_build_fits(f, h, type)) return true;
    break;
  case KN_TAG_SLOT:
    if (i >= f->slots.n || (!any && type != KILN_TYPE_PTR)) break;
    kn_build_escape(f, i);
    return true;
  case KN_TAG_FORWARD:
    if (i >= f->forwards.n || (!any && f->forwards.at[i].type != type)) break;
    return KN_PUSH(f, f->forward_uses, (struct kn_forward_use){i, block, where, (uint8_t)kind});
  case KN_TAG_TRIED: break; /* kn_build_edge_arg takes them */
  }
  return kn_build_bad_operand(f, h, type);
}

bool kn_build_use(kiln_func *f, uint32_t h, unsigned type, unsigned field) {
  return kn_build_use_at(f, h, type, f->current, 0, f->n * 4 + field);
}

/* ---- constants ---- */

kiln_type kiln_value_type(const kiln_func *f, kiln_value v) {
  return f != NULL ? (kiln_type)handle_type(f, v.id) : KILN_TYPE_VOID;
}

static kiln_value pool_add(kiln_func *f, struct kn_const k) {
  if (!kn_build_open(f)) return KN_NONE;
  uint32_t i = f->pool.n;
  return KN_PUSH(f, f->pool, k) ? (kiln_value){kn_handle(KN_TAG_POOL, i)} : KN_NONE;
}

kiln_value kiln_const_int(kiln_func *f, int64_t value) {
  if (KN_LIKELY(kn_fits_imm(value)))
    return (kiln_value){kn_handle(KN_TAG_IMM, (uint32_t)value & KN_INDEX_MASK)};
  return pool_add(f, (struct kn_const){.low = (uint64_t)value, .high = (uint64_t)(value >> 63)});
}

kiln_value kiln_const_i128(kiln_func *f, uint64_t low, uint64_t high) {
  if (high == (uint64_t)((int64_t)low >> 63) && kn_fits_imm((int64_t)low))
    return kiln_const_int(f, (int64_t)low);
  const kiln_value v =
    pool_add(f, (struct kn_const){.low = low, .high = high, .type = KILN_TYPE_I128});
  const bool halves = pool_add(f, (struct kn_const){.low = high}).id != 0 &&
                      pool_add(f, (struct kn_const){.low = low}).id != 0; /* kn_half */
  return halves ? v : KN_NONE;
}

kiln_value kiln_const_f32(kiln_func *f, float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return pool_add(f, (struct kn_const){.low = bits, .type = KILN_TYPE_F32});
}

kiln_value kiln_const_f64(kiln_func *f, double value) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  return pool_add(f, (struct kn_const){.low = bits, .type = KILN_TYPE_F64});
}

kiln_value kiln_const_bits(kiln_func *f, kiln_type type, uint64_t low, uint64_t high) {
  if (!kn_build_open(f)) return KN_NONE;
  if (!kn_build_is_type(type)) return KN_BUILD_FAIL(KN_NONE, f, KILN_ERR_TYPE, "no such type");
  if (type == KILN_TYPE_I128) return kiln_const_i128(f, low, high);
  if (kn_type_is_int(type)) { /* integer constants have no type: the value as a signed number */
    unsigned shift = 64 - (8u << kn_type_log2[type]);
    return kiln_const_int(f, (int64_t)(low << shift) >> shift);
  }
  if (kn_type_log2[type] < 3) low &= (UINT64_C(1) << (8 << kn_type_log2[type])) - 1;
  if (kn_type_log2[type] < 4) high = 0;
  if (type == KILN_TYPE_F80) high &= UINT16_MAX;
  return pool_add(f, (struct kn_const){.low = low, .high = high, .type = (uint8_t)type});
}

/* Reports private data of another function, or of a body of this one that failed; false. */
static KN_COLD bool not_own(kiln_func *f, const struct kn_symbol *s) {
  char message[128];
  if (s->target == KN_DATA_DROPPED)
    return kn_build_fail(f, KILN_ERR_SYMBOL, "private data of a function that was discarded");
  snprintf(message, sizeof message, "private data of the function '%.80s'",
           kn_symbol(f->module, s->target)->name);
  return kn_build_fail(f, KILN_ERR_SYMBOL, message);
}

bool kn_build_may_use(kiln_func *f, uint32_t symbol) {
  if (KN_UNLIKELY(!kn_symbol_valid(f->module, symbol))) return true;
  const struct kn_symbol *s = kn_symbol(f->module, symbol);
  return KN_LIKELY(!kn_symbol_is_foreign(s, f->symbol)) || not_own(f, s);
}

bool kn_build_may_have(kiln_func *f, const kiln_data_desc *d) {
  for (uint32_t i = 0; d->relocs != NULL && i < d->n_relocs; i++) {
    const kiln_reloc *r = &d->relocs[i];
    if (!kn_build_may_use(f, r->symbol.id) || !kn_build_may_use(f, r->relative_to.id)) return false;
  }
  return true;
}

kiln_value kiln_const_symbol(kiln_func *f, kiln_symbol s, int64_t addend) {
  if (!kn_build_open(f)) return KN_NONE;
  const kiln_module *m = f->module;
  if (KN_UNLIKELY(!kn_symbol_valid(m, s.id))) {
    /* a module that failed gave "none" as the symbol */
    if (kn_module_failed(m)) kn_build_fail(f, kn_module_own(m), "the module has an error");
    else kn_build_fail(f, KILN_ERR_ARGUMENT, "no such symbol");
    return KN_NONE;
  }
  const struct kn_symbol *symbol = kn_symbol(m, s.id);
  if (KN_UNLIKELY(kn_symbol_is_foreign(symbol, f->symbol))) return not_own(f, symbol), KN_NONE;
  uint32_t i = f->pool.n;
  if (!KN_ROOM(f, f->pool, 1)) return KN_NONE;
  f->pool.at[i] = (struct kn_const){.low = (uint64_t)addend,
                                    .symbol = s.id,
                                    .type = KILN_TYPE_PTR,
                                    .tls = symbol->tls != KILN_TLS_NONE};
  f->pool.n = i + 1;
  return (kiln_value){kn_handle(KN_TAG_POOL, i)};
}

kiln_value kiln_block_address(kiln_func *f, kiln_block b) {
  if (!kn_build_open(f)) return KN_NONE;
  if (KN_UNLIKELY(b.id - 1 >= f->blocks.n - 1 || !f->facts.defines))
    return KN_BUILD_FAIL(KN_NONE, f, KILN_ERR_ARGUMENT,
                         b.id >= f->blocks.n ? "the block does not exist"
                         : b.id == 0 ? "the entry block has no address"
                                     : "the block has no address: its function has no symbol");
  uint32_t id = kn_symbol_of_block(f->module, f->symbol, b.id);
  if (KN_UNLIKELY(id == 0))
    return KN_BUILD_FAIL(KN_NONE, f, kn_module_own(f->module), "the module has an error");
  kn_block_take_address(f, b);
  return kiln_const_symbol(f, (kiln_symbol){id}, 0);
}

kiln_symbol kiln_func_add_data(kiln_func *f, const kiln_data_desc *desc) {
  const kiln_symbol none = {0};
  if (f == NULL || f->status != KILN_OK) return none;
  if (KN_UNLIKELY(desc == NULL || f->facts.finished || !f->facts.defines))
    return KN_BUILD_FAIL(none, f, KILN_ERR_ARGUMENT,
                         desc == NULL        ? "the data has no description (NULL)"
                         : f->facts.finished ? "data: the function is finished"
                                             : "data: the function has no symbol");
  if (!kn_build_may_have(f, desc)) return none;
  uint32_t id = kn_data_of_func(f->module, f->symbol, f->facts.n_data, desc);
  if (KN_UNLIKELY(id == 0))
    return KN_BUILD_FAIL(none, f, kn_module_own(f->module), "the module has an error");
  f->facts.n_data++;
  return (kiln_symbol){id};
}

/* ---- forward values ---- */

kiln_value kiln_forward_new(kiln_func *f, kiln_type type) {
  if (!kn_build_open(f)) return KN_NONE;
  if (!kn_build_is_type(type)) return KN_BUILD_FAIL(KN_NONE, f, KILN_ERR_TYPE, "no such type");
  uint32_t i = f->forwards.n;
  struct kn_forward forward = {.type = (uint8_t)type};
  return KN_PUSH(f, f->forwards, forward) ? (kiln_value){kn_handle(KN_TAG_FORWARD, i)} : KN_NONE;
}

void kiln_forward_bind(kiln_func *f, kiln_value forward, kiln_value value) {
  if (!kn_build_open(f)) return;
  uint32_t i = kn_index(forward.id);
  if (kn_tag(forward.id) != KN_TAG_FORWARD || i >= f->forwards.n) {
    kn_build_fail(f, KILN_ERR_ARGUMENT, "no forward value");
    return;
  }
  struct kn_forward *fw = f->forwards.at + i;
  if (fw->bound != 0) {
    kn_build_fail(f, KILN_ERR_STRUCTURE, "a forward value is bound twice");
    return;
  }
  uint32_t h = value.id;
  if (h == 0 || !in_range(f, h) || (kn_is_pool(h) && f->pool.at[kn_index(h)].tls) ||
      !kn_build_fits(f, h, fw->type)) {
    kn_build_bad_operand(f, h, fw->type);
    return;
  }
  fw->bound = h;
}
