require "digest/md5"
require "digest/sha1"
require "digest/sha256"
require "digest/crc32"
require "digest/adler32"
require "base64"
p Digest::MD5.hexdigest("abc"), Digest::SHA1.base64digest("abc"), Digest::SHA256.hexdigest("x" * 1000), Digest::CRC32.checksum("abc"), Digest::Adler32.checksum("abc")
p Base64.encode("hello " * 12), Base64.decode_string("aGVsbG8="), Base64.urlsafe_encode("??>>"), Base64.strict_encode(Bytes[255, 254, 0])
