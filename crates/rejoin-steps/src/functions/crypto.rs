//! The module `crypto`: sums, proofs of origin, chance, and comparison that tells nothing by its time.

use hmac::{Hmac, KeyInit, Mac};
use rejoin_engine::Datum;
use sha2::{Digest, Sha256, Sha512};
use subtle::ConstantTimeEq;

use super::arguments::Arguments;
use crate::hex::hex;

/// The most bytes that `random_bytes` gives.
const MOST: i64 = 1 << 20;

pub(super) fn call(arguments: &Arguments) -> Result<Datum, Datum> {
    let bytes =
        |at| arguments.get(at).as_bytes().ok_or_else(|| arguments.wrong(at, "a text or bytes"));
    Ok(match arguments.id() {
        "crypto.sha256" => shown(&Sha256::digest(bytes(0)?)),
        "crypto.sha512" => shown(&Sha512::digest(bytes(0)?)),
        "crypto.hmac_sha256" => {
            let mut mac = Hmac::<Sha256>::new_from_slice(bytes(0)?)
                .map_err(|_| arguments.wrong(0, "a key"))?;
            mac.update(bytes(1)?);
            shown(&mac.finalize().into_bytes())
        }
        "crypto.equals" => Datum::Bool(bytes(0)?.ct_eq(bytes(1)?).into()),
        "crypto.random_bytes" => {
            let length = arguments.int(0)?;
            let length = usize::try_from(length).ok().filter(|_| length <= MOST);
            let length = length.ok_or_else(|| arguments.wrong(0, &format!("from 0 to {MOST}")))?;
            let mut random = vec![0; length];
            fill(&mut random)?;
            Datum::bytes(random)
        }
        _ => {
            let (low, high) = (arguments.int(0)?, arguments.int(1)?);
            if high < low {
                return Err(arguments.wrong(1, "no less than `min`"));
            }
            Datum::Int(between(low, high)?)
        }
    })
}

/// A number from the first to the last, each as likely as the others.
fn between(low: i64, high: i64) -> Result<i64, Datum> {
    let count = high.abs_diff(low).wrapping_add(1);
    loop {
        let mut random = [0; 8];
        fill(&mut random)?;
        let random = u64::from_le_bytes(random);
        // All there are.
        if count == 0 {
            return Ok(low.wrapping_add_unsigned(random));
        }
        // What is left over at the end would make some likelier.
        if random < u64::MAX - u64::MAX % count {
            return Ok(low.wrapping_add_unsigned(random % count));
        }
    }
}

fn fill(random: &mut [u8]) -> Result<(), Datum> {
    getrandom::fill(random).map_err(|error| {
        let message = format!("the system has no random bytes: {error}");
        Datum::record("RandomError", [("message", Datum::text(message))])
    })
}

fn shown(sum: &[u8]) -> Datum {
    Datum::text(hex(sum))
}
