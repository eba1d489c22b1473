/* Frames of a unit as libgcc's unwinder on Linux wants them, .eh_frame: see link.h. */
#include "lib/jit/link/link.h"
#include "lib/jit/memory/memory.h"

#include "lib/codegen/eh_table.h"

const bool kn_jit_frames_call_personality = false;

/* Bytes of the FDE of all stubs, which are as at a function's entry. */
enum { STUBS_FDE_BYTES = 24 };
_Static_assert(KN_JIT_FRAMES_BYTES == KN_CIE_BYTES + STUBS_FDE_BYTES + 8, "what a unit has once");

void kn_jit_frames_measure(struct kn_jit_link *l, const struct kn_output *o) {
  uint32_t personality = 0;
  for (uint32_t i = 0; i < o->funcs.n; i++) {
    const struct kn_code_func *f = o->funcs.at + i;
    l->fde_bytes += kn_fde_bytes(f);
    if (f->table == 0 || o->tables.at[f->table - 1].personality == personality) continue;
    personality = o->tables.at[f->table - 1].personality;
    l->fde_bytes += KN_CIE_EH_BYTES; /* as write_frames_of has them */
  }
  l->table_bytes += kn_align_up(o->table_bytes.n, 4);
}

uint64_t kn_jit_frames_stub_bytes(const struct kn_code_func *all) {
  return KN_CIE_BYTES + kn_fde_bytes(all) + 4;
}

void kn_jit_frames_write_stubs(const kiln_jit *jit, struct kn_jit_unit *u,
                               const struct kn_code_func *all) {
  uint8_t *to = kn_jit_to(u->blocks, KN_JIT_RO);
  const uint64_t field = kn_jit_at(u->blocks, KN_JIT_RO) + KN_CIE_BYTES + KN_FDE_ADDRESS_AT;
  to = kn_cie_put(to, jit->machine, KN_EH_OMIT, 0);
  to = kn_fde_put(to, KN_CIE_BYTES, (uint32_t)(kn_jit_at(u->blocks, KN_JIT_CODE) - field), 0, all,
                  jit->code->late_rows);
  kn_put32(to, 0);
  u->stubs_fde = KN_CIE_BYTES + 1;
  u->eh_frame = u->blocks[KN_JIT_RO].at;
}

/* Where frames are written. */
struct frames {
  uint8_t *start, *p;
  uint64_t at;                    /* address of `start` */
  struct kn_jit_belongings *next; /* of the function whose frame is written next */
};

/* Writes the frames of a part, whose tables are at that address. */
static void write_frames_of(const struct kn_jit_link *l, const struct kn_jit_part *part,
                            uint64_t tables, struct frames *w) {
  const struct kn_output *o = part->out;
  const uint64_t code = kn_jit_at(l->unit->blocks, KN_JIT_CODE) + part->code;
  uint32_t personality = 0;
  const uint8_t *eh_cie = NULL;
  for (uint32_t k = 0; k < o->funcs.n; k++) {
    const struct kn_code_func *f = o->funcs.at + k;
    const struct kn_code_table *t = f->table != 0 ? o->tables.at + f->table - 1 : NULL;
    if (t != NULL && t->personality != personality) {
      personality = t->personality;
      eh_cie = w->p;
      uint64_t field = w->at + (uint64_t)(w->p - w->start) + KN_CIE_PERSONALITY_AT;
      w->p = kn_cie_put(w->p, l->jit->machine, KN_EH_INDIRECT_PCREL_SDATA4,
                        kn_jit_to_word(l, part->in, personality, field));
    }
    uint64_t at = w->at + (uint64_t)(w->p - w->start);
    if (!f->no_rows) w->next->fde = (uint32_t)(l->frame_at + (uint64_t)(w->p - w->start)) + 1;
    w->next++;
    uint32_t table = t != NULL ? (uint32_t)(tables + t->first - (at + KN_FDE_TABLE_AT)) : 0;
    uint32_t cie = (uint32_t)(w->p - (t != NULL ? eh_cie : w->start));
    w->p = kn_fde_put(w->p, cie, (uint32_t)(code + f->start - (at + KN_FDE_ADDRESS_AT)), table, f,
                      o->cfi.at);
  }
}

/* Writes the frame of the stubs, which are together at the end of the unit's code. */
static void write_stub_frames(const struct kn_jit_link *l, struct frames *w) {
  if (l->stubs.n == 0 && l->registrars == 0) return;
  const uint64_t start = l->stubs.n > 0 ? l->stub_at : l->registrar_at;
  const struct kn_code_func stubs = {.size = (uint32_t)(l->size[KN_JIT_CODE] - start)};
  const uint64_t offset = (uint64_t)(w->p - w->start), field = w->at + offset + KN_FDE_ADDRESS_AT;
  const uint64_t code = kn_jit_at(l->unit->blocks, KN_JIT_CODE) + start;
  l->unit->stubs_fde = (uint32_t)(l->frame_at + offset) + 1;
  w->p = kn_fde_put(w->p, (uint32_t)offset, (uint32_t)(code - field), 0, &stubs, NULL);
}

void kn_jit_frames_write(struct kn_jit_link *l) {
  const struct kn_jit_block *b = l->unit->blocks;
  uint8_t *ro = kn_jit_to(b, KN_JIT_RO);
  uint64_t ro_at = kn_jit_at(b, KN_JIT_RO), table_at = l->table_at;
  struct frames w = {ro + l->frame_at, ro + l->frame_at, ro_at + l->frame_at, l->unit->belongings};
  w.p = kn_cie_put(w.p, l->jit->machine, KN_EH_OMIT, 0);
  for (uint32_t i = 0; i < l->n_parts; i++) {
    const struct kn_output *o = l->parts[i].out;
    for (uint32_t k = 0; k < o->tables.n; k++)
      kn_jit_table_write(l, l->parts + i, o->tables.at + k, ro + table_at + o->tables.at[k].first,
                         ro_at + table_at + o->tables.at[k].first);
    write_frames_of(l, l->parts + i, ro_at + table_at, &w);
    table_at += kn_align_up(o->table_bytes.n, 4);
  }
  write_stub_frames(l, &w);
  l->unit->eh_frame = b[KN_JIT_RO].at + l->frame_at; /* a zero word ends it */
  l->unit->eh_frame_size = (uint64_t)(w.p - w.start) + 4;
}

bool kn_jit_frames_find_stubs(const struct kn_jit_unit *u, uint64_t pc,
                              struct kn_stack_code *code) {
  const uint32_t at = u->stubs_fde;
  if (at == 0) return false;
  const uint8_t *fde = u->blocks[KN_JIT_RO].at + at - 1, *field = fde + KN_FDE_ADDRESS_AT;
  code->start = (uint64_t)(uintptr_t)field + (uint64_t)(int64_t)(int32_t)kn_get32(field);
  code->fde = fde;
  return pc - code->start < kn_get32(field + 4);
}
