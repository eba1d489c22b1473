/* Keeping functions: a finished function as one piece of memory, in an order in which it can be built again, with what
 * the rule wants to know of it. Called by front ends. Invariant: a kept function is only read. */
#include "ir/builder/builder.h"
#include "ir/inline/inlining.h"

#include <kiln/reachable.h>

#include <stdio.h>

const char *const kn_inline_text[KN_INLINE_COUNT] = {
#define KN_INLINE_ROW(E, of, text) [KN_INLINE_##E] = text,
#include "ir/inline/inline.def"
};

/* ---- what is not kept, or not inlined into ---- */

/* Why function `f` cannot be kept. */
static enum kn_inline_row keep_row(const kiln_func *f) {
  if (kn_inline_debug_of_session(f)) return KN_INLINE_DEBUG;
  if (f->facts.address_taken != 0 || kn_symbol(f->module, f->symbol)->block_first != 0)
    return KN_INLINE_BLOCKS;
  if (f->facts.n_data != 0 || f->facts.n_names != 0) return KN_INLINE_OWN;
  if (f->facts.has_roots) return KN_INLINE_ROOTS;
  return f->attrs.naked ? KN_INLINE_NAKED : KN_INLINE_NONE;
}

enum kn_inline_row kn_inline_into_row(const kiln_func *f) {
  if (f->facts.returns_twice) return KN_INLINE_INTO_TWICE;
  if (f->facts.address_taken != 0 || kn_symbol(f->module, f->symbol)->block_first != 0)
    return KN_INLINE_INTO_BLOCKS;
  if (f->facts.has_roots) return KN_INLINE_INTO_ROOTS;
  return f->attrs.guard != KILN_GUARD_NONE ? KN_INLINE_INTO_GUARDED : KN_INLINE_NONE;
}

/* ---- the order ---- */

enum { UNSEEN, ENTERED };

/* Reverse post-order of what is reachable, into `order`. */
static uint32_t depth_first(const kiln_func *f, uint32_t *order, uint32_t *stack, uint32_t *state) {
  uint32_t n = 0, depth = 0, at = 0, left = f->block[0].n_edges;
  state[0] = ENTERED;
  for (;;) {
    if (left == 0) {
      order[n++] = at;
      if (depth == 0) break;
      left = stack[--depth];
      at = stack[--depth];
      continue;
    }
    /* the last edge first, so that the first one's target comes first in the reverse */
    uint32_t target = f->edges.at[f->block[at].edge_first + --left].target;
    if (state[target] != UNSEEN) continue;
    state[target] = ENTERED;
    stack[depth++] = at;
    stack[depth++] = left;
    at = target;
    left = f->block[target].n_edges;
  }
  for (uint32_t i = 0; i < n / 2; i++) KN_SWAP(order[i], order[n - 1 - i]);
  return n;
}

uint32_t kn_inline_order(const kiln_func *f, uint32_t *order, uint32_t *words) {
  if (f->facts.needs_order) {
    memset(words, 0, f->blocks.n * sizeof *words);
    return depth_first(f, order, words + f->blocks.n, words);
  }
  /* Each block but the entry was filled after one that branches to it: so all that dominate it were. */
  memcpy(order, f->order.at, f->order.n * sizeof *order);
  return f->order.n;
}

/* ---- the copy ---- */

#define ALIGNED(bytes) (((size_t)(bytes) + 15) & ~(size_t)15)

/* What only building needs is left out. */
static void forget_building(kiln_func *f) {
  f->val = NULL;
  f->limit = f->cap = 0;
#define ARRAY(type, name) memset(&f->name, 0, sizeof f->name);
  KN_FUNC_BUILD_ARRAYS(ARRAY)
#undef ARRAY
  f->type_hash = (struct kn_hash){0};
  if (f->debug.subprogram == 0) f->debug = (struct kn_func_debug){0};
  f->next = f->prev = NULL;
}

/* Copies `bytes` at `from` to *at, which moves past them. */
static void *put(uint8_t **at, const void *from, size_t bytes) {
  uint8_t *to = *at;
  if (bytes != 0) memcpy(to, from, bytes);
  *at += ALIGNED(bytes);
  return to;
}

/* Bytes of what a kept copy of the function has, without what `more` of copy_function adds. */
static size_t kept_bytes(const kiln_func *f) {
  size_t size = ALIGNED(sizeof *f) + ALIGNED(f->n * sizeof *f->inst);
#define ARRAY(type, name) size += ALIGNED(f->name.n * sizeof(type));
  KN_FUNC_RESULT_ARRAYS(ARRAY)
#undef ARRAY
#define ARRAY(type, name) size += ALIGNED(f->debug.name.n * sizeof(type));
  if (f->debug.subprogram != 0) {
    KN_FUNC_DEBUG_ARRAYS(ARRAY)
  }
#undef ARRAY
  for (unsigned k = 0; k < KN_NOTE_COUNT; k++)
    size += ALIGNED(f->notes[k].n * sizeof *f->notes[k].at);
  return size;
}

/* A copy of the function in one piece of memory, with `more` bytes after it at *rest; NULL without memory. */
static kiln_func *copy_function(const kiln_func *f, size_t more, uint8_t **rest) {
  kiln_func *copy = kn_realloc(f->module, NULL, kept_bytes(f) + more);
  if (copy == NULL) return NULL;
  uint8_t *at = (uint8_t *)copy + ALIGNED(sizeof *copy);
  *copy = *f;
  forget_building(copy);
  copy->inst = put(&at, f->inst, f->n * sizeof *f->inst);
#define ARRAY(type, name)                                                                          \
  copy->name.at = put(&at, copy->name.at, copy->name.n * sizeof(type));                            \
  copy->name.cap = copy->name.n;
  KN_FUNC_RESULT_ARRAYS(ARRAY)
#undef ARRAY
#define ARRAY(type, name)                                                                          \
  copy->debug.name.at = put(&at, copy->debug.name.at, copy->debug.name.n * sizeof(type));          \
  copy->debug.name.cap = copy->debug.name.n;
  if (copy->debug.subprogram != 0) {
    KN_FUNC_DEBUG_ARRAYS(ARRAY)
  }
#undef ARRAY
  for (unsigned k = 0; k < KN_NOTE_COUNT; k++) {
    copy->notes[k].at = put(&at, copy->notes[k].at, copy->notes[k].n * sizeof *copy->notes[k].at);
    copy->notes[k].cap = copy->notes[k].n;
  }
  copy->block = copy->blocks.at;
  *rest = at;
  return copy;
}

/* Puts the reachable blocks in order, the one that returns last if only one does; their number, 0 without memory. */
static uint32_t set_order(struct kn_body *body, kiln_func *f, struct kn_inline_room *room) {
  uint32_t n = kn_inline_put_order(f, room), *order = room->order.at, last = 0;
  for (uint32_t k = 0; k < n; k++) {
    if (f->inst[f->block[order[k]].term].op != KILN_OP_RET) continue;
    body->n_returns++;
    last = k;
  }
  if (body->n_returns == 1) {
    uint32_t returning = order[last];
    memmove(order + last, order + last + 1, (n - last - 1) * sizeof *order);
    order[n - 1] = returning;
  }
  return n;
}

/* ---- the table ---- */

/* Where the body of `symbol` goes; NULL without memory. */
static struct kn_body **entry_of(kiln_module *m, uint32_t symbol) {
  if (m->kept == NULL) {
    m->kept = kn_realloc(m, NULL, sizeof *m->kept);
    if (m->kept == NULL) return NULL;
    *m->kept = (struct kn_kept){0};
  }
  struct kn_kept *k = m->kept;
  if (symbol >= k->n_symbols) {
    uint32_t n = m->symbols.n > 2 * k->n_symbols ? m->symbols.n : 2 * k->n_symbols;
    struct kn_body **at = kn_realloc(m, k->by_symbol, n * sizeof(struct kn_body *));
    if (at == NULL) return NULL;
    memset(at + k->n_symbols, 0, (n - k->n_symbols) * sizeof(struct kn_body *));
    k->by_symbol = at;
    k->n_symbols = n;
  }
  return KN_ROOM(m, k->bodies, 1) ? &k->by_symbol[symbol] : NULL;
}

static void free_body(const kiln_module *m, struct kn_body *body) {
  if (body->locs != NULL) kn_realloc(m, body->locs, 0);
  kn_realloc(m, (void *)(uintptr_t)body->f, 0); /* which it is a part of */
}

void kn_kept_free(kiln_module *m) {
  struct kn_kept *k = m->kept;
  if (k == NULL) return;
  for (uint32_t i = 0; i < k->bodies.n; i++) free_body(m, k->bodies.at[i]);
  kn_realloc(m, k->bodies.at, 0);
  kn_inline_free_files(m);
  KN_FREE(&m->options.allocator, k->by_symbol, k);
  m->kept = NULL;
}

/* The function as a kept one; NULL without memory. */
static struct kn_body *make_body(kiln_func *f) {
  struct kn_body measured = {.row = KN_INLINE_NONE};
  struct kn_inline_room *room = kn_inline_room_of(f->session);
  uint32_t n = room != NULL ? set_order(&measured, f, room) : 0;
  if (n == 0 || !kn_body_measure(&measured, f, room, n)) return NULL;
  const size_t calls = room->calls.n * sizeof *room->calls.at;
  uint8_t *rest;
  kiln_func *copy =
    copy_function(f, ALIGNED(sizeof measured) + ALIGNED(calls) + ALIGNED(f->slots.n), &rest);
  if (copy == NULL) return NULL;
  memcpy(copy->order.at, room->order.at, n * sizeof *copy->order.at); /* it has as many, or more */
  copy->order.n = n;
  struct kn_body *body = put(&rest, &measured, sizeof measured);
  body->f = copy;
  body->n_calls = room->calls.n;
  body->calls = put(&rest, room->calls.at, calls);
  body->promotable = put(&rest, room->promotable.at, f->slots.n);
  if (!kn_inline_keep_locs(body, copy, f)) {
    free_body(f->module, body);
    return NULL;
  }
  return body;
}

static kiln_status keep(kiln_func *f) {
  kiln_module *m = f->module;
  if (kn_module_failed(m)) return kiln_module_status(m);
  const char *late = m->frozen                            ? "the module is frozen"
                     : m->settled                         ? "inlining is settled"
                     : kn_kept_body(m, f->symbol) != NULL ? "it was kept before"
                                                          : NULL;
  if (late != NULL)
    return kn_module_fail(m, KILN_ERR_STRUCTURE, "'%.100s' cannot be kept: %s",
                          kn_symbol(m, f->symbol)->name, late);
  if (keep_row(f) != KN_INLINE_NONE) return KILN_ERR_UNSUPPORTED;
  kiln_status status = m->options.verify ? kiln_func_verify(f) : KILN_OK;
  if (status != KILN_OK) return status;
  struct kn_body **at = entry_of(m, f->symbol), *body = at != NULL ? make_body(f) : NULL;
  if (body == NULL && kn_module_own(m) == KILN_OK)
    kn_module_fail(m, KILN_ERR_MEMORY, "out of memory");
  if (body == NULL) return kn_module_own(m);
  *at = m->kept->bodies.at[m->kept->bodies.n++] = body;
  kn_symbol_undefine_func(m, f->symbol);
  kn_func_release(f);
  return KILN_OK;
}

kiln_status kiln_func_keep(kiln_func *f) {
  if (f == NULL) return KILN_ERR_ARGUMENT;
  kiln_status status = kiln_func_finish(f);
  return status == KILN_OK ? keep(f) : status;
}

kiln_status kiln_symbol_set_inline_only(kiln_module *m, kiln_symbol symbol) {
  if (kn_module_failed(m)) return kiln_module_status(m);
  struct kn_body *body = kn_kept_body(m, symbol.id);
  if (body == NULL)
    return kn_module_fail(m, KILN_ERR_ARGUMENT, "no function was kept for the symbol");
  __atomic_store_n(&body->begun, true, __ATOMIC_RELAXED);
  return KILN_OK;
}

bool kn_kept_begun(const kiln_module *m, kiln_diag *d) {
  const struct kn_kept *k = m->kept;
  uint32_t n = k != NULL ? k->n_symbols : 0, at = 1;
  while (at < n &&
         (k->by_symbol[at] == NULL || __atomic_load_n(&k->by_symbol[at]->begun, __ATOMIC_RELAXED) ||
          !kiln_symbol_is_reachable(m, (kiln_symbol){at})))
    at++;
  if (at >= n) return true;
  *d = (kiln_diag){.status = KILN_ERR_STRUCTURE,
                   .message = "the function was kept, but not begun (kiln_session_begin_kept)"};
  snprintf(d->function, sizeof d->function, "%s", kn_symbol(m, at)->name);
  return false;
}

const char *kiln_func_why_not_kept(const kiln_func *f) {
  return f != NULL && f->facts.finished ? kn_inline_text[keep_row(f)] : NULL;
}

bool kiln_symbol_is_inlined(const kiln_module *m, kiln_symbol symbol) {
  const struct kn_body *body = m != NULL ? kn_kept_body(m, symbol.id) : NULL;
  return body != NULL && __atomic_load_n(&body->inlined, __ATOMIC_RELAXED);
}

const char *kiln_symbol_why_not_inlined(const kiln_module *m, kiln_symbol symbol) {
  const struct kn_body *body = m != NULL ? kn_kept_body(m, symbol.id) : NULL;
  if (body == NULL) return NULL;
  const bool large = body->row == KN_INLINE_NONE && !m->settled &&
                     kn_inline_constants(m, body, body->size) == UINT32_MAX;
  return kn_inline_text[large ? KN_INLINE_LARGE : body->row];
}
