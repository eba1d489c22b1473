/* How time and memory grow with the size of the input: runs each shape (shapes.h) at several sizes
 * through the library, from building to an object in memory or to text and back. bench/growth.py
 * calls it, twice for each target: for times and memory, and under a counter of executed instructions. With --check it
 * is a test and prints TAP: the inputs succeed on a small stack, whose use does not grow with them, and with memory
 * linear in them. Otherwise prints lines of fields with tabs between them:
 * way, target, shape, unit, size, items, 1 if this is the base that others are compared with, then
 *   ns, bytes, and bytes at a size that is this one's base times a power of two, and its items;
 *   or with --count the process that did it. */
#include "large.h"
#include "shapes.h"

#include <limits.h>
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifdef KN_TEST_INTERP
#include <kiln/interp.h>
#endif
#include <kiln/llvm.h>

/* ---- memory ---- */

/* Counts the bytes allocated. Each block is preceded by its size. */
struct counter {
  uint64_t held, most;
};

enum { HEAD = 16 };

static void *count_realloc(void *user, void *old, size_t size) {
  struct counter *c = user;
  size_t was = 0;
  uint8_t *block = NULL;
  if (old != NULL) {
    block = (uint8_t *)old - HEAD;
    memcpy(&was, block, sizeof was);
  }
  c->held -= was;
  if (size == 0) {
    free(block);
    return NULL;
  }
  block = realloc(block, size + HEAD);
  if (block == NULL) return NULL;
  memcpy(block, &size, sizeof size);
  c->held += size;
  if (c->held > c->most) c->most = c->held;
  return block + HEAD;
}

/* ---- one run ---- */

struct job {
  const char *way;
  kiln_processor target;
  const struct shape *shape;
  uint32_t n;
  const void *bitcode; /* or a file instead of a shape */
  size_t bitcode_size;
  uint64_t items;
  uint32_t base; /* size that others are compared with; 0: this is the only one */
  bool verify;
};

static void say_diag(void *user, const kiln_diag *d) {
  char line[600];
  const struct job *j = user;
  kiln_diag_format(d, line, sizeof line);
  fprintf(stderr, "%s, %u: %s\n", j->shape != NULL ? j->shape->name : "bitcode", j->n, line);
}

static kiln_status compile_sink(void *user, kiln_func *f) {
  (void)user;
  return kiln_func_compile(f);
}

static kiln_status print_sink(void *user, kiln_func *f) {
  kiln_status status = kiln_func_print(f, user);
  kiln_func_discard(f);
  return status;
}

static kiln_status discard_sink(void *user, kiln_func *f) {
  (void)user;
  kiln_func_discard(f);
  return KILN_OK;
}

/* Prints the functions, then parses and verifies the text. */
static bool run_text(struct job *j, const kiln_module_options *options) {
  struct shape_run r;
  kiln_buffer text = {.allocator = options->allocator};
  if (!shape_open(&r, options, j->n)) return false;
  r.sink = print_sink;
  r.user = &text;
  j->shape->make(&r);
  if (r.status == KILN_OK) r.status = kiln_module_print(r.m, &text);
  j->items = r.items;
  kiln_module *m = kiln_module_new(options);
  kiln_session *s = m != NULL ? kiln_session_new(m) : NULL;
  bool ok = r.status == KILN_OK && s != NULL &&
            kiln_text_read(s, (const char *)text.data, text.size, discard_sink, NULL) == KILN_OK;
  kiln_session_free(s);
  kiln_module_free(m);
  kiln_buffer_free(&text);
  shape_close(&r);
  return ok;
}

static bool run_object(struct job *j, const kiln_module_options *options) {
  struct shape_run r;
  kiln_buffer object = {.allocator = options->allocator};
  if (!shape_open(&r, options, j->n)) return false;
  r.sink = compile_sink;
  if (j->bitcode != NULL)
    r.status = kiln_llvm_read(r.s, j->bitcode, j->bitcode_size, NULL, NULL, NULL, &r.items);
  else j->shape->make(&r);
  if (r.status == KILN_OK) r.status = kiln_emit_elf(r.m, &r.s, 1, &object);
  j->items = r.items;
  kiln_buffer_free(&object);
  shape_close(&r);
  return r.status == KILN_OK;
}

/* The functions become the interpreter's code. */
static bool run_interp(struct job *j, const kiln_module_options *options) {
  struct shape_run r;
  if (!shape_open(&r, options, j->n)) return false;
#ifdef KN_TEST_INTERP
  kiln_interp *in = kiln_interp_new(r.m, &(kiln_interp_options){.stack_bytes = 1 << 20});
  r.sink = kiln_interp_sink;
  r.user = in;
  j->shape->make(&r);
  kiln_interp_free(in);
#endif
  j->items = r.items;
  shape_close(&r);
  return r.status == KILN_OK;
}

static bool run(struct job *j, const kiln_allocator *allocator) {
  kiln_module_options options = {
    .target.processor = j->target, .on_diag = say_diag, .on_diag_user = j, .verify = j->verify};
  if (allocator != NULL) options.allocator = *allocator;
  if (strcmp(j->way, "text") == 0) return run_text(j, &options);
  return strcmp(j->way, "interp") == 0 ? run_interp(j, &options) : run_object(j, &options);
}

/* ---- measuring ---- */

static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

enum { LEAST_PASSES = 3, MOST_PASSES = 40, ENOUGH_NS = 60000000 };

struct options {
  bool count;
  bool fast; /* one pass */
  const char *shape, *way;
  uint32_t most;
  kiln_target target;
  bool check;
  unsigned checked; /* shapes */
  bool failed;
};

static void print_row(const struct job *j) {
  printf("%s\t%s\t%s\t%s\t%u\t%llu\t%d", j->way, kiln_processor_name(j->target), j->shape->name,
         j->shape->unit, j->n, (unsigned long long)j->items, j->n == j->base);
}

/* Runs the job in a process of its own, so that the count of instructions is that run's. */
static bool count(struct job *j) {
  fflush(stdout);
  uint64_t *items =
    mmap(NULL, sizeof *items, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (items == MAP_FAILED) return false;
  pid_t pid = fork();
  if (pid == 0) {
    bool ok = j->n == 0 || run(j, NULL);
    *items = j->items;
    fflush(stderr);
    _exit(ok ? 0 : 1);
  }
  int status = 0;
  if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0) return false;
  j->items = *items;
  munmap(items, sizeof *items);
  print_row(j);
  printf("\t%d\n", (int)pid);
  return true;
}

/* Bytes held at most. */
static bool weigh(struct job *j, uint64_t *bytes) {
  struct counter c = {0};
  bool ok = run(j, &(kiln_allocator){count_realloc, &c});
  *bytes = c.most;
  return ok;
}

static bool measure(struct job *j, bool fast) {
  uint64_t bytes, even_bytes;
  struct job even =
    *j; /* a size at which arrays that grow by doubling are as full as at the base */
  for (even.n = j->base; j->base != 0 && even.n <= j->n / 2;) even.n *= 2;
  if (j->base == 0 || j->n < j->base) even.n = j->n;
  if (!weigh(j, &bytes) || !weigh(&even, &even_bytes)) return false;
  uint64_t least = UINT64_MAX, all = 0;
  for (int i = 0; i < (fast ? 1 : MOST_PASSES) && (i < LEAST_PASSES || all < ENOUGH_NS); i++) {
    uint64_t from = now();
    if (!run(j, NULL)) return false;
    uint64_t ns = now() - from;
    if (ns < least) least = ns;
    all += ns;
  }
  print_row(j);
  printf("\t%llu\t%llu\t%llu\t%llu\n", (unsigned long long)least, (unsigned long long)bytes,
         (unsigned long long)even_bytes, (unsigned long long)even.items);
  fflush(stdout);
  return true;
}

static void row(struct options *o, struct job *j) {
  if (!(o->count ? count(j) : measure(j, o->fast))) {
    fprintf(stderr, "failed: %s, %s, %u\n", j->way, j->shape->name, j->n);
    o->failed = true;
  }
}

static uint32_t next_size(uint32_t n, uint32_t most) { return most / n < 10 ? most : n * 10; }

static void each_shape(void *user, const struct shape *s) {
  struct options *o = user;
  if (o->shape != NULL && strcmp(o->shape, s->name) != 0) return;
  if (s->no_text && strcmp(o->way, "text") == 0) return;
  uint32_t most = s->most < o->most ? s->most : o->most;
  uint32_t base = s->least; /* the smallest from 10,000 on, but for the largest */
  while (base < 10000 && next_size(base, most) < most) base = next_size(base, most);
  for (uint32_t n = s->least;; n = next_size(n, most)) {
    struct job j = {.way = o->way, .target = o->target.processor, .shape = s, .n = n, .base = base};
    row(o, &j);
    if (n >= most) break;
  }
}

/* Counts the instructions of a process that does nothing. */
static void count_nothing(struct options *o) {
  struct shape nothing = {.name = "nothing", .unit = "-"};
  row(o, &(struct job){.way = "none", .target = o->target.processor, .shape = &nothing});
}

/* ---- --check ---- */

enum {
  MOST = SANITIZED  ? 2048
         : EMULATED ? 4096
                    : 8192, /* or what the shape allows */
  STEP = 8,                 /* between the two sizes: arrays that grow by doubling are as full */
  STACK_BYTES = SANITIZED ? 1 << 20 : 128 << 10, /* glibc asks for this on AArch64 */
  DEEPER_BYTES = SANITIZED ? 4096 : 1024,        /* that the large one may use more of the stack */
  PAINT = 0xa5
};
/* Bytes per item of the large size, at most, in those of the small one. The checker's tables double. */
#ifdef KN_CHECKS
enum { CHECKS = 1 };
#define MORE_MEMORY 2.1
#else
enum { CHECKS = 0 };
#define MORE_MEMORY 1.1
#endif

struct check {
  struct job job;
  struct counter memory;
  uint64_t depth; /* bytes of the stack, as far as the lowest that was written to */
  bool ok;
};

static void *check_thread(void *arg) {
  struct check *c = arg;
  c->ok = run(&c->job, &(kiln_allocator){count_realloc, &c->memory}) && c->memory.held == 0;
  return NULL;
}

__attribute__((no_sanitize("address"))) static uint64_t depth_of(const uint8_t *stack) {
  uint32_t at = 0;
  while (at < STACK_BYTES && stack[at] == PAINT) at++;
  return STACK_BYTES - at;
}

/* Runs on a small painted stack: recursion as deep as the input would run into the page below. */
static void run_small_stack(struct check *c) {
  enum { PAGE = 4096 };
  uint8_t *memory = mmap(NULL, STACK_BYTES + PAGE, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED || mprotect(memory, PAGE, PROT_NONE) != 0) return;
  memset(memory + PAGE, PAINT, STACK_BYTES);
  pthread_attr_t attr;
  pthread_t thread;
  pthread_attr_init(&attr);
  if (pthread_attr_setstack(&attr, memory + PAGE, STACK_BYTES) == 0 &&
      pthread_create(&thread, &attr, check_thread, c) == 0)
    pthread_join(thread, NULL);
  pthread_attr_destroy(&attr);
  c->depth = depth_of(memory + PAGE);
  munmap(memory, STACK_BYTES + PAGE);
}

static bool check_way(const struct shape *shape, const char *way, kiln_processor target) {
  uint32_t large = MOST;
  while (large > shape->most) large /= 2;
  struct check many = {
    .job = {.way = way, .target = target, .shape = shape, .n = large, .verify = true}};
  struct check few = many;
  few.job.n = large / STEP;
  run_small_stack(&few);
  run_small_stack(&many);
  if (!few.ok || !many.ok) return false;
  double each = (double)many.memory.most / (double)many.job.items;
  double each_few = (double)few.memory.most / (double)few.job.items;
  printf("# %-7s %-6s %-20s %6u: %6.1f bytes each, %6.1f of %u; stack %llu, %llu\n",
         kiln_processor_name(target), way, shape->name, large, each, each_few, large / STEP,
         (unsigned long long)many.depth, (unsigned long long)few.depth);
  /* in checking builds the checker of the allocation holds blocks times values, up to a limit */
  bool linear = each <= each_few * MORE_MEMORY || (CHECKS && strcmp(way, "object") == 0);
  return linear && many.depth <= few.depth + DEEPER_BYTES;
}

static void check_shape(void *user, const struct shape *s) {
  struct options *o = user;
  bool ok = true;
  if (o->shape != NULL && strcmp(o->shape, s->name) != 0) return;
  for (unsigned t = 1; t < KILN_PROCESSOR_COUNT; t++)
    ok &= check_way(s, "object", (kiln_processor)t);
  if (!s->no_text) ok &= check_way(s, "text", KILN_PROCESSOR_X86_64);
#ifdef KN_TEST_INTERP
  ok &= check_way(s, "interp", KILN_PROCESSOR_X86_64);
#endif
  printf("%sok %u - %s\n", ok ? "" : "not ", ++o->checked, s->name);
  fflush(stdout);
  o->failed |= !ok;
}

static int check_all(struct options *o) {
  shape_each(check_shape, o);
  printf("1..%u\n", o->checked);
  return o->failed || o->checked == 0;
}

/* ---- files and options ---- */

static bool read_file(const char *name, uint8_t **bytes, size_t *size) {
  kiln_buffer b = {0};
  FILE *in = fopen(name, "rb");
  for (size_t n = 1; in != NULL && n != 0;) {
    uint8_t *to = kiln_buffer_reserve(&b, 1 << 20);
    if (to == NULL) break;
    n = fread(to, 1, 1 << 20, in);
    b.size += n;
  }
  bool ok = in != NULL && !ferror(in);
  if (in != NULL) fclose(in);
  *bytes = b.data;
  *size = b.size;
  return ok;
}

/* SHAPE:N:FILE */
static void bitcode(struct options *o, const char *argument) {
  char name[64];
  unsigned n;
  int at = 0;
  uint8_t *bytes;
  if (sscanf(argument, "%63[^:]:%u:%n", name, &n, &at) < 2 || at == 0) {
    o->failed = true;
    return;
  }
  struct shape s = {.name = name, .unit = "as said"};
  struct job j = {.way = "bitcode", .target = o->target.processor, .shape = &s, .n = n};
  if (read_file(argument + at, &bytes, &j.bitcode_size)) {
    j.bitcode = bytes;
    if (o->count) count_nothing(o);
    row(o, &j);
  } else {
    fprintf(stderr, "cannot read %s\n", argument + at);
    o->failed = true;
  }
  free(bytes);
}

static const char *value_of(const char *argument, const char *option) {
  size_t n = strlen(option);
  return strncmp(argument, option, n) == 0 ? argument + n : NULL;
}

int main(int argc, char **argv) {
  struct options o = {
    .way = "object", .most = UINT32_MAX, .target.processor = KILN_PROCESSOR_X86_64};
  /* Memory freed by one pass is reused by the next, whatever its size; otherwise, of large inputs only, the
   * measurement would be dominated by the system clearing pages. */
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, INT_MAX);
  bool files = false;
  for (int i = 1; i < argc; i++) {
    const char *v;
    if ((v = value_of(argv[i], "--shape="))) o.shape = v;
    else if ((v = value_of(argv[i], "--way="))) o.way = v;
    else if ((v = value_of(argv[i], "--most="))) o.most = (uint32_t)atol(v);
    else if ((v = value_of(argv[i], "--target=")) && kiln_target_find(v, &o.target)) continue;
    else if (strcmp(argv[i], "--count") == 0) o.count = true;
    else if (strcmp(argv[i], "--fast") == 0) o.fast = true;
    else if (strcmp(argv[i], "--check") == 0) o.check = true;
    else if ((v = value_of(argv[i], "--bitcode="))) files = true;
    else {
      fprintf(stderr, "usage: growth [--way=object|text] [--target=T] [--shape=NAME] [--most=N] "
                      "[--count|--fast|--check] [--bitcode=NAME:N:FILE...]\n");
      return 2;
    }
  }
  if (o.check) return check_all(&o);
  if (o.count && !files) count_nothing(&o);
  for (int i = 1; i < argc && files; i++) {
    const char *v = value_of(argv[i], "--bitcode=");
    if (v != NULL) bitcode(&o, v);
  }
  if (!files) shape_each(each_shape, &o);
  return o.failed;
}
