/* One pass of LLVM, through its C API: reading bitcode from memory in full, and code generation
 * without optimization, position-independent, for the baseline CPU, to an object in memory. Every
 * pass has a context and module of its own; making and freeing them is not timed. */
#include "bench.h"

#include <llvm-c/BitReader.h>
#include <llvm-c/Core.h>
#include <llvm-c/Target.h>
#include <llvm-c/TargetMachine.h>
#include <stdio.h>

static LLVMTargetMachineRef machine;

static void start_x86(void) {
  LLVMInitializeX86TargetInfo();
  LLVMInitializeX86Target();
  LLVMInitializeX86TargetMC();
  LLVMInitializeX86AsmPrinter();
  LLVMInitializeX86AsmParser(); /* for inline assembly */
}

static void start_aarch64(void) {
  LLVMInitializeAArch64TargetInfo();
  LLVMInitializeAArch64Target();
  LLVMInitializeAArch64TargetMC();
  LLVMInitializeAArch64AsmPrinter();
  LLVMInitializeAArch64AsmParser();
}

static const struct {
  void (*start)(void);
  const char *triple, *cpu;
} targets[] = {
  [KILN_PROCESSOR_X86_64] = {start_x86, "x86_64-pc-linux-gnu", "x86-64"},
  [KILN_PROCESSOR_AARCH64] = {start_aarch64, "aarch64-unknown-linux-gnu", "generic"},
};
_Static_assert(sizeof targets / sizeof *targets == KILN_PROCESSOR_COUNT, "every target has a row");

bool bench_llvm_start(kiln_processor for_target) {
  targets[for_target].start();
  const char *triple = targets[for_target].triple;
  LLVMTargetRef target;
  char *message = NULL;
  if (LLVMGetTargetFromTriple(triple, &target, &message)) {
    fprintf(stderr, "bench: LLVM: %s\n", message);
    LLVMDisposeMessage(message);
    return false;
  }
  machine = LLVMCreateTargetMachine(target, triple, targets[for_target].cpu, "",
                                    LLVMCodeGenLevelNone, LLVMRelocPIC, LLVMCodeModelDefault);
  return machine != NULL;
}

static uint64_t count_instructions(LLVMModuleRef m) {
  uint64_t n = 0;
  for (LLVMValueRef f = LLVMGetFirstFunction(m); f != NULL; f = LLVMGetNextFunction(f)) {
    for (LLVMBasicBlockRef b = LLVMGetFirstBasicBlock(f); b != NULL; b = LLVMGetNextBasicBlock(b)) {
      for (LLVMValueRef i = LLVMGetFirstInstruction(b); i != NULL; i = LLVMGetNextInstruction(i))
        n++;
    }
  }
  return n;
}

bool bench_llvm_pass(const struct bench_input *in, struct bench_llvm *out) {
  LLVMContextRef context = LLVMContextCreate();
  LLVMMemoryBufferRef bytes =
    LLVMCreateMemoryBufferWithMemoryRange((const char *)in->bytes, in->size, in->name, false);
  LLVMModuleRef module = NULL;
  uint64_t start = bench_now_ns();
  bool ok = !LLVMParseBitcodeInContext2(context, bytes, &module);
  out->read_ns = bench_now_ns() - start;
  if (ok) {
    out->instructions = count_instructions(module);
    LLVMMemoryBufferRef object = NULL;
    char *message = NULL;
    start = bench_now_ns();
    ok = !LLVMTargetMachineEmitToMemoryBuffer(machine, module, LLVMObjectFile, &message, &object);
    out->codegen_ns = bench_now_ns() - start;
    if (ok) {
      out->object_bytes = LLVMGetBufferSize(object);
      out->text_bytes =
        bench_text_size((const uint8_t *)LLVMGetBufferStart(object), out->object_bytes);
      LLVMDisposeMemoryBuffer(object);
    } else {
      fprintf(stderr, "bench: %s: LLVM: %s\n", in->name, message);
      LLVMDisposeMessage(message);
    }
    LLVMDisposeModule(module);
  } else {
    fprintf(stderr, "bench: %s: LLVM cannot read it\n", in->name);
  }
  LLVMDisposeMemoryBuffer(bytes);
  LLVMContextDispose(context);
  return ok;
}
