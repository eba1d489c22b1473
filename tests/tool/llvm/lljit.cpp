// lljit LEVEL THREADS: an LLJIT of LLVM's C++ classes, whose program changes modules by a transformation, with a
// constructor, a lookup after which it adds what defines a function, and the removal of a module.
#include <llvm/ExecutionEngine/Orc/LLJIT.h>
#include <llvm/IRReader/IRReader.h>
#include <llvm/Support/SourceMgr.h>
#include <llvm/Support/TargetSelect.h>
#include <cstdio>
#include <cstdlib>
using namespace llvm;
using namespace llvm::orc;

static ExitOnError ok("lljit: ");

static ThreadSafeModule read(const char *text) {
  auto context = std::make_unique<LLVMContext>();
  SMDiagnostic error;
  auto m = parseIR(MemoryBufferRef(text, "text"), error, *context);
  if (!m) {
    error.print("lljit", errs());
    exit(1);
  }
  return ThreadSafeModule(std::move(m), std::move(context));
}

static const char first[] = R"(source_filename = "first"
@count = global i64 5
@llvm.global_ctors = appending global [1 x { i32, ptr, ptr }] [{ i32, ptr, ptr } { i32 65535, ptr @begin, ptr null }]
declare i64 @second(i64)
define internal void @begin() {
  store i64 40, ptr @count
  ret void
}
define i64 @first(i64 %x) {
  %n = load i64, ptr @count
  %y = add i64 %x, %n
  %r = call i64 @second(i64 %y)
  ret i64 %r
}
)";
// The transformation writes 1000 in the place of 1.
static const char second[] = R"(source_filename = "second"
@added = global i64 1
define i64 @second(i64 %x) {
  %n = load i64, ptr @added
  %r = add i64 %x, %n
  ret i64 %r
}
)";
static const char third[] = R"(source_filename = "third"
define i64 @third(i64 %x) noinline optnone {
  %r = mul i64 %x, 3
  ret i64 %r
}
)";

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  InitializeNativeTarget();
  InitializeNativeTargetAsmPrinter();
  auto host = ok(JITTargetMachineBuilder::detectHost());
  LLJITBuilder builder;
  builder.setJITTargetMachineBuilder(std::move(host));
  builder.setNumCompileThreads(unsigned(atoi(argv[2])));
  auto jit = ok(builder.create());
  jit->getIRTransformLayer().setTransform([](ThreadSafeModule m, const MaterializationResponsibility &) -> Expected<ThreadSafeModule> {
    m.withModuleDo([](Module &module) {
      if (auto *g = module.getNamedGlobal("added")) g->setInitializer(ConstantInt::get(g->getValueType(), 1000));
    });
    return std::move(m);
  });
  ok(jit->addIRModule(read(first)));
  ok(jit->addIRModule(read(second)));
  auto tracker = jit->getMainJITDylib().createResourceTracker();
  ok(jit->addIRModule(tracker, read(third)));
  ok(jit->initialize(jit->getMainJITDylib()));
  auto *f = ok(jit->lookup("first")).toPtr<long(long)>();
  auto *g = ok(jit->lookup("third")).toPtr<long(long)>();
  printf("%ld %ld\n", f(1), g(14));
  ok(tracker->remove());
  auto gone = jit->lookup("third");
  if (gone) return 3;
  consumeError(gone.takeError());
  puts("removed");
  return 0;
}
