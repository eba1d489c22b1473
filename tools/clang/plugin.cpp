// libkiln-clang.so: code generation inside clang. `kiln cc` and `kiln c++` give it to clang as -fpass-plugin if $KILN_PLUGIN says so; clang
// calls it before LLVM's code generator, with the module as its passes left it and the stream of the object. Kiln makes
// the object from the module's bitcode in memory; inside.c says what becomes of what it cannot compile.
//
// This is all of Kiln that is C++, and all that sees LLVM's headers: it works in a clang of the version that it was built
// with. LLVM's functions are clang's own; the library names no LLVM that would be loaded beside it.
#include "inside.h"

#include <llvm/ADT/SmallVector.h>
#include <llvm/Bitcode/BitcodeWriter.h>
#include <llvm/IR/DiagnosticInfo.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>
#include <llvm/Plugins/PassPlugin.h>
#include <llvm/Support/CommandLine.h>
#include <llvm/Support/raw_ostream.h>
#include <llvm/Target/TargetMachine.h>

#include <string>

using namespace llvm;

// Options of the code generator whose effect does not show in bitcode and that Kiln does not have, by clang's names. `kiln
// cc` refuses them before it starts clang (cc_flags.def); here they come from a clang that someone else gave the plugin.
static const char *refused_by_target(const TargetOptions &o, CodeGenFileType type) {
  const struct {
    bool given;
    const char *name;
  } options[] = {
      {type != CodeGenFileType::ObjectFile, "an output that is no object"},
      {o.DisableIntegratedAS != 0, "-fno-integrated-as"},
      {o.EmulatedTLS != 0, "-femulated-tls"},
      {o.EmitStackSizeSection != 0, "-fstack-size-section"},
      {!o.StackUsageOutput.empty(), "-fstack-usage"},
      {o.BBSections != BasicBlockSection::None, "-fbasic-block-sections"},
      {o.BBAddrMap != 0, "-fbasic-block-address-map"},
      {o.UniqueSectionNames == 0, "-fno-unique-section-names"},
      {o.SeparateNamedSections != 0, "-fseparate-named-sections"},
      {o.NoZerosInBSS != 0, "-fno-zero-initialized-in-bss"},
      {o.JMCInstrument != 0, "-fjmc"},
      {o.EmitCallGraphSection != 0, "-fexperimental-call-graph-section"},
      {o.Hotpatch != 0, "-fms-hotpatch"},
      {o.ExceptionModel != ExceptionHandling::None && o.ExceptionModel != ExceptionHandling::DwarfCFI,
       "exceptions of another kind than DWARF's"},
      {!o.MCOptions.SplitDwarfFile.empty(), "-gsplit-dwarf"},
      {o.MCOptions.Crel, "-Wa,--crel"},
      {o.MCOptions.EmitSFrameUnwind, "-Wa,--gsframe"},
      {!o.MCOptions.X86RelaxRelocations, "-mrelax-relocations=no"},
  };
  for (const auto &option : options)
    if (option.given) return option.name;
  return nullptr;
}

// An option behind -mllvm that is not one of the passes that clang runs; empty: none was given.
static std::string refused_by_llvm() {
  for (const auto &option : cl::getRegisteredOptions())
    if (option.second->getNumOccurrences() > 0 && !clang_knows_option(option.first.str().c_str()))
      return "-mllvm -" + option.first.str();
  return "";
}

// Clang's hook: true if there is nothing left to do for LLVM.
static bool compile(Module &module, TargetMachine &machine, CodeGenFileType type, raw_pwrite_stream &out) {
  const char *refused = refused_by_target(machine.Options, type);
  std::string of_llvm;
  if (refused == nullptr && !(of_llvm = refused_by_llvm()).empty()) refused = of_llvm.c_str();
  // As clang -emit-llvm writes it, but for what only LLVM's linkers read of it: the table of symbols.
  SmallVector<char, 0> bitcode;
  if (refused == nullptr) {
    bitcode.reserve(1 << 20);
    BitcodeWriter writer(bitcode);
    writer.writeModule(module);
    writer.writeStrtab();
  }
  tool_unit unit = {};
  unit.bytes = bitcode.data();
  unit.size = bitcode.size();
  unit.function_sections = machine.Options.FunctionSections;
  unit.data_sections = machine.Options.DataSections;
  const std::string path = module.getSourceFileName();
  clang_result result = clang_compile(path.c_str(), refused, &unit);
  if (result == CLANG_MADE) out.write(reinterpret_cast<const char *>(unit.object.data), unit.object.size);
  tool_unit_free(&unit);
  // Clang removes the output after an error, and ends with its status.
  if (result == CLANG_FAILED) module.getContext().diagnose(DiagnosticInfoGeneric("Kiln made no object of '" + path + "'"));
  return result != CLANG_LLVM;
}

extern "C" __attribute__((visibility("default"))) PassPluginLibraryInfo llvmGetPassPluginInfo() {
  PassPluginLibraryInfo info = {};
  info.APIVersion = LLVM_PLUGIN_API_VERSION;
  info.PluginName = "kiln";
  info.PluginVersion = KILN_PLUGIN_VERSION;
  info.PreCodeGenCallback = compile;
  return info;
}
