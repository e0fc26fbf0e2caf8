/**
 * The errors this package raises: four, and two kinds of the third. Every message reads
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

/** No device, a program that it refused, or one of the kinds below. */
export class DeviceError extends Error {
  override readonly name: string = "DeviceError";
}

/**
 * The device went away: a driver was reset, a card unplugged, the page's GPU process ended. Open
 * another; values that lie on the host are uploaded again, all others are gone.
 */
export class DeviceLostError extends DeviceError {
  override readonly name = "DeviceLostError";
}

/** More than the device's memory, or than one buffer of it, can hold. The device stays usable. */
export class OutOfMemoryError extends DeviceError {
  override readonly name = "OutOfMemoryError";
}

/** A malformed, truncated or hostile file; says which file and the line or byte. */
export class FormatError extends Error {
  override readonly name = "FormatError";
}
