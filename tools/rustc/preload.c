/* libkiln-rustc.so: code generation inside rustc. kiln-rustc has it loaded before rustc's own libraries, and two
 * functions here stand in front of those of rustc's LLVM: the constructor of the stream that an object is written to,
 * which says its name, and the run of the code generator's passes, which is called once for each unit right behind, on
 * the same thread. Kiln makes the object from the module's bitcode; whatever it does not compile goes on to LLVM.
 *
 * Invariant: nothing fails that rustc would have built. What is not understood goes on to LLVM; $KILN_LOG says why. */
#define _GNU_SOURCE
#include "preload.h"
#include "log.h"
#include "unit.h"

#include <kiln/llvm.h>

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

/* llvm::legacy::PassManager::run(llvm::Module &) */
#define PASSES_RUN "_ZN4llvm6legacy11PassManager3runERNS_6ModuleE"
/* llvm::raw_fd_ostream::raw_fd_ostream(llvm::StringRef, std::error_code &, llvm::sys::fs::OpenFlags) */
#define STREAM_NEW "_ZN4llvm14raw_fd_ostreamC1ENS_9StringRefERSt10error_codeNS_3sys2fs9OpenFlagsE"

#define EXPORT __attribute__((visibility("default")))
EXPORT bool passes_run(void *passes, void *module) __asm__(PASSES_RUN);
EXPORT void stream_new(void *stream, const char *path, size_t n, void *error,
                       int flags) __asm__(STREAM_NEW);

/* ---- LLVM, as rustc has loaded it ---- */

static struct {
  bool rustc; /* this process is rustc, or is of its kind: clippy's driver */
  bool usable;
  bool (*run)(void *passes, void *module);
  void (*stream)(void *stream, const char *path, size_t n, void *error, int flags);
  /* of LLVM's C API: modules and memory buffers are LLVMModuleRef and LLVMMemoryBufferRef */
  void *(*write)(void *module);
  const char *(*start)(void *buffer);
  size_t (*size)(void *buffer);
  void (*dispose)(void *buffer);
} llvm;

/* The oldest and the newest major version of LLVM whose bitcode Kiln reads. */

static void find_llvm(void) {
  void (*version)(unsigned *, unsigned *, unsigned *);
  unsigned major = 0, minor, patch;
  *(void **)&llvm.run = dlsym(RTLD_NEXT, PASSES_RUN);
  *(void **)&llvm.stream = dlsym(RTLD_NEXT, STREAM_NEW);
  *(void **)&llvm.write = dlsym(RTLD_DEFAULT, "LLVMWriteBitcodeToMemoryBuffer");
  *(void **)&llvm.start = dlsym(RTLD_DEFAULT, "LLVMGetBufferStart");
  *(void **)&llvm.size = dlsym(RTLD_DEFAULT, "LLVMGetBufferSize");
  *(void **)&llvm.dispose = dlsym(RTLD_DEFAULT, "LLVMDisposeMemoryBuffer");
  *(void **)&version = dlsym(RTLD_DEFAULT, "LLVMGetVersion");
  if (version != NULL) version(&major, &minor, &patch);
  llvm.usable = llvm.rustc && llvm.run != NULL && llvm.stream != NULL && llvm.write != NULL &&
                llvm.start != NULL && llvm.size != NULL && llvm.dispose != NULL &&
                major >= KILN_LLVM_OLDEST && major <= KILN_LLVM_NEWEST;
}

/* Takes this library out of LD_PRELOAD, so that linkers and whatever else rustc starts do not load it. */
static void leave_preload(void) {
  Dl_info self;
  char *list = getenv("LD_PRELOAD");
  if (list == NULL || !dladdr((void *)(uintptr_t)stream_new, &self)) return;
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

static int is_driver(struct dl_phdr_info *info, size_t size, void *unused) {
  (void)size, (void)unused;
  const char *base = strrchr(info->dlpi_name, '/');
  return strncmp(base != NULL ? base + 1 : info->dlpi_name, "librustc_driver", 15) == 0;
}

/* What is between kiln-rustc and the compiler, rustup's program or a script of the user's, hands the preload on. */
__attribute__((constructor)) static void loaded(void) {
  llvm.rustc = dl_iterate_phdr(is_driver, NULL) != 0;
  find_llvm();
  if (llvm.rustc) leave_preload();
}

/* ---- the name of the object ---- */

/* Of the thread: the file that the newest stream writes; empty: none since the last unit. */
static _Thread_local char output[4096];

void stream_new(void *stream, const char *path, size_t n, void *error, int flags) {
  if (n < sizeof output) {
    memcpy(output, path, n);
    output[n] = 0;
  } else {
    output[0] = 0;
  }
  if (llvm.stream != NULL) llvm.stream(stream, path, n, error, flags);
}

static bool ends_in(const char *text, const char *end) {
  size_t n = strlen(text), m = strlen(end);
  return n >= m && strcmp(text + n - m, end) == 0;
}

/* ---- a unit ---- */

/* Overwrites what the stream, which is empty and stays so, has created. */
static bool write_object(const char *path, const kiln_buffer *object) {
  int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
  if (fd < 0) return false;
  size_t done = 0;
  while (done < object->size) {
    ssize_t n = write(fd, object->data + done, object->size - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    done += (size_t)n;
  }
  bool ok = done == object->size;
  if (!ok && ftruncate(fd, 0) != 0) ok = false; /* LLVM's object comes next */
  return (close(fd) == 0) & ok;
}

/* CPU time of this thread in nanoseconds. */
static uint64_t cpu_ns(void) {
  struct timespec t = {0};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* Makes the object of a module; NULL if that is done, or why not. */
static const char *make_object(const char *path, void *module, char *why, size_t size) {
  uint64_t start = cpu_ns();
  void *bitcode = llvm.write(module);
  if (bitcode == NULL) return "no bitcode";
  uint64_t written = cpu_ns();
  const char *base = strrchr(path, '/'), *failed = NULL;
  struct tool_unit unit = {.name = base != NULL ? base + 1 : path,
                           .bytes = llvm.start(bitcode),
                           .size = llvm.size(bitcode),
                           .function_sections = rustc_options()->function_sections,
                           .aranges = true}; /* as rustc's own objects */
  if (tool_unit_compile(&unit) != KILN_OK) {
    kiln_diag_format(&unit.diag, why, size);
    failed = why;
  } else if (!write_object(path, &unit.object)) {
    failed = "the object cannot be written";
  }
  llvm.dispose(bitcode);
  tool_unit_free(&unit);
  if (failed == NULL) {
    log_line("%s: %" PRIu64 " functions, %" PRIu64 " instructions\n", path, unit.functions,
             unit.instructions);
    stats_line("unit\tkiln\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%s\n", written - start,
               cpu_ns() - written, unit.instructions, path);
  }
  return failed;
}

/* At the end of rustc: what it took, and its linker. */
__attribute__((destructor)) static void unloaded(void) {
  if (!stats_wanted() || !llvm.usable) return;
  uint64_t ns[2];
  for (unsigned i = 0; i < 2; i++) {
    struct rusage use;
    if (getrusage(i == 0 ? RUSAGE_SELF : RUSAGE_CHILDREN, &use) != 0) return;
    ns[i] = (uint64_t)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) * 1000000000 +
            (uint64_t)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) * 1000;
  }
  stats_line("compiler\t%" PRIu64 "\t%" PRIu64 "\n", ns[0], ns[1]);
}

bool passes_run(void *passes, void *module) {
  char path[sizeof output], why[1024];
  memcpy(path, output, sizeof path);
  output[0] = 0;
  if (llvm.run == NULL) return false; /* nobody calls what is nowhere defined */
  if (path[0] == 0 || !llvm.rustc) return llvm.run(passes, module); /* passes of another kind */
  uint64_t start = cpu_ns();
  const char *failed = !llvm.usable ? "this compiler's LLVM is not known" : rustc_options()->why;
  if (failed == NULL && !ends_in(path, ".o"))
    failed = "not an object, or debug information beside it";
  if (failed == NULL) failed = make_object(path, module, why, sizeof why);
  if (failed == NULL) return true;
  log_line("%s: compiled by LLVM: %s\n", path, failed);
  uint64_t given_up = cpu_ns();
  bool changed = llvm.run(passes, module);
  stats_line("unit\tllvm\t%" PRIu64 "\t%" PRIu64 "\t0\t%s\t%s\n", given_up - start,
             cpu_ns() - given_up, path, failed);
  return changed;
}
