/* The image: what an object has, in no format. kn_image_lay_out makes it of a module and its sessions: sections, and
 * for every function, data item, constructor, label and alias its section and offset. Writers of formats
 * (lib/object/elf*.c), DWARF (lib/dwarf/dwarf*.c) and the JIT read it; docs/internals/extending.md says how. Files:
 * image.c places functions and data, image_sections.c has the sections, image_eh.c the tables of exceptions,
 * image_roots.c those of roots, image_relocs.c content and relocations. Invariant: once it is laid out, nothing in it
 * changes, but that debug sections follow. */
#ifndef KN_LIB_IMAGE_IMAGE_H
#define KN_LIB_IMAGE_IMAGE_H

#include "base/arena.h"
#include "base/bytes.h"
#include "ir/reloc_kinds.h"
#include "lib/codegen/output.h"
#include "lib/codegen/eh_table.h"
#include "targets/target.h"

/* One function of the object. */
struct kn_image_func {
  const struct kn_code_func *code; /* in the output of */
  uint32_t session;                /* this one */
  uint32_t table;                  /* of exceptions: index into kn_image_eh.tables + 1, or 0 */
};

/* What a section is for. Its name is the format's, but that of KN_SECTION_NAMED and those after it. */
enum kn_section_kind {
  KN_SECTION_TEXT,
  KN_SECTION_DATA,
  KN_SECTION_RODATA,
  KN_SECTION_RELRO, /* constant once the program's addresses are known */
  KN_SECTION_BSS,
  KN_SECTION_TDATA, /* thread-local */
  KN_SECTION_TBSS,
  KN_SECTION_STRINGS, /* strings of bytes that may be merged, unless it is of one symbol */
  KN_SECTION_TABLES,  /* tables of exceptions */
  KN_SECTION_TYPES,   /* addresses that tables and unwind rows refer to, as RELRO */
  KN_SECTION_SHARED, /* the same of symbol `owner`: one for all objects of a program, found by its name */
  KN_SECTION_ROOTS, /* tables of roots: programs find the start and the end of all of them */
  KN_SECTION_NAMED,
  KN_SECTION_DEBUG, /* of debug information, with the name that ELF has for it */
  KN_SECTION_KINDS
};

/* A flag beside KILN_SECTION_...: thread-local. */
#define KN_SECTION_THREAD (1u << 31)

struct kn_image_section {
  const char *name; /* of KN_SECTION_NAMED, KN_SECTION_DEBUG */
  uint32_t flags;   /* KILN_SECTION_RETAIN; of those with a name all, and KN_SECTION_THREAD */
  kiln_section_kind content; /* of KN_SECTION_NAMED: kiln_section_desc.kind */
  uint32_t format_type;      /* and this */
  uint8_t kind;              /* enum kn_section_kind */
  uint8_t debug;             /* of KN_SECTION_DEBUG: enum kn_dwarf_section */
  bool own;                  /* of one symbol, apart from others of its kind */
  bool code;
  bool nonzero;   /* has content that is not zero */
  uint32_t owner; /* that symbol, if it has a name */
  uint32_t comdat;
  uint32_t with; /* symbol: linkers drop this section with that of the symbol; or 0 */
  uint32_t align, entry_bytes;
  uint32_t first, last; /* pieces: index + 1, or 0 */
  uint64_t size;
  uint64_t n_relocs; /* at most */
};

/* What a piece of a section is, and what its `first` is. */
enum kn_piece {
  KN_PIECE_FUNCS, /* functions [first, end) of a session */
  KN_PIECE_DATA,  /* index into kiln_module.data */
  KN_PIECE_TABLE, /* index into kn_image_eh.tables */
  KN_PIECE_WORD,  /* 8 bytes: the address of symbol `first` */
  KN_PIECE_ROOTS  /* index into kn_image_roots.funcs */
};
struct kn_image_piece {
  uint64_t offset; /* in its section */
  uint32_t next;   /* of the section: index + 1, or 0 */
  uint32_t first, end, session;
  uint8_t what; /* enum kn_piece */
};

/* What a symbol is. */
enum kn_place_what {
  KN_IS_LABEL, /* of code */
  KN_IS_FUNC,
  KN_IS_DATA,
  KN_IS_TLS,
  KN_IS_RESOLVER /* of an alias: it is called for the address */
};

/* Where a symbol is. */
struct kn_place {
  uint64_t value;               /* offset in its section; COMMON: alignment; NONE: address */
  uint64_t size : 56, what : 8; /* bytes; enum kn_place_what */
  uint32_t section;             /* index + 1; KN_IN_COMMON, KN_IN_NONE; 0: not defined here */
};
#define KN_SIZE_MASK ((UINT64_C(1) << 56) - 1)
#define KN_IN_COMMON UINT32_MAX
#define KN_IN_NONE (UINT32_MAX - 1) /* `value` is the address */
/* True if it is in a section, the one before `section`. */
static inline bool kn_place_is_in_section(const struct kn_place *p) {
  return p->section - 1 < KN_IN_NONE - 1;
}

/* The table of exceptions of a function. */
struct kn_image_table {
  uint32_t func;        /* index into kn_image.funcs */
  uint32_t section;     /* index */
  uint32_t personality; /* index into kn_image_eh.personalities */
  uint64_t offset;      /* in the section */
};
/* A personality. */
struct kn_image_personality {
  uint32_t symbol;
  uint32_t section; /* of KN_SECTION_SHARED, with its address: index + 1, or 0 */
};
/* Exceptions: lib/image/image_eh.c. */
struct kn_image_eh {
  struct kn_image_table *tables; /* in the order of their functions */
  uint32_t n_tables;
  struct kn_image_personality *personalities;
  uint32_t n_personalities;
  uint32_t *personality_of; /* by symbol: index + 1, or 0 */
  uint32_t *word_of;        /* by symbol: 1 + offset of its address in `words`, or 0 */
  uint32_t words;           /* KN_SECTION_TYPES: index + 1, or 0 */
  bool indirect;            /* kn_eh_indirect */
};

/* Tables of roots: lib/image/image_roots.c. */
struct kn_image_roots {
  uint32_t *funcs; /* functions that have one, ascending: indices into kn_image.funcs */
  uint32_t n;
};

struct kn_image;

/* A relocation that a linker has to resolve. */
struct kn_image_reloc {
  uint64_t offset;  /* in the section */
  uint32_t kind;    /* KILN_RELOC_... */
  uint32_t symbol;  /* what it is against; or 0: the start of */
  uint32_t section; /* this one (index) */
  int64_t addend;
};
/* Takes one; false if the module failed. */
typedef bool kn_image_put(void *user, const struct kn_image_reloc *r);

/* Debug information, whose sections follow all others: lib/dwarf/dwarf_image.c. */
struct kn_image_debug {
  struct kn_dwarf *dwarf; /* or NULL */
  uint32_t first;         /* index of the first section */
  uint32_t first_dwo;     /* of the first one of the .dwo file, which are no part of the object */
  uint32_t *sections;     /* by enum kn_dwarf_section: its index */
  void (*content)(const struct kn_dwarf *d, unsigned section, uint8_t *to);
  /* Gives `put` the relocations of such a section. Those against such a section have 4 bytes: offsets in it. */
  bool (*relocs)(const struct kn_image *image, uint32_t section, kn_image_put *put, void *user);
};

/* What a format of objects supplies. */
struct kn_object_format {
  kiln_format format;
  const char *name;
  /* Linkers may move what is between two symbols of a section: no distance in one is known. */
  bool moves;
  /* Objects can say that their code is protected; NULL: never. */
  bool (*protects)(kiln_processor p);
  /* Its number of a kind of relocation, not 0; 0: it has none. */
  uint32_t (*reloc_number)(kiln_processor p, kiln_reloc_kind kind);
  uint32_t without; /* kinds of those that all processors have that it has for none: a bit each */
  /* The names of the sections of constructors and of destructors, which the priority follows. */
  const char *ctors[2];
  /* The runtime calls the constructors of a section from the last to the first, and destructors the other way round,
   * and sections are in the order of 65535 - priority. */
  bool ctors_backwards;
  /* Appends the object to `out`, and the .dwo file to kn_image.dwo; the module's status. */
  kiln_status (*write)(const struct kn_image *image, kiln_buffer *out);
};

struct kn_image {
  /* ---- given ---- */
  const struct kn_object_format *format; /* NULL: what it is made for has no sections */
  kiln_module *m;
  kiln_session *const *sessions;
  uint32_t n_sessions;
  const struct kn_code_facts *code; /* of the module's target */
  bool split;                       /* debug information is split if the module says so, */
  kiln_buffer *dwo;                 /* and its larger part goes here; NULL: into the object, too */

  /* ---- made ---- */
  struct kn_arena arena;       /* freed with the image */
  struct kn_image_func *funcs; /* all, in the order of the object */
  uint32_t n_funcs;
  uint32_t *func_data; /* data items that belong to functions, in order: indices */
  uint32_t n_func_data;
  struct kn_place *places; /* by symbol id */
  KN_ARRAY(struct kn_image_section) sections;
  KN_ARRAY(struct kn_image_piece) pieces;
  struct kn_image_eh eh;
  struct kn_image_roots roots;
  struct kn_image_debug debug;
  bool resolvers; /* there is a KN_IS_RESOLVER */

  /* ---- while it is made: image_sections.c ---- */
  uint32_t fixed[KN_SECTION_KINDS]; /* the shared section of a kind: index + 1, or 0 */
  struct kn_hash section_hash;      /* of named ones: index + 1 */
  /* by comdat id - 1: the label of machine code that it is from, or 0; NULL: none */
  uint32_t *comdat_label;
};

/* image.c */

/* Makes the image; what is given is set, but `code`. False if the module failed; kn_image_free in any case. */
bool kn_image_lay_out(struct kn_image *image);
void kn_image_free(struct kn_image *image);
/* Whether the format has KILN_RELOC_TLS64. */
static inline bool kn_image_tls_offsets(const struct kn_image *image) {
  return image->format != NULL &&
         image->format->reloc_number(image->m->options.target.processor, KILN_RELOC_TLS64) != 0;
}

/* image_sections.c; indices, or UINT32_MAX if the module failed */

/* The shared section of a kind. */
uint32_t kn_image_fixed(struct kn_image *image, enum kn_section_kind kind);
/* A new section of a kind for one symbol. */
uint32_t kn_image_own(struct kn_image *image, enum kn_section_kind kind, uint32_t symbol,
                      uint32_t comdat, uint32_t flags);
/* The section of a name, comdat and flags (KILN_SECTION_..., KN_SECTION_THREAD): what was declared of it counts before
 * `flags`. */
uint32_t kn_image_named(struct kn_image *image, const char *name, uint32_t comdat, uint32_t flags);
/* A new section of a name. */
uint32_t kn_image_add_named(struct kn_image *image, const char *name, uint32_t comdat,
                            uint32_t flags);
/* A new piece of a section, its newest; NULL without memory. */
struct kn_image_piece *kn_image_add_piece(struct kn_image *image, uint32_t section, uint64_t offset,
                                          enum kn_piece what, uint32_t first);
/* A new piece that is the address of `symbol`. False if the module failed. */
bool kn_image_add_word(struct kn_image *image, uint32_t section, uint32_t symbol);
/* Makes the section end at `offset` + `size`; false if that is too large. */
bool kn_image_extend(struct kn_image *image, uint32_t section, uint64_t offset, uint64_t size);

/* image_eh.c: after all other sections */
bool kn_image_place_tables(struct kn_image *image);

/* image_roots.c: after these */
bool kn_image_place_roots(struct kn_image *image);
/* Table `i` of kn_image_roots. */
const uint8_t *kn_image_root_table(const struct kn_image *image, uint32_t i, uint64_t *size);

/* image_relocs.c */

/* Writes a section's content to `to`, which has room for its size. */
void kn_image_content(const struct kn_image *image, uint32_t section, uint8_t *to);
/* Writes what is known of the fields in a section's content at `base`, and gives `put` the rest, in the order of their
 * offsets but for those of one data item, which come in its own. Their symbols are global or defined. False if the
 * module failed. */
bool kn_image_relocs(const struct kn_image *image, uint32_t section, uint8_t *base,
                     kn_image_put *put, void *user);

/* Gives `put` the relocations of table `i` of exceptions, which is at `offset`: its types. */
bool kn_image_table_relocs(const struct kn_image *image, uint32_t i, uint64_t offset,
                           kn_image_put *put, void *user);

/* Whether an object can refer to a symbol: it is global or defined. If not, the module has failed. */
bool kn_image_can_refer(const struct kn_image *image, uint32_t id);
/* Fails the module, whose format lacks a relocation; false. */
bool kn_image_lacks(const struct kn_image *image, const struct kn_image_reloc *r);

static inline const struct kn_output *kn_image_output(const struct kn_image *image,
                                                      uint32_t session) {
  return image->sessions[session]->out;
}
static inline const struct kn_code_func *kn_image_func(const struct kn_image *image, uint32_t i) {
  return image->funcs[i].code;
}
/* Table `i` of exceptions. */
static inline const struct kn_code_table *kn_image_table(const struct kn_image *image, uint32_t i) {
  const struct kn_image_func *f = image->funcs + image->eh.tables[i].func;
  const struct kn_output *o = kn_image_output(image, f->session);
  return o->tables.at + f->code->table - 1;
}
/* Fails the module; false. */
static inline bool kn_image_no_memory(const struct kn_image *image) {
  return KN_MODULE_FAIL(false, image->m, KILN_ERR_MEMORY, "out of memory");
}
/* The name that the object has for a symbol: one that is not defined here may have been renamed. */
static inline const char *kn_image_name(const struct kn_image *image, uint32_t id) {
  const bool here = image->places[id].section != 0;
  const char *other = here ? NULL : kiln_symbol_object_name(image->m, (kiln_symbol){id});
  return other != NULL ? other : kn_symbol(image->m, id)->name;
}
/* The name of a symbol for diagnostics. */
static inline const char *kn_name_of(const kiln_module *m, uint32_t id) {
  const char *name = kn_symbol(m, id)->name;
  return name[0] != 0 ? name : "(no name)";
}

#endif
