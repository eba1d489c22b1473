/* The program `clay-jit`, which `clay -i` and `clay --jit` become: compiles programs into memory and runs them, with
 * Kiln's JIT. It is linked with Clay's runtime, whose main calls it in place of a program.
 *
 * - A function is lazy: it is compiled when it is called for the first time. Its tree is kept until then.
 * - The collector finds roots by Kiln's walk of the stack (clay_each_root), and an error at run time prints the names
 *   and places of the functions on the stack (print_traceback).
 * - At the prompt each line is a program of its own. Later lines use what earlier ones declared. A function that is
 *   declared again replaces the old one, also for its existing callers if its signature is the same. */
#include "cache.h"
#include "gen.h"
#include "host.h"
#include "jit.h"
#include "runtime.h"
#include "system.h"

#include <kiln/stack.h>

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct {
  struct clay clay;
  kiln_jit *jit;
  const void *bottom; /* of the stack of Clay's functions */
  bool prompts;
  unsigned live_threads;   /* of the loop of live.c; 0: there is none */
  pthread_mutex_t compile; /* held by the thread that compiles */
  jmp_buf next_line;
} host = {.compile = PTHREAD_MUTEX_INITIALIZER};

struct clay *jit_clay(void) { return &host.clay; }

/* ---- what the runtime asks for ---- */

uint64_t clay_each_root(void (*visit)(clay_cell *root)) {
  kiln_stack_walk walk = {.jits = &host.jit, .n_jits = 1, .end = host.bottom};
  kiln_stack_point point;
  kiln_stack_frame frame;
  uint64_t frames = 0;
  kiln_stack_point_save(&point);
  kiln_stack_walk_begin(&walk, &point);
  while (kiln_stack_walk_find_next(&walk, &frame)) {
    frames += frame.has_table;
    for (uint32_t i = 0; i < frame.n_roots; i++) visit(kiln_stack_frame_root(&frame, i, NULL));
  }
  if (walk.status != KILN_OK) {
    fputs("clay: the collector cannot see all of the stack\n", stderr);
    abort();
  }
  return frames;
}

/* Where each function on the stack is, from the newest to the oldest one. */
static void print_traceback(void) {
  void *pcs[64];
  const unsigned n = host_backtrace(pcs, 64);
  for (unsigned i = 0; i < n; i++) {
    char text[1024];
    kiln_jit_frame at;
    kiln_jit_pc_info info = {
      .frames = &at, .max_frames = 1, .text = text, .text_bytes = sizeof text};
    /* A return address may be that of the next line. */
    if (!kiln_jit_find_pc(host.jit, (const char *)pcs[i] - 1, &info)) continue;
    bool is_function = strncmp(at.function, "clay.", 5) == 0;
    const char *name = is_function ? at.function + 5 : "the program";
    if (at.line != 0) fprintf(stderr, "  %s:%u:%u: in %s\n", at.file, at.line, at.column, name);
    else fprintf(stderr, "  in %s\n", name); /* loaded objects have no lines */
  }
}

/* An error at run time ends the line, not the prompt. */
void clay_failed(void) {
  print_traceback();
  if (!host.prompts) exit(CLAY_STATUS_FAILED);
  longjmp(host.next_line, 1);
}

static void *runtime_function(void *user, const char *name) {
  static const struct {
    const char *name;
    void (*address)(void);
    unsigned flags;
  } table[] = {
#define RUNTIME(name, n, flags) {"clay_" #name, (void (*)(void))clay_##name, flags},
    RUNTIME_FUNCTIONS
#undef RUNTIME
    {"clay_personality", (void (*)(void))clay_personality, 0},
  };
  static const struct {
    const char *name;
    const void *address;
  } data[] = {{"clay_type_int", &clay_type_int},
              {"clay_type_float", &clay_type_float},
              {"clay_type_bool", &clay_type_bool},
              {"clay_type_str", &clay_type_str}};
  (void)user;
  for (size_t i = 0; i < sizeof data / sizeof *data; i++)
    if (strcmp(data[i].name, name) == 0) return (void *)(uintptr_t)data[i].address;
  for (size_t i = 0; i < sizeof table / sizeof *table; i++)
    if (strcmp(table[i].name, name) == 0) {
      if (host.live_threads != 0 && table[i].flags & RT_COLLECTS) break; /* of one thread alone */
      return (void *)(uintptr_t)table[i].address;
    }
  return host_function(name);
}

/* ---- compiling ---- */

/* Compiles `fn`, or the statements of `p` as the function `entry`. Returns the address of the code, or NULL after a
 * message. Each is a unit and a module of its own: modules of one `struct clay` find each other's symbols by name. */
static void *compile(struct fn *fn, const struct program *p, const char *entry) {
  struct clay *c = &host.clay;
  kiln_module *m =
    kiln_module_new(&(kiln_module_options){.name = c->file, .verify = true, .jit = true});
  kiln_session *s = kiln_session_new(m);
  kiln_jit_input input = {.module = m, .sessions = &s, .n_sessions = 1};
  kiln_jit_unit unit;
  kiln_jit_error e = {0};
  kiln_status status = KILN_ERR_MEMORY;
  void *code = NULL;
  if (s != NULL) status = fn != NULL ? gen_function(c, fn, s) : gen_statements(c, p, s, entry);
  if (status != KILN_OK)
    fprintf(stderr, "clay: %s\n", s != NULL ? kiln_module_diag(m)->message : "out of memory");
  else if (kiln_jit_add(host.jit, KILN_JIT_REDEFINABLE, &input, 1, &unit, &e) != KILN_OK)
    fprintf(stderr, "clay: %s\n", e.diag.message);
  else code = kiln_jit_function(host.jit, unit, 0);
  kiln_jit_error_free(&e);
  kiln_session_free(s);
  kiln_module_free(m);
  return code;
}

/* Whether a later input has replaced `fn`, for its callers too. */
static bool is_replaced(const struct fn *fn) {
  const struct fn *newer = fn->name->fn;
  while (newer != NULL && newer != fn && newer->version != fn->version) newer = newer->outer;
  return newer != fn;
}

/* The JIT calls this at the first call of a function, which then goes on where this says; NULL: where the function's
 * definition is. */
static void *compile_called(void *user, const char *name) {
  (void)name;
  void *code = NULL;
  pthread_mutex_lock(&host.compile);
  const bool replaced = is_replaced(user); /* while this thread waited */
  if (!replaced) code = compile(user, NULL, NULL);
  pthread_mutex_unlock(&host.compile);
  return code != NULL || replaced ? code : (void *)clay_failed;
}

/* Whether callers of an earlier function of this name call `fn`. */
static bool replaces(const struct fn *fn) {
  return fn->outer != NULL && !fn->outer->external && fn->outer->version == fn->version;
}

static bool declare(struct fn *fn) {
  char name[256];
  gen_function_name(fn, name);
  return kiln_jit_declare_lazy(
           host.jit,
           &(kiln_jit_lazy_desc){.name = name, .compile = compile_called, .compile_user = fn},
           NULL) != NULL;
}

/* Declares the functions that are new, then compiles those that replace others, which may call new ones. */
static bool add_functions(const struct program *p) {
  for (struct fn *fn = p->fns; fn != NULL; fn = fn->next)
    if (!fn->external && !replaces(fn) && !declare(fn)) return false;
  for (struct fn *fn = p->fns; fn != NULL; fn = fn->next)
    if (!fn->external && replaces(fn) && compile(fn, NULL, NULL) == NULL) return false;
  return true;
}

/* Compiles the input; its statements, or NULL after a message. */
static void *compile_input(void) {
  struct clay *c = &host.clay;
  struct program p = {0};
  char entry[32];
  parse_program(c, &p);
  if (c->errors == 0) check_program(c, &p);
  if (c->errors > 0) return NULL;
  if (!add_functions(&p)) return NULL;
  snprintf(entry, sizeof entry, "clay_line_%u", c->input);
  return compile(NULL, &p, entry);
}

bool jit_run(void) {
  void (*code)(void);
  pthread_mutex_lock(&host.compile);
  void *address = compile_input();
  pthread_mutex_unlock(&host.compile);
  memcpy(&code, &address, sizeof code);
  if (code != NULL) code();
  return code != NULL;
}

void *jit_find(const struct fn *fn) {
  char name[256];
  gen_function_name(fn, name);
  return kiln_jit_lookup(host.jit, name);
}

/* ---- the prompt ---- */

/* The number of brackets still open at the end; if not 0, the input continues on the next line. */
static int nesting(const char *s) {
  int depth = 0;
  for (; *s != 0; s++) {
    if (*s == '"') {
      for (s++; *s != 0 && *s != '"' && *s != '\n'; s++) s += s[0] == '\\' && s[1] != 0;
    } else if (s[0] == '/' && s[1] == '/') {
      s += strcspn(s, "\n");
    } else {
      depth += (strchr("([{", *s) != NULL) - (strchr(")]}", *s) != NULL);
    }
    if (*s == 0) break;
  }
  return depth;
}

/* Reads a line with its continuation lines; NULL at the end. The caller frees it. */
static char *read_lines(void) {
  bool asks = isatty(STDIN_FILENO);
  char *text = NULL, *line = NULL;
  size_t size = 0, room = 0;
  do {
    if (asks) fputs(text == NULL ? "> " : "  ", stdout);
    fflush(stdout);
    const ptrdiff_t n = clay_get_line(&line, &room);
    if (n <= 0) break;
    text = realloc(text, size + (size_t)n + 1);
    if (text == NULL) abort();
    memcpy(text + size, line, (size_t)n + 1);
    size += (size_t)n;
  } while (nesting(text) > 0);
  free(line);
  return text;
}

static void run_lines(void) {
  static char *text; /* keeps its value over longjmp */
  host.prompts = true;
  setjmp(host.next_line);
  for (free(text); (text = read_lines()) != NULL; free(text)) {
    clay_input(&host.clay, "prompt", text, strlen(text));
    jit_run();
  }
}

/* ---- files, and code on disk ---- */

/* The name of the program's statements in an object. */
#define CACHED "clay_cached"

/* The whole program as an object, without running it; false after a message. */
static bool make_object(const kiln_module_options *options, kiln_buffer *object) {
  struct clay *c = &host.clay;
  struct program p = {0};
  parse_program(c, &p);
  if (c->errors == 0) check_program(c, &p);
  if (c->errors > 0) return false;
  kiln_module *m = kiln_module_new(options);
  kiln_session *s = kiln_session_new(m);
  kiln_status status = s != NULL ? gen_program(c, &p, s, CACHED, NULL, NULL) : KILN_ERR_MEMORY;
  if (status == KILN_OK) status = kiln_emit_object(m, &s, 1, object);
  if (status != KILN_OK)
    fprintf(stderr, "clay: %s\n", s != NULL ? kiln_module_diag(m)->message : "out of memory");
  kiln_session_free(s);
  kiln_module_free(m);
  return status == KILN_OK;
}

/* Runs the program of an object; false if it cannot be loaded. */
static bool run_object(const kiln_buffer *object) {
  kiln_jit_error e = {0};
  void (*code)(void);
  if (kiln_jit_add_object(host.jit, 0, object->data, object->size, NULL, &e) != KILN_OK) {
    fprintf(stderr, "clay: %s\n", e.diag.message);
    kiln_jit_error_free(&e);
    return false;
  }
  void *address = kiln_jit_lookup(host.jit, CACHED);
  memcpy(&code, &address, sizeof code);
  if (code != NULL) code();
  return code != NULL;
}

/* Runs a program that may have been compiled before. It is compiled as a whole, so that the next start loads it. */
static bool run_cached(const char *path, const char *text, size_t size) {
  const kiln_module_options options = {.name = path, .verify = true, .jit = true};
  const struct cache_key key = {path, text, size, &options};
  kiln_buffer object = {0};
  bool ok = cache_find(&key, &object);
  if (!ok && (ok = make_object(&options, &object))) cache_put(&key, &object);
  ok = ok && run_object(&object);
  kiln_buffer_free(&object);
  return ok;
}

static void run_file(const char *path) {
  size_t size;
  char *text = clay_read_file(path, &size);
  if (text == NULL) {
    fprintf(stderr, "clay: %s: %s\n", path, strerror(errno));
    exit(3);
  }
  clay_input(&host.clay, path, text, size);
  const char *cache = getenv("CLAY_CACHE"), *threads = getenv("CLAY_LIVE");
  if (threads != NULL) host.live_threads = (unsigned)strtoul(threads, NULL, 10);
  bool ok;
  if (host.live_threads != 0) ok = jit_run() && live_loop(path, text, host.live_threads);
  else ok = cache != NULL && cache[0] != 0 ? run_cached(path, text, size) : jit_run();
  free(text);
  if (!ok) exit(1);
}

/* Called by the runtime's main. The first argument is the file; an empty one stands for the prompt. */
void clay_program(void) {
  const char *file = clay_take_argument();
  kiln_jit_error e = {0};
  host.jit = kiln_jit_new(&(kiln_jit_options){.resolve = runtime_function}, &e);
  if (host.jit == NULL) {
    fprintf(stderr, "clay: %s\n", e.diag.message);
    exit(3);
  }
  host_open_libraries(); /* programs use functions of the C library, and of that for maths */
  clay_init(&host.clay);
  host.clay.debug = DEBUG_LINES;
  host.bottom = __builtin_frame_address(0);
  if (file[0] != 0) run_file(file);
  else run_lines();
  clay_free(&host.clay);
  kiln_jit_free(host.jit);
}
