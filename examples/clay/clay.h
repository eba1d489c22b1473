/* Clay's compiler on one page: every type, then every function that one file offers another.
 *
 *   text -> lex.c -> parse.c (tree) -> check.c (names, types) -> gen*.c (Kiln's builder) -> object
 *
 * main.c calls the stages in this order. Only gen*.c and main.c know Kiln. Everything lives in one
 * arena until clay_free. Texts and types are unique: equal ones are the same pointer. */
#ifndef CLAY_H
#define CLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Deepest nesting of statements and expressions: bounds the recursion in parser, checker and generator. */
#define MAX_DEPTH 400
#define MAX_ERRORS 20
#define MAX_NAME 200 /* bytes */
#define MAX_PARAMS 64

/* ---- source.c: the input, errors about it, memory ---- */

/* A piece of the input: line and column from 1, columns and length in bytes. */
struct place {
  uint32_t line, column, length;
};

/* Interned bytes: names and string literals. `size` excludes the NUL after them. */
struct text {
  const char *bytes;
  uint32_t size, id; /* ids count from 0 */
  uint32_t hash;
  uint8_t token;     /* keywords: their token; else T_NAME */
  struct var *var;   /* the innermost variable of this name in scope */
  struct fn *fn;     /* the function of this name */
  struct type *type; /* the type of this name */
  struct text *next; /* same hash */
};

enum type_kind {
  TYPE_ERROR, /* of wrong expressions; compatible with every type, so that one mistake gives one message */
  TYPE_NONE, /* of calls without result */
  TYPE_INT,
  TYPE_FLOAT,
  TYPE_BOOL,
  TYPE_STR,
  TYPE_ARRAY,
  TYPE_RECORD,
  TYPE_VIEW, /* any record that has certain fields */
  TYPE_I32,  /* C's int and float: in extern functions only */
  TYPE_F32,
  TYPE_COUNT
};

struct type {
  enum type_kind kind;
  const char *name;
  const struct type *elem; /* arrays */
  struct type *array;      /* the type of arrays of this, once there is one */
  struct var *fields;      /* records and views: this and the rest */
  uint32_t n_fields;
  uint32_t input;    /* that declares it; 0: not declared yet */
  struct place at;   /* of the declaration, or the first use before */
  struct type *next; /* in the parser's list */
};

struct clay {
  const char *file, *source; /* the current input */
  size_t source_size;
  uint32_t input; /* counts them from 1 */
  unsigned errors;
  enum {
    DEBUG_NONE,
    DEBUG_LINES,            /* functions and places: for tracebacks */
    DEBUG_ALL               /* -g: variables and types, too */
  } debug;                  /* what the code generator describes */
  struct chunk *chunks;     /* arena: newest first */
  struct text *texts[1024]; /* hash table */
  uint32_t n_texts;
  struct type types[TYPE_COUNT]; /* the simple ones */
};

void clay_init(struct clay *c);
void clay_free(struct clay *c);
/* Makes `source`, which ends in a NUL after its `size` bytes, the input, without errors so far. Declarations of
 * earlier inputs stay valid. The text is needed until the next one, `file` for ever. */
void clay_input(struct clay *c, const char *file, const char *source, size_t size);
/* The text of a file, NUL-terminated; NULL, with errno, if it cannot be read. "-" is standard input. The caller frees
 * it. */
char *clay_read_file(const char *path, size_t *size);
/* Zeroed memory; ends the process without any. */
void *clay_alloc(struct clay *c, size_t size);
struct text *clay_text(struct clay *c, const char *bytes, size_t size);
const struct type *clay_array_of(struct clay *c, const struct type *elem);
/* Prints `file:line:column: error: message`, the line and a caret under the place. */
void clay_error(struct clay *c, struct place at, const char *format, ...)
  __attribute__((format(printf, 3, 4)));

/* ---- lex.c: tokens ---- */

/* clang-format off */
/* TOKEN(name, spelling); keywords first. A new line ends a statement if the token before can. */
#define KEYWORDS                                                                                   \
  TOKEN(AND, "and") TOKEN(BREAK, "break") TOKEN(CATCH, "catch") TOKEN(CONTINUE, "continue")        \
  TOKEN(ELSE, "else") TOKEN(EXTERN, "extern") TOKEN(FALSE, "false") TOKEN(FINALLY, "finally")      \
  TOKEN(FN, "fn") TOKEN(FOR, "for") TOKEN(IF, "if") TOKEN(IN, "in") TOKEN(LET, "let")              \
  TOKEN(NOT, "not") TOKEN(OR, "or") TOKEN(RECORD, "record") TOKEN(RETURN, "return")                \
  TOKEN(THROW, "throw") TOKEN(TRUE, "true") TOKEN(TRY, "try") TOKEN(VAR, "var")                    \
  TOKEN(VIEW, "view") TOKEN(WHILE, "while")
/* Longer ones before their prefixes. */
#define PUNCTUATION                                                                                \
  TOKEN(DOTS, "...") TOKEN(RANGE, "..") TOKEN(DOT, ".") TOKEN(ARROW, "->") TOKEN(EQ, "==")         \
  TOKEN(NE, "!=") TOKEN(SHL, "<<") TOKEN(SHR, ">>") TOKEN(LE, "<=") TOKEN(GE, ">=")                \
  TOKEN(ADD_TO, "+=") TOKEN(SUB_TO, "-=") TOKEN(MUL_TO, "*=") TOKEN(DIV_TO, "/=")                  \
  TOKEN(REM_TO, "%=") TOKEN(ASSIGN, "=") TOKEN(LT, "<") TOKEN(GT, ">") TOKEN(ADD, "+")             \
  TOKEN(SUB, "-") TOKEN(MUL, "*") TOKEN(DIV, "/") TOKEN(REM, "%") TOKEN(BIT_AND, "&")              \
  TOKEN(BIT_OR, "|") TOKEN(BIT_XOR, "^") TOKEN(BIT_NOT, "~") TOKEN(LPAREN, "(")                    \
  TOKEN(RPAREN, ")") TOKEN(LBRACKET, "[") TOKEN(RBRACKET, "]") TOKEN(LBRACE, "{")                  \
  TOKEN(RBRACE, "}") TOKEN(COMMA, ",") TOKEN(COLON, ":") TOKEN(SEMICOLON, ";")
#define OTHER_TOKENS                                                                               \
  TOKEN(NAME, "a name") TOKEN(INT, "a number") TOKEN(FLOAT, "a number") TOKEN(STRING, "a string")  \
  TOKEN(NEWLINE, "the end of the line") TOKEN(END, "the end of the file")
/* clang-format on */

enum token_kind {
#define TOKEN(name, spelling) T_##name,
  KEYWORDS PUNCTUATION OTHER_TOKENS
#undef TOKEN
    T_COUNT
};

struct token {
  enum token_kind kind;
  struct place at;
  union {
    uint64_t integer;
    double number;
    struct text *text; /* names and strings */
  };
};

struct lexer {
  struct clay *c;
  const char *at, *line_start;
  uint32_t line;
  unsigned nesting; /* open parentheses and brackets: new lines in them mean nothing */
  bool can_end;     /* the last token can end a statement */
};

void lex_init(struct lexer *l, struct clay *c);
struct token lex_next(struct lexer *l);
/* As in the source ("+="), or in words ("a name"). */
const char *lex_spelling(enum token_kind kind);

/* ---- parse.c: the tree ---- */

struct var {
  struct text *name;
  struct place at;
  const struct type *type;
  bool global, fixed; /* fixed: by `let` or `for` */
  bool assigned;      /* after its declaration: it needs a slot, the others are plain values */
  struct var *next;   /* parameters; globals; fields */
  uint32_t level;     /* check: of the scope; 0: global */
  uint32_t input;     /* check: that it comes from */
  struct var *outer;  /* check: the variable of this name that it hides */
  struct var *below;  /* check: the variable declared before it */
  uint32_t value;     /* gen: id of its value or slot in the current function */
};

struct fn {
  struct text *name;
  struct place at, end;
  struct var *params;
  uint32_t n_params;
  const struct type *result;
  bool external, variadic;
  struct stmt *body;
  struct fn *next;
  bool collects;    /* check: its own code has a call that may collect garbage */
  uint32_t input;   /* check: that it comes from */
  struct fn *outer; /* check: the function of an earlier input that it replaces */
  /* check: tells signatures of this name apart: the input that brought this one; 0: the first */
  uint32_t version;
};

enum expr_kind {
  EXPR_INT,
  EXPR_FLOAT,
  EXPR_BOOL, /* in `integer` */
  EXPR_STR,
  EXPR_ARRAY,
  EXPR_NAME,
  EXPR_UNARY,  /* op a */
  EXPR_BINARY, /* a op b; `and` and `or`, too */
  EXPR_INDEX,  /* a[b] */
  EXPR_SLICE,  /* a[b..c]; b, c may be NULL */
  EXPR_FIELD,  /* a.field */
  EXPR_CALL
};

struct expr {
  enum expr_kind kind;
  enum token_kind op; /* UNARY, BINARY */
  uint32_t depth;     /* of the tree below, 1 for leaves */
  struct place at;
  const struct type *type; /* check */
  bool collects;           /* check: computing it may collect garbage */
  struct expr *next;       /* in a list of arguments or elements */
  union {
    int64_t integer;
    double number;
    struct text *text;
    struct var *var; /* NAME: check */
    struct {
      struct expr *a, *b, *c;
      struct text *field;
      uint32_t index; /* check: of the field */
    };
    struct {
      struct expr *list; /* ARRAY: elements, CALL: arguments */
      struct text *callee;
      struct fn *fn;                 /* check; NULL: */
      const struct builtin *builtin; /* check; NULL: it makes a record */
      uint32_t n;
    };
  };
};

enum stmt_kind {
  STMT_VAR,    /* var = a (a may be NULL) */
  STMT_ASSIGN, /* a op= b; op is T_ASSIGN for a plain one */
  STMT_EXPR,   /* a, a call */
  STMT_IF,     /* if a body else other */
  STMT_WHILE,  /* while a body */
  STMT_RANGE,  /* for var in a..b body */
  STMT_EACH,   /* for var in a body */
  STMT_BREAK,
  STMT_CONTINUE,
  STMT_RETURN, /* a, or NULL */
  STMT_THROW,  /* a */
  STMT_TRY,    /* try body catches finally other */
  STMT_CATCH,  /* of a try: catch var body */
  STMT_BLOCK   /* body */
};

struct stmt {
  enum stmt_kind kind;
  enum token_kind op;
  struct place at;
  struct var *var;
  struct expr *a, *b;
  struct stmt *body, *other, *catches;
  struct stmt *next;
};

/* What one input declares and does: for a file, all of it; for a line of a prompt, that line. */
struct program {
  struct fn *fns;       /* extern ones, too */
  struct type *records; /* and views */
  struct stmt *stmts;   /* outside of functions, in order */
  struct var *globals;  /* check: in order */
};

void parse_program(struct clay *c, struct program *out);

/* ---- check.c: names and types ---- */

enum builtin_kind {
  BUILTIN_ARGS,
  BUILTIN_ARRAY,
  BUILTIN_CHR,
  BUILTIN_EXIT,
  BUILTIN_FAIL,
  BUILTIN_FLOAT,
  BUILTIN_INT,
  BUILTIN_LEN,
  BUILTIN_POP,
  BUILTIN_PRINT,
  BUILTIN_PUSH,
  BUILTIN_READ_LINE,
  BUILTIN_STR,
  BUILTIN_WRITE
};

struct builtin {
  const char *name;
  enum builtin_kind kind;
  uint32_t n_args; /* UINT32_MAX: any number */
};

/* Fills in types, variables and callees; reports what is wrong. A program with errors leaves no
 * names after. */
void check_program(struct clay *c, struct program *p);

#endif
