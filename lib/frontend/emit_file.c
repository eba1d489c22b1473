/* kiln_emit_object_file: an object as a file, by kiln_emit_elf. Called by front ends. Invariant: a name refers to the
 * old file or to the complete new one, whatever happens. */
#define _GNU_SOURCE
#include <kiln/emit.h>

#include "lib/frontend/host_files.h"

#include <stdint.h>
#include <time.h>

static bool write_all(int fd, const uint8_t *bytes, size_t n) {
  while (n != 0) {
    ssize_t written = write(fd, bytes, kn_some(n));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes += written;
    n -= (size_t)written;
  }
  return true;
}

/* Writes and closes; false with errno. */
static bool write_and_close(int fd, const kiln_buffer *b) {
  bool ok = write_all(fd, b->data, b->size);
  int error = errno;
  bool closed = close(fd) == 0;
  if (!ok) errno = error;
  return ok && closed;
}

/* Opens a new file in the folder, with the permissions that the umask leaves. */
static int open_temporary(const struct kn_output_path *to, char name[PATH_MAX]) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  uint64_t n = ((uint64_t)getpid() << 32) ^ (uint64_t)now.tv_nsec;
  for (unsigned tries = 0; tries < 100; tries++, n = n * 6364136223846793005u + 1) {
    int length = snprintf(name, PATH_MAX, "%.*s.kiln.tmp-%08x", (int)to->folder, to->name,
                          (unsigned)(n >> 24));
    if (length < 0 || length >= PATH_MAX) {
      errno = ENAMETOOLONG;
      return -1;
    }
    int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | KN_OPEN, 0666);
    if (fd >= 0 || errno != EEXIST) return fd;
  }
  return -1;
}

static bool write_file(const char *path, const kiln_buffer *b) {
  struct kn_output_path to;
  char name[PATH_MAX];
  if (!kn_output_path(&to, path)) return false;
  if (!to.replace) {
    int fd = open(path, O_WRONLY | O_APPEND | KN_OPEN);
    return fd >= 0 && write_and_close(fd, b);
  }
  int fd = open_temporary(&to, name);
  if (fd < 0) return false;
  bool ok = to.mode < 0 || kn_output_permit(fd, to.mode);
  if (write_and_close(fd, b) && ok && kn_output_rename(name, to.name)) return true;
  int error = errno;
  unlink(name);
  errno = error;
  return false;
}

kiln_status kiln_emit_object_file(kiln_module *m, kiln_session *const *sessions,
                                  uint32_t n_sessions, const char *path) {
  if (m == NULL) return KILN_ERR_ARGUMENT;
  if (path == NULL) return kiln_module_fail(m, KILN_ERR_ARGUMENT, "no path for the object (NULL)");
  kiln_buffer object = {.allocator = kiln_module_get_allocator(m)};
  kiln_status status = kiln_emit_object(m, sessions, n_sessions, &object);
  if (status == KILN_OK && !write_file(path, &object)) {
    char message[256];
    snprintf(message, sizeof message, "cannot write %.150s: %s", path, strerror(errno));
    status = kiln_module_fail(m, KILN_ERR_IO, message);
  }
  kiln_buffer_free(&object);
  return status;
}
