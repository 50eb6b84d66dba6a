//! Lists and maps of functions that grow in loops: nothing is copied in each turn, and nothing changes under another name.
//!
//! `REJOIN_SEED` repeats a run; the seed stands in each failure.

#![allow(clippy::unwrap_used, reason = "a test that unwraps nothing has failed")]

mod alone;

use alone::{alone, loaded};
use rejoin_engine::Datum;
use rejoin_lang::plan::{Action, FunctionStep};

/// What steps return, and what they would if each value were copied to be changed.
async fn both(steps: &str) -> [String; 2] {
    let mut values = Vec::new();
    for copies in [false, true] {
        let mut functions = loaded(steps);
        for function in functions.functions.iter_mut().filter(|_| copies) {
            let mut body = function.body.as_deref().unwrap_or_default().to_vec();
            unmark(&mut body);
            function.body = Some(body.into());
        }
        let program = alone(functions);
        let value = program.run("main", &[]).await.unwrap();
        values.push(value.to_json().to_json());
    }
    values.try_into().unwrap()
}

/// Forgets what is known of who reads a value.
fn unmark(steps: &mut [FunctionStep]) {
    for step in steps {
        (step.last, step.is_unread, step.entry) = (Vec::new(), false, None);
        match &mut step.action {
            Action::If(_, then, otherwise) => {
                unmark(then);
                unmark(otherwise);
            }
            Action::Match(_, cases) => cases.iter_mut().for_each(|case| unmark(&mut case.steps)),
            Action::For(_, _, steps) => unmark(steps),
            Action::Fork(fork) => {
                for branch in &mut fork.branches {
                    let mut steps = branch.steps.to_vec();
                    unmark(&mut steps);
                    branch.steps = steps.into();
                }
            }
            _ => {}
        }
    }
}

/// Steps that put thirty thousand texts into a group, of which four hundred million would be copied if it were for each of them.
async fn grouped(group: &str) -> Datum {
    let steps = format!(
        r#"snippet id="t.put" kind="fn"
signature fn name="put" param name="groups" type="Map<String, List<Any>>" param name="key" type="String" param name="n" type="Any" returns type="Any" end end
body
  step id="g" kind="compute" op=map_get input var="groups" input var="key" as="own" end
  step id="a" kind="compute" op=list_append input var="own" input var="n" as="own" end
  step id="i" kind="compute" op=map_insert input var="groups" input var="key" input var="own" as="groups" end
  step id="r" kind="return" from="groups" as="_" end
end
end
step id="t" kind="call" fn="text.repeat" arg name="s" lit="x" arg name="count" lit=30000 as="t" end
step id="u" kind="call" fn="text.split" arg name="s" from="t" arg name="delimiter" lit="" as="turns" end
step id="m" kind="bind" lit={{"y": []}} as="groups" end
step id="k" kind="bind" lit="y" as="key" end
step id="f" kind="for" var="n" in="turns"
{group} as="_" end
step id="g" kind="bind" from="groups.y" as="group" end
step id="l" kind="compute" op=list_len input var="group" as="count" end
step id="r" kind="return" from="count" as="_" end
"#
    );
    let functions = loaded(&steps);
    alone(functions).run("main", &[]).await.unwrap()
}

const APPEND: &str = "step id=\"a\" kind=\"compute\" op=list_append input var=\"own\" input var=\"n\" as=\"own\" end\n";
const PUT: &str = "step id=\"i\" kind=\"compute\" op=map_insert input var=\"groups\" input var=\"key\" input var=\"own\" as=\"groups\" end\n";
const GET: &str = "step id=\"g0\" kind=\"compute\" op=map_get input var=\"groups\" input var=\"key\" as=\"found\" end\n";

#[tokio::test(start_paused = true)]
async fn groups_in_a_map_grow_where_they_are() {
    let if_there = r#"step id="h" kind="compute" op=map_has input var="groups" input var="key" as="there" end
step id="c" kind="if" condition="there"
  then step id="g0" kind="call" fn="map.get" arg name="map" from="groups" arg name="key" from="key" as="own" end end
  else step id="e" kind="bind" lit=[] as="own" end end
as="_" end
"#;
    let if_none = r#"step id="h" kind="compute" op=equals input var="found" input lit=none as="gone" end
step id="c" kind="if" condition="gone"
  then step id="e" kind="bind" lit=[] as="own" end end
  else step id="b" kind="bind" from="found" as="own" end end
as="_" end
"#;
    let with_cases = r#"step id="c" kind="match" on="found"
  case variant type="None" step id="e" kind="bind" lit=[] as="own" end end
  case variant type="Some" bindings=("some") step id="b" kind="bind" from="some" as="own" end end
as="_" end
"#;
    let within_a_case = r#"step id="c" kind="match" on="found"
  case variant type="None" step id="e" kind="construct" collection item from="n" end as="own" end end
  case variant type="Some" bindings=("some") step id="b" kind="call" fn="list.append" arg name="list" from="some" arg name="item" from="n" as="own" end end
as="_" end
"#;
    let as_a_value = r#"step id="c" kind="match" on="found"
  case variant type="None" step id="e" kind="bind" lit=[] as="new" end end
  case variant type="Some" bindings=("some") step id="b" kind="bind" from="some" as="old" end end
as="own" end
"#;
    let called = "step id=\"c\" kind=\"call\" fn=\"t.put\" arg name=\"groups\" from=\"groups\" arg name=\"key\" from=\"key\" arg name=\"n\" from=\"n\" as=\"groups\" end\n";
    for steps in [
        format!("{if_there}{APPEND}{PUT}"),
        format!("{GET}{if_none}{APPEND}{PUT}"),
        format!("{GET}{with_cases}{APPEND}{PUT}"),
        format!("{GET}{within_a_case}{PUT}"),
        format!("{GET}{as_a_value}{APPEND}{PUT}"),
        called.to_owned(),
    ] {
        assert_eq!(grouped(&steps).await, Datum::Int(30_000), "{steps}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_group_that_goes_back_changes_under_no_other_name() {
    let back = "step id=\"z\" kind=\"construct\" collection item from=\"groups\" item from=\"own\" item from=\"other\" end as=\"z\" end\n\
         step id=\"r\" kind=\"return\" from=\"z\" as=\"_\" end\n";
    let begin = "step id=\"m\" kind=\"bind\" lit={\"y\": [0], \"z\": [1]} as=\"groups\" end\n\
         step id=\"k\" kind=\"bind\" lit=\"y\" as=\"key\" end\nstep id=\"n\" kind=\"bind\" lit=2 as=\"n\" end\n\
         step id=\"o\" kind=\"bind\" from=\"groups\" as=\"other\" end\n\
         step id=\"g\" kind=\"bind\" from=\"groups.y\" as=\"own\" end\n";
    let alone = begin.replace("from=\"groups\" as", "lit=none as");
    for (begin, steps, wanted) in [
        (begin, APPEND.to_owned() + PUT, r#"[{"y":[0,2],"z":[1]},[0,2],{"y":[0],"z":[1]}]"#),
        (&alone, APPEND.to_owned() + PUT, r#"[{"y":[0,2],"z":[1]},[0,2],null]"#),
        // Somebody looks at the map before, or it goes elsewhere, or another key is meant by then.
        (
            &alone,
            APPEND.to_owned()
                + "step id=\"b\" kind=\"bind\" from=\"groups\" as=\"other\" end\n"
                + PUT,
            r#"[{"y":[0,2],"z":[1]},[0,2],{"y":[0],"z":[1]}]"#,
        ),
        (
            &alone,
            APPEND.to_owned() + "step id=\"b\" kind=\"bind\" lit=\"z\" as=\"key\" end\n" + PUT,
            r#"[{"y":[0],"z":[0,2]},[0,2],null]"#,
        ),
        (
            &alone,
            APPEND.to_owned() + &PUT.replace("as=\"groups\"", "as=\"other\""),
            r#"[{"y":[0],"z":[1]},[0,2],{"y":[0,2],"z":[1]}]"#,
        ),
        (
            &alone,
            APPEND.replace("var=\"n\"", "var=\"groups\"") + PUT,
            "[{\"y\":[0,{\"y\":[0],\"z\":[1]}],\"z\":[1]},[0,{\"y\":[0],\"z\":[1]}],null]",
        ),
    ] {
        assert_eq!(both(&format!("{begin}{steps}{back}")).await, [wanted; 2], "{steps}");
    }
}

/// Numbers that look random.
struct Random(u64);

impl Random {
    fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % most
    }

    fn of<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.below(all.len() as u64) as usize]
    }
}

const LISTS: &[&str] = &["a", "b", "c"];
const MAPS: &[&str] = &["m", "n"];
const KEYS: &[&str] = &["var=\"k\"", "var=\"l\"", "lit=\"p\""];

/// Steps on three lists, two maps and two keys.
fn steps(random: &mut Random, next: &mut u32, depth: u32) -> String {
    let mut text = String::new();
    for _ in 0..=random.below(5) {
        *next += 1;
        let id = *next;
        let (from, to, map, key) =
            (random.of(LISTS), random.of(LISTS), random.of(MAPS), random.of(KEYS));
        text += &match random.below(if depth > 0 { 15 } else { 10 }) {
            0 => format!("step id=\"{id}\" kind=\"bind\" from=\"{from}\" as=\"{to}\" end\n"),
            1 | 2 => format!(
                "step id=\"{id}\" kind=\"compute\" op=list_append input var=\"{from}\" input lit={id} as=\"{to}\" end\n"
            ),
            3 => format!(
                "step id=\"{id}\" kind=\"compute\" op=set_add input var=\"{from}\" input {key} as=\"{to}\" end\n"
            ),
            4 | 5 => format!(
                "step id=\"{id}\" kind=\"compute\" op=map_insert input var=\"{map}\" input {key} input var=\"{from}\" as=\"{map}\" end\n"
            ),
            6 | 7 => format!(
                "step id=\"{id}\" kind=\"compute\" op=map_has input var=\"{map}\" input {key} as=\"has\" end\n\
                 step id=\"{id}.i\" kind=\"if\" condition=\"has\" then step id=\"{id}.g\" kind=\"compute\" op=map_get input var=\"{map}\" input {key} as=\"{to}\" end end as=\"_\" end\n"
            ),
            8 => format!(
                "step id=\"{id}\" kind=\"bind\" from=\"{map}\" as=\"{}\" end\n",
                random.of(MAPS)
            ),
            9 => format!(
                "step id=\"{id}\" kind=\"bind\" lit=\"{}\" as=\"{}\" end\n",
                random.of(&["p", "q"]),
                random.of(&["k", "l"])
            ),
            10 => format!(
                "step id=\"{id}\" kind=\"compute\" op=map_has input var=\"{map}\" input {key} as=\"has\" end\n\
                 step id=\"{id}.i\" kind=\"if\" condition=\"has\" then {} end else {} end as=\"_\" end\n",
                steps(random, next, depth - 1),
                steps(random, next, depth - 1)
            ),
            11 | 12 => format!(
                "step id=\"{id}\" kind=\"for\" var=\"e\" in=\"three\" {} as=\"_\" end\n",
                steps(random, next, depth - 1)
            ),
            13 => format!(
                "step id=\"{id}\" kind=\"compute\" op=map_get input var=\"{map}\" input {key} as=\"found\" end\n\
                 step id=\"{id}.m\" kind=\"match\" on=\"found\" case variant type=\"None\" {} end case variant type=\"Some\" bindings=(\"some\") \
                 step id=\"{id}.s\" kind=\"bind\" from=\"some\" as=\"{to}\" end {} end as=\"_\" end\n",
                steps(random, next, depth - 1),
                steps(random, next, depth - 1)
            ),
            _ => format!(
                "step id=\"{id}\" kind=\"parallel\" branch id=\"x\" {} end branch id=\"y\" {} end as=\"two\" end\n\
                 step id=\"{id}.s\" kind=\"call\" fn=\"json.stringify\" arg name=\"value\" from=\"two\" as=\"text\" end\n\
                 step id=\"{id}.a\" kind=\"compute\" op=list_append input var=\"{from}\" input var=\"text\" as=\"{to}\" end\n",
                steps(random, next, depth - 1),
                steps(random, next, depth - 1)
            ),
        };
    }
    text
}

#[tokio::test(start_paused = true)]
async fn whoever_has_a_value_alone_makes_no_difference() {
    let seed = std::env::var("REJOIN_SEED").ok().and_then(|seed| seed.parse().ok());
    let first = seed.unwrap_or_else(|| u64::from(std::process::id()).wrapping_mul(0x9e37_79b9) | 1);
    for seed in first..first + if seed.is_some() { 1 } else { 60 } {
        let mut random = Random(seed.wrapping_mul(0x2545_f491_4f6c_dd1d) | 1);
        let begin = "step id=\"s\" kind=\"bind\" lit=[1, 2, 3] as=\"three\" end\n\
             step id=\"a\" kind=\"bind\" lit=[0] as=\"a\" end step id=\"b\" kind=\"bind\" lit=[] as=\"b\" end step id=\"c\" kind=\"bind\" from=\"a\" as=\"c\" end\n\
             step id=\"m\" kind=\"bind\" lit={\"p\": [9]} as=\"m\" end step id=\"n\" kind=\"bind\" lit={} as=\"n\" end\n\
             step id=\"k\" kind=\"bind\" lit=\"p\" as=\"k\" end step id=\"l\" kind=\"bind\" lit=\"q\" as=\"l\" end\n";
        let body = steps(&mut random, &mut 0, 3);
        let names: String = [LISTS, MAPS, &["k", "l"]]
            .concat()
            .iter()
            .filter(|_| random.below(3) > 0)
            .map(|name| format!("item from=\"{name}\" "))
            .collect();
        let text = format!(
            "{begin}{body}step id=\"z\" kind=\"construct\" collection {names} end as=\"z\" end\nstep id=\"r\" kind=\"return\" from=\"z\" as=\"_\" end\n"
        );
        let [value, copied] = both(&text).await;
        assert_eq!(value, copied, "seed {seed}\n{text}");
    }
}
