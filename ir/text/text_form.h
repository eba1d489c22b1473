/* What the files of the library libkiln-text share: parser (module and function level) and printer. The parser stands
 * on the public API; from the rest of ir/ it takes its lexer and readers, memory and the table of operations only. The
 * printer reads functions, modules and debug entries as they are. Functions and tables of libkiln that are not public
 * and that either uses are marked KN_PRIVATE where they are declared. */
#ifndef KN_IR_TEXT_TEXT_FORM_H
#define KN_IR_TEXT_TEXT_FORM_H

#include "ir/lex/parse_read.h"
#include <kiln/attrs.h>
#include <kiln/build.h>
#include <kiln/debug.h>
#include <kiln/debug_entries.h>
#include <kiln/text.h>

/* ---- parser ---- */

/* State of a name in p->symbols; `line` of such a name is its item's index + 1. */
enum { KN_SYM_DECLARED = 1, KN_SYM_DEFINED, KN_SYM_ALIAS_WAITING };

enum kn_item_kind {
  KN_ITEM_FUNC,
  KN_ITEM_DATA,
  KN_ITEM_ALIAS,
  KN_ITEM_CTOR,
  KN_ITEM_DTOR,
  KN_ITEM_RENAME,
  KN_ITEM_ENTRY,
  KN_ITEM_UNIT,
  KN_ITEM_KEEP,
  KN_ITEM_GLOBAL
};

/* An item that the second pass reads: where it continues, and what the first pass found. */
struct kn_parse_item {
  struct kn_lexer at; /* after `{` or `=`, at a constructor's symbol */
  /* of a function: at its symbol; of data: at its label; `at` is NULL: it has none */
  struct kn_lexer personality;
  struct kn_lexer with; /* of data: at what it goes with, likewise */
  struct kn_token name;
  kiln_symbol_desc desc;
  kiln_data_desc data;
  struct kn_names *blocks; /* of a function, if something in the module names one: value: block */
  kiln_symbol symbol;
  uint32_t round; /* of an alias: ir/text/parse_alias.c */
  uint8_t kind;   /* enum kn_item_kind */
};

/* Entry of p->symbols for the symbol token `t`; made if `add`. NULL: not there, or failed. */
struct kn_name *kn_parse_symbol_name(struct kn_parser *p, const struct kn_token *t, bool add);
/* Defines all aliases (ir/text/parse_alias.c). */
bool kn_parse_aliases(struct kn_parser *p);

/* Words of kn_protect_names, at least one: KILN_PROTECT_... */
bool kn_parse_protection(struct kn_parser *p, uint32_t *what);
/* `@name`, `@name+8`, `@f:block`; the addend, which follows without a space, is read if `addend` is
 * not NULL. */
bool kn_parse_symbol(struct kn_parser *p, kiln_symbol *out, int64_t *addend);
/* Is the token a decimal number, with or without a point, where a float is wanted? Others are its bits. */
static inline bool kn_token_is_float(const struct kn_token *t, kiln_type type) {
  bool hex = t->length > 1 && (t->text[1] == 'x' || t->text[1] == 'X');
  return t->kind == KN_TOK_FLOAT ||
         (t->kind == KN_TOK_INT && kiln_type_is_float(type) && !hex && (t->low | t->high) != 0);
}
/* Bits of a float constant of `type` (F32 or F64) from the token's digits, inf or nan. */
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
/* Optional `(v0, v1)` after a block's name: appended to p->args. */
bool kn_parse_edge_args(struct kn_parser *p, const struct kn_label *l, uint32_t *n);

/* The body of `func`, its `{` just taken, up to and with its `}`. */
bool kn_parse_body(struct kn_parser *p, kiln_symbol func);
/* Puts the opcodes into p->ops. */
bool kn_parse_ops(struct kn_parser *p);

/* Debugging information (ir/text/parse_debug.c). First pass, after `!`: notes the name of an entry, up to and with
 * `=`. */
bool kn_parse_entry_name(struct kn_parser *p);
/* Between the passes, after `!`: gives an entry that has a name a number. */
bool kn_parse_entry_number(struct kn_parser *p);
/* Second pass, after `!`, or after the first word of the line: the rest of it. */
bool kn_parse_entry(struct kn_parser *p);
bool kn_parse_unit(struct kn_parser *p);
bool kn_parse_keep(struct kn_parser *p);
bool kn_parse_global(struct kn_parser *p);
/* In a function, after `!`: an entry, whose name and `=` come next. */
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
/* The words of KILN_PROTECT_... `what`, each after a blank. */
void kn_put_protection(struct kn_printer *p, uint32_t what);
/* `+8`, `-8`; nothing for 0. */
void kn_put_offset(struct kn_printer *p, int64_t offset);
/* `(i64, ...) -> i32 noreturn` */
void kn_put_sig(struct kn_printer *p, uint32_t sig);
/* `declare internal @f(i32) -> i32 section "x"`, without newline. */
void kn_put_func_head(struct kn_printer *p, const char *keyword, uint32_t symbol);

/* ---- attributes that are flags (ir/text/print_module.c) ---- */

/* A word, and where the flag is in kiln_func_attrs or kiln_module_attrs. */
struct kn_attr_word {
  const char *word;
  size_t at;
};
enum { KN_FUNC_WORDS = 11, KN_MODULE_WORDS = 3 };
/* In the order of the text; before the sixth one `inline` stands. */
extern const struct kn_attr_word kn_func_words[KN_FUNC_WORDS];
extern const struct kn_attr_word kn_module_words[KN_MODULE_WORDS];
/* Sets the flag whose word is next; false, with nothing done: none is. (ir/text/parse_func.c) */
bool kn_parse_attr_flag(struct kn_parser *p, const struct kn_attr_word *words, unsigned n,
                        void *attrs);
static inline bool *kn_attr_flag(const void *attrs, const struct kn_attr_word *word) {
  return (bool *)((char *)(uintptr_t)attrs + word->at);
}

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
void kn_put_loc(struct kn_printer *p, const kiln_func *f, struct kn_call_numbers *c,
                struct kn_loc loc, const char *before);
/* Entries of the session that were not printed before; what the function says of itself and its variables. */
void kn_put_func_debug(struct kn_printer *p, const kiln_func *f, struct kn_call_numbers *c);
struct kn_debug_value;
/* `  !value !3` or `  !label !3`, and the calls before it; false: nothing is to be said. The
 * tail of a value comes after its operand: words, then, after a second operand, the
 * expression. */
bool kn_put_value_head(struct kn_printer *p, const kiln_func *f, struct kn_call_numbers *c,
                       const struct kn_debug_value *v);
void kn_put_value_words(struct kn_printer *p, const struct kn_call_numbers *c,
                        const struct kn_debug_value *v);
void kn_put_value_tail(struct kn_printer *p, const kiln_func *f, const struct kn_debug_value *v);
/* The module's entries, units and globals. */
void kn_put_module_debug(struct kn_printer *p);

/* Words for KILN_SECTION_... and KILN_DATA_... (ir/text/print_module.c). */
extern const struct kn_flag_word kn_section_words[], kn_data_words[];
/* From CONTENT to PREINIT. */
extern const char *const kn_section_kind_names[KILN_SECTION_OTHER];
/* Names of the enumerations, by value (ir/text/print_module.c). */
extern const char *const kn_linkage_names[KILN_LINKAGE_COUNT];
extern const char *const kn_visibility_names[KILN_VISIBILITY_COUNT];
extern const char *const kn_dll_names[KILN_DLL_COUNT];
extern const char *const kn_comdat_words[KILN_COMDAT_COUNT]; /* of tails, before a group's name */
extern const char *const kn_tls_names[KILN_TLS_COUNT];
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
