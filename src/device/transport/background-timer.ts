/** A timer for what nobody waits for. */

/**
 * Calls back once, `delayMs` from now. Where timers can keep a process alive, as in Node, this one does not.
 *
 * @returns A function that calls it off.
 */
export function startBackgroundTimer(delayMs: number, callback: () => void): () => void {
  const timer = setTimeout(callback, delayMs);
  unreference(timer);
  return () => clearTimeout(timer);
}

/** Browsers give a number, Node an object. */
function unreference(timer: unknown): void {
  (timer as { readonly unref?: () => void }).unref?.();
}
