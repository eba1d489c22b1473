/* Where an output goes that has the name `path`: for kiln_emit_elf_file and for the tool. A regular file is replaced
 * by a new one that is complete, so that nobody sees half a file and an error changes nothing. Anything else that
 * exists, a device, a pipe or a descriptor of a process, is written to and stays. */
#ifndef KN_FRONTEND_OUTPUT_PATH_H
#define KN_FRONTEND_OUTPUT_PATH_H

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct kn_output_path {
  char name[PATH_MAX]; /* of the file to replace, after all symbolic links; else as it was given */
  size_t folder;       /* length of its folder with the slash; 0: the current one */
  int mode;            /* permissions of the file that is replaced; -1: there is none */
  bool replace;        /* else it is written to */
};

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

/* False with errno. */
static inline bool kn_output_path(struct kn_output_path *p, const char *path) {
  struct stat st;
  *p = (struct kn_output_path){.mode = -1, .replace = true};
  if (strlen(path) >= sizeof p->name) {
    errno = ENAMETOOLONG;
    return false;
  }
  strcpy(p->name, path);
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
  const char *slash = strrchr(p->name, '/');
  p->folder = slash != NULL ? (size_t)(slash + 1 - p->name) : 0;
  return true;
}

#endif
