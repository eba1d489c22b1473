/* The shim: a library that the dynamic linker loads before libLLVM and that has functions of the same names. Where a
 * compiler emits an object at a level that Kiln is to compile, Kiln makes it from the module's bitcode; everything else
 * goes on to LLVM. README.md has the whole list.
 *
 *   host.c      which LLVM the process has loaded, and its functions
 *   machine.c   what is known of target machines: the level of optimization, the processor
 *   compiler.c  which compiler the process is, and what its command line says
 *   guard.c     a crash of Kiln's own code, which becomes a reason to have LLVM compile
 *   emit.c      objects: LLVM-C's two calls, and LLVM's passes that write an object
 *   stream.c    which passes of LLVM's C++ classes write an object to memory
 *   orc.c       modules of ORC's LLJIT, by LLVM-C
 *   jit.c       modules of MCJIT, and of ORC's LLJIT in C++
 *
 * Invariant: nothing fails that LLVM would have compiled. What is not understood goes on to LLVM; $KILN_LOG says
 * why. */
#ifndef KN_SHIM_H
#define KN_SHIM_H

#include "settings.h"
#include "unit.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SHIM_EXPORT __attribute__((visibility("default")))

/* ---- host.c ---- */

/* Functions of LLVM that the shim calls, by the names of LLVM-C: HOST(result, name, arguments). */
#define SHIM_HOST_FUNCTIONS                                                                        \
  HOST(void *, LLVMWriteBitcodeToMemoryBuffer, (void *module))                                     \
  HOST(const char *, LLVMGetBufferStart, (void *buffer))                                           \
  HOST(size_t, LLVMGetBufferSize, (void *buffer))                                                  \
  HOST(void, LLVMDisposeMemoryBuffer, (void *buffer))                                              \
  HOST(void *, LLVMCreateMemoryBufferWithMemoryRangeCopy,                                          \
       (const char *bytes, size_t n, const char *name))                                            \
  HOST(void *, LLVMGetNamedGlobal, (void *module, const char *name))                               \
  HOST(void *, LLVMGetFirstGlobal, (void *module))                                                 \
  HOST(void *, LLVMGetNextGlobal, (void *global))                                                  \
  HOST(int, LLVMIsThreadLocal, (void *global))                                                     \
  HOST(const char *, LLVMGetModuleIdentifier, (void *module, size_t *n))                           \
  HOST(const char *, LLVMGetTarget, (void *module))                                                \
  HOST(void, LLVMSetTarget, (void *module, const char *triple))                                    \
  HOST(void, LLVMContextDispose, (void *context))                                                  \
  HOST(void *, LLVMGetFirstFunction, (void *module))                                               \
  HOST(void *, LLVMGetNextFunction, (void *function))                                              \
  HOST(unsigned, LLVMGetEnumAttributeKindForName, (const char *name, size_t n))                    \
  HOST(void *, LLVMGetEnumAttributeAtIndex, (void *function, unsigned index, unsigned kind))       \
  HOST(const char *, LLVMGetValueName2, (void *value, size_t *n))                                  \
  HOST(int, LLVMIsDeclaration, (void *function))                                                   \
  HOST(int, LLVMCreateMCJITCompilerForModule,                                                      \
       (void **out, void *module, const void *options, size_t n, char **error))                    \
  HOST(int, LLVMCreateJITCompilerForModule,                                                        \
       (void **out, void *module, unsigned level, char **error))                                   \
  HOST(int, LLVMCreateExecutionEngineForModule, (void **out, void *module, char **error))          \
  HOST(void *, LLVMGetExecutionEngineTargetMachine, (void *engine))                                \
  HOST(void *, LLVMGetStringAttributeAtIndex,                                                      \
       (void *function, unsigned index, const char *name, unsigned n))                             \
  HOST(void, LLVMAddTargetDependentFunctionAttr,                                                   \
       (void *function, const char *name, const char *value))                                      \
  HOST(int, LLVMGetTargetFromTriple, (const char *triple, void **target, char **error))            \
  HOST(char *, LLVMGetTargetMachineTriple, (void *tm))                                             \
  HOST(char *, LLVMGetTargetMachineCPU, (void *tm))                                                \
  HOST(char *, LLVMGetTargetMachineFeatureString, (void *tm))                                      \
  HOST(void, LLVMDisposeMessage, (char *text))                                                     \
  HOST(void *, LLVMCreatePassBuilderOptions, (void))                                               \
  HOST(void, LLVMDisposePassBuilderOptions, (void *options))                                       \
  HOST(void *, LLVMRunPasses, (void *module, const char *passes, void *tm, void *options))         \
  HOST(void, LLVMConsumeError, (void *error))                                                      \
  HOST(int, LLVMTargetMachineEmitToFile,                                                           \
       (void *tm, void *module, const char *path, int kind, char **error))                         \
  HOST(int, LLVMTargetMachineEmitToMemoryBuffer,                                                   \
       (void *tm, void *module, int kind, char **error, void **out))                               \
  HOST(void *, LLVMCreateTargetMachine,                                                            \
       (void *target, const char *triple, const char *cpu, const char *features, int level,        \
        int reloc, int model))                                                                     \
  HOST(void *, LLVMCreateTargetMachineWithOptions,                                                 \
       (void *target, const char *triple, void *options))                                          \
  HOST(void, LLVMTargetMachineOptionsSetCodeGenOptLevel, (void *options, int level))               \
  HOST(void, LLVMTargetMachineOptionsSetCodeModel, (void *options, int model))                     \
  HOST(void, LLVMTargetMachineOptionsSetABI, (void *options, const char *abi))                     \
  HOST(void, LLVMTargetMachineOptionsSetRelocMode, (void *options, int reloc))                     \
  HOST(void, LLVMDisposeTargetMachineOptions, (void *options))                                     \
  HOST(void, LLVMDisposeTargetMachine, (void *tm))                                                 \
  HOST(void *, LLVMOrcJITTargetMachineBuilderCreateFromTargetMachine, (void *tm))                  \
  HOST(void, LLVMOrcLLJITBuilderSetJITTargetMachineBuilder, (void *builder, void *jtmb))           \
  HOST(void *, LLVMOrcCreateLLJIT, (void **out, void *builder))                                    \
  HOST(void *, LLVMOrcDisposeLLJIT, (void *jit))                                                   \
  HOST(void *, LLVMOrcLLJITGetIRTransformLayer, (void *jit))                                       \
  HOST(void, LLVMOrcIRTransformLayerSetTransform, (void *layer, void *transform, void *ctx))       \
  HOST(void *, LLVMOrcLLJITAddLLVMIRModule, (void *jit, void *dylib, void *module))                \
  HOST(void *, LLVMOrcLLJITAddLLVMIRModuleWithRT, (void *jit, void *tracker, void *module))        \
  HOST(void *, LLVMOrcLLJITAddObjectFile, (void *jit, void *dylib, void *object))                  \
  HOST(void *, LLVMOrcLLJITAddObjectFileWithRT, (void *jit, void *tracker, void *object))          \
  HOST(void *, LLVMOrcThreadSafeModuleWithModuleDo,                                                \
       (void *module, void *(*f)(void *, void *), void *ctx))                                      \
  HOST(void, LLVMOrcDisposeThreadSafeModule, (void *module))

/* IRCompiler::operator() of ORC: `result` is returned. */
typedef void *shim_orc_compile_fn(void *result, const void *compiler, void *module);

/* One LLVM of the process. A function that this version does not have is NULL. */
struct shim_host {
  const char *path; /* of the object that has it; lives as long as the process */
  unsigned version; /* major; 0: unknown */
  const char *why;  /* NULL: Kiln reads its bitcode; else why it does not */
#define HOST(result, name, arguments) result(*name) arguments;
  SHIM_HOST_FUNCTIONS
#undef HOST
  bool (*passes_run)(void *passes, void *module);
  void (*passes_new)(void *passes);
  void (*passes_add)(void *passes, void *pass);
  bool (*passes_to_emit)(void *tm, void *passes, void *stream, void *dwo, int type, bool unverified,
                         void *info);
  void *(*stream_write)(void *stream, const char *bytes, size_t n);
  void (*stream_new)(void *stream, const char *path, size_t n, void *error, int flags);
  int (*opt_level)(const void *tm);
  void *(*engine_create)(void *builder, void *tm);
  void (*set_object_cache)(void *engine, void *cache);
  void (*lljit_new)(void *jit, void *state, void *error);
  void (*lazy_jit_new)(void *jit, void *state, void *error);
  void (*machine_build)(void *result, const void *builder);
  shim_orc_compile_fn *simple_compile, *concurrent_compile;
  /* tables of virtual functions */
  void **mcjit_functions, **simple_functions, **owning_functions, **concurrent_functions;
  void **passes_functions, **file_functions, **library_info, **cost_info;
};

/* The mangled names of llvm::legacy::PassManager::run(llvm::Module &),
 * llvm::raw_fd_ostream::raw_fd_ostream(llvm::StringRef, std::error_code &, llvm::sys::fs::OpenFlags) and
 * llvm::TargetMachine::getOptLevel() const: the same from LLVM 11 to 23. */
#define SHIM_PASSES_RUN "_ZN4llvm6legacy11PassManager3runERNS_6ModuleE"
#define SHIM_STREAM_NEW                                                                            \
  "_ZN4llvm14raw_fd_ostreamC1ENS_9StringRefERSt10error_codeNS_3sys2fs9OpenFlagsE"
#define SHIM_OPT_LEVEL "_ZNK4llvm13TargetMachine11getOptLevelEv"
/* Emission by LLVM's C++ classes: the constructor and add(llvm::Pass *) of llvm::legacy::PassManager,
 * llvm::raw_ostream::write(const char *, size_t); the tables of virtual functions of the first, of raw_fd_ostream and
 * of two passes; addPassesToEmitFile, which LLVM 20 gave another class. */
#define SHIM_PASSES_NEW "_ZN4llvm6legacy11PassManagerC1Ev"
#define SHIM_PASSES_ADD "_ZN4llvm6legacy11PassManager3addEPNS_4PassE"
#define SHIM_STREAM_WRITE "_ZN4llvm11raw_ostream5writeEPKcm"
#define SHIM_PASSES_FUNCTIONS "_ZTVN4llvm6legacy11PassManagerE"
#define SHIM_FILE_FUNCTIONS "_ZTVN4llvm14raw_fd_ostreamE"
#define SHIM_LIBRARY_INFO "_ZTVN4llvm28TargetLibraryInfoWrapperPassE"
#define SHIM_COST_INFO "_ZTVN4llvm30TargetTransformInfoWrapperPassE"
#define SHIM_EMIT_ARGUMENTS                                                                        \
  "19addPassesToEmitFileERNS_6legacy15PassManagerBaseERNS_17raw_pwrite_streamEPS4_NS_"             \
  "15CodeGenFileTypeEbPNS_28MachineModuleInfoWrapperPassE"
#define SHIM_PASSES_TO_EMIT "_ZN4llvm24CodeGenTargetMachineImpl" SHIM_EMIT_ARGUMENTS
#define SHIM_PASSES_TO_EMIT_19 "_ZN4llvm17LLVMTargetMachine" SHIM_EMIT_ARGUMENTS
/* JITs of LLVM's C++ classes: llvm::EngineBuilder::create(TargetMachine *), MCJIT::setObjectCache(ObjectCache *), the
 * constructors of orc::LLJIT and orc::LLLazyJIT, orc::JITTargetMachineBuilder::createTargetMachine(), operator() of
 * ORC's compilers; their and MCJIT's tables of virtual functions. The same from LLVM 11 to 23. */
#define SHIM_ENGINE_CREATE "_ZN4llvm13EngineBuilder6createEPNS_13TargetMachineE"
#define SHIM_SET_OBJECT_CACHE "_ZN4llvm5MCJIT14setObjectCacheEPNS_11ObjectCacheE"
#define SHIM_LLJIT_NEW "_ZN4llvm3orc5LLJITC1ERNS0_17LLJITBuilderStateERNS_5ErrorE"
#define SHIM_LAZY_JIT_NEW "_ZN4llvm3orc9LLLazyJITC1ERNS0_21LLLazyJITBuilderStateERNS_5ErrorE"
#define SHIM_MACHINE_BUILD "_ZN4llvm3orc23JITTargetMachineBuilder19createTargetMachineEv"
#define SHIM_SIMPLE_COMPILE "_ZN4llvm3orc14SimpleCompilerclERNS_6ModuleE"
#define SHIM_CONCURRENT_COMPILE "_ZN4llvm3orc20ConcurrentIRCompilerclERNS_6ModuleE"
#define SHIM_MCJIT_FUNCTIONS "_ZTVN4llvm5MCJITE"
#define SHIM_SIMPLE_FUNCTIONS "_ZTVN4llvm3orc14SimpleCompilerE"
#define SHIM_OWNING_FUNCTIONS "_ZTVN4llvm3orc22TMOwningSimpleCompilerE"
#define SHIM_CONCURRENT_FUNCTIONS "_ZTVN4llvm3orc20ConcurrentIRCompilerE"

/* The LLVM that the code at `caller` calls; NULL: the process has none. Any thread may call it. */
const struct shim_host *shim_host_of(const void *caller);
#define SHIM_CALLERS_HOST() shim_host_of(__builtin_return_address(0))
/* True if the process has loaded an LLVM. */
bool shim_has_llvm(void);

/* ---- machine.c ---- */

/* Notes that `object`, a target machine or what carries one's settings, emits at this level of optimization (0 to 3),
 * or as `from` does; forgets it. */
void shim_level_set(const void *object, int level);
void shim_level_copy(const void *object, const void *from);
void shim_level_drop(const void *object);
/* The level that was noted, or SHIM_LEVEL_UNKNOWN. */
enum { SHIM_LEVEL_UNKNOWN = -1, SHIM_LEVEL_REFUSED = -2, SHIM_LEVEL_ABI = -3 };
int shim_level_of(const void *object);
/* Why LLVM is to emit at this level; NULL: Kiln is to. $KILN_OPT_LEVEL says up to which level Kiln is to; default 0. */
const char *shim_level_refused(int level);

/* What a target machine is, beside its level. The texts live as long as the process; NULL: not known. */
struct shim_machine {
  const char *triple, *cpu, *features;
};
struct shim_machine shim_machine_read(const struct shim_host *host, void *tm);
/* Notes it for an object with a level; what was noted, or copied with the level. */
void shim_machine_note(const void *object, struct shim_machine m);
struct shim_machine shim_machine_of(const void *object);

/* Is LLVM's code model (LLVMCodeModel) one in which Kiln's code is at home? */
bool shim_is_small(int model);

/* ---- orc.c ---- */

/* Has the module variables of which each thread has its own? */
bool shim_has_thread_local(const struct shim_host *host, void *module);

/* ---- jit.c ---- */

/* The level of a target machine, and why a module is not Kiln's at that level (NULL: it is): one that nobody knows is
 * the highest, but what LLVM would not optimize at any level is Kiln's. */
int shim_machine_level(const struct shim_host *host, void *tm);
const char *shim_module_refused(const struct shim_host *host, int level, void *module);
/* Puts a function into a table of virtual functions of LLVM's. */
void shim_function_replace(void **at, void *ours);

/* ---- stream.c ---- */

/* What a PassManager is to emit. */
struct shim_emission {
  void *tm, *stream;
  const char *why; /* why LLVM does it; NULL: Kiln may */
};
/* That of the thread's newest PassManager, if it is this one and emits an object to memory; NULL: it does not. */
const struct shim_emission *shim_emission_of(const void *passes);

/* ---- compiler.c ---- */

/* What the process is, if its options must be read from its command line. */
struct shim_compiler {
  const char *name; /* NULL: any other program */
  const char *why;  /* why LLVM compiles its units; NULL: Kiln does */
  bool
    writes_to_stream; /* its objects are written through PassManager::run to the newest raw_fd_ostream */
  bool assembly,
    objects; /* what it writes to streams; if both, assembly's names end in .s, or are this: */
  const char *assembly_path; /* NULL: none */
  const char *target;        /* what the command line calls it; NULL: it does not */
  const char *
    passes; /* of LLVM, for units that LLVM compiles after all: without them it does not optimize */
  bool function_sections, data_sections, aranges;
  bool splits; /* debug information is split if the unit names a .dwo file */
  /* How many of LLVM's contexts are not freed: the process ends soon after, and freeing one with debug information
   * takes 3 % of a crate's instructions. The others are, so that memory does not grow with the number of units. */
  unsigned keeps_contexts;
  uint32_t features; /* KILN_FEATURE_... that its target machines have, whatever a function says */
  bool
    unless_asked; /* target machines optimize by default: Kiln compiles unless the command line asks for that */
};
/* That of this process; constant. */
const struct shim_compiler *shim_compiler(void);
/* True if the process only starts compilers, although it has an LLVM. */
bool shim_is_driver(void);
/* $KILN_INLINE, $KILN_OPT_LEVEL, $KILN_STRESS; constant. What is wrong with them is an error when the shim is loaded
 * into a process with LLVM, or said once. */
const struct tool_settings *shim_settings(void);
/* rustc_shim.c, ldc_options.c, ghdl_options.c: read the command line into `c`. */
void shim_rustc_options(struct shim_compiler *c);
void shim_ldc_options(struct shim_compiler *c);
void shim_ghdl_options(struct shim_compiler *c);
/* Calls `word` with each word of the command line after the program's name. The words live as long as the process.
 * False: it cannot be read. */
typedef void shim_word_fn(void *user, const char *word);
bool shim_command_line(shim_word_fn *word, void *user);
/* The same for a text of words that end with `end` each. */
bool shim_words_of(const char *path, int end, shim_word_fn *word, void *user);

/* ---- emit.c ---- */

/* A unit that is being compiled; times are in nanoseconds of this thread's CPU time. */
struct shim_unit {
  struct tool_unit unit;
  kiln_buffer dwo;  /* the .dwo file */
  const char *path; /* for the log */
  bool ok;
  char why[1024]; /* why Kiln did not compile it; for the log */
  char reason
    [512]; /* the same of the construct, without what differs between units; empty: `why` is so */
  uint64_t start, written;
};
/* Compiles the module to an object in memory, in u->unit.object, and, if `dwo` names a file for it, to a .dwo file in
 * u->dwo: NULL, or why not. The caller frees the unit if it was compiled. `path` is for the log. What the machine is,
 * NULL if the module says all, is written into the module where that says nothing, as LLVM would take it. */
const char *shim_compile(const struct shim_host *host, struct shim_unit *u, void *module,
                         const struct shim_machine *machine, const char *path, const char *dwo);
void shim_unit_free(struct shim_unit *u);
/* Log and costs: Kiln made it; LLVM did, because of `why`, in the time since `given_up`. */
void shim_log_kiln(const struct shim_unit *u, const char *path);
void shim_log_llvm(const struct shim_unit *u, const char *path, const char *why, uint64_t given_up);
uint64_t shim_cpu_ns(void);
/* Until the next call in this thread, LLVM compiles its units, and the log has this reason; empty: Kiln does. Called by
 * Kiln as rustc's code generator, which has failed to build the unit. */
SHIM_EXPORT void kiln_shim_because(const char *why);
/* A line for the file of costs (log.h) about a unit. rustc's are written if it succeeds: a build script that tries what
 * the compiler accepts is not to be counted. Called by Kiln as rustc's code generator, too. */
SHIM_EXPORT void kiln_shim_count(const char *line);
/* A variable of Kiln's, which the process's environment need not have: carried.h. NULL: it is not set. */
SHIM_EXPORT const char *kiln_shim_variable(const char *name);

#endif
