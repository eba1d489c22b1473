/* What all stages use: the arena, interned texts and types, and error messages with their line. Called by all stages.
 * Nothing here is freed before clay_free. */
#include "clay.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct chunk {
  struct chunk *next;
  size_t used, size;
  _Alignas(16) char bytes[];
};

void *clay_alloc(struct clay *c, size_t size) {
  size = (size + 15) & ~(size_t)15;
  struct chunk *chunk = c->chunks;
  if (chunk == NULL || chunk->size - chunk->used < size) {
    size_t room = size > 65536 ? size : 65536;
    chunk = calloc(1, sizeof *chunk + room);
    if (chunk == NULL) {
      fputs("clay: out of memory\n", stderr);
      exit(EXIT_FAILURE);
    }
    chunk->size = room;
    chunk->next = c->chunks;
    c->chunks = chunk;
  }
  void *p = chunk->bytes + chunk->used;
  chunk->used += size;
  return p;
}

static uint32_t hash_bytes(const char *bytes, size_t size) {
  uint32_t h = 2166136261u;
  for (size_t i = 0; i < size; i++) h = (h ^ (uint8_t)bytes[i]) * 16777619u;
  return h;
}

struct text *clay_text(struct clay *c, const char *bytes, size_t size) {
  uint32_t hash = hash_bytes(bytes, size);
  struct text **slot = &c->texts[hash % (sizeof c->texts / sizeof *c->texts)];
  for (struct text *t = *slot; t != NULL; t = t->next) {
    if (t->hash == hash && t->size == size && memcmp(t->bytes, bytes, size) == 0) return t;
  }
  struct text *t = clay_alloc(c, sizeof *t);
  char *copy = clay_alloc(c, size + 1);
  memcpy(copy, bytes, size);
  *t = (struct text){
    .bytes = copy, .size = (uint32_t)size, .hash = hash, .token = T_NAME, .next = *slot};
  t->id = c->n_texts++;
  *slot = t;
  return t;
}

const struct type *clay_array_of(struct clay *c, const struct type *elem) {
  struct type *e = (struct type *)(uintptr_t)elem; /* only the cache is changed */
  if (e->array == NULL) {
    size_t size = strlen(e->name) + 3;
    char *name = clay_alloc(c, size);
    snprintf(name, size, "[%s]", e->name);
    e->array = clay_alloc(c, sizeof *e->array);
    *e->array = (struct type){.kind = TYPE_ARRAY, .name = name, .elem = elem};
  }
  return e->array;
}

void clay_init(struct clay *c) {
  static const char *const names[TYPE_COUNT] = {
    [TYPE_ERROR] = "?",   [TYPE_NONE] = "no value", [TYPE_INT] = "int", [TYPE_FLOAT] = "float",
    [TYPE_BOOL] = "bool", [TYPE_STR] = "str",       [TYPE_I32] = "i32", [TYPE_F32] = "f32",
  };
  *c = (struct clay){0};
  for (int i = 0; i < TYPE_COUNT; i++) {
    c->types[i] = (struct type){.kind = i, .name = names[i]};
    bool named = i >= TYPE_INT && names[i] != NULL;
    if (named) clay_text(c, names[i], strlen(names[i]))->type = &c->types[i];
  }
}

void clay_input(struct clay *c, const char *file, const char *source, size_t size) {
  c->file = file;
  c->source = source;
  c->source_size = size;
  c->errors = 0;
  c->input++;
}

char *clay_read_file(const char *path, size_t *size) {
  FILE *in = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
  char *text = NULL;
  size_t room = 0;
  *size = 0;
  while (in != NULL && !feof(in) && !ferror(in)) {
    if (room - *size < 2) {
      room = room * 2 + 65536;
      text = realloc(text, room);
      if (text == NULL) abort();
    }
    *size += fread(text + *size, 1, room - *size - 1, in);
  }
  if (in == NULL || ferror(in)) {
    free(text);
    text = NULL;
  }
  if (in != NULL && in != stdin) fclose(in);
  if (text != NULL) text[*size] = 0;
  return text;
}

void clay_free(struct clay *c) {
  for (struct chunk *chunk = c->chunks, *next; chunk != NULL; chunk = next) {
    next = chunk->next;
    free(chunk);
  }
  c->chunks = NULL;
}

/* ---- errors ---- */

/* The line, and a caret under the place. Tabs stay tabs, so that the caret stands right. */
static void show_line(const struct clay *c, struct place at) {
  const char *line = c->source, *end = c->source + c->source_size;
  for (uint32_t i = 1; i < at.line && line < end; i++) {
    const char *newline = memchr(line, '\n', (size_t)(end - line));
    line = newline != NULL ? newline + 1 : end;
  }
  const char *newline = memchr(line, '\n', (size_t)(end - line));
  int size = (int)((newline != NULL ? newline : end) - line);
  fprintf(stderr, "%5u | %.*s\n      | ", at.line, size, line);
  for (int i = 0; i + 1 < (int)at.column && i < size; i++)
    fputc(line[i] == '\t' ? '\t' : ' ', stderr);
  fputc('^', stderr);
  for (int i = (int)at.column; i < size && i + 1 < (int)(at.column + at.length); i++)
    fputc('~', stderr);
  fputc('\n', stderr);
}

void clay_error(struct clay *c, struct place at, const char *format, ...) {
  if (c->errors++ >= MAX_ERRORS) return;
  va_list args;
  va_start(args, format);
  fprintf(stderr, "%s:%u:%u: error: ", c->file, at.line, at.column);
  vfprintf(stderr, format, args);
  fputc('\n', stderr);
  va_end(args);
  show_line(c, at);
  if (c->errors == MAX_ERRORS) fprintf(stderr, "%s: too many errors\n", c->file);
}
