/* Which functions of C and C++ are foreign, if foreign functions alone are inlined: by the file of their source, or,
 * without debugging information, by their linkage name. Called by loc.c and function.c. Invariant: what is not
 * understood is the user's. */
#include "debug/debug.h"

#include <string.h>

/* ---- files ---- */

/* The path without "." and "..", into `to`, which has room for it. */
static void normalize(const char *path, char *to) {
  size_t n = 0;
  while (*path != 0) {
    while (*path == '/') path++;
    const size_t size = strcspn(path, "/");
    if (size == 2 && path[0] == '.' && path[1] == '.') {
      while (n > 0 && to[--n] != '/') {
      }
    } else if (size != 0 && !(size == 1 && path[0] == '.')) {
      to[n++] = '/';
      memcpy(to + n, path, size);
      n += size;
    }
    path += size;
  }
  to[n] = 0;
}

/* Is the file a header that the system's packages installed, as those of C++'s library and of compilers? Such folders
 * are /usr/include, /usr/lib/gcc/TRIPLE/14/include, /usr/lib/llvm-22/include and /usr/TRIPLE/include. */
bool kn_bc_foreign_header(const char *path) {
  static const char usr[] = "/usr/", local[] = "/usr/local/", sources[] = "/usr/src/";
  char whole[1024];
  if (strncmp(path, usr, sizeof usr - 1) != 0 || strlen(path) >= sizeof whole) return false;
  normalize(path, whole);
  return strncmp(whole, usr, sizeof usr - 1) == 0 && strncmp(whole, local, sizeof local - 1) != 0 &&
         strncmp(whole, sources, sizeof sources - 1) != 0 && strstr(whole, "/include/") != NULL;
}

/* ---- names ---- */

/* A name as the Itanium C++ ABI mangles it ("5.1 External Names"), from `at` on. */
struct mangled {
  const char *at, *end;
};

static bool take(struct mangled *m, const char *text) {
  const size_t n = strlen(text);
  if ((size_t)(m->end - m->at) < n || memcmp(m->at, text, n) != 0) return false;
  m->at += n;
  return true;
}

/* Does <source-name> `name` come next? */
static bool is_source_name(const struct mangled *m, const char *name) {
  const size_t n = strlen(name);
  const char *p = m->at;
  size_t length = 0;
  while (p < m->end && *p >= '0' && *p <= '9' && length < 1000)
    length = length * 10 + (size_t)(*p++ - '0');
  return length == n && (size_t)(m->end - p) >= n && memcmp(p, name, n) == 0;
}

/* Placement new and delete, which no program may replace ([new.delete.placement]). */
static bool is_placement(struct mangled m) {
  if (take(&m, "nw") || take(&m, "na"))
    return m.at < m.end && (m.at++, take(&m, "Pv")) && m.at == m.end;
  return (take(&m, "dl") || take(&m, "da")) && take(&m, "PvS_") && m.at == m.end;
}

/* Is what <encoding> names a member of namespace std or __gnu_cxx, or in a function of these? The namespace is the
 * first part of the name: arguments of templates, which come later, may be anybody's. */
static bool is_of_library(struct mangled m) {
  while (take(&m, "Z")) {
  } /* <local-name>: the function that it is in */
  if (is_placement(m)) return true;
  if (take(&m, "N")) {
    while (take(&m, "r") || take(&m, "V") || take(&m, "K") || take(&m, "R") || take(&m, "O") ||
           take(&m, "H")) {
    }
    if (take(&m, "Z")) return is_of_library(m);
    /* std::allocator, std::basic_string, std::string and the streams */
    static const char *const classes[] = {"Sa", "Sb", "Ss", "Si", "So", "Sd"};
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
      if (take(&m, classes[i])) return true;
    if (is_source_name(&m, "__gnu_cxx")) return true;
  }
  return take(&m, "St");
}

bool kn_bc_foreign_name(const char *name, size_t n) {
  struct mangled m = {name, name + n};
  return name != NULL && take(&m, "_Z") && is_of_library(m);
}
