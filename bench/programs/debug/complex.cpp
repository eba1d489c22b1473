// Complex numbers: an own class and the library's, Fourier transforms, polynomials' roots, a Mandelbrot set, matrices.
#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <cstdio>
#include <functional>
#include <numbers>
#include <numeric>
#include <string>
#include <vector>

template <class T> class Complex {
  T re, im;

public:
  constexpr Complex(T re = 0, T im = 0) : re(re), im(im) {}
  constexpr T real() const { return re; }
  constexpr T imag() const { return im; }
  constexpr T norm() const { return re * re + im * im; }
  constexpr Complex conj() const { return {re, -im}; }
  Complex &operator*=(const Complex &b) { return *this = *this * b; }
  Complex &operator+=(const Complex &b) { return *this = *this + b; }
  friend constexpr Complex operator+(const Complex &a, const Complex &b) { return {a.re + b.re, a.im + b.im}; }
  friend constexpr Complex operator-(const Complex &a, const Complex &b) { return {a.re - b.re, a.im - b.im}; }
  friend constexpr Complex operator*(const Complex &a, const Complex &b) {
    return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
  }
  friend constexpr Complex operator/(const Complex &a, const Complex &b) {
    Complex c = a * b.conj();
    return {c.re / b.norm(), c.im / b.norm()};
  }
  static Complex polar(T angle) { return {std::cos(angle), std::sin(angle)}; }
};
using Number = Complex<double>;

template <class N, class Polar> void transform(std::vector<N> &values, bool back, Polar polar) {
  const std::size_t n = values.size();
  for (std::size_t i = 1, j = 0; i < n; i++) {
    std::size_t bit = n >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) std::swap(values[i], values[j]);
  }
  for (std::size_t half = 1; half < n; half *= 2) {
    const N root = polar((back ? -1 : 1) * std::numbers::pi / double(half));
    for (auto block = values.begin(); block != values.end(); block += long(2 * half)) {
      N factor = 1;
      for (auto low = block, high = block + long(half); low != block + long(half); ++low, ++high) {
        N a = *low, b = *high * factor;
        *low = a + b;
        *high = a - b;
        factor *= root;
      }
    }
  }
  if (back) std::for_each(values.begin(), values.end(), [n](N &v) { v = v / N(double(n)); });
}

template <class N> N horner(const std::vector<double> &polynomial, N x) {
  return std::accumulate(polynomial.rbegin(), polynomial.rend(), N(), [x](N sum, double c) { return sum * x + N(c); });
}

/// All roots at once, by Durand and Kerner.
std::vector<Number> roots(const std::vector<double> &polynomial) {
  std::vector<Number> out(polynomial.size() - 1, 1);
  for (std::size_t i = 1; i < out.size(); i++) out[i] = out[i - 1] * Number(0.4, 0.9);
  for (int round = 0; round < 90; round++)
    for (auto &root : out) {
      auto factor = [&](Number product, const Number &other) {
        return &other == &root ? product : product * (root - other);
      };
      root = root - horner(polynomial, root) / std::accumulate(out.begin(), out.end(), Number(1), factor);
    }
  std::sort(out.begin(), out.end(),
            [](auto a, auto b) { return std::pair(a.real(), a.imag()) < std::pair(b.real(), b.imag()); });
  return out;
}

int escape(Number c, int limit) {
  Number z;
  int count = 0;
  for (; count < limit && z.norm() < 4; count++) z = z * z + c;
  return count;
}

using Square = std::array<std::array<Number, 2>, 2>;
Square operator*(const Square &a, const Square &b) {
  Square out;
  for (int i = 0; i < 2; i++)
    for (int j = 0; j < 2; j++) out[i][j] = a[i][0] * b[0][j] + a[i][1] * b[1][j];
  return out;
}

int main() {
  std::vector<Number> signal(1 << 17);
  for (std::size_t i = 0; i < signal.size(); i++) signal[i] = std::sin(double(i) * 0.1) + double(i % 7) / 7;
  auto changed = signal;
  transform(changed, false, Number::polar);
  auto by_norm = [](const Number &a, const Number &b) { return a.norm() < b.norm(); };
  auto peak = std::max_element(changed.begin() + 1, changed.begin() + long(changed.size() / 2), by_norm);
  std::printf("peak at %td: %.3f\n", peak - changed.begin(), std::sqrt(peak->norm()));
  transform(changed, true, Number::polar);
  double error = std::inner_product(changed.begin(), changed.end(), signal.begin(), 0.0, std::plus<>(),
                                    [](auto a, auto b) { return (a - b).norm(); });
  std::printf("error %s\n", error < 1e-12 ? "small" : "large");

  std::vector<std::complex<float>> floats(1 << 15);
  std::generate(floats.begin(), floats.end(), [n = 0]() mutable { return float(n++ % 32); });
  transform(floats, false, [](double angle) { return std::polar(1.0f, float(angle)); });
  std::printf("%.1f %.1f\n", floats[0].real(), std::abs(floats[128]));

  for (const Number &root : roots({6, -5, 3, 7, -2, 1, 4, 1}))
    std::printf("(%.6f, %.6f) ", root.real() + 0.0, std::fabs(root.imag()) < 1e-9 ? 0 : root.imag());

  std::string picture;
  long sum = 0;
  for (int y = -75; y <= 75; y++)
    for (int x = -150; x <= 75; x++) sum += escape({x / 75.0, y / 60.0}, 700) * (x + y);
  Square rotation = {{{Number(0.6), Number(0, 0.8)}, {Number(0, 0.8), Number(0.6)}}}, product = rotation;
  for (int i = 0; i < 50000; i++) product = product * rotation;
  std::printf("\n%ld %.6f\n", sum, product[0][0].norm() + product[0][1].norm());
}
