static int first(int a) {
  int b = a * 3;
  return b / (a - 2);
}

__attribute__((export_name("go"))) int go(int n) {
  int sum = 0;
  for (int i = 0; i < n; i++) sum += first(i);
  return sum;
}
