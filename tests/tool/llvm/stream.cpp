// stream LEVEL HOW FILE: through LLVM's C++ classes, emits a module with a function `answer` that returns 42 at a level
// of optimization (0 to 3) to a vector in memory, which is written to FILE. HOW: `plain`; `info`, passes before that tell
// others of functions and costs; `own`, a pass before that makes the answer 43; `after`, that pass comes after; `buffer`,
// by a buffered stream; `text`, as assembly; `file`, to the file itself; `again`, another PassManager that emits nothing
// is run at the same address first, and once more afterwards.
#include <llvm/Analysis/TargetLibraryInfo.h>
#include <llvm/Analysis/TargetTransformInfo.h>
#include <llvm/Config/llvm-config.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/LegacyPassManager.h>
#include <llvm/IR/Module.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/Support/FileSystem.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/Support/raw_ostream.h>
#include <llvm/Target/TargetMachine.h>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <string>
using namespace llvm;

#if LLVM_VERSION_MAJOR < 18
using Level = CodeGenOpt::Level;
static const auto object = CGFT_ObjectFile, text = CGFT_AssemblyFile;
#else
using Level = CodeGenOptLevel;
static const auto object = CodeGenFileType::ObjectFile, text = CodeGenFileType::AssemblyFile;
#endif

struct Change : ModulePass {
  static char ID;
  Change() : ModulePass(ID) {}
  bool runOnModule(Module &m) override {
    auto *ret = m.getFunction("answer")->front().getTerminator();
    ret->setOperand(0, ConstantInt::get(ret->getOperand(0)->getType(), 43));
    return true;
  }
};
char Change::ID;

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  const std::string how = argv[2];
  InitializeNativeTarget();
  InitializeNativeTargetAsmPrinter();
  std::string triple = "x86_64-pc-linux-gnu", error;
#if LLVM_VERSION_MAJOR < 21
  const std::string &named = triple;
#else
  const Triple named(triple);
#endif
  const Target *target = TargetRegistry::lookupTarget(named, error);
  if (target == nullptr) return 3;
  LLVMContext context;
  Module m("answers", context);
  m.setTargetTriple(named);
  auto *function = Function::Create(FunctionType::get(Type::getInt32Ty(context), false), GlobalValue::ExternalLinkage, "answer", m);
  IRBuilder<> builder(BasicBlock::Create(context, "entry", function));
  builder.CreateRet(builder.getInt32(42));
  TargetMachine *tm = target->createTargetMachine(named, "", "", TargetOptions(), Reloc::PIC_,
#if LLVM_VERSION_MAJOR < 16
                                                  None,
#else
                                                  std::nullopt,
#endif
                                                  static_cast<Level>(atoi(argv[1])));
  m.setDataLayout(tm->createDataLayout());

  SmallVector<char, 0> bytes;
  raw_svector_ostream memory(bytes);
  std::error_code none;
  raw_fd_ostream file(how == "file" ? argv[3] : "/dev/null", none, sys::fs::OF_None);
  buffer_ostream buffer(memory);
  raw_pwrite_stream &stream = how == "file" ? static_cast<raw_pwrite_stream &>(file) : how == "buffer" ? buffer : memory;
  alignas(legacy::PassManager) char at[sizeof(legacy::PassManager)];
  legacy::PassManager *passes;
  for (int round = how == "again" ? 0 : 1; round < (how == "again" ? 3 : 2); round++) {
    passes = new (at) legacy::PassManager;
    if (how == "info") {
      passes->add(new TargetLibraryInfoWrapperPass(Triple(triple)));
      passes->add(createTargetTransformInfoWrapperPass(tm->getTargetIRAnalysis()));
    }
    if (how == "own") passes->add(new Change);
    if (round == 1 && tm->addPassesToEmitFile(*passes, stream, nullptr, how == "text" ? text : object)) return 4;
    if (how == "after") passes->add(new Change);
    passes->run(m);
    passes->~PassManager();
  }
  auto *answer = cast<ConstantInt>(function->front().getTerminator()->getOperand(0));
  if (how == "after" && answer->getZExtValue() != 43) return 5;
  if (how == "file") return 0;
  if (how == "buffer") { // its destructor is what writes to the vector
    StringRef held = buffer.str();
    bytes.append(held.begin(), held.end());
  }
  FILE *f = fopen(argv[3], "wb");
  return f == nullptr || fwrite(bytes.data(), 1, bytes.size(), f) != bytes.size() || fclose(f) != 0;
}
