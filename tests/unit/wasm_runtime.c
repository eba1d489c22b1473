/* The runtime of WebAssembly by itself: functions in C stand for compiled code, an image made by hand for a module. */
#include "../../frontends/wasm/runtime/state.h"
#include "large.h"

#include <fcntl.h>
#include <signal.h>
#include "unit.h"
#include <sys/wait.h>
#include <unistd.h>

/* ---- a module ---- */

/* What is in its instance, below the address. */
struct layout {
  uint32_t type_ids[2];
  kiln_wasm_func funcs[2]; /* imported, own */
  kiln_wasm_table table;
  kiln_wasm_memory memory;
  kiln_wasm_value global;
  kiln_wasm_header header;
};
#define SLOT(field) ((int32_t)offsetof(struct layout, field) - (int32_t)sizeof(struct layout))

static struct layout *layout_of(void *instance) { return (struct layout *)instance - 1; }

/* Type 0: (i64) -> i64, type 1: () -> (). */
static kiln_wasm_exn *enter(void *instance, void *code, kiln_wasm_value *v) {
  uint64_t (*f)(void *, uint64_t);
  memcpy(&f, &code, sizeof f);
  v[0].i64 = f(instance, v[0].i64);
  return NULL;
}

static uint64_t host_code(void *instance, uint64_t x) {
  kiln_wasm_host *h = instance;
  kiln_wasm_value v = {.i64 = x};
  h->call(h->call_user, &v);
  return v.i64;
}

/* What stands for compiled code is as the compiler makes it: a sanitizer would have it call functions of its own. */
#define CODE __attribute__((no_sanitize("address", "undefined"), noinline))

/* The module's function: reads a byte of memory at any address. */
CODE static uint64_t read_byte(void *instance, uint64_t at) {
  return *(volatile uint8_t *)((uintptr_t)layout_of(instance)->memory.base + at);
}

static const uint8_t types[] = {KILN_WASM_TYPE_I64, KILN_WASM_TYPE_I64};
static kiln_wasm_functype functypes[2] = {{types, 1, 1, enter, (void *)0},
                                          {types, 0, 0, NULL, NULL}};
static const kiln_wasm_import imports[] = {{{"host", 4}, {"f", 1}, KILN_WASM_FUNC, 0}};
static const kiln_wasm_export exports[] = {{{"read", 4}, KILN_WASM_FUNC, 1},
                                           {{"host", 4}, KILN_WASM_FUNC, 0},
                                           {{"memory", 6}, KILN_WASM_MEMORY, 0},
                                           {{"table", 5}, KILN_WASM_TABLE, 0},
                                           {{"global", 6}, KILN_WASM_GLOBAL, 0}};
/* From the third one on they are for trap_of alone. */
static kiln_wasm_image_func funcs[] = {{NULL, {"", 0}, 0, SLOT(funcs[0])},
                                       {NULL, {"reader", 6}, 0, SLOT(funcs[1])},
                                       {NULL, {"", 0}, 1, 0},
                                       {NULL, {"", 0}, 1, 0},
                                       {NULL, {"", 0}, 1, 0},
                                       {NULL, {"", 0}, 1, 0}};
static void touch_trap(void *instance);
static void overflow(void *instance);
static void read_interrupt(void *instance);
static void read_elsewhere(void *instance);
static const kiln_wasm_image_table tables[] = {
  {{.min = 2, .max = 5}, {0}, KILN_WASM_TYPE_FUNCREF, SLOT(table)}};
static const kiln_wasm_image_memory memories[] = {{{.min = 1, .max = 3}, SLOT(memory), 0}};
static const kiln_wasm_const_op forty_two[] = {
  {.kind = KILN_WASM_CONST_VALUE, .value = {.i64 = 40}},
  {.kind = KILN_WASM_CONST_VALUE, .value = {.i64 = 2}},
  {.kind = KILN_WASM_CONST_I64_ADD}};
static const kiln_wasm_image_global globals[] = {
  {{forty_two, 3, 2}, KILN_WASM_TYPE_I64, true, SLOT(global)}};
static const kiln_wasm_item items[] = {{KILN_WASM_CONST_FUNC, 1}, {KILN_WASM_CONST_VALUE, 0}};
static const kiln_wasm_const_op one[] = {{.kind = KILN_WASM_CONST_VALUE, .value = {.i32 = 1}}};
static kiln_wasm_image_elem elems[] = {
  {items, 1, KILN_WASM_TYPE_FUNCREF, KILN_WASM_MODE_ACTIVE, 0, {one, 1, 1}},
  {items, 2, KILN_WASM_TYPE_FUNCREF, KILN_WASM_MODE_PASSIVE, 0, {0}}};
static kiln_wasm_image_data datas[] = {
  {(const uint8_t *)"abc", 3, KILN_WASM_MODE_ACTIVE, 0, {one, 1, 1}},
  {(const uint8_t *)"xyz", 3, KILN_WASM_MODE_PASSIVE, 0, {0}}};

static kiln_wasm_image image_at_memory(bool at_memory) {
  uint64_t (*read)(void *, uint64_t) = read_byte, (*host)(void *, uint64_t) = host_code;
  void (*others[])(void *) = {touch_trap, overflow, read_interrupt, read_elsewhere};
  for (int i = 0; i < 4; i++) memcpy(&funcs[2 + i].code, &others[i], sizeof others[i]);
  memcpy(&funcs[1].code, &read, sizeof read);
  memcpy(&functypes[0].host, &host, sizeof host);
  return (kiln_wasm_image){.version = KILN_WASM_ABI_VERSION,
                           .flags = at_memory ? KILN_WASM_IMAGE_AT_MEMORY : 0,
                           .instance_bytes = sizeof(struct layout),
                           .type_ids = SLOT(type_ids),
                           .start = UINT32_MAX,
                           .types = functypes,
                           .n_types = 2,
                           .imports = imports,
                           .n_imports = 1,
                           .exports = exports,
                           .n_exports = 5,
                           .funcs = funcs,
                           .n_funcs = 6,
                           .n_imported_funcs = 1,
                           .tables = tables,
                           .n_tables = 1,
                           .memories = memories,
                           .n_memories = 1,
                           .globals = globals,
                           .n_globals = 1,
                           .elems = elems,
                           .n_elems = 2,
                           .datas = datas,
                           .n_datas = 2};
}

/* ---- fixture ---- */

struct fixture {
  kiln_wasm_image image;
  kiln_wasmrt_store *store;
  kiln_wasmrt_instance *instance;
  void *address;
  kiln_wasmrt_error error;
};

static struct fixture fixture;

static kiln_wasm_exn *add_one(void *user, kiln_wasm_value *v) {
  (void)user;
  v[0].i64++;
  return NULL;
}

/* CMocka sets its own handlers before each test: puts back those of the runtime, which it installs once. */
static void keep_handlers(void) {
  static struct sigaction ours[2];
  static const int signals[2] = {SIGSEGV, SIGBUS};
  static bool have;
  kiln_wasmrt_error e;
  kiln_wasmrt_store *s = kiln_wasmrt_store_new(NULL);
  kiln_wasmrt_protect(s, free, NULL, &e);
  kiln_wasmrt_store_free(s);
  for (int i = 0; i < 2; i++) sigaction(signals[i], have ? &ours[i] : NULL, have ? NULL : &ours[i]);
  have = true;
}

static struct fixture *open_fixture(bool at_memory, kiln_wasmrt_host_fn host) {
  struct fixture *f = &fixture;
  keep_handlers();
  f->image = image_at_memory(at_memory);
  f->store = kiln_wasmrt_store_new(NULL);
  assert_true(kiln_wasmrt_define_func(f->store, "host", "f", "I:I", host, NULL));
  f->instance = kiln_wasmrt_instantiate(f->store, &f->image, &f->error);
  if (f->instance == NULL) fail_msg("%s", f->error.message);
  f->address = kiln_wasmrt_instance_address(f->instance);
  return f;
}

static void close_fixture(struct fixture *f) { kiln_wasmrt_store_free(f->store); }

/* Runs body(address) as code: the trap, or -1. */
static void (*the_body)(void *instance);
static void run_body(void *user) { the_body(user); }
static int trap_of(struct fixture *f, void (*body)(void *instance)) {
  the_body = body;
  kiln_wasmrt_status s = kiln_wasmrt_protect(f->store, run_body, f->address, &f->error);
  return s == KILN_WASMRT_TRAP ? (int)f->error.trap : s == KILN_WASMRT_OK ? -1 : -2;
}

static uint64_t read_at(struct fixture *f, uint64_t at) {
  kiln_wasm_value v = {.i64 = at};
  kiln_wasmrt_call(f->store, kiln_wasmrt_lookup_func(f->instance, "read"), &v, &f->error);
  return v.i64;
}

/* ---- tests ---- */

CASE(test_memory_edges) {
  for (int at_memory = 0; at_memory < 2; at_memory++) {
    struct fixture *f = open_fixture(at_memory, add_one);
    static const uint64_t outside[] = {65536,       65537,       0x1ffff,
                                       0xffffffff,  0x100000000, 0x1fffffffe,
                                       0x1ffffffff, 0x200000000, 0x20000ffff};
    assert_int_equal(read_at(f, 1), 'a');
    assert_int_equal(read_at(f, 65535), 0);
    assert_int_equal(f->error.status, KILN_WASMRT_OK);
    for (size_t i = 0; i < sizeof outside / sizeof *outside; i++) {
      read_at(f, outside[i]);
      assert_int_equal(f->error.status, KILN_WASMRT_TRAP);
      assert_int_equal(f->error.trap, KILN_WASM_TRAP_MEMORY);
    }
    assert_int_equal(kiln_wasmrt_memory_grow(f->address, 0, 1), 1);
    assert_int_equal(read_at(f, 0x1ffff), 0);
    assert_int_equal(f->error.status, KILN_WASMRT_OK);
    assert_int_equal(kiln_wasmrt_memory_grow(f->address, 0, 2), UINT64_MAX);
    assert_int_equal(kiln_wasmrt_memory_grow(f->address, 0, UINT64_MAX), UINT64_MAX);
    assert_int_equal(kiln_wasmrt_memory_grow(f->address, 0, 0), 2);
    close_fixture(f);
  }
}

CASE(test_backtrace) {
  struct fixture *f = open_fixture(true, add_one);
  read_at(f, 65536);
  assert_true(f->error.n_frames > 0);
  assert_int_equal(f->error.frames[0].function, 1);
  kiln_wasm_name name = kiln_wasmrt_func_name(f->error.frames);
  assert_int_equal(name.text_length, 6);
  assert_memory_equal(name.text, "reader", 6);
  close_fixture(f);
}

CODE static void touch_trap(void *instance) {
  (void)instance;
  volatile uintptr_t at = KILN_WASM_TRAP_DIVIDE_BY_ZERO * KILN_WASM_TRAP_STEP + 8;
  *(volatile uint8_t *)at;
}

static void call_trap(void *instance) { kiln_wasmrt_trap(instance, KILN_WASM_TRAP_UNREACHABLE); }

CODE static void overflow(void *instance) {
  volatile uint8_t frame[4000];
  frame[0] = 1;
  if (instance != NULL) overflow(instance);
  frame[1] = frame[0];
}

CASE(test_traps) {
  struct fixture *f = open_fixture(false, add_one);
  for (int i = 0; i < 3; i++) {
    assert_int_equal(trap_of(f, touch_trap), KILN_WASM_TRAP_DIVIDE_BY_ZERO);
    assert_string_equal(f->error.message, "integer divide by zero");
    assert_int_equal(trap_of(f, call_trap), KILN_WASM_TRAP_UNREACHABLE);
    assert_int_equal(trap_of(f, overflow), KILN_WASM_TRAP_STACK);
  }
  close_fixture(f);
}

/* The code is known by the instance that another thread has. */
static void *overflow_in_thread(void *user) {
  struct fixture f = *(struct fixture *)user;
  f.store = kiln_wasmrt_store_new(NULL);
  assert_int_equal(trap_of(&f, overflow), KILN_WASM_TRAP_STACK);
  kiln_wasmrt_store_free(f.store);
  return NULL;
}

CASE(test_thread) {
  pthread_t t;
  struct fixture *f = open_fixture(false, add_one);
  assert_int_equal(pthread_create(&t, NULL, overflow_in_thread, f), 0);
  pthread_join(t, NULL);
  close_fixture(f);
}

/* Faults that are no traps reach the handler that was there before: here the system's, which ends the process. */
static void die_of(void (*body)(struct fixture *f)) {
  pid_t pid = fork();
  if (pid == 0) {
    body(open_fixture(true, add_one));
    _exit(0);
  }
  int status = 0;
  waitpid(pid, &status, 0);
  /* Sanitizers exit, or abort, as newer versions of Meson tell it to. */
  assert_true(WIFSIGNALED(status)
                ? WTERMSIG(status) == SIGSEGV || (SANITIZED && WTERMSIG(status) == SIGABRT)
                : SANITIZED && WEXITSTATUS(status) != 0);
}

static void *page; /* inaccessible, of nobody */

CODE static void read_elsewhere(void *instance) {
  (void)instance;
  *(volatile uint8_t *)page;
}
static void fault_elsewhere(struct fixture *f) { trap_of(f, read_elsewhere); }

static void fault_outside(struct fixture *f) {
  read_at(f, 65536);
  *(volatile uint8_t *)((kiln_wasm_memory *)kiln_wasmrt_lookup(f->instance, "memory").address)
     ->base;
  *(volatile uint8_t
      *)(((kiln_wasm_memory *)kiln_wasmrt_lookup(f->instance, "memory").address)->base + 65536);
}

static kiln_wasm_exn *fault_in_host(void *user, kiln_wasm_value *v) {
  (void)user;
  v[0].i64 = *(volatile uint8_t *)(uintptr_t)v[0].i64;
  return NULL;
}

static void fault_of_host(struct fixture *f) {
  close_fixture(f);
  f = open_fixture(true, fault_in_host);
  kiln_wasm_value v = {.i64 = 8};
  kiln_wasmrt_call(f->store, kiln_wasmrt_lookup_func(f->instance, "host"), &v, &f->error);
}

CASE(test_faults_of_others) {
  int null = open("/dev/null", O_WRONLY), keep = dup(2);
  page = (void *)(uintptr_t)0x10000; /* below what the system maps */
  dup2(null, 2);                     /* sanitizers report what is expected */
  die_of(fault_elsewhere);
  die_of(fault_outside);
  die_of(fault_of_host);
  dup2(keep, 2);
  close(null);
  close(keep);
}

static kiln_wasm_exn *leave_host(void *user, kiln_wasm_value *v) {
  (void)user;
  kiln_wasmrt_exit(v[0].i32);
}

CASE(test_host) {
  struct fixture *f = open_fixture(false, add_one);
  const kiln_wasm_func *host = kiln_wasmrt_lookup_func(f->instance, "host");
  kiln_wasm_value v = {.i64 = 41};
  assert_int_equal(kiln_wasmrt_call(f->store, host, &v, &f->error), KILN_WASMRT_OK);
  assert_int_equal(v.i64, 42);
  close_fixture(f);
  f = open_fixture(false, leave_host);
  v.i64 = 7;
  host = kiln_wasmrt_lookup_func(f->instance, "host");
  assert_int_equal(kiln_wasmrt_call(f->store, host, &v, &f->error), KILN_WASMRT_EXIT);
  assert_int_equal(f->error.exit_status, 7);
  assert_int_equal(read_at(f, 1), 'a'); /* faults are traps again */
  read_at(f, 65536);
  assert_int_equal(f->error.status, KILN_WASMRT_TRAP);
  close_fixture(f);
}

/* A function of the host calls the module, and defines and looks up what it likes. */
static kiln_wasm_exn *call_back(void *user, kiln_wasm_value *v) {
  struct fixture *f = &fixture;
  kiln_wasmrt_error e;
  kiln_wasm_value at = {.i64 = 1};
  (void)user;
  assert_ptr_equal(kiln_wasmrt_caller(), f->instance);
  assert_true(kiln_wasmrt_define_func(f->store, "host", "later", "I:I", add_one, NULL));
  const kiln_wasm_func *read = kiln_wasmrt_lookup_func(f->instance, "read");
  assert_int_equal(kiln_wasmrt_call(f->store, read, &at, &e), KILN_WASMRT_OK);
  at.i64 = 65536; /* a trap ends the inner call alone */
  assert_int_equal(kiln_wasmrt_call(f->store, read, &at, &e), KILN_WASMRT_TRAP);
  if (v[0].i64-- == 0) return NULL;
  const kiln_wasm_func *host = kiln_wasmrt_lookup_func(f->instance, "host");
  assert_int_equal(kiln_wasmrt_call(f->store, host, v, &e), KILN_WASMRT_OK);
  return NULL;
}

static void protected_body(void *user) {
  struct fixture *f = user;
  kiln_wasmrt_error e;
  kiln_wasm_value v = {.i64 = 20};
  const kiln_wasm_func *host = kiln_wasmrt_lookup_func(f->instance, "host");
  assert_int_equal(kiln_wasmrt_call(f->store, host, &v, &e), KILN_WASMRT_OK);
  assert_int_equal(kiln_wasmrt_protect(f->store, free, NULL, &e), KILN_WASMRT_OK);
}

CASE(test_calls_back) {
  struct fixture *f = open_fixture(false, call_back);
  assert_int_equal(kiln_wasmrt_protect(f->store, protected_body, f, &f->error), KILN_WASMRT_OK);
  assert_int_equal(read_at(f, 1), 'a');
  close_fixture(f);
}

CASE(test_exports) {
  struct fixture *f = open_fixture(true, add_one);
  kiln_wasmrt_extern g = kiln_wasmrt_lookup(f->instance, "global");
  assert_int_equal(((kiln_wasm_value *)g.address)->i64, 42);
  assert_true(g.is_mutable && g.type == KILN_WASM_TYPE_I64);
  assert_null(kiln_wasmrt_lookup(f->instance, "none").address);
  assert_null(kiln_wasmrt_lookup_func(f->instance, "memory"));
  kiln_wasm_table *t = kiln_wasmrt_lookup(f->instance, "table").address;
  assert_int_equal(t->size_elements, 2);
  assert_null(t->elements[0]);
  assert_ptr_equal(t->elements[1], kiln_wasmrt_lookup_func(f->instance, "read"));
  close_fixture(f);
}

CASE(test_links) {
  static const struct {
    const char *name, *signature, *message;
  } rows[] = {{"g", "I:I", "unknown import"},
              {"f", "I:", "incompatible import type"},
              {"f", "i:I", "incompatible import type"},
              {"f", ":II", "incompatible import type"}};
  kiln_wasm_image image = image_at_memory(false);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    kiln_wasmrt_error e;
    kiln_wasmrt_store *s = kiln_wasmrt_store_new(NULL);
    assert_true(kiln_wasmrt_define_func(s, "host", rows[i].name, rows[i].signature, add_one, NULL));
    assert_null(kiln_wasmrt_instantiate(s, &image, &e));
    assert_int_equal(e.status, KILN_WASMRT_LINK);
    assert_memory_equal(e.message, rows[i].message, strlen(rows[i].message));
    assert_false(kiln_wasmrt_define_func(s, "host", "x", "I?:I", add_one, NULL));
    image.version++;
    assert_null(kiln_wasmrt_instantiate(s, &image, &e));
    assert_int_equal(e.status, KILN_WASMRT_LINK);
    image.version--;
    kiln_wasmrt_store_free(s);
  }
}

static void fill_beyond(void *i) { kiln_wasmrt_memory_fill(i, 0, 65530, 'f', 7); }
static void fill_far(void *i) { kiln_wasmrt_memory_fill(i, 0, UINT64_MAX, 'f', 2); }
static void copy_beyond(void *i) { kiln_wasmrt_memory_copy(i, 0, 0, 0, 65535, 2); }
static void init_beyond(void *i) { kiln_wasmrt_memory_init(i, 0, 1, 0, 1, 3); }
static void init_dropped(void *i) { kiln_wasmrt_memory_init(i, 0, 0, 0, 0, 1); }
static void table_fill_beyond(void *i) { kiln_wasmrt_table_fill(i, 0, 1, NULL, 2); }
static void table_copy_beyond(void *i) { kiln_wasmrt_table_copy(i, 0, 0, 1, 0, 2); }
static void table_init_beyond(void *i) { kiln_wasmrt_table_init(i, 0, 1, 0, 1, 2); }
static void table_init_dropped(void *i) { kiln_wasmrt_table_init(i, 0, 0, 0, 0, 1); }

CASE(test_bulk) {
  struct fixture *f = open_fixture(true, add_one);
  uint8_t *base = f->address;
  kiln_wasmrt_memory_fill(f->address, 0, 65530, 'f', 6);
  assert_int_equal(base[65535], 'f');
  assert_int_equal(trap_of(f, fill_beyond), KILN_WASM_TRAP_MEMORY);
  assert_int_equal(trap_of(f, fill_far), KILN_WASM_TRAP_MEMORY);
  assert_int_equal(trap_of(f, copy_beyond), KILN_WASM_TRAP_MEMORY);
  assert_int_equal(trap_of(f, init_beyond), KILN_WASM_TRAP_MEMORY);
  assert_int_equal(trap_of(f, init_dropped), KILN_WASM_TRAP_MEMORY);
  kiln_wasmrt_memory_init(f->address, 0, 1, 10, 1, 2);
  assert_memory_equal(base + 10, "yz", 2);
  kiln_wasmrt_memory_copy(f->address, 0, 0, 11, 10, 2);
  assert_memory_equal(base + 10, "yyz", 3);
  assert_int_equal(trap_of(f, table_fill_beyond), KILN_WASM_TRAP_TABLE);
  assert_int_equal(trap_of(f, table_copy_beyond), KILN_WASM_TRAP_TABLE);
  assert_int_equal(trap_of(f, table_init_beyond), KILN_WASM_TRAP_TABLE);
  assert_int_equal(trap_of(f, table_init_dropped), KILN_WASM_TRAP_TABLE);
  assert_int_equal(kiln_wasmrt_table_grow(f->address, 0, base, 3), 2);
  assert_int_equal(kiln_wasmrt_table_grow(f->address, 0, base, 1), UINT64_MAX);
  assert_ptr_equal(
    ((kiln_wasm_table *)kiln_wasmrt_lookup(f->instance, "table").address)->elements[4], base);
  close_fixture(f);
}

static void wait_unshared(void *i) { kiln_wasmrt_atomic_wait32(i, 0, 0, 0, 0); }
static void wait_unaligned(void *i) { kiln_wasmrt_atomic_wait64(i, 0, 4, 0, 0); }
static void notify_beyond(void *i) { kiln_wasmrt_atomic_notify(i, 0, 65536, 1); }

static void *notify(void *user) {
  struct fixture *f = user;
  while (kiln_wasmrt_atomic_notify(f->address, 0, 8, 1) == 0) usleep(1000);
  return NULL;
}

CASE(test_wait) {
  struct fixture *f = open_fixture(true, add_one);
  assert_int_equal(trap_of(f, wait_unshared), KILN_WASM_TRAP_NOT_SHARED);
  assert_int_equal(trap_of(f, wait_unaligned), KILN_WASM_TRAP_UNALIGNED);
  assert_int_equal(trap_of(f, notify_beyond), KILN_WASM_TRAP_MEMORY);
  kn_memory(kiln_wasmrt_lookup(f->instance, "memory").address)->limits.shared = true;
  assert_int_equal(kiln_wasmrt_atomic_wait32(f->address, 0, 8, 1, -1), 1);
  assert_int_equal(kiln_wasmrt_atomic_wait32(f->address, 0, 8, 0, 1000), 2);
  pthread_t t;
  assert_int_equal(pthread_create(&t, NULL, notify, f), 0);
  assert_int_equal(kiln_wasmrt_atomic_wait64(f->address, 0, 8, 0, -1), 0);
  pthread_join(t, NULL);
  close_fixture(f);
}

CODE static void read_interrupt(void *instance) {
  *(volatile const uint8_t *)((kiln_wasm_header *)instance - 1)->interrupt;
}

CASE(test_interrupt) {
  struct fixture *f = open_fixture(false, add_one);
  assert_int_equal(trap_of(f, read_interrupt), -1);
  kiln_wasmrt_interrupt(f->store);
  assert_int_equal(trap_of(f, read_interrupt), KILN_WASM_TRAP_INTERRUPT);
  assert_int_equal(trap_of(f, read_interrupt), -1);
  close_fixture(f);
}

/* Segments that do not fit: those before have been copied. */
CASE(test_segments) {
  static const kiln_wasm_const_op far[] = {
    {.kind = KILN_WASM_CONST_VALUE, .value = {.i32 = 65534}}};
  kiln_wasm_image image = image_at_memory(false);
  kiln_wasmrt_error e;
  kiln_wasmrt_store *s = kiln_wasmrt_store_new(NULL);
  assert_true(kiln_wasmrt_define_func(s, "host", "f", "I:I", add_one, NULL));
  datas[0].offset.ops = far;
  assert_null(kiln_wasmrt_instantiate(s, &image, &e));
  datas[0].offset.ops = one;
  assert_int_equal(e.status, KILN_WASMRT_TRAP);
  assert_string_equal(e.message, "out of bounds memory access");
  elems[0].n_items = 2;
  assert_null(kiln_wasmrt_instantiate(s, &image, &e));
  elems[0].n_items = 1;
  assert_int_equal(e.trap, KILN_WASM_TRAP_TABLE);
  kiln_wasmrt_store_free(s);
}

/* What tests/source/callbacks.py looks for. */
#define ROW(of, test) {of, test, NULL, NULL, NULL}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_memory_edges),
    cmocka_unit_test(test_backtrace),
    cmocka_unit_test(test_traps),
    cmocka_unit_test(test_thread),
    cmocka_unit_test(test_faults_of_others),
    cmocka_unit_test(test_host),
    ROW("wasm_runtime.h fn, wasm_runtime.h body, wasm_abi.h call, wasm_abi.h entry",
        test_calls_back),
    cmocka_unit_test(test_exports),
    cmocka_unit_test(test_links),
    cmocka_unit_test(test_bulk),
    cmocka_unit_test(test_wait),
    cmocka_unit_test(test_interrupt),
    cmocka_unit_test(test_segments),
  };
  keep_handlers(); /* before CMocka: what is not a trap goes to the system */
  return cmocka_run_group_tests(tests, NULL, NULL);
}
