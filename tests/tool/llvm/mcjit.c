/* mcjit LEVEL HOW FIRST SECOND THIRD: an execution engine of LLVM's MCJIT, made by `options`
 * (LLVMCreateMCJITCompilerForModule), `jit` (LLVMCreateJITCompilerForModule), `engine`
 * (LLVMCreateExecutionEngineForModule) or `large` (the first with the large code model), with three modules of bitcode,
 * which tests/tool/with.sh has in C. */
#include <llvm-c/Core.h>
#include <llvm-c/ExecutionEngine.h>
#include <llvm-c/IRReader.h>
#include <llvm-c/Target.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static long of_program(long x) { return x + 1000000; }

static LLVMModuleRef read(const char *path) {
  LLVMModuleRef m;
  LLVMMemoryBufferRef b;
  char *error = NULL;
  if (LLVMCreateMemoryBufferWithContentsOfFile(path, &b, &error) ||
      LLVMParseIRInContext(LLVMGetGlobalContext(), b, &m, &error)) {
    puts(error);
    exit(1);
  }
  return m;
}

int main(int argc, char **argv) {
  if (argc < 6) return 2;
  int level = atoi(argv[1]), failed;
  const char *how = argv[2];
  char *error = NULL;
  LLVMExecutionEngineRef e;
  LLVMLinkInMCJIT();
  LLVMInitializeNativeTarget();
  LLVMInitializeNativeAsmPrinter();
  LLVMModuleRef m = read(argv[3]);
  struct LLVMMCJITCompilerOptions o;
  LLVMInitializeMCJITCompilerOptions(&o, sizeof o);
  o.OptLevel = (unsigned)level;
  if (strcmp(how, "large") == 0) o.CodeModel = LLVMCodeModelLarge;
  if (strcmp(how, "jit") == 0)
    failed = LLVMCreateJITCompilerForModule(&e, m, (unsigned)level, &error);
  else if (strcmp(how, "engine") == 0) failed = LLVMCreateExecutionEngineForModule(&e, m, &error);
  else failed = LLVMCreateMCJITCompilerForModule(&e, m, &o, sizeof o, &error);
  if (failed) {
    puts(error);
    return 1;
  }
  LLVMAddGlobalMapping(e, LLVMGetNamedFunction(m, "of_program"), (void *)(size_t)of_program);
  LLVMAddModule(e, read(argv[4]));
  LLVMAddModule(e, read(argv[5]));
  LLVMRunStaticConstructors(e);
  long (*entry)(long) = (long (*)(long))LLVMGetFunctionAddress(e, "entry");
  double (*half)(double) = (double (*)(double))LLVMGetFunctionAddress(e, "optnone");
  for (long i = 0; i < 4; i++) printf("%ld ", entry(i));
  printf("%g %ld\n", half(3), *(long *)LLVMGetGlobalValueAddress(e, "count"));
  LLVMDisposeExecutionEngine(e);
  return 0;
}
