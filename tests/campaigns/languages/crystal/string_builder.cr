text = String.build do |io|
  io << "start" << ' ' << 42 << '\n'
  5.times { |i| io.printf("%d:%s\n", i, "x" * i) }
  io.puts :symbol
end
puts text
io = IO::Memory.new
io << "abc\ndef\n"
io.write_bytes(0x01020304, IO::ByteFormat::BigEndian)
io.write_bytes(1.5, IO::ByteFormat::LittleEndian)
io.rewind
p io.gets, io.gets, io.read_bytes(Int32, IO::ByteFormat::BigEndian), io.read_bytes(Float64, IO::ByteFormat::LittleEndian), io.gets
