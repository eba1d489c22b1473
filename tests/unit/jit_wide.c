/* jit_wide: vectors and masks as wide as the processor has them reach a lazy function, whatever the host's callback
 * does to them. A program of its own, since few processors have them. Speaks TAP. */
#include "jit_wide.h"

#include <kiln/jit.h>

#include <stdio.h>
#include <string.h>

static void *answer(void *user, const char *name) {
  (void)user, (void)name;
  wide_spoil();
  return (void *)(uintptr_t)wide_record;
}

/* Says which bytes are others. */
static bool same(const char *what, const unsigned char *a, const unsigned char *b, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (a[i] != b[i]) {
      printf("# %s: byte %zu of %zu is %#x, not %#x\n", what, i, n, b[i], a[i]);
      return false;
    }
  return true;
}

static bool reaches(size_t masks, size_t vectors) {
  static struct wide in __attribute__((aligned(64)));
  for (size_t i = 0; i < sizeof in; i++) in.bytes[i] = (unsigned char)(i * 37 + 11);
  kiln_jit *jit = kiln_jit_new(NULL, NULL);
  void *stub =
    jit != NULL
      ? kiln_jit_declare_lazy(jit, &(kiln_jit_lazy_desc){.name = "f", .compile = answer}, NULL)
      : NULL;
  if (stub == NULL) return false;
  wide_call(stub, &in);
  kiln_jit_free(jit);
  return same("masks", in.bytes, wide_seen.bytes, masks) &&
         same("vectors", in.bytes + WIDE_MASK_BYTES, wide_seen.bytes + WIDE_MASK_BYTES, vectors);
}

int main(void) {
  static const char name[] = "wide vectors and masks reach a lazy function";
  size_t masks, vectors;
  printf("1..1\n");
  if (!wide_begin(&masks, &vectors)) {
    printf("ok 1 - %s # SKIP %s\n", name, WIDE_NEEDS);
    return 0;
  }
  bool ok = reaches(masks, vectors);
  printf("%sok 1 - %s\n", ok ? "" : "not ", name);
  return !ok;
}
