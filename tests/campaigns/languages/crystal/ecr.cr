require "ecr"
require "html"
class Page
  def initialize(@items : Array(String)); end
  def render
    String.build { |io| @items.each { |i| io << "<li>" << HTML.escape(i) << "</li>" } }
  end
end
puts Page.new(["a<b", "c&d"]).render, HTML.unescape("&lt;&eacute;&#65;")
