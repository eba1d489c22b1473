/* Outputs of the `kiln` tool. A file is written under a temporary name and renamed when it is complete; a signal that
 * ends the process removes temporary files (system_posix.c). Called by the verbs.
 * Invariant: at every moment an output's name refers to the old file or to the complete new one. */
#include "system.h"
#include "tool.h"

#include <stdlib.h>

/* ---- files ---- */

static bool write_all(int fd, const uint8_t *bytes, size_t size) {
  while (size > 0) {
    ssize_t n = write(fd, bytes, kn_some(size));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    bytes += n;
    size -= (size_t)n;
  }
  return true;
}

/* Makes a new file in the folder of `to`, which is to take its name. Its descriptor, or -1 with errno. */
static int open_renamed(const struct kn_output_path *to, char name[PATH_MAX],
                        struct tool_temporary *temporary) {
  /* of a fixed length, since the output may already have the longest name allowed */
  int n = snprintf(name, PATH_MAX, "%.*s.kiln.tmp-XXXXXX", (int)to->folder, to->name);
  if (n < 0 || n >= PATH_MAX) {
    errno = ENAMETOOLONG;
    return -1;
  }
  int fd = tool_temporary_make(temporary, name, 0);
  if (fd >= 0) (void)kn_output_permit(fd, to->mode < 0 ? kn_output_mode() : to->mode);
  return fd;
}

/* Gives the new file its name, or removes it. False with errno. */
static bool end_renamed(const struct kn_output_path *to, const char *name,
                        struct tool_temporary *temporary, bool ok) {
  ok = ok && tool_system_rename(name, to->name);
  if (!ok) {
    int error = errno;
    unlink(name);
    errno = error;
  }
  tool_temporary_drop(temporary);
  return ok;
}

static bool write_renamed(const struct kn_output_path *to, const void *bytes, size_t size,
                          void (*written)(void *user), void *user) {
  char name[PATH_MAX];
  struct tool_temporary temporary;
  int fd = open_renamed(to, name, &temporary);
  if (fd < 0) return false;
  bool ok = write_all(fd, bytes, size);
  ok &= close(fd) == 0;
  if (ok && written != NULL) written(user);
  return end_renamed(to, name, &temporary, ok);
}

struct tool_stream {
  FILE *file;
  const char *path; /* as it was given */
  struct kn_output_path to;
  struct tool_temporary temporary;
  char name[PATH_MAX]; /* of the temporary file; empty: there is none */
};

struct tool_stream *tool_stream_open(const char *path) {
  struct tool_stream *s = calloc(1, sizeof *s);
  if (s == NULL) return NULL;
  s->path = path;
  int fd = -1;
  if (strcmp(path, "-") == 0 || *path == 0) s->file = *path == 0 ? stderr : stdout;
  else if (kn_output_path(&s->to, path))
    fd = s->to.replace ? open_renamed(&s->to, s->name, &s->temporary)
                       : open(path, O_WRONLY | O_APPEND | KN_OPEN);
  if (fd >= 0) s->file = fdopen(fd, "w");
  if (s->file != NULL) return s;
  tool_error("%s: %s", path, strerror(errno));
  if (fd >= 0 && s->name[0] != 0) end_renamed(&s->to, s->name, &s->temporary, false);
  if (fd >= 0) close(fd);
  free(s);
  return NULL;
}

FILE *tool_stream_file(const struct tool_stream *s) { return s != NULL ? s->file : NULL; }

bool tool_stream_close(struct tool_stream *s, bool keep) {
  if (s == NULL) return true;
  bool ok = fflush(s->file) == 0 && !ferror(s->file);
  if (s->file != stdout && s->file != stderr) ok &= fclose(s->file) == 0;
  if (s->name[0] != 0) ok = end_renamed(&s->to, s->name, &s->temporary, ok && keep);
  if (!ok && keep) tool_error("%s: %s", s->path, strerror(errno));
  free(s);
  return ok;
}

bool tool_output_write_then(const char *path, const void *bytes, size_t size,
                            void (*written)(void *user), void *user) {
  struct kn_output_path to;
  bool ok;
  if (strcmp(path, "-") == 0) {
    ok = write_all(STDOUT_FILENO, bytes, size);
  } else if (!kn_output_path(&to, path)) {
    ok = false;
  } else if (to.replace) {
    ok = write_renamed(&to, bytes, size, written, user);
  } else {
    int fd = open(path, O_WRONLY | O_APPEND | KN_OPEN);
    ok = fd >= 0 && write_all(fd, bytes, size);
    if (fd >= 0) ok &= close(fd) == 0;
  }
  if (!ok) tool_error("%s: %s", strcmp(path, "-") == 0 ? "standard output" : path, strerror(errno));
  return ok;
}

bool tool_output_write(const char *path, const void *bytes, size_t size) {
  return tool_output_write_then(path, bytes, size, NULL, NULL);
}

int tool_output_end(int status) {
  if (fflush(stdout) == 0 && !ferror(stdout)) return status;
  tool_error("standard output: %s", strerror(errno));
  return status != TOOL_OK ? status : TOOL_FAILED;
}
