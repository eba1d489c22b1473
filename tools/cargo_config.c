/* Cargo's configuration, as the Cargo book documents it ("Configuration"): of two places that have a value for a key,
 * the first in this order counts: --config (the last of several), the environment's CARGO_..., config.toml from the
 * current folder up, and that of $CARGO_HOME. A file's own values go before those of the files that it includes, and of
 * these the last counts.
 * Invariant: what cannot be read says nothing; cargo itself reports it. */
#define _GNU_SOURCE
#include "cargo_config.h"
#include "toml.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A search for one key. */
struct search {
  const char *key;
  char cwd[PATH_MAX]; /* where cargo will be */
  char *out;          /* PATH_MAX bytes */
  bool found;
};

/* What a document says of the key, and which others it includes. */
struct document {
  const char *key;
  char *value; /* NULL: nothing */
  char **includes;
  size_t n_includes;
};

static void note(void *user, const char *key, const char *value) {
  struct document *d = user;
  if (strcmp(key, d->key) == 0) {
    free(d->value);
    d->value = strdup(value);
  } else if (strcmp(key, "include") == 0 || strcmp(key, "include.path") == 0) {
    char **more = realloc(d->includes, (d->n_includes + 1) * sizeof *more);
    if (more == NULL) return;
    d->includes = more;
    if ((more[d->n_includes] = strdup(value)) != NULL) d->n_includes++;
  }
}

static void forget(struct document *d) {
  for (size_t i = 0; i < d->n_includes; i++) free(d->includes[i]);
  free(d->includes);
  free(d->value);
}

/* The value, in which a name with a slash is relative to `folder`. */
static void settle(struct search *s, const char *value, const char *folder) {
  bool relative = strchr(value, '/') != NULL && value[0] != '/';
  int n = relative ? snprintf(s->out, PATH_MAX, "%s/%s", folder, value)
                   : snprintf(s->out, PATH_MAX, "%s", value);
  s->found = n < PATH_MAX;
}

/* `path` without its last part, in place. */
static void go_up(char *path) {
  char *slash = strrchr(path, '/');
  if (slash != NULL) slash[slash == path ? 1 : 0] = 0;
}

static char *read_text(const char *path) {
  enum { MOST = 1 << 22 };
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  struct stat st;
  char *text = NULL;
  if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size < MOST)
    text = malloc((size_t)st.st_size + 1);
  if (text != NULL) {
    size_t n = 0;
    for (ssize_t got; (got = read(fd, text + n, (size_t)st.st_size - n)) > 0;) n += (size_t)got;
    text[n] = 0;
  }
  if (fd >= 0) close(fd);
  return text;
}

/* A file, and those that it includes. Names of programs in a file are relative to the folder above its own. */
static void search_file(struct search *s, const char *path, unsigned depth) {
  enum { MOST = 16 };
  struct document d = {.key = s->key};
  char folder[PATH_MAX], other[PATH_MAX];
  char *text = depth < MOST ? read_text(path) : NULL;
  if (text == NULL) return;
  toml_read(text, note, &d);
  free(text);
  snprintf(folder, sizeof folder, "%s", path);
  go_up(folder);
  for (size_t i = d.n_includes; d.value == NULL && !s->found && i-- > 0;) {
    const char *name = d.includes[i];
    int n = name[0] == '/' ? snprintf(other, sizeof other, "%s", name)
                           : snprintf(other, sizeof other, "%s/%s", folder, name);
    if (n < PATH_MAX) search_file(s, other, depth + 1);
  }
  go_up(folder);
  if (d.value != NULL) settle(s, d.value, folder);
  forget(&d);
}

/* The file of a folder: `config`, the older name, goes before `config.toml`. */
static void search_folder(struct search *s, const char *folder) {
  static const char *const names[] = {"config", "config.toml"};
  char path[PATH_MAX];
  for (size_t i = 0; i < 2; i++) {
    int n = snprintf(path, sizeof path, "%s/%s", folder, names[i]);
    if (n >= PATH_MAX || access(path, F_OK) != 0) continue;
    search_file(s, path, 0);
    return;
  }
}

/* `.cargo` of the current folder and of all above it, then cargo's home, unless it was one of them. */
/* Makes a path absolute. One that is too long for a file becomes empty. */
static void make_absolute(const struct search *s, const char *path, char absolute[PATH_MAX]) {
  const bool whole = path[0] == '/';
  const int n = snprintf(absolute, PATH_MAX, "%s%s%s", whole ? "" : s->cwd, whole ? "" : "/", path);
  if (n >= PATH_MAX) absolute[0] = 0;
}

static void search_folders(struct search *s) {
  const char *named = getenv("CARGO_HOME"), *user = getenv("HOME");
  char at[PATH_MAX], folder[PATH_MAX + 8], home[PATH_MAX] = "";
  if (named != NULL && named[0] != 0) {
    make_absolute(s, named, home);
  } else if (user != NULL) {
    snprintf(home, sizeof home, "%s/.cargo", user);
  }
  bool seen = false;
  snprintf(at, sizeof at, "%s", s->cwd);
  for (bool more = true; more && !s->found; go_up(at)) {
    more = strcmp(at, "/") != 0;
    snprintf(folder, sizeof folder, "%s/.cargo", more ? at : "");
    seen |= strcmp(folder, home) == 0;
    search_folder(s, folder);
  }
  if (!s->found && !seen && home[0] != 0) search_folder(s, home);
}

/* One --config: a file, or a pair of key and value. */
static void search_argument(struct search *s, const char *word) {
  char path[PATH_MAX];
  int n = word[0] == '/' ? snprintf(path, sizeof path, "%s", word)
                         : snprintf(path, sizeof path, "%s/%s", s->cwd, word);
  if (n < PATH_MAX && access(path, F_OK) == 0) {
    search_file(s, path, 0);
    return;
  }
  struct document d = {.key = s->key};
  toml_read(word, note, &d);
  if (d.value != NULL) settle(s, d.value, s->cwd);
  forget(&d);
}

/* The arguments of --config, the last first, and the folder of -C, which stands before the command. */
static void search_words(struct search *s, char **words) {
  size_t n = 0;
  while (words[n] != NULL && strcmp(words[n], "--") != 0) n++;
  while (n-- > 1 && !s->found) {
    if (strncmp(words[n], "--config=", 9) == 0) search_argument(s, words[n] + 9);
    else if (strcmp(words[n - 1], "--config") == 0) search_argument(s, words[n]);
  }
}

static void find_folder(struct search *s, char **words) {
  char to[PATH_MAX];
  if (getcwd(s->cwd, sizeof s->cwd) == NULL) s->cwd[0] = 0;
  for (char **w = words + 1; words[0] != NULL && *w != NULL && ((*w)[0] == '-' || (*w)[0] == '+');
       w++) {
    const char *folder = NULL;
    if (strncmp(*w, "-C", 2) == 0) folder = (*w)[2] != 0 ? *w + 2 : *++w;
    else if (strcmp(*w, "--config") == 0 || strcmp(*w, "-Z") == 0 || strcmp(*w, "--color") == 0)
      w++;
    if (*w == NULL) return;
    if (folder == NULL) continue;
    make_absolute(s, folder, to);
    if (realpath(to, s->cwd) == NULL) return;
  }
}

/* CARGO_BUILD_RUSTC_WRAPPER for build.rustc-wrapper. */
static const char *variable_of(const char *key) {
  char name[128] = "CARGO_";
  size_t n = strlen(name);
  for (; *key != 0 && n < sizeof name - 1; key++, n++)
    name[n] = *key == '.' || *key == '-'   ? '_'
              : *key >= 'a' && *key <= 'z' ? (char)(*key - 'a' + 'A')
                                           : *key;
  name[n] = 0;
  return getenv(name);
}

bool cargo_config_program(char **words, const char *variable, const char *key, char out[PATH_MAX]) {
  struct search s = {.key = key, .out = out};
  const char *first = getenv(variable), *second = variable_of(key);
  find_folder(&s, words);
  if (first != NULL) settle(&s, first, s.cwd);
  if (!s.found) search_words(&s, words);
  if (!s.found && second != NULL) settle(&s, second, s.cwd);
  if (!s.found) search_folders(&s);
  return s.found && out[0] != 0;
}
