/* Frames of units for the unwinder of libgcc, which exceptions, backtrace() and pthread_cancel use. The
 * library depends on libc alone: libgcc's functions are looked up at run time: those of the program, and those of the
 * libgcc_s.so.1 that libc itself loads for backtrace() and pthread_cancel. Where these are two libraries, frames are
 * registered with both.
 *
 * Up to GCC 12, libgcc keeps registrations in linked lists: with 100,000 of them the first backtrace took 50 seconds
 * and each removal 0.7 milliseconds. Such a libgcc is given one table for all units of a chunk of code; from GCC 13
 * on, ranges are in a tree, must not overlap at any moment, and units are registered one by one. To replace a table,
 * the new one is registered before the old one is removed, so that no frame is ever unknown. Chunks do not overlap,
 * which the lists rely on. Such a libgcc reads its record of a table even after it has found a frame and released its
 * lock, when another thread may already have replaced the table: so the records are in our memory, keep their content
 * when their tables are gone, and are reused only after KEPT others.
 * Invariant: a unit's frames are known from before it is published until it is removed. */
#define _GNU_SOURCE
#include "lib/jit/memory/memory.h"
#include "lib/jit/serve/serve.h"

#include "base/bytes.h"
#include "lib/codegen/eh_table.h"
#include "lib/image/frames.h"

#include <dlfcn.h>

extern void __register_frame(void *) __attribute__((weak));
extern void __deregister_frame(void *) __attribute__((weak));
extern void __register_frame_info_table(void *, void *) __attribute__((weak));
extern void *__deregister_frame_info(const void *) __attribute__((weak));
extern const void *_Unwind_Find_FDE(void *pc, void *bases) __attribute__((weak));

/* libgcc's record of a registered table (its `struct object`, at most 7 words), linked into a queue of ours. */
struct kn_jit_object {
  uint64_t words[8];
  struct kn_jit_object *next;
};

/* The units of a chunk. */
struct kn_jit_frames {
  uint32_t n;
  struct kn_jit_object *object[2]; /* for each unwinder */
  void *table[];                   /* .eh_frame of each; NULL ends */
};

/* Number of records kept unchanged after their tables are gone, for threads that may still read them in libgcc. */
enum { KEPT = 8192 };

typedef const void *find_fn(void *, void *);

/* True if the library reads frames when somebody looks for one, not when they are registered: then it has
 * lists. `at` is an address that nothing else has a frame for. */
static bool has_lists(const struct kn_jit_unwinder *w, find_fn *find,
                      const struct kn_code_facts *machine, uint64_t at) {
  if (w->add_table == NULL || w->remove_table == NULL || find == NULL) return false;
  uint64_t words[8] = {0}; /* a CIE of 24 bytes, an FDE of 32, the end */
  uint8_t *section = (uint8_t *)words, *fde = kn_cie_put(section, machine, KN_EH_OMIT, 0);
  void *bases[3];
  section[16] = 0; /* addresses are absolute here: the stack is far away */
  kn_put32(fde, 28);
  kn_put32(fde + 4, 28); /* back to the CIE */
  kn_put64(fde + 8, at);
  kn_put64(fde + 16, 16);
  w->add(section);
  kn_put64(fde + 8, at + 32);
  __asm__ volatile("" ::: "memory");
  bool found = find((void *)(uintptr_t)(at + 40), bases) != NULL;
  kn_put64(fde + 8, at); /* the original address, or a library with a tree does not find it again */
  __asm__ volatile("" ::: "memory");
  w->remove(section);
  return found;
}

void kn_jit_unwind_open(kiln_jit *jit) {
  struct kn_jit_unwinder w[2] = {
    {__register_frame, __deregister_frame, __register_frame_info_table, __deregister_frame_info},
    {NULL, NULL, NULL, NULL}};
  find_fn *find[2] = {_Unwind_Find_FDE, NULL};
  void *library = dlopen("libgcc_s.so.1", RTLD_NOW | RTLD_LOCAL);
  if (library != NULL) { /* converted as dlsym's manual says */
    *(void **)&w[1].add = dlsym(library, "__register_frame");
    *(void **)&w[1].remove = dlsym(library, "__deregister_frame");
    *(void **)&w[1].add_table = dlsym(library, "__register_frame_info_table");
    *(void **)&w[1].remove_table = dlsym(library, "__deregister_frame_info");
    *(void **)&find[1] = dlsym(library, "_Unwind_Find_FDE");
  }
  jit->frames_by_chunk = true;
  jit->retired_end = &jit->retired;
  for (unsigned i = 0; i < 2; i++) {
    if (w[i].add == NULL || w[i].remove == NULL || (i == 1 && w[1].add == w[0].add)) continue;
    if (!has_lists(w + i, find[i], jit->machine,
                   (uint64_t)(uintptr_t)atomic_load(&jit->pools)->base))
      jit->frames_by_chunk = false;
    jit->unwinders[jit->n_unwinders++] = w[i];
  }
}

/* ---- tables ---- */

/* The pointer to the table of a unit's chunk; NULL: the unit has memory of its own, or is registered alone. */
static struct kn_jit_frames **chunk_frames(const kiln_jit *jit, const struct kn_jit_unit *u) {
  const struct kn_jit_block *b = u->blocks + KN_JIT_CODE;
  if (!jit->frames_by_chunk) return NULL;
  struct kn_jit_chunk *c = b->pool->chunks + (size_t)(b->at - b->pool->base) / KN_JIT_CHUNK;
  return c->granules != NULL ? &c->frames : NULL;
}

static struct kn_jit_object *object_new(kiln_jit *jit) {
  struct kn_jit_object *o = jit->retired;
  if (jit->n_retired <= KEPT) return kn_jit_realloc(jit, NULL, sizeof *o);
  jit->retired = o->next; /* it is not the last */
  jit->n_retired--;
  return o;
}

static void object_retire(kiln_jit *jit, struct kn_jit_object *o) {
  if (o == NULL) return;
  o->next = NULL;
  *jit->retired_end = o;
  jit->retired_end = &o->next;
  jit->n_retired++;
}

void kn_jit_unwind_close(kiln_jit *jit) {
  for (struct kn_jit_object *o = jit->retired, *next; o != NULL; o = next) {
    next = o->next;
    kn_jit_realloc(jit, o, 0);
  }
}

/* A table for n units, with the objects that it needs; NULL without memory. */
static struct kn_jit_frames *frames_new(kiln_jit *jit, uint32_t n) {
  struct kn_jit_frames *f = kn_jit_realloc(jit, NULL, sizeof *f + (n + (size_t)1) * sizeof(void *));
  if (f == NULL) return NULL;
  *f = (struct kn_jit_frames){.n = n};
  for (unsigned i = 0; i < jit->n_unwinders; i++) {
    f->object[i] = object_new(jit);
    if (f->object[i] != NULL) continue;
    object_retire(jit, f->object[0]);
    kn_jit_realloc(jit, f, 0);
    return NULL;
  }
  return f;
}

/* Puts a new table instead of the old one. Either may be NULL. */
static void replace(kiln_jit *jit, struct kn_jit_frames **at, struct kn_jit_frames *new) {
  struct kn_jit_frames *old = *at;
  if (new != NULL) new->table[new->n] = NULL;
  for (unsigned i = 0; i < jit->n_unwinders; i++) {
    if (new != NULL) jit->unwinders[i].add_table(new->table, new->object[i]);
    if (old != NULL) jit->unwinders[i].remove_table(old->table);
    if (old != NULL) object_retire(jit, old->object[i]);
  }
  *at = new;
  if (old != NULL) kn_jit_realloc(jit, old, 0);
}

bool kn_jit_unwind_add(kiln_jit *jit, struct kn_jit_unit *u, kiln_jit_error *e) {
  if (u->eh_frame == NULL) return true;
  struct kn_jit_frames **at = chunk_frames(jit, u);
  if (at == NULL) {
    for (unsigned i = 0; i < jit->n_unwinders; i++) jit->unwinders[i].add(u->eh_frame);
  } else {
    const uint32_t n = *at != NULL ? (*at)->n : 0;
    struct kn_jit_frames *new = frames_new(jit, n + 1);
    if (new == NULL) return kn_jit_no_memory(e);
    if (n > 0) memcpy(new->table, (*at)->table, n * sizeof(void *));
    new->table[n] = u->eh_frame;
    replace(jit, at, new);
  }
  return u->frames_known = true;
}

void kn_jit_unwind_remove(kiln_jit *jit, struct kn_jit_unit *u) {
  if (!u->frames_known) return;
  u->frames_known = false;
  struct kn_jit_frames **at = chunk_frames(jit, u);
  if (at == NULL) {
    for (unsigned i = 0; i < jit->n_unwinders; i++) jit->unwinders[i].remove(u->eh_frame);
    return;
  }
  struct kn_jit_frames *old = *at, *new = old->n > 1 ? frames_new(jit, old->n - 1) : NULL;
  const bool shrinks = old->n > 1 && new == NULL;
  /* Without memory for a smaller table the old one shrinks. Between the two calls a backtrace in another
   * thread does not see the chunk's frames. */
  for (unsigned i = 0; shrinks && i < jit->n_unwinders; i++)
    jit->unwinders[i].remove_table(old->table);
  void **to = new != NULL ? new->table : old->table;
  for (uint32_t k = 0; k < old->n; k++)
    if (old->table[k] != u->eh_frame) *to++ = old->table[k];
  if (!shrinks) {
    replace(jit, at, new);
    return;
  }
  old->table[--old->n] = NULL;
  for (unsigned i = 0; i < jit->n_unwinders; i++)
    jit->unwinders[i].add_table(old->table, old->object[i]);
}

void kn_jit_unwind_forget(const struct kn_jit_pool *p) {
  (void)p; /* units come and go one by one */
}
