/* What clang's lowering of setjmp and longjmp to exceptions calls. */
#include <stdint.h>

struct jump {
  void *function;
  uint32_t label;
  struct {
    void *env;
    int value;
  } thrown;
};

__asm__(".globl __c_longjmp\n.tagtype __c_longjmp i32\n__c_longjmp:\n");

void __wasm_setjmp(void *env, uint32_t label, void *function) {
  struct jump *j = env;
  j->function = function;
  j->label = label;
}

uint32_t __wasm_setjmp_test(void *env, void *function) {
  struct jump *j = env;
  return j->function == function ? j->label : 0;
}

void __wasm_longjmp(void *env, int value) {
  struct jump *j = env;
  j->thrown.env = env;
  j->thrown.value = value != 0 ? value : 1;
  __builtin_wasm_throw(1, &j->thrown);
}
