/* What belongs to an object's functions: rows of unwinding, tables of exceptions, tables of roots: load.h. Tables are
 * read as Kiln writes them, which is as gcc, clang and rustc write them too; others are refused.
 * Invariant: each function has at most one of each. Sources: root_format.h; lib/codegen/eh_table.h. */
#include "lib/jit/load/load.h"

#include "base/bytes.h"
#include "ir/module/session_state.h"
#include "lib/codegen/eh_table.h"

#include "runtime/stack/root_format.h"

#include <stdlib.h>

bool kn_jit_load_damaged(struct kn_jit_loaded *o, const char *what) {
  return kn_jit_load_refuse(o, KILN_ERR_SYNTAX, "its %s", what);
}

/* ---- rows ---- */

uint32_t kn_jit_load_rows(struct kn_jit_loaded *o, uint32_t section, uint64_t offset, uint64_t size,
                          const uint8_t *bytes, uint32_t n) {
  struct kn_output *out = o->s->out;
  const uint32_t func = section != 0 ? kn_jit_load_func_at(o, section, offset) : 0;
  if (func == 0 || size != o->funcs[func - 1].size || !out->funcs.at[func - 1].no_rows) {
    kn_jit_load_damaged(o, "unwind rows are not those of one function each");
    return UINT32_MAX;
  }
  struct kn_code_func *to = out->funcs.at + func - 1;
  to->no_rows = false;
  to->cfi_first = out->cfi.n;
  to->cfi_size = n;
  if (!KN_ROOM(o->m, out->cfi, n)) return kn_jit_load_failed(o), UINT32_MAX;
  if (n != 0) memcpy(out->cfi.at + out->cfi.n, bytes, n);
  out->cfi.n += n;
  return func - 1;
}

/* ---- tables of exceptions ---- */

uint32_t kn_jit_load_behind(struct kn_jit_loaded *o, const struct kn_read_reloc *r) {
  if (r->kind == KILN_RELOC_ABS32) return kn_jit_load_place(o, r);
  uint64_t offset;
  const uint32_t section = r->kind == KILN_RELOC_REL32 ? kn_read_target(&o->read, r, &offset) : 0;
  const struct kn_read_reloc *word =
    section != 0 ? kn_read_reloc_at(o->read.sections + section, offset) : NULL;
  if (word != NULL && word->kind == KILN_RELOC_ABS64) return kn_jit_load_place(o, word);
  kn_jit_load_damaged(o, "tables of exceptions refer to a type or a personality in an unknown way");
  return 0;
}

static int compare_tables(const void *a, const void *b) {
  const struct kn_jit_loaded_table *x = a, *y = b;
  if (x->section != y->section) return x->section < y->section ? -1 : 1;
  return x->at != y->at ? (x->at < y->at ? -1 : 1) : 0;
}

/* Where the types of the table at `p` end, of `size` bytes; 0: it has none. False: it is damaged. */
static bool types_end(const uint8_t *p, uint64_t size, uint64_t *end, uint64_t *from) {
  *end = *from = 0;
  if (size < 2 || p[0] != KN_EH_OMIT) return false;
  if (p[1] == KN_EH_OMIT) return true;
  if (p[1] != KN_EH_UDATA4 && p[1] != KN_EH_INDIRECT_PCREL_SDATA4) return false;
  uint64_t at = 2, value = 0;
  for (unsigned shift = 0;; shift += 7) {
    if (at == size || shift > 28) return false;
    value |= (uint64_t)(p[at] & 0x7f) << shift;
    if ((p[at++] & 0x80) == 0) break;
  }
  *end = at + value;
  *from = at;
  return *end <= size;
}

/* Notes the types of a table, whose bytes are those from `t->at` on; `size` of them. */
static bool read_types(struct kn_jit_loaded *o, const struct kn_jit_loaded_table *t, uint64_t size,
                       struct kn_code_table *to) {
  const struct kn_read_section *s = o->read.sections + t->section;
  struct kn_output *out = o->s->out;
  uint64_t end, from;
  if (!types_end(s->bytes + t->at, size, &end, &from))
    return kn_jit_load_damaged(o, "tables of exceptions are damaged");
  to->type_first = out->table_types.n;
  to->type_end = (uint32_t)end;
  uint32_t k = KN_COUNT_BEFORE(j, s->n_relocs, s->relocs[j].offset < t->at);
  for (; k < s->n_relocs && s->relocs[k].offset < t->at + size; k++) {
    const uint64_t at = s->relocs[k].offset - t->at;
    if (at < from || at + 4 > end || (end - at) % 4 != 0)
      return kn_jit_load_damaged(o, "tables of exceptions are damaged");
    const uint32_t number = (uint32_t)((end - at) / 4);
    if (to->n_types == 0) { /* the first one has the greatest number */
      to->n_types = number;
      if (!KN_ROOM(o->m, out->table_types, number)) return kn_jit_load_failed(o);
      memset(out->table_types.at + to->type_first, 0, number * sizeof *out->table_types.at);
      out->table_types.n += number;
    }
    const uint32_t id = kn_jit_load_behind(o, s->relocs + k);
    if (id == 0) return false;
    out->table_types.at[to->type_first + number - 1] = id;
  }
  return true;
}

/* Adds a table, whose bytes end at `end` of its section. */
static bool load_table(struct kn_jit_loaded *o, const struct kn_jit_loaded_table *t, uint64_t end) {
  struct kn_output *out = o->s->out;
  const uint64_t at = kn_align_up(out->table_bytes.n, 4), size = end - t->at;
  const uint8_t *bytes = o->read.sections[t->section].bytes + t->at;
  struct kn_code_table table = {
    .personality = t->personality, .first = (uint32_t)at, .size = (uint32_t)size};
  if (!read_types(o, t, size, &table)) return false;
  if (!KN_ROOM(o->m, out->table_bytes, at + size - out->table_bytes.n) ||
      !KN_PUSH(o->m, out->tables, table))
    return kn_jit_load_failed(o);
  memset(out->table_bytes.at + out->table_bytes.n, 0, (size_t)(at - out->table_bytes.n));
  memcpy(out->table_bytes.at + at, bytes, (size_t)size);
  out->table_bytes.n = (uint32_t)(at + size);
  out->funcs.at[t->func].table = out->tables.n;
  return true;
}

/* Each ends where what is before the next one begins. */
static bool load_tables(struct kn_jit_loaded_tables *all) {
  struct kn_jit_loaded *o = all->o;
  const uint32_t n = all->list.n;
  if (n > 1) qsort(all->list.at, n, sizeof *all->list.at, compare_tables);
  for (uint32_t i = 0; i < n; i++) {
    const struct kn_jit_loaded_table *t = all->list.at + i;
    const bool last = i + 1 == n || t[1].section != t->section;
    const uint64_t end = last ? o->read.sections[t->section].size : t[1].at - t[1].head;
    if (end < t->at) return kn_jit_load_damaged(o, "tables of exceptions are damaged");
    if (t->personality != 0 && !load_table(o, t, end)) return false;
  }
  return true;
}

bool kn_jit_load_frames(struct kn_jit_loaded *o) {
  struct kn_jit_loaded_tables tables = {.o = o};
  bool ok = true;
  for (uint32_t i = 1; ok && i < o->read.n_sections; i++)
    if (o->sections[i].is == KN_JIT_OF_FRAMES) ok = o->format->read_rows(&tables, i);
  ok = ok && load_tables(&tables);
  KN_FREE(&o->m->options.allocator, tables.list.at);
  return ok;
}

/* ---- tables of roots ---- */

/* The size of the table at `p`, of which `room` bytes are there; 0: it is damaged. */
static uint32_t roots_size(const uint8_t *p, uint64_t room) {
  if (room < KN_ROOTS_HEAD) return 0;
  const uint64_t calls = kn_get32(p + KN_ROOTS_N_CALLS), roots = kn_get32(p + KN_ROOTS_N_ROOTS);
  const bool ids = (p[KN_ROOTS_FLAGS] & KN_ROOTS_IDS) != 0;
  const uint32_t size = kn_get32(p + KN_ROOTS_SIZE);
  const bool known =
    p[KN_ROOTS_VERSION] == KN_ROOTS_VERSION_1 && (p[KN_ROOTS_FLAGS] & ~KN_ROOTS_IDS) == 0;
  if (!known || size > room || size != KN_ROOTS_HEAD + 4 * (calls * (1u + ids) + roots)) return 0;
  uint32_t before = 0;
  for (uint64_t k = 0; k < calls; k++) { /* they are searched by halves */
    const uint32_t at = kn_get32(p + KN_ROOTS_HEAD + 4 * k);
    if (at <= before || at > kn_get32(p + KN_ROOTS_FUNC_SIZE)) return 0;
    before = at;
  }
  return size;
}

bool kn_jit_load_roots(struct kn_jit_loaded *o) {
  struct kn_output *out = o->s->out;
  for (uint32_t i = 1; i < o->read.n_sections; i++) {
    const struct kn_read_section *s = o->read.sections + i;
    uint32_t size;
    for (uint64_t at = 0; o->sections[i].is == KN_JIT_OF_ROOTS && at < s->size; at += size) {
      size = roots_size(s->bytes + at, s->size - at);
      const struct kn_read_reloc *r = kn_read_reloc_at(s, at + KN_ROOTS_FUNC);
      uint64_t offset;
      const uint32_t section = size != 0 && r != NULL && r->kind == KILN_RELOC_REL32
                                 ? kn_read_target(&o->read, r, &offset)
                                 : 0;
      const uint32_t func = section != 0 ? kn_jit_load_func_at(o, section, offset) : 0;
      if (func == 0 || out->funcs.at[func - 1].roots != 0 ||
          kn_get32(s->bytes + at + KN_ROOTS_FUNC_SIZE) != o->funcs[func - 1].size)
        return kn_jit_load_damaged(o, "tables of roots are damaged");
      if (!KN_ROOM(o->m, out->root_bytes, size) ||
          !KN_PUSH(o->m, out->root_tables, (struct kn_code_roots){out->root_bytes.n, size}))
        return kn_jit_load_failed(o);
      memcpy(out->root_bytes.at + out->root_bytes.n, s->bytes + at, size);
      out->root_bytes.n += size;
      out->funcs.at[func - 1].roots = out->root_tables.n;
    }
  }
  return true;
}
