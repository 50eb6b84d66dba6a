// What every script finds. Runs once for each interpreter, before anything else; `host` are the functions that reach out of
// it, `mark` begins texts that stand for whole numbers beyond 2^53. Gives back what the host calls.
(function (host, mark) {
  "use strict";
  const { apply, defineProperty, deleteProperty, getPrototypeOf, ownKeys } = Reflect;
  const descriptorOf = Object.getOwnPropertyDescriptor;
  const { freeze, create } = Object;
  const { isArray } = Array;
  const sourceOf = Function.prototype.toString;
  const { parse: parseJson, stringify: stringifyJson } = JSON;
  const startsWith = String.prototype.startsWith;
  const slice = String.prototype.slice;
  const join = Array.prototype.join;
  const LONGEST_ARRAY = 1_000_000;
  const LONGEST_SEARCH = 1_000_000_000;

  // The interpreter looks at its limits at calls and turns, every ten thousand of them. So what can take long in itself looks
  // before it begins.
  function tick() {
    if (host.isOver()) throw new RangeError("the script was stopped at a limit");
  }

  function fits(list) {
    if (list != null && list.length > LONGEST_ARRAY) {
      throw new RangeError(`an array of more than ${LONGEST_ARRAY} elements`);
    }
  }

  function searchable(text, [part]) {
    if (typeof part === "string" && part.length > 100 && String(text).length * part.length > LONGEST_SEARCH) {
      throw new RangeError("the texts are too long to search one in the other");
    }
  }

  function replace(owner, name, make) {
    const property = descriptorOf(owner, name);
    if (!property || typeof property.value !== "function") return;
    const original = property.value;
    const value = make(original);
    for (const key of ["name", "length"]) {
      defineProperty(value, key, descriptorOf(original, key));
    }
    defineProperty(owner, name, { ...property, value });
  }

  function watch(owner, names, guard) {
    for (const name of names) {
      replace(owner, name, (original) => ({
        watched(...args) {
          tick();
          guard?.(this, args);
          return apply(original, this, args);
        },
      }).watched);
    }
  }

  const except = (owner, ...cheap) =>
    ownKeys(owner).filter((name) => name !== "constructor" && typeof name === "string" && !cheap.includes(name));

  watch(Array.prototype, except(Array.prototype, "at", "push", "pop", "keys", "entries", "flat", "sort", "toSorted"), fits);
  // What spreads an array asks for this first.
  watch(Array.prototype, [Symbol.iterator]);
  watch(Array, ["from", "fromAsync", "of"], (_, [list]) => fits(list));
  watch(String.prototype, ["indexOf", "lastIndexOf", "includes", "split", "replace", "replaceAll"], searchable);
  watch(String.prototype, ["repeat", "padStart", "padEnd", "concat", "normalize", "localeCompare", "match", "matchAll", "search",
    "slice", "substring", "substr", "toLowerCase", "toUpperCase", "toLocaleLowerCase", "toLocaleUpperCase", "trim", "trimStart",
    "trimEnd", "isWellFormed", "toWellFormed", "startsWith", "endsWith"]);
  watch(Object, except(Object, "prototype", "is", "create", "getPrototypeOf", "setPrototypeOf"));
  watch(Map, ["groupBy"]);
  watch(Map.prototype, ["forEach"]);
  watch(Set.prototype, except(Set.prototype, "add", "has", "delete", "values", "keys", "entries"));
  watch(Reflect, ["ownKeys"]);
  watch(JSON, ["parse"]);
  watch(globalThis, ["encodeURI", "encodeURIComponent", "decodeURI", "decodeURIComponent", "escape", "unescape"]);

  // These could run for ever without a call, or nearly.
  for (const name of ["sort", "toSorted"]) {
    replace(Array.prototype, name, (original) => ({
      sorted(order) {
        tick();
        fits(this);
        return apply(original, this, [order === undefined && this.length > 1000 ? byText : order]);
      },
    }).sorted);
  }
  function byText(a, b) {
    const [x, y] = [`${a}`, `${b}`];
    return x < y ? -1 : x > y ? 1 : 0;
  }
  replace(Array.prototype, "flat", () => ({
    flat(depth = 1) {
      const flattened = [];
      const walk = (list, left) => {
        fits(list);
        for (let index = 0; index < list.length; index++) {
          if (!(index in list)) continue;
          const item = list[index];
          if (isArray(item) && left >= 1) walk(item, left - 1);
          else flattened.push(item);
        }
      };
      walk(this, Number(depth) || 0);
      return flattened;
    },
  }).flat);
  // A function that sees each value is called for each value, and there the interpreter looks at its limits.
  const seen = (_, value) => value;
  replace(JSON, "stringify", (original) => ({
    stringify(value, replacer, space) {
      tick();
      return apply(original, JSON, [value, replacer ?? seen, space]);
    },
  }).stringify);

  // A whole number that a double cannot hold. It passes through exactly; arithmetic makes it a double.
  let leaving = false;
  class Exact {
    #digits;
    constructor(digits) {
      this.#digits = digits;
      freeze(this);
    }
    [Symbol.toPrimitive](hint) {
      return hint === "string" ? this.#digits : Number(this.#digits);
    }
    toString() {
      return this.#digits;
    }
    valueOf() {
      return Number(this.#digits);
    }
    toJSON() {
      return leaving ? mark + this.#digits : Number(this.#digits);
    }
  }
  deleteProperty(Exact.prototype, "constructor");

  function revive(exact) {
    return (_, value) => {
      if (typeof value !== "string" || !apply(startsWith, value, [mark])) return value;
      const digits = apply(slice, value, [mark.length]);
      return (exact[digits] ??= new Exact(digits));
    };
  }

  function shown(value) {
    return typeof value === "object" && value !== null ? stringifyJson(value, seen) : String(value);
  }
  function print(...values) {
    const texts = [];
    for (const value of values) texts.push(shown(value));
    host.print(apply(join, texts, ["\t"]));
  }
  // What leaves the interpreter has its exact numbers with it.
  function leave(value) {
    leaving = true;
    try {
      return stringifyJson(value, seen);
    } finally {
      leaving = false;
    }
  }
  let exact = create(null);
  function enter(text) {
    if (text === undefined) return undefined;
    return apply(startsWith, text, [mark]) ? parseJson(apply(slice, text, [mark.length]), revive(exact)) : parseJson(text);
  }

  const offered = {
    getFlag: (name) => host.flag(String(name)),
    setFlag: (name, on) => host.setFlag(String(name), Boolean(on)),
    getWhen: (name) => host.condition(String(name)),
    setWhen: (name, holds) => host.setCondition(String(name), Boolean(holds)),
    getEnv: (name) => host.env(String(name)) ?? null,
    requireScript: (name) => host.require(String(name)),
    executeSql: (sql, params) => enter(host.sql(String(sql), params == null ? undefined : leave(params))),
    print,
    console: { log: print, info: print, warn: print, error: print, debug: print },
  };
  for (const name of ownKeys(offered)) {
    defineProperty(globalThis, name, { value: offered[name], configurable: true, writable: true });
  }

  // Ways to make code out of text, and what keeps something for the whole interpreter.
  const functions = [function () {}, function* () {}, async function () {}, async function* () {}];
  for (const sample of functions) deleteProperty(getPrototypeOf(sample), "constructor");
  for (const name of ["eval", "Function", "WeakRef", "FinalizationRegistry", "BigInt", "BigInt64Array", "BigUint64Array", "queueMicrotask", "performance", "navigator", "gc"]) {
    deleteProperty(globalThis, name);
  }
  for (const name of ["prepareStackTrace", "stackTraceLimit", "captureStackTrace"]) {
    deleteProperty(Error, name);
  }

  // What is frozen in a prototype could not be assigned to in an object that inherits it: these could be keys of anything.
  for (const prototype of [Object.prototype, Error.prototype, TypeError.prototype, RangeError.prototype]) {
    for (const key of ownKeys(prototype)) {
      const property = descriptorOf(prototype, key);
      if (!("value" in property) || !property.configurable) continue;
      defineProperty(prototype, key, {
        get: () => property.value,
        set(value) {
          if (this === prototype) throw new TypeError("what all objects share is read-only");
          const own = { value, writable: true, enumerable: true, configurable: true };
          if (!defineProperty(this, key, own)) throw new TypeError("the object is read-only");
        },
        enumerable: false,
        configurable: true,
      });
    }
  }

  // Everything that can be reached from here becomes read-only.
  const pending = [
    globalThis, ...functions.map(getPrototypeOf),
    getPrototypeOf((function* () {})()), getPrototypeOf((async function* () {})()),
    getPrototypeOf([].values()), getPrototypeOf(new Map().values()), getPrototypeOf(new Set().values()),
    getPrototypeOf("".matchAll(/x/g)), getPrototypeOf(""[Symbol.iterator]()),
    Exact.prototype, Exact,
  ];
  if (typeof Iterator === "function") {
    pending.push(getPrototypeOf([].values().map(String)), getPrototypeOf(Iterator.from({ next() {} })));
  }
  const known = new Set();
  while (pending.length > 0) {
    const object = pending.pop();
    if (object === null || (typeof object !== "object" && typeof object !== "function") || known.has(object)) continue;
    known.add(object);
    pending.push(getPrototypeOf(object));
    for (const key of ownKeys(object)) {
      const property = descriptorOf(object, key);
      pending.push(property.value, property.get, property.set);
    }
    freeze(object);
  }

  return {
    begin(body, request, context) {
      exact = create(null);
      return body(enter(request), enter(context));
    },
    finish(value) {
      if (typeof value === "function" || typeof value === "symbol") {
        throw new TypeError(`the result is a ${typeof value}, which is no JSON`);
      }
      return leave(value);
    },
    sourceOf: (body) => (typeof body === "function" ? apply(sourceOf, body, []) : undefined),
  };
})
