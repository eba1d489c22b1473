/* What Linux's process has by a name: see link.h. */
#define _GNU_SOURCE
#include "lib/jit/link/link.h"

#include <kiln/throw.h>

#include <dlfcn.h>

extern int __cxa_atexit(void (*)(void *), void *argument, void *dso);
extern int __cxa_at_quick_exit(void (*)(void *), void *dso) __attribute__((weak));
extern int __register_atfork(void (*)(void), void (*)(void), void (*)(void), void *dso)
  __attribute__((weak));

/* C programs have these functions from the static part of libc. */
const struct kn_jit_registrar kn_jit_registrars[KN_JIT_REGISTRARS] = {
  {"atexit", (void (*)(void))__cxa_atexit, 2},
  {"at_quick_exit", (void (*)(void))__cxa_at_quick_exit, 1},
  {"pthread_atfork", (void (*)(void))__register_atfork, 3},
};

extern void *dlvsym(void *handle, const char *name, const char *version) __attribute__((weak));

uint64_t kn_jit_outside_process(const kiln_jit *jit, const char *name) {
  const char *version = strchr(name, '@');
  if (version == NULL) return (uintptr_t)dlsym(RTLD_DEFAULT, name);
  size_t length = (size_t)(version - name);
  char *base = dlvsym != NULL ? kn_jit_realloc(jit, NULL, length + 1) : NULL;
  if (base == NULL) return 0;
  memcpy(base, name, length);
  base[length] = 0;
  void *p = dlvsym(RTLD_DEFAULT, base, version + 1 + (version[1] == '@'));
  kn_jit_realloc(jit, base, 0);
  return (uintptr_t)p;
}

/* A function that libkiln has, whether the program exports it or not. */
struct own {
  const char *name;
  void (*function)(void);
};

static uint64_t find_own(const struct own *rows, size_t n, const char *name) {
  for (size_t i = 0; i < n; i++)
    if (strcmp(name, rows[i].name) == 0) return (uintptr_t)rows[i].function;
  return 0;
}

/* First those that libkiln itself uses, then those of the libraries that compilers link programs with. Once loaded, a
 * library stays. */
uint64_t kn_jit_outside_library(const char *name) {
  static const struct own used[] = {{"memcpy", (void (*)(void))memcpy},
                                    {"memmove", (void (*)(void))memmove},
                                    {"memset", (void (*)(void))memset}};
  static const char *const libraries[] = {"libgcc_s.so.1", "libm.so.6"};
  const uint64_t own = find_own(used, sizeof used / sizeof used[0], name);
  if (own != 0) return own;
  for (size_t i = 0; i < sizeof libraries / sizeof libraries[0]; i++) {
    void *library = dlopen(libraries[i], RTLD_NOW | RTLD_LOCAL);
    void *function = library != NULL ? dlsym(library, name) : NULL;
    if (function != NULL) return (uintptr_t)function;
    if (library != NULL) dlclose(library);
  }
  return 0;
}

uint64_t kn_jit_outside_throw(const char *name) {
  static const struct own rows[] = {{"kiln_personality", (void (*)(void))kiln_personality},
                                    {"kiln_throw", (void (*)(void))kiln_throw},
                                    {"kiln_rethrow", (void (*)(void))kiln_rethrow},
                                    {"kiln_exception_tag", (void (*)(void))kiln_exception_tag},
                                    {"kiln_exception_value", (void (*)(void))kiln_exception_value},
                                    {"kiln_exception_free", (void (*)(void))kiln_exception_free}};
  return find_own(rows, sizeof rows / sizeof rows[0], name);
}

void kn_jit_outside_finalize(uint64_t dso) {
  extern void __cxa_finalize(void *);
  __cxa_finalize(
    (void *)(uintptr_t)dso); /* at_quick_exit's and pthread_atfork's functions are dropped */
}
