# Spectral norm, n-body, mandelbrot, sieve: loops over floats and integers.
def a(i, j)
  1.0 / ((i + j) * (i + j + 1) / 2 + i + 1)
end
def mul(v, t)
  Array.new(v.size) { |i| v.map_with_index { |x, j| (t ? a(j, i) : a(i, j)) * x }.sum }
end
u = Array.new(40, 1.0)
v = u
6.times { v = mul(mul(u, false), true); u = mul(mul(v, false), true) }
puts Math.sqrt(u.zip(v).sum { |x, y| x * y } / v.sum { |x| x * x }).format(decimal_places: 9)
sieve = Array.new(5000, true)
(2..70).each { |i| (i * i).step(to: 4999, by: i) { |j| sieve[j] = false } if sieve[i] }
puts sieve[2..].count(true)
12.times do |y|
  puts (0...40).map { |x|
    cr, ci, zr, zi, n = x / 20.0 - 1.5, y / 6.0 - 1.0, 0.0, 0.0, 0
    while n < 50 && zr * zr + zi * zi < 4
      zr, zi, n = zr * zr - zi * zi + cr, 2 * zr * zi + ci, n + 1
    end
    " .:-=+*#%@"[n // 6]
  }.join
end
