/* Which LLVM the process has loaded. A process may have several (a program's own, and a graphics driver's): a call
 * belongs to that which its caller was linked with. They are looked for when the shim is first called, since some are
 * loaded late (PostgreSQL loads llvmjit.so when the first query is compiled). */
#define _GNU_SOURCE
#include "shim.h"

#include <kiln/llvm.h>

#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_HOSTS = 8, MOST_CALLERS = 64 };

static struct {
  pthread_mutex_t lock;
  struct shim_host hosts[MOST_HOSTS];
  uint32_t n_hosts;
  /* Callers that were looked up, by the address that their object is loaded at. */
  struct {
    const void *base;
    const struct shim_host *host;
  } callers[MOST_CALLERS];
  uint32_t n_callers;
} process = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* The major version that LLVM itself gives (from 16 on), or that stands in the name of its file: libLLVM-14.so.1. */
static unsigned version_of(void *handle, const char *path) {
  void (*version)(unsigned *, unsigned *, unsigned *);
  unsigned major = 0, minor, patch;
  *(void **)&version = dlsym(handle, "LLVMGetVersion");
  const char *base = strstr(path, "libLLVM-");
  if (version != NULL) version(&major, &minor, &patch);
  else if (base != NULL) major = (unsigned)strtoul(base + strlen("libLLVM-"), NULL, 10);
  return major;
}

/* Fills in the LLVM in the object `path`. The path is kept. */
static void open_host(struct shim_host *h, void *handle, const char *path) {
  *h = (struct shim_host){.path = path, .version = version_of(handle, path)};
#define HOST(result, name, arguments) *(void **)&h->name = dlsym(handle, #name);
  SHIM_HOST_FUNCTIONS
#undef HOST
  *(void **)&h->passes_run = dlsym(handle, SHIM_PASSES_RUN);
  *(void **)&h->stream_new = dlsym(handle, SHIM_STREAM_NEW);
  *(void **)&h->passes_new = dlsym(handle, SHIM_PASSES_NEW);
  *(void **)&h->passes_add = dlsym(handle, SHIM_PASSES_ADD);
  *(void **)&h->passes_to_emit = dlsym(handle, SHIM_PASSES_TO_EMIT);
  if (h->passes_to_emit == NULL)
    *(void **)&h->passes_to_emit = dlsym(handle, SHIM_PASSES_TO_EMIT_19);
  *(void **)&h->stream_write = dlsym(handle, SHIM_STREAM_WRITE);
  h->passes_functions = dlsym(handle, SHIM_PASSES_FUNCTIONS);
  h->file_functions = dlsym(handle, SHIM_FILE_FUNCTIONS);
  h->library_info = dlsym(handle, SHIM_LIBRARY_INFO);
  h->cost_info = dlsym(handle, SHIM_COST_INFO);
  *(void **)&h->opt_level = dlsym(handle, SHIM_OPT_LEVEL);
  *(void **)&h->engine_create = dlsym(handle, SHIM_ENGINE_CREATE);
  *(void **)&h->set_object_cache = dlsym(handle, SHIM_SET_OBJECT_CACHE);
  *(void **)&h->lljit_new = dlsym(handle, SHIM_LLJIT_NEW);
  *(void **)&h->lazy_jit_new = dlsym(handle, SHIM_LAZY_JIT_NEW);
  *(void **)&h->machine_build = dlsym(handle, SHIM_MACHINE_BUILD);
  *(void **)&h->simple_compile = dlsym(handle, SHIM_SIMPLE_COMPILE);
  *(void **)&h->concurrent_compile = dlsym(handle, SHIM_CONCURRENT_COMPILE);
  h->mcjit_functions = dlsym(handle, SHIM_MCJIT_FUNCTIONS);
  h->simple_functions = dlsym(handle, SHIM_SIMPLE_FUNCTIONS);
  h->owning_functions = dlsym(handle, SHIM_OWNING_FUNCTIONS);
  h->concurrent_functions = dlsym(handle, SHIM_CONCURRENT_FUNCTIONS);
  if (h->version == 0) h->why = "this LLVM's version is not known";
  else if (h->version < KILN_LLVM_OLDEST)
    h->why = "this LLVM is older than those whose bitcode Kiln reads";
  else if (!h->LLVMWriteBitcodeToMemoryBuffer || !h->LLVMGetBufferStart || !h->LLVMGetBufferSize ||
           !h->LLVMDisposeMemoryBuffer || !h->LLVMGetTarget)
    h->why = "this LLVM does not write bitcode to memory";
}

/* The host in an object that is loaded, added if it is new; NULL: it has no LLVM, or there are too many. */
static const struct shim_host *host_in(const char *path) {
  for (uint32_t i = 0; i < process.n_hosts; i++)
    if (strcmp(process.hosts[i].path, path) == 0) return &process.hosts[i];
  void *handle = dlopen(path, RTLD_LAZY | RTLD_NOLOAD);
  char *copy = handle != NULL ? strdup(path) : NULL;
  if (copy == NULL || process.n_hosts == MOST_HOSTS) return NULL;
  open_host(&process.hosts[process.n_hosts], handle,
            copy); /* the handle stays: so does the library */
  return &process.hosts[process.n_hosts++];
}

static bool is_llvm(const char *path) {
  const char *slash = strrchr(path, '/'), *base = slash != NULL ? slash + 1 : path;
  return strncmp(base, "libLLVM-", 8) == 0 || strncmp(base, "libLLVM.so", 10) == 0;
}

/* The paths of all LLVMs that are loaded. */
struct found {
  char *paths[MOST_HOSTS];
  uint32_t n;
};

static int find(struct dl_phdr_info *info, size_t size, void *user) {
  (void)size;
  struct found *f = user;
  if (is_llvm(info->dlpi_name) && f->n < MOST_HOSTS &&
      (f->paths[f->n] = strdup(info->dlpi_name)) != NULL)
    f->n++;
  return 0;
}

bool shim_has_llvm(void) {
  struct found f = {.n = 0};
  dl_iterate_phdr(find, &f);
  for (uint32_t i = 0; i < f.n; i++) free(f.paths[i]);
  return f.n != 0;
}

/* The LLVM whose function the object of a caller is linked with, where there are several. */
static const struct shim_host *linked_with(const char *path) {
  Dl_info where;
  void *handle = dlopen(path, RTLD_LAZY | RTLD_NOLOAD);
  void *function = handle != NULL ? dlsym(handle, "LLVMWriteBitcodeToMemoryBuffer") : NULL;
  if (handle != NULL) dlclose(handle);
  if (function == NULL) function = dlsym(RTLD_NEXT, "LLVMWriteBitcodeToMemoryBuffer");
  return function != NULL && dladdr(function, &where) && is_llvm(where.dli_fname)
           ? host_in(where.dli_fname)
           : NULL;
}

static const struct shim_host *look_up(const void *base, const char *path) {
  for (uint32_t i = 0; i < process.n_callers; i++)
    if (process.callers[i].base == base) return process.callers[i].host;
  struct found f = {.n = 0};
  dl_iterate_phdr(find, &f);
  const struct shim_host *host = f.n == 1   ? host_in(f.paths[0])
                                 : f.n != 0 ? linked_with(path)
                                            : NULL;
  for (uint32_t i = 0; i < f.n; i++) free(f.paths[i]);
  if (host != NULL && process.n_callers < MOST_CALLERS) {
    process.callers[process.n_callers].base = base;
    process.callers[process.n_callers++].host = host;
  }
  return host;
}

const struct shim_host *shim_host_of(const void *caller) {
  Dl_info where;
  if (!dladdr(caller, &where)) return NULL;
  pthread_mutex_lock(&process.lock);
  const struct shim_host *host = look_up(where.dli_fbase, where.dli_fname);
  pthread_mutex_unlock(&process.lock);
  return host;
}
