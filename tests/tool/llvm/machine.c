/* machine FEATURES CALLEE CALLER: what only the target machine says. Through LLVM-C, makes two modules without a triple
 * and without attributes: CALLEE has `add8`, which adds two vectors of eight floats, and is emitted at level 0; CALLER
 * has `call8`, which takes them from memory, calls `add8` and stores the sum, and is emitted at level 2. Both machines
 * have the features, "+avx" for example, by which such vectors travel. */
#include <llvm-c/Core.h>
#include <llvm-c/Target.h>
#include <llvm-c/TargetMachine.h>

#include <stdio.h>
#include <stdlib.h>

static LLVMTypeRef vector(void) { return LLVMVectorType(LLVMFloatType(), 8); }

static LLVMValueRef declare_add8(LLVMModuleRef m, LLVMTypeRef *type) {
  LLVMTypeRef two[2] = {vector(), vector()};
  *type = LLVMFunctionType(vector(), two, 2, 0);
  return LLVMAddFunction(m, "add8", *type);
}

static LLVMModuleRef callee(void) {
  LLVMModuleRef m = LLVMModuleCreateWithName("callee");
  LLVMTypeRef type;
  LLVMValueRef f = declare_add8(m, &type);
  LLVMBuilderRef b = LLVMCreateBuilder();
  LLVMPositionBuilderAtEnd(b, LLVMAppendBasicBlock(f, "entry"));
  LLVMBuildRet(b, LLVMBuildFAdd(b, LLVMGetParam(f, 0), LLVMGetParam(f, 1), ""));
  LLVMDisposeBuilder(b);
  return m;
}

static LLVMModuleRef caller(void) {
  LLVMModuleRef m = LLVMModuleCreateWithName("caller");
  LLVMTypeRef type, pointer = LLVMPointerType(vector(), 0), three[3] = {pointer, pointer, pointer};
  LLVMValueRef f = LLVMAddFunction(m, "call8", LLVMFunctionType(LLVMVoidType(), three, 3, 0)),
               args[2];
  LLVMBuilderRef b = LLVMCreateBuilder();
  LLVMPositionBuilderAtEnd(b, LLVMAppendBasicBlock(f, "entry"));
  for (unsigned i = 0; i < 2; i++) {
    args[i] = LLVMBuildLoad2(b, vector(), LLVMGetParam(f, i + 1), "");
    LLVMSetAlignment(args[i], 4);
  }
  LLVMValueRef add8 = declare_add8(m, &type);
  LLVMSetAlignment(
    LLVMBuildStore(b, LLVMBuildCall2(b, type, add8, args, 2, ""), LLVMGetParam(f, 0)), 4);
  LLVMBuildRetVoid(b);
  LLVMDisposeBuilder(b);
  return m;
}

static int emit(LLVMTargetRef target, const char *triple, const char *features, int level,
                LLVMModuleRef m, char *to) {
  char *error = NULL;
  LLVMTargetMachineRef tm =
    LLVMCreateTargetMachine(target, triple, "x86-64", features, (LLVMCodeGenOptLevel)level,
                            LLVMRelocPIC, LLVMCodeModelDefault);
  int failed = LLVMTargetMachineEmitToFile(tm, m, to, LLVMObjectFile, &error);
  LLVMDisposeTargetMachine(tm);
  LLVMDisposeModule(m);
  return failed;
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  char *error = NULL, *triple = LLVMGetDefaultTargetTriple();
  LLVMTargetRef target;
  LLVMInitializeNativeTarget();
  LLVMInitializeNativeAsmPrinter();
  if (LLVMGetTargetFromTriple(triple, &target, &error)) return 3;
  if (emit(target, triple, argv[1], 0, callee(), argv[2])) return 4;
  if (emit(target, triple, argv[1], 2, caller(), argv[3])) return 5;
  LLVMDisposeMessage(triple);
  return 0;
}
