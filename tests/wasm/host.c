/* Programs that run modules, and what must not happen to them: host CASE FOLDER [ARGUMENT]. FOLDER has the modules that
 * host.py makes. What a case prints, and how the process ends, is said there. */
#define _GNU_SOURCE
#include "host.h"

#include <execinfo.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

struct host host;

/* ---- modules ---- */

const kiln_wasm_image *load(const char *name, uint32_t flags) {
  char path[512], message[256];
  snprintf(path, sizeof path, "%s/%s.wasm", host.folder, name);
  FILE *f = fopen(path, "rb");
  if (f == NULL) exit(9);
  static char bytes[1 << 23];
  size_t n = fread(bytes, 1, sizeof bytes, f);
  fclose(f);
  kiln_wasmrt_compile_options o = {.flags = flags};
  kiln_wasmrt_code *c = kiln_wasmrt_compile(bytes, n, &o, message, sizeof message);
  if (c == NULL) puts(message), exit(9);
  host.codes[host.n_codes++] = c;
  return kiln_wasmrt_code_image(c);
}

static kiln_wasm_exn *callback(void *user, kiln_wasm_value *values) {
  (void)user;
  if (host.on_call != NULL) host.on_call(values);
  return NULL;
}

kiln_wasmrt_instance *try_in(kiln_wasmrt_store *s, const kiln_wasm_image *image,
                             kiln_wasmrt_error *e) {
  kiln_wasmrt_define_func(s, "host", "call", "i:", callback, NULL);
  kiln_wasmrt_define_func(s, "host", "direct", "i:i", callback, NULL);
  return kiln_wasmrt_instantiate(s, image, e);
}

kiln_wasmrt_instance *open_in(kiln_wasmrt_store *s, const kiln_wasm_image *image) {
  kiln_wasmrt_error e;
  kiln_wasmrt_instance *i = try_in(s, image, &e);
  if (i == NULL) puts(e.message), exit(9);
  return i;
}

static void open_module(const char *name) {
  host.image = load(name, 0);
  host.store = kiln_wasmrt_store_new(NULL);
  host.instance = open_in(host.store, host.image);
}

kiln_wasmrt_error call_in(kiln_wasmrt_store *s, kiln_wasmrt_instance *i, const char *name,
                          uint32_t x) {
  kiln_wasmrt_error e;
  kiln_wasm_value v[4] = {{.i32 = x}};
  kiln_wasmrt_call(s, kiln_wasmrt_lookup_func(i, name), v, &e);
  return e;
}

static kiln_wasmrt_error call(const char *name, uint32_t x) {
  return call_in(host.store, host.instance, name, x);
}

void say(const char *what, const kiln_wasmrt_error *e) {
  printf("%s: %s\n", what, e->status == KILN_WASMRT_OK ? "ok" : e->message);
  fflush(stdout);
}

static void say_call(const char *name, uint32_t x) {
  kiln_wasmrt_error e = call(name, x);
  say(name, &e);
}

/* ---- faults of the host ---- */

/* Addresses at which compiled code may fault. */
static volatile uint8_t *address(void) {
  switch (host.argument[0]) {
  case 'n': return NULL;
  case 't': return (void *)(uintptr_t)(KILN_WASM_TRAP_UNREACHABLE * KILN_WASM_TRAP_STEP);
  case 'm':
    return ((kiln_wasm_memory *)kiln_wasmrt_lookup(host.instance, "memory").address)->base + 65536;
  default:
    return (void *)(uintptr_t)((kiln_wasm_header *)kiln_wasmrt_instance_address(host.instance) - 1)
      ->interrupt;
  }
}

static void fault(void) {
  volatile uint8_t *p = address();
  *p = 1;
}

static void fault_on_call(kiln_wasm_value *v) {
  (void)v;
  fault();
}

static void fault_in_callback(void) {
  open_module("traps");
  host.on_call = fault_on_call;
  say_call("call", 0);
}

static void trap_then_fault(kiln_wasm_value *v) {
  (void)v;
  host.on_call = NULL;
  say_call("trap", 0);
  fault();
}

static void fault_after_trap(void) {
  open_module("traps");
  host.on_call = trap_then_fault;
  say_call("call", 0);
}

static int direct(void *instance, int x) {
  (void)instance;
  fault();
  return x;
}

/* A function in C as code, as docs/wasm.md has it. */
static void fault_in_code(void) {
  open_module("traps");
  static kiln_wasm_func f;
  int (*code)(void *, int) = direct;
  memcpy(&f.code, &code, sizeof code);
  f.instance = &f;
  f.type_id = kiln_wasmrt_lookup_func(host.instance, "direct")->type_id;
  kiln_wasmrt_define(host.store, "host", "direct",
                     (kiln_wasmrt_extern){.kind = KILN_WASM_FUNC, .address = &f});
  kiln_wasmrt_error e;
  host.instance = kiln_wasmrt_instantiate(host.store, host.image, &e);
  say_call("direct", 1);
}

static void body(void *user) {
  (void)user;
  fault();
}

static void fault_in_body(void) {
  open_module("traps");
  kiln_wasmrt_error e;
  say_call("trap", 0);
  kiln_wasmrt_protect(host.store, body, NULL, &e);
  say("protect", &e);
}

static void on_alarm(int signal) {
  (void)signal;
  fault();
}

static void fault_in_handler(void) {
  open_module("traps");
  signal(SIGALRM, on_alarm);
  const struct itimerval soon = {.it_value = {.tv_usec = 10000}};
  setitimer(ITIMER_REAL, &soon, NULL);
  say_call("spin", 0);
}

static void *fault_in_thread(void *user) {
  (void)user;
  fault();
  return NULL;
}

static void fault_on_thread(void) {
  open_module("traps");
  pthread_t t;
  pthread_create(&t, NULL, fault_in_thread, NULL);
  say_call("spin", 0);
}

static void fault_at_end(void) {
  open_module("traps");
  say_call("trap", 0);
  fault();
}

/* The host's own handler is called as if it were alone: with the fault's address, and its mask of signals. */
static void on_segv(int signal, siginfo_t *info, void *context) {
  sigset_t mask;
  pthread_sigmask(SIG_SETMASK, NULL, &mask);
  const ucontext_t *c = context;
  printf("handler: %s, USR1 %d, USR2 %d, SEGV %d, before %d\n",
         info->si_addr == (void *)(uintptr_t)address() ? "the address" : "another address",
         sigismember(&mask, SIGUSR1), sigismember(&mask, SIGUSR2), sigismember(&mask, signal),
         sigismember(&c->uc_sigmask, SIGUSR2));
  fflush(stdout);
  _exit(7);
}

static void handler_of_host(void) {
  struct sigaction a = {.sa_sigaction = on_segv, .sa_flags = SA_SIGINFO};
  sigaddset(&a.sa_mask, SIGUSR1);
  sigaction(SIGSEGV, &a, NULL);
  fault_in_callback();
}

/* A trap leaves the thread's signals as they were. */
static void signals_after_trap(void) {
  open_module("traps");
  for (int i = 0; i < 3; i++) {
    sigset_t mask;
    stack_t stack;
    say_call(i == 0 ? "trap" : i == 1 ? "beyond" : "deep", 1u << 30);
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    sigaltstack(NULL, &stack);
    printf("SEGV %d, USR1 %d, on signal stack %d\n", sigismember(&mask, SIGSEGV),
           sigismember(&mask, SIGUSR1), (stack.ss_flags & SS_ONSTACK) != 0);
  }
}

static void *with_blocked(void *user) {
  (void)user;
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, NULL);
  say_call("trap", 0);
  say_call("beyond", 0);
  return NULL;
}

static void blocked_signals(void) {
  open_module("traps");
  pthread_t t;
  pthread_create(&t, NULL, with_blocked, NULL);
  pthread_join(t, NULL);
}

/* ---- the stack's end ---- */

/* The least depth at which the stack ends, and every depth near it: each ends in a trap. */
static void all_depths(const char *name) {
  uint32_t low = 0, high = 1u << 30;
  while (high - low > 1) {
    uint32_t middle = low + (high - low) / 2;
    kiln_wasmrt_error e = call(name, middle);
    if (e.trap == KILN_WASM_TRAP_STACK) high = middle;
    else low = middle;
  }
  unsigned ended = 0, from = high > 6000 ? high - 6000 : 0;
  for (uint32_t d = from; d < high + 20; d++) {
    kiln_wasmrt_error e = call(name, d);
    ended += e.status != KILN_WASMRT_TRAP && e.status != KILN_WASMRT_OK;
  }
  printf("%s: %u others\n", name, ended);
  fflush(stdout);
}

static void do_nothing(kiln_wasm_value *v) { (void)v; }

static const char *const deep_ones[] = {"deep",      "deep_beyond", "deep_call", "deep_grow",
                                        "deep_fill", "deep_throw",  "deep_wait"};

static void *run_depths(void *user) {
  (void)user;
  for (size_t i = 0; i < sizeof deep_ones / sizeof *deep_ones; i++) all_depths(deep_ones[i]);
  return NULL;
}

static void *take_backtrace(void *user) {
  void *frames[16];
  *(int *)user = backtrace(frames, 16);
  return NULL;
}

static void depths(void) {
  open_module("depths");
  host.on_call = do_nothing;
  pthread_t t;
  pthread_attr_t small;
  int frames = 0;
  pthread_attr_init(&small);
  pthread_attr_setstacksize(&small, 512 << 10);
  pthread_create(&t, &small, run_depths, NULL);
  pthread_join(t, NULL);
  pthread_create(&t, NULL, take_backtrace, &frames);
  pthread_join(t, NULL);
  puts(frames > 0 ? "backtrace works" : "no backtrace");
  call("deep", 1u << 30);
  say_call("deep", 10);
}

static void interrupt_store(int signal) {
  (void)signal;
  kiln_wasmrt_interrupt(host.store);
}

/* How a call ends at a depth: where memory's first byte says so, it spins there until a timer interrupts it. */
static kiln_wasmrt_error spin_at(uint32_t depth, bool spin) {
  const struct itimerval soon = {.it_value.tv_usec = 5000};
  struct itimerval left = {.it_value = {0}};
  ((kiln_wasm_memory *)kiln_wasmrt_lookup(host.instance, "memory").address)->base[0] = spin;
  if (spin) setitimer(ITIMER_REAL, &soon, NULL);
  kiln_wasmrt_error first = call("deep_spin", depth);
  getitimer(ITIMER_REAL, &left);
  if (first.trap != KILN_WASM_TRAP_INTERRUPT && left.it_value.tv_usec > 0) call("spin", 0);
  return first;
}

/* A timer interrupts code at all depths near the end of the stack; with a handler on the same stack, at the last one.
 */
static void *interrupt_deep(void *user) {
  unsigned others = 0, interrupted = 0;
  struct sigaction action = {.sa_handler = interrupt_store, .sa_flags = SA_ONSTACK};
  uint32_t low = 0, high = 1u << 20;
  while (high - low > 1) {
    uint32_t middle = low + (high - low) / 2;
    if (spin_at(middle, false).trap == KILN_WASM_TRAP_STACK) high = middle;
    else low = middle;
  }
  sigaction(SIGALRM, &action, NULL);
  pthread_sigmask(SIG_UNBLOCK, user, NULL);
  for (uint32_t d = high - 100; d < high + 3; d += d < high - 4 ? 4 : 1) {
    kiln_wasm_trap trap = spin_at(d, true).trap;
    interrupted += trap == KILN_WASM_TRAP_INTERRUPT;
    others += trap != KILN_WASM_TRAP_INTERRUPT && trap != KILN_WASM_TRAP_STACK;
  }
  printf("%u others, %s\n", others, interrupted > 20 ? "interrupted" : "not interrupted");
  action.sa_flags = 0;
  sigaction(SIGALRM, &action, NULL);
  kiln_wasmrt_error e = spin_at(high - 1, true);
  say("no room", &e);
  e = spin_at(10, false);
  say("then", &e);
  return NULL;
}

static void signal_at_end(void) {
  host.image = load("depths", KILN_WASM_INTERRUPT);
  host.store = kiln_wasmrt_store_new(NULL);
  host.instance = open_in(host.store, host.image);
  pthread_t t;
  pthread_attr_t small;
  sigset_t alarm_alone;
  sigemptyset(&alarm_alone);
  sigaddset(&alarm_alone, SIGALRM);
  pthread_sigmask(SIG_BLOCK, &alarm_alone, NULL);
  pthread_attr_init(&small);
  pthread_attr_setstacksize(&small, 512 << 10);
  pthread_create(&t, &small, interrupt_deep, &alarm_alone);
  pthread_join(t, NULL);
}

__attribute__((noinline)) static uint64_t use_stack(unsigned kib) {
  volatile uint8_t frame[1024];
  frame[0] = (uint8_t)kib;
  return kib == 0 ? frame[0] : use_stack(kib - 1) + frame[0];
}

static uint32_t depth_of(kiln_wasmrt_store *s, kiln_wasmrt_instance *i) {
  uint32_t low = 0, high = 1u << 30;
  while (high - low > 1) {
    uint32_t middle = low + (high - low) / 2;
    if (call_in(s, i, "deep", middle).trap == KILN_WASM_TRAP_STACK) high = middle;
    else low = middle;
  }
  return high;
}

/* A store's maximum: less depth; and the whole stack for the host afterwards. */
static void most_stack(void) {
  open_module("depths");
  kiln_wasmrt_store *s =
    kiln_wasmrt_store_new(&(kiln_wasmrt_store_options){.max_stack_bytes = 1 << 20});
  uint32_t whole = depth_of(host.store, host.instance), part = depth_of(s, open_in(s, host.image));
  kiln_wasmrt_store_free(s);
  printf("%s\n", part > whole / 16 && part < whole / 4 ? "about an eighth" : "another part");
  use_stack(4096);
  say_call("deep", whole / 2);
}

static ucontext_t outside, inside[2];
static char *stacks[2];
enum { COROUTINE_BYTES = 1 << 20 };

static void on_coroutine(void) {
  say_call("deep", 1u << 30);
  say_call("trap", 0);
  kiln_wasmrt_set_stack(host.store, &(kiln_wasmrt_stack){stacks[0], COROUTINE_BYTES});
  say_call("deep", 1u << 30);
  say_call("trap", 0);
}

static void make_coroutine(int k, void (*f)(void)) {
  char *p =
    mmap(NULL, COROUTINE_BYTES + 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  mprotect(p, 65536, PROT_NONE);
  stacks[k] = p + 65536;
  getcontext(&inside[k]);
  inside[k].uc_stack = (stack_t){.ss_sp = stacks[k], .ss_size = COROUTINE_BYTES};
  inside[k].uc_link = &outside;
  makecontext(&inside[k], f, 0);
}

static void coroutine(void) {
  open_module("depths");
  make_coroutine(0, on_coroutine);
  swapcontext(&outside, &inside[0]);
  say_call("deep", 1u << 30); /* the thread's own again */
}

/* Two that take turns within functions of the host, and trap then, in either order. */
static int running;
static void give_way(kiln_wasm_value *v) {
  (void)v;
  int me = running;
  swapcontext(&inside[me], &outside);
}

static void turn(void) {
  int me = running;
  kiln_wasmrt_store *s = kiln_wasmrt_store_new(NULL);
  kiln_wasmrt_set_stack(s, &(kiln_wasmrt_stack){stacks[me], COROUTINE_BYTES});
  kiln_wasmrt_instance *i = open_in(s, host.image);
  kiln_wasmrt_error e = call_in(s, i, "call_and_trap", 0);
  printf("coroutine %d: %s\n", me, e.message);
  fflush(stdout);
  kiln_wasmrt_store_free(s);
}

static void turns(void) {
  open_module("traps");
  host.on_call = give_way;
  for (int first = 0; first < 2; first++) {
    for (int k = 0; k < 2; k++) {
      make_coroutine(k, turn);
      running = k;
      swapcontext(&outside, &inside[k]);
    }
    for (int k = 0; k < 2; k++) {
      running = k ^ first;
      swapcontext(&outside, &inside[running]);
    }
  }
  host.on_call = NULL;
  say_call("trap", 0);
}

/* ---- processes and threads ---- */

static void fork_on_call(kiln_wasm_value *v) {
  (void)v;
  pid_t pid = fork();
  if (pid != 0) {
    int status;
    waitpid(pid, &status, 0);
    printf("child: %d\n", status);
  } else {
    host.on_call = NULL;
    kiln_wasmrt_store *s = kiln_wasmrt_store_new(NULL);
    kiln_wasmrt_instance *i = open_in(s, load("depths", 0));
    say_call("trap", 0);
    kiln_wasmrt_error e = call_in(s, i, "deep", 1u << 30);
    say("deep", &e);
    kiln_wasmrt_store_free(s);
    _exit(0);
  }
}

static void fork_in_call(void) {
  open_module("traps");
  host.on_call = fork_on_call;
  say_call("call", 0);
}

static volatile bool stop;

/* Images come and go while other threads trap. */
static void *trap_often(void *user) {
  kiln_wasmrt_store *s = kiln_wasmrt_store_new(NULL);
  kiln_wasmrt_instance *i = open_in(s, user);
  uintptr_t bad = 0;
  while (!stop) {
    bad += call_in(s, i, "beyond", 0).trap != KILN_WASM_TRAP_MEMORY;
    bad += call_in(s, i, "trap", 0).trap != KILN_WASM_TRAP_UNREACHABLE;
    bad += call_in(s, i, "deep", 1u << 30).trap != KILN_WASM_TRAP_STACK;
  }
  kiln_wasmrt_store_free(s);
  return (void *)bad;
}

static void images_come_and_go(void) {
  open_module("traps");
  pthread_t t[2];
  uintptr_t bad = 0;
  for (int k = 0; k < 2; k++)
    pthread_create(&t[k], NULL, trap_often, (void *)(uintptr_t)host.image);
  const kiln_wasm_image *other = load("depths", 0);
  for (int k = 0; k < 2000; k++) {
    kiln_wasmrt_store *s = kiln_wasmrt_store_new(NULL);
    kiln_wasmrt_instance *i = open_in(s, other);
    bad += call_in(s, i, "trap", 0).trap != KILN_WASM_TRAP_UNREACHABLE;
    kiln_wasmrt_store_free(s);
  }
  stop = true;
  for (int k = 0; k < 2; k++) {
    void *result;
    pthread_join(t[k], &result);
    bad += (uintptr_t)result;
  }
  printf("wrong: %u\n", (unsigned)bad);
}

static void end_thread(kiln_wasm_value *v) {
  (void)v;
  pthread_exit(NULL);
}

static void *end_in_call(void *user) {
  (void)user;
  host.on_call = end_thread;
  call("call", 0);
  return NULL;
}

static void *use_whole_stack(void *user) {
  use_stack(6000);
  host.on_call = NULL;
  say_call(user, 0);
  return NULL;
}

/* A thread that ends within a call: its stack, which the next thread gets, is whole. */
static void thread_ends(void) {
  host.image = load("traps", 0);
  host.store = kiln_wasmrt_store_new(&(kiln_wasmrt_store_options){.max_stack_bytes = 1 << 20});
  host.instance = open_in(host.store, host.image);
  pthread_t t;
  for (int k = 0; k < 4; k++) {
    pthread_create(&t, NULL, k % 2 == 0 ? end_in_call : use_whole_stack, "trap");
    pthread_join(t, NULL);
  }
}

static const struct host_case cases[] = {
  {"fault_in_callback", fault_in_callback},
  {"fault_after_trap", fault_after_trap},
  {"fault_in_code", fault_in_code},
  {"fault_in_body", fault_in_body},
  {"fault_in_handler", fault_in_handler},
  {"fault_on_thread", fault_on_thread},
  {"fault_at_end", fault_at_end},
  {"handler_of_host", handler_of_host},
  {"signals_after_trap", signals_after_trap},
  {"blocked_signals", blocked_signals},
  {"depths", depths},
  {"signal_at_end", signal_at_end},
  {"most_stack", most_stack},
  {"coroutine", coroutine},
  {"turns", turns},
  {"fork_in_call", fork_in_call},
  {"images_come_and_go", images_come_and_go},
  {"thread_ends", thread_ends},
  {NULL, NULL},
};

static const struct host_case *const tables[] = {cases, host_limit_cases, host_call_cases,
                                                 host_piece_cases};

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  host.folder = argv[2];
  host.argument = argc > 3 ? argv[3] : "";
  for (size_t t = 0; t < sizeof tables / sizeof *tables; t++) {
    for (const struct host_case *c = tables[t]; c->name != NULL; c++) {
      if (strcmp(c->name, argv[1]) != 0) continue;
      c->run();
      kiln_wasmrt_store_free(host.store);
      while (host.n_codes > 0) kiln_wasmrt_code_free(host.codes[--host.n_codes]);
      return 0;
    }
  }
  return 2;
}
