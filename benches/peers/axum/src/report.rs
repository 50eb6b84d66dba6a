//! Filter, group and sum of the 100 KB answer, with only the needed fields parsed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
pub struct Orders {
    orders: Vec<Order>,
}

#[derive(Deserialize)]
struct Order {
    customer: String,
    status: String,
    total: u64,
}

#[derive(Serialize)]
pub struct Report {
    customer: String,
    orders: u64,
    total: u64,
}

pub fn by_customer(orders: Orders) -> Vec<Report> {
    let mut groups: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for order in orders.orders {
        if order.status == "paid" {
            let group = groups.entry(order.customer).or_default();
            group.0 += 1;
            group.1 += order.total;
        }
    }
    groups
        .into_iter()
        .map(|(customer, (orders, total))| Report { customer, orders, total })
        .collect()
}
