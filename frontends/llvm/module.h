/* The module, as all readers of it see it: what was read before the first body. The reader that opens it fills it in
 * (kn_bc.open); afterwards it is constant, and forks in other threads have a pointer to it (kn_bc.m). Two things are
 * noted later, by the opened reader and before any fork reads: which bodies are kept for inlining, and that data are
 * defined. */
#ifndef KN_LLVM_MODULE_H
#define KN_LLVM_MODULE_H

#include "harden.h"
#include "memory.h"
#include "tables.h"

/* Named metadata of a module that the reader asks for. */
enum kn_bc_list {
  LIST_NONE,
  LIST_FLAGS,     /* llvm.module.flags */
  LIST_IDENT,     /* llvm.ident: who made the module */
  LIST_COMMAND,   /* llvm.commandline: how */
  LIST_LIBRARIES, /* llvm.dependent-libraries: what to link it with */
  LIST_LINKER,    /* llvm.linker.options */
  LIST_COUNT
};

/* A node of such a list. */
struct kn_bc_listed {
  uint32_t node; /* its number + 1 */
  enum kn_bc_list list;
};

/* What constants of the module, or of a function, consist of. Indices of a function's count on from the module's. */
struct kn_bc_pool {
  KN_BC_ARRAY(uint64_t) words;
  KN_BC_ARRAY(uint32_t) list;
  KN_BC_ARRAY(uint8_t) bytes;
};

/* A kind of metadata, by the number that the module gives it. */
struct kn_bc_named_kind {
  const struct kn_bc_support *row; /* NULL: Kiln does not know it, or the module does not name it */
  uint32_t number;                 /* that of LLVM's own; KN_BC_KIND_OTHER: it has none there */
  uint32_t unknown;                /* index + 1 in kn_bc_module.unknown; 0: it is known */
};
#define KN_BC_KIND_OTHER UINT32_MAX

/* Metadata that Kiln does not know, which are dropped: a kind, or named metadata. */
struct kn_bc_unknown {
  uint32_t name; /* offset in unknown_names */
  uint32_t uses; /* bodies count, each in its thread */
};

/* The metadata of the module, or of a function. Numbers of a function's count on from the module's. */
struct kn_bc_metadata {
  KN_BC_ARRAY(struct kn_bc_md) mds;
  KN_BC_ARRAY(uint32_t) abbrevs; /* of the block, as indices into kn_bc.abbrevs, */
  unsigned width;                /* and the width of its abbreviation ids */
  struct kn_bc_md_part part;
  kiln_debug *debug; /* what nodes become entries of, if they do */
};

struct kn_bc_module {
  struct kn_bc_memory memory;

  /* the file */
  KN_BC_ARRAY(struct kn_bc_blockinfo) blockinfo;
  struct kn_bc_range info[KN_BC_BLOCKS]; /* in blockinfo; n UINT32_MAX / 2: scattered */
  const char *strtab;
  uint64_t strtab_size;
  char source[256]; /* source file name */

  /* types: those themselves are in kn_bc.types */
  KN_BC_ARRAY(struct kn_bc_elem) elems;
  uint32_t ptr_type, bool_type; /* ids of the types ptr and i1, or UINT32_MAX */
  uint32_t word_type;           /* has_words: of the parts of integers of more than 128 bits */
  uint32_t chunk_type;          /* has_vectors: of the parts of vectors of more than one register */

  /* attributes */
  KN_BC_ARRAY(struct kn_bc_attr) attrs; /* those that differ; number 0 says nothing */
  KN_BC_ARRAY(uint32_t) groups;         /* by group id: number in attrs, + 1; 0: no group */
  KN_BC_ARRAY(const struct kn_bc_support *) unknown_attrs; /* a row for each that differs */
  KN_BC_ARRAY(struct kn_bc_attr_list) attr_lists; /* those that differ; number 0 is empty */
  KN_BC_ARRAY(uint32_t) list_attrs;               /* their attributes: numbers in attrs */
  struct kn_hash attr_hash, list_hash;            /* numbers in attrs and attr_lists */
  struct kn_hash unknown_hash;                    /* unknown_attrs by name: index + 1 */
  KN_BC_ARRAY(uint32_t) lists;                    /* by number in the file: number in attr_lists */

  /* globals, and what they are made of */
  KN_BC_ARRAY(struct kn_bc_global) globals;
  KN_BC_ARRAY(kiln_machine_info) machines; /* the instructions that intrinsics among them are */
  KN_BC_ARRAY(struct kn_bc_body) bodies;   /* in order; complete when the module is read */
  uint32_t next_body, n_noted;             /* number of bodies met; of those to be read later */
  KN_BC_ARRAY(uint32_t) sections;          /* offset of each NUL-terminated name in names */
  KN_BC_ARRAY(char) names;
  KN_BC_ARRAY(struct kn_bc_comdat) comdats;
  KN_BC_ARRAY(kiln_symbol_desc) aliases;
  KN_BC_ARRAY(uint32_t) controls; /* emulated_tls: symbols of control variables, ascending */
  KN_BC_ARRAY(char) assembly;     /* the module's, NUL-terminated */
  KN_BC_ARRAY(struct kn_bc_symver) symvers;
  uint32_t n_vals; /* values of the module: those have the lowest ids in each body */
  struct kn_bc_pool pool;

  /* metadata */
  struct kn_bc_metadata md;
  uint64_t metadata_pos; /* of the block; 0: none */
  uint64_t md_end;       /* metadata up to this number are the module's */
  bool keyed;            /* one of them is a subprogram with key instructions */
  struct {
    struct kn_bc_listed *at;
    uint32_t n, cap;
    enum kn_bc_list next;   /* what the next named node is */
  } listed;                 /* nodes of the module's lists, in their order */
  uint64_t bundle_tags_pos; /* of the block of bundles' tags; 0: none */
  KN_BC_ARRAY(struct kn_bc_named_kind) kinds;
  KN_BC_ARRAY(struct kn_bc_unknown) unknown;
  KN_BC_ARRAY(char) unknown_names;
  struct kn_bc_flags harden;           /* what the module's flags say */
  const struct kn_bc_global *declared; /* whose record is being read, for errors; else NULL */

  /* On Windows, see reader.c: library functions return an fp128 in xmm0; all others return it in memory. */
  bool quad_in_vector, quad_in_memory;
  bool is_newer;       /* a newer LLVM than those that were tested wrote it */
  bool other_kinds;    /* of metadata: not all have LLVM's own numbers, or some are unknown; */
  bool other_frequent; /* such as are frequent among them: kinds.c */
  kiln_llvm_options options;
  bool inlining;         /* functions are kept, to be inlined: <kiln/inline.h> */
  bool foreign_only;     /* of functions that need not be inlined, foreign ones alone are */
  bool splits;           /* slots that are copied are taken apart (docs/internals/forwarding.md) */
  bool as_is;            /* debug information changes no code: kiln_variables */
  bool has_f80;          /* some type is x86_fp80 */
  bool no_x87;           /* some function has floats, but may not use the x87 */
  bool has_words;        /* some integer type has more than 128 bits */
  bool has_vectors;      /* some type is a vector, */
  bool has_long_vectors; /* of more than 128 bits */
  bool has_blocks;       /* some constant is the address of a block */
  bool has_tls;          /* some global is thread-local, */
  bool has_layout;       /* the data layout was read */
  bool emulated_tls;     /* which the compiler's library finds: tls.c */
  /* There are constrained intrinsics, or named registers: metadata are read as if there were
   * locations. */
  bool has_strict;
  bool has_units; /* the metadata contain a compilation unit, */
  bool entries;   /* so that nodes become entries of debugging information: debug.c */
  bool assemble;  /* the assembly is not versions of symbols alone */
  bool version_seen, data_defined, md_read, md_done; /* how far it is read */
};

#endif
