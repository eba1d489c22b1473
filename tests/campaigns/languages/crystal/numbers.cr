p 7 // 2, -7 // 2, -7 % 3, 7.remainder(-3), 2 ** 10, 10.gcd(4), 10.lcm(4), 255.to_s(2), 0b1011.popcount, 1_000_000.humanize
p Int32::MAX &+ 1, Int64::MIN, UInt8::MAX, 300.to_u8!, 5.clamp(1, 3), 10.digits, 3.fdiv(2), 17.bit_length, 8.trailing_zeros_count
[->{ Int32::MAX + 1 }, ->{ 1 // (ARGV.size) }, ->{ 300.to_u8.to_i32 }].each do |f|
  begin
    p f.call
  rescue e
    puts "#{e.class}: #{e.message}"
  end
end
p 1.0 / 3, 0.1 + 0.2, 1e100, Float64::INFINITY, (0.0 / 0.0).nan?, 2.5.round, 3.5.round, -2.5.round, 3.7.to_i, 1.23456.round(2), Math.sqrt(2.0), 1.5_f32 * 3
p 12_345_678_901_234_567_890_u64, 170141183460469231731687303715884105727_i128.to_s.size, (1_i128 << 100) // 7, 5.0 <=> 5, 10.step(to: 1, by: -3).to_a
