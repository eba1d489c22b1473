/* What the parts of the reader share: the text (text.c), definitions (module.c) and bodies of functions (body.c). An
 * error ends the reading at once, by longjmp: nothing checks for one, and all memory is in struct kn_qbe, which
 * kiln_qbe_read frees. */
#ifndef KN_QBE_READ_H
#define KN_QBE_READ_H

#include "qbe.h"

#include <kiln/attrs.h>
#include <kiln/debug.h>
#include <kiln/debug_entries.h>
#include <kiln/ssa.h>

#include "base/hash.h"
#include "base/names.h"

#include <setjmp.h>
#include <string.h>

/* Arrays that grow. */
#define ARRAY(type)                                                                                \
  struct {                                                                                         \
    type *at;                                                                                      \
    uint32_t n, cap;                                                                               \
  }
#define ROOM(r, a, more)                                                                           \
  ((uint64_t)(a).n + (more) > (a).cap                                                              \
     ? kn_qbe_grow((r), &(a).at, &(a).cap, (uint64_t)(a).n + (more), sizeof *(a).at)               \
     : (void)0)
#define PUSH(r, a, ...) (ROOM(r, a, 1), (void)((a).at[(a).n++] = (__VA_ARGS__)))

/* Names of at most nine characters have keys of their own, below 2^63. Keys of others need not differ. */
struct name {
  uint64_t key;
  const char *at;
  uint32_t length;
};
#define SHOW(name) (int)((name).length < 60 ? (name).length : 60), (name).at /* for "%.*s" */

/* Items of one kind, each of which begins with its name, numbered from 1 in the order in which they were met first.
 * Number 0 is zero, and none of them. */
struct table {
  void *at;
  uint32_t n, cap, item_size; /* there is always room for one more item */
  struct kn_hash hash;
};
#define TABLE(type)                                                                                \
  union {                                                                                          \
    struct table t;                                                                                \
    type *at;                                                                                      \
  }

/* Basic types; aggregates follow them. */
enum { QVOID, QW, QL, QS, QD, QSB, QUB, QSH, QUH, QENV, N_BASIC };
struct type {
  struct name name; /* of an aggregate */
  kiln_ctype c;
  kiln_type class;  /* IR type of a temporary with such a type: w, l, s or d; VOID: no result */
  kiln_type passed; /* the same for an argument: narrower for a sub-word type */
  bool is_signed;
};

struct temp {
  struct name name;
  kiln_value v;          /* what was assigned last, in `block` */
  kiln_ssa_variable var; /* the same for <kiln/ssa.h>, if `is_variable` */
  uint32_t block;        /* its label; 0: nothing was assigned yet */
  kiln_type class : 8;   /* VOID: not known yet */
  bool often;            /* assigned more than once */
  bool is_variable;
};

struct label { /* its number - 1 is that of the function's block */
  struct name name;
  bool begun;
  uint32_t then, other; /* where the block jumps to: labels, or 0 */
  uint32_t n_preds;
  uint32_t operands; /* last operand of a phi that comes from here, or 0 */
};

/* clang-format off */
/* How the instruction of a word is built, or what else the word is. */
enum form {
  QF_BINARY, QF_UNARY,           /* by `op` on integers, `fop` on floats */
  QF_SHIFT, QF_CONVERT,          /* by `op` */
  QF_COMPARE,                    /* `op` is the condition of integers, `fop` that of floats */
  QF_LOAD,                       /* of type `op`, or VOID: of the result's; sign-extended if `fop` */
  QF_STORE,                      /* as the operand's type */
  QF_ALLOC,                      /* aligned to 2^op */
  QF_VAARG, QF_VASTART, QF_BLIT, QF_CALL, QF_PHI, QF_DBGLOC,
  QF_JMP, QF_JNZ, QF_RET, QF_HLT, /* these end a block */
  QF_TYPE_NAME,                  /* `op` is the type; `fop` the size of a member of it, or 0 */
  QF_ZERO, QF_ALIGN, QF_EXPORT, QF_THREAD, QF_COMMON, QF_EXTERN, QF_SECTION,
  QF_FUNCTION, QF_DATA, QF_TYPE, QF_DBGFILE
};
/* clang-format on */

/* Operands are letters: w, l, s, d: classes; b, h: the low bits of w; a: an address; =: as the
 * result; x: of the other class of its size. Results are bits, of the classes that the result
 * may have; of VOID: there is none; 0: the word is no instruction. */
struct word {
  struct name name;
  char operands[3]; /* those that are read before the instruction is built */
  uint16_t results;
  uint8_t form, op, fop;
};

struct body {            /* a function whose head was read */
  const char *name, *at; /* where its name is, and its parameters */
  size_t size;           /* in bytes of text */
  kiln_symbol symbol;
  uint32_t result;
  kiln_csig signature;
  bool variadic;
  uint32_t file; /* what dbgfile said last */
  kiln_die file_entry;
};

struct phi {
  const char *at;
  uint32_t label, index; /* of its block parameter */
  uint32_t n;            /* operands */
  kiln_type class;
};
struct operand { /* of a phi */
  const char *at;
  uint32_t from, phi; /* from: the label that it comes from */
  uint32_t next;      /* of the same block, or 0 */
};

enum { END_FAILED = 1, END_AGAIN }; /* by an error; because a body is to be read again */
struct kn_qbe {
  kiln_session *session;
  kiln_module *m;
  kiln_ctypes *c;
  kiln_ssa *ssa;
  kiln_func_sink_fn sink;
  void *user;
  kiln_allocator allocator;
  void **memory; /* all that was allocated */
  kiln_status status;
  jmp_buf ends; /* where what is being read ends: with END_..., not 0 */
  uint64_t instructions;

  /* `p` is what comes next. The last byte of the text is a newline, and p never after it. */
  const char *text, *end, *p, *begin; /* begin: where the instruction does */
  struct name name;                   /* read last */
  ARRAY(char) copy;                   /* of a text without that newline */
  TABLE(struct word) words;
  TABLE(struct type) types;
  ARRAY(struct body) bodies;
  uint32_t n_built; /* bodies */

  /* what is being read */
  ARRAY(kiln_cfield) fields;
  ARRAY(kiln_ctype) ctypes; /* parameters of a signature */
  bool variadic;            /* there are '...' after the first `n_fixed` of them */
  uint32_t n_fixed;
  ARRAY(char) chars, bytes; /* a string, and a NUL that does not count; content of data */
  uint64_t zeros;           /* after that content */
  ARRAY(kiln_reloc) relocs;
  kiln_die unit, file_entry; /* of dbgfile */
  uint32_t file;

  /* the current function */
  const struct body *body;
  kiln_func *f;
  TABLE(struct temp) temps;
  TABLE(struct label) labels;
  ARRAY(struct phi) phis;
  ARRAY(struct operand) operands;
  ARRAY(kiln_value) args;
  uint32_t current, n_blocks; /* label of the block; blocks so far */
  uint32_t count, phi_count;  /* instructions so far; up to the last phi of the block */
  uint32_t n_phis;            /* of the current block so far */
  uint32_t line, begins;      /* of the first dbgloc: the line, and the location */
  bool open;                  /* the current block has no jump yet */
  bool variables;             /* there are some */
  bool late;                  /* all is built */
  uint8_t how;                /* the body is read: body.c says that */
};

/* ---- text.c: errors and memory ---- */

/* Reports an error at a place in the text, and ends the reading: FAIL(r, at, SYNTAX, "..."). */
void kn_qbe_fail(struct kn_qbe *r, const char *at, kiln_status status, const char *message, ...)
  __attribute__((format(printf, 4, 5), cold, noreturn));
#define FAIL(r, at, status, ...) kn_qbe_fail(r, at, KILN_ERR_##status, __VA_ARGS__)
#define WRONG(r, at, ...) FAIL(r, at, SYNTAX, __VA_ARGS__)
/* Makes room for `need` items, of which those that are new are zero. `at` is the address of an array's pointer. */
void kn_qbe_grow(struct kn_qbe *r, void *at, uint32_t *cap, uint64_t need, size_t item_size);
void kn_qbe_free(struct kn_qbe *r);

/* ---- text.c: characters ---- */

enum { FIRST = 1, LATER = 2, BLANK = 4, DIGIT = 8 }; /* FIRST, LATER: of a name */
extern const uint8_t kn_qbe_kinds[256];
extern const uint8_t kn_qbe_letters[256]; /* types of one letter: QW to QD */
static inline bool is(const char *p, unsigned kinds) {
  return (kn_qbe_kinds[(uint8_t)*p] & kinds) != 0;
}

/* The next character on this line. */
static inline char peek(struct kn_qbe *r) {
  const char *p = r->p;
  while (is(p, BLANK)) p++;
  r->p = p;
  return *p;
}
/* The next character past ends of lines and comments; 0 at the end of the text. */
static inline char past(struct kn_qbe *r) {
  static const char most[] = "\n    "; /* as most lines begin */
  if (r->end - r->p > 5 && memcmp(r->p, most, 5) == 0 && r->p[5] > '#') return *(r->p += 5);
  for (;; r->p++) {
    if (peek(r) == '#') r->p = memchr(r->p, '\n', (size_t)(r->end - r->p));
    if (*r->p != '\n') return *r->p;
    if (r->p + 1 == r->end) return 0;
  }
}
/* Reads a character if it comes next. */
static inline bool take(struct kn_qbe *r, char c) {
  bool comes = peek(r) == c;
  r->p += comes;
  return comes;
}
/* Reads a character that must come next; past ends of lines. */
static inline void expect(struct kn_qbe *r, char c) {
  if (*r->p != c && peek(r) != c) WRONG(r, r->p, "'%c' is expected", c);
  r->p++;
}
static inline void want(struct kn_qbe *r, char c) {
  past(r);
  expect(r, c);
}

/* ---- text.c: names, words, strings and numbers ---- */

/* Reads a name into r->name. */
static inline void scan(struct kn_qbe *r) {
  const char *from = r->p, *p = from;
  uint64_t key = 0, c = (uint8_t)*p;
  if (!is(p, FIRST)) WRONG(r, p, "a name is expected");
  do key = (key << 7 | key >> 57) ^ c;
  while (c = (uint8_t)*++p, kn_qbe_kinds[c] & LATER);
  r->p = p;
  r->name.at = from;
  r->name.length = (uint32_t)(p - from);
  r->name.key = p - from > 9 ? key | UINT64_C(1) << 63 : key;
}
static inline uint32_t hash(uint64_t key) { return (uint32_t)(kn_mix64(0, key) >> 32); }
static inline const struct name *name_of(const struct table *t, uint32_t i, size_t item_size) {
  return (const void *)((const char *)t->at + i * item_size);
}
/* True if `a` is after `b` in an order of all names. */
KN_COLD bool kn_qbe_after(const struct name *a, const struct name *b);
/* The number of the item whose name is r->name, or 0: then *at is its position in the table. */
static inline uint32_t find(const struct kn_qbe *r, const struct table *t, size_t item_size,
                            uint32_t *at) {
  const uint64_t key = r->name.key;
  const uint32_t h = hash(key);
  uint32_t i;
  KN_HASH_EACH(&t->hash, h, *at, i, kn_qbe_after(&r->name, name_of(t, i, item_size))) {
    const struct name *is = name_of(t, i, item_size);
    if (is->key != key) continue;
    if (key >> 63 == 0) break;
    if (is->length == r->name.length && memcmp(is->at, r->name.at, is->length) == 0) break;
  }
  return i;
}
#define FIND(r, table, position) find(r, &(r)->table.t, sizeof *(r)->table.at, (position))
/* Makes an item that is zero but for r->name, which no other one has; `at` as `find` left it. */
uint32_t kn_qbe_add(struct kn_qbe *r, struct table *t, uint32_t at);
/* The number of the item whose name is r->name, which is made if need be. */
static inline uint32_t enter(struct kn_qbe *r, struct table *t, size_t item_size) {
  uint32_t at, i = find(r, t, item_size, &at);
  return i != 0 ? i : kn_qbe_add(r, t, at);
}
#define ENTER(r, table) enter(r, &(r)->table.t, sizeof *(r)->table.at)
/* Forgets the items. */
void kn_qbe_clear(struct kn_qbe *r, struct table *t, size_t item_size);
#define CLEAR(r, table) kn_qbe_clear(r, &(r)->table.t, sizeof *(r)->table.at)
void kn_qbe_begin_words(struct kn_qbe *r);
const struct word *kn_qbe_word(struct kn_qbe *r);
/* A string in quotes, as it is in the text. `what` it is, for the error. */
struct name kn_qbe_string(struct kn_qbe *r, const char *what);
/* Puts what a string stands for into r->chars; the second as a name for C, of a symbol or section. */
void kn_qbe_unescape(struct kn_qbe *r, const struct name *s);
const char *kn_qbe_c_name(struct kn_qbe *r, const struct name *s);
/* An integer of at most `max`; a number of any kind, as its bits: false if none comes next. */
uint64_t kn_qbe_integer(struct kn_qbe *r, uint64_t max, const char *what);
bool kn_qbe_number(struct kn_qbe *r, uint64_t *bits);

/* ---- module.c ---- */

/* A type of results, parameters and arguments; `first`: it may be the static chain. */
uint32_t kn_qbe_other_type(struct kn_qbe *r, bool first);
static inline uint32_t read_type(struct kn_qbe *r, bool first) {
  uint32_t type = kn_qbe_letters[(uint8_t)peek(r)];
  if (type == QVOID || is(r->p + 1, LATER)) return kn_qbe_other_type(r, first);
  r->p++;
  return type;
}
/* The name of a global that comes next, after its '$', in r->chars; and the symbol of one that is used here. */
const char *kn_qbe_global(struct kn_qbe *r);
kiln_symbol kn_qbe_symbol(struct kn_qbe *r, bool thread, const char *at);

/* ---- body.c ---- */

/* Reads parameters, which are assigned, or the arguments of a call: from '(' to ')', into r->ctypes. */
void kn_qbe_list(struct kn_qbe *r, bool is_call);
/* The signature of a result and what was read so. */
kiln_csig kn_qbe_signature(struct kn_qbe *r, uint32_t result, const char *at);
/* Reads, builds and hands on a function whose head was read. */
void kn_qbe_function(struct kn_qbe *r, const struct body *body);

#endif
