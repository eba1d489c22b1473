/* The lexer, and readers of words, numbers, types and signatures: what kiln_sig_parse needs of the text form's parser
 * (ir/text), and therefore in libkiln. libkiln-text.so has them a second time. They stand on the public API; from the
 * rest of ir/ they take memory only. */
#ifndef KN_IR_LEX_PARSE_READ_H
#define KN_IR_LEX_PARSE_READ_H

#include "ir/module/session_state.h"
#include <kiln/build.h>
#include <kiln/debug_entries.h>
#include <kiln/text.h>
#include <string.h>

/* ---- lexer (ir/lex/parse_lex.c) ---- */

enum kn_tok_kind {
  KN_TOK_EOF,
  KN_TOK_NEWLINE,
  KN_TOK_IDENT,  /* add.i32, b0, v3, align */
  KN_TOK_VALUE,  /* %name */
  KN_TOK_SYMBOL, /* @name */
  KN_TOK_STRING, /* "..." */
  KN_TOK_INT,    /* digits without sign; low, high */
  KN_TOK_FLOAT,  /* digits with point or exponent */
  KN_TOK_ARROW,  /* -> */
  KN_TOK_DOTS,   /* ... */
  KN_TOK_CHAR,   /* any other single character, in ch */
  KN_TOK_BAD     /* message in text */
};

/* A token. `text` is the spelling without sigil and quotes, escapes still in it. */
struct kn_token {
  const char *text;
  uint32_t length;
  uint8_t kind; /* enum kn_tok_kind */
  char ch;
  bool escaped;  /* has escapes */
  bool adjacent; /* directly after the token before */
  uint32_t line, column;
  uint64_t low, high; /* INT */
};

/* Position in the input; copying it saves it. */
struct kn_lexer {
  const char *at, *end, *line_start;
  uint32_t line;
  struct kn_token tok; /* the current token */
};

void kn_lex_start(struct kn_lexer *lx, const char *text, size_t size);
/* Moves to the next token. */
void kn_lex_next(struct kn_lexer *lx);
/* Writes the bytes that a string or quoted name stands for to `out` (at least `length` bytes) and
 * returns their number. */
size_t kn_lex_decode(const struct kn_token *t, char *out);

/* ---- names (ir/lex/parse_lex.c) ---- */

/* From names to numbers, in the order of their making. Keys are not copied. */
struct kn_name {
  const char *key;
  uint32_t length;
  uint32_t value;
  uint32_t state; /* the user's */
  uint32_t line, column;
};
struct kn_names {
  KN_ARRAY(struct kn_name) list;
  struct kn_hash hash; /* by name: index + 1 */
};
/* Finds `key`, or makes it (with line 0) if `add`. NULL if not there, or without memory. The pointer
 * is valid until the next addition. */
struct kn_name *kn_names_find(kiln_module *m, struct kn_names *names, const char *key,
                              size_t length, bool add);
static inline void kn_names_clear(struct kn_names *names) {
  names->list.n = 0;
  kn_hash_clear(&names->hash);
}

/* ---- parser ---- */

/* A label of a function, found before its body is parsed. */
struct kn_label {
  const char *name;
  uint32_t length;
  uint32_t id;         /* block */
  uint32_t type_first; /* of its parameters in label_types */
  uint32_t n_types;
  uint32_t line, column;
  uint32_t seen;      /* serial of the switch that gave arguments to it last */
  uint32_t seen_args; /* where they start in args */
  uint32_t seen_n;
  const char *seen_text; /* their spelling */
  size_t seen_length;
};

/* A string decoded from escapes, freed with the parser. */
struct kn_text_chunk {
  struct kn_text_chunk *next;
  char bytes[];
};

struct kn_parser {
  struct kn_lexer lx;
  kiln_session *session;
  kiln_module *module;
  kiln_func *func; /* being parsed, or NULL */
  kiln_func_sink_fn sink;
  void *user;
  kiln_status status; /* of the first error */
  struct kn_text_chunk *chunks;

  struct kn_names symbols; /* value: symbol id; state: enum in parse.c */
  struct kn_names ops;     /* value: kiln_op */
  struct kn_names values;  /* of the function: value: handle; state: KN_NAME_... */
  struct kn_names labels;  /* value: index into label */

  uint32_t labels_of; /* symbol id of the function whose labels are known, or 0 */
  KN_ARRAY(struct kn_label) label;
  uint32_t n_blocks; /* highest block id + 1 */
  uint64_t left_out; /* block ids that functions' labels leave out, so far */
  KN_ARRAY(uint8_t) label_types;

  KN_ARRAY(kiln_value) args; /* scratch: operands of the instruction */
  uint32_t serial;           /* of the switch */
  uint32_t forwards;         /* names used and not yet defined */
  kiln_sig try_sig;          /* of the try whose edges are being read, or 0 */

  KN_ARRAY(uint8_t) bytes; /* scratch: of the data item */
  KN_ARRAY(kiln_reloc) relocs;
  struct kn_names entries; /* of debugging information: value: number in the module's set */
  const char *text;        /* the first byte of the input */
  bool has_entries;
  uint32_t entry_base, entry_last; /* numbers in the set before the text's, and the highest used */
  uint32_t session_base;           /* the same of the session's set */
  kiln_die subprogram, unit;       /* of the function: as !debug says */
  KN_ARRAY(uint32_t) calls;        /* locations of !call lines of the function, by number - 1 */
  KN_ARRAY(struct kn_parse_item) items; /* what the second pass has to read: parse.c */
};

enum { KN_NAME_FORWARD = 1, KN_NAME_DEFINED };

/* Reports a syntax or other error at token `t` (the current one if NULL); the first one counts.
 * Returns false. */
bool kn_parse_fail(struct kn_parser *p, const struct kn_token *t, kiln_status status,
                   const char *message, ...) __attribute__((format(printf, 4, 5)));
/* Reports bad syntax at `t`; false. */
bool kn_parse_syntax(struct kn_parser *p, const struct kn_token *t, const char *message);
bool kn_parse_no_memory(struct kn_parser *p);
/* False if a call of the module's API failed: the module has the diagnostic. */
bool kn_parse_api_ok(struct kn_parser *p);
/* Reports "expected WHAT, found ..." at the current token; false. */
bool kn_parse_expected(struct kn_parser *p, const char *what);
static inline void kn_parse_next(struct kn_parser *p) { kn_lex_next(&p->lx); }
static inline bool kn_parse_is(const struct kn_parser *p, char ch) {
  return p->lx.tok.kind == KN_TOK_CHAR && p->lx.tok.ch == ch;
}
/* Takes the character if it is next. */
bool kn_parse_take(struct kn_parser *p, char ch);
/* Takes the character or fails. */
bool kn_parse_want(struct kn_parser *p, char ch);
/* Takes the word if it is next. */
bool kn_parse_word(struct kn_parser *p, const char *word);
bool kn_parse_is_word(const struct kn_parser *p, const char *word);
/* Takes the end of a line. */
bool kn_parse_line_end(struct kn_parser *p);
void kn_parse_skip_newlines(struct kn_parser *p);
/* An unsigned number up to `max`. */
bool kn_parse_number(struct kn_parser *p, uint64_t max, const char *what, uint64_t *out);
/* A power of two in bytes, as its log2 up to `max_log2`. */
bool kn_parse_align(struct kn_parser *p, unsigned max_log2, uint8_t *out);
/* Type by name, VOID if the token is none. */
kiln_type kn_parse_type_of(const char *text, size_t length);
bool kn_parse_type(struct kn_parser *p, kiln_type *out);
/* The bytes of a name or string; they live as long as the parser. */
const char *kn_parse_name(struct kn_parser *p, const struct kn_token *t, uint32_t *length);
/* A string, decoded, with a NUL after it; it lives as long as the parser. */
bool kn_parse_string(struct kn_parser *p, const char *what, const char **out);
/* `(i64 sret, i32, ...) -> f64 noreturn`; the flags are taken if `flags` is set. */
bool kn_parse_sig(struct kn_parser *p, kiln_sig *out);

/* A word of the text for a flag, in a table that a NULL word ends. */
struct kn_flag_word {
  const char *word;
  uint32_t flag;
};
/* Takes one of `words` and sets its flag; false: the token is none of them. */
bool kn_parse_flag(struct kn_parser *p, const struct kn_flag_word *words, uint32_t *flags);
/* KILN_PARAM_... but BYVAL; KILN_SIG_... but VARIADIC. */
extern const struct kn_flag_word kn_param_words[], kn_sig_words[];
/* Words of conventions in signatures, by kiln_cc. */
extern const char *const kn_callconv_names[KILN_CC_COUNT];

#endif
