/* kiln_emit_elf_file: an object as a file, by kiln_emit_elf. Called by front ends. Invariant: after an error there is
 * no file at the path, unless it could not be opened. */
#include <kiln/emit.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool write_all(int fd, const uint8_t *bytes, size_t n) {
  while (n != 0) {
    ssize_t written = write(fd, bytes, n);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes += written;
    n -= (size_t)written;
  }
  return true;
}

kiln_status kiln_emit_elf_file(kiln_module *m, kiln_session *const *sessions, uint32_t n_sessions,
                               const char *path) {
  if (m == NULL) return KILN_ERR_ARGUMENT;
  kiln_diag d = {
    .status = KILN_ERR_ARGUMENT, .block = UINT32_MAX, .inst = UINT32_MAX, .bit_offset = UINT64_MAX};
  if (path == NULL) {
    snprintf(d.message, sizeof d.message, "no path for the object (NULL)");
    return kiln_module_fail(m, &d);
  }
  kiln_buffer object = {.allocator = kiln_module_get_allocator(m)};
  kiln_status status = kiln_emit_elf(m, sessions, n_sessions, &object);
  if (status == KILN_OK) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    bool written = fd >= 0 && write_all(fd, object.data, object.size);
    int wrong = errno;
    if (fd >= 0 && close(fd) != 0 && written) {
      written = false;
      wrong = errno;
    }
    if (!written) {
      if (fd >= 0) unlink(path);
      d.status = KILN_ERR_IO;
      snprintf(d.message, sizeof d.message, "cannot write %.150s: %s", path, strerror(wrong));
      status = kiln_module_fail(m, &d);
    }
  }
  kiln_buffer_free(&object);
  return status;
}
