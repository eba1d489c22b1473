use shapes::*;

include!(concat!(env!("OUT_DIR"), "/squares.rs"));

fn main() {
    let shapes: Vec<Box<dyn Shape>> = vec![Box::new(Circle { radius: 2.5 }), Box::new(Square { side: 1.5 })];
    for shape in &shapes {
        println!("{}", shape.describe());
    }
    println!("{:.6} {:?}", total(&shapes), words("the cat and the dog"));
    println!("{:?} {} {}", factorial(30), in_threads(5), SQUARES.iter().sum::<u32>());
    println!("{:?} {:?}", checked(&[7], 0), checked(&[7], 1));
    if std::env::args().any(|a| a == "--panic") {
        println!("{}", [7][std::env::args().len()]);
    }
}
