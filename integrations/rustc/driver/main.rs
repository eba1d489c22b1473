//! rustc with Kiln inside: `rustc_driver::main`, whose compilations get their code from Kiln. A stable compiler refuses
//! `-Zcodegen-backend`; a driver needs no such option, and so no RUSTC_BOOTSTRAP. kiln-rustc runs it in place of rustc.
//!
//! All else is as in rustc: allocator, log, signals, messages about bugs, `-Ztime-passes`.

#![feature(rustc_private, decl_macro)]

extern crate rustc_data_structures;
extern crate rustc_driver;
extern crate rustc_interface;
extern crate rustc_session;
// rustc's allocator: it replaces that of C.
extern crate tikv_jemalloc_sys as _;

mod libc;
/// rustc's own handler of crashes, which it does not export: `build.rs` takes the source of this rustc.
mod signal_handler {
    include!(concat!(env!("OUT_DIR"), "/signal_handler.rs"));
}

use std::process::ExitCode;
use std::time::Instant;

use rustc_data_structures::profiling::{TimePassesFormat, get_resident_set_size, print_time_passes_entry};
#[cfg(not(rustc_before_1_101))]
use rustc_driver::compiler_entrypoint;
#[cfg(rustc_before_1_101)]
use rustc_driver::run_compiler as compiler_entrypoint;
use rustc_driver::{Callbacks, DEFAULT_BUG_REPORT_URL, args};
use rustc_interface::interface::Config;
use rustc_session::EarlyDiagCtxt;
use rustc_session::config::ErrorOutputType;

/// What rustc's own callbacks do, and Kiln.
struct Kiln {
    time_passes: Option<TimePassesFormat>,
}

impl Callbacks for Kiln {
    fn config(&mut self, config: &mut Config) {
        let opts = &mut config.opts;
        self.time_passes =
            (opts.prints.is_empty() && opts.unstable_opts.time_passes).then_some(opts.unstable_opts.time_passes_format);
        opts.trimmed_def_paths = true;
        if opts.unstable_opts.codegen_backend.is_none() {
            // A generic function that a dependency has instantiated, too, is to be inlined: each crate has its own.
            if opts.unstable_opts.share_generics.is_none() && rustc_codegen_kiln::inlines(opts) {
                opts.unstable_opts.share_generics = Some(false);
            }
            config.make_codegen_backend = Some(Box::new(|_| rustc_codegen_kiln::__rustc_codegen_backend()));
        }
    }
}

fn main() -> ExitCode {
    let start_time = Instant::now();
    let start_rss = get_resident_set_size();
    // SAFETY: there is one thread. rustc is built to end when nobody reads what it prints; Rust's default is an error.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };

    let early_dcx = EarlyDiagCtxt::new(ErrorOutputType::default());
    rustc_driver::init_rustc_env_logger(&early_dcx);
    signal_handler::install();
    rustc_driver::install_ice_hook(DEFAULT_BUG_REPORT_URL, |_| ());
    rustc_driver::install_ctrlc_handler();

    let mut kiln = Kiln { time_passes: None };
    let exit_code = rustc_driver::catch_with_exit_code(|| {
        compiler_entrypoint(&args::raw_args(&early_dcx), &mut kiln);
    });
    if let Some(format) = kiln.time_passes {
        print_time_passes_entry("total", start_time.elapsed(), start_rss, get_resident_set_size(), format);
    }
    exit_code
}
