/* Objects: LLVM-C's LLVMTargetMachineEmitToFile and ...ToMemoryBuffer, and the route of LLVM's C++ classes: the
 * constructor of the stream that an object is written to, which says its name, and the run of the code generator's
 * passes, which is called once for each unit right after it, on the same thread. */
#define _GNU_SOURCE
#include "shim.h"
#include "guard.h"
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
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

/* Has functions that have none of their own the target machine's processor and features, as LLVM takes them. */
static void add_features(const struct shim_host *host, void *module, const char *name,
                         const char *value) {
  enum { FUNCTION = -1 }; /* LLVMAttributeFunctionIndex */
  for (void *f = host->LLVMGetFirstFunction(module); f != NULL; f = host->LLVMGetNextFunction(f))
    if (host->LLVMGetStringAttributeAtIndex(f, (unsigned)FUNCTION, name, (unsigned)strlen(name)) ==
        NULL)
      host->LLVMAddTargetDependentFunctionAttr(f, name, value);
}

/* Writes into the module what it leaves to its target machine: NULL, or why that cannot be. */
static const char *take_machine(const struct shim_host *h, void *module,
                                const struct shim_machine *m) {
  if (m->triple == NULL || !h->LLVMSetTarget || !h->LLVMGetFirstFunction ||
      !h->LLVMGetNextFunction || !h->LLVMGetStringAttributeAtIndex ||
      !h->LLVMAddTargetDependentFunctionAttr)
    return "this LLVM does not say what its target machine is";
  const char *has = h->LLVMGetTarget(module);
  if (has == NULL || has[0] == 0) h->LLVMSetTarget(module, m->triple);
  if (m->cpu[0] != 0 && strcmp(m->cpu, "generic") != 0)
    add_features(h, module, "target-cpu", m->cpu);
  if (m->features[0] != 0) add_features(h, module, "target-features", m->features);
  return NULL;
}

/* Why the module's target is not one of Kiln's; NULL: it is. Its ABI is the reader's to judge. */
static const char *target_refused(const struct shim_host *host, struct shim_unit *u, void *module) {
  const char *triple = host->LLVMGetTarget(module), *named = shim_compiler()->target;
  char processor[64];
  kiln_target target;
  if (triple == NULL) triple = "";
  snprintf(processor, sizeof processor, "%.*s", (int)strcspn(triple, "-"), triple);
  if (kiln_target_find(processor, &target)) return NULL;
  if (named == NULL) named = triple[0] != 0 ? triple : "what a module without a triple is for";
  snprintf(u->why, sizeof u->why, "%.200s is not a target of Kiln", named);
  return u->why;
}

static void compile_guarded(void *user) {
  struct shim_unit *u = user;
  u->ok = tool_unit_compile(&u->unit) == KILN_OK;
}

static void list_refused(void *user) {
  struct shim_unit *u = user;
  tool_unit_list_refused(&u->unit, log_refused, (void *)(uintptr_t)u->path);
}

/* Says where Kiln crashed, as it is a bug, whatever LLVM makes of the unit. */
static const char *crashed(struct shim_unit *u, const struct shim_crash *crash) {
  snprintf(u->why, sizeof u->why, "Kiln crashed: signal %d at %#" PRIxPTR, crash->signal,
           crash->at);
  fprintf(stderr, "kiln: warning: %s: %s; LLVM compiles the unit; please report this bug\n",
          u->path, u->why);
  return u->why;
}

/* What the construct is, and where in the source. */
static void write_reason(struct shim_unit *u, const kiln_diag *d) {
  if (d->source_line == 0) snprintf(u->reason, sizeof u->reason, "%s", d->message);
  else snprintf(u->reason, sizeof u->reason, "%s (%s:%u)", d->message, d->source, d->source_line);
}

const char *shim_compile(const struct shim_host *host, struct shim_unit *u, void *module,
                         const struct shim_machine *machine, const char *path, const char *dwo) {
  const struct shim_compiler *c = shim_compiler();
  const char *slash = strrchr(path, '/');
  u->start = shim_cpu_ns();
  u->reason[0] = 0;
  const char *why = machine != NULL ? take_machine(host, module, machine) : NULL;
  if (why == NULL) why = target_refused(host, u, module);
  if (why != NULL) return why;
  void *bitcode = host->LLVMWriteBitcodeToMemoryBuffer(module);
  if (bitcode == NULL) return "no bitcode";
  u->written = shim_cpu_ns();
  u->path = path;
  u->ok = false;
  u->dwo = (kiln_buffer){0};
  u->unit = (struct tool_unit){.name = slash != NULL ? slash + 1 : path,
                               .bytes = host->LLVMGetBufferStart(bitcode),
                               .size = host->LLVMGetBufferSize(bitcode),
                               .function_sections = c->function_sections,
                               .data_sections = c->data_sections,
                               .aranges = c->aranges,
                               .split = c->splits,
                               .dwo = dwo != NULL ? &u->dwo : NULL,
                               .features = c->features,
                               .inlining = shim_settings()->inlining,
                               .stress = shim_settings()->stress};
  struct shim_crash crash = shim_guard(compile_guarded, u);
  if (crash.signal == 0 && !u->ok && log_wanted()) shim_guard(list_refused, u);
  host->LLVMDisposeMemoryBuffer(bitcode);
  if (crash.signal != 0) return crashed(u, &crash);
  if (u->ok) return NULL;
  kiln_diag_format(&u->unit.diag, u->why, sizeof u->why);
  write_reason(u, &u->unit.diag);
  shim_unit_free(u);
  return u->why;
}

void shim_unit_free(struct shim_unit *u) {
  tool_unit_free(&u->unit);
  kiln_buffer_free(&u->dwo);
}

__attribute__((format(printf, 1, 2))) static void count(const char *format, ...) {
  char line[4096 + 1024];
  if (!stats_wanted()) return;
  va_list args;
  va_start(args, format);
  int n = vsnprintf(line, sizeof line, format, args);
  va_end(args);
  if (n >= (int)sizeof line) line[sizeof line - 2] = '\n';
  if (n > 0) kiln_shim_count(line);
}

void shim_log_kiln(const struct shim_unit *u, const char *path) {
  log_line("%s: %" PRIu64 " functions, %" PRIu64 " instructions\n", path, u->unit.functions,
           u->unit.instructions);
  count("unit\tkiln\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%s\n", u->written - u->start,
        shim_cpu_ns() - u->written, u->unit.instructions, path);
}

void shim_log_llvm(const struct shim_unit *u, const char *path, const char *why,
                   uint64_t given_up) {
  log_line("%s: compiled by LLVM: %s\n", path, why);
  count("unit\tllvm\t%" PRIu64 "\t%" PRIu64 "\t0\t%s\t%s\n", given_up - u->start,
        shim_cpu_ns() - given_up, path, why == u->why && u->reason[0] != 0 ? u->reason : why);
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

/* Why LLVM compiles this thread's units; empty: no reason. */
static _Thread_local char because[512];

void kiln_shim_because(const char *why) { snprintf(because, sizeof because, "%s", why); }

/* Makes the file of a module, and the file `dwo` of its debug information (NULL: there is none), unless `why` says that
 * LLVM is to: NULL, or why not. */
static const char *make_file(const struct shim_host *host, struct shim_unit *u, void *module,
                             const struct shim_machine *machine, const char *path, const char *dwo,
                             const char *why) {
  u->start = shim_cpu_ns();
  if (why == NULL) why = host->why;
  if (why == NULL && because[0] != 0) why = because;
  if (why == NULL) why = shim_compile(host, u, module, machine, path, dwo);
  if (why != NULL) return why;
  bool ok = (dwo == NULL || write_object(dwo, &u->dwo)) && write_object(path, &u->unit.object);
  if (ok) shim_log_kiln(u, path);
  shim_unit_free(u);
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
  struct shim_machine machine = shim_machine_read(host, tm);
  why = make_file(host, &u, module, &machine, path, NULL, why);
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
  struct shim_machine machine = shim_machine_read(host, tm);
  if (why == NULL) why = shim_compile(host, &u, module, &machine, name, NULL);
  if (why == NULL) {
    *out = host->LLVMCreateMemoryBufferWithMemoryRangeCopy((const char *)u.unit.object.data,
                                                           u.unit.object.size, "");
    if (*out != NULL) shim_log_kiln(&u, name);
    else why = "no memory";
    shim_unit_free(&u);
    if (why == NULL) return 0;
  }
  uint64_t given_up = shim_cpu_ns();
  int failed = host->LLVMTargetMachineEmitToMemoryBuffer(tm, module, kind, error, out);
  shim_log_llvm(&u, name, why, given_up);
  return failed;
}

/* ---- LLVM's C++ classes ---- */

/* Of the thread: the file that the newest stream writes, and, if that is an object's, the .dwo file whose stream came
 * next; empty: none since the last unit. */
static _Thread_local char output[4096], beside[4096];

void shim_stream_new(void *stream, const char *path, size_t n, void *error, int flags) {
  const struct shim_host *host = SHIM_CALLERS_HOST();
  size_t kept = n < sizeof output && shim_compiler()->writes_to_stream ? n : 0;
  bool dwo = output[0] != 0 && kept > 4 && memcmp(path + kept - 4, ".dwo", 4) == 0;
  char *to = dwo ? beside : output;
  memcpy(to, path, kept);
  to[kept] = 0;
  if (!dwo) beside[0] = 0;
  if (host != NULL && host->stream_new != NULL) host->stream_new(stream, path, n, error, flags);
}

static bool ends_in(const char *text, const char *end) {
  size_t n = strlen(text), m = strlen(end);
  return n >= m && strcmp(text + n - m, end) == 0;
}

/* Why the stream does not take an object, or not alone; NULL: it does. */
static const char *stream_refused(const struct shim_compiler *c, const char *path) {
  bool named =
    ends_in(path, ".s") || (c->assembly_path != NULL && strcmp(path, c->assembly_path) == 0);
  if (c->assembly && (!c->objects || named)) return "assembly";
  return ends_in(path, ".dwo") ? "debug information beside the object" : NULL;
}

/* Runs LLVM's passes on a unit for which kiln-rustc has taken them out of the compiler's way. */
static void run_passes(const struct shim_host *h, void *module, const char *passes) {
  enum { LESS = 1, PIC = 2, DEFAULT_MODEL = 0 };
  void *target = NULL, *options = NULL;
  char *error = NULL;
  if (!h->LLVMRunPasses || !h->LLVMCreatePassBuilderOptions || !h->LLVMDisposePassBuilderOptions ||
      !h->LLVMConsumeError || !h->LLVMGetTargetFromTriple || !h->LLVMCreateTargetMachine ||
      !h->LLVMDisposeTargetMachine || !h->LLVMGetTarget)
    return; /* LLVM 12 and older */
  const char *triple = h->LLVMGetTarget(module);
  if (h->LLVMGetTargetFromTriple(triple, &target, &error) != 0) return;
  void *tm = h->LLVMCreateTargetMachine(target, triple, "", "", LESS, PIC, DEFAULT_MODEL);
  if (tm != NULL) options = h->LLVMCreatePassBuilderOptions();
  if (options != NULL) {
    void *failed = h->LLVMRunPasses(module, passes, tm, options);
    if (failed != NULL) h->LLVMConsumeError(failed);
    h->LLVMDisposePassBuilderOptions(options);
  }
  if (tm != NULL) h->LLVMDisposeTargetMachine(tm);
}

/* Runs passes that write an object to memory. */
static bool run_to_memory(const struct shim_host *host, void *passes, void *module,
                          const struct shim_emission *e) {
  struct shim_unit u = {.start = shim_cpu_ns()};
  size_t n;
  const char *name =
    host->LLVMGetModuleIdentifier != NULL ? host->LLVMGetModuleIdentifier(module, &n) : "module";
  const char *why = e->why;
  if (why == NULL && because[0] != 0) why = because;
  if (why == NULL) why = shim_module_refused(host, shim_machine_level(host, e->tm), module);
  struct shim_machine machine = shim_machine_read(host, e->tm);
  if (why == NULL) why = shim_compile(host, &u, module, &machine, name, NULL);
  if (why == NULL) {
    host->stream_write(e->stream, (const char *)u.unit.object.data, u.unit.object.size);
    shim_log_kiln(&u, name);
    shim_unit_free(&u);
    return true;
  }
  uint64_t given_up = shim_cpu_ns();
  bool changed = host->passes_run(passes, module);
  shim_log_llvm(&u, name, why, given_up);
  return changed;
}

bool shim_passes_run(void *passes, void *module) {
  const struct shim_host *host = SHIM_CALLERS_HOST();
  if (host == NULL || host->passes_run == NULL)
    return false; /* nobody calls what is nowhere defined */
  const struct shim_emission *emission = shim_emission_of(passes);
  if (emission != NULL) return run_to_memory(host, passes, module, emission);
  if (output[0] == 0) return host->passes_run(passes, module); /* passes of another kind */
  char path[sizeof output], dwo[sizeof beside];
  memcpy(path, output, sizeof path);
  memcpy(dwo, beside, sizeof dwo);
  output[0] = beside[0] = 0;
  struct shim_unit u;
  const struct shim_compiler *c = shim_compiler();
  const char *why = c->why != NULL ? c->why : stream_refused(c, path);
  /* the streams, which are empty and stay so, have created the files */
  why = make_file(host, &u, module, NULL, path, dwo[0] != 0 ? dwo : NULL, why);
  if (why == NULL) return true;
  uint64_t given_up = shim_cpu_ns();
  if (c->passes != NULL) run_passes(host, module, c->passes);
  bool changed = host->passes_run(passes, module);
  shim_log_llvm(&u, path, why, given_up);
  return changed;
}
