/* A JIT beside fork, signals and ends of threads: a child's code and data stay what they were, thread-local data is
 * made wherever it is first used, and what a unit's code registered with the process goes with the unit, as with a
 * shared object that dlclose unloads. */
#define _GNU_SOURCE
#include "jit_fixture.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const kiln_jit_protection protections[] = {
  KILN_JIT_PROTECTION_AUTO, KILN_JIT_PROTECTION_DUAL, KILN_JIT_PROTECTION_SWITCH};
enum { N_PROTECTIONS = 3 };

static kiln_jit *jit_protected(unsigned k) {
  kiln_jit_options options = {.protection = EMULATED ? KILN_JIT_PROTECTION_AUTO : protections[k]};
  return jit_new(&options);
}

/* The exit status of a child, or the negative signal that ended it. */
static int status_of(pid_t child) {
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

/* ---- what a child runs ---- */

/* Functions that return a number: by an instruction, from constant data, and through a stub. */
static const char three[] =
  "data internal @k align 8 readonly { i64 %d }\n"
  "func @code() -> i64 {\nb0:\n  ret %d\n}\n"
  "func @constant() -> i64 {\nb0:\n  %%v = load.i64 @k\n  ret %%v\n}\n"
  "func @through() -> i64 {\nb0:\n  %%v = call @constant()\n  %%w = add.i64 %%v, 0\n  ret %%w\n}\n";

static kiln_jit_unit add_three(kiln_jit *jit, int number, unsigned flags) {
  char text[sizeof three + 32];
  snprintf(text, sizeof text, three, number, number);
  return jit_add(jit, text, flags);
}

/* What the parent does after the fork. */
enum { REMOVE, REPLACE, REDEFINE, REMOVE_LATER, REMOVE_ALL, FREE, N_DEEDS };

static kiln_jit_unit large_unit(kiln_jit *jit, unsigned number) {
  static char text[200000];
  int n = snprintf(text, sizeof text, "func @large%u(i64) -> i64 {\nb0(%%x0: i64):\n", number);
  for (unsigned i = 0; i < 5000; i++)
    n += snprintf(text + n, sizeof text - (size_t)n, "  %%x%u = xor.i64 %%x%u, %u\n", i + 1, i,
                  7000 + i);
  snprintf(text + n, sizeof text - (size_t)n, "  ret %%x5000\n}\n");
  return jit_add(jit, text, 0);
}

static void act(kiln_jit *jit, int deed, kiln_jit_unit u, kiln_jit_unit large, unsigned flags) {
  if (deed == FREE) {
    kiln_jit_free(jit);
    return;
  }
  if (deed == REDEFINE && flags != 0) add_three(jit, 9, flags);
  assert_int_equal(kiln_jit_remove(jit, u, NULL), KILN_OK);
  if (deed == REPLACE)
    for (int i = 0; i < 100; i++)
      assert_int_equal(kiln_jit_remove(jit, add_three(jit, 5, 0), NULL), KILN_OK);
  if (deed == REPLACE || deed == REDEFINE) add_three(jit, 6, deed == REDEFINE ? flags : 0);
  if (deed == REMOVE_LATER) { /* after one more fork */
    if (fork() == 0) _exit(0);
    assert_int_equal(kiln_jit_remove(jit, add_three(jit, 5, flags), NULL), KILN_OK);
    add_three(jit, 8, flags);
    wait(NULL);
    assert_int_equal(jit_call(jit, "through", 0, 0), 8);
  }
  if (deed == REMOVE_ALL) {
    assert_int_equal(kiln_jit_remove(jit, large, NULL), KILN_OK);
    large_unit(jit, 2);
  }
}

CASE(child_keeps_its_code) {
  for (unsigned k = 0; k < N_PROTECTIONS; k++)
    for (int deed = 0; deed < N_DEEDS; deed++)
      for (unsigned flags = 0; flags <= KILN_JIT_REDEFINABLE; flags++) {
        kiln_jit *jit = jit_protected(k);
        kiln_jit_unit u = add_three(jit, 3, flags), large = large_unit(jit, 1);
        long expected = jit_call(jit, "large1", 1, 0);
        int go[2];
        assert_int_equal(pipe(go), 0);
        pid_t child = fork();
        if (child == 0) {
          char c;
          if (read(go[0], &c, 1) != 1) _exit(9);
          bool right = jit_call(jit, "code", 0, 0) == 3 && jit_call(jit, "constant", 0, 0) == 3 &&
                       jit_call(jit, "through", 0, 0) == 3 &&
                       jit_call(jit, "large1", 1, 0) == expected;
          pid_t grandchild = fork();
          if (grandchild == 0) _exit(jit_call(jit, "through", 0, 0) != 3);
          int status = 1;
          waitpid(grandchild, &status, 0);
          _exit(right && status == 0 ? 0 : 1);
        }
        act(jit, deed, u, large, flags);
        assert_int_equal(write(go[1], "x", 1), 1);
        close(go[0]);
        close(go[1]);
        int status = status_of(child);
        if (status != 0) fail_msg("protection %u, deed %d, flags %u: %d", k, deed, flags, status);
        if (deed != FREE) kiln_jit_free(jit);
      }
}

/* Removes units of many children, so that the chunks get new pages again and again. */
CASE(forks_and_removals_alternate) {
  enum { ROUNDS = 40 };
  for (unsigned k = 0; k < N_PROTECTIONS; k++) {
    kiln_jit *jit = jit_protected(k);
    kiln_jit_unit kept =
      jit_add(jit, "func @kept() -> i64 {\nb0:\n  ret 42\n}\n", KILN_JIT_REDEFINABLE);
    pid_t children[ROUNDS];
    int go[2];
    assert_int_equal(pipe(go), 0);
    for (int i = 0; i < ROUNDS; i++) {
      kiln_jit_unit u = add_three(jit, i, i & 1);
      children[i] = fork();
      if (children[i] == 0) {
        char c;
        close(go[1]);
        while (read(go[0], &c, 1) > 0) {
        }
        _exit(jit_call(jit, "through", 0, 0) != i || jit_call(jit, "kept", 0, 0) != 42);
      }
      assert_int_equal(kiln_jit_remove(jit, u, NULL), KILN_OK);
      assert_int_equal(jit_call(jit, "kept", 0, 0), 42);
    }
    kiln_jit_stats s = kiln_jit_get_stats(jit);
    assert_true(s.memory_bytes < 2 << 20);
    close(go[0]);
    close(go[1]);
    for (int i = 0; i < ROUNDS; i++) assert_int_equal(status_of(children[i]), 0);
    assert_int_equal(kiln_jit_remove(jit, kept, NULL), KILN_OK);
    kiln_jit_free(jit);
  }
}

/* ---- what a child may do ---- */

/* 0 if the JIT is its parent's, and all else works. */
static int as_a_child(kiln_jit *jit, kiln_jit_unit u) {
  struct compiled c = jit_compile("func @own() -> i64 {\nb0:\n  ret 7\n}\n");
  kiln_jit_input in = {.module = c.m, .sessions = &c.s, .n_sessions = 1};
  kiln_jit_unit added;
  kiln_jit_error e = {0};
  if (kiln_jit_add(jit, 0, &in, 1, &added, &e) != KILN_ERR_STRUCTURE) return 1;
  if (kiln_jit_remove(jit, u, &e) != KILN_ERR_STRUCTURE) return 2;
  kiln_jit_error_free(&e);
  if (jit_call(jit, "through", 0, 0) != 3) return 3;
  kiln_jit *own = kiln_jit_new(NULL, NULL);
  if (own == NULL || kiln_jit_add(own, 0, &in, 1, &added, NULL) != KILN_OK) return 4;
  if (jit_call(own, "own", 0, 0) != 7) return 5;
  kiln_jit_free(jit);
  if (kiln_jit_remove(own, added, NULL) != KILN_OK) return 6;
  kiln_jit_free(own);
  jit_release(c);
  return 0;
}

CASE(child_has_a_copy) {
  for (unsigned k = 0; k < N_PROTECTIONS; k++) {
    kiln_jit *jit = jit_protected(k);
    kiln_jit_unit u = add_three(jit, 3, KILN_JIT_REDEFINABLE);
    for (unsigned how = 0; how < 2; how++) {
      pid_t child = how == 0 ? fork() : (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
      if (child == 0) _exit(as_a_child(jit, u));
      assert_int_equal(status_of(child), 0);
    }
    assert_int_equal(jit_call(jit, "through", 0, 0), 3);
    assert_int_equal(kiln_jit_remove(jit, u, NULL), KILN_OK);
    kiln_jit_free(jit);
  }
}

/* ---- thread-local data ---- */

static const char tls_text[] =
  "data tls(gd) @tv align 8 { i64 5, zero 64 }\nfunc @get() -> i64 {\nb0:\n"
  "  %p = tls_addr @tv\n  %v = load.i64 %p\n  ret %v\n}\n";

static jit_fn *get;
static atomic_int countdown, seen;

static void use_in_handler(int signal) {
  (void)signal;
  atomic_store(&seen, (int)get(0, 0));
}

/* A signal may come anywhere; here it comes in the midst of allocations. */
static void *interrupted(void *user, void *old, size_t size) {
  (void)user;
  if (atomic_load(&countdown) > 0 && atomic_fetch_sub(&countdown, 1) == 1) raise(SIGUSR1);
  if (size > 0) return realloc(old, size);
  free(old);
  return NULL;
}

struct job {
  kiln_jit *jit;
  int at;
};

/* Adds a unit in a thread that has not used the data yet. */
static void *add_interrupted(void *p) {
  struct job *job = p;
  kiln_jit_unit u = {0};
  struct compiled c =
    jit_compile("data tls(gd) @x align 8 { i64 1 }\nfunc @y() -> i64 {\nb0:\n  ret 1\n}\n");
  kiln_jit_input in = {.module = c.m, .sessions = &c.s, .n_sessions = 1};
  atomic_store(&countdown, job->at);
  kiln_status status = kiln_jit_add(job->jit, KILN_JIT_REDEFINABLE, &in, 1, &u, NULL);
  if (status == KILN_OK) status = kiln_jit_remove(job->jit, u, NULL);
  bool came = atomic_exchange(&countdown, 0) <= 0;
  jit_release(c);
  return status != KILN_OK ? (void *)2 : came ? (void *)1 : NULL;
}

CASE(first_use_in_a_signal_handler) {
  kiln_jit_options options = {.allocator = {interrupted, NULL}};
  kiln_jit *jit = jit_new(&options);
  jit_add(jit, tls_text, 0);
  get = (jit_fn *)(uintptr_t)kiln_jit_lookup(jit, "get");
  assert_true(signal(SIGUSR1, use_in_handler) != SIG_ERR);
  int at = 1;
  for (void *came = (void *)1; came == (void *)1; at++) {
    struct job job = {jit, at};
    pthread_t thread;
    atomic_store(&seen, 0);
    assert_int_equal(pthread_create(&thread, NULL, add_interrupted, &job), 0);
    pthread_join(thread, &came);
    assert_ptr_not_equal(came, (void *)2);
    if (came != NULL) assert_int_equal(atomic_load(&seen), 5);
  }
  assert_true(at > 5);
  signal(SIGUSR1, SIG_DFL);
  kiln_jit_free(jit);
}

static kiln_jit *busy_jit;
static atomic_bool stop;

static void *keep_adding(void *p) {
  char text[160];
  snprintf(text, sizeof text,
           "data tls(gd) @t%p align 8 { i64 1 }\nfunc @f%p() -> i64 {\nb0:\n  ret @f%p\n}\n", p, p,
           p);
  for (char *x; (x = strstr(text, "0x")) != NULL;) x[1] = '_';
  while (!atomic_load(&stop)) {
    kiln_jit_unit u = jit_add(busy_jit, text, (uintptr_t)p & 1 ? KILN_JIT_REDEFINABLE : 0);
    assert_int_equal(kiln_jit_remove(busy_jit, u, NULL), KILN_OK);
  }
  return NULL;
}

/* The program's argument. */
static int children_wanted = 20;

/* While others add and remove, so that locks are held at any moment. */
CASE(first_use_in_a_child) {
  busy_jit = jit_new(NULL);
  jit_add(busy_jit, tls_text, 0);
  get = (jit_fn *)(uintptr_t)kiln_jit_lookup(busy_jit, "get");
  atomic_store(&stop, false);
  pthread_t threads[2];
  for (uintptr_t i = 0; i < 2; i++)
    assert_int_equal(pthread_create(threads + i, NULL, keep_adding, (void *)(i + 1)), 0);
  for (int i = 0; i < children_wanted; i++) {
    pid_t child = fork();
    if (child == 0) {
      alarm(60); /* a child that hangs ends */
      _exit(get(0, 0) == 5 && kiln_jit_lookup(busy_jit, "tv") != NULL &&
                kiln_jit_get_stats(busy_jit).units > 0
              ? 0
              : 1);
    }
    assert_int_equal(status_of(child), 0);
  }
  atomic_store(&stop, true);
  for (unsigned i = 0; i < 2; i++) pthread_join(threads[i], NULL);
  kiln_jit_free(busy_jit);
}

/* ---- what code registers ---- */

static atomic_long notes;
void jit_fork_note(long digit);
void jit_fork_note(long digit) { atomic_store(&notes, atomic_load(&notes) * 10 + digit); }

static const char registering[] =
  "declare @jit_fork_note(i64)\ndeclare @atexit(i64) -> i32\ndeclare @at_quick_exit(i64) -> i32\n"
  "declare @pthread_atfork(i64, i64, i64) -> i32\ndeclare @__cxa_atexit(i64, i64, i64) -> i32\n"
  "declare @__cxa_thread_atexit(i64, i64, i64) -> i32\n"
  "declare @__cxa_thread_atexit_impl(i64, i64, i64) -> i32\nextern data hidden @__dso_handle\n"
  "func internal @one() {\nb0:\n  call @jit_fork_note(1)\n  ret\n}\n"
  "func internal @two() {\nb0:\n  call @jit_fork_note(2)\n  ret\n}\n"
  "func internal @three() {\nb0:\n  call @jit_fork_note(3)\n  ret\n}\n"
  "func internal @given(i64) {\nb0(%n: i64):\n  call @jit_fork_note(%n)\n  ret\n}\n"
  "func @exits() {\nb0:\n  %a = call @atexit(@one)\n  %b = call @__cxa_atexit(@given, 4, "
  "@__dso_handle)\n"
  "  %c = call @atexit(@two)\n  ret\n}\n"
  "func @quick() {\nb0:\n  %a = call @at_quick_exit(@one)\n  %b = call @at_quick_exit(@two)\n  "
  "ret\n}\n"
  "func @forks() {\nb0:\n  %a = call @pthread_atfork(@one, @two, @three)\n  ret\n}\n"
  "func @threads() {\nb0:\n  %a = call @__cxa_thread_atexit(@given, 5, @__dso_handle)\n"
  "  %b = call @__cxa_thread_atexit_impl(@given, 6, @__dso_handle)\n  ret\n}\n";

static void run(kiln_jit *jit, const char *name) {
  ((void (*)(void))(uintptr_t)kiln_jit_lookup(jit, name))();
}

enum { DESTRUCT = 1, REMOVE_IT = 2, FREE_IT = 4 };

static void end_unit(kiln_jit *jit, kiln_jit_unit u, unsigned how) {
  if (how & DESTRUCT) assert_int_equal(kiln_jit_run_destructors(jit, u), KILN_OK);
  if (how & REMOVE_IT) assert_int_equal(kiln_jit_remove(jit, u, NULL), KILN_OK);
  if (how & FREE_IT) kiln_jit_free(jit);
}
static const unsigned ends[] = {DESTRUCT,
                                REMOVE_IT,
                                FREE_IT,
                                DESTRUCT | REMOVE_IT,
                                REMOVE_IT | FREE_IT,
                                DESTRUCT | REMOVE_IT | FREE_IT};
enum { N_ENDS = sizeof ends / sizeof *ends };

/* Called once, newest first, when the unit goes or before; not again at exit. */
CASE(exit_handlers_go_with_the_unit) {
  for (unsigned k = 0; k < N_ENDS; k++) {
    pid_t child = fork();
    if (child == 0) {
      kiln_jit *jit = jit_new(NULL);
      kiln_jit_unit u = jit_add(jit, registering, 0);
      run(jit, "exits");
      end_unit(jit, u, ends[k]);
      if (atomic_load(&notes) != 241) _exit(1);
      exit(0);
    }
    assert_int_equal(status_of(child), 0);
  }
}

CASE(quick_exit_handlers_go_with_the_unit) {
  for (unsigned k = 0; k < N_ENDS; k++) {
    pid_t child = fork();
    if (child == 0) {
      kiln_jit *jit = jit_new(NULL);
      kiln_jit_unit u = jit_add(jit, registering, 0);
      run(jit, "quick");
      end_unit(jit, u, ends[k]);
      quick_exit(atomic_load(&notes) == 0 ? 0 : 1);
    }
    assert_int_equal(status_of(child), 0);
  }
}

CASE(fork_handlers_go_with_the_unit) {
  for (unsigned k = 0; k < N_ENDS; k++) {
    kiln_jit *jit = jit_new(NULL);
    kiln_jit_unit u = jit_add(jit, registering, 0), other = {0};
    run(jit, "forks");
    atomic_store(&notes, 0);
    pid_t child = fork();
    if (child == 0) _exit(atomic_load(&notes) == 13 ? 0 : 1);
    assert_int_equal(status_of(child), 0);
    assert_int_equal(atomic_load(&notes), 12);
    if (!(ends[k] & FREE_IT))
      other =
        jit_add(jit,
                "declare @jit_fork_note(i64)\ndeclare @pthread_atfork(i64, i64, i64) -> i32\n"
                "func internal @seven() {\nb0:\n  call @jit_fork_note(7)\n  ret\n}\n"
                "func @others() {\nb0:\n  %a = call @pthread_atfork(0, @seven, 0)\n  ret\n}\n",
                0);
    if (other.id != 0) run(jit, "others");
    end_unit(jit, u, ends[k]);
    atomic_store(&notes, 0);
    child = fork();
    if (child == 0) _exit(atomic_load(&notes) == 0 ? 0 : 1);
    assert_int_equal(status_of(child), 0);
    assert_int_equal(atomic_load(&notes), other.id != 0 ? 7 : 0);
    if (!(ends[k] & FREE_IT)) kiln_jit_free(jit);
  }
  pid_t child = fork();
  if (child == 0) _exit(0);
  assert_int_equal(status_of(child), 0);
}

/* What handlers do at the process's end, if the unit is still there. */
CASE(handlers_of_a_unit_that_stays) {
  static const char *const names[] = {"exits", "quick", "threads"};
  static const long expected[] = {241, 21, 65};
  for (unsigned k = 0; k < 3; k++) {
    int out[2];
    assert_int_equal(pipe(out), 0);
    pid_t child = fork();
    if (child == 0) {
      /* called last: it was registered first, and of a program's handlers those come first that it registered last */
      extern void jit_fork_tell(void);
      dup2(out[1], 3);
      if (k == 1) at_quick_exit(jit_fork_tell);
      else atexit(jit_fork_tell);
      kiln_jit *jit = jit_new(NULL);
      jit_add(jit, registering, 0);
      run(jit, names[k]);
      if (k == 1) quick_exit(0);
      exit(0);
    }
    long told = 0;
    assert_int_equal(read(out[0], &told, sizeof told), sizeof told);
    assert_int_equal(told, expected[k]);
    assert_int_equal(status_of(child), 0);
    close(out[0]);
    close(out[1]);
  }
}

void jit_fork_tell(void);
void jit_fork_tell(void) {
  long n = atomic_load(&notes);
  if (write(3, &n, sizeof n) != sizeof n) _exit(1);
}

/* ---- ends of threads ---- */

struct thread_case {
  kiln_jit *jit;
  kiln_jit_unit unit;
  unsigned end; /* what the thread does with the unit itself; 0: nothing */
  int wait[2], tell[2];
};

static void *register_and_end(void *p) {
  struct thread_case *c = p;
  char byte;
  run(c->jit, "threads");
  end_unit(c->jit, c->unit, c->end);
  if (write(c->tell[1], "x", 1) != 1 || read(c->wait[0], &byte, 1) != 1) return (void *)1;
  return NULL;
}

CASE(thread_destructors) {
  /* who ends the unit: the thread that registered, another one while it runs, or nobody */
  for (unsigned who = 0; who < 3; who++)
    for (unsigned k = 0; k < N_ENDS; k++) {
      struct thread_case c = {.jit = jit_new(NULL)};
      pthread_t thread;
      char byte;
      void *result;
      c.unit = jit_add(c.jit, registering, 0);
      c.end = who == 0 ? ends[k] : 0;
      assert_int_equal(pipe(c.wait) + pipe(c.tell), 0);
      atomic_store(&notes, 0);
      assert_int_equal(pthread_create(&thread, NULL, register_and_end, &c), 0);
      assert_int_equal(read(c.tell[0], &byte, 1), 1);
      if (who == 1) end_unit(c.jit, c.unit, ends[k]);
      /* a thread's objects are destructed by itself: what another one registered is dropped */
      assert_int_equal(atomic_load(&notes), who == 0 ? 65 : 0);
      assert_int_equal(write(c.wait[1], "x", 1), 1);
      pthread_join(thread, &result);
      assert_null(result);
      assert_int_equal(atomic_load(&notes), who == 1 ? 0 : 65);
      if (who == 2 || !(ends[k] & FREE_IT)) kiln_jit_free(c.jit);
      for (unsigned i = 0; i < 2; i++) {
        close(c.wait[i]);
        close(c.tell[i]);
      }
    }
}

/* More JITs with thread-local data than there are keys for. */
CASE(many_jits_with_thread_local_data) {
  enum { JITS = EMULATED ? 20 : 1100 };
  static kiln_jit *jits[JITS];
  kiln_jit_options options = {.no_unwind = true, .memory_bytes = 1 << 20};
  for (unsigned i = 0; i < JITS; i++) {
    jits[i] = jit_new(&options);
    jit_add(jits[i], tls_text, 0);
    assert_int_equal(jit_call(jits[i], "get", 0, 0), 5);
  }
  for (unsigned i = 0; i < JITS; i++) kiln_jit_free(jits[i]);
}

int main(int argc, char **argv) {
  if (argc > 1) children_wanted = atoi(argv[1]);
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(child_keeps_its_code),
    cmocka_unit_test(forks_and_removals_alternate),
    cmocka_unit_test(child_has_a_copy),
    cmocka_unit_test(first_use_in_a_signal_handler),
    cmocka_unit_test(first_use_in_a_child),
    cmocka_unit_test(exit_handlers_go_with_the_unit),
    cmocka_unit_test(quick_exit_handlers_go_with_the_unit),
    cmocka_unit_test(fork_handlers_go_with_the_unit),
    cmocka_unit_test(handlers_of_a_unit_that_stays),
    cmocka_unit_test(thread_destructors),
    cmocka_unit_test(many_jits_with_thread_local_data),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
