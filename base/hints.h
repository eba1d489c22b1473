/* Hints for the C compiler. */
#ifndef KN_BASE_HINTS_H
#define KN_BASE_HINTS_H

/* Always in line. */
#define KN_INLINE static inline __attribute__((always_inline))
/* Exchanges two variables. */
#define KN_SWAP(a, b)                                                                              \
  do {                                                                                             \
    __typeof__(a) was_ = (a);                                                                      \
    (a) = (b);                                                                                     \
    (b) = was_;                                                                                    \
  } while (0)
/* The likely and the unlikely condition. */
#define KN_LIKELY(x) __builtin_expect(!!(x), 1)
#define KN_UNLIKELY(x) __builtin_expect(!!(x), 0)
/* libkiln.so exports it in a symbol version of its own (ir/text/private.map.in), for libkiln-text.so of the same
 * version alone. Nobody else may call it. */
#if defined(__ELF__)
#define KN_PRIVATE __attribute__((visibility("default")))
#else
#define KN_PRIVATE
#endif
/* Hardly ever called. */
#define KN_COLD __attribute__((cold, noinline))

#endif
