//! Rules over the plan, one a file.
