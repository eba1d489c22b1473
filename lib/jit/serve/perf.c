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

enum { DUMP_HEAD = 40, LOAD_HEAD = 56, LINES_HEAD = 32, LINE_HEAD = 16 };
enum { CODE_LOAD = 0, CODE_LINES = 2, CODE_CLOSE = 3 };

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
static void append(const struct file *file, const uint8_t *p, size_t size) {
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
  uint8_t head[DUMP_HEAD] = {0}, there[DUMP_HEAD];
  kn_put32(head, 0x4a695444); /* "JiTD" */
  kn_put32(head + 4, 1);
  kn_put32(head + 8, DUMP_HEAD);
  kn_put32(head + 12, kn_elf_machine_number(jit->processor));
  kn_put32(head + 20, (uint32_t)jit->pid);
  kn_put64(head + 24, now());
  if (pread(fd, there, sizeof there, 0) == DUMP_HEAD && memcmp(head, there, 24) == 0) {
    p->index = jit->serial << 32;
    return true;
  }
  if (ftruncate(fd, 0) != 0) return false;
  append(&p->dump, head, sizeof head);
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

static void add_to_map(const kiln_jit *jit, const struct kn_jit_item *u) {
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

/* A function of the unit that has rows of lines, by its address. */
struct lined {
  uint64_t address;
  uint32_t in, session, func;
};

static int by_address(const void *a, const void *b) {
  const struct lined *x = a, *y = b;
  return (x->address > y->address) - (x->address < y->address);
}

/* Functions with rows in ascending order of addresses; NULL: there are none, or there is no memory. */
static struct lined *lined_functions(const struct kn_jit_link *l, uint32_t *n) {
  struct lined *all = NULL;
  uint32_t cap = 0;
  *n = 0;
  for (uint32_t i = 0; i < l->n_in; i++) {
    for (uint32_t s = 0; s < l->in[i].n_sessions; s++) {
      const struct kn_output *o = l->in[i].sessions[s]->out;
      uint64_t base = (uint64_t)(uintptr_t)l->unit->blocks[KN_JIT_CODE].at + l->in[i].code_at[s];
      for (uint32_t k = 0; k < o->funcs.n && o->lines.n != 0; k++) {
        if (*n == cap) {
          cap = cap ? 2 * cap : 16;
          struct lined *more = kn_jit_realloc(l->jit, all, cap * sizeof *all);
          if (more == NULL) {
            if (all != NULL) kn_jit_realloc(l->jit, all, 0);
            return NULL;
          }
          all = more;
        }
        all[(*n)++] = (struct lined){base + o->funcs.at[k].start, i, s, k};
      }
    }
  }
  if (*n > 1) qsort(all, *n, sizeof *all, by_address);
  return all;
}

/* Appends the record of a function's lines, which comes before that of its code; false without memory. */
static bool put_lines(const struct kn_jit_link *l, const struct lined *f, kiln_buffer *out) {
  const kiln_session *s = l->in[f->in].sessions[f->session];
  const struct kn_code_func *c = &s->out->funcs.at[f->func];
  uint32_t end = kn_output_line_end(s->out, c);
  uint64_t n = 0;
  size_t size = LINES_HEAD;
  for (uint32_t k = c->loc_first; k < end; k++) {
    const struct kn_loc at = s->out->lines.at[k].loc;
    if (at.line == 0) continue;
    size += LINE_HEAD + escape(NULL, kn_loc_file(&s->sources, at)) + 1;
    n++;
  }
  if (n == 0 || size > UINT32_MAX) return true;
  uint8_t *p = kiln_buffer_reserve(out, size);
  if (p == NULL) return false;
  kn_put32(p, CODE_LINES);
  kn_put32(p + 4, (uint32_t)size);
  kn_put64(p + 8, now());
  kn_put64(p + 16, f->address);
  kn_put64(p + 24, n);
  p += LINES_HEAD;
  for (uint32_t k = c->loc_first; k < end; k++) {
    const struct kn_loc at = s->out->lines.at[k].loc;
    if (at.line == 0) continue;
    const char *file = kn_loc_file(&s->sources, at);
    kn_put64(p, f->address + (s->out->lines.at[k].offset - c->start));
    kn_put32(p + 8, at.line);
    kn_put32(p + 12, 0); /* discriminator */
    p += LINE_HEAD + escape(p + LINE_HEAD, file) + 1;
  }
  out->size += size;
  return true;
}

static void add_to_dump(const struct kn_jit_link *l) {
  const kiln_jit *jit = l->jit;
  const struct kn_jit_item *u = l->unit;
  kiln_buffer out = {.allocator = jit->options.allocator};
  uint32_t n_lined;
  struct lined *lined = lined_functions(l, &n_lined);
  for (uint32_t i = 0; i < u->n_funcs; i++) {
    const struct kn_memory_symbol *f = u->symbols + i;
    const struct lined key = {.address = f->address},
                       *at = lined ? bsearch(&key, lined, n_lined, sizeof key, by_address) : NULL;
    if (at != NULL && !put_lines(l, at, &out)) break;
    const char *name = u->names + f->name;
    size_t length = escape(NULL, name) + 1, size = LOAD_HEAD + length + (size_t)f->size;
    uint8_t *p = kiln_buffer_reserve(&out, size);
    if (p == NULL) break;
    kn_put32(p, CODE_LOAD);
    kn_put32(p + 4, (uint32_t)size);
    kn_put64(p + 8, now());
    kn_put32(p + 16, (uint32_t)jit->pid);
    kn_put32(p + 20, (uint32_t)syscall(SYS_gettid));
    kn_put64(p + 24, f->address);
    kn_put64(p + 32, f->address);
    kn_put64(p + 40, f->size);
    kn_put64(p + 48, jit->perf->index++);
    escape(p + LOAD_HEAD, name);
    memcpy(p + LOAD_HEAD + length, (const void *)(uintptr_t)f->address, (size_t)f->size);
    out.size += size;
  }
  append(&jit->perf->dump, out.data, out.size);
  kiln_buffer_free(&out);
  if (lined != NULL) kn_jit_realloc(jit, lined, 0);
}

void kn_jit_perf_add(const struct kn_jit_link *l) {
  const kiln_jit *jit = l->jit;
  const struct kn_jit_item *u = l->unit;
  if (jit->perf == NULL || u->n_funcs == 0) return;
  if (jit->perf->map.path != NULL) add_to_map(jit, u);
  if (jit->perf->dump.path != NULL) add_to_dump(l);
}

void kn_jit_perf_close(kiln_jit *jit) {
  struct kn_jit_perf *p = jit->perf;
  if (p == NULL) return;
  if (p->marker != NULL && jit->foreign) munmap(p->marker, p->page);
  else if (p->marker != NULL) {
    uint8_t end[16];
    kn_put32(end, CODE_CLOSE);
    kn_put32(end + 4, sizeof end);
    kn_put64(end + 8, now());
    append(&p->dump, end, sizeof end);
    munmap(p->marker, p->page);
  }
  if (p->map.path != NULL) kn_jit_realloc(jit, p->map.path, 0);
  if (p->dump.path != NULL) kn_jit_realloc(jit, p->dump.path, 0);
  kn_jit_realloc(jit, p, 0);
  jit->perf = NULL;
}
