require "complex"
a = Complex.new(1, 2)
b = Complex.new(-0.5, 3)
p a + b, a * b, a / b, a.abs2, a.conj, b.real, (a - b).imag, a == Complex.new(1, 2)
