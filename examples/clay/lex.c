/* Text to tokens, one by one, on the parser's call. A new line becomes a token only where it ends a
 * statement: outside of parentheses and brackets, after a token that can stand at an end. */
#include "clay.h"

#include <stdlib.h>
#include <string.h>

static const struct spelling {
  const char *text;
  uint8_t size;
} spellings[T_COUNT] = {
#define TOKEN(name, spelling) {spelling, sizeof spelling - 1},
  KEYWORDS PUNCTUATION OTHER_TOKENS
#undef TOKEN
};

const char *lex_spelling(enum token_kind kind) { return spellings[kind].text; }

void lex_init(struct lexer *l, struct clay *c) {
  *l = (struct lexer){.c = c, .at = c->source, .line_start = c->source, .line = 1};
  for (unsigned k = 0; k <= T_WHILE; k++) {
    clay_text(c, spellings[k].text, spellings[k].size)->token = (uint8_t)k;
  }
}

static bool is_digit(char ch) { return ch >= '0' && ch <= '9'; }
static bool is_letter(char ch) {
  return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || ch == '_';
}

/* The input is NUL-terminated, so that looking one byte ahead is always allowed. */
static bool at_end(const struct lexer *l) { return l->at >= l->c->source + l->c->source_size; }

static struct place place_of(const struct lexer *l, const char *from, const char *to) {
  return (struct place){l->line, (uint32_t)(from - l->line_start) + 1, (uint32_t)(to - from)};
}

/* ---- literals ---- */

static int digit_value(char ch) {
  if (is_digit(ch)) return ch - '0';
  if (ch >= 'a' && ch <= 'f') return ch - 'a' + 10;
  if (ch >= 'A' && ch <= 'F') return ch - 'A' + 10;
  return 99;
}

static void lex_float(struct lexer *l, struct token *t, const char *from) {
  char digits[128];
  size_t n = 0;
  for (const char *p = from; p < l->at; p++) {
    if (*p != '_' && n < sizeof digits - 1) digits[n++] = *p;
  }
  digits[n] = 0;
  if (n == sizeof digits - 1) clay_error(l->c, place_of(l, from, l->at), "number too long");
  t->kind = T_FLOAT;
  t->number = strtod(digits, NULL);
}

static void skip_digits(struct lexer *l) {
  while (is_digit(*l->at) || *l->at == '_') l->at++;
}

static void lex_number(struct lexer *l, struct token *t) {
  const char *from = l->at;
  int base = 10;
  if (from[0] == '0' && (from[1] == 'x' || from[1] == 'b')) {
    base = from[1] == 'x' ? 16 : 2;
    l->at += 2;
  }
  bool too_large = false, digits = base == 10;
  t->kind = T_INT;
  for (; digit_value(*l->at) < base || *l->at == '_'; l->at++) {
    if (*l->at == '_') continue;
    digits = true;
    too_large |= __builtin_mul_overflow(t->integer, (uint64_t)base, &t->integer) ||
                 __builtin_add_overflow(t->integer, (uint64_t)digit_value(*l->at), &t->integer);
  }
  bool point = base == 10 && l->at[0] == '.' && is_digit(l->at[1]);
  if (point) {
    l->at++;
    skip_digits(l);
  }
  bool exponent = base == 10 && (*l->at == 'e' || *l->at == 'E');
  if (exponent) {
    l->at++;
    if (*l->at == '+' || *l->at == '-') l->at++;
    digits = is_digit(*l->at);
    skip_digits(l);
  }
  if (point || exponent) {
    lex_float(l, t, from);
    too_large = false;
  }
  while (is_letter(*l->at) || is_digit(*l->at)) {
    digits = false;
    l->at++;
  }
  if (!digits) clay_error(l->c, place_of(l, from, l->at), "malformed number");
  else if (too_large) clay_error(l->c, place_of(l, from, l->at), "number too large for int");
}

/* One character of a string, escapes resolved. */
static char lex_char(struct lexer *l) {
  if (*l->at != '\\') return *l->at++;
  const char *from = l->at++;
  char ch = at_end(l) ? '\n' : *l->at++;
  switch (ch) {
  case 'n': return '\n';
  case 't': return '\t';
  case 'r': return '\r';
  case '0': return 0;
  case '\\':
  case '\'':
  case '"': return ch;
  case 'x':
    if (digit_value(l->at[0]) < 16 && digit_value(l->at[1]) < 16) {
      l->at += 2;
      return (char)(digit_value(l->at[-2]) * 16 + digit_value(l->at[-1]));
    }
    break;
  case '\n': l->at--; break;
  default: break;
  }
  clay_error(l->c, place_of(l, from, l->at), "unknown escape sequence");
  return ch;
}

static void lex_string(struct lexer *l, struct token *t) {
  const char *from = l->at++;
  const char *close = from + 1;
  while (*close != '"' && *close != '\n' && *close != 0)
    close += *close == '\\' && close[1] != 0 ? 2 : 1;
  char *bytes = clay_alloc(l->c, (size_t)(close - from));
  size_t size = 0;
  while (l->at < close && *l->at != '\n') bytes[size++] = lex_char(l);
  if (*l->at == '"') l->at++;
  else clay_error(l->c, place_of(l, from, l->at), "string without closing quote");
  t->kind = T_STRING;
  t->text = clay_text(l->c, bytes, size);
}

/* 'a' is the number of the byte. */
static void lex_byte(struct lexer *l, struct token *t) {
  const char *from = l->at++;
  t->kind = T_INT;
  bool ok = !at_end(l) && *l->at != '\'' && *l->at != '\n';
  if (ok) t->integer = (uint8_t)lex_char(l);
  ok &= *l->at == '\'';
  while (is_letter(*l->at) || is_digit(*l->at)) l->at++;
  if (*l->at == '\'') l->at++;
  if (!ok) clay_error(l->c, place_of(l, from, l->at), "expected one byte between single quotes");
}

/* ---- tokens ---- */

/* False for a byte that starts no token. */
static bool lex_punctuation(struct lexer *l, struct token *t) {
  for (unsigned k = T_DOTS; k <= T_SEMICOLON; k++) {
    const char *text = spellings[k].text;
    if (*l->at == *text && strncmp(l->at, text, spellings[k].size) == 0) {
      t->kind = k;
      l->at += spellings[k].size;
      return true;
    }
  }
  const char *from = l->at++;
  while ((*l->at & 0xc0) == 0x80) l->at++; /* the rest of a UTF-8 sequence */
  struct place at = place_of(l, from, l->at);
  if ((uint8_t)*from < ' ') clay_error(l->c, at, "no token starts with byte %d", *from);
  else clay_error(l->c, at, "no token starts with '%.*s'", (int)(l->at - from), from);
  return false;
}

static bool can_end(enum token_kind k) {
  switch (k) {
  case T_NAME:
  case T_INT:
  case T_FLOAT:
  case T_STRING:
  case T_TRUE:
  case T_FALSE:
  case T_BREAK:
  case T_CONTINUE:
  case T_RETURN:
  case T_RPAREN:
  case T_RBRACKET:
  case T_RBRACE: return true;
  default: return false;
  }
}

/* Spaces, comments, and new lines that end nothing. */
static void skip_blank(struct lexer *l) {
  for (;; l->at++) {
    if (l->at[0] == '/' && l->at[1] == '/') l->at += strcspn(l->at, "\n");
    if (*l->at == '\n') {
      if (l->can_end && l->nesting == 0) return;
      l->line++;
      l->line_start = l->at + 1;
    } else if (*l->at != ' ' && *l->at != '\t' && *l->at != '\r') {
      return;
    }
  }
}

static struct token lex_newline(struct lexer *l) {
  struct token t = {.kind = T_NEWLINE, .at = place_of(l, l->at, l->at)};
  l->line++;
  l->line_start = ++l->at;
  l->can_end = false;
  return t;
}

struct token lex_next(struct lexer *l) {
  struct token t;
  const char *from;
  bool ok;
  do {
    skip_blank(l);
    from = l->at;
    t = (struct token){.kind = T_END, .at = place_of(l, from, from)};
    if (at_end(l)) return t;
    if (*from == '\n') return lex_newline(l);
    ok = true;
    if (is_letter(*from)) {
      while (is_letter(*l->at) || is_digit(*l->at)) l->at++;
      t.text = clay_text(l->c, from, (size_t)(l->at - from));
      t.kind = t.text->token;
      if (t.text->size > MAX_NAME) {
        clay_error(l->c, place_of(l, from, l->at), "a name of more than %d bytes", MAX_NAME);
      }
    } else if (is_digit(*from)) {
      lex_number(l, &t);
    } else if (*from == '"') {
      lex_string(l, &t);
    } else if (*from == '\'') {
      lex_byte(l, &t);
    } else {
      ok = lex_punctuation(l, &t);
    }
  } while (!ok);
  if (t.kind == T_LPAREN || t.kind == T_LBRACKET) l->nesting++;
  if ((t.kind == T_RPAREN || t.kind == T_RBRACKET) && l->nesting > 0) l->nesting--;
  t.at.length = (uint32_t)(l->at - from);
  l->can_end = can_end(t.kind);
  return t;
}
