/* A relocatable object, read: its sections, symbols and relocations, checked. ELF's numbers (SHF_..., STB_..., STT_...)
 * say what they are, whatever the object's format; a reader of another one translates. The bytes are not trusted: of
 * what a reader of this struct sees, each index is in range, each string ends in the object or in the arena, each field
 * of a relocation is in its section. Called by load.c. Sources: System V ABI, chapters 4 and 5; Microsoft, "PE
 * Format". */
#ifndef KN_JIT_READ_H
#define KN_JIT_READ_H

#include "base/arena.h"
#include "lib/object/elf_format.h"

#include <kiln/module.h>
#include <kiln/reloc.h>

struct kn_read_reloc {
  uint64_t offset; /* in the section, in which the field is */
  uint32_t kind; /* kiln_reloc_kind: of a number that Kiln does not know, KILN_RELOC_FORMAT + it */
  uint32_t symbol; /* index, not 0 */
  int64_t addend;
};

struct kn_read_section {
  const char *name;
  const uint8_t *bytes; /* NULL: zeros */
  uint64_t size, flags;
  uint32_t type, link, info;
  uint8_t align_log2;
  const char *group; /* name of the group that it is in, of which a program keeps one; NULL: none */
  uint32_t group_symbol;              /* index of the symbol of that name */
  const struct kn_read_reloc *relocs; /* ascending */
  uint32_t n_relocs;
};

/* Where a symbol is, beside the indices of sections. */
enum { KN_READ_NOWHERE = 0, KN_READ_ABSOLUTE = UINT32_MAX, KN_READ_COMMON = UINT32_MAX - 1 };
struct kn_read_symbol {
  const char *name;
  uint64_t value, size;           /* in a section: value + size is at most its size */
  uint32_t section;               /* its index, or KN_READ_... */
  uint8_t bind, type, visibility; /* STB_... up to STB_WEAK, STT_..., STV_... */
  bool entry; /* the relocations are against an entry that has the address of what has the name */
};
static inline bool kn_read_is_placed(const struct kn_read_symbol *s) {
  return s->section - 1 < KN_READ_COMMON - 1;
}

struct kn_read_object {
  const uint8_t *bytes;
  uint64_t size;
  kiln_processor processor;
  struct kn_arena *arena;
  struct kn_read_section *sections; /* by index; 0 is none */
  uint32_t n_sections;
  struct kn_read_symbol *symbols; /* likewise */
  uint32_t n_symbols;
  bool sizeless; /* its symbols have no sizes */
  char why[160]; /* of a failure; empty: no memory */
};

/* What a reader is given: the bytes, their number, the processor and the arena, and all else zero. What it makes is in
 * the arena, and refers to the bytes. False: the object is none for the processor, or damaged; `why` says so. */
bool kn_read_elf(struct kn_read_object *o);
bool kn_read_coff(struct kn_read_object *o);

/* ---- read.c ---- */

/* Says why the object is refused; false. */
bool kn_read_refuse(struct kn_read_object *o, const char *format, ...)
  __attribute__((format(printf, 2, 3)));
/* Whether `size` bytes at `offset` are in the object. */
static inline bool kn_read_has(const struct kn_read_object *o, uint64_t offset, uint64_t size) {
  return offset <= o->size && size <= o->size - offset;
}
/* Makes room for that many sections, or symbols. */
bool kn_read_room(struct kn_read_object *o, uint32_t n_sections, uint32_t n_symbols);
/* Whether the relocation `r` of a section is in it, and against a symbol; else the object is refused. */
bool kn_read_check(struct kn_read_object *o, const struct kn_read_section *of,
                   const struct kn_read_reloc *r);
/* Gives a section its relocations, which kn_read_check let through, in any order. */
void kn_read_set_relocs(struct kn_read_section *of, struct kn_read_reloc *relocs, uint32_t n);
/* The relocation of the field at `offset` of a section; NULL: it has none. */
const struct kn_read_reloc *kn_read_reloc_at(const struct kn_read_section *s, uint64_t offset);
/* The place that a relocation refers to, if that is in a section of the object: its index, 0 if not. */
uint32_t kn_read_target(const struct kn_read_object *o, const struct kn_read_reloc *r,
                        uint64_t *offset);

#endif
