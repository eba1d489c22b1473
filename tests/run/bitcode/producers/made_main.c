/* Calls the functions that made.py builds. */
#include <stdio.h>

int factorial(int);
double scale(double, int);

int main(void) { printf("%d %d %g\n", factorial(10), factorial(1), scale(1.5, -4)); }
