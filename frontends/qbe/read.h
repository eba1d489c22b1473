/* What the parts of the reader share: the text, names and errors (text.c), types (types.c), data and linkage (data.c),
 * functions (module.c) and their bodies (body.c). An error ends the reading at once, by longjmp: nothing checks for
 * one, and all memory is in struct kn_qbe, which kiln_qbe_read frees. */
#ifndef KN_QBE_READ_H
#define KN_QBE_READ_H

#include "qbe.h"

#include <kiln/debug.h>

#include <setjmp.h>
#include <string.h>

struct kn_qbe;

/* ---- arrays that grow ---- */

#define KN_QBE_ARRAY(type)                                                                         \
  struct {                                                                                         \
    type *at;                                                                                      \
    uint32_t n, cap;                                                                               \
  }
/* `at` is the address of the array's pointer. */
void kn_qbe_grow(struct kn_qbe *r, void *at, uint32_t *cap, uint64_t need, size_t item_size);
/* Makes room for `more` items. */
#define KN_QBE_ROOM(r, array, more)                                                                \
  ((uint64_t)(array).n + (more) > (array).cap                                                      \
     ? kn_qbe_grow((r), &(array).at, &(array).cap, (uint64_t)(array).n + (more),                   \
                   sizeof *(array).at)                                                             \
     : (void)0)
#define KN_QBE_PUSH(r, array, ...)                                                                 \
  (KN_QBE_ROOM(r, array, 1), (void)((array).at[(array).n++] = (__VA_ARGS__)))

/* ---- named things ---- */

struct kn_qbe_name {
  uint64_t
    key; /* names of at most nine characters have keys of their own, below 2^63; others need not differ */
  const char *at;
  uint32_t length, next; /* next: item of the table with the same hash */
};
/* For "%.*s". */
#define KN_QBE_SHOW(name) (int)((name).length < 60 ? (name).length : 60), (name).at

/* Items of one kind, each of which begins with its name, numbered from 1 in the order in which they were met first.
 * Number 0 is all zero, and none of them. */
struct kn_qbe_table {
  void *at;
  uint32_t n, cap, item_size; /* there is always room for one more item */
  uint32_t n_heads, mask;
  uint32_t *heads; /* hash table: first item of each hash, or 0 */
};
static inline uint32_t kn_qbe_hash(const struct kn_qbe_table *t, uint64_t key) {
  return (uint32_t)(key * UINT64_C(0x9e3779b97f4a7c15) >> 40) & t->mask;
}
#define KN_QBE_TABLE(type)                                                                         \
  union {                                                                                          \
    struct kn_qbe_table t;                                                                         \
    type *at;                                                                                      \
  }

/* Classes of values are their IR types; types are these, sub-word types, the static chain and aggregates. */
enum { QVOID, QW, QL, QS, QD, QSB, QUB, QSH, QUH, QENV, KN_QBE_TYPES };
struct kn_qbe_type {
  struct kn_qbe_name name; /* of an aggregate */
  kiln_ctype c;
  uint8_t class; /* of a temporary with such a type; VOID: no result */
  uint8_t low;   /* type of a sub-word type, or VOID */
  bool is_signed;
};

struct kn_qbe_global {
  struct kn_qbe_name name;
  kiln_symbol symbol; /* none: not declared yet */
  bool defined, thread, exported;
};

struct kn_qbe_temp {
  struct kn_qbe_name name;
  kiln_value v, b; /* v: its value */
  kiln_value slot; /* of a variable, once that is known */
  uint32_t block;  /* of the first assignment, or 0 */
  uint32_t plain;  /* the same, if v can be read there without further ado; or else 0 */
  uint8_t class;
  bool variable; /* assigned more than once, or read where it need not have been assigned */
  bool sum;      /* a sum that is not built yet: of v and b */
  bool address;  /* used as one */
};

/* Its number - 1 is that of the function's block. */
struct kn_qbe_label {
  struct kn_qbe_name name;
  uint32_t block; /* in the order of the text, or 0 */
};

/* ---- words ---- */

/* clang-format off */
/* How the instruction of a word is built, or what else the word is. */
enum kn_qbe_form {
  QF_ADD, QF_BINARY, QF_UNARY,   /* by `op` on integers, `fop` on floats */
  QF_SHIFT, QF_CONVERT,          /* by `op` */
  QF_COMPARE,                    /* `op` is the condition of integers, `fop` that of floats */
  QF_LOAD,                       /* of type `op`, or VOID: of the result's; sign-extended if `fop` */
  QF_STORE, QF_EXTEND,           /* as the operand's type; sign-extended if `fop` */
  QF_ALLOC,                      /* aligned to 2^op */
  QF_CAST, QF_COPY, QF_VAARG, QF_VASTART, QF_BLIT, QF_CALL, QF_PHI, QF_DBGLOC,
  QF_JMP, QF_JNZ, QF_RET, QF_HLT, /* these end a block */
  QF_TYPE_NAME,                  /* `op` is the type; `fop` the size of a member of it, or 0 */
  QF_ZERO, QF_ALIGN, QF_EXPORT, QF_THREAD, QF_COMMON, QF_SECTION,
  QF_FUNCTION, QF_DATA, QF_TYPE, QF_DBGFILE
};
/* clang-format on */

struct kn_qbe_word {
  char name[9]; /* of at most eight characters, zeros behind it */
  char
    operands[3]; /* first operands by letter: classes; b, h: the low bits of words; a: an address;
                     * '=': of the result's class */
  uint16_t
    results; /* a bit for each class that the result may have, that of VOID: none; 0: no instruction */
  uint8_t form, op, fop;
};
extern const struct kn_qbe_word kn_qbe_words[];

/* ---- functions ---- */

/* A function whose head was read. */
struct kn_qbe_body {
  const char *name, *at, *end; /* where its name is, and the text between the braces */
  uint32_t global, result;
  uint32_t params, n_params; /* in kn_qbe.params */
  kiln_csig signature;
  bool variadic;
  uint32_t file; /* what dbgfile said last */
  kiln_die file_entry;
};
struct kn_qbe_param {
  const char *name;
  uint32_t type;
};

/* In the order of the text, from 1 on. */
struct kn_qbe_block {
  uint32_t label, then, other; /* where it jumps to: labels, or 0 */
  uint32_t operands;           /* last operand of a phi that comes from here, or 0 */
  uint32_t idom, n_preds;      /* idom: the block that dominates this one next, or 0 */
};

struct kn_qbe_phi {
  const char *at;
  uint32_t block, index; /* of its block parameter */
  uint32_t first, n;     /* operands */
  uint8_t class;
};
struct kn_qbe_operand {
  const char *at;
  uint32_t from, temp; /* the label that it comes from; a temporary, or 0 */
  uint32_t phi, next;  /* next: of the same block, or 0 */
};

/* A use of a temporary that was assigned in another block than this and the first. */
struct kn_qbe_use {
  uint32_t temp, block;
};

/* ---- the reader ---- */

struct kn_qbe {
  kiln_session *session;
  kiln_module *m;
  kiln_ctypes *c;
  kiln_func_sink sink;
  void *user;
  kiln_allocator allocator;
  kiln_status status;
  jmp_buf failed;
  uint64_t instructions;

  /* `p` is what comes next. The last byte of the text is a newline, and p never behind it. */
  const char *text, *end, *p, *begin; /* begin: where the instruction does */
  struct kn_qbe_name name;            /* read last */
  KN_QBE_ARRAY(char) copy;            /* of a text without that newline */
  uint8_t words[256];                 /* hash table: numbers of words, or 0 */
  KN_QBE_TABLE(struct kn_qbe_type) types;
  KN_QBE_TABLE(struct kn_qbe_global) globals;

  /* what is being read */
  KN_QBE_ARRAY(kiln_cfield) fields;
  KN_QBE_ARRAY(char) chars, bytes; /* a string, and a NUL that does not count; content of data */
  uint64_t zeros;                  /* behind that content */
  KN_QBE_ARRAY(kiln_reloc) relocs;
  KN_QBE_ARRAY(kiln_ctype) ctypes; /* parameters of a signature */
  struct kn_qbe_made {
    uint64_t key;
    kiln_csig sig;
  } made[64];                /* signatures */
  kiln_die unit, file_entry; /* of dbgfile */
  uint32_t file;
  KN_QBE_ARRAY(struct kn_qbe_body) bodies;
  KN_QBE_ARRAY(struct kn_qbe_param) params;

  /* the current function */
  const struct kn_qbe_body *body;
  KN_QBE_TABLE(struct kn_qbe_temp) temps;
  KN_QBE_TABLE(struct kn_qbe_label) labels;
  KN_QBE_ARRAY(struct kn_qbe_block) blocks;
  KN_QBE_ARRAY(struct kn_qbe_phi) phis;
  KN_QBE_ARRAY(struct kn_qbe_operand) operands;
  KN_QBE_ARRAY(struct kn_qbe_use) uses;
  KN_QBE_ARRAY(uint32_t) sums; /* of the current block */
  KN_QBE_ARRAY(kiln_value) args;
  kiln_func *f;
  uint32_t current;          /* block in the order of the text */
  uint32_t count, phi_count; /* instructions so far; up to the last phi of the block */
  uint32_t n_phis;           /* of the current block so far */
  uint32_t line, begins;     /* of the first dbgloc: the line, and the location */
  bool open;                 /* the current block has no jump yet */
  bool again, second;        /* it must be read again; this is the second time */
};

/* ---- text.c: errors ---- */

/* Reports an error at a place in the text, and ends the reading. */
void kn_qbe_fail(struct kn_qbe *r, const char *at, kiln_status status, const char *message, ...)
  __attribute__((format(printf, 4, 5), cold, noreturn));
#define kn_qbe_wrong(r, at, ...) kn_qbe_fail(r, at, KILN_ERR_SYNTAX, __VA_ARGS__)
/* The same: a syntax error at what comes next. */
void kn_qbe_syntax(struct kn_qbe *r, const char *message) __attribute__((cold, noreturn));
/* Ends the reading because of an error that is known already. */
void kn_qbe_stop(struct kn_qbe *r, kiln_status status) __attribute__((cold, noreturn));

/* ---- text.c: characters ---- */

enum { KN_QBE_FIRST = 1, KN_QBE_LATER = 2, KN_QBE_BLANK = 4, KN_QBE_DIGIT = 8 };
extern const uint8_t kn_qbe_kinds[256];
extern const uint8_t kn_qbe_letters[256]; /* types of one letter: QW to QD */
static inline bool kn_qbe_is(const char *p, unsigned kinds) {
  return (kn_qbe_kinds[(uint8_t)*p] & kinds) != 0;
}

/* The next character on this line. */
static inline char kn_qbe_peek(struct kn_qbe *r) {
  const char *p = r->p;
  while (kn_qbe_is(p, KN_QBE_BLANK)) p++;
  r->p = p;
  return *p;
}
/* The next character past ends of lines and comments; 0 at the end of the text. */
static inline char kn_qbe_past(struct kn_qbe *r) {
  const char *p = r->p;
  for (;; p++) {
    while (kn_qbe_is(p, KN_QBE_BLANK)) p++;
    if (*p == '#') p = memchr(p, '\n', (size_t)(r->end - p));
    if (*p != '\n' || p + 1 == r->end) break;
  }
  r->p = p;
  return *p != '\n' ? *p : 0;
}
/* Reads a character if it comes next. */
static inline bool kn_qbe_take(struct kn_qbe *r, char c) {
  bool is = kn_qbe_peek(r) == c;
  r->p += is;
  return is;
}
/* Reads a character that must come next; on this line, or past ends of lines. */
void kn_qbe_missing(struct kn_qbe *r, char c) __attribute__((cold, noreturn));
static inline void kn_qbe_expect(struct kn_qbe *r, char c) {
  if (*r->p != c && kn_qbe_peek(r) != c) kn_qbe_missing(r, c);
  r->p++;
}
static inline void kn_qbe_want(struct kn_qbe *r, char c) {
  kn_qbe_past(r);
  kn_qbe_expect(r, c);
}
/* Reads '...' if it comes next. */
static inline bool kn_qbe_dots(struct kn_qbe *r) {
  bool is = r->p[0] == '.' && r->p[1] == '.' && r->p[2] == '.';
  r->p += is ? 3 : 0;
  return is;
}

/* ---- text.c: names, words, strings and numbers ---- */

/* Forgets the items. Lists by hash will be short for names that are in so many bytes of text. */
void kn_qbe_clear(struct kn_qbe *r, struct kn_qbe_table *t, size_t item_size, size_t bytes);
#define KN_QBE_CLEAR(r, table, bytes) kn_qbe_clear(r, &(r)->table.t, sizeof *(r)->table.at, bytes)

/* Reads a name into r->name. */
static inline void kn_qbe_scan(struct kn_qbe *r) {
  const char *from = r->p, *p = from;
  uint64_t key = 0, c;
  if (!kn_qbe_is(p, KN_QBE_FIRST)) kn_qbe_wrong(r, p, "a name is expected");
  for (; c = (uint8_t)*p, kn_qbe_kinds[c] & KN_QBE_LATER; p++) key = (key << 7 | key >> 57) ^ c;
  r->p = p;
  if (p - from > 9) key |= UINT64_C(1) << 63;
  r->name = (struct kn_qbe_name){key, from, (uint32_t)(p - from), 0};
}
/* The number of the item whose name is r->name, or 0; the second is for long names. */
uint32_t kn_qbe_find_long(const struct kn_qbe *r, const struct kn_qbe_table *t);
static inline uint32_t kn_qbe_find(const struct kn_qbe *r, const struct kn_qbe_table *t,
                                   size_t item_size) {
  uint64_t key = r->name.key;
  const struct kn_qbe_name *item;
  if ((int64_t)key < 0) return kn_qbe_find_long(r, t);
  for (uint32_t i = t->heads[kn_qbe_hash(t, key)];; i = item->next) {
    item = (void *)((char *)t->at + i * item_size);
    if (item->key == key || i == 0) return i;
  }
}
/* Makes an item that is zero but for r->name, which no other one has. */
uint32_t kn_qbe_add(struct kn_qbe *r, struct kn_qbe_table *t);
#define KN_QBE_FIND(r, table) kn_qbe_find(r, &(r)->table.t, sizeof *(r)->table.at)
#define KN_QBE_ADD(r, table) kn_qbe_add(r, &(r)->table.t)
const struct kn_qbe_word *kn_qbe_word(struct kn_qbe *r);
/* A string in quotes, as it is in the text. `what` it is, for the error. */
struct kn_qbe_name kn_qbe_string(struct kn_qbe *r, const char *what);
/* Puts what a string stands for into r->chars. */
void kn_qbe_unescape(struct kn_qbe *r, const struct kn_qbe_name *s);
/* The same as a name for C, of a symbol or section. */
const char *kn_qbe_c_name(struct kn_qbe *r, const struct kn_qbe_name *s);
/* An integer of at most `max`; a number of any kind, as its bits: false if none comes next. */
uint64_t kn_qbe_integer(struct kn_qbe *r, uint64_t max, const char *what);
bool kn_qbe_number(struct kn_qbe *r, uint64_t *bits);

void kn_qbe_begin(struct kn_qbe *r);
void kn_qbe_end(struct kn_qbe *r);

/* ---- types.c ---- */

void kn_qbe_basic_types(struct kn_qbe *r);
/* Defines an aggregate, from behind `type` on. */
void kn_qbe_aggregate(struct kn_qbe *r);
/* `align` and a number, if it comes next; or else the number that is given. */
uint32_t kn_qbe_align(struct kn_qbe *r, uint32_t otherwise);
/* A type of results, parameters and arguments; `first`: it may be the static chain. */
uint32_t kn_qbe_other_type(struct kn_qbe *r, bool first);
static inline uint32_t kn_qbe_type(struct kn_qbe *r, bool first) {
  uint32_t type = kn_qbe_letters[(uint8_t)kn_qbe_peek(r)];
  if (type == QVOID || kn_qbe_is(r->p + 1, KN_QBE_LATER)) return kn_qbe_other_type(r, first);
  r->p++;
  return type;
}
/* The signature of a result and the parameters in r->ctypes, of which `n_fixed` come before '...' if it is variadic. */
kiln_csig kn_qbe_signature(struct kn_qbe *r, uint32_t result, bool variadic, uint32_t n_fixed,
                           const char *at);

/* ---- data.c ---- */

/* What stands before a definition; strings as in the text. */
struct kn_qbe_linkage {
  bool export, thread, common;
  struct kn_qbe_name section, flags; /* `at` is NULL if there is none */
};
/* The number of the global whose name comes next, behind its '$'; and its symbol. */
uint32_t kn_qbe_global(struct kn_qbe *r);
kiln_symbol kn_qbe_symbol(struct kn_qbe *r, uint32_t global, bool thread, const char *at);
/* Reads the words before a definition, and the word that says what it is: a QF_... */
unsigned kn_qbe_linkage(struct kn_qbe *r, struct kn_qbe_linkage *l);
/* Declares the global that is defined here: a function of this signature, or data. */
void kn_qbe_define(struct kn_qbe *r, uint32_t global, const struct kn_qbe_linkage *l, kiln_sig sig,
                   const char *at);
/* Defines data, from behind `data` on. */
void kn_qbe_data(struct kn_qbe *r, const struct kn_qbe_linkage *l);

/* ---- module.c ---- */

/* Describes the function that was built to debuggers, if it has lines. */
void kn_qbe_describe(struct kn_qbe *r);

/* ---- body.c ---- */

/* Reads, builds and hands on a function whose head was read. */
void kn_qbe_function(struct kn_qbe *r, const struct kn_qbe_body *body);

#endif
