/* Sets of libraries. Invariant: a shared object that a program needs is not removed while the program is there. */
#define _GNU_SOURCE
#include "set.h"

#include "cargo_cache.h"
#include "settings.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* What all shared objects of one target folder may take together. */
#define LIMIT (UINT64_C(4) << 30)

/* ---- paths ---- */

bool link_set_folder(const char *program, char out[PATH_MAX]) {
  char path[PATH_MAX];
  if (program[0] != '/' || snprintf(path, sizeof path, "%s", program) >= PATH_MAX) return false;
  *strrchr(path, '/') = 0;
  char *last = strrchr(path, '/');
  if (last == NULL || (strcmp(last, "/deps") != 0 && strcmp(last, "/examples") != 0)) return false;
  *last = 0;
  return snprintf(out, PATH_MAX, "%s/kiln-deps", path) < PATH_MAX - 64;
}

bool link_set_path(const struct link_set *s, const char *suffix, char out[PATH_MAX]) {
  return snprintf(out, PATH_MAX, "%s/%s.%s", s->folder, s->name, suffix) < PATH_MAX;
}

bool link_set_library(const struct link_set *s, char out[PATH_MAX]) {
  return snprintf(out, PATH_MAX, "%s/lib%s.so", s->folder, s->name) < PATH_MAX;
}

/* ---- which libraries ---- */

/* Is there such a file in a folder, or in one above it? */
static bool is_above(char *folder, const char *name) {
  char path[PATH_MAX + 32];
  for (char *slash; (slash = strrchr(folder, '/')) != NULL;) {
    *slash = 0;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    if (access(path, F_OK) == 0) return true;
  }
  return false;
}

/* Has cargo unpacked the library's source? Its registry, its checkouts of git and folders of `cargo vendor` have a file
 * that says so. The source is the first that libNAME.rlib's NAME.d names; with a space in its path it is not found. */
static bool is_unpacked(const char *library) {
  char path[PATH_MAX], text[2 * PATH_MAX], again[PATH_MAX];
  const char *slash = strrchr(library, '/');
  if (slash == NULL || strncmp(slash, "/lib", 4) != 0) return false;
  int n = snprintf(path, sizeof path, "%.*s%.*s.d", (int)(slash + 1 - library), library,
                   (int)(strlen(slash) - strlen("/lib") - strlen(".rlib")), slash + 4);
  int fd = n < PATH_MAX ? open(path, O_RDONLY | O_CLOEXEC) : -1;
  ssize_t got = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
  if (fd >= 0) close(fd);
  text[got > 0 ? got : 0] = 0;
  const char *source = strstr(text, ": ");
  if (source == NULL || source[2] != '/') return false;
  n = snprintf(path, sizeof path, "%.*s", (int)strcspn(source + 2, " \n"), source + 2);
  if (n >= PATH_MAX) return false;
  strcpy(again, path);
  return is_above(path, ".cargo-ok") || is_above(again, ".cargo-checksum.json");
}

static bool is_standard(const char *library) { return strstr(library, "/lib/rustlib/") != NULL; }

/* ---- the key ---- */

/* A line for each word that bears on the shared object; a library's has which file it is. */
static bool write_key(struct link_set *s, const struct link_words *w, const char *linker) {
  FILE *f = open_memstream(&s->key, &s->key_size);
  bool standard = false;
  if (f == NULL) return false;
  fprintf(f, "%s\n", linker);
  for (size_t i = 0; i < w->n; i++) {
    struct stat st;
    const char *word = w->words[i];
    if (w->kinds[i] == LINK_OF_BOTH || w->kinds[i] == LINK_NATIVE) fprintf(f, "%s\n", word);
    if (w->kinds[i] != LINK_LIBRARY) continue;
    s->of_set[i] = is_standard(word) || is_unpacked(word);
    standard |= is_standard(word);
    if (!s->of_set[i]) continue;
    if (stat(word, &st) != 0) st = (struct stat){.st_size = 0};
    fprintf(f, "%s %ju %ju %jd %jd.%09ld\n", word, (uintmax_t)st.st_dev, (uintmax_t)st.st_ino,
            (intmax_t)st.st_size, (intmax_t)st.st_ctim.tv_sec, st.st_ctim.tv_nsec);
  }
  return fclose(f) == 0 && standard;
}

bool link_set_find(struct link_set *s, const struct link_words *w, const char *linker) {
  *s = (struct link_set){.lock = -1};
  s->of_set = calloc(w->n + 1, sizeof *s->of_set);
  if (s->of_set == NULL || !link_set_folder(w->out, s->folder) || !write_key(s, w, linker))
    return false;
  snprintf(s->name, sizeof s->name, "%016" PRIx64, tool_hash_text(TOOL_HASH, s->key));
  return true;
}

/* ---- files ---- */

char *link_read_whole(const char *path, size_t *size) {
  struct link_file f;
  if (!link_file_open(&f, path)) return NULL;
  char *text = malloc(f.size + 1);
  if (text != NULL) {
    memcpy(text, f.bytes, f.size);
    text[f.size] = 0;
    *size = f.size;
  }
  link_file_close(&f);
  return text;
}

void link_set_never(const struct link_set *s, const char *why, const char *errors) {
  char path[PATH_MAX], *text = NULL;
  size_t n;
  char *said = errors != NULL ? link_read_whole(errors, &n) : NULL;
  if (link_set_path(s, "no", path) && asprintf(&text, "%s\n%s", why, said != NULL ? said : "") > 0)
    cargo_cache_replace(path, text, strlen(text));
  free(text);
  free(said);
}

/* ---- what there is ---- */

static bool lock(struct link_set *s, int how) {
  char path[PATH_MAX];
  if (s->lock < 0 && link_set_path(s, "lock", path))
    s->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  return s->lock >= 0 && flock(s->lock, how | LOCK_NB) == 0;
}

void link_set_leave(struct link_set *s) {
  if (s->lock >= 0) close(s->lock);
  s->lock = -1;
}

/* Is the set's key written? 0: not yet; -1: there is another of this name. */
static int is_known(const struct link_set *s) {
  char path[PATH_MAX];
  size_t n;
  char *text = link_set_path(s, "key", path) ? link_read_whole(path, &n) : NULL;
  int known = text == NULL ? 0 : n == s->key_size && memcmp(text, s->key, n) == 0 ? 1 : -1;
  free(text);
  if (known == 0) {
    mkdir(s->folder, 0777);
    cargo_cache_replace(path, s->key, s->key_size);
  }
  return known;
}

enum link_state link_set_look(struct link_set *s) {
  char path[PATH_MAX];
  int known = is_known(s);
  if (known == 0) return LINK_FIRST;
  if (known < 0 || !link_set_path(s, "no", path) || access(path, F_OK) == 0 ||
      !link_set_library(s, path))
    return LINK_NEVER;
  if (access(path, F_OK) == 0 && lock(s, LOCK_SH) && access(path, F_OK) == 0 && link_set_read(s))
    return LINK_THERE;
  if (!lock(s, LOCK_EX)) return LINK_BUSY;
  return LINK_MISSING;
}

/* The lines of the state: a letter, a space, and a library or a name. */
bool link_set_read(struct link_set *s) {
  char path[PATH_MAX];
  size_t n;
  if (s->state == NULL && link_set_path(s, "state", path)) s->state = link_read_whole(path, &n);
  if (s->state == NULL) return false;
  for (char *line = s->state, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
    *end = 0;
    struct tool_names *to = line[0] == 's' ? &s->statics : &s->wanted;
    if (end - line < 2 || tool_names_add(to, line + 2) == 0) return false;
  }
  return true;
}

/* ---- users, and the limit ---- */

void link_set_use(const char *folder, const char *name, const char *program) {
  char users[PATH_MAX], path[PATH_MAX], *text;
  if (snprintf(users, sizeof users, "%s/users", folder) >= PATH_MAX ||
      snprintf(path, sizeof path, "%s%s", users, strrchr(program, '/')) >= PATH_MAX)
    return;
  if (name == NULL) {
    unlink(path);
    return;
  }
  mkdir(users, 0777);
  if (asprintf(&text, "%s %s", name, program) < 0) return;
  cargo_cache_replace(path, text, strlen(text));
  free(text);
}

/* Is a program there that was linked with the set? */
static bool is_used(const char *folder, const char *name) {
  char users[PATH_MAX], path[PATH_MAX + 256];
  size_t size, n = strlen(name);
  bool used = false;
  snprintf(users, sizeof users, "%s/users", folder);
  DIR *d = opendir(users);
  for (const struct dirent *e; d != NULL && !used && (e = readdir(d)) != NULL;) {
    snprintf(path, sizeof path, "%s/%s", users, e->d_name);
    char *text = e->d_name[0] != '.' ? link_read_whole(path, &size) : NULL;
    used = text != NULL && strncmp(text, name, n) == 0 && text[n] == ' ' &&
           access(text + n + 1, F_OK) == 0;
    free(text);
  }
  if (d != NULL) closedir(d);
  return used;
}

static void remove_copies(const char *folder) {
  char path[2 * PATH_MAX];
  DIR *d = opendir(folder);
  for (const struct dirent *e; d != NULL && (e = readdir(d)) != NULL;) {
    snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
    if (e->d_name[0] != '.') unlink(path);
  }
  if (d != NULL) closedir(d);
  rmdir(folder);
}

void link_set_sweep(const char *folder, const char *name) {
  char path[PATH_MAX + 256];
  size_t n = strlen(name);
  DIR *d = opendir(folder);
  for (const struct dirent *e; d != NULL && (e = readdir(d)) != NULL;) {
    if (strncmp(e->d_name, name, n) != 0 || strlen(e->d_name) != n + strlen(LINK_COPIES)) continue;
    snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
    remove_copies(path);
  }
  if (d != NULL) closedir(d);
}

/* Removes a set, unless a program is linked with it, and what killed links left; nothing while a link uses it. */
static void remove_set(const char *folder, const char *name) {
  static const char *const suffixes[] = {"key", "no", "state"};
  struct link_set s = {.lock = -1};
  char path[PATH_MAX];
  snprintf(s.folder, sizeof s.folder, "%s", folder);
  snprintf(s.name, sizeof s.name, "%s", name);
  bool alone = lock(&s, LOCK_EX);
  if (alone) link_set_sweep(folder, name);
  if (alone && !is_used(folder, name)) {
    if (link_set_library(&s, path)) unlink(path);
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++)
      if (link_set_path(&s, suffixes[i], path)) unlink(path);
  }
  link_set_leave(&s);
}

bool link_set_clean(const char *folder) {
  uint64_t size = 0;
  char name[24], path[PATH_MAX + 256];
  struct stat st;
  DIR *d = opendir(folder);
  for (const struct dirent *e; d != NULL && (e = readdir(d)) != NULL;) {
    if (strlen(e->d_name) != strlen("lib.so") + 16 || strncmp(e->d_name, "lib", 3) != 0) continue;
    snprintf(name, sizeof name, "%.16s", e->d_name + 3);
    snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
    remove_set(folder, name);
    if (stat(path, &st) == 0) size += (uint64_t)st.st_size;
  }
  if (d != NULL) closedir(d);
  return size < LIMIT;
}
