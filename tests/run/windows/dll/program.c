#include <stdio.h>
__declspec(dllimport) extern int shared_number;
__declspec(dllimport) int shared_call(int (*back)(int), int x);
int (*plain_pointer)(int (*)(int), int);

static int back(int x) { return x * x; }

int main(void) {
  plain_pointer = shared_call;
  printf("%d\n", shared_call(back, 3));
  shared_number += 5;
  printf("%d %d\n", plain_pointer(back, 4), shared_number);
  return 0;
}
