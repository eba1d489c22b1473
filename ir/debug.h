/* Debugging information entries as the library's own files see them: ir/debug.c fills the sets, lib/dwarf*.c writes
 * them. An entry is 16 bytes, an attribute too; what has no fixed size is in arrays of the set. */
#ifndef KN_IR_DEBUG_H
#define KN_IR_DEBUG_H

#include <kiln/debug.h>

#include "ir/func.h"

/* A session's entries have this bit in their ids. */
#define KN_DIE_SESSION (1u << 31)
#define KN_DIE_INDEX (KN_DIE_SESSION - 1)

enum kn_die_kind {
  KN_DA_UINT,
  KN_DA_INT,
  KN_DA_FLAG,
  KN_DA_STRING,    /* value: hash << 32 | offset in `bytes`, size */
  KN_DA_REF,       /* value: id */
  KN_DA_EXPR,      /* value: offset in `bytes`, size */
  KN_DA_BLOCK,     /* the same */
  KN_DA_SYMBOL,    /* value: symbol << 32 | offset, size: of the expression behind the address */
  KN_DA_MD5,       /* value: offset */
  KN_DA_CHILDREN,  /* value: id of a list */
  KN_DA_SIGNATURE, /* value: id of a list of types */
  KN_DA_TYPED,     /* value: id of an entry with a SIGNATURE */
  KN_DA_ARGUMENT,  /* value: number of the parameter, from 1 */
  KN_DA_RETAIN     /* value: id of a list of variables */
};

/* In kn_die.kinds: there is a DW_AT_specification, a DW_AT_declaration. */
#define KN_DIE_SPECIFIES (1u << 30)
#define KN_DIE_DECLARES (1u << 31)

struct kn_die {
  uint16_t tag; /* 0: not defined */
  uint16_t n_attrs;
  uint32_t first;  /* attribute; of a list: in `items` */
  uint32_t parent; /* id; of a list: number of items */
  uint32_t kinds;  /* of its attributes: 1 << enum kn_die_kind, and KN_DIE_... */
};

struct kn_die_attr {
  uint16_t name;
  uint8_t kind; /* enum kn_die_kind */
  uint8_t spare;
  uint32_t size;
  uint64_t value;
};

/* A global variable: where it is. */
struct kn_debug_global {
  uint32_t variable, symbol;
  uint32_t expr, n; /* in `bytes` */
};

struct kiln_debug {
  kiln_module *module;
  uint32_t tag;     /* KN_DIE_SESSION, or 0: the module's */
  uint32_t n;       /* entries that there are, defined or not; the first is none */
  uint32_t printed; /* of a session: entries up to this index are in the text of functions */
  uint32_t open;    /* index of the entry begun last; 0: none, its attributes are ignored */
  uint32_t list;    /* index of the list defined last, or 0 */
  KN_ARRAY(struct kn_die) dies;
  KN_ARRAY(struct kn_die_attr) attrs;
  KN_ARRAY(uint32_t) items;
  KN_ARRAY(uint8_t) bytes;
  /* the module's: units, and what is kept in them: pairs of (unit, entry) */
  KN_ARRAY(uint32_t) units;
  KN_ARRAY(uint32_t) lines_only; /* of these */
  KN_ARRAY(uint32_t) kept;
  KN_ARRAY(struct kn_debug_global) globals;
};

/* The entry of an id; NULL if it is not defined. `s`: the set of the session that the reference is from, or NULL. */
static inline const struct kn_die *kn_die_of(const struct kiln_debug *m, const struct kiln_debug *s,
                                             uint32_t id) {
  const struct kiln_debug *d = id & KN_DIE_SESSION ? s : m;
  uint32_t i = id & KN_DIE_INDEX;
  return d && i != 0 && i < d->dies.n && d->dies.at[i].tag != 0 ? &d->dies.at[i] : NULL;
}

/* Frees a set. */
void kn_debug_free(struct kiln_debug *d, kiln_module *m);

#endif
