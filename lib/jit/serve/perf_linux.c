/* Names for perf: the map that `perf report` reads from /tmp/perf-PID.map, and jitdump, with code, for `perf
 * inject --jit` (Linux, tools/perf/Documentation/jitdump-specification.txt). Invariant: what is appended for
 * a unit is appended by one write, under the JIT's lock. */
#define _GNU_SOURCE
#include "lib/jit/link/link.h"
#include "lib/jit/serve/serve.h"

#include "lib/object/elf_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* A file that is appended to. It is opened again each time, since the host may close descriptors that it did not open,
 * and reuse their numbers. */
struct file {
  char *path; /* NULL: none */
  dev_t device;
  ino_t inode;
};

struct kn_jit_perf {
  struct file map, dump;
  /* a page of the dump that is mapped executable: perf record notes the file by that */
  void *marker;
  size_t page;
  uint64_t index; /* of the next function in the dump; no other JIT uses it there */
};

/* Records of a dump, in the byte order of the machine. All but the head begin with an id, their size and a time. */
struct head {
  uint32_t magic, version, size, machine, zero, pid;
  uint64_t time, flags;
};
enum { CODE_LOAD = 0, CODE_LINES = 2, CODE_CLOSE = 3 };
struct record {
  uint32_t id, size;
  uint64_t time;
};
struct load { /* before the name and the code */
  struct record record;
  uint32_t pid, tid;
  uint64_t address, code_at, code_bytes, index;
};
struct lines {
  struct record record;
  uint64_t address, n;
};
struct line { /* before the file's name */
  uint64_t address;
  uint32_t line, discriminator;
};

static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static bool fail(kiln_jit_error *e, const char *call, const char *file) {
  int error = errno;
  return KN_JIT_FAIL(false, e, KILN_ERR_SYSTEM, "%s of %.150s: %s", call, file, strerror(error));
}

/* A failure is ignored: only the profiler misses something. The limit on the size of files is checked first, since
 * exceeding it raises SIGXFSZ. */
static void append(const struct file *file, const void *bytes, size_t size) {
  const uint8_t *p = bytes;
  struct stat st;
  struct rlimit limit;
  int fd = open(file->path, O_WRONLY | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return;
  bool ok = fstat(fd, &st) == 0 && st.st_dev == file->device && st.st_ino == file->inode &&
            getrlimit(RLIMIT_FSIZE, &limit) == 0 && (uint64_t)st.st_size + size <= limit.rlim_cur;
  while (ok && size > 0) {
    ssize_t n = write(fd, p, size);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    p += n;
    size -= (size_t)n;
  }
  if (ok && size > 0)
    (void)!ftruncate(fd, st.st_size); /* no space: readers stop at half a record */
  close(fd);
}

/* ---- files ---- */

/* When this process began, in nanoseconds since 1970; 0: the system does not say. proc(5), /proc/pid/stat. */
static int64_t process_start(void) {
  char text[1024];
  int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
  ssize_t n = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
  if (fd >= 0) close(fd);
  if (n <= 0) return 0;
  text[n] = 0;
  const char *at = strrchr(text, ')'); /* ends the name, field 2 */
  unsigned long long ticks;            /* field 22 */
  struct timespec real, boot;
  const char format[] =
    "%*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %llu";
  if (at == NULL || sscanf(at + 1, format, &ticks) != 1 ||
      clock_gettime(CLOCK_REALTIME, &real) != 0 || clock_gettime(CLOCK_BOOTTIME, &boot) != 0)
    return 0;
  int64_t since_boot = (int64_t)(ticks * (1000000000 / (uint64_t)sysconf(_SC_CLK_TCK)));
  return (real.tv_sec - boot.tv_sec) * INT64_C(1000000000) + (real.tv_nsec - boot.tv_nsec) +
         since_boot;
}

/* True if the file was last written before this process began: by another one, which had the same number. The clock of
 * files lags by some milliseconds. */
static bool is_stale(const struct stat *st) {
  const int64_t lag = 100000000;
  int64_t start = process_start();
  int64_t written = st->st_mtim.tv_sec * INT64_C(1000000000) + st->st_mtim.tv_nsec;
  return start != 0 && written + lag < start;
}

/* Opens, or makes, a file for the first time. One that another process left is replaced. Others may have placed
 * something else in the folder by that name: a file with further names is not written to, and what is no regular file
 * is not opened, or at least not waited for. The descriptor, -1 after an error. */
static int open_first(const kiln_jit *jit, struct file *file, const char *path, int flags, int mode,
                      kiln_jit_error *e) {
  struct stat st;
  char whole[PATH_MAX]; /* the host may change its working folder */
  bool there = lstat(path, &st) == 0;
  if (there && S_ISREG(st.st_mode) && is_stale(&st)) {
    if (unlink(path) != 0) {
      fail(e, "unlink", path);
      return -1;
    }
    there = false;
  }
  int fd = -1;
  if (!there || S_ISREG(st.st_mode))
    fd = open(path, O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | flags, mode);
  else errno = ELOOP;
  if (fd >= 0 && fstat(fd, &st) == 0 && (!S_ISREG(st.st_mode) || st.st_nlink != 1)) {
    close(fd);
    fd = -1;
    errno = EEXIST;
  }
  if (fd < 0 && (errno == ELOOP || errno == EEXIST || errno == ENXIO))
    return KN_JIT_FAIL(-1, e, KILN_ERR_SYSTEM,
                       "%.150s exists, and is not a regular file with one name", path);
  if (fd < 0 || fstat(fd, &st) != 0 || realpath(path, whole) == NULL) {
    fail(e, "open", path);
    if (fd >= 0) close(fd);
    return -1;
  }
  size_t size = strlen(whole) + 1;
  file->path = kn_jit_realloc(jit, NULL, size);
  if (file->path == NULL) {
    kn_jit_fail(e, KILN_ERR_MEMORY, "out of memory");
    close(fd);
    return -1;
  }
  memcpy(file->path, whole, size);
  file->device = st.st_dev;
  file->inode = st.st_ino;
  return fd;
}

/* Begins a dump, unless the file is that of another JIT of this process. */
static bool begin_dump(const kiln_jit *jit, struct kn_jit_perf *p, int fd) {
  const struct head head = {.magic = 0x4a695444 /* "JiTD" */,
                            .version = 1,
                            .size = sizeof head,
                            .machine = kn_elf_machine_number(jit->processor),
                            .pid = (uint32_t)jit->pid,
                            .time = now()};
  struct head there;
  if (pread(fd, &there, sizeof there, 0) == sizeof there &&
      memcmp(&head, &there, offsetof(struct head, time)) == 0) {
    p->index = jit->serial << 32;
    return true;
  }
  if (ftruncate(fd, 0) != 0) return false;
  append(&p->dump, &head, sizeof head);
  return true;
}

static bool open_dump(const kiln_jit *jit, struct kn_jit_perf *p, kiln_jit_error *e) {
  char file[4096];
  if (jit->options.jitdump_folder[0] == 0)
    return KN_JIT_FAIL(false, e, KILN_ERR_ARGUMENT, "jitdump_folder is empty");
  int n = snprintf(file, sizeof file, "%s/jit-%d.dump", jit->options.jitdump_folder, jit->pid);
  if (n < 0 || (size_t)n >= sizeof file)
    return KN_JIT_FAIL(false, e, KILN_ERR_ARGUMENT, "jitdump_folder is too long");
  int fd = open_first(jit, &p->dump, file, O_RDWR, 0666, e);
  if (fd < 0) return false;
  if (!begin_dump(jit, p, fd)) {
    fail(e, "ftruncate", file);
    close(fd);
    return false;
  }
  p->page = (size_t)sysconf(_SC_PAGESIZE);
  p->marker = mmap(NULL, p->page, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
  int error = errno;
  close(fd);
  errno = error;
  if (p->marker != MAP_FAILED) return true;
  p->marker = NULL;
  return fail(e, "mmap", file);
}

bool kn_jit_perf_open(kiln_jit *jit, kiln_jit_error *e) {
  if (!jit->options.perf_map && jit->options.jitdump_folder == NULL) return true;
  struct kn_jit_perf *p = jit->perf = kn_jit_realloc(jit, NULL, sizeof *p);
  if (p == NULL) return kn_jit_no_memory(e);
  memset(p, 0, sizeof *p);
  if (jit->options.perf_map) {
    char file[64];
    snprintf(file, sizeof file, "/tmp/perf-%d.map", jit->pid);
    int fd = open_first(jit, &p->map, file, O_APPEND | O_WRONLY, 0644, e);
    if (fd < 0) return false;
    close(fd);
  }
  return jit->options.jitdump_folder == NULL || open_dump(jit, p, e);
}

/* ---- names ---- */

static bool put(kiln_buffer *out, const void *bytes, size_t size) {
  return kiln_buffer_append(out, bytes, size) == KILN_OK;
}

/* Appends a name and what ends it. The readers of these files expect a name on one line: control characters, and the
 * backslash, become a backslash and two hexadecimal digits, as in the text form. */
static bool put_name(kiln_buffer *out, const char *name, char end) {
  static const char digits[] = "0123456789abcdef";
  uint8_t *to = kiln_buffer_reserve(out, 3 * strlen(name) + 1), *start = to;
  if (to == NULL) return false;
  for (const uint8_t *p = (const uint8_t *)name; *p != 0; p++) {
    const bool plain = *p >= 0x20 && *p != 0x7f && *p != '\\';
    *to++ = plain ? *p : '\\';
    if (plain) continue;
    *to++ = (uint8_t)digits[*p >> 4];
    *to++ = (uint8_t)digits[*p & 15];
  }
  *to++ = (uint8_t)end;
  out->size += (size_t)(to - start);
  return true;
}

/* Leaves what was appended before `at`; false. */
static bool cut(kiln_buffer *out, size_t at) {
  out->size = at;
  return false;
}

static void add_to_map(const kiln_jit *jit, const struct kn_jit_unit *u) {
  kiln_buffer out = {.allocator = jit->options.allocator};
  bool ok = true;
  for (uint32_t i = 0; i < u->n_funcs && ok; i++) {
    const struct kn_memory_symbol *f = u->symbols + i;
    const size_t at = out.size;
    char head[48];
    int n = snprintf(head, sizeof head, "%llx %llx ", (unsigned long long)f->address,
                     (unsigned long long)f->size);
    ok = (put(&out, head, (size_t)n) && put_name(&out, u->names + f->name, '\n')) || cut(&out, at);
  }
  append(&jit->perf->map, out.data, out.size);
  kiln_buffer_free(&out);
}

/* Appends the record of a function's lines, which comes before that of its code; false without memory. */
static bool put_lines(const kiln_session *s, const struct kn_code_func *c, uint64_t address,
                      kiln_buffer *out) {
  const uint32_t end = kn_output_line_end(s->out, c);
  const size_t at = out->size;
  struct lines head = {{CODE_LINES, 0, now()}, address, 0};
  bool ok = put(out, &head, sizeof head);
  for (uint32_t k = c->loc_first; k < end && ok; k++) {
    const struct kn_code_line *l = s->out->lines.at + k;
    if (l->loc.line == 0) continue;
    const struct line line = {address + (l->offset - c->start), l->loc.line, 0};
    ok = put(out, &line, sizeof line) && put_name(out, kn_loc_file(&s->sources, l->loc), 0);
    head.n++;
  }
  const size_t size = out->size - at;
  if (!ok || head.n == 0 || size > UINT32_MAX) return cut(out, at) || ok;
  head.record.size = (uint32_t)size;
  memcpy(out->data + at, &head, sizeof head);
  return true;
}

/* Appends the record of a function's code; false without memory. */
static bool put_code(const kiln_jit *jit, const struct kn_memory_symbol *f, const char *name,
                     kiln_buffer *out) {
  const size_t at = out->size;
  struct load head = {{CODE_LOAD, 0, now()},
                      (uint32_t)jit->pid,
                      (uint32_t)syscall(SYS_gettid),
                      f->address,
                      f->address,
                      f->size,
                      jit->perf->index++};
  if (!put(out, &head, sizeof head) || !put_name(out, name, 0) ||
      !put(out, (const void *)(uintptr_t)f->address, (size_t)f->size))
    return cut(out, at);
  head.record.size = (uint32_t)(out->size - at);
  memcpy(out->data + at, &head, sizeof head);
  return true;
}

static void add_to_dump(const struct kn_jit_link *l) {
  const struct kn_jit_unit *u = l->unit;
  const struct kn_memory_symbol *f = u->symbols; /* functions, in the order of the parts */
  kiln_buffer out = {.allocator = l->jit->options.allocator};
  bool ok = true;
  for (uint32_t i = 0; i < l->n_parts && ok; i++) {
    const kiln_session *s = l->parts[i].session;
    for (uint32_t k = 0; k < s->out->funcs.n && ok; k++, f++)
      ok = put_lines(s, s->out->funcs.at + k, f->address, &out) &&
           put_code(l->jit, f, u->names + f->name, &out);
  }
  append(&l->jit->perf->dump, out.data, out.size);
  kiln_buffer_free(&out);
}

void kn_jit_perf_add(const struct kn_jit_link *l) {
  const kiln_jit *jit = l->jit;
  const struct kn_jit_unit *u = l->unit;
  if (jit->perf == NULL || u->n_funcs == 0) return;
  if (jit->perf->map.path != NULL) add_to_map(jit, u);
  if (jit->perf->dump.path != NULL) add_to_dump(l);
}

void kn_jit_perf_close(kiln_jit *jit) {
  struct kn_jit_perf *p = jit->perf;
  if (p == NULL) return;
  const struct record end = {CODE_CLOSE, sizeof end, now()};
  if (p->marker != NULL && !jit->foreign) append(&p->dump, &end, sizeof end);
  if (p->marker != NULL) munmap(p->marker, p->page);
  KN_FREE(&jit->options.allocator, p->map.path, p->dump.path, p);
  jit->perf = NULL;
}
