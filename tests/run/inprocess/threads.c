/* Threads: data of their own with destructors, cancellation with clean-up, main's end before theirs. */
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

static _Thread_local long mine = 100;
static _Thread_local char large[5000];
static pthread_key_t key;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long sum;
static int waiting[2], main_ended;

static void ended(void *value) {
  pthread_mutex_lock(&lock);
  if (value == &main_ended) main_ended = 1;
  else sum += (long)value;
  pthread_mutex_unlock(&lock);
}
static void *work(void *arg) {
  long n = (long)arg;
  pthread_setspecific(key, (void *)(n * 1000000));
  for (long i = 0; i < 1000; i++) mine += n, large[i] += 1;
  pthread_mutex_lock(&lock);
  sum += mine + large[999] + large[4999];
  pthread_mutex_unlock(&lock);
  return (void *)mine;
}
static void cleanup(void *text) { printf("clean-up: %s\n", (const char *)text); }
static void *blocked(void *arg) {
  char c;
  pthread_cleanup_push(cleanup, arg);
  if (read(waiting[0], &c, 1) < 0) puts("read failed");
  pthread_cleanup_pop(0);
  return NULL;
}
static void *last(void *arg) {
  for (int done = 0; !done; usleep(1000)) {
    pthread_mutex_lock(&lock);
    done = main_ended;
    pthread_mutex_unlock(&lock);
  }
  puts("main has ended");
  return NULL;
}
int main(void) {
  pthread_t threads[8], t;
  void *value;
  if (pipe(waiting) != 0) return 1;
  pthread_key_create(&key, ended);
  for (long i = 0; i < 8; i++) pthread_create(&threads[i], NULL, work, (void *)i);
  for (int i = 0; i < 8; i++) {
    pthread_join(threads[i], &value);
    printf("%ld ", (long)value);
  }
  printf("%ld %ld\n", sum, mine);
  pthread_create(&t, NULL, blocked, "read");
  pthread_cancel(t);
  pthread_join(t, &value);
  printf("%d\n", value == PTHREAD_CANCELED);
  pthread_setspecific(key, &main_ended);
  pthread_create(&t, NULL, last, NULL);
  pthread_exit(NULL);
}
