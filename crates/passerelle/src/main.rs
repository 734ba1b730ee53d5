//! The program; everything is in the library so that tests can start it.

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    passerelle::run(std::env::args_os())
}
