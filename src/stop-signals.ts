const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/** How a server is stopped. */
export interface StopOptions {
  /** Stops it; called once. */
  stop(): Promise<void>;
  /** What that may take, in milliseconds; after a moment more the process ends all the same. */
  timeout: number;
  /** Told when it does not stop as it should. */
  failed(error: unknown): void;
}

/** What closing the last things may take beyond the time limit. */
const MOMENT_MS = 3_000;
/** What work of the program's own may take to end when the server has stopped. */
const OTHERS_MS = 1_000;

/**
 * Has SIGTERM and SIGINT stop a server, whatever it is at. A second one ends the process at once: whoever signals again does not
 * want to wait.
 * @returns leaves the signals alone again
 */
export function onStopSignals({ stop, timeout, failed }: StopOptions): () => void {
  let begun = false;
  const end = (code: number) => process.exit(code);
  const act = () => {
    if (begun) end(1);
    begun = true;
    setTimeout(() => {
      failed(new Error(`the server did not stop within DRAIN_TIMEOUT, ${timeout / 1000} s`));
      end(1);
    }, timeout + MOMENT_MS).unref();
    stop().then(
      () => setTimeout(() => end(0), OTHERS_MS).unref(),
      error => {
        failed(error);
        end(1);
      },
    );
  };
  for (const signal of SIGNALS) process.on(signal, act);
  return () => {
    for (const signal of SIGNALS) process.off(signal, act);
  };
}
