require "big"
p (1..50).reduce(BigInt.new(1)) { |a, b| a * b }, BigInt.new("123456789012345678901234567890") ** 3 % 1000007
p BigRational.new(1, 3) + BigRational.new(1, 6), BigDecimal.new("1.10") * BigDecimal.new("2.20"), BigFloat.new(2).to_s
a, b = BigInt.new(0), BigInt.new(1)
200.times { a, b = b, a + b }
p a, a.gcd(b), a.to_s(36)
