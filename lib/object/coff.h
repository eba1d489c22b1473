/* The files of the COFF writer and what they share. kn_coff_write (coff.c) has the sections planned, writes their
 * content to the object, then relocations (coff_relocs.c), tables of unwinding (coff_unwind.c) and symbols
 * (coff_symbols.c). Sources: Microsoft, "PE Format" (the section on COFF); "x64 exception handling"; LLVM's
 * WinCOFFObjectWriter.cpp for what GNU's linker reads: weak externals, .refptr, -aligncomm. Invariant: `out` grows
 * by the whole object, or not at all. */
#ifndef KN_LIB_OBJECT_COFF_H
#define KN_LIB_OBJECT_COFF_H

#include "lib/image/image.h"

/* IMAGE_REL_AMD64_... */
enum {
  KN_COFF_ADDR64 = 1,
  KN_COFF_ADDR32 = 2,
  KN_COFF_ADDR32NB = 3, /* from the image's base */
  KN_COFF_REL32 = 4,
  KN_COFF_SECTION = 10,
  KN_COFF_SECREL = 11
};
/* IMAGE_SCN_... */
enum {
  KN_COFF_CODE = 0x20,
  KN_COFF_DATA = 0x40,
  KN_COFF_ZERO = 0x80,
  KN_COFF_INFO = 0x200,
  KN_COFF_REMOVE = 0x800,
  KN_COFF_COMDAT = 0x1000,
  KN_COFF_MANY_RELOCS = 0x01000000,
  KN_COFF_DISCARD = 0x02000000,
  KN_COFF_EXEC = 0x20000000,
  KN_COFF_READ = 0x40000000
};
#define KN_COFF_WRITE 0x80000000u
/* What kiln_section_desc.format_type does not decide: comdats, the number of relocations, alignment. */
#define KN_COFF_OTHERWISE (KN_COFF_COMDAT | KN_COFF_MANY_RELOCS | 0x00f00000u)
/* All characteristics that COFF defines for objects. */
#define KN_COFF_KNOWN                                                                              \
  (KN_COFF_OTHERWISE | KN_COFF_CODE | KN_COFF_DATA | KN_COFF_ZERO | KN_COFF_INFO |                 \
   KN_COFF_REMOVE | KN_COFF_DISCARD | KN_COFF_EXEC | KN_COFF_READ | KN_COFF_WRITE | 0x1c000000u)
/* IMAGE_COMDAT_SELECT_... */
enum {
  KN_COFF_ONE_ONLY = 1,
  KN_COFF_ANY = 2,
  KN_COFF_SAME_SIZE = 3,
  KN_COFF_EXACT = 4,
  KN_COFF_ASSOCIATIVE = 5,
  KN_COFF_LARGEST = 6
};
/* IMAGE_SYM_CLASS_... */
enum { KN_COFF_EXTERNAL = 2, KN_COFF_STATIC = 3, KN_COFF_FILE = 103, KN_COFF_WEAK = 105 };
/* IMAGE_WEAK_EXTERN_SEARCH_ALIAS */
enum { KN_COFF_ALIAS = 3 };

/* COFF's numbers for a processor. */
struct kn_coff_machine {
  uint16_t number; /* IMAGE_FILE_MACHINE_...; 0: there are no objects for it */
  uint8_t relocs[KILN_RELOC_KIND_COUNT]; /* IMAGE_REL_..., by kind; 0: none */
};

/* Of sections, and so of common symbols, which linkers put into one. */
enum { KN_COFF_MOST_ALIGN = 8192 };

/* Bytes of a symbol in the object: in bigobj two more. */
enum { KN_COFF_SYMBOL = 18, KN_COFF_BIG_SYMBOL = 20 };

struct kn_coff_reloc {
  uint32_t at, symbol; /* offset in the section; number */
  uint16_t type;
};

struct kn_coff_section {
  const char *name;
  uint32_t flags, align;
  uint8_t select;  /* of a comdat: how linkers choose, else 0 */
  uint32_t leader; /* of a comdat: id of the symbol that names it, or 0 */
  uint32_t with;   /* of KN_COFF_ASSOCIATIVE: the comdat's other section, index + 1 */
  uint32_t image;  /* index + 1 of the image's section that is its content; else `bytes` are */
  uint64_t size;
  KN_ARRAY(uint8_t) bytes;
  uint64_t offset; /* of the content in the object; 0: none */
  KN_ARRAY(struct kn_coff_reloc) relocs;
  uint32_t symbol;       /* number of its symbol */
  uint32_t pdata, xdata; /* of code: its tables, index + 1 */
};

struct kn_coff_symbol {
  const char *name; /* NULL: the second half of the one before, its auxiliary record */
  uint32_t value;
  int32_t section; /* number; 0: undefined, -1: absolute, -2: none */
  uint16_t type;
  uint8_t class, aux; /* aux: records that follow */
  /* Of the record before, in an auxiliary one: of a section, its index + 1; of a weak external, the default's
   * number. */
  uint32_t of_section, fallback;
  const char *file; /* a file's name; NULL in all auxiliary records but the first */
};

struct kn_coff {
  const struct kn_image *image;
  kiln_module *m;
  const struct kn_coff_machine *machine;
  struct kn_arena arena;
  KN_ARRAY(struct kn_coff_section) sections;
  uint32_t *section_of;  /* by section of the image: index + 1, or 0: it has none here */
  uint32_t xdata, pdata; /* tables of code that is in no comdat, index + 1; 0: none so far */
  KN_ARRAY(struct kn_coff_symbol) symbols;
  KN_ARRAY(uint8_t) strings;
  uint32_t *numbers; /* by symbol: its number + 1, or 0 */
  uint32_t *refs; /* by symbol: number of the symbol of the word that has its address, + 1, or 0 */
  const char *unique; /* what no other object has, for the names of weak symbols' defaults */
  KN_ARRAY(uint8_t) directives; /* the content of .drectve */
  uint32_t current;             /* index of the section whose relocations are written */
  uint8_t *base;                /* of its content */
};

/* ---- coff.c ---- */

/* A new section; its index, or UINT32_MAX. The name lives as long as the arena; NULL: there was no memory for it. */
uint32_t kn_coff_add(struct kn_coff *c, const char *name, uint32_t flags, uint32_t align);
/* Appends `n` zeros to a section's bytes: where they are, or NULL. */
uint8_t *kn_coff_append(struct kn_coff *c, uint32_t section, uint32_t n);
/* Tells the linker something. */
bool kn_coff_direct(struct kn_coff *c, const char *text);

/* ---- coff_symbols.c ---- */

/* Adds the symbols of files, sections and all that is defined. */
bool kn_coff_add_symbols(struct kn_coff *c);
/* The number of a symbol with a name; adds it, undefined, if there is none. UINT32_MAX without memory. */
uint32_t kn_coff_number(struct kn_coff *c, uint32_t id);
/* The number of the symbol of a word that has the address of `id`: the import table's, or one in this object. */
uint32_t kn_coff_ref(struct kn_coff *c, uint32_t id);

/* ---- coff_relocs.c ---- */

bool kn_coff_put(struct kn_coff *c, uint32_t section, uint64_t at, uint32_t symbol, unsigned type);
bool kn_coff_put_reloc(void *user, const struct kn_image_reloc *r);
uint32_t kn_coff_reloc_number(kiln_processor p, kiln_reloc_kind kind);
const struct kn_coff_machine *kn_coff_machine(kiln_processor p);

/* ---- coff_unwind.c ---- */

/* Adds the sections of tables, with their content but for what relocations add. */
bool kn_coff_plan_unwind(struct kn_coff *c);
bool kn_coff_unwind_relocs(struct kn_coff *c, uint8_t *object);

extern const struct kn_object_format kn_coff_format;

#endif
