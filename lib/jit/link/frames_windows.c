/* Frames of a unit as Windows' unwinder wants them: see link.h. First a RUNTIME_FUNCTION for each function that has a
 * frame, then what its prologue did, as the walk wrote it, and, where exceptions are caught, the distance of the
 * personality's stub and the table. All distances are from the pool's start: unwind_windows.c gives the system the
 * entries. Source: Microsoft, "x64 exception handling". */
#include "lib/jit/link/link.h"
#include "lib/jit/memory/memory.h"

const bool kn_jit_frames_call_personality = true;

enum { ENTRY = 12, HANDLERS = 3 << 3 /* UNW_FLAG_EHANDLER, UNW_FLAG_UHANDLER */ };

static bool has_entry(const struct kn_code_func *f) { return f->cfi_size != 0 && !f->no_rows; }

void kn_jit_frames_measure(struct kn_jit_link *l, const struct kn_output *o) {
  for (uint32_t i = 0; i < o->funcs.n; i++) {
    const struct kn_code_func *f = o->funcs.at + i;
    if (!has_entry(f)) continue;
    l->fde_bytes += ENTRY + kn_align_up(f->cfi_size, 4);
    if (f->table != 0) l->fde_bytes += 4 + kn_align_up(o->tables.at[f->table - 1].size, 4);
  }
}

static uint32_t from_pool(const struct kn_jit_unit *u, uint64_t address) {
  return (uint32_t)(address - (uint64_t)(uintptr_t)u->blocks[KN_JIT_CODE].pool->base);
}

static void put_entry(const struct kn_jit_unit *u, uint8_t *to, uint64_t start, uint32_t size,
                      uint64_t info) {
  kn_put32(to, from_pool(u, start));
  kn_put32(to + 4, from_pool(u, start + size));
  kn_put32(to + 8, from_pool(u, info));
}

/* Where the next ones are written: offsets in the unit's read-only data. */
struct frames {
  uint64_t entry, info;
};

static void write_frame(const struct kn_jit_link *l, const struct kn_jit_part *part,
                        const struct kn_code_func *f, struct frames *w) {
  const struct kn_output *o = part->out;
  const struct kn_jit_unit *u = l->unit;
  uint8_t *ro = kn_jit_to(u->blocks, KN_JIT_RO), *info = ro + w->info;
  const uint64_t ro_at = kn_jit_at(u->blocks, KN_JIT_RO), code = kn_jit_at(u->blocks, KN_JIT_CODE);
  put_entry(u, ro + w->entry, code + part->code + f->start, f->size, ro_at + w->info);
  memcpy(info, o->cfi.at + f->cfi_first, f->cfi_size);
  w->entry += ENTRY;
  w->info += kn_align_up(f->cfi_size, 4);
  if (f->table == 0) return;
  const struct kn_code_table *t = o->tables.at + f->table - 1;
  const uint32_t stub = l->in[part->in].binds.at[t->personality].stub - 1;
  info[0] |= HANDLERS;
  kn_put32(ro + w->info, from_pool(u, code + l->stub_at + (uint64_t)stub * KN_JIT_STUB_BYTES));
  w->info += 4;
  kn_jit_table_write(l, part, t, ro + w->info, ro_at + w->info);
  w->info += kn_align_up(t->size, 4);
}

void kn_jit_frames_write(struct kn_jit_link *l) {
  struct kn_jit_belongings *next = l->unit->belongings;
  struct frames w = {l->frame_at, l->frame_at};
  for (uint32_t i = 0; i < l->n_parts; i++)
    for (uint32_t k = 0; k < l->parts[i].out->funcs.n; k++)
      w.info += has_entry(l->parts[i].out->funcs.at + k) ? ENTRY : 0;
  for (uint32_t i = 0; i < l->n_parts; i++)
    for (uint32_t k = 0; k < l->parts[i].out->funcs.n; k++, next++) {
      const struct kn_code_func *f = l->parts[i].out->funcs.at + k;
      if (!has_entry(f)) continue;
      next->fde = (uint32_t)w.entry + 1;
      write_frame(l, l->parts + i, f, &w);
    }
}

/* Stubs have no frame, but for the group's code. */
uint64_t kn_jit_frames_stub_bytes(const struct kn_code_func *all) { return ENTRY + all->cfi_size; }

void kn_jit_frames_write_stubs(const kiln_jit *jit, struct kn_jit_unit *u,
                               const struct kn_code_func *all) {
  uint8_t *to = kn_jit_to(u->blocks, KN_JIT_RO);
  put_entry(u, to, kn_jit_at(u->blocks, KN_JIT_CODE), KN_JIT_LATE_STUBS * KN_JIT_STUB_BYTES,
            kn_jit_at(u->blocks, KN_JIT_RO) + ENTRY);
  memcpy(to + ENTRY, jit->code->late_rows, all->cfi_size);
  u->stubs_fde = 1;
}

bool kn_jit_frames_find_stubs(const struct kn_jit_unit *u, uint64_t pc,
                              struct kn_stack_code *code) {
  if (u->stubs_fde == 0) return false;
  code->start = kn_jit_at(u->blocks, KN_JIT_CODE);
  code->fde = u->blocks[KN_JIT_RO].at + u->stubs_fde - 1;
  return pc - code->start < KN_JIT_LATE_STUBS * KN_JIT_STUB_BYTES;
}
