/* Protected memory. A pool is a piece of address space, cut into chunks; a chunk belongs to one kind of
 * content as long as any of it is in use. DUAL: code and read-only data are shared pages that are
 * mapped a second time, writable; data is private memory. SWITCH: all is private memory, code and
 * read-only data are given out in whole pages, which are writable until they are sealed. pages.h has what the
 * system does.
 * What is free can be used: at most one empty chunk of each kind stays with its pool, and one empty pool with the JIT;
 * both go back before a unit is refused. Code lies at the start of a pool, the rest at its end, so that few mappings
 * suffice.
 * After a fork a child executes the shared pages too. Before the parent changes anything in a chunk that a child may
 * use, the chunk gets new pages with the same content (kiln_jit.forks counts forks).
 * Invariant: no mapping is ever writable and executable; no file descriptor outlives a call, since the host may close
 * descriptors that it did not open, and reuse their numbers. Called with the JIT locked. */
#include "lib/jit/memory/memory.h"
#include "lib/jit/memory/pages.h"

#include "base/bytes.h"
#include "targets/target.h"

#include <errno.h>

#define NEAR_DEFAULT (UINT64_C(128) << 20)
#define FAR_DEFAULT (UINT64_C(16) << 20)
#define POOL_MOST (UINT64_C(1) << 30) /* so that everything in it reaches everything */
enum { GRANULES = KN_JIT_CHUNK / KN_JIT_GRANULE };

/* By kind; the last row is of memory that is not in use yet. */
static const char *const kind_names[KN_JIT_KINDS + 1] = {"executable", "read-only", "writable",
                                                         "executable"};

/* Reports a call of the system's that failed; false. */
static bool fail_system(kiln_jit_error *e, const char *call, uint64_t size, const char *what) {
  int error = errno;
  return KN_JIT_FAIL(false, e, KILN_ERR_SYSTEM, "%s failed for %llu bytes of %s memory: %s", call,
                     (unsigned long long)size, what, strerror(error));
}

/* The result of a function of pages.h, reported if it is a failure. */
static bool done(const char *failed, kiln_jit_error *e, uint64_t size, const char *what) {
  return failed == NULL || fail_system(e, failed, size, what);
}

/* ---- pools ---- */

static void pool_free(kiln_jit *jit, struct kn_jit_pool *p) {
  for (uint32_t i = 0; i < p->n_chunks; i++)
    if (p->chunks[i].granules != NULL) kn_jit_realloc(jit, p->chunks[i].granules, 0);
  kn_jit_unwind_forget(p);
  if (p->map != NULL) kn_pages_release(p->map, p->map_size);
  if (p->alias != NULL) kn_pages_release(p->alias, p->map_size);
  p->retired = (struct kn_jit_retired){.parts = {p}};
  kn_jit_retire(jit, &p->retired);
}

/* Address space with a guard page at both ends, its content aligned to chunks. */
static uint8_t *reserve(uint64_t size, uint64_t page, uint8_t **map, size_t *map_size) {
  *map_size = (size_t)(size + 2 * page + KN_JIT_CHUNK);
  uint8_t *at = kn_pages_reserve(*map_size);
  if (at == NULL) return NULL;
  *map = at;
  return (uint8_t *)kn_align_up((uintptr_t)at + page, KN_JIT_CHUNK);
}

/* Makes both sides of `n` chunks of a pool mappings of the same new memory: one as its kind is used, one to be
 * written. */
static bool map_twice(struct kn_jit_pool *p, uint32_t first, uint32_t n, enum kn_jit_kind kind,
                      kiln_jit_error *e) {
  uint8_t *at = p->base + (size_t)first * KN_JIT_CHUNK;
  size_t size = (size_t)n * KN_JIT_CHUNK;
  bool ok = done(kn_pages_map_twice(at, at + p->delta, size, kind), e, size, kind_names[kind]);
  for (uint32_t i = first; i < first + n; i++) p->chunks[i].separate = !ok;
  return ok;
}

/* The writable side of a pool. */
static bool map_alias(const kiln_jit *jit, struct kn_jit_pool *p, uint64_t size,
                      kiln_jit_error *e) {
  size_t map_size;
  uint8_t *at = reserve(size, jit->page, &p->alias, &map_size);
  if (at == NULL) return fail_system(e, kn_pages_reserves, size, "reserved");
  p->delta = at - p->base;
  return map_twice(p, 0, p->n_chunks, KN_JIT_KINDS, e);
}

static struct kn_jit_pool *pool_new(kiln_jit *jit, uint64_t size, bool dual, kiln_jit_error *e) {
  struct kn_jit_pool *p;
  const size_t n = (size_t)(size / KN_JIT_CHUNK);
  const size_t bytes = sizeof *p + n * (sizeof p->units[0] + sizeof *p->chunks);
  p = kn_jit_realloc(jit, NULL, bytes);
  if (p == NULL) return kn_jit_no_memory(e), NULL;
  memset(p, 0, bytes);
  p->n_chunks = (uint32_t)n;
  p->chunks = (struct kn_jit_chunk *)(void *)(p->units + n);
  p->base = reserve(size, jit->page, &p->map, &p->map_size);
  if (p->base == NULL ? !fail_system(e, kn_pages_reserves, size, "reserved")
                      : dual && !map_alias(jit, p, size, e)) {
    pool_free(jit, p);
    return NULL;
  }
  p->end_free = p->n_chunks;
  jit->stats.reserved_bytes += size;
  return p;
}

/* Sets the protection of whole chunks of a kind that are taken into use. In DUAL mode the mapping of code and read-only
 * data changes its protection where that is possible. It is mapped again if it held data, or if the system forbids
 * making memory executable that was mapped otherwise. */
static bool chunks_open(const kiln_jit *jit, struct kn_jit_pool *p, uint32_t first, uint32_t n,
                        enum kn_jit_kind kind, kiln_jit_error *e) {
  uint8_t *at = p->base + (size_t)first * KN_JIT_CHUNK;
  size_t size = (size_t)n * KN_JIT_CHUNK;
  if (!jit->dual ||
      kind == KN_JIT_RW) /* without DUAL, code and read-only data follow block by block */
    if (!done(kn_pages_open(at, size, kind, jit->dual), e, size, kind_names[kind])) return false;
  if (!jit->dual) return true;
  bool separate = false;
  for (uint32_t i = first; i < first + n; i++)
    separate |= p->chunks[i].separate |= kind == KN_JIT_RW;
  return kind == KN_JIT_RW || (!separate && kn_pages_protect(at, size, kind) == NULL) ||
         map_twice(p, first, n, kind, e);
}

/* Whether a child may use what is in the chunk's pages. */
static bool shared_with_child(const kiln_jit *jit, const struct kn_jit_chunk *c) {
  return jit->dual && c->kind != KN_JIT_RW && c->forks != jit->forks;
}

/* Gives the memory of whole chunks back to the system. Where this fails, what was there stays: it is overwritten before
 * the next use. */
static void chunks_close(const kiln_jit *jit, struct kn_jit_pool *p, uint32_t first, uint32_t n) {
  uint8_t *at = p->base + (size_t)first * KN_JIT_CHUNK;
  size_t size = (size_t)n * KN_JIT_CHUNK;
  struct kn_jit_chunk *c = p->chunks + first;
  if (!jit->dual || c->kind == KN_JIT_RW) {
    kn_pages_close(at, size);
  } else if (shared_with_child(jit, c)) { /* the pages are the child's */
    kn_pages_close(at, size);
    kn_pages_close(at + p->delta, size);
    for (uint32_t i = 0; i < n; i++) c[i].separate = true;
  } else {
    kn_pages_close_twice(at, at + p->delta, size);
  }
}

/* Gives a chunk new pages with the same content, and leaves the old ones to the child. Threads that execute the code
 * see the same bytes before and after. If it fails, nothing may be written to the chunk. */
static void chunk_renew(const kiln_jit *jit, struct kn_jit_pool *p, uint32_t i) {
  struct kn_jit_chunk *c = p->chunks + i;
  uint8_t *at = p->base + (size_t)i * KN_JIT_CHUNK;
  c->stale = true;
  if (!kn_pages_renew(at, at + p->delta, KN_JIT_CHUNK, c->kind)) return;
  c->stale = false;
  c->forks = jit->forks;
  if (c->kind == KN_JIT_CODE) __builtin___clear_cache((char *)at, (char *)at + KN_JIT_CHUNK);
}

/* The first of `n` free chunks in a row, from the pool's start for code and from its end for the rest; UINT32_MAX if
 * there is none. */
static uint32_t find_chunks(const struct kn_jit_pool *p, uint32_t n, enum kn_jit_kind kind) {
  uint32_t row = 0;
  for (uint32_t k = p->first_free; k < p->end_free; k++) {
    uint32_t i = kind == KN_JIT_CODE ? k : p->end_free - 1 - (k - p->first_free);
    row = p->chunks[i].taken ? 0 : row + 1;
    if (row == n) return kind == KN_JIT_CODE ? i + 1 - n : i;
  }
  return UINT32_MAX;
}

/* Finds and takes `n` free chunks in a row; their first one, or UINT32_MAX. */
static uint32_t chunks_take(kiln_jit *jit, struct kn_jit_pool *p, uint32_t n, enum kn_jit_kind kind,
                            kiln_jit_error *e) {
  uint32_t first = find_chunks(p, n, kind);
  if (first == UINT32_MAX || !chunks_open(jit, p, first, n, kind, e)) return UINT32_MAX;
  for (uint32_t i = first; i < first + n; i++) /* a child that there is already has no unit here */
    p->chunks[i] = (struct kn_jit_chunk){
      .taken = true, .kind = (uint8_t)kind, .separate = p->chunks[i].separate, .forks = jit->forks};
  p->chunks[first].run = n;
  p->n_taken += n;
  while (p->first_free < p->end_free && p->chunks[p->first_free].taken) p->first_free++;
  while (p->first_free < p->end_free && p->chunks[p->end_free - 1].taken) p->end_free--;
  jit->stats.memory_bytes += (uint64_t)n * KN_JIT_CHUNK;
  return first;
}

static void chunks_give(kiln_jit *jit, struct kn_jit_pool *p, uint32_t first) {
  struct kn_jit_chunk *c = p->chunks + first;
  uint32_t n = c->run;
  chunks_close(jit, p, first, n);
  if (c->granules != NULL) kn_jit_realloc(jit, c->granules, 0);
  for (uint32_t i = first; i < first + n; i++)
    p->chunks[i] = (struct kn_jit_chunk){.separate = p->chunks[i].separate};
  if (p->first_free == p->end_free) { /* there was no free chunk */
    p->first_free = first;
    p->end_free = first + n;
  }
  if (first < p->first_free) p->first_free = first;
  if (first + n > p->end_free) p->end_free = first + n;
  p->n_taken -= n;
  jit->stats.memory_bytes -= (uint64_t)n * KN_JIT_CHUNK;
}

/* ---- granules of a chunk ---- */

/* The first of `n` free granules in a row at a multiple of `align` granules, or UINT32_MAX. Sets
 * `longest` to the longest row if there is none. */
static uint32_t find_row(const uint8_t *used, uint32_t n, uint32_t align, uint32_t *longest) {
  const uint8_t *start = used, *const all = used + GRANULES, *end;
  for (*longest = 0; (start = memchr(start, 0, (size_t)(all - start))) != NULL; start = end) {
    end = memchr(start, 1, (size_t)(all - start));
    if (end == NULL) end = all;
    const uint32_t row = (uint32_t)(end - start),
                   at = (uint32_t)kn_align_up((uint64_t)(start - used), align);
    if (used + at < end && (uint32_t)(end - used) - at >= n) return at;
    if (row > *longest) *longest = row;
  }
  return UINT32_MAX;
}

static uint64_t granule_of(const kiln_jit *jit, enum kn_jit_kind kind) {
  return jit->dual || kind == KN_JIT_RW ? KN_JIT_GRANULE : jit->page;
}

/* Takes granules of a chunk that is split; UINT32_MAX if they do not fit. */
static uint32_t take_here(struct kn_jit_chunk *c, uint32_t n, uint32_t align) {
  if (c->longest < n || c->stale) return UINT32_MAX;
  uint32_t longest, at = find_row(c->granules, n, align, &longest);
  if (at == UINT32_MAX) {
    if (align == 1) c->longest = (uint16_t)longest;
    return at;
  }
  memset(c->granules + at, 1, n);
  c->used = (uint16_t)(c->used + n);
  return at;
}

static bool take_small(kiln_jit *jit, struct kn_jit_pool *p, enum kn_jit_kind kind, uint32_t n,
                       uint32_t align, struct kn_jit_block *b, kiln_jit_error *e) {
  uint32_t i = p->cursor[kind], at = UINT32_MAX;
  for (uint32_t seen = 0; seen < p->n_chunks && at == UINT32_MAX; seen++) {
    if (i >= p->n_chunks) i = 0;
    struct kn_jit_chunk *c = p->chunks + i;
    if (c->taken && c->granules != NULL && c->kind == kind) at = take_here(c, n, align);
    if (at == UINT32_MAX) i++;
  }
  if (at == UINT32_MAX) {
    uint8_t *granules = kn_jit_realloc(jit, NULL, GRANULES);
    if (granules == NULL) return kn_jit_no_memory(e);
    i = chunks_take(jit, p, 1, kind, e);
    if (i == UINT32_MAX) {
      kn_jit_realloc(jit, granules, 0);
      return false;
    }
    p->chunks[i].granules = memset(granules, 0, GRANULES);
    p->chunks[i].longest = GRANULES;
    at = take_here(p->chunks + i, n, align);
  }
  p->cursor[kind] = i;
  if (p->spare[kind] == i + 1) p->spare[kind] = 0;
  b->pool = p;
  b->at = p->base + (size_t)i * KN_JIT_CHUNK + (size_t)at * KN_JIT_GRANULE;
  return true;
}

/* Takes a block in a pool. False, without an error, if it does not fit. */
static bool take(kiln_jit *jit, struct kn_jit_pool *p, enum kn_jit_kind kind, uint64_t size,
                 uint64_t align, struct kn_jit_block *b, kiln_jit_error *e) {
  uint64_t unit = granule_of(jit, kind);
  uint64_t bytes = kn_align_up(size, unit);
  if (align < unit) align = unit;
  b->size = size;
  b->zero = false;
  if (bytes <= KN_JIT_CHUNK / 2) {
    if (!take_small(jit, p, kind, (uint32_t)(bytes / KN_JIT_GRANULE),
                    (uint32_t)(align / KN_JIT_GRANULE), b, e))
      return false;
  } else {
    uint64_t n = (bytes + KN_JIT_CHUNK - 1) / KN_JIT_CHUNK;
    uint32_t first = n <= p->n_chunks ? chunks_take(jit, p, (uint32_t)n, kind, e) : UINT32_MAX;
    if (first == UINT32_MAX) return false;
    b->pool = p;
    b->at = p->base + (size_t)first * KN_JIT_CHUNK;
    b->zero = kind == KN_JIT_RW;
  }
  if (!jit->dual && kind != KN_JIT_RW &&
      !done(kn_pages_protect(b->at, (size_t)bytes, KN_JIT_RW), e, bytes, "writable")) {
    kn_jit_give(jit, b, kind);
    return false;
  }
  *(kind == KN_JIT_CODE ? &jit->stats.code_bytes : &jit->stats.data_bytes) += size;
  return true;
}

/* Nothing of the pool is in use. */
static bool pool_empty(const struct kn_jit_pool *p) {
  uint32_t spare = 0;
  for (unsigned k = 0; k < KN_JIT_KINDS; k++) spare += p->spare[k] != 0;
  return p->n_taken == spare;
}

static void pool_unmap(kiln_jit *jit, struct kn_jit_pool *p) {
  struct kn_jit_pool *_Atomic *at = &jit->pools;
  struct kn_jit_pool *here;
  while ((here = *at) != p) at = &here->next;
  *at = p->next;
  for (unsigned k = 0; k < KN_JIT_KINDS; k++)
    jit->stats.memory_bytes -= p->spare[k] != 0 ? KN_JIT_CHUNK : 0;
  jit->stats.reserved_bytes -= (uint64_t)p->n_chunks * KN_JIT_CHUNK;
  pool_free(jit, p);
}

/* Unmaps a pool that became empty, unless it is the only empty one, which the next unit may need. */
static void pool_settle(kiln_jit *jit, struct kn_jit_pool *p) {
  if (jit->options.reach == KILN_JIT_REACH_NEAR || !pool_empty(p)) return;
  bool other = (uint64_t)p->n_chunks * KN_JIT_CHUNK != jit->pool_bytes;
  for (const struct kn_jit_pool *q = jit->pools; q != NULL && !other; q = q->next)
    other = q != p && pool_empty(q);
  if (other) pool_unmap(jit, p);
}

/* Removed code becomes traps, in SWITCH mode under the protection of its neighbours: a page with a protection of its
 * own would be a mapping of its own, and the system allows some 65,000 of them. */
static void wipe(const kiln_jit *jit, const struct kn_jit_block *b, enum kn_jit_kind kind,
                 uint64_t bytes) {
  if (kind == KN_JIT_RW) return;
  if (jit->dual) {
    if (kind == KN_JIT_CODE) memset(b->at + b->pool->delta, jit->machine->fill, (size_t)bytes);
  } else if (kind == KN_JIT_RO) {
    kn_pages_empty(b->at, (size_t)bytes);
  } else if (kn_pages_protect(b->at, (size_t)bytes, KN_JIT_RW) == NULL) {
    memset(b->at, jit->machine->fill, (size_t)bytes);
    (void)kn_pages_protect(b->at, (size_t)bytes, kind);
  }
}

void kn_jit_give(kiln_jit *jit, struct kn_jit_block *b, enum kn_jit_kind kind) {
  struct kn_jit_pool *p = b->pool;
  if (p == NULL) return;
  uint64_t bytes = kn_align_up(b->size, granule_of(jit, kind));
  uint32_t i = (uint32_t)((size_t)(b->at - p->base) / KN_JIT_CHUNK);
  struct kn_jit_chunk *c = p->chunks + i;
  *(kind == KN_JIT_CODE ? &jit->stats.code_bytes : &jit->stats.data_bytes) -= b->size;
  if (jit->closing) {
    b->pool = NULL;
    return;
  }
  if (c->granules != NULL) {
    uint32_t n = (uint32_t)(bytes / KN_JIT_GRANULE);
    memset(c->granules + (size_t)(b->at - p->base) % KN_JIT_CHUNK / KN_JIT_GRANULE, 0, n);
    c->used = (uint16_t)(c->used - n);
    c->longest = GRANULES;
  }
  /* one empty chunk of a kind is kept, so that adding and removing one unit costs no system calls */
  bool keep = c->used > 0 || (c->granules != NULL && p->spare[kind] == 0);
  if (keep && shared_with_child(jit, c)) chunk_renew(jit, p, i);
  if (keep && !c->stale) {
    wipe(jit, b, kind, bytes);
    if (c->used == 0) p->spare[kind] = i + 1;
  } else if (c->used == 0) {
    chunks_give(jit, p, i);
  }
  b->pool = NULL;
  pool_settle(jit, p);
}

/* ---- units ---- */

static bool take_all(kiln_jit *jit, struct kn_jit_pool *p, const uint64_t *size,
                     const uint64_t *align, struct kn_jit_block *blocks, kiln_jit_error *e) {
  unsigned k = 0;
  for (; k < KN_JIT_KINDS; k++) {
    blocks[k] = (struct kn_jit_block){0};
    if (size[k] > 0 && !take(jit, p, k, size[k], align[k], blocks + k, e)) break;
  }
  if (k == KN_JIT_KINDS) return true;
  while (k-- > 0) kn_jit_give(jit, blocks + k, k);
  return false;
}

/* Gives back what was kept for the next unit; false: there is nothing. */
static bool give_spares(kiln_jit *jit) {
  bool any = kn_jit_stubs_trim(jit);
  for (struct kn_jit_pool *p = jit->pools; p != NULL; p = p->next)
    for (unsigned k = 0; k < KN_JIT_KINDS; k++) {
      if (p->spare[k] == 0) continue;
      uint32_t i = p->spare[k] - 1;
      p->spare[k] = 0;
      chunks_give(jit, p, i);
      any = true;
    }
  return any;
}

bool kn_jit_take_unit(kiln_jit *jit, const uint64_t *size, const uint64_t *align,
                      struct kn_jit_block *blocks, kiln_jit_error *e) {
  for (unsigned attempt = 0; attempt < 2; attempt++) {
    for (struct kn_jit_pool *p = jit->pools, *next; p != NULL; p = next) {
      next = p->next; /* a pool that is empty again may be unmapped */
      if (take_all(jit, p, size, align, blocks, e)) return true;
      if (e->diag.status != KILN_OK) return false;
    }
    if (!give_spares(jit)) break;
  }
  uint64_t need = KN_JIT_CHUNK;
  for (unsigned k = 0; k < KN_JIT_KINDS; k++) {
    if (align[k] > KN_JIT_CHUNK)
      return KN_JIT_FAIL(false, e, KILN_ERR_LIMIT, "alignment above 64 KiB");
    need += size[k] < POOL_MOST ? kn_align_up(size[k], KN_JIT_CHUNK) : POOL_MOST;
  }
  if (jit->options.reach == KILN_JIT_REACH_NEAR)
    return KN_JIT_FAIL(
      false, e, KILN_ERR_MEMORY,
      "the unit needs %llu bytes of memory, but the JIT has %llu bytes, and %llu of them "
      "are in use",
      (unsigned long long)(size[0] + size[1] + size[2]), (unsigned long long)jit->pool_bytes,
      (unsigned long long)(jit->stats.code_bytes + jit->stats.data_bytes));
  if (need > POOL_MOST)
    return KN_JIT_FAIL(false, e, KILN_ERR_LIMIT, "the unit has more than %llu bytes",
                       (unsigned long long)(POOL_MOST - KN_JIT_CHUNK));
  for (struct kn_jit_pool *p = jit->pools, *next; p != NULL; p = next) {
    next = p->next;
    if (pool_empty(p)) pool_unmap(jit, p); /* it is too small */
  }
  struct kn_jit_pool *p =
    pool_new(jit, need > jit->pool_bytes ? need : jit->pool_bytes, jit->dual, e);
  if (p == NULL) return false;
  p->next = jit->pools;
  jit->pools = p;
  return take_all(jit, p, size, align, blocks, e);
}

bool kn_jit_seal(kiln_jit *jit, const struct kn_jit_block *blocks, kiln_jit_error *e) {
  for (unsigned k = 0; k < KN_JIT_RW; k++) {
    const struct kn_jit_block *b = blocks + k;
    if (b->pool == NULL) continue;
    if (!jit->dual) {
      uint64_t bytes = kn_align_up(b->size, jit->page);
      if (!done(kn_pages_protect(b->at, (size_t)bytes, k), e, bytes, kind_names[k])) return false;
    }
    if (k == KN_JIT_CODE) __builtin___clear_cache((char *)b->at, (char *)b->at + b->size);
  }
  /* other processors may have fetched what was there before (Arm ARM, B2.2.5) */
  if (jit->barrier) kn_pages_barrier(false);
  return true;
}

/* ---- beginning and end ---- */

/* Runs code, changes it through the second mapping, and runs it again. Emulators that keep translations may
 * not see that it changed: qemu's before version 8.1 on AArch64, valgrind's. */
static bool probe(kiln_jit *jit, const struct kn_jit_block *b, kiln_jit_error *e) {
  for (unsigned i = 1; i <= 2; i++) {
    jit->code->write_probe(b->at + KN_JIT_CODE_PAD + b->pool->delta, i);
    if (!kn_jit_seal(jit, b, e)) return false;
    if (((unsigned (*)(void))(uintptr_t)(b->at + KN_JIT_CODE_PAD))() == i) continue;
    return KN_JIT_FAIL(
      false, e, KILN_ERR_SYSTEM,
      "after a write to the second mapping of code, the processor still executes the old code");
  }
  return true;
}

/* Tries whether the system lets one page of a kind be used as it has to be. */
static bool try_mode(kiln_jit *jit, kiln_jit_error *e) {
  struct kn_jit_pool *p = pool_new(jit, jit->pool_bytes, jit->dual, e);
  if (p == NULL) return false;
  jit->pools = p;
  const uint64_t size[KN_JIT_KINDS] = {64, 0, 0}, align[KN_JIT_KINDS] = {1, 1, 1};
  struct kn_jit_block blocks[KN_JIT_KINDS];
  bool ok = take_all(jit, p, size, align, blocks, e);
  if (ok) {
    ok = jit->dual ? probe(jit, blocks, e) : kn_jit_seal(jit, blocks, e);
    kn_jit_give(jit, blocks, KN_JIT_CODE);
  }
  if (ok) return true;
  pool_free(jit, p);
  jit->pools = NULL;
  jit->stats = (kiln_jit_stats){0};
  return false;
}

bool kn_jit_memory_init(kiln_jit *jit, kiln_jit_error *e) {
  bool near = jit->options.reach == KILN_JIT_REACH_NEAR;
  uint64_t size = jit->options.memory_bytes;
  if (size > POOL_MOST) return KN_JIT_FAIL(false, e, KILN_ERR_ARGUMENT, "memory_bytes above 1 GiB");
  if (size == 0) size = near ? NEAR_DEFAULT : FAR_DEFAULT;
  jit->page = kn_pages_size();
  if (jit->page > KN_JIT_CHUNK)
    return KN_JIT_FAIL(false, e, KILN_ERR_UNSUPPORTED, "the system's pages are larger than 64 KiB");
  jit->pool_bytes = kn_align_up(size, KN_JIT_CHUNK);
  jit->barrier = !jit->code->sees_changes && kn_pages_barrier(true);
  if (near) jit->options.memory_bytes = jit->pool_bytes;
  /* a debugger cannot write breakpoints into memory that is shared and not writable */
  bool switched = jit->options.protection == KILN_JIT_PROTECTION_AUTO && jit->options.gdb;
  jit->dual = kn_pages_twice && jit->options.protection != KILN_JIT_PROTECTION_SWITCH && !switched;
  if (!kn_pages_twice && jit->options.protection == KILN_JIT_PROTECTION_DUAL)
    return KN_JIT_FAIL(false, e, KILN_ERR_UNSUPPORTED,
                       "memory cannot be mapped twice on this system (KILN_JIT_PROTECTION_DUAL)");
  if (try_mode(jit, e)) return true;
  if (jit->options.protection != KILN_JIT_PROTECTION_AUTO) return false;
  kiln_jit_error_free(e);
  jit->dual = kn_pages_twice && switched;
  return try_mode(jit, e);
}

void kn_jit_memory_free(kiln_jit *jit) {
  while (jit->pools != NULL) {
    struct kn_jit_pool *p = jit->pools;
    jit->pools = p->next;
    pool_free(jit, p);
  }
}
