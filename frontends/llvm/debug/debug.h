/* Metadata, source locations, debugging information: what the files that read them offer to others. */
#ifndef KN_LLVM_DEBUG_H
#define KN_LLVM_DEBUG_H

#include "bc.h"
#include "debug/metadata_numbers.h"

/* ---- metadata.c ---- */

/* Reads the metadata block of a function, which was just announced. */
bool kn_bc_read_metadata(struct kn_bc *r);
/* Reads the module's metadata, with entries if it has a compilation unit, unless that was done before. */
bool kn_bc_module_metadata(struct kn_bc *r);
/* True if metadata `id` - 1 belongs to the module, false if to the function. */
static inline bool kn_bc_md_of_module(const struct kn_bc *r, uint32_t id) {
  return id <= r->m->md.mds.n;
}
/* The metadata of number `id` - 1; NULL if there is none. */
static inline const struct kn_bc_md *kn_bc_md(const struct kn_bc *r, uint32_t id) {
  uint32_t first = r->m->md.mds.n;
  if (id == 0 || id - 1 >= (uint64_t)first + r->fn.md.mds.n) return NULL;
  return id <= first ? r->m->md.mds.at + (id - 1) : r->fn.md.mds.at + (id - 1 - first);
}
/* Reads the record of metadata `id` - 1 into r->in.code and r->in.ops, its first `most` operands; the position stays.
 * False if there is none, or after an error. What refers to a record reads it each time: so `most` is a constant, and
 * long records take no more time than others. */
bool kn_bc_md_record(struct kn_bc *r, uint32_t id, uint32_t most);
/* The record at `pos`, of code r->in.code and operands r->in.ops, is a node that becomes an entry. */
bool kn_bc_decoded_node(struct kn_bc *r, uint64_t pos);

/* ---- foreign.c ---- */

/* Is the file a header of the system? */
bool kn_bc_foreign_header(const char *path);
/* Is a function of this name foreign (kiln_func_attrs.foreign), as far as its name says? */
bool kn_bc_foreign_name(const char *name, size_t n);

/* ---- debug.c, debug_var.c ---- */

/* Begins the module's entries. */
bool kn_bc_debug_begin(struct kn_bc *r);
/* The metadata that number `id` - 1 is among. */
static inline const struct kn_bc_md_part *kn_bc_md_part(const struct kn_bc *r, uint64_t id) {
  return id > r->m->md_end ? &r->fn.md.part : &r->m->md.part;
}
/* The entry of metadata `id` - 1; 0 if it is a string or `id` is 0. Nodes have entries in their order, one each. */
static inline kiln_die kn_bc_die(const struct kn_bc *r, uint64_t id) {
  const struct kn_bc_md_part *p = kn_bc_md_part(r, id);
  uint64_t node = id - p->before - p->strings;
  return (kiln_die){node - 1 < UINT32_MAX / 4 ? p->die + (uint32_t)node : 0};
}
/* The text of metadata `id` - 1, a string; 0 if it is none, or has no characters. */
static inline kiln_debug_string kn_bc_md_text(const struct kn_bc *r, uint64_t id) {
  const struct kn_bc_md_part *p = kn_bc_md_part(r, id);
  uint64_t string = id - p->before;
  uint32_t text = p->text + (uint32_t)string;
  return (kiln_debug_string){string - 1 < p->strings && text != p->empty ? text : 0};
}
/* Defines the entry of node `id` - 1, whose record has `code` and `n` operands. */
void kn_bc_debug_node(struct kn_bc *r, uint32_t code, uint32_t id, const uint64_t *ops, uint32_t n);
/* The same of the block that was read last, in scope `scope` - 1: its entry is `e`. Of a local variable. */
void kn_bc_debug_block(struct kn_bc *r, kiln_die e, uint64_t scope);
/* Numbers of metadata are one more, 0 is none. */
struct kn_bc_local {
  uint64_t scope, name, file, line, type;
  uint64_t argument;  /* number of the parameter, from 1; 0: it is none */
  uint64_t flags;     /* FLAG_... */
  uint64_t alignment; /* in bits; 0: its type's */
};
void kn_bc_debug_local(struct kn_bc *r, kiln_die e, const struct kn_bc_local *v);
/* What kn_bc_md.n says of it: types refer to such a variable, which is no parameter, and artificial. */
static inline bool kn_bc_local_is_size(const struct kn_bc_local *v) {
  return v->argument == 0 && (v->flags & FLAG_ARTIFICIAL);
}
/* What kn_bc_md.n says of an expression, from the operands of its record. */
uint32_t kn_bc_debug_expression(const uint64_t *ops, uint32_t n);
/* The variable of entry `variable` - 1 is not in memory: its value is that of an expression, which may be none. */
void kn_bc_debug_constant(struct kn_bc *r, uint64_t variable, uint64_t expr);
/* Reads a record that says which nodes describe a global. */
void kn_bc_debug_attachment(struct kn_bc *r, const uint64_t *ops, uint32_t n);
/* debug_assign.c: reads the block of attachments that was just announced, for the records of assignments that wait. */
bool kn_bc_assign_attached(struct kn_bc *r);
/* Describes the function that was read. */
void kn_bc_debug_function(struct kn_bc *r);
/* A record that declares where a variable lives: numbers of metadata, of its location, itself, an expression, the
 * address. */
void kn_bc_debug_declare(struct kn_bc *r, const uint64_t ops[4]);

/* A record that says what a variable is from place r->fn.records_at on, or that a label is there. */
void kn_bc_debug_value(struct kn_bc *r, uint32_t code, const uint64_t *ops, uint32_t n);
/* The same of an intrinsic's operands: numbers of metadata. */
void kn_bc_debug_becomes(struct kn_bc *r, uint64_t variable, uint64_t expr, uint64_t value,
                         uint32_t inlined);
/* loc.c: tells what waited for the newest instruction. */
void kn_bc_debug_records(struct kn_bc *r);
/* Variable, expression and address: numbers of metadata; `inlined`: kn_bc_call_loc. */
void kn_bc_debug_place(struct kn_bc *r, uint64_t variable, uint64_t expr, uint64_t value,
                       uint32_t inlined);

/* ---- keys.c ---- */

/* Finds where statements begin in a body with key instructions, whose first location was read just now: that of the
 * record at r->record_pos. */
void kn_bc_keys_scan(struct kn_bc *r);
/* Flags of the location that was read just now, in scope `scope` - 1. */
uint32_t kn_bc_keys_flags(struct kn_bc *r, uint32_t line, uint32_t scope);

/* ---- loc.c ---- */

/* The file of the scope that metadata `id` - 1 is; the module's source if that is unknown. It is valid until the next
 * call. */
const struct kn_bc_file *kn_bc_loc_file(struct kn_bc *r, uint32_t id);

/* Number in the session of the location that metadata `id` - 1 is: of a call that was replaced by the function's code.
 * Each node has one number in a function, and no other node that. 0: it is none, or an error. */
uint32_t kn_bc_call_loc(struct kn_bc *r, uint32_t id);

/* Makes another location than the newest one current: line, column, scope + 1, inlined at + 1. */
void kn_bc_loc_new(struct kn_bc *r, uint32_t line, uint32_t column, uint32_t scope,
                   uint32_t inlined);
/* Makes the newest location current again; with key instructions a statement may begin. False if there is none. */
bool kn_bc_loc_again(struct kn_bc *r);
/* Makes a location current, and reads the records about variables at the current position. */
void kn_bc_loc_records(struct kn_bc *r, uint32_t line, uint32_t column, uint32_t scope,
                       uint32_t inlined);
/* The same as kn_bc_loc_ahead (ahead.h), for all that may stand there. */
void kn_bc_loc_slow(struct kn_bc *r);

#endif
