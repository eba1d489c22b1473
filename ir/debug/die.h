/* Debugging information entries as the library's own files see them: ir/debug/die.c fills the sets,
 * lib/dwarf/dwarf*.c writes them. Which attributes an entry has is its shape, which many share; it has their values
 * alone, in words of 4 bytes. What has no fixed size is in arrays of the set. */
#ifndef KN_IR_DEBUG_DIE_H
#define KN_IR_DEBUG_DIE_H

#include <kiln/debug.h>
#include <kiln/debug_entries.h>

#include "ir/func.h"
#include "ir/debug/trie.h"

/* A session's entries have this bit in their ids. */
#define KN_DIE_SESSION (1u << 31)
#define KN_DIE_INDEX (KN_DIE_SESSION - 1)
/* kiln_debug_expr.size_bytes of an expression that lacks what did not fit. */
#define KN_EXPR_FULL UINT32_MAX

/* Kinds of attributes, and their words. */
enum kn_die_kind {
  KN_DA_UINT,      /* number */
  KN_DA_INT,       /* low half, high half */
  KN_DA_FLAG,      /* none */
  KN_DA_STRING,    /* text: index in `texts`, KN_DIE_SESSION */
  KN_DA_REF,       /* id */
  KN_DA_EXPR,      /* offset in `bytes`, size */
  KN_DA_BLOCK,     /* the same */
  KN_DA_SYMBOL,    /* offset, size, symbol: the expression after the address */
  KN_DA_MD5,       /* offset */
  KN_DA_CHILDREN,  /* id of a list */
  KN_DA_SIGNATURE, /* id of a list of types */
  KN_DA_TYPED,     /* id of an entry with a SIGNATURE */
  KN_DA_ARGUMENT,  /* number of the parameter, from 1 */
  KN_DA_RETAIN,    /* id of a list of variables */
  KN_DA_WIDE       /* low half, high half: a UINT that takes 8 bytes */
};
/* Most attributes that an entry may have. */
#define KN_DIE_ATTRS 255

struct kn_die {
  uint16_t tag;    /* 0: not defined */
  uint32_t shape;  /* node of `shapes`; of a list 0 */
  uint32_t first;  /* in `words`; of a list in `items` */
  uint32_t parent; /* id; of a list: number of items */
};

/* Shapes are a trie. Its first level are tags (KN_SHAPE_TAG is set), the others attributes: name << 8 | kind. Of a
 * shape `is`: how many words, << 16 how many attributes. */
#define KN_SHAPE_TAG (1u << 31)
static inline uint32_t kn_shape_words(const struct kn_trie_node *shape) {
  return shape->is & 0xffff;
}
static inline uint32_t kn_shape_attrs(const struct kn_trie_node *shape) { return shape->is >> 16; }

/* An attribute. */
struct kn_die_attr {
  uint16_t name;
  uint8_t kind; /* enum kn_die_kind, but for WIDE */
  uint32_t size;
  uint64_t value; /* of SYMBOL: symbol << 32 | offset */
};

/* The attribute of a kind, from its words. */
static inline struct kn_die_attr kn_die_attr_of(unsigned name, unsigned kind, const uint32_t *w) {
  struct kn_die_attr a = {.name = (uint16_t)name, .kind = (uint8_t)kind};
  if (kind == KN_DA_FLAG) return a;
  a.value = w[0];
  if (kind == KN_DA_INT || kind == KN_DA_WIDE) a.value |= (uint64_t)w[1] << 32;
  else if (kind == KN_DA_EXPR || kind == KN_DA_BLOCK || kind == KN_DA_SYMBOL) a.size = w[1];
  if (kind == KN_DA_SYMBOL) a.value |= (uint64_t)w[2] << 32;
  if (kind == KN_DA_WIDE) a.kind = KN_DA_UINT;
  return a;
}

/* A string. */
struct kn_debug_text {
  union {
    const char *text; /* if it stays where it is, */
    uint32_t at;      /* else it is in `bytes` */
  };
  uint32_t n;
  bool stays;
  bool apart; /* no other text of the module or a session has these characters */
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
  struct kn_trie shapes;
  KN_ARRAY(uint32_t) words;             /* of attributes */
  KN_ARRAY(struct kn_debug_text) texts; /* the first is none */
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

/* The characters of text `id`, of which there are *n; none if there is no such text. `m`, `s`: the module's set, the
 * session's or NULL. */
static inline const uint8_t *kn_debug_characters(const struct kiln_debug *m,
                                                 const struct kiln_debug *s, uint32_t id,
                                                 uint32_t *n) {
  const struct kiln_debug *d = id & KN_DIE_SESSION ? s : m;
  *n = 0;
  if (d == NULL || (id & KN_DIE_INDEX) >= d->texts.n) return (const uint8_t *)"";
  const struct kn_debug_text *text = &d->texts.at[id & KN_DIE_INDEX];
  if (text->n == 0) return (const uint8_t *)"";
  *n = text->n;
  return text->stays ? (const uint8_t *)text->text : d->bytes.at + text->at;
}
/* The attributes of an entry, in order: how many. `out` has room for KN_DIE_ATTRS. */
KN_PRIVATE uint32_t kn_die_attrs(const struct kiln_debug *d, const struct kn_die *e,
                                 struct kn_die_attr *out);

/* Path of a file by its entry, which is NUL-terminated and to be freed by kn_realloc; NULL if the module failed. */
char *kn_die_path(kiln_session *s, uint32_t id);

/* Frees a set. */
void kn_debug_free(struct kiln_debug *d, kiln_module *m);

#endif
