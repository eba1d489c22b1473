/* Names for perf: the map that `perf report` reads from /tmp/perf-PID.map, and jitdump, with code, for `perf
 * inject --jit` (Linux, tools/perf/Documentation/jitdump-specification.txt). Invariant: what is appended for
 * a unit is appended by one write, under the JIT's lock. */
#define _GNU_SOURCE
#include "lib/jit/jit_state.h"

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
  for (unsigned field = 2; at != NULL && field < 22; field++) {
    at = strchr(at, ' ');
    if (at != NULL) at++;
  }
  struct timespec real, boot;
  if (at == NULL || clock_gettime(CLOCK_REALTIME, &real) != 0 ||
      clock_gettime(CLOCK_BOOTTIME, &boot) != 0)
    return 0;
  int64_t since_boot =
    (int64_t)(strtoull(at, NULL, 10) * (1000000000 / (uint64_t)sysconf(_SC_CLK_TCK)));
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

/* Writes a name, with its NUL, as the readers of these files expect it: on one line. Control characters, and the
 * backslash, become a backslash and two hexadecimal digits, as in the text form. The number of bytes without the NUL;
 * `to` NULL: counts them only. */
static size_t escape(uint8_t *to, const char *name) {
  static const char digits[] = "0123456789abcdef";
  size_t n = 0;
  for (const uint8_t *p = (const uint8_t *)name; *p != 0; p++) {
    bool plain = *p >= 0x20 && *p != 0x7f && *p != '\\';
    const uint8_t code[3] = {plain ? *p : '\\', (uint8_t)digits[*p >> 4], (uint8_t)digits[*p & 15]};
    for (unsigned k = 0; k < (plain ? 1 : 3); k++, n++)
      if (to != NULL) to[n] = code[k];
  }
  if (to != NULL) to[n] = 0;
  return n;
}

static void add_to_map(const kiln_jit *jit, const struct kn_jit_unit *u) {
  kiln_buffer out = {.allocator = jit->options.allocator};
  for (uint32_t i = 0; i < u->n_funcs; i++) {
    const struct kn_memory_symbol *f = u->symbols + i;
    char head[48];
    int n = snprintf(head, sizeof head, "%llx %llx ", (unsigned long long)f->address,
                     (unsigned long long)f->size);
    const char *name = u->names + f->name;
    size_t length = escape(NULL, name);
    uint8_t *p = kiln_buffer_reserve(&out, (size_t)n + length + 1);
    if (p == NULL) break;
    memcpy(p, head, (size_t)n);
    escape(p + n, name);
    p[(size_t)n + length] = '\n';
    out.size += (size_t)n + length + 1;
  }
  append(&jit->perf->map, out.data, out.size);
  kiln_buffer_free(&out);
}

/* Appends the record of a function's lines, which comes before that of its code; false without memory. */
static bool put_lines(const kiln_session *s, const struct kn_code_func *c, uint64_t address,
                      kiln_buffer *out) {
  const uint32_t end = kn_output_line_end(s->out, c);
  uint64_t n = 0;
  size_t size = sizeof(struct lines);
  for (uint32_t k = c->loc_first; k < end; k++) {
    const struct kn_loc at = s->out->lines.at[k].loc;
    if (at.line == 0) continue;
    size += sizeof(struct line) + escape(NULL, kn_loc_file(&s->sources, at)) + 1;
    n++;
  }
  if (n == 0 || size > UINT32_MAX) return true;
  uint8_t *p = kiln_buffer_reserve(out, size);
  if (p == NULL) return false;
  const struct lines head = {{CODE_LINES, (uint32_t)size, now()}, address, n};
  memcpy(p, &head, sizeof head);
  p += sizeof head;
  for (uint32_t k = c->loc_first; k < end; k++) {
    const struct kn_code_line *at = s->out->lines.at + k;
    if (at->loc.line == 0) continue;
    const struct line line = {address + (at->offset - c->start), at->loc.line, 0};
    memcpy(p, &line, sizeof line);
    p += sizeof line + escape(p + sizeof line, kn_loc_file(&s->sources, at->loc)) + 1;
  }
  out->size += size;
  return true;
}

/* Appends the record of a function's code; false without memory. */
static bool put_code(const kiln_jit *jit, const struct kn_memory_symbol *f, const char *name,
                     kiln_buffer *out) {
  const size_t length = escape(NULL, name) + 1,
               size = sizeof(struct load) + length + (size_t)f->size;
  uint8_t *p = kiln_buffer_reserve(out, size);
  if (p == NULL) return false;
  const struct load head = {{CODE_LOAD, (uint32_t)size, now()},
                            (uint32_t)jit->pid,
                            (uint32_t)syscall(SYS_gettid),
                            f->address,
                            f->address,
                            f->size,
                            jit->perf->index++};
  memcpy(p, &head, sizeof head);
  escape(p + sizeof head, name);
  memcpy(p + sizeof head + length, (const void *)(uintptr_t)f->address, (size_t)f->size);
  out->size += size;
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
  if (p->marker != NULL && jit->foreign) munmap(p->marker, p->page);
  else if (p->marker != NULL) {
    const struct record end = {CODE_CLOSE, sizeof end, now()};
    append(&p->dump, &end, sizeof end);
    munmap(p->marker, p->page);
  }
  if (p->map.path != NULL) kn_jit_realloc(jit, p->map.path, 0);
  if (p->dump.path != NULL) kn_jit_realloc(jit, p->dump.path, 0);
  kn_jit_realloc(jit, p, 0);
  jit->perf = NULL;
}
