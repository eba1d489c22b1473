/* kiln_emit_object_file: a regular file is replaced by a complete one, and nothing else is truncated or removed. */
#define _GNU_SOURCE
#include <kiln/kiln.h>

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include "unit.h"
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[64];

static const char *in_folder(const char *name) {
  static char path[4][256];
  static unsigned i;
  i = (i + 1) % 4;
  snprintf(path[i], sizeof path[i], "%s/%s", folder, name);
  return path[i];
}

static int set_up(void **state) {
  (void)state;
  strcpy(folder, "/tmp/kiln-output-XXXXXX");
  return mkdtemp(folder) != NULL ? 0 : -1;
}

static int tear_down(void **state) {
  (void)state;
  char command[128];
  snprintf(command, sizeof command, "rm -rf %s", folder);
  return system(command);
}

/* Writes an object; the status, and its message. */
static kiln_status emit(const char *path, char *message) {
  static const char text[] = "func @f() -> i64 {\nb0:\n  ret 1\n}\n";
  kiln_module *m = kiln_module_new(NULL);
  kiln_session *s = kiln_session_new(m);
  assert_int_equal(kiln_text_read(s, text, sizeof text - 1, NULL, NULL), KILN_OK);
  kiln_status status = kiln_emit_object_file(m, &s, 1, path);
  if (message != NULL) strcpy(message, kiln_module_diag(m)->message);
  kiln_session_free(s);
  kiln_module_free(m);
  return status;
}

static void put(const char *path, const char *text, mode_t mode) {
  FILE *f = fopen(path, "w");
  assert_non_null(f);
  fputs(text, f);
  fclose(f);
  assert_int_equal(chmod(path, mode), 0);
}

static bool is_object(const char *path) {
  char head[4] = {0};
  FILE *f = fopen(path, "r");
  if (f == NULL) return false;
  size_t n = fread(head, 1, 4, f);
  fclose(f);
  return n == 4 && memcmp(head,
                          "\x7f"
                          "ELF",
                          4) == 0;
}

static bool has(const char *path, const char *text) {
  char got[64] = {0};
  FILE *f = fopen(path, "r");
  if (f == NULL) return false;
  got[fread(got, 1, sizeof got - 1, f)] = 0;
  fclose(f);
  return strcmp(got, text) == 0;
}

static unsigned mode_of(const char *path) {
  struct stat st;
  assert_int_equal(lstat(path, &st), 0);
  return st.st_mode & 07777;
}

/* No temporary file is left. */
static void clean(unsigned files) {
  char command[128];
  unsigned n = 0;
  snprintf(command, sizeof command, "ls -A %s | wc -l", folder);
  FILE *f = popen(command, "r");
  assert_int_equal(fscanf(f, "%u", &n), 1);
  pclose(f);
  assert_int_equal(n, files);
}

CASE(files) {
  mode_t mask = umask(027);
  assert_int_equal(emit(in_folder("new.o"), NULL), KILN_OK);
  assert_true(is_object(in_folder("new.o")));
  assert_int_equal(mode_of(in_folder("new.o")), 0640);
  put(in_folder("old.o"), "old", 0604);
  assert_int_equal(link(in_folder("old.o"), in_folder("other")), 0);
  assert_int_equal(emit(in_folder("old.o"), NULL), KILN_OK);
  assert_true(is_object(in_folder("old.o")));
  assert_int_equal(mode_of(in_folder("old.o")), 0604);
  assert_true(has(in_folder("other"), "old"));
  umask(mask);
  clean(3);
}

CASE(links) {
  put(in_folder("real"), "old", 0644);
  assert_int_equal(symlink("real", in_folder("one")), 0);
  assert_int_equal(symlink(in_folder("one"), in_folder("two")), 0);
  assert_int_equal(emit(in_folder("two"), NULL), KILN_OK);
  assert_true(is_object(in_folder("real")));
  assert_int_equal(mode_of(in_folder("one")), 0777); /* still links */
  assert_int_equal(mode_of(in_folder("two")), 0777);
  assert_int_equal(symlink("missing", in_folder("dangling")), 0);
  assert_int_equal(emit(in_folder("dangling"), NULL), KILN_OK);
  assert_true(is_object(in_folder("missing")));
  assert_int_equal(symlink("loop", in_folder("loop")), 0);
  assert_int_equal(emit(in_folder("loop"), NULL), KILN_ERR_IO);
  assert_int_equal(symlink("/dev/null", in_folder("null")), 0);
  assert_int_equal(emit(in_folder("null"), NULL), KILN_OK);
  clean(7);
}

/* A node like /dev/full, which is not removed and reports that there is no space. */
CASE(devices) {
  char message[256];
  struct stat before, after;
  assert_int_equal(stat("/dev/full", &before), 0);
  assert_int_equal(emit("/dev/full", message), KILN_ERR_IO);
  assert_non_null(strstr(message, "No space left"));
  assert_int_equal(stat("/dev/full", &after), 0);
  assert_true(before.st_ino == after.st_ino);
  assert_int_equal(emit("/dev/null", NULL), KILN_OK);
  assert_int_equal(emit(folder, message), KILN_ERR_IO);
  assert_int_equal(emit(in_folder("no/such/folder.o"), message), KILN_ERR_IO);
  clean(0);
}

static void *drain(void *path) {
  static char bytes[65536];
  int fd = open(path, O_RDONLY);
  size_t n = 0;
  for (ssize_t got; (got = read(fd, bytes + n, sizeof bytes - n)) > 0;) n += (size_t)got;
  close(fd);
  return memcmp(bytes,
                "\x7f"
                "ELF",
                4) == 0
           ? bytes
           : NULL;
}

CASE(pipes) {
  pthread_t thread;
  void *result = NULL;
  const char *path = in_folder("pipe");
  assert_int_equal(mkfifo(path, 0600), 0);
  pthread_create(&thread, NULL, drain, (void *)(uintptr_t)path);
  assert_int_equal(emit(path, NULL), KILN_OK);
  pthread_join(thread, &result);
  assert_non_null(result);
  assert_int_equal(mode_of(path), 0600);
  /* standard output is a file that already has something */
  fflush(stdout);
  int keep = dup(1), fd = open(in_folder("out"), O_WRONLY | O_CREAT | O_APPEND, 0644);
  assert_int_equal(write(fd, "text", 4), 4);
  dup2(fd, 1);
  kiln_status status = emit("/dev/stdout", NULL);
  dup2(keep, 1);
  close(keep);
  close(fd);
  assert_int_equal(status, KILN_OK);
  struct stat st;
  assert_int_equal(stat(in_folder("out"), &st), 0);
  assert_true(st.st_size > 64);
  char head[8] = {0};
  FILE *f = fopen(in_folder("out"), "r");
  assert_int_equal(fread(head, 1, 8, f), 8);
  fclose(f);
  assert_memory_equal(head,
                      "text\x7f"
                      "ELF",
                      8);
}

/* A limit on the size of files, as if there were no space: the old file stays. */
CASE(no_space) {
  put(in_folder("x.o"), "old", 0644);
  fflush(NULL);
  pid_t pid = fork();
  if (pid == 0) {
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){16, 16});
    _exit(emit(in_folder("x.o"), NULL) == KILN_ERR_IO ? 0 : 1);
  }
  int status = 0;
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_int_equal(status, 0);
  assert_true(has(in_folder("x.o"), "old"));
  clean(1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(files, set_up, tear_down),
    cmocka_unit_test_setup_teardown(links, set_up, tear_down),
    cmocka_unit_test_setup_teardown(devices, set_up, tear_down),
    cmocka_unit_test_setup_teardown(pipes, set_up, tear_down),
    cmocka_unit_test_setup_teardown(no_space, set_up, tear_down),
  };
  return cmocka_run_group_tests_name("output", tests, NULL, NULL);
}
