// An engine of level None with two modules, a function and a variable of the program's, calls between them by
// pointers, memory, floats, a loop, a module that is removed.
use inkwell::context::Context;
use inkwell::values::BasicMetadataValueEnum;
use inkwell::{AddressSpace, IntPredicate, OptimizationLevel};

extern "C" fn seen(n: i64, x: f64) -> i64 {
    println!("seen {n} {x}");
    n + 1
}
static mut COUNT: i64 = 40;

fn main() {
    let context = Context::create();
    let (i64t, f64t) = (context.i64_type(), context.f64_type());
    let module = context.create_module("sums");
    let engine = module.create_jit_execution_engine(OptimizationLevel::None).unwrap();
    let builder = context.create_builder();

    let seen_type = i64t.fn_type(&[i64t.into(), f64t.into()], false);
    let seen_value = module.add_function("seen", seen_type, None);
    engine.add_global_mapping(&seen_value, seen as *const () as usize);
    let count = module.add_global(i64t, Some(AddressSpace::default()), "count");
    engine.add_global_mapping(&count, &raw mut COUNT as usize);
    let kept = module.add_global(i64t.array_type(4), None, "kept");
    kept.set_initializer(&i64t.const_array(&[1, 20, 300, 4000].map(|n| i64t.const_int(n, false))));

    // sum(n): kept[n % 4] + ... + kept[0] + count, each of which the program sees
    let sum = module.add_function("sum", i64t.fn_type(&[i64t.into()], false), None);
    let [entry, body, end] = ["entry", "body", "end"].map(|name| context.append_basic_block(sum, name));
    builder.position_at_end(entry);
    let n = sum.get_nth_param(0).unwrap().into_int_value();
    let start = builder.build_load(i64t, count.as_pointer_value(), "start").unwrap();
    builder.build_unconditional_branch(body).unwrap();
    builder.position_at_end(body);
    let (k, total) = (builder.build_phi(i64t, "k").unwrap(), builder.build_phi(i64t, "total").unwrap());
    let at = builder.build_and(k.as_basic_value().into_int_value(), i64t.const_int(3, false), "at").unwrap();
    let zero = i64t.const_zero();
    let address = unsafe { builder.build_gep(i64t.array_type(4), kept.as_pointer_value(), &[zero, at], "a").unwrap() };
    let element = builder.build_load(i64t, address, "element").unwrap().into_int_value();
    let next = builder.build_int_add(total.as_basic_value().into_int_value(), element, "next").unwrap();
    let half = builder.build_signed_int_to_float(next, f64t, "x").unwrap();
    let half = builder.build_float_mul(half, f64t.const_float(0.5), "half").unwrap();
    let arguments: [BasicMetadataValueEnum; 2] = [next.into(), half.into()];
    builder.build_call(seen_value, &arguments, "").unwrap();
    let less = builder.build_int_sub(k.as_basic_value().into_int_value(), i64t.const_int(1, false), "less").unwrap();
    let more = builder.build_int_compare(IntPredicate::SGE, less, zero, "more").unwrap();
    builder.build_conditional_branch(more, body, end).unwrap();
    k.add_incoming(&[(&n, entry), (&less, body)]);
    total.add_incoming(&[(&start, entry), (&next, body)]);
    builder.position_at_end(end);
    builder.build_store(count.as_pointer_value(), next).unwrap();
    builder.build_return(Some(&next)).unwrap();

    // A second module, added to the engine after the first one has run.
    type Function = unsafe extern "C" fn(i64) -> i64;
    let run = |name| unsafe { engine.get_function::<Function>(name).unwrap().call(3) };
    println!("sum {}", run("sum"));
    println!("sum {}, count {}", run("sum"), unsafe { COUNT });
    let more = context.create_module("twice");
    let twice = more.add_function("twice", i64t.fn_type(&[i64t.into()], false), None);
    let other = more.add_function("sum", i64t.fn_type(&[i64t.into()], false), None);
    builder.position_at_end(context.append_basic_block(twice, "entry"));
    let argument = [twice.get_nth_param(0).unwrap().into()];
    let first = builder.build_call(other, &argument, "first").unwrap().try_as_basic_value().unwrap_basic();
    let second = builder.build_int_mul(first.into_int_value(), i64t.const_int(2, false), "second").unwrap();
    builder.build_return(Some(&second)).unwrap();
    engine.add_module(&more).unwrap();
    println!("twice {}", run("twice"));
    engine.remove_module(&more).unwrap();
    println!("removed: {}", engine.get_function_value("twice").is_err());
    println!("sum {}", run("sum"));
}
