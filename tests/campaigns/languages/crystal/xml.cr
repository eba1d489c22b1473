require "xml"
doc = XML.parse(%(<?xml version="1.0"?><root a="1"><item id="x">one</item><item id="y">two<!-- c --></item></root>))
doc.xpath_nodes("//item").each { |n| puts "#{n["id"]} #{n.content} #{n.name}" }
p doc.root.try(&.["a"]), doc.xpath("count(//item)"), doc.first_element_child.try(&.children.size)
puts XML.build(indent: "  ") { |x| x.element("a", b: "c<") { x.text "t&"; x.element("e"); x.cdata "raw" } }
