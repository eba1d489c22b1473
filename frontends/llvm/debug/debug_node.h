/* A node of debugging metadata while it becomes an entry, and what the files that do so (debug*.c) share. */
#ifndef KN_LLVM_DEBUG_NODE_H
#define KN_LLVM_DEBUG_NODE_H

#include "debug/debug.h"

#include <kiln/dwarf.h>

/* The first entry of a module is the type of arrays' indices, which LLVM makes too. */
#define KN_BC_INDEX_TYPE 1

/* An expression: `n` bytes of DWARF's operations. */
struct kn_bc_expr {
  uint32_t n;
  uint32_t part_at, part_bits; /* it gives this part of the variable, in bits; part_bits 0: all */
  bool value;                  /* the variable's value is on the stack, and not its address: what is
                                  applied to an address ends with DW_OP_stack_value then */
  bool last_deref;             /* DW_OP_deref is the last operation */
  bool derives; /* the bits above an operand's type have influence on those that are its result */
  bool plain;   /* none of value and part_bits */
  /* of a list: the argument that is on the stack at the beginning; further ones that are no
     numbers, and where they go */
  uint32_t first, n_others, other[KILN_MAX_OTHER_VALUES], other_at[KILN_MAX_OTHER_VALUES];
};
#define KN_BC_EXPR_BYTES 256 /* most that an expression has; longer ones are left out */

/* The arguments of an expression: what the record names, or a list of it. */
enum { KN_BC_ARGS = 4 };
struct kn_bc_args {
  uint32_t n;
  bool is_number[KN_BC_ARGS];
  uint64_t number[KN_BC_ARGS];
};

/* debug_expr.c: the same of a value, or of a list of arguments. Of these, is->first is on the stack at the
 * beginning, those of is->other are to be pushed before bytes is->other_at. False, too, if it
 * needs more. */
bool kn_bc_debug_expr_of(struct kn_bc *r, uint32_t id, const struct kn_bc_args *args,
                         uint8_t *bytes, struct kn_bc_expr *is);
/* The expression of a variable's address that metadata `id` - 1 is; false if it is none, or one that is not known. */
bool kn_bc_debug_expr(struct kn_bc *r, uint32_t id, uint8_t *bytes, struct kn_bc_expr *is);

/* debug_assign.c: the function is complete. */
void kn_bc_assign_end(struct kn_bc *r);
/* kiln_func_set_variable, now or at the end; if assignment m->id has a store, the variable is in memory
 * instead. m: NULL: it has none. */
void kn_bc_assign_tell(struct kn_bc *r, const kiln_debug_value *is,
                       const struct kn_bc_variable_memory *m);
/* kiln_func_add_label, now or at the end. */
void kn_bc_assign_label(struct kn_bc *r, kiln_die label, uint32_t at);

struct kn_node {
  struct kn_bc *r;
  kiln_debug *d;
  const uint64_t *op;
  uint32_t n;
};

static inline uint64_t kn_op(const struct kn_node *x, uint32_t i) {
  return i < x->n ? x->op[i] : 0;
}
static inline kiln_die kn_op_die(const struct kn_node *x, uint32_t i) {
  return kn_bc_die(x->r, kn_op(x, i));
}

static inline const struct kn_bc_md *kn_op_md(const struct kn_node *x, uint64_t id) {
  return id <= UINT32_MAX ? kn_bc_md(x->r, (uint32_t)id) : NULL;
}

/* Bytes of an expression of DW_OP_constu. */
static inline uint8_t *kn_put_constu(uint8_t *p, uint64_t v) {
  *p++ = KILN_DW_OP_constu;
  for (; v > 0x7f; v >>= 7) *p++ = (uint8_t)(v | 0x80);
  *p++ = (uint8_t)v;
  return p;
}

/* The integer that metadata `id` - 1 is; false if it is none. */
static inline bool kn_op_int(const struct kn_node *x, uint64_t id, int64_t *out) {
  const struct kn_bc_md *m = kn_op_md(x, id);
  if (!m || m->kind != MDK_VALUE || m->n >= x->r->vals.n) return false;
  const struct kn_bc_cst *c = &x->r->csts.at[m->n];
  const struct kn_bc_type *t = &x->r->types.at[x->r->vals.at[m->n].t & KN_BC_TYPE_MASK];
  *out = (int64_t)(t->bits < 8 ? c->v & ((1u << t->bits) - 1) : c->v); /* truth is 1 */
  return c->kind == CK_INT;
}

/* The symbol that metadata `id` - 1 is; 0: none. */
static inline uint32_t kn_op_symbol(const struct kn_node *x, uint64_t id) {
  const struct kn_bc_md *m = kn_op_md(x, id);
  if (!m || m->kind != MDK_VALUE || m->n >= x->r->vals.n) return 0;
  const struct kn_bc_cst *c = &x->r->csts.at[m->n];
  return c->kind == CK_GLOBAL ? x->r->m->globals.at[c->index].symbol : 0;
}

/* A size or offset: a number, or since LLVM 21 metadata. */
static inline uint64_t kn_op_extent(const struct kn_node *x, uint32_t i, bool metadata) {
  int64_t v;
  if (!metadata) return kn_op(x, i);
  return kn_op_int(x, kn_op(x, i), &v) ? (uint64_t)v : 0;
}

static inline void kn_at_string(const struct kn_node *x, unsigned name, uint32_t i) {
  kiln_die_set_shared_string(x->d, name, kn_bc_md_text(x->r, kn_op(x, i)));
}
static inline void kn_at_ref(const struct kn_node *x, unsigned name, uint32_t i) {
  kiln_die_set_ref(x->d, name, kn_op_die(x, i));
}
static inline void kn_at_flag(const struct kn_node *x, unsigned name, uint64_t is) {
  if (is) kiln_die_set_flag(x->d, name);
}
static inline void kn_at_place(const struct kn_node *x, uint32_t file) {
  if (kn_op(x, file + 1) == 0) return;
  kn_at_ref(x, KILN_DW_AT_decl_file, file);
  kiln_die_set_uint(x->d, KILN_DW_AT_decl_line, kn_op(x, file + 1));
}
/* ---- attributes that are given at once ---- */

/* An attribute that a kind of node may give its entry. Tables of them are in the order in which they are written; for
 * KN_FIELD_NUMBER there are two, the second for numbers of more than 32 bits. */
struct kn_bc_field {
  uint16_t name; /* DW_AT_... */
  uint8_t is;    /* KILN_DIE_ATTR_... */
};
#define KN_FIELD_NUMBER(name)                                                                      \
  {name, KILN_DIE_ATTR_UINT}, { name, KILN_DIE_ATTR_WIDE }
/* Those that an entry has: bits of indexes into the table, and their values in its order. */
struct kn_bc_fields {
  const struct kn_bc_field *fields;
  uint64_t has;
  uint32_t n;
  uint32_t values[32];
};

static inline void kn_fields_begin(struct kn_bc_fields *all, const struct kn_bc_field *fields) {
  all->fields = fields;
  all->has = 0;
  all->n = 0;
}
/* Adds attribute k unless its value is 0: strings, entries. */
static inline void kn_put(struct kn_bc_fields *all, unsigned k, uint32_t value) {
  all->values[all->n] = value;
  all->n += value != 0;
  all->has |= (uint64_t)(value != 0) << k;
}
static inline void kn_put_flag(struct kn_bc_fields *all, unsigned k, bool is) {
  all->has |= (uint64_t)is << k;
}
static inline void kn_put_number(struct kn_bc_fields *all, unsigned k, uint64_t value) {
  bool wide = value > UINT32_MAX;
  all->values[all->n] = (uint32_t)value;
  all->values[all->n + 1] = (uint32_t)(value >> 32);
  all->n += 1 + wide;
  all->has |= UINT64_C(1) << (k + wide);
}
static inline void kn_put_int(struct kn_bc_fields *all, unsigned k, int64_t value) {
  all->values[all->n] = (uint32_t)value;
  all->values[all->n + 1] = (uint32_t)((uint64_t)value >> 32);
  all->n += 2;
  all->has |= UINT64_C(1) << k;
}
/* The text that operand i is; 0: none, or one without characters. */
static inline uint32_t kn_op_text(const struct kn_node *x, uint32_t i) {
  return kn_bc_md_text(x->r, kn_op(x, i)).id;
}
/* File and line as attributes k and k + 1. */
static inline void kn_put_place(struct kn_bc_fields *all, unsigned k, kiln_die file,
                                uint64_t line) {
  if (line == 0 || line > UINT32_MAX) return;
  kn_put(all, k, file.id);
  kn_put(all, k + 1, (uint32_t)line);
}
/* Bits 0 and 1 of DIFlags: private, protected, public, which DWARF numbers the other way round. */
static inline void kn_put_access(struct kn_bc_fields *all, unsigned k, uint64_t flags) {
  kn_put(all, k, flags & FLAG_ACCESS ? 4 - (uint32_t)(flags & FLAG_ACCESS) : 0);
}

/* debug_shape.c: defines entry e with these attributes; further ones may be given. */
void kn_bc_shaped(const struct kn_node *x, kiln_die e, unsigned tag, kiln_die parent,
                  const struct kn_bc_fields *all);

/* Defines entry e of a node. */
typedef void kn_node_entry(const struct kn_node *x, kiln_die e);
/* debug_type.c */
kn_node_entry kn_bc_basic, kn_bc_derived, kn_bc_composite, kn_bc_function_type, kn_bc_string_type,
  kn_bc_subrange, kn_bc_generic_subrange, kn_bc_subrange_type, kn_bc_enumerator,
  kn_bc_template_type, kn_bc_template_value;

#endif
