#include <stdio.h>
int global_data[4] = {1, 2, 3, 4}, local_data[4] = {10, 20, 30, 40};
__attribute__((visibility("hidden"))) int hidden_data[4] = {100, 200, 300, 400};
_Thread_local int their_tls = 5000;
long global_func(long x) { return x + 1; }
long local_func(long x) { return x * 2; }
long use(long), indirect(long), missing(void);
void write_here(long);
int main(void) {
  printf("%ld %ld %ld\n", use(10000), indirect(7), missing());
  write_here(2);
  printf("%d %d %d\n", global_data[2], local_data[2], hidden_data[2]);
  return 0;
}
