/* C11 atomics of every width, operations and orders, in threads. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
static atomic_int counter;
static _Atomic long big = 5;
static _Atomic unsigned char byte = 250;
static _Atomic short half = -1;
static atomic_flag lock = ATOMIC_FLAG_INIT;
static int plain;
static _Atomic(int *) pointer;
static _Atomic double real = 1.5;
static void *work(void *arg) {
  for (int i = 0; i < 20000; i++) {
    atomic_fetch_add(&counter, 1);
    atomic_fetch_sub_explicit(&big, 1, memory_order_relaxed);
    while (atomic_flag_test_and_set_explicit(&lock, memory_order_acquire));
    plain++;
    atomic_flag_clear_explicit(&lock, memory_order_release);
    unsigned char b = atomic_load(&byte);
    while (!atomic_compare_exchange_weak(&byte, &b, (unsigned char)(b + 3)));
  }
  return arg;
}
int main(void) {
  pthread_t t[3];
  for (int i = 0; i < 3; i++) pthread_create(&t[i], 0, work, 0);
  for (int i = 0; i < 3; i++) pthread_join(t[i], 0);
  printf("%d %ld %d %d\n", counter, big, byte, plain);
  long old = atomic_exchange(&big, 77);
  printf("%ld %ld\n", old, atomic_fetch_or(&big, 0xf00));
  printf("%ld %ld %ld\n", atomic_fetch_and(&big, 0xff0), atomic_fetch_xor(&big, 0x55), (long)big);
  long want = 1;
  printf("%d %ld ", atomic_compare_exchange_strong(&big, &want, 9), want);
  printf("%d %ld\n", atomic_compare_exchange_strong(&big, &want, 9), (long)big);
  half += 5;
  half--;
  half *= 3;
  byte ^= 0x55;
  printf("%d %d\n", half, byte);
  int here = 8;
  pointer = &here;
  int *p = atomic_load_explicit(&pointer, memory_order_acquire);
  atomic_thread_fence(memory_order_seq_cst);
  printf("%d\n", *p);
  real = real * 2;
  atomic_store(&counter, -4);
  counter++;
  printf("%g %d %d %d\n", real, counter, atomic_fetch_add(&half, -2), half);
  printf("%d %d %d\n", __atomic_fetch_nand(&plain, 6, __ATOMIC_SEQ_CST),
         __atomic_add_fetch(&plain, 10, __ATOMIC_RELEASE),
         __sync_val_compare_and_swap(&plain, 1, 2));
  return 0;
}
