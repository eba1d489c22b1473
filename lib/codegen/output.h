/* A session's output: code and what belongs to it, of the functions that were compiled. The walk and lib/debug append
 * to it, images and the JIT read it. Invariant: what a function that failed has left is cut off. */
#ifndef KN_LIB_CODEGEN_OUTPUT_H
#define KN_LIB_CODEGEN_OUTPUT_H

#include "ir/module/session_state.h"

/* A relocation in code. The value is written at `offset`, which counts from the session's code. */
struct kn_code_reloc {
  union {
    uint32_t offset;
    uint32_t mark; /* of the function being walked: the number of its mark (lib/codegen/code.h) */
  };
  uint32_t symbol;
  uint32_t kind; /* KILN_RELOC_... */
  int32_t addend;
};

/* One function's part of the code. Parts are in order and do not overlap; bytes between them are
 * padding. Relocations and frame rows of a function are contiguous: they end where the next
 * function's start. */
struct kn_code_func {
  uint32_t symbol;
  uint32_t start, size; /* bytes in the session's code; start has the function's alignment */
  uint32_t reloc_first; /* index into relocs */
  uint32_t cfi_first;   /* index into the bytes of cfi: DW_CFA instructions of its FDE */
  uint32_t cfi_size;
  uint32_t loc_first;        /* index into lines */
  uint32_t var_first;        /* index into vars */
  uint32_t call_first;       /* index into calls */
  uint32_t subprogram, unit; /* kiln_die of its description, or 0 */
  uint32_t table;            /* of exceptions: index into tables + 1, or 0 */
  uint32_t roots;            /* its table: index into root_tables + 1, or 0 */
  bool used;                 /* kept even if the linker collects garbage */
  bool no_rows;              /* .eh_frame has no FDE of it */
  bool debug_rows;           /* .debug_frame may have one */
};

/* A function's table of exceptions (.gcc_except_table), complete but for the addresses of types: 4 bytes each, that
 * of type k (from 1) at the table's byte type_end - 4 * k. */
struct kn_code_table {
  uint32_t personality; /* symbol */
  uint32_t first, size; /* bytes in table_bytes; `first` is a multiple of 4 */
  uint32_t type_first;  /* index into table_types */
  uint32_t n_types;
  uint32_t type_end;
};

/* Bytes of the code that are data: tables of jumps, literals. */
struct kn_code_data {
  uint32_t at, end; /* in the session's code; ascending */
};

/* Where a block symbol is. */
struct kn_code_label {
  uint32_t symbol;
  uint32_t offset; /* in the session's code */
};

/* Source location `loc` begins at `offset`. */
/* KN_LINE_KEPT: of a statement; the table has the row even if it has no code. */
enum { KN_LINE_STMT = 1, KN_LINE_PROLOGUE_END = 2, KN_LINE_KEPT = 4 };
struct kn_code_line {
  uint32_t offset,
    fixups; /* of the function being walked: as in struct kn_mark (lib/codegen/code.h) */
  struct kn_loc loc;
  uint32_t flags; /* KN_LINE_... */
};

/* Where a variable lives: a DWARF expression, n bytes of `exprs`. */
struct kn_code_var {
  uint32_t variable; /* kiln_die */
  uint32_t inlined;  /* location of the call that was replaced by the code which has it, or 0 */
  uint32_t expr, n;
  uint32_t part_at, part_bits; /* in bits; part_bits 0: all of it */
  /* Only in this code; to 0: everywhere. Rows of a variable with locations follow each other, in order of `from` for
   * each part. Of a label: `from`, and n is KN_VAR_LABEL. */
  uint32_t from, to;
#ifdef KN_CHECKS
  uint32_t
    value; /* handle of what is there: a value, a constant, or a slot whose content or memory it is; 0: not said */
  bool in_memory, computed; /* it is what is at an address, or it is none, as the function says */
#endif
};

#define KN_VAR_LABEL UINT32_MAX
static inline bool kn_var_is_label(const struct kn_code_var *v) { return v->n == KN_VAR_LABEL; }
static inline bool kn_var_is_everywhere(const struct kn_code_var *v) { return v->to == 0; }

/* What is called, among what a call passes (lib/debug/observe_calls.c): an expression that gives it while the call
 * runs, or the location where it was before. */
enum { KN_CALL_TARGET = 0xff, KN_CALL_LOST = 0xfe };

/* A call that debuggers are to know of, in a function whose entry says that all are described. */
struct kn_code_call {
  uint32_t at;      /* offset of what is after it; of a tail call after the jump */
  uint32_t symbol;  /* that is called, or 0 */
  uint32_t expr, n; /* in `exprs`: see lib/debug/observe_calls.c */
  bool tail;
};

/* A function's table of roots: lib/codegen/root_table.h. */
struct kn_code_roots {
  uint32_t first, size; /* bytes in root_bytes; multiples of 4 */
};

/* The arrays: type, name. Of `code` and what ends in "bytes", items are bytes. */
#define KN_OUTPUT_ARRAYS(ARRAY)                                                                    \
  ARRAY(uint8_t, code)                                                                             \
  ARRAY(struct kn_code_reloc, relocs)                                                              \
  ARRAY(struct kn_code_func, funcs)                                                                \
  ARRAY(struct kn_code_label, labels)                                                              \
  ARRAY(struct kn_code_data, data)                                                                 \
  ARRAY(struct kn_code_line, lines)                                                                \
  ARRAY(struct kn_code_var, vars)                                                                  \
  ARRAY(struct kn_code_call, calls)                                                                \
  ARRAY(uint8_t, exprs)                                                                            \
  ARRAY(uint8_t, cfi)                                                                              \
  ARRAY(struct kn_code_table, tables)                                                              \
  ARRAY(uint8_t, table_bytes)                                                                      \
  ARRAY(uint32_t, table_types) /* symbols; 0: any type */                                          \
  ARRAY(struct kn_code_roots, root_tables)                                                         \
  ARRAY(uint8_t, root_bytes)

struct kn_output {
#define ARRAY(type, name) KN_ARRAY(type) name;
  KN_OUTPUT_ARRAYS(ARRAY)
#undef ARRAY
};

/* Where the rows of function `f` end in `lines`. */
static inline uint32_t kn_output_line_end(const struct kn_output *o, const struct kn_code_func *f) {
  return f + 1 < o->funcs.at + o->funcs.n ? f[1].loc_first : o->lines.n;
}

/* How long each array is. */
struct kn_output_mark {
#define ARRAY(type, name) uint32_t name;
  KN_OUTPUT_ARRAYS(ARRAY)
#undef ARRAY
};

struct kn_output_mark kn_output_mark(const struct kn_output *out);
/* Cuts off what was appended since; all, if the mark is zero. */
void kn_output_cut(struct kn_output *out, const struct kn_output_mark *mark);
/* What the arrays take, in bytes. */
uint64_t kn_output_bytes(const struct kn_output *out);
void kn_output_free(struct kn_output *out, const kiln_allocator *a);

#endif
