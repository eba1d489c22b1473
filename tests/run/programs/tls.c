/* Thread-local data: initialised, zero, of each model, addresses, in threads. */
#include <pthread.h>
#include <stdio.h>
_Thread_local int zero;
_Thread_local int set = 42;
static _Thread_local long hidden[4] = {1, 2, 3, 4};
__attribute__((tls_model("global-dynamic"))) _Thread_local int gd = 1;
__attribute__((tls_model("local-dynamic"))) static _Thread_local int ld = 2;
__attribute__((tls_model("initial-exec"))) _Thread_local int ie = 3;
__attribute__((tls_model("local-exec"))) static _Thread_local int le = 4;
static _Thread_local struct {
  char c;
  double d;
  int v[5];
} rec = {'q', 2.5, {1, 2, 3, 4, 5}};
static int step(int k) {
  static _Thread_local int calls;
  zero += k;
  set -= k;
  hidden[k & 3] *= k;
  gd += 10 * k;
  ld += 20 * k;
  ie += 30 * k;
  le += 40 * k;
  rec.v[k % 5] += k;
  rec.d *= 2;
  return ++calls;
}
static int *address(void) { return &hidden[0] == &hidden[1] ? 0 : &set; }
static void *thread(void *arg) {
  long n = (long)arg;
  long r = 0;
  for (int i = 1; i <= n; i++) r = r * 10 + step(i);
  r = r * 1000 + zero + set + hidden[1] + hidden[3] + gd + ld + ie + le + rec.v[2] + (long)rec.d;
  *address() += 1;
  return (void *)(r + set);
}
int main(void) {
  pthread_t t[3];
  for (long i = 0; i < 3; i++) pthread_create(&t[i], 0, thread, (void *)(i + 3));
  for (int i = 0; i < 3; i++) {
    void *r;
    pthread_join(t[i], &r);
    printf("thread %ld\n", (long)r);
  }
  printf("main %ld\n", (long)thread((void *)2));
  printf("%d %d %ld %d %d %d %d %c\n", zero, set, hidden[2], gd, ld, ie, le, rec.c);
  return *address() == set ? 5 : 6;
}
