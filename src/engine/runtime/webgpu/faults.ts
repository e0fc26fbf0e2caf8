/** What goes wrong on a GPU is known later than the call that caused it: kept here until asked for. */
import { DeviceError } from "../../errors.ts";

export class Faults {
  private readonly device: GPUDevice;
  private pending: Promise<unknown>[] = [];
  private lost: string | null = null;
  private isExpected = false;

  constructor(device: GPUDevice) {
    this.device = device;
    device.lost.then(({ reason, message }) => {
      if (!this.isExpected) this.lost = `${reason}: ${message || "no message"}`;
    });
  }

  /** Runs device calls so that their errors are thrown by the next `check`; `where` is named in them. */
  guard<T>(where: string, calls: () => T): T {
    const { device } = this;
    device.pushErrorScope("out-of-memory");
    device.pushErrorScope("validation");
    try {
      return calls();
    } finally {
      for (const kind of ["validation", "out-of-memory"]) {
        const failure = device.popErrorScope().then(
          (error) => {
            if (error) throw new DeviceError(`${where}: ${kind} error (${error.message})`);
          },
          () => {}, // the device is lost: check() says so
        );
        failure.catch(() => {}); // reported by check()
        this.pending.push(failure);
      }
    }
  }

  /** Throws what went wrong since the last call. */
  async check(): Promise<void> {
    const { pending } = this;
    this.pending = [];
    await Promise.all(pending);
    this.expectAlive();
  }

  expectAlive(): void {
    if (this.lost !== null)
      throw new DeviceError(
        `webgpu: expected a working device, got a lost one (${this.lost}; open another and upload again)`,
      );
  }

  /** Waits for what is under way; losing the device is no fault from here on. */
  async settle(): Promise<void> {
    this.isExpected = true;
    await Promise.allSettled(this.pending);
  }
}
