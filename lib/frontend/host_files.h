/* What libkiln asks of the system that it runs on, where systems differ: files. For kiln_emit_object_file and the tool.
 *
 * Where an output goes that has the name `path`: a regular file is replaced by a new one that is complete, so that
 * nobody sees half a file and an error changes nothing. Anything else that exists, a device, a pipe or a descriptor of
 * a process, is written to and stays. */
#ifndef KN_FRONTEND_HOST_FILES_H
#define KN_FRONTEND_HOST_FILES_H

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct kn_output_path {
  char name[PATH_MAX]; /* of the file to replace, after all symbolic links; else as it was given */
  size_t folder;       /* length of its folder with the slash; 0: the current one */
  int mode;            /* permissions of the file that is replaced; -1: there is none */
  bool replace;        /* else it is written to */
};

#ifdef _WIN32

/* <windows.h> would define hundreds of names. */
__declspec(dllimport) int __stdcall MoveFileExA(const char *from, const char *to,
                                                unsigned long flags);

enum { KN_OPEN = O_BINARY | O_NOINHERIT }; /* flags of each open */

/* read and write take a number of 32 bits. */
static inline unsigned kn_some(size_t n) { return n < 1u << 30 ? (unsigned)n : 1u << 30; }

/* The last slash of a path; NULL: there is none. */
static inline const char *kn_last_slash(const char *path) {
  const char *slash = strrchr(path, '/'), *back = strrchr(path, '\\');
  return slash == NULL || (back != NULL && back > slash) ? back : slash;
}

/* Follows symbolic links, of which open does the same: a file that is replaced is the link itself. */
static inline bool kn_output_find(struct kn_output_path *p) {
  struct stat st;
  if (stat(p->name, &st) == 0) p->replace = S_ISREG(st.st_mode);
  return true;
}

/* Files have no permissions to keep: who may use them is said by their folder. */
static inline bool kn_output_permit(int fd, int mode) { return (void)fd, (void)mode, true; }
static inline int kn_output_mode(void) { return 0666; }

/* Gives the file `from` the name `to`, which a file may have. False with errno. */
static inline bool kn_output_rename(const char *from, const char *to) {
  enum { REPLACE_EXISTING = 1 };
  if (MoveFileExA(from, to, REPLACE_EXISTING) != 0) return true;
  errno = EACCES; /* the folder is there: somebody has the file open, or it is read-only */
  return false;
}

#else

enum { KN_OPEN = O_CLOEXEC };

static inline size_t kn_some(size_t n) { return n; }

static inline const char *kn_last_slash(const char *path) { return strrchr(path, '/'); }

/* Is this the name of an open file, which may be a regular one, as in `kiln compile -o /dev/stdout > file`? */
static inline bool kn_output_is_open(const char *name) {
  return strncmp(name, "/proc/", 6) == 0 || strncmp(name, "/dev/fd/", 8) == 0 ||
         strncmp(name, "/dev/std", 8) == 0;
}

/* Replaces the name by what the link of that name says. */
static inline bool kn_output_follow(struct kn_output_path *p) {
  char link[PATH_MAX];
  ssize_t n = readlink(p->name, link, sizeof link);
  const char *slash = strrchr(p->name, '/');
  size_t folder = n > 0 && link[0] != '/' && slash != NULL ? (size_t)(slash + 1 - p->name) : 0;
  if (n < 0) return false;
  if (folder + (size_t)n >= sizeof p->name) {
    errno = ENAMETOOLONG;
    return false;
  }
  memcpy(p->name + folder, link, (size_t)n);
  p->name[folder + (size_t)n] = 0;
  return true;
}

static inline bool kn_output_find(struct kn_output_path *p) {
  struct stat st;
  for (unsigned links = 0; !kn_output_is_open(p->name) && lstat(p->name, &st) == 0; links++) {
    if (S_ISLNK(st.st_mode)) {
      if (links == 40) errno = ELOOP;
      if (links == 40 || !kn_output_follow(p)) return false;
      continue;
    }
    p->replace = S_ISREG(st.st_mode);
    p->mode = (int)(st.st_mode & 0777);
    break;
  }
  p->replace = p->replace && !kn_output_is_open(p->name);
  return true;
}

static inline bool kn_output_permit(int fd, int mode) { return fchmod(fd, (mode_t)mode) == 0; }

/* Those of a new file. */
static inline int kn_output_mode(void) {
  mode_t mask = umask(0);
  umask(mask);
  return (int)(0666 & ~mask);
}

static inline bool kn_output_rename(const char *from, const char *to) {
  return rename(from, to) == 0;
}

#endif

/* False with errno. */
static inline bool kn_output_path(struct kn_output_path *p, const char *path) {
  *p = (struct kn_output_path){.mode = -1, .replace = true};
  if (strlen(path) >= sizeof p->name) {
    errno = ENAMETOOLONG;
    return false;
  }
  strcpy(p->name, path);
  if (!kn_output_find(p)) return false;
  const char *slash = kn_last_slash(p->name);
  p->folder = slash != NULL ? (size_t)(slash + 1 - p->name) : 0;
  return true;
}

#endif
