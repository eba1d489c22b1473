/* Reading the bodies of an opened module: in parts, in any order, and by forks of the reader in
 * several threads. Tables that reading a body changes are copied to a fork when it reads its first body,
 * in its own thread; tables that are only read are shared with the opened reader.
 * Invariant: once a reader has forks, nothing in it changes until it is closed. */
#include "debug/debug.h"

#include <stdio.h>

/* Makes array `a` an empty one, which no longer refers to another reader's memory. */
#define EMPTY(a) ((a).at = NULL, (a).n = (a).cap = 0)

/* Makes `r`, a copy of `base`, share with `base` the tables that reading bodies does not change. */
static void share(struct kn_bc *r, const struct kn_bc *base) {
  r->base = base;
  r->is_fork = true;
  r->forked = false;
  r->slab = NULL;
  r->slab_used = 0;
  r->shared = (struct kn_bc_shared){
    .words = base->cwords.at,
    .list = base->clist.at,
    .bytes = base->cbytes.at,
    .mds = base->mds.at,
    .n_words = base->cwords.n,
    .n_list = base->clist.n,
    .n_bytes = base->cbytes.n,
    .n_mds = base->mds.n,
  };
  r->module_mds = 0;
  r->md_end = r->shared.n_mds;
  memset(r->files, 0, sizeof r->files); /* their numbers are those of the base's session */
  memset(r->md_defined, 0, sizeof r->md_defined);
  r->vals = NULL;
  r->csts = NULL;
  r->types = NULL;
  r->sigs = NULL;
  r->cap_vals = r->cap_csts = r->cap_types = r->cap_sigs = 0;
  EMPTY(r->type_pieces);
  EMPTY(r->abops);
  EMPTY(r->abbrevs);
  EMPTY(r->scope);
  EMPTY(r->ops);
  EMPTY(r->ahead);
  EMPTY(r->md_ops);
  EMPTY(r->cwords);
  EMPTY(r->clist);
  EMPTY(r->cbytes);
  EMPTY(r->touched);
  EMPTY(r->parts);
  EMPTY(r->args);
  EMPTY(r->params);
  EMPTY(r->cases);
  EMPTY(r->targets);
  EMPTY(r->ids);
  EMPTY(r->ends);
  EMPTY(r->stamps);
  EMPTY(r->late);
  EMPTY(r->pads);
  EMPTY(r->invokes);
  EMPTY(r->clauses);
  EMPTY(r->caught);
  EMPTY(r->addrs);
  EMPTY(r->halves);
  EMPTY(r->mds);
  EMPTY(r->md_scope);
  EMPTY(r->dies);
  EMPTY(r->call_locs);
  EMPTY(r->call_way);
  EMPTY(r->shapes);
  EMPTY(r->assigns);
  EMPTY(r->assign_bytes);
  EMPTY(r->assigned);
  EMPTY(r->waiting);
  r->texts = NULL;
}

/* Makes the empty array at `to` a copy of `n` items, with space for `more`. */
static bool copy(struct kn_bc *r, void *to, uint32_t *cap, const void *from, uint32_t n,
                 uint32_t more, size_t item_size) {
  if (n == 0 && more == 0) return true;
  if (!kn_bc_grow(r, to, cap, (uint64_t)n + more, item_size)) return false;
  void *at; /* `to` is a pointer to a pointer of any type */
  memcpy(&at, to, sizeof at);
  if (n) memcpy(at, from, n * item_size);
  return true;
}

#define COPY(r, b, a)                                                                              \
  (copy((r), &(r)->a.at, &(r)->a.cap, (b)->a.at, (b)->a.n, 0, sizeof *(b)->a.at) &&                \
   ((r)->a.n = (b)->a.n, true))

/* Copies the tables that reading bodies changes to a fork. */
static bool separate(struct kn_bc *r) {
  const struct kn_bc *b = r->base;
  const uint32_t more = 256; /* most functions have fewer values than this */
  r->base = NULL;
  return copy(r, &r->vals, &r->cap_vals, b->vals, b->n_vals, more, sizeof *r->vals) &&
         copy(r, &r->csts, &r->cap_csts, b->csts, b->n_vals, more, sizeof *r->csts) &&
         copy(r, &r->types, &r->cap_types, b->types, b->n_types, 0, sizeof *r->types) &&
         copy(r, &r->sigs, &r->cap_sigs, b->sigs, b->cap_sigs, 0, sizeof *r->sigs) &&
         COPY(r, b, type_pieces) && COPY(r, b, abops) && COPY(r, b, abbrevs) &&
         COPY(r, b, md_scope);
}

/* Reads in advance what each fork would otherwise read, and forbids changes of the reader from now on. */
static bool prepare(struct kn_bc *r) {
  r->silent = false;
  if (kn_bc_module_metadata(r) && (r->has_units || r->has_strict) && !r->has_debug) {
    r->has_debug = true;
    r->learned = 0; /* the forms of records that may have a location behind them */
  }
  r->silent = true;
  r->forked = true;
  return r->status == KILN_OK;
}

/* Reports which function failed, if it was the library or the sink that returned the error status. */
static void name_failed(struct kn_bc *r, const struct kn_bc_global *g) {
  r->diag = (kiln_diag){.status = r->status,
                        .block = UINT32_MAX,
                        .inst = UINT32_MAX,
                        .bit_offset = UINT64_MAX,
                        .message = "the function was not compiled"};
  size_t n = g->name_length, room = sizeof r->diag.function - 1;
  if (g->name) memcpy(r->diag.function, g->name, n < room ? n : room);
}

/* ---- public ---- */

uint32_t kiln_llvm_body_count(const kiln_llvm *l) { return l ? l->bc.bodies.n : 0; }

/* Tells the module why there is no fork; returns NULL. */
static kiln_llvm *no_fork(kiln_module *m, kiln_status status, const char *message) {
  kiln_diag d = {
    .status = status, .block = UINT32_MAX, .inst = UINT32_MAX, .bit_offset = UINT64_MAX};
  snprintf(d.message, sizeof d.message, "%s", message);
  kiln_module_error(m, &d);
  return NULL;
}

kiln_llvm *kiln_llvm_fork(kiln_llvm *l, kiln_session *s) {
  if (!l) return no_fork(kiln_session_module(s), KILN_ERR_ARGUMENT, "a fork of no reader");
  kiln_module *m = l->bc.module;
  if (kiln_session_module(s) != m)
    return no_fork(m, KILN_ERR_ARGUMENT, "a fork needs a session of the reader's module");
  if (l->bc.is_fork) return no_fork(m, KILN_ERR_ARGUMENT, "a fork of a fork");
  if (l->bc.status != KILN_OK || (!l->bc.forked && !prepare(&l->bc)))
    return kiln_module_error(m, &l->bc.diag), NULL;
  kiln_llvm *fork = kn_bc_resize(&l->bc, NULL, sizeof *fork);
  if (!fork) return no_fork(m, KILN_ERR_MEMORY, "out of memory");
  fork->bc = l->bc;
  fork->bc.session = s;
  share(&fork->bc, &l->bc);
  return fork;
}

/* Reads the bodies that wait for assembly. */
static void read_waiting(struct kn_bc *r) {
  if (kn_bc_read_waiting(r)) return;
  if (r->f) kiln_func_discard(r->f);
  r->f = NULL;
  if (r->diag.status == KILN_OK && r->fn) name_failed(r, r->fn);
}

kiln_status kiln_llvm_read_bodies(kiln_llvm *l, uint32_t first, uint32_t n, kiln_func_sink sink,
                                  void *user, uint64_t *instructions) {
  if (instructions) *instructions = 0;
  if (!l || l->bc.forked || first > l->bc.bodies.n || n > l->bc.bodies.n - first)
    return KILN_ERR_ARGUMENT;
  struct kn_bc *r = &l->bc;
  if (r->status != KILN_OK) return r->status;
  uint64_t before = r->instructions;
  r->sink = sink;
  r->sink_user = user;
  if (r->base) separate(r);
  for (uint32_t i = first; i < first + n && r->status == KILN_OK; i++) {
    r->bits.pos = r->bodies.at[i].pos;
    if (kn_bc_read_function(r, r->bodies.at[i].global)) continue;
    if (r->f) kiln_func_discard(r->f);
    r->f = NULL;
    if (r->diag.status == KILN_OK) name_failed(r, &r->globals.at[r->bodies.at[i].global]);
  }
  if (KN_UNLIKELY(r->waiting.n != 0) && !r->defer && r->status == KILN_OK) read_waiting(r);
  if (instructions) *instructions = r->instructions - before;
  return r->status;
}

void kiln_llvm_defer(kiln_llvm *l) {
  if (l) l->bc.defer = true;
}

kiln_status kiln_llvm_read_waiting(kiln_llvm *l, kiln_func_sink sink, void *user,
                                   uint64_t *instructions) {
  if (instructions) *instructions = 0;
  if (!l || l->bc.forked) return KILN_ERR_ARGUMENT;
  struct kn_bc *r = &l->bc;
  uint64_t before = r->instructions;
  r->sink = sink;
  r->sink_user = user;
  if (r->status == KILN_OK) read_waiting(r);
  if (instructions) *instructions = r->instructions - before;
  return r->status;
}

const kiln_diag *kiln_llvm_diag(const kiln_llvm *l) {
  static const kiln_diag no_reader = {.status = KILN_ERR_ARGUMENT,
                                      .block = UINT32_MAX,
                                      .inst = UINT32_MAX,
                                      .bit_offset = UINT64_MAX,
                                      .message = "no reader: the module says why"};
  return l ? &l->bc.diag : &no_reader;
}

void kiln_llvm_close(kiln_llvm *l) {
  if (!l) return;
  struct kn_bc r = l->bc; /* its arrays are freed before the memory of the reader itself */
  kn_bc_free(&r);
  kn_bc_resize(&r, l, 0);
}
