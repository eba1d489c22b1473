/* Objects of ELF: what their sections are by name, and their rows of unwinding, .eh_frame. Frames are read as Kiln
 * writes them, which is as gcc, clang and rustc write them too; others are refused. Sources: LSB 5.0, 10.6;
 * lib/codegen/eh_table.h. */
#include "lib/jit/load/load.h"

#include "ir/module/session_state.h"
#include "lib/codegen/eh_table.h"
#include "lib/image/frames.h"
#include "targets/target.h"

static const struct kn_jit_section_rule rules[] = {
  {".note.gnu.property", false, KN_JIT_LEFT_OUT},
  {".eh_frame", false, KN_JIT_OF_FRAMES},
  {".gcc_except_table", true, KN_JIT_OF_TABLES},
  {"kiln_roots", false, KN_JIT_OF_ROOTS},
  {".ctors", false, KN_JIT_REFUSED},
  {".ctors.", true, KN_JIT_REFUSED},
  {".dtors", false, KN_JIT_REFUSED},
  {".dtors.", true, KN_JIT_REFUSED},
  {".init", false, KN_JIT_REFUSED},
  {".fini", false, KN_JIT_REFUSED},
  {".preinit_array", false, KN_JIT_REFUSED},
  {NULL, false, 0},
};

/* ---- which functions have rows ---- */

static uint64_t count_rows(const struct kn_read_section *s) { return s->n_relocs; }

/* The relocations of .eh_frame in code are those of the starts of functions, whose sizes follow. read_rows refuses what
 * is something else. */
static void note_rows(struct kn_jit_loaded *o, uint32_t i) {
  const struct kn_read_section *s = o->read.sections + i;
  for (uint32_t k = 0; k < s->n_relocs; k++) {
    uint64_t at;
    const uint32_t section = kn_read_target(&o->read, s->relocs + k, &at);
    if (section == 0 || o->sections[section].is != KN_JIT_OF_CODE ||
        s->size - s->relocs[k].offset < 8)
      continue;
    const uint32_t size = kn_get32(s->bytes + s->relocs[k].offset + 4);
    if (size <= o->read.sections[section].size - at) kn_jit_load_note(o, section, at, size, 0);
  }
}

/* ---- CIEs ---- */

/* A CIE of the section at hand. */
struct cie {
  uint32_t at;
  bool table;           /* FDEs have the address of a table of exceptions */
  uint32_t personality; /* its symbol */
};

struct frames {
  struct kn_jit_loaded *o;
  const struct kn_read_section *s; /* .eh_frame */
  struct kn_jit_loaded_tables *tables;
  KN_ARRAY(struct cie) cies;
};

/* Reads the CIE at `at`, of `size` bytes: it is one of the two that Kiln writes. */
static bool read_cie(struct frames *f, uint32_t at, uint32_t size) {
  uint8_t expected[KN_CIE_EH_BYTES], found[KN_CIE_EH_BYTES];
  const bool eh = size == KN_CIE_EH_BYTES;
  struct cie cie = {.at = at, .table = eh};
  if (!eh && size != KN_CIE_BYTES)
    return kn_jit_load_damaged(f->o, "unwind rows begin in a way that the JIT does not know");
  memcpy(found, f->s->bytes + at, size);
  const uint8_t encoding = eh ? found[KN_CIE_PERSONALITY_AT - 1] : KN_EH_OMIT;
  kn_cie_put(expected, f->o->machine, encoding, 0);
  if (eh) memset(found + KN_CIE_PERSONALITY_AT, 0, 4);
  if (memcmp(expected, found, size) != 0 ||
      (eh && encoding != KN_EH_INDIRECT_PCREL_SDATA4 && encoding != KN_EH_UDATA4))
    return kn_jit_load_damaged(f->o, "unwind rows begin in a way that the JIT does not know");
  if (eh) {
    const struct kn_read_reloc *r = kn_read_reloc_at(f->s, (uint64_t)at + KN_CIE_PERSONALITY_AT);
    if (r == NULL) return kn_jit_load_damaged(f->o, "unwind rows have no personality");
    cie.personality = kn_jit_load_behind(f->o, r);
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
  uint64_t offset = 0;
  const struct kn_read_reloc *r =
    size >= head ? kn_read_reloc_at(f->s, (uint64_t)at + KN_FDE_ADDRESS_AT) : NULL;
  if (r == NULL || p[KN_FDE_HEAD - 1] != (cie->table ? 4 : 0))
    return kn_jit_load_damaged(o, "unwind rows are damaged");
  const uint32_t section = r->kind == KILN_RELOC_REL32 ? kn_read_target(&o->read, r, &offset) : 0;
  const uint32_t func =
    kn_jit_load_rows(o, section, offset, kn_get32(p + 12), p + head, size - head);
  if (func == UINT32_MAX) return false;
  if (!cie->table) return true;
  r = kn_read_reloc_at(f->s, (uint64_t)at + KN_FDE_TABLE_AT);
  struct kn_jit_loaded_table t = {.func = func, .personality = cie->personality};
  if (r == NULL || r->kind != KILN_RELOC_REL32 ||
      (t.section = kn_read_target(&o->read, r, &t.at)) == 0 ||
      o->sections[t.section].is != KN_JIT_OF_TABLES)
    return kn_jit_load_damaged(o, "unwind rows have no table of exceptions");
  return KN_PUSH(o->m, f->tables->list, t) || kn_jit_load_failed(o);
}

static const struct cie *find_cie(const struct frames *f, uint32_t at) {
  const uint32_t k = KN_COUNT_BEFORE(j, f->cies.n, f->cies.at[j].at < at);
  return k < f->cies.n && f->cies.at[k].at == at ? f->cies.at + k : NULL;
}

static bool read_all(struct frames *f) {
  const uint8_t *bytes = f->s->bytes;
  uint32_t at = 0, size;
  for (; at + 8 <= f->s->size && kn_get32(bytes + at) != 0; at += size) {
    const uint32_t length = kn_get32(bytes + at), back = kn_get32(bytes + at + 4);
    size = length + 4;
    if (length < 4 || length > f->s->size - at - 4)
      return kn_jit_load_damaged(f->o, "unwind rows are damaged");
    if (back == 0) {
      if (!read_cie(f, at, size)) return false;
      continue;
    }
    const struct cie *cie = back <= at + 4 ? find_cie(f, at + 4 - back) : NULL;
    if (cie == NULL) return kn_jit_load_damaged(f->o, "unwind rows are damaged");
    if (!read_fde(f, at, size, cie)) return false;
  }
  return true;
}

static bool read_rows(struct kn_jit_loaded_tables *t, uint32_t i) {
  struct frames f = {.o = t->o, .s = t->o->read.sections + i, .tables = t};
  const bool ok = read_all(&f);
  KN_FREE(&t->o->m->options.allocator, f.cies.at);
  return ok;
}

const struct kn_jit_format kn_jit_elf = {.system = KILN_SYSTEM_LINUX,
                                         .has_arrays = true,
                                         .rules = rules,
                                         .read = kn_read_elf,
                                         .note_rows = note_rows,
                                         .count_rows = count_rows,
                                         .read_rows = read_rows};
