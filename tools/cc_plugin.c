/* Clang's plugin, libkiln-clang.so, which has Kiln make objects inside clang's process
 * (clang/plugin.cpp): whether it can do what a command asks for, and the words that clang gets.
 * Called by verb_cc.c, which goes the other way, by bitcode through a pipe, where it cannot, or
 * where $KILN_PLUGIN does not ask for it.
 * Invariant: clang loads the plugin only if it is of the version of LLVM that the plugin was
 * built with. */
#include "cc.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PLUGIN "libkiln-clang.so"
/* LLVM beside clang's program, by which it is known to be of the plugin's version. */
#define LLVM_LIBRARY "../lib/libLLVM.so.22.1"

/* Writes "FOLDER/REST", FOLDER being the first `n` bytes of `path`. False if it does not exist. */
static bool beside(char out[PATH_MAX], const char *path, size_t n, const char *rest) {
  int size = snprintf(out, PATH_MAX, "%.*s/%s", (int)n, path, rest);
  return size < PATH_MAX && access(out, R_OK) == 0;
}

/* Writes the path of the program that `name` starts, without symbolic links. */
static bool find_program(const char *name, char out[PATH_MAX]) {
  if (strchr(name, '/') != NULL) return realpath(name, out) != NULL;
  const char *p = getenv("PATH");
  for (size_t n; p != NULL; p = p[n] == ':' ? p + n + 1 : NULL) {
    char path[PATH_MAX];
    n = strcspn(p, ":");
    int size = snprintf(path, sizeof path, "%.*s%s%s", (int)n, p, n > 0 ? "/" : "", name);
    if (size < PATH_MAX && access(path, X_OK) == 0) return realpath(path, out) != NULL;
  }
  return false;
}

static bool clang_is_known(void) {
  char clang[PATH_MAX], library[PATH_MAX];
  if (!find_program(cc_clang(), clang)) return false;
  const char *slash = strrchr(clang, '/');
  return slash != NULL && beside(library, clang, (size_t)(slash - clang), LLVM_LIBRARY);
}

/* The plugin as clang is to be given it: what $KILN_PLUGIN says, "auto" being that beside `kiln` or where it is
 * installed. NULL: clang is to get none, or there is none. Lives as long as the command. */
static const char *find_plugin(void) {
  const char *said = getenv("KILN_PLUGIN");
  if (said == NULL || said[0] == 0 || strcmp(said, "none") == 0) return NULL;
  char self[PATH_MAX], path[PATH_MAX];
  if (strcmp(said, "auto") != 0) {
    if (strlen(said) >= sizeof path) return NULL;
    strcpy(path, said);
  } else {
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n <= 0) return NULL;
    self[n] = 0;
    size_t folder = (size_t)(strrchr(self, '/') - self);
    if (!beside(path, self, folder, PLUGIN) && !beside(path, self, folder, "../lib/kiln/" PLUGIN))
      return NULL;
  }
  static const char flag[] = "-fpass-plugin=";
  char *word = malloc(sizeof flag + strlen(path));
  if (word == NULL) return NULL;
  strcpy(word, flag);
  strcat(word, path);
  return cc_keep(word);
}

/* Does clang hand an input to the linker, or to its assembler? What it does not know is the
 * linker's; named here is what is certain. */
static bool makes_no_code(const struct cc_item *in) {
  static const char *const suffixes[] = {".o", ".a", ".so", ".lo", ".s", ".S"};
  const char *dot = strrchr(in->word, '.');
  for (size_t i = 0; in->language == NULL && dot != NULL && i < sizeof suffixes / sizeof *suffixes;
       i++)
    if (strcmp(dot, suffixes[i]) == 0) return true;
  return false;
}

/* Is all that the command compiles Kiln's, and made by clang in one step? */
static bool can_do(const struct cc_args *a) {
  if (a->mode != CC_OBJECT && a->mode != CC_LINK_ALL) return false;
  if (a->names || a->database != NULL) return false;
  for (size_t i = 0; i < a->n; i++) {
    const struct cc_item *item = &a->items[i];
    if (item->kind == CC_INPUT ? !item->ours && !makes_no_code(item)
                               : strcmp(item->word, "-fno-integrated-as") == 0 ||
                                   strcmp(item->word, "-no-integrated-as") == 0)
      return false;
  }
  return true;
}

const char *cc_plugin(const struct cc_args *a) {
  const char *flag = can_do(a) ? find_plugin() : NULL;
  if (flag == NULL || !clang_is_known()) return NULL;
  return setenv("KILN_VERB", cc_verb(), 1) == 0 ? flag : NULL;
}

void cc_push_passes(struct cc_list *l, const struct cc_args *a) {
  if (a->vectorize) return;
  cc_push(l, "-fno-vectorize");
  cc_push(l, "-fno-slp-vectorize");
}

int cc_plugin_become(const struct cc_args *a, const char *plugin) {
  struct cc_list l = {0};
  cc_push(&l, plugin);
  cc_push_passes(&l, a);
  for (size_t i = 0; i < a->kept.n; i++) cc_push(&l, a->kept.at[i]);
  return cc_become(&l);
}
