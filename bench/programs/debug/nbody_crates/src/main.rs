//! The program nbody.rs, with its vectors in a library.
use vec3::Vec3;
#[derive(Clone, Debug)]
struct Body {
    place: Vec3,
    speed: Vec3,
    mass: f64,
}

struct System {
    bodies: Vec<Body>,
}

impl System {
    fn new(count: usize) -> Self {
        let circle = |i: usize| {
            let (angle, radius) = (i as f64 * 2.399963, 1.0 + i as f64);
            let place = Vec3::new(angle.cos() * radius, angle.sin() * radius, i as f64 * 0.01);
            let speed = Vec3::new(-angle.sin(), angle.cos(), 0.0) * (1.0 / radius.sqrt());
            Body { place, speed, mass: 1e-3 / radius }
        };
        let sun = Body { place: Vec3::default(), speed: Vec3::default(), mass: 1.0 };
        let mut system = System { bodies: std::iter::once(sun).chain((1..count).map(circle)).collect() };
        let momentum = system.bodies.iter().fold(Vec3::default(), |sum, b| sum + b.speed * b.mass);
        system.bodies[0].speed -= momentum;
        system
    }

    fn step(&mut self, dt: f64) {
        for i in 1..self.bodies.len() {
            let (before, rest) = self.bodies.split_at_mut(i);
            let Some(body) = rest.first_mut() else { continue };
            for other in before.iter_mut() {
                let apart = body.place - other.place;
                let square = apart.dot(apart) + 1e-9;
                let pull = apart * (dt / (square * square.sqrt()));
                body.speed -= pull * other.mass;
                other.speed += pull * body.mass;
            }
        }
        for Body { place, speed, .. } in &mut self.bodies {
            *place += *speed * dt;
        }
    }

    fn energy(&self) -> f64 {
        let moving = self.bodies.iter().map(|b| 0.5 * b.mass * b.speed.dot(b.speed)).sum::<f64>();
        let pairs = self.bodies.iter().enumerate().flat_map(|(i, a)| self.bodies[..i].iter().map(move |b| (a, b)));
        let apart = |(a, b): (&Body, &Body)| (a.place - b.place).dot(a.place - b.place).sqrt();
        moving - pairs.map(|(a, b)| a.mass * b.mass / apart((a, b))).sum::<f64>()
    }

    fn nearest(&self) -> Option<(usize, f64)> {
        let sun = self.bodies.first()?;
        let squares = self.bodies[1..].iter().map(|b| (b.place - sun.place).dot(b.place - sun.place));
        squares.enumerate().min_by(|(_, a), (_, b)| a.total_cmp(b)).map(|(i, square)| (i + 1, square.sqrt()))
    }
}

fn main() {
    let mut system = System::new(12);
    println!("{:.9}", system.energy());
    for round in 0..8 {
        (0..9000).for_each(|_| system.step(0.005));
        let (index, distance) = system.nearest().expect("there are planets");
        println!("{round}: {:.9}, nearest {index} at {distance:.6}", system.energy());
    }
}
