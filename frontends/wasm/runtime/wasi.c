/* WASI preview 1: the context and what has to do with no file: arguments, environment, clocks, random numbers, waiting.
 * Invariant: nothing outside the module's memory is read or written for a pointer of the module. Offsets in records
 * are those of witx/typenames.witx. */
#define _GNU_SOURCE /* O_PATH */
#include "wasi_state.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* ---- errors ---- */

uint32_t kn_wasi_errno(int error) {
  static const struct {
    int host;
    uint8_t wasi;
  } rows[] = {
    {E2BIG, 1},      {EACCES, 2},
    {EAGAIN, 6},     {EBADF, 8},
    {EBUSY, 10},     {ECHILD, 12},
    {EDEADLK, 16},   {EDQUOT, 19},
    {EEXIST, 20},    {EFAULT, 21},
    {EFBIG, 22},     {EILSEQ, 25},
    {EINTR, 27},     {EINVAL, 28},
    {EIO, 29},       {EISDIR, 31},
    {ELOOP, 32},     {EMFILE, 33},
    {EMLINK, 34},    {EMSGSIZE, 35},
    {ENFILE, 41},    {ENAMETOOLONG, 37},
    {ENODEV, 43},    {ENOENT, 44},
    {ENOEXEC, 45},   {ENOLCK, 46},
    {ENOMEM, 48},    {ENOSPC, 51},
    {ENOSYS, 52},    {ENOTDIR, 54},
    {ENOTEMPTY, 55}, {ENOTSOCK, 57},
    {ENOTSUP, 58},   {ENOTTY, 59},
    {ENXIO, 60},     {EOVERFLOW, 61},
    {EPERM, 63},     {EPIPE, 64},
    {ERANGE, 68},    {EROFS, 69},
    {ESPIPE, 70},    {ESRCH, 71},
    {ESTALE, 72},    {ETIMEDOUT, 73},
    {ETXTBSY, 74},   {EXDEV, 63 /* a path that leads out of its folder */},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (rows[i].host == error) return rows[i].wasi;
  return WASI_EIO;
}

uint32_t kn_wasi_status(ssize_t result) { return result < 0 ? kn_wasi_errno(errno) : WASI_SUCCESS; }

const kiln_wasm_memory *kn_wasi_begin(kiln_wasi *w) {
  const kiln_wasm_memory *before = w->memory;
  const kiln_wasmrt_instance *caller = kiln_wasmrt_caller();
  w->memory = caller != NULL ? caller->memory : w->outside;
  return before;
}

/* ---- descriptors ---- */

uint8_t kn_wasi_mode_type(mode_t mode) {
  switch (mode & S_IFMT) {
  case S_IFBLK: return TYPE_BLOCK;
  case S_IFCHR: return TYPE_CHARACTER;
  case S_IFDIR: return TYPE_DIRECTORY;
  case S_IFREG: return TYPE_REGULAR;
  case S_IFSOCK: return TYPE_STREAM;
  case S_IFLNK: return TYPE_LINK;
  default: return TYPE_UNKNOWN;
  }
}

uint8_t kn_wasi_type(int host) {
  struct stat st;
  return fstat(host, &st) == 0 ? kn_wasi_mode_type(st.st_mode) : TYPE_UNKNOWN;
}

uint32_t kn_wasi_fd(kiln_wasi *w, uint32_t number, uint64_t rights, struct wasi_fd **fd) {
  if (number >= w->n_fds || w->fds[number].host < 0) return WASI_EBADF;
  *fd = w->fds + number;
  return ((*fd)->rights & rights) == rights ? WASI_SUCCESS : WASI_ENOTCAPABLE;
}

uint32_t kn_wasi_add(kiln_wasi *w, int host, uint64_t rights, uint64_t inheriting,
                     uint32_t *number) {
  uint32_t i = 0;
  while (i < w->n_fds && w->fds[i].host >= 0) i++;
  if (i >= w->options.max_descriptors) {
    close(host);
    return WASI_EMFILE;
  }
  if (i == w->n_fds) {
    uint32_t n = w->n_fds < 8 ? 8 : 2 * w->n_fds;
    struct wasi_fd *more = realloc(w->fds, n * sizeof *more);
    if (more == NULL) {
      close(host);
      return WASI_ENOMEM;
    }
    for (uint32_t j = w->n_fds; j < n; j++) more[j] = (struct wasi_fd){.host = -1};
    w->fds = more;
    w->n_fds = n;
  }
  w->fds[i] = (struct wasi_fd){.host = host,
                               .type = kn_wasi_type(host),
                               .nonblock = (fcntl(host, F_GETFL) & O_NONBLOCK) != 0,
                               .rights = rights,
                               .inheriting = inheriting};
  *number = i;
  return WASI_SUCCESS;
}

/* ---- the context ---- */

static void free_texts(const char *const *texts, size_t n) {
  for (size_t i = 0; i < n && texts != NULL; i++) free((char *)(uintptr_t)texts[i]);
  free((void *)(uintptr_t)texts);
}

/* A copy, or NULL. */
static const char *const *copy_texts(const char *const *texts, size_t n) {
  const char **copy = calloc(n + 1, sizeof *copy);
  for (size_t i = 0; i < n && copy != NULL; i++) {
    copy[i] = strdup(texts[i]);
    if (copy[i] != NULL) continue;
    free_texts(copy, n);
    return NULL;
  }
  return copy;
}

/* A standard stream. One that the process does not have, the module does not have either: its number stays free. */
static bool add_stream(kiln_wasi *w, int number) {
  const kiln_wasi_stream *s = &w->options.streams[number];
  int from = s->kind == KILN_WASI_STREAM_DESCRIPTOR ? s->descriptor : number, copy = -1;
  uint32_t added;
  if (s->kind == KILN_WASI_STREAM_INHERIT || s->kind == KILN_WASI_STREAM_DESCRIPTOR)
    copy = fcntl(from, F_DUPFD_CLOEXEC, 3);
  if (copy < 0) copy = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (copy < 0 || kn_wasi_add(w, copy, RIGHTS_STREAM, 0, &added) != WASI_SUCCESS) return false;
  struct wasi_fd *fd = w->fds + added;
  fd->stream = true;
  if (s->kind == KILN_WASI_STREAM_CALLBACK) fd->transfer = s;
  /* A module takes a character device without position for a terminal. */
  if (fd->type == TYPE_CHARACTER && !isatty(copy)) fd->type = TYPE_UNKNOWN;
  return true;
}

static bool add_dir(kiln_wasi *w, const kiln_wasi_dir *d) {
  int host = open(d->host, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  uint32_t number;
  if (host < 0 ||
      kn_wasi_add(w, host, RIGHTS_DIR, RIGHTS_DIR | RIGHTS_FILE, &number) != WASI_SUCCESS)
    return false;
  w->fds[number].guest = strdup(d->guest);
  return w->fds[number].guest != NULL;
}

/* Do the options say nothing that this version does not know? */
static bool is_known(const kiln_wasi_options *o) {
  uint64_t unknown = 0;
  for (size_t i = 0; i < sizeof o->reserved / sizeof *o->reserved; i++) unknown |= o->reserved[i];
  for (size_t i = 0; i < 3; i++) unknown |= o->streams[i].reserved[0] | o->streams[i].reserved[1];
  for (uint32_t i = 0; i < o->n_dirs; i++)
    unknown |= o->dirs[i].reserved[0] | o->dirs[i].reserved[1];
  if (unknown != 0) errno = EINVAL;
  return unknown == 0;
}

kiln_wasi *kiln_wasi_new(const kiln_wasi_options *o, uint32_t *failed) {
  uint32_t bad = o->n_dirs;
  kiln_wasi *w = calloc(1, sizeof *w);
  bool ok = w != NULL && is_known(o);
  if (ok) {
    w->options = *o;
    if (o->max_descriptors == 0) w->options.max_descriptors = 1024;
    w->options.dirs = NULL;
    w->options.args = copy_texts(o->args, o->n_args);
    w->options.env = copy_texts(o->env, o->n_env);
    ok = w->options.args != NULL && w->options.env != NULL;
  }
  for (int host = 0; host < 3 && ok; host++) ok = add_stream(w, host);
  for (uint32_t i = 0; i < o->n_dirs && ok; i++) {
    ok = add_dir(w, o->dirs + i);
    if (!ok) bad = i;
  }
  if (failed != NULL) *failed = bad;
  if (ok) return w;
  int error = errno;
  kiln_wasi_free(w);
  errno = error;
  return NULL;
}

void kiln_wasi_free(kiln_wasi *w) {
  if (w == NULL) return;
  for (uint32_t i = 0; i < w->n_fds; i++) {
    if (w->fds[i].host >= 0) close(w->fds[i].host);
    free(w->fds[i].guest);
  }
  free(w->fds);
  free_texts(w->options.args, w->options.n_args);
  free_texts(w->options.env, w->options.n_env);
  free(w);
}

/* ---- arguments and environment ---- */

static uint32_t texts_get(kiln_wasi *w, const char *const *texts, size_t n, uint32_t pointers,
                          uint32_t bytes) {
  for (size_t i = 0; i < n; i++) {
    uint32_t size = (uint32_t)strlen(texts[i]) + 1;
    void *to = kn_wasi_at(w, bytes, size);
    if (to == NULL || !kn_wasi_store32(w, pointers, bytes)) return WASI_EFAULT;
    memcpy(to, texts[i], size);
    pointers += 4;
    bytes += size;
  }
  return WASI_SUCCESS;
}

static uint32_t texts_sizes_get(kiln_wasi *w, const char *const *texts, size_t n, uint32_t count,
                                uint32_t bytes) {
  size_t total = 0;
  for (size_t i = 0; i < n; i++) total += strlen(texts[i]) + 1;
  if (total > INT32_MAX) return kn_wasi_errno(EOVERFLOW);
  return kn_wasi_store32(w, count, (uint32_t)n) && kn_wasi_store32(w, bytes, (uint32_t)total)
           ? WASI_SUCCESS
           : WASI_EFAULT;
}

static uint32_t args_get(kiln_wasi *w, uint32_t pointers, uint32_t bytes) {
  return texts_get(w, w->options.args, w->options.n_args, pointers, bytes);
}

static uint32_t args_sizes_get(kiln_wasi *w, uint32_t count, uint32_t bytes) {
  return texts_sizes_get(w, w->options.args, w->options.n_args, count, bytes);
}

static uint32_t environ_get(kiln_wasi *w, uint32_t pointers, uint32_t bytes) {
  return texts_get(w, w->options.env, w->options.n_env, pointers, bytes);
}

static uint32_t environ_sizes_get(kiln_wasi *w, uint32_t count, uint32_t bytes) {
  return texts_sizes_get(w, w->options.env, w->options.n_env, count, bytes);
}

/* ---- clocks, random numbers, the process ---- */

static const clockid_t clocks[] = {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME_ID,
                                   CLOCK_THREAD_CPUTIME_ID};

static uint64_t nanoseconds(const struct timespec *t) {
  return (uint64_t)t->tv_sec * 1000000000 + (uint64_t)t->tv_nsec;
}

static uint32_t clock_res_get(kiln_wasi *w, uint32_t id, uint32_t out) {
  struct timespec t;
  if (id >= sizeof clocks / sizeof *clocks) return WASI_EINVAL;
  if (clock_getres(clocks[id], &t) != 0) return kn_wasi_errno(errno);
  return kn_wasi_store64(w, out, nanoseconds(&t)) ? WASI_SUCCESS : WASI_EFAULT;
}

static uint32_t clock_time_get(kiln_wasi *w, uint32_t id, uint64_t precision, uint32_t out) {
  struct timespec t;
  (void)precision; /* as exact as can be */
  if (id >= sizeof clocks / sizeof *clocks) return WASI_EINVAL;
  if (clock_gettime(clocks[id], &t) != 0) return kn_wasi_errno(errno);
  return kn_wasi_store64(w, out, nanoseconds(&t)) ? WASI_SUCCESS : WASI_EFAULT;
}

static uint32_t random_get(kiln_wasi *w, uint32_t at, uint32_t size) {
  uint8_t *to = kn_wasi_at(w, at, size);
  if (to == NULL) return WASI_EFAULT;
  while (size > 0) {
    kn_wasi_look(w);
    ssize_t n = getrandom(to, size < KN_PIECE_BYTES ? size : KN_PIECE_BYTES, 0);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return kn_wasi_errno(errno);
    to += n;
    size -= (uint32_t)n;
  }
  return WASI_SUCCESS;
}

static uint32_t proc_raise(kiln_wasi *w, uint32_t signal) {
  (void)w;
  (void)signal;
  return WASI_ENOTSUP;
}

/* ---- waiting ---- */

enum {
  SUBSCRIPTION_BYTES = 48,
  EVENT_BYTES = 32,
  EVENT_CLOCK = 0,
  EVENT_READ = 1,
  EVENT_WRITE = 2,
  MOST_SUBSCRIPTIONS = 65536
};

/* A subscription, and what became of it. */
struct wait {
  uint64_t userdata, deadline; /* CLOCK: of the monotonic clock */
  uint8_t tag;
  uint32_t error;
  int poll; /* READ, WRITE: index in the array for poll, or -1 */
  bool done;
};

static uint64_t now(clockid_t clock) {
  struct timespec t = {0};
  clock_gettime(clock, &t);
  return nanoseconds(&t);
}

/* The deadline of a clock subscription by the monotonic clock. */
static void read_clock(struct wait *s, const uint8_t *from) {
  uint32_t id;
  uint64_t timeout, base = now(CLOCK_MONOTONIC);
  uint16_t flags;
  memcpy(&id, from + 16, sizeof id);
  memcpy(&timeout, from + 24, sizeof timeout);
  memcpy(&flags, from + 40, sizeof flags);
  if (id >= sizeof clocks / sizeof *clocks) {
    s->error = WASI_EINVAL;
  } else if (id >= 2) {
    s->error = WASI_ENOTSUP;
  } else if (flags & 1) { /* absolute */
    uint64_t there = now(clocks[id]);
    timeout = timeout > there ? timeout - there : 0;
  }
  s->deadline = base + timeout < base ? UINT64_MAX : base + timeout;
}

static void read_subscription(kiln_wasi *w, struct wait *s, struct pollfd *polls, nfds_t *n,
                              const uint8_t *from) {
  memcpy(&s->userdata, from, sizeof s->userdata);
  s->tag = from[8];
  s->poll = -1;
  if (s->tag == EVENT_CLOCK) {
    read_clock(s, from);
  } else if (s->tag <= EVENT_WRITE) {
    uint32_t number;
    struct wasi_fd *fd;
    memcpy(&number, from + 16, sizeof number);
    s->error = kn_wasi_fd(w, number, 0, &fd);
    if (s->error != WASI_SUCCESS) return;
    s->poll = (int)*n;
    polls[(*n)++] =
      (struct pollfd){.fd = fd->host, .events = s->tag == EVENT_READ ? POLLIN : POLLOUT};
  } else {
    s->error = WASI_EINVAL;
  }
}

/* Takes what has made the store's file readable: whether that is an interruption. One that was taken before it did so
 * leaves it readable. */
static bool interrupts(const kiln_wasi *w, const struct pollfd *file) {
  uint64_t count;
  if (file->revents != 0 && read(file->fd, &count, sizeof count) < 0) errno = 0;
  return w->store != NULL && kn_interrupted(w->store);
}

/* Waits until something happens; for ever if nothing can, as poll does. The last of `polls` is the store's file. */
static uint32_t wait_for(const kiln_wasi *w, struct wait *waits, size_t n, struct pollfd *polls,
                         nfds_t n_polls) {
  uint64_t first = UINT64_MAX;
  bool ready = false;
  for (size_t i = 0; i < n; i++) {
    if (waits[i].error != WASI_SUCCESS) ready = true;
    if (waits[i].tag == EVENT_CLOCK && waits[i].error == WASI_SUCCESS && waits[i].deadline < first)
      first = waits[i].deadline;
  }
  for (bool again = true; again;) {
    uint64_t t = now(CLOCK_MONOTONIC), left = ready || first <= t ? 0 : first - t;
    struct timespec span = {.tv_sec = (time_t)(left / 1000000000),
                            .tv_nsec = (long)(left % 1000000000)};
    int got = ppoll(polls, n_polls, !ready && first == UINT64_MAX ? NULL : &span, NULL);
    if (got < 0 && errno != EINTR) return kn_wasi_errno(errno);
    again = got < 0 || (got == 1 && polls[n_polls - 1].revents != 0);
    if (got > 0 && interrupts(w, polls + n_polls - 1)) return WASI_SUCCESS;
  }
  uint64_t t = now(CLOCK_MONOTONIC);
  for (size_t i = 0; i < n; i++) {
    struct wait *s = waits + i;
    s->done =
      s->error != WASI_SUCCESS || (s->poll >= 0 ? polls[s->poll].revents != 0 : s->deadline <= t);
  }
  return WASI_SUCCESS;
}

void kn_wasi_wait(kiln_wasi *w, int host, short events) {
  if (w->store == NULL || w->store->wake_fd < 0) return;
  struct pollfd polls[2] = {{.fd = host, .events = events},
                            {.fd = w->store->wake_fd, .events = POLLIN}};
  do {
    kn_look(w->store);
    int got = poll(polls, 2, -1);
    if (got < 0 && errno != EINTR) return;
    if (got > 0 && interrupts(w, polls + 1)) kn_interrupt_trap(w->store);
  } while (polls[0].revents == 0);
}

static void write_event(uint8_t *to, const struct wait *s, const struct pollfd *polls) {
  uint16_t error = (uint16_t)s->error, hangup;
  uint64_t bytes = 1;
  memset(to, 0, EVENT_BYTES);
  memcpy(to, &s->userdata, sizeof s->userdata);
  memcpy(to + 8, &error, sizeof error);
  to[10] = s->tag;
  if (s->poll < 0) return;
  hangup = (polls[s->poll].revents & POLLHUP) != 0;
  memcpy(to + 16, &bytes, sizeof bytes);
  memcpy(to + 24, &hangup, sizeof hangup);
}

/* Reads all subscriptions: false if the store is interrupted. */
static bool read_subscriptions(kiln_wasi *w, struct wait *waits, uint32_t n, struct pollfd *polls,
                               nfds_t *n_polls, const uint8_t *from) {
  enum { PIECE = 1024 }; /* each asks for the time up to three times */
  for (uint32_t i = 0; i < n; i++) {
    if (i % PIECE == 0 && w->store != NULL && kn_interrupted(w->store)) return false;
    read_subscription(w, waits + i, polls, n_polls, from + (size_t)i * SUBSCRIPTION_BYTES);
  }
  return true;
}

static uint32_t poll_oneoff(kiln_wasi *w, uint32_t in, uint32_t out, uint32_t n, uint32_t count) {
  const uint8_t *from = kn_wasi_at(w, in, (uint64_t)n * SUBSCRIPTION_BYTES);
  uint8_t *to = kn_wasi_at(w, out, (uint64_t)n * EVENT_BYTES);
  if (n == 0) return WASI_EINVAL;
  if (from == NULL || to == NULL) return WASI_EFAULT;
  if (n > MOST_SUBSCRIPTIONS) return kn_wasi_errno(ENOMEM);
  struct wait *waits = calloc(n, sizeof *waits);
  struct pollfd *polls = calloc(n + 1u, sizeof *polls);
  nfds_t n_polls = 0;
  uint32_t events = 0, error = WASI_ENOMEM;
  if (waits != NULL && polls != NULL && read_subscriptions(w, waits, n, polls, &n_polls, from)) {
    polls[n_polls] =
      (struct pollfd){.fd = w->store != NULL ? w->store->wake_fd : -1, .events = POLLIN};
    error = wait_for(w, waits, n, polls, n_polls + 1);
    for (uint32_t i = 0; i < n && error == WASI_SUCCESS; i++)
      if (waits[i].done) write_event(to + (size_t)events++ * EVENT_BYTES, waits + i, polls);
  }
  free(waits);
  free(polls);
  kn_wasi_look(w);
  if (error != WASI_SUCCESS) return error;
  return kn_wasi_store32(w, count, events) ? WASI_SUCCESS : WASI_EFAULT;
}

/* ---- sockets: none ---- */

static uint32_t no_socket(kiln_wasi *w, uint32_t number) {
  struct wasi_fd *fd;
  uint32_t error = kn_wasi_fd(w, number, 0, &fd);
  return error != WASI_SUCCESS ? error : WASI_ENOTSOCK;
}

static uint32_t sock_accept(kiln_wasi *w, uint32_t fd, uint32_t flags, uint32_t out) {
  (void)flags;
  (void)out;
  return no_socket(w, fd);
}

static uint32_t sock_recv(kiln_wasi *w, uint32_t fd, uint32_t iovs, uint32_t n, uint32_t flags,
                          uint32_t size, uint32_t out) {
  (void)iovs;
  (void)n;
  (void)flags;
  (void)size;
  (void)out;
  return no_socket(w, fd);
}

static uint32_t sock_send(kiln_wasi *w, uint32_t fd, uint32_t iovs, uint32_t n, uint32_t flags,
                          uint32_t size) {
  (void)iovs;
  (void)n;
  (void)flags;
  (void)size;
  return no_socket(w, fd);
}

static uint32_t sock_shutdown(kiln_wasi *w, uint32_t fd, uint32_t how) {
  (void)how;
  return no_socket(w, fd);
}

/* ---- the functions of this file ---- */

/* Their names and parameters. */
#define FUNCS(F)                                                                                   \
  F(args_get, ii)                                                                                  \
  F(args_sizes_get, ii)                                                                            \
  F(environ_get, ii)                                                                               \
  F(environ_sizes_get, ii)                                                                         \
  F(clock_res_get, ii)                                                                             \
  F(clock_time_get, iIi)                                                                           \
  F(poll_oneoff, iiii)                                                                             \
  F(proc_raise, i)                                                                                 \
  F(random_get, ii)                                                                                \
  F(sock_accept, iii)                                                                              \
  F(sock_recv, iiiiii)                                                                             \
  F(sock_send, iiiii)                                                                              \
  F(sock_shutdown, ii)

FUNCS(WASI_CALL)

static kiln_wasm_exn *sched_yield_call(void *w, kiln_wasm_value *v) {
  (void)w;
  v[0].i32 = kn_wasi_status(sched_yield());
  return NULL;
}

static kiln_wasm_exn *proc_exit_call(void *w, kiln_wasm_value *v) {
  (void)w;
  kiln_wasmrt_exit(v[0].i32);
}

static const struct wasi_func funcs[] = {
  FUNCS(WASI_ROW){"sched_yield", ":i", sched_yield_call}, {"proc_exit", "i:", proc_exit_call}, {0}};

bool kiln_wasi_define(kiln_wasi *w, kiln_wasmrt_store *store) {
  const struct wasi_func *const tables[] = {funcs, kn_wasi_fd_funcs, kn_wasi_path_funcs};
  if (store->wake_fd < 0) store->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  w->store = store;
  for (size_t t = 0; t < sizeof tables / sizeof *tables; t++)
    for (const struct wasi_func *f = tables[t]; f->name != NULL; f++)
      if (!kiln_wasmrt_define_func(store, "wasi_snapshot_preview1", f->name, f->signature, f->call,
                                   w))
        return false;
  return true;
}

kiln_wasmrt_status kiln_wasi_start(kiln_wasmrt_store *store, const kiln_wasmrt_instance *instance,
                                   kiln_wasmrt_error *error) {
  const kiln_wasm_func *command = kiln_wasmrt_lookup_func(instance, "_start"),
                       *reactor = kiln_wasmrt_lookup_func(instance, "_initialize");
  error->status = KILN_WASMRT_OK;
  error->n_frames = 0;
  error->message[0] = 0;
  if (command != NULL && reactor != NULL)
    kn_error(error, KILN_WASMRT_LINK, "the module exports _start and _initialize");
  else if (command != NULL || reactor != NULL)
    kiln_wasmrt_call_typed(store, command != NULL ? command : reactor, NULL, 0, NULL, 0, error);
  return error->status;
}

void kiln_wasi_set_instance(kiln_wasi *w, const kiln_wasmrt_instance *instance) {
  w->outside = instance->memory;
}
