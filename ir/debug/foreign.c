/* Which source files are not the user's: kiln_file_is_foreign. */
#include <kiln/debug.h>
#include <string.h>

/* Folders of such files. `*` is one or more characters of a name, `#` is 16 hexadecimal digits; what begins with `>`
 * may have folders before it. Rust's library: as rustc names it, with the component rust-src, and in Debian's package.
 * Packages (The Cargo Book, "Cargo Home"): the name of a registry or a checkout ends with a hash of its address. */
static const char *const folders[] = {
  "/rustc/*/library/",
  "/usr/src/rustc-*/library/",
  ">/lib/rustlib/src/rust/library/",
  ">/registry/src/*-#/*/",
  ">/git/checkouts/*-#/*/",
};

static bool is_separator(char c) { return c == '/' || c == '\\'; }

/* Does `path` begin with `pattern`? */
static bool has_prefix(const char *path, const char *pattern) {
  for (; *pattern != 0; pattern++) {
    if (*pattern == '*') {
      for (; *path != 0 && !is_separator(*path); path++)
        if (has_prefix(path + 1, pattern + 1)) return true;
      return false;
    }
    if (*pattern == '#') {
      if (strspn(path, "0123456789abcdef") != 16) return false;
      path += 16;
      continue;
    }
    if (*pattern == '/' ? !is_separator(*path) : *path != *pattern) return false;
    path++;
  }
  return true;
}

bool kiln_file_is_foreign(const char *path) {
  if (path == NULL) return false;
  for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
    const char *at = path, *pattern = folders[i];
    if (*pattern != '>' && has_prefix(at, pattern)) return true;
    for (; *pattern == '>' && *at != 0; at++)
      if (is_separator(*at) && has_prefix(at, pattern + 1)) return true;
  }
  return false;
}
