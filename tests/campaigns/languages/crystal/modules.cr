module Loud
  def speak; super.upcase + "!"; end
end
class Animal
  def speak; "..."; end
end
class Dog < Animal
  module Tricks
    TRICKS = %w(sit roll)
    def tricks; TRICKS.join('/'); end
  end
  include Tricks
  include Loud
  def speak; "woof " + previous; end
  def previous; "by dog"; end
end
class Puppy < Dog
  include Loud
end
p Dog.new.speak, Puppy.new.speak, Dog.new.tricks, Dog::Tricks::TRICKS, Puppy.new.is_a?(Loud)
module Counter
  extend self
  @@n = 0
  def next!; @@n += 1; end
end
Counter.next!
p Counter.next!
