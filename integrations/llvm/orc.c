/* Modules of ORC's LLJIT, by its C functions. Kiln makes an object of a module when it is added, and ORC gets that in
 * the module's place (LLVMOrcLLJITAddObjectFile): lookup, removal by resource tracker, redefinition, generators and the
 * listeners of debuggers and profilers are ORC's own, and so they are as before. What differs: a module is compiled
 * when it is added, not at the first lookup.
 *
 * The level of optimization is followed from the target machine to the builder of target machines, to the JIT's
 * builder, to the JIT. */
#include "shim.h"

#include <string.h>

SHIM_EXPORT void *LLVMOrcJITTargetMachineBuilderCreateFromTargetMachine(void *tm);
SHIM_EXPORT void LLVMOrcLLJITBuilderSetJITTargetMachineBuilder(void *builder, void *jtmb);
SHIM_EXPORT void *LLVMOrcCreateLLJIT(void **out, void *builder);
SHIM_EXPORT void *LLVMOrcDisposeLLJIT(void *jit);
SHIM_EXPORT void LLVMOrcIRTransformLayerSetTransform(void *layer, void *transform, void *ctx);
SHIM_EXPORT void *LLVMOrcLLJITAddLLVMIRModule(void *jit, void *dylib, void *module);
SHIM_EXPORT void *LLVMOrcLLJITAddLLVMIRModuleWithRT(void *jit, void *tracker, void *module);

void *LLVMOrcJITTargetMachineBuilderCreateFromTargetMachine(void *tm) {
  const struct shim_host *host = SHIM_CALLERS_HOST();
  if (host == NULL || host->LLVMOrcJITTargetMachineBuilderCreateFromTargetMachine == NULL)
    return NULL;
  int level = shim_level_of(tm);
  if (level == SHIM_LEVEL_UNKNOWN && host->opt_level != NULL) level = host->opt_level(tm);
  struct shim_machine machine = shim_machine_read(host, tm);
  void *jtmb =
    host->LLVMOrcJITTargetMachineBuilderCreateFromTargetMachine(tm); /* frees the target machine */
  shim_level_drop(tm);
  shim_level_set(jtmb, level);
  shim_machine_note(jtmb, machine);
  return jtmb;
}

void LLVMOrcLLJITBuilderSetJITTargetMachineBuilder(void *builder, void *jtmb) {
  const struct shim_host *host = SHIM_CALLERS_HOST();
  shim_level_copy(builder, jtmb);
  shim_level_drop(jtmb); /* the builder has taken it */
  if (host != NULL && host->LLVMOrcLLJITBuilderSetJITTargetMachineBuilder != NULL)
    host->LLVMOrcLLJITBuilderSetJITTargetMachineBuilder(builder, jtmb);
}

void *LLVMOrcCreateLLJIT(void **out, void *builder) {
  const struct shim_host *host = SHIM_CALLERS_HOST();
  if (host == NULL || host->LLVMOrcCreateLLJIT == NULL) return NULL;
  int level = builder != NULL ? shim_level_of(builder) : SHIM_LEVEL_UNKNOWN;
  struct shim_machine machine = shim_machine_of(builder);
  void *error = host->LLVMOrcCreateLLJIT(out, builder); /* frees the builder */
  shim_level_drop(builder);
  /* LLJIT's own default is LLVM's. */
  if (error == NULL) {
    shim_level_set(*out, level == SHIM_LEVEL_UNKNOWN ? 2 : level);
    shim_machine_note(*out, machine);
  }
  return error;
}

void *LLVMOrcDisposeLLJIT(void *jit) {
  const struct shim_host *host = SHIM_CALLERS_HOST();
  shim_level_drop(jit);
  if (host != NULL && host->LLVMOrcLLJITGetIRTransformLayer != NULL && jit != NULL)
    shim_level_drop(host->LLVMOrcLLJITGetIRTransformLayer(jit));
  return host != NULL && host->LLVMOrcDisposeLLJIT != NULL ? host->LLVMOrcDisposeLLJIT(jit) : NULL;
}

/* A program that changes modules before they are compiled tells the JIT's layer so: the shim would go past that. */
static bool is_transformed(const struct shim_host *host, void *jit) {
  return host->LLVMOrcLLJITGetIRTransformLayer != NULL &&
         shim_level_of(host->LLVMOrcLLJITGetIRTransformLayer(jit)) == SHIM_LEVEL_REFUSED;
}

void LLVMOrcIRTransformLayerSetTransform(void *layer, void *transform, void *ctx) {
  const struct shim_host *host = SHIM_CALLERS_HOST();
  shim_level_set(layer, SHIM_LEVEL_REFUSED);
  if (host != NULL && host->LLVMOrcIRTransformLayerSetTransform != NULL)
    host->LLVMOrcIRTransformLayerSetTransform(layer, transform, ctx);
}

/* ---- modules ---- */

struct added {
  const struct shim_host *host;
  struct shim_unit u;
  struct shim_machine machine; /* the JIT's */
  const char *why;             /* why it is LLVM's; NULL: Kiln compiled it */
  char name[256];              /* the module's */
};

bool shim_has_thread_local(const struct shim_host *host, void *module) {
  for (void *g = host->LLVMGetFirstGlobal(module); g != NULL; g = host->LLVMGetNextGlobal(g))
    if (host->LLVMIsThreadLocal(g)) return true;
  return false;
}

/* What ORC does to modules before it compiles them, and objects do not get: it runs constructors by itself, and gives
 * each thread its variables by functions of its own. */
static const char *module_refused(const struct shim_host *host, void *module) {
  if (host->LLVMGetNamedGlobal(module, "llvm.global_ctors") ||
      host->LLVMGetNamedGlobal(module, "llvm.global_dtors"))
    return "constructors, which ORC runs";
  return shim_has_thread_local(host, module) ? "thread-local data, which ORC emulates" : NULL;
}

/* Called by LLVM with the module, whose lock it holds. */
static void *compile(void *ctx, void *module) {
  struct added *a = ctx;
  size_t n = 0;
  const char *name = a->host->LLVMGetModuleIdentifier(module, &n);
  if (name == NULL) n = 0;
  if (n >= sizeof a->name) n = sizeof a->name - 1;
  if (n != 0) memcpy(a->name, name, n);
  a->name[n] = 0;
  a->why = module_refused(a->host, module);
  if (a->why == NULL) a->why = shim_compile(a->host, &a->u, module, &a->machine, a->name, NULL);
  return NULL;
}

/* Compiles a module for `jit`: an object in LLVM's memory, or NULL: LLVM is to. */
static void *object_of(struct added *a, void *jit, void *module) {
  const struct shim_host *h = a->host;
  a->u.start = shim_cpu_ns();
  a->machine = shim_machine_of(jit);
  a->why = h->why != NULL           ? h->why
           : is_transformed(h, jit) ? "a transformation of modules"
                                    : shim_level_refused(shim_level_of(jit));
  if (a->why == NULL &&
      (!h->LLVMOrcThreadSafeModuleWithModuleDo || !h->LLVMCreateMemoryBufferWithMemoryRangeCopy ||
       !h->LLVMGetModuleIdentifier || !h->LLVMGetNamedGlobal || !h->LLVMGetFirstGlobal ||
       !h->LLVMGetNextGlobal || !h->LLVMIsThreadLocal || !h->LLVMOrcDisposeThreadSafeModule ||
       !h->LLVMOrcLLJITAddObjectFile || !h->LLVMOrcLLJITAddObjectFileWithRT))
    a->why = "this LLVM lacks calls of ORC";
  if (a->why == NULL) h->LLVMOrcThreadSafeModuleWithModuleDo(module, compile, a);
  if (a->why != NULL) return NULL;
  kiln_buffer *object = &a->u.unit.object;
  void *buffer =
    h->LLVMCreateMemoryBufferWithMemoryRangeCopy((const char *)object->data, object->size, a->name);
  if (buffer == NULL) a->why = "no memory";
  else shim_log_kiln(&a->u, a->name);
  shim_unit_free(&a->u);
  return buffer;
}

/* Adds a module by `add` (the LLVM of the caller's) or its object by `add_object`. */
static void *add_module(const struct shim_host *host, void *jit, void *to, void *module,
                        void *(*add)(void *, void *, void *),
                        void *(*add_object)(void *, void *, void *)) {
  struct added a = {.host = host, .name = "module"};
  void *object = object_of(&a, jit, module);
  if (object == NULL) {
    uint64_t given_up = shim_cpu_ns();
    void *error = add(jit, to, module);
    shim_log_llvm(&a.u, a.name, a.why, given_up);
    return error;
  }
  void *error = add_object(jit, to, object);
  host->LLVMOrcDisposeThreadSafeModule(module); /* adding takes it over, with an error, too */
  return error;
}

void *LLVMOrcLLJITAddLLVMIRModule(void *jit, void *dylib, void *module) {
  const struct shim_host *host = SHIM_CALLERS_HOST();
  if (host == NULL || host->LLVMOrcLLJITAddLLVMIRModule == NULL) return NULL;
  return add_module(host, jit, dylib, module, host->LLVMOrcLLJITAddLLVMIRModule,
                    host->LLVMOrcLLJITAddObjectFile);
}

void *LLVMOrcLLJITAddLLVMIRModuleWithRT(void *jit, void *tracker, void *module) {
  const struct shim_host *host = SHIM_CALLERS_HOST();
  if (host == NULL || host->LLVMOrcLLJITAddLLVMIRModuleWithRT == NULL) return NULL;
  return add_module(host, jit, tracker, module, host->LLVMOrcLLJITAddLLVMIRModuleWithRT,
                    host->LLVMOrcLLJITAddObjectFileWithRT);
}
