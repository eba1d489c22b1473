require "file_utils"
dir = File.tempname("crystal", "dir")
Dir.mkdir(dir)
path = File.join(dir, "a.txt")
File.write(path, "one\ntwo\nthree\n")
File.open(path, "a") { |f| f.puts "four"; f.printf("%d\n", 5) }
p File.read_lines(path), File.size(path), File.exists?(path), File.extname(path), File.basename(path, ".txt")
File.open(path) { |f| f.seek(4); p f.gets, f.pos, f.read_char, f.gets_to_end }
File.each_line(path) { |l| print l.size, ' ' }
FileUtils.cp path, path + ".bak"
p Dir.children(dir).sort, Dir.glob(File.join(dir, "*.bak")).size, File.info(path).file?, File.same?(path, path)
begin
  File.read(File.join(dir, "none"))
rescue e : File::NotFoundError
  puts e.class
end
FileUtils.rm_rf dir
p Dir.exists?(dir), Path["a/b/../c"].normalize.to_s, Path["/x/y.z"].stem
