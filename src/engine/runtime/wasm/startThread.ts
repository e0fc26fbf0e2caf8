/** How threads are started: as web workers here; `trackgrad/node` brings those of Node. */

export interface ThreadEvents {
  message: (data: unknown) => void;
  /** The thread is gone though nobody ended it. */
  lost: (reason: string) => void;
}

export interface Thread {
  post(message: unknown): void;
  /** Whether the process must not end while the thread is at work. */
  hold(isHeld: boolean): void;
  end(): Promise<void>;
}

export interface ThreadHost {
  /** Runs a script that knows `onmessage` and `postMessage`. */
  start: (script: string, events: ThreadEvents) => Thread;
  /** How many threads the machine runs at once. */
  cores: number;
}

/** Web workers, where a page may share memory with them (it is cross-origin isolated); else null. */
export function webThreads(): ThreadHost | null {
  const { crossOriginIsolated: isIsolated, Worker, navigator } = globalThis;
  if (!isIsolated || typeof Worker === "undefined") return null;
  return { start: startWebWorker, cores: navigator?.hardwareConcurrency ?? 1 };
}

/**
 * A web worker says nothing when it is terminated, but a lock that it held is free then. A worker that
 * cannot even start (a page may forbid it) is not missed: others do its work.
 */
function startWebWorker(script: string, { message, lost }: ThreadEvents): Thread {
  const lock = `trackgrad ${crypto.randomUUID()}`;
  const url = URL.createObjectURL(
    new Blob([`${script}\n${announcement(lock)}`], { type: "text/javascript" }),
  );
  const waiting: unknown[] = [];
  let [isReady, isEnded] = [false, false];
  const gone = (reason: string) => {
    if (isReady && !isEnded) lost(reason);
    isEnded = true;
  };
  const worker = new Worker(url);
  worker.onerror = (event) => {
    event.preventDefault();
    gone(event.message || "an error");
  };
  worker.onmessage = ({ data }) => {
    if (data !== "ready") return message(data);
    isReady = true;
    URL.revokeObjectURL(url);
    navigator.locks?.request(lock, () => gone("it was terminated"));
    for (const each of waiting) worker.postMessage(each);
  };
  return {
    post: (data) => (isReady ? worker.postMessage(data) : void waiting.push(data)),
    hold: () => {},
    async end() {
      isEnded = true;
      worker.terminate();
    },
  };
}

const announcement = (lock: string): string => `
const announce = () => (postMessage("ready"), new Promise(() => {}));
if (navigator.locks) navigator.locks.request(${JSON.stringify(lock)}, announce);
else announce();`;
