use bound::*;
#[test]
fn calls() {
    unsafe {
        let mut c = shapes_Counter::new(40);
        assert_eq!(c.add(2), 42);
        assert_eq!(shapes_Counter_made, 1);
        assert_eq!(shapes_Counter::twice(4), 8);
        c.destruct();
        assert_eq!(shapes_Counter_made, 0);
        let (a, b) = (shapes_Point { x: 1, y: 2 }, shapes_Point { x: 4, y: 6 });
        assert_eq!(shapes_area(&a, &b), 12);
        assert_eq!(shapes_area1(3, 5), 15);
        shapes_total += 1;
        assert_eq!(shapes_total, 6);
        assert_eq!(shapes_plain(1), 2);
        assert_eq!(shapes_choose(true).unwrap()(3), -3);
        let f: unsafe extern "C" fn(i64, i64) -> i64 = shapes_area1;
        assert_eq!(f(2, 2), 4);
    }
}
