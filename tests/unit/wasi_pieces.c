/* WASI's transfers of many bytes: in pieces, and an interruption ends them. The system functions that they call are
 * defined here: they count the pieces, and one of the calls requests the interruption. */
#define _GNU_SOURCE
#include "../../frontends/wasm/runtime/wasi_state.h"

#include <fcntl.h>
#include "unit.h"
#include <sys/random.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { PIECE = 1 << 20, SIZE = 8 * PIECE, OUT = 64, SECOND = 3 };

static struct {
  kiln_wasi *wasi;
  kiln_wasmrt_store *store;
  kiln_wasm_memory memory;
  uint8_t *bytes, *content;
  unsigned pieces, interrupt_at; /* 0: at none */
  int host;
  uint32_t fd;
  char path[64];
} t;

/* ---- the system ---- */

static void count(size_t bytes) {
  if (bytes > PIECE) fail_msg("a piece of %zu bytes", bytes);
  if (++t.pieces == t.interrupt_at) kiln_wasmrt_interrupt(t.store);
}

static void count_vectors(const struct iovec *v, int n) {
  size_t bytes = 0;
  for (int i = 0; i < n; i++) bytes += v[i].iov_len;
  count(bytes);
}

ssize_t readv(int fd, const struct iovec *v, int n) {
  count_vectors(v, n);
  return syscall(SYS_readv, fd, v, n);
}

ssize_t writev(int fd, const struct iovec *v, int n) {
  count_vectors(v, n);
  return syscall(SYS_writev, fd, v, n);
}

ssize_t preadv(int fd, const struct iovec *v, int n, off_t offset) {
  count_vectors(v, n);
  return syscall(SYS_preadv, fd, v, n, offset, 0);
}

ssize_t pwritev(int fd, const struct iovec *v, int n, off_t offset) {
  count_vectors(v, n);
  return syscall(SYS_pwritev, fd, v, n, offset, 0);
}

ssize_t getrandom(void *to, size_t size, unsigned flags) {
  count(size);
  return syscall(SYS_getrandom, to, size, flags);
}

/* The host's stream: a file. */
static int64_t transfer(void *user, void *bytes, size_t n) {
  (void)user;
  count(n);
  return pwrite(t.host, bytes, n, (off_t)(t.pieces - 1) * PIECE);
}

/* ---- calls ---- */

/* A function of WASI and its arguments. */
struct call {
  const struct wasi_func *table;
  const char *name;
  kiln_wasm_value v[10];
};

static void run(void *user) {
  struct call *c = user;
  const struct wasi_func *f = c->table;
  while (f->name != NULL && strcmp(f->name, c->name) != 0) f++;
  f->call(t.wasi, c->v);
}

static kiln_wasmrt_error call(struct call *c) {
  kiln_wasmrt_error e;
  t.pieces = 0;
  kiln_wasmrt_protect(t.store, run, c, &e);
  return e;
}

static bool interrupted(struct call *c) {
  kiln_wasmrt_error e = call(c);
  return e.status == KILN_WASMRT_TRAP && e.trap == KILN_WASM_TRAP_INTERRUPT;
}

static void put_vectors(uint32_t at, const uint32_t *words, size_t bytes) {
  memcpy(t.bytes + at, words, bytes);
}

/* All bytes but the first 4,096: four vectors, none of which begins or ends with a piece. */
enum { VECTORS = 1024, FROM = 4096, FIRST = 3 * PIECE / 2 + 1, N_VECTORS = 4 };
static const uint32_t vectors[] = {FROM,         FIRST, FROM + FIRST,     0,
                                   FROM + FIRST, 4,     FROM + FIRST + 4, SIZE - FIRST - 4};

static struct call row(const char *name, uint64_t third) {
  struct call c = {kn_wasi_fd_funcs, name, {{0}}};
  uint64_t args[] = {t.fd, VECTORS, N_VECTORS, third, OUT};
  for (int i = 0; i < 5; i++) c.v[i].i64 = args[i];
  return c;
}

static int set_up(void **state) {
  (void)state;
  kiln_wasi_options o = {.streams = {{.kind = KILN_WASI_STREAM_NULL},
                                     {.kind = KILN_WASI_STREAM_CALLBACK, .transfer = transfer},
                                     {.kind = KILN_WASI_STREAM_NULL}}};
  memset(&t, 0, sizeof t);
  t.bytes = calloc(1, SIZE + FROM);
  t.content = malloc(SIZE);
  t.store = kiln_wasmrt_store_new(NULL);
  t.wasi = kiln_wasi_new(&o, NULL);
  strcpy(t.path, "/tmp/kiln-wasi-XXXXXX");
  t.host = mkstemp(t.path);
  if (t.bytes == NULL || t.content == NULL || t.wasi == NULL || t.host < 0) return -1;
  for (size_t i = 0; i < SIZE; i++) t.content[i] = (uint8_t)(i * 2654435761 >> 13);
  t.memory = (kiln_wasm_memory){.base = t.bytes, .size_bytes = SIZE + FROM};
  t.wasi->outside = &t.memory;
  put_vectors(VECTORS, vectors, sizeof vectors);
  bool ok = kiln_wasi_define(t.wasi, t.store);
  t.store->interruptible = true;
  return ok && kn_wasi_add(t.wasi, dup(t.host), RIGHTS_FILE, 0, &t.fd) == WASI_SUCCESS ? 0 : -1;
}

static int tear_down(void **state) {
  (void)state;
  kiln_wasmrt_store_free(t.store);
  kiln_wasi_free(t.wasi);
  close(t.host);
  unlink(t.path);
  free(t.bytes);
  free(t.content);
  return 0;
}

/* ---- tests ---- */

/* Without an interruption all bytes are transferred; with one in the third piece, that is the last. */
static void check(struct call c, bool reads, size_t offset) {
  const struct call again = c;
  uint32_t done;
  memset(t.bytes + FROM, 0, SIZE);
  if (reads) assert_int_equal(pwrite(t.host, t.content, SIZE, (off_t)offset), SIZE);
  else memcpy(t.bytes + FROM, t.content, SIZE);
  lseek(t.host, 0, SEEK_SET);
  assert_int_equal(call(&c).status, KILN_WASMRT_OK);
  assert_int_equal(c.v[0].i32, WASI_SUCCESS);
  assert_int_equal(t.pieces, SIZE / PIECE);
  memcpy(&done, t.bytes + OUT, sizeof done);
  assert_int_equal(done, SIZE);
  if (!reads) {
    memset(t.bytes + FROM, 0, SIZE);
    assert_int_equal(pread(t.host, t.bytes + FROM, SIZE, (off_t)offset), SIZE);
  }
  assert_memory_equal(t.bytes + FROM, t.content, SIZE);
  t.interrupt_at = SECOND;
  c = again;
  lseek(t.host, 0, SEEK_SET);
  assert_true(interrupted(&c));
  assert_int_equal(t.pieces, SECOND);
  t.interrupt_at = 0;
}

CASE(test_files) {
  check(row("fd_read", OUT), true, 0);
  assert_int_equal(lseek(t.host, 0, SEEK_CUR), SECOND * PIECE);
  check(row("fd_write", OUT), false, 0);
  assert_int_equal(lseek(t.host, 0, SEEK_CUR), SECOND * PIECE);
  check(row("fd_pread", 5), true, 5);
  check(row("fd_pwrite", 5), false, 5);
}

CASE(test_stream) {
  uint32_t whole[] = {FROM, SIZE};
  struct call c = row("fd_write", OUT);
  c.v[0].i64 = 1;
  c.v[2].i64 = 1;
  put_vectors(VECTORS, whole, sizeof whole);
  check(c, false, 0);
}

/* The end of a file is a short piece, and the last. */
CASE(test_end) {
  struct call c = row("fd_pread", 0);
  uint32_t done;
  assert_int_equal(ftruncate(t.host, PIECE + 7), 0);
  assert_int_equal(call(&c).status, KILN_WASMRT_OK);
  memcpy(&done, t.bytes + OUT, sizeof done);
  assert_int_equal(done, PIECE + 7);
  assert_int_equal(t.pieces, 2);
}

/* What the system knows no file for is read once: the next read might have to wait. */
CASE(test_device) {
  uint32_t done;
  assert_int_equal(kn_wasi_add(t.wasi, open("/dev/zero", O_RDONLY), RIGHTS_FILE, 0, &t.fd), 0);
  struct call c = row("fd_read", OUT);
  assert_int_equal(call(&c).status, KILN_WASMRT_OK);
  memcpy(&done, t.bytes + OUT, sizeof done);
  assert_int_equal(done, PIECE);
  assert_int_equal(t.pieces, 1);
}

/* A function that is in no table of its file's. */
static const struct wasi_func *find(const char *function, const char *signature) {
  kiln_wasm_name module = {"wasi_snapshot_preview1", 22}, name = {function, strlen(function)};
  static struct wasi_func rows[2];
  const kiln_wasm_func *f = kn_store_find(t.store, module, name)->address;
  rows[0] = (struct wasi_func){function, signature, ((struct kn_host *)f->user)->fn};
  return rows;
}

CASE(test_random) {
  struct call c = {find("random_get", "ii:i"), "random_get", {{.i32 = FROM}, {.i32 = SIZE}}},
              again = c;
  assert_int_equal(call(&c).status, KILN_WASMRT_OK);
  assert_int_equal(t.pieces, SIZE / PIECE);
  t.interrupt_at = SECOND;
  assert_true(interrupted(&again));
  assert_int_equal(t.pieces, SECOND);
}

/* The rest looks before it begins, and each time it asks the system. */
CASE(test_folder) {
  assert_int_equal(kn_wasi_add(t.wasi, open("/", O_RDONLY), RIGHTS_DIR, 0, &t.fd), 0);
  struct call c = {kn_wasi_fd_funcs,
                   "fd_readdir",
                   {{.i32 = t.fd}, {.i32 = FROM}, {.i32 = SIZE}, {0}, {.i32 = OUT}}};
  struct call again = c;
  kiln_wasmrt_interrupt(t.store);
  assert_true(interrupted(&c));
  assert_int_equal(call(&again).status, KILN_WASMRT_OK);
}

/* One record after another. */
static void put_clock(uint32_t at, uint64_t nanoseconds) {
  uint32_t id = 1; /* the monotonic clock */
  memset(t.bytes + at, 0, 48);
  memcpy(t.bytes + at + 16, &id, sizeof id);
  memcpy(t.bytes + at + 24, &nanoseconds, sizeof nanoseconds);
}

/* The store's file is readable, but the interruption was taken before: nothing but the clock ends the waiting. */
CASE(test_taken) {
  const uint64_t one = 1;
  uint32_t events;
  struct call c = {find("poll_oneoff", "iiii:i"),
                   "poll_oneoff",
                   {{.i32 = FROM}, {.i32 = 2 * FROM}, {.i32 = 1}, {.i32 = OUT}}};
  struct call again = c;
  put_clock(FROM, 1000000);
  assert_int_equal(write(t.store->wake_fd, &one, sizeof one), sizeof one);
  assert_int_equal(call(&c).status, KILN_WASMRT_OK);
  assert_int_equal(c.v[0].i32, WASI_SUCCESS);
  memcpy(&events, t.bytes + OUT, sizeof events);
  assert_int_equal(events, 1);
  put_clock(FROM, UINT64_MAX / 4);
  kiln_wasmrt_interrupt(t.store);
  assert_true(interrupted(&again));
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(test_files, set_up, tear_down),
    cmocka_unit_test_setup_teardown(test_stream, set_up, tear_down),
    cmocka_unit_test_setup_teardown(test_end, set_up, tear_down),
    cmocka_unit_test_setup_teardown(test_device, set_up, tear_down),
    cmocka_unit_test_setup_teardown(test_random, set_up, tear_down),
    cmocka_unit_test_setup_teardown(test_folder, set_up, tear_down),
    cmocka_unit_test_setup_teardown(test_taken, set_up, tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
