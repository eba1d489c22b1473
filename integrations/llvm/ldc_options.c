/* Options of LDC that bear on code generation and that its bitcode does not say. LLVM's parser takes one dash or two,
 * and a value after '=' or as the next word; ldmd2 hands DMD's options on to ldc2 in this form. LDC takes switches from
 * its configuration, too, before those of the command line. */
#define _GNU_SOURCE
#include "shim.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The text of an option after its dashes; NULL: the word is none. */
static const char *option_of(const char *w) {
  if (w[0] != '-') return NULL;
  return w + (w[1] == '-' ? 2 : 1);
}

static bool is(const char *option, const char *name) {
  size_t n = strlen(name);
  return strncmp(option, name, n) == 0 && (option[n] == 0 || option[n] == '=');
}

/* -O is -O3; -Os and -Oz are -O2 for the code generator, -O4 and -O5 are -O3. */
static int level_of(const char *letter) {
  if (letter[0] == 0) return 3;
  if (letter[0] == 's' || letter[0] == 'z') return 2;
  return letter[0] >= '0' && letter[0] <= '5' && letter[1] == 0
           ? (letter[0] > '3' ? 3 : letter[0] - '0')
           : 3;
}

/* What makes other code than Kiln's options can say. */
static const char *const refused[] = {"code-model", "emulated-tls", "float-abi", "mllvm",
                                      "flto",       "fsanitize",    "tls-model"};

struct options {
  struct shim_compiler *c;
  const char *level, *refused; /* as c->why */
  const char *conf;            /* the configuration that -conf names */
  bool unread;
};

static void word(void *user, const char *w) {
  struct options *o = user;
  const char *option = option_of(w);
  if (w[0] == '@') o->unread |= !shim_words_of(w + 1, '\n', word, o);
  if (option == NULL) return;
  if (option[0] == 'O') o->level = shim_level_refused(level_of(option + 1));
  if (is(option, "mcpu") || is(option, "mattr")) o->c->features = 0; /* functions say it, then */
  if (is(option, "disable-linker-strip-dead"))
    o->c->function_sections = o->c->data_sections = false;
  if (is(option, "output-s")) o->c->assembly = true;
  if (is(option, "output-o")) o->c->objects = true;
  if (strncmp(option, "conf=", 5) == 0) o->conf = option + 5;
  for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
    if (is(option, refused[i]))
      o->refused = "an option of its command line or configuration is for LLVM only";
}

/* ---- the configuration ---- */

static char *text_of(const char *path) {
  FILE *f = fopen(path, "r");
  char *text = NULL;
  size_t room = 0;
  if (f == NULL || getdelim(&text, &room, 0, f) < 0) {
    free(text);
    text = NULL;
  }
  if (f != NULL) fclose(f);
  return text;
}

/* Passes each string of the file on that could be a switch, of whatever section: those for other targets would at worst
 * leave units to LLVM. Strings are in double quotes; comments as in C, and from '#' on. */
static void read_conf(const char *path, struct options *o) {
  char *text = text_of(path), *at = text; /* the words live as long as the process */
  while (at != NULL && *at != 0) {
    if (at[0] == '#' || (at[0] == '/' && at[1] == '/')) {
      at += strcspn(at, "\n");
    } else if (at[0] == '/' && at[1] == '*') {
      at = strstr(at, "*/");
      if (at != NULL) at += 2;
    } else if (*at++ == '"') {
      char *end = at;
      while (*end != 0 && *end != '"') end += end[0] == '\\' && end[1] != 0 ? 2 : 1;
      bool last = *end == 0;
      *end = 0;
      if (at[0] == '-') word(o, at);
      at = last ? NULL : end + 1;
    }
  }
}

/* A file, or a folder of files ending in .conf. */
static bool read_place(const char *path, struct options *o) {
  struct stat st;
  if (stat(path, &st) != 0) return false;
  DIR *d = S_ISDIR(st.st_mode) ? opendir(path) : NULL;
  if (d == NULL) read_conf(path, o);
  for (const struct dirent *e; d != NULL && (e = readdir(d)) != NULL;) {
    char file[PATH_MAX];
    size_t n = strlen(e->d_name);
    if (n > 5 && strcmp(e->d_name + n - 5, ".conf") == 0 &&
        snprintf(file, sizeof file, "%s/%s", path, e->d_name) < PATH_MAX)
      read_conf(file, o);
  }
  if (d != NULL) closedir(d);
  return true;
}

/* Reads the first configuration that is there, in LDC's order (driver/configfile.cpp). */
static void read_first(struct options *o) {
  char program[PATH_MAX], path[PATH_MAX + 32];
  const char *home = getenv("HOME");
  ssize_t n = readlink("/proc/self/exe", program, sizeof program - 1);
  program[n > 0 ? n : 0] = 0;
  char *slash = strrchr(program, '/');
  if (slash != NULL) *slash = 0;
  const char *const places[][2] = {
    {".", "ldc2.conf"},
    {home != NULL ? home : "/", ".ldc/ldc2.conf"},
    {home != NULL ? home : "/", "ldc2.conf"},
    {program, "../etc/ldc2.conf"},
    {program, "ldc2.conf"},
    {"/etc", "ldc2.conf"},
    {"/etc/ldc", "ldc2.conf"},
  };
  for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
    snprintf(path, sizeof path, "%s/%s", places[i][0], places[i][1]);
    if (read_place(path, o)) return;
  }
}

static void find_conf(void *user, const char *w) {
  struct options *o = user;
  const char *option = option_of(w);
  if (option != NULL && strncmp(option, "conf=", 5) == 0) o->conf = option + 5;
}

void shim_ldc_options(struct shim_compiler *c) {
  static struct options o;
  o.c = c;
  c->function_sections = c->data_sections =
    true; /* LDC's default on Linux: the linker strips what is not used */
  c->features = KILN_FEATURE_CX16;
  o.level = shim_level_refused(0);
  bool read = shim_command_line(find_conf, &o);
  if (o.conf == NULL) read_first(&o);
  else if (o.conf[0] != 0) read_place(o.conf, &o);
  read = shim_command_line(word, &o) && read && !o.unread;
  if (!c->assembly) c->objects = true;
  c->why = !read ? "its command line cannot be read" : o.refused != NULL ? o.refused : o.level;
}
