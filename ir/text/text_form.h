/* What the files of the text form share: lexer, parser (module and function level) and printer. The parser stands on
 * the public API; from the rest of ir/ it takes memory and the table of operations only. */
#ifndef KN_IR_TEXT_TEXT_FORM_H
#define KN_IR_TEXT_TEXT_FORM_H

#include "ir/module/session_state.h"
#include <kiln/attrs.h>
#include <kiln/build.h>
#include <kiln/debug.h>
#include <kiln/debug_entries.h>
#include <kiln/text.h>
#include <string.h>

/* ---- lexer (ir/text/parse_lex.c) ---- */

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
  bool adjacent; /* directly behind the token before */
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

/* ---- names (ir/text/parse_lex.c) ---- */

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
/* Words of kn_protect_names, at least one: KILN_PROTECT_... */
bool kn_parse_protection(struct kn_parser *p, uint32_t *what);
/* A string, decoded, with a NUL behind it; it lives as long as the parser. */
bool kn_parse_string(struct kn_parser *p, const char *what, const char **out);
/* `(i64 sret, i32, ...) -> f64 noreturn`; the flags are taken if `flags` is set. */
bool kn_parse_sig(struct kn_parser *p, kiln_sig *out);
/* `@name`, `@name+8`, `@f:block`; the addend, which follows without a space, is read if `addend` is
 * not NULL. */
bool kn_parse_symbol(struct kn_parser *p, kiln_symbol *out, int64_t *addend);
/* Bits of a float constant of `type` (F32 or F64) from the token's digits. */
bool kn_parse_float_bits(struct kn_parser *p, const struct kn_token *t, kiln_type type,
                         bool negative, uint64_t *bits);

/* Finds the labels of the body whose `{` was just taken, and stops at its `}`. Leaves the lexer
 * where it was. */
bool kn_parse_labels(struct kn_parser *p, kiln_symbol func, const struct kn_lexer *body);
/* The block that the current token names; NULL: reported. */
struct kn_label *kn_parse_label(struct kn_parser *p);
/* True for `v` or `slot` and digits: names that need no '%'. */
bool kn_parse_plain_name(const struct kn_token *t);
/* Gives the name `t` the value `v`. */
bool kn_parse_define(struct kn_parser *p, const struct kn_token *t, kiln_value v);
/* Optional `result 0` or `exception 0`, as an argument of a try's edge; *is: it was there. */
bool kn_parse_tried(struct kn_parser *p, bool *is, kiln_value *out);
/* `@type` or `all` (none), of a clause or typeid. */
bool kn_parse_caught(struct kn_parser *p, kiln_symbol *out);
/* Any operand. `want` is the type that it should have; VOID: not known. */
bool kn_parse_operand(struct kn_parser *p, kiln_type want, kiln_value *out);
bool kn_parse_comma_operand(struct kn_parser *p, kiln_type want, kiln_value *out);
/* `+8`, `-8` or nothing. */
bool kn_parse_disp(struct kn_parser *p, int32_t *out);
/* What follows `asm`: builds it (ir/text/parse_asm.c). */
bool kn_parse_asm(struct kn_parser *p, kiln_value *result);
bool kn_parse_push_arg(struct kn_parser *p, kiln_value v);
/* Optional `(v0, v1)` behind a block's name: appended to p->args. */
bool kn_parse_edge_args(struct kn_parser *p, const struct kn_label *l, uint32_t *n);

/* The body of `func`, its `{` just taken, up to and with its `}`. */
bool kn_parse_body(struct kn_parser *p, kiln_symbol func);
/* Puts the opcodes into p->ops. */
bool kn_parse_ops(struct kn_parser *p);

/* Debugging information (ir/text/parse_debug.c). First pass, after `!`: notes the name of an entry, up to and with
 * `=`. */
bool kn_parse_entry_name(struct kn_parser *p);
/* Between the passes, behind `!`: gives an entry that has a name a number. */
bool kn_parse_entry_number(struct kn_parser *p);
/* Second pass, behind `!`, or behind the first word of the line: the rest of it. */
bool kn_parse_entry(struct kn_parser *p);
bool kn_parse_unit(struct kn_parser *p);
bool kn_parse_keep(struct kn_parser *p);
bool kn_parse_global(struct kn_parser *p);
/* In a function, behind `!`: an entry, whose name and `=` come next. */
bool kn_parse_func_entry(struct kn_parser *p);
/* A line of another kind, up to its end; *is: it was one. */
bool kn_parse_func_debug(struct kn_parser *p, bool *is);

/* ---- printer (ir/text/print_module.c) ---- */

struct kn_printer {
  const kiln_module *module;
  kiln_buffer *out;
  bool failed; /* no memory */
};

void kn_put(struct kn_printer *p, const char *text, size_t length);
static inline void kn_put_text(struct kn_printer *p, const char *text) {
  kn_put(p, text, strlen(text));
}
/* As printf, at most 200 bytes. */
void kn_put_form(struct kn_printer *p, const char *form, ...) __attribute__((format(printf, 2, 3)));
void kn_put_unsigned(struct kn_printer *p, uint64_t v);
void kn_put_signed(struct kn_printer *p, int64_t v);
void kn_put_hex(struct kn_printer *p, uint64_t high, uint64_t low);
/* `"..."` with escapes. */
void kn_put_string(struct kn_printer *p, const void *bytes, size_t length);
/* `@name` */
void kn_put_symbol(struct kn_printer *p, uint32_t symbol);
/* The words of KILN_PROTECT_... `what`, each behind a blank. */
void kn_put_protection(struct kn_printer *p, uint32_t what);
/* `+8`, `-8`; nothing for 0. */
void kn_put_offset(struct kn_printer *p, int64_t offset);
/* `(i64, ...) -> i32 noreturn` */
void kn_put_sig(struct kn_printer *p, uint32_t sig);
/* `declare internal @f(i32) -> i32 section "x"`, without newline. */
void kn_put_func_head(struct kn_printer *p, const char *keyword, uint32_t symbol);

/* ---- debugging information (ir/text/print_debug.c) ---- */

/* Words for the flags of a location, by bit. */
enum { KN_LOC_WORDS = 3 };
extern const char *const kn_loc_words[KN_LOC_WORDS];

/* What attributes of a kind (enum kn_die_kind) are in the text. */
struct kn_attr_form {
  const char *word;                        /* in place of a name, where DWARF has none; else NULL */
  bool refers;                             /* the value is an entry */
  void (*set)(kiln_debug *d, kiln_die to); /* of those with a word that refer to an entry */
};
enum { KN_ATTR_FORMS = 15 };
extern const struct kn_attr_form kn_attr_forms[KN_ATTR_FORMS];

/* Numbers of the calls that code of a function was inlined at, in the order of the text. */
struct kn_call_numbers {
  uint32_t first, n;
  uint32_t *at; /* by location - first: from 1; 0: not in the text yet. NULL: there are none */
};
/* Makes the numbers of a function, whose `at` the caller frees; false without memory. */
bool kn_put_locs_begin(struct kn_printer *p, const kiln_func *f, struct kn_call_numbers *c);
/* `before`, a location and the end of the line; before them the calls that it needs. */
void kn_put_loc(struct kn_printer *p, const kiln_func *f, struct kn_call_numbers *c, uint32_t loc,
                const char *before);
/* Entries of the session that were not printed before; what the function says of itself and its variables. */
void kn_put_func_debug(struct kn_printer *p, const kiln_func *f, struct kn_call_numbers *c);
struct kn_debug_value;
/* `  !value !3` or `  !label !3`, and the calls before it; false: nothing is to be said. The
 * tail of a value comes behind its operand: words, then, behind a second operand, the
 * expression. */
bool kn_put_value_head(struct kn_printer *p, const kiln_func *f, struct kn_call_numbers *c,
                       const struct kn_debug_value *v);
void kn_put_value_words(struct kn_printer *p, const struct kn_call_numbers *c,
                        const struct kn_debug_value *v);
void kn_put_value_tail(struct kn_printer *p, const kiln_func *f, const struct kn_debug_value *v);
/* The module's entries, units and globals. */
void kn_put_module_debug(struct kn_printer *p);

/* Words for the flags of a section; a NULL word ends them (ir/text/print_module.c). */
extern const struct kn_section_word {
  const char *word;
  unsigned flag;
} kn_section_words[];
/* From CONTENT to PREINIT. */
extern const char *const kn_section_kind_names[KILN_SECTION_OTHER];
/* Names of the enumerations, by value (ir/text/print_module.c). */
extern const char *const kn_linkage_names[KILN_LINKAGE_COUNT];
extern const char *const kn_visibility_names[KILN_VISIBILITY_COUNT];
extern const char *const kn_tls_names[KILN_TLS_COUNT];
extern const char *const kn_callconv_names[KILN_CC_COUNT];
extern const char *const kn_inline_names[KILN_INLINE_COUNT]; /* by kiln_inline */
extern const char *const kn_guard_names[KILN_GUARD_COUNT];
/* By bit of KILN_PROTECT_... */
enum { KN_PROTECT_COUNT = 6 };
extern const char *const kn_protect_names[KN_PROTECT_COUNT];
_Static_assert(KILN_PROTECT_NONE == 1 << KN_PROTECT_COUNT, "each bit has a name");
extern const char *const kn_guard_source_names[KILN_GUARD_SOURCE_COUNT];
extern const char *const kn_icond_names[KILN_ICOND_COUNT];
extern const char *const kn_fcond_names[KILN_FCOND_COUNT];
extern const char *const kn_ordering_names[KILN_ORDERING_COUNT];
extern const char *const kn_rmw_names[KILN_RMW_COUNT];

#endif
