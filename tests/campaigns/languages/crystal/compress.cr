require "compress/gzip"
require "compress/zip"
require "compress/zlib"
text = (1..500).map { |i| "row #{i % 17}" }.join('\n')
io = IO::Memory.new
Compress::Gzip::Writer.open(io) { |z| z.print text }
io.rewind
p io.size < text.size, Compress::Gzip::Reader.open(io, &.gets_to_end) == text
zip = IO::Memory.new
Compress::Zip::Writer.open(zip) { |z| z.add "a.txt", "aaa"; z.add "b/c.txt", text }
zip.rewind
Compress::Zip::Reader.open(zip) { |z| z.each_entry { |e| puts "#{e.filename} #{e.io.gets_to_end.size}" } }
