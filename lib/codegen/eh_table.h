/* Tables of exceptions: what .gcc_except_table has for a function, in the format that the personalities of C, C++ and
 * Rust read (libgcc's unwind-c.c, libstdc++'s eh_personality.cc; LLVM's "Exception Handling Tables"). lib/codegen/eh.c
 * collects the rows while a function is walked. The functions here are pure, but for memory.
 * Layout: a header; the call sites, in ascending order; chains of actions; the types, backwards; the filters, which
 * are lists of types. A call site names a landing pad (0: none) and the first action of its chain (0: cleanup only). A
 * call that is in no call site must not unwind: the personality ends the program. */
#ifndef KN_LIB_CODEGEN_EH_TABLE_H
#define KN_LIB_CODEGEN_EH_TABLE_H

#include "ir/func.h"
#include "lib/codegen/output.h"

/* Encodings of addresses: DWARF Extension for Exception Headers, LSB 5.0, 10.5.1. */
enum {
  KN_EH_ULEB128 = 0x01,
  KN_EH_UDATA4 = 0x03,
  KN_EH_PCREL_SDATA4 = 0x1b,
  KN_EH_INDIRECT_PCREL_SDATA4 = 0x9b,
  KN_EH_OMIT = 0xff
};
/* Where a table has the encoding of its types. */
enum { KN_EH_TYPES_ENCODING_AT = 1 };

/* One call site: offsets from the function's start. */
struct kn_eh_site {
  uint32_t start, end;
  uint32_t pad;    /* 0: none */
  uint32_t action; /* of kn_eh_chain */
};

/* An action, in a chain of them: what a clause takes, and which comes next. */
struct kn_eh_action {
  int32_t value; /* index of a type, minus a filter's, or 0: cleanup */
  uint32_t next; /* 1 + the byte where the next one is, or 0 */
  uint32_t at;   /* its byte in the table of actions */
};

/* Actions and filters of a function. */
struct kn_eh_actions {
  KN_ARRAY(struct kn_eh_action) list;
  KN_ARRAY(uint8_t) bytes;   /* the table of actions */
  KN_ARRAY(uint8_t) filters; /* the table of filters */
  KN_ARRAY(int32_t) values;  /* of the clauses at hand */
};

/* Forgets them: a function begins. */
void kn_eh_actions_clear(struct kn_eh_actions *a);
void kn_eh_actions_free(struct kn_eh_actions *a, kiln_module *m);
/* The value of a filter of `n` types, which are indices from 1: for kn_eh_chain. 0 if the function failed. */
int32_t kn_eh_filter(struct kn_eh_actions *a, kiln_func *f, const uint32_t *types, uint32_t n);
/* The chain of actions for a->values, in their order: 1 + its byte in the table of actions, or 0: cleanup only. */
uint32_t kn_eh_chain(struct kn_eh_actions *a, kiln_func *f);
/* True if the module's tables refer to types and personalities by the location of their address
 * (KN_EH_INDIRECT_PCREL_SDATA4), which code at any address can do; else by their addresses, of 4
 * bytes. */
bool kn_eh_indirect(const kiln_module *m);
/* Appends the table of a function with `n` call sites to the output: the types are `types`. False without memory. */
bool kn_eh_write(kiln_module *m, struct kn_output *out, const struct kn_eh_site *sites, uint32_t n,
                 const struct kn_eh_actions *a, const uint32_t *types, uint32_t n_types,
                 uint32_t personality);

#endif
