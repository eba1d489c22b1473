/* emit LEVEL FILE BUFFER: through LLVM-C, makes a module with a function `answer` that returns 42, and emits it at a
 * level of optimization (0 to 3) to FILE as an object, to BUFFER from memory, and to FILE.s as assembly. */
#include <llvm-c/Core.h>
#include <llvm-c/Target.h>
#include <llvm-c/TargetMachine.h>

#include <stdio.h>
#include <stdlib.h>

static LLVMModuleRef module(void) {
  LLVMModuleRef m = LLVMModuleCreateWithName("answers");
  LLVMValueRef f = LLVMAddFunction(m, "answer", LLVMFunctionType(LLVMInt32Type(), NULL, 0, 0));
  LLVMBuilderRef b = LLVMCreateBuilder();
  LLVMPositionBuilderAtEnd(b, LLVMAppendBasicBlock(f, "entry"));
  LLVMBuildRet(b, LLVMConstInt(LLVMInt32Type(), 42, 0));
  LLVMDisposeBuilder(b);
  return m;
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  char *error = NULL, *triple = LLVMGetDefaultTargetTriple(), assembly[4096];
  LLVMTargetRef target;
  LLVMInitializeNativeTarget();
  LLVMInitializeNativeAsmPrinter();
  if (LLVMGetTargetFromTriple(triple, &target, &error)) return 3;
  LLVMTargetMachineRef tm = LLVMCreateTargetMachine(
    target, triple, "", "", (LLVMCodeGenOptLevel)atoi(argv[1]), LLVMRelocPIC, LLVMCodeModelDefault);
  LLVMModuleRef m = module();
  LLVMSetTarget(m, triple);
  snprintf(assembly, sizeof assembly, "%s.s", argv[2]);
  if (LLVMTargetMachineEmitToFile(tm, m, argv[2], LLVMObjectFile, &error)) return 4;
  LLVMMemoryBufferRef buffer;
  if (LLVMTargetMachineEmitToMemoryBuffer(tm, m, LLVMObjectFile, &error, &buffer)) return 5;
  FILE *f = fopen(argv[3], "wb");
  if (f == NULL ||
      fwrite(LLVMGetBufferStart(buffer), 1, LLVMGetBufferSize(buffer), f) !=
        LLVMGetBufferSize(buffer) ||
      fclose(f) != 0)
    return 6;
  LLVMDisposeMemoryBuffer(buffer);
  if (LLVMTargetMachineEmitToFile(tm, m, assembly, LLVMAssemblyFile, &error)) return 7;
  LLVMDisposeTargetMachine(tm);
  LLVMDisposeModule(m);
  LLVMDisposeMessage(triple);
  return 0;
}
