/* jit_system: what a JIT says when the system has no memory, or refuses executable memory. Each case removes an
 * ability from its process, and so runs in one of its own. Speaks TAP. */
#define _GNU_SOURCE
#include <kiln/jit.h>
#include <kiln/kiln.h>

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ASAN 1
#endif
#endif
#ifndef ASAN
#define ASAN 0
#endif

#ifndef KN_TEST_EMULATED
#define KN_TEST_EMULATED 0
#endif

#define WANT(x)                                                                                    \
  if (!(x)) {                                                                                      \
    printf("# %s:%d: %s\n", __FILE__, __LINE__, #x);                                               \
    return 1;                                                                                      \
  }

/* Adds a function that gives 42. */
static int add_constant(kiln_jit *jit, unsigned flags, kiln_jit_unit *u, long (**f)(void)) {
  static const char text[] = "func @f() -> i64 {\nb0:\n  ret 42\n}\n";
  kiln_module_options options = {.jit = true};
  WANT(kiln_target_find_host(&options.target));
  kiln_module *m = kiln_module_new(&options);
  kiln_session *s = kiln_session_new(m);
  kiln_jit_input in = {.module = m, .sessions = &s, .n_sessions = 1};
  WANT(kiln_text_read(s, text, strlen(text), NULL, NULL) == KILN_OK);
  WANT(kiln_jit_add(jit, flags, &in, 1, u, NULL) == KILN_OK);
  kiln_session_free(s);
  kiln_module_free(m);
  *f = (long (*)(void))(uintptr_t)kiln_jit_lookup(jit, "f");
  WANT(*f != NULL);
  return 0;
}

static int use(kiln_jit *jit) {
  kiln_jit_unit u;
  long (*f)(void);
  WANT(add_constant(jit, 0, &u, &f) == 0);
  WANT(f() == 42);
  return 0;
}

static int no_address_space(void) {
  struct rlimit limit = {0, 0};
  FILE *f = fopen("/proc/self/statm", "r");
  unsigned long pages = 0;
  WANT(f != NULL && fscanf(f, "%lu", &pages) == 1);
  fclose(f);
  limit.rlim_cur = limit.rlim_max = pages * (unsigned long)sysconf(_SC_PAGESIZE) + (4 << 20);
  WANT(setrlimit(RLIMIT_AS, &limit) == 0);
  kiln_jit_error e = {0};
  WANT(kiln_jit_new(NULL, &e) == NULL);
  WANT(e.diag.status == KILN_ERR_SYSTEM);
  WANT(strstr(e.diag.message, "mmap failed for 16777216 bytes") != NULL);
  /* a smaller one fits */
  kiln_jit *jit = kiln_jit_new(&(kiln_jit_options){.memory_bytes = 1 << 19}, &e);
  WANT(jit != NULL);
  WANT(use(jit) == 0);
  kiln_jit_free(jit);
  return 0;
}

/* From now on the system calls `a` and `b` fail with EACCES where they ask for execution (memfd_create: always). */
static int refuse(unsigned a, unsigned b) {
  struct sock_filter filter[] = {
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, a, 1, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, b, 0, 4),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_memfd_create, 2, 0),
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
    BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EACCES),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {sizeof filter / sizeof filter[0], filter};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return 1;
  return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0;
}

static int no_execution(void) {
  WANT(refuse(__NR_mmap, __NR_mprotect) == 0);
  for (kiln_jit_protection p = 0; p < KILN_JIT_PROTECTION_COUNT; p++) {
    kiln_jit_error e = {0};
    WANT(kiln_jit_new(&(kiln_jit_options){.protection = p}, &e) == NULL);
    WANT(e.diag.status == KILN_ERR_SYSTEM);
    WANT(strstr(e.diag.message, "bytes of executable memory: Permission denied") != NULL);
    WANT(strstr(e.diag.message, p == KILN_JIT_PROTECTION_DUAL ? "mmap" : "mprotect") != NULL);
  }
  return 0;
}

/* A JIT that switches protections, since memory cannot be mapped twice. */
static int switched(void) {
  kiln_jit_error e = {0};
  WANT(kiln_jit_new(&(kiln_jit_options){.protection = KILN_JIT_PROTECTION_DUAL}, &e) == NULL);
  WANT(e.diag.status == KILN_ERR_SYSTEM && strstr(e.diag.message, "memfd_create") != NULL);
  kiln_jit *jit = kiln_jit_new(NULL, &e);
  WANT(jit != NULL);
  WANT(kiln_jit_get_stats(jit).protection == KILN_JIT_PROTECTION_SWITCH);
  WANT(use(jit) == 0);
  kiln_jit_free(jit);
  return 0;
}

static int no_dual_mapping(void) {
  WANT(refuse(__NR_memfd_create, __NR_memfd_create) == 0);
  return switched();
}

/* Growing a file beyond the limit would end the process by SIGXFSZ. */
static int no_file_size(void) {
  struct rlimit limit = {1 << 20, 1 << 20};
  WANT(setrlimit(RLIMIT_FSIZE, &limit) == 0);
  return switched();
}

/* Adds data and code in turn, more than a chunk of each, and removes them. */
static int add_and_remove(kiln_jit *jit, unsigned rounds) {
  static const char *const texts[] = {
    "data @d align 8 { i64 1, zero 200000 }\n", "data @d align 8 readonly { i64 1, zero 200000 }\n",
    "data @d align 8 { i64 1, zero 60000 }\nfunc @g() -> i64 {\nb0:\n  ret 42\n}\n"};
  for (unsigned i = 0; i < rounds; i++) {
    kiln_module_options options = {.jit = true};
    WANT(kiln_target_find_host(&options.target));
    kiln_module *m = kiln_module_new(&options);
    kiln_session *s = kiln_session_new(m);
    kiln_jit_input in = {.module = m, .sessions = &s, .n_sessions = 1};
    kiln_jit_unit u[3];
    const char *text = texts[i % 3];
    WANT(kiln_text_read(s, text, strlen(text), NULL, NULL) == KILN_OK);
    kiln_jit_error e = {0};
    if (kiln_jit_add(jit, 0, &in, 1, u, &e) != KILN_OK) {
      printf("# round %u: %s\n", i, e.diag.message);
      return 1;
    }
    const int64_t *d = kiln_jit_lookup(jit, "d");
    WANT(d != NULL && *d == 1);
    long (*g)(void) = (long (*)(void))(uintptr_t)kiln_jit_lookup(jit, "g");
    WANT(i % 3 != 2 || g() == 42);
    WANT(kiln_jit_remove(jit, u[0], NULL) == KILN_OK);
    kiln_session_free(s);
    kiln_module_free(m);
  }
  return 0;
}

/* As for many system services, memory cannot be made executable unless it was mapped so. */
static int no_change_to_executable(void) {
  WANT(refuse(__NR_mprotect, __NR_mprotect) == 0);
  kiln_jit *jit = kiln_jit_new(&(kiln_jit_options){.protection = KILN_JIT_PROTECTION_DUAL}, NULL);
  WANT(jit != NULL);
  WANT(add_and_remove(jit, 12) == 0);
  kiln_jit_free(jit);
  return 0;
}

/* The host closes descriptors that it did not open, and opens files with their numbers: nothing is written to those,
 * and the JIT continues to work. */
static int descriptors(kiln_jit_protection protection) {
  kiln_jit *jit =
    kiln_jit_new(&(kiln_jit_options){.protection = protection, .perf_map = true}, NULL);
  char map[64], line[256] = "";
  WANT(jit != NULL);
  WANT(use(jit) == 0 && add_and_remove(jit, 3) == 0);
  FILE *files[16];
  static char bytes[4 << 20];
  memset(bytes, 0x55, sizeof bytes);
  for (int fd = 3; fd < 64; fd++) close(fd);
  for (unsigned i = 0; i < 16; i++)
    WANT((files[i] = tmpfile()) != NULL && fwrite(bytes, sizeof bytes / 16, 1, files[i]) == 1 &&
         fflush(files[i]) == 0);
  WANT(add_and_remove(jit, 12) == 0);
  kiln_jit_free(jit);
  for (unsigned i = 0; i < 16; i++) {
    rewind(files[i]);
    WANT(fread(bytes, sizeof bytes / 16, 1, files[i]) == 1 && fgetc(files[i]) == EOF);
    for (size_t k = 0; k < sizeof bytes / 16; k++) WANT(bytes[k] == 0x55);
  }
  snprintf(map, sizeof map, "/tmp/perf-%d.map", (int)getpid());
  FILE *f = fopen(map, "r");
  unsigned lines = 0;
  while (f != NULL && fgets(line, sizeof line, f) != NULL) lines++;
  WANT(f != NULL && unlink(map) == 0);
  WANT(lines == 1 + 1 + 4 && strstr(line, " g\n") != NULL);
  return 0;
}
static int no_descriptor(void) { return descriptors(KILN_JIT_PROTECTION_DUAL); }
static int no_descriptor_either(void) { return descriptors(KILN_JIT_PROTECTION_SWITCH); }

/* A call of a function that was removed ends in a trap, at its stub. */
static int call_removed(void) {
  kiln_jit *jit = kiln_jit_new(NULL, NULL);
  WANT(jit != NULL);
  kiln_jit_unit u = {0};
  long (*stub)(void) = NULL;
  WANT(add_constant(jit, KILN_JIT_REDEFINABLE, &u, &stub) == 0);
  WANT(stub() == 42);
  WANT(kiln_jit_remove(jit, u, NULL) == KILN_OK);
  fflush(stdout);
  int status = 0;
  pid_t pid = fork();
  if (pid == 0) {
    signal(SIGILL, SIG_DFL);
    signal(SIGTRAP, SIG_DFL);
    _exit((int)stub());
  }
  WANT(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status));
  WANT(WTERMSIG(status) == SIGILL || WTERMSIG(status) == SIGTRAP);
  kiln_jit_free(jit);
  return 0;
}

/* In a new PID namespace a child has number 1, as its parent has in its own. */
static int new_namespace(void) {
  return unshare(CLONE_NEWPID) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWPID) == 0 ? 0 : 1;
}

static int ends_well(pid_t child) {
  int status = 0;
  return child > 0 && waitpid(child, &status, 0) == child && status == 0 ? 0 : 1;
}

static int in_namespaces(void) {
  if (new_namespace() != 0) return 1;
  pid_t child = fork();
  if (child == 0) _exit(new_namespace());
  return ends_well(child);
}

/* The one with the JIT, which has number 1. `clones`: its child is made without fork's handlers. */
static int first_process(bool clones) {
  WANT(getpid() == 1);
  kiln_jit *jit = kiln_jit_new(NULL, NULL);
  kiln_jit_unit u;
  long (*f)(void);
  WANT(jit != NULL && add_constant(jit, 0, &u, &f) == 0);
  if (!clones) WANT(unshare(CLONE_NEWPID) == 0);
  pid_t child = clones ? (pid_t)syscall(SYS_clone, CLONE_NEWPID | SIGCHLD, 0, 0, 0, 0) : fork();
  if (child != 0) return ends_well(child);
  WANT(getpid() == 1);
  WANT(kiln_jit_remove(jit, u, NULL) == KILN_ERR_STRUCTURE);
  WANT(f() == 42 && kiln_jit_lookup(jit, "f") == (void *)(uintptr_t)f);
  kiln_jit *own = kiln_jit_new(NULL, NULL);
  WANT(own != NULL && use(own) == 0);
  WANT(f() == 42);
  kiln_jit_free(jit);
  kiln_jit_free(own);
  return 0;
}

static int same_number(void) {
  for (unsigned clones = 0; clones < 2; clones++) {
    pid_t outer = fork();
    if (outer == 0) {
      if (new_namespace() != 0) _exit(1);
      pid_t first = fork();
      if (first == 0) {
        int bad = first_process(clones);
        fflush(stdout);
        _exit(bad);
      }
      _exit(ends_well(first));
    }
    WANT(ends_well(outer) == 0);
  }
  return 0;
}

static int report(unsigned number, const char *name, const char *why_not, int (*f)(void)) {
  if (why_not != NULL) {
    printf("ok %u - %s # SKIP %s\n", number, name, why_not);
    return 0;
  }
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    int bad = f();
    fflush(stdout);
    _exit(bad);
  }
  int status = 0;
  bool ok =
    pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
  printf("%sok %u - %s\n", ok ? "" : "not ", number, name);
  return !ok;
}

int main(void) {
  const char *emulator = KN_TEST_EMULATED ? "the emulator does not have it" : NULL;
  int bad = report(1, "limited address space",
                   ASAN ? "the sanitizer needs address space" : emulator, no_address_space);
  bad |= report(2, "execution refused", emulator, no_execution);
  bad |= report(3, "a second mapping refused", emulator, no_dual_mapping);
  bad |= report(4, "a call of what was removed traps", NULL, call_removed);
  bad |= report(5, "a limit on the size of files", NULL, no_file_size);
  bad |= report(6, "nothing may become executable", emulator, no_change_to_executable);
  bad |= report(7, "the host closes descriptors", emulator, no_descriptor);
  bad |= report(8, "the host closes descriptors, one mapping", NULL, no_descriptor_either);
  pid_t child = fork();
  if (child == 0) _exit(in_namespaces());
  const char *no_namespaces =
    ends_well(child) == 0 ? emulator : "the system allows no new PID namespace";
  bad |= report(9, "a child with its parent's number", no_namespaces, same_number);
  printf("1..9\n");
  return bad;
}
