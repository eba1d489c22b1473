class Fib
  include Iterator(Int64)
  def initialize; @a, @b = 0_i64, 1_i64; end
  def next
    @a, @b = @b, @a + @b
    @a
  end
end
p Fib.new.select(&.even?).first(8).to_a, Fib.new.take_while { |x| x < 100 }.to_a, Fib.new.with_index.first(3).to_a
p (1..3).cycle.first(7).to_a, [1, 2].each.chain([3].each).to_a, (1..6).each.in_groups_of(4).to_a, Iterator.of { 7 }.first(2).to_a
p (1..10).each.zip((11..20).each).map { |a, b| a * b }.reject(&.odd?).to_a, "abc".each_char.with_index.to_a
it = [1, 2].each
p it.next, it.next, it.next
