enum Level
  Low
  Mid = 5
  High
  def loud?; self >= Mid; end
end
@[Flags]
enum Perm
  Read
  Write
  Exec
end
p Level::High, Level.parse("mid"), Level.from_value(5), Level.from_value?(9), Level::Low.loud?, Level.names, Level::Mid.to_i
x = Perm::Read | Perm::Exec
p x, x.includes?(Perm::Write), x.value, Perm::All, Perm::None, Perm.flags(Read, Write), x.to_s, ~x & Perm::All
def show(l : Level) case l
in .low? then "l"
in .mid? then "m"
in .high? then "h" end end
p show(:high), show(Level::Low)
