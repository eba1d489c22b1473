#include <stdio.h>
long first_func(void), second_func(void), first_data(void), second_data(void), first_call(long),
  second_call(long);
int main(void) {
  printf("%d %d %ld %ld\n", first_func() == second_func(), first_data() == second_data(),
         first_call(1), second_call(2));
  return 0;
}
