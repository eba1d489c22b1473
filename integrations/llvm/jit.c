/* JITs that compile a module when its code is first wanted, and hold it until then: MCJIT, and ORC's LLJIT in C++.
 * MCJIT asks a cache of objects before it compiles: Kiln is that cache. ORC's JITs call an object of one of two
 * classes, whose tables of virtual functions get Kiln's in LLVM's place when a program creates an LLJIT, if they look
 * as expected. Both happen after whatever the program does to modules, so that transformations, constructors, removal
 * and lookup are LLVM's own. ORC's C functions, which know more of the target machine, are in orc.c.
 *
 * LLVM's classes are called as the Itanium C++ ABI has it on x86-64, where the address of a result is an argument. */
#include "shim.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifdef __x86_64__
enum { KNOWS_ABI = true };
#else
enum { KNOWS_ABI = false };
#endif

/* ---- a module ---- */

/* Has the function an attribute of this name? */
static bool has(const struct shim_host *h, void *function, const char *name) {
  enum { FUNCTION = -1 }; /* LLVMAttributeFunctionIndex */
  unsigned kind = h->LLVMGetEnumAttributeKindForName(name, strlen(name));
  return h->LLVMGetEnumAttributeAtIndex(function, (unsigned)FUNCTION, kind) != NULL;
}

/* Is it a function that runs once and has no attributes at any level: one of ORC's that calls constructors, or one of
 * clang-repl's with statements? */
static bool runs_once(const struct shim_host *h, void *function) {
  static const char *const begins[] = {"__orc_", "__stmts__"};
  size_t n = 0;
  const char *name = h->LLVMGetValueName2(function, &n);
  for (size_t i = 0; i < sizeof begins / sizeof *begins; i++)
    if (n >= strlen(begins[i]) && memcmp(name, begins[i], strlen(begins[i])) == 0) return true;
  return false;
}

/* Is each function of the module as clang makes it at -O0? LLVM compiles what is optnone without optimization at any
 * level; noinline alone are those that initialize variables, and alwaysinline cannot be optnone. */
static bool is_unoptimized(const struct shim_host *h, void *module) {
  if (!h->LLVMGetEnumAttributeKindForName || !h->LLVMGetEnumAttributeAtIndex ||
      !h->LLVMIsDeclaration || !h->LLVMGetFirstFunction || !h->LLVMGetNextFunction ||
      !h->LLVMGetValueName2)
    return false;
  for (void *f = h->LLVMGetFirstFunction(module); f != NULL; f = h->LLVMGetNextFunction(f))
    if (!h->LLVMIsDeclaration(f) && !has(h, f, "optnone") && !has(h, f, "noinline") &&
        !has(h, f, "alwaysinline") && !runs_once(h, f))
      return false;
  return true;
}

const char *shim_module_refused(const struct shim_host *h, int level, void *module) {
  enum { HIGHEST = 3 };
  if (h->why != NULL) return h->why;
  if (level == SHIM_LEVEL_UNKNOWN && shim_settings()->opt_level >= HIGHEST) level = HIGHEST;
  const char *why = shim_level_refused(level);
  if (why != NULL && level >= SHIM_LEVEL_UNKNOWN && !shim_settings()->bad &&
      is_unoptimized(h, module))
    why = NULL;
  return why;
}

static const char *refused(const struct shim_host *h, int level, void *module) {
  const char *why = shim_module_refused(h, level, module);
  if (why != NULL) return why;
  if (!h->LLVMCreateMemoryBufferWithMemoryRangeCopy || !h->LLVMGetModuleIdentifier ||
      !h->LLVMGetFirstGlobal || !h->LLVMGetNextGlobal || !h->LLVMIsThreadLocal)
    return "this LLVM lacks calls that the shim needs";
  return shim_has_thread_local(h, module) ? "thread-local data in a JIT" : NULL;
}

/* A module that one of LLVM's JITs wants an object of. */
struct wanted {
  const struct shim_host *host;
  void *module;
  char name[256];
  const char *why; /* why it is LLVM's */
  uint64_t given_up;
  struct shim_unit u;
};

static void begin(struct wanted *w, const struct shim_host *host, void *module) {
  size_t n = 0;
  const char *name =
    host->LLVMGetModuleIdentifier != NULL ? host->LLVMGetModuleIdentifier(module, &n) : NULL;
  if (name == NULL) n = 0;
  if (n >= sizeof w->name) n = sizeof w->name - 1;
  w->host = host;
  w->module = module;
  w->u.start = shim_cpu_ns();
  if (n != 0) memcpy(w->name, name, n);
  w->name[n] = 0;
}

/* The module's object as LLVM's memory buffer; NULL: LLVM is to compile it, w->why says why. */
static void *object_of(struct wanted *w, int level, const struct shim_machine *machine) {
  void *buffer = NULL;
  w->why = refused(w->host, level, w->module);
  if (w->why == NULL) w->why = shim_compile(w->host, &w->u, w->module, machine, w->name, NULL);
  if (w->why == NULL) {
    const kiln_buffer *object = &w->u.unit.object;
    buffer = w->host->LLVMCreateMemoryBufferWithMemoryRangeCopy((const char *)object->data,
                                                                object->size, w->name);
    if (buffer != NULL) shim_log_kiln(&w->u, w->name);
    else w->why = "no memory";
    shim_unit_free(&w->u);
  }
  w->given_up = shim_cpu_ns();
  return buffer;
}

static void log_llvm(const struct wanted *w) { shim_log_llvm(&w->u, w->name, w->why, w->given_up); }

/* ---- MCJIT ---- */

SHIM_EXPORT int LLVMCreateMCJITCompilerForModule(void **out, void *module, const void *options,
                                                 size_t n, char **error);
SHIM_EXPORT int LLVMCreateJITCompilerForModule(void **out, void *module, unsigned level,
                                               char **error);
SHIM_EXPORT int LLVMCreateExecutionEngineForModule(void **out, void *module, char **error);
SHIM_EXPORT void *shim_engine_create(void *builder, void *tm) __asm__(SHIM_ENGINE_CREATE);

/* An llvm::ObjectCache. LLVM holds it as long as its JIT, of whose end C++ tells nobody: so there is one for all that
 * are alike, and none is freed. */
struct cache {
  const void *functions;
  const struct shim_host *host;
  int level;
  struct shim_machine machine;
  struct cache *next;
};

static struct {
  pthread_mutex_t lock;
  struct cache *first;
} caches = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Of the thread: what LLVM compiles now. */
static _Thread_local struct wanted pending;

static void nothing(void *cache) { (void)cache; }

/* ObjectCache::notifyObjectCompiled: LLVM has compiled what getObject did not have. */
static void notice(void *cache,
                   void *module) { /* the third argument, the object, is on the stack */
  (void)cache;
  if (pending.module == module) log_llvm(&pending);
  pending.module = NULL;
}

/* ObjectCache::getObject. */
static void **get(void **result, const struct cache *c, void *module) {
  struct wanted *w = &pending;
  begin(w, c->host, module);
  *result = object_of(w, c->level, &c->machine);
  if (*result != NULL) w->module = NULL;
  return result;
}

/* anchor, the two destructors, notifyObjectCompiled, getObject: the same from LLVM 11 to 23. */
static const struct {
  void (*anchor)(void *), (*destroy)(void *), (*delete_)(void *);
  void (*notify)(void *, void *);
  void **(*get)(void **, const struct cache *, void *);
} cache_functions = {nothing, nothing, nothing, notice, get};

static bool is_alike(const struct cache *c, const struct cache *d) {
  return c->host == d->host && c->level == d->level && c->machine.triple == d->machine.triple &&
         c->machine.cpu == d->machine.cpu && c->machine.features == d->machine.features;
}

/* The cache that is like `c`, which is kept if there is none; NULL: no memory. */
static struct cache *find_cache(const struct cache *c) {
  pthread_mutex_lock(&caches.lock);
  struct cache *found = caches.first;
  while (found != NULL && !is_alike(found, c)) found = found->next;
  if (found == NULL && (found = malloc(sizeof *found)) != NULL) {
    *found = *c;
    found->next = caches.first;
    caches.first = found;
  }
  pthread_mutex_unlock(&caches.lock);
  return found;
}

/* Makes Kiln the cache of a new engine, if it is MCJIT. */
static void serve(const struct shim_host *h, void *engine, int level) {
  if (!KNOWS_ABI || engine == NULL || shim_compiler()->name != NULL || !h->mcjit_functions ||
      !h->set_object_cache || !h->LLVMGetExecutionEngineTargetMachine)
    return;
  if (*(const void **)engine != (const void *)(h->mcjit_functions + 2))
    return; /* the interpreter */
  void *tm = h->LLVMGetExecutionEngineTargetMachine(engine);
  const struct cache c = {
    .functions = &cache_functions, .host = h, .level = level, .machine = shim_machine_read(h, tm)};
  void *cache = find_cache(&c);
  if (cache != NULL) h->set_object_cache(engine, cache);
}

/* The beginning of LLVMMCJITCompilerOptions. */
struct mcjit_options {
  unsigned level;
  int model;
};

int LLVMCreateMCJITCompilerForModule(void **out, void *module, const void *options, size_t n,
                                     char **error) {
  const struct shim_host *host = SHIM_CALLERS_HOST();
  if (host == NULL || host->LLVMCreateMCJITCompilerForModule == NULL) return 1;
  struct mcjit_options o = {.level = 0}; /* LLVM's default for what the caller does not say */
  if (options != NULL) memcpy(&o, options, n < sizeof o ? n : sizeof o);
  int failed = host->LLVMCreateMCJITCompilerForModule(out, module, options, n, error);
  if (!failed) serve(host, *out, shim_is_small(o.model) ? (int)o.level : SHIM_LEVEL_REFUSED);
  return failed;
}

int LLVMCreateJITCompilerForModule(void **out, void *module, unsigned level, char **error) {
  const struct shim_host *host = SHIM_CALLERS_HOST();
  if (host == NULL || host->LLVMCreateJITCompilerForModule == NULL) return 1;
  int failed = host->LLVMCreateJITCompilerForModule(out, module, level, error);
  if (!failed) serve(host, *out, (int)level);
  return failed;
}

int LLVMCreateExecutionEngineForModule(void **out, void *module, char **error) {
  enum { DEFAULT = 2 };
  const struct shim_host *host = SHIM_CALLERS_HOST();
  if (host == NULL || host->LLVMCreateExecutionEngineForModule == NULL) return 1;
  int failed = host->LLVMCreateExecutionEngineForModule(out, module, error);
  if (!failed) serve(host, *out, DEFAULT);
  return failed;
}

int shim_machine_level(const struct shim_host *h, void *tm) {
  int level = shim_level_of(tm);
  return level == SHIM_LEVEL_UNKNOWN && h->opt_level != NULL ? h->opt_level(tm) : level;
}

void *shim_engine_create(void *builder, void *tm) {
  const struct shim_host *host = SHIM_CALLERS_HOST();
  if (host == NULL || host->engine_create == NULL) return NULL;
  int level =
    tm != NULL ? shim_machine_level(host, tm) : SHIM_LEVEL_UNKNOWN; /* the engine takes it over */
  void *engine = host->engine_create(builder, tm);
  serve(host, engine, level);
  return engine;
}

void shim_function_replace(void **at, void *ours) {
  uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), start = (uintptr_t)at & ~(page - 1);
  if (mprotect((void *)start, page, PROT_READ | PROT_WRITE) != 0) return;
  *at = ours;
  mprotect((void *)start, page, PROT_READ); /* as the dynamic linker has left it */
}

/* ---- ORC's LLJIT in C++ ---- */

#ifdef __x86_64__

SHIM_EXPORT void shim_lljit_new(void *jit, void *state, void *error) __asm__(SHIM_LLJIT_NEW);
SHIM_EXPORT void shim_lazy_jit_new(void *jit, void *state, void *error) __asm__(SHIM_LAZY_JIT_NEW);

/* llvm::Expected of a pointer. */
struct expected {
  void *value;
  unsigned char has_error; /* bit 0 */
};

/* An IRCompiler: SimpleCompiler, which has a reference to a target machine, or ConcurrentIRCompiler, which has a
 * builder of target machines. */
struct orc_compiler {
  const void *functions;
  bool emulates;
  union {
    void *machine;
    char builder[1];
  };
};

static struct expected *compile_with(const struct shim_host *h, struct expected *result, void *tm,
                                     void *module, const struct orc_compiler *c,
                                     shim_orc_compile_fn *theirs) {
  struct wanted w;
  begin(&w, h, module);
  const struct shim_machine machine = shim_machine_read(h, tm);
  void *object = object_of(&w, shim_machine_level(h, tm), &machine);
  if (object != NULL) {
    *result = (struct expected){.value = object};
    return result;
  }
  theirs(result, c, module);
  log_llvm(&w);
  return result;
}

static void *compile_simple(void *result, const void *compiler, void *module) {
  const struct shim_host *h = SHIM_CALLERS_HOST();
  const struct orc_compiler *c = compiler;
  return compile_with(h, result, c->machine, module, c, h->simple_compile);
}

static void *compile_concurrent(void *result, const void *compiler, void *module) {
  const struct shim_host *h = SHIM_CALLERS_HOST();
  const struct orc_compiler *c = compiler;
  struct expected tm;
  h->machine_build(&tm, c->builder);
  if (tm.has_error & 1) { /* LLVM says so once more */
    h->LLVMConsumeError(tm.value);
    return h->concurrent_compile(result, c, module);
  }
  compile_with(h, result, tm.value, module, c, h->concurrent_compile);
  h->LLVMDisposeTargetMachine(tm.value);
  return result;
}

/* Puts `ours` in the place of `theirs` in a table of virtual functions of an IRCompiler: two words about the class, two
 * destructors, operator(). What is not as expected stays as it is. */
static void replace(void **functions, shim_orc_compile_fn *theirs, shim_orc_compile_fn *ours) {
  enum { COMPILE = 4 };
  if (functions == NULL || theirs == NULL || functions[COMPILE] != (void *)(uintptr_t)theirs)
    return;
  shim_function_replace(&functions[COMPILE], (void *)(uintptr_t)ours);
}

/* Has the LLJITs of this LLVM compile by Kiln. */
static void serve_orc(const struct shim_host *h) {
  static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
  if (!h->machine_build || !h->LLVMConsumeError || !h->LLVMDisposeTargetMachine ||
      shim_compiler()->name != NULL)
    return;
  pthread_mutex_lock(&lock);
  replace(h->simple_functions, h->simple_compile, compile_simple);
  replace(h->owning_functions, h->simple_compile, compile_simple);
  replace(h->concurrent_functions, h->concurrent_compile, compile_concurrent);
  pthread_mutex_unlock(&lock);
}

void shim_lljit_new(void *jit, void *state, void *error) {
  const struct shim_host *host = SHIM_CALLERS_HOST();
  if (host == NULL || host->lljit_new == NULL) return;
  serve_orc(host);
  host->lljit_new(jit, state, error);
}

void shim_lazy_jit_new(void *jit, void *state, void *error) {
  const struct shim_host *host = SHIM_CALLERS_HOST();
  if (host == NULL || host->lazy_jit_new == NULL) return;
  serve_orc(host);
  host->lazy_jit_new(jit, state, error);
}

#endif
