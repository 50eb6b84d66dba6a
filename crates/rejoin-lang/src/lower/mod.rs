//! A syntax tree to the one plan, with every implicit rule made explicit.
