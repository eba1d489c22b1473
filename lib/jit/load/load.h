/* Loading of objects: what was read of an object (read.h) becomes a module and a session with code, as if the functions
 * had been compiled in this process. The linker (lib/jit/link) then links them as it links every module. load.c has the
 * steps, load_symbols.c gives symbols, load_tables.c has tables of exceptions and of roots; what depends on the
 * object's format are rows of a table, in load_elf.c and load_coff.c. Called by add.c. Invariant: no step trusts the
 * object: what the linker relies on of a session's output was checked. */
#ifndef KN_JIT_LOAD_H
#define KN_JIT_LOAD_H

#include "lib/jit/jit_state.h"
#include "lib/jit/load/read.h"

/* What a section is to the JIT. */
enum kn_jit_section {
  KN_JIT_LEFT_OUT,
  KN_JIT_OF_CODE,
  KN_JIT_OF_DATA,
  KN_JIT_OF_FRAMES, /* rows of unwinding */
  KN_JIT_OF_TABLES, /* of exceptions */
  KN_JIT_OF_ROOTS,
  KN_JIT_OF_STARTS, /* words with the addresses of constructors, the last one first */
  KN_JIT_OF_DEBUG,
  KN_JIT_REFUSED /* programs run it by means that a JIT does not have */
};

struct kn_jit_loaded_section {
  uint8_t is;    /* enum kn_jit_section */
  uint8_t debug; /* enum kn_dwarf_section */
  bool writable; /* data that the program may write to */
  uint32_t base; /* code, data: the symbol of its start */
  uint32_t at;   /* code: where it is in the session's; debug: among those of its name */
};

/* A function of the object. */
struct kn_jit_loaded_func {
  uint32_t section;
  uint32_t at, size; /* in the session's code */
  uint32_t from;     /* index of its symbol; 0: it has none, but unwind rows */
  uint32_t symbol;   /* in the module */
};

/* Data that has a name, but is a part of an item. */
struct kn_jit_loaded_data {
  uint32_t symbol; /* in the module: an alias */
  uint64_t size;
};

struct kn_jit_loaded {
  struct kn_read_object read;
  const struct kn_jit_format *format;
  const struct kn_code_facts *machine;
  kiln_jit_error *error;
  struct kn_arena arena;
  kiln_module *m;
  kiln_session *s;
  struct kn_jit_loaded_section *sections; /* by index */
  uint32_t *symbols;                      /* by index: in the module; 0: it stands for nothing */
  struct kn_jit_loaded_func *funcs;       /* ascending */
  uint32_t n_funcs;
  struct kn_jit_loaded_data *data;
  uint32_t n_data;
};

/* load.c */
/* Reads the object of `size` bytes for `jit`. False, with an error; kn_jit_loaded_free in any case. */
bool kn_jit_load(struct kn_jit_loaded *o, const kiln_jit *jit, const void *bytes, size_t size,
                 kiln_jit_error *error);
void kn_jit_loaded_free(struct kn_jit_loaded *o);
/* Reports that the object is refused; false. */
bool kn_jit_load_refuse(struct kn_jit_loaded *o, kiln_status status, const char *format, ...)
  __attribute__((format(printf, 3, 4)));
/* Reports what the module says, or that memory is lacking; false. */
bool kn_jit_load_failed(struct kn_jit_loaded *o);
/* The size that the object says of data with a name; 0: nothing. */
uint64_t kn_jit_loaded_size(const struct kn_jit_loaded *o, uint32_t symbol);

/* load_symbols.c */
/* Declares the functions of the object, and all other symbols. */
bool kn_jit_load_symbols(struct kn_jit_loaded *o);
/* The symbol of what a relocation refers to: its symbol, or, if the addend is not 0, an alias of the place. 0, with an
 * error, if there is none. */
uint32_t kn_jit_load_place(struct kn_jit_loaded *o, const struct kn_read_reloc *r);
/* Notes a function of that place, of which there is a symbol (its index) or, 0, rows. */
void kn_jit_load_note(struct kn_jit_loaded *o, uint32_t section, uint64_t at, uint64_t size,
                      uint32_t from);
/* The function that begins at an offset of a section: its index + 1; 0: none. */
uint32_t kn_jit_load_func_at(const struct kn_jit_loaded *o, uint32_t section, uint64_t offset);

/* load_tables.c */

/* What has a table of exceptions, or, without a personality, what ends the one before it. */
struct kn_jit_loaded_table {
  uint32_t section;
  uint64_t at;
  uint32_t head;        /* bytes before the table */
  uint32_t func;        /* index */
  uint32_t personality; /* symbol */
};
struct kn_jit_loaded_tables {
  struct kn_jit_loaded *o;
  KN_ARRAY(struct kn_jit_loaded_table) list;
};
/* Gives functions their rows of unwinding and tables of exceptions. */
bool kn_jit_load_frames(struct kn_jit_loaded *o);
bool kn_jit_load_roots(struct kn_jit_loaded *o);
/* The function whose rows are `bytes`, of code of `size` bytes at `offset` of a section: its index. UINT32_MAX, with an
 * error: there is no such function, or it has rows already. */
uint32_t kn_jit_load_rows(struct kn_jit_loaded *o, uint32_t section, uint64_t offset, uint64_t size,
                          const uint8_t *bytes, uint32_t n);
/* Says what of the object is damaged; false. */
bool kn_jit_load_damaged(struct kn_jit_loaded *o, const char *what);
/* The symbol whose address a field is made of: an address of 4 bytes, or the distance to a word that has the address.
 * 0, with an error: none. */
uint32_t kn_jit_load_behind(struct kn_jit_loaded *o, const struct kn_read_reloc *r);

/* ---- load_elf.c, load_coff.c ---- */

/* What sections of a name are, and, with `more`, of names that begin with it. */
struct kn_jit_section_rule {
  const char *name; /* NULL ends */
  bool more;
  uint8_t is; /* enum kn_jit_section */
};

/* A format of objects. */
struct kn_jit_format {
  kiln_system system;
  bool has_arrays; /* .init_array, .fini_array */
  const struct kn_jit_section_rule *rules;
  bool (*read)(struct kn_read_object *o);
  /* Calls kn_jit_load_note of each function in code of which section i has rows. */
  void (*note_rows)(struct kn_jit_loaded *o, uint32_t i);
  /* Most functions that section i has rows of. */
  uint64_t (*count_rows)(const struct kn_read_section *s);
  /* Reads the rows of section i: kn_jit_load_rows. */
  bool (*read_rows)(struct kn_jit_loaded_tables *t, uint32_t i);
};
extern const struct kn_jit_format kn_jit_elf, kn_jit_coff;

#endif
