/* Which parameters are addresses: what is loaded, stored or copied by, also after it was in a variable, and what is
 * given to another function as a parameter that is one. A guess, by which inputs are drawn. */
#include "inlined.h"

#include <kiln/inspect.h>
#include <stdlib.h>

/* A parameter that is given on. */
struct given {
  uint32_t from, to; /* functions */
  uint32_t k;        /* parameter of `to` */
  uint64_t mask;     /* of which parameters of `from` it is made */
};

struct addresses {
  uint64_t *masks; /* by symbol: which parameters are addresses */
  uint32_t n_masks;
  struct given *given;
  uint32_t n_given;
};

struct addresses *addresses_new(void) { return calloc(1, sizeof(struct addresses)); }

void addresses_free(struct addresses *a) {
  free(a->masks);
  free(a->given);
  free(a);
}

static uint64_t *mask_of(struct addresses *a, uint32_t symbol) {
  if (symbol >= a->n_masks) {
    uint32_t n = 2 * symbol + 64;
    a->masks = realloc(a->masks, n * sizeof *a->masks);
    if (a->masks == NULL) abort();
    for (uint32_t k = a->n_masks; k < n; k++) a->masks[k] = 0;
    a->n_masks = n;
  }
  return &a->masks[symbol];
}

/* What is known in one function: of which parameters values, and contents of slots, are made. */
struct known {
  const kiln_func *f;
  uint64_t *values, *slots;
};

static uint64_t of_operand(const struct known *k, kiln_value v) {
  const kiln_operand_info o = kiln_operand_get(k->f, v);
  return o.kind == KILN_OPERAND_VALUE ? k->values[v.id] : 0;
}

static uint64_t *slot_of(const struct known *k, kiln_value v) {
  const kiln_operand_info o = kiln_operand_get(k->f, v);
  return o.kind == KILN_OPERAND_SLOT ? &k->slots[o.slot] : NULL;
}

static void visit_call(struct addresses *a, const struct known *k, kiln_inst i, uint32_t from) {
  const kiln_inst_info info = kiln_inst_get(k->f, i);
  const kiln_operand_info to = kiln_operand_get(k->f, kiln_inst_operand(k->f, i, 0));
  for (uint32_t n = 1; n < info.n_operands && n <= 64; n++) {
    uint64_t mask = of_operand(k, kiln_inst_operand(k->f, i, n));
    if (mask == 0 || to.kind != KILN_OPERAND_SYMBOL) continue;
    a->given = realloc(a->given, (a->n_given + 1) * sizeof *a->given);
    if (a->given == NULL) abort();
    a->given[a->n_given++] = (struct given){from, to.symbol.id, n - 1, mask};
  }
}

static void visit(struct addresses *a, const struct known *k, kiln_inst i, uint32_t symbol) {
  const kiln_inst_info info = kiln_inst_get(k->f, i);
  kiln_value v[2] = {kiln_inst_operand(k->f, i, 0), kiln_inst_operand(k->f, i, 1)};
  uint64_t *slot = slot_of(k, v[0]);
  switch ((unsigned)info.op) {
  case KILN_OP_LOAD:
    *mask_of(a, symbol) |= of_operand(k, v[0]);
    if (slot != NULL && info.type == KILN_TYPE_I64) k->values[i.id] |= *slot;
    break;
  case KILN_OP_STORE:
    *mask_of(a, symbol) |= of_operand(k, v[0]);
    if (slot != NULL) *slot |= of_operand(k, v[1]);
    break;
  case KILN_OP_ATOMIC_LOAD:
  case KILN_OP_ATOMIC_STORE:
  case KILN_OP_ATOMIC_RMW:
  case KILN_OP_ATOMIC_CAS:
  case KILN_OP_MEMSET: *mask_of(a, symbol) |= of_operand(k, v[0]); break;
  case KILN_OP_MEMCPY:
  case KILN_OP_MEMMOVE: *mask_of(a, symbol) |= of_operand(k, v[0]) | of_operand(k, v[1]); break;
  case KILN_OP_ADDR:
  case KILN_OP_COPY: k->values[i.id] |= of_operand(k, v[0]); break;
  case KILN_OP_CALL:
  case KILN_OP_TRY: visit_call(a, k, i, symbol); break;
  default: break;
  }
}

void addresses_add(struct addresses *a, const kiln_func *f) {
  const uint32_t symbol = kiln_func_symbol(f).id;
  struct known k = {f, calloc(kiln_func_value_limit(f) + 1, sizeof(uint64_t)),
                    calloc(kiln_func_slot_count(f) + 1, sizeof(uint64_t))};
  if (k.values == NULL || k.slots == NULL) abort();
  mask_of(a, symbol);
  kiln_value params[64];
  uint32_t n = kiln_block_params(f, (kiln_block){0}, params, 64);
  for (uint32_t p = 0; p < n && p < 64; p++) k.values[params[p].id] = UINT64_C(1) << p;
  for (uint32_t b = 0; b < kiln_func_block_count(f); b++) {
    kiln_inst i = kiln_block_first_inst(f, kiln_func_block_at(f, b));
    for (; i.id != 0; i = kiln_inst_next(f, i)) visit(a, &k, i, symbol);
  }
  free(k.values);
  free(k.slots);
}

void addresses_settle(struct addresses *a) {
  for (bool changed = true; changed;) {
    changed = false;
    for (uint32_t n = 0; n < a->n_given; n++) {
      const struct given *g = &a->given[n];
      const uint64_t to = *mask_of(a, g->to);
      uint64_t *from = mask_of(a, g->from), was = *from;
      if (to >> g->k & 1) *from |= g->mask;
      changed |= *from != was;
    }
  }
}

uint64_t addresses_of(struct addresses *a, kiln_symbol f) { return *mask_of(a, f.id); }
