/* Prints a listing: text and disassembly in one order, from the records that `kiln compile --listing`
 * writes (tools/listing.c says what they are). The records come from Kiln, but are not trusted: an inconsistent one
 * ends the program. */
#include "dis.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Something that stands before the byte at `at`. */
struct mark {
  uint64_t at;
  char kind; /* 't' text, 'd' data follows, 'c' code follows */
  char *text;
};

struct function {
  struct code code;
  struct mark *marks;
  size_t n_marks;
};

static char *copy(const char *text) {
  char *p = strdup(text);
  if (p == NULL) {
    fputs("kiln dis: error: out of memory\n", stderr);
    exit(1);
  }
  return p;
}

static int digit(char c) {
  return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool read_bytes(struct code *c, const char *hex) {
  size_t n = strlen(hex) / 2;
  uint8_t *bytes = malloc(n + 1);
  if (bytes == NULL || c->bytes != NULL) {
    free(bytes);
    return false;
  }
  c->bytes = bytes;
  for (; c->size < n; c->size++) {
    int high = digit(hex[2 * c->size]), low = digit(hex[2 * c->size + 1]);
    if (high < 0 || low < 0) return false;
    bytes[c->size] = (uint8_t)(high << 4 | low);
  }
  return true;
}

/* The block's name in the line of its label. */
static char *label_name(const char *line) {
  char *name = copy(line);
  name[strcspn(name, "(:")] = 0;
  return name;
}

/* One record of a function; false if it is none. */
static bool read_record(struct function *f, const char *kind, const char *rest) {
  struct code *c = &f->code;
  if (strcmp(kind, "x") == 0) return read_bytes(c, rest);
  char *end;
  uint64_t at = strtoull(rest, &end, 16);
  if (strcmp(kind, "reloc") == 0) {
    struct reloc r = {.at = c->base + at};
    r.type = (uint32_t)strtoul(end, &end, 16);
    r.addend = (int64_t)strtoull(end, &end, 16);
    r.symbol = copy(*end == ' ' ? end + 1 : end);
    c->relocs = dis_grow(c->relocs, c->n_relocs, sizeof *c->relocs);
    c->relocs[c->n_relocs++] = r;
    return true;
  }
  bool label = strcmp(kind, "label") == 0, text = strcmp(kind, "text") == 0;
  if (!label && !text && strcmp(kind, "data") != 0 && strcmp(kind, "code") != 0) return false;
  const char *line = *end == ' ' ? end + 1 : end;
  f->marks = dis_grow(f->marks, f->n_marks, sizeof *f->marks);
  f->marks[f->n_marks++] = (struct mark){at, label ? 't' : kind[0], copy(line)};
  if (label) {
    c->labels = dis_grow(c->labels, c->n_labels, sizeof *c->labels);
    c->labels[c->n_labels] =
      (struct label){.at = c->base + at, .name = label_name(line), .order = c->n_labels};
    c->n_labels++;
  }
  return true;
}

static void print_function(struct function *f) {
  struct code *c = &f->code;
  size_t mark = 0, reloc = 0;
  bool data = false;
  dis_sort_labels(c->labels, c->n_labels);
  dis_sort_relocs(c);
  putchar('\n');
  for (size_t at = 0, n; at <= c->size; at += n) {
    for (; mark < f->n_marks && f->marks[mark].at <= at; mark++) {
      const struct mark *m = &f->marks[mark];
      if (m->at < at) puts("  ; inside the instruction above:");
      if (m->kind == 't') puts(m->text);
      else data = m->kind == 'd';
    }
    if (at == c->size) break;
    size_t end = mark < f->n_marks && f->marks[mark].at < c->size ? f->marks[mark].at : c->size;
    char text[256] = "";
    uint64_t target = UINT64_MAX;
    n = end - at < 8 ? end - at : 8;
    if (!data) n = dis_decode(c, at, text, sizeof text, &target);
    dis_print_line(c, at, n, text, target, &reloc);
  }
}

static void free_function(struct function *f) {
  struct code *c = &f->code;
  for (size_t i = 0; i < f->n_marks; i++) free(f->marks[i].text);
  for (size_t i = 0; i < c->n_labels; i++) free((char *)(uintptr_t)c->labels[i].name);
  for (size_t i = 0; i < c->n_relocs; i++) free((char *)(uintptr_t)c->relocs[i].symbol);
  free(f->marks);
  free(c->labels);
  free(c->relocs);
  free((uint8_t *)(uintptr_t)c->bytes);
  memset(f, 0, sizeof *f);
}

int dis_listing(void) {
  struct function f = {0};
  char *line = NULL;
  size_t cap = 0;
  ssize_t n;
  bool ok = true, inside = false;
  char target[16] = "";
  while (ok && (n = getline(&line, &cap, stdin)) > 0) {
    if (line[n - 1] == '\n') line[n - 1] = 0;
    char *rest = strchr(line, ' ');
    if (rest != NULL) *rest++ = 0;
    else rest = line + strlen(line);
    if (strcmp(line, "target") == 0) {
      snprintf(target, sizeof target, "%s", rest);
      ok = dis_machine_named(rest, "listing");
    } else if (strcmp(line, "file") == 0) {
      printf("%s: %s\n", rest, target);
    } else if (strcmp(line, "section") == 0) {
      printf("\nsection %s\n", rest);
    } else if (strcmp(line, "func") == 0) {
      f.code.base = strtoull(rest, NULL, 16);
      inside = true;
    } else if (strcmp(line, "end") == 0) {
      print_function(&f);
      free_function(&f);
      inside = false;
    } else {
      ok = inside && read_record(&f, line, rest);
    }
  }
  free_function(&f);
  free(line);
  return ok && !inside ? 0 : dis_fail("listing", "records that make no sense");
}
