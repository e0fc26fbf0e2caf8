/** What goes wrong on a GPU is known later than the call that caused it: kept here until asked for. */
import { DeviceError, DeviceLostError, OutOfMemoryError } from "../../errors.ts";

export class Faults {
  private readonly device: GPUDevice;
  private pending: Promise<DeviceError | null>[] = [];
  private lost: string | null = null;
  private isExpected = false;

  constructor(device: GPUDevice) {
    this.device = device;
    device.lost.then(({ reason, message }) => {
      if (!this.isExpected) this.lost = `${reason}: ${message || "no message"}`;
    });
  }

  /**
   * Runs device calls so that their errors are thrown by the next `check`, which names `where` and,
   * where there is no room for it, what was `wanted`. The calls themselves do not throw.
   */
  guard<T>(where: string, wanted: string, calls: () => T): T {
    const [result, failure] = this.attempt(where, wanted, calls);
    this.pending.push(failure);
    return result;
  }

  /** As `guard`, but the error is for the caller alone. */
  attempt<T>(where: string, wanted: string, calls: () => T): [T, Promise<DeviceError | null>] {
    const { device } = this;
    device.pushErrorScope("out-of-memory");
    device.pushErrorScope("validation");
    const ended = () => null; // the device is lost: expectAlive() says so
    const result = calls();
    const wrong = device.popErrorScope().then((error) => error && invalid(where, error), ended);
    const room = device
      .popErrorScope()
      .then((error) => error && noRoom(where, wanted, error), ended);
    // what was not allocated is invalid wherever it is used
    return [result, Promise.all([room, wrong]).then(([first, second]) => first ?? second)];
  }

  /** Throws what went wrong since the last call; the cause before what followed from it. */
  async check(): Promise<void> {
    const { pending } = this;
    this.pending = [];
    const errors = (await Promise.all(pending)).filter((error) => error !== null);
    this.expectAlive();
    const cause = errors.find((error) => error instanceof OutOfMemoryError) ?? errors[0];
    if (cause) throw cause;
  }

  expectAlive(): void {
    if (this.lost !== null)
      throw new DeviceLostError(
        `webgpu: expected a working device, got a lost one (${this.lost}; open another and upload again)`,
      );
  }

  /** Lets the news of a loss arrive, which come in a turn of the event loop of their own. */
  async settle(): Promise<void> {
    const turn = new Promise((resume) => setTimeout(resume, 0));
    await Promise.race([this.device.lost, turn]);
  }

  /** Waits for what is under way; losing the device is no fault from here on. */
  async end(): Promise<void> {
    this.isExpected = true;
    await Promise.all(this.pending);
  }
}

const invalid = (where: string, { message }: GPUError) =>
  new DeviceError(`${where}: expected valid calls, got an error (${message})`);

const noRoom = (where: string, wanted: string, { message }: GPUError) =>
  new OutOfMemoryError(`${where}: expected ${wanted}, got none (${message})`);
