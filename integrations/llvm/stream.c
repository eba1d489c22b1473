/* Objects that a program has LLVM's C++ classes write to memory, or to any stream of its own: addPassesToEmitFile, a
 * virtual function of target machines, says the stream and the target machine, and the run of these passes follows.
 * The function is replaced in LLVM's tables when a program creates a PassManager, and so is PassManager::add: where
 * a program adds passes of its own, before those that emit or after them, LLVM runs all and emits.
 * Files are not taken: their route is in emit.c. */
#define _GNU_SOURCE
#include "shim.h"

#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

SHIM_EXPORT void shim_passes_new(void *passes) __asm__(SHIM_PASSES_NEW);
SHIM_EXPORT void shim_passes_add(void *passes, void *pass) __asm__(SHIM_PASSES_ADD);

enum { OBJECT = 1 /* CodeGenFileType */, MOST_TABLES = 16, MOST_FUNCTIONS = 64 };

/* The tables of target machines whose function is replaced. */
static struct {
  pthread_mutex_t lock;
  struct {
    void **functions;
    const struct shim_host *host;
  } tables[MOST_TABLES];
  uint32_t n;
} served = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Of the thread: the newest PassManager, which has passes of the program's own or not, and what it is to emit. */
static _Thread_local struct {
  const void *passes;
  bool own, adding;
  struct shim_emission emission; /* without a stream: none */
} newest;

static const struct shim_host *host_of_machine(const void *tm) {
  const struct shim_host *host = NULL;
  pthread_mutex_lock(&served.lock);
  for (uint32_t i = 0; i < served.n; i++)
    if (served.tables[i].functions == *(void **const *)tm) host = served.tables[i].host;
  pthread_mutex_unlock(&served.lock);
  return host;
}

/* In the place of TargetMachine::addPassesToEmitFile. */
static bool emit_to(void *tm, void *passes, void *stream, void *dwo, int type, bool unverified,
                    void *info) {
  const struct shim_host *h = host_of_machine(tm);
  bool ours =
    newest.passes == passes && type == OBJECT && *(void **)stream != h->file_functions + 2;
  newest.adding = true;
  bool failed = h->passes_to_emit(tm, passes, stream, dwo, type, unverified, info);
  newest.adding = false;
  if (!failed && ours)
    newest.emission =
      (struct shim_emission){.tm = tm,
                             .stream = stream,
                             .why = dwo != NULL ? "debug information beside the object" : NULL};
  return failed;
}

/* Passes that only tell others something do not change a module. */
static bool is_silent(const struct shim_host *h, void *pass) {
  void **functions = *(void ***)pass;
  return (h->library_info != NULL && functions == h->library_info + 2) ||
         (h->cost_info != NULL && functions == h->cost_info + 2);
}

static void note(const struct shim_host *h, const void *passes, void *pass) {
  if (newest.passes == passes && !newest.adding && !is_silent(h, pass)) newest.own = true;
}

/* In the place of PassManager::add. It is LLVM that calls it, often for each object, and to look for libLLVM by an
 * address in it reads its whole table of symbols: the last host is kept. */
static void add(void *passes, void *pass) {
  static _Thread_local struct {
    const void *functions;
    const struct shim_host *host;
  } last;
  const void *functions = *(void **)passes;
  if (last.functions != functions) {
    last.host = shim_host_of(functions);
    if (last.host == NULL) last.host = SHIM_CALLERS_HOST(); /* a class of the program's */
    last.functions = functions;
  }
  const struct shim_host *h = last.host;
  note(h, passes, pass);
  h->passes_add(passes, pass);
}

void shim_passes_add(void *passes, void *pass) {
  const struct shim_host *h = SHIM_CALLERS_HOST();
  void (*next)(void *, void *) = h != NULL ? h->passes_add : NULL;
  if (next == NULL) *(void **)&next = dlsym(RTLD_NEXT, SHIM_PASSES_ADD);
  else note(h, passes, pass);
  next(passes, pass);
}

/* Replaces the function of the target machines for a processor; they are made to be seen. */
static void serve_machine(const struct shim_host *h, const char *triple) {
  void *target;
  char *error = NULL;
  if (h->LLVMGetTargetFromTriple(triple, &target, &error) != 0) {
    h->LLVMDisposeMessage(error); /* the program does not use it, or not yet */
    return;
  }
  void *tm = h->LLVMCreateTargetMachine(target, triple, "", "", 0, 0, 0);
  if (tm == NULL) return;
  void **functions = *(void ***)tm;
  int i = 0;
  while (i < MOST_FUNCTIONS && functions[i] != (void *)(uintptr_t)h->passes_to_emit) i++;
  if (i < MOST_FUNCTIONS && served.n < MOST_TABLES) {
    served.tables[served.n].functions = functions;
    served.tables[served.n++].host = h;
    shim_function_replace(&functions[i], (void *)(uintptr_t)emit_to);
  }
  h->LLVMDisposeTargetMachine(tm);
}

/* Has this LLVM all that is needed? */
static bool is_able(const struct shim_host *h) {
  return h->why == NULL && h->passes_to_emit && h->stream_write && h->file_functions &&
         h->passes_add && h->passes_functions && h->LLVMGetTargetFromTriple &&
         h->LLVMDisposeMessage && h->LLVMCreateTargetMachine && h->LLVMDisposeTargetMachine &&
         shim_compiler()->name == NULL;
}

static void serve(const struct shim_host *h) {
  static const char *const triples[] = {"x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"};
  enum { ADD_SLOTS = 16 };
  pthread_mutex_lock(&served.lock);
  uint32_t known = 0;
  for (uint32_t i = 0; i < served.n; i++) known += served.tables[i].host == h;
  for (uint32_t i = 0; known == 0 && i < 2; i++) serve_machine(h, triples[i]);
  for (int i = 2; known == 0 && i < ADD_SLOTS; i++)
    if (h->passes_functions[i] == (void *)(uintptr_t)h->passes_add)
      shim_function_replace(&h->passes_functions[i], (void *)(uintptr_t)add);
  pthread_mutex_unlock(&served.lock);
}

void shim_passes_new(void *passes) {
  const struct shim_host *h = SHIM_CALLERS_HOST();
  void (*next)(void *) = h != NULL ? h->passes_new : NULL;
  if (next == NULL) *(void **)&next = dlsym(RTLD_NEXT, SHIM_PASSES_NEW);
  else if (is_able(h)) serve(h);
  newest.passes = passes;
  newest.own = newest.adding = false;
  newest.emission.stream = NULL;
  next(passes);
}

const struct shim_emission *shim_emission_of(const void *passes) {
  if (newest.own && newest.emission.why == NULL) newest.emission.why = "the program's own passes";
  return newest.passes == passes && newest.emission.stream != NULL ? &newest.emission : NULL;
}
