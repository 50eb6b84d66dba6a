//! jq programs over values.
