/* Reading the bodies of an opened module: in parts, in any order, and by forks of the reader in
 * several threads. Tables that reading a body changes are copied to a fork when it reads its first body,
 * in its own thread; tables that are only read are shared with the opened reader.
 * Invariant: once a reader has forks, nothing in it changes until it is closed. */
#include "debug/debug.h"

#include <kiln/inline.h>
#include <kiln/reachable.h>

#include <stdio.h>

/* Makes the empty array at `to` a copy of `n` items, with space for `more`. */
static bool copy(struct kn_bc *r, void *to, uint32_t *cap, const void *from, uint32_t n,
                 uint32_t more, size_t item_size) {
  if (n == 0 || !kn_bc_grow(r, to, cap, (uint64_t)n + more, item_size)) return n == 0;
  void *at; /* `to` is a pointer to a pointer of any type */
  memcpy(&at, to, sizeof at);
  memcpy(at, from, n * item_size);
  return true;
}

/* Copies the tables that reading bodies changes to a fork. */
static void separate(struct kn_bc *r) {
  const struct kn_bc *b = r->base;
  const uint32_t more = 256; /* most functions have fewer values than this */
  r->base = NULL;
#define TABLE(type, name)                                                                          \
  if (!copy(r, &r->name.at, &r->name.cap, b->name.at, b->name.n, more, sizeof(type))) return;      \
  r->name.n = b->name.n;
  KN_BC_TABLES(TABLE)
#undef TABLE
}

/* Reports which function failed, if it was the library or the sink that returned the error status. */
static void name_failed(struct kn_bc *r, const struct kn_bc_global *g) {
  r->diag = (kiln_diag){.status = r->status, .message = "the function was not compiled"};
  size_t n = g->name_length, room = sizeof r->diag.function - 1;
  if (g->name) memcpy(r->diag.function, g->name, n < room ? n : room);
}

/* ---- public ---- */

uint32_t kiln_llvm_body_count(const kiln_llvm *l) { return l ? l->bc.m->bodies.n : 0; }

/* Tells the module why there is no fork; returns NULL. */
static kiln_llvm *no_fork(kiln_module *m, kiln_status status, const char *message) {
  kiln_module_fail(m, status, message);
  return NULL;
}

kiln_llvm *kiln_llvm_fork(kiln_llvm *l, kiln_session *s) {
  if (!l) return no_fork(kiln_session_module(s), KILN_ERR_ARGUMENT, "the reader is missing (NULL)");
  kiln_module *m = l->bc.module;
  if (kiln_session_module(s) != m)
    return no_fork(m, KILN_ERR_ARGUMENT, "a fork needs a session of the reader's module");
  if (l->is_fork) return no_fork(m, KILN_ERR_ARGUMENT, "a fork of a fork");
  const struct kn_bc *base = &l->bc;
  if (base->status != KILN_OK) return kiln_module_fail_diag(m, &base->diag), NULL;
  l->bc.forked = true; /* forbids changes of the reader from now on */
  kiln_llvm *fork = kn_bc_resize(base, NULL, sizeof *fork);
  if (!fork) return no_fork(m, KILN_ERR_MEMORY, "out of memory");
  *fork = (kiln_llvm){
    .bc = {.m = base->m,
           .base = base,
           .session = s,
           .module = m,
           .target = base->target,
           .allocator = base->allocator,
           .in = {.bits = base->in.bits,
                  .decoder = base->in.decoder,
                  .width = base->in.width,
                  .scope_info = UINT32_MAX},
           .inst_base = base->inst_base,
           .has_debug = base->has_debug,
           .assembly.defer = base->assembly.defer,
           .later = true,
           .silent = true},
    .is_fork = true,
  };
  return fork;
}

/* Reads the bodies that wait for assembly. */
static void read_waiting(struct kn_bc *r) {
  if (kn_bc_read_waiting(r)) return;
  if (r->f) kiln_func_discard(r->f);
  r->f = NULL;
  if (r->diag.status == KILN_OK && r->fn.global) name_failed(r, r->fn.global);
}

bool kn_bc_read_body(struct kn_bc *r, uint32_t number) {
  const struct kn_bc_body *b = &r->m->bodies.at[number];
  if (r->base) separate(r);
  r->in.bits.pos = b->pos;
  if (r->status == KILN_OK && kn_bc_read_function(r, b->global)) return true;
  if (r->f) kiln_func_discard(r->f);
  r->f = NULL;
  if (r->diag.status == KILN_OK) name_failed(r, &r->m->globals.at[b->global]);
  return false;
}

/* ---- bodies that are kept ---- */

/* A function of more blocks, or of more instructions of LLVM's, is not small. The number of blocks is known before the
 * body is read, so that most large ones are not read for nothing. Neither depends on debug information. */
enum { SMALL_BLOCKS = 48, SMALL_INSTRUCTIONS = 280 };

/* The number of blocks of body `b`, or 0 if its first record does not declare it. */
static uint64_t number_of_blocks(const struct kn_bc *r, const struct kn_bc_body *b) {
  struct kn_bits bits = r->in.bits;
  bits.pos = b->pos;
  const uint64_t width = kn_bits_vbr(&bits, 4);
  kn_bits_align(&bits);
  bits.pos += 32; /* the block's length */
  return width > 6 ? 0 : kn_bc_number_of_blocks(&bits, (unsigned)width);
}

/* A body that may be kept. */
struct candidate {
  const struct kn_bc *r;
  uint64_t before;         /* instructions that were read before it */
  bool always, copy, kept; /* it is to be inlined whatever its size; another module defines it */
};

static kiln_status keep(void *user, kiln_func *f) {
  struct candidate *c = user;
  const kiln_symbol symbol = kiln_func_symbol(f);
  const bool wanted = c->always || !c->r->m->foreign_only || kiln_func_get_attrs(f).foreign;
  const bool small =
    c->r->fn.n_bbs <= SMALL_BLOCKS && c->r->instructions - c->before <= SMALL_INSTRUCTIONS;
  c->kept = wanted && (c->always || small) && kiln_func_keep(f) == KILN_OK;
  if (!c->kept) kiln_func_discard(f);
  else if (c->copy) kiln_symbol_set_inline_only(c->r->module, symbol);
  return KILN_OK;
}

kiln_status kiln_llvm_keep_bodies(kiln_llvm *l, uint64_t *instructions) {
  if (instructions) *instructions = 0;
  if (!l || l->bc.forked || l->is_fork) return KILN_ERR_ARGUMENT;
  struct kn_bc *r = &l->bc;
  if (r->status != KILN_OK || !r->m->inlining) return r->status;
  uint64_t before = r->instructions;
  struct candidate c = {.r = r};
  r->sink = keep;
  r->sink_user = &c;
  r->keeping = true;
  for (uint32_t i = 0; i < r->m->bodies.n && r->status == KILN_OK; i++) {
    const struct kn_bc_body *b = &r->m->bodies.at[i];
    const uint32_t flags = r->m->globals.at[b->global].fn_flags;
    c.always = (flags & FA_INLINE_ALWAYS) != 0;
    if (!c.always && number_of_blocks(r, b) > SMALL_BLOCKS) continue;
    if (b->copy && flags & (FA_CALL_REFUSED | FA_INLINE_NEVER)) continue;
    c.before = r->instructions;
    c.copy = b->copy;
    c.kept = false;
    if (!kn_bc_read_body(r, i)) break;
    if (c.kept) l->module->bodies.at[i].kept = true;
    else r->instructions = c.before; /* it is read again */
  }
  r->assembly.waiting.n = 0; /* so are these */
  r->keeping = false;
  if (instructions) *instructions = r->instructions - before;
  if (r->status == KILN_OK) r->status = kiln_module_settle_inlining(r->module);
  if (r->status == KILN_OK) r->status = kiln_module_track_reachability(r->module);
  return r->status;
}

uint32_t kiln_llvm_next_bodies(kiln_llvm *l, uint32_t *out, uint32_t max) {
  if (!l || l->is_fork) return 0;
  uint32_t n = 0;
  const bool all = !l->bc.m->inlining || l->bc.m->assembly.n != 0;
  for (uint32_t i = 0; i < l->bc.m->bodies.n && n < max; i++) {
    struct kn_bc_body *b = &l->module->bodies.at[i];
    const struct kn_bc_global *g = &l->bc.m->globals.at[b->global];
    if (b->asked || b->copy) continue;
    if (!all && g->discardable && !kiln_symbol_is_reachable(l->bc.module, (kiln_symbol){g->symbol}))
      continue;
    b->asked = true;
    out[n++] = i;
  }
  return n;
}

/* Builds a kept body, for the sink. */
static void build_kept(struct kn_bc *r, const struct kn_bc_global *g) {
  kiln_func *f = kiln_session_begin_kept(r->session, (kiln_symbol){g->symbol});
  kiln_status status = f ? kiln_func_status(f) : KILN_ERR_MEMORY;
  if (status != KILN_OK || !r->sink) status = kiln_func_compile(f);
  else status = r->sink(r->sink_user, f);
  r->status = status;
  if (status != KILN_OK && r->diag.status == KILN_OK) name_failed(r, g);
}

kiln_status kiln_llvm_read_bodies(kiln_llvm *l, uint32_t first, uint32_t n, kiln_func_sink_fn sink,
                                  void *user, uint64_t *instructions) {
  if (instructions) *instructions = 0;
  if (!l || l->bc.forked || first > l->bc.m->bodies.n || n > l->bc.m->bodies.n - first)
    return KILN_ERR_ARGUMENT;
  struct kn_bc *r = &l->bc;
  if (r->status != KILN_OK) return r->status;
  uint64_t before = r->instructions;
  r->sink = sink;
  r->sink_user = user;
  for (uint32_t i = first; i < first + n && r->status == KILN_OK; i++) {
    const struct kn_bc_body *b = &r->m->bodies.at[i];
    if (b->copy) continue;
    if (KN_UNLIKELY(b->kept)) build_kept(r, &r->m->globals.at[b->global]);
    else kn_bc_read_body(r, i);
  }
  if (KN_UNLIKELY(r->assembly.waiting.n != 0) && !r->assembly.defer && r->status == KILN_OK)
    read_waiting(r);
  if (instructions) *instructions = r->instructions - before;
  return r->status;
}

kiln_status kiln_llvm_defer_assembly(kiln_llvm *l) {
  if (!l) return KILN_ERR_ARGUMENT;
  l->bc.assembly.defer = true;
  return KILN_OK;
}

kiln_status kiln_llvm_read_deferred(kiln_llvm *l, kiln_func_sink_fn sink, void *user,
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
                                      .message = "no reader: the module says why"};
  return l ? &l->bc.diag : &no_reader;
}

void kiln_llvm_free(kiln_llvm *l) {
  if (!l) return;
  const struct kn_bc allocator = {.allocator = l->bc.allocator};
  kn_bc_free(&l->bc);
  if (!l->is_fork) kn_bc_memory_reset(&l->bc, &l->module->memory, false);
  kn_bc_resize(&allocator, l, 0);
}
