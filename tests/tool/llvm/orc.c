/* orc LEVEL: through LLVM-C's ORC, adds modules to a JIT, to its library and by a resource tracker, looks functions up,
 * removes one and defines it again with another value, and defines one twice. Another JIT before it has a
 * transformation of modules. Prints what they return. */
#include <llvm-c/Core.h>
#include <llvm-c/Error.h>
#include <llvm-c/LLJIT.h>
#include <llvm-c/Orc.h>
#include <llvm-c/Target.h>
#include <llvm-c/TargetMachine.h>

#include <stdio.h>
#include <stdlib.h>

static void check(LLVMErrorRef e, const char *what) {
  if (e == NULL) return;
  char *text = LLVMGetErrorMessage(e);
  printf("%s: %s\n", what, text);
  LLVMDisposeErrorMessage(text);
  exit(1);
}

/* A module with a function that returns a value, added to what `callee` returns, if that is given. */
static LLVMOrcThreadSafeModuleRef module(const char *name, int value, const char *callee) {
#if LLVM_VERSION_MAJOR >= 21
  LLVMContextRef c = LLVMContextCreate();
  LLVMOrcThreadSafeContextRef tsc = LLVMOrcCreateNewThreadSafeContextFromLLVMContext(c);
#else
  LLVMOrcThreadSafeContextRef tsc = LLVMOrcCreateNewThreadSafeContext();
  LLVMContextRef c = LLVMOrcThreadSafeContextGetContext(tsc);
#endif
  LLVMModuleRef m = LLVMModuleCreateWithNameInContext(name, c);
  char *triple = LLVMGetDefaultTargetTriple();
  LLVMSetTarget(m, triple);
  LLVMDisposeMessage(triple);
  LLVMTypeRef i32 = LLVMInt32TypeInContext(c), type = LLVMFunctionType(i32, NULL, 0, 0);
  LLVMBuilderRef b = LLVMCreateBuilderInContext(c);
  LLVMValueRef f = LLVMAddFunction(m, name, type), v = LLVMConstInt(i32, (unsigned)value, 0);
  LLVMPositionBuilderAtEnd(b, LLVMAppendBasicBlockInContext(c, f, "entry"));
  if (callee != NULL) {
    LLVMValueRef g = LLVMAddFunction(m, callee, type);
    v = LLVMBuildAdd(b, LLVMBuildCall2(b, type, g, NULL, 0, ""), v, "");
  }
  LLVMBuildRet(b, v);
  LLVMDisposeBuilder(b);
  LLVMOrcThreadSafeModuleRef out = LLVMOrcCreateNewThreadSafeModule(m, tsc);
  LLVMOrcDisposeThreadSafeContext(tsc);
  return out;
}

static int call(LLVMOrcLLJITRef jit, const char *name) {
  LLVMOrcExecutorAddress at = 0;
  check(LLVMOrcLLJITLookup(jit, &at, name), name);
  return ((int (*)(void))(size_t)at)();
}

static LLVMErrorRef unchanged(void *ctx, LLVMOrcThreadSafeModuleRef *module,
                              LLVMOrcMaterializationResponsibilityRef what) {
  (void)module, (void)what;
  ++*(int *)ctx;
  return NULL;
}

/* A JIT whose modules a function of the program's may change, and does not. */
static void with_transformation(LLVMOrcLLJITRef jit) {
  int calls = 0;
  LLVMOrcIRTransformLayerSetTransform(LLVMOrcLLJITGetIRTransformLayer(jit), unchanged, &calls);
  check(LLVMOrcLLJITAddLLVMIRModule(jit, LLVMOrcLLJITGetMainJITDylib(jit), module("seen", 1, NULL)),
        "seen");
  printf("transformed %d\n", call(jit, "seen") * calls);
  check(LLVMOrcDisposeLLJIT(jit), "dispose");
}

static LLVMOrcLLJITRef new_jit(LLVMTargetRef target, const char *triple, int level) {
  LLVMTargetMachineRef tm = LLVMCreateTargetMachine(
    target, triple, "", "", (LLVMCodeGenOptLevel)level, LLVMRelocDefault, LLVMCodeModelJITDefault);
  LLVMOrcLLJITBuilderRef builder = LLVMOrcCreateLLJITBuilder();
  LLVMOrcLLJITBuilderSetJITTargetMachineBuilder(
    builder, LLVMOrcJITTargetMachineBuilderCreateFromTargetMachine(tm));
  LLVMOrcLLJITRef jit;
  check(LLVMOrcCreateLLJIT(&jit, builder), "LLJIT");
  return jit;
}

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  char *error = NULL, *triple = LLVMGetDefaultTargetTriple();
  LLVMTargetRef target;
  LLVMInitializeNativeTarget();
  LLVMInitializeNativeAsmPrinter();
  if (LLVMGetTargetFromTriple(triple, &target, &error)) return 3;
  with_transformation(new_jit(target, triple, atoi(argv[1])));
  LLVMOrcLLJITRef jit = new_jit(target, triple, atoi(argv[1]));
  LLVMOrcJITDylibRef dylib = LLVMOrcLLJITGetMainJITDylib(jit);
  check(LLVMOrcLLJITAddLLVMIRModule(jit, dylib, module("one", 1, NULL)), "one");
  check(LLVMOrcLLJITAddLLVMIRModule(jit, dylib, module("three", 2, "one")), "three");
  printf("one %d\nthree %d\n", call(jit, "one"), call(jit, "three"));
  for (int i = 0; i < 3; i++) {
    LLVMOrcResourceTrackerRef tracker = LLVMOrcJITDylibCreateResourceTracker(dylib);
    check(LLVMOrcLLJITAddLLVMIRModuleWithRT(jit, tracker, module("again", 10 * i, "three")),
          "again");
    printf("again %d\n", call(jit, "again"));
    check(LLVMOrcResourceTrackerRemove(tracker), "remove");
    LLVMOrcReleaseResourceTracker(tracker);
  }
  LLVMOrcExecutorAddress at;
  LLVMErrorRef gone = LLVMOrcLLJITLookup(jit, &at, "again");
  printf("after removal: %s\n", gone != NULL ? "not found" : "found");
  if (gone != NULL) LLVMConsumeError(gone);
  LLVMErrorRef twice = LLVMOrcLLJITAddLLVMIRModule(jit, dylib, module("one", 5, NULL));
  printf("defined twice: %s\n", twice != NULL ? "refused" : "taken");
  if (twice != NULL) LLVMConsumeError(twice);
  check(LLVMOrcDisposeLLJIT(jit), "dispose");
  LLVMDisposeMessage(triple);
  return 0;
}
