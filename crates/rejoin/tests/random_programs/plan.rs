//! Programs as data: drawn at random, and printed when one fails.

/// What somebody does, one thing after the other.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) steps: Vec<Step>,
    pub(super) fails: bool,
}

#[derive(Clone, Debug)]
pub(super) enum Step {
    Steps(usize),
    /// Waits until it is cancelled.
    Idle,
    /// Waits for ever.
    Silent,
    Checkpoint,
    /// Starts a child, which takes the newest handle along and awaits it.
    Spawn {
        plan: Plan,
        named: bool,
        takes: bool,
    },
    SpawnReady(Plan),
    /// The newest handle: awaits, drops or cancels it.
    Await,
    Drop,
    Cancel,
    CancelChildren,
    CancelScope,
    /// Moves the deadline of the scope to so many seconds from now, or takes it away.
    Deadline(Option<u64>),
    Look,
    Shield(u64, Plan),
    Timeout(u64, Plan),
    Open(Open),
    /// Opens it, and drops it after so many steps.
    Leave(Open, usize),
    Join(Join, Vec<Plan>),
    LeaveJoin(Join, Vec<Plan>, usize),
    /// Begins it, and keeps it without going on with it.
    Hold(Open, usize),
    HoldJoin(Join, Vec<Plan>, usize),
    /// Begins it, for another task of the scope to go on with.
    Hand(Open, usize),
    /// Goes on with something that was handed over.
    TakeOver,
    Limited(usize),
    BothLimits(usize),
    Call(usize),
    /// Calls, and cancels the call.
    CallInVain(usize),
    Fly(usize),
    Hedge(usize),
}

/// A scope.
#[derive(Clone, Debug)]
pub(super) struct Open {
    pub(super) grace: u64,
    pub(super) timeout: Option<u64>,
    pub(super) ignores_errors: bool,
    pub(super) plan: Plan,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Join {
    Map,
    Gather,
    Race,
    Any,
    Wait,
    AsCompleted,
}

/// Draws plans.
pub(super) struct Draw {
    random: fastrand::Rng,
    /// Whether somebody may wait for ever: if so, somebody has to stop it.
    pub(super) stopped: bool,
    /// How many steps there may still be.
    left: usize,
    /// The kinds of steps that this program has, a bit each: few of them meet each other more often.
    kinds: u64,
}

impl Draw {
    pub(super) fn new(seed: u64) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let stopped = random.bool();
        let left = random.usize(1..14);
        let kinds = random.u64(..) & random.u64(..);
        Draw { random, stopped, left, kinds }
    }

    pub(super) fn few(&mut self) -> usize {
        self.random.usize(0..4)
    }

    pub(super) fn open(&mut self, depth: usize) -> Open {
        let timeout = if self.random.u8(0..3) == 0 { Some(self.seconds()) } else { None };
        Open {
            grace: self.random.u64(0..2),
            timeout,
            ignores_errors: self.random.bool(),
            plan: self.plan(depth),
        }
    }

    fn plan(&mut self, depth: usize) -> Plan {
        let mut steps = Vec::new();
        for _ in 0..self.random.usize(1..5) {
            if self.left > 0 {
                self.left -= 1;
                steps.push(self.step(depth));
            }
        }
        Plan { steps, fails: self.random.u8(0..6) == 0 }
    }

    fn plans(&mut self, depth: usize) -> Vec<Plan> {
        (0..self.random.usize(0..4)).map(|_| self.plan(depth)).collect()
    }

    fn seconds(&mut self) -> u64 {
        self.random.u64(1..4)
    }

    fn step(&mut self, depth: usize) -> Step {
        if depth > 0 && self.random.bool() { self.nested(depth - 1) } else { self.single() }
    }

    fn nested(&mut self, depth: usize) -> Step {
        match self.kind(32, 15) {
            0..5 => Step::Spawn {
                plan: self.plan(depth),
                named: self.random.bool(),
                takes: self.random.bool(),
            },
            5 => Step::SpawnReady(self.plan(depth)),
            6 => Step::Shield(self.seconds(), self.plan(depth)),
            7 => Step::Timeout(self.seconds(), self.plan(depth)),
            8 => Step::Open(self.open(depth)),
            9 => Step::Leave(self.open(depth), self.few()),
            10 => Step::Join(self.join(), self.plans(depth)),
            // Who holds what it does not poll may hold up others, until all are stopped.
            12 if self.stopped => Step::Hold(self.open(depth), self.few()),
            13 if self.stopped => Step::HoldJoin(self.join(), self.plans(depth), self.few()),
            14 if self.stopped => Step::Hand(self.open(depth), self.few()),
            _ => Step::LeaveJoin(self.join(), self.plans(depth), self.few()),
        }
    }

    fn single(&mut self) -> Step {
        match self.kind(0, 23) {
            0 if self.stopped => Step::Idle,
            1 if self.stopped => Step::Silent,
            0..4 => Step::Steps(self.few()),
            4 => Step::Checkpoint,
            5..8 => Step::Await,
            8 => Step::Drop,
            9 | 10 => Step::Cancel,
            11 => Step::CancelChildren,
            12 => Step::CancelScope,
            13 => Step::Deadline(Some(self.seconds())),
            14 => Step::Deadline(None),
            15 => Step::Look,
            16 => Step::Limited(self.few()),
            17 => Step::BothLimits(self.few()),
            18 => Step::Call(self.few()),
            19 => Step::CallInVain(self.few()),
            20 => Step::Fly(self.few()),
            21 => Step::TakeOver,
            _ => Step::Hedge(self.few()),
        }
    }

    /// One of `count` kinds, most likely one that the program has.
    fn kind(&mut self, first: u32, count: u32) -> u32 {
        let mut kind = self.random.u32(0..count);
        for _ in 0..8 {
            if self.kinds >> (first + kind) & 1 == 1 {
                break;
            }
            kind = self.random.u32(0..count);
        }
        kind
    }

    fn join(&mut self) -> Join {
        let joins = [Join::Map, Join::Gather, Join::Race, Join::Any, Join::Wait, Join::AsCompleted];
        joins[self.random.usize(0..joins.len())]
    }
}
