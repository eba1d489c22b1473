/* The size of large inputs, in tests that find work that grows faster than its input. They measure no time: with
 * LARGE items, quadratic work exceeds the time limit of any test. `./dev bench` measures time. */
#ifndef KN_TESTS_LARGE_H
#define KN_TESTS_LARGE_H

#ifdef __has_feature
#define SANITIZED (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
#elif defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

#ifdef KN_TEST_EMULATED /* the machine is emulated, and slow */
enum { EMULATED = 1 };
#else
enum { EMULATED = 0 };
#endif

enum { LARGE = SANITIZED || EMULATED ? 50000 : 1000000 };

#endif
