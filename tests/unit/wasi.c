/* WASI by itself: functions are called as a module calls them, with a memory of the test. Paths are tried as the system
 * resolves them (openat2) and component by component. */
#include "../../frontends/wasm/runtime/wasi_state.h"

#include <errno.h>
#include <fcntl.h>
#include "unit.h"
#include <sys/stat.h>
#include <unistd.h>

enum { PATH = 1024, OTHER = 2048, OUT = 4096, DIR = 3 };

static struct {
  kiln_wasi *wasi;
  uint8_t bytes[65536];
  kiln_wasm_memory memory;
  char outside[64], inside[96];
} t;

/* ---- calls ---- */

static uint32_t call(const struct wasi_func *table, const char *name, const uint64_t *args) {
  kiln_wasm_value v[10] = {{0}};
  for (int i = 0; i < 10; i++) v[i].i64 = args[i];
  for (; table->name != NULL; table++) {
    if (strcmp(table->name, name) != 0) continue;
    table->call(t.wasi, v);
    return v[0].i32;
  }
  fail_msg("no function %s", name);
  return 0;
}

#define ARGS(...) ((const uint64_t[10]){__VA_ARGS__})
#define FD(name, ...) call(kn_wasi_fd_funcs, #name, ARGS(__VA_ARGS__))
#define AT(name, ...) call(kn_wasi_path_funcs, #name, ARGS(__VA_ARGS__))

static uint64_t put(uint32_t at, const char *text) {
  memcpy(t.bytes + at, text, strlen(text));
  return strlen(text);
}

static uint32_t word(uint32_t at) {
  uint32_t w;
  memcpy(&w, t.bytes + at, sizeof w);
  return w;
}

/* path_open with all rights: the error. The descriptor is at OUT. */
static uint32_t open_path(const char *path, uint64_t lookup, uint64_t oflags) {
  uint64_t n = put(PATH, path);
  return AT(path_open, DIR, lookup, PATH, n, oflags,
            UINT64_MAX & ~(oflags & 2 ? RIGHT_FD_WRITE : RIGHT_FD_READDIR), 0, 0, OUT);
}

static void make(const char *folder, const char *name, const char *text) {
  char path[256];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *f = fopen(path, "w");
  assert_non_null(f);
  fputs(text, f);
  fclose(f);
}

static int set_up(void **state) {
  (void)state;
  strcpy(t.outside, "/tmp/kiln-wasi-XXXXXX");
  if (mkdtemp(t.outside) == NULL) return -1;
  snprintf(t.inside, sizeof t.inside, "%s/in", t.outside);
  make(t.outside, "secret", "s");
  if (mkdir(t.inside, 0700) != 0) return -1;
  make(t.inside, "file", "content");
  static const char *const args[] = {"program", "one"}, *const env[] = {"A=b"};
  kiln_wasi_dir dir = {.host = t.inside, .guest = "/"};
  kiln_wasi_options o = {
    .args = args, .n_args = 2, .env = env, .n_env = 1, .dirs = &dir, .n_dirs = 1};
  t.wasi = kiln_wasi_new(&o, NULL);
  t.memory = (kiln_wasm_memory){.base = t.bytes, .size_bytes = sizeof t.bytes};
  if (t.wasi != NULL) t.wasi->outside = &t.memory;
  return t.wasi == NULL;
}

static int set_up_walk(void **state) {
  int bad = set_up(state);
  if (!bad) t.wasi->no_openat2 = true;
  return bad;
}

static int tear_down(void **state) {
  char command[128];
  (void)state;
  kiln_wasi_free(t.wasi);
  snprintf(command, sizeof command, "rm -rf %s", t.outside);
  return system(command);
}

static void link_to(const char *target, const char *name) {
  char path[256];
  snprintf(path, sizeof path, "%s/%s", t.inside, name);
  assert_int_equal(symlink(target, path), 0);
}

/* ---- the sandbox ---- */

static const char *const escapes[] = {"..",
                                      "../",
                                      "../secret",
                                      "/etc/passwd",
                                      "//etc/passwd",
                                      "/file",
                                      "./../secret",
                                      "dir/../../secret",
                                      "up",
                                      "up/secret",
                                      "secret-link",
                                      "absolute",
                                      "absolute/passwd",
                                      "dir/up2/secret",
                                      "chain1",
                                      "dir/../../in/file",
                                      "file/../../secret"};

static void make_links(void) {
  char path[256];
  snprintf(path, sizeof path, "%s/dir", t.inside);
  assert_int_equal(mkdir(path, 0700), 0);
  link_to("..", "up");
  link_to("../secret", "secret-link");
  link_to("/etc", "absolute");
  link_to("../..", "dir/up2");
  link_to("chain2", "chain1");
  link_to("dir/../up/secret", "chain2");
  link_to("loop", "loop");
  link_to("dir/../file", "good");
  link_to("nothing", "dangling");
}

CASE(test_escapes) {
  make_links();
  for (size_t i = 0; i < sizeof escapes / sizeof *escapes; i++) {
    uint64_t n = put(PATH, escapes[i]);
    for (uint64_t oflags = 0; oflags < 16; oflags++)
      assert_int_not_equal(open_path(escapes[i], 1, oflags), 0);
    n = put(PATH, escapes[i]);
    assert_int_not_equal(AT(path_filestat_get, DIR, 1, PATH, n, OUT), 0);
    assert_int_not_equal(AT(path_filestat_set_times, DIR, 1, PATH, n, 0, 0, 5), 0);
  }
  char path[256];
  snprintf(path, sizeof path, "%s/new", t.outside);
  const char *parents[] = {"../new", "up/new", "absolute/new", path, "dir/up2/new",
                           ".",      "..",     "dir/..",       "/"};
  for (size_t i = 0; i < sizeof parents / sizeof *parents; i++) {
    uint64_t n = put(PATH, parents[i]), m = put(OTHER, "file");
    assert_int_not_equal(AT(path_create_directory, DIR, PATH, n), 0);
    assert_int_not_equal(AT(path_remove_directory, DIR, PATH, n), 0);
    assert_int_not_equal(AT(path_unlink_file, DIR, PATH, n), 0);
    assert_int_not_equal(AT(path_rename, DIR, OTHER, m, DIR, PATH, n), 0);
    assert_int_not_equal(AT(path_rename, DIR, PATH, n, DIR, OTHER, m), 0);
    assert_int_not_equal(AT(path_link, DIR, 0, OTHER, m, DIR, PATH, n), 0);
    assert_int_not_equal(AT(path_link, DIR, 0, PATH, n, DIR, OTHER, m), 0);
    assert_int_not_equal(AT(path_symlink, OTHER, m, DIR, PATH, n), 0);
    assert_int_not_equal(AT(path_readlink, DIR, PATH, n, OUT, 100, OUT + 200), 0);
    assert_int_not_equal(open_path(parents[i], 0, 1 | 4), 0);
  }
  assert_int_equal(access(path, F_OK), -1);
  assert_int_equal(open_path("file", 1, 0), 0);
}

/* What looks much the same and is allowed. */
CASE(test_inside) {
  make_links();
  static const char *const paths[] = {"file", "./file",        "dir/../file",
                                      "good", "dir/.././good", "dir//..//file"};
  for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
    assert_int_equal(open_path(paths[i], 1, 0), 0);
    assert_int_equal(FD(fd_close, word(OUT)), 0);
  }
  assert_int_equal(open_path("dir", 1, 2), 0);
  assert_int_equal(open_path("dir/", 1, 2), 0);
  assert_int_equal(open_path(".", 1, 2), 0);
  assert_int_equal(open_path("dir/..", 1, 2), 0);
  assert_int_equal(open_path("good", 0, 0), WASI_ELOOP);
  assert_int_equal(open_path("loop", 1, 0), WASI_ELOOP);
  assert_int_equal(open_path("dangling", 1, 0), WASI_ENOENT);
  assert_int_equal(open_path("file/", 1, 0), WASI_ENOTDIR);
  assert_int_equal(open_path("file/x", 1, 0), WASI_ENOTDIR);
  assert_int_equal(open_path("none", 1, 0), WASI_ENOENT);
  assert_int_equal(open_path("", 1, 0), WASI_ENOENT);
  assert_int_equal(open_path("file", 1, 1 | 4), WASI_EEXIST);
  assert_int_equal(open_path("dangling", 1, 1 | 4), WASI_EEXIST);
  assert_int_equal(open_path("file", 1, 2), WASI_ENOTDIR);
  assert_int_equal(open_path("dangling", 1, 1), 0); /* makes "nothing" */
  uint64_t n = put(PATH, "nothing");
  assert_int_equal(AT(path_filestat_get, DIR, 1, PATH, n, OUT), 0);
  assert_int_equal(t.bytes[OUT + 16], TYPE_REGULAR);
  n = put(PATH, "good");
  assert_int_equal(AT(path_filestat_get, DIR, 0, PATH, n, OUT), 0);
  assert_int_equal(t.bytes[OUT + 16], TYPE_LINK);
  assert_int_equal(AT(path_filestat_get, DIR, 1, PATH, n, OUT), 0);
  assert_int_equal(t.bytes[OUT + 16], TYPE_REGULAR);
  assert_int_equal(AT(path_readlink, DIR, PATH, n, OUT, 6, OTHER), 0);
  assert_int_equal(word(OTHER), 6);
  assert_memory_equal(t.bytes + OUT, "dir/..", 6);
}

/* ---- errors ---- */

static const struct tree {
  const char *name, *link; /* a folder's name ends in a slash; what a link leads to */
} tree[] = {{"file", NULL},     {"dir/", NULL},   {"dir/sub/", NULL}, {"dir/inner", NULL},
            {"empty/", NULL},   {"lf", "file"},   {"ld", "dir"},      {"le", "empty/"},
            {"dangling", "no"}, {"loop", "loop"}, {"lout", "../.."}};

static int plant(int folder) {
  for (size_t i = 0; i < sizeof tree / sizeof *tree; i++) {
    const char *name = tree[i].name;
    int fd = 0, bad = tree[i].link != NULL ? symlinkat(tree[i].link, folder, name)
                      : name[strlen(name) - 1] == '/'
                        ? mkdirat(folder, name, 0700)
                        : (fd = openat(folder, name, O_CREAT, 0600)) < 0;
    if (fd > 0) close(fd);
    if (bad) return -1;
  }
  return 0;
}

/* Two folders that are the same, new in place of old ones: one that WASI sees, one for the system's own functions. */
static int grow(void) {
  char command[512];
  snprintf(command, sizeof command, "cd %s && rm -rf in/* system && mkdir system", t.outside);
  if (system(command) != 0) return -1;
  snprintf(command, sizeof command, "%s/system", t.outside);
  int system_dir = open(command, O_DIRECTORY), inside = open(t.inside, O_DIRECTORY);
  assert_int_equal(plant(system_dir) + plant(inside), 0);
  close(inside);
  return system_dir;
}

static int remove_dir(int d, const char *a) { return unlinkat(d, a, AT_REMOVEDIR); }
static int remove_file(int d, const char *a) { return unlinkat(d, a, 0); }
static int make_dir(int d, const char *a) { return mkdirat(d, a, 0777); }
static int make_link(int d, const char *a) { return symlinkat("file", d, a); }
static int read_link(int d, const char *a) {
  char text[100];
  return readlinkat(d, a, text, sizeof text) < 0 ? -1 : 0;
}
static int stat_at(int d, const char *a, int flags) {
  struct stat st;
  return fstatat(d, a, &st, flags);
}
static int follow(int d, const char *a) { return stat_at(d, a, 0); }
static int look(int d, const char *a) { return stat_at(d, a, AT_SYMLINK_NOFOLLOW); }
static int open_at(int d, const char *a, int flags) {
  int fd = openat(d, a, flags | O_NONBLOCK, 0666);
  return fd < 0 ? -1 : close(fd);
}
static int open_one(int d, const char *a) { return open_at(d, a, O_RDWR | O_NOFOLLOW); }
static int open_new(int d, const char *a) { return open_at(d, a, O_RDWR | O_CREAT); }
static int open_only(int d, const char *a) { return open_at(d, a, O_RDWR | O_CREAT | O_EXCL); }
static int open_dir(int d, const char *a) { return open_at(d, a, O_RDONLY | O_DIRECTORY); }

static uint32_t wasi_one(unsigned what, uint64_t n) {
  static const uint64_t all = UINT64_MAX;
  switch (what) {
  case 0: return AT(path_remove_directory, DIR, PATH, n);
  case 1: return AT(path_unlink_file, DIR, PATH, n);
  case 2: return AT(path_create_directory, DIR, PATH, n);
  case 3: return AT(path_symlink, OTHER, put(OTHER, "file"), DIR, PATH, n);
  case 4: return AT(path_readlink, DIR, PATH, n, OUT, 100, OUT + 200);
  case 5: return AT(path_filestat_get, DIR, 1, PATH, n, OUT);
  case 6: return AT(path_filestat_get, DIR, 0, PATH, n, OUT);
  case 7: return AT(path_open, DIR, 0, PATH, n, 0, all, 0, 0, OUT);
  case 8: return AT(path_open, DIR, 1, PATH, n, 1, all, 0, 0, OUT);
  case 9: return AT(path_open, DIR, 1, PATH, n, 1 | 4, all, 0, 0, OUT);
  default: return AT(path_open, DIR, 1, PATH, n, 2, RIGHT_FD_READDIR, 0, 0, OUT);
  }
}

/* Linux's error, as WASI has it. */
static uint32_t linux_error(int result) { return result == 0 ? 0 : kn_wasi_errno(errno); }

static void same_error(const char *what, const char *a, const char *b, uint32_t got, uint32_t want,
                       int *folder) {
  if (got != want) print_error("%s %s %s: %u, Linux %u\n", what, a, b, got, want);
  assert_int_equal(got, want);
  if (got != 0) return;
  if (what[0] == 'o') FD(fd_close, word(OUT));
  close(*folder);
  *folder = grow();
}

static const char *const names[] = {"file",     "dir",  "empty", "lf",      "ld",     "le",
                                    "dangling", "loop", "new",   "dir/new", "dir/sub"};
static const char *const ends[] = {"", "/", "//", "/.", "/./", "/..", "/../"};

/* Calls with one path. */
CASE(test_errors) {
  static const struct {
    const char *name;
    int (*call)(int, const char *);
  } rows[] = {{"rmdir", remove_dir},    {"unlink", remove_file},   {"mkdir", make_dir},
              {"symlink", make_link},   {"readlink", read_link},   {"stat", follow},
              {"lstat", look},          {"open", open_one},        {"open, creating", open_new},
              {"open, new", open_only}, {"open, folder", open_dir}};
  int folder = grow();
  for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++)
    for (unsigned j = 0; j < sizeof names / sizeof *names; j++)
      for (unsigned k = 0; k < sizeof ends / sizeof *ends; k++) {
        char path[64];
        int n = snprintf(path, sizeof path, "%s%s", names[j], ends[k]);
        uint32_t want = linux_error(rows[i].call(folder, path));
        memcpy(t.bytes + PATH, path, (size_t)n);
        same_error(rows[i].name, path, "", wasi_one(i, (uint64_t)n), want, &folder);
      }
  close(folder);
}

/* Calls with two paths. */
CASE(test_errors_two) {
  static const char *const paths[] = {"file",  "file/", "dir",      "dir/",      "dir/.", "dir/..",
                                      ".",     "empty", "lf",       "lf/",       "ld",    "ld/",
                                      "ld/.",  "le/",   "dangling", "dangling/", "new",   "new/",
                                      "new/.", "loop/", "dir/sub"};
  int folder = grow();
  for (unsigned i = 0; i < 2; i++)
    for (unsigned j = 0; j < sizeof paths / sizeof *paths; j++)
      for (unsigned k = 0; k < sizeof paths / sizeof *paths; k++) {
        const char *a = paths[j], *b = paths[k];
        uint32_t got, want = linux_error(i == 0 ? renameat(folder, a, folder, b)
                                                : linkat(folder, a, folder, b, 0));
        uint64_t n = put(PATH, a), m = put(OTHER, b);
        got = i == 0 ? AT(path_rename, DIR, PATH, n, DIR, OTHER, m)
                     : AT(path_link, DIR, 0, PATH, n, DIR, OTHER, m);
        same_error(i == 0 ? "rename" : "link", a, b, got, want, &folder);
      }
  close(folder);
}

/* A path that leads out is refused before anything says what is there. */
CASE(test_errors_outside) {
  close(grow());
  static const char *const paths[] = {"..",         "../",   "../..",  "dir/../..",
                                      "dir/../../", "lout/", "lout/.."};
  for (unsigned j = 0; j < sizeof paths / sizeof *paths; j++) {
    uint64_t n = put(PATH, paths[j]), m = put(OTHER, "file");
    bool link = paths[j][0] == 'l' && paths[j][5] == 0;
    for (unsigned i = 0; i < 11;
         i++) /* the link itself is in the folder; a name to be made has no slash */
      if (!link || (i > 3 && i != 8 && i != 9))
        assert_int_equal(wasi_one(i, put(PATH, paths[j])), WASI_EPERM);
    assert_int_equal(AT(path_link, DIR, 0, PATH, n, DIR, OTHER, m), WASI_EPERM);
    if (link) continue;
    assert_int_equal(AT(path_link, DIR, 0, OTHER, m, DIR, PATH, n), WASI_EPERM);
    assert_int_equal(AT(path_rename, DIR, PATH, n, DIR, OTHER, m), WASI_EPERM);
    assert_int_equal(AT(path_rename, DIR, OTHER, m, DIR, PATH, n), WASI_EPERM);
  }
}

/* ---- files ---- */

static uint64_t vector(uint32_t at, uint32_t bytes, uint32_t size) {
  memcpy(t.bytes + at, &bytes, 4);
  memcpy(t.bytes + at + 4, &size, 4);
  return at;
}

CASE(test_files) {
  assert_int_equal(open_path("new", 1, 1), 0);
  uint64_t fd = word(OUT), n = put(OTHER, "hello");
  assert_int_equal(fd, 4);
  assert_int_equal(FD(fd_write, fd, vector(PATH, OTHER, (uint32_t)n), 1, OUT), 0);
  assert_int_equal(word(OUT), 5);
  assert_int_equal(FD(fd_seek, fd, 1, 0, OUT), 0);
  assert_int_equal(FD(fd_read, fd, vector(PATH, OUT, 3), 1, OTHER), 0);
  assert_memory_equal(t.bytes + OUT, "ell", 3);
  assert_int_equal(FD(fd_tell, fd, OUT), 0);
  assert_int_equal(word(OUT), 4);
  assert_int_equal(FD(fd_pread, fd, vector(PATH, OUT, 5), 1, 0, OTHER), 0);
  assert_memory_equal(t.bytes + OUT, "hello", 5);
  assert_int_equal(FD(fd_filestat_set_size, fd, 2), 0);
  assert_int_equal(FD(fd_filestat_get, fd, OUT), 0);
  assert_int_equal(word(OUT + 32), 2);
  assert_int_equal(FD(fd_filestat_set_times, fd, 1500000000, 2000000001, 5), 0);
  assert_int_equal(FD(fd_filestat_get, fd, OUT), 0);
  assert_int_equal(word(OUT + 40), 1500000000);
  assert_int_equal(word(OUT + 48), 2000000001);
  assert_int_equal(FD(fd_fdstat_set_rights, fd, RIGHT_FD_READ, 0), 0);
  assert_int_equal(FD(fd_write, fd, vector(PATH, OTHER, 1), 1, OUT), WASI_ENOTCAPABLE);
  assert_int_equal(FD(fd_fdstat_set_rights, fd, RIGHTS_FILE, 0), WASI_ENOTCAPABLE);
  assert_int_equal(FD(fd_close, fd), 0);
  assert_int_equal(FD(fd_close, fd), WASI_EBADF);
  n = put(PATH, "new");
  assert_int_equal(AT(path_rename, DIR, PATH, n, DIR, OTHER, put(OTHER, "moved")), 0);
  assert_int_equal(AT(path_unlink_file, DIR, OTHER, 5), 0);
  n = put(PATH, "folder/");
  assert_int_equal(AT(path_create_directory, DIR, PATH, n), 0);
  assert_int_equal(AT(path_unlink_file, DIR, PATH, n), WASI_EISDIR);
  assert_int_equal(AT(path_open, DIR, 1, PATH, n, 2, RIGHT_FD_READ | RIGHT_FD_WRITE, 0, 0, OUT),
                   WASI_EISDIR);
  assert_int_equal(AT(path_remove_directory, DIR, PATH, n), 0);
}

CASE(test_folders) {
  unsigned seen = 0;
  make(t.inside, "other", "");
  assert_int_equal(FD(fd_readdir, DIR, OUT, 4096, 0, OTHER), 0);
  for (uint32_t at = OUT, end = OUT + word(OTHER); at < end; at += 24 + word(at + 16)) {
    const uint8_t *name = t.bytes + at + 24;
    uint32_t n = word(at + 16);
    if (n == 4 && memcmp(name, "file", 4) == 0 && t.bytes[at + 20] == TYPE_REGULAR) seen |= 1;
    if (n == 5 && memcmp(name, "other", 5) == 0) seen |= 2;
    if (n == 2 && memcmp(name, "..", 2) == 0 && word(at + 8) == 0) seen |= 4;
  }
  assert_int_equal(seen, 7);
  /* One at a time, by cookies. */
  uint64_t cookie = 0;
  unsigned entries = 0;
  for (; entries < 10; entries++) {
    assert_int_equal(FD(fd_readdir, DIR, OUT, 24, cookie, OTHER), 0);
    if (word(OTHER) == 0) break;
    memcpy(&cookie, t.bytes + OUT, 8);
  }
  assert_int_equal(entries, 4);
  assert_int_equal(FD(fd_prestat_get, DIR, OUT), 0);
  assert_int_equal(word(OUT + 4), 1);
  assert_int_equal(FD(fd_prestat_dir_name, DIR, OUT, 1), 0);
  assert_int_equal(t.bytes[OUT], '/');
  assert_int_equal(FD(fd_prestat_get, DIR + 1, OUT), WASI_EBADF);
  assert_int_equal(FD(fd_read, DIR, vector(PATH, OUT, 3), 1, OTHER), WASI_ENOTCAPABLE);
}

/* ---- pointers ---- */

/* At every edge of the memory: no function touches a byte outside of it (the sanitizer build sees more). */
CASE(test_pointers) {
  static const uint32_t bad[] = {sizeof t.bytes, sizeof t.bytes - 1, 0x80000000, 0xffffffff,
                                 0xfffffff8};
  assert_int_equal(open_path("file", 1, 0), 0);
  uint64_t fd = word(OUT);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    uint64_t p = bad[i];
    assert_int_equal(FD(fd_read, fd, p, 1, OUT), WASI_EFAULT);
    assert_int_equal(FD(fd_read, fd, vector(PATH, bad[i], 2), 1, OUT), WASI_EFAULT);
    assert_int_equal(FD(fd_read, fd, vector(PATH, OUT, 0xffffffff), 1, OUT), WASI_EFAULT);
    assert_int_equal(FD(fd_read, fd, PATH, 0xffffffff, OUT), WASI_EFAULT);
    assert_int_equal(FD(fd_pread, fd, vector(PATH, OUT, 1), 1, 0, p), WASI_EFAULT);
    assert_int_equal(FD(fd_filestat_get, fd, p), WASI_EFAULT);
    assert_int_equal(FD(fd_fdstat_get, fd, p), WASI_EFAULT);
    assert_int_equal(FD(fd_tell, fd, p), WASI_EFAULT);
    assert_int_equal(FD(fd_readdir, DIR, p, 100, 0, OUT), WASI_EFAULT);
    assert_int_equal(FD(fd_readdir, DIR, OUT, 100, 0, p), WASI_EFAULT);
    assert_int_equal(FD(fd_prestat_get, DIR, p), WASI_EFAULT);
    assert_int_equal(AT(path_open, DIR, 1, p, 4, 0, 2, 0, 0, OUT), WASI_EFAULT);
    assert_int_equal(AT(path_open, DIR, 1, PATH, put(PATH, "file"), 0, 2, 0, 0, p), WASI_EFAULT);
    assert_int_equal(AT(path_filestat_get, DIR, 1, PATH, put(PATH, "file"), p), WASI_EFAULT);
    assert_int_equal(AT(path_readlink, DIR, PATH, 4, p, 5, OUT), WASI_EFAULT);
  }
  assert_int_equal(AT(path_open, DIR, 1, PATH, 0xffffffff, 0, 2, 0, 0, OUT), WASI_EFAULT);
  t.wasi->outside = NULL;
  assert_int_equal(FD(fd_tell, fd, OUT), WASI_EFAULT);
}

/* Rights of positions, by what wasmtime gives; and what the table of functions says. */
CASE(test_rights) {
  uint64_t n = put(PATH, "file");
  assert_int_equal(AT(path_open, DIR, 1, PATH, n, 0, RIGHT_FD_READ | RIGHT_FD_TELL, 0, 0, OUT), 0);
  uint32_t fd = word(OUT);
  assert_int_equal(FD(fd_seek, fd, 0, 1, OUT), 0);
  assert_int_equal(FD(fd_tell, fd, OUT), 0);
  assert_int_equal(FD(fd_seek, fd, 1, 0, OUT), WASI_ENOTCAPABLE);
  assert_int_equal(FD(fd_pread, fd, 0, 0, 0, OUT), WASI_ENOTCAPABLE);
  assert_int_equal(FD(fd_write, fd, 0, 0, OUT), WASI_ENOTCAPABLE);
  assert_int_equal(FD(fd_filestat_set_size, fd, 0), WASI_ENOTCAPABLE);
  assert_int_equal(FD(fd_sync, fd), WASI_ENOTCAPABLE);
  assert_int_equal(FD(fd_readdir, fd, 0, 0, 0, OUT), WASI_ENOTCAPABLE);
  assert_int_equal(FD(fd_fdstat_set_flags, 1, 4), WASI_ENOTCAPABLE);
  assert_int_equal(FD(fd_close, fd), 0);
}

/* Output to the host's function, no input, and three descriptors in all. */
static int64_t take(void *user, void *bytes, size_t n) {
  /* it may use the context, too */
  uint32_t at = OUT + 64;
  assert_int_equal(FD(fd_fdstat_get, 1, at), 0);
  assert_int_equal(FD(fd_renumber, 4, DIR), WASI_EBADF);
  memcpy(user, bytes, n);
  return (int64_t)n;
}

CASE(test_streams) {
  char got[16] = {0};
  kiln_wasi *before = t.wasi;
  const kiln_wasi_options o = {
    .streams = {{.kind = KILN_WASI_STREAM_NULL},
                {.kind = KILN_WASI_STREAM_CALLBACK, .transfer = take, .transfer_user = got},
                {.kind = KILN_WASI_STREAM_NULL}},
    .dirs = (const kiln_wasi_dir[]){{.host = t.inside, .guest = "/"}},
    .n_dirs = 1,
    .max_descriptors = 5};
  t.wasi = kiln_wasi_new(&o, NULL);
  assert_non_null(t.wasi);
  t.wasi->outside = &t.memory;
  const uint32_t vector[2] = {PATH, (uint32_t)put(PATH, "text")};
  memcpy(t.bytes + OTHER, vector, sizeof vector);
  assert_int_equal(FD(fd_write, 1, OTHER, 1, OUT), 0);
  assert_int_equal(word(OUT), 4);
  assert_string_equal(got, "text");
  assert_int_equal(FD(fd_read, 0, OTHER, 1, OUT), 0);
  assert_int_equal(word(OUT), 0);
  assert_int_equal(open_path("file", 1, 0), 0);
  assert_int_equal(open_path("file", 1, 0), WASI_EMFILE);
  assert_int_equal(FD(fd_renumber, 4, DIR), 0); /* onto a preopened folder */
  assert_int_equal(FD(fd_prestat_get, DIR, OUT), WASI_EBADF);
  kiln_wasi_free(t.wasi);
  t.wasi = before;
}

/* What tests/source/callbacks.py looks for. */
#define ROW(of, test) {of, test, set_up, tear_down, NULL}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(test_rights, set_up, tear_down),
    ROW("wasi.h transfer", test_streams),
#define BOTH(f)                                                                                    \
  {#f, f, set_up, tear_down, NULL}, {#f "_by_component", f, set_up_walk, tear_down, NULL}
    BOTH(test_escapes),
    BOTH(test_inside),
    BOTH(test_errors),
    BOTH(test_errors_two),
    BOTH(test_errors_outside),
    BOTH(test_files),
    BOTH(test_folders),
    BOTH(test_pointers),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
