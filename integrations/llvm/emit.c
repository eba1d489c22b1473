/* Objects: LLVM-C's LLVMTargetMachineEmitToFile and ...ToMemoryBuffer, and the route of LLVM's C++ classes: the
 * constructor of the stream that an object is written to, which says its name, and the run of the code generator's
 * passes, which is called once for each unit right after it, on the same thread. */
#define _GNU_SOURCE
#include "shim.h"
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

SHIM_EXPORT bool shim_passes_run(void *passes, void *module) __asm__(SHIM_PASSES_RUN);
SHIM_EXPORT void shim_stream_new(void *stream, const char *path, size_t n, void *error,
                                 int flags) __asm__(SHIM_STREAM_NEW);
SHIM_EXPORT int LLVMTargetMachineEmitToFile(void *tm, void *module, const char *path, int kind,
                                            char **error);
SHIM_EXPORT int LLVMTargetMachineEmitToMemoryBuffer(void *tm, void *module, int kind, char **error,
                                                    void **out);

/* LLVMCodeGenFileType */
enum { EMIT_ASSEMBLY, EMIT_OBJECT };

/* ---- a unit ---- */

uint64_t shim_cpu_ns(void) {
  struct timespec t = {0};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* A line of the log: what a unit has beside the first thing that Kiln lacks. */
static void log_refused(void *path, const kiln_diag *diag) {
  char text[4096];
  kiln_diag_format(diag, text, sizeof text);
  log_line("%s: also: %s\n", (const char *)path, text);
}

const char *shim_compile(const struct shim_host *host, struct shim_unit *u, void *module,
                         const char *path) {
  const struct shim_compiler *c = shim_compiler();
  const char *slash = strrchr(path, '/');
  struct tool_inlining inlining;
  if (!tool_inlining_wanted(&inlining)) return "KILN_INLINE says neither a size nor small nor must";
  u->start = shim_cpu_ns();
  void *bitcode = host->LLVMWriteBitcodeToMemoryBuffer(module);
  if (bitcode == NULL) return "no bitcode";
  u->written = shim_cpu_ns();
  u->unit = (struct tool_unit){.name = slash != NULL ? slash + 1 : path,
                               .bytes = host->LLVMGetBufferStart(bitcode),
                               .size = host->LLVMGetBufferSize(bitcode),
                               .function_sections = c->function_sections,
                               .data_sections = c->data_sections,
                               .aranges = c->aranges,
                               .features = c->features,
                               .inlining = inlining};
  bool ok = tool_unit_compile(&u->unit) == KILN_OK;
  if (!ok && log_wanted()) tool_unit_list_refused(&u->unit, log_refused, (void *)(uintptr_t)path);
  host->LLVMDisposeMemoryBuffer(bitcode);
  if (ok) return NULL;
  kiln_diag_format(&u->unit.diag, u->why, sizeof u->why);
  tool_unit_free(&u->unit);
  return u->why;
}

void shim_log_kiln(const struct shim_unit *u, const char *path) {
  log_line("%s: %" PRIu64 " functions, %" PRIu64 " instructions\n", path, u->unit.functions,
           u->unit.instructions);
  stats_line("unit\tkiln\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%s\n", u->written - u->start,
             shim_cpu_ns() - u->written, u->unit.instructions, path);
}

void shim_log_llvm(const struct shim_unit *u, const char *path, const char *why,
                   uint64_t given_up) {
  log_line("%s: compiled by LLVM: %s\n", path, why);
  stats_line("unit\tllvm\t%" PRIu64 "\t%" PRIu64 "\t0\t%s\t%s\n", given_up - u->start,
             shim_cpu_ns() - given_up, path, why);
}

/* Overwrites the file, or creates it. */
static bool write_object(const char *path, const kiln_buffer *object) {
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
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

/* Makes the file of a module unless `why` says that LLVM is to: NULL, or why not. */
static const char *make_file(const struct shim_host *host, struct shim_unit *u, void *module,
                             const char *path, const char *why) {
  u->start = shim_cpu_ns();
  if (why == NULL) why = host->why;
  if (why == NULL) why = shim_compile(host, u, module, path);
  if (why != NULL) return why;
  bool ok = write_object(path, &u->unit.object);
  if (ok) shim_log_kiln(u, path);
  tool_unit_free(&u->unit);
  return ok ? NULL : "the object cannot be written";
}

/* ---- LLVM-C ---- */

/* Why a target machine's object is LLVM's; NULL: Kiln makes it. */
static const char *machine_refused(const struct shim_host *host, void *tm, int kind) {
  int level = shim_level_of(tm);
  const struct shim_compiler *c = shim_compiler();
  if (kind != EMIT_OBJECT) return "assembly";
  if (c->unless_asked) return level == SHIM_LEVEL_REFUSED ? shim_level_refused(level) : c->why;
  if (level == SHIM_LEVEL_UNKNOWN && host->opt_level != NULL) level = host->opt_level(tm);
  return shim_level_refused(level);
}

int LLVMTargetMachineEmitToFile(void *tm, void *module, const char *path, int kind, char **error) {
  const struct shim_host *host = SHIM_CALLERS_HOST();
  if (host == NULL || host->LLVMTargetMachineEmitToFile == NULL) return 1;
  struct shim_unit u;
  const char *why = strcmp(path, "-") == 0 ? "to standard output" : machine_refused(host, tm, kind);
  why = make_file(host, &u, module, path, why);
  if (why == NULL) return 0;
  uint64_t given_up = shim_cpu_ns();
  int failed = host->LLVMTargetMachineEmitToFile(tm, module, path, kind, error);
  shim_log_llvm(&u, path, why, given_up);
  return failed;
}

int LLVMTargetMachineEmitToMemoryBuffer(void *tm, void *module, int kind, char **error,
                                        void **out) {
  const struct shim_host *host = SHIM_CALLERS_HOST();
  if (host == NULL || host->LLVMTargetMachineEmitToMemoryBuffer == NULL) return 1;
  struct shim_unit u = {.start = shim_cpu_ns()};
  size_t n;
  const char *name =
    host->LLVMGetModuleIdentifier != NULL ? host->LLVMGetModuleIdentifier(module, &n) : "module";
  const char *why = host->why != NULL ? host->why : machine_refused(host, tm, kind);
  if (host->LLVMCreateMemoryBufferWithMemoryRangeCopy == NULL)
    why = "this LLVM has no call that makes a buffer";
  if (why == NULL) why = shim_compile(host, &u, module, name);
  if (why == NULL) {
    *out = host->LLVMCreateMemoryBufferWithMemoryRangeCopy((const char *)u.unit.object.data,
                                                           u.unit.object.size, "");
    if (*out != NULL) shim_log_kiln(&u, name);
    else why = "no memory";
    tool_unit_free(&u.unit);
    if (why == NULL) return 0;
  }
  uint64_t given_up = shim_cpu_ns();
  int failed = host->LLVMTargetMachineEmitToMemoryBuffer(tm, module, kind, error, out);
  shim_log_llvm(&u, name, why, given_up);
  return failed;
}

/* ---- LLVM's C++ classes ---- */

/* Of the thread: the file that the newest stream writes; empty: none since the last unit. */
static _Thread_local char output[4096];

void shim_stream_new(void *stream, const char *path, size_t n, void *error, int flags) {
  const struct shim_host *host = SHIM_CALLERS_HOST();
  size_t kept = n < sizeof output && shim_compiler()->writes_to_stream ? n : 0;
  memcpy(output, path, kept);
  output[kept] = 0;
  if (host != NULL && host->stream_new != NULL) host->stream_new(stream, path, n, error, flags);
}

static bool ends_in(const char *text, const char *end) {
  size_t n = strlen(text), m = strlen(end);
  return n >= m && strcmp(text + n - m, end) == 0;
}

bool shim_passes_run(void *passes, void *module) {
  const struct shim_host *host = SHIM_CALLERS_HOST();
  if (host == NULL || host->passes_run == NULL)
    return false; /* nobody calls what is nowhere defined */
  if (output[0] == 0) return host->passes_run(passes, module); /* passes of another kind */
  char path[sizeof output];
  memcpy(path, output, sizeof path);
  output[0] = 0;
  struct shim_unit u;
  const char *why = shim_compiler()->why;
  if (why == NULL && !ends_in(path, ".o")) why = "not an object, or debug information beside it";
  why = make_file(host, &u, module, path,
                  why); /* the stream, which is empty and stays so, has created the file */
  if (why == NULL) return true;
  uint64_t given_up = shim_cpu_ns();
  bool changed = host->passes_run(passes, module);
  shim_log_llvm(&u, path, why, given_up);
  return changed;
}
