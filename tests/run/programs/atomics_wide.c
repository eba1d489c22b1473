/* Atomic operations on 16 bytes, in two threads: nothing is lost, and both halves change at once. */
#include <pthread.h>
#include <stdio.h>
#ifdef __x86_64__
#define WIDE __attribute__((target("cx16")))
#else
#define WIDE
#endif
typedef unsigned __int128 u128;
enum { ROUNDS = 20000 };
static _Alignas(16) u128 sum, pair, bits, swapped;
static int torn;
WIDE static void *work(void *arg) {
  u128 one = (u128)1 << 64 | 1, mine = (u128)(arg ? 3 : 5) << 64 | (arg ? 3 : 5);
  for (int i = 0; i < ROUNDS; i++) {
    __sync_fetch_and_add(&sum, ((u128)1 << 63) + 1);
    u128 old = __sync_val_compare_and_swap(&pair, 0, 0);
    while (1) {
      if ((unsigned long)(old >> 64) != (unsigned long)old) torn = 1;
      u128 was = __sync_val_compare_and_swap(&pair, old, old + one);
      if (was == old) break;
      old = was;
    }
    __sync_fetch_and_xor(&bits, (u128)1 << i % 128);
    u128 last = __sync_lock_test_and_set(&swapped, mine);
    if ((unsigned long)(last >> 64) != (unsigned long)last) torn = 1;
  }
  return arg;
}
static void show(const char *name, u128 v) {
  printf("%s %lx %lx\n", name, (unsigned long)(v >> 64), (unsigned long)v);
}
WIDE static void alone(u128 *p, u128 x) {
  *p = x;
  show("sub", __sync_fetch_and_sub(p, x << 3));
  show("and", __sync_fetch_and_and(p, ~x));
  show("or", __sync_fetch_and_or(p, x >> 7));
  show("bool", __sync_bool_compare_and_swap(p, x, 1));
  show("bool", __sync_bool_compare_and_swap(p, *p, x));
  show("now", *p);
}
WIDE int main(void) {
  pthread_t t[2];
  pthread_create(&t[0], 0, work, 0);
  pthread_create(&t[1], 0, work, &t);
  for (int i = 0; i < 2; i++) pthread_join(t[i], 0);
  show("sum", sum);
  show("pair", pair);
  show("bits", bits);
  printf("%d\n", torn);
  alone(&sum, (u128)0x123456789abcdef << 64 | 0xfedcba9876543210u);
  return 0;
}
