/* Lines of source files: each file is read once, when a line of it is first wanted. Called by
 * listing.c and dis.c. A file that cannot be read, or is larger than any source, has no lines. */
#include "source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MOST_BYTES = 1 << 26 };

struct source_file {
  char *path, *text;
  size_t size;
  uint32_t *lines; /* offset of each line, and of the end */
  uint32_t n_lines;
};

static void read_text(struct source_file *f) {
  struct stat st;
  if (stat(f->path, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size > MOST_BYTES) return;
  FILE *in = fopen(f->path, "rb");
  if (in == NULL) return;
  f->text = malloc((size_t)st.st_size + 1);
  if (f->text != NULL) f->size = fread(f->text, 1, (size_t)st.st_size, in);
  fclose(in);
  uint32_t n = 1;
  for (size_t i = 0; i < f->size; i++) n += f->text[i] == '\n';
  f->lines = malloc((n + (size_t)1) * sizeof *f->lines);
  if (f->lines == NULL) return;
  f->lines[f->n_lines++] = 0;
  for (size_t i = 0; i < f->size; i++)
    if (f->text[i] == '\n') f->lines[f->n_lines++] = (uint32_t)i + 1;
  f->lines[f->n_lines] = (uint32_t)f->size;
}

static const struct source_file *find(struct source_files *s, const char *path) {
  if (s->last != NULL && strcmp(s->last->path, path) == 0) return s->last;
  uint32_t known = tool_names_find(&s->paths, path), n = s->paths.n;
  if (known != 0) return s->last = &s->files[known - 1];
  if ((n & (n - 1)) == 0) { /* doubled at powers of two */
    struct source_file *files = realloc(s->files, (n != 0 ? 2 * (size_t)n : 1) * sizeof *files);
    if (files == NULL) return NULL;
    s->files = files;
  }
  struct source_file *f = &s->files[n];
  *f = (struct source_file){.path = strdup(path)};
  s->last = NULL;
  if (f->path == NULL || tool_names_add(&s->paths, f->path) == 0) {
    free(f->path);
    return NULL;
  }
  read_text(f);
  return s->last = f;
}

const char *source_line(struct source_files *s, const char *path, uint32_t line, size_t *length) {
  const struct source_file *f = find(s, path);
  if (f == NULL || line == 0 || line > f->n_lines) return NULL;
  const char *at = f->text + f->lines[line - 1];
  size_t n = f->lines[line] - f->lines[line - 1];
  while (n > 0 && (at[n - 1] == '\n' || at[n - 1] == '\r')) n--;
  *length = n;
  return at;
}

void source_free(struct source_files *s) {
  for (uint32_t i = 0; i < s->paths.n; i++) {
    free(s->files[i].path);
    free(s->files[i].text);
    free(s->files[i].lines);
  }
  free(s->files);
  tool_names_free(&s->paths);
  *s = (struct source_files){0};
}
