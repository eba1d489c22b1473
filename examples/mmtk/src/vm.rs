//! The binding of MMTk: objects, threads, and roots, which Kiln's walk of the stack finds.
//!
//! A thread that allocates has a [`StackPoint`], so that its stack can be walked whenever MMTk stops it. MMTk's workers
//! get the addresses of the roots, and change the words there when they have copied the objects.

use std::cell::Cell;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock};

use kiln::{Jit, StackPoint};
use mmtk::scheduler::GCWorker;
use mmtk::util::copy::{CopySemantics, GCWorkerCopyContext};
use mmtk::util::opaque_pointer::{OpaquePointer, VMMutatorThread, VMThread, VMWorkerThread};
use mmtk::util::options::{GCTriggerSelector, PlanSelector};
use mmtk::util::{Address, ObjectReference};
use mmtk::vm::slot::{SimpleSlot, UnimplementedMemorySlice};
use mmtk::vm::*;
use mmtk::{AllocationSemantics, MMTK, MMTKBuilder, Mutator, MutatorContext, memory_manager};

/// An object: a number, and references or 0. Copies have a forwarding pointer in place of the number.
pub const OBJECT_BYTES: usize = 24;
const FIELDS: [usize; 2] = [8, 16];

#[derive(Default)]
pub struct Vm;

static HEAP: OnceLock<Box<MMTK<Vm>>> = OnceLock::new();
static JIT: OnceLock<Jit> = OnceLock::new();

fn heap() -> &'static MMTK<Vm> {
    HEAP.get().expect("the heap was made")
}

/// What is counted.
pub static COLLECTIONS: AtomicU64 = AtomicU64::new(0);
pub static MOVED: AtomicU64 = AtomicU64::new(0);
pub static ROOTS: AtomicU64 = AtomicU64::new(0);
pub static LIVE_ROOTS: AtomicU64 = AtomicU64::new(0);

/// Makes the heap, in which every `stress_bytes` bytes that are allocated are followed by a collection.
pub fn start(jit: Jit, stress_bytes: usize) -> &'static Jit {
    let mut builder = MMTKBuilder::new();
    let options = &mut builder.options;
    options.plan.set(PlanSelector::SemiSpace);
    options.gc_trigger.set(GCTriggerSelector::FixedHeapSize(4 << 20));
    options.stress_factor.set(stress_bytes);
    options.threads.set(1);
    options.no_finalizer.set(true);
    options.no_reference_types.set(true);
    assert!(JIT.set(jit).is_ok() && HEAP.set(memory_manager::mmtk_init::<Vm>(&builder)).is_ok());
    memory_manager::initialize_collection(heap(), VMThread::UNINITIALIZED);
    JIT.get().expect("it was set")
}

// ---- threads ----

/// A thread that runs compiled code.
struct Thread {
    mutator: AtomicPtr<Mutator<Vm>>,
    /// Where its stack begins, while it is in [`allocate`].
    point: AtomicPtr<StackPoint<'static>>,
}

impl Thread {
    fn tls(&self) -> VMMutatorThread {
        VMMutatorThread(VMThread(OpaquePointer::from_address(Address::from_ref(self))))
    }

    /// The thread that MMTk means.
    fn of(tls: VMMutatorThread) -> &'static Thread {
        // SAFETY: threads are leaked, and MMTk has their addresses alone.
        unsafe { &*tls.0.0.to_address().to_ptr() }
    }

    fn mutator(&self) -> &'static mut Mutator<Vm> {
        // SAFETY: MMTk's rules say which thread may use it now.
        unsafe { &mut *self.mutator.load(Ordering::Acquire) }
    }
}

thread_local! {
    static CURRENT: Cell<Option<&'static Thread>> = const { Cell::new(None) };
}

struct World {
    threads: Vec<&'static Thread>,
    parked: usize,
    /// The number of collections that have ended.
    epoch: u64,
}

static WORLD: Mutex<World> = Mutex::new(World { threads: Vec::new(), parked: 0, epoch: 0 });
static CHANGED: Condvar = Condvar::new();
static STOP: AtomicBool = AtomicBool::new(false);

fn world() -> MutexGuard<'static, World> {
    WORLD.lock().expect("no thread panics with the lock")
}

/// Waits for the end of a collection that is about to begin.
fn park() {
    let mut w = world();
    let before = w.epoch;
    w.parked += 1;
    CHANGED.notify_all();
    while w.epoch == before {
        w = CHANGED.wait(w).expect("no thread panics with the lock");
    }
}

/// Runs `f` in a thread that may allocate.
pub fn with_thread<R>(f: impl FnOnce() -> R) -> R {
    let thread: &'static Thread =
        Box::leak(Box::new(Thread { mutator: AtomicPtr::default(), point: AtomicPtr::default() }));
    let mutator = Box::into_raw(memory_manager::bind_mutator(heap(), thread.tls()));
    thread.mutator.store(mutator, Ordering::Release);
    CURRENT.set(Some(thread));
    world().threads.push(thread);
    let result = f();
    let mut w = world();
    while STOP.load(Ordering::Acquire) {
        w.parked += 1; // it has no frames any more, but MMTk may be about to use its mutator
        CHANGED.notify_all();
        let before = w.epoch;
        while w.epoch == before {
            w = CHANGED.wait(w).expect("no thread panics with the lock");
        }
    }
    w.threads.retain(|t| !ptr::eq(*t, thread));
    memory_manager::destroy_mutator(thread.mutator());
    // SAFETY: it was a box, and MMTk does not use it any more.
    drop(unsafe { Box::from_raw(thread.mutator()) });
    result
}

/// Compiled code calls this: an object with a number. May move all objects.
pub extern "C" fn allocate(number: i64) -> i64 {
    let thread = CURRENT.get().expect("the thread was registered");
    let object = StackPoint::with(|point| {
        thread.point.store(ptr::from_ref(point).cast_mut().cast(), Ordering::Release);
        if STOP.load(Ordering::Acquire) {
            park();
        }
        let (mutator, how) = (thread.mutator(), AllocationSemantics::Default);
        let start = memory_manager::alloc(mutator, OBJECT_BYTES, 8, 0, how);
        // SAFETY: the memory is the object's.
        unsafe {
            start.store(number);
            FIELDS.iter().for_each(|&field| (start + field).store(0usize));
            let object = ObjectReference::from_raw_address_unchecked(start);
            memory_manager::post_alloc(mutator, object, OBJECT_BYTES, how);
        }
        thread.point.store(ptr::null_mut(), Ordering::Release);
        start.as_usize() as i64
    });
    object.expect("the stack has unwind rows")
}

// ---- what MMTk asks ----

impl VMBinding for Vm {
    type VMObjectModel = Vm;
    type VMScanning = Vm;
    type VMCollection = Vm;
    type VMActivePlan = Vm;
    type VMReferenceGlue = Vm;
    type VMSlot = SimpleSlot;
    type VMMemorySlice = UnimplementedMemorySlice;
}

impl Scanning<Vm> for Vm {
    fn scan_roots_in_mutator_thread(
        _: VMWorkerThread,
        mutator: &'static mut Mutator<Vm>,
        mut factory: impl RootsWorkFactory<SimpleSlot>,
    ) {
        let point = Thread::of(mutator.get_tls()).point.load(Ordering::Acquire);
        // SAFETY: the thread is parked in the call that made the point; null if it is in no compiled code.
        let Some(point) = (unsafe { point.as_ref() }) else { return };
        let mut slots = Vec::new();
        let walked = point.each_root(&[JIT.get().expect("it was set")], |root| {
            // SAFETY: the thread is parked.
            LIVE_ROOTS.fetch_add(u64::from(unsafe { root.get() } != 0), Ordering::Relaxed);
            slots.push(SimpleSlot::from_address(Address::from_ptr(root.address().as_ptr())));
        });
        walked.expect("all frames were visited");
        ROOTS.fetch_add(slots.len() as u64, Ordering::Relaxed);
        factory.create_process_roots_work(slots);
    }

    fn scan_object<V: SlotVisitor<SimpleSlot>>(_: VMWorkerThread, object: ObjectReference, visitor: &mut V) {
        for field in FIELDS {
            visitor.visit_slot(SimpleSlot::from_address(object.to_raw_address() + field));
        }
    }

    fn scan_vm_specific_roots(_: VMWorkerThread, _: impl RootsWorkFactory<SimpleSlot>) {}
    fn notify_initial_thread_scan_complete(_: bool, _: VMWorkerThread) {}
    fn supports_return_barrier() -> bool {
        false
    }
    fn prepare_for_roots_re_scanning() {}
}

impl Collection<Vm> for Vm {
    fn stop_all_mutators<F: FnMut(&'static mut Mutator<Vm>)>(_: VMWorkerThread, mut visitor: F) {
        STOP.store(true, Ordering::Release);
        let mut w = world();
        while w.parked < w.threads.len() {
            w = CHANGED.wait(w).expect("no thread panics with the lock");
        }
        for thread in &w.threads {
            visitor(thread.mutator());
        }
    }

    fn resume_mutators(_: VMWorkerThread) {
        COLLECTIONS.fetch_add(1, Ordering::Relaxed);
        let mut w = world();
        STOP.store(false, Ordering::Release);
        w.parked = 0;
        w.epoch += 1;
        CHANGED.notify_all();
    }

    fn block_for_gc(_: VMMutatorThread) {
        park();
    }

    fn spawn_gc_thread(_: VMThread, context: GCThreadContext<Vm>) {
        let GCThreadContext::Worker(worker) = context;
        std::thread::spawn(move || {
            let worker: Box<GCWorker<Vm>> = worker;
            let tls = VMWorkerThread(VMThread(OpaquePointer::from_address(Address::from_ref(&*worker))));
            memory_manager::start_worker(heap(), tls, worker);
        });
    }
}

impl ActivePlan<Vm> for Vm {
    fn is_mutator(tls: VMThread) -> bool {
        world().threads.iter().any(|t| t.tls().0 == tls)
    }

    fn mutator(tls: VMMutatorThread) -> &'static mut Mutator<Vm> {
        Thread::of(tls).mutator()
    }

    fn mutators<'a>() -> Box<dyn Iterator<Item = &'a mut Mutator<Vm>> + 'a> {
        let threads = world().threads.clone();
        Box::new(threads.into_iter().map(|t| -> &'a mut Mutator<Vm> { t.mutator() }))
    }

    fn number_of_mutators() -> usize {
        world().threads.len()
    }
}

impl ObjectModel<Vm> for Vm {
    const GLOBAL_LOG_BIT_SPEC: VMGlobalLogBitSpec = VMGlobalLogBitSpec::side_first();
    const LOCAL_FORWARDING_POINTER_SPEC: VMLocalForwardingPointerSpec = VMLocalForwardingPointerSpec::in_header(0);
    const LOCAL_FORWARDING_BITS_SPEC: VMLocalForwardingBitsSpec = VMLocalForwardingBitsSpec::side_first();
    const LOCAL_MARK_BIT_SPEC: VMLocalMarkBitSpec =
        VMLocalMarkBitSpec::side_after(Self::LOCAL_FORWARDING_BITS_SPEC.as_spec());
    const LOCAL_LOS_MARK_NURSERY_SPEC: VMLocalLOSMarkNurserySpec =
        VMLocalLOSMarkNurserySpec::side_after(Self::LOCAL_MARK_BIT_SPEC.as_spec());
    const OBJECT_REF_OFFSET_LOWER_BOUND: isize = 0;

    fn copy(from: ObjectReference, how: CopySemantics, context: &mut GCWorkerCopyContext<Vm>) -> ObjectReference {
        let start = context.alloc_copy(from, OBJECT_BYTES, 8, 0, how);
        // SAFETY: the new memory is the object's; the old object is left with a number that no object has.
        let to = unsafe {
            let old = from.to_raw_address();
            ptr::copy_nonoverlapping(old.to_ptr::<u8>(), start.to_mut_ptr::<u8>(), OBJECT_BYTES);
            FIELDS.iter().for_each(|&field| (old + field).store(usize::MAX << 8));
            ObjectReference::from_raw_address_unchecked(start)
        };
        context.post_copy(to, OBJECT_BYTES, how);
        MOVED.fetch_add(1, Ordering::Relaxed);
        to
    }

    fn copy_to(_: ObjectReference, _: ObjectReference, _: Address) -> Address {
        unimplemented!("for plans that compact")
    }
    fn get_reference_when_copied_to(_: ObjectReference, to: Address) -> ObjectReference {
        // SAFETY: an object begins at its reference.
        unsafe { ObjectReference::from_raw_address_unchecked(to) }
    }
    fn get_current_size(_: ObjectReference) -> usize {
        OBJECT_BYTES
    }
    fn get_size_when_copied(_: ObjectReference) -> usize {
        OBJECT_BYTES
    }
    fn get_align_when_copied(_: ObjectReference) -> usize {
        8
    }
    fn get_align_offset_when_copied(_: ObjectReference) -> usize {
        0
    }
    fn get_type_descriptor(_: ObjectReference) -> &'static [i8] {
        &[]
    }
    fn ref_to_object_start(object: ObjectReference) -> Address {
        object.to_raw_address()
    }
    fn ref_to_header(object: ObjectReference) -> Address {
        object.to_raw_address()
    }
    fn dump_object(object: ObjectReference) {
        eprintln!("object {object}");
    }
}

/// There are no weak references.
impl ReferenceGlue<Vm> for Vm {
    type FinalizableType = ObjectReference;
    fn clear_referent(_: ObjectReference) {}
    fn get_referent(_: ObjectReference) -> Option<ObjectReference> {
        None
    }
    fn set_referent(_: ObjectReference, _: ObjectReference) {}
    fn enqueue_references(_: &[ObjectReference], _: VMWorkerThread) {}
}
