/* Third step of the object writer: copies code and data to their places and writes the relocations against them.
 * Called by lib/object/elf.c; the object's memory is reserved. Invariant: code is copied once, and only the copy is
 * patched. */
#include "lib/debug/dwarf_writer.h"

#include <kiln/emit.h>

/* ---- content ---- */

static const struct kn_output *output_of(const struct kn_elf *e, const struct kn_elf_piece *p) {
  return e->sessions[p->session]->out;
}

/* Size of a piece in bytes. */
static uint64_t piece_size(const struct kn_elf *e, const struct kn_elf_piece *p) {
  if (p->session == KN_PIECE_DATA) return e->m->data.at[p->first].size_bytes;
  if (p->session == KN_PIECE_CTOR || p->session == KN_PIECE_WORD) return 8;
  if (p->session == KN_PIECE_TABLE) return kn_elf_eh_table(e, p->first)->size;
  const struct kn_code_func *f = output_of(e, p)->funcs.at;
  return f[p->end - 1].start + f[p->end - 1].size - f[p->first].start;
}

static void copy_piece(const struct kn_elf *e, const struct kn_elf_piece *p, uint8_t *to,
                       uint64_t size) {
  const uint8_t *from = NULL;
  if (p->session == KN_PIECE_DATA) from = e->m->data.at[p->first].bytes;
  else if (p->session == KN_PIECE_TABLE) from = kn_elf_eh_bytes(e, p);
  else if (p->session <= KN_PIECE_FUNCS)
    from = output_of(e, p)->code.at + output_of(e, p)->funcs.at[p->first].start;
  if (size == 0) return;
  /* Runs of functions are often some KiB long: for those memcpy's vector loop is faster than its string instructions,
   * which it uses from 2 KiB up. */
  const uint64_t step = 1024, limit = 65536;
  if (from != NULL)
    for (; size > step && size <= limit; from += step, to += step, size -= step)
      memcpy(to, from, (size_t)step);
  if (from != NULL) kn_copy(to, from, (size_t)size);
  else memset(to, 0, (size_t)size);
}

void kn_elf_write_content(struct kn_elf *e) {
  for (uint32_t i = 0; i < e->n_content; i++) {
    struct kn_elf_section *s = e->sections.at + i;
    if (s->type == SHT_NOBITS) {
      s->offset = e->at;
      continue;
    }
    kn_elf_pad(e, s->align);
    s->offset = e->at;
    uint8_t *to = e->base + s->offset;
    int fill = s->code ? e->code->fill : 0;
    uint64_t at = 0;
    for (uint32_t piece = s->first; piece != 0; piece = e->pieces.at[piece - 1].next) {
      const struct kn_elf_piece *p = e->pieces.at + piece - 1;
      uint64_t size = piece_size(e, p);
      if (p->offset > at) memset(to + at, fill, (size_t)(p->offset - at));
      copy_piece(e, p, to + p->offset, size);
      at = p->offset + size;
    }
    e->at += s->size;
  }
}

/* ---- relocations ---- */

static const char *symbol_name(const struct kn_elf *e, uint32_t id) {
  const char *name = kn_symbol(e->m, id)->name;
  return name[0] != 0 ? name : "(no name)";
}

static bool no_type(const struct kn_elf *e, const struct kn_code_reloc *r) {
  const char *kind = kiln_reloc_name((kiln_reloc_kind)r->kind);
  kn_module_fail(e->m, KILN_ERR_UNSUPPORTED, "relocation %s against '%.100s': ELF has none on %s",
                 kind != NULL ? kind : "without a kind", symbol_name(e, r->symbol),
                 kiln_target_name(e->m->options.target));
  return false;
}

/* Relocations of the functions of a piece. */
static bool code_relocs(struct kn_elf *e, uint32_t section, const struct kn_elf_piece *piece) {
  const struct kn_output *o = output_of(e, piece);
  const struct kn_elf_section *s = e->sections.at + section;
  const struct kn_code_func *first = o->funcs.at + piece->first;
  const struct kn_code_reloc *r = o->relocs.at + first->reloc_first;
  const struct kn_code_reloc *end =
    o->relocs.at + (piece->end < o->funcs.n ? o->funcs.at[piece->end].reloc_first : o->relocs.n);
  uint64_t delta = piece->offset - first->start;
  uint8_t *base = e->base + s->offset;
  uint8_t *out = e->base + e->at;
  for (; r != end; r++) {
    struct kn_elf_def *p = e->defs + r->symbol;
    uint32_t symbol = p->symbol;
    int64_t addend = r->addend;
    const struct kn_reloc_facts *facts = kn_reloc_facts(r->kind);
    bool here = (p->section == section + 1) & ((symbol & ~KN_VIA_SECTION) < e->first_global);
    uint64_t at = r->offset + delta;
    /* where the field is too narrow, the linker resolves it */
    if (here && p->type != STT_GNU_IFUNC && kn_reloc_is_distance(facts) &&
        kn_reloc_put(facts, base + at, p->value + (uint64_t)addend, at))
      continue;
    uint32_t type = kiln_elf_reloc_number(e->m->options.target, (kiln_reloc_kind)r->kind);
    if (KN_UNLIKELY(type == 0) && r->kind != KILN_RELOC_FORMAT) return no_type(e, r);
    if (symbol == 0 && (symbol = kn_elf_undefined(e, r->symbol)) == 0) return false;
    if (symbol & KN_VIA_SECTION) {
      if (facts->to != KN_TO_ADDRESS && facts->to != KN_TO_CALL) {
        kn_module_fail(e->m, KILN_ERR_UNSUPPORTED,
                       "relocation %u of code against the private symbol '%.100s'", type,
                       symbol_name(e, r->symbol));
        return false;
      }
      symbol &= ~KN_VIA_SECTION;
      addend += (int64_t)p->value;
    }
    kn_put_rela(out, at, symbol, type, addend);
    out += sizeof(Elf64_Rela);
  }
  e->at = (uint64_t)(out - e->base);
  return true;
}

static void put_rela(struct kn_elf *e, uint64_t offset, uint32_t symbol, uint32_t type,
                     int64_t addend) {
  kn_put_rela(e->base + e->at, offset, symbol & ~KN_VIA_SECTION, type, addend);
  e->at += sizeof(Elf64_Rela);
}

/* Value of a relocation that is a distance within one section, known here. */
static bool put_distance(struct kn_elf *e, uint8_t *field, const kiln_reloc *r, int64_t value) {
  if (r->size_bytes == 8) {
    kn_put64(field, (uint64_t)value);
    return true;
  }
  if (value != (int32_t)value) {
    kn_module_fail(e->m, KILN_ERR_LIMIT, "distance to '%.100s' does not fit 32 bits",
                   symbol_name(e, r->symbol.id));
    return false;
  }
  kn_put32(field, (uint32_t)value);
  return true;
}

bool kn_elf_data_reloc(struct kn_elf *e, uint32_t section, uint64_t item, const kiln_reloc *r) {
  struct kn_elf_def *p = e->defs + r->symbol.id;
  uint32_t symbol = p->symbol;
  if (symbol == 0 && (symbol = kn_elf_undefined(e, r->symbol.id)) == 0) return false;
  uint64_t offset = item + r->offset_bytes;
  int64_t addend = r->addend + (symbol & KN_VIA_SECTION ? (int64_t)p->value : 0);
  uint8_t *field = e->base + e->sections.at[section].offset + offset;
  memset(field, 0, r->size_bytes);
  bool distance = r->relative_to.id != 0;
  uint32_t type = e->machine->relocs[kn_reloc_of_data(r->size_bytes, distance)];
  if (!distance) {
    put_rela(e, offset, symbol, type, addend);
    return true;
  }
  const struct kn_elf_def *from = e->defs + r->relative_to.id;
  if (from->section == 0 || from->section == KN_IN_COMMON) {
    kn_module_fail(e->m, KILN_ERR_SYMBOL, "distance from '%.100s', which is not defined here",
                   symbol_name(e, r->relative_to.id));
    return false;
  }
  bool fixed = (symbol & ~KN_VIA_SECTION) < e->first_global && p->section == from->section &&
               (e->sections.at[from->section - 1].flags & SHF_MERGE) == 0;
  if (fixed)
    return put_distance(e, field, r, (int64_t)(p->value - from->value + (uint64_t)r->addend));
  if (from->section != section + 1) {
    kn_module_fail(e->m, KILN_ERR_UNSUPPORTED,
                   "distance from '%.100s' to '%.100s', which is in another section",
                   symbol_name(e, r->relative_to.id), symbol_name(e, r->symbol.id));
    return false;
  }
  put_rela(e, offset, symbol, type, addend + (int64_t)(offset - from->value));
  return true;
}

static bool data_relocs(struct kn_elf *e, uint32_t section, const struct kn_elf_piece *piece) {
  if (piece->session == KN_PIECE_TABLE) return kn_elf_eh_relocs(e, section, piece);
  if (piece->session == KN_PIECE_WORD) {
    const kiln_reloc r = {.symbol = {piece->first}, .size_bytes = 8};
    return kn_elf_data_reloc(e, section, piece->offset, &r);
  }
  if (piece->session == KN_PIECE_CTOR) {
    const kiln_reloc r = {.symbol = {e->m->ctors.at[piece->first].func}, .size_bytes = 8};
    return kn_elf_data_reloc(e, section, piece->offset, &r);
  }
  const struct kn_data *d = e->m->data.at + piece->first;
  for (size_t i = 0; i < d->n_relocs; i++)
    if (!kn_elf_data_reloc(e, section, piece->offset, d->relocs + i)) return false;
  return true;
}

bool kn_elf_write_relocs(struct kn_elf *e) {
  kn_elf_pad(e, 8);
  for (uint32_t i = 0; i < e->n_content; i++) {
    struct kn_elf_section *s = e->sections.at + i;
    s->rela_offset = e->at;
    if (s->max_relas == 0) continue;
    for (uint32_t piece = s->first; piece != 0; piece = e->pieces.at[piece - 1].next) {
      const struct kn_elf_piece *p = e->pieces.at + piece - 1;
      bool code = p->session <= KN_PIECE_FUNCS;
      if (code ? !code_relocs(e, i, p) : !data_relocs(e, i, p)) return false;
    }
    s->n_relas = (e->at - s->rela_offset) / sizeof(Elf64_Rela);
  }
  return kn_dwarf_relocs(e) && kn_elf_frame_relocs(e);
}
