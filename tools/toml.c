/* TOML 1.0: tables, dotted keys, all four kinds of string, arrays, inline tables; numbers, dates and the like are
 * skipped. cargo_config.c calls it.
 * Invariant: whatever the text is, reading ends: each step moves forward or fails. */
#include "toml.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_MOST = 512, NESTED_MOST = 64 };

struct toml {
  const char *at;
  toml_fn *fn;
  void *user;
  char key[KEY_MOST]; /* of what is read */
  size_t key_size;
  char *string; /* the newest one; as large as the text */
};

static bool is_bare(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' ||
         c == '-';
}

static void skip_blanks(struct toml *t) { t->at += strspn(t->at, " \t"); }

static void skip_comment(struct toml *t) {
  if (*t->at == '#') t->at += strcspn(t->at, "\n");
}

/* Blanks, comments and ends of lines. */
static void skip_lines(struct toml *t) {
  for (const char *before = NULL; before != t->at;) {
    before = t->at;
    t->at += strspn(t->at, " \t\r\n");
    skip_comment(t);
  }
}

static bool take(struct toml *t, const char *word) {
  size_t n = strlen(word);
  if (strncmp(t->at, word, n) != 0) return false;
  t->at += n;
  return true;
}

/* ---- strings ---- */

static char *put_utf8(char *to, uint32_t c) {
  if (c < 0x80) {
    *to++ = (char)c;
    return to;
  }
  unsigned more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
  *to++ = (char)((0xF00 >> more) | (c >> (6 * more)));
  while (more-- > 0) *to++ = (char)(0x80 | ((c >> (6 * more)) & 0x3F));
  return to;
}

/* An escape, after its backslash. NULL: there is none such. */
static char *escape(struct toml *t, char *to) {
  static const char from[] = "btnfre\"\\", means[] = "\b\t\n\f\r\33\"\\";
  char c = *t->at++;
  unsigned digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
  if (digits == 0) {
    const char *known = c != 0 ? strchr(from, c) : NULL;
    if (known == NULL) {
      t->at--;
      return NULL;
    }
    *to = means[known - from];
    return to + 1;
  }
  char hex[9] = {0};
  for (unsigned i = 0; i < digits; i++) {
    hex[i] = t->at[i];
    if (hex[i] == 0 || strchr("0123456789abcdefABCDEF", hex[i]) == NULL) return NULL;
  }
  t->at += digits;
  unsigned long code = strtoul(hex, NULL, 16);
  return code <= 0x10FFFF ? put_utf8(to, (uint32_t)code) : NULL;
}

/* A backslash at a line's end leaves out the white space up to the next text. */
static bool joins_lines(struct toml *t) {
  size_t n = strspn(t->at, " \t");
  if (t->at[n] != '\n' && !(t->at[n] == '\r' && t->at[n + 1] == '\n')) return false;
  t->at += strspn(t->at, " \t\r\n");
  return true;
}

/* A string from its quotes on, into t->string. */
static bool read_string(struct toml *t) {
  char quote = *t->at, *to = t->string;
  char three[4] = {quote, quote, quote, 0};
  bool lines = take(t, three);
  if (!lines) t->at++;
  else if (!take(t, "\n")) take(t, "\r\n");
  for (;;) {
    char c = *t->at;
    if (c == 0 || (c == '\n' && !lines)) return false;
    if (lines ? strncmp(t->at, three, 3) == 0 : c == quote) break;
    t->at++;
    if (c != '\\' || quote == '\'') *to++ = c;
    else if (!(lines && joins_lines(t)) && (to = escape(t, to)) == NULL) return false;
  }
  t->at += lines ? 3 : 1;
  for (unsigned i = 0; lines && i < 2 && *t->at == quote; i++, t->at++)
    *to++ = quote; /* a quote or two before the end */
  *to = 0;
  return true;
}

/* ---- keys ---- */

static bool add_part(struct toml *t, const char *part, size_t n) {
  bool more = t->key_size > 0;
  if (t->key_size + more + n >= KEY_MOST) return false;
  if (more) t->key[t->key_size++] = '.';
  for (size_t i = 0; i < n; i++) t->key[t->key_size++] = part[i] == '.' ? '\1' : part[i];
  t->key[t->key_size] = 0;
  return true;
}

static void cut_key(struct toml *t, size_t size) {
  t->key_size = size;
  t->key[size] = 0;
}

/* A dotted key, which is added to t->key. */
static bool read_key(struct toml *t) {
  for (;;) {
    skip_blanks(t);
    if (*t->at == '"' || *t->at == '\'') {
      if (!read_string(t) || !add_part(t, t->string, strlen(t->string))) return false;
    } else {
      const char *start = t->at;
      while (is_bare(*t->at)) t->at++;
      if (t->at == start || !add_part(t, start, (size_t)(t->at - start))) return false;
    }
    skip_blanks(t);
    if (*t->at != '.') return true;
    t->at++;
  }
}

/* ---- values ---- */

static bool read_pair(struct toml *t, unsigned depth);

/* What is between brackets, after the first one: values, or pairs of keys and values. */
static bool read_list(struct toml *t, char end, unsigned depth);

static bool read_value(struct toml *t, unsigned depth) {
  skip_blanks(t);
  if (*t->at == '"' || *t->at == '\'') {
    if (!read_string(t)) return false;
    t->fn(t->user, t->key, t->string);
    return true;
  }
  if (*t->at == '[' || *t->at == '{') {
    char end = *t->at++ == '[' ? ']' : '}';
    return depth < NESTED_MOST && read_list(t, end, depth + 1);
  }
  size_t n = strcspn(t->at, ",]}#\r\n \t");
  t->at += n;
  return n > 0;
}

static bool read_list(struct toml *t, char end, unsigned depth) {
  for (;;) {
    skip_lines(t);
    if (*t->at == end) break;
    if (!(end == ']' ? read_value(t, depth) : read_pair(t, depth))) return false;
    skip_lines(t);
    if (*t->at == ',') t->at++;
    else if (*t->at != end) return false;
  }
  t->at++;
  return true;
}

static bool read_pair(struct toml *t, unsigned depth) {
  size_t size = t->key_size;
  if (!read_key(t) || *t->at != '=') return false;
  t->at++;
  bool ok = read_value(t, depth);
  cut_key(t, size);
  return ok;
}

/* [table] or [[array of tables]]: the key for what follows. */
static bool read_header(struct toml *t) {
  bool array = take(t, "[[");
  if (!array) t->at++;
  cut_key(t, 0);
  return read_key(t) && take(t, array ? "]]" : "]");
}

bool toml_read(const char *text, toml_fn *fn, void *user) {
  struct toml t = {.at = text, .fn = fn, .user = user, .string = malloc(strlen(text) + 1)};
  bool ok = t.string != NULL;
  take(&t, "\xEF\xBB\xBF"); /* a byte order mark */
  for (skip_lines(&t); ok && *t.at != 0; skip_lines(&t)) {
    ok = *t.at == '[' ? read_header(&t) : read_pair(&t, 0);
    skip_blanks(&t);
    skip_comment(&t);
    if (*t.at != 0 && *t.at != '\n' && !(t.at[0] == '\r' && t.at[1] == '\n')) ok = false;
  }
  free(t.string);
  return ok;
}
