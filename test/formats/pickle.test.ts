import fc from "fast-check";
import { expect, test } from "vitest";
import { FormatError } from "../../src/engine/errors.ts";
import { readPickle } from "../../src/engine/formats/pickle.ts";
import { bytesOf, type Pickled, pickleOf, u32, u64 } from "./archive.ts";

const globals = new Map([["collections OrderedDict", () => new Map()]]);
const read = (...parts: Parameters<typeof bytesOf>) =>
  readPickle(bytesOf(...parts), "p.pkl", { globals });

const { plain } = fc.letrec((tie) => ({
  plain: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, true, false),
    fc.maxSafeInteger(),
    fc.double(),
    fc.string({ unit: "grapheme" }),
    fc.array(tie("plain"), { maxLength: 5 }),
    fc.array(fc.tuple(fc.string(), tie("plain")), { maxLength: 5 }).map((pairs) => new Map(pairs)),
  ),
}));

test("plain data come back", () => {
  fc.assert(
    fc.property(plain, (value) => {
      expect(read(pickleOf(value as Pickled))).toEqual(value);
    }),
  );
});

// made with Python 3.11.7: pickle.dumps(value, protocol).hex()
const fromPython = {
  2:
    "80027d710028580500000065706f636871014b0358020000006c727102473f50624dd2f1a9fc580500000062" +
    "657461737103473feccccccccccccd473feff7ced916872b86710458060000006c6f7373657371055d710628" +
    "473fe00000000000004a90eefeff8a060000000000014affffffff6558040000006e6f6e6571074e58050000" +
    "00666c61677371085d71092888896558040000006e616d65710a5802000000c3a9710b580100000064710c63" +
    "636f6c6c656374696f6e730a4f726465726564446963740a710d2952710e28580100000077710f284b014b02" +
    "4b034b047471105801000000767111297558010000006171125d71134b016158010000006271146813752e",
  5:
    "800595cd000000000000007d94288c0565706f6368944b038c026c7294473f50624dd2f1a9fc8c0562657461" +
    "7394473feccccccccccccd473feff7ced916872b86948c066c6f73736573945d9428473fe00000000000004a" +
    "90eefeff8a060000000000014affffffff658c046e6f6e65944e8c05666c616773945d94288889658c046e61" +
    "6d65948c02c3a9948c0164948c0b636f6c6c656374696f6e73948c0b4f726465726564446963749493942952" +
    "94288c017794284b014b024b034b0474948c01769429758c0161945d944b01618c0162946815752e",
};

test.each(Object.entries(fromPython))("protocol %s as Python writes it is read", (_, hex) => {
  const value = read(Buffer.from(hex, "hex")) as Map<string, unknown>;
  expect(value).toEqual(
    new Map<string, unknown>([
      ["epoch", 3],
      ["lr", 0.001],
      ["betas", [0.9, 0.999]],
      ["losses", [0.5, -70000, 2 ** 40, -1]],
      ["none", null],
      ["flags", [true, false]],
      ["name", "é"],
      [
        "d",
        new Map([
          ["w", [1, 2, 3, 4]],
          ["v", []],
        ]),
      ],
      ["a", [1]],
      ["b", [1]],
    ]),
  );
  expect(value.get("a")).toBe(value.get("b"));
});

// made by hand from the table of opcodes in Python's pickletools
test.each<[string, Uint8Array, unknown]>([
  ["LONG1", bytesOf([0x8a, 2, 0xff, 0x7f]), 32767],
  ["LONG1, negative", bytesOf([0x8a, 1, 0xff]), -1],
  ["LONG1, empty", bytesOf([0x8a, 0]), 0],
  ["LONG1 beyond 2^53", bytesOf([0x8a, 9], new Uint8Array(8), 1), 2n ** 64n],
  ["BININT, negative", bytesOf("J", [0xfe, 0xff, 0xff, 0xff]), -2],
  ["SHORT_BINUNICODE", bytesOf([0x8c, 2], "hi"), "hi"],
  ["BINUNICODE8", bytesOf([0x8d], u64(2), "hi"), "hi"],
  ["SHORT_BINSTRING", bytesOf("U", 2, "hi"), "hi"],
  ["BINSTRING", bytesOf("T", u32(2), "hi"), "hi"],
  ["SHORT_BINBYTES", bytesOf("C", 2, [1, 2]), Uint8Array.of(1, 2)],
  ["BINBYTES", bytesOf("B", u32(2), [1, 2]), Uint8Array.of(1, 2)],
  ["FRAME and MEMOIZE", bytesOf([0x95], u64(9), "]", [0x94], "K", 1, [0x94], "a"), [1]],
  ["TUPLE1 and TUPLE2", bytesOf("K", 1, [0x85], "K", 2, [0x86]), [[1], 2]],
  ["TUPLE3", bytesOf("NNK", 5, [0x87]), [null, null, 5]],
  ["SETITEM and BINGET", bytesOf("}X", u32(1), "kq", 0, "h", 0, "s"), new Map([["k", "k"]])],
  ["LONG_BINPUT and LONG_BINGET", bytesOf("(K", 1, "r", u32(1e9), "j", u32(1e9), "t"), [1, 1]],
  ["REDUCE and BUILD", bytesOf("ccollections\nOrderedDict\n)R}b"), new Map()],
  [
    "STACK_GLOBAL",
    bytesOf([0x8c, 11], "collections", [0x8c, 11], "OrderedDict", [0x93], ")R"),
    new Map(),
  ],
])("opcode %s is understood", (_, opcodes, value) =>
  expect(read([0x80, 2], opcodes, ".")).toEqual(value),
);

test("a list may contain itself", () => {
  const list = read([0x80, 2], "]q", 0, "h", 0, "a.") as unknown[];
  expect(list[0]).toBe(list);
});

test.each<[string, Uint8Array, RegExp]>([
  ["nothing", bytesOf(), /expected 1 more bytes, got 0 \(truncated/],
  ["protocol 1", bytesOf([0x80, 1], "N."), /protocol 2 to 5, got 1/],
  [
    "a call of os.system",
    bytesOf("cos\nsystem\n(X", u32(2), "lstR."),
    /got Python's "os system" \(refused/,
  ],
  [
    "a call of eval, built on the stack",
    bytesOf([0x8c, 8], "builtins", [0x8c, 4], "eval", [0x93], "."),
    /"builtins eval"/,
  ],
  ["a global of the prototype", bytesOf("cconstructor\nconstructor\n."), /refused/],
  ["a global whose name is no text", bytesOf("NN", [0x93], "."), /names of a global/],
  ["a global without an end", bytesOf("cos"), /truncated/],
  [
    "an object made by NEWOBJ",
    bytesOf("ccollections\nOrderedDict\n)", [0x81], "."),
    /opcode of plain data, got 0x81/,
  ],
  ["an instance, old style", bytesOf("(ios\nsystem\n."), /opcode of plain data, got 0x69/],
  ["an extension registry", bytesOf([0x82, 1], "."), /got 0x82/],
  ["a call of a list", bytesOf("])R."), /expected a global to call/],
  ["a call without a tuple", bytesOf("ccollections\nOrderedDict\nNR."), /tuple of arguments/],
  ["a reference to elsewhere", bytesOf("NQ."), /object elsewhere/],
  ["attributes of a list", bytesOf("]}b."), /attributes of a dict/],
  ["an empty stack at the end", bytesOf("."), /expected a value/],
  ["two objects at the end", bytesOf("NN."), /expected one object, got 2/],
  ["a mark as a value", bytesOf("(."), /expected a value/],
  ["a pop below the mark", bytesOf("N(", [0x85], "."), /expected a value/],
  ["items without a mark", bytesOf("]e."), /expected a mark/],
  ["an append to a tuple", bytesOf(")Na."), /expected a list/],
  ["an append to a dict", bytesOf("}Na."), /expected a list/],
  ["an item of a list", bytesOf("]NNs."), /expected a dict/],
  ["half a pair", bytesOf("}(Nu."), /pairs of key and value/],
  ["a value that was never remembered", bytesOf("h", 3, "."), /remembered value 3/],
  [
    "text longer than the file",
    bytesOf("X", u32(0xffffffff), "."),
    /expected 4294967295 more bytes/,
  ],
  ["text of 2^64 − 1 bytes", bytesOf([0x8d], new Uint8Array(8).fill(255), "."), /more bytes/],
  ["text that is no UTF-8", bytesOf("X", u32(1), [0xff], "."), /UTF-8/],
  ["five million steps", bytesOf("N".repeat(5e6)), /at most 4194304 steps/],
])("a pickle with %s is refused", (_, bytes, message) => {
  const run = () => read(bytes);
  expect(run).toThrow(FormatError);
  expect(run).toThrow(message);
  expect(run).toThrow(/^p\.pkl byte \d+: /);
});

test("nesting costs no call stack", () => {
  let value = read([0x80, 2], "]".repeat(1e5), "a".repeat(1e5 - 1), ".");
  let depth = 0;
  for (; Array.isArray(value); value = value[0]) depth++;
  expect(depth).toBe(1e5);
});
