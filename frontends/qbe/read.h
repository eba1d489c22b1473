/* What the parts of the reader share: the text (text.c), types, data and heads of functions (module.c), and bodies
 * (body.c). Invariant: an error ends the text, so that every loop over it ends, and nothing that follows from the
 * error is reported. */
#ifndef KN_QBE_READ_H
#define KN_QBE_READ_H

#include "qbe.h"

#include <kiln/debug.h>

#include <string.h>

#define KN_QBE_NONE UINT32_MAX

struct kn_qbe;

/* ---- arrays that grow ---- */

#define KN_QBE_ARRAY(type)                                                                         \
  struct {                                                                                         \
    type *at;                                                                                      \
    uint32_t n, cap;                                                                               \
  }
bool kn_qbe_grow(struct kn_qbe *r, void *at, uint32_t *cap, uint64_t need, size_t item_size);
/* Room for `more` items; false, and an error, without memory. */
#define KN_QBE_ROOM(r, array, more)                                                                \
  ((uint64_t)(array).n + (more) <= (array).cap ||                                                  \
   kn_qbe_grow((r), &(array).at, &(array).cap, (uint64_t)(array).n + (more), sizeof *(array).at))
#define KN_QBE_PUSH(r, array, ...)                                                                 \
  (KN_QBE_ROOM(r, array, 1) && ((array).at[(array).n++] = (__VA_ARGS__), true))

/* ---- names and words ---- */

struct kn_qbe_name {
  const char *at;
  uint32_t length;
};
/* For "%.*s". */
#define KN_QBE_SHOW(name) (int)((name)->length < 60 ? (name)->length : 60), (name)->at

/* Names of one kind, numbered from 0: an open hash table, at most half full. */
struct kn_qbe_map {
  struct kn_qbe_entry {
    uint64_t key; /* kn_qbe_scan */
    uint32_t id;  /* number + base; below base: of names that were forgotten, free */
  } *table;
  struct kn_qbe_name *names; /* of each number; room for half of the table */
  uint32_t base, n;
  uint32_t mask, shift; /* the table's size - 1; 64 - log2 of the size */
};

/* Classes of values; as types, these are followed by sub-word types, the static chain and aggregates. */
enum { QW, QL, QS, QD, QSB, QUB, QSH, QUH, QENV, KN_QBE_TYPES };
/* In lists of types: the marker '...', and no result. */
#define KN_QBE_VARIADIC (UINT32_MAX - 1)
#define KN_QBE_VOID (UINT32_MAX - 2)

/* clang-format off */
/* How the instruction of a word is built, or what else the word is. */
enum kn_qbe_form {
  QF_BINARY, QF_UNARY,           /* by `op` on integers, `fop` on floats */
  QF_SHIFT, QF_CONVERT,          /* by `op` */
  QF_COMPARE,                    /* `op` is the condition */
  QF_LOAD,                       /* of type `op`, or 0: of the result's; sign-extended if `fop` */
  QF_STORE,                      /* as type `op` */
  QF_EXTEND,                     /* the low bits, as type `op`; sign-extended if `fop` */
  QF_ALLOC,                      /* aligned to 2^op */
  QF_COPY, QF_VAARG, QF_VASTART, QF_BLIT, QF_CALL, QF_PHI, QF_DBGLOC,
  QF_JMP, QF_JNZ, QF_RET, QF_HLT, /* these end a block */
  QF_TYPE_NAME,                  /* `op` is the type; `fop` the size of a member of it, or 0 */
  QF_ZERO, QF_ALIGN, QF_EXPORT, QF_THREAD, QF_COMMON, QF_SECTION,
  QF_FUNCTION, QF_DATA, QF_TYPE, QF_DBGFILE
};
/* clang-format on */

struct kn_qbe_word {
  const char *name;
  uint8_t form, results; /* a bit for each class that the result may have; 0: there is none */
  char operands[3]; /* classes by letter; '=': the result's; 'x': its size, integer for float */
  uint8_t op, fop;
};
extern const struct kn_qbe_word kn_qbe_words[];

/* ---- functions ---- */

struct kn_qbe_temp {
  uint32_t block; /* of the first assignment, or KN_QBE_NONE */
  uint8_t class;
  bool variable;   /* assigned more than once, or read where it need not have been assigned */
  bool address;    /* used as one */
  bool sum;        /* a sum that is not built yet: of v and b */
  kiln_value v, b; /* v: its value */
  kiln_value slot; /* of a variable, once that is known */
};

/* In the order of the text; the numbers of labels are those of the function's blocks. */
struct kn_qbe_block {
  uint32_t label, then, other; /* where it jumps to: labels, or KN_QBE_NONE */
  uint32_t operands;           /* first operand of a phi that comes from here, or KN_QBE_NONE */
  uint32_t idom, n_preds;      /* idom: the block that dominates this one next */
};

struct kn_qbe_phi {
  const char *at;
  uint32_t block, index; /* of its block parameter */
  uint32_t first, n;     /* operands */
  uint8_t class;
};
struct kn_qbe_operand {
  const char *at;
  uint32_t from, temp; /* the label that it comes from; a temporary, or KN_QBE_NONE */
  uint32_t phi, next;  /* next: of the same block, or KN_QBE_NONE */
};

/* A use of a temporary that was assigned in another block than this and the first. */
struct kn_qbe_use {
  uint32_t temp, block;
};

/* ---- the reader ---- */

struct kn_qbe_global {
  kiln_symbol symbol; /* none: not declared yet */
  bool defined, thread, exported;
};

/* Where the head of a function begins, and what dbgfile said last. */
struct kn_qbe_body {
  const char *at;
  uint32_t file;
  kiln_die file_entry;
};

enum { KN_QBE_WORDS = 512, KN_QBE_WORD_SHIFT = 64 - 9 };

struct kn_qbe {
  kiln_session *session;
  kiln_module *m;
  kiln_ctypes *c;
  kiln_func_sink sink;
  void *user;
  kiln_allocator allocator;
  kiln_status status;
  bool failed;
  uint64_t instructions;

  /* `p` is what comes next. The last byte of the text is a newline, and p never behind it. */
  const char *text, *end, *p, *begin; /* begin: where the instruction does */
  struct kn_qbe_name string;          /* read last */

  /* Words by their keys: number + 1, or 0. */
  struct kn_qbe_keyed {
    uint64_t key;
    uint32_t word;
  } words[KN_QBE_WORDS];
  struct kn_qbe_map global_names, aggregate_names, temp_names, label_names;
  KN_QBE_ARRAY(struct kn_qbe_global) globals;
  KN_QBE_ARRAY(kiln_ctype) aggregates;

  /* what is being read */
  KN_QBE_ARRAY(kiln_cfield) fields;
  KN_QBE_ARRAY(char) chars, bytes; /* a name or string; content of data */
  KN_QBE_ARRAY(kiln_reloc) relocs;
  KN_QBE_ARRAY(uint32_t) params, types; /* result and parameters of the function; of a call */
  KN_QBE_ARRAY(kiln_ctype) ctypes;
  kiln_die unit, file_entry; /* of dbgfile */
  uint32_t file;
  KN_QBE_ARRAY(struct kn_qbe_body) bodies;

  /* the current function */
  KN_QBE_ARRAY(struct kn_qbe_temp) temps; /* the parameters first */
  KN_QBE_ARRAY(uint32_t) labels; /* their blocks in the order of the text, or KN_QBE_NONE */
  KN_QBE_ARRAY(struct kn_qbe_block) blocks;
  KN_QBE_ARRAY(struct kn_qbe_phi) phis;
  KN_QBE_ARRAY(struct kn_qbe_operand) operands;
  KN_QBE_ARRAY(struct kn_qbe_use) uses;
  KN_QBE_ARRAY(uint32_t) sums; /* of the current block */
  KN_QBE_ARRAY(kiln_value) values;
  struct kn_qbe_made {
    uint64_t key;
    kiln_csig sig;
  } made[64]; /* signatures */
  kiln_csig signature;
  bool variadic;
  kiln_func *f;
  uint32_t current;      /* block in the order of the text */
  uint32_t n_phis;       /* of the current block so far */
  uint32_t line, begins; /* of the first dbgloc: the line, and the location */
  bool open, phis_over;  /* the current block has no jump yet; has other instructions */
  bool again, second;    /* it must be read again; this is the second time */
};

/* ---- text.c ---- */

enum { KN_QBE_FIRST = 1, KN_QBE_LATER = 2, KN_QBE_BLANK = 4, KN_QBE_DIGIT = 8 };
extern const uint8_t kn_qbe_kinds[256];
extern const uint8_t kn_qbe_letters[256]; /* of the classes, + 1 */
static inline bool kn_qbe_is(const char *p, unsigned kinds) {
  return (kn_qbe_kinds[(uint8_t)*p] & kinds) != 0;
}

/* Scans the name at `p`, of characters below 128; returns its end. Names of at most nine characters have keys of
 * their own, below 2^63; those of longer names are above, and need not differ. */
static inline const char *kn_qbe_scan(const char *p, uint64_t *key) {
  const char *from = p;
  uint64_t k = 0;
  for (uint64_t c; c = (uint8_t)*p, kn_qbe_kinds[c] & KN_QBE_LATER; p++) k = (k << 7 | k >> 57) ^ c;
  *key = p - from > 9 ? k | UINT64_C(1) << 63 : k;
  return p;
}
static inline uint32_t kn_qbe_hash(uint64_t key, unsigned shift) {
  return (uint32_t)(key * UINT64_C(0x9e3779b97f4a7c15) >> shift);
}

/* Says that a name is expected. */
void kn_qbe_no_name(struct kn_qbe *r, const char *at) __attribute__((cold));
/* Makes the table twice as large; false, and an error, without memory. */
bool kn_qbe_enlarge(struct kn_qbe *r, struct kn_qbe_map *m) __attribute__((cold));
/* The number of a name. New ones get the next number if `add`; else KN_QBE_NONE. */
static inline uint32_t kn_qbe_intern(struct kn_qbe *r, struct kn_qbe_map *m, uint64_t key,
                                     const char *at, uint32_t length, bool add) {
  for (uint32_t i = kn_qbe_hash(key, m->shift);; i = (i + 1) & m->mask) {
    struct kn_qbe_entry *e = m->table + i;
    if (e->id < m->base) {
      if (!add) return KN_QBE_NONE;
      *e = (struct kn_qbe_entry){key, m->n + m->base};
      m->names[m->n] = (struct kn_qbe_name){at, length};
      return ++m->n <= m->mask / 2 || kn_qbe_enlarge(r, m) ? m->n - 1 : KN_QBE_NONE;
    }
    uint32_t number = e->id - m->base;
    if (e->key != key) continue;
    if ((int64_t)key >= 0) return number;
    if (m->names[number].length == length && memcmp(m->names[number].at, at, length) == 0)
      return number;
  }
}
/* Reads a name; its number as above; KN_QBE_NONE, and an error, if none comes next. */
static inline uint32_t kn_qbe_lookup(struct kn_qbe *r, struct kn_qbe_map *m, bool add) {
  uint64_t key;
  const char *from = r->p;
  r->p = kn_qbe_scan(from, &key);
  if (kn_qbe_is(from, KN_QBE_FIRST))
    return kn_qbe_intern(r, m, key, from, (uint32_t)(r->p - from), add);
  kn_qbe_no_name(r, from);
  return KN_QBE_NONE;
}
/* Forgets all names. */
void kn_qbe_forget(struct kn_qbe_map *m);

/* The next character on this line. */
static inline char kn_qbe_peek(struct kn_qbe *r) {
  const char *p = r->p;
  while (kn_qbe_is(p, KN_QBE_BLANK)) p++;
  r->p = p;
  return *p;
}
/* The next character past ends of lines and comments; 0 at the end of the text. */
char kn_qbe_past_comment(struct kn_qbe *r) __attribute__((cold));
static inline char kn_qbe_past(struct kn_qbe *r) {
  const char *p = r->p;
  for (;; p++) {
    while (kn_qbe_is(p, KN_QBE_BLANK)) p++;
    if (*p != '\n' || p + 1 == r->end) break;
  }
  r->p = p;
  return *p == '\n' ? 0 : *p != '#' ? *p : kn_qbe_past_comment(r);
}
/* Reads a character; an error if another one comes next. */
bool kn_qbe_missing(struct kn_qbe *r, char c) __attribute__((cold));
static inline bool kn_qbe_expect(struct kn_qbe *r, char c) {
  if (kn_qbe_peek(r) != c) return kn_qbe_missing(r, c);
  r->p++;
  return true;
}
/* Reads a character if it comes next. */
static inline bool kn_qbe_take(struct kn_qbe *r, char c) {
  bool is = kn_qbe_peek(r) == c;
  r->p += is;
  return is;
}
/* Reads '...' if it comes next. */
bool kn_qbe_dots(struct kn_qbe *r);
/* A string, a word, an integer, a number of any kind; false or NULL, and an error, if something else comes. */
bool kn_qbe_string(struct kn_qbe *r, const char *what);
const struct kn_qbe_word *kn_qbe_word(struct kn_qbe *r);
bool kn_qbe_integer(struct kn_qbe *r, uint64_t max, const char *what, uint64_t *out);
bool kn_qbe_number(struct kn_qbe *r, uint64_t *bits);
/* Reports an error at a place in the text; returns false. */
bool kn_qbe_fail(struct kn_qbe *r, const char *at, kiln_status status, const char *message, ...)
  __attribute__((format(printf, 4, 5), cold));
#define kn_qbe_wrong(r, at, ...) kn_qbe_fail(r, at, KILN_ERR_SYNTAX, __VA_ARGS__)
/* The same: a syntax error at what comes next. */
bool kn_qbe_syntax(struct kn_qbe *r, const char *message) __attribute__((cold));
/* Ends the text, because of an error that is known already. */
void kn_qbe_stop(struct kn_qbe *r, kiln_status status);
void *kn_qbe_resize(const struct kn_qbe *r, void *old, size_t size);
void kn_qbe_free(const struct kn_qbe *r, void *memory);
bool kn_qbe_begin(struct kn_qbe *r);
void kn_qbe_end(struct kn_qbe *r);

/* ---- module.c ---- */

/* A type of results, parameters and arguments; `first`: it may be the static chain. */
uint32_t kn_qbe_other_type(struct kn_qbe *r, bool first);
static inline uint32_t kn_qbe_type(struct kn_qbe *r, bool first) {
  uint32_t letter = kn_qbe_letters[(uint8_t)kn_qbe_peek(r)];
  if (letter == 0 || kn_qbe_is(r->p + 1, KN_QBE_LATER)) return kn_qbe_other_type(r, first);
  r->p++;
  return letter - 1;
}
/* The class of a temporary that has such a type. */
static inline uint8_t kn_qbe_class(uint32_t type) {
  return type < QSB ? (uint8_t)type : type < QENV ? QW : QL;
}
/* The signature of types: the result, then the parameters. */
kiln_csig kn_qbe_signature(struct kn_qbe *r, const uint32_t *types, uint32_t n, const char *at);
/* The number of the global whose name comes next, behind its '$'; and its symbol. */
uint32_t kn_qbe_global(struct kn_qbe *r);
kiln_symbol kn_qbe_symbol(struct kn_qbe *r, uint32_t global, bool thread, const char *at);

/* Describes the function that was built to debuggers, if it has lines. */
void kn_qbe_describe(struct kn_qbe *r, uint32_t global);

/* ---- body.c ---- */

/* Reads and builds a body from behind its brace on; its head was read. */
void kn_qbe_function(struct kn_qbe *r, uint32_t global, const char *at);

#endif
