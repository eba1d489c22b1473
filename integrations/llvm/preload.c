/* The shim's beginning and end in a process; target machines, whose level of optimization it notes. */
#define _GNU_SOURCE
#include "shim.h"
#include "carried.h"
#include "log.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* Takes this library out of LD_PRELOAD, so that linkers and whatever else the compiler starts do not load it. */
static void leave_preload(void) {
  Dl_info self;
  char *list = getenv("LD_PRELOAD");
  if (list == NULL || !dladdr((void *)(uintptr_t)leave_preload, &self)) return;
  char *at = strstr(list, self.dli_fname);
  if (at == NULL) return;
  int fd; /* as kiln_rustc.c names a path that LD_PRELOAD cannot have */
  if (sscanf(self.dli_fname, "/proc/self/fd/%d", &fd) == 1) close(fd);
  size_t n = strlen(self.dli_fname);
  if (at[n] == ':' || at[n] == ' ') n++;
  size_t before = (size_t)(at - list), after = strlen(at + n);
  char *rest = malloc(before + after + 1);
  if (rest == NULL) return;
  memcpy(rest, list, before);
  memcpy(rest + before, at + n, after + 1);
  if (before + after == 0) unsetenv("LD_PRELOAD");
  else setenv("LD_PRELOAD", rest, 1);
  free(rest);
}

/* What stands between the command and the compiler (rustup's program, dub, a shell) hands the preload on. A setting
 * that is wrong is an error of the compiler, not a reason to have LLVM compile. */
__attribute__((constructor)) static void loaded(void) {
  if (!shim_has_llvm() || shim_is_driver()) return;
  tool_carried_take();
  if (shim_settings()->bad) _exit(1);
  if (getenv("KILN_SHIM_STAYS") == NULL) leave_preload();
}

const char *kiln_shim_variable(const char *name) { return tool_variable(name); }

/* ---- costs ---- */

/* Lines about units of rustc, which are written at its end. */
static struct {
  pthread_mutex_t lock;
  FILE *file; /* in memory; NULL: none yet */
  char *text;
  size_t size;
} held = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void write_held(int status, void *unused) {
  (void)unused;
  pthread_mutex_lock(&held.lock);
  if (held.file == NULL || fclose(held.file) != 0) held.size = 0;
  held.file = NULL;
  for (char *line = held.text, *end; status == 0 && line < held.text + held.size; line = end + 1) {
    end = strchr(line, '\n');
    stats_line("%.*s\n", (int)(end - line), line);
  }
  pthread_mutex_unlock(&held.lock);
}

void kiln_shim_count(const char *line) {
  const char *name = shim_compiler()->name;
  pthread_mutex_lock(&held.lock);
  bool hold = name != NULL && strcmp(name, "rustc") == 0;
  if (hold && held.file == NULL && (held.file = open_memstream(&held.text, &held.size)) != NULL &&
      on_exit(write_held, NULL) != 0)
    hold = false;
  if (hold && held.file != NULL) fputs(line, held.file);
  else stats_line("%s", line);
  pthread_mutex_unlock(&held.lock);
}

/* At the end of a compiler: what it took, and its linker. */
__attribute__((destructor)) static void unloaded(void) {
  if (!stats_wanted() || shim_compiler()->name == NULL) return;
  uint64_t ns[2];
  for (unsigned i = 0; i < 2; i++) {
    struct rusage use;
    if (getrusage(i == 0 ? RUSAGE_SELF : RUSAGE_CHILDREN, &use) != 0) return;
    ns[i] = (uint64_t)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) * 1000000000 +
            (uint64_t)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) * 1000;
  }
  stats_line("compiler\t%" PRIu64 "\t%" PRIu64 "\n", ns[0], ns[1]);
}

/* ---- target machines ---- */

SHIM_EXPORT void *LLVMCreateTargetMachine(void *target, const char *triple, const char *cpu,
                                          const char *features, int level, int reloc, int model);
SHIM_EXPORT void *LLVMCreateTargetMachineWithOptions(void *target, const char *triple,
                                                     void *options);
SHIM_EXPORT void LLVMTargetMachineOptionsSetCodeGenOptLevel(void *options, int level);
SHIM_EXPORT void LLVMTargetMachineOptionsSetCodeModel(void *options, int model);
SHIM_EXPORT void LLVMTargetMachineOptionsSetABI(void *options, const char *abi);
SHIM_EXPORT void LLVMTargetMachineOptionsSetRelocMode(void *options, int reloc);
SHIM_EXPORT void LLVMDisposeTargetMachineOptions(void *options);
SHIM_EXPORT void LLVMDisposeTargetMachine(void *tm);
SHIM_EXPORT void LLVMContextDispose(void *context);

/* LLVMRelocMode: default, static, PIC; the others are for processors that Kiln does not have. Code of Kiln's goes
 * everywhere where that of these three does. */
static bool is_known_reloc(int reloc) { return reloc >= 0 && reloc <= 2; }

/* LLVMCodeModel: default, the JIT's default, tiny, small: Kiln's code is at home in the lower 2 GiB of an image. */
bool shim_is_small(int model) { return model == 0 || model == 1 || model == 3; }

void *LLVMCreateTargetMachine(void *target, const char *triple, const char *cpu,
                              const char *features, int level, int reloc, int model) {
  const struct shim_host *host = SHIM_CALLERS_HOST();
  if (host == NULL || host->LLVMCreateTargetMachine == NULL) return NULL;
  void *tm = host->LLVMCreateTargetMachine(target, triple, cpu, features, level, reloc, model);
  shim_level_set(tm, !is_known_reloc(reloc) ? SHIM_LEVEL_ABI
                     : shim_is_small(model) ? level
                                            : SHIM_LEVEL_REFUSED);
  return tm;
}

void *LLVMCreateTargetMachineWithOptions(void *target, const char *triple, void *options) {
  const struct shim_host *host = SHIM_CALLERS_HOST();
  if (host == NULL || host->LLVMCreateTargetMachineWithOptions == NULL) return NULL;
  void *tm = host->LLVMCreateTargetMachineWithOptions(target, triple, options);
  if (shim_level_of(options) == SHIM_LEVEL_UNKNOWN) shim_level_set(tm, 2); /* LLVM's default */
  else shim_level_copy(tm, options);
  return tm;
}

void LLVMTargetMachineOptionsSetCodeGenOptLevel(void *options, int level) {
  const struct shim_host *host = SHIM_CALLERS_HOST();
  if (shim_level_of(options) >= SHIM_LEVEL_UNKNOWN) shim_level_set(options, level);
  if (host != NULL && host->LLVMTargetMachineOptionsSetCodeGenOptLevel != NULL)
    host->LLVMTargetMachineOptionsSetCodeGenOptLevel(options, level);
}

void LLVMTargetMachineOptionsSetCodeModel(void *options, int model) {
  const struct shim_host *host = SHIM_CALLERS_HOST();
  if (!shim_is_small(model)) shim_level_set(options, SHIM_LEVEL_REFUSED);
  if (host != NULL && host->LLVMTargetMachineOptionsSetCodeModel != NULL)
    host->LLVMTargetMachineOptionsSetCodeModel(options, model);
}

void LLVMTargetMachineOptionsSetABI(void *options, const char *abi) {
  const struct shim_host *host = SHIM_CALLERS_HOST();
  if (abi != NULL && abi[0] != 0) shim_level_set(options, SHIM_LEVEL_ABI);
  if (host != NULL && host->LLVMTargetMachineOptionsSetABI != NULL)
    host->LLVMTargetMachineOptionsSetABI(options, abi);
}

void LLVMTargetMachineOptionsSetRelocMode(void *options, int reloc) {
  const struct shim_host *host = SHIM_CALLERS_HOST();
  if (!is_known_reloc(reloc)) shim_level_set(options, SHIM_LEVEL_ABI);
  if (host != NULL && host->LLVMTargetMachineOptionsSetRelocMode != NULL)
    host->LLVMTargetMachineOptionsSetRelocMode(options, reloc);
}

void LLVMDisposeTargetMachineOptions(void *options) {
  const struct shim_host *host = SHIM_CALLERS_HOST();
  shim_level_drop(options);
  if (host != NULL && host->LLVMDisposeTargetMachineOptions != NULL)
    host->LLVMDisposeTargetMachineOptions(options);
}

void LLVMContextDispose(void *context) {
  const struct shim_host *host = SHIM_CALLERS_HOST();
  static unsigned kept;
  if (__atomic_fetch_add(&kept, 1, __ATOMIC_RELAXED) < shim_compiler()->keeps_contexts) return;
  if (host != NULL && host->LLVMContextDispose != NULL) host->LLVMContextDispose(context);
}

void LLVMDisposeTargetMachine(void *tm) {
  const struct shim_host *host = SHIM_CALLERS_HOST();
  shim_level_drop(tm);
  if (host != NULL && host->LLVMDisposeTargetMachine != NULL) host->LLVMDisposeTargetMachine(tm);
}
