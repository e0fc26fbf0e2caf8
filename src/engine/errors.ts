/**
 * The four errors this package raises. Every message reads
 * `where: expected …, got … (why)`, in the caller's words, with the numbers.
 */

/** Sizes that do not fit together. */
export class ShapeError extends Error {
  override readonly name = "ShapeError";
}

/** A value of the wrong kind: integers where floats belong, or the reverse. */
export class DTypeError extends Error {
  override readonly name = "DTypeError";
}

/** No device, a lost device, not enough of its memory, or a program that it refused. */
export class DeviceError extends Error {
  override readonly name = "DeviceError";
}

/** A malformed, truncated or hostile file; says which file and the line or byte. */
export class FormatError extends Error {
  override readonly name = "FormatError";
}
