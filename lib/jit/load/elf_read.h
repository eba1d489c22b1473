/* A relocatable ELF object, read: its sections, symbols and relocations, checked. The bytes are not trusted: of what a
 * reader of this struct sees, each index is in range, each string ends in the object, each field of a relocation is in
 * its section. Called by load.c. Sources: System V ABI, chapters 4 and 5. */
#ifndef KN_JIT_ELF_READ_H
#define KN_JIT_ELF_READ_H

#include "base/arena.h"
#include "lib/object/elf_format.h"

#include <kiln/module.h>
#include <kiln/reloc.h>

struct kn_elf_rela {
  uint64_t offset; /* in the section, in which the field is */
  uint32_t kind; /* kiln_reloc_kind: of a number that Kiln does not know, KILN_RELOC_FORMAT + it */
  uint32_t symbol; /* index, not 0 */
  int64_t addend;
};

struct kn_elf_in {
  const char *name;
  const uint8_t *bytes; /* NULL: zeros */
  uint64_t size, flags;
  uint32_t type, link, info;
  uint8_t align_log2;
  uint32_t group;                  /* index of its SHT_GROUP, or 0 */
  const struct kn_elf_rela *relas; /* ascending; of fields that do not overlap */
  uint32_t n_relas;
};

/* Where a symbol is, beside the indices of sections. */
enum { KN_ELF_NOWHERE = 0, KN_ELF_ABSOLUTE = UINT32_MAX, KN_ELF_COMMON = UINT32_MAX - 1 };
struct kn_elf_symbol {
  const char *name;
  uint64_t value, size;           /* in a section: value + size is at most its size */
  uint32_t section;               /* its index, or KN_ELF_... */
  uint8_t bind, type, visibility; /* STB_... up to STB_WEAK, STT_..., STV_... */
};
static inline bool kn_elf_is_placed(const struct kn_elf_symbol *s) {
  return s->section - 1 < KN_ELF_COMMON - 1;
}

struct kn_elf_object {
  const uint8_t *bytes;
  uint64_t size;
  kiln_processor processor;
  struct kn_arena *arena;
  struct kn_elf_in *sections; /* by index; 0 is none */
  uint32_t n_sections;
  struct kn_elf_symbol *symbols; /* likewise */
  uint32_t n_symbols;
  char why[160]; /* of a failure; empty: no memory */
};

/* Reads the object of `size` bytes. False: it is none for `processor`, or damaged; `why` says so. What it makes is in
 * `arena`, and refers to the bytes. */
bool kn_elf_read(struct kn_elf_object *o, const uint8_t *bytes, uint64_t size,
                 kiln_processor processor, struct kn_arena *arena);
/* Says why the object is refused; false. */
bool kn_elf_refuse(struct kn_elf_object *o, const char *format, ...)
  __attribute__((format(printf, 2, 3)));
/* The relocation of the field at `offset` of a section; NULL: it has none. */
const struct kn_elf_rela *kn_elf_rela_at(const struct kn_elf_in *s, uint64_t offset);
/* The place that a relocation refers to, if that is in a section of the object: its index, 0 if not. */
uint32_t kn_elf_target(const struct kn_elf_object *o, const struct kn_elf_rela *r,
                       uint64_t *offset);

#endif
