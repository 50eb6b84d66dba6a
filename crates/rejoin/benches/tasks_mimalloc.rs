//! The benchmark of tasks with the allocator that the server has, under which a task that another worker frees takes
//! no lock.

#[allow(dead_code, reason = "the other benchmark begins by itself")]
#[path = "tasks.rs"]
mod tasks;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    tasks::run("mimalloc", &tasks::PLACES[..1]);
}
