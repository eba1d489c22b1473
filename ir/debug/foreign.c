/* Which source files are not the user's: kiln_file_is_foreign. */
#include <kiln/debug.h>
#include <string.h>

/* Folders of such files: `*` is one or more characters of a name, `#` is 16 hexadecimal digits. Rust's library: as
 * rustc names it, in Debian's package, and with the component rust-src. Packages (The Cargo Book, "Cargo Home"): the
 * name of a registry or a checkout ends with a hash of its address. */
static const char *const at_root[] = {"/rustc/*/library/", "/usr/src/rustc-*/library/"};
static const char *const anywhere[] = {"/lib/rustlib/src/rust/library/", "/registry/src/*-#/*/",
                                       "/git/checkouts/*-#/*/"};

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
  for (unsigned i = 0; i < sizeof at_root / sizeof *at_root; i++)
    if (has_prefix(path, at_root[i])) return true;
  for (const char *at = path;; at++) {
    /* Lower-case letters, which are above a backslash, are most of a path. */
    if (*at > '\\' || (*at != 0 && !is_separator(*at))) continue;
    if (*at == 0) return false;
    for (unsigned i = 0; i < sizeof anywhere / sizeof *anywhere; i++)
      if (at[1] == anywhere[i][1] && has_prefix(at, anywhere[i])) return true;
  }
}
