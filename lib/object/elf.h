/* The files of the object writer and what they share. kiln_emit_elf (lib/object/elf.c) calls them in
 * order: elf_layout.c gives every definition a section and an offset, elf_symbols.c numbers the
 * symbols, elf_write.c copies content and writes relocations, elf_frame.c writes .eh_frame,
 * elf_symbols.c writes the symbol table, elf.c the headers. Invariant: after placing, nothing
 * moves. */
#ifndef KN_LIB_OBJECT_ELF_H
#define KN_LIB_OBJECT_ELF_H

#include "ir/arena.h"
#include "ir/bytes.h"
#include "ir/reloc_kinds.h"
#include "lib/codegen/output.h"
#include "lib/object/eh_table.h"
#include "targets/target.h"

#include <elf.h>
#include <string.h>

#undef SHF_EXCLUDE /* glibc's is a shift into the sign */
#define SHF_EXCLUDE (1u << 31)
#ifndef SHF_GNU_RETAIN
#define SHF_GNU_RETAIN (1 << 21)
#endif

enum { KN_PROPERTY_BITS = 3 };

/* ELF's numbers for a target. */
struct kn_elf_machine {
  uint16_t number;      /* e_machine */
  uint32_t flags;       /* e_flags */
  bool mapping_symbols; /* $x at the start of code */
  uint8_t bound_early;  /* st_other of functions with kn_convention.bound_early */
  /* Of .note.gnu.property: the type of the property, and by its bits what of KILN_PROTECT_... sets them. */
  uint32_t property;
  uint8_t property_what[KN_PROPERTY_BITS];
  uint16_t relocs[KILN_RELOC_KIND_COUNT]; /* by kind; 0: none */
};

/* lib/object/elf_machine.c */
const struct kn_elf_machine *kn_elf_machine(kiln_target t);

/* One function of the object. */
struct kn_elf_func {
  uint32_t session, index; /* in the session's output */
};

/* Part of a section: a run of functions of one session, a data item or a constructor's entry. */
struct kn_elf_piece {
  uint64_t offset;     /* in its section */
  uint32_t next;       /* of the section: index + 1, or 0 */
  uint32_t session;    /* of functions; or KN_PIECE_... */
  uint32_t first, end; /* functions [first, end); or first: index of data item or constructor */
};
#define KN_PIECE_DATA UINT32_MAX
#define KN_PIECE_CTOR (UINT32_MAX - 1)
#define KN_PIECE_TABLE (UINT32_MAX - 2) /* first: index into kn_elf_eh.tables */
#define KN_PIECE_WORD (UINT32_MAX - 3)  /* 8 bytes: the address of symbol `first` */
#define KN_PIECE_FUNCS (UINT32_MAX - 4) /* the last session */

struct kn_elf_section {
  const char *name;     /* before the owner's name */
  uint32_t name_length; /* of `name` alone */
  uint32_t owner;       /* symbol whose name follows `name`, or 0 */
  uint32_t type;
  uint64_t flags;
  uint64_t size;
  uint64_t offset; /* in the file */
  uint32_t align, entsize;
  uint32_t group;       /* index + 1, or 0 */
  uint32_t group_next;  /* next section of the group: index + 1, or 0 */
  uint32_t first, last; /* pieces: index + 1, or 0 */
  uint32_t with;        /* SHF_LINK_ORDER: symbol whose section sh_link names, or 0 */
  bool nonzero;         /* has content that is not zero */
  bool code;
  uint32_t number; /* in the section header table */
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

/* Where a symbol is. */
struct kn_elf_def {
  uint64_t value;               /* offset in its section; COMMON: alignment */
  uint64_t size : 56, type : 8; /* st_size; STT_... */
  uint32_t section;             /* index + 1; KN_IN_COMMON; 0: not defined here */
  uint32_t symbol; /* number in the symbol table; with KN_VIA_SECTION: add `value` to the addend */
};
#define KN_SIZE_MASK ((UINT64_C(1) << 56) - 1)
#define KN_IN_COMMON UINT32_MAX
#define KN_VIA_SECTION (1u << 31)

/* Sections with fixed names. */
enum kn_elf_fixed {
  KN_ELF_TEXT,
  KN_ELF_DATA,
  KN_ELF_RODATA,
  KN_ELF_RELRO,
  KN_ELF_BSS,
  KN_ELF_TDATA,
  KN_ELF_TBSS,
  KN_ELF_STRINGS,
  KN_ELF_FIXED_COUNT
};

/* The table of exceptions of a function. */
struct kn_elf_eh_table {
  uint32_t func;    /* index into kn_elf.funcs */
  uint32_t section; /* index */
  uint32_t cie;     /* of its personality: index into kn_elf_eh.cies */
  uint64_t offset;  /* in the section */
};
/* A CIE of functions with tables: there is one for each personality and key. */
struct kn_elf_eh_cie {
  uint32_t personality; /* symbol */
  /* where the address of an external personality is, a section group of its own; index + 1 */
  uint32_t section;
  uint32_t symbol; /* number of the symbol of that: DW.ref.NAME */
  bool key_b;      /* of functions with kn_code_func.key_b */
  /* another one with the same personality, which has `section` and `symbol`: index + 1, or 0 */
  uint32_t same;
};
/* Name of such a section, before that of the personality; the symbol's name is its end. */
#define KN_EH_REF_SECTION ".data.rel.local.DW.ref."
enum { KN_EH_REF_NAME_AT = 16 };
/* What tables of exceptions need: lib/object/elf_eh.c. */
struct kn_elf_eh {
  struct kn_elf_eh_table *tables; /* in the order of their functions */
  uint32_t n_tables;
  struct kn_elf_eh_cie *cies;
  uint32_t n_cies, n_refs; /* n_refs: of them with a section */
  uint32_t *cie_of;        /* by symbol, twice (then with key B): index + 1, or 0 */
  uint32_t *word_of;       /* by symbol: 1 + offset of its address in `words`, or 0 */
  uint32_t words;          /* section of the addresses of types: index + 1, or 0 */
  uint32_t shared;         /* .gcc_except_table: index + 1, or 0 */
  bool indirect;           /* kn_eh_indirect */
};

struct kn_elf {
  kiln_module *m;
  const struct kn_elf_machine *machine;
  const struct kn_code_facts *code;
  kiln_session *const *sessions;
  uint32_t n_sessions;
  struct kn_arena arena; /* freed at the end of the call */

  struct kn_elf_func *funcs; /* all, in the order of the object */
  uint32_t n_funcs;
  uint32_t *func_data; /* data items that belong to functions, in order: indices */
  uint32_t n_func_data;
  struct kn_elf_def *defs; /* by symbol id */
  KN_ARRAY(struct kn_elf_section) sections;
  struct kn_elf_group *groups; /* at most one for each comdat, and room for all */
  uint32_t n_groups;
  /* by comdat id - 1: the label of machine code that it is from, or 0; NULL: none */
  uint32_t *group_label;
  uint32_t *group_of; /* by comdat id - 1: index + 1, or 0: not needed so far */
  KN_ARRAY(struct kn_elf_piece) pieces;
  struct kn_hash section_hash;        /* of named ones: index + 1 */
  uint32_t fixed[KN_ELF_FIXED_COUNT]; /* index + 1, or 0: not needed so far */
  const char *last_name;              /* of the newest explicit section, as a pointer */
  uint32_t last_section;              /* index + 1 */
  uint32_t last_group;
  uint64_t last_flags;
  uint32_t n_content;      /* sections with placed content: those before have section symbols */
  uint32_t n_debug;        /* sections behind them that have symbols too: lib/debug/dwarf.c */
  struct kn_dwarf *dwarf;  /* or NULL */
  uint32_t eh_frame, note; /* indices of the sections that elf_frame.c and elf.c fill */
  uint32_t property;       /* of .note.gnu.property: index + 1, or 0 */
  bool key_b; /* there is a CIE of functions without tables that have kn_code_func.key_b */
  bool gnu;   /* some section has SHF_GNU_RETAIN, or a symbol STT_GNU_IFUNC */
  struct kn_elf_eh eh;

  uint32_t *locals, *globals; /* symbol ids in the order of their numbers */
  uint32_t n_locals, n_globals;
  uint32_t section_symbols;               /* number of section 0's symbol */
  uint32_t first_code_mark, n_code_marks; /* mapping symbols */
  uint32_t first_signature;
  uint32_t first_local;
  uint32_t first_ref; /* of the symbols of kn_elf_eh_cie: global ones, before those of `globals` */
  uint32_t first_global;
  uint64_t names_size; /* bound of the string table */

  uint8_t *base;   /* of the object */
  uint64_t at;     /* end of what is written */
  uint64_t strtab; /* offset of the string table */
  uint64_t symtab, shndx;
};

static inline const struct kn_output *kn_elf_output(const struct kn_elf *e, uint32_t session) {
  return e->sessions[session]->out;
}
static inline const struct kn_code_func *kn_elf_func(const struct kn_elf *e, uint32_t i) {
  return kn_elf_output(e, e->funcs[i].session)->funcs.at + e->funcs[i].index;
}

/* Table `i` of exceptions. */
static inline const struct kn_code_table *kn_elf_eh_table(const struct kn_elf *e, uint32_t i) {
  const struct kn_elf_func *f = e->funcs + e->eh.tables[i].func;
  const struct kn_output *o = kn_elf_output(e, f->session);
  return o->tables.at + o->funcs.at[f->index].table - 1;
}

/* lib/object/elf_layout.c */
bool kn_elf_layout(struct kn_elf *e);
/* Adds a section that no piece goes to; index, or UINT32_MAX. `length` is the name's. */
uint32_t kn_elf_add_section(struct kn_elf *e, const char *name, size_t length, uint32_t type,
                            uint64_t flags, uint32_t align);
/* A new piece of a section, its newest; NULL without memory. */
struct kn_elf_piece *kn_elf_add_piece(struct kn_elf *e, uint32_t section, uint64_t offset);
/* Makes the section end at `offset` + `size`; false if that is too large. */
bool kn_elf_extend(struct kn_elf *e, uint32_t section, uint64_t offset, uint64_t size);
/* The section joins a group: index + 1. */
void kn_elf_join_group(struct kn_elf *e, uint32_t section, uint32_t group);
/* lib/object/elf_eh.c: behind kn_elf_layout's own work; content and relocations of its pieces. */
bool kn_elf_eh_layout(struct kn_elf *e);
const uint8_t *kn_elf_eh_bytes(const struct kn_elf *e, const struct kn_elf_piece *p);
bool kn_elf_eh_relocs(struct kn_elf *e, uint32_t section, const struct kn_elf_piece *p);
/* lib/object/elf_symbols.c */
bool kn_elf_number(struct kn_elf *e);
/* Number of an undefined symbol, given at its first reference; 0 if the module failed. */
uint32_t kn_elf_undefined(struct kn_elf *e, uint32_t id);
void kn_elf_write_symbols(struct kn_elf *e, bool extended);
/* lib/object/elf_write.c */
void kn_elf_write_content(struct kn_elf *e);
/* Writes the relocation of data at offset `item` of a section. False if the module failed. */
bool kn_elf_data_reloc(struct kn_elf *e, uint32_t section, uint64_t item, const kiln_reloc *r);
bool kn_elf_write_relocs(struct kn_elf *e);
/* lib/object/elf_frame.c */
bool kn_elf_frame_prepare(struct kn_elf *e);
void kn_elf_frame_write(struct kn_elf *e);
bool kn_elf_frame_relocs(struct kn_elf *e);

/* Elf64_Rela at `p`. */
static inline void kn_put_rela(uint8_t *p, uint64_t offset, uint32_t symbol, uint32_t type,
                               int64_t addend) {
  kn_put64(p, offset);
  kn_put64(p + 8, (uint64_t)symbol << 32 | type);
  kn_put64(p + 16, (uint64_t)addend);
}

/* Pads the object with zeros. */
static inline void kn_elf_pad(struct kn_elf *e, uint64_t align) {
  uint64_t to = kn_align_up(e->at, align);
  if (to > e->at) memset(e->base + e->at, 0, (size_t)(to - e->at));
  e->at = to;
}

/* ---- parts of .eh_frame, in objects and in memory ---- */

/* Bytes of the CIE of functions without a table of exceptions, of one with; of an FDE, before its rows. */
enum { KN_CIE_BYTES = 24, KN_CIE_EH_BYTES = 32, KN_FDE_HEAD = 17 };
/* Where the address of the personality is in its CIE; those of function and table in an FDE. */
enum { KN_CIE_PERSONALITY_AT = 19, KN_FDE_ADDRESS_AT = 8, KN_FDE_TABLE_AT = 17 };

/* lib/object/elf_frame.c */
/* That of functions without tables; `key_b`: of those with kn_code_func.key_b. */
void kn_elf_put_cie(uint8_t *p, const struct kn_code_facts *code, bool key_b);
/* That of functions with tables: `personality` is the address, as `encoding` says (KN_EH_...). With `key_b` it is a
 * byte behind KN_CIE_PERSONALITY_AT. */
void kn_elf_put_eh_cie(uint8_t *p, const struct kn_code_facts *code, unsigned encoding,
                       uint32_t personality, bool key_b);

/* Bytes of a function's FDE: length, CIE pointer, address, size, augmentation, its rows. */
static inline uint64_t kn_elf_fde_bytes(const struct kn_code_func *f) {
  return kn_align_up(KN_FDE_HEAD + 4 * (uint64_t)(f->table != 0) + (uint64_t)f->cfi_size, 8);
}

/* Writes a function's FDE, which is `cie` bytes behind its CIE; returns its end. `address`, `table`: the distances from
 * the fields of the FDE to the function and its table of exceptions, if it has one; `cfi`: the rows of the function's
 * session. */
static inline uint8_t *kn_elf_put_fde(uint8_t *p, uint32_t cie, uint32_t address, uint32_t table,
                                      const struct kn_code_func *f, const uint8_t *cfi) {
  uint64_t size = kn_elf_fde_bytes(f);
  kn_put32(p, (uint32_t)(size - 4));
  kn_put32(p + 4, cie + 4);
  kn_put32(p + KN_FDE_ADDRESS_AT, address);
  kn_put32(p + 12, f->size);
  kn_put64(p + size - 8, 0); /* padding: DW_CFA_nop */
  uint8_t *rows = p + KN_FDE_HEAD;
  p[16] = 0;
  if (KN_UNLIKELY(f->table != 0)) {
    p[16] = 4;
    kn_put32(p + KN_FDE_TABLE_AT, table);
    rows += 4;
  }
  if (f->cfi_size > 0) kn_copy(rows, cfi + f->cfi_first, f->cfi_size);
  return p + size;
}

#endif
