/* The shared object of a set. Libraries stay out of it, and are linked with each program as without the option, if
 *   - a member is no object of rustc's: C code may count on one copy of its data, and hides symbols;
 *   - a section is found by its bounds (__start_NAME: linkme, coverage, profiles), which hold in one module;
 *   - a section has functions that run at the start or the end: of an archive, only members that are needed run.
 * Hidden symbols of the others (the allocator of libstd, compiler_builtins) become visible, in copies. */
#define _GNU_SOURCE
#include "set.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A library of the set. */
struct library {
  const char *path;
  struct link_file file;
  bool standard, is_static, changed;
  struct tool_names needs, defined;
};

struct maker {
  struct link_set *set;
  struct library *libraries;
  size_t n;
  char folder[PATH_MAX]; /* of copies */
};

/* ---- what is in a library ---- */

static bool is_of_rustc(const struct link_object *o) {
  static const char end[] = ".rcgu.o";
  size_t n = sizeof end - 1;
  return o->name_size > n && memcmp(o->name + o->name_size - n, end, n) == 0;
}

/* A section that the linker gives bounds to: its name is an identifier of C. */
static bool has_bounds(const char *name) {
  if (!isalpha((unsigned char)*name) && *name != '_') return false;
  for (; *name != 0; name++)
    if (!isalnum((unsigned char)*name) && *name != '_') return false;
  return true;
}

static bool runs_by_itself(const char *name) {
  static const char *const names[] = {".init_array", ".fini_array", ".preinit_array", ".ctors",
                                      ".dtors",      ".init",       ".fini"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    size_t n = strlen(names[i]);
    if (strncmp(name, names[i], n) == 0 && (name[n] == 0 || name[n] == '.')) return true;
  }
  return false;
}

static bool scan_object(void *user, struct link_object *o) {
  struct library *l = user;
  l->is_static |= !l->standard && !is_of_rustc(o);
  for (size_t i = 1; i < o->n_sections; i++) {
    const char *name = link_section_name(o, &o->sections[i]);
    if ((o->sections[i].flags & SHF_ALLOC) == 0) continue;
    l->is_static |= has_bounds(name) || (!l->standard && runs_by_itself(name));
  }
  for (size_t i = 0; i < o->n_symbols; i++) {
    const struct link_symbol *s = &o->symbols[i];
    const char *name = link_symbol_name(o, s);
    struct tool_names *to = link_is_defined(s) ? &l->defined : &l->needs;
    if (tool_names_add(to, name) == 0) return false;
  }
  return true;
}

static bool scan(struct maker *m, const struct link_words *w) {
  m->libraries = calloc(w->n + 1, sizeof *m->libraries);
  for (size_t i = 0; m->libraries != NULL && i < w->n; i++) {
    if (!m->set->of_set[i]) continue;
    struct library *l = &m->libraries[m->n++];
    l->path = w->words[i];
    l->standard = strstr(l->path, "/lib/rustlib/") != NULL;
    if (!link_file_open(&l->file, l->path) || !link_file_objects(&l->file, scan_object, l))
      return false;
  }
  return m->libraries != NULL;
}

/* ---- visibility ---- */

/* Each module has such a symbol of its own. */
static bool is_of_each_module(const char *name) { return strncmp(name, "DW.ref.", 7) == 0; }

static bool show_object(void *user, struct link_object *o) {
  struct library *l = user;
  for (size_t i = 0; i < o->n_symbols; i++) {
    struct link_symbol *s = &o->symbols[i];
    if (!link_is_hidden(s) || is_of_each_module(link_symbol_name(o, s))) continue;
    link_show(s);
    l->changed = true;
  }
  return true;
}

/* ---- the state ---- */

/* What the libraries that are not static define; false without memory. */
static bool list_defined(const struct maker *m, struct tool_names *out) {
  for (size_t i = 0; i < m->n; i++) {
    const struct tool_names *defined = &m->libraries[i].defined;
    for (uint32_t k = 0; k < defined->n && !m->libraries[i].is_static; k++)
      if (tool_names_add(out, defined->at[k]) == 0) return false;
  }
  return true;
}

static bool write_state(const struct maker *m) {
  char path[PATH_MAX];
  struct tool_names defined = {0};
  FILE *f = link_set_path(m->set, "state", path) ? fopen(path, "we") : NULL;
  if (f == NULL) return false;
  bool ok = list_defined(m, &defined);
  for (size_t i = 0; i < m->n; i++) {
    const struct library *l = &m->libraries[i];
    if (l->is_static) {
      fprintf(f, "s %s\n", l->path);
      continue;
    }
    for (uint32_t k = 0; k < l->needs.n; k++)
      if (tool_names_find(&defined, l->needs.at[k]) == 0) fprintf(f, "w %s\n", l->needs.at[k]);
  }
  tool_names_free(&defined);
  return fclose(f) == 0 && ok;
}

/* ---- the link ---- */

/* Writes the libraries whose symbols have changed into the folder; `words` gets the path of each library. */
static bool copy(struct maker *m, const char **words, size_t *n) {
  for (size_t i = 0; i < m->n; i++) {
    struct library *l = &m->libraries[i];
    char *path;
    if (l->is_static) continue;
    if (!link_file_objects(&l->file, show_object, l)) return false;
    words[(*n)++] = l->path;
    if (!l->changed) continue;
    if (asprintf(&path, "%s%s", m->folder, strrchr(l->path, '/')) < 0 ||
        !link_file_write(&l->file, path))
      return false;
    words[*n - 1] = path;
  }
  return true;
}

static bool link_shared(struct maker *m, const struct link_words *w, const char *linker) {
  char made[PATH_MAX + 32], errors[PATH_MAX + 32], library[PATH_MAX], name[64];
  const char **words = calloc(w->n + 16, sizeof *words);
  size_t n = 0;
  if (words == NULL || !link_set_library(m->set, library)) return false;
  snprintf(made, sizeof made, "%s/made", m->folder);
  snprintf(errors, sizeof errors, "%s/errors", m->folder);
  snprintf(name, sizeof name, "-Wl,-soname,lib%s.so", m->set->name);
  words[n++] = linker;
  words[n++] = "-shared";
  words[n++] = "-Wl,-Bsymbolic";
  words[n++] = name;
  words[n++] = "-Wl,--whole-archive";
  bool ok = copy(m, words, &n);
  words[n++] = "-Wl,--no-whole-archive";
  for (size_t i = 0; i < w->n; i++)
    if (w->kinds[i] == LINK_OF_BOTH || w->kinds[i] == LINK_NATIVE) words[n++] = w->words[i];
  words[n++] = "-o";
  words[n++] = made;
  /* cargo compares times: a program is not older than what it was linked with */
  struct timespec times[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
  ok = ok && link_run(words, errors) == 0 && utimensat(AT_FDCWD, made, times, 0) == 0 &&
       rename(made, library) == 0;
  if (!ok) link_set_never(m->set, "the link of the shared object failed", errors);
  unlink(made);
  unlink(errors);
  for (size_t i = 0; i < n; i++)
    if (strncmp(words[i], m->folder, strlen(m->folder)) == 0) unlink(words[i]);
  free(words);
  return ok;
}

bool link_set_make(struct link_set *s, const struct link_words *w, const char *linker) {
  struct maker m = {.set = s};
  char pattern[PATH_MAX];
  if (!link_set_clean(s->folder)) return false;
  link_set_sweep(s->folder, s->name);
  if (!link_set_path(s, &LINK_COPIES[1], pattern) || mkdtemp(pattern) == NULL) return false;
  strcpy(m.folder, pattern);
  bool ok = scan(&m, w);
  if (!ok) link_set_never(s, "a library cannot be read", NULL);
  ok = ok && write_state(&m) && link_shared(&m, w, linker) && link_set_read(s);
  rmdir(m.folder);
  for (size_t i = 0; m.libraries != NULL && i < m.n; i++) link_file_close(&m.libraries[i].file);
  free(m.libraries);
  return ok;
}
