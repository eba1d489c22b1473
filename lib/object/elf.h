/* The files of the ELF writer and what they share. kn_elf_format.write (lib/object/elf.c) calls them in order:
 * elf_sections.c gives the image's sections names, types, flags and groups, elf_symbols.c numbers the symbols,
 * elf_write.c copies content and writes relocations, elf_frame.c writes .eh_frame, elf_symbols.c the symbol table,
 * elf.c the headers of sections, elf_file.c that of the file, elf_split.c the .dwo file. elf_machine.c has ELF's
 * numbers for each target, and elf_memory.c writes what debuggers read of code in memory. Invariant: nothing in the
 * image changes. */
#ifndef KN_LIB_OBJECT_ELF_H
#define KN_LIB_OBJECT_ELF_H

#include "lib/dwarf/dwarf_sections.h"
#include "lib/object/elf_format.h"
#include "lib/image/image.h"

#include <string.h>

enum { KN_PROPERTY_BITS = 3 };

/* ELF's numbers for a target. */
struct kn_elf_machine {
  uint16_t number;      /* e_machine */
  uint32_t flags;       /* e_flags */
  uint32_t large;       /* sh_flags of sections whose names say that they are large */
  bool mapping_symbols; /* $x at the start of code */
  uint8_t bound_early;  /* st_other of functions with kn_convention.bound_early */
  /* Of .note.gnu.property: the type of the property, and by its bits what of KILN_PROTECT_... sets them. */
  uint32_t property;
  uint8_t property_what[KN_PROPERTY_BITS];
  uint16_t relocs[KILN_RELOC_KIND_COUNT]; /* by kind; 0: none */
};

struct kn_elf_section {
  const char *name;     /* before the owner's name */
  uint32_t name_length; /* of `name` alone */
  uint32_t owner;       /* symbol whose name follows `name`, or 0 */
  uint32_t type;
  uint64_t flags;
  uint64_t size;
  uint64_t offset; /* in the file */
  uint32_t align, entsize;
  uint32_t group;      /* index + 1, or 0 */
  uint32_t group_next; /* next section of the group: index + 1, or 0 */
  uint32_t with;       /* SHF_LINK_ORDER: symbol whose section sh_link names, or 0 */
  uint32_t number;     /* in the section header table */
  uint32_t name_offset;
  uint64_t max_relas;
  uint64_t rela_offset, n_relas;
};

struct kn_elf_group {
  uint32_t comdat;      /* id; 0: of a personality's address */
  uint32_t first, last; /* sections: index + 1 */
  uint32_t number;      /* in the section header table */
  uint32_t symbol;      /* id of the signature symbol, or 0: a local one of its own */
  uint32_t signature;   /* number of the signature symbol */
  uint64_t offset;
  uint64_t size;
};

/* With the number of a symbol: that is its section's, and its value is to be added to addends. */
#define KN_VIA_SECTION (1u << 31)

/* Name of a section of KN_SECTION_SHARED, before that of the personality; the symbol's name is its end. */
#define KN_EH_REF_SECTION ".data.rel.local.DW.ref."
enum { KN_EH_REF_NAME_AT = 16 };

struct kn_elf {
  const struct kn_image *image;
  kiln_module *m;
  const struct kn_elf_machine *machine;
  struct kn_arena arena; /* freed at the end of the call */

  KN_ARRAY(struct kn_elf_section) sections; /* first those of the image, by its indices */
  KN_ARRAY(struct kn_elf_group) groups;
  uint32_t n_content;      /* the image's: they have section symbols */
  uint32_t eh_frame, note; /* indices of the sections that elf_frame.c and elf.c fill */
  uint32_t property;       /* of .note.gnu.property: index + 1, or 0 */
  bool gnu;                /* some section has SHF_GNU_RETAIN, or a symbol STT_GNU_IFUNC */

  /* by symbol id: number in the symbol table, with KN_VIA_SECTION; 0: none so far */
  uint32_t *numbers;
  uint32_t *locals, *globals; /* symbol ids in the order of their numbers */
  uint32_t n_locals, n_globals;
  uint32_t section_symbols; /* number of section 0's symbol */
  uint32_t n_code_marks;    /* mapping symbols */
  uint32_t
    first_ref;    /* of the symbols of KN_SECTION_SHARED: global ones, before those of `globals` */
  uint32_t *refs; /* by personality: the number of its section's; 0: it has none */
  uint32_t first_global;
  uint64_t names_size; /* bound of the string table */

  uint8_t *base;   /* of the object */
  uint64_t at;     /* end of what is written */
  uint64_t strtab; /* offset of the string table */
  uint64_t symtab, shndx;
};

/* lib/object/elf.c */
extern const struct kn_object_format kn_elf_format;
/* lib/object/elf_file.c */
/* Writes the file's header: of `type`, with n headers of sections at `headers`, whose names are in section `names`. */
void kn_elf_put_head(uint8_t *p, uint16_t type, const struct kn_elf_machine *machine,
                     uint64_t headers, uint32_t n, uint32_t names);
/* Writes a section's header; returns its end. */
static inline uint8_t *kn_elf_put_section(uint8_t *p, Elf64_Shdr s) {
  kn_put32(p, s.sh_name);
  kn_put32(p + 4, s.sh_type);
  kn_put64(p + 8, s.sh_flags);
  kn_put64(p + 16, s.sh_addr);
  kn_put64(p + 24, s.sh_offset);
  kn_put64(p + 32, s.sh_size);
  kn_put32(p + 40, s.sh_link);
  kn_put32(p + 44, s.sh_info);
  kn_put64(p + 48, s.sh_addralign);
  kn_put64(p + 56, s.sh_entsize);
  return p + sizeof s;
}
/* A file whose sections no linker reads, while it is laid out. */
struct kn_elf_file {
  const char *names[KN_DS_COUNT + 6];
  const void *contents[KN_DS_COUNT + 6];
  Elf64_Shdr sections[KN_DS_COUNT + 6];
  uint32_t n, names_size; /* sections, with section 0; bytes of the names so far */
  uint64_t size, headers; /* of the file so far; where the headers of sections are */
};
void kn_elf_file_begin(struct kn_elf_file *f);
/* Adds a section: `s` lacks its name and offset. `content`: NULL if it is written later. */
void kn_elf_file_add(struct kn_elf_file *f, const char *name, Elf64_Shdr s, const void *content);
/* Adds the last one, which has the names. */
void kn_elf_file_end(struct kn_elf_file *f, const char *name);
/* Writes the file; contents that are written later are zeros. */
void kn_elf_file_put(const struct kn_elf_file *f, uint16_t type,
                     const struct kn_elf_machine *machine, uint8_t *to);
/* lib/object/elf_machine.c */
const struct kn_elf_machine *kn_elf_machine(kiln_processor p);
/* lib/object/elf_sections.c */
bool kn_elf_add_image(struct kn_elf *e);
/* sh_flags of a section of the image. */
uint64_t kn_elf_flags(const struct kn_image_section *s);
/* Adds a section; index, or UINT32_MAX. `length` is the name's. */
uint32_t kn_elf_add_section(struct kn_elf *e, const char *name, size_t length, uint32_t type,
                            uint64_t flags, uint32_t align);
/* lib/object/elf_split.c */
/* Appends the .dwo file: an object of debug sections alone. The module's status. */
kiln_status kn_elf_split_write(const struct kn_elf *e, kiln_buffer *out);
/* lib/object/elf_symbols.c */
bool kn_elf_number(struct kn_elf *e);
/* Number of an undefined global symbol, given at its first reference. */
uint32_t kn_elf_undefined(struct kn_elf *e, uint32_t id);
void kn_elf_write_symbols(struct kn_elf *e, bool extended);
/* lib/object/elf_write.c */
void kn_elf_write_content(struct kn_elf *e);
/* Writes a relocation (kn_image_put; `user` is the kn_elf). */
bool kn_elf_put_reloc(void *user, const struct kn_image_reloc *r);
bool kn_elf_write_relocs(struct kn_elf *e);
/* lib/object/elf_frame.c */
bool kn_elf_frame_prepare(struct kn_elf *e);
void kn_elf_frame_write(struct kn_elf *e);
bool kn_elf_frame_relocs(struct kn_elf *e);

/* Elf64_Rela at the object's end. */
static inline void kn_elf_put_rela(struct kn_elf *e, uint64_t offset, uint32_t symbol,
                                   uint32_t type, int64_t addend) {
  uint8_t *p = e->base + e->at;
  kn_put64(p, offset);
  kn_put64(p + 8, (uint64_t)symbol << 32 | type);
  kn_put64(p + 16, (uint64_t)addend);
  e->at += sizeof(Elf64_Rela);
}

/* Pads the object with zeros. */
static inline void kn_elf_pad(struct kn_elf *e, uint64_t align) {
  uint64_t to = kn_align_up(e->at, align);
  if (to > e->at) memset(e->base + e->at, 0, (size_t)(to - e->at));
  e->at = to;
}

#endif
