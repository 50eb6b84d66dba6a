# Definitions in terms of the native functions; names with two underscores are not for programs.

# Nothing, errors, truth
def empty: [][] as $none | .;
def error: __error as $none | .;
def error(f): (f | __error) as $none | .;
def true: 1 == 1;
def false: 1 != 1;
def null: [][0];
def select(f): if f then . else empty end;
def values: select(. != null);
def nulls: select(. == null);
def booleans: select(type == "boolean");
def numbers: select(type == "number");
def strings: select(type == "string");
def arrays: select(type == "array");
def objects: select(type == "object");
def iterables: select(type == "array" or type == "object");
def scalars: select(type != "array" and type != "object");
def finites: select(isinfinite or isnan | not);
def normals: select(isnormal);
def isvalid(f): try (f | true) catch false;
def debug: .;
def debug(f): .;

# Over children
def map(f): [.[] | f];
def map_values(f): .[] |= f;

# Generators
def range($to): range(0; $to; 1);
def range($from; $to): range($from; $to; 1);
def recurse(f): def again: ., (f | again); again;
def recurse: recurse(.[]?);
def recurse(f; keep): recurse(f | select(keep));
def repeat(f): def again: ., (f | again); again;
def while(keep; f): def again: if keep then ., (f | again) else empty end; again;
def until(done; f): def again: if done then . else f | again end; again;
def first(f): __first(f);
def last(f): __last(f);
def limit($n; f): if $n < 0 then f else __limit($n; f) end;
def skip($n; f): __skip($n; f);
def nth($n; f): if $n < 0 then error("Out of bounds negative array index") else __first(__skip($n; f)) end;
def isempty(f): __first((f | false), true);
def any(source; f): isempty(__first(source | f | select(.))) | not;
def all(source; f): isempty(__first(source | f | select(. | not)));
def any(f): any(.[]; f);
def all(f): all(.[]; f);
def any: any(.);
def all: all(.);
def IN(source): . as $it | any(source; . == $it);
def IN(source; wanted): any(source; IN(wanted));
def INDEX(source; key): reduce source as $row ({}; .[$row | key | tostring] |= $row);
def INDEX(key): INDEX(.[]; key);
def combinations: if length == 0 then [] else .[0][] as $head | (.[1:] | combinations) as $tail | [$head] + $tail end;
def combinations($n): . as $dot | [range($n)] | map($dot) | combinations;
def add(f): reduce f as $x (null; . + $x);

# Arrays
def first: .[0];
def last: .[-1];
def nth($n): .[$n];
def sort_by(f): __sort_by(map([f]));
def group_by(f): __group_by(map([f]));
def unique_by(f): __unique_by(map([f]));
def min_by(f): __min_by(map([f]));
def max_by(f): __max_by(map([f]));
def with_entries(f): to_entries | map(f) | from_entries;
def walk(f): def again: if type == "object" then map_values(again) elif type == "array" then map(again) else . end | f; again;

# Paths
def getpath($path): reduce ($path | if type == "array" then . else error("Path must be specified as an array") end | .[]) as $key (.; .[$key]);
def paths: path(..) | select(length > 0);
def paths(f): . as $dot | paths | select(. as $path | $dot | __getpath($path) | f);
def leaf_paths: paths(scalars);
def del(f): delpaths([path(f)]);
def pick(f): . as $dot | reduce path(f) as $path (null; setpath($path; $dot | __getpath($path)));
def __assign(place; $new): reduce path(place) as $path (.; setpath($path; $new));
def __modify(place; f): reduce [path(place)][] as $path ([., []];
    . as [$value, $gone]
    | [__first($value | __getpath($path) | f)] as $new
    | if $new == [] then [$value, $gone + [$path]] else [($value | setpath($path; $new[0])), $gone] end)
  | . as [$value, $gone] | $value | delpaths($gone);
def tostream: __stream[];
def fromstream(f): {x: null, e: false} as $start
  | foreach f as $event ($start;
      if .e then $start end
      | if $event | length == 2
        then setpath(["e"]; $event[0] | length == 0) | setpath(["x"] + $event[0]; $event[1])
        else setpath(["e"]; $event[0] | length == 1) end;
      if .e then .x else empty end);
def truncate_stream(stream): . as $n | null | stream | . as $event
  | if ($event[0] | length) > $n then setpath([0]; $event[0][$n:]) else empty end;

# Regular expressions
def match($re; $flags): __regex($re; $flags; false)[];
def test($re; $flags): __regex($re; $flags; true);
def test($re): ($re | if type == "array" then . else [.] end) as $both | test($both[0]; $both[1]);
def match($re): ($re | if type == "array" then . else [.] end) as $both | match($both[0]; $both[1]);
def __named: [.captures[] | select(.name != null) | {key: .name, value: .string}] | from_entries;
def capture($re; $flags): match($re; $flags) | __named;
def capture($re): match($re) | __named;
def scan($re; $flags): match($re; "g" + $flags) | if .captures | length > 0 then [.captures[].string] else .string end;
def scan($re): scan($re; null);
def split($re; $flags): . as $text
  | [foreach ((match($re; "g" + $flags) | [.offset, .length]), null) as $m ([0, null];
      if $m == null then [.[0], $text[.[0]:]] else [$m[0] + $m[1], $text[.[0]:$m[0]]] end; .[1])];
def splits($re; $flags): split($re; $flags)[];
def splits($re): splits($re; null);
def sub($re; f; $flags): . as $text
  | def __edits: [match($re; $flags)];
    __edits as $edits
  | reduce ($edits[] | [., (. as $edit | $edit | __named)]) as [$edit, $named] ([[0, ""]];
      [.[] as [$at, $out] | ($named | f) as $new
        | if $new | type == "string" then [$edit.offset + $edit.length, $out + $text[$at:$edit.offset] + $new]
          else error("\($named | tojson) cannot be added to a string") end])
  | .[] | .[1] + $text[.[0]:];
def sub($re; f): sub($re; f; "");
def gsub($re; f; $flags): sub($re; f; $flags + "g");
def gsub($re; f): sub($re; f; "g");

# Dates
def todate: strftime("%Y-%m-%dT%H:%M:%SZ");
def date: todate;
def fromdateiso8601: strptime("%Y-%m-%dT%H:%M:%SZ") | mktime;
def todateiso8601: strftime("%Y-%m-%dT%H:%M:%SZ");
def fromdate: fromdateiso8601;
def dateadd($unit; $n): . + $n;
def datesub($unit; $n): . - $n;

# Mathematics
def gamma: lgamma;
def lgamma_r: [lgamma, 1];
def pow10: exp10;
def scalb($x; $e): $x * pow(2; $e);

# Formats
def @text: __format("text");
def @json: __format("json");
def @csv: __format("csv");
def @tsv: __format("tsv");
def @html: __format("html");
def @uri: __format("uri");
def @urid: __format("urid");
def @sh: __format("sh");
def @base64: __format("base64");
def @base64d: __format("base64d");
def @base32: __format("base32");
def @base32d: __format("base32d");
