/* A linker for programs of cargo's, which links the libraries that no edit changes once, into a shared object (set.h),
 * and the program's own objects and libraries onto that. It does so from the second link with the same libraries on.
 * Whatever it does not know, and whatever fails, is linked by the real linker, as it was asked. */
#define _GNU_SOURCE
#include "link.h"

#include "cargo_cache.h"
#include "log.h"
#include "set.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* ---- programs ---- */

int link_run(const char *const *words, const char *errors) {
  pid_t child;
  int status = 0;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, errors, O_WRONLY | O_CREAT | O_TRUNC,
                                   0666);
  int error = posix_spawnp(&child, words[0], &actions, NULL, (char **)(uintptr_t)words, environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return 127;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* The real linker, as it was asked, in place of this process. */
static int link_as_asked(char **words) {
  execvp(words[0], words);
  fprintf(stderr, "kiln-rustc: error: %s: %s\n", words[0], strerror(errno));
  return 127;
}

/* The same in a process of its own. */
static int wait_as_asked(char **words) {
  pid_t child;
  int status = 0, error = posix_spawnp(&child, words[0], NULL, NULL, words, environ);
  if (error != 0) return 127;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* ---- the program's own files ---- */

/* A link onto a set. */
struct onto {
  struct link_set *set;
  const struct link_words *words;
  struct link_file *files;  /* by word */
  struct tool_names hidden; /* what the program's own files define for themselves */
  char folder[PATH_MAX];    /* of copies */
  const char **out;         /* the new words */
  size_t n;
  bool changed; /* a symbol of the file that is looked at */
};

/* Is the word a file that is linked with the program, rather than in the shared object? */
static bool is_own(const struct onto *t, size_t i) {
  const struct link_words *w = t->words;
  return (w->kinds[i] == LINK_OBJECT || w->kinds[i] == LINK_LIBRARY) &&
         (!t->set->of_set[i] || tool_names_find(&t->set->statics, w->words[i]) != 0);
}

static bool note_hidden(void *user, struct link_object *o) {
  struct onto *t = user;
  for (size_t i = 0; i < o->n_symbols; i++) {
    const struct link_symbol *s = &o->symbols[i];
    if (link_is_defined(s) && link_is_hidden(s) &&
        tool_names_add(&t->hidden, link_symbol_name(o, s)) == 0)
      return false;
  }
  return true;
}

static bool read_files(struct onto *t) {
  t->files = calloc(t->words->n + 1, sizeof *t->files);
  for (size_t i = 0; t->files != NULL && i < t->words->n; i++)
    if (is_own(t, i) && (!link_file_open(&t->files[i], t->words->words[i]) ||
                         !link_file_objects(&t->files[i], note_hidden, t)))
      return false;
  return t->files != NULL;
}

/* Makes visible what the shared object wants of the program, and what the program wants of it. */
static bool show_object(void *user, struct link_object *o) {
  struct onto *t = user;
  for (size_t i = 0; i < o->n_symbols; i++) {
    struct link_symbol *s = &o->symbols[i];
    if (!link_is_hidden(s)) continue;
    const char *name = link_symbol_name(o, s);
    if (link_is_defined(s) ? tool_names_find(&t->set->wanted, name) == 0
                           : tool_names_find(&t->hidden, name) != 0)
      continue;
    link_show(s);
    t->changed = true;
  }
  return true;
}

/* Adds a file of the program's own, or a copy in which symbols are visible. */
static bool add_file(struct onto *t, size_t i) {
  const char *path = t->words->words[i];
  char *copy = NULL;
  t->changed = false;
  bool ok = link_file_objects(&t->files[i], show_object, t);
  if (ok && t->changed)
    ok = asprintf(&copy, "%s/%zu-%s", t->folder, i, strrchr(path, '/') + 1) > 0 &&
         link_file_write(&t->files[i], copy);
  t->out[t->n++] = copy != NULL ? copy : path;
  return ok;
}

/* The shared object, where the first library was. A copy of a data symbol in the program would be another one than the
 * shared object's own: the link fails where the linker would make one. */
static bool add_shared(struct onto *t) {
  char *library, *path;
  const char *folder = t->set->folder, *slash = strrchr(folder, '/');
  if (asprintf(&library, "%s/lib%s.so", folder, t->set->name) < 0 ||
      asprintf(&path, "-Wl,-rpath,$ORIGIN/..%s:$ORIGIN%s:%s", slash, slash, folder) < 0)
    return false;
  t->out[t->n++] = "-Wl,-z,nocopyreloc";
  t->out[t->n++] = path;
  t->out[t->n++] = "-Wl,-Bdynamic";
  t->out[t->n++] = library;
  t->out[t->n++] = "-Wl,-Bstatic";
  return true;
}

static bool add_words(struct onto *t) {
  const struct link_words *w = t->words;
  bool shared = false, ok = read_files(t);
  for (size_t i = 0; ok && i < w->n; i++) {
    if (w->kinds[i] == LINK_LIBRARY && !shared) ok = shared = add_shared(t);
    if (ok && is_own(t, i)) ok = add_file(t, i);
    else if (w->kinds[i] != LINK_LIBRARY) t->out[t->n++] = w->words[i];
  }
  return ok && shared;
}

/* ---- what cargo is told ---- */

/* Adds to what rustc has said that the program depends on: the shared object, if somebody removes it, and the variable,
 * so that a build without it links again. Cargo reads PROGRAM.d when rustc has ended. */
static void tell_cargo(const struct link_set *s, const char *program) {
  char path[PATH_MAX], library[PATH_MAX], *more = NULL;
  const char *value = getenv(LINK_VARIABLE);
  size_t n;
  if (snprintf(path, sizeof path, "%s.d", program) >= PATH_MAX || !link_set_library(s, library))
    return;
  char *text = strchr(library, ' ') == NULL ? link_read_whole(path, &n) : NULL;
  size_t line = text != NULL ? strcspn(text, "\n") : 0;
  if (line > 0 && asprintf(&more, "%.*s %s%s\n# env-dep:%s=%s\n", (int)line, text, library,
                           text + line, LINK_VARIABLE, value != NULL ? value : "") > 0)
    cargo_cache_replace(path, more, strlen(more));
  free(more);
  free(text);
}

/* ---- the link ---- */

/* What the linker said goes on to rustc. */
static void pass_on(const char *errors) {
  size_t n;
  char *text = link_read_whole(errors, &n);
  if (text != NULL) fwrite(text, 1, n, stderr);
  free(text);
}

/* Links the program onto the shared object; false: it cannot be. If it can be linked as asked, the set is wrong. */
static bool link_onto(struct link_set *s, const struct link_words *w, char **asked, int *status) {
  struct onto t = {.set = s, .words = w};
  char errors[PATH_MAX + 32];
  if (!link_set_path(s, &LINK_COPIES[1], t.folder) || mkdtemp(t.folder) == NULL) return false;
  snprintf(errors, sizeof errors, "%s/errors", t.folder);
  t.out = calloc(w->n + 16, sizeof *t.out);
  if (t.out == NULL) return false;
  t.out[t.n++] = asked[0];
  link_set_use(s->folder, s->name, w->out);
  bool ok = add_words(&t) && (*status = link_run(t.out, errors)) == 0;
  if (ok) {
    pass_on(errors);
  } else {
    link_set_use(s->folder, NULL, w->out);
    *status = wait_as_asked(asked);
    if (*status == 0) link_set_never(s, "a program's link onto the shared object failed", errors);
  }
  unlink(errors);
  for (size_t i = 0; i < t.n; i++)
    if (strncmp(t.out[i], t.folder, strlen(t.folder)) == 0) unlink(t.out[i]);
  rmdir(t.folder);
  return ok;
}

/* Links by the set, if it can be, or as asked. */
static int link_by_set(struct link_set *s, const struct link_words *w, char **asked) {
  static const char *const reasons[] = {[LINK_FIRST] = "the first link with these libraries",
                                        [LINK_NEVER] = "a link with these libraries failed",
                                        [LINK_BUSY] = "the shared object is being made",
                                        [LINK_MISSING] = "the shared object cannot be made",
                                        [LINK_THERE] = "the link with the shared object failed"};
  int status = -1;
  enum link_state state = link_set_look(s);
  if (state == LINK_MISSING && link_set_make(s, w, asked[0])) state = LINK_THERE;
  if (state == LINK_THERE && link_onto(s, w, asked, &status)) {
    log_line("%s: linked with lib%s.so\n", w->out, s->name);
    tell_cargo(s, w->out);
    return 0;
  }
  log_line("%s: linked as asked: %s\n", w->out, reasons[state]);
  link_set_leave(s);
  if (status >= 0) return status;
  link_set_use(s->folder, NULL, w->out);
  return link_as_asked(asked);
}

/* ---- the command line ---- */

/* A file of arguments: rustc writes one if the system takes no more of them. */
static char *words_file(char **argv) {
  char *text = NULL;
  struct link_file f;
  if (argv[1] == NULL || argv[1][0] != '@' || argv[2] != NULL || !link_file_open(&f, argv[1] + 1))
    return NULL;
  if (memmem(f.bytes, f.size, LINK_WORD, strlen(LINK_WORD)) != NULL)
    text = strndup((char *)f.bytes, f.size);
  link_file_close(&f);
  return text;
}

bool link_is_asked(char **argv) {
  for (char **w = argv + 1; argv[0] != NULL && *w != NULL; w++)
    if (strncmp(*w, LINK_WORD, strlen(LINK_WORD)) == 0) return true;
  char *text = argv[0] != NULL ? words_file(argv) : NULL;
  free(text);
  return text != NULL;
}

/* Such a link is the real linker's, without the line that names it. */
static int link_by_file(char **argv, char *text) {
  char *at = strstr(text, LINK_WORD), *linker = at + strlen(LINK_WORD);
  while (at > text && at[-1] != '\n') at--;
  char *end = linker + strcspn(linker, "\"\n");
  FILE *f = fopen(argv[1] + 1, "we");
  if (f == NULL) return 1;
  fprintf(f, "%.*s%s", (int)(at - text), text, end + strcspn(end, "\n"));
  if (fclose(f) != 0) return 1;
  *end = 0;
  argv[0] = linker;
  return link_as_asked(argv);
}

int link_main(char **argv) {
  char *linker = NULL, **to = argv + 1, *text = words_file(argv);
  struct link_words w;
  struct link_set s;
  if (text != NULL) return link_by_file(argv, text);
  for (char **word = argv + 1; *word != NULL; word++) {
    if (strncmp(*word, LINK_WORD, strlen(LINK_WORD)) == 0) linker = *word + strlen(LINK_WORD);
    else *to++ = *word;
  }
  *to = NULL;
  argv[0] = linker;
  if (!link_words_read(&w, argv) || w.why != NULL || !link_set_find(&s, &w, linker)) {
    log_line("%s: linked as asked: %s\n", w.out != NULL ? w.out : "?",
             w.why != NULL ? w.why : "no program of cargo's");
    return link_as_asked(argv);
  }
  return link_by_set(&s, &w, argv);
}
