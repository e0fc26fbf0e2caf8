/** Loops and branches, from the structured control flow of WebAssembly. */
import { type Code, type Local, set } from "./code.ts";
import { i32 } from "./instructions.ts";

const empty = 0x40; // a block without results
const v128Result = 0x7b;

export const when = (condition: Code, then: Code): Code => [condition, 0x04, empty, then, 0x0b];

/** One of two pieces of code that both leave a v128. */
export const choose = (condition: Code, then: Code, otherwise: Code): Code => [
  condition,
  0x04,
  v128Result,
  then,
  0x05,
  otherwise,
  0x0b,
];

export const whenElse = (condition: Code, then: Code, otherwise: Code): Code => [
  condition,
  0x04,
  empty,
  then,
  0x05,
  otherwise,
  0x0b,
];

/** Does `body`, and again while `condition` holds. */
export const repeatOnce = (body: Code, condition: Code): Code => [
  0x03,
  empty,
  body,
  condition,
  0x0d,
  0,
  0x0b,
];

/** Repeats `body` while `condition` holds; tested in front, and again at the end of each round. */
export const repeatWhile = (condition: Code, body: Code): Code =>
  when(condition, repeatOnce(body, condition));

/** for (i = what it is; i < end; i += step) of unsigned numbers. */
export const loopUp = (i: Local, end: Code, step: Code, body: Code): Code =>
  repeatWhile(i32.ltU(i, end), [body, set(i, i32.add(i, step))]);

/** for (i = from; i < end; i++) */
export const loop = (i: Local, from: Code, end: Code, body: Code): Code => [
  set(i, from),
  loopUp(i, end, i32.const(1), body),
];
