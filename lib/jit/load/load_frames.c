/* What belongs to an object's functions: rows of .eh_frame, tables of exceptions, tables of roots: load.h. Frames and
 * tables are read as Kiln writes them, which is as gcc, clang and rustc write them too; others are refused.
 * Invariant: each function has at most one of each. Sources: LSB 5.0, 10.6; root_format.h; lib/codegen/eh_table.h. */
#include "lib/jit/load/load.h"

#include "ir/module/session_state.h"
#include "lib/codegen/eh_table.h"
#include "lib/image/frames.h"
#include "targets/target.h"

#include "runtime/stack/root_format.h"

#include <stdlib.h>

/* ---- CIEs ---- */

/* A CIE of the section at hand. */
struct cie {
  uint32_t at;
  bool table;           /* FDEs have the address of a table of exceptions */
  uint32_t personality; /* its symbol */
};

/* A table of exceptions, as an FDE names it. */
struct table {
  uint32_t section;
  uint64_t at;
  uint32_t func; /* index */
  uint32_t personality;
};

struct frames {
  struct kn_jit_loaded *o;
  const struct kn_elf_in *s; /* .eh_frame */
  KN_ARRAY(struct cie) cies;
  KN_ARRAY(struct table) tables;
};

static bool damaged(struct kn_jit_loaded *o, const char *what) {
  return kn_jit_load_refuse(o, KILN_ERR_SYNTAX, "its %s", what);
}

/* The symbol whose address a field is made of: an address of 4 bytes, or the distance to a word that has the address.
 * 0, with an error: none. */
static uint32_t symbol_behind(struct kn_jit_loaded *o, const struct kn_elf_rela *r) {
  if (r->kind == KILN_RELOC_ABS32) return kn_jit_load_place(o, r);
  uint64_t offset;
  const uint32_t section = r->kind == KILN_RELOC_REL32 ? kn_elf_target(&o->elf, r, &offset) : 0;
  const struct kn_elf_rela *word =
    section != 0 ? kn_elf_rela_at(o->elf.sections + section, offset) : NULL;
  if (word != NULL && word->kind == KILN_RELOC_ABS64) return kn_jit_load_place(o, word);
  damaged(o, "tables of exceptions refer to a type or a personality in an unknown way");
  return 0;
}

/* Reads the CIE at `at`, of `size` bytes: it is one of the two that Kiln writes. */
static bool read_cie(struct frames *f, uint32_t at, uint32_t size) {
  uint8_t expected[KN_CIE_EH_BYTES], found[KN_CIE_EH_BYTES];
  const bool eh = size == KN_CIE_EH_BYTES;
  struct cie cie = {.at = at, .table = eh};
  if (!eh && size != KN_CIE_BYTES)
    return damaged(f->o, "unwind rows begin in a way that the JIT does not know");
  memcpy(found, f->s->bytes + at, size);
  const uint8_t encoding = eh ? found[KN_CIE_PERSONALITY_AT - 1] : KN_EH_OMIT;
  kn_cie_put(expected, f->o->machine, encoding, 0);
  if (eh) memset(found + KN_CIE_PERSONALITY_AT, 0, 4);
  if (memcmp(expected, found, size) != 0 ||
      (eh && encoding != KN_EH_INDIRECT_PCREL_SDATA4 && encoding != KN_EH_UDATA4))
    return damaged(f->o, "unwind rows begin in a way that the JIT does not know");
  if (eh) {
    const struct kn_elf_rela *r = kn_elf_rela_at(f->s, (uint64_t)at + KN_CIE_PERSONALITY_AT);
    if (r == NULL) return damaged(f->o, "unwind rows have no personality");
    cie.personality = symbol_behind(f->o, r);
    if (cie.personality == 0) return false;
  }
  return KN_PUSH(f->o->m, f->cies, cie) || kn_jit_load_failed(f->o);
}

/* ---- FDEs ---- */

/* Reads the FDE at `at`, of `size` bytes, whose CIE is `cie`. */
static bool read_fde(struct frames *f, uint32_t at, uint32_t size, const struct cie *cie) {
  struct kn_jit_loaded *o = f->o;
  const uint8_t *p = f->s->bytes + at;
  const uint32_t head = KN_FDE_HEAD + (cie->table ? 4 : 0);
  uint64_t offset;
  const struct kn_elf_rela *r =
    size >= head ? kn_elf_rela_at(f->s, (uint64_t)at + KN_FDE_ADDRESS_AT) : NULL;
  if (r == NULL || p[KN_FDE_HEAD - 1] != (cie->table ? 4 : 0))
    return damaged(o, "unwind rows are damaged");
  const uint32_t section = r->kind == KILN_RELOC_REL32 ? kn_elf_target(&o->elf, r, &offset) : 0;
  const uint32_t func = section != 0 ? kn_jit_load_func_at(o, section, offset) : 0;
  struct kn_output *out = o->s->out;
  if (func == 0 || kn_get32(p + 12) != o->funcs[func - 1].size || !out->funcs.at[func - 1].no_rows)
    return damaged(o, "unwind rows are not those of one function each");
  struct kn_code_func *to = out->funcs.at + func - 1;
  to->no_rows = false;
  to->cfi_first = out->cfi.n;
  to->cfi_size = size - head;
  if (!KN_ROOM(o->m, out->cfi, size - head)) return kn_jit_load_failed(o);
  if (size != head) memcpy(out->cfi.at + out->cfi.n, p + head, size - head);
  out->cfi.n += size - head;
  if (!cie->table) return true;
  r = kn_elf_rela_at(f->s, (uint64_t)at + KN_FDE_TABLE_AT);
  struct table t = {.func = func - 1, .personality = cie->personality};
  if (r == NULL || r->kind != KILN_RELOC_REL32 ||
      (t.section = kn_elf_target(&o->elf, r, &t.at)) == 0 ||
      o->sections[t.section].is != KN_JIT_OF_TABLES)
    return damaged(o, "unwind rows have no table of exceptions");
  return KN_PUSH(o->m, f->tables, t) || kn_jit_load_failed(o);
}

static const struct cie *find_cie(const struct frames *f, uint32_t at) {
  const uint32_t k = KN_COUNT_BEFORE(j, f->cies.n, f->cies.at[j].at < at);
  return k < f->cies.n && f->cies.at[k].at == at ? f->cies.at + k : NULL;
}

static bool read_frames(struct frames *f) {
  const uint8_t *bytes = f->s->bytes;
  uint32_t at = 0, size;
  f->cies.n = 0;
  for (; at + 8 <= f->s->size && kn_get32(bytes + at) != 0; at += size) {
    const uint32_t length = kn_get32(bytes + at), back = kn_get32(bytes + at + 4);
    size = length + 4;
    if (length < 4 || length > f->s->size - at - 4) return damaged(f->o, "unwind rows are damaged");
    if (back == 0) {
      if (!read_cie(f, at, size)) return false;
      continue;
    }
    const struct cie *cie = back <= at + 4 ? find_cie(f, at + 4 - back) : NULL;
    if (cie == NULL) return damaged(f->o, "unwind rows are damaged");
    if (!read_fde(f, at, size, cie)) return false;
  }
  return true;
}

/* ---- tables of exceptions ---- */

static int compare_tables(const void *a, const void *b) {
  const struct table *x = a, *y = b;
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
static bool read_types(struct kn_jit_loaded *o, const struct table *t, uint64_t size,
                       struct kn_code_table *to) {
  const struct kn_elf_in *s = o->elf.sections + t->section;
  struct kn_output *out = o->s->out;
  uint64_t end, from;
  if (!types_end(s->bytes + t->at, size, &end, &from))
    return damaged(o, "tables of exceptions are damaged");
  to->type_first = out->table_types.n;
  to->type_end = (uint32_t)end;
  uint32_t k = KN_COUNT_BEFORE(j, s->n_relas, s->relas[j].offset < t->at);
  for (; k < s->n_relas && s->relas[k].offset < t->at + size; k++) {
    const uint64_t at = s->relas[k].offset - t->at;
    if (at < from || at + 4 > end || (end - at) % 4 != 0)
      return damaged(o, "tables of exceptions are damaged");
    const uint32_t number = (uint32_t)((end - at) / 4);
    if (to->n_types == 0) { /* the first one has the greatest number */
      to->n_types = number;
      if (!KN_ROOM(o->m, out->table_types, number)) return kn_jit_load_failed(o);
      memset(out->table_types.at + to->type_first, 0, number * sizeof *out->table_types.at);
      out->table_types.n += number;
    }
    const uint32_t id = symbol_behind(o, s->relas + k);
    if (id == 0) return false;
    out->table_types.at[to->type_first + number - 1] = id;
  }
  return true;
}

static bool load_tables(struct frames *f) {
  struct kn_jit_loaded *o = f->o;
  struct kn_output *out = o->s->out;
  if (f->tables.n > 1) qsort(f->tables.at, f->tables.n, sizeof *f->tables.at, compare_tables);
  for (uint32_t i = 0; i < f->tables.n; i++) {
    const struct table *t = f->tables.at + i;
    const struct kn_elf_in *s = o->elf.sections + t->section;
    const bool last = i + 1 == f->tables.n || t[1].section != t->section;
    const uint64_t size = (last ? s->size : t[1].at) - t->at;
    const uint64_t at = kn_align_up(out->table_bytes.n, 4);
    struct kn_code_table table = {
      .personality = t->personality, .first = (uint32_t)at, .size = (uint32_t)size};
    if (!read_types(o, t, size, &table)) return false;
    if (!KN_ROOM(o->m, out->table_bytes, at + size - out->table_bytes.n) ||
        !KN_PUSH(o->m, out->tables, table))
      return kn_jit_load_failed(o);
    memset(out->table_bytes.at + out->table_bytes.n, 0, (size_t)(at - out->table_bytes.n));
    memcpy(out->table_bytes.at + at, s->bytes + t->at, (size_t)size);
    out->table_bytes.n = (uint32_t)(at + size);
    out->funcs.at[t->func].table = out->tables.n;
  }
  return true;
}

bool kn_jit_load_frames(struct kn_jit_loaded *o) {
  struct frames f = {.o = o};
  bool ok = true;
  for (uint32_t i = 1; ok && i < o->elf.n_sections; i++) {
    f.s = o->elf.sections + i;
    if (o->sections[i].is == KN_JIT_OF_FRAMES) ok = read_frames(&f);
  }
  ok = ok && load_tables(&f);
  KN_ARRAY_FREE(&o->m->options.allocator, f.cies);
  KN_ARRAY_FREE(&o->m->options.allocator, f.tables);
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
  for (uint32_t i = 1; i < o->elf.n_sections; i++) {
    const struct kn_elf_in *s = o->elf.sections + i;
    uint32_t size;
    for (uint64_t at = 0; o->sections[i].is == KN_JIT_OF_ROOTS && at < s->size; at += size) {
      size = roots_size(s->bytes + at, s->size - at);
      const struct kn_elf_rela *r = kn_elf_rela_at(s, at + KN_ROOTS_FUNC);
      uint64_t offset;
      const uint32_t section = size != 0 && r != NULL && r->kind == KILN_RELOC_REL32
                                 ? kn_elf_target(&o->elf, r, &offset)
                                 : 0;
      const uint32_t func = section != 0 ? kn_jit_load_func_at(o, section, offset) : 0;
      if (func == 0 || out->funcs.at[func - 1].roots != 0 ||
          kn_get32(s->bytes + at + KN_ROOTS_FUNC_SIZE) != o->funcs[func - 1].size)
        return damaged(o, "tables of roots are damaged");
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
