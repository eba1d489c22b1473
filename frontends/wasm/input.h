/* Reading the binary format's bytes, and failing: shared by the reader of modules and that of bodies. An error leaves
 * the reader by longjmp, so that nothing else checks for errors. */
#ifndef KN_WASM_INPUT_H
#define KN_WASM_INPUT_H

#include <kiln/wasm.h>

#include <setjmp.h>
#include <string.h>

#define KN_LIKELY(x) __builtin_expect(!!(x), 1)
#define KN_UNLIKELY(x) __builtin_expect(!!(x), 0)

/* Bytes that are read, up to `end`. */
struct kn_wasm_in {
  const uint8_t *p, *end;
  const uint8_t *start; /* of the module: offsets in messages count from here */
  jmp_buf *leave;       /* where errors go */
  kiln_status status;   /* of the error */
  size_t offset_bytes;  /* of the error */
  char message[160];    /* of the error */
};

/* Leaves with an error at byte `at`. */
__attribute__((cold, noreturn, format(printf, 4, 5))) void kn_wasm_fail(struct kn_wasm_in *in,
                                                                        kiln_status status,
                                                                        const uint8_t *at,
                                                                        const char *format, ...);
#define KN_WASM_BAD(in, at, ...) kn_wasm_fail(in, KILN_ERR_SYNTAX, at, __VA_ARGS__)
#define KN_WASM_INVALID(in, at, ...) kn_wasm_fail(in, KILN_ERR_TYPE, at, __VA_ARGS__)

/* What the inline readers leave to: long numbers, the end. */
uint64_t kn_wasm_unsigned(struct kn_wasm_in *in, unsigned bits);
int64_t kn_wasm_signed(struct kn_wasm_in *in, unsigned bits);
__attribute__((cold, noreturn)) void kn_wasm_at_end(struct kn_wasm_in *in);

static inline uint8_t kn_wasm_byte(struct kn_wasm_in *in) {
  if (KN_UNLIKELY(in->p >= in->end)) kn_wasm_at_end(in);
  return *in->p++;
}

static inline uint32_t kn_wasm_u32(struct kn_wasm_in *in) {
  if (KN_LIKELY(in->p < in->end && *in->p < 0x80)) return *in->p++;
  return (uint32_t)kn_wasm_unsigned(in, 32);
}

static inline uint64_t kn_wasm_u64(struct kn_wasm_in *in) { return kn_wasm_unsigned(in, 64); }

static inline int64_t kn_wasm_sleb(struct kn_wasm_in *in, unsigned bits) {
  if (KN_LIKELY(in->p < in->end && *in->p < 0x80)) return (int8_t)(*in->p++ << 1) >> 1;
  return kn_wasm_signed(in, bits);
}

/* Takes `n` bytes. */
static inline const uint8_t *kn_wasm_bytes(struct kn_wasm_in *in, uint64_t n) {
  const uint8_t *at = in->p;
  if (KN_UNLIKELY(n > (uint64_t)(in->end - at))) kn_wasm_at_end(in);
  in->p += n;
  return at;
}

/* True if the bytes are UTF-8 without surrogates and overlong forms. */
bool kn_wasm_is_utf8(const uint8_t *at, size_t n);

#endif
