/* Latency of the JIT: a function of some size is built, compiled, linked into this process, called once and
 * removed, with Kiln and with LLVM's ORC (LLJIT at -O0, through its C API), in one process. Both JITs exist before,
 * as in a language runtime; the module and LLVM's context are made and freed each time. The functions are the same: a
 * chain of integer arithmetic on two arguments. Results are compared.
 *
 *   kiln-jit-bench latency      prints "SIZE LLVM_NS KILN_NS MODULE_NS" lines: median, and the same with one
 *                               module that functions are streamed into
 *   kiln-jit-bench first RUNS COMMAND...   least ns from before the start of a process to its first output */
#define _GNU_SOURCE
#include <kiln/jit.h>
#include <kiln/kiln.h>

#include <inttypes.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <llvm-c/Core.h>
#include <llvm-c/LLJIT.h>
#include <llvm-c/Orc.h>
#include <llvm-c/Target.h>
#include <llvm-c/TargetMachine.h>

enum { MAX_SIZE = 1000, BATCH = 20, MAX_RUNS = 400 };

typedef int64_t function(int64_t, int64_t);

static uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int fail(const char *what) {
  fprintf(stderr, "bench: %s\n", what);
  return 1;
}

/* ---- the function: value i is made of values i-1 and i-5; the last instruction is the return ---- */

enum step { ADD, MUL, XOR, SUB, OR, STEPS };

static int64_t evaluate(unsigned size, int64_t a, int64_t b) {
  uint64_t v[MAX_SIZE + 1] = {(uint64_t)a, (uint64_t)b};
  unsigned n = 2;
  for (; n < size + 1; n++) {
    uint64_t x = v[n - 1], y = v[n > 5 ? n - 5 : 0];
    switch ((enum step)(n % STEPS)) {
    case ADD: v[n] = x + y; break;
    case MUL: v[n] = x * y; break;
    case XOR: v[n] = x ^ y; break;
    case SUB: v[n] = x - y; break;
    default: v[n] = x | y; break;
    }
  }
  return (int64_t)v[n - 1];
}

/* ---- Kiln ---- */

static kiln_jit *kiln;

static bool kiln_build(kiln_module *m, kiln_session *s, const char *name, unsigned size) {
  static const kiln_op ops[STEPS] = {KILN_OP_ADD, KILN_OP_MUL, KILN_OP_XOR, KILN_OP_SUB,
                                     KILN_OP_OR};
  const kiln_type i64 = KILN_TYPE_I64;
  const kiln_param params[2] = {{.type = KILN_TYPE_I64}, {.type = KILN_TYPE_I64}};
  kiln_value v[MAX_SIZE + 1];
  kiln_sig sig = kiln_sig_new(m, KILN_CC_C, 0, params, 2, &i64, 1);
  kiln_func *f =
    kiln_func_begin(s, kiln_func_declare(m, &(kiln_symbol_desc){.name = name, .body = true}, sig));
  v[0] = kiln_func_param(f, 0);
  v[1] = kiln_func_param(f, 1);
  unsigned n = 2;
  for (; n < size + 1; n++)
    v[n] = kiln_build_binary(f, ops[n % STEPS], i64, v[n - 1], v[n > 5 ? n - 5 : 0]);
  kiln_build_ret(f, &v[n - 1], 1);
  return kiln_func_compile(f) == KILN_OK;
}

static int64_t call(void *address, int64_t a, int64_t b) {
  function *f;
  memcpy(&f, &address, sizeof f);
  return f(a, b);
}

static bool kiln_once(unsigned size, int64_t *result) {
  kiln_module_options options = {.jit = true};
  if (!kiln_target_find_host(&options.target)) return false;
  kiln_module *m = kiln_module_new(&options);
  kiln_session *s = kiln_session_new(m);
  kiln_jit_unit unit;
  bool ok = kiln_build(m, s, "f", size) &&
            kiln_jit_add(kiln, 0, &(kiln_jit_input){.module = m, .sessions = &s, .n_sessions = 1},
                         1, &unit, NULL) == KILN_OK;
  if (ok) *result = call(kiln_jit_lookup(kiln, "f"), 3, 5);
  ok = ok && kiln_jit_remove(kiln, unit, NULL) == KILN_OK;
  kiln_session_free(s);
  kiln_module_free(m);
  return ok;
}

/* One module and session for all functions, as a runtime that streams them has. */
static struct {
  kiln_module *module;
  kiln_session *session;
  kiln_jit_stream *stream;
} stream;

static bool stream_start(void) {
  kiln_module_options options = {.jit = true};
  if (!kiln_target_find_host(&options.target)) return false;
  stream.module = kiln_module_new(&options);
  stream.session = kiln_session_new(stream.module);
  stream.stream = kiln_jit_stream_new(kiln, stream.module, NULL, NULL);
  return stream.stream != NULL;
}

static bool stream_once(unsigned size, int64_t *result) {
  kiln_jit_unit unit;
  if (!kiln_build(stream.module, stream.session, "g", size) ||
      kiln_jit_stream_add(stream.stream, stream.session, 0, &unit, NULL) != KILN_OK)
    return false;
  *result = call(kiln_jit_address(kiln, unit, NULL), 3, 5);
  return kiln_jit_remove(kiln, unit, NULL) == KILN_OK;
}

/* ---- LLVM ---- */

static LLVMOrcLLJITRef orc;

static bool llvm_ok(LLVMErrorRef e) {
  if (e == NULL) return true;
  char *message = LLVMGetErrorMessage(e);
  fprintf(stderr, "bench: LLVM: %s\n", message);
  LLVMDisposeErrorMessage(message);
  return false;
}

static bool llvm_start(void) {
  LLVMInitializeNativeTarget();
  LLVMInitializeNativeAsmPrinter();
  char *triple = LLVMGetDefaultTargetTriple(), *message = NULL;
  LLVMTargetRef target;
  if (LLVMGetTargetFromTriple(triple, &target, &message)) return false;
  LLVMTargetMachineRef machine = LLVMCreateTargetMachine(
    target, triple, "", "", LLVMCodeGenLevelNone, LLVMRelocDefault, LLVMCodeModelJITDefault);
  LLVMDisposeMessage(triple);
  LLVMOrcLLJITBuilderRef builder = LLVMOrcCreateLLJITBuilder();
  LLVMOrcLLJITBuilderSetJITTargetMachineBuilder(
    builder, LLVMOrcJITTargetMachineBuilderCreateFromTargetMachine(machine));
  return llvm_ok(LLVMOrcCreateLLJIT(&orc, builder));
}

static LLVMModuleRef llvm_build(LLVMContextRef context, unsigned size) {
  static const LLVMOpcode ops[STEPS] = {LLVMAdd, LLVMMul, LLVMXor, LLVMSub, LLVMOr};
  LLVMModuleRef m = LLVMModuleCreateWithNameInContext("m", context);
  LLVMSetDataLayout(m, LLVMOrcLLJITGetDataLayoutStr(orc));
  LLVMSetTarget(m, LLVMOrcLLJITGetTripleString(orc));
  LLVMTypeRef i64 = LLVMInt64TypeInContext(context), params[2] = {i64, i64};
  LLVMValueRef f = LLVMAddFunction(m, "f", LLVMFunctionType(i64, params, 2, false));
  LLVMBuilderRef b = LLVMCreateBuilderInContext(context);
  LLVMPositionBuilderAtEnd(b, LLVMAppendBasicBlockInContext(context, f, ""));
  LLVMValueRef v[MAX_SIZE + 1] = {LLVMGetParam(f, 0), LLVMGetParam(f, 1)};
  unsigned n = 2;
  for (; n < size + 1; n++)
    v[n] = LLVMBuildBinOp(b, ops[n % STEPS], v[n - 1], v[n > 5 ? n - 5 : 0], "");
  LLVMBuildRet(b, v[n - 1]);
  LLVMDisposeBuilder(b);
  return m;
}

static bool llvm_once(unsigned size, int64_t *result) {
  LLVMContextRef context = LLVMContextCreate();
  LLVMOrcThreadSafeContextRef shared = LLVMOrcCreateNewThreadSafeContextFromLLVMContext(context);
  LLVMOrcThreadSafeModuleRef m =
    LLVMOrcCreateNewThreadSafeModule(llvm_build(context, size), shared);
  LLVMOrcDisposeThreadSafeContext(shared);
  LLVMOrcResourceTrackerRef tracker =
    LLVMOrcJITDylibCreateResourceTracker(LLVMOrcLLJITGetMainJITDylib(orc));
  LLVMOrcExecutorAddress address = 0;
  bool ok = llvm_ok(LLVMOrcLLJITAddLLVMIRModuleWithRT(orc, tracker, m)) &&
            llvm_ok(LLVMOrcLLJITLookup(orc, &address, "f"));
  if (ok) *result = call((void *)(uintptr_t)address, 3, 5);
  ok = ok && llvm_ok(LLVMOrcResourceTrackerRemove(tracker));
  LLVMOrcReleaseResourceTracker(tracker);
  return ok;
}

/* ---- both ---- */

static int compare_ns(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return x < y ? -1 : x > y;
}

/* Runs one compiler several times in a row, so that neither pays for the state in which the other left C's heap; the
 * first two runs are not counted. */
static bool batch(bool (*once)(unsigned, int64_t *), unsigned size, uint64_t *ns) {
  for (int i = -2; i < BATCH; i++) {
    int64_t result = 0;
    uint64_t start = now_ns();
    bool ok = once(size, &result);
    uint64_t end = now_ns();
    if (!ok || result != evaluate(size, 3, 5)) return false;
    if (i >= 0) ns[i] = end - start;
  }
  return true;
}

static int latency(void) {
  static const struct {
    unsigned size, runs;
  } rows[] = {{10, MAX_RUNS}, {100, MAX_RUNS / 2}, {1000, MAX_RUNS / 5}};
  static bool (*const once[])(unsigned, int64_t *) = {llvm_once, kiln_once, stream_once};
  static uint64_t ns[3][MAX_RUNS];
  kiln = kiln_jit_new(NULL, NULL);
  if (kiln == NULL || !stream_start()) return fail("no JIT");
  if (!llvm_start()) return fail("no LLJIT");
  for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
    unsigned n = 0;
    for (; n < rows[r].runs; n += BATCH)
      for (unsigned k = 0; k < 3; k++)
        if (!batch(once[k], rows[r].size, ns[k] + n)) return fail("a wrong result");
    printf("%u", rows[r].size);
    for (unsigned k = 0; k < 3; k++) {
      qsort(ns[k], n, sizeof ns[k][0], compare_ns);
      printf(" %" PRIu64, ns[k][n / 2]);
    }
    putchar('\n');
  }
  LLVMOrcDisposeLLJIT(orc);
  kiln_jit_stream_free(stream.stream);
  kiln_session_free(stream.session);
  kiln_module_free(stream.module);
  kiln_jit_free(kiln);
  return 0;
}

/* ---- processes ---- */

static uint64_t first_output(char **argv) {
  int fds[2];
  pid_t child;
  posix_spawn_file_actions_t actions;
  if (pipe(fds) != 0) return 0;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", 0, 0);
  posix_spawn_file_actions_adddup2(&actions, fds[1], STDOUT_FILENO);
  posix_spawn_file_actions_addclose(&actions, fds[0]);
  posix_spawn_file_actions_addclose(&actions, fds[1]);
  uint64_t start = now_ns();
  int bad = posix_spawnp(&child, argv[0], &actions, NULL, argv, environ);
  close(fds[1]);
  char c, rest[4096];
  bool some = bad == 0 && read(fds[0], &c, 1) == 1;
  uint64_t ns = now_ns() - start;
  while (some && read(fds[0], rest, sizeof rest) > 0) {
  }
  close(fds[0]);
  posix_spawn_file_actions_destroy(&actions);
  int status = 1;
  if (bad == 0) waitpid(child, &status, 0);
  return some && status == 0 ? ns : 0;
}

static int first(int runs, char **argv) {
  uint64_t least = UINT64_MAX;
  for (int i = 0; i < runs; i++) {
    uint64_t ns = first_output(argv);
    if (ns == 0) return fail("a process failed, or printed nothing");
    if (ns < least) least = ns;
  }
  printf("%" PRIu64 "\n", least);
  return 0;
}

int main(int argc, char **argv) {
  if (argc == 2 && strcmp(argv[1], "latency") == 0) return latency();
  if (argc > 3 && strcmp(argv[1], "first") == 0) return first(atoi(argv[2]), argv + 3);
  fprintf(stderr, "Usage: kiln-jit-bench latency | first RUNS COMMAND...\n");
  return 2;
}
