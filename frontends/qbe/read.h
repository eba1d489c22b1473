/* What the rooms of the reader share: the text (text.c), types, data and heads of functions (module.c), the
 * body of a function as it was read (body.c) and as it is built (build.c). Invariant: an error ends the text,
 * so that every loop over it ends, and nothing that follows from the error is reported. */
#ifndef KN_QBE_READ_H
#define KN_QBE_READ_H

#include "qbe.h"

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
  uint32_t length, hash;
};
/* For "%.*s". */
#define KN_QBE_SHOW(name) (int)((name)->length < 60 ? (name)->length : 60), (name)->at

/* Names of one kind, numbered from 0. */
struct kn_qbe_map {
  struct kn_qbe_entry {
    uint32_t hash, id; /* number + base; what is below base is free */
  } *table;
  uint32_t base, bits; /* log2 of the table's size */
  KN_QBE_ARRAY(struct kn_qbe_name) names;
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

/* An operand: 0 (none), number of a temporary * 2 + 1, or number of a constant * 2 + 2. */
typedef uint32_t kn_qbe_ref;

/* A constant: bits, or the address of a global. */
struct kn_qbe_con {
  uint64_t bits;
  uint32_t global; /* KN_QBE_NONE: bits */
  bool thread;     /* this thread's */
};

struct kn_qbe_temp {
  uint32_t def_block, at; /* block of the first assignment; where in the text it is named first */
  uint8_t class;
  bool variable; /* assigned more than once, or used where it need not have been assigned */
  bool address;  /* used as one */
  kiln_value v;  /* its value, or of a variable the slot */
};

struct kn_qbe_inst {
  uint8_t form, class; /* `class`: of the result */
  uint16_t word;
  uint32_t to; /* a temporary, or KN_QBE_NONE */
  uint32_t at; /* where it begins in the text */
  /* Operands. CALL, PHI: a is the first of b pairs; of a phi, c is its block parameter, once that is built.
   * BLIT: c is the size. JMP, JNZ: b and c are the targets. DBGLOC: line, column */
  uint32_t a, b, c;
};

/* An argument of a call: type and value; before them the result's type and the callee. Or of a phi. */
struct kn_qbe_pair {
  uint32_t what; /* the type; of a phi the label that it comes from, later the phi's instruction */
  kn_qbe_ref ref;
  uint32_t next; /* of a phi: the next one that comes from the same block, or KN_QBE_NONE */
};

struct kn_qbe_label {
  uint32_t block, at; /* KN_QBE_NONE: not seen yet; where in the text it is named first */
};

struct kn_qbe_block {
  uint32_t first, end, phis; /* instructions: phis, others, a jump */
  uint32_t pairs;            /* first operand of a phi that comes from here, or KN_QBE_NONE */
  uint32_t idom, seen;       /* the block that dominates this one next; for counting edges */
};

/* A use of a temporary that need not have been assigned there. */
struct kn_qbe_use {
  uint32_t temp, block;
};

/* ---- the reader ---- */

struct kn_qbe_global {
  kiln_symbol symbol; /* none: not declared yet */
  bool defined, thread;
};

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
  const char *text, *end, *p;
  struct kn_qbe_name name; /* read last */

  struct kn_qbe_map words, global_names, aggregate_names, temp_names, label_names;
  KN_QBE_ARRAY(struct kn_qbe_global) globals;
  KN_QBE_ARRAY(kiln_ctype) aggregates;

  /* what is being read */
  KN_QBE_ARRAY(kiln_cfield) fields;
  KN_QBE_ARRAY(char) chars, bytes; /* a name or string; content of data */
  KN_QBE_ARRAY(kiln_reloc) relocs;
  KN_QBE_ARRAY(uint32_t) types; /* of a signature: result, parameters */
  KN_QBE_ARRAY(kiln_ctype) ctypes;
  uint32_t file; /* of dbgfile */

  /* the current function */
  KN_QBE_ARRAY(struct kn_qbe_temp) temps; /* the parameters first */
  KN_QBE_ARRAY(struct kn_qbe_label) labels;
  KN_QBE_ARRAY(struct kn_qbe_con) cons;
  KN_QBE_ARRAY(struct kn_qbe_inst) insts;
  KN_QBE_ARRAY(struct kn_qbe_pair) pairs;
  KN_QBE_ARRAY(struct kn_qbe_block) blocks;
  KN_QBE_ARRAY(struct kn_qbe_use) uses;
  KN_QBE_ARRAY(kiln_value) values;
  struct kn_qbe_made {
    uint64_t key;
    kiln_csig sig;
  } made[64]; /* signatures */
  kiln_csig signature;
  uint32_t n_params, result;
  bool variadic;
  kiln_func *f;
  const struct kn_qbe_inst *in; /* being built */
};

/* ---- text.c ---- */

enum { KN_QBE_FIRST = 1, KN_QBE_LATER = 2, KN_QBE_BLANK = 4, KN_QBE_DIGIT = 8 };
extern const uint8_t kn_qbe_kinds[256];
static inline bool kn_qbe_is(const char *p, unsigned kinds) {
  return (kn_qbe_kinds[(uint8_t)*p] & kinds) != 0;
}

/* The number of the name that comes next. New ones get the next number if `add`; else KN_QBE_NONE. */
uint32_t kn_qbe_lookup(struct kn_qbe *r, struct kn_qbe_map *m, bool add);
/* The same for a name that was read: r->name. */
uint32_t kn_qbe_intern(struct kn_qbe *r, struct kn_qbe_map *m, bool add);
void kn_qbe_forget(struct kn_qbe_map *m);

/* The next character on this line. */
static inline char kn_qbe_peek(struct kn_qbe *r) {
  const char *p = r->p;
  while (kn_qbe_is(p, KN_QBE_BLANK)) p++;
  r->p = p;
  return *p;
}
/* The next character past ends of lines and comments; 0 at the end of the text. */
char kn_qbe_past(struct kn_qbe *r);
/* Reads a character if it comes next. */
bool kn_qbe_take(struct kn_qbe *r, char c);
/* The same; an error if another one comes next. */
bool kn_qbe_expect(struct kn_qbe *r, char c);
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
bool kn_qbe_begin(struct kn_qbe *r);
void kn_qbe_end(struct kn_qbe *r);

/* ---- module.c ---- */

/* A type of results, parameters and arguments; `first`: it may be the static chain. */
uint32_t kn_qbe_type(struct kn_qbe *r, bool first);
/* The class of a temporary that has such a type. */
static inline uint8_t kn_qbe_class(uint32_t type) {
  return type < QSB ? (uint8_t)type : type < QENV ? QW : QL;
}
/* The signature of the types in kn_qbe.types. */
kiln_csig kn_qbe_signature(struct kn_qbe *r, const char *at);
/* The number of the global whose name comes next, behind its '$'; and its symbol. */
uint32_t kn_qbe_global(struct kn_qbe *r);
kiln_symbol kn_qbe_symbol(struct kn_qbe *r, uint32_t global, bool thread, const char *at);

/* ---- body.c and build.c ---- */

/* A body from behind its brace on; its head was read. */
void kn_qbe_function(struct kn_qbe *r, uint32_t global, const char *at);
void kn_qbe_build(struct kn_qbe *r, uint32_t global, const char *at);

#endif
